"""The transposed convolution against what defines it, TensorFlow, Keras and ONNX's own examples.

As in test_ops.py, most drawn arrays hold small whole numbers, whose sums are exact in any order:
results must then be equal to the last bit.
"""

import re
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from arrays import (
    LAYOUTS,
    all_paddings,
    as_image,
    assert_refused,
    convolutions,
    dot,
    pad_pairs,
    tf_paddings,
    whole_numbers,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnnbook import ops

drawn = settings(derandomize=True, deadline=None, max_examples=100)


# --- figures worked by hand ------------------------------------------------------------------

IMAGE, KERNEL = as_image([[1, 2], [3, 4]]), np.array([[1, 0], [2, -1]])[..., None, None]
APART = np.array([[1, 0, 2, 0], [2, -1, 4, -2], [3, 0, 4, 0], [6, -3, 8, -4]])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [[1, 2, 0], [5, 7, -2], [6, 5, -4]]),
        ({"padding": "SAME"}, [[1, 2], [5, 7]]),
        ({"padding": "full"}, [[7]]),
        ({"padding": ((1, 0), (0, 2))}, [[5], [6]]),
        ({"strides": 2}, APART),
        ({"strides": 2, "padding": "SAME"}, APART),
        ({"strides": 2, "padding": "same", "output_padding": 0}, APART[:3, :3]),
        ({"strides": 2, "padding": 1}, [[-1, 4], [0, 4]]),
        ({"strides": 2, "output_padding": (1, 0)}, np.pad(APART, ((0, 1), (0, 0)))),
        ({"strides": 2, "output_size": (4, 5)}, np.pad(APART, ((0, 0), (0, 1)))),
        ({"strides": (1, 2)}, [[1, 0, 2, 0], [5, -1, 8, -2], [6, -3, 8, -4]]),
        ({"dilation_rate": 2}, [[1, 2, 0, 0], [3, 4, 0, 0], [2, 4, -1, -2], [6, 8, -3, -4]]),
    ],
)
def test_worked_by_hand(arguments, expected):
    output = ops.conv2d_transpose(IMAGE, KERNEL, **arguments)
    assert output[0, :, :, 0].tolist() == np.array(expected).tolist()


def test_filters_channels_groups_and_bias_by_hand():
    image = np.array([3, 5]).reshape(1, 1, 1, 2)
    kernels = np.array([[1, 2], [10, 20]]).reshape(1, 1, 2, 2)
    assert ops.conv2d_transpose(image, kernels).ravel().tolist() == [13, 130]
    assert ops.conv2d_transpose(image, kernels, [100, 1000]).ravel().tolist() == [113, 1130]
    apart = ops.conv2d_transpose(image, np.array([7, 11]).reshape(1, 1, 1, 2), groups=2)
    assert apart.ravel().tolist() == [21, 55]


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_the_plain_loop_says_the_same(stride):
    random = np.random.default_rng(0)
    images = whole_numbers(random, (2, 4, 5, 3), int)
    kernels = whole_numbers(random, (3, 2, 4, 3), int)
    np.testing.assert_array_equal(
        ops.conv2d_transpose_loop(images, kernels, stride),
        ops.conv2d_transpose(images, kernels, strides=stride),
    )


# --- what defines it -------------------------------------------------------------------------


@st.composite
def layers(draw, paddings, dtypes, most=3):
    """Draw images, kernels and the keywords of a transposed convolution that has an output."""
    images, kernels, keywords = draw(convolutions(paddings, dtypes, most, 6, transposed=True))
    more = st.tuples(*[st.integers(0, stride - 1) for stride in keywords["strides"]])
    keywords["output_padding"] = draw(st.none() | more)
    try:
        ops.conv2d_transpose(images, kernels, **keywords)
    except ValueError as error:
        assume(not re.search("at least one row|output_padding: .* from [12] to", str(error)))
        raise
    return images, kernels, keywords


