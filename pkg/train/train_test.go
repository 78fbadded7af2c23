package train_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/schedule"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// regression is a small model with dropout and noise: everything that a resumed run
// must not disturb.
type regression struct {
	Net   *nn.Sequential `torch:"net"`
	Steps *torch.Tensor  `torch:"steps,state"`
	noise float64
}

func newRegression(scope *torch.Scope, noise float64) *regression {
	o := nn.Default(scope)
	return &regression{
		Net:   nn.NewSequential("net", nn.NewLinear(3, 8, nn.WithBias, o), nn.Tanh, nn.Dropout{P: noise / 4}, nn.NewLinear(8, 1, nn.WithBias, o)),
		Steps: o.Buffer(nil, torch.Int64, func(t *torch.Tensor) { t.Fill_(0) }), noise: noise,
	}
}

func (m *regression) Loss(c *model.Context, b model.Batch) model.Output {
	x := b.X
	if c.Train {
		m.Steps.AddScalar_(1)
		x = x.Add(c.Noise.Randn(x.Shape(), x).MulScalar(m.noise))
	}
	loss := m.Net.Forward(x, c.Train).Sub(b.Y.Unsqueeze(1)).Square().Mean()
	return model.Output{Loss: loss, Metrics: []model.Metric{{Name: "rmse", Value: loss.Detach().Sqrt()}}}
}

// plane has y = x0 - 2·x1 + 0.5 (or NaN from row nanFrom on).
type plane struct{ n, nanFrom int }

func (p plane) Len() int { return p.n }

func (p plane) Read(dst []float32, rows []int) error {
	for i, r := range rows {
		for j := range 3 {
			dst[3*i+j] = float32(math.Sin(float64(7*r + 3*j)))
		}
	}
	return nil
}

func (p plane) ReadLabels(dst []float32, rows []int) error {
	x := make([]float32, 3*len(rows))
	if err := p.Read(x, rows); err != nil {
		return err
	}
	for i, r := range rows {
		dst[i] = x[3*i] - 2*x[3*i+1] + 0.5
		if p.nanFrom > 0 && r >= p.nanFrom {
			dst[i] = float32(math.NaN())
		}
	}
	return nil
}

// order visits n rows, from another place in each epoch.
type order struct {
	n, batch int
	pos      train.Position
}

func (o *order) StepsPerEpoch() int       { return (o.n + o.batch - 1) / o.batch }
func (o *order) Position() train.Position { return o.pos }

func (o *order) Next() ([]int, bool) {
	if int(o.pos.Samples) == o.n {
		o.pos = train.Position{Epoch: o.pos.Epoch + 1}
	}
	var rows []int
	for len(rows) < o.batch && int(o.pos.Samples) < o.n {
		rows = append(rows, (int(o.pos.Samples)+5*int(o.pos.Epoch))%o.n)
		o.pos.Samples++
	}
	return rows, int(o.pos.Samples) == o.n
}

// journal records what a run tells and keeps its last snapshot.
type journal struct {
	lines []string
	notes []string
	bests []int64
	last  *train.Snapshot
	// cancel ends the run at the given step.
	cancelAt int64
	cancel   func()
}

func (j *journal) Tick(_, _, _ int64) {}

func (j *journal) Step(r train.StepReport) {
	j.lines = append(j.lines, fmt.Sprintf("step %d %v lr %v", r.Step, r.Values, r.LR))
	if j.cancel != nil && r.Step == j.cancelAt {
		j.cancel()
	}
}

func (j *journal) Epoch(r train.EpochReport) {
	j.lines = append(j.lines, fmt.Sprintf("epoch %d %v %v best %v", r.Epoch, r.Train, r.Val, r.Best))
}
func (j *journal) Note(text string) { j.notes = append(j.notes, text) }

func (j *journal) save(best bool, epoch int64, snapshot func() *train.Snapshot) error {
	if j.last = snapshot(); best {
		j.bests = append(j.bests, epoch)
	}
	return nil
}

type keeper struct{ *journal }

func (k keeper) Step(int64, func() *train.Snapshot) error { return nil }

func (k keeper) Epoch(epoch, _ int64, best bool, s func() *train.Snapshot) error {
	return k.save(best, epoch, s)
}
func (k keeper) Interrupted(s func() *train.Snapshot) error { return k.save(false, 0, s) }

func config() train.Config {
	return train.Config{
		Epochs: 4, BatchSize: 5, Accumulate: 2, ClipNorm: 0.5, LogEvery: 1, Seed: 3,
		Optimizer: optim.Config{Name: "adamw", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01},
		Schedule:  schedule.LR{Name: schedule.Cosine, Base: 0.01, Warmup: 3},
		Monitor:   train.Monitor{Name: "val/loss"},
	}
}

// fit trains and answers the journal; edit changes parts before the run.
func fit(ctx context.Context, cfg train.Config, j *journal, edit func(*train.Parts)) (train.Result, error) {
	return fitBy(train.Run, ctx, cfg, j, edit)
}

