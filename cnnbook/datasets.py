"""The data sets of the book: `load(name)` returns each one.

Small sets ship with the book, the same everywhere, and need no network. Full-size sets are searched
in the folder that $CNNBOOK_DATA_DIR names, then downloaded. data/README.md names the origin and
licence of every set.
"""

import csv
import dataclasses
import hashlib
import io
import itertools
import json
import pathlib
import re

import numpy as np

from cnnbook import archives, downloads, generated
from cnnbook._errors import bad_value
from cnnbook._files import composed, folders, pictures
from cnnbook.dataset import Dataset, checksum

_HERE = pathlib.Path(__file__).resolve().parent


def data_dir():
    """Return the folder of the committed data: in the installed package, or in the checkout."""
    installed = _HERE / "data"
    return installed if installed.is_dir() else _HERE.parent / "data"


def load(name):
    """Return a data set by name.

    "breeds": a tuple of the 120 folder names of Stanford Dogs, such as "n02110958-pug".
    "circle": a (10, 10) array of int64, 1 on the circle's line and 0 elsewhere.
    "coins": a (303, 384) array of uint8, a photograph of 24 ancient coins.
    "digits": a `Dataset` of 1,437 + 360 handwritten digits, (28, 28, 1), white on black.
    "digits_8x8": the same digits in the same order before they are enlarged, (8, 8, 1).
    "faces": a `Dataset` of 120 + 80 grey photographs, faces and other things, (25, 25, 1).
    "flowers": a `Dataset` of 800 + 400 generated flowers with 3 to 10 petals, (32, 32, 3).
    "ilsvrc": a list of dicts, one a year from 2010 to 2017: the winner of ImageNet's classification
        contest, its top-5 error in per cent, its depth in layers (None where it has no single one).
    "photographs": a dict of name -> (height, width, channels) uint8 array, channels 1 or 3.
    "shapes": a `Dataset` of 2,000 + 500 generated colour images of ten shapes, (32, 32, 3).
    "strokes": a list of 300 dicts, 30 for each digit in turn: its label, the index of the MNIST test
        image whose skeleton it is, and its strokes, a list of (points, 2) arrays of (x, y).

    Full size, from $CNNBOOK_DATA_DIR or, the first time, from the network:
    "cats_vs_dogs": photographs of cats and dogs in turn, scaled to (180, 180, 3), from
        $CNNBOOK_DATA_DIR alone.
    "cifar10": 50,000 + 10,000 colour images of ten kinds of things, (32, 32, 3).
    "fashion_mnist": 60,000 + 10,000 pictures of clothes, (28, 28, 1), white on black.
    "fashion_mnist_sample": 720 + 180 of them, from $CNNBOOK_DATA_DIR alone.
    "mnist": 60,000 + 10,000 handwritten digits, (28, 28, 1), white on black.
    "stanford_dogs": photographs of dogs, a class a breed, scaled to (96, 96, 3), a fifth of every
        breed for testing, from $CNNBOOK_DATA_DIR alone.

    Raises ValueError for an unknown name and for a file that is damaged or not what its name says;
    FileNotFoundError where a file is missing and cannot be downloaded.
    """
    if not isinstance(name, str) or name not in _SETS:
        names = ", ".join(f'"{known}"' for known in _SETS)
        raise bad_value("name", name, f"one of {names}", f"{names} 중 하나")
    loaded = _SETS[name]()
    if isinstance(loaded, Dataset):
        arrays = (loaded.x_train, loaded.y_train, loaded.x_test, loaded.y_test)
        origin = loaded.origin or f"made by the book; SHA-256 of the arrays {checksum(*arrays)}"
        loaded = dataclasses.replace(loaded, name=name, origin=origin)
    return loaded


def _breeds():
    return tuple(_existing(data_dir() / "breeds.txt").read_text(encoding="utf-8").split())


def _circle():
    return np.loadtxt(_existing(data_dir() / "circle.txt"), dtype=np.int64)


