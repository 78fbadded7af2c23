package torch

import "github.com/gotrainer/trainer/cgo"

// Graph is work that was captured on a GPU, with the tensors that it reads and writes:
// they must live as long as it.
type Graph struct{ h cgo.Handle }

// Capture records the work that fn gives the GPU of UseDevice, without doing it. fn may
// not wait for the device, and what it makes belongs to the graph: a replay overwrites
// it. It should have run three times before, on this thread, so that libraries have made
// what they need. An error leaves the device as it was before; the random numbers too.
func Capture(fn func()) (*Graph, error) {
	h, err := cgo.BeginCapture()
	if err != nil {
		return nil, newError("capture", err)
	}
	ended := false
	defer func() {
		if !ended { // also where fn panics with something else than an *Error
			_ = cgo.AbandonCapture(h)
		}
	}()
	if err := Try(fn); err != nil {
		return nil, err
	}
	if err := cgo.EndCapture(h); err != nil {
		return nil, newError("capture", err)
	}
	ended = true
	return &Graph{h}, nil
}

// Replay gives the captured work to the device again, with new random numbers. It does
// not wait for it.
func (g *Graph) Replay() {
	if err := cgo.Replay(g.h); err != nil {
		fail("replay", err)
	}
}

// Close waits for nothing; closing twice does nothing.
func (g *Graph) Close() {
	free("graph", &g.h)
}

// free gives a handle back, once.
func free(op string, h *cgo.Handle) {
	if *h == nil {
		return
	}
	if err := cgo.FreeHandle(*h); err != nil {
		fail(op, err)
	}
	*h = nil
}
