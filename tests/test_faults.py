"""A full disk, a kill: nothing that was there is lost, and the next run recovers.

Here: tidying a chapter and building the book. Downloads and records have theirs in
tests/test_downloads.py, tests/test_results.py and tests/test_full.py.
"""

import os
import pathlib
import subprocess
import sys
import time

import nbformat
import pytest

from cnnbook import __main__ as commands

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDY = """
import pathlib, resource, sys
sys.path.insert(0, sys.argv[1])
import run
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
    command = [sys.executable, "-c", TIDY, ROOT / "tools", path.parent.parent, *limit]
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
    """The build with folders of its own and, in place of Jupyter Book, whatever `build` is set to."""
    monkeypatch.setattr(commands, "BUILD", tmp_path / "_build")
    monkeypatch.setattr(commands, "HTML", tmp_path / "_build" / "html")

    class Building:
        html = tmp_path / "_build" / "html"
        doctrees = tmp_path / "_build" / ".doctrees"

        def build(self):
            """As Sphinx does: a page that is there is taken for finished."""
            for path in (self.html / "index.html", self.doctrees / "index.doctree"):
                path.parent.mkdir(parents=True, exist_ok=True)
                if not path.exists():
                    path.write_text("whole")

        def cut_off(self):
            self.build()
            (self.html / "index.html").write_text("wh")
            (self.doctrees / "index.doctree").write_text("wh")
            sys.exit(1)

    book = Building()
    monkeypatch.setattr(commands, "_in_environment", lambda *command: book.build())
    return book


def test_build_after_one_that_was_cut_off(building, monkeypatch):
    monkeypatch.setattr(commands, "_in_environment", lambda *command: building.cut_off())
    with pytest.raises(SystemExit):
        commands._build()
    monkeypatch.setattr(commands, "_in_environment", lambda *command: building.build())
    commands._build()
    assert (building.html / "index.html").read_text() == "whole"
    assert (building.doctrees / "index.doctree").read_text() == "whole"


def test_build_after_one_that_ended_keeps_what_it_has(building):
    commands._build()
    (building.html / "index.html").write_text("built before")
    commands._build()
    assert (building.html / "index.html").read_text() == "built before"


def test_sphinx_takes_a_cut_off_page_for_finished(tmp_path):
    """The reason for the two tests above: if this fails, `_build` may be simpler."""
    for name, text in (("conf.py", ""), ("index.rst", "Title\n=====\n")):
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "sphinx", "-q", str(tmp_path), str(tmp_path / "html")]
    subprocess.run(command, check=True)
    page = tmp_path / "html" / "index.html"
    page.write_text("<!DOC")
    subprocess.run(command, check=True)
    assert page.read_text() == "<!DOC"
