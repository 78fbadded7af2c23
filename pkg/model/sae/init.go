package sae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// draw makes the parameters: decoder rows with a norm of their own, the encoder as their
// transpose or as nn.Linear's default, b_enc of zeros or as nn.Linear's default, b_dec of
// zeros until DataInit.
func (s *Core) draw(o nn.Options) {
	zero := func(t *torch.Tensor) { t.Fill_(0) }
	if s.config.DecoderInit == "encoder" {
		s.drawEncoder(o)
		s.drawDecoder(o)
	} else {
		s.drawDecoder(o)
		s.drawEncoder(o)
	}
	bias := zero
	if s.config.BEncInit == "uniform" {
		bias = nn.BiasUniform(s.inputs())
	}
	s.BEnc, s.BDec = o.Param([]int64{s.config.DSAE}, bias), o.Param([]int64{s.outputs()}, zero)
}

func (s *Core) drawDecoder(o nn.Options) {
	s.WDec = o.Param([]int64{s.config.DSAE, s.outputs()}, func(w *torch.Tensor) {
		switch s.config.DecoderInit {
		case "normal":
			w.Normal_(0, 1)
		case "zeros":
			w.Fill_(0)
		case "encoder":
			torch.NoGrad(func() { w.Copy_(s.WEnc.Transpose(0, 1)) })
		default:
			nn.KaimingUniform(s.config.DSAE)(w)
		}
		s.unitRows(w)
		if norm := s.config.rowNorm(); norm != 1 {
			w.MulScalar_(norm)
		}
	})
}

func (s *Core) drawEncoder(o nn.Options) {
	s.WEnc = o.Param([]int64{s.inputs(), s.config.DSAE}, func(w *torch.Tensor) {
		if s.config.EncoderInit == "independent" {
			nn.KaimingUniform(s.inputs())(w)
			return
		}
		torch.NoGrad(func() { w.Copy_(s.WDec.Transpose(0, 1)) })
	})
}

// DataInit sets b_dec from the first batch, as the config says, and in a transcoder b_enc so
// that the mean of x is hidden as zeros. It runs once, without recording, before the first step of a fresh run.
func (s *Core) DataInit(b model.Batch) {
	x, y := s.pair(b)
	if s.paired {
		s.BEnc.Copy_(mean(x).Unsqueeze(0).MatMul(s.WEnc).Squeeze(0).Neg())
	}
	switch s.bDecInit {
	case "geometric_median":
		s.BDec.Copy_(geometricMedian(y))
	case "mean":
		s.BDec.Copy_(mean(y))
	}
}

// firstVariance is that of the first batch's reconstructions to be, 1 where they have none.
func (s *Core) firstVariance(b model.Batch) *torch.Tensor {
	_, y := s.pair(b)
	v := variance(y)
	return v.MaskedFill(v.Gt(0).LogicalNot(), 1)
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
