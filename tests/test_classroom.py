"""tools/teaching/classroom.py: the folder for a USB stick. The wheels here are tiny and lie beside."""

import dataclasses
import functools
import hashlib
import html.parser
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from tools.editions import EDITIONS, SOURCE
from tools.teaching import classroom

LOCK = """\
# a lock
here==1.0
winonly==2.0 ; sys_platform == 'win32'
young==3.0 ; python_full_version >= '3.12.4'
young==2.9 ; python_full_version < '3.12.4'
"""
NEEDED = ("here-1.0", "young-3.0", "young-2.9")


def wheel(folder, name, tag="py3-none-any"):
    """Write the smallest wheel that pip takes: name is "here-1.0"."""
    path = folder / f"{name}-{tag}.whl"
    title, version = name.rsplit("-", 1)
    info = f"{title}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {title}\nVersion: {version}\n"
        )
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def played_pip(store, *command):
    """What pip does, faster: some tests below ask the real one."""
    (folder,) = (what[len("--dest=") :] for what in command if what.startswith("--dest="))
    for requirement in (what for what in command if re.fullmatch(r"[\w-]+==[\d.]+", what)):
        title = requirement.replace("==", "-")
        found = [
            path
            for path in store.glob(f"{title}-*.whl")
            if any(f"--platform={tag}" in command for tag in path.stem.split("-")[-1].split("."))
            or path.stem.endswith("-any")
        ]
        if not found:
            said = f"ERROR: No matching distribution found for {requirement}"
            return subprocess.CompletedProcess(command, 1, stdout=said)
        shutil.copy(found[0], folder)
    return subprocess.CompletedProcess(command, 0, stdout="")


def built(folder):
    """Write what a built book has: a front door, and each edition's pages in a folder of its own."""
    for edition in EDITIONS.values():
        (folder / edition.language).mkdir(parents=True)
        for name in edition.pages or ("index", "laboratory"):
            path = folder / edition.language / f"{name}.html"
            path.write_text(edition.words["title"], encoding="utf-8")
    (folder / "index.html").write_text("합성곱", encoding="utf-8")
    return folder


@pytest.fixture
def room(root, tmp_path, monkeypatch):
    """A small repository, a built book of one page, a store of wheels, and a teacher's data."""
    real_pip = classroom._pip
    checkout, store, data = (tmp_path / name for name in ("저장소 1", "store", "teacher"))
    for folder in (checkout / "cnnbook", checkout / "data", store, data / "cats_vs_dogs"):
        folder.mkdir(parents=True)
    for name in classroom.COURSE:
        (checkout / name).parent.mkdir(exist_ok=True)
        if (root / name).is_dir():
            (checkout / name / "__pycache__").mkdir(parents=True)
            (checkout / name / "__pycache__" / "old.pyc").touch()
        else:
            shutil.copy(root / name, checkout / name)
    shutil.copy(root / "cnnbook/__init__.py", checkout / "cnnbook")
    shutil.copy(root / "data/circle.txt", checkout / "data")
    (checkout / "book" / "chapter.ipynb").write_text("{}")
    (checkout / "requirements.txt").write_text(LOCK)
    book = built(tmp_path / "html")
    for name in ("mnist.npz", "cats_vs_dogs/cat.jpg", "marks of the class.csv"):
        (data / name).write_bytes(b"12")
    for name in NEEDED:
        wheel(store, name)
    monkeypatch.setattr(classroom, "ROOT", checkout)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", store.as_uri())
    monkeypatch.setenv("CNNBOOK_DATA_DIR", str(data))
    monkeypatch.setattr(classroom, "own_wheel", lambda folder: wheel(folder, "cnnbook-0.1.0"))
    monkeypatch.setattr(classroom, "_pip", functools.partial(played_pip, store))
    dest = tmp_path / "막대 (1)" / "교실"

    def make(platform="manylinux_2_28_x86_64", python="3.12"):
        classroom.make(dest, book, platform, python)
        return dest

    make.pip = lambda: monkeypatch.setattr(classroom, "_pip", real_pip)
    make.dest, make.store, make.checkout = dest, store, checkout
    return make


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def contents(folder):
    return {
        name: (folder / name).read_bytes() for name in names(folder) if (folder / name).is_file()
    }


