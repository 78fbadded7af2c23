package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/torch"
)

// ErrInterrupted is Run's error when its context ended; the checkpointer was asked
// to keep the run before.
var ErrInterrupted = errors.New("interrupted")

// ErrNonFinite is in the error of a run that ended because its loss was not finite.
var ErrNonFinite = errors.New("the loss is not finite")

// maxSkipped steps in a row end a run.
const maxSkipped = 100

// Result is how a run ended.
type Result struct {
	Epochs, Steps int64
	Score         Score
	Stopped       bool // by early stopping
}

// batches are where a run's steps get theirs from.
type batches interface {
	// next is the next batch of the order.
	next() (*hostBatch, error)
	// release gives it back, when the step that used it is on the device.
	release(b *hostBatch)
	close()
}

var _ batches = (*loader)(nil)

// run is the state of one training run.
type run struct {
	Config
	Parts
	ctx      context.Context
	params   []*torch.Tensor
	opt      optim.Optimizer
	rival    *rival
	beside   *beside
	meter    *meter
	scalars  *scalars
	scaling  *scaling
	graphs   graphs
	batches  batches
	total    int64 // optimizer steps of the whole run
	perEpoch int64 // optimizer steps of one epoch
	epochs   int64
	samples  int64

	epoch, step int64
	score       Score
	position    Position   // after the last finished step
	blocks      hostBlocks // of the snapshots
	recording   recording
}

// Run trains until the epochs or steps are done, early stopping ends it, or ctx
// ends. It runs inside Engine.Do, on a model that was just built (its weights are
// the fresh run's first) and an Order that stands where Resume says.
func Run(ctx context.Context, cfg Config, parts Parts) (Result, error) {
	return newRun(ctx, cfg, parts).train()
}

func newRun(ctx context.Context, cfg Config, parts Parts) *run {
	return &run{Config: cfg, Parts: parts, ctx: ctx, score: newScore()}
}

func (r *run) train() (Result, error) {
	if err := r.open(); err != nil {
		return Result{}, err
	}
	defer r.close()
	stopped := r.score.exhausted(r.Stop)
	for !stopped && r.epoch < r.epochs { // also where only the last evaluation is left
		if err := r.trainEpoch(); err != nil {
			return r.result(false), err
		}
		if err := r.endEpoch(); err != nil {
			return r.result(false), err
		}
		stopped = r.score.exhausted(r.Stop)
	}
	if r.score.BestEpoch == 0 {
		return r.result(stopped), fmt.Errorf("%s was never a number in %d epochs: %w; a lower learning rate or grad_clip may help", r.Config.Monitor.Name, r.epoch, ErrNonFinite)
	}
	return r.result(stopped), nil
}

func (r *run) result(stopped bool) Result { return Result{r.epoch, r.step, r.score, stopped} }

func (r *run) open() error {
	r.perEpoch = r.StepsPerEpoch(r.Order)
	r.epochs, r.total = r.Length(r.Order)
	r.Schedule.Total = r.total
	if err := r.equip(); err != nil {
		return err
	}
	if r.Resume != nil {
		if err := r.restore(r.Resume); err != nil {
			r.free()
			return err
		}
	}
	if err := r.survey(); err != nil {
		r.free()
		return err
	}
	r.recording = newRecording(r.Profiler, r.step, r.total)
	open := func() *loader {
		return newLoader(r.feed(r.Train, r.Resident.Train), r.Order, r.BatchSize, r.Accumulate)
	}
	if r.Seat != nil {
		r.batches = r.Seat.sit(r.Order.Position(), r.Device, open)
	} else {
		r.batches = open()
	}
	return nil
}

// equip makes what a step works with; free gives it back.
func (r *run) equip() (err error) {
	all := nn.Tensors(nn.Params(r.Model))
	names := slices.Clone(r.Metrics)
	if r.ClipNorm > 0 {
		names = append(names, "grad_norm")
	}
	failed := torch.Try(func() {
		if r.rival, r.params, err = newRival(r.Model, all); err == nil {
			r.opt, err = optim.New(r.Optimizer, r.params)
		}
	})
	if failed != nil {
		return tooLarge(failed, r.Device, "the optimizer's state", r.Optimizer.StateBytes(all), smallerModel)
	}
	if err == nil {
		r.beside = newBeside(r.Model, r.Device)
		r.meter, r.scalars, r.scaling = newMeter(names, r.Device), newScalars(), newScaling(r.Precision, r.Device)
	}
	return err
}

