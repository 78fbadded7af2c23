package track

import (
	"strings"
	"sync"
	"time"
)

// Progress shows a training run to the person who waits for it: on a terminal a
// live line with the epoch, a bar, the loss, speed and remaining time, redrawn at
// most ten times a second, with a line for every finished epoch above it; elsewhere
// a plain line every few seconds and one for every epoch. It is cheap to be given
// every step. A reader that goes away ends the progress, not the run.
type Progress struct {
	mu     sync.Mutex
	s      screen
	plan   Plan
	pace   pace
	values []Value
}

var _ Sink = (*Progress)(nil)

// Plan is the length of a run; 0 = not known.
type Plan struct {
	Epochs int64
	Steps  int64 // optimizer steps of the whole run
	From   int64 // steps done before this process began: those of the resumed checkpoint
}

// NewProgress shows a run that begins now.
func NewProgress(d Display, plan Plan) *Progress {
	p := &Progress{s: newScreen(d), plan: plan}
	now := p.s.Now()
	p.pace = newPace(plan.From, now)
	if !p.s.live() {
		p.s.drawn = now // the first plain line comes after PlainEvery
	}
	return p
}

// Log shows the event. An error of the output is returned once.
func (p *Progress) Log(e Event) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Kind {
	case KindStep:
		return p.step(e)
	case KindEpoch:
		return p.epoch(e)
	case KindNote:
		return p.s.print(oneLine(e.Text))
	}
	return nil
}

// Close takes the live line away; what stands above it stays.
func (p *Progress) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.s.clear()
}

func (p *Progress) step(e Event) error {
	if len(e.Values) > 0 {
		p.values = append(p.values[:0], e.Values...)
	}
	now := p.s.Now()
	p.pace.step(e, now)
	if !p.s.due(now) {
		return nil
	}
	return p.s.show(p.parts(e, now), fraction(e.Step, p.plan.Steps), now)
}

func (p *Progress) epoch(e Event) error {
	now := p.s.Now()
	p.pace.epoch(e, now)
	if p.s.Quiet {
		return nil
	}
	if !p.s.live() {
		p.s.drawn = now // the line of the epoch serves as one of progress
	}
	text := wrap(epochParts(e, p.plan.Epochs), p.s.columns())
	if e.Best {
		text = strings.TrimSuffix(text, bestMark) + p.s.colored(green, bestMark)
	}
	return p.s.print(text)
}

// parts are the pieces of the line of progress, and how dear each is.
func (p *Progress) parts(e Event, now time.Time) []part {
	parts := []part{{0, counter("epoch", e.Epoch, p.plan.Epochs)}}
	if p.plan.Steps > 0 {
		parts = append(parts, part{4, barName}, part{1, percent(fraction(e.Step, p.plan.Steps))})
	}
	parts = append(parts, part{6, counter("step", e.Step, p.plan.Steps)})
	shown := 0
	for _, v := range p.values {
		switch {
		case isSystem(v):
		case v.Name == rateName:
			parts = append(parts, part{7, rateName + " " + Short(v.Value)})
		case shown == 0:
			parts = append(parts, part{2, strings.TrimPrefix(v.Name, "train/") + " " + Number(v.Value)})
			shown++
		case shown < 4:
			parts = append(parts, part{7 + shown, strings.TrimPrefix(v.Name, "train/") + " " + Number(v.Value)})
			shown++
		}
	}
	if rate := p.pace.rate; rate > 0 {
		parts = append(parts, part{5, Count(rate) + " samples/s"})
	}
	if text := gpuText(p.values); text != "" {
		parts = append(parts, part{8, text})
	}
	if left, ok := p.pace.left(e.Step, p.plan.Steps, now); ok {
		parts = append(parts, part{3, "ETA " + Duration(left)})
	}
	return parts
}
