"""What `pytest --nbval` lacks, so that a green run means: every cell ran and said what the page says.

nbval runs each notebook in a kernel and compares outputs, but it ignores pictures, passes cells
that were never run, cells marked to be ignored and expected errors that do not come, and compares
numbers letter by letter. The class here closes each of these holes:

- numbers with a decimal point or an exponent compare within a tolerance, all other text exactly;
- pictures compare as pictures;
- a cell that was not run, shows stderr, carries an ignore marker, hides what it does from the
  comparison, runs out of time, or should raise and does not, fails.

A cell may declare a wider tolerance in its metadata, with the reason in a few words:
`"cnnbook": {"rtol": 0.02, "reason": "..."}` (also "atol", and "picture" for figures).
tests/test_verification.py tampers with a notebook in each of these ways. That no cell vanishes is
tests/test_chapters.py's to see, in book/outline.txt.
"""

import ast
import base64
import io
import pathlib
import re

import nbval.kernel
import nbval.plugin
import numpy as np
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from PIL import Image
from scipy.ndimage import maximum_filter, minimum_filter, uniform_filter

# Measured: another digit changes a picture by 0.05 (5-point type on grey) to 0.4, a re-run by 0.
# No absolute tolerance: it would hide the sign and the size of whatever is smaller.
TOLERANCE = {"rtol": 1e-5, "atol": 0.0, "picture": 0.04}
# What a cell may declare at most; atol in units of the cell's largest number, or of 1. Measured: the
# losses of a deep network's first epochs move by a half between processors, the accuracy of the worst
# of ten classes by 0.3 from one training to the next, the curves of another seed by 0.9 of a picture.
# Beyond that a stored value would say nothing.
WIDEST = {"rtol": 0.6, "atol": 0.3, "picture": 0.75}

# A decimal point or an exponent makes a number inexact; 1, 28 and 2024 compare as text, and so do
# versions (3.10.0) and digits that are not 0 to 9.
INEXACT = re.compile(
    r"(?<![\w.])[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?"
    r"|[0-9]+[eE][-+]?[0-9]+)(?!\.?\d)"
)

MAGICS = {"pip"}  # the bootstrap cell's; what others do could not be seen or not be compared
# A shell command's failure would not be seen; what is captured, redirected, cleared or replaced is
# not compared. Every name, attribute, keyword and imported module of a cell is looked at.
HIDING = {
    *("capture_output", "clear_output", "display_id", "redirect_stderr", "redirect_stdout"),
    *("DisplayHandle", "dup2", "suppress", "update_display", "__stderr__", "__stdout__"),
    *("getoutput", "getstatusoutput", "popen", "posix_spawn", "subprocess", "run_cell_magic"),
    *("exec", "eval", "__import__", "run_cell", "importlib", "magic", "system", "display_pub"),
    *("getattr", "setattr", "globals", "locals", "vars", "__dict__", "builtins", "__builtins__"),
}
TAGS = {"hide-cell", "hide-input", "parameters", "raises-exception", "record"}
# What a cell's metadata may hold: other keys (mystnb's remove_code_outputs, outputs_hidden) could hide it.
METADATA = {
    "cellView": None,
    "cnnbook": None,
    "editable": None,
    "jupyter": {"source_hidden"},
    "mystnb": {"image"},
    "tags": None,
}


