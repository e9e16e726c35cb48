"""Run a chapter on full-size data and record what it measured.

Usage:  python -m tools.full_size 10              (make full CH=10: all of its data sets)
        python -m tools.full_size 10 mnist        (one of them)

The chapter's own notebook runs, with the cell tagged "parameters" overruled and without the cells
tagged "record", which show what an earlier run recorded. The executed copy is kept under
_build/full/. Records appear under data/results/ only when the whole notebook has succeeded. A run
that was interrupted or has failed goes on where it stopped, when the same command is given again.
"""

import ast
import contextlib
import os
import shutil
import sys

import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from cnnbook import datasets, downloads
from cnnbook._files import replacing
from tools import ROOT
from tools.editions import SOURCE

CHAPTERS = SOURCE.folder
BUILD = ROOT / "_build" / "full"
RESULTS = ROOT / "data" / "results"
WEIGHTS = ROOT / "data" / "weights"
LARGE = [100, 300, 1000, 3000, 10000]  # numbers of training images
# The parameters of each full run; DATASET names its data, and its executed copy unless RUN does.
FULL = {
    "01": [
        {"DATASET": "digits", "REPEATS": 5},
        {"DATASET": "digits", "EPOCHS": 25, "RUN": "01-digits-shuffled-long"},
    ],
    "07": [{"DATASET": "digits", "REPEATS": 5}],
    "08": [{"DATASET": "mnist", "EPOCHS": 20, "BATCH_SIZE": 128, "LEARNING_RATE": 0.01}],
    "09": [
        {"DATASET": "mnist", "EPOCHS": 20, "BATCH_SIZE": 128},
        {"DATASET": "fashion_mnist", "EPOCHS": 20, "BATCH_SIZE": 128},
    ],
    "10": [
        {
            "DATASET": "mnist",
            "EPOCHS": 5,
            "PAIR_EPOCHS": 5,
            "REPEATS": 5,
            "SIZES": LARGE,
            "SEEDS": 3,
            "STEPS": 500,
        },
        {
            "DATASET": "fashion_mnist_sample",
            "EPOCHS": 20,
            "DROPOUT_EPOCHS": 5,
            "PAIR_EPOCHS": 5,
            "REPEATS": 5,
            "SIZES": [90, 180, 360, 720],
            "SEEDS": 3,
            "STEPS": 300,
        },
        {
            "DATASET": "digits",
            "PAIR_EPOCHS": 5,
            "REPEATS": 5,
            "SIZES": [50, 100, 200, 400, 800, 1437],
            "SEEDS": 5,
            "STEPS": 150,
        },
        {
            "DATASET": "fashion_mnist",
            "EPOCHS": 5,
            "PAIR_EPOCHS": 5,
            "REPEATS": 5,
            "SIZES": LARGE,
            "SEEDS": 3,
            "STEPS": 500,
        },
    ],
    "11": [
        {
            "DATASET": "cifar10",
            "EPOCHS": 5,
            "TRAIN_RAW": True,
            "RESIDUAL_EPOCHS": 20,
            "RESIDUAL_BATCH": 128,
            "WIDTH": 32,
        }
    ],
    "13": [{"DATASET": "digits", "EPOCHS": 36, "RATES": [0.05, 0.0125], "REPEATS": 2}],
    "14": [
        {
            "DATASET": "cats_vs_dogs",
            "SIZE": 150,
            "FILTERS": [32, 64, 128, 256, 256],
            "TRAIN": 2000,
            "EPOCHS": 100,
            "PATIENCE": 40,
            "BATCH_SIZE": 32,
            "POLICY": "mixed_bfloat16",
            "SECOND_EPOCHS": 50,
        },
        {"DATASET": "shapes", "EPOCHS": 80, "PATIENCE": 15, "REPEATS": 5},
    ],
    "15": [{"DATASET": "digits", "REPEATS": 5, "RATES": [0.1, 0.01, 0.001, 0.0001]}],
    "16": [
        {
            "DATASET": "cats_vs_dogs",
            "SIDE": 32,
            "SIZES": [5, 10, 50, 200],
            "SEEDS": 5,
            "STEPS": 1200,
        }
    ],
    "17": [
        {"DATASET": "stanford_dogs", "SIZE": 48, "EPOCHS": 6},
        {
            "DATASET": "flowers",
            "EPOCHS": 6,
            "FOLDS": 5,
            "REPEATED": ["tuned", "scratch", "large", "frozen_norm"],
        },
    ],
    "19": [
        {
            "DATASET": "mnist",
            "EPOCHS": 5,
            "LEAN_EPOCHS": 3,
            "LEAN_BATCH": 128,
            "STEPS_AT_ONCE": 67,
            "REPEATS": 5,
        }
    ],
}


