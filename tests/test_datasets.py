"""Data: the sets are what they say they are, their files are known, and the wheel carries them.

Full-size sets are played by small ones, on a local disk; tests/test_downloads.py plays the network.
"""

import gzip
import hashlib
import importlib.util
import io
import itertools
import os
import pathlib
import pickle
import re
import shutil
import subprocess
import sys
import tarfile
import unicodedata
import zipfile

import numpy as np
import pytest
import skimage
import sklearn
from PIL import Image

from cnnbook import archives, datasets, downloads
from tools.recipes import circle

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
    assert (DATA / "circle.txt").read_bytes() == circle.text().encode()
    pixels = datasets.load("circle")
    assert (pixels.shape, pixels.dtype) == ((10, 10), np.int64)
    np.testing.assert_array_equal(pixels, circle.circle())
    # A closed line: each of its pixels touches two others, side by side or corner to corner.
    for y, x in np.argwhere(pixels):
        assert pixels[y - 1 : y + 2, x - 1 : x + 2].sum() >= 3
    for other in (pixels[::-1], pixels[:, ::-1], pixels.T):
        np.testing.assert_array_equal(pixels, other)


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


def test_digits_before_they_are_enlarged():
    small, digits = datasets.load("digits_8x8"), datasets.load("digits")
    for part in ("train", "test"):
        images, large = getattr(small, f"x_{part}"), getattr(digits, f"x_{part}")
        assert images.shape == (len(large), 8, 8, 1) and images.dtype == np.uint8
        assert images.max() == 255
        assert np.array_equal(getattr(small, f"y_{part}"), getattr(digits, f"y_{part}"))
        # The same digit: as much ink, on (20 / 8)² as many pixels.
        ratio = large.sum(axis=(1, 2, 3)) / images.sum(axis=(1, 2, 3), dtype=float)
        assert np.allclose(ratio, 6.25, rtol=0.05)


def test_faces():
    faces = datasets.load("faces")
    images = np.concatenate([faces.x_train, faces.x_test])
    assert (faces.x_train.shape, faces.x_test.shape) == ((120, 25, 25, 1), (80, 25, 25, 1))
    assert (images.dtype, faces.y_train.dtype) == (np.uint8, np.int64)
    assert faces.class_names == ("face", "other")
    assert np.bincount(faces.y_train).tolist() == [60, 60]
    assert np.bincount(faces.y_test).tolist() == [40, 40]
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == 200
    # A face lies in the middle: the mean of the faces is nearly its own mirror image.
    labels = np.concatenate([faces.y_train, faces.y_test])
    face, other = (images[labels == label, ..., 0].mean(axis=0) for label in (0, 1))
    assert abs(face - face[:, ::-1]).mean() < 20
    assert np.ptp(face) > np.ptp(other)


def test_faces_need_the_package_s_file(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "_skimage_data", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="(?s)lfw_subset.npy is missing.*다시 설치"):
        datasets.load("faces")


def test_loading_twice_gives_arrays_of_one_s_own():
    datasets.load("circle")[:] = 7
    assert datasets.load("circle").max() == 1


@pytest.mark.parametrize("path", CHECKSUMS)
def test_checksum(path):
    package, _, rest = path.partition("/")
    content = (FOLDERS[package] / rest).read_bytes()
    assert hashlib.sha256(content).hexdigest() == CHECKSUMS[path]


NEVER_COMMITTED = ("fashion_mnist_sample", "cats_vs_dogs", "stanford_dogs", "faces")


def test_every_file_is_described_and_has_a_checksum():
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    files = [path for path in DATA.rglob("*") if path.is_file()]
    known = {path.relative_to(ROOT).as_posix() for path in files} - {
        "data/README.md",
        "data/checksums.txt",
    }
    # Records are written by tools and say themselves what made them.
    records = {path for path in known if path.startswith("data/results/")}
    written = {*records, "data/verification.json", "data/speed.json"}
    assert {path for path in CHECKSUMS if path.startswith("data/")} == known - written
    for path in known:
        name = "results/*.json" if path in records else path.removeprefix("data/")
        assert f"`{name}`" in readme
    for name in datasets._SETS:
        (row,) = re.findall(rf"^\| `{name}` \|(.*)\|$", readme, re.MULTILINE)
        files, origin, licence = (column.strip() for column in row.split(" | "))
        assert files
        assert origin
        terms = "CC0|CC BY|public domain|no known copyright restrictions"
        if name in datasets.FILES or name in NEVER_COMMITTED:
            terms += "|MIT|none stated"
        assert re.search(terms, licence)
    for name, suffix in [("brick", "png"), ("camera", "png"), ("coffee", "png"), ("rocket", "jpg")]:
        assert f"skimage/data/{name}.{suffix}" in CHECKSUMS


