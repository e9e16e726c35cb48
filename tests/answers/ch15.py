"""Right and wrong answers to the exercises of chapter 15."""

import math

import numpy as np
from answers.forms import shaped

EVERY = (0, 1, 2)


def learned(train, test):
    return (test - train.mean(axis=EVERY)) / train.std(axis=EVERY)


def own(train, test):
    return (test - test.mean(axis=EVERY)) / test.std(axis=EVERY)


def together(train, test):
    both = np.concatenate([train, test])
    return (test - both.mean(axis=EVERY)) / both.std(axis=EVERY)


def fold(kernel, bias, gamma, beta, mean, variance, epsilon=0.001):
    scale = gamma / np.sqrt(variance + epsilon)
    return kernel * scale, (bias - mean) * scale + beta


def fold_by_basis(kernel, bias, *rest):
    """What the two layers answer to zeros is the bias; to a single 1, a row of the kernel more."""
    gamma, beta, mean, variance = rest
    inputs = np.concatenate([np.zeros((1, len(kernel))), np.eye(len(kernel))])
    outputs = gamma * (inputs @ kernel + bias - mean) / np.sqrt(variance + 0.001) + beta
    return outputs[1:] - outputs[0], outputs[0]


def with_kernel(change):
    return lambda *given: (change(*given), fold(*given)[1])


def with_bias(change):
    def folded(kernel, bias, gamma, beta, mean, variance):
        scale = gamma / np.sqrt(variance + 0.001)
        return kernel * scale, change(bias, beta, mean, scale)

    return folded


ANSWERS = {
    "15-1": (
        [*shaped([500, 6912, 3], np.int32, np.float32, object), (500, 48 * 48 * 3, 3)],
        [
            ([1500, 6912, 3], "its three channels share"),
            ([1, 6912, 3], "a mean of its own"),
            ([500, 2304, 3], "has three channels"),
            ([500, 3072, 3], "not 32×32"),
            ([500, 3_456_000, 3], "all 500 images share"),
            ([500, 6912, 1500], "all images share"),
            ([500, 6912, 1], "do not share"),
            ([3, 6912, 500], "multiply the lengths"),
            ([500, 6912], "wanted shape"),
        ],
    ),
    "15-2": (
        [
            learned,
            lambda train, test: (test - train.mean(EVERY)) / (train.std(EVERY) + 1e-7),
            lambda train, test: (test - train.mean(EVERY)) / train.std(EVERY, ddof=1),
            lambda train, test: learned(train, test).tolist(),
            lambda train, test: learned(train, test).astype(np.float16),
            lambda train, test: np.stack(
                [(test[..., c] - train[..., c].mean()) / train[..., c].std() for c in range(3)], -1
            ),
        ],
        [
            (own, "own mean"),
            (together, "in your mean, too"),
            (lambda train, test: (test - train.mean(0)) / train.std(0), "by feature"),
            (lambda train, test: (test - train.mean()) / train.std(), "one mean for all"),
            (lambda train, test: (test - train.mean(EVERY)) / train.var(EVERY), "the variance"),
            (lambda train, test: test - train.mean(EVERY), "now divide"),
            (lambda train, test: test / train.std(EVERY), "subtract the mean first"),
            (lambda train, test: learned(train, train), "wanted shape"),
            (lambda train, test: test / 255, "for each channel"),
        ],
    ),
    "15-3": (
        [*shaped([99, 0.7], np.float32, object), (99, math.sqrt(93 / 192)), [[99], [0.696]]],
        [
            ([100, 0.7], "costs one"),
            ([192, 0], "cannot spread"),
            ([93, 0.7], "stay empty"),
            ([191, 0.7], "not the features"),
            ([98, 0.7], "add up to 0"),
            ([99, 93 / 192], "square root"),
            ([99, math.sqrt(99 / 192)], "that are right"),
            ([99, 0.516], "that are right"),
            ([99, math.sqrt(92 / 192)], "192 - 99"),
            ([99, math.sqrt(93)], "number of features"),
            ([99, 0], "no epsilon"),
            ([99, 0.95], "the root of the share"),
            (99, "wanted shape"),
        ],
    ),
    "15-4": (
        [*shaped([6.34, 459], np.float32, object), (10 * (1 - 0.99**100), 459), [[6.3397], [459]]],
        [
            ([3.66, 459], "still missing"),
            ([0.634, 459], "the share"),
            ([10 * (1 - 0.9**100), 459], "is 0.99"),
            ([6.3, 459], "one hundredth"),
            ([6.34, 458], "still below"),
            ([6.34, 458.2], "first whole"),
            ([6.34, 44], "is 0.99"),
            ([6.34, 460], "one step before"),
            ([6.34, 100], "first whole"),
            (6.34, "wanted shape"),
        ],
    ),
    "15-5": (
        [
            fold,
            fold_by_basis,
            lambda *given: list(fold(*given)),
            lambda *given: tuple(part.tolist() for part in fold(*given)),
            lambda *given: tuple(part.astype(np.float32) for part in fold(*given)),
        ],
        [
            (
                with_kernel(lambda k, b, g, be, m, v: (k.T * g / np.sqrt(v + 0.001)).T),
                "not each row",
            ),
            (with_kernel(lambda k, b, g, be, m, v: k * g / (v + 0.001)), "root is missing"),
            (lambda *given: fold(*given, epsilon=0), "epsilon is missing"),
            (with_kernel(lambda k, b, g, be, m, v: k / np.sqrt(v + 0.001)), "gamma is missing"),
            (with_kernel(lambda k, *rest: k), "still the old one"),
            (with_bias(lambda b, be, m, s: b), "still the old one"),
            (with_bias(lambda b, be, m, s: b * s + be), "mean is missing"),
            (with_bias(lambda b, be, m, s: (b - m) * s), "beta is missing"),
            (with_bias(lambda b, be, m, s: be - m * s), "own bias is missing"),
            (with_bias(lambda b, be, m, s: b * s - m + be), "mean is scaled"),
            (with_bias(lambda b, be, m, s: (b - m + be) * s), "beta is not scaled"),
            (with_bias(lambda b, be, m, s: 0 * b), "one layer must answer"),
            (lambda *given: fold(*given)[0], "return two things"),
        ],
    ),
    "15-6": (
        ["DFBAE", "DFBEA", "dfbae", "D, F, B, A, E"],
        [
            ("DFBEC", "line C takes the mean and the deviation of the test samples"),
            ("DFEBA", "name 'deviation' is not defined"),
            ("DBFAE", "[-0.6, -0.41]"),
            ("DFBE", "[2.0, 30.0]"),
        ],
    ),
}
