"""Parity cases of the VAE's options and objectives, with a small plain network."""
import numpy as np

from parity_case import ROWS, case, gray, real

SMALL = {"kind": "mlp", "hidden_dims": [10], "activation": "tanh"}


def bytes_(shape):
    """Numbers of 8 bits, as data in [0, 1]."""
    return lambda d: d.labels((ROWS, *shape), 256).astype(np.float32) / np.float32(255)


def vae_option_cases():
    """The likelihoods beside bernoulli and unit variance, and the options of the KL term."""
    yield case("vae_gaussian_sigma_cyclical", "vae", "beta_vae",
               {"latent_dim": 3, "encoder": SMALL, "likelihood": "gaussian", "sigma": 0.4, "beta": 2.0,
                "kl": {"schedule": "cyclical", "steps": 70, "cycles": 3, "ratio": 0.6}}, [12], real((12,)), spread=2.0, step=30)
    yield case("vae_laplace_linear", "vae", "vae",
               {"latent_dim": 3, "encoder": SMALL, "likelihood": "laplace", "kl": {"schedule": "linear", "steps": 40}},
               [12], real((12,)), spread=2.0, step=10)
    yield case("vae_categorical", "vae", "vae", {"latent_dim": 3, "encoder": SMALL, "likelihood": "categorical"},
               [2], bytes_((2,)), spread=2.0)
    yield case("vae_categorical_conv", "vae", "vae",
               {"latent_dim": 3, "encoder": {"kind": "conv", "channels": [1], "hidden_dims": [6], "activation": "tanh"},
                "likelihood": "categorical"}, [2, 2, 2], bytes_((2, 2, 2)), spread=2.0, steps=0)
    yield case("vae_free_bits", "vae", "vae",
               {"latent_dim": 5, "encoder": SMALL, "likelihood": "gaussian", "kl": {"free_bits": 0.4}}, [12], real((12,)), spread=3.0)


def vae_objective_cases():
    """The variants with the plain network and an objective of their own."""
    def objective(name, variant, params, latent=3, **more):
        likelihood = {} if variant == "sigma_vae" else {"likelihood": "gaussian"}
        return case(name, "vae", variant, {"latent_dim": latent, "encoder": SMALL} | likelihood | params,
                    [12], real((12,)), **{"spread": 2.0} | more)

    yield objective("vae_capacity", "capacity", {"gamma": 3.0, "capacity": 6.0, "capacity_steps": 80}, step=20)
    yield objective("sigma_vae_optimal", "sigma_vae", {})
    yield objective("sigma_vae_learned", "sigma_vae", {"sigma": "learned", "kl": {"schedule": "linear", "steps": 50}}, step=10)
    yield objective("iwae", "iwae", {"samples": 4, "likelihood": "bernoulli"}, noise=12) | {"x": gray((12,))}
    yield objective("iwae_dreg", "iwae", {"samples": 3, "dreg": True, "kl": {"schedule": "linear", "steps": 40}}, noise=9, step=12)
    yield objective("beta_tc_vae_mss", "beta_tc_vae", {"beta": 6.0}, latent=4)
    yield objective("beta_tc_vae_mws", "beta_tc_vae", {"alpha": 0.5, "beta": 3.0, "gamma": 2.0, "estimator": "mws"}, latent=4)
    yield objective("dip_vae_i", "dip_vae_i", {"lambda_od": 2.0}, latent=4)
    yield objective("dip_vae_ii", "dip_vae_ii", {"lambda_od": 5.0, "lambda_d": 3.0}, latent=4)
