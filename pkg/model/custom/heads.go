package custom

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// MultiHeadConfig is the model section of a model with several inputs or several outputs.
type MultiHeadConfig struct {
	Inputs []Input `yaml:"inputs" doc:"parts of the sample, each with layers of its own; what they give is flattened and joined. The whole sample by default"`
	Layers []Layer `yaml:"layers" doc:"the layers that all heads share; none by default"`
	Heads  []Head  `yaml:"heads" check:"required,minlen=1" doc:"the outputs; predict writes the first one's"`
}

// Input is a part of the sample.
type Input struct {
	Name   string  `yaml:"name" check:"required" doc:"its name in the state dict: inputs.NAME"`
	Take   Take    `yaml:"take" doc:"which of the sample's numbers: the name of one of data.arrays, or a range in C order as [from, to]; all by default"`
	Shape  []int64 `yaml:"shape" check:"min=1" doc:"the shape that they have, such as [1, 28, 28]; by default that of the array, and of a range a row"`
	Layers []Layer `yaml:"layers" doc:"its layers; none by default"`
}

// Head is an output with a loss.
type Head struct {
	Name      string  `yaml:"name" check:"required" doc:"its name in the state dict, heads.NAME, and before its metrics"`
	Layers    []Layer `yaml:"layers" check:"required,minlen=1" doc:"its layers, behind the shared ones"`
	Weight    float64 `yaml:"weight" default:"1.0" check:"min=0" doc:"the weight of its loss in the sum"`
	Take      Take    `yaml:"take" doc:"which of the numbers of a label, or of target: input the sample, it is compared with: the name of some, such as a column of data.label_column, a factor of shapes or one of data.arrays, or a range as [from, to]; all by default"`
	Objective `yaml:",inline"`
}

// MultiHead is the registry line.
func MultiHead() model.Variant {
	return model.Variant{Type: "custom_model", Name: "multi_head", Params: func() any { return new(MultiHeadConfig) }, Build: buildHeads}
}

// multiHead is:
//
//	h = layers(cat(inputs(x)))        or layers(x)
//	loss = Σ weight·loss(head(h), target)
type multiHead struct {
	Inputs *nn.ModuleDict `torch:"inputs"`
	Layers *nn.Sequential `torch:"layers"`
	Heads  *nn.ModuleDict `torch:"heads"`

	parts      []part
	objectives []*objective
	weights    []float64
	indices    []model.Index
}

// part is how an input is cut from the sample.
type part struct {
	take  span
	shape []int64
}

func buildHeads(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*MultiHeadConfig)
	m := &multiHead{Inputs: &nn.ModuleDict{}, Heads: &nn.ModuleDict{}}
	shape, err := m.addInputs(c.Inputs, in, o)
	if err != nil {
		return nil, err
	}
	var data *read
	if len(c.Inputs) == 0 {
		data = &read{span{0, in.Dim()}, &m.indices}
	}
	layers, shape, err := buildLayers(c.Layers, site{shape, o, "model.layers", data})
	if err != nil {
		return nil, err
	}
	m.Layers = nn.NewSequential("layers", layers...)
	for i, h := range c.Heads {
		if err := m.addHead(h, fmt.Sprintf("model.heads[%d]", i), in, shape, o); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// addInputs answers the shape of what the shared layers get.
func (m *multiHead) addInputs(list []Input, in model.Inputs, o nn.Options) ([]int64, error) {
	if len(list) == 0 {
		return in.Shape, nil
	}
	joined := int64(0)
	for i, c := range list {
		key := fmt.Sprintf("model.inputs[%d]", i)
		if err := checkName(c.Name, m.Inputs.Names, key); err != nil {
			return nil, err
		}
		take, own, err := c.Take.of(in.Dim(), in.Parts, key+".take", "a sample", "data.arrays")
		if err != nil {
			return nil, err
		}
		p := part{take, c.Shape}
		if p.take.empty() {
			p.take = span{0, in.Dim()}
		}
		if len(p.shape) == 0 {
			if p.shape = own; own == nil {
				p.shape = []int64{p.take.size()}
			}
		}
		if n := (model.Inputs{Shape: p.shape}).Dim(); n != p.take.size() {
			return nil, model.Mistakef("%s.shape: found %v, which are %d numbers, but %d are taken", key, p.shape, n, p.take.size())
		}
		layers, out, err := buildLayers(c.Layers, site{p.shape, o, key + ".layers", &read{p.take, &m.indices}})
		if err != nil {
			return nil, err
		}
		m.Inputs.Add(c.Name, nn.NewSequential("inputs."+c.Name, layers...))
		m.parts = append(m.parts, p)
		joined += model.Inputs{Shape: out}.Dim()
	}
	return []int64{joined}, nil
}

func (m *multiHead) addHead(h Head, key string, in model.Inputs, shape []int64, o nn.Options) error {
	if err := checkName(h.Name, m.Heads.Names, key); err != nil {
		return err
	}
	layers, out, err := buildLayers(h.Layers, site{shape, o, key + ".layers", nil})
	if err != nil {
		return err
	}
	obj, err := newObjective(h.Objective, key, h.Take, in, out, o)
	if err != nil {
		return err
	}
	if first := len(m.Heads.Names) == 0; first && obj.reconstructs() && !obj.take.empty() {
		return model.Mistakef("%s.take: predict writes what the first head gives, in the data's units: of the labels or of the whole input; put another head first, or leave take out", key)
	}
	m.Heads.Add(h.Name, nn.NewSequential("heads."+h.Name, layers...))
	m.objectives, m.weights = append(m.objectives, obj), append(m.weights, h.Weight)
	return nil
}

var nameText = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func checkName(name string, taken []string, key string) error {
	switch {
	case !nameText.MatchString(name):
		return model.Mistakef("%s.name: found %q, expected a word of lower-case letters, digits and _", key, name)
	case slices.Contains(taken, name):
		return model.Mistakef("%s.name: found %s, which another one has already", key, name)
	}
	return nil
}

// shared is what the heads get.
func (m *multiHead) shared(x *torch.Tensor, training bool) *torch.Tensor {
	if len(m.parts) > 0 {
		var all []*torch.Tensor
		for i, p := range m.parts {
			taken := p.take.of(x).Reshape(append([]int64{x.Size(0)}, p.shape...))
			all = append(all, m.Inputs.Layers[i].Forward(taken, training).Flatten(1, -1))
		}
		x = torch.Cat(all, 1)
	}
	return m.Layers.Forward(x, training)
}

func (m *multiHead) output(head int, shared, x *torch.Tensor, training bool) *torch.Tensor {
	return m.Heads.Layers[head].Forward(shared, training).To(x.DType())
}
