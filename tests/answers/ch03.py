"""Right and wrong answers to the exercises of chapter 03."""

import numpy as np
import scipy.signal
from answers.forms import forms_of, shaped
from numpy.lib.stride_tricks import sliding_window_view

from cnnbook import ops


def with_einsum(image, kernel):
    windows = sliding_window_view(image, kernel.shape)
    return np.einsum("yxij,ij->yx", windows, kernel[::-1, ::-1])


def with_four_axes(image, kernel):
    flipped = np.flip(kernel)[..., np.newaxis, np.newaxis]
    return ops.conv2d(image[np.newaxis, ..., np.newaxis], flipped)[0, ..., 0]


def in_place(image, kernel):
    kernel[:] = kernel[::-1, ::-1].copy()
    return ops.correlate2d(image, kernel)


ANSWERS = {
    "03-1": (
        [*forms_of(94), 100 - 7 + 1, len(np.convolve(np.ones(100), np.ones(7), "valid"))],
        [(93, "count the first place"), (100, "how far right"), (106, "how far"), (14, "how far")],
    ),
    "03-2": (
        [
            *shaped([1, 4, 8], np.int8, np.float32, object),
            (1.0, 4.0, 8.0),
            np.convolve([1, 0, 2, 3], [2, 1], "valid"),
            scipy.signal.convolve([1, 0, 2, 3], [2, 1], "valid"),
        ],
        [
            ([2, 2, 7], "cross-correlation"),
            (np.correlate([1, 0, 2, 3], [2, 1], "valid"), "cross-correlation"),
            (np.convolve([1, 0, 2, 3], [2, 1]), "wanted shape (3,)"),
            ([1, 4, 7], "flipped weights"),
            ([[1, 4, 8]], "wanted shape (3,)"),
        ],
    ),
    "03-3": (
        [
            *shaped([[-1, 0, 1]] * 3, np.int8, np.float32),
            [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
            np.array([[0, 0, 0], [-0.1, 0, 0.1], [0, 0, 0]]),
            [[-1, 1, 0]] * 3,
            np.outer([3, 10, 3], [-1, 0, 1]) / 16,
        ],
        [
            (np.ones((3, 3)), "even area"),
            ([[1, 0, -1]] * 3, "brighter to the right"),
            ([[-1, -1, -1], [0, 0, 0], [1, 1, 1]], "horizontal edge"),
            ([[0, 0, 0], [-1, 1, 0], [0, 0, 1]], "even area"),
            ([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], "horizontal edge"),
            ([[-1, 2, -1]] * 3, "brighter to the right"),
            (np.zeros((3, 3)), "brighter to the right"),
            ([-1, 0, 1], "wanted shape (3, 3)"),
        ],
    ),
    "03-4": (
        [
            lambda image, kernel: ops.correlate2d(image, kernel[::-1, ::-1]),
            lambda image, kernel: ops.correlate2d(image, np.rot90(kernel, 2)).astype(float),
            lambda image, kernel: scipy.signal.convolve2d(image, kernel, mode="valid"),
            lambda image, kernel: scipy.signal.fftconvolve(image, kernel, mode="valid"),
            lambda image, kernel: with_einsum(image, kernel).tolist(),
            with_four_axes,
            in_place,
        ],
        [
            (ops.correlate2d, "that is the cross-correlation"),
            (lambda image, kernel: ops.correlate2d(image, kernel[::-1]), "one axis only"),
            (lambda image, kernel: ops.correlate2d(image, kernel[:, ::-1]), "one axis only"),
            (lambda image, kernel: ops.correlate2d(image, kernel.T), "wanted shape"),
            (lambda image, kernel: scipy.signal.convolve2d(image, kernel), "wanted shape"),
            (lambda image, kernel: -with_einsum(image, kernel), "along both axes"),
            (with_einsum(np.ones((6, 7)), np.ones((2, 3))), "the function itself"),
            (lambda image: image, "stopped with TypeError"),
        ],
    ),
    "03-5": (
        [*forms_of(14_400), (28 - 5 + 1) ** 2 * 25],
        [
            (19_600, "does not fit"),
            (576, "number of places"),
            (24 * 24 * 5, "places down"),
            (23 * 23 * 25, "places down"),
        ],
    ),
    "03-6": (
        ["FCGBEA", "FGCBEA", "f, g, c, b, e, a", [*"FCGBEA"]],
        [
            ("FGCDEA", "line D leaves out the last place"),
            ("FCBEA", "array([27, 54, 18]); wanted array([24, 57, 24])"),
            ("FBGCEA", "Python stops at line G"),
            ("ABCDEFG", "Python stops at line A"),
        ],
    ),
}
