"""Networks that two chapters or more use, and the trained weights that come with the book.

What a chapter shows in detail from training (predictions, mistakes, feature maps) comes from
weights committed under data/weights: training again drifts between instruction sets, weights do
not. data/README.md names the script that made each file.
"""

import zipfile

import numpy as np

from cnnbook import results
from cnnbook._errors import bad_value
from cnnbook._files import replacing
from cnnbook.datasets import data_dir


def load_weights(model, name):
    """Load data/weights/{name}.npz into a built Keras model and return the model.

    The file holds the arrays of `model.get_weights()`, in that order, in half precision.
    Raises FileNotFoundError for a name that has no file, ValueError for weights that do not fit
    the model's layers or are damaged.
    """
    arrays = _committed("weights", name, "가중치")
    try:
        weights = [arrays[f"{i:03d}"].astype(np.float32) for i in range(len(arrays))]
    except (KeyError, ValueError) as error:
        raise _damaged("weights", name, "가중치") from error
    came = [array.shape for array in weights]
    wanted = [array.shape for array in model.get_weights()]
    if came != wanted:
        raise bad_value(
            "model",
            f"a model with weights {wanted}",
            f"weights {came}, as in {name}.npz",
            f"{name}.npz에 저장된 모양 {came}",
        )
    model.set_weights(weights)
    return model


def save_weights(model, name):
    """Write the model's weights to data/weights/{name}.npz in half precision, all or nothing.

    In a full run (`cnnbook.results`) the file takes its place with the records, when all has
    succeeded. The model's own weights are rounded too, so that what is measured afterwards is what
    a reader loads. Raises ValueError for a weight that half precision cannot hold.
    """
    with np.errstate(over="ignore"):  # too large becomes infinite, and is refused below
        weights = [np.asarray(array, np.float16) for array in model.get_weights()]
    if not all(np.isfinite(array).all() for array in weights):
        raise bad_value(
            "model",
            "weights beyond float16",
            "finite weights up to 65504",
            "65504를 넘지 않는 유한한 가중치",
        )
    model.set_weights([array.astype(np.float32) for array in weights])
    folder = results.outbox() or data_dir() / "weights"
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / f"{name}.npz") as file:
        # Named in the order of get_weights(); savez_compressed writes no times, so the same
        # weights are the same bytes.
        np.savez_compressed(file, **{f"{i:03d}": array for i, array in enumerate(weights)})


def load_features(name):
    """Return the arrays of data/features/{name}.npz as a dict: what a frozen network answered.

    The features, committed as float16, come back as float32, the labels as int64. Raises
    FileNotFoundError for a name that has no file, ValueError for a damaged one.
    """
    return {
        key: array.astype(np.float32 if array.dtype == np.float16 else np.int64)
        for key, array in _committed("features", name, "특징").items()
    }


def _committed(folder, name, folder_ko):
    """Return the arrays of data/{folder}/{name}.npz as a dict."""
    path = data_dir() / folder / f"{name}.npz"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.npz"))) or "none"
        raise FileNotFoundError(
            f"no {folder} named {name!r}; there are: {known}.\n"
            f"{name!r} {folder_ko} 파일이 없습니다. 있는 이름: {known}"
        )
    try:
        with path.open("rb") as source, np.load(source, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(folder, name, folder_ko) from error


def _damaged(folder, name, folder_ko):
    wanted = f"a whole file of {folder}", f"온전한 {folder_ko} 파일 (다시 설치합니다)"
    return bad_value("name", name, *wanted)


def convolution_block(h, filters):
    """Return the output of a 3×3 convolution, batch normalization and ReLU on a Keras tensor."""
    from keras import layers

    h = layers.Conv2D(filters, 3, padding="same", use_bias=False)(h)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(h))


def small_residual_network(input_shape, classes, width=32):
    """Return a Keras model for small images: six convolutions, one of them with a residual connection.

    input_shape: (height, width, channels), pixels from 0 to 255; the model scales them, and flips
    and shifts them while it is trained. width: filters of the first convolution, an integer; 32
    makes 280,106 parameters for 3 channels and 10 classes. The output is one logit a class.
    """
    from keras import Input, Model, layers

    images = Input(input_shape)
    h = layers.Rescaling(1 / 127.5, offset=-1)(images)
    h = layers.RandomFlip("horizontal")(h)
    h = layers.RandomTranslation(1 / 8, 1 / 8, fill_mode="constant", interpolation="nearest")(h)
    h = layers.MaxPooling2D()(convolution_block(h, width))
    h = convolution_block(h, 2 * width)
    h = layers.MaxPooling2D()(layers.add([h, convolution_block(h, 2 * width)]))
    h = convolution_block(h, 3 * width)
    h = layers.MaxPooling2D()(convolution_block(h, 3 * width))
    h = layers.GlobalAveragePooling2D()(convolution_block(h, 3 * width))
    return Model(images, layers.Dense(classes)(h))


