"""Chapter 08's convolutional network and its training, from TensorFlow's primitives, without Keras.

The chapter shows every function and class of this module.
"""

import math

import numpy as np
import tensorflow as tf
from sklearn.model_selection import train_test_split

from cnnbook import datasets


def load_parts(name):
    """Return a data set and its (images, labels) for training, validation and testing.

    Images are float32 from 0 to 1. A fifth of the training images, every class in proportion,
    becomes the validation part.
    """
    data = datasets.load(name)
    x, x_test = (part.astype("float32") / 255 for part in (data.x_train, data.x_test))
    x_train, x_val, y_train, y_val = train_test_split(
        x, data.y_train, test_size=0.2, stratify=data.y_train, random_state=42
    )
    return data, (x_train, y_train), (x_val, y_val), (x_test, data.y_test)


def glorot_uniform(shape, random):
    """Return float32 weights drawn uniformly from ±sqrt(6 / (fan in + fan out)).

    shape: (..., inputs, outputs); a kernel's height and width stand before them and multiply both.
    random: a numpy.random.Generator. Source: Glorot, Bengio, AISTATS 2010, equation 16.
    """
    window = math.prod(shape[:-2])  # 9 for a 3×3 kernel, 1 for a dense layer
    limit = math.sqrt(6 / (window * (shape[-2] + shape[-1])))
    return random.uniform(-limit, limit, shape).astype("float32")


class Network:
    """Weights and biases as TensorFlow variables: w, b, w, b, … one pair a layer.

    shapes: of the weights, one a layer; biases begin at zero. get_weights() returns the numbers of
    all variables as NumPy arrays, set_weights(arrays) puts such arrays back.
    """

    def __init__(self, shapes, seed):
        random = np.random.default_rng(seed)
        self.variables = []
        for shape in shapes:
            weights, bias = glorot_uniform(shape, random), np.zeros(shape[-1], "float32")
            self.variables += [tf.Variable(weights), tf.Variable(bias)]

    def get_weights(self):
        return [variable.numpy() for variable in self.variables]

    def set_weights(self, arrays):
        for variable, array in zip(self.variables, arrays, strict=True):
            variable.assign(array)


class ConvolutionNetwork(Network):
    """3×3 convolution, ReLU, 2×2 max pooling, and two dense layers.

    forward(images) takes (batch, 28, 28, 1) and returns the scores before the softmax, (batch, 10).
    """

    def __init__(self, n_kernels=10, units=100, seed=42):
        shapes = [(3, 3, 1, n_kernels), (14 * 14 * n_kernels, units), (units, 10)]
        super().__init__(shapes, seed)

    def forward(self, images):
        conv_w, conv_b, w1, b1, w2, b2 = self.variables
        maps = tf.nn.relu(tf.nn.conv2d(images, conv_w, 1, "SAME") + conv_b)
        pooled = tf.nn.max_pool2d(maps, 2, 2, "VALID")
        flat = tf.reshape(pooled, (len(images), -1))
        hidden = tf.nn.relu(flat @ w1 + b1)
        return hidden @ w2 + b2


class DenseNetwork(Network):
    """Dense layers only, with ReLU between them: sizes, such as (784, 100, 10), without convolution.

    forward(images) takes images of sizes[0] numbers, not negative, and returns (batch, sizes[-1]).
    """

    def __init__(self, sizes, seed=42):
        super().__init__(list(zip(sizes, sizes[1:], strict=False)), seed)

    def forward(self, images):
        values = tf.reshape(images, (len(images), -1))
        for weights, bias in zip(self.variables[::2], self.variables[1::2], strict=True):
            values = tf.nn.relu(values) @ weights + bias
        return values


def mean_loss(scores, labels):
    """Return the mean cross-entropy of scores (batch, classes) and labels (batch,)."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
    return tf.reduce_mean(losses)


def training_step(network, images, labels, learning_rate):
    """Move every variable against its gradient, once; return the loss before that."""
    with tf.GradientTape() as tape:
        loss = mean_loss(network.forward(images), labels)
    gradients = tape.gradient(loss, network.variables)
    for variable, gradient in zip(network.variables, gradients, strict=True):
        variable.assign_sub(learning_rate * gradient)
    return loss


def mini_batches(images, labels, batch_size, random):
    """Yield (images, labels) of every mini-batch, in a new random order; the last may be smaller."""
    order = random.permutation(len(images))
    for first in range(0, len(images), batch_size):
        chosen = order[first : first + batch_size]
        yield images[chosen], labels[chosen]


def predict(network, images, batch_size=500):
    """Return the scores of many images, batch by batch, as a NumPy array."""
    parts = range(0, len(images), batch_size)
    return np.concatenate([network.forward(images[i : i + batch_size]) for i in parts])


def evaluate(network, images, labels):
    """Return the mean loss and the accuracy."""
    scores = predict(network, images)
    accuracy = (scores.argmax(axis=1) == labels).mean()
    return mean_loss(scores, labels).numpy().item(), accuracy.item()


def fit(network, train, validation, epochs, learning_rate, batch_size=128, history=None):
    """Train by plain gradient descent on mini-batches; return the history.

    train, validation: (images, labels). epochs: the epochs' numbers, such as range(20); each
    number seeds its epoch's order. history: a dict of lists to go on with.
    """
    step = tf.function(training_step)
    history = {} if history is None else history
    for epoch in epochs:
        for images, labels in mini_batches(*train, batch_size, np.random.default_rng(epoch)):
            step(network, images, labels, learning_rate)
        for prefix, part in (("", train), ("val_", validation)):
            loss, accuracy = evaluate(network, *part)
            history.setdefault(f"{prefix}loss", []).append(loss)
            history.setdefault(f"{prefix}accuracy", []).append(accuracy)
    return history