@settings(drawn, max_examples=300)
@given(layer=layers(all_paddings, (np.int64,)), seed=st.integers(0, 2**32 - 1))
def test_it_is_the_adjoint_of_conv2d(layer, seed):
    """<conv2d(x, k), y> = <x, conv2d_transpose(y, k)> for every x: nothing else does that."""
    images, kernels, keywords = layer
    output = ops.conv2d_transpose(images, kernels, **keywords)
    del keywords["output_padding"]
    x = whole_numbers(np.random.default_rng(seed), output.shape, int)
    maps = ops.conv2d(x, kernels, **keywords)
    assert maps.shape == images.shape
    assert dot(maps, images) == dot(x, output)


def test_it_multiplies_by_the_transposed_matrix():
    random = np.random.default_rng(1)
    kernels, keywords = whole_numbers(random, (3, 2, 1, 1), int), {"strides": 2, "padding": 1}
    unit_images = np.eye(5 * 6, dtype=int).reshape(30, 5, 6, 1)
    matrix = ops.conv2d(unit_images, kernels, **keywords).reshape(30, -1).T
    image = whole_numbers(random, (1, 3, 4, 1), int)
    output = ops.conv2d_transpose(image, kernels, output_size=(5, 6), **keywords)
    assert output.ravel().tolist() == (matrix.T @ image.ravel()).tolist()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_it_is_the_gradient_of_conv2d_s_images(dtype):
    # The same sums in the same order: rounded alike, to the last bit.
    random = np.random.default_rng(2)
    keywords = {"strides": (2, 1), "padding": "same", "dilation_rate": (1, 2), "groups": 2}
    images, kernels, grad_output = (
        random.normal(size=shape).astype(dtype)
        for shape in [(9, 13, 11, 4), (3, 3, 2, 6), (9, 7, 11, 6)]
    )
    np.testing.assert_array_equal(
        ops.conv2d_transpose(grad_output, kernels, output_size=(13, 11), **keywords),
        ops.conv2d_backward(images, kernels, grad_output, **keywords)[0],
    )


@drawn
@given(
    places=st.integers(1, 6),
    kernel_size=st.integers(1, 4),
    stride=st.integers(1, 4),
    padding=st.one_of(st.sampled_from(["valid", "same", "full"]), st.integers(0, 3), pad_pairs),
    dilation_rate=st.integers(1, 3),
)
def test_the_sizes_are_those_that_conv2d_turns_into_the_images(
    places, kernel_size, stride, padding, dilation_rate
):
    images, kernels = np.ones((1, places, places, 1)), np.ones((kernel_size,) * 2 + (1, 1))
    both = (padding, padding) if isinstance(padding, tuple) else padding
    keywords = {"strides": stride, "padding": both, "dilation_rate": dilation_rate}

    def forward(size):
        try:
            return ops.output_size(size, kernel_size, stride, padding, dilation_rate)
        except ValueError:
            return 0

    def sizes(argument, values):
        """Return what comes out with each value that is accepted."""
        found = []
        for value in values:
            try:
                output = ops.conv2d_transpose(images, kernels, **{argument: value}, **keywords)
            except ValueError as error:
                assert re.match(f"({argument}|padding): got", str(error))
            else:
                found.append(output.shape[1:3])
        return found

    fitting = [(size, size) for size in range(1, 36) if forward(size) == places]
    assert sizes("output_size", range(1, 36)) == fitting
    assert sizes("output_padding", range(8)) == fitting
    assert forward(36) > places  # and so no larger size fits
    default = sizes("output_padding", [None])
    if padding == "same":
        assert default == [(places * stride,) * 2]
    else:  # the smallest, unless the padding cuts all of it off
        assert default == fitting[:1] or (default == [] and len(fitting) < stride)


# --- TensorFlow, Keras, ONNX -----------------------------------------------------------------


def by_tensorflow(tf, images, kernels, shape, strides, padding, dilation_rate=1):
    tf_padding = padding.upper() if isinstance(padding, str) else [(0, 0), *padding, (0, 0)]
    return tf.nn.conv2d_transpose(
        images, kernels, shape, strides, tf_padding, dilations=dilation_rate
    )


