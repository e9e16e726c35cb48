"""Checks of chapter 07, backpropagation."""

import functools
import operator

import numpy as np

from cnnbook import ops
from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("07-1")
def bias_gradient(answer):
    number = as_number(answer)
    if number in (2, 3):
        raise Wrong(
            "that is the sum over one of the two images", "이미지 두 장 가운데 한 장만 더했습니다."
        )
    if number in (5 / 2, 5 / 4, 5 / 8):
        raise Wrong(
            "do not take the mean: the bias was used once at every place of every image",
            "평균을 내지 않습니다. 편향은 모든 이미지의 모든 자리에 한 번씩 쓰였습니다.",
        )
    if number == 11:
        raise Wrong("keep the minus signs", "음수의 부호를 살려서 더합니다.")
    if number != 5:
        raise Wrong(
            "add up all eight numbers of grad_output", "grad_output의 여덟 수를 모두 더합니다."
        )


@exercise("07-2")
def gradient_shapes(answer):
    try:
        images, kernels, bias = answer
    except (TypeError, ValueError):
        raise Wrong(
            "pass three shapes: of images, kernels and bias",
            "이미지, 커널, 편향의 모양을 차례로 세 개 넣습니다.",
        ) from None
    known = (
        (
            (16, 14, 14, 8),
            "that is the output's shape: a gradient has the shape of what it belongs to",
            "출력의 모양입니다. 기울기는 자기 자신과 모양이 같습니다.",
        ),
        ((5, 5, 8, 3), "input channels come before filters", "입력 채널이 필터 수보다 먼저입니다."),
        ((5, 5, 8), "the kernels have input channels, too", "커널에는 입력 채널도 있습니다."),
        (
            (16, 8),
            "all images of the batch share one bias per filter",
            "배치의 모든 이미지가 필터마다 편향 하나를 함께 씁니다.",
        ),
        ((1,), "each filter has a bias of its own", "필터마다 편향이 하나씩 있습니다."),
        (
            (28, 28, 3),
            "the batch has 16 images, each with its own gradient",
            "배치에는 이미지가 16장이고, 저마다 기울기가 있습니다.",
        ),
    )
    for name, name_ko, given, shape in (
        ("images", "이미지", images, (16, 28, 28, 3)),
        ("kernels", "커널", kernels, (5, 5, 3, 8)),
        ("bias", "편향", bias, (8,)),
    ):
        try:
            numbers = np.ravel(given)  # the bias' shape may be given as 8
        except ValueError:
            numbers = np.array("ragged")
        lengths = tuple(as_array(numbers, numbers.shape).ravel().tolist())
        not_known(functools.partial(operator.eq, lengths), *known, about=(name, name_ko))
        if lengths != shape:
            raise Wrong(
                f"{name}: a gradient has the shape of what it belongs to",
                f"{name_ko}: 기울기는 자기 자신과 모양이 같습니다.",
            )


@exercise("07-3")
def max_pool_by_hand(answer):
    array = as_array(answer, (4, 4))
    feature_map = np.array([[0, 3, 1, 2], [5, 1, 2, 8], [4, 2, 0, 1], [4, 1, 6, 3]])
    grad_output = np.array([[2, -1], [3, 7]])
    right = ops.pool2d_backward(feature_map[None, :, :, None], 2, grad_output[None, :, :, None])[
        0, :, :, 0
    ]
    if np.array_equal(array, right):
        return
    elsewhere = array != right
    if np.array_equal(array, np.kron(grad_output, np.ones((2, 2))) / 4):
        raise Wrong(
            "that is average pooling: here one pixel of each window gets everything",
            "평균 풀링의 기울기입니다. 최대 풀링에서는 창마다 한 칸이 모두 받습니다.",
        )
    if np.array_equal(array, np.kron(grad_output, np.ones((2, 2)))):
        raise Wrong(
            "only the largest pixel of a window gets its gradient",
            "창의 기울기는 가장 큰 칸만 받습니다.",
        )
    if np.array_equal(array, feature_map * (right != 0)):
        raise Wrong(
            "the places are right: put grad_output's numbers there, not the input's",
            "자리는 맞습니다. 입력의 수가 아니라 grad_output의 수를 놓습니다.",
        )
    if not elsewhere[:2].any() and not elsewhere[:, 1:].any():
        raise Wrong(
            "where two pixels are equally large, the first one, row by row, gets everything",
            "비기면 행을 따라 먼저 만나는 칸이 모두 받습니다.",
        )
    raise Wrong(
        "find the largest pixel of each 2×2 window and put the window's gradient there",
        "2×2 창마다 가장 큰 칸을 찾아 그 창의 기울기를 놓습니다.",
    )


