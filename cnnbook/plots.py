"""The book's figures in one style. Labels are English technical terms: both editions share them.

Importing this module fixes Matplotlib's settings, so that a figure is the same on every machine.
"""

import math

import matplotlib.pyplot as plt
import numpy as np

from cnnbook._errors import bad_value

STYLE = {
    "figure.dpi": 120,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with Matplotlib: the same letters everywhere
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "image.interpolation_stage": "data",
}
plt.rcParams.update(STYLE)


def _same_size_everywhere():
    """Keep notebooks from cropping figures to their text, whose width differs by font renderer."""
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return  # not in a notebook
    set_matplotlib_formats("png", bbox_inches=None)


_same_size_everywhere()


def show_images(images, titles=None, *, columns=None, numbers=False, limits="each", height=2.0):
    """Draw 2-D arrays (or RGB images) side by side and show them.

    images: a sequence of (height, width) or (height, width, 1 or 3) arrays.
    titles: one string an image. columns: images in a row (all of them by default).
    numbers: write each pixel's value into it. height: of a row, in inches.
    limits: "each" (every image from its own black to its own white), "shared" (one scale for all,
        so that brightness compares), or (low, high).
    Raises ValueError for arrays that are no images, or titles that do not match them.
    """
    images = [_drawable(image) for image in images]
    if titles is not None and len(titles) != len(images):
        raise bad_value(
            "titles",
            f"{len(titles)} of them",
            f"{len(images)}, one an image",
            f"이미지마다 하나씩 {len(images)}개",
        )
    columns = min(len(images), columns or len(images))
    rows = math.ceil(len(images) / columns)
    if limits == "shared":
        limits = (min(image.min() for image in images), max(image.max() for image in images))
    shapes = [image.shape[1] / image.shape[0] for image in images]
    figure, axes = plt.subplots(
        rows, columns, squeeze=False, figsize=(columns * height * max(shapes), rows * height + 0.25)
    )
    for axis in axes.flat:
        axis.set_axis_off()
    for i, (axis, image) in enumerate(zip(axes.flat, images, strict=False)):
        low, high = (image.min(), image.max()) if limits == "each" else limits
        axis.imshow(image, vmin=low, vmax=high if high > low else low + 1)
        if titles is not None:
            axis.set_title(titles[i])
        if numbers:
            _write_numbers(axis, image, (low + high) / 2)
    plt.show()


def _drawable(image):
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.size == 0 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise bad_value(
            "images",
            f"an array of shape {image.shape}",
            "(height, width) or (height, width, 1 or 3)",
            "(높이, 너비) 또는 (높이, 너비, 1이나 3) 모양",
        )
    return image


def _write_numbers(axis, image, middle):
    for (y, x), value in np.ndenumerate(image):
        axis.text(
            x,
            y,
            f"{value:g}",
            ha="center",
            va="center",
            color="white" if value < middle else "black",
        )
