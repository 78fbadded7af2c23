package train

import (
	"context"

	"github.com/gotrainer/trainer/pkg/torch"
)

// FitBatch is the largest power of two, at most most, of samples in a batch whose
// training steps fit the device's memory: it does such steps, with the split's first
// samples, until one does not fit. The steps change weights and random state: parts hold
// a model for this purpose alone. The host lends a part of what is free, so that the
// system has no reason to end the process.
func FitBatch(ctx context.Context, cfg Config, parts Parts, most int) (int, error) {
	cfg.Accumulate = 1
	captured := parts.Capture != nil
	parts.Capture = nil
	r := newRun(ctx, cfg, parts)
	if err := r.equip(); err != nil {
		return 0, err
	}
	defer r.free()
	f := r.feed(parts.Train, nil)
	torch.BeginPeak(r.Device)
	start := torch.Memory(r.Device)
	room := start.Free / 10 * 9
	if captured { // a captured step keeps its memory, and an evaluation needs some beside it
		room = room / 3 * 2
	}
	if r.Device == torch.CPU {
		room = start.Free / 4 * 3
		defer torch.LimitHostMemory(torch.LimitHostMemory(start.Used + room))
	}
	fits := 0
	for n := 1; n <= most; n *= 2 {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		torch.BeginPeak(r.Device)
		err := r.try(f, n)
		switch {
		case noMemory(err) && fits == 0:
			return 0, f.explain(err, r.Model, n)
		case noMemory(err), err == nil && torch.Memory(r.Device).Peak-start.Used > room:
			return max(fits, 1), nil
		case err != nil:
			return 0, err
		}
		fits = n
	}
	return fits, nil
}

// try does two steps with a batch of n: the second has all state that a step leaves.
func (r *run) try(f *feed, n int) (err error) {
	failed := torch.Try(func() {
		err = f.first(n, func(b *hostBatch) error {
			for range 2 {
				if err := r.advance([]*hostBatch{b}); err != nil {
					return err
				}
				b.used()
			}
			r.meter.read() // an error of the device is told here
			return nil
		})
	})
	if failed != nil {
		return failed
	}
	return err
}
