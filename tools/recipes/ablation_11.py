"""Ask which ingredient of chapter 11's residual network helps: change one, keep the seconds.

    python -m tools.recipes.ablation_11 shapes     train what is missing, write data/results/11-shapes-ablation.json
    python -m tools.recipes.ablation_11 cifar10    the same on CIFAR-10, for six times as long a run

Every run learns from the same images for about the same processor seconds and is measured on other
images, the validation set. The test set is asked once a run of FINAL, the two networks that were
fixed before. An interrupted run goes on where it stopped, when the same command is given again;
the record holds what is finished.
"""

import json
import sys

from tools import full_size

THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
ONE_THREAD = dict.fromkeys(THREADS, "1")  # what is waited for elsewhere does not count
# Processor seconds of training a run, images to learn from and to choose by, batch, checkpoints a run.
SETS = {
    "shapes": {"budget": 10, "train": 1_600, "validation": 400, "batch": 32, "rounds": 2},
    "cifar10": {"budget": 60, "train": 10_000, "validation": 5_000, "batch": 128, "rounds": 10},
}
WIDTH = 16
DECAY = 5e-3
# What differs from the whole: the network of models.small_residual_network, SGD with momentum,
# warm-up and cosine up to a rate of 0.1, decay, augmentation.
VARIANTS = {
    "source": {
        "network": "source",
        "optimizer": "adam",
        "rate": 1e-3,
        "schedule": False,
        "batch": 32,
    },
    "source, normalized": {
        "network": "source normalized",
        "optimizer": "adam",
        "rate": 1e-3,
        "schedule": False,
        "batch": 32,
    },
    "source, augmented": {
        "network": "source augmented",
        "optimizer": "adam",
        "rate": 1e-3,
        "schedule": False,
        "batch": 32,
    },
    "whole": {},
    "no augmentation": {"network": "plain images"},
    "no batch normalization": {"network": "not normalized"},
    "no batch normalization, 0.02": {"network": "not normalized", "rate": 0.02},
    "no residual connection": {"network": "no residual"},
    "no schedule": {"schedule": False},
    "no schedule, 0.02": {"schedule": False, "rate": 0.02},
    "no weight decay": {"decay": None},
    "Adam": {"optimizer": "adam", "rate": 1e-3},
    "Adam, 0.005": {"optimizer": "adam", "rate": 5e-3},
    "wide dense layer": {"network": "wide"},
}
FINAL = ("source", "whole")
# In order of importance: whoever stops early has the rows that matter.
ONE_LESS = [name for name in VARIANTS if not name.startswith("source") and "," not in name]
RUNS = [(name, 42) for name in ("source", *ONE_LESS)]
RUNS += [(name, seed) for seed in (43, 44, 45, 46) for name in FINAL]
RUNS += [(name, seed) for seed in (43, 44) for name in ONE_LESS if name not in FINAL]
RUNS += [(name, 42) for name in VARIANTS if (name, 42) not in RUNS]
# About how many milliseconds of one processor an image takes, from the least of repeated timings;
# networks that differ by less than timings do share a number. What a run cost stands in its row.
COST = {
    "source, adam": 2.0,
    "source normalized, adam": 2.6,
    "source augmented, adam": 2.0,
    "whole, sgd": 1.1,
    "plain images, sgd": 1.1,
    "not normalized, sgd": 0.9,
    "no residual, sgd": 1.1,
    "whole, adam": 1.1,
    "wide, sgd": 1.2,
}
SMALL_BATCH = 1.3  # what the numbers for batches of 128 rise by in batches of 32


def network(kind):
    """Return a network of that kind; "whole" is models.small_residual_network."""
    from keras import Input, Model, Sequential, layers

    moved = [
        layers.RandomFlip("horizontal"),
        layers.RandomTranslation(1 / 8, 1 / 8, fill_mode="constant", interpolation="nearest"),
    ]
    if kind.startswith("source"):
        model = Sequential([Input((32, 32, 3)), layers.Rescaling(1 / 255)])
        if kind == "source augmented":
            for layer in moved:
                model.add(layer)
        for filters in (32, 64):
            for padding in ("same", "valid"):
                model.add(layers.Conv2D(filters, 3, padding=padding))
                if kind == "source normalized":
                    model.add(layers.BatchNormalization(momentum=0.9))
                model.add(layers.ReLU())
            model.add(layers.MaxPooling2D())
            model.add(layers.Dropout(0.25))
        model.add(layers.Flatten())
        model.add(layers.Dense(512, activation="relu"))
        model.add(layers.Dropout(0.5))
        model.add(layers.Dense(10))
        return model

    def block(h, filters):
        if kind == "not normalized":
            return layers.ReLU()(layers.Conv2D(filters, 3, padding="same")(h))
        h = layers.Conv2D(filters, 3, padding="same", use_bias=False)(h)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(h))

    images = Input((32, 32, 3))
    h = layers.Rescaling(1 / 127.5, offset=-1)(images)
    if kind != "plain images":
        h = moved[1](moved[0](h))
    h = layers.MaxPooling2D()(block(h, WIDTH))
    h = block(h, 2 * WIDTH)
    after = block(h, 2 * WIDTH)
    h = layers.MaxPooling2D()(after if kind == "no residual" else layers.add([h, after]))
    h = block(h, 3 * WIDTH)
    h = layers.MaxPooling2D()(block(h, 3 * WIDTH))
    h = block(h, 3 * WIDTH)
    if kind == "wide":
        h = layers.Dense(512, activation="relu")(layers.Flatten()(h))
        h = layers.Dropout(0.5)(h)
    else:
        h = layers.GlobalAveragePooling2D()(h)
    return Model(images, layers.Dense(10)(h))


