package mlflow

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// fileStore writes MLflow's file format: a folder with a meta.yaml for each experiment
// and run, a file of lines for each metric, a file for each parameter and tag, and
// artifacts as they are.
type fileStore struct {
	root string
	now  func() time.Time
}

var _, _ store = (*fileStore)(nil), (*client)(nil)

func (s *fileStore) experiment(ctx context.Context, name string) (string, error) {
	if err := os.MkdirAll(filepath.Join(s.root, ".trash"), 0o755); err != nil {
		return "", err
	}
	unlock, err := lockFolder(filepath.Join(s.root, ".trash"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(s.root, "0", metaName)); errors.Is(err, fs.ErrNotExist) {
		if err := s.makeExperiment("0", "Default"); err != nil {
			return "", err
		}
	}
	entries, err := os.ReadDir(s.root)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		meta, err := readMeta(filepath.Join(s.root, e.Name()))
		if err != nil || meta["name"] != name || meta["experiment_id"] != e.Name() {
			continue
		}
		if meta["lifecycle_stage"] == "deleted" {
			return "", mistake("mlflow.experiment_name: the experiment %q was deleted in %s; restore it there or choose another name", name, s.root)
		}
		return e.Name(), nil
	}
	n, err := rand.Int(rand.Reader, big.NewInt(9e17))
	if err != nil {
		return "", err
	}
	id := strconv.FormatInt(n.Int64()+1e17, 10) // 18 digits, as MLflow's own
	return id, s.makeExperiment(id, name)
}

func (s *fileStore) makeExperiment(id, name string) error {
	dir, at := filepath.Join(s.root, id), s.now().UnixMilli()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeMeta(dir, []field{
		{"artifact_location", fileURI(dir)}, {"creation_time", at}, {"experiment_id", id},
		{"last_update_time", at}, {"lifecycle_stage", "active"}, {"name", name},
	})
}

func (s *fileStore) find(ctx context.Context, experiment, uuid string) (string, bool, error) {
	tags, err := filepath.Glob(filepath.Join(globQuote(s.root), experiment, "*", "tags", uuidTag))
	if err != nil {
		return "", false, err
	}
	for _, tag := range tags {
		if text, err := os.ReadFile(tag); err == nil && string(text) == uuid {
			return filepath.Base(filepath.Dir(filepath.Dir(tag))), true, nil
		}
	}
	return "", false, nil
}

// create makes the run under a hidden name first, so that it is never there in part.
func (s *fileStore) create(ctx context.Context, experiment string, r newRun) (string, error) {
	var raw [16]byte
	rand.Read(raw[:]) // never fails: it ends the program instead
	id := hex.EncodeToString(raw[:])
	dir := filepath.Join(s.root, experiment, id)
	hidden := filepath.Join(s.root, experiment, "."+id)
	for _, sub := range []string{"metrics", "params", "tags", "artifacts"} {
		if err := os.MkdirAll(filepath.Join(hidden, sub), 0o755); err != nil {
			return "", err
		}
	}
	uri := fileURI(filepath.Join(dir, "artifacts"))
	err := writeMeta(hidden, []field{
		{"artifact_uri", uri}, {"end_time", nil}, {"entry_point_name", ""}, {"experiment_id", experiment},
		{"lifecycle_stage", "active"}, {"run_id", id}, {"run_name", r.Name}, {"run_uuid", id}, {"source_name", ""},
		{"source_type", int64(4)}, {"source_version", ""}, {"start_time", r.Start}, {"status", int64(1)},
		{"tags", []any{}}, {"user_id", r.User},
	})
	for _, tag := range []pair{{"mlflow.runName", r.Name}, {"mlflow.user", r.User}, {uuidTag, r.UUID}} {
		if err == nil {
			err = writeText(hidden, "tags", tag)
		}
	}
	if err == nil {
		err = os.Rename(hidden, dir)
	}
	return id, err
}

