"""Checks of chapter 14, data augmentation."""

import math

import numpy as np

from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("14-1")
def rotation_factor(answer):
    number = as_number(answer)
    not_known(
        lambda other: math.isclose(number, other, rel_tol=0.01),
        (15, "RandomRotation counts in whole turns, not in degrees", "도가 아니라 바퀴로 셉니다."),
        (15 / 180, "a turn is 360 degrees, not 180", "한 바퀴는 180도가 아니라 360도입니다."),
        (
            15 / 100,
            "not a percentage: a share of a whole turn",
            "퍼센트가 아니라 한 바퀴의 비율입니다.",
        ),
        (math.radians(15), "those are radians", "라디안으로 바꾼 값입니다."),
        (
            30 / 360,
            "the range is from -15 to 15: give the largest angle, not the width of the range",
            "−15도에서 15도까지입니다. 폭이 아니라 가장 큰 각을 넣습니다.",
        ),
        (360 / 15, "the other way around: 15 over 360", "거꾸로 나누었습니다."),
    )
    if not math.isclose(abs(number), 15 / 360, rel_tol=0.01):  # the range has two sides
        raise Wrong(
            "what share of a whole turn are 15 degrees?", "15도는 한 바퀴의 얼마만큼입니까?"
        )


@exercise("14-2")
def smaller_pictures(answer):
    number = as_number(answer)
    convolutions = 978_496
    not_known(
        lambda other: number == other,
        (
            991_041,
            "that is for 180×180: the flattened maps are smaller now",
            "180×180일 때의 수입니다. 펼친 특징 맵이 더 작아집니다.",
        ),
        (
            convolutions,
            "those are the convolutions: the last layer is missing",
            "합성곱층의 수입니다. 마지막 층이 빠졌습니다.",
        ),
        (
            convolutions + 5 * 5 * 256,
            "the last layer has a bias, too",
            "마지막 층에도 편향이 있습니다.",
        ),
        (
            convolutions + 6 * 6 * 256 + 1,
            "15 is odd: pooling by 2 leaves 7, not 8",
            "15는 홀수입니다. 2로 풀링하면 8이 아니라 7이 됩니다.",
        ),
        (
            convolutions + 9 * 9 * 256 + 1,
            "there is no padding: each convolution takes two pixels off",
            "패딩이 없습니다. 합성곱마다 두 픽셀이 줄어듭니다.",
        ),
        (5 * 5 * 256 + 1, "that is the last layer alone", "마지막 층 하나의 수입니다."),
    )
    if number != convolutions + 5 * 5 * 256 + 1:
        raise Wrong(
            "follow the sizes 150, 148, 74, 72, 36, 34, 17, 15, 7, 5: only the last layer changes",
            "크기를 150, 148, 74, 72, 36, 34, 17, 15, 7, 5로 따라갑니다. 마지막 층만 달라집니다.",
        )


@exercise("14-3")
def mirror(answer):
    images = np.random.default_rng(0).integers(0, 256, (4, 5, 6, 3), dtype=np.uint8)
    coins = np.array([True, False, False, True])
    given, flags = images.copy(), coins.copy()
    array = as_array(call(answer, given, flags), images.shape)

    def where(flipped):
        return np.where(coins[:, None, None, None], flipped, images)

    not_known(
        lambda other: np.array_equal(array, other),
        (images, "nothing is flipped", "아무것도 뒤집히지 않았습니다."),
        (
            images[:, :, ::-1],
            "all are flipped: ask each coin",
            "모두 뒤집혔습니다. 동전마다 봅니다.",
        ),
        (
            where(images[:, ::-1]),
            "upside down: the second axis is the height",
            "상하로 뒤집혔습니다. 둘째 축은 높이입니다.",
        ),
        (
            where(images[..., ::-1]),
            "the channels are reversed: the last axis is color",
            "채널의 차례가 뒤집혔습니다. 마지막 축은 색입니다.",
        ),
        (
            where(images[:, ::-1, ::-1]),
            "those are turned by 180 degrees: flip one axis only",
            "180도 돌렸습니다. 축 하나만 뒤집습니다.",
        ),
        (
            np.where(coins[:, None, None, None], images, images[:, :, ::-1]),
            "the wrong half: flip where the coin is True",
            "반대로 골랐습니다. 동전이 참인 이미지를 뒤집습니다.",
        ),
        (
            images[::-1],
            "the images changed places: the first axis counts the images",
            "이미지의 차례가 바뀌었습니다. 첫 축은 장수입니다.",
        ),
    )
    if not np.array_equal(array, where(images[:, :, ::-1])):
        raise Wrong(
            "where coins is True, column x takes the value of column width - 1 - x",
            "동전이 참이면 x번째 칸에 (너비 − 1 − x)번째 칸의 값이 와야 합니다.",
        )


