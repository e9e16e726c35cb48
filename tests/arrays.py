"""What the tests of the operations share: exact values, every way to lie in memory, drawn layers, errors."""

import re

import numpy as np
import pytest
from hypothesis import strategies as st


def as_image(table):
    return np.array(table)[np.newaxis, :, :, np.newaxis]


def dot(a, b):
    return int((a * b).sum())


def whole_numbers(random, shape, dtype=np.float32, largest=8):
    return random.integers(-largest, largest, shape, endpoint=True).astype(dtype)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


LAYOUTS = {
    "transposed": lambda a: a.T.copy().T,
    "Fortran order": np.asfortranarray,
    "negative strides": lambda a: a[::-1, ::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1, ::-1],
    "sliced": lambda a: np.repeat(np.repeat(a, 2, axis=1), 3, axis=2)[:, ::2, ::3],
    "channels first": lambda a: np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 3, 1)), 1, 3),
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "read-only": read_only,
    "broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
    "list": lambda a: a.tolist(),
}

generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
pad_pairs = st.tuples(st.integers(0, 3), st.integers(0, 3))
tf_paddings = st.one_of(st.sampled_from(["valid", "same"]), st.tuples(pad_pairs, pad_pairs))
all_paddings = st.one_of(tf_paddings, st.just("full"), st.integers(0, 3), pad_pairs)


@st.composite
def convolutions(draw, paddings, dtypes, most=3, side=9, transposed=False):
    """Draw images, kernels and keywords of a convolution, or of a transposed one; not all fit.

    most: the largest dilation rate and number of groups. side: the longest of an image.
    """
    random = draw(generators)
    size = draw(st.tuples(st.integers(1, 3), st.integers(1, side), st.integers(1, side)))
    kernel_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    channels, filters = draw(pairs)
    groups = draw(st.integers(1, most))
    dtype = draw(st.sampled_from(dtypes))
    keywords = {
        "strides": draw(pairs),
        "padding": draw(paddings),
        "dilation_rate": draw(st.tuples(*[st.integers(1, most)] * 2)),
        "groups": groups,
    }
    depth = groups * (filters if transposed else channels)
    images = whole_numbers(random, (*size, depth), dtype)
    kernels = whole_numbers(random, (*kernel_size, channels, filters * groups), dtype)
    return images, kernels, keywords


def assert_refused(call, argument, came, wanted):
    """Check that a call's error says, in both languages, what came for an argument and what was wanted."""
    with pytest.raises(ValueError) as raised:
        call()
    english, korean = str(raised.value).split("\n")
    shown = re.fullmatch(rf"{argument}: got (.*), wanted (.*)\.", english)
    assert shown, english
    assert came in shown[1]
    assert wanted in shown[2]
    assert korean.startswith(f"{argument}: 받은 값은 {shown[1]}입니다. 필요한 값: ")
    assert re.search("[가-힣]", korean.partition("필요한 값: ")[2])
