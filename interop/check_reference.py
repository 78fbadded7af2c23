"""Proves that the twins of reference.py equal published golden values.

The values were computed from the papers' formulas and agree with runs of pythae 0.1.2 and
SAELens 6.54.12 where those implement the same formula. Every tensor is
A(rows, columns, o, q) = q sin(o + 1 + i columns + j). Exit status 1 names what differs.
"""
import math
import sys

import torch

from reference import build


def wave(rows, columns, o, q):
    return torch.tensor([[q * math.sin(o + 1 + i * columns + j) for j in range(columns)] for i in range(rows)],
                        dtype=torch.float64)


def vae_values():
    model = build({"type": "vae", "variant": "vae", "latent_dim": 3, "likelihood": "gaussian"}, (2,)).double()
    mu, s, x = wave(4, 3, 0, 1), wave(4, 3, 0.5, 0.5), wave(4, 2, 0, 1)
    terms = model.losses({"mu": mu, "logvar": s, "output": x + 1}, x)
    return {"kl": (terms["kl"], 0.881787), "gaussian, residual 1, D = 2": (terms["recon"], 1.0)}


def objective_values():
    mu, s = wave(4, 3, 0, 1), wave(4, 3, 0.5, 0.5)
    out = {"mu": mu, "logvar": s, "z": mu + torch.exp(s / 2) * wave(4, 3, 2, 1), "output": torch.zeros(4, 2)}
    twin = lambda variant, **more: build({"type": "vae", "variant": variant, "latent_dim": 3, **more}, (2,), 10)
    terms = lambda *a, **more: twin(*a, **more).losses(out, torch.zeros(4, 2))
    mss, mws = terms("beta_tc_vae"), terms("beta_tc_vae", estimator="mws")
    values = {"DIP-I": (terms("dip_vae_i", lambda_od=1)["dip"], 11.268675), "DIP-II": (terms("dip_vae_ii", lambda_od=1)["dip"], 2.587569)}
    for name, got, want in ("mss", mss, (0.643809, 0.010819, -0.533339)), ("mws", mws, (2.842201, 4.609707, -7.330619)):
        values |= {f"{name} {part}": (got[part], number) for part, number in zip(("mi", "tc", "dwkl"), want)}
    return values


def sae_values():
    x, rows = wave(3, 4, 0, 1), wave(6, 4, 0.3, 1)
    rows = rows / rows.norm(dim=1, keepdim=True)
    weights = {"W_enc": rows.T, "b_enc": wave(1, 6, 0.7, 0.1)[0], "W_dec": rows, "b_dec": wave(1, 4, 0.9, 0.1)[0]}
    standard = build({"type": "sae", "variant": "relu_l1", "d_sae": 6}, (4,)).double()
    topk = build({"type": "sae", "variant": "topk", "d_sae": 6, "k": 2, "aux_k": 2, "dead_after_samples": 1}, (4,)).double()
    standard.load_state_dict(weights)
    topk.load_state_dict(weights)
    topk.since_fired = torch.tensor([1, 0, 0, 1, 0, 1])
    a, out = standard.losses(standard(x), x), topk(x)
    b = topk.losses(out, x)
    e = x - out["output"]
    raw = b["aux"] * (e - e.mean(0)).square().sum(1).mean()
    return {"h": (out["hidden"][0, 0], 1.371599), "relu_l1 L2": (a["l2"], 1.863873), "relu_l1 L1": (a["l1"], 2.992087),
            "topk L2": (b["l2"], 1.540415), "AuxK": (b["aux"], 4.626467), "AuxK raw": (raw, 7.109229),
            "explained variance": (b["explained_variance"], 0.258082)}


def differences():
    """A sentence for every value that is not the golden one."""
    return [f"{name}: {got.item():.6f}, expected {want}" for name, (got, want) in (vae_values() | objective_values() | sae_values()).items()
            if abs(got.item() - want) > 1e-6]


def main():
    wrong = differences()
    if wrong:
        sys.exit("reference differs from its golden values\n  " + "\n  ".join(wrong))
    print("reference: all golden values hold")


if __name__ == "__main__":
    main()
