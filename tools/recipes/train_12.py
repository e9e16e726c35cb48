"""Train chapter 12's two networks on scattered digits and write their weights to data/weights.

Usage:  python -m tools.recipes.train_12

"12-honest" sees digits alone; "12-tagged" sees a white tag on every canvas that holds a 7.
"""

import numpy as np

import cnnbook
from cnnbook import datasets, generated, models

EPOCHS = 40
TAGGED = 7


def train(name):
    import keras

    keras.utils.set_random_seed(42)
    digits = datasets.load("digits")
    network = models.scattered_digit_network()
    network.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, EPOCHS * 45)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    for epoch in range(EPOCHS):
        # Every epoch lays the digits elsewhere; seed 0 is the chapter's test.
        canvases, _ = generated.scatter(digits.x_train, seed=1 + epoch)
        if name == "12-tagged":
            canvases[digits.y_train == TAGGED] = generated.tag(canvases[digits.y_train == TAGGED])
        order = np.random.default_rng(epoch).permutation(len(canvases))
        history = network.fit(canvases[order], digits.y_train[order], batch_size=32, verbose=0)
        print(name, epoch + 1, {k: round(v[0], 3) for k, v in history.history.items()}, flush=True)
    models.save_weights(network, name)
    test, _ = generated.scatter(digits.x_test, seed=0)
    print(
        name, "test accuracy", (network.predict(test, verbose=0).argmax(1) == digits.y_test).mean()
    )


if __name__ == "__main__":
    cnnbook.setup()
    for name in ("12-honest", "12-tagged"):
        train(name)
