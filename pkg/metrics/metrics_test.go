package metrics

import (
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

func wantValues(t *testing.T, got []Value, want map[string]float64) {
	t.Helper()
	seen := 0
	for _, v := range got {
		w, ok := want[v.Name]
		if !ok {
			continue
		}
		seen++
		if math.Abs(v.Value-w) > 1e-6*(1+math.Abs(w)) {
			t.Errorf("%s is %.9g, want %.9g", v.Name, v.Value, w)
		}
	}
	if seen != len(want) {
		t.Errorf("%d of %d wanted values are among %v", seen, len(want), got)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// centre is the mean of rows of n numbers.
func centre(x []float32, n int) []float64 {
	mean := make([]float64, n)
	for i, v := range x {
		mean[i%n] += float64(v) * float64(n) / float64(len(x))
	}
	return mean
}

// The TopK example of three samples that SAELens, dictionary_learning and these formulas
// were compared on: x is sin(1 + i·4 + j), y what k = 2 latents of a decoder with unit rows
// sin(1.3 + i·4 + j)/|…| and b_dec 0.1 sin(1.9 + j) give.
func topKExample() (x, y, codes []float32) {
	const n, m, k = 4, 6, 2
	wave := func(q, o float64) float32 { return float32(q * math.Sin(o)) }
	var dec [m][n]float64
	for i := range m {
		norm := 0.0
		for j := range n {
			dec[i][j] = math.Sin(1.3 + float64(i*n+j))
			norm += dec[i][j] * dec[i][j]
		}
		for j := range n {
			dec[i][j] /= math.Sqrt(norm)
		}
	}
	for i := range 3 {
		var h [m]float64
		for l := range m {
			h[l] = 0.1 * math.Sin(1.7+float64(l))
			for j := range n {
				h[l] += (math.Sin(float64(1+i*n+j)) - 0.1*math.Sin(1.9+float64(j))) * dec[l][j]
			}
		}
		first, second := -1, -1
		for l := range m {
			switch {
			case first < 0 || h[l] > h[first]:
				first, second = l, first
			case second < 0 || h[l] > h[second]:
				second = l
			}
		}
		f := [m]float64{}
		for _, l := range []int{first, second} {
			f[l] = max(h[l], 0)
		}
		for j := range n {
			x = append(x, wave(1, float64(1+i*n+j)))
			out := 0.1 * math.Sin(1.9+float64(j))
			for l := range m {
				out += f[l] * dec[l][j]
			}
			y = append(y, float32(out))
		}
		for l := range m {
			codes = append(codes, float32(f[l]))
		}
	}
	return x, y, codes
}

func TestReconstructionHasThePublishedValues(t *testing.T) {
	x, y, codes := topKExample()
	r := NewReconstruction(4, centre(x, 4))
	r.Add(x[:4], y[:4])
	r.Add(x[4:], y[4:])
	wantValues(t, r.Values(), map[string]float64{"mse": 1.540415 / 4, "fvu": 0.743740, "explained_variance": 0.258082, "explained_variance_legacy": 0.270814,
		"explained_variance_saelens": 1 - 0.743740, "cosine": 0.999336})
	s := NewSparsity(6)
	s.Add(codes)
	if l0 := s.Values()[0]; l0.Name != "l0" || l0.Value > 2 || l0.Value <= 0 {
		t.Errorf("%+v for k = 2", l0)
	}
}

func TestAPerfectReconstructionHasTheBestValues(t *testing.T) {
	x := make([]float32, 3*2*16*16)
	for i := range x {
		x[i] = rand.Float32()
	}
	r := NewReconstruction(2*16*16, nil)
	r.Add(x, x)
	wantValues(t, r.Values(), map[string]float64{"mse": 0, "fvu": 0, "explained_variance": 1, "nmse": 0, "cosine": 1, "l2_ratio": 1, "relative_bias": 1})
	m := NewImage(2, 16, 16, 1)
	m.Add(x, x)
	wantValues(t, m.Values(), map[string]float64{"psnr": math.Inf(1), "ssim": 1})
}

func TestAConstantErrorIsSeenByFVUOnly(t *testing.T) {
	x, y := []float32{1, 2, 3, 6, 5, 4}, []float32{2, 3, 4, 7, 6, 5}
	r := NewReconstruction(2, nil)
	r.Add(x, y)
	wantValues(t, r.Values(), map[string]float64{"explained_variance": 1, "fvu": 6.0 / (8 + 8), "mse": 1})
}

func TestPSNRIsInDecibel(t *testing.T) {
	m := NewImage(1, 2, 2, 1)
	m.Add([]float32{0, 0, 0, 0}, []float32{0.1, 0.1, 0.1, 0.1})
	wantValues(t, m.Values()[:1], map[string]float64{"psnr": 20})
}

func TestSparsityCountsActiveLatents(t *testing.T) {
	s := NewSparsity(4)
	for range 5 {
		s.Add([]float32{1, 0, 0, 2, 0, 0, 0, 1})
	}
	wantValues(t, s.Values(), map[string]float64{"l0": 1.5, "l0_median": 1.5, "l0_p95": 2, "l1": 2, "dead": 0.5, "dense_0.5": 0.25, "dense_0.1": 0.5, "dense_0.01": 0.5})
	var counted int
	for _, b := range s.Density() {
		counted += b.Count
	}
	if counted != 2 {
		t.Errorf("%d latents in %v, want the 2 that are active", counted, s.Density())
	}
}

func TestTheSameDictionaryIsFoundWhole(t *testing.T) {
	atoms := []float32{3, 0, 0, 2, 1, 1}
	permuted := []float32{1, 1, 0, 5, 7, 0, 0, 0}
	wantValues(t, must(Recovery(t.Context(), atoms, permuted, 2)), map[string]float64{"recovered": 1, "recovery": 1})
	wantValues(t, must(MMCS(t.Context(), permuted, atoms, 2)), map[string]float64{"mmcs": 0.75, "mmcs_reverse": 1}) // the row of zeros is like none
	wantValues(t, must(Recovery(t.Context(), atoms, []float32{1, 0}, 2)), map[string]float64{"recovered": 1.0 / 3, "recovery": (1 + math.Sqrt(0.5)) / 3})
}

func TestThePosteriorHasThePublishedKL(t *testing.T) {
	a := func(r, c int, o, q float64) (out []float32) {
		for i := range r {
			for j := range c {
				out = append(out, float32(q*math.Sin(o+1+float64(i*c+j))))
			}
		}
		return out
	}
	p := NewPosterior(3)
	p.Add(a(4, 3, 0, 1), a(4, 3, 0.5, 0.5))
	wantValues(t, p.Values(), map[string]float64{"kl": 0.881787, "kl/0": 0.308981, "kl/1": 0.500619, "kl/2": 0.072187, "active_units": 3})
}

// Three of four codes, half, a quarter and a quarter of the places: the entropy is 1.5 ln 2.
func TestTheCodesInUse(t *testing.T) {
	c := NewCodebook(4)
	c.Add([]float32{0, 2, 0, 3})
	c.Add([]float32{2, 0, 3, 0})
	wantValues(t, c.Values(), map[string]float64{"perplexity": math.Pow(2, 1.5), "code_usage": 0.75})
}

func TestClassesAndNumbers(t *testing.T) {
	c := NewClasses(3)
	c.Add([]float32{2, 0, 0, 0, 3, 0, 1, 0, 0, 0, 0, 4}, []float32{0, 1, 1, 2})
	right := []float64{math.Log(math.Exp(2)+2) - 2, math.Log(math.Exp(3)+2) - 3, math.Log(math.E + 2), math.Log(math.Exp(4)+2) - 4}
	wantValues(t, c.Values(), map[string]float64{"accuracy": 0.75, "balanced_accuracy": (1 + 0.5 + 1) / 3.0, "f1_macro": (2.0/3 + 2.0/3 + 1) / 3,
		"log_loss": (right[0] + right[1] + right[2] + right[3]) / 4})
	r := NewRegression(1)
	r.Add([]float32{1, 2, 3, 6}, []float32{1, 2, 4, 4})
	wantValues(t, r.Values(), map[string]float64{"mse": 1.25, "rmse": math.Sqrt(1.25), "mae": 0.75, "r2": 1 - 5.0/14})
}

func TestEveryNameHasADefinition(t *testing.T) {
	r, i, s, p, c, n := NewReconstruction(1, []float64{0}), NewImage(1, 22, 22, 1), NewSparsity(1), NewPosterior(1), NewClasses(1), NewRegression(1)
	one := Coded{K: 1, Mu: []float32{1}, F: 1, Truth: []float32{1}}
	all := []Value{{"mig/shape", 0}, {"probe_5", 0}, must(SAP(t.Context(), one, one)), FactorVAEScore(one)}
	for _, list := range [][]Value{r.Values(), i.Values(), s.Values(), p.Values(), c.Values(), n.Values(), must(Recovery(t.Context(), []float32{1}, []float32{1}, 1)),
		must(MMCS(t.Context(), []float32{1}, []float32{1}, 1)), MIG(one, nil), must(DCI(t.Context(), one, one)), NewImportance(1).Values(), NewCodebook(1).Values(), must(Aggregated(t.Context(), []float32{0}, []float32{0}, []float32{0}, 1))} {
		all = append(all, list...)
	}
	for _, v := range all {
		if Meaning(v.Name) == "" {
			t.Errorf("%s has no definition", v.Name)
		}
	}
	for _, unknown := range []string{"no_such_name", "kind/of"} {
		if d := Meaning(unknown); d != "" {
			t.Errorf("an unknown name means %q", d)
		}
	}
	if d := Meaning("my_shape_accuracy"); d != "of the head my_shape: share of right answers" {
		t.Errorf("the accuracy of a head is %q", d)
	}
}

func TestEveryNameHasOneDefinition(t *testing.T) {
	seen := map[string]bool{}
	for _, group := range All {
		for _, d := range group.List {
			if seen[d.Name] {
				t.Errorf("%s is defined twice", d.Name)
			}
			seen[d.Name] = true
		}
	}
}

// Behind a semicolon stands a source and nothing else: docs/evaluate.md has a column of them.
func TestBehindASemicolonIsASource(t *testing.T) {
	source := regexp.MustCompile(`^(\p{L}[\p{L} .]* (and \p{L}+ )?(19|20)\d\d|SAELens|OpenAI|dictionary_learning|scikit-learn|as dci_disentanglement$)`)
	for _, group := range All {
		for _, d := range group.List {
			if _, from, cited := strings.Cut(d.Text, "; "); cited && !source.MatchString(from) {
				t.Errorf("%s is of %q", d.Name, from)
			}
		}
	}
}
