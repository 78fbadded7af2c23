package dataset_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

var blockSamplers = []struct {
	n, batch, size, mixed int
	dropLast              bool
}{{100, 7, 10, 3, false}, {97, 8, 10, 3, true}, {5, 2, 10, 4, false}, {64, 64, 4, 2, false}, {50, 9, 1, 1, false}, {31, 4, 3, 100, true}}

// An epoch in blocks deals every row once, whole windows one after another.
func TestAnEpochInBlocksDealsWindowAfterWindow(t *testing.T) {
	for _, c := range blockSamplers {
		s := dataset.NewSampler(c.n, c.batch, 7, false).InBlocks(c.size, c.mixed)
		var before []int
		for epoch := range 3 {
			var all []int
			for range s.StepsPerEpoch() {
				rows, last := s.Next()
				all = append(all, rows...)
				if last != (len(all) == c.n) {
					t.Errorf("%+v: after %d rows, last %v", c, len(all), last)
				}
			}
			sorted := slices.Clone(all)
			slices.Sort(sorted)
			if !slices.Equal(sorted, upTo(c.n)) {
				t.Fatalf("%+v: epoch %d deals %v", c, epoch, all)
			}
			seen := map[int]bool{}
			for from := 0; from < c.n; { // a window: rows of at most mixed blocks, all of them
				blocks := map[int]int{}
				to := from
				for ; to < c.n; to++ {
					b := all[to] / c.size
					if seen[b] || blocks[b] == 0 && len(blocks) == c.mixed {
						break
					}
					blocks[b]++
				}
				for b, count := range blocks {
					if want := min(c.size, c.n-b*c.size); count != want {
						t.Fatalf("%+v: a window has %d of the %d rows of block %d", c, count, want, b)
					}
					seen[b] = true
				}
				if to == from {
					t.Fatalf("%+v: a block comes twice", c)
				}
				from = to
			}
			if c.n > 20 && slices.Equal(all, before) {
				t.Errorf("%+v: two epochs are alike", c)
			}
			before = all
		}
	}
}

func TestASamplerInBlocksResumesExactlyAtEveryPosition(t *testing.T) {
	for _, c := range blockSamplers {
		fresh := func(seed int64) *dataset.Sampler {
			return dataset.NewSampler(c.n, c.batch, seed, c.dropLast).InBlocks(c.size, c.mixed)
		}
		total := 3 * fresh(1).StepsPerEpoch()
		want := deals(fresh(-5), total)
		for stop := range total {
			s := fresh(-5)
			deals(s, stop)
			st, err := dataset.SamplerStateFrom(s.State().Plain())
			if err != nil {
				t.Fatal(err)
			}
			resumed := fresh(99)
			deals(resumed, 2)
			if err := resumed.Restore(st); err != nil {
				t.Fatalf("%+v, after %d: %v", c, stop, err)
			}
			if !same(deals(resumed, total-stop), want[stop:]) {
				t.Errorf("%+v: stopped after %d, other batches follow", c, stop)
			}
		}
	}
}

// A change of this order breaks the resuming of every checkpoint that exists: the
// algorithm's name must change with it.
func TestTheOrderInBlocksIsFixedForGood(t *testing.T) {
	s := dataset.NewSampler(12, 12, 42, false).InBlocks(3, 2)
	first, _ := s.Next()
	second, _ := s.Next()
	if got := fmt.Sprint(first, second); got != "[3 6 8 4 5 7 11 10 2 9 1 0] [8 7 6 2 0 1 11 9 5 4 10 3]" {
		t.Error(got)
	}
}

func TestAStateOfOtherBlocksIsRefused(t *testing.T) {
	s := dataset.NewSampler(100, 7, 1, false).InBlocks(10, 3)
	s.Next()
	wantSentence(t, dataset.NewSampler(100, 7, 1, false).Restore(s.State()), "pcg/blocks/1 size 10 mixed 3", "data.shuffle")
	wantSentence(t, dataset.NewSampler(100, 7, 1, false).InBlocks(10, 4).Restore(s.State()), "size 10 mixed 4")
}

// What is told ahead is every block but those of the first window, before its rows come.
func TestBlocksAreToldAhead(t *testing.T) {
	s := dataset.NewSampler(95, 8, 3, false).InBlocks(10, 2)
	told, first := map[int]bool{}, map[int]bool{}
	s.Ahead(func(from, to int) {
		if to-from > 10 || to > 95 {
			t.Errorf("rows %d to %d", from, to)
		}
		told[from/10] = true
	})
	dealt := 0
	for range s.StepsPerEpoch() {
		rows, _ := s.Next()
		for _, r := range rows {
			if dealt++; dealt <= 15 {
				first[r/10] = true
			} else if !told[r/10] && !first[r/10] {
				t.Fatalf("row %d came unannounced", r)
			}
		}
	}
}
