"""Drawings as a pen makes them: strokes placed in a box, inked, and made ready for a network.

A drawing is a list of strokes, a stroke an array of (points, 2) numbers (x, y). What the pages of
the laboratory do in the browser (book/_assets/lab/drawing.js) is done here in Python, so that what
a network is asked here and there is the same; tests/test_zip_code.py compares them.
"""

import numpy as np

from cnnbook._errors import bad_value

SIZE = 28  # a network's input, in pixels
BOX = 20  # MNIST scaled the longer side of a digit to this
FINE, PEN = (
    4,
    10,
)  # `redrawn` draws at 4 × 4 pixels for one of the input, with a pen 2.5 of them wide
# Five ways to draw the same digit in a box: what each changes of `in_box`'s usual pen.
PENS = {
    "usual": {},
    "thin": {"brush": 3},
    "thick": {"brush": 18},
    "slanted": {"slant": 0.6},
    "off centre": {"share": 0.45, "at": (0.0, 0.0)},
}


def place(strokes, side, share=0.75, at=(0.5, 0.5), margin=0.0, slant=0.0):
    """Return the strokes moved and scaled into a box of side × side, a list of (points, 2) arrays.

    share: the longer side of the drawing as a share of the box without its margin, above 0, at most
    1. at: where it lies along x and y, from 0 (left, above) to 1 (right, below). slant: how far a
    point moves to the right for each unit that it lies higher, before scaling. A drawing whose
    points are all one lies at that place alone. Raises ValueError for a share outside its limits
    and for a drawing without points.
    """
    if not 0 < share <= 1:
        raise bad_value("share", share, "above 0, at most 1", "0보다 크고 1 이하")
    points = _checked(strokes)
    points = [stroke - slant * np.outer(stroke[:, 1], [1, 0]) for stroke in points]
    every = np.concatenate(points)
    low, extent = every.min(axis=0), np.ptp(every, axis=0)
    room = side - 2 * margin
    scale = share * room / (extent.max() or 1)
    corner = margin + np.asarray(at) * (room - scale * extent)
    return [corner + scale * (stroke - low) for stroke in points]


def draw(strokes, side, brush):
    """Return the ink of a round brush along the strokes: a (side, side) array from 0 to 1.

    strokes: points in pixels of the array, (0, 0) the corner of its first pixel. brush: its
    diameter in pixels. A pixel on the rim is as dark as the brush covers it.
    """
    middle = np.arange(side) + 0.5
    distance = np.full((side, side), np.inf)
    for stroke in _checked(strokes):
        begins = stroke[: max(len(stroke) - 1, 1)]
        ends = stroke[1:] if len(stroke) > 1 else stroke
        # Only the pixels near a piece can be inked by it.
        low = np.floor(np.minimum(begins, ends) - brush / 2 - 1).clip(0).astype(int)
        high = np.ceil(np.maximum(begins, ends) + brush / 2 + 1).clip(0).astype(int)
        pieces = zip(begins.tolist(), ends.tolist(), low.tolist(), high.tolist(), strict=True)
        for (ax, ay), (bx, by), (left, top), (right, bottom) in pieces:
            x, y = middle[left:right], middle[top:bottom, np.newaxis]
            dx, dy = bx - ax, by - ay
            along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy or 1)
            along = np.clip(along, 0, 1)
            away = np.hypot(x - ax - along * dx, y - ay - along * dy)
            near = distance[top:bottom, left:right]
            np.minimum(near, away, out=near)
    return np.clip(brush / 2 + 0.5 - distance, 0, 1)


def in_box(strokes, side=98, *, brush=8, share=0.75, at=(0.5, 0.5), slant=0.0):
    """Return (side, side) ink of a drawing placed in a box, as `place` and `draw` say."""
    return draw(place(strokes, side, share, at, brush / 2, slant), side, brush)


def shrink(ink):
    """Return a square drawing at (28, 28): each pixel is the mean of the area that it covers."""
    shares = _shares(0, len(ink) / SIZE, len(ink))
    return shares @ ink @ shares.T


def redrawn(strokes, least=0.0):
    """Return (28, 28) ink of a drawing of any size: brought to one size, then drawn with one pen.

    What was drawn small with a thick brush is a blot; its strokes are not. So the strokes are scaled
    first, their longer side with the pen to 20 pixels, and inked afterwards. A drawing whose longer
    side is below `least`, in the strokes' own unit, is scaled as if it were that: a dot stays one.
    The centre of mass comes to the middle, as `centre` says.
    """
    points = _checked(strokes)
    every = np.concatenate(points)
    low, extent = every.min(axis=0), np.ptp(every, axis=0).max()
    scale = (BOX * FINE - PEN) / (max(extent, least) or 1)
    fitted = [PEN / 2 + scale * (stroke - low) for stroke in points]
    return centre(draw(fitted, BOX * FINE, PEN), FINE)


def centre(ink, side=None):
    """Scale ink's longer side to 20 pixels, its centre of mass to the middle of (28, 28).

    ink: a (height, width) array, 0 where there is none. side: how many of its pixels become one, if
    not as many as that. Each pixel of the answer is the mean of the
    area that it covers; the centre of mass keeps off the middle as far as all ink stays inside.
    No ink at all stays all zero. As MNIST was made, and as book/_assets/lab/drawing.js does.
    """
    rows, columns = (np.flatnonzero(ink.any(axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((SIZE, SIZE))
    side = side or max(np.ptp(rows) + 1, np.ptp(columns) + 1) / BOX

    def shares(sums, inked):
        middle = np.average(np.arange(len(sums)) + 0.5, weights=sums)
        start = np.clip(middle - SIZE / 2 * side, inked[-1] + 1 - SIZE * side, inked[0])
        return _shares(start, side, len(sums))

    return shares(ink.sum(axis=1), rows) @ ink @ shares(ink.sum(axis=0), columns).T


def _shares(start, side, size):
    """Return (28, size): the share of each of 28 cells that each of the source's pixels covers.

    The first cell begins at `start`, and every cell is `side` of the source's pixels long.
    """
    pixels = np.arange(size)
    low = start + side * np.arange(SIZE)[:, np.newaxis]
    covered = np.minimum(low + side, pixels + 1) - np.maximum(low, pixels)
    return np.maximum(covered, 0) / side


def _checked(strokes):
    """Return the strokes as float arrays, or say why they are no drawing."""
    try:
        points = [np.asarray(stroke, float) for stroke in strokes]
    except (TypeError, ValueError):
        points = []
    if not points or any(p.ndim != 2 or p.shape[1] != 2 or not len(p) for p in points):
        raise bad_value(
            "strokes",
            f"{len(points)} strokes" if points else "no strokes",
            "a list of arrays (points, 2), one point or more each",
            "점이 하나 이상인 (점의 수, 2) 배열의 목록",
        )
    return points
