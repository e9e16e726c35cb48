"""A tampered copy of a notebook must fail: each hole of nbval that conftest.py closes, row by row.

A row is one cell. All rows are executed and tidied as chapters are (tools/run.py), then tampered
with, and `pytest --nbval` looks at both copies in a project that has this repository's settings.
"""

import base64
import copy
import io
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing
import xml.etree.ElementTree

import matplotlib
import nbformat
import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import pytest

from tools import compare, run, stored

ROOT = pathlib.Path(__file__).resolve().parent.parent


# --- What can be done to a cell. Each returns a function of the cell and of all untouched cells. ---


def text(old, new, kind="text/plain"):
    """Change the stored text of the first output."""

    def tamper(cell, honest):
        output = cell.outputs[0]
        holder, key = (output, "text") if "text" in output else (output.get("data"), kind)
        if output.output_type == "error":
            holder, key = output, "evalue"
            output.traceback = [f"{output.ename}: {output.evalue.replace(old, new)}"]
        assert holder[key].count(old) == 1, holder[key]
        holder[key] = holder[key].replace(old, new)

    return tamper


def source(new):
    """Change the code, as if the stored output had come from it."""

    def tamper(cell, honest):
        cell.source = new

    return tamper


def marker(line):
    """Mark the cell for nbval, and change its output, so that only comparing can tell."""

    def tamper(cell, honest):
        cell.source = f"{line}\n{cell.source}"
        text("784", "785")(cell, honest)

    return tamper


def tags(*names):
    def tamper(cell, honest):
        cell.metadata["tags"] = list(names)
        if "784" in cell.source or "28" in cell.source:
            text("784", "785")(cell, honest)

    return tamper


def metadata(key, value):
    def tamper(cell, honest):
        cell.metadata[key] = value

    return tamper


def outputs(choose):
    """Replace the list of outputs by what `choose` makes of it."""

    def tamper(cell, honest):
        cell.outputs = [nbformat.from_dict(output) for output in choose(list(cell.outputs))]

    return tamper


def cleared(new_source):
    """Store code that has no output."""

    def tamper(cell, honest):
        cell.source, cell.outputs = new_source, []

    return tamper


def uncounted(cell, honest):
    cell.execution_count = None


def unrun(cell, honest):
    cell.execution_count, cell.outputs = None, []


def declare(**declared):
    """Declare a tolerance and change 0.5 to 0.52, which 5 percent allow and 3 do not."""

    def tamper(cell, honest):
        cell.metadata["cnnbook"] = declared
        text("0.5", "0.52")(cell, honest)

    return tamper


def picture_of(name, **declared):
    """Store the figure of another row."""

    def tamper(cell, honest):
        cell.outputs[0].data["image/png"] = honest[name].outputs[0].data["image/png"]
        if declared:
            cell.metadata["cnnbook"] = declared

    return tamper


OLD = "Matplotlib version3.10.8, https://matplotlib.org/"


def edited(change, software="as it was"):
    """Change the pixels of the stored figure; it still says that Matplotlib drew it, or what else."""

    def tamper(cell, honest):
        data = cell.outputs[0].data
        with PIL.Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as image:
            said = PIL.PngImagePlugin.PngInfo()
            if software:
                said.add_text("Software", software.replace("as it was", image.info["Software"]))
            new = PIL.Image.fromarray(change(np.array(image.convert("RGB"))))
        file = io.BytesIO()
        new.save(file, "png", pnginfo=said)
        data["image/png"] = base64.b64encode(file.getvalue()).decode()

    return tamper


def animated(cell, honest):
    """Add a second frame, upside down, that a browser shows after the first."""
    data = cell.outputs[0].data
    with PIL.Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as image:
        said = PIL.PngImagePlugin.PngInfo()
        said.add_text("Software", image.info["Software"])
        frame, file = image.convert("RGB"), io.BytesIO()
        more = [frame.rotate(180)]
        frame.save(file, "png", pnginfo=said, save_all=True, append_images=more, duration=500)
    data["image/png"] = base64.b64encode(file.getvalue()).decode()


