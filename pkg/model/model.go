// Package model says what a model is and which there are: a variant is one file that
// defines its config, its layers and its loss, and one line in the registry. The
// families are the packages vae, sae and custom below it; package builtin lists them.
package model

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Inputs describe the data that a model is built for.
type Inputs struct {
	Shape      []int64 // one sample, e.g. [1 32 32]
	Parts      []Span  // its named parts, one after another; nil without
	LabelShape []int64 // one label; empty for a number, nil without labels
	LabelParts []Span  // those parts of a label that have a name
	// LabelClasses is of each number of a label how many classes it numbers, 0 where it does
	// not; nil where a checkpoint does not say.
	LabelClasses []int
	Classes      int   // number of classes where labels are class indices, else 0
	Samples      int64 // of the training split
	// ClassCounts is how many training samples are of each class, for losses that weigh
	// them; nil where labels are no class indices, and where a checkpoint does not say.
	ClassCounts []int64
}

// Span is a named range of numbers of a sample or a label, in C order: from From to To,
// excluded. Shape is theirs.
type Span struct {
	Name     string
	From, To int64
	Shape    []int64
}

// String is the name and the shape: `image [1 28 28]`.
func (s Span) String() string { return fmt.Sprint(s.Name, " ", s.Shape) }

// Index says that a model reads some numbers of a sample, From to To excluded, as whole
// numbers from 0 that are less than Below; By is what reads them, such as model.layers[0].
type Index struct {
	From, To, Below int64
	By              string
}

// Dim is the number of elements of one sample.
func (in Inputs) Dim() int64 {
	n := int64(1)
	for _, s := range in.Shape {
		n *= s
	}
	return n
}

// Batch is what a step sees. X is [B, …sample shape]; Y is [B, …label shape] float32,
// or nil without labels.
type Batch struct{ X, Y *torch.Tensor }

// Noise draws standard normal numbers of the dtype and on the device of like. In
// training it is libtorch's default generator, in evaluation a generator of its own.
type Noise interface {
	Randn(shape []int64, like *torch.Tensor) *torch.Tensor
}

// Context is what a loss may depend on besides the batch. The step's number is not in
// it: a training step may be recorded once and replayed, and a number of the host would
// stay what it was. What changes from step to step comes from Scheduled.
type Context struct {
	Train   bool // false in evaluation: no dropout, final weights of annealed terms, no counters moved
	Noise   Noise
	Scalars Scalars // behind Scheduled; nil is AtStep(0)
	// Part numbers the batches that one optimizer step adds up, from 0, and Parts is how many
	// there are; both are 0 for a batch alone. What moves once in a step goes by them.
	Part, Parts int

	scheduled int // how many scalars this loss has asked for
}

// Scalars keeps the numbers of a run that change from step to step in tensors.
type Scalars interface {
	// Scalar is the i-th such number of a loss: a 0-d tensor of the dtype and on the
	// device of like that holds value of the optimizer steps done.
	Scalar(i int, like *torch.Tensor, value func(step int64) float64) *torch.Tensor
}

// AtStep are the scalars of one step alone.
type AtStep int64

// Scalar makes a fresh tensor.
func (s AtStep) Scalar(_ int, like *torch.Tensor, value func(step int64) float64) *torch.Tensor {
	return torch.Scalar(value(int64(s)), torch.Like(like))
}

// Scheduled is a number that depends on the optimizer steps done, such as the weight of
// a term that is warmed up: a 0-d tensor without history, of the dtype and on the device
// of like. value is a pure function; a loss asks for its scalars in the same order each
// time.
func (c *Context) Scheduled(like *torch.Tensor, value func(step int64) float64) *torch.Tensor {
	s := c.Scalars
	if s == nil {
		s = AtStep(0)
	}
	c.scheduled++
	return s.Scalar(c.scheduled-1, like, value)
}

// First says that a step begins with this batch.
func (c *Context) First() bool { return c.Part == 0 }

// Last says that it is the last one of its step.
func (c *Context) Last() bool { return c.Part >= c.Parts-1 }

// Share is that of this batch in its step.
func (c *Context) Share() float64 { return 1 / float64(max(c.Parts, 1)) }

// Metric is a number to report: a 0-d tensor without history, a mean over the batch.
type Metric struct {
	Name  string
	Value *torch.Tensor
}

// Output is the loss of a batch, a mean per sample, and its terms. Metrics come in
// the same order and number each time and do not repeat the loss.
type Output struct {
	Loss    *torch.Tensor
	Metrics []Metric
}

// Model is what can be trained. Its tensors are found by nn.Walk. A model may also
// have the hooks that package train declares, and the outputs that package infer
// asks for.
type Model interface {
	Loss(c *Context, b Batch) Output
}

// Filed is a config whose model is made of a file of the user's. The model keeps the file's
// content in its training state, as FileState, so that checkpoints hold it: whoever builds
// the model again from one calls Restore before, and needs the file no more.
type Filed interface {
	Restore(content []byte)
}

// FileState is the name of that state.
const FileState = "file"

// Adam are the settings of an optimizer that a part of a model has for itself.
type Adam struct{ LR, Beta1, Beta2 float64 }

// Variant is one line of the registry.
type Variant struct {
	Type, Name string
	// Params is a pointer to a fresh config struct of the variant, with the tags of
	// package config.
	Params func() any
	// Build makes the model from such a struct. Errors are the user's: a config that
	// does not fit the data.
	Build func(params any, in Inputs, o nn.Options) (Model, error)
}
