"""Checks of chapter 18, the zip-code recogniser."""

import functools
import math

import numpy as np

from cnnbook.check import Wrong, as_letters, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("18-1")
def smaller_head(answer):
    number = as_number(answer)
    convolutions, right = 64_992, 197_482
    not_known(
        lambda other: math.isclose(number, other, abs_tol=0.5),
        (594_922, "that is with 512 units", "512개일 때의 수입니다."),
        (
            convolutions + 131_200 + 5_130,
            "the last layer has fewer inputs now, too",
            "마지막 층의 입력도 줄었습니다.",
        ),
        (right - 128 - 10, "a bias for each unit", "칸마다 편향도 하나씩 있습니다."),
        (131_200 + 1_290, "add the convolutions", "합성곱층의 파라미터를 더합니다."),
        (convolutions + 131_200, "add the last layer", "마지막 층의 파라미터를 더합니다."),
        (131_200, "that is one layer alone: add the others", "층 하나의 수입니다. 모두 더합니다."),
        (594_922 / 4, "not every layer shrinks", "모든 층이 줄어드는 것은 아닙니다."),
    )
    if number != right:
        raise Wrong(
            "only two layers change: 1024 inputs to 128 units, and 128 inputs to 10",
            "두 층만 바뀝니다. 1,024에서 128로, 128에서 10으로 가는 층입니다.",
        )


@exercise("18-2")
def needed(answer):
    number = as_number(answer)
    right = 0.99**0.2
    not_known(
        lambda other: math.isclose(number, other, rel_tol=2e-4),
        (0.99**5, "that is five right of a digit at 0.99", "한 자리가 0.99일 때의 값입니다."),
        (0.99, "a code is right less often than a digit", "우편번호는 숫자보다 덜 맞습니다."),
        (0.01 / 5, "that is the error", "오류율입니다. 정확도를 답합니다."),
        (1 - right, "that is the error", "오류율입니다. 정확도를 답합니다."),
        (0.99 / 5, "the accuracies are multiplied, not added", "정확도는 더하지 않고 곱합니다."),
        (100 * right, "a share, not a percentage", "퍼센트가 아니라 비율입니다."),
    )
    if not abs(number - right) <= 6e-5:  # nan, too
        raise Wrong(
            "five digits: what number, multiplied by itself five times over, is 0.99? Four decimals",
            "다섯 번 곱해서 0.99가 되는 수를 소수 넷째 자리까지 찾습니다.",
        )


@exercise("18-3")
def centre_of_mass(answer):
    ink = np.random.default_rng(3).random((7, 11)) ** 4
    ink[:2] = ink[ink < 0.1] = 0
    heavy = np.zeros((5, 9))
    heavy[3, 6] = 0.5
    for image in (heavy, ink):
        given = np.asarray(call(answer, image.copy()), float).ravel()
        rows, columns = (np.arange(size) for size in image.shape)
        weights = image.sum(axis=1), image.sum(axis=0)
        right = np.array(
            [np.average(p + 0.5, weights=w) for p, w in zip((rows, columns), weights, strict=True)]
        )
        if given.shape != (2,):
            raise Wrong(
                f"return two numbers, a row and a column; got {given.size}",
                f"수 두 개(행, 열)를 돌려줍니다. 받은 수: {given.size}개.",
            )
        if np.allclose(given, right):
            continue
        inked = np.argwhere(image > 0)
        not_known(
            functools.partial(np.allclose, given),
            (right[::-1], "the row first, then the column", "행이 먼저이고 열이 다음입니다."),
            (
                right - 0.5,
                "the middle of pixel i is at i + 0.5",
                "픽셀 i의 가운데는 i + 0.5입니다.",
            ),
            (
                inked.mean(axis=0) + 0.5,
                "weigh each pixel by its ink",
                "픽셀마다 잉크만큼 무게를 줍니다.",
            ),
            (
                (inked.min(axis=0) + inked.max(axis=0) + 1) / 2,
                "that is the middle of the bounding box, without weights",
                "둘러싼 상자의 가운데입니다. 무게를 주어야 합니다.",
            ),
            (
                np.array(image.shape) / 2,
                "that is the middle of the picture: where is the ink?",
                "그림의 한가운데입니다. 잉크가 어디에 있는지 봅니다.",
            ),
            (
                right * image.sum(),
                "divide by the sum of the ink",
                "잉크의 합으로 나눕니다.",
            ),
        )
        raise Wrong(
            "add up ink times place, and divide by the sum of the ink, for rows and for columns",
            "자리에 잉크를 곱해 더하고 잉크의 합으로 나눕니다. 행과 열을 따로 합니다.",
        )


