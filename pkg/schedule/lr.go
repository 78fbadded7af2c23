// Package schedule holds the learning-rate schedules and the warm-up ramps of
// loss terms. Every value is a pure function of the optimizer step, counted
// from 0, so a resumed run needs nothing but its step number to go on exactly.
package schedule

import (
	"fmt"
	"math"
)

// The names of the schedules.
const (
	Constant = "constant" // the base rate throughout
	Linear   = "linear"   // a straight line from the base rate to the minimum
	Cosine   = "cosine"   // half a cosine from the base rate to the minimum
	Step     = "step"     // times Gamma every StepSize steps
)

// Names lists the schedules in the order in which messages and help show them.
func Names() []string { return []string{Constant, Linear, Cosine, Step} }

// LR is a learning-rate schedule with a linear warm-up in front of it.
//
// In the first Warmup steps the rate is Base*(step+1)/Warmup: the first step
// already moves the weights (its rate is not zero), and the last of them has the
// full rate. The schedule proper starts after that, with t = step - Warmup.
// Linear and Cosine stay at Base up to DecayStart, come down to Min over the
// steps that remain and stay there, also when training goes on past Total.
type LR struct {
	Name       string  // one of Names
	Base       float64 // the rate after the warm-up
	Min        float64 // the rate at the end (linear, cosine)
	Gamma      float64 // the factor of each fall (step)
	Warmup     int64   // steps of warm-up; 0 = none
	DecayStart float64 // the step from which the rate falls, below 1 a share of Total (linear, cosine); 0 = after the warm-up
	StepSize   int64   // steps between two falls (step)
	Total      int64   // optimizer steps of the whole run, warm-up included (linear, cosine)
}

// At gives the rate for the update number step, counted from 0.
func (s LR) At(step int64) float64 {
	if step < s.Warmup {
		return s.Base * float64(step+1) / float64(s.Warmup)
	}
	from, fallen := max(s.Warmup, s.decayStart()), 0.0
	if step >= from {
		fallen = Ramp(step-from, s.Total-from)
	}
	switch s.Name {
	case Linear:
		return s.Min + (s.Base-s.Min)*(1-fallen)
	case Cosine:
		return s.Min + (s.Base-s.Min)*(1+math.Cos(math.Pi*fallen))/2
	case Step:
		if s.StepSize > 0 {
			return s.Base * math.Pow(s.Gamma, float64((step-s.Warmup)/s.StepSize))
		}
	}
	return s.Base
}

// decayStart is DecayStart as a step.
func (s LR) decayStart() int64 {
	if s.DecayStart < 1 {
		return int64(math.Round(s.DecayStart * float64(s.Total)))
	}
	return int64(s.DecayStart)
}

// UsesTotal says whether the rate depends on the length of the run, so that a
// run that is extended has another schedule than before.
func (s LR) UsesTotal() bool { return s.Name == Linear || s.Name == Cosine }

// Doubt says why the rate is not what the schedule's numbers promise in a run of Total
// steps; "" where it is. At never fails: an unknown name is taken as constant.
func (s LR) Doubt() string {
	switch {
	case s.Warmup > 0 && s.Warmup >= s.Total:
		return fmt.Sprintf("warmup_steps: %d are not done in a run of %d steps; the learning rate does not stay at its full value", s.Warmup, s.Total)
	case s.UsesTotal() && s.DecayStart > 0 && s.decayStart() < s.Warmup:
		return fmt.Sprintf("decay_start: step %d is in the warm-up, after whose %d steps the rate falls", s.decayStart(), s.Warmup)
	case s.UsesTotal() && s.DecayStart > 0 && s.decayStart() >= s.Total:
		return fmt.Sprintf("decay_start: step %d is not in a run of %d steps, in which the rate does not fall", s.decayStart(), s.Total)
	}
	return ""
}

// Ramp rises linearly from 0 at step 0 to 1 at step over, and stays there:
// min(1, step/over), the warm-up of beta and of sparsity terms. Of steps from 0
// on it is 1 throughout when over is not positive.
func Ramp(step, over int64) float64 {
	if step >= over {
		return 1
	}
	return math.Max(0, float64(step)/float64(over))
}
