"""Reading pictures, as skimage.io."""

import numpy as np
from PIL import Image


def imread(path):
    """Return the picture in a file as an array of uint8, (height, width) or (height, width, channels)."""
    with Image.open(path) as picture:
        return np.asarray(picture)
