"""Figures: their size in pixels, the values they show, and what they refuse."""

import functools
import re

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")  # before pyplot, which cnnbook.plots imports

import matplotlib.pyplot as plt
from matplotlib import colors
from PIL import Image

from cnnbook import plots


@pytest.fixture
def drawn(monkeypatch):
    """Call a function of plots and return the figure, which it would have shown."""
    monkeypatch.setattr(plt, "show", lambda: None)

    def call(function, *arguments, **keywords):
        function(*arguments, **keywords)
        return plt.gcf()

    yield call
    plt.close("all")


@pytest.fixture
def draw(drawn):
    return functools.partial(drawn, plots.show_images)


@pytest.fixture
def curves(drawn):
    return functools.partial(drawn, plots.show_curves)


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


@pytest.mark.parametrize("value, kind", [(255, np.uint8), (65535, np.uint16), (127, np.int8)])
def test_an_even_image_of_its_type_s_largest_number_is_black_too(draw, value, kind):
    figure = draw([np.full((3, 3), value, kind)], numbers=True)
    assert used(figure)[0].images[0].get_clim() == (value, value + 1)  # did not wrap to 0
    assert used(figure)[0].texts[0].get_color() == "white"


@pytest.mark.parametrize("limits", ["each", "shared"])
@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_pixels_without_a_number_leave_the_others_as_they_are(draw, limits, hole):
    image = np.array([[0.0, 1], [hole, 4]])
    figure = draw([image, np.full((1, 1), np.nan)], limits=limits)
    first, empty = used(figure)
    shown = colours_at(figure, first, (2, 2))[..., 0]
    assert abs(shown[[0, 0, 1], [0, 1, 1]].astype(int) - [0, 64, 255]).max() <= 1
    assert (colours_at(figure, empty, (1, 1)) == 255).all()  # blank


def test_boolean_colours_are_full_colours(draw):
    figure = draw([np.eye(3, dtype=bool)[np.newaxis]])
    np.testing.assert_array_equal(colours_at(figure, *used(figure), (1, 3))[0], 255 * np.eye(3))


def test_limits_may_be_an_array(draw):
    figure = draw([np.eye(2), np.full((2, 2, 3), 0.5)], limits=np.array([0.0, 2.0]))
    assert used(figure)[0].images[0].get_clim() == (0, 2)
    np.testing.assert_allclose(used(figure)[1].images[0].get_array(), 0.25)


@pytest.mark.parametrize("mode", ["P", "RGBA", "CMYK", "YCbCr", "1", "L", "RGB"])
def test_pillow_images_look_as_they_are(draw, mode):
    colour = (255, 0, 0) if mode not in ("1", "L") else (255, 255, 255)
    picture = Image.new("RGB", (3, 2), colour).convert(mode)
    figure = draw([picture], limits=(0, 255) if mode == "L" else (0, 1) if mode == "1" else "each")
    shown = colours_at(figure, *used(figure), (2, 3)).astype(int)
    assert abs(shown - colour).max() <= 2


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
        (([np.eye(2) * 1j],), {}, "images", "type complex128"),
        (([[["a", "b"]]],), {}, "images", "type <U1"),
        (([np.ma.array(np.eye(2), mask=np.eye(2))],), {}, "images", "masked values"),
        (([np.full((2, 2, 3), 255.0)],), {}, "images", "RGB from 255 to 255"),
        (([np.full((2, 2, 3), 65535, np.uint16)],), {}, "images", "RGB from 65535"),
        (([np.full((2, 2, 3), -1)],), {}, "images", "RGB from -1 to -1"),
        (([np.eye(2)],), {"limits": "Shared"}, "limits", "Shared"),
        (([np.eye(2)],), {"limits": None}, "limits", "None"),
        (([np.eye(2)],), {"limits": (0, 1, 2)}, "limits", "(0, 1, 2)"),
        (([np.eye(2)],), {"limits": (1, 0)}, "limits", "(1, 0)"),
        (([np.eye(2)],), {"limits": (0, np.nan)}, "limits", "(0, nan)"),
    ],
)
def test_errors(draw, arguments, keywords, argument, came):
    refused(draw, arguments, keywords, argument, came)


