"""cnnbook.ops against figures worked by hand, TensorFlow, SciPy and Python's own exact integers.

Most drawn arrays hold small whole numbers: their sums are exact in every floating type and in any
order of adding, so results must be equal to the last bit and no tolerance is needed.
"""

import concurrent.futures
import multiprocessing
import re
import subprocess
import sys

import numpy as np
import pytest
import scipy.signal
from arrays import (
    LAYOUTS,
    as_image,
    assert_refused,
    convolutions,
    generators,
    pad_pairs,
    pairs,
    tf_paddings,
    whole_numbers,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from cnnbook import ops

drawn = settings(derandomize=True, deadline=None, max_examples=150)

INTEGERS = [np.dtype(code) for code in "bBhHiIlLqQ"]
FLOATS = [np.float16, np.float32, np.float64, np.longdouble]


def exact_conv2d(
    images, kernels, bias=0, strides=(1, 1), pads=((0, 0), (0, 0)), dilation_rate=(1, 1), groups=1
):
    """Convolve in Python's own numbers, whose integers never overflow: an array of objects."""
    images = np.pad(images.astype(object), ((0, 0), *pads, (0, 0)))
    kernels = kernels.astype(object)
    channels, filters = kernels.shape[2:]
    spans = [(kernels.shape[a] - 1) * dilation_rate[a] + 1 for a in (0, 1)]
    places = [len(range(0, images.shape[1 + a] - spans[a] + 1, strides[a])) for a in (0, 1)]
    maps = np.empty((len(images), *places, filters), object)
    for y, x, f in np.ndindex(*maps.shape[1:]):
        top, left = y * strides[0], x * strides[1]
        first = f // (filters // groups) * channels
        window = images[
            :,
            top : top + spans[0] : dilation_rate[0],
            left : left + spans[1] : dilation_rate[1],
            first : first + channels,
        ]
        maps[:, y, x, f] = (window * kernels[..., f]).sum(axis=(1, 2, 3))
    return maps + bias


def loop_pool2d(images, pool_size, strides, pads, mode):
    """Pool with one slice a window, cut to the pixels that exist."""
    summary = {"max": np.max, "min": np.min, "average": np.mean}[mode]
    places = [(images.shape[1 + a] + sum(pads[a]) - pool_size[a]) // strides[a] + 1 for a in (0, 1)]
    rows = []
    for y in range(places[0]):
        top = y * strides[0] - pads[0][0]
        row = []
        for x in range(places[1]):
            left = x * strides[1] - pads[1][0]
            window = images[:, max(0, top) : top + pool_size[0], max(0, left) : left + pool_size[1]]
            row.append(summary(window, axis=(1, 2)))
        rows.append(row)
    return np.moveaxis(np.array(rows), 2, 0)


# --- figures worked by hand ------------------------------------------------------------------

SIGNAL, WEIGHTS = np.array([2, 8, 3, 7, 1, 2, 0, 4, 5]), np.array([2, 1, 5, 3])
ONE_TO_NINE = np.arange(1.0, 10).reshape(1, 3, 3, 1)
FIVE_BY_FIVE = np.array(
    [[2, 1, 2, 0, 1], [1, 3, 2, 2, 3], [1, 1, 3, 3, 0], [2, 2, 0, 1, 1], [0, 0, 3, 1, 2]]
)


def test_one_dimension():
    assert ops.convolve1d(SIGNAL, WEIGHTS).tolist() == [63, 48, 49, 28, 21, 20]
    assert ops.correlate1d(SIGNAL, WEIGHTS).tolist() == [48, 57, 24, 25, 16, 39]


def test_one_window():
    assert ops.correlate2d(np.array([[1, 2], [-1, 5]]), np.array([[2, 1], [3, 2]])) == 11
    # The other eight numbers of the image are not the window's business.
    image = np.array([[1, 2, 7, 0], [-1, 5, 7, 0], [7, 7, 7, 0], [0, 0, 0, 0]])
    assert ops.conv2d(as_image(image), [[[[2]], [[1]]], [[[3]], [[2]]]], [4])[0, 0, 0, 0] == 11 + 4


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        ("VALID", [[12, 16], [24, 28]]),
        ("SAME", [[12, 16, 9], [24, 28, 15], [15, 17, 9]]),
        ("full", [[1, 3, 5, 3], [5, 12, 16, 9], [11, 24, 28, 15], [7, 15, 17, 9]]),
    ],
)
def test_ones_on_one_to_nine(padding, expected):
    maps = ops.conv2d(ONE_TO_NINE, [[[[1, 10, -1]]] * 2] * 2, padding=padding)
    for f, weight in enumerate([1, 10, -1]):
        assert (maps[0, :, :, f] == np.multiply(expected, weight)).all()


def test_two_kernels():
    kernels = np.array([[[[2, 0.1]], [[3, 0.2]]], [[[0, 0.3]], [[1, 0.4]]]])
    maps = ops.conv2d(as_image(FIVE_BY_FIVE), kernels)[0]
    first = [[10, 10, 6, 6], [12, 15, 13, 13], [7, 11, 16, 7], [10, 7, 4, 7]]
    second = [
        [1.9, 2.2, 1.6, 2.0],
        [1.4, 2.2, 2.7, 1.7],
        [1.7, 1.3, 1.3, 1.0],
        [0.6, 1.4, 1.5, 1.4],
    ]
    np.testing.assert_allclose(maps, np.stack([first, second], axis=-1), rtol=1e-14)


