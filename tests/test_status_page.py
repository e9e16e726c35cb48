"""tools/status_page.py: the page on the book's state says what was recorded."""

import re

import nbformat
import pytest

from tools import status_page
from tools.editions import EDITIONS, SOURCE

OTHERS = [edition for edition in EDITIONS.values() if not edition.is_source]

SPEED = {
    "verification": {"plain": 250, "verified": 300, "notebooks": 20},
    "build": {"ours": 90, "stock": 60},
    "pages": {
        "line": {"downloadThroughput": 200_000, "latency": 150},
        "visits": {
            "03-convolution": {
                "ours": {"bytes": 53_149, "seconds": 1.2, "whole": 70_400},
                "stock": {"bytes": 262_837, "seconds": 2.4, "whole": 1_450_500},
            }
        },
    },
}


def test_status_page_is_what_was_recorded():
    pages = [edition for edition in EDITIONS.values() if edition.has("status")]
    assert SOURCE in pages
    for edition in pages:
        text = (edition.folder / "status.md").read_text(encoding="utf-8")
        assert text == status_page.current(edition), "python -m tools.status_page writes it anew"


def small(title, edition):
    """The page of a chapter of two cells, verified with the book's versions alone."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(f"# {title}\n\ntext"),
            nbformat.v4.new_code_cell(
                "show()",
                outputs=[nbformat.v4.new_output("display_data", data={"image/png": "AA=="})],
            ),
        ]
    )
    versions = dict.fromkeys(status_page.VERSIONS, "1.2")
    entry = {"date": "2026-11-27", "versions": versions, "cores": 2, "onednn": "A", "blas": "B"}
    chapters = {"03-convolution": {"cells": 40, "failed": 3, "seconds": 12}}
    return status_page.page(
        {"lock": {**entry, "seconds": 600, "chapters": chapters}},
        SPEED,
        {"03-convolution": notebook},
        edition,
    )


def test_status_page_says_what_failed():
    text = small("합성곱과 교차상관", SOURCE)
    assert "초마다 200 kB가 오고 오가는 데 0.15초가" in text
    assert "| 300초 (+20%) | 250초 |" in text and "| 90초 | 60초 |" in text
    assert "| [합성곱과 교차상관](03-convolution.ipynb) | 53, 263 | 1.2, 2.4 | 70, 1450 |" in text
    assert "| [합성곱과 교차상관](03-convolution.ipynb) | 1 | 37/40* | 12 |" in text  # one cell now
    for row in (
        "날짜 | 2026-11-27",
        "NumPy | 1.2",
        "코어 | 2",
        "명령어 집합 | A, B",
        "전체(분) | 10",
    ):
        assert f"| {row} |" in text


@pytest.mark.parametrize("edition", OTHERS, ids=lambda edition: edition.language)
def test_every_edition_says_the_same(edition):
    title = "Convolution"
    texts = [small(title, one) for one in (SOURCE, edition)]
    numbers = [sorted(re.findall(r"\d[\d,./]*\d|\d|`[^`]+`", text)) for text in texts]
    assert numbers[0] == numbers[1] and texts[0].count("|") == texts[1].count("|")
    assert not re.search("[가-힣]", texts[1]) and "$" not in texts[1]


def test_an_edition_that_lacks_chapters_counts_those_it_has():
    record = {"lock": {"chapters": {}, "seconds": 60, "date": "", "cores": 2}}
    record["lock"] |= {
        "onednn": "A",
        "blas": "B",
        "versions": dict.fromkeys(status_page.VERSIONS, "1"),
    }
    text = status_page.page(record, SPEED, {}, SOURCE)
    assert "03-convolution" not in text
