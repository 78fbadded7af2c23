// Package infer runs a trained model over a split and hands the rows on, in the
// data's order: embeddings and predictions. Memory does not grow with the number of
// rows. Where rows come from and where they go are the interfaces declared here.
package infer

import (
	"cmp"
	"context"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Embedder is a model whose inner representation can be extracted. x is [B, …sample
// shape]; the result is [B, embedding dim]. An unknown what is the user's mistake;
// empty means the model's own default.
type Embedder interface {
	Embed(x *torch.Tensor, what string, noise model.Noise) (*torch.Tensor, error)
}

// Predictor is a model with outputs of its own for a batch: [B, …]. Reconstructs says
// that they are reconstructions: in the units that the model was trained in, and in
// the sample's shape.
type Predictor interface {
	Predict(x *torch.Tensor) *torch.Tensor
	Reconstructs() bool
}

// Density is a model with a joint density of samples x and codes z [B, K]. LogJoint is
// ln p(x, z) of each sample, [B], with all constants, in nats; Measures says of what p(x|z)
// is: probability (of discrete values), density (of real ones), or unnormalised (it does
// not integrate to 1 over the values that data have); empty where there is no p(x|z).
type Density interface {
	LogJoint(x, z *torch.Tensor) *torch.Tensor
	Measures() string
}

// Generator is a model that makes samples of codes z [B, K]: Generate is the mean of p(x|z),
// [B, …sample shape], in the units that the model was trained in.
type Generator interface {
	Generate(z *torch.Tensor) *torch.Tensor
}

// Prior is a model whose codes have a prior of its own: Draw gives n of them, [n, K]. That of
// others is N(0, I).
type Prior interface {
	Draw(n int64, noise model.Noise) *torch.Tensor
}

// Classifier is a predictor whose outputs may be logits: one a class, or, of yes-or-no
// questions, one each.
type Classifier interface {
	Classifies() bool
}

// LabelPart is a predictor whose outputs are of a range of each label's numbers; from and
// to are 0 where they are of all.
type LabelPart interface {
	LabelRange() (from, to int)
}

// Rows is the data, as package train's Split without labels.
type Rows interface {
	Len() int
	Read(dst []float32, rows []int) error
}

// Labels are those of the data's rows: one class each.
type Labels interface {
	ReadLabels(dst []float32, rows []int) error
}

// Sink takes the results: Begin once with the shape of one row, then rows in order, on a
// goroutine of their own while the next ones are computed.
type Sink interface {
	Begin(n int, shape []int64) error
	Rows(values []float32) error
}

// Job is one pass over one split.
type Job struct {
	Rows   Rows
	Shape  []int64 // one sample
	Device torch.Device
	Batch  int
	// Apply maps a batch to its results. It runs without recording gradients.
	Apply func(x *torch.Tensor) (*torch.Tensor, error)
	Sink  Sink
	// Labels are told to Given before Apply; both are nil for models that depend on samples
	// alone.
	Labels Labels
	Given  *Given
	// Progress is told how many rows are done; it may be nil.
	Progress func(done int)
}

// Run does the job inside Engine.Do. The next batches are read, the next one is copied to
// a GPU, and the last one's rows are written, while one is computed.
func Run(ctx context.Context, j Job) (err error) {
	reading, cancel := context.WithCancel(ctx)
	j.Batch = min(j.Batch, j.Rows.Len())
	scope := torch.NewScope("batch")
	defer scope.Close()
	buffers := j.buffers(scope)
	batches := j.readAhead(reading, buffers)
	out := newWriter(j.Sink, j.rows(scope))
	defer func() { // nothing is being read or written any more when Run returns
		cancel()
		for range batches {
		}
		err = cmp.Or(err, out.close())
		for _, b := range buffers {
			b.lane.Close()
		}
	}()
	if err := j.all(batches, out); err != nil {
		return err
	}
	return ctx.Err()
}

// all computes each batch when the one behind it is on its way to the device.
func (j Job) all(batches <-chan batch, out *writer) error {
	done := 0
	compute := func(b *batch) error {
		if b == nil {
			return nil
		}
		if err := j.batch(b, done == 0, out); err != nil {
			return err
		}
		done += b.n
		if j.Progress != nil {
			j.Progress(done)
		}
		return nil
	}
	var sent *batch
	for b := range batches {
		if b.err != nil {
			return b.err
		}
		b.send()
		if err := compute(sent); err != nil {
			return err
		}
		sent = &b
	}
	return compute(sent)
}

// buffer is host memory for the samples of one batch, and on a GPU the copy of it.
type buffer struct {
	tensor *torch.Tensor
	values []float32
	there  *torch.Tensor // tensor itself on the CPU
	lane   *torch.Lane   // nil on the CPU
}

// buffers are one for the batch that is computed, one that is sent, one that is ready and
// one that is read.
func (j Job) buffers(scope *torch.Scope) (list [4]buffer) {
	shape := append([]int64{int64(j.Batch)}, j.Shape...)
	for i := range list {
		b := &list[i]
		b.tensor, b.values = torch.HostFloat32s(shape, j.Device.IsCUDA())
		b.there = b.tensor
		if j.Device.IsCUDA() {
			b.there, b.lane = torch.Empty(shape, torch.On(j.Device)), torch.NewLane(j.Device)
		}
		scope.Attach(b.tensor, b.there)
	}
	return list
}

// rows makes memory for results, which a GPU copies into by itself.
func (j Job) rows(scope *torch.Scope) func(n int) []float32 {
	if !j.Device.IsCUDA() {
		return func(n int) []float32 { return make([]float32, n) }
	}
	return func(n int) []float32 {
		t, values := torch.HostFloat32s([]int64{int64(n)}, true)
		scope.Attach(t)
		return values
	}
}

type batch struct {
	buffer
	n      int
	labels []float32
	err    error
}

func (b *batch) cut(t *torch.Tensor) *torch.Tensor { return t.Narrow(0, 0, int64(b.n)) }

// send begins the copy to a GPU.
func (b *batch) send() {
	if b.lane != nil {
		torch.Scoped(func() { b.lane.Send(b.cut(b.there), b.cut(b.tensor)) })
	}
}

// samples are the batch on the device.
func (b *batch) samples() *torch.Tensor {
	if b.lane != nil {
		b.lane.Arrive()
	}
	return b.cut(b.there)
}

// readAhead reads the split in order on a goroutine of its own, ahead of the one that is sent;
// it ends with the data, an error or ctx.
func (j Job) readAhead(ctx context.Context, buffers [4]buffer) <-chan batch {
	ready := make(chan batch, 1)
	go func() {
		defer close(ready)
		rows := make([]int, 0, j.Batch)
		for begin, i := 0, 0; begin < j.Rows.Len(); begin, i = begin+len(rows), i+1 {
			rows = rows[:0]
			for r := begin; r < min(begin+j.Batch, j.Rows.Len()); r++ {
				rows = append(rows, r)
			}
			b := batch{buffer: buffers[i%len(buffers)], n: len(rows)}
			b.err = j.Rows.Read(b.values[:len(b.values)/j.Batch*b.n], rows)
			if j.Given != nil && b.err == nil {
				b.labels = make([]float32, b.n)
				b.err = j.Labels.ReadLabels(b.labels, rows)
			}
			select {
			case ready <- b:
			case <-ctx.Done():
				return
			}
			if b.err != nil {
				return
			}
		}
	}()
	return ready
}

// batch computes one batch and hands its rows on.
func (j Job) batch(b *batch, first bool, out *writer) error {
	var failed error
	err := torch.Try(func() {
		torch.Scoped(func() {
			torch.NoGrad(func() { failed = j.apply(b, first, out) })
		})
	})
	return cmp.Or(err, failed)
}

func (j Job) apply(b *batch, first bool, out *writer) error {
	if j.Given != nil {
		j.Given.Set(torch.FromFloat32s(b.labels, []int64{int64(b.n)}, torch.On(j.Device)))
	}
	y, err := j.Apply(b.samples())
	if err != nil {
		return err
	}
	if first {
		if err := j.Sink.Begin(j.Rows.Len(), y.Shape()[1:]); err != nil {
			return err
		}
	}
	values, err := out.buffer(int(y.Numel()))
	if err != nil {
		return err
	}
	y.ReadFloat32s(values)
	if b.lane != nil {
		b.lane.Used()
	}
	out.rows <- values
	return nil
}

// Noise draws from a generator of its own, so that what is extracted is the same
// each time.
type Noise struct{ Generator *torch.Generator }

// Randn draws standard normal numbers like the given tensor.
func (n Noise) Randn(shape []int64, like *torch.Tensor) *torch.Tensor {
	return torch.Randn(shape, n.Generator, torch.Like(like))
}
