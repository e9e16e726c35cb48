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

import pathlib

import nbval.kernel
import nbval.plugin
import pytest

from tools import editions
from tools.compare import TOLERANCE, first_difference, flatten, join_streams
from tools.stored import declared_problem, stored_problem

TWINS = [edition.folder for edition in editions.EDITIONS.values() if not edition.is_source]


def pytest_configure(config):
    nbval.plugin.coalesce_streams = join_streams  # nbval has no hook for this
    nbval.kernel.RunningKernel.execute_cell_input = execute_cell_input
    nbval.kernel.start_new_kernel = start_new_kernel


def pytest_ignore_collect(collection_path, config):
    """Pass over what is no notebook of ours, and over twins that nobody named.

    Systems leave files such as ._03-convolution.ipynb beside others. A twin's code and outputs are its
    source's, byte for byte (tests/test_editions.py): running it again would show nothing.
    """
    if collection_path.name.startswith("."):
        return True
    folder = collection_path.parent
    if collection_path.suffix == ".ipynb" and folder in TWINS:
        named = (pathlib.Path(argument.partition("::")[0]).resolve() for argument in config.args)
        return None if any(path.is_relative_to(folder) for path in named) else True
    return None


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


@pytest.fixture(scope="session")
def root(pytestconfig):
    """The repository's root folder."""
    return pytestconfig.rootpath