def refused(draw, arguments, keywords, argument, came):
    with pytest.raises(ValueError) as raised:
        draw(*arguments, **keywords)
    english, korean = str(raised.value).split("\n")
    assert english.startswith(f"{argument}: got ")
    assert came in english
    assert re.search("[가-힣]", korean)
    assert not plt.get_fignums()


PLAIN = {"loss": [1.0, 0.5, 0.25], "val_loss": [1.0, 0.75, 0.9], "accuracy": [0.5, 0.75, 1.0]}
DROPOUT = {"loss": (3, 2, 1), "accuracy": np.array([0.25, 0.5, 0.75]), "acc": []}


def lines(axis):
    """Return [(epochs, values, style, colour)] of a panel's lines."""
    return [
        (line.get_xdata().tolist(), line.get_ydata().tolist(), line.get_ls(), line.get_color())
        for line in axis.lines
    ]


def test_curves_show_every_number_from_epoch_1(curves):
    figure = curves({"plain": PLAIN, "dropout": DROPOUT})
    loss, accuracy = figure.axes
    assert [axis.get_title() for axis in figure.axes] == ["loss", "accuracy"]
    blue, amber = plots._CURVES[:2]
    assert lines(loss) == [
        ([1, 2, 3], [1.0, 0.5, 0.25], "-", blue),
        ([1, 2, 3], [1.0, 0.75, 0.9], "--", blue),
        ([1, 2, 3], [3, 2, 1], "-", amber),
    ]
    assert lines(accuracy) == [
        ([1, 2, 3], [0.5, 0.75, 1.0], "-", blue),
        ([1, 2, 3], [0.25, 0.5, 0.75], "-", amber),
    ]


@pytest.mark.parametrize("limits", [(-2.0, 2.0), "shared"])
def test_limits_hold_for_rgb_floats_too(draw, limits):
    images = [np.linspace(-2, 2, 27).reshape(3, 3, 3), np.zeros((3, 3, 3))]
    shown = [axis.images[0].get_array() for axis in draw(images, limits=limits).axes]
    np.testing.assert_allclose(shown[0], (images[0] + 2) / 4)
    np.testing.assert_allclose(shown[1], 0.5)
    bright = draw([np.full((2, 2, 3), 9.0)], limits=(0, 3)).axes[0].images[0].get_array()
    np.testing.assert_allclose(bright, 1)


def test_limits_of_curves(curves):
    loss, accuracy = curves({"plain": PLAIN}, limits={"loss": (0, 0.6)}).axes
    assert loss.get_ylim() == (0, 0.6)
    assert accuracy.get_ylim()[0] < 0.5 and accuracy.get_ylim()[1] > 1


@pytest.mark.parametrize(
    ("histories", "shown"),
    [
        ({"plain": PLAIN, "dropout": DROPOUT}, ["plain", "dropout", "training", "validation"]),
        ({"dropout": DROPOUT}, ["dropout"]),
    ],
)
def test_legend(curves, histories, shown):
    (legend,) = curves(histories).legends
    assert [text.get_text() for text in legend.get_texts()] == shown
    styles = dict(zip(shown, [line.get_ls() for line in legend.get_lines()], strict=True))
    assert styles == {name: "--" if name == "validation" else "-" for name in shown}


@pytest.mark.parametrize("epochs", [1, 2, 7, 20, 100])
def test_epochs_are_whole_numbers_from_1(curves, epochs):
    figure = curves({"plain": {"loss": np.linspace(1, 0, epochs)}}, "loss")
    (axis,) = figure.axes
    figure.canvas.draw()
    low, high = axis.get_xlim()
    ticks = [tick for tick in axis.get_xticks() if low <= tick <= high]
    assert ticks and all(tick == int(tick) and 1 <= tick <= epochs for tick in ticks)
    left, top, right, bottom = axis.bbox.extents.astype(int)  # rows counted from below
    panel = pixels(figure)[::-1][top:bottom, left:right]
    assert (panel == (0x1D, 0x4E, 0xD8)).all(axis=-1).any()  # a single epoch is a dot


