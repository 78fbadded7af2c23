package trainer

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/export"
	"github.com/gotrainer/trainer/pkg/model/sae"
)

// sparse is the checkpoint's sparse autoencoder on the data as they lie on disk: what
// predict computes from them, with the normalisation folded into the weights.
func (t *trained) sparse() (*export.SAE, error) {
	s, err := sparseCode(t.config.Model.Type, t.config.Model.Variant, t.config.Model.Params)
	if err != nil {
		return nil, err
	}
	whole, err := export.FromState(s, t.file.Model)
	if err != nil {
		return nil, &checkpoint.Error{Path: t.path, Msg: err.Error()}
	}
	if err := t.foldScale(whole); err != nil {
		return nil, err
	}
	if shares := t.densities(); len(shares) == whole.Latents {
		whole.Densities = shares
	}
	stats := t.state("data", "normalization")
	if stats == nil {
		return whole, nil
	}
	plain, _ := checkpoint.ToGo(stats).(map[string]any)
	normalization, err := dataset.StatsFrom(plain)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.path, err)
	}
	return whole, foldNormalization(whole, normalization)
}

// sparseCode says how a variant makes its codes, and with which settings.
func sparseCode(typ, variant string, params any) (export.SAE, error) {
	s := export.SAE{Variant: variant}
	var c sae.Config
	switch p := params.(type) {
	case *sae.ReLUL1Config:
		s.Code, c = export.ReLU, p.Config.As(p.Compat, variant)
	case *sae.PAnnealConfig:
		s.Code, c = export.ReLU, p.Config
	case *sae.CrosscoderConfig: // of the numbers of all layers together
		s.Code, c = export.ReLU, sae.Config{NormalizeActivations: p.NormalizeActivations}
	case *sae.TranscoderConfig:
		s.Code, s.K, s.Transcodes = export.Code(p.Activation), float64(p.K), true
	case *sae.TopKConfig:
		s.Code, s.K, c = export.TopK, float64(p.K), p.Config.As(p.Compat, variant)
	case *sae.BatchTopKConfig:
		s.Code, s.K, c = export.Threshold, p.K, p.Config.As(p.Compat, variant)
	case *sae.MatryoshkaConfig:
		s.Code, s.K, s.Prefixes, c = export.Threshold, p.K, p.Widths(), p.Config.As(p.Compat, variant)
	case *sae.GatedConfig:
		s.Code, c = export.Gated, p.Config.As(p.Compat, variant)
	case *sae.JumpReLUConfig:
		s.Code, c = export.Threshold, p.Config.As(p.Compat, variant)
	default:
		return s, mistakef("this is a %s of variant %s, and the layouts of other tools are for sparse autoencoders; use --to safetensors or torch", typ, variant)
	}
	s.Centered, s.ByNorm = c.ApplyBDecToInput, c.ScoresByNorm()
	switch c.NormalizeActivations {
	case "layer_norm", "constant_norm_rescale":
		s.PerSample = c.NormalizeActivations
	}
	return s, nil
}

// foldScale takes the one factor of normalize_activations: expected_average_only_in into
// the weights.
func (t *trained) foldScale(s *export.SAE) error {
	scale, err := checkpoint.Value[*checkpoint.Tensor](t.file.Model, "activation_scale")
	if err != nil {
		return nil // a model without one
	}
	c, err := export.Number(scale)
	if err == nil && !(c > 0) {
		err = fmt.Errorf("activation_scale is %v, expected a number above 0", c)
	}
	if err != nil {
		return &checkpoint.Error{Path: t.path, Msg: err.Error()}
	}
	shift, factors := make([]float64, s.In), make([]float64, s.In)
	for i := range factors {
		factors[i] = 1 / c
	}
	return s.FoldInput(shift, factors)
}

// foldNormalization makes an SAE for the data before data.normalize.
func foldNormalization(s *export.SAE, by dataset.Stats) error {
	shift, scale := make([]float64, s.In), make([]float64, s.In)
	for i := range s.In {
		scale[i] = 1
		switch {
		case by.Std != nil: // of minmax too, where dimensions are raw
			shift[i], scale[i] = float64(by.Mean[i]), float64(by.Std[i])
		case by.Mean != nil:
			shift[i] = float64(by.Mean[i])
		case by.Kind == "minmax":
			shift[i], scale[i] = float64(by.Min), float64(by.Max)-float64(by.Min)
		}
	}
	switch {
	case by.Kind == "none":
		return nil
	case by.Kind == "unit_norm":
		return mistakef("data.normalize: unit_norm divides each sample by its own length, which no weights can express; use --to safetensors or torch")
	case scale[0] == 0:
		return mistakef("data.normalize: minmax of data that are all %v cannot be undone", by.Min)
	}
	return s.FoldInput(shift, scale)
}
