package trainer

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// formatVersion is of trainer_state: a reader refuses a later one.
const formatVersion = 1

// facts are what a checkpoint holds that the loop does not know.
type facts struct {
	Sampler     dataset.SamplerState // algorithm, seed and size; the place is the snapshot's
	Inputs      model.Inputs
	Config      map[string]any
	Data        map[string]any // the split as dataset.Data.Record gives it
	Stats       map[string]any // the normalisation as dataset.Stats.Plain gives it
	Environment map[string]any
}

// toFile lays a snapshot out as section 5 of the format's documentation says
// (docs/checkpoints.md): the six keys of the specification and trainer_state.
func toFile(s *train.Snapshot, f facts) *checkpoint.File {
	file := &checkpoint.File{
		Epoch: s.Epoch, Model: tensorDict(s.Model), Optimizer: optimizerDict(s.Optimizer), MetricValue: s.Score.Last,
		Config: checkpoint.FromGo(f.Config).(*checkpoint.Dict),
		RandomState: checkpoint.NewDict(
			"seed", f.Sampler.Seed, "torch", byteTensor(s.RNG), "cuda", byteTensors(s.CUDARNG), "sampler", f.sampler(s.Position)),
		TrainerState: checkpoint.NewDict(
			"format_version", int64(formatVersion), "global_step", s.Step,
			"score", checkpoint.NewDict("last", s.Score.Last, "best", s.Score.Best, "best_epoch", s.Score.BestEpoch,
				"reference", s.Score.Reference, "bad_epochs", s.Score.Bad),
			"running", checkpoint.NewDict("sums", floatTensor(s.Sums), "window", floatTensor(s.Window)),
			"model", tensorDict(s.ModelState),
			"data", checkpoint.NewDict("split", f.Data, "normalization", f.Stats, "inputs", inputsDict(f.Inputs)),
			"environment", f.Environment),
	}
	if s.Scale != nil {
		file.TrainerState.Set("grad_scaler", scalerDict(*s.Scale))
	}
	if s.Adversary != nil {
		file.TrainerState.Set("adversary_optimizer", optimizerDict(*s.Adversary))
	}
	return file
}

// scalerDict is torch.amp.GradScaler's state_dict.
func scalerDict(s train.ScaleState) *checkpoint.Dict {
	return checkpoint.NewDict("scale", s.Scale, "growth_factor", torch.GrowthFactor, "backoff_factor", torch.BackoffFactor,
		"growth_interval", int64(torch.GrowthInterval), "_growth_tracker", s.GrowthTracker)
}

func (f facts) sampler(at train.Position) map[string]any {
	f.Sampler.Epoch, f.Sampler.Position = at.Epoch, at.Samples
	return f.Sampler.Plain()
}

// inputsDict is for inference: other data do not say how many classes and training
// samples the model was built for.
func inputsDict(in model.Inputs) *checkpoint.Dict {
	var labels any
	if in.LabelShape != nil {
		labels = list(in.LabelShape)
	}
	d := checkpoint.NewDict("shape", list(in.Shape), "label_shape", labels, "classes", in.Classes, "samples", in.Samples)
	if in.ClassCounts != nil {
		d.Set("class_counts", list(in.ClassCounts))
	}
	if in.Parts != nil {
		d.Set("parts", spansDict(in.Parts))
	}
	if in.LabelParts != nil {
		d.Set("label_parts", spansDict(in.LabelParts))
	}
	return d
}

func list(v []int64) []any {
	out := make([]any, len(v))
	for i, x := range v {
		out[i] = x
	}
	return out
}

func tensorDict(ts []train.Tensor) *checkpoint.Dict {
	d := &checkpoint.Dict{Ordered: true}
	for _, t := range ts {
		d.Set(t.Name, fileTensor(t))
	}
	return d
}

func fileTensor(t train.Tensor) *checkpoint.Tensor {
	dtype, ok := checkpoint.ParseDType(t.DType.String())
	if !ok {
		panic(fmt.Sprintf("a tensor of dtype %v cannot be in a checkpoint", t.DType))
	}
	return &checkpoint.Tensor{DType: dtype, Shape: t.Shape, Data: t.Data}
}

