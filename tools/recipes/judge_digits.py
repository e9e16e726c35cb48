"""Judge how the laboratory reads drawings: digits by another tracer, small ones, codes, no digits.

    CNNBOOK_DATA_DIR=… python -m tools.recipes.judge_digits

Prints a table and writes data/results/12-mnist-drawings-judge.json: "now" what the pages' network
reads, "before" what data/weights/digit-cnn.npz reads, to which the ink is given as the brush left it.

The judge was committed before the network that it judges was trained, and nothing is chosen by it.
Its digits are MNIST *test* digits outside data/strokes.json, drawn by lot, each used once. Their
tracer shares nothing with tools/recipes/strokes.py: where that thins a digit to a skeleton and cuts
it at every junction, this one walks along the crest of the ink and goes straight on where strokes
cross, as a hand does. One rule, stated before anything was measured, sets a digit aside for the
next in the lot: a trace that leaves more than a twentieth of the ink aside. The drawings that are
no digits are lines of its own, not the fonts and curves that the network may have learned from.
"""

import itertools

import numpy as np
from scipy import ndimage

from cnnbook import datasets, strokes
from tools import full_size

RUN = "12-mnist-drawings-judge"
SIDE, BRUSH = 280, 24  # of the drawing pad, in its own units
DRAWS, CODES, SINGLE, SMALL, OTHERS = 4, 260, 210, 210, 25  # others: of each kind
ENLARGE = 4
LARGE_SHARE, SMALL_SHARE = (0.5, 1.0), (0.12, 0.2)  # the longer side, of the pad's free room

# ---- the tracer ----------------------------------------------------------------------------------


def trace(image):
    """Follow the crests of a (28, 28) digit: a list of (points, 2) arrays in quarters of a pixel.

    Returns None for a trace that leaves more than a twentieth of the ink aside.
    """
    ink = ndimage.zoom(np.pad(image / 255.0, 2), ENLARGE, order=1)
    smooth = ndimage.gaussian_filter(ink, ENLARGE)
    yy, xx, xy = (
        ndimage.gaussian_filter(ink, ENLARGE, order=order) for order in ((2, 0), (0, 2), (1, 1))
    )
    gy, gx = (ndimage.gaussian_filter(ink, ENLARGE, order=order) for order in ((1, 0), (0, 1)))
    turn = 0.5 * np.arctan2(2 * xy, xx - yy)  # of the axis along which the ink bends most
    nx, ny = np.cos(turn), np.sin(turn)
    bend = xx * nx**2 + 2 * xy * nx * ny + yy * ny**2
    across = -(xx * ny**2 - 2 * xy * nx * ny + yy * nx**2)
    swap = -across < bend  # the other axis bends more
    nx, ny = np.where(swap, -ny, nx), np.where(swap, nx, ny)
    bend = np.where(swap, -across, bend)
    off = np.clip(-(gx * nx + gy * ny) / np.minimum(bend, -1e-4), -1.5, 1.5)
    dark = ink > 0.4
    thickness = ndimage.distance_transform_edt(dark)
    open_, missed, lines = dark.copy(), dark.copy(), []
    crest = np.where(bend < -1e-4, smooth, 0)
    while open_.any():
        seed = np.argmax(np.where(open_, crest, -1))
        row, column = np.unravel_index(seed, ink.shape)
        open_[row, column] = False
        fields = nx, ny, off, smooth
        start = np.array([column, row], float)
        begin = np.array([-ny[row, column], nx[row, column]])
        ahead = _walk(fields, start, begin, lines)
        behind = _walk(fields, start, -begin, [*lines, ahead])
        line = np.concatenate([behind[:0:-1], ahead])
        length = np.hypot(*np.diff(line, axis=0).T).sum()
        _cover(open_, line, thickness)
        if length >= 2 * ENLARGE or not lines:
            lines.append(line)
            _cover(missed, line, thickness)
    return lines if missed.sum() <= 0.05 * dark.sum() else None


