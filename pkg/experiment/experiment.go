// Package experiment owns the directory of a run, {output_dir}/{name}: it makes
// it, locks it against other processes, replaces an old run by a new one in one
// step, records how the run is doing, and finds experiments that exist.
//
// It promises that a run which cannot start or has no checkpoint leaves nothing
// behind; that an old run stays whole until its successor has something to take
// its place; that after a kill at any instant one of the two is whole and is
// found, and the next Begin clears up; and that a file which trainer did not make
// is never removed.
//
// A run on a free name works in its final directory from the start. A run that
// will replace another is built in `.{name}.new-<pid>` beside it, and Publish
// exchanges the two. Everything happens under a flock on `.{name}.lock`.
package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// What Begin does when the experiment exists.
const (
	Overwrite = "overwrite" // build the new run beside the old one, then replace it
	Timestamp = "timestamp" // go to {name}_2026-01-31_12-30-00 instead
	Resume    = "resume"    // go on in the existing directory
	Refuse    = "error"     // stop, as a mistake of the user
)

// Options say where a run goes.
type Options struct {
	OutputDir string           // the folder of the experiments; made when it is missing
	Name      string           // the folder of this one: letters, digits, . _ -
	OnExists  string           // Overwrite (also the empty string), Timestamp, Resume or Refuse
	Now       func() time.Time // the clock; nil is time.Now

	// Replacing is called with the directory of a run that ended, before this run takes
	// its place or clears it up; nil = not.
	Replacing func(dir string)

	step     func(string)            // called between the steps of a replacement; tests stop there
	exchange func(a, b string) error // swaps two names in one step; tests take it away
}

// Run is a run that has begun and holds the lock of its name until Finish. Its
// methods may be called from several goroutines.
type Run struct {
	mu       sync.Mutex
	place    place
	lock     *lock
	onExists string
	dir      string   // where the run is now; empty when nothing of it was kept
	fresh    bool     // there was no run of this name
	ownDir   bool     // the final directory was made by this run
	keep     bool     // worth keeping without a checkpoint too
	resuming bool     // the directory was there and is continued
	done     bool     // Finish was called
	made     []string // the output directory and its parents that this run made, outermost first
	notices  []string
	state    state
	exchange func(a, b string) error
	ended    chan struct{} // closed by Finish
}

// Begin claims the experiment's name and makes the folders checkpoints, logs and
// .trainer in the run's directory. What the user should know about it, such as
// another name, is in Notices. It also clears up after runs of this name that
// were killed. Mistakes of the user (a bad name, an existing or locked experiment,
// an output_dir that cannot be written) have UserError; after any error nothing
// is left on disk. Every Run must end with Finish.
func Begin(o Options) (*Run, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	r := &Run{place: place{base: o.OutputDir, step: o.step, now: o.Now, replacing: o.Replacing}, onExists: o.OnExists, exchange: o.exchange, ended: make(chan struct{})}
	if err = r.claim(o.Name); err == nil {
		err = r.prepare()
	}
	if err != nil {
		r.abandon()
		return nil, err
	}
	go r.beat(r.ended)
	return r, nil
}

// complete checks the options and fills in what was left empty.
func (o Options) complete() (Options, error) {
	if err := CheckName(o.Name); err != nil {
		return o, err
	}
	if o.OutputDir == "" {
		return o, mistake(nil, "experiment.output_dir is empty; give the folder where experiments go, such as ./experiments/vae")
	}
	o.OutputDir = filepath.Clean(o.OutputDir)
	switch o.OnExists {
	case "":
		o.OnExists = Overwrite
	case Overwrite, Timestamp, Resume, Refuse:
	default:
		return o, mistake(nil, "experiment.on_exists is %q; use %s, %s, %s or %s", o.OnExists, Overwrite, Timestamp, Resume, Refuse)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.step == nil {
		o.step = passed
	}
	if o.exchange == nil {
		o.exchange = exchange
	}
	return o, nil
}

// Dir is the directory where the run is now: its final one, or the staging folder
// until Publish. It is empty after a Finish that kept nothing. Ask again after
// Publish and Finish; open files move along.
func (r *Run) Dir() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dir
}

// Path is the place of a file of the run at this moment, Dir joined with elem.
func (r *Run) Path(elem ...string) string {
	return filepath.Join(append([]string{r.Dir()}, elem...)...)
}

// Final is the directory that the run has, or will have after Publish.
func (r *Run) Final() string { return r.place.final() }

// Name is the name of the run; with Timestamp it may differ from the one asked for.
func (r *Run) Name() string { return r.place.name }

// UUID is the identity of the run, kept when it is resumed.
func (r *Run) UUID() string { return r.state.UUID }

// Resuming says whether Begin found a run to go on with (on_exists: resume).
func (r *Run) Resuming() bool { return r.resuming }

// Notices are the sentences that Begin has for the user.
func (r *Run) Notices() []string { return r.notices }

// Keep says that the run is worth keeping from now on even without a checkpoint,
// as after a finished epoch whose metric was no number.
func (r *Run) Keep() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep = true
}

// prepare makes the run's directory with its folders and its state.
func (r *Run) prepare() error {
	if err := r.makeDir(); err != nil {
		return err
	}
	for _, sub := range []string{"checkpoints", "logs", stateDir} {
		dir := filepath.Join(r.dir, sub)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return explain("make", dir, err)
		}
	}
	if r.resuming {
		r.removeStale()
	}
	if err := r.newState(); err != nil {
		return err
	}
	return r.place.sync()
}

// makeDir decides between the final directory and a staging folder.
func (r *Run) makeDir() error {
	final := r.place.final()
	there, err := r.place.look()
	if err != nil {
		return err
	}
	switch {
	case there == absent:
		if err := mkdir(final); err != nil {
			return explain("make", final, err)
		}
		r.dir, r.fresh, r.ownDir = final, true, true
		return nil
	case there == empty:
		r.dir, r.fresh = final, true
		return nil
	case r.onExists == Resume:
		r.dir, r.resuming = final, true
		return nil
	case r.onExists == Refuse:
		return mistake(ErrExists, "experiment %q exists in %s; choose another experiment.name, or set experiment.on_exists to overwrite, timestamp or resume",
			r.place.name, r.place.base)
	case there == link:
		return mistake(nil, "%s is a symbolic link, which overwriting would replace; remove the link, or choose another experiment.name", final)
	}
	stage := r.place.free(kindNew, os.Getpid())
	if err := mkdir(stage); err != nil {
		return explain("make", stage, err)
	}
	r.dir = stage
	r.place.step("stage made")
	return atomicfile.WriteFile(filepath.Join(stage, markerName), []byte(markerText))
}

// abandon takes back what a Begin that ends with an error has made.
func (r *Run) abandon() {
	if r.dir != "" && !r.resuming {
		r.discard() // the error of Begin says more than one of clearing up would
	}
	if r.lock != nil {
		r.lock.release(true)
		r.lock = nil
	}
	r.leave()
}

// String names the run in messages of the program itself.
func (r *Run) String() string { return fmt.Sprintf("experiment %q in %s", r.place.name, r.place.base) }
