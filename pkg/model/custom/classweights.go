package custom

import (
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/model"
)

// ClassWeights are a number for each class, or the word balanced. The zero value gives all
// classes the same weight.
type ClassWeights struct {
	Values   []float64
	Balanced bool
}

// UnmarshalConfig reads a list of numbers or the word.
func (w *ClassWeights) UnmarshalConfig(v config.Value) {
	switch v.Shape() {
	case config.List:
		v.Decode(&w.Values, "min=0")
	case config.Scalar:
		var word string
		if v.Decode(&word, "oneof=balanced") {
			w.Balanced = true
		}
	default:
		v.Wrong("a list of numbers, one for each class, or balanced")
	}
}

// ConfigSchema is a list of numbers or the word.
func (w *ClassWeights) ConfigSchema(config.SchemaWriter) map[string]any {
	numbers := map[string]any{"type": "array", "items": map[string]any{"type": "number", "minimum": 0}}
	return map[string]any{"anyOf": []any{numbers, map[string]any{"const": "balanced"}}}
}

// of are the weights of n classes; nil where all are the same. Balanced ones are
// samples/(classes·samples of the class), as scikit-learn's compute_class_weight has them,
// of the training split: each class has the same say in the loss.
func (w ClassWeights) of(n int, counts []int64, key string) ([]float64, error) {
	if !w.Balanced {
		if len(w.Values) > 0 && len(w.Values) != n {
			return nil, model.Mistakef("%s.class_weights: found %d numbers, expected one for each of the %d classes", key, len(w.Values), n)
		}
		return w.Values, nil
	}
	if len(counts) != n {
		return nil, model.Mistakef("%s.class_weights: balanced counts the training samples of each class, which the data say where a label is one class number; give a number for each class", key)
	}
	total := int64(0)
	for _, c := range counts {
		total += c
	}
	weights := make([]float64, n)
	for class, c := range counts {
		if c == 0 {
			return nil, model.Mistakef("%s.class_weights: balanced has no weight for class %d, of which there are no training samples; leave the class out of the labels, or give a number for each class", key, class)
		}
		weights[class] = float64(total) / (float64(n) * float64(c))
	}
	return weights, nil
}
