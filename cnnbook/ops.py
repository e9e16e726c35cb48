"""Convolution, pooling and their size formulas in NumPy.

Images are (batch, height, width, channels), kernels (height, width, channels // groups, filters),
as in TensorFlow's channels_last. What deep learning calls convolution is cross-correlation: the
kernel is not flipped (Goodfellow, Bengio, Courville, *Deep Learning*, 2016, section 9.1).

`convolve1d`, `correlate1d`, `correlate2d` and `conv2d_loop` are the plain loops that chapter 03
shows, `pool2d_loop` chapter 06's, `conv2d_backward_loop` chapter 07's, and `conv2d_transpose_loop`
goes the other way: slow, and nothing is hidden. `conv2d`, `pool2d`, `conv2d_backward` and
`conv2d_transpose` compute the same numbers as array programming.

One rule of number types holds for all that multiplies and adds: a floating first array keeps its
type and the others are cast to it, as in Keras; integers, 8-bit pixels among them, compute exactly
and return int64; integers first and floats after give numpy.result_type of all. `_types` holds it.
"""

import functools
import inspect
import math
import operator
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import numpy as np
from numpy.lib.stride_tricks import as_strided
from threadpoolctl import ThreadpoolController

from cnnbook._errors import bad_value, real_array

# Windows are gathered and multiplied in blocks of this many bytes: near the size of a processor's
# own cache, which is fast, and what keeps the memory small (`make bench`).
BLOCK_BYTES = 2 * 2**20


# --- the plain loops of the chapters ---------------------------------------------------------


def convolve1d(signal, weights):
    """Convolve two 1-D arrays: flip `weights`, slide, multiply, add. Shape (n - k + 1,)."""
    flipped = weights[::-1]
    places = len(signal) - len(weights) + 1
    return np.array([(signal[i : i + len(weights)] * flipped).sum() for i in range(places)])


def correlate1d(signal, weights):
    """Cross-correlate two 1-D arrays: slide, multiply, add, without a flip. Shape (n - k + 1,)."""
    places = len(signal) - len(weights) + 1
    return np.array([(signal[i : i + len(weights)] * weights).sum() for i in range(places)])


def correlate2d(image, kernel):
    """Cross-correlate a 2-D image with a 2-D kernel where the kernel fits whole ("valid")."""
    height = image.shape[0] - kernel.shape[0] + 1
    width = image.shape[1] - kernel.shape[1] + 1
    feature_map = np.zeros((height, width), dtype=np.result_type(image, kernel))
    for y in range(height):
        for x in range(width):
            window = image[y : y + kernel.shape[0], x : x + kernel.shape[1]]
            feature_map[y, x] = (window * kernel).sum()
    return feature_map


def conv2d_loop(images, kernels):
    """Cross-correlate (batch, h, w, channels) images with (kh, kw, channels, filters) kernels."""
    batch, filters = len(images), kernels.shape[-1]
    height = images.shape[1] - kernels.shape[0] + 1
    width = images.shape[2] - kernels.shape[1] + 1
    feature_maps = np.zeros((batch, height, width, filters), np.result_type(images, kernels))
    for n in range(batch):
        for y in range(height):
            for x in range(width):
                window = images[n, y : y + kernels.shape[0], x : x + kernels.shape[1]]
                for f in range(filters):
                    feature_maps[n, y, x, f] = (window * kernels[..., f]).sum()
    return feature_maps


def pool2d_loop(feature_map, pool_size, stride, summarise=np.max):
    """Summarise every pool_size × pool_size window of a 2-D feature map, `stride` pixels apart."""
    rows = range(0, feature_map.shape[0] - pool_size + 1, stride)  # where each window begins
    columns = range(0, feature_map.shape[1] - pool_size + 1, stride)
    return np.array(
        [
            [summarise(feature_map[y : y + pool_size, x : x + pool_size]) for x in columns]
            for y in rows
        ]
    )


def conv2d_backward_loop(images, kernels, grad_output, stride=1):
    """Return the gradients of images, kernels and bias from grad_output (batch, h, w, filters)."""
    height, width = kernels.shape[:2]
    grad_images, grad_kernels = np.zeros(images.shape), np.zeros(kernels.shape)
    for n, y, x, f in np.ndindex(*grad_output.shape):
        rows = slice(y * stride, y * stride + height)
        columns = slice(x * stride, x * stride + width)
        grad_kernels[..., f] += grad_output[n, y, x, f] * images[n, rows, columns]
        grad_images[n, rows, columns] += grad_output[n, y, x, f] * kernels[..., f]
    return grad_images, grad_kernels, grad_output.sum(axis=(0, 1, 2))


def conv2d_transpose_loop(images, kernels, stride=1):
    """Stamp a kernel for every number of (batch, h, w, filters) images; overlapping stamps add."""
    batch, height, width, _ = images.shape
    kernel_height, kernel_width, channels, _ = kernels.shape
    rows, columns = (height - 1) * stride + kernel_height, (width - 1) * stride + kernel_width
    output = np.zeros((batch, rows, columns, channels), np.result_type(images, kernels))
    for n, y, x, f in np.ndindex(*images.shape):
        stamped_rows = slice(y * stride, y * stride + kernel_height)
        stamped_columns = slice(x * stride, x * stride + kernel_width)
        output[n, stamped_rows, stamped_columns] += images[n, y, x, f] * kernels[..., f]
    return output


