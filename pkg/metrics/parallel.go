package metrics

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel calls fn for 0 to n-1 on all cores, until ctx ends: its error is that of ctx. What
// fn(i) writes is its own, so that the result does not depend on their number.
func parallel(ctx context.Context, n int, fn func(i int)) error {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && ctx.Err() == nil; i = next.Add(1) - 1 {
				fn(int(i))
			}
		})
	}
	all.Wait()
	return ctx.Err()
}