def _cover(ink, line, thickness):
    """Take from the ink what lies within the stroke's thickness, and half a pixel, of its line."""
    for x, y in line[::2]:
        radius = thickness[int(y + 0.5), int(x + 0.5)] + 0.5 * ENLARGE
        top, left = int(max(y - radius, 0)), int(max(x - radius, 0))
        part = ink[top : int(y + radius) + 2, left : int(x + radius) + 2]
        rows, columns = (np.arange(size)[:, np.newaxis] for size in part.shape)
        part &= (rows + top - y) ** 2 + (columns.T + left - x) ** 2 > radius**2


def _walk(fields, point, heading, lines):
    """Walk along a crest from a point until the ink ends or a crest that was walked before."""
    nx, ny, off, smooth = fields
    walked = [np.concatenate([line, np.full((1, 2), 1e9)]) for line in lines]
    before = np.concatenate(walked) if walked else np.full((1, 2), 1e9)
    along = np.diff(before, axis=0, append=1e9)
    along = along / np.maximum(np.hypot(*along.T), 1e-9)[:, np.newaxis]
    path, headings = [point], [heading]
    for _ in range(600):
        point = point + heading
        column, row = (int(value + 0.5) for value in point)
        if not (0 <= row < len(smooth) and 0 <= column < len(smooth)):
            break
        if smooth[row, column] < 0.22:
            break
        new = np.array([-ny[row, column], nx[row, column]])
        new = new if new @ heading >= 0 else -new
        # Where strokes cross, the crest has no direction: the hand goes on as it went.
        weight = 0.35 if new @ heading > 0.7 else 0.08
        heading = (1 - weight) * heading + weight * new
        heading = heading / np.hypot(*heading)
        normal = np.array([nx[row, column], ny[row, column]])
        if new @ heading > 0.7:
            point = point + 0.5 * off[row, column] * normal
        near = np.hypot(*(before - point).T)
        if ((near < 2) & (abs(along @ heading) > 0.8)).any():
            break
        if len(path) > 16:
            own = np.array(path[:-12])
            close = np.hypot(*(own - point).T) < 2
            if (close & (np.array(headings[:-12]) @ heading > 0.8)).any():
                path.append(point)
                break
        path.append(point)
        headings.append(heading)
    return np.array(path)


def as_pen(lines, rng):
    """Return a trace as a pen's points: some distance apart, strokes in some order and direction."""
    step = rng.uniform(1.5, 5)
    taken = []
    for index in rng.permutation(len(lines)):
        line = lines[index][:: rng.choice([-1, 1])]
        far = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
        at = np.linspace(0, far[-1], max(2, round(far[-1] / step)))
        taken.append(np.stack([np.interp(at, far, line[:, axis]) for axis in (0, 1)], axis=1))
    return taken


# ---- drawings that are no digits, in a square of side 1, y downwards ------------------------------


def curve(*points):
    return np.array(points, float)


def arc(x, y, across, down, begin=0.0, end=1.0):
    """Return a part of an ellipse, in turns clockwise from the right."""
    turn = 2 * np.pi * np.linspace(begin, end, 24)
    return np.stack([x + across * np.cos(turn), y + down * np.sin(turn)], axis=1)


