"""Looking into a trained network: what its layers answer, and where in the image an answer comes from.

Everything works on Sequential and functional models alike, and on layers inside a nested model.
"""

import contextlib
import operator

import keras
import numpy as np
import tensorflow as tf

from cnnbook._errors import bad_value

BLOCK_BYTES = (
    32 * 2**20
)  # of covered images at a time: a network's own maps need many times as much


@contextlib.contextmanager
def recorded(layer, tape=None):
    """Collect what a layer returns while a model runs, wherever in the model it stands.

    Yields a list that grows by one tensor a call. A tape, where given, watches these tensors, so
    that gradients with respect to them exist even in a frozen network.
    """
    outputs, call = [], layer.call

    def recording(*arguments, **options):
        outputs.append(call(*arguments, **options))
        if tape is not None:
            tape.watch(outputs[-1])
        return outputs[-1]

    layer.call = recording
    try:
        yield outputs
    finally:
        del layer.call  # what is left is the class's own


def activations(model, images, layer):
    """Return what a layer answers to images.

    model: a built Keras model. images: (batch, height, width, channels). layer: a layer, or its
    name; "outer/inner" names a layer of a nested model. Returns a float32 array (batch, …).
    Raises ValueError for a layer that the model does not have or does not use, and for a model of
    several inputs.
    """
    with recorded(find_layer(model, layer)) as outputs:
        model(_batch(model, images), training=False)
    return tf.cast(_last(outputs, layer), tf.float32).numpy()


def grad_cam(model, images, layer, class_index=None):
    """Return, for each image, where a layer's maps speak for a class (Grad-CAM).

    The maps of `layer` are summed, each weighted by the mean gradient of the class's score with
    respect to it; what speaks against the class is cut off at 0. The score is taken before the
    softmax (or sigmoid), where it is not yet squeezed; which layer squeezes is told by what it does.
    model, images, layer: as for `activations`; the layer's output has rank 4.
    class_index: which class to explain; each image's most probable one by default. A model with
        one output explains class 1 by its score and class 0 by the negative of it.
    Returns float32 (batch, rows, columns) of the layer's own size, each map's peak 1; a map is 0
    everywhere when nothing speaks for the class.
    Raises ValueError for an unknown layer or class, for a layer without maps, and for a model that
    has several inputs or outputs, whose softmax stands in no layer, or whose answers are no numbers.
    Source: R. Selvaraju et al., Grad-CAM, ICCV 2017, arXiv:1610.02391.
    """
    images = _batch(model, images)
    squeezing = _squeezing_layer(model, images)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        with recorded(find_layer(model, layer), tape) as outputs, _without_squeezing(squeezing):
            scores = tf.cast(_one_output(model(images, training=False)), tf.float32)
        if not np.isfinite(scores).all():
            wanted = "finite answers", "유한한 수로 답하는 모델"
            raise bad_value("model, images", "answers that hold infinity or NaN", *wanted)
        if _are_probabilities(scores):
            raise bad_value(
                "model",
                "probabilities whose softmax stands in no layer of it",
                "a model that ends with a layer of activation softmax or sigmoid, or with scores",
                "활성화 함수가 softmax나 sigmoid인 층, 또는 점수로 끝나는 모델",
            )
        if scores.shape[-1] == 1:
            scores = tf.concat([-scores, scores], axis=-1)
        chosen = tf.reduce_sum(tf.gather(scores, _classes(scores, class_index), batch_dims=1))
    maps = _last(outputs, layer)
    if len(maps.shape) != 4:
        raise bad_value(
            "layer",
            f"{layer!r} with output {tuple(maps.shape)}",
            "a layer with maps (batch, rows, columns, channels)",
            "맵 (배치, 행, 열, 채널)을 내는 층",
        )
    gradients = tape.gradient(chosen, maps, unconnected_gradients="zero")
    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)  # one a map
    heat = tf.cast(tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1)), tf.float32)
    return tf.math.divide_no_nan(heat, tf.reduce_max(heat, axis=(1, 2), keepdims=True)).numpy()


