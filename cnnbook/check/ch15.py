"""Checks of chapter 15, normalization."""

import functools
import operator

import numpy as np

from cnnbook.check import Wrong, as_array, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("15-1")
def how_many_means(answer):
    given = as_array(np.ravel(answer), (3,))
    for number, wanted, about, *known in (
        (
            given[0],
            500,
            ("by image", "이미지마다"),
            (1500, "its three channels share one mean", "세 채널이 평균 하나를 함께 씁니다."),
            (1, "each image has a mean of its own", "이미지마다 평균이 따로 있습니다."),
        ),
        (
            given[1],
            6912,
            ("by feature", "특징마다"),
            (2304, "each place has three channels", "한 자리에 채널이 셋 있습니다."),
            (3072, "the images are 48×48, not 32×32", "이미지가 32×32가 아니라 48×48입니다."),
            (
                3_456_000,
                "all 500 images share a feature's mean",
                "500장이 한 특징의 평균을 함께 씁니다.",
            ),
        ),
        (
            given[2],
            3,
            ("by channel", "채널마다"),
            (
                1500,
                "all images share a channel's mean",
                "모든 이미지가 한 채널의 평균을 함께 씁니다.",
            ),
            (1, "the channels do not share a mean", "채널끼리는 평균을 함께 쓰지 않습니다."),
        ),
    ):
        not_known(functools.partial(operator.eq, number), *known, about=about)
        if number != wanted:
            raise Wrong(
                f"{number:g}: multiply the lengths of the axes that do not share a mean",
                f"{number:g}: 평균을 함께 쓰지 않는 축의 길이를 곱합니다.",
            )


@exercise("15-2")
def standardize_test(answer):
    random = np.random.default_rng(0)
    train = random.normal(100, 20, (6, 4, 5, 3)) * [1, 2, 0.5]
    test = random.normal(120, 30, (3, 4, 5, 3)) * [1, 2, 0.5]
    array = as_array(call(answer, train, test), test.shape)
    every = (0, 1, 2)

    def by(images, axis, whom=test):
        return (whom - images.mean(axis=axis)) / images.std(axis=axis)

    both = np.concatenate([train, test])
    not_known(
        lambda other: np.allclose(array, other, atol=1e-4),
        (
            by(test, every),
            "that is the test images' own mean: the network learned with the training images'",
            "시험용의 평균을 썼습니다. 신경망은 학습용의 평균으로 배웠습니다.",
        ),
        (
            by(both, every),
            "the test images are in your mean, too",
            "평균을 낼 때 시험용까지 함께 셌습니다.",
        ),
        (
            by(train, 0),
            "that is by feature, not by channel",
            "채널마다가 아니라 특징마다 했습니다.",
        ),
        (
            by(train, None),
            "one mean for all channels: wanted one per channel",
            "모든 채널에 평균이 하나입니다. 채널마다 따로 구합니다.",
        ),
        (
            (test - train.mean(axis=every)) / train.var(axis=every),
            "you divided by the variance: take its square root",
            "분산으로 나누었습니다. 제곱근을 취합니다.",
        ),
        (
            test - train.mean(axis=every),
            "the mean is gone, now divide",
            "평균은 뺐습니다. 이제 나눕니다.",
        ),
        (
            test / train.std(axis=every),
            "subtract the mean first",
            "먼저 평균을 뺍니다.",
        ),
    )
    # 0.02: by n - 1, or with a small epsilon, or in half precision, is right as well.
    if not np.allclose(array, by(train, every), rtol=0.02, atol=0.02):
        raise Wrong(
            "for each channel: minus the training images' mean, divided by their standard deviation",
            "채널마다 학습용의 평균을 빼고 학습용의 표준편차로 나눕니다.",
        )


@exercise("15-3")
def few_patches(answer):
    directions, distance = as_array(np.ravel(answer), (2,))
    not_known(
        lambda other: directions == other,
        (100, "subtracting the mean costs one", "평균을 빼면 하나가 줄어듭니다."),
        (192, "100 patches cannot spread in 192 directions", "조각 100개로 192개 방향에 퍼질 수 없습니다."),
        (93, "that is how many directions stay empty", "비어 있는 방향의 수입니다."),
        (191, "count the patches, not the features", "특징이 아니라 조각의 수를 셉니다."), about=("directions", "방향"),
    )  # fmt: skip
    if directions != 99:
        raise Wrong(
            "directions: the 100 patches add up to 0 once their mean is gone",
            "방향: 평균을 빼면 조각 100개의 합이 0입니다.",
        )
    not_known(
        lambda other: abs(distance - other) < 0.002,
        (93 / 192, "take the square root", "제곱근을 취합니다."),
        (np.sqrt(99 / 192), "that counts the directions that are right", "맞는 방향을 셌습니다."),
        (99 / 192, "that counts the directions that are right", "맞는 방향을 셌습니다."),
        (np.sqrt(92 / 192), "192 - 99 directions are empty", "비어 있는 방향은 192 − 99개입니다."),
        (np.sqrt(93), "divide by the number of features", "특징의 수로 나눕니다."),
        (0, "no epsilon fills directions that are empty", "비어 있는 방향은 ε으로 채울 수 없습니다."), about=("distance", "거리"),
    )  # fmt: skip
    if not abs(distance - np.sqrt(93 / 192)) < 0.005:
        raise Wrong(
            "distance: the root of the share of directions that stay empty",
            "거리: 비어 있는 방향의 비율에 제곱근을 취한 것입니다.",
        )