@drawn
@given(layer=layers(tf_paddings, (np.float32, np.float64), most=1))
def test_it_equals_tensorflow(tf, layer):
    images, kernels, keywords = layer
    output = ops.conv2d_transpose(images, kernels, **keywords)
    theirs = by_tensorflow(
        tf, images, kernels, output.shape, keywords["strides"], keywords["padding"]
    )
    assert output.dtype == images.dtype
    np.testing.assert_array_equal(output, theirs)


@pytest.mark.parametrize(
    ("strides", "padding", "dilation_rate", "output_padding"),
    [(1, "valid", 2, None), (1, "same", (1, 3), None), (2, ((1, 0), (2, 3)), (2, 1), (0, 1))],
)
def test_dilation_equals_tensorflow(tf, strides, padding, dilation_rate, output_padding):
    # Compiled: step by step, TensorFlow has no such sum on a processor.
    random = np.random.default_rng(3)
    images, kernels = whole_numbers(random, (3, 6, 7, 4)), whole_numbers(random, (3, 2, 5, 4))
    keywords = {"strides": strides, "padding": padding, "dilation_rate": dilation_rate}
    output = ops.conv2d_transpose(images, kernels, output_padding=output_padding, **keywords)

    @tf.function(jit_compile=True)
    def compiled():
        return by_tensorflow(tf, images, kernels, output.shape, **keywords)

    np.testing.assert_array_equal(output, compiled())


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kernel_size", [(3, 3), (2, 4), (1, 5)])
@pytest.mark.parametrize(
    ("strides", "output_padding"),
    [((1, 1), None), ((2, 3), None), ((2, 2), 1), ((3, 2), (1, 1)), ((3, 3), (2, 1))],
)
def test_it_equals_keras(keras, padding, kernel_size, strides, output_padding):
    random = np.random.default_rng(4)
    images = whole_numbers(random, (2, 5, 4, 3))
    kernels, bias = whole_numbers(random, (*kernel_size, 2, 3)), whole_numbers(random, 2)
    layer = keras.layers.Conv2DTranspose(
        2, kernel_size, strides, padding=padding, output_padding=output_padding
    )
    layer.build(images.shape)
    layer.set_weights([kernels, bias])
    # As the docstring says, Keras counts in another way here and there.
    own = output_padding
    if own is None and padding == "valid":
        own = [max(0, stride - size) for stride, size in zip(strides, kernel_size, strict=True)]
    elif own is not None and padding == "same":
        own = [
            more - (size % 2 == 0)
            for more, size in zip(np.resize(own, 2), kernel_size, strict=True)
        ]
    output = ops.conv2d_transpose(
        images, kernels, bias, strides=strides, padding=padding, output_padding=own
    )
    np.testing.assert_array_equal(output, layer(images))


@pytest.fixture(scope="module")
def onnx_examples():
    """ONNX's own examples of the operator, by name: attributes, inputs, outputs."""
    from onnx.backend.test.case.node import _NodeTestCases, convtranspose
    from onnx.helper import get_attribute_value

    assert convtranspose.ConvTranspose  # importing it adds its examples to the list
    return {
        case.name: (
            {a.name: get_attribute_value(a) for a in case.model.graph.node[0].attribute},
            *case.data_sets[0],
        )
        for case in _NodeTestCases
        if [node.op_type for node in case.model.graph.node] == ["ConvTranspose"]
    }


def test_it_equals_onnx_s_examples(onnx_examples):
    compared = []
    for name, (attributes, (images, weights), (expected,)) in onnx_examples.items():
        if images.ndim != 4:
            continue
        top, left, bottom, right = attributes.get("pads", [0] * 4)
        size = attributes.get("output_shape")
        output = ops.conv2d_transpose(
            np.moveaxis(images, 1, 3),
            weights.transpose(2, 3, 1, 0),
            strides=attributes.get("strides", 1),
            padding="same" if "auto_pad" in attributes else ((top, bottom), (left, right)),
            output_padding=None if size else attributes.get("output_padding"),
            output_size=size,
            dilation_rate=attributes.get("dilations", 1),
            groups=attributes.get("group", 1),
        )
        np.testing.assert_array_equal(np.moveaxis(output, 3, 1), expected, err_msg=name)
        compared.append(name)
    assert len(compared) == 9


