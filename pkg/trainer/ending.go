package trainer

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/train"
)

// ending is what a person who waited for a run wants to know when it is over.
type ending struct {
	dir     string // of the run; empty where nothing of it was kept
	kind    string // of the model
	monitor string
	result  train.Result
	took    time.Duration
	err     error       // nil: the run finished
	values  *evaluation // at the end of the run; nil where there is none
}

// files are the paths of the run's files that are there, by what they are.
func (e *ending) files() map[string]string {
	found := map[string]string{}
	add := func(what string, elem ...string) {
		path := filepath.Join(append([]string{e.dir}, elem...)...)
		if _, err := os.Stat(path); err == nil && found[what] == "" {
			found[what] = path
		}
	}
	add("config", "config.yaml")
	if e.err != nil {
		add("checkpoint", "checkpoints", checkpoint.ResumeName)
	}
	add("checkpoint", "checkpoints", checkpoint.BestName)
	add("checkpoint", "checkpoints", checkpoint.LastName)
	add("log", "logs", "training.log")
	return found
}

// next is what one would type next.
func (e *ending) next() string {
	switch {
	case e.err == nil:
		return afterTraining(e.kind, e.dir)
	case e.files()["checkpoint"] == "":
		return "trainer train " + filepath.Join(e.dir, "config.yaml")
	}
	return "trainer resume " + e.dir
}

// afterTraining is the command that a trained model is for.
func afterTraining(kind, dir string) string {
	switch kind {
	case "vae":
		return "trainer extract-embeddings " + dir
	case "sae":
		return "trainer predict " + dir + ", or trainer report " + dir
	}
	return "trainer predict " + dir
}

// tell prints the summary.
func (e *ending) tell(out *console) {
	if e.dir == "" {
		if interrupted(e.err) {
			out.info("nothing of the run is kept: it ended before its first checkpoint")
		}
		return
	}
	t := &table{}
	if s := e.result.Score; s.BestEpoch > 0 {
		t.add("best", fmt.Sprintf("%s %.6g at epoch %d of %d", e.monitor, s.Best, s.BestEpoch, e.result.Epochs))
	}
	files := e.files()
	for _, what := range []string{"config", "checkpoint", "log"} {
		if files[what] != "" {
			t.add(what, files[what])
		}
	}
	next := e.next()
	if e.err != nil && !interrupted(e.err) {
		next = "when the cause is mended: " + next
	}
	t.add("next", next)
	out.info("%s", t)
}

// record is the summary of a finished run for programs.
func (e *ending) record() map[string]any {
	r, files := e.result, e.files()
	record := map[string]any{
		"dir": e.dir, "epochs": r.Epochs, "steps": r.Steps, "monitor": e.monitor,
		"best": number(r.Score.Best), "best_epoch": r.Score.BestEpoch, "stopped_early": r.Stopped,
		"seconds": e.took.Seconds(), "config": files["config"], "checkpoint": files["checkpoint"], "log": files["log"], "next": e.next(),
	}
	if e.values != nil {
		record["evaluation"] = e.values.record["splits"]
	}
	return record
}
