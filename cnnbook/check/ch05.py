"""Checks of chapter 05, channels and filters."""

import numpy as np

from cnnbook import ops
from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known, same_shape
from cnnbook.check.order import in_order


@exercise("05-1")
def parameters(answer):
    number = as_number(answer)
    filters, size, channels = 64, 7 * 7, 3
    if number == filters * size * channels:
        raise Wrong(
            "each filter has a bias, too: one more number per filter",
            "필터마다 편향이 하나씩 더 있습니다.",
        )
    if number == filters * size + filters:
        raise Wrong(
            "a kernel covers all three channels: 7 × 7 × 3 numbers",
            "커널은 세 채널을 모두 덮습니다. 수가 7 × 7 × 3개입니다.",
        )
    if number == filters * (size + 1) * channels:
        raise Wrong(
            "one bias per filter, not one per channel",
            "편향은 채널마다가 아니라 필터마다 하나입니다.",
        )
    if number == filters * size * channels + 1:
        raise Wrong(
            "not one bias for the whole layer: one per filter",
            "편향은 층 전체에 하나가 아니라 필터마다 하나입니다.",
        )
    if number != filters * size * channels + filters:
        raise Wrong(
            "count the numbers of one filter and its bias, then multiply by the filters",
            "필터 하나의 수와 편향을 센 다음 필터의 수를 곱합니다.",
        )


@exercise("05-2")
def two_shapes(answer):
    try:
        kernels, maps = answer
    except (TypeError, ValueError):
        raise Wrong(
            "pass two shapes, [kernels, maps]", "모양 두 개를 [커널, 결과]로 넘겨야 합니다."
        ) from None
    same_shape(
        kernels,
        (5, 5, 16, 24),
        (
            (5, 5, 24, 16),
            "input channels come before output channels",
            "입력 채널이 출력 채널보다 먼저입니다.",
        ),
        (
            (24, 5, 5, 16),
            "the filters are counted on the last axis",
            "필터의 번호는 마지막 축입니다.",
        ),
        ((5, 5, 1, 24), "a kernel covers all 16 channels", "커널은 채널 16개를 모두 덮습니다."),
        (
            (8, 28, 28, 24),
            "that is the shape of the maps: the kernels come first",
            "이것은 결과의 모양입니다. 커널의 모양을 먼저 적습니다.",
        ),
        ((8, 5, 5, 24), "kernels do not depend on the batch", "커널에는 배치 축이 없습니다."),
        about=("kernels", "커널"),
    )
    same_shape(
        maps,
        (8, 28, 28, 24),
        (
            (8, 28, 28, 16),
            "the filters, not the input's channels, become the channels",
            "결과의 채널 수는 입력의 채널이 아니라 필터의 수입니다.",
        ),
        (
            (8, 28, 28, 16 * 24),
            "the channels are added up: one map per filter",
            "채널은 더해집니다. 필터 하나에 특징 맵 한 장입니다.",
        ),
        (
            (8, 32, 32, 24),
            "without padding the maps are smaller than the images",
            "패딩이 없으면 특징 맵이 이미지보다 작습니다.",
        ),
        ((8, 27, 27, 24), "count the first place too", "첫 자리도 세어야 합니다."),
        ((1, 28, 28, 24), "all 8 of the batch come out", "배치 8장이 그대로 나옵니다."),
        about=("maps", "결과"),
    )


@exercise("05-3")
def two_channels_by_hand(answer):
    image = np.array([[[1, 0, 2], [3, 1, 0]], [[2, 1, 1], [0, 4, 1]]])  # channels first
    kernel = np.array([[[1, 2], [0, 1]], [[0, -1], [1, 1]]])
    bias = 4
    first, second = (ops.correlate2d(image[c], kernel[c])[0] for c in (0, 1))
    flipped = sum(ops.correlate2d(image[c], kernel[c, ::-1, ::-1])[0] for c in (0, 1))
    try:
        array = as_array(answer, (2,))
    except Wrong:
        array = as_array(answer, (1, 2))[0]  # a map of height 1 says the same
    not_known(
        lambda other: np.array_equal(array, other),
        (first + second, "the bias is missing", "편향을 더하지 않았습니다."),
        (
            first + second + 2 * bias,
            "the bias is added once, not once per channel",
            "편향은 채널마다가 아니라 한 번만 더합니다.",
        ),
        (
            first + bias,
            "that is channel 0 alone: add channel 1",
            "채널 0만 계산했습니다. 채널 1도 더해야 합니다.",
        ),
        (
            second + bias,
            "that is channel 1 alone: add channel 0",
            "채널 1만 계산했습니다. 채널 0도 더해야 합니다.",
        ),
        (
            flipped + bias,
            "the kernel is flipped: in deep learning it is not",
            "커널을 뒤집었습니다. 딥러닝의 합성곱은 뒤집지 않습니다.",
        ),
    )
    if not np.array_equal(array, first + second + bias):
        raise Wrong(
            "at each place: the sum of channel 0, plus the sum of channel 1, plus the bias",
            "자리마다 채널 0의 합과 채널 1의 합과 편향을 더합니다.",
        )


