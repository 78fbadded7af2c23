package nn

import "github.com/gotrainer/trainer/pkg/torch"

// Embedding gives each whole number of [B, …] a row of its table: [B, …, dim].
type Embedding struct {
	Weight *torch.Tensor `torch:"weight"` // [num, dim]
}

// NewEmbedding has torch.nn.Embedding's initialisation, standard normal numbers.
func NewEmbedding(num, dim int64, o Options) *Embedding {
	return &Embedding{o.Param([]int64{num, dim}, func(t *torch.Tensor) { t.Normal_(0, 1) })}
}

// Forward computes the layer; x may be of any dtype.
func (l *Embedding) Forward(x *torch.Tensor, _ bool) *torch.Tensor {
	return l.Weight.Embedding(x.To(torch.Int64))
}
