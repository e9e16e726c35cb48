"""What a data set is, and the checksum of its arrays: below `datasets` and `generated`, which make them."""

import dataclasses
import hashlib

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images in two parts: what a model learns from, and what it is judged by.

    x_train, x_test: (images, height, width, channels) uint8; y_train, y_test: (images,) int64, the
    place of each image's class in class_names. name: what `load` was asked for. origin: where the
    arrays came from, with a SHA-256 checksum.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    name: str = ""
    origin: str = ""


def checksum(*arrays):
    """Return the SHA-256 of arrays, their types and shapes included, in hexadecimal."""
    made = hashlib.sha256()
    for array in arrays:
        array = np.ascontiguousarray(array)
        made.update(f"{array.dtype.str} {array.shape} ".encode())
        made.update(array.reshape(-1).view(np.uint8))
    return made.hexdigest()