@pytest.mark.parametrize("name", ["mnist ", "Circle", "", None, 3, ["circle"], ("circle",)])
def test_unknown_name(name):
    with pytest.raises(ValueError) as raised:
        datasets.load(name)
    english, korean = str(raised.value).split("\n")
    shown = name if isinstance(name, str) else repr(name)
    assert english.startswith(f'name: got {shown}, wanted one of "breeds", ')
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
        assert not re.search(
            "allow_pickle(?!=False)|pickle.load", path.read_text(encoding="utf-8")
        ), path


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
    files = {f"cnnbook/{p.relative_to(ROOT).as_posix()}" for p in DATA.rglob("*") if p.is_file()}
    assert carried == files
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


def test_every_dataset_says_where_it_is_from():
    for name in ("digits", "digits_8x8", "shapes"):
        loaded = datasets.load(name)
        arrays = (loaded.x_train, loaded.y_train, loaded.x_test, loaded.y_test)
        assert loaded.name == name
        assert loaded.origin.endswith(f"SHA-256 of the arrays {datasets.checksum(*arrays)}")


def test_checksum_of_arrays():
    array = np.arange(6, dtype=np.uint8)
    made = datasets.checksum(array)
    assert made == datasets.checksum(array.copy()) == datasets.checksum(np.repeat(array, 2)[::2])
    others = [array[::-1], array.reshape(2, 3), array.astype(np.int64), array[:5]]
    assert len({made, *(datasets.checksum(other) for other in others)}) == 5
    assert datasets.checksum(array, array) != made


# --- Full-size sets ---

