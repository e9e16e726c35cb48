"""tools/teaching/sheets.py: sheets for calculating by hand. The keys are computed anew, in other ways."""

import os
import re
import shutil
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
import scipy.signal
import scipy.stats
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.editions import EDITIONS, SOURCE
from tools.teaching import sheets

editions = pytest.mark.parametrize("edition", EDITIONS.values(), ids=lambda one: one.language)
drawn = settings(derandomize=True, deadline=None, max_examples=100)
NAMES = st.text(min_size=1, max_size=12).filter(lambda name: name.strip())
SEEDS = st.integers(0, 10**6)
DIGEST = "46b2c5"  # of the class 1반 with seed 0, on every machine


def correlate(image, kernel):
    return scipy.signal.correlate2d(image, kernel, "valid")


# --- the keys: each takes what the sheet gives and returns the answers in order ---


def one_dimension(given, told):
    signal, weights = given
    return np.convolve(signal, weights, "valid"), np.correlate(signal, weights, "valid")


def two_dimensions(given, told):
    return (correlate(*given),)


def padding_and_stride(given, told):
    image, kernel = given
    return (correlate(np.pad(image, 1), kernel)[::2, ::2],)


def sizes(given, told):
    def places(size, window, stride, padding):
        if padding == "same":
            return len(range(0, size, stride))
        padded = size if padding == "valid" else size + 2 * padding
        return len(range(0, padded - window + 1, stride))

    return ([places(*row) for row in given[0]],)


def channels(given, told):
    first, second, kernel_1, kernel_2, bias = given
    return (correlate(first, kernel_1) + correlate(second, kernel_2) + bias,)


def parameters(given, told):
    side, channels, filters, classes = told.values()
    left = (side - 3 + 1) // 2
    flat = left * left * filters
    convolution = filters * (3 * 3 * channels) + filters
    return convolution, 0, flat, flat * classes + classes


def pooling(given, told):
    windows = given[0].reshape(2, 2, 2, 2)
    return windows.max(axis=(1, 3)), windows.mean(axis=(1, 3))


