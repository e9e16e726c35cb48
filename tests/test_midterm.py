"""tools/teaching/midterm.py: 100 points, one right option each, steps that lead to the answers."""

import dataclasses
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from test_sheets import KEYS, correlate, editions

from tools import twins
from tools.editions import EDITIONS, SOURCE
from tools.teaching import midterm, sheets, voting

DRAWS = [midterm.drawn("1반", seed) for seed in range(200)]
# Of the class 1반 with seed 0, on every machine: the questions of the vote, the exercises, what to explain.
CHOICES = "1-1cab 2-3dbca 3-1cab 3-3acb 4-1acb 4-3acb 5-1bac 5-2cab 6-1cadb 7-2acb"
NUMBERS = "2acea8"
EXPLAIN = ("reshape", "every_place")


def test_points_and_minutes():
    assert (midterm.TOTAL, midterm.MINUTES) == (100, 90)
    for draw in DRAWS:
        parts = {"choice": draw.choices, "calculation": draw.exercises, "explain": draw.explain}
        assert sum(midterm.PARTS[name].points * len(asked) for name, asked in parts.items()) == 100
        assert {name: len(asked) for name, asked in parts.items()} == {
            name: part.count for name, part in midterm.PARTS.items()
        }
        for exercise in draw.exercises:
            taken = {step: points for step, _, points in midterm.steps(exercise)}
            assert sum(taken.values()) == midterm.PARTS["calculation"].points
            assert min(taken.values()) > 0 and set(exercise.answers) <= set(taken)


def test_every_exercise_has_points():
    drawn = {exercise.name for draw in DRAWS for exercise in draw.exercises}
    assert drawn == set(midterm.STEPS)  # 200 seeds reach every one of chapters 3 to 7
    assert {name for draw in DRAWS for name in draw.explain} == set(midterm.EXPLAIN)
    assert len(midterm.EXPLAIN) >= 8


def test_every_draw_has_one_answer():
    questions = voting.by_name(SOURCE)
    for draw in DRAWS:
        names = [name for name, _ in draw.choices]
        assert len(set(names)) == len(names)
        assert {questions[name].chapter for name in names} == set(midterm.CHAPTERS)
        for name, order in draw.choices:
            assert sorted(order) == list(questions[name].letters)
        assert [exercise.chapter for exercise in draw.exercises] == [3, 4, 5, 6, 7]
        chapters = [midterm.EXPLAIN[name] for name in draw.explain]
        assert chapters == sorted(set(chapters))


def test_the_answers_and_the_steps_to_them():
    keys = {key.__name__: key for key in KEYS}
    for exercise in [exercise for draw in DRAWS for exercise in draw.exercises]:
        given = list(exercise.given.values())
        computed = keys[exercise.name](given, exercise.told)
        for answer, other in zip(exercise.answers.values(), computed, strict=True):
            np.testing.assert_allclose(np.array(answer, float), other, atol=1e-9)
        step, answers = midterm.between(exercise), exercise.answers
        match exercise.name:
            case "one_dimension":
                convolution = np.correlate(given[0], step["flipped"])
                np.testing.assert_array_equal(convolution, answers["convolution"])
            case "padding_and_stride":
                everywhere = correlate(step["padded"], given[1])
                np.testing.assert_array_equal(everywhere[::2, ::2], answers["feature_map"])
            case "sizes":
                up = [row[-1] == "same" for row in given[0]]
                sides = np.where(up, np.ceil(step["exact"]), np.floor(step["exact"]))
                np.testing.assert_array_equal(sides, answers["side"])
            case "channels":
                together = step["map_1"] + step["map_2"] + given[-1]
                np.testing.assert_array_equal(together, answers["feature_map"])
            case "pooling":
                np.testing.assert_allclose(step["sums"] / 4, answers["average"])
                windows = given[0].reshape(2, 2, 2, 2)
                np.testing.assert_array_equal(step["sums"], windows.sum(axis=(1, 3)))
            case "pooling_backward":
                winners = given[0] * (answers["max"] != 0)
                windows = winners.reshape(2, 2, 2, 2)
                np.testing.assert_array_equal(step["largest"], windows.sum(axis=(1, 3)))
                spread = np.kron(step["quarter"], np.ones((2, 2)))
                np.testing.assert_array_equal(spread, answers["average"])
            case _:
                assert step == {}


# --- one class, one midterm -----------------------------------------------------------------------


def test_the_same_everywhere():
    draw = midterm.drawn("1반", 0)
    assert " ".join(f"{name}{order}" for name, order in draw.choices) == CHOICES
    assert sheets.digest(draw.exercises)[:6] == NUMBERS and draw.explain == EXPLAIN


def test_another_class_or_seed_gets_another_one():
    classes = [f"{grade}-{room}" for grade in (1, 2) for room in range(1, 6)]
    codes = {midterm.digest(midterm.drawn(name, seed)) for name in classes for seed in range(4)}
    assert len(codes) == 40
    sheet = {sheets.digest([exercise]) for exercise in sheets.exercises("1반", 0)}
    assert not sheet & {sheets.digest([exercise]) for exercise in midterm.drawn("1반", 0).exercises}


def test_letters_of_right_answers_are_spread():
    right = {question.name: question.right for question in voting.read(SOURCE)}
    places = [order.index(right[name]) for draw in DRAWS for name, order in draw.choices]
    counts = np.bincount(places)
    assert counts[:3].min() > len(places) / 4 and counts[:3].max() < len(places) / 2


