"""Checks of chapter 09, the network in Keras."""

import functools
import operator

import numpy as np

from cnnbook.check import Wrong, as_array, as_number, call, exercise, not_known
from cnnbook.check.order import in_order


@exercise("09-1")
def parameters(answer):
    number = as_number(answer)
    biases = 16 + 32 + 64 + 10
    not_known(
        lambda other: number == other,
        (
            106_922 - biases,
            "the biases are missing: one per filter, one per unit",
            "편향이 빠졌습니다. 필터마다, 유닛마다 하나씩 있습니다.",
        ),
        (
            106_922 + 64 * 32 * (8 * 8 - 7 * 7),
            "the first convolution is valid: 32 becomes 28, not 32",
            "첫 합성곱은 valid입니다. 32는 32가 아니라 28이 됩니다.",
        ),
        (
            106_922 - 16 * 5 * 5 * 2,
            "the first filters see three channels",
            "첫 필터는 채널 셋을 봅니다.",
        ),
        (
            106_922 - 32 * 3 * 3 * 15,
            "the second filters see all 16 maps",
            "둘째 합성곱층의 필터는 특징 맵 16장을 모두 봅니다.",
        ),
        (
            106_922 - 64 * 32 * (7 * 7 - 6 * 6),
            "the second convolution is same: 14 stays 14",
            "둘째 합성곱은 same입니다. 14는 14로 남습니다.",
        ),
        (
            106_922 + 64 * 32 * (28 * 28 - 7 * 7),
            "pooling halves height and width, twice",
            "풀링이 높이와 너비를 두 번 절반으로 줄입니다.",
        ),
        (5_856, "those are the two convolutions: go on", "합성곱층 둘만 셌습니다."),
    )
    if number != 106_922:
        raise Wrong(
            "write down each layer's output shape first, then count layer by layer",
            "층마다 출력의 모양을 먼저 적고, 한 층씩 셉니다.",
        )


@exercise("09-2")
def layer_of_1800(answer):
    import keras

    if not isinstance(answer, keras.layers.Conv2D):
        raise Wrong(
            "pass a layer: layers.Conv2D(...)", "층 자체, layers.Conv2D(...)를 넘겨야 합니다."
        )
    if answer.data_format != "channels_last":
        raise Wrong(
            "the images here are channels_last: (32, 32, 3)",
            "여기의 이미지는 channels_last, (32, 32, 3)입니다.",
        )
    # A fresh copy: the reader's may have met another number of channels already.
    layer = keras.layers.Conv2D.from_config(answer.get_config())
    shape = tuple(layer.compute_output_shape((None, 32, 32, 3))[1:])
    layer.build((None, 32, 32, 3))
    count = layer.count_params()
    if tuple(layer.kernel_size) != (5, 5):
        raise Wrong("the kernel should be 5×5", "커널은 5×5여야 합니다.")
    if layer.filters != 24:
        raise Wrong(
            f"{layer.filters} filters make {layer.filters} maps: wanted 24",
            f"필터가 {layer.filters}개이면 특징 맵도 {layer.filters}장입니다. 24장이어야 합니다.",
        )
    if count == 1_824:
        raise Wrong(
            "1,824 parameters: 24 too many, one per filter",
            "파라미터가 1,824개입니다. 필터마다 하나씩 24개가 많습니다.",
        )
    if count != 1_800:
        raise Wrong(
            f"{count} parameters: a filter must see all three channels",
            f"파라미터가 {count}개입니다. 필터는 채널 셋을 모두 보아야 합니다.",
        )
    if shape != (16, 16, 24):
        raise Wrong(
            f"the maps' shape is {shape}: look at strides and padding",
            f"특징 맵의 모양이 {shape}입니다. 스트라이드와 패딩을 봅니다.",
        )


