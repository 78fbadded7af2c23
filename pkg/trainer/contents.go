package trainer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/safetensors"
)

// contents is what inspect tells of a file.
type contents struct {
	Path         string          `json:"path"`
	Kind         string          `json:"kind"`
	Keys         []string        `json:"keys"`
	Epoch        any             `json:"epoch"`
	MetricValue  any             `json:"metric_value"`
	TrainerState bool            `json:"trainer_state"`
	Tensors      []tensorEntry   `json:"tensors"` // of the model
	Others       int             `json:"other_tensors"`
	Optimizer    *optimizerEntry `json:"optimizer"`
	Versions     map[string]any  `json:"versions"`
	NotFinite    []string        `json:"not_finite"`
}

type tensorEntry struct {
	Name  string  `json:"name"`
	DType string  `json:"dtype"`
	Shape []int64 `json:"shape"`
}

type optimizerEntry struct {
	Groups     int `json:"groups"`
	Parameters int `json:"parameters"`
	Tensors    int `json:"tensors"`
	LR         any `json:"lr"`
}

// ofTraining describes a checkpoint with the keys of the specification.
func ofTraining(path string, f *checkpoint.File, root any) *contents {
	c := &contents{Path: path, Kind: "training checkpoint", Epoch: f.Epoch, MetricValue: number(f.MetricValue), TrainerState: f.TrainerState != nil}
	c.Versions = map[string]any{}
	if v, ok := f.TrainerState.Get("format_version"); ok {
		c.Versions["format"] = v
	}
	for key, v := range dictOf(f.TrainerState, "environment").All() {
		if s, ok := v.(string); ok {
			c.Versions[keyName(key)] = s
		}
	}
	c.model(f.Model)
	c.optimizer(f.Optimizer)
	c.rest(root)
	return c
}

// ofTorch describes any other file of torch.save, Lightning's among them.
func ofTorch(path string, root any) (*contents, error) {
	model, _, ok := checkpoint.StateDict(root)
	if !ok && len(checkpoint.Tensors("", root)) == 0 {
		return nil, &checkpoint.Error{Path: path, Msg: "holds no tensors, expected a checkpoint or a state dict"}
	}
	c := &contents{Path: path, Kind: "PyTorch file", Versions: map[string]any{}}
	d, _ := root.(*checkpoint.Dict)
	switch {
	case checkpoint.IsLightning(root):
		c.Kind = "Lightning checkpoint"
		if v, ok := d.Get("pytorch-lightning_version"); ok {
			c.Versions["pytorch-lightning"] = fmt.Sprint(v)
		}
	case model == d && ok:
		c.Kind = "PyTorch state dict"
	}
	if epoch, err := checkpoint.Value[int64](d, "epoch"); err == nil {
		c.Epoch = epoch
	}
	c.model(model)
	for _, key := range []string{"optimizer", "optimizer_state_dict", "optimizer_state", "optim"} {
		c.optimizer(dictOf(d, key))
	}
	if list, err := checkpoint.Value[[]any](d, "optimizer_states"); err == nil && len(list) > 0 {
		first, _ := list[0].(*checkpoint.Dict)
		c.optimizer(first)
	}
	if model == nil { // no known layout: every tensor counts
		c.list(checkpoint.Tensors("", root))
	}
	c.rest(root)
	return c, nil
}

func ofSafetensors(path string, f *safetensors.File) (*contents, error) {
	c := &contents{Path: path, Kind: "safetensors", Versions: map[string]any{}, Keys: []string{}}
	if f.Metadata != nil {
		c.Versions["metadata"] = f.Metadata
	}
	var floats []checkpoint.NamedTensor
	for _, name := range f.Names() {
		t, _ := f.Tensor(name)
		dtype := safetensorsTypes[t.DType]
		if known, ok := checkpoint.ParseDType(dtype); ok {
			floats = append(floats, checkpoint.NamedTensor{Name: name, Tensor: &checkpoint.Tensor{DType: known, Shape: t.Shape, Data: t.Data}})
		} else {
			dtype = t.DType
		}
		c.Tensors = append(c.Tensors, tensorEntry{name, dtype, t.Shape})
	}
	c.NotFinite = checkpoint.NotFinite(floats)
	return c, nil
}

