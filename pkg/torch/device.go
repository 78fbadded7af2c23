package torch

import (
	"time"

	"github.com/gotrainer/trainer/cgo"
)

// UseDevice prepares the engine's thread for work on a device: it comes before the first
// tensor there. A GPU gets one stream, which all its work is on from then on; the CPU
// needs nothing.
func UseDevice(d Device) error {
	if !d.IsCUDA() {
		return nil
	}
	if err := cgo.UseDevice(int64(d)); err != nil {
		return newError("use "+d.String(), err)
	}
	return nil
}

// Synchronize waits for all work of a device.
func Synchronize(d Device) {
	if d.IsCUDA() {
		if err := cgo.Synchronize(int64(d)); err != nil {
			fail("synchronize", err)
		}
	}
}

// Event is a point in the work of the current GPU.
type Event struct{ h cgo.Handle }

// RecordEvent is the point after the work that was given so far. Close frees it.
func RecordEvent() *Event {
	h, err := cgo.RecordEvent()
	return &Event{must("event", h, err)}
}

// Since is the time on the device between an earlier event and e; it waits for e.
func (e *Event) Since(from *Event) time.Duration {
	ms, err := cgo.Elapsed(from.h, e.h)
	return time.Duration(must("elapsed", ms, err) * float64(time.Millisecond))
}

// Close frees the event; closing twice does nothing.
func (e *Event) Close() { free("event", &e.h) }