// fitBy is fit by another function than train.Run.
func fitBy(run func(context.Context, train.Config, train.Parts) (train.Result, error), ctx context.Context, cfg train.Config, j *journal, edit func(*train.Parts)) (train.Result, error) {
	scope := torch.NewScope("param")
	defer scope.Close()
	torch.Seed(cfg.Seed)
	p := train.Parts{
		Model: newRegression(scope, 0.1), Inputs: model.Inputs{Shape: []int64{3}, LabelShape: []int64{}}, Device: torch.CPU,
		Train: plane{n: 23}, Val: plane{n: 9}, Order: &order{n: 23, batch: cfg.BatchSize}, Checkpoints: keeper{j}, Observer: j,
	}
	if edit != nil {
		edit(&p)
	}
	var err error
	if p.Metrics, err = train.Probe(p.Model, p.Train, p.Inputs, p.Device, cfg.BatchSize); err != nil {
		return train.Result{}, err
	}
	return run(ctx, cfg, p)
}

func TestTheLossFallsAndTheBestEpochIsKept(t *testing.T) {
	torchtest.Run(t, func() error {
		j := &journal{}
		cfg := config()
		cfg.Epochs = 30
		res, err := fit(context.Background(), cfg, j, nil)
		if err != nil {
			return err
		}
		if res.Epochs != 30 || res.Steps != 90 || !(res.Score.Best < 0.7) || res.Score.BestEpoch != j.bests[len(j.bests)-1] {
			t.Errorf("result %+v, bests %v", res, j.bests)
		}
		return nil
	})
}

func TestTheSameSeedGivesTheSameRun(t *testing.T) {
	torchtest.Run(t, func() error {
		a, b := &journal{}, &journal{}
		for _, j := range []*journal{a, b} {
			if _, err := fit(context.Background(), config(), j, nil); err != nil {
				return err
			}
		}
		same(t, a, b)
		return nil
	})
}

func TestAResumedRunIsTheSameRun(t *testing.T) {
	torchtest.Run(t, func() error {
		whole := &journal{}
		if _, err := fit(context.Background(), config(), whole, nil); err != nil {
			return err
		}
		for cut := int64(1); cut <= 12; cut++ { // the last: within the last evaluation
			ctx, cancel := context.WithCancel(context.Background())
			first := &journal{cancelAt: cut, cancel: cancel}
			if _, err := fit(ctx, config(), first, nil); !errors.Is(err, train.ErrInterrupted) {
				return fmt.Errorf("cut at step %d: %w", cut, err)
			}
			second := &journal{lines: first.lines}
			_, err := fit(context.Background(), config(), second, func(p *train.Parts) {
				p.Resume = first.last
				p.Order = &order{n: 23, batch: 5, pos: first.last.Position}
			})
			if err != nil {
				return fmt.Errorf("resumed from step %d: %w", cut, err)
			}
			same(t, whole, second)
		}
		return nil
	})
}

func same(t *testing.T, a, b *journal) {
	t.Helper()
	if got, want := strings.Join(b.lines, "\n"), strings.Join(a.lines, "\n"); got != want {
		t.Errorf("reports differ:\n%s\nwant\n%s", got, want)
	}
	if fmt.Sprint(a.last.Score) != fmt.Sprint(b.last.Score) || !bytes.Equal(a.last.RNG, b.last.RNG) {
		t.Errorf("score or random state differ: %+v, %+v", a.last.Score, b.last.Score)
	}
	for i, x := range append(a.last.Model, a.last.ModelState...) {
		y := append(b.last.Model, b.last.ModelState...)[i]
		if !bytes.Equal(x.Data, y.Data) {
			t.Errorf("%s differs", x.Name)
		}
	}
	sameOptimizer(t, a.last.Optimizer, b.last.Optimizer)
	if a.last.Adversary != nil {
		sameOptimizer(t, *a.last.Adversary, *b.last.Adversary)
	}
}

func sameOptimizer(t *testing.T, a, b train.OptimizerState) {
	t.Helper()
	for i, entries := range a.State {
		for k, x := range entries {
			if !bytes.Equal(x.Data, b.State[i][k].Data) {
				t.Errorf("optimizer state %d %s differs", i, x.Name)
			}
		}
	}
}

func TestAccumulationEqualsTheLargeBatch(t *testing.T) {
	torchtest.Run(t, func() error {
		cfg := config()
		cfg.Schedule = schedule.LR{Name: schedule.Constant, Base: 0.1}
		cfg.Optimizer, cfg.ClipNorm, cfg.Epochs = optim.Config{Name: "sgd"}, 0, 1
		weights := func(batch, accumulate int) []float32 {
			cfg.BatchSize, cfg.Accumulate = batch, accumulate
			j := &journal{}
			_, err := fit(context.Background(), cfg, j, func(p *train.Parts) {
				p.Train, p.Order = plane{n: 20}, &order{n: 20, batch: batch}
				p.Model.(*regression).noise = 0
				p.Model.(*regression).Net.Layers[2] = nn.Dropout{}
			})
			if err != nil {
				t.Fatal(err)
			}
			x := j.last.Model[0]
			return torch.FromBytes(x.Data, x.DType, x.Shape).Float32s()
		}
		one, four := weights(20, 1), weights(5, 4)
		for i := range one {
			if math.Abs(float64(one[i]-four[i])) > 1e-6 {
				t.Fatalf("weight %d: %v in one batch, %v accumulated", i, one[i], four[i])
			}
		}
		return nil
	})
}

