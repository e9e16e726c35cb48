"""The generated shapes: the same bytes everywhere, and colour alone does not tell the classes."""

import numpy as np
import pytest

from cnnbook import datasets, generated


@pytest.fixture(scope="module")
def shapes():
    return datasets.load("shapes")


def test_shapes(shapes):
    assert (shapes.x_train.shape, shapes.x_test.shape) == ((2000, 32, 32, 3), (500, 32, 32, 3))
    assert (shapes.x_train.dtype, shapes.y_train.dtype) == (np.uint8, np.int64)
    assert shapes.class_names == tuple(generated.SHAPES)
    assert np.bincount(shapes.y_train).tolist() == [200] * 10
    assert np.bincount(shapes.y_test).tolist() == [50] * 10
    images = np.concatenate([shapes.x_train, shapes.x_test]).reshape(2500, -1)
    assert len(np.unique(images, axis=0)) == 2500


def test_shapes_are_the_same_bytes_on_every_machine(shapes):
    arrays = (shapes.x_train, shapes.y_train, shapes.x_test, shapes.y_test)
    wanted = "1af7e204a491e91f7ec98fd5aed905772f46973a1bd01c1a84df786d344c43cd"
    assert datasets.checksum(*arrays) == wanted
    assert wanted in shapes.origin


def test_every_shape_is_a_class_of_its_own():
    """Drawn at the same place, any two shapes differ by a tenth of the image's middle or more."""
    v, u = np.mgrid[-100:101:5, -100:101:5]
    masks = [shape(u, v) for shape in generated.SHAPES.values()]
    for i, mask in enumerate(masks):
        assert 0.15 < mask.mean() < 0.85
        for other in masks[:i]:
            assert (mask != other).mean() > 0.1
            assert (mask != other[:, ::-1]).mean() > 0.1  # nor when it is flipped


def test_every_shape_is_its_mirror_image_turned():
    """So that a network may be trained on flipped images: u to -u gives the same shape or its turn."""
    v, u = np.mgrid[-99:100:2, -99:100:2]
    for name, shape in generated.SHAPES.items():
        mirrored = shape(-u, v)
        turns = [(u, v), (-v, u), (-u, -v), (v, -u)]
        unlike = min((mirrored != shape(*turn)).mean() for turn in turns)
        assert unlike < (0.05 if name in ("stripes", "checks") else 1e-9), name


def colors_alone(images, bins=4):
    """Return what an image tells when its pixels are shuffled: mean colour and colour histogram."""
    levels = images.astype(int) * bins // 256
    codes = (levels[..., 0] * bins + levels[..., 1]) * bins + levels[..., 2]
    histograms = [np.bincount(code.ravel(), minlength=bins**3) for code in codes]
    return images.mean(axis=(1, 2)), np.array(histograms, float)


def test_colour_alone_does_not_tell_the_classes(shapes):
    rates = []
    for train, test in zip(colors_alone(shapes.x_train), colors_alone(shapes.x_test), strict=True):
        distances = (test**2).sum(1)[:, None] - 2 * test @ train.T + (train**2).sum(1)
        nearest = shapes.y_train[np.argsort(distances, axis=1)[:, :15]]
        voted = np.array([np.bincount(votes, minlength=10).argmax() for votes in nearest])
        rates.append((voted == shapes.y_test).mean())
    # Chance is 0.10; 500 draws of it lie below 0.16 in all but one of 100,000 tries.
    assert max(rates) < 0.16


@pytest.fixture(scope="module")
def flowers():
    return datasets.load("flowers")


def test_flowers(flowers):
    assert (flowers.x_train.shape, flowers.x_test.shape) == ((800, 32, 32, 3), (400, 32, 32, 3))
    assert (flowers.x_train.dtype, flowers.y_train.dtype) == (np.uint8, np.int64)
    assert flowers.class_names == tuple(f"{petals} petals" for petals in range(3, 11))
    assert np.bincount(flowers.y_train).tolist() == [100] * 8
    assert np.bincount(flowers.y_test).tolist() == [50] * 8
    images = np.concatenate([flowers.x_train, flowers.x_test]).reshape(1200, -1)
    assert len(np.unique(images, axis=0)) == 1200


