package sae

import "math"

// The libraries that compat names: SAELens 6.54, dictionary_learning 0.1 and sparsify 1.3.
// docs/compat.md says which of what they do is wrong.
const (
	saeLens            = "saelens-6"
	dictionaryLearning = "dictionary_learning"
	sparsify           = "sparsify"
)

// rules are what a library does in its own way and no key says.
type rules struct {
	strict bool // a latent is dead after more samples than dead_after_samples, not after as many
	topK   topKRules
	theta  thetaRules
	jump   jumpRules
}

// topKRules are those of codes that keep the largest.
type topKRules struct {
	byNorm      bool    // codes are h_i |W_dec,i|, and decode by rows divided by their norms
	explained   bool    // losses are divided by the variance of the batch
	straight    bool    // a chosen latent below 0 has a gradient as if it were above
	chosenFires bool    // a chosen latent counts as active at 0 too
	late        bool    // what is dead is known after the batch, not before
	auxNegative bool    // AuxK uses h, not relu(h)
	auxScaled   bool    // AuxK has the weight min(1, dead latents / aux_k)
	auxOver     auxOver // what AuxK is divided by
	decoderOnly bool    // AuxK and Multi-TopK do not train the encoder, and the latter has no W_skip
	kLag        int64   // the steps after which a k that falls begins to
	groups      float64 // the weight of one of G prefixes is G^groups
}

// auxOver is what AuxK is divided by.
type auxOver int

const (
	overNothing auxOver = iota
	overResidual
	overBatch
)

// thetaRules say how batch_topk's threshold follows the smallest activation of a batch.
type thetaRules struct {
	start float64 // below 0 it is unset, and takes the first value whole
	after int64   // the last step in which it does not move
	rate  float64
	zeros bool // a batch that keeps nothing counts as 0, and is not left out
}

// jumpRules are those of jump_relu.
type jumpRules struct {
	stepOfCode bool // the penalty is the step function of f, which is 0 below θ, not of h
	targetL0   bool // the penalty is (L0 / target_l0 - 1)²
	anyTheta   bool // thresholds may fall below 0
	deadBelow  bool // the loss of hidden values below their thresholds is that of dead latents alone
}

var libraries = map[string]rules{
	saeLens: {
		strict: true,
		topK:   topKRules{byNorm: true, auxNegative: true, auxScaled: true},
		theta:  thetaRules{start: 0, after: -1, rate: 0.01},
		jump:   jumpRules{deadBelow: true},
	},
	dictionaryLearning: {
		topK:  topKRules{chosenFires: true, late: true, auxOver: overResidual, groups: -2},
		theta: thetaRules{start: -1, after: 1000, rate: 1e-3, zeros: true},
		jump:  jumpRules{stepOfCode: true, targetL0: true, anyTheta: true},
	},
	sparsify: {
		strict: true,
		topK:   topKRules{explained: true, straight: true, chosenFires: true, auxScaled: true, auxOver: overBatch, decoderOnly: true, kLag: 1},
	},
}

// ScoresByNorm says that codes are activations times the norms of their decoder rows, which
// decode by rows of norm 1.
func (c Config) ScoresByNorm() bool { return c.rules().topK.byNorm }

// groupWeight is that of one of so many prefixes.
func (r topKRules) groupWeight(prefixes int) float64 { return math.Pow(float64(prefixes), r.groups) }

// As has the initialisations of a library, where one is named, in place of the keys for them.
func (c Config) As(library, variant string) Config {
	if library == "" {
		return c
	}
	c.DecoderInit, c.EncoderInit, c.BEncInit, c.ApplyBDecToInput = "uniform", "transpose", "zeros", true
	switch library + " " + variant {
	case "dictionary_learning relu_l1":
		c.DecoderInit, c.DecoderInitNorm, c.BEncInit = "normal", 0.1, "uniform"
	case "dictionary_learning gated":
		c.DecoderInit = "normal"
	case "dictionary_learning jump_relu":
		c.ApplyBDecToInput = false
	case "sparsify topk":
		c.DecoderInit, c.EncoderInit = "encoder", "independent"
	}
	c.library = library
	return c
}

// controlled is without the target where the penalty itself has it.
func (r jumpRules) controlled(c Sparsity) Sparsity {
	if r.targetL0 {
		c.TargetL0 = nil
	}
	return c
}

// target is the L0 that a penalty aims at: 20 where none is given, as in dictionary_learning.
func target(c Sparsity) float64 {
	if c.TargetL0 == nil {
		return 20
	}
	return *c.TargetL0
}
