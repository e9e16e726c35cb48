"""What the tests of the pages share: how a book is built, and which pages it has."""

import os
import subprocess
import sys


def build(root, *arguments):
    """Build the book of a checkout as `make book` does; pages that run are test_live_pages.py's to add."""
    command = [sys.executable, "-m", "tools.build", *map(str, arguments)]
    environment = {**os.environ, "PYTHONUTF8": "1", "LIVE": ""}
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, encoding="utf-8", errors="replace"
    )


def built(root, *arguments, output=None):
    """Return the folder that holds the front door and a folder for each edition."""
    output = output or root / "_build"
    done = build(root, *arguments, "--output", output)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return output / "html"


def pages(folder):
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.html")
        if "_static" not in path.parts
    )
