"""Checks of chapter 02, images as tensors."""

import numpy as np

from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known, same_shape
from cnnbook.check.order import in_order


@exercise("02-1")
def bytes_of_a_batch(answer):
    number = as_number(answer)
    values = 64 * 32 * 32 * 3
    if number == values:
        raise Wrong(
            "that is how many numbers there are: how many bytes does one float32 take?",
            "이것은 수의 개수입니다. float32 하나는 몇 바이트입니까?",
        )
    if number == values * 8:
        raise Wrong(
            "8 bytes are a float64: float32 has 32 bits",
            "8바이트는 float64입니다. float32는 32비트입니다.",
        )
    if number == values // 3 * 4:
        raise Wrong("color images have three channels", "컬러 이미지는 채널이 셋입니다.")
    if number == values // 64 * 4:
        raise Wrong(
            "that is one image: the batch has 64", "이것은 한 장의 크기입니다. 배치는 64장입니다."
        )
    if number != values * 4:
        raise Wrong(
            "images × height × width × channels × bytes of one number",
            "장수 × 높이 × 너비 × 채널 × 수 하나의 바이트 수를 구합니다.",
        )


@exercise("02-2")
def two_shapes(answer):
    try:
        images, kernels = answer
    except (TypeError, ValueError):
        raise Wrong(
            "pass two shapes, [images, kernels]", "모양 두 개를 [이미지, 커널]로 넘겨야 합니다."
        ) from None
    same_shape(
        images,
        (10, 480, 640, 3),
        (
            (10, 640, 480, 3),
            "height comes before width in an array",
            "배열에서는 높이가 너비보다 먼저입니다.",
        ),
        (
            (5, 7, 3, 16),
            "that is the shape of the kernels: the images come first",
            "이것은 커널의 모양입니다. 이미지 배치의 모양을 먼저 적습니다.",
        ),
        (
            (10, 3, 480, 640),
            "that is channels_first: Keras puts the channels last unless told otherwise",
            "이것은 channels_first입니다. Keras는 따로 정하지 않으면 채널을 끝에 둡니다.",
        ),
        about=("images", "이미지"),
    )
    same_shape(
        kernels,
        (5, 7, 3, 16),
        ((7, 5, 3, 16), "height comes before width here too", "커널도 높이가 너비보다 먼저입니다."),
        (
            (5, 7, 16, 3),
            "input channels come before output channels",
            "입력 채널이 출력 채널보다 먼저입니다.",
        ),
        (
            (16, 5, 7, 3),
            "the filters are counted on the last axis, not on the first",
            "필터의 개수는 첫 축이 아니라 마지막 축에 놓입니다.",
        ),
        about=("kernels", "커널"),
    )


@exercise("02-3")
def to_channels_first(answer):
    images = np.arange(2 * 4 * 5 * 3).reshape(2, 4, 5, 3)
    result = _returned(answer, images)
    if result.shape == (2, 3, 5, 4):
        raise Wrong(
            "height and width have changed places: only the channels move",
            "높이와 너비가 뒤바뀌었습니다. 옮길 것은 채널뿐입니다.",
        )
    array = as_array(result, (2, 3, 4, 5))
    if np.array_equal(array, images.reshape(2, 3, 4, 5)):
        raise Wrong(
            "reshape keeps the numbers in their order and mixes the colors: move the axes instead",
            "reshape는 수의 차례를 그대로 두므로 색이 섞입니다. 축을 옮겨야 합니다.",
        )
    if not np.array_equal(array, np.moveaxis(images, 3, 1)):
        raise Wrong(
            "the shape is right, but the numbers are not in their places",
            "모양은 맞지만 수가 제자리에 있지 않습니다.",
        )


@exercise("02-4")
def brighten(answer):
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    result = _returned(answer, image)
    array = as_array(result, (16, 16))
    if np.array_equal(array, image + np.uint8(100)):
        raise Wrong(
            "numbers above 255 have wrapped around: widen the type before you add",
            "255를 넘은 수가 0으로 돌아갔습니다. 더하기 전에 자료형을 넓혀야 합니다.",
        )
    if array.max() > 255:
        raise Wrong(
            "some pixels are brighter than 255: cut them off there",
            "255보다 큰 픽셀이 있습니다. 255에서 잘라야 합니다.",
        )
    if not np.array_equal(array, np.minimum(image.astype(int) + 100, 255)):
        raise Wrong(
            "every pixel must be 100 brighter, and 255 where that is too much",
            "모든 픽셀이 100만큼 밝아지고, 넘치는 곳은 255가 되어야 합니다.",
        )
    if result.dtype != np.uint8:
        raise Wrong(
            f"the numbers are right, but their type is {result.dtype}: return uint8",
            f"값은 맞지만 자료형이 {result.dtype}입니다. uint8로 돌려주어야 합니다.",
        )


