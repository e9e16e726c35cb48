"""Checks of chapter 12, inside a convolutional neural network."""

import functools

import numpy as np

from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("12-1")
def heat_map(answer):
    array = as_array(answer, (2, 2))
    first, second = np.array([[3, 0], [1, 2]]), np.array([[1, 4], [2, 1]])
    heat = np.maximum(2 * first - second, 0)
    not_known(
        lambda other: np.allclose(array, other) and not np.allclose(other, heat),
        (2 * first - second, "what speaks against the class is cut off", "음수를 버려야 합니다."),
        (
            2 * first + second,
            "the second weight is negative",
            "둘째 맵의 중요한 정도는 음수입니다.",
        ),
        (
            np.maximum(first - second, 0),
            "weigh each map first",
            "맵마다 중요한 정도를 곱해야 합니다.",
        ),
        (2 * first, "the second map is missing", "둘째 맵을 더하지 않았습니다."),
        (
            heat / heat.max(),
            "do not divide by the peak here",
            "여기서는 가장 큰 값으로 나누지 않습니다.",
        ),
        (heat.T, "rows and columns are swapped", "행과 열이 바뀌었습니다."),
    )
    if not np.allclose(array, heat):
        raise Wrong(
            "cell by cell: 2 times the first minus the second, then ReLU",
            "칸마다 첫 맵의 2배에서 둘째 맵을 뺀 다음 음수를 0으로 바꿉니다.",
        )


@exercise("12-2")
def cover(answer):
    random = np.random.default_rng(0)
    image = random.integers(1, 9, (6, 8, 2))
    before = image.copy()
    if not callable(answer):
        call(answer)  # says that a function is wanted
    given = call(lambda: answer(image, 1, 4, 3, -1))
    if not np.array_equal(image, before):
        raise Wrong(
            "your function changed the image itself: cover a copy",
            "원래 이미지가 바뀌었습니다. 복사본을 가려야 합니다.",
        )
    array = as_array(given, image.shape)
    wanted = image.copy()
    wanted[1:4, 4:7] = -1
    swapped, wide, middle = image.copy(), image.copy(), image.copy()
    swapped[4:7, 1:4] = -1
    wide[1:5, 4:8] = -1
    middle[0:3, 3:6] = -1
    not_known(
        lambda other: np.array_equal(array, other),
        (image, "nothing is covered", "아무 곳도 가려지지 않았습니다."),
        (swapped, "the row comes first", "행이 먼저입니다."),
        (wide, "the square is one too large", "사각형이 한 칸 큽니다."),
        (
            middle,
            "(row, column) is the corner, not the middle",
            "(행, 열)은 가운데가 아니라 구석입니다.",
        ),
    )
    if np.array_equal(array == -1, (wanted == -1) & (np.arange(2) == 0)):
        raise Wrong("cover all channels", "모든 채널을 가려야 합니다.")
    if not np.array_equal(array, wanted):
        raise Wrong(
            "rows row to row + size, columns column to column + size, all get fill",
            "row부터 row + size까지의 행, column부터 column + size까지의 열을 fill로 채웁니다.",
        )


@exercise("12-3")
def peak_pixel(answer):
    for rows, place, size in ((14, (0, 1), 56), (7, (5, 2), 56), (8, (7, 0), 20)):
        heat = np.zeros((rows, rows))
        heat[place] = 1
        given = call(answer, heat, size)
        pixel = as_array(np.ravel(given) if np.size(given) == 2 else given, (2,))
        cell = size / rows
        wanted = (np.array(place) + 0.5) * cell
        not_known(
            functools.partial(np.allclose, pixel),
            (np.array(place), "that is the cell, not the pixel", "픽셀이 아니라 칸의 번호입니다."),
            (
                np.array(place) * cell,
                "that is the cell's corner: its middle is half a cell further",
                "칸의 구석입니다. 가운데는 반 칸 더 갑니다.",
            ),
            (wanted[::-1], "row first, then column", "행이 먼저, 열이 나중입니다."),
            (
                (np.array(place) + 1) * cell,
                "half a cell further, not a whole one",
                "한 칸이 아니라 반 칸을 더합니다.",
            ),
        )
        # Whole pixels around the middle are right, too.
        if np.abs(pixel - wanted).max() > 0.8:
            raise Wrong(
                f"a {rows}×{rows} map of a {size}×{size} image: cell {place} is around {tuple(wanted.tolist())}",
                f"{size}×{size} 이미지의 {rows}×{rows} 지도에서 {place} 칸은 {tuple(wanted.tolist())} 근처입니다.",
            )


@exercise("12-4")
def shortcut(answer):
    number = as_number(answer)
    not_known(
        lambda other: number == other,
        (
            1,
            "a deeper network learns the same shortcut, only better",
            "더 깊은 신경망은 같은 꼼수를 더 잘 배웁니다.",
        ),
        (
            3,
            "more pictures of the same hospitals carry the same marks",
            "같은 병원의 사진에는 같은 표시가 있습니다.",
        ),
        (
            4,
            "that hides the symptom: the network still looks there",
            "증상을 가릴 뿐입니다. 신경망은 여전히 그곳을 봅니다.",
        ),
    )
    if number != 2:
        raise Wrong("wanted one of the numbers 1, 2, 3 and 4", "1, 2, 3, 4 가운데 하나를 적습니다.")


in_order(
    "12-5",
    """
A  heat = heat.sum(axis=-1)
B  heat = heat / heat.max()
C  heat = maps * alpha
D  heat = heat.mean(axis=(0, 1))
E  heat = np.maximum(heat, 0)
F  alpha = slopes.mean(axis=(0, 1))
""",
    given="import numpy as np\n"
    "maps = np.array([[[2.0, 1, 0], [0, 3, 1]], [[4, 0, 3], [1, 2, 5]]])\n"
    "slopes = np.array([[[0.4, -0.2, 0.1], [0.2, -0.6, 0.3]], [[0.6, 0, -0.3], [0, -0.4, 0.3]]])",
    ask="heat.round(3).tolist()",
    wanted="(np.einsum('yxk,ijk->yx', maps, slopes).clip(0)"
    " / np.einsum('yxk,ijk->yx', maps, slopes).max()).round(3).tolist()",
    strays={
        "D": (
            "line D averages over the places: Grad-CAM keeps them and sums over the maps",
            "D는 자리를 평균해 없앱니다. Grad-CAM은 자리를 남기고 맵끼리 더합니다.",
        )
    },
)
