package metrics

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func coded(mu []float32, k int, truth []float32, f int) Coded {
	return Coded{K: k, Mu: mu, F: f, Truth: truth}
}

// separate has a latent for each of two factors and one for none, mixed has all in each.
func separate(n int) (own, mixed Coded) {
	own, mixed = Coded{K: 3, F: 3}, Coded{K: 3, F: 3}
	for i := range n {
		a, b := float32(i%4), float32(i/4%5)
		own.Truth = append(own.Truth, a, b, 7) // the third does not vary
		own.Mu = append(own.Mu, 10*a, -b, 0)
		mixed.Mu = append(mixed.Mu, a+4*b, a+4*b, a)
	}
	mixed.Truth = own.Truth
	return own, mixed
}

func TestTheGapIsLargeWhereEachFactorHasALatentOfItsOwn(t *testing.T) {
	own, mixed := separate(400)
	wantValues(t, MIG(own, []string{"a", "b"}), map[string]float64{"mig": 1, "mig/a": 1, "mig/b": 1})
	if v := MIG(mixed, nil)[0].Value; v > 0.1 {
		t.Errorf("mig is %v where two latents tell the same", v)
	}
	if v := MIG(coded(own.Mu[:400], 1, own.Mu[:400], 1), nil)[0].Value; !math.IsNaN(v) {
		t.Errorf("one latent has the gap %v", v)
	}
}

// A continuous factor is cut into bins: were each value a class of its own, every latent
// would tell all of it.
func TestAContinuousFactorIsCutIntoBins(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	c := Coded{K: 2, F: 1}
	for range 4000 {
		v := draw.Float32()
		c.Truth, c.Mu = append(c.Truth, v), append(c.Mu, v, draw.Float32())
	}
	if v := MIG(c, nil)[0].Value; v < 0.9 || v > 1.01 {
		t.Errorf("mig is %v for a latent that is the factor", v)
	}
	if v := must(SAP(t.Context(), c, c)).Value; v < 0.95 {
		t.Errorf("sap is %v for a latent that is the factor", v)
	}
}

// The gap by hand: two binary factors, I of a latent that is right three times of four is
// ln 2 - H(1/4), in units of H = ln 2.
func TestTheGapByHand(t *testing.T) {
	c := coded([]float32{0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1}, 2, []float32{0, 0, 1, 1, 0, 0, 1, 1}, 1)
	// latent 0 is 0 0 1 1 0 0 1 1, latent 1 is 0 1 1 0 0 0 1 1: right 6 times of 8.
	h := -(0.75*math.Log(0.75) + 0.25*math.Log(0.25))
	wantValues(t, MIG(c, nil), map[string]float64{"mig": h / math.Ln2})
}

func TestWhatTreesFindImportant(t *testing.T) {
	own, _ := separate(400)
	wantValues(t, must(DCI(t.Context(), own, own)), map[string]float64{"dci_disentanglement": 1, "dci_completeness": 1, "dci_informativeness": 1})
	if v := must(SAP(t.Context(), own, own)).Value; v < 0.2 {
		t.Errorf("sap is %v", v)
	}
	wantValues(t, []Value{FactorVAEScore(own)}, map[string]float64{"factor_vae_score": 1})
}

// Importance in equal shares is neither disentangled nor complete.
func TestSharesOfImportance(t *testing.T) {
	half := [][]float64{{0.5, 0.5}, {0.5, 0.5}}
	if d, c := disentanglement(half, 2), completeness(half, 2); math.Abs(d) > 1e-9 || math.Abs(c) > 1e-9 {
		t.Errorf("%v and %v", d, c)
	}
	// By hand: rows of latents (0.75, 0.25) and (0.25, 0.75), each of weight 1.
	skew := [][]float64{{0.75, 0.25}, {0.25, 0.75}}
	want := 1 + (0.75*math.Log(0.75)+0.25*math.Log(0.25))/math.Ln2
	if d := disentanglement(skew, 2); math.Abs(d-want) > 1e-9 {
		t.Errorf("%v, want %v", d, want)
	}
}

