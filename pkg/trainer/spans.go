package trainer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/model"
)

// spansOf are the named parts of samples or labels as models take them.
func spansOf(list []dataset.Span) (spans []model.Span) {
	for _, s := range list {
		spans = append(spans, model.Span(s))
	}
	return spans
}

// indexed is a model that reads numbers of the samples as indices, which a device would not
// check.
type indexed interface{ Indices() []model.Index }

// expect has the data held against what the model reads of them.
func expect(m model.Model, d *dataset.Data) {
	reads, ok := m.(indexed)
	if !ok {
		return
	}
	var list []dataset.Index
	for _, x := range reads.Indices() {
		list = append(list, dataset.Index(x))
	}
	d.Expect(list)
}

// spansText completes "samples of shape [1040]": ` (image [1 32 32], place [2])`; empty
// without names.
func spansText(list []dataset.Span) string {
	var texts []string
	for _, s := range list {
		texts = append(texts, model.Span(s).String())
	}
	if texts == nil {
		return ""
	}
	return " (" + strings.Join(texts, ", ") + ")"
}

// spansDict is what a checkpoint keeps of them.
func spansDict(spans []model.Span) []any {
	out := make([]any, len(spans))
	for i, s := range spans {
		out[i] = checkpoint.NewDict("name", s.Name, "from", s.From, "to", s.To, "shape", list(s.Shape))
	}
	return out
}

// savedSpans reads what spansDict made; nil from a file without it.
func savedSpans(d *checkpoint.Dict, key string) (spans []model.Span, err error) {
	if kept, _ := d.Get(key); kept == nil {
		return nil, nil
	}
	list, err := checkpoint.Value[[]any](d, key)
	for _, one := range list {
		entry, ok := one.(*checkpoint.Dict)
		if !ok {
			return nil, fmt.Errorf("%s is not a list of dicts", key)
		}
		var s model.Span
		if s.Name, err = checkpoint.Value[string](entry, "name"); err == nil {
			s.From, err = checkpoint.Value[int64](entry, "from")
		}
		if err == nil {
			s.To, err = checkpoint.Value[int64](entry, "to")
		}
		if err == nil {
			s.Shape, err = shapeOf(entry, "shape")
		}
		if err != nil {
			return nil, err
		}
		spans = append(spans, s)
	}
	return spans, err
}

// sameParts holds that other data have the parts that a model was trained on. Data without
// names are taken as they are: their rows are the joined ones.
func (t *trained) sameParts(have, want []model.Span) error {
	if len(have) == 0 || slices.EqualFunc(have, want, func(a, b model.Span) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
		return nil
	}
	return mistakef("data.arrays: found %v, but the model in %s was trained on %v; give its arrays, in that order", have, t.path, want)
}
