"""Read the questions that a class votes on, and write each edition's page of them, voting.md.

Usage:  python -m tools.teaching.voting

book/voting.toml holds what every edition shares, an edition's voting.toml its texts; a question's name,
such as 4-1, stands in both. The page holds nothing else: its other text is the edition's template. A
twin is accepted as it is written: its parts were compared (tests/test_voting.py).
"""

import dataclasses
import functools
import json
import math
import re
import tomllib

import numpy as np
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from cnnbook import normalize, ops
from cnnbook._errors import bad_value
from tools import twins
from tools.editions import SOURCE
from tools.pages.extension import Typesetter

LETTERS = "abcd"
SHARED = {"right", "expected", "section"}
TEXTS = {"ask", "options", "why", "discuss"}
NAMES = {"np": np, "math": math, "ops": ops, "normalize": normalize}  # what a proof may use


@dataclasses.dataclass(frozen=True)
class Question:
    """A question for a vote, in the words of an edition.

    name: "4-1", the first of chapter 4. right: the letter of the option that is right. expected: the
    percent of the first vote that the authors expect, an option each. section: the id of the cell of
    the chapter whose heading begins what explains it; "history/3" is the third heading of its cell.
    proofs: a Python expression an option, true for the right one alone; or none, and cell: the id of
    the cell whose output shows it. ask, discuss: Markdown. options, why: for each option its text, and
    the thought that leads to it.
    """

    name: str
    right: str
    expected: tuple[int, ...]
    section: str
    ask: str
    options: tuple[str, ...]
    why: tuple[str, ...]
    discuss: str
    proofs: tuple[str, ...] = ()
    cell: str = ""

    @property
    def chapter(self):
        return int(self.name.partition("-")[0])

    @property
    def letters(self):
        return LETTERS[: len(self.options)]

    def proved(self):
        """Return what each proof gives, in the order of the options."""
        return [bool(eval(proof, dict(NAMES))) for proof in self.proofs]


# --- reading --------------------------------------------------------------------------------------


@functools.cache
def read(edition):
    """Return all Questions in an edition's words, in their order; none where it has no such texts.

    Raises ValueError where the two files do not fit together, or a row is no question.
    """
    if not (edition.folder / "voting.toml").exists():
        return []
    shared, texts = (
        tomllib.loads((folder / "voting.toml").read_text("utf-8"))
        for folder in (edition.folder.parent, edition.folder)
    )
    if odd := sorted(set(shared) ^ set(texts)):
        wanted = "the same names in both files", "두 파일에 같은 이름"
        raise bad_value("voting.toml", f"{', '.join(odd)} in one of two files alone", *wanted)
    return [question(name, row, texts[name]) for name, row in shared.items()]


def question(name, shared, texts):
    """Return a Question from its row in book/voting.toml and its row in an edition's."""

    def wrong(key, came, wanted, wanted_ko):
        return bad_value(f"voting.toml: [{name}] {key}".rstrip(), came, wanted, wanted_ko)

    if not re.fullmatch(r"[1-9]\d*-[1-9]\d*", name):
        raise wrong("", name, "a name such as 4-1", "4-1 같은 이름")
    proof = {"cell"} if "cell" in shared else {"proofs"}
    for row, keys in ((shared, SHARED | proof), (texts, TEXTS)):
        if set(row) != keys:
            wanted = ", ".join(sorted(keys))
            raise wrong("", ", ".join(sorted(row)), wanted, wanted)
    count = len(texts["options"])
    if not 3 <= count <= len(LETTERS):
        raise wrong("options", count, "3 or 4 options", "선택지 3개나 4개")
    for row, key in ((shared, "expected"), (shared, "proofs"), (texts, "why")):
        if key in row and len(row[key]) != count:
            wanted = f"{count} of them, one an option", f"선택지마다 하나, 모두 {count}개"
            raise wrong(key, len(row[key]), *wanted)
    if sum(shared["expected"]) != 100:
        raise wrong("expected", sum(shared["expected"]), "a sum of 100", "합이 100인 수")
    if shared["right"] not in LETTERS[:count]:
        raise wrong("right", shared["right"], f"one of {LETTERS[:count]}", "선택지의 글자")
    row = {**shared, **texts}
    row = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Question(name, **row)


def by_name(edition):
    """Return {name: Question} in an edition's words."""
    return {one.name: one for one in read(edition)}


