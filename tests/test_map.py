"""The maintainer's map in CONTRIBUTING.md: every file of ours is on it, and what it names exists."""

import re

import pytest


@pytest.fixture(scope="module")
def named(root):
    """What stands in the map between backticks, NN for any number."""
    text = (root / "CONTRIBUTING.md").read_text("utf-8")
    chosen = text.partition("## The map")[2].partition("\n## ")[0]
    return [part for found in re.findall(r"`([^`\n]+)`", chosen) for part in found.split()]


@pytest.mark.parametrize("folder", ["cnnbook", "tools"])
def test_every_file_is_on_the_map(root, named, folder):
    known = {re.sub(r"\d\d(?=\.)", "NN", name.rpartition("/")[2]) for name in named}
    for path in (root / folder).glob("*.py"):
        assert re.sub(r"\d\d(?=\.)", "NN", path.name) in known, path


def test_every_test_is_on_the_map(root):
    text = (root / "CONTRIBUTING.md").read_text("utf-8")
    about = {"style", "map"}  # of every file
    for path in (root / "tests").glob("test_*.py"):
        name = path.stem.removeprefix("test_")
        assert name in about or re.search(rf"`test {name}`|test_{name}\.py`", text), name


def test_what_the_map_names_exists(root, named):
    folders = ("book", "cnnbook", "data", "tests", "tools", ".ci", ".github")
    paths = [*root.iterdir(), *(path for part in folders for path in (root / part).rglob("*"))]
    files = {path.name for path in paths}
    for name in named:
        if "NAME" not in name and re.search(r"\.(py|json|yml|js|md|toml|ipynb)$|/", name):
            last = name.rstrip("/").rpartition("/")[2]
            pattern = re.escape(last).replace("NN", r"\d\d").replace("slug", r"[\w-]+")
            assert any(re.fullmatch(pattern, file) for file in files), name


def test_the_map_s_tests_exist(root):
    text = (root / "CONTRIBUTING.md").read_text("utf-8")
    for name in re.findall(r"`test ([a-z_\d]+)`", text):
        assert (root / "tests" / f"test_{name}.py").exists(), name
