"""Right and wrong answers to the exercises of chapter 14."""

import math

import numpy as np
from answers.forms import forms_of


def mirror(images, coins):
    result = images.copy()
    result[coins] = images[coins][:, :, ::-1]
    return result


def mirror_in_a_loop(images, coins):
    pairs = zip(images, coins, strict=True)
    return [np.fliplr(image) if coin else image for image, coin in pairs]


def mirror_where(images, coins):
    return np.where(coins[:, None, None, None], images[:, :, ::-1], images)


def mirror_in_place(images, coins):
    images[coins] = images[coins, :, ::-1]
    return images


def chosen(flip):
    return lambda images, coins: np.where(coins[:, None, None, None], flip(images), images)


def channel_shift(image, amounts):
    return np.clip(image.astype(int) + amounts, 0, 255).astype(np.uint8)


def channel_shift_in_a_loop(image, amounts):
    result = image.copy()
    for channel, amount in enumerate(amounts):
        wide = image[..., channel].astype(np.int16) + amount
        result[..., channel] = np.minimum(np.maximum(wide, 0), 255)
    return result


ANSWERS = {
    "14-1": (
        [15 / 360, [15 / 360], np.float32(15 / 360), 0.0417, 0.04167, -15 / 360],
        [
            (15, "not in degrees"),
            (15 / 180, "360 degrees, not 180"),
            (0.15, "not a percentage"),
            (math.radians(15), "radians"),
            (24, "other way around"),
            (0.1, "what share of a whole turn"),
        ],
    ),
    "14-2": (
        [*forms_of(984_897), 978_496 + 5 * 5 * 256 + 1],
        [
            (991_041, "that is for 180×180"),
            (978_496, "last layer is missing"),
            (984_896, "has a bias, too"),
            (978_496 + 6 * 6 * 256 + 1, "15 is odd"),
            (978_496 + 9 * 9 * 256 + 1, "there is no padding"),
            (6_401, "last layer alone"),
            (984_898, "follow the sizes"),
        ],
    ),
    "14-3": (
        [
            mirror,
            mirror_in_a_loop,
            mirror_where,
            mirror_in_place,
            lambda images, coins: mirror(images, coins).tolist(),
            lambda images, coins: mirror(images, coins).astype("float32"),
        ],
        [
            (lambda images, coins: images, "nothing is flipped"),
            (lambda images, coins: images[:, :, ::-1], "ask each coin"),
            (chosen(lambda images: images[:, ::-1]), "upside down"),
            (chosen(lambda images: images[..., ::-1]), "channels are reversed"),
            (chosen(lambda images: images[:, ::-1, ::-1]), "180 degrees"),
            (lambda images, coins: mirror(images, ~coins), "wrong half"),
            (lambda images, coins: images[::-1], "changed places"),
            (chosen(lambda images: np.roll(images, 1, axis=2)), "width - 1 - x"),
            (lambda images, coins: images[coins], "wanted shape"),
        ],
    ),
    "14-4": (
        [
            channel_shift,
            channel_shift_in_a_loop,
            lambda image, amounts: np.uint8(np.clip(image + amounts, 0, 255)),
            lambda image, amounts: np.clip(image + 1.0 * amounts, 0, 255).astype("uint8"),
        ],
        [
            (lambda image, amounts: (image + amounts).astype(np.uint8), "there 256 is 0 again"),
            (lambda image, amounts: np.clip(image + amounts, 0, 255), "it is int64"),
            (lambda image, amounts: channel_shift(image, amounts).tolist(), "it is list"),
            (lambda image, amounts: image.astype(int) + amounts, "cut off"),
            (lambda image, amounts: channel_shift(image, amounts[0]), "amount of its own"),
            (lambda image, amounts: channel_shift(image, -amounts), "do not subtract"),
            (lambda image, amounts: channel_shift(image, amounts[::-1]), "another order"),
            (lambda image, amounts: image, "nothing has changed"),
            (lambda image, amounts: np.clip(image + amounts, 0, 255.0), "back into uint8"),
            (lambda image, amounts: channel_shift(image, amounts / 2), "add amounts[c]"),
            (lambda image, amounts: channel_shift(image, amounts)[..., 0], "wanted shape"),
        ],
    ),
    "14-5": (
        forms_of(1200),
        [
            (300, "without any flip"),
            (600, "there are two"),
            (900, "both ways at once"),
            (12_000, "many are the same"),
            (48_000, "flips run out"),
            (24_000, "flips run out"),
            (1_000, "two coins"),
        ],
    ),
    "14-6": (
        ["FDCEAG", "fdceag", "F, D, C, E, A, G"],
        [
            ("FDCEAB", "line B pushes pixels forward"),
            ("FDCEG", "[[8, 2, 5], [7, 1, 4], [9, 3, 6]]"),
            ("FDECAG", "Python stops at line E"),
        ],
    ),
}
