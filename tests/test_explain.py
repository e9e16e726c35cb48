"""Heat maps against a model whose answer's place is known, so that they can be wrong.

The model finds a vertical and a horizontal bar with two kernels set by hand; class 0 is "vertical",
class 1 "horizontal". An image holds one bar of each kind, far apart.
"""

import numpy as np
import pytest

from cnnbook import explain

VERTICAL, HORIZONTAL = (4, 5), (15, 14)  # the bars' middles, (row, column)
keras = layers = tf = None


@pytest.fixture(scope="module", autouse=True)
def libraries(keras):
    """Import TensorFlow in the environment that the fixture `keras` sets, not when tests are collected."""
    import tensorflow

    globals().update(keras=keras, layers=keras.layers, tf=tensorflow)


def image():
    picture = np.zeros((1, 20, 20, 1), np.float32)
    picture[0, VERTICAL[0] - 1 : VERTICAL[0] + 2, VERTICAL[1]] = 1
    picture[0, HORIZONTAL[0], HORIZONTAL[1] - 1 : HORIZONTAL[1] + 2] = 1
    return picture


def kernels():
    bar = np.array([[-1, 2, -1]] * 3, np.float32)
    return np.stack([bar, bar.T], axis=-1)[:, :, None, :]


def finder():
    return layers.Conv2D(2, 3, padding="same", activation="relu", use_bias=False, name="finder")


def head(activation="softmax"):
    return layers.Dense(2, activation=activation, use_bias=False, name="head")


def set_weights(model):
    explain.find_layer(model, "trunk/finder" if "trunk" in names(model) else "finder").set_weights(
        [kernels()]
    )
    last = explain.find_layer(model, "head")
    units = last.get_weights()[0].shape[1]
    last.set_weights([np.array([[9, -9], [-9, 9]], np.float32)[:, 2 - units :]])
    return model


def names(model):
    return [layer.name for layer in model.layers]


def sequential(activation="softmax"):
    return keras.Sequential(
        [keras.Input((20, 20, 1)), finder(), layers.GlobalAveragePooling2D(), head(activation)]
    )


def functional():
    inputs = keras.Input((20, 20, 1))
    maps = finder()(inputs)
    both = layers.concatenate([layers.GlobalMaxPooling2D()(maps), layers.Flatten()(maps)])
    pooled = layers.GlobalAveragePooling2D()(maps)
    return keras.Model(inputs, head()(pooled + 0 * both[:, :2]))


def nested():
    inside = keras.Input((20, 20, 1))
    trunk = keras.Model(inside, finder()(inside), name="trunk")
    inputs = keras.Input((20, 20, 1))
    return keras.Model(inputs, head()(layers.GlobalAveragePooling2D()(trunk(inputs))))


def nested_sequential():
    trunk = keras.Sequential([keras.Input((20, 20, 1)), finder()], name="trunk")
    return keras.Sequential(
        [keras.Input((20, 20, 1)), trunk, layers.GlobalAveragePooling2D(), head()]
    )


def softmax_layer():
    return keras.Sequential([*sequential("linear").layers, layers.Softmax()])


def activation_layer():
    return keras.Sequential([*sequential("linear").layers, layers.Activation("softmax")])


KINDS = {
    build.__name__: build
    for build in (
        sequential,
        functional,
        nested,
        nested_sequential,
        softmax_layer,
        activation_layer,
    )
}


@pytest.fixture(params=KINDS)
def model(request):
    return set_weights(KINDS[request.param]())


def place(model):
    return "trunk/finder" if "trunk" in names(model) else "finder"


def peak(heat):
    return tuple(int(i) for i in np.unravel_index(heat.argmax(), heat.shape))


def test_heat_stands_where_the_answer_is(model):
    for index, middle in enumerate((VERTICAL, HORIZONTAL)):
        (heat,) = explain.grad_cam(model, image(), place(model), index)
        assert heat.shape == (20, 20) and heat.dtype == np.float32
        assert peak(heat) == middle and heat.max() == 1 and heat.min() == 0
        far = HORIZONTAL if index == 0 else VERTICAL
        assert heat[far] < 0.5, "the other bar must not glow as much"


