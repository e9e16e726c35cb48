"""The laboratory's engine beside Keras, ONNX Runtime and cnnbook.ops; and files that are broken.

Weights are exact in float16, so that both sides compute with the same numbers.
"""

import base64
import copy
import json
import re
import string

import laboratory
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laboratory import differences, exported, gathered, randomize, run

from cnnbook import datasets, ops, web

CLOSE = 1e-5  # of the largest number of a layer; measured: 7e-7 at most
drawn = settings(derandomize=True, deadline=None, max_examples=200)


# --- parity --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(9, 8, 4), (8, 11, 4)], ids=str)
@pytest.mark.parametrize("group", laboratory.GROUPS, ids=lambda group: group.__name__)
def test_every_layer_equals_keras(v8, keras, group, size):
    random = np.random.default_rng(0)
    image = random.normal(scale=4, size=size).astype(np.float32)  # beyond relu6's 6
    model = gathered(keras, image, group(keras.layers))
    randomize(model, random)
    for name, (kind, difference) in differences(v8, keras, model, image).items():
        assert difference <= CLOSE, (name, kind)


def test_every_type_is_compared(keras):
    inputs = np.zeros((9, 8, 4), np.float32)
    compared = {
        type(layer).__name__
        for group in laboratory.GROUPS
        for layer in gathered(keras, inputs, group(keras.layers)).layers
    }
    assert compared == {*web._LAYERS, "InputLayer"}


@pytest.mark.parametrize("build", laboratory.MODELS, ids=lambda build: build.__name__)
def test_whole_model_equals_keras_and_onnx(v8, keras, build):
    import onnxruntime
    import tensorflow as tf
    import tf2onnx

    random = np.random.default_rng(1)
    model = build(keras)
    randomize(model, random)
    size = model.input_shape[1:]
    call = tf.function(
        lambda images: model(images, training=False),
        input_signature=[tf.TensorSpec((1, *size), tf.float32)],
    )
    onnx, _ = tf2onnx.convert.from_function(call, input_signature=call.input_signature, opset=17)
    session = onnxruntime.InferenceSession(
        onnx.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for _ in range(3):
        image = random.uniform(0, 255, size).astype(np.float32)
        found = differences(v8, keras, model, image)
        assert len(found) > len(model.layers) / 2
        for name, (kind, difference) in found.items():
            assert difference <= CLOSE, (name, kind)
        output, probabilities, _ = run(v8, exported(model), image)
        [wanted] = session.run(None, {session.get_inputs()[0].name: image[np.newaxis]})
        assert abs(output - wanted[0]).max() <= CLOSE * abs(wanted).max()
        assert probabilities.sum() == pytest.approx(1)


def test_trained_model_answers_as_its_original(v8, keras):
    """Weights as training leaves them, not exact in float16."""
    keras.utils.set_random_seed(0)
    data = datasets.load("digits")
    model = laboratory.small_cnn(keras)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(data.x_train, data.y_train, batch_size=32, epochs=4, verbose=0)
    images = data.x_test[:40]
    wanted = np.asarray(model(images.astype(np.float32), training=False))
    assert (wanted.argmax(axis=1) == data.y_test[:40]).mean() > 0.5  # it has learned something
    file = exported(model)
    for image, original in zip(images, wanted, strict=True):
        _, probabilities, _ = run(v8, file, image, keep=False)
        assert probabilities.argmax() == original.argmax()
        assert abs(probabilities - original).max() <= 0.01


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", None])
@pytest.mark.parametrize("units", [1, 3])
def test_probabilities_of_every_ending(v8, keras, units, activation):
    """A model may end in a softmax, in one sigmoid unit, or before either."""
    if (units, activation) == (1, "softmax"):
        return  # always 1: no answer, and Keras warns of it
    layers = keras.layers
    model = keras.Sequential([keras.Input((4,)), layers.Dense(units, activation=activation)])
    model.add(layers.Dropout(0.5))
    randomize(model, np.random.default_rng(2))
    image = np.array([1, -2, 0.5, 3], np.float32)
    output, probabilities, _ = run(v8, exported(model), image)
    if activation is None:
        ending = keras.ops.softmax if units > 1 else keras.ops.sigmoid
        output = np.asarray(ending(output[np.newaxis]))[0]
    wanted = [1 - output[0], output[0]] if units == 1 else output
    np.testing.assert_allclose(probabilities, wanted, rtol=1e-6)


# --- the operations against cnnbook.ops: small whole numbers, equal to the last bit ---------------


@st.composite
def convolutions(draw):
    groups = draw(st.integers(1, 3))
    depth, count = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    kernel_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    keywords = {
        "strides": draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        "dilation_rate": draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        "padding": draw(paddings()),
    }
    height, width = (draw(st.integers(1, 9)) for _ in range(2))
    return (height, width, groups * depth), (*kernel_size, depth, groups * count), groups, keywords


def paddings():
    side = st.tuples(st.integers(0, 3), st.integers(0, 3))
    return st.sampled_from(["valid", "same", "full"]) | st.tuples(side, side)


def both_ways(v8, name, keywords, *arrays):
    """Call an operation of the engine: its array, or what its ModelError says."""
    tensors = [
        None if a is None else {"shape": a.shape, "data": np.ravel(a).tolist()} for a in arrays
    ]
    call = f"cnnlab.ops.{name}(...{json.dumps(tensors)}, {json.dumps(keywords)})"
    found = v8.eval(
        f"""(() => {{ try {{
            const {{shape, data}} = {call};
            return JSON.stringify([shape, Array.from(data)]);
        }} catch (error) {{
            if (!(error instanceof cnnlab.ModelError)) throw error;
            return JSON.stringify(error.message);
        }} }})()"""
    )
    found = json.loads(found)
    return found if isinstance(found, str) else np.reshape(found[1], found[0])


def assert_equal_or_both_refuse(found, function, *arguments, **keywords):
    try:
        wanted = function(*arguments, **keywords)
    except ValueError:
        assert isinstance(found, str) and "창" in found
    else:
        assert not isinstance(found, str), found
        np.testing.assert_array_equal(found, wanted[0])


@drawn
@given(layer=convolutions(), seed=st.integers(0, 999), biased=st.booleans())
def test_conv2d_equals_ops(v8, layer, seed, biased):
    image_shape, kernel_shape, groups, keywords = layer
    random = np.random.default_rng(seed)
    image, kernel = (random.integers(-8, 9, shape) for shape in (image_shape, kernel_shape))
    bias = random.integers(-8, 9, kernel_shape[-1]) if biased else None
    named = {"groups": groups, "strides": keywords["strides"], "padding": keywords["padding"]}
    named["dilation"] = keywords["dilation_rate"]
    found = both_ways(v8, "conv2d", named, image, kernel, bias)
    assert_equal_or_both_refuse(
        found, ops.conv2d, image[np.newaxis], kernel, bias, groups=groups, **keywords
    )


@drawn
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 3)),
    pool_size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.none() | st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=paddings(),
    mode=st.sampled_from(["max", "average", "min"]),
    seed=st.integers(0, 999),
)
def test_pool2d_equals_ops(v8, size, pool_size, strides, padding, mode, seed):
    # Multiples of all window sizes, so that averages are whole numbers too.
    image = np.random.default_rng(seed).integers(-8, 9, size) * 5040.0
    named = {"poolSize": pool_size, "padding": padding, "mode": mode}
    named |= {"strides": strides} if strides else {}
    found = both_ways(v8, "pool2d", named, image)
    keywords = {"strides": strides, "padding": padding, "mode": mode}
    assert_equal_or_both_refuse(found, ops.pool2d, image[np.newaxis], pool_size, **keywords)


