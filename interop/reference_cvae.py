"""The twin of `variant: cvae` (Sohn, Lee and Yan 2015): encoder and decoder are given the class of a sample."""
import torch
import torch.nn.functional as F
from torch import nn

from reference_arch import Arch
from reference_vae import VAE


CLASSES = 4  # of the labels of every parity case


class CVAE(VAE):
    """enc([x, e(y)]), dec([z, e(y)]); to an image e(y) is added as constant channels. The prior is N(0, I) or one a class."""

    def __init__(self, shape, latent_dim, labels="one_hot", label_dim=16, prior="standard", encoder=None, decoder=None, **params):
        classes = CLASSES
        super().__init__(shape, latent_dim, encoder=encoder, decoder=decoder, **params)
        width = classes if labels == "one_hot" else label_dim
        wider = [self.flatten(shape) + width] if self.flat else [shape[0] + width, *shape[1:]]
        down, up = Arch(wider, latent_dim, encoder, decoder), Arch(shape, latent_dim + width, encoder, decoder)
        for name in ("encoder", "mu", "logvar", "decoder"):
            delattr(self, name)
        self.classes, self.prior_mu, self.prior_logvar = classes, None, None
        if prior == "label":
            self.prior_mu = nn.Parameter(torch.zeros(classes, latent_dim))
            self.prior_logvar = nn.Parameter(torch.zeros(classes, latent_dim))
        self.labels = nn.Embedding(classes, label_dim) if labels == "embedding" else None
        self.encoder = down.encoder()
        self.mu, self.logvar = nn.Linear(down.width, latent_dim), nn.Linear(down.width, latent_dim)
        self.decoder = up.decoder()

    @staticmethod
    def flatten(shape):
        return torch.Size(shape).numel()

    def label(self, y, dtype):
        return self.labels(y) if self.labels else F.one_hot(y, self.classes).to(dtype)

    def given(self, x):
        e = self.label(self.y, x.dtype)
        if self.flat:
            h = self.encoder(torch.cat([x.flatten(1), e], 1))
        else:
            h = self.encoder(torch.cat([x, e[:, :, None, None].expand(-1, -1, *x.shape[2:])], 1))
        return self.mu(h), self.logvar(h).clamp(-30, 20), e

    def forward(self, x, eps):
        mu, s, e = self.given(x)
        z = mu + torch.exp(s / 2) * eps
        return {"mu": mu, "logvar": s, "z": z, "output": self.decode(torch.cat([z, e], 1))}

    def losses(self, out, x, y=None, step=0):
        if self.prior_mu is None:
            return super().losses(out, x, y, step)
        mu, s, m, r = out["mu"], out["logvar"], self.prior_mu[y], self.prior_logvar[y].clamp(-30, 20)
        kl = 0.5 * ((s.exp() + (mu - m).square()) / r.exp() + r - s - 1).sum(1).mean()
        recon = self.reconstruction(out, x).mean()
        return {"loss": recon + kl, "recon": recon, "kl": kl}

    def embed(self, x):
        return self.given(x)[0]

    def predict(self, x):
        mu, _, e = self.given(x)
        m = self.decode(torch.cat([mu, e], 1))
        return m.sigmoid() if self.likelihood == "bernoulli" else m