def test_real_numbers(tf):
    # Here the sums round: 72 products for a pixel.
    random = np.random.default_rng(5)
    images, kernels = random.normal(size=(4, 20, 21, 8)), random.normal(size=(3, 3, 16, 8))
    single = [a.astype(np.float32) for a in (images, kernels)]
    output, exact = ops.conv2d_transpose(*single), ops.conv2d_transpose(images, kernels)
    tolerance = 2 * np.finfo(np.float32).eps * ops.conv2d_transpose(abs(images), abs(kernels))
    assert (abs(output - exact) < tolerance).all()
    theirs = by_tensorflow(tf, *single, output.shape, 1, "valid").numpy()
    assert (abs(theirs - exact) < tolerance).all()


# --- types -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "kernels", "bias", "result"),
    [
        (np.float16, np.float64, np.float64, np.float16),
        (np.float32, np.float64, np.int64, np.float32),
        (np.float64, np.float32, np.float16, np.float64),
        (np.longdouble, np.float32, None, np.longdouble),
        (np.uint8, np.float32, np.float16, np.float32),
        (np.uint8, np.int8, np.float32, np.float32),
        (np.int64, np.float32, None, np.float64),
        (np.uint8, np.uint8, np.uint8, np.int64),
        (np.bool_, np.bool_, np.bool_, np.int64),
        (np.uint64, np.int64, None, np.int64),
    ],
)
def test_mixed_types(images, kernels, bias, result):
    random = np.random.default_rng(6)
    images = random.integers(0, 2, (2, 4, 4, 3)).astype(images)
    kernels = random.integers(0, 2, (2, 2, 2, 3)).astype(kernels)
    looped = ops.conv2d_transpose_loop(images.astype(int), kernels.astype(int))
    if bias is None:
        output = ops.conv2d_transpose(images, kernels)
        assert ops.conv2d_transpose_loop(images, kernels).dtype == result
    else:
        output, looped = ops.conv2d_transpose(images, kernels, np.ones(2, bias)), looped + 1
    assert output.dtype == result
    np.testing.assert_array_equal(output, looped)


def test_eight_bit_numbers_do_not_wrap():
    images, kernels = np.full((1, 2, 2, 2), 200, np.uint8), np.full((2, 2, 1, 2), 255, np.uint8)
    for function in (ops.conv2d_transpose, ops.conv2d_transpose_loop):
        assert function(images, kernels).max() == 4 * 2 * 200 * 255
    assert ops.conv2d_transpose(images, kernels, np.array([200], np.uint8)).min() == 102_200


LARGE = [  # image, kernel, bias, the largest sum
    (2**26, 2**26 + 1, 0, 2**26 * (2**26 + 1)),  # fits float64
    (2**27 - 1, 2**28 + 1, 1, (2**27 - 1) * (2**28 + 1) + 1),  # fits int64 alone
    (2**31 - 1, -(2**31) - 1, 0, 2**62 - 1),
    (2**62 - 1, 1, 2**62, 2**63 - 1),
    (2**62, 1, 2**62, 2**63),
    (-(2**63), 1, 0, 2**63),
    (2**64 - 1, 1, 0, 2**64 - 1),
    (1, 1, 2**64 - 1, 2**64),
]


@pytest.mark.parametrize(("image", "kernel", "bias", "largest"), LARGE)
def test_integers_are_exact_or_refused(image, kernel, bias, largest):
    # Two groups: no pixel meets the kernels of both.
    images, kernels = np.full((1, 1, 1, 2), image), np.full((1, 1, 1, 2), kernel)
    if largest >= 2**63:
        with pytest.raises(ValueError, match=f"images: got integers.* can reach {largest},"):
            ops.conv2d_transpose(images, kernels, [bias] * 2, groups=2)
        return
    output = ops.conv2d_transpose(images, kernels, [bias] * 2, groups=2)
    assert output.ravel().tolist() == [image * kernel + bias] * 2


