// Package schedule holds the learning-rate schedules and the warm-up ramps of
// loss terms. Every value is a pure function of the optimizer step, counted
// from 0, so a resumed run needs nothing but its step number to go on exactly.
package schedule

import (
	"fmt"
	"math"
	"strings"
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
// Linear and Cosine come down to Min over the remaining Total - Warmup steps
// and stay there, also when training goes on past Total.
type LR struct {
	Name     string  // one of Names
	Base     float64 // the rate after the warm-up
	Min      float64 // the rate at the end (linear, cosine)
	Gamma    float64 // the factor of each fall (step)
	Warmup   int64   // steps of warm-up; 0 = none
	StepSize int64   // steps between two falls (step)
	Total    int64   // optimizer steps of the whole run, warm-up included (linear, cosine)
}

// At gives the rate for the update number step, counted from 0.
func (s LR) At(step int64) float64 {
	if step < s.Warmup {
		return s.Base * float64(step+1) / float64(s.Warmup)
	}
	t, span := step-s.Warmup, s.Total-s.Warmup
	switch s.Name {
	case Linear:
		return s.Min + (s.Base-s.Min)*(1-Ramp(t, span))
	case Cosine:
		return s.Min + (s.Base-s.Min)*(1+math.Cos(math.Pi*Ramp(t, span)))/2
	case Step:
		if s.StepSize > 0 {
			return s.Base * math.Pow(s.Gamma, float64(t/s.StepSize))
		}
	}
	return s.Base
}

// UsesTotal says whether the rate depends on the length of the run, so that a
// run that is extended has another schedule than before.
func (s LR) UsesTotal() bool { return s.Name == Linear || s.Name == Cosine }

// Check says what makes the schedule impossible, as an error of the user; nil if
// nothing does. At never fails: an unknown name is taken as constant.
func (s LR) Check() error {
	known := false
	for _, n := range Names() {
		known = known || n == s.Name
	}
	switch {
	case !known:
		return mistakef("schedule %q is not known; use one of %s", s.Name, strings.Join(Names(), ", "))
	case s.Warmup < 0:
		return mistakef("schedule %s: warmup_steps is %d; use 0 or more", s.Name, s.Warmup)
	case s.Name == Step && s.StepSize < 1:
		return mistakef("schedule step: step_size is %d; use 1 or more", s.StepSize)
	case s.UsesTotal() && s.Warmup >= s.Total:
		return mistakef("schedule %s: a warm-up of %d steps leaves no step of the run's %d to come down in; use fewer warmup_steps or train longer",
			s.Name, s.Warmup, s.Total)
	}
	return nil
}

// Ramp rises linearly from 0 at step 0 to 1 at step over, and stays there:
// min(1, step/over), the warm-up of beta and of sparsity terms. It is 1
// throughout when over is not positive.
func Ramp(step, over int64) float64 {
	if step >= over {
		return 1
	}
	return math.Max(0, float64(step)/float64(over))
}

// mistake is an error that the user can mend in the config.
type mistake string

func (m mistake) Error() string { return string(m) }

// UserError marks the error as the user's to mend.
func (m mistake) UserError() bool { return true }

func mistakef(format string, args ...any) error { return mistake(fmt.Sprintf(format, args...)) }
