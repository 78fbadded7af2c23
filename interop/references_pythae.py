"""Cases of pythae: its models with small networks and recorded noise, in the loop of its BaseTrainer (Adam, nothing else)."""
import contextlib
import math

import numpy as np
import torch
from pythae.models import (AE, INFOVAE_MMD, IWAE, VAE, VAMP, VQVAE, WAE_MMD, AEConfig, BetaTCVAE, BetaTCVAEConfig, BetaVAE, BetaVAEConfig,
                           DisentangledBetaVAE, DisentangledBetaVAEConfig, INFOVAE_MMD_Config, IWAEConfig, MSSSIM_VAE, MSSSIM_VAEConfig, VAEConfig, VAMPConfig, VQVAEConfig,
                           WAE_MMD_Config)
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from torch import nn

import reference_msssim
import reference_vq
from reference_case import BATCHES, INPUTS, NOISES, ROWS, BATCH, batches, case, fill

LIBRARY = "pythae"
HIDDEN, LATENT = [24, 16], 3


class Encoder(BaseEncoder):
    """Our mlp: hidden layers, and the heads mu and logvar."""

    def __init__(self, heads=True):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(INPUTS, HIDDEN[0]), nn.ReLU(), nn.Linear(HIDDEN[0], HIDDEN[1]), nn.ReLU())
        self.mu = nn.Linear(HIDDEN[1], LATENT)
        self.logvar = nn.Linear(HIDDEN[1], LATENT) if heads else None

    def forward(self, x):
        h = self.encoder(x.reshape(len(x), -1))
        return ModelOutput(embedding=self.mu(h), **({"log_covariance": self.logvar(h)} if self.logvar else {}))


class Decoder(BaseDecoder):
    """Our mirrored mlp; pythae's bce wants probabilities."""

    def __init__(self, probabilities):
        super().__init__()
        self.decoder = nn.Sequential(nn.Linear(LATENT, HIDDEN[1]), nn.ReLU(), nn.Linear(HIDDEN[1], HIDDEN[0]), nn.ReLU(), nn.Linear(HIDDEN[0], INPUTS))
        self.probabilities = probabilities

    def forward(self, z):
        out = self.decoder(z)
        return ModelOutput(reconstruction=torch.sigmoid(out) if self.probabilities else out)


@contextlib.contextmanager
def recorded(*noise):
    """randn_like gives these tensors in turn."""
    real, rest = torch.randn_like, list(noise)
    torch.randn_like = lambda like, **_: rest.pop(0).reshape(like.shape)
    try:
        yield
    finally:
        torch.randn_like = real
    assert not rest, "not all noise was drawn"


def weights(draw, heads=True):
    """Of every layer, larger than PyTorch's, so that codes matter."""
    modules = Encoder(heads), Decoder(False)
    shapes = {k: tuple(p.shape) for m in modules for k, p in m.named_parameters()}
    bound = lambda s: 2 / math.sqrt(s[1]) if len(s) > 1 else 0.1
    return {k: draw.uniform(s, -bound(s), bound(s)) for k, s in shapes.items()}


def mixture(draw, components=6):
    """Those of a VAE, and pseudo-inputs within and beyond [0, 1]."""
    return weights(draw) | {"pseudo_inputs.weight": draw.uniform((INPUTS, components), -0.6, 0.6), "pseudo_inputs.bias": draw.uniform((INPUTS,), 0.3, 0.7)}