def beside(dest):
    return sorted(path.name for path in dest.parent.iterdir())


# --- the folder ---


def test_a_whole_folder(room):
    dest = room()
    assert sorted(path.name for path in dest.iterdir()) == [
        *("book", "check.py", "checksums.txt", "course", "full-data", "index.html", "wheels"),
    ]
    assert names(dest / "wheels") == sorted(
        f"{name}-py3-none-any.whl" for name in (*NEEDED, "cnnbook-0.1.0")
    )
    assert names(dest / "full-data") == ["cats_vs_dogs", "cats_vs_dogs/cat.jpg", "mnist.npz"]
    course = names(dest / "course")
    assert "book/chapter.ipynb" in course and "data/circle.txt" in course
    assert not [name for name in course if "__pycache__" in name]
    assert beside(dest) == ["교실"]


def test_checksums_and_their_check(room):
    dest = room()
    listed = dict(
        reversed(line.split("  ", 1))
        for line in (dest / "checksums.txt").read_text("utf-8").splitlines()
    )
    assert listed == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in contents(dest).items()
        if name != "checksums.txt"
    }

    def check():
        done = subprocess.run(
            [sys.executable, dest / "check.py"], capture_output=True, encoding="utf-8"
        )
        return done.returncode, done.stdout.splitlines()

    count = len(listed)
    assert check() == (0, [f"{count} of {count} files are whole."])
    (dest / "full-data/mnist.npz").write_bytes(b"13")
    (dest / "book/ko/index.html").unlink()
    assert check() == (
        1,
        [
            "missing  book/ko/index.html",
            "damaged  full-data/mnist.npz",
            f"{count - 2} of {count} files are whole.",
        ],
    )


def test_without_full_data(room, monkeypatch):
    monkeypatch.delenv("CNNBOOK_DATA_DIR")
    dest = room()
    assert not (dest / "full-data").exists()
    assert "full-data" not in (dest / "index.html").read_text("utf-8")


def test_the_package_s_own_wheel_holds_the_small_data(root, tmp_path):
    """Built as the folder's is, from a copy: hatchling must find all it wants there."""
    classroom.own_wheel(tmp_path)
    (path,) = tmp_path.iterdir()
    assert re.fullmatch(r"cnnbook-[\d.]+-py3-none-any\.whl", path.name)
    packed = zipfile.ZipFile(path).namelist()
    assert "cnnbook/data/circle.txt" in packed and "cnnbook/ops.py" in packed


# --- wheels for another platform ---


def test_a_missing_wheel_is_named_and_the_rest_is_kept(room):
    room.pip()
    (absent,) = room.store.glob("here*")
    absent.rename(absent.with_suffix(".away"))
    with pytest.raises(
        RuntimeError, match="here==1.0 has no wheel for manylinux_2_28.*3.12"
    ) as told:
        room()
    assert "휠이 없습니다" in str(told.value)
    assert not room.dest.exists()
    absent.with_suffix(".away").rename(absent)
    assert (room() / "wheels" / absent.name).exists()
    assert beside(room.dest) == ["교실"]


def test_what_a_system_lays_beside_files_is_no_wheel(room):
    (room() / "wheels/._here-1.0-py3-none-any.whl").touch()
    (room.dest / "wheels/.DS_Store").touch()
    assert len(names(room() / "wheels")) == 4


