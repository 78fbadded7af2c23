package export

import (
	"errors"
	"math"
	"slices"
	"testing"
)

// Folded, an SAE computes from x what it computed from (x - shift) / scale.
func TestFoldedInputsGiveTheSame(t *testing.T) {
	shift, scale := []float64{1, -2, 0, 3, 0.5}, []float64{2, 0.5, 1, 3, 0.1}
	for _, s := range every() {
		for _, centered := range []bool{true, false} {
			before := s.copy()
			before.center(centered)
			after := before.copy()
			if err := after.FoldInput(shift, scale); err != nil {
				t.Fatal(err)
			}
			raw := func(x []float64) []float64 {
				out := slices.Clone(x)
				for i := range out {
					out[i] = x[i]*scale[i] + shift[i]
				}
				return out
			}
			same(t, s.Variant, before, after, raw, func(_, y []float64) { copy(y, raw(y)) })
		}
	}
}

// A transcoder's inputs are folded, its outputs have units of their own.
func TestFoldedInputsOfTranscodersGiveTheSame(t *testing.T) {
	shift, scale := []float64{1, -2, 0, 3, 0.5}, []float64{2, 0.5, 1, 3, 0.1}
	for _, s := range transcoders() {
		after := s.copy()
		if err := after.FoldInput(shift, scale); err != nil {
			t.Fatal(err)
		}
		same(t, s.Variant, s, after, func(x []float64) []float64 {
			out := slices.Clone(x)
			for i := range out {
				out[i] = x[i]*scale[i] + shift[i]
			}
			return out
		}, nil)
	}
}

func TestFoldedNormsGoIntoActivations(t *testing.T) {
	for _, s := range every() {
		after := s.copy()
		err := after.FoldNorms()
		if s.Code == TopK {
			if err == nil {
				t.Error("topk was folded: other latents would be chosen")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if s.unitRows() || !after.unitRows() {
			t.Errorf("%s: rows have not the norm 1", s.Variant)
		}
		same(t, s.Variant, s, after, as, func(f, _ []float64) {
			for j := range f {
				square := 0.0
				for _, w := range s.WDec[j*n:][:n] {
					square += float64(w) * float64(w)
				}
				f[j] *= math.Sqrt(square)
			}
		})
	}
}

func TestARowOfZerosStays(t *testing.T) {
	s := draw(ReLU, "relu_l1")
	clear(s.WDec[:n])
	after := s.copy()
	if err := after.FoldNorms(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(after.WDec[:n], make([]float32, n)) || after.BEnc[0] != s.BEnc[0] {
		t.Errorf("row %v, bias %v", after.WDec[:n], after.BEnc[0])
	}
}

func TestCenteringMovesIntoTheBias(t *testing.T) {
	for _, s := range every() {
		off := s.copy()
		off.center(false)
		same(t, s.Variant+" not centred", s, off, as, nil)
		on := off.copy()
		on.center(true)
		same(t, s.Variant+" centred again", s, on, as, nil)
	}
}

// The arrays of a fold are its own: those of the run stay.
func TestFoldsChangeACopy(t *testing.T) {
	s := draw(Threshold, "jump_relu")
	before := slices.Concat(s.WEnc, s.BEnc, s.WDec, s.BDec, s.Threshold)
	c := s.copy()
	if err := errors.Join(c.FoldInput(make([]float64, n), filled(2, n)), c.FoldNorms()); err != nil {
		t.Fatal(err)
	}
	c.center(false)
	if !slices.Equal(before, slices.Concat(s.WEnc, s.BEnc, s.WDec, s.BDec, s.Threshold)) {
		t.Error("the SAE that was copied has changed")
	}
}
