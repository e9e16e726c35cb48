"""Train chapter 18's networks on MNIST, record them, and tune one for other hands and other pens.

    CNNBOOK_DATA_DIR=… python -m tools.recipes.train_18           all, one after the other
    CNNBOOK_DATA_DIR=… python -m tools.recipes.train_18 v2        one of them
    CNNBOOK_DATA_DIR=… python -m tools.recipes.train_18 eight     no training: MNIST's digits at 8×8

Writes data/results/18-mnist-*.json and data/weights/18-*.npz. An interrupted training goes on after
its last epoch. All have the same recipe: Adam with a rate that
falls to zero along a cosine, 5,000 of the training images set aside for validation, the test images
looked at once, after training. The networks without "_plain" see every training image changed anew
in every epoch, by `lab_digits.augment`.

"18-mnist-lenet_tuned" goes on from "18-mnist-lenet" with ten digits a class of scikit-learn's
training part and ten a class of data/strokes.json, drawn five ways, among images of MNIST. Those
strokes are of MNIST test digits, so its test leaves these images out.

"18-mnist-eight" is the control of the chapter's first table: MNIST's own test digits, as coarse and as
large as scikit-learn's, asked of the network without augmentation.
"""

import sys

import numpy as np
from PIL import Image, ImageOps

from cnnbook import datasets, strokes
from tools import full_size
from tools.recipes import lab_digits

EPOCHS, BATCH, RATE, VALIDATION, SEED = 12, 128, 1e-3, 5_000, 42
TUNING_EPOCHS, TUNING_RATE, REHEARSED, EACH = 10, 5e-4, 4_000, 10
NETWORKS = ("dense_plain", "dense", "lenet_plain", "lenet", "lenet_tuned", "v2")
KEPT = {  # the weights that the chapter shows
    "lenet_plain": "18-lenet-plain",
    "lenet": "18-lenet",
    "lenet_tuned": "18-lenet-tuned",
    "v2": "18-v2",
}


def build(name):
    from cnnbook import models

    networks = {"dense": lambda: models.dense_network(512), "v2": models.zip_code_network}
    return networks.get(name.partition("_")[0], models.lenet5)()


def target_images():
    """Return (images, labels, indices): the few that the network is tuned on, MNIST's left out."""
    digits = datasets.load("digits")
    few = np.concatenate([np.flatnonzero(digits.y_train == label)[:EACH] for label in range(10)])
    images, labels = [digits.x_train[few, ..., 0] / 255], [digits.y_train[few]]
    every = datasets.load("strokes")  # 30 a class
    chosen = [digit for i, digit in enumerate(every) if i % 30 < EACH]
    for pen in strokes.PENS.values():
        drawn = [strokes.in_box(digit["strokes"], **pen) for digit in chosen]
        images.append(np.array([strokes.centre(ink) for ink in drawn]))
        labels.append(np.array([digit["label"] for digit in chosen]))
    indices = [digit["index"] for digit in chosen]
    return np.float32(np.concatenate(images)), np.concatenate(labels), indices


def codes(right, rng):
    """Return the share of whole codes that are right, the answers taken five at a time by lot."""
    return right[rng.permutation(len(right) // 5 * 5)].reshape(-1, 5).all(axis=1).mean()


def train(name, mnist):
    import keras

    from cnnbook import models, results

    keras.utils.set_random_seed(SEED)
    run, tuned = f"18-mnist-{name}", name.endswith("_tuned")
    order = np.random.default_rng(SEED).permutation(len(mnist.x_train))
    x, y = mnist.x_train[order, ..., 0] / np.float32(255), mnist.y_train[order]
    held = x[:VALIDATION, ..., np.newaxis], y[:VALIDATION]
    x, y, left_out = x[VALIDATION:], y[VALIDATION:], []
    model = build(name)
    count, rate = EPOCHS, RATE
    if tuned:
        models.load_weights(model, KEPT["lenet"])
        few, few_labels, left_out = target_images()
        x, y = np.concatenate([x[:REHEARSED], few]), np.concatenate([y[:REHEARSED], few_labels])
        count, rate = TUNING_EPOCHS, TUNING_RATE
    falling = keras.optimizers.schedules.CosineDecay(rate, count * -(-len(x) // BATCH))
    model.compile(
        keras.optimizers.Adam(falling), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.optimizer.build(model.trainable_variables)
    history = {}
    recipe = {"images": x, "labels": y, "batch_size": BATCH, "train": len(x), "rate": rate}
    variables = [*model.variables, *model.optimizer.variables]
    for epoch in results.epochs(count, run=run, variables=variables, history=history, **recipe):
        rng = np.random.default_rng(epoch)
        mixed = rng.permutation(len(x))
        changed = x[mixed]
        if not name.endswith("_plain"):
            parts = np.array_split(changed, 20)  # less memory at a time
            changed = np.concatenate([lab_digits.augment(part, rng) for part in parts])
        told = model.fit(
            changed[..., np.newaxis],
            y[mixed],
            batch_size=BATCH,
            shuffle=False,
            validation_data=held,
            verbose=0,
        )
        for key, values in told.history.items():
            history.setdefault(key, []).extend(values)

    if name in KEPT:
        models.save_weights(model, KEPT[name])
    tested = np.setdiff1d(np.arange(len(mnist.x_test)), left_out)
    answers = model.predict(mnist.x_test[tested] / np.float32(255), batch_size=500, verbose=0)
    right = answers.argmax(axis=1) == mnist.y_test[tested]
    results.save(
        run,
        data=mnist,
        model=model,
        history=history,
        validation=VALIDATION,
        augmented=not name.endswith("_plain"),
        tested=len(tested),
        seed=SEED,
        test_accuracy=right.mean(),
        code_accuracy=codes(right, np.random.default_rng(SEED)),
    )


def filled(ink, side):
    """Return the box around the ink, filling side × side, then stretched to 28×28 (chapter 18)."""
    picture = Image.fromarray(np.uint8(np.round(255 * ink)))
    fitted = ImageOps.pad(picture.crop(picture.getbbox()), (side, side), Image.Resampling.BOX)
    return np.asarray(fitted.resize((28, 28), Image.Resampling.BICUBIC)) / 255


def measure_eight(mnist):
    from cnnbook import models, results

    model = models.load_weights(models.lenet5(), KEPT["lenet_plain"])
    images = mnist.x_test[..., 0] / 255

    def accuracy(images):
        asked = np.float32(np.stack(list(images)))[..., np.newaxis]
        return np.mean(model.predict(asked, batch_size=500, verbose=0).argmax(axis=1) == labels)

    labels = mnist.y_test
    eight = [filled(image, 8) for image in images]
    results.save(
        "18-mnist-eight",
        data=mnist,
        parameters=model.count_params(),
        history={},
        as_is=accuracy(images),
        filled=accuracy(filled(image, 28) for image in images),
        eight=accuracy(eight),
        eight_centred=accuracy(strokes.centre(image) for image in eight),
    )


def main(names):
    if unknown := set(names) - {*NETWORKS, "eight"}:
        sys.exit(f"No network {', '.join(unknown)}; there are: {', '.join(NETWORKS)}, eight")
    mnist = datasets.load("mnist")
    for name in names:
        with full_size.recording(f"18-mnist-{name}"):
            if name == "eight":
                measure_eight(mnist)
            else:
                train(name, mnist)


if __name__ == "__main__":
    main(sys.argv[1:] or [*NETWORKS, "eight"])
