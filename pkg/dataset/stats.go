package dataset

import (
	"math"
)

// kinds are the values of data.normalize.
var kinds = []string{"none", "minmax", "standard", "unit_norm", "mean_center"}

// stdFloor: a dimension that varies less than this is centred but not divided.
const stdFloor = 1e-6

// Stats is a normalisation: what was measured on the train split, and what to do
// with it.
//
//	none         x
//	minmax       (x - Min) / (Max - Min), over all dimensions; 0 where Max = Min
//	standard     (x - Mean) / Std, per dimension; Std is 1 where it is under 1e-6
//	mean_center  x - Mean, per dimension
//	unit_norm    x / |x|, per sample; a zero sample stays zero; not undone
//
// Raw dimensions stay as they are: their Mean is 0 and their Std 1. Where there are some,
// minmax has Mean and Std too, Min and Max - Min of the others, and goes by these.
type Stats struct {
	Kind      string
	Mean, Std []float32 // one value per dimension of a flattened sample, or nil
	Min, Max  float32
}

// apply normalises whole samples in place.
func (s *Stats) apply(x []float32) {
	switch s.Kind {
	case "minmax":
		if s.Mean != nil {
			s.standardise(x)
			return
		}
		if s.Max == s.Min {
			clear(x)
			return
		}
		low, span := s.Min, s.Max-s.Min
		for i, v := range x {
			x[i] = (v - low) / span
		}
	case "standard":
		s.standardise(x)
	case "mean_center":
		s.perSample(x, func(row []float32) {
			for j, v := range row {
				row[j] = v - s.Mean[j]
			}
		})
	}
}

func (s *Stats) standardise(x []float32) {
	s.perSample(x, func(row []float32) {
		for j, v := range row {
			row[j] = (v - s.Mean[j]) / s.Std[j]
		}
	})
}

// undo is the opposite of apply, but for unit_norm, whose lengths are gone.
func (s *Stats) undo(x []float32) {
	switch {
	case s.Kind == "minmax" && s.Mean == nil:
		low, span := s.Min, s.Max-s.Min
		for i, v := range x {
			x[i] = float32(v*span) + low
		}
	case s.Std != nil:
		s.perSample(x, func(row []float32) {
			for j, v := range row {
				row[j] = float32(v*s.Std[j]) + s.Mean[j]
			}
		})
	case s.Mean != nil:
		s.perSample(x, func(row []float32) {
			for j, v := range row {
				row[j] = v + s.Mean[j]
			}
		})
	}
}

// perSample calls f for each sample of x.
func (s *Stats) perSample(x []float32, f func(row []float32)) {
	for d := len(s.Mean); len(x) >= d; x = x[d:] {
		f(x[:d])
	}
}

// toUnitLength divides each sample of dim values by its length, in place.
func toUnitLength(x []float32, dim int) {
	for ; len(x) >= dim; x = x[dim:] {
		square := 0.0
		for _, v := range x[:dim] {
			square += float64(float64(v) * float64(v))
		}
		if square == 0 {
			continue
		}
		length := math.Sqrt(square)
		for j, v := range x[:dim] {
			x[j] = float32(float64(v) / length)
		}
	}
}

// Plain is the normalisation as plain values, for a checkpoint: kind, and what it
// needs of mean, std ([]float32), min, max (float64).
func (s Stats) Plain() map[string]any {
	m := map[string]any{"kind": s.Kind}
	switch s.Kind {
	case "minmax":
		m["min"], m["max"] = float64(s.Min), float64(s.Max)
		if s.Mean != nil {
			m["mean"], m["std"] = s.Mean, s.Std
		}
	case "standard":
		m["mean"], m["std"] = s.Mean, s.Std
	case "mean_center":
		m["mean"] = s.Mean
	}
	return m
}

// StatsFrom reads what Plain made; lists may be of any kind of number. What cannot
// be a normalisation is a user error.
func StatsFrom(m map[string]any) (Stats, error) {
	s := Stats{}
	kind, ok := m["kind"].(string)
	if !ok {
		return s, mistake("data statistics: kind: found %s, expected a name; the checkpoint is damaged or of another program", describe(m["kind"]))
	}
	s.Kind = kind
	low, okLow := asFloat(m["min"])
	high, okHigh := asFloat(m["max"])
	mean, okMean := asFloats(m["mean"])
	std, okStd := asFloats(m["std"])
	switch kind {
	case "none", "unit_norm":
		return s, nil
	case "minmax":
		s.Min, s.Max = float32(low), float32(high)
		ok = okLow && okHigh && s.Min <= s.Max && finite(s.Min, s.Max)
		if _, each := m["mean"]; each {
			s.Mean, s.Std = mean, std
			ok = ok && s.scales()
		}
	case "standard":
		s.Mean, s.Std = mean, std
		ok = okMean && okStd && s.scales()
	case "mean_center":
		s.Mean = mean
		ok = okMean && finite(mean...)
	default:
		return s, mistake("data statistics: kind: found %q, which this program does not know; use a newer one", kind)
	}
	if !ok {
		return s, mistake("data statistics: the values of kind %s are missing or impossible; the checkpoint is damaged, use another one", kind)
	}
	return s, nil
}

// fits says whether the statistics are for samples of dim values.
func (s *Stats) fits(dim int) error {
	each := s.Mean != nil || s.Kind == "standard" || s.Kind == "mean_center"
	if n := len(s.Mean); each && n != dim {
		return mistake("the checkpoint's data statistics are for samples of %d values, these data have %d; use data of the shape that the model was trained on", n, dim)
	}
	return nil
}

// scales says whether Mean and Std can be those of a normalisation.
func (s *Stats) scales() bool {
	return len(s.Mean) == len(s.Std) && finite(s.Mean...) && finite(s.Std...) && positive(s.Std)
}

func finite(v ...float32) bool {
	for _, x := range v {
		if x-x != 0 {
			return false
		}
	}
	return len(v) > 0
}

func positive(v []float32) bool {
	for _, x := range v {
		if x <= 0 {
			return false
		}
	}
	return true
}
