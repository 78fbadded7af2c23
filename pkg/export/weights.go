package export

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/safetensors"
)

// Weights are a model's state dict, and what says which model that is.
type Weights struct {
	Model  *checkpoint.Dict // name -> *checkpoint.Tensor
	Config map[string]any   // the effective config
	Data   map[string]any   // trainer_state's: inputs, normalization, split
	Epoch  int64
	Metric float64
	Made   map[string]string // versions of what wrote it
}

// The metadata of a safetensors file of trainer's. Their values are JSON but for the
// metric, which may be NaN.
const (
	metaFormat = "format" // "pt", as PyTorch's own files say
	metaConfig = "trainer.config"
	metaData   = "trainer.data"
	metaEpoch  = "trainer.epoch"
	metaMetric = "trainer.metric_value"
	metaMade   = "trainer.made_with"
)

// Torch is a plain state dict, as torch.save(model.state_dict(), path) writes it.
func (w *Weights) Torch(name string) File { return torchFile(name, w.Model) }

// Safetensors is the state dict with everything else in the metadata.
func (w *Weights) Safetensors(name string) (File, error) {
	metadata := map[string]string{
		metaFormat: "pt", metaEpoch: strconv.FormatInt(w.Epoch, 10), metaMetric: strconv.FormatFloat(w.Metric, 'g', -1, 64),
	}
	for key, v := range map[string]any{metaConfig: w.Config, metaData: w.Data, metaMade: w.Made} {
		text, err := json.Marshal(v)
		if err != nil {
			return File{}, err
		}
		metadata[key] = string(text)
	}
	f := File{Name: name}
	var tensors []safetensors.Named
	for key, v := range w.Model.All() {
		t := v.(*checkpoint.Tensor)
		f.Size += int64(len(t.Data))
		tensors = append(tensors, safetensors.Named{Name: key.(string), Tensor: safetensors.Tensor{DType: codes[t.DType], Shape: t.Shape, Data: t.Data}})
	}
	f.Write = func(out io.Writer) error { return safetensors.Write(out, metadata, tensors) }
	return f, nil
}

// ReadWeights reads what Safetensors wrote.
func ReadWeights(path string) (*Weights, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	if f.Metadata[metaConfig] == "" {
		return nil, refuse("%s: its metadata do not say which model it is of (no %s): only files of `trainer export --to safetensors` are read; a folder of SAELens, sparsify or dictionary_learning is given as the folder", path, metaConfig)
	}
	w := &Weights{Model: &checkpoint.Dict{Ordered: true}}
	for _, name := range f.Names() {
		t, _ := f.Tensor(name)
		if typeOf(t.DType) == 0 {
			return nil, refuse("%s: tensor %s: elements of type %s are not read", path, name, t.DType)
		}
		w.Model.Set(name, &checkpoint.Tensor{DType: typeOf(t.DType), Shape: t.Shape, Data: t.Data})
	}
	w.Config, err = object(f.Metadata[metaConfig])
	if err == nil {
		w.Data, err = object(f.Metadata[metaData])
	}
	if err == nil {
		w.Epoch, err = strconv.ParseInt(f.Metadata[metaEpoch], 10, 64)
	}
	if err == nil {
		w.Metric, err = strconv.ParseFloat(f.Metadata[metaMetric], 64)
	}
	if err != nil {
		return nil, refuse("%s: its metadata are not those of `trainer export`: %v", path, err)
	}
	return w, nil
}

// object reads a JSON object; whole numbers are int64.
func object(text string) (map[string]any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	if m == nil {
		return nil, errors.New("null where an object is expected")
	}
	return plain(m).(map[string]any), nil
}

func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = plain(item)
		}
	case []any:
		for i, item := range v {
			v[i] = plain(item)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	}
	return v
}