func (r *run) feed(s Split, table *Resident) *feed {
	if _, varied := s.(Varied); varied {
		table = nil
	}
	return &feed{split: s, in: r.Inputs, device: r.Device, table: table}
}

func (r *run) close() {
	r.recording.stop(r.step)
	r.batches.close()
	r.free()
	r.blocks.close()
}

// free gives back what open made on the device.
func (r *run) free() {
	r.graphs.close()
	r.scalars.close()
	r.scaling.close()
	r.meter.close()
	r.opt.Close()
	r.rival.close()
}

// trainEpoch does the steps that are left of the current epoch.
func (r *run) trainEpoch() error {
	end := min((r.epoch+1)*r.perEpoch, r.total)
	for r.step < end {
		if r.ctx.Err() != nil {
			return r.interrupt()
		}
		r.recording.at(r.step)
		if err := r.trainStep(); err != nil {
			return fmt.Errorf("step %d: %w", r.step+1, err)
		}
		if r.step%r.LogEvery == 0 || r.step == end {
			if err := r.report(); err != nil {
				return err
			}
		} else {
			r.Observer.Tick(r.epoch+1, r.step, r.samples)
		}
		if r.step == end {
			break
		}
		if err := r.Checkpoints.Step(r.step, r.snapshot); err != nil {
			return fmt.Errorf("step %d: %w", r.step, err)
		}
	}
	return nil
}

// interrupt keeps the run where it stands; before the first step there is nothing to
// keep. Work that could not be saved is a failure, not an interruption.
func (r *run) interrupt() error {
	if r.step == 0 {
		return ErrInterrupted
	}
	if err := r.Checkpoints.Interrupted(r.snapshot); err != nil {
		return fmt.Errorf("interrupted after step %d, which could not be saved: %w", r.step, err)
	}
	return ErrInterrupted
}

func (r *run) report() error {
	now := r.meter.read()
	r.Observer.Step(StepReport{
		Epoch: r.epoch + 1, Step: r.step, Steps: r.total, Samples: r.samples, LR: r.rate(r.step - 1), Values: prefix("train/", now.window),
	})
	switch {
	case now.skipped >= maxSkipped:
		return fmt.Errorf("step %d: %w for %d steps in a row; a lower learning rate or grad_clip may help", r.step, ErrNonFinite, now.skipped)
	case now.skipped > 0 && r.scaling != nil:
		r.Observer.Note(fmt.Sprintf("step %d: gradients overflowed in fp16; the loss scale was lowered and the last %d updates were skipped", r.step, now.skipped))
	case now.skipped > 0:
		r.Observer.Note(fmt.Sprintf("step %d: the loss is not finite; the last %d updates were skipped", r.step, now.skipped))
	}
	return nil
}

// endEpoch evaluates, decides whether the epoch is the best, and lets it be saved.
func (r *run) endEpoch() error {
	report := EpochReport{Epoch: r.epoch + 1, Epochs: r.epochs, Step: r.step, LR: r.lr(), Train: prefix("train/", r.meter.read().epoch)}
	if r.Val != nil {
		val, err := evaluate(r.ctx, r.Model, r.feed(r.Val, r.Resident.Val), r.BatchSize, r.Seed, model.Context{})
		if errors.Is(err, context.Canceled) {
			return r.interrupt()
		}
		if err != nil {
			return fmt.Errorf("evaluation after epoch %d: %w", r.epoch+1, r.feed(r.Val, nil).explain(err, r.Model, r.BatchSize))
		}
		report.Val = prefix("val/", val)
	}
	r.epoch++
	r.meter.reset()
	report.Monitor = find(append(report.Train, report.Val...), r.Config.Monitor.Name)
	report.Best = r.score.add(r.Config.Monitor, r.Stop, r.epoch, report.Monitor.Value)
	r.Observer.Epoch(report)
	return r.Checkpoints.Epoch(r.epoch, r.step, report.Best, r.snapshot)
}

// lr is the learning rate of the step that comes next, as a scheduler of PyTorch
// leaves it in the param group; after the last step that of the last.
func (r *run) lr() float64 { return r.rate(min(r.step, max(r.total-1, 0))) }

func prefix(p string, values []Value) []Value {
	out := make([]Value, len(values))
	for i, v := range values {
		out[i] = Value{p + v.Name, v.Value}
	}
	return out
}

func find(values []Value, name string) Value {
	for _, v := range values {
		if v.Name == name {
			return v
		}
	}
	return Value{name, math.NaN()}
}
