"""Export a Keras model to the web laboratory: one file, which the page reads and runs by itself.

    from cnnbook import web
    web.export(model, ["cat", "dog"], "pets.json")

The file is JSON (with the suffix .js, a script that hands the same JSON to the page):

    {"format": "cnnbook-model", "version": 1,
     "inputRange": [0, 1],                        what the model expects for black and for white
     "classNames": ["cat", "dog"],
     "layers": [{"name": "input", "type": "InputLayer", "config": {"shape": [32, 32, 3]}, "inputs": []},
                {"name": "conv", "type": "Conv2D", "config": {"filters": 8, …}, "inputs": ["input"]},
                …],
     "output": "dense",                           the layer that gives one number for each class
     "weights": "base64"}

Every layer stands behind the ones it takes as inputs; layers of nested models stand among the
others, as "outer/inner". A layer that is used again stands there again, as "dense:2", with "shares":
the name of its first use. Names, types and settings are Keras's own; sizes and axes leave
out the batch. The weights lie one after the other in the order of the layers, and within a layer in
the order kernel, bias (or gamma, beta, mean, variance), little-endian float16; those of
BatchNormalization are float32, because a variance may be too small or too large for float16.
"""

import base64
import itertools
import json
import pathlib
import unicodedata

import numpy as np

from cnnbook._errors import bad_value
from cnnbook._files import composed, replacing

VERSION = 1
MAX_WEIGHTS = 2**25  # the laboratory's limit: 64 MiB in float16
_CONVOLUTION = ("kernel_size", "strides", "padding", "dilation_rate", "activation", "use_bias")
_POOLING = ("pool_size", "strides", "padding")
# What the laboratory computes: the settings of each type, and its weights.
_LAYERS = {
    "Activation": (("activation",), ()),
    "Add": ((), ()),
    "Average": ((), ()),
    "AveragePooling2D": (_POOLING, ()),
    "BatchNormalization": (
        ("epsilon", "center", "scale"),
        ("gamma", "beta", "moving_mean", "moving_variance"),
    ),
    "Concatenate": (("axis",), ()),
    "Conv2D": (("filters", "groups", *_CONVOLUTION), ("kernel", "bias")),
    "Cropping2D": (("cropping",), ()),
    "Dense": (("units", "activation", "use_bias"), ("kernel", "bias")),
    "DepthwiseConv2D": (("depth_multiplier", *_CONVOLUTION), ("kernel", "bias")),
    "ELU": (("alpha",), ()),
    "Flatten": ((), ()),
    "GlobalAveragePooling2D": (("keepdims",), ()),
    "GlobalMaxPooling2D": (("keepdims",), ()),
    "LayerNormalization": (("epsilon", "center", "scale"), ("gamma", "beta")),
    "LeakyReLU": (("negative_slope",), ()),
    "MaxPooling2D": (_POOLING, ()),
    "Maximum": ((), ()),
    "Minimum": ((), ()),
    "Multiply": ((), ()),
    "Normalization": (("mean", "variance"), ()),
    "ReLU": (("max_value", "negative_slope", "threshold"), ()),
    "Rescaling": (("scale", "offset"), ()),
    "Reshape": (("target_shape",), ()),
    "SeparableConv2D": (
        ("filters", "depth_multiplier", *_CONVOLUTION),
        ("depthwise_kernel", "pointwise_kernel", "bias"),
    ),
    "Softmax": ((), ()),
    "Subtract": ((), ()),
    "ZeroPadding2D": (("padding",), ()),
}
# These do something in training only.
_TRAINED_AWAY = frozenset(
    [
        "ActivityRegularization",
        "AlphaDropout",
        "Dropout",
        "GaussianDropout",
        "GaussianNoise",
        "Identity",
        "RandomBrightness",
        "RandomContrast",
        "RandomFlip",
        "RandomRotation",
        "RandomTranslation",
        "RandomZoom",
        "SpatialDropout2D",
    ]
)
_LAYERS |= dict.fromkeys(_TRAINED_AWAY, ((), ()))
_ACTIVATIONS = {
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "leaky_relu",
    "linear",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
}
_FLOAT32 = {"BatchNormalization"}
# keras.ops that stand for a layer where both operands are tensors: x + shortcut.
_OPERATIONS = {"Add", "Maximum", "Minimum", "Multiply", "Subtract"}


