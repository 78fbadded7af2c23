package bounded

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// recorder keeps the failures that a test would have.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

var sink []byte

func TestTooMuchMemoryFailsATest(t *testing.T) {
	r := &recorder{}
	Run(r, func() { sink = make([]byte, maxMemory+1<<20) })
	sink = nil
	if len(r.failures) != 1 || !strings.Contains(r.failures[0], "MB of memory") {
		t.Errorf("failures %v", r.failures)
	}
	r = &recorder{}
	Run(r, func() { sink = make([]byte, 1<<20) })
	if len(r.failures) != 0 {
		t.Errorf("one megabyte: %v", r.failures)
	}
}

func TestTooMuchTimeFailsATest(t *testing.T) {
	r := &recorder{}
	Run(r, func() {
		for from := threadTime(); threadTime()-from <= maxTime+maxTime/10; {
			runtime.Gosched()
		}
	})
	if len(r.failures) != 1 || !strings.Contains(r.failures[0], "at most 1s") {
		t.Errorf("failures %v", r.failures)
	}
}

func TestMemoryCountsWhatWasGivenBack(t *testing.T) {
	n := Memory(func() {
		for range 3 {
			sink = make([]byte, 1<<20)
		}
		sink = nil
	})
	if n < 3<<20 || n > 4<<20 {
		t.Errorf("%d bytes for 3 MB", n)
	}
}
