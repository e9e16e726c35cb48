"""Checks of chapter 10, digits and clothes."""

import numpy as np

from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("10-1")
def error_reduction(answer):
    number = as_number(answer)
    if np.isclose(number, 6):
        raise Wrong(
            "that is how many points the accuracy rose: divide by the errors there were before",
            "정확도가 오른 폭입니다. 처음의 오류율로 나누어야 합니다.",
        )
    if np.isclose(number, 0.75):
        raise Wrong("as a percentage, please", "퍼센트로 답합니다.")
    if np.isclose(number, 25):
        raise Wrong(
            "that is the share of the errors that is left",
            "남은 오류의 비율입니다. 줄어든 비율을 답합니다.",
        )
    if np.isclose(number, 100 * (0.98 / 0.92 - 1), atol=0.1):
        raise Wrong(
            "that is how much the accuracy grew: count errors instead",
            "정확도가 늘어난 비율입니다. 오류를 세어 봅니다.",
        )
    if np.isclose(number, 300):
        raise Wrong(
            "divide by the errors before, not by those after",
            "나중이 아니라 처음의 오류율로 나눕니다.",
        )
    if not np.isclose(number, 75):
        raise Wrong(
            "the error rate goes from 0.08 to 0.02: by what part of 0.08 did it fall?",
            "오류율은 0.08에서 0.02가 되었습니다. 0.08의 몇 퍼센트가 줄었습니까?",
        )


@exercise("10-2")
def parameters_for_32(answer):
    number = as_number(answer)
    others = 320 + 18_496 + 1_290  # all layers but the first dense one
    not_known(
        lambda other: number == other,
        (
            1_199_882,
            "that is the count for 28×28: how many numbers come out of the pooling now?",
            "28×28일 때의 수입니다. 이제 풀링에서 수가 몇 개 나옵니까?",
        ),
        (
            others + (16 * 16 * 64 + 1) * 128,
            "the sides shrink: a 3×3 window without padding takes 2 pixels off each time",
            "한 변이 줄어듭니다. 패딩 없는 3×3 창은 지날 때마다 두 픽셀을 줄입니다.",
        ),
        (
            others + (28 * 28 * 64 + 1) * 128,
            "the pooling halves both sides",
            "풀링이 가로와 세로를 절반으로 줄입니다.",
        ),
        (
            14 * 14 * 64 * 128,
            "that is the weights of one layer: add its biases and the other layers",
            "한 층의 가중치입니다. 편향과 다른 층도 더합니다.",
        ),
        (14 * 14 * 64 * 128 + 128, "that is one layer alone", "한 층만 세었습니다."),
        (
            9 * 32 + 9 * 32 * 64 + 14 * 14 * 64 * 128 + 128 * 10,
            "the biases are missing",
            "편향이 빠졌습니다.",
        ),
        (
            14 * 14 * 64 * 128 + 128 + 1_290,
            "the convolutions are missing",
            "합성곱층이 빠졌습니다.",
        ),
        (1_625_866 - 1_290, "the last layer is missing", "마지막 층이 빠졌습니다."),
    )
    if number != 1_625_866:
        raise Wrong(
            "only the first fully connected layer changes: follow the side, 32, 30, 28, …",
            "첫 완전 연결층만 달라집니다. 한 변을 따라갑니다. 32, 30, 28, …",
        )


@exercise("10-3")
def confusion(answer):
    random = np.random.default_rng(0)
    for classes, images in ((3, 40), (10, 12)):
        labels, predicted = random.integers(classes, size=(2, images))
        array = as_array(call(answer, labels, predicted, classes), (classes, classes))
        right = np.zeros((classes, classes))
        np.add.at(right, (labels, predicted), 1)
        if np.array_equal(array, right):
            continue
        if np.array_equal(array, right.T):
            raise Wrong(
                "rows and columns are swapped: a row is a right class",
                "행과 열이 바뀌었습니다. 행이 정답입니다.",
            )
        if np.array_equal(array, right > 0):
            raise Wrong(
                "a cell that is met several times counts only once",
                "여러 번 나온 칸을 한 번만 세었습니다.",
            )
        if np.allclose(array, right / images) or np.allclose(
            array, right / np.maximum(right.sum(axis=1, keepdims=True), 1)
        ):
            raise Wrong("count images, do not divide", "장수를 셉니다. 나누지 않습니다.")
        if array.sum() != images:
            raise Wrong(
                f"{images} images went in, the cells add up to {array.sum():g}",
                f"이미지는 {images}장인데 칸의 합은 {array.sum():g}입니다.",
            )
        raise Wrong(
            "cell (i, j) counts the images of class i that were taken for class j",
            "(i, j) 칸은 정답이 i이고 예측이 j인 이미지의 장수입니다.",
        )


