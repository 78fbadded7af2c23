package train

import (
	"fmt"
	"testing"
)

type profiler struct{ steps []int64 }

func (p *profiler) Start()           { p.steps = append(p.steps, -1) }
func (p *profiler) Stop(steps int64) { p.steps = append(p.steps, steps) }

func TestAFewStepsBehindTheFirstOnesAreRecordedOnce(t *testing.T) {
	for _, c := range []struct {
		done, total, end int64
		from             int64
		steps            int64
	}{
		{0, 100, 100, 10, 5},
		{50, 100, 100, 60, 5},
		{0, 4, 4, 2, 2},
		{0, 1, 1, 0, 1},
		{0, 100, 12, 10, 2}, // it ends early
	} {
		p := &profiler{}
		r := newRecording(p, c.done, c.total)
		began := int64(-1)
		for step := c.done; step <= c.end; step++ {
			r.at(step)
			if began < 0 && len(p.steps) > 0 {
				began = step
			}
		}
		r.stop(c.end)
		if got, want := fmt.Sprint(began, p.steps), fmt.Sprint(c.from, []int64{-1, c.steps}); got != want {
			t.Errorf("%+v: %s, want %s", c, got, want)
		}
	}
}

func TestWithoutAProfilerNothingIsRecorded(t *testing.T) {
	r := newRecording(nil, 0, 100)
	for step := range int64(100) {
		r.at(step)
	}
	r.stop(100)
}
