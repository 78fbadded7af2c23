package vae

import "github.com/gotrainer/trainer/pkg/torch"

// klNormal is KL(N(mu, exp s) ‖ N(0, I)) of each latent dimension, [B, K]:
// ½ (mu² + exp s - s - 1) (Kingma and Welling 2013, arXiv 1312.6114, appendix B).
func klNormal(mu, s *torch.Tensor) *torch.Tensor {
	return mu.Square().Add(s.Exp()).Sub(s).AddScalar(-1).MulScalar(0.5)
}
