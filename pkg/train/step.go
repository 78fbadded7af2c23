package train

import (
	"cmp"
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/torch"
)

// trainStep does one optimizer step over Accumulate batches, or those that are left
// of the epoch.
func (r *run) trainStep() error {
	group, err := r.nextGroup()
	if err != nil {
		return err
	}
	if err := r.advance(group); err != nil {
		r.graphs.close() // what they keep is not a batch's
		return r.feed(r.Train, nil).explain(err, r.Model, group[0].n)
	}
	r.position = group[len(group)-1].after
	for _, b := range group {
		r.samples += int64(b.n)
		r.batches.release(b)
	}
	r.step++
	return nil
}

func (r *run) nextGroup() ([]*hostBatch, error) {
	var group []*hostBatch
	for range r.Accumulate {
		b, err := r.batches.next()
		if err != nil {
			return nil, err
		}
		group = append(group, b)
		if b.last {
			break
		}
	}
	return group, nil
}

// advance sets what changes from step to step and runs the step.
func (r *run) advance(group []*hostBatch) (err error) {
	failed := torch.Try(func() {
		torch.Scoped(func() {
			if r.step == 0 {
				r.initialise(group[0])
			}
			r.renew(group[0])
			r.opt.SetLR(r.rate(r.step))
			r.scalars.refresh(r.step)
			r.rival.refresh(r.step)
			err = r.runStep(group)
		})
	})
	return cmp.Or(failed, err)
}

// initialise lets the model see the first batch of a fresh run.
func (r *run) initialise(first *hostBatch) {
	if m, ok := r.Model.(DataInit); ok {
		torch.NoGrad(func() { m.DataInit(first.tensors()) })
	}
}

// renew lets a model renew itself where it is time.
func (r *run) renew(first *hostBatch) {
	m, ok := r.Model.(Renewer)
	if !ok || !m.RenewAt(r.step) {
		return
	}
	torch.NoGrad(func() {
		m.Renew(first.tensors(), func(p *torch.Tensor) []*torch.Tensor { return optim.Moments(r.opt, slices.Index(r.params, p)) })
	})
}

// rate is the learning rate of a step: that of the schedule, at the model's pace.
func (r *run) rate(step int64) float64 {
	rate := r.Schedule.At(step)
	if m, ok := r.Model.(Pacer); ok {
		rate *= m.Pace(step)
	}
	return rate
}

// update is the step on the device: forward, backward, clip, optimizer, hooks. The
// host reads nothing of it, and no number of the host that changes from step to step is
// in it: it may be captured, and then its work is done again without this code.
func (r *run) update(batches []model.Batch) {
	torch.ZeroGrads(r.params)
	torch.NoGrad(r.beside.remember)
	if d, ok := r.opt.(optim.Deferrer); ok && r.onlyOptimizerReadsGradients(len(batches)) {
		d.Defer()
	}
	var sums []*torch.Tensor
	for i, batch := range batches {
		values := r.backward(batch, i, len(batches))
		if sums == nil {
			sums = values
			continue
		}
		for j := range sums {
			sums[j] = sums[j].Add(values[j])
		}
	}
	var skip *torch.Tensor
	torch.NoGrad(func() { skip = r.apply(average(sums, len(batches))) })
	skip = r.rivalStep(batches, skip)
	torch.NoGrad(func() { r.beside.putBack(skip) })
}

// onlyOptimizerReadsGradients says that nothing happens to gradients between backward and
// the optimizer.
func (r *run) onlyOptimizerReadsGradients(batches int) bool {
	_, hook := r.Model.(AfterBackward)
	return batches == 1 && r.ClipNorm == 0 && r.scaling == nil && !hook
}

// backward adds the gradients of batch i of a group of n and answers its metrics.
func (r *run) backward(batch model.Batch, i, n int) []*torch.Tensor {
	c := &model.Context{Train: true, Scalars: r.scalars, Noise: generatorNoise{}, Part: i, Parts: n}
	var out model.Output
	r.rival.held(func() { out = r.loss(c, batch) })
	loss := out.Loss
	if n > 1 {
		loss = loss.MulScalar(1 / float64(n))
	}
	r.scaling.scale(loss).Backward()
	return metricValues(out)
}

// apply clips, updates and lets the model constrain its weights; the answer is 1 where the
// step is skipped.
func (r *run) apply(values []*torch.Tensor) *torch.Tensor {
	overflow := r.scaling.unscale(r.params)
	if m, ok := r.Model.(AfterBackward); ok {
		m.AfterBackward()
	}
	finite := values[0]
	if r.ClipNorm > 0 {
		norm := torch.ClipGradNorm(r.params, r.ClipNorm)
		values = append(values, norm)
		finite = finite.Add(norm)
	}
	skip := finite.NonFinite()
	if overflow != nil {
		skip = skip.Maximum(overflow)
	}
	r.opt.Step(skip)
	if m, ok := r.Model.(AfterStep); ok {
		m.AfterStep()
	}
	r.meter.add(values, skip)
	return skip
}

func average(sums []*torch.Tensor, n int) []*torch.Tensor {
	if n == 1 {
		return sums
	}
	out := make([]*torch.Tensor, len(sums))
	for i, s := range sums {
		out[i] = s.MulScalar(1 / float64(n))
	}
	return out
}
