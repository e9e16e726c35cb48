"""Exercise checks accept every right answer in any form, and meet a wrong one with a hint.

A new exercise needs a row in ANSWERS: right answers in several forms, and at least three wrong
answers that a learner may well give, each with a word of the hint it should meet.
"""

import fractions
import pkgutil
import re

import numpy as np
import pytest
import scipy.signal
from numpy.lib.stride_tricks import sliding_window_view

import cnnbook.check
from cnnbook import ops
from cnnbook.check import check

for module in pkgutil.iter_modules(cnnbook.check.__path__):
    cnnbook.check.find(f"{module.name[2:]}-1")  # registers the chapter's exercises
EXERCISES = sorted(cnnbook.check._CHECKS)


def forms_of(number):
    """One number in the forms that a cell may come up with."""
    return [
        number,
        float(number),
        fractions.Fraction(number),
        [number],
        (number,),
        np.int32(number),
        np.float32(number),
        np.array(number),
        np.array([[number]], np.float64),
        np.array(number, object),
    ]


def shaped(answer, *types):
    """One array in the forms that a cell may come up with."""
    return [answer, np.array(answer).tolist(), *(np.array(answer, type) for type in types)]


def with_einsum(image, kernel):
    windows = sliding_window_view(image, kernel.shape)
    return np.einsum("yxij,ij->yx", windows, kernel[::-1, ::-1])


def with_four_axes(image, kernel):
    flipped = np.flip(kernel)[..., np.newaxis, np.newaxis]
    return ops.conv2d(image[np.newaxis, ..., np.newaxis], flipped)[0, ..., 0]


def in_place(image, kernel):
    kernel[:] = kernel[::-1, ::-1].copy()
    return ops.correlate2d(image, kernel)


def over_white(rgba):
    alpha = rgba[..., 3:]
    return alpha * rgba[..., :3] + (1 - alpha)


