package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// Finish ends the run: it records the status (Finished, Interrupted or Failed)
// and its cause, which may be nil, and gives up the lock. A run that has not
// taken its name stays as {name}_{timestamp} if it has a checkpoint; a run
// without one is removed, unless it was continued, finished or marked by Keep, or
// has files in it that trainer did not make. The notices say what became of it.
// A second call does nothing.
func (r *Run) Finish(status string, cause error) (notices []string, err error) {
	if status != Finished && status != Interrupted && status != Failed {
		return nil, fmt.Errorf("finish %s: unknown status %q", r, status)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return nil, nil
	}
	r.done = true
	defer r.leave()
	if r.dir == r.place.final() && !r.fresh {
		return nil, r.endState(status, cause)
	}
	if !r.worthKeeping(status) {
		return r.dropped(), r.discard()
	}
	err = r.endState(status, cause)
	if r.dir == r.place.final() {
		return nil, err
	}
	kept, moveErr := r.place.setAside(r.dir)
	if kept == "" {
		return nil, errors.Join(err, moveErr)
	}
	r.dir = kept
	return []string{fmt.Sprintf("%s is unchanged; what was trained until now is in %s", r.place.final(), kept)}, errors.Join(err, moveErr)
}

// worthKeeping says whether a run that is new or has no name yet stays on disk.
func (r *Run) worthKeeping(status string) bool {
	if r.keep || status == Finished || hasCheckpoint(r.dir) {
		return true
	}
	names, err := foreign(r.dir)
	return err == nil && len(names) > 0
}

// dropped is the notice of a run that leaves nothing.
func (r *Run) dropped() []string {
	if r.dir == r.place.final() {
		return nil
	}
	return []string{fmt.Sprintf("%s is unchanged: the new run ended before its first checkpoint", r.place.final())}
}

// discard removes the run's directory, or only what is in it if the user made it.
func (r *Run) discard() error {
	dir := r.dir
	r.dir = ""
	if dir != r.place.final() || r.ownDir {
		if !exists(dir) {
			return nil
		}
		return r.place.remove(dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return explain("read", dir, err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return explain("remove", filepath.Join(dir, e.Name()), err)
		}
	}
	return nil
}

// removeStale takes away the temporary files of a process that was killed in a
// run that goes on now. It is only tidying: its errors stop nothing.
func (r *Run) removeStale() {
	for _, sub := range []string{".", "checkpoints", "logs", stateDir, "embeddings", "predictions"} {
		atomicfile.RemoveStale(filepath.Join(r.dir, sub))
	}
}
