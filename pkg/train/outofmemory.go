package train

import (
	"errors"
	"fmt"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// MemoryError says that the memory of a device is too small for something, and what would
// fit. What a step takes grows linearly with its batch; two small ones are measured.
type MemoryError struct {
	Device torch.Device
	What   string // "a batch of 128", "the optimizer's state"
	Needed int64  // bytes beside what is there already; 0 = not known
	Free   int64  // bytes
	Batch  int    // where it is a step with so many samples: else 0
	Fits   int    // samples of a step that fits, a power of two; 0 = not even one
	Remedy string
	Cause  error // the operation that failed
}

// Error is one sentence: what was needed, what was free, what would fit.
func (e *MemoryError) Error() string {
	needs := "does not fit"
	if e.Needed > 0 {
		needs = "needs about " + inBytes(e.Needed)
	}
	return fmt.Sprintf("out of memory on %s: %s %s, %s are free; %s", e.Device, e.What, needs, inBytes(e.Free), e.Remedy)
}

// Unwrap is the operation that failed.
func (e *MemoryError) Unwrap() error { return e.Cause }

// UserError says that another config helps.
func (e *MemoryError) UserError() bool { return true }

func inBytes(n int64) string {
	x, unit := float64(n), 0
	units := []string{"bytes", "kB", "MB", "GB", "TB"}
	for x >= 1000 && unit < len(units)-1 {
		x, unit = x/1000, unit+1
	}
	return fmt.Sprintf("%.3g %s", x, units[unit])
}

func noMemory(err error) bool {
	var e *torch.Error
	return errors.As(err, &e) && e.Kind == torch.OutOfMemory
}

const smallerModel = "a smaller model is needed"

// tooLarge makes a lack of memory for something that needs so many bytes, whatever the
// batch, a MemoryError; other errors stay as they are.
func tooLarge(err error, d torch.Device, what string, needed int64, remedy string) error {
	if !noMemory(err) {
		return err
	}
	torch.BeginPeak(d) // gives back what is kept for later tensors
	return &MemoryError{Device: d, What: what, Needed: needed, Free: torch.Memory(d).Free, Remedy: remedy, Cause: err}
}

// explain makes an operation's lack of memory a MemoryError; other errors stay as they
// are. The batch that failed must be freed.
func (f *feed) explain(err error, m model.Model, batch int) error {
	var told *MemoryError
	if !noMemory(err) || errors.As(err, &told) {
		return err
	}
	params := nn.Tensors(nn.Params(m))
	torch.ZeroGrads(params)
	torch.BeginPeak(f.device)
	e := &MemoryError{Device: f.device, What: fmt.Sprintf("a batch of %d", batch), Batch: batch, Free: torch.Memory(f.device).Free, Remedy: smallerModel, Cause: err}
	for n := max(batch/8, 1); n > 0; n /= 2 {
		less, fits := f.peak(m, params, n)
		more, doubleFits := f.peak(m, params, 2*n)
		if !fits || !doubleFits {
			continue
		}
		need := func(batch int) int64 { return less + max(more-less, 0)/int64(n)*int64(batch-n) }
		e.Needed = need(batch)
		for size := 1; size < batch && need(size) < e.Free/10*9; size *= 2 {
			e.Fits, e.Remedy = size, fmt.Sprintf("data.batch_size: %d would fit", size)
		}
		break
	}
	return e
}

// peak is the most bytes that forward and backward of a batch of n take at once; ok is
// false where they cannot be done.
func (f *feed) peak(m model.Model, params []*torch.Tensor, n int) (bytes int64, ok bool) {
	torch.BeginPeak(f.device)
	before := torch.Memory(f.device).Used
	var err error
	failed := torch.Try(func() {
		err = f.first(n, func(b *hostBatch) error {
			torch.Scoped(func() { m.Loss(&model.Context{Train: true, Noise: generatorNoise{}}, b.tensors()).Loss.Backward() })
			return nil
		})
	})
	torch.ZeroGrads(params)
	return torch.Memory(f.device).Peak - before, failed == nil && err == nil
}
