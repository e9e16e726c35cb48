"""tools/run.py: stored outputs are made in one way, and a chapter is never left broken."""

import copy
import json
import os
import pathlib
import re
import stat

import nbformat
import pytest

from tools import run

ROOT = pathlib.Path(__file__).resolve().parent.parent
PIXEL = (  # a PNG of one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
FIGURE = f'from IPython.display import Image\nImage(__import__("base64").b64decode("{PIXEL}"))'


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of two chapters, one of them in two languages, an appendix and a template."""
    names = ("ko/03-convolution", "en/03-convolution", "ko/10-digits", "ko/formulas")
    for name in (*names, "template/chapter"):
        path = tmp_path / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        write(path, "print(6 * 7)")
    monkeypatch.setattr(run, "BOOK", tmp_path)
    return tmp_path


def write(path, *sources, **metadata):
    cells = [nbformat.v4.new_code_cell(source, metadata=metadata) for source in sources]
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)) + "\n", encoding="utf-8")


def reread(notebook):
    """Return the notebook as it comes back from its file."""
    return nbformat.v4.reads(nbformat.writes(notebook))


# --- Names ---


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("3", ["ko/03-convolution"]),  # its twin is never run: tools/twins.py writes it
        ("03", ["ko/03-convolution"]),
        ("10", ["ko/10-digits"]),
        ("template", ["template/chapter"]),
        ("formulas", ["ko/formulas"]),
        ("03-convolution", ["ko/03-convolution"]),
        ("all", ["ko/03-convolution", "ko/10-digits", "ko/formulas"]),
    ],
)
def test_find(book, name, found):
    assert run.find(name) == [book / f"{path}.ipynb" for path in found]


@pytest.mark.parametrize("name", ["4", "1", "003", "3.5", "convolution", "../ko", "", "-3"])
def test_unknown_chapter(book, name):
    with pytest.raises(SystemExit) as stop:
        run.main(["10", name])
    assert f"No chapter {name!r}" in stop.value.code
    assert "03-convolution.ipynb" in stop.value.code
    assert "장이 없습니다" in stop.value.code
    # Names are looked up before anything is run.
    assert json.loads((book / "ko/10-digits.ipynb").read_text("utf-8"))["cells"][0]["outputs"] == []


def test_no_chapter_prints_usage():
    with pytest.raises(SystemExit) as stop:
        run.main([])
    assert "Usage:" in stop.value.code


# --- A run ---


def test_run_twice_changes_nothing(book, capsys):
    path = book / "ko" / "10-digits.ipynb"
    write(
        path, "import sys\nprint('합성곱')\nsys.stdout.flush()\nprint(2)", FIGURE, mystnb=alt("점")
    )
    run.main(["10"])
    first = path.read_bytes()
    assert re.fullmatch(r"10-digits\.ipynb … \d+ s\n", capsys.readouterr().out)
    run.main(["10"])
    assert path.read_bytes() == first
    text = first.decode("utf-8")
    assert text.endswith("}\n") and "\r" not in text and "합성곱" in text
    counts = [cell["execution_count"] for cell in json.loads(text)["cells"]]
    assert counts == [1, 2]


def test_a_cell_that_is_gone_is_named_and_the_outline_follows(book, capsys):
    path = book / "ko" / "formulas.ipynb"
    write(path, "x = 1", "print(x)")
    run.main(["formulas"])
    kept, printing = nbformat.read(path, as_version=4).cells
    assert run.outlines()["ko/formulas"] == run.outline(nbformat.read(path, as_version=4))
    notebook = nbformat.v4.new_notebook(cells=[kept])
    text = nbformat.v4.new_markdown_cell("1", id=printing.id)  # a typed result
    notebook.cells.append(text)
    run.write(notebook, path)
    capsys.readouterr()
    run.main(["formulas"])
    assert f"gone, or are of another kind now: {printing.id}\n" in capsys.readouterr().out
    run.main(["03"])
    assert sorted(run.outlines()) == ["ko/03-convolution", "ko/formulas"]
    run.main(["formulas"])
    assert "gone" not in capsys.readouterr().out


def test_written_file_has_the_usual_permissions(book):
    path, usual = book / "ko" / "10-digits.ipynb", book / "usual"
    usual.touch()
    run.write(nbformat.v4.new_notebook(), path)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


def alt(text):
    return {"image": {"alt": text}}


@pytest.mark.parametrize(
    ("source", "metadata", "said"),
    [
        ("first = 1\n1 / 0", {}, ["failed", "first = 1", "ZeroDivisionError"]),
        ("# the end\nimport os\nos._exit(1)", {}, ["failed", "died"]),
        (
            "first = 2\nimport warnings\nwarnings.warn('w')",
            {},
            ["stderr", "'first = 2'", "not stored"],
        ),
        (FIGURE, {}, ["no alt text", "from IPython", "not stored", "mystnb"]),
        (FIGURE, {"mystnb": alt("  ")}, ["no alt text"]),
        (
            "display({'image/svg+xml': '<svg/>', 'text/plain': 's'}, raw=True)",
            {},
            ["no alt text", "display("],
        ),
        ("%nosuchmagic", {}, ["left as it was", "nosuchmagic"]),
    ],
    ids=["error", "dead kernel", "stderr", "figure", "blank alt", "svg", "magic"],
)
def test_refused_notebook_is_left_as_it_was(book, capsys, source, metadata, said):
    path = book / "ko" / "10-digits.ipynb"
    write(path, source, **metadata)
    before = path.read_bytes()
    with pytest.raises(SystemExit) as stop:
        run.main(["10"])
    assert path.read_bytes() == before
    assert all(words in stop.value.code for words in ["the file is left as it was", *said])
    assert capsys.readouterr().out.startswith("10-digits.ipynb … ")
    names = ["03-convolution.ipynb", "10-digits.ipynb", "formulas.ipynb"]
    assert sorted(os.listdir(path.parent)) == names


def test_killed_while_writing(book, monkeypatch):
    path = book / "ko" / "10-digits.ipynb"
    before = path.read_bytes()
    monkeypatch.setattr(run, "execute", lambda notebook, folder: notebook)

    def killed(*paths):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            run.main(["10"])
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.part"))
    # What a kill leaves over is no chapter, does not disturb, and is gone after the next run.
    leftover = path.with_name(f"{path.name}.part")
    leftover.write_bytes(before[:100])
    assert leftover not in run.find("all")
    run.main(["all"])
    assert path.read_bytes() != before
    assert not leftover.exists()


# --- Tidying ---


def messy(version=5, order=1, count=7):
    """Return a notebook that has been through several editors."""
    data = {"text/plain": "42", "image/png": PIXEL}
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "one\n"},
        {"output_type": "stream", "name": "stdout", "text": "two\n"},
        {"output_type": "display_data", "data": data, "metadata": {"image/png": {"width": 9}}},
        {"output_type": "stream", "name": "stdout", "text": "three\n"},
        {"output_type": "execute_result", "data": {"text/plain": "3"}, "execution_count": count},
        {"output_type": "error", "ename": "E", "evalue": "x", "traceback": ["/home/me/a.py", "E"]},
    ]
    outputs = [{"metadata": {}, **o} if "data" in o else o for o in outputs]
    metadata = {
        "tags": ["hide-cell"],
        "collapsed": False,
        "execution": {"iopub.execute_input": "2026-01-01"},
        "mystnb": alt("a dot"),
        "id": "colab",
    }
    metadata = dict(list(metadata.items())[::order])
    cells = [
        {
            "cell_type": "markdown",
            "metadata": {"hash": "x"},
            "source": "# 합성곱 Convolution\r\n\r\n글",
        },
        {
            "cell_type": "code",
            "source": "\nx = 1  \r\nx\n\n",
            "metadata": metadata,
            "outputs": outputs,
        },
        {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": []},
        {"cell_type": "raw", "metadata": {}, "source": ""},
    ]
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["execution_count"] = count
    notebook = {"nbformat": 4, "nbformat_minor": version, "cells": cells, "metadata": {
        "kernelspec": {"display_name": "my kernel", "name": "mine", "language": "python"},
        "language_info": {"name": "python", "version": "3.11.7"},
        "colab": {"provenance": []},
    }}  # fmt: skip
    return nbformat.from_dict(notebook)


def with_ids(*ids):
    notebook = messy()
    for cell, id in zip(notebook.cells, ids, strict=True):
        if id is not None:
            cell["id"] = id
    return notebook


@pytest.mark.parametrize(
    "notebook",
    [
        messy(),
        messy(version=4, order=-1),
        with_ids("a", "a", "a", "b"),
        with_ids("A_1", "VSC-77", "", "x" * 65),
        with_ids("a", None, None, "a"),
    ],
    ids=["no ids", "format 4.4", "same ids", "ids of editors", "some ids"],
)
def test_tidy_twice_changes_nothing(notebook):
    once = nbformat.writes(run.tidy(notebook))
    assert nbformat.writes(run.tidy(reread(notebook))) == once
    nbformat.validate(reread(notebook))
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9-]{1,64}", id) for id in ids)


def test_tidy_keeps_only_content():
    """Two ways of saving the same content make the same file."""
    one, other = messy(), messy(version=4, order=-1, count=12)
    assert nbformat.writes(run.tidy(one)) == nbformat.writes(run.tidy(other))
    code = one.cells[1]
    assert code.source == "x = 1\nx"
    assert one.cells[0].source == "# 합성곱 Convolution\n\n글"
    assert code.metadata == {"tags": ["hide-cell"], "mystnb": alt("a dot")}
    assert [cell.get("execution_count") for cell in one.cells] == [None, 1, 2, None]
    assert code.outputs[3].execution_count == 1
    assert [output.get("text") for output in code.outputs][:3] == ["one\ntwo\n", None, "three\n"]
    assert all(not output.get("metadata") for output in code.outputs)
    assert code.outputs[-1].traceback == ["E: x"]
    # Other tools need these two.
    assert one.metadata.kernelspec.language == "python"
    assert one.metadata.language_info.name == "python"


def test_unrun_cells_stay_unrun():
    notebook = messy()
    notebook.cells[1].execution_count = None
    run.tidy(notebook)
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, None, 1, None]


def test_ids_survive_an_edit():
    notebook = run.tidy(messy())
    before = [cell.id for cell in notebook.cells]
    for cell in notebook.cells:
        cell.source += "\nmore"
    notebook.cells.reverse()
    # Cells that come in without an id, and with what an old cell's id was made from.
    strangers = [copy.deepcopy(cell) for cell in messy().cells]
    notebook.cells = strangers + notebook.cells
    notebook = run.tidy(reread_without_check(notebook))
    assert [cell.id for cell in notebook.cells[4:]] == before[::-1]
    assert not {cell.id for cell in notebook.cells[:4]} & set(before)


def reread_without_check(notebook):
    return nbformat.v4.reads(json.dumps(notebook))