_RANKS = {"signal": 1, "weights": 1, "image": 2, "kernel": 2, "images": 4, "kernels": 4}
_RANKS["grad_output"] = 4


def _check_fit(arrays, stride):
    """Raise ValueError unless a loop's second array fits into its first, and a gradient its output."""
    (first, second, *rest), name = arrays.values(), list(arrays)[1]
    if first.ndim == 4:
        _check_channels(first, second, 1)
    if second.size == 0:
        raise bad_value(name, f"shape {second.shape}", "no empty axis", "길이가 0인 축이 없는 배열")
    inside = first.shape[1:3] if first.ndim == 4 else first.shape
    places = [
        _axis_size(name, size, window, stride, 0, 1)
        for size, window in zip(inside, second.shape, strict=False)
    ]
    for grad_output in rest:
        _gradient(grad_output, (len(first), *places, second.shape[3]), "conv2d")


def _check_stamps(arrays, stride):
    """Raise ValueError unless the kernels have the images' filters. Stamps fit with any stride."""
    _check_filters(arrays["images"], arrays["kernels"], 1)


def _exact(loop, check_fit=_check_fit):
    """Return the chapter's loop for arrays that fit each other, under the module's rule of types.

    8-bit sums must not wrap, and NumPy would broadcast shapes that do not match: check_fit(arrays,
    stride) refuses them.
    """
    signature = inspect.signature(loop)

    @functools.wraps(loop)
    def exact(*arguments, **options):
        bound = signature.bind(*arguments, **options)
        arrays = {
            name: _array(name, value, _RANKS[name])
            for name, value in bound.arguments.items()
            if name in _RANKS
        }
        check_fit(arrays, _integer("stride", bound.arguments.get("stride", 1)))
        first, second, *rest = arrays.values()

        def largest():
            by_second = int(np.abs(second.astype(object)).sum())
            by_first = first.size * _largest(first)
            return (
                _largest(rest[0]) * max(by_first, by_second)
                if rest
                else _largest(first) * by_second
            )

        result_type, compute_type = _types(list(arrays.values()), next(iter(arrays)), largest)
        bound.arguments |= {name: array.astype(compute_type) for name, array in arrays.items()}
        result = loop(*bound.args, **bound.kwargs)
        if isinstance(result, tuple):
            return tuple(one.astype(result_type) for one in result)
        return result.astype(result_type)

    return exact


convolve1d, correlate1d, correlate2d = map(_exact, (convolve1d, correlate1d, correlate2d))
conv2d_loop, conv2d_backward_loop = map(_exact, (conv2d_loop, conv2d_backward_loop))
conv2d_transpose_loop = _exact(conv2d_transpose_loop, _check_stamps)


# --- sizes and counts ------------------------------------------------------------------------


def output_size(size, kernel_size, stride=1, padding="valid", dilation_rate=1):
    """Return the output length of a convolution or pooling along one axis.

    With p zeros added in all, floor((size + p - span) / stride) + 1, where a dilated kernel spans
    (kernel_size - 1) * dilation_rate + 1 (Dumoulin, Visin, arXiv:1603.07285, relationships 6
    and 14). For "same", TensorFlow's rule: ceil(size / stride).

    size, kernel_size, stride, dilation_rate: pixels, integers of at least 1.
    padding: "valid", "same", "full", an int for each side, or (before, after).
    Raises ValueError for anything else, and for a kernel that is larger than the padded input.
    """
    size = _integer("size", size)
    kernel_size = _integer("kernel_size", kernel_size)
    stride = _integer("stride", stride)
    dilation_rate = _integer("dilation_rate", dilation_rate)
    if isinstance(padding, (tuple, list)):
        before, after = _pad_pair(padding, padding)
    else:
        (before, after), _ = _pad_amounts(
            padding, (size, size), (kernel_size,) * 2, (stride,) * 2, (dilation_rate,) * 2
        )
    return _axis_size("kernel_size", size, kernel_size, stride, before + after, dilation_rate)


def conv2d_parameter_count(kernel_size, channels, filters, use_bias=True):
    """Return how many numbers a convolution layer learns: filters * (kh * kw * channels + bias).

    kernel_size: an int or (height, width); channels, filters: integers of at least 1.
    Raises ValueError for anything else.
    """
    height, width = _pair("kernel_size", kernel_size)
    channels = _integer("channels", channels)
    filters = _integer("filters", filters)
    return filters * (height * width * channels + bool(use_bias))


# --- convolution -----------------------------------------------------------------------------


