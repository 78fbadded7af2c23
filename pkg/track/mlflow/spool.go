package mlflow

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// Spool is .trainer/mlflow-spool in a run's directory: what MLflow is to know about the
// run beside the journal and the files of the run (wanted.json, system.jsonl), and which
// files it has (sent.json). No secret is in it.
type Spool struct {
	// Dir is the run's directory, asked for each time: a run takes its name while it
	// is trained. Empty where nothing of the run is kept.
	Dir func() string
}

// spoolDir is the spool's place in a run's directory.
var spoolDir = filepath.Join(".trainer", "mlflow-spool")

// The statuses of MLflow's runs.
const (
	Running  = "RUNNING"
	Finished = "FINISHED"
	Failed   = "FAILED"
	Killed   = "KILLED"
)

// Wanted is what MLflow is to know about a run. Metrics are in the journal.
type Wanted struct {
	URI        string            `json:"tracking_uri"` // without user and password
	Experiment string            `json:"experiment_name"`
	RunName    string            `json:"run_name"`
	UUID       string            `json:"uuid"` // the run's own id
	User       string            `json:"user"`
	Start      int64             `json:"start_time"` // ms
	Params     map[string]string `json:"params"`
	Tags       map[string]string `json:"tags"`
	Artifacts  string            `json:"artifacts"` // Best, BestOnEnd or None
	Status     string            `json:"status"`
	End        int64             `json:"end_time,omitempty"` // ms; 0 while it runs
}

// Which checkpoints go to MLflow.
const (
	Best      = "best"        // the best one, each time it improves
	BestOnEnd = "best_on_end" // the best one, once the run has ended
	None      = "none"
)

// sent is what the target has and cannot be asked for.
type sent struct {
	URI   string            `json:"tracking_uri"`
	Run   string            `json:"run_id"`
	Files map[string]string `json:"files"` // what was sent under each path: size and time
	// Evaluated is the time of the last evaluation whose metrics were sent, ms.
	Evaluated int64  `json:"evaluated,omitempty"`
	All       string `json:"all"` // the Wanted of a run that ended, whose all was sent
}

// In is the spool of a run that is not being trained.
func In(dir string) Spool { return Spool{Dir: func() string { return dir }} }

// Path is the place of a file of the spool at this moment.
func (s Spool) Path(name string) string { return filepath.Join(s.Dir(), spoolDir, name) }

// journalPath is the place of a journal of the run.
func (s *sender) journalPath(name string) string {
	if name == "metrics.jsonl" {
		return filepath.Join(s.spool.Dir(), "logs", name)
	}
	return s.spool.Path(name)
}

// Wanted reads what MLflow is to know; ok is false where the run is not reported to
// MLflow.
func (s Spool) Wanted() (w Wanted, ok bool, err error) {
	err = s.read("wanted.json", &w)
	if errors.Is(err, fs.ErrNotExist) {
		return w, false, nil
	}
	return w, err == nil, err
}

// RunID is the run's id in MLflow; empty where it has none yet.
func (s Spool) RunID() string {
	var done sent
	if s.read("sent.json", &done) != nil {
		return ""
	}
	return done.Run
}

// Owes says whether the run has something that was not sent.
func (s Spool) Owes() bool {
	w, ok, err := s.Wanted()
	if err != nil || !ok {
		return false
	}
	var done sent
	return s.read("sent.json", &done) != nil || done.All != w.digest()
}

// digest tells one Wanted from another.
func (w Wanted) digest() string {
	text, _ := json.Marshal(w) // strings, numbers and maps of them always encode
	return fmt.Sprintf("%x", sha256.Sum256(text))[:16]
}

// SetWanted replaces what MLflow is to know.
func (s Spool) SetWanted(w Wanted) error { return s.write("wanted.json", w) }

func (s Spool) read(name string, into any) error {
	data, err := os.ReadFile(s.Path(name))
	if err != nil {
		return err // names the path already
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read %s: %w", s.Path(name), err)
	}
	return nil
}

// write writes a file of the spool. Where the run took its name meanwhile, the folder
// that was written to is another run's or gone, and it writes once more.
func (s Spool) write(name string, content any) error {
	data, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	for range 3 {
		dir := s.Dir()
		if dir == "" {
			return nil
		}
		path := filepath.Join(dir, spoolDir, name)
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = atomicfile.WriteFile(path, append(slices.Clip(data), '\n'))
		}
		if s.Dir() == dir {
			return err
		}
	}
	return err
}

// Lock keeps two processes from sending one run's records; ok is false where another
// process does.
func (s Spool) Lock() (unlock func(), ok bool) {
	folder := filepath.Dir(s.Path("lock"))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, false
	}
	f, err := os.OpenFile(s.Path("lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, false
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil && !noLocks(err) {
		f.Close()
		return nil, false
	}
	return func() { f.Close() }, true
}
