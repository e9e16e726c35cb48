"""make full: a chapter's full-size run, through papermill, with a chapter that trains in no time."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import nbformat
import numpy as np
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cnnbook import datasets
from tools import full_size

ROOT = pathlib.Path(__file__).resolve().parent.parent
# tools/full_size.py with its folders elsewhere. Two sets of data: one is there, one is not.
DRIVER = """
import pathlib, signal, sys
sys.path.insert(0, sys.argv[1])
# Tests started in the background inherit an interruption that is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
from tools import full_size as full
from cnnbook import downloads

def no_network(file):
    raise OSError(f"{file.url}: no network")

downloads.keep = no_network
here = pathlib.Path.cwd()
full.CHAPTERS, full.BUILD = here / "ko", here / "build"
full.RESULTS, full.WEIGHTS = here / "data" / "results", here / "data" / "weights"
full.FULL = {"08": [{"DATASET": "cifar10"}], "10": [{"DATASET": "mnist", "EPOCHS": 4}, {"DATASET": "cifar10"}]}
full.main(sys.argv[2:])
"""
TRAINING = """
import numpy as np

class Variable:
    shape = ()
    value = 0.0
    def assign(self, value):
        self.value = float(value)
    def __array__(self, dtype=None, copy=None):
        return np.array(self.value)

run, history, variable = f"10-{DATASET}-counting", {}, Variable()
for epoch in results.epochs(EPOCHS, run=run, variables=[variable], history=history):
    variable.value += 1
    history.setdefault("loss", []).append(1 / variable.value)
    BETWEEN
"""
MEASURING = "results.save(run, data=data, parameters=1, history=history, test_accuracy=0.5)"
RECORD = "10-mnist-counting.json"
WEIGHTS = """
from cnnbook import models

class Model:
    get_weights = staticmethod(lambda: [np.ones(2)])
    set_weights = staticmethod(lambda weights: None)

models.save_weights(Model, "10-counting")
"""


@pytest.fixture(scope="session")
def mnist(tmp_path_factory):
    """A folder with an archive of MNIST's shapes."""
    folder = tmp_path_factory.mktemp("data")
    train, test = np.arange(60_000) % 10, np.arange(10_000) % 10
    np.savez_compressed(
        folder / "mnist.npz",
        x_train=np.zeros((60_000, 28, 28), np.uint8),
        y_train=train.astype(np.uint8),
        x_test=np.zeros((10_000, 28, 28), np.uint8),
        y_test=test.astype(np.uint8),
    )
    return folder


@pytest.fixture
def book(tmp_path):
    (tmp_path / "ko").mkdir()
    (tmp_path / "data" / "results").mkdir(parents=True)
    (tmp_path / "data" / "results" / RECORD).write_text("an older record")
    write(tmp_path)
    return tmp_path


def write(book, between="", measuring=MEASURING, parameters='DATASET = "digits"\nEPOCHS = 2'):
    """Write chapter 10; between: what its training does after each epoch."""
    cells = [
        new_markdown_cell("# 열째 장"),
        new_code_cell("import os\nfrom cnnbook import datasets, results"),
        new_code_cell(parameters, metadata={"tags": ["parameters", "remove-cell"]}),
        new_code_cell("data = datasets.load(DATASET)"),
        new_code_cell(TRAINING.replace("BETWEEN", between)),
        new_code_cell(measuring),
        new_code_cell(f"results.show('{RECORD[:-5]}')", metadata={"tags": ["record"]}),
    ]
    nbformat.write(new_notebook(cells=cells), book / "ko" / "10-counting.ipynb")