def export(model, class_names, path, *, input_range=(0, 1)):
    """Write a trained Keras model as one file for the web laboratory, and return its path.

    model: a built keras.Sequential or functional keras.Model with one input of a fixed size and one
        output, a number for each class (or a single one, for two classes). It is left as it is.
    class_names: a name for each output, in order; two names for a single output, the first for 0.
    path: "name.json", to be opened in the page; or "name.js", a script that calls
        cnnlab.addModel("name", …).
    input_range: the numbers that the model's input holds for black and for white: (0, 1), or
        (0, 255) where the model has a Rescaling layer.

    The weights are rounded to float16 in the file (probabilities change by less than 0.01). Before
    it is written, a network made from the file alone answers a few images as the model does. The
    file is written whole or not at all.

    Raises ValueError for a model the laboratory cannot run (all of its unsupported layers are
    named, and functions that are none of Keras's own), class names that do not fit the output,
    weights beyond float16, answers that the file would not give, another suffix, no such folder.
    """
    path = pathlib.Path(path)
    if path.suffix not in (".json", ".js"):
        raise bad_value(
            "path",
            str(path),
            "a file name ending in .json or .js",
            ".json이나 .js로 끝나는 파일 이름",
        )
    if not path.parent.is_dir() or path.is_dir():
        wanted = "a file in a folder that is there", "이미 있는 폴더 안의 파일"
        raise bad_value("path", str(path), *wanted)
    content = manifest(model, class_names, input_range=input_range)
    _prove(model, content)
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if path.suffix == ".js":
        text = f"cnnlab.addModel({json.dumps(path.stem, ensure_ascii=False)}, {text});\n"
    with replacing(path) as file:
        file.write(text.encode())
    return path


def manifest(model, class_names, *, input_range=(0, 1)):
    """Return what `export` writes, as a dict of lists, numbers and strings."""
    target = _output(model)
    entries, unsupported = _walk(target)
    if unsupported:
        names = ", ".join(dict.fromkeys(unsupported))
        raise bad_value(
            "model",
            f"layers the laboratory cannot compute: {names}",
            f"only these: {', '.join(sorted(_LAYERS))}",
            f"다음 층만 쓴 모델: {', '.join(sorted(_LAYERS))}",
        )
    if model.count_params() > MAX_WEIGHTS:
        raise bad_value(
            "model",
            f"{model.count_params():,} weights",
            f"at most {MAX_WEIGHTS:,}, what a page can hold",
            f"웹 페이지가 감당하는 {MAX_WEIGHTS:,}개 이하의 가중치",
        )
    class_names = _checked_names(class_names, target.shape)
    low, high = _checked_range(input_range)
    weights = b"".join(weight for entry in entries for weight in entry.pop("weights"))
    return {
        "format": "cnnbook-model",
        "version": VERSION,
        "inputRange": [low, high],
        "classNames": class_names,
        "layers": entries,
        "output": entries[-1]["name"],
        "weights": base64.b64encode(weights).decode("ascii"),
    }


