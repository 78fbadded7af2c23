// Package bounded holds tests of readers to limits of time and memory.
//
// It is for tests only. Time is the work of the calling thread where the system tells
// it, so that a busy machine fails no test; what never returns is ended by a watchdog.
package bounded

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// The limits of one input to a fuzz target.
const (
	maxTime   = time.Second
	maxMemory = 256 << 20
	hung      = 30 * time.Second
)

// Run does the work on one input of a fuzz target. The test fails where it takes more
// than a second or allocates more than 256 MB in all; a panic, or work that does not
// end, kills the process, so that the fuzzer keeps the input.
func Run(t testing.TB, work func()) {
	t.Helper()
	watchdog := time.AfterFunc(hung, func() { panic("the work on one input does not end") })
	defer watchdog.Stop()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began, memory := threadTime(), allocated()
	work()
	if d := threadTime() - began; d > maxTime {
		t.Errorf("one input took %v, at most %v are allowed", d, maxTime)
	}
	if n := allocated() - memory; n > maxMemory {
		t.Errorf("one input took %d MB of memory, at most %d are allowed", n>>20, maxMemory>>20)
	}
}

// allocated counts the bytes of heap memory that were ever taken. Small objects may be
// counted late; Memory counts exactly.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// Memory is the number of bytes of heap memory that the work takes in all, given back
// or not.
func Memory(work func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