SIZES = {"mnist": (28, 28), "fashion_mnist": (28, 28), "cifar10": (32, 32, 3)}
every_full_set = pytest.mark.parametrize("name", SIZES)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty $CNNBOOK_DATA_DIR, sets of few images, and no network."""
    for name in SIZES:
        monkeypatch.setitem(datasets._COUNTS, name, (50, 10))
    monkeypatch.setenv("CNNBOOK_DATA_DIR", str(tmp_path))

    def keep(file):
        raise OSError(f"{file.url}: no network")

    monkeypatch.setattr(downloads, "keep", keep)
    return tmp_path


def arrays(name):
    random = np.random.default_rng(0)

    def images(count):
        return random.integers(0, 256, (count, *SIZES[name]), dtype=np.uint8)

    labels = np.arange(60, dtype=np.uint8) % 10
    return {
        "x_train": images(50),
        "y_train": labels[:50],
        "x_test": images(10),
        "y_test": labels[50:],
    }


def same(loaded, expected, channels):
    for key, array in expected.items():
        got = getattr(loaded, key)
        np.testing.assert_array_equal(got.reshape(array.shape), array)
        assert got.flags.writeable
        assert got.dtype == (np.uint8 if key.startswith("x") else np.int64)
    assert loaded.x_train.ndim == loaded.x_test.ndim == 4
    assert loaded.x_train.shape[3] == channels
    assert len(loaded.class_names) == 10


@every_full_set
def test_packed_by_the_reader(folder, name):
    expected = arrays(name)
    np.savez_compressed(folder / f"{name}.npz", **expected)
    loaded = datasets.load(name)
    same(loaded, expected, 3 if name == "cifar10" else 1)
    digest = hashlib.sha256((folder / f"{name}.npz").read_bytes()).hexdigest()
    assert loaded.name == name
    assert loaded.origin == f"{name}.npz, not the published archive; SHA-256 {digest}"
    assert str(folder) not in loaded.origin


def test_packed_in_other_ways(folder):
    expected = arrays("cifar10")
    np.savez(
        folder / "cifar10.npz",
        x_train=np.asfortranarray(expected["x_train"]),
        y_train=expected["y_train"].astype(">i4").reshape(-1, 1),  # labels in a column, as Keras's
        x_test=expected["x_test"],
        y_test=expected["y_test"].astype(np.int64),
    )
    same(datasets.load("cifar10"), expected, 3)


def test_known_arrays_are_recognised(folder, monkeypatch):
    expected = arrays("mnist")
    path = folder / "mnist.npz"
    np.savez(path, **expected)
    labels = {key: expected[key].astype(np.int64) for key in ("y_train", "y_test")}
    monkeypatch.setitem(
        datasets._ORIGINAL, "mnist", datasets.checksum(*(expected | labels).values())
    )
    assert (
        "mnist.npz, packed anew, the arrays of the original; SHA-256 "
        in datasets.load("mnist").origin
    )
    digests = downloads.digests(path)
    published = downloads.File("mnist.npz", "", path.stat().st_size, digests)
    monkeypatch.setitem(datasets.FILES, "mnist", [published])
    assert (
        datasets.load("mnist").origin
        == f"mnist.npz, the published file; SHA-256 {digests['sha256']}"
    )


def test_fashion_mnist_sample(folder, monkeypatch):
    images = np.arange(900, dtype=np.int64)[:, None, None] % 251 * np.ones((28, 28), np.int64)
    labels = np.repeat(np.arange(10, dtype=np.uint8), 90)
    np.savez(folder / "fashion_mnist_sample.npz", x=images.astype(np.uint8), y=labels)
    loaded = datasets.load("fashion_mnist_sample")
    assert (loaded.x_train.shape, loaded.x_test.shape) == ((720, 28, 28, 1), (180, 28, 28, 1))
    assert np.bincount(loaded.y_train).tolist() == [72] * 10
    assert np.bincount(loaded.y_test).tolist() == [18] * 10
    # Every image is in one part, with its own label, and the parts are always the same.
    found = np.concatenate([loaded.x_train, loaded.x_test])[:, 0, 0, 0]
    kept = np.concatenate([loaded.y_train, loaded.y_test])
    pairs = sorted(zip(found.tolist(), kept.tolist(), strict=True))
    assert pairs == sorted(zip(images[:, 0, 0].tolist(), labels.tolist(), strict=True))
    np.testing.assert_array_equal(datasets.load("fashion_mnist_sample").x_test, loaded.x_test)
    assert "SHA-256" in loaded.origin
    labels[7] = 77  # a class of one image, which nobody could split
    np.savez(folder / "fashion_mnist_sample.npz", x=images.astype(np.uint8), y=labels)
    with pytest.raises(ValueError, match=r"labels are not the numbers 0 to 9(.|\n)*레이블이 0부터"):
        datasets.load("fashion_mnist_sample")


def photographs(folder, **counts):
    """Write pictures cats_vs_dogs/PART/ANIMAL/ANIMAL.N.jpg; N is their shade of grey."""
    for name, count in counts.items():
        part, animal = name.split("_")
        (folder / "cats_vs_dogs" / part / animal).mkdir(parents=True)
        for shade in range(1, count + 1):
            picture = Image.new(
                "L" if shade == 1 else "RGB",
                (30 + shade, 20),
                shade if shade == 1 else (shade,) * 3,
            )
            picture.save(folder / "cats_vs_dogs" / part / animal / f"{animal}.{shade}.jpg")


def test_cats_vs_dogs(folder):
    photographs(folder, train_cat=11, train_dog=10, test_cat=2, test_dog=2)
    loaded = datasets.load("cats_vs_dogs")
    assert (loaded.x_train.shape, loaded.x_test.shape) == ((21, 180, 180, 3), (4, 180, 180, 3))
    assert loaded.x_train.dtype == np.uint8
    assert loaded.class_names == ("cat", "dog")
    # In turn and in the order of their numbers, so that every beginning is half cats, half dogs.
    assert loaded.y_train.tolist() == [0, 1] * 10 + [0]
    assert loaded.y_test.tolist() == [0, 1, 0, 1]
    shades = loaded.x_train[:, 90, 90].astype(int)
    assert abs(shades - np.repeat(np.arange(1, 12), 2)[:21, np.newaxis]).max() <= 1
    assert "cats_vs_dogs, 21 + 4 pictures scaled to 180×180; SHA-256 of the files " in loaded.origin
    assert str(folder) not in loaded.origin
    (folder / "cats_vs_dogs/test/dog/dog.2.jpg").write_bytes(
        (folder / "cats_vs_dogs/test/dog/dog.1.jpg").read_bytes()
    )
    assert datasets.load("cats_vs_dogs").origin != loaded.origin


@pytest.mark.parametrize("damage", [lambda content: content[:200], lambda content: b"no picture"])
def test_damaged_photograph_is_named(folder, damage):
    photographs(folder, train_cat=1, train_dog=1, test_cat=1, test_dog=1)
    path = folder / "cats_vs_dogs/test/cat/cat.1.jpg"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"cat\.1\.jpg is damaged(.|\n)*파일이 손상되었거나"):
        datasets.load("cats_vs_dogs")


@pytest.mark.parametrize("counts", [{}, {"train_cat": 1, "train_dog": 1, "test_cat": 1}])
def test_photographs_that_are_missing(folder, monkeypatch, counts):
    photographs(folder, **counts)
    part = "test" if counts else "train"
    with pytest.raises(FileNotFoundError) as raised:
        datasets.load("cats_vs_dogs")
    assert f"cats_vs_dogs/{part}/cat/*.jpg and cats_vs_dogs/{part}/dog/*.jpg" in str(raised.value)
    monkeypatch.delenv("CNNBOOK_DATA_DIR")
    with pytest.raises(FileNotFoundError, match="CNNBOOK_DATA_DIR is not set") as raised:
        datasets.load("cats_vs_dogs")
    assert "network" not in str(raised.value)  # it is nowhere to be had


def dogs(folder, **counts):
    """Write pictures stanford_dogs/BREED/N.jpg; N is their shade of grey, another for every one."""
    shades = iter(range(1, 256))
    for breed, count in counts.items():
        (folder / "stanford_dogs" / breed.replace("__", "-")).mkdir(parents=True)
        for shade in itertools.islice(shades, count):
            picture = Image.new("RGB", (30, 20 + shade), (shade,) * 3)
            picture.save(folder / "stanford_dogs" / breed.replace("__", "-") / f"{shade}.jpg")


def test_stanford_dogs(folder):
    dogs(folder, n02110958__pug=10, n02112137__chow=2, n02086240__Shih__Tzu=8)
    loaded = datasets.load("stanford_dogs")
    assert loaded.class_names == ("Shih-Tzu", "pug", "chow")
    assert (loaded.x_train.shape, loaded.x_test.shape) == ((15, 96, 96, 3), (5, 96, 96, 3))
    assert np.bincount(loaded.y_train).tolist() == [6, 8, 1]
    assert np.bincount(loaded.y_test).tolist() == [2, 2, 1]
    # Every picture is in one part, with its own label.
    for part in ("train", "test"):
        shades = getattr(loaded, f"x_{part}")[:, 48, 48, 0].astype(int)
        labels = np.select([shades <= 10, shades <= 12], [1, 2], 0)
        assert labels.tolist() == getattr(loaded, f"y_{part}").tolist()
    shades = np.concatenate([loaded.x_train, loaded.x_test])[:, 48, 48, 0].astype(int)
    assert abs(np.sort(shades) - np.arange(1, 21)).max() <= 1
    assert "15 + 5 pictures of 3 breeds scaled to 96×96; SHA-256 of the files " in loaded.origin
    assert str(folder) not in loaded.origin
    np.testing.assert_array_equal(datasets.load("stanford_dogs").x_test, loaded.x_test)


def left_behind(folder):
    """Put beside pictures what systems leave there, and names of pictures that are none."""
    for name in ("._cat.1.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", ".hidden.jpg"):
        (folder / name).write_bytes(b"no picture")
    (folder / "folder.jpg").mkdir()
    for name in (".ipynb_checkpoints", "__MACOSX", ".Trash-1000"):
        (folder / name).mkdir()
        (folder / name / "copy.jpg").write_bytes(b"no picture")
    if os.name == "posix":
        (folder / "link.jpg").symlink_to(folder / "nowhere.jpg")


def test_what_systems_leave_beside_pictures_is_passed_over(folder):
    photographs(folder, train_cat=3, train_dog=3, test_cat=1, test_dog=1)
    dogs(folder, pug=3, chow=2)
    before = {name: datasets.load(name) for name in ("cats_vs_dogs", "stanford_dogs")}
    for place in ("cats_vs_dogs/train/cat", "cats_vs_dogs/train", "stanford_dogs/pug"):
        left_behind(folder / place)
    left_behind(folder / "stanford_dogs")
    for name, loaded in before.items():
        again = datasets.load(name)
        assert again.origin == loaded.origin and again.class_names == loaded.class_names
        np.testing.assert_array_equal(again.x_train, loaded.x_train)


def test_pictures_end_in_many_ways(folder):
    photographs(folder, train_cat=3, train_dog=3, test_cat=1, test_dog=1)
    cats = folder / "cats_vs_dogs/train/cat"
    (cats / "cat.2.jpg").rename(cats / "cat.2.JPG")
    (cats / "cat.3.jpg").rename(cats / "cat.3.jpeg")
    Image.new("RGB", (30, 20), (4, 4, 4)).save(cats / "cat.4.PNG")
    for end in ("jfif", "JPE"):  # as browsers on Windows save a JPEG
        Image.new("RGB", (30, 20), (5, 5, 5)).save(cats / f"cat.5.{end}", "JPEG")
    loaded = datasets.load("cats_vs_dogs")
    assert np.bincount(loaded.y_train).tolist() == [6, 3]


def test_names_taken_apart_by_a_mac_are_the_same_names(folder):
    loaded = []
    for form in ("NFC", "NFD"):
        shutil.rmtree(folder / "stanford_dogs", ignore_errors=True)
        for breed, shade in (("푸들", 40), ("진돗개", 80), ("Pug", 120)):
            breed = folder / "stanford_dogs" / unicodedata.normalize(form, breed)
            breed.mkdir(parents=True)
            for number, name in enumerate(["a", "Z", "강", "가나"]):
                name = unicodedata.normalize(form, f"{name}.png")
                Image.new("RGB", (9, 9), (shade + number,) * 3).save(breed / name)
        loaded.append(datasets.load("stanford_dogs"))
    first, second = loaded
    assert first.class_names == second.class_names == ("Pug", "진돗개", "푸들")
    assert first.origin == second.origin
    np.testing.assert_array_equal(first.x_test, second.x_test)
    np.testing.assert_array_equal(first.x_train, second.x_train)


def test_dogs_that_cannot_be_used(folder):
    with pytest.raises(FileNotFoundError, match=r"stanford_dogs/\*/\*\.jpg(.|\n)*찾지 못했습니다"):
        datasets.load("stanford_dogs")
    dogs(folder, pug=3, chow=1)
    with pytest.raises(ValueError, match=r"chow with one picture(.|\n)*두 장 이상"):
        datasets.load("stanford_dogs")
    (folder / "stanford_dogs/chow/9.jpg").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"9\.jpg is damaged"):
        datasets.load("stanford_dogs")


def test_the_120_breeds():
    breeds = datasets.load("breeds")
    assert len(set(breeds)) == 120 and list(breeds) == sorted(breeds)
    assert all(re.fullmatch(r"n\d{8}-[A-Za-z_-]+", breed) for breed in breeds)


@every_full_set
def test_both_ways_out_are_said(folder, name):
    with pytest.raises(FileNotFoundError) as raised:
        datasets.load(name)
    english, korean = str(raised.value).split("\n")
    for words in (f"{name}.npz", datasets.FILES[name][-1].path, "CNNBOOK_DATA_DIR"):
        assert words in english
        assert words in korean
    assert f"it is not in CNNBOOK_DATA_DIR ({folder})" in english
    assert "no network" in english  # what the download came to
    assert "or connect to the network" in english
    assert "인터넷에 연결합니다" in korean


def test_without_a_folder(folder, monkeypatch):
    monkeypatch.delenv("CNNBOOK_DATA_DIR")
    with pytest.raises(FileNotFoundError, match="CNNBOOK_DATA_DIR is not set; .*no network"):
        datasets.load("mnist")
    with pytest.raises(FileNotFoundError) as raised:
        datasets.load("fashion_mnist_sample")
    assert "fashion_mnist_sample.npz" in str(raised.value)
    assert "network" not in str(raised.value)  # it is nowhere to be had


# --- Files that are not what they should be ---


def rewritten(path, change):
    """Pack an .npz anew with its members changed: change(name, bytes) -> bytes, or None to leave out."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            if (content := change(name, content)) is not None:
                archive.writestr(name, content)


