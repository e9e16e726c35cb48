"""python -m cnnbook: the tasks, which Python they accept, and when the environment is made anew."""

import ast
import functools
import importlib.util
import itertools
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import threading
import tomllib
import types
import urllib.request

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from cnnbook import __main__ as commands

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "cnnbook" / "__main__.py"
CHAPTER_TASKS = ["run", "twin", "translated", "full", "seeds", "slides"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def python(*arguments, cwd=ROOT, executable=sys.executable):
    return subprocess.run(
        [executable, *arguments], cwd=cwd, capture_output=True, text=True, encoding="utf-8"
    )


# --- Tasks ---


def test_listing():
    done = python("-m", "cnnbook")
    assert (done.returncode, done.stderr) == (0, "")
    for name, task in commands.TASKS.items():
        assert re.search(rf"^  {name} +{re.escape(task.__doc__)}$", done.stdout, re.MULTILINE)


def test_unknown_task():
    done = python("-m", "cnnbook", "bok")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'bok'" in done.stderr
    assert all(name in done.stderr for name in commands.TASKS)


def make(*arguments):
    command = ["make", "--no-print-directory", f"PYTHON={sys.executable}", *arguments]
    # The make that runs these tests hands its own variables down; this one starts afresh.
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "ARGS"))
    }
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


def test_make_alone_prints_the_listing():
    done = make()
    assert (done.returncode, done.stdout) == (0, python("-m", "cnnbook").stdout)


@pytest.mark.parametrize("task", commands.TASKS)
def test_make_calls_the_task(task):
    done = make("-n", task, "CH=03")
    assert shlex.split(done.stdout) == [
        sys.executable,
        "-m",
        "cnnbook",
        task,
        *["03"] * (task in CHAPTER_TASKS),
    ]


@pytest.mark.parametrize("task", CHAPTER_TASKS)
def test_make_needs_a_chapter(task):
    done = make("-n", task)
    assert done.returncode != 0
    assert f"make {task} CH=" in done.stderr


def test_make_full_of_one_data_set():
    done = make("-n", "full", "CH=10", "ARGS=mnist")
    assert shlex.split(done.stdout)[-4:] == ["cnnbook", "full", "10", "mnist"]


def test_arguments_are_passed_on(monkeypatch):
    got = []
    monkeypatch.setattr(commands, "_in_environment", lambda *command: got.append(command))
    monkeypatch.setattr(sys, "argv", ["cnnbook", "test", "-k", "ops", "--lf"])
    streams_as_they_are(monkeypatch)
    commands.main()
    assert got == [("-m", "pytest", "--nbval", "-n", "2", "-k", "ops", "--lf")]


@pytest.mark.parametrize("task", ["full", "seeds", "matrix", "bench", "twin"])
def test_a_task_runs_its_tool(monkeypatch, task):
    got = []
    monkeypatch.setattr(commands, "_in_environment", lambda *command: got.append(command))
    commands.TASKS[task](["10", "mnist"])
    assert got[0][:1] + got[0][2:] == ("-m", "10", "mnist")
    assert got[0][1] == {"full": "tools.full_size", "twin": "tools.twins"}.get(
        task, f"tools.{task}"
    )
    assert importlib.util.find_spec(got[0][1])


def test_a_chapter_s_twins_follow_its_run(monkeypatch):
    got = []
    monkeypatch.setattr(commands, "_in_environment", lambda *command: got.append(command))
    commands.TASKS["run"](["03"])
    commands.TASKS["translated"](["03", "title"])
    assert got == [
        ("-m", "tools.run", "03"),
        ("-m", "tools.twins", "03"),
        ("-m", "tools.twins", "translated", "03", "title"),
    ]


@pytest.mark.parametrize("task", ["classroom", "teacher", "midterm", "slides", "vote", "pdf"])
def test_a_task_that_makes_something_of_the_book(monkeypatch, task):
    got = []
    monkeypatch.setattr(commands, "_build", lambda: got.append("build"))
    monkeypatch.setattr(commands, "_in_environment", lambda *command: got.append(command))
    commands.TASKS[task](["DEST", "--help"])
    module = f"tools.teaching.{'sheets' if task == 'teacher' else task}"
    assert got.pop() == ("-m", module, "DEST", "--help") and importlib.util.find_spec(module)
    assert got == (
        [] if task in ("teacher", "midterm", "vote") else ["build"]
    )  # what it takes is there, and fresh


