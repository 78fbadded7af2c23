package nn

import "github.com/gotrainer/trainer/pkg/torch"

// Residual is layers(x) + projection(x) (He et al. 2015, arXiv 1512.03385, eq. 1 and 2).
type Residual struct {
	Layers     *Sequential `torch:"layers"`
	Projection Layer       `torch:"projection"` // nil: x itself
}

// Forward computes the layer.
func (l *Residual) Forward(x *torch.Tensor, training bool) *torch.Tensor {
	y := l.Layers.Forward(x, training)
	if l.Projection != nil {
		x = torch.In("projection", func() *torch.Tensor { return l.Projection.Forward(x, training) })
	}
	return y.Add(x)
}