def packed(path, **changes):
    kept = {**arrays("mnist"), **changes}
    np.savez_compressed(path, **{key: array for key, array in kept.items() if array is not None})


def damaged(path):
    packed(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def other_checksum(path):
    packed(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 16] ^= 1  # in the list of members
    path.write_bytes(content)


def cut(path):
    packed(path)
    path.write_bytes(path.read_bytes()[:-100])


def with_header(old, new):
    """Let the header of x_train say something else."""

    def write(path):
        packed(path)

        def change(name, content):
            replaced = content.replace(old, new, 1) if name == "x_train.npy" else content
            assert name != "x_train.npy" or (replaced != content and len(replaced) == len(content))
            return replaced

        rewritten(path, change)

    return write


def longer(path):
    packed(path)
    rewritten(path, lambda name, content: content + bytes(1_000_000))


def shorter(path):
    packed(path)
    rewritten(path, lambda name, content: content[:-1] if name == "x_test.npy" else content)


def twice(path):
    packed(path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("x_test.npy", b"")


def encrypted(path):
    packed(path)
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flag, in the first member and in the list of members
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)


class Trap:
    """What runs if the file is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def pickled_member(path):
    packed(path)
    rewritten(path, lambda name, content: pickle.dumps(Trap()) if name == "x_test.npy" else content)


MNIST = arrays("mnist")
UNFIT = {
    "empty file": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("404 Not Found"),
    "truncated": cut,
    "a byte changed": damaged,
    "another checksum in the list": other_checksum,
    "a plain pickle": lambda path: path.write_bytes(pickle.dumps(Trap())),
    "a pickle in the archive": pickled_member,
    "objects": lambda path: packed(path, x_train=np.array([Trap()] * 50)),
    "labels of objects": lambda path: packed(path, y_train=np.array([Trap()] * 50)),
    "a key missing": lambda path: packed(path, y_test=None),
    "another key": lambda path: packed(path, y_test=None, labels=MNIST["y_test"]),
    "a key too many": lambda path: packed(path, extra=MNIST["y_test"]),
    "a key twice": twice,
    "numbers with fractions": lambda path: packed(path, x_train=MNIST["x_train"] / np.float32(255)),
    "labels with fractions": lambda path: packed(path, y_train=MNIST["y_train"] / np.float32(2)),
    "labels one-hot": lambda path: packed(
        path, y_train=np.eye(10, dtype=np.uint8)[MNIST["y_train"]]
    ),
    "fewer images": lambda path: packed(path, x_train=MNIST["x_train"][:49]),
    "fewer labels": lambda path: packed(path, y_test=MNIST["y_test"][:9]),
    "flat images": lambda path: packed(path, x_test=MNIST["x_test"].reshape(10, 784)),
    "colour": lambda path: packed(path, x_test=np.stack([MNIST["x_test"]] * 3, axis=-1)),
    "labels beyond the classes": lambda path: packed(path, y_train=MNIST["y_train"] + np.uint8(1)),
    "labels below zero": lambda path: packed(path, y_train=MNIST["y_train"].astype(int) - 1),
    "labels that wrap": lambda path: packed(path, y_train=MNIST["y_train"] + np.uint64(2**64 - 10)),
    "a class missing": lambda path: packed(path, y_test=np.minimum(MNIST["y_test"], 8)),
    "a huge shape": with_header(b"(50, 28, 28), }        ", b"(50000000000, 28, 28), }"[:23]),
    "another version": with_header(b"NUMPY\x01", b"NUMPY\x09"),
    "a header that is no dict": with_header(b"{'descr'", b"['descr'"),
    "more bytes than the shape": longer,
    "fewer bytes than the shape": shorter,
    "encrypted": encrypted,
}


@pytest.mark.parametrize("write", UNFIT.values(), ids=UNFIT)
def test_unfit_archive_is_refused(folder, write):
    write(folder / "mnist.npz")
    with pytest.raises(ValueError) as raised:
        datasets.load("mnist")
    english, korean = str(raised.value).rsplit("\n", 1)
    assert "mnist" in english
    assert "mnist" in korean and re.search("[가-힣]", korean)


def test_huge_member_is_not_unpacked(folder):
    """A few bytes that unpack to many: the reader stops one byte after the shape's own."""
    path = folder / "mnist.npz"
    packed(path)
    whole = path.stat().st_size
    rewritten(path, lambda name, content: content + bytes(20_000_000 * (name == "x_train.npy")))
    assert path.stat().st_size < whole + 50_000
    read = []

    class Counted(zipfile.ZipExtFile):
        def read(self, n=-1):
            content = super().read(n)
            read.append(len(content))
            return content

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zipfile, "ZipExtFile", Counted)
        with pytest.raises(ValueError, match="more or fewer bytes"):
            datasets.load("mnist")
    assert sum(read) < 50 * 28 * 28 + 1000


