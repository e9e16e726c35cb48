"""The editor of the pages that run: CodeMirror and tools/live/editor/editor.js in one script.

npm brings the packages that editor/package-lock.json names, proven by the digests there, into a folder of
their own in the cache: once. No package's install script runs. esbuild, one of them, makes the bundle.
"""

import builtins
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pygments.lexers
import pygments.token

from cnnbook._files import replacing
from cnnbook.downloads import cache_dir
from tools.live import Unavailable

SOURCE = pathlib.Path(__file__).with_name("editor")
SCRIPT, LICENSES = "live-editor.js", "live-editor.LICENSES.txt"
BROWSERS = "chrome120,edge120,firefox121,safari17.2"  # all of December 2023
PATIENCE = 300  # seconds for npm, which fetches 12 MB


def bundle(target):
    """Write the editor and the licenses of what is in it to the folder `target`; return their paths.

    Both files are whole or not there. Raises Unavailable where npm or the registry is missing.
    """
    packages = _installed()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        command = [
            _esbuild(packages),
            "editor.js",
            "--bundle",
            "--minify",
            "--format=iife",
            f"--target={BROWSERS}",
            f"--define:NAMES={json.dumps(known_names())}",
            "--legal-comments=external",
            f"--metafile={made / 'meta.json'}",
            f"--outfile={made / SCRIPT}",
            "--log-level=warning",
        ]
        environment = {**os.environ, "NODE_PATH": str(packages)}
        subprocess.run(command, cwd=SOURCE, env=environment, check=True)
        legal = made / f"{SCRIPT}.LEGAL.txt"
        comments = legal.read_text("utf-8") if legal.exists() else ""
        inputs = json.loads((made / "meta.json").read_text("utf-8"))["inputs"]
        contents = {
            LICENSES: (_licenses(packages, inputs) + comments).encode(),
            SCRIPT: (made / SCRIPT).read_bytes(),
        }
    for name, content in contents.items():
        with replacing(target / name) as file:
            file.write(content)
    return target / SCRIPT, target / LICENSES


def known_names():
    """Return {Pygments' short class: [name]} of the names that the pages' highlighter colors."""
    names = {"self", "cls", *dir(builtins)}
    names |= {name for value in vars(builtins).values() for name in dir(value)}
    lexer, found = pygments.lexers.PythonLexer(), {}
    for name in sorted(names):
        kind = pygments.token.STANDARD_TYPES[next(lexer.get_tokens(name))[0]]
        if kind in ("bp", "fm", "nb", "ne", "vm"):
            found.setdefault(kind, []).append(name)
    return found


def _installed():
    """Return the folder node_modules with the packages of the lock, fetched where it is not there."""
    lock = (SOURCE / "package-lock.json").read_bytes()
    folder = cache_dir() / f"live-editor-{hashlib.sha256(lock).hexdigest()[:12]}"
    if folder.exists():
        return folder / "node_modules"
    if missing := ", ".join(name for name in ("node", "npm") if not shutil.which(name)):
        raise Unavailable(
            f"Pages that run need Node.js and npm. Not found on the PATH: {missing}. Install Node.js "
            "(https://nodejs.org), or build the book without LIVE=1.\n"
            "페이지에서 코드가 실행되는 책을 만들려면 Node.js와 npm이 필요합니다. PATH에서 찾지 못한 "
            f"프로그램: {missing}. Node.js를 설치하거나(https://nodejs.org) LIVE=1 없이 책을 만듭니다.",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Under another name until it is whole.
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}.", dir=folder.parent) as part:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, part)
        _fetch(part)
        try:
            os.rename(part, folder)
        except OSError:
            if not folder.exists():  # or another build was faster
                raise
    return folder / "node_modules"


def _fetch(folder):
    """Let npm fetch what the lock in a folder names; Unavailable, with what npm said, if it cannot."""
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    try:
        done = subprocess.run(
            [shutil.which("npm"), *command[1:]],  # on Windows npm is no program, but npm.cmd
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        problem = f"(> {PATIENCE} s)"
    else:
        if done.returncode == 0:
            return
        problem = (done.stderr or done.stdout).strip()[-1500:]
    tried = " ".join(command)
    raise Unavailable(
        f"The packages of the editor could not be had from npm's registry. Tried: {tried}. Connect to "
        "the network and try again, or build the book without LIVE=1. What npm said is below.\n"
        f"편집기의 패키지를 npm 저장소에서 받지 못했습니다. 실행한 명령: {tried}. 네트워크에 연결하고 다시 "
        f"시도하거나 LIVE=1 없이 책을 만듭니다. npm의 출력은 아래와 같습니다.\n{problem}",
    )


def _esbuild(packages):
    """Return the path of esbuild's program for this system, which works without an install script."""
    folder = packages / "@esbuild"
    programs = [*folder.glob("*/bin/esbuild"), *folder.glob("*/esbuild.exe")]
    if not programs:
        raise Unavailable(
            f"There is no esbuild for this system in {folder}. Delete {packages.parent} to fetch it anew.\n"
            f"{folder}에 이 시스템용 esbuild가 없습니다. {packages.parent} 폴더를 지우면 다시 받습니다.",
        )
    return programs[0]


def _licenses(packages, inputs):
    """Return the license of each package that a file of the bundle comes from."""
    names = set()
    for path in inputs:
        _, found, inside = path.rpartition("node_modules/")
        if found:
            names.add("/".join(inside.split("/")[: 2 if inside.startswith("@") else 1]))
    texts = []
    for name in sorted(names):
        package = json.loads((packages / name / "package.json").read_text("utf-8"))
        text = next((packages / name).glob("LICENSE*")).read_text("utf-8").strip()
        texts.append(f"{name} {package['version']} ({package['license']})\n\n{text}\n")
    return f"\n{'-' * 80}\n\n".join(texts)