def without_picture(cell, honest):
    del cell.outputs[0].data["image/png"]


def not_a_picture(cell, honest):
    cell.outputs[0].data["image/png"] = base64.b64encode(b"no picture").decode()


def output_metadata(cell, honest):
    cell.outputs[0].metadata = nbformat.from_dict({"image/png": {"width": 50}})


def shown_traceback(cell, honest):
    cell.outputs[0].traceback = ["ZeroDivisionError: everything is fine"]


def bottom_row(pixels):
    pixels[-1, 40:120] = 0
    return pixels


# --- The rows. ---

PASSES = None
RAISES = {"tags": ["raises-exception"]}
DIFFERS = r"got|kinds|tolerance"
IGNORED = "ignore marker"
HIDDEN = "could not be seen"
WHY = "sums in another order on other processors"


class Row(typing.NamedTuple):
    name: str
    source: str
    tamper: typing.Callable
    message: str | None  # what the failure says (a regular expression), or PASSES
    metadata: dict = {}


TEXT_ROWS = [
    # Numbers and words
    Row("a digit of an integer", "print(28 * 28)", text("784", "785"), DIFFERS),
    Row("a digit of an integer result", "2**10", text("1024", "1025"), DIFFERS),
    Row("a digit of a decimal number", "print(1 / 3)", text("0.3333", "0.3343"), "tolerance"),
    Row("a decimal number, within", "print(1 / 3)", text("333333333", "333333334"), PASSES),
    Row("an exponent", "print(1e-5 / 7)", text("e-0", "e-1"), "tolerance"),
    Row("a version", 'print("2.21.0")', text("2.21.0", "2.21.1"), DIFFERS),
    Row("a word", 'print("max pooling 0.5")', text("max", "min"), DIFFERS),
    Row("a missing minus, integer", "print(-3)", text("-", ""), DIFFERS),
    Row("a missing minus, decimal", "print(-2.5)", text("-", ""), "tolerance"),
    Row("minus zero is zero", "print(-0.0)", text("-", ""), PASSES),
    Row("nan for a number", "print(0.5)", text("0.5", "nan"), DIFFERS),
    Row("a number for nan", "print(float('nan'))", text("nan", "0.5"), DIFFERS),
    Row("inf for a number", "print(0.5)", text("0.5", "inf"), DIFFERS),
    Row("a decimal for an integer", "print(5)", text("5", "5.0"), DIFFERS),
    Row("an integer for a decimal", "print(5.0)", text("5.0", "5"), DIFFERS),
    Row("our own placeholder", "print(0.5)", text("0.5", "<number>"), DIFFERS),
    Row("an array's digit", "print(np.eye(2) / 4)", text("[0.25", "[0.35"), "tolerance"),
    Row("an array's shape", "print(np.eye(2) / 4)", text("]\n [", " "), DIFFERS),
    Row("an integer array's blank", "print(np.array([1, 20]))", text("[ 1", "[1"), DIFFERS),
    Row("columns move", "print(np.array([0.5, 2.25]))", text("[0.5  2", "[ 0.50  2"), PASSES),
    Row("html, a word", "Table()", text("loss", "gain", "text/html"), DIFFERS),
    Row("html, a number", "Table()", text("0.125", "0.135", "text/html"), "tolerance"),
    Row("the plain form of html", "Table()", text("table", "tablet"), DIFFERS),
    Row("digits of another script", "print(0.5)", text("0.5", "０.５"), DIFFERS),
    Row("digits of another script, integer", "print(28)", text("28", "２８"), DIFFERS),
    Row("beyond all numbers", "print(0.5)", text("0.5", "1e999"), "tolerance"),
    Row("beyond all numbers, alike", "print('1e999')", text("1e999", "1e888"), "tolerance"),
    Row("a version that looks like a decimal", 'print("3.10.0")', text("3.10.0", "3.1.0"), DIFFERS),
    Row("a version of four", 'print("3.10.0.1")', text("3.10.0.1", "3.10.00.1"), DIFFERS),
    Row("the sign of a small number", "print(1e-8)", text("1e-08", "-9e-08"), "tolerance"),
    Row("a small number for a smaller", "print(1e-12)", text("1e-12", "9e-08"), "tolerance"),
    Row("zero for a small number", "print(1e-12)", text("1e-12", "0.0"), "tolerance"),
    Row("indentation", "print('a\\n    b 0.5')", text("    b", "b"), DIFFERS),
    Row("indentation before a number", "print('a\\n    0.5')", text("    0.5", "0.5"), DIFFERS),
    Row("blanks between words", "print('a  b 0.5')", text("a  b", "a b"), DIFFERS),
    Row("a column moves", "print('loss   0.5')", text("loss   0.5", "loss  0.5"), PASSES),
    # Honest cells
    Row("a result not shown", "784;", lambda cell, honest: None, PASSES),
    Row("an earlier result", "Out[3]", lambda cell, honest: None, PASSES),
    Row("an empty cell", "", lambda cell, honest: None, PASSES),
    Row("a comment alone", "# nothing", lambda cell, honest: None, PASSES),
    # Declared tolerances
    Row("declared, within", "print(0.5)", declare(rtol=0.05, reason=WHY), PASSES),
    Row("declared absolute, within", "print(0.5)", declare(atol=0.03, reason=WHY), PASSES),
    Row("declared, beyond", "print(0.5)", declare(rtol=0.03, reason=WHY), "tolerance"),
    Row("declared, no reason", "print(0.5)", declare(rtol=0.05), "needs a reason"),
    *(
        Row(f"declared, {name}", "print(0.5)", declare(rtol=0.05, reason=reason), "needs a reason")
        for name, reason in {
            "blank reason": " ",
            "no reason given": None,
            "zero for a reason": 0,
            "a list for a reason": ["a reason in a list"],
            "invisible reason": "\u200b" * 20,
            "dots for a reason": "." * 20,
            "no words": "x",
        }.items()
    ),
    Row("declared, unknown key", "print(0.5)", declare(rtoll=0.05, reason=WHY), "unknown keys"),
    Row("declared, all goes", "print(0.5)", declare(rtol=1e9, reason=WHY), "number from 0 to"),
    Row(
        "declared, not a number",
        "print(0.5)",
        declare(rtol=float("nan"), reason=WHY),
        "number from 0 to",
    ),
    Row(
        "declared, nearly all goes",
        "print(0.5)",
        declare(rtol=0.99, reason=WHY),
        "number from 0 to",
    ),
    Row(
        "declared, half of all", "print(0.5)", declare(atol=0.5, reason=WHY), "number from 0 to 0.3"
    ),
    Row(
        "declared, for large numbers",
        "print(50.5)",
        text("50.5", "55.5"),
        PASSES,
        {"cnnbook": {"atol": 10, "reason": WHY}},
    ),
    Row("declared, true", "print(0.5)", declare(rtol=True, reason=WHY), "number from 0 to"),
    Row("declared, text", "print(0.5)", declare(rtol="0.1", reason=WHY), "number from 0 to"),
    Row(
        "declared, for an integer",
        "print(784)",
        lambda cell, honest: cell.metadata.update(cnnbook={"rtol": 0.2, "reason": WHY}),
        "to which alone it applies",
    ),
    # Outputs and counts
    Row("outputs cleared", "print(784)", outputs(lambda all: []), "kinds"),
    Row("count cleared", "print(784)", uncounted, "never run"),
    Row("both cleared", "print(784)", unrun, "never run"),
    Row("one of two dropped", "display(1)\ndisplay(2)", outputs(lambda all: all[:1]), "kinds"),
    Row("two swapped", "display(1)\ndisplay(2)", outputs(lambda all: all[::-1]), DIFFERS),
    Row("text after its table", "print(1)\ndisplay(2)", outputs(lambda all: all[::-1]), "kinds"),
    Row(
        "text moved across a table",
        "print(1)\ndisplay(2)\nprint(3)",
        outputs(lambda all: [{**all[0], "text": "1\n3\n"}, all[1]]),
        "kinds",
    ),
    Row(
        "text in pieces",
        "print(12)",
        outputs(lambda all: [{**all[0], "text": t} for t in ("1", "2\n")]),
        PASSES,
    ),
    Row("an extra output", "print(1)\ndisplay(2)", outputs(lambda all: all[:1]), "kinds"),
    Row("before a carriage return", r"print('1\r2')", text("1", "7"), DIFFERS),
    Row("metadata of an output", "Table()", output_metadata, "not tidied"),
    # Markers
    Row("ignored", "print(784)", marker("# NBVAL_IGNORE_OUTPUT"), IGNORED),
    Row("ignored, odd spacing", "print(784)", marker("  ##   NBVAL_IGNORE_OUTPUT  "), IGNORED),
    Row("ignored, old name", "print(784)", marker("#PYTEST_VALIDATE_IGNORE_OUTPUT"), IGNORED),
    Row("ignored, no marker for nbval", "print(784)", marker("# nbval_ignore_output"), DIFFERS),
    Row("skipped", "print(784)", marker("# NBVAL_SKIP"), IGNORED),
    Row("checked", "print(784)", marker("# NBVAL_CHECK_OUTPUT"), DIFFERS),
    Row("tag to ignore", "print(784)", tags("nbval-ignore-output"), IGNORED),
    Row("tag to ignore, old name", "print(784)", tags("pytest-validate-ignore-output"), IGNORED),
    Row("tag to skip", "print(784)", tags("hide-cell", "nbval-skip"), IGNORED),
    Row("tag to check", "print(784)", tags("nbval-check-output"), DIFFERS),
    Row("tag of nbclient", "print(784)", tags("skip-execution"), "unknown tags"),
    # Errors
    Row("an error that does not come", "1 / 0", source("1 / 1"), "kinds|should raise", RAISES),
    Row("no error, none stored", "1 / 0", cleared("1"), "should raise|kinds", RAISES),
    Row("no error and no output", "1 / 0", cleared("x = 1"), "should raise", RAISES),
    Row("no error, by comment", "x = 1", source("# NBVAL_RAISES_EXCEPTION\nx = 1"), "should raise"),
    Row("no error, nbval's tag", "x = 1", tags("nbval-raises-exception"), "should raise"),
    Row("another error", "1 / 0", source("int('x')"), DIFFERS, RAISES),
    Row("another text of the error", "1 / 0", text("zero", "one"), DIFFERS, RAISES),
    Row("another traceback on the page", "1 / 0", shown_traceback, "not tidied", RAISES),
    Row("an error nobody expects", "1 / 0", tags(), "caused an exception", RAISES),
    # Standard error
    Row(
        "stored stderr",
        "print(784)",
        outputs(
            lambda all: [*all, {"output_type": "stream", "name": "stderr", "text": "Warning\n"}]
        ),
        "holds stderr",
    ),
    Row("stderr when run", "x = 1", source("import sys\nprint(1, file=sys.stderr)"), "kinds"),
    Row("a warning when run", "x = 1", source("np.array([1.0]) / 0"), "kinds"),
    # What IPython would keep quiet about
    Row("unknown magic", "x = 1", source("%nosuchmagic"), HIDDEN),
    Row("unknown magic, error expected", "1 / 0", cleared("%nosuchmagic"), HIDDEN, RAISES),
    Row("missing script", "x = 1", source("%run missing.py"), HIDDEN),
    Row("unknown backend", "x = 1", source("%matplotlib nosuch"), HIDDEN),
    Row("shell", "x = 1", source("!false"), HIDDEN),
    Row("shell, indented", "x = 1", source("if True:\n    !!false"), HIDDEN),
    Row("shell, kept", "x = 1", source("x = !false"), HIDDEN),
    Row("shell, kept in an attribute", "x = 1", source("Table.x, *y = !false"), HIDDEN),
    Row("shell, line magic", "x = 1", source("x = %sx false"), HIDDEN),
    Row("shell, cell magic", "x = 1", source("%%bash\nfalse"), HIDDEN),
    Row("script", "x = 1", source("%%script --no-raise-error false"), HIDDEN),
    Row("shell, by a call", "x = 1", source("get_ipython().system('false')"), HIDDEN),
    Row("shell, by os", "x = 1", source("import os\nx = os.system('false')"), HIDDEN),
    Row("captured", "x = 1", source("%%capture\nprint('wrong')"), HIDDEN),
    Row("cleared when run", "x = 1", source("from IPython.display import clear_output"), HIDDEN),
    Row("replaced when run", "display(1)", source("display(1, display_id=True).update(2)"), HIDDEN),
    *(
        Row(f"hidden: {name}", "x = 1", source(code), HIDDEN)
        for name, code in {
            "capture by a call": "get_ipython().run_cell_magic('capture', '', 'print(1)')",
            "capture, name in a variable": "m = 'capture'\nget_ipython().run_cell_magic(m, '', '')",
            "capture of utils": "from IPython.utils import io as o\nwith o.capture_output():\n    1",
            "redirected": "import contextlib as c, io\nwith c.redirect_stdout(io.StringIO()):\n    1",
            "imported from": "from contextlib import redirect_stderr as r",
            "another stdout": "import sys\nsys.stdout = sys.stdout",
            "another print": "print = print",
            "system of any shell": "ip = get_ipython()\nip.system('false')",
            "a process": "import subprocess",
            "a handle": "from IPython.display import DisplayHandle",
            "suppressed": "import contextlib\nwith contextlib.suppress(Exception):\n    1 / 0",
            "swallowed": "try:\n    assert 1 == 2\nexcept AssertionError:\n    pass",
            "swallowed, all": "try:\n    1 / 0\nexcept:\n    x = 2",
            "swallowed, in a list": "try:\n    1 / 0\nexcept (OSError, Exception):\n    x = 2",
            "swallowed, with dots": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    ...",
            "code in a text": "exec('x = 1')",
            "a timing": "%time x = 1",
        }.items()
    ),
    Row(
        "an error that is shown",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    print(error)",
        lambda cell, honest: None,
        PASSES,
    ),
    Row("a tag that removes", "print(784)", tags("remove-cell"), "unknown tags"),
    *(
        Row(f"metadata that removes, {key}", "print(784)", metadata(key, value), "unknown metadata")
        for key, value in {
            "mystnb": {"remove_code_outputs": True},
            "jupyter": {"outputs_hidden": True},
            "collapsed": True,
        }.items()
    ),
    Row("a form in Colab", "print(784)", metadata("jupyter", {"source_hidden": True}), PASSES),
    Row("a tag that removes the output", "print(784)", tags("remove-output"), "unknown tags"),
    Row("a shell command in a text", "x = 1", source("x = '''\n!false\n'''"), PASSES),
]

