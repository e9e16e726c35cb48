"""The exporter of the web laboratory: what it writes, and what it refuses in two languages.

That the laboratory computes what Keras computes is tested in test_lab_engine.py.
"""

import base64
import functools
import json
import os
import re
import unicodedata

import laboratory
import numpy as np
import pytest

from cnnbook import web


@pytest.fixture(scope="module")
def model(keras):
    layers = keras.layers
    built = keras.Sequential(
        [
            keras.Input((4, 4, 2), name="pixels"),
            layers.Conv2D(3, 2, strides=2, activation="relu", name="conv"),
            layers.BatchNormalization(momentum=0.9, name="norm"),
            layers.Flatten(name="flat"),
            layers.Dense(2, activation="softmax", name="dense"),
        ]
    )
    laboratory.randomize(built, np.random.default_rng(0))
    return built


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def refused(model, names, path, *words, **options):
    """Export must raise a ValueError with these words, in both languages, and write nothing."""
    with pytest.raises(ValueError) as caught:
        web.export(model, names, path, **options)
    english, korean = str(caught.value).split("\n")
    for word in words:
        assert word in english and word in korean
    assert "wanted" in english and "필요한 값" in korean
    assert list(path.parent.iterdir()) == []


def test_the_file(model, tmp_path):
    path = web.export(model, ["고양이", "dog"], tmp_path / "pets.json", input_range=(0, 255))
    file = read(path)
    weights = file.pop("weights")
    assert file == {
        "format": "cnnbook-model",
        "version": 1,
        "inputRange": [0, 255],
        "classNames": ["고양이", "dog"],
        "layers": [
            {
                "name": "pixels",
                "type": "InputLayer",
                "config": {"shape": [4, 4, 2]},
                "inputs": [],
            },
            {
                "name": "conv",
                "type": "Conv2D",
                "config": {
                    "filters": 3,
                    "groups": 1,
                    "kernel_size": [2, 2],
                    "strides": [2, 2],
                    "padding": "valid",
                    "dilation_rate": [1, 1],
                    "activation": "relu",
                    "use_bias": True,
                },
                "inputs": ["pixels"],
            },
            {
                "name": "norm",
                "type": "BatchNormalization",
                "config": {"epsilon": 0.001, "center": True, "scale": True},
                "inputs": ["conv"],
            },
            {"name": "flat", "type": "Flatten", "config": {}, "inputs": ["norm"]},
            {
                "name": "dense",
                "type": "Dense",
                "config": {"units": 2, "activation": "softmax", "use_bias": True},
                "inputs": ["flat"],
            },
        ],
        "output": "dense",
    }
    kinds = ["<f2"] * 2 + ["<f4"] * 4 + ["<f2"] * 2
    rest = base64.b64decode(weights, validate=True)
    for kind, array in zip(kinds, model.get_weights(), strict=True):
        size = array.size * np.dtype(kind).itemsize
        np.testing.assert_array_equal(np.frombuffer(rest[:size], kind), array.ravel())
        rest = rest[size:]
    assert rest == b""
    assert [entry.name for entry in tmp_path.iterdir()] == ["pets.json"]


def test_a_script_holds_the_same(model, tmp_path):
    file = web.export(model, ["a", "b"], tmp_path / 'pets "2".json').read_text(encoding="utf-8")
    script = web.export(model, ["a", "b"], tmp_path / 'pets "2".js').read_text(encoding="utf-8")
    assert script == f'cnnlab.addModel("pets \\"2\\"", {file});\n'


def test_the_same_model_is_the_same_bytes_and_is_left_as_it_is(model, tmp_path):
    before = model.get_weights()
    one = web.export(model, ["a", "b"], tmp_path / "one.json").read_bytes()
    two = web.export(model, ("a", "b"), str(tmp_path / "two.json")).read_bytes()
    assert one == two
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_interruption_leaves_the_old_file(model, tmp_path, monkeypatch):
    path = tmp_path / "pets.json"
    path.write_text("old")

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        web.export(model, ["a", "b"], path)
    assert path.read_text() == "old"