@exercise("07-4")
def relu_backward(answer):
    random = np.random.default_rng(0)
    x, grad_output = random.normal(size=(2, 5, 6))
    x[:, ::3] = 0  # the corner, where the task says what happens
    array = as_array(call(answer, x, grad_output), (5, 6))
    if np.array_equal(array, grad_output):
        raise Wrong(
            "where the input was negative, nothing passes", "입력이 음수인 곳은 지나가지 못합니다."
        )
    if np.array_equal(array, x > 0):
        raise Wrong(
            "that is the gate: multiply what arrives by it",
            "이것은 문입니다. 도착한 기울기에 곱해야 합니다.",
        )
    if np.array_equal(array, np.maximum(grad_output, 0)):
        raise Wrong(
            "the sign of the input opens the gate, not the sign of the gradient",
            "문을 여는 것은 기울기의 부호가 아니라 입력의 부호입니다.",
        )
    if np.allclose(array, grad_output * np.maximum(x, 0)):
        raise Wrong(
            "an open gate lets everything through: the slope there is 1, not x",
            "열린 문은 무엇이든 그대로 지나가게 합니다. 그곳의 기울기는 x가 아니라 1입니다.",
        )
    if any(np.array_equal(array, grad_output * gate) for gate in (x < 0, x <= 0)):
        raise Wrong("the gate is the wrong way around", "문이 거꾸로 열렸습니다.")
    if np.allclose(array, grad_output * (x >= 0)):
        raise Wrong(
            "right except where x is exactly 0: there the gradient is 0, as in this chapter",
            "x가 정확히 0인 칸만 다릅니다. 이 장의 약속대로 그곳에서는 0을 돌려줍니다.",
        )
    if np.allclose(array, grad_output * np.heaviside(x, 0.5)):
        raise Wrong(
            "right except where x is exactly 0: not half of the gradient, but 0",
            "x가 정확히 0인 칸만 다릅니다. 절반이 아니라 0을 돌려줍니다.",
        )
    if not np.allclose(array, grad_output * (x > 0)):
        raise Wrong(
            "grad_output where x is positive, 0 elsewhere",
            "x가 양수인 곳에는 grad_output, 나머지에는 0입니다.",
        )


@exercise("07-5")
def average_backward(answer):
    random = np.random.default_rng(0)
    for (height, width), size in (((2, 3), 2), ((2, 2), 3)):
        grad_output = random.normal(size=(height, width))
        array = as_array(call(answer, grad_output, size), (height * size, width * size))
        everywhere = np.kron(grad_output, np.ones((size, size)))
        if np.allclose(array, everywhere):
            raise Wrong(
                "each pixel's share is one part of size × size: divide",
                "칸마다 size × size로 나눈 몫을 받습니다. 나누어야 합니다.",
            )
        if np.allclose(array, everywhere / size):
            raise Wrong(
                "a window has size × size pixels, not size",
                "창에는 칸이 size개가 아니라 size × size개 있습니다.",
            )
        if size != 2 and np.allclose(array, everywhere / 4):
            raise Wrong(
                "the windows are not always 2×2: divide by size × size",
                "창이 늘 2×2는 아닙니다. size × size로 나눕니다.",
            )
        if np.allclose(array, np.tile(grad_output, (size, size)) / size**2):
            raise Wrong(
                "the pixels of one window stand side by side: repeat each number, not the array",
                "한 창의 칸은 서로 이웃합니다. 배열이 아니라 수를 하나씩 되풀이합니다.",
            )
        if not np.allclose(array, everywhere / size**2):
            raise Wrong(
                "all pixels of a window get the same: its gradient / (size × size)",
                "한 창의 칸은 모두 같은 값, 기울기 / (size × size)를 받습니다.",
            )


@exercise("07-6")
def image_gradient(answer):
    random = np.random.default_rng(0)
    for height, width in ((2, 2), (3, 3), (2, 4)):
        kernel = random.integers(1, 9, (height, width)).astype(float)
        grad_output = random.integers(1, 9, (4, 5)).astype(float)
        array = as_array(call(answer, kernel, grad_output), (height + 3, width + 4))
        padded = np.pad(grad_output, ((height - 1,) * 2, (width - 1,) * 2))
        if np.allclose(array, ops.correlate2d(padded, kernel)):
            raise Wrong(
                "the kernel is not flipped: a window's last pixel met the last weight",
                "커널을 뒤집지 않았습니다. 창의 끝 칸은 커널의 끝 칸과 만났습니다.",
            )
        flips = [ops.correlate2d(padded, np.flip(kernel, axis)) for axis in (0, 1)]
        if any(np.allclose(array, flip) for flip in flips):
            raise Wrong(
                "the kernel is flipped along one axis only",
                "커널을 한 축으로만 뒤집었습니다. 위아래와 좌우를 모두 뒤집습니다.",
            )
        if not np.allclose(array, ops.correlate2d(padded, kernel[::-1, ::-1])):
            raise Wrong(
                "the shape is right: flip the kernel along both axes and slide it over padded grad_output",
                "모양은 맞습니다. 커널을 두 축 모두 뒤집어, 0을 채운 grad_output 위에서 밉니다.",
            )


in_order(
    "07-7",
    """
A  grad = ops.correlate1d(grad, w)
B  grad = np.pad(grad, 1)
C  w = w[::-1]
D  grad[::2] = g
E  grad = np.pad(grad, len(w) - 1)
F  grad = np.zeros(2 * len(g) - 1)
""",
    given="import numpy as np\nfrom cnnbook import ops\n"
    "w, g = np.array([2.0, -1, 3]), np.array([4.0, 1])",
    ask="grad.tolist()",
    wanted="ops.conv2d_backward(np.zeros((1, 1, 5, 1)), w.reshape(1, 3, 1, 1),"
    " g.reshape(1, 1, 2, 1), strides=2)[0].ravel().tolist()",
    strays={
        "B": (
            "line B adds one zero at each end: full needs the length of w less 1, here 2",
            "B는 양 끝에 0을 한 칸씩 채웁니다. full에는 w의 길이에서 1을 뺀 2칸이 필요합니다.",
        )
    },
)
