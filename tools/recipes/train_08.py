"""Train chapter 08's network on the digits, and compare it with dense networks at an equal budget.

    python -m tools.recipes.train_08                       data/weights/08-scratch.npz
    python -m tools.recipes.train_08 compare digits mnist  data/results/08-digits-compared.json, 08-mnist-…
    python -m tools.recipes.train_08 rates mnist           data/results/08-mnist-rates.json

The weights come from the same training as in the chapter. Weights trained on another machine differ
in their last digits; the chapter shows what the committed ones answer. The comparison trains every
network with the same images, order, epochs, batch size and learning rate, from five seeds for the
initial weights, and tests it once; one network gets a learning rate of its own besides. Of the
convolutional network it also measures how far each layer's weights moved from their start. `rates`
trains the two networks with a hidden layer again, at a larger learning rate, from three seeds.
"""

import sys

import numpy as np

import cnnbook
from tools import full_size

SEEDS = range(42, 47)
# Epochs, batch size, learning rate. 720 steps on the digits, 1,875 on MNIST.
BUDGETS = {"digits": (20, 32, 0.05), "mnist": (5, 128, 0.05)}
LAYERS = ("convolution", "first dense", "second dense")
LARGER, FEWER_SEEDS = 0.5, range(42, 45)


def networks(rate):
    """Return {name: (function that builds the network from a seed, learning rate)}."""
    from cnnbook.scratch import ConvolutionNetwork, DenseNetwork

    return {
        "784-10, rate 0.5": (lambda seed: DenseNetwork((784, 10), seed), 0.5),
        "784-10": (lambda seed: DenseNetwork((784, 10), seed), rate),
        "784-100-10": (lambda seed: DenseNetwork((784, 100, 10), seed), rate),
        "convolutional": (lambda seed: ConvolutionNetwork(seed=seed), rate),
    }


def first_gradients(network, images, labels):
    """Return the root mean square of the loss's gradient, a weight array at a time."""
    import tensorflow as tf

    from cnnbook.scratch import mean_loss

    with tf.GradientTape() as tape:
        loss = mean_loss(network.forward(images), labels)
    gradients = tape.gradient(loss, network.variables)[::2]
    return [float(np.sqrt(np.mean(np.square(gradient)))) for gradient in gradients]


def moved(before, after):
    """Return, for each weight array, the length of its change as a share of its length before."""
    pairs = zip(before[::2], after[::2], strict=True)
    return [float(np.linalg.norm(b - a) / np.linalg.norm(a)) for a, b in pairs]


def new_row():
    return {"validation_loss": [], "validation_accuracy": [], "test_accuracy": []}


def train_and_test(network, parts, epochs, batch, rate, row):
    """Train the network as the chapter does and append what it reaches to the row."""
    import tensorflow as tf

    from cnnbook.scratch import evaluate, mini_batches, training_step

    train, validation, test = parts
    step = tf.function(training_step)
    for epoch in range(epochs):
        for images, labels in mini_batches(*train, batch, np.random.default_rng(epoch)):
            step(network, images, labels, rate)
    loss, accuracy = evaluate(network, *validation)
    row["validation_loss"].append(loss)
    row["validation_accuracy"].append(accuracy)
    row["test_accuracy"].append(evaluate(network, *test)[1])


def rates(name):
    from cnnbook import results
    from cnnbook.scratch import load_parts

    data, *parts = load_parts(name)
    epochs, batch, rate = BUDGETS[name]
    chosen = {label: networks(rate)[label][0] for label in ("784-100-10", "convolutional")}
    found = {label: new_row() for label in chosen}
    for seed in FEWER_SEEDS:
        for label, build in chosen.items():
            train_and_test(build(seed), parts, epochs, batch, LARGER, found[label])
            print(name, label, seed, found[label]["test_accuracy"][-1], flush=True)
    results.save(
        f"08-{name}-rates",
        data=data,
        history={},
        parameters=197_210,
        seeds=list(FEWER_SEEDS),
        trained_epochs=epochs,
        trained_batch_size=batch,
        trained_with=len(parts[0][0]),
        rate=LARGER,
        networks=found,
    )


def compare(name):
    from cnnbook import results
    from cnnbook.scratch import load_parts

    data, *parts = load_parts(name)
    train = parts[0]
    epochs, batch, rate = BUDGETS[name]
    found, counts = {}, {}
    measured = {"relative_change": [], "first_gradient": []}
    for label, (build, own_rate) in networks(rate).items():
        found[label] = new_row()
        for seed in SEEDS:
            network = build(seed)
            before = network.get_weights()
            if label == "convolutional":
                part = slice(1000)
                measured["first_gradient"].append(
                    first_gradients(network, train[0][part], train[1][part])
                )
            train_and_test(network, parts, epochs, batch, own_rate, found[label])
            if label == "convolutional":
                measured["relative_change"].append(moved(before, network.get_weights()))
            print(name, label, seed, found[label]["test_accuracy"][-1], flush=True)
        counts[label] = sum(array.size for array in before)
    results.save(
        f"08-{name}-compared",
        data=data,
        history={},
        parameters=counts["convolutional"],
        seeds=list(SEEDS),
        trained_epochs=epochs,
        trained_batch_size=batch,
        trained_with=len(train[0]),
        rate=rate,
        counts=counts,
        layers=LAYERS,
        networks=found,
        **measured,
    )


def weights():
    from cnnbook import models
    from cnnbook.scratch import ConvolutionNetwork, evaluate, fit, load_parts

    _, *parts = load_parts("digits")
    network = ConvolutionNetwork()
    fit(network, *parts[:2], range(20), learning_rate=0.05, batch_size=32)
    models.save_weights(network, "08-scratch")
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
        loss, accuracy = evaluate(network, *part)
        print(f"{name}: loss {loss:.4f}, accuracy {accuracy:.4f}")


def main(arguments):
    if not arguments:
        cnnbook.setup()
        weights()
        return
    with full_size.recording("08-compared"):
        cnnbook.setup()
        for name in arguments[1:]:
            {"compare": compare, "rates": rates}[arguments[0]](name)


if __name__ == "__main__":
    main(sys.argv[1:])
