"""Make a folder for a classroom without internet: what a USB stick carries there.

Usage:  python -m tools.teaching.classroom [DEST] [--platform win_amd64] [--python 3.12]   (make classroom)

The folder holds the built book, the course's files, the wheels of every locked package and of
cnnbook for one platform and Python, the full-size data found in $CNNBOOK_DATA_DIR, a start page
and a checksum of every file. It is filled beside its place, as DEST.part, and takes its name when
it is whole: a broken run leaves no folder that looks whole, and the next run keeps the wheels that
have already come.
"""

import argparse
import contextlib
import hashlib
import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from packaging import tags
from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from cnnbook import downloads
from cnnbook._errors import bad_value
from tools import ROOT
from tools.editions import EDITIONS, SOURCE

PYTHONS = ("3.11", "3.12", "3.13")
COURSE = (  # what the commands, the chapters and their verification need
    *("book", "cnnbook", "data", "tests", "tools", ".github/page.png", ".github/page.en.png"),
    *("conftest.py", "pyproject.toml", "requirements.txt", "_config.yml", "_toc.yml", "Makefile"),
    *("README.md", "README.ko.md", "CONTRIBUTING.md", "LICENSE", "LICENSE-TEXT"),
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*_cache", ".ipynb_checkpoints", "*.part")
FULL_DATA = (  # the names under which cnnbook.datasets looks for the full-size sets
    *("mnist.npz", "fashion_mnist.npz", "fashion-mnist", "fashion_mnist_sample.npz"),
    *("cifar10.npz", "cifar-10-binary.tar.gz", "cats_vs_dogs", "stanford_dogs"),
)
CHECKSUMS = "checksums.txt"


# --- which wheels ----------------------------------------------------------------------------


def platform_tags(platform):
    """Return the platform tags whose wheels run there, the best first.

    platform: as in a wheel's name, with the oldest system that the computers have: win_amd64,
    manylinux_2_28_x86_64, macosx_13_0_arm64. Raises ValueError for anything else.
    """
    if platform in ("win_amd64", "win_arm64"):
        return [platform]
    if mac := re.fullmatch(r"macosx_(\d+)_(\d+)_(x86_64|arm64)", platform):
        return list(tags.mac_platforms((int(mac[1]), int(mac[2])), mac[3]))
    platform = platform.replace("manylinux2014_", "manylinux_2_17_")
    if linux := re.fullmatch(r"manylinux_2_(\d+)_(x86_64|aarch64)", platform):
        older = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
        names = []
        for minor in range(int(linux[1]), 4, -1):
            names += [f"manylinux_2_{minor}", *([older[minor]] if minor in older else [])]
        return [f"{name}_{linux[2]}" for name in [*names, "linux"]]
    examples = "win_amd64, manylinux_2_28_x86_64, macosx_13_0_arm64"
    raise bad_value("platform", platform, f"a tag such as {examples}", f"{examples} 같은 이름")


def this_platform():
    """Return the newest tag of this machine that `platform_tags` knows, or else its first."""
    names = list(tags.platform_tags())
    for name in names:
        with contextlib.suppress(ValueError):
            return platform_tags(name)[0]
    return names[0]


def environments(platform, python):
    """Return a platform's marker environments for a Python: its first release and any later one."""
    system, name = {"win": ("win32", "Windows"), "macosx": ("darwin", "Darwin")}.get(
        platform.split("_")[0], ("linux", "Linux")
    )
    machine = re.sub(r"^(win|macosx_\d+_\d+|manylinux(2014|_2_\d+))_", "", platform)
    return [
        {
            "implementation_name": "cpython",
            "os_name": "nt" if system == "win32" else "posix",
            "platform_machine": machine.upper() if system == "win32" else machine,
            "platform_python_implementation": "CPython",
            "platform_system": name,
            "python_full_version": f"{python}.{release}",
            "python_version": python,
            "sys_platform": system,
        }
        for release in (0, 99)
    ]


def wanted(lock, environment):
    """Return the (name, version) pairs of a lock whose markers hold in an environment.

    pip would judge the markers by the Python that runs it, not by the one that is asked for.
    """
    lines = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    return {
        (canonicalize_name(line.name), next(iter(line.specifier)).version)
        for line in map(Requirement, lines)
        if line.marker is None or line.marker.evaluate(environment)
    }


def fetch_wheels(folder, lock, platform, python):
    """Leave in a folder just the wheels of a lock for a platform and Python; whole ones are kept.

    Raises RuntimeError that names a package without a wheel there, or shows what pip said.
    """
    platforms, pins = platform_tags(platform), set()
    choice = ["--implementation=cp", "--only-binary=:all:", "--no-deps", f"--dest={folder}"]
    choice += [f"--platform={tag}" for tag in platforms]
    for environment in environments(platform, python):
        new = sorted(wanted(lock, environment) - pins)
        pins.update(new)
        if new:
            what = [f"{name}=={version}" for name, version in new]
            release = f"--python-version={environment['python_full_version']}"
            done = _pip("download", *choice, release, *what)
            missing = re.search(r"No matching distribution found for (\S+)", done.stdout)
            if done.returncode and missing and "ConnectionError" not in done.stdout:
                raise RuntimeError(
                    f"{missing[1]} has no wheel for {platform} and Python {python}. Choose another "
                    f"--platform or --python.\n"
                    f"{platform}, 파이썬 {python}에서 쓸 {missing[1]} 휠이 없습니다. --platform이나 "
                    f"--python을 바꿉니다."
                )
            _demand(done)
    version = tuple(map(int, python.split(".")))
    fitting = {
        *tags.cpython_tags(version, platforms=platforms),
        *tags.compatible_tags(version, f"cp{version[0]}{version[1]}", platforms),
    }
    for wheel in folder.iterdir():
        try:
            name, number, _, its = parse_wheel_filename(wheel.name)
        except InvalidWheelFilename:  # what a system lays beside files on a stick
            wheel.unlink()
            continue
        # A run for another platform or with another lock may have left some.
        if (name, str(number)) not in pins or fitting.isdisjoint(its):
            wheel.unlink()


def own_wheel(folder):
    """Build cnnbook's own wheel, its small data inside, with what the lock holds."""
    _demand(
        _pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, str(ROOT))
    )


