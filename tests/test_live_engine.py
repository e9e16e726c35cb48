"""The bytes of Pyodide: proven, whichever source has them. A made-up distribution, a local server."""

import base64
import functools
import hashlib
import http.server
import io
import json
import tarfile
import threading
import tomllib
import types
import zipfile

import pytest

from cnnbook import downloads
from tools.live import Unavailable, engine

VERSION = "1.2.3"
OFFICIAL = f"/official/{VERSION}/"
# {name in the lock: (file name, dependencies)}
PACKAGES = {
    "scikit-alpha": ("scikit_alpha-1.0-py3-none-any.whl", ["beta", "openblas"]),
    "beta": ("beta-2.0-py3-none-any.whl", ["gamma"]),
    "gamma": ("gamma-3.0-py3-none-any.whl", ["beta"]),  # a circle
    "openblas": ("openblas-0.3.zip", []),
    "delta": ("delta-4.0-py3-none-any.whl", []),
}
WHEELS = {PACKAGES[name][0] for name in ("scikit-alpha", "beta", "gamma", "openblas")}
BETA = PACKAGES["beta"][0]
METADATA = {
    "scikit_alpha": "Name: scikit-alpha\nVersion: 1.0\nLicense-Expression: BSD-3-Clause\n",
    "beta": "Name: beta\nVersion: 2.0\nLicense: Beta's license\n        in two lines\n"
    "Classifier: Programming Language :: Python\nClassifier: License :: OSI Approved :: MIT License\n",
    "gamma": "Name: gamma\nVersion: 3.0\nLicense: PSF\nClassifier: License :: Other\n",
    "delta": "Name: delta\nVersion: 4.0\n",
}


def zipped(contents):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return target.getvalue()


def tarred(contents, kind="gz"):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=f"w:{kind}") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def made_up():
    """Return {file name: bytes} of a whole distribution."""
    content = {name: f"{name} {'x' * 2000}".encode() for name in engine.CORE}
    packages = {}
    for name, (file_name, depends) in PACKAGES.items():
        stem = file_name.partition("-")[0]
        about = METADATA.get(stem)
        inside = {f"{stem}-1.dist-info/METADATA": about} if about else {"lib.so": "so"}
        content[file_name] = zipped({f"{stem}/code.py": "x = 1\n" * 500, **inside})
        packages[name] = {
            "file_name": file_name,
            "sha256": sha256(content[file_name]),
            "depends": depends,
        }
    content[engine.LOCK] = json.dumps({"packages": packages}).encode()
    return content


FILES = made_up()
CORE = {name: FILES[name] for name in engine.CORE}
CARRIED = {name: FILES[name] for name in WHEELS}
ARCHIVED = {
    f"pyodide-{VERSION}.tgz",
    "carrier-1.0.whl",
}  # the registries', with digests of their own


