"""Verify every notebook with other versions, one core, another instruction set:  make matrix

Usage:  python -m tools.matrix                    (all of the sets below)
        python -m tools.matrix one-core colab     (some of them)

Each set runs the whole of `pytest --nbval book` and records in data/verification.json what it ran
on, and for every chapter how many cells held and the seconds they took. Sets with other packages
get an environment of their own in _build/matrix; what pip installed is part of the record. A set
that could not finish leaves its last record as it was. At the end the page on the book's state
(status.md of every edition) is written anew from this file, by tools/status_page.py.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

from cnnbook import REPEATABLE
from cnnbook._files import replacing
from tools import ROOT

RECORD = ROOT / "data" / "verification.json"
BUILD = ROOT / "_build" / "matrix"
RUNNER = ["nbval>=0.11", "pytest>=8.2", "pytest-xdist>=3.6"]
# What a fresh Colab has (November 2026); tests/test_colab.py installs the same.
COLAB = [
    "tensorflow==2.20.*", "keras==3.13.*", "numpy==2.1.*", "matplotlib==3.10.*",
    "scikit-image", "scikit-learn", "scipy", "ipykernel", "nbclient",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Set:
    """One way to run the notebooks. packages None: the environment this program runs in."""

    about: str
    packages: list | None = None
    python: str = ""  # such as 3.13; empty: the one that runs this
    environment: dict = dataclasses.field(default_factory=dict)
    cores: int | None = None
    processor: str = ""  # what OpenBLAS and oneDNN must say they compute for


SETS = {
    "lock": Set("requirements.txt"),
    "colab": Set("Colab's versions", [*COLAB, *RUNNER], "3.13"),
    "newest": Set("the newest releases", ["--upgrade", "--editable", ".[test]"]),
    "one-core": Set("requirements.txt on one core", cores=1),
    # What a processor of 2008 can do. setup() leaves what is set here.
    "old-processor": Set(
        "requirements.txt with instructions up to SSE4",
        environment={"ONEDNN_MAX_CPU_ISA": "SSE41", "OPENBLAS_CORETYPE": "Nehalem"},
        processor="Nehalem, Intel SSE4.1",
    ),
}

# Printed by the set's own Python after setup(): what the record says of it.
ASK = """
import cnnbook; cnnbook.setup()
import json, os, sys, threadpoolctl
from importlib.metadata import version
import numpy, tensorflow
tensorflow.linalg.matmul(*2 * [numpy.ones((64, 64), "float32")])
blas = [part["architecture"] for part in threadpoolctl.threadpool_info() if "architecture" in part]
names = ("tensorflow", "keras", "numpy", "scipy", "matplotlib", "scikit-learn", "scikit-image")
print(json.dumps({
    "versions": {"python": sys.version.split()[0], **{name: version(name) for name in names}},
    "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    "blas": blas[0] if blas else None,
}))
"""


def interpreter(name, chosen):
    """Return the Python of a set, in a fresh environment where it asks for packages."""
    if chosen.packages is None:
        return pathlib.Path(sys.executable)
    folder = BUILD / name
    shutil.rmtree(folder, ignore_errors=True)
    base = shutil.which(f"python{chosen.python}") if chosen.python else sys.executable
    # A python3.13 on the path may be a version manager's stand-in that runs nothing.
    if not base or subprocess.run([base, "--version"], capture_output=True).returncode:
        sys.exit(f"{name} needs Python {chosen.python} on the path.")
    subprocess.run([base, "-m", "venv", folder], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *chosen.packages], cwd=ROOT, check=True)
    # As the chapters' first cell would: it must not change what the set has.
    subprocess.run([*pip, "--editable", "."], cwd=ROOT, check=True)
    return python


def asked(python, chosen, environment, before=()):
    """Return what the set computes with; leave where an instruction set that was asked for is not in use."""
    done = subprocess.run(
        [*before, python, "-c", ASK],
        env={**environment, "ONEDNN_VERBOSE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    *log, answer = (line for line in done.stdout.splitlines() if line)
    answer = json.loads(answer)
    lines = [line for line in [*log, *done.stderr.splitlines()] if "cpu,isa:" in line]
    answer["onednn"] = lines[0].rpartition("isa:")[2] if lines else None
    found = f"{answer['blas']}, {answer['onednn']}"
    if chosen.processor and found != chosen.processor:
        sys.exit(f"Asked for {chosen.processor}; NumPy and TensorFlow compute with {found}.")
    return answer


def verify(name, arguments=()):
    """Run one set and record it. Return whether every cell held."""
    chosen = SETS[name]
    python = interpreter(name, chosen)
    # The repeatable settings that this program may have inherited are the notebooks' own affair.
    clean = {key: value for key, value in os.environ.items() if key not in REPEATABLE}
    path = str(python.parent) + os.pathsep + clean["PATH"]
    environment = {**clean, **chosen.environment, "PATH": path, "PYTHONUTF8": "1"}
    before = ["taskset", "--cpu-list", "0"] if chosen.cores == 1 else []
    if before and not shutil.which("taskset"):
        sys.exit(f"{name} needs taskset, which Linux has.")
    about = asked(python, chosen, environment, before)
    BUILD.mkdir(parents=True, exist_ok=True)
    report = BUILD / f"{name}.xml"
    report.unlink(missing_ok=True)
    print(f"{name}: {chosen.about}, TensorFlow {about['versions']['tensorflow']}", flush=True)
    begun = time.monotonic()
    workers = ["-n", str(min(2, about["cores"]))]
    command = [python, "-m", "pytest", "--nbval", "-q", *workers, f"--junitxml={report}"]
    done = subprocess.run([*before, *command, *(arguments or ["book"])], cwd=ROOT, env=environment)
    if done.returncode not in (0, 1) or not report.exists():
        print(f"{name}: could not run; its record stays as it was.")
        return False
    seconds = time.monotonic() - begun
    if not arguments:
        record(name, {"about": chosen.about, **about, "seconds": round(seconds), **counted(report)})
    return done.returncode == 0


def counted(report):
    """Return {"chapters": {name: {cells, failed, seconds}}} from pytest's report."""
    chapters = {}
    for case in ElementTree.parse(report).iter("testcase"):
        stem = case.get("classname").removesuffix(".ipynb").rpartition(".")[2].rpartition("/")[2]
        found = chapters.setdefault(stem, {"cells": 0, "failed": 0, "seconds": 0.0})
        found["cells"] += 1
        found["failed"] += any(case.find(kind) is not None for kind in ("failure", "error"))
        found["seconds"] += float(case.get("time"))
    for found in chapters.values():
        found["seconds"] = round(found["seconds"])
    return {"chapters": dict(sorted(chapters.items()))}


def record(name, entry):
    """Put one set into the record, in one step."""
    known = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    known[name] = {"date": time.strftime("%Y-%m-%d"), **entry}
    ordered = {key: known[key] for key in SETS if key in known}
    with replacing(RECORD) as file:
        file.write((json.dumps(ordered, indent=1, ensure_ascii=False) + "\n").encode())


def main(names):
    unknown = [name for name in names if name not in SETS]
    if unknown:
        sys.exit(f"No set {', '.join(unknown)}; there are: {', '.join(SETS)}")
    held = {name: verify(name) for name in names or SETS}
    subprocess.run([sys.executable, "-m", "tools.status_page"], cwd=ROOT, check=True)
    for name, good in held.items():
        print(f"{name:14} {'every cell held' if good else 'FAILED'}")
    sys.exit(not all(held.values()))


if __name__ == "__main__":
    main(sys.argv[1:])
