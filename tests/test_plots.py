"""Figures: their size in pixels, the values they show, and what they refuse."""

import re

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")  # before pyplot, which cnnbook.plots imports

import matplotlib.pyplot as plt
from matplotlib import colors

from cnnbook import plots


@pytest.fixture
def draw(monkeypatch):
    """Call show_images and return the figure, which it would have shown."""
    monkeypatch.setattr(plt, "show", lambda: None)

    def call(*arguments, **keywords):
        plots.show_images(*arguments, **keywords)
        return plt.gcf()

    yield call
    plt.close("all")


def used(figure):
    return [axis for axis in figure.axes if axis.images]


def pixels(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3]


def colours_at(figure, axis, shape):
    """Return the drawn colour, 0 to 255, in the middle of each pixel of the image in this axis."""
    picture = pixels(figure)
    y, x = np.indices(shape)
    columns, rows = axis.transData.transform(np.stack([x, y], axis=-1).reshape(-1, 2)).T
    rows = picture.shape[0] - rows
    return picture[rows.astype(int), columns.astype(int)].reshape(*shape, 3)


@pytest.mark.parametrize(
    ("shapes", "keywords", "width", "height"),  # inches; 120 pixels each
    [
        ([(4, 4)], {}, 2.0, 2.25),
        ([(4, 4)] * 3, {}, 6.0, 2.25),
        ([(2, 3), (4, 4)], {}, 6.0, 2.25),
        ([(4, 4)] * 5, {"columns": 2}, 4.0, 6.25),
        ([(4, 4)] * 2, {"columns": 7}, 4.0, 2.25),
        ([(5, 4, 3), (5, 4, 1)], {"height": 1.5}, 2.4, 1.75),
        ([(28, 28)] * 3, {"height": 1.1, "titles": ["a", "b", "c"]}, 3.3, 1.35),
    ],
)
def test_size_in_pixels(draw, shapes, keywords, width, height):
    figure = draw([np.arange(np.prod(shape)).reshape(shape) / 60 for shape in shapes], **keywords)
    assert pixels(figure).shape == (round(height * 120), round(width * 120), 3)
    assert len(used(figure)) == len(shapes)


IMAGES = [np.array([[0, 1, 2], [3, 4, 5]]), np.array([[20, 10], [10, 0], [-20, 0]])]


@pytest.mark.parametrize(
    ("limits", "scales"),
    [
        ("each", [(0, 5), (-20, 20)]),
        ("shared", [(-20, 20), (-20, 20)]),
        ((0, 10), [(0, 10), (0, 10)]),
    ],
)
def test_brightness_shows_the_values(draw, limits, scales):
    figure = draw(IMAGES, limits=limits)
    for axis, image, (low, high) in zip(used(figure), IMAGES, scales, strict=True):
        grey = np.clip((image - low) / (high - low), 0, 1) * 255
        shown = colours_at(figure, axis, image.shape)
        assert abs(shown - grey[..., np.newaxis]).max() <= 1  # of 255: the map has 256 steps


def test_colours(draw):
    image = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)
    figure = draw([image])
    np.testing.assert_array_equal(colours_at(figure, *used(figure), (3, 4)), image)


def test_an_even_image_is_black(draw):
    figure = draw([np.full((3, 3), 7)])
    assert (colours_at(figure, *used(figure), (3, 3)) == 0).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_numbers(draw, dtype):
    image = np.array([[30, 100, 250], [200, 35, 60]], dtype)
    figure = draw([image], numbers=True, titles=["image"])
    (axis,) = used(figure)
    assert axis.get_title() == "image"
    texts = {text.get_position(): text for text in axis.texts}
    assert len(texts) == image.size
    for (y, x), value in np.ndenumerate(image):
        assert texts[x, y].get_text() == f"{value:g}"
        # Dark on bright and bright on dark.
        assert colors.to_rgb(texts[x, y].get_color()) == ((1, 1, 1) if value < 140 else (0, 0, 0))


def test_short_decimals(draw):
    figure = draw([np.array([[0.5, 1.0], [-0.25, 1 / 3]])], numbers=True)
    shown = {text.get_text() for text in used(figure)[0].texts}
    assert shown == {"0.5", "1", "-0.25", "0.333333"}


def test_places_without_an_image_are_empty(draw):
    figure = draw([np.eye(3)] * 4, columns=3)
    (*_, empty) = [axis for axis in figure.axes if not axis.images]
    assert len(figure.axes) == 6
    assert not empty.axison


@pytest.mark.parametrize(
    ("arguments", "keywords", "argument", "came"),
    [
        (([np.zeros(4)],), {}, "images", "shape (4,)"),
        ((np.eye(3),), {}, "images", "shape (3,)"),
        (([np.zeros((2, 2, 2))],), {}, "images", "shape (2, 2, 2)"),
        (([np.zeros((2, 2, 4))],), {}, "images", "shape (2, 2, 4)"),
        (([np.zeros((1, 2, 2, 3))],), {}, "images", "shape (1, 2, 2, 3)"),
        (([np.eye(3), np.zeros((0, 3))],), {}, "images", "shape (0, 3)"),
        (([np.eye(3), 5],), {}, "images", "shape ()"),
        (([np.eye(3)], ["a", "b"]), {}, "titles", "2 of them"),
        (([np.eye(3)] * 2,), {"titles": []}, "titles", "0 of them"),
        (([],), {}, "images", "[]"),
    ],
)
def test_errors(draw, arguments, keywords, argument, came):
    with pytest.raises(ValueError) as raised:
        draw(*arguments, **keywords)
    english, korean = str(raised.value).split("\n")
    assert english.startswith(f"{argument}: got ")
    assert came in english
    assert re.search("[가-힣]", korean)
    assert not plt.get_fignums()
