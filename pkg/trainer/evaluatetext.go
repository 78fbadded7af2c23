package trainer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/metrics"
	"github.com/gotrainer/trainer/pkg/track"
	"github.com/gotrainer/trainer/pkg/track/mlflow"
)

// save writes the files and answers the record of the command.
func (e *evaluation) save() (map[string]any, error) {
	dir := filepath.Join(e.trained.dir, "evaluation")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, unwritable(err)
	}
	splits := map[string]any{}
	var files []written
	for _, r := range e.results {
		if r.shares != nil {
			density, err := writeDensities(dir, r)
			if err != nil {
				return nil, unwritable(err)
			}
			files = append(files, density)
		}
		values := map[string]any{}
		for _, v := range r.values {
			values[v.Name] = number(v.Value)
		}
		one := map[string]any{"checkpoint": e.trained.path, "epoch": e.trained.file.Epoch, "split": r.split, "samples": r.samples, "metrics": values}
		for name, v := range r.more {
			one[name] = v
		}
		text, err := json.MarshalIndent(one, "", "  ")
		if err != nil {
			return nil, err
		}
		path := filepath.Join(dir, r.split+"_evaluation.json")
		if err := atomicfile.WriteFile(path, append(text, '\n')); err != nil {
			return nil, unwritable(err)
		}
		files = append(files, written{Path: path, Shape: []int64{}})
		splits[r.split] = one
	}
	return map[string]any{"checkpoint": e.trained.path, "epoch": e.trained.file.Epoch, "splits": splits, "files": files}, nil
}

// names are all metrics, in the order in which they were computed.
func (e *evaluation) names() (names []string) {
	for _, r := range e.results {
		for _, v := range r.values {
			if !slices.Contains(names, v.Name) {
				names = append(names, v.Name)
			}
		}
	}
	return names
}

// table has a row for each of the metrics, and a column for each split.
func (e *evaluation) table(names []string) *table {
	t := &table{right: map[int]bool{}}
	head, samples := []string{"metric"}, []string{"samples"}
	for i, r := range e.results {
		t.right[i+1] = true
		head, samples = append(head, r.split), append(samples, fmt.Sprint(r.samples))
	}
	t.add(head...)
	t.add(samples...)
	for _, name := range names {
		row := []string{name}
		for _, r := range e.results {
			cell := ""
			for _, v := range r.values {
				if v.Name == name {
					cell = track.Number(v.Value)
				}
			}
			row = append(row, cell)
		}
		t.add(row...)
	}
	return t
}

// summary leaves out what there is one of for each latent.
func (e *evaluation) summary() string {
	return e.table(slices.DeleteFunc(e.names(), func(name string) bool { return strings.Contains(name, "/") })).String()
}

// text is the table, and what must be known to read it.
func (e *evaluation) text() string {
	names := e.names()
	text := e.table(names).String()
	if note := e.aboutLikelihood(); note != "" {
		text += "\n\n" + note
	}
	if e.explain {
		text += "\n"
		for _, name := range names {
			text += "\n" + name + ": " + definition(name)
		}
	}
	return text
}

// aboutLikelihood is what must be known to read nll and bits_per_dim; empty where there
// are none, or nothing must.
func (e *evaluation) aboutLikelihood() string {
	for _, r := range e.results {
		likelihood, _ := r.more["likelihood"].(map[string]any)
		switch likelihood["measures"] {
		case "unnormalised":
			return "elbo, nll, bits_per_dim: this likelihood is no density of these values, which lie between 0 and 1: compare them only among models that have it too"
		case "density":
			return "elbo, nll, bits_per_dim: of a density, so that they depend on the data's unit and may be negative"
		}
	}
	return ""
}

// definition says what a metric means; what none of our own names is one of the model's.
func definition(name string) string {
	if d := metrics.Meaning(name); d != "" {
		return d
	}
	return ofTheVariant
}

const ofTheVariant = "a term or a metric of the variant's own loss, mean over samples"

// step is the optimizer step of the checkpoint; 0 in a file that Python wrote.
func (e *evaluation) step() int64 {
	if e.trained.file.TrainerState == nil {
		return 0
	}
	step, err := checkpoint.Value[int64](e.trained.file.TrainerState, "global_step")
	if err != nil {
		return 0
	}
	return step
}

// reportMetrics keeps the metrics for the run in MLflow, where it is reported there, as
// evaluation/{split}/{metric} at the checkpoint's step.
func (e *evaluation) reportMetrics() {
	spool := mlflow.In(e.trained.dir)
	if _, ok, err := spool.Wanted(); err != nil || !ok {
		return
	}
	event := track.Event{Kind: track.KindEvaluation, Epoch: e.trained.file.Epoch, Step: e.step()}
	for _, r := range e.results {
		for _, v := range r.values {
			event.Values = append(event.Values, track.Value{Name: "evaluation/" + r.split + "/" + v.Name, Value: v.Value})
		}
	}
	if err := spool.AddMetrics(event); err != nil {
		e.console.note(err.Error())
	}
}
