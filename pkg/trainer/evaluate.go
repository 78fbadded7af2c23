package trainer

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/metrics"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

func evaluateCommand() *cli.Command {
	return &cli.Command{
		Name: "evaluate", Usage: "metrics of a checkpoint on a split", ArgsUsage: "CONFIG|DIR",
		Flags: append(common(),
			&cli.BoolFlag{Name: "explain", Usage: "tell the definition of each metric"},
			&cli.StringFlag{Name: "against", Usage: "`DIR` another SAE, whose decoder is compared with this one (mmcs, matched_cosine)"},
			&cli.IntFlag{Name: "importance-samples", Value: 100, Usage: "`S` draws of z a sample for the likelihood of a VAE; 0 leaves it out"},
			&cli.IntFlag{Name: "likelihood-samples", Value: 1000, Usage: "`N` the most samples for the likelihood"},
			&cli.IntFlag{Name: "max-samples", Value: 10000, Usage: "`N` the most samples for factors and probes"},
			&cli.BoolFlag{Name: "quick", Usage: "one pass alone: no likelihood, no factors, no probes"}),
		Action: func(c *cli.Context) error {
			cfg, doc, err := inferConfig(c)
			if err != nil {
				return err
			}
			if cfg.Output.What != "" || len(cfg.Output.Extras) > 0 {
				return mistakef("output: evaluate writes metrics, and takes no output section")
			}
			limits := limits{draws: c.Int("importance-samples"), bounded: c.Int("likelihood-samples"), samples: c.Int("max-samples"), quick: c.Bool("quick")}
			if limits.draws < 0 || limits.bounded < 1 || limits.samples < 1 {
				return mistakef("--importance-samples is 0 or more, --likelihood-samples and --max-samples are 1 or more; found %d, %d and %d", limits.draws, limits.bounded, limits.samples)
			}
			console := newConsole(c)
			settle(c.Context, console, filepath.Join(cfg.Experiment.OutputDir, cfg.Experiment.Name))
			t, err := openTrained(cfg.Experiment.OutputDir, cfg.Experiment.Name, cfg.Checkpoint)
			if err != nil {
				return err
			}
			e := &evaluation{inferRun: inferRun{console: console, cfg: cfg, trained: t}, explain: c.Bool("explain"), limits: limits}
			if against := c.String("against"); against != "" {
				if e.other, err = openTrained(filepath.Join(against, ".."), filepath.Base(absolute(against)), "best"); err != nil {
					return err
				}
			}
			if err := e.evaluate(c.Context); err != nil {
				return locate(doc, err)
			}
			return console.result(e.record, e.text())
		},
	}
}

// limits are what bounds the time of an evaluation.
type limits struct {
	draws   int  // of z for each sample in the likelihood; 0: none is computed
	bounded int  // samples for the likelihood
	samples int  // for factors and probes
	quick   bool // one pass alone
}

// evaluation is the metrics of one checkpoint on some splits.
type evaluation struct {
	inferRun
	limits  limits
	explain bool
	other   *trained // an SAE to compare with; nil for none
	model   model.Model
	results []evaluated
	record  map[string]any  // for programs, when all is kept
	fresh   []metrics.Value // of factors, on samples that belong to no split
	fitted  *coding         // what probes are fitted on
}

// evaluated is the result on one split.
type evaluated struct {
	split   string
	samples int
	values  []metrics.Value
	more    map[string]any // density, confusion, what the likelihood measures
	shares  []float32      // of the samples, that activate each latent; nil but of an SAE
}

// evaluate computes the metrics and keeps them with the run.
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
	return e.keep(ctx)
}

// keep writes the files, and reports to MLflow where the run is reported there.
func (e *evaluation) keep(ctx context.Context) (err error) {
	if e.record, err = e.save(); err != nil {
		return err
	}
	e.reportMetrics()
	reportCommand(ctx, e.console, e.trained.dir, "evaluate", e.record)
	return nil
}

// all evaluates the splits, inside Engine.Do.
func (e *evaluation) all(ctx context.Context) error {
	scope := torch.NewScope("param")
	defer scope.Close()
	m, in, err := e.trained.model(e.data, nn.Options{Device: e.device, DType: torch.Float32, Scope: scope})
	if err != nil {
		return err
	}
	e.model = m
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
	seen, err := e.survey(ctx, s)
	if err != nil {
		return result, err
	}
	judges, err := e.judges(m, seen)
	if err != nil {
		return result, err
	}
	if err := e.pass(ctx, s, judges); err != nil {
		return result, err
	}
	terms, err := train.Evaluate(ctx, m, s, in, e.device, e.cfg.BatchSize, e.trained.config.Experiment.Seed, model.Context{})
	if err != nil {
		return result, err
	}
	known := map[string]bool{}
	for _, j := range judges {
		values, err := j.values(ctx, result.more)
		if err != nil {
			return result, err
		}
		if sparse, ok := j.(*sparsityJudge); ok {
			result.shares = sparse.all.Shares()
		}
		for _, v := range values {
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
	if !e.limits.quick {
		err = e.studies(ctx, m, s, &result)
	}
	return result, err
}

// studies are the metrics that take longer than a pass.
func (e *evaluation) studies(ctx context.Context, m model.Model, s *dataset.Split, r *evaluated) error {
	embedder, ok := m.(infer.Embedder)
	if !ok {
		return nil
	}
	if d := infer.DensityOf(m); d != nil && e.limits.draws > 0 && e.embedsAs(embedder, "mean_logvar") {
		values, measures, err := e.likelihood(ctx, embedder, d, s)
		if err != nil {
			return err
		}
		r.values, r.more["likelihood"] = append(r.values, values...), map[string]any{
			"measures": measures, "draws": e.limits.draws, "samples": min(s.Len(), e.limits.bounded)}
	}
	var values []metrics.Value
	var err error
	switch {
	case e.isSparse(embedder):
		values, err = e.probes(ctx, embedder, s)
	case e.embedsAs(embedder, "mean"):
		values, err = e.factors(ctx, embedder, s)
	}
	r.values = append(r.values, values...)
	return err
}
