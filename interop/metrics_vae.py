"""Variational autoencoders beside the torch.nn twin and NumPy."""
import math

import numpy as np
import pytorch_msssim
import torch
import torch.nn.functional as F

import ckpt
from reference_vae import nll
from report import demand


def check(report, run):
    for r in (run("vae"), run("gaussian")):
        report.check(f"posterior of {r.name} equals NumPy", posterior, r)
        report.check(f"what q(z) of {r.name} tells is near NumPy's", aggregated, r)
        report.check(f"images of {r.name} equal torch", images, r)
        report.check(f"likelihood of {r.name} equals the twin's", likelihood, r)
    report.check("large images equal pytorch-msssim", large_images, run("pictures"))


def heads(run):
    both, rows = run.embeddings(what="mean_logvar")
    return (*np.split(both.astype(np.float64), 2, axis=1), rows)


def posterior(run):
    mu, s, _ = heads(run)
    kl = 0.5 * (mu ** 2 + np.exp(s) - s - 1).mean(0)
    return run.equal({"kl": kl.sum(), "active_units": float((mu.var(0) > 0.01).sum())} | {f"kl/{j}": v for j, v in enumerate(kl)})


def log_normal(z, mu, s):
    return -0.5 * ((z - mu) ** 2 / np.exp(s) + s + math.log(2 * math.pi))


def aggregated(run, draws=40):
    """Ours is one draw of z a sample: it lies within the spread of many such draws."""
    mu, s, _ = heads(run)
    generator, values = np.random.default_rng(0), []
    for _ in range(draws):
        z = mu + np.exp(s / 2) * generator.standard_normal(mu.shape)
        each = log_normal(z[:, None], mu[None], s[None])
        n = math.log(len(z))
        joint, product = np.logaddexp.reduce(each.sum(2), axis=1) - n, (np.logaddexp.reduce(each, axis=1) - n).sum(1)
        own, prior = log_normal(z, mu, s).sum(1), log_normal(z, 0, 0 * z).sum(1)
        values.append([(own - joint).mean(), (joint - product).mean(), (product - prior).mean()])
    mean, spread = np.mean(values, 0), np.std(values, 0)
    for i, name in enumerate(("mutual_information", "total_correlation", "dimension_kl")):
        demand(abs(run.metrics[name] - mean[i]) <= 5 * spread[i], f"{name} is {run.metrics[name]}, expected {mean[i]} within {5 * spread[i]:.2g}")
    return f"{draws} draws"


def images(run):
    y, rows = run.predictions()
    x = run.samples(rows)
    span = 1 if x.min() >= 0 and x.max() <= 1 else float(np.ptp(x))
    error = ((x.astype(np.float64) - y) ** 2).reshape(len(x), -1).mean(1)
    return run.equal({"psnr": (10 * np.log10(span ** 2 / error)).mean(), "ssim": ssim(x, y, span)})


def large_images(run):
    """Five scales, in three channels."""
    y, rows = run.predictions()
    x, y = (torch.from_numpy(v).double() for v in (run.samples(rows), y))
    return run.equal({"ssim": pytorch_msssim.ssim(y, x, data_range=1.0).item(), "ms_ssim": pytorch_msssim.ms_ssim(y, x, data_range=1.0).item()})


def ssim(x, y, span):
    """Wang et al. 2004, window 11, sigma 1.5, no padding."""
    a, b = torch.from_numpy(x).double(), torch.from_numpy(y).double()
    g = torch.exp(-(torch.arange(11.) - 5).double() ** 2 / (2 * 1.5 ** 2))
    window = (g[:, None] * g[None] / g.sum() ** 2)[None, None]
    blur = lambda t: F.conv2d(t, window)
    ma, mb = blur(a), blur(b)
    va, vb, ab = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    return ((2 * ma * mb + c1) * (2 * ab + c2) / ((ma ** 2 + mb ** 2 + c1) * (va + vb + c2))).mean().item()


def likelihood(run, draws=100, at_once=2048):
    """The same draws of z: those of a generator that begins at the run's seed."""
    c = run.checkpoint()
    twin, generator = ckpt.twin_of(c).eval(), torch.Generator().manual_seed(c["config"]["experiment"]["seed"])
    _, rows = run.embeddings(what="mean_logvar")
    x, weights = torch.from_numpy(run.samples(rows)), []
    with torch.no_grad():
        mu, s = twin.encode(x)
        constant = 0.5 * math.log(2 * math.pi) * (x[0].numel() if twin.likelihood == "gaussian" else 0)
        for left in range(draws, 0, -max(1, at_once // len(x))):
            n = min(left, max(1, at_once // len(x)))
            m, v = mu.repeat_interleave(n, 0), s.repeat_interleave(n, 0)
            eps = torch.randn(m.shape, generator=generator)
            z = m + torch.exp(v / 2) * eps
            recon = nll(twin.likelihood, twin.decode(z), x.repeat_interleave(n, 0)) + constant
            log_q = -0.5 * (eps ** 2 + v + math.log(2 * math.pi)).sum(1)
            log_p = -0.5 * (z ** 2 + math.log(2 * math.pi)).sum(1)
            weights.append((log_p - recon - log_q).double().reshape(len(x), n))
    w = torch.cat(weights, 1)
    demand(w.shape[1] == draws, f"{w.shape[1]} draws")
    bound = -(torch.logsumexp(w, 1) - math.log(draws)).mean().item()
    want = {"bernoulli": "unnormalised", "gaussian": "density"}[twin.likelihood]
    demand(run.said["likelihood"] == {"measures": want, "draws": draws, "samples": len(x)}, f"the likelihood is told to be {run.said['likelihood']}")
    return run.equal({"elbo": w.mean().item(), "nll": bound, "bits_per_dim": bound / x[0].numel() / math.log(2)})