def centre(image):
    side = min(image.shape[:2])
    y, x = ((length - side) // 2 for length in image.shape[:2])
    return image[y : y + side, x : x + side]


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


SHAPES = [[10, 480, 640, 3], [5, 7, 3, 16]]
TO_FIRST = (0, 3, 1, 2)

# exercise: (right answers, [(wrong answer, a part of its hint), ...])
ANSWERS = {
    "00-1": (
        [*forms_of(5), np.mean([2, 4, 9])],
        [(15, "that is the sum"), (4, "divide by 3"), (7.5, "divide by 3"), (-5, "divide by 3")],
    ),
    "02-1": (
        [*forms_of(786_432), 64 * 32 * 32 * 3 * 4, np.zeros((64, 32, 32, 3), np.float32).nbytes],
        [
            (196_608, "how many bytes"),
            (1_572_864, "float64"),
            (262_144, "three channels"),
            (12_288, "one image"),
            (786_433, "images × height"),
        ],
    ),
    "02-2": (
        [
            SHAPES,
            tuple(map(tuple, SHAPES)),
            np.array(SHAPES),
            np.array(SHAPES, float),
            [np.empty(SHAPES[0], np.uint8).shape, np.empty(SHAPES[1]).shape],
        ],
        [
            ([[10, 640, 480, 3], SHAPES[1]], "height comes before width"),
            ([[10, 3, 480, 640], SHAPES[1]], "channels_first"),
            ([SHAPES[0], [7, 5, 3, 16]], "kernels: height comes before width"),
            ([SHAPES[0], [5, 7, 16, 3]], "input channels come before"),
            ([SHAPES[0], [16, 5, 7, 3]], "last axis"),
            (SHAPES[::-1], "compare each number"),
            (SHAPES[0], "pass two shapes"),
        ],
    ),
    "02-3": (
        [
            lambda images: np.moveaxis(images, -1, 1),
            lambda images: images.transpose(TO_FIRST),
            lambda images: np.array([[image[..., c] for c in range(3)] for image in images], float),
            lambda images: np.einsum("nyxc->ncyx", images).tolist(),
        ],
        [
            (lambda images: images, "wanted shape"),
            (lambda images: images.reshape(2, 3, 4, 5), "reshape keeps"),
            (lambda images: np.swapaxes(images, 1, 3), "have changed places"),
            (lambda images: images.transpose(TO_FIRST)[:, ::-1], "not in their places"),
        ],
    ),
    "02-4": (
        [
            lambda image: np.clip(image.astype(int) + 100, 0, 255).astype(np.uint8),
            lambda image: np.minimum(image, 155) + np.uint8(100),
            lambda image: np.where(image > 155, 255, image + 100.0).astype(np.uint8),
        ],
        [
            (lambda image: image + np.uint8(100), "wrapped round"),
            (lambda image: image.astype(int) + 100, "brighter than 255"),
            (lambda image: np.clip(image + np.uint8(100), 0, 255), "wrapped round"),
            (lambda image: np.minimum(image.astype(int) + 100, 255), "their type is int64"),
            (lambda image: image, "100 brighter"),
        ],
    ),
    "02-5": (
        [
            over_white,
            lambda rgba: 1 - rgba[..., 3:] * (1 - rgba[..., :3]),
            lambda rgba: over_white(rgba.astype(np.longdouble)).astype(np.float64),
            lambda rgba: over_white(rgba).tolist(),
        ],
        [
            (lambda rgba: rgba[..., :3], "alpha is cut off"),
            (lambda rgba: rgba[..., 3:] * rgba[..., :3], "over black"),
            (lambda rgba: (1 - rgba[..., 3:]) * rgba[..., :3] + rgba[..., 3:], "alpha 1 must"),
            (lambda rgba: rgba[..., 3:] * rgba[..., :3] + (1 - rgba[..., 3:]) * 255, "not 255"),
            (lambda rgba: over_white(rgba).mean(axis=-1), "wanted shape"),
            (lambda rgba: over_white(rgba) / 2, "alpha × colour"),
        ],
    ),
    "02-6": (
        [
            centre,
            lambda image: centre(image.astype(float)),
            lambda image: centre(image).tolist(),
            lambda image: centre(image[::-1, ::-1])[::-1, ::-1],  # the odd pixel on the other side
        ],
        [
            (lambda image: image, "wanted 4×4"),
            (lambda image: image[: min(image.shape[:2]), : min(image.shape[:2])], "in the middle"),
            (lambda image: centre(image).transpose(1, 0, 2), "in the middle"),
            (lambda image: centre(image)[..., 0], "wanted shape"),
        ],
    ),
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
            ([1, 4, 8, 6], "one zero behind"),
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
}

RIGHT = [(name, answer) for name, (right, _) in ANSWERS.items() for answer in right]
WRONG = [(name, *row) for name, (_, wrong) in ANSWERS.items() for row in wrong]


def fails(*arguments):
    raise RuntimeError("from the reader's own function")


# What no exercise can take: never a traceback, always a hint.
UNUSABLE = {
    "text": "94 places",
    "word for a number": "ninety-four",
    "empty text": "",
    "empty list": [],
    "ragged list": [[1], [1, 2]],
    "list with None": [None, 1, 2],
    "dictionary": {"answer": 94},
    "set": {94},
    "object": object(),
    "complex number": 94 + 1j,
    "complex array": np.array([1 + 1j, 4, 7]),
    "not a number": float("nan"),
    "infinity": float("inf"),
    "huge integer": 10**400,
    "list of huge integers": [10**400, 0, 0],
    "too many axes": np.zeros((2, 2, 2, 2, 2)),
    "no numbers": np.array(["a", "b", "c"]),
    "type": int,
    "function that fails": fails,
    "function without parameters": lambda: 1,
    "function that returns nothing": lambda *arguments: None,
    "function that returns text": lambda *arguments: "text",
    "function that returns a ragged list": lambda *arguments: [[1], [1, 2]],
    "function that returns a dictionary": lambda *arguments: {"answer": 1},
    "function that returns a function": lambda *arguments: fails,
}


def told(capsys, name, answer):
    """Return what check prints below its first line, after that line was found as it must be."""
    check(name, answer)
    printed = capsys.readouterr()
    assert printed.err == ""
    first, _, hint = printed.out.partition("\n")
    assert first == f"{name}: not right yet"
    assert re.search("[가-힣]", hint), hint
    assert re.search("[a-z]{2} [a-z]", hint), hint
    return hint


def test_every_exercise_has_rows():
    assert sorted(ANSWERS) == EXERCISES
    for name, (right, wrong) in ANSWERS.items():
        assert len(right) >= 3, name
        assert len(wrong) >= 3, name


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right_answers(capsys, name, answer):
    check(name, answer)
    assert capsys.readouterr().out == f"{name}: correct\n"


@pytest.mark.parametrize(("name", "answer", "hint"), WRONG)
def test_wrong_answers(capsys, name, answer, hint):
    assert hint in told(capsys, name, answer)


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("name", EXERCISES)
def test_unusable_answers_meet_a_hint(capsys, name, answer):
    told(capsys, name, answer)


@pytest.mark.parametrize("name", EXERCISES)
def test_not_answered_yet(capsys, name):
    check(name, None)
    assert capsys.readouterr().out == f"{name}: not answered yet\n"


@pytest.mark.parametrize("name", ["03-99", "99-1", "03", "3-1", "", "math-1", 3, None, "../03-1"])
@pytest.mark.parametrize("answer", [None, 94])
def test_unknown_exercise(name, answer):
    with pytest.raises(ValueError, match=r"^name: got .* wanted an exercise such as") as raised:
        check(name, answer)
    assert re.search("[가-힣]", str(raised.value))