@exercise("15-4")
def moving_average(answer):
    value, step = as_array(np.ravel(answer), (2,))
    not_known(
        lambda other: abs(value - other) < 0.0051,
        (10 * 0.99**100, "that is what is still missing", "아직 모자라는 양입니다."),
        (1 - 0.99**100, "that is the share: the mean is 10", "따라잡은 비율입니다. 평균은 10입니다."),
        (10 * (1 - 0.9**100), "the momentum is 0.99", "momentum은 0.99입니다."),
        (10, "100 steps are not enough for that", "100걸음으로는 아직 모자랍니다."), about=("first number", "첫째 수"),
    )  # fmt: skip
    if not abs(value - 10 * (1 - 0.99**100)) < 0.0051:
        raise Wrong(
            "first number: each step takes away one hundredth of what is missing",
            "첫째 수: 한 걸음마다 모자라는 양의 100분의 1이 줄어듭니다.",
        )
    not_known(
        lambda other: step == other,
        (458, "at step 458 it is still below 9.9", "458걸음째에는 아직 9.9가 되지 않습니다."),
        (44, "the momentum is 0.99", "momentum은 0.99입니다."),
        (460, "one step before is enough", "한 걸음 앞에서 이미 넘습니다."),
        about=("second number", "둘째 수"),
    )
    if step != 459:
        raise Wrong(
            "second number: the first whole t with 0.99 to the power t below 0.01",
            "둘째 수: 0.99를 t번 곱해 0.01보다 작아지는 첫 t입니다.",
        )


@exercise("15-5")
def fold(answer):
    random = np.random.default_rng(0)
    kernel, x = random.normal(size=(4, 4)), random.normal(size=(7, 4))
    bias, gamma, beta, mean = random.normal(size=(4, 4))
    variance = np.array([0.002, 0.5, 2, 9])  # so small a variance that epsilon counts
    given = call(answer, kernel, bias, gamma, beta, mean, variance)
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise Wrong("return two things, kernel and bias", "커널과 편향, 둘을 돌려줍니다.")
    new_kernel = as_array(given[0], (4, 4))
    new_bias = as_array(np.ravel(given[1]), (4,))
    scale = gamma / np.sqrt(variance + 0.001)

    def same(left, right):
        return np.allclose(left, right, rtol=1e-3, atol=1e-3)

    not_known(
        lambda other: same(new_kernel, other),
        (kernel * scale[:, None], "each column, not each row, has its scale",
         "행마다가 아니라 열마다 곱합니다."),
        (kernel * gamma / (variance + 0.001), "the square root is missing", "제곱근이 빠졌습니다."),
        (kernel * gamma / np.sqrt(variance), "the epsilon is missing", "ε이 빠졌습니다."),
        (kernel / np.sqrt(variance + 0.001), "gamma is missing", "γ가 빠졌습니다."),
        (kernel, "the kernel is still the old one", "커널이 그대로입니다."), about=("kernel", "커널"),
    )  # fmt: skip
    not_known(
        lambda other: same(new_bias, other),
        (bias, "the bias is still the old one", "편향이 그대로입니다."),
        (bias * scale + beta, "the mean is missing", "평균이 빠졌습니다."),
        ((bias - mean) * scale, "beta is missing", "β가 빠졌습니다."),
        (beta - mean * scale, "the layer's own bias is missing", "층의 편향이 빠졌습니다."),
        (bias * scale - mean + beta, "the mean is scaled, too", "평균에도 같은 수를 곱합니다."),
        ((bias - mean + beta) * scale, "beta is not scaled", "β에는 곱하지 않습니다."),
        about=("bias", "편향"),
    )
    wanted = scale * (x @ kernel + bias - mean) + beta
    if not same(x @ new_kernel + new_bias, wanted):
        raise Wrong(
            "one layer must answer what both answered: write out s · (x W + b - mean) + beta",
            "한 층의 답이 두 층의 답과 같아야 합니다. s · (x W + b − 평균) + β를 풀어 씁니다.",
        )


in_order(
    "15-6",
    """
A  test = (test - mean) / deviation
B  deviation = np.sqrt((train**2).mean(axis=0))
C  test = (test - test.mean(axis=0)) / test.std(axis=0)
D  mean = train.mean(axis=0)
E  train = train / deviation
F  train = train - mean
""",
    given="import numpy as np\n"
    "train = np.array([[1.0, 10], [3, 40], [8, 10]])\ntest = np.array([[2.0, 30], [6, 80]])",
    ask="np.concatenate([train, test]).round(2).tolist()",
    wanted="((np.concatenate([train, test]) - train.mean(axis=0)) / train.std(axis=0)).round(2)"
    ".tolist()",
    strays={
        "C": (
            "line C takes the mean and the deviation of the test samples: use those of the training samples",
            "C는 시험용의 평균과 표준편차를 씁니다. 학습용에서 구한 것을 써야 합니다.",
        )
    },
)
