"""Right and wrong answers to the exercises of chapter 17."""

import numpy as np
from answers.forms import forms_of


def breed_name(folder):
    return folder.split("-", 1)[1].replace("_", " ")


def breed_name_by_place(folder):
    return folder[10:].replace("_", " ")


def breed_name_partition(folder):
    return " ".join(folder.partition("-")[2].split("_"))


def top_k(probabilities, labels, k):
    best = np.argsort(-probabilities, axis=1)[:, :k]
    return (best == labels[:, None]).any(axis=1).mean()


def top_k_in_a_loop(probabilities, labels, k):
    hits = 0
    for row, label in zip(probabilities, labels, strict=True):
        hits += label in np.argsort(row)[::-1][:k]
    return hits / len(labels)


def top_k_by_rank(probabilities, labels, k):
    right = probabilities[np.arange(len(labels)), labels]
    return float(((probabilities > right[:, None]).sum(axis=1) < k).mean())


def smallest(probabilities, labels, k):
    return (np.argsort(probabilities, axis=1)[:, :k] == labels[:, None]).any(axis=1).mean()


def only_the_kth(probabilities, labels, k):
    return (np.argsort(-probabilities, axis=1)[:, k - 1] == labels).mean()


ANSWERS = {
    "17-1": (
        [*forms_of(7_075_429), 7_037_504 + 1024 * 37 + 37],
        [
            (37_925, "head alone"),
            (7_075_392, "has a bias, too"),
            (7_037_504 + 50_176 * 37 + 37, "with Flatten"),
            (7_160_504, "for 120 classes"),
            (7_037_504, "base alone"),
            (7_037_504 + 49 * 37 + 37, "7×7 places"),
            (58_541_752, "1024 weights and a bias"),
        ],
    ),
    "17-2": (
        [0.1, [0.1], np.float32(0.1), 10_000 * 1e-5, -0.1],
        [
            (0.002, "one epoch"),
            (0.0005, "a step is a batch, not an epoch"),
            (3.2, "not an image"),
            (10_000, "number of steps"),
            (0.01, "not the chapter's"),
            (1, "how many steps"),
        ],
    ),
    "17-3": (
        ["cedafb", "CEDAFB", list("cedafb"), tuple("CEDAFB"), "c, e, d, a, f, b", "“ｃｅｄａｆｂ”"],
        [
            ("abcdef", "compile before"),
            ("edcafb", "frozen base"),
            ("cdeafb", "compile before you train the head"),
            ("ecdafb", "when you compile"),
            ("ceadfb", "head first"),
            ("cedfab", "after you unfreeze"),
            ("cedabf", "before you train all"),
            ("ced", "once"),
            ("cedafbb", "once"),
        ],
    ),
    "17-4": (
        [breed_name, breed_name_by_place, breed_name_partition],
        [
            (lambda folder: folder.split("-")[1].replace("_", " "), "name is cut"),
            (lambda folder: folder.split("-")[-1].replace("_", " "), "name is cut"),
            (lambda folder: folder.split("-", 1)[1], "underscore becomes a space"),
            (lambda folder: folder.replace("_", " "), "remove the number"),
            (lambda folder: breed_name(folder).replace("-", " "), "keep the hyphens"),
            (lambda folder: breed_name(folder).lower(), "keep capitals"),
            (lambda folder: folder.split("-"), "return a name"),
            (lambda folder: "dog", "the name in"),
            ("Chihuahua", "without brackets"),
            (lambda folder: folder.nothing, "stopped with"),
        ],
    ),
    "17-5": (
        [
            top_k,
            top_k_in_a_loop,
            top_k_by_rank,
            lambda p, y, k: np.array([top_k(p, y, k)]),
        ],
        [
            (smallest, "k smallest"),
            (only_the_kth, "any of the k"),
            (lambda p, y, k: top_k(p, y, k) * len(y), "not a count"),
            (lambda p, y, k: 1 - top_k(p, y, k), "not the accuracy"),
            (lambda p, y, k: top_k(p, y, 1), "top-1"),
            (lambda p, y, k: 100 * top_k(p, y, k), "not a percentage"),
            (lambda p, y, k: 0.31, "k largest"),
            (lambda p, y, k: p, "wanted one number"),
        ],
    ),
    "17-6": (
        ["CBFEA", "CFBEA", "cbfea", "C, B, F, E, A"],
        [
            ("CFBED", "line D trains on the test images"),
            ("CFEBA", "is [1.0, 1.142]; wanted"),
            ("BCFEA", "the lines run"),
            ("FCBEA", "compile the model before fit"),
        ],
    ),
}
