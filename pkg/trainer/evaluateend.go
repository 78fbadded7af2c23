package trainer

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/report"
	"github.com/gotrainer/trainer/pkg/track"
)

// evaluate computes, where the config asks for it, what one pass gives of a run that has
// just finished, in the session that trained it, inside Engine.Do, and prints it. What goes
// wrong is told: the run is finished all the same.
func (end *ending) evaluate(ctx context.Context, out *console, s *session) {
	if end.err != nil || !s.cfg.Training.EvaluateAtEnd {
		return
	}
	e, err := endEvaluation(ctx, out, s, end.dir)
	if err != nil {
		out.note(fmt.Sprintf("the run is finished, but its evaluation failed: %v; `trainer evaluate %s` tries again", err, end.dir))
		return
	}
	end.values = e
	out.info("%s\n", e.summary())
}

func endEvaluation(ctx context.Context, out *console, s *session, dir string) (*evaluation, error) {
	cfg, _, err := config.ParseInfer(dir, targetConfig(dir), config.Options{})
	if err != nil {
		return nil, err
	}
	t, err := openTrained(cfg.Experiment.OutputDir, cfg.Experiment.Name, cfg.Checkpoint)
	if err != nil {
		return nil, err
	}
	e := &evaluation{inferRun: inferRun{console: out, cfg: cfg, trained: t, data: s.data, device: s.parts.Device}, limits: limits{quick: true}}
	if err := e.all(ctx); err != nil {
		return nil, err
	}
	return e, e.keep(ctx)
}

// savedEvaluations are the files of evaluation/ as a section of the report; ok is false
// where there are none.
func savedEvaluations(dir string) (section report.Section, ok bool) {
	names, values := []string(nil), map[string]map[string]string{}
	head := []string{"metric"}
	var about []string
	for _, split := range []string{"train", "val", "test"} {
		saved, err := readEvaluation(filepath.Join(dir, "evaluation", split+"_evaluation.json"))
		if err != nil {
			continue
		}
		head = append(head, split)
		about = append(about, fmt.Sprintf("%d samples of %s, checkpoint of epoch %d", saved.Samples, split, saved.Epoch))
		for name, v := range saved.Metrics {
			if values[name] == nil {
				values[name] = map[string]string{}
				names = append(names, name)
			}
			values[name][split] = fmt.Sprint(v)
			if x, ok := v.(float64); ok {
				values[name][split] = track.Number(x)
			}
		}
	}
	if len(about) == 0 {
		return section, false
	}
	slices.Sort(names)
	table := report.Table{Title: "Metrics", Head: head}
	for _, name := range names {
		row := []string{name}
		for _, split := range head[1:] {
			row = append(row, values[name][split])
		}
		table.Rows = append(table.Rows, row)
	}
	return report.Section{Title: "Evaluation", About: strings.Join(about, "; ") + ". `trainer evaluate --explain` defines each.", Tables: []report.Table{table}}, true
}

// savedEvaluation is a file that evaluate wrote.
type savedEvaluation struct {
	Checkpoint string
	Epoch      int64
	Samples    int
	Metrics    map[string]any // numbers, or text where they are none
}

func readEvaluation(path string) (saved savedEvaluation, err error) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &saved)
	}
	return saved, err
}