def steps(model, case, t, **forward):
    """Losses and learning rates of the steps of BaseTrainer."""
    optimizer = torch.optim.Adam(model.parameters(), lr=case["optimizer"]["lr"])
    losses = []
    for step, (x, _, noise) in enumerate(batches(t)):
        with recorded(*(v.movedim(0, 1) if v.dim() == 3 else v for v in noise.values())):  # pythae has draws after samples
            out = model({"data": x}, epoch=1 + step // BATCHES, **forward)
        optimizer.zero_grad()
        out.loss.backward()
        optimizer.step()
        losses.append(out.loss.item())
    return losses, [case["optimizer"]["lr"]] * len(losses)


def trained(model_class, config_class, loss="mse", heads=True, forward={}, **keys):
    """A function that trains such a model."""
    def run(case, t):
        config = config_class(input_dim=(INPUTS,), latent_dim=LATENT, **({"reconstruction_loss": loss} if loss else {}), **keys)
        model = model_class(config, Encoder(heads), Decoder(loss == "bce")).train()
        names = {"pseudo_inputs.0.weight": "pseudo_inputs.weight", "pseudo_inputs.0.bias": "pseudo_inputs.bias"}
        fill({names.get(k) or k.split(".", 1)[1]: p for k, p in model.named_parameters()}, t)
        return steps(model, case, t, **forward)
    return run


def structures():
    """A function that trains an MSSSIM_VAE on images."""
    def run(case, t):
        config = MSSSIM_VAEConfig(input_dim=tuple(case["input_shape"]), latent_dim=LATENT)
        twin = reference_msssim.MSSSIMVAE(case["input_shape"], LATENT, encoder={"hidden_dims": HIDDEN})
        encoder, decoder = Encoder(), Decoder(True)
        encoder.encoder, decoder.decoder = twin.encoder, nn.Sequential(*twin.decoder, nn.Unflatten(1, tuple(case["input_shape"])))
        model = MSSSIM_VAE(config, encoder, decoder).train()
        fill({k.split(".", 1)[1]: p for k, p in model.named_parameters()}, t)
        return steps(model, case, t)
    return run


IMAGE, GRID = [1, 8, 8], {"latent_dim": 3, "codes": 9, "encoder": {"channels": [4], "blocks": 1}, "likelihood": "gaussian"}


class Part(nn.Module):
    """A half of our vq_conv with pythae's answer."""

    def __init__(self, layers, answer):
        super().__init__()
        self.layers, self.answer = layers, answer

    def forward(self, x):
        return ModelOutput(**{self.answer: self.layers(x)})


class PartEncoder(Part, BaseEncoder):
    pass


class PartDecoder(Part, BaseDecoder):
    pass


def quantizer(draw, average):
    """Weights of the network, and codes around 0 as pythae's."""
    shapes = {k: tuple(v.shape) for k, v in reference_vq.VQVAE(IMAGE, **GRID).state_dict().items() if not k.startswith("quantizer.")}
    network = {k: draw.uniform(s, *((-b, b) if (b := 2 / math.sqrt(math.prod(s[1:]))) and len(s) > 1 else (-0.1, 0.1))) for k, s in shapes.items()}
    codes = lambda: draw.uniform((GRID["codes"], GRID["latent_dim"]), -1 / GRID["codes"], 1 / GRID["codes"])
    return network | {"quantizer.codebook": codes()} | ({"quantizer.sums": codes()} if average else {})


def quantized(average, commitment=0.25):
    """A function that trains its VQ-VAE; the averages move in the forward pass."""
    def run(case, t):
        config = VQVAEConfig(input_dim=tuple(IMAGE), latent_dim=GRID["latent_dim"], num_embeddings=GRID["codes"], use_ema=average, commitment_loss_factor=commitment)
        twin = reference_vq.VQVAE(IMAGE, **GRID)
        model = VQVAE(config, PartEncoder(twin.encoder, "embedding"), PartDecoder(twin.decoder, "reconstruction")).train()
        names = {"quantizer.embeddings": "quantizer.codebook", "quantizer.embeddings.weight": "quantizer.codebook", "quantizer.ema_embed": "quantizer.sums"}
        fill({names.get(k) or k.replace(".layers", ""): v for k, v in model.state_dict().items() if not k.endswith("cluster_size")}, t)
        losses, rates = steps(model, case, t)
        last = {"quantizer.usage": model.quantizer.cluster_size, "quantizer.codebook": model.quantizer.embeddings} if average else {}
        return losses, rates, last
    return run


def cases():
    def pythae(name, variant, params, run, noise=((LATENT,),), likelihood="gaussian", **more):
        sizes = {"latent_dim": LATENT, "encoder": {"hidden_dims": HIDDEN}, "likelihood": likelihood}
        draw = lambda d: {"x": d.uniform((ROWS, INPUTS)) if likelihood == "bernoulli" else d.normal((ROWS, INPUTS))} | {
            f"noise.{i}": d.normal((NOISES, *shape[:-1], BATCH, shape[-1])) for i, shape in enumerate(noise)}
        return case(LIBRARY, name, variant, sizes | params, run, **({"data": draw, "weights": weights} | more))

    yield pythae("vae", "vae", {}, trained(VAE, VAEConfig, "bce"), likelihood="bernoulli")
    yield pythae("vae_mse", "vae", {}, trained(VAE, VAEConfig))
    yield pythae("beta_vae", "beta_vae", {"beta": 4.0}, trained(BetaVAE, BetaVAEConfig, beta=4.0))
    plain = {"weights": lambda d: weights(d, heads=False)}
    yield pythae("ae", "ae", {}, trained(AE, AEConfig, None, heads=False), noise=(), **plain)
    yield pythae("wae_mmd", "wae_mmd", {"mmd_weight": 2.0}, trained(WAE_MMD, WAE_MMD_Config, None, heads=False, reg_weight=2.0), **plain)
    yield pythae("info_vae", "info_vae", {}, trained(INFOVAE_MMD, INFOVAE_MMD_Config), noise=((LATENT,), (LATENT,)))
    yield pythae("info_vae_rbf", "info_vae", {"alpha": 0.5, "lambda": 5.0, "kernel": "rbf"},
                 trained(INFOVAE_MMD, INFOVAE_MMD_Config, alpha=0.5, lbd=5.0, kernel_choice="rbf"), noise=((LATENT,), (LATENT,)))
    for name, loss, likelihood in ("vamp", "bce", "bernoulli"), ("vamp_mse", "mse", "gaussian"):
        yield pythae(name, "vamp", {"components": 6}, trained(VAMP, VAMPConfig, loss, number_components=6), likelihood=likelihood, weights=mixture)
    yield pythae("iwae", "iwae", {"samples": 5}, trained(IWAE, IWAEConfig, number_samples=5), noise=((5, LATENT),))
    weighed = {"alpha": 0.5, "beta": 3.0, "gamma": 2.0}
    for name, stratified in ("beta_tc_mss", True), ("beta_tc_mws", False):
        yield pythae(name, "beta_tc_vae", weighed | {"estimator": name[-3:]}, samples=200,
                     run=trained(BetaTCVAE, BetaTCVAEConfig, forward={"dataset_size": 200}, use_mss=stratified, **weighed))
    grown = {"gamma": 10.0, "capacity": 5.0, "epoch_steps": BATCHES, "capacity_steps": 12 * BATCHES}
    yield pythae("capacity", "capacity", grown, trained(DisentangledBetaVAE, DisentangledBetaVAEConfig, beta=10.0, C=5.0, warmup_epoch=11))
    pictures = lambda d: {"x": d.normal((ROWS, *IMAGE))}
    yield case(LIBRARY, "vq_vae", "vq_vae", GRID, quantized(False), input_shape=IMAGE, data=pictures, weights=lambda d: quantizer(d, False))
    yield case(LIBRARY, "vq_vae_ema", "vq_vae", GRID | {"codebook": "ema", "commitment": 0.5}, quantized(True, 0.5), input_shape=IMAGE, data=pictures,
               weights=lambda d: quantizer(d, True))
    for name, shape in ("msssim_vae", [2, 9, 10]), ("msssim_vae_one_scale", [1, 3, 4]):
        twin = reference_msssim.MSSSIMVAE(shape, LATENT, encoder={"hidden_dims": HIDDEN}).state_dict()
        images = lambda d, shape=shape: {"x": d.uniform((ROWS, *shape)), "noise.0": d.normal((NOISES, BATCH, LATENT))}
        network = lambda d, twin=twin: {k: d.uniform(tuple(v.shape), *((-0.5, 0.5) if v.dim() > 1 else (-0.1, 0.1))) for k, v in twin.items()}
        yield case(LIBRARY, name, "msssim_vae", {"latent_dim": LATENT, "encoder": {"hidden_dims": HIDDEN}}, structures(), input_shape=shape, data=images,
                   weights=network)
