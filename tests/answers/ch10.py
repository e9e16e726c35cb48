"""Right and wrong answers to the exercises of chapter 10."""

from collections import Counter

import numpy as np
from answers.forms import forms_of
from sklearn.metrics import confusion_matrix


def with_bincount(labels, predicted, classes):
    cells = np.bincount(labels * classes + predicted, minlength=classes**2)
    return cells.reshape(classes, classes)


def with_loop(labels, predicted, classes):
    matrix = [[0] * classes for _ in range(classes)]
    for label, answer in zip(labels, predicted, strict=True):
        matrix[label][answer] += 1
    return matrix


def with_counter(labels, predicted, classes):
    pairs = Counter(zip(labels.tolist(), predicted.tolist(), strict=True))
    return [[pairs[i, j] for j in range(classes)] for i in range(classes)]


def cell_by_cell(labels, predicted, classes):
    matrix = np.zeros((classes, classes), int)
    for i in range(classes):
        for j in range(classes):
            matrix[i, j] = ((labels == i) & (predicted == j)).sum()
    return matrix


def flat_then_shaped(labels, predicted, classes):
    counts = [0] * classes**2
    for cell in labels * classes + predicted:
        counts[cell] += 1
    return np.reshape(counts, (classes, classes))


def assigned_once(labels, predicted, classes):
    matrix = np.zeros((classes, classes))
    matrix[labels, predicted] += 1
    return matrix


def hits(matrix):
    return np.diag(matrix)


def with_where(matrix):
    answered = matrix.sum(axis=0)
    return np.divide(hits(matrix), answered, out=np.zeros(len(matrix)), where=answered > 0)


def precision_loop(matrix):
    shares = []
    for k in range(len(matrix)):
        answered = sum(row[k] for row in matrix)
        shares.append(matrix[k][k] / answered if answered else 0)
    return shares


def without_care(matrix):
    with np.errstate(invalid="ignore"):
        return hits(matrix) / matrix.sum(axis=0)


ANSWERS = {
    "10-1": (
        [*forms_of(75), 100 * (0.08 - 0.02) / 0.08],
        [
            (6, "how many points"),
            (0.98 * 100 - 92, "how many points"),
            (0.75, "as a percentage"),
            (25, "that is left"),
            (6.5, "count errors instead"),
            (300, "not by those after"),
            (60, "by what part of 0.08"),
        ],
    ),
    "10-2": (
        forms_of(1_625_866),
        [
            (1_199_882, "the count for 28×28"),
            (2_117_386, "the sides shrink"),
            (6_442_762, "halves both sides"),
            (1_605_632, "one layer"),
            (1_605_760, "one layer alone"),
            (1_625_632, "biases are missing"),
            (1_607_050, "convolutions are missing"),
            (1_624_576, "last layer is missing"),
            (1_625_867, "follow the side"),
        ],
    ),
    "10-3": (
        [
            with_bincount,
            with_loop,
            with_counter,
            cell_by_cell,
            flat_then_shaped,
            lambda labels, predicted, classes: confusion_matrix(
                labels, predicted, labels=range(classes)
            ),
            lambda labels, predicted, classes: (
                np.eye(classes)[labels].T @ np.eye(classes)[predicted]
            ),
            lambda labels, predicted, classes: np.histogram2d(
                labels, predicted, bins=classes, range=[(0, classes), (0, classes)]
            )[0],
        ],
        [
            (
                lambda labels, predicted, classes: with_bincount(predicted, labels, classes),
                "swapped",
            ),
            (assigned_once, "counts only once"),
            (
                lambda labels, predicted, classes: confusion_matrix(
                    labels, predicted, labels=range(classes), normalize="all"
                ),
                "do not divide",
            ),
            (
                lambda labels, predicted, classes: confusion_matrix(labels, predicted),
                "wanted shape",
            ),
            (
                lambda labels, predicted, classes: np.diag(
                    np.bincount(labels[labels == predicted], minlength=classes)
                ),
                "the cells add up to",
            ),
            (
                lambda labels, predicted, classes: with_bincount(labels, predicted, classes)[::-1],
                "cell (i, j)",
            ),
            (lambda labels, predicted: 1, "your function stopped"),
        ],
    ),
    "10-4": (
        [
            lambda matrix: hits(matrix) / np.maximum(matrix.sum(axis=0), 1),
            lambda matrix: np.nan_to_num(without_care(matrix)),
            with_where,
            precision_loop,
        ],
        [
            (without_care, "divides by 0"),
            (lambda matrix: hits(matrix) / matrix.sum(axis=1), "accuracy of each class"),
            (lambda matrix: hits(matrix) / matrix.sum(), "not of everything"),
            (hits, "divide one by the other"),
            (lambda matrix: matrix.sum(axis=0), "divide one by the other"),
            (lambda matrix: 100 * with_where(matrix), "not a percentage"),
            (lambda matrix: 1 - with_where(matrix), "the diagonal, divided"),
            (lambda matrix: matrix / np.maximum(matrix.sum(axis=0), 1), "wanted shape (3,)"),
        ],
    ),
    "10-5": (
        forms_of(8),
        [
            (4, "after two poolings"),
            (2, "multiply, do not add"),
            (3, "multiply, do not add"),
            (6, "multiply, do not add"),
            (16, "there is a smaller one"),
            (1, "a pooling of stride 2 halves it"),
        ],
    ),
    "10-6": (
        ["FDBEA", "fdbea", "F, D, B, E, A"],
        [
            ("FDBCA", "line C divides by the columns"),
            ("FDBAE", "Python stops at line E"),
            ("FDBA", "[3.0, 1.0, 2.0]"),
        ],
    ),
}
