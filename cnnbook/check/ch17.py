"""Checks of chapter 17, fine-tuning."""

import functools
import math
import types

import numpy as np

from cnnbook import datasets
from cnnbook.check import Wrong, as_letters, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("17-1")
def pooled_head(answer):
    number = as_number(answer)
    base, head = 7_037_504, 1024 * 37 + 37
    not_known(
        lambda other: number == other,
        (head, "that is the head alone: add the base", "머리만의 수입니다. 몸통을 더합니다."),
        (base + head - 37, "the head has a bias, too", "머리에도 편향이 있습니다."),
        (
            base + 50_176 * 37 + 37,
            "that is with Flatten: pooling leaves one number a map",
            "Flatten일 때의 수입니다. 풀링하면 맵마다 수 하나가 남습니다.",
        ),
        (7_160_504, "that is for 120 classes", "클래스가 120개일 때의 수입니다."),
        (base, "that is the base alone: add the head", "몸통만의 수입니다. 머리를 더합니다."),
        (
            base + 49 * 37 + 37,
            "pooling averages over the 7×7 places, not over the 1024 channels",
            "풀링은 채널이 아니라 7×7의 자리를 평균합니다.",
        ),
    )
    if number != base + head:
        raise Wrong(
            "the pooled features are 1024 numbers; each of 37 classes has 1024 weights and a bias",
            "풀링한 특징은 1,024개입니다. 클래스마다 가중치 1,024개와 편향 하나가 있습니다.",
        )


@exercise("17-2")
def reach(answer):
    number = abs(as_number(answer))
    not_known(
        lambda other: math.isclose(number, other, rel_tol=0.01),
        (200 * 1e-5, "that is one epoch", "한 에포크의 거리입니다."),
        (50 * 1e-5, "a step is a batch, not an epoch", "한 걸음은 에포크가 아니라 배치입니다."),
        (
            6400 * 50 * 1e-5,
            "a step is a batch of 32 images, not an image",
            "한 걸음은 사진 한 장이 아니라 32장입니다.",
        ),
        (10_000, "that is the number of steps", "걸음의 수입니다. 한 걸음의 거리를 곱합니다."),
        (
            10_000 * 1e-6,
            "the learning rate here is 1e-5, not the chapter's 1e-6",
            "여기의 학습률은 본문의 0.000001이 아니라 0.00001입니다.",
        ),
    )
    if not math.isclose(number, 0.1, rel_tol=0.01):
        raise Wrong(
            "how many steps are 50 epochs, and how far does Adam go in one?",
            "50에포크는 몇 걸음이고, Adam은 한 걸음에 얼마나 갑니까?",
        )


@exercise("17-3")
def order(answer):
    given = "".join(letter for letter in as_letters(answer).lower() if letter.isalpha())
    if sorted(given) != list("abcdef"):
        raise Wrong(
            "each of the six letters a to f once", "a부터 f까지 여섯 글자를 한 번씩 적습니다."
        )
    not_known(
        lambda other: given.index(other[0]) < given.index(other[1]),
        ("dc", "the head is trained on a frozen base", "머리를 학습하기 전에 몸통을 얼립니다."),
        ("de", "compile before you train the head", "머리를 학습하기 전에 컴파일합니다."),
        ("ec", "trainable counts when you compile", "얼린 다음에 컴파일합니다."),
        ("ad", "the head first, then unfreeze", "머리를 학습한 다음에 몸통을 풉니다."),
        ("fa", "compile again after you unfreeze", "몸통을 푼 다음에 다시 컴파일합니다."),
        ("bf", "compile again before you train all", "전체를 학습하기 전에 다시 컴파일합니다."),
    )


@exercise("17-4")
def breed_name(answer):
    for folder in datasets.load("breeds"):
        if not callable(answer):
            call(answer)  # says what is wrong
        wanted = folder.split("-", 1)[1].replace("_", " ")
        try:
            given = answer(folder)
        except Exception as error:
            told = f"{folder}: {type(error).__name__}: {error}"
            raise Wrong(
                f"your function stopped with {told}", f"함수가 실행 중에 멈췄습니다. {told}"
            ) from None
        if not isinstance(given, str):
            raise Wrong(f"return a name, not {given!r}", f"이름을 돌려줍니다. 받은 값: {given!r}")
        if given != wanted:
            _explain(folder, given, wanted)


