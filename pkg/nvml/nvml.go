// Package nvml reads what NVIDIA's GPUs tell of themselves: use, memory, power and
// temperature. It asks the driver's management library, which is loaded when it is
// first needed; without a driver, or in a build for the CPU only, every call says so.
package nvml

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gotrainer/trainer/cgo"
)

// Sample is one reading; -1 stands for what the GPU does not tell.
type Sample = cgo.GPUSample

// GPU describes one GPU of the machine.
type GPU struct {
	Name              string
	ComputeCapability string // "9.0"
	Sample            Sample
}

// Machine is what the driver knows.
type Machine struct {
	Driver string // "580.65.06"
	CUDA   string // the newest version that the driver serves, "13.0"
	GPUs   []GPU  // all of them, in NVML's order
}

// Look asks the driver for everything.
func Look() (Machine, error) {
	if err := cgo.OpenNVML(); err != nil {
		return Machine{}, err
	}
	driver, cuda, err := cgo.DriverVersion()
	if err != nil {
		return Machine{}, err
	}
	m := Machine{Driver: driver, CUDA: fmt.Sprintf("%d.%d", cuda/1000, cuda%1000/10)}
	gpus, err := cgo.GPUs()
	for _, g := range gpus {
		major, minor := g.Capability()
		m.GPUs = append(m.GPUs, GPU{g.Name(), fmt.Sprintf("%d.%d", major, minor), g.Sample()})
	}
	return m, err
}

// Watch reads one GPU again and again, on a goroutine of its own: a reading takes up to
// milliseconds, which no training step shall wait for.
type Watch struct {
	latest atomic.Pointer[Sample]
	stop   chan struct{}
	done   chan struct{}
}

// NewWatch reads the GPU that CUDA calls by this number, now and then every period.
func NewWatch(ordinal int, period time.Duration) (*Watch, error) {
	if err := cgo.OpenNVML(); err != nil {
		return nil, err
	}
	gpu, err := cgo.GPUOfCUDA(ordinal)
	if err != nil {
		return nil, err
	}
	w := &Watch{stop: make(chan struct{}), done: make(chan struct{})}
	read := func() {
		s := gpu.Sample()
		w.latest.Store(&s)
	}
	read()
	go func() {
		defer close(w.done)
		tick := time.NewTicker(period)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				read()
			case <-w.stop:
				return
			}
		}
	}()
	return w, nil
}

// Latest is the last reading.
func (w *Watch) Latest() Sample { return *w.latest.Load() }

// Close ends the reading.
func (w *Watch) Close() {
	close(w.stop)
	<-w.done
}