ALT = {"mystnb": {"image": {"alt": "A figure"}}}
CURVE = 'curve("accuracy 0.975")'
FIGURE_ROWS = [
    Row(name, source, tamper, message, ALT)
    for name, source, tamper, message in [
        ("curve", CURVE, picture_of("curve"), PASSES),
        ("other digit", 'curve("accuracy 0.976")', picture_of("curve"), "pictures differ"),
        ("other curve", 'curve("accuracy 0.975", 2.1)', picture_of("curve"), "pictures differ"),
        (
            "a curve left out",
            'curve("accuracy 0.975", None)',
            picture_of("curve"),
            "pictures differ",
        ),
        ("pixel labels", "labels(8)", picture_of("pixel labels"), PASSES),
        ("other label", "labels(6)", picture_of("pixel labels"), "pictures differ"),
        ("encoded anew", CURVE, edited(lambda pixels: pixels), PASSES),
        ("saved by another program", CURVE, edited(lambda p: p, "Gimp 2.10"), "use `make run`"),
        ("by no program", CURVE, edited(lambda p: p, None), "use `make run`"),
        ("by an older Matplotlib", CURVE, edited(lambda p: p, OLD), "use `make run`"),
        ("animated", CURVE, animated, "animated picture"),
        ("moved a little", CURVE, edited(lambda p: np.roll(p, 2, axis=1)), "pictures differ"),
        ("the last row", CURVE, edited(bottom_row), "pictures differ"),
        ("upside down", CURVE, edited(lambda pixels: pixels[::-1]), "pictures differ"),
        ("cut", CURVE, edited(lambda pixels: pixels[:, :-1]), "got a picture of"),
        ("resized", CURVE, edited(lambda p: p.repeat(2, 0).repeat(2, 1)), "got a picture of"),
        ("resized on the page", CURVE, output_metadata, "not tidied"),
        ("white", CURVE, edited(lambda pixels: np.full_like(pixels, 255)), "blank"),
        ("all of one colour", CURVE, edited(lambda p: p * 0 + np.uint8([9, 99, 0])), "blank"),
        ("no picture in it", CURVE, not_a_picture, "cannot identify image"),
        ("removed", CURVE, without_picture, "kinds"),
        ("cleared", CURVE, outputs(lambda all: []), "kinds"),
        ("two swapped", f"{CURVE}\nlabels(8)", outputs(lambda all: all[::-1]), "kinds|got"),
        ("two alike swapped", f"{CURVE}\ncurve('b', 3)", outputs(lambda all: all[::-1]), "differ"),
        ("one more", CURVE, outputs(lambda all: all * 2), "kinds"),
        ("declared", "labels(5)", picture_of("other label", picture=0.6, reason=WHY), PASSES),
        ("declared, beyond", "labels(4)", picture_of("curve", picture=0.1, reason=WHY), "picture"),
        ("declared, no reason", "labels(3)", picture_of("curve", picture=0.9), "needs a reason"),
    ]
]
# fmt: off
SETUP = {
    "text": '''\
import numpy as np


class Table:
    def _repr_html_(self):
        return "<table><tr><td>loss</td><td>0.125</td></tr></table>"

    def __repr__(self):
        return "a table"''',
    "figures": '''\
import matplotlib.pyplot as plt
import numpy as np

from cnnbook.plots import show_images

x = np.linspace(0, 3, 50)


def curve(title, power=2):
    axis = plt.subplots(figsize=(3, 2))[1]
    axis.plot(x, x, label="line")
    if power:
        axis.plot(x, x**power, "--", label="curve")
    axis.set(title=title, xlabel="x")
    axis.legend()
    plt.show()


def labels(last):
    show_images([np.append(np.arange(8), last).reshape(3, 3)], limits=(0, 12), numbers=True)''',
}
# fmt: on
ROWS = {"text": TEXT_ROWS, "figures": FIGURE_ROWS}


