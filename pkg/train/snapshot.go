package train

import (
	"fmt"
	"slices"

	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Tensor is a named copy in host memory: little endian, C order.
type Tensor struct {
	Name  string
	DType torch.DType
	Shape []int64
	Data  []byte
}

// Snapshot is everything that a run needs to go on exactly.
type Snapshot struct {
	Epoch      int64 // finished epochs
	Step       int64 // optimizer steps done
	Score      Score
	Position   Position // in the order of batches
	Model      []Tensor // the state dict
	ModelState []Tensor // training state of the model beside it
	Optimizer  OptimizerState
	RNG        []byte    // of the CPU's default generator
	CUDARNG    [][]byte  // of the device in use, where it is a GPU
	Sums       []float64 // the epoch's metrics so far
	Window     []float64 // Sums at the last report
	Device     torch.Device
}

// OptimizerState is torch.optim's state_dict in parts.
type OptimizerState struct {
	Params   int                // number of parameters of the one group
	Settings []optim.Setting    // of the group
	State    map[int64][]Tensor // by parameter index
}

func (r *run) snapshot() *Snapshot {
	s := &Snapshot{
		Epoch: r.epoch, Step: r.step, Score: r.score, Position: r.position,
		Model: copyTensors(nn.StateDict(r.Model)), ModelState: copyTensors(nn.States(r.Model)),
		RNG: torch.RNGState(torch.CPU), Sums: r.meter.sums.Float64s(), Window: slices.Clone(r.meter.window), Device: r.Device,
	}
	if r.Device.IsCUDA() {
		s.CUDARNG = [][]byte{torch.RNGState(r.Device)}
	}
	s.Optimizer = OptimizerState{Params: len(r.params), Settings: r.settings(), State: map[int64][]Tensor{}}
	for _, p := range r.opt.State() {
		s.Optimizer.State[int64(p.Index)] = copyTensors(p.Entries)
	}
	return s
}

// settings are the param group's, with what a scheduler of PyTorch would add.
func (r *run) settings() []optim.Setting {
	return append(r.opt.Group(r.lr()), optim.Setting{Key: "initial_lr", Value: r.Schedule.Base})
}

func copyTensors(params []nn.Param) []Tensor {
	ts := make([]Tensor, len(params))
	for i, p := range params {
		ts[i] = Tensor{p.Name, p.Tensor.DType(), p.Tensor.Shape(), p.Tensor.Raw()}
	}
	return ts
}

// restore brings a fresh run to where s was taken.
func (r *run) restore(s *Snapshot) error {
	if err := LoadModel(r.Model, s.Model, s.ModelState); err != nil {
		return err
	}
	var states []optim.LoadedState
	for i := range r.params {
		if entries, ok := s.Optimizer.State[int64(i)]; ok {
			states = append(states, optim.LoadedState{Index: i, Entries: Tensors(entries)})
		}
	}
	if err := r.opt.Load(states); err != nil {
		return err
	}
	if len(s.Sums) != len(r.meter.window) || len(s.Window) != len(r.meter.window) {
		return fmt.Errorf("the checkpoint has %d running metrics, the model has %d", len(s.Sums), len(r.meter.window))
	}
	r.epoch, r.step, r.score, r.position = s.Epoch, s.Step, s.Score, s.Position
	r.meter.sums.Copy_(torch.FromFloat64s(s.Sums, []int64{int64(len(s.Sums))}))
	copy(r.meter.window, s.Window)
	torch.SetRNGState(torch.CPU, s.RNG)
	if r.Device.IsCUDA() && len(s.CUDARNG) > 0 {
		torch.SetRNGState(r.Device, s.CUDARNG[0])
	}
	return nil
}

// LoadModel puts a state dict and, where given, the training state beside it into a
// model, strictly. It runs inside Engine.Do.
func LoadModel(m any, state, beside []Tensor) error {
	if err := nn.LoadState(nn.StateDict(m), Tensors(state)); err != nil {
		return err
	}
	if beside == nil {
		return nil
	}
	return nn.LoadState(nn.States(m), Tensors(beside))
}

// Tensors are an nn.Source.
type Tensors []Tensor

// Names lists the names in order.
func (ts Tensors) Names() []string {
	names := make([]string, len(ts))
	for i, t := range ts {
		names[i] = t.Name
	}
	return names
}

// Tensor finds a tensor by name.
func (ts Tensors) Tensor(name string) ([]byte, torch.DType, []int64, bool) {
	for _, t := range ts {
		if t.Name == name {
			return t.Data, t.DType, t.Shape, true
		}
	}
	return nil, 0, nil, false
}

var _ nn.Source = Tensors(nil)
