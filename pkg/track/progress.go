package track

import (
	"strings"
	"sync"
	"time"
)

// Progress shows a training run to the person who waits for it: on a terminal a live
// block of one line, or two where one does not suffice, with the epoch, a bar, losses,
// learning rate, speed, remaining time, memory and GPU, redrawn at most ten times a
// second and when the terminal's size changes, with a line for every finished epoch
// above it; elsewhere a plain line every few seconds and one for every epoch. It is
// cheap to be given every step. A reader that goes away ends the progress, not the run.
type Progress struct {
	mu     sync.Mutex
	s      screen
	plan   Plan
	pace   pace
	values []Value
	last   Event // of a step
	memory memory
	closed bool // there is no live block any more
}

var _ Sink = (*Progress)(nil)

// Plan is the length of a run; 0 = not known.
type Plan struct {
	Epochs int64
	Steps  int64 // optimizer steps of the whole run
	From   int64 // steps done before this process began: those of the resumed checkpoint
}

// NewProgress shows a run that begins now, until Close is called.
func NewProgress(d Display, plan Plan) *Progress {
	p := &Progress{s: newScreen(d), plan: plan, memory: memory{ask: d.Memory}}
	now := p.s.Now()
	p.pace = newPace(plan.From, now)
	if !p.s.live() {
		p.s.drawn = now // the first plain line comes after PlainEvery
	}
	p.s.watch(p.redraw)
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
		if e.Detail {
			return nil
		}
		return p.s.print(oneLine(e.Text))
	}
	return nil
}

// Close takes the live block away; what stands above it stays, and lines may still come.
func (p *Progress) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return p.s.close()
}

func (p *Progress) step(e Event) error {
	if len(e.Values) > 0 {
		p.values = append(p.values[:0], e.Values...)
	}
	now := p.s.Now()
	p.pace.step(e, now)
	p.last = e
	if p.closed && p.s.live() || !p.s.due(now) {
		return nil
	}
	return p.s.show(p.rows(e, now), fraction(e.Step, p.plan.Steps), now)
}

// redraw fits the block to the terminal's new size.
func (p *Progress) redraw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.s.block) > 0 {
		now := p.s.Now()
		_ = p.s.show(p.rows(p.last, now), fraction(p.last.Step, p.plan.Steps), now) // told at the next step
	}
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

// rows are the pieces of the block, and how dear each is: how far the run is and how
// well it does, then how fast it goes and what it takes.
func (p *Progress) rows(e Event, now time.Time) [][]part {
	far := []part{{0, counter("epoch", e.Epoch, p.plan.Epochs)}}
	if p.plan.Steps > 0 {
		far = append(far, part{4, barName}, part{1, percent(fraction(e.Step, p.plan.Steps))})
	}
	losses, others, rate := p.metrics()
	for i, text := range losses {
		far = append(far, part{[]int{2, 10, 11}[i], text})
	}
	if left, ok := p.pace.left(e.Step, p.plan.Steps, now); ok {
		far = append(far, part{3, "ETA " + Duration(left)})
	}
	fast := []part{{6, counter("step", e.Step, p.plan.Steps)}}
	if rate != "" {
		fast = append(fast, part{7, rate})
	}
	if rate := p.pace.rate; rate > 0 {
		fast = append(fast, part{5, Count(rate) + " samples/s"})
	}
	if held := p.memory.text(now); held != "" {
		fast = append(fast, part{8, held})
	}
	gpu, more := gpuText(p.values)
	if gpu != "" {
		fast = append(fast, part{9, gpu})
	}
	if more != "" {
		fast = append(fast, part{13, more})
	}
	for i, text := range others {
		fast = append(fast, part{14 + i, text})
	}
	return [][]part{far, fast}
}

// metrics are the run's values as the block shows them: the first ones, which are the
// loss and what it is made of, one more, and the learning rate.
func (p *Progress) metrics() (losses, others []string, rate string) {
	const first, all = 3, 4
	for _, v := range p.values {
		text := strings.TrimPrefix(v.Name, "train/") + " " + Number(v.Value)
		switch {
		case isSystem(v):
		case v.Name == rateName:
			rate = rateName + " " + Short(v.Value)
		case len(losses) < first:
			losses = append(losses, text)
		case len(losses)+len(others) < all:
			others = append(others, text)
		}
	}
	return losses, others, rate
}
