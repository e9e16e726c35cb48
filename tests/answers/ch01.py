"""Right and wrong answers to the exercises of chapter 01."""

import fractions

import numpy as np
from answers.forms import forms_of
from scipy import ndimage


def box_of(mask):
    rows, columns = np.nonzero(mask)
    return rows.min(), columns.min(), rows.max() + 1, columns.max() + 1


def box_by_slices(mask):
    ((rows, columns),) = ndimage.find_objects(mask.astype(int))
    return [rows.start, columns.start, rows.stop, columns.stop]


TASKS = ["segmentation", "classification", "localization", "classification"]

ANSWERS = {
    "01-1": (
        [
            1 / 7,
            0.14,
            0.143,
            fractions.Fraction(1, 7),
            [2 / 14],
            np.float32(1 / 7),
            np.array([[1 / 7]]),
        ],
        [
            (2, "area in common"),
            (2 / 16, "count the common part twice"),
            (0.25, "not by one of them"),
            (7, "upside down"),
            (0.5, "count cells"),
        ],
    ),
    "01-2": (
        [
            TASKS,
            tuple(TASKS),
            np.array(TASKS),
            ["Segmentation", "classification", "Localisation", "classification"],
            ["분할", "분류", "위치 찾기", "분류"],
        ],
        [
            (["localization", *TASKS[1:]], "number 1: an area in pixels"),
            ([TASKS[0], "localization", *TASKS[2:]], "number 2: one answer"),
            ([*TASKS[:2], "segmentation", TASKS[3]], "number 3: a frame"),
            ([*TASKS[:3], "localization"], "number 4: the digit fills"),
            (TASKS[:3], "four words"),
            (["detection", *TASKS[1:]], "the words are"),
            ([3, 1, 2, 1], "a word in quotes"),
        ],
    ),
    "01-3": (
        [*forms_of(10), 5 + 1 + 2 * 2],
        [(8, "2 pixels apart"), (11, "not for itself"), (30, "do not multiply"), (9, "start at 1")],
    ),
    "01-4": (
        [*forms_of(20_384), 28 * 28 * (5 * 5 + 1)],
        [
            (26, "with sharing"),
            (19_600, "count a bias"),
            (19_601, "not one bias for all"),
            (803_600, "fully connected layer"),
            (26_624, "places of the output"),
            (7_840, "places of the output × (weights"),
        ],
    ),
    "01-5": (
        [*forms_of(14), int(np.ceil((28 - 1) / 2))],
        [
            (13, "one too few"),
            (13.5, "half a layer"),
            (28 / 3, "adds 2 pixels"),
            (15, "adds 2 pixels"),
        ],
    ),
    "01-6": (
        [
            box_of,
            lambda mask: np.array(box_of(mask), float),
            lambda mask: list(box_of(mask)),
            box_by_slices,
        ],
        [
            (lambda mask: tuple(np.array(box_of(mask)) - (0, 0, 1, 1)), "add 1"),
            (lambda mask: tuple(np.array(box_of(mask))[[1, 0, 3, 2]]), "rows come first"),
            (
                lambda mask: (*box_of(mask)[:2], *np.subtract(box_of(mask)[2:], box_of(mask)[:2])),
                "height, width",
            ),
            (lambda mask: box_of(mask)[:2], "wanted shape (4,)"),
            (lambda mask: (0, 0, *mask.shape), "for a mask with rows"),
            ((2, 4, 7, 9), "the function itself"),
        ],
    ),
    "01-7": (
        ["DGFEAB", "dgfeab", "D, G, F, E, A, B"],
        [
            ("DGCEAB", "line C begins at the input"),
            ("DGFAEB", "is 24; wanted 15"),
            ("DGFAB", "is 11; wanted 15"),
            ("GDFEAB", "Python stops at line G"),
        ],
    ),
}