# --- Running them. ---


def notebook_of(name):
    cells = [nbformat.v4.new_code_cell(SETUP[name])]
    for row in ROWS[name]:
        metadata = copy.deepcopy(row.metadata)
        cells.append(nbformat.v4.new_code_cell(row.source, metadata=metadata))
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with our settings and two folders of the same notebooks: book/ko and tampered."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("conftest.py", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    (folder / "tools").mkdir()
    for name in ("__init__", "compare", "editions", "stored"):  # all that conftest.py needs
        shutil.copy(ROOT / f"tools/{name}.py", folder / "tools")
    for part in ("book/ko", "tampered"):
        (folder / part).mkdir(parents=True)
    shutil.copy(ROOT / "book/editions.toml", folder / "book")
    for name, rows in ROWS.items():
        notebook = run.tidy(run.execute(notebook_of(name), folder))
        assert not run.problems(notebook)
        run.write(notebook, folder / "book" / "ko" / f"{name}.ipynb")
        untouched = {row.name: cell for row, cell in zip(rows, notebook.cells[1:], strict=True)}
        tampered = copy.deepcopy(notebook)
        for row, cell in zip(rows, tampered.cells[1:], strict=True):
            row.tamper(cell, untouched)
        run.write(tampered, folder / "tampered" / f"{name}.ipynb")
    return folder


