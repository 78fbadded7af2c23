// Package builtin lists the models that trainer has.
package builtin

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/model/custom"
	"github.com/gotrainer/trainer/pkg/model/sae"
	"github.com/gotrainer/trainer/pkg/model/vae"
)

// Registry has one line for each variant; the first of a type is its default.
func Registry() model.Registry {
	return model.Registry{
		vae.VAE(),
		vae.BetaVAE(),
		vae.Capacity(),
		vae.SigmaVAE(),
		vae.IWAE(),
		vae.BetaTC(),
		vae.DIPI(),
		vae.DIPII(),
		vae.FactorVAE(),
		vae.CVAE(),
		vae.Vamp(),
		vae.InfoVAE(),
		vae.WAEMMD(),
		vae.VQVAE(),
		vae.MSSSIMVAE(),
		vae.AE(),
		vae.DenoisingAE(),
		sae.ReLUL1(),
		sae.TopK(),
		sae.BatchTopK(),
		sae.Matryoshka(),
		sae.Gated(),
		sae.JumpReLU(),
		sae.PAnneal(),
		sae.Transcoder(),
		sae.SkipTranscoder(),
		sae.Crosscoder(),
		custom.Custom(),
		custom.MultiHead(),
	}
}
