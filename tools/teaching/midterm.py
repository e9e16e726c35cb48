"""Draw a midterm on chapters 1 to 7 for each class, and its key.

Usage:  python -m tools.teaching.midterm [DEST] [--class NAME …] [--seed 0] [--language en]
        (make midterm)

90 minutes, 100 points, on paper: questions of the vote with their options in another order, exercises of
the sheets with points for each step, and things to explain in two sentences. The same class and seed
give the same midterm on every machine and in every language. Not the numbers of that class's sheet.
"""

import dataclasses
import hashlib
import itertools
import sys
import typing

import numpy as np

from tools.editions import SOURCE
from tools.teaching import sheets, voting

CHAPTERS = range(1, 8)


class Part(typing.NamedTuple):
    """A part of the midterm: how many things it asks, the points for each, the minutes for all."""

    count: int
    points: int
    minutes: int


PARTS = {
    "choice": Part(10, 3, 20),
    "calculation": Part(5, 10, 50),
    "explain": Part(2, 10, 15),
}
CHECKING = 5  # minutes that are left
TOTAL = sum(part.count * part.points for part in PARTS.values())
MINUTES = sum(part.minutes for part in PARTS.values()) + CHECKING
EXPLAIN = {  # what may be asked for in two sentences, and the chapter that explains it
    "union": 1,
    "reshape": 2,
    "flip": 3,
    "equivariance": 3,
    "border": 4,
    "one_map": 5,
    "any_size": 5,
    "thrown_away": 6,
    "winner": 7,
    "every_place": 7,
}
# What the steps of each exercise earn, in the order in which they are taken. Some the sheet asks for,
# the others are in `between`. None is what the paper gives away, such as the size of an empty table.
STEPS = {
    "one_dimension": {"flipped": 2, "convolution": 4, "cross_correlation": 4},
    "two_dimensions": {"feature_map": 10},
    "padding_and_stride": {"padded": 2, "feature_map": 8},
    "sizes": {"exact": 2, "side": 8},
    "channels": {"map_1": 3, "map_2": 3, "feature_map": 4},
    "parameters": {"convolutional": 3, "pooling": 1, "flattened": 3, "fully_connected": 3},
    "pooling": {"max": 4, "sums": 2, "average": 4},
    "pooling_backward": {"largest": 2, "max": 3, "quarter": 2, "average": 3},
    "learning_step": {
        **{"output": 2, "output_gradient": 1, "loss": 1, "kernel_gradient": 2},
        **{"bias_gradient": 1, "image_gradient": 2, "new_kernel": 1},
    },
}


@dataclasses.dataclass(frozen=True)
class Midterm:
    """What a class is asked.

    choices: (name of a voting question, its options' letters in the order of the paper). exercises: of
    the sheets. explain: names in EXPLAIN.
    """

    choices: tuple[tuple[str, str], ...]
    exercises: tuple[sheets.Exercise, ...]
    explain: tuple[str, ...]


# --- the draw -------------------------------------------------------------------------------------


def drawn(name, seed):
    """Return a class's Midterm. Raises ValueError as `sheets.draw_for` does."""
    draw = sheets.draw_for(name, seed, "midterm")
    twice = set(draw.shuffled(CHAPTERS)[: PARTS["choice"].count - len(CHAPTERS)])
    choices = []
    for chapter in CHAPTERS:
        pool = voting.questions(chapter, SOURCE)
        for at in sorted(draw.shuffled(range(len(pool)))[: 1 + (chapter in twice)]):
            choices.append((pool[at].name, "".join(draw.shuffled(pool[at].letters))))
    exercises = {}  # of each chapter that has any
    for exercise in [make(draw) for make in sheets.EXERCISES if make.__name__ in STEPS]:
        exercises.setdefault(exercise.chapter, []).append(exercise)
    count = PARTS["explain"].count
    explain = sheets.until(
        lambda: tuple(map(str, draw.shuffled(EXPLAIN)[:count])),
        lambda names: len({EXPLAIN[one] for one in names}) == count,
    )
    return Midterm(
        tuple(choices),
        tuple(draw.one_of(pool) for pool in exercises.values()),
        tuple(sorted(explain, key=list(EXPLAIN).index)),
    )


def digest(midterm):
    """Return a checksum of all that is asked, in hexadecimal: it changes with a question's text."""
    made = hashlib.sha256(sheets.digest(midterm.exercises).encode())
    source = voting.by_name(SOURCE)
    for name, order in midterm.choices:
        made.update(f"{name} {order} {source[name].ask} {source[name].options}".encode())
    for name in midterm.explain:
        made.update(SOURCE.words["midterm"]["pool"][name]["ask"].encode())
    return made.hexdigest()


def between(exercise):
    """Return {step: number or array} of the steps to an exercise's answers that no sheet asks for."""
    given = exercise.given
    match exercise.name:
        case "one_dimension":
            return {"flipped": given["weights"][::-1]}
        case "padding_and_stride":
            return {"padded": np.pad(given["image"], 1)}
        case "sizes":
            return {"exact": np.array([before_rounding(*row) for row in given["rows"]])}
        case "channels":
            pairs = (("map_1", "image_1", "kernel_1"), ("map_2", "image_2", "kernel_2"))
            return {step: sheets.convolved(given[image], given[by]) for step, image, by in pairs}
        case "pooling":
            return {"sums": 4 * exercise.answers["average"]}
        case "pooling_backward":
            largest = sheets.pooled(given["feature_map"], "max")
            return {"largest": largest, "quarter": given["gradient"] / 4}
    return {}