def pytest_says(project, *arguments):
    """Run pytest in the project; return its exit code, its text and a verdict on every cell."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    report = project / "report.xml"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            f"--junitxml={report}",
            "-p",
            "no:cacheprovider",
            *arguments,
        ],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    verdicts = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        notebook = re.search(r"(\w+)\.ipynb$", case.get("classname"))
        verdict = [(part.tag, part.text or part.get("message")) for part in case]
        if notebook:
            cell = int(case.get("name").removeprefix("Cell "))
            verdicts[notebook[1], cell] = verdict[0] if verdict else ("passed", "")
    return done.returncode, done.stdout + done.stderr, verdicts


def test_untouched_notebooks_pass(project):
    """With no option but --nbval: the others, and where the notebooks are, come from pyproject."""
    # An option from pyproject: the kernel is that of the running Python, whatever the file says.
    path = project / "book" / "ko" / "kernel.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])
    run.tidy(run.execute(notebook, project)).metadata.kernelspec.name = "nosuchkernel"
    run.write(notebook, path)
    code, said, verdicts = pytest_says(project, "--nbval")
    assert code == 0, said
    assert [verdict for verdict, _ in verdicts.values()] == ["passed"] * len(verdicts)
    assert len(verdicts) == len(TEXT_ROWS) + len(FIGURE_ROWS) + 3


@pytest.fixture(scope="module")
def verdicts(project):
    """On two workers: a notebook's cells stay together, or most of them would not know `np`."""
    code, said, verdicts = pytest_says(project, "--nbval", "-n", "2", "tampered")
    assert code == 1, said
    assert verdicts["text", 0] == verdicts["figures", 0] == ("passed", ""), said
    return verdicts


