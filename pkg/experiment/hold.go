package experiment

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// Held is the name of an experiment that this process has to itself, to put it away or
// to put something there. It must end with Release.
type Held struct {
	place place
	lock  *lock
}

// Hold takes the lock of the experiment that has, or will have, the directory dir. The
// folder that dir is in must exist. One that another process trains or works on is a
// mistake of the user's that names the process (ErrLocked), and so is a name that no
// experiment can have.
func Hold(dir string) (*Held, error) {
	p := placeOf(dir, time.Now)
	p.base = filepath.Dir(filepath.Clean(dir)) // as the user wrote it, for messages
	if filepath.Base(filepath.Clean(dir)) != p.name {
		p = placeOf(dir, time.Now)
	}
	if err := CheckName(p.name); err != nil {
		return nil, err
	}
	if !isFolder(p.base) {
		return nil, mistake(ErrNotFound, "%s: there is no folder %s", dir, p.base)
	}
	l, err := acquire(p.lockPath(), p.now(), p.mayRescue)
	var busy errBusy
	switch {
	case errors.As(err, &busy):
		return nil, p.busy(busy.by)
	case err != nil:
		return nil, err
	}
	if s, ok := readState(p.final()); ok && s.Status == Running && s.livesElsewhere(p.now()) {
		l.release(false)
		return nil, p.busy(holder{PID: s.PID, Host: s.Host, Started: s.Started})
	}
	return &Held{place: p, lock: l}, nil
}

// Release gives the lock up, with its file where nothing of that name is left.
func (h *Held) Release() {
	h.lock.release(!exists(h.place.final()))
}

// Dir is the directory of the experiment.
func (h *Held) Dir() string { return h.place.final() }

// Remove removes the experiment's directory. It takes another, hidden name first, so
// that a process that is killed meanwhile leaves no part of a run under its name; what
// is left is removed with the next run of the name, or by Tidy.
func (h *Held) Remove() error {
	if info, err := os.Lstat(h.place.final()); err == nil && !info.IsDir() {
		return mistake(nil, "%s is a symbolic link; nothing is removed through it: give the folder that it leads to", h.place.final())
	}
	if err := h.place.remove(h.place.final()); err != nil {
		return err
	}
	return h.place.sync()
}

// Tidy removes what killed processes left of the experiment: temporary files, and hidden
// folders beside it. A run that had not taken its name and has a checkpoint stays, under
// a name with the time behind it, as the notices say.
func (h *Held) Tidy() (notices []string, err error) {
	if notices, err = h.place.repair(); err != nil {
		return notices, err
	}
	if dir := h.place.final(); isFolder(dir) {
		(&Run{dir: dir}).removeStale()
	}
	return notices, nil
}

// Stage makes an empty hidden folder beside the experiment's place, for what is to be
// put there. If it is left behind, it goes as a removed run's rest does.
func (h *Held) Stage() (string, error) {
	dir := h.place.free(kindTrash, os.Getpid())
	return dir, explain("make", dir, mkdir(dir))
}

// Discard removes what Stage made.
func (h *Held) Discard(stage string) error { return explain("remove", stage, removeAll(stage)) }

// Place gives a staged folder the experiment's name. An experiment of that name is a
// mistake of the user's.
func (h *Held) Place(stage string) error {
	if exists(h.place.final()) {
		return mistake(ErrExists, "%s exists; it is not overwritten", h.place.final())
	}
	return h.place.move(stage, h.place.final())
}

// Leftover is what a killed process left on disk.
type Leftover struct {
	Path string // a hidden folder beside a run, or a temporary file
	Run  string // the directory of the run that it belongs to; empty for none
	Size int64  // bytes
}

// Leftovers finds what killed processes left in and below the folder root, in the order
// of their paths. What a living process may still use is not in the list.
func Leftovers(root string) ([]Leftover, error) {
	l := lister{seen: map[string]bool{}, now: time.Now}
	if _, err := List(root); err != nil {
		return nil, err
	}
	if err := l.folder(filepath.Clean(root)); err != nil {
		return nil, err
	}
	out := l.strays
	for _, i := range l.found {
		if i.Staged || i.Status == Running {
			continue
		}
		list, err := Contents(i.Dir)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			if stale(c.Path) {
				out = append(out, Leftover{filepath.Join(i.Dir, c.Path), i.Dir, c.Size})
			}
		}
	}
	return out, nil
}

// stray notes a hidden entry of a folder if it is what a killed process left.
func (l *lister) stray(base string, e fs.DirEntry) {
	path := filepath.Join(base, e.Name())
	if m := leftPattern.FindStringSubmatch(e.Name()); m != nil && e.IsDir() {
		p := place{base: base, name: m[1], now: l.now}
		if !p.held() {
			list, _ := Contents(path) // what cannot be read is told when it is removed
			l.strays = append(l.strays, Leftover{path, p.final(), Size(list)})
		}
		return
	}
	if info, err := e.Info(); err == nil && e.Type().IsRegular() && stale(path) {
		l.strays = append(l.strays, Leftover{path, "", info.Size()})
	}
}

// stale says whether a path is that of a temporary file whose process is gone.
func stale(path string) bool {
	return atomicfile.IsStale(filepath.Base(path))
}
