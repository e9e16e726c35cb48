"""Checks of chapter 13, famous convolutional neural networks."""

import functools
import operator

import numpy as np

from cnnbook import ops
from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("13-1")
def grouped_parameters(answer):
    number = as_number(answer)
    whole = ops.conv2d_parameter_count(3, 384, 384)
    if number == whole:
        raise Wrong(
            "with groups=2 a filter sees half of the maps",
            "groups=2이면 필터 하나는 맵의 절반만 봅니다.",
        )
    if number == ops.conv2d_parameter_count(3, 192, 192):
        raise Wrong("that is one of the two groups", "묶음 하나만 세었습니다. 묶음은 두 개입니다.")
    if number == 384 * 3 * 3 * 192:
        raise Wrong("each filter has a bias, too", "필터마다 편향이 하나씩 더 있습니다.")
    if number == whole / 2:
        raise Wrong(
            "the kernels are halved, the 384 biases are not",
            "커널은 절반이 되지만 편향 384개는 그대로입니다.",
        )
    if number != ops.conv2d_parameter_count(3, 192, 384):
        raise Wrong(
            "count one filter: 3 × 3 × (the maps it sees) and a bias; then multiply",
            "필터 하나의 수(3 × 3 × 보는 맵의 수, 그리고 편향)를 센 다음 필터의 수를 곱합니다.",
        )


@exercise("13-2")
def flattened(answer):
    number = as_number(answer)
    if number == 7 * 7 * 512:
        raise Wrong("that is for 224 × 224", "224×224일 때의 값입니다.")
    if number == 10 * 10:
        raise Wrong(
            "that is one map: how many are there?", "맵 한 장의 수입니다. 맵은 몇 장입니까?"
        )
    if number == 20 * 20 * 512:
        raise Wrong(
            "there are five pooling layers, not four", "풀링층은 네 개가 아니라 다섯 개입니다."
        )
    if number != 10 * 10 * 512:
        raise Wrong(
            "each of the five pooling layers halves the side; the last maps are 512",
            "풀링층 다섯 개가 한 변을 절반씩 줄이고, 마지막 맵은 512장입니다.",
        )


@exercise("13-3")
def block_parameters(answer):
    for channels in (1, 16, 50):
        number = as_number(call(answer, channels))
        kernels = 18 * channels**2
        not_known(
            functools.partial(operator.eq, number),
            (kernels, "batch normalization learns, too", "배치 정규화도 학습하는 수가 있습니다."),
            (
                kernels + 8 * channels,
                "the mean and the variance are remembered, not learned",
                "평균과 분산은 기억하는 수이지 학습하는 수가 아닙니다.",
            ),
            (
                kernels + 6 * channels,
                "these convolutions have no bias",
                "이 합성곱에는 편향이 없습니다.",
            ),
            (
                kernels / 2 + 2 * channels,
                "a block has two convolutions",
                "덩어리에는 합성곱이 두 번 있습니다.",
            ),
            (
                kernels + 2 * channels,
                "each of the two normalizations learns two numbers per channel",
                "배치 정규화 두 개가 저마다 채널마다 두 수를 학습합니다.",
            ),
        )
        if number != kernels + 4 * channels:
            raise Wrong(
                f"for {channels} channels the answer is another number: count one convolution and "
                "one normalization, then double",
                f"채널이 {channels}장일 때 값이 다릅니다. 합성곱 하나와 배치 정규화 하나를 센 다음 두 배를 합니다.",
            )


@exercise("13-4")
def residual(answer):
    x = np.array([[-3.0, 2.0, 0.5], [1.0, -1.0, 4.0]])

    def block(values):
        return np.array([[2.0, -5.0, 2.0], [-0.5, -2.0, 1.0]]) * np.abs(values)

    if not callable(answer):
        call(answer)  # says that a function is wanted
    array = as_array(call(lambda values: answer(values, block), x), x.shape)

    def relu(values):
        return np.maximum(values, 0)

    not_known(
        lambda other: np.allclose(array, other),
        (relu(block(x)), "the input is not added", "입력을 더하지 않았습니다."),
        (x + block(x), "ReLU is missing at the end", "마지막에 ReLU를 지나지 않았습니다."),
        (
            x + relu(block(x)),
            "add first, then ReLU: else a block can only raise values",
            "먼저 더하고 나서 ReLU를 지나야 합니다.",
        ),
        (
            relu(x) + relu(block(x)),
            "one ReLU, after the sum",
            "ReLU는 더한 다음에 한 번만 지납니다.",
        ),
        (
            relu(relu(x) + block(relu(x))),
            "the block gets x itself, not ReLU of it",
            "덩어리에는 ReLU를 지나지 않은 x가 그대로 들어갑니다.",
        ),
        (relu(x * block(x)), "add the input, do not multiply", "입력은 곱하지 않고 더합니다."),
        (relu(x - block(x)), "add, do not subtract", "빼지 않고 더합니다."),
    )
    if not np.allclose(array, relu(x + block(x))):
        raise Wrong("wanted ReLU of the sum x + f(x)", "x + f(x)에 ReLU를 적용해야 합니다.")


@exercise("13-5")
def stacked_kernels(answer):
    times, ratio = as_array(answer, (2,))
    if times == 11:
        raise Wrong(
            "each further 3×3 adds 2 pixels, not 1",
            "3×3을 한 번 이을 때마다 한 픽셀이 아니라 두 픽셀씩 넓어집니다.",
        )
    if times == 4:
        raise Wrong("four layers see 9×9", "네 번이면 9×9를 봅니다.")
    if times != 5:
        raise Wrong(
            "how many times: 3, 5, 7, … go on until 11", "횟수: 3, 5, 7, …로 11까지 이어 봅니다."
        )
    if abs(ratio - 121 / 9) < 0.01:
        raise Wrong(
            "that compares with one 3×3: there are five", "3×3 한 번과 견주었습니다. 다섯 번입니다."
        )
    if abs(ratio - 45 / 121) < 0.005:
        raise Wrong("the other way around: larger over smaller", "거꾸로 나누었습니다.")
    if abs(ratio - 121 / 45) > 0.01:
        raise Wrong(
            "ratio: 11 × 11 against five times 3 × 3",
            "배수: 11 × 11을 3 × 3 다섯 번과 견줍니다.",
        )


in_order(
    "13-6",
    """
A      size = size // 2
B      adds = adds + side**2 * channels * filters
C  size, channels, adds = 40, 3, 0
D      size = size - side + 1
E      channels = filters
F      adds = adds + size**2 * side**2 * channels * filters
G  for side, filters in [(5, 8), (3, 16), (3, 32)]:
""",
    given="from cnnbook import ops",
    ask="adds",
    wanted="sum(ops.output_size(n, k) ** 2 * ops.conv2d_parameter_count(k, c, f, use_bias=False)"
    " for n, k, c, f in [(40, 5, 3, 8), (18, 3, 8, 16), (8, 3, 16, 32)])",
    strays={
        "B": (
            "line B counts the kernel's numbers once: they work again at every place",
            "B는 커널의 수를 한 번만 셉니다. 커널은 자리마다 다시 쓰입니다.",
        )
    },
)
