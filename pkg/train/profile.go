package train

// Profiler records some steps of a run.
type Profiler interface {
	Start()
	// Stop ends the recording, which holds the given number of steps.
	Stop(steps int64)
}

// The steps that are recorded: the first ones of a process are slower than the rest.
const (
	profileAfter = 10
	profileSteps = 5
)

// recording drives the profiler of a run, if there is one.
type recording struct {
	p        Profiler
	from, to int64
	running  bool
}

// newRecording plans it for a process that begins after step done and ends with step
// total; a short run is recorded from its middle.
func newRecording(p Profiler, done, total int64) recording {
	from := done + min(profileAfter, (total-done)/2)
	return recording{p: p, from: from, to: min(from+profileSteps, total)}
}

// at is told before each step how many are done, and once more after the last.
func (r *recording) at(step int64) {
	switch {
	case r.p == nil:
	case !r.running && step == r.from && step < r.to:
		r.running = true
		r.p.Start()
	case r.running && step == r.to:
		r.stop(step)
	}
}

// stop ends a recording that is running, also of a run that ends early.
func (r *recording) stop(step int64) {
	if r.running {
		r.running = false
		r.p.Stop(step - r.from)
	}
}
