package gpu

import (
	"maps"

	"github.com/gotrainer/trainer/pkg/torch"
)

// opCases are the cases by the names of the op table.
func opCases() map[string]opCase {
	all := map[string]opCase{}
	for _, part := range []map[string]opCase{pointwise(), reductions(), layers(), shapes(), fused(), inPlace()} {
		maps.Copy(all, part)
	}
	return all
}

func pointwise() map[string]opCase {
	type T = *torch.Tensor
	return map[string]opCase{
		"Add":       binary(func(a, b T) T { return a.Add(b) }),
		"Sub":       binary(func(a, b T) T { return a.Sub(b) }),
		"Mul":       binary(func(a, b T) T { return a.Mul(b) }),
		"Div":       binary(func(a, b T) T { return a.Div(b) }),
		"Maximum":   binary(func(a, b T) T { return a.Maximum(b) }),
		"Minimum":   binary(func(a, b T) T { return a.Minimum(b) }),
		"Lerp":      binary(func(a, b T) T { return a.Lerp(b, 0.3) }),
		"AddScalar": unary(func(a T) T { return a.AddScalar(0.7) }),
		"MulScalar": unary(func(a T) T { return a.MulScalar(-1.7) }),
		"Pow":       unary(func(a T) T { return a.Pow(3) }),
		"Neg":       unary(T.Neg), "Abs": unary(T.Abs), "Square": unary(T.Square), "Exp": unary(T.Exp),
		"Sqrt":      unary(func(a T) T { return a.Square().AddScalar(0.1).Sqrt() }),
		"Log":       unary(func(a T) T { return a.Square().AddScalar(0.1).Log() }),
		"Log1p":     unary(func(a T) T { return a.Square().Log1p() }),
		"Sign":      constant(T.Sign),
		"Clamp":     unary(func(a T) T { return a.Clamp(-0.5, 0.5) }),
		"ClampMin":  unary(func(a T) T { return a.ClampMin(-0.5) }),
		"ReLU":      unary(T.ReLU),
		"LeakyReLU": unary(func(a T) T { return a.LeakyReLU(0.1) }),
		"ELU":       unary(func(a T) T { return a.ELU(0.7) }),
		"GELU":      unary(T.GELU), "SiLU": unary(T.SiLU), "Tanh": unary(T.Tanh), "Sigmoid": unary(T.Sigmoid),
		"Softplus": unary(T.Softplus), "LogSigmoid": unary(T.LogSigmoid),
		"NanToNum":      constant(func(a T) T { return a.AddScalar(-5).Log().NanToNum(3) }),
		"Gt":            constant(func(a T) T { return a.Gt(0.1) }),
		"Ge":            constant(func(a T) T { return a.Ge(0.1) }),
		"Lt":            constant(func(a T) T { return a.Lt(0.1) }),
		"Eq":            constant(func(a T) T { return a.Sign().Eq(a.ReLU().Sign()) }),
		"LogicalNot":    constant(func(a T) T { return a.Gt(0.1).LogicalNot() }),
		"NonFinite":     constant(func(a T) T { return a.AddScalar(-5).Log().NonFinite() }),
		"Where":         binary(func(a, b T) T { return a.Gt(0).Where(a, b) }),
		"MaskedFill":    unary(func(a T) T { return a.MaskedFill(a.Gt(0), 2) }),
		"BCEWithLogits": {in: []input{wave(3, 5), share(3, 5)}, f: func(a tensors) T { return a[0].BCEWithLogits(a[1].Detach()) }},
	}
}

func reductions() map[string]opCase {
	type T = *torch.Tensor
	return map[string]opCase{
		"Sum": unary(T.Sum), "Mean": unary(T.Mean),
		"Any":        constant(func(a T) T { return a.Gt(1).Any() }),
		"AnyDim":     constant(func(a T) T { return a.Gt(1).AnyDim(1) }),
		"SumDim":     unary(func(a T) T { return a.SumDim([]int64{1}, true) }),
		"MeanDim":    unary(func(a T) T { return a.MeanDim([]int64{0}, false) }),
		"NormDim":    unary(func(a T) T { return a.NormDim([]int64{1}, false) }),
		"Amax":       unary(func(a T) T { return a.Amax([]int64{1}, false) }),
		"Argmax":     constant(func(a T) T { return a.Argmax(1) }),
		"LogSumExp":  unary(func(a T) T { return a.LogSumExp([]int64{1}, false) }),
		"Softmax":    unary(func(a T) T { return a.Softmax(1) }),
		"LogSoftmax": unary(func(a T) T { return a.LogSoftmax(1) }),
		"CumSum":     unary(func(a T) T { return a.CumSum(1) }),
	}
}

