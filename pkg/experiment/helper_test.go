package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// noon is the clock of the tests.
func noon() time.Time { return time.Date(2026, 1, 31, 12, 30, 0, 0, time.UTC) }

const stamp = "_2026-01-31_12-30-00"

func options(base, onExists string) Options {
	return Options{OutputDir: base, Name: "baseline", OnExists: onExists, Now: noon}
}

func begin(t *testing.T, o Options) *Run {
	t.Helper()
	r, err := Begin(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Finish(Failed, nil) })
	return r
}

func finish(t *testing.T, r *Run, status string) []string {
	t.Helper()
	notices, err := r.Finish(status, nil)
	if err != nil {
		t.Fatal(err)
	}
	return notices
}

func publish(t *testing.T, r *Run) []string {
	t.Helper()
	notices, err := r.Publish()
	if err != nil {
		t.Fatal(err)
	}
	return notices
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// putRun writes what a trained run has, every file with the text.
func putRun(t *testing.T, dir, text string) {
	t.Helper()
	for _, rel := range []string{"config.yaml", "checkpoints/best_model.pt", "checkpoints/last_model.pt", "logs/training.log", "logs/metrics.jsonl"} {
		put(t, filepath.Join(dir, rel), text)
	}
}

// trained leaves a finished run of the name baseline whose files have the text.
func trained(t *testing.T, base, text string) {
	t.Helper()
	r := begin(t, options(base, Overwrite))
	putRun(t, r.Dir(), text)
	publish(t, r)
	finish(t, r, Finished)
}

// tree lists what is under dir as "path=content" lines, without trainer's lock
// files and state.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() || strings.HasSuffix(rel, ".lock") || d.Name() == "state.json":
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			lines = append(lines, rel+"=link")
			return nil
		}
		text, err := os.ReadFile(path)
		lines = append(lines, fmt.Sprintf("%s=%s", rel, text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// runTree is the tree of putRun under the folder name.
func runTree(name, text string) string {
	var lines []string
	for _, rel := range []string{"checkpoints/best_model.pt", "checkpoints/last_model.pt", "config.yaml", "logs/metrics.jsonl", "logs/training.log"} {
		lines = append(lines, filepath.Join(name, rel)+"="+text)
	}
	return strings.Join(lines, "\n")
}

func wantTree(t *testing.T, dir, want string) {
	t.Helper()
	if got := tree(t, dir); got != want {
		t.Errorf("files in %s:\n%s\nwant:\n%s", filepath.Base(dir), got, want)
	}
}

func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s holds %q, want %q", filepath.Base(dir), got, want)
	}
}

// wantMistake checks that err is the user's and says all of the phrases.
func wantMistake(t *testing.T, err error, phrases ...string) {
	t.Helper()
	var user interface{ UserError() bool }
	if err == nil || !errors.As(err, &user) || !user.UserError() {
		t.Fatalf("error %v, want a mistake of the user", err)
	}
	for _, p := range phrases {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
	if strings.ContainsAny(err.Error(), "\n") {
		t.Errorf("error %q is more than one line", err)
	}
}

func wantNotice(t *testing.T, notices []string, phrases ...string) {
	t.Helper()
	all := strings.Join(notices, "\n")
	for _, p := range phrases {
		if !strings.Contains(all, p) {
			t.Errorf("notices %q do not say %q", notices, p)
		}
	}
}
