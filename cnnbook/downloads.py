"""Large files: found in the reader's own folder, kept from before, or downloaded and checked.

A file is published under its name only whole: it is written beside it, compared with its checksum
and then renamed, so that neither a kill nor a full disk nor two downloads at once leave half a file.
"""

import contextlib
import dataclasses
import hashlib
import http.client
import os
import pathlib
import sys
import tempfile
import time
import urllib.error
import urllib.request

from cnnbook._errors import bad_value

STALL = 30  # seconds without a byte until a download gives up
_ABANDONED = 600  # seconds: longer than any running download leaves its file untouched
_CHUNK = 1 << 16


@dataclasses.dataclass(frozen=True)
class File:
    """A published file: the path it has in a data folder, its address, its size and its digests.

    digests: {"sha256": …, "md5": …}, all of which must agree.
    """

    path: str
    url: str
    size: int
    digests: dict[str, str]


def local_dir():
    """Return $CNNBOOK_DATA_DIR, the reader's own folder of data, or None where it is not set.

    Raises ValueError for a folder of a user whom this computer does not know, such as ~nobody/data.
    """
    return _folder("CNNBOOK_DATA_DIR")


def _folder(variable):
    """Return the folder that a variable of the environment names, or None; ~ need not be the shell's."""
    folder = os.environ.get(variable)
    try:
        return pathlib.Path(folder).expanduser() if folder else None
    except RuntimeError:
        wanted = "a folder of a user whom this computer knows", "이 컴퓨터에 있는 사용자의 폴더"
        raise bad_value(variable, folder, *wanted) from None


def cache_dir():
    """Return the folder that keeps what was downloaded (it need not exist yet)."""
    base = _folder("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME")
    return (base or _home() / ".cache") / "cnnbook"


def _home():
    """Return the reader's own folder; where the system names none, the one for passing files."""
    try:
        return pathlib.Path.home()
    except (
        RuntimeError
    ):  # no $HOME, and a user without an entry: a container with a number for a name
        return pathlib.Path(tempfile.gettempdir())


def keep(file):
    """Return the path of a whole copy of `file`: kept from before, Keras's, or downloaded now.

    Raises OSError with a sentence where it can be had in none of these ways.
    """
    keras = _folder("KERAS_HOME") or _home() / ".keras"
    for folder in (cache_dir(), keras / "datasets"):
        if is_whole(folder / file.path, file):
            return folder / file.path
    return download(file, cache_dir() / file.path)


def is_whole(path, file):
    """Return whether the file at `path` exists and has the size and digests of `file`."""
    try:
        return path.stat().st_size == file.size and digests(path, file.digests) == file.digests
    except OSError:
        return False


def digests(path, names=("sha256",)):
    """Return {algorithm: hexadecimal digest} of a file (0.6 s for 180 MB)."""
    made = {name: hashlib.new(name, usedforsecurity=False) for name in names}
    with open(path, "rb") as content:
        while chunk := content.read(1 << 20):
            for digest in made.values():
                digest.update(chunk)
    return {name: digest.hexdigest() for name, digest in made.items()}


def download(file, path):
    """Download `file` to `path` and return the path. Raises OSError with a sentence."""
    with arriving(path) as part:
        with open(part, "wb") as target:
            _receive(file, target)
        if not is_whole(part, file):
            raise OSError(f"{file.url} sent other bytes than were published")
    return path


@contextlib.contextmanager
def arriving(path):
    """Give a file beside `path` that becomes `path` when the block has ended well, and is gone if not.

    Raises OSError with a sentence where the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        # A name of its own: two downloads of one file, at once, do not write into each other.
        number, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
        os.close(number)
        part = pathlib.Path(name)
        try:
            yield part
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        if error.errno is None:  # a sentence of ours
            raise
        raise OSError(f"{path.parent} cannot be written to: {error.strerror}") from error


def _remove_abandoned(path):
    """Remove what killed downloads left; one that still runs has just written."""
    for part in path.parent.glob(f"{path.name}.*.part"):
        try:
            if time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink()
        except OSError:
            pass  # another process was faster


def _receive(file, target):
    """Write the file's bytes; where the line breaks, go on from there while there is progress."""
    furthest, problem = -1, None
    with _Progress(file) as show:
        while (done := target.tell()) < file.size:
            if done <= furthest:
                raise OSError(f"{file.url}: {problem}, after {done:,} of {file.size:,} bytes")
            furthest, problem = done, "the connection ended"
            try:
                with _open(file, done) as response:
                    if done and response.status != http.HTTPStatus.PARTIAL_CONTENT:
                        target.seek(0)  # the server begins again
                        target.truncate()
                    # What a server sends beyond the published size is not read.
                    while chunk := _read(response, min(_CHUNK, file.size - target.tell())):
                        target.write(chunk)
                        show(target.tell())
            except _Broken as broken:
                problem = str(broken)


class _Broken(Exception):
    """What happened to the connection, as part of a sentence."""

    def __init__(self, error):
        reason = getattr(error, "reason", None) or error
        stalled = isinstance(reason, TimeoutError)
        super().__init__(f"nothing came for {STALL} seconds" if stalled else reason)


def _open(file, start):
    """Ask for the file from byte `start` on."""
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = urllib.request.Request(file.url, headers=headers)
    try:
        return urllib.request.urlopen(request, timeout=STALL)
    except urllib.error.HTTPError as error:
        error.close()
        raise OSError(f"{file.url} answered {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(error) from error
    except ValueError as error:  # a proxy's address without a host, above all
        proxies = " and ".join(f"{kind}_proxy" for kind in urllib.request.getproxies())
        raise OSError(
            f"{file.url} cannot be requested: {error}. Is {proxies or 'the proxy'} right?"
        ) from error


def _read(response, size):
    try:
        return response.read1(size)
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(error) from error


class _Progress:
    """A line that counts up on the terminal, if there is one. It is never part of a page."""

    def __init__(self, file):
        self.file, self.shown, self.begun = file, 0.0, False
        # Not sys.stderr, which a notebook shows on its page.
        terminal = sys.__stderr__
        self.terminal = terminal if terminal is not None and terminal.isatty() else None

    def __enter__(self):
        return self

    def __call__(self, done):
        now = time.monotonic()
        if self.terminal and (now - self.shown > 0.2 or done == self.file.size):
            self.shown, self.begun = now, True
            size = self.file.size / 1e6
            line = f"\r{self.file.path}: {done / 1e6:.1f} of {size:.1f} MB"
            print(line, end="", file=self.terminal, flush=True)

    def __exit__(self, *failure):
        if self.begun:
            print(file=self.terminal)
