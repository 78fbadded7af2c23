"""Reads trainer's checkpoints as any PyTorch user would: torch.load with its safe default."""
import torch

from reference import build

SPECIFIED = ["epoch", "model_state_dict", "optimizer_state_dict", "metric_value", "config", "random_state"]
KEYS = SPECIFIED + ["trainer_state"]


def load(path, **options):
    """The checkpoint's dict; code in the file never runs (weights_only is torch.load's default)."""
    return torch.load(path, map_location="cpu", **options)


def twin_of(checkpoint):
    """The plain torch.nn twin for samples of the shape in trainer_state, with the weights strictly loaded."""
    inputs = checkpoint["trainer_state"]["data"]["inputs"]
    twin = build(checkpoint["config"]["model"], inputs["shape"], parts=inputs.get("parts", ()), label_parts=inputs.get("label_parts", ()))
    twin.load_state_dict(checkpoint["model_state_dict"], strict=True)
    return twin


def optimizer_config(checkpoint):
    """The `training.optimizer:` section of the checkpoint's config."""
    return checkpoint["config"]["training"]["optimizer"]
