"""Which cells of a chapter run in a page: the chapter is run here, in ordinary Python, without TensorFlow.

Usage:  python -m tools.live.cells [--check] [CHAPTER …]

A cell that uses TensorFlow, or a name that only such a cell gives, keeps its stored output in the
page. All others must show what is stored. tools/live/chapters.json holds the answer, with the packages and
the data that a chapter asks for, so that building a page needs no run; --check compares.
"""

import argparse
import importlib.util
import json
import pathlib
import re
import subprocess
import sys

import nbformat

from cnnbook._files import replacing
from tools import ROOT
from tools.compare import TOLERANCE, first_difference, flatten, join_streams
from tools.editions import SOURCE

ANSWER = ROOT / "tools/live/chapters.json"
LAST = 8  # from chapter 9 on, nearly every cell trains a network by Keras
# {module: the package in Pyodide's lock that brings it, and all that it needs}
PACKAGES = {
    "PIL": "pillow",
    "matplotlib": "matplotlib",
    "numpy": "numpy",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "threadpoolctl": "threadpoolctl",
}


def chapters():
    """Return {"03": path of its notebook} of the chapters that run in a page."""
    paths = {path.stem[:2]: path for path in SOURCE.notebooks()}
    return {name: paths[name] for name in sorted(paths) if name.isdigit() and int(name) <= LAST}


def code_cells(path):
    """Return the code cells of a notebook."""
    notebook = nbformat.v4.reads(path.read_text("utf-8"))
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def differs(outputs, cell):
    """Return how outputs (nbformat's, as dicts) differ from the stored ones of a cell, or None."""
    tolerance = {**TOLERANCE, **cell.metadata.get("cnnbook", {})}
    new = [flatten(output) for output in join_streams([nbformat.from_dict(o) for o in outputs])]
    return first_difference(new, [flatten(output) for output in cell.outputs], tolerance)


def runs(path):
    """Return what the page needs to know of a chapter: a dict, as chapters.json has it.

    packages: of Pyodide's lock. data: files of the book and of scikit-image. stored: {cell that does
    not run: what it met, an exception's name or "another output"}.

    Cells are left out until those that remain show what is stored. Every round starts anew, since a
    cell that stopped half-way has done half of its work.
    """
    left_out = {}
    while True:
        seen = run_apart(path, list(left_out))
        cells = {cell.id: cell for cell in code_cells(path) if cell.id not in left_out}
        failed = {}
        for name, outputs in seen["outputs"].items():
            errors = [o["ename"] for o in outputs if o["output_type"] == "error"]
            if errors or differs(outputs, cells[name]):
                failed[name] = errors[0] if errors else "another output"
        if not failed:
            del seen["outputs"]
            return {**seen, "stored": left_out}
        # First those that use TensorFlow themselves: without them, others may fail no more.
        direct = {name: why for name, why in failed.items() if why == "NeedsTensorFlow"}
        left_out |= direct or failed


def run_apart(path, left_out):
    """Run a chapter's cells but some in a process of its own; see `run`."""
    command = [sys.executable, "-m", "tools.live.cells", "--run", str(path), *left_out]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"{path.name} did not run:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def run(path, left_out):
    """Run a chapter's cells but some in this process; return its outputs, packages and data files."""
    from tools.live.inpage import runner, standin

    standin.install()
    _install_skimage()
    opened, outputs = set(), {}
    sys.addaudithook(lambda event, told: opened.add(str(told[0])) if event == "open" else None)
    page = runner.Runner(lambda output: outputs[name].append(output))
    page.shows_figures()
    for cell in code_cells(path):
        name = cell.id
        if name not in left_out:
            outputs[name] = []
            page.run(cell.source, name)
    return {
        "packages": sorted(p for module, p in PACKAGES.items() if module in sys.modules),
        "data": sorted(filter(None, map(_data, opened))),
        "outputs": outputs,
    }


def skimage_data():
    """Return the folder of the pictures of the installed scikit-image."""
    return pathlib.Path(importlib.util.find_spec("skimage").origin).parent / "data"


def _install_skimage():
    """Let `import skimage` find what a page has, with the pictures of the installed package."""
    pictures = skimage_data()
    sys.path.insert(0, str(ROOT / "tools/live/inpage"))
    import skimage

    skimage.__file__ = str(pictures.parent / "__init__.py")


def _data(path):
    """Return how a data file of the book or of scikit-image is called in a page, or None."""
    found = re.search(
        r"(?:^|/)(data/(?!.*\.py)[^.][^/]*(?:/[^/]+)?)$", pathlib.Path(path).as_posix()
    )
    if not found:
        return None
    whole = pathlib.Path(path).resolve()
    if whole.is_relative_to(ROOT / "data"):
        return whole.relative_to(ROOT).as_posix()
    return f"skimage/data/{whole.name}" if whole.parent.parent.name == "skimage" else None


def main(arguments):
    if arguments[:1] == ["--run"]:
        print(json.dumps(run(pathlib.Path(arguments[1]), arguments[2:])))
        return
    parser = argparse.ArgumentParser(prog="cells", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="compare with chapters.json, write nothing"
    )
    parser.add_argument("chapter", nargs="*", choices=[*chapters(), []])
    chosen = parser.parse_args(arguments)
    known = json.loads(ANSWER.read_text("utf-8")) if ANSWER.exists() else {}
    found = dict(known)
    for name in chosen.chapter or chapters():
        found[name] = runs(chapters()[name])
        count = len(code_cells(chapters()[name]))
        stored = len(found[name]["stored"])
        print(f"{name}: {count - stored} of {count} cells run in a page", flush=True)
    if chosen.check and found != known:
        sys.exit("tools/live/chapters.json is not what the chapters do: python -m tools.live.cells")
    if not chosen.check:
        with replacing(ANSWER) as file:
            text = json.dumps(found, indent=1, sort_keys=True)
            file.write(f"{text}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1:])