def _output(model):
    """Return the symbolic output of a model, after checking that it has one, and one input."""
    import keras

    if not isinstance(model, keras.Model):
        raise bad_value("model", type(model).__name__, "a keras.Model", "keras.Model")
    if not _has_graph(model):
        raise bad_value(
            "model",
            f"{model.name}, which has no graph of layers (not built, or a subclass of Model)",
            "a built Sequential or functional model: begin with keras.Input(shape=...)",
            "keras.Input(shape=...)으로 시작해 만든 Sequential 또는 함수형 모델",
        )
    inputs, outputs = model.inputs, model.outputs
    for what, what_ko, tensors in (("input", "입력", inputs), ("output", "출력", outputs)):
        if len(tensors) != 1:
            raise bad_value(
                "model", f"{len(tensors)} {what}s", f"one {what}", f"{what_ko} 하나인 모델"
            )
    if None in inputs[0].shape[1:]:
        raise bad_value(
            "model",
            f"an input of shape {inputs[0].shape}",
            "a fixed size: only the batch may be None",
            "크기가 정해진 입력 (배치만 None)",
        )
    return outputs[0]


def _has_graph(model):
    """Return whether a model knows how its layers are joined."""
    try:
        return bool(model.inputs and model.outputs)
    except (AttributeError, ValueError):  # a Sequential that is not built; a subclass of Model
        return False


def _checked_names(class_names, output_shape):
    """Return the class names as a list, one for each output (two for a single one)."""
    units = output_shape[-1]
    if len(output_shape) != 2:
        raise bad_value(
            "model",
            f"an output of shape {output_shape}",
            "one number for each class: (None, classes)",
            "클래스마다 수 하나: (None, classes)",
        )
    names = list(class_names) if isinstance(class_names, list | tuple | np.ndarray) else []
    names = [composed(str(name)) if isinstance(name, str) else name for name in names]
    if len(names) != max(units, 2):
        raise bad_value(
            "class_names",
            f"{len(names)} names" if names else class_names,
            f"a list of {max(units, 2)} names: the last layer has {units} outputs",
            f"이름 {max(units, 2)}개의 리스트 (마지막 층의 출력은 {units}개)",
        )
    for name in names:
        # No line breaks and other controls (Cc), no halves of letters that no file can hold (Cs).
        whole = isinstance(name, str) and not {"Cc", "Cs"} & set(map(unicodedata.category, name))
        if not whole or not 1 <= len(name) <= 200:
            wanted = "strings of 1 to 200 letters", "1자 이상 200자 이하의 문자열"
            raise bad_value("class_names", repr(name), *wanted)
    return names


def _checked_range(input_range):
    numbers = np.asarray(input_range)
    finite = numbers.dtype.kind in "iuf" and np.isfinite(numbers).all()
    if numbers.shape != (2,) or not finite or numbers[0] == numbers[1]:
        raise bad_value(
            "input_range",
            input_range,
            "two finite numbers that differ, for black and for white",
            "검은색과 흰색에 해당하는 서로 다른 유한한 두 수",
        )
    return numbers.tolist()


def _walk(target):
    """Return the entries of the file for all layers that lead to a symbolic tensor, in order.

    The second value lists the layers that the laboratory cannot compute.
    """
    import keras

    entries, unsupported, first_use, taken = [], [], {}, set()

    def add(node, name, inputs):
        """Append one use of a layer, and return the name it got."""
        layer = node.operation
        unique = next(name for name in _numbered(name) if name not in taken)
        taken.add(unique)
        entry = {"name": unique, "type": type(layer).__name__, "config": _config(node)}
        entry |= {"inputs": inputs, "weights": _weights(layer)}
        if entry["weights"] and id(layer) in first_use:
            entry |= {"shares": first_use[id(layer)], "weights": []}
        first_use.setdefault(id(layer), unique)
        entries.append(entry)
        return unique

    def walk(outputs, names, prefix):
        """Add what leads to the outputs; names: of each tensor's id the entry that makes it."""
        for node in _ordered(outputs, names):
            layer = node.operation
            inputs = [names[id(tensor)] for tensor in node.input_tensors]
            if problem := _problem(node):
                unsupported.append(problem)
                made = [None]
            elif isinstance(layer, keras.Model):
                inner = dict(zip(map(id, layer.inputs), inputs, strict=True))
                walk(layer.outputs, inner, f"{prefix}{layer.name}/")
                made = [inner[id(tensor)] for tensor in layer.outputs]
            else:
                made = [add(node, prefix + layer.name, inputs)]
            names.update(itertools.zip_longest(map(id, node.outputs), made))

    walk([target], {}, "")
    return entries, unsupported


