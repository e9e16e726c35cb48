"""The maintainer's map in CONTRIBUTING.md: every file of ours is on it, and what it names exists."""

import ast
import graphlib
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
    known = {"__init__.py"} | {
        re.sub(r"\d\d(?=\.)", "NN", name.rpartition("/")[2]) for name in named
    }
    paths = (root / folder).glob("*.py") if folder == "cnnbook" else (root / folder).rglob("*.py")
    for path in paths:
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


# From the bottom: a module imports none of a later row, nor of its own but for the rooms' neighbours.
ROWS = (
    ("tools",),
    ("tools.compare", "tools.browser", "tools.editions"),
    ("tools.stored", "tools.minutes"),
    ("tools.run",),
    ("tools.live",),
    ("tools.full_size", "tools.seeds", "tools.twins", "tools.build"),
    ("tools.status_page",),
    ("tools.speed", "tools.matrix", "tools.pages", "tools.recipes"),
    ("tools.teaching",),
    ("tools.bench",),
)


def imports(root, package):
    """Return {module: the modules of the same package that it imports, anywhere in its file}."""
    paths = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (root / package).rglob("*.py")
    }
    found = {}
    for module, path in paths.items():
        names = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        found[module] = names & set(paths) - {module}
        # from tools import run  needs tools too, which needs nothing.
        found[module] -= {package}
    return found


@pytest.mark.parametrize("package", ["cnnbook", "tools"])
def test_no_import_goes_in_a_circle(root, package):
    list(graphlib.TopologicalSorter(imports(root, package)).static_order())  # CycleError names one


def test_the_arrows_between_the_tools_point_downward(root):
    def row(module):
        return next(n for n, names in enumerate(ROWS) if ".".join(module.split(".")[:2]) in names)

    def room(module):
        return module.split(".")[1:2]

    for module, imported in imports(root, "tools").items():
        for other in imported:
            assert row(other) < row(module) or room(other) == room(module), f"{module} → {other}"
    for module in imports(root, "cnnbook"):
        text = (root / "cnnbook").joinpath(*module.split(".")[1:]).with_suffix(".py")
        assert not text.is_file() or "from tools" not in text.read_text("utf-8"), module
