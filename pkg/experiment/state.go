package experiment

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// How a run is doing.
const (
	Running     = "running"
	Finished    = "finished"
	Interrupted = "interrupted" // stopped by the user, or killed
	Failed      = "failed"
)

// stateDir is trainer's own folder in a run. All in it can be made again: a run
// without it is whole.
const stateDir = ".trainer"

// state is .trainer/state.json.
type state struct {
	UUID      string    `json:"uuid"`
	Name      string    `json:"name"`
	Status    string    `json:"status"`
	Error     string    `json:"error,omitempty"` // why it failed
	Started   time.Time `json:"started"`         // of the process that trains or trained last
	Heartbeat time.Time `json:"heartbeat"`       // the last sign of life
	PID       int       `json:"pid"`
	Host      string    `json:"host"`
	MLflowRun string    `json:"mlflow_run_id,omitempty"`
}

// newState records that this process trains the run now.
func (r *Run) newState() error {
	now := r.place.now().Round(time.Millisecond)
	host, _ := os.Hostname()
	r.state = state{UUID: newUUID(), Name: r.place.name, Status: Running, Started: now, Heartbeat: now, PID: os.Getpid(), Host: host}
	if r.resuming {
		if before, ok := readState(r.dir); ok && before.UUID != "" {
			r.state.UUID, r.state.MLflowRun = before.UUID, before.MLflowRun
		}
	}
	return r.writeState()
}

// SetMLflowRun records the id that MLflow gave to the run; it is kept when the run is
// resumed.
func (r *Run) SetMLflowRun(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dir == "" || r.state.MLflowRun == id {
		return nil
	}
	r.state.MLflowRun = id
	return r.writeState()
}

// SetMLflowRun records the id that MLflow gave to a run that has ended.
func SetMLflowRun(dir, id string) error {
	s, ok := readState(dir)
	if !ok || s.MLflowRun == id {
		return nil // a run without a state needs none
	}
	s.MLflowRun = id
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write state of %s: %w", dir, err)
	}
	return atomicfile.WriteFile(filepath.Join(dir, stateDir, "state.json"), append(data, '\n'))
}

// endState records how the run ended.
func (r *Run) endState(status string, cause error) error {
	r.state.Status, r.state.Heartbeat = status, r.place.now().Round(time.Millisecond)
	if cause != nil {
		r.state.Error = cause.Error()
	}
	return r.writeState()
}

// writeState writes the state, also where somebody removed the folder.
func (r *Run) writeState() error {
	data, err := json.MarshalIndent(r.state, "", "  ")
	if err != nil {
		return fmt.Errorf("write state of %s: %w", r, err)
	}
	dir := filepath.Join(r.dir, stateDir)
	if err := mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return explain("make", dir, err)
	}
	return atomicfile.WriteFile(filepath.Join(dir, "state.json"), append(data, '\n'))
}

// readState reads the state of the run in dir; false where there is none that
// can be read.
func readState(dir string) (s state, ok bool) {
	f, err := os.Open(filepath.Join(dir, stateDir, "state.json"))
	if err != nil {
		return s, false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil || json.Unmarshal(data, &s) != nil {
		return state{}, false
	}
	return s, true
}

// newUUID is a random UUID (version 4, RFC 9562).
func newUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
