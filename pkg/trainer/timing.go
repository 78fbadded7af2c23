package trainer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/track"
	"github.com/gotrainer/trainer/pkg/train"
)

const (
	// warmUp steps are not timed: libraries choose algorithms there, and graphs of the
	// step are captured after the third.
	warmUp = 5
	// timedSteps are, and so is the evaluation of as many batches.
	timedSteps = 3
)

// timing is how long a run will take, from some of its steps on its device.
type timing struct {
	Device string  `json:"device"`
	Step   float64 `json:"step_seconds"`
	Epoch  float64 `json:"epoch_seconds"` // with its evaluation, without checkpoints
	Total  float64 `json:"total_seconds"`
}

func (t *timing) String() string {
	if t == nil {
		return ""
	}
	seconds := func(s float64) string { return track.Duration(time.Duration(s * float64(time.Second))) }
	return fmt.Sprintf("; on %s about %s ms a step, %s an epoch, %s in all", t.Device, track.Number(1e3*t.Step), seconds(t.Epoch), seconds(t.Total))
}

// timeRun does a few steps of a config with a model of its own, which are forgotten.
func timeRun(ctx context.Context, cfg *config.Train, doc *config.Document) (t *timing, err error) {
	s, err := openSession(cfg, nil)
	if err != nil {
		return nil, err
	}
	defer s.close()
	err = s.engine.Do(ctx, func() error {
		return s.withModel(ctx, doc, func() (err error) {
			t, err = s.time(ctx)
			return err
		})
	})
	return t, err
}

// time times the model that the session has, inside Engine.Do.
func (s *session) time(ctx context.Context) (*timing, error) {
	c, p, clock := s.trainConfig(), s.parts, &stopwatch{last: time.Now()}
	epochs, steps := c.Length(p.Order)
	perEpoch := c.StepsPerEpoch(p.Order)
	evaluated := 1
	if p.Val != nil {
		evaluated = min(p.Val.Len(), timedSteps*c.BatchSize)
		p.Val = part{p.Val, evaluated}
	}
	c.Epochs, c.Steps, c.LogEvery, c.Stop = 0, warmUp+timedSteps, 1, nil
	p.Observer, p.Checkpoints = clock, nowhere{}
	if _, err := train.Run(ctx, c, p); err != nil && !errors.Is(err, train.ErrNonFinite) {
		return nil, err
	}
	t := &timing{Device: s.parts.Device.String(), Step: clock.timed.Seconds() / timedSteps}
	evaluation := 0.0
	if s.parts.Val != nil {
		evaluation = clock.evaluation.Seconds() / float64(evaluated) * float64(s.parts.Val.Len())
	}
	t.Epoch = t.Step*float64(perEpoch) + evaluation
	t.Total = t.Step*float64(steps) + evaluation*float64(epochs)
	return t, nil
}

// stopwatch is told of steps whose metrics have been read: their work is done, also on a
// GPU.
type stopwatch struct {
	last       time.Time
	steps      int
	timed      time.Duration // of the steps after the warm-up
	evaluation time.Duration // the last one
}

func (w *stopwatch) lap() time.Duration {
	before := w.last
	w.last = time.Now()
	return w.last.Sub(before)
}

// Step adds a step that is not one of the warm-up.
func (w *stopwatch) Step(train.StepReport) {
	took := w.lap()
	if w.steps++; w.steps > warmUp {
		w.timed += took
	}
}

// Epoch keeps the time since the epoch's last step, which is that of its evaluation.
func (w *stopwatch) Epoch(train.EpochReport) { w.evaluation = w.lap() }

// Tick is of steps that Step is not told of: none.
func (w *stopwatch) Tick(_, _, _ int64) {}

// Note is for a person who watches: nobody does.
func (w *stopwatch) Note(string) {}

// nowhere is where the checkpoints of steps go that are forgotten.
type nowhere struct{}

func (nowhere) Step(int64, func() *train.Snapshot) error                 { return nil }
func (nowhere) Epoch(_, _ int64, _ bool, _ func() *train.Snapshot) error { return nil }
func (nowhere) Interrupted(func() *train.Snapshot) error                 { return nil }

// part is the beginning of a split.
type part struct {
	train.Split
	n int
}

func (p part) Len() int { return p.n }

var (
	_ train.Observer     = (*stopwatch)(nil)
	_ train.Checkpointer = nowhere{}
)
