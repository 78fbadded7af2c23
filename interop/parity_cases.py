"""The table of parity cases: config, inputs and optimizer of each.

`params` uses the keys of the config's `model:` section. Sizes are small, so that all data together
stay below 4 MB. A case with steps 0 has no float32 losses.
"""
import math
import zlib

import numpy as np

from parity_architectures import architecture_cases
from parity_case import BATCH, BATCHES, CONV, MLP, NOISES, ROWS, case, gray, real
from parity_cases_objectives import vae_objective_cases, vae_option_cases
from parity_cases_sae import more_sae_cases, sae_cases, sae_option_cases
from parity_cases_vae import family_cases
from parity_inputs import Draw


def saturate(weights):
    """Log variances beyond both ends of the clamp [-30, 20]."""
    weights["logvar.bias"][:2] = -40, 25


def vae_cases():
    yield case("vae_mlp_bernoulli", "vae", "vae", {"latent_dim": 3, "encoder": MLP, "likelihood": "bernoulli"},
               [1, 6, 6], gray((1, 6, 6)), spread=3.0)
    yield case("vae_conv_bernoulli", "vae", "vae", {"latent_dim": 4, "encoder": CONV, "likelihood": "bernoulli"},
               [1, 16, 16], gray((1, 16, 16)), spread=3.0)
    yield case("beta_vae_mlp_gaussian", "vae", "beta_vae",
               {"latent_dim": 4, "encoder": MLP | {"activation": "tanh"}, "likelihood": "gaussian", "beta": 4.0},
               [20], real((20,)), spread=2.0, optimizer={"name": "adamw", "lr": 1e-3, "weight_decay": 0.01})
    yield case("beta_vae_conv_gaussian", "vae", "beta_vae",
               {"latent_dim": 3, "encoder": CONV | {"activation": "silu"}, "likelihood": "gaussian", "beta": 0.5},
               [2, 16, 16], lambda d: d.uniform((ROWS, 2, 16, 16), -1, 1), spread=3.0, grad_clip=1.0)
    yield case("vae_mlp_clamp", "vae", "vae", {"latent_dim": 3, "encoder": MLP, "likelihood": "gaussian"},
               [20], real((20,)), steps=0, edit=saturate)


def custom_cases():
    def custom(name, loss, layers, shape, x, y=None, options=None, **more):
        params = {"layers": layers, "loss": loss, "target": "labels" if y else "input"} | (options or {})
        return case(name, "custom_model", "custom", params, shape, x, y=y, **more)

    yield custom("custom_cross_entropy", "cross_entropy", [{"linear": 16}, "layer_norm", "gelu", {"linear": 5}],
                 [10], real((10,)), lambda d: d.labels(ROWS, 5),
                 optimizer={"name": "sgd", "lr": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01})
    half = {"kernel": 4, "stride": 2, "padding": 1}
    yield custom("custom_conv_mse", "mse", [
        {"conv2d": {"out": 4, **half, "bias": False}}, "batch_norm2d", "relu", {"conv2d": {"out": 6, "kernel": 3, "padding": 1}},
        "leaky_relu", {"conv_transpose2d": {"out": 1, **half}}, "sigmoid"], [1, 8, 8], gray((1, 8, 8)))
    yield custom("custom_mae", "mae", [{"linear": {"out": 16}}, "softplus", {"linear": {"out": 3, "bias": False}}],
                 [10], real((10,)), lambda d: d.normal((ROWS, 3)))
    yield custom("custom_bce_with_logits", "bce_with_logits", [{"linear": 16}, "silu", {"linear": 3}],
                 [10], real((10,)), lambda d: d.labels((ROWS, 3), 2).astype("float32"))
    yield from custom_block_cases(custom)


