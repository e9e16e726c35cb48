"""What the laboratory's network reads and doubts: a sample of the judge, and the judge's record.

`tools/recipes/judge_digits.py` measures on thousands of drawings, for which it needs the real MNIST.
"""

import json

import numpy as np
import pytest

from cnnbook import datasets, models
from tools.recipes import judge_digits

DOUBTED = ("dots", "faces", "letters", "scribbles")  # nine of ten of these, at least


@pytest.fixture(scope="module")
def ask():
    return judge_digits.asking(models.load_weights(models.digit_cnn(11), "lab-drawings"))


def test_small_drawings_are_read_like_large_ones(ask):
    digits = datasets.load("strokes")[::2]
    labels = [digit["label"] for digit in digits]
    rng = np.random.default_rng(7)
    for shares in (judge_digits.SMALL_SHARE, judge_digits.LARGE_SHARE):
        answers = ask([judge_digits.on_pad(digit["strokes"], rng, shares) for digit in digits])
        assert np.mean(answers[:, :10].argmax(axis=1) == labels) >= 0.95
        assert np.mean(judge_digits.doubted(answers)) <= 0.02


def test_what_is_no_digit_is_doubted(ask):
    drawings = {kind: judge_digits.nothing(kind, 9) for kind in judge_digits.KINDS}
    answers = {kind: judge_digits.doubted(ask(drawn)) for kind, drawn in drawings.items()}
    assert np.mean([answers[kind] for kind in DOUBTED]) >= 0.9, answers
    assert np.mean(list(answers.values())) >= 0.8, answers


def total(rows, question):
    right, count = np.sum([row[question] for row in rows], axis=0)
    return right / count


def test_the_record_holds_what_the_laboratory_says(root):
    path = root / f"data/results/{judge_digits.RUN}.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    now, before = record["now"], record["before"]
    assert sum(row["codes"][1] for row in now) >= 1_000
    assert total(now, "small") >= 0.9 > total(before, "small")
    assert total(now, "digits doubted") < 0.008
    for kind in DOUBTED:
        assert total(now, f"{kind} doubted") >= 0.9 > total(before, f"{kind} doubted")
    page = (root / "book/ko/laboratory.md").read_text(encoding="utf-8")
    for question in ("single", "codes", "small", "digits doubted"):
        shown = f"| {total(before, question):.1%} | {total(now, question):.1%} |"
        assert shown in page, question
