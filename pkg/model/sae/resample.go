package sae

import (
	"fmt"
	"math"
	"sort"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Resampling is the keys of how dead latents begin anew.
type Resampling struct {
	ResampleEverySteps  int64 `yaml:"resample_every_steps" default:"0" check:"min=0" doc:"the steps after which dead latents are given new weights; 0 never does it"`
	ResampleTimes       int64 `yaml:"resample_times" default:"4" check:"min=1" doc:"how often that is done"`
	ResampleWarmupSteps int64 `yaml:"resample_warmup_steps" default:"0" check:"min=0" doc:"the steps in which the learning rate grows again after it"`
}

// problems are of a warm-up that there is nothing to warm up after, or no time for.
func (r Resampling) problems() []string {
	switch {
	case r.ResampleWarmupSteps > 0 && r.ResampleEverySteps == 0:
		return []string{"resample_warmup_steps: it needs resample_every_steps, the steps after which dead latents are given new weights; add them"}
	case r.ResampleTimes > 1 && r.ResampleWarmupSteps > r.ResampleEverySteps:
		return []string{fmt.Sprintf("resample_warmup_steps: found %d, expected at most resample_every_steps, which is %d: else the learning rate is never whole between two times", r.ResampleWarmupSteps, r.ResampleEverySteps)}
	}
	return nil
}

// Revival is the keys of what brings dead latents of ReLU variants back.
type Revival struct {
	Resampling     `yaml:",inline"`
	GhostGradients bool `yaml:"ghost_gradients" default:"false" doc:"whether a loss lets dead latents explain the residual (Anthropic, January 2024)"`
}

// resampler gives dead latents new weights between two steps.
type resampler struct {
	of     *Core
	keys   Resampling
	biases []*torch.Tensor // that become 0, [m] each
	copies bool            // the fault of dictionary_learning's p_anneal: weights stay as they are
}

// RenewAt says whether it is time after so many steps.
func (r *resampler) RenewAt(step int64) bool {
	return step > 0 && step == r.last(step)
}

// last is the step of the last time up to a step, 0 before the first.
func (r *resampler) last(step int64) int64 {
	if r.keys.ResampleEverySteps == 0 {
		return 0
	}
	return min(step/r.keys.ResampleEverySteps, r.keys.ResampleTimes) * r.keys.ResampleEverySteps
}

// Pace is the share of the learning rate that a step has: it grows from 0 after each time, so
// that optimizers learn the sizes of new gradients before they take whole steps.
func (r *resampler) Pace(step int64) float64 {
	last := r.last(step)
	if since := step - last + 1; last > 0 && since < r.keys.ResampleWarmupSteps {
		return float64(since) / float64(r.keys.ResampleWarmupSteps)
	}
	return 1
}

// Renew gives dead latents new weights, as Bricken et al. 2023: the direction of a sample,
// taken with probability ∝ loss², that decoder rows have with norm 1 and the encoder with 0.2
// times the mean norm of the living; biases are 0, and so is what the optimizer keeps of them.
func (r *resampler) Renew(b model.Batch, moments func(p *torch.Tensor) []*torch.Tensor) {
	s := r.of
	x, y := s.pair(b)
	loss := y.Sub(s.reconstruct(x)).Square().SumDim([]int64{1}, false)
	rows := chosen(loss.Square().Float64s(), s.WDec.Size(0)).On(x.Device())
	dead := s.dead()
	from := func(t *torch.Tensor) *torch.Tensor {
		t = t.IndexSelect(0, rows).Clone()
		s.unitRows(t)
		return t
	}
	renew := func(param, mask, value *torch.Tensor) {
		if !r.copies {
			param.Copy_(mask.Where(value, param))
		}
		for _, m := range moments(param) {
			m.Copy_(m.MaskedFill(mask, 0))
		}
	}
	live := dead.LogicalNot().To(x.DType())
	norms := s.WEnc.NormDim([]int64{0}, false)
	size := norms.Mul(live).Sum().Div(live.Sum().ClampMin(1)).MulScalar(0.2)
	renew(s.WDec, dead.Unsqueeze(1), from(y))
	renew(s.WEnc, dead, from(x).Mul(size).Transpose(0, 1))
	for _, bias := range r.biases {
		renew(bias, dead, bias.ZerosLike())
	}
	s.Silent.Copy_(s.Silent.MaskedFill(dead, 0))
}

// chosen are n numbers of entries, each taken with a probability ∝ its weight, never where that
// is not finite; of all where no weight is positive. Chance is the default generator's.
func chosen(weights []float64, n int64) *torch.Tensor {
	sums, total := make([]float64, len(weights)), 0.0
	for i, w := range weights {
		if w > 0 && !math.IsInf(w, 0) {
			total += w
		}
		sums[i] = total
	}
	if !(total > 0) {
		for i := range sums {
			sums[i] = float64(i + 1)
		}
		total = float64(len(sums))
	}
	u := torch.Empty([]int64{n}, torch.As(torch.Float64))
	u.Uniform_(0, 1)
	rows := make([]int64, n)
	for i, at := range u.Float64s() {
		rows[i] = int64(min(sort.Search(len(sums), func(j int) bool { return sums[j] > at*total }), len(sums)-1))
	}
	return torch.FromInt64s(rows, []int64{n})
}
