"""A VAE in plain PyTorch, as its users write one. The peers of this file:

adam     eager, DataLoader, torch.optim.Adam as it is by default
fused    the same with fused=True
compile  the same with the loss compiled; "mode" in the job is torch.compile's
lean     fused, without DataLoader: batches are indexed from one tensor on the device
"""
import itertools

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import serve


def linears(*sizes):
    return [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), nn.ReLU())]


def convolutions(kind, *channels):
    return [layer for a, b in zip(channels, channels[1:]) for layer in (kind(a, b, 4, 2, 1), nn.ReLU())]


class VAE(nn.Module):
    """Bernoulli likelihood; an MLP on flat samples, convolutions on images [1, H, W]."""

    def __init__(self, shape, hidden, latent, channels=()):
        super().__init__()
        if channels:
            side = shape[1] >> len(channels)
            inner = channels[-1] * side * side
            front = convolutions(nn.Conv2d, shape[0], *channels) + [nn.Flatten()]
            back = [nn.ReLU(), nn.Unflatten(1, (channels[-1], side, side))]
            back += convolutions(nn.ConvTranspose2d, *channels[::-1], shape[0])[:-1]
        else:
            inner, front, back = shape[0], [], []
        self.encoder = nn.Sequential(*front, *linears(inner, *hidden))
        self.mu = nn.Linear(hidden[-1], latent)
        self.logvar = nn.Linear(hidden[-1], latent)
        self.decoder = nn.Sequential(*linears(latent, *hidden[::-1]), nn.Linear(hidden[0], inner), *back)

    def loss(self, x, eps):
        h = self.encoder(x)
        mu, logvar = self.mu(h), self.logvar(h)
        out = self.decoder(mu + torch.exp(logvar / 2) * eps)
        recon = F.binary_cross_entropy_with_logits(out, x, reduction="none").flatten(1).sum(1)
        kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(1)
        return (recon + kl).mean()


def loader(job, steps):
    """The batches of the first steps. The generator keeps the loader from drawing from the default one."""
    dataset = TensorDataset(serve.rows(job))
    taken = serve.order(job)[: steps * job["batch"]]
    return DataLoader(dataset, batch_size=job["batch"], sampler=taken, generator=torch.Generator())


def batches(job, steps):
    """Batches on the device, by a DataLoader."""
    for (x,) in loader(job, steps):
        yield x.to(job["device"], non_blocking=True)


def indexed(job):
    """batches without a DataLoader."""
    data = serve.rows(job).to(job["device"])
    taken = torch.tensor(serve.order(job), device=job["device"])
    return lambda job, steps: (data[rows] for rows in itertools.islice(taken.split(job["batch"]), steps))


def make(job):
    device, peer = job["device"], job["peer"]
    model = VAE(**job["model"]).to(device)
    loss_of = torch.compile(model.loss, mode=job.get("mode")) if peer == "compile" else model.loss
    source = indexed(job) if peer == "lean" else batches

    def train(steps, after):
        model.load_state_dict(serve.weights(job))
        optimizer = torch.optim.Adam(model.parameters(), lr=job["lr"], fused=None if peer == "adam" else True)
        torch.manual_seed(job["seed"])
        for x in source(job, steps):
            eps = torch.randn(len(x), job["model"]["latent"], device=device)
            loss = loss_of(x, eps)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            after(loss.detach())

    return train


if __name__ == "__main__":
    serve.serve(make)