// optimizerDict is torch.optim's state_dict: {'state': {…}, 'param_groups': [{…}]}.
func optimizerDict(o train.OptimizerState) *checkpoint.Dict {
	state := checkpoint.NewDict()
	indexes := make([]any, o.Params)
	for i := range o.Params {
		indexes[i] = int64(i)
		if entries, ok := o.State[int64(i)]; ok {
			d := checkpoint.NewDict()
			for _, t := range entries {
				d.Set(t.Name, fileTensor(t))
			}
			state.Set(i, d)
		}
	}
	group := checkpoint.NewDict()
	for _, s := range o.Settings {
		if betas, ok := s.Value.([2]float64); ok {
			group.Set(s.Key, checkpoint.Tuple{betas[0], betas[1]})
			continue
		}
		group.Set(s.Key, s.Value)
	}
	group.Set("params", indexes)
	return checkpoint.NewDict("state", state, "param_groups", []any{group})
}

func byteTensor(b []byte) *checkpoint.Tensor {
	return &checkpoint.Tensor{DType: checkpoint.Uint8, Shape: []int64{int64(len(b))}, Data: b}
}

func byteTensors(list [][]byte) []any {
	ts := make([]any, len(list))
	for i, b := range list {
		ts[i] = byteTensor(b)
	}
	return ts
}

func floatTensor(v []float64) *checkpoint.Tensor {
	data := make([]byte, 0, 8*len(v))
	for _, x := range v {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
	}
	return &checkpoint.Tensor{DType: checkpoint.Float64, Shape: []int64{int64(len(v))}, Data: data}
}

func floats(t *checkpoint.Tensor) []float64 {
	v := make([]float64, len(t.Data)/8)
	for i := range v {
		v[i] = math.Float64frombits(binary.LittleEndian.Uint64(t.Data[8*i:]))
	}
	return v
}

// modelTensors reads a dict of named tensors.
func modelTensors(d *checkpoint.Dict) ([]train.Tensor, error) {
	var ts []train.Tensor
	for key, value := range d.All() {
		t, isTensor := value.(*checkpoint.Tensor)
		name, isName := key.(string)
		if !isTensor || !isName {
			return nil, fmt.Errorf("entry %v is not a named tensor", key)
		}
		dtype, ok := torch.ParseDType(t.DType.String())
		if !ok {
			return nil, fmt.Errorf("%s: dtype %v is not one of a model", name, t.DType)
		}
		ts = append(ts, train.Tensor{Name: name, DType: dtype, Shape: t.Shape, Data: t.Data})
	}
	return ts, nil
}

// optimizerState reads torch.optim's state_dict as one param group.
func optimizerState(d *checkpoint.Dict) (train.OptimizerState, error) {
	out := train.OptimizerState{State: map[int64][]train.Tensor{}}
	state, err := checkpoint.Value[*checkpoint.Dict](d, "state")
	if err != nil {
		return out, err
	}
	for key, value := range state.All() {
		index, isIndex := key.(int64)
		entries, isDict := value.(*checkpoint.Dict)
		if !isIndex || !isDict {
			return out, fmt.Errorf("optimizer_state_dict: state has the entry %v, expected a dict for each parameter's index", key)
		}
		if out.State[index], err = modelTensors(entries); err != nil {
			return out, fmt.Errorf("optimizer_state_dict: parameter %d: %w", index, err)
		}
	}
	groups, err := checkpoint.Value[[]any](d, "param_groups")
	if err != nil {
		return out, err
	}
	if len(groups) != 1 {
		return out, fmt.Errorf("optimizer_state_dict: found %d param groups, trainer makes one", len(groups))
	}
	group, _ := groups[0].(*checkpoint.Dict)
	params, err := checkpoint.Value[[]any](group, "params")
	out.Params = len(params)
	return out, err
}
