"""Sparse autoencoders in plain PyTorch, with the arithmetic of trainer's `sae` models. The peers of this
file:

fused    eager, fused Adam, batches indexed from one tensor
encoder  the encoder's product alone, which no training step can do without

A step projects the decoder's gradient, clips it, and gives the decoder's rows norm 1 again; nothing is
dead so early, so AuxK is 0 and is left out.
"""
import itertools

import torch
from torch import nn

import serve


class SAE(nn.Module):
    """TopK where k is given, else ReLU with an L1 penalty."""

    def __init__(self, dim, latents, k=None, l1=None):
        super().__init__()
        self.k, self.l1 = k, l1
        self.W_enc, self.b_enc = nn.Parameter(torch.empty(dim, latents)), nn.Parameter(torch.empty(latents))
        self.W_dec, self.b_dec = nn.Parameter(torch.empty(latents, dim)), nn.Parameter(torch.empty(dim))
        self.register_buffer("silent", torch.zeros(latents, dtype=torch.int64), persistent=False)
        self.variance = 1.0

    @torch.no_grad()
    def reset(self):
        """Decoder rows of norm 1 in random directions, the encoder its transpose, no biases."""
        nn.init.normal_(self.W_dec)
        self.W_dec /= self.W_dec.norm(dim=1, keepdim=True)
        self.W_enc.copy_(self.W_dec.T)
        nn.init.zeros_(self.b_enc)
        nn.init.zeros_(self.b_dec)

    def hidden(self, x):
        return torch.addmm(self.b_enc, x - self.b_dec, self.W_enc)

    def loss(self, x):
        f = self.hidden(x).relu()
        if self.k:
            values, latents = f.topk(self.k, dim=1)
            f = torch.zeros_like(f).scatter(1, latents, values)
        error = (x - torch.addmm(self.b_dec, f, self.W_dec)).square().sum(1).mean()
        self.silent = (self.silent + len(x)).masked_fill((f > 0).any(0), 0)
        return error / self.variance if self.k else error + self.l1 * f.sum(1).mean()

    @torch.no_grad()
    def project(self):
        d = self.W_dec / self.W_dec.norm(dim=1, keepdim=True)
        self.W_dec.grad -= (self.W_dec.grad * d).sum(1, keepdim=True) * d

    @torch.no_grad()
    def normalize(self):
        self.W_dec /= self.W_dec.norm(dim=1, keepdim=True) + torch.finfo(torch.float32).eps


def batches(job):
    """A function that gives the batches of the first steps, on the device."""
    data = serve.rows(job).to(job["device"])
    taken = torch.tensor(serve.order(job), device=job["device"])
    return lambda steps: (data[rows] for rows in itertools.islice(taken.split(job["batch"]), steps))


def make(job):
    model, source = SAE(**job["model"]).to(job["device"]), batches(job)

    def train(steps, after):
        model.load_state_dict(serve.weights(job))
        model.silent.zero_()
        optimizer = torch.optim.Adam(model.parameters(), lr=job["lr"], fused=True)
        for i, x in enumerate(source(steps)):
            if i == 0 and model.k:
                model.variance = (x - x.mean(0)).square().sum(1).mean().item()
            loss = model.loss(x)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            model.project()
            nn.utils.clip_grad_norm_(model.parameters(), job["clip"])
            optimizer.step()
            model.normalize()
            after(loss.detach())

    @torch.no_grad()
    def encode(steps, after):
        model.load_state_dict(serve.weights(job))
        for x in source(steps):
            after(model.hidden(x)[0, 0])

    return encode if job["peer"] == "encoder" else train


if __name__ == "__main__":
    serve.serve(make)
