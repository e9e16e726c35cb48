"""The gradients in cnnbook.ops against TensorFlow, central differences and what defines them.

As in test_ops.py, most drawn arrays hold small whole numbers, whose sums are exact in any order:
results must then be equal to the last bit.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import numpy as np
import pytest
from arrays import (
    LAYOUTS,
    all_paddings,
    as_image,
    assert_refused,
    convolutions,
    dot,
    generators,
    pairs,
    tf_paddings,
    whole_numbers,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from threadpoolctl import ThreadpoolController

from cnnbook import ops

drawn = settings(derandomize=True, deadline=None, max_examples=100)


def tf_padding(padding):
    return padding.upper() if isinstance(padding, str) else [(0, 0), *padding, (0, 0)]


# --- figures worked by hand ------------------------------------------------------------------

ONE_TO_NINE = as_image(np.arange(1, 10).reshape(3, 3))
KERNEL = np.array([[1, 0], [2, -1]])[..., np.newaxis, np.newaxis]


@pytest.mark.parametrize(
    ("arguments", "grad_output", "by_image", "by_kernel"),
    [
        ({}, [[1, 2], [0, -1]], [[1, 2, 0], [2, 2, -2], [0, -2, 1]], [[0, 2], [6, 8]]),
        ({"strides": 2}, [[3]], [[3, 0, 0], [6, -3, 0], [0, 0, 0]], [[3, 6], [12, 15]]),
        (
            {"strides": 2, "padding": ((0, 1), (0, 1))},
            [[1, 2], [3, 4]],
            [[1, 0, 2], [2, -1, 4], [3, 0, 4]],
            [[64, 26], [16, 5]],
        ),
    ],
)
def test_worked_by_hand(arguments, grad_output, by_image, by_kernel):
    grad_images, grad_kernels, grad_bias = ops.conv2d_backward(
        ONE_TO_NINE, KERNEL, as_image(grad_output), **arguments
    )
    assert grad_images[0, :, :, 0].tolist() == by_image
    assert grad_kernels[:, :, 0, 0].tolist() == by_kernel
    assert grad_bias.tolist() == [np.sum(grad_output)]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("max", [[0, 1, 0, 0], [0, 0, 2, 0], [3, 0, 0, 0], [0, 0, 4, 0]]),
        ("average", np.kron([[1, 2], [3, 4]], np.ones((2, 2))) / 4),
    ],
)
def test_pooling_by_hand(mode, expected):
    # Below: three equal pixels on the left, and two on the right, of which the first ones win.
    image = as_image([[5, 7, 2, 5], [1, 6, 6, 1], [4, 4, 2, 0], [0, 4, 8, 8]])
    grad_images = ops.pool2d_backward(image, 2, as_image([[1, 2], [3, 4]]), mode=mode)
    np.testing.assert_array_equal(grad_images[0, :, :, 0], expected)


# --- convolution -----------------------------------------------------------------------------


@st.composite
def layers(draw, paddings, dtypes, most=3):
    """Draw images, kernels, grad_output and the keywords of a convolution that fits."""
    images, kernels, keywords = draw(convolutions(paddings, dtypes, most))
    try:
        shape = ops.conv2d(images, kernels, **keywords).shape
    except ValueError as error:
        assume("kernels: got a window" not in str(error))
        raise
    return images, kernels, whole_numbers(draw(generators), shape, images.dtype), keywords


def tf_gradients(tf, images, kernels, grad_output, strides, padding, dilation_rate, groups):
    images, kernels = tf.constant(images), tf.constant(kernels)
    with tf.GradientTape() as tape:
        tape.watch([images, kernels])
        maps = tf.nn.conv2d(images, kernels, strides, tf_padding(padding), dilations=dilation_rate)
    return tape.gradient(maps, [images, kernels], output_gradients=tf.constant(grad_output))


def assert_equals_tensorflow(tf_gradients, layer):
    images, kernels, grad_output, keywords = layer
    gradients = ops.conv2d_backward(images, kernels, grad_output, **keywords)
    assert [gradient.dtype for gradient in gradients] == [images.dtype] * 3
    for own, theirs in zip(gradients, tf_gradients, strict=False):
        np.testing.assert_array_equal(own, theirs)
    np.testing.assert_array_equal(gradients[2], grad_output.sum(axis=(0, 1, 2)))


@drawn
@given(layer=layers(tf_paddings, (np.float32, np.float64), most=1))
def test_conv2d_equals_tensorflow(tf, layer):
    *arrays, keywords = layer
    assert_equals_tensorflow(tf_gradients(tf, *arrays, **keywords), layer)


@pytest.mark.parametrize(
    ("strides", "padding", "dilation_rate", "groups"),
    [
        (1, "valid", 2, 1),
        (1, "same", (1, 3), 1),
        (1, "valid", 1, 2),
        (2, "same", 1, 4),
        ((2, 1), ((1, 0), (2, 3)), 1, 2),
        (1, ((0, 2), (1, 1)), (2, 1), 4),
        (2, "valid", 2, 2),
    ],
)
def test_dilation_and_groups_equal_tensorflow(tf, strides, padding, dilation_rate, groups):
    # Compiled: step by step, TensorFlow has no such gradient on a processor.
    random = np.random.default_rng(0)
    images, kernels = whole_numbers(random, (3, 8, 9, 4)), whole_numbers(random, (3, 2, 4, 8))
    kernels = kernels[:, :, : 4 // groups]
    keywords = dict(strides=strides, padding=padding, dilation_rate=dilation_rate, groups=groups)
    grad_output = whole_numbers(random, ops.conv2d(images, kernels, **keywords).shape)

    @tf.function(jit_compile=True)
    def compiled():
        return tf_gradients(tf, images, kernels, grad_output, **keywords)

    assert_equals_tensorflow(compiled(), (images, kernels, grad_output, keywords))


@settings(drawn, max_examples=300)
@given(layer=layers(all_paddings, (np.int64,)), seed=st.integers(0, 2**32 - 1))
def test_conv2d_backward_is_the_adjoint(layer, seed):
    """<conv(x, k), g> = <x, grad_images> for every x, and = <k, grad_kernels> for every k.

    Nothing else does that: it is what makes them the gradients, for every form of the arguments.
    """
    images, kernels, grad_output, keywords = layer
    grad_images, grad_kernels, grad_bias = ops.conv2d_backward(
        images, kernels, grad_output, **keywords
    )
    random = np.random.default_rng(seed)
    x, k, bias = (whole_numbers(random, a.shape, int) for a in (images, kernels, grad_bias))
    assert dot(ops.conv2d(x, kernels, **keywords), grad_output) == dot(x, grad_images)
    assert dot(ops.conv2d(images, k, **keywords), grad_output) == dot(k, grad_kernels)
    assert dot(np.broadcast_to(bias, grad_output.shape), grad_output) == dot(bias, grad_bias)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_plain_loop_says_the_same(stride):
    random = np.random.default_rng(8)
    images, kernels = (
        whole_numbers(random, (2, 7, 8, 3), int),
        whole_numbers(random, (3, 2, 3, 4), int),
    )
    shape = ops.conv2d(images, kernels, strides=stride).shape
    grad_output = whole_numbers(random, shape, int)
    fast = ops.conv2d_backward(images, kernels, grad_output, strides=stride)
    loop = ops.conv2d_backward_loop(images, kernels, grad_output, stride)
    for own, plain in zip(fast, loop, strict=True):
        np.testing.assert_array_equal(own, plain)


def central_differences(function, array, step):
    """Return the slopes of function() as each number of the array moves up and down by a step."""
    slopes = np.zeros(array.shape)
    for place in np.ndindex(*array.shape):
        kept = array[place]
        array[place] = kept + step
        above = function()
        array[place] = kept - step
        slopes[place] = (above - function()) / (2 * step)
        array[place] = kept
    return slopes


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"strides": 2, "padding": "same"},
        {"padding": "full", "groups": 2},
        {"strides": (1, 3), "padding": ((0, 3), (2, 1)), "dilation_rate": (2, 1)},
    ],
)
def test_conv2d_central_differences(keywords):
    random = np.random.default_rng(1)
    images, kernels, bias = (
        random.normal(size=s)
        for s in [(2, 5, 6, 2), (3, 2, 2 // keywords.get("groups", 1), 4), (4,)]
    )
    weights = random.normal(size=ops.conv2d(images, kernels, **keywords).shape)

    def loss():
        maps = ops.conv2d(images, kernels, bias, **keywords)
        return (weights * np.tanh(maps)).sum()

    grad_output = weights * (1 - np.tanh(ops.conv2d(images, kernels, bias, **keywords)) ** 2)
    gradients = ops.conv2d_backward(images, kernels, grad_output, **keywords)
    for array, gradient in zip((images, kernels, bias), gradients, strict=True):
        slopes = central_differences(loss, array, 1e-5)
        # The step's square, 1e-10, times third derivatives of some ten; rounding adds 1e-10.
        np.testing.assert_allclose(gradient, slopes, rtol=0, atol=2e-8)


def test_conv2d_real_numbers(tf):
    # Here the sums round: 72 products for a pixel, 5,472 for a weight.
    random = np.random.default_rng(2)
    images, kernels = random.normal(size=(16, 20, 21, 16)), random.normal(size=(3, 3, 16, 8))
    grad_output = random.normal(size=(16, 18, 19, 8))
    arrays = [a.astype(np.float32) for a in (images, kernels, grad_output)]
    keywords = {"strides": 1, "padding": "valid", "dilation_rate": 1, "groups": 1}
    single, theirs = ops.conv2d_backward(*arrays), tf_gradients(tf, *arrays, **keywords)
    exact = ops.conv2d_backward(images, kernels, grad_output)
    sizes = ops.conv2d_backward(abs(images), abs(kernels), abs(grad_output))  # sums of |products|
    for own, other, true, size in zip(single, theirs, exact, sizes, strict=False):
        tolerance = 2 * np.finfo(np.float32).eps * size
        assert (abs(own - true) < tolerance).all()
        assert (abs(other.numpy() - true) < tolerance).all()


# --- pooling ---------------------------------------------------------------------------------


def loop_pool2d_backward(images, pool_size, grad_output, strides, pads, mode):
    """Give each window's gradient back, one window and channel at a time."""
    grad_images = np.zeros(images.shape)
    for n, y, x, c in np.ndindex(*grad_output.shape):
        top, left = y * strides[0] - pads[0][0], x * strides[1] - pads[1][0]
        rows = slice(max(0, top), top + pool_size[0])
        columns = slice(max(0, left), left + pool_size[1])
        window, back = images[n, rows, columns, c], grad_images[n, rows, columns, c]
        if mode == "max":
            back[np.unravel_index(window.argmax(), window.shape)] += grad_output[n, y, x, c]
        else:
            back += grad_output[n, y, x, c] / window.size
    return grad_images