func layers() map[string]opCase {
	type T = *torch.Tensor
	ones, zeros := []int64{1, 1}, []int64{0, 0}
	return map[string]opCase{
		"MatMul": {in: []input{wave(3, 5), wave(5, 4)}, f: func(a tensors) T { return a[0].MatMul(a[1]) }},
		"Linear": {in: []input{wave(3, 5), wave(4, 5), wave(4)}, f: func(a tensors) T { return a[0].Linear(a[1], a[2]) }},
		"AddMM":  {in: []input{wave(4), wave(3, 5), wave(5, 4)}, f: func(a tensors) T { return a[0].AddMM(a[1], a[2]) }},
		"Conv2d": {in: []input{wave(2, 3, 8, 8), wave(4, 3, 3, 3), wave(4)}, f: func(a tensors) T {
			return a[0].Conv2d(a[1], a[2], []int64{2, 2}, ones, ones, 1)
		}},
		"ConvTranspose2d": {in: []input{wave(2, 3, 4, 4), wave(3, 4, 4, 4), wave(4)}, f: func(a tensors) T {
			return a[0].ConvTranspose2d(a[1], a[2], []int64{2, 2}, ones, zeros, 1, ones)
		}},
		"BatchNorm": {in: []input{wave(6, 5), positive(5), wave(5)}, f: func(a tensors) T {
			return a[0].BatchNorm(a[1], a[2], nil, nil, true, 0.1, 1e-5)
		}},
		"LayerNorm": {in: []input{wave(6, 5), positive(5), wave(5)}, f: func(a tensors) T {
			return a[0].LayerNorm([]int64{5}, a[1], a[2], 1e-5)
		}},
		"GroupNorm": {in: []input{wave(2, 6, 4, 4), positive(6), wave(6)}, f: func(a tensors) T {
			return a[0].GroupNorm(3, a[1], a[2], 1e-5)
		}},
		"MaxPool2d":         {in: []input{wave(2, 3, 6, 6)}, f: func(a tensors) T { return a[0].MaxPool2d([]int64{2, 2}, []int64{2, 2}, zeros) }},
		"AvgPool2d":         {in: []input{wave(2, 3, 6, 6)}, f: func(a tensors) T { return a[0].AvgPool2d([]int64{3, 3}, []int64{2, 2}, ones) }},
		"AdaptiveAvgPool2d": {in: []input{wave(2, 3, 6, 6)}, f: func(a tensors) T { return a[0].AdaptiveAvgPool2d([]int64{3, 2}) }},
		"UpsampleNearest2d": {in: []input{wave(2, 3, 4, 4)}, f: func(a tensors) T { return a[0].UpsampleNearest2d([]int64{8, 8}) }},
		"Attention": {in: []input{wave(2, 4, 8), positive(2, 4, 8), share(2, 4, 8)}, f: func(a tensors) T {
			return a[0].Attention(a[1], a[2])
		}},
		"Dropout": unary(func(a T) T { return a.Dropout(0.5, false) }), // in training devices draw other numbers
		"CrossEntropy": {in: []input{wave(4, 5), integers(0, 4, 2, 2)}, f: func(a tensors) T {
			return a[0].CrossEntropy(a[1], nil, 0.1)
		}},
		"Huber":     binary(func(a, b T) T { return a.Huber(b, 0.7) }),
		"Embedding": {in: []input{wave(3, 5), integers(2, 0, 2, 1)}, f: func(a tensors) T { return a[0].Embedding(a[1]) }},
	}
}

func shapes() map[string]opCase {
	type T = *torch.Tensor
	pick := integers(2, 0, 2)
	return map[string]opCase{
		"Reshape":      unary(func(a T) T { return a.Reshape([]int64{5, 3}) }),
		"Flatten":      unary(func(a T) T { return a.Flatten(0, 1) }),
		"Transpose":    unary(func(a T) T { return a.Transpose(0, 1) }),
		"Permute":      {in: []input{wave(2, 3, 4)}, f: func(a tensors) T { return a[0].Permute([]int64{2, 0, 1}) }},
		"Expand":       unary(func(a T) T { return a.Unsqueeze(0).Expand([]int64{2, 3, 5}) }),
		"Flip":         unary(func(a T) T { return a.Flip([]int64{1}) }),
		"Unsqueeze":    unary(func(a T) T { return a.Unsqueeze(1) }),
		"Squeeze":      unary(func(a T) T { return a.Unsqueeze(1).Squeeze(1) }),
		"Narrow":       unary(func(a T) T { return a.Narrow(1, 1, 3) }),
		"Cat":          {in: []input{wave(3, 5), wave(2, 5)}, f: func(a tensors) T { return torch.Cat(a, 0) }},
		"Stack":        {in: []input{wave(3, 5), positive(3, 5)}, f: func(a tensors) T { return torch.Stack(a, 1) }},
		"Contiguous":   unary(func(a T) T { return a.Transpose(0, 1).Contiguous() }),
		"Clone":        unary(T.Clone),
		"ZerosLike":    constant(T.ZerosLike),
		"ChannelsLast": {in: []input{wave(2, 3, 4, 4)}, f: func(a tensors) T { return a[0].ChannelsLast() }},
		"Detach":       constant(T.Detach),
		// Which of equal values come first is the device's choice; where they stand is not.
		"TopK": unary(func(a T) T {
			values, places := a.TopK(2, 1)
			return torch.Zeros(a.Shape(), torch.Like(a)).Scatter(1, places, values)
		}),
		"Sort": unary(func(a T) T {
			values, _ := a.Sort(1, true)
			return values
		}),
		"Scatter": unary(func(a T) T {
			_, places := a.TopK(1, 1)
			return a.Scatter(1, places, a.Narrow(1, 0, 1))
		}),
		"Gather": unary(func(a T) T {
			_, places := a.TopK(1, 1)
			return a.Gather(1, places)
		}),
		"IndexAdd":    {in: []input{wave(3, 5), pick, wave(3, 5)}, f: func(a tensors) T { return a[0].IndexAdd(0, a[1], a[2].Narrow(0, 0, a[1].Size(0))) }},
		"NearestRows": constant(func(a T) T { return a.NearestRows(a.Narrow(0, 0, 2)).To(a.DType()) }),
		"IndexSelect": {in: []input{wave(3, 5), pick}, f: func(a tensors) T { return a[0].IndexSelect(0, a[1]) }},
	}
}

