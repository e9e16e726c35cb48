"""Right and wrong answers to the exercises of chapter 19."""

import numpy as np
from answers.forms import forms_of


def combine(gradients, sizes):
    some = sizes > 0
    return np.tensordot(sizes[some], gradients[some], axes=1) / sizes.sum()


def combine_in_a_loop(gradients, sizes):
    total = 0
    for gradient, size in zip(gradients, sizes, strict=True):
        if size:
            total = total + size * gradient
    return total / sum(sizes)


def combine_by_average(gradients, sizes):
    return np.average(gradients[sizes > 0], axis=0, weights=sizes[sizes > 0])


def combine_by_shares(gradients, sizes):
    known = np.where(np.isnan(gradients), 0, gradients)
    return np.einsum("d,d...->...", sizes / sizes.sum(), known).tolist()


def empty_devices_too(gradients, sizes):
    return np.tensordot(sizes, gradients, axes=1) / np.sum(sizes)


ANSWERS = {
    "19-1": (
        [0.25, [0.25], np.float32(0.25), (3 * 4 + 5 * -2) / 8, 1 / 4],
        [
            (1, "weigh each mean"),
            (2, "divide by all"),
            (1.75, "second device has 5"),
            (2.75, "negative"),
            (0.5, "then divide by 8"),
        ],
    ),
    "19-2": (
        [*forms_of(150_000_000), 1.5e8],
        [
            (100_000_000, "gradient once"),
            (75_000_000, "round twice"),
            (200_000_000, "3 are sent"),
            (600_000_000, "all four send"),
            (37_500_000, "not bytes"),
            (25_000_000, "bytes, and twice"),
            (150, "not megabytes"),
            (7, "4 bytes per parameter"),
        ],
    ),
    "19-3": (
        [combine, combine_in_a_loop, combine_by_average, combine_by_shares],
        [
            (lambda gradients, sizes: np.mean(gradients, axis=0), "plain mean"),
            (lambda gradients, sizes: np.tensordot(sizes, gradients, axes=1), "all the images"),
            (
                lambda gradients, sizes: np.tensordot(sizes, gradients, axes=1) / len(sizes),
                "not by the devices",
            ),
            (lambda gradients, sizes: np.sum(gradients, axis=0), "plain sum"),
            (empty_devices_too, "may hold nan"),
            (lambda gradients, sizes: gradients[0], "weigh each device"),
            (lambda gradients, sizes: gradients, "wanted shape"),
            (0.25, "without brackets"),
        ],
    ),
    "19-4": (
        [*forms_of(778_752), 13 * 13 * 9 * 16 * 32],
        [
            (4608, "one place"),
            (14 * 14 * 4608, "SAME"),
            (26 * 26 * 4608, "stride is 2"),
            (28 * 28 * 4608, "smaller than the input"),
            (169 * 144, "32 filters"),
            (169 * 9 * 32, "16 channels"),
            (2 * 778_752, "count as one"),
            (1000, "places of the output"),
        ],
    ),
    "19-5": (
        ["BEDFA", "bedfa", "B, E, D, F, A"],
        [
            ("BEDFC", "line C takes the plain mean"),
            ("BEFDA", "Python stops at line F"),
            ("BEDFAC", "line C takes the plain mean"),
            ("EDFA", "name 'counts' is not defined"),
        ],
    ),
}