# --- Published files ---


def idx(array):
    array = np.asarray(array, np.uint8)
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes(), mtime=0)


def cifar10_archive(expected, batch=10, change=lambda members: None):
    """Return the bytes of a binary archive like CIFAR-10's."""
    images = np.concatenate([expected["x_train"], expected["x_test"]])
    labels = np.concatenate([expected["y_train"], expected["y_test"]])
    members = {"batches.meta.txt": b"airplane\n", "readme.html": b"<html>"}
    for number in range(6):
        chosen = range(number * batch, (number + 1) * batch)
        name = "test_batch.bin" if number == 5 else f"data_batch_{number + 1}.bin"
        members[name] = b"".join(
            bytes([labels[i]]) + images[i].transpose(2, 0, 1).tobytes() for i in chosen
        )
    members = {f"cifar-10-batches-bin/{name}": content for name, content in members.items()}
    change(members)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def publish(folder, monkeypatch, name, contents):
    """Lay files into the folder that pass for the published ones."""
    files = []
    for file, content in zip(datasets.FILES[name], contents, strict=True):
        path = folder / file.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        digests = downloads.digests(path, file.digests)
        files.append(downloads.File(file.path, file.url, len(content), digests))
    monkeypatch.setitem(datasets.FILES, name, files)
    return files