def _numbered(name):
    yield name
    yield from (f"{name}:{number}" for number in itertools.count(2))


def _ordered(tensors, known):
    """Return the uses of layers (Keras calls them nodes) that lead to the tensors, inputs first.

    known: ids of tensors that are given.
    """
    ordered = {}

    def visit(tensor):
        layer, index, _ = tensor._keras_history
        node = layer._inbound_nodes[index]
        if id(tensor) not in known and node not in ordered:
            for before in node.input_tensors:
                visit(before)
            ordered[node] = None

    for tensor in tensors:
        visit(tensor)
    return list(ordered)


def _problem(node):
    """Return what to call a use of a layer that the laboratory cannot compute, or None."""
    import keras

    layer, kind = node.operation, type(node.operation).__name__
    if isinstance(layer, keras.Model):
        return None if _has_graph(layer) else kind
    if not isinstance(layer, keras.Layer):
        own = type(layer).__module__.startswith("keras.") and kind in _OPERATIONS
        return None if own and len(node.input_tensors) == 2 else f"{kind} (keras.ops)"
    if type(layer) is keras.layers.InputLayer:
        return None
    if kind not in _LAYERS or type(layer) is not getattr(keras.layers, kind, None):
        return kind
    rank = len(node.input_tensors[0].shape)
    axis = getattr(layer, "axis", -1)
    found = {}  # settings that differ from what the laboratory knows
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        found["data_format"] = layer.data_format
    if kind != "Concatenate" and axis not in (-1, [-1], (-1,), rank - 1, [rank - 1], (rank - 1,)):
        found["axis"] = axis
    if _activation(layer) not in _ACTIVATIONS:
        found["activation"] = _activation(layer)
    for name in ("invert", "quantization_mode", "rms_scaling"):
        if getattr(layer, name, None):
            found[name] = getattr(layer, name)
    for name in ("mean", "variance", "scale", "offset"):
        size = np.shape(getattr(layer, name, 0))
        if name in _LAYERS[kind][0] and np.prod(size) not in (1, *size[-1:]):
            found[name] = f"shape {size}"
    return (
        f"{kind} ({', '.join(f'{key}={value}' for key, value in found.items())})" if found else None
    )


def _activation(layer):
    """Return the name of a layer's activation, "linear" for a layer without one.

    Keras's own functions are known by identity: a function of somebody's own may bear any name.
    """
    import keras

    function = getattr(layer, "activation", None) or keras.activations.linear
    for name in _ACTIVATIONS:
        if function is getattr(keras.activations, name, None):
            return name
    if isinstance(function, keras.Layer):
        return f"the layer {type(function).__name__}, which would have to stand by itself"
    return f"{getattr(function, '__name__', type(function).__name__)}, which is not Keras's own"


def _config(node):
    """Return the settings of a layer as the file holds them."""
    layer, kind = node.operation, type(node.operation).__name__
    if kind == "InputLayer":
        return {"shape": list(node.outputs[0].shape[1:])}
    config = {}
    for name in _LAYERS[kind][0]:
        value = getattr(layer, name, None)
        if name == "activation":
            value = _activation(layer)
        elif name == "axis":  # of the joined tensors, without the batch
            value = value % len(node.outputs[0].shape) - 1
        elif name == "target_shape":  # without the -1 that Keras works out
            value = node.outputs[0].shape[1:]
        elif kind in ("Normalization", "Rescaling"):
            value = np.ravel(value).astype(float)
        config[name] = _plain(value)
    return config


