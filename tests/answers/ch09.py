"""Right and wrong answers to the exercises of chapter 09."""

import keras
import numpy as np
from answers.forms import forms_of
from keras import layers


def conv(**options):
    return layers.Conv2D(**{"filters": 24, "kernel_size": 5, "use_bias": False, **options})


def used_elsewhere():
    layer = conv(strides=2, padding="same")
    layer.build((None, 10, 10, 7))
    return layer


def network(*middle, shape=(28, 28, 1), last="softmax"):
    return keras.Sequential([keras.Input(shape), *middle, layers.Dense(10, activation=last)])


def two_convolutions():
    return [
        layers.Conv2D(4, 3),
        layers.MaxPooling2D(3),
        layers.Conv2D(8, 3),
        layers.MaxPooling2D(3),
    ]


def functional():
    inputs = keras.Input((28, 28, 1))
    x = layers.MaxPooling2D(4)(layers.Conv2D(8, 3)(inputs))
    x = layers.GlobalMaxPooling2D()(layers.Conv2D(16, 3)(x))
    return keras.Model(inputs, layers.Softmax()(layers.Dense(10)(x)))


def nested():
    inner = keras.Sequential([keras.Input((28, 28, 1)), *two_convolutions(), layers.Flatten()])
    return network(inner)


def by_loop(history):
    best = 1
    for epoch, loss in enumerate(history["val_loss"], start=1):
        if loss < history["val_loss"][best - 1]:
            best = epoch
    return best


def gradient_in_place(grad_output, rate, numbers):
    grad_output /= 1 - rate
    grad_output[numbers < rate] = 0
    return grad_output


ANSWERS = {
    "09-1": (
        [*forms_of(106_922), 1_216 + 4_640 + 100_416 + 650],
        [
            (106_800, "the biases are missing"),
            (137_642, "the first convolution is valid"),
            (106_122, "three channels"),
            (102_602, "all 16 maps"),
            (80_298, "the second convolution is same"),
            (1_612_202, "pooling halves"),
            (5_856, "go on"),
            (106_272, "layer by layer"),
        ],
    ),
    "09-2": (
        [
            conv(strides=2, padding="same"),
            conv(strides=(2, 2), padding="same", kernel_size=(5, 5), activation="relu"),
            conv(dilation_rate=4),
            used_elsewhere(),
        ],
        [
            (conv(strides=2), "look at strides"),
            (conv(padding="same"), "look at strides"),
            (conv(strides=2, padding="same", use_bias=True), "1,824 parameters"),
            (conv(strides=2, padding="same", kernel_size=3), "5×5"),
            (conv(strides=2, padding="same", filters=16), "wanted 24"),
            (conv(strides=2, padding="same", groups=3), "all three channels"),
            (conv(data_format="channels_first"), "channels_last"),
            (layers.Dense(24), "pass a layer"),
            (layers.Conv2D, "pass a layer"),
            ({"filters": 24, "kernel_size": 5}, "pass a layer"),
        ],
    ),
    "09-3": (
        [*forms_of(46_922), 160 + 4_128 + 8_448 + 32_896 + 1_290],
        [
            (5_576_522, "with Flatten"),
            (440_138, "pooling strides of 2"),
            (38_474, "still has parameters"),
            (211_786, "not 26 × 26"),
            (46_666, "have biases"),
            (8_448, "add the others"),
            (46_921, "only the first fully connected layer changes"),
        ],
    ),
    "09-4": (
        [
            lambda history: int(np.argmin(history["val_loss"])) + 1,
            lambda history: np.argmin(history["val_loss"]) + 1,
            lambda history: history["val_loss"].index(min(history["val_loss"])) + 1,
            by_loop,
        ],
        [
            (lambda history: np.argmin(history["val_loss"]), "count from 1"),
            (lambda history: min(history["val_loss"]), "that is the loss"),
            (lambda history: np.argmin(history["loss"]) + 1, "not at loss"),
            (lambda history: len(history["val_loss"]), "not at loss"),
            (lambda history: np.argmax(history["val_accuracy"]) + 1, "highest accuracy"),
            (
                lambda history: len(history["val_loss"]) - np.argmin(history["val_loss"][::-1]),
                "the first one counts",
            ),
            (lambda history: np.argmax(history["val_loss"]) + 2, "the lowest is in epoch 1"),
            (lambda: 2, "your function stopped"),
            (2, "pass the function itself"),
        ],
    ),
    "09-5": (
        [
            lambda grad_output, rate, numbers: grad_output * (numbers >= rate) / (1 - rate),
            lambda g, rate, numbers: np.where(numbers < rate, 0, g / (1 - rate)).tolist(),
            lambda g, rate, numbers: (1 - (numbers < rate)) * g * (1 / (1 - rate)),
            gradient_in_place,
        ],
        [
            (lambda g, rate, numbers: g * (numbers >= rate), "1 / (1 - rate) times"),
            (lambda g, rate, numbers: g * (numbers >= rate) * (1 - rate), "do not multiply"),
            (lambda g, rate, numbers: g / (1 - rate), "gets nothing"),
            (lambda g, rate, numbers: g, "gets nothing"),
            (lambda g, rate, numbers: (numbers >= rate) / (1 - rate), "that is the slope"),
            (lambda g, rate, numbers: g * (numbers >= rate) / rate, "1 - rate"),
            (lambda g, rate, numbers: g * (numbers < rate) / (1 - rate), "wrong way around"),
            (
                lambda g, rate, numbers: (
                    g * (np.random.default_rng(1).random(g.shape) >= rate) / (1 - rate)
                ),
                "use the given numbers",
            ),
            (lambda g, rate, numbers: g[numbers >= rate] / (1 - rate), "wanted shape (6, 8)"),
        ],
    ),
    "09-6": (
        [
            network(*two_convolutions(), layers.Flatten()),
            network(*two_convolutions(), layers.GlobalAveragePooling2D(), layers.Dense(9)),
            functional(),
            nested(),
        ],
        [
            (network(*two_convolutions()), "(None, 2, 2, 10): wanted (None, 10)"),
            (network(layers.Conv2D(4, 3, 3), layers.Flatten()), "at least two"),
            (network(layers.Flatten()), "Conv2D layers: 0"),
            (network(layers.Conv2D(4, 3), layers.Conv2D(8, 3), layers.Flatten()), "make the maps"),
            (network(*two_convolutions(), layers.Flatten(), last=None), "not probabilities"),
            (network(*two_convolutions(), layers.Flatten(), last="sigmoid"), "not probabilities"),
            (
                network(*two_convolutions(), layers.Flatten(), shape=(28, 28, 3)),
                "the input should be",
            ),
            (keras.Sequential([*two_convolutions(), layers.Flatten()]), "the input should be"),
            (functional, "pass the model itself"),
            ([layers.Conv2D(4, 3)], "pass the model itself"),
        ],
    ),
    "09-7": (
        ["FCEBDG", "FCGEBD", "fcebdg", "F, C, E, B, D, G"],
        [
            ("FCGABD", "line A compares with the epoch before"),
            ("FCGDEB", "is (2, 4); wanted (4, 6)"),
            ("FCEGBD", "IndentationError"),
        ],
    ),
}
