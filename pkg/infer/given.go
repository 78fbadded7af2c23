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
