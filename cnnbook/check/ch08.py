"""Checks of chapter 08, a convolutional network from scratch."""

import numpy as np

from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("08-1")
def parameter_count(answer):
    number = as_number(answer)
    dense, last = 14 * 14 * 16 * 64 + 64, 64 * 10 + 10
    not_known(
        lambda other: number == 160 + other + last,
        (
            28 * 28 * 16 * 64 + 64,
            "pooling halves both sides: 14×14, not 28×28, is flattened",
            "풀링이 두 변을 절반으로 줄입니다. 펼치는 것은 28×28이 아니라 14×14입니다.",
        ),
        (
            13 * 13 * 16 * 64 + 64,
            "the padding is SAME: the maps are 28×28 before the pooling",
            "패딩이 SAME이므로 풀링하기 전의 특징 맵은 28×28입니다.",
        ),
        (
            14 * 14 * 64 + 64,
            "all 16 maps are flattened, not one",
            "특징 맵 한 장이 아니라 16장을 모두 펼칩니다.",
        ),
    )
    if number == 144 + 14 * 14 * 16 * 64 + 640:
        raise Wrong("count the biases, too", "편향도 세어야 합니다.")
    if number == 197_210:
        raise Wrong(
            "that is with 10 filters and 100 units", "필터가 10개, 유닛이 100개일 때의 값입니다."
        )
    if number != 160 + dense + last:
        raise Wrong(
            "add up three layers: (inputs of one output + 1) × outputs each",
            "세 층을 더합니다. 층마다 (출력 하나가 받는 수 + 1) × 출력의 수입니다.",
        )


@exercise("08-2")
def steps(answer):
    number = as_number(answer)
    if number == 480:
        raise Wrong("that is one epoch: there are 12", "한 에포크의 걸음입니다. 12에포크입니다.")
    if number == 600 * 12:
        raise Wrong(
            "validation images do not move the weights: leave a fifth out",
            "검증 데이터로는 가중치를 움직이지 않습니다. 5분의 1을 뺍니다.",
        )
    if number == 120 * 12:
        raise Wrong(
            "that is with the validation part alone: four fifths are for training",
            "검증 데이터만 센 값입니다. 학습에 쓰는 것은 5분의 4입니다.",
        )
    if number == 48_000 * 12:
        raise Wrong("one step uses 100 images at once", "한 걸음에 이미지 100장을 한꺼번에 씁니다.")
    if number != 480 * 12:
        raise Wrong(
            "training images / images in a batch × epochs",
            "학습 이미지의 수 / 미니배치의 크기 × 에포크 수입니다.",
        )


@exercise("08-3")
def glorot_limit(answer):
    number = as_number(answer)
    not_known(
        lambda other: _near(number, other),
        (
            np.sqrt(6 / (6 + 16)),
            "multiply both counts by the window's 25 places",
            "두 개수에 모두 창의 칸 수 25를 곱합니다.",
        ),
        (
            np.sqrt(6 / 150),
            "that is He's limit: Glorot's counts the outputs, too",
            "He의 범위입니다. 글로럿은 나가는 수도 셉니다.",
        ),
        (
            np.sqrt(2 / 550),
            "that is the standard deviation: a uniform range is √3 times as wide",
            "표준편차입니다. 고르게 뽑는 범위의 끝은 그 √3배입니다.",
        ),
        (6 / 550, "take the square root", "제곱근을 취합니다."),
        (
            np.sqrt(6 / (150 + 16)),
            "an input is used by 16 filters at 25 places each",
            "입력 하나는 필터 16개에서 저마다 25칸씩 쓰입니다.",
        ),
    )
    if not _near(number, np.sqrt(6 / 550)):
        raise Wrong(
            "√(6 / (inputs + outputs)), both counted with the window's places",
            "√(6 / (들어오는 수 + 나가는 수))이고, 두 수에는 창의 칸 수가 들어 있습니다.",
        )


def _near(number, wanted):
    return abs(number - wanted) < 0.006 * wanted  # three digits, rounded or cut


