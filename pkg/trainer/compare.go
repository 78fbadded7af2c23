package trainer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/track"
)

// difference is the first place where two runs are not the same, with both values; nil
// where they are identical.
type difference struct {
	Place  string `json:"place"`            // a tensor or key of the checkpoint, or a metric
	Step   int64  `json:"step,omitempty"`   // of a metric
	Metric string `json:"metric,omitempty"` // its name
	First  string `json:"first"`
	Second string `json:"second"`
}

func (d *difference) String() string { return fmt.Sprintf("%s: %s and %s", d.Place, d.First, d.Second) }

// compareJournals finds the first record of metrics.jsonl that differs in more than its
// time.
func compareJournals(first, second string) (*difference, error) {
	a, err := track.ReadJournal(first)
	if err != nil {
		return nil, err
	}
	b, err := track.ReadJournal(second)
	if err != nil {
		return nil, err
	}
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) {
			return &difference{Place: fmt.Sprintf("record %d of metrics.jsonl", i+1), First: record(a, i), Second: record(b, i)}, nil
		}
		if d := compareEvents(a[i], b[i]); d != nil {
			return d, nil
		}
	}
	return nil, nil
}

func record(events []track.Event, i int) string {
	if i >= len(events) {
		return "none"
	}
	return heading(events[i])
}

func heading(e track.Event) string {
	return fmt.Sprintf("%s at step %d, epoch %d", e.Kind, e.Step, e.Epoch)
}

func compareEvents(a, b track.Event) *difference {
	if heading(a) != heading(b) || len(a.Values) != len(b.Values) {
		return &difference{Place: "record of " + heading(a), Step: a.Step, First: fmt.Sprintf("%s with %d values", heading(a), len(a.Values)), Second: fmt.Sprintf("%s with %d values", heading(b), len(b.Values))}
	}
	for i, x := range a.Values {
		if y := b.Values[i]; x.Name != y.Name || math.Float64bits(x.Value) != math.Float64bits(y.Value) {
			return &difference{Place: fmt.Sprintf("step %d: %s", a.Step, x.Name), Step: a.Step, Metric: x.Name,
				First: fmt.Sprint(x.Value), Second: fmt.Sprint(y.Value)}
		}
	}
	return nil
}

// compareFiles finds the first value of two checkpoints that differs. Where they lie
// does not matter: experiment in the config is passed over.
func compareFiles(a, b *checkpoint.File) *difference {
	for _, part := range []struct {
		name string
		a, b any
	}{
		{"epoch", a.Epoch, b.Epoch},
		{"model_state_dict", a.Model, b.Model},
		{"optimizer_state_dict", a.Optimizer, b.Optimizer},
		{"metric_value", a.MetricValue, b.MetricValue},
		{"random_state", a.RandomState, b.RandomState},
		{"trainer_state", a.TrainerState, b.TrainerState},
		{"config", a.Config, b.Config},
	} {
		if d := compareValues(part.name, part.a, part.b); d != nil {
			return d
		}
	}
	return nil
}

func compareValues(place string, a, b any) *difference {
	switch x := a.(type) {
	case *checkpoint.Dict:
		if y, ok := b.(*checkpoint.Dict); ok {
			return compareDicts(place, x, y)
		}
	case []any:
		if y, ok := b.([]any); ok {
			return compareLists(place, x, y)
		}
	case checkpoint.Tuple:
		if y, ok := b.(checkpoint.Tuple); ok {
			return compareLists(place, x, y)
		}
	case *checkpoint.Tensor:
		if y, ok := b.(*checkpoint.Tensor); ok {
			return compareTensors(place, x, y)
		}
	case float64:
		if y, ok := b.(float64); ok && math.Float64bits(x) == math.Float64bits(y) {
			return nil
		}
	default:
		if a == b {
			return nil
		}
	}
	return &difference{Place: place, First: fmt.Sprint(a), Second: fmt.Sprint(b)}
}

func compareDicts(place string, a, b *checkpoint.Dict) *difference {
	if x, y := fmt.Sprint(a.Keys()), fmt.Sprint(b.Keys()); x != y {
		return &difference{Place: place + ": keys", First: x, Second: y}
	}
	for key, x := range a.All() {
		y, _ := b.Get(key)
		at := fmt.Sprintf("%s.%v", place, key)
		if at == "config.experiment" {
			continue
		}
		if d := compareValues(at, x, y); d != nil {
			return d
		}
	}
	return nil
}

func compareLists(place string, a, b []any) *difference {
	if len(a) != len(b) {
		return &difference{Place: place, First: fmt.Sprintf("%d items", len(a)), Second: fmt.Sprintf("%d items", len(b))}
	}
	for i := range a {
		if d := compareValues(fmt.Sprintf("%s[%d]", place, i), a[i], b[i]); d != nil {
			return d
		}
	}
	return nil
}

// compareTensors compares bits: the first element that differs is told as a number.
func compareTensors(place string, a, b *checkpoint.Tensor) *difference {
	if x, y := fmt.Sprint(a.DType, a.Shape), fmt.Sprint(b.DType, b.Shape); x != y {
		return &difference{Place: place, First: x, Second: y}
	}
	if bytes.Equal(a.Data, b.Data) {
		return nil
	}
	size := a.DType.Size()
	i := 0
	for i+size <= len(a.Data) && bytes.Equal(a.Data[i:i+size], b.Data[i:i+size]) {
		i += size
	}
	return &difference{Place: fmt.Sprintf("%s, element %d of %v", place, i/size, a.Shape), First: element(a, i), Second: element(b, i)}
}

// element is the number at byte offset i.
func element(t *checkpoint.Tensor, i int) string {
	data := t.Data[i : i+t.DType.Size()]
	if t.DType == checkpoint.Float64 {
		return fmt.Sprint(floats(&checkpoint.Tensor{Data: data})[0])
	}
	if t.DType == checkpoint.Float32 {
		return fmt.Sprint(math.Float32frombits(binary.LittleEndian.Uint32(data)))
	}
	return strings.ToLower(fmt.Sprintf("0x%X", data))
}
