package trainer

import (
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// given is a model with the labels of d where its outputs depend on them, and the model
// itself where they do not. in is what it was built for.
func (t *trained) given(m model.Model, in model.Inputs, d *dataset.Data) (model.Model, error) {
	g := infer.NewGiven(m)
	switch {
	case g == nil:
		return m, nil
	case d.LabelShape == nil:
		return nil, mistakef("data: the model in %s is given the class of each sample, and the data have no labels; give data.labels", t.path)
	case d.Classes == 0:
		return nil, mistakef("data: the model in %s is given the class of each sample, and the data's labels of shape %v number no classes", t.path, d.LabelShape)
	case d.Classes > in.Classes:
		return nil, mistakef("data: found the class %d, but the model in %s was trained on classes 0 to %d", d.Classes-1, t.path, in.Classes-1)
	}
	return g, nil
}

// repeated is each label n times, one after the other.
func repeated(labels []float32, n int) []float32 {
	list := make([]float32, 0, len(labels)*n)
	for _, v := range labels {
		for range n {
			list = append(list, v)
		}
	}
	return list
}

// counted are the classes 0 to n - 1.
func counted(n int) (classes []float32) {
	for i := range n {
		classes = append(classes, float32(i))
	}
	return classes
}

// condition tells a model that depends on labels those of the next batch.
func condition(m any, labels []float32, d torch.Device) {
	if g, ok := m.(*infer.Given); ok {
		g.Set(torch.FromFloat32s(labels, []int64{int64(len(labels))}, torch.On(d)))
	}
}