def _coins():
    from skimage import io

    return io.imread(_existing(_skimage_data() / "coins.png"))


def _digits_8x8():
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    source = load_digits()  # (1797, 8, 8), 0 to 16; ships in scikit-learn itself
    images = np.rint(source.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    labels = source.target.astype(np.int64)
    x_train, x_test, y_train, y_test = train_test_split(
        images, labels, test_size=360, stratify=labels, random_state=0
    )
    digest = checksum(x_train, y_train, x_test, y_test)
    origin = f"scikit-learn's load_digits, as bytes; SHA-256 of the arrays {digest}"
    return Dataset(x_train, y_train, x_test, y_test, tuple("0123456789"), origin=origin)


def _digits():
    from PIL import Image

    small = _digits_8x8()

    def as_mnist(images):
        # As MNIST was made: the digit 20 pixels high, its centre of mass in the middle of 28×28.
        # Pillow resizes bytes in whole numbers, so every machine gets the same ones.
        large = (
            Image.fromarray(image[..., 0]).resize((20, 20), Image.Resampling.BICUBIC)
            for image in images
        )
        return np.stack([_centred(np.asarray(image)) for image in large])[..., np.newaxis]

    x_train, x_test = as_mnist(small.x_train), as_mnist(small.x_test)
    digest = checksum(x_train, small.y_train, x_test, small.y_test)
    origin = f"scikit-learn's load_digits, enlarged and centred; SHA-256 of the arrays {digest}"
    return dataclasses.replace(small, x_train=x_train, x_test=x_test, origin=origin)


def _centred(digit):
    """Put a (20, 20) digit's centre of mass in the middle of (28, 28), to the nearest pixel."""
    canvas = np.pad(digit, 4)
    centre = (np.indices(canvas.shape) * canvas).sum(axis=(1, 2)) / canvas.sum()
    # The digits move by 3 pixels at most: the border of 4 keeps any ink from rolling round.
    return np.roll(canvas, np.rint(13.5 - centre).astype(int), axis=(0, 1))


def _faces():
    from sklearn.model_selection import train_test_split

    # (200, 25, 25), 0 to 1: 100 faces, then 100 pieces of the background of such photographs.
    images = np.load(_existing(_skimage_data() / "lfw_subset.npy"), allow_pickle=False)
    images = np.rint(images * 255).astype(np.uint8)[..., np.newaxis]
    labels = np.repeat([0, 1], 100)
    x_train, x_test, y_train, y_test = train_test_split(
        images, labels, test_size=80, stratify=labels, random_state=0
    )
    digest = checksum(x_train, y_train, x_test, y_test)
    origin = f"scikit-image's lfw_subset, as bytes; SHA-256 of the arrays {digest}"
    return Dataset(x_train, y_train, x_test, y_test, ("face", "other"), origin=origin)


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


def _strokes():
    text = _existing(data_dir() / "strokes.json").read_text(encoding="utf-8")
    return [
        {**digit, "strokes": [np.array(stroke, float) for stroke in digit["strokes"]]}
        for digit in json.loads(text)["digits"]
    ]


def _shapes():
    return generated.shapes()


def _flowers():
    return generated.flowers()


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


# --- Full-size sets ---

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
# Where the originals are, with sizes and digests as published. The makers of Fashion-MNIST and of
# CIFAR-10 publish MD5 alone, the SHA-256 is TensorFlow Datasets'; for MNIST it is Keras's.
FILES = {
    "mnist": [
        downloads.File(
            "mnist.npz",
            _KERAS + "mnist.npz",
            11_490_434,
            {"sha256": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"},
        )
    ],
    "fashion_mnist": [
        downloads.File(
            f"fashion-mnist/{name}.gz",
            f"{_KERAS}{name}.gz",
            size,
            {"sha256": sha256, "md5": md5},
        )
        for name, size, sha256, md5 in [
            (
                "train-images-idx3-ubyte",
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            ),
            (
                "train-labels-idx1-ubyte",
                29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                "25c81989df183df01b3e8a0aad5dffbe",
            ),
            (
                "t10k-images-idx3-ubyte",
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                "bef4ecab320f06d8554ea6380940ec79",
            ),
            (
                "t10k-labels-idx1-ubyte",
                5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
        ]
    ],
    "cifar10": [
        downloads.File(
            "cifar-10-binary.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            170_052_171,
            {
                "sha256": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                "md5": "c32a1d4ab5d03f1284b67883e8d87530",
            },
        )
    ],
}
_CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
_COUNTS = {
    "mnist": (60_000, 10_000),
    "fashion_mnist": (60_000, 10_000),
    "fashion_mnist_sample": (720, 180),
    "cifar10": (50_000, 10_000),
}
# `checksum` of the original arrays, for archives that somebody has packed anew: MNIST's, whose IDX
# files have the known MD5s 6bbc9ace…, a25bea73…, 2646ac64… and 27ae3e4e….
_ORIGINAL = {"mnist": "2701a7c51b439ac7326231475ca3bb92c64cf4f6c5d5b203bbb13a2f5a9c123a"}


def _full(name, size, class_names, read_published):
    """Load a full-size set: NAME.npz or the published files from $CNNBOOK_DATA_DIR, or keep them.

    NAME.npz may be packed by anyone and is judged by its contents, and its origin says so; the
    published files must be as they were published.
    """
    (train, test), files = _COUNTS[name], FILES[name]
    shapes = {
        "x_train": (train, *size),
        "y_train": (train,),
        "x_test": (test, *size),
        "y_test": (test,),
    }
    folder = downloads.local_dir()
    packed = folder / f"{name}.npz" if folder else None
    if packed and packed.is_file():
        arrays = archives.read(packed, archives.npz, shapes)
        digest = downloads.digests(packed)["sha256"]
        if any(file.digests["sha256"] == digest for file in files):
            note = "the published file"
        elif checksum(*arrays) == _ORIGINAL.get(name):
            note = "packed anew, the arrays of the original"
        else:
            note = "not the published archive"
        origin = f"{packed.name}, {note}; SHA-256 {digest}"
    else:
        paths = _published(name, files, folder)
        arrays = read_published(paths, shapes)
        origin = "; ".join(
            f"{file.path}, the published file; SHA-256 {file.digests['sha256']}" for file in files
        )
    return _judged(name, arrays, class_names, origin)


def _judged(name, arrays, class_names, origin):
    """Return the Dataset of four arrays, once its labels are known to be classes."""
    x_train, y_train, x_test, y_test = arrays
    for labels in (y_train, y_test):
        _check_labels(name, labels, class_names, origin)
    if x_train.ndim == 3:
        x_train, x_test = x_train[..., np.newaxis], x_test[..., np.newaxis]
    return Dataset(x_train, y_train, x_test, y_test, class_names, origin=origin)


def _check_labels(name, labels, class_names, origin):
    if not np.array_equal(np.unique(labels), np.arange(len(class_names))):
        raise ValueError(
            f"{name}: the labels are not the numbers 0 to {len(class_names) - 1} ({origin}).\n"
            f"{name}: 레이블이 0부터 {len(class_names) - 1}까지의 수가 아닙니다."
        )


def _published(name, files, folder):
    """Return the paths of the published files, from the reader's folder or kept by us."""
    if folder and all((folder / file.path).is_file() for file in files):
        for file in files:
            if not downloads.is_whole(folder / file.path, file):
                raise ValueError(
                    f"{folder / file.path} is damaged, or not the published file: its checksum is "
                    f"not {file.digests['sha256']}. Replace it with an intact copy.\n"
                    f"{folder / file.path} 파일의 체크섬이 다릅니다. 온전한 파일로 바꿉니다."
                )
        return [folder / file.path for file in files]
    try:
        return [downloads.keep(file) for file in files]
    except OSError as error:
        published = " + ".join(file.path for file in files)
        choices = dict.fromkeys([f"{name}.npz", published])  # one, where they are the same
        raise _missing(name, choices, folder, error) from error


def _missing(name, choices, folder, error=None):
    """Return the error for data that is in no folder, with the ways out."""
    searched = (
        f"it is not in CNNBOOK_DATA_DIR ({folder})" if folder else "CNNBOOK_DATA_DIR is not set"
    )
    tried, network, network_ko = "", "", ""
    if error:
        tried = f"; {error}"
        network, network_ko = ", or connect to the network", " 또는 인터넷에 연결합니다."
    return FileNotFoundError(
        f"{name} was not found: {searched}{tried}. Set CNNBOOK_DATA_DIR to a folder that holds "
        f"{' or '.join(choices)}{network}.\n"
        f"{name} 데이터를 찾지 못했습니다. 환경 변수 CNNBOOK_DATA_DIR에 다음 파일이 있는 폴더를 "
        f"지정합니다: {' 또는 '.join(choices)}.{network_ko}"
    )


def _mnist():
    def read(paths, shapes):
        return archives.read(paths[0], archives.npz, shapes)

    return _full("mnist", (28, 28), tuple("0123456789"), read)


def _fashion_mnist():
    def read(paths, shapes):
        return [
            archives.read(path, archives.idx, shape)
            for path, shape in zip(paths, shapes.values(), strict=True)
        ]

    return _full("fashion_mnist", (28, 28), _CLOTHES, read)


def _cifar10():
    def read(paths, shapes):
        return archives.read(paths[0], archives.cifar10, *shapes["y_test"])

    return _full("cifar10", (32, 32, 3), CIFAR10_CLASSES, read)


def _fashion_mnist_sample():
    from sklearn.model_selection import train_test_split

    folder = downloads.local_dir()
    path = folder / "fashion_mnist_sample.npz" if folder else None
    if not (path and path.is_file()):
        raise _missing("fashion_mnist_sample", ["fashion_mnist_sample.npz"], folder)
    train, test = _COUNTS["fashion_mnist_sample"]
    shapes = {"x": (train + test, 28, 28), "y": (train + test,)}
    images, labels = archives.read(path, archives.npz, shapes)
    origin = f"{path.name}; SHA-256 {downloads.digests(path)['sha256']}"
    _check_labels(
        "fashion_mnist_sample", labels, _CLOTHES, origin
    )  # a class of one cannot be split
    x_train, x_test, y_train, y_test = train_test_split(
        images, labels, test_size=test, stratify=labels, random_state=0
    )
    return _judged("fashion_mnist_sample", (x_train, y_train, x_test, y_test), _CLOTHES, origin)


_PICTURES = "cats_vs_dogs/{part}/{animal}/*.jpg"
_ANIMALS = ("cat", "dog")
_SIDE = (
    180  # pixels: every picture becomes a square of this side, as the chapter's network wants it
)


def _cats_vs_dogs():
    folder = downloads.local_dir()
    files, read = hashlib.sha256(), []
    for part in ("train", "test"):
        found = [_pictures(folder, part, animal) for animal in _ANIMALS]
        if not all(found):
            choices = [_PICTURES.format(part=part, animal=animal) for animal in _ANIMALS]
            raise _missing("cats_vs_dogs", [" and ".join(choices)], folder)
        # In turn, so that the first pictures of a part are as many cats as dogs.
        order = [
            pair for row in itertools.zip_longest(*found) for pair in enumerate(row) if pair[1]
        ]
        named = [(label, f"{part}/{path.name}", path) for label, path in order]
        read += _photographs_of(named, _SIDE, files)
    origin = (
        f"cats_vs_dogs, {len(read[0])} + {len(read[2])} pictures scaled to {_SIDE}×{_SIDE}; "
        f"SHA-256 of the files {files.hexdigest()}"
    )
    return Dataset(*read, _ANIMALS, origin=origin)


def _pictures(folder, part, animal):
    """Return the paths of a part's pictures of an animal, cat.2.jpg before cat.10.jpg."""
    paths = pictures(folder / "cats_vs_dogs" / part / animal) if folder else []
    return sorted(paths, key=lambda path: (len(composed(path.name)), composed(path.name)))


def _photographs_of(named, side, files):
    """Return [images, labels] of (label, name, path) triples; the digest `files` takes them in."""
    images = np.empty((len(named), side, side, 3), np.uint8)
    for image, (_, name, path) in zip(images, named, strict=True):
        content = path.read_bytes()
        files.update(f"{composed(name)} ".encode() + content)
        image[:] = _photograph(path, content, side)
    return [images, np.array([label for label, _, _ in named])]


def _photograph(path, content, side):
    """Return a picture scaled to a square of this side, as `pictures.open_picture` reads it."""
    from PIL import Image

    from cnnbook.pictures import open_picture

    try:
        picture = open_picture(io.BytesIO(content))
    except ValueError as error:
        raise ValueError(
            f"{path} is damaged, or is not a picture. Replace it with an intact copy.\n"
            f"{path} 파일이 손상되었거나 사진이 아닙니다. 온전한 파일로 바꿉니다."
        ) from error
    return picture.resize((side, side), Image.Resampling.BILINEAR)


_DOGS = "stanford_dogs/*/*.jpg"
_DOG_SIDE = 96  # pixels: 20,580 pictures of this size fit a memory of 1 GB


def _stanford_dogs():
    folder = downloads.local_dir()
    breeds = {}
    for breed in folders(folder / "stanford_dogs") if folder else []:
        if paths := pictures(breed):
            breeds[breed.name] = paths
    if not breeds:
        raise _missing("stanford_dogs", [_DOGS], folder)
    if few := [breed for breed, paths in breeds.items() if len(paths) < 2]:
        came = f"{', '.join(few)} with one picture"
        wanted = "two pictures per breed or more: to learn from and to test", "견종마다 두 장 이상"
        raise bad_value("stanford_dogs", came, *wanted)
    # A fifth of every breed is for testing, one picture at least, drawn breed by breed.
    random, parts = np.random.RandomState(0), ([], [])
    for label, paths in enumerate(breeds.values()):
        tested = max(1, round(len(paths) / 5))
        for place, chosen in enumerate(random.permutation(len(paths))):
            parts[place < tested].append((label, paths[chosen]))
    files, read = hashlib.sha256(), []
    for part, pairs in zip(("train", "test"), parts, strict=True):
        named = [(label, f"{part}/{path.parent.name}/{path.name}", path) for label, path in pairs]
        read += _photographs_of(named, _DOG_SIDE, files)
    origin = (
        f"stanford_dogs, {len(read[0])} + {len(read[2])} pictures of {len(breeds)} breeds scaled to "
        f"{_DOG_SIDE}×{_DOG_SIDE}; SHA-256 of the files {files.hexdigest()}"
    )
    names = tuple(re.sub(r"^n\d{8}-", "", composed(breed)) for breed in breeds)
    return Dataset(*read, names, origin=origin)


_SETS = {
    "breeds": _breeds,
    "circle": _circle,
    "coins": _coins,
    "digits": _digits,
    "digits_8x8": _digits_8x8,
    "faces": _faces,
    "flowers": _flowers,
    "ilsvrc": _ilsvrc,
    "photographs": _photographs,
    "shapes": _shapes,
    "strokes": _strokes,
    "mnist": _mnist,
    "fashion_mnist": _fashion_mnist,
    "fashion_mnist_sample": _fashion_mnist_sample,
    "cats_vs_dogs": _cats_vs_dogs,
    "stanford_dogs": _stanford_dogs,
    "cifar10": _cifar10,
}