// safetensorsTypes are PyTorch's names of those types that it and checkpoints share.
var safetensorsTypes = map[string]string{
	"F32": "float32", "F64": "float64", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
	"I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
}

func (c *contents) model(d *checkpoint.Dict) {
	if d != nil {
		c.list(checkpoint.Tensors("", d))
	}
}

func (c *contents) list(tensors []checkpoint.NamedTensor) {
	for _, t := range tensors {
		c.Tensors = append(c.Tensors, tensorEntry{t.Name, t.Tensor.DType.String(), t.Tensor.Shape})
	}
	c.NotFinite = append(c.NotFinite, checkpoint.NotFinite(tensors)...)
}

// optimizer reads torch.optim's state_dict, the first that is there.
func (c *contents) optimizer(d *checkpoint.Dict) {
	groups, err := checkpoint.Value[[]any](d, "param_groups")
	if err != nil || c.Optimizer != nil {
		return
	}
	tensors := checkpoint.Tensors("optimizer", dictOf(d, "state"))
	o := &optimizerEntry{Groups: len(groups), Tensors: len(tensors)}
	for _, g := range groups {
		group, _ := g.(*checkpoint.Dict)
		params, _ := checkpoint.Value[[]any](group, "params")
		o.Parameters += len(params)
		if lr, ok := group.Get("lr"); ok && o.LR == nil {
			o.LR = plainNumber(lr)
		}
	}
	c.Optimizer = o
	c.NotFinite = append(c.NotFinite, checkpoint.NotFinite(tensors)...)
}

// plainNumber is a value as JSON can hold it.
func plainNumber(v any) any {
	switch v := v.(type) {
	case float64:
		return number(v)
	case int64:
		return v
	}
	return fmt.Sprint(v)
}

// rest adds the keys, and how many tensors are neither the model's nor the optimizer's.
func (c *contents) rest(root any) {
	c.Keys = []string{}
	if d, ok := root.(*checkpoint.Dict); ok && c.Kind != "PyTorch state dict" {
		for _, key := range d.Keys() {
			c.Keys = append(c.Keys, keyName(key))
		}
	}
	c.Others = len(checkpoint.Tensors("", root)) - len(c.Tensors)
	if c.Optimizer != nil {
		c.Others -= c.Optimizer.Tensors
	}
}

func keyName(key any) string { return strings.Trim(fmt.Sprintf("%q", fmt.Sprint(key)), `"`) }

// text is the same for people.
func (c *contents) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: whole", c.Path)
	if c.Epoch != nil {
		fmt.Fprintf(&b, ", epoch %v", c.Epoch)
	}
	switch v := c.MetricValue.(type) {
	case float64:
		fmt.Fprintf(&b, ", metric %.6g", v)
	case string:
		fmt.Fprintf(&b, ", metric %s", v)
	}
	if c.Kind == "training checkpoint" && !c.TrainerState {
		b.WriteString(", not written by trainer")
	}
	fmt.Fprintf(&b, "\n%s", c.Kind)
	if len(c.Keys) > 0 {
		fmt.Fprintf(&b, ": %s", listed(c.Keys))
	}
	total := int64(0)
	for _, t := range c.Tensors {
		total += product(t.Shape)
		fmt.Fprintf(&b, "\n  %-32s %-8s %v", keyName(t.Name), t.DType, t.Shape)
	}
	fmt.Fprintf(&b, "\n%d tensors, %d numbers", len(c.Tensors), total)
	if o := c.Optimizer; o != nil {
		fmt.Fprintf(&b, "\noptimizer: parameters: %d, groups: %d, tensors: %d, lr %v", o.Parameters, o.Groups, o.Tensors, o.LR)
	}
	if c.Others > 0 {
		fmt.Fprintf(&b, "\nother tensors: %d", c.Others)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Versions)) {
		fmt.Fprintf(&b, "\n%s %v", name, c.Versions[name])
	}
	return b.String()
}
