"""Draw the drills of the page that is practiced on: one small question each, as the sheets draw theirs.

The page draws them too, in book/_assets/lab/practice.js: the same numbers and the same answers from
the same drill and seed, which tests/test_practice.py compares. A drill asks for a part of a sheet's
exercise where there is one. Answers are exact: integers, or fractions.
"""

import dataclasses
import math
from fractions import Fraction

import numpy as np

from cnnbook import ops
from tools.teaching import sheets
from tools.teaching.sheets import Draw, Exercise, until


def part(exercise, name, given, answers):
    """Return a drill that gives and asks for some of what an exercise has."""
    return dataclasses.replace(exercise, name=name, given=given, answers=answers)


def exact(values):
    """Return numbers of few decimals as fractions: a sheet computes them in floating point."""
    if np.ndim(values):
        return [exact(value) for value in values]
    return Fraction(float(values)).limit_denominator(1000)


# --- the drills: each takes a Draw ------------------------------------------------------------


def iou(draw):
    def boxes():
        top, left = draw.integer(0, 2), draw.integer(0, 2)
        height, width = draw.integer(2, 4), draw.integer(2, 4)
        down, right = draw.integer(-1, 2), draw.integer(-1, 2)
        other_height, other_width = draw.integer(2, 4), draw.integer(2, 4)
        corner = (max(0, top + down), max(0, left + right))
        return np.array(
            [
                (top, left, top + height, left + width),
                (*corner, corner[0] + other_height, corner[1] + other_width),
            ]
        )

    def shared(boxes):
        return np.minimum(*boxes[:, 2:]) - np.maximum(*boxes[:, :2])

    boxes = until(boxes, lambda two: (shared(two) > 0).all() and (two[0] != two[1]).any())
    both = shared(boxes).prod()
    either = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1).sum() - both
    return Exercise("iou", 1, {"boxes": boxes}, {"iou": Fraction(int(both), int(either))})


def receptive_field(draw):
    layers = np.array([(draw.integer(2, 5), draw.integer(1, 2)) for _ in range(3)])
    field, jump = 1, 1
    for window, stride in layers:
        field += (window - 1) * jump
        jump *= stride
    return Exercise("receptive_field", 1, {"layers": layers}, {"field": field})


def first_value(draw):
    # Values that differ, so that the answer shows whether the weights were flipped.
    made = until(
        lambda: sheets.one_dimension(draw),
        lambda one: one.answers["convolution"][0] != one.answers["cross_correlation"][0],
    )
    answers = {label: values[0] for label, values in made.answers.items()}
    return part(made, "first_value", made.given, answers)


def two_dimensions(draw):
    made = sheets.two_dimensions(draw)
    row, column = draw.integer(0, 2), draw.integer(0, 2)
    value = made.answers["feature_map"][row, column]
    return dataclasses.replace(made, answers={"value": value}, told={"row": row, "column": column})


def output_size(draw):
    made = sheets.sizes(draw)
    size, window, stride, padding = draw.one_of(made.given["rows"])
    return Exercise(
        "output_size",
        made.chapter,
        {},
        {"side": ops.output_size(size, window, stride, padding)},
        {"size": size, "window": window, "stride": stride, "padding": padding},
    )


def same_padding(draw):
    size, window, stride = draw.integer(5, 32), draw.integer(2, 6), draw.integer(1, 3)
    places = ops.output_size(size, window, stride, "same")
    zeros = max((places - 1) * stride + window - size, 0)
    return Exercise(
        "same_padding",
        4,
        {},
        {"before": zeros // 2, "after": zeros - zeros // 2},
        {"size": size, "window": window, "stride": stride},
    )


def multiply_adds(draw):
    side, window = draw.one_of((8, 10, 12, 14, 16)), draw.one_of((3, 5))
    channels, filters = draw.one_of((1, 3, 4)), draw.one_of((2, 4, 8, 10))
    padding = draw.one_of(("valid", "same"))
    places = ops.output_size(side, window, 1, padding) ** 2
    return Exercise(
        "multiply_adds",
        5,
        {},
        {"multiply_adds": places * filters * window * window * channels},
        {
            "side": side,
            "channels": channels,
            "window": window,
            "filters": filters,
            "padding": padding,
        },
    )


def pooling_backward(draw):
    made = sheets.pooling_backward(draw)
    given = {
        "window": made.given["feature_map"][:2, :2],
        "gradient": made.given["gradient"][0, 0],
    }
    answers = {mode: values[:2, :2] for mode, values in made.answers.items()}
    return part(made, "pooling_backward", given, answers)


def kernel_gradient(draw):
    made = sheets.learning_step(draw)
    given = {
        "image": made.given["image"],
        "output_gradient": made.answers["output_gradient"],
    }
    answers = {label: made.answers[label] for label in ("kernel_gradient", "bias_gradient")}
    return part(made, "kernel_gradient", given, answers)


def training_steps(draw):
    images, batch = 10 * draw.integer(20, 200), draw.one_of((16, 32, 64, 128))
    epochs = draw.integer(2, 10)
    return Exercise(
        "training_steps",
        8,
        {},
        {"epoch": math.ceil(images / batch), "all": math.ceil(images / batch) * epochs},
        {"images": images, "batch": batch, "epochs": epochs},
    )


def stacked(draw):
    layers, channels = draw.integer(2, 4), draw.one_of((4, 8, 10, 16, 20))
    window = 2 * layers + 1
    return Exercise(
        "stacked",
        13,
        {},
        {"small": layers * 9 * channels**2, "large": window**2 * channels**2},
        {"layers": layers, "channels": channels, "window": window},
    )


def standardization(draw):
    made = sheets.batch_norm(draw)
    labels = ("mean", "deviation", "normalized")
    answers = {label: exact(made.answers[label]) for label in labels}
    return part(made, "standardization", {"values": made.given["values"]}, answers)


def batch_norm(draw):
    made = sheets.batch_norm(draw)
    return part(made, "batch_norm", made.given, {"output": exact(made.answers["output"])})


def all_right(draw):
    percent, digits = draw.one_of((50, 60, 70, 80, 90)), draw.integer(2, 5)
    return Exercise(
        "all_right",
        18,
        {},
        {"probability": Fraction(percent, 100) ** digits},
        {"percent": percent, "digits": digits},
    )


def weighted_gradient(draw):
    def shares():
        return draw.array((2, 2), 1, 9) * (8, 1)  # images of a device, its gradient

    def decided(rows):
        return rows[0, 0] != rows[1, 0] and rows[0, 1] != rows[1, 1]

    devices = until(shares, decided)
    images, gradients = devices.T
    return Exercise(
        "weighted_gradient",
        19,
        {"devices": devices},
        {"gradient": Fraction(int(images @ gradients), int(images.sum()))},
    )


# In the order of the code that carries a reader's progress: a new drill goes to the end.
DRILLS = {
    drill.__name__: drill
    for drill in (
        *(iou, receptive_field, first_value, two_dimensions, sheets.padding_and_stride),
        *(output_size, same_padding, sheets.channels, sheets.parameters, multiply_adds),
        *(sheets.pooling, pooling_backward, kernel_gradient, training_steps, stacked),
        *(standardization, batch_norm, all_right, weighted_gradient),
    )
}


def drawn(name, seed):
    """Return a drill's Exercise for a seed, an integer of at least 0."""
    return DRILLS[name](Draw(name, seed))
