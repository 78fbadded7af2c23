package dataset

import "math"

// asInt takes the kinds of integer that a checkpoint or JSON brings back.
func asInt(v any) (int64, bool) {
	switch n := v.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case float64:
		return int64(n), n == math.Trunc(n) && math.Abs(n) < 1<<53
	}
	return 0, false
}

func asFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case float32:
		return float64(n), true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	}
	return 0, false
}

func asFloats(v any) ([]float32, bool) {
	switch list := v.(type) {
	case []float32:
		return list, true
	case []float64:
		out := make([]float32, len(list))
		for i, x := range list {
			out[i] = float32(x)
		}
		return out, true
	case []any:
		out := make([]float32, len(list))
		for i, e := range list {
			x, ok := asFloat(e)
			if !ok {
				return nil, false
			}
			out[i] = float32(x)
		}
		return out, true
	}
	return nil, false
}