ROOT = pathlib.Path(__file__).resolve().parent
LOCKED = re.search(r"^matplotlib==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.M)[1]


def pytest_configure(config):
    nbval.plugin.coalesce_streams = join_streams  # nbval has no hook for this
    nbval.kernel.RunningKernel.execute_cell_input = execute_cell_input
    nbval.kernel.start_new_kernel = start_new_kernel


def pytest_ignore_collect(collection_path):
    """Pass over what systems leave beside files, such as ._03-convolution.ipynb: it is no notebook."""
    return True if collection_path.name.startswith(".") else None


def pytest_itemcollected(item):
    if isinstance(item, nbval.plugin.IPyNbCell):
        item.__class__ = VerifiedCell


_start_once = nbval.kernel.start_new_kernel


def start_new_kernel(*arguments, **options):
    """Start a kernel as nbval does, twice if it must be.

    Kernels that start at the same moment in several processes may be given one port; the one that
    comes second never answers.
    """
    try:
        return _start_once(*arguments, **options)
    except RuntimeError:
        return _start_once(*arguments, **options)


def execute_cell_input(kernel, source, allow_stdin=None):
    """Replace nbval's, which keeps no history: `x;` would show x, and Out[3] would not be there."""
    return kernel.kc.execute(source, allow_stdin=allow_stdin, stop_on_error=False)


class VerifiedCell(nbval.plugin.IPyNbCell):
    """nbval's cell, which also checks what is stored before it runs, and compares strictly."""

    def setup(self):
        """Replace nbval's, which excuses every cell after one that ran out of time."""

    def runtest(self):
        problem = stored_problem(self.cell)
        if self.options["skip"] or not self.options["check"]:
            problem = "an ignore marker (or --nbval-lax): this book has no ignored cells"
        self.options["skip"] = False
        try:
            # Run it in any case: the cells below need what it defines.
            super().runtest()
        except nbval.plugin.NbCellError:
            if not problem:
                raise
        if self.parent.timed_out:
            problem = "this cell, or one above it, ran out of time"
        if problem:
            self.raise_cell_error(problem)

    def compare_outputs(self, test, ref, skip_compare=None):
        declared = self.cell.metadata.get("cnnbook", {})
        tolerance = {**TOLERANCE, **({} if declared_problem(self.cell) else declared)}
        new, stored = [flatten(output) for output in test], [flatten(output) for output in ref]
        problem = first_difference(new, stored, tolerance)
        if self.options["check_exception"] and not any("error" in output for output in new):
            problem = "the cell should raise an exception and did not"
        self.comparison_traceback = [problem] if problem else []
        return not problem


def stored_problem(cell):
    """Return what is wrong with a stored cell before it is run, or None."""
    if what := hiding(cell.source):
        return f"{what}: what it does could not be seen"
    if cell.execution_count is None and cell.source.strip():
        return "the cell was never run: use `make run`"
    for output in cell.outputs:
        # The page shows the traceback, which differs by machine; the name and text are compared.
        tidied = [f"{output.get('ename')}: {output.get('evalue')}"]
        if output.output_type == "stream" and output.name == "stderr":
            return "the stored output holds stderr"
        if output.get("metadata") or output.get("traceback", tidied) != tidied:
            return "the stored output is not tidied: use `make run`"
        if "image/png" in output.get("data", {}) and (
            problem := picture_problem(output.data["image/png"])
        ):
            return problem
    for key, value in cell.metadata.items():
        known = METADATA.get(key, set())
        if known is not None and (not isinstance(value, dict) or set(value) - known):
            return f"unknown metadata, which may hide a cell or its output: {key} {value}"
    if unknown := set(cell.metadata.get("tags", [])) - TAGS - set(nbval.plugin.metadata_tags):
        return f"unknown tags, which may hide a cell or its output: {sorted(unknown)}"
    return declared_problem(cell)


def declared_problem(cell):
    """Return what is wrong with the tolerance that a cell declares, or None."""
    declared = cell.metadata.get("cnnbook", {})
    if unknown := set(declared) - set(TOLERANCE) - {"reason"}:
        return f"unknown keys in the cell's cnnbook metadata: {sorted(unknown)}"
    wider = {name: value for name, value in declared.items() if name in TOLERANCE}
    reason = declared.get("reason")
    if wider and not (isinstance(reason, str) and sum(map(str.isalpha, reason)) >= 10):
        return "a declared tolerance needs a reason, in words"
    shown = [flatten(output).items() for output in cell.outputs]
    texts = [str(text) for items in shown for kind, text in items if not kind.startswith("image")]
    numbers = [abs(float(number)) for text in texts for number in INEXACT.findall(text)]
    for name, value in wider.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        most = WIDEST[name] * max([1.0, *filter(np.isfinite, numbers)] if name == "atol" else [1.0])
        if not (number and 0 <= value <= most):
            return f"a declared {name} is a number from 0 to {most:.3g}"
        if name != "picture" and not numbers:
            return (
                f"a declared {name}, but no number with a decimal point, to which alone it applies"
            )
    return None


def hiding(source):
    """Return by what a cell hides what it does from the comparison, or None.

    Looked at in the Python that IPython makes of the cell, as a syntax tree: however it is spelled.
    """
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return None  # running it will say so
    for node in ast.walk(tree):
        called = getattr(node.func, "attr", None) if isinstance(node, ast.Call) else None
        if called in ("run_line_magic", "run_cell_magic"):
            name = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
            if called == "run_line_magic" and name in MAGICS:
                continue
            return f"the magic {name}"
        for word in words_of(node):
            if word in HIDING or word.startswith("spawn"):
                return word
        if isinstance(node, ast.ExceptHandler) and swallows(node):
            return "an exception that is swallowed"
        leaves = map(ast.walk, getattr(node, "finalbody", []))
        if any(isinstance(n, (ast.Return, ast.Break, ast.Continue)) for s in leaves for n in s):
            return "an exception that is swallowed"  # by leaving the block that comes last
        if bound(node) in STREAMS:
            return "another standard output"
    return None


STREAMS = {"stdout", "stderr", "displayhook", "print", "display"}


def bound(node):
    """Return the name to which a node of a syntax tree gives another meaning, however it does so."""
    if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
        return getattr(node, "id", getattr(node, "attr", None))
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name
    return node.arg if isinstance(node, ast.arg) else getattr(node, "asname", None)


def words_of(node):
    """Return the names that one node of a syntax tree uses."""
    for field in ("id", "attr", "arg", "name", "module"):
        if isinstance(word := getattr(node, field, None), str):
            yield from word.split(".")


def swallows(handler):
    """Tell whether an exception would leave no trace: a failed assertion must not.

    What the chapter shows with try is a named error, after which the cell prints or returns something.
    """
    kinds = list(ast.walk(handler.type)) if handler.type else []
    named = {getattr(kind, "attr", getattr(kind, "id", None)) for kind in kinds}
    wide = not kinds or named & {"Exception", "BaseException", "AssertionError"}
    speaks = [
        node
        for node in ast.walk(ast.Module(handler.body, []))
        if isinstance(node, ast.Raise)
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print")
    ]
    idle = all(
        isinstance(n, (ast.Pass, ast.Continue, ast.Break))
        or (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))
        for n in handler.body
    )
    return idle or (wide and not speaks)