def streams_as_they_are(monkeypatch):
    """pytest's own streams cannot be told an encoding."""
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(getattr(sys, name), "reconfigure", lambda **kw: None, raising=False)


def test_interruption_is_no_traceback(monkeypatch):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setitem(commands.TASKS, "lab", interrupted)
    monkeypatch.setattr(sys, "argv", ["cnnbook", "lab"])
    streams_as_they_are(monkeypatch)
    with pytest.raises(SystemExit) as stop:
        commands.main()
    assert stop.value.code == 130


# --- Which Python ---


def accepts(version, monkeypatch):
    """Run the file as another Python would; return whether it goes on, and what it says if not."""
    code = compile(SOURCE.read_text("utf-8"), SOURCE, "exec")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", (*version, 0))
        try:
            exec(code, {"__name__": "cnnbook", "__file__": str(SOURCE)})
        except SystemExit as stop:
            return False, stop.code
    return True, ""


def test_supported_range_is_that_of_pyproject(monkeypatch):
    supported = SpecifierSet(PROJECT["requires-python"])
    for version in [(2, 7), *((3, minor) for minor in range(6, 20)), (4, 0)]:
        accepted, said = accepts(version, monkeypatch)
        text = ".".join(map(str, version))
        assert accepted == supported.contains(text + ".0"), text
        if not accepted:
            assert f"this is Python {text}." in said
            assert "Python 3.11, 3.12 or 3.13" in said
            assert "필요합니다" in said


@pytest.mark.parametrize("name", ["__main__.py", "__init__.py"])
def test_older_python_can_read_the_files_it_starts_with(name):
    """So that it says the sentence instead of a SyntaxError."""
    ast.parse((SOURCE.parent / name).read_text("utf-8"), feature_version=(3, 6))


def test_unsupported_pythons_of_this_machine_are_refused():
    """The ones on PATH, if any start at all."""
    for name in ("python3.8", "python3.9", "python3.10", "python3.14", "python3.15"):
        executable = shutil.which(name)
        if executable and python("-c", "", executable=executable).returncode == 0:
            done = python("-B", "-m", "cnnbook", executable=executable)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.startswith("This book needs Python 3.11, 3.12 or 3.13")
            assert len(done.stderr.splitlines()) == 2


# --- The lock ---


@functools.cache
def locked():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith((" ", "#"))]


SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}


@pytest.mark.parametrize(("minor", "system"), list(itertools.product((11, 12, 13), SYSTEMS)))
def test_lock_satisfies_pyproject(minor, system):
    environment = default_environment() | {
        "python_version": f"3.{minor}",
        "python_full_version": f"3.{minor}.5",
        "sys_platform": system,
        "platform_system": SYSTEMS[system],
        "os_name": "nt" if system == "win32" else "posix",
    }
    wanted = [*PROJECT["dependencies"], *sum(PROJECT["optional-dependencies"].values(), [])]
    for requirement in map(Requirement, wanted):
        if requirement.marker and not requirement.marker.evaluate(environment):
            continue
        found = [
            line
            for line in locked()
            if line.name.lower() == requirement.name.lower()
            and (line.marker is None or line.marker.evaluate(environment))
        ]
        assert len(found) == 1, requirement
        (pin,) = found[0].specifier
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), f"{requirement}: {found[0]}"


