"""Checks of chapter 03, convolution."""

import numpy as np

from cnnbook import ops
from cnnbook.check import Wrong, as_array, as_number, call, exercise
from cnnbook.check.order import in_order


@exercise("03-1")
def places(answer):
    number = as_number(answer)
    if number == 100 - 7:
        raise Wrong(
            "count the first place too: with a length of 1 there are 100 places, not 99",
            "첫 자리도 세어야 합니다. 길이가 1이면 자리는 99곳이 아니라 100곳입니다.",
        )
    if number != 100 - 7 + 1:
        raise Wrong(
            "how far right can the first of the 7 go?",
            "7칸 가운데 첫 칸이 오른쪽으로 어디까지 갈 수 있는지 생각해 봅니다.",
        )


@exercise("03-2")
def by_hand(answer):
    signal, weights = np.array([1, 0, 2, 3]), np.array([2, 1])
    array = as_array(answer, (3,))
    if np.array_equal(array, ops.correlate1d(signal, weights)):
        raise Wrong(
            "that is the cross-correlation: flip the weights first",
            "이것은 교차상관입니다. 먼저 가중치를 뒤집어야 합니다.",
        )
    if not np.array_equal(array, ops.convolve1d(signal, weights)):
        raise Wrong(
            "place the flipped weights [1, 2] under the signal, multiply, add, move on by one",
            "뒤집은 가중치 [1, 2]를 신호 아래에 놓고 곱해 더한 뒤 한 칸씩 옮깁니다.",
        )


@exercise("03-3")
def vertical_edges_only(answer):
    kernel = as_array(answer, (3, 3))
    left_dark = np.tile([0.0, 0, 0, 1, 1, 1], (6, 1))
    if not np.allclose(ops.correlate2d(np.ones((6, 6)), kernel), 0):
        raise Wrong(
            "on an even area the answer must be 0: the weights must add up to 0",
            "밝기가 고른 곳에서는 0이 나와야 합니다. 가중치의 합이 0인지 봅니다.",
        )
    if not np.allclose(ops.correlate2d(left_dark.T, kernel), 0):
        raise Wrong(
            "the kernel also answers to a horizontal edge: the weights of each row must add up to 0",
            "수평 에지에도 반응합니다. 각 행의 가중치 합이 0인지 봅니다.",
        )
    strongest = ops.correlate2d(left_dark, kernel)
    if strongest.max() <= 0 or strongest.min() < 0:
        raise Wrong(
            "where the image gets brighter to the right, the answer must be positive",
            "오른쪽으로 밝아지는 에지에서 양수가 나와야 합니다.",
        )


@exercise("03-4")
def convolve2d(answer):
    random = np.random.default_rng(0)
    image = random.integers(0, 9, (6, 7))
    kernel = np.array([[1, 2, 3], [4, 5, 7]])  # no symmetry: every wrong flip shows
    array = as_array(call(answer, image, kernel), (5, 5))
    if np.array_equal(array, ops.correlate2d(image, kernel)):
        raise Wrong(
            "that is the cross-correlation: flip the kernel first",
            "이것은 교차상관입니다. 먼저 커널을 뒤집어야 합니다.",
        )
    if any(np.array_equal(array, ops.correlate2d(image, np.flip(kernel, axis))) for axis in (0, 1)):
        raise Wrong(
            "the kernel is flipped along one axis only: in 2-D both are flipped",
            "커널을 한 축으로만 뒤집었습니다. 2차원에서는 위아래와 좌우를 모두 뒤집습니다.",
        )
    if not np.allclose(array, ops.correlate2d(image, kernel[::-1, ::-1])):
        raise Wrong(
            "flip the kernel along both axes, then call correlate2d",
            "커널을 두 축 모두 뒤집은 다음 correlate2d를 부릅니다.",
        )


@exercise("03-5")
def multiplications(answer):
    number = as_number(answer)
    if number == 28 * 28 * 5 * 5:
        raise Wrong(
            "the 5×5 window does not fit at 28×28 places",
            "5×5 창이 놓이는 자리는 28×28곳보다 적습니다.",
        )
    if number == 24 * 24:
        raise Wrong(
            "that is the number of places: how many multiplications at each?",
            "이것은 자리의 수입니다. 자리마다 곱셈을 몇 번 합니까?",
        )
    if number != 24 * 24 * 5 * 5:
        raise Wrong(
            "places down × places across × multiplications at each place",
            "세로 자리 수 × 가로 자리 수 × 자리마다의 곱셈 수를 구합니다.",
        )


in_order(
    "03-6",
    """
A      return np.array(sums)
B      for i in range(len(x) - len(w) + 1):
C      sums = []
D      for i in range(len(x) - len(w)):
E          sums.append((x[i : i + len(w)] * w).sum())
F  def convolve(x, w):
G      w = w[::-1]
""",
    given="import numpy as np\nfrom cnnbook import ops\n"
    "signal, weights = np.array([2, 8, 3, 7, 1]), np.array([2, 1, 5])",
    ask="convolve(signal, weights)",
    wanted="ops.convolve1d(signal, weights)",
    strays={
        "D": (
            "line D leaves out the last place: with lengths of 5 and 3 there are 3 places",
            "D는 마지막 자리를 빠뜨립니다. 길이가 5와 3이면 자리는 3곳입니다.",
        )
    },
)
