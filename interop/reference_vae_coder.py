"""The twins of the autoencoders without a distribution of their code, and of those that compare codes by MMD."""
import math

import torch

from reference_vae import VAE
from twin import Draws


class AE(VAE):
    """z = mu(encoder(x)); the loss is R alone. It has no logvar."""

    def __init__(self, shape, latent_dim, **params):
        super().__init__(shape, latent_dim, **params)
        del self.logvar

    def encode(self, x):
        return self.mu(self.encoder(x.flatten(1) if self.flat else x)), None

    def forward(self, x, eps=None):
        z = self.encode(self.corrupt(x, eps))[0]
        return {"mu": self.encode(x)[0], "output": self.decode(z)}

    def corrupt(self, x, eps):
        return x

    def losses(self, out, x, y=None, step=0):
        return {"loss": self.reconstruction(out, x).mean()}


class DenoisingAE(AE):
    """Vincent et al. 2008: the input with gaussian noise of that standard deviation, or with that share of it masked."""

    def __init__(self, shape, latent_dim, corruption="gaussian", corruption_level=0.3, **params):
        super().__init__(shape, latent_dim, **params)
        self.corruption, self.level = corruption, corruption_level

    def corrupt(self, x, eps):
        if not self.training:
            return x
        noise = eps.reshape(x.shape)
        if self.corruption == "gaussian":
            return x + self.level * noise
        return x * (noise >= math.sqrt(2) * torch.erfinv(torch.tensor(2 * self.level - 1, dtype=torch.float64)).item())


SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def kernel(a, b, name="imq", bandwidth=1.0, scales=SCALES):
    """k(a_i, b_j), [A, B]; C = 2 K h^2 (Tolstikhin et al. 1711.01558)."""
    d = (a[:, None] - b[None]).square().sum(2)
    c = 2 * a.shape[1] * bandwidth**2
    return torch.exp(-d / c) if name == "rbf" else sum(c * s / (c * s + d) for s in scales)


def mmd(a, b, **kind):
    """The unbiased estimate, with equal numbers of rows."""
    n = len(a)
    off = 1 - torch.eye(n, dtype=a.dtype)
    within = lambda v: (kernel(v, v, **kind) * off).sum() / (n * (n - 1))
    return within(a) + within(b) - 2 * kernel(a, b, **kind).mean()


def kind_of(params):
    """The keys of the kernel, taken out of the config's."""
    return {"name": params.pop("kernel", "imq"), "bandwidth": params.pop("kernel_bandwidth", 1.0),
            "scales": params.pop("kernel_scales", SCALES)}


class WAE(AE):
    """mean_B R + mmd_weight MMD(z, draws of N(0, I))."""

    def __init__(self, shape, latent_dim, mmd_weight=10.0, **params):
        kind = kind_of(params)
        super().__init__(shape, latent_dim, **params)
        self.weight, self.kind = mmd_weight, kind

    def forward(self, x, eps=None):
        z = self.encode(x)[0]
        return {"mu": z, "_prior": Draws(eps)(*z.shape), "output": self.decode(z)}

    def losses(self, out, x, y=None, step=0):
        recon, m = self.reconstruction(out, x).mean(), mmd(out["mu"], out["_prior"], **self.kind)
        return {"loss": recon + self.weight * m, "recon": recon, "mmd": m}


class InfoVAE(VAE):
    """mean_B (R + (1 - alpha) KL) + (alpha + lambda - 1) MMD(z, draws of N(0, I)) (Zhao et al. 1706.02262)."""

    def __init__(self, shape, latent_dim, alpha=0.0, **params):
        lam, kind = params.pop("lambda", 1000.0), kind_of(params)
        super().__init__(shape, latent_dim, **params)
        self.beta, self.weight, self.kind = 1 - alpha, alpha + lam - 1, kind

    def forward(self, x, eps):
        mu, s = self.encode(x)
        draw = Draws(eps)
        z = mu + torch.exp(s / 2) * draw(*mu.shape)
        return {"mu": mu, "logvar": s, "z": z, "_prior": draw(*z.shape), "output": self.decode(z)}

    def penalty(self, out, terms):
        terms["mmd"] = mmd(out["z"], out["_prior"], **self.kind)
        return self.weight * terms["mmd"]


TWINS = {"ae": AE, "denoising_ae": DenoisingAE, "wae_mmd": WAE, "info_vae": InfoVAE}