def custom_block_cases(custom):
    """Blocks, and the losses beside the first four."""
    mixed = [{"residual": ["layer_norm", {"attention": 2}]}, {"residual": ["layer_norm", {"linear": 12}, "gelu", {"linear": 8}]}]
    yield custom("custom_attention", "cross_entropy", [{"embedding": {"num": 12, "dim": 8}}, *mixed, "flatten", {"linear": 7}],
                 [6], lambda d: d.labels((ROWS, 6), 12).astype("float32"), lambda d: d.labels(ROWS, 7),
                 {"label_smoothing": 0.1, "class_weights": [1, 2, 0.5, 1, 1, 3, 1]})
    block = [{"group_norm": 2}, "elu", {"conv2d": {"out": 6, "kernel": 3, "stride": 2, "padding": 1}}]
    yield custom("custom_residual_huber", "huber", [
        {"conv2d": {"out": 4, "kernel": 3, "padding": 1}}, {"residual": block}, {"residual": [{"group_norm": {"groups": 3}}, "silu"]},
        {"max_pool2d": {"kernel": 3, "stride": 1, "padding": 1}}, {"avg_pool2d": 2}, {"adaptive_avg_pool2d": [1, 2]}, "flatten",
        {"residual": [{"linear": 3}]}], [2, 10, 10], real((2, 10, 10)), lambda d: d.normal((ROWS, 3)), {"delta": 0.5})
    yield custom("custom_upsample_bce", "bce_with_logits", [
        {"conv2d": {"out": 4, "kernel": 3, "stride": 2, "padding": 1}}, "elu", {"upsample": 2}, {"conv2d": {"out": 1, "kernel": 3, "padding": 1}}],
        [1, 6, 6], gray((1, 6, 6)))
    yield custom("custom_gaussian_nll", "gaussian_nll", [{"linear": 12}, "tanh", {"linear": 6}],
                 [10], real((10,)), lambda d: d.normal((ROWS, 3)))
    yield custom("custom_poisson_nll", "poisson_nll", [{"linear": 12}, "tanh", {"linear": 2}],
                 [10], real((10,)), lambda d: d.labels((ROWS, 2), 6).astype("float32"))
    yield case("custom_torchscript", "custom_model", "custom", {"torchscript": "pkg/model/custom/testdata/net.pt", "loss": "cross_entropy"},
               [1, 8, 8], gray((1, 8, 8)), y=lambda d: d.labels(ROWS, 5))
    inputs = [{"name": "words", "take": [0, 4], "layers": [{"embedding": {"num": 6, "dim": 5}}, {"attention": 1}]},
              {"name": "image", "take": [4, 20], "shape": [1, 4, 4], "layers": [{"conv2d": {"out": 3, "kernel": 3}}, "relu"]}, {"name": "all"}]
    heads = [{"name": "place", "loss": "mse", "take": [1, 3], "layers": [{"linear": 2}], "weight": 0.5},
             {"name": "kind", "loss": "cross_entropy", "take": [0, 1], "label_smoothing": 0.1, "layers": ["relu", {"linear": 7}]},
             {"name": "sample", "loss": "huber", "target": "input", "layers": [{"linear": 20}]}]
    yield case("custom_multi_head", "custom_model", "multi_head", {"inputs": inputs, "layers": [{"linear": 12}, "tanh"], "heads": heads}, [20],
               words_and_numbers, y=kinds_and_places)
    inputs = [{"name": "picture", "take": "image", "layers": [{"conv2d": {"out": 3, "kernel": 3}}, "tanh"]},
              {"name": "words", "take": "word", "layers": [{"embedding": {"num": 6, "dim": 5}}, {"attention": 1}]}, {"name": "rest", "take": [19, 20]}]
    heads = [{"name": "kind", "loss": "cross_entropy", "take": "kind", "layers": [{"linear": 7}]},
             {"name": "place", "loss": "huber", "take": "place", "layers": ["relu", {"linear": 2}], "weight": 2.0},
             {"name": "picture", "loss": "mse", "target": "input", "take": "image", "layers": [{"linear": 15}]}]
    yield case("custom_named_parts", "custom_model", "multi_head", {"inputs": inputs, "layers": [{"linear": 12}, "silu"], "heads": heads}, [20],
               words_and_numbers, y=kinds_and_places, parts=spans(word=[4], image=[1, 3, 5], number=[1]), label_parts=spans(kind=[], place=[2]))


def spans(**shapes):
    """Named parts one after another, as a checkpoint has them."""
    list, at = [], 0
    for name, shape in shapes.items():
        list.append({"name": name, "from": at, "to": at + math.prod(shape), "shape": shape})
        at += math.prod(shape)
    return list


def words_and_numbers(d):
    return np.concatenate([d.labels((ROWS, 4), 6).astype("float32"), d.normal((ROWS, 16))], axis=1)


def kinds_and_places(d):
    return np.concatenate([d.labels((ROWS, 1), 7).astype("float32"), d.normal((ROWS, 2))], axis=1)


def cases():
    """Every case with a Draw of its own, so that adding one changes no other."""
    table = [
        *vae_cases(),
        *vae_option_cases(),
        *vae_objective_cases(),
        *architecture_cases(),
        *family_cases(),
        *sae_cases(),
        *sae_option_cases(),
        *more_sae_cases(),
        *custom_cases(),
    ]
    return [c | {"draw": Draw(zlib.crc32(c["name"].encode()))} for c in table]
