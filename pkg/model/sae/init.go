package sae

import "github.com/gotrainer/trainer/pkg/torch"

// DataInit sets b_dec from the first batch, as the config says. It runs once, without
// recording, before the first step of a fresh run.
func (s *Core) DataInit(x *torch.Tensor) {
	switch x := s.rows(x); s.bDecInit {
	case "geometric_median":
		s.BDec.Copy_(geometricMedian(x))
	case "mean":
		s.BDec.Copy_(mean(x))
	}
}

func mean(x *torch.Tensor) *torch.Tensor { return x.MeanDim([]int64{0}, false) }

// geometricMedian is the point [n] with the least sum of distances to the rows of x,
// by Weiszfeld's iteration from their mean. A distance is at least 1e-8: the weight
// 1/distance of a sample that the point hits stays finite.
func geometricMedian(x *torch.Tensor) *torch.Tensor {
	point := mean(x)
	for range 100 {
		next := torch.Keep(func() *torch.Tensor {
			weight := torch.Ones([]int64{1}, torch.Like(x)).Div(x.Sub(point).NormDim([]int64{1}, true).ClampMin(1e-8)) // [B, 1]
			return x.Mul(weight).SumDim([]int64{0}, false).Div(weight.Sum())
		})
		moved := next.Sub(point).NormDim([]int64{0}, false).Item()
		if point = next; moved < 1e-5 {
			break
		}
	}
	return point
}