func TestNothingVaries(t *testing.T) {
	c := coded([]float32{1, 2, 3, 4}, 2, []float32{5, 5}, 1)
	for _, v := range append(append(must(DCI(t.Context(), c, c)), MIG(c, nil)...), must(SAP(t.Context(), c, c)), FactorVAEScore(c)) {
		if !math.IsNaN(v.Value) {
			t.Errorf("%+v without a factor that varies", v)
		}
	}
	still := coded(make([]float32, 8), 2, []float32{0, 0, 1, 1}, 1)
	wantValues(t, []Value{FactorVAEScore(still)}, map[string]float64{"factor_vae_score": 0})
}

// The published values of minibatch-weighted sampling for B = 4, K = 3 and N = 10, without
// its offsets of ln N in each logarithm of q.
func TestTheAggregatedPosteriorHasThePublishedValues(t *testing.T) {
	wave := func(o, q float64) (out []float32) {
		for i := range 12 {
			out = append(out, float32(q*math.Sin(o+1+float64(i))))
		}
		return out
	}
	mu, s, z := wave(0, 1), wave(0.5, 0.5), wave(2, 1)
	for i := range z {
		z[i] = mu[i] + float32(math.Exp(float64(s[i])/2))*z[i]
	}
	ln := math.Log(10)
	got := must(Aggregated(t.Context(), mu, s, z, 3))
	wantValues(t, got, map[string]float64{"mutual_information": 2.842201 - ln, "total_correlation": 4.609707 - 2*ln, "dimension_kl": -7.330619 + 3*ln})
}

func TestTheBoundOfImportanceSamplingHasThePublishedValue(t *testing.T) {
	m := NewImportance(2)
	m.Add([]float64{-1, -2, -3})
	wantValues(t, m.Values(), map[string]float64{"elbo": -2, "nll": 1.691006, "bits_per_dim": 1.691006 / 2 / math.Ln2})
	m.Add([]float64{-1e4, -2e4})
	wantValues(t, m.Values(), map[string]float64{"nll": (1.691006 + 1e4 + math.Ln2) / 2})
}

func TestFewLatentsTellTheClass(t *testing.T) {
	draw := rand.New(rand.NewPCG(3, 4))
	make1 := func(n int) (*SparseCodes, []int) {
		s, labels := NewSparseCodes(6), []int(nil)
		for range n {
			row, class := make([]float32, 6), draw.IntN(3)
			row[class], row[3+draw.IntN(3)] = 1+draw.Float32(), 2*draw.Float32()
			s.Add(row)
			labels = append(labels, class)
		}
		return s, labels
	}
	fit, of := make1(300)
	test, truth := make1(150)
	wantValues(t, must(Probe(t.Context(), fit, test, of, truth, 3)), map[string]float64{"probe_1": 1, "probe_2": 1, "probe_5": 1})
	for i := range truth {
		truth[i] = (truth[i] + 1) % 3
	}
	if v := must(Probe(t.Context(), fit, test, of, truth, 3))[0].Value; v > 0.4 {
		t.Errorf("the wrong classes are told with %v", v)
	}
	if got := must(Probe(t.Context(), fit, test, of, make([]int, len(truth)), 3)); len(got) != 0 {
		t.Errorf("%v where one class alone is judged", got)
	}
}

func TestWhatTakesLongEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	own, _ := separate(40)
	codes := NewSparseCodes(1)
	codes.Add([]float32{1, 2})
	for name, measure := range map[string]func() error{
		"sap":         func() error { _, err := SAP(ctx, own, own); return err },
		"dci":         func() error { _, err := DCI(ctx, own, own); return err },
		"probe":       func() error { _, err := Probe(ctx, codes, codes, []int{0, 1}, []int{0, 1}, 2); return err },
		"matched":     func() error { _, err := Matched(ctx, []float32{1}, []float32{1}, 1); return err },
		"mmcs":        func() error { _, err := MMCS(ctx, []float32{1}, []float32{1}, 1); return err },
		"recovery":    func() error { _, err := Recovery(ctx, []float32{1}, []float32{1}, 1); return err },
		"aggregation": func() error { _, err := Aggregated(ctx, []float32{0}, []float32{0}, []float32{0}, 1); return err },
	} {
		if err := measure(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v after the context ended", name, err)
		}
	}
}
