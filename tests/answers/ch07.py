"""Right and wrong answers to the exercises of chapter 07."""

import numpy as np
import scipy.signal
from answers.forms import forms_of, shaped

from cnnbook import ops

SHAPES = [[16, 28, 28, 3], [5, 5, 3, 8], [8]]
BY_MAX = [[0, 0, 0, 0], [2, 0, 0, -1], [3, 0, 0, 0], [0, 0, 7, 0]]
POOL_INPUT = np.array([[0, 3, 1, 2], [5, 1, 2, 8], [4, 2, 0, 1], [4, 1, 6, 3]])
EVERYWHERE = np.kron([[2, -1], [3, 7]], np.ones((2, 2)))


def relu_in_place(x, grad_output):
    grad_output[x <= 0] = 0
    return grad_output


def relu_by_tensorflow(x, grad_output):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.relu(x)
    return tape.gradient(y, x, output_gradients=tf.constant(grad_output))


def average_with_loop(grad_output, size):
    grad_map = np.zeros((grad_output.shape[0] * size, grad_output.shape[1] * size))
    for (y, x), value in np.ndenumerate(grad_output):
        grad_map[y * size : (y + 1) * size, x * size : (x + 1) * size] = value / size**2
    return grad_map.tolist()


def average_with_ops(grad_output, size):
    images = np.zeros((1, grad_output.shape[0] * size, grad_output.shape[1] * size, 1))
    grad = grad_output[np.newaxis, ..., np.newaxis]
    return ops.pool2d_backward(images, size, grad, mode="average")[0, ..., 0]


def pad_fully(kernel, grad_output):
    height, width = kernel.shape
    return np.pad(grad_output, ((height - 1,) * 2, (width - 1,) * 2))


def by_stamps(kernel, grad_output):
    (height, width), (rows, columns) = kernel.shape, grad_output.shape
    image = np.zeros((rows + height - 1, columns + width - 1))
    for y, x in np.ndindex(rows, columns):
        image[y : y + height, x : x + width] += grad_output[y, x] * kernel
    return image