func TestNonFiniteStepsAreSkippedAndTold(t *testing.T) {
	torchtest.Run(t, func() error {
		j := &journal{}
		_, err := fit(context.Background(), config(), j, func(p *train.Parts) { p.Train = plane{n: 23, nanFrom: 22} })
		if err != nil {
			return err
		}
		if len(j.notes) == 0 || !strings.Contains(j.notes[0], "not finite") {
			t.Errorf("notes = %q", j.notes)
		}
		for _, x := range j.last.Model {
			for _, v := range torch.FromBytes(x.Data, x.DType, x.Shape).Float32s() {
				if math.IsNaN(float64(v)) {
					t.Fatalf("%s holds NaN", x.Name)
				}
			}
		}
		// Of 5 batches in each of 4 epochs a skipped step had 1, 2, 2 and 2.
		if steps := torch.FromBytes(j.last.ModelState[0].Data, torch.Int64, nil).Item(); steps != 13 {
			t.Errorf("the model counted %v batches, want 13: a skipped step leaves its state alone", steps)
		}
		for _, line := range j.lines {
			if strings.HasPrefix(line, "epoch") && strings.Contains(line, "NaN") {
				t.Errorf("a skipped step spoilt the epoch's mean: %s", line)
			}
		}
		return nil
	})
}

func TestARunThatIsNeverFiniteEndsWithAnError(t *testing.T) {
	torchtest.Run(t, func() error {
		cfg := config()
		cfg.Epochs = 1000
		res, err := fit(context.Background(), cfg, &journal{}, func(p *train.Parts) { p.Train = plane{n: 23, nanFrom: 1} })
		if err == nil || !errors.Is(err, train.ErrNonFinite) || res.Steps > 110 {
			t.Errorf("err = %v after %d steps", err, res.Steps)
		}
		short := config()
		_, err = fit(context.Background(), short, &journal{}, func(p *train.Parts) { p.Val = plane{n: 9, nanFrom: 1} })
		if err == nil || !strings.Contains(err.Error(), "val/loss was never a number") {
			t.Errorf("err = %v", err)
		}
		return nil
	})
}

func TestEarlyStoppingEndsAfterPatience(t *testing.T) {
	torchtest.Run(t, func() error {
		cfg := config()
		cfg.Epochs, cfg.Stop = 50, &train.EarlyStopping{Patience: 2, MinDelta: 1e9}
		res, err := fit(context.Background(), cfg, &journal{}, nil)
		if err != nil {
			return err
		}
		if !res.Stopped || res.Epochs != 3 {
			t.Errorf("result %+v, want a stop after epoch 3", res)
		}
		return nil
	})
}

func TestStepsEndInAPartialPassThatCountsAsAnEpoch(t *testing.T) {
	torchtest.Run(t, func() error {
		cfg := config()
		cfg.Steps = 7
		j := &journal{}
		res, err := fit(context.Background(), cfg, j, nil)
		if err != nil {
			return err
		}
		if res.Steps != 7 || res.Epochs != 3 || !strings.HasPrefix(j.lines[len(j.lines)-1], "epoch 3") {
			t.Errorf("result %+v, last line %q", res, j.lines[len(j.lines)-1])
		}
		return nil
	})
}

func TestTheMonitorIsCheckedBeforeTraining(t *testing.T) {
	names := []string{"loss", "rmse"}
	for _, c := range []struct {
		monitor      train.Monitor
		hasVal       bool
		want, notice string
		mistake      string
	}{
		{train.Monitor{Name: "val/rmse"}, true, "val/rmse", "", ""},
		{train.Monitor{Name: "train/loss"}, false, "train/loss", "", ""},
		{train.Monitor{Name: "val/rmse", Max: true}, false, "train/loss", "no validation split", ""},
		{train.Monitor{Name: "val/acc"}, true, "", "", "expected train/ or val/ and one of loss, rmse"},
		{train.Monitor{Name: "test/loss"}, true, "", "", "expected train/ or val/"},
	} {
		got, notice, err := c.monitor.Resolve(names, c.hasVal)
		switch {
		case c.mistake != "":
			if err == nil || !strings.Contains(err.Error(), c.mistake) {
				t.Errorf("%v: err = %v, want %q", c.monitor, err, c.mistake)
			}
		case err != nil || got.Name != c.want || !strings.Contains(notice, c.notice):
			t.Errorf("%v: got %v, %q, %v", c.monitor, got, notice, err)
		}
	}
}
