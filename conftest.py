"""What `pytest --nbval` lacks, so that a green run means: every cell ran and said what the page says.

nbval runs each notebook in a kernel and compares outputs, but it ignores pictures, passes cells
that were never run, cells marked to be ignored and expected errors that do not come, and compares
numbers letter by letter. The classes here close each of these holes:

- numbers with a decimal point or an exponent compare within a tolerance, all other text exactly;
- pictures compare as pictures;
- a cell that was not run, shows stderr, carries an ignore marker, hides what it does from the
  comparison, or should raise and does not, fails.

A cell may declare a wider tolerance in its metadata, with the reason:
`"cnnbook": {"rtol": 0.02, "reason": "..."}` (also "atol", and "picture" for figures).
tests/test_verification.py tampers with a notebook in each of these ways.
"""

import base64
import io
import re

import numpy as np
import pytest

TOLERANCE = {"rtol": 1e-5, "atol": 1e-7, "picture": 0.10}

# A decimal point or an exponent makes a number inexact; 1, 28 and 2024 compare as text.
INEXACT = re.compile(
    r"(?<![\w.])[-+]?(?:\d+\.\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)"
)

IGNORE_TAGS = {"nbval-ignore-output", "nbval-skip", "pytest-validate-ignore-output"}
IGNORE_COMMENTS = {"NBVAL_IGNORE_OUTPUT", "NBVAL_SKIP", "PYTEST_VALIDATE_IGNORE_OUTPUT"}
# A shell escape tells nobody that its command failed, and %%capture hides what a cell says.
HIDING = re.compile(r"^\s*(?:!|\w[\w, ]*=\s*!|%%?(?:capture|system|sx|script|sh|bash|cmd)\b)", re.M)


def pytest_configure(config):
    if not config.getoption("nbval", False):
        return
    import nbval.plugin

    class Cell(VerifiedCell, nbval.plugin.IPyNbCell):
        pass

    # nbval has no hook for its items: its collector looks this name up when it makes a cell.
    nbval.plugin.IPyNbCell = Cell


class VerifiedCell:
    """Stands before nbval's cell: checks the stored cell, then runs it, then compares strictly."""

    def runtest(self):
        from nbval.plugin import NbCellError

        problem = stored_problem(self.cell)
        try:
            # Run it in any case: the cells below need what it defines.
            super().runtest()
        except NbCellError:
            if not problem:
                raise
        if problem:
            self.raise_cell_error(problem)

    def compare_outputs(self, test, ref, skip_compare=None):
        tolerance = {**TOLERANCE, **self.cell.metadata.get("cnnbook", {})}
        new, stored = [flatten(output) for output in test], [flatten(output) for output in ref]
        problem = first_difference(new, stored, tolerance)
        if self.options["check_exception"] and not any("error" in output for output in new):
            problem = "the cell should raise an exception and did not"
        self.comparison_traceback = [problem] if problem else []
        return not problem


def stored_problem(cell):
    """Return what is wrong with a stored cell before it is run, or None."""
    comments = {
        line.strip().lstrip("#").strip() for line in cell.source.splitlines() if "#" in line
    }
    if set(cell.metadata.get("tags", [])) & IGNORE_TAGS or comments & IGNORE_COMMENTS:
        return "an ignore marker: this book has no ignored cells"
    if HIDING.search(cell.source):
        return "a shell escape or %%capture: its failure could not be seen"
    if cell.execution_count is None:
        return "the cell was never run: use `make run`"
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            return "the stored output holds stderr"
    declared = cell.metadata.get("cnnbook", {})
    if unknown := set(declared) - set(TOLERANCE) - {"reason"}:
        return f"unknown keys in the cell's cnnbook metadata: {sorted(unknown)}"
    if set(declared) & set(TOLERANCE) and not str(declared.get("reason", "")).strip():
        return "a declared tolerance needs a reason"
    return None


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
    # Columns of a printed array move when a number gets one digit longer: spaces may differ
    # where a number may, and nowhere else.
    squeeze = re.compile(r"[ \t]+") if stored_numbers else re.compile(r"(?!)")
    new_words = squeeze.sub(" ", INEXACT.sub("<number>", new))
    stored_words = squeeze.sub(" ", INEXACT.sub("<number>", stored))
    if new_words.replace("[ ", "[") != stored_words.replace("[ ", "["):
        return f"got\n{new}\nstored\n{stored}"
    for a, b in zip(map(float, new_numbers), map(float, stored_numbers), strict=True):
        if not (a == b or abs(a - b) <= tolerance["atol"] + tolerance["rtol"] * abs(b)):
            return f"got {a!r}, stored {b!r}, beyond the tolerance, in\n{new}"
    return None


def compare_pictures(new, stored, tolerance):
    """Compare two pictures seen from a little distance: the mean colours of 4×4-pixel squares.

    Another font renderer shades the edges of letters differently, which this forgives; another
    digit, curve or map it does not. The tolerance is the largest difference of any square, of 1.
    """
    new, stored = _pixels(new), _pixels(stored)
    if stored.max() - stored.min() < 1 / 255:
        return "the stored picture is blank"
    if new.shape != stored.shape:
        return f"got a picture of {new.shape[:2]} pixels, stored is one of {stored.shape[:2]}"
    difference = abs(_squares(new) - _squares(stored)).max()
    if difference > tolerance["picture"]:
        return f"the pictures differ by {difference:.3f} (of 1), more than {tolerance['picture']}"
    return None


def _pixels(encoded):
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        rgba = np.asarray(image.convert("RGBA"), dtype=np.float32) / 255
    return rgba[..., :3] * rgba[..., 3:] + 1 - rgba[..., 3:]


def _squares(pixels, side=4):
    height, width = (length // side * side for length in pixels.shape[:2])
    blocks = pixels[:height, :width].reshape(height // side, side, width // side, side, 3)
    return blocks.mean(axis=(1, 3))


@pytest.fixture(scope="session")
def root(pytestconfig):
    """The repository's root folder."""
    return pytestconfig.rootpath
