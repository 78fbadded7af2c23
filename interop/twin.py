"""What every twin of reference.py offers to a training step beside its forward pass."""
import math

from torch import nn


class Draws:
    """A step's noise, handed out in order: each draw takes the next numbers, and after the last the first again."""

    def __init__(self, eps):
        self.numbers, self.at = eps.flatten(), 0

    def __call__(self, *shape):
        n = math.prod(shape)
        index = [(self.at + i) % len(self.numbers) for i in range(n)]
        self.at += n
        return self.numbers[index].reshape(shape)


class Twin(nn.Module):
    """A plain module; most models need none of the hooks around the step."""

    y = None  # the labels of the batch at hand, for the twins whose outputs depend on them
    step = 0  # the optimizer steps done before it, for those whose outputs change in training

    def trained(self):
        """The parameters of the optimizer."""
        return self.parameters()

    def before_step(self):
        """After backward, before clipping."""

    def after_step(self, out):
        """After the optimizer, with the outputs of this step's forward pass."""