@exercise("08-4")
def batch_loss(answer):
    random = np.random.default_rng(0)
    scores, labels = random.normal(size=(6, 4)), np.array([3, 0, 1, 1, 2, 0])
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(6), labels]
    number = as_number(call(answer, scores, labels))
    shifted = scores - scores.max(axis=1, keepdims=True)
    if np.isclose(number, losses.sum()):
        raise Wrong("that is the sum: take the mean", "합입니다. 평균을 냅니다.")
    if np.isclose(number, -losses.mean()):
        raise Wrong(
            "the sign is the wrong way around: a loss is not negative",
            "부호가 반대입니다. 손실은 음수가 아닙니다.",
        )
    if np.isclose(number, np.log(np.exp(shifted).sum(axis=1)).mean()):
        raise Wrong(
            "the score of the right class is missing, not only the largest one",
            "가장 큰 점수만 뺐습니다. 정답의 점수가 들어가야 합니다.",
        )
    if np.isclose(number, losses.mean() / np.log(10)):
        raise Wrong("take the natural logarithm", "자연로그를 씁니다.")
    if not np.isclose(number, losses.mean()):
        raise Wrong(
            "minus the logarithm of the right class's probability, mean over the batch",
            "정답의 확률에 로그를 취해 부호를 바꾸고, 배치에서 평균을 냅니다.",
        )
    # Large scores of different images, so that one maximum for the whole batch is not enough.
    far = scores + np.array([[1000.0], [-1000], [0], [800], [-800], [0]])
    with np.errstate(all="ignore"):
        number = float(np.ravel(call(answer, far, labels))[0])
    if not np.isclose(number, losses.mean()):
        raise Wrong(
            "right for small scores, but scores near 1000 or -1000 overflow: "
            "subtract each image's largest score",
            "작은 점수에서는 맞습니다. 1000이나 -1000 근처의 점수에서 넘칩니다. "
            "이미지마다 가장 큰 점수를 뺍니다.",
        )


@exercise("08-5")
def one_epoch(answer):
    batches = _batches(answer, seed=0)
    order = np.concatenate([_names(images, labels) for images, labels in batches])
    if len(np.unique(order)) < len(order):
        raise Wrong(
            "an image came twice: go through one order",
            "한 이미지가 두 번 나왔습니다. 차례대로 한 번씩 씁니다.",
        )
    if len(order) == 8:
        raise Wrong(
            "the last two of ten images are left out: the last batch may be smaller",
            "열 장 가운데 마지막 두 장을 버렸습니다. 마지막 묶음은 작을 수 있습니다.",
        )
    sizes = [len(labels) for _, labels in batches]
    if sizes != [4, 4, 2]:
        raise Wrong(
            f"ten images in batches of 4 make sizes 4, 4, 2; got {sizes}",
            f"열 장을 네 장씩 묶으면 4, 4, 2장입니다. 받은 크기: {sizes}",
        )
    if np.array_equal(order, range(10)):
        raise Wrong("the images are not shuffled", "이미지를 섞지 않았습니다.")
    others = [np.concatenate([labels for _, labels in _batches(answer, seed)]) for seed in (1, 2)]
    if all(np.array_equal(order, other - 100) for other in others):
        raise Wrong(
            "the order is always the same: draw it from `random`",
            "차례가 늘 같습니다. `random`에서 뽑습니다.",
        )


def _batches(answer, seed):
    """Return the reader's mini-batches of ten images, four at a time, as arrays."""
    images = np.tile(np.arange(10.0).reshape(10, 1, 1, 1), (1, 2, 2, 1))  # image i is full of i
    if not callable(answer):
        call(answer)  # says so
    random = np.random.default_rng(seed)
    result = call(lambda x, y: list(answer(x, y, 4, random)), images, np.arange(100, 110))
    try:
        return [(np.asarray(x, float), np.asarray(y, float)) for x, y in result]
    except (TypeError, ValueError):
        raise Wrong(
            "wanted a list of pairs: (images, labels) of each batch",
            "묶음마다 (이미지, 정답)의 짝을 모은 리스트가 필요합니다.",
        ) from None


def _names(images, labels):
    """Return which of the ten images a batch holds, if its labels are theirs."""
    if labels.ndim != 1 or not 0 < len(images) == len(labels):
        raise Wrong(
            f"a batch needs as many labels as images; got {images.shape} and {labels.shape}",
            f"묶음마다 이미지와 정답의 수가 같아야 합니다. 받은 모양: {images.shape}, {labels.shape}",
        )
    images = as_array(images, (len(labels), 2, 2, 1))
    if not np.array_equal(images[:, 0, 0, 0] + 100, labels):
        raise Wrong(
            "labels no longer belong to their images: choose both by the same numbers",
            "정답이 이미지와 어긋났습니다. 둘을 같은 번호로 고릅니다.",
        )
    return images[:, 0, 0, 0]


in_order(
    "08-6",
    """
A      p = np.exp(p - p.max(axis=1, keepdims=True))
B      w = w - 0.5 * x.T @ p / len(y)
C      p = x @ w
D  for _ in range(3):
E      w = w + 0.5 * x.T @ p / len(y)
F      p[range(len(y)), y] -= 1
G      p = p / p.sum(axis=1, keepdims=True)
""",
    given="import numpy as np\n"
    "x, y, w = np.arange(6).reshape(3, 2) / 2, [2, 0, 1], np.zeros((2, 3))",
    ask="w[0].round(3).tolist()",
    wanted="(lambda step: step(step(step(w))))(lambda w: w - x.T @ (np.exp(x @ w)"
    " / np.exp(x @ w).sum(axis=1, keepdims=True) - np.eye(3)[y]) / 6)[0].round(3).tolist()",
    strays={
        "E": (
            "line E walks along the gradient: the loss grows",
            "E는 기울기 쪽으로 걷습니다. 그러면 손실이 커집니다.",
        )
    },
)
