"""Draw sheets for calculating by hand, and their keys.

Usage:  python -m tools.teaching.sheets [DEST] [--class NAME …] [--seed 0] [--language en]
        (make teacher)

Every class gets numbers of its own, and a key that the same code computes through cnnbook.ops. The
same class and seed give the same sheet on every machine and in every language; another seed gives
the class a second one. Sheets are HTML for printing, and PDF too where a browser is found.
"""

import argparse
import dataclasses
import hashlib
import html
import pathlib
import random
import re
import sys
import unicodedata

import numpy as np

from cnnbook import normalize, ops
from cnnbook._errors import bad_value
from tools import ROOT
from tools.editions import EDITIONS
from tools.teaching import add_language, ending, pdf


@dataclasses.dataclass(frozen=True)
class Exercise:
    """One exercise: the numbers it gives, and the numbers it asks for.

    name: an edition's table of words, [sheets.NAME], has its title, its text and the labels of its
    numbers. given, answers: {key of the label: number or array of at most two axes}, printed in this
    order. told: {name in the text: number}. chapter: where the book explains it.
    """

    name: str
    chapter: int
    given: dict
    answers: dict
    told: dict = dataclasses.field(default_factory=dict)


class Draw:
    """Random numbers from a class's name and a seed: the same on every machine and Python.

    Of Python's generator only random() is promised to stay the same, so all comes from it.
    """

    def __init__(self, name, seed):
        digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
        self._random = random.Random(int.from_bytes(digest, "big")).random

    def integer(self, low, high):
        """Return an integer from low to high, both included."""
        return low + int(self._random() * (high - low + 1))

    def array(self, shape, low, high):
        return np.array([self.integer(low, high) for _ in range(np.prod(shape))]).reshape(shape)

    def one_of(self, choices):
        return choices[self.integer(0, len(choices) - 1)]

    def shuffled(self, values):
        left = list(values)
        return np.array([left.pop(self.integer(0, len(left) - 1)) for _ in values])


def until(draw, suits):
    """Return the first draw that suits."""
    while not suits(drawn := draw()):
        pass
    return drawn


def convolved(image, kernel, **options):
    """Return ops.conv2d of one 2-D or (height, width, channels) image and one filter, 2-D."""
    kernel = kernel.reshape(*kernel.shape[:2], -1, 1)
    return ops.conv2d(image.reshape(1, *image.shape[:2], -1), kernel, **options)[0, ..., 0]


def pooled(image, mode):
    return ops.pool2d(image[np.newaxis, ..., np.newaxis], 2, mode=mode)[0, ..., 0]


# --- the exercises: each takes a Draw ---------------------------------------------------------


def one_dimension(draw):
    signal = draw.array(6, 0, 9)
    # A kernel that reads the same from both ends would hide the flip.
    weights = until(lambda: draw.array(3, 0, 4), lambda w: w[0] != w[2] and w.all())
    return Exercise(
        "one_dimension",
        3,
        {"signal": signal, "weights": weights},
        {
            "convolution": ops.convolve1d(signal, weights),
            "cross_correlation": ops.correlate1d(signal, weights),
        },
    )


def two_dimensions(draw):
    image = draw.array((4, 4), 0, 5)
    kernel = until(lambda: draw.array((2, 2), -2, 2), np.all)
    return Exercise(
        "two_dimensions",
        3,
        {"image": image, "kernel": kernel},
        {"feature_map": convolved(image, kernel)},
    )


def padding_and_stride(draw):
    image = draw.array((4, 4), 0, 4)
    kernel = until(lambda: draw.array((3, 3), -1, 1), lambda k: (k != 0).sum() >= 5)
    return Exercise(
        "padding_and_stride",
        4,
        {"image": image, "kernel": kernel},
        {"feature_map": convolved(image, kernel, padding=1, strides=2)},
    )


def sizes(draw):
    rows = [
        (draw.integer(20, 64), draw.one_of((3, 5, 7)), 1, "valid"),
        (draw.integer(20, 64), draw.one_of((3, 5)), draw.integer(2, 3), "same"),
        (draw.integer(20, 64), draw.one_of((3, 5)), 2, draw.integer(1, 2)),
        (draw.integer(20, 64), 2, 2, "valid"),
    ]
    return Exercise(
        "sizes",
        4,
        {"rows": rows},
        {"side": np.array([ops.output_size(*row) for row in rows])},
    )


def channels(draw):
    image = draw.array((3, 3, 2), 0, 4)
    kernel = until(lambda: draw.array((2, 2, 2), -2, 2), lambda k: (k != 0).sum() >= 6)
    bias = draw.integer(-3, 3)
    return Exercise(
        "channels",
        5,
        {
            "image_1": image[..., 0],
            "image_2": image[..., 1],
            "kernel_1": kernel[..., 0],
            "kernel_2": kernel[..., 1],
            "bias": bias,
        },
        {"feature_map": convolved(image, kernel, bias=np.array([bias]))},
    )


