"""The twin of `variant: factor_vae` (Kim and Mnih 1802.05983): its step trains the discriminator too."""
import torch
import torch.nn.functional as F
from torch import nn

from reference_vae import VAE
from twin import Draws


def halves(t):
    n = len(t)
    return (t, t) if n < 4 else (t[:n - n // 2], t[n - n // 2:])


class FactorVAE(VAE):
    def __init__(self, shape, latent_dim, gamma=6.0, discriminator=None, **params):
        super().__init__(shape, latent_dim, **params)
        d = discriminator or {}
        widths = [latent_dim, *d.get("hidden_dims", [1000] * 5)]
        hidden = [m for a, b in zip(widths, widths[1:]) for m in (nn.Linear(a, b), nn.LeakyReLU(0.2))]
        self.gamma, self.discriminator = gamma, nn.Sequential(*hidden, nn.Linear(widths[-1], 2))
        self.settings, self.opponent = {"lr": d.get("lr", 1e-4), "betas": tuple(d.get("betas", (0.5, 0.9)))}, None

    def trained(self):
        own = {id(p) for p in self.discriminator.parameters()}
        return [p for p in self.parameters() if id(p) not in own]

    def forward(self, x, eps):
        draw, both = Draws(eps), (x, eps)
        if self.training:
            x = halves(x)[0]
        mu, s = self.encode(x)
        z = mu + torch.exp(s / 2) * draw(*mu.shape)
        permuted = z.detach().gather(0, draw(*z.shape).argsort(0))
        return {"mu": mu, "logvar": s, "z": z, "output": self.decode(z), "_x": x, "_permuted": permuted, "_both": both}

    def told(self, z, permuted):
        """Half of the cross entropy of codes as class 0, and half of that of permuted ones as class 1."""
        zero, one = (torch.full((len(v),), i) for i, v in enumerate((z, permuted)))
        return 0.5 * (F.cross_entropy(self.discriminator(z), zero) + F.cross_entropy(self.discriminator(permuted), one))

    def losses(self, out, x, y=None, step=0):
        terms = super().losses(out, out["_x"], y, step)
        logits = self.discriminator(out["z"])
        terms["tc"] = (logits[:, 0] - logits[:, 1]).mean()
        terms["loss"] = terms["loss"] + self.gamma * terms["tc"]
        with torch.no_grad():
            terms["discriminator"] = self.told(out["z"], out["_permuted"])
        return terms

    def after_step(self, out):
        if self.opponent is None:
            self.opponent = torch.optim.Adam(self.discriminator.parameters(), **self.settings)
        (x, eps), draw = out["_both"], Draws(out["_both"][1])
        with torch.no_grad():
            mu, s = self.encode(x)
            z, other = halves(mu + torch.exp(s / 2) * draw(*mu.shape))
            other = other.gather(0, draw(*other.shape).argsort(0))
        self.opponent.zero_grad()
        self.told(z, other).backward()
        self.opponent.step()
