"""Checks of chapter 16, transfer learning."""

import numpy as np

from cnnbook.check import Wrong, as_array, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("16-1")
def head_of_five(answer):
    number = float(as_array(np.ravel(answer), (1,))[0])
    not_known(
        lambda other: number == other,
        (
            132_613,
            "that is the head for 32×32: 96×96 leaves a 3×3 map",
            "32×32일 때의 수입니다. 96×96이면 3×3 맵이 남습니다.",
        ),
        (1_179_904, "the last layer is missing", "마지막 층이 빠졌습니다."),
        (1_180_928, "the biases are missing", "편향이 빠졌습니다."),
        (1_182_474, "five classes, not ten", "클래스가 열이 아니라 다섯입니다."),
        (15_895_877, "the base is frozen: leave it out", "몸통은 얼렸으므로 세지 않습니다."),
    )
    if number != 1_181_189:
        raise Wrong(
            "five halvings of 96, times 512 maps, are the inputs of Dense(256)",
            "96을 다섯 번 반으로 줄이고 맵 512개를 곱하면 Dense(256)의 입력입니다.",
        )


@exercise("16-2")
def one_pixel(answer):
    given = as_array(np.ravel(answer), (3,))
    mean = np.array([103.939, 116.779, 123.68])
    pixel = np.array([200, 100, 50])
    not_known(
        lambda other: np.allclose(given, other, atol=0.02),
        (pixel - mean, "reverse the channels first", "먼저 채널의 차례를 바꿉니다."),
        (pixel - mean[::-1], "VGG16 wants blue first", "VGG16은 파랑을 먼저 받습니다."),
        (pixel[::-1] - mean[::-1], "the means are in the order B, G, R, too",
         "평균도 B, G, R의 차례입니다."),
        (pixel[::-1], "now subtract the means", "이제 평균을 뺍니다."),
        ((pixel[::-1] - mean) / 255, "nothing is divided", "나누지 않습니다."),
    )  # fmt: skip
    if not np.allclose(given, pixel[::-1] - mean, atol=0.02):
        raise Wrong(
            "subtract the means 103.939, 116.779, 123.68 from B, G, R",
            "B, G, R에서 103.939, 116.779, 123.68을 뺍니다.",
        )


@exercise("16-3")
def undo(answer):
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 3)).astype(np.float32)
    mean = np.array([103.939, 116.779, 123.68], np.float32)
    given = images[..., ::-1] - mean
    array = as_array(call(answer, given.copy()), images.shape)
    not_known(
        lambda other: np.allclose(array, other, atol=0.1),
        (images[..., ::-1], "the channels are still B, G, R", "채널이 아직 B, G, R입니다."),
        (given[..., ::-1], "add the means, too", "평균도 더합니다."),
        (given[..., ::-1] + mean, "add the means before you reverse the channels, or reverse them, too",
         "채널을 바꾸기 전에 평균을 더하거나, 평균의 차례도 바꿉니다."),
        (given, "these are the prepared images themselves", "준비된 이미지 그대로입니다."),
    )  # fmt: skip
    if not np.allclose(array, images, atol=0.1):
        raise Wrong("undo the last step first", "마지막에 한 일부터 되돌립니다.")


@exercise("16-4")
def learned_and_frozen(answer):
    learned, still = as_array(np.ravel(answer), (2,))
    not_known(
        lambda other: learned == other,
        (96 * 3, "each class has a bias", "클래스마다 편향이 있습니다."),
        (776, "that is the head of eight classes", "클래스가 여덟일 때의 수입니다."),
        (279_427, "the base does not learn", "몸통은 배우지 않습니다."),
        about=("learned", "배우는 수"),
    )
    if learned != 291:
        raise Wrong(
            "learned: 96 weights and a bias per class",
            "배우는 수: 클래스마다 96개와 편향 하나입니다.",
        )
    not_known(
        lambda other: still == other,
        (279_912, "the old head is gone", "옛 머리는 떼어 냈습니다."),
        (279_427, "the head is not frozen", "머리는 얼리지 않았습니다."),
        about=("frozen", "얼린 수"),
    )
    if still != 279_136:
        raise Wrong("frozen: every parameter of the base", "얼린 수: 몸통의 파라미터 모두입니다.")


@exercise("16-5")
def passes(answer):
    through, cached = as_array(np.ravel(answer), (2,))
    not_known(
        lambda other: through == other,
        (3000, "every epoch sends them through again", "에포크마다 다시 지나갑니다."),
        (94, "count pictures, not batches", "배치가 아니라 사진을 셉니다."),
        (2820, "count pictures, not batches", "배치가 아니라 사진을 셉니다."),
        about=("through the base", "몸통을 지날 때"),
    )
    if through != 90_000:
        raise Wrong(
            "through the base: pictures times epochs",
            "몸통을 지날 때: 사진 수에 에포크 수를 곱합니다.",
        )
    not_known(
        lambda other: cached == other,
        (0, "they go through once, to be kept", "저장하려면 한 번은 지나가야 합니다."),
        (90_000, "kept features need no base", "저장한 특징에는 몸통이 필요 없습니다."),
        about=("kept", "저장할 때"),
    )
    if cached != 3000:
        raise Wrong("kept: each picture once", "저장할 때: 사진마다 한 번입니다.")


in_order(
    "16-6",
    """
A  x = x / 255
B  x = x - mean
C  x = x @ head
D  x = base(x)
E  x = x.mean(axis=(1, 2))
F  x = x[..., ::-1]
""",
    given="import numpy as np\n"
    "x = np.array([[[[10, 200, 90], [250, 130, 60]]], [[[120, 20, 240], [70, 180, 30]]]])\n"
    "mean = np.array([104, 117, 124])  # blue, green, red\n"
    "kernel = np.array([[1, -1], [0, 2], [-1, 1]])\nhead = np.array([[1, -1], [2, 3]])\n\n"
    "def base(x):\n    return np.maximum(x @ kernel, 0)",
    ask="x.tolist()",
    wanted="(np.maximum((x - mean[::-1]) @ kernel[::-1], 0) @ head).mean(axis=(1, 2)).tolist()",
    strays={
        "A": (
            "line A divides by 255: this base learned from pixels less the mean, not divided",
            "A는 255로 나눕니다. 이 몸통은 평균만 빼고 나누지 않은 픽셀로 배웠습니다.",
        )
    },
)
