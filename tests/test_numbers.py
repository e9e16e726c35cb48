"""Every decimal in a chapter's prose stands in an output, a cell or a formula of the chapter.

What is quoted, or the difference of two values shown, is listed in tests/answers/numbers.toml with
the reason. Twins have their source's numbers (test_editions.py).
"""

import functools
import re
import tomllib

import nbformat
import pytest

from tools import ROOT
from tools.editions import SOURCE

ELSEWHERE = tomllib.loads((ROOT / "tests/answers/numbers.toml").read_text("utf-8"))
FORMULA = r"\$\$.*?\$\$|\$[^$\n]+\$"
# Ranges and percentages say a number in another way; dates, sections and addresses are none.
DECIMAL = re.compile(r"(?<![\d.\-–~/])\d+\.\d+(?![\d.]|%|절|분의)")


def shown(notebook):
    """Return all numbers of a chapter's code, outputs and formulas."""
    texts = []
    for cell in notebook.cells:
        prose = cell.cell_type == "markdown"
        texts += re.findall(FORMULA, cell.source, re.S) if prose else [cell.source]
        for output in cell.get("outputs", ()):
            texts.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    text = "\n".join(texts).replace("{,}", "")
    found = re.findall(r"\d+\.?\d*(?:e-?\d+)?|\.\d+", re.sub(r"(?<=\d),(?=\d{3})", "", text))
    return {float(number) for number in found}


def said(source):
    """Return the decimals of a cell's prose, as they are written."""
    for hidden in (FORMULA, r"```.*?```", r"https?://\S+", r"arXiv:\S+|doi\S+", r"`[^`\n]*`"):
        source = re.sub(hidden, " ", source, flags=re.S)
    return DECIMAL.findall(source)


def is_shown(number, numbers):
    """Whether one of the numbers is this one, to as many decimals as it has."""
    places = len(number.partition(".")[2])
    return any(abs(round(one, places) - float(number)) < 1e-9 for one in numbers)


@functools.cache
def unseen(path):
    """Return {cell: [decimal, …]} of a chapter's prose that nothing in the chapter shows."""
    notebook = nbformat.read(path, as_version=4)
    numbers = shown(notebook)
    found = {
        cell.id: [number for number in said(cell.source) if not is_shown(number, numbers)]
        for cell in notebook.cells
        if cell.cell_type == "markdown"
    }
    return {cell: list(dict.fromkeys(some)) for cell, some in found.items() if some}


@pytest.mark.parametrize("path", SOURCE.notebooks(), ids=lambda path: path.stem)
def test_every_decimal_is_shown_or_explained(path):
    listed = {
        place.partition("/")[2]: list(reasons)
        for place, reasons in ELSEWHERE.items()
        if place.startswith(f"{path.stem}/")
    }
    assert unseen(path) == listed


def test_a_decimal_that_nothing_shows_is_found():
    code = nbformat.v4.new_code_cell("print(7.4)")
    code.outputs = [nbformat.v4.new_output("stream", text="9.04 1,234.5\n")]
    formula = nbformat.v4.new_markdown_cell("$1{,}000 \\cdot 0.25$ 3.5")
    numbers = shown(nbformat.v4.new_notebook(cells=[code, formula]))
    assert [is_shown(number, numbers) for number in ("7.4", "9.0", "9.04", "1234.5", "0.25")] == [
        True
    ] * 5
    assert not any(is_shown(number, numbers) for number in ("7.1", "3.5", "9.1"))
    assert said("0.5는 $0.7$이고 `0.8`, 0.1–0.9, 12.3%, 6.5절, 2.25입니다.") == [
        "0.5",
        "0.1",
        "2.25",
    ]
