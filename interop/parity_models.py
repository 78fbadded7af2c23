"""Runs one parity case in plain PyTorch: a float64 step with every gradient, and float32 training.

`tensors` returns all that a case's file holds; the names are explained in parity/README.md.
"""
import numpy as np
import torch

from parity_cases import BATCH, BATCHES, NOISES, ROWS
from parity_inputs import initial_weights
from reference import build, optimizer
from reference_factor import FactorVAE
from reference_sae_core import SAE
from reference_sae_topk import BatchTopK, TopK

# A case is only useful when rounding does not grow: the float32 and float64 losses of the whole
# training must agree this well, and top-k choices must be this far from a tie.
WELL_CONDITIONED = 3e-6
TIE_MARGIN = 3e-5


def inputs(case):
    """x, y, noise and init.* of a case as float32 (labels int64)."""
    draw = case["draw"]
    t = {"x": case["x"](draw)}
    if case["y"]:
        t["y"] = case["y"](draw)
    if case["noise"]:
        t["noise"] = draw.normal((NOISES, BATCH, case["noise"]))
    weights = initial_weights(draw, twin(case), case["spread"])
    if case["edit"]:
        case["edit"](weights)
    t |= {"init." + k: v for k, v in weights.items()}
    if case["type"] == "sae":
        latents, limit = np.arange(case["params"]["d_sae"]), case["params"]["dead_after_samples"]
        t["since_fired"] = np.where(latents % 3 == 0, limit + latents, limit - 1)
    return {k: torch.from_numpy(np.array(v)) for k, v in t.items()}


def twin(case):
    more = {"label_shape": case["label_shape"]} if case["label_shape"] else {}
    return build({"type": case["type"], "variant": case["variant"], **case["params"], **more}, case["input_shape"], ROWS, case["parts"], case["label_parts"])


def loaded(case, t, dtype):
    """The twin with the case's initial weights and its constant V."""
    model = twin(case).to(dtype)
    model.load_state_dict({k[5:]: v for k, v in t.items() if k.startswith("init.")}, strict=True)
    if isinstance(model, TopK):
        model.total_variance = total_variance(t["x"][:BATCH])
    if case["starts"]:
        model.start(t["x"][:BATCH].to(dtype))
    return model


def total_variance(x):
    """V: the summed variance of the first batch, rounded since it is a given constant."""
    return round((x.double() - x.double().mean(0)).square().sum(1).mean().item(), 4)


def batch(t, step, dtype):
    """x, y and noise of a step: batches and noises are used in turn."""
    rows = slice(step % BATCHES * BATCH, (step % BATCHES + 1) * BATCH)
    cast = lambda v: v.to(dtype) if v.is_floating_point() else v
    y, noise = t.get("y"), t.get("noise")
    return (cast(t["x"][rows]), None if y is None else cast(y[rows]),
            None if noise is None else cast(noise[step % NOISES]))


def float64_step(case, t):
    """Outputs, terms, gradients and buffers of one training-mode pass over the first batch."""
    model = loaded(case, t, torch.float64)
    x, y, eps = batch(t, 0, torch.float64)
    result, model.y, model.step = {}, y, case["step"]
    with torch.no_grad():
        model.eval()
        result |= {"out.prediction": model.predict(x), "out.embedding": model.embed(x)}
        apart = isinstance(model, (SAE, FactorVAE))  # what a batch shares or divides in training is another code then
        inferred = model(x, eps) if apart else None
        model.train()
    if isinstance(model, SAE):
        model.since_fired = t["since_fired"]
    out = model(x, eps)
    terms = model.losses(out, x, y, case["step"])
    terms["loss"].backward()
    result |= {"out." + k: v for k, v in (inferred or out).items() if k[0] != "_"} | {"metric." + k: v for k, v in terms.items()}
    result |= {"grad." + k: p.grad.clone() for k, p in model.named_parameters()}
    if isinstance(model, TopK):
        assert terms["aux"] > 0 and margin(model, out) > TIE_MARGIN, case["name"]
    if isinstance(model, SAE):
        model.before_step()
        result["projected.W_dec"] = model.W_dec.grad.clone()
    model.after_step(out)
    if isinstance(model, SAE):
        result["since_fired"] = model.since_fired
    result |= {"buffer." + k: b for k, b in model.named_buffers()}
    return {"f64." + k: v.detach().clone() for k, v in result.items()}


def train(case, t, dtype):
    """Losses of the case's training, and how it went: AuxK active, gradient clipped, nearest tie."""
    model = loaded(case, t, dtype).train()
    opt = optimizer(case["optimizer"], model.trained())
    losses, facts = [], {"aux": 0, "clipped": 0, "margin": 1.0}
    for step in range(case["steps"]):
        x, y, eps = batch(t, step, dtype)
        model.y, model.step = y, step
        out = model(x, eps)
        terms = model.losses(out, x, y, step)
        opt.zero_grad()
        terms["loss"].backward()
        model.before_step()
        if case["grad_clip"]:
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), case["grad_clip"])
            facts["clipped"] += int(norm > case["grad_clip"])
        if isinstance(model, TopK):
            facts["aux"] += int(terms["aux"] > 0)
            facts["margin"] = min(facts["margin"], margin(model, out))
        opt.step()
        model.after_step(out)
        losses.append(terms["loss"].detach())
    return torch.stack(losses), facts


def margin(model, out):
    """The smallest distance between a kept and a dropped candidate of either top-k, where one is positive."""
    h, dead, gaps = out["hidden"].detach().clamp_min(0), model.dead(), [1.0]
    k = model.active()
    first = (h.reshape(1, -1), int(k * len(h))) if isinstance(model, BatchTopK) else (h, k)
    wide = [(h, min(4 * k, h.shape[1] - 1))] if model.multi else []
    for candidates, k in (first, (h * dead, model.aux_k), *wide):
        top = candidates.topk(k + 1, dim=1).values
        gap = (top[:, k - 1] - top[:, k])[top[:, k - 1] > 0]
        gaps += gap.tolist()
    return min(gaps)


def tensors(case):
    """All tensors of a case's file; stops when the case is not well conditioned."""
    t = inputs(case)
    result = t | float64_step(case, t)
    if case["steps"]:
        losses, facts = train(case, t, torch.float32)
        exact, _ = train(case, t, torch.float64)
        drift = ((losses.double() - exact).abs() / exact.abs()).max().item()
        assert drift < WELL_CONDITIONED, f"{case['name']}: float32 drifts by {drift:.1e}"
        assert facts["margin"] > TIE_MARGIN, f"{case['name']}: top-k choices are {facts['margin']:.1e} from a tie"
        assert not case["grad_clip"] or facts["clipped"], f"{case['name']}: nothing was clipped"
        assert not isinstance(twin(case), TopK) or facts["aux"] > case["steps"] // 2, f"{case['name']}: AuxK is idle"
        result["f32.losses"] = losses
    return result
