"""The data sets of the book. `load(name)` returns each one, the same everywhere, without a network.

data/README.md names the origin and licence of every set.
"""

import pathlib

import numpy as np

from cnnbook._errors import bad_value

_HERE = pathlib.Path(__file__).resolve().parent


def data_dir():
    """Return the folder of the committed data: in the installed package, or in the checkout."""
    installed = _HERE / "data"
    return installed if installed.is_dir() else _HERE.parent / "data"


def load(name):
    """Return a data set by name.

    "circle": a (10, 10) array of int64, 1 on the circle's line and 0 elsewhere.
    "photographs": a dict of name -> (height, width, channels) uint8 array, channels 1 or 3.

    Raises ValueError for an unknown name, FileNotFoundError where a file of the set is missing.
    """
    if not isinstance(name, str) or name not in _SETS:
        names = ", ".join(f'"{known}"' for known in _SETS)
        raise bad_value("name", name, f"one of {names}", f"{names} 중 하나")
    return _SETS[name]()


def _circle():
    return np.loadtxt(_existing(data_dir() / "circle.txt"), dtype=np.int64)


def _photographs():
    import skimage
    from skimage import io

    folder = pathlib.Path(skimage.__file__).parent / "data"
    photographs = {}
    # Read from the installed package: skimage.data's own functions may ask the network.
    for name in ("brick", "camera", "coffee", "rocket"):
        suffix = "jpg" if name == "rocket" else "png"
        image = io.imread(_existing(folder / f"{name}.{suffix}"))
        photographs[name] = image.reshape(*image.shape[:2], -1)
    return photographs


def _existing(path):
    if not path.is_file():
        raise FileNotFoundError(
            f"{path.name} is missing from {path.parent}: reinstall the package that ships it "
            f"(pip install --force-reinstall --no-deps cnnbook scikit-image).\n"
            f"{path.parent} 폴더에 {path.name} 파일이 없습니다. 위 명령으로 다시 설치합니다."
        )
    return path


_SETS = {"circle": _circle, "photographs": _photographs}
