"""tools/status.py: the page on the book's state says what was recorded."""

import nbformat
from loading import load

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
    status = load("tools/status.py")
    assert status.PAGE.read_text(encoding="utf-8") == status.current(), (
        "python tools/status.py writes the page anew"
    )


def test_status_page_says_what_failed():
    status = load("tools/status.py")
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# 합성곱과 교차상관\n\ntext"),
            nbformat.v4.new_code_cell(
                "show()",
                outputs=[nbformat.v4.new_output("display_data", data={"image/png": "AA=="})],
            ),
        ]
    )
    versions = dict.fromkeys(status.VERSIONS, "1.2")
    entry = {"date": "2026-11-27", "versions": versions, "cores": 2, "onednn": "A", "blas": "B"}
    chapters = {"03-convolution": {"cells": 40, "failed": 3, "seconds": 12}}
    text = status.page(
        {"lock": {**entry, "seconds": 600, "chapters": chapters}},
        SPEED,
        {"03-convolution": notebook},
    )
    assert "초마다 200 kB가 오고 오가는 데 0.15초가" in text
    assert "| 300초 (+20%) | 250초 |" in text and "| 90초 | 60초 |" in text
    assert "| [합성곱과 교차상관](03-convolution.ipynb) | 53, 263 | 1.2, 2.4 | 70, 1450 |" in text
    assert "| [합성곱과 교차상관](03-convolution.ipynb) | 1 | 37/40 | 12 |" in text
    for row in (
        "날짜 | 2026-11-27",
        "NumPy | 1.2",
        "코어 | 2",
        "명령어 집합 | A, B",
        "전체(분) | 10",
    ):
        assert f"| {row} |" in text
