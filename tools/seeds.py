"""Run a chapter with other seeds: which of its claims hold only for the seed it was written with?

Usage:  python -m tools.seeds 09 [--seeds 5]        (make seeds CH=09)

A cell that trains prints inequalities with a margin, and the margin must hold for five seeds. Here
the chapter runs again and again, each time with every seed it gives to Keras or NumPy shifted by
another number. A cell that fails has too narrow a margin: that ends with status 1. A cell that
prints something else is listed too: it may show the random numbers themselves, or a result of
training that no other machine will repeat. No file is changed.
"""

import argparse
import sys
import time

import nbformat
from nbclient import NotebookClient

from tools import run
from tools.compare import TOLERANCE, first_difference, flatten, join_streams

SHIFTED = """
import keras, numpy
_keras_seed, _numpy_generator = keras.utils.set_random_seed, numpy.random.default_rng
keras.utils.set_random_seed = lambda seed: _keras_seed(seed + {shift})
numpy.random.default_rng = lambda seed=None: _numpy_generator(
    seed + {shift} if isinstance(seed, int) else seed
)
"""


def with_seeds(path, shift):
    """Return the notebook as it runs with all its seeds shifted; cells after one that fails run too."""
    notebook = nbformat.v4.reads(path.read_text(encoding="utf-8"))
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    source, first.source = first.source, first.source + SHIFTED.format(shift=shift)
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--log-level=ERROR"],
    )
    client.execute()
    first.source = source
    return run.tidy(notebook)


def differences(notebook, stored):
    """Return (failed, other): what stopped with an exception, and what shows something else."""
    failed, other = [], []
    for cell, before in zip(notebook.cells, stored.cells, strict=True):
        if cell.cell_type != "code":
            continue
        new, old = ([flatten(output) for output in join_streams(c.outputs)] for c in (cell, before))
        tolerance = {**TOLERANCE, **before.metadata.get("cnnbook", {})}
        problem = first_difference(new, old, tolerance)
        if problem is None:
            continue
        errors = [output["error"] for output in new if "error" in output]
        if errors and not any("error" in output for output in old):
            failed.append(f"{cell.id}: {errors[0]}")
        else:
            other.append(f"{cell.id}: {problem}")
    return failed, other


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapters", nargs="+", help="chapter numbers, or all")
    parser.add_argument("--seeds", type=int, default=5, help="how many other seeds")
    chosen = parser.parse_args(arguments)
    any_failed = False
    for path in [path for name in chosen.chapters for path in run.find(name)]:
        stored = nbformat.v4.reads(path.read_text(encoding="utf-8"))
        for number in range(1, chosen.seeds + 1):
            begun = time.perf_counter()
            failed, other = differences(with_seeds(path, 1000 * number), stored)
            seconds = time.perf_counter() - begun
            print(
                f"{path.stem}, seeds + {1000 * number}: {len(failed)} failed, "
                f"{len(other)} show something else ({seconds:.0f} s)"
            )
            for line in [*(f"  FAILED {f}" for f in failed), *(f"  other  {o}" for o in other)]:
                print(line.replace("\n", "\n         ")[:600], flush=True)
            any_failed |= bool(failed)
    sys.exit(any_failed)


if __name__ == "__main__":
    main(sys.argv[1:])
