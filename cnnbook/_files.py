"""Files that are written whole or not at all, and which files of a folder are pictures."""

import contextlib
import os
import unicodedata

PICTURES = {".avif", ".bmp", ".gif", ".png", ".tif", ".tiff", ".webp"}
PICTURES |= {".jfif", ".jpe", ".jpeg", ".jpg"}  # all four are JPEG


def composed(name):
    """Return a name with every letter in one piece: macOS takes Hangul apart, 한 into ㅎ, ㅏ, ㄴ (NFD)."""
    return unicodedata.normalize("NFC", name)


def _by_name(path):
    """Sort alike on every system: Windows itself does not tell capitals from small letters."""
    return composed(path.name)


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
    found = (
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file()
    )
    return sorted(found, key=_by_name)


def folders(folder):
    """Return the paths of the folders in a folder, sorted, without .ipynb_checkpoints, __MACOSX …"""
    if not folder.is_dir():
        return []
    found = (p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "__")))
    return sorted(found, key=_by_name)
