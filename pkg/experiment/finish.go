package experiment

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// Finish ends the run: it records the status (Finished, Interrupted or Failed)
// and its cause, which may be nil, and gives up the lock. A run that has not
// taken its name stays as {name}_{timestamp} if it has a checkpoint; a run
// without one is removed, unless it was continued, finished or marked by Keep, or
// has files in it that trainer did not make. The notices say what became of it, and
// whether its record could not be written, which takes nothing from the run.
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
	close(r.ended)
	defer r.leave()
	published := r.dir == r.place.final()
	if (!published || r.fresh) && !r.worthKeeping(status) {
		return r.dropped(), r.discard()
	}
	if err := r.endState(status, cause); err != nil {
		notices = append(notices, fmt.Sprintf("how the run ended is not recorded; nothing else of it is lost: %v", err))
	}
	if published {
		return notices, nil
	}
	kept, err := r.place.setAside(r.dir)
	if kept != "" {
		r.dir = kept
		notices = append(notices, fmt.Sprintf("%s is unchanged; what was trained until now is in %s", r.place.final(), kept))
	}
	return notices, err
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
// run that goes on now. It is only tidying: its errors stop nothing. Where another
// command may be writing, the files of living processes stay.
func (r *Run) removeStale() {
	removeTemp(r.dir)
	for _, sub := range []string{"embeddings", "predictions"} {
		atomicfile.RemoveStale(filepath.Join(r.dir, sub))
	}
}

// removeTemp takes away the temporary files of training in a run that is not being
// trained.
func removeTemp(dir string) {
	for _, sub := range []string{".", "checkpoints", "logs", stateDir} {
		atomicfile.RemoveTemp(filepath.Join(dir, sub)) // only tidying, as above
	}
}