def picture_problem(encoded):
    """Return what is wrong with a stored picture, or None.

    Only the locked Matplotlib's own pictures compare in full, letters too.
    """
    try:
        with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
            source, animated = str(image.info.get("Software")), getattr(image, "is_animated", False)
    except OSError as error:
        return str(error)
    if not source.startswith(f"Matplotlib version{LOCKED},"):
        return f"the stored picture is {source}'s, not Matplotlib {LOCKED}'s: use `make run`"
    return "an animated picture: only its first frame would be compared" if animated else None


def join_streams(outputs):
    """Join neighbouring pieces of one stream, which reach us cut at random.

    nbval's own joins them across figures and drops what a carriage return overwrites: it would
    not see that their order changed.
    """
    joined = []
    for output in outputs:
        before = joined[-1] if joined else {}
        if output.output_type == "stream" and before.get("name") == output.name:
            before.text += output.text
        else:
            joined.append(output)
    return joined


def flatten(output):
    """Return one output as {kind: text or picture}, without run counts and tracebacks."""
    if output["output_type"] == "stream":
        return {output["name"]: output["text"]}
    if output["output_type"] == "error":
        return {"error": f"{output['ename']}: {output['evalue']}"}
    return dict(output["data"])


def first_difference(new, stored, tolerance):
    """Return a sentence on the first difference between two lists of outputs, or None."""
    if [sorted(output) for output in new] != [sorted(output) for output in stored]:
        return (
            f"the cell's outputs are of kinds {[sorted(o) for o in new]}, "
            f"stored are {[sorted(o) for o in stored]}"
        )
    for new_output, stored_output in zip(new, stored, strict=True):
        for kind, expected in stored_output.items():
            compare = compare_pictures if kind in ("image/png", "image/jpeg") else compare_texts
            if problem := compare(new_output[kind], expected, tolerance):
                return f"{kind}: {problem}"
    return None


