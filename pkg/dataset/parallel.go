package dataset

import (
	"runtime"
	"sync"
)

// parallel calls fn for pieces of 0..n on all cores and waits. fn must compute
// each item from its number alone, so that the pieces do not matter.
func parallel(n int, fn func(from, to int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers < 2 {
		fn(0, n)
		return
	}
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() { fn(n*w/workers, n*(w+1)/workers) })
	}
	wait.Wait()
}
