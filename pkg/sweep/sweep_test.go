package sweep

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func axis(t *testing.T, kind, arg string) Axis {
	t.Helper()
	a, err := ParseAxis(kind, arg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func points(t *testing.T, samples int, seed int64, axes ...Axis) []Point {
	t.Helper()
	out, err := Points(axes, samples, seed)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAGridHasEveryCombinationTheLastKeyFastest(t *testing.T) {
	got := points(t, 0, 0, axis(t, Grid, "model.beta=1,2"), axis(t, Grid, "model.encoder.hidden_dims=[8, 4], [2],{a: [1,2]}, 'x,y'"))
	if len(got) != 8 || fmt.Sprint(got[1]) != "[model.beta=1 model.encoder.hidden_dims=[2]]" || fmt.Sprint(got[7]) != "[model.beta=2 model.encoder.hidden_dims='x,y']" {
		t.Error(got)
	}
}

func TestSamplesAreRepeatableAndGoOn(t *testing.T) {
	lr, beta, act := axis(t, LogUniform, "training.optimizer.lr=1e-4,1e-2"), axis(t, Uniform, "model.beta=0.5,8.0"), axis(t, Choice, "a=x,y,z")
	ten, twenty := points(t, 10, 3, lr, beta, act), points(t, 20, 3, lr, beta, act)
	if fmt.Sprint(ten) != fmt.Sprint(twenty[:10]) {
		t.Error("more samples begin with others")
	}
	if fmt.Sprint(ten) == fmt.Sprint(points(t, 10, 4, lr, beta, act)) {
		t.Error("another seed gives the same")
	}
	alone := points(t, 10, 3, lr)
	for i := range ten {
		if alone[i][0] != ten[i][0] {
			t.Error("another key changes the samples of the first")
		}
	}
	// These are the samples of every machine and every version.
	if got := fmt.Sprint(ten[0]); got != golden {
		t.Errorf("found %s, want %s", got, golden)
	}
}

func TestSamplesLieWithinTheirLimits(t *testing.T) {
	for _, c := range []struct {
		kind, arg string
		low, high float64
	}{{Uniform, "k=0.5,8.0", 0.5, 8}, {LogUniform, "k=1e-4,1e-2", 1e-4, 1e-2}, {Uniform, "k=2,4", 2, 4}, {LogUniform, "k=1,64", 1, 64}, {Uniform, "k=-3,-1", -3, -1}} {
		seen := map[string]int{}
		below := 0
		for _, p := range points(t, 2000, 1, axis(t, c.kind, c.arg)) {
			x, err := strconv.ParseFloat(p[0].Value, 64)
			if err != nil || x < c.low*(1-math.Copysign(1e-3, c.low)) || x > c.high*(1+math.Copysign(1e-3, c.high)) {
				t.Fatalf("%s: %s", c.arg, p[0].Value)
			}
			middle := (c.low + c.high) / 2
			if c.kind == LogUniform {
				middle = math.Sqrt(c.low * c.high)
			}
			if x < middle {
				below++
			}
			seen[p[0].Value]++
		}
		if whole := !strings.ContainsAny(c.arg, ".e"); whole != (len(seen) <= 64) {
			t.Errorf("%s: %d values", c.arg, len(seen))
		}
		if c.arg != "k=2,4" && c.arg != "k=-3,-1" && (below < 850 || below > 1150) {
			t.Errorf("%s: %d of 2000 lie below the middle", c.arg, below)
		}
		if c.arg == "k=2,4" && (seen["2"] < 550 || seen["4"] < 550) {
			t.Errorf("%s: %v", c.arg, seen)
		}
	}
}

func TestAGridAndSamplesMultiply(t *testing.T) {
	got := points(t, 3, 1, axis(t, Grid, "a=1,2"), axis(t, Uniform, "b=0.0,1.0"))
	if len(got) != 6 || got[0][0].Value != "1" || got[3][0].Value != "2" || got[0][1] != got[3][1] || got[0][1] == got[1][1] {
		t.Error(got)
	}
}

func TestNamesTellTheValuesAndAreFolders(t *testing.T) {
	folder := regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`)
	for _, c := range []struct {
		point Point
		want  string
	}{
		{Point{{"model.beta", "4"}, {"model.latent_dim", "16"}}, "base_beta-4_latent_dim-16"},
		{Point{{"training.optimizer.lr", "1e-4"}, {"a.lr", "0.1"}}, "base_optimizer.lr-1e-4_a.lr-0.1"},
		{Point{{"model.encoder.hidden_dims", "[512, 256]"}}, "base_hidden_dims-512-256"},
		{Point{{"x", "{name: sgd, lr: 1}"}}, "base_x-name-sgd-lr-1"},
		{Point{{"data.path", "../data/ä.npy"}}, "base_path-..-data-.npy"},
		{Point{{"x", "-1"}}, "base_x--1"},
	} {
		if got := Names("base", []Point{c.point})[0]; got != c.want || !folder.MatchString(got) {
			t.Errorf("%v: %s, want %s", c.point, got, c.want)
		}
	}
	names := Names("base", []Point{{{"p", "a/b"}}, {{"p", "a b"}}, {{"p", strings.Repeat("x", 300)}}, {{"p", strings.Repeat("x", 301)}}})
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] || len(n) > 200 || !folder.MatchString(n) {
			t.Errorf("%q", names)
		}
		seen[n] = true
	}
}

func TestASearchThatCannotBeIsAMistake(t *testing.T) {
	for _, c := range []struct{ kind, arg, phrase string }{
		{Grid, "model.beta", "expected KEY=VALUE"}, {Grid, "=1", "expected KEY=VALUE"}, {Grid, "a=", "value 1 is empty"}, {Grid, "a=1,,2", "value 2 is empty"},
		{Grid, "a=1,2,1", "1 comes twice"}, {Grid, "a=[1,2", "not closed"}, {Grid, "a=1],2", "without its beginning"}, {Grid, "experiment.name=a,b", "the sweep's own business"},
		{Uniform, "a=1", "expected the lower and the upper limit"}, {Uniform, "a=1,2,3", "found 3 values"}, {Uniform, "a=x,2", "x is no number"}, {Uniform, "a=1,y", "y is no number"},
		{Uniform, "a=2,1", "must be below"}, {Uniform, "a=1,inf", "finite"}, {Uniform, "a=nan,1", "must be below"}, {LogUniform, "a=0,1", "above 0"}, {LogUniform, "a=-1,1", "above 0"},
	} {
		_, err := ParseAxis(c.kind, c.arg)
		if m, ok := err.(*Mistake); !ok || !m.UserError() || !strings.Contains(err.Error(), c.phrase) || !strings.HasPrefix(err.Error(), "--"+c.kind) {
			t.Errorf("--%s %s: %v, want %q", c.kind, c.arg, err, c.phrase)
		}
	}
	grid, uniform := axis(t, Grid, "a=1,2"), axis(t, Uniform, "b=1,2")
	many := strings.Repeat("x", 1)
	for i := range 101 {
		many += "," + strconv.Itoa(i)
	}
	for _, c := range []struct {
		axes    []Axis
		samples int
		phrase  string
	}{
		{nil, 0, "nothing is searched"}, {[]Axis{uniform}, 0, "needs --samples"}, {[]Axis{grid}, 3, "--samples needs a key"}, {[]Axis{grid, grid}, 0, "a is searched twice"},
		{[]Axis{uniform}, 20_000, "more than 10000"}, {[]Axis{axis(t, Grid, "c="+many), axis(t, Grid, "d="+many)}, 0, "more than 10000"},
	} {
		if _, err := Points(c.axes, c.samples, 0); err == nil || !strings.Contains(err.Error(), c.phrase) {
			t.Errorf("%v, want %q", err, c.phrase)
		}
	}
}

const golden = "[training.optimizer.lr=0.0002588 model.beta=3.344 a=y]"
