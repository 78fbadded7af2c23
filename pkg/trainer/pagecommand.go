package trainer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/report"
	"github.com/gotrainer/trainer/pkg/runs"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/track"
)

func pageCommand() *cli.Command {
	return &cli.Command{
		Name: "report", Usage: "plots of a run, and one HTML page of them", ArgsUsage: "DIR",
		Flags: append(common(), &cli.StringFlag{Name: "checkpoint", Value: "best", Usage: "`WHICH` the checkpoint that is shown: best, last, epoch_007 or a path"}),
		Action: func(c *cli.Context) error {
			dir, err := target(c)
			if err != nil {
				return err
			}
			if len(c.StringSlice("set")) > 0 {
				return mistakef("report takes no --set: it shows a run as it was trained")
			}
			isRun, err := isExperiment(dir)
			if err == nil && !isRun {
				err = mistakef("%s is no experiment directory; give the directory of a run", dir)
			}
			if err != nil {
				return err
			}
			return writeReport(c.Context, newConsole(c), dir, c.String("checkpoint"))
		},
	}
}

func writeReport(ctx context.Context, out *console, dir, which string) error {
	t, err := openTrained(filepath.Join(dir, ".."), filepath.Base(absolute(dir)), which)
	if err != nil {
		return err
	}
	if t.notice != "" {
		out.note(t.notice)
	}
	page := report.Run{
		Title: fmt.Sprintf("%s %s", t.config.Model.Type, t.config.Experiment.Name),
		About: fmt.Sprintf("%s, epoch %d of %s", t.config.Model.Variant, t.file.Epoch, t.path),
	}
	page.Facts = reportFacts(t)
	events, err := track.ReadJournal(filepath.Join(t.dir, "logs", "metrics.jsonl"))
	if err != nil {
		page.Notes = append(page.Notes, fmt.Sprintf("There are no curves: %v.", withoutPath(err)))
	}
	page.Sections = append(page.Sections, curves(events, bestEpoch(t.dir))...)
	if evaluation, ok := savedEvaluations(t.dir); ok {
		page.Sections = append(page.Sections, evaluation)
	}
	sections, err := t.sections(ctx)
	if errors.Is(err, context.Canceled) {
		return err
	}
	if err != nil {
		page.Notes = append(page.Notes, fmt.Sprintf("The model itself is not shown: %v.", err))
		out.note(fmt.Sprintf("the report has the curves only: %v", err))
	}
	page.Sections = append(page.Sections, sections...)
	pictures, err := saveReport(filepath.Join(t.dir, "report"), page)
	if err != nil {
		return err
	}
	reportCommand(ctx, out, t.dir, "report", map[string]any{"epoch": t.file.Epoch, "pictures": pictures})
	index := filepath.Join(t.dir, "report", "index.html")
	return out.result(map[string]any{"report": index, "pictures": pictures}, index)
}

// bestEpoch is the best epoch that a run has finished; 0 where it is not known.
func bestEpoch(dir string) int64 {
	info, err := experiment.Find(dir)
	if err != nil {
		return 0
	}
	return runs.Of(info).BestEpoch
}

func absolute(dir string) string {
	if full, err := filepath.Abs(dir); err == nil {
		return full
	}
	return dir
}

func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %w", filepath.Base(p.Path), p.Err)
	}
	return err
}

func reportFacts(t *trained) []report.Fact {
	c := t.config
	facts := []report.Fact{
		{Name: "monitored", Value: fmt.Sprintf("%s %s at epoch %d", c.Checkpoint.Monitor, track.Number(t.file.MetricValue), t.file.Epoch)},
		{Name: "data", Value: c.Data.Source},
		{Name: "batch size", Value: fmt.Sprint(c.Data.BatchSize)},
		{Name: "optimizer", Value: fmt.Sprintf("%s, learning rate %s, %s", c.Training.Optimizer.Name, track.Short(c.Training.Optimizer.LR), c.Training.Scheduler.Name)},
		{Name: "seed", Value: fmt.Sprint(c.Experiment.Seed)},
		{Name: "written", Value: time.Now().Format("2006-01-02 15:04")},
	}
	if env := t.state("environment"); env != nil {
		for _, key := range []string{"device", "libtorch", "trainer"} {
			if v, ok := env.Get(key); ok {
				facts = append(facts, report.Fact{Name: key, Value: fmt.Sprint(v)})
			}
		}
	}
	return facts
}

// sections computes what shows the model, on the samples of one split.
func (t *trained) sections(ctx context.Context) (sections []report.Section, err error) {
	spec, err := t.dataSpec(nil)
	if err != nil {
		return nil, err
	}
	data, err := dataset.Open(spec)
	if err != nil {
		return nil, t.aboutData(nil, err)
	}
	defer data.Close()
	engine, err := startEngine(t.config.Training.Threads, t.config.Training.Deterministic)
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	device, _, err := chooseDevice(engine, "device", "auto")
	if err == nil {
		err = useDevice(engine, device, false)
	}
	if err != nil {
		return nil, err
	}
	err = engine.Do(ctx, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		m, _, err := t.model(data, nn.Options{Device: device, DType: torch.Float32, Scope: scope})
		if err != nil {
			return err
		}
		s, err := take(data, device)
		if err != nil {
			return err
		}
		torch.NoGrad(func() { sections, err = s.show(ctx, m, t) })
		return err
	})
	return sections, err
}

// saveReport writes page and pictures; pictures of an older report that this one has not
// are removed.
func saveReport(dir string, page report.Run) (pictures int, err error) {
	files, err := page.Files()
	if err != nil {
		return 0, err
	}
	var html bytes.Buffer
	if err := page.WriteHTML(&html); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return 0, err
	}
	names := map[string]bool{}
	for _, f := range append(files, report.File{Name: "index.html", Content: html.Bytes()}) {
		names[f.Name] = true
		if err := atomicfile.WriteFile(filepath.Join(dir, f.Name), f.Content); err != nil {
			return 0, err
		}
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil {
		return 0, err
	}
	for _, path := range old {
		if !names[filepath.Base(path)] {
			if err := os.Remove(path); err != nil {
				return 0, err
			}
		}
	}
	return len(files), nil
}