def _plain(value):
    """Return tuples and arrays as lists, and NumPy's numbers as Python's."""
    if isinstance(value, tuple | list | np.ndarray):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def _weights(layer):
    """Return the bytes of a layer's weights, one after the other."""
    kind = type(layer).__name__
    dtype = "<f4" if kind in _FLOAT32 else "<f2"
    found = []
    for name in _LAYERS[kind][1] if kind in _LAYERS else ():
        weight = getattr(layer, name, None)
        if weight is None:
            continue
        with np.errstate(over="ignore"):
            weight = weight.numpy().astype(dtype)
        if not np.isfinite(weight).all():
            raise bad_value(
                "model",
                f"{layer.name}.{name} with numbers beyond float16",
                "finite weights up to 65504",
                "65504를 넘지 않는 유한한 가중치",
            )
        found.append(weight.tobytes())
    return found


# --- the file's own network ------------------------------------------------------------------


def _prove(model, content):
    """Raise ValueError unless a network made from the file answers as the model does.

    Three images: black, noise, and a slope from black to white. Rounding to float16 moves an answer
    by less than a hundredth; a setting that was lost moves it by more.
    """
    low, high = content["inputRange"]
    shape = content["layers"][0]["config"]["shape"]
    noise = np.random.default_rng(0).random((1, *shape))
    slope = np.linspace(0, 1, int(np.prod(shape))).reshape(1, *shape)
    images = low + (high - low) * np.concatenate([np.zeros((1, *shape)), noise, slope])
    images = images.astype(np.float32)
    wanted = np.asarray(model(images, training=False), np.float32)
    found = np.asarray(rebuilt(content)(images, training=False))
    scale = max(1, np.abs(wanted).max(initial=0))
    if not np.allclose(found, wanted, rtol=0, atol=0.02 * scale):
        raise bad_value(
            "model",
            f"a network whose file answers otherwise, by up to {np.abs(found - wanted).max():.3g}",
            "one whose layers do what their settings say",
            "설정에 적힌 대로 계산하는 층만 있는 모델",
        )


def rebuilt(content):
    """Return the Keras model that a file's content describes, made from the content alone.

    content: what `manifest` returns, or json.loads of an exported .json file. Weights are float16.
    """
    import keras

    tensors, layers, start = {}, {}, 0
    blob = base64.b64decode(content["weights"])
    for entry in content["layers"]:
        name, kind = entry["name"], entry["type"]
        if kind == "InputLayer":
            tensors[name] = keras.Input(entry["config"]["shape"])
            continue
        layer = layers.get(entry.get("shares")) or _layer(kind, entry["config"])
        inputs = [tensors[one] for one in entry["inputs"]]
        tensors[name] = layer(inputs if len(inputs) > 1 else inputs[0])
        layers[name] = layer
        for attribute in () if "shares" in entry else _LAYERS[kind][1]:
            variable = getattr(layer, attribute, None)
            if variable is not None:
                dtype = np.dtype("<f4" if kind in _FLOAT32 else "<f2")
                count = int(np.prod(variable.shape))
                values = np.frombuffer(blob, dtype, count, start).reshape(variable.shape)
                variable.assign(values.astype(np.float32))
                start += count * dtype.itemsize
    inputs = tensors[content["layers"][0]["name"]]
    return keras.Model(inputs, tensors[content["output"]])


def _layer(kind, config):
    """Return a new Keras layer with the settings that a file holds."""
    import keras

    config = {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}
    if kind == "Concatenate":
        config["axis"] += 1  # the batch is left out in the file
    elif kind in ("ZeroPadding2D", "Cropping2D"):
        config = {name: tuple(map(tuple, sides)) for name, sides in config.items()}
    elif kind in ("Normalization", "Rescaling"):
        config = {name: np.array(values, np.float32) for name, values in config.items()}
    return (
        keras.layers.Identity() if kind in _TRAINED_AWAY else getattr(keras.layers, kind)(**config)
    )
