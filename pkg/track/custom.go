package track

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// bound is the run that LogMetric and LogArtifact are about.
type bound struct {
	tracker *Tracker
	dir     func() string
}

var running atomic.Pointer[bound]

// ErrNoRun says that no run is being trained.
var ErrNoRun = errors.New("no run is being trained")

// Bind makes a tracker, and the folder that a run keeps artifacts in, the ones that
// LogMetric and LogArtifact use until release is called. dir is asked each time.
func Bind(t *Tracker, dir func() string) (release func()) {
	b := &bound{t, dir}
	running.Store(b)
	return func() { running.CompareAndSwap(b, nil) }
}

// LogMetric records a value of the running run after a number of steps, for models in Go
// that have more to tell than the metrics of their loss. It goes where the run's own
// metrics go: the journal, MLflow, TensorBoard, the CSV. A name has one value a step;
// where steps go back, MLflow keeps what it has. It may be called from any goroutine.
func LogMetric(name string, value float64, step int64) error {
	b := running.Load()
	if b == nil {
		return ErrNoRun
	}
	if name == "" || slices.Contains(reserved, name) || strings.HasPrefix(name, "system/") {
		return fmt.Errorf("log metric: the name %q is taken; choose another", name)
	}
	b.tracker.Log(Event{Kind: KindMetric, Step: step, Values: []Value{{name, value}}})
	return nil
}

// LogArtifact keeps a copy of a file with the running run, in artifacts/{folder}, and
// sends it to MLflow. folder may be empty; it is slash-separated and leads nowhere else.
// A file of the same name takes the place of an earlier one.
func LogArtifact(file, folder string) error {
	b := running.Load()
	if b == nil {
		return ErrNoRun
	}
	if folder != "" && !filepath.IsLocal(filepath.FromSlash(folder)) {
		return fmt.Errorf("log artifact %s: the folder %q leads out of the run's artifacts", file, folder)
	}
	from, err := os.Open(file)
	if err != nil {
		return err // names the path already
	}
	defer from.Close()
	to := filepath.Join(b.dir(), filepath.FromSlash(path.Clean(folder)), filepath.Base(file))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err // names the path already
	}
	f, err := atomicfile.Create(to)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := io.Copy(f, from); err != nil {
		return fmt.Errorf("log artifact %s: %w", file, err)
	}
	return f.Commit()
}
