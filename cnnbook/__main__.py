"""The project's commands, on every system: python -m cnnbook TASK (make TASK calls the same).

Only the standard library may be used here: this file makes the environment that holds the rest.
The version check stands first and the file uses no syntax newer than Python 3.6, so that an older
Python prints the sentence and not a SyntaxError.
"""

import sys

if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(
        "This book needs Python 3.11, 3.12 or 3.13 (TensorFlow has no release for others); this is "
        "Python {}.{}. With make, name another one: make PYTHON=python3.12 book\n"
        "이 책에는 Python 3.11, 3.12, 3.13 가운데 하나가 필요합니다.".format(*sys.version_info[:2])
    )

import argparse
import functools
import hashlib
import http.server
import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
BUILD = ROOT / "_build"
HTML = BUILD / "html"


def book(arguments):
    """build the book and print the file to open"""
    _build()
    print(f"\nOpen this file in a browser:\n{(HTML / 'index.html').as_uri()}")


def serve(arguments):
    """build the book and serve it at a local address:  serve, or serve 8000"""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(HTML))
    port = _port(arguments[0]) if arguments else 0
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        sys.exit(
            f"Port {port} cannot be used ({error.strerror}). Name another one, or none.\n"
            f"{port}번 포트를 쓸 수 없습니다. 다른 번호를 적거나 번호 없이 실행합니다."
        )
    server.handle_error = _passed_over
    with server:
        _build()
        print(f"\nhttp://127.0.0.1:{server.server_port}/   (Ctrl+C stops)", flush=True)
        server.serve_forever()


def _passed_over(request, address):
    """Say nothing of a browser that went away, as each does that loads a page anew; else, what it is."""
    error = sys.exc_info()[1]
    if not isinstance(error, OSError):
        print(f"{type(error).__name__}: {error}", file=sys.stderr)


def _port(text):
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        sys.exit(
            f"serve: got {text!r}, wanted a port from 0 to 65535.\n"
            f"serve: 받은 값은 {text!r}입니다. 필요한 값: 0부터 65535까지의 포트 번호."
        )
    return int(text)


def lab(arguments):
    """open the notebooks in JupyterLab"""
    _in_environment("-m", "jupyterlab", "book", *arguments)


def test(arguments):
    """run every test and compare every cell of every notebook (pytest --nbval)"""
    _in_environment("-m", "pytest", "--nbval", "-n", "2", *arguments)


def run(arguments):
    """execute and tidy chapters, and their twins:  run 03  (make run CH=03), or run all"""
    _in_environment("-m", "tools.run", *arguments)
    _in_environment("-m", "tools.twins", *arguments)


def twin(arguments):
    """bring a chapter's twins in other languages up to date:  twin 03  (make twin CH=03)"""
    _in_environment("-m", "tools.twins", *arguments)


def translated(arguments):
    """show the cells whose source has changed, and accept their translation:  translated 03 [CELL …]"""
    _in_environment("-m", "tools.twins", "translated", *arguments)


def full(arguments):
    """train a chapter on full-size data and record it:  full 10  (make full CH=10)"""
    _in_environment("-m", "tools.full_size", *arguments)


def seeds(arguments):
    """run a chapter with five other seeds: do its margins hold?  seeds 10  (make seeds CH=10)"""
    _in_environment("-m", "tools.seeds", *arguments)


def matrix(arguments):
    """verify every notebook with other versions, one core, another instruction set"""
    _in_environment("-m", "tools.matrix", *arguments)


def bench(arguments):
    """measure speed and memory, as ratios within one run"""
    _in_environment("-m", "tools.bench", *arguments)


def classroom(arguments):
    """fill a folder for a USB stick, for a room without internet:  classroom DEST --platform win_amd64"""
    _build()
    _in_environment("-m", "tools.teaching.classroom", *arguments)


def teacher(arguments):
    """draw calculation sheets and their keys:  teacher DEST --class 1-1 --class 1-2"""
    _in_environment("-m", "tools.teaching.sheets", *arguments)


def vote(arguments):
    """make a page for the projector with a chapter's voting questions, one a screen:  vote 03"""
    _in_environment("-m", "tools.teaching.vote", *arguments)


def midterm(arguments):
    """draw a midterm on chapters 1 to 7 for each class, and its key:  midterm DEST --class 1-1"""
    _in_environment("-m", "tools.teaching.midterm", *arguments)


