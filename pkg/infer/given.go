package infer

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Conditional is a model whose outputs depend on labels y [B, …label shape] beside samples;
// else it is an Embedder and a Predictor.
type Conditional interface {
	EmbedGiven(x, y *torch.Tensor, what string, noise model.Noise) (*torch.Tensor, error)
	PredictGiven(x, y *torch.Tensor) *torch.Tensor
	Reconstructs() bool
}

// ConditionalDensity is a conditional model with a density: LogJointGiven is ln p(x, z|y) of
// samples x with labels y [B] and codes z [B, K], as Density has it.
type ConditionalDensity interface {
	LogJointGiven(x, y, z *torch.Tensor) *torch.Tensor
	Measures() string
}

// ConditionalGenerator is a conditional model that makes samples of codes z [B, K] and labels
// y [B], as Generator; PriorGiven draws a code of p(z|y) for each label, [B, K].
type ConditionalGenerator interface {
	GenerateGiven(z, y *torch.Tensor) *torch.Tensor
	PriorGiven(y *torch.Tensor, noise model.Noise) *torch.Tensor
}

// Given is a conditional model and the labels of the batch at hand: an Embedder and a
// Predictor of that batch, with the model's tensors.
type Given struct {
	model.Model `torch:""`
	conditional Conditional
	labels      labels
}

// labels are a batch's, and no tensor of the model.
type labels struct{ y *torch.Tensor }

// NewGiven is m if its outputs depend on labels; else nil.
func NewGiven(m model.Model) *Given {
	if c, ok := m.(Conditional); ok {
		return &Given{Model: m, conditional: c}
	}
	return nil
}

// Set takes the labels of the next batch.
func (g *Given) Set(y *torch.Tensor) { g.labels.y = y }

// Embed is the model's, given the labels.
func (g *Given) Embed(x *torch.Tensor, what string, noise model.Noise) (*torch.Tensor, error) {
	return g.conditional.EmbedGiven(x, g.labels.y, what, noise)
}

// Predict is the model's, given the labels.
func (g *Given) Predict(x *torch.Tensor) *torch.Tensor {
	return g.conditional.PredictGiven(x, g.labels.y)
}

// Reconstructs is the model's.
func (g *Given) Reconstructs() bool { return g.conditional.Reconstructs() }

// DensityOf is the density of a model, for a conditional one given the labels that it was
// told last; nil where it has none, or one that measures nothing.
func DensityOf(m any) Density {
	d, _ := m.(Density)
	if g, ok := m.(*Given); ok {
		if c, ok := g.conditional.(ConditionalDensity); ok {
			d = givenDensity{c, g}
		}
	}
	if d == nil || d.Measures() == "" {
		return nil
	}
	return d
}

type givenDensity struct {
	ConditionalDensity
	given *Given
}

func (d givenDensity) LogJoint(x, z *torch.Tensor) *torch.Tensor {
	return d.LogJointGiven(x, d.given.labels.y, z)
}

// GeneratorOf is the generator of a model, for a conditional one given the labels that it was
// told last, one for each code; nil where it has none.
func GeneratorOf(m any) Generator {
	if g, ok := m.(*Given); ok {
		if c, ok := g.conditional.(ConditionalGenerator); ok {
			return givenGenerator{c, g}
		}
		return nil
	}
	g, _ := m.(Generator)
	return g
}

type givenGenerator struct {
	conditional ConditionalGenerator
	given       *Given
}

func (g givenGenerator) Generate(z *torch.Tensor) *torch.Tensor {
	return g.conditional.GenerateGiven(z, g.given.labels.y)
}

// Draw gives a code for each of the labels, which are n.
func (g givenGenerator) Draw(_ int64, noise model.Noise) *torch.Tensor {
	return g.conditional.PriorGiven(g.given.labels.y, noise)
}