def test_a_wheel_for_another_platform_does_not_count(room):
    room.pip()
    next(room.store.glob("here*")).unlink()
    wheel(room.store, "here-1.0", "cp312-cp312-win_amd64")
    with pytest.raises(RuntimeError, match="here==1.0 has no wheel"):
        room()
    wheel(room.store, "winonly-2.0", "py3-none-win_amd64")
    assert names(room("win_amd64") / "wheels") == [
        "cnnbook-0.1.0-py3-none-any.whl",
        "here-1.0-cp312-cp312-win_amd64.whl",
        "winonly-2.0-py3-none-win_amd64.whl",
        "young-2.9-py3-none-any.whl",
        "young-3.0-py3-none-any.whl",
    ]
    # The folder made anew for another system keeps nothing of this one.
    wheel(room.store, "here-1.0", "cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64")
    assert not list((room() / "wheels").glob("*win_amd64*"))


def test_a_silent_network_is_not_a_missing_wheel(room, monkeypatch):
    said = "WARNING: NewConnectionError\nERROR: No matching distribution found for here==1.0"
    failed = subprocess.CompletedProcess([], 1, stdout=said)
    monkeypatch.setattr(classroom, "_pip", lambda *command: failed)
    with pytest.raises(RuntimeError, match="NewConnectionError(.|\n)*goes on where it was"):
        room()


def test_markers_are_judged_for_the_classroom(root):
    lock = (root / "requirements.txt").read_text("utf-8")

    def found(platform, python):
        first, later = classroom.environments(platform, python)
        return classroom.wanted(lock, first), classroom.wanted(lock, later)

    for platform in ("win_amd64", "manylinux_2_28_x86_64", "macosx_14_0_arm64"):
        for python in classroom.PYTHONS:
            for pins in found(platform, python):
                packages = [name for name, _ in pins]
                assert len(packages) == len(set(packages)) > 150
                assert (
                    ("colorama" in packages) == ("pywinpty" in packages) == (platform[:3] == "win")
                )
                assert ("appnope" in packages) == (platform[:3] == "mac")
    first, later = found("win_amd64", "3.11")
    assert {name for name, _ in first ^ later} == {"soupsieve"}


@pytest.mark.parametrize(
    ("platform", "some"),
    [
        ("win_amd64", ["win_amd64"]),
        ("manylinux_2_28_x86_64", ["manylinux_2_28_x86_64", "manylinux2014_x86_64"]),
        ("manylinux2014_aarch64", ["manylinux_2_17_aarch64", "manylinux2014_aarch64"]),
        ("macosx_13_0_arm64", ["macosx_13_0_arm64", "macosx_11_0_arm64", "macosx_12_0_universal2"]),
    ],
)
def test_platform_tags(platform, some):
    tags = classroom.platform_tags(platform)
    assert tags[0] == some[0] and set(some) <= set(tags)
    assert not {"manylinux_2_29_x86_64", "macosx_14_0_arm64", "win32"} & set(tags)


def test_this_machine_s_platform_is_one(room):
    assert room(classroom.this_platform()).is_dir()


@pytest.mark.parametrize("platform", ["windows", "win32", "manylinux_x86_64", "", "macosx_arm64"])
def test_an_unknown_platform(room, platform):
    with pytest.raises(ValueError, match=r"platform: got .*wanted a tag such as win_amd64"):
        room(platform)
    assert not room.dest.parent.exists()


def test_an_unsupported_python(room):
    with pytest.raises(ValueError, match=r"python: got 3.14, wanted one of 3.11, 3.12, 3.13"):
        room(python="3.14")


def test_the_pythons_are_those_of_the_package(root):
    says = re.search(r'requires-python = "(.*)"', (root / "pyproject.toml").read_text("utf-8"))[1]
    assert says == f">={classroom.PYTHONS[0]},<3.{int(classroom.PYTHONS[-1][2:]) + 1}"


# --- broken runs ---


@pytest.mark.parametrize("step", ["own_wheel", "copy_course", "start_page", "write_checksums"])
def test_a_broken_run_leaves_the_old_folder_and_no_new_one(room, monkeypatch, step):
    def full(*arguments):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(classroom, step, full)
        room()
    assert not room.dest.exists() and beside(room.dest) == ["교실.part"]

    before = contents(room())
    (room.checkout / "book" / "new.ipynb").write_text("{}")
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(classroom, step, full)
        room()
    assert contents(room.dest) == before
    assert set(contents(room())) == {*before, "course/book/new.ipynb"}
    assert beside(room.dest) == ["교실"]


