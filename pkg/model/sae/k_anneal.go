package sae

import (
	"fmt"
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// KAnnealing is the keys of a k that falls in the first steps of training, so that all
// latents learn something before they compete.
type KAnnealing struct {
	KStart       *int64 `yaml:"k_start" check:"min=1" doc:"the k of the first step, from which it falls to k; for example the input's dimensions"`
	KAnnealSteps int64  `yaml:"k_anneal_steps" default:"0" check:"min=0" doc:"the steps in which k falls from k_start, linearly; evaluation has the k that it falls to"`
}

func (c KAnnealing) problems(library string, k float64, latents int64) (problems []string) {
	switch {
	case c.KStart != nil && library != "" && library != sparsify:
		return []string{"k_start: with compat: " + library + " k does not fall; remove one of both"}
	case c.KStart == nil && c.KAnnealSteps > 0:
		return []string{"k_anneal_steps: it needs k_start, the k to fall from; add it"}
	case c.KStart == nil:
		return nil
	case c.KAnnealSteps == 0:
		problems = append(problems, "k_start: it needs k_anneal_steps, the steps in which k falls; add them")
	}
	if *c.KStart > latents {
		problems = append(problems, tooMany("k_start", *c.KStart, latents))
	}
	if float64(*c.KStart) < k {
		problems = append(problems, fmt.Sprintf("k_start: found %d, expected at least k, which is %v", *c.KStart, k))
	}
	return problems
}

// until is the schedule that ends at k.
func (c KAnnealing) until(k float64) kSchedule {
	if c.KStart == nil {
		return kSchedule{first: k, last: k}
	}
	return kSchedule{first: float64(*c.KStart), last: k, steps: c.KAnnealSteps}
}

// kSchedule is k, or one that falls linearly in the first steps of training, as in
// dictionary_learning and sparsify. The shapes of a step of training stay those of the first
// k: what lies behind the k of the step is 0.
type kSchedule struct {
	first, last float64
	steps       int64
	lag         int64 // the steps after which k begins to fall
}

// at is k in a step of training.
func (k kSchedule) at(step int64) float64 {
	step = max(0, step-k.lag)
	if step >= k.steps {
		return k.last
	}
	return k.first + (k.last-k.first)*float64(step)/float64(k.steps)
}

// fixed says that k is the same in each step, as in evaluation.
func (k kSchedule) fixed(c *model.Context) bool { return k.steps == 0 || !c.Train }

// most is the k that shapes are of.
func (k kSchedule) most(c *model.Context) float64 {
	if k.fixed(c) {
		return k.last
	}
	return k.first
}

// cut leaves of the short codes of each sample the k largest, or a multiple of them, where
// k is that of the step, to the nearest whole number.
func (k kSchedule) cut(c *model.Context, f, latents *torch.Tensor, times float64) (values, places *torch.Tensor) {
	if k.fixed(c) {
		return f, latents
	}
	values, places = f.Sort(1, true)
	return values.Mul(k.kept(c, f, times)), latents.Gather(1, places)
}

// kept is 1 at the largest of such codes in order, as many as k or a multiple of it, else 0.
func (k kSchedule) kept(c *model.Context, f *torch.Tensor, times float64) *torch.Tensor {
	many := c.Scheduled(f, func(step int64) float64 { return times * math.RoundToEven(k.at(step)) })
	return foremost(many, f.Size(1)).To(f.DType())
}

// cutBatch leaves of the codes of all n samples of a batch the ⌊n·k⌋ largest, in order. They
// are counted in float64: a float32 is exact only to 2^24.
func (k kSchedule) cutBatch(c *model.Context, f, latents *torch.Tensor, n int64) (values, places *torch.Tensor) {
	if k.fixed(c) {
		return f, latents
	}
	values, places = f.Sort(0, true)
	many := c.Scheduled(torch.Empty(nil, torch.Like(f), torch.As(torch.Float64)), k.at).MulScalar(float64(n)).ClampMin(1)
	return values.Mul(foremost(many, f.Size(0)).To(f.DType())), latents.Gather(0, places)
}

// foremost is [n] bool: true at the first of them, as many as that.
func foremost(many *torch.Tensor, n int64) *torch.Tensor {
	return many.Sub(torch.Arange(n, torch.Like(many)).AddScalar(1)).Ge(0)
}
