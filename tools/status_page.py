"""Write each edition's page on the book's state, status.md, from what was recorded.

Usage:  python -m tools.status_page

The page holds nothing typed in. data/verification.json (made by tools/matrix.py) says which versions
every chapter was verified with, how many cells held and how long they took; data/speed.json (made by
tools/speed.py) says what the book costs; the figures are counted in the notebooks. Both tools end
by writing the page; its text is the edition's template. tests/test_status_page.py compares. A twin
is accepted as it is written: its template was.
"""

import json

import nbformat

from tools import ROOT, twins
from tools.editions import SOURCE

RECORD = ROOT / "data" / "verification.json"
SPEED = ROOT / "data" / "speed.json"
VERSIONS = {  # by the name of the package
    "python": "Python",
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "numpy": "NumPy",
    "matplotlib": "Matplotlib",
}


def page(record, speed, chapters, edition):
    """Return the page's text.

    record: of data/verification.json. speed: of data/speed.json. chapters: {stem: notebook} of the
    edition.
    """
    checked, built, visits = speed["verification"], speed["build"], speed["pages"]
    entries = record.values()
    return edition.template(
        "status.md",
        # One column a set of tools/matrix.py, one row a property: a phone shows it whole.
        sets=_cells(edition.words["status"]["sets"][name] for name in record),
        rule=_cells("---" for _ in record),
        dates=_cells(entry["date"] for entry in entries),
        versions=_rows(
            [name, *(entry["versions"][package] for entry in entries)]
            for package, name in VERSIONS.items()
        ),
        cores=_cells(str(entry["cores"]) for entry in entries),
        instructions=_cells(f"{entry['onednn']}, {entry['blas']}" for entry in entries),
        minutes=_cells(f"{entry['seconds'] / 60:.0f}" for entry in entries),
        chapters=_rows(_held(record, chapters)),
        notebooks=checked["notebooks"],
        verified=checked["verified"],
        plain=checked["plain"],
        more=f"{checked['verified'] / checked['plain'] - 1:+.0%}",
        ours=built["ours"],
        stock=built["stock"],
        kilobytes=f"{visits['line']['downloadThroughput'] / 1000:.0f}",
        latency=f"{visits['line']['latency'] / 1000:g}",
        visits=_rows(_visits(visits["visits"], chapters)),
    )


def _held(record, chapters):
    for stem, notebook in chapters.items():
        now = sum(cell.cell_type == "code" for cell in notebook.cells)
        cells = [entry["chapters"].get(stem) for entry in record.values()]
        held = [
            f"{cell['cells'] - cell['failed']}/{cell['cells']}" + "*" * (cell["cells"] != now)
            if cell
            else "–"
            for cell in cells
        ]
        seconds = record["lock"]["chapters"][stem]["seconds"] if "lock" in record else "–"
        yield [_link(stem, notebook), str(figures(notebook)), *held, str(seconds)]


def _visits(visits, chapters):
    for stem, visit in visits.items():
        if stem not in chapters:  # of an edition that is not whole yet
            continue
        ours, stock = visit["ours"], visit["stock"]
        yield [
            _link(stem, chapters[stem]),
            f"{ours['bytes'] / 1000:.0f}, {stock['bytes'] / 1000:.0f}",
            f"{ours['seconds']:.1f}, {stock['seconds']:.1f}",
            f"{ours['whole'] / 1000:.0f}, {stock['whole'] / 1000:.0f}",
        ]


def _link(stem, notebook):
    title = notebook.cells[0].source.partition("\n")[0].removeprefix("# ")
    return f"[{title}]({stem}.ipynb)"


def figures(notebook):
    """Return how many pictures the notebook's outputs hold; each is compared as a picture."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return sum("image/png" in output.get("data", {}) for output in outputs)


def _cells(values):
    return " | ".join(values)


def _rows(lines):
    return "\n".join(f"| {_cells(line)} |" for line in lines)


def current(edition):
    """Return an edition's page as it should be now."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    verified = {stem for entry in record.values() for stem in entry["chapters"]}
    paths = (path for path in edition.notebooks() if path.stem in verified)
    speed = json.loads(SPEED.read_text(encoding="utf-8"))
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in paths}
    text = page(record, speed, notebooks, edition)
    return text if edition.is_source else twins.rendering(text, current(SOURCE))


def write():
    twins.write_page("status", current)


if __name__ == "__main__":
    write()
