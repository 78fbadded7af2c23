"""The networks of `type: vae`: what `model.encoder` and `model.decoder` describe, in plain torch.nn.

A trunk is the convolutional part: layers down to a grid of channels, and layers back up. The order of
construction is that of trainer's initial random draws.
"""
import math

from torch import nn

from layers import activation

DEFAULTS = {"mlp": [512, 256], "mlp_dlib": [1200, 1200], "conv": [256, 256]}
CHANNELS = {"conv_dlib": [32, 32, 64, 64], "resnet": [32, 64, 128], "vq_conv": [128, 128]}


def mlp(widths, act):
    """Linear, activation, Linear, activation, ... between consecutive widths."""
    return [m for a, b in zip(widths, widths[1:]) for m in (nn.Linear(a, b), activation(act))]


class Residual(nn.Module):
    """x + conv2(act(norm2(conv1(act(norm1(x)))))); VQ-VAE's block has no norms and a 1x1 convolution at its end."""

    def __init__(self, channels, act, norm):
        super().__init__()
        self.norm1 = nn.GroupNorm(8, channels) if norm else nn.Identity()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(8, channels) if norm else nn.Identity()
        self.conv2 = nn.Conv2d(channels, channels, 3 if norm else 1, padding=1 if norm else 0)
        self.act = activation(act)

    def forward(self, x):
        h = self.conv1(self.act(self.norm1(x)))
        return x + self.conv2(self.act(self.norm2(h)))


class Trunk:
    """The convolutional part of a kind; `down` and `up` make it, `grid` is where one ends and the other begins.

    `outputs` is how many numbers the network gives for each number of a sample.
    """

    def __init__(self, shape, encoder, decoder, outputs=1):
        e = encoder
        self.kind, self.colours, self.blocks, self.outputs = e["kind"], shape[0], e.get("blocks", 2), outputs
        self.channels = e.get("channels") or CHANNELS.get(self.kind, [32, 32, 32])
        self.act = e.get("activation") or ("silu" if self.kind == "resnet" else "relu")
        self.back = decoder.get("activation") or self.act
        self.grid = (self.channels[-1], *(side >> len(self.channels) for side in shape[1:]))

    def down(self):
        return getattr(self, "down_" + self.kind)()

    def up(self):
        return getattr(self, "up_" + self.kind)()

    def pairs(self):
        """(from, to) of every convolution that halves the image."""
        widths = [self.colours, *self.channels]
        return list(zip(widths, widths[1:]))

    def down_conv(self):
        """Burgess et al. 1804.03599."""
        return [m for a, b in self.pairs() for m in (nn.Conv2d(a, b, 4, 2, 1), activation(self.act))]

    def down_conv_dlib(self):
        """disentanglement_lib: kernel 4 twice, then kernel 2."""
        return [m for i, (a, b) in enumerate(self.pairs())
                for m in (nn.Conv2d(a, b, 4, 2, 1) if i < 2 else nn.Conv2d(a, b, 2, 2), activation(self.act))]

    def up_conv(self):
        widths = [self.colours * self.outputs, *self.channels][::-1]
        return [m for a, b in zip(widths, widths[1:]) for m in (nn.ConvTranspose2d(a, b, 4, 2, 1), activation(self.back))][:-1]

    up_conv_dlib = up_conv

    def residuals(self, channels, act, norm):
        return [Residual(channels, act, norm) for _ in range(self.blocks)]

    def down_vq_conv(self):
        """van den Oord et al. 1711.00937, section 4.1."""
        layers = [m for a, b in self.pairs() for m in (nn.Conv2d(a, b, 4, 2, 1), activation(self.act))][:-1]
        return layers + self.residuals(self.channels[-1], self.act, False) + [activation(self.act)]

    def up_vq_conv(self):
        return self.residuals(self.channels[-1], self.back, False) + [activation(self.back)] + self.up_conv()

    def steps(self):
        """(channels of a stage, channels of the next one; the last stage keeps its own)."""
        return list(zip(self.channels, [*self.channels[1:], self.channels[-1]]))

    def down_resnet(self):
        layers = [nn.Conv2d(self.colours, self.channels[0], 3, padding=1)]
        for c, to in self.steps():
            layers += self.residuals(c, self.act, True) + [nn.Conv2d(c, to, 3, 2, 1)]
        return layers + [nn.GroupNorm(8, self.channels[-1]), activation(self.act)]

    def up_resnet(self):
        layers = []
        for c, source in self.steps()[::-1]:
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(source, c, 3, padding=1)] + self.residuals(c, self.back, True)
        c = self.channels[0]
        return layers + [nn.GroupNorm(8, c), activation(self.back), nn.Conv2d(c, self.colours * self.outputs, 3, padding=1)]


class Arch:
    """Encoder and decoder around a code of `latent_dim` numbers; `width` is the encoder's output."""

    def __init__(self, shape, latent_dim, encoder=None, decoder=None, outputs=1):
        e, self.decoder_config = encoder or {}, decoder or {}
        self.kind = e.get("kind", "mlp")
        self.flat, self.shape, self.latent, self.outputs = self.kind.startswith("mlp"), shape, latent_dim, outputs
        self.hidden = e.get("hidden_dims") or DEFAULTS.get(self.kind, [256])
        self.mirror = self.decoder_config.get("hidden_dims") or self.hidden[::-1] + self.hidden[:1] * (self.kind == "mlp_dlib")
        if self.flat:
            self.act = e.get("activation") or "relu"
            self.back = self.decoder_config.get("activation") or ("tanh" if self.kind == "mlp_dlib" else self.act)
        else:
            self.trunk = Trunk(shape, {**e, "kind": self.kind}, self.decoder_config, outputs)
            self.act, self.back = self.trunk.act, self.trunk.back
        self.width = self.hidden[-1]

    def encoder(self):
        if self.flat:
            return nn.Sequential(*mlp([math.prod(self.shape), *self.hidden], self.act))
        return nn.Sequential(*self.trunk.down(), nn.Flatten(), *mlp([math.prod(self.trunk.grid), *self.hidden], self.act))

    def decoder(self):
        end = math.prod(self.shape) * self.outputs if self.flat else math.prod(self.trunk.grid)
        layers = mlp([self.latent, *self.mirror, end], self.back)
        if self.flat:
            return nn.Sequential(*layers[:-1])  # no activation after the last layer
        return nn.Sequential(*layers, nn.Unflatten(1, self.trunk.grid), *self.trunk.up())
