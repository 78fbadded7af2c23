package export

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
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