@pytest.mark.parametrize(
    ("notebook", "cell"),
    [
        pytest.param(notebook, cell, id=f"{notebook}: {row.name}")
        for notebook, rows in ROWS.items()
        for cell, row in enumerate(rows, start=1)
    ],
)
def test_tampered_cell(notebook, cell, verdicts):
    row = ROWS[notebook][cell - 1]
    verdict, said = verdicts[notebook, cell]
    if row.message is PASSES:
        assert (verdict, said) == ("passed", "")
    else:
        assert verdict == "failure"
        assert re.search(row.message, said), said


@pytest.mark.parametrize(
    "code",
    [
        "def print(*values):\n    pass",
        "class print:\n    pass",
        "x = (lambda print: print(1))(abs)",
        "from builtins import abs as print",
        "(print := abs)",
        "globals()['print'] = abs",
        "import builtins\nbuiltins.print = abs",
        "sys.stdout, x = y, 1",
        "[sys.stdout] = [y]",
        "sys.stdout: object = y",
        "with open('x', 'w') as sys.stdout:\n    pass",
        "for sys.stdout in [y]:\n    pass",
        "del sys.stdout",
        "setattr(sys, 'stdout', y)",
        "sys.__dict__['stdout'] = y",
        "vars(sys)['stdout'] = y",
        "get_ipython().display_pub.publish = abs",
        "get_ipython().magic('capture')",
        "%%capture\r\nprint(1)",
        "from os import system\nsystem('false')",
        "f = os.system",
        "getattr(os, 'sys' + 'tem')('false')",
        "def f():\n    try:\n        1 / 0\n    finally:\n        return 1",
        "while True:\n    try:\n        1 / 0\n    finally:\n        break",
    ],
)
def test_what_hides_is_seen_however_it_is_spelled(code):
    """Looked at only: these would do to the other rows' outputs what they say."""
    assert stored.hiding(code)


