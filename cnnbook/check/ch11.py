"""Checks of chapter 11, color images."""

import numpy as np

from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("11-1")
def larger_images(answer):
    number = as_number(answer)
    convolutions, last = 65_568, 5_130
    not_known(
        lambda other: number == other,
        (
            1_250_858,
            "that is for 32×32: the flattened maps are larger now",
            "32×32일 때의 수입니다. 펼친 특징 맵이 더 커집니다.",
        ),
        (
            4 * 1_250_858,
            "not everything grows: the convolutions stay as they are",
            "모두 커지지는 않습니다. 합성곱층은 그대로입니다.",
        ),
        (
            convolutions + 16 * 16 * 64 * 512 + 512 + last,
            "the convolutions without padding take two pixels off before each pooling",
            "패딩하지 않는 합성곱이 풀링 앞에서 두 픽셀씩 줄입니다.",
        ),
        (
            convolutions + 15 * 15 * 64 * 512 + 512 + last,
            "29 is odd: pooling by 2 leaves 14, not 15",
            "29는 홀수입니다. 2로 풀링하면 15가 아니라 14가 됩니다.",
        ),
        (
            convolutions + 12 * 12 * 64 * 512 + 512 + last,
            "12 is twice 6, but 64 pixels come to 14: go through the layers again",
            "12는 6의 두 배입니다. 64픽셀에서 출발하면 14가 됩니다. 층을 다시 따라가 봅니다.",
        ),
        (
            14 * 14 * 64 * 512 + 512,
            "that is the wide fully connected layer alone",
            "넓은 완전 연결층 하나의 수입니다.",
        ),
        (
            6_493_738 - 512 - 10,
            "the fully connected layers have biases, too",
            "완전 연결층에도 편향이 있습니다.",
        ),
    )
    if number != 6_493_738:
        raise Wrong(
            "follow the sizes 64, 62, 31, 31, 29, 14: then flatten 14 × 14 × 64",
            "크기를 64, 62, 31, 31, 29, 14로 따라간 다음 14 × 14 × 64를 펼칩니다.",
        )


@exercise("11-2")
def trained_parameters(answer):
    number = as_number(answer)
    not_known(
        lambda other: number == other,
        (280_106, "that is all of them", "모두 센 수입니다."),
        (
            280_106 - 448,
            "a channel has a mean and a variance: two numbers",
            "채널마다 평균과 분산, 두 개가 있습니다.",
        ),
        (
            280_106 - 4 * 448,
            "scale and shift of batch normalization are learned",
            "배치 정규화의 배율과 이동은 학습으로 바뀝니다.",
        ),
        (
            2 * 448,
            "that is what is tracked, not learned: subtract it from the total",
            "학습하지 않고 추적하는 값의 수입니다. 전체에서 뺍니다.",
        ),
    )
    if number != 280_106 - 2 * 448:
        raise Wrong(
            "six batch normalizations have (1 + 2 + 2 + 3 + 3 + 3) · 32 channels together",
            "배치 정규화 여섯 층의 채널은 모두 (1 + 2 + 2 + 3 + 3 + 3) · 32개입니다.",
        )


@exercise("11-3")
def to_unit(answer):
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    array = as_array(call(answer, images), images.shape)
    wanted = images / 127.5 - 1
    not_known(
        lambda other: np.allclose(array, other, atol=1e-6),
        (
            images / 255,
            "that is 0 to 1, not -1 to 1",
            "0에서 1까지입니다. −1에서 1까지여야 합니다.",
        ),
        (
            images / 127.5,
            "that is 0 to 2: now move it down",
            "0에서 2까지입니다. 이제 아래로 옮깁니다.",
        ),
        (
            images / 128.0 - 1,
            "255 must become exactly 1: divide by half of 255",
            "255가 꼭 1이 되어야 합니다. 255의 절반으로 나눕니다.",
        ),
        (-wanted, "dark and bright are exchanged", "어둠과 밝음이 뒤바뀌었습니다."),
        (
            np.round(wanted),
            "the numbers between are lost: divide as floats",
            "사이의 값이 사라졌습니다. 소수로 나눕니다.",
        ),
        (
            np.trunc(wanted),
            "the numbers between are lost: divide as floats",
            "사이의 값이 사라졌습니다. 소수로 나눕니다.",
        ),
    )
    flat = array.ravel()
    if flat[0] < -1.001 or (np.diff(flat) < -1e-6).any() or flat[-1] < flat[0]:
        raise Wrong(
            "brighter pixels become smaller numbers: uint8 starts at 0 again beyond 255",
            "더 밝은 픽셀이 더 작은 수가 됩니다. uint8은 255를 넘으면 0부터 다시 시작합니다.",
        )
    if not np.allclose(array, wanted, atol=0.002):  # float16 is precise enough
        raise Wrong(
            "0 must become -1, 255 must become 1, and the rest lie on a line between",
            "0은 −1, 255는 1이 되고 나머지는 그 사이에 고르게 놓여야 합니다.",
        )


