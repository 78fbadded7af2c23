package trainer

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gotrainer/trainer/pkg/config"
)

// saveSignal answers whether SIGUSR1 came since it was last asked: Slurm sends it
// before it takes a machine away, and the run saves and goes on.
func saveSignal() (asked func() bool, stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	var flag atomic.Bool
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-signals:
				flag.Store(true)
			case <-done:
				return
			}
		}
	}()
	return func() bool { return flag.CompareAndSwap(true, false) }, func() {
		signal.Stop(signals)
		close(done)
	}
}

// saveEvery says after which steps resume.pt is written: every so many steps or so
// much time, as checkpoint.resume_every says, and when asked.
func saveEvery(c config.Checkpoint, asked func() bool) func(step int64) bool {
	steps, every := c.Every()
	last := time.Now()
	return func(step int64) bool {
		due := steps > 0 && step%steps == 0 || every > 0 && time.Since(last) >= every
		if !asked() && !due {
			return false
		}
		last = time.Now()
		return true
	}
}
