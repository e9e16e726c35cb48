"""Drawings in Python: the brush, the box, the centring that the network was promised."""

import numpy as np
import pytest

from cnnbook import datasets, strokes

LINE = [np.array([[10.0, 20.0], [40.0, 20.0]])]


def centre_of_mass(image):
    return [np.average(np.arange(28) + 0.5, weights=image.sum(axis=axis)) for axis in (1, 0)]


def test_a_line_is_as_thick_as_its_brush():
    ink = strokes.draw(LINE, 50, 6)
    assert np.allclose(ink[:, 25].sum(), 6)  # across the line
    assert ink[17:23, 25].tolist() == [1] * 6 and ink[16, 25] == ink[23, 25] == 0
    assert strokes.draw([[[10, 20]]], 50, 6)[20, 10] == 1  # a point is a dot
    assert np.array_equal(strokes.draw([LINE[0], [[5, 5]]], 50, 6)[15:], ink[15:])


def test_a_drawing_lies_where_it_was_placed():
    for share, at in ((1, (0, 0)), (0.5, (0, 1)), (0.3, (0.5, 0.5))):
        (placed,) = strokes.place(LINE, 98, share, at, margin=4)
        room = share * 90
        assert np.allclose(np.ptp(placed, axis=0), [room, 0])
        assert np.allclose(placed[0], [4 + at[0] * (90 - room), 4 + at[1] * 90])
    (upright,) = strokes.place([[[0, 0], [0, 10]]], 20, 1, (0, 0))
    (leaning,) = strokes.place([[[0, 0], [0, 10]]], 20, 1, (0, 0), slant=0.5)
    assert upright.tolist() == [[0, 0], [0, 20]]
    assert leaning.tolist() == [[10, 0], [0, 20]]  # what is higher lies to the right


def test_shrinking_keeps_the_mean():
    ink = np.random.default_rng(0).random((98, 98))
    assert np.allclose(strokes.shrink(ink).mean(), ink.mean())
    assert np.allclose(strokes.shrink(np.kron(ink[:28, :28], np.ones((3, 3)))), ink[:28, :28])


def test_centring_is_blind_to_place_and_size():
    lines = datasets.load("strokes")[100]["strokes"]
    seen = [
        strokes.centre(strokes.in_box(lines, 400, brush=32 * share, share=share, at=at))
        for share, at in ((0.4, (0, 0)), (0.8, (1, 0.3)), (0.6, (0.5, 1)))
    ]
    for image in seen:
        assert image.shape == (28, 28)
        # A source pixel counts in the middle of the cell that it falls in, not where it was.
        assert np.allclose(centre_of_mass(image), 14, atol=0.02)
        assert abs(image - seen[0]).max() < 0.2
        inked = np.argwhere(image > 0)
        assert 20 <= max(np.ptp(inked, axis=0) + 1) <= 21  # 20 pixels, across 21 at most
    assert np.array_equal(strokes.centre(np.zeros((98, 98))), np.zeros((28, 28)))


def test_a_drawing_of_any_size_is_redrawn_the_same():
    lines = datasets.load("strokes")[250]["strokes"]
    seen = [
        strokes.redrawn(strokes.place(lines, 280, share, at), 24)
        for share, at in ((0.12, (0, 0)), (0.5, (1, 0.3)), (1, (0.5, 1)))
    ]
    assert np.allclose(seen, seen[0])
    assert np.allclose(centre_of_mass(seen[0]), 14, atol=0.02)
    inked = np.argwhere(seen[0] > 0)
    assert 20 <= max(np.ptp(inked, axis=0) + 1) <= 21
    # The pen is 2.5 pixels wide, whatever it was: a line has that much ink across it.
    line = strokes.redrawn([[[0, 0], [0, 7]]])
    assert np.allclose(line[10:18].sum(axis=1), 2.5)


def test_a_dot_stays_a_dot():
    dot = strokes.redrawn([[[100, 100]]], 24)
    assert np.isclose(dot.sum(), np.pi * 1.25**2, rtol=0.02)
    trembling = strokes.redrawn([[[100, 100], [106, 103]]], 24)
    assert np.ptp(np.argwhere(trembling > 0), axis=0).max() < 9  # not as tall as a digit
    assert np.allclose(strokes.redrawn([[[100, 100]]]), dot)


def test_ink_stays_inside():
    """A blot at one end of a line pulls the centre of mass further than the picture has room."""
    ink = np.zeros((100, 100))
    ink[:, 50] = 0.01
    ink[95:, 40:60] = 1
    image, side = strokes.centre(ink), 100 / 20
    assert np.isclose(image.sum() * side**2, ink.sum())


def test_strokes_are_thirty_of_each_digit():
    digits = datasets.load("strokes")
    assert [digit["label"] for digit in digits] == sorted(list(range(10)) * 30)
    assert all(stroke.shape[1:] == (2,) for digit in digits for stroke in digit["strokes"])


@pytest.mark.parametrize("none", [[], [[]], [[1, 2, 3]], 5, [[[1, 2, 3]]]])
def test_what_is_no_drawing_is_refused(none):
    with pytest.raises(ValueError, match=r"strokes: got .*\n.*필요한 값"):
        strokes.draw(none, 28, 3)


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_a_share_outside_is_refused(share):
    with pytest.raises(ValueError, match="share: got"):
        strokes.place(LINE, 28, share)
