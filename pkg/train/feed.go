package train

import (
	"context"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// feed turns rows of a split into batches on the device: gathered there where the split
// is resident, else read into host memory and sent over. The values are the same.
type feed struct {
	split  Split
	in     model.Inputs
	device torch.Device
	table  *Resident // nil: the samples come from the host
}

// hostBatch is a batch in host memory, read ahead of the step that uses it: the samples
// and labels, or, where the split is resident, the rows that they have there. On the CPU
// the step computes on that memory itself.
type hostBatch struct {
	*feed
	x, y   []float32
	rows   []int64
	n      int
	last   bool // ends the epoch
	after  Position
	err    error
	host   []*torch.Tensor // x and y, or rows
	there  []*torch.Tensor // the same on the device; host itself on the CPU
	lane   *torch.Lane     // nil on the CPU
	labels bool
}

// newBatch has buffers for up to size rows, which scope owns.
func (f *feed) newBatch(scope *torch.Scope, size int) *hostBatch {
	b := &hostBatch{feed: f, labels: f.in.LabelShape != nil}
	pinned := f.device.IsCUDA()
	var t *torch.Tensor
	switch {
	case f.table != nil:
		t, b.rows = torch.HostInt64s([]int64{int64(size)}, pinned)
		b.host = append(b.host, t)
	default:
		t, b.x = torch.HostFloat32s(sized(size, f.in.Shape), pinned)
		b.host = append(b.host, t)
		if b.labels {
			t, b.y = torch.HostFloat32s(sized(size, f.in.LabelShape), pinned)
			b.host = append(b.host, t)
		}
	}
	b.there = b.host
	if pinned {
		b.there, b.lane = nil, torch.NewLane(f.device)
		for _, t := range b.host {
			b.there = append(b.there, torch.Empty(t.Shape(), torch.As(t.DType()), torch.On(f.device)))
		}
	}
	scope.Attach(b.host...)
	scope.Attach(b.there...)
	return b
}

// read fills the batch with the given rows of the split, on any goroutine.
func (b *hostBatch) read(rows []int) error {
	return b.readWith(b.split.Read, rows)
}

// readEpoch is read of the samples as training has them in an epoch.
func (b *hostBatch) readEpoch(rows []int, epoch int64) error {
	v, varied := b.split.(Varied)
	if !varied {
		return b.read(rows)
	}
	return b.readWith(func(x []float32, rows []int) error { return v.ReadEpoch(x, rows, epoch) }, rows)
}

func (b *hostBatch) readWith(samples func(x []float32, rows []int) error, rows []int) error {
	b.n = len(rows)
	if b.table != nil {
		for i, r := range rows {
			b.rows[i] = int64(r)
		}
		return nil
	}
	if err := samples(b.x[:int64(b.n)*b.in.Dim()], rows); err != nil || !b.labels {
		return err
	}
	return b.split.ReadLabels(b.y[:b.n*labelDim(b.in)], rows)
}

// send begins the copy to the device.
func (b *hostBatch) send() {
	if b.lane == nil {
		return
	}
	torch.Scoped(func() {
		for i, t := range b.host {
			b.lane.Send(b.there[i].Narrow(0, 0, int64(b.n)), t.Narrow(0, 0, int64(b.n)))
		}
	})
}

// tensors is the batch on the device, sent before; it is good until used.
func (b *hostBatch) tensors() model.Batch {
	if b.lane != nil {
		b.lane.Arrive()
	}
	cut := func(t *torch.Tensor) *torch.Tensor { return t.Narrow(0, 0, int64(b.n)) }
	if b.table != nil {
		return b.table.Gather(cut(b.there[0]))
	}
	batch := model.Batch{X: cut(b.there[0])}
	if b.labels {
		batch.Y = cut(b.there[1])
	}
	return batch
}

// write copies the batch into tensors of its shape, which a captured step reads.
func (b *hostBatch) write(into model.Batch) {
	from := b.tensors()
	into.X.Copy_(from.X)
	if b.labels {
		into.Y.Copy_(from.Y)
	}
}

// used says that what computes with the batch has been given to the device.
func (b *hostBatch) used() {
	if b.lane != nil {
		b.lane.Used()
	}
}

// with gives fn buffers for up to size rows, outside a loader.
func (f *feed) with(size int, fn func(b *hostBatch) error) error {
	scope := torch.NewScope("batch")
	defer scope.Close()
	b := f.newBatch(scope, size)
	defer func() { b.lane.Close() }()
	return fn(b)
}

// each reads n rows of the split, of which at says the places, and gives fn one batch after
// another on the device, until it wants no more.
func (f *feed) each(ctx context.Context, n, size int, at func(i int) int, fn func(b *hostBatch) (more bool)) error {
	size = min(size, n)
	return f.with(size, func(b *hostBatch) error {
		rows, more := make([]int, 0, size), true
		for begin := 0; begin < n && more; begin += len(rows) {
			if err := ctx.Err(); err != nil {
				return err
			}
			rows = rows[:0]
			for i := begin; i < min(begin+size, n); i++ {
				rows = append(rows, at(i))
			}
			if err := b.read(rows); err != nil {
				return err
			}
			b.send()
			more = fn(b)
			b.used()
		}
		return nil
	})
}

// first gives fn the split's first n samples, on their way to the device; where it has
// fewer, they come again.
func (f *feed) first(n int, fn func(b *hostBatch) error) error {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i % f.split.Len()
	}
	return f.with(n, func(b *hostBatch) error {
		if err := b.read(rows); err != nil {
			return err
		}
		b.send()
		return fn(b)
	})
}

func labelDim(in model.Inputs) int {
	n := 1
	for _, s := range in.LabelShape {
		n *= int(s)
	}
	return n
}

func sized(n int, shape []int64) []int64 { return append([]int64{int64(n)}, shape...) }