# --- Installing. No test here installs anything. ---


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout in which pip is played: it notes its calls, and venv makes the interpreter."""
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    pip_calls = []

    def made(command, **options):
        assert command[1:3] == ["-m", "venv"] and command[3] == commands.ENVIRONMENT
        interpreter = commands._environment_python()
        interpreter.parent.mkdir(parents=True)
        interpreter.touch()
        return types.SimpleNamespace(returncode=0)

    def move(root):
        monkeypatch.setattr(commands, "ROOT", root)
        monkeypatch.setattr(commands, "ENVIRONMENT", root / ".venv")

    move(tmp_path)
    monkeypatch.setattr(commands, "_pip", lambda python, *what: pip_calls.append(what))
    monkeypatch.setattr(commands.subprocess, "run", made)
    return types.SimpleNamespace(root=tmp_path, pip_calls=pip_calls, move=move)


def test_install_once(checkout):
    commands.install([])
    assert checkout.pip_calls == [
        ("--requirement", "requirements.txt"),
        ("--no-deps", "--no-build-isolation", "--editable", "."),
    ]
    commands.install([])
    assert len(checkout.pip_calls) == 2


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_install_again_after_a_change(checkout, name):
    commands.install([])
    leftover = commands.ENVIRONMENT / "leftover"
    leftover.touch()
    with open(checkout.root / name, "a") as file:
        file.write("# changed\n")
    commands.install([])
    assert len(checkout.pip_calls) == 4
    assert not leftover.exists()


def test_install_again_after_a_move(checkout):
    commands.install([])
    moved = checkout.root.with_name("moved")
    checkout.root.rename(moved)
    checkout.move(moved)
    commands.install([])
    assert len(checkout.pip_calls) == 4


def test_install_again_for_another_python(checkout, monkeypatch):
    commands.install([])
    monkeypatch.setattr(sys, "version_info", (3, 13 if sys.version_info[1] == 12 else 12, 0))
    commands.install([])
    assert len(checkout.pip_calls) == 4


def test_install_again_without_its_interpreter(checkout):
    commands.install([])
    commands._environment_python().unlink()
    commands.install([])
    assert len(checkout.pip_calls) == 4


def test_interrupted_install_is_redone(checkout, monkeypatch):
    def interrupted(python, *what):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(commands, "_pip", interrupted)
        with pytest.raises(KeyboardInterrupt):
            commands.install([])
    assert commands._environment_python().exists()
    commands.install([])
    assert len(checkout.pip_calls) == 2


def test_install_by_the_environment_itself(checkout, monkeypatch):
    """It must not remove the Python that runs it."""
    commands.install([])
    commands.install([])
    monkeypatch.setattr(sys, "prefix", str(commands.ENVIRONMENT))
    commands.install([])  # nothing to do: no complaint
    (commands.ENVIRONMENT / "cnnbook-installed").unlink()
    with pytest.raises(SystemExit, match="deactivate"):
        commands.install([])
    assert commands._environment_python().exists()


def test_no_venv_module(checkout, monkeypatch):
    said = types.SimpleNamespace(returncode=1, stdout=b"ensurepip is not available")
    monkeypatch.setattr(commands.subprocess, "run", lambda *a, **k: said)
    with pytest.raises(SystemExit, match="(?s)python3-venv.*ensurepip is not available"):
        commands.install([])
    assert checkout.pip_calls == []


PIP = """
import sys
print("Collecting everything")
for number in range(60):
    print("Collecting", number)