def test_output_size_equals_ops(v8):
    for size in range(1, 9):
        for kernel in range(1, 6):
            for stride in range(1, 4):
                for dilation in (1, 2):
                    for padding in ("valid", "same", "full"):
                        found = v8.eval(
                            f"cnnlab.ops.outputSize({size}, {kernel}, {stride}, '{padding}', {dilation})"
                        )
                        try:
                            wanted = ops.output_size(size, kernel, stride, padding, dilation)
                        except ValueError:
                            assert found < 1
                        else:
                            assert found == wanted


# --- a model that needs no Keras -----------------------------------------------------------------


def base64_of(*arrays):
    return base64.b64encode(b"".join(array.tobytes() for array in arrays)).decode()


def layer(name, kind, inputs, **config):
    return {"name": name, "type": kind, "config": config, "inputs": inputs}


WINDOW = {"strides": [1, 1], "padding": "same"}
CONV = {"filters": 2, "groups": 1, "kernel_size": [3, 3], **WINDOW, "dilation_rate": [1, 1]}
HALVES = np.linspace(-1, 1, 3 * 3 * 2 + 2, dtype="<f2")
STATISTICS = np.array([1, 1, 0, 0, 0.5, -0.5, 1, 2], "<f4")
DENSE = np.linspace(-1, 1, 18 * 3 + 3, dtype="<f2")
GOOD = {
    "format": "cnnbook-model",
    "version": 1,
    "inputRange": [0, 1],
    "classNames": ["a", "b", "c"],
    "layers": [
        layer("in", "InputLayer", [], shape=[6, 6, 1]),
        layer("conv", "Conv2D", ["in"], **CONV, activation="relu", use_bias=True),
        layer("norm", "BatchNormalization", ["conv"], epsilon=1e-3, center=True, scale=True),
        layer("sum", "Add", ["conv", "norm"]),
        layer("pool", "MaxPooling2D", ["sum"], pool_size=[2, 2], strides=[2, 2], padding="valid"),
        layer("flat", "Flatten", ["pool"]),
        layer("out", "Dense", ["flat"], units=3, activation="softmax", use_bias=True),
    ],
    "output": "out",
    "weights": base64_of(HALVES, STATISTICS, DENSE),
}
IMAGE = np.linspace(0, 1, 36, dtype=np.float32).reshape(6, 6, 1)


