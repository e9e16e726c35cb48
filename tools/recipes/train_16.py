"""Pre-train chapter 16's network on the eight classes of CIFAR-10 that are neither cat nor dog.

    CNNBOOK_DATA_DIR=… python -m tools.recipes.train_16

Writes data/weights/16-pretrained.npz and the record data/results/16-cifar10-pretrained.json. An
interrupted training goes on after its last epoch. Chapters 16 and 17 ask what the network's features
are worth for cats, dogs and flowers: it must not have seen any of them. The recipe is chapter 11's.
"""

import dataclasses

import numpy as np

from tools import full_size

EPOCHS, BATCH, WIDTH, SEED = 20, 128, 32, 42
RUN, WEIGHTS = "16-cifar10-pretrained", "16-pretrained"
UNSEEN = ("cat", "dog")


def without(data, unseen):
    """Return a Dataset without the classes named in `unseen`, the others numbered anew from 0."""
    kept = [label for label, name in enumerate(data.class_names) if name not in unseen]
    parts = {}
    for part in ("train", "test"):
        images, labels = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        chosen = np.isin(labels, kept)
        parts[f"x_{part}"] = images[chosen]
        parts[f"y_{part}"] = np.searchsorted(kept, labels[chosen])
    names = tuple(data.class_names[label] for label in kept)
    return dataclasses.replace(data, **parts, class_names=names)


def main():
    import keras

    from cnnbook import datasets, models, results

    keras.utils.set_random_seed(SEED)
    data = without(datasets.load("cifar10"), UNSEEN)
    model = models.small_residual_network((32, 32, 3), len(data.class_names), WIDTH)
    steps = EPOCHS * -(-len(data.x_train) // BATCH)
    warm_up = steps // 5
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warm_up, warmup_target=0.1, warmup_steps=warm_up
    )
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=5e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = results.fit(
        model, data.x_train, data.y_train, run=RUN, epochs=EPOCHS, batch_size=BATCH
    )
    models.save_weights(model, WEIGHTS)
    answers = model.predict(data.x_test, batch_size=500, verbose=0).argmax(axis=1)
    results.save(
        RUN,
        data=data,
        model=model,
        history=history,
        seed=SEED,
        unseen=UNSEEN,
        test_accuracy=np.mean(answers == data.y_test),
    )


if __name__ == "__main__":
    with full_size.recording(RUN):
        main()
