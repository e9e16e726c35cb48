"""Normalisation in NumPy: standardisation, contrast, whitening, batch and layer normalisation.

Chapter 15 shows every function that computes; the small ones at the end judge arguments. Integers
and booleans are computed as float64, half precision as float32; float32 and wider types are kept.
Every mean is summed in float64: NumPy adds float32 along the first axes one after the other, and of
CIFAR-10's 50,000 training images, from 0 to 1, the mean red comes out as .328 instead of .491.
"""

import operator

import numpy as np

from cnnbook import ops
from cnnbook._errors import bad_value, real_array

# --- standardisation and contrast ------------------------------------------------------------


def standardize(images, axis, epsilon=0.0):
    """Shift and scale to mean 0 and variance 1 along `axis`: (x - mean) / sqrt(variance + epsilon).

    images: an array of any rank, such as (batch, height, width, channels).
    axis: the axis or axes that share one mean and one variance: (1, 2, 3) standardises each image
        by itself, 0 each feature (a pixel of a channel), (0, 1, 2) each channel.
    epsilon: at least 0, added to the variance, in squared units of the input.

    Returns an array of the same shape. The variance is the mean square: divided by n, not n - 1.
    Raises ValueError for an axis that is not there, for a negative epsilon, and, with epsilon 0,
    where all values that share a variance are equal, which one value alone always is.
    """
    images = checked("images", images)
    axis = checked_axes(axis, images.ndim)
    refuse_constant("images", images, axis, epsilon)
    centered = images - average(images, axis)
    variance = average(centered**2, axis)
    return centered / np.sqrt(variance + epsilon)


def global_contrast(images, scale=1.0, bias=0.0, epsilon=1e-8):
    """Give each image mean 0 and the same contrast: scale · x / max(epsilon, sqrt(bias + x²'s mean)).

    Global contrast normalisation (Goodfellow, Bengio, Courville, *Deep Learning*, 2016, formula
    12.3). Contrast is the standard deviation over an image's pixels and channels together.
    images: (batch, height, width, channels). scale: the contrast of the result. bias: at least 0,
    in squared units; keeps almost constant images small. epsilon: at least 0, in units of the
    input: contrast below it is not stretched, and a constant image becomes 0.

    Returns an array of the same shape. Raises ValueError for another rank, a negative number, and
    for a constant image where bias and epsilon are both 0.
    """
    images = checked("images", images, 4)
    refuse_constant("images", images, (1, 2, 3), checked_floor(scale, bias, epsilon))
    centered = images - average(images, (1, 2, 3))
    contrast = np.sqrt(bias + average(centered**2, (1, 2, 3)))
    return scale * centered / np.maximum(contrast, epsilon)


def gaussian_window(size, sigma):
    """Return (size, size) weights that fall off from the centre like a bell and add up to 1.

    size: an odd number of pixels. sigma: the bell's standard deviation in pixels, above 0.
    """
    distance = np.arange(size) - size // 2
    bell = np.exp(-(distance**2) / (2 * sigma**2))
    return np.outer(bell, bell) / bell.sum() ** 2


def local_mean(images, window):
    """Return the weighted mean around every pixel, over all channels: (batch, height, width, 1).

    window: (size, size) weights that add up to 1, size odd. At the border the image is mirrored.
    """
    margin, channels = len(window) // 2, images.shape[-1]
    padding = ((0, 0), (margin, margin), (margin, margin), (0, 0))
    kernel = np.stack([window / channels] * channels, axis=-1)[..., np.newaxis]
    return ops.conv2d(np.pad(images, padding, mode="reflect"), kernel)


def local_contrast(images, size=9, sigma=2.0):
    """Subtract each pixel's surroundings, then divide by their contrast, at least the image's mean.

    Local contrast normalisation (Jarrett, Kavukcuoglu, Ranzato, LeCun, *What is the best
    multi-stage architecture for object recognition?*, ICCV 2009, section 2.1).
    images: (batch, height, width, channels). size: an odd number of pixels of at least 3, at most
    twice the image's shorter side minus 1. sigma: the window's standard deviation, above 0.

    Returns an array of the same shape. Raises ValueError for another rank or window and for a
    constant image.
    """
    images = checked("images", images, 4)
    refuse_constant("images", images, (1, 2, 3))
    window = gaussian_window(*checked_window(size, sigma, images))
    centered = images - local_mean(images, window)
    contrast = np.sqrt(local_mean(centered**2, window))
    return centered / np.maximum(contrast, average(contrast, (1, 2, 3)))


