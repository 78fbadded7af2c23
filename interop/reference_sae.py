"""The twins of `type: sae`.

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


class BatchTopK(TopK):
    """f = the floor(B k) largest of relu(h) of the batch; loss of TopK (Bussmann et al. 2412.06410).

    Outside training f = relu(h) 1[h > threshold]; the threshold follows the smallest kept value v of each batch:
    threshold += max(1/1000, 1/(step + 1)) (v - threshold).
    """

    def __init__(self, shape, d_sae, **more):
        super().__init__(shape, d_sae, **more)
        self.register_buffer("threshold", torch.zeros(()))
        self.seen = 0

    def code(self, h):
        a = F.relu(h)
        if not self.training:
            return a * (a > self.threshold)
        f = largest(a.flatten(), max(1, int(self.k * len(a)))).reshape(a.shape)
        kept = f.detach()[f > 0]
        if len(kept):
            self.threshold += max(1e-3, 1 / (self.seen + 1)) * (kept.min() - self.threshold)
        return f

    def losses(self, out, x, y=None, step=0):
        self.seen = step + 1
        return super().losses(out, x, y, step) | {"threshold": self.threshold.clone()}


class Matryoshka(BatchTopK):
    """Prefixes of the code of BatchTopK reconstruct alone: L2 is the mean of theirs (Bussmann et al. 2503.17547)."""

    def __init__(self, shape, d_sae, prefixes, **more):
        super().__init__(shape, d_sae, **more)
        self.prefixes = prefixes

    def losses(self, out, x, y=None, step=0):
        terms = super().losses(out, x, y, step)
        f, rows = out["codes"], x.flatten(1)
        l2 = sum(squared(rows - (f[:, :m] @ self.W_dec[:m] + self.b_dec)) for m in self.prefixes) / len(self.prefixes)
        return terms | {"l2": l2, "loss": l2 / self.total_variance + self.aux_coefficient * terms["aux"]}


class Gated(SAE):
    """f = 1[pi > 0] relu(e^r_mag c + b_mag), c = (x - b_dec) W_enc, pi = c + b_gate; the loss is L2 + l1 w sum relu(pi) +
    |x - (relu(pi) W_dec + b_dec)|^2, decoder and b_dec held in the last term (Rajamanoharan et al. 2404.16014)."""

    def __init__(self, shape, d_sae, l1_coefficient=0.1, sparsity_warmup_steps=2000, dead_after_samples=10_000_000, **_):
        super().__init__(shape, d_sae, dead_after_samples)
        self.l1_coefficient, self.warmup, self.b_enc = l1_coefficient, sparsity_warmup_steps, None
        self.b_gate, self.b_mag, self.r_mag = (nn.Parameter(torch.zeros(d_sae)) for _ in range(3))

    def forward(self, x, eps=None):
        c = (x.flatten(1) - self.b_dec) @ self.W_enc
        pi = c + self.b_gate
        f = (pi > 0) * F.relu(torch.exp(self.r_mag) * c + self.b_mag)
        return {"hidden": pi, "codes": f, "output": (f @ self.W_dec + self.b_dec).reshape(x.shape)}

    def losses(self, out, x, y=None, step=0):
        e, open_ = (x - out["output"]).flatten(1), F.relu(out["hidden"])
        l2, l1 = squared(e), open_.sum(1).mean()
        aux = squared(x.flatten(1) - (open_ @ self.W_dec.detach() + self.b_dec.detach()))
        weight = self.l1_coefficient * min(1.0, step / self.warmup)
        return {"loss": l2 + weight * l1 + aux, "l2": l2, "l1": l1, "aux": aux, **self.sparsity(x.flatten(1), e, out["codes"])}


class JumpReLU(SAE):
    """f = h 1[h > theta]; L2 + l0 w sum 1[h > theta], or sum tanh(s f) and sum relu(theta - h) (2407.14435)."""

    def __init__(self, shape, d_sae, penalty="step", l0_coefficient=0.01, sparsity_warmup_steps=2000, bandwidth=0.001, tanh_scale=4.0,
                 pre_act_coefficient=3e-6, dead_after_samples=10_000_000, **_):
        super().__init__(shape, d_sae, dead_after_samples)
        self.penalty, self.l0_coefficient, self.warmup, self.bandwidth = penalty, l0_coefficient, sparsity_warmup_steps, bandwidth
        self.tanh_scale, self.pre_act = tanh_scale, pre_act_coefficient
        self.threshold = nn.Parameter(torch.zeros(d_sae))

    def code(self, h):
        return Jump.apply(h, self.threshold, self.bandwidth)

    def losses(self, out, x, y=None, step=0):
        e, h, f = (x - out["output"]).flatten(1), out["hidden"], out["codes"]
        l2, extra = squared(e), 0.0
        if self.penalty == "tanh":
            penalty = torch.tanh(self.tanh_scale * f).sum(1).mean()
            extra = self.pre_act * F.relu(self.threshold - h).sum(1).mean()
        else:
            penalty = Step.apply(h, self.threshold, self.bandwidth).sum(1).mean()
        weight = self.l0_coefficient * min(1.0, step / self.warmup)
        return {"loss": l2 + weight * penalty + extra, "l2": l2, "penalty": penalty, **self.sparsity(x.flatten(1), e, f)}

    @torch.no_grad()
    def after_step(self, out):
        super().after_step(out)
        self.threshold.clamp_(min=0)


class Jump(torch.autograd.Function):
    """h 1[h > theta], with the derivative -(theta / eps) K in theta, K = 1[|h - theta| < eps / 2]."""

    @staticmethod
    def forward(ctx, h, theta, bandwidth):
        ctx.save_for_backward(h, theta)
        ctx.bandwidth = bandwidth
        return h * (h > theta)

    @staticmethod
    def backward(ctx, g):
        h, theta = ctx.saved_tensors
        kernel = ((h - theta).abs() < ctx.bandwidth / 2).to(g.dtype)
        return g * (h > theta), (-theta / ctx.bandwidth * kernel * g).sum(0), None


class Step(torch.autograd.Function):
    """1[h > theta], with the derivative -K / eps in theta and none in h."""

    @staticmethod
    def forward(ctx, h, theta, bandwidth):
        ctx.save_for_backward(h, theta)
        ctx.bandwidth = bandwidth
        return (h > theta).to(h.dtype)

    @staticmethod
    def backward(ctx, g):
        h, theta = ctx.saved_tensors
        return None, (-((h - theta).abs() < ctx.bandwidth / 2).to(g.dtype) / ctx.bandwidth * g).sum(0), None


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