@exercise("02-5")
def over_white(answer):
    rgba = np.random.default_rng(0).uniform(size=(3, 4, 4))
    colour, alpha = rgba[..., :3], rgba[..., 3:]
    array = as_array(call(answer, rgba), (3, 4, 3))
    not_known(
        lambda other: np.allclose(array, other),
        (colour, "alpha is cut off, not used", "알파를 쓰지 않고 잘라 버렸습니다."),
        (
            alpha * colour,
            "that is the picture over black: add what shines through of the white",
            "이것은 검은 바탕에 놓은 결과입니다. 비쳐 보이는 흰색을 더해야 합니다.",
        ),
        (
            (1 - alpha) * colour + alpha,
            "alpha 1 must show the picture, not the background",
            "알파가 1인 곳에서는 바탕이 아니라 그림이 보여야 합니다.",
        ),
        (
            alpha * colour + (1 - alpha) * 255,
            "here white is 1, not 255",
            "여기서는 흰색이 255가 아니라 1입니다.",
        ),
    )
    if not np.allclose(array, alpha * colour + (1 - alpha)):
        raise Wrong(
            "alpha × color + (1 - alpha) × white, where white is 1",
            "알파 × 색 + (1 - 알파) × 흰색을 구합니다. 흰색은 1입니다.",
        )


@exercise("02-6")
def centre_square(answer):
    for height, width in ((4, 8), (9, 5), (6, 6), (5, 8)):
        image = np.arange(height * width * 3).reshape(height, width, 3)
        side = min(height, width)
        result = _returned(answer, image)
        if result.shape[:2] != (side, side):
            raise Wrong(
                f"from {height}×{width} (height×width) wanted {side}×{side}, got shape {result.shape}",
                f"높이 {height}, 너비 {width}인 사진에서는 {side}×{side} 크기가 나와야 합니다. "
                f"받은 모양: {result.shape}",
            )
        array = as_array(result, (side, side, 3))
        # Where the rest is odd, the middle is half a pixel away on either side: both are right.
        tops = {(height - side) // 2, (height - side + 1) // 2}
        lefts = {(width - side) // 2, (width - side + 1) // 2}
        squares = [image[y : y + side, x : x + side] for y in tops for x in lefts]
        if not any(np.array_equal(array, square) for square in squares):
            raise Wrong(
                "the size is right, but the square does not lie in the middle of the picture",
                "크기는 맞지만 정사각형이 사진의 가운데에 있지 않습니다.",
            )


def _returned(answer, image):
    """Return what the reader's function makes of the image, whatever its shape and type."""
    try:
        return np.asarray(call(answer, image))
    except ValueError:  # a list of lists of different lengths
        raise Wrong("wanted an array of numbers", "수로 된 배열이 필요합니다.") from None


in_order(
    "02-7",
    """
A  picture = picture.transpose(2, 1, 0)
B  picture = picture / 255
C  picture = alpha * picture[..., :3] + (1 - alpha)
D  picture = picture.transpose(1, 2, 0)
E  picture = np.rint(picture * 255).astype("uint8")
F  alpha = picture[..., 3:]
""",
    given="import numpy as np\n"
    "picture = np.array([[200, 40], [90, 160], [30, 250], [51, 204]], 'uint8').reshape(4, 1, 2)",
    ask="picture.tolist()",
    wanted="np.rint(255 - (255.0 - picture[:3]) * picture[3] / 255).astype('uint8')"
    ".transpose(1, 2, 0).tolist()",
    strays={
        "A": (
            "line A puts the width before the height: old axes 1 and 2 keep their order",
            "A는 너비를 높이보다 앞에 둡니다. 옛 축 1과 2의 차례는 지켜야 합니다.",
        )
    },
)
