package custom

import (
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Loss is the weighted sum of the heads' losses; metrics: NAME_loss of each head and its
// own, NAME_accuracy and the like.
func (m *multiHead) Loss(c *model.Context, b model.Batch) model.Output {
	var out model.Output
	h := m.shared(b.X, c.Train)
	for i, name := range m.Heads.Names {
		one := m.objectives[i].compute(m.output(i, h, b.X, c.Train), b)
		weighted := one.Loss.MulScalar(m.weights[i])
		if out.Loss == nil {
			out.Loss = weighted
		} else {
			out.Loss = out.Loss.Add(weighted)
		}
		out.Metrics = append(out.Metrics, model.Metric{Name: name + "_loss", Value: one.Loss.Detach()})
		for _, metric := range one.Metrics {
			out.Metrics = append(out.Metrics, model.Metric{Name: name + "_" + metric.Name, Value: metric.Value})
		}
	}
	return out
}

// Indices are the numbers of a sample that embeddings read.
func (m *multiHead) Indices() []model.Index { return m.indices }

// Embed is what the heads share, or the output of the head with that name, flattened:
// [B, D].
func (m *multiHead) Embed(x *torch.Tensor, what string, _ model.Noise) (*torch.Tensor, error) {
	z := m.shared(x, false).To(x.DType())
	if what != "" {
		i := slices.Index(m.Heads.Names, what)
		if i < 0 {
			return nil, model.Mistakef("output.what: found %q, expected the name of a head, one of %v", what, m.Heads.Names)
		}
		z = m.output(i, z, x, false)
	}
	return z.Reshape([]int64{x.Size(0), -1}), nil
}

// Predict is what the first head says of its target.
func (m *multiHead) Predict(x *torch.Tensor) *torch.Tensor {
	return m.objectives[0].predict(m.output(0, m.shared(x, false), x, false))
}

// Classifies says that predictions are logits.
func (m *multiHead) Classifies() bool { return m.objectives[0].classifies() }

// Reconstructs says that the target of the first head is the input.
func (m *multiHead) Reconstructs() bool { return m.objectives[0].reconstructs() }

// LabelRange is which of a label's numbers predictions are of; both are 0 for all.
func (m *multiHead) LabelRange() (from, to int) {
	if take := m.objectives[0].take; !take.empty() {
		return int(take[0]), int(take[1])
	}
	return 0, 0
}