def checked_shape(input_shape):
    """Return the shape if it is (height, width, 3) with 8 pixels a side or more, else ValueError."""
    if len(input_shape) != 3 or min(input_shape[:2]) < 8 or input_shape[2] != 3:
        raise bad_value(
            "input_shape", input_shape, "(height, width, 3), 8 or more", "(높이, 너비, 3), 8 이상"
        )
    return input_shape


def pretrained_base(input_shape):
    """Return chapter 16's pre-trained network without its last layer: images in, 96 features out.

    input_shape: (height, width, 3), at least 8 pixels a side; pixels from 0 to 255, which the model
    scales itself. The features are the means of the last 96 maps, so any size has as many. It is
    `small_residual_network` trained on the eight classes of CIFAR-10 that are neither cat nor dog
    (tools/recipes/train_16.py); every layer is trainable until you set `trainable = False`.
    Raises ValueError for another shape.
    """
    from keras import Model

    network = small_residual_network(checked_shape(input_shape), 8)
    load_weights(network, "16-pretrained")
    return Model(network.input, network.layers[-2].output, name="base")


def dense_network(units):
    """Return a Keras model for (28, 28, 1) images and ten classes: one hidden dense layer.

    128 units make 101,770 parameters, 512 make 407,050. The output is a probability a class.
    """
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def convolutional_network(ending=None):
    """Return a Keras model for (28, 28, 1) images and ten classes: three 3×3 convolutions.

    ending: the Keras layer that makes one vector of the last (3, 3, 128) maps. Flatten, the
    default, makes 104,202 parameters in all. The output is a probability a class.
    """
    from keras import Input, Model, layers

    images = Input((28, 28, 1))
    h = layers.Conv2D(32, 3, activation="relu")(images)
    h = layers.MaxPooling2D(2)(h)
    h = layers.Conv2D(64, 3, activation="relu")(h)
    h = layers.MaxPooling2D(2)(h)
    h = layers.Conv2D(128, 3, activation="relu")(h)
    h = (ending or layers.Flatten())(h)
    return Model(images, layers.Dense(10, activation="softmax")(h))


def lenet5():
    """Return chapter 13's LeNet-5 for (28, 28, 1) images, a border of two zeros around them.

    61,706 parameters. The output is a probability a class. Source: Y. LeCun et al., Gradient-Based
    Learning Applied to Document Recognition, 1998, as it is usually rebuilt.
    """
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.ZeroPadding2D(2),
            layers.Conv2D(6, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(120, 5, activation="tanh"),
            layers.Flatten(),
            layers.Dense(84, activation="tanh"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def zip_code_network():
    """Return chapter 18's second network: (28, 28, 1) images, ten digits, 594,922 parameters.

    Two pairs of 3×3 convolutions, each with pooling and dropout, then 512 units with dropout. The
    output is a probability a class.
    """
    from keras import Input, Sequential, layers

    network = Sequential([Input((28, 28, 1))])
    for filters in (32, 64):
        network.add(layers.Conv2D(filters, 3, activation="relu"))
        network.add(layers.Conv2D(filters, 3, activation="relu"))
        network.add(layers.MaxPooling2D(2))
        network.add(layers.Dropout(0.25))
    network.add(layers.Flatten())
    network.add(layers.Dense(512, activation="relu"))
    network.add(layers.Dropout(0.5))
    network.add(layers.Dense(10, activation="softmax"))
    return network


def digit_cnn(answers=10):
    """Return an untrained network for digits: (28, 28, 1) ink from 0 to 1, a probability an answer.

    The pages' <digit-cnn> has eleven answers: the ten digits, and that it is none.

    Every layer's maps are small enough to be shown, and the mean of each last map is one number, so
    that a reader can follow a probability back to the drawing.
    """
    import keras
    from keras import layers

    same = {"padding": "same", "activation": "relu"}
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="input"),
            layers.Conv2D(16, 3, **same, name="conv1"),
            layers.MaxPooling2D(2, name="pool1"),
            layers.Conv2D(32, 3, **same, name="conv2"),
            layers.MaxPooling2D(2, name="pool2"),
            layers.Conv2D(64, 3, **same, name="conv3"),
            layers.Conv2D(64, 3, **same, name="conv4"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(answers, activation="softmax", name="digit"),
        ],
        name="digit_cnn",
    )


def scattered_digit_network():
    """Return a Keras model for `generated.scatter`'s (56, 56, 1) canvases, bytes, and ten digits.

    Its last maps, 14×14, are averaged: the answer does not depend on where a digit lies. The output
    is a probability a class.
    """
    import keras
    from keras import layers

    network = keras.Sequential([keras.Input((56, 56, 1)), layers.Rescaling(1 / 255)])
    for number, (filters, size) in enumerate([(16, 5), (24, 3), (48, 3)], 1):
        network.add(layers.Conv2D(filters, size, padding="same", name=f"conv{number}"))
        network.add(layers.BatchNormalization(momentum=0.9, name=f"norm{number}"))
        network.add(layers.ReLU(name=f"relu{number}"))
        if number < 3:
            network.add(layers.MaxPooling2D(name=f"pool{number}"))
    network.add(layers.GlobalAveragePooling2D(name="mean"))
    network.add(layers.Dense(10, activation="softmax", name="answer"))
    return network
