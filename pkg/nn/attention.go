package nn

import (
	"math"

	"github.com/gotrainer/trainer/pkg/torch"
)

// Attention is self-attention: [B, L, E] to [B, L, E] (Vaswani et al. 2017,
// arXiv 1706.03762, section 3.2). Its tensors are those of
// torch.nn.MultiheadAttention(E, heads, batch_first=True).
type Attention struct {
	InWeight *torch.Tensor `torch:"in_proj_weight"` // [3E, E]: queries, keys, values
	InBias   *torch.Tensor `torch:"in_proj_bias"`   // [3E]
	Out      *Linear       `torch:"out_proj"`       // [E, E]
	heads    int64
}

// NewAttention has torch.nn.MultiheadAttention's initialisation; heads divides dim.
func NewAttention(dim, heads int64, o Options) *Attention {
	out := NewLinear(dim, dim, NoBias, o)
	out.Bias = o.Param([]int64{dim}, func(t *torch.Tensor) {
		BiasUniform(dim)(t) // drawn, as PyTorch does, and then forgotten
		t.Fill_(0)
	})
	in := []int64{3 * dim, dim}
	return &Attention{o.Param(in, XavierUniform(dim, 3*dim)), o.Param(in[:1], zeros), out, heads}
}

// Forward computes the layer.
func (l *Attention) Forward(x *torch.Tensor, training bool) *torch.Tensor {
	b, length, dim := x.Size(0), x.Size(1), x.Size(2)
	qkv := x.Linear(l.InWeight, l.InBias).Reshape([]int64{b, length, 3, l.heads, dim / l.heads}).Permute([]int64{2, 0, 3, 1, 4})
	part := func(i int64) *torch.Tensor { return qkv.Narrow(0, i, 1).Squeeze(0) } // [B, heads, L, E/heads]
	y := part(0).Attention(part(1), part(2)).Transpose(1, 2).Reshape([]int64{b, length, dim})
	return l.Out.Forward(y, training)
}

// XavierUniform fills like torch.nn.init.xavier_uniform_: uniform within
// ±√(6/(fanIn + fanOut)) (Glorot and Bengio 2010).
func XavierUniform(fanIn, fanOut int64) func(*torch.Tensor) {
	std := math.Sqrt(2.0 / float64(fanIn+fanOut))
	return Uniform(math.Sqrt(3.0) * std)
}