def environment(workplace, **settings):
    """Return what a full run's kernel finds in its environment: no limit of threads, oneDNN on.

    cnnbook.setup() leaves what is set here, and what the reader has set.
    """
    cores = str(os.cpu_count())
    chosen = {
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "ONEDNN_MAX_CPU_ISA": "DEFAULT",
        "TF_NUM_INTRAOP_THREADS": cores,
        "TF_NUM_INTEROP_THREADS": cores,
        "OMP_NUM_THREADS": cores,
    }
    found = {**chosen, **settings, **os.environ, "CNNBOOK_FULL": str(workplace)}
    if folder := downloads.local_dir():
        found["CNNBOOK_DATA_DIR"] = str(folder.resolve())  # the kernel starts in another folder
    return found


def prepared(path, parameters):
    """Return the notebook without its "record" cells; leave, with a sentence, if it cannot be used."""
    notebook = nbformat.read(path, as_version=4)

    def tagged(cell, tag):
        return tag in cell.metadata.get("tags", [])

    found = [cell for cell in notebook.cells if tagged(cell, "parameters")]
    assigned = [
        target.id
        for cell in found
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.Assign)
        for target in node.targets
    ]
    if len(found) != 1 or not set(parameters) <= set(assigned):
        sys.exit(
            f'{path.name} needs one cell tagged "parameters" that sets {", ".join(parameters)}.'
        )
    notebook.cells = [cell for cell in notebook.cells if not tagged(cell, "record")]
    return notebook


def workplace_name(path, parameters):
    """Return the name of a full run's folder: one a data set, or RUN's where a set is used twice."""
    return parameters.get("RUN", f"{path.stem}-{parameters['DATASET']}")


def run(path, parameters):
    """Execute one chapter with these parameters and publish its records. Return whether it worked."""
    stem = workplace_name(path, parameters)
    notebook = prepared(path, parameters)
    try:
        with recording(stem) as workplace:  # the kernel inherits the environment
            chapter = workplace / "chapter.ipynb"
            nbformat.write(notebook, chapter)
            papermill.execute_notebook(
                chapter,
                BUILD / f"{stem}.ipynb",
                parameters,
                kernel_name="python3",
                language="python",
                cwd=path.parent,
                progress_bar=False,
                stdout_file=sys.stdout,
                stderr_file=sys.stderr,
                extra_arguments=["--log-level=ERROR"],  # its warning that it talks over local TCP
            )
    except (PapermillExecutionError, DeadKernelError) as error:
        print(f"{error}\n{stem}: failed. Finished epochs are kept, records are as they were.")
        return False
    return True


@contextlib.contextmanager
def recording(name, **settings):
    """Train as a full run does, in this process: what is saved is published once the block has succeeded.

    name: of the workplace, a folder under _build/full that keeps finished epochs for another attempt
    if the block fails. settings: of the environment, before the full run's own. Gives the workplace.
    Use it before TensorFlow is imported, which reads its settings then.
    """
    workplace = BUILD / name
    records = workplace / "records"
    shutil.rmtree(records, ignore_errors=True)  # of an attempt that failed
    workplace.mkdir(parents=True, exist_ok=True)
    before = dict(os.environ)
    os.environ.update(environment(workplace, **settings))
    try:
        yield workplace
    finally:
        os.environ.clear()
        os.environ.update(before)
    publish(records)
    shutil.rmtree(workplace)


def publish(records):
    """Move the new records and weights to data/, each in one step."""
    for new in sorted([*records.glob("*.json"), *records.glob("*.npz")]):
        path = (WEIGHTS if new.suffix == ".npz" else RESULTS) / new.name
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as file:  # the other folder may be another disk
            file.write(new.read_bytes())
        print(f"recorded: data/{path.parent.name}/{path.name}")


def main(arguments):
    if not arguments:
        sys.exit(__doc__)
    number, *names = arguments
    number = f"{int(number):02d}" if number.isdecimal() else number
    sets = FULL.get(number, [])
    known = [parameters["DATASET"] for parameters in sets]
    paths = sorted(CHAPTERS.glob(f"{number}-*.ipynb"))
    if not sets or len(paths) != 1 or not set(names) <= set(known):
        runs = "\n".join(
            f"  {chapter} {parameters['DATASET']}"
            for chapter, listed in FULL.items()
            for parameters in listed
        )
        sys.exit(f"No full run {' '.join(arguments)}; there are:\n{runs}")
    wanted = [parameters for parameters in sets if not names or parameters["DATASET"] in names]
    try:
        worked = [run_if_found(paths[0], parameters) for parameters in wanted]
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on after the last finished epoch.")
        sys.exit(130)
    if False in worked or True not in worked:
        sys.exit(1)


def run_if_found(path, parameters):
    """Run a chapter if its data can be had. Return whether it worked, None where it was left out."""
    name = f"{path.name[:2]} {parameters['DATASET']}"
    try:
        datasets.load(parameters["DATASET"])  # downloads it here, where there is a terminal
    except (OSError, ValueError) as error:
        print(f"{name}: left out. {error}", flush=True)
        return None
    print(f"{name}: begins", flush=True)
    return run(path, parameters)


if __name__ == "__main__":
    main(sys.argv[1:])