def _pip(*command):
    return subprocess.run(
        [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


def _demand(done):
    if done.returncode:
        told = "\n".join(done.stdout.splitlines()[-15:])
        raise RuntimeError(
            f"{told}\npip stopped; the same command goes on where it was.\n"
            "pip이 멈추었습니다. 같은 명령을 다시 주면 이어서 합니다."
        )


# --- what else lies in the folder ------------------------------------------------------------


def copy_course(folder):
    """Copy the notebooks, and all that their commands and their verification need."""
    for name in COURSE:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=LEFT_OUT)
        else:
            shutil.copy(source, target)


def copy_full_data(folder):
    """Copy the full-size sets that $CNNBOOK_DATA_DIR holds, nothing else; return their names."""
    source = downloads.local_dir()
    found = [name for name in FULL_DATA if source and (source / name).exists()]
    for name in found:
        folder.mkdir(exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name, ignore=LEFT_OUT)
        else:
            shutil.copy(source / name, folder)
    return found


def files_of(folder):
    """Return the paths of all files under a folder, as they stand in the list of checksums."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def write_checksums(folder):
    """List the SHA-256 of every file, as `sha256sum --check` reads it; check.py compares."""
    lines = []
    for name in files_of(folder):
        with open(folder / name, "rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8", newline="\n")


CHECK = """\
\"\"\"Compare every file of this folder with checksums.txt:  py check.py  (python3 check.py)\"\"\"

import hashlib
import pathlib
import sys

here = pathlib.Path(__file__).resolve().parent
bad, count = [], 0
for line in (here / "checksums.txt").read_text("utf-8").splitlines():
    wanted, name = line.split("  ", 1)
    made = hashlib.sha256()
    try:
        with open(here / name, "rb") as file:
            while block := file.read(1 << 20):
                made.update(block)
    except OSError:
        bad.append("missing  " + name)
    else:
        if made.hexdigest() != wanted:
            bad.append("damaged  " + name)
    count += 1
print("\\n".join(bad + [f"{count - len(bad)} of {count} files are whole."]))
sys.exit(bool(bad))
"""

PAGE = """\
<!doctype html>
<html lang="{source}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.7; color: #1c2128;
  font-family: Pretendard, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR",
  "Noto Sans CJK KR", sans-serif; word-break: keep-all; }}