func (s *fileStore) load(ctx context.Context, id string) (remote, known, error) {
	dir, err := s.dir(id)
	if err != nil {
		return remote{}, known{}, err
	}
	meta, err := readMeta(dir)
	if err != nil {
		return remote{}, known{}, err
	}
	r := remote{ID: id, Artifact: fileURI(filepath.Join(dir, "artifacts")), Steps: map[string]int64{}, Deleted: meta["lifecycle_stage"] == "deleted"}
	k := known{params: map[string]string{}, tags: map[string]string{}}
	for name, number := range statusNumbers {
		if meta["status"] == strconv.FormatInt(number, 10) {
			k.status = name
		}
	}
	err = errors.Join(
		readTexts(filepath.Join(dir, "params"), func(key, text string) { k.params[key] = text }),
		readTexts(filepath.Join(dir, "tags"), func(key, text string) { k.tags[key] = text }),
		readTexts(filepath.Join(dir, "metrics"), func(key, text string) {
			for line := range strings.Lines(text) {
				if parts := strings.Fields(line); len(parts) == 3 && strings.HasSuffix(line, "\n") {
					step, bad := strconv.ParseInt(parts[2], 10, 64)
					if last, has := r.Steps[key]; bad == nil && (!has || step > last) {
						r.Steps[key] = step
					}
				}
			}
		}))
	return r, k, err
}

// dir finds a run among the experiments.
func (s *fileStore) dir(id string) (string, error) {
	found, err := filepath.Glob(filepath.Join(globQuote(s.root), "*", id))
	if err != nil || len(found) == 0 {
		return "", &Error{Op: "look at the run", Target: s.root, Status: 404, Code: "RESOURCE_DOES_NOT_EXIST", Err: fmt.Errorf("there is no run %s", id)}
	}
	return found[0], nil
}

var statusNumbers = map[string]int64{"RUNNING": 1, "SCHEDULED": 2, "FINISHED": 3, "FAILED": 4, "KILLED": 5}

func (s *fileStore) update(ctx context.Context, id, status string, end int64) error {
	dir, err := s.dir(id)
	if err != nil {
		return err
	}
	set := map[string]any{"status": statusNumbers[status]}
	if end > 0 {
		set["end_time"] = end
	}
	return changeMeta(dir, set)
}

func (s *fileStore) log(ctx context.Context, id string, b batch) error {
	dir, err := s.dir(id)
	if err != nil {
		return err
	}
	for _, p := range b.Params {
		if err := writeText(dir, "params", p); err != nil {
			return err
		}
	}
	for _, t := range b.Tags {
		if err := writeText(dir, "tags", t); err != nil {
			return err
		}
	}
	return appendMetrics(dir, b.Metrics)
}

// appendMetrics adds the lines that are not there yet: a batch whose end was not
// recorded is given once more. Each metric's lines are one write.
func appendMetrics(dir string, points []point) error {
	var keys []string
	lines := map[string][]byte{}
	for _, p := range points {
		if _, seen := lines[p.Key]; !seen {
			keys = append(keys, p.Key)
		}
		lines[p.Key] = fmt.Appendf(lines[p.Key], "%d %s %d\n", p.Time, plainNumber(float64(p.Value)), p.Step)
	}
	for _, key := range keys {
		path := filepath.Join(dir, "metrics", filepath.FromSlash(key))
		if err := appendNew(path, lines[key]); err != nil {
			return err
		}
	}
	return nil
}

func appendNew(path string, lines []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	old, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if end := bytes.LastIndexByte(old, '\n') + 1; end != len(old) { // cut short by a crash
		if err := f.Truncate(int64(end)); err != nil {
			return err
		}
		old = old[:end]
	}
	there := map[string]bool{}
	for line := range bytes.Lines(old) {
		there[string(line)] = true
	}
	var add []byte
	for line := range bytes.Lines(lines) {
		if !there[string(line)] {
			add = append(add, line...)
		}
	}
	if len(add) == 0 {
		return nil
	}
	_, err = atomicfile.Write(f, path, add)
	return err
}

// plainNumber is a value as Python's float reads it.
func plainNumber(x float64) string {
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

func (s *fileStore) artifact(ctx context.Context, r remote, path string, f *os.File, size int64) error {
	dir, err := s.dir(r.ID)
	if err != nil {
		return err
	}
	return copyArtifact(filepath.Join(dir, "artifacts"), path, f, size)
}
