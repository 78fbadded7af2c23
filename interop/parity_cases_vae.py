"""The parity cases of the VAE families that need more than the plain objective."""
import numpy as np

from parity_case import ROWS, STEPS, case, gray, real

SMALL = {"kind": "mlp", "hidden_dims": [10], "activation": "tanh"}
IMAGE = {"kind": "conv", "channels": [4], "hidden_dims": [8], "activation": "silu"}


def used(weights):
    """Usage of codes from none to plenty, so that some restart, and sums that fit it."""
    n = len(weights["quantizer.usage"])
    weights["quantizer.usage"][:] = np.linspace(0.0, 4.0, n, dtype=np.float32)
    if "quantizer.sums" in weights:
        weights["quantizer.sums"][:] = weights["quantizer.codebook"] * weights["quantizer.usage"][:, None]


def family_cases():
    """`noise` is the numbers that a loss draws for each sample, in all its draws."""
    base = {"latent_dim": 3, "encoder": SMALL, "likelihood": "gaussian"}
    yield case("ae", "vae", "ae", {"latent_dim": 3, "encoder": IMAGE, "likelihood": "bernoulli"}, [1, 8, 8], gray((1, 8, 8)),
               noise=0, spread=2.0)
    yield case("denoising_ae_gaussian", "vae", "denoising_ae", base | {"corruption_level": 0.5}, [12], real((12,)), noise=12, spread=2.0)
    yield case("denoising_ae_masking", "vae", "denoising_ae", base | {"corruption": "masking", "corruption_level": 0.25},
               [12], real((12,)), noise=12, spread=2.0)
    yield case("wae_mmd", "vae", "wae_mmd", base, [12], real((12,)), spread=2.0)
    yield case("wae_mmd_rbf", "vae", "wae_mmd", base | {"kernel": "rbf", "kernel_bandwidth": 0.5, "mmd_weight": 3.0},
               [12], real((12,)), spread=2.0)
    yield case("info_vae", "vae", "info_vae", base | {"alpha": 0.3, "lambda": 20.0, "kernel_scales": [0.5, 2.0]},
               [12], real((12,)), noise=6, spread=2.0)
    vq = {"latent_dim": 3, "codes": 7, "encoder": {"channels": [4], "blocks": 1}, "likelihood": "gaussian", "decay": 0.9}
    yield case("vq_vae_ema", "vae", "vq_vae", vq, [1, 4, 4], real((1, 4, 4)), noise=4, spread=2.0, edit=used)
    yield case("vq_vae_gradient", "vae", "vq_vae", vq | {"codebook": "gradient", "restart_below": 0.5, "commitment": 0.5},
               [1, 4, 4], real((1, 4, 4)), noise=4, spread=2.0, edit=used)
    for name, codebook, steps in ("vq_vae_kmeans", "ema", STEPS), ("vq_vae_kmeans_gradient", "gradient", 0):
        yield case(name, "vae", "vq_vae", vq | {"codebook": codebook, "codebook_init": "kmeans"}, [1, 4, 4], real((1, 4, 4)), noise=4, spread=2.0,
                   steps=steps, starts=True)
    yield case("vamp", "vae", "vamp", base | {"components": 5}, [12], real((12,)), spread=2.0)
    yield case("vamp_conv", "vae", "vamp", {"latent_dim": 3, "encoder": IMAGE, "likelihood": "bernoulli", "components": 3}, [1, 8, 8],
               gray((1, 8, 8)), spread=2.0)
    yield case("factor_vae", "vae", "factor_vae", base | {"gamma": 4.0, "discriminator": {"hidden_dims": [12, 10], "lr": 1e-3}},
               [12], real((12,)), noise=8, spread=2.0)
    yield case("msssim_vae", "vae", "msssim_vae", {"latent_dim": 3, "encoder": SMALL, "weight": 20.0, "kl": {"schedule": "linear", "steps": 30}}, [9, 10],
               gray((9, 10)), spread=2.0, step=10)
    yield case("msssim_vae_conv", "vae", "msssim_vae", {"latent_dim": 3, "encoder": IMAGE, "beta": 0.5}, [2, 16, 16], gray((2, 16, 16)), spread=2.0)
    y = lambda d: d.labels(ROWS, 4)
    yield case("cvae", "vae", "cvae", base, [12], real((12,)), y=y, spread=2.0)
    yield case("cvae_conv_embedding", "vae", "cvae", {"latent_dim": 3, "encoder": IMAGE, "likelihood": "bernoulli", "labels": "embedding",
                                                      "label_dim": 2, "prior": "label"}, [1, 8, 8], gray((1, 8, 8)), y=y, spread=2.0)