def occlusion(model, image, class_index, *, size, stride=1, fill=0.0):
    """Return how far the probability of a class falls when a square of the image is covered.

    image: (height, width, channels), as the model takes it. size, stride: of the square, in
    pixels. fill: the value that covers. Returns (rows, columns), one number a place of the square:
    probability of the whole image minus that of the covered one.
    Raises ValueError for a square that does not fit, an unknown class, and a model that does not
    answer with probabilities.
    Source: M. Zeiler and R. Fergus, ECCV 2014, arXiv:1311.2901.
    """
    image = np.asarray(image, np.float32)
    if image.ndim != 3:
        wanted = "(height, width, channels)", "(높이, 너비, 채널)"
        raise bad_value("image", f"shape {image.shape}", *wanted)
    height, width = image.shape[:2]
    if not 1 <= _whole(size) <= min(height, width) or _whole(stride) < 1:
        raise bad_value(
            "size, stride",
            (size, stride),
            f"a square of 1 to {min(height, width)} pixels, moved by 1 or more",
            f"한 변이 1 이상 {min(height, width)} 이하인 정사각형과 1 이상의 스트라이드",
        )
    rows, columns = range(0, height - size + 1, stride), range(0, width - size + 1, stride)
    whole = _probabilities(model, image[None])
    chosen = _classes(whole, class_index)[0]
    places = [(row, column) for row in rows for column in columns]
    at_once = max(1, BLOCK_BYTES // image.nbytes)
    fall = []
    for first in range(0, len(places), at_once):
        block = places[first : first + at_once]
        covered = np.repeat(image[None], len(block), axis=0)
        for one, (row, column) in zip(covered, block, strict=True):
            one[row : row + size, column : column + size] = fill
        fall.append(whole[0, chosen] - _probabilities(model, covered)[:, chosen])
    return np.concatenate(fall).reshape(len(rows), len(columns))


def excite(model, layer, filter_index, *, limits=(0, 1), steps=30, rate=0.03, seed=0):
    """Return an input that a filter answers strongly to, found by gradient ascent.

    limits: the lowest and highest value a pixel may have. The input starts as noise in the middle
    fifth of them and takes `steps` steps uphill on the mean of the filter's map; in each, a pixel
    moves by `rate` of the limits' distance times its slope in standard deviations.
    Returns a float32 array of the model's input shape, (height, width, channels).
    Raises ValueError for an unknown layer or filter, senseless limits, and a model that has several
    inputs or takes any size.
    Source: D. Erhan et al., Visualizing higher-layer features of a deep network, 2009.
    """
    (low, high), found = limits, find_layer(model, layer)
    if not -np.inf < low < high < np.inf:
        wanted = "two finite numbers, the lower one first", "작은 수부터 적은 유한한 두 수"
        raise bad_value("limits", limits, *wanted)
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or not all(isinstance(n, int) for n in shape[1:]):
        wanted = "a built model with one input of a fixed size", "크기가 정해진 입력이 하나인 모델"
        raise bad_value("model", f"an input of shape {shape}", *wanted)
    noise = np.random.default_rng(seed).uniform(0.4, 0.6, (1, *shape[1:]))
    image = tf.Variable(low + (high - low) * noise, dtype="float32")
    for _ in range(steps):
        with tf.GradientTape() as tape, recorded(found) as outputs:
            model(image, training=False)
            maps = _last(outputs, layer)
            if _whole(filter_index) not in range(maps.shape[-1]):
                raise bad_value(
                    "filter_index",
                    filter_index,
                    f"0 to {maps.shape[-1] - 1}",
                    f"0 이상 {maps.shape[-1] - 1} 이하",
                )
            height = tf.reduce_mean(maps[..., filter_index])
        slope = tape.gradient(height, image)
        step = tf.math.divide_no_nan(slope, tf.math.reduce_std(slope))
        image.assign(tf.clip_by_value(image + rate * (high - low) * step, low, high))
    return image.numpy()[0]


def find_layer(model, layer):
    """Return a model's layer by its name; "outer/inner" goes into a nested model.

    A layer itself is returned as it is. Raises ValueError that lists the names there are.
    """
    if isinstance(layer, keras.Layer):
        return layer
    found = model
    for name in str(layer).split("/"):
        names = {inner.name: inner for inner in getattr(found, "layers", [])}
        if name not in names:
            raise bad_value(
                "layer",
                layer,
                "one of " + ", ".join(names),
                ", ".join(names) + " 중 하나",
            )
        found = names[name]
    return found


# Layers that hand on what they get while a network only answers.
_PASSING = (
    *(keras.layers.ActivityRegularization, keras.layers.Dropout, keras.layers.GaussianDropout),
    *(keras.layers.GaussianNoise, keras.layers.AlphaDropout, keras.layers.Identity),
    *(keras.layers.Flatten, keras.layers.Reshape),
)


def _squeezing_layer(model, images):
    """Return the layer that turns scores into probabilities at the end, or None.

    Which layer ran last is seen by running the model: a subclassed one may list them in any order.
    """
    ran = []
    with contextlib.ExitStack() as patches:
        for layer in model._flatten_layers(include_self=False):
            if not getattr(layer, "layers", None):
                patches.enter_context(_noting(layer, ran))
        model(images[:1], training=False)
    for layer in reversed(ran):
        activation = getattr(layer, "activation", None)
        if isinstance(layer, keras.layers.Softmax) or (activation and _squeezes(activation)):
            return layer
        linear = isinstance(layer, keras.layers.Activation) and _does(activation, lambda x: x)
        if not linear and not isinstance(layer, _PASSING):
            return None
    return None


@contextlib.contextmanager
def _noting(layer, ran):
    call = layer.call

    def noting(*arguments, **options):
        ran.append(layer)
        return call(*arguments, **options)

    layer.call = noting
    try:
        yield
    finally:
        del layer.call


def _squeezes(activation):
    return _does(activation, tf.nn.softmax) or _does(activation, tf.nn.sigmoid)


def _does(function, known):
    """Return whether a function does what a known one does, whatever it is called."""
    scores = tf.constant([[-2.0, 0.25, 3.0], [1.0, 1.0, -5.0]])
    try:
        return np.allclose(function(scores), known(scores), atol=1e-5)
    except Exception:  # a function of something else than scores
        return False


@contextlib.contextmanager
def _without_squeezing(layer):
    """Let a layer hand on its scores as they are."""
    if layer is None:
        yield
    elif isinstance(layer, keras.layers.Softmax):
        layer.call = lambda inputs, mask=None: inputs
        try:
            yield
        finally:
            del layer.call
    else:
        activation, layer.activation = layer.activation, keras.activations.linear
        try:
            yield
        finally:
            layer.activation = activation


def _one_output(outputs):
    """Return a model's answer, (batch, classes); ValueError for several outputs or other shapes."""
    if isinstance(outputs, (list, tuple, dict)):
        came, shapes = f"{len(outputs)} outputs", None
    else:
        came, shapes = f"an output of shape {tuple(outputs.shape)}", outputs.shape
    if shapes is None or len(shapes) != 2:
        raise bad_value("model", came, "one output, (batch, classes)", "출력 하나, (배치, 클래스)")
    return outputs


def _are_probabilities(answers):
    """Return whether answers add up to 1, as a softmax's do: scores do not by chance."""
    answers = np.asarray(answers, np.float32)
    total = answers.sum(axis=-1)
    return answers.shape[-1] > 1 and bool((answers >= 0).all() and np.allclose(total, 1, atol=5e-3))


def _probabilities(model, images):
    """Return the model's probabilities, (batch, classes), two for a single output."""
    answers = _one_output(model(_batch(model, images), training=False))
    answers = tf.cast(answers, tf.float32).numpy()
    if not ((answers >= 0) & (answers <= 1 + 1e-3)).all():
        raise bad_value(
            "model",
            f"answers from {answers.min():.3g} to {answers.max():.3g}",
            "probabilities from 0 to 1: end the model with softmax or sigmoid",
            "0부터 1까지의 확률: softmax나 sigmoid로 끝나는 모델",
        )
    return np.concatenate([1 - answers, answers], axis=-1) if answers.shape[-1] == 1 else answers


def _batch(model, images):
    """Return images as a tensor; ValueError unless they are some, and all that the model takes."""
    inputs = getattr(model, "inputs", None) or [None]  # a subclassed model does not say
    if len(inputs) > 1:
        raise bad_value("model", f"{len(inputs)} inputs", "one input", "입력이 하나인 모델")
    images = np.asarray(images, np.float32)
    if images.ndim != 4 or not len(images):
        raise bad_value(
            "images",
            f"shape {images.shape}",
            "(batch, height, width, channels)",
            "(배치, 높이, 너비, 채널)",
        )
    return tf.constant(images)


def _whole(value):
    """Return a whole number as Python's, and -1, which is none here, for anything else."""
    try:
        return -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return -1


def _last(outputs, layer):
    if not outputs:
        raise bad_value("layer", layer, "a layer that the model uses", "모델이 쓰는 층")
    return outputs[-1]


def _classes(scores, class_index):
    """Return the class to explain, one an image."""
    if class_index is None:
        return np.argmax(scores, axis=-1)
    count = scores.shape[-1]
    index = _whole(class_index)
    if not 0 <= index < count:
        raise bad_value(
            "class_index",
            class_index,
            f"an integer from 0 to {count - 1}",
            f"0 이상 {count - 1} 이하의 정수",
        )
    return np.full(len(scores), index)
