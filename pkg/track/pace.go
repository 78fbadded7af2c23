package track

import (
	"math"
	"time"
)

// pace measures a run. The time that remains comes from the whole process so far,
// evaluations and checkpoints included; the speed from the current epoch's training
// alone.
type pace struct {
	began   time.Time
	from    int64     // the step at which it began
	since   time.Time // the start of what the speed is measured over
	samples int64     // at since
	restart bool      // begin to measure anew at the next step
	rate    float64   // samples a second; 0 = not known
}

func newPace(from int64, now time.Time) pace { return pace{began: now, from: from, since: now} }

func (p *pace) step(e Event, now time.Time) {
	if p.restart {
		p.restart, p.since, p.samples = false, now, e.Samples
		return
	}
	if seconds := now.Sub(p.since).Seconds(); seconds > 0 && e.Samples > p.samples {
		p.rate = float64(e.Samples-p.samples) / seconds
	}
}

// epoch forgets the time of the evaluation that lies behind an epoch's end.
func (p *pace) epoch(e Event, now time.Time) {
	if e.Samples > 0 {
		p.since, p.samples, p.restart = now, e.Samples, false
		return
	}
	p.restart = true
}

// left estimates the time until step total.
func (p *pace) left(step, total int64, now time.Time) (time.Duration, bool) {
	elapsed := now.Sub(p.began)
	if total <= 0 || step <= p.from || elapsed <= 0 {
		return 0, false
	}
	left := float64(elapsed) / float64(step-p.from) * float64(max(0, total-step))
	return time.Duration(left), left < math.MaxInt64
}