def test_integers_of_overlapping_stamps():
    # Two filters and a kernel two pixels wide: four products meet in the pixel in the middle.
    images, kernels = np.full((1, 1, 2, 2), 2**61 - 1), np.ones((1, 2, 1, 2), int)
    output = ops.conv2d_transpose(images, kernels)
    assert output.ravel().tolist() == [2**62 - 2, 2**63 - 4, 2**62 - 2]
    with pytest.raises(ValueError, match=f"images: got integers.* can reach {2**63},"):
        ops.conv2d_transpose(images + 1, kernels)


def test_half_precision_adds_in_single_precision():
    # Added up in float16, 4096 ones stop at 2048: there 2048 + 1 rounds to 2048.
    ones = np.ones((1, 1, 1, 4096), np.float16)
    assert ops.conv2d_transpose(ones, ones).item() == 4096
    many = np.ones((1, 1, 2100, 1), np.float16)
    assert ops.conv2d_transpose(many, many.reshape(1, 2100, 1, 1)).max() == 2100


# --- memory, blocks, threads -----------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout, dtype):
    random = np.random.default_rng(7)
    keywords = {"padding": 1, "strides": (2, 1), "groups": 2}
    plain = [whole_numbers(random, s, dtype) for s in [(3, 4, 5, 4), (2, 3, 2, 4)]]
    laid_out = [LAYOUTS[layout](array) for array in plain]
    plain = [np.array(array, dtype) for array in laid_out]
    output = ops.conv2d_transpose(*laid_out, **keywords)
    assert output.dtype.type is dtype
    np.testing.assert_array_equal(output, ops.conv2d_transpose(*plain, **keywords))
    for array, same in zip(laid_out, plain, strict=True):
        np.testing.assert_array_equal(array, same)  # nothing was written into them


def test_the_result_shares_no_memory_with_the_arguments():
    images, kernels, bias = np.ones((2, 4, 4, 1)), np.ones((1, 1, 1, 1)), np.zeros(1)
    output = ops.conv2d_transpose(images, kernels, bias)
    output += 1
    assert (images == 1).all() and (kernels == 1).all() and bias == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8])
def test_empty_batch(dtype):
    images, kernels = np.empty((0, 5, 6, 4), dtype), np.ones((2, 3, 2, 4), dtype)
    result = np.int64 if dtype == np.uint8 else dtype
    for function in (ops.conv2d_transpose, ops.conv2d_transpose_loop):
        output = function(images, kernels)
        assert (output.shape, output.dtype) == ((0, 6, 8, 2), result)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("block_bytes", [1, 2**20])
def test_nan_and_infinity_stay_where_they_belong(monkeypatch, value, block_bytes):
    monkeypatch.setattr(ops, "BLOCK_BYTES", block_bytes)
    images, kernels = np.ones((2, 5, 6, 2), np.float32), np.ones((3, 2, 3, 2), np.float32)
    images[1, 2, 3, 0] = value
    there = np.zeros(images.shape)
    there[1, 2, 3, 0] = 1
    output = ops.conv2d_transpose(images, kernels, strides=2)
    touched = ops.conv2d_transpose(there, kernels, strides=2) > 0
    assert touched.sum() == 3 * 2 * 3
    np.testing.assert_array_equal(output[touched], value)
    assert np.isfinite(output[~touched]).all()


def test_infinity_is_no_reason_for_a_warning():
    # Some matrix libraries multiply it by zeros here that they filled a register up with.
    image = np.array([np.inf, 1], np.float32).reshape(1, 1, 1, 2)
    assert ops.conv2d_transpose(image, np.ones((3, 2, 1, 2), np.float32)).min() == np.inf


def many_blocks():
    random = np.random.default_rng(8)
    return whole_numbers(random, (19, 7, 12, 6)), whole_numbers(random, (3, 2, 2, 6))


