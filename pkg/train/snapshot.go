package train

import (
	"fmt"
	"slices"

	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Tensor is a named copy in host memory: little endian, C order.
type Tensor struct {
	Name  string
	DType torch.DType
	Shape []int64
	Data  []byte
}

// Snapshot is everything that a run needs to go on exactly. Training does not change it.
type Snapshot struct {
	Epoch      int64 // finished epochs
	Step       int64 // optimizer steps done
	Score      Score
	Position   Position // in the order of batches
	Model      []Tensor // the state dict
	ModelState []Tensor // training state of the model beside it
	Optimizer  OptimizerState
	Adversary  *OptimizerState // of the part with an optimizer of its own; nil without
	RNG        []byte          // of the CPU's default generator
	CUDARNG    [][]byte        // of the device in use, where it is a GPU
	Sums       []float64       // the epoch's metrics so far
	Window     []float64       // Sums at the last report
	Scale      *ScaleState     // of the loss; nil where it is not scaled
	Device     torch.Device

	owner *hostBlocks // of block, which holds the data of the tensors
	block []byte
}

// Release gives the memory of the snapshot's tensors back to the run that made it, for
// the next one; nobody may read them any more. It may be called on any goroutine, once.
// A snapshot that is not released keeps its memory for the life of the process.
func (s *Snapshot) Release() {
	if s.owner != nil {
		s.owner.give(s.block)
	}
	s.owner, s.block = nil, nil
}

// OptimizerState is torch.optim's state_dict in parts.
type OptimizerState struct {
	Params   int                // number of parameters of the one group
	Settings []optim.Setting    // of the group
	State    map[int64][]Tensor // by parameter index
}

func (r *run) snapshot() *Snapshot {
	var c copier
	s := &Snapshot{
		Epoch: r.epoch, Step: r.step, Score: r.score, Position: r.position,
		Model: c.add(nn.StateDict(r.Model)), ModelState: c.add(nn.States(r.Model)),
		RNG: torch.RNGState(torch.CPU), Sums: r.meter.sums.Float64s(), Window: slices.Clone(r.meter.window), Device: r.Device, Scale: r.scaling.state(),
		Optimizer: stateOf(r.opt, len(r.params), r.settings(), &c), Adversary: r.rival.state(&c),
	}
	if r.Device.IsCUDA() {
		s.CUDARNG = [][]byte{torch.RNGState(r.Device)}
	}
	s.owner, s.block = &r.blocks, r.blocks.take(c.size)
	c.copyInto(s.block)
	return s
}

// stateOf plans the copies of an optimizer's state.
func stateOf(o optim.Optimizer, params int, settings []optim.Setting, c *copier) OptimizerState {
	s := OptimizerState{Params: params, Settings: settings, State: map[int64][]Tensor{}}
	for _, p := range o.State() {
		s.State[int64(p.Index)] = c.add(p.Entries)
	}
	return s
}

// loaded is the state as an optimizer of that many parameters takes it.
func (o OptimizerState) loaded(params int) (states []optim.LoadedState) {
	for i := range params {
		if entries, ok := o.State[int64(i)]; ok {
			states = append(states, optim.LoadedState{Index: i, Entries: Tensors(entries)})
		}
	}
	return states
}

// settings are the param group's, with what a scheduler of PyTorch would add.
func (r *run) settings() []optim.Setting {
	return append(r.opt.Group(r.lr()), optim.Setting{Key: "initial_lr", Value: r.Schedule.Base})
}

// copier copies tensors into one block of memory.
type copier struct {
	places []place
	size   int64 // of the block, in bytes
}

// place is where in the block the data of a tensor go.
type place struct {
	from     *torch.Tensor
	to       *Tensor
	at, size int64
}

// add plans the copies; their data come with copyInto.
func (c *copier) add(params []nn.Param) []Tensor {
	ts := make([]Tensor, len(params))
	for i, p := range params {
		ts[i] = Tensor{Name: p.Name, DType: p.Tensor.DType(), Shape: p.Tensor.Shape()}
		size := p.Tensor.Bytes()
		c.places = append(c.places, place{p.Tensor, &ts[i], c.size, size})
		c.size += (size + 63) &^ 63 // a cache line is one tensor's
	}
	return ts
}

func (c *copier) copyInto(block []byte) {
	for _, p := range c.places {
		p.to.Data = block[p.at : p.at+p.size : p.at+p.size]
		p.from.ReadRaw(p.to.Data)
	}
}

// restore brings a fresh run to where s was taken.
func (r *run) restore(s *Snapshot) error {
	if err := LoadModel(r.Model, s.Model, s.ModelState); err != nil {
		return err
	}
	if err := r.opt.Load(s.Optimizer.loaded(len(r.params))); err != nil {
		return err
	}
	if err := r.rival.restore(s.Adversary); err != nil {
		return err
	}
	if len(s.Sums) != len(r.meter.window) || len(s.Window) != len(r.meter.window) {
		return fmt.Errorf("the checkpoint has %d running metrics, the model has %d", len(s.Sums), len(r.meter.window))
	}
	r.epoch, r.step, r.score, r.position = s.Epoch, s.Step, s.Score, s.Position
	r.meter.sums.Copy_(torch.FromFloat64s(s.Sums, []int64{int64(len(s.Sums))}))
	copy(r.meter.window, s.Window)
	r.scaling.restore(s.Scale)
	torch.SetRNGState(torch.CPU, s.RNG)
	if r.Device.IsCUDA() && len(s.CUDARNG) > 0 {
		torch.SetRNGState(r.Device, s.CUDARNG[0])
	}
	return nil
}

// LoadModel puts a state dict and, where given, the training state beside it into a
// model, strictly. It runs inside Engine.Do.
func LoadModel(m any, state, beside []Tensor) error {
	if err := nn.LoadState(nn.StateDict(m), Tensors(state)); err != nil {
		return err
	}
	if beside == nil {
		return nil
	}
	return nn.LoadState(nn.States(m), Tensors(beside))
}

// Tensors are an nn.Source.
type Tensors []Tensor

// Names lists the names in order.
func (ts Tensors) Names() []string {
	names := make([]string, len(ts))
	for i, t := range ts {
		names[i] = t.Name
	}
	return names
}

// Tensor finds a tensor by name.
func (ts Tensors) Tensor(name string) ([]byte, torch.DType, []int64, bool) {
	for _, t := range ts {
		if t.Name == name {
			return t.Data, t.DType, t.Shape, true
		}
	}
	return nil, 0, nil, false
}

var _ nn.Source = Tensors(nil)