def prepared(variant, steps, seed):
    """Return a compiled model."""
    import keras

    keras.utils.set_random_seed(seed)
    wanted = {"network": "whole", "optimizer": "sgd", "rate": 0.1, "schedule": True}
    wanted |= {"decay": DECAY} | VARIANTS[variant]
    model = network(wanted["network"])
    rate = wanted["rate"]
    if wanted["schedule"]:
        warm_up = steps // 5
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, steps - warm_up, warmup_target=rate, warmup_steps=warm_up
        )
    if wanted["optimizer"] == "sgd":
        optimizer = keras.optimizers.SGD(
            rate, momentum=0.9, nesterov=True, weight_decay=wanted["decay"]
        )
    else:
        optimizer = keras.optimizers.Adam(rate)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def kind_of_cost(variant):
    """Return what decides the seconds of an image: the network, the optimizer, the batch."""
    about = VARIANTS[variant]
    return f"{about.get('network', 'whole')}, {about.get('optimizer', 'sgd')}"


def warmed(model, images, labels, batch):
    """Let Keras trace the training step, and put back every number that this changed."""
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    before = [variable.numpy() for variable in variables]
    model.fit(images[:batch], labels[:batch], batch_size=batch, verbose=0)
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    return variables


def train(variant, seed, data):
    """Train one variant for the budget and return its row of the record."""
    import numpy as np

    from cnnbook import results

    about = SETS[data.name]
    run = f"11-{data.name}-{''.join(c if c.isalnum() else '_' for c in variant.lower())}-{seed}"
    batch, rounds, count = (
        VARIANTS[variant].get("batch", about["batch"]),
        about["rounds"],
        about["train"],
    )
    seconds = COST[kind_of_cost(variant)] / 1000
    if batch == 32 and not variant.startswith("source"):
        seconds *= SMALL_BATCH
    steps = round(about["budget"] / seconds / batch / rounds) * rounds
    model = prepared(variant, steps, seed)
    images, labels = data.x_train[:count], data.y_train[:count]
    variables = warmed(model, images, labels, batch)
    random = np.random.default_rng(seed)
    passes = -(-steps * batch // count)
    order = np.concatenate([random.permutation(count) for _ in range(passes)])
    piece = steps // rounds * batch
    history = {"loss": [], "accuracy": []}
    recipe = {
        "variant": str(VARIANTS[variant]),
        "steps": steps,
        "train": count,
        "batch_size": batch,
    }
    for number in results.epochs(rounds, run=run, variables=variables, history=history, **recipe):
        chosen = order[number * piece : (number + 1) * piece]
        done = model.fit(
            images[chosen], labels[chosen], batch_size=batch, shuffle=False, verbose=0
        ).history
        for name in history:
            history[name].append(done[name][0])

    def accuracy(x, y):
        return float((model.predict(x, batch_size=256, verbose=0).argmax(axis=1) == y).mean())

    chosen_by = about["validation"]
    row = {
        "variant": variant,
        "seed": seed,
        "parameters": model.count_params(),
        "steps": steps,
        "batch_size": batch,
        "epochs": round(steps * batch / count, 2),
        "processor_seconds": round(results._measured[run]["processor_seconds"], 1),
        "training_accuracy": accuracy(images[:chosen_by], labels[:chosen_by]),
        "validation_accuracy": accuracy(data.x_train[-chosen_by:], data.y_train[-chosen_by:]),
    }
    if variant in FINAL:
        row["test_accuracy"] = accuracy(data.x_test, data.y_test)
    return row


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in SETS:
        sys.exit(__doc__)
    with full_size.recording(f"11-ablation-{arguments[0]}", **ONE_THREAD) as workplace:
        measure(arguments[0], workplace)


def measure(name, workplace):
    import cnnbook

    cnnbook.setup()

    from cnnbook import datasets, models, results

    data, record = datasets.load(name), f"11-{name}-ablation"
    whole = models.small_residual_network((32, 32, 3), 10, WIDTH)
    assert network("whole").count_params() == whole.count_params()
    known = full_size.RESULTS / f"{record}.json"
    rows = json.loads(known.read_text("utf-8"))["rows"] if known.is_file() else []
    for variant, seed in RUNS:
        if any((row["variant"], row["seed"]) == (variant, seed) for row in rows):
            continue
        rows.append(train(variant, seed, data))
        print(rows[-1], flush=True)
        results.save(record, data=data, history={}, rows=rows, recipe=SETS[name])
        full_size.publish(workplace / "records")  # what is finished, run by run


if __name__ == "__main__":
    main(sys.argv[1:])
