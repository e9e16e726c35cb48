"""Files that are written whole or not at all, and which files of a folder are pictures."""

import contextlib
import os

PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


@contextlib.contextmanager
def replacing(path):
    """Open a binary file for writing that becomes `path` when the block has ended well.

    An exception, a full disk or an interruption leaves what was at `path` as it was.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def pictures(folder):
    """Return the paths of the pictures in a folder, sorted; none where there is no such folder.

    A picture is a file that ends as pictures do, in small letters or capitals. What systems leave
    beside them is none: ._cat.0.jpg, Thumbs.db, a folder or a link to nowhere named *.jpg.
    """
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file()
    )


def folders(folder):
    """Return the paths of the folders in a folder, sorted, without .ipynb_checkpoints, __MACOSX …"""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "__")))
