"""The twin of `variant: msssim_vae`: images in [0, 1] judged by MS-SSIM in place of a likelihood."""
import math

import torch
import torch.nn.functional as F

from reference_vae import VAE

WEIGHTS = {1: (1.0,), 2: (0.3222, 0.6778), 3: (0.4558, 0.1633, 0.3809), 4: (0.3117, 0.3384, 0.2675, 0.0824),
           5: (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)}


def factors(a, b):
    """Means of SSIM and of its factor of contrast and structure, [B, channels]; zeros around the images."""
    channels = a.shape[1]
    g = torch.exp(-(torch.arange(11, dtype=a.dtype) - 5).square() / (2 * 1.5 ** 2))
    window = (g[:, None] * g / g.sum() ** 2).expand(channels, 1, 11, 11)
    mean = lambda v: F.conv2d(v, window, padding=5, groups=channels)
    ma, mb = mean(a), mean(b)
    cs = (2 * (mean(a * b) - ma * mb) + 0.03 ** 2) / (mean(a * a) - ma * ma + mean(b * b) - mb * mb + 0.03 ** 2)
    ssim = (2 * ma * mb + 0.01 ** 2) / (ma * ma + mb * mb + 0.01 ** 2) * cs
    return ssim.mean((2, 3)), cs.mean((2, 3))


def ms_ssim(a, b):
    """prod_{j<M} ((1 + cs_j) / 2)^w_j ((1 + ssim_M) / 2)^w_M of each sample, a mean over channels."""
    scales = min(5, max(1, int(math.log2(min(a.shape[2:])))))
    product = 1.0
    for j, w in enumerate(WEIGHTS[scales], 1):
        ssim, cs = factors(a, b)
        product = product * ((1 + (ssim if j == scales else cs)) / 2) ** w
        a, b = F.avg_pool2d(a, 2) if j < scales else a, F.avg_pool2d(b, 2) if j < scales else b
    return product.mean(1)


class MSSSIMVAE(VAE):
    """w (1 - MS-SSIM(x, sigmoid(decoder(z)))) + beta KL; w is D where nothing else is said."""

    def __init__(self, shape, latent_dim, weight=None, beta=1.0, **more):
        super().__init__(shape, latent_dim, beta=beta, **(more | {"likelihood": "bernoulli"}))
        self.weight = weight or math.prod(shape)

    def reconstruction(self, out, x):
        image = lambda v: v.reshape(len(x), -1, *self.shape[-2:])
        return self.weight * (1 - ms_ssim(image(x), image(out["output"].sigmoid())))