# Letters that nobody would take for a digit: without B D G I J O Q S Z and their small ones.
LETTERS = {
    "A": [curve((0, 1), (0.4, 0), (0.8, 1)), curve((0.15, 0.6), (0.65, 0.6))],
    "C": [arc(0.5, 0.5, 0.4, 0.5, -0.12, -0.88)],
    "E": [curve((0.6, 0), (0, 0), (0, 1), (0.6, 1)), curve((0, 0.5), (0.5, 0.5))],
    "F": [curve((0.6, 0), (0, 0), (0, 1)), curve((0, 0.48), (0.5, 0.48))],
    "H": [curve((0, 0), (0, 1)), curve((0.7, 0), (0.7, 1)), curve((0, 0.5), (0.7, 0.5))],
    "K": [curve((0, 0), (0, 1)), curve((0.6, 0), (0, 0.55), (0.65, 1))],
    "L": [curve((0, 0), (0, 1), (0.6, 1))],
    "M": [curve((0, 1), (0.08, 0), (0.45, 0.7), (0.82, 0), (0.9, 1))],
    "N": [curve((0, 1), (0, 0), (0.7, 1), (0.7, 0))],
    "P": [curve((0, 1), (0, 0), (0.4, 0.02), (0.58, 0.25), (0.4, 0.5), (0, 0.52))],
    "R": [
        curve((0, 1), (0, 0), (0.4, 0.02), (0.58, 0.25), (0.4, 0.5), (0, 0.52)),
        curve((0.25, 0.52), (0.6, 1)),
    ],
    "T": [curve((0, 0), (0.8, 0)), curve((0.4, 0), (0.4, 1))],
    "U": [np.concatenate([[(0, 0)], arc(0.35, 0.65, 0.35, 0.35, 0.5, 0), [(0.7, 0)]])],
    "V": [curve((0, 0), (0.4, 1), (0.8, 0))],
    "W": [curve((0, 0), (0.25, 1), (0.5, 0.25), (0.75, 1), (1, 0))],
    "X": [curve((0, 0), (0.75, 1)), curve((0.75, 0), (0, 1))],
    "Y": [curve((0, 0), (0.4, 0.5), (0.8, 0)), curve((0.4, 0.5), (0.4, 1))],
    "e": [np.concatenate([[(0.1, 0.5), (0.9, 0.5)], arc(0.5, 0.5, 0.4, 0.45, 0, -0.85)])],
    "h": [
        curve((0, 0), (0, 1)),
        np.concatenate([arc(0.28, 0.68, 0.28, 0.25, 0.5, 1), [(0.56, 1)]]),
    ],
    "k": [curve((0, 0), (0, 1)), curve((0.5, 0.35), (0, 0.7), (0.55, 1))],
    "m": [
        curve((0, 0.3), (0, 1)),
        np.concatenate([arc(0.22, 0.55, 0.22, 0.22, 0.5, 1), [(0.44, 1)]]),
        np.concatenate([arc(0.66, 0.55, 0.22, 0.22, 0.5, 1), [(0.88, 1)]]),
    ],
    "n": [
        curve((0, 0.3), (0, 1)),
        np.concatenate([arc(0.28, 0.6, 0.28, 0.25, 0.5, 1), [(0.56, 1)]]),
    ],
    "w": [curve((0, 0.3), (0.25, 1), (0.45, 0.45), (0.65, 1), (0.9, 0.3))],
}

# Jamo in a square of side 1.
JAMO = {
    "ㄱ": [curve((0, 0), (1, 0), (0.8, 1))],
    "ㄴ": [curve((0, 0), (0, 1), (1, 1))],
    "ㄷ": [curve((0, 0), (1, 0)), curve((0, 0), (0, 1), (1, 1))],
    "ㄹ": [curve((0, 0), (1, 0), (1, 0.5), (0, 0.5), (0, 1), (1, 1))],
    "ㅁ": [curve((0, 0), (0, 1)), curve((0, 0), (1, 0), (1, 1)), curve((0, 1), (1, 1))],
    "ㅂ": [
        curve((0, 0), (0, 1)), curve((1, 0), (1, 1)), curve((0, 0.5), (1, 0.5)), curve((0, 1), (1, 1))
    ],
    "ㅅ": [curve((0.55, 0), (0, 1)), curve((0.45, 0.3), (1, 1))],
    "ㅇ": [arc(0.5, 0.5, 0.5, 0.5)],
    "ㅈ": [curve((0, 0), (1, 0)), curve((0.55, 0), (0, 1)), curve((0.45, 0.4), (1, 1))],
    "ㅎ": [curve((0.4, 0), (0.6, 0)), curve((0, 0.25), (1, 0.25)), arc(0.5, 0.68, 0.4, 0.32)],
    "ㅏ": [curve((0.3, 0), (0.3, 1)), curve((0.3, 0.5), (1, 0.5))],
    "ㅓ": [curve((0.7, 0), (0.7, 1)), curve((0, 0.5), (0.7, 0.5))],
    "ㅣ": [curve((0.5, 0), (0.5, 1))],
    "ㅗ": [curve((0, 1), (1, 1)), curve((0.5, 0.3), (0.5, 1))],
    "ㅜ": [curve((0, 0.2), (1, 0.2)), curve((0.5, 0.2), (0.5, 1))],
    "ㅡ": [curve((0, 0.5), (1, 0.5))],
}  # fmt: skip
SYLLABLES = ["가", "나", "다", "마", "바", "사", "자", "하", "거", "너", "머", "비", "미", "지",
             "고", "노", "도", "모", "보", "소", "구", "누", "무", "수", "주", "후", "그", "스",
             "한", "글", "문", "강", "산"]  # fmt: skip


