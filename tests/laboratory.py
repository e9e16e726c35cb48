"""What the tests of the laboratory share: models, the engine beside Keras, a hand that draws."""

import json

import numpy as np

from cnnbook import web

RUN = """async (file, numbers, options) => {
    const model = cnnlab.Model.parse(file);
    const {output, probabilities, activations} = await model.run(Float32Array.from(numbers), options);
    return JSON.stringify({
        output: Array.from(output.data),
        probabilities: Array.from(probabilities),
        activations: [...activations].map(([name, {shape, data}]) => [name, shape, Array.from(data)]),
    });
}"""
# The pointer's events for the strokes on each pad of the page's widget, all at once: real input waits
# for a frame after every point.
DRAW = """drawings => {
    const widget = document.querySelector("digit-cnn, zip-code");
    const pads = widget.pads ?? [widget.pad];
    drawings.forEach((strokes, i) => {
        const { left, top, width } = pads[i].picture.getBoundingClientRect();
        const fire = (type, buttons, [x, y]) => pads[i].element.dispatchEvent(new PointerEvent(type, {
            pointerId: 1, bubbles: true, button: type === "pointermove" ? -1 : 0, buttons,
            clientX: left + x * width / pads[i].side, clientY: top + y * width / pads[i].side }));
        pads[i].erase();
        for (const stroke of strokes) {
            fire("pointerdown", 1, stroke[0]);
            for (const point of stroke.slice(1)) fire("pointermove", 1, point);
            fire("pointerup", 0, stroke.at(-1));
        }
    });
}"""


def run(v8, file, image, **options):
    """Run a manifest in V8: (output, probabilities, {layer: activation})."""
    arguments = ", ".join(json.dumps(one) for one in (file, np.ravel(image).tolist(), options))
    found = json.loads(v8.eval(f"({RUN})({arguments})").get())
    activations = {
        name: np.array(numbers, np.float64).reshape(shape)
        for name, shape, numbers in found["activations"]
    }
    return np.array(found["output"]), np.array(found["probabilities"]), activations


def randomize(model, random):
    """Give a model weights as training leaves them, all of them exact in float16."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            randomize(layer, random)
            continue
        for weight in layer.weights:
            if not weight.dtype.startswith("float"):
                continue  # the state of a random generator
            if weight.path.endswith(("variance", "gamma")):
                values = random.uniform(0.5, 2, weight.shape)
            elif weight.path.endswith("kernel"):
                values = random.normal(0, np.prod(weight.shape[:-1]) ** -0.5, weight.shape)
            else:
                values = random.normal(0, 0.5, weight.shape)
            weight.assign(values.astype(np.float16).astype(np.float32))


def exported(model):
    """Return a model's manifest, with as many class names as it has outputs."""
    units = model.output_shape[-1]
    return web.manifest(model, [f"class {i}" for i in range(max(units, 2))])


def differences(v8, keras, model, image):
    """Run a model in V8 and in Keras: {layer: (type, max|a - b| / max|b|)}, each layer's output."""
    file = exported(model)
    _, _, activations = run(v8, file, image)
    layers = [layer for layer in model.layers if layer.name in activations]
    # Of a layer that is used twice the first use.
    outputs = [layer._inbound_nodes[0].outputs[0] for layer in layers]
    whole = keras.Model(model.inputs[0], outputs)
    wanted = whole(image[np.newaxis], training=False)
    found = {}
    for layer, b in zip(layers, wanted, strict=True):
        a, b = activations[layer.name], np.asarray(b, np.float64)[0]
        assert a.shape == b.shape, layer.name
        difference = abs(a - b).max() / (abs(b).max() or 1)
        found[layer.name] = (type(layer).__name__, float(difference))
    return found


def gathered(keras, image, branches):
    """Return a model of many layers side by side, all on the same input.

    branches: functions from the symbolic input to a symbolic output; what they give is flattened
    and joined, so that the whole is one model with many outputs.
    """
    inputs = keras.Input(image.shape)
    outputs = [branch(inputs) for branch in branches]
    flat = [keras.layers.Flatten()(output) for output in outputs]
    return keras.Model(inputs, keras.layers.Concatenate()(flat))


# --- every type of layer over its settings -------------------------------------------------------


def conv2d(layers):
    for size in (1, 2, 3, (5, 2)):
        for padding in ("valid", "same"):
            for strides in (1, 2, (1, 3)):
                yield layers.Conv2D(6, size, strides=strides, padding=padding, groups=2)
            for dilation in (2, (1, 3)):
                if size not in (5, (5, 2)) or padding == "same":
                    yield layers.Conv2D(3, size, dilation_rate=dilation, padding=padding)
    yield layers.Conv2D(8, 3, groups=4, dilation_rate=2, padding="same", activation="relu")
    yield layers.Conv2D(12, 3, groups=4, strides=2, use_bias=False, activation="tanh")
    # A few places only: computed in another way.
    yield layers.Conv2D(5, (8, 8), activation="gelu")
    yield layers.Conv2D(6, (8, 8), groups=2)
    yield layers.Conv2D(1, (7, 8), use_bias=False)