@exercise("05-4")
def channels_and_filters(answer):
    random = np.random.default_rng(0)
    # Height, width, channels and filters all differ: every axis that is taken for another shows.
    image = random.integers(1, 9, (5, 7, 3))
    kernels = random.integers(1, 9, (2, 3, 3, 4))
    bias = np.array([10, 200, 3000, 40000])
    array = np.asarray(call(answer, image, kernels, bias))
    if array.shape == (4, 4, 5):
        raise Wrong(
            "the filters come on the last axis, not on the first",
            "필터의 축은 맨 앞이 아니라 맨 끝입니다.",
        )
    if array.shape in ((4, 5, 3), (4, 5, 3, 4), (4, 5)):
        raise Wrong(
            "one map per filter: add up the channels, keep the filters apart",
            "필터 하나에 맵 한 장입니다. 채널은 더하고 필터는 따로 둡니다.",
        )
    array = as_array(array, (4, 5, 4))
    maps = ops.conv2d(image[np.newaxis], kernels)[0]
    alone = ops.conv2d(image[np.newaxis, ..., :1], kernels[:, :, :1])[0]
    flipped = ops.conv2d(image[np.newaxis], kernels[::-1, ::-1])[0]
    not_known(
        lambda other: np.allclose(array, other),
        (maps, "the bias is missing", "편향을 더하지 않았습니다."),
        (
            maps + 3 * bias,
            "the bias is added once per filter, not once per channel",
            "편향은 채널마다가 아니라 필터마다 한 번 더합니다.",
        ),
        (
            alone + bias,
            "that is channel 0 alone: every filter sees all channels",
            "채널 0만 계산했습니다. 필터는 모든 채널을 봅니다.",
        ),
        (
            maps / 3 + bias,
            "the channels are added up, not averaged",
            "채널의 평균이 아니라 합을 구해야 합니다.",
        ),
        (
            flipped + bias,
            "the kernel is flipped: correlate2d alone is right",
            "커널을 뒤집었습니다. correlate2d를 그대로 씁니다.",
        ),
    )
    if not np.allclose(array, maps + bias):
        raise Wrong(
            "the shape is right, the numbers are not: for each filter add its channel maps, then its bias",
            "모양은 맞지만 값이 다릅니다. 필터마다 채널별 맵을 더하고 편향을 더합니다.",
        )


@exercise("05-5")
def blueness(answer):
    weights = as_array(np.ravel(answer), (3,))  # (3,), (1, 1, 3, 1) or any other form of three
    if not np.isfinite(weights).all():
        raise Wrong("wanted three finite numbers", "유한한 수 세 개가 필요합니다.")
    red, green, blue = weights
    if not np.isclose(weights.sum(), 0, atol=1e-6 * np.abs(weights).max()):
        raise Wrong(
            f"white (1, 1, 1) gives {weights.sum():g}: the three must add up to 0",
            f"흰색 (1, 1, 1)에서 나온 값이 {weights.sum():g}입니다. 세 수의 합이 0이어야 합니다.",
        )
    if blue <= 0:
        raise Wrong(
            f"pure blue gives {blue:g}: it must be positive",
            f"순수한 파랑에서 나온 값이 {blue:g}입니다. 양수여야 합니다.",
        )
    if red > 0 or green > 0:
        raise Wrong(
            "red or green gives a positive number: neither may",
            "빨강이나 초록에서 양수가 나옵니다. 둘 다 양수이면 안 됩니다.",
        )


@exercise("05-6")
def receptive_field(answer):
    number = as_number(answer)
    if number == 4 * 3:
        raise Wrong(
            "neighboring windows overlap: each further layer adds less than 3 pixels",
            "이웃한 창은 서로 겹칩니다. 층을 더할 때 늘어나는 것은 3픽셀보다 적습니다.",
        )
    if number == 9 * 9:
        raise Wrong(
            "that is how many pixels there are: how many along one side?",
            "이것은 픽셀의 수입니다. 한 변은 몇 픽셀입니까?",
        )
    if number == 7:
        raise Wrong("that is three layers", "층이 세 개일 때의 값입니다.")
    if number == 11:
        raise Wrong(
            "the first layer sees 3 pixels, and only the three others add 2 each",
            "첫 층이 3픽셀을 보고, 나머지 세 층이 두 픽셀씩 더합니다.",
        )
    if number != 9:
        raise Wrong(
            "one layer sees 3 pixels along a side, two see 5: go on",
            "한 층이면 한 변이 3픽셀, 두 층이면 5픽셀입니다. 이어서 세어 봅니다.",
        )


in_order(
    "05-7",
    """
A          total = total + ops.correlate2d(image[c], kernels[f][c])
B      maps.append(total)
C      for c in range(3):
D          total = total + bias[f]
E  for f in range(2):
F      total = bias[f]
G  maps = []
""",
    given="import numpy as np\nfrom cnnbook import ops\n"
    "image = np.arange(18).reshape(3, 2, 3) % 7  # (channels, height, width)\n"
    "kernels = np.arange(24).reshape(2, 3, 2, 2) % 5 - 2  # (filters, channels, height, width)\n"
    "bias = [10, -4]",
    ask="maps",
    wanted="[*np.moveaxis(ops.conv2d(image.transpose(1, 2, 0)[None], kernels.transpose(2, 3, 1, 0), np.array(bias))[0], -1, 0)]",
    strays={
        "D": (
            "line D adds the bias at every channel: a filter has one bias",
            "D는 채널마다 편향을 더합니다. 편향은 필터마다 한 번입니다.",
        )
    },
)
