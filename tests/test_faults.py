"""A full disk, a kill: nothing that was there is lost, and the next run recovers.

Here: tidying a chapter and building the book. Downloads and records have theirs in
tests/test_downloads.py, tests/test_results.py and tests/test_full_size.py.
"""

import os
import pathlib
import subprocess
import sys
import time

import nbformat
import pytest

from tools import build

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDY = """
import pathlib, resource, sys
sys.path.insert(0, sys.argv[1])
from tools import run
run.BOOK = pathlib.Path(sys.argv[2])
if len(sys.argv) > 3:  # no file may grow beyond so many bytes: what a full disk does to a write
    resource.setrlimit(resource.RLIMIT_FSIZE, 2 * (int(sys.argv[3]),))
run.main(["03"])
"""

unix = pytest.mark.skipif(os.name == "nt", reason="limits and signals of Unix")


@pytest.fixture
def chapter(tmp_path):
    """Return a function that writes a chapter of one cell and returns its path."""
    path = tmp_path / "ko" / "03-convolution.ipynb"
    path.parent.mkdir()

    def write(source):
        cells = [
            nbformat.v4.new_code_cell("pass", id="bootstrap"),
            nbformat.v4.new_code_cell(source, id="work"),
        ]
        path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)), encoding="utf-8")
        return path

    return write


def tidy(path, *limit, **options):
    command = [sys.executable, "-c", TIDY, ROOT, path.parent.parent, *limit]
    return subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE, **options)


@unix
def test_tidying_on_a_full_disk(chapter):
    path = chapter("print('x' * 300_000)")
    before = path.read_bytes()
    process = tidy(path, "100000")
    _, said = process.communicate(timeout=120)
    assert process.returncode != 0 and b"File too large" in said
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]  # no piece beside it
    process = tidy(path)
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert "x" * 300_000 in path.read_text(encoding="utf-8")


@unix
def test_tidying_killed(chapter, tmp_path):
    begun = tmp_path / "begun"
    path = chapter(f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\ntime.sleep(60)")
    before = path.read_bytes()
    process = tidy(path, start_new_session=True)
    for _ in range(1200):
        if begun.exists():
            break
        time.sleep(0.1)
    os.killpg(process.pid, 9)
    process.communicate()
    assert begun.exists() and path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


@pytest.fixture
def building(tmp_path, monkeypatch):
    """The build with, in place of Sphinx, what takes a page that is there for finished, as Sphinx does."""

    class Building:
        output = tmp_path / "_build"
        door = output / "html"
        whole = True

        def sphinx(self, source, html, **_):
            for page in (html / "index.html", html.parent / ".doctrees/index.doctree"):
                page.parent.mkdir(parents=True, exist_ok=True)
                if not page.exists():
                    page.write_text("whole")
                if not self.whole:
                    page.write_text("wh")
            return 0 if self.whole else 1

        def edition(self, language):
            done = build.build_edition(build.EDITIONS[language], self.output)
            return subprocess.CompletedProcess([], not done)

    book = Building()
    monkeypatch.setattr("jupyter_book.sphinx.build_sphinx", book.sphinx)
    # [python, -m, tools.build, language, …]
    monkeypatch.setattr(build.subprocess, "run", lambda command, **_: book.edition(command[3]))
    return book


def test_build_after_one_that_was_cut_off(building):
    building.whole = False
    assert not build.build(building.output)
    building.whole = True
    assert build.build(building.output)
    for language in build.EDITIONS:
        assert (building.door / language / "index.html").read_text() == "whole"
        assert (building.output / language / ".doctrees/index.doctree").read_text() == "whole"


def test_build_after_one_edition_that_was_cut_off(building):
    """As python -m tools.build en leaves it: the other edition keeps what it has."""
    assert build.build(building.output)
    kept = building.output / "ko/html/index.html"
    kept.write_text("built before")
    (building.output / "en/html/index.html").unlink()
    building.whole = False
    assert building.edition("en").returncode
    building.whole = True
    assert build.build(building.output)
    assert (building.door / "en/index.html").read_text() == "whole"
    assert (building.door / "ko/index.html").read_text() == "built before"


def test_build_after_one_that_ended_keeps_what_it_has(building):
    assert build.build(building.output)
    page = building.output / "ko/html/index.html"
    page.write_text("built before")
    assert build.build(building.output)
    assert page.read_text() == (building.door / "ko/index.html").read_text() == "built before"


def test_build_that_fails_leaves_the_last_book(building):
    assert build.build(building.output)
    (building.output / "ko/html/index.html").unlink()
    building.whole = False
    assert not build.build(building.output)
    assert (building.door / "ko/index.html").read_text() == "whole"


def test_sphinx_takes_a_cut_off_page_for_finished(tmp_path):
    """The reason for the two tests above: if this fails, tools/build.py may be simpler."""
    for name, text in (("conf.py", ""), ("index.rst", "Title\n=====\n")):
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "sphinx", "-q", str(tmp_path), str(tmp_path / "html")]
    subprocess.run(command, check=True)
    page = tmp_path / "html" / "index.html"
    page.write_text("<!DOC")
    subprocess.run(command, check=True)
    assert page.read_text() == "<!DOC"
