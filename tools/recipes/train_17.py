"""Fine-tune chapter 17's network on flowers, and measure what reversed colours cost a network.

    python -m tools.recipes.train_17                           data/weights/17-flowers.npz
    CNNBOOK_DATA_DIR=… python -m tools.recipes.train_17        and data/results/17-cifar10-channels.json

The head first, on the features of the frozen base; then all layers, with flowers turned at random.
The second part asks chapter 16's pre-trained network about the test pictures of CIFAR-10's eight
classes, with the channels as they are and reversed (BGR).
"""

import os

import numpy as np

import cnnbook
from tools import full_size

HEAD_EPOCHS, EPOCHS, BATCH, RATE, SEED = 30, 60, 32, 2e-3, 42
NAME, RUN = "17-flowers", "17-cifar10-channels"


def fine_tune():
    import keras
    from keras import layers

    from cnnbook import datasets, models

    keras.utils.set_random_seed(SEED)
    data = datasets.load("flowers")
    base = models.pretrained_base((32, 32, 3))
    head = layers.Dense(len(data.class_names), "softmax")
    model = keras.Model(base.input, head(base.output))
    loss, metrics = "sparse_categorical_crossentropy", ["accuracy"]

    base.trainable = False
    features = base.predict(data.x_train, verbose=0)
    alone = keras.Sequential([keras.Input(features.shape[1:]), head])
    alone.compile(keras.optimizers.Adam(1e-2), loss)
    alone.fit(features, data.y_train, epochs=HEAD_EPOCHS, batch_size=BATCH, verbose=0)

    base.trainable = True
    steps = EPOCHS * -(-len(data.x_train) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    turned = keras.Sequential(
        [keras.Input(base.input_shape[1:]), layers.RandomRotation(0.5, fill_mode="reflect"), model]
    )
    turned.compile(keras.optimizers.Adam(rate), loss, metrics=metrics)
    turned.fit(data.x_train, data.y_train, epochs=EPOCHS, batch_size=BATCH, verbose=2)
    models.save_weights(model, NAME)
    model.compile(loss=loss, metrics=metrics)
    print("test", model.evaluate(data.x_test, data.y_test, verbose=0))


def reversed_channels():
    from cnnbook import datasets, models, results
    from tools.recipes.train_16 import UNSEEN, without

    data = without(datasets.load("cifar10"), UNSEEN)
    model = models.small_residual_network((32, 32, 3), len(data.class_names))
    models.load_weights(model, "16-pretrained")

    def accuracy(images):
        answers = model.predict(images, batch_size=500, verbose=0).argmax(axis=1)
        return np.mean(answers == data.y_test)

    results.save(
        RUN,
        data=data,
        parameters=model.count_params(),
        history={},
        rgb_accuracy=accuracy(data.x_test),
        bgr_accuracy=accuracy(data.x_test[..., ::-1]),
        grey_accuracy=accuracy(data.x_test.mean(axis=-1, keepdims=True).repeat(3, axis=-1)),
    )


if __name__ == "__main__":
    cnnbook.setup()
    fine_tune()
    if os.environ.get("CNNBOOK_DATA_DIR"):
        with full_size.recording(RUN):
            reversed_channels()