C4 = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
C5 = [[5, 7, 2, 6], [1, 9, 3, 1], [2, 4, 2, 0], [0, 3, 8, 5]]
D9 = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
D12 = [[4, 3], [2, 1]]


@pytest.mark.parametrize(
    ("table", "arguments", "expected"),
    [
        (C4, {"pool_size": 3, "strides": 1}, [[3, 3, 3], [3, 3, 3], [3, 2, 3]]),
        (
            C4,
            {"pool_size": 3, "strides": 1, "mode": "average"},
            [[1.7, 1.7, 1.7], [1.0, 1.2, 1.8], [1.1, 0.8, 1.3]],
        ),
        (C5, {"pool_size": 2}, [[9, 6], [4, 8]]),
        (D9, {"pool_size": 2}, [[6, 8], [3, 4]]),
        (D9, {"pool_size": 2, "mode": "min"}, [[1, 2], [1, 0]]),
        (D9, {"pool_size": (1, 4), "mode": "average"}, [[2], [6.5], [1.5], [2.5]]),
        (D12, {"pool_size": 2, "strides": 1}, [[4]]),
        (D12, {"pool_size": 2, "strides": 1, "padding": "SAME"}, [[4, 3], [2, 1]]),
    ],
)
def test_pooling_tables(table, arguments, expected):
    pooled = ops.pool2d(as_image(table), **arguments)
    assert pooled[0, :, :, 0].round(1).tolist() == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((5, 3, 3), 228),
        ((5, 3, 6), 456),
        ((3, 1, 32), 320),
        (((3, 3), 64, 128), 73_856),
        (((2, 5), 4, 7, False), 280),
    ],
)
def test_parameter_count(arguments, expected):
    assert ops.conv2d_parameter_count(*arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((9, 4), 6),
        ((9, 4, 1, "full"), 12),
        ((9, 4, 1, "same"), 9),
        ((4, 2), 3),
        ((5, 3, 2, 1), 3),
        ((28, 3, 2, "same"), 14),
        ((30, 3, 2), 14),
        ((28, 3, 2, (0, 1)), 14),
        ((7, 3, 1, "valid", 3), 1),
    ],
)
def test_output_size(arguments, expected):
    assert ops.output_size(*arguments) == expected


# --- convolution against TensorFlow, SciPy and the plain loop --------------------------------


@st.composite
def layers(draw):
    """Draw the arguments of conv2d: images, kernels, bias and the keywords."""
    images, kernels, keywords = draw(convolutions(tf_paddings, (np.float32, np.float64)))
    bias = whole_numbers(draw(generators), kernels.shape[3], kernels.dtype)
    return images, kernels, draw(st.sampled_from([None, bias])), keywords