def local_response(images, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75):
    """Divide each value by what its neighbour channels show at the same pixel.

    x / (bias + alpha · s) ** beta, where s is the sum of squares of the channels from
    c - depth_radius to c + depth_radius, as many as there are. Local response normalisation
    (Krizhevsky, Sutskever, Hinton, *ImageNet Classification with Deep Convolutional Neural
    Networks*, 2012, section 3.3: its numbers are the defaults); arguments are named as in
    tf.nn.local_response_normalization.

    images: (batch, height, width, channels). depth_radius: an integer of at least 0. bias: above
    0; alpha, beta: at least 0. Returns an array of the same shape. Raises ValueError otherwise.
    """
    images = checked("images", images, 4)
    radius = checked_response(depth_radius, bias, alpha, beta)
    total = np.zeros_like(images)
    for c in range(images.shape[-1]):
        neighbors = images[..., max(0, c - radius) : c + radius + 1]
        total[..., c] = (neighbors**2).sum(axis=-1)
    return images / (bias + alpha * total) ** beta


# --- whitening -------------------------------------------------------------------------------


def principal_components(samples):
    """Find the directions in which samples vary most, by singular value decomposition.

    samples: (samples, features), at least 2 samples that are not all equal.
    Returns (mean, directions, variances) of shapes (features,), (rank, features), (rank,). The
    directions are rows of length 1, perpendicular, the largest variance first; directions without
    variance are left out, and n samples have at most n - 1 with. Each direction's largest number
    is positive, which makes its sign the same everywhere. Variances are divided by n - 1, as in
    scikit-learn's PCA. What rounding makes of a variance of 0 is judged as in
    numpy.linalg.matrix_rank.
    Raises ValueError for another rank of the array, too few or equal samples.
    """
    samples = checked_samples("samples", samples)
    mean = average(samples, 0)[0]
    _, lengths, directions = np.linalg.svd(samples - mean, full_matrices=False)
    rank = (lengths > lengths[0] * max(samples.shape) * np.finfo(lengths.dtype).eps).sum()
    directions, variances = directions[:rank], lengths[:rank] ** 2 / (len(samples) - 1)
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(rank), largest])
    return mean, directions * signs[:, np.newaxis], variances


def pca_whiten(samples, epsilon=1e-5, training=None):
    """Turn samples to their principal directions and give each direction variance 1.

    samples: (samples, features). epsilon: at least 0, added to each direction's variance v, in
    squared units of the input: the result's variance is v / (v + epsilon). training: (samples,
    features) to learn mean, directions and variances from, when samples are new ones.

    Returns (samples, rank): directions in which the samples learned from do not vary are left out.
    Raises ValueError as `principal_components` does, for a negative epsilon, and for training with
    other features.
    """
    samples, training = checked_pair(samples, training, epsilon)
    mean, directions, variances = principal_components(training)
    return (samples - mean) @ directions.T / np.sqrt(variances + epsilon)


def zca_whiten(samples, epsilon=1e-5, training=None):
    """Whiten as `pca_whiten` does, then turn back: of all whitenings the nearest to the input.

    Zero-phase component analysis (Bell, Sejnowski, *The "independent components" of natural scenes
    are edge filters*, Vision Research 37, 1997). Arguments and errors as for `pca_whiten`.
    Returns (samples, features): images again, once reshaped.
    """
    samples, training = checked_pair(samples, training, epsilon)
    mean, directions, variances = principal_components(training)
    return (samples - mean) @ directions.T / np.sqrt(variances + epsilon) @ directions


# --- inside a network ------------------------------------------------------------------------


def batch_norm(x, gamma, beta, epsilon=1e-3, axis=-1, moving=None):
    """Standardise each channel over the batch, then scale by gamma and shift by beta.

    Batch normalisation, forward (Ioffe, Szegedy, arXiv:1502.03167, algorithm 1).
    x: an array of rank 2 or more, such as (batch, height, width, channels). gamma, beta: one
    number, or one a channel. epsilon: at least 0, added to the variance. axis: of the channels.
    moving: None to use the batch's own mean and variance, as in training, or (mean, variance) to
    use instead, as in prediction; each one number, or one a channel.

    Returns an array of the same shape. Raises ValueError for another rank, an axis that is not
    there, numbers that do not match the channels, a negative epsilon or variance; without
    `moving`, for a channel of a single value, which could only become beta; with epsilon 0, for a
    channel without variance.
    """
    x = channels_last(x, axis)
    mean, variance = checked_moving(moving, x, epsilon) or batch_statistics(x, epsilon)
    normalized = (x - mean) / np.sqrt(variance + epsilon)
    y = per_channel("gamma", gamma, x) * normalized + per_channel("beta", beta, x)
    return np.moveaxis(y, -1, axis)


def batch_statistics(x, epsilon=1e-3):
    """Return (mean, variance) of each channel, the last axis, over all other axes."""
    over = tuple(range(x.ndim - 1))
    refuse_single(x)
    refuse_constant("x", x, over, epsilon)
    mean = average(x, over)
    return mean.ravel(), average((x - mean) ** 2, over).ravel()