def test_the_example_in_the_docstring_has_all_fields(model):
    example = re.search(r"\n    \{.*?\n\n", web.__doc__, re.S)[0]
    file = web.manifest(model, ["a", "b"])
    assert re.findall(r'^ *[{]?"(\w+)":', example, re.M)[0] == "format"
    for key in [*file, *file["layers"][0]]:
        assert f'"{key}":' in example
    assert f'"version": {web.VERSION}' in example


@pytest.mark.parametrize(
    "names",
    [
        *("ab", None, 2, [], ["a"], ["a", "b", "c"], ["a", 2], ["a", ""], ["a", "b" * 201]),
        *(["a", "b\nc"], ["a", "\ud800"], ["a", "b\0"]),
    ],
)
def test_class_names_that_do_not_fit(model, names, tmp_path):
    refused(model, names, tmp_path / "x.json", "class_names")


def test_how_many_names_are_wanted(model, tmp_path):
    refused(model, ["a", "b", "c"], tmp_path / "x.json", "3 names", "2")


def test_one_output_has_two_names(keras, tmp_path):
    one = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    refused(one, ["dog"], tmp_path / "x.json", "class_names")
    assert read(web.export(one, ["cat", "dog"], tmp_path / "x.json"))["classNames"] == [
        "cat",
        "dog",
    ]


@pytest.mark.parametrize("name", ["x", "x.txt", "x.JSON", "x.js.gz"])
def test_other_suffixes(model, name, tmp_path):
    refused(model, ["a", "b"], tmp_path / name, ".json")


def test_names_are_written_with_whole_letters(model):
    apart = unicodedata.normalize("NFD", "고양이")
    names = web.manifest(model, [apart, "👨‍👩‍👧 (3)"])["classNames"]
    assert names == ["고양이", "👨‍👩‍👧 (3)"] and apart != "고양이"


def test_places_where_no_file_can_be(model, tmp_path):
    with pytest.raises(ValueError, match=r"path: got .*nowhere(.|\n)*이미 있는 폴더"):
        web.export(model, ["a", "b"], tmp_path / "nowhere" / "x.json")
    (tmp_path / "x.json").mkdir()
    with pytest.raises(ValueError, match="in a folder that is there"):
        web.export(model, ["a", "b"], tmp_path / "x.json")
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize("given", [(0,), (0, 1, 2), "01", (0, np.inf), (None, 1), 255, (1, 1.0)])
def test_ranges_that_are_none(model, given, tmp_path):
    refused(model, ["a", "b"], tmp_path / "x.json", "input_range", input_range=given)


def test_all_unsupported_layers_are_named(keras, tmp_path):
    layers = keras.layers

    @keras.saving.register_keras_serializable("test_web")
    def own(x):
        return x

    class Conv2D(layers.Conv2D):  # what it computes is not known
        pass

    x = inputs = keras.Input((8, 8, 4))
    x = layers.UpSampling2D()(x)
    x = Conv2D(4, 1)(x)
    x = layers.Conv2D(4, 1, activation=own)(x)
    x = layers.Activation("relu")(x)
    x = layers.BatchNormalization(axis=1)(x)
    x = layers.Lambda(lambda x: 2 * x)(x)
    x = keras.Sequential([keras.Input((16, 16, 4)), layers.Conv2DTranspose(4, 1)])(x)
    x = keras.ops.sqrt(x + 1)
    x = layers.GlobalAveragePooling2D(data_format="channels_first")(x)
    model = keras.Model(
        inputs, layers.Dense(2)(layers.UpSampling1D()(layers.Reshape((4, 4))(x))[:, 0])
    )
    refused(
        model,
        ["a", "b"],
        tmp_path / "x.json",
        "UpSampling2D, Conv2D, Conv2D (activation=",
        "own",
        "BatchNormalization (axis=1), Lambda, Conv2DTranspose, Add (keras.ops), Sqrt (keras.ops)",
        "GlobalAveragePooling2D (data_format=channels_first), UpSampling1D, GetItem (keras.ops)",
    )