@pytest.mark.parametrize(
    ("labels", "keywords", "width", "height"),  # inches; 120 pixels each
    [
        (1, {}, 7.0, 2.6),
        (2, {}, 7.0, 2.6),
        (3, {}, 7.0, 2.8),
        (1, {"keys": ["loss"]}, 3.5, 2.8),
        (6, {"keys": ("loss", "accuracy", "val_loss"), "height": 1.7}, 10.5, 2.1),
    ],
)
def test_size_of_curves_in_pixels(curves, labels, keywords, width, height):
    figure = curves({f"run {i}": PLAIN for i in range(labels)}, **keywords)
    assert pixels(figure).shape == (round(height * 120), round(width * 120), 3)


@pytest.mark.parametrize(
    ("arguments", "argument", "came"),
    [
        (({},), "histories", "0 of them"),
        (({i: PLAIN for i in range(7)},), "histories", "7 of them"),
        (([PLAIN],), "histories", "[{'loss'"),
        (({"plain": PLAIN}, ()), "keys", "()"),
        (({"plain": {"loss": [1], "acc": [1]}},), "histories", "'plain' with ['acc', 'loss']"),
        (({"plain": PLAIN, "b": PLAIN["loss"]}, "loss"), "histories", "'b' with [1.0, 0.5, 0.25]"),
        (({"plain": DROPOUT}, "acc"), "histories", "'acc' of shape (0,)"),
        (({"plain": {"loss": [[1], [2]]}}, "loss"), "histories", "'loss' of shape (2, 1)"),
        (
            ({"p": {"loss": [1, 2], "val_loss": [1]}}, "loss"),
            "histories",
            "'val_loss' of shape (1,)",
        ),
    ],
)
def test_errors_of_curves(curves, arguments, argument, came):
    refused(curves, arguments, {}, argument, came)


@pytest.fixture
def confusion(drawn):
    return functools.partial(drawn, plots.show_confusion)


CONFUSION = [[2, 1, 0], [0, 0, 4], [0, 3, 30]]