@pytest.mark.parametrize(("name", "seed"), [(" ", 0), ("A", -1)])
def test_bad_arguments(name, seed):
    with pytest.raises(ValueError, match="got"):
        midterm.drawn(name, seed)


# --- the pages ------------------------------------------------------------------------------------


def read(key, edition, seed=5):
    return BeautifulSoup(midterm.page("A & B", seed, key, edition), "html.parser")


@editions
def test_every_step_and_every_thing_to_explain_has_its_words(edition):
    words = edition.words["midterm"]
    assert set(words["pool"]) == set(midterm.EXPLAIN)
    assert all(set(said) == {"ask", "full", "half", "none"} for said in words["pool"].values())
    between = {step for draw in DRAWS for one in draw.exercises for step in midterm.between(one)}
    assert set(words["steps"]) == between
    wanted, found = (dict(flat(one.words["midterm"])) for one in (SOURCE, edition))
    for place, text in wanted.items():
        assert twins.differences(text, found[place], edition) == [], place


def flat(table, before=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{key}.")
        else:
            yield before + key, value


@editions
def test_the_key_answers_what_the_paper_asks(edition):
    paper, key = read(False, edition), read(True, edition)
    draw, questions = midterm.drawn("A & B", 5), voting.by_name(edition)
    assert not paper.select(".right") and {td.get_text() for td in paper.select(".asked td")} == {
        ""
    }
    marked = [item.get_text() for item in key.select(".right")]
    for (name, order), section, text in zip(
        draw.choices, key.find_all("section"), marked, strict=False
    ):
        right = questions[name].right
        at = order.index(right)
        assert section.find_all("b")[-1].get_text() == "abcd"[at]
        assert section.select("ol > li")[at].get_text() == text
        option = questions[name].options[questions[name].letters.index(right)]
        assert BeautifulSoup(voting.inline(option), "html.parser").get_text() == text
    assert len(marked) == len(draw.choices)
    count = sum(part.count for part in midterm.PARTS.values())
    for page in (paper, key):
        heads = [head.get_text() for head in page.select("section > h2")]
        assert [int(head.partition(".")[0]) for head in heads] == list(range(1, count + 1))
        points = [int(re.findall(r"\d+", head)[-1]) for head in heads]
        assert sum(points) == midterm.TOTAL
        numbers = [td.get_text() for td in page.select("table")[0].select("td")]
        assert numbers[-2:] == ["100", "90"]
    captions = [figure.get_text() for figure in key.select(".asked figcaption")]
    assert sum(int(re.search(r"\((\d+)\)$", caption)[1]) for caption in captions) == 50
    codes = [re.search(r"5-[0-9a-f]{6}", page.header.get_text())[0] for page in (paper, key)]
    assert codes[0] == codes[1]


@pytest.mark.parametrize("key", [False, True])
def test_every_edition_gives_the_same_numbers(key):
    numbers = {}
    for edition in EDITIONS.values():
        page = read(key, edition)
        assert page.html["lang"] == edition.language
        code = re.search(r"5-[0-9a-f]{6}", page.header.get_text())[0]
        numbers[edition.language] = (
            code,
            [td.get_text() for td in page.find_all("td")],
            [re.findall(r"\d+", head.get_text()) for head in page.select("section small")],
            [math.get_text() for math in page.find_all("math")],
            [twins.numbers(item.get_text()) for item in page.find_all("li")],
        )
    assert len(numbers[SOURCE.language][1]) > 50
    for found in numbers.values():
        assert found == numbers[SOURCE.language]


def test_the_code_follows_a_question_s_text(monkeypatch):
    before = midterm.digest(DRAWS[0])
    name = DRAWS[0].choices[0][0]
    changed = {**voting.by_name(SOURCE)}
    changed[name] = dataclasses.replace(changed[name], ask="?")
    monkeypatch.setattr(voting, "by_name", lambda edition: changed)
    assert midterm.digest(DRAWS[0]) != before


@editions
def test_formulas_are_printed_without_a_script(edition):
    formula = voting.inline(r"$\frac{1}{2} \cdot 3$ and `x < y`")
    assert "<mfrac>" in formula and formula.endswith(" and <code>x &lt; y</code>")
    for one in voting.read(edition):
        if one.chapter in midterm.CHAPTERS:
            for text in (*one.options, *one.why, one.ask):
                shown = BeautifulSoup(voting.markdown().render(text), "html.parser")
                assert "$" not in shown.get_text()


@editions
def test_the_teaching_plan_says_what_it_is(edition):
    text = (edition.folder / "teaching.md").read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith("- ") and "90" in line)
    numbers = sorted(map(int, re.findall(r"\d+", line)))
    parts = [part.count * part.points for part in midterm.PARTS.values()]
    assert numbers == sorted([midterm.MINUTES, midterm.TOTAL, *parts])


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CNNBOOK_BROWSER", str(tmp_path / "none"))
    midterm.main([str(tmp_path), "--class", "3", "--seed", "2", "--language", "en"])
    assert "print them" in capsys.readouterr().out
    written = {path.name: path.read_text("utf-8") for path in (tmp_path / "3").iterdir()}
    assert sorted(written) == ["midterm-2-en.html", "midterm-key-2-en.html"]
    assert written["midterm-key-2-en.html"] == midterm.page("3", 2, True, EDITIONS["en"])