def conv2d(images, kernels, bias=None, *, strides=1, padding="valid", dilation_rate=1, groups=1):
    """Slide every kernel over every image, multiply and add: a convolution layer's forward pass.

    images: (batch, height, width, channels); the batch may be empty.
    kernels: (kernel height, kernel width, channels // groups, filters).
    bias: None or (filters,), added to each feature map.
    strides, dilation_rate: an int of at least 1, or one for (height, width).
    padding: "valid" (none), "same" (TensorFlow's rule: ceil(size / stride), the odd zero below and
        right), "full" (every overlap), an int, (height, width), or ((top, bottom), (left, right)).
    groups: channels and filters are split into this many independent convolutions.

    Returns (batch, output height, output width, filters), of a type by the module's rule.
    Raises ValueError for a wrong rank, channels or groups that do not match, a kernel larger than
    the padded image, a stride or dilation below 1, a type that is not a real number, or integers
    whose sums could leave int64.
    """
    images, kernels = _array("images", images, 4), _array("kernels", kernels, 4)
    strides, dilation_rate = _pair("strides", strides), _pair("dilation_rate", dilation_rate)
    groups = _integer("groups", groups)
    pads, (height, width) = _pads_and_places(
        images, kernels, strides, padding, dilation_rate, groups
    )
    kernel_size, filters = kernels.shape[:2], kernels.shape[3]
    if bias is not None:
        bias = _bias(bias, filters, "filter", "필터")

    def largest():
        by_weights = int(np.abs(kernels.astype(object)).sum(axis=(0, 1, 2)).max())
        return _largest(images) * by_weights + (0 if bias is None else _largest(bias))

    given = [images, kernels] + ([] if bias is None else [bias])
    result_type, compute_type = _types(given, "images", largest)
    if bias is not None:
        bias = bias.astype(result_type)

    output = np.empty((len(images), height, width, filters), result_type)
    matrix = _matrices(kernels, groups, compute_type)

    def fill(block):
        """Compute some rows of one image, or all rows of several: (images, rows) slices."""
        n, y = block
        maps = output[n, y]
        needed = (maps.shape[1] - 1) * strides[0] + (kernel_size[0] - 1) * dilation_rate[0] + 1
        slab = _padded_rows(images[n], pads, y.start * strides[0], needed, compute_type)
        windows = _windows(slab, kernel_size, maps.shape[1:3], strides, dilation_rate, groups)
        patches = windows.reshape(groups, maps[..., 0].size, -1)
        by_group = maps.reshape(-1, groups, filters // groups).transpose(1, 0, 2)
        # Matrix libraries fill their registers up with zeros: an infinite pixel times those is
        # an "invalid value" that no result holds.
        with np.errstate(invalid="ignore"):
            np.matmul(patches, matrix, out=by_group, casting="unsafe")
        if bias is not None:
            np.add(maps, bias, out=maps)

    rows, count = _block_size(height, width * matrix[..., 0].size * compute_type.itemsize)
    _each_block(
        fill,
        [
            (slice(n, n + count), slice(y, min(y + rows, height)))
            for n in range(0, len(images), count)
            for y in range(0, height, rows)
        ],
    )
    return output


def _bias(bias, length, one, one_ko):
    bias = real_array("bias", bias)
    if bias.shape != (length,):
        raise bad_value(
            "bias",
            f"shape {bias.shape}",
            f"({length},), one number per {one}",
            f"{one_ko}마다 하나, ({length},) 모양",
        )
    return bias


def _matrices(kernels, groups, dtype):
    """Return a matrix a group: (groups, window height * width * channels, filters // groups)."""
    return kernels.astype(dtype).reshape(-1, groups, kernels.shape[3] // groups).transpose(1, 0, 2)


def _block_size(height, row_bytes):
    """Return how many rows of one image, or how many whole images, make a block of windows.

    A view of all windows costs nothing, but the matrix product needs them as rows of a matrix, and
    copying out all of them would need kernel height * kernel width times the image's memory.
    """
    return min(height, max(1, BLOCK_BYTES // row_bytes)), max(
        1, BLOCK_BYTES // (row_bytes * height)
    )


def _each_block(work, blocks):
    """Call work(block) for every block, on all processors.

    The matrix library would share out each product by itself, but not the copying of the windows;
    one block a processor, each with a single-threaded product, shares out both.
    """
    if len(blocks) == 1 or sys.platform == "emscripten":  # in a browser's page there are no threads
        for block in blocks:
            work(block)
        return
    blas, pool, one_at_a_time = _blas_and_pool(os.getpid())
    # Two callers' limits that overlap would leave the library single-threaded for good.
    with one_at_a_time, blas.limit(limits=1, user_api="blas"):
        list(pool.map(work, blocks))  # list: raises what a worker raised


@functools.cache
def _blas_and_pool(process):
    """Keep the worker threads between calls; a forked process has none and makes its own."""
    return ThreadpoolController(), ThreadPoolExecutor(os.cpu_count(), "cnnbook.ops"), Lock()


def _check_channels(images, kernels, groups):
    channels = images.shape[3]
    if kernels.shape[2] * groups != channels:
        raise bad_value(
            "kernels",
            f"shape {kernels.shape} for images of shape {images.shape}, groups={groups}",
            f"channels // groups = {channels} // {groups} as the kernels' third number",
            f"커널의 세 번째 수가 channels // groups = {channels} // {groups}",
        )
    _check_groups(images, kernels, groups)


def _check_filters(images, kernels, groups):
    filters = images.shape[3]
    if kernels.shape[3] != filters:
        raise bad_value(
            "kernels",
            f"shape {kernels.shape} for images of shape {images.shape}",
            f"the images' {filters} filters as the kernels' fourth number",
            f"커널의 네 번째 수가 images의 필터 수 {filters}",
        )
    _check_groups(images, kernels, groups)


def _check_groups(images, kernels, groups):
    filters = kernels.shape[3]
    if filters % groups:
        raise bad_value(
            "groups", groups, f"a divisor of the {filters} filters", f"필터 수 {filters}의 약수"
        )
    for name, array, axes in (("images", images, (1, 2, 3)), ("kernels", kernels, (0, 1, 2, 3))):
        if any(array.shape[axis] == 0 for axis in axes):
            raise bad_value(
                name, f"shape {array.shape}", "no empty axis", "길이가 0인 축이 없는 배열"
            )


def _pads_and_places(images, kernels, strides, padding, dilation_rate, groups):
    """Check that the arrays fit each other; return their padding and (output height, width)."""
    _check_channels(images, kernels, groups)
    size, kernel_size = images.shape[1:3], kernels.shape[:2]
    pads = _pad_amounts(padding, size, kernel_size, strides, dilation_rate)
    axes = zip(size, kernel_size, strides, map(sum, pads), dilation_rate, strict=True)
    return pads, tuple(_axis_size("kernels", *axis) for axis in axes)


def _types(given, argument, largest):
    """Return (type of the result, type to compute in) for arrays of which the first leads.

    largest(): the most that integers can add up to; where that leaves int64, `argument` is refused.
    """
    if any(array.dtype.kind == "f" for array in given):
        leads = given[0].dtype.kind == "f"
        result_type = given[0].dtype if leads else np.result_type(*(a.dtype for a in given))
        # float16 sums lose digits; the processor computes it as float32 anyway.
        half = result_type == np.float16
        return np.dtype(result_type), np.dtype(np.float32) if half else np.dtype(result_type)
    total = largest()
    if total >= 2**63:
        raise bad_value(
            argument,
            f"integers whose sums can reach {total}",
            "sums below 2**63, or a float type",
            "합이 2**63보다 작은 정수, 또는 실수형",
        )
    # float64 holds every integer below 2**53 exactly and has a fast matrix product; int64 has not.
    return np.dtype(np.int64), np.dtype(np.float64 if total < 2**53 else np.int64)


def _largest(array):
    return max(abs(int(array.max())), abs(int(array.min()))) if array.size else 0


def _padded_rows(images, pads, first, rows, dtype):
    """Return `rows` rows of the zero-padded images from padded row `first` on, as `dtype`."""
    (top, _), (left, right) = pads
    height, width = images.shape[1:3]
    low, high = max(0, first - top), min(height, first + rows - top)
    if (low, high) == (first - top, first + rows - top) and left == right == 0:
        return images[:, low:high].astype(dtype, copy=False)
    shape = (len(images), rows, left + width + right, images.shape[3])
    slab = np.zeros(shape, dtype)
    if high > low:
        slab[:, low + top - first : high + top - first, left : left + width] = images[:, low:high]
    return slab


def _windows(images, kernel_size, places, strides, dilation_rate, groups):
    """View every window, without a copy, as (groups, batch, *places, *kernel_size, channels)."""
    batch, row, column, channel = images.strides
    channels = images.shape[3] // groups
    return as_strided(
        images,
        (groups, len(images), *places, *kernel_size, channels),
        (
            channel * channels,
            batch,
            row * strides[0],
            column * strides[1],
            row * dilation_rate[0],
            column * dilation_rate[1],
            channel,
        ),
        writeable=False,
    )


def conv2d_backward(
    images, kernels, grad_output, *, strides=1, padding="valid", dilation_rate=1, groups=1
):
    """Carry the loss's gradient back through `conv2d`, from its output to all that made it.

    images, kernels, strides, padding, dilation_rate, groups: as they were given to `conv2d`.
    grad_output: (batch, output height, output width, filters), d loss / d output.

    Returns (grad_images, grad_kernels, grad_bias), of the shapes of images and kernels, and
    (filters,); all three of the type that `conv2d` gives for floating numbers. When images,
    kernels and grad_output are all integers, the gradients are exact and int64.
    Raises ValueError as `conv2d` does, and for a grad_output that has not the output's shape.

    A weight's gradient is the sum of grad_output times the pixels it met; a pixel's, the sum of
    grad_output times the weights it met (Dumoulin, Visin, arXiv:1603.07285, chapter 4).
    """
    images, kernels = _array("images", images, 4), _array("kernels", kernels, 4)
    strides, dilation_rate = _pair("strides", strides), _pair("dilation_rate", dilation_rate)
    groups = _integer("groups", groups)
    pads, (height, width) = _pads_and_places(
        images, kernels, strides, padding, dilation_rate, groups
    )
    kernel_size, filters = kernels.shape[:2], kernels.shape[3]
    grad_output = _gradient(grad_output, (len(images), height, width, filters), "conv2d")

    def largest():
        by_pixels = len(images) * height * width * max(1, _largest(images))
        return _largest(grad_output) * max(_largest_stamped(kernels, groups), by_pixels)

    result_type, compute_type = _types([images, kernels, grad_output], "grad_output", largest)
    matrix = _matrices(kernels, groups, compute_type)
    # Every image meets every kernel: each share of the batch adds up a gradient of its own.
    shares = _shares(len(images))
    grad_images = np.zeros(images.shape, compute_type)
    grad_kernels = np.zeros((len(shares), *matrix.shape), compute_type)
    # Of float32, NumPy adds the first axes one number after the other, and loses digits.
    floats = compute_type.kind == "f"
    wide = np.result_type(compute_type, np.float64) if floats else compute_type
    grad_bias = np.zeros((len(shares), filters), wide)

    def add_block(share, n, y):
        """Add what some rows of the output of some images send back: n, y are slices."""
        grad = grad_output[n, y].astype(compute_type, copy=False)
        places = grad.shape[1:3]
        needed = (places[0] - 1) * strides[0] + (kernel_size[0] - 1) * dilation_rate[0] + 1
        slab = _padded_rows(images[n], pads, y.start * strides[0], needed, compute_type)
        windows = _windows(slab, kernel_size, places, strides, dilation_rate, groups)
        patches = windows.reshape(groups, grad[..., 0].size, -1)
        by_group = grad.reshape(-1, groups, filters // groups).transpose(1, 0, 2)
        with np.errstate(invalid="ignore"):  # as in conv2d
            grad_kernels[share] += patches.swapaxes(1, 2) @ by_group
        grad_bias[share] += grad.sum(axis=(0, 1, 2), dtype=wide)
        _stamp(grad_images[n], grad, matrix, pads, y.start, kernel_size, strides, dilation_rate)

    _each_share(add_block, shares, height, width * matrix[..., 0].size * compute_type.itemsize)
    grad_kernels = grad_kernels.sum(axis=0).transpose(1, 0, 2).reshape(kernels.shape)
    gradients = grad_images, grad_kernels, grad_bias.sum(axis=0)
    return tuple(gradient.astype(result_type, copy=False) for gradient in gradients)


def _gradient(grad_output, shape, function):
    grad_output = _array("grad_output", grad_output, 4)
    if grad_output.shape != shape:
        raise bad_value(
            "grad_output",
            f"shape {grad_output.shape}",
            f"{shape}, the shape of {function}'s output",
            f"{function}의 출력과 같은 {shape} 모양",
        )
    return grad_output


def _largest_stamped(kernels, groups):
    """Return the most that integer weights can add up to in one pixel, signs aside."""
    by_group = np.abs(kernels.astype(object)).reshape(*kernels.shape[:3], groups, -1)
    return int(by_group.sum(axis=(0, 1, 4)).max())


def _shares(batch):
    """Split a batch into at most 8 slices: on any number of processors, sums round alike."""
    size = max(1, math.ceil(batch / 8))
    return [slice(n, min(n + size, batch)) for n in range(0, batch, size)]


def _each_share(work, shares, height, row_bytes):
    """Call work(share, n, y) for every block of some images' rows, n and y being slices.

    The shares go to all processors; a share's blocks come one after the other, because the pixels
    that rows send numbers back to overlap.
    """
    rows, count = _block_size(height, row_bytes)

    def go_through(share):
        stop = shares[share].stop
        for n in range(shares[share].start, stop, count):
            for y in range(0, height, rows):
                work(share, slice(n, min(n + count, stop)), slice(y, min(y + rows, height)))

    _each_block(go_through, range(len(shares)))


def _stamp(images, maps, matrix, pads, first, kernel_size, strides, dilation_rate):
    """Add to the images what some rows of the output, from row `first` on, send back to them.

    Each number of the maps stamps its kernel, scaled by it, where `conv2d` had its window; what
    falls on the padding is cut off.
    """
    groups, (top, _), (left, right) = len(matrix), *pads
    height, width = images.shape[1:3]
    by_group = maps.reshape(-1, groups, matrix.shape[2]).transpose(1, 2, 0)
    with np.errstate(invalid="ignore"):  # as in conv2d
        stamps = matrix @ by_group
    # Pixels come last here: whole rows are added at a time, however few the channels.
    stamps = stamps.reshape(groups, *kernel_size, -1, *maps.shape[:3])
    rows = (maps.shape[1] - 1) * strides[0] + (kernel_size[0] - 1) * dilation_rate[0] + 1
    slab = np.zeros((groups, stamps.shape[3], len(maps), rows, left + width + right), maps.dtype)
    for i, j in np.ndindex(*kernel_size):
        met_y, met_x = (
            slice(start, start + (maps.shape[1 + a] - 1) * strides[a] + 1, strides[a])
            for a, start in enumerate((i * dilation_rate[0], j * dilation_rate[1]))
        )
        slab[..., met_y, met_x] += stamps[:, i, j]
    slab = np.moveaxis(slab.reshape(-1, *slab.shape[2:]), 0, -1)
    above = top - first * strides[0]  # rows of padding that the slab begins with
    low, high = max(0, -above), min(height, rows - above)
    if high > low:
        images[:, low:high] += slab[:, low + above : high + above, left : left + width]


def conv2d_transpose(
    images,
    kernels,
    bias=None,
    *,
    strides=1,
    padding="valid",
    output_padding=None,
    output_size=None,
    dilation_rate=1,
    groups=1,
):
    """Let every number stamp its kernel, and add where stamps overlap: a transposed convolution.

    It carries numbers the way of `conv2d` backward: the gradient of `conv2d` with respect to its
    images, and the product with the transpose of the matrix that `conv2d` is, not its inverse
    (Dumoulin, Visin, arXiv:1603.07285, chapter 4).

    images: (batch, height, width, filters), as `conv2d` returns them; the batch may be empty.
    kernels: as `conv2d` takes them, (kernel height, kernel width, channels // groups, filters).
    bias: None or (channels,), added to each channel of the output.
    strides, dilation_rate, groups: as in `conv2d`.
    padding: as in `conv2d`. What falls on it is cut off.
    output_padding: an int of at least 0, or one for (height, width): how many rows and columns more
        than the smallest output from which `conv2d` gives the images' size. With p zeros of padding
        in all, the smallest is (size - 1) * stride + (kernel_size - 1) * dilation_rate + 1 - p, for
        "same" (size - 1) * stride + 1. At most stride - 1: `conv2d` has one more place in the next.
        None is 0, but for "same" stride - 1, which gives size * stride.
    output_size: instead of output_padding, the output's own (height, width), or an int for both.

    Returns (batch, output height, output width, channels), of a type by the module's rule.
    Raises ValueError for a wrong rank, filters or groups that do not match, a size from which
    `conv2d` would not give the images' own, a stride or dilation below 1, a type that is not a real
    number, or integers whose sums could leave int64.

    Elsewhere: Keras has None give size * stride for "valid", too, where the kernel is narrower than
    the stride, and for "same" and an even kernel counts output_padding from one less. PyTorch and
    ONNX allow an output_padding up to the dilation rate where that is larger than the stride.
    """
    images, kernels = _array("images", images, 4), _array("kernels", kernels, 4)
    strides, dilation_rate = _pair("strides", strides), _pair("dilation_rate", dilation_rate)
    groups = _integer("groups", groups)
    _check_filters(images, kernels, groups)
    kernel_size, channels = kernels.shape[:2], kernels.shape[2] * groups
    size = _transposed_size(
        images.shape[1:3], kernel_size, strides, padding, output_padding, output_size, dilation_rate
    )
    pads = _pad_amounts(padding, size, kernel_size, strides, dilation_rate)
    if bias is not None:
        bias = _bias(bias, channels, "channel", "채널")

    def largest():
        by_weights = _largest_stamped(kernels, groups)
        return _largest(images) * by_weights + (0 if bias is None else _largest(bias))

    given = [images, kernels] + ([] if bias is None else [bias])
    result_type, compute_type = _types(given, "images", largest)
    matrix = _matrices(kernels, groups, compute_type)
    shape = len(images), *size, channels
    output = np.full(shape, 0 if bias is None else bias, compute_type)

    def add_block(_, n, y):
        maps = images[n, y].astype(compute_type, copy=False)
        _stamp(output[n], maps, matrix, pads, y.start, kernel_size, strides, dilation_rate)

    row_bytes = images.shape[2] * matrix[..., 0].size * compute_type.itemsize
    _each_share(add_block, _shares(len(images)), images.shape[1], row_bytes)
    return output.astype(result_type, copy=False)


def _transposed_size(
    places, kernel_size, strides, padding, output_padding, output_size, dilation_rate
):
    """Return the output's (height, width): of those from which `conv2d` gives `places`, one."""
    # "same" pads the smallest of them as it pads a single pixel: with span - 1 zeros.
    pads = _pad_amounts(padding, (1, 1), kernel_size, strides, dilation_rate)
    smallest = [
        (places[a] - 1) * strides[a] + (kernel_size[a] - 1) * dilation_rate[a] + 1 - sum(pads[a])
        for a in (0, 1)
    ]
    fitting = [range(max(1, smallest[a]), smallest[a] + strides[a]) for a in (0, 1)]
    if output_size is not None:
        if output_padding is not None:
            raise bad_value(
                "output_size",
                f"{output_size!r} beside output_padding={output_padding!r}",
                "one of the two",
                "둘 중 하나",
            )
        argument, came, start = "output_size", output_size, (0, 0)
        size = _pair("output_size", output_size)
    elif output_padding is not None:
        argument, came, start = "output_padding", output_padding, smallest
        more = _pair("output_padding", output_padding, least=0)
        size = tuple(smallest[a] + more[a] for a in (0, 1))
    else:
        argument = "padding"
        same = isinstance(padding, str) and padding.lower() == "same"
        size = tuple(fitting[a][-1] if same else smallest[a] for a in (0, 1))
    if all(size[a] in fitting[a] for a in (0, 1)):
        return size
    if argument == "padding" or not all(fitting):
        raise bad_value(
            "padding",
            padding,
            "a padding that leaves at least one row and one column of the output",
            "출력의 행과 열이 적어도 하나씩 남는 패딩",
        )
    (low, high), (left, right) = (
        (fitting[a][0] - start[a], fitting[a][-1] - start[a]) for a in (0, 1)
    )
    raise bad_value(
        argument,
        came,
        f"a height from {low} to {high} and a width from {left} to {right}, so that conv2d gives "
        f"the images' size {tuple(places)}",
        f"conv2d의 출력이 images처럼 {tuple(places)} 크기가 되는 높이 {low}~{high}, 너비 {left}~{right}",
    )


# --- pooling ---------------------------------------------------------------------------------


def pool2d(images, pool_size, *, strides=None, padding="valid", mode="max"):
    """Summarise every window of every channel by its largest, mean or smallest value.

    images: (batch, height, width, channels); the batch may be empty.
    pool_size: an int or (height, width). strides: likewise; None means the pool size.
    padding: as in `conv2d`. Padding never wins a maximum or minimum and is not counted in a mean.
    mode: "max", "average" or "min".

    Returns (batch, output height, output width, channels) of the images' type; the average of
    integers is float64. A NaN in a window makes its result NaN.
    Raises ValueError as `conv2d` does, and where a window would hold nothing but padding.
    """
    images, pool_size = _array("images", images, 4), _pair("pool_size", pool_size)
    strides = pool_size if strides is None else _pair("strides", strides)
    if mode not in ("max", "average", "min"):
        raise bad_value(
            "mode", mode, '"max", "average" or "min"', '"max", "average", "min" 중 하나'
        )
    if 0 in images.shape[1:]:
        raise bad_value(
            "images", f"shape {images.shape}", "no empty axis", "길이가 0인 축이 없는 배열"
        )
    pads = _pad_amounts(padding, images.shape[1:3], pool_size, strides, (1, 1))
    places = [
        _axis_size("pool_size", images.shape[1 + a], pool_size[a], strides[a], sum(pads[a]), 1)
        for a in (0, 1)
    ]
    inside = [
        _real_pixels(images.shape[1 + a], pool_size[a], strides[a], pads[a][0], places[a])
        for a in (0, 1)
    ]
    if any((count == 0).any() for count in inside):
        raise bad_value(
            "padding",
            padding,
            "a padding narrower than the window, so that each window meets the image",
            "창마다 이미지의 칸이 적어도 하나 들어가도록 창보다 좁은 패딩",
        )

    average = mode == "average"
    integers = not np.issubdtype(images.dtype, np.floating)
    dtype = np.dtype(np.float64) if average and integers else images.dtype
    # Sums lose digits: in half precision soon, in single precision where there are many numbers.
    wide = np.float64 if math.prod(pool_size) > 64 else np.float32
    work = np.result_type(dtype, wide) if average else dtype
    start = 0 if average else _extreme(dtype, mode)
    combine = {"max": np.maximum, "average": np.add, "min": np.minimum}[mode]
    output = np.full((len(images), *places, images.shape[3]), start, work)
    # One pass per place inside the window: whole arrays at a time, and no copy of the windows.
    for dy in range(pool_size[0]):
        out_y, in_y = _overlap(images.shape[1], dy - pads[0][0], strides[0], places[0])
        for dx in range(pool_size[1]):
            out_x, in_x = _overlap(images.shape[2], dx - pads[1][0], strides[1], places[1])
            target = output[:, out_y, out_x]
            combine(target, images[:, in_y, in_x], out=target, casting="unsafe")
    if average:
        output /= np.multiply.outer(*inside)[:, :, np.newaxis].astype(work)
    return output.astype(dtype, copy=False)


def _extreme(dtype, mode):
    """Return the value that loses every comparison, so that padding never wins."""
    if dtype.kind == "b":
        return mode == "min"
    if np.issubdtype(dtype, np.floating):
        return -np.inf if mode == "max" else np.inf
    limits = np.iinfo(dtype)
    return limits.min if mode == "max" else limits.max


def _overlap(size, offset, stride, places):
    """Return (output slice, input slice) where output i meets the real pixel i * stride + offset."""
    first = max(0, -(offset // stride))
    last = min(places, (size - 1 - offset) // stride + 1)
    if last <= first:
        return slice(0, 0), slice(0, 0)
    start = first * stride + offset
    return slice(first, last), slice(start, start + (last - first - 1) * stride + 1, stride)


def _real_pixels(size, window, stride, before, places):
    """Return for each output place how many of the window's pixels lie inside the image."""
    starts = np.arange(places) * stride - before
    return np.minimum(starts + window, size).clip(0) - starts.clip(0, size)


def pool2d_backward(images, pool_size, grad_output, *, strides=None, padding="valid", mode="max"):
    """Carry the loss's gradient back through `pool2d`, from its output to the images.

    images, pool_size, strides, padding: as they were given to `pool2d`.
    grad_output: (batch, output height, output width, channels), d loss / d output.
    mode: "max": a window's gradient goes to its largest pixel, to the first of them, row by row,
        where several are equally large, as in TensorFlow. "average": all pixels of a window that
        lie inside the image share its gradient equally. "min" is forward only.

    Returns the gradient of the images, of their shape and, for floating images, their type. For
    integer images, "average" gives float64, and "max" exact int64 or, where grad_output is
    floating, numpy.result_type of the two.
    Raises ValueError as `pool2d` does, and for a grad_output that has not the output's shape.
    """
    if mode not in ("max", "average"):
        raise bad_value(
            "mode",
            mode,
            '"max" or "average" ("min" is forward only)',
            '"max" 또는 "average" ("min"은 앞으로만 계산함)',
        )
    images = _array("images", images, 4)
    pooled = pool2d(images, pool_size, strides=strides, padding=padding, mode=mode)
    grad_output = _gradient(grad_output, pooled.shape, "pool2d")
    pool_size = _pair("pool_size", pool_size)
    strides = pool_size if strides is None else _pair("strides", strides)
    pads = _pad_amounts(padding, images.shape[1:3], pool_size, strides, (1, 1))

    def largest():
        windows = math.prod(math.ceil(pool_size[a] / strides[a]) for a in (0, 1))
        return _largest(grad_output) * windows  # that one pixel can win

    given = [images, grad_output] if mode == "max" else [images, grad_output, pooled]
    result_type, compute_type = _types(given, "grad_output", largest)
    grad = grad_output.astype(compute_type, copy=False)
    if mode == "average":
        inside = [
            _real_pixels(
                images.shape[1 + a], pool_size[a], strides[a], pads[a][0], grad.shape[1 + a]
            )
            for a in (0, 1)
        ]
        grad = grad / np.multiply.outer(*inside)[:, :, np.newaxis].astype(compute_type)
    grad_images = np.zeros(images.shape, compute_type)
    undecided = np.ones(pooled.shape, bool)
    for dy in range(pool_size[0]):
        out_y, in_y = _overlap(images.shape[1], dy - pads[0][0], strides[0], grad.shape[1])
        for dx in range(pool_size[1]):
            out_x, in_x = _overlap(images.shape[2], dx - pads[1][0], strides[1], grad.shape[2])
            share = grad[:, out_y, out_x]
            if mode == "max":
                pixels, left = images[:, in_y, in_x], undecided[:, out_y, out_x]
                # A NaN, which equals nothing, has made its window NaN: it has won, too.
                won = left & ((pixels == pooled[:, out_y, out_x]) | (pixels != pixels))
                left &= ~won
                share = np.where(won, share, 0)
            grad_images[:, in_y, in_x] += share
    return grad_images.astype(result_type, copy=False)


# --- arguments -------------------------------------------------------------------------------


def _integer(argument, value, least=1):
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, (bool, np.bool_)):
        raise bad_value(argument, value, f"an integer of at least {least}", f"{least} 이상의 정수")
    return number


def _pair(argument, value, least=1):
    if isinstance(value, (tuple, list)) or (isinstance(value, np.ndarray) and value.ndim):
        if len(value) != 2:
            raise bad_value(
                argument,
                value,
                f"an integer of at least {least} or two of them, (height, width)",
                f"{least} 이상의 정수 하나, 또는 (높이, 너비) 두 개",
            )
        return tuple(_integer(argument, v, least) for v in value)
    return (_integer(argument, value, least),) * 2


def _array(argument, value, rank):
    array = real_array(argument, value)
    axes = {
        "signal": "(length,)",
        "weights": "(length,)",
        "image": "(height, width)",
        "kernel": "(height, width)",
        "grad_output": "(batch, output height, output width, filters or channels)",
        "kernels": "(height, width, channels // groups, filters)",
    }.get(argument, "(batch, height, width, channels)")
    if array.ndim != rank:
        raise bad_value(
            argument, f"shape {array.shape}", f"{rank} axes, {axes}", f"축 {rank}개, {axes}"
        )
    return array


def _pad_amounts(padding, size, kernel_size, strides, dilation_rate):
    """Return ((top, bottom), (left, right)) for every form of padding the package takes."""
    spans = [(k - 1) * d + 1 for k, d in zip(kernel_size, dilation_rate, strict=True)]
    if isinstance(padding, str):
        name = padding.lower()
        if name == "valid":
            return (0, 0), (0, 0)
        if name == "full":
            return tuple((span - 1, span - 1) for span in spans)
        if name == "same":
            pairs = zip(size, spans, strides, strict=True)
            totals = [max(0, (math.ceil(n / s) - 1) * s + span - n) for n, span, s in pairs]
            return tuple((total // 2, total - total // 2) for total in totals)
        raise _bad_padding(padding)
    sides = padding if isinstance(padding, (tuple, list)) else (padding, padding)
    if len(sides) != 2:
        raise _bad_padding(padding)
    return tuple(_pad_pair(side, padding) for side in sides)


def _pad_pair(side, padding):
    """Return (before, after) of one axis; `padding` is the whole argument, for the sentence."""
    pair = side if isinstance(side, (tuple, list)) else (side, side)
    try:
        amounts = tuple(operator.index(amount) for amount in pair)
    except TypeError:
        raise _bad_padding(padding) from None
    if len(amounts) != 2 or min(amounts) < 0 or any(isinstance(a, (bool, np.bool_)) for a in pair):
        raise _bad_padding(padding)
    return amounts


def _bad_padding(padding):
    return bad_value(
        "padding",
        padding,
        '"valid", "same", "full", an int of at least 0, (height, width) or ((top, bottom), (left, right))',
        '"valid", "same", "full", 0 이상의 정수, (높이, 너비), 또는 ((위, 아래), (왼쪽, 오른쪽))',
    )


def _axis_size(argument, size, kernel_size, stride, pad, dilation_rate):
    span = (kernel_size - 1) * dilation_rate + 1
    if span > size + pad:
        raise bad_value(
            argument,
            f"a window of {span} pixels",
            f"at most the padded image's {size + pad} pixels",
            f"패딩한 이미지의 크기 {size + pad} 이하",
        )
    return (size + pad - span) // stride + 1
