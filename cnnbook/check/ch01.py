"""Checks of chapter 01, how a computer sees."""

import numpy as np

from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("01-1")
def boxes_by_hand(answer):
    number = as_number(answer)
    # Areas 8 and 8, in common 2: 2 / 14. Two decimals are enough.
    not_known(
        lambda other: abs(number - other) < 0.002,
        (2, "that is the area in common: divide it", "이것은 겹친 넓이입니다. 나누어야 합니다."),
        (
            2 / 16,
            "the two areas together count the common part twice: subtract it once",
            "두 넓이를 더하면 겹친 곳을 두 번 셉니다. 한 번 빼야 합니다.",
        ),
        (
            2 / 8,
            "divide by the union of the two boxes, not by one of them",
            "상자 하나가 아니라 두 상자의 합집합으로 나눕니다.",
        ),
        (
            14 / 2,
            "upside down: common area over union",
            "거꾸로입니다. 교집합을 합집합으로 나눕니다.",
        ),
    )
    if not abs(number - 2 / 14) <= 0.005:
        raise Wrong(
            "draw both boxes on a grid and count cells: in common, then in either",
            "두 상자를 모눈에 그리고 칸을 셉니다. 둘 다 덮은 칸, 그리고 하나라도 덮은 칸을 셉니다.",
        )


_TASKS = {
    "classification": "classification",
    "localization": "localization",
    "localisation": "localization",
    "segmentation": "segmentation",
    "분류": "classification",
    "위치찾기": "localization",
    "분할": "segmentation",
}


@exercise("01-2")
def which_task(answer):
    if isinstance(answer, np.ndarray):
        answer = answer.tolist()
    if not isinstance(answer, (list, tuple)) or len(answer) != 4:
        raise Wrong("wanted a list of four words", "낱말 네 개로 된 리스트가 필요합니다.")
    if not all(isinstance(word, str) for word in answer):
        raise Wrong("each answer is a word in quotes", "답은 따옴표로 감싼 낱말입니다.")
    tasks = [_TASKS.get(word.lower().replace(" ", "")) for word in answer]
    if None in tasks:
        raise Wrong(
            "the words are classification, localization, segmentation",
            "쓸 수 있는 낱말은 classification, localization, segmentation입니다.",
        )
    right = ("segmentation", "classification", "localization", "classification")
    hints = (
        (
            "an area in pixels needs every pixel of the lake",
            "넓이를 픽셀로 세려면 호수에 속한 픽셀을 모두 알아야 합니다.",
        ),
        ("one answer for the whole picture", "사진 한 장에 답이 하나입니다."),
        ("a frame around each face is enough", "얼굴마다 네모 하나면 됩니다."),
        (
            "the digit fills its own picture: only its name is asked",
            "숫자 하나가 이미지 한 장을 차지합니다. 이름만 물었습니다.",
        ),
    )
    for place, (task, wanted, (english, korean)) in enumerate(
        zip(tasks, right, hints, strict=True), start=1
    ):
        if task != wanted:
            raise Wrong(f"number {place}: {english}", f"{place}번: {korean}")


@exercise("01-3")
def field_after_pooling(answer):
    number = as_number(answer)
    if number == 5 + 1 + 2:
        raise Wrong(
            "after the stride of 2, neighbors are 2 pixels apart: the last layer adds 2 · 2",
            "스트라이드 2를 지나면 이웃한 칸이 두 픽셀씩 떨어져 있습니다. 마지막 층은 2 · 2를 더합니다.",
        )
    if number == 5 + 2 * 1 + 2 * 2:
        raise Wrong(
            "a layer's own stride counts for the layers after it, not for itself",
            "층의 스트라이드는 그 층이 아니라 다음 층부터 영향을 줍니다.",
        )
    if number == 5 * 2 * 3:
        raise Wrong(
            "windows overlap: sizes do not multiply", "창은 겹칩니다. 크기를 곱하지 않습니다."
        )
    if number != 5 + 1 * 1 + 2 * 2:
        raise Wrong(
            "start at 1 and add (k - 1) · jump layer by layer; then multiply the jump by the stride",
            "1에서 시작해 층마다 (k - 1) · 간격을 더하고, 그다음 간격에 스트라이드를 곱합니다.",
        )


