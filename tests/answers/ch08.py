"""Right and wrong answers to the exercises of chapter 08."""

import fractions

import numpy as np
from answers.forms import forms_of

LIMIT = np.sqrt(6 / 550)


def mean_of(loss):
    return lambda scores, labels: np.mean([loss(z, t) for z, t in zip(scores, labels, strict=True)])


def by_logaddexp(scores, labels):
    return (np.logaddexp.reduce(scores, axis=1) - scores[np.arange(len(labels)), labels]).mean()


def by_tensorflow(scores, labels):
    import tensorflow as tf

    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
    return tf.reduce_mean(losses)


def by_one_hot(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(np.eye(scores.shape[1])[labels] * logs).sum() / len(labels)


def naive(scores, labels):
    powers = np.exp(scores)
    return -np.log(powers[np.arange(len(labels)), labels] / powers.sum(axis=1)).mean()


def one_maximum(scores, labels):
    return naive(scores - scores.max(), labels)


def without_label(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)).mean()


def in_order(images, labels, batch_size, order):
    parts = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    return [(images[part], labels[part]) for part in parts]


def one_epoch(images, labels, batch_size, random):
    return in_order(images, labels, batch_size, random.permutation(len(images)))


def by_yield(images, labels, batch_size, random):
    order = np.arange(len(images))
    random.shuffle(order)
    while len(order):
        yield images[order[:batch_size]], labels[order[:batch_size]]
        order = order[batch_size:]


def by_split(images, labels, batch_size, random):
    order = random.choice(len(images), len(images), replace=False)
    cuts = range(batch_size, len(images), batch_size)
    return [[images[p].tolist(), labels[p].tolist()] for p in np.split(order, cuts)]


def as_given(images, labels, batch_size, random):
    images, labels = random.permutation(images), random.permutation(labels)
    starts = [i * batch_size for i in range(len(images) // batch_size)]
    return [(images[i : i + batch_size], labels[:batch_size]) for i in starts]


def first_labels(images, labels, batch_size, random):
    return [(x, labels[: len(x)]) for x, _ in one_epoch(images, labels, batch_size, random)]


def remainder_dropped(images, labels, batch_size, random):
    return one_epoch(images, labels, batch_size, random)[: len(images) // batch_size]


def not_shuffled(images, labels, batch_size, random):
    return in_order(images, labels, batch_size, np.arange(len(images)))


def always_alike(images, labels, batch_size, random):
    return one_epoch(images, labels, batch_size, np.random.default_rng(7))


def drawn_again(images, labels, batch_size, random):
    order = np.concatenate([random.permutation(4), random.permutation(6)])
    return in_order(images, labels, batch_size, order)


def even_parts(images, labels, batch_size, random):
    order = random.permutation(len(images))
    return [(images[part], labels[part]) for part in np.array_split(order, 3)]


ANSWERS = {
    "08-1": (
        forms_of(201_578),
        [
            (160 + 28 * 28 * 16 * 64 + 64 + 650, "pooling halves both sides"),
            (160 + 13 * 13 * 16 * 64 + 64 + 650, "the padding is SAME"),
            (160 + 14 * 14 * 64 + 64 + 650, "all 16 maps are flattened"),
            (144 + 200_704 + 640, "count the biases"),
            (197_210, "with 10 filters and 100 units"),
            (200_768, "add up three layers"),
        ],
    ),
    "08-2": (
        forms_of(5760),
        [
            (480, "that is one epoch"),
            (7200, "validation images do not move the weights"),
            (1440, "four fifths are for training"),
            (576_000, "100 images at once"),
            (48_000, "training images / images in a batch"),
        ],
    ),
    "08-3": (
        [0.104, 0.1044, 0.10445, LIMIT, np.float32(LIMIT), [LIMIT], fractions.Fraction(104, 1000)],
        [
            (np.sqrt(6 / 22), "25 places"),
            (0.2, "He's limit"),
            (0.0603, "the standard deviation"),
            (0.0109, "square root"),
            (0.19, "16 filters at 25 places"),
            (0.1, "inputs + outputs"),
            (-LIMIT, "inputs + outputs"),
        ],
    ),
    "08-4": (
        [by_logaddexp, by_tensorflow, by_one_hot, lambda z, t: [by_logaddexp(z, t)]],
        [
            (naive, "overflow"),
            (one_maximum, "overflow"),
            (mean_of(lambda z, t: z[t]), "minus the logarithm"),
            (lambda z, t: -by_logaddexp(z, t), "the wrong way around"),
            (lambda z, t: by_logaddexp(z, t) * len(t), "take the mean"),
            (lambda z, t: by_logaddexp(z, t) / np.log(10), "natural logarithm"),
            (without_label, "right class is missing"),
            (lambda z, t: np.logaddexp.reduce(z, axis=1), "wanted one number"),
        ],
    ),
    "08-5": (
        [one_epoch, by_yield, by_split],
        [
            (as_given, "no longer belong"),
            (first_labels, "no longer belong"),
            (remainder_dropped, "left out"),
            (not_shuffled, "not shuffled"),
            (always_alike, "always the same"),
            (drawn_again, "came twice"),
            (even_parts, "make sizes 4, 4, 2"),
            (lambda x, y, size, random: (x, y), "list of pairs"),
            (lambda x, y, size, random: [(x[:4], y)], "as many labels as images"),
        ],
    ),
    "08-6": (
        ["DCAGFB", "dcagfb", "D, C, A, G, F, B"],
        [
            ("DCAGFE", "line E walks along the gradient"),
            ("DCAFGB", "the lines run"),
            ("DCAGB", "the lines run"),
            ("CDAGFB", "Python stops at line C"),
        ],
    ),
}
