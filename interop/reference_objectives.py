"""Twins of the VAE variants that share the plain network and have objectives of their own.

Shapes as in reference_vae.py; S draws of z are [S, B, K].
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from reference_vae import VAE, kl_weight, nll


def log_normal(z, mu, s):
    """ln N(z; mu, exp s) of each element."""
    return -0.5 * (math.log(2 * math.pi) + s + (z - mu).square() * torch.exp(-s))


class Capacity(VAE):
    """R + gamma |mean KL - C(t)| (Burgess et al., 1804.03599)."""

    def __init__(self, shape, gamma=100.0, capacity=25.0, capacity_steps=100000, **more):
        super().__init__(shape, **more)
        self.gamma, self.capacity, self.capacity_steps = gamma, capacity, capacity_steps

    def term(self, divergence, out, terms, step):
        now = self.capacity * min(1.0, step / self.capacity_steps)
        terms["capacity"] = torch.tensor(now, dtype=divergence.dtype)
        return self.gamma * (divergence - now).abs()


class SigmaVAE(VAE):
    """A Gaussian likelihood of one sigma: the optimal one of the batch, or learned (Rybkin et al., 2006.13202)."""

    def __init__(self, shape, sigma="optimal", **more):
        super().__init__(shape, **(more | {"likelihood": "gaussian"}))
        self.log_sigma = nn.Parameter(torch.zeros(())) if sigma == "learned" else None

    def log(self, out, x):
        """ln sigma."""
        if self.log_sigma is not None:
            return -6 + F.softplus(self.log_sigma + 6)
        return 0.5 * (x - out["output"]).square().mean().detach().clamp_min(math.exp(-12)).log()

    def reconstruction(self, out, x):
        log = self.log(out, x)
        return (0.5 * (x - out["output"]).square() * torch.exp(-2 * log) + log).flatten(1).sum(1)

    def losses(self, out, x, y=None, step=0):
        return super().losses(out, x, y, step) | {"sigma": self.log(out, x).detach().exp()}


class IWAE(VAE):
    """-mean_B(ln 1/S sum_s w_s) (Burda et al., 1509.00519); dreg: Tucker et al., 1810.04152."""

    def __init__(self, shape, samples=10, dreg=False, **more):
        super().__init__(shape, **more)
        self.samples, self.dreg = samples, dreg

    def forward(self, x, eps):
        mu, s = self.encode(x)
        z = mu + torch.exp(s / 2) * eps.reshape(self.samples, *mu.shape)
        if self.dreg and z.requires_grad:
            z.register_hook(lambda grad: grad * self.factor)
        return {"mu": mu, "logvar": s, "z": z[0], "draws": z, "output": self.decode(z.flatten(0, 1))}

    def losses(self, out, x, y=None, step=0):
        z, mu, s = out["draws"], out["mu"], out["logvar"]
        held = (mu.detach(), s.detach()) if self.dreg else (mu, s)
        zeros = torch.zeros_like(z)
        ratio = (log_normal(z, *held) - log_normal(z, zeros, zeros)).sum(2)
        repeated = x.repeat(self.samples, *[1] * (x.dim() - 1))
        recon = nll(self.likelihood, out["output"], repeated, self.sigma).unflatten(0, (self.samples, -1))
        w = kl_weight(step, **self.kl)
        log_w = -recon - w * ratio
        self.factor = (1 - w + w * log_w.detach().softmax(0)).unsqueeze(2)
        bound = lambda v: (v.logsumexp(0) - math.log(self.samples)).mean()
        terms = {"loss": -bound(log_w), "recon": recon.mean(), "bound": bound(-recon - ratio),
                 "kl": 0.5 * (mu.square() + s.exp() - s - 1).sum(1).mean()}
        if self.kl.get("schedule", "none") != "none":
            terms["kl_weight"] = torch.tensor(w, dtype=x.dtype)
        return terms


def stratified(batch, samples):
    """Weights of minibatch stratified sampling, 1/N on the diagonal and the rest beside it; rows sum to 1."""
    others = batch - 1
    w = torch.full((batch, batch), 1 / others, dtype=torch.float64)
    for i in range(batch):
        w[i, i] = 1 / samples
        w[i, (i + 1) % batch] = (samples - others) / (samples * others)
    return w


class BetaTC(VAE):
    """R + alpha MI + beta TC + gamma DWKL (Chen et al., 1802.04942), q(z) estimated from the batch."""

    def __init__(self, shape, alpha=1.0, beta=6.0, gamma=1.0, estimator="mss", samples=None, **more):
        super().__init__(shape, **more)
        self.weights, self.estimator, self.samples = (alpha, beta, gamma), estimator, samples

    def term(self, divergence, out, terms, step):
        z, mu, s = out["z"], out["mu"], out["logvar"]
        n = len(z)
        mws = torch.full((n, n), 1 / (n * self.samples), dtype=torch.float64)
        w = stratified(n, self.samples) if self.estimator == "mss" else mws
        pairs, log_w = log_normal(z[:, None], mu[None], s[None]), w.log().to(z.dtype)
        joint = (log_w + pairs.sum(2)).logsumexp(1)
        product = (log_w[:, :, None] + pairs).logsumexp(1).sum(1)
        given, prior = log_normal(z, mu, s).sum(1), log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(1)
        parts = {"mi": (given - joint).mean(), "tc": (joint - product).mean(), "dwkl": (product - prior).mean()}
        terms |= parts
        return sum(weight * part for weight, part in zip(self.weights, parts.values()))


class DIP(VAE):
    """R + KL + lambda_od sum_{i != j} C_ij^2 + lambda_d sum_i (C_ii - 1)^2 (Kumar et al., 1711.00848)."""

    def __init__(self, shape, noise, lambda_od=10.0, lambda_d=None, **more):
        super().__init__(shape, **more)
        self.noise, self.off = noise, lambda_od
        self.diagonal = lambda_d if lambda_d is not None else lambda_od * (1 if noise else 10)

    def penalty(self, out, terms):
        c = torch.cov(out["mu"].T, correction=0)
        if self.noise:
            c = c + torch.diag(out["logvar"].exp().mean(0))
        off = c - torch.diag(torch.diag(c))
        terms["dip"] = self.off * off.square().sum() + self.diagonal * (torch.diag(c) - 1).square().sum()
        return terms["dip"]