def before_rounding(size, window, stride, padding):
    """Return the side of the output before it is rounded: down, but up where the padding is same."""
    if padding == "same":
        return size / stride
    return (size + 2 * (0 if padding == "valid" else padding) - window) / stride + 1


def steps(exercise):
    """Yield (step, its number or array, its points) of an exercise."""
    values = {**between(exercise), **exercise.answers}
    for step, points in STEPS[exercise.name].items():
        yield step, values[step], points


# --- the page -------------------------------------------------------------------------------------

STYLES = f"""\
{sheets.STYLES}
th {{ padding: 0 .8rem; text-align: left; font-weight: normal; border: 1px solid #000; }}
.part {{ break-after: avoid; margin-top: 1.6rem; padding-top: .3rem; border-top: 2px solid #000; }}
.part + p {{ break-after: avoid; }}
ol {{ list-style: lower-alpha; padding-left: 1.6rem; margin: .3rem 0; }}
.right {{ font-weight: 700; }}
.work {{ height: 24mm; }}
math {{ font-size: 1.1em; }}
.line {{ border-bottom: 1px solid #999; height: 9mm; }}
code, pre {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .95em; }}
pre {{ margin: .3rem 0; line-height: 1.3; }}"""


def choice(place, note, question, order, key):
    """Return the HTML of a question with its options in an order; of its key with why it is right."""
    answer = f"{voting.answer(question, order)}\n" if key else ""
    return (
        f"<section>\n<h2>{place}. <small>{note}</small></h2>\n"
        f"{voting.asked(question, order, key)}\n{answer}</section>"
    )


def calculation(place, note, exercise, key, edition):
    """Return the HTML of an exercise with room for the steps; of its key with what each step earns."""
    said = {**edition.words["midterm"]["steps"], **edition.words["sheets"][exercise.name]}
    if key:
        asked = [
            sheets.grid(f"{said[step]} ({points})", value, False)
            for step, value, points in steps(exercise)
        ]
        return sheets.section(place, exercise, asked, note, edition)
    asked = [sheets.grid(said[label], got, True) for label, got in exercise.answers.items()]
    return sheets.section(place, exercise, asked, note, edition) + '\n<div class="work"></div>'


def explanation(place, note, said, key):
    """Return the HTML of a thing to explain, with lines to write on; of its key with what earns how much."""
    points = PARTS["explain"].points
    if key:
        rows = (("full", points), ("half", points // 2), ("none", 0))
        under = "\n".join(
            f"<p><b>{earned}</b> · {voting.inline(said[row])}</p>" for row, earned in rows
        )
    else:
        under = '<div class="line"></div>' * 4
    return (
        f"<section>\n<h2>{place}. <small>{note}</small></h2>\n"
        f"<p>{voting.inline(said['ask'])}</p>\n{under}\n</section>"
    )


def overview(key, edition):
    """Return the HTML of what stands above the parts: the rules, and the points and minutes of each."""
    words = edition.words["midterm"]
    rows = [
        (words[name]["title"], part.count * part.points, part.minutes)
        for name, part in PARTS.items()
    ]
    rows.append((words["checking"], "", CHECKING))
    rows.append((words["together"], TOTAL, MINUTES))
    head = f"<tr><th></th><th>{words['of_points']}</th><th>{words['of_minutes']}</th></tr>"
    cells = "".join(
        f"<tr><th>{title}</th><td>{points}</td><td>{minutes}</td></tr>"
        for title, points, minutes in rows
    )
    rules = words["graded" if key else "rules"]
    return f'<p>{rules}</p>\n<div class="row"><table>{head}{cells}</table></div>'


def page(name, seed, key, edition):
    """Return the HTML of a class's midterm, or of its key, in an edition's words."""
    words, midterm, questions = edition.words["midterm"], drawn(name, seed), voting.by_name(edition)
    places = itertools.count(1)

    def note(part, chapter):
        told = edition.words["sheets"]["chapter"].format(chapter)
        return f"{told} · {words['points'].format(PARTS[part].points)}"

    sections = {
        "choice": [
            choice(next(places), note("choice", one.chapter), one, order, key)
            for one, order in ((questions[name], order) for name, order in midterm.choices)
        ],
        "calculation": [
            calculation(next(places), note("calculation", one.chapter), one, key, edition)
            for one in midterm.exercises
        ],
        "explain": [
            explanation(next(places), note("explain", EXPLAIN[one]), words["pool"][one], key)
            for one in midterm.explain
        ],
    }
    body = [overview(key, edition)]
    for part, made in sections.items():
        about = "" if key else f"\n<p>{words[part]['about']}</p>"
        body += [f'<h2 class="part">{words[part]["title"]}</h2>{about}', *made]
    code = f"{seed}-{digest(midterm)[:6]}"
    title = words["key" if key else "exam"]
    return sheets.printed("\n".join(body), title, name, code, key, edition, STYLES)


def main(arguments):
    about = __doc__.partition("\n")[0]
    sheets.command(arguments, "midterm", about, {"midterm": False, "midterm-key": True}, page)


if __name__ == "__main__":
    main(sys.argv[1:])
