"""What the twins of `type: sae` share.

z is a sample as it is encoded, h = (z - b_dec) W_enc + b_enc, z^ = f W_dec + b_dec; a variant says what f is.
Shapes: x and z [B, n], W_enc [n, m], b_enc [m], W_dec [m, n], b_dec [n], h and f [B, m].
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from twin import Twin

AVERAGE = "expected_average_only_in"


class SAE(Twin):
    """Parameters, the forward pass and the decoder's norm. Every user of a twin loads its own weights.

    `since_fired` counts the samples since each latent was last in f; it is no part of the state dict.
    A step's dead mask uses the counter as it was before this batch.
    """

    def __init__(self, shape, d_sae, dead_after_samples=10_000_000, decoder_constraint="unit_norm", apply_b_dec_to_input=True,
                 normalize_activations="none", label_shape=None, **_):
        super().__init__()
        self.output_shape = tuple(label_shape or shape)
        n, to = math.prod(shape), math.prod(self.output_shape)
        self.free, self.centered, self.normalization = decoder_constraint == "none", apply_b_dec_to_input, normalize_activations
        self.dead_after, self.since_fired = dead_after_samples, torch.zeros(d_sae, dtype=torch.int64)
        self.W_enc, self.b_enc = nn.Parameter(torch.zeros(n, d_sae)), nn.Parameter(torch.zeros(d_sae))
        self.W_dec, self.b_dec = nn.Parameter(torch.zeros(d_sae, to)), nn.Parameter(torch.zeros(to))
        if normalize_activations == AVERAGE:
            self.register_buffer("activation_scale", torch.ones(()))

    def normalized(self, x):
        """z of x [B, n], and what scales a reconstruction of z back."""
        if self.normalization == AVERAGE:
            return x * self.activation_scale, lambda y: y / self.activation_scale
        if self.normalization == "constant_norm_rescale":
            unit = x.norm(dim=1, keepdim=True) / math.sqrt(x.shape[1])
            return x / unit, lambda y: y * unit
        if self.normalization == "layer_norm":
            middle, std = x.mean(1, keepdim=True), x.std(1, keepdim=True) + 1e-5
            return (x - middle) / std, lambda y: y * std + middle
        return x, lambda y: y

    def forward(self, x, eps=None):
        """`_target` and `_residual` are z and z - z^, what losses are made of; those of a transcoder have the label instead."""
        z, undo = self.normalized(x.flatten(1))
        h, f = self.encode(z)
        y = self.decode(f, z)
        return {"hidden": h, "codes": f, "output": undo(y).reshape(-1, *self.output_shape), "_z": z, "_y": y, **self.against(z, y)}

    def against(self, target, y):
        return {"_target": target, "_residual": target - y}

    def encode(self, z):
        h = self.product(z) + self.b_enc
        return h, self.code(h)

    def decode(self, f, z):
        return f @ self.W_dec + self.b_dec

    def product(self, z):
        return (z - self.b_dec if self.centered else z) @ self.W_enc

    def weighed(self, f):
        """Activations as a penalty sees them: times the norms of free decoder rows."""
        return f * self.norms() if self.free else f

    def norms(self):
        return self.W_dec.norm(dim=1)

    def dead(self):
        return self.since_fired >= self.dead_after

    def sparsity(self, out):
        """Metrics only: active latents of a sample, 1 - Var(e)/Var(x), the share of dead latents."""
        f = out["codes"]
        return {"l0": (f > 0).to(f.dtype).sum(1).mean(), "explained_variance": 1 - variance(out["_residual"]) / variance(out["_target"]),
                "dead": self.dead().to(f.dtype).mean()}

    @torch.no_grad()
    def before_step(self):
        """g_i <- g_i - (g_i . d_i) d_i with d_i = W_dec,i / |W_dec,i| (Bricken et al. 2023)."""
        if not self.free:
            d = self.W_dec / self.W_dec.norm(dim=1, keepdim=True)
            self.W_dec.grad -= (self.W_dec.grad * d).sum(1, keepdim=True) * d

    @torch.no_grad()
    def after_step(self, out):
        """W_dec,i <- W_dec,i / (|W_dec,i| + eps of the dtype); counter += B, 0 where any sample fired."""
        if not self.free:
            self.W_dec /= self.W_dec.norm(dim=1, keepdim=True) + torch.finfo(self.W_dec.dtype).eps
        fired = (out["codes"] > 0).any(0)
        self.since_fired = (self.since_fired + len(out["codes"])).masked_fill(fired, 0)

    def embed(self, x):
        return self(x)["codes"]

    def predict(self, x):
        return self(x)["output"]


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
