"""Exercise checks accept every right answer in any form, and meet a wrong one with a hint.

A new exercise needs a row in ANSWERS of tests/answers/chNN.py: right answers in several forms, and
at least three wrong ones that a learner may well give, each with a word of the hint it should meet.
"""

import importlib
import pathlib
import pkgutil
import re

import numpy as np
import pytest

import cnnbook.check
from cnnbook.check import check, decide

for module in pkgutil.iter_modules(cnnbook.check.__path__):
    if module.name.startswith("ch"):
        cnnbook.check.find(f"{module.name[2:]}-1")  # registers the chapter's exercises
EXERCISES = sorted(cnnbook.check._CHECKS)


ANSWERS = {}
for path in sorted((pathlib.Path(__file__).parent / "answers").glob("ch*.py")):
    ANSWERS |= importlib.import_module(f"answers.{path.stem}").ANSWERS
RIGHT = [(name, answer) for name, (right, _) in ANSWERS.items() for answer in right]
WRONG = [(name, *row) for name, (_, wrong) in ANSWERS.items() for row in wrong]


def fails(*arguments):
    raise RuntimeError("from the reader's own function")


# What no exercise can take: never a traceback, always a hint.
UNUSABLE = {
    "text": "94 places",
    "word for a number": "ninety-four",
    "empty text": "",
    "empty list": [],
    "ragged list": [[1], [1, 2]],
    "list with None": [None, 1, 2],
    "dictionary": {"answer": 94},
    "set": {94},
    "object": object(),
    "complex number": 94 + 1j,
    "complex array": np.array([1 + 1j, 4, 7]),
    "not a number": float("nan"),
    "infinity": float("inf"),
    "huge integer": 10**400,
    "list of huge integers": [10**400, 0, 0],
    "too many axes": np.zeros((2, 2, 2, 2, 2)),
    "no numbers": np.array(["a", "b", "c"]),
    "type": int,
    "function that fails": fails,
    "function without parameters": lambda: 1,
    "function that returns nothing": lambda *arguments: None,
    "function that returns text": lambda *arguments: "text",
    "function that returns a ragged list": lambda *arguments: [[1], [1, 2]],
    "function that returns a dictionary": lambda *arguments: {"answer": 1},
    "function that returns a function": lambda *arguments: fails,
}


def told(capsys, name, answer):
    """Return what check prints below its first line, after that line was found as it must be."""
    check(name, answer)
    printed = capsys.readouterr()
    assert printed.err == ""
    first, _, hint = printed.out.partition("\n")
    assert first == f"{name}: not right yet"
    assert re.search("[가-힣]", hint), hint
    assert re.search("[a-z]{2} [a-z]", hint), hint
    return hint


def test_every_exercise_has_rows():
    assert sorted(ANSWERS) == EXERCISES
    for name, (right, wrong) in ANSWERS.items():
        assert len(right) >= 3, name
        assert len(wrong) >= 3, name


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right_answers(capsys, name, answer):
    check(name, answer)
    assert capsys.readouterr().out == f"{name}: correct\n"


@pytest.mark.parametrize(("name", "answer", "hint"), WRONG)
def test_wrong_answers(capsys, name, answer, hint):
    assert hint in told(capsys, name, answer)


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("name", EXERCISES)
def test_unusable_answers_meet_a_hint(capsys, name, answer):
    told(capsys, name, answer)


@pytest.mark.parametrize("name", EXERCISES)
def test_not_answered_yet(capsys, name):
    check(name, None)
    assert capsys.readouterr().out == f"{name}: not answered yet\n"


@pytest.mark.parametrize("name", ["03-99", "99-1", "03", "3-1", "", "math-1", 3, None, "../03-1"])
@pytest.mark.parametrize("answer", [None, 94])
def test_unknown_exercise(name, answer):
    with pytest.raises(ValueError, match=r"^name: got .* wanted an exercise such as") as raised:
        check(name, answer)
    assert re.search("[가-힣]", str(raised.value))


def test_numbers_reach_the_function_as_numbers_and_arrays_as_copies():
    image, size = np.zeros((2, 3)), 4

    def answer(given, count, rate, shape):
        given += 1
        return [0] * count, rate, shape, given

    zeros, rate, shape, changed = cnnbook.check.call(answer, image, size, 0.5, (2, 3))
    assert zeros == [0, 0, 0, 0] and rate == 0.5 and shape == (2, 3)
    assert type(rate) is float and type(shape) is tuple
    assert (changed == 1).all() and (image == 0).all()


def test_the_cell_decides_a_prediction(capsys):
    decide("3-1", a=False, b=np.bool_(True), c=False)
    decide("12-10", a=True, b=False)
    assert capsys.readouterr().out == "prediction 3-1: b\nprediction 12-10: a\n"


@pytest.mark.parametrize(
    "name, options, said",
    [
        ("03-1", {"a": True, "b": False}, "name: got 03-1, wanted a prediction"),
        ("3-1", {"a": True}, "options: got a, wanted a, b, …"),
        ("3-1", {}, "options: got none, wanted a, b, …"),
        ("3-1", {"a": True, "c": False}, "options: got a, c, wanted a, b, …"),
        ("3-1", {"b": True, "a": False}, "options: got b, a, wanted a, b, …"),
        ("3-1", {"a": False, "b": False}, "options: got none of ab, wanted exactly one"),
        ("3-1", {"a": True, "b": True}, "options: got a, b of ab, wanted exactly one"),
        ("3-1", {"a": True, "b": 0.3}, "b: got 0.3, wanted True or False"),
        ("3-1", {"a": True, "b": None}, "b: got None, wanted True or False"),
        ("3-1", {"a": True, "b": np.array([False])}, "b: got array([False]), wanted True or False"),
    ],
)
def test_a_prediction_that_is_not_decided(capsys, name, options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        decide(name, **options)
    assert capsys.readouterr().out == ""