def depthwise(layers):
    for size in (1, 2, 3, (2, 3)):
        for padding in ("valid", "same"):
            for strides in (1, 2, 3):
                yield layers.DepthwiseConv2D(size, strides=strides, padding=padding)
            yield layers.DepthwiseConv2D(
                size, depth_multiplier=3, padding=padding, activation="relu6"
            )
            yield layers.DepthwiseConv2D(
                size, dilation_rate=2, depth_multiplier=2, padding=padding, use_bias=False
            )


def separable(layers):
    for size in (1, 3, (2, 3)):
        for padding in ("valid", "same"):
            yield layers.SeparableConv2D(5, size, padding=padding, activation="relu")
            yield layers.SeparableConv2D(7, size, strides=2, depth_multiplier=2, padding=padding)
            yield layers.SeparableConv2D(2, size, dilation_rate=2, padding=padding, use_bias=False)


def pooling(layers):
    for kind in (layers.MaxPooling2D, layers.AveragePooling2D):
        for size in (1, 2, 3, (2, 3), 7):
            for padding in ("valid", "same"):
                for strides in (None, 1, 2, (3, 1)):
                    yield kind(size, strides=strides, padding=padding)
    for kind in (layers.GlobalMaxPooling2D, layers.GlobalAveragePooling2D):
        yield kind()
        yield kind(keepdims=True)


def activations(layers):
    for name in sorted(web._ACTIVATIONS):
        yield layers.Activation(name)
        yield layers.Dense(3, activation=name)
    yield layers.ReLU()
    yield layers.ReLU(max_value=1)
    yield layers.ReLU(max_value=2, negative_slope=0.25, threshold=0.5)
    yield layers.LeakyReLU()
    yield layers.LeakyReLU(negative_slope=0.05)
    yield layers.ELU()
    yield layers.ELU(alpha=0.3)
    yield layers.Softmax()


def normalizations(layers):
    for center in (True, False):
        for scale in (True, False):
            yield layers.BatchNormalization(center=center, scale=scale)
            yield layers.LayerNormalization(center=center, scale=scale, epsilon=1e-2)
    yield layers.BatchNormalization(epsilon=1.001e-5, axis=3)
    yield layers.Rescaling(1 / 127.5, offset=-1)
    yield layers.Rescaling([1, 2, 3, 4], offset=[0.5, 0, -0.5, 1e-3])
    yield layers.Normalization(mean=0.3, variance=0.04)
    yield layers.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1, 2, 0, 4])


def shapes(layers):
    yield layers.ZeroPadding2D(2)
    yield layers.ZeroPadding2D(((0, 1), (2, 3)))
    yield layers.Cropping2D(1)
    yield layers.Cropping2D(((2, 0), (1, 3)))
    yield layers.Flatten()
    yield layers.Reshape((-1, 2))
    yield layers.Reshape((2, -1, 1, 2))
    yield layers.Dense(5)
    yield layers.Dense(1, use_bias=False, activation="softplus")


def training_only(layers):
    yield layers.ActivityRegularization(0.1)
    yield layers.AlphaDropout(0.5)
    yield layers.Dropout(0.5)
    yield layers.GaussianDropout(0.5)
    yield layers.GaussianNoise(0.5)
    yield layers.Identity()
    yield layers.RandomBrightness(0.5)
    yield layers.RandomContrast(0.5)
    yield layers.RandomFlip()
    yield layers.RandomRotation(0.5)
    yield layers.RandomTranslation(0.5, 0.5)
    yield layers.RandomZoom(0.5)
    yield layers.SpatialDropout2D(0.5)


def merging(layers):
    """Two and three inputs, of one shape and broadcast."""
    for kind in (layers.Add, layers.Average, layers.Maximum, layers.Minimum, layers.Multiply):
        for count in (2, 3):
            yield lambda x, kind=kind, count=count: kind()([layers.Conv2D(4, 1)(x)] * count + [x])
        yield lambda x, kind=kind: kind()(
            [x, layers.GlobalAveragePooling2D()(x), layers.Conv2D(1, 1)(x)]
        )
    yield lambda x: layers.Subtract()([x, layers.Conv2D(4, 1)(x)])
    yield lambda x: layers.Subtract()([layers.GlobalMaxPooling2D(keepdims=True)(x), x])
    for axis in (1, 2, 3, -1, -2):
        yield lambda x, axis=axis: layers.Concatenate(axis=axis)([x, layers.ReLU()(x), x])
    yield lambda x: layers.Concatenate()([layers.Conv2D(n, 1)(x) for n in (1, 2, 3)])
    # Another number of axes: (2, height, width, channels) and (height, width, channels).
    yield lambda x: layers.Add()(
        [layers.Concatenate(axis=1)([layers.Reshape((1, *x.shape[1:]))(x)] * 2), x]
    )


