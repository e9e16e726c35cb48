"""Right and wrong answers to the exercises of chapter 11."""

import math

import numpy as np
from answers.forms import forms_of, shaped


def shares(labels, predicted, classes):
    return [(predicted[labels == label] == label).mean() for label in range(classes)]


def by_confusion(labels, predicted, classes):
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (labels, predicted), 1)
    return confusion.diagonal() / confusion.sum(axis=1)


def by_list(labels, predicted, classes):
    right, count = [0] * classes, [0] * classes
    for label, answer in zip(labels, predicted, strict=True):
        count[label] += 1
        right[label] += int(label == answer)
    return [share / number for share, number in zip(right, count, strict=True)]


ANSWERS = {
    "11-1": (
        [*forms_of(6_493_738), 65_568 + 12_544 * 512 + 512 + 5_130],
        [
            (1_250_858, "that is for 32×32"),
            (5_003_432, "not everything grows"),
            (65_568 + 16_384 * 512 + 512 + 5_130, "take two pixels off"),
            (65_568 + 14_400 * 512 + 512 + 5_130, "29 is odd"),
            (65_568 + 9_216 * 512 + 512 + 5_130, "12 is twice 6"),
            (6_423_040, "fully connected layer alone"),
            (6_493_216, "have biases, too"),
            (6_493_739, "follow the sizes"),
        ],
    ),
    "11-2": (
        [*forms_of(279_210), 280_106 - 2 * 14 * 32],
        [
            (280_106, "all of them"),
            (279_658, "two numbers"),
            (278_314, "scale and shift"),
            (896, "subtract it"),
            (279_209, "six batch normalizations"),
        ],
    ),
    "11-3": (
        [
            lambda images: images / 127.5 - 1,
            lambda images: (images.astype(int) * 2 - 255) / 255,
            lambda images: (images.astype("float32") - 127.5) / 127.5,
            lambda images: (images / 127.5 - 1).tolist(),
            lambda images: (images / 127.5 - 1).astype(np.float16),
            lambda images: np.interp(images, [0, 255], [-1, 1]),
        ],
        [
            (lambda images: images / 255, "0 to 1"),
            (lambda images: images / 127.5, "0 to 2"),
            (lambda images: images / 128 - 1, "exactly 1"),
            (lambda images: 1 - images / 127.5, "are exchanged"),
            (lambda images: (images / 127.5 - 1).astype(int), "between are lost"),
            (lambda images: (images * 2 - 255) / 255, "starts at 0 again"),
            (lambda images: (images - 128) / 127.5, "starts at 0 again"),
            (lambda images: images.astype(float) - 127.5, "starts at 0 again"),
            (lambda images: images / 255 - 0.5, "the rest lie on a line"),
            (lambda images: images[0] / 127.5 - 1, "wanted shape"),
        ],
    ),
    "11-4": (
        [
            shares,
            by_confusion,
            by_list,
            lambda *given: tuple(shares(*given)),
            lambda *given: np.array(shares(*given), np.float32),
            lambda *given: [round(float(share), 4) for share in shares(*given)],
        ],
        [
            (lambda y, p, n: (y == p).mean(), "one number"),
            (lambda y, p, n: [(y[p == c] == c).mean() for c in range(n)], "precision"),
            (lambda y, p, n: [((y == c) & (p == c)).mean() for c in range(n)], "not by all"),
            (lambda y, p, n: [((y == c) & (p == c)).sum() for c in range(n)], "counts"),
            (lambda y, p, n: [1 - share for share in shares(y, p, n)], "mistakes"),
            (lambda y, p, n: [100 * share for share in shares(y, p, n)], "a percentage"),
            (lambda y, p, n: shares(y, p, n)[::-1], "for each class"),
            (lambda y, p, n: shares(y, p, n - 1), "wanted shape"),
        ],
    ),
    "11-5": (
        [
            *shaped([0.05, 0.0854], np.float32, np.float64, object),
            (1 / 20, 0.1 * (1 + math.cos(math.pi / 4)) / 2),
            [[0.05], [0.08536]],
            [0.05, 0.085],
        ],
        [
            ([0.1, 0.0854], "that is the top"),
            ([0.01, 0.0854], "not 1,000"),
            ([0.05, 0.075], "straight line"),
            ([0.05, 0.0707], "add 1 and halve"),
            ([0.05, 0.05], "were the warm-up"),
            ([0.05, 0.06], "begins at step 200"),
            ([0.05, 0.1 * (1 + math.cos(0.4 * math.pi)) / 2], "begins at step 200"),
            ([0.05, 0.1 * (1 - math.cos(math.pi / 4)) / 2], "take it from the top"),
            ([0.05, 0.1], "step 400"),
            (0.05, "wanted shape"),
        ],
    ),
    "11-6": (
        ["FDBGEA", "FDGBEA", "fdbgea", "F, D, B, G, E, A"],
        [
            ("FDBGCA", "line C is a second step"),
            ("FDBGAE", "is 5.5436; wanted 5.0088"),
            ("FDBGE", "is 1.0; wanted"),
            ("DFBGEA", "Python stops at line F"),
        ],
    ),
}
