package sae

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
)

func falling(from, steps int64) KAnnealing { return KAnnealing{KStart: &from, KAnnealSteps: steps} }

// The training of a k that falls has in each step the loss of that k, with Multi-TopK too, and
// evaluation that of the last.
func TestAFallingKIsThatOfItsStep(t *testing.T) {
	for step, k := range map[int64]int64{0: 5, 1: 4, 2: 4, 3: 3, 4: 2, 6: 1, 9: 1} { // 5, 4.3, 3.7, 3, 2.3, 1, 1
		c, plain := topConfig(6, 1), topConfig(6, k)
		c.KAnnealing, c.MultiTopK, plain.MultiTopK = falling(5, 6), true, true
		if a, b := lossOf(t, TopK(), c, step), lossOf(t, TopK(), plain, step); math.Abs(a-b) > 1e-12 {
			t.Errorf("step %d: loss %v, with a k of %d %v", step, a, k, b)
		}
	}
	c, plain := topConfig(6, 1), topConfig(6, 1)
	c.KAnnealing = falling(5, 6)
	evaluated := func(c *TopKConfig) (loss float64) {
		run(t, TopK(), c, 4, func(m model.Model, s *Core) {
			loss = m.Loss(&model.Context{}, model.Batch{X: golden(s)}).Loss.Item()
		})
		return loss
	}
	if a, b := evaluated(c), evaluated(plain); a != b {
		t.Errorf("evaluation: loss %v, with the last k %v", a, b)
	}
}

// A batch shares ⌊B k⌋ activations, and the threshold follows what the last k keeps.
func TestAFallingKOfABatch(t *testing.T) {
	c := batchConfig(6, 1)
	c.KAnnealing = falling(4, 10)
	run(t, BatchTopK(), c, 4, func(m model.Model, s *Core) {
		x, b := golden(s), m.(*batchTopK)
		a := b.activations(x)
		positive := int(a.Gt(0).Sum().Item())
		for step := range int64(12) {
			f, smallest := b.shared(&model.Context{Train: true, Scalars: model.AtStep(step)}, a)
			want := min(int(math.Max(1, 4-0.3*float64(step))*3), positive)
			if got := int(f.Gt(0).Sum().Item()); got != want {
				t.Errorf("step %d: %d active, expected %d", step, got, want)
			}
			torchtest.Near(t, "smallest of the last k", smallest, 1e-6, 1.371599)
		}
	})
}

func TestWhatAFallingKNeeds(t *testing.T) {
	three := int64(3)
	for want, c := range map[string]KAnnealing{
		"needs k_start":        {KAnnealSteps: 5},
		"needs k_anneal_steps": {KStart: &three},
		"at most d_sae":        falling(9, 5),
		"at least k":           falling(1, 5),
	} {
		top := topConfig(6, 2)
		top.KAnnealing = c
		if got := top.Validate(); len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%q, expected %q", got, want)
		}
	}
	top := topConfig(6, 2)
	top.KAnnealing, top.Compat = falling(6, 5), saeLens
	if got := top.Validate(); len(got) != 1 || !strings.Contains(got[0], saeLens) {
		t.Errorf("%q", got)
	}
	top.Compat = sparsify
	if got := top.Validate(); !slices.Equal(got, nil) {
		t.Errorf("%q", got)
	}
}