def parameters(draw):
    side, channel_count = draw.one_of((8, 10, 12, 14)), draw.one_of((1, 3))
    filters, classes = draw.one_of((2, 4, 6, 8)), draw.integer(2, 5)
    left = ops.output_size(ops.output_size(side, 3), 2, 2)
    return Exercise(
        "parameters",
        5,
        {},
        {
            "convolutional": ops.conv2d_parameter_count(3, channel_count, filters),
            "pooling": 0,
            "flattened": left * left * filters,
            # Every output sees the whole map: a convolution whose window is as large as the map.
            "fully_connected": ops.conv2d_parameter_count(left, filters, classes),
        },
        {"side": side, "channels": channel_count, "filters": filters, "classes": classes},
    )


def pooling(draw):
    feature_map = draw.array((4, 4), 0, 9)
    return Exercise(
        "pooling",
        6,
        {"feature_map": feature_map},
        {"max": pooled(feature_map, "max"), "average": pooled(feature_map, "average")},
    )


def pooling_backward(draw):
    def decided(feature_map):  # one largest pixel a window: no tie to argue about
        windows = feature_map.reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(4, 4)
        return (np.sort(windows)[:, -1] > np.sort(windows)[:, -2]).all()

    feature_map = until(lambda: draw.array((4, 4), 0, 9), decided)
    gradient = until(lambda: 4 * draw.array((2, 2), -2, 2), np.all)
    back = {
        mode: ops.pool2d_backward(
            feature_map[np.newaxis, ..., np.newaxis],
            2,
            gradient[np.newaxis, ..., np.newaxis],
            mode=mode,
        )[0, ..., 0]
        for mode in ("max", "average")
    }
    return Exercise(
        "pooling_backward",
        7,
        {"feature_map": feature_map, "gradient": gradient},
        back,
    )


def learning_step(draw):
    image = draw.array((3, 3), 0, 3)
    kernel = until(lambda: draw.array((2, 2), -1, 2), np.any)
    output = convolved(image, kernel)
    error = until(lambda: draw.array((2, 2), -2, 2), np.all)
    grad_image, grad_kernel, grad_bias = ops.conv2d_backward(
        image[np.newaxis, ..., np.newaxis],
        kernel[..., np.newaxis, np.newaxis],
        error[np.newaxis, ..., np.newaxis],
    )
    grad_kernel = grad_kernel[..., 0, 0]
    return Exercise(
        "learning_step",
        7,
        {"image": image, "kernel": kernel, "target": output - error},
        {
            "output": output,
            "output_gradient": error,
            "loss": (error**2).sum() / 2,
            "kernel_gradient": grad_kernel,
            "bias_gradient": grad_bias[0],
            "image_gradient": grad_image[0, ..., 0],
            "new_kernel": kernel - 0.1 * grad_kernel,
        },
    )


def batch_norm(draw):
    # Deviations whose standard deviation is a whole number.
    scale = draw.integer(1, 4)
    pattern = draw.one_of(((-scale, -scale, scale, scale), (-7, -1, 1, 7)))
    values = draw.integer(7, 12) + draw.shuffled(pattern)
    gamma, beta = draw.integer(2, 5), draw.integer(-3, 3)
    return Exercise(
        "batch_norm",
        15,
        {"values": values, "gamma": gamma, "beta": beta},
        {
            "mean": values.mean(),
            "deviation": values.std(),
            "normalized": normalize.standardize(values[:, np.newaxis].astype(float), axis=0)[:, 0],
            "output": normalize.batch_norm(
                values[:, np.newaxis].astype(float),
                np.array([float(gamma)]),
                np.array([float(beta)]),
                epsilon=0.0,
            )[:, 0],
        },
    )


EXERCISES = (
    *(one_dimension, two_dimensions, padding_and_stride, sizes, channels, parameters),
    *(pooling, pooling_backward, learning_step, batch_norm),
)


def exercises(name, seed):
    """Return the exercises of a class. Raises ValueError as `draw_for` does."""
    draw = draw_for(name, seed)
    return [exercise(draw) for exercise in EXERCISES]


def draw_for(name, seed, what=""):
    """Return the Draw of a class, another one for each thing that is made for it.

    Raises ValueError for a name of blanks or a seed below 0.
    """
    name = canonical(name)
    if seed < 0:
        raise bad_value("seed", seed, "an integer of at least 0", "0 이상의 정수")
    return Draw(f"{what} {name}".lstrip(), seed)


