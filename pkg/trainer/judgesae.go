package trainer

import (
	"context"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/metrics"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// sparsityJudge looks at the codes and the decoder of an SAE.
type sparsityJudge struct {
	e              *evaluation
	model          infer.Embedder
	decoder, other []float32       // rows of dim numbers; nil where there are none
	output         infer.Predictor // nil where rows tell what a latent stands for
	effects        *effects
	dim            int
	all            *metrics.Sparsity
}

func (j *sparsityJudge) add(b judged) error {
	codes, err := j.model.Embed(b.tensor, "codes", nil)
	if err != nil {
		return err
	}
	if j.all == nil {
		j.all = metrics.NewSparsity(int(codes.Size(1)))
	}
	j.all.Add(codes.Float32s())
	if j.output != nil {
		j.effects.add(codes, j.output.Predict(b.tensor))
	}
	return nil
}

func (j *sparsityJudge) values(ctx context.Context, more map[string]any) ([]metrics.Value, error) {
	more["density_log10"] = j.all.Density()
	values := j.all.Values()
	if j.other != nil && j.decoder != nil {
		like, err := metrics.MMCS(ctx, j.decoder, j.other, j.dim)
		if err != nil {
			return nil, err
		}
		values = append(values, like...)
		pairs, err := metrics.Matched(ctx, j.decoder, j.other, j.dim)
		if err != nil {
			return nil, err
		}
		values = append(values, pairs...)
	}
	if truth := j.e.data.Dictionary; truth != nil && j.dim == truth.Cols {
		rows := j.decoder
		if j.output != nil {
			rows = j.effects.sums
		}
		found, err := metrics.Recovery(ctx, truth.Data, rows, j.dim)
		if err != nil {
			return nil, err
		}
		values = append(values, found...)
	}
	return values, nil
}

// isSparse says whether codes are those of a sparse autoencoder: they have a decoder of one
// row for each.
func (e *evaluation) isSparse(m infer.Embedder) bool {
	return decoderTensor(m) != nil && e.embedsAs(m, "codes")
}

// decoderTensor is W_dec, [m, …]; nil for a model without one.
func decoderTensor(m any) *torch.Tensor { return tensorOf(m, "W_dec") }

// tensorOf is the tensor of that name in the state dict, nil where there is none.
func tensorOf(m any, name string) *torch.Tensor {
	for _, p := range nn.StateDict(m) {
		if p.Name == name {
			return p.Tensor
		}
	}
	return nil
}

// effects tell what the latents of a skip transcoder stand for. Its rows leave that open: a
// solution stays one where W_skip is another matrix and the rows make up for it. The output
// does not: it is summed, without its mean, with a latent's activation as its weight.
type effects struct {
	sums []float32 // [m, dim]
}

// add takes codes [n, m] and the outputs [n, dim] of a batch.
func (e *effects) add(codes, y *torch.Tensor) {
	y = y.Sub(y.MeanDim([]int64{0}, true))
	sums := codes.To(y.DType()).Transpose(0, 1).MatMul(y).Float32s()
	if e.sums == nil {
		e.sums = make([]float32, len(sums))
	}
	for i, v := range sums {
		e.sums[i] += v
	}
}

// decoderOf is W_dec and how many numbers a row has; nil for a model without one.
func decoderOf(m any) (rows []float32, dim int) {
	w := decoderTensor(m)
	if w == nil {
		return nil, 0
	}
	return w.Detach().Float32s(), int(w.Numel() / w.Size(0))
}

// otherDecoder is W_dec of the other SAE's checkpoint.
func (e *evaluation) otherDecoder(dim int) ([]float32, error) {
	weights, err := modelTensors(e.other.file.Model)
	if err != nil {
		return nil, err
	}
	data, dtype, shape, ok := train.Tensors(weights).Tensor("W_dec")
	size := 1
	for _, d := range shape[min(1, len(shape)):] {
		size *= int(d)
	}
	if !ok || dim == 0 || size != dim {
		return nil, mistakef("--against %s: it has no decoder W_dec of %d dimensions", e.other.dir, dim)
	}
	var values []float32
	torch.Scoped(func() { values = torch.FromBytes(data, dtype, shape).To(torch.Float32).Float32s() })
	return values, nil
}

// probes tell how well few latents of an SAE tell the labels' classes: fitted on the train
// split, judged on s. There are none on the train split itself, or where labels are no
// classes.
func (e *evaluation) probes(ctx context.Context, m infer.Embedder, s *dataset.Split) ([]metrics.Value, error) {
	if e.data.Classes < 2 || e.data.Train == nil || s == e.data.Train || labelWidth(e.data.LabelShape) != 1 {
		return nil, nil
	}
	if e.fitted == nil {
		fitted, err := e.coding(ctx, m, e.data.Train)
		if err != nil {
			return nil, err
		}
		e.fitted = fitted
	}
	test, err := e.coding(ctx, m, s)
	if err != nil {
		return nil, err
	}
	return metrics.Probe(ctx, e.fitted.codes, test.codes, e.fitted.labels, test.labels, e.data.Classes)
}

// coding is the codes of samples with their classes.
type coding struct {
	codes  *metrics.SparseCodes
	labels []int
}

func (e *evaluation) coding(ctx context.Context, m infer.Embedder, s *dataset.Split) (*coding, error) {
	c := &coding{}
	err := e.each(ctx, e.data, s, e.limits.samples, s.Name()+" codes", func(b judged) error {
		codes, err := m.Embed(b.tensor, "codes", nil)
		if err != nil {
			return err
		}
		if c.codes == nil {
			c.codes = metrics.NewSparseCodes(int(codes.Size(1)))
		}
		c.codes.Add(codes.Float32s())
		for _, l := range b.labels {
			c.labels = append(c.labels, int(l))
		}
		return nil
	})
	return c, err
}
