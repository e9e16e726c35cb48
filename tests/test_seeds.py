"""tools/seeds.py: a margin that holds for one seed only is found out."""

import pathlib

import nbformat
import pytest

from tools import seeds

ROOT = pathlib.Path(__file__).resolve().parent.parent
CELLS = {
    "bootstrap": "import cnnbook\nimport numpy as np\ncnnbook.setup()",
    "draw": "draws = np.random.default_rng(0).random(3)",
    "keras": "import keras\nkeras.utils.set_random_seed(7)\nfirst = np.random.random()",
    "holds": "assert 0 <= draws.min() and draws.max() < 1\nprint('within: True')",
    "narrow": "assert abs(draws[0] - 0.636962) < 1e-5",
    "narrow-keras": "assert abs(first - 0.076308) < 1e-5",
    "shows": "print(draws[0])",
    "after": "print(6 * 7)",
}


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    path = tmp_path / "ko" / "03-toy.ipynb"
    path.parent.mkdir()
    cells = [nbformat.v4.new_code_cell(text, id=name) for name, text in CELLS.items()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    seeds.run.execute(notebook, tmp_path)
    path.write_text(nbformat.writes(seeds.run.tidy(notebook)), encoding="utf-8")
    monkeypatch.setattr(seeds.run, "BOOK", tmp_path)
    return path


def test_narrow_margins_fail_and_drawn_numbers_are_listed(chapter, capsys):
    before = chapter.read_bytes()
    with pytest.raises(SystemExit) as left:
        seeds.main(["3", "--seeds", "2"])
    assert left.value.code == 1
    said = capsys.readouterr().out
    assert said.count("2 failed, 1 show something else") == 2
    assert "seeds + 1000" in said and "seeds + 2000" in said
    for line in (
        "FAILED narrow: AssertionError",
        "FAILED narrow-keras: AssertionError",
        "other  shows",
    ):
        assert said.count(line) == 2
    assert chapter.read_bytes() == before


def test_wide_margins_pass(chapter, capsys):
    notebook = nbformat.v4.reads(chapter.read_text(encoding="utf-8"))
    notebook.cells = [cell for cell in notebook.cells if "narrow" not in cell.id]
    chapter.write_text(nbformat.writes(notebook), encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        seeds.main(["03", "--seeds", "1"])
    assert not left.value.code
    assert "0 failed, 1 show something else" in capsys.readouterr().out
