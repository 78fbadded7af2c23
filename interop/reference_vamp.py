"""The twin of `variant: vamp` (Tomczak and Welling 1705.07120)."""
import math

import torch
from torch import nn

from reference_vae import VAE


def log_normal(z, mu, s):
    """ln N(z; mu, exp s), summed over the last dimension."""
    return -0.5 * ((z - mu).square() / s.exp() + s + math.log(2 * math.pi)).sum(-1)


class Vamp(VAE):
    def __init__(self, shape, latent_dim, components=50, **params):
        super().__init__(shape, latent_dim, **params)
        self.components = components
        self.pseudo_inputs = nn.Linear(components, math.prod(shape))

    def losses(self, out, x, y=None, step=0):
        eye = torch.eye(self.components, dtype=x.dtype)
        u = self.pseudo_inputs(eye)
        u = (u.clamp(0, 1) if self.likelihood == "bernoulli" else u).reshape(-1, *self.shape)
        mu, s = self.encode(u)
        prior = log_normal(out["z"][:, None], mu, s).logsumexp(1) - math.log(self.components)
        kl = (log_normal(out["z"], out["mu"], out["logvar"]) - prior).mean()
        recon = self.reconstruction(out, x).mean()
        return {"loss": recon + kl, "recon": recon, "kl": kl}
