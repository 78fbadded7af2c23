package experiment

import (
	"fmt"
	"os"
	"time"
)

// beatEvery is how far apart the heartbeats on disk are at least.
const beatEvery = 10 * time.Second

// deadAfter is how long a process on another host must have been silent before its
// run is taken over. It is many heartbeats, so that neither a slow disk nor clocks
// that differ a little make a living run look dead.
const deadAfter = 5 * time.Minute

// Heartbeat records that the run lives. A Run does it by itself while it lasts, also
// in long steps and evaluations; it writes at most once in ten seconds. An error
// concerns the record alone.
func (r *Run) Heartbeat() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.place.now().Round(time.Millisecond)
	if since := now.Sub(r.state.Heartbeat); r.done || since >= 0 && since < beatEvery {
		return nil
	}
	r.state.Heartbeat = now
	return r.writeState()
}

// beat gives heartbeats until the channel is closed.
func (r *Run) beat(ended <-chan struct{}) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			_ = r.Heartbeat() // the next one may succeed; training needs none
		}
	}
}

// takeOver decides what a lock that could be had means when its file still names a
// holder, which an orderly end takes out. A process of this host is dead: the kernel
// freed its lock. One of another host may live where the file system's locks do not
// reach across hosts: it is believed dead when it gave no sign of life for deadAfter.
func (p place) takeOver(before holder) (notice string, err error) {
	if before.PID <= 0 {
		return "", nil
	}
	last := p.lastSign(before)
	host, _ := os.Hostname()
	if silent := p.now().Sub(last); before.Host != host && silent < deadAfter {
		return "", mistake(ErrLocked, "experiment %q in %s is in use by process %d on host %s, whose last sign of life was %s ago; wait until it ends, or, "+
			"if it was killed, for %s more; or choose another experiment.name",
			p.name, p.base, before.PID, before.Host, silent.Round(time.Second), (deadAfter - silent).Round(time.Second))
	}
	return fmt.Sprintf("process %d on host %s, which had %s, ended without giving up its lock (last sign of life: %s); the lock is taken over",
		before.PID, before.Host, p.final(), last.Local().Format("2006-01-02 15:04:05")), nil
}

// lastSign is when the holder was last known to live: when it took the lock, or by
// the heartbeat of a run of its own.
func (p place) lastSign(h holder) time.Time {
	last := h.Started
	stages, _ := p.leftovers(kindNew)
	for _, dir := range append(stages, p.final()) {
		s, ok := readState(dir)
		if ok && s.Host == h.Host && s.Heartbeat.After(last) {
			last = s.Heartbeat
		}
	}
	return last
}

// livesElsewhere says whether a run on another host gave a sign of life lately.
func (s state) livesElsewhere(now time.Time) bool {
	host, err := os.Hostname()
	return err == nil && s.Host != host && now.Sub(s.Heartbeat) < deadAfter
}
