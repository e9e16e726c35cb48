"""What `pytest --nbval` lacks, so that a green run means: every cell ran and said what the page says.

nbval runs each notebook in a kernel and compares outputs, but it ignores pictures, passes cells
that were never run, cells marked to be ignored and expected errors that do not come, and compares
numbers letter by letter. The class here closes each of these holes:

- numbers with a decimal point or an exponent compare within a tolerance, all other text exactly;
- pictures compare as pictures;
- a cell that was not run, shows stderr, carries an ignore marker, hides what it does from the
  comparison, runs out of time, or should raise and does not, fails.

A cell may declare a wider tolerance in its metadata, with the reason:
`"cnnbook": {"rtol": 0.02, "reason": "..."}` (also "atol", and "picture" for figures; each below 1).
tests/test_verification.py tampers with a notebook in each of these ways.
"""

import base64
import io
import re

import nbval.plugin
import numpy as np
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from PIL import Image
from scipy.ndimage import maximum_filter, minimum_filter, uniform_filter

# Measured: another digit changes a picture by 0.05 (5-point type on grey) to 0.4, a re-run by 0.
TOLERANCE = {"rtol": 1e-5, "atol": 1e-7, "picture": 0.04}

# A decimal point or an exponent makes a number inexact; 1, 28 and 2024 compare as text.
INEXACT = re.compile(
    r"(?<![\w.])[-+]?(?:\d+\.\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)"
)

# A shell command's failure would not be seen, %%capture hides what a cell says, and nbval does not
# follow an output that is cleared or replaced. Matched in the Python that IPython makes of a cell.
HIDING = re.compile(
    r"get_ipython\(\)\.(?:system|getoutput)\(|\bos\.system\("
    r"|\.run_(?:cell|line)_magic\('(?:!!?|capture|system|sx|sc|script|sh|bash|cmd|perl|ruby|py.*)'"
    r"|\b(?:clear_output|display_id|update_display)\b"
)


def pytest_configure(config):
    nbval.plugin.coalesce_streams = join_streams  # nbval has no hook for this


def pytest_itemcollected(item):
    if isinstance(item, nbval.plugin.IPyNbCell):
        item.__class__ = VerifiedCell


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
        tolerance = {**TOLERANCE, **self.cell.metadata.get("cnnbook", {})}
        new, stored = [flatten(output) for output in test], [flatten(output) for output in ref]
        problem = first_difference(new, stored, tolerance)
        if self.options["check_exception"] and not any("error" in output for output in new):
            problem = "the cell should raise an exception and did not"
        self.comparison_traceback = [problem] if problem else []
        return not problem


def stored_problem(cell):
    """Return what is wrong with a stored cell before it is run, or None."""
    if HIDING.search(TransformerManager().transform_cell(cell.source)):
        return "a shell command, %%capture or a replaced output: what it does could not be seen"
    if cell.execution_count is None:
        return "the cell was never run: use `make run`"
    for output in cell.outputs:
        # The page shows the traceback, which differs by machine; the name and text are compared.
        tidied = [f"{output.get('ename')}: {output.get('evalue')}"]
        if output.output_type == "stream" and output.name == "stderr":
            return "the stored output holds stderr"
        if output.get("metadata") or output.get("traceback", tidied) != tidied:
            return "the stored output is not tidied: use `make run`"
    declared = cell.metadata.get("cnnbook", {})
    if unknown := set(declared) - set(TOLERANCE) - {"reason"}:
        return f"unknown keys in the cell's cnnbook metadata: {sorted(unknown)}"
    if set(declared) & set(TOLERANCE) and not str(declared.get("reason", "")).strip():
        return "a declared tolerance needs a reason"
    if not all(0 <= declared[name] < 1 for name in set(declared) & set(TOLERANCE)):
        return "a declared tolerance is a number from 0 to below 1"
    return None


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
    for a, b in zip(map(float, new_numbers), map(float, stored_numbers), strict=True):
        if not (a == b or abs(a - b) <= tolerance["atol"] + tolerance["rtol"] * abs(b)):
            return f"got {a!r}, stored {b!r}, beyond the tolerance, in\n{new}"
    return None


def _words(text):
    """Return all but the inexact numbers, and the blanks that line them up in columns."""
    words = INEXACT.sub("<number>", text)
    if words == text:
        return text
    return re.sub(r" ?<number> ?", "<number>", re.sub(r"[ \t]+", " ", words))


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
