package train

import (
	"errors"
	"iter"

	"github.com/gotrainer/trainer/pkg/torch"
)

// Together trains several runs over the same batches, on this thread: a batch is read once,
// and each run does its step with it in turn. A run is a function that calls Run with the
// seat that it is given among its Parts; all have the same split, order, batch size and
// accumulation. The numbers of each are those that it would have alone. The errors are the
// runs' own, in their order: one that fails or ends stops no other. It runs inside
// Engine.Do.
func Together(runs []func(*Seat) error) []error {
	t := &table{holders: map[*hostBatch]int{}}
	errs := make([]error, len(runs))
	var waiting []func() (struct{}, bool)
	for i, run := range runs {
		s := &Seat{table: t}
		next, stop := iter.Pull(func(yield func(struct{}) bool) {
			s.yield = yield
			errs[i] = run(s)
		})
		defer stop()
		waiting = append(waiting, next)
	}
	for waiting = resumed(waiting); len(waiting) > 0; waiting = resumed(waiting) {
		t.deal()
	}
	t.clear()
	return errs
}

// resumed lets each run go on until it needs the next batch; those that ended are left
// out.
func resumed(runs []func() (struct{}, bool)) (waiting []func() (struct{}, bool)) {
	for _, next := range runs {
		if _, more := next(); more {
			waiting = append(waiting, next)
		}
	}
	return waiting
}

// table is where the runs of Together get their batches from.
type table struct {
	open    func() *loader // of the run that stands first in the order
	start   Position       // where that is
	loader  *loader
	current *hostBatch
	holders map[*hostBatch]int
}

// deal puts the next batch on the table.
func (t *table) deal() {
	t.take()
	if t.loader == nil {
		t.loader = t.open()
	}
	t.current, _ = t.loader.next() // its error is in it, for each run
	t.holders[t.current]++
}

// take takes the batch off the table.
func (t *table) take() {
	if t.current != nil {
		t.release(t.current)
		t.current = nil
	}
}

func (t *table) release(b *hostBatch) {
	if t.holders[b]--; t.holders[b] == 0 {
		delete(t.holders, b)
		t.loader.release(b)
	}
}

func (t *table) clear() {
	t.take()
	if t.loader != nil {
		t.loader.close()
	}
}

// Seat is one run's place among those of Together.
type Seat struct {
	table  *table
	yield  func(struct{}) bool
	device torch.Device
	start  Position // batches before it are not this run's
	held   []*hostBatch
}

var _ batches = (*Seat)(nil)

// sit takes the seat of a run that goes on from start; open makes a loader from there.
func (s *Seat) sit(start Position, d torch.Device, open func() *loader) *Seat {
	s.start, s.device = start, d
	if s.table.open == nil || start.before(s.table.start) {
		s.table.open, s.table.start = open, start
	}
	return s
}

// next waits until a batch of this run is on the table.
func (s *Seat) next() (*hostBatch, error) {
	for {
		if err := s.wait(); err != nil {
			return nil, err
		}
		if b := s.table.current; b.err != nil || s.start.before(b.after) {
			s.table.holders[b]++
			s.held = append(s.held, b)
			return b, b.err
		}
	}
}

// wait lets the other runs do their steps. Each has its own random stream.
func (s *Seat) wait() error {
	restore := RandomStreams(s.device)
	if !s.yield(struct{}{}) {
		return errors.New("the runs beside this one ended it")
	}
	restore()
	return nil
}

// RandomStreams remembers where the random numbers of runs on a device stand; restore puts
// them back there.
func RandomStreams(d torch.Device) (restore func()) {
	devices := []torch.Device{torch.CPU}
	if d.IsCUDA() {
		devices = append(devices, d)
	}
	states := make([][]byte, len(devices))
	for i, d := range devices {
		states[i] = torch.RNGState(d)
	}
	return func() {
		for i, d := range devices {
			torch.SetRNGState(d, states[i])
		}
	}
}

func (s *Seat) release(b *hostBatch) {
	for i, h := range s.held {
		if h == b {
			s.held = append(s.held[:i], s.held[i+1:]...)
			s.table.release(b)
			return
		}
	}
}

func (s *Seat) close() {
	for _, b := range s.held {
		s.table.release(b)
	}
	s.held = nil
}

func (p Position) before(q Position) bool {
	return p.Epoch < q.Epoch || p.Epoch == q.Epoch && p.Samples < q.Samples
}
