"""Right and wrong answers to the exercises of chapter 18."""

import numpy as np
from answers.forms import forms_of


def centre_of_mass(ink):
    rows, columns = (np.arange(size) + 0.5 for size in ink.shape)
    return np.average(rows, weights=ink.sum(axis=1)), np.average(columns, weights=ink.sum(axis=0))


def centre_by_indices(ink):
    return (np.indices(ink.shape) * ink).sum(axis=(1, 2)) / ink.sum() + 0.5


def centre_in_a_loop(ink):
    total = row = column = 0.0
    for (i, j), value in np.ndenumerate(ink):
        total += value
        row += value * (i + 0.5)
        column += value * (j + 0.5)
    return [row / total, column / total]


def box_middle(ink):
    inked = np.argwhere(ink > 0)
    return (inked.min(axis=0) + inked.max(axis=0) + 1) / 2


def code_accuracy(right):
    return np.reshape(right, (-1, 5)).all(axis=1).mean()


def code_accuracy_in_a_loop(right):
    codes = [right[start : start + 5] for start in range(0, len(right), 5)]
    return sum(all(code) for code in codes) / len(codes)


ANSWERS = {
    "18-1": (
        [*forms_of(197_482), 64_992 + 131_200 + 1_290],
        [
            (594_922, "with 512 units"),
            (64_992 + 131_200 + 5_130, "fewer inputs now"),
            (197_482 - 138, "bias for each unit"),
            (131_200 + 1_290, "add the convolutions"),
            (64_992 + 131_200, "add the last layer"),
            (131_200, "one layer alone"),
            (594_922 / 4, "not every layer"),
            (200_000, "only two layers change"),
        ],
    ),
    "18-2": (
        [0.998, 0.99799, 0.99**0.2, 0.99 ** (1 / 5), [0.998], np.float32(0.998)],
        [
            (0.951, "of a digit at 0.99"),
            (0.99, "less often than a digit"),
            (0.002, "that is the error"),
            (0.198, "multiplied, not added"),
            (99.8, "not a percentage"),
            (0.997, "five digits"),
            (0.9985, "five digits"),
        ],
    ),
    "18-3": (
        [centre_of_mass, centre_by_indices, centre_in_a_loop],
        [
            (lambda ink: centre_of_mass(ink)[::-1], "row first"),
            (lambda ink: centre_by_indices(ink) - 0.5, "i + 0.5"),
            (lambda ink: np.argwhere(ink > 0).mean(axis=0) + 0.5, "by its ink"),
            (box_middle, "bounding box"),
            (lambda ink: np.array(ink.shape) / 2, "middle of the picture"),
            (lambda ink: centre_by_indices(ink) * ink.sum(), "divide by the sum"),
            (lambda ink: centre_of_mass(ink)[0], "return two numbers"),
            (lambda ink: (1, 2), "ink times place"),
        ],
    ),
    "18-4": (
        [
            code_accuracy,
            code_accuracy_in_a_loop,
            lambda right: np.prod(right.reshape(-1, 5), axis=1).mean(),
            lambda right: np.array([code_accuracy(right)]),
        ],
        [
            (lambda right: right.mean(), "accuracy of a digit"),
            (lambda right: right.mean() ** 5, "do not assume"),
            (lambda right: right.reshape(-1, 5).any(axis=1).mean(), "not any"),
            (lambda right: right.reshape(-1, 5).all(axis=1).sum(), "not a count"),
            (lambda right: 1 - code_accuracy(right), "the error"),
            (lambda right: right.reshape(5, -1).all(axis=0).mean(), "five in a row"),
            (lambda right: right.reshape(-1, 5).all(axis=1).sum() / len(right), "number of codes"),
            (lambda right: 0.123, "rows of five"),
        ],
    ),
    "18-5": (
        ["ace", "ACE", "eca", list("ace"), {*"ace"}, ("a", "c", "e"), "ａ, c, e"],
        [
            ("abce", "overfitting"),
            ("acde", "epoch to epoch"),
            ("ac", "another pen"),
            ("a", "another pen"),
            ("xyz", "letters from a"),
            ("", "letters from a"),
        ],
    ),
    "18-6": (
        ["FCDEB", "fcdeb", "F, C, D, E, B"],
        [
            ("FCDAB", "line A leaves out the last row"),
            ("FDCEB", "is (7, 3.545); wanted (4, 1.545)"),
            ("FCDBE", "is (4, 3.545)"),
            ("CFDEB", "is (7, 3.51)"),
        ],
    ),
}
