package trainer

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/runs"
	"github.com/gotrainer/trainer/pkg/sweep"
	"github.com/gotrainer/trainer/pkg/torch"
)

// What a sweep has to do for a run.
const (
	planTrain     = "train"
	planResume    = "resume"
	planNone      = "nothing, it is finished"
	planFailed    = "nothing, it failed; --retry trains it again"
	planElsewhere = "nothing, another process trains it"
)

// trial is one run of a sweep.
type trial struct {
	name, dir string
	point     sweep.Point
	doc       *config.Document // its effective config
	plan      string

	state string    // how it stands; empty before it began
	err   string    // why it failed
	run   *runs.Run // what is on disk; nil where nothing is
}

// planSweep checks every combination and finds out what is left to do. All problems are
// told at once, each once.
func planSweep(o sweepOptions) ([]*trial, error) {
	points, err := sweep.Points(o.axes, o.samples, o.seed)
	if err != nil {
		return nil, err
	}
	base, _, err := config.LoadTrain(o.config, config.Options{Models: models(), Set: o.set})
	if err != nil {
		return nil, err
	}
	if err := oneModel(base, "a sweep trains one model a run"); err != nil {
		return nil, err
	}
	names := sweep.Names(base.Experiment.Name, points)
	var trials []*trial
	var wrong problems
	data := map[string]bool{} // data sections that were opened
	for i, p := range points {
		t, err := newTrial(o, base, names[i], p, data)
		if err != nil {
			wrong = addOnce(wrong, err, o.axes)
			continue
		}
		trials = append(trials, t)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	for _, t := range trials {
		if err := t.decide(o.retry); err != nil {
			wrong = addOnce(wrong, err, o.axes)
		}
	}
	return trials, wrong.err()
}

// addOnce adds the lines of an error that were not told yet, with the axes' own flags.
func addOnce(all problems, err error, axes []sweep.Axis) problems {
	lines := problems{err}
	if inConfig, ok := err.(*config.Error); ok {
		lines = nil
		for _, p := range inConfig.Problems {
			lines = append(lines, &config.Error{Problems: []config.Problem{p}})
		}
	}
	for _, line := range lines {
		line = ofAxis(line, axes)
		if !slices.ContainsFunc(all, func(e error) bool { return e.Error() == line.Error() }) {
			all = append(all, line)
		}
	}
	return all
}

// newTrial reads the config of one combination, and opens its data if they are new.
func newTrial(o sweepOptions, base *config.Train, name string, p sweep.Point, opened map[string]bool) (*trial, error) {
	set := slices.Clone(o.set)
	for _, s := range p {
		set = append(set, s.String())
	}
	set = append(set, "experiment.name="+name, "experiment.on_exists="+experiment.Overwrite)
	if o.jobs > 1 && base.Training.Threads == 0 {
		set = append(set, fmt.Sprintf("training.threads=%d", max(1, torch.PhysicalCores()/o.jobs)))
	}
	cfg, doc, err := config.LoadTrain(o.config, config.Options{Models: models(), Set: set})
	if err != nil {
		return nil, err
	}
	if section := fmt.Sprint(doc.Map()["data"], cfg.Experiment.Seed); !opened[section] {
		opened[section] = true
		data, err := dataset.Open(dataSpec(cfg.Data, cfg.Experiment.Seed))
		if err != nil {
			return nil, locate(doc, err)
		}
		data.Close()
	}
	return &trial{name: name, dir: filepath.Join(cfg.Experiment.OutputDir, name), point: p, doc: doc}, nil
}

// decide finds out what is to be done for the run. One that is there with another config
// is a mistake: it would be mixed with the others.
func (t *trial) decide(retry bool) error {
	t.plan = planTrain
	t.look()
	if t.run == nil {
		return nil
	}
	if err := t.same(); err != nil {
		return err
	}
	switch {
	case t.state == experiment.Running:
		t.plan = planElsewhere
	case t.state == experiment.Finished:
		t.plan = planNone
	case t.state == experiment.Failed && !retry:
		t.plan = planFailed
	case t.state == experiment.Interrupted && hasFile(t.run, "checkpoints/"):
		t.plan = planResume
	}
	return nil
}

// same holds that the run on disk was made with this config, but for keys that have no
// bearing on its numbers.
func (t *trial) same() error {
	saved := filepath.Join(t.dir, "config.yaml")
	_, doc, err := config.LoadTrain(saved, config.Options{Models: models()})
	if err != nil {
		return fmt.Errorf("%s is in the way: %w", t.dir, err)
	}
	for _, c := range changes("", plain(doc), plain(t.doc)) {
		if slices.Contains([]string{"experiment.output_dir", "experiment.on_exists", "training.threads", "training.log_every_steps", "checkpoint.resume_every", "checkpoint.on_error"}, c.key) ||
			c.key == "mlflow" || strings.HasPrefix(c.key, "mlflow.") {
			continue
		}
		return mistakef("%s is there with another %s: %s, this sweep has %s; remove that run, or choose another experiment.name or output_dir",
			t.dir, c.key, shown(c.before), shown(c.now))
	}
	return nil
}

// ranked orders the runs: the best metric first, those without one last.
func ranked(trials []*trial) {
	value := func(t *trial) float64 {
		switch {
		case t.run == nil || math.IsNaN(t.run.Best):
			return math.Inf(1)
		case t.run.Max:
			return -t.run.Best
		}
		return t.run.Best
	}
	slices.SortStableFunc(trials, func(a, b *trial) int {
		switch x, y := value(a), value(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
}

// ofAxis tells a mistake in a value that an axis gave with the flag of the axis, where
// the config only knows that it was set.
func ofAxis(err error, axes []sweep.Axis) error {
	for _, a := range axes {
		value, ok := strings.CutPrefix(err.Error(), "--set "+a.Key+"=")
		if value, text, found := strings.Cut(value, ": "); ok && found && isMistake(err) {
			return &located{"--" + a.Kind + " " + a.Key + "=" + value, mistake(text)}
		}
	}
	return err
}
