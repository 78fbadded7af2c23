"""Reads trainer's checkpoints as any PyTorch user would: torch.load with its safe default."""
import torch

from reference import build, sample_shape

SPECIFIED = ["epoch", "model_state_dict", "optimizer_state_dict", "metric_value", "config", "random_state"]
KEYS = SPECIFIED + ["trainer_state"]


def load(path, **options):
    """The checkpoint's dict; code in the file never runs (weights_only is torch.load's default)."""
    return torch.load(path, map_location="cpu", **options)


def twin_of(checkpoint, shape=None):
    """The plain torch.nn twin with the checkpoint's weights, strictly loaded.

    shape is one sample's; without it, what the weights tell.
    """
    model, state = checkpoint["config"]["model"], checkpoint["model_state_dict"]
    twin = build(model, shape or sample_shape(model, state))
    twin.load_state_dict(state, strict=True)
    return twin


def parse_shape(text):
    """The shape of --shape 1,32,32."""
    return tuple(int(n) for n in text.split(","))


def optimizer_config(checkpoint):
    """The `training.optimizer:` section of the checkpoint's config."""
    return checkpoint["config"]["training"]["optimizer"]
