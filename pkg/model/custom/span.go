package custom

import (
	"slices"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// span is a range [from, to) of the numbers of a sample or of a label, as `take: [0, 4]`;
// empty where all are meant.
type span []int64

func (s span) empty() bool { return len(s) == 0 }
func (s span) size() int64 { return s[1] - s[0] }

// of is the range of each row: [B, …] to [B, size].
func (s span) of(x *torch.Tensor) *torch.Tensor {
	return x.Reshape([]int64{x.Size(0), -1}).Narrow(1, s[0], s.size())
}

// within says what is wrong with the range of a whole of n numbers.
func (s span) within(n int64, key, whole string) error {
	if len(s) != 2 || s[0] < 0 || s[0] >= s[1] || s[1] > n {
		return model.Mistakef("%s: found %v, expected [from, to] with 0 ≤ from < to ≤ %d, the numbers of %s", key, []int64(s), n, whole)
	}
	return nil
}

// Take is which numbers of a sample or a label are meant: a range as [from, to], or the
// name of a part. The zero value means all.
type Take struct {
	Range []int64
	Name  string
}

// UnmarshalConfig reads either form.
func (t *Take) UnmarshalConfig(v config.Value) {
	switch v.Shape() {
	case config.List:
		v.Decode(&t.Range)
	case config.Scalar:
		v.Decode(&t.Name, "nonempty")
	default:
		v.Wrong("a range of numbers as [from, to], or the name of a part")
	}
}

// ConfigSchema is either form.
func (t *Take) ConfigSchema(config.SchemaWriter) map[string]any {
	return map[string]any{"anyOf": []any{
		map[string]any{"type": "array", "minItems": 2, "maxItems": 2, "items": map[string]any{"type": "integer", "minimum": 0}},
		map[string]any{"type": "string", "minLength": 1},
	}}
}

// of finds the range in a whole of n numbers with named parts; whole and keys are for
// messages: what the numbers are, and which keys of the data give names.
func (t Take) of(n int64, parts []model.Span, key, whole, keys string) (span, []int64, error) {
	if t.Name == "" {
		s := span(t.Range)
		if s.empty() {
			return nil, nil, nil
		}
		return s, nil, s.within(n, key, whole)
	}
	i := slices.IndexFunc(parts, func(p model.Span) bool { return p.Name == t.Name })
	switch {
	case i >= 0:
		return span{parts[i].From, parts[i].To}, parts[i].Shape, nil
	case len(parts) == 0:
		return nil, nil, model.Mistakef("%s: found %s, but no part of %s has a name; give %s, or a range as [from, to]", key, t.Name, whole, keys)
	}
	return nil, nil, model.Mistakef("%s: found %s, expected the name of a part of %s, one of %v, or a range as [from, to]", key, t.Name, whole, parts)
}
