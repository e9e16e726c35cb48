"""tools/matrix.py: what was verified, on what, and a record of it that is never half."""

import json
import pathlib
import platform
import sys

import nbformat
import pytest

import tools.matrix

ROOT = pathlib.Path(__file__).resolve().parent.parent
REPORT = """<?xml version="1.0"?><testsuites><testsuite>
<testcase classname="book.ko.03-convolution.ipynb" name="Cell 0" time="4.2" />
<testcase classname="book.ko.03-convolution.ipynb" name="Cell 1" time="0.4"><failure message="x"/></testcase>
<testcase classname="book.ko.formulas.ipynb" name="Cell 0" time="1.0" />
</testsuite></testsuites>"""


@pytest.fixture
def matrix(tmp_path, monkeypatch):
    monkeypatch.setattr(tools.matrix, "RECORD", tmp_path / "verification.json")
    monkeypatch.setattr(tools.matrix, "BUILD", tmp_path / "matrix")
    return tools.matrix


def small(matrix, monkeypatch, **settings):
    monkeypatch.setattr(matrix, "SETS", {"small": matrix.Set("a set", **settings)})


def notebook(path, source, shown):
    cell = nbformat.v4.new_code_cell(source, execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=shown)]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)


def test_report_is_counted_by_chapter(matrix, tmp_path):
    (tmp_path / "report.xml").write_text(REPORT)
    assert matrix.counted(tmp_path / "report.xml") == {
        "chapters": {
            "03-convolution": {"cells": 2, "failed": 1, "seconds": 5},
            "formulas": {"cells": 1, "failed": 0, "seconds": 1},
        }
    }


def test_record_keeps_the_other_sets(matrix):
    matrix.record("one-core", {"seconds": 1})
    matrix.record("lock", {"seconds": 2})
    matrix.record("one-core", {"seconds": 3})
    known = json.loads(matrix.RECORD.read_text())
    assert list(known) == ["lock", "one-core"]  # in the order of SETS
    assert known["one-core"]["seconds"] == 3 and known["lock"]["seconds"] == 2


def test_unknown_set(matrix):
    with pytest.raises(SystemExit, match="No set nonsense; there are: lock, colab"):
        matrix.main(["lock", "nonsense"])


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="instruction sets of Intel and AMD"
)
def test_instruction_set_must_be_in_use(matrix):
    """The sets' own check: setup() must leave what was asked for, and the libraries must follow."""
    import os

    asked_for = {"ONEDNN_MAX_CPU_ISA": "SSE41", "OPENBLAS_CORETYPE": "Nehalem"}
    chosen = matrix.SETS["old-processor"]
    assert chosen.environment == asked_for
    clean = {name: value for name, value in os.environ.items() if name not in matrix.REPEATABLE}
    with pytest.raises(SystemExit, match="Asked for Nehalem, Intel SSE4.1; .* compute with"):
        matrix.asked(sys.executable, chosen, {**clean, "OPENBLAS_CORETYPE": "Sandybridge"})
    found = matrix.asked(sys.executable, chosen, {**clean, **asked_for})
    assert (found["blas"], found["onednn"]) == ("Nehalem", "Intel SSE4.1")
    assert found["versions"]["python"] == sys.version.split()[0]


def test_one_cell_that_differs_is_found(matrix, monkeypatch, tmp_path):
    small(matrix, monkeypatch)
    monkeypatch.setattr(matrix, "asked", lambda *_: {"versions": {"tensorflow": "-"}, "cores": 1})
    monkeypatch.chdir(ROOT)
    for shown, held in [("2\n", True), ("3\n", False)]:
        notebook(tmp_path / "sum.ipynb", "print(1 + 1)", shown)
        assert matrix.verify("small", [f"--rootdir={ROOT}", str(tmp_path / "sum.ipynb")]) is held


def test_a_run_that_could_not_be_leaves_the_record(matrix, monkeypatch, capsys):
    matrix.record("lock", {"seconds": 2})
    before = matrix.RECORD.read_bytes()
    small(matrix, monkeypatch)
    monkeypatch.setattr(matrix, "asked", lambda *_: {"versions": {"tensorflow": "-"}, "cores": 1})
    assert matrix.verify("small", ["no-such-file.ipynb"]) is False
    assert "its record stays as it was" in capsys.readouterr().out
    assert matrix.RECORD.read_bytes() == before
