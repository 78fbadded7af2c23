package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// stampTries bounds the names that one second can give to runs.
const stampTries = 1000

// claim locks a name: the one asked for, or with Timestamp the first that is free.
func (r *Run) claim(name string) error {
	if r.onExists != Timestamp {
		return r.take(name)
	}
	plain := r.place
	plain.name = name
	for try := 0; try < stampTries; try++ {
		want := name
		if try > 0 {
			want = plain.stamped(try)
		}
		err := r.take(want)
		if err == nil {
			there, lookErr := r.place.look()
			if lookErr == nil && (there == absent || there == empty) {
				if try > 0 {
					r.notices = append(r.notices, fmt.Sprintf("%s exists; this run goes to %s", plain.final(), r.place.final()))
				}
				return nil
			}
			r.unlock()
		} else if !errors.Is(err, ErrLocked) {
			return err
		}
	}
	return mistake(ErrExists, "experiment %q exists in %s, and so do all names with the time behind it; choose another experiment.name",
		name, r.place.base)
}

// take makes the output directory, locks the name in it and clears up what killed
// runs of that name left.
func (r *Run) take(name string) error {
	r.place.name = name
	now := r.place.now()
	for try := 0; ; try++ {
		made, err := makeDirs(r.place.base)
		r.made = append(r.made, made...)
		if err != nil {
			return err
		}
		var notice string
		r.lock, err = acquire(r.place.lockPath(), now, func(before holder) (err error) {
			notice, err = r.place.takeOver(before)
			return err
		})
		if notice != "" {
			r.notices = append(r.notices, notice)
		}
		var busy errBusy
		switch {
		case errors.As(err, &busy):
			return r.place.busy(busy.by)
		case errors.Is(err, fs.ErrNotExist) && try < lockTries:
			continue // its maker has just taken the empty folder away
		case err != nil:
			return err
		}
		break
	}
	if r.lock.unsupported {
		r.notices = append(r.notices, fmt.Sprintf(
			"the file system of %s has no locks: start no second run of this name while this one trains", r.place.base))
	}
	notices, err := r.place.repair()
	r.notices = append(r.notices, notices...)
	return err
}

// unlock gives up a name that turned out not to be the one.
func (r *Run) unlock() {
	if r.lock != nil {
		r.lock.release(!exists(r.place.final()))
		r.lock = nil
	}
}

// leave gives up the lock, with its file and the output directory where this run
// made them and leaves nothing in them.
func (r *Run) leave() {
	r.unlock()
	for i := len(r.made) - 1; i >= 0; i-- {
		if os.Remove(r.made[i]) != nil {
			return // something is in it
		}
	}
}