def test_fashion_mnist_s_published_files(folder, monkeypatch):
    expected = arrays("fashion_mnist")
    files = publish(folder, monkeypatch, "fashion_mnist", map(idx, expected.values()))
    loaded = datasets.load("fashion_mnist")
    same(loaded, expected, 1)
    for file in files:
        assert f"{file.path}, the published file; SHA-256 {file.digests['sha256']}" in loaded.origin
    # One of them gone: the others do not suffice.
    (folder / files[2].path).unlink()
    with pytest.raises(FileNotFoundError):
        datasets.load("fashion_mnist")


def test_cifar10_s_published_archive(folder, monkeypatch):
    expected = arrays("cifar10")
    publish(folder, monkeypatch, "cifar10", [cifar10_archive(expected)])
    loaded = datasets.load("cifar10")
    same(loaded, expected, 3)
    assert loaded.origin.startswith("cifar-10-binary.tar.gz, the published file; SHA-256 ")
    assert [path.name for path in folder.iterdir()] == ["cifar-10-binary.tar.gz"]


@pytest.mark.parametrize("name", ["fashion_mnist", "cifar10"])
def test_other_bytes_are_refused_unread(folder, monkeypatch, name):
    for file in datasets.FILES[name]:
        path = folder / file.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not " * 1000)
    monkeypatch.setattr(archives, "read", lambda *arguments: pytest.fail("read"))
    with pytest.raises(ValueError) as raised:
        datasets.load(name)
    english, korean = str(raised.value).split("\n")
    assert datasets.FILES[name][0].digests["sha256"] in english
    assert "체크섬" in korean


