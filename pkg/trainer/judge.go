package trainer

import (
	"context"
	"fmt"

	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/metrics"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
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
	values(ctx context.Context, more map[string]any) ([]metrics.Value, error)
}

// judges are those that fit the model and the data; s is what was seen of the split.
func (e *evaluation) judges(m model.Model, s survey) (list []judge, err error) {
	p, predicts := m.(infer.Predictor)
	embedder, embeds := m.(infer.Embedder)
	sparse := embeds && e.isSparse(embedder)
	switch {
	case predicts && p.Reconstructs():
		j := &reconstructionJudge{e: e, model: p, all: metrics.NewReconstruction(e.dim(), s.mean)}
		if channels, height, width, ok := imageShape(e.data.Shape); ok {
			j.image = metrics.NewImage(channels, height, width, s.span())
		}
		list = append(list, j)
	case predicts && e.data.LabelShape != nil && sparse: // a transcoder: its labels are what it reconstructs
		list = append(list, &reconstructionJudge{e: e, model: p, labels: true, all: metrics.NewReconstruction(labelWidth(e.data.LabelShape), s.labels)})
	case predicts && e.data.LabelShape != nil:
		list = append(list, &labelJudge{e: e, model: p})
	}
	if embeds && e.embedsAs(embedder, "mean_logvar") {
		_, own := infer.GeneratorOf(m).(infer.Prior)
		list = append(list, &posteriorJudge{e: e, model: embedder, own: own})
	}
	if codes := codesOf(m); embeds && codes > 0 && e.embedsAs(embedder, "indices") {
		list = append(list, &codebookJudge{model: embedder, all: metrics.NewCodebook(codes)})
	}
	if sparse {
		j := &sparsityJudge{e: e, model: embedder}
		j.decoder, j.dim = decoderOf(m)
		if tensorOf(m, "W_skip") != nil && e.data.Dictionary != nil && predicts {
			j.output, j.effects = p, new(effects)
		}
		if e.other != nil {
			if j.other, err = e.otherDecoder(j.dim); err != nil {
				return nil, err
			}
		}
		list = append(list, j)
	} else if e.other != nil {
		return nil, mistakef("--against compares decoders of SAEs, and %s is of type %s", e.trained.dir, e.trained.config.Model.Type)
	}
	return list, nil
}

// dim is how many numbers a sample has.
func (e *evaluation) dim() int {
	dim := 1
	for _, d := range e.data.Shape {
		dim *= int(d)
	}
	return dim
}

// reconstructionJudge compares predictions with inputs, as the model sees them, or with
// labels; pictures in the data's own units.
type reconstructionJudge struct {
	e      *evaluation
	model  infer.Predictor
	labels bool
	all    *metrics.Reconstruction
	image  *metrics.Image // nil where samples are none
}

func (j *reconstructionJudge) add(b judged) error {
	y := j.model.Predict(b.tensor).Float32s()
	if j.labels {
		j.all.Add(b.labels, y)
		return nil
	}
	j.all.Add(b.x, y)
	if j.image == nil {
		return nil
	}
	x := append([]float32(nil), b.x...)
	j.e.data.Denormalize(x)
	j.e.data.Denormalize(y)
	j.image.Add(x, y)
	return nil
}

func (j *reconstructionJudge) values(context.Context, map[string]any) ([]metrics.Value, error) {
	values := j.all.Values()
	if j.image != nil {
		values = append(values, j.image.Values()...)
	}
	return values, nil
}

// labelJudge compares the outputs of a model with labels: classes where outputs are
// logits, else numbers.
type labelJudge struct {
	e       *evaluation
	model   infer.Predictor
	classes *metrics.Classes
	numbers *metrics.Regression
}

func (j *labelJudge) add(b judged) error {
	y := j.model.Predict(b.tensor)
	width, labels := int(y.Numel()/y.Size(0)), labelWidth(j.e.data.LabelShape)
	if p, ok := j.model.(infer.LabelPart); ok {
		b.labels, labels = labelPart(b.labels, labels, p)
	}
	c, classifies := j.model.(infer.Classifier)
	classifies = classifies && c.Classifies()
	switch {
	case classifies && labels == 1 && width > 1:
		if j.classes == nil {
			j.classes = metrics.NewClasses(width)
		}
		j.classes.Add(y.Float32s(), b.labels)
	case classifies && width == labels: // questions of yes or no, counted together
		if j.classes == nil {
			j.classes = metrics.NewClasses(2)
		}
		j.classes.Add(yesOrNo(y.Float32s()), b.labels)
	case width == labels:
		if j.numbers == nil {
			j.numbers = metrics.NewRegression(width)
		}
		j.numbers.Add(b.labels, y.Float32s())
	default:
		return fmt.Errorf("the model gives %d numbers for a sample, and its label has %d: nothing compares them", width, labels)
	}
	return nil
}

// labelPart cuts the numbers that predictions are of from rows of labels.
func labelPart(rows []float32, width int, p infer.LabelPart) ([]float32, int) {
	from, to := p.LabelRange()
	if to == 0 {
		return rows, width
	}
	var cut []float32
	for at := 0; at < len(rows); at += width {
		cut = append(cut, rows[at+from:at+to]...)
	}
	return cut, to - from
}

// yesOrNo are logits of two classes, from one of the second.
func yesOrNo(logits []float32) []float32 {
	two := make([]float32, 0, 2*len(logits))
	for _, l := range logits {
		two = append(two, 0, l)
	}
	return two
}

func (j *labelJudge) values(_ context.Context, more map[string]any) ([]metrics.Value, error) {
	if j.classes == nil {
		return j.numbers.Values(), nil
	}
	more["confusion"] = j.classes.Confusion()
	return j.classes.Values(), nil
}
