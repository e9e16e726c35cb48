"""Right and wrong answers to the exercises of chapter 06."""

import numpy as np
from answers.forms import forms_of, shaped
from numpy.lib.stride_tricks import sliding_window_view

from cnnbook import ops


def one_at(row, column):
    array = np.zeros((4, 4), dtype=int)
    array[row, column] = 1
    return array


def average_blocks(image, size):
    height, width = image.shape[0] // size, image.shape[1] // size
    whole = image[: height * size, : width * size]
    return whole.reshape(height, size, width, size).mean(axis=(1, 3))


ANSWERS = {
    "06-1": (
        [*forms_of(13), (28 - 3) // 2 + 1, ops.output_size(28, 3, 2)],
        [
            (13.5, "round down"),
            (12, "first place too"),
            (14, "half the size"),
            (9, "stride 3"),
            (26, "stride 1"),
            (27, "rounded down, plus 1"),
        ],
    ),
    "06-2": (
        [
            *shaped([[-1, -5], [-7, -8]], int, float, np.int8),
            np.array([[-1, -5], [-7, -8]], object),
        ],
        [
            ([[-1, 0], [0, 0]], "zeros have won"),
            ([[0, 0], [0, -1]], "zeros have won"),
            ([[-4, -2], [-3, -1]], "above and left"),
            ([[-1, -1], [-1, -1]], "third column"),
            ([[-4, -6], [-9, -8]], "smallest numbers"),
            ([[-1, -2], [-3, -4], [-7, -8]], "wanted shape (2, 2)"),
            ([[-1]], "wanted shape (2, 2)"),
            ([[1, 5], [7, 8]], "choose the largest of each"),
        ],
    ),
    "06-3": (
        [
            lambda image, size: ops.pool2d_loop(image, size, size, np.mean),
            lambda image, size: ops.pool2d(
                image[np.newaxis, ..., np.newaxis], size, mode="average"
            )[0, ..., 0],
            lambda image, size: ops.pool2d_loop(image, size, size, np.mean).tolist(),
            lambda image, size: sliding_window_view(image, (size, size))[::size, ::size].mean(
                axis=(2, 3)
            ),
            average_blocks,
        ],
        [
            (lambda image, size: ops.pool2d_loop(image, size, size), "max pooling"),
            (lambda image, size: ops.pool2d_loop(image, size, size, np.sum), "divide by the count"),
            (lambda image, size: ops.pool2d_loop(image, size, 1, np.mean), "wanted shape"),
            (lambda image, size: ops.pool2d_loop(image, 2, 2, np.mean), "wanted shape"),
            (lambda image, size: image[::size, ::size], "mean of each"),
            (lambda image, size: ops.pool2d_loop(image, size, size, np.median), "mean of each"),
            (
                lambda image, size: image.reshape(
                    image.shape[0] // size, size, image.shape[1] // size, size
                ).mean(axis=(1, 3)),
                "stopped with ValueError",
            ),
            (lambda image, size: image.mean(), "wanted shape"),
            (lambda image: image, "stopped with TypeError"),
        ],
    ),
    "06-4": (
        [
            *shaped(one_at(1, 0), int, float, bool),
            one_at(1, 2),
            one_at(3, 0),
            one_at(3, 2),
        ],
        [
            (one_at(0, 0), "stays in its window"),
            (one_at(2, 2), "stays in its window"),
            (one_at(1, 1), "leaves its window"),
            (one_at(0, 3), "leaves its window"),
            (one_at(1, 0) + one_at(3, 2), "a single 1"),
            (2 * one_at(1, 0), "a single 1"),
            (np.zeros((4, 4)), "a single 1"),
            (1 - one_at(1, 0), "a single 1"),
            (np.eye(2), "wanted shape (4, 4)"),
        ],
    ),
    "06-5": (
        [
            [True, False, True, False],
            (1, 0, 1, 0),
            np.array([True, False, True, False]),
            [1.0, 0.0, 1.0, 0.0],
        ],
        [
            ([False, False, True, False], "statement 1"),
            ([True, True, True, False], "statement 2"),
            ([True, False, False, False], "statement 3"),
            ([True, False, True, True], "statement 4"),
            ([1, 2, 3, 4], "four values, each"),
            ([True, False, True], "wanted shape (4,)"),
        ],
    ),
    "06-6": (
        [*forms_of(330), 32 * 10 + 10],
        [
            (320, "biases too"),
            (15_690, "flattening"),
            (15_680, "flattening"),
            (500, "not over the 32 maps"),
            (352, "one bias per output"),
            (42, "one bias per output"),
        ],
    ),
    "06-7": (
        ["DACFB", "DCAFB", "DCFAB", "D, A, C, F, B"],
        [
            ("DACFE", "line E divides by 4 in every window"),
            ("CDAFB", "Python stops at line B"),
            ("ADCFB", "name 'real' is not defined"),
            ("DACF", "wanted [[2.5, 7.0], [6.0, 9.0]]"),
        ],
    ),
}
