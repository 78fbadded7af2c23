"""The twins of the sparse autoencoders whose loss has a penalty with a coefficient."""
import torch
import torch.nn.functional as F
from torch import nn

from reference_sae_core import SAE, squared


class Penalized(SAE):
    """The coefficient grows from 0 in the first steps."""

    def __init__(self, shape, d_sae, coefficient, sparsity_warmup_steps=2000, **more):
        super().__init__(shape, d_sae, **more)
        self.coefficient, self.warmup = coefficient, sparsity_warmup_steps

    def weight(self, step):
        return self.coefficient * (min(1.0, step / self.warmup) if self.warmup else 1.0)


class ReluL1(Penalized):
    """f = relu(h); L2 + l1 w mean_B sum f: Bricken et al. 2023, and with free decoder rows Anthropic's update of April 2024."""

    def __init__(self, shape, d_sae, l1_coefficient=0.1, **more):
        super().__init__(shape, d_sae, l1_coefficient, **more)

    def code(self, h):
        return F.relu(h)

    def losses(self, out, x, y=None, step=0):
        l2, l1 = squared(out["_residual"]), self.weighed(out["codes"]).sum(1).mean()
        return {"loss": l2 + self.weight(step) * l1, "l2": l2, "l1": l1, **self.sparsity(out)}


class Gated(Penalized):
    """f = 1[pi > 0] relu(e^r_mag c + b_mag), c = (z - b_dec) W_enc, pi = c + b_gate; the loss is L2 + l1 w sum relu(pi) +
    |z - (relu(pi) W_dec + b_dec)|^2, decoder and b_dec held in the last term (Rajamanoharan et al. 2404.16014), or
    with free rows neither there nor in the penalty."""

    def __init__(self, shape, d_sae, l1_coefficient=0.1, **more):
        super().__init__(shape, d_sae, l1_coefficient, **more)
        self.b_enc = None
        self.b_gate, self.b_mag, self.r_mag = (nn.Parameter(torch.zeros(d_sae)) for _ in range(3))

    def encode(self, z):
        c = self.product(z)
        pi = c + self.b_gate
        return pi, (pi > 0) * F.relu(torch.exp(self.r_mag) * c + self.b_mag)

    def losses(self, out, x, y=None, step=0):
        open_, hold = F.relu(out["hidden"]), (lambda t: t) if self.free else (lambda t: t.detach())
        l2, l1 = squared(out["_residual"]), self.weighed(open_).sum(1).mean()
        aux = squared(out["_target"] - (open_ @ hold(self.W_dec) + hold(self.b_dec)))
        return {"loss": l2 + self.weight(step) * l1 + aux, "l2": l2, "l1": l1, "aux": aux, **self.sparsity(out)}


class JumpReLU(Penalized):
    """f = h 1[h > theta]; L2 + l0 w sum 1[h > theta], or sum tanh(s f) and sum relu(theta - h) (2407.14435)."""

    def __init__(self, shape, d_sae, penalty="step", l0_coefficient=0.01, bandwidth=0.001, tanh_scale=4.0, pre_act_coefficient=3e-6, **more):
        super().__init__(shape, d_sae, l0_coefficient, **more)
        self.penalty, self.bandwidth, self.tanh_scale, self.pre_act = penalty, bandwidth, tanh_scale, pre_act_coefficient
        self.threshold = nn.Parameter(torch.zeros(d_sae))

    def code(self, h):
        return Jump.apply(h, self.threshold, self.bandwidth)

    def losses(self, out, x, y=None, step=0):
        h, f = out["hidden"], out["codes"]
        l2, extra = squared(out["_residual"]), 0.0
        if self.penalty == "tanh":
            penalty = torch.tanh(self.tanh_scale * self.weighed(f)).sum(1).mean()
            extra = self.pre_act * self.weighed(F.relu(self.threshold - h)).sum(1).mean()
        else:
            penalty = Step.apply(h, self.threshold, self.bandwidth).sum(1).mean()
        return {"loss": l2 + self.weight(step) * penalty + extra, "l2": l2, "penalty": penalty, **self.sparsity(out)}

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