def start(book, mnist, *arguments, **environment):
    command = [sys.executable, "-u", "-c", DRIVER, str(ROOT), *arguments]
    inherited = {
        k: v for k, v in os.environ.items() if not k.startswith(("CNNBOOK_", "TF_", "OMP_"))
    }
    return subprocess.Popen(
        command,
        cwd=book,
        env={
            **inherited,
            # Relative to here, while the kernel works in the chapter's folder.
            "CNNBOOK_DATA_DIR": os.path.relpath(mnist, book),
            "PYTHONUTF8": "1",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def full(book, mnist, *arguments, **environment):
    process = start(book, mnist, *arguments, **environment)
    said, _ = process.communicate(timeout=300)
    return process.returncode, said


def epochs(said):
    """Return the numbers of the epochs that were trained."""
    return [int(line.split()[2]) for line in said.splitlines() if ": epoch " in line]


def record(book):
    return json.loads((book / "data" / "results" / RECORD).read_text("utf-8"))


def unchanged(book):
    results = book / "data" / "results"
    return [path.name for path in results.iterdir()] == [RECORD] and (
        (results / RECORD).read_text() == "an older record"
    )


def test_a_full_run(book, mnist):
    environment = "print('|'.join([os.environ[name] for name in ('TF_ENABLE_ONEDNN_OPTS', "
    environment += "'TF_NUM_INTRAOP_THREADS', 'OMP_NUM_THREADS')] + [os.getcwd()]))\n"
    write(book, measuring=environment + MEASURING)
    source = (book / "ko" / "10-counting.ipynb").read_bytes()
    code, said = full(book, mnist, "10", OMP_NUM_THREADS="3")
    assert code == 0, said
    # No limit of threads but the one that the reader set; in the chapter's own folder.
    assert f"1|{os.cpu_count()}|3|{(book / 'ko').resolve()}\n" in said
    assert epochs(said) == [1, 2, 3, 4]
    assert "10 mnist: begins\n" in said
    assert f"recorded: data/results/{RECORD}\n" in said
    assert "10 cifar10: left out. cifar10 was not found: it is not in CNNBOOK_DATA_DIR" in said
    made = record(book)
    assert (made["data"], made["train"], made["test"]) == ("mnist", 60_000, 10_000)
    assert made["history"]["loss"] == [1.0, 0.5, 0.33333, 0.25]
    assert made["test_accuracy"] == 0.5
    # The chapter is as it was; the executed copy stands beside what is built; the rest is gone.
    assert (book / "ko" / "10-counting.ipynb").read_bytes() == source
    assert [path.name for path in (book / "ko").iterdir()] == ["10-counting.ipynb"]
    assert [path.name for path in (book / "build").iterdir()] == ["10-counting-mnist.ipynb"]
    assert [path.name for path in (book / "data" / "results").iterdir()] == [RECORD]
    copy = nbformat.read(book / "build" / "10-counting-mnist.ipynb", as_version=4)
    sources = [cell.source for cell in copy.cells]
    assert any('DATASET = "mnist"' in text and "EPOCHS = 4" in text for text in sources)
    assert not any("results.show" in text for text in sources)  # what it showed is being made


def test_failures_change_no_record_and_cost_no_epoch(book, mnist):
    write(book, between="if epoch == 1: __import__('time').sleep(2); os._exit(1)")
    code, said = full(book, mnist, "10", "mnist")
    assert code == 1
    assert "10-counting-mnist: failed. Finished epochs are kept" in said
    assert epochs(said) == [1]
    assert unchanged(book)

    # Now the training runs through and something after it fails.
    other = MEASURING.replace("run, data", "'10-mnist-other', data")
    write(book, measuring=f"{MEASURING}\n{other}\nassert EPOCHS < 3, 'too good to be true'")
    code, said = full(book, mnist, "10", "mnist")
    assert code == 1
    assert "too good to be true" in said
    assert "goes on after epoch 1 of 4" in said
    assert epochs(said) == [2, 3, 4]
    assert unchanged(book)

    write(book)
    code, said = full(book, mnist, "10", "mnist")
    assert code == 0, said
    assert "goes on after epoch 4 of 4" in said
    assert epochs(said) == []
    assert len(record(book)["history"]["loss"]) == 4
    # The failed attempt's other record does not come up now.
    assert [path.name for path in (book / "data" / "results").iterdir()] == [RECORD]


def stopped(book, mnist, stop):
    """Start a run and let stop(process) end it in its third epoch. Return what it said."""
    wait = (
        "if epoch == 2 and not os.path.exists('again'): print('kernel', os.getpid(), flush=True);"
    )
    write(book, between=f"{wait} __import__('time').sleep(600)")
    said = ""
    with start(book, mnist, "10", "mnist") as process:
        for line in process.stdout:
            said += line
            if line.startswith("kernel"):
                stop(process)
    kernel = int(said.partition("kernel ")[2].split()[0])
    deadline = time.monotonic() + 60
    while psutil.pid_exists(kernel) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(kernel)  # it does not go on training behind one's back
    assert epochs(said) == [1, 2]
    assert unchanged(book)
    return process.returncode, said


def test_killed_run_goes_on(book, mnist):
    stopped(book, mnist, subprocess.Popen.kill)
    (book / "ko" / "again").touch()
    code, said = full(book, mnist, "10", "mnist")
    assert code == 0, said
    assert epochs(said) == [3, 4]
    assert record(book)["history"]["loss"] == [1.0, 0.5, 0.33333, 0.25]


if os.name != "nt":  # Windows has no such signal for one process

    def test_interruption_is_a_sentence(book, mnist):
        code, said = stopped(book, mnist, lambda process: process.send_signal(signal.SIGINT))
        assert code == 130
        last = said.splitlines()[-1]
        assert last == "Interrupted. The same command goes on after the last finished epoch."


def test_nothing_to_run_on(book, mnist):
    nbformat.write(new_notebook(), book / "ko" / "08-other.ipynb")
    code, said = full(book, mnist, "8")
    assert code == 1
    assert "08 cifar10: left out. cifar10 was not found" in said
    assert "begins" not in said


def test_damaged_data_are_left_out(book, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "mnist.npz").write_bytes(b"PK half an archive")
    code, said = full(book, folder, "10")
    assert code == 1
    assert "10 mnist: left out." in said and "cannot be used" in said


# --- What is refused before anything runs ---


@pytest.mark.parametrize(
    "arguments", [["03"], ["10", "shapes"], ["10", "mnist", "x"], ["ten"], ["../10"]], ids=" ".join
)
def test_unknown_run(arguments):
    with pytest.raises(SystemExit) as stop:
        full_size.main(arguments)
    assert stop.value.code.startswith(f"No full run {' '.join(arguments)}; there are:\n")
    assert "  10 mnist\n" in stop.value.code


def test_usage():
    with pytest.raises(SystemExit, match="Usage:"):
        full_size.main([])


@pytest.mark.parametrize("parameters", ["DATASET = 'digits'", "EPOCHS = 2", "x = 1"])
def test_parameters_the_chapter_does_not_have(book, parameters):
    write(book, parameters=parameters)
    wanted = {"DATASET": "mnist", "EPOCHS": 4}
    said = '10-counting.ipynb needs one cell tagged "parameters" that sets DATASET, EPOCHS'
    with pytest.raises(SystemExit, match=said):
        full_size.prepared(book / "ko" / "10-counting.ipynb", wanted)
    write(book)
    full_size.prepared(book / "ko" / "10-counting.ipynb", wanted)


def test_the_table_fits_the_chapters():
    """Every full run names data that there are and parameters that its chapter has."""
    for number, runs in full_size.FULL.items():
        assert {parameters["DATASET"] for parameters in runs} <= set(datasets._SETS)
        (path,) = full_size.CHAPTERS.glob(f"{number}-*.ipynb")
        places = [full_size.workplace_name(path, parameters) for parameters in runs]
        assert len(set(places)) == len(places)
        for parameters in runs:
            full_size.prepared(path, parameters)


def test_weights_are_published_with_the_record(book, mnist):
    place = book / "data" / "weights" / "10-counting.npz"
    write(book, measuring=MEASURING + WEIGHTS + "raise ValueError('too late')")
    assert full(book, mnist, "10", "mnist")[0] == 1
    assert not place.exists()
    write(book, measuring=MEASURING + WEIGHTS)
    code, said = full(book, mnist, "10", "mnist")
    assert code == 0 and "recorded: data/weights/10-counting.npz" in said
    assert np.load(place)["000"].tolist() == [1, 1]