def test_downloaded_files_are_read_where_they_are_kept(folder, tmp_path_factory, monkeypatch):
    kept = tmp_path_factory.mktemp("kept")
    expected = arrays("cifar10")
    publish(kept, monkeypatch, "cifar10", [cifar10_archive(expected)])
    monkeypatch.setattr(downloads, "keep", lambda file: kept / file.path)
    same(datasets.load("cifar10"), expected, 3)
    monkeypatch.delenv("CNNBOOK_DATA_DIR")
    same(datasets.load("cifar10"), expected, 3)


def link(members):
    """Let a batch be a symbolic link to another one."""
    member = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
    member.type, member.linkname, member.size = tarfile.SYMTYPE, "data_batch_1.bin", 30730
    members[member.name] = member


def elsewhere(members):
    """Let a batch lie outside the folder."""
    members["../../test_batch.bin"] = members.pop("cifar-10-batches-bin/test_batch.bin")


def renamed(members):
    """The archive for Python: pickles, under other names."""
    for name in [name for name in members if name.endswith(".bin")]:
        members[name.removesuffix(".bin")] = pickle.dumps(Trap())
        del members[name]


def short_batch(members):
    members["cifar-10-batches-bin/data_batch_3.bin"] = bytes(3073 * 9)


UNFIT_CIFAR10 = {
    "link": lambda path: path.write_bytes(cifar10_archive(arrays("cifar10"), change=link)),
    "elsewhere": lambda path: path.write_bytes(
        cifar10_archive(arrays("cifar10"), change=elsewhere)
    ),
    "pickles": lambda path: path.write_bytes(cifar10_archive(arrays("cifar10"), change=renamed)),
    "short batch": lambda path: path.write_bytes(
        cifar10_archive(arrays("cifar10"), change=short_batch)
    ),
    "truncated": lambda path: path.write_bytes(cifar10_archive(arrays("cifar10"))[:-5000]),
    "not packed": lambda path: path.write_bytes(
        gzip.decompress(cifar10_archive(arrays("cifar10")))
    ),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("write", UNFIT_CIFAR10.values(), ids=UNFIT_CIFAR10)
def test_unfit_cifar10_archive(tmp_path, write):
    path = tmp_path / "cifar-10-binary.tar.gz"
    write(path)
    with pytest.raises(ValueError, match=r"cannot be used: .*\n.*쓸 수 없습니다"):
        archives.read(path, archives.cifar10, 10)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x1f\x8b",
        idx(np.zeros((10, 28, 28)))[:-4],
        idx(np.zeros((10, 28, 28)))[:-8] + bytes(8),
        idx(np.zeros((9, 28, 28))),
        idx(np.zeros((10, 27, 28))),
        idx(np.zeros((10, 784))),
        gzip.compress(gzip.decompress(idx(np.zeros((10, 28, 28)))) + b"x"),
        gzip.compress(gzip.decompress(idx(np.zeros((10, 28, 28))))[:-1]),
        gzip.decompress(idx(np.zeros((10, 28, 28)))),
    ],
    ids=range(10),
)
def test_unfit_idx_file(tmp_path, content):
    path = tmp_path / "images.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot be used: .*\n.*쓸 수 없습니다"):
        archives.read(path, archives.idx, (10, 28, 28))


def test_published_addresses_are_keras_s():
    """Where Keras's own loaders find them, and the checksum that they compare."""
    keras = pathlib.Path(importlib.util.find_spec("keras").submodule_search_locations[0])
    source = (keras / "src/datasets/mnist.py").read_text()
    (mnist,) = datasets.FILES["mnist"]
    assert f'"{mnist.url.removesuffix("mnist.npz")}"' in source
    assert f'"{mnist.digests["sha256"]}"' in source
    source = (keras / "src/datasets/fashion_mnist.py").read_text()
    for file in datasets.FILES["fashion_mnist"]:
        folder, name = file.url.rsplit("/", 1)
        assert f'"{folder}/"' in source
        assert f'"{name}"' in source


@every_full_set
def test_published_digests_are_well_formed(name):
    for file in datasets.FILES[name]:
        assert file.url.startswith("https://")
        assert re.fullmatch("[0-9a-f]{64}", file.digests["sha256"])
        assert name == "mnist" or re.fullmatch("[0-9a-f]{32}", file.digests["md5"])
