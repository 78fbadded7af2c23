// Command vaestep times training steps of the VAE 784-400-20 at batch 128 on one
// thread, and prints the median in milliseconds. bench/vae_step.sh runs it beside the
// same step in plain PyTorch.
package main

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/model/vae"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/schedule"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

const (
	dim, batch    = 784, 128
	warmup, steps = 20, 100
)

func main() {
	log.SetFlags(0)
	e, err := torch.Start(torch.Options{Threads: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	clock := &stopwatch{}
	if err := e.Do(context.Background(), func() error { return run(clock) }); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", clock.median())
}

func run(clock *stopwatch) error {
	scope := torch.NewScope("param")
	defer scope.Close()
	torch.Seed(1)
	variant := vae.VAE()
	cfg := variant.Params().(*vae.Config)
	cfg.LatentDim, cfg.Likelihood = 20, "bernoulli"
	cfg.Encoder = vae.Encoder{Kind: "mlp", HiddenDims: []int64{400}, Activation: "relu"}
	in := model.Inputs{Shape: []int64{dim}}
	m, err := variant.Build(cfg, in, nn.Default(scope))
	if err != nil {
		return err
	}
	data := newUniform(batch * 16)
	metrics, err := train.Probe(m, data, in, torch.CPU, batch)
	if err != nil {
		return err
	}
	_, err = train.Run(context.Background(), train.Config{
		Steps: warmup + steps, BatchSize: batch, Accumulate: 1, LogEvery: 50,
		Optimizer: optim.Config{Name: "adam", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8},
		Schedule:  schedule.LR{Name: schedule.Constant, Base: 1e-3}, Monitor: train.Monitor{Name: "train/loss"},
	}, train.Parts{
		Model: m, Metrics: metrics, Inputs: in, Device: torch.CPU, Train: data, Order: &inOrder{n: data.Len()},
		Checkpoints: nowhere{}, Observer: clock,
	})
	return err
}

// uniform is random data in [0, 1).
type uniform []float32

func newUniform(n int) uniform {
	r := rand.New(rand.NewPCG(1, 2))
	u := make(uniform, n*dim)
	for i := range u {
		u[i] = r.Float32()
	}
	return u
}

func (u uniform) Len() int { return len(u) / dim }

func (u uniform) Read(dst []float32, rows []int) error {
	for i, r := range rows {
		copy(dst[i*dim:(i+1)*dim], u[r*dim:])
	}
	return nil
}

func (u uniform) ReadLabels([]float32, []int) error { return nil }

type inOrder struct{ n, at int }

func (o *inOrder) StepsPerEpoch() int       { return o.n / batch }
func (o *inOrder) Position() train.Position { return train.Position{} }

func (o *inOrder) Next() ([]int, bool) {
	rows := make([]int, batch)
	for i := range rows {
		rows[i] = (o.at + i) % o.n
	}
	o.at += batch
	return rows, o.at%o.n == 0
}

// stopwatch takes the time of each step; steps that end an epoch are left out.
type stopwatch struct {
	last  time.Time
	took  []float64
	count int
}

func (s *stopwatch) Tick(_, _, _ int64) {
	now := time.Now()
	if s.count++; s.count > warmup && !s.last.IsZero() {
		s.took = append(s.took, now.Sub(s.last).Seconds()*1e3)
	}
	s.last = now
}

func (s *stopwatch) Step(train.StepReport)   { s.last = time.Time{} }
func (s *stopwatch) Epoch(train.EpochReport) { s.last = time.Time{} }
func (s *stopwatch) Note(text string)        { log.Print(text) }

func (s *stopwatch) median() float64 {
	slices.Sort(s.took)
	return s.took[len(s.took)/2]
}

// nowhere keeps no checkpoint.
type nowhere struct{}

func (nowhere) Step(int64, func() *train.Snapshot) error               { return nil }
func (nowhere) Epoch(int64, int64, bool, func() *train.Snapshot) error { return nil }
func (nowhere) Interrupted(func() *train.Snapshot) error               { return nil }