@pytest.mark.parametrize(
    "code",
    [
        "from IPython.display import display\ndisplay(1)",
        "print(1, file=sys.stdout)",
        "draw(display=True, print=False)",
        "try:\n    f()\nfinally:\n    x = 1",
        "%pip install cnnbook",
    ],
)
def test_what_hides_nothing_is_let_through(code):
    assert stored.hiding(code) is None


def test_every_row_has_its_own_name():
    for rows in ROWS.values():
        assert len({row.name for row in rows}) == len(rows)


def test_lax_run_is_refused(project):
    """--nbval-lax would run everything and compare nothing."""
    code, said, verdicts = pytest_says(project, "--nbval-lax", "book/ko/kernel.ipynb")
    assert code == 1
    assert verdicts["kernel", 0][0] == "failure"
    assert IGNORED in verdicts["kernel", 0][1]


def test_time_limit(project):
    """nbval lets a cell pass that swallows its interruption, and excuses all cells after it."""
    sources = [
        "try:\n    import time\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    pass",
        "x = 1",
    ]
    cells = [nbformat.v4.new_code_cell(source, execution_count=1) for source in sources]
    run.write(run.tidy(nbformat.v4.new_notebook(cells=cells)), project / "tampered" / "slow.ipynb")
    code, said, verdicts = pytest_says(
        project, "--nbval", "--nbval-cell-timeout=1", "tampered/slow.ipynb"
    )
    assert code == 1
    assert [verdict for verdict, _ in verdicts.values()] == ["failure", "failure"], said
    assert all("ran out of time" in said for _, said in verdicts.values())