@exercise("18-4")
def code_accuracy(answer):
    right = np.random.default_rng(0).random(200) < 0.9
    right[:10] = [True] * 4 + [False] + [False] + [True] * 4
    rows = right.reshape(-1, 5)
    given = as_number(call(answer, right.copy()))
    wanted = rows.all(axis=1).mean()
    not_known(
        lambda other: not math.isclose(given, wanted) and math.isclose(given, other, rel_tol=1e-6),
        (right.mean(), "that is the accuracy of a digit", "한 자리의 정확도입니다."),
        (
            right.mean() ** 5,
            "do not assume, count: which codes are right in all five?",
            "어림하지 말고 셉니다. 다섯 자리가 모두 맞은 우편번호가 몇 개입니까?",
        ),
        (rows.any(axis=1).mean(), "all five, not any", "하나라도가 아니라 모두 맞아야 합니다."),
        (rows.all(axis=1).sum(), "a share, not a count", "개수가 아니라 비율입니다."),
        (1 - wanted, "that is the error", "오류율입니다."),
        (
            right.reshape(5, -1).all(axis=0).mean(),
            "five in a row are one code: reshape to (-1, 5)",
            "이어진 다섯 개가 우편번호 하나입니다. (-1, 5)로 바꿉니다.",
        ),
        (
            rows.all(axis=1).sum() / len(right),
            "divide by the number of codes, not of digits",
            "숫자의 수가 아니라 우편번호의 수로 나눕니다.",
        ),
    )
    if not math.isclose(given, wanted, rel_tol=1e-6):
        raise Wrong(
            "the share of rows of five that are all true",
            "다섯 개씩 끊은 줄 가운데 모두 참인 줄의 비율입니다.",
        )


@exercise("18-5")
def shifts(answer):
    letters = as_letters(list(answer) if isinstance(answer, set) else answer)
    given = {letter for letter in letters.lower() if letter.isalpha()}
    if not given or not given <= set("abcde"):
        raise Wrong("letters from a to e", "a부터 e까지의 글자로 답합니다.")
    if "b" in given:
        raise Wrong(
            "b: both come from the same data, so the difference is overfitting",
            "b는 같은 데이터에서 나눈 것이므로 과적합입니다.",
        )
    if "d" in given:
        raise Wrong(
            "d: the data do not change from epoch to epoch",
            "d에서는 에포크마다 데이터가 바뀌지 않습니다.",
        )
    if given != set("ace"):
        raise Wrong(
            "where do the new data come from another pen, machine or hand?",
            "펜이나 기계, 쓰는 사람이 바뀐 것을 모두 고릅니다.",
        )


in_order(
    "18-6",
    """
A  ink = ink[rows[0] : rows[-1]]
B  middle = np.arange(len(ink)) @ ink.sum(axis=1) / ink.sum()
C  ink = np.where(ink > 0.2, ink, 0)
D  rows = np.flatnonzero(ink.any(axis=1))
E  ink = ink[rows[0] : rows[-1] + 1]
F  ink = 1 - ink
""",
    given="import numpy as np\nfrom scipy import ndimage\n"
    "ink = np.array([[1, 0.9], [1, 1], [0.3, 1], [0.2, 0.6], [0.1, 0], [1, 0.4], [0.9, 1]])",
    ask="(len(ink), round(float(middle), 3))",
    wanted="(ndimage.find_objects((ink < 0.8) * 1)[0][0].stop - 2,"
    " round(float(ndimage.center_of_mass((1 - ink) * (ink < 0.8))[0] - 2), 3))",
    strays={
        "A": (
            "line A leaves out the last row with ink",
            "A는 잉크가 있는 마지막 행을 빠뜨립니다.",
        )
    },
)
