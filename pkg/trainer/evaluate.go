package trainer

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/metrics"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/track"
	"github.com/gotrainer/trainer/pkg/train"
)

func evaluateCommand() *cli.Command {
	return &cli.Command{
		Name: "evaluate", Usage: "metrics of a checkpoint on a split", ArgsUsage: "CONFIG|DIR",
		Flags: append(common(),
			&cli.BoolFlag{Name: "explain", Usage: "tell the definition of each metric"},
			&cli.StringFlag{Name: "against", Usage: "`DIR` another SAE, whose decoder is compared with this one (mmcs)"}),
		Action: func(c *cli.Context) error {
			cfg, doc, err := inferConfig(c)
			if err != nil {
				return err
			}
			if cfg.Output.What != "" || len(cfg.Output.Extras) > 0 {
				return mistakef("output: evaluate writes metrics, and takes no output section")
			}
			console := newConsole(c)
			settle(c.Context, console, filepath.Join(cfg.Experiment.OutputDir, cfg.Experiment.Name))
			t, err := openTrained(cfg.Experiment.OutputDir, cfg.Experiment.Name, cfg.Checkpoint)
			if err != nil {
				return err
			}
			e := &evaluation{inferRun: inferRun{console: console, cfg: cfg, trained: t}, explain: c.Bool("explain")}
			if against := c.String("against"); against != "" {
				if e.other, err = openTrained(filepath.Join(against, ".."), filepath.Base(absolute(against)), "best"); err != nil {
					return err
				}
			}
			return locate(doc, e.evaluate(c.Context))
		},
	}
}

// evaluation is the metrics of one checkpoint on some splits.
type evaluation struct {
	inferRun
	explain bool
	other   *trained // an SAE to compare with; nil for none
	results []evaluated
}

// evaluated is the result on one split.
type evaluated struct {
	split   string
	samples int
	values  []metrics.Value
	more    map[string]any // density, confusion
}

func (e *evaluation) evaluate(ctx context.Context) error {
	t := e.trained
	if t.notice != "" {
		e.console.note(t.notice)
	}
	warnNotFinite(e.console, t.path, t.file)
	engine, err := e.open()
	if e.data != nil {
		defer e.data.Close()
	}
	if engine != nil {
		defer engine.Close()
	}
	if err != nil {
		return err
	}
	if err := engine.Do(ctx, func() error { return e.all(ctx) }); err != nil {
		return err
	}
	record, err := e.save()
	if err != nil {
		return err
	}
	reportCommand(ctx, e.console, t.dir, "evaluate", record)
	return e.console.result(record, e.text())
}

// all evaluates the splits, inside Engine.Do.
func (e *evaluation) all(ctx context.Context) error {
	in, err := e.trained.inputs(e.data)
	if err != nil {
		return err
	}
	scope := torch.NewScope("param")
	defer scope.Close()
	m, err := e.trained.build(in, nn.Options{Device: e.device, DType: torch.Float32, Scope: scope})
	if err != nil {
		return err
	}
	if e.onCPU != "" {
		e.console.info("%s", onCPU("device", e.onCPU))
	}
	for _, name := range e.splits() {
		s := e.split(name)
		if s == nil {
			e.console.note(fmt.Sprintf("the data have no %s split", name))
			continue
		}
		one, err := e.one(ctx, m, in, s)
		if err != nil {
			return fmt.Errorf("%s split: %w", name, err)
		}
		e.results = append(e.results, one)
	}
	if len(e.results) == 0 {
		return mistakef("splits: the data have none of %s; choose others", strings.Join(e.splits(), ", "))
	}
	return nil
}

// splits are those of the config, or val and test, or train where there is nothing else.
func (e *evaluation) splits() []string {
	if e.cfg.Splits != nil {
		return e.cfg.Splits
	}
	var have []string
	for _, name := range []string{"val", "test"} {
		if e.split(name) != nil {
			have = append(have, name)
		}
	}
	if have == nil {
		return []string{"train"}
	}
	return have
}

