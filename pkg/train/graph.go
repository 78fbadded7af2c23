package train

import (
	"fmt"
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Graph is a captured step. Replay does its work on the device again; it does not wait
// for it.
type Graph interface {
	Replay()
	Close()
}

// Capture records the work that fn gives the device, without doing it.
type Capture func(fn func()) (Graph, error)

const (
	// eagerSteps of a process run as they are before any is captured, and so does the first
	// of each shape: libraries make their workspaces and choose their algorithms there.
	eagerSteps = 3
	// maxGraphs shapes of a step are captured: usually that of full batches and that of
	// what is left at the end of an epoch. Others run as they are.
	maxGraphs = 4
)

// graphs are the captured steps of a run, one for each shape.
type graphs struct {
	eager int // steps of this process that ran as they are
	plans []*plan
	off   bool // nothing more is captured
}

// plan is a shape of the step that has been seen and, once it is captured, the graph and
// the tensors that it reads its batches from.
type plan struct {
	sizes   []int // of the batches
	scope   *torch.Scope
	batches []model.Batch
	graph   Graph
}

// runStep runs a step: captured where that is wanted and can be done, else as it is.
func (r *run) runStep(group []*hostBatch) error {
	p := r.planFor(group)
	switch {
	case p == nil:
		r.update(fresh(group))
		r.graphs.eager++
		return nil
	case p.graph != nil:
		for i, b := range group {
			b.write(p.batches[i])
		}
	default:
		if err := r.capture(p, group); err != nil {
			return r.fallBack(group, err)
		}
	}
	p.graph.Replay()
	return nil
}

// planFor is the plan of a group's shape; nil where the step runs as it is.
func (r *run) planFor(group []*hostBatch) *plan {
	g := &r.graphs
	if r.Capture == nil || g.off {
		return nil
	}
	sizes := sizesOf(group)
	for _, p := range g.plans {
		switch {
		case !slices.Equal(p.sizes, sizes):
		case g.eager < eagerSteps:
			return nil
		default:
			return p
		}
	}
	if len(g.plans) < maxGraphs {
		g.plans = append(g.plans, &plan{sizes: sizes})
	}
	return nil
}

// capture records the step of p, with batches of its own memory, which stays. Gradients
// are forgotten first: those that the capture makes are then written and not added to.
func (r *run) capture(p *plan, group []*hostBatch) (err error) {
	p.scope = torch.NewScope("batch")
	for _, b := range fresh(group) {
		b.X = b.X.Clone()
		if b.Y != nil {
			b.Y = b.Y.Clone()
		}
		p.scope.Attach(b.X, b.Y)
		p.batches = append(p.batches, b)
	}
	torch.ZeroGrads(r.params)
	p.graph, err = r.Capture(func() { torch.Scoped(func() { r.update(p.batches) }) })
	return err
}

// fallBack runs this step and all later ones as they are, unless that is an error.
func (r *run) fallBack(group []*hostBatch, why error) error {
	if r.RequireGraph {
		return fmt.Errorf("capture the training step: %w", why)
	}
	r.Observer.Note(fmt.Sprintf("the training step is not captured as a CUDA graph, its operations are launched one by one: %v", why))
	r.graphs.close()
	r.graphs.off = true
	r.update(fresh(group))
	return nil
}

func (g *graphs) close() {
	for _, p := range g.plans {
		if p.graph != nil {
			p.graph.Close()
		}
		if p.scope != nil {
			p.scope.Close()
		}
	}
	g.plans = nil
}

// fresh are the batches of a group on the device.
func fresh(group []*hostBatch) []model.Batch {
	batches := make([]model.Batch, len(group))
	for i, b := range group {
		batches[i] = b.tensors()
	}
	return batches
}

func sizesOf(group []*hostBatch) []int {
	sizes := make([]int, len(group))
	for i, b := range group {
		sizes[i] = b.n
	}
	return sizes
}