// fused are the ops whose backward is written by hand, and the sparse ones.
func fused() map[string]opCase {
	type T = *torch.Tensor
	latents := func(torch.DType) *torch.Tensor {
		return torch.FromInt64s([]int64{0, 4, 11, 1, 4, 7, 2, 3, 11, 0, 5, 6}, []int64{4, 3})
	}
	return map[string]opCase{
		"LinearReLU": {in: []input{wave(3, 5), wave(4, 5), wave(4)}, f: func(a tensors) T { return a[0].LinearReLU(a[1], a[2]) }},
		"LinearCentered": {in: []input{wave(3, 5), positive(5), wave(4, 5), wave(4)}, f: func(a tensors) T {
			return a[0].LinearCentered(a[1], a[2], a[3], true)
		}},
		"BernoulliNLL": {in: []input{wave(3, 5), share(3, 5)}, f: func(a tensors) T { return a[0].BernoulliNLL(a[1].Detach()) }},
		"GaussianNLL":  {in: []input{wave(3, 5), share(3, 5)}, f: func(a tensors) T { return a[0].GaussianNLL(a[1].Detach()) }},
		"NormalPosterior": {in: []input{wave(3, 5), positive(3, 5), share(3, 5)}, f: func(a tensors) T {
			z, kl := a[0].NormalPosterior(a[1], a[2].Detach(), -30, 20)
			return z.SumDim([]int64{1}, false).Add(kl)
		}},
		"NormalMixture": {in: []input{wave(6, 5), wave(4, 5), positive(4, 5), wave(6, 4)}, f: func(a tensors) T {
			joint, product := a[0].NormalMixture(a[1], a[2], a[3].Detach())
			return joint.Add(product.MulScalar(0.3))
		}},
		"ScaleGrad":      {in: []input{wave(3, 5), positive(3, 1)}, f: func(a tensors) T { return a[0].ScaleGrad(a[1].Detach()) }},
		"PositiveCounts": constant(T.PositiveCounts),
		"SparseEncode": {in: []input{wave(4, 5), wave(5), wave(5, 12), wave(12)}, f: func(a tensors) T {
			values, places := a[0].SparseEncode(a[1], a[2], a[3], 3, nil, 0)
			return torch.Zeros([]int64{4, 12}, torch.Like(values)).Scatter(1, places, values)
		}},
		"SparseDecode": {in: []input{positive(4, 3), latents, wave(12, 5), wave(5)}, f: func(a tensors) T {
			return a[0].SparseDecode(a[1], a[2], a[3])
		}},
		"CountSilent_": {flat: true, in: []input{integers(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), wave(4, 3), latents}, f: func(a tensors) T {
			silent := a[0].Clone()
			silent.CountSilent_(a[1], a[2])
			return silent
		}},
		"ProjectRows_": {flat: true, in: []input{wave(3, 5), positive(3, 5)}, f: func(a tensors) T {
			g := a[0].Clone()
			g.ProjectRows_(a[1])
			return g
		}},
		"UnitRows_": onClone(func(a, _ T) { a.UnitRows_(1e-9) }),
	}
}

func inPlace() map[string]opCase {
	type T = *torch.Tensor
	return map[string]opCase{
		"Add_":       onClone(func(a, b T) { a.Add_(b) }),
		"Sub_":       onClone(func(a, b T) { a.Sub_(b) }),
		"Mul_":       onClone(func(a, b T) { a.Mul_(b) }),
		"Div_":       onClone(func(a, b T) { a.Div_(b) }),
		"AddScalar_": onClone(func(a, _ T) { a.AddScalar_(0.3) }),
		"MulScalar_": onClone(func(a, _ T) { a.MulScalar_(0.3) }),
		"Fill_":      onClone(func(a, _ T) { a.Fill_(0.3) }),
		"Copy_":      onClone(func(a, b T) { a.Copy_(b) }),
	}
}
