"""The parity cases of the networks that `model.encoder` names: one small network of each kind."""
from parity_case import case, gray

NETWORKS = [
    ("mlp_dlib", [1, 6, 6], {"hidden_dims": [14, 12]}),
    ("conv_dlib", [1, 16, 16], {"channels": [4, 4, 6, 6], "hidden_dims": [12]}),
    ("resnet", [2, 4, 4], {"channels": [16], "blocks": 1, "hidden_dims": [12]}),
    ("vq_conv", [1, 8, 8], {"channels": [5, 6], "blocks": 2, "hidden_dims": [12]}),
]


def architecture_cases():
    for kind, shape, more in NETWORKS:
        yield case("vae_" + kind, "vae", "vae", {"latent_dim": 3, "encoder": {"kind": kind, **more}, "likelihood": "bernoulli"},
                   shape, gray(shape), spread=2.0)
