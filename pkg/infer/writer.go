package infer

// writer hands rows to a sink on a goroutine of its own, one batch behind.
type writer struct {
	make   func(n int) []float32
	rows   chan []float32
	free   chan []float32
	failed chan error // the sink's first error; closed when all is written
}

// newWriter writes to s; makes gives memory for so many values, on the engine's thread.
func newWriter(s Sink, makes func(n int) []float32) *writer {
	w := &writer{make: makes, rows: make(chan []float32, 1), free: make(chan []float32, 2), failed: make(chan error, 1)}
	w.free <- nil
	w.free <- nil
	go func() {
		defer close(w.failed)
		failed := false
		for values := range w.rows {
			if !failed {
				if err := s.Rows(values); err != nil {
					w.failed <- err
					failed = true
				}
			}
			w.free <- values
		}
	}()
	return w
}

// buffer is room for n values that nobody reads any more, or the error of the rows that
// were handed on before.
func (w *writer) buffer(n int) ([]float32, error) {
	values := <-w.free
	select {
	case err := <-w.failed:
		return nil, err
	default:
	}
	if cap(values) < n {
		values = w.make(n)
	}
	return values[:n], nil
}

// close waits for what was handed on and answers its error.
func (w *writer) close() error {
	close(w.rows)
	return <-w.failed
}