def layer_norm(x, gamma, beta, epsilon=1e-3, axis=-1):
    """Standardise each sample's features along one axis, then scale by gamma and shift by beta.

    Layer normalisation (Ba, Kiros, Hinton, arXiv:1607.06450), with the one axis that is Keras's
    default: of maps (batch, height, width, channels), each pixel's channels by themselves. To
    share a mean among all of a sample, use `standardize(x, (1, 2, 3), epsilon)`.
    x: an array of rank 2 or more.
    gamma, beta: one number, or one for each place along `axis`. epsilon: at least 0, added to the
    variance. Nothing depends on the other samples of the batch.

    Returns an array of the same shape. Raises ValueError as `batch_norm` does; with epsilon 0, for
    features that are all equal.
    """
    x = channels_last(x, axis)
    normalized = standardize(x, -1, epsilon)
    y = per_channel("gamma", gamma, x) * normalized + per_channel("beta", beta, x)
    return np.moveaxis(y, -1, axis)


# --- arguments -------------------------------------------------------------------------------


def average(values, axis):
    """Return the mean along an axis or axes, which stay with length 1, of the values' type."""
    return values.mean(axis=axis, keepdims=True, dtype=np.float64).astype(values.dtype)


def checked(argument, value, rank=None):
    """Return the value as an array of finite floats whose squares add up; ValueError otherwise."""
    array = real_array(argument, value)
    if array.ndim == 0 or (rank and array.ndim != rank):
        wanted, wanted_ko = {
            None: ("at least one axis", "축이 하나 이상인 배열"),
            2: ("2 axes, (samples, features)", "축 2개, (samples, features)"),
            4: ("4 axes, (batch, height, width, channels)",
                "축 4개, (batch, height, width, channels)"),
        }[rank]  # fmt: skip
        raise bad_value(argument, f"shape {array.shape}", wanted, wanted_ko)
    if array.size == 0:
        raise bad_value(
            argument, f"shape {array.shape}", "no empty axis", "길이가 0인 축이 없는 배열"
        )
    if not np.isfinite(array).all():
        raise bad_value(argument, "infinity or NaN", "finite numbers", "무한대나 NaN이 없는 배열")
    widest = np.float64 if array.dtype.kind in "iub" else np.result_type(array, np.float32)
    array = array.astype(widest)
    # Twice the largest, squared, as often as there are values, is a number of this type.
    most = np.sqrt(np.finfo(widest).max / array.size) / 2
    largest = max(array.max(), -array.min())
    if largest > most:
        wider = " or float64" if widest == np.float32 else ""
        raise bad_value(
            argument,
            f"values up to {largest:.3g}, whose squares leave {np.dtype(widest)}",
            f"values up to {most:.3g}{wider}",
            f"{most:.3g} 이하의 값" + (" 또는 float64" if wider else ""),
        )
    return array


def checked_axes(axis, rank):
    """Return axis as a tuple of numbers from 0; ValueError for one that is not there, or twice."""
    try:
        axes = [operator.index(a) for a in (axis if isinstance(axis, (tuple, list)) else [axis])]
    except TypeError:
        axes = []
    places = {a % rank for a in axes if -rank <= a < rank}
    if not axes or len(places) != len(axes):
        raise bad_value(
            "axis",
            axis,
            f"one or several different axes from {-rank} to {rank - 1}",
            f"{-rank}에서 {rank - 1}까지의 축 하나, 또는 서로 다른 여럿",
        )
    return tuple(sorted(places))


def refuse_constant(argument, values, axis, epsilon=0.0):
    """Raise ValueError for a negative epsilon and, where it is 0, for values that are all equal.

    The largest and the smallest are compared: a variance of equal values can be 1e-34 by rounding.
    """
    at_least("epsilon", epsilon, 0)
    if epsilon == 0:
        spread = values.max(axis=axis) - values.min(axis=axis)
        # Differences whose squares are no numbers of this type any more count as none.
        flat = int((spread < np.sqrt(np.finfo(values.dtype).tiny) * values.size).sum())
        if flat:
            raise bad_value(
                argument,
                f"{flat} of {spread.size} groups along axes {axis} with equal values",
                "values that differ (their variance is 0), or an epsilon above 0",
                "서로 다른 값(같으면 분산이 0임), 또는 0보다 큰 epsilon",
            )


def refuse_single(x):
    if x[..., 0].size < 2:
        raise bad_value(
            "x",
            f"shape {x.shape}: one value per channel",
            "at least two values per channel, or moving=(mean, variance)",
            "채널마다 값 두 개 이상, 또는 moving=(mean, variance)",
        )


