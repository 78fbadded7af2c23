"""The twins of `type: sae`: variants relu_l1 and topk.

h = (x - b_dec) W_enc + b_enc, x^ = f W_dec + b_dec; a variant says what f is.
Shapes: x [B, n], W_enc [n, m], b_enc [m], W_dec [m, n], b_dec [n], h and f [B, m].
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from twin import Twin


class SAE(Twin):
    """What the variants share: decoder rows keep the norm 1. Every user of a twin loads its own weights.

    `since_fired` counts the samples since each latent was last in f; it is no part of the state dict.
    A step's dead mask uses the counter as it was before this batch.
    """

    def __init__(self, shape, d_sae, dead_after_samples=10_000_000):
        super().__init__()
        n = math.prod(shape)
        self.dead_after, self.since_fired = dead_after_samples, torch.zeros(d_sae, dtype=torch.int64)
        self.W_enc, self.b_enc = nn.Parameter(torch.zeros(n, d_sae)), nn.Parameter(torch.zeros(d_sae))
        self.W_dec, self.b_dec = nn.Parameter(torch.zeros(d_sae, n)), nn.Parameter(torch.zeros(n))

    def forward(self, x, eps=None):
        h = (x.flatten(1) - self.b_dec) @ self.W_enc + self.b_enc
        f = self.code(h)
        return {"hidden": h, "codes": f, "output": (f @ self.W_dec + self.b_dec).reshape(x.shape)}

    def dead(self):
        return self.since_fired >= self.dead_after

    def sparsity(self, x, e, f):
        """Metrics only: active latents of a sample, 1 - Var(e)/Var(x), the share of dead latents."""
        return {"l0": (f > 0).to(f.dtype).sum(1).mean(), "explained_variance": 1 - variance(e) / variance(x),
                "dead": self.dead().to(f.dtype).mean()}

    @torch.no_grad()
    def before_step(self):
        """g_i <- g_i - (g_i . d_i) d_i with d_i = W_dec,i / |W_dec,i| (Bricken et al. 2023)."""
        d = self.W_dec / self.W_dec.norm(dim=1, keepdim=True)
        self.W_dec.grad -= (self.W_dec.grad * d).sum(1, keepdim=True) * d

    @torch.no_grad()
    def after_step(self, out):
        """W_dec,i <- W_dec,i / (|W_dec,i| + eps of the dtype); counter += B, 0 where any sample fired."""
        self.W_dec /= self.W_dec.norm(dim=1, keepdim=True) + torch.finfo(self.W_dec.dtype).eps
        fired = (out["codes"] > 0).any(0)
        self.since_fired = (self.since_fired + len(out["codes"])).masked_fill(fired, 0)

    def embed(self, x):
        return self(x)["codes"]

    def predict(self, x):
        return self(x)["output"]


class ReluL1(SAE):
    """f = relu(h); L2 + l1 min(1, step/warmup) mean_B sum f (Bricken et al. 2023)."""

    def __init__(self, shape, d_sae, l1_coefficient=0.1, sparsity_warmup_steps=2000, dead_after_samples=10_000_000, **_):
        super().__init__(shape, d_sae, dead_after_samples)
        self.l1_coefficient, self.warmup = l1_coefficient, sparsity_warmup_steps

    def code(self, h):
        return F.relu(h)

    def losses(self, out, x, y=None, step=0):
        e, f = (x - out["output"]).flatten(1), out["codes"]
        l2, l1 = squared(e), f.sum(1).mean()
        weight = self.l1_coefficient * (min(1.0, step / self.warmup) if self.warmup else 1.0)
        return {"loss": l2 + weight * l1, "l2": l2, "l1": l1, **self.sparsity(x.flatten(1), e, f)}


class TopK(SAE):
    """f = the k largest of relu(h); L2/V + aux_coefficient AuxK (Gao et al. 2406.04093), V a constant of the run."""

    def __init__(self, shape, d_sae, k, aux_k=None, aux_coefficient=1 / 32, dead_after_samples=10_000_000, **_):
        super().__init__(shape, d_sae, dead_after_samples)
        self.k, self.aux_k = k, aux_k or max(1, min(math.prod(shape) // 2, d_sae))
        self.aux_coefficient, self.total_variance = aux_coefficient, 1.0

    def code(self, h):
        return largest(F.relu(h), self.k)

    def losses(self, out, x, y=None, step=0):
        e = (x - out["output"]).flatten(1)
        l2, aux = squared(e), auxk(e, out["hidden"], self.W_dec, self.dead(), self.aux_k)
        loss = l2 / self.total_variance + self.aux_coefficient * aux
        return {"loss": loss, "l2": l2, "aux": aux, **self.sparsity(x.flatten(1), e, out["codes"])}


def largest(a, k):
    """All but the k largest of each row set to zero."""
    values, index = a.topk(k, dim=-1)
    return torch.zeros_like(a).scatter(-1, index, values)


def squared(t):
    """mean_B sum_n t^2."""
    return t.square().sum(1).mean()


def variance(t):
    """mean_B |t - mean_B t|^2."""
    return squared(t - t.mean(0))


def auxk(residual, h, W_dec, dead, aux_k):
    """mean_B |e - f_aux W_dec|^2 / Var(e), e the detached residual, without b_dec.

    f_aux = the aux_k largest of relu(h) among the dead. Zero when nothing is dead or Var(e) is zero.
    """
    e = residual.detach()
    raw, var = squared(e - largest(F.relu(h) * dead, aux_k) @ W_dec), variance(e)
    return raw / var if dead.any() and var > 0 else raw.new_zeros(())