@exercise("09-3")
def with_global_pooling(answer):
    number = as_number(answer)
    rest = 160 + 4_128 + 32_896 + 1_290
    not_known(
        lambda other: number == other,
        (5_576_522, "that is with Flatten", "Flatten일 때의 값입니다."),
        (
            440_138,
            "that is with Flatten and pooling strides of 2",
            "Flatten을 쓰고 풀링의 스트라이드를 2로 했을 때의 값입니다.",
        ),
        (
            rest,
            "the first fully connected layer still has parameters: 32 inputs",
            "첫 완전 연결층에도 파라미터가 있습니다. 입력은 32개입니다.",
        ),
        (
            rest + 26 * 26 * 256 + 256,
            "each map becomes one number: 32 inputs, not 26 × 26",
            "특징 맵 한 장이 수 하나가 됩니다. 입력은 26 × 26개가 아니라 32개입니다.",
        ),
        (
            rest + 32 * 256,
            "the 256 units have biases, too",
            "유닛 256개에도 편향이 있습니다.",
        ),
        (
            32 * 256 + 256,
            "that is the first fully connected layer alone: add the others",
            "첫 완전 연결층만 셌습니다. 나머지를 더합니다.",
        ),
    )
    if number != rest + 32 * 256 + 256:
        raise Wrong(
            "only the first fully connected layer changes: how many numbers does it receive now?",
            "달라지는 것은 첫 완전 연결층뿐입니다. 이제 수를 몇 개 받습니까?",
        )


# The lowest loss in the middle, in the first and in the last epoch, and twice the same.
HISTORIES = [
    dict(
        loss=[1.5, 0.8, 0.5, 0.3], val_loss=[1.2, 0.7, 0.9, 1.1], val_accuracy=[0.6, 0.7, 0.8, 0.7]
    ),
    dict(loss=[1.0, 0.5, 0.2], val_loss=[0.9, 1.0, 1.4], val_accuracy=[0.6, 0.7, 0.65]),
    dict(loss=[0.9, 0.4], val_loss=[0.8, 0.6], val_accuracy=[0.8, 0.7]),
    dict(
        loss=[0.9, 0.5, 0.3, 0.2], val_loss=[0.8, 0.5, 0.6, 0.5], val_accuracy=[0.7, 0.8, 0.9, 0.8]
    ),
]


@exercise("09-4")
def best_epoch(answer):
    for history in HISTORIES:
        given = {name: list(values) for name, values in history.items()}
        number = as_number(call(functools.partial(answer, given) if callable(answer) else answer))
        losses = history["val_loss"]
        right = losses.index(min(losses)) + 1
        if number == right:  # it may be a wrong answer's number, too
            continue
        not_known(
            functools.partial(operator.eq, number),
            (
                right - 1,
                "epochs count from 1, places in a list from 0",
                "에포크는 1부터, 리스트의 번호는 0부터 셉니다.",
            ),
            (
                min(losses),
                "that is the loss: give the epoch's number",
                "손실의 값입니다. 에포크의 번호가 필요합니다.",
            ),
            (
                len(losses) - losses[::-1].index(min(losses)),
                "of equal losses the first one counts",
                "같은 값이 여럿이면 먼저 온 것입니다.",
            ),
            (
                history["loss"].index(min(history["loss"])) + 1,
                "look at val_loss, not at loss",
                "loss가 아니라 val_loss를 봅니다.",
            ),
            (
                history["val_accuracy"].index(max(history["val_accuracy"])) + 1,
                "that is the highest accuracy: look at val_loss",
                "정확도가 가장 높은 에포크입니다. val_loss를 봅니다.",
            ),
        )
        raise Wrong(
            f"val_loss {losses}: the lowest is in epoch {right}",
            f"val_loss가 {losses}이면 {right}번째 에포크가 가장 낮습니다.",
        )


