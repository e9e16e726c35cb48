"""Files that are written whole or not at all."""

import contextlib
import os


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
