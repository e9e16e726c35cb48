"""Data: the sets are what they say they are, their files are known, and the wheel carries them."""

import hashlib
import pathlib
import re
import runpy
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import skimage
import sklearn

from cnnbook import datasets

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
# Where the first folder of a path in data/checksums.txt lies on this machine.
FOLDERS = {
    "data": DATA,
    **{p.__name__: pathlib.Path(p.__file__).parent for p in (skimage, sklearn)},
}
CHECKSUMS = {
    path: checksum
    for checksum, path in (
        line.split("  ") for line in (DATA / "checksums.txt").read_text().splitlines()
    )
}


def test_circle():
    make_circle = runpy.run_path(str(ROOT / "tools" / "make_circle.py"))
    assert (DATA / "circle.txt").read_bytes() == make_circle["text"]().encode()
    circle = datasets.load("circle")
    assert (circle.shape, circle.dtype) == ((10, 10), np.int64)
    np.testing.assert_array_equal(circle, make_circle["circle"]())
    # A closed line: each of its pixels touches two others, side by side or corner to corner.
    for y, x in np.argwhere(circle):
        assert circle[y - 1 : y + 2, x - 1 : x + 2].sum() >= 3
    for other in (circle[::-1], circle[:, ::-1], circle.T):
        np.testing.assert_array_equal(circle, other)


def test_photographs():
    photographs = datasets.load("photographs")
    assert {name: image.shape for name, image in photographs.items()} == {
        "brick": (512, 512, 1),
        "camera": (512, 512, 1),
        "coffee": (400, 600, 3),
        "rocket": (427, 640, 3),
    }
    for image in photographs.values():
        assert image.dtype == np.uint8
        assert np.ptp(image) > 100


def test_digits():
    digits = datasets.load("digits")
    images = np.concatenate([digits.x_train, digits.x_test])
    labels = np.concatenate([digits.y_train, digits.y_test])
    assert (digits.x_train.shape, digits.x_test.shape) == ((1437, 28, 28, 1), (360, 28, 28, 1))
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    assert digits.class_names == tuple("0123456789")
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert set(np.bincount(digits.y_test)) <= {35, 36, 37}  # every class in proportion
    # No image is lost in the cutting, and no two are the same.
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == 1797
    ink = images[..., 0].astype(float)
    for axis in (1, 2):
        places = np.arange(28).reshape((28, 1) if axis == 1 else (1, 28))
        centre = (ink * places).sum(axis=(1, 2)) / ink.sum(axis=(1, 2))
        assert abs(centre - 13.5).max() <= 0.5


def test_loading_twice_gives_arrays_of_one_s_own():
    datasets.load("circle")[:] = 7
    assert datasets.load("circle").max() == 1


@pytest.mark.parametrize("path", CHECKSUMS)
def test_checksum(path):
    package, _, rest = path.partition("/")
    content = (FOLDERS[package] / rest).read_bytes()
    assert hashlib.sha256(content).hexdigest() == CHECKSUMS[path]


def test_every_file_is_described_and_has_a_checksum():
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    files = [path for path in DATA.rglob("*") if path.is_file()]
    known = {path.relative_to(ROOT).as_posix() for path in files} - {
        "data/README.md",
        "data/checksums.txt",
    }
    assert {path for path in CHECKSUMS if path.startswith("data/")} == known
    for path in known:
        assert f"`{path.removeprefix('data/')}`" in readme
    for name in datasets._SETS:
        (row,) = re.findall(rf"^\| `{name}` \|(.*)\|$", readme, re.MULTILINE)
        files, origin, licence = (column.strip() for column in row.split(" | "))
        assert files
        assert origin
        assert re.search("CC0|CC BY|public domain|no known copyright restrictions", licence)
    for name, suffix in [("brick", "png"), ("camera", "png"), ("coffee", "png"), ("rocket", "jpg")]:
        assert f"skimage/data/{name}.{suffix}" in CHECKSUMS


@pytest.mark.parametrize("name", ["mnist ", "Circle", "", None, 3, ["circle"], ("circle",)])
def test_unknown_name(name):
    with pytest.raises(ValueError) as raised:
        datasets.load(name)
    english, korean = str(raised.value).split("\n")
    shown = name if isinstance(name, str) else repr(name)
    assert english.startswith(f'name: got {shown}, wanted one of "circle", ')
    assert re.search("[가-힣]", korean)


def test_missing_file(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError) as raised:
        datasets.load("circle")
    english, korean = str(raised.value).split("\n")
    assert english.startswith(f"circle.txt is missing from {tmp_path}: reinstall the package")
    assert "circle.txt 파일이 없습니다" in korean


def test_missing_photograph(monkeypatch, tmp_path):
    monkeypatch.setattr(skimage, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(FileNotFoundError, match=r"brick.png is missing from .*\n.*파일이 없습니다"):
        datasets.load("photographs")


def test_no_pickles():
    """NumPy reads no pickled objects unless told to: nobody may tell it to."""
    scripts = [path for folder in ("cnnbook", "tools") for path in (ROOT / folder).rglob("*.py")]
    assert len(scripts) > 10
    for path in scripts:
        assert not re.search("allow_pickle|pickle.load", path.read_text(encoding="utf-8")), path


def test_the_wheel_carries_the_data(tmp_path):
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        tmp_path,
    ]
    subprocess.run([*command, ROOT], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("cnnbook-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("cnnbook/data/circle.txt") == (DATA / "circle.txt").read_bytes()
        carried = {name for name in archive.namelist() if name.startswith("cnnbook/data/")}
        archive.extractall(tmp_path / "unpacked")
    assert carried == {f"cnnbook/{path}" for path in CHECKSUMS if path.startswith("data/")} | {
        "cnnbook/data/README.md",
        "cnnbook/data/checksums.txt",
    }
    script = "from cnnbook import datasets; print(datasets.__file__, datasets.load('circle').sum())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path / "unpacked",
        check=True,
        capture_output=True,
        text=True,
    )
    expected = tmp_path / "unpacked" / "cnnbook" / "datasets.py"
    assert done.stdout == f"{expected} {datasets.load('circle').sum()}\n"