@pytest.mark.parametrize(
    "problem",
    [
        "Rescaling (scale=",
        "Normalization (invert=True)",
        "LayerNormalization (axis=",
        "Softmax (axis=1)",
    ],
)
def test_settings_that_are_not_supported(keras, tmp_path, problem):
    layers = keras.layers
    layer = {
        "Rescaling": lambda: layers.Rescaling(np.ones((4, 1, 1))),
        "Normalization": lambda: layers.Normalization(mean=0, variance=1, invert=True),
        "LayerNormalization": lambda: layers.LayerNormalization(axis=(1, 2, 3)),
        "Softmax": lambda: layers.Softmax(axis=1),
    }[problem.split(" ")[0]]()
    model = keras.Sequential([keras.Input((4, 4, 2)), layer, layers.Flatten(), layers.Dense(2)])
    refused(model, ["a", "b"], tmp_path / "x.json", problem)


def own_activations(keras):
    def relu(values):  # bears the name of Keras's own
        return keras.ops.maximum(0.3 * values, values)

    def called(values):
        return relu(values)

    class Relu:
        def __call__(self, values):
            return relu(values)

    return {
        "relu": relu,
        "called": called,
        "<lambda>": lambda values: relu(values),
        "partial": functools.partial(keras.activations.leaky_relu, negative_slope=0.3),
        "Relu": Relu(),
        "LeakyReLU": keras.layers.LeakyReLU(negative_slope=0.3),
    }


@pytest.mark.parametrize("name", ["relu", "called", "<lambda>", "partial", "Relu", "LeakyReLU"])
@pytest.mark.parametrize("where", ["Conv2D", "Activation"])
def test_functions_of_one_s_own_are_refused_whatever_their_name(keras, tmp_path, name, where):
    function = own_activations(keras)[name]
    convolution = keras.layers.Conv2D(2, 3, activation=function if where == "Conv2D" else None)
    rest = [keras.layers.Activation(function)] if where == "Activation" else []
    head = [keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
    network = keras.Sequential([keras.Input((4, 4, 1)), convolution, *rest, *head])
    refused(network, ["a", "b"], tmp_path / "x.json", f"{where} (activation=", name)


def test_keras_s_own_functions_are_known_in_every_form(keras):
    for function in ("relu", keras.activations.relu, keras.ops.relu):
        dense = keras.layers.Dense(2, activation=function)
        network = keras.Sequential([keras.Input((3,)), dense])
        if function is keras.ops.relu:  # another function of the same effect: refused, not guessed
            with pytest.raises(ValueError, match="not Keras's own"):
                web.manifest(network, ["a", "b"])
        else:
            entry = web.manifest(network, ["a", "b"])["layers"][-1]
            assert entry["config"]["activation"] == "relu"


def test_a_file_that_would_answer_otherwise_is_not_written(keras, model, tmp_path, monkeypatch):
    manifest = web.manifest

    def lossy(*arguments, **options):
        content = manifest(*arguments, **options)
        content["layers"][1]["config"]["activation"] = "linear"
        return content

    monkeypatch.setattr(web, "manifest", lossy)
    refused(model, ["a", "b"], tmp_path / "x.json", "0.")
    monkeypatch.undo()
    again = web.rebuilt(web.manifest(model, ["a", "b"]))
    images = np.random.default_rng(1).random((5, 4, 4, 2)).astype(np.float32)
    np.testing.assert_allclose(again(images), model(images), atol=0.01)


@pytest.mark.parametrize("value", [1e5, np.inf, np.nan])
def test_weights_beyond_float16(keras, value, tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="last")])
    model.layers[0].bias.assign([0, value])
    refused(model, ["a", "b"], tmp_path / "x.json", "last.bias", "float16")


