package trainer

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/metrics"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// judged is a batch that the judges are shown.
type judged struct {
	tensor *torch.Tensor // on the device
	x      []float32     // the same
	labels []float32     // [n, label shape]
}

// judge computes some metrics of a split, batch by batch.
type judge interface {
	add(b judged) error
	// values are the metrics; what is no number goes into more.
	values(more map[string]any) []metrics.Value
}

// judges are those that fit the model and the data.
func (e *evaluation) judges(m model.Model) (list []judge, err error) {
	dim := 1
	for _, d := range e.data.Shape {
		dim *= int(d)
	}
	p, predicts := m.(infer.Predictor)
	embedder, embeds := m.(infer.Embedder)
	switch {
	case predicts && p.Reconstructs():
		list = append(list, &reconstructionJudge{e: e, model: p, all: metrics.NewReconstruction(dim)})
	case predicts && e.data.LabelShape != nil:
		list = append(list, &labelJudge{e: e, model: p})
	}
	if _, ok := m.(generator); ok {
		list = append(list, &posteriorJudge{e: e, model: embedder})
	}
	if e.trained.config.Model.Type == "sae" && embeds {
		decoder := decoderOf(m)
		j := &sparsityJudge{e: e, model: embedder, decoder: decoder}
		if e.other != nil {
			if j.other, err = e.otherDecoder(dim); err != nil {
				return nil, err
			}
		}
		list = append(list, j)
	} else if e.other != nil {
		return nil, mistakef("--against compares decoders of SAEs, and %s is of type %s", e.trained.dir, e.trained.config.Model.Type)
	}
	return list, nil
}

// decoderOf is W_dec, [m, n]; nil for a model without one.
func decoderOf(m any) []float32 {
	for _, p := range nn.StateDict(m) {
		if p.Name == "W_dec" {
			return p.Tensor.Detach().Float32s()
		}
	}
	return nil
}

// otherDecoder is W_dec of the other SAE's checkpoint.
func (e *evaluation) otherDecoder(dim int) ([]float32, error) {
	weights, err := modelTensors(e.other.file.Model)
	if err != nil {
		return nil, err
	}
	data, dtype, shape, ok := train.Tensors(weights).Tensor("W_dec")
	if !ok || len(shape) != 2 || shape[1] != int64(dim) {
		return nil, mistakef("--against %s: it has no decoder W_dec of %d dimensions", e.other.dir, dim)
	}
	var values []float32
	torch.Scoped(func() { values = torch.FromBytes(data, dtype, shape).To(torch.Float32).Float32s() })
	return values, nil
}

// reconstructionJudge compares predictions with inputs, as the model sees them; pictures
// in the data's own units.
type reconstructionJudge struct {
	e     *evaluation
	model infer.Predictor
	all   *metrics.Reconstruction
	image *metrics.Image
}

func (j *reconstructionJudge) add(b judged) error {
	y := j.model.Predict(b.tensor).Float32s()
	j.all.Add(b.x, y)
	channels, height, width, ok := imageShape(j.e.data.Shape)
	if !ok {
		return nil
	}
	x := append([]float32(nil), b.x...)
	j.e.data.Denormalize(x)
	j.e.data.Denormalize(y)
	if j.image == nil {
		j.image = metrics.NewImage(channels, height, width, span(x))
	}
	j.image.Add(x, y)
	return nil
}

// span is 1 for values in [0, 1], else the largest minus the smallest.
func span(x []float32) float64 {
	low, high := x[0], x[0]
	for _, v := range x {
		low, high = min(low, v), max(high, v)
	}
	if low >= 0 && high <= 1 {
		return 1
	}
	return float64(high - low)
}

func (j *reconstructionJudge) values(map[string]any) []metrics.Value {
	values := j.all.Values()
	if j.image != nil {
		values = append(values, j.image.Values()...)
	}
	return values
}

// posteriorJudge looks at q(z|x) of a VAE, and at its means beside known factors.
type posteriorJudge struct {
	e           *evaluation
	model       infer.Embedder
	k           int
	all         *metrics.Posterior
	mu, factors []float32
}

func (j *posteriorJudge) add(b judged) error {
	both, err := j.model.Embed(b.tensor, "mean_logvar", nil)
	if err != nil {
		return err
	}
	k := both.Size(1) / 2
	mu, logvar := both.Narrow(1, 0, k).Contiguous().Float32s(), both.Narrow(1, k, k).Contiguous().Float32s()
	if j.all == nil {
		j.k, j.all = int(k), metrics.NewPosterior(int(k))
	}
	j.all.Add(mu, logvar)
	if len(b.labels) > 0 {
		j.mu, j.factors = append(j.mu, mu...), append(j.factors, b.labels...)
	}
	return nil
}

func (j *posteriorJudge) values(map[string]any) []metrics.Value {
	values := j.all.Values()
	if len(j.factors) > 0 && j.k > 1 {
		values = append(values, metrics.MIG(j.mu, j.k, j.factors, labelWidth(j.e.data.LabelShape)))
	}
	return values
}

// sparsityJudge looks at the codes and the decoder of an SAE.
type sparsityJudge struct {
	e              *evaluation
	model          infer.Embedder
	decoder, other []float32
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
	return nil
}

func (j *sparsityJudge) values(more map[string]any) []metrics.Value {
	more["density_log10"] = j.all.Density()
	values := j.all.Values()
	dim := 1
	for _, d := range j.e.data.Shape {
		dim *= int(d)
	}
	if j.other != nil && j.decoder != nil {
		values = append(values, metrics.MMCS(j.decoder, j.other, dim))
	}
	if truth := j.e.data.Dictionary; truth != nil && j.decoder != nil {
		values = append(values, metrics.Recovery(truth.Data, j.decoder, dim)...)
	}
	return values
}

// labelJudge compares the outputs of a custom model with labels: classes where there is a
// logit for each, else numbers.
type labelJudge struct {
	e       *evaluation
	model   infer.Predictor
	classes *metrics.Classes
	numbers *metrics.Regression
}

func (j *labelJudge) add(b judged) error {
	y := j.model.Predict(b.tensor)
	width := 1
	for _, d := range y.Shape()[1:] {
		width *= int(d)
	}
	classes, labels := j.e.data.Classes, labelWidth(j.e.data.LabelShape)
	switch {
	case j.classes == nil && j.numbers == nil && labels == 1 && classes > 1 && width == classes:
		j.classes = metrics.NewClasses(classes)
	case j.classes == nil && j.numbers == nil && width == labels:
		j.numbers = metrics.NewRegression(width)
	case j.classes == nil && j.numbers == nil:
		return fmt.Errorf("the model gives %d numbers for a sample, and its label has %d: nothing compares them", width, labels)
	}
	if j.classes != nil {
		j.classes.Add(y.Float32s(), b.labels)
	} else {
		j.numbers.Add(b.labels, y.Float32s())
	}
	return nil
}

func (j *labelJudge) values(more map[string]any) []metrics.Value {
	if j.classes == nil {
		return j.numbers.Values()
	}
	more["confusion"] = j.classes.Confusion()
	return j.classes.Values()
}
