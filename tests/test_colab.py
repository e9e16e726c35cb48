"""The Colab path: each chapter's first cell, in an empty folder and a fresh environment.

The environment gets what Colab has today, from the package registry; the bootstrap cell then
installs the checkout in place of the repository's address, nothing Colab has may change, and the
whole chapter must say what the page says. It takes minutes and a network, so it runs where
CNNBOOK_TEST_COLAB=1 is set, as in .ci/run:

    CNNBOOK_TEST_COLAB=1 python -m cnnbook test tests/test_colab.py
"""

import os
import pathlib
import shutil
import subprocess
import sys

import nbformat
import pytest
import yaml

from tools.compare import TOLERANCE, first_difference, flatten, join_streams
from tools.matrix import COLAB  # the kernel and its tools are there too

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "book/ko").glob("[!.]*.ipynb"))

pytestmark = pytest.mark.skipif(
    not os.environ.get("CNNBOOK_TEST_COLAB"),
    reason="set CNNBOOK_TEST_COLAB=1: minutes, and a network",
)


def run(*command, **settings):
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        encoding="utf-8",
        **settings,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="session")
def colab(tmp_path_factory):
    """The interpreter of a fresh environment with Colab's packages and without cnnbook."""
    folder = tmp_path_factory.mktemp("colab") / "environment"
    # A python3.13 on the path may be a version manager's stand-in that runs nothing.
    named = shutil.which("python3.13")
    works = named and subprocess.run([named, "--version"], capture_output=True).returncode == 0
    run(named if works else sys.executable, "-m", "venv", folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(python, "-m", "pip", "install", "--quiet", *COLAB)
    return python


def versions(python):
    freeze = run(python, "-m", "pip", "list", "--format=freeze")
    return dict(line.split("==") for line in freeze.split())


def runs_alone_and_says_the_same(path, colab, tmp_path):
    address = (
        "git+"
        + yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
    )
    text = path.read_text(encoding="utf-8")
    assert text.count(address) == 1
    notebook = nbformat.reads(text.replace(address, f"'{ROOT}'"), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, tmp_path / path.name)

    before = versions(colab)
    assert "cnnbook" not in before
    try:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        path_first = str(colab.parent) + os.pathsep + clean["PATH"]
        run(
            colab, "-m", "jupyter", "execute", "--inplace", path.name,
            cwd=tmp_path, env={**clean, "PATH": path_first},
        )  # fmt: skip
        after = versions(colab)
    finally:
        subprocess.run([colab, "-m", "pip", "uninstall", "--yes", "--quiet", "cnnbook"])
    assert "cnnbook" in after
    assert {name: after[name] for name in before} == before  # nothing downgraded, nothing upgraded

    stored, new = (nbformat.read(p, as_version=4).cells for p in (path, tmp_path / path.name))
    for stored_cell, new_cell in list(zip(stored, new, strict=True))[1:]:
        if stored_cell.cell_type != "code" or stored_cell.id == "bootstrap":
            continue
        tolerance = {**TOLERANCE, **stored_cell.metadata.get("cnnbook", {})}
        outputs = [
            [flatten(output) for output in join_streams(cell.outputs)]
            for cell in (new_cell, stored_cell)
        ]
        assert first_difference(*outputs, tolerance) is None, stored_cell.source


# Two classes, so that pytest-xdist hands them to two workers: together they take minutes, at the end.
class TestEverySecondChapter:
    @pytest.mark.parametrize("path", CHAPTERS[::2], ids=lambda path: path.stem)
    def test_runs_alone_and_says_the_same(self, path, colab, tmp_path):
        runs_alone_and_says_the_same(path, colab, tmp_path)


class TestTheOthers:
    @pytest.mark.parametrize("path", CHAPTERS[1::2], ids=lambda path: path.stem)
    def test_runs_alone_and_says_the_same(self, path, colab, tmp_path):
        runs_alone_and_says_the_same(path, colab, tmp_path)
