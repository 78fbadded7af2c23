"""The twin of `variant: vq_vae` (van den Oord et al. 1711.00937), its codebook an average or learned."""
import torch
from torch import nn

from layers import activation
from reference_arch import Trunk
from reference_vae import nll
from twin import Draws, Twin


def kmeans(v, k, rounds=10):
    """Centres of the vectors v [N, E]: one that is nearest to none moves to a vector far from its centre."""
    n, at = len(v), torch.arange(k)
    centres = v[at * n // k]
    for _ in range(rounds):
        distances = (v[:, None] - centres[None]).square().sum(2)
        index, order = distances.argmin(1), distances.min(1).values.argsort(descending=True)
        counts = torch.bincount(index, minlength=k)
        sums = torch.zeros_like(centres).index_add_(0, index, v)
        empty = counts == 0
        centres = sums / counts.clamp_min(1)[:, None]
        centres[empty] = v[order[torch.arange(int(empty.sum())).clamp_max(n - 1)]]
    return centres


class Quantizer(nn.Module):
    """C codes [C, E]; usage n_c and sums s_c are averages over steps."""

    def __init__(self, codes, dim, average):
        super().__init__()
        codebook = torch.empty(codes, dim).uniform_(-1 / codes, 1 / codes)
        if average:
            self.register_buffer("codebook", codebook)
        else:
            self.codebook = nn.Parameter(codebook)
        self.register_buffer("usage", torch.ones(codes))
        if average:
            self.register_buffer("sums", codebook.clone())


class VQVAE(Twin):
    def __init__(self, shape, latent_dim=64, codes=512, codebook="ema", codebook_init="uniform", decay=0.99, restart_below=1.0, commitment=0.25,
                 encoder=None, decoder=None, likelihood="bernoulli", sigma=1.0):
        super().__init__()
        e = {"kind": "vq_conv", **(encoder or {})}
        e["channels"] = e.get("channels") or [128, 128]
        trunk = Trunk(shape, e, decoder or {})
        self.shape, self.likelihood, self.sigma, self.commitment = tuple(shape), likelihood, sigma, commitment
        self.average, self.decay, self.restart = codebook == "ema", decay, restart_below
        self.encoder = nn.Sequential(*trunk.down(), nn.Conv2d(trunk.grid[0], latent_dim, 1))
        self.quantizer = Quantizer(codes, latent_dim, self.average)
        self.decoder = nn.Sequential(nn.Conv2d(latent_dim, trunk.grid[0], 3, padding=1), activation(trunk.back), *trunk.up())

    @torch.no_grad()
    def start(self, x):
        """The codes at the centres of the first batch's vectors, each as if it had stood for as many before."""
        q, rows = self.quantizer, self.quantize(x)[1]
        centres = kmeans(rows, len(q.usage))
        q.codebook.copy_(centres)
        q.usage.copy_(torch.bincount(self.quantize(x)[3], minlength=len(q.usage)).clamp_min(1))
        if self.average:
            q.sums.copy_(centres * self.smoothed()[:, None])

    def smoothed(self):
        usage, total = self.quantizer.usage, self.quantizer.usage.sum()
        return (usage + 1e-5) / (total + 1e-5 * len(usage)) * total

    def quantize(self, x):
        """z_e and the nearest codes, one vector a row, and the codes' numbers."""
        z = self.encoder(x)
        rows = z.movedim(1, -1).reshape(-1, z.shape[1])
        index = (rows[:, None] - self.quantizer.codebook[None]).square().sum(2).argmin(1).detach()
        return z, rows, self.quantizer.codebook[index], index

    def grid(self, rows, z):
        return rows.reshape(len(z), *z.shape[2:], -1).movedim(-1, 1)

    def forward(self, x, eps=None):
        z, rows, code, index = self.quantize(x)
        m = self.decoder(self.grid(rows + (code - rows).detach(), z)).reshape(x.shape)
        out = {"output": m, "vectors": self.grid(code, z).flatten(1), "indices": index.reshape(len(x), -1).to(x.dtype),
               "_rows": rows, "_code": code, "_index": index}
        if self.training:
            draws, codes = Draws(eps), len(self.quantizer.usage)
            order = draws(len(rows)).argsort().repeat(-(-codes // len(rows)))[:codes]
            noise = 0.01 * rows.std(0, correction=0) * draws(codes, rows.shape[1])
            out["_candidates"] = (rows[order] + noise).detach()
        return out

    def losses(self, out, x, y=None, step=0):
        """mean_B (R + |sg(z_e) - e|^2 + commitment |z_e - sg(e)|^2); averages have no second term."""
        rows, code = out["_rows"], out["_code"]
        recon = nll(self.likelihood, out["output"], x, self.sigma).mean()
        commitment = (rows - code.detach()).square().sum() / len(x)
        loss = recon + self.commitment * commitment
        if not self.average:
            loss = loss + (rows.detach() - code).square().sum() / len(x)
        p = torch.bincount(out["_index"], minlength=len(self.quantizer.usage)).to(x.dtype) / len(rows)
        return {"loss": loss, "recon": recon, "commitment": commitment, "perplexity": torch.special.entr(p).sum().exp(),
                "code_usage": (p > 0).to(x.dtype).mean()}

    @torch.no_grad()
    def after_step(self, out):
        q, rows, d = self.quantizer, out["_rows"].detach(), self.decay
        one_hot = nn.functional.one_hot(out["_index"], len(q.usage)).to(rows.dtype)
        q.usage.mul_(d).add_((1 - d) * one_hot.sum(0))
        dead = q.usage < min(self.restart, q.usage.mean().item() / 10)
        q.usage[dead] = 1
        if self.average:
            q.sums.mul_(d).add_((1 - d) * one_hot.T @ rows)
            q.sums[dead] = out["_candidates"][dead]
            q.codebook.copy_(q.sums / self.smoothed()[:, None])
        q.codebook[dead] = out["_candidates"][dead]
        self.restarts = int(dead.sum())

    def embed(self, x):
        return self(x, None)["vectors"]

    def predict(self, x):
        z, _, code, _ = self.quantize(x)
        m = self.decoder(self.grid(code, z)).reshape(x.shape)
        return m.sigmoid() if self.likelihood == "bernoulli" else m
