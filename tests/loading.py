"""For tests of files that are no package: the tools, and the repository's conftest.py."""

import importlib.util
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def load(path):
    """Return the Python file at this path below the repository's root as a new module."""
    folder = str((ROOT / path).parent)  # where a script that Python runs finds its neighbours
    if folder not in sys.path:
        sys.path.append(folder)
    name = f"loaded_{pathlib.Path(path).stem}"  # pytest has modules named conftest of its own
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