def good_answer():
    """What the model above computes, by cnnbook.ops and NumPy."""
    kernel, bias = HALVES[:18].reshape(3, 3, 1, 2).astype(float), HALVES[18:].astype(float)
    x = ops.conv2d(IMAGE[np.newaxis].astype(float), kernel, bias, padding="same").clip(0)
    gamma, beta, mean, variance = STATISTICS.reshape(4, 2).astype(float)
    x = x + (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    x = ops.pool2d(x, 2).ravel() @ DENSE[:54].reshape(18, 3).astype(float) + DENSE[54:]
    return np.exp(x) / np.exp(x).sum()


def test_good_model(v8):
    output, probabilities, activations = run(v8, GOOD, IMAGE)
    np.testing.assert_allclose(output, good_answer(), rtol=1e-6)
    np.testing.assert_array_equal(probabilities, output)
    assert list(activations) == ["in", "conv", "norm", "sum", "pool", "flat", "out"]


def test_what_a_model_says_of_itself(v8):
    said = v8.eval(
        f"""(() => {{
            const model = cnnlab.Model.parse({json.dumps(json.dumps(GOOD))});
            const {{kernel, bias}} = model.layer("conv").weights;
            return JSON.stringify([
                model.inputShape, model.inputRange, model.classNames, model.outputName,
                model.parameterCount, model.layers.map(({{name, type, inputs, outputShape}}) =>
                    [name, type, inputs, outputShape]),
                kernel.shape, Array.from(kernel.data), Array.from(bias.data)]);
        }})()"""
    )
    shape, input_range, names, output, count, layers, *weights = json.loads(said)
    assert (shape, input_range, names, output) == ([6, 6, 1], [0, 1], ["a", "b", "c"], "out")
    assert count == HALVES.size + STATISTICS.size + DENSE.size
    assert layers[4] == ["pool", "MaxPooling2D", ["sum"], [3, 3, 2]]
    assert weights == [[3, 3, 1, 2], HALVES[:18].tolist(), HALVES[18:].tolist()]


def test_every_float16_is_decoded(v8):
    bits = np.arange(2**16, dtype="<u2")
    halves = bits.view("<f2")
    halves = np.where(np.isfinite(halves), halves, np.float16(0)).astype("<f2")
    file = copy.deepcopy(GOOD)
    file["layers"] = [
        layer("in", "InputLayer", [], shape=[256]),
        layer("out", "Dense", ["in"], units=256, activation="linear", use_bias=False),
    ]
    file |= {"classNames": ["c"] * 256, "weights": base64_of(halves)}
    said = v8.eval(
        f"""JSON.stringify(Array.from(
            cnnlab.Model.parse({json.dumps(file)}).layer("out").weights.kernel.data,
            value => Object.is(value, -0) ? "-0" : value))"""
    )
    read = np.array([-0.0 if value == "-0" else value for value in json.loads(said)], np.float32)
    assert read.tobytes() == halves.astype(np.float32).tobytes()


# --- running -------------------------------------------------------------------------------------


def test_keep(v8):
    for keep, names in ((False, []), (["pool", "in"], ["in", "pool"]), (["out"], ["out"])):
        output, _, activations = run(v8, GOOD, IMAGE, keep=keep)
        assert list(activations) == names
        np.testing.assert_allclose(output, good_answer(), rtol=1e-6)


SLICED = """async (file, numbers) => {
    const model = cnnlab.Model.parse(file), input = Float32Array.from(numbers);
    const seen = [];
    const whole = await model.run(input, {sliceMs: Infinity, onProgress: part => seen.push(part)});
    const parts = [];
    const options = {sliceMs: 0, onProgress: part => parts.push(part)};
    const [sliced, other] = await Promise.all([model.run(input, options), model.run(input.map(x => 1 - x))]);
    let asked = 0;
    const signal = {throwIfAborted() { if (++asked === 3) throw new Error("cancelled"); }};
    const cancelled = await model.run(input, {sliceMs: 0, signal}).catch(error => error.message);
    const refused = [];
    for (const bad of [input.slice(1), {shape: [36], data: input}, input.map(() => NaN), input.map(() => 1e38)])
        refused.push(await model.run(bad).catch(error => [error instanceof cnnlab.ModelError, error.key]));
    const numbersOf = ({output}) => Array.from(output.data);
    return JSON.stringify([numbersOf(whole), numbersOf(sliced), numbersOf(other), seen, parts, cancelled, refused]);
}"""


def test_slices_progress_cancel(v8):
    arguments = f"{json.dumps(GOOD)}, {json.dumps(IMAGE.ravel().tolist())}"
    whole, sliced, other, seen, parts, cancelled, refused = json.loads(
        v8.eval(f"({SLICED})({arguments})").get()
    )
    assert sliced == whole and other != whole
    assert seen == [1]
    assert parts == sorted(parts) and len(parts) > 5 and 0 < parts[0] < 1 == parts[-1]
    assert cancelled == "cancelled"
    wrong = [True, "inputLength"]
    assert refused == [wrong, wrong, [True, "notFinite"], [True, "notFinite"]]


def test_models_as_scripts(v8):
    v8.eval(f'cnnlab.addModel("good", {json.dumps(GOOD)})')
    v8.eval('cnnlab.addModel("bad", {})')
    assert v8.eval(
        "cnnlab.models.good === cnnlab.models.good && cnnlab.models.good.outputName"
    ) == ("out")
    assert v8.eval("try { cnnlab.models.bad } catch (error) { error.name }") == "ModelError"


# --- broken and hostile files --------------------------------------------------------------------

PARSE = """(text) => {
    try {
        const model = cnnlab.Model.parse(text);
        return JSON.stringify({work: model.work});
    } catch (error) {
        return JSON.stringify({
            ours: error instanceof cnnlab.ModelError, key: error.key, message: String(error.message),
            stack: String(error.stack),
        });
    }
}"""


def parse(v8, text):
    """Parse a file: {"work": …}, or {"key": …, "message": …} of its ModelError."""
    # A file that froze the page would freeze the test; the limit is far above what any needs.
    found = json.loads(v8.eval(f"({PARSE})({json.dumps(text)})", timeout_sec=60))
    assert found.get("ours", True), found["stack"]
    return found


def changed(*path_and_value, **top):
    """Return a function that gives GOOD with a place replaced: changed("layers", 1, "type", "X")."""

    def make():
        file = copy.deepcopy(GOOD)
        file |= top
        if path_and_value:
            *path, last, value = path_and_value
            place = file
            for key in path:
                place = place[key]
            if value is ...:
                del place[last]
            else:
                place[last] = value
        return json.dumps(file)

    return make


def config(index, **changes):
    return changed("layers", index, "config", {**GOOD["layers"][index]["config"], **changes})


def small(*layers, classes=2, output="out", weights=""):
    """Return a function that gives a file with these layers."""
    return lambda: json.dumps(
        GOOD
        | {
            "layers": list(layers),
            "classNames": ["c"] * classes,
            "output": output,
            "weights": weights,
        }
    )


def start(*shape):
    return layer("in", "InputLayer", [], shape=list(shape))


def activation(name, *inputs, kind="relu"):
    return layer(name, "Activation", list(inputs), activation=kind)


def convolution(name, source, **changes):
    settings = {**CONV, "activation": "relu", "use_bias": False, **changes}
    return layer(name, "Conv2D", [source], **settings)


TEXT = json.dumps(GOOD)
INFINITE = base64_of(np.where(np.arange(20) == 7, np.float16(np.inf), HALVES), STATISTICS, DENSE)
NOT_A_NUMBER = base64_of(
    HALVES, np.where(np.arange(8) == 7, np.nan, STATISTICS).astype("<f4"), DENSE
)
TWO_UNITS = layer("out", "Dense", ["in"], units=2, activation="linear", use_bias=False)
BIG = [start(1024, 1024, 8), *(activation(f"a{i}", "in") for i in range(9))]
HOSTILE = [
    ("notJson", lambda: ""),
    ("notJson", lambda: "{"),
    ("notJson", lambda: TEXT[: len(TEXT) // 2]),
    ("notJson", lambda: TEXT[:-1]),
    ("notJson", lambda: TEXT + "x"),
    ("notJson", lambda: f"cnnlab.addModel('x', {TEXT})"),
    ("notJson", lambda: "<script>alert(1)</script>"),
    ("notJson", lambda: "globalThis.ran = true"),
    ("notJson", lambda: '{"a": NaN}'),
    ("notJson", lambda: "[" * 300_000),
    ("notObject", lambda: "[" * 100_000 + "]" * 100_000),
    ("notObject", lambda: "null"),
    ("notObject", lambda: "3"),
    ("notObject", lambda: '"text"'),
    ("notObject", lambda: json.dumps([GOOD])),
    ("field", lambda: '{"a":' * 100_000 + "1" + "}" * 100_000),
    ("field", lambda: TEXT.replace('{"format"', '{"__proto__": {"ran": true}, "format"', 1)),
    ("field", changed("constructor", {"prototype": {"ran": True}})),
    ("field", changed("extra", 1)),
    *[("missing", changed(key, ...)) for key in GOOD],
    *[("value", changed(key, {})) for key in GOOD],
    *[("value", changed(key, None)) for key in GOOD],
    ("value", changed(format="tfjs")),
    ("value", changed(version="1")),
    ("value", changed(version=0.5)),
    ("version", changed(version=2)),
    ("value", changed(inputRange=[0, 1, 2])),
    ("value", lambda: TEXT.replace('"inputRange": [0, 1]', '"inputRange": [0, 1e999]')),
    ("value", changed(classNames=[])),
    ("value", changed(classNames=["a", "b", 3])),
    ("value", changed(classNames=["a", "b", "c" * 1000])),
    ("classCount", changed(classNames=["a", "b"])),
    ("classCount", changed(classNames=["a"] * 4)),
    ("value", changed(classNames=["a"] * 30_000)),
    ("value", changed(layers=[])),
    ("limit", changed(layers=GOOD["layers"] * 15_000)),
    ("notObject", changed(layers=[None, 1, "x"])),
    ("notObject", changed("layers", 2, [])),
    ("duplicate", changed("layers", 2, "name", "conv")),
    *[("missing", changed("layers", 1, key, ...)) for key in GOOD["layers"][1]],
    *[("value", changed("layers", 1, key, 7)) for key in GOOD["layers"][1]],
    ("field", changed("layers", 1, "onload", "alert(1)")),
    ("value", changed("layers", 1, "name", "n" * 201)),
    ("value", changed("layers", 1, "inputs", ["in"] * 201)),
    *[
        ("layerType", changed("layers", 1, "type", name))
        for name in ("Lambda", "__proto__", "constructor", "toString", '"); alert(1); ("')
    ],
    ("firstLayer", changed("layers", 0, "type", "Flatten")),
    ("firstLayer", changed("layers", 3, GOOD["layers"][0] | {"name": "again"})),
    ("unknown", changed("layers", 0, "inputs", ["nowhere"])),
    ("order", changed("layers", 0, "inputs", ["in"])),
    ("order", changed("layers", 1, "inputs", ["conv"])),
    ("order", changed("layers", 1, "inputs", ["flat"])),
    ("unknown", changed("layers", 1, "inputs", ["nowhere"])),
    ("unknown", changed("layers", 1, "inputs", ["__proto__"])),
    ("inputCount", changed("layers", 1, "inputs", ["in", "in"])),
    ("inputCount", changed("layers", 1, "inputs", [])),
    ("inputCount", changed("layers", 3, "inputs", ["conv"])),
    ("unknown", changed(output="nowhere")),
    ("outputRank", changed(output="pool")),
    *[
        ("value", changed("layers", 0, "config", {"shape": shape}))
        for shape in (
            [],
            [0, 6, 1],
            [-6, -6, 1],
            [6.5, 6, 1],
            ["6", 6, 1],
            [2**40],
            [1] * 5,
            6,
            None,
        )
    ],
    ("limit", changed("layers", 0, "config", {"shape": [65536, 65536, 3]})),
    *[
        ("value", config(1, **{key: value}))
        for key, values in {
            "filters": (0, -1, 1.5, "3", 1e9, None, [2]),
            "groups": (0, -1, 0.5, 1e300),
            "kernel_size": ([3], [3, 3, 3], [0, 1], [-1, 3], [1e9, 1], "33", {}),
            "strides": ([0, 1], [1, 0.5], 1),
            "padding": ("full", "SAME", 3, [[0, 0], [0, 0]], "__proto__"),
            "dilation_rate": ([0, 1], [1e6, 1]),
            "activation": ("eval", "constructor", "__proto__", "alert(1)", None, {}),
            "use_bias": (1, "true", None),
        }.items()
        for value in values
    ],
    ("missing", changed("layers", 1, "config", "filters", ...)),
    ("field", config(1, data_format="channels_first")),
    ("field", lambda: TEXT.replace('{"filters"', '{"__proto__": {"ran": true}, "filters"', 1)),
    ("groups", config(1, groups=2)),
    ("windowFit", config(4, pool_size=[7, 1])),
    ("windowFit", config(1, kernel_size=[7, 7], padding="valid")),
    ("limit", config(1, filters=65536, kernel_size=[65536, 65536])),
    ("value", config(2, epsilon=0)),
    ("value", config(2, epsilon=-1)),
    ("rank", small(start(6), convolution("out", "in"))),
    ("rank", small(start(6), layer("out", "GlobalMaxPooling2D", ["in"], keepdims=False))),
    ("rank", small(start(6, 6), layer("out", "ZeroPadding2D", ["in"], padding=[[1, 1], [1, 1]]))),
    ("empty", small(start(6, 6, 1), layer("out", "Cropping2D", ["in"], cropping=[[3, 3], [0, 0]]))),
    ("value", small(start(6, 6, 1), layer("out", "ZeroPadding2D", ["in"], padding=[1, 1]))),
    ("reshape", small(start(6), layer("out", "Reshape", ["in"], target_shape=[4]))),
    ("value", small(start(6), layer("out", "Reshape", ["in"], target_shape=[-1]))),
    ("channels", small(start(2), layer("out", "Rescaling", ["in"], scale=[1, 2, 3], offset=[0]))),
    (
        "channels",
        small(start(2), layer("out", "Normalization", ["in"], mean=[1], variance=[1] * 3)),
    ),
    ("value", small(start(2), layer("out", "Normalization", ["in"], mean=[1], variance=[-1]))),
    ("value", small(start(2), layer("out", "Rescaling", ["in"], scale=[], offset=[0]))),
    (
        "shapes",
        small(
            start(4),
            layer("x", "Reshape", ["in"], target_shape=[2, 2]),
            layer("out", "Add", ["x", "in"]),
        ),
    ),
    (
        "shapes",
        small(
            start(4),
            layer("x", "Reshape", ["in"], target_shape=[2, 2]),
            layer("out", "Concatenate", ["x", "in"], axis=0),
        ),
    ),
    ("shapes", small(start(4), layer("out", "Concatenate", ["in", "in"], axis=3))),
    (
        "limit",  # memory
        small(
            *BIG,
            layer("sum", "Add", [f"a{i}" for i in range(9)]),
            layer("out", "GlobalMaxPooling2D", ["sum"], keepdims=False),
            classes=8,
        ),
    ),
    (
        "limit",  # one output computed from eight million numbers
        small(
            start(1024, 1024, 8),
            layer("flat", "Flatten", ["in"]),
            layer("out", "Dense", ["flat"], units=2, activation="linear", use_bias=False),
        ),
    ),
    (
        "limit",  # time
        small(start(1024, 1024, 1), convolution("x", "in", filters=8, kernel_size=[512, 512])),
    ),
    (
        "limit",  # weights
        small(
            start(60_000),
            layer("out", "Dense", ["in"], units=60_000, activation="linear", use_bias=False),
            classes=3,
        ),
    ),
    (
        "weightsLength",  # no memory is taken before the letters are counted
        small(
            start(5000),
            layer("out", "Dense", ["in"], units=5000, activation="linear", use_bias=False),
            classes=5000,
        ),
    ),
    ("weightsLength", changed(weights="")),
    ("weightsLength", changed(weights=GOOD["weights"][:-4])),
    ("weightsLength", changed(weights=GOOD["weights"] + "AAAA")),
    ("weightsLength", changed(weights=GOOD["weights"][:-1])),
    ("weightsLetters", changed(weights="!" + GOOD["weights"][1:])),
    ("weightsLetters", changed(weights="한" + GOOD["weights"][1:])),
    ("weightsLetters", changed(weights=GOOD["weights"][:9] + "=" + GOOD["weights"][10:])),
    ("weightsLetters", small(start(1), TWO_UNITS, weights="AAAAAAAA")),
    ("weightsLetters", small(start(1), TWO_UNITS, weights="AAAAAAA=")),
    ("weightsLetters", small(start(1), TWO_UNITS, weights="AAAA==AA")),
    ("weightsFinite", changed(weights=INFINITE)),
    ("weightsFinite", changed(weights=NOT_A_NUMBER)),
    ("unknown", changed("layers", 1, "shares", "nowhere")),
    ("shares", changed("layers", 6, "shares", "conv")),
    ("value", changed("layers", 6, "shares", None)),
    (
        "shares",
        small(
            start(6, 6, 1), convolution("x", "in"), convolution("out", "x") | {"shares": "x"}
        ),  # other sizes
    ),
]


@pytest.mark.parametrize(
    ("key", "make"), HOSTILE, ids=[f"{i}-{key}" for i, (key, _) in enumerate(HOSTILE)]
)
def test_a_broken_file_is_a_sentence(v8, key, make):
    found = parse(v8, make())
    assert found["key"] == key, found
    assert re.fullmatch(r"[^\n]{8,250}[.)]", found["message"])
    assert "undefined" not in found["message"]
    assert re.search("[가-힣]", found["message"])
    assert v8.eval("typeof ran + typeof ({}).ran") == "undefinedundefined"  # nothing was run or set


def test_a_file_too_long(v8):
    found = v8.eval(
        'try { cnnlab.Model.parse("x".repeat(1e8 + 1)) } catch (error) { error.message }'
    )
    assert "100000000" in found


def test_odd_names_are_only_names(v8):
    """Names of files are shown as text; as keys they must not reach a prototype."""
    file = json.loads(
        TEXT.replace('"conv"', '"__proto__"')
        .replace('"norm"', '"constructor"')
        .replace('"pool"', '"<img src=x onerror=alert(1)>"')
    )
    output, _, activations = run(v8, file, IMAGE)
    np.testing.assert_allclose(output, good_answer(), rtol=1e-6)
    assert {"__proto__", "constructor", "<img src=x onerror=alert(1)>"} <= set(activations)


def test_every_sentence_is_reached(v8, root):
    """No key of the engine's text is without a test; what only running says is tested above."""
    _, sections = sentences(root, "ko")
    reached = {key for key, _ in HOSTILE} | {"inLayer", "inputLength", "notFinite"}
    assert reached == {key for key in sections["engine"] if not key.startswith("limit.")}


def test_every_limit_is_reached(v8, root):
    _, sections = sentences(root, "ko")
    said = [parse(v8, make())["message"] for key, make in HOSTILE if key == "limit"]
    for limit in ("layers", "elements", "live", "weights", "window", "work"):
        assert any(sections["engine"][f"limit.{limit}"] in message for message in said), limit


def test_the_exporter_knows_the_limit(v8):
    assert v8.eval("cnnlab.limits.weights") == web.MAX_WEIGHTS


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["in", "conv", "out", "Conv2D", "Add", "relu", "__proto__", 2**31, -1, 1e308]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.just("__proto__"), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(value, path=()):
    """All paths in a JSON value."""
    yield path
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield from places(value[key], (*path, key))


PLACES = [path for path in places(GOOD) if path]


@st.composite
def damaged(draw):
    """GOOD, damaged in up to three places as JSON or as text."""
    file = copy.deepcopy(GOOD)
    for path in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        *way, last = path
        place = file
        try:
            for key in way:
                place = place[key]
            old = place[last]
            how = draw(st.sampled_from(["replace", "delete", "twice", "number"]))
            if how == "delete":
                del place[last]
            elif how == "twice" and isinstance(place, list):
                place.append(old)
            elif how == "number" and isinstance(old, int | float):
                place[last] = draw(st.sampled_from([0, -1, old + 1, old * 2, 65536, 0.5, 1e30]))
            else:
                place[last] = draw(json_values)
        except (KeyError, IndexError, TypeError):
            pass  # an earlier damage removed the place
    text = json.dumps(file)
    if draw(st.booleans()):
        at, end = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        text = text[:at] + draw(st.text(string.printable, max_size=4)) + text[max(end, at) :]
    return text


@settings(drawn, max_examples=500)
@given(text=damaged())
def test_a_damaged_file_works_or_says_why(v8, text):
    found = parse(v8, text)
    if found.get("work", 1e9) < 1e6:
        v8.eval(
            f"""(async () => {{
                const model = cnnlab.Model.parse({json.dumps(text)});
                const size = model.inputShape.reduce((a, b) => a * b, 1);
                await model.run(new Float32Array(size)).catch(error => {{
                    if (!(error instanceof cnnlab.ModelError)) throw error;
                }});
            }})()"""
        ).get()


# --- in the browser --------------------------------------------------------------------------------


@pytest.fixture
def shown(browser, bare_page):
    """Return a function that opens a bare page with scripts; what the page complains of fails."""
    contexts, said = [], []

    def show(*scripts, language="ko", address=lambda path: path.as_uri()):
        path = bare_page(scripts=("engine.js", *(name for name, _ in scripts)), language=language)
        for name, text in scripts:
            (path.parent / "lab" / name).write_text(text, encoding="utf-8")
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(f"{message.text} {message.location}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address(path))
        return page

    yield show
    for context in contexts:
        context.close()
    assert [message for message in said if "favicon.ico" not in message] == []


ANSWER = """async (numbers) => {
    const {output, activations} = await cnnlab.models.own.run(Float32Array.from(numbers));
    return [Array.from(output.data), [...activations.keys()]];
}"""


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_page_computes_the_same(v8, keras, shown, serve, tmp_path, scheme):
    """Under default-src 'self', from a script that export wrote."""
    random = np.random.default_rng(3)
    model = laboratory.mobile(keras)
    randomize(model, random)
    script = web.export(model, ["no", "yes"], tmp_path / "own.js").read_text(encoding="utf-8")
    image = random.uniform(0, 255, model.input_shape[1:]).astype(np.float32)
    address = (lambda path: f"{serve(path.parent)}/{path.name}") if scheme == "http" else None
    page = shown(("own.js", script), **({"address": address} if address else {}))
    numbers, names = page.evaluate(ANSWER, image.ravel().tolist())
    output, _, activations = run(v8, exported(model), image)
    np.testing.assert_allclose(numbers, output, rtol=1e-6)
    assert names == list(activations)


LONG = """async (file) => {
    const model = cnnlab.Model.parse(file);
    const input = new Float32Array(model.inputShape.reduce((a, b) => a * b));
    const controller = new AbortController();
    let ticks = 0, parts = [];
    const timer = setInterval(() => ticks++, 1);
    const onProgress = part => {
        parts.push(part);
        if (parts.length > 40 && ticks > 2) controller.abort();
    };
    const ended = await model.run(input, {sliceMs: 1, signal: controller.signal, onProgress})
        .then(() => "finished", error => error.name);
    clearInterval(timer);
    const before = AbortSignal.abort();
    const never = await model.run(input, {signal: before}).catch(error => error.name);
    return [ended, ticks, parts, never];
}"""


def test_a_long_model_leaves_the_page_alive_and_can_be_cancelled(shown):
    convolutions = [
        convolution(f"c{i + 1}", f"c{i}" if i else "in", filters=32, kernel_size=[9, 9])
        for i in range(15)
    ]
    weights = np.zeros(9 * 9 * 32 * (3 + 14 * 32), "<f2")
    file = small(
        start(256, 256, 3),
        *convolutions,
        layer("out", "GlobalAveragePooling2D", ["c15"], keepdims=False),
        classes=32,
        weights=base64_of(weights),
    )()
    ended, ticks, parts, never = shown().evaluate(LONG, file)
    assert (ended, never) == ("AbortError", "AbortError")
    assert ticks > 2  # other things happened in between
    assert parts == sorted(parts) and parts[-1] < 0.5


def test_a_page_says_it_in_its_language(shown):
    refused = "text => { try { cnnlab.Model.parse(text) } catch (error) { return error.message } }"
    for language, letters in (("ko", "[가-힣]"), ("en", "^[A-Za-z]")):
        page = shown(language=language)
        for text in ("{", changed("layers", 1, "type", "<img src=x onerror=alert(1)>")()):
            assert re.search(letters, page.evaluate(refused, text))


# --- the sentences ---------------------------------------------------------------------------------


def sentences(root, language):
    """Return the language that a text file names, and {section: {key: sentence}}."""
    from py_mini_racer import MiniRacer

    engine = MiniRacer()
    try:
        engine.eval("var cnnlab = {addText: (...all) => (cnnlab.added = all)}")
        engine.eval((root / f"book/_assets/lab/text.{language}.js").read_text(encoding="utf-8"))
        return json.loads(engine.eval("JSON.stringify(cnnlab.added)"))
    finally:
        engine.close()


def test_both_languages_say_the_same(root):
    (korean, ko), (english, en) = sentences(root, "ko"), sentences(root, "en")
    assert (korean, english) == ("ko", "en")
    assert {section: list(keys) for section, keys in ko.items()} == {
        section: list(keys) for section, keys in en.items()
    }
    for section, keys in ko.items():
        for key, sentence in keys.items():
            values = [
                sorted(set(re.findall(r"\{\w+\}", one))) for one in (sentence, en[section][key])
            ]
            assert values[0] == values[1], (section, key)
            assert sentence.strip() and en[section][key].strip()
            assert not re.search("[가-힣]", en[section][key]), (section, key)


def test_every_sentence_is_used(root):
    """Each word of a key stands in its section's script, or is a name the engine gives.

    (Keys are also put together, as `setting.${name}`.)
    """
    _, sections = sentences(root, "ko")
    folder = root / "book/_assets/lab"
    for section, keys in sections.items():
        scripts = [folder / f"{section}.js", folder / "engine.js"]
        words = set(re.findall(r"\w+", "".join(path.read_text("utf-8") for path in scripts)))
        if section == "image-top5":  # its network's classes have names of their own
            model = (folder / "models/cifar10.js").read_text(encoding="utf-8")
            words |= set(json.loads(re.search(r'"classNames":(\[.*?\])', model)[1]))
        assert [key for key in keys if set(re.findall(r"\w+", key)) - words] == [], section
