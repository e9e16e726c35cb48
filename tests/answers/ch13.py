"""Right and wrong answers to the exercises of chapter 13."""

import numpy as np
from answers.forms import forms_of

from cnnbook import ops


def relu(x):
    return np.where(x > 0, x, 0)


def add_then_relu(x, f):
    total = np.asarray(f(x)) + x
    total[total < 0] = 0
    return total


ANSWERS = {
    "13-1": (
        [*forms_of(663_936), 384 * (3 * 3 * 192 + 1), 2 * ops.conv2d_parameter_count(3, 192, 192)],
        [
            (1_327_488, "half of the maps"),
            (331_968, "one of the two groups"),
            (663_552, "has a bias, too"),
            (663_744, "384 biases are not"),
            (192, "count one filter"),
        ],
    ),
    "13-2": (
        [*forms_of(51_200), 10 * 10 * 512],
        [
            (25_088, "224"),
            (100, "how many are there"),
            (204_800, "five pooling layers, not four"),
            (320 * 320 * 512, "halves the side"),
        ],
    ),
    "13-3": (
        [
            lambda channels: 2 * (9 * channels**2 + 2 * channels),
            lambda c: 18 * c * c + 4 * c,
            lambda c: 2 * ops.conv2d_parameter_count(3, int(c), int(c), use_bias=False) + 4 * c,
            lambda c: float(18 * c**2 + 4 * c),
        ],
        [
            (lambda c: 18 * c**2, "normalization learns, too"),
            (lambda c: 18 * c**2 + 8 * c, "remembered, not learned"),
            (lambda c: 18 * c**2 + 6 * c, "no bias"),
            (lambda c: 9 * c**2 + 2 * c, "two convolutions"),
            (lambda c: 18 * c**2 + 2 * c, "two numbers per channel"),
            (lambda c: 18 * c + 4 * c, "for 16 channels"),
            (4_672, "without brackets"),
            (lambda: 22, "stopped with TypeError"),
        ],
    ),
    "13-4": (
        [
            lambda x, f: np.maximum(x + f(x), 0),
            lambda x, f: relu(f(x) + x),
            add_then_relu,
            lambda x, f: (np.clip(x + f(x), 0, None)).tolist(),
        ],
        [
            (lambda x, f: relu(f(x)), "input is not added"),
            (lambda x, f: x + f(x), "ReLU is missing"),
            (lambda x, f: x + relu(f(x)), "add first, then ReLU"),
            (lambda x, f: relu(x) + relu(f(x)), "one ReLU"),
            (lambda x, f: relu(relu(x) + f(relu(x))), "x itself"),
            (lambda x, f: relu(x * f(x)), "do not multiply"),
            (lambda x, f: relu(x - f(x)), "do not subtract"),
            (lambda x, f: relu(2 * x + f(x)), "wanted ReLU"),
            (lambda x, f: relu(x + f(x)).sum(), "wanted shape"),
            (np.ones((2, 3)), "without brackets"),
        ],
    ),
    "13-5": (
        [[5, 121 / 45], (5, 2.69), np.array([5, 2.6889]), [5.0, 2.68888]],
        [
            ([11, 121 / 45], "adds 2 pixels"),
            ([4, 121 / 36], "see 9×9"),
            ([6, 2.24], "go on until 11"),
            ([5, 13.44], "there are five"),
            ([5, 45 / 121], "the other way around"),
            ([5, 2.42], "ratio: 11"),
            (5, "wanted shape"),
        ],
    ),
    "13-6": (
        ["CGDFAE", "CGDFEA", "cgdfae", "C, G, D, F, A, E"],
        [
            ("CGDBAE", "line B counts the kernel's numbers once"),
            ("CGDAFE", "is 309600; wanted 1238400"),
            ("CGDEFA", "is 2995200"),
            ("GCDFAE", "Python stops at line C"),
        ],
    ),
}
