"""Train on MNIST the network that chapter 18 measures, and that the laboratory's goes on from.

    CNNBOOK_DATA_DIR=… python -m tools.recipes.lab_digits

Writes data/weights/digit-cnn.npz and the record data/results/12-mnist-digit-cnn.json. An interrupted
training goes on after its last epoch. What the pages load is made by tools/recipes/lab_drawings.py.

The network reads what people draw on the page with a round brush, not only MNIST's ink. So every
epoch sees each training image moved, turned, zoomed, slanted and its stroke made thicker or
thinner anew, and a part of the training images redrawn: thinned to a line, drawn again with a brush
of some width, and centred as the page does. It learns with batch
normalization after each convolution, which then becomes part of the convolution's own weights: the
network on the page has no layer that only training needed. Nothing is chosen by the test images;
the recipe was chosen on 5,000 of the training images.
"""

import numpy as np
from scipy import ndimage

from cnnbook import strokes
from tools import full_size
from tools.recipes.strokes import ENLARGE, skeleton

EPOCHS = 8
BATCH = 128
REDRAWN = 12_000
SEED = 42
RUN = "12-mnist-digit-cnn"


def redraw(image, width):
    """Draw a (28, 28) digit again with a round brush, `width` of MNIST's pixels wide."""
    line = np.pad(skeleton(image), 16)
    distance = ndimage.distance_transform_edt(~line)
    return strokes.centre(np.clip(ENLARGE * width / 2 + 0.5 - distance, 0, 1))


def augment(images, rng):
    """Return (images, 28, 28) changed at random: stroke width, rotation, zoom, slant, place."""
    count = len(images)
    amount = np.clip(rng.normal(0, 0.35, (count, 1, 1)), -0.7, 0.7).astype(np.float32)
    thick = ndimage.maximum_filter(images, (1, 3, 3)) - images
    thin = images - ndimage.minimum_filter(images, (1, 3, 3))
    images = images + np.maximum(amount, 0) * thick + np.minimum(amount, 0) * thin

    turn, slant = rng.uniform(-0.22, 0.22, (2, count, 1, 1))
    wide, high = 1 / rng.uniform(0.88, 1.1, (2, count, 1, 1))
    right, down = rng.uniform(-1.5, 1.5, (2, count, 1, 1))
    y, x = np.mgrid[-13.5:14, -13.5:14]
    from_x = wide * (np.cos(turn) * x + (slant - np.sin(turn)) * y) + right + 13.5
    from_y = high * (np.sin(turn) * x + np.cos(turn) * y) + down + 13.5
    number = np.broadcast_to(np.arange(count)[:, np.newaxis, np.newaxis], from_x.shape)
    return ndimage.map_coordinates(images, [number, from_y, from_x], order=1)


def normalized(model):
    """Return the network with batch normalization between each convolution and its ReLU."""
    import keras
    from keras import layers

    learning = keras.Sequential([keras.Input(model.input_shape[1:])])
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            config = {**layer.get_config(), "activation": "linear", "use_bias": False}
            learning.add(layers.Conv2D.from_config(config))
            learning.add(layers.BatchNormalization(momentum=0.9))
            learning.add(layers.ReLU())
        else:
            learning.add(type(layer).from_config(layer.get_config()))
    return learning


def fold(learned, model):
    """Give the model the learned weights, each normalization multiplied into its convolution."""
    from keras import layers

    weights, kernel = [], None
    for layer in learned.layers:
        if isinstance(layer, layers.Conv2D):
            (kernel,) = layer.get_weights()
        elif isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            factor = gamma / np.sqrt(variance + layer.epsilon)
            weights += [kernel * factor, beta - mean * factor]
        else:
            weights += layer.get_weights()
    model.set_weights(weights)


def main():
    import keras

    from cnnbook import datasets, models, results

    keras.utils.set_random_seed(SEED)
    mnist = datasets.load("mnist")
    rng = np.random.default_rng(SEED)
    again = rng.permutation(len(mnist.x_train))[:REDRAWN]
    redrawn = [redraw(mnist.x_train[i, ..., 0], rng.uniform(1.2, 4.4)) for i in again]
    x = np.concatenate([mnist.x_train[..., 0] / np.float32(255), np.float32(redrawn)])
    y = np.concatenate([mnist.y_train, mnist.y_train[again]])
    x_test = mnist.x_test / np.float32(255)

    model = models.digit_cnn()
    learning = normalized(model)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, EPOCHS * -(-len(x) // BATCH))
    learning.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    learning.optimizer.build(learning.trainable_variables)
    history = {}
    variables = [*learning.variables, *learning.optimizer.variables]
    recipe = {"images": x, "labels": y, "batch_size": BATCH}
    for epoch in results.epochs(EPOCHS, run=RUN, variables=variables, history=history, **recipe):
        rng = np.random.default_rng(epoch)
        parts = np.array_split(x, 20)  # less memory at a time
        changed = np.concatenate([augment(part, rng) for part in parts])[..., np.newaxis]
        told = learning.fit(changed, y, batch_size=BATCH, verbose=0).history
        for name, values in told.items():
            history.setdefault(name, []).extend(values)

    fold(learning, model)
    models.save_weights(model, "digit-cnn")
    answers = model.predict(x_test, batch_size=500, verbose=0).argmax(axis=1)
    results.save(
        RUN,
        data=mnist,
        parameters=model.count_params(),
        optimizer=learning.optimizer.get_config(),
        history=history,
        redrawn=REDRAWN,
        seed=SEED,
        test_accuracy=np.mean(answers == mnist.y_test),
    )


if __name__ == "__main__":
    with full_size.recording(RUN):
        main()
