package train

import (
	"iter"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/schedule"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Split is one part of a data set. Rows are positions in it; a sample has
// prod(Shape) elements.
type Split interface {
	Len() int
	Read(dst []float32, rows []int) error
	ReadLabels(dst []float32, rows []int) error
}

// Varied is a Split whose samples are other ones in each epoch. Training reads these, from
// the host: what is resident on the device would stay as it is.
type Varied interface {
	// ReadEpoch is Read for an epoch, from 0.
	ReadEpoch(dst []float32, rows []int, epoch int64) error
}

// Order gives the training batches: seeded, and known at every position.
type Order interface {
	// Next is the next batch's rows, valid until the next call; last says that it
	// ends the epoch.
	Next() (rows []int, last bool)
	// Position is where the order stands after the last Next.
	Position() Position
	// StepsPerEpoch is the number of batches of one epoch.
	StepsPerEpoch() int
}

// Position is a place in the order of batches: the epoch, from 0, and how many of
// its samples have been handed out.
type Position struct{ Epoch, Samples int64 }

// Checkpointer writes what must outlive the process. It asks for the snapshot only
// when it writes one.
type Checkpointer interface {
	// Step is called after every step that does not end an epoch; it must be cheap
	// when nothing is due.
	Step(step int64, snapshot func() *Snapshot) error
	// Epoch is called after every epoch, with the steps done; best says that its metric
	// is the best so far.
	Epoch(epoch, step int64, best bool, snapshot func() *Snapshot) error
	// Interrupted is called once when the run's context ended after its first step.
	Interrupted(snapshot func() *Snapshot) error
}

// Observer is told what happens, in order.
type Observer interface {
	// Tick is called after every step that Step is not called for; samples is what
	// this process has seen. It must be cheap.
	Tick(epoch, step, samples int64)
	Step(StepReport)
	Epoch(EpochReport)
	Note(text string)
}

// Value is a named number, e.g. "train/loss".
type Value struct {
	Name  string
	Value float64
}

// StepReport is given every LogEvery steps: means over the steps since the last one.
type StepReport struct {
	Epoch, Step int64 // the epoch being trained, from 1; steps done
	Steps       int64 // of the whole run
	Samples     int64 // seen by this process
	LR          float64
	Values      []Value
}

// EpochReport is given after each epoch.
type EpochReport struct {
	Epoch, Epochs, Step int64
	LR                  float64
	Train, Val          []Value
	Monitor             Value
	Best                bool
}

// Config says how to train.
type Config struct {
	Epochs     int64 // passes over the data; ignored where Steps is set
	Steps      int64 // optimizer steps; 0 = Epochs passes
	BatchSize  int
	Accumulate int     // batches of one optimizer step
	ClipNorm   float64 // largest 2-norm of the gradient; 0 = no clipping
	Optimizer  optim.Config
	Schedule   schedule.LR // Total is filled in
	Monitor    Monitor
	Stop       *EarlyStopping
	LogEvery   int64
	Seed       int64
	Precision  Precision
	// RequireGraph makes it an error that a step cannot be captured.
	RequireGraph bool
}

// StepsPerEpoch is the number of optimizer steps of one pass over the data.
func (c Config) StepsPerEpoch(o Order) int64 {
	group := int64(c.Accumulate)
	return (int64(o.StepsPerEpoch()) + group - 1) / group
}

// Length is the number of epochs and of optimizer steps of the whole run; a partial
// pass at the end counts as an epoch.
func (c Config) Length(o Order) (epochs, steps int64) {
	perEpoch := c.StepsPerEpoch(o)
	if c.Steps > 0 {
		return (c.Steps + perEpoch - 1) / perEpoch, c.Steps
	}
	return c.Epochs, c.Epochs * perEpoch
}

// Parts are what Run puts together.
type Parts struct {
	Model       model.Model
	Metrics     []string // what Probe answered
	Inputs      model.Inputs
	Device      torch.Device
	Train       Split
	Val         Split // nil: the monitor falls back to train/loss
	Order       Order
	Checkpoints Checkpointer
	Observer    Observer
	Resume      *Snapshot // nil: a fresh run
	// Resident holds the splits that lie on the device; nil ones are read from the host,
	// batch by batch. The numbers are the same. They stay the caller's to close.
	Resident struct{ Train, Val *Resident }
	Profiler Profiler // nil: nothing is recorded
	Capture  Capture  // nil: no step is captured
	Seat     *Seat    // nil: the run has its batches to itself
}

// DataInit is the hook of models that initialise themselves from data: called with
// the first training batch of a fresh run.
type DataInit interface{ DataInit(b model.Batch) }

// Surveyor is the hook of models that measure the training data: called once, before the first
// step of a fresh run and before DataInit, with samples that are evenly spaced over the split,
// 65536 or all where there are fewer. They are read as they are taken. It runs without
// recording.
type Surveyor interface {
	Survey(batches iter.Seq[model.Batch])
}

// Renewer is the hook of models that give parts of themselves new weights between two
// steps, such as those that nothing trains any more. RenewAt says whether it is time
// after so many steps; Renew is given the next step's first batch, and for a parameter the
// tensors of its shape that the optimizer keeps for it. It runs without recording, outside
// captured steps, and its chance is the default generator's: a resumed run does the same.
type Renewer interface {
	RenewAt(step int64) bool
	Renew(b model.Batch, moments func(p *torch.Tensor) []*torch.Tensor)
}

// Pacer is the hook of models that have less than the learning rate of the schedule in some
// steps, as after they renewed themselves. Pace is its share, a pure function of the step.
type Pacer interface{ Pace(step int64) float64 }

// CheckData is the hook of models that not all data fit: Probe calls it with a batch.
// Its error is the user's.
type CheckData interface{ CheckData(x *torch.Tensor) error }

// AfterBackward is the hook of models that change gradients before they are clipped.
type AfterBackward interface{ AfterBackward() }

// AfterStep is the hook of models that constrain their weights after each update.
type AfterStep interface{ AfterStep() }
