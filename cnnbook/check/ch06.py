"""Checks of chapter 06, pooling."""

import functools

import numpy as np

from cnnbook import ops
from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("06-1")
def pooled_size(answer):
    number = as_number(answer)
    if number == (28 - 3) / 2 + 1:
        raise Wrong(
            "there is no half a place: round down", "반쪽 자리는 없습니다. 나눈 값을 내림합니다."
        )
    if number == (28 - 3) // 2:
        raise Wrong(
            "that is the number of jumps: count the first place too",
            "이것은 뛴 횟수입니다. 출발한 자리도 세어야 합니다.",
        )
    if number == 28 // 2:
        raise Wrong(
            "that is half the size: a 3×3 window stops one place earlier",
            "이것은 한 변의 절반입니다. 3×3 창은 한 자리 먼저 멈춥니다.",
        )
    if number == (28 - 3) // 3 + 1:
        raise Wrong(
            "that is with stride 3: here the stride is 2, not the window's size",
            "스트라이드 3일 때의 값입니다. 여기서는 창의 크기가 아니라 2입니다.",
        )
    if number == 28 - 3 + 1:
        raise Wrong("that is with stride 1", "스트라이드 1일 때의 값입니다.")
    if number != (28 - 3) // 2 + 1:
        raise Wrong(
            "(size - window) / stride, rounded down, plus 1",
            "(한 변 - 창) / 스트라이드를 내림하고 1을 더합니다.",
        )


@exercise("06-2")
def negative_same(answer):
    feature_map = np.array([[-4, -2, -5], [-3, -1, -6], [-9, -7, -8]])
    array = as_array(answer, (2, 2))
    behind, before = ((0, 1), (0, 1)), ((1, 0), (1, 0))
    if any(_is_pooled(array, np.pad(feature_map, pads)) for pads in (behind, before)):
        raise Wrong(
            "zeros have won over negative numbers: padding must never be chosen",
            "채운 0이 음수를 이겼습니다. 채운 칸은 절대로 고르지 않습니다.",
        )
    if _is_pooled(array, _with_infinity(feature_map, before)):
        raise Wrong(
            "the odd row and column are padded above and left: TensorFlow puts them below and right",
            "위와 왼쪽에 채웠습니다. TensorFlow는 아래와 오른쪽에 채웁니다.",
        )
    if np.array_equal(array, ops.pool2d_loop(feature_map, 2, 1)):
        raise Wrong(
            "with stride 2 the second window begins at the third column",
            "스트라이드가 2이므로 둘째 창은 셋째 열에서 시작합니다.",
        )
    if np.array_equal(array, [[-4, -6], [-9, -8]]):
        raise Wrong(
            "those are the smallest numbers: -1 is larger than -4",
            "가장 작은 수를 골랐습니다. -1이 -4보다 큽니다.",
        )
    if not _is_pooled(array, _with_infinity(feature_map, behind)):
        raise Wrong(
            "the four windows hold 4, 2, 2 and 1 real numbers: choose the largest of each",
            "네 창에 든 진짜 수는 차례로 4개, 2개, 2개, 1개입니다. 창마다 가장 큰 것을 고릅니다.",
        )


def _with_infinity(feature_map, pads):
    return np.pad(feature_map.astype(float), pads, constant_values=-np.inf)


def _is_pooled(array, padded):
    return np.array_equal(array, ops.pool2d_loop(padded, 2, 2))