def test_a_run_broken_between_its_last_two_renames(room):
    before = contents(room())
    room.dest.rename(room.dest.with_name("교실.old"))
    assert contents(room()) == before
    assert beside(room.dest) == ["교실"]


def test_it_replaces_nothing_but_its_own(room):
    room.dest.mkdir(parents=True)
    (room.dest / "homework.txt").touch()
    with pytest.raises(ValueError, match="DEST: got .*, wanted a new folder"):
        room()
    assert names(room.dest) == ["homework.txt"] and beside(room.dest) == ["교실"]


# --- the start page ---


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.open, self.ids, self.languages = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "html"):
            self.open.append(tag)
        attributes = dict(attributes)
        self.links += [attributes[name] for name in ("href", "src") if name in attributes]
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.languages += [attributes["lang"]] if tag == "section" else []

    def handle_endtag(self, tag):
        if tag != "html":
            assert self.open.pop() == tag


@pytest.mark.parametrize("platform", ["win_amd64", "manylinux_2_28_x86_64", "macosx_14_0_arm64"])
def test_the_start_page(room, platform):
    text = classroom.start_page(platform, "3.12", ["mnist.npz"])
    page = Page(text)
    assert not page.open and not re.search("[{$]", without_commands(text))
    assert page.languages == page.ids == list(EDITIONS)  # the source first
    dest = room()
    for link in page.links:  # nothing from elsewhere, and nothing that is not there
        assert link[1:] in page.ids if link.startswith("#") else (dest / link).exists()
    assert [link for link in page.links if link[0] == "#"] == [f"#{one}" for one in EDITIONS]
    assert text.count("--no-index --find-links wheels") == len(EDITIONS)  # once in each
    assert text.count("full-data</code>") == len(EDITIONS) and "mnist.npz" in text
    windows = platform == "win_amd64"
    assert ("py -3.12 -m venv" in text) == windows == ("Scripts" in text)
    assert ("python3.12 -m venv" in text) != windows
    assert platform in text
    live = [edition.words["classroom"]["live"] for edition in EDITIONS.values()]
    assert not any(said in text for said in live)
    text = classroom.start_page(platform, "3.12", [], live=True)
    assert all(said in text for said in live) and not re.search("[{$]", without_commands(text))


def without_commands(text):
    return re.sub(r"(?s)<style>.*?</style>|<pre>.*?</pre>", "", text)


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=lambda edition: edition.language)
@pytest.mark.parametrize("pages", [None, ("index", "03-convolution")])
def test_an_edition_says_what_it_lacks(edition, pages):
    edition = dataclasses.replace(edition, pages=pages)
    text = classroom.section(edition, "win_amd64", "3.12", [])
    links, here = Page(text).links, f"book/{edition.language}"
    whole = pages is None
    assert f"{here}/index.html" in links
    assert (f"{here}/03-convolution.html" in links) != whole
    laboratory = edition if whole else SOURCE
    assert f"book/{laboratory.language}/laboratory.html" in links
    assert (edition.words["elsewhere"] in text) != whole
    # Commands name a folder where every notebook is.
    assert f'cnnbook-course\\book\\{laboratory.language}"' in text
    assert f"--nbval book/{laboratory.language}/03-convolution.ipynb" in text
    if not edition.is_source:
        assert not re.search("[가-힣]", text)


def test_the_command(room, capsys, monkeypatch):
    built(room.checkout / "_build" / "html")
    classroom.main([str(room.dest), "--platform", "manylinux_2_28_x86_64", "--python", "3.12"])
    out = capsys.readouterr().out
    assert out.endswith(f"open its index.html:\n{room.dest}\n")
    assert re.search(r"^wheels +4 files +0.0 MB$", out, re.MULTILINE)
    with pytest.raises(SystemExit, match="platform: got dos"):
        classroom.main(["--platform", "dos"])
    assert not list(pathlib.Path(room.checkout / "_build").glob("classroom*"))
