package train

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// hostBatch is a batch in host memory, read ahead of the step that uses it.
type hostBatch struct {
	x, y  []float32
	n     int
	last  bool // ends the epoch
	after Position
	err   error
}

// loader reads batches ahead on a goroutine of its own into a ring of buffers.
type loader struct {
	ready chan *hostBatch
	free  chan *hostBatch
	stop  chan struct{}
	ended chan struct{} // closed when nothing is being read any more
}

const readAhead = 2

// newLoader has buffers for the batches of one step and those read ahead of it.
func newLoader(s Split, order Order, in model.Inputs, batch, group int) *loader {
	batch, group = min(batch, s.Len()), min(group, order.StepsPerEpoch())
	buffers := group + readAhead
	l := &loader{ready: make(chan *hostBatch, buffers), free: make(chan *hostBatch, buffers), stop: make(chan struct{}), ended: make(chan struct{})}
	for range buffers {
		l.free <- newHostBatch(in, batch)
	}
	go l.run(s, order, in)
	return l
}

func newHostBatch(in model.Inputs, batch int) *hostBatch {
	b := &hostBatch{x: make([]float32, int64(batch)*in.Dim())}
	if in.LabelShape != nil {
		b.y = make([]float32, batch*labelDim(in))
	}
	return b
}

func labelDim(in model.Inputs) int {
	n := 1
	for _, s := range in.LabelShape {
		n *= int(s)
	}
	return n
}

func (l *loader) run(s Split, order Order, in model.Inputs) {
	defer close(l.ended)
	for {
		var b *hostBatch
		select {
		case b = <-l.free:
		case <-l.stop:
			return
		}
		rows, last := order.Next()
		b.last, b.after = last, order.Position()
		b.err = b.read(s, rows, in)
		select {
		case l.ready <- b:
		case <-l.stop:
			return
		}
	}
}

// read fills the batch with the given rows of s.
func (b *hostBatch) read(s Split, rows []int, in model.Inputs) error {
	b.n = len(rows)
	b.x = b.x[:int64(b.n)*in.Dim()]
	if err := s.Read(b.x, rows); err != nil || b.y == nil {
		return err
	}
	b.y = b.y[:b.n*labelDim(in)]
	return s.ReadLabels(b.y, rows)
}

func (l *loader) next() (*hostBatch, error) {
	b := <-l.ready
	return b, b.err
}

func (l *loader) release(b *hostBatch) { l.free <- b }

// close ends the reading ahead and waits for a read that is under way: the data may be
// closed afterwards.
func (l *loader) close() {
	close(l.stop)
	<-l.ended
}

// tensors copies the batch to the device.
func (b *hostBatch) tensors(in model.Inputs, d torch.Device) model.Batch {
	out := model.Batch{X: torch.FromFloat32s(b.x, sized(b.n, in.Shape), torch.On(d))}
	if b.y != nil {
		out.Y = torch.FromFloat32s(b.y, sized(b.n, in.LabelShape), torch.On(d))
	}
	return out
}

// write copies the batch into tensors of its shape, which a captured step reads.
func (b *hostBatch) write(into model.Batch) {
	into.X.WriteFloat32s(b.x)
	if b.y != nil {
		into.Y.WriteFloat32s(b.y)
	}
}

func sized(n int, shape []int64) []int64 { return append([]int64{int64(n)}, shape...) }