def chapters(edition):
    """Return the chapters, numbers, that an edition has Questions for."""
    return list(dict.fromkeys(one.chapter for one in read(edition)))


def questions(chapter, edition):
    """Return the Questions of a chapter, a number, in an edition's words."""
    return [one for one in read(edition) if one.chapter == chapter]


@functools.cache
def markdown():
    """Return the renderer of a question's Markdown; formulas become MathML, which needs no script."""
    typesetter = Typesetter()

    def formula(tex, options):
        return re.search(r"<math.*</math>", typesetter.html(tex, options["display_mode"]), re.S)[0]

    rules = MarkdownIt("commonmark", {"html": False}).enable("table")
    return rules.use(dollarmath_plugin, renderer=formula)


def inline(text):
    """Return the HTML of a line of Markdown."""
    return markdown().renderInline(text.strip())


def asked(question, order, marked):
    """Return the HTML of what a question asks and its options, their letters in an order.

    marked: whether the right one has the class right.
    """
    texts = dict(zip(question.letters, question.options, strict=True))
    options = "".join(
        f"<li{' class=right' * (marked and letter == question.right)}>{inline(texts[letter])}</li>"
        for letter in order
    )
    return f"{markdown().render(question.ask)}<ol>{options}</ol>"


def answer(question, order):
    """Return the HTML of the letter that the right option has in an order, and why it is right."""
    letter = question.letters[order.index(question.right)]
    why = question.why[question.letters.index(question.right)]
    return f"<p><b>{letter}</b> · {inline(why)}</p>"


# --- the page -------------------------------------------------------------------------------------


@functools.cache
def notebook(chapter, edition):
    """Return the path of a chapter's notebook and its cells."""
    path = next(path for path in edition.notebooks() if path.name.startswith(f"{chapter:02d}-"))
    return path, json.loads(path.read_text("utf-8"))["cells"]


def headings(cell):
    """Return the headings of a cell's text, without their marks."""
    text = "".join(cell["source"]) if cell["cell_type"] == "markdown" else ""
    return re.findall(r"^#+ +(.+?) *$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)


def link(question, edition):
    """Return the link to where the book explains a question: its heading, by its number on the page."""
    path, cells = notebook(question.chapter, edition)
    wanted, _, place = question.section.partition("/")
    before = 0
    for cell in cells:
        found = headings(cell)
        at = int(place or 1) - 1
        if cell["id"] == wanted and at < len(found):
            return f"[{found[at]}]({path.name}#part-{before + at})"
        before += len(found)
    wanted = (
        f"the id of a cell with a heading in {path.name}",
        f"{path.name}에서 제목이 있는 셀의 id",
    )
    raise bad_value(f"voting.toml: [{question.name}] section", question.section, *wanted)


def title(chapter, edition):
    """Return a chapter's title with its number."""
    _, cells = notebook(chapter, edition)
    return edition.words["page"]["chapter"].format(chapter) + headings(cells[0])[0]


def section(chapter, edition):
    """Return what the page has of a chapter, in Markdown."""
    parts = [f"## {title(chapter, edition)}"]
    return "\n\n".join(parts + [shown(one, edition) for one in questions(chapter, edition)])


def shown(question, edition):
    """Return a question, its options, and its answer, folded, in Markdown."""
    words = edition.words["voting"]
    options = zip(question.letters, question.options, strict=True)
    rows = zip(question.letters, question.expected, question.why, strict=True)
    return "\n\n".join(
        [
            f"### {words['question'].format(question.name)}",
            question.ask.strip(),
            "\n".join(f"- **{letter}** {text}" for letter, text in options),
            f"<details>\n<summary>{words['answer']}</summary>",
            words["right"].format(question.right, link(question, edition)),
            "\n".join(
                [
                    f"| {words['option']} | {words['expected']} | {words['thought']} |",
                    "|---|---|---|",
                    *(f"| {letter} | {share}% | {why} |" for letter, share, why in rows),
                ]
            ),
            f"**{words['discuss']}** {question.discuss.strip()}",
            "</details>",
        ]
    )


def page(edition):
    """Return the text of an edition's page, as it should be now."""
    sections = [section(chapter, edition) for chapter in chapters(edition)]
    text = edition.template("voting.md", questions="\n\n".join(sections))
    return text if edition.is_source else twins.rendering(text, page(SOURCE))


if __name__ == "__main__":
    twins.write_page("voting", page)