@exercise("10-4")
def precision(answer):
    for matrix in ([[5, 1, 0], [2, 6, 0], [3, 1, 0]], [[8, 0, 2], [1, 9, 0], [4, 1, 5]]):
        matrix = np.array(matrix)
        hits, answered = np.diag(matrix), matrix.sum(axis=0)
        array = as_array(call(answer, matrix), (3,))
        if np.isnan(array).any():
            raise Wrong(
                "a class that was never answered divides by 0: its value is 0",
                "한 번도 답하지 않은 클래스에서 0으로 나누었습니다. 그 값은 0입니다.",
            )
        right = hits / np.maximum(answered, 1)
        if np.allclose(array, right):
            continue
        if np.allclose(array, 100 * right):
            raise Wrong(
                "a share from 0 to 1, not a percentage", "퍼센트가 아니라 0과 1 사이의 비율입니다."
            )
        if np.allclose(array, hits / matrix.sum(axis=1)):
            raise Wrong(
                "that is the accuracy of each class: divide by what was answered, a column",
                "클래스별 정확도입니다. 그 클래스라고 답한 것, 곧 열의 합으로 나눕니다.",
            )
        if np.allclose(array, hits / matrix.sum()):
            raise Wrong(
                "divide by the sum of the class's own column, not of everything",
                "전체가 아니라 그 클래스의 열의 합으로 나눕니다.",
            )
        if np.array_equal(array, hits) or np.array_equal(array, answered):
            raise Wrong("a share: divide one by the other", "비율입니다. 둘을 나누어야 합니다.")
        raise Wrong(
            "the diagonal, divided by the sums of the columns",
            "대각선을 열의 합으로 나눕니다.",
        )


@exercise("10-5")
def whole_step(answer):
    number = as_number(answer)
    if number == 4:
        raise Wrong("that is after two poolings", "풀링이 두 번일 때입니다.")
    if number in (2, 3, 6):
        raise Wrong(
            "each pooling halves the distance: multiply, do not add",
            "풀링은 지날 때마다 거리를 절반으로 줄입니다. 더하지 않고 곱합니다.",
        )
    if number > 8 and number % 8 == 0:
        raise Wrong("that works; there is a smaller one", "그것도 되지만 더 작은 수가 있습니다.")
    if number != 8:
        raise Wrong(
            "a convolution of stride 1 keeps the distance, a pooling of stride 2 halves it",
            "스트라이드가 1인 합성곱은 거리를 지키고, 스트라이드가 2인 풀링은 절반으로 줄입니다.",
        )


in_order(
    "10-6",
    """
A  table = np.diag(table)
B      table[label, answer] += 1
C  table = table / table.sum(axis=0, keepdims=True)
D  for label, answer in zip(labels, answers):
E  table = table / table.sum(axis=1, keepdims=True)
F  table = np.zeros((3, 3))
""",
    given="import numpy as np\nlabels = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])\n"
    "answers = np.array([0, 0, 2, 0, 1, 0, 0, 2, 2])",
    ask="table.round(2).tolist()",
    wanted="[round(float(np.mean(answers[labels == c] == c)), 2) for c in range(3)]",
    strays={
        "C": (
            "line C divides by the columns, the predictions: a class's images are a row",
            "C는 열의 합, 곧 예측의 수로 나눕니다. 한 클래스의 이미지는 한 행에 있습니다.",
        )
    },
)
