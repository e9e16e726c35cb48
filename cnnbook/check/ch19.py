"""Checks of chapter 19, many devices."""

import math

import numpy as np

from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("19-1")
def weighted_mean(answer):
    number = as_number(answer)
    not_known(
        lambda other: math.isclose(number, other, rel_tol=1e-6),
        (1, "weigh each mean by its number of images", "평균마다 이미지 수를 곱합니다."),
        (2, "divide by all the images", "전체 이미지 수로 나눕니다."),
        (1.75, "the second device has 5 images", "이미지가 5장인 것은 둘째 장치입니다."),
        (2.75, "the second gradient is negative", "둘째 기울기는 음수입니다."),
    )
    if not math.isclose(number, 0.25, rel_tol=1e-6):
        raise Wrong(
            "add 3 times the one and 5 times the other, then divide by 8",
            "하나에 3을, 다른 하나에 5를 곱해 더하고 8로 나눕니다.",
        )


@exercise("19-2")
def ring_bytes(answer):
    number = as_number(answer)
    gradient = 100_000_000
    not_known(
        lambda other: math.isclose(number, other, rel_tol=1e-6),
        (gradient, "that is the gradient once", "기울기 한 벌의 크기입니다."),
        (gradient * 3 / 4, "the ring goes round twice", "고리를 두 바퀴 돕니다."),
        (
            gradient * 2,
            "of 4 pieces, 3 are sent each time",
            "바퀴마다 4토막 중 3토막을 보냅니다.",
        ),
        (
            gradient * 6,
            "that is what all four send",
            "네 장치가 보내는 양을 모두 더한 것입니다.",
        ),
        (
            gradient * 3 / 8,
            "that counts numbers, not bytes",
            "바이트가 아니라 수의 개수입니다.",
        ),
        (25_000_000, "bytes, and twice round the ring", "바이트로 세고, 두 바퀴를 돕니다."),
        (150, "bytes, not megabytes", "메가바이트가 아니라 바이트로 적습니다."),
    )
    if not math.isclose(number, gradient * 3 / 2, rel_tol=1e-6):
        raise Wrong(
            "4 bytes per parameter, 2(k - 1)/k times with k = 4",
            "파라미터마다 4바이트이고, k = 4일 때 2(k - 1)/k배입니다.",
        )


@exercise("19-3")
def combine(answer):
    random = np.random.default_rng(0)
    for shape, sizes in (((2,), [1, 3]), ((3, 4, 5), [5, 0, 2]), ((4, 3, 2, 2), [8, 8, 8, 7])):
        gradients, sizes = random.normal(size=shape), np.array(sizes)
        _compare(answer, gradients, sizes)
    empty = np.array([[1.0, 2.0], [np.nan, np.nan], [3.0, -1.0]])  # the mean of no images
    _compare(answer, empty, np.array([1, 0, 3]))


def _compare(answer, gradients, sizes):
    some = sizes > 0
    wanted = np.tensordot(sizes[some], gradients[some], axes=1) / sizes.sum()
    with np.errstate(invalid="ignore"):
        given = as_array(call(answer, gradients, sizes), wanted.shape)
    if np.allclose(given, wanted, atol=1e-6):
        return
    if np.isnan(given).any():
        raise Wrong(
            "a device without images may hold nan, and 0 * nan is nan: leave it out first",
            "이미지가 없는 장치의 값은 NaN일 수 있고 0·NaN은 NaN입니다. 먼저 뺍니다.",
        )
    not_known(
        lambda other: np.allclose(given, other, atol=1e-6),
        (gradients.mean(axis=0), "that is the plain mean", "장수를 곱하지 않은 평균입니다."),
        (wanted * sizes.sum(), "divide by all the images", "전체 장수로 나눕니다."),
        (
            wanted * sizes.sum() / len(sizes),
            "divide by the images, not by the devices",
            "장치 수가 아니라 장수로 나눕니다.",
        ),
        (gradients.sum(axis=0), "that is the plain sum", "장수를 곱하지 않은 합입니다."),
    )
    raise Wrong(
        f"sizes {sizes.tolist()}: weigh each device's gradient by its images",
        f"장수가 {sizes.tolist()}일 때 다릅니다. 장치마다 장수를 곱해 더합니다.",
    )


@exercise("19-4")
def multiply_adds(answer):
    number = as_number(answer)
    kernel = 3 * 3 * 16 * 32
    not_known(
        lambda other: math.isclose(number, other, rel_tol=1e-6),
        (kernel, "that is one place", "한 자리의 수입니다. 자리 수를 곱합니다."),
        (14 * 14 * kernel, "14×14 is with padding SAME", "14×14는 SAME일 때입니다."),
        (26 * 26 * kernel, "the stride is 2", "스트라이드가 2입니다."),
        (28 * 28 * kernel, "the output is smaller than the input", "출력은 입력보다 작습니다."),
        (169 * 144, "there are 32 filters", "필터가 32개입니다."),
        (169 * 9 * 32, "each filter sees 16 channels", "필터마다 채널 16개를 봅니다."),
        (
            2 * 169 * kernel,
            "a multiplication and an addition count as one here",
            "여기서는 곱셈과 덧셈을 묶어 한 번으로 셉니다.",
        ),
    )
    if number != 169 * kernel:
        raise Wrong(
            "places of the output, times the numbers of all kernels",
            "출력의 자리 수에 모든 커널의 수를 곱합니다.",
        )


in_order(
    "19-5",
    """
A      ws = [w - 0.05 * shared for w in ws]
B  counts = [len(share) for share in shares]
C      ws = [w - 0.05 * np.mean(slopes) for w in ws]
D      slopes = [slope(w, share) for w, share in zip(ws, shares)]
E  for step in range(3):
F      shared = np.dot(counts, slopes) / sum(counts)
""",
    given="import numpy as np\n"
    "shares = [[(1, 2)], [(2, 1), (3, 1), (4, 6)]]  # (x, t), of two workers\nws = [1, 1]\n\n"
    "def slope(w, share):\n"
    "    return sum(2 * (w * x - t) * x for x, t in share) / len(share)",
    ask="np.round(ws, 4).tolist()",
    wanted="[round(31 / 30 - 0.25**3 / 30, 4)] * 2",
    strays={
        "C": (
            "line C takes the plain mean: the worker with one sample would count as much as three",
            "C는 그냥 평균합니다. 표본 하나를 맡은 작업자가 셋을 맡은 쪽과 같은 무게가 됩니다.",
        )
    },
)
