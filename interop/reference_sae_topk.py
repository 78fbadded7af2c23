"""The twins of the sparse autoencoders that choose how many latents are active."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from reference_sae_core import SAE, auxk, largest, squared


class TopK(SAE):
    """f = the k largest of relu(h); L2/V + aux_coefficient AuxK (Gao et al. 2406.04093), V a constant of the run.

    Multi-TopK adds 1/8 of L2/V of the 4k largest. In training k may fall linearly from k_start in the first steps.
    """

    def __init__(self, shape, d_sae, k, aux_k=None, aux_coefficient=1 / 32, multi_topk=False, k_start=None, k_anneal_steps=0, **more):
        super().__init__(shape, d_sae, **more)
        self.k, self.aux_k, self.multi = k, aux_k or max(1, min(math.prod(self.output_shape) // 2, d_sae)), multi_topk
        self.aux_coefficient, self.total_variance = aux_coefficient, 1.0
        self.k_start, self.k_steps = k_start or k, k_anneal_steps

    def annealed(self):
        """k of the step, which evaluation does not know."""
        if not self.training or self.step >= self.k_steps:
            return self.k
        return self.k_start + (self.k - self.k_start) * self.step / self.k_steps

    def active(self):
        """That of one sample, the nearest whole number."""
        return round(self.annealed())

    def code(self, h):
        return largest(F.relu(h), self.active())

    def losses(self, out, x, y=None, step=0):
        e = out["_residual"]
        l2, aux = squared(e), auxk(e, out["hidden"], self.W_dec, self.dead(), self.aux_k)
        loss = l2 / self.total_variance + self.aux_coefficient * aux
        if self.multi:
            wide = largest(F.relu(out["hidden"]), min(4 * self.active(), len(self.since_fired)))
            loss = loss + squared(out["_target"] - self.decode(wide, out["_z"])) / self.total_variance / 8
        return {"loss": loss, "l2": l2, "aux": aux, **self.sparsity(out)}


class BatchTopK(TopK):
    """f = the floor(B k) largest of relu(h) of the batch; loss of TopK (Bussmann et al. 2412.06410).

    Outside training f = relu(h) 1[h > threshold]; the threshold follows the smallest kept value v of each batch:
    threshold += max(1/1000, 1/(step + 1)) (v - threshold). While k falls, v is what the last k keeps.
    """

    def __init__(self, shape, d_sae, **more):
        super().__init__(shape, d_sae, **more)
        self.register_buffer("threshold", torch.zeros(()))

    def active(self):
        return self.annealed()

    def code(self, h):
        a = F.relu(h)
        if not self.training:
            return a * (a > self.threshold)
        kept = largest(a.detach().flatten(), max(1, int(self.k * len(a))))
        if kept.any():
            self.threshold += max(1e-3, 1 / (self.step + 1)) * (kept[kept > 0].min() - self.threshold)
        return largest(a.flatten(), max(1, int(self.active() * len(a)))).reshape(a.shape)

    def losses(self, out, x, y=None, step=0):
        return super().losses(out, x, y, step) | {"threshold": self.threshold.clone()}


class Matryoshka(BatchTopK):
    """Prefixes of the code of BatchTopK reconstruct alone: L2 is the mean of theirs (Bussmann et al. 2503.17547)."""

    def __init__(self, shape, d_sae, prefixes, **more):
        super().__init__(shape, d_sae, **more)
        self.prefixes = prefixes

    def losses(self, out, x, y=None, step=0):
        terms = super().losses(out, x, y, step)
        f, z = out["codes"], out["_target"]
        l2 = sum(squared(z - (f[:, :m] @ self.W_dec[:m] + self.b_dec)) for m in self.prefixes) / len(self.prefixes)
        return terms | {"l2": l2, "loss": l2 / self.total_variance + self.aux_coefficient * terms["aux"]}


class Transcoder(TopK):
    """TopK with free decoder rows that reconstructs y from x, y^ = f W_dec + b_dec (2406.11944)."""

    def __init__(self, shape, d_sae, **more):
        super().__init__(shape, d_sae, decoder_constraint="none", apply_b_dec_to_input=False, **more)

    def losses(self, out, x, y=None, step=0):
        return super().losses(out | super().against(y.flatten(1), out["_y"]), x, y, step)

    def against(self, target, y):
        return {}


class SkipTranscoder(Transcoder):
    """y^ = f W_dec + b_dec + x W_skip (2501.18823)."""

    def __init__(self, shape, d_sae, **more):
        super().__init__(shape, d_sae, **more)
        self.W_skip = nn.Parameter(torch.zeros(math.prod(shape), math.prod(self.output_shape)))

    def decode(self, f, z):
        return super().decode(f, z) + z @ self.W_skip