def test_heat_by_hand(model):
    # Average pooling hands every place of map k the gradient w_k / 400: the weights are ±9 / 400.
    maps = explain.activations(model, image(), place(model))[0]
    expected = np.maximum(9 * maps[..., 0] - 9 * maps[..., 1], 0)
    (heat,) = explain.grad_cam(model, image(), place(model), 0)
    np.testing.assert_allclose(heat, expected / expected.max(), atol=1e-6)


def test_the_most_probable_class_is_explained_by_default(model):
    picture = image()
    picture[:, 10:] = 0  # only the vertical bar is left
    chosen = explain.grad_cam(model, picture, place(model))
    np.testing.assert_array_equal(chosen, explain.grad_cam(model, picture, place(model), 0))
    assert np.abs(explain.grad_cam(model, picture, place(model), 1)[0, 2:7, 5]).max() < 1


def test_a_batch_is_explained_image_by_image(model):
    batch = np.concatenate([image(), image()[:, ::-1], image().transpose(0, 2, 1, 3)])
    together = explain.grad_cam(model, batch, place(model), 0)
    alone = [explain.grad_cam(model, one[None], place(model), 0)[0] for one in batch]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_nothing_for_the_class_is_zero_everywhere(model):
    assert explain.grad_cam(model, np.zeros((1, 20, 20, 1)), place(model), 0).max() == 0


def test_model_is_left_as_it_was(model):
    before = model(image()).numpy()
    explain.grad_cam(model, image(), place(model))
    with pytest.raises(ValueError):
        explain.grad_cam(model, image(), place(model), 7)
    assert np.array_equal(model(image()).numpy(), before)
    assert not any("call" in vars(layer) for layer in model.layers)
    assert model.predict(image(), verbose=0).shape == (1, 2)


def test_frozen_networks_are_explained_too(model):
    free = explain.grad_cam(model, image(), place(model), 1)
    model.trainable = False
    np.testing.assert_array_equal(explain.grad_cam(model, image(), place(model), 1), free)


def test_one_output_explains_both_sides():
    inputs = keras.Input((20, 20, 1))
    maps = layers.GlobalAveragePooling2D()(finder()(inputs))
    output = layers.Dense(1, activation="sigmoid", use_bias=False, name="head")(maps)
    model = set_weights(keras.Model(inputs, output))
    assert peak(explain.grad_cam(model, image(), "finder", 1)[0]) == HORIZONTAL
    assert peak(explain.grad_cam(model, image(), "finder", 0)[0]) == VERTICAL


def test_scores_are_taken_before_the_softmax():
    # A probability of 1 has no slope left: after the softmax the map would be empty.
    model = set_weights(sequential())
    head_layer = model.layers[-1]
    head_layer.set_weights([head_layer.get_weights()[0] * 1e4])
    picture = image()
    picture[:, 10:] = 0
    assert model(picture).numpy()[0, 0] == 1
    assert peak(explain.grad_cam(model, picture, "finder", 0)[0]) == VERTICAL


def ends():
    """Return, by name, ways to end a network with a softmax that is not the word "softmax"."""

    def softmax(values):
        return keras.ops.softmax(values)

    return {
        "TensorFlow's": [head(tf.nn.softmax)],
        "of keras.ops": [head(keras.ops.softmax)],
        "an own function": [head(softmax)],
        "a layer": [head(None), layers.Softmax()],
        "an activation": [head(None), layers.Activation(lambda values: softmax(values))],
        "not last": [
            head(),
            layers.Activation("linear"),
            layers.Dropout(0.5),
            layers.Reshape((2,)),
        ],
        "none": [head(None)],
    }


@pytest.mark.parametrize(
    "end", ["TensorFlow's", "of keras.ops", "an own function", "a layer", "an activation", "not last", "none"]
)  # fmt: skip
def test_softmax_is_told_by_what_it_does(end):
    body = [keras.Input((20, 20, 1)), finder(), layers.GlobalAveragePooling2D()]
    model = set_weights(keras.Sequential([*body, *ends()[end]]))
    expected = explain.grad_cam(set_weights(sequential()), image(), "finder", 1)
    before = model(image()).numpy()
    np.testing.assert_allclose(explain.grad_cam(model, image(), "finder", 1), expected, atol=1e-6)
    assert expected.max() == 1
    np.testing.assert_array_equal(model(image()).numpy(), before)


def subclassed(call):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.finder, self.pool = finder(), layers.GlobalAveragePooling2D()
            self.head, self.unused = head(), layers.Dense(7)

        def build(self, shape):
            self.finder.build(shape)
            self.head.build((None, 2))

        def call(self, images, training=False):
            return call(self, self.pool(self.finder(images)))

    model = Own()
    model.build((None, 20, 20, 1))
    return set_weights(model)