def test_flowers_are_the_same_bytes_on_every_machine(flowers):
    arrays = (flowers.x_train, flowers.y_train, flowers.x_test, flowers.y_test)
    wanted = "fc868f2081c046af2131a714125d0389aa145ccdd7ad3b5101ae7f32d2578ba8"
    assert datasets.checksum(*arrays) == wanted
    assert wanted in flowers.origin


def test_steps_of_a_turn_are_far_from_half_numbers():
    """So that rounding gives the same whole numbers whatever a machine's last digit of a sine is."""
    for wave in (np.sin, np.cos):
        exact = 1000 * wave(generated._STEPS)
        distance = np.abs(exact - np.floor(exact) - 0.5)
        assert distance[np.abs(np.abs(exact) - 500) > 1e-6].min() > 1e-6


def test_flowers_have_as_many_petals_as_they_say():
    """Along a circle through the petals of a large flower, ink and background alternate."""
    for petals in range(3, 11):
        counts = []
        for seed in range(20):
            image = generated._flower(Plain(seed), petals, size=128).astype(int)
            background = image[0, 0]
            inside = np.abs(image - background).max(axis=-1) > 0
            centre = np.argwhere(inside).mean(axis=0)
            steps = np.arange(720) * np.pi / 360
            radius = 0.6 * np.sqrt(inside.sum() / np.pi) * 1.7
            ring = np.rint(centre[:, None] + radius * np.stack([np.sin(steps), np.cos(steps)]))
            along = inside[tuple(ring.astype(int).clip(0, 127))]
            counts.append((along & ~np.roll(along, 1)).sum())
        assert np.bincount(counts).argmax() == petals, counts


class Plain(np.random.RandomState):
    """Draws as usual, but no texture and no noise: those are the draws of many numbers."""

    def randint(self, low, high=None, size=None, dtype=int):
        drawn = super().randint(low, high, size=size, dtype=dtype)
        return 0 * drawn if np.size(drawn) > 10 else drawn


def test_colour_alone_does_not_tell_the_petals(flowers):
    rates = []
    for train, test in zip(
        colors_alone(flowers.x_train), colors_alone(flowers.x_test), strict=True
    ):
        distances = (test**2).sum(1)[:, None] - 2 * test @ train.T + (train**2).sum(1)
        nearest = flowers.y_train[np.argsort(distances, axis=1)[:, :15]]
        voted = np.array([np.bincount(votes, minlength=8).argmax() for votes in nearest])
        rates.append((voted == flowers.y_test).mean())
    # Chance is 0.125; 400 draws of it lie below 0.2 in all but one of 10,000 tries.
    assert max(rates) < 0.2


def test_scattered_digits_lie_where_it_says():
    digits = np.zeros((40, 28, 28, 1), np.uint8)
    digits[:, 4:24, 4:24] = 255  # ink in the middle 20×20, as in every digit
    canvases, places = generated.scatter(digits, seed=3)
    assert canvases.shape == (40, 56, 56, 1) and canvases.dtype == np.uint8
    assert places.min() == 0 and places.max() == 28  # as far as a digit fits
    for canvas, (row, column) in zip(canvases, places, strict=True):
        assert (canvas[row + 4 : row + 24, column + 4 : column + 24] == 255).all()
        assert (canvas == 255).sum() > 20 * 20  # and scraps elsewhere


def test_scattered_digits_are_the_same_bytes_on_every_machine():
    digits = datasets.load("digits").x_test
    wanted = "c7e48c02d592fbdcf5dc91f68b62b9f6c15cc2d5fc3717ffec5a0d8c13314561"
    assert datasets.checksum(*generated.scatter(digits, seed=0)) == wanted
    assert datasets.checksum(*generated.scatter(digits, seed=1)) != wanted


def test_a_tag_is_white_and_leaves_the_rest():
    canvases, _ = generated.scatter(datasets.load("digits").x_test[:5], seed=0)
    before = canvases.copy()
    tagged = generated.tag(canvases)
    assert np.array_equal(canvases, before)
    assert (tagged[:, 2:9:2, 2:10] == 255).all()
    changed = (tagged != canvases).any(axis=(0, 3))
    assert changed[2:9:2, 2:10].all() and changed.sum() == 4 * 8