GROUPS = [
    conv2d,
    depthwise,
    separable,
    pooling,
    activations,
    normalizations,
    shapes,
    training_only,
    merging,
]


# --- whole models ---------------------------------------------------------------------------------


def small_cnn(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(48, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def residual(keras):
    layers = keras.layers
    inputs = keras.Input((20, 19, 3))
    x = layers.Conv2D(12, 3, strides=2, padding="same")(inputs)
    shortcut = x
    for _ in range(2):
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.Conv2D(12, 3, padding="same", use_bias=False)(x)
    x = layers.Add()([x, shortcut])
    x = x + layers.MaxPooling2D(3, strides=1, padding="same")(x)  # Keras's own operation
    y = layers.AveragePooling2D(2, padding="same")(x)
    x = layers.Conv2D(8, 2, strides=2, padding="same", activation="relu")(x)
    x = layers.Concatenate()([x, y])
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(6, activation="softmax")(x))


def nested(keras):
    """Models within a model, one of them used twice; a layer used twice."""
    layers = keras.layers
    block = keras.Sequential(
        [
            keras.Input((12, 12, 4)),
            layers.Conv2D(4, 3, padding="same", activation="elu"),
            layers.BatchNormalization(),
        ],
        name="block",
    )
    augmentation = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Rescaling(1 / 255),
            layers.RandomFlip(),
            layers.RandomRotation(0.1),
        ]
    )
    inner = keras.Input((12, 12, 4))
    outer = keras.Model(inner, block(layers.Dropout(0.2)(inner)) + inner, name="outer")
    dense = layers.Dense(9, activation="tanh")
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 1)(augmentation(inputs))
    x = layers.Flatten()(layers.MaxPooling2D(4)(outer(block(x))))
    x = layers.Dense(9)(x)
    x = dense(dense(x))
    return keras.Model(inputs, layers.Dense(3)(x))  # no softmax


def mobile(keras):
    """Inverted residuals of depth-wise separable convolutions, squeezed and excited."""
    layers = keras.layers
    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = layers.Conv2D(8, 3, strides=2, use_bias=False)(x)
    for strides, filters in ((1, 8), (2, 12), (1, 12)):
        before = x
        x = layers.Conv2D(4 * x.shape[-1], 1, use_bias=False)(x)
        x = layers.BatchNormalization(epsilon=1e-3)(x)
        x = layers.ReLU(6.0)(x)
        x = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(epsilon=1e-3)(x)
        x = layers.Activation("hard_silu")(x)
        squeezed = layers.GlobalAveragePooling2D(keepdims=True)(x)
        squeezed = layers.Conv2D(4, 1, activation="relu")(squeezed)
        squeezed = layers.Conv2D(x.shape[-1], 1, activation="hard_sigmoid")(squeezed)
        x = layers.Multiply()([x, squeezed])
        x = layers.Conv2D(filters, 1, use_bias=False)(x)
        if before.shape == x.shape:
            x = layers.Add()([before, x])
    x = layers.SeparableConv2D(16, 3, activation="silu")(x)
    x = layers.GlobalMaxPooling2D()(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def dense_blocks(keras):
    layers = keras.layers
    inputs = keras.Input((32, 32, 3))
    x = layers.ZeroPadding2D(3)(inputs)
    x = layers.Conv2D(8, 7, strides=2, use_bias=False)(x)
    x = layers.BatchNormalization(epsilon=1.001e-5)(x)
    x = layers.Activation("relu")(x)
    x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    for _ in range(2):
        for _ in range(3):
            y = layers.Activation("relu")(layers.BatchNormalization(epsilon=1.001e-5)(x))
            y = layers.Conv2D(16, 1, use_bias=False)(y)
            y = layers.Activation("relu")(layers.BatchNormalization(epsilon=1.001e-5)(y))
            y = layers.Conv2D(4, 3, padding="same", use_bias=False)(y)
            x = layers.Concatenate()([x, y])
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        x = layers.AveragePooling2D(2, strides=2)(layers.Conv2D(x.shape[-1] // 2, 1)(x))
    x = layers.GlobalAveragePooling2D()(layers.BatchNormalization()(x))
    return keras.Model(inputs, layers.Dense(20, activation="softmax")(x))


MODELS = [small_cnn, residual, nested, mobile, dense_blocks]


def nothing_moves(page):
    """Nothing moves by itself, with or without the reader's wish for less motion."""
    assert page.evaluate("document.getAnimations().length") == 0
    moving = "[...document.querySelectorAll('*')].map(x => getComputedStyle(x).transitionDuration)"
    assert set(page.evaluate(moving)) == {"0s"}


def until(page, expression):
    """Wait for an expression; the page's policy forbids wait_for_function, which evaluates in the page."""
    for _ in range(300):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {expression}")
