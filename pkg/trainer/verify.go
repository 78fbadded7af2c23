package trainer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/config"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify-resume", Usage: "prove that a killed and resumed run is the same run", ArgsUsage: "CONFIG|DIR",
		Flags: append(common(),
			&cli.IntFlag{Name: "cuts", Value: 3, Usage: "kill the run `N` times"},
			&cli.IntFlag{Name: "steps", Value: 40, Usage: "train `N` steps"}),
		Action: func(c *cli.Context) error {
			path, err := target(c)
			if err != nil {
				return err
			}
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("verify-resume: %w", err)
			}
			v := &verifier{out: newConsole(c), program: program, cuts: c.Int("cuts"), steps: c.Int("steps")}
			return v.run(c.Context, path, c.StringSlice("set"))
		},
	}
}

// verifier trains a stretch whole and in pieces.
type verifier struct {
	out     *console
	program string // trainer itself
	cuts    int
	steps   int
	dir     string                 // where it works
	killed  []int64                // the steps after which the run was killed
	between func(dir string) error // called before each resume; tests spoil the run there
}

// verdict is the result of a verification.
type verdict struct {
	Identical bool        `json:"identical"`
	Steps     int         `json:"steps"`
	Cuts      []int64     `json:"killed_after_steps"`
	Different *difference `json:"different,omitempty"`
}

func (v *verifier) run(ctx context.Context, path string, set []string) error {
	if v.cuts < 1 || v.steps < v.cuts+1 {
		return mistakef("--cuts %d --steps %d: expected at least one cut, and more steps than cuts", v.cuts, v.steps)
	}
	doc, base, err := v.stretch(path, set)
	if err != nil {
		return err
	}
	if v.dir, err = os.MkdirTemp(base, ".verify-resume-"); err != nil {
		return fmt.Errorf("verify-resume: %w", err)
	}
	defer os.RemoveAll(v.dir)
	if err := os.WriteFile(filepath.Join(v.dir, "stretch.yaml"), doc.Effective(), 0o644); err != nil {
		return err
	}
	v.out.info("training %d steps whole, then killed %d times and resumed, in %s", v.steps, v.cuts, v.dir)
	if err := v.child(ctx, 0, "train", v.config(), "--set", "experiment.name=whole"); err != nil {
		return err
	}
	if err := v.settle(); err != nil {
		return err
	}
	if err := v.pieces(ctx); err != nil {
		return err
	}
	return v.compare()
}

// stretch is the config of the short run, and the folder beside its output_dir.
func (v *verifier) stretch(path string, set []string) (*config.Document, string, error) {
	isRun, err := isExperiment(path)
	if err != nil {
		return nil, "", err
	}
	if isRun {
		path = filepath.Join(path, "config.yaml")
	}
	every := max(1, v.steps/(4*v.cuts))
	set = append(set[:len(set):len(set)], "training.epochs=null", fmt.Sprintf("training.steps=%d", v.steps), "training.log_every_steps=1",
		"checkpoint.save_strategy=last", fmt.Sprintf("checkpoint.resume_every=%d", every), "experiment.on_exists=error", "mlflow=null")
	cfg, doc, err := config.LoadTrain(path, config.Options{Models: models(), Set: set})
	if err != nil {
		return nil, "", err
	}
	if err := oneModel(cfg, "verify-resume trains one model"); err != nil {
		return nil, "", locate(doc, err)
	}
	base := filepath.Dir(filepath.Clean(cfg.Experiment.OutputDir))
	for !isDir(base) && base != filepath.Dir(base) {
		base = filepath.Dir(base)
	}
	return doc, base, nil
}

// settle gives the cut run what the whole one found: a batch size that was auto.
func (v *verifier) settle() error {
	o := config.Options{Models: models()}
	whole, _, err := config.LoadTrain(filepath.Join(v.dir, "whole", "config.yaml"), o)
	if err != nil {
		return err
	}
	o.Set = []string{fmt.Sprintf("data.batch_size=%d", whole.Data.BatchSize)}
	_, doc, err := config.LoadTrain(v.config(), o)
	if err != nil {
		return err
	}
	return os.WriteFile(v.config(), doc.Effective(), 0o644)
}

func (v *verifier) config() string { return filepath.Join(v.dir, "stretch.yaml") }

// pieces trains the stretch killed at random steps and resumed each time.
func (v *verifier) pieces(ctx context.Context) error {
	args := []string{"train", v.config(), "--set", "experiment.name=cut"}
	for i := range v.cuts {
		// One cut in each part of the stretch, after the checkpoint that the last one left.
		from, to := i*v.steps/v.cuts, (i+1)*v.steps/v.cuts
		at := int64(from + 1 + rand.IntN(max(to-from-1, 1)))
		if err := v.child(ctx, at, args...); err != nil {
			return err
		}
		if checkpoints, err := (checkpoint.Store{Dir: filepath.Join(v.dir, "cut", "checkpoints")}).List(); err == nil && len(checkpoints) > 0 {
			args = []string{"resume", filepath.Join(v.dir, "cut")}
		} else if err := os.RemoveAll(filepath.Join(v.dir, "cut")); err != nil { // killed before its first checkpoint
			return err
		}
		if v.between != nil {
			if err := v.between(filepath.Join(v.dir, "cut")); err != nil {
				return err
			}
		}
	}
	return v.child(ctx, 0, args...)
}

func (v *verifier) compare() error {
	whole, cut := filepath.Join(v.dir, "whole"), filepath.Join(v.dir, "cut")
	d, err := compareJournals(filepath.Join(whole, "logs", "metrics.jsonl"), filepath.Join(cut, "logs", "metrics.jsonl"))
	if err == nil && d == nil {
		d, err = v.compareLast(whole, cut)
	}
	if err != nil {
		return err
	}
	var at []string
	for _, step := range v.killed {
		at = append(at, fmt.Sprint(step))
	}
	text := fmt.Sprintf("identical: %d steps, killed after step %s and resumed", v.steps, strings.Join(at, ", "))
	if d != nil {
		text = fmt.Sprintf("different: killed after step %s and resumed, of %d steps; first at %s (whole and resumed)", strings.Join(at, ", "), v.steps, d)
	}
	if err := v.out.result(verdict{Identical: d == nil, Steps: v.steps, Cuts: v.killed, Different: d}, text); err != nil || d == nil {
		return err
	}
	return fmt.Errorf("a resumed run of this config is not the same run; training.deterministic: false, other programs that change its data, or a bug of trainer can be the reason")
}

func (v *verifier) compareLast(whole, cut string) (*difference, error) {
	a, err := checkpoint.Load(filepath.Join(whole, "checkpoints", checkpoint.LastName))
	if err != nil {
		return nil, err
	}
	b, err := checkpoint.Load(filepath.Join(cut, "checkpoints", checkpoint.LastName))
	if err != nil {
		return nil, err
	}
	return compareFiles(a, b), nil
}
