"""Writes the pictures that pkg/imagefolder is tested with, and what PIL makes of them:

    $(interop/venv.sh interop/requirements-data.txt) interop/make_image_testdata.py

Expected pixels are those of torchvision's Resize(size) and CenterCrop(size) on PIL images: bilinear
with antialiasing. JPEG is written without chroma subsampling, because decoders fill in chroma differently.
"""

from pathlib import Path

import numpy as np
from PIL import Image

SIZE = 12
FOLDER = Path(__file__).parents[1] / "pkg/imagefolder/testdata"


def picture(height, width, channels, seed):
    """A smooth picture with some texture, as photographs have."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for _ in range(channels):
        a, b, c = rng.uniform(0.1, 0.5, 3)
        planes.append(128 + 60 * np.sin(a * x + c) + 50 * np.cos(b * y) + rng.normal(0, 6, (height, width)))
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def expected(image, size=SIZE):
    width, height = image.size
    if width < height:
        width, height = size, int(size * height / width)
    else:
        width, height = int(size * width / height), size
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = round((width - size) / 2.0), round((height - size) / 2.0)
    return image.crop((left, top, left + size, top + size))


def rgb(height, width, seed):
    return Image.fromarray(picture(height, width, 3, seed))


def grey(height, width, seed):
    return Image.fromarray(picture(height, width, 1, seed)[..., 0])


def write(folder):
    """Pictures of every kind that trainer reads, in three classes."""

    def save(name, image, **options):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, **options)

    save("birds/a.png", rgb(20, 31, 1))
    save("birds/deep/b.webp", rgb(25, 18, 2), lossless=True)
    save("birds/c.JPG", rgb(40, 40, 3), quality=95, subsampling=0)
    save("cats/d.png", grey(12, 12, 4))
    save("cats/e.png", rgb(33, 21, 5).quantize(64))
    save("cats/f.jpeg", grey(17, 50, 6), quality=95)
    save("dogs/g.png", rgb(8, 9, 7))


def pixels(folder, mode, size=SIZE):
    """The pictures below a folder as PIL has them, [pictures, channels, size, size], in the order of their names."""
    names = sorted(p for p in folder.rglob("*") if p.is_file())
    out = [np.atleast_3d(np.asarray(expected(Image.open(p).convert(mode), size))) for p in names]
    return np.stack(out).transpose(0, 3, 1, 2)


if __name__ == "__main__":
    write(FOLDER / "pictures")
    for mode in "RGB", "L":
        np.save(FOLDER / f"{mode}.npy", pixels(FOLDER / "pictures", mode))
