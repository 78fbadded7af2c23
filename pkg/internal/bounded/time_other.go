//go:build !linux

package bounded

import "time"

var start = time.Now()

// threadTime is the time since the start, for want of the thread's own.
func threadTime() time.Duration { return time.Since(start) }