def compare_texts(new, stored, tolerance):
    """Compare word for word; numbers with a decimal point within the tolerance."""
    if not (isinstance(new, str) and isinstance(stored, str)):
        return None if new == stored else f"got {new!r}, stored {stored!r}"
    new_numbers, stored_numbers = INEXACT.findall(new), INEXACT.findall(stored)
    if len(new_numbers) != len(stored_numbers) or _words(new) != _words(stored):
        return f"got\n{new}\nstored\n{stored}"
    for new_number, stored_number in zip(new_numbers, stored_numbers, strict=True):
        a, b = float(new_number), float(stored_number)
        near = (
            abs(a - b) <= tolerance["atol"] + tolerance["rtol"] * abs(b) < np.inf
        )  # 1e999 is none
        if not (near or new_number == stored_number):
            return f"got {a!r}, stored {b!r}, beyond the tolerance, in\n{new}"
    return None


def _words(text):
    """Return all but the inexact numbers, and the blanks beside them that line up columns.

    A line's indentation stays, also where a number begins the line.
    """
    words = INEXACT.sub("<number>", text)
    return re.sub(r"(?<=\S)[ \t]*<number>[ \t]*|<number>[ \t]*", "<number>", words)


def compare_pictures(new, stored, tolerance):
    """Compare pictures by the mean colours of their 4×4-pixel squares; the largest difference counts.

    Another Matplotlib sets letters anew: between 3.10 and 3.11 they differ as much (0.3 to 0.7) as
    one digit from another (0.1 to 0.4). A picture says which one drew it. Where these differ, an
    8×8 square only has to be found within three pixels of its place: then letters differ by 0.05
    to 0.19, another curve by 0.4, another image by the difference of its pixels.
    """
    (new, new_source), (stored, stored_source) = _pixels(new), _pixels(stored)
    if (stored == stored[0, 0]).all():
        return "the stored picture is blank"
    if new.shape != stored.shape:
        return f"got a picture of {new.shape[:2]} pixels, stored is one of {stored.shape[:2]}"
    side, reach, limit = 4, 0, tolerance["picture"]
    if new_source and stored_source and new_source != stored_source:
        side, reach, limit = 8, 3, max(limit, 0.25)
    new, stored = (uniform_filter(pixels, (side, side, 1)) for pixels in (new, stored))
    difference = max(_beyond(new, stored, reach), _beyond(stored, new, reach))
    if difference > limit:
        return f"the pictures differ by {difference:.3f} (of 1), more than {limit}"
    return None


def _beyond(a, b, reach):
    """Return how far picture a goes beyond the colours that b has within `reach` pixels."""
    near = (2 * reach + 1, 2 * reach + 1, 1)
    return np.maximum(a - maximum_filter(b, near), minimum_filter(b, near) - a).max()


def _pixels(encoded):
    """Return a picture as it looks on a white page, and the program that made it."""
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        rgba = np.asarray(image.convert("RGBA"), dtype=np.float32) / 255
        source = image.info.get("Software")
    return rgba[..., :3] * rgba[..., 3:] + 1 - rgba[..., 3:], source


@pytest.fixture(scope="session")
def root(pytestconfig):
    """The repository's root folder."""
    return pytestconfig.rootpath