KEYWORDS = {"strides": (2, 1), "padding": 1, "groups": 2, "output_padding": (1, 0)}


# The stamps of one row take 12 * 24 * 4 = 1,152 bytes, those of one image 7 times that.
@pytest.mark.parametrize("block_bytes", [1, 3 * 1152, 7 * 1152, 2 * 7 * 1152, 2**40])
def test_results_do_not_depend_on_the_blocks(monkeypatch, block_bytes):
    images, kernels = many_blocks()
    bias = np.arange(4)
    whole = ops.conv2d_transpose(images.astype(int), kernels.astype(int), bias, **KEYWORDS)
    monkeypatch.setattr(ops, "BLOCK_BYTES", block_bytes)
    blocks = ops.conv2d_transpose(images, kernels, bias, **KEYWORDS)
    np.testing.assert_array_equal(blocks, whole)


def test_several_threads_at_once(monkeypatch):
    monkeypatch.setattr(ops, "BLOCK_BYTES", 1152)
    images, kernels = many_blocks()
    expected = ops.conv2d_transpose(images, kernels, **KEYWORDS)
    with ThreadPoolExecutor(8) as pool:
        every = list(
            pool.map(lambda _: ops.conv2d_transpose(images, kernels, **KEYWORDS), range(32))
        )
    for output in every:
        np.testing.assert_array_equal(output, expected)


def test_memory(monkeypatch):
    """Only a block's stamps are held at a time, not all: 256 * 128 * 9 * 8 * 4 bytes."""
    images, kernels = np.ones((1, 256, 128, 2), np.float32), np.ones((3, 3, 8, 2), np.float32)

    def extra(block_bytes):
        monkeypatch.setattr(ops, "BLOCK_BYTES", block_bytes)
        tracemalloc.start()
        try:
            output = ops.conv2d_transpose(images, kernels)
            return tracemalloc.get_traced_memory()[1] - output.nbytes
        finally:
            tracemalloc.stop()

    every_stamp = 256 * 128 * 9 * 8 * 4
    assert extra(2**16) < every_stamp / 10
    assert extra(2**40) > every_stamp


# --- what cannot be used ---------------------------------------------------------------------

IMAGES, KERNELS = np.ones((2, 3, 4, 8)), np.ones((3, 3, 4, 8))
AT_LEAST_1, AT_LEAST_0 = "an integer of at least 1", "an integer of at least 0"
LEFT = "a padding that leaves at least one row and one column"


def conv(images=IMAGES, kernels=KERNELS, bias=None, **keywords):
    return lambda: ops.conv2d_transpose(images, kernels, bias, **keywords)


def loop(images=IMAGES, kernels=KERNELS, stride=1):
    return lambda: ops.conv2d_transpose_loop(images, kernels, stride)