def syllable(letter):
    """Return a Hangul syllable: its jamo beside or below each other, as they are written."""
    number = ord(letter) - 0xAC00
    first = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"[number // 588]
    vowel = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"[number // 28 % 21]
    last = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"[number % 28].strip()
    high = 0.55 if last else 1
    if vowel in "ㅗㅜㅡ":
        boxes = [(first, 0.15, 0, 0.7, 0.5 * high), (vowel, 0, 0.55 * high, 1, 0.45 * high)]
    else:
        boxes = [(first, 0, 0.1 * high, 0.5, 0.8 * high), (vowel, 0.6, 0, 0.4, high)]
    if last:
        boxes.append((last, 0.15, 0.65, 0.7, 0.35))
    return [
        np.array([x, y]) + stroke * [wide, tall]
        for jamo, x, y, wide, tall in boxes
        for stroke in JAMO[jamo]
    ]


def dots(rng):
    count = rng.choice([1, 1, 1, 2, 3])
    places = rng.uniform(0, 1, (count, 1, 2)) if count > 1 else np.zeros((1, 1, 2))
    # A hand that presses trembles by a few units of the pad; one that taps does not.
    return [place + rng.uniform(-0.5, 0.5, (rng.integers(1, 5), 2)) * 0.02 for place in places]


def letters(rng):
    return LETTERS[rng.choice(list(LETTERS))]


def hangul(rng):
    return syllable(rng.choice(SYLLABLES))


def faces(rng):
    wide, high = rng.uniform(0.36, 0.5, 2)
    eye = rng.integers(3)
    far, up = rng.uniform(0.13, 0.2), rng.uniform(0.08, 0.18)
    parts = [
        arc(0.5, 0.5, wide, high, *(rng.uniform(0, 1) + np.array([0, rng.uniform(0.97, 1.04)])))
    ]
    for x in (0.5 - far, 0.5 + far):
        y = 0.5 - up
        if eye == 0:
            parts.append(curve((x, y)))
        elif eye == 1:
            parts.append(curve((x, y - 0.06), (x, y + 0.06)))
        else:
            parts.append(arc(x, y, 0.05, 0.05))
    smile = rng.uniform(-0.16, 0.16)
    x = np.linspace(-1, 1, 9)
    parts.append(np.stack([0.5 + 0.2 * x, 0.68 + smile * (0.5 - x**2)], axis=1))
    if rng.random() < 0.4:
        parts.append(curve((0.5, 0.48), (0.5, 0.58)))
    return parts


def scribbles(rng):
    kind = rng.integers(3)
    count = rng.integers(5, 11)
    if kind == 0:  # to and fro
        x = np.linspace(0, 1, 2 * count)
        y = np.where(np.arange(2 * count) % 2, 1, 0) + rng.normal(0, 0.12, 2 * count)
        points = np.stack([x, y], axis=1)
        return [points[:, :: rng.choice([-1, 1])]]
    t = np.linspace(0, 1, 30 * count)
    if kind == 1:  # loops along a way
        turn = 2 * np.pi * count * t
        wide, high = rng.uniform(0.15, 0.3), rng.uniform(0.25, 0.5)
        wander = ndimage.gaussian_filter1d(rng.normal(size=len(t)), 12) * 0.8
        return [np.stack([t + wide * np.cos(turn), high * np.sin(turn) + wander], axis=1)]
    way = rng.uniform(0, 1, (3 * count, 2))  # a tangle: from place to place
    way = np.repeat(way, 6, axis=0)
    return [ndimage.gaussian_filter1d(way, 3, axis=0)]