@st.composite
def pools(draw, paddings, dtypes):
    """Draw images with many equal pixels, grad_output, and the arguments of pool2d."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(*[st.integers(*r) for r in [(0, 2), (1, 9), (1, 9), (1, 3)]]))
    images = whole_numbers(random, shape, draw(st.sampled_from(dtypes)), largest=2)
    pool_size, strides = draw(st.tuples(*[st.integers(1, 4)] * 2)), draw(st.none() | pairs)
    keywords = {"strides": strides, "padding": draw(paddings)}
    keywords["mode"] = draw(st.sampled_from(["max", "average"]))
    try:
        pooled = ops.pool2d(images, pool_size, **keywords)
    except ValueError as error:
        assume(not re.search("pool_size: got a window|a padding narrower", str(error)))
        raise
    return images, pool_size, whole_numbers(random, pooled.shape, images.dtype), keywords


def assert_gradient(pool, expected):
    images, pool_size, grad_output, keywords = pool
    grad_images = ops.pool2d_backward(images, pool_size, grad_output, **keywords)
    assert grad_images.dtype == images.dtype
    # An average's share is divided and rounded, and up to 16 of them (below 8) are added.
    atol = 100 * np.finfo(images.dtype).eps if keywords["mode"] == "average" else 0
    np.testing.assert_allclose(grad_images, expected, rtol=0, atol=atol)


@drawn
@given(pool=pools(st.sampled_from(["valid", "same"]), (np.float32, np.float64)))
def test_pool2d_equals_tensorflow(tf, pool):
    images, pool_size, grad_output, keywords = pool
    watched = tf.constant(images)
    function = tf.nn.max_pool2d if keywords["mode"] == "max" else tf.nn.avg_pool2d
    with tf.GradientTape() as tape:
        tape.watch(watched)
        pooled = function(
            watched, pool_size, keywords["strides"] or pool_size, keywords["padding"].upper()
        )
    assert_gradient(pool, tape.gradient(pooled, watched, tf.constant(grad_output)))


@settings(drawn, max_examples=200)
@given(pool=pools(all_paddings, (np.float32, np.float64)))
def test_pool2d_equals_the_loop(pool):
    images, pool_size, grad_output, keywords = pool
    steps = keywords["strides"] or pool_size
    pads = ops._pad_amounts(keywords["padding"], images.shape[1:3], pool_size, steps, (1, 1))
    expected = loop_pool2d_backward(images, pool_size, grad_output, steps, pads, keywords["mode"])
    assert_gradient(pool, expected)


@pytest.mark.parametrize("mode", ["max", "average"])
@pytest.mark.parametrize("arguments", [{}, {"strides": 1, "padding": "full"}, {"padding": "same"}])
def test_pool2d_central_differences(mode, arguments):
    random = np.random.default_rng(3)
    images = random.permutation(2 * 5 * 7 * 2).reshape(2, 5, 7, 2) / 10  # no pixel close to another
    weights = random.normal(size=ops.pool2d(images, (2, 3), mode=mode, **arguments).shape)

    def loss():
        return (weights * ops.pool2d(images, (2, 3), mode=mode, **arguments)).sum()

    gradient = ops.pool2d_backward(images, (2, 3), weights, mode=mode, **arguments)
    # Pooling is linear for such small steps: what differs is rounding, 1e-13 over a step of 1e-3.
    slopes = central_differences(loss, images, 1e-3)
    np.testing.assert_allclose(gradient, slopes, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ([[7, 7], [7, 7]], [[1, 0], [0, 0]]),
        ([[1, 7], [7, 7]], [[0, 1], [0, 0]]),
        ([[-0.0, 0.0], [-1, -1]], [[1, 0], [0, 0]]),
        ([[-np.inf, -np.inf], [-np.inf, -np.inf]], [[1, 0], [0, 0]]),
        ([[np.inf, np.nan], [3, np.nan]], [[0, 1], [0, 0]]),  # the NaN made the window NaN
    ],
)
def test_only_the_first_largest_pixel_gets_the_gradient(image, expected):
    grad_images = ops.pool2d_backward(as_image(image), 2, np.ones((1, 1, 1, 1)))
    assert grad_images[0, :, :, 0].tolist() == expected


def test_an_infinite_gradient_stays_where_it_belongs():
    grad_images = ops.pool2d_backward(
        as_image([[1, 2.0], [3, 4]]), 2, np.full((1, 1, 1, 1), np.inf)
    )
    assert grad_images[0, :, :, 0].tolist() == [[0, 0], [0, np.inf]]


# --- types -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "kernels", "grad_output", "result"),
    [
        (np.float16, np.float64, np.float64, np.float16),
        (np.float32, np.float64, np.float64, np.float32),
        (np.float64, np.float32, np.float16, np.float64),
        (np.longdouble, np.float32, np.int64, np.longdouble),
        (np.float32, np.int64, np.int64, np.float32),
        (np.uint8, np.float32, np.float16, np.float32),
        (np.uint8, np.int8, np.float32, np.float32),
        (np.uint8, np.int8, np.int16, np.int64),
        (np.bool_, np.bool_, np.bool_, np.int64),
        (np.uint64, np.uint64, np.uint64, np.int64),
    ],
)
def test_mixed_types(images, kernels, grad_output, result):
    random = np.random.default_rng(4)
    shapes = [(2, 5, 5, 2), (2, 2, 2, 3), (2, 4, 4, 3)]
    images, kernels, grad_output = (
        random.integers(0, 2, shape).astype(dtype)
        for shape, dtype in zip(shapes, (images, kernels, grad_output), strict=True)
    )
    gradients = ops.conv2d_backward(images, kernels, grad_output)
    expected = ops.conv2d_backward(*(a.astype(int) for a in (images, kernels, grad_output)))
    for gradient, exact in zip(gradients, expected, strict=True):
        assert gradient.dtype == result
        np.testing.assert_array_equal(gradient, exact)


@pytest.mark.parametrize(
    ("images", "grad_output", "mode", "result"),
    [
        (np.float16, np.float64, "max", np.float16),
        (np.float32, np.float64, "average", np.float32),
        (np.float32, np.int64, "average", np.float32),
        (np.uint8, np.float32, "max", np.float32),
        (np.uint8, np.float32, "average", np.float64),
        (np.uint8, np.uint8, "max", np.int64),
        (np.bool_, np.int8, "max", np.int64),
        (np.uint8, np.int64, "average", np.float64),
    ],
)
def test_mixed_pooling_types(images, grad_output, mode, result):
    images = np.array([[1, 0, 0], [0, 1, 1]], images).reshape(1, 2, 3, 1)
    grad_output = np.array([4, 8], grad_output).reshape(1, 1, 2, 1)
    gradient = ops.pool2d_backward(images, 2, grad_output, strides=1, mode=mode)
    assert gradient.dtype == result
    expected = [[4, 0, 0], [0, 8, 0]] if mode == "max" else [[1, 3, 2], [1, 3, 2]]
    assert gradient[0, :, :, 0].tolist() == expected


LARGE = [  # image, kernel, grad_output, the largest sum
    (2**26, 1, 2**26 + 1, 2**26 * (2**26 + 1)),  # fits float64
    (2**27 - 1, 1, 2**28 + 1, (2**27 - 1) * (2**28 + 1)),  # fits int64 alone
    (2**31 - 1, 1, 2**31 + 1, 2**62 - 1),
    (1, -(2**61), 3, 3 * 2**61),
    (0, 0, 2**63 - 1, 2**63 - 1),  # of the bias
    (2**62, 1, 2, 2**63),
    (1, -(2**62), 2, 2**63),
    (-(2**63), 1, 1, 2**63),
    (0, 0, 2**64 - 1, 2**64 - 1),
]


@pytest.mark.parametrize(("image", "kernel", "grad_output", "largest"), LARGE)
def test_integers_are_exact_or_refused(image, kernel, grad_output, largest):
    arrays = [np.full((1, 1, 1, 1), number) for number in (image, kernel, grad_output)]
    if largest >= 2**63:
        with pytest.raises(ValueError, match=f"grad_output: got integers.* can reach {largest},"):
            ops.conv2d_backward(*arrays)
        return
    gradients = ops.conv2d_backward(*arrays)
    expected = [grad_output * kernel, grad_output * image, grad_output]
    assert [int(gradient.item()) for gradient in gradients] == expected


def test_integers_of_overlapping_windows():
    images = as_image([[0, 1, 0]])
    half = np.full((1, 1, 2, 1), 2**62 - 1)
    gradient = ops.pool2d_backward(images, (1, 2), half, strides=1)
    assert gradient.ravel().tolist() == [0, 2**63 - 2, 0]
    with pytest.raises(ValueError, match=f"grad_output: got integers.* can reach {2**63},"):
        ops.pool2d_backward(images, (1, 2), half + 1, strides=1)


def test_half_precision_adds_in_single_precision():
    # Added up in float16, 4096 ones stop at 2048: there 2048 + 1 rounds to 2048.
    ones = np.ones((1, 64, 64, 1), np.float16)
    _, grad_kernels, grad_bias = ops.conv2d_backward(ones, np.ones((1, 1, 1, 1)), ones)
    assert (grad_kernels.item(), grad_bias.item()) == (4096, 4096)
    many = np.ones((1, 1, 1, 4096), np.float16)
    assert ops.conv2d_backward(np.ones((1, 1, 1, 1), np.float16), many, many)[0].item() == 4096
    pixel = ops.pool2d_backward(ones, 64, ones, strides=1, padding=((0, 63), (0, 63)))
    assert pixel[0, 0, 0, 0] == 1
    corner = np.zeros((1, 64, 64, 1), np.float16)
    corner[0, -1, -1] = 1  # every window's largest pixel
    pixel = ops.pool2d_backward(corner, 64, ones, strides=1, padding=((0, 63), (0, 63)))
    assert pixel[0, -1, -1, 0] == 4096


# --- memory, blocks, threads -----------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout, dtype):
    random = np.random.default_rng(5)
    keywords = {"padding": "same", "strides": (2, 1), "groups": 2}
    plain = [whole_numbers(random, s, dtype) for s in [(3, 6, 7, 4), (2, 3, 2, 4), (3, 3, 7, 4)]]
    laid_out = [LAYOUTS[layout](array) for array in plain]
    plain = [np.array(array, dtype) for array in laid_out]
    expected = ops.conv2d_backward(*plain, **keywords)
    for gradient, same in zip(ops.conv2d_backward(*laid_out, **keywords), expected, strict=True):
        assert gradient.dtype.type is dtype
        np.testing.assert_array_equal(gradient, same)
    for mode in ("max", "average"):
        np.testing.assert_array_equal(
            ops.pool2d_backward(laid_out[0], (2, 1), laid_out[2], mode=mode),
            ops.pool2d_backward(plain[0], (2, 1), plain[2], mode=mode),
        )
    for array, same in zip(laid_out, plain, strict=True):
        np.testing.assert_array_equal(array, same)  # nothing was written into them


def test_results_share_no_memory_with_the_arguments():
    images, kernels = np.ones((2, 4, 4, 1)), np.ones((1, 1, 1, 1))
    gradients = [
        *ops.conv2d_backward(images, kernels, images),
        ops.pool2d_backward(images, 1, images),
    ]
    for gradient in gradients:
        assert gradient.flags.writeable
        gradient += 1
    assert (images == 1).all() and (kernels == 1).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8])
def test_empty_batch(dtype):
    images, kernels = np.empty((0, 5, 6, 2), dtype), np.ones((2, 3, 2, 4), dtype)
    grad_images, grad_kernels, grad_bias = ops.conv2d_backward(
        images, kernels, np.empty((0, 4, 4, 4), dtype)
    )
    assert grad_images.shape == images.shape
    assert grad_kernels.tolist() == np.zeros(kernels.shape).tolist()
    assert grad_bias.tolist() == [0] * 4
    result = np.int64 if dtype == np.uint8 else dtype
    assert {grad_images.dtype, grad_kernels.dtype, grad_bias.dtype} == {np.dtype(result)}
    pooled = ops.pool2d_backward(images, 2, np.empty((0, 2, 3, 2), dtype))
    assert (pooled.shape, pooled.dtype) == (images.shape, result)


def many_blocks():
    random = np.random.default_rng(6)
    shapes = [(19, 12, 11, 4), (3, 2, 2, 6), (19, 7, 14, 6)]
    return [whole_numbers(random, shape) for shape in shapes]


# The windows of one output row take 14 * 24 * 4 = 1,344 bytes, those of one image 7 times that.
@pytest.mark.parametrize("block_bytes", [1, 3 * 1344, 7 * 1344, 2 * 7 * 1344, 2**40])
def test_results_do_not_depend_on_the_blocks(monkeypatch, block_bytes):
    keywords = {"strides": (2, 1), "padding": 2, "groups": 2}
    whole = ops.conv2d_backward(*(a.astype(np.int64) for a in many_blocks()), **keywords)
    monkeypatch.setattr(ops, "BLOCK_BYTES", block_bytes)
    blocks = ops.conv2d_backward(*many_blocks(), **keywords)
    for gradient, same in zip(blocks, whole, strict=True):
        np.testing.assert_array_equal(gradient, same)


def test_sums_round_alike_on_any_number_of_processors(monkeypatch):
    random = np.random.default_rng(7)
    arrays = [random.normal(size=a.shape).astype(np.float32) for a in many_blocks()]
    keywords = {"strides": (2, 1), "padding": 2, "groups": 2}
    on_all = ops.conv2d_backward(*arrays, **keywords)
    with ThreadPoolExecutor(1) as pool:
        alone = ThreadpoolController(), pool, Lock()
        monkeypatch.setattr(ops.os, "cpu_count", lambda: 1)
        monkeypatch.setattr(ops, "_blas_and_pool", lambda process: alone)
        on_one = ops.conv2d_backward(*arrays, **keywords)
    for gradient, same in zip(on_all, on_one, strict=True):
        np.testing.assert_array_equal(gradient, same)


def test_several_threads_at_once(monkeypatch):
    monkeypatch.setattr(ops, "BLOCK_BYTES", 1344)
    keywords = {"strides": (2, 1), "padding": 2, "groups": 2}
    expected = ops.conv2d_backward(*many_blocks(), **keywords)
    with ThreadPoolExecutor(8) as pool:
        every = list(pool.map(lambda _: ops.conv2d_backward(*many_blocks(), **keywords), range(32)))
    for gradients in every:
        for gradient, same in zip(gradients, expected, strict=True):
            np.testing.assert_array_equal(gradient, same)


# --- what cannot be used ---------------------------------------------------------------------

IMAGES, KERNELS = np.ones((2, 5, 6, 4)), np.ones((3, 3, 4, 8))
AT_LEAST_1 = "an integer of at least 1"


def conv(grad_output=(2, 3, 4, 8), images=IMAGES, kernels=KERNELS, **keywords):
    if isinstance(grad_output, tuple):
        grad_output = np.ones(grad_output)
    return lambda: ops.conv2d_backward(images, kernels, grad_output, **keywords)


def pool(grad_output=(2, 2, 3, 4), images=IMAGES, pool_size=2, **keywords):
    if isinstance(grad_output, tuple):
        grad_output = np.ones(grad_output)
    return lambda: ops.pool2d_backward(images, pool_size, grad_output, **keywords)


OUTPUT = "(2, 3, 4, 8), the shape of conv2d's output"
UNUSABLE = [  # call, argument, part of what came, part of what was wanted
    (conv((2, 5, 6, 8)), "grad_output", "shape (2, 5, 6, 8)", OUTPUT),
    (conv((2, 3, 4, 1)), "grad_output", "shape (2, 3, 4, 1)", OUTPUT),
    (conv((1, 3, 4, 8)), "grad_output", "shape (1, 3, 4, 8)", OUTPUT),
    (conv(padding="same"), "grad_output", "shape (2, 3, 4, 8)", "(2, 5, 6, 8)"),
    (conv(strides=2), "grad_output", "shape (2, 3, 4, 8)", "(2, 2, 2, 8)"),
    (conv((3, 4, 8)), "grad_output", "shape (3, 4, 8)", "4 axes"),
    (conv(grad_output=1.0), "grad_output", "shape ()", "4 axes"),
    (conv(grad_output=np.ones((2, 3, 4, 8), complex)), "grad_output", "complex128", "real numbers"),
    (conv(images=IMAGES[0]), "images", "shape (5, 6, 4)", "4 axes"),
    (conv(images=IMAGES[..., :0], kernels=KERNELS[:, :, :0]), "images", "(2, 5, 6, 0)", "no empty"),
    (conv(kernels=KERNELS[0]), "kernels", "shape (3, 4, 8)", "4 axes"),
    (conv(kernels=KERNELS[:, :, :3]), "kernels", "shape (3, 3, 3, 8)", "4 // 1"),
    (conv(kernels=np.ones((6, 3, 4, 8))), "kernels", "window of 6 pixels", "image's 5"),
    (conv(dilation_rate=3), "kernels", "window of 7 pixels", "image's 5"),
    (conv(groups=2), "kernels", "groups=2", "4 // 2"),
    (conv(groups=2, kernels=KERNELS[:, :, :2, :5]), "groups", "2", "a divisor of the 5 filters"),
    (conv(groups=0), "groups", "0", AT_LEAST_1),
    (conv(strides=0), "strides", "0", AT_LEAST_1),
    (conv(strides=(1, 2, 3)), "strides", "(1, 2, 3)", AT_LEAST_1),
    (conv(dilation_rate=1.5), "dilation_rate", "1.5", AT_LEAST_1),
    (conv(padding="half"), "padding", "half", '"valid", "same", "full"'),
    (conv(padding=-1), "padding", "-1", '"valid", "same", "full"'),
    (pool(mode="min"), "mode", "min", '("min" is forward only)'),
    (pool(mode="mean"), "mode", "mean", '"max" or "average"'),
    (pool((2, 2, 3, 3)), "grad_output", "shape (2, 2, 3, 3)", "(2, 2, 3, 4), the shape of pool2d"),
    (pool((2, 2, 3, 4), padding="same"), "grad_output", "(2, 2, 3, 4)", "(2, 3, 3, 4)"),
    (pool((2, 3, 4)), "grad_output", "shape (2, 3, 4)", "4 axes"),
    (pool(grad_output=np.full((2, 2, 3, 4), "a")), "grad_output", "type <U1", "real numbers"),
    (pool(images=IMAGES[0]), "images", "shape (5, 6, 4)", "4 axes"),
    (pool(pool_size=0), "pool_size", "0", AT_LEAST_1),
    (pool(pool_size=7), "pool_size", "window of 7 pixels", "image's 5"),
    (pool(strides=0), "strides", "0", AT_LEAST_1),
    (pool(padding=2), "padding", "2", "a padding narrower than the window"),
]


@pytest.mark.parametrize(("call", "argument", "came", "wanted"), UNUSABLE)
def test_errors_say_what_came_and_what_was_wanted(call, argument, came, wanted):
    assert_refused(call, argument, came, wanted)


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.float16, np.float32, np.float64])
def test_the_loop_knows_the_same_numbers_as_the_array_program(kind):
    random = np.random.default_rng(0)
    images = random.integers(100, 127, (2, 5, 6, 2)).astype(kind)
    kernels = random.integers(100, 127, (3, 2, 2, 3)).astype(kind)
    grad = random.integers(0, 3, (2, 2, 3, 3)).astype(kind)
    looped = ops.conv2d_backward_loop(images, kernels, grad, stride=2)
    wanted = ops.conv2d_backward(images, kernels, grad, strides=2)
    for ours, theirs in zip(looped, wanted, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours.astype(float), theirs.astype(float), rtol=2e-3)


def test_the_gradient_of_the_bias_keeps_its_digits():
    grad = np.full((16, 128, 128, 2), 0.1, np.float32)
    gradients = ops.conv2d_backward(
        np.ones((16, 128, 128, 1), np.float32), np.ones((1, 1, 1, 2)), grad
    )
    assert abs(grad.sum(axis=(0, 1, 2)) / 26214.4 - 1).max() > 1e-4  # what NumPy alone would give
    assert gradients[2].dtype == np.float32
    np.testing.assert_allclose(gradients[2], 26214.4, rtol=1e-6)
