"""Remake book/_assets/cover.png, the front page's picture, with the code of chapter 03."""

import numpy as np
from PIL import Image

from cnnbook import datasets, ops
from tools import ROOT

COVER = ROOT / "book" / "_assets" / "cover.png"


def cover():
    """Return the strip of four pictures as a (height, width) uint8 array."""
    photograph = datasets.load("photographs")["camera"].astype("float32")[None] / 255
    masks = np.zeros((3, 3, 1, 2), "float32")
    masks[1, 0, 0, 0] = masks[0, 1, 0, 1] = -1
    masks[1, 1, 0, :] = 1
    vertical, horizontal = np.moveaxis(
        np.abs(ops.conv2d(photograph, masks, padding="same"))[0], 2, 0
    )
    maps = [vertical, horizontal, np.hypot(vertical, horizontal)]
    # Three times the difference, at most white: dark edges would not show in a small picture.
    panels = [photograph[0, ..., 0]] + [np.minimum(3 * feature_map, 1) for feature_map in maps]
    gap = np.ones((320, 8))
    strip = [piece for panel in panels for piece in (panel[60:380, 90:410], gap)][:-1]
    # 16 greys are enough for the eye and make half the file.
    return ((np.hstack(strip) * 15).round() * 17).astype(np.uint8)


if __name__ == "__main__":
    Image.fromarray(cover()).save(COVER, optimize=True)
    print(COVER)