@exercise("01-4")
def local_parameters(answer):
    number = as_number(answer)
    places, window = 28 * 28, 5 * 5
    not_known(
        lambda other: number == other,
        (
            window + 1,
            "that is with sharing: without it, every place has a filter of its own",
            "이것은 가중치를 공유할 때의 값입니다. 공유하지 않으면 자리마다 필터가 따로 있습니다.",
        ),
        (places * window, "count a bias at every place too", "자리마다 편향도 하나씩 셉니다."),
        (
            places * window + 1,
            "not one bias for all: every place has its own",
            "편향도 하나를 함께 쓰지 않습니다. 자리마다 따로 있습니다.",
        ),
        (
            (32 * 32 + 1) * places,
            "that is the fully connected layer: here an output sees only 25 inputs",
            "이것은 완전 연결층의 값입니다. 여기서는 출력 하나가 입력 25개만 봅니다.",
        ),
        (
            32 * 32 * (window + 1),
            "count the places of the output, not of the input",
            "입력이 아니라 출력의 자리를 세어야 합니다.",
        ),
    )
    if number != places * (window + 1):
        raise Wrong(
            "places of the output × (weights of a window + its bias)",
            "출력의 자리 수 × (창의 가중치 수 + 편향)을 구합니다.",
        )


@exercise("01-5")
def layers_to_see_all(answer):
    number = as_number(answer)
    if number == 13:
        raise Wrong(
            "13 layers see 1 + 2 · 13 = 27 pixels, one too few",
            "13층이면 1 + 2 · 13 = 27픽셀로 한 픽셀이 모자랍니다.",
        )
    if number == 13.5:
        raise Wrong("there is no half a layer: round up", "반 층은 없습니다. 올림합니다.")
    if number != 14:
        raise Wrong(
            "each 3×3 layer adds 2 pixels to the first 1: how many until 28?",
            "처음의 1픽셀에 3×3 층마다 2픽셀씩 더합니다. 28픽셀이 되려면 몇 층이 필요합니까?",
        )


@exercise("01-6")
def box_of(answer):
    mask = np.zeros((9, 12), bool)
    mask[2, 5] = mask[3:6, 4:9] = mask[6, 8] = True  # rows 2 to 6, columns 4 to 8
    single = np.zeros((5, 7), bool)
    single[3, 1] = True
    for pixels, (top, left, bottom, right) in ((mask, (2, 4, 7, 9)), (single, (3, 1, 4, 2))):
        box = tuple(as_array(call(answer, pixels), (4,)).tolist())
        if box == (top, left, bottom - 1, right - 1):
            raise Wrong(
                "bottom and right are the first row and column past the object: add 1",
                "bottom과 right는 물체가 끝난 다음 행과 열입니다. 1을 더합니다.",
            )
        if box in ((left, top, right, bottom), (left, top, right - 1, bottom - 1)):
            raise Wrong(
                "rows come first: top, left, bottom, right",
                "행이 먼저입니다. top, left, bottom, right의 차례로 씁니다.",
            )
        if box == (top, left, bottom - top, right - left):
            raise Wrong(
                "that is top, left, height, width: wanted bottom and right",
                "이것은 top, left, 높이, 너비입니다. bottom과 right가 필요합니다.",
            )
        if box != (top, left, bottom, right):
            raise Wrong(
                f"for a mask with rows {top} to {bottom - 1} and columns {left} to {right - 1} "
                f"wanted {(top, left, bottom, right)}",
                f"{top}~{bottom - 1}행, {left}~{right - 1}열을 덮은 마스크에서는 "
                f"{(top, left, bottom, right)}가 나와야 합니다.",
            )


in_order(
    "01-7",
    """
A          cells = cells + side
B      return cells
C      for side, stride in stack:
D  def seen(stack):
E          cells = (cells - 1) * stride
F      for side, stride in reversed(stack):
G      cells = 1
""",
    given="import numpy as np\n"
    "stack = [(5, 2), (2, 2), (3, 1)]  # (side of the window, stride), from the input on",
    ask="seen(stack)",
    wanted="int(1 + np.dot([side - 1 for side, _ in stack],"
    " np.cumprod([1] + [stride for _, stride in stack])[:-1]))",
    strays={
        "C": (
            "line C begins at the input: from one output back, the last layer comes first",
            "C는 입력에서 시작합니다. 출력 한 칸에서 거꾸로 가면 마지막 층이 먼저입니다.",
        )
    },
)