def pad_amounts(padding, spans):
    """Return ((top, bottom), (left, right)) for all paddings but "same"."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "full":
        return tuple((span - 1, span - 1) for span in spans)
    return ((padding, padding),) * 2 if isinstance(padding, int) else padding


def fits(size, spans, padding):
    if padding == "same":
        return True
    pads = pad_amounts(padding, spans)
    return all(spans[a] <= size[a] + sum(pads[a]) for a in (0, 1))


@drawn
@given(layer=layers())
def test_conv2d_equals_tensorflow(tf, layer):
    images, kernels, bias, keywords = layer
    padding, dilation_rate = keywords["padding"], keywords["dilation_rate"]
    spans = [(kernels.shape[a] - 1) * dilation_rate[a] + 1 for a in (0, 1)]
    assume(fits(images.shape[1:3], spans, padding))
    expected = tf.nn.conv2d(
        images,
        kernels,
        strides=keywords["strides"],
        padding=padding.upper() if isinstance(padding, str) else [(0, 0), *padding, (0, 0)],
        dilations=dilation_rate,
    ).numpy()
    if bias is not None:
        expected += bias
    maps = ops.conv2d(images, kernels, bias, **keywords)
    assert maps.dtype == images.dtype
    np.testing.assert_array_equal(maps, expected)
    sizes = [
        ops.output_size(
            images.shape[1 + a],
            kernels.shape[a],
            keywords["strides"][a],
            padding if isinstance(padding, str) else padding[a],
            dilation_rate[a],
        )
        for a in (0, 1)
    ]
    assert sizes == list(expected.shape[1:3])


@drawn
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.tuples(*[st.integers(1, 9)] * 2, *[st.integers(1, 5)] * 2),
)
def test_conv2d_equals_scipy(seed, sizes):
    height, width, *kernel_size = sizes
    random = np.random.default_rng(seed)
    image = whole_numbers(random, (height, width, 3), np.float64)
    kernel = whole_numbers(random, (*kernel_size, 3), np.float64)

    def scipy_sum(function, mode):
        return sum(function(image[..., c], kernel[..., c], mode) for c in range(3))

    def own(padding, kernel=kernel):
        return ops.conv2d(image[np.newaxis], kernel[..., np.newaxis], padding=padding)[0, :, :, 0]

    flipped = kernel[::-1, ::-1]
    np.testing.assert_array_equal(own("full"), scipy_sum(scipy.signal.correlate2d, "full"))
    np.testing.assert_array_equal(own("full", flipped), scipy_sum(scipy.signal.convolve2d, "full"))
    assume(kernel_size[0] <= height and kernel_size[1] <= width)
    valid = scipy_sum(scipy.signal.correlate2d, "valid")
    np.testing.assert_array_equal(own("valid"), valid)
    np.testing.assert_array_equal(
        own("valid", flipped), scipy_sum(scipy.signal.convolve2d, "valid")
    )
    # The plain loops say the same, channel by channel and all at once.
    np.testing.assert_array_equal(
        sum(ops.correlate2d(image[..., c], kernel[..., c]) for c in range(3)), valid
    )
    loop = ops.conv2d_loop(image[np.newaxis], kernel[..., np.newaxis])
    np.testing.assert_array_equal(loop[0, :, :, 0], valid)


def test_real_numbers(tf):
    # Here the sums round: each of the 3·3·16 products to within half a unit in the last place.
    random = np.random.default_rng(0)
    images, kernels = random.normal(size=(3, 20, 21, 16)), random.normal(size=(3, 3, 16, 8))
    largest = np.abs(images).max() * np.abs(kernels).sum(axis=(0, 1, 2)).max()
    exact = ops.conv2d_loop(images.astype(np.longdouble), kernels.astype(np.longdouble))
    for dtype in (np.float32, np.float64):
        tolerance = np.finfo(dtype).eps * largest
        maps = ops.conv2d(images.astype(dtype), kernels.astype(dtype))
        np.testing.assert_allclose(maps, exact.astype(np.float64), rtol=0, atol=tolerance)
        theirs = tf.nn.conv2d(images.astype(dtype), kernels.astype(dtype), 1, "VALID")
        np.testing.assert_allclose(maps, theirs, rtol=0, atol=tolerance)


# --- types -----------------------------------------------------------------------------------


@st.composite
def any_integers(draw, shape):
    dtype = draw(st.sampled_from(INTEGERS))
    limits = np.iinfo(dtype)
    bits = draw(st.integers(0, 64))
    low, high = max(limits.min, -(2**bits)), min(limits.max, 2**bits)
    numbers = draw(st.lists(st.integers(low, high), min_size=1, max_size=6))
    return np.resize(np.array(numbers, dtype), shape)


@settings(drawn, max_examples=400)
@given(
    images=any_integers((2, 3, 4, 2)),
    kernels=any_integers((2, 2, 1, 2)),
    bias=st.one_of(st.none(), any_integers(2)),
)
def test_integers_are_exact(images, kernels, bias):
    numbers = {} if bias is None else {"bias": bias.astype(object)}
    expected = exact_conv2d(images, kernels, **numbers, groups=2)
    worst = max(abs(int(v)) for v in images.flat)
    worst *= max(sum(abs(int(v)) for v in kernels[..., f].flat) for f in range(2))
    worst += max((abs(int(v)) for v in bias), default=0) if bias is not None else 0
    if worst >= 2**63:
        with pytest.raises(ValueError, match=r"images: got integers whose sums can reach"):
            ops.conv2d(images, kernels, bias, groups=2)
        return
    maps = ops.conv2d(images, kernels, bias, groups=2)
    assert maps.dtype == np.int64
    assert maps.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("image", "kernel", "bias"),
    [
        ([255] * 4, [255] * 4, 0),
        ([2**53 - 1, 0], [1, 0], 0),
        ([2**53 - 1, 1], [1, 1], 0),
        ([2**53, 1], [1, 1], 0),
        ([2**26 + 1, 1], [2**27, 1], 0),
        ([2**52 + 1, 2**52], [1, 1], 1),
        ([2**62, 0], [1, 0], 1),
        ([2**61, 2**61 - 1], [1, -1], 1),
        ([2**62 - 1, 2**62 - 1], [1, 1], 0),
        ([2**63 - 1], [1], 0),
        ([2**63 - 2], [-1], 1),
        ([3037000499], [3037000499], 0),
    ],
)
def test_large_integers(image, kernel, bias):
    dtype = np.uint8 if max(image) < 256 else np.int64
    maps = ops.conv2d(
        np.array(image, dtype).reshape(1, 1, -1, 1),
        np.array(kernel, dtype).reshape(1, -1, 1, 1),
        np.array([bias]),
    )
    assert maps.tolist() == [[[[sum(a * b for a, b in zip(image, kernel, strict=True)) + bias]]]]


@pytest.mark.parametrize(
    ("image", "kernel", "bias"),
    [
        (2**62, 2, 0),
        (2**63 - 1, 1, 1),
        (-(2**63), 1, 0),
        (2**64 - 1, 1, 0),
        (3037000500,) * 2 + (0,),
    ],
)
def test_integers_that_could_overflow(image, kernel, bias):
    dtype = np.uint64 if image >= 2**63 else np.int64
    with pytest.raises(ValueError, match=f"sums can reach {abs(image) * kernel + bias}") as raised:
        ops.conv2d(
            np.full((1, 1, 1, 1), image, dtype), np.full((1, 1, 1, 1), kernel), np.array([bias])
        )
    assert re.search("[가-힣]", str(raised.value))
    # The way out that the sentence names works.
    floats = ops.conv2d(np.full((1, 1, 1, 1), image, np.float64), np.full((1, 1, 1, 1), kernel))
    assert floats == float(image * kernel)


@pytest.mark.parametrize("dtype", [*FLOATS, np.bool_])
def test_other_types(dtype):
    random = np.random.default_rng(1)
    images = whole_numbers(random, (2, 6, 7, 4), dtype)
    kernels = whole_numbers(random, (3, 2, 2, 6), dtype)
    maps = ops.conv2d(images, kernels, groups=2)
    assert maps.dtype == (np.int64 if dtype == np.bool_ else dtype)
    as_numbers = np.int64 if dtype == np.bool_ else np.float64
    expected = exact_conv2d(images.astype(as_numbers), kernels.astype(as_numbers), groups=2)
    np.testing.assert_array_equal(maps, expected.astype(maps.dtype))


def test_half_precision_adds_in_single_precision():
    # Added up in float16, 4096 ones stop at 2048: there 2048 + 1 rounds to 2048.
    assert (
        ops.conv2d(np.ones((1, 64, 64, 1), np.float16), np.ones((64, 64, 1, 1), np.float16)) == 4096
    )
    assert ops.pool2d(np.ones((1, 64, 64, 1), np.float16), 64, mode="average") == 1
    # The sum leaves float16, the mean does not.
    bright = np.full((1, 4, 4, 1), 60000, np.float16)
    assert ops.pool2d(bright, 4, mode="average") == np.float16(60000)


@pytest.mark.parametrize(
    ("images", "kernels", "result"),
    [
        (np.float32, np.float64, np.float32),
        (np.float64, np.float32, np.float64),
        (np.float16, np.float64, np.float16),
        (np.float32, np.int64, np.float32),
        (np.float16, np.bool_, np.float16),
        (np.uint8, np.float32, np.float32),
        (np.uint8, np.float16, np.float16),
        (np.int64, np.float32, np.float64),
        (np.bool_, np.float32, np.float32),
        (np.uint8, np.int8, np.int64),
        (np.bool_, np.uint16, np.int64),
        (np.uint64, np.int64, np.int64),
    ],
)
def test_mixed_types(images, kernels, result):
    random = np.random.default_rng(2)
    images = random.integers(0, 9, (2, 5, 5, 2)).astype(images)
    kernels = random.integers(0, 9, (2, 2, 2, 3)).astype(kernels)
    maps = ops.conv2d(images, kernels, np.ones(3, kernels.dtype))
    assert maps.dtype == result
    expected = exact_conv2d(images.astype(int), kernels.astype(int), bias=1)
    np.testing.assert_array_equal(maps, expected.astype(result))


# --- how the arrays lie in memory ------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout, dtype):
    random = np.random.default_rng(3)
    plain_images = whole_numbers(random, (3, 6, 7, 4), dtype)
    plain_kernels = whole_numbers(random, (2, 3, 2, 4), dtype)
    images, kernels = LAYOUTS[layout](plain_images), LAYOUTS[layout](plain_kernels)
    plain_images, plain_kernels = (np.array(a, dtype) for a in (images, kernels))

    for keywords in ({}, {"padding": "full", "strides": 2, "dilation_rate": (2, 1)}):
        maps = ops.conv2d(images, kernels, groups=2, **keywords)
        expected = ops.conv2d(plain_images, plain_kernels, groups=2, **keywords)
        assert maps.dtype.type is dtype
        np.testing.assert_array_equal(maps, expected)
    np.testing.assert_array_equal(
        ops.conv2d(plain_images, plain_kernels, groups=2),
        exact_conv2d(plain_images, plain_kernels, groups=2).astype(dtype),
    )
    for mode in ("max", "average", "min"):
        np.testing.assert_array_equal(
            ops.pool2d(images, 2, padding=1, mode=mode),
            ops.pool2d(plain_images, 2, padding=1, mode=mode),
        )
    np.testing.assert_array_equal(images, plain_images)  # and nothing was written into them
    np.testing.assert_array_equal(kernels, plain_kernels)


def test_inputs_are_not_modified_and_not_returned():
    random = np.random.default_rng(4)
    images, kernels, bias = (
        whole_numbers(random, shape) for shape in [(2, 4, 4, 1), (1, 1, 1, 1), (1,)]
    )
    kernels[:] = 1
    before = images.copy(), kernels.copy(), bias.copy()
    maps = ops.conv2d(images, kernels, bias)
    pooled = ops.pool2d(images, 1)
    maps += 1
    pooled += 1
    for array, copy in zip((images, kernels, bias), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8])
def test_empty_batch(dtype):
    images, kernels = np.empty((0, 5, 6, 2), dtype), np.ones((2, 3, 2, 4), dtype)
    maps = ops.conv2d(images, kernels, np.ones(4, dtype))
    assert (maps.shape, maps.dtype) == ((0, 4, 4, 4), np.int64 if dtype == np.uint8 else dtype)
    pooled = ops.pool2d(images, 2)
    assert (pooled.shape, pooled.dtype) == ((0, 2, 3, 2), dtype)
    assert ops.pool2d(images, 2, mode="average").dtype == (
        np.float64 if dtype == np.uint8 else dtype
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("block_bytes", [1, 2**20])
def test_nan_and_infinity_stay_where_they_belong(monkeypatch, value, block_bytes):
    monkeypatch.setattr(ops, "BLOCK_BYTES", block_bytes)
    images = np.arange(2 * 8 * 9 * 2, dtype=np.float32).reshape(2, 8, 9, 2)
    images[1, 4, 5, 0] = value
    there = np.zeros((2, 8, 9, 2))
    there[1, 4, 5, 0] = 1
    kernels = np.ones((3, 2, 2, 3), np.float32)
    maps = ops.conv2d(images, kernels, padding="same")
    touched = ops.conv2d(there, kernels, padding="same") > 0
    assert touched.sum() == 3 * 2 * 3
    np.testing.assert_array_equal(maps[touched], value)
    np.testing.assert_array_equal(
        maps[~touched], ops.conv2d(np.where(there, 0, images), kernels, padding="same")[~touched]
    )


# --- blocks, threads and processes -----------------------------------------------------------


def many_blocks():
    random = np.random.default_rng(5)
    return whole_numbers(random, (7, 12, 11, 4)), whole_numbers(random, (3, 2, 2, 6))


def blocks_of(monkeypatch, block_bytes):
    """Compute with blocks of this size; return the result and the blocks that were walked."""
    walked, each_block = [], ops._each_block
    monkeypatch.setattr(ops, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(
        ops, "_each_block", lambda work, blocks: (walked.extend(blocks), each_block(work, blocks))
    )
    images, kernels = many_blocks()
    return ops.conv2d(images, kernels, np.arange(6.0), strides=(2, 1), padding=2, groups=2), walked


# The windows of one output row take 14 * 24 * 4 = 1,344 bytes, those of one image 7 times that.
@pytest.mark.parametrize(
    ("block_bytes", "blocks", "images", "rows"),
    [
        (1, 49, 1, 1),
        (3 * 1344, 21, 1, 3),
        (7 * 1344, 7, 1, 7),
        (2 * 7 * 1344, 4, 2, 7),
        (2**40, 1, 7, 7),
    ],
)
def test_results_do_not_depend_on_the_blocks(monkeypatch, block_bytes, blocks, images, rows):
    maps, walked = blocks_of(monkeypatch, block_bytes)
    assert len(walked) == blocks
    assert min(7, walked[0][0].stop) == images
    assert walked[0][1].stop == rows
    expected = exact_conv2d(
        *many_blocks(), bias=np.arange(6), strides=(2, 1), pads=((2, 2), (2, 2)), groups=2
    )
    np.testing.assert_array_equal(maps, expected.astype(np.float32))


def test_an_error_in_a_worker_reaches_the_caller():
    def fail_at_three(block):
        if block == 3:
            raise MemoryError("block 3")

    with pytest.raises(MemoryError, match="block 3"):
        ops._each_block(fail_at_three, list(range(6)))


def blas_threads():
    return [
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    ]


def test_several_threads_at_once(monkeypatch):
    monkeypatch.setattr(ops, "BLOCK_BYTES", 1344)
    images, kernels = many_blocks()
    expected = exact_conv2d(images, kernels, groups=2).astype(np.float32)
    before = blas_threads()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        every = list(pool.map(lambda _: ops.conv2d(images, kernels, groups=2), range(64)))
    for maps in every:
        np.testing.assert_array_equal(maps, expected)
    assert blas_threads() == before


IN_A_CHILD = """
import multiprocessing, sys
import numpy as np
from cnnbook import ops

