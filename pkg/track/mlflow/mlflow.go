// Package mlflow reports a run to MLflow: to a server by its REST API, or to a folder in
// MLflow's file format.
//
// It promises that tracking never harms training: nothing in a step waits for it. It
// reads the run's journal and files, and a small record in .trainer/mlflow-spool, on a
// goroutine of its own, and brings the server to the same state: in order, in batches,
// and again after any error until it is done, later by `trainer sync` where the run ended
// before. What the server has is asked of the server, so nothing is stored twice.
package mlflow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Options say what is reported where.
type Options struct {
	Target Target
	Getenv func(string) string // for MLflow's variables of authentication and TLS
	Spool  Spool
	Wanted Wanted // Status and URI are filled in

	// LateTags finds tags that take a while to find out; it is called on another
	// goroutine. It may be nil.
	LateTags func() map[string]string
	// System samples how busy the machine is; nil = not.
	System *Monitor
	// Note tells a sentence to people; Began the run's id, once it is known. Both are
	// called on another goroutine.
	Note  func(string)
	Began func(id string)

	pace pace // zero = the usual
}

// pace is how often is looked and tried.
type pace struct {
	every   time.Duration // between two looks at what is new
	backoff time.Duration // after the first failure; doubled after each
	most    time.Duration // at most
	lastTry time.Duration // at most, once the run has ended
}

var usualPace = pace{every: time.Second, backoff: time.Second, most: time.Minute, lastTry: 2 * time.Second}

// Run is a training run that is being reported.
type Run struct {
	o       Options
	sender  *sender
	mu      sync.Mutex
	wanted  Wanted
	cancel  context.CancelFunc
	ending  chan struct{} // closed when everything there is may be sent and the run ended
	done    chan struct{}
	monitor func()
	unlock  func()

	complete bool // written before done is closed
}

// Start begins to report a run, or to go on with it. It does not wait for the server.
// Its errors are of the settings and of the spool.
func Start(o Options) (*Run, error) {
	if o.pace == (pace{}) {
		o.pace = usualPace
	}
	o.Wanted.URI, o.Wanted.Status, o.Wanted.End = o.Target.String(), Running, 0
	r := &Run{o: o, wanted: o.Wanted, ending: make(chan struct{}), done: make(chan struct{}), monitor: func() {}}
	if before, ok, err := o.Spool.Wanted(); err == nil && ok && before.UUID == o.Wanted.UUID {
		r.wanted.Start = before.Start // of the run, not of the process that goes on with it
	}
	if err := o.Spool.SetWanted(r.wanted); err != nil {
		return nil, err
	}
	var err error
	if r.sender, err = newSender(o.Spool, o.Target, o.Getenv, o.Note); err != nil {
		return nil, err
	}
	r.sender.began = func() {
		o.Began(r.sender.remote.ID)
		o.Note(fmt.Sprintf("mlflow: run %s in experiment %q at %s", r.sender.remote.ID, o.Wanted.Experiment, o.Target))
	}
	r.unlock, _ = o.Spool.Lock()
	if o.System != nil {
		r.monitor = o.System.start(o.Spool.Path("system.jsonl"))
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go r.loop(ctx)
	return r, nil
}

// Finish says how the run ended (Finished, Failed or Killed) and waits at most limit
// until all of it is sent. complete is false where something is left for Sync; began,
// whether the target knows the run.
func (r *Run) Finish(status string, limit time.Duration) (complete, began bool) {
	r.monitor()
	r.mu.Lock()
	r.wanted.Status, r.wanted.End = status, time.Now().UnixMilli()
	if err := r.o.Spool.SetWanted(r.wanted); err != nil {
		r.o.Note(fmt.Sprintf("mlflow: how the run ended is not recorded: %v", err))
	}
	r.mu.Unlock()
	close(r.ending)
	timer := time.AfterFunc(limit, r.cancel)
	<-r.done
	timer.Stop()
	r.cancel()
	r.sender.close()
	if r.unlock != nil {
		r.unlock()
	}
	return r.complete, r.sender.ready
}

// loop sends until the run has ended and everything is sent, or the context ends.
func (r *Run) loop(ctx context.Context) {
	defer close(r.done)
	r.addLate()
	failing := false
	delay := r.o.pace.backoff
	for {
		ended := isClosed(r.ending)
		err := r.pass(ctx)
		switch {
		case err == nil && ended:
			r.complete = true
			return
		case ctx.Err() != nil:
			return
		case err == nil:
			if failing {
				failing = false
				r.o.Note("mlflow: everything is sent; " + r.o.Target.String() + " answers again")
			}
			delay = r.o.pace.backoff
			r.wait(ctx, r.o.pace.every)
		case hopeless(err):
			r.o.Note(fmt.Sprintf("%v; nothing more is sent, and training goes on", err))
			<-r.ending
			return
		default:
			if !failing && !ended {
				r.o.Note(fmt.Sprintf("%v; training goes on, and what is to be sent waits in %s", err, spoolDir))
			} else if !failing {
				r.o.Note(fmt.Sprintf("%v; trying again", err))
			}
			failing = true
			if ended {
				delay = min(delay, r.o.pace.lastTry)
			}
			r.wait(ctx, time.Duration((0.75+0.5*rand.Float64())*float64(delay)))
			delay = min(2*delay, r.o.pace.most)
		}
	}
}

// hopeless says whether another try would fail too, as long as this program runs.
func hopeless(err error) bool {
	var m Mistake
	return isPermanent(err) || errors.As(err, &m)
}

func (r *Run) pass(ctx context.Context) error {
	r.mu.Lock()
	r.sender.wanted = r.wanted
	r.mu.Unlock()
	return r.sender.pass(ctx)
}

// addLate adds the tags that take a while.
func (r *Run) addLate() {
	if r.o.LateTags == nil {
		return
	}
	late := r.o.LateTags()
	r.mu.Lock()
	defer r.mu.Unlock()
	tags := map[string]string{}
	for _, from := range []map[string]string{late, r.wanted.Tags} { // the user's own win
		for k, v := range from {
			tags[k] = v
		}
	}
	r.wanted.Tags = tags
	if err := r.o.Spool.SetWanted(r.wanted); err != nil {
		r.sender.tell("spool", fmt.Sprintf("mlflow: the spool cannot be written: %v", err))
	}
}

// wait waits for a time, or until the run ends.
func (r *Run) wait(ctx context.Context, d time.Duration) {
	ending := r.ending
	if isClosed(ending) {
		ending = nil // the pause between two last tries
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-ending:
	case <-t.C:
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