@exercise("06-3")
def average_pool(answer):
    image = np.random.default_rng(0).integers(0, 9, (6, 8)).astype(float)
    # One difficulty after the other, so that the hint names the step that went wrong.
    for given, size in ((image, 2), (image[:5, :7], 2), (image, 3)):
        height, width = (length // size for length in given.shape)
        told = f"image {given.shape}, size {size}"
        result = as_array_or_hint(call(answer, given, size), (height, width), told)
        largest, total = (ops.pool2d_loop(given, size, size, pool) for pool in (np.max, np.sum))
        not_known(
            functools.partial(np.allclose, result),
            (largest, "that is max pooling", "최대 풀링입니다."),
            (total, "that is the sum: divide by the count", "합입니다. 칸의 수로 나눕니다."),
            about=(told, told),
        )
        if not np.allclose(result, ops.pool2d_loop(given, size, size, np.mean)):
            raise Wrong(
                f"{told}: the shape is right, the numbers are not: mean of each {size}×{size} window",
                f"{told}: 모양은 맞지만 값이 다릅니다. {size}×{size} 창마다 평균을 냅니다.",
            )


def as_array_or_hint(result, shape, told):
    try:
        return as_array(result, shape)
    except Wrong as wrong:
        korean, _, english = str(wrong).partition("\n")
        raise Wrong(f"{told}: {english}", f"{told}: {korean}") from None


@exercise("06-4")
def unchanged_to_the_right(answer):
    array = as_array(answer, (4, 4))
    if np.count_nonzero(array) != 1 or array.max() != 1:
        raise Wrong("wanted a single 1 and fifteen 0s", "1이 하나, 0이 열다섯 개여야 합니다.")
    to_the_right = np.pad(array, ((0, 0), (1, 0)))[:, :-1]
    down = np.pad(array, ((1, 0), (0, 0)))[:-1]
    pooled, right, below = (ops.pool2d_loop(each, 2, 2) for each in (array, to_the_right, down))
    if not np.array_equal(right, pooled):
        raise Wrong(
            "moved to the right, the 1 leaves its window: begin in the window's left column",
            "오른쪽으로 밀면 1이 창을 벗어납니다. 창의 왼쪽 열에서 출발해야 합니다.",
        )
    if np.array_equal(below, pooled):
        raise Wrong(
            "moved down, the 1 stays in its window: begin in the window's lower row",
            "아래로 밀어도 1이 같은 창에 있습니다. 창의 아랫줄에서 출발해야 합니다.",
        )


@exercise("06-5")
def always_true(answer):
    given = as_array(answer, (4,))
    if not np.isin(given, (0, 1)).all():
        raise Wrong("wanted four values, each True or False", "True나 False 네 개가 필요합니다.")
    for rank, (mine, right, english, korean) in enumerate(
        zip(
            given,
            (True, False, True, False),
            (
                "ReLU never turns the larger of two numbers into the smaller",
                "try a window with 1, -1, 0, 0",
                "what is the maximum of four maxima?",
                "one pixel after the pooling is two pixels before it",
            ),
            (
                "ReLU는 두 수의 크기 순서를 뒤바꾸지 않습니다",
                "창에 1, -1, 0, 0이 있을 때를 계산해 봅니다",
                "최댓값 네 개의 최댓값이 무엇인지 생각해 봅니다",
                "풀링한 뒤의 한 칸은 풀링하기 전의 두 칸입니다",
            ),
            strict=True,
        ),
        start=1,
    ):
        if mine != right:
            raise Wrong(f"statement {rank}: {english}", f"{rank}번: {korean}.")


@exercise("06-6")
def after_global_average(answer):
    number = as_number(answer)
    if number == 32 * 10:
        raise Wrong("count the 10 biases too", "편향 10개도 세어야 합니다.")
    if number in (7 * 7 * 32 * 10 + 10, 7 * 7 * 32 * 10):
        raise Wrong(
            "that is with flattening: global average pooling leaves one number per map",
            "펼쳐서 이었을 때의 값입니다. 전역 평균 풀링은 특징 맵 한 장을 수 하나로 만듭니다.",
        )
    if number in (7 * 7 * 10 + 10, 7 * 7 * 10):
        raise Wrong(
            "the mean is over the 7×7 places, not over the 32 maps",
            "평균은 특징 맵 32장이 아니라 7×7 자리에서 냅니다.",
        )
    if number != 32 * 10 + 10:
        raise Wrong(
            "how many numbers go in, how many come out, and one bias per output",
            "들어가는 수와 나오는 수를 곱하고, 출력마다 편향을 하나씩 더합니다.",
        )


in_order(
    "06-7",
    """
A  real = np.pad(real, ends)
B  x = x / sums(real)
C  x = np.pad(x, ends)
D  real = np.ones(x.shape)
E  x = x / 4
F  x = sums(x)
""",
    given="import numpy as np\nfrom cnnbook import ops\n"
    "x = np.array([[4.0, 3, 8], [2, 1, 6], [7, 5, 9]])\nends = ((0, 1), (0, 1))\n\n"
    "def sums(x):\n"
    "    return x.reshape(len(x) // 2, 2, -1, 2).sum(axis=(1, 3))",
    ask="x.tolist()",
    wanted="ops.pool2d(x[None, ..., None], 2, padding='same', mode='average')[0, ..., 0].tolist()",
    strays={
        "E": (
            "line E divides by 4 in every window: the cells that were added do not count",
            "E는 어느 창에서나 4로 나눕니다. 덧댄 칸은 세지 않습니다.",
        )
    },
)
