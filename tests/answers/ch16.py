"""Right and wrong answers to the exercises of chapter 16."""

import numpy as np
from answers.forms import shaped

MEAN = np.array([103.939, 116.779, 123.68])


def in_place(images):
    images += MEAN.astype(images.dtype)
    return images[..., ::-1]


ANSWERS = {
    "16-1": (
        [1_181_189, np.int64(1_181_189), [1_181_189], 1_181_189.0],
        [
            (132_613, "leaves a 3×3 map"),
            (1_179_904, "last layer is missing"),
            (1_180_928, "biases are missing"),
            (1_182_474, "not ten"),
            (15_895_877, "leave it out"),
            (7, "five halvings"),
            ([1, 2], "wanted shape"),
        ],
    ),
    "16-2": (
        [
            *shaped([-53.939, -16.779, 76.32], np.float32, object),
            (-53.94, -16.78, 76.32),
        ],
        [
            ([96.061, -16.779, -73.68], "reverse the channels"),
            ([76.32, -16.779, -53.939], "blue first"),
            ([-73.68, -16.779, 96.061], "in the order B, G, R"),
            ([50, 100, 200], "subtract the means"),
            ([-53.939 / 255, -16.779 / 255, 76.32 / 255], "nothing is divided"),
            ([0, 0, 0], "subtract the means 103"),
            (-53.939, "wanted shape"),
        ],
    ),
    "16-3": (
        [
            lambda images: (images + MEAN)[..., ::-1],
            lambda images: images[..., ::-1] + MEAN[::-1],
            lambda images: np.clip(images + MEAN, 0, 255)[..., ::-1].round().astype(np.uint8),
            in_place,
        ],
        [
            (lambda images: images + MEAN, "still B, G, R"),
            (lambda images: images[..., ::-1], "add the means"),
            (lambda images: images[..., ::-1] + MEAN, "before you reverse"),
            (lambda images: images, "themselves"),
            (lambda images: 0 * images, "last step first"),
            (lambda images: images[0], "wanted shape"),
        ],
    ),
    "16-4": (
        [*shaped([291, 279_136], np.int32, object), (96 * 3 + 3, 279_912 - 776)],
        [
            ([288, 279_136], "has a bias"),
            ([776, 279_136], "eight classes"),
            ([279_427, 279_136], "does not learn"),
            ([194, 279_136], "a bias per class"),
            ([291, 279_912], "old head"),
            ([291, 279_427], "not frozen"),
            ([291, 0], "every parameter"),
            (291, "wanted shape"),
        ],
    ),
    "16-5": (
        [*shaped([90_000, 3000], np.int32, object), (3000 * 30, 3000)],
        [
            ([3000, 3000], "every epoch"),
            ([94, 3000], "not batches"),
            ([2820, 3000], "not batches"),
            ([30, 3000], "pictures times epochs"),
            ([90_000, 0], "go through once"),
            ([90_000, 90_000], "need no base"),
            ([90_000, 30], "each picture once"),
            (90_000, "wanted shape"),
        ],
    ),
    "16-6": (
        ["FBDCE", "FBDEC", "fbdce", "F, B, D, C, E"],
        [
            ("FBADC", "line A divides by 255"),
            ("BFDCE", "[[372.0, 483.0], [236.0, 229.0]]"),
            ("FBEDC", "[60.0, -60.0]"),
            ("BDCE", "the lines run"),
        ],
    ),
}
