"""Measure chapter 9's remedies for overfitting, each with five seeds, and record what comes out.

    python -m tools.recipes.train_09 remedies                             on "digits"
    CNNBOOK_DATA_DIR=… python -m tools.recipes.train_09 dropout           on MNIST

Writes data/results/09-digits-remedies.json and 09-mnist-dropout_seeds.json.

"remedies" changes one thing at a time and leaves the budget alone: 300 steps of 20 images, Adam with
a rate of 0.003, whatever the number of training images. A seed decides the initial weights, the
order, which images are drawn and which of their labels are wrong. "dropout" trains the chapter's two
networks on 5,000 images for 20 epochs: a tenth of the chapter's full run, so that five seeds of
both can be had. Each network is tested twice: as it is at the end, and with the weights of the epoch
whose validation loss was lowest. Nothing is chosen on the test images.
"""

import sys
import time

import numpy as np

from tools import full_size

SEEDS = [1, 2, 3, 4, 5]
FEW, WRONG, STEPS, BATCH, RATE, EVERY = 200, 0.2, 300, 20, 0.003, 10
REMEDIES = {  # name -> (training images; None: all), share of wrong labels, rate of dropout
    "few-wrong": (FEW, WRONG, 0),
    "few-clean": (FEW, 0, 0),
    "all-wrong": (None, WRONG, 0),
    "all-clean": (None, 0, 0),
    "few-wrong-dropout": (FEW, WRONG, 0.5),
    "all-clean-dropout": (None, 0, 0.5),
}
MNIST_TRAIN, MNIST_VALIDATION, MNIST_EPOCHS, MNIST_BATCH = 5_000, 1_250, 20, 128


def build(rate):
    """Return the chapter's network of 197,210 parameters, with dropout behind Flatten if rate > 0."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(10, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            *([layers.Dropout(rate)] if rate else []),
            layers.Dense(100, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def trained(rate, learning_rate, seed, blocks, batch_size, validation, test):
    """Train a network on one block of (images, labels) after another; return it and its numbers.

    After each block the validation images are measured; the weights of the lowest loss are tested
    too.
    """
    import keras

    keras.utils.set_random_seed(seed)
    model = build(rate)
    model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy")
    losses, accuracies, best = [], [], None
    for images, labels in blocks:
        for start in range(0, len(labels), batch_size):
            part = slice(start, start + batch_size)
            model.train_on_batch(images[part], labels[part])
        loss, accuracy = measure(model, *validation)
        losses.append(loss)
        accuracies.append(accuracy)
        if loss == min(losses):
            best = model.get_weights()
    late = slice(-(len(losses) // 3), None)
    measured = {
        "lowest_validation_loss": min(losses),
        "lowest_after": int(np.argmin(losses)) + 1,
        "late_validation_loss": np.mean(losses[late]),
        "best_validation_accuracy": max(accuracies),
        "late_validation_accuracy": np.mean(accuracies[late]),
        "test_at_end": measure(model, *test)[1],
    }
    last = model.get_weights()
    model.set_weights(best)
    measured["test_when_stopped"] = measure(model, *test)[1]
    model.set_weights(last)
    return model, measured


def measure(model, images, labels):
    """Return (mean loss, accuracy), without dropout."""
    parts = [images[start : start + 500] for start in range(0, len(images), 500)]
    answers = np.concatenate([model.predict_on_batch(part) for part in parts])
    right = answers[np.arange(len(labels)), labels]
    loss = -np.log(np.maximum(right, 1e-7)).mean()
    return float(loss), float((answers.argmax(axis=1) == labels).mean())


def shuffled(images, labels, count, block, random):
    """Yield blocks of images in random order, all of them once before one comes again."""
    order = np.concatenate(
        [random.permutation(len(labels)) for _ in range(-(-count // len(labels)))]
    )
    for start in range(0, count, block):
        part = order[start : min(start + block, count)]
        yield images[part], labels[part]


def remedies():
    from cnnbook import results, scratch

    data, (x, y), validation, test = scratch.load_parts("digits")
    table = {}
    for name, (count, wrong, rate) in REMEDIES.items():
        rows, begun = [], time.process_time()
        for seed in SEEDS:
            random = np.random.default_rng(seed)
            chosen = random.permutation(len(y))[:count]
            images, labels = x[chosen], y[chosen].copy()
            changed = random.permutation(len(labels))[: round(wrong * len(labels))]
            labels[changed] = (labels[changed] + random.integers(1, 10, len(changed))) % 10
            blocks = shuffled(images, labels, STEPS * BATCH, EVERY * BATCH, random)
            model, measured = trained(rate, RATE, seed, blocks, BATCH, validation, test)
            answers = model.predict(images, batch_size=500, verbose=0).argmax(axis=1)
            if wrong:
                measured["learned_by_heart"] = (answers == labels)[changed].mean()
            rows.append(measured)
        table[name] = {key: [row[key] for row in rows] for key in rows[0]}
        table[name] |= {"images": len(labels), "wrong": len(changed), "dropout": rate}
        table[name]["processor_seconds"] = (time.process_time() - begun) / len(SEEDS)
        print(name, {k: np.round(v, 3).tolist() for k, v in table[name].items()}, flush=True)
    results.save(
        "09-digits-remedies",
        data=data,
        parameters=197_210,
        history={},
        seeds=SEEDS,
        steps=STEPS,
        rate=RATE,
        validation_every=EVERY,
        networks=table,
        **{"batch_size": BATCH},
    )


def dropout():
    from cnnbook import results, scratch

    data, (x, y), (x_val, y_val), test = scratch.load_parts("mnist")
    table = {}
    for name, rate in {"plain": 0, "dropout": 0.5}.items():
        rows, begun = [], time.process_time()
        for seed in SEEDS:
            random = np.random.default_rng(seed)
            chosen = random.permutation(len(y))[:MNIST_TRAIN]
            held = random.permutation(len(y_val))[:MNIST_VALIDATION]
            blocks = shuffled(x[chosen], y[chosen], MNIST_EPOCHS * MNIST_TRAIN, MNIST_TRAIN, random)
            validation = x_val[held], y_val[held]
            _, measured = trained(rate, 0.001, seed, blocks, MNIST_BATCH, validation, test)
            rows.append(measured)
            print(name, seed, {k: round(float(v), 4) for k, v in measured.items()}, flush=True)
        table[name] = {key: [row[key] for row in rows] for key in rows[0]}
        table[name]["processor_seconds"] = (time.process_time() - begun) / len(SEEDS)
    results.save(
        "09-mnist-dropout_seeds",
        data=data,
        parameters=197_210,
        history={},
        seeds=SEEDS,
        images=MNIST_TRAIN,
        validation=MNIST_VALIDATION,
        rounds=MNIST_EPOCHS,
        networks=table,
        **{"batch_size": MNIST_BATCH},
    )


PARTS = {"remedies": remedies, "dropout": dropout}


def main(names):
    if unknown := set(names) - set(PARTS):
        sys.exit(f"No part {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    for name in names:
        with full_size.recording(f"09-{name}"):
            PARTS[name]()


if __name__ == "__main__":
    main(sys.argv[1:] or PARTS)
