"""Try every order of the lines of each exercise of lines in disorder, and write down the right ones.

Usage:  python -m tools.teaching.orders

Writes book/_assets/lab/orders.js for the page, which runs no Python: the orders that compute what is
asked for, and why a line does not belong. tests/test_order.py tries them all anew.
"""

import itertools
import json

from cnnbook import check
from cnnbook._files import replacing
from cnnbook.check import order
from tools import ROOT

PAGE = ROOT / "book/_assets/lab/orders.js"
MOST = 7  # lines: 13,699 orders


def exercises():
    """Return {name: Lines} of all chapters."""
    for path in sorted((ROOT / "cnnbook/check").glob("ch[0-9][0-9].py")):
        check.find(f"{path.stem[2:]}-1")  # registers the chapter's exercises
    return dict(sorted(order.LINES.items()))


def orders(lines):
    """Yield every sequence of some of the lines, each used once at most."""
    for count in range(1, len(lines.code) + 1):
        yield from map("".join, itertools.permutations(lines.code, count))


def right(lines):
    """Return the sequences that compute what is wanted."""
    wanted, found = lines.right(), []
    for letters in orders(lines):
        try:
            value = lines.value(letters)
        except order.Stopped:
            continue
        if order.same(value, wanted):
            found.append(letters)
    return found


def row(lines):
    """Return what the page knows of an exercise: the orders that are right, and why of each stray."""
    strays = {
        letter: {"en": english, "ko": korean} for letter, (english, korean) in lines.strays.items()
    }
    return {"orders": right(lines), "strays": strays}


def page():
    """Return the text of orders.js."""
    rows = ",\n".join(
        f'  "{name}": {json.dumps(row(lines), ensure_ascii=False)}'
        for name, lines in exercises().items()
    )
    return (
        "// Written by tools/teaching/orders.py, which ran every order: these compute what is asked for.\n"
        f"cnnlab.orders = {{\n{rows}\n}};\n"
    )


if __name__ == "__main__":
    with replacing(PAGE) as file:
        file.write(page().encode())
    print(PAGE.relative_to(ROOT))