def own_softmax():
    return subclassed(lambda model, maps: tf.nn.softmax(maps @ tf.ones((2, 3))))


def two_outputs():
    inputs = keras.Input((20, 20, 1))
    maps = layers.GlobalAveragePooling2D()(finder()(inputs))
    return keras.Model(inputs, [layers.Dense(2)(maps), layers.Dense(3)(maps)])


def scores():
    return set_weights(sequential(None))


def test_a_subclassed_model_may_list_a_layer_last_that_it_does_not_use():
    model = subclassed(lambda model, maps: model.head(maps))
    expected = explain.grad_cam(set_weights(sequential()), image(), "finder", 1)
    np.testing.assert_allclose(explain.grad_cam(model, image(), "finder", 1), expected, atol=1e-6)


def test_heat_of_a_half_precision_network_is_float32():
    half = layers.Activation("linear", dtype="float16", name="half")
    # Only the maps: TensorFlow's float16 product ends Python on some processors.
    rest = [layers.GlobalAveragePooling2D(), head()]
    model = set_weights(keras.Sequential([keras.Input((20, 20, 1)), finder(), half, *rest]))
    heat = explain.grad_cam(model, image(), "half", 1)
    assert heat.dtype == np.float32 and peak(heat[0]) == HORIZONTAL


def test_occlusion_covers_a_block_at_a_time(monkeypatch):
    model = set_weights(sequential())
    at_once = explain.occlusion(model, image()[0], 0, size=4)
    seen = []
    probabilities = explain._probabilities
    monkeypatch.setattr(explain, "BLOCK_BYTES", 7 * image().nbytes)
    monkeypatch.setattr(
        explain, "_probabilities", lambda m, i: seen.append(len(i)) or probabilities(m, i)
    )
    np.testing.assert_allclose(explain.occlusion(model, image()[0], 0, size=4), at_once, atol=1e-6)
    assert max(seen) == 7 and sum(seen) == 1 + 17 * 17


def test_activations_are_the_layer_s_own(model):
    expected = tf.nn.relu(tf.nn.conv2d(image(), kernels(), 1, "SAME")).numpy()
    shown = explain.activations(model, image(), place(model))
    np.testing.assert_allclose(shown, expected, atol=1e-6)
    layer = explain.find_layer(model, place(model))
    np.testing.assert_array_equal(explain.activations(model, image(), layer), shown)


def test_occlusion_falls_where_the_answer_is():
    model = set_weights(sequential())
    picture = image() * 4
    for index, middle in enumerate((VERTICAL, HORIZONTAL)):
        fall = explain.occlusion(model, picture[0], index, size=5)
        assert fall.shape == (16, 16)
        row, column = peak(fall)
        assert row <= middle[0] < row + 5 and column <= middle[1] < column + 5
        whole = model(picture).numpy()[0, index]
        covered = picture.copy()
        covered[0, row : row + 5, column : column + 5] = 0
        assert fall.max() == pytest.approx(whole - model(covered).numpy()[0, index], abs=1e-6)


def test_occlusion_steps_by_its_stride():
    model = set_weights(sequential())
    every = explain.occlusion(model, image()[0], 0, size=4)
    third = explain.occlusion(model, image()[0], 0, size=4, stride=3)
    np.testing.assert_allclose(third, every[::3, ::3], atol=1e-6)


@pytest.mark.parametrize("limits", [(0, 1), (0, 255), (-1, 1)])
def test_excite_climbs(limits):
    model, (low, high) = set_weights(sequential()), limits
    noise = np.random.default_rng(0).uniform(0.4, 0.6, (1, 20, 20, 1)).astype(np.float32)
    before = explain.activations(model, low + (high - low) * noise, "finder")[..., 0].mean()
    found = explain.excite(model, "finder", 0, limits=limits)
    after = explain.activations(model, found[None], "finder")
    assert found.shape == (20, 20, 1) and found.min() >= low and found.max() <= high
    assert after[..., 0].mean() > 5 * before
    assert after[..., 0].mean() > 3 * after[..., 1].mean()  # vertical bars, not horizontal ones


def any_size():
    return keras.Sequential([keras.Input((None, None, 1)), layers.Conv2D(2, 3, name="conv")])