func (e *evaluation) one(ctx context.Context, m model.Model, in model.Inputs, s *dataset.Split) (evaluated, error) {
	result := evaluated{split: s.Name(), samples: s.Len(), more: map[string]any{}}
	judges, err := e.judges(m)
	if err != nil {
		return result, err
	}
	bar := newBar(e.console, s.Name(), s.Len())
	err = e.pass(ctx, s, judges, bar.at)
	bar.end(err)
	if err != nil {
		return result, err
	}
	terms, err := train.Evaluate(ctx, m, s, in, e.device, e.cfg.BatchSize, e.trained.config.Experiment.Seed, model.Context{})
	if err != nil {
		return result, err
	}
	known := map[string]bool{}
	for _, j := range judges {
		for _, v := range j.values(result.more) {
			known[v.Name] = true
			result.values = append(result.values, v)
		}
	}
	var losses []metrics.Value
	for _, v := range terms {
		if !known[v.Name] {
			losses = append(losses, metrics.Value(v))
		}
	}
	result.values = append(losses, result.values...)
	return result, nil
}

// pass shows the judges every sample of a split once.
func (e *evaluation) pass(ctx context.Context, s *dataset.Split, judges []judge, progress func(int)) error {
	n, dim, width := s.Len(), 1, labelWidth(e.data.LabelShape)
	for _, d := range e.data.Shape {
		dim *= int(d)
	}
	batch := min(e.cfg.BatchSize, n)
	x, labels := make([]float32, batch*dim), make([]float32, batch*width)
	for from := 0; from < n; from += batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		size := min(batch, n-from)
		rows := make([]int, size)
		for i := range rows {
			rows[i] = from + i
		}
		b := judged{x: x[:size*dim], labels: labels[:size*width]}
		if err := s.Read(b.x, rows); err != nil {
			return err
		}
		if width > 0 {
			if err := s.ReadLabels(b.labels, rows); err != nil {
				return err
			}
		}
		if err := e.show(b, int64(size), judges); err != nil {
			return err
		}
		progress(from + size)
	}
	return nil
}

func (e *evaluation) show(b judged, size int64, judges []judge) (err error) {
	failed := torch.Try(func() {
		torch.Scoped(func() {
			torch.NoGrad(func() {
				b.tensor = torch.FromFloat32s(b.x, append([]int64{size}, e.data.Shape...), torch.On(e.device))
				for _, j := range judges {
					if err = j.add(b); err != nil {
						return
					}
				}
			})
		})
	})
	if failed != nil {
		return failed
	}
	return err
}

// labelWidth is how many numbers a label has; 0 without labels.
func labelWidth(shape []int64) int {
	if shape == nil {
		return 0
	}
	width := 1
	for _, d := range shape {
		width *= int(d)
	}
	return width
}

// save writes the files and answers the record of the command.
func (e *evaluation) save() (map[string]any, error) {
	dir := filepath.Join(e.trained.dir, "evaluation")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, unwritable(err)
	}
	splits := map[string]any{}
	var files []written
	for _, r := range e.results {
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

// text is the table: a row for each metric, a column for each split.
func (e *evaluation) text() string {
	t := &table{right: map[int]bool{}}
	head, samples := []string{"metric"}, []string{"samples"}
	var names []string
	for i, r := range e.results {
		t.right[i+1] = true
		head, samples = append(head, r.split), append(samples, fmt.Sprint(r.samples))
		for _, v := range r.values {
			if !slices.Contains(names, v.Name) {
				names = append(names, v.Name)
			}
		}
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
	text := t.String()
	if e.explain {
		text += "\n"
		for _, name := range names {
			if d := definition(name); d != "" {
				text += "\n" + name + ": " + d
			}
		}
	}
	return text
}

// definition says what a metric means, those of the models' own losses too.
func definition(name string) string {
	if strings.HasPrefix(name, "kl/") {
		return "KL of one latent dimension, mean over samples, nats"
	}
	switch name {
	case "loss":
		return "the training loss without dropout and with its final weights, mean over samples"
	case "recon":
		return "negative log likelihood of x under p(x|z) without constants, one draw of z a sample, nats; with bernoulli on values between 0 and 1 that of no normalised density"
	case "kl_weight":
		return "the share of the KL term's weight in force, 1 outside training"
	case "l2":
		return "mean over samples of |e|²"
	case "aux":
		return "the auxiliary loss (AuxK) before its weight"
	}
	return metrics.Definition(name)
}
