"""Right and wrong answers to the exercises of chapter 02."""

import numpy as np
from answers.forms import forms_of


def over_white(rgba):
    alpha = rgba[..., 3:]
    return alpha * rgba[..., :3] + (1 - alpha)


def centre(image):
    side = min(image.shape[:2])
    y, x = ((length - side) // 2 for length in image.shape[:2])
    return image[y : y + side, x : x + side]


SHAPES = [[10, 480, 640, 3], [5, 7, 3, 16]]


TO_FIRST = (0, 3, 1, 2)


ANSWERS = {
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
            (SHAPES[::-1], "images come first"),
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
            (lambda image: image + np.uint8(100), "wrapped around"),
            (lambda image: image.astype(int) + 100, "brighter than 255"),
            (lambda image: np.clip(image + np.uint8(100), 0, 255), "wrapped around"),
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
            (lambda rgba: over_white(rgba) / 2, "alpha × color"),
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
    "02-7": (
        ["BDFCE", "DBFCE", "bdfce", "B, D, F, C, E"],
        [
            ("BAFCE", "line A puts the width before the height"),
            ("DFBCE", "wanted [[[244, 222, 210], [83, 179, 251]]]"),
            ("BFDCE", "Python stops at line C"),
            ("BDFC", "0.95686"),
        ],
    ),
}
