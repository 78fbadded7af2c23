"""The twin of `type: vae`: variants vae and beta_vae, dense and convolutional, two likelihoods.

Shapes: x [B, *shape] with D numbers a sample, mu and logvar [B, K], eps [B, K].
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from layers import activation
from twin import Twin


def mlp(widths, act):
    """Linear, activation, Linear, activation, ... between consecutive widths."""
    return [m for a, b in zip(widths, widths[1:]) for m in (nn.Linear(a, b), activation(act))]


def convs(layer, channels, act):
    """Burgess et al. 1804.03599: every convolution has kernel 4, stride 2, padding 1."""
    return [m for a, b in zip(channels, channels[1:]) for m in (layer(a, b, 4, 2, 1), activation(act))]


class VAE(Twin):
    """q(z|x) = N(mu, exp s), z = mu + exp(s/2) eps, s clamped to [-30, 20] (Kingma and Welling, 1312.6114)."""

    def __init__(self, shape, latent_dim, encoder=None, decoder=None, likelihood="bernoulli", beta=1.0, **_):
        super().__init__()
        e = encoder or {}
        self.dense = e.get("kind", "mlp") == "mlp"
        self.shape, self.likelihood, self.beta = tuple(shape), likelihood, beta
        hidden = e.get("hidden_dims") or ([512, 256] if self.dense else [256, 256])
        mirror = (decoder or {}).get("hidden_dims") or hidden[::-1]
        act, channels = e.get("activation", "relu"), e.get("channels") or [32, 32, 32]
        c, d = self.shape[0], math.prod(self.shape)
        if not self.dense:
            small = (channels[-1], *(side >> len(channels) for side in self.shape[1:]))
            d = math.prod(small)
        # The order of construction is the order of the state dict and of the initial random draws.
        down = [] if self.dense else convs(nn.Conv2d, [c, *channels], act) + [nn.Flatten()]
        self.encoder = nn.Sequential(*down, *mlp([d, *hidden], act))
        self.mu = nn.Linear(hidden[-1], latent_dim)
        self.logvar = nn.Linear(hidden[-1], latent_dim)
        back = mlp([latent_dim, *mirror, d], act)
        if self.dense:
            back.pop()  # no activation after the last layer
        else:
            back += [nn.Unflatten(1, small)] + convs(nn.ConvTranspose2d, [*channels[::-1], c], act)[:-1]
        self.decoder = nn.Sequential(*back)

    def encode(self, x):
        h = self.encoder(x.flatten(1) if self.dense else x)
        return self.mu(h), self.logvar(h).clamp(-30, 20)

    def decode(self, z):
        """Logits (bernoulli) or means (gaussian), [B, *shape]."""
        return self.decoder(z).reshape(-1, *self.shape)

    def forward(self, x, eps):
        mu, s = self.encode(x)
        z = mu + torch.exp(s / 2) * eps
        return {"mu": mu, "logvar": s, "z": z, "output": self.decode(z)}

    def losses(self, out, x, y=None, step=0):
        """mean_B (R + beta KL): R summed over D, KL = 0.5 sum_j (mu^2 + exp s - s - 1) (Higgins et al. 2017)."""
        m, x, mu, s = out["output"].flatten(1), x.flatten(1), out["mu"], out["logvar"]
        if self.likelihood == "bernoulli":
            recon = F.binary_cross_entropy_with_logits(m, x, reduction="none").sum(1)
        else:  # gaussian with unit variance, without its constant
            recon = 0.5 * (x - m).square().sum(1)
        kl = 0.5 * (mu.square() + s.exp() - s - 1).sum(1)
        return {"loss": (recon + self.beta * kl).mean(), "recon": recon.mean(), "kl": kl.mean()}

    def embed(self, x):
        return self.encode(x)[0]

    def predict(self, x):
        m = self.decode(self.embed(x))
        return m.sigmoid() if self.likelihood == "bernoulli" else m