class Handler(http.server.SimpleHTTPRequestHandler):
    def send_head(self):
        self.server.asked.append(f"{self.command} {self.path}")
        return super().send_head()

    def copyfile(self, source, target):
        content = source.read()
        target.write(content[: len(content) // 2] if self.server.breaks else content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def web(tmp_path, monkeypatch):
    """The network: what its folder holds is served. Nothing, at first; put() adds to it."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    monkeypatch.delenv(engine.VARIABLE, raising=False)
    monkeypatch.setattr(downloads, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr(engine, "PINS", tmp_path / "engine.toml")
    folder = tmp_path / "web"
    folder.mkdir()
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.asked, server.breaks = [], False
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(engine, "OFFICIAL", url + "/official/{version}/")
        monkeypatch.setattr(engine, "NPM", url + "/{version}.json")

        def put(contents, below=""):
            for name, content in contents.items():
                path = folder / below.strip("/") / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

        def pin(npm, carrier):
            """Pin what npm publishes, and the carrier."""
            integrity = base64.b64encode(hashlib.sha512(npm).digest()).decode()
            lines = [
                f'[[carriers]]\nurl = "{url}/carrier-1.0.whl"\nsize = {len(carrier)}',
                f'sha256 = "{sha256(carrier)}"\n\n[pyodide]\nversion = "{VERSION}"',
                f'url = "{url}/pyodide-{VERSION}.tgz"\nsize = {len(npm)}',
                f'integrity = "sha512-{integrity}"\n[pyodide.core]',
                *(f'"{name}" = "{sha256(CORE[name])}"' for name in CORE),
            ]
            engine.PINS.write_text("\n".join(lines), encoding="utf-8")

        yield types.SimpleNamespace(
            server=server, asked=server.asked, url=url, folder=folder, put=put, pin=pin
        )
        server.shutdown()


@pytest.fixture
def registries(web):
    """npm's package and a carrier with a lock of its own are in the network; no server of Pyodide's."""
    npm = tarred({f"package/{name}": content for name, content in CORE.items()})
    inside = {f"carrier/assets/{name}": content for name, content in CARRIED.items()}
    carrier = zipped({f"carrier/assets/{engine.LOCK}": b"{}", **inside})
    web.pin(npm, carrier)
    web.put({f"pyodide-{VERSION}.tgz": npm, "carrier-1.0.whl": carrier})
    return web


@pytest.fixture
def official(registries):
    """All sources are in the network."""
    registries.put(FILES, OFFICIAL)
    return registries


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "pyodide" / VERSION


def fetched():
    """Fetch, and hold that all that came is proven and nothing else lies in the cache."""
    found = engine.files(["Scikit_Alpha"])
    assert found.keys() == CORE.keys() | WHEELS
    assert {name: path.read_bytes() for name, path in found.items()} == CORE | CARRIED
    only_proven(downloads.cache_dir())
    return found


def only_proven(folder):
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in ARCHIVED:
            assert path.read_bytes() == FILES.get(path.name), path


# --- What is needed ---


def test_dependencies_of_dependencies_in_any_spelling(official):
    assert engine.files([]).keys() == CORE.keys()
    for names in (["gamma"], ["BETA", "gamma"]):
        assert engine.files(names).keys() == CORE.keys() | {BETA, PACKAGES["gamma"][0]}
    fetched()


def test_a_package_that_this_pyodide_does_not_have(official):
    with pytest.raises(ValueError, match=rf"packages: got torch(.|\n)*Pyodide {VERSION}의 패키지"):
        engine.files(["beta", "torch"])


# --- The order of the sources ---


def test_the_official_distribution_comes_before_the_registries(official, cache):
    assert {path.parent for path in fetched().values()} == {cache}
    assert all(f" {OFFICIAL}" in asked for asked in official.asked)
    assert {asked.rpartition("/")[2] for asked in official.asked} == CORE.keys() | WHEELS


def test_the_registries_where_the_official_distribution_is_out_of_reach(registries):
    fetched()
    first, npm, second, carrier = registries.asked
    assert first == f"HEAD {OFFICIAL}pyodide.js" and second.startswith(f"HEAD {OFFICIAL}")
    assert (npm, carrier) == (f"GET /pyodide-{VERSION}.tgz", "GET /carrier-1.0.whl")


def test_a_registry_serves_what_the_official_distribution_lacks(official):
    (official.folder / OFFICIAL.strip("/") / BETA).unlink()
    fetched()
    assert official.asked[-1] == "GET /carrier-1.0.whl"


def test_the_cache_comes_before_the_network(registries):
    first = fetched()
    asked = len(registries.asked)
    assert fetched() == first
    assert len(registries.asked) == asked


def test_what_is_fetched_is_said_with_its_size(registries, capfd):
    fetched()
    said = capfd.readouterr().err.splitlines()
    carrier = registries.folder / "carrier-1.0.whl"
    megabytes = f"{carrier.stat().st_size / 1e6:.1f} MB"
    assert said[0] == f"Pyodide {VERSION}: 5 files from {registries.url}{OFFICIAL}"
    assert (
        said[3] == f"Pyodide {VERSION}: 4 files from {registries.url}/carrier-1.0.whl ({megabytes})"
    )
    fetched()
    assert capfd.readouterr() == ("", "")


def test_a_carrier_is_downloaded_once_for_all_chapters(registries, cache):
    for package in ("openblas", "gamma", "scikit-alpha"):
        engine.files([package])
    assert registries.asked.count("GET /carrier-1.0.whl") == 1
    (cache / "carrier-1.0.whl").write_bytes(b"damaged")
    (cache / BETA).unlink()
    fetched()
    assert registries.asked.count("GET /carrier-1.0.whl") == 2


def test_a_damaged_file_in_the_cache_is_replaced(official, cache):
    fetched()
    official.asked.clear()
    (cache / BETA).write_bytes(FILES[BETA][:-1])
    fetched()
    assert official.asked == [f"HEAD {OFFICIAL}{BETA}", f"GET {OFFICIAL}{BETA}"]


def named(folder, contents):
    for number, (name, content) in enumerate(contents.items()):
        path = folder / f"part {number % 2}" / "deep" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_a_named_folder_comes_first(official, tmp_path, monkeypatch):
    fetched()
    official.asked.clear()
    monkeypatch.setenv(engine.VARIABLE, str(named(tmp_path / "mine", FILES)))
    assert all(tmp_path / "mine" in path.parents for path in fetched().values())
    assert official.asked == []


def test_what_a_named_folder_lacks_comes_from_the_network(official, tmp_path, monkeypatch):
    held = {name: content for name, content in FILES.items() if name != BETA}
    monkeypatch.setenv(engine.VARIABLE, str(named(tmp_path / "mine", held)))
    fetched()
    assert official.asked == [f"HEAD {OFFICIAL}{BETA}", f"GET {OFFICIAL}{BETA}"]


def test_another_version_beside_the_right_one_is_no_damage(web, registries, tmp_path, monkeypatch):
    folder = named(tmp_path / "mine", FILES)
    for place in ("another", "version"):
        (folder / place).mkdir()
        (folder / place / "pyodide.js").write_bytes(place.encode())
    monkeypatch.setenv(engine.VARIABLE, str(folder))
    fetched()
    assert web.asked == []


ARCHIVES = {
    "mine.tar.bz2": functools.partial(tarred, kind="bz2"),
    "mine.tar.gz": tarred,
    "mine.tgz": tarred,
    "mine.zip": zipped,
    "mine.whl": zipped,
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_named_archive(registries, tmp_path, monkeypatch, name):
    held = {f"pyodide/{number}/{name}": FILES[name] for number, name in enumerate(FILES)}
    (tmp_path / name).write_bytes(ARCHIVES[name](held))
    monkeypatch.setenv(engine.VARIABLE, str(tmp_path / name))
    first = fetched()
    (tmp_path / name).write_bytes(b"it is not opened again")
    assert fetched() == first
    assert registries.asked == []


def test_a_carrier_may_be_the_named_archive(registries, monkeypatch):
    """Its own lock is another one: npm's is asked for."""
    path = registries.folder / "carrier-1.0.whl"
    monkeypatch.setenv(engine.VARIABLE, str(path))
    fetched()
    assert registries.asked[-1] == f"GET /pyodide-{VERSION}.tgz"


# --- Nothing that a digest does not prove ---


def damaged(content):
    return content[:-1] + bytes([content[-1] ^ 1])


def test_the_official_distribution_s_other_bytes_are_refused(official, cache):
    official.put({name: damaged(content) for name, content in FILES.items()}, OFFICIAL)
    fetched()
    assert {f"GET {OFFICIAL}pyodide.js", "GET /carrier-1.0.whl"} <= set(official.asked)
    (cache / BETA).unlink()
    for name in ARCHIVED:
        (cache / name).unlink()
        (official.folder / name).unlink()
    with pytest.raises(engine.Unavailable, match=f"{OFFICIAL}{BETA} sent other bytes"):
        engine.files(["beta"])
    only_proven(cache)


def test_npm_s_other_bytes_are_refused(registries, cache):
    registries.put({f"pyodide-{VERSION}.tgz": tarred({f"package/{n}": b"" for n in CORE})})
    with pytest.raises(Unavailable, match=rf"pyodide-{VERSION}\.tgz(: | sent other bytes)"):
        engine.files([])
    only_proven(cache)


def test_core_that_npm_s_package_does_not_prove_is_refused(web, cache):
    """The pins themselves disagree: both have to hold."""
    npm = tarred({f"package/{name}": damaged(content) for name, content in CORE.items()})
    web.pin(npm, b"")
    web.put({f"pyodide-{VERSION}.tgz": npm})
    with pytest.raises(Unavailable) as raised:
        engine.files([])
    for content in (CORE["pyodide.js"], damaged(CORE["pyodide.js"])):
        assert sha256(content) in str(raised.value)
    only_proven(cache)


def test_the_lock_proves_what_a_carrier_carries(registries, cache):
    npm = (registries.folder / f"pyodide-{VERSION}.tgz").read_bytes()
    carrier = zipped({f"a/{n}": damaged(c) if n == BETA else c for n, c in CARRIED.items()})
    registries.pin(npm, carrier)
    registries.put({"carrier-1.0.whl": carrier})
    with pytest.raises(Unavailable) as raised:
        engine.files(["scikit-alpha"])
    assert f"1 file ({BETA})" in str(raised.value)
    assert f"{sha256(damaged(FILES[BETA]))}, not {sha256(FILES[BETA])}" in str(raised.value)
    only_proven(cache)
    assert engine.files(["openblas"]).keys() == CORE.keys() | {PACKAGES["openblas"][0]}


@pytest.mark.parametrize("name", ["pyodide.asm.wasm", BETA])
def test_a_damaged_file_in_a_named_folder_is_named(official, tmp_path, monkeypatch, name):
    other = damaged(FILES[name])
    folder = named(tmp_path / "mine", FILES | {name: other})
    monkeypatch.setenv(engine.VARIABLE, str(folder))
    with pytest.raises(ValueError) as raised:
        fetched()
    for sentence in str(raised.value).split("\n"):
        for part in (engine.VARIABLE, name, sha256(other), sha256(FILES[name]), VERSION):
            assert part in sentence
    assert "필요한 값" in str(raised.value)


@pytest.mark.parametrize("pack", [tarred, zipped])
def test_a_damaged_file_in_a_named_archive_is_refused(official, tmp_path, monkeypatch, pack):
    other = damaged(FILES[BETA])
    (tmp_path / "mine").write_bytes(pack(FILES | {BETA: other}))
    monkeypatch.setenv(engine.VARIABLE, str(tmp_path / "mine"))
    fetched()
    assert official.asked == [f"HEAD {OFFICIAL}{BETA}", f"GET {OFFICIAL}{BETA}"]


# --- What the world sends ---


def test_broken_downloads_leave_nothing(official, cache):
    official.server.breaks = True
    with pytest.raises(Unavailable, match="after "):
        engine.files(["beta"])
    assert list(cache.iterdir()) == []
    official.server.breaks = False
    fetched()


def test_names_that_lead_out_of_the_archive_lead_nowhere(registries, tmp_path, monkeypatch):
    names = dict(zip(FILES, ["../../", "/", "a/../../../"] * len(FILES), strict=False))
    held = {lead + name: FILES[name] for name, lead in names.items()}
    place = tmp_path / "a" / "b" / "c"
    place.mkdir(parents=True)
    before = set(tmp_path.rglob("*"))
    for pack in (tarred, zipped):
        (tmp_path / "mine").write_bytes(pack({"../../evil.txt": b"evil"} | held))
        monkeypatch.setenv(engine.VARIABLE, str(tmp_path / "mine"))
        monkeypatch.setattr(downloads, "cache_dir", lambda: place / "cache")
        fetched()
        made = set(tmp_path.rglob("*")) - before - {tmp_path / "mine", place / "cache"}
        assert all(place / "cache" in path.parents for path in made)


def test_links_in_an_archive_are_not_followed(registries, tmp_path, monkeypatch, cache):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            member = tarfile.TarInfo("pyodide.js")
            member.type, member.linkname = kind, str(tmp_path / "engine.toml")
            archive.addfile(member)
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    (tmp_path / "mine.tgz").write_bytes(target.getvalue())
    monkeypatch.setenv(engine.VARIABLE, str(tmp_path / "mine.tgz"))
    fetched()
    assert registries.asked == []
    assert not any(path.is_symlink() for path in cache.iterdir())


def test_an_archive_that_unpacks_without_end_is_left(web, tmp_path, monkeypatch):
    web.pin(b"", b"")
    monkeypatch.setattr(engine, "WHOLE", 300_000)
    (tmp_path / "bomb").write_bytes(tarred({"a": bytes(200_000), "b": bytes(200_000), **FILES}))
    monkeypatch.setenv(engine.VARIABLE, str(tmp_path / "bomb"))
    with pytest.raises(engine.Unavailable, match="bomb cannot .* to more than 300,000 bytes"):
        engine.files([])


@pytest.mark.parametrize("pack", [tarred, zipped])
def test_a_bomb_does_not_go_off(registries, tmp_path, monkeypatch, pack):
    monkeypatch.setattr(engine, "LARGEST", 10_000)
    monkeypatch.setattr(engine, "WHOLE", 300_000)
    written = []
    copy = engine.shutil.copyfileobj

    def copied(source, target):
        copy(source, target)
        written.append(target.tell())

    monkeypatch.setattr(engine.shutil, "copyfileobj", copied)
    bomb = pack({"a/pyodide.js": bytes(200_000), "b/large": bytes(200_000), **FILES})
    assert len(bomb) < 20_000
    (tmp_path / "bomb").write_bytes(bomb)
    monkeypatch.setenv(engine.VARIABLE, str(tmp_path / "bomb"))
    fetched()
    assert max(written) == max(len(content) for content in (CORE | CARRIED).values())


@pytest.mark.parametrize("name", ["mine.tar.bz2", "mine.tgz", "mine.zip"])
def test_what_is_no_archive_is_said(web, tmp_path, monkeypatch, name):
    web.pin(b"", b"")
    whole = ARCHIVES[name]({f"a/{n}": content for n, content in FILES.items()})
    for content in (b"", b"<html>Please log in</html>", whole[: len(whole) // 2]):
        (tmp_path / name).write_bytes(content)
        monkeypatch.setenv(engine.VARIABLE, str(tmp_path / name))
        with pytest.raises(Unavailable, match=rf"{name} (cannot be unpacked|lacks)"):
            engine.files(["scikit-alpha"])
        only_proven(tmp_path / "cache")


def test_a_server_that_says_no_size_or_a_senseless_one(web):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200)
            if self.path != "/none":
                self.send_header("Content-Length", self.path[1:])
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert engine._size(f"{url}/12") == 12
        for path in ("none", "-1", "99999999999"):
            with pytest.raises(OSError, match=rf"{url}/{path} has .* bytes"):
                engine._size(f"{url}/{path}")
        server.shutdown()


# --- Nowhere ---


def test_without_a_network_two_sentences_say_what_was_tried(registries, cache):
    registries.server.shutdown()
    registries.server.server_close()
    with pytest.raises(Unavailable) as raised:
        engine.files(["scikit-alpha"])
    said = str(raised.value)
    for part in (
        f"{engine.VARIABLE} is not set",
        f"{registries.url}{OFFICIAL}pyodide.js: ",
        f"{registries.url}/pyodide-{VERSION}.tgz: ",
        "5 files (pyodide.js, pyodide.asm.js, pyodide.asm.wasm, …)",
        f"set {engine.VARIABLE} to a folder or an archive",
        f"파일 5개를 위의 어느 곳에서도 받지 못했습니다. 인터넷에 연결하거나, 환경 변수 {engine.VARIABLE}에",
    ):
        assert part in said
    assert not cache.exists() or list(cache.iterdir()) == []


def test_the_variable_names_nothing(registries, tmp_path, monkeypatch):
    monkeypatch.setenv(engine.VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(
        ValueError, match=r"CNNBOOK_PYODIDE: got .*nowhere(.|\n)*폴더 또는 압축 파일"
    ):
        engine.files([])


def test_a_cache_that_cannot_be_written_to(official, tmp_path):
    (tmp_path / "cache").write_text("a file in its place")
    with pytest.raises(Unavailable, match="cannot be written to"):
        engine.files([])


# --- Licenses ---


def test_every_wheel_s_license_is_in_the_notice(official):
    said = engine.licences(fetched())
    for line in (
        f"Pyodide {VERSION}: MPL-2.0",
        "scikit-alpha 1.0: BSD-3-Clause",
        "beta 2.0: MIT License",
        "gamma 3.0: PSF",
        "openblas-0.3: BSD-3-Clause",
    ):
        assert f"\n{line} (" in f"\n{said}"
    assert len(said.splitlines()) == 2 + len(WHEELS)
    assert "delta 4.0: not named" in engine.licences(engine.files(["delta"]))


# --- Pins ---


def test_another_pyodide_is_pinned_by_one_command(official):
    before = engine.PINS.read_text("utf-8")
    core = {name: content + b" of 2" for name, content in CORE.items() if name != engine.LOCK}
    core[engine.LOCK] = CORE[engine.LOCK]
    npm = tarred({f"package/{name}": content for name, content in core.items()})
    integrity = f"sha512-{base64.b64encode(hashlib.sha512(npm).digest()).decode()}"
    dist = {"tarball": f"{official.url}/pyodide-2.tgz", "integrity": integrity}
    official.put({"2.json": json.dumps({"dist": dist}).encode(), "pyodide-2.tgz": damaged(npm)})
    for version in ("2", "3"):  # other bytes than npm says; a version that npm does not have
        with pytest.raises(OSError, match=f"{official.url}/(pyodide-2.tgz sent other|3.json: )"):
            engine.pin(version)
        assert engine.PINS.read_text("utf-8") == before
    official.put({"pyodide-2.tgz": npm})
    engine.pin("2")
    found = engine.files(["scikit-alpha"])
    assert {name: found[name].read_bytes() for name in CORE} == core
    pins, old = tomllib.loads(engine.PINS.read_text("utf-8")), tomllib.loads(before)
    assert pins["pyodide"]["version"] == "2" and pins["carriers"] == old["carriers"]


def test_the_book_s_own_pins_are_whole():
    pins = tomllib.loads(engine.PINS.read_text("utf-8"))
    assert set(pins["pyodide"]["core"]) == set(engine.CORE)
    npm = engine._npm(*(pins["pyodide"][name] for name in ("url", "size", "integrity")))
    assert pins["pyodide"]["version"] in npm.path
    digests = [*pins["pyodide"]["core"].values(), *(row["sha256"] for row in pins["carriers"])]
    assert {len(bytes.fromhex(digest)) for digest in digests} == {32}
    assert len(bytes.fromhex(npm.digests["sha512"])) == 64
