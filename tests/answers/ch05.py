"""Right and wrong answers to the exercises of chapter 05."""

import numpy as np
from answers.forms import forms_of, shaped
from numpy.lib.stride_tricks import sliding_window_view

from cnnbook import ops

CONV_SHAPES = [[5, 5, 16, 24], [8, 28, 28, 24]]


def conv_by_channels(image, kernels, bias):
    maps = [
        sum(ops.correlate2d(image[..., c], kernels[..., c, f]) for c in range(image.shape[-1]))
        for f in range(kernels.shape[-1])
    ]
    return np.stack(maps, axis=-1) + bias


def conv_in_loops(image, kernels, bias):
    high, wide, _, filters = kernels.shape
    height, width = len(image) - high + 1, len(image[0]) - wide + 1
    result = np.zeros((height, width, filters))
    for f in range(filters):
        for y in range(height):
            for x in range(width):
                box = image[y : y + high, x : x + wide]
                result[y, x, f] = float((box * kernels[..., f]).sum()) + float(bias[f])
    return result


def conv_in_nested_lists(image, kernels, bias):
    channels, filters = image.shape[-1], kernels.shape[-1]
    per_filter = []
    for f in range(filters):
        total = [[int(bias[f])] * (image.shape[1] - kernels.shape[1] + 1)] * (
            image.shape[0] - kernels.shape[0] + 1
        )
        for c in range(channels):
            total = total + ops.correlate2d(image[:, :, c], kernels[:, :, c, f])
        per_filter.append(total)
    return np.dstack(per_filter)


ANSWERS = {
    "05-1": (
        [*forms_of(9_472), 64 * (7 * 7 * 3 + 1), ops.conv2d_parameter_count(7, 3, 64)],
        [
            (9_408, "has a bias, too"),
            (3_200, "all three channels"),
            (9_600, "not one per channel"),
            (9_409, "not one bias for the whole layer"),
            (148, "multiply by the filters"),
            (9_475, "multiply by the filters"),
        ],
    ),
    "05-2": (
        [
            CONV_SHAPES,
            tuple(map(tuple, CONV_SHAPES)),
            np.array(CONV_SHAPES),
            np.array(CONV_SHAPES, float),
            [np.empty(CONV_SHAPES[0]).shape, np.empty(CONV_SHAPES[1], np.float32).shape],
        ],
        [
            ([[5, 5, 24, 16], CONV_SHAPES[1]], "input channels come before"),
            ([[24, 5, 5, 16], CONV_SHAPES[1]], "last axis"),
            ([[5, 5, 1, 24], CONV_SHAPES[1]], "all 16 channels"),
            ([[8, 5, 5, 24], CONV_SHAPES[1]], "do not depend on the batch"),
            ([[5, 5, 16, 25], CONV_SHAPES[1]], "kernels: compare each"),
            ([CONV_SHAPES[0], [8, 28, 28, 16]], "become the channels"),
            ([CONV_SHAPES[0], [8, 28, 28, 384]], "one map per filter"),
            ([CONV_SHAPES[0], [8, 32, 32, 24]], "smaller than the images"),
            ([CONV_SHAPES[0], [8, 27, 27, 24]], "count the first place"),
            ([CONV_SHAPES[0], [1, 28, 28, 24]], "all 8 of the batch"),
            ([CONV_SHAPES[0], [8, 24, 28, 28]], "maps: compare each"),
            (CONV_SHAPES[::-1], "kernels come first"),
            (CONV_SHAPES[0], "pass two shapes"),
        ],
    ),
    "05-3": (
        [*shaped([9, 12], np.int8, np.float32, object), (9, 12), (9.0, 12.0), [[9, 12]]],
        [
            ([5, 8], "bias is missing"),
            ([13, 16], "not once per channel"),
            ([6, 8], "channel 0 alone"),
            ([7, 8], "channel 1 alone"),
            ([15, 4], "kernel is flipped"),
            ([12, 9], "plus the sum of channel 1"),
            ([[6, 8], [7, 8]], "wanted shape"),
            (9, "wanted shape"),
        ],
    ),
    "05-4": (
        [
            conv_by_channels,
            conv_in_loops,
            conv_in_nested_lists,
            lambda i, k, b: conv_by_channels(i, k, b).astype(np.float32),
            lambda i, k, b: conv_by_channels(i, k, b).tolist(),
            lambda i, k, b: ops.conv2d(i[np.newaxis], k, b)[0],
            lambda i, k, b: ops.conv2d_loop(i[np.newaxis], k)[0] + b,
            lambda i, k, b: (
                np.einsum("yxcij,ijcf->yxf", sliding_window_view(i, k.shape[:2], (0, 1)), k) + b
            ),
        ],
        [
            (lambda i, k, b: conv_by_channels(i, k, 0 * b), "bias is missing"),
            (lambda i, k, b: conv_by_channels(i, k, 3 * b), "not once per channel"),
            (lambda i, k, b: conv_by_channels(i[..., :1], k[:, :, :1], b), "channel 0 alone"),
            (lambda i, k, b: conv_by_channels(i, k / 3, b), "not averaged"),
            (lambda i, k, b: conv_by_channels(i, k[::-1, ::-1], b), "kernel is flipped"),
            (lambda i, k, b: np.moveaxis(conv_by_channels(i, k, b), -1, 0), "on the last axis"),
            (lambda i, k, b: conv_by_channels(i, k, b).sum(axis=-1), "one map per filter"),
            (lambda i, k, b: conv_by_channels(i, k[..., :3], b[:3]), "one map per filter"),
            (lambda i, k, b: conv_by_channels(i, k, b)[np.newaxis], "wanted shape"),
            (lambda i, k, b: conv_by_channels(i, k, b[::-1]), "the numbers are not"),
            (lambda i, k: i, "stopped with TypeError"),
        ],
    ),
    "05-5": (
        [
            *shaped([-0.5, -0.5, 1], np.float32, np.float64, object),
            [-1, 0, 1],
            (0, -2, 2),
            np.array([-0.1, -0.2, 0.3]),
            np.array([-1, -1, 2]).reshape(1, 1, 3, 1),
        ],
        [
            ([0, 0, 1], "add up to 0"),
            ([-1, -1, 1], "add up to 0"),
            ([1, -0.5, -0.5], "pure blue"),
            ([0.5, 0.5, -1], "pure blue"),
            ([0, 0, 0], "pure blue"),
            ([-2, 1, 1], "neither may"),
            ([1, -2, 1], "neither may"),
            ([[-1, 0, 1]] * 3, "wanted shape"),
        ],
    ),
    "05-6": (
        [*forms_of(9), 3 + 3 * 2, 1 + 4 * (3 - 1)],
        [
            (12, "windows overlap"),
            (81, "along one side"),
            (7, "three layers"),
            (11, "add 2 each"),
            (3, "go on"),
        ],
    ),
    "05-7": (
        ["GEFCAB", "gefcab", "G, E, F, C, A, B"],
        [
            ("GEFCADB", "line D adds the bias at every channel"),
            ("GECAB", "Python stops at line A"),
            ("GEFCBA", "IndentationError"),
            ("EGFCAB", "Python stops at line G"),
        ],
    ),
}