a {{ color: #1b5fab; }}
a.big {{ display: inline-block; padding: .7rem 1.3rem; margin: .2rem .4rem .2rem 0;
  border-radius: .4rem; background: #1b5fab; color: #fff; text-decoration: none; }}
pre {{ padding: .8rem 1rem; background: #f5f7f9; overflow-x: auto; line-height: 1.5; }}
section + section {{ margin-top: 2.5rem; border-top: 1px solid #d5dbe1; padding-top: 1rem; }}
h2 {{ margin-top: 2rem; }}
</style>
<main>
<nav>{links}</nav>
{sections}
</main>
</html>
"""
INSTALL = {
    "windows": """\
py -{python} -m venv "%USERPROFILE%\\cnnbook"
"%USERPROFILE%\\cnnbook\\Scripts\\python" -m pip install --no-index --find-links wheels "cnnbook[lab,test]"
xcopy /E /I /Q course "%USERPROFILE%\\cnnbook-course"
"%USERPROFILE%\\cnnbook\\Scripts\\python" -m jupyterlab "%USERPROFILE%\\cnnbook-course\\book\\{folder}\"""",
    "other": """\
python{python} -m venv ~/cnnbook
~/cnnbook/bin/python -m pip install --no-index --find-links wheels "cnnbook[lab,test]"
cp -R course ~/cnnbook-course
~/cnnbook/bin/python -m jupyterlab ~/cnnbook-course/book/{folder}""",
}
VERIFY = {
    "windows": """\
py check.py
cd /d "%USERPROFILE%\\cnnbook-course"
"%USERPROFILE%\\cnnbook\\Scripts\\python" -m pytest --nbval book/{folder}/03-convolution.ipynb""",
    "other": """\
python{python} check.py
cd ~/cnnbook-course
~/cnnbook/bin/python -m pytest --nbval book/{folder}/03-convolution.ipynb""",
}
USE_DATA = {
    "windows": 'set "CNNBOOK_DATA_DIR=%CD%\\full-data"',
    "other": 'export CNNBOOK_DATA_DIR="$PWD/full-data"',
}


def start_page(platform, python, full_data, live=False):
    """Return index.html: what to click and what to type, in the words of every edition.

    live: whether chapters of the built book run in their pages.
    """
    sections = [
        f'<section id="{edition.language}" lang="{edition.language}">\n'
        f"{section(edition, platform, python, full_data, live)}</section>"
        for edition in EDITIONS.values()
    ]
    return PAGE.format(
        source=SOURCE.language,
        title=" · ".join(html.escape(edition.words["title"]) for edition in EDITIONS.values()),
        links=" · ".join(
            f'<a href="#{edition.language}" lang="{edition.language}">{edition.name}</a>'
            for edition in EDITIONS.values()
        ),
        sections="\n".join(sections),
    )


def section(edition, platform, python, full_data, live=False):
    """Return what the start page says in one edition's words."""
    words = edition.words["classroom"]
    system = "windows" if platform.startswith("win") else "other"
    # What an edition lacks is opened in the source's, and the words say so.
    notebooks = SOURCE if edition.pages else edition
    laboratory = edition if edition.has("laboratory") else SOURCE
    shown = [
        f'<a href="book/{edition.language}/{page}.html">{title(edition, page)}</a>'
        for page in edition.pages or ()
    ]
    names = ", ".join(f"<code>{name}</code>" for name in full_data)
    return edition.template(
        "classroom.html",
        extent=f"<p>{words['extent'].format(', '.join(shown))}</p>\n" if shown else "",
        book=f"book/{edition.language}/index.html",
        laboratory=f"book/{laboratory.language}/laboratory.html",
        elsewhere="" if laboratory is edition else f" {edition.words['elsewhere']}",
        live=f"<p>{words['live']}</p>" if live else "",
        platform=platform,
        python=python,
        terminal=words[system],
        install=INSTALL[system].format(python=python, folder=notebooks.language),
        verify=VERIFY[system].format(python=python, folder=notebooks.language),
        full_data=f"<h2>{words['full_data']}</h2>\n<p>{words['full_data_about'].format(names)}</p>\n"
        f"<pre>{USE_DATA[system]}</pre>\n"
        if full_data
        else "",
    )


def title(edition, page):
    """Return the title of an edition's page, a notebook or a Markdown file."""
    paths = (edition.folder / f"{page}{kind}" for kind in (".ipynb", ".md"))
    path = next(path for path in paths if path.is_file())
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        text = "".join(json.loads(text)["cells"][0]["source"])
    return html.escape(text.partition("\n")[0].removeprefix("# "))


# --- the folder ------------------------------------------------------------------------------


def make(dest, book, platform, python):
    """Make or replace the folder `dest`, whole or not at all; `book` is the folder of built pages,
    a folder an edition.

    Raises ValueError where `dest` holds something else than such a folder, or for a platform that
    is none; RuntimeError where a wheel cannot be had; OSError where the disk is full.
    """
    part, old = (dest.with_name(dest.name + end) for end in (".part", ".old"))
    if old.exists() and not dest.exists():  # a run was broken between two renames
        os.rename(old, dest)
    if dest.is_file() or dest.is_dir() and any(dest.iterdir()) and not is_pack(dest):
        raise bad_value(
            "DEST",
            str(dest),
            "a new folder, or one that this command has made",
            "새 폴더, 또는 이 명령이 만든 폴더",
        )
    if python not in PYTHONS:
        raise bad_value("python", python, f"one of {', '.join(PYTHONS)}", ", ".join(PYTHONS))
    platform_tags(platform)
    wheels = part / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    for left in part.iterdir():  # wheels of a broken run are kept, and pip checks them
        if left.is_dir() and left != wheels:
            shutil.rmtree(left)
        elif left != wheels:
            left.unlink()
    if is_pack(dest):
        for wheel in (dest / "wheels").iterdir():
            if not (wheels / wheel.name).exists():
                shutil.copy(wheel, wheels)
    fetch_wheels(wheels, (ROOT / "requirements.txt").read_text("utf-8"), platform, python)
    own_wheel(wheels)
    shutil.copytree(book, part / "book", ignore=shutil.ignore_patterns(".buildinfo", "objects.inv"))
    copy_course(part / "course")
    full_data = copy_full_data(part / "full-data")
    live = (book / "_live").is_dir()
    (part / "index.html").write_text(start_page(platform, python, full_data, live), "utf-8")
    (part / "check.py").write_text(CHECK, encoding="utf-8", newline="\n")
    write_checksums(part)
    if dest.exists():
        shutil.rmtree(old, ignore_errors=True)
        os.rename(dest, old)
    os.rename(part, dest)
    shutil.rmtree(old, ignore_errors=True)


def is_pack(folder):
    return all((folder / name).exists() for name in (CHECKSUMS, "check.py", "wheels", "course"))


def main(arguments):
    here = this_platform()
    parser = argparse.ArgumentParser(prog="classroom", description=__doc__.partition("\n")[0])
    parser.add_argument("dest", nargs="?", metavar="DEST", help="default: a folder in _build")
    parser.add_argument("--platform", default=here, help=f"as in a wheel's name (default: {here})")
    parser.add_argument(
        "--python", default=f"3.{sys.version_info[1]}", help="the classroom's (default: this one)"
    )
    chosen = parser.parse_args(arguments)
    name = f"classroom-{chosen.platform}-python{chosen.python}"
    dest = pathlib.Path(chosen.dest).expanduser() if chosen.dest else ROOT / "_build" / name
    try:
        make(dest.resolve(), ROOT / "_build" / "html", chosen.platform, chosen.python)
    except (ValueError, RuntimeError, OSError) as error:
        sys.exit(str(error))
    for part in sorted(dest.iterdir()):
        sizes = [(part / name).stat().st_size for name in files_of(part)] or [part.stat().st_size]
        print(f"{part.name:14} {len(sizes):6} files {sum(sizes) / 1e6:9.1f} MB")
    print(f"\nCopy this folder onto the stick and open its index.html:\n{dest.resolve()}")


if __name__ == "__main__":
    main(sys.argv[1:])
