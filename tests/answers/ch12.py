"""Right and wrong answers to the exercises of chapter 12."""

import numpy as np
from answers.forms import forms_of, shaped


def cover(image, row, column, size, fill):
    covered = np.array(image)
    covered[row : row + size, column : column + size] = fill
    return covered


def cover_by_mask(image, row, column, size, fill):
    rows, columns = np.indices(image.shape[:2])
    inside = (rows >= row) & (rows < row + size) & (columns >= column) & (columns < column + size)
    return np.where(inside[..., None], fill, image)


def cover_itself(image, row, column, size, fill):
    image[row : row + size, column : column + size] = fill
    return image


def cover_first_channel(image, row, column, size, fill):
    covered = image.copy()
    covered[row : row + size, column : column + size, 0] = fill
    return covered


def peak(heat, size):
    row, column = np.unravel_index(np.argmax(heat), heat.shape)
    return (row + 0.5) * size / len(heat), (column + 0.5) * size / len(heat)


def peak_of(change):
    def answer(heat, size):
        place = np.array(np.unravel_index(heat.argmax(), heat.shape))
        return change(place, size / len(heat))

    return answer


ANSWERS = {
    "12-1": (
        [*shaped([[5, 0], [0, 3]], np.int8, np.float32, object), ((5.0, 0), (0, 3))],
        [
            ([[5, -4], [0, 3]], "cut off"),
            ([[7, 4], [4, 5]], "second weight is negative"),
            ([[2, 0], [0, 1]], "weigh each map"),
            ([[6, 0], [2, 4]], "second map is missing"),
            ([[1, 0], [0, 0.6]], "do not divide"),
            ([[0, 0], [0, 3]], "cell by cell"),
            ([5, 0, 0, 3], "wanted shape"),
        ],
    ),
    "12-2": (
        [cover, cover_by_mask, lambda *a: cover(*a).tolist(), lambda *a: cover(*a).astype(float)],
        [
            (cover_itself, "changed the image itself"),
            (cover_first_channel, "all channels"),
            (lambda image, *rest: image.copy(), "nothing is covered"),
            (lambda i, r, c, s, f: cover(i, c, r, s, f), "row comes first"),
            (lambda i, r, c, s, f: cover(i, r, c, s + 1, f), "one too large"),
            (lambda i, r, c, s, f: cover(i, r - 1, c - 1, s, f), "not the middle"),
            (lambda i, r, c, s, f: cover(i, r, c, s, 0), "all get fill"),
            (lambda i, r, c, s, f: cover(i, r, c, s, f)[..., 0], "wanted shape"),
            (7, "without brackets"),
        ],
    ),
    "12-3": (
        [
            peak,
            lambda heat, size: np.array(peak(heat, size)),
            lambda heat, size: [int(number) for number in peak(heat, size)],
            peak_of(lambda place, cell: place * cell + cell / 2),
            peak_of(lambda place, cell: place * cell + (cell - 1) / 2),
        ],
        [
            (peak_of(lambda place, cell: place), "not the pixel"),
            (peak_of(lambda place, cell: place * cell), "the cell's corner"),
            (lambda heat, size: peak(heat, size)[::-1], "row first"),
            (peak_of(lambda place, cell: (place + 1) * cell), "not a whole one"),
            (lambda heat, size: peak(heat, size)[0], "wanted shape"),
            (lambda heat, size: (size / 2, size / 2), "is around"),
            (peak(np.eye(2), 4), "without brackets"),
        ],
    ),
    "12-4": (
        [*forms_of(2)],
        [(1, "same shortcut"), (3, "same marks"), (4, "hides the symptom"), (5, "wanted one of")],
    ),
    "12-5": (
        ["FCABE", "FCAEB", "fcabe", "F, C, A, B, E"],
        [
            ("FCDBE", "line D averages over the places"),
            ("FCEAB", "[[0.4, 0.067], [1.0, 0.533]]"),
            ("FCBAE", "[[0.25, 0.0], [1.25, 0.167]]"),
            ("CFABE", "name 'alpha' is not defined"),
        ],
    ),
}
