"""Code style, and that the project speaks of itself alone."""

import re
import subprocess
import sys

import pytest


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff(command, root):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "."], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_names_a_folder_of_one_machine(root):
    """Neither text nor stored output says where somebody had the book (pictures left out)."""
    place = re.compile(r"(?<![\w.$~}/-])/(home|root|tmp|work|Users)/\w")
    read = 0
    for folder in ("book", "cnnbook", "tools", "data", ".github"):
        for path in (root / folder).rglob("*"):
            if path.suffix in (
                ".py",
                ".md",
                ".ipynb",
                ".toml",
                ".js",
                ".json",
                ".yml",
                ".html",
                ".txt",
            ):
                text = re.sub(r'"image/png": "[^"]*"', "", path.read_text("utf-8"))
                read += 1
                assert not (found := place.search(text)), f"{path.relative_to(root)}: {found[0]}"
    assert read > 100
