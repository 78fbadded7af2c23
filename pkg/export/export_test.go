package export

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

const n, m = 5, 12

// draw is an SAE of random arrays, with decoder rows of all norms.
func draw(code Code, variant string) *SAE {
	r := rand.New(rand.NewPCG(1, uint64(len(variant))))
	vector := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		return v
	}
	s := &SAE{Code: code, Variant: variant, In: n, Out: n, Latents: m, Centered: true, WEnc: vector(n * m), WDec: vector(m * n), BDec: vector(n)}
	if code == Gated {
		s.BGate, s.BMag, s.RMag = vector(m), vector(m), vector(m)
	} else {
		s.BEnc = vector(m)
	}
	switch variant {
	case "topk":
		s.K = 3
	case "jump_relu":
		s.Threshold = vector(m)
		s.clampThreshold()
	case "batch_topk", "matryoshka":
		s.K, s.Threshold = 4, repeated(0.4, m)
	}
	if variant == "matryoshka" {
		s.Prefixes = []int64{3, 7, m}
	}
	return s
}

// drawTranscoder has o outputs.
func drawTranscoder(code Code, variant string, o int) *SAE {
	s := draw(code, variant)
	s.Out, s.Transcodes, s.Centered, s.K = o, true, false, 3
	s.WDec, s.BDec = s.WDec[:m*o], s.BDec[:o]
	if variant == "skip_transcoder" {
		s.WSkip = slices.Clone(s.WEnc[:n*o])
	}
	return s
}

// transcoders are one of each code and number of outputs.
func transcoders() (list []*SAE) {
	for _, code := range []Code{ReLU, TopK} {
		for _, variant := range []string{"transcoder", "skip_transcoder"} {
			list = append(list, drawTranscoder(code, variant, n), drawTranscoder(code, variant, 3))
		}
	}
	return list
}

// every is one of each code and variant.
func every() []*SAE {
	return []*SAE{draw(ReLU, "relu_l1"), draw(TopK, "topk"), draw(Threshold, "jump_relu"), draw(Threshold, "batch_topk"), draw(Threshold, "matryoshka"), draw(Gated, "gated")}
}

// compute is f and x^ of one sample.
func (s *SAE) compute(x []float64) (f, y []float64) {
	f, y = make([]float64, s.Latents), make([]float64, s.Out)
	for j := range f {
		c := 0.0
		for i, v := range x {
			if s.Centered {
				v -= float64(s.BDec[i])
			}
			c += v * float64(s.WEnc[i*s.Latents+j])
		}
		switch {
		case s.Code == Gated && c+float64(s.BGate[j]) > 0:
			f[j] = max(0, math.Exp(float64(s.RMag[j]))*c+float64(s.BMag[j]))
		case s.Code != Gated:
			f[j] = max(0, c+float64(s.BEnc[j]))
		}
		if s.Code == Threshold && f[j] <= float64(s.Threshold[j]) {
			f[j] = 0
		}
	}
	if s.Code == TopK {
		least := slices.Sorted(slices.Values(f))[s.Latents-int(s.K)]
		for j, v := range f {
			if v < least {
				f[j] = 0
			}
		}
	}
	for i := range y {
		y[i] = float64(s.BDec[i])
		for k := range s.WSkip[min(i*s.In, len(s.WSkip)):min((i+1)*s.In, len(s.WSkip))] {
			y[i] += x[k] * float64(s.WSkip[i*s.In+k])
		}
		for j, v := range f {
			y[i] += v * float64(s.WDec[j*s.Out+i])
		}
	}
	return f, y
}

func samples() [][]float64 {
	r := rand.New(rand.NewPCG(7, 7))
	out := make([][]float64, 40)
	for i := range out {
		for range n {
			out[i] = append(out[i], 1+2*r.NormFloat64())
		}
	}
	return out
}

// same holds that b computes of its samples what a computes of the same, changed.
func same(t *testing.T, what string, a, b *SAE, to func(x []float64) []float64, back func(f, y []float64)) {
	t.Helper()
	active := 0
	for _, x := range samples() {
		f, y := a.compute(x)
		if back != nil {
			back(f, y)
		}
		gotF, gotY := b.compute(to(x))
		for j := range f {
			if f[j] > 0 {
				active++
			}
			if math.Abs(f[j]-gotF[j]) > 1e-5*max(1, math.Abs(f[j])) {
				t.Fatalf("%s: f[%d] is %v, was %v", what, j, gotF[j], f[j])
			}
		}
		for i := range y {
			if math.Abs(y[i]-gotY[i]) > 1e-5*max(1, math.Abs(y[i])) {
				t.Fatalf("%s: x^[%d] is %v, was %v", what, i, gotY[i], y[i])
			}
		}
	}
	if active < 20 {
		t.Errorf("%s: %d active latents: nothing is compared", what, active)
	}
}

func as(x []float64) []float64 { return x }

func (s *SAE) copy() *SAE {
	c := *s
	c.owned = false
	return &c
}

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

