package mlflow

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotrainer/trainer/pkg/track"
)

// testRun is a run's directory, with the journal that training writes.
type testRun struct {
	t       *testing.T
	dir     string
	journal *track.Journal
	at      time.Time
	env     map[string]string
	mu      sync.Mutex
	notes   []string
}

func newTestRun(t *testing.T) *testRun {
	r := &testRun{t: t, dir: t.TempDir(), at: time.UnixMilli(1_700_000_000_000), env: map[string]string{}}
	for _, sub := range []string{"logs", "checkpoints"} {
		if err := os.Mkdir(filepath.Join(r.dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.file("config.yaml", "a: 1\n")
	r.open()
	return r
}

func (r *testRun) open() {
	r.t.Helper()
	var err error
	if r.journal, err = track.OpenJournal(filepath.Join(r.dir, "logs", "metrics.jsonl")); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { r.journal.Close() })
}

func (r *testRun) file(name, content string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// log writes an event with a time of its own: training is never twice at one instant.
func (r *testRun) log(kind string, step int64, values ...track.Value) {
	r.t.Helper()
	r.at = r.at.Add(time.Second)
	if err := r.journal.Log(track.Event{Kind: kind, Step: step, Epoch: 1 + step/10, Time: r.at, Values: values}); err != nil {
		r.t.Fatal(err)
	}
}

// train is an epoch of ten steps.
func (r *testRun) train(epoch int64) {
	for step := 10*epoch - 8; step <= 10*epoch; step += 2 {
		r.log(track.KindStep, step, track.Value{Name: "train/loss", Value: 1 / float64(step)}, track.Value{Name: "lr", Value: 0.5})
	}
	r.log(track.KindEpoch, 10*epoch, track.Value{Name: "train/loss", Value: float64(epoch)}, track.Value{Name: "val/loss", Value: 2 * float64(epoch)}, track.Value{Name: "lr", Value: 0.5})
}

func (r *testRun) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, text)
}

func (r *testRun) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.notes, "\n")
}

func (r *testRun) getenv(name string) string { return r.env[name] }

func (r *testRun) options(uri string) Options {
	r.t.Helper()
	target, err := ParseTarget(uri)
	if err != nil {
		r.t.Fatal(err)
	}
	return Options{
		Target: target, Getenv: r.getenv, Spool: In(r.dir), Note: r.note, Began: func(string) {},
		Wanted: Wanted{Experiment: "e", RunName: "baseline", UUID: "uuid-1", User: "u", Start: 5, Artifacts: Best,
			Params: map[string]string{"training.epochs": "2"}, Tags: map[string]string{"host": "h"}},
		pace: pace{every: time.Millisecond, backoff: time.Millisecond, most: 2 * time.Millisecond, lastTry: time.Millisecond},
	}
}

func (r *testRun) start(o Options) *Run {
	r.t.Helper()
	run, err := Start(o)
	if err != nil {
		r.t.Fatal(err)
	}
	return run
}

func (r *testRun) finish(run *Run) {
	r.t.Helper()
	if complete, _ := run.Finish(Finished, time.Minute); !complete {
		r.t.Fatalf("not everything was sent; notes:\n%s", r.said())
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, expected %v", what, got, want)
	}
}

// checkTwoEpochs holds that the server has exactly what two epochs logged.
func checkTwoEpochs(t *testing.T, run fakeRun) {
	t.Helper()
	same(t, "val/loss", run.history("val/loss"), "10:2 20:4")
	same(t, "train/loss", run.history("train/loss"), "10:1 20:2")
	same(t, "lr", run.history("lr"), "2:0.5 4:0.5 6:0.5 8:0.5 10:0.5 12:0.5 14:0.5 16:0.5 18:0.5 20:0.5")
	same(t, "steps", len(strings.Fields(run.history("train/loss_step"))), 10)
	same(t, "status", run.Status, Finished)
	same(t, "params", run.Params, map[string]string{"training.epochs": "2"})
	same(t, "config", run.Files["config.yaml"], "a: 1\n")
}