def at_least(argument, value, lowest, above=False):
    """Raise ValueError unless the value is a finite number from `lowest` on, or above it."""
    number = np.asarray(value)
    good = number.ndim == 0 and number.dtype.kind in "fiu" and np.isfinite(number)
    if not good or number < lowest or (above and number == lowest):
        raise bad_value(
            argument,
            value,
            f"a finite number {'above' if above else 'of at least'} {lowest}",
            f"{lowest}보다 큰 유한한 수" if above else f"{lowest} 이상의 유한한 수",
        )


def checked_floor(scale, bias, epsilon):
    """Return the larger of bias and epsilon: where both are 0, nothing keeps a division from 0."""
    at_least("scale", scale, 0, above=True)
    for argument, value in (("bias", bias), ("epsilon", epsilon)):
        at_least(argument, value, 0)
    return max(bias, epsilon)


def checked_window(size, sigma, images):
    """Return (size, sigma); ValueError for a window that has no centre or mirrors no image."""
    most = 2 * min(images.shape[1:3]) - 1
    at_least("sigma", sigma, 0, above=True)
    if not isinstance(size, (int, np.integer)) or size % 2 == 0 or not 3 <= size <= most:
        raise bad_value(
            "size",
            size,
            f"an odd integer from 3 to {most} for images of {images.shape[1:3]}",
            f"이미지가 {images.shape[1:3]}일 때 3에서 {most}까지의 홀수",
        )
    return size, sigma


def checked_response(depth_radius, bias, alpha, beta):
    for argument, value in (("alpha", alpha), ("beta", beta)):
        at_least(argument, value, 0)
    at_least("bias", bias, 0, above=True)
    whole = isinstance(depth_radius, (int, np.integer)) and not isinstance(depth_radius, bool)
    if not whole or depth_radius < 0:
        raise bad_value("depth_radius", depth_radius, "an integer of at least 0", "0 이상의 정수")
    return depth_radius


def checked_samples(argument, samples):
    samples = checked(argument, samples, 2)
    if len(samples) < 2:
        raise bad_value(argument, f"{len(samples)} sample", "at least 2", "표본 2개 이상")
    if (samples == samples[0]).all():
        raise bad_value(argument, "equal samples", "samples that differ", "서로 다른 표본")
    return samples


def checked_pair(samples, training, epsilon):
    """Return (samples, training) as arrays; the samples themselves where training is None."""
    at_least("epsilon", epsilon, 0)
    samples = checked("samples", samples, 2)
    if training is None:
        return samples, samples
    training = checked("training", training, 2)
    if samples.shape[1] != training.shape[1]:
        raise bad_value(
            "training",
            f"shape {training.shape} for samples of shape {samples.shape}",
            f"{samples.shape[1]} features",
            f"특징 {samples.shape[1]}개",
        )
    return samples, training


def channels_last(x, axis):
    """Return x as an array with `axis` moved to the end; ValueError for what has no such axis."""
    x = checked("x", x)
    if x.ndim < 2:
        raise bad_value(
            "x", f"shape {x.shape}", "2 axes or more, a batch first", "배치로 시작하는 축 2개 이상"
        )
    if isinstance(axis, (tuple, list)):
        raise bad_value("axis", axis, "one axis", "축 하나")
    return np.moveaxis(x, checked_axes(axis, x.ndim)[0], -1)


def per_channel(argument, value, x):
    """Return one finite number, or one for each place along x's last axis, of x's type."""
    array = np.asarray(value)
    if array.shape not in ((), x.shape[-1:]) or array.dtype.kind not in "fiub":
        raise bad_value(
            argument,
            f"shape {array.shape}",
            f"one number or ({x.shape[-1]},)",
            f"수 하나 또는 ({x.shape[-1]},) 모양",
        )
    with np.errstate(over="ignore"):
        array = array.astype(x.dtype)
    if not np.isfinite(array).all():
        came, wanted = f"a number that is none of type {x.dtype}", f"finite numbers of {x.dtype}"
        raise bad_value(argument, came, wanted, f"{x.dtype}형의 유한한 수")
    return array


def checked_moving(moving, x, epsilon):
    """Return (mean, variance) as they fit x, or None; ValueError for a variance that cannot be."""
    if moving is None:
        return None
    if not isinstance(moving, (tuple, list)) or len(moving) != 2:
        raise bad_value(
            "moving",
            type(moving).__name__,
            "None or (mean, variance)",
            "None 또는 (mean, variance)",
        )
    at_least("epsilon", epsilon, 0)
    mean, variance = (per_channel("moving", value, x) for value in moving)
    if not (variance + epsilon > 0).all():
        raise bad_value(
            "moving",
            f"a variance of {variance.min()} with epsilon {epsilon}",
            "variance + epsilon above 0",
            "variance + epsilon이 0보다 큰 분산",
        )
    return mean, variance
