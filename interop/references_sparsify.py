"""Cases of sparsify: its Trainer on a model whose module passes on recorded activations."""
import os
import tempfile

import numpy as np
import torch

os.environ["SPARSIFY_DISABLE_TRITON"] = "1"  # its decoder without a GPU
from sparsify import SparseCoder, SparseCoderConfig, TrainConfig, Trainer  # noqa: E402

from reference_case import BATCH, INPUTS, LATENTS, STEPS, WINDOW, batches, case, fill

LIBRARY = "sparsify"


class Recorded(torch.nn.Module):
    """A language model in the trainer's eyes: token i has row i of x, and its one layer makes row i of y of it."""

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y, self.tokens = x, y, None
        self.layer = Layer(self)
        self.base_model, self.device, self.dummy_inputs = self, torch.device("cpu"), {"input_ids": torch.zeros(1, 1, dtype=torch.long)}

    def forward(self, input_ids):
        self.tokens = input_ids
        return self.layer(self.x[input_ids])


class Layer(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = [model]  # in a list: no part of this module

    def forward(self, _):
        return self.model[0].y[self.model[0].tokens]


def trained(decay=0, **keys):
    def run(case, t):
        x = t["x"]
        y = t.get("y", x)
        tokens = [{"input_ids": torch.tensor([row])} for step in range(STEPS) for row in range(step % 4 * BATCH, (step % 4 + 1) * BATCH)]
        with tempfile.TemporaryDirectory() as folder:
            config = TrainConfig(SparseCoderConfig(num_latents=LATENTS, **keys), batch_size=BATCH, optimizer="adam", lr=case["optimizer"]["lr"],
                                 lr_warmup_steps=10, auxk_alpha=case["params"]["aux_coefficient"], dead_feature_threshold=WINDOW * BATCH,
                                 hookpoints=["layer"], k_decay_steps=decay, save_every=10 * STEPS, log_to_wandb=False, save_dir=folder)
            trainer = Trainer(config, tokens, Recorded(x, y))
            sae = trainer.saes["layer"]
            names = {"encoder.weight": "W_enc", "encoder.bias": "b_enc"}
            fill({names.get(k, k): p.T if k in ("encoder.weight", "W_skip") else p for k, p in sae.named_parameters()}, t)
            losses, rates = [], []
            forward = sae.forward

            def recorded(**inputs):
                out = forward(**inputs)
                rates.append(trainer.optimizers[0].param_groups[0]["lr"])
                losses.append((out.fvu + config.auxk_alpha * out.auxk_loss + out.multi_topk_fvu / 8).item())
                return out

            sae.forward = recorded
            trainer.fit()
        return losses, rates
    return run


def mapped(draw):
    """Labels of a transcoder: another vector for each sample."""
    x = draw.sparse(4 * BATCH, INPUTS, LATENTS, 3)
    return {"x": x, "y": np.maximum(x @ draw.uniform((INPUTS, INPUTS), -0.5, 0.5), 0)}


def transcoder(draw, skip=False):
    """Weights of which every one matters, in place of the zeros that W_dec and W_skip begin with."""
    bound = INPUTS ** -0.5
    weights = {"W_enc": draw.uniform((INPUTS, LATENTS), -bound, bound), "b_enc": np.zeros(LATENTS, np.float32),
               "W_dec": draw.uniform((LATENTS, INPUTS), -bound, bound), "b_dec": np.zeros(INPUTS, np.float32)}
    return weights | ({"W_skip": draw.uniform((INPUTS, INPUTS), -0.2, 0.2)} if skip else {})


def cases():
    def sparsify(name, variant, params, keys={}, k=3, **more):
        dead = {"d_sae": LATENTS, "k": k, "dead_after_samples": WINDOW * BATCH, "aux_coefficient": 0.25}
        return case(LIBRARY, name, variant, dead | params, trained(k=k, **keys), **more)

    yield sparsify("topk", "topk", {})
    yield sparsify("topk_wide", "topk", {}, k=16)  # more than are above 0
    positive = {"start": {"b_enc": np.full(LATENTS, 3, np.float32)}}  # its ties at 0 are broken otherwise for each k
    yield sparsify("topk_annealed", "topk", {"k_start": LATENTS, "k_anneal_steps": 60}, {"decay": 60}, **positive)
    yield sparsify("multi_topk", "topk", {"multi_topk": True}, {"multi_topk": True})
    yield sparsify("transcoder", "transcoder", {}, {"transcode": True}, data=mapped, weights=transcoder)
    yield sparsify("skip_transcoder", "skip_transcoder", {}, {"transcode": True, "skip_connection": True}, data=mapped,
                   weights=lambda d: transcoder(d, skip=True))
