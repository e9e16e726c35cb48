"""Checks of chapter 04, padding and stride."""

import numpy as np

from cnnbook import ops
from cnnbook.check import Wrong, as_array, as_number, call, exercise
from cnnbook.check.order import in_order


@exercise("04-1")
def strided_size(answer):
    number = as_number(answer)
    last = 30 + 2 * 4 - 5
    if number == last // 2:
        raise Wrong(
            "that is the number of jumps: count the first place too",
            "이것은 뛴 횟수입니다. 출발한 자리도 세어야 합니다.",
        )
    if number in (last / 2 + 1, last // 2 + 2):
        raise Wrong(
            "a jump that does not fit is not made: round the quotient down",
            "끝까지 뛸 수 없는 마지막 걸음은 세지 않습니다. 나눈 값을 내림합니다.",
        )
    if number == (30 - 5) // 2 + 1:
        raise Wrong("that is without the padding", "패딩을 더하지 않은 값입니다.")
    if number == (30 + 4 - 5) // 2 + 1:
        raise Wrong(
            "the padding of 4 is on both sides", "패딩 네 칸은 양쪽에 있습니다. 두 번 더합니다."
        )
    if number == last + 1:
        raise Wrong("that is with stride 1", "스트라이드 1일 때의 값입니다.")
    if number != last // 2 + 1:
        raise Wrong(
            "pad, find the last place of the window's first pixel, divide by the stride, add 1",
            "덧댄 크기에서 창의 첫 칸이 갈 수 있는 마지막 자리를 구하고, 스트라이드로 나눈 몫에 1을 더합니다.",
        )


@exercise("04-2")
def even_same(answer):
    before, after = as_array(answer, (2,))
    if (before, after) == (3, 2):
        raise Wrong(
            "that is NumPy's side: TensorFlow puts the odd zero at the end",
            "NumPy가 채우는 쪽입니다. TensorFlow는 남는 0을 뒤에 둡니다.",
        )
    if before + after != 5:
        raise Wrong(
            f"with {before + after:g} zeros, n + {before + after:g} - 6 + 1 is not n",
            f"0이 모두 {before + after:g}칸이면 n + {before + after:g} - 6 + 1이 n과 다릅니다.",
        )
    if (before, after) != (2, 3):
        raise Wrong(
            "divide the 5 zeros as evenly as whole numbers allow",
            "0 다섯 칸을 정수로, 되도록 고르게 나눕니다.",
        )


@exercise("04-3")
def same_by_hand(answer):
    signal, weights = np.array([1, 0, 2, 3]), np.array([1, 2])
    array = as_array(answer, (4,))
    if np.array_equal(array, ops.correlate1d(np.pad(signal, (1, 0)), weights)):
        raise Wrong(
            "the zero stands in front: TensorFlow puts it at the end",
            "0을 앞에 채웠습니다. TensorFlow는 뒤에 채웁니다.",
        )
    flipped = [ops.convolve1d(np.pad(signal, pad), weights) for pad in ((0, 1), (1, 0))]
    if any(np.array_equal(array, wrong) for wrong in flipped):
        raise Wrong(
            "the weights are flipped: in this chapter they are not",
            "가중치를 뒤집었습니다. 이 장에서는 뒤집지 않습니다.",
        )
    if not np.array_equal(array, ops.correlate1d(np.pad(signal, (0, 1)), weights)):
        raise Wrong(
            "put one zero after the signal, then slide [1, 2] over 1 0 2 3 0",
            "신호 뒤에 0을 한 칸 채우고, 1 0 2 3 0 위에서 [1, 2]를 한 칸씩 옮깁니다.",
        )


@exercise("04-4")
def no_pixel_left(answer):
    numbers = as_array(answer, (3,))
    if (numbers != numbers.round()).any() or not np.isfinite(numbers).all():
        raise Wrong("k, s and p are whole numbers", "k, s, p는 정수입니다.")
    k, s, p = (int(number) for number in numbers)
    if not (1 <= k <= 5 and s >= 1 and 0 <= p < k):
        raise Wrong(
            "wanted 1 <= k <= 5, s >= 1 and 0 <= p < k, in the order k, s, p",
            "k는 1 이상 5 이하, s는 1 이상, p는 0 이상 k 미만이어야 합니다. 차례는 k, s, p입니다.",
        )
    size = ops.output_size(28, k, s, p)
    if size != 7:
        raise Wrong(f"this gives {size}×{size}", f"이 값으로는 특징 맵이 {size}×{size}입니다.")
    met = np.add.outer(np.arange(size) * s, np.arange(k)) - p
    missed = 28 - len(np.intersect1d(met, np.arange(28)))
    if missed:
        raise Wrong(
            f"7×7, but no window meets {missed} of the 28 rows",
            f"7×7이지만 28줄 가운데 {missed}줄에는 창이 닿지 않습니다.",
        )


@exercise("04-5")
def strided_convolution(answer):
    image = np.random.default_rng(0).integers(1, 9, (7, 9))
    kernel = np.array([[1, 2, 3], [4, 5, 7]])  # no symmetry: every wrong flip shows
    # One difficulty after the other, so that the hint names the step that went wrong.
    for stride, padding, english, korean in (
        (1, 0, "this is correlate2d itself, not flipped", "뒤집지 않은 correlate2d 그대로입니다"),
        (
            1,
            2,
            "pad all four sides of the image before sliding",
            "창을 밀기 전에 이미지의 네 변을 모두 채웁니다",
        ),
        (
            3,
            0,
            "height and width both skip, in the result, not in the image",
            "세로와 가로를 모두 건너뛰며, 이미지가 아니라 결과에서 고릅니다",
        ),
        (2, 1, "pad first, skip last", "먼저 채우고, 나중에 고릅니다"),
    ):
        result = _numbers(call(answer, image, kernel, stride, padding))
        expected = ops.correlate2d(np.pad(image, padding), kernel)[::stride, ::stride]
        told = f"stride={stride}, padding={padding}"
        if result.shape != expected.shape:
            raise Wrong(
                f"{told}: {english}; wanted shape {expected.shape}, got {result.shape}",
                f"{told}: {korean}. 필요한 모양은 {expected.shape}, 받은 모양은 {result.shape}입니다.",
            )
        if not np.allclose(result, expected):
            raise Wrong(
                f"{told}: {english}; the shape is right, the numbers are not",
                f"{told}: {korean}. 모양은 맞지만 값이 다릅니다.",
            )


def _numbers(result):
    try:
        return np.asarray(result, dtype=float)
    except (TypeError, ValueError):
        return np.array(np.nan)


@exercise("04-6")
def dilated_span(answer):
    number = as_number(answer)
    if number == 3 * 4:
        raise Wrong(
            "three pixels have two gaps between them, not three",
            "칸이 셋이면 그 사이의 간격은 둘입니다.",
        )
    if number == (3 - 1) * 4:
        raise Wrong("count the first pixel too", "첫 칸도 세어야 합니다.")
    if number == 3 + 2 * 4:
        raise Wrong(
            "a dilation rate of 4 leaves 3 pixels free between two that are used",
            "팽창률이 4이면 이웃한 두 칸 사이에 빈칸이 세 개 있습니다.",
        )
    if number != (3 - 1) * 4 + 1:
        raise Wrong(
            "from the first pixel to the last: how many gaps, and how wide is each?",
            "첫 칸에서 마지막 칸까지 간격이 몇 번이고, 간격마다 몇 칸을 나아가는지 생각해 봅니다.",
        )


in_order(
    "04-7",
    """
A  x = np.array([x[s * i : s * i + k] @ w for i in range(places)])
B  x = np.pad(x, (before, total - before))
C  total = (places - 1) * s + k - len(x)
D  x = np.pad(x, (total - before, before))
E  before = total // 2
F  places = math.ceil(len(x) / s)
""",
    given="import math\nimport numpy as np\nfrom cnnbook import ops\n"
    "x, w, s = np.array([4, 1, 6, 2, 9, 3]), np.array([2, 1, 3]), 2\nk = len(w)",
    ask="x.tolist()",
    wanted="ops.conv2d(x.reshape(1, 1, -1, 1), w.reshape(1, -1, 1, 1), strides=s,"
    " padding='same').ravel().tolist()",
    strays={
        "D": (
            "line D puts the odd zero in front, as NumPy does; TensorFlow puts it behind",
            "D는 남는 0을 NumPy처럼 앞에 둡니다. TensorFlow는 뒤에 둡니다.",
        )
    },
)