@exercise("11-4")
def class_accuracy(answer):
    random = np.random.default_rng(0)
    # Classes of other sizes, so that every denominator differs.
    labels = random.permutation(np.repeat(np.arange(4), [30, 5, 10, 20]))
    predicted = np.where(random.random(65) < 0.6, labels, random.integers(0, 4, 65))

    def count(where):
        return np.array([where(c).sum() for c in range(4)])

    right = count(lambda c: (labels == c) & (predicted == c))
    given = call(answer, labels, predicted, 4)
    if np.size(given) == 1:
        raise Wrong(
            "that is one number: wanted one for each class",
            "수가 하나입니다. 클래스마다 하나씩 필요합니다.",
        )
    array = as_array(given, (4,))
    not_known(
        lambda other: np.allclose(array, other, atol=1e-6),
        (
            right / count(lambda c: predicted == c),
            "you divided by the answers given: that is the precision",
            "그 클래스라고 답한 수로 나누었습니다. 그것은 정밀도입니다.",
        ),
        (
            right / 65,
            "divide by the images of the class, not by all images",
            "전체가 아니라 그 클래스의 이미지 수로 나눕니다.",
        ),
        (right, "those are counts: divide them", "개수입니다. 나누어 비율로 만듭니다."),
        (
            1 - right / count(lambda c: labels == c),
            "those are the rates of mistakes",
            "틀린 비율입니다.",
        ),
        (
            100 * right / count(lambda c: labels == c),
            "wanted shares from 0 to 1, not a percentage",
            "퍼센트가 아니라 0에서 1까지의 비율이 필요합니다.",
        ),
    )
    if not np.allclose(array, right / count(lambda c: labels == c), atol=1e-3):
        raise Wrong(
            "for each class: of the images whose label it is, the share that was predicted so",
            "클래스마다 정답이 그 클래스인 이미지를 골라 맞힌 비율을 냅니다.",
        )


@exercise("11-5")
def learning_rates(answer):
    first, second = as_array(np.ravel(answer), (2,))
    _at_step(
        100,
        first,
        0.05,
        (0.1, "that is the top, at step 200", "200번째 걸음의 가장 높은 값입니다."),
        (
            0.01,
            "the warm-up takes 200 steps, not 1,000",
            "예열은 1,000걸음이 아니라 200걸음입니다.",
        ),
    )
    late = ("the descent begins at step 200", "내리막은 200번째 걸음에서 시작합니다.")
    _at_step(
        400,
        second,
        0.1 * (1 + np.cos(np.pi / 4)) / 2,
        (
            0.075,
            "that is a straight line: the cosine falls slowly at first",
            "곧은 내리막의 값입니다. 코사인은 처음에 천천히 내려갑니다.",
        ),
        (
            0.0707,
            "the cosine goes from 1 to -1: add 1 and halve it",
            "코사인은 1에서 −1까지 갑니다. 1을 더하고 반으로 나눕니다.",
        ),
        (
            0.05,
            "400 of 800 steps: 200 of the 400 were the warm-up",
            "400걸음 가운데 200걸음은 예열이었습니다.",
        ),
        (0.06, *late),
        (0.0655, *late),
        (
            0.0146,
            "that is how far it has fallen: take it from the top",
            "내려온 만큼입니다. 가장 높은 값에서 뺍니다.",
        ),
    )


def _at_step(step, given, wanted, *known):
    about = f"step {step}", f"{step}번째 걸음"
    not_known(lambda other: abs(given - other) < 0.0002, *known, about=about)
    if not np.isclose(given, wanted, atol=5e-4):
        raise Wrong(
            f"{about[0]}: how far through its part is it, and how high is the curve there?",
            f"{about[1]}: 자기 구간의 어디쯤이고, 그때 곡선의 높이는 얼마입니까?",
        )


in_order(
    "11-6",
    """
A      w = w + v
B      rate = 0.1 * min(step / 2, (6 - step) / 4)
C      w = w - rate * slope
D  for step in range(1, 6):
E      v = 0.9 * v - rate * slope
F  v = 0
G      slope = 4 * (w - 3)
""",
    given="from functools import reduce\nimport numpy as np\nw = 1.0",
    ask="round(w, 4)",
    wanted="round(3 + reduce(lambda z, r: np.array([[1 - 4 * r, 0.9], [-4 * r, 0.9]]) @ z,"
    " [0.05, 0.1, 0.075, 0.05, 0.025], [-2, 0]).tolist()[0], 4)",
    strays={
        "C": (
            "line C is a second step, without the momentum",
            "C는 모멘텀이 없는 걸음을 한 번 더 걷습니다.",
        )
    },
)
