"""What maintainers run from the repository's root: python -m tools.run 03. The map: CONTRIBUTING.md.

Imports point downward (tests/test_map.py has the rows): bench, recipes, pages, teaching, matrix → full_size,
seeds, twins, build, status_page → live → run → editions, compare, browser. A reader needs none of this: cnnbook is
the package, and cnnbook.__main__ the commands.
"""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