def total(seed):
    images = np.random.default_rng(seed).integers(0, 9, (4, 64, 64, 3)).astype(np.float32)
    return float(ops.conv2d(images, np.ones((3, 3, 3, 2))).sum())

if __name__ == "__main__":
    ops.BLOCK_BYTES = 2**16
    own = [total(seed) for seed in range(4)]    # the parent's worker threads exist
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print(pool.map(total, range(4)) == own)
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_in_a_child_process(tmp_path, method):
    # In a process of its own, where neither pytest's nor TensorFlow's threads are forked.
    script = tmp_path / "child.py"
    script.write_text(IN_A_CHILD)
    done = subprocess.run(
        [sys.executable, script, method], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource module to ask")
def test_memory(root):
    """(64, 512, 512, 3) images with 7×7 kernels need at most 256 MB beyond input and output."""

    def extra(*setting):
        command = [sys.executable, "-m", "tools.bench", "memory", *setting]
        return int(
            subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
        )

    assert 0 <= extra() <= 256 * 10**6
    # The meter sees it where all windows are copied out at once: 506 * 506 * 147 * 4 bytes an image.
    assert extra("2", str(2**40)) > 2 * 150 * 10**6


# --- pooling ---------------------------------------------------------------------------------


@st.composite
def pools(draw, paddings=tf_paddings):
    """Draw images (in float32) and the arguments of pool2d."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(*[st.integers(*r) for r in [(0, 2), (1, 9), (1, 9), (1, 3)]]))
    pool_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    strides, padding = draw(st.one_of(st.none(), pairs)), draw(paddings)
    images = whole_numbers(random, shape, largest=60)
    assume(fits(images.shape[1:3], pool_size, padding))
    return images, pool_size, strides, padding


@drawn
@given(
    pool=pools(st.sampled_from(["valid", "same"])), dtype=st.sampled_from([np.float32, np.float64])
)
def test_pool2d_equals_tensorflow(tf, pool, dtype):
    images, pool_size, strides, padding = pool
    images = images.astype(dtype)
    theirs = {
        mode: function(images, pool_size, strides or pool_size, padding.upper()).numpy()
        for mode, function in [("max", tf.nn.max_pool2d), ("average", tf.nn.avg_pool2d)]
    }
    own = {
        mode: ops.pool2d(images, pool_size, strides=strides, padding=padding, mode=mode)
        for mode in ("max", "average", "min")
    }
    np.testing.assert_array_equal(own["max"], theirs["max"])
    # One division: it may round the other way.
    np.testing.assert_allclose(own["average"], theirs["average"], rtol=2 * np.finfo(dtype).eps)
    negated = ops.pool2d(-images, pool_size, strides=strides, padding=padding)
    np.testing.assert_array_equal(own["min"], -negated)
    assert {mode: pooled.dtype for mode, pooled in own.items()} == dict.fromkeys(own, dtype)


def meets_the_image(size, pool, stride, pads):
    """Tell whether each window has a pixel of the image."""
    starts = range(-pads[0], size + pads[1] - pool + 1, stride)
    return all(start < size and start + pool > 0 for start in starts)


@settings(drawn, max_examples=300)
@given(
    pool=pools(st.one_of(st.just("full"), st.integers(0, 3), st.tuples(pad_pairs, pad_pairs))),
    dtype=st.sampled_from([np.float32, np.float64, np.bool_, *INTEGERS]),
    mode=st.sampled_from(["max", "average", "min"]),
)
def test_pool2d_ignores_padding(pool, dtype, mode):
    images, pool_size, strides, padding = pool
    # All of one sign: a zero in the padding would win a maximum or a minimum.
    images = abs(images) + 1 if mode == "min" or dtype == np.bool_ else -abs(images) - 1
    if np.issubdtype(dtype, np.unsignedinteger):
        images = abs(images) + 1
    images = images.astype(dtype)
    pads = pad_amounts(padding, pool_size)
    steps = strides or pool_size
    arguments = {"strides": strides, "padding": padding, "mode": mode}
    if not all(
        meets_the_image(images.shape[1 + a], pool_size[a], steps[a], pads[a]) for a in (0, 1)
    ):
        with pytest.raises(ValueError, match=r"padding: got .* wanted a padding narrower"):
            ops.pool2d(images, pool_size, **arguments)
        return
    pooled = ops.pool2d(images, pool_size, **arguments)
    expected = loop_pool2d(images, pool_size, steps, pads, mode)
    kept = np.issubdtype(dtype, np.floating) or mode != "average"
    assert pooled.dtype == (dtype if kept else np.float64)
    tolerance = 2 * np.finfo(pooled.dtype).eps if mode == "average" else 0  # one division
    np.testing.assert_allclose(pooled, expected, rtol=tolerance)


@pytest.mark.parametrize("dtype", [*INTEGERS, np.bool_, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("mode", ["max", "min"])
def test_padding_never_wins(dtype, mode):
    """Not even against the smallest (largest) number that the type holds."""
    if dtype == np.bool_:
        worst = mode == "min"
    elif np.issubdtype(dtype, np.floating):
        worst = -np.inf if mode == "max" else np.inf
    else:
        worst = np.iinfo(dtype).min if mode == "max" else np.iinfo(dtype).max
    images = np.full((1, 3, 3, 1), worst, dtype)
    for padding in ("same", "full", 1):
        pooled = ops.pool2d(images, 2, strides=1, padding=padding, mode=mode)
        assert pooled.dtype == dtype
        assert (pooled == worst).all()


def test_nan_in_a_window():
    images = np.arange(16.0).reshape(1, 4, 4, 1)
    images[0, 0, 1, 0] = np.nan
    for mode in ("max", "average", "min"):
        pooled = ops.pool2d(images, 2, mode=mode)[0, :, :, 0]
        assert np.isnan(pooled).tolist() == [[True, False], [False, False]]


def test_integer_average_does_not_wrap():
    assert ops.pool2d(np.full((1, 2, 2, 1), 255, np.uint8), 2, mode="average") == 255.0
    assert ops.pool2d(np.full((1, 2, 2, 1), 2**62), 2, mode="average") == 2.0**62


# --- arguments that cannot be used -----------------------------------------------------------

IMAGES, KERNELS = np.ones((2, 5, 6, 4)), np.ones((3, 3, 4, 8))
AT_LEAST_1 = "an integer of at least 1"


def conv2d_with(**changed):
    return lambda: ops.conv2d(**{"images": IMAGES, "kernels": KERNELS, **changed})


def pool2d_with(**changed):
    return lambda: ops.pool2d(**{"images": IMAGES, "pool_size": 2, **changed})


def size_with(**changed):
    return lambda: ops.output_size(**{"size": 5, "kernel_size": 3, **changed})


def count_with(**changed):
    return lambda: ops.conv2d_parameter_count(
        **{"kernel_size": 3, "channels": 3, "filters": 3, **changed}
    )


# What came (to the function), the argument named, how it is shown, what was wanted.
UNUSABLE = [
    *[
        row
        for call in (conv2d_with, pool2d_with)
        for row in [
            (call(images=IMAGES[0]), "images", "shape (5, 6, 4)", "4 axes, (batch, height"),
            (call(images=IMAGES[None]), "images", "shape (1, 2, 5, 6, 4)", "4 axes"),
            (call(images=3), "images", "shape ()", "4 axes"),
            (call(images=IMAGES[:, :0]), "images", "shape (2, 0, 6, 4)", "no empty axis"),
            (call(images=IMAGES[:, :, :0]), "images", "shape (2, 5, 0, 4)", "no empty axis"),
            *[
                (call(images=IMAGES.astype(dtype)), "images", f"type {shown}", "real numbers")
                for dtype, shown in [
                    (complex, "complex128"),
                    (str, "<U32"),
                    (object, "object"),
                    ("m8[s]", "timedelta64[s]"),
                ]
            ],
            *[
                (call(strides=strides), "strides", shown, AT_LEAST_1)
                for strides, shown in [
                    (0, "0"),
                    (-1, "-1"),
                    (1.5, "1.5"),
                    (True, "True"),
                    ("2", "2"),
                    ((1, 0), "0"),
                    ((2, True), "True"),
                    ((1, 2, 3), "(1, 2, 3)"),
                    ((), "()"),
                    ((1, (2, 3)), "(2, 3)"),
                    (np.array([1, 2, 3]), "array([1, 2, 3])"),
                ]
            ],
            *[
                (call(padding=padding), "padding", shown, '"valid", "same", "full", an int')
                for padding, shown in [
                    ("causal", "causal"),
                    ("", ""),
                    (-1, "-1"),
                    (1.0, "1.0"),
                    (None, "None"),
                    ((1, 2, 3), "(1, 2, 3)"),
                    (((1, 2), (3, 4), (5, 6)), "((1, 2), (3, 4), (5, 6))"),
                    (((1, 2, 3), 1), "((1, 2, 3), 1)"),
                    ((1, -1), "(1, -1)"),
                    (((0, 0), (0, "1")), "((0, 0), (0, '1'))"),
                ]
            ],
        ]
    ],
    (
        conv2d_with(images=IMAGES[..., :0]),
        "kernels",
        "(2, 5, 6, 0), groups=1",
        "channels // groups",
    ),
    (conv2d_with(images=IMAGES[..., :3]), "kernels", "(3, 3, 4, 8)", "channels // groups = 3 // 1"),
    (conv2d_with(kernels=KERNELS[0]), "kernels", "shape (3, 4, 8)", "4 axes, (height, width"),
    (conv2d_with(kernels=KERNELS[:, :, :3]), "kernels", "shape (3, 3, 3, 8)", "4 // 1"),
    (conv2d_with(kernels=KERNELS[:0]), "kernels", "shape (0, 3, 4, 8)", "no empty axis"),
    (conv2d_with(kernels=KERNELS[..., :0]), "kernels", "shape (3, 3, 4, 0)", "no empty axis"),
    (conv2d_with(kernels=KERNELS * 1j), "kernels", "type complex128", "real numbers"),
    (
        conv2d_with(kernels=np.ones((6, 3, 4, 8))),
        "kernels",
        "window of 6 pixels",
        "at most the padded image's 5",
    ),
    (conv2d_with(kernels=np.ones((3, 9, 4, 8)), padding=1), "kernels", "window of 9", "image's 8"),
    (conv2d_with(dilation_rate=(1, 3)), "kernels", "window of 7 pixels", "image's 6"),
    (conv2d_with(dilation_rate=0), "dilation_rate", "0", AT_LEAST_1),
    (conv2d_with(dilation_rate=(1, 1.0)), "dilation_rate", "1.0", AT_LEAST_1),
    (conv2d_with(groups=0), "groups", "0", AT_LEAST_1),
    (conv2d_with(groups=True), "groups", "True", AT_LEAST_1),
    (conv2d_with(groups=3), "kernels", "groups=3", "channels // groups = 4 // 3"),
    (conv2d_with(groups=2), "kernels", "groups=2", "channels // groups = 4 // 2"),
    (
        conv2d_with(groups=2, kernels=KERNELS[:, :, :2, :5]),
        "groups",
        "2",
        "a divisor of the 5 filters",
    ),
    (conv2d_with(bias=np.ones(7)), "bias", "shape (7,)", "(8,), one number per filter"),
    (conv2d_with(bias=1.0), "bias", "shape ()", "(8,), one number per filter"),
    (conv2d_with(bias=np.ones((1, 8))), "bias", "shape (1, 8)", "(8,), one number"),
    (conv2d_with(bias=["a"] * 8), "bias", "type <U1", "real numbers"),
    (pool2d_with(images=IMAGES[..., :0]), "images", "shape (2, 5, 6, 0)", "no empty axis"),
    (pool2d_with(pool_size=0), "pool_size", "0", AT_LEAST_1),
    (pool2d_with(pool_size=(2, 2.0)), "pool_size", "2.0", AT_LEAST_1),
    (pool2d_with(pool_size=(6, 2)), "pool_size", "window of 6 pixels", "image's 5"),
    (pool2d_with(mode="mean"), "mode", "mean", '"max", "average" or "min"'),
    (pool2d_with(mode=None), "mode", "None", '"max", "average" or "min"'),
    (pool2d_with(padding=2), "padding", "2", "a padding narrower than the window"),
    (pool2d_with(padding=((0, 3), (0, 0))), "padding", "((0, 3), (0, 0))", "narrower"),
    (pool2d_with(strides=4, padding=((0, 0), (0, 4))), "padding", "(0, 4))", "narrower"),
    *[
        (size_with(**{name: value}), name, str(value), AT_LEAST_1)
        for name in ("size", "kernel_size", "stride", "dilation_rate")
        for value in (0, -3, 2.0, True, None, (2, 2))
    ],
    (size_with(kernel_size=6), "kernel_size", "window of 6 pixels", "image's 5"),
    (size_with(dilation_rate=3), "kernel_size", "window of 7 pixels", "image's 5"),
    *[
        (size_with(padding=padding), "padding", shown, '"valid", "same", "full"')
        for padding, shown in [
            ("half", "half"),
            (-1, "-1"),
            ((1, -1), "(1, -1)"),
            ((1, 2, 3), "(1, 2, 3)"),
            (((1, 1), (1, 1)), "((1, 1), (1, 1))"),
        ]
    ],
    *[
        (count_with(**{name: value}), name, str(value), AT_LEAST_1)
        for name in ("kernel_size", "channels", "filters")
        for value in (0, -1, 1.5, False, "3")
    ],
    (count_with(kernel_size=(3, 3, 3)), "kernel_size", "(3, 3, 3)", AT_LEAST_1),
    (count_with(channels=(3, 3)), "channels", "(3, 3)", AT_LEAST_1),
]


@pytest.mark.parametrize(("call", "argument", "came", "wanted"), UNUSABLE)
def test_errors_say_what_came_and_what_was_wanted(call, argument, came, wanted):
    assert_refused(call, argument, came, wanted)


# --- one rule of number types -------------------------------------------------------------------

KINDS = [
    np.bool_,
    np.uint8,
    np.int8,
    np.uint16,
    np.int32,
    np.int64,
    np.float16,
    np.float32,
    np.float64,
]


@pytest.mark.parametrize("second", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("first", KINDS, ids=lambda kind: kind.__name__)
def test_the_loops_know_the_same_numbers_as_the_array_programs(first, second):
    random = np.random.default_rng(0)
    images = random.integers(0, 60, (2, 5, 6, 2)).astype(first)  # float16 ends at 65,504
    kernels = random.integers(0, 60, (3, 2, 2, 3)).astype(second)
    wanted = ops.conv2d(images, kernels)
    exact = np.einsum(
        "nyxijc,ijcf->nyxf",
        np.lib.stride_tricks.sliding_window_view(images.astype(object), (3, 2), (1, 2)).transpose(
            0, 1, 2, 4, 5, 3
        ),
        kernels.astype(object),
        optimize=False,
    )
    looped = ops.conv2d_loop(images, kernels)
    assert looped.dtype == wanted.dtype and looped.shape == wanted.shape
    np.testing.assert_allclose(looped.astype(float), exact.astype(float), rtol=2e-3)
    one = ops.correlate2d(images[0, ..., 0], kernels[..., 0, 0])
    assert one.dtype == wanted.dtype
    np.testing.assert_array_equal(
        one, ops.conv2d(images[:1, ..., :1], kernels[..., :1, :1])[0, ..., 0]
    )
    for loop, flipped in ((ops.correlate1d, 1), (ops.convolve1d, -1)):
        line = loop(images[0, 0, :, 0], kernels[:, 0, 0, 0])
        assert line.dtype == wanted.dtype
        row = ops.conv2d(images[:1, :1, :, :1], kernels[::flipped, 0, :1, :1][np.newaxis])
        np.testing.assert_array_equal(line, row[0, 0, :, 0])
    if wanted.dtype == np.int64:
        np.testing.assert_array_equal(looped, exact.astype(np.int64))


def test_eight_bit_pixels_do_not_wrap():
    assert ops.correlate2d(np.full((2, 2), 200, np.uint8), np.ones((2, 2), np.uint8)) == 800
    assert ops.convolve1d([200, 100], [1, 2]) == 500  # lists too
    with pytest.raises(
        ValueError, match=r"signal: got integers whose sums can reach(.|\n)*필요한 값"
    ):
        ops.correlate1d(np.array([2**62, 1]), np.array([2, 2]))
    with pytest.raises(ValueError, match="kernel: got type complex128"):
        ops.correlate2d(np.ones((2, 2)), np.ones((2, 2)) * 1j)


MASKED = np.ma.array([[1.0, 2], [3, 1e9]], mask=[[0, 0], [0, 1]])
UNFIT = {
    "a kernel wider than the image": (
        ops.correlate2d,
        (np.ones((4, 2)), np.ones((1, 3))),
        "kernel",
    ),
    "weights longer than the signal": (ops.convolve1d, ([1, 2], [1, 2, 3]), "weights"),
    "no weights": (ops.correlate1d, ([1, 2], []), "weights"),
    "no signal": (ops.correlate1d, ([], [1.0]), "weights"),
    "a number": (ops.correlate1d, (3, [1, 2]), "signal"),
    "an image for a signal": (ops.convolve1d, (np.ones((3, 3)), [1, 1]), "signal"),
    "a signal for an image": (ops.correlate2d, (np.ones(3), np.ones(2)), "image"),
    "colours for grey": (ops.correlate2d, (np.ones((3, 3, 3)), np.ones((2, 2))), "image"),
    "rows of unequal length": (ops.correlate2d, ([[1, 2], [3]], [[1]]), "image"),
    "masked values": (ops.correlate2d, (MASKED, np.ones((2, 2))), "image"),
    "masked values, array program": (
        ops.conv2d,
        (MASKED[None, :, :, None], np.ones((2, 2, 1, 1))),
        "images",
    ),
    "other channels": (ops.conv2d_loop, (np.ones((1, 4, 4, 3)), np.ones((2, 2, 1, 2))), "kernels"),
    "other gradients": (
        ops.conv2d_backward_loop,
        (np.ones((1, 4, 4, 1)), np.ones((2, 2, 1, 1)), np.ones((1, 2, 2, 1))),
        "grad_output",
    ),
    "no step": (
        ops.conv2d_backward_loop,
        (np.ones((1, 2, 2, 1)), np.ones((2, 2, 1, 1)), np.ones((1, 1, 1, 1)), 0),
        "stride",
    ),
}


@pytest.mark.parametrize("function, arguments, name", UNFIT.values(), ids=UNFIT)
def test_arrays_that_do_not_fit_each_other_are_refused_by_the_loops_too(function, arguments, name):
    with pytest.raises(ValueError, match=rf"^{name}: got (.|\n)*{name}: 받은 값은 .*필요한 값"):
        function(*arguments)


def test_a_mask_that_hides_nothing_is_none():
    image = np.ma.array(np.arange(9.0).reshape(3, 3), mask=False)
    assert ops.correlate2d(image, np.ones((3, 3))) == 36


def test_the_mean_of_many_float32_pixels_keeps_its_digits():
    images = np.full((1, 1500, 1500, 1), 0.1, np.float32)
    naive = np.add.accumulate(images.ravel())[-1] / images.size  # one after the other
    assert abs(naive - 0.1) > 1e-4
    mean = ops.pool2d(images, 1500, mode="average")
    assert mean.dtype == np.float32
    np.testing.assert_allclose(mean, 0.1, rtol=1e-6)
