package dataset_test

import (
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

type deal struct {
	rows []int
	last bool
}

func deals(s *dataset.Sampler, n int) []deal {
	var out []deal
	for range n {
		rows, last := s.Next()
		out = append(out, deal{rows, last})
	}
	return out
}

func same(a, b []deal) bool {
	return slices.EqualFunc(a, b, func(x, y deal) bool { return x.last == y.last && slices.Equal(x.rows, y.rows) })
}

var samplers = []struct {
	n, batch int
	dropLast bool
	steps    int
}{{10, 3, false, 4}, {10, 3, true, 3}, {9, 3, true, 3}, {9, 3, false, 3}, {1, 4, false, 1}, {3, 4, true, 1}, {5, 1, false, 5}}

func TestAnEpochDealsEveryRowOnce(t *testing.T) {
	for _, c := range samplers {
		s := dataset.NewSampler(c.n, c.batch, 7, c.dropLast)
		if s.StepsPerEpoch() != c.steps {
			t.Errorf("%+v: %d steps", c, s.StepsPerEpoch())
		}
		for range 3 {
			seen := map[int]int{}
			for k, d := range deals(s, c.steps) {
				if d.last != (k == c.steps-1) {
					t.Errorf("%+v: batch %d, last %v", c, k, d.last)
				}
				for _, r := range d.rows {
					seen[r]++
				}
			}
			want := c.n
			if c.dropLast && c.n >= c.batch {
				want = c.n / c.batch * c.batch
			}
			for r, times := range seen {
				if r < 0 || r >= c.n || times != 1 {
					t.Errorf("%+v: row %d dealt %d times", c, r, times)
				}
			}
			if len(seen) != want {
				t.Errorf("%+v: %d rows dealt, want %d", c, len(seen), want)
			}
		}
	}
}

func TestTheOrderIsAFunctionOfSeedAndEpoch(t *testing.T) {
	order := func(seed int64, epoch int) []int {
		s := dataset.NewSampler(100, 100, seed, false)
		rows := deals(s, epoch+1)
		return rows[epoch].rows
	}
	if !slices.Equal(order(1, 2), order(1, 2)) {
		t.Error("the same seed and epoch, another order")
	}
	if slices.Equal(order(1, 0), order(1, 1)) || slices.Equal(order(1, 0), order(2, 0)) || slices.Equal(order(1, 1), order(2, 0)) {
		t.Error("the same order for another seed or epoch")
	}
}

// A change of this order breaks the resuming of every checkpoint that exists: the
// algorithm's name must change with it.
func TestTheOrderIsFixedForGood(t *testing.T) {
	s := dataset.NewSampler(10, 10, 42, false)
	first, _ := s.Next()
	second, _ := s.Next()
	if want := []int{7, 8, 2, 3, 4, 0, 9, 1, 6, 5}; !slices.Equal(first, want) {
		t.Errorf("epoch 0: %v, want %v", first, want)
	}
	if want := []int{7, 4, 5, 8, 0, 2, 3, 6, 9, 1}; !slices.Equal(second, want) {
		t.Errorf("epoch 1: %v, want %v", second, want)
	}
}

func TestASamplerResumesExactlyAtEveryPosition(t *testing.T) {
	for _, c := range samplers {
		total := 3 * c.steps
		want := deals(dataset.NewSampler(c.n, c.batch, -5, c.dropLast), total)
		for stop := range total {
			s := dataset.NewSampler(c.n, c.batch, -5, c.dropLast)
			deals(s, stop)
			st, err := dataset.SamplerStateFrom(s.State().Plain())
			if err != nil {
				t.Fatal(err)
			}
			resumed := dataset.NewSampler(c.n, c.batch, 99, c.dropLast) // the state's seed counts
			deals(resumed, 2)
			if err := resumed.Restore(st); err != nil {
				t.Fatalf("%+v, after %d: %v", c, stop, err)
			}
			if resumed.State() != st {
				t.Errorf("%+v: %+v restored as %+v", c, st, resumed.State())
			}
			if !same(deals(resumed, total-stop), want[stop:]) {
				t.Errorf("%+v: stopped after %d, other batches follow", c, stop)
			}
		}
	}
}

func TestAnImpossibleStateIsRefused(t *testing.T) {
	s := dataset.NewSampler(10, 3, 1, true)
	s.Next()
	good := s.State()
	for name, edit := range map[string]func(*dataset.SamplerState){
		"algorithm": func(st *dataset.SamplerState) { st.Algorithm = "mt19937" },
		"10":        func(st *dataset.SamplerState) { st.N = 11 },
		"epoch -1":  func(st *dataset.SamplerState) { st.Epoch = -1 },
		"position -3": func(st *dataset.SamplerState) {
			st.Position = -3
		},
		"position 10": func(st *dataset.SamplerState) { st.Position = 10 },
		"batch_size":  func(st *dataset.SamplerState) { st.Position = 8 }, // two are left, which drop_last drops
	} {
		st := good
		edit(&st)
		want := name
		if name == "algorithm" {
			want = "mt19937"
		}
		wantSentence(t, s.Restore(st), want)
		if s.State() != good {
			t.Errorf("%s: a refused state changed the sampler", name)
		}
	}
	plain := good.Plain()
	delete(plain, "position")
	_, err := dataset.SamplerStateFrom(plain)
	wantSentence(t, err, "position", "found nothing")
	_, err = dataset.SamplerStateFrom(map[string]any{})
	wantSentence(t, err, "algorithm")
}