UNUSABLE = [  # call, argument, part of what came, part of what was wanted
    *[
        row
        for call in (conv, loop)
        for row in [
            (call(images=IMAGES[0]), "images", "shape (3, 4, 8)", "4 axes"),
            (call(images=IMAGES * 1j), "images", "type complex128", "real numbers"),
            (call(images=IMAGES[:, :0]), "images", "shape (2, 0, 4, 8)", "no empty axis"),
            (call(images=IMAGES[..., :4]), "kernels", "(3, 3, 4, 8)", "4 filters as the kernels'"),
            (call(kernels=KERNELS[0]), "kernels", "shape (3, 4, 8)", "4 axes"),
            (call(kernels=KERNELS[:0]), "kernels", "shape (0, 3, 4, 8)", "no empty axis"),
            (call(kernels=KERNELS[:, :, :0]), "kernels", "shape (3, 3, 0, 8)", "no empty axis"),
            (
                call(kernels=KERNELS[..., :1]),
                "kernels",
                "(3, 3, 4, 1)",
                "8 filters as the kernels'",
            ),
        ]
    ],
    (conv(IMAGES[..., :0], KERNELS[..., :0]), "images", "shape (2, 3, 4, 0)", "no empty axis"),
    (conv(groups=3), "groups", "3", "a divisor of the 8 filters"),
    (conv(groups=0), "groups", "0", AT_LEAST_1),
    (conv(bias=np.ones(8)), "bias", "shape (8,)", "(4,), one number per channel"),
    (conv(bias=np.ones(4), groups=2), "bias", "shape (4,)", "(8,), one number per channel"),
    (conv(bias=1.0), "bias", "shape ()", "(4,), one number per channel"),
    (conv(bias=["a"] * 4), "bias", "type <U1", "real numbers"),
    (conv(strides=0), "strides", "0", AT_LEAST_1),
    (conv(strides=(1, 2, 3)), "strides", "(1, 2, 3)", AT_LEAST_1),
    (loop(stride=0), "stride", "0", AT_LEAST_1),
    (conv(dilation_rate=1.5), "dilation_rate", "1.5", AT_LEAST_1),
    (conv(padding="half"), "padding", "half", '"valid", "same", "full"'),
    (conv(padding=-1), "padding", "-1", '"valid", "same", "full"'),
    (conv(padding=3), "padding", "3", LEFT),
    (conv(padding=((2, 3), 0)), "padding", "((2, 3), 0)", LEFT),
    (conv(padding=3, output_padding=0), "padding", "3", LEFT),
    (conv(padding=3, output_size=1), "padding", "3", LEFT),
    (conv(IMAGES[:, :1], strides=3, padding=(2, 0)), "padding", "(2, 0)", LEFT),
    (
        conv(IMAGES[:, :1], strides=3, padding=(2, 0), output_padding=0),
        "output_padding",
        "0",
        "a height from 2 to 2 and a width from 0 to 2, so that",
    ),
    (conv(output_padding=-1), "output_padding", "-1", AT_LEAST_0),
    (conv(output_padding=True), "output_padding", "True", AT_LEAST_0),
    (conv(output_padding=(0, 0.5)), "output_padding", "0.5", AT_LEAST_0),
    (conv(output_padding=(0, 0, 0)), "output_padding", "(0, 0, 0)", AT_LEAST_0),
    (
        conv(strides=(2, 3), output_padding=(1, 3)),
        "output_padding",
        "(1, 3)",
        "a height from 0 to 1 and a width from 0 to 2, so that conv2d gives the images' size (3, 4)",
    ),
    (conv(dilation_rate=2, output_padding=1), "output_padding", "1", "a height from 0 to 0"),
    (conv(output_size=0), "output_size", "0", AT_LEAST_1),
    (conv(output_size=(5, 6, 7)), "output_size", "(5, 6, 7)", AT_LEAST_1),
    (
        conv(strides=2, output_size=(8, 11)),
        "output_size",
        "(8, 11)",
        "a height from 7 to 8 and a width from 9 to 10, so that conv2d gives the images' size (3, 4)",
    ),
    (conv(strides=2, output_size=(6, 9)), "output_size", "(6, 9)", "a height from 7 to 8"),
    (
        conv(strides=2, padding="same", output_size=(4, 7)),
        "output_size",
        "(4, 7)",
        "a height from 5 to 6 and a width from 7 to 8",
    ),
    (
        conv(output_size=(5, 6), output_padding=0),
        "output_size",
        "(5, 6) beside output_padding=0",
        "one of the two",
    ),
]


@pytest.mark.parametrize(("call", "argument", "came", "wanted"), UNUSABLE)
def test_errors_say_what_came_and_what_was_wanted(call, argument, came, wanted):
    assert_refused(call, argument, came, wanted)


def test_what_the_sentence_about_integers_proposes_works():
    images, kernels = np.full((1, 1, 1, 1), 2**62), np.full((1, 1, 1, 1), 2)
    with pytest.raises(ValueError, match=r"or a float type(.|\n)*또는 실수형"):
        ops.conv2d_transpose(images, kernels)
    assert ops.conv2d_transpose(images.astype(float), kernels).item() == 2.0**63