def lines(rng):
    kind, gap = rng.integers(5), rng.uniform(0.25, 0.6)
    flat = curve((0, 0), (1, rng.normal(0, 0.04)))
    if kind == 0:
        return [flat]
    if kind == 1:
        return [flat, flat + [0, gap]]
    if kind == 2:
        return [flat, curve((0.5, -0.5), (0.5, 0.5))]
    if kind == 3:
        return [flat, flat + [0, gap], flat + [0, 2 * gap]]
    return [curve((0, 0), (0, 1)), curve((gap, 0), (gap, 1)), curve((2 * gap, 0), (2 * gap, 1))]


def doodles(rng):
    kind = rng.integers(5)
    if kind == 0:  # a star of five points
        turn = 2 * np.pi * (np.arange(6) * 2 / 5 - 0.25)
        return [np.stack([np.cos(turn), np.sin(turn)], axis=1)]
    if kind == 1:  # a house
        return [
            curve((0, 0.4), (0, 1), (0.9, 1), (0.9, 0.4)),
            curve((-0.1, 0.45), (0.45, 0), (1, 0.45)),
        ]
    if kind == 2:  # a heart
        t = np.linspace(0, 2 * np.pi, 40)
        high = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
        return [np.stack([16 * np.sin(t) ** 3, -high], axis=1)]
    if kind == 3:  # an arrow
        return [curve((0, 0.5), (1, 0.5)), curve((0.65, 0.2), (1, 0.5), (0.65, 0.8))]
    t = np.linspace(0, 1, 80)  # a spiral
    turn = 2 * np.pi * rng.uniform(2.5, 4) * t
    return [np.stack([t * np.cos(turn), t * np.sin(turn)], axis=1)]


KINDS = {kind.__name__: kind for kind in (dots, letters, faces, scribbles, hangul, lines, doodles)}


def by_hand(drawing, rng):
    """Return the strokes a little off: leaning, turned, trembling, with a pen's points."""
    points = np.concatenate(drawing)
    extent = np.ptp(points, axis=0).max()
    if extent < 0.1:
        return drawing
    turn, lean = rng.uniform(-0.12, 0.12, 2)
    change = np.array([[np.cos(turn), np.sin(turn)], [lean - np.sin(turn), np.cos(turn)]])
    change = change * rng.uniform(0.85, 1.15, 2)
    step, drawn = extent * rng.uniform(0.03, 0.07), []
    for stroke in drawing:
        if len(stroke) > 1:
            far = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])
            at = np.linspace(0, far[-1], max(3, round(far[-1] / step)))
            stroke = np.stack([np.interp(at, far, stroke[:, axis]) for axis in (0, 1)], axis=1)
            tremor = ndimage.gaussian_filter1d(rng.normal(size=stroke.shape), 2, axis=0)
            stroke = stroke + 0.03 * extent * tremor
        drawn.append(stroke @ change)
    return drawn


# ---- what is asked -------------------------------------------------------------------------------


def on_pad(drawing, rng, shares=LARGE_SHARE):
    """Return a drawing as points of the pad, at a size and a place by lot, to a tenth of a unit."""
    share, at = rng.uniform(*shares), rng.uniform(0, 1, 2)
    if np.ptp(np.concatenate(drawing), axis=0).max() < 0.1:  # a dot stays one
        span = max(np.ptp(np.concatenate(drawing), axis=0).max(), 1e-6)
        share = span * SIDE / (SIDE - BRUSH)
    placed = strokes.place(drawing, SIDE, share, at, margin=BRUSH / 2)
    return [np.round(stroke, 1) for stroke in placed]


