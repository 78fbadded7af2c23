"""Times training steps of the VAE 784-400-20 at batch 128 on one thread in plain PyTorch
and prints the median in milliseconds: `python vae_step.py [--fused]`. The step is the
usual script's: forward, zero_grad, backward, Adam (its default, or fused), loss.item()
every 50 steps."""

import statistics
import sys
import time

import torch
from torch import nn

DIM, BATCH, WARMUP, STEPS = 784, 128, 20, 100


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(DIM, 400), nn.ReLU())
        self.mu = nn.Linear(400, 20)
        self.logvar = nn.Linear(400, 20)
        self.decoder = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, DIM))

    def loss(self, x):
        h = self.encoder(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.exp(logvar / 2) * torch.randn_like(mu)
        recon = nn.functional.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="none").sum(1)
        kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(1)
        return (recon + kl).mean()


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True if "--fused" in sys.argv else None)
    data = torch.rand(BATCH * 16, DIM)
    took = []
    for step in range(WARMUP + STEPS):
        start = time.perf_counter()
        x = data[(step % 16) * BATCH : (step % 16 + 1) * BATCH]
        loss = model.loss(x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 49:
            loss.item()
        if step >= WARMUP:
            took.append((time.perf_counter() - start) * 1e3)
    print(f"{statistics.median(took):.3f}")


main()