def _explain(folder, given, wanted):
    if given.startswith("n0"):
        raise Wrong("remove the number", "앞의 번호를 떼어 냅니다.")
    if given.replace("_", " ") == wanted:
        raise Wrong("an underscore becomes a space", "밑줄을 빈칸으로 바꿉니다.")
    if given.replace("-", " ") == wanted.replace("-", " "):
        raise Wrong(
            f"{folder}: keep the hyphens inside the name", "이름 안의 하이픈은 그대로 둡니다."
        )
    if wanted.startswith(given) or wanted.endswith(given):
        raise Wrong(
            f"{folder}: the name is cut, got {given!r}: split at the first hyphen only",
            f"이름이 잘렸습니다: {given!r}. 첫 하이픈에서만 자릅니다.",
        )
    if given.lower() == wanted.lower():
        raise Wrong("keep capitals as they are", "대문자와 소문자는 그대로 둡니다.")
    raise Wrong(
        f"the name in {folder} is {wanted!r}, not {given!r}",
        f"{folder}: 받은 값은 {given!r}, 필요한 값은 {wanted!r}입니다.",
    )


@exercise("17-5")
def top_k(answer):
    random = np.random.default_rng(0)
    probabilities = random.permuted(np.tile(np.arange(1, 9) / 36, (40, 1)), axis=1)
    ranks = random.integers(0, 8, 40)  # how many classes are more probable than the right one
    order = np.argsort(-probabilities, axis=1)
    labels = order[np.arange(40), ranks]
    for k in (3, 1, 8):
        given = as_number(call(answer, probabilities, labels, k))
        if math.isclose(given, (ranks < k).mean(), rel_tol=1e-5):
            continue
        not_known(
            functools.partial(math.isclose, given, rel_tol=1e-5),
            ((ranks < k).sum(), "a share, not a count", "장수가 아니라 비율입니다."),
            (
                (ranks >= 8 - k).mean(),
                "those are the k smallest: argsort goes up",
                "가장 작은 k개를 골랐습니다. argsort는 작은 것부터입니다.",
            ),
            ((ranks >= k).mean(), "that is the error, not the accuracy", "오류율입니다."),
            ((ranks < 1).mean(), "that is top-1: look at k answers", "top-1입니다. k개를 봅니다."),
            (
                (ranks == k - 1).mean(),
                "only the k-th answer counts there: any of the k may be right",
                "k번째 답만 보았습니다. k개 가운데 하나라도 맞으면 됩니다.",
            ),
            ((ranks < k).mean() * 100, "a share, not a percentage", "퍼센트가 아니라 비율입니다."),
        )
        raise Wrong(
            "the share of rows whose label is among the k largest probabilities",
            "확률이 큰 k개 안에 정답이 있는 줄의 비율입니다.",
        )


class Toy:
    """A base and a head, each a number; their sum learns the mean of what it sees.

    `compile` settles which of the two learn; Keras does so at the first `fit` after it.
    """

    def __init__(self):
        self.base = types.SimpleNamespace(weight=1.0, trainable=True)
        self.head = types.SimpleNamespace(weight=0.0, trainable=True)
        self.learning = self.rate = None

    def compile(self, rate):
        parts = self.base, self.head
        self.learning, self.rate = [part for part in parts if part.trainable], rate

    def fit(self, data, epochs):
        if self.learning is None:
            raise RuntimeError("compile the model before fit")
        for _ in range(epochs):
            error = sum(data) / len(data) - self.base.weight - self.head.weight
            for part in self.learning:
                part.weight += self.rate * error

    def weights(self):
        return [round(part.weight, 4) for part in (self.base, self.head)]


in_order(
    "17-6",
    """
A  model.fit(train, epochs=2)
B  base.trainable = True
C  model.compile(rate=0.1)
D  model.fit(test, epochs=2)
E  model.compile(rate=0.01)
F  model.fit(train, epochs=3)
""",
    given="from cnnbook.check.ch17 import Toy\n"
    "train, test, model = [2, 5, 8], [4, 20], Toy()\nbase = model.base\nbase.trainable = False",
    ask="model.weights()",
    wanted="[round(w + 0.01 * (1 + 0.98) * 4 * 0.9**3, 4) for w in (1, 4 - 4 * 0.9**3)]",
    strays={
        "D": (
            "line D trains on the test images",
            "D는 시험용 이미지로 학습합니다.",
        )
    },
)
