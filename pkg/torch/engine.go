package torch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/gotrainer/trainer/cgo"
)

// Options are set once for the process, before libtorch is loaded.
type Options struct {
	Threads       int  // intra-op threads; 0 = physical cores
	Deterministic bool // deterministic algorithms only
}

// Engine is the one goroutine on which tensor work runs, locked to one OS thread.
type Engine struct {
	jobs    chan job
	done    chan struct{}
	version int
	threads int

	description string
}

type job struct {
	fn     func() error
	result chan outcome
}

type outcome struct {
	err   error
	panic any
	stack []byte
}

var running atomic.Bool

// Start loads libtorch and starts the engine. One engine runs at a time; libtorch
// itself stays loaded for the life of the process.
func Start(o Options) (*Engine, error) {
	if o.Deterministic && os.Getenv("CUBLAS_WORKSPACE_CONFIG") == "" {
		cgo.Setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8") // read by cuBLAS at its first use: products in a fixed order
	}
	if err := load(); err != nil {
		return nil, err
	}
	if !running.CompareAndSwap(false, true) {
		return nil, errors.New("torch: an engine is running already")
	}
	e := &Engine{jobs: make(chan job), done: make(chan struct{})}
	go e.loop()
	err := e.Do(context.Background(), func() error { return e.configure(o) })
	if err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

func (e *Engine) configure(o Options) error {
	if o.Threads == 0 {
		o.Threads = PhysicalCores()
	}
	if err := cgo.SetThreads(int64(o.Threads)); err != nil {
		return err
	}
	if err := cgo.Deterministic(o.Deterministic); err != nil {
		return err
	}
	version, err := cgo.Version()
	if err != nil {
		return err
	}
	text := make([]byte, 16<<10)
	n, err := cgo.Describe(text)
	e.version, e.threads, e.description = int(version), o.Threads, string(text[:n])
	return err
}

// Version is libtorch's, e.g. "2.15.0".
func (e *Engine) Version() string {
	return fmt.Sprintf("%d.%d.%d", e.version/10000, e.version/100%100, e.version%100)
}

// Threads is the number of intra-op threads in force.
func (e *Engine) Threads() int { return e.threads }

// Description is libtorch's own account of CPU capability and parallelism, in lines;
// the first is cpu_capability=….
func (e *Engine) Description() string { return e.description }

// Close ends the engine after the work that it is doing.
func (e *Engine) Close() {
	close(e.jobs)
	<-e.done
	reportUnclosed()
	running.Store(false)
}

// Do runs fn on the engine's thread, inside a function scope of its own, and waits
// for it. A panic with *Error becomes the returned error; any other panic goes on
// in the caller with the stack of its origin. Do inside Do would wait for itself.
// A context that has ended before fn starts is the error; fn itself is not cut short.
func (e *Engine) Do(ctx context.Context, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	result := make(chan outcome, 1)
	select {
	case e.jobs <- job{fn, result}:
	case <-e.done:
		return errEnded
	}
	o := <-result
	if o.panic != nil {
		panic(fmt.Sprintf("%v\n\non the engine's thread:\n%s", o.panic, o.stack))
	}
	return o.err
}

func (e *Engine) loop() {
	runtime.LockOSThread()
	adoptThread()
	defer close(e.done)
	for j := range e.jobs {
		j.run()
	}
}

// run always answers: fn may return, panic, or end the goroutine (t.FailNow does),
// which ends the engine too.
func (j job) run() {
	o := outcome{err: errEnded}
	defer func() {
		layers = layers[:0]
		if p := recover(); p != nil {
			e, ok := p.(*Error)
			if o = (outcome{err: e}); !ok {
				o = outcome{panic: p, stack: debug.Stack()}
			}
		}
		j.result <- o
	}()
	Scoped(func() { o.err = j.fn() })
}

var errEnded = errors.New("torch: the engine has ended")

// Try runs fn on the engine's thread (inside Do) and turns a panic with *Error into
// the returned error, so that a caller can add where it happened.
func Try(fn func()) (err error) {
	depth := len(layers)
	defer func() {
		layers = layers[:depth]
		if p := recover(); p != nil {
			e, ok := p.(*Error)
			if !ok {
				panic(p)
			}
			err = e
		}
	}()
	fn()
	return nil
}

var loadOnce = sync.OnceValue(func() error {
	path, err := chooseShim()
	if err != nil {
		return err
	}
	// Read by libtorch's libraries when they are loaded: a thread count must not
	// change with the load of the machine.
	cgo.Setenv("OMP_DYNAMIC", "FALSE")
	cgo.Setenv("MKL_DYNAMIC", "FALSE")
	waitPatiently()
	cgo.KeepMemory()
	if err := cgo.Load(path); err != nil {
		return &MissingError{fmt.Sprintf("%v; run `make build`, which finds or fetches libtorch", err)}
	}
	return nil
})

func load() error { return loadOnce() }

// waitPatiently shortens the time that OpenMP's threads spin before they sleep: on a
// machine that others use too, a spinning thread keeps the one it waits for from
// running (a training run beside two busy processes took 4 times as long). What the
// user has set stays.
func waitPatiently() {
	if os.Getenv("OMP_WAIT_POLICY") == "" && os.Getenv("GOMP_SPINCOUNT") == "" {
		cgo.Setenv("GOMP_SPINCOUNT", "4000")
	}
}