ANSWERS = {
    "07-1": (
        [*forms_of(5), np.sum([[[1, -2], [0, 3]], [[2, 1], [-1, 1]]])],
        [
            (2, "one of the two images"),
            (3, "one of the two images"),
            (2.5, "do not take the mean"),
            (0.625, "do not take the mean"),
            (11, "minus signs"),
            (8, "all eight numbers"),
        ],
    ),
    "07-2": (
        [
            SHAPES,
            tuple(map(tuple, SHAPES)),
            [*SHAPES[:2], 8],
            [np.array(shape) for shape in SHAPES],
            [np.empty(shape).shape for shape in SHAPES],
        ],
        [
            ([[16, 14, 14, 8], *SHAPES[1:]], "images: that is the output's shape"),
            ([[28, 28, 3], *SHAPES[1:]], "16 images"),
            ([SHAPES[0], [5, 5, 8, 3], [8]], "kernels: input channels come before"),
            ([SHAPES[0], [5, 5, 8], [8]], "input channels, too"),
            ([*SHAPES[:2], [16, 8]], "bias: all images of the batch share"),
            ([*SHAPES[:2], [1]], "bias of its own"),
            ([*SHAPES[:2], [[8], [1, 2]]], "an array of numbers"),
            (SHAPES[:2], "pass three shapes"),
            (SHAPES[::-1], "the shape of what it belongs to"),
        ],
    ),
    "07-3": (
        shaped(BY_MAX, int, float, np.int8),
        [
            (EVERYWHERE / 4, "average pooling"),
            (EVERYWHERE, "only the largest pixel"),
            (POOL_INPUT * (np.array(BY_MAX) != 0), "not the input's"),
            ([*BY_MAX[:2], [0, 0, 0, 0], [3, 0, 7, 0]], "row by row"),
            ([*BY_MAX[:2], [1.5, 0, 0, 0], [1.5, 0, 7, 0]], "row by row"),
            ([*BY_MAX[:2], [3, 0, 0, 0], [3, 0, 7, 0]], "row by row"),
            (BY_MAX[::-1], "largest pixel of each"),
            ([[2, -1], [3, 7]], "wanted shape (4, 4)"),
        ],
    ),
    "07-4": (
        [
            lambda x, grad_output: grad_output * (x > 0),
            lambda x, grad_output: np.where(x > 0, grad_output, 0).tolist(),
            lambda x, grad_output: grad_output * np.heaviside(x, 0),
            lambda x, grad_output: grad_output * np.sign(np.maximum(x, 0)),
            relu_by_tensorflow,
            relu_in_place,
        ],
        [
            (lambda x, grad_output: grad_output, "nothing passes"),
            (lambda x, grad_output: x > 0, "that is the gate"),
            (lambda x, grad_output: np.maximum(grad_output, 0), "sign of the input"),
            (lambda x, grad_output: grad_output * (grad_output > 0), "sign of the input"),
            (lambda x, grad_output: grad_output * np.maximum(x, 0), "the slope there is 1"),
            (lambda x, grad_output: grad_output * (x < 0), "wrong way around"),
            (lambda x, grad_output: grad_output * (x <= 0), "wrong way around"),
            (lambda x, grad_output: np.where(x >= 0, grad_output, 0), "exactly 0"),
            (lambda x, grad_output: grad_output * np.heaviside(x, 0.5), "not half"),
            (lambda x, grad_output: np.maximum(x, 0), "0 elsewhere"),
            (lambda x: x, "your function stopped"),
        ],
    ),
    "07-5": (
        [
            lambda grad_output, size: np.kron(grad_output, np.ones((size, size))) / size**2,
            lambda grad_output, size: grad_output.repeat(size, 0).repeat(size, 1) / (size * size),
            average_with_loop,
            average_with_ops,
        ],
        [
            (lambda grad_output, size: np.kron(grad_output, np.ones((size, size))), "divide"),
            (
                lambda grad_output, size: np.kron(grad_output, np.ones((size, size))) / size,
                "not size",
            ),
            (
                lambda grad_output, size: np.kron(grad_output, np.ones((size, size))) / 4,
                "not always 2×2",
            ),
            (
                lambda grad_output, size: np.tile(grad_output, (size, size)) / size**2,
                "side by side",
            ),
            (
                lambda grad_output, size: np.kron(grad_output, np.eye(size)) / size,
                "all pixels of a window",
            ),
            (lambda grad_output, size: grad_output / size**2, "wanted shape (4, 6)"),
        ],
    ),
    "07-6": (
        [
            lambda k, g: ops.correlate2d(pad_fully(k, g), k[::-1, ::-1]),
            lambda k, g: scipy.signal.convolve2d(g, k),
            lambda k, g: scipy.signal.correlate2d(g, np.rot90(k, 2), mode="full").tolist(),
            by_stamps,
        ],
        [
            (lambda k, g: ops.correlate2d(np.pad(g, 1), k), "not flipped"),
            (lambda k, g: ops.correlate2d(np.pad(g, 1), k[::-1, ::-1]), "wanted shape (6, 7)"),
            (lambda k, g: ops.correlate2d(pad_fully(k, g), k), "not flipped"),
            (lambda k, g: ops.correlate2d(pad_fully(k, g), k[::-1]), "one axis only"),
            (lambda k, g: ops.correlate2d(pad_fully(k, g), k[:, ::-1]), "one axis only"),
            (lambda k, g: scipy.signal.convolve2d(g, k.T)[:5, :6], "the shape is right"),
            (lambda k, g: ops.correlate2d(g, k[::-1, ::-1]), "wanted shape (5, 6)"),
        ],
    ),
    "07-7": (
        ["CFDEA", "FCDEA", "FDCEA", "FDECA", "C, F, D, E, A"],
        [
            ("CFDBA", "line B adds one zero at each end"),
            ("FDEA", "[12.0, -4.0, 11.0, -1.0, 2.0]"),
            ("FEDCA", "Python stops at line D"),
            ("CFDA", "[14.0]"),
        ],
    ),
}
