"""The data sets of the book. `load(name)` returns each one, the same everywhere, without a network.

data/README.md names the origin and licence of every set.
"""

import csv
import dataclasses
import pathlib

import numpy as np

from cnnbook._errors import bad_value

_HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images in two parts: what a model learns from, and what it is judged by.

    x_train, x_test: (images, height, width, channels) uint8; y_train, y_test: (images,) int64, the
    place of each image's class in class_names.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]


def data_dir():
    """Return the folder of the committed data: in the installed package, or in the checkout."""
    installed = _HERE / "data"
    return installed if installed.is_dir() else _HERE.parent / "data"


def load(name):
    """Return a data set by name.

    "circle": a (10, 10) array of int64, 1 on the circle's line and 0 elsewhere.
    "coins": a (303, 384) array of uint8, a photograph of 24 ancient coins.
    "digits": a `Dataset` of 1,437 + 360 handwritten digits, (28, 28, 1), white on black.
    "ilsvrc": a list of dicts, one a year from 2010 to 2017: the winner of ImageNet's classification
        contest, its top-5 error in per cent, its depth in layers (None where it has no single one).
    "photographs": a dict of name -> (height, width, channels) uint8 array, channels 1 or 3.

    Raises ValueError for an unknown name, FileNotFoundError where a file of the set is missing.
    """
    if not isinstance(name, str) or name not in _SETS:
        names = ", ".join(f'"{known}"' for known in _SETS)
        raise bad_value("name", name, f"one of {names}", f"{names} 중 하나")
    return _SETS[name]()


def _circle():
    return np.loadtxt(_existing(data_dir() / "circle.txt"), dtype=np.int64)


def _coins():
    from skimage import io

    return io.imread(_existing(_skimage_data() / "coins.png"))


def _digits():
    from PIL import Image
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    source = load_digits()  # (1797, 8, 8), 0 to 16; ships in scikit-learn itself
    images = np.rint(source.images * (255 / 16)).astype(np.uint8)
    # As MNIST was made: the digit 20 pixels high, its centre of mass in the middle of 28×28.
    # Pillow resizes bytes in whole numbers, so every machine gets the same ones.
    images = [Image.fromarray(image).resize((20, 20), Image.Resampling.BICUBIC) for image in images]
    images = np.stack([_centred(np.asarray(image)) for image in images])[..., np.newaxis]
    labels = source.target.astype(np.int64)
    x_train, x_test, y_train, y_test = train_test_split(
        images, labels, test_size=360, stratify=labels, random_state=0
    )
    return Dataset(x_train, y_train, x_test, y_test, tuple("0123456789"))


def _centred(digit):
    """Put a (20, 20) digit's centre of mass in the middle of (28, 28), to the nearest pixel."""
    canvas = np.pad(digit, 4)
    centre = (np.indices(canvas.shape) * canvas).sum(axis=(1, 2)) / canvas.sum()
    # The digits move by 3 pixels at most: the border of 4 keeps any ink from rolling round.
    return np.roll(canvas, np.rint(13.5 - centre).astype(int), axis=(0, 1))


def _ilsvrc():
    with _existing(data_dir() / "ilsvrc.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["year"], row["top5_error"] = int(row["year"]), float(row["top5_error"])
        row["depth"] = int(row["depth"]) if row["depth"] else None
    return rows


def _photographs():
    from skimage import io

    photographs = {}
    for name in ("brick", "camera", "coffee", "rocket"):
        suffix = "jpg" if name == "rocket" else "png"
        image = io.imread(_existing(_skimage_data() / f"{name}.{suffix}"))
        photographs[name] = image.reshape(*image.shape[:2], -1)
    return photographs


def _skimage_data():
    """Return the folder of the installed package: skimage.data's own functions may ask the network."""
    import skimage

    return pathlib.Path(skimage.__file__).parent / "data"


def _existing(path):
    if not path.is_file():
        raise FileNotFoundError(
            f"{path.name} is missing from {path.parent}: reinstall the package that ships it "
            f"(pip install --force-reinstall --no-deps cnnbook scikit-image).\n"
            f"{path.parent} 폴더에 {path.name} 파일이 없습니다. 위 명령으로 다시 설치합니다."
        )
    return path


_SETS = {
    "circle": _circle,
    "coins": _coins,
    "digits": _digits,
    "ilsvrc": _ilsvrc,
    "photographs": _photographs,
}
