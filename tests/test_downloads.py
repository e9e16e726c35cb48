"""Downloads: whole or not at all, whatever the server, the disk or a kill does. All servers are local."""

import errno
import hashlib
import http.server
import io
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import types

import pytest

from cnnbook import downloads

CONTENT = bytes(range(256)) * 1200
SIZE = len(CONTENT)
HALF = SIZE // 2


class Handler(http.server.BaseHTTPRequestHandler):
    """One address for every way in which a server can fail."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        getattr(self, self.path.strip("/").replace("-", "_"))()

    def log_message(self, *arguments):
        pass

    def reply(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def rest(self):
        """Return the bytes that were asked for, and the status that says so."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return (CONTENT[int(asked[1]) :], 206) if asked else (CONTENT, 200)

    def whole(self):
        self.reply(CONTENT)

    def without_length(self):
        self.reply(CONTENT, Content_Length=None)

    def breaks_off(self):
        """Close every connection after 50,000 bytes; go on where asked to."""
        body, status = self.rest()
        self.reply(body[:50_000], status, Content_Length=len(body))

    def breaks_off_and_begins_again(self):
        """Break off once; then send everything, whatever was asked for."""
        again = len(self.server.asked) > 1
        self.reply(CONTENT if again else CONTENT[:HALF], Content_Length=SIZE)

    def always_breaks_off(self):
        self.reply(CONTENT[:HALF], Content_Length=SIZE)

    def goes_on_elsewhere(self):
        """Break off once, then go on with the wrong bytes."""
        body, status = self.rest()
        self.reply(body[:HALF] if status == 200 else b"x" * len(body), status, Content_Length=SIZE)

    def stalls(self):
        self.reply(CONTENT[:HALF], Content_Length=SIZE)
        self.server.released.wait()

    def never_answers(self):
        self.server.released.wait()

    def slow(self):
        """Send a half, then wait for as long as the test wants."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(CONTENT[:HALF])
        self.wfile.flush()
        self.server.released.wait()

    def wrong_bytes(self):
        self.reply(CONTENT[:-1] + b"x")

    def page_instead(self):
        self.reply(b"<html>Please log in to the school's network</html>")

    def too_short(self):
        self.reply(CONTENT[:-1])

    def too_long(self):
        self.reply(b"x" + CONTENT)

    def length_too_large(self):
        self.reply(CONTENT, Content_Length=2 * SIZE)

    def length_too_small(self):
        self.reply(CONTENT, Content_Length=HALF)

    def garbage(self):
        self.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")
        self.close_connection = True

    def missing(self):
        self.send_error(404)

    def broken(self):
        self.send_error(500)

    def moved(self):
        self.reply(b"", 302, Location="/whole")

    def moved_in_a_circle(self):
        self.reply(b"", 302, Location="/moved-in-a-circle")

    def moved_to_a_file(self):
        self.reply(b"", 302, Location="file:///etc/hostname")


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, address):
            pass  # the client hung up, as it should

    with Server(("127.0.0.1", 0), Handler) as running:
        running.asked, running.released = [], threading.Event()
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.url = f"http://127.0.0.1:{running.server_port}"
        yield running
        running.released.set()
        running.shutdown()
        thread.join()


def file_at(url):
    digests = {name: hashlib.new(name, CONTENT).hexdigest() for name in ("sha256", "md5")}
    return downloads.File("folder/set.bin", url, SIZE, digests)


@pytest.mark.parametrize(
    ("way", "requests"),
    [
        ("whole", 1),
        ("without-length", 1),
        ("breaks-off", 7),
        ("breaks-off-and-begins-again", 2),
        ("length-too-large", 1),
        ("moved", 2),
    ],
)
def test_arrives_whole(server, tmp_path, way, requests):
    path = tmp_path / "cache" / "folder" / "set.bin"
    assert downloads.download(file_at(f"{server.url}/{way}"), path) == path
    assert path.read_bytes() == CONTENT
    assert [file.name for file in path.parent.iterdir()] == ["set.bin"]
    assert len(server.asked) == requests


def test_goes_on_where_it_stopped(server, tmp_path):
    downloads.download(file_at(f"{server.url}/breaks-off"), tmp_path / "set.bin")
    starts = [asked for _, asked in server.asked]
    assert starts == [None] + [f"bytes={start}-" for start in range(50_000, SIZE, 50_000)]


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("always-breaks-off", f"the connection ended, after {HALF:,} of {SIZE:,} bytes"),
        ("goes-on-elsewhere", "sent other bytes than were published"),
        ("wrong-bytes", "sent other bytes than were published"),
        ("page-instead", f"the connection ended, after 50 of {SIZE:,} bytes"),
        ("too-short", f"of {SIZE:,} bytes"),
        ("too-long", "sent other bytes than were published"),
        ("length-too-small", f"after {HALF:,} of {SIZE:,} bytes"),
        ("garbage", "not HTTP"),
        ("missing", "answered 404 Not Found"),
        ("broken", "answered 500 Internal Server Error"),
        ("moved-in-a-circle", "answered 302"),
        ("moved-to-a-file", "answered 302"),
    ],
)
def test_failure_leaves_nothing(server, tmp_path, way, said):
    with pytest.raises(OSError) as raised:
        downloads.download(file_at(f"{server.url}/{way}"), tmp_path / "set.bin")
    assert f"{server.url}/{way}" in str(raised.value)
    assert said in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", ["stalls", "never-answers"])
def test_stall_is_given_up(server, tmp_path, monkeypatch, way):
    monkeypatch.setattr(downloads, "STALL", 0.3)
    with pytest.raises(OSError, match="nothing came for 0.3 seconds, after "):
        downloads.download(file_at(f"{server.url}/{way}"), tmp_path / "set.bin")
    assert list(tmp_path.iterdir()) == []


def test_nobody_there(server, tmp_path):
    url = server.url
    server.shutdown()
    server.server_close()
    with pytest.raises(OSError, match="after 0 of"):
        downloads.download(file_at(f"{url}/whole"), tmp_path / "set.bin")
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays_until_a_whole_one_comes(server, tmp_path):
    path = tmp_path / "set.bin"
    path.write_bytes(b"damaged")
    with pytest.raises(OSError):
        downloads.download(file_at(f"{server.url}/too-short"), path)
    assert path.read_bytes() == b"damaged"
    downloads.download(file_at(f"{server.url}/whole"), path)
    assert path.read_bytes() == CONTENT


def test_full_disk(server, tmp_path, monkeypatch):
    class FullDisk(io.BytesIO):
        def write(self, content):
            if self.tell() > 100_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(content)

    def opened(name, mode):
        io.FileIO(name, mode).close()  # the real file, which must go
        return FullDisk()

    monkeypatch.setattr(downloads, "open", opened, raising=False)
    folder = tmp_path / "cache"
    with pytest.raises(OSError) as raised:
        downloads.download(file_at(f"{server.url}/whole"), folder / "set.bin")
    assert str(raised.value) == f"{folder} cannot be written to: No space left on device"
    assert list(folder.iterdir()) == []


def test_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "cache").write_text("a file in its place")
    with pytest.raises(OSError, match="cannot be written to"):
        downloads.download(file_at(f"{server.url}/whole"), tmp_path / "cache" / "set.bin")


KILLED = """
import sys
from cnnbook import downloads
from pathlib import Path
downloads.download(downloads.File("set.bin", sys.argv[1], int(sys.argv[2]), {}), Path(sys.argv[3]))
"""


def test_kill_leaves_nothing_under_the_name(server, tmp_path, monkeypatch):
    path = tmp_path / "set.bin"
    command = [sys.executable, "-c", KILLED, f"{server.url}/slow", str(SIZE), path]
    with subprocess.Popen(command) as process:
        deadline = time.monotonic() + 60
        while not server.asked and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
        process.kill()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("set.bin.") and left.suffix == ".part"
    # It is not taken for a running download's for ever.
    downloads.download(file_at(f"{server.url}/whole"), path)
    assert left.exists()
    monkeypatch.setattr(downloads, "_ABANDONED", 0)
    downloads.download(file_at(f"{server.url}/whole"), path)
    assert [file.name for file in tmp_path.iterdir()] == ["set.bin"]
    assert path.read_bytes() == CONTENT


def test_many_at_once(server, tmp_path):
    path, failures = tmp_path / "set.bin", []

    def download():
        try:
            downloads.download(file_at(f"{server.url}/breaks-off"), path)
            assert path.read_bytes() == CONTENT
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=download) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [file.name for file in tmp_path.iterdir()] == ["set.bin"]


@pytest.mark.parametrize("digest", ["sha256", "md5"])
def test_every_digest_counts(tmp_path, digest):
    path, file = tmp_path / "set.bin", file_at("")
    path.write_bytes(CONTENT)
    assert downloads.is_whole(path, file)
    other = file.digests | {digest: hashlib.new(digest, b"other").hexdigest()}
    assert not downloads.is_whole(path, downloads.File(file.path, "", SIZE, other))
    assert not downloads.is_whole(path, downloads.File(file.path, "", SIZE + 1, file.digests))
    assert not downloads.is_whole(tmp_path / "none", file)
    assert not downloads.is_whole(tmp_path, file)


# --- Where a file is kept ---


@pytest.fixture
def homes(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return types.SimpleNamespace(ours=tmp_path / "cache", keras=tmp_path / "keras" / "datasets")


def put(folder, content):
    path = folder / "folder" / "set.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_downloaded_once(server, homes):
    file = file_at(f"{server.url}/whole")
    path = downloads.keep(file)
    assert path == homes.ours / "folder" / "set.bin"
    assert downloads.keep(file) == path
    assert len(server.asked) == 1


def test_damaged_copy_is_downloaded_again(server, homes):
    path = put(homes.ours, CONTENT[:-1] + b"x")
    assert downloads.keep(file_at(f"{server.url}/whole")) == path
    assert path.read_bytes() == CONTENT


def test_keras_s_copy_serves_if_it_is_whole(server, homes):
    path = put(homes.keras, CONTENT)
    file = file_at(f"{server.url}/whole")
    assert downloads.keep(file) == path
    assert server.asked == []
    path.write_bytes(CONTENT[:-1])
    assert downloads.keep(file) == homes.ours / "folder" / "set.bin"
    assert path.read_bytes() == CONTENT[:-1]  # it is not ours to mend


@pytest.mark.parametrize(
    ("os_name", "variable"), [("posix", "XDG_CACHE_HOME"), ("nt", "LOCALAPPDATA")]
)
def test_cache_dir(tmp_path, monkeypatch, os_name, variable):
    monkeypatch.setattr(downloads, "os", types.SimpleNamespace(name=os_name, environ={}))
    monkeypatch.setattr(downloads.pathlib.Path, "home", lambda: tmp_path)
    assert downloads.cache_dir() == tmp_path / ".cache" / "cnnbook"
    downloads.os.environ[variable] = str(tmp_path / "elsewhere")
    assert downloads.cache_dir() == tmp_path / "elsewhere" / "cnnbook"


@pytest.mark.skipif(os.name != "posix", reason="homes of other systems come from elsewhere")
def test_a_user_without_a_home(monkeypatch, tmp_path):
    import pwd

    def unknown(*_):
        raise KeyError("getpwuid(): uid not found")

    for name in ("HOME", "XDG_CACHE_HOME", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    assert downloads.cache_dir() == tmp_path / ".cache" / "cnnbook"
    monkeypatch.setenv("CNNBOOK_DATA_DIR", "~nobody-by-this-name/data")
    with pytest.raises(ValueError, match=r"CNNBOOK_DATA_DIR: got ~nobody(.|\n)*사용자의 폴더"):
        downloads.local_dir()


@pytest.mark.parametrize("proxy", ["http://", "http://:8080", "//", "http://[", "http://x:port"])
def test_a_senseless_proxy_is_a_sentence(tmp_path, monkeypatch, proxy):
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(OSError, match=r"^http://example\.invalid"):
        downloads.download(file_at("http://example.invalid"), tmp_path / "data.npz")
    assert list(tmp_path.iterdir()) == []


def test_local_dir(tmp_path, monkeypatch):
    monkeypatch.delenv("CNNBOOK_DATA_DIR", raising=False)
    assert downloads.local_dir() is None
    monkeypatch.setenv("CNNBOOK_DATA_DIR", "")
    assert downloads.local_dir() is None
    monkeypatch.setenv("CNNBOOK_DATA_DIR", str(tmp_path))
    assert downloads.local_dir() == tmp_path


@pytest.mark.skipif(os.name != "posix", reason="the variables of POSIX")
def test_a_tilde_is_the_home_wherever_a_folder_is_named(monkeypatch, server, tmp_path):
    monkeypatch.setenv(
        "HOME", str(tmp_path)
    )  # a file of settings, unlike a shell, leaves ~ as it is
    monkeypatch.setenv("CNNBOOK_DATA_DIR", "~/data")
    monkeypatch.setenv("XDG_CACHE_HOME", "~/cache")
    monkeypatch.setenv("KERAS_HOME", "~/keras")
    assert downloads.local_dir() == tmp_path / "data"
    assert downloads.cache_dir() == tmp_path / "cache" / "cnnbook"
    path = put(tmp_path / "keras" / "datasets", CONTENT)
    assert downloads.keep(file_at(f"{server.url}/whole")) == path


# --- Progress ---


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_goes_to_the_terminal_alone(server, tmp_path, monkeypatch, capfd):
    terminal = Terminal()
    monkeypatch.setattr(sys, "__stderr__", terminal)
    downloads.download(file_at(f"{server.url}/breaks-off"), tmp_path / "set.bin")
    lines = terminal.getvalue().split("\r")
    assert lines[-1] == "folder/set.bin: 0.3 of 0.3 MB\n"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("stderr", [None, io.StringIO()], ids=["none", "a file"])
def test_no_progress_without_a_terminal(server, tmp_path, monkeypatch, capfd, stderr):
    monkeypatch.setattr(sys, "__stderr__", stderr)
    downloads.download(file_at(f"{server.url}/whole"), tmp_path / "set.bin")
    assert stderr is None or stderr.getvalue() == ""
    assert capfd.readouterr() == ("", "")


def test_progress_line_ends_when_the_download_fails(server, tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "__stderr__", terminal)
    with pytest.raises(OSError):
        downloads.download(file_at(f"{server.url}/always-breaks-off"), tmp_path / "set.bin")
    assert terminal.getvalue().endswith(" of 0.3 MB\n")
