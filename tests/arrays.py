"""Arrays that the tests of the operations share: exact values, and every way to lie in memory."""

import numpy as np


def whole_numbers(random, shape, dtype=np.float32, largest=8):
    return random.integers(-largest, largest, shape, endpoint=True).astype(dtype)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


LAYOUTS = {
    "transposed": lambda a: a.T.copy().T,
    "Fortran order": np.asfortranarray,
    "negative strides": lambda a: a[::-1, ::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1, ::-1],
    "sliced": lambda a: np.repeat(np.repeat(a, 2, axis=1), 3, axis=2)[:, ::2, ::3],
    "channels first": lambda a: np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 3, 1)), 1, 3),
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "read-only": read_only,
    "broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
    "list": lambda a: a.tolist(),
}
