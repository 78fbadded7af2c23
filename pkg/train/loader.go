package train

import (
	"github.com/gotrainer/trainer/pkg/torch"
)

// loader reads batches ahead on a goroutine of its own into a ring of buffers, and sends
// them to the device before the step that uses them.
type loader struct {
	ready chan *hostBatch
	free  chan *hostBatch
	stop  chan struct{}
	ended chan struct{} // closed when nothing is being read any more
	sent  []*hostBatch  // read, and on their way to the device
	scope *torch.Scope
	all   []*hostBatch
}

const readAhead = 2

// newLoader has buffers for the batches of one step and those read ahead of it.
func newLoader(f *feed, order Order, batch, group int) *loader {
	batch, group = min(batch, f.split.Len()), min(group, order.StepsPerEpoch())
	buffers := group + readAhead
	l := &loader{
		ready: make(chan *hostBatch, buffers), free: make(chan *hostBatch, buffers), stop: make(chan struct{}),
		ended: make(chan struct{}), scope: torch.NewScope("batch"),
	}
	for range buffers {
		b := f.newBatch(l.scope, batch)
		l.all = append(l.all, b)
		l.free <- b
	}
	go l.run(order)
	return l
}

func (l *loader) run(order Order) {
	defer close(l.ended)
	for {
		var b *hostBatch
		select {
		case b = <-l.free:
		case <-l.stop:
			return
		}
		epoch := order.Position().Epoch
		rows, last := order.Next()
		b.last, b.after = last, order.Position()
		b.err = b.readEpoch(rows, epoch)
		select {
		case l.ready <- b:
		case <-l.stop:
			return
		}
	}
}

// next is the next batch; those that have been read after it are sent on their way.
func (l *loader) next() (*hostBatch, error) {
	if len(l.sent) == 0 {
		l.take(<-l.ready)
	}
	b := l.sent[0]
	l.sent = l.sent[1:]
	for len(l.sent) == 0 {
		select {
		case ahead := <-l.ready:
			l.take(ahead)
		default:
			return b, b.err
		}
	}
	return b, b.err
}

func (l *loader) take(b *hostBatch) {
	if b.err == nil {
		b.send()
	}
	l.sent = append(l.sent, b)
}

// release gives the buffer back for reading; the step that used it is on the device.
func (l *loader) release(b *hostBatch) {
	b.used()
	l.free <- b
}

// close ends the reading ahead and waits for a read that is under way: the data may be
// closed afterwards.
func (l *loader) close() {
	close(l.stop)
	<-l.ended
	for _, b := range l.all {
		b.lane.Close()
	}
	l.scope.Close()
}