def slides(arguments):
    """make a chapter's slides, HTML and PDF:  slides 03 --language en  (make slides CH=03), or slides all"""
    _build()
    _in_environment("-m", "tools.teaching.slides", *arguments)


def pdf(arguments):
    """print the book into one PDF file, by Chromium:  pdf DEST"""
    _build()
    _in_environment("-m", "tools.teaching.pdf", *arguments)


def install(arguments):
    """make the environment in .venv (the other tasks do it when it is needed)"""
    python = _environment_python()
    stamp = ENVIRONMENT / "cnnbook-installed"
    wanted = hashlib.sha256(
        (ROOT / "requirements.txt").read_bytes()
        + (ROOT / "pyproject.toml").read_bytes()
        + f"{sys.version_info[:2]} {ROOT}".encode()
    ).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    if pathlib.Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        sys.exit(
            "The environment in .venv must be made anew, by a Python that does not live in it: "
            "run `deactivate`, then this command again.\n"
            ".venv를 다시 만들어야 합니다. deactivate를 실행한 뒤 이 명령을 다시 실행합니다."
        )
    print(f"Making the environment in {ENVIRONMENT} (a few minutes, once) …", flush=True)
    # Without its stamp the folder is an interrupted or outdated installation.
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", ENVIRONMENT],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if made.returncode:
        sys.exit(
            "Python cannot make an environment here. On Debian and Ubuntu: apt install "
            f"python3-venv\n{made.stdout.decode(errors='replace')}"
        )
    _pip(python, "--requirement", "requirements.txt")
    # The lock holds what builds the package: nothing outside it is fetched.
    _pip(python, "--no-deps", "--no-build-isolation", "--editable", ".")
    fresh = stamp.with_suffix(".part")
    fresh.write_text(wanted)
    os.replace(fresh, stamp)


def clean(arguments):
    """remove the built book and the environment"""
    shutil.rmtree(BUILD, ignore_errors=True)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)


TASKS = {
    task.__name__: task
    for task in (
        *(book, serve, lab, test, run, twin, translated, full, seeds, matrix, bench),
        *(classroom, teacher, midterm, slides, vote, pdf, install, clean),
    )
}


def _environment_python():
    if os.name == "nt":
        return ENVIRONMENT / "Scripts" / "python.exe"
    return ENVIRONMENT / "bin" / "python"


def _pip(python, *what):
    """Install, counting packages as they come in so that a slow line shows it is alive."""
    pip = [python, "-u", "-m", "pip"]  # unbuffered: its lines come when they are said, in order
    command = [*pip, "install", "--no-input", "--disable-pip-version-check", *what]
    expected = len(re.findall(r"^\w", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    log, seen = [], 0
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout:
            log.append(line)
            if line.startswith("Collecting "):
                seen += 1
                if seen % 25 == 0:
                    print(f"  {seen} of at most {expected} packages", flush=True)
            elif line.startswith("Installing collected packages"):
                print("  unpacking", flush=True)
    if process.returncode:
        sys.exit("".join(log[-20:]) + "\nThe installation stopped; run the same command again.")


def _in_environment(*command):
    """Run a Python command from the repository's root in the environment; leave on failure."""
    install([])
    python = _environment_python()
    # Programs that call each other by name (jupyter) must find the environment's first.
    path = str(python.parent) + os.pathsep + os.environ.get("PATH", "")
    environment = {**os.environ, "PATH": path, "PYTHONUTF8": "1"}
    done = subprocess.run([python, *command], cwd=ROOT, env=environment)
    if done.returncode:
        sys.exit(done.returncode)


def _build():
    _in_environment("-m", "tools.build")


def main():
    listing = "\n".join(f"  {name:10} {task.__doc__}" for name, task in TASKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m cnnbook",
        description="The tasks of the book:\n" + listing,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("task", nargs="?", choices=TASKS, metavar="TASK")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="passed on")
    chosen = parser.parse_args()
    if chosen.task is None:
        print(parser.description)
        return
    if not (ROOT / "requirements.txt").exists():
        sys.exit(
            "These tasks need the book's repository: run them in a clone of it.\n"
            "책의 저장소를 내려받은 폴더에서 실행합니다."
        )
    # Korean text must not stop a Windows console that speaks another code page.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        TASKS[chosen.task](chosen.arguments)
    except KeyboardInterrupt:
        sys.exit(130)  # as shells say it


if __name__ == "__main__":
    main()
