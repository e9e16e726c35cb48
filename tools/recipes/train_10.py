"""Train the networks that chapter 10 looks at in detail, and measure its controls with more seeds.

    python -m tools.recipes.train_10 weights shift                       on "digits"
    CNNBOOK_DATA_DIR=… python -m tools.recipes.train_10 few              on MNIST

"weights" writes data/weights/10-dense.npz, 10-convolutional.npz and 10-global.npz. All three have the
same recipe, the chapter's own with more epochs, because there are few images, and the same seed.

The others write records under data/results/. "shift": these three networks with five seeds, trained
on four fifths of the training images, measured on the other fifth and, once, on the test images, as
they are and shifted. "few": the dense network with as many processor seconds as the convolutional one
had, by more batches.
"""

import sys
import time

import numpy as np

from tools import full_size

EPOCHS = 20
SEEDS = [42, 43, 44, 45, 46]
FEW_SIZES, FEW_SEEDS = [300, 10_000], [0, 1, 2]  # of those in the chapter's full run
SHIFT_EPOCHS = 10  # as in the chapter
LOSS = "sparse_categorical_crossentropy"


def networks():
    import keras

    from cnnbook import models

    return {
        "dense": lambda: models.dense_network(128),
        "convolutional": models.convolutional_network,
        "global": lambda: models.convolutional_network(keras.layers.GlobalMaxPooling2D()),
    }


def trained(build, seed, x, y, optimizer="rmsprop", **options):
    """Return (the trained network, its history, the processor seconds of fit)."""
    import keras

    keras.utils.set_random_seed(seed)
    model = build()
    model.compile(optimizer, LOSS, metrics=["accuracy"])
    begun = time.process_time()
    history = model.fit(x, y, verbose=0, **options).history
    return model, history, time.process_time() - begun


def accuracy(model, images, labels):
    return (model.predict(images, batch_size=500, verbose=0).argmax(axis=1) == labels).mean()


def scaled(name):
    """Return (the data set, training images and labels, test images and labels), pixels to 1."""
    from cnnbook import datasets

    data = datasets.load(name)
    x, x_test = (part.astype("float32") / 255 for part in (data.x_train, data.x_test))
    return data, x, data.y_train, x_test, data.y_test


def weights():
    from cnnbook import models

    _, x, y, x_test, y_test = scaled("digits")
    for name, build in networks().items():
        model, _, _ = trained(build, 42, x, y, batch_size=64, epochs=EPOCHS)
        models.save_weights(model, f"10-{name}")
        print(f"{name}: test accuracy {accuracy(model, x_test, y_test):.4f}", flush=True)


def shifted(images, pixels):
    """Yield the images moved to the right, left, down and up; for 0 pixels once, as they are."""
    padded = np.pad(images, ((0, 0), (4, 4), (4, 4), (0, 0)))
    if not pixels:
        yield images
        return
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        top, left = 4 - pixels * down, 4 - pixels * right
        yield padded[:, top : top + 28, left : left + 28]


def shift():
    from cnnbook import results, scratch

    data, (x, y), validation, test = scratch.load_parts("digits")
    table = {}
    for name, build in networks().items():
        found = {"shifted_validation": [], "shifted_test": []}
        for seed in SEEDS:
            model, _, _ = trained(build, seed, x, y, batch_size=64, epochs=SHIFT_EPOCHS)
            for part, (images, labels) in (("validation", validation), ("test", test)):
                found[f"shifted_{part}"].append(
                    [
                        np.mean(
                            [accuracy(model, moved, labels) for moved in shifted(images, pixels)]
                        )
                        for pixels in (0, 2, 4)
                    ]
                )
            print(name, seed, np.round(found["shifted_test"][-1], 3), flush=True)
        table[name] = found
    results.save(
        "10-digits-shift", data=data, history={}, seeds=SEEDS, networks=table, batch_size=64
    )


def few():
    from cnnbook import results

    data, x, y, x_test, y_test = scaled("mnist")
    sizes, steps = FEW_SIZES, 500

    def learn(build, size, seed, steps):
        random = np.random.default_rng(seed)
        chosen = random.permutation(len(x))[:size]
        rounds = -(-steps * 32 // size)
        order = np.concatenate([random.permutation(chosen) for _ in range(rounds)])[: steps * 32]
        return trained(build, seed, x[order], y[order], batch_size=32, epochs=1)

    # How many steps of the dense network take as long as 500 of the other?
    seconds = {}
    for name, build in (
        ("dense", networks()["dense"]),
        ("convolutional", networks()["convolutional"]),
    ):
        learn(build, 1000, 0, 50)  # the first call of all compiles what later ones find
        seconds[name] = learn(build, 1000, 1, steps)[2]
    times = round(seconds["convolutional"] / seconds["dense"])
    print(seconds, "times", times, flush=True)
    found, used = [], []
    for size in sizes:
        row = []
        for seed in FEW_SEEDS:
            model, _, spent = learn(networks()["dense"], size, seed, times * steps)
            row.append(accuracy(model, x_test, y_test))
            used.append(spent)
        found.append(row)
        print(size, row, f"{used[-1]:.1f} s", flush=True)
    results.save(
        "10-mnist-few-longer",
        data=data,
        parameters=101_770,
        history={},
        sizes=sizes,
        steps=times * steps,
        accuracies=found,
        seconds={**seconds, "longer": np.mean(used)},
    )


PARTS = {
    "weights": weights,
    "shift": shift,
    "few": few,
}


def main(names):
    if unknown := set(names) - set(PARTS):
        sys.exit(f"No part {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    if "weights" in names:  # with the settings of a chapter: the same on every machine
        import cnnbook

        cnnbook.setup()
        weights()
    for name in names:
        if name != "weights":
            with full_size.recording(f"10-{name}"):
                PARTS[name]()


if __name__ == "__main__":
    main(sys.argv[1:] or ["weights"])
