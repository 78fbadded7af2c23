package experiment

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gotrainer/trainer/pkg/nearest"
)

// Info is what is known about an experiment on disk. Without .trainer, which may
// be removed by hand, only Dir and Name are, and Running is.
type Info struct {
	Dir       string // the directory, as it was given to Find where that exists
	Name      string
	UUID      string
	Status    string    // Running, Finished, Interrupted or Failed; empty when not known
	Killed    bool      // Interrupted, and the process could not say so itself
	Error     string    // why it failed
	Started   time.Time // of the process that trains or trained last
	Heartbeat time.Time // its last sign of life
	PID       int
	Host      string
	Staged    bool   // Dir is a hidden folder: the run has not taken its name yet
	MLflowRun string // its id in MLflow; empty where it has none
}

// Find looks at the existing experiment directory dir. A run that says it is
// running but whose lock nobody holds was killed: its status is Interrupted. A
// directory that is missing or holds no experiment is a mistake of the user, and
// the error names the experiments that are there and are called nearly the same.
// Where a replacement was killed between its two renames, Find ends it.
func Find(dir string) (*Info, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, explain("look at", dir, err)
	}
	dir = filepath.Clean(dir)
	p := place{base: filepath.Dir(full), name: filepath.Base(full), step: func(string) {}, now: time.Now}
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if found := p.rescue(dir); found != "" {
			dir = found
			info, err = os.Stat(dir)
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, missing(dir)
	case err != nil:
		return nil, explain("look at", dir, err)
	case !info.IsDir():
		return nil, mistake(ErrNotFound, "%s is a file, not an experiment directory; give the folder {output_dir}/{name}", dir)
	case !exists(filepath.Join(dir, "config.yaml")) && !exists(filepath.Join(dir, "checkpoints")):
		return nil, mistake(ErrNotFound, "%s is not an experiment directory: neither config.yaml nor checkpoints is in it%s", dir, inside(dir))
	}
	return p.info(dir), nil
}

// rescue looks for a run of which only hidden folders are there, because its
// replacement was killed half-way, and gives the directory to use, or "".
func (p place) rescue(dir string) string {
	old, err := p.leftovers(kindOld)
	if err != nil || len(old) == 0 {
		return ""
	}
	if l, err := acquire(p.lockPath(), p.now(), p.mayRescue); err == nil {
		_, err = p.repair()
		l.release(false)
	}
	if exists(dir) {
		return dir
	}
	return newest(old) // this user cannot write there; the old run is whole
}

// mayRescue refuses where a process on another host may be at work.
func (p place) mayRescue(before holder) error {
	_, err := p.takeOver(before)
	return err
}

func (p place) info(dir string) *Info {
	i := &Info{Dir: dir, Name: p.name}
	s, ok := readState(dir)
	if !ok {
		if stages, _ := p.leftovers(kindNew); len(stages) == 0 && p.held() {
			i.Status = Running // its folder .trainer was removed while it trains
		}
		return i
	}
	i.UUID, i.Status, i.Error, i.Started, i.Heartbeat, i.PID, i.Host, i.MLflowRun = s.UUID, s.Status, s.Error, s.Started, s.Heartbeat, s.PID, s.Host, s.MLflowRun
	if i.Status == Running && !p.heldBy(s.PID) && !s.livesElsewhere(p.now()) {
		i.Status, i.Killed = Interrupted, true
	}
	return i
}

// missing is the error for a directory that is not there, with what is.
func missing(dir string) error {
	base, name := filepath.Split(dir)
	if base == "" {
		base = "."
	}
	if info, err := os.Stat(base); err != nil || !info.IsDir() {
		return mistake(ErrNotFound, "experiment %s: not found; the folder %s does not exist", dir, filepath.Clean(base))
	}
	names := experiments(base)
	if near := nearest.Name(name, names); near != "" {
		return mistake(ErrNotFound, "experiment %s: not found; did you mean %s?", dir, filepath.Join(base, near))
	}
	if len(names) == 0 {
		return mistake(ErrNotFound, "experiment %s: not found; there are no experiments in %s; train one first", dir, filepath.Clean(base))
	}
	return mistake(ErrNotFound, "experiment %s: not found; %s has %s", dir, filepath.Clean(base), listed(names))
}

// inside names the experiments in a folder that is none itself.
func inside(dir string) string {
	if names := experiments(dir); len(names) > 0 {
		return "; experiments in it: " + listed(names)
	}
	return ""
}

// experiments lists the names of the experiments in the folder base.
func experiments(base string) []string {
	entries, err := os.ReadDir(base)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		dir := filepath.Join(base, e.Name())
		if !strings.HasPrefix(e.Name(), ".") && (exists(filepath.Join(dir, "config.yaml")) || exists(filepath.Join(dir, "checkpoints"))) {
			names = append(names, e.Name())
		}
	}
	return names
}
