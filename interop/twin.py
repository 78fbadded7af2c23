"""What every twin of reference.py offers to a training step beside its forward pass."""
from torch import nn


class Twin(nn.Module):
    """A plain module; most models need none of the hooks around the step."""

    def before_step(self):
        """After backward, before clipping."""

    def after_step(self, out):
        """After the optimizer, with the outputs of this step's forward pass."""
