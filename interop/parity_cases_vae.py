"""The parity cases of the VAE families that need more than the plain objective."""
from parity_case import case, gray, real

SMALL = {"kind": "mlp", "hidden_dims": [10], "activation": "tanh"}
IMAGE = {"kind": "conv", "channels": [4], "hidden_dims": [8], "activation": "silu"}


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
