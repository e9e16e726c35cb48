"""Right and wrong answers to the exercises of chapter 04."""

import itertools

import numpy as np
import scipy.signal
from answers.forms import forms_of, shaped
from numpy.lib.stride_tricks import sliding_window_view

from cnnbook import ops


def strided(image, kernel, stride, padding):
    return ops.correlate2d(np.pad(image, padding), kernel)[::stride, ::stride]


def strided_with_conv2d(image, kernel, stride, padding):
    maps = ops.conv2d(
        image[np.newaxis, ..., np.newaxis],
        kernel[..., np.newaxis, np.newaxis],
        strides=stride,
        padding=padding,
    )
    return maps[0, ..., 0].tolist()


def strided_by_hand(image, kernel, stride, padding):
    empty = [0] * padding
    rows = [empty + list(row) + empty for row in image.tolist()]
    wide = [[0] * len(rows[0])] * padding
    rows = wide + rows + wide
    high, broad = len(kernel), len(kernel[0])
    return [
        [
            sum(kernel[i][j] * rows[y + i][x + j] for i in range(high) for j in range(broad))
            for x in range(0, len(rows[0]) - broad + 1, stride)
        ]
        for y in range(0, len(rows) - high + 1, stride)
    ]


def strided_in_a_frame(image, kernel, stride, padding):
    height, width = image.shape
    framed = np.zeros((height + 2 * padding, width + 2 * padding))
    framed[padding : padding + height, padding : padding + width] = image
    rows = (framed.shape[0] - kernel.shape[0]) // stride + 1
    columns = (framed.shape[1] - kernel.shape[1]) // stride + 1
    result = np.empty((rows, columns))
    for y, x in itertools.product(range(rows), range(columns)):
        window = framed[y * stride :, x * stride :][: kernel.shape[0], : kernel.shape[1]]
        result[y, x] = (window * kernel).sum()
    return result


def strided_windows(image, kernel, stride, padding):
    padded = np.pad(image, ((padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, kernel.shape)[::stride, ::stride]
    return np.einsum("yxij,ij->yx", windows, kernel)


ANSWERS = {
    "04-1": (
        [*forms_of(17), (30 + 2 * 4 - 5) // 2 + 1, ops.output_size(30, 5, 2, 4)],
        [
            (16, "count the first place"),
            (17.5, "round the quotient down"),
            (13, "without the padding"),
            (15, "on both sides"),
            (34, "with stride 1"),
            (19, "divide by the stride"),
        ],
    ),
    "04-2": (
        [*shaped([2, 3], np.int8, np.float32, object), (2, 3), (2.0, 3.0)],
        [
            ([3, 2], "NumPy's side"),
            ([3, 3], "with 6 zeros"),
            ([2.5, 2.5], "evenly as whole numbers"),
            ([0, 5], "evenly as whole numbers"),
            (5, "wanted shape (2,)"),
        ],
    ),
    "04-3": (
        [
            *shaped([1, 4, 8, 3], np.int8, np.float32, object),
            np.convolve([1, 0, 2, 3, 0], [2, 1], "valid"),
        ],
        [
            ([2, 1, 4, 8], "stands in front"),
            (np.correlate([1, 0, 2, 3], [1, 2], "same"), "stands in front"),
            ([2, 2, 7, 6], "weights are flipped"),
            ([1, 4, 8], "wanted shape (4,)"),
            ([1, 4, 8, 6], "one zero after"),
        ],
    ),
    "04-4": (
        [[4, 4, 0], (5, 4, 1), *shaped([4, 4, 0], np.int8, np.float32, object)],
        [
            ([3, 4, 0], "no window meets"),
            ([5, 4, 2], "no window meets 1"),
            ([2, 2, 0], "this gives 14×14"),
            ([4, 4, 4], "0 <= p < k"),
            ([7, 4, 1], "1 <= k <= 5"),
            ([4.5, 4, 0], "whole numbers"),
            ([4, 4], "wanted shape (3,)"),
        ],
    ),
    "04-5": (
        [
            strided,
            strided_with_conv2d,
            strided_by_hand,
            strided_in_a_frame,
            strided_windows,
            lambda i, k, s, p: strided(i, k, s, p).astype(np.float32),
            lambda i, k, s, p: scipy.signal.correlate2d(np.pad(i, p), k, "valid")[::s, ::s],
        ],
        [
            (lambda i, k, s, p: strided(i, k, 1, p), "both skip"),
            (lambda i, k, s, p: strided(i, k, 1, p)[::s], "both skip"),
            (lambda i, k, s, p: strided(i, k[::-1, ::-1], s, p), "not flipped"),
            (lambda i, k, s, p: strided(i, k, s, 0), "all four sides"),
            (lambda i, k, s, p: strided(i, k, s, (0, p)), "all four sides"),
            (lambda i, k, s, p: strided(np.pad(i, p)[::s, ::s], k, 1, 0), "not in the image"),
            (lambda i, k, s, p: strided(i, k, s, p) + 1, "the numbers are not"),
            (lambda i, k: i, "stopped with TypeError"),
        ],
    ),
    "04-6": (
        [*forms_of(9), (3 - 1) * 4 + 1],
        [(12, "two gaps"), (8, "first pixel too"), (11, "3 pixels free"), (7, "how many gaps")],
    ),
    "04-7": (
        ["FCEBA", "fceba", "F, C, E, B, A"],
        [
            ("FCEDA", "line D puts the odd zero in front"),
            ("FCEBAD", "[0, 27, 41, 21]"),
            ("CFEBA", "name 'places' is not defined"),
        ],
    ),
}