def test_contradicting_markers_stop_the_collection(project):
    cell = nbformat.v4.new_code_cell("# NBVAL_IGNORE_OUTPUT\n1", execution_count=1)
    cell.metadata["tags"] = ["nbval-check-output"]
    path = project / "tampered" / "contradiction.ipynb"
    run.write(run.tidy(nbformat.v4.new_notebook(cells=[cell])), path)
    code, said, _ = pytest_says(project, "--nbval", "--collect-only", path)
    path.unlink()
    assert code == pytest.ExitCode.INTERRUPTED
    assert "Overlapping options" in said


# --- Pictures from another Matplotlib. ---


def drawn(title="accuracy 0.975", power=2, square=3):
    """Return the figure of matplotlib-3.10.png in today's rendering, as a notebook stores it."""
    import cnnbook.plots

    matplotlib.use("agg")
    plt = cnnbook.plots.plt
    figure, (left, right) = plt.subplots(1, 2, figsize=(4, 2))
    x = np.linspace(0, 3, 50)
    left.plot(x, x, label="line")
    left.plot(x, x**power, "--", label="curve")
    left.set(title=title, xlabel="x")
    left.legend()
    image = np.arange(9).reshape(3, 3)
    image[1, 1] = square
    right.imshow(image, vmin=0, vmax=8)
    for (row, column), value in np.ndenumerate(image):
        right.text(column, row, str(value), color="red")
    file = io.BytesIO()
    figure.savefig(file, format="png")
    plt.close(figure)
    return base64.b64encode(file.getvalue()).decode()


OLDER = base64.b64encode((ROOT / "tests" / "matplotlib-3.10.png").read_bytes()).decode()


def test_picture_from_another_matplotlib():
    """Letters may differ between two releases of Matplotlib; maps, curves and sizes may not."""
    assert compare.compare_pictures(drawn(), OLDER, compare.TOLERANCE) is None
    assert "differ" in compare.compare_pictures(drawn(square=8), OLDER, compare.TOLERANCE)
    assert "differ" in compare.compare_pictures(drawn(power=3), OLDER, compare.TOLERANCE)


def test_picture_drawn_twice_is_the_same():
    assert compare.compare_pictures(drawn(), drawn(), {"picture": 0}) is None


def test_rule_on_declared_tolerances_is_described():
    said = (ROOT / "conftest.py").read_text("utf-8")
    for word in ("reason", *compare.TOLERANCE, "metadata", '"cnnbook"'):
        assert word in said