def pooling_backward(given, told):
    feature_map, gradient = given
    by_max = np.zeros((4, 4))
    for y, x in np.ndindex(2, 2):
        window = feature_map[2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
        place = np.unravel_index(window.argmax(), window.shape)
        by_max[2 * y + place[0], 2 * x + place[1]] = gradient[y, x]
    return by_max, np.kron(gradient, np.full((2, 2), 0.25))


def learning_step(given, told):
    image, kernel, target = given

    def loss(image, kernel, bias=0.0):
        return ((correlate(image, kernel) + bias - target) ** 2).sum() / 2

    def gradient(function, at):  # central differences, exact for a parabola
        result = np.zeros(np.shape(at))
        for place in np.ndindex(*np.shape(at)):
            step = np.zeros(np.shape(at))
            step[place] = 1
            result[place] = (function(at + step) - function(at - step)) / 2
        return result

    by_kernel = gradient(lambda k: loss(image, k), kernel)
    output = correlate(image, kernel)
    return (
        output,
        output - target,
        loss(image, kernel),
        by_kernel,
        gradient(lambda b: loss(image, kernel, b), 0.0),
        gradient(lambda i: loss(i, kernel), image),
        kernel - by_kernel / 10,
    )


def batch_norm(given, told):
    values, gamma, beta = given
    normal = scipy.stats.zscore(values)
    return values.mean(), np.sqrt(values.var()), normal, gamma * normal + beta


KEYS = (
    *(one_dimension, two_dimensions, padding_and_stride, sizes, channels, parameters),
    *(pooling, pooling_backward, learning_step, batch_norm),
)


def test_every_exercise_has_its_key_here():
    assert [key.__name__ for key in KEYS] == [made.__name__ for made in sheets.EXERCISES]


@given(NAMES, SEEDS)
@drawn
def test_the_keys(name, seed):
    for exercise, key in zip(sheets.exercises(name, seed), KEYS, strict=True):
        found = key(list(exercise.given.values()), exercise.told)
        assert len(found) == len(exercise.answers)
        for (label, answer), other in zip(exercise.answers.items(), found, strict=True):
            assert np.shape(answer) == np.shape(other), (exercise.name, label)
            np.testing.assert_allclose(np.array(answer, float), other, atol=1e-9, err_msg=label)


@given(NAMES, SEEDS)
@drawn
def test_the_numbers_suit_a_pencil(name, seed):
    for exercise in sheets.exercises(name, seed):
        for values in exercise.given.values():
            numbers = [
                value
                for value in np.ravel(np.array(values, object))
                if value not in ("valid", "same")
            ]
            assert all(int(value) == value and abs(value) <= 64 for value in numbers)
        for label, values in exercise.answers.items():
            values = np.array(values, float)
            assert np.abs(values).max() <= (3000 if exercise.told else 100), label
            np.testing.assert_allclose(values * 100, np.round(values * 100), atol=1e-9)


def test_with_tensorflow(keras):
    import tensorflow as tf

    drawn = {
        made.__name__: exercise
        for made, exercise in zip(KEYS, sheets.exercises("A", 7), strict=True)
    }

    def batch(array):
        return tf.constant(array[np.newaxis, ..., np.newaxis], tf.float64)

    exercise = drawn["learning_step"]
    image, kernel, target = exercise.given.values()
    image, target = batch(image), batch(target)
    kernel = tf.Variable(kernel[..., np.newaxis, np.newaxis].astype(float))
    bias = tf.Variable(np.zeros(1))
    with tf.GradientTape() as tape:
        tape.watch(image)
        output = tf.nn.conv2d(image, kernel, 1, "VALID") + bias
        loss = tf.reduce_sum((output - target) ** 2) / 2
    by_kernel, by_bias, by_image = tape.gradient(loss, [kernel, bias, image])
    keras.optimizers.SGD(0.1).apply([by_kernel], [kernel])
    found = (output, output - target, loss, by_kernel, by_bias, by_image, kernel)
    for (label, answer), other in zip(exercise.answers.items(), found, strict=True):
        np.testing.assert_allclose(np.squeeze(answer), np.squeeze(other), atol=1e-12, err_msg=label)

    feature_map, gradient = drawn["pooling_backward"].given.values()
    for layer, answer in zip(
        (tf.nn.max_pool2d, tf.nn.avg_pool2d),
        drawn["pooling_backward"].answers.values(),
        strict=True,
    ):
        with tf.GradientTape() as tape:
            pixels = batch(feature_map)
            tape.watch(pixels)
            total = tf.reduce_sum(layer(pixels, 2, 2, "VALID") * batch(gradient))
        np.testing.assert_array_equal(np.squeeze(tape.gradient(total, pixels)), answer)

    side, channels, filters, classes = drawn["parameters"].told.values()
    layers = [
        keras.layers.Conv2D(filters, 3),
        keras.layers.MaxPooling2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(classes),
    ]
    model = keras.Sequential([keras.Input((side, side, channels)), *layers])
    convolution, pooling, flat, dense = drawn["parameters"].answers.values()
    assert [layer.count_params() for layer in layers] == [convolution, pooling, 0, dense]
    assert model.layers[2].output.shape[1] == flat


# --- one class, one sheet ---


def test_the_same_everywhere():
    assert sheets.digest(sheets.exercises("1반", 0)).startswith(DIGEST)
    for edition in EDITIONS.values():
        assert f"0-{DIGEST}" in sheets.page("1반", 0, False, edition)
    apart = unicodedata.normalize("NFD", " 1반\n")  # as macOS may hand it over
    assert sheets.page(apart, 0, True, SOURCE) == sheets.page("1반", 0, True, SOURCE)


def test_another_class_or_seed_gets_other_numbers():
    digests = {
        sheets.digest(sheets.exercises(f"{grade}-{room}", seed))
        for grade in range(1, 4)
        for room in range(1, 6)
        for seed in range(3)
    }
    assert len(digests) == 45
    by_class = zip(sheets.exercises("1반", 0), sheets.exercises("2반", 0), strict=True)
    assert all(sheets.digest([a]) != sheets.digest([b]) for a, b in by_class)


@given(NAMES, NAMES)
@drawn
def test_folders_do_not_meet(one, other):
    names = [sheets.folder_name(name) for name in (one, other)]
    assert all(re.fullmatch(r"[\w-]+", name) for name in names)
    same = sheets.canonical(one) == sheets.canonical(other)
    assert (names[0].casefold() == names[1].casefold()) == same


@pytest.mark.parametrize(
    ("name", "seed", "says"), [("  ", 0, "class: got "), ("A", -1, "seed: got -1")]
)
def test_bad_arguments(name, seed, says):
    with pytest.raises(ValueError, match=says):
        sheets.page(name, seed, True, SOURCE)


# --- the pages ---


@editions
def test_every_number_has_its_word(edition):
    for made, exercise in zip(sheets.EXERCISES, sheets.exercises("A", 0), strict=True):
        assert exercise.name == made.__name__
        words = edition.words["sheets"][exercise.name]
        assert set(words) == {"title", "text", *exercise.given, *exercise.answers}
        assert set(re.findall(r"{(\w+)}", words["text"])) == set(exercise.told)


@pytest.mark.parametrize("key", [False, True])
def test_every_edition_gives_the_same_numbers(key):
    numbers = {}
    for edition in EDITIONS.values():
        text = sheets.page("A", 5, key, edition)
        page = BeautifulSoup(text, "html.parser")
        assert page.html["lang"] == edition.language
        assert bool(re.search("[가-힣]", re.sub("(?s)<style>.*</style>", "", text))) == (
            edition.is_source
        )
        told = page.find_all("section")[5].p.get_text()  # numbers that stand in a sentence
        numbers[edition.language] = (
            [cell.get_text() for cell in page.find_all("td")],
            [re.findall(r"\d+", small.get_text()) for small in page.find_all("small")],
            re.search(r"5-[0-9a-f]{6}", page.p.get_text())[0],
            re.findall(r"\d+", told),
        )
    assert all(found == numbers[SOURCE.language] for found in numbers.values())
    assert len(numbers[SOURCE.language][0]) > 80 and len(numbers[SOURCE.language][3]) == 10


@editions
def test_the_sheet_asks_what_the_key_answers(edition):
    sheet, key = (
        BeautifulSoup(sheets.page("3 <b>&", 5, key, edition), "html.parser")
        for key in (False, True)
    )
    assert "3 <b>&" in sheet.h1.get_text() and not sheet.find("b")
    assert len(key.find_all("section")) == len(sheets.EXERCISES)
    numbers = []
    for page in (sheet, key):
        cells = [td.get_text() for td in page.select(".asked td")]
        numbers.append(cells)
        for asked in page.select(".asked"):
            asked.decompose()
    assert len(numbers[0]) == len(numbers[1]) > 80
    assert set(numbers[0]) == {""} and all(re.fullmatch(r"−?\d+(\.\d+)?", n) for n in numbers[1])
    parts = [[str(section) for section in page.find_all("section")] for page in (sheet, key)]
    assert parts[0] == parts[1]
    assert sheet.h1.get_text() != key.h1.get_text()


@pytest.mark.parametrize(
    ("value", "written"),
    [(3, "3"), (-2.0, "−2"), (0.1 + 0.2, "0.3"), (-1e-12, "0"), (5.25, "5.25")],
)
def test_number(value, written):
    assert sheets.number(value) == written


def run(root, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "tools.teaching.sheets", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command(root, tmp_path):
    path = os.environ.get("CNNBOOK_BROWSER") or shutil.which("chromium")
    if not path:
        pytest.skip("no browser")
    for language in ("en", "ko"):  # into one folder, side by side
        classes = ("--class", "1반", "--class", "2반")
        chosen = ("--seed", "3", "--language", language)
        run(root, tmp_path, *classes, *chosen, CNNBOOK_BROWSER=path)
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.*")) == [
        f"{room}/{kind}-3{language}.{end}"
        for room in ("1반", "2반")
        for kind in ("key", "sheet")
        for language in ("-en", "")
        for end in ("html", "pdf")
    ]
    assert (tmp_path / "1반/key-3.pdf").read_bytes().startswith(b"%PDF-")


def test_the_command_without_a_browser(root, tmp_path):
    said = run(root, tmp_path, CNNBOOK_BROWSER=str(tmp_path / "none"))
    assert "print them" in said and "CNNBOOK_BROWSER" in said
    assert sorted(path.name for path in (tmp_path / "1반").iterdir()) == [
        "key-0.html",
        "sheet-0.html",
    ]
    written = (tmp_path / "1반/key-0.html").read_text("utf-8")
    assert written == sheets.page("1반", 0, True, SOURCE)