def test_a_variance_beyond_float16_is_kept(keras):
    model = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization()])
    model.layers[0].moving_variance.assign([1e9, 1e-9])
    weights = base64.b64decode(web.manifest(model, ["a", "b"])["weights"])
    np.testing.assert_array_equal(
        np.frombuffer(weights, "<f4")[-2:], np.array([1e9, 1e-9], np.float32)
    )


def test_models_without_a_graph(keras, tmp_path):
    class Own(keras.Model):
        def call(self, x):
            return x

    own = Own(name="own")
    own(np.zeros((1, 2)))
    unbuilt = keras.Sequential([keras.layers.Dense(2)], name="unbuilt")
    for model in (own, unbuilt):
        refused(model, ["a", "b"], tmp_path / "x.json", model.name, "keras.Input")
    within = keras.Sequential([keras.Input((2,)), own])
    refused(within, ["a", "b"], tmp_path / "x.json", "Own")
    for other in (None, "model.keras", keras.layers.Dense(2)):
        refused(other, ["a", "b"], tmp_path / "x.json", "keras.Model")


def test_inputs_and_outputs(keras, tmp_path):
    layers = keras.layers
    one, two = keras.Input((3,)), keras.Input((3,))
    joined = layers.Dense(2)(layers.Add()([one, two]))
    refused(keras.Model([one, two], joined), ["a", "b"], tmp_path / "x.json", "2 inputs")
    dense = layers.Dense(2)(one)
    refused(keras.Model(one, [dense, dense]), ["a", "b"], tmp_path / "x.json", "2 outputs")
    anyhow = keras.Input((None, None, 3))
    pooled = keras.Model(anyhow, layers.GlobalAveragePooling2D()(anyhow))
    refused(pooled, ["a", "b", "c"], tmp_path / "x.json", "(None, None, None, 3)")
    maps = keras.Sequential([keras.Input((4, 4, 2)), layers.Conv2D(2, 1)])
    refused(maps, ["a", "b"], tmp_path / "x.json", "(None, 4, 4, 2)")


def test_too_many_weights(keras, model, tmp_path, monkeypatch):
    monkeypatch.setattr(web, "MAX_WEIGHTS", model.count_params() - 1)
    refused(model, ["a", "b"], tmp_path / "x.json", str(model.count_params()))


def test_names_stay_unique(keras):
    """A shared layer, a shared model and layers of equal names in nested models."""
    layers = keras.layers
    block = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="dense")], name="block")
    dense = layers.Dense(3, name="dense")
    inputs = keras.Input((3,), name="in")
    model = keras.Model(inputs, block(dense(block(dense(inputs)))))
    entries = web.manifest(model, ["a", "b", "c"])["layers"]
    assert [(one["name"], one["inputs"], one.get("shares")) for one in entries] == [
        ("in", [], None),
        ("dense", ["in"], None),
        ("block/dense", ["dense"], None),
        ("dense:2", ["block/dense"], "dense"),
        ("block/dense:2", ["dense:2"], "block/dense"),
    ]


def test_as_deep_as_keras_builds(keras):
    x = inputs = keras.Input((2,))
    for _ in range(700):
        x = keras.layers.Identity()(x)
    entries = web.manifest(keras.Model(inputs, x), ["a", "b"])["layers"]
    assert len(entries) == 701


def test_branches_are_in_order(keras):
    """Every layer stands behind its inputs, whatever the order in which it was built."""
    layers = keras.layers
    inputs = keras.Input((2,))
    made = [inputs]
    random = np.random.default_rng(0)
    for _ in range(60):
        a, b = random.integers(0, len(made), 2)
        made.append(
            layers.Add()([made[a], made[b]]) if random.random() < 0.5 else made[a] + made[b]
        )
    entries = web.manifest(keras.Model(inputs, layers.Average()(made)), ["a", "b"])["layers"]
    seen = set()
    for entry in entries:
        assert set(entry["inputs"]) <= seen
        seen.add(entry["name"])
    assert len(entries) == 62
