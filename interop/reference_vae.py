"""The twin of `type: vae`: variants vae and beta_vae, and what all variants share; the networks are in reference_arch.py.

Shapes: x [B, *shape] with D numbers a sample, mu and logvar [B, K], eps [B, K].
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from reference_arch import Arch
from twin import Twin


LEVELS = 256  # of the categorical likelihood


def nll(likelihood, m, x, sigma=1.0):
    """-ln p(x|z) of each sample, [B], without the constants D/2 ln 2pi (gaussian) and D ln 2 (laplace)."""
    m, x = m.flatten(1, -2) if likelihood == "categorical" else m.flatten(1), x.flatten(1)
    if likelihood == "bernoulli":
        return F.binary_cross_entropy_with_logits(m, x, reduction="none").sum(1)
    if likelihood == "gaussian":
        return (0.5 * ((x - m) / sigma).square() + math.log(sigma)).sum(1)
    if likelihood == "laplace":
        return (x - m).abs().sum(1)
    return F.cross_entropy(m.transpose(1, 2), (255 * x).round().long(), reduction="none").sum(1)


def kl_weight(step, schedule="none", steps=10000, cycles=4, ratio=0.5, **_):
    """The share of the KL weight: linear 1511.06349, cyclical 1903.10145 (and 1 after the last cycle)."""
    if schedule == "linear":
        return min(1.0, step / steps)
    if schedule == "cyclical" and step < steps:
        return min(1.0, step % math.ceil(steps / cycles) / (steps / cycles) / ratio)
    return 1.0


class VAE(Twin):
    """q(z|x) = N(mu, exp s), z = mu + exp(s/2) eps, s clamped to [-30, 20] (Kingma and Welling, 1312.6114)."""

    def __init__(self, shape, latent_dim, encoder=None, decoder=None, likelihood="bernoulli", sigma=1.0, kl=None, beta=1.0, **_):
        super().__init__()
        self.sigma, self.kl, self.outputs = sigma, kl or {}, LEVELS if likelihood == "categorical" else 1
        arch = Arch(shape, latent_dim, encoder, decoder, self.outputs)
        self.flat, self.shape, self.likelihood, self.beta = arch.flat, tuple(shape), likelihood, beta
        # The order of construction is the order of the state dict and of the initial random draws.
        self.encoder = arch.encoder()
        self.mu = nn.Linear(arch.width, latent_dim)
        self.logvar = nn.Linear(arch.width, latent_dim)
        self.decoder = arch.decoder()

    def encode(self, x):
        h = self.encoder(x.flatten(1) if self.flat else x)
        return self.mu(h), self.logvar(h).clamp(-30, 20)

    def decode(self, z):
        """Logits (bernoulli) or means, [B, *shape]; categorical: logits [B, *shape, 256]."""
        m = self.decoder(z)
        if self.outputs > 1 and not self.flat:  # [B, C * 256, H, W]
            m = m.unflatten(1, (-1, self.outputs)).movedim(2, -1)
        return m.reshape(-1, *self.shape, *([self.outputs] if self.outputs > 1 else []))

    def forward(self, x, eps):
        mu, s = self.encode(x)
        z = mu + torch.exp(s / 2) * eps
        return {"mu": mu, "logvar": s, "z": z, "output": self.decode(z)}

    def losses(self, out, x, y=None, step=0):
        """mean_B R + w (the variant's term) and what the variant adds."""
        recon = self.reconstruction(out, x).mean()
        kls = 0.5 * (out["mu"].square() + out["logvar"].exp() - out["logvar"] - 1)
        free = self.kl.get("free_bits", 0)
        divergence = kls.mean(0).clamp_min(free).sum() if free else kls.sum(1).mean()
        terms = {"recon": recon, "kl": kls.sum(1).mean()}
        w = kl_weight(step, **self.kl)
        terms["loss"] = recon + w * self.term(divergence, out, terms, step) + self.penalty(out, terms)
        if self.kl.get("schedule", "none") != "none":
            terms["kl_weight"] = torch.tensor(w, dtype=recon.dtype)
        return terms

    def reconstruction(self, out, x):
        return nll(self.likelihood, out["output"], x, self.sigma)

    def term(self, divergence, out, terms, step):
        """beta KL, KL = 0.5 sum_j (mu^2 + exp s - s - 1) (Higgins et al. 2017)."""
        return self.beta * divergence

    def penalty(self, out, terms):
        return 0.0

    def embed(self, x):
        return self.encode(x)[0]

    def predict(self, x):
        m = self.decode(self.embed(x))
        if self.likelihood == "categorical":
            return m.softmax(-1) @ (torch.arange(LEVELS, dtype=x.dtype) / (LEVELS - 1))
        return m.sigmoid() if self.likelihood == "bernoulli" else m
