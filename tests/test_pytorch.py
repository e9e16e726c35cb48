"""The page that compares Keras with PyTorch: its numbers of Keras, and its code, computed anew.

PyTorch itself is no dependency of the book. What its documentation says is written here in NumPy.
"""

import inspect
import re

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from cnnbook import ops


@pytest.fixture(scope="module")
def page(root):
    return (root / "book/ko/pytorch.md").read_text("utf-8")


@pytest.fixture(scope="module")
def code(page):
    """The functions that the page shows."""
    (source,) = re.findall(r"```python\n(.*?)```", page, re.S)
    names = {}
    exec(source, names)
    return names


@pytest.fixture
def draw():
    return np.random.default_rng(0).normal


# --- PyTorch's layers, as its documentation defines them ---


def torch_conv2d(x, weight, stride=1, padding=0, groups=1):
    """x (N, C, H, W), weight (out, C / groups, kH, kW): cross-correlation, a group at a time."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(x, weight.shape[2:], (2, 3))[:, :, ::stride, ::stride]
    parts = zip(np.split(windows, groups, 1), np.split(weight, groups, 0), strict=True)
    return np.concatenate([np.einsum("nchwij,ocij->nohw", w, k) for w, k in parts], 1)


def torch_linear(x, weight):
    """x (N, in), weight (out, in)."""
    return x @ weight.T


def nchw(images):
    return images.transpose(0, 3, 1, 2)


# --- the code of the page ---


def test_convolution_weights(code, draw):
    images, kernels = draw(size=(2, 6, 5, 3)), draw(size=(3, 2, 3, 4))
    found = torch_conv2d(nchw(images), code["to_pytorch"](kernels))
    np.testing.assert_allclose(found, nchw(ops.conv2d(images, kernels)))


def test_depthwise_weights(code, draw, keras):
    layer = keras.layers.DepthwiseConv2D(2, depth_multiplier=3, use_bias=False)
    images = draw(size=(1, 5, 4, 2)).astype("float32")
    maps = layer(images).numpy()
    weight = code["depthwise_to_pytorch"](layer.kernel.numpy())
    assert weight.shape == (6, 1, 2, 2)
    found = torch_conv2d(nchw(images), weight, groups=2)
    np.testing.assert_allclose(found, nchw(maps), atol=1e-5)


def test_dense_weights(code, draw):
    maps, weights = draw(size=(2, 3, 4, 5)), draw(size=(60, 7))
    expected = maps.reshape(2, -1) @ weights
    flat = nchw(maps).reshape(2, -1)  # as PyTorch's Flatten finds the numbers
    found = torch_linear(flat, code["dense_after_flatten"](weights, 3, 4, 5))
    np.testing.assert_allclose(found, expected)
    assert not np.allclose(torch_linear(flat, code["dense_to_pytorch"](weights)), expected)
    plain = maps.reshape(2, -1)
    np.testing.assert_allclose(torch_linear(plain, code["dense_to_pytorch"](weights)), expected)


# --- padding ---


@pytest.mark.parametrize("size", [4, 6, 8])
def test_same_with_stride_two(draw, size):
    image, kernel = draw(size=(1, size, size, 1)), draw(size=(3, 3, 1, 1))
    same = nchw(ops.conv2d(image, kernel, padding="same", strides=2))
    weight = kernel.transpose(3, 2, 0, 1)
    around = torch_conv2d(nchw(image), weight, stride=2, padding=1)
    assert around.shape == same.shape and not np.allclose(around, same)
    # ZeroPad2d((left, right, top, bottom)) = (0, 1, 0, 1)
    after = np.pad(nchw(image), ((0, 0), (0, 0), (0, 1), (0, 1)))
    np.testing.assert_allclose(torch_conv2d(after, weight, stride=2), same)


def test_same_with_stride_one(draw):
    image, kernel = draw(size=(1, 5, 6, 1)), draw(size=(3, 3, 1, 1))
    same = nchw(ops.conv2d(image, kernel, padding="same"))
    found = torch_conv2d(nchw(image), kernel.transpose(3, 2, 0, 1), padding=1)
    np.testing.assert_allclose(found, same)


def test_average_pooling_counts_padding_or_not(keras):
    ones = np.ones((1, 3, 3, 1), "float32")
    maps = keras.layers.AveragePooling2D(3, strides=1, padding="same")(ones).numpy()
    assert (maps == 1).all()  # Keras: by the pixels that are there
    padded = np.pad(ones[0, ..., 0], 1)
    assert sliding_window_view(padded, (3, 3))[0, 0].mean() == pytest.approx(4 / 9)  # by all nine


# --- batch normalisation ---


def test_momentum_is_reversed_and_the_variances_differ(keras):
    x = np.array([1.0, 2.0, 3.0, 6.0], "float32").reshape(2, 2, 1, 1)
    layer = keras.layers.BatchNormalization(momentum=0.9)
    layer(x, training=True)
    torch_momentum = 1 - 0.9
    mean = (1 - torch_momentum) * 0 + torch_momentum * x.mean()
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-6)
    # Keras keeps the variance by n; PyTorch's documentation: by n - 1 for the running one.
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.9 + 0.1 * x.var(), rtol=1e-6)
    assert x.var() == 3.5 and x.var(ddof=1) == pytest.approx(14 / 3)


def test_frozen_batch_normalization(keras):
    layer = keras.layers.BatchNormalization(momentum=0.5)
    layer.build((None, 1))
    layer.trainable = False
    layer(np.array([[5.0], [7.0]], "float32"), training=True)
    assert layer.moving_mean.numpy() == 0


# --- defaults of Keras that the page names ---


def test_keras_defaults(keras, page):
    def default(function, name):
        return inspect.signature(function).parameters[name].default

    layers, optimizers = keras.layers, keras.optimizers
    for value, function, name in [
        ("0.99", layers.BatchNormalization, "momentum"),
        ("0.001", layers.BatchNormalization, "epsilon"),
        ("0.0000001", optimizers.Adam, "epsilon"),
        ("0.004", optimizers.AdamW, "weight_decay"),
    ]:
        assert default(function, name) == float(value) and value in page
    assert default(layers.MaxPooling2D, "strides") is None  # then the pool's size
    assert default(layers.Conv2D, "kernel_initializer") == "glorot_uniform"
    assert default(layers.Conv2D, "bias_initializer") == "zeros"


def test_momentum_of_sgd(keras):
    """PyTorch multiplies by the learning rate last: the same while it does not change."""
    gradients = [1.0, -0.5, 2.0]
    weight, optimizer = keras.Variable(1.0), keras.optimizers.SGD(0.1, momentum=0.9)
    torch_weight, velocity = 1.0, 0.0
    for gradient in gradients:
        optimizer.apply([np.float32(gradient)], [weight])
        velocity = 0.9 * velocity + gradient
        torch_weight -= 0.1 * velocity
    assert float(weight) == pytest.approx(torch_weight, rel=1e-6)


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_weight_decay_of_keras_leaves_the_gradient_alone(keras, name):
    """Two steps without a gradient: the weight shrinks by lr * decay each time, and no more.

    Added to the gradient, as in PyTorch, SGD's momentum would carry it on and Adam rescale it.
    """
    weight = keras.Variable(4.0)
    extra = {"momentum": 0.9} if name == "SGD" else {}
    optimizer = getattr(keras.optimizers, name)(0.1, weight_decay=0.5, **extra)
    for _ in range(2):
        optimizer.apply([np.float32(0)], [weight])
    assert float(weight) == pytest.approx(4 * (1 - 0.1 * 0.5) ** 2)
    velocity, by_sgd = 0.0, 4.0
    for _ in range(2):
        velocity = 0.9 * velocity + 0.5 * by_sgd
        by_sgd -= 0.1 * velocity
    assert by_sgd < 3.5 < 4 * 0.95**2 < 4 - 2 * 0.1  # Adam's steps would be of the learning rate


def test_cross_entropy_from_logits(keras):
    logits, labels = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, 1.0]], "float32"), np.array([0, 2])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    # CrossEntropyLoss: the mean of -x[class] + log sum exp x
    expected = np.mean(np.log(np.exp(logits).sum(1)) - logits[[0, 1], labels])
    assert float(loss) == pytest.approx(expected, rel=1e-6)