@exercise("09-5")
def dropout_backward(answer):
    random = np.random.default_rng(0)
    grad_output, numbers = random.normal(size=(6, 8)), random.random((6, 8))
    for rate in (0.25, 0.6):
        array = as_array(call(answer, grad_output, rate, numbers), (6, 8))
        kept = numbers >= rate
        not_known(
            functools.partial(np.allclose, array),
            (
                grad_output * kept,
                "what stayed on was used 1 / (1 - rate) times: so is its gradient",
                "켜진 수는 1 / (1 - rate)배로 쓰였습니다. 기울기도 그만큼 커집니다.",
            ),
            (
                grad_output * kept * (1 - rate),
                "divide by (1 - rate), do not multiply",
                "(1 - rate)를 곱하지 않고 나눕니다.",
            ),
            (
                grad_output / (1 - rate),
                "what was off gets nothing",
                "꺼진 수는 기울기를 받지 못합니다.",
            ),
            (grad_output, "what was off gets nothing", "꺼진 수는 기울기를 받지 못합니다."),
            (
                kept / (1 - rate),
                "that is the slope: multiply what arrives by it",
                "쓰인 배율만 돌려주었습니다. 도착한 기울기에 곱합니다.",
            ),
            (
                grad_output * kept / rate,
                "divide by the share that stays on, 1 - rate",
                "켜진 비율인 1 - rate로 나눕니다.",
            ),
        )
        if np.array_equal(array != 0, ~kept):
            raise Wrong(
                "the wrong way around: numbers below the rate are off",
                "거꾸로입니다. rate보다 작은 수의 자리가 꺼집니다.",
            )
        if not np.allclose(array, grad_output * kept / (1 - rate)):
            raise Wrong(
                "use the given numbers: where they were below the rate 0, elsewhere grad_output / (1 - rate)",
                "받은 무작위 수를 씁니다. rate보다 작은 자리에는 0, 나머지에는 grad_output / (1 - rate)입니다.",
            )


@exercise("09-6")
def small_network(answer):
    import keras

    if not isinstance(answer, keras.Model):
        raise Wrong(
            "pass the model itself: keras.Sequential([...]) or keras.Model(...)",
            "모델 자체, keras.Sequential([...])이나 keras.Model(...)을 넘겨야 합니다.",
        )
    if not answer.built or answer.input_shape != (None, 28, 28, 1):
        raise Wrong(
            "the input should be keras.Input((28, 28, 1))",
            "입력은 keras.Input((28, 28, 1))이어야 합니다.",
        )
    if answer.output_shape != (None, 10):
        raise Wrong(
            f"the output's shape is {answer.output_shape}: wanted (None, 10), ten numbers per image",
            f"출력의 모양이 {answer.output_shape}입니다. 이미지마다 수 열 개, (None, 10)이어야 합니다.",
        )
    convolutions = sum(isinstance(layer, keras.layers.Conv2D) for layer in _all_layers(answer))
    if convolutions < 2:
        raise Wrong(
            f"Conv2D layers: {convolutions}, wanted at least two",
            f"Conv2D 층이 {convolutions}개입니다. 둘 이상이어야 합니다.",
        )
    count = answer.count_params()
    if count > 10_000:
        raise Wrong(
            f"{count:,} parameters, more than 10,000: make the maps smaller before they are flattened",
            f"파라미터가 {count:,}개로 10,000개를 넘습니다. 펼치기 전에 특징 맵을 더 줄입니다.",
        )
    images = np.random.default_rng(0).random((3, 28, 28, 1)).astype("float32")
    outputs = np.asarray(answer(images))
    if (outputs < 0).any() or not np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        raise Wrong(
            "the ten numbers are not probabilities: end with softmax",
            "열 수가 확률이 아닙니다. 소프트맥스로 끝내야 합니다.",
        )


def _all_layers(model):
    """Yield a model's layers, and those of the models within it."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _all_layers(layer)


in_order(
    "09-7",
    """
A      if loss < losses[epoch - 2]:
B          best, kept, waited = loss, epoch, 0
C  for epoch, loss in enumerate(losses, 1):
D      if waited == 2: break
E      if loss < best:
F  best, waited = np.inf, 0
G      waited += 1
""",
    given="import numpy as np\nlosses = [0.9, 0.6, 0.7, 0.5, 0.8, 0.6, 0.55, 0.4]",
    ask="(kept, epoch)",
    wanted="next((int(np.argmin(losses[:e])) + 1, e) for e in range(1, len(losses) + 1)"
    " if e - 1 - np.argmin(losses[:e]) == 2)",
    strays={
        "A": (
            "line A compares with the epoch before: what counts is the best so far",
            "A는 바로 앞 에포크와 견줍니다. 견줄 것은 지금까지 가장 낮은 손실입니다.",
        )
    },
)