def test_confusion_shows_every_number_but_zero(confusion):
    (axis,) = confusion(CONFUSION, ("cat", "dog", "a horse")).axes
    shown = {text.get_position(): text.get_text() for text in axis.texts}
    assert shown == {(0, 0): "2", (1, 0): "1", (2, 1): "4", (1, 2): "3", (2, 2): "30"}
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted", "right")
    for labels in (axis.get_xticklabels(), axis.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["cat", "dog", "a horse"]


def test_confusion_colours(confusion):
    figure = confusion(CONFUSION, "abc")
    red, _, blue = colours_of_cells(figure, CONFUSION)
    right = np.eye(3, dtype=bool)
    counts = np.array(CONFUSION)
    assert (blue > red)[right & (counts > 0)].all()
    assert (red > blue)[~right & (counts > 0)].all()
    assert (red == 255)[counts == 0].all() and (blue == 255)[counts == 0].all()
    assert blue[1, 2] < blue[0, 1]  # all of a row's images, against a third


def colours_of_cells(figure, matrix):
    """Return red, green and blue, each (classes, classes), above the number of each cell."""
    (axis,) = figure.axes
    picture, shape = pixels(figure), np.shape(matrix)
    y, x = np.indices(shape)
    columns, rows = axis.transData.transform(np.stack([x, y - 0.4], axis=-1).reshape(-1, 2)).T
    rows = picture.shape[0] - rows
    return picture[rows.astype(int), columns.astype(int)].reshape(*shape, 3).transpose(2, 0, 1)


@pytest.mark.parametrize(("names", "side"), [("0123456789", 3.975), (["Ankle boot"] * 10, 4.65)])
def test_size_of_confusion_in_pixels(confusion, names, side):
    figure = confusion(np.eye(10, dtype=int), names)
    assert pixels(figure).shape == (round(side * 120), round(side * 120), 3)
    (axis,) = figure.axes
    boxes = [label.get_window_extent() for label in (*axis.get_xticklabels(), axis.xaxis.label)]
    assert min(box.y0 for box in boxes) >= 0  # nothing is cut off
    assert min(label.get_window_extent().x0 for label in axis.get_yticklabels()) >= 0


@pytest.mark.parametrize(
    ("matrix", "names", "came"),
    [
        ([[1, 2]], "ab", "shape (1, 2)"),
        ([[1, 2], [3, 4]], "abc", "shape (2, 2)"),
        ([[0.5, 0.5], [0, 1]], "ab", "float64"),
        ([[1, -1], [0, 1]], "ab", "shape (2, 2)"),
        ([1, 2], "ab", "shape (2,)"),
        ([], "", "shape (0,)"),
        (np.zeros((0, 0), int), "", "shape (0, 0)"),
    ],
)
def test_errors_of_confusion(confusion, matrix, names, came):
    refused(confusion, (matrix, names), {}, "matrix", came)


@pytest.fixture
def heat(drawn):
    return functools.partial(drawn, plots.show_heat)


def test_heat_is_brightest_where_the_map_is_hottest(heat):
    hot = np.zeros((7, 7))
    hot[1, 5] = 3
    figure = heat([np.zeros((28, 28))], [hot])
    (axis,) = figure.axes
    assert [image.get_extent() for image in axis.images] == [[-0.5, 27.5, 27.5, -0.5]] * 2
    brightness = colours_at(figure, axis, (28, 28)).sum(axis=-1)
    row, column = np.unravel_index(brightness.argmax(), brightness.shape)
    assert 4 <= row < 8 and 20 <= column < 24  # the cell (1, 5), four pixels a side
    assert brightness[20, 4] < brightness.max() / 4


def test_a_cold_map_is_cold_everywhere(heat):
    figure = heat([np.zeros((8, 8))], [np.zeros((2, 2))], ["nothing"])
    shown = colours_at(figure, figure.axes[0], (8, 8))
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 1
    assert figure.axes[0].get_title() == "nothing"


def test_a_map_with_a_hole_is_hottest_where_it_was(heat):
    hot = np.zeros((7, 7))
    hot[1, 5], hot[6, 6] = 3, np.nan
    figure = heat([np.zeros((28, 28))], [hot])
    assert figure.axes[0].images[1].get_clim() == (0, 3)


def test_size_of_heat_in_pixels(heat):
    images = [np.zeros((28, 28, 1), np.uint8)] * 5
    figure = heat(images, [np.ones((3, 3))] * 5, columns=3, height=1.5)
    assert pixels(figure).shape == (2 * 210, 540, 3)
    assert sum(len(axis.images) for axis in figure.axes) == 10


@pytest.mark.parametrize(
    ("images", "heats", "titles", "argument", "came"),
    [
        ([np.zeros((4, 4))], [], None, "heats", "shapes [] for 1 images"),
        ([], [], None, "heats", "shapes [] for 0 images"),
        ([np.zeros((4, 4))], [np.zeros((2, 2, 1))], None, "heats", "shapes [(2, 2, 1)]"),
        ([np.zeros(4)], [np.zeros((2, 2))], None, "images", "an array of shape (4,)"),
        ([np.zeros((4, 4))], [np.zeros((2, 2))], ["a", "b"], "titles", "2 of them"),
        ([np.full((4, 4, 3), 255.0)], [np.zeros((2, 2))], None, "images", "RGB from 255"),
        ([np.zeros((4, 4))], [[[1, 2], [3]]], None, "heats", "not an array"),
    ],
)
def test_errors_of_heat(heat, images, heats, titles, argument, came):
    refused(heat, (images, heats, titles), {}, argument, came)