print("Installing collected packages: many")
print("ERROR: no space left", file=sys.stderr)
sys.exit({code})
"""


@pytest.fixture
def played_pip(tmp_path, monkeypatch):
    """Let a script stand in for pip; the rest of _pip is real."""
    (tmp_path / "requirements.txt").write_text("# lock\none==1\ntwo==2\n    # via one\n")
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    monkeypatch.setattr(commands, "ENVIRONMENT", tmp_path / ".venv")

    def play(code):
        (tmp_path / "pip.py").write_text(PIP.format(code=code))  # python -m pip finds it first
        commands._pip(sys.executable, "--requirement", "requirements.txt")

    return play


def test_pip_shows_progress(played_pip, capsys):
    played_pip(code=0)
    out = capsys.readouterr().out
    assert out == "  25 of at most 2 packages\n  50 of at most 2 packages\n  unpacking\n"


def test_pip_failure(played_pip):
    with pytest.raises(SystemExit) as stop:
        played_pip(code=1)
    assert "ERROR: no space left" in stop.value.code
    assert "Collecting 59" in stop.value.code
    assert "Collecting 30\n" not in stop.value.code
    assert "run the same command again" in stop.value.code


def test_failed_install_leaves_no_stamp(checkout, monkeypatch):
    monkeypatch.setattr(commands, "_pip", lambda *what: sys.exit("no space left"))
    with pytest.raises(SystemExit, match="no space left"):
        commands.install([])
    assert not (commands.ENVIRONMENT / "cnnbook-installed").exists()


@pytest.mark.parametrize(
    ("os_name", "path"), [("nt", "Scripts/python.exe"), ("posix", "bin/python")]
)
def test_environment_python(monkeypatch, os_name, path):
    with monkeypatch.context() as patch:
        patch.setattr(commands.os, "name", os_name)
        found = commands._environment_python()
    assert found.relative_to(commands.ENVIRONMENT).as_posix() == path


def test_failure_of_a_command_is_passed_on(checkout, monkeypatch):
    commands.install([])
    calls = []

    def run(command, **options):
        calls.append((command, options))
        return types.SimpleNamespace(returncode=5)

    monkeypatch.setattr(commands.subprocess, "run", run)
    with pytest.raises(SystemExit) as stop:
        commands.test(["-x"])
    assert stop.value.code == 5
    ((command, options),) = calls
    assert command[0] == commands._environment_python()
    assert options["cwd"] == checkout.root
    assert options["env"]["PATH"].split(os.pathsep)[0] == str(command[0].parent)


# --- Elsewhere ---


def test_package_without_its_repository(tmp_path):
    """As it is on Colab: installed by pip, with no checkout."""
    shutil.copytree(ROOT / "cnnbook", tmp_path / "cnnbook", ignore=shutil.ignore_patterns("__py*"))
    done = python("-m", "cnnbook", "book", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("These tasks need the book's repository")
    assert "저장소" in done.stderr
    assert python("-m", "cnnbook", cwd=tmp_path).returncode == 0


def test_path_with_blanks_and_korean(tmp_path):
    copy = tmp_path / "나의 책 (1)"
    copy.mkdir()
    for name in ("cnnbook", "tools"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    done = python("-m", "cnnbook", cwd=copy)
    assert done.stdout == python("-m", "cnnbook").stdout

    chapter = copy / "book" / "ko" / "01-작은 장.ipynb"
    chapter.parent.mkdir(parents=True)
    for name in ("editions.toml", "ko/words.toml"):
        shutil.copy(ROOT / "book" / name, copy / "book" / name)
    cell = {"cell_type": "code", "execution_count": None, "id": "a", "metadata": {}, "outputs": []}
    cell["source"] = (
        "import os\nprint(os.path.basename(os.path.dirname(os.path.dirname(os.getcwd()))))"
    )
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    chapter.write_text(json.dumps(notebook), encoding="utf-8")
    done = python("-m", "tools.run", "1", cwd=copy)
    assert (done.returncode, done.stderr) == (0, "")
    stored = json.loads(chapter.read_text("utf-8"))["cells"][0]["outputs"]
    assert "".join(stored[0]["text"]) == "나의 책 (1)\n"


@pytest.fixture
def server(tmp_path, monkeypatch, capsys):
    """`serve`, running in a thread on a small page."""
    (tmp_path / "index.html").write_text("합성곱", encoding="utf-8")
    monkeypatch.setattr(commands, "HTML", tmp_path)
    monkeypatch.setattr(commands, "_build", lambda: None)
    ready, servers = threading.Event(), []

    class Server(commands.http.server.ThreadingHTTPServer):
        def serve_forever(self):
            servers.append(self)
            ready.set()
            super().serve_forever(poll_interval=0.05)

    monkeypatch.setattr(commands.http.server, "ThreadingHTTPServer", Server)
    thread = threading.Thread(target=commands.serve, args=([],))
    thread.start()
    assert ready.wait(10)
    yield servers[0]
    servers[0].shutdown()
    thread.join(10)
    assert not thread.is_alive()


def test_serve_is_local(server, capsys):
    host, port = server.server_address
    assert host == "127.0.0.1"  # nobody else on the network reads along
    said = capsys.readouterr().out
    assert f"http://127.0.0.1:{port}/" in said
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/index.html", timeout=10) as page:
        assert page.read().decode("utf-8") == "합성곱"


def test_a_browser_that_goes_away_is_no_traceback(server, tmp_path, capsys):
    (tmp_path / "large.bin").write_bytes(bytes(30_000_000))
    for request in (b"GET /large.bin HTTP/1.1\r\n\r\n", b"GET /lar"):
        with socket.create_connection(server.server_address, timeout=10) as browser:
            browser.sendall(request)
            if request.endswith(b"\n"):
                browser.recv(1000)
            # Closed with unread bytes, or at once: the server gets a reset.
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/", timeout=10) as page:
        assert page.read().decode("utf-8") == "합성곱"  # it goes on
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(10)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("port", ["x", "-1", "65536", "80.0", "", "８０８０", "0x50"])
def test_senseless_ports_are_refused_before_anything_is_built(monkeypatch, port):
    monkeypatch.setattr(commands, "_build", lambda: pytest.fail("built"))
    with pytest.raises(SystemExit) as left:
        commands.serve([port])
    assert "wanted a port from 0 to 65535" in str(left.value) and "필요한 값" in str(left.value)


def test_a_busy_port_is_a_sentence(server, monkeypatch):
    monkeypatch.setattr(commands, "_build", lambda: pytest.fail("built"))
    with pytest.raises(SystemExit) as left:
        commands.serve([str(server.server_address[1])])
    assert "cannot be used" in str(left.value) and "쓸 수 없습니다" in str(left.value)
