"""Make data/strokes.json: MNIST *test* digits as the strokes of a pen, for tests that draw them.

    CNNBOOK_DATA_DIR=… python -m tools.recipes.strokes

30 digits of each class are drawn by lot among all test digits, whatever any model says of them.
Each is enlarged four times and thinned to a line one pixel wide, the line is followed from end to
end and junction to junction, and each piece is simplified to a polyline. One rule, stated before
anything was measured, sets a digit aside for the next in the lot: a skeleton in more than three
separate parts, which is a torn digit and not what a hand would draw.
"""

import itertools
import json
import pathlib

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.measure import approximate_polygon
from skimage.morphology import skeletonize

from cnnbook import datasets

EACH = 30  # digits of a class
ENLARGE = 4
EVERYWHERE = np.ones((3, 3))  # a pixel's eight neighbours, and itself


def skeleton(image):
    """Thin a (28, 28) digit: a (112, 112) boolean array, true on the middle line of its strokes."""
    side = ENLARGE * len(image)
    large = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    return skeletonize(np.asarray(large) > 127)


def trace(line):
    """Follow a skeleton: a list of (points, 2) arrays of (x, y) pixels, a piece between nodes each."""
    pixels = set(map(tuple, np.argwhere(line)))

    def neighbours(pixel):
        y, x = pixel
        around = {(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & pixels - {pixel}
        # A diagonal step beside a straight one would cut a corner off.
        straight = {(b, a) for b, a in around if b == y or a == x}
        return straight | {(b, a) for b, a in around - straight if not {(b, x), (y, a)} & straight}

    beside = {pixel: neighbours(pixel) for pixel in pixels}
    nodes = {pixel for pixel in pixels if len(beside[pixel]) != 2}
    walked, pieces = set(), []  # steps that were taken, as pairs of pixels

    def walk(piece, step):
        while (piece[-1], step) not in walked:
            walked.update({(piece[-1], step), (step, piece[-1])})
            piece.append(step)
            if step in nodes:
                break
            step = next(iter(beside[step] - {piece[-2]}))
        if len(piece) > 1:
            pieces.append(piece)

    for start in sorted(nodes):
        pieces.extend([] if beside[start] else [[start]])
        for step in sorted(beside[start]):
            walk([start], step)
    for start in sorted(pixels - nodes):  # what is left are rings: they begin anywhere
        walk([start], min(beside[start]))
    return [np.array(piece)[:, ::-1] for piece in pieces]


def strokes(image):
    """Return a digit as polylines of (x, y) in the enlarged pixels, or None when it is torn."""
    line = skeleton(image)
    if not 1 <= ndimage.label(line, EVERYWHERE)[1] <= 3:
        return None
    return [approximate_polygon(piece, 0.9).tolist() for piece in trace(line)]


def main():
    mnist = datasets.load("mnist")
    order = np.random.default_rng(0).permutation(len(mnist.x_test))
    digits = []
    for label in range(10):
        lot = (int(i) for i in order if mnist.y_test[i] == label)
        drawn = ((i, strokes(mnist.x_test[i, ..., 0])) for i in lot)
        whole = itertools.islice(((i, lines) for i, lines in drawn if lines), EACH)
        digits += [{"index": i, "label": label, "strokes": lines} for i, lines in whole]
    about = {
        "what": "skeletons of MNIST test digits as polylines; (x, y) in quarters of a pixel",
        "made by": "tools/recipes/strokes.py",
        "from": mnist.origin,
        "licence": "CC BY-SA 3.0, after MNIST by Yann LeCun and Corinna Cortes",
    }
    rows = ",\n".join(json.dumps(digit, separators=(",", ":")) for digit in digits)
    head = json.dumps(about, indent=1)[:-2]
    path = pathlib.Path(datasets.data_dir(), "strokes.json")
    path.write_text(f'{head},\n "digits": [\n{rows}\n]}}\n', encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