@exercise("14-4")
def channel_shift(answer):
    image = np.arange(0, 252, 7, dtype=np.uint8).reshape(3, 4, 3)
    amounts = (60, 0, -90)
    result = call(answer, image.copy(), np.array(amounts))
    array = as_array(result, image.shape)
    exact = image.astype(int) + amounts
    not_known(
        lambda other: np.array_equal(array, other),
        (
            exact % 256,
            "clip before you turn the sum into uint8: there 256 is 0 again",
            "uint8로 되돌리기 전에 자릅니다. uint8에서는 256이 다시 0입니다.",
        ),
        (exact, "cut off what is below 0 or above 255", "0보다 작거나 255보다 큰 값을 자릅니다."),
        (
            np.clip(image.astype(int) + 60, 0, 255),
            "every channel has an amount of its own",
            "채널마다 더하는 수가 다릅니다.",
        ),
        (
            np.clip(image.astype(int) - amounts, 0, 255),
            "add, do not subtract",
            "빼지 말고 더합니다.",
        ),
        (
            np.clip(image.astype(int) + amounts[::-1], 0, 255),
            "the channels are in another order",
            "채널의 차례가 바뀌었습니다.",
        ),
        (image, "nothing has changed", "아무것도 바뀌지 않았습니다."),
    )
    if not np.array_equal(array, np.clip(exact, 0, 255)):
        raise Wrong(
            "add amounts[c] to channel c, then clip to 0 and 255",
            "채널 c에 amounts[c]를 더하고 0과 255에서 자릅니다.",
        )
    kind = getattr(result, "dtype", type(result).__name__)  # of an array, of a tensor
    if str(getattr(kind, "name", kind)) != "uint8":
        raise Wrong(
            f"the numbers are right; turn the result back into uint8, it is {kind}",
            f"수는 맞습니다. 결과를 uint8로 되돌립니다. 지금은 {kind}입니다.",
        )


@exercise("14-5")
def different_images(answer):
    number = as_number(answer)
    not_known(
        lambda other: number == other,
        (300, "that is without any flip", "하나도 뒤집지 않았을 때입니다."),
        (600, "that is with one direction: there are two", "한 방향일 때입니다. 방향은 둘입니다."),
        (
            900,
            "one picture may also be flipped both ways at once",
            "두 방향으로 함께 뒤집힐 수도 있습니다.",
        ),
        (
            12_000,
            "those are the images shown in 40 epochs: many are the same",
            "40에포크 동안 보여 준 횟수입니다. 같은 이미지가 많습니다.",
        ),
        (
            48_000,
            "flips run out: more epochs bring no new image",
            "뒤집기로 나오는 이미지는 정해져 있습니다. 에포크가 많아도 늘지 않습니다.",
        ),
        (24_000, "flips run out: more epochs bring no new image", "에포크가 많아도 늘지 않습니다."),
    )
    if number != 1200:
        raise Wrong(
            "how many images can become of one picture by two coins?",
            "사진 한 장이 동전 두 개로 몇 가지가 됩니까?",
        )


in_order(
    "14-6",
    """
A      place = place + about
B      result[tuple(place)] = image[y, x]
C      place = np.array([y, x]) - about
D  for y, x in np.ndindex(3, 3):
E      place = matrix @ place
F  result = np.zeros((3, 3), int)
G      result[y, x] = image[tuple(place)]
""",
    given="import numpy as np\nimage = np.arange(1, 10).reshape(3, 3)\n"
    "matrix, about = np.array([[0, 1], [-1, 0]]), 1",
    ask="result.tolist()",
    wanted="np.rot90(image).tolist()",
    strays={
        "B": (
            "line B pushes pixels forward: ask where each pixel of the result came from",
            "B는 픽셀을 앞으로 보냅니다. 결과의 픽셀마다 어디에서 왔는지 물어야 합니다.",
        )
    },
)
