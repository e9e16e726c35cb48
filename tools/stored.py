"""What is wrong with a stored cell before it is run, whatever it would print.

A cell that was not run, shows stderr, hides what it does from the comparison, holds another
program's picture or declares a tolerance without a reason must not pass, whatever comes of running it.
"""

import ast
import base64
import io
import re

import nbval.plugin
import numpy as np
from IPython.core.inputtransformer2 import TransformerManager
from PIL import Image

from tools import ROOT
from tools.compare import INEXACT, TOLERANCE, flatten

# What a cell may declare at most; atol in units of the cell's largest number, or of 1. Measured: the
# losses of a deep network's first epochs move by a half between processors, the accuracy of the worst
# of ten classes by 0.3 from one training to the next, the curves of another seed by 0.9 of a picture.
# Beyond that a stored value would say nothing.
WIDEST = {"rtol": 0.6, "atol": 0.3, "picture": 0.75}

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
    "renders": None,  # of a twin's alt text: tools/twins.py
    "tags": None,
}
STREAMS = {"stdout", "stderr", "displayhook", "print", "display"}
LOCKED = re.search(r"^matplotlib==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.M)[1]


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