def seen(drawing):
    """Return (28, 28): what the page gives to its network for the strokes of a pad."""
    return strokes.redrawn(drawing, BRUSH)


def seen_before(drawing):
    return strokes.centre(strokes.draw(drawing, SIDE, BRUSH))


def lots(mnist):
    """Yield (label, strokes) of MNIST test digits by lot, none of them in data/strokes.json."""
    known = {digit["index"] for digit in datasets.load("strokes")}
    for index in np.random.default_rng(2026).permutation(len(mnist.x_test)):
        if index not in known and (lines := trace(mnist.x_test[index, ..., 0])):
            yield int(mnist.y_test[index]), lines


def nothing(kind, draw, count=OTHERS):
    """Return drawings of a kind that are no digits, as the strokes of a pad."""
    rng = np.random.default_rng([draw, list(KINDS).index(kind)])
    return [on_pad(by_hand(KINDS[kind](rng), rng), rng, (0.3, 1)) for _ in range(count)]


def asking(model, seen=seen):
    """Return a function of drawings, the strokes of pads, that gives the network's answers."""

    def ask(drawings):
        inputs = np.float32([seen(drawing) for drawing in drawings])[..., np.newaxis]
        return model.predict(inputs, batch_size=500, verbose=0)

    return ask


def doubted(answers):
    """Return for each answer whether the page says that it does not know: no digit is half sure."""
    return answers[:, :10].max(axis=1) < 0.5


def judge(ask, digits):
    """Return what is measured: for each draw and question how many were right, or doubted.

    ask: a function from drawings to answers. digits: (label, strokes) in order, such as `lots` gives.
    """
    digits, rows = iter(digits), []
    for draw in range(DRAWS):
        rng, row = np.random.default_rng(draw), {}
        real = []
        for question, count, shares in (
            ("single", SINGLE, LARGE_SHARE),
            ("small", SMALL, SMALL_SHARE),
            ("boxes", 5 * CODES, LARGE_SHARE),
        ):
            lot = [next(digits) for _ in range(count)]
            drawn = [on_pad(as_pen(lines, rng), rng, shares) for _, lines in lot]
            answers = ask(drawn)
            right = answers[:, :10].argmax(axis=1) == [label for label, _ in lot]
            row[question] = [int(right.sum()), count]
            real.append(doubted(answers))
            if question == "boxes":
                row["codes"] = [int(right.reshape(-1, 5).all(axis=1).sum()), CODES]
        real = np.concatenate(real)
        row["digits doubted"] = [int(real.sum()), len(real)]
        for kind in KINDS:
            row[f"{kind} doubted"] = [int(doubted(ask(nothing(kind, draw))).sum()), OTHERS]
        rows.append(row)
    return rows


def table(rows):
    """Return as text how many of each question, draw by draw and together."""
    lines = []
    for question in rows[0]:
        counts = [row[question] for row in rows]
        right, count = (sum(part) for part in zip(*counts, strict=True))
        each = "  ".join(f"{one:4}/{of:<4}" for one, of in counts)
        lines.append(f"{question:18} {each}  {right:5}/{count:<5} {right / count:7.2%}")
    return "\n".join(lines)


def main():
    from cnnbook import models, results

    mnist = datasets.load("mnist")
    count = DRAWS * (SINGLE + SMALL + 5 * CODES)
    digits = list(itertools.islice(lots(mnist), count))
    before = models.load_weights(models.digit_cnn(), "digit-cnn")
    now = models.load_weights(models.digit_cnn(11), "lab-drawings")
    measured = {
        "before": judge(asking(before, seen_before), digits),
        "now": judge(asking(now), digits),
    }
    for name, rows in measured.items():
        print(f"{name}\n{table(rows)}")
    results.save(
        RUN,
        data=mnist,
        parameters=now.count_params(),
        history={},
        seeds=list(range(DRAWS)),
        **measured,
    )


if __name__ == "__main__":
    with full_size.recording(RUN):
        main()