def canonical(name):
    """Return a class's name as it is compared: systems store a syllable of Hangul as one letter or as three."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise bad_value("class", name, "a name with letters or digits", "글자나 숫자가 든 이름")
    return name


# --- the page --------------------------------------------------------------------------------

STYLES = """\
@page { size: A4; margin: 14mm; }
body { max-width: 46rem; margin: 1rem auto; padding: 0 1rem; line-height: 1.5; color: #000; }
header { border-bottom: 2px solid #000; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; }
h2 { font-size: 1.05rem; margin: 0 0 .2rem; }
p { margin: .2rem 0; }
section { break-inside: avoid; margin: 1.1rem 0; }
small { font-weight: normal; color: #444; }
.who span { display: inline-block; width: 11rem; border-bottom: 1px solid #000; }
.row { display: flex; flex-wrap: wrap; gap: .5rem 1.6rem; align-items: flex-end; margin: .5rem 0; }
figure { margin: 0; }
figcaption { font-size: .9rem; }
table { border-collapse: collapse; }
td { border: 1px solid #000; min-width: 2.1rem; height: 1.9rem; padding: 0 .4rem;
  text-align: center; font-variant-numeric: tabular-nums; }
.asked td { border-width: 1.5px; background: #f5f7f9; min-width: 2.8rem; }
@media print { body { margin: 0; padding: 0; max-width: none; font-size: 10.5pt; }
  * { print-color-adjust: exact; } }"""


def number(value):
    """Write a number as on paper: no trailing zeros, a true minus sign."""
    if isinstance(value, str):
        return value
    return f"{round(float(value), 6) + 0:g}".replace("-", "−")


def grid(label, values, blank):
    """Write a labelled table of numbers; blank leaves its cells empty for the answer."""
    rows = [[values]] if np.ndim(values) == 0 else values
    rows = [rows] if np.ndim(rows[0]) == 0 and not isinstance(rows[0], tuple) else rows
    cells = "".join(
        "<tr>" + "".join(f"<td>{'' if blank else number(value)}</td>" for value in row) + "</tr>"
        for row in rows
    )
    return f"<figure><figcaption>{label}</figcaption><table>{cells}</table></figure>"


def page(name, seed, key, edition):
    """Return the HTML of a class's sheet, or of its key, in an edition's words."""
    words, drawn = edition.words["sheets"], exercises(name, seed)
    parts = []
    for place, exercise in enumerate(drawn, 1):
        said = words[exercise.name]
        asked = [grid(said[label], got, not key) for label, got in exercise.answers.items()]
        note = words["chapter"].format(exercise.chapter)
        parts.append(section(place, exercise, asked, note, edition))
    title, code = words["key" if key else "sheet"], f"{seed}-{digest(drawn)[:6]}"
    return printed("\n".join(parts), title, name, code, key, edition)


def section(place, exercise, asked, note, edition):
    """Return the HTML of an exercise: what it gives, and asked, the grids that it asks for."""
    said = edition.words["sheets"][exercise.name]
    given = "".join(grid(said[label], got, False) for label, got in exercise.given.items())
    return (
        f"<section>\n<h2>{place}. {said['title']} <small>{note}</small></h2>\n"
        f"<p>{said['text'].format(**exercise.told)}</p>\n"
        + (f'<div class="row">{given}</div>\n' if given else "")
        + f'<div class="row asked">{"".join(asked)}</div>\n</section>'
    )


def printed(body, title, name, code, key, edition, styles=STYLES):
    """Return the HTML of what is printed for a class, or of its key: both carry the same code."""
    words = edition.words["sheets"]
    number = words["number"].format(code)
    who = f'<span class="who">{words["name"]} <span></span></span> · {number}'
    return edition.template(
        "sheet.html",
        title=title,
        whose=html.escape(canonical(name)),
        note=f"{number} · {words['same_number']}" if key else who,
        styles=styles,
        exercises=body,
    )


def digest(drawn):
    """Return a checksum of all numbers of a sheet and of its key, in hexadecimal."""
    made = hashlib.sha256()
    for exercise in drawn:
        for values in (*exercise.given.values(), *exercise.answers.values()):
            flat = [
                item for row in np.atleast_1d(np.array(values, object)) for item in np.ravel(row)
            ]
            made.update(" ".join(map(number, flat)).encode())
    return made.hexdigest()


def folder_name(name):
    """Return a folder's name for a class: its letters and digits, and what tells it from others."""
    name = canonical(name)
    plain = re.sub(r"[^\w-]+", "-", name)
    if plain == name == name.casefold():
        return plain
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def command(arguments, program, about, kinds, page):
    """Write what is printed for each class, as HTML and PDF: the command of a program of this room.

    kinds: {how a file's name begins: whether it is the key}. page: of a class's name, its seed, whether
    it is the key, and the edition, returns HTML.
    """
    parser = argparse.ArgumentParser(prog=program, description=about)
    usual = ROOT / "_build" / program
    parser.add_argument("dest", nargs="?", metavar="DEST", help=f"default: _build/{program}")
    parser.add_argument(
        "--class", dest="names", action="append", metavar="NAME", help="again for more"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="another number: another sheet (default 0)"
    )
    add_language(parser)
    chosen = parser.parse_args(arguments)
    edition = EDITIONS[chosen.language]
    dest = pathlib.Path(chosen.dest).expanduser() if chosen.dest else usual
    pages = {}
    try:
        for name in chosen.names or [edition.words["sheets"]["class"]]:
            for kind, key in kinds.items():
                file_name = f"{kind}-{chosen.seed}{ending(edition)}.html"
                path = dest / folder_name(name) / file_name
                pages[path] = page(name, chosen.seed, key, edition)
    except ValueError as error:
        sys.exit(str(error))
    pdf.write(pages)


def main(arguments):
    about = __doc__.partition("\n")[0]
    command(arguments, "teacher", about, {"sheet": False, "key": True}, page)


if __name__ == "__main__":
    main(sys.argv[1:])
