"""Remake data/circle.txt: a circle drawn one pixel wide on a 10×10 grid."""

import numpy as np

from tools import ROOT

RADIUS, SIZE = 4.0, 10


def circle():
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    return (abs(np.hypot(x, y) - RADIUS) <= 0.5).astype(int)


def text():
    return "".join(" ".join(map(str, row)) + "\n" for row in circle())


if __name__ == "__main__":
    target = ROOT / "data" / "circle.txt"
    target.write_text(text(), encoding="ascii", newline="\n")
    print(target)