func TestTranscodersComeBackFromWhatCanHoldThem(t *testing.T) {
	held := map[string]int{}
	for _, s := range transcoders() {
		back, err := FromState(SAE{Code: s.Code, Variant: s.Variant, K: s.K, Transcodes: true}, s.State())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "state of "+s.Variant, s, back, as, nil)
		for _, layout := range []string{"saelens", "sparsify"} {
			files, _, err := Of(layout, s.copy(), nil)
			if err != nil {
				continue // TestRefusalsSayWhy
			}
			held[layout]++
			in, err := ReadSAE(write(t, files))
			if err != nil {
				t.Fatal(err)
			}
			same(t, s.Variant+" in "+layout, s, in.SAE, as, nil)
			if topk := layout == "saelens" && s.Code == TopK; !topk && (in.SAE.Variant != s.Variant || !in.SAE.Transcodes) {
				t.Errorf("%s in %s came back as %s", s.Variant, layout, in.SAE.Variant)
			}
		}
	}
	// relu goes to SAELens whatever its outputs, topk with as many as inputs.
	if held["saelens"] != 5 || held["sparsify"] != 2 {
		t.Errorf("held %v", held)
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

// write writes the files of an export into a fresh folder.
func write(t *testing.T, files []File) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWhatALayoutHoldsComesBack(t *testing.T) {
	for _, s := range every() {
		for _, layout := range []string{"saelens", "sparsify", "dictionary_learning"} {
			files, _, err := Of(layout, s.copy(), map[string]string{"trainer_version": "x"})
			if layout == "sparsify" && s.Code != TopK {
				var mine *Error
				if !errors.As(err, &mine) || !strings.Contains(err.Error(), s.Variant) {
					t.Errorf("%s to %s: %v", s.Variant, layout, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			in, err := ReadSAE(write(t, files))
			if err != nil {
				t.Fatalf("%s from %s: %v", s.Variant, layout, err)
			}
			if in.Layout != layout {
				t.Errorf("%s was taken for %s", layout, in.Layout)
			}
			same(t, s.Variant+" in "+layout, s, in.SAE, as, nil)
			if layout == "dictionary_learning" && (in.SAE.Variant != s.Variant || in.SAE.K != s.K || !slices.Equal(in.SAE.Prefixes, s.Prefixes)) {
				t.Errorf("%s, k %v, prefixes %v came back as %s, %v, %v", s.Variant, s.K, s.Prefixes, in.SAE.Variant, in.SAE.K, in.SAE.Prefixes)
			}
		}
	}
}

func TestStateDictsComeBack(t *testing.T) {
	for _, s := range every() {
		back, err := FromState(SAE{Code: s.Code, Variant: s.Variant, K: s.K, Prefixes: s.Prefixes, Centered: true}, s.State())
		if err != nil {
			t.Fatal(err)
		}
		same(t, s.Variant, s, back, as, nil)
	}
}

// What one threshold cannot say goes to the class with a threshold a latent.
func TestFractionsAndFoldedThresholdsAreJumpReLU(t *testing.T) {
	fraction, folded := draw(Threshold, "batch_topk"), draw(Threshold, "batch_topk")
	fraction.K = 3.5
	if err := folded.FoldNorms(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*SAE{fraction, folded} {
		files, notes, err := Of("dictionary_learning", s.copy(), nil)
		if err != nil || len(notes) != 1 {
			t.Fatal(err, notes)
		}
		in, err := ReadSAE(write(t, files))
		if err != nil || in.SAE.Variant != "jump_relu" {
			t.Fatal(err, in)
		}
		same(t, "batch_topk", s, in.SAE, as, nil)
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	per := draw(TopK, "topk")
	per.PerSample = "layer_norm"
	coder := drawTranscoder(TopK, "skip_transcoder", n)
	for _, c := range []struct {
		layout string
		s      *SAE
		want   string
	}{
		{"sparsify", per, "layer_norm"}, {"dictionary_learning", per, "layer_norm"},
		{"dictionary_learning", coder, "no transcoders"}, {"saelens", coder, "none with topk"},
		{"sparsify", drawTranscoder(TopK, "transcoder", 3), "has 3 and 5"},
		{"lightning", coder, "no layout"},
	} {
		if _, _, err := Of(c.layout, c.s.copy(), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected %q", c.layout, err, c.want)
		}
	}
	if err := per.FoldInput(make([]float64, n), filled(2, n)); err == nil {
		t.Error("a scale was folded under layer_norm")
	}
}

func TestWeightsComeBackWithWhatTheyAreOf(t *testing.T) {
	state := checkpoint.NewDict("a", tensorOf(array{"a", []int64{2}, []float32{1, 2}}), "count", scalar(checkpoint.Int32, 7))
	w := &Weights{Model: state, Config: map[string]any{"model": map[string]any{"d": int64(4), "x": 0.5}},
		Data: map[string]any{"inputs": map[string]any{"shape": []any{int64(4)}}}, Epoch: 3, Metric: math.NaN(), Made: map[string]string{"v": "1"}}
	f, err := w.Safetensors("model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(write(t, []File{f}), f.Name)
	back, err := ReadWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	count, _ := checkpoint.Value[*checkpoint.Tensor](back.Model, "count")
	if back.Epoch != 3 || !math.IsNaN(back.Metric) || count.DType != checkpoint.Int32 || !bytes.Equal(count.Data, []byte{7, 0, 0, 0}) {
		t.Errorf("%+v", back)
	}
	if d := back.Config["model"].(map[string]any); d["d"] != int64(4) || d["x"] != 0.5 {
		t.Errorf("config %v", back.Config)
	}
}
