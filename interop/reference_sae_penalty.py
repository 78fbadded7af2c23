"""The twins of the sparse autoencoders whose loss has a penalty with a coefficient."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from reference_sae_core import SAE, squared


class Penalized(SAE):
    """The coefficient grows from 0 in the first steps.

    With a target for L0 it is multiplied with e^shift, and after the warm-up each batch moves shift by 0.005 ln(L0/target),
    the logarithm within [-1, 1].
    """

    def __init__(self, shape, d_sae, coefficient, sparsity_warmup_steps=2000, target_l0=None, **more):
        super().__init__(shape, d_sae, **more)
        self.coefficient, self.warmup, self.target_l0, self.shift = coefficient, sparsity_warmup_steps, target_l0, 0.0

    def weight(self, step, f):
        weight = self.coefficient * math.exp(self.shift) * (min(1.0, step / self.warmup) if self.warmup else 1.0)
        if self.target_l0 and step >= self.warmup:
            l0 = (f > 0).sum(1).double().mean().item()
            self.shift += 0.005 * math.log(min(max(l0 / self.target_l0, math.exp(-1)), math.e))
        return weight

    def control(self):
        return {"sparsity_coefficient": torch.tensor(self.coefficient * math.exp(self.shift), dtype=torch.float64)} if self.target_l0 else {}


class ReluL1(Penalized):
    """f = relu(h); L2 + l1 w mean_B sum f: Bricken et al. 2023, and with free decoder rows Anthropic's update of April 2024."""

    def __init__(self, shape, d_sae, l1_coefficient=0.1, ghost_gradients=False, **more):
        super().__init__(shape, d_sae, l1_coefficient, **more)
        self.ghosts = ghost_gradients

    def code(self, h):
        return F.relu(h)

    def losses(self, out, x, y=None, step=0):
        l2, l1 = squared(out["_residual"]), self.summed(self.weighed(out["codes"]), step)
        terms = {"loss": l2 + self.weight(step, out["codes"]) * l1, "l2": l2, "l1": l1, **self.sparsity(out)}
        if self.ghosts:
            terms["ghost"] = ghost(self, out)
            terms["loss"] = terms["loss"] + terms["ghost"]
        return terms | self.control()

    def summed(self, f, step):
        return f.sum(1).mean()


def ghost(model, out):
    """mean_B s |e - r g|^2 of g = e^h W_dec of the dead latents; r = |e| / (2 |g|) and s = |e|^2 / |e - r g|^2, both held."""
    dead, e = model.dead(), out["_residual"].detach()
    if not dead.any():
        return e.new_zeros(())
    g = torch.exp(out["hidden"][:, dead]) @ model.W_dec[dead]
    r = e.norm(dim=1) / (2 * g.norm(dim=1) + 1e-6)
    apart = (e - g * r.detach()[:, None]).square().sum(1)
    return (apart * (e.square().sum(1) / (apart + 1e-6)).detach()).mean()


class PAnneal(ReluL1):
    """ReluL1 with sum f^p; p falls from 1 in equal steps, and the sum is multiplied with the ratio of its means at the old
    and the new p over the last 10 batches at the old one (Karvonen et al. 2408.00113). Zeros are left out. `Lp` has the norm."""

    def __init__(self, shape, d_sae, anneal_end_step, anneal_start_step=15000, anneal_updates=10, p_end=0.2, sparsity_function="Lp^p", **more):
        super().__init__(shape, d_sae, **more)
        self.rooted = sparsity_function == "Lp"
        self.start, self.end, self.updates, self.p_end = anneal_start_step, anneal_end_step, anneal_updates, p_end
        self.ratio, self.recent = 1.0, []

    def falls(self, step):
        if step < self.start:
            return 0
        return min(1 + (step - self.start) * (self.updates - 1) // (self.end - self.start), self.updates)

    def exponent(self, falls):
        return 1 - (1 - self.p_end) * min(falls, self.updates) / self.updates

    def summed(self, f, step):
        power = lambda p: (torch.where(f > 0, (f + 1e-8) ** p, 0).sum(1) ** (1 / p if self.rooted else 1)).mean()
        falls = self.falls(step)
        if step and falls > self.falls(step - 1) and self.recent:
            self.ratio *= sum(a for a, _ in self.recent) / sum(b for _, b in self.recent)
            self.recent = []
        now = power(self.exponent(falls))
        self.recent = [*self.recent[-9:], (now.item(), power(self.exponent(falls + 1)).item())]
        return now * self.ratio


class Crosscoder(ReluL1):
    """ReluL1 of samples [L, n] with free decoder rows, each f weighed with the sum of its row's norms in the L layers."""

    def __init__(self, shape, d_sae, **more):
        super().__init__(shape, d_sae, decoder_constraint="none", apply_b_dec_to_input=False, **more)
        self.layers = tuple(shape)

    def norms(self):
        return self.W_dec.reshape(-1, *self.layers).norm(dim=2).sum(1)


class ReluTranscoder(ReluL1):
    """ReluL1 with free decoder rows that reconstructs y from x, y^ = f W_dec + b_dec (2406.11944)."""

    def __init__(self, shape, d_sae, **more):
        super().__init__(shape, d_sae, decoder_constraint="none", apply_b_dec_to_input=False, **more)

    def losses(self, out, x, y=None, step=0):
        return super().losses(out | super().against(y.flatten(1), out["_y"]), x, y, step)

    def against(self, target, y):
        return {}


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
        weight = self.weight(step, out["codes"])
        return {"loss": l2 + weight * l1 + aux, "l2": l2, "l1": l1, "aux": aux, **self.sparsity(out), **self.control()}


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
        loss = l2 + self.weight(step, f) * penalty + extra
        return {"loss": loss, "l2": l2, "penalty": penalty, **self.sparsity(out), **self.control()}

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
