"""tools/teaching/voting.py: every question has one right option, proved by running it, in every language."""

import collections
import json
import re

import pytest
from bs4 import BeautifulSoup

from tools import editions, twins
from tools.editions import EDITIONS, SOURCE
from tools.teaching import voting

QUESTIONS = voting.read(SOURCE)
CHAPTERS = [int(path.name[:2]) for path in SOURCE.notebooks() if path.name[0].isdigit()]
OTHERS = [edition for edition in twins.TWINS if edition.has("voting")]
every_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)


@every_question
def test_exactly_the_right_option_is_proved(question):
    assert all(0 < share < 100 for share in question.expected)
    if question.proofs:
        right = [letter == question.right for letter in question.letters]
        assert question.proved() == right
        assert len(set(question.proofs)) == len(right)
    else:
        _, cells = voting.notebook(question.chapter, SOURCE)
        cell = next(cell for cell in cells if cell["id"] == question.cell)
        assert cell["cell_type"] == "code" and cell["outputs"]


def test_most_are_proved_by_a_computation():
    proved = [question for question in QUESTIONS if question.proofs]
    assert len(proved) > len(QUESTIONS) / 2
    calls = [re.findall(r"\b(?:ops|normalize|np|math)\.\w", "".join(one.proofs)) for one in proved]
    assert sum(map(bool, calls)) > len(proved) / 2


def test_every_chapter_has_three_and_the_letters_are_spread():
    names = [question.name for question in QUESTIONS]
    assert names == [f"{chapter}-{number}" for chapter in CHAPTERS for number in (1, 2, 3)]
    letters = collections.Counter(question.right for question in QUESTIONS)
    assert max(letters.values()) < len(QUESTIONS) / 2 and set("abc") <= set(letters)


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=lambda one: one.language)
def test_options_can_stand_in_any_order(edition):
    """The midterm shuffles them: they differ, and none speaks of a letter, of another or of all."""
    for question in voting.read(edition):
        assert len({option.casefold() for option in question.options}) == len(question.options)
        for option in question.options:
            assert "\n" not in option and not re.search(r"\*\*[a-d]\*\*", option)
        assert not any("|" in why or "\n" in why for why in question.why), question.name


@pytest.mark.parametrize("edition", OTHERS, ids=lambda one: one.language)
@every_question
def test_every_language_has_the_same_numbers(edition, question):
    twin = voting.by_name(edition)[question.name]
    assert twin.letters == question.letters
    for key in ("ask", "discuss"):
        assert twins.differences(getattr(question, key), getattr(twin, key), edition) == []
    for key in ("options", "why"):
        for text, its in zip(getattr(question, key), getattr(twin, key), strict=True):
            assert twins.differences(text, its, edition) == []
    assert not re.search("[가-힣]", str([twin.ask, *twin.options, *twin.why, twin.discuss]))


# --- the page -------------------------------------------------------------------------------------


def test_the_pages_are_what_the_tool_writes():
    pages = [edition for edition in EDITIONS.values() if edition.has("voting")]
    assert SOURCE in pages
    for edition in pages:
        text = (edition.folder / "voting.md").read_text("utf-8")
        assert text == voting.page(edition), "python -m tools.teaching.voting writes it anew"


def plain(html):
    return re.sub(r"<[^>]+>|\s+", "", html)


@pytest.mark.parametrize("language", EDITIONS)
def test_the_built_page(whole, language):
    """Each question leads to the heading that it names, its answer is folded, and no search finds it."""
    edition = EDITIONS[language]
    page = BeautifulSoup((whole / language / "voting.html").read_text("utf-8"), "html.parser")
    article = page.find("article")
    assert len(article.find_all("details")) == len(QUESTIONS)
    for question, folded in zip(voting.read(edition), article.find_all("details"), strict=True):
        asked = folded.find_previous("h3").get_text()
        assert asked.startswith(edition.words["voting"]["question"].format(question.name))
        link = folded.find("a", class_="reference")
        name, _, part = link["href"].partition("#")
        text = (whole / language / name).read_text("utf-8")
        _, _, after = text.partition(f'<span id="{part}"></span>')
        heading = re.search(r"<h\d>(.*?)<a class=\"headerlink\"", after, re.S)[1]
        assert plain(heading) == plain(link.decode_contents()), question.name
        assert len(folded.select("tbody tr")) == len(question.options)
    assert not page.find_all(string=re.compile(r"\*\*|\$"))
    searched = (whole / language / "_static/search-text.js").read_text("utf-8")
    assert page.h1.find(string=True) in searched
    assert not any(question.discuss in searched for question in voting.read(edition))


# --- bad files ------------------------------------------------------------------------------------

SHARED = """[3-1]
right = "b"
expected = [20, 50, 30]
section = "title"
proofs = ["ops.output_size(6, 3) == 6", "ops.output_size(6, 3) == 4", "ops.output_size(6, 3) == 3"]
"""
TEXTS = """[3-1]
ask = "?"
options = ["6", "4", "3"]
why = ["a", "b", "c"]
discuss = "!"
"""


@pytest.fixture
def small(tmp_path):
    """Return a function that writes the two files of a question and gives the edition they are in."""
    folder = tmp_path / "xx"
    folder.mkdir()

    def write(shared, texts):
        (tmp_path / "voting.toml").write_text(shared, encoding="utf-8")
        (folder / "voting.toml").write_text(texts, encoding="utf-8")
        return editions.Edition(folder, "X", "en", False)

    return write


def test_a_third_edition_adds_its_file(small):
    edition = small(SHARED, TEXTS)
    (found,) = voting.questions(3, edition)
    assert (found.chapter, found.letters, found.proved()) == (3, "abc", [False, True, False])
    assert voting.questions(4, edition) == []


def test_an_edition_without_questions_has_none(tmp_path):
    assert voting.read(editions.Edition(tmp_path / "yy", "Y", "en", False)) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[3-1]\nright", "[3-2]\nright", "got 3-1, 3-2 in one of two files alone"),
        ('right = "b"', 'right = "d"', r"\[3-1\] right: got d, wanted one of abc"),
        ("[20, 50, 30]", "[20, 50, 35]", r"\[3-1\] expected: got 105, wanted a sum of 100"),
        ("[20, 50, 30]", "[50, 50]", r"\[3-1\] expected: got 2, wanted 3 of them"),
        ('"c"]', "]", r"\[3-1\] why: got 2, wanted 3 of them"),
        ('["6", "4", "3"]', '["6"]', r"\[3-1\] options: got 1, wanted 3 or 4"),
        ("section", "place", "got expected, place, proofs, right, wanted expected, proofs, right"),
        ("discuss", "debate", "got ask, debate, options, why, wanted ask, discuss"),
    ],
)
def test_a_row_that_is_no_question(small, old, new, says):
    assert old in SHARED + TEXTS
    edition = small(SHARED.replace(old, new), TEXTS.replace(old, new))
    with pytest.raises(ValueError, match=f"(?s){says}.*필요한 값"):
        voting.read(edition)


@pytest.mark.parametrize("place", ["nowhere", "title/2"])
def test_a_section_that_is_not_there(small, place):
    edition = small(SHARED.replace('"title"', f'"{place}"'), TEXTS)
    cells = [{"id": "title", "cell_type": "markdown", "source": ["# X\n", "\n", "x"]}]
    (edition.folder / "03-x.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    (question,) = voting.read(edition)
    with pytest.raises(ValueError, match=f"section: got {place}, wanted the id of a cell"):
        voting.link(question, edition)