def two_inputs():
    one, two = keras.Input((20, 20, 1)), keras.Input((20, 20, 1))
    conv = layers.Conv2D(2, 3, name="conv")
    together = layers.Flatten()(layers.Add()([conv(one), conv(two)]))
    return keras.Model([one, two], layers.Dense(2, activation="softmax")(together))


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_activations_of_a_half_precision_network_are_float32(half):
    doubling = layers.Rescaling(2.0, dtype=half, name="doubling")
    found = explain.activations(
        keras.Sequential([keras.Input((20, 20, 1)), doubling]), image(), doubling
    )
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, 2 * image())


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda m: explain.grad_cam(m, image(), "nobody"), "layer: got nobody, wanted one of"),
        (lambda m: explain.grad_cam(m, image(), "finder/x"), "layer: got finder/x"),
        (lambda m: explain.grad_cam(m, image(), "head", 0), "wanted a layer with maps"),
        (lambda m: explain.grad_cam(m, image(), finder(), 0), "a layer that the model uses"),
        (lambda m: explain.grad_cam(m, image()[0], "finder", 0), r"images: got shape \(20, 20, 1"),
        (
            lambda m: explain.grad_cam(m, image(), "finder", 2),
            "class_index: got 2, wanted an integer from 0 to 1",
        ),
        (lambda m: explain.grad_cam(m, image(), "finder", -1), "class_index: got -1"),
        (lambda m: explain.grad_cam(m, image(), "finder", True), "class_index: got True"),
        (lambda m: explain.grad_cam(m, image(), "finder", 1.0), "class_index: got 1.0"),
        (lambda m: explain.grad_cam(two_outputs(), image(), "finder", 1), "model: got 2 outputs"),
        (lambda m: explain.grad_cam(own_softmax(), image(), "finder", 1), "stands in no layer"),
        (
            lambda m: explain.occlusion(scores(), 99 * image()[0], 1, size=3),
            "model: got answers from",
        ),
        (lambda m: explain.occlusion(m, image()[0], 5, size=3), "class_index: got 5"),
        (lambda m: explain.occlusion(m, image()[0], 0, size=21), r"size, stride: got \(21, 1\)"),
        (lambda m: explain.occlusion(m, image()[0], 0, size=0), "size, stride"),
        (lambda m: explain.occlusion(m, image()[0], 0, size=3, stride=0), "size, stride"),
        (lambda m: explain.excite(m, "finder", 2), "filter_index: got 2, wanted 0"),
        (lambda m: explain.excite(m, "finder", 1.0), "filter_index: got 1.0, wanted 0"),
        (lambda m: explain.excite(m, "finder", 0, limits=(1, 0)), r"limits: got \(1, 0\)"),
        (lambda m: explain.excite(m, "finder", 0, limits=(0, np.nan)), "limits: got"),
        (lambda m: explain.excite(any_size(), "conv", 0), "model: got an input of shape"),
        (lambda m: explain.excite(two_inputs(), "conv", 0), "model: got an input of shape"),
        (lambda m: explain.excite(own_softmax(), "conv", 0), "model: got an input of shape|layer"),
        (lambda m: explain.grad_cam(two_inputs(), image(), "conv", 0), "model: got 2 inputs"),
        (lambda m: explain.activations(two_inputs(), image(), "conv"), "model: got 2 inputs"),
        (lambda m: explain.occlusion(two_inputs(), image()[0], 0, size=3), "model: got 2 inputs"),
        (lambda m: explain.grad_cam(m, image()[:0], "finder"), r"images: got shape \(0, 20, 20"),
        (lambda m: explain.grad_cam(m, image() * np.nan, "finder"), "hold infinity or NaN"),
        (
            lambda m: explain.occlusion(m, image()[0, ..., 0], 0, size=3),
            r"image: got shape \(20, 20\)",
        ),
        (lambda m: explain.occlusion(m, image(), 0, size=3), r"image: got shape \(1, 20, 20, 1"),
        (lambda m: explain.occlusion(m, image()[0], 0, size=3.0), "size, stride"),
        (lambda m: explain.occlusion(m, image()[0], 0, size=(3, 3)), "size, stride"),
        (lambda m: explain.occlusion(m, image()[0], 0, size=3, stride=1.5), "size, stride"),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=f"(?s){sentence}.*필요한 값"):
        call(set_weights(sequential()))
