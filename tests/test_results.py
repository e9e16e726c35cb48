"""Full-size training: it goes on where it was killed, and its record says what was measured."""

import errno
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import types

import numpy as np
import pytest

from cnnbook import datasets, results

ROOT = pathlib.Path(__file__).resolve().parent.parent
RUN = "08-mnist-scratch"


class Variable:
    """As much of a TensorFlow variable as a checkpoint needs."""

    def __init__(self, *values):
        self.values = np.array(values, np.float32)
        self.shape = self.values.shape

    def assign(self, values):
        self.values = np.array(values)

    def __array__(self, dtype=None, copy=None):
        return self.values


@pytest.fixture
def work(tmp_path, monkeypatch):
    """The folder of a full run."""
    folder = tmp_path / "work"
    monkeypatch.setenv("CNNBOOK_FULL", str(folder))
    return folder


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets: seconds passed, of which two processors worked."""
    now = types.SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(
        results,
        "time",
        types.SimpleNamespace(
            perf_counter=lambda: now.seconds, process_time=lambda: 2 * now.seconds
        ),
    )
    return now


@pytest.fixture
def data():
    images = np.zeros((4, 28, 28, 1), np.uint8)
    labels = np.arange(4)
    return datasets.Dataset(
        images, labels, images[:2], labels[:2], tuple("0123"), name="mnist", origin="made up"
    )


def train(count=5, stop=None, clock=None, history=None, variable=None, **recipe):
    """A training of a variable by a loop of one's own; stop: the epoch in which it breaks down."""
    history = {} if history is None else history
    variable = Variable(0.0) if variable is None else variable
    numbers = []
    epochs = results.epochs(count, run=RUN, variables=[variable], history=history, **recipe)
    for epoch in epochs:
        if clock:
            clock.seconds += 10
        variable.assign(variable.values + 1)
        if epoch == stop:
            raise InterruptedError
        numbers.append(epoch)
        history.setdefault("loss", []).append(np.float32(1 / (epoch + 1)))
    return types.SimpleNamespace(numbers=numbers, history=history, variable=variable)


def interrupted(stop, **options):
    with pytest.raises(InterruptedError):
        train(stop=stop, **options)


# --- A loop of one's own ---


def test_outside_a_full_run_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("CNNBOOK_FULL", raising=False)
    monkeypatch.chdir(tmp_path)
    assert not results.full()
    done = train(data="anything", batch_size=3)
    assert done.numbers == [0, 1, 2, 3, 4]
    assert done.variable.values == 5
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_goes_on_after_the_last_finished_epoch(work, clock, capsys):
    assert results.full()
    interrupted(stop=3, clock=clock)
    clock.seconds += 1000  # until somebody starts it again
    done = train(clock=clock)
    assert done.numbers == [3, 4]
    assert done.variable.values == 5  # what the broken epoch did is gone
    assert done.history == {"loss": [pytest.approx(1 / n) for n in range(1, 6)]}
    assert len(capsys.readouterr().out.splitlines()) == 3 + 1 + 2
    measured = results._measured[RUN]
    # Five epochs of ten seconds; the broken one is not counted.
    assert (measured["wall_seconds"], measured["processor_seconds"]) == (50, 100)


def test_progress(work, clock, capsys):
    interrupted(stop=1, clock=clock)
    train(clock=clock, count=5)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{RUN}: epoch 1 of 5, 10 s, loss 1.0000"
    assert lines[1] == f"{RUN}: goes on after epoch 1 of 5, kept from before"
    assert lines[2] == f"{RUN}: epoch 2 of 5, 10 s, loss 0.5000"


def test_finished_training_is_not_repeated(work, clock):
    first = train(clock=clock)
    again = train(clock=clock)
    assert again.numbers == []
    assert again.variable.values == first.variable.values == 5
    assert again.history == first.history
    assert results._measured[RUN]["wall_seconds"] == 50


def test_interrupted_twice(work):
    interrupted(stop=1)
    interrupted(stop=2)
    assert train().numbers == [2, 3, 4]


def test_interrupted_in_the_first_epoch(work):
    interrupted(stop=0)
    assert train().numbers == [0, 1, 2, 3, 4]


def test_leaving_the_loop_early_is_not_finishing(work):
    for epoch in results.epochs(5, run=RUN):
        if epoch == 2:
            break
    assert list(results.epochs(5, run=RUN)) == [2, 3, 4]


def test_lists_that_the_loop_holds_are_filled_in_place(work):
    interrupted(stop=2)
    losses = []
    done = train(history={"loss": losses})
    assert done.history["loss"] is losses
    assert len(losses) == 5


BASE = {"count": 5, "batch_size": 128, "learning_rate": 0.01, "data": np.arange(10)}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("epochs", {"count": 6}),
        ("batch_size", {"batch_size": 64}),
        ("learning_rate", {"learning_rate": 0.02}),
        ("data", {"data": np.arange(10)[::-1]}),
        ("data", {"data": np.arange(10).astype(np.float32)}),
        ("variables", {"variable": Variable(0.0, 0.0)}),
        ("momentum", {"momentum": 0.9}),
    ],
    ids=["epochs", "batch size", "learning rate", "order", "type", "variables", "momentum"],
)
def test_another_recipe_begins_anew(work, capsys, name, change):
    interrupted(stop=3, **BASE)
    done = train(**(BASE | change))
    assert done.numbers == list(range({**BASE, **change}["count"]))
    assert len(done.history["loss"]) == len(done.numbers)
    said = f"{RUN}: the checkpoint is of another recipe ({name}): training anew"
    assert said in capsys.readouterr().out.splitlines()


def test_the_same_recipe_goes_on(work, data):
    interrupted(stop=3, **BASE, images=data)
    assert train(**BASE, images=data).numbers == [3, 4]


def test_data_are_told_apart_by_their_contents(work, data):
    interrupted(stop=3, images=data)
    changed = data.x_test.copy()
    changed[0, 0, 0] = 1
    other = datasets.Dataset(data.x_train, data.y_train, changed, data.y_test, data.class_names)
    assert train(images=other).numbers == [0, 1, 2, 3, 4]


def test_another_seed_begins_anew(work, monkeypatch):
    interrupted(stop=3)
    monkeypatch.setattr(results, "_seed", lambda: 43)
    assert train().numbers == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("not a checkpoint"),
        lambda path: np.savez(path, state=np.array("{")),
        lambda path: np.savez(path, other=np.array(1)),
        lambda path: np.savez(path, state=np.array([object()])),
    ],
    ids=["truncated", "empty", "text", "no JSON", "no state", "pickle"],
)
def test_damaged_checkpoint_begins_anew(work, capsys, damage):
    interrupted(stop=3)
    damage(work / "checkpoints" / f"{RUN}.npz")
    assert train().numbers == [0, 1, 2, 3, 4]
    assert f"{RUN}: the checkpoint is damaged: training anew\n" in capsys.readouterr().out


def test_full_disk_leaves_the_last_checkpoint(work, monkeypatch):
    interrupted(stop=2)

    def full_disk(file, **arrays):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full_disk)
        with pytest.raises(OSError, match="No space left"):
            train()
    assert [path.name for path in (work / "checkpoints").iterdir()] == [f"{RUN}.npz"]
    assert train().numbers == [2, 3, 4]


# --- Keras ---

KERAS = """
import sys, time
import cnnbook
cnnbook.setup()
import keras
import numpy as np
from cnnbook import datasets, results

def build(units=8, activation="relu", rate=0.01, loss="sparse_categorical_crossentropy", dropout=0.3):
    keras.utils.set_random_seed(7)
    model = keras.Sequential([
        keras.Input((6,)), keras.layers.Dense(units, activation), keras.layers.BatchNormalization(),
        keras.layers.Dropout(dropout), keras.layers.Dense(3, "softmax")])
    schedule = keras.optimizers.schedules.CosineDecay(rate, 60)
    model.compile(keras.optimizers.Adam(schedule), loss, metrics=["accuracy"])
    return model

random = np.random.default_rng(0)
x, y = random.normal(size=(80, 6)).astype("float32"), random.integers(0, 3, 80)
kept = random.normal(size=(20, 6)).astype("float32"), random.integers(0, 3, 20)
stopping = False

class Stop(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
    def on_train_batch_end(self, batch, logs=None):
        if stopping and self.epoch == 3 and batch == 4:
            print("in the middle", flush=True)
            time.sleep(600)

options = {"epochs": 6, "batch_size": 8, "shuffle": False, "validation_data": kept,
           "callbacks": [Stop()]}

def state(model):
    return [np.asarray(variable) for variable in (*model.variables, *model.optimizer.variables)]
"""

KILLED = """
stopping = True
results.fit(build(), x, y, run="10-mnist-dense", **options)
"""

RESUMED = """
import json, os, tempfile
goes_on = build()
history = results.fit(goes_on, x, y, run="10-mnist-dense", **options)
again = build()
repeated = results.fit(again, x, y, run="10-mnist-dense", **options)
record = results.save("10-mnist-dense", data=datasets.Dataset(x, y, *kept, ("a", "b", "c")),
                      model=again, history=repeated, test_accuracy=0.5)

one_stopped = build()
def early():
    patient = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    return dict(options, epochs=30, callbacks=[patient])
short = results.fit(one_stopped, x, y, run="10-mnist-early", **early())
one_kept = build()
same = results.fit(one_kept, x, y, run="10-mnist-early", **early())

recipe = results._model_recipe(build())
others = [build(units=9), build(activation="tanh"), build(rate=0.02), build(dropout=0.2),
          build(loss=keras.losses.SparseCategoricalCrossentropy())]
recipes = [results._model_recipe(other) for other in others]

by_keras = build()
history_by_keras = by_keras.fit(x, y, verbose=0, **options).history

print(json.dumps({
    "history": [history == history_by_keras, history == repeated],
    "state": [all(map(np.array_equal, state(by_keras), state(other)))
              for other in (goes_on, again)],
    "steps": int(again.optimizer.iterations),
    "early": [len(short["loss"]), short == same,
              all(map(np.array_equal, state(one_stopped), state(one_kept)))],
    "recipe": [recipe == results._model_recipe(build()), len({recipe, *recipes})],
    "record": record,
}))
"""


def test_outside_a_full_run_fit_is_keras_s_own(tmp_path, monkeypatch, capsys, clock, data):
    class Model:
        def fit(self, *arrays, callbacks, **options):
            self.got = arrays, callbacks[0], options
            for epoch in range(options["epochs"]):
                callbacks[-1].on_epoch_begin(epoch)
                clock.seconds += 10
                callbacks[-1].on_epoch_end(epoch, {"loss": np.float32(2 - epoch)})

    monkeypatch.delenv("CNNBOOK_FULL", raising=False)
    monkeypatch.chdir(tmp_path)
    model, x, y = Model(), np.zeros((10, 6)), np.zeros(10)
    history = results.fit(
        model, x, y, run=RUN, epochs=2, validation_split=0.15, callbacks=["another's"]
    )
    arrays, first_callback, options = model.got
    assert arrays[0] is x and arrays[1] is y
    assert first_callback == "another's"
    assert options == {"epochs": 2, "verbose": 0, "validation_split": 0.15, "initial_epoch": 0}
    assert history == {"loss": [2.0, 1.0]}
    assert (list(tmp_path.iterdir()), capsys.readouterr()) == ([], ("", ""))
    record = results.save(RUN, data=data, parameters=7, history=history)
    # Keras trains on the first 8 of 10, in batches of 32 where it is not told otherwise.
    assert (record["train"], record["batch_size"], record["wall_seconds"]) == (8, 32, 20)


@pytest.mark.parametrize("form", ["one", "list", "tuple", "nested", "CallbackList", "none"])
def test_callbacks_and_metrics_come_in_every_form_that_keras_takes(keras, work, form):
    seen = []
    own = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    callbacks = {
        "one": own,
        "list": [own],
        "tuple": (own,),
        "nested": [[own], None],
        "CallbackList": keras.callbacks.CallbackList([own]),
        "none": None,
    }[form]
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=[keras.metrics.F1Score(average=None)])
    x, y = np.eye(6, 4, dtype=np.float32), np.eye(3, dtype=np.float32)[[0, 1, 2] * 2]
    history = results.fit(model, x, y, run=RUN, epochs=2, callbacks=callbacks)
    assert seen == ([] if form == "none" else [0, 1])
    assert np.shape(history["f1_score"]) == (2, 3) and np.shape(history["loss"]) == (2,)
    again = keras.models.clone_model(model)
    again.compile("sgd", "categorical_crossentropy", metrics=[keras.metrics.F1Score(average=None)])
    kept = results.fit(again, x, y, run=RUN, epochs=2, callbacks=callbacks)  # from the checkpoint
    assert kept == history


@pytest.mark.parametrize("data", ["arrays", "tf.data", "generator"])
@pytest.mark.parametrize("kind", ["sequential", "subclass", "with an input"])
def test_weights_that_the_first_batch_would_make(keras, work, kind, data):
    import tensorflow as tf

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3, "softmax")

        def call(self, x):
            return self.dense(x)

    def built():
        keras.utils.set_random_seed(0)
        dense = keras.layers.Dense(3, "softmax")
        begin = [keras.Input((4,))] if kind == "with an input" else []
        model = Own() if kind == "subclass" else keras.Sequential([*begin, dense])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    def batches():
        while True:
            yield x, y

    x, y = np.eye(6, 4, dtype=np.float32), np.array([0, 1, 2] * 2)
    pipeline = tf.data.Dataset.from_tensor_slices((x, y)).batch(6)
    given = {"arrays": (x, y), "tf.data": (pipeline,), "generator": (batches(),)}[data]
    options = {"shuffle": False} | ({"steps_per_epoch": 1} if data == "generator" else {})
    if kind != "with an input" and data != "arrays":
        with pytest.raises(ValueError, match=r"size of its input(.|\n)*시작하는 모델"):
            results.fit(built(), *given, run=RUN, epochs=2, **options)
        return
    history = results.fit(built(), *given, run=RUN, epochs=2, **options)
    assert history["loss"] == built().fit(*given, epochs=2, verbose=0, **options).history["loss"]
    assert results.fit(built(), *given, run=RUN, epochs=2, **options) == history  # from before


def test_a_model_that_is_not_compiled(keras, work):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    with pytest.raises(ValueError, match=r"not compiled(.|\n)*컴파일한 모델"):
        results.fit(model, np.zeros((2, 4)), np.zeros(2), run=RUN)


def test_a_callback_s_remark_is_kept_as_text(keras, work):
    class Remark(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["remark"] = f"epoch {epoch}"

    def built():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        model.compile("sgd", "mse")
        return model

    x = np.eye(6, 4, dtype=np.float32)
    history = results.fit(built(), x, x[:, :3], run=RUN, epochs=2, callbacks=Remark())
    assert history["remark"] == ["epoch 0", "epoch 1"]
    again = results.fit(built(), x, x[:, :3], run=RUN, epochs=2, callbacks=Remark())
    assert again == history


def test_bfloat16_is_kept(keras, work):
    import ml_dtypes

    data = np.eye(3).astype(ml_dtypes.bfloat16)
    kept = [keras.Variable(data / 3, dtype="bfloat16") for _ in range(2)]
    for _ in results.epochs(2, run=RUN, variables=kept[:1], data=data):
        kept[0].assign(kept[0] * 2)
    assert list(results.epochs(2, run=RUN, variables=kept[1:], data=data)) == []
    np.testing.assert_array_equal(*(np.asarray(one).astype(float) for one in kept))
    assert kept[1].dtype == "bfloat16" and np.asarray(kept[1])[0, 0] == 4 * data[0, 0] / 3
    assert datasets.checksum(data) != datasets.checksum(data * 2)


def keras_run(script, work):
    command = [sys.executable, "-c", KERAS + script]
    return subprocess.Popen(
        command,
        env={**os.environ, "CNNBOOK_FULL": str(work)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_killed_keras_training_goes_on_as_if_nothing_had_been(tmp_path):
    """Without shuffling it ends with the same numbers: weights, optimizer, schedule, dropout."""
    with keras_run(KILLED, tmp_path) as process:
        said = []
        for line in process.stdout:
            said.append(line)
            if line == "in the middle\n":
                process.kill()
    assert [line.split(",")[0] for line in said] == [
        *(f"10-mnist-dense: epoch {n} of 6" for n in (1, 2, 3)),
        "in the middle\n",
    ]
    with keras_run(RESUMED, tmp_path) as process:
        *said, last = process.stdout.read().splitlines()
    assert said[0] == "10-mnist-dense: goes on after epoch 3 of 6, kept from before"
    assert [line.split(",")[0] for line in said[1:4]] == [
        f"10-mnist-dense: epoch {n} of 6" for n in (4, 5, 6)
    ]
    assert said[4] == "10-mnist-dense: goes on after epoch 6 of 6, kept from before"
    found = json.loads(last)
    assert found["history"] == [True, True]
    assert found["state"] == [True, True]
    assert found["steps"] == 60
    epochs, same_history, same_state = found["early"]
    assert 3 <= epochs < 30
    assert same_history and same_state
    assert found["recipe"] == [True, 6]
    record = found["record"]
    assert (record["epochs"], record["batch_size"], record["parameters"]) == (6, 8, 115)
    assert record["optimizer"]["learning_rate"]["config"]["initial_learning_rate"] == 0.01
    assert set(record["versions"]) == {"python", "tensorflow", "keras", "numpy"}
    assert 0 < record["wall_seconds"] < 600
    kept = json.loads((tmp_path / "records" / "10-mnist-dense.json").read_text("utf-8"))
    assert kept == record


PICTURES = """
layers = keras.layers
x, y = random.uniform(0, 255, (80, 12, 12, 3)).astype("float32"), random.integers(0, 2, 80)
kept = x[:20], y[:20]
best = results.kept("best.keras")
options["validation_data"] = kept

def build():
    keras.utils.set_random_seed(7)
    model = keras.Sequential([
        keras.Input((12, 12, 3)), layers.RandomFlip("horizontal"), layers.RandomRotation(0.1),
        layers.RandomZoom(0.2), layers.Rescaling(1 / 255), layers.Conv2D(4, 3, activation="relu"),
        layers.Flatten(), layers.Dropout(0.5), layers.Dense(1, "sigmoid")])
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    keep_best = keras.callbacks.ModelCheckpoint(best, monitor="val_loss", save_best_only=True)
    return model, {**options, "callbacks": [keep_best, Stop()]}
"""

PICTURES_KILLED = """
stopping = True
model, options = build()
results.fit(model, x, y, run="14-mnist-augmented", **options)
"""

PICTURES_RESUMED = """
import json
model, options = build()
history = results.fit(model, x, y, run="14-mnist-augmented", **options)
loaded = keras.models.load_model(best).evaluate(*kept, verbose=0)[0]
alone, options = build()
by_keras = alone.fit(x, y, verbose=0, **options).history
print(json.dumps([history == by_keras, min(history["val_loss"]), loaded,
                  all(map(np.array_equal, state(model), state(alone)))]))
"""


def test_killed_augmented_training_keeps_its_best_model(tmp_path):
    """Augmentation goes on with its own random states, ModelCheckpoint with the best loss so far."""
    with keras_run(PICTURES + PICTURES_KILLED, tmp_path) as process:
        for line in process.stdout:
            if line == "in the middle\n":
                process.kill()
    with keras_run(PICTURES + PICTURES_RESUMED, tmp_path) as process:
        *said, last = process.stdout.read().splitlines()
    assert said[0] == "14-mnist-augmented: goes on after epoch 3 of 6, kept from before"
    same_history, least, loaded, same_state = json.loads(last)
    assert same_history and same_state
    assert loaded == pytest.approx(least, rel=1e-5)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"monitor": "val_loss"}, 0.5),
        ({"monitor": "val_accuracy"}, 0.9),
        ({"monitor": "val_loss", "mode": "max"}, 0.8),
        ({"monitor": "val_accuracy", "mode": "min"}, 0.7),
        ({"monitor": "val_f1"}, None),
    ],
)
def test_model_checkpoint_is_told_the_best_so_far(options, told):
    import keras

    history = {"val_loss": [0.8, 0.5, 0.6], "val_accuracy": [0.7, 0.9, 0.8]}
    checkpoint = keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True, **options)
    results._remind(["another's", checkpoint], history)
    assert checkpoint.best == told
    results._remind([checkpoint], {})  # a training that begins
    assert checkpoint.best == told


def test_kept_files(work, monkeypatch):
    assert results.kept("best.keras") == work / "checkpoints" / "best.keras"
    monkeypatch.delenv("CNNBOOK_FULL")
    path = results.kept("best.keras")
    assert path.parent.is_dir() and not path.is_relative_to(work)
    assert results.kept("other.keras").parent == path.parent


# --- Records ---


def save(data, **measured):
    given = {"history": {"loss": [1.0, 0.5]}, "parameters": 1234, "test_accuracy": 0.9912}
    return results.save(RUN, data=data, **{**given, **measured})


def test_record(work, data, clock, monkeypatch):
    monkeypatch.setattr(results, "_processor", lambda: "a processor")
    train(clock=clock, count=2, batch_size=128)
    record = save(data, optimizer="SGD", confusion=np.eye(2, dtype=int), worst=np.float32(1 / 3))
    assert {
        "run": RUN,
        "data": "mnist",
        "origin": "made up",
        "train": 4,
        "test": 2,
        "epochs": 2,
        "batch_size": 128,
        "parameters": 1234,
        "optimizer": "SGD",
        "wall_seconds": 20.0,
        "processor_seconds": 40.0,
        "processor": "a processor",
        "history": {"loss": [1.0, 0.5]},
        "test_accuracy": 0.9912,
        "confusion": [[1, 0], [0, 1]],
        "worst": 0.33333,
    }.items() <= record.items()
    assert record["cores"] >= 1
    assert record["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert record["versions"]["numpy"] == np.__version__
    text = (work / "records" / f"{RUN}.json").read_bytes().decode("utf-8")
    assert json.loads(text) == record
    assert text.endswith("}\n") and not text.endswith("\n\n")
    keys = re.findall(r'^ "(\w+)"', text, re.MULTILINE)
    assert keys == sorted(record)
    assert '\n "confusion": [[1, 0], [0, 1]],\n' in text
    assert '\n  "loss": [1.0, 0.5]\n' in text


def test_record_outside_a_full_run_is_only_returned(data, tmp_path, monkeypatch):
    monkeypatch.delenv("CNNBOOK_FULL", raising=False)
    monkeypatch.setattr(datasets, "data_dir", lambda: tmp_path)
    train(count=2)
    record = save(data)
    assert record["test_accuracy"] == 0.9912
    assert record["wall_seconds"] >= 0
    assert list(tmp_path.iterdir()) == []


def test_record_keeps_five_digits(data):
    record = save(data, a=0.123456789, b=1234567.0, c=1e-9 / 3, d=7, e=True, f=None, g="1.23456789")
    assert [record[name] for name in "abcdefg"] == [
        0.12346, 1234600.0, 3.3333e-10, 7, True, None, "1.23456789",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["epochs", "origin", "processor", "test", "versions"])
def test_measured_names_do_not_replace_the_record_s(data, name):
    with pytest.raises(ValueError, match=f"measured: got a value named {name}, "):
        save(data, **{name: 1})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("-inf")])
def test_numbers_that_are_not_finite_are_refused(work, data, value):
    with pytest.raises(ValueError, match=f"not finite in {RUN}") as raised:
        save(data, history={"loss": [1.0, value]})
    assert "유한한 수" in str(raised.value)
    assert not (work / "records").exists()


def test_full_disk_leaves_no_half_record(work, data, monkeypatch):
    save(data)
    before = (work / "records" / f"{RUN}.json").read_bytes()
    opened = pathlib.Path.open

    def full_disk(path, mode="r", *arguments, **options):
        file = opened(path, mode, *arguments, **options)
        if "w" not in mode:
            return file
        file.close()

        class Full(io.BytesIO):
            def write(self, content):
                raise OSError(errno.ENOSPC, "No space left on device")

        return Full()

    monkeypatch.setattr(pathlib.Path, "open", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save(data, test_accuracy=0.5)
    monkeypatch.undo()
    assert [path.name for path in (work / "records").iterdir()] == [f"{RUN}.json"]
    assert (work / "records" / f"{RUN}.json").read_bytes() == before


@pytest.mark.parametrize(
    "run", ["mnist", "8-mnist", "08", "08-", "08-MNIST", "../08-x", "08-a/b", "08-a b", "", None, 8]
)
def test_names_of_runs(run, data):
    for call in (
        lambda: results.load(run),
        lambda: results.save(run, data=data, history={}),
        lambda: results.epochs(1, run=run),
    ):
        with pytest.raises(ValueError, match="run: got"):
            call()


@pytest.fixture
def committed(tmp_path, monkeypatch):
    """Let data/results be a folder with two records."""
    monkeypatch.setattr(datasets, "data_dir", lambda: tmp_path)
    (tmp_path / "results").mkdir()
    dense = {
        "run": "10-mnist-dense",
        "data": "mnist",
        "train": 60000,
        "epochs": 5,
        "parameters": 101770,
        "test_accuracy": 0.9756,
        "test_loss": 12.25,
        "wall_seconds": 90.0,
        "processor_seconds": 171.0,
    }
    small = {"run": "10-digits-x", "train": 54, "epochs": 1, "test_accuracy": 1.0}
    for record in (dense, small):
        path = tmp_path / "results" / f"{record['run']}.json"
        path.write_text(json.dumps(record), encoding="utf-8")
    return tmp_path / "results"


def test_load(committed):
    assert results.load("10-mnist-dense")["parameters"] == 101770


def test_no_record_yet(committed):
    with pytest.raises(FileNotFoundError) as raised:
        results.load("11-cifar10-scaled")
    english, korean = str(raised.value).split("\n")
    assert english == "11-cifar10-scaled has no record yet; this makes it: make full CH=11"
    assert "기록이 아직 없습니다" in korean


def test_show(committed, capsys):
    results.show("10-mnist-dense", "10-digits-x")
    assert capsys.readouterr().out.splitlines() == [
        "run              train  epochs  parameters  test accuracy  processor minutes",
        "10-mnist-dense  60,000       5     101,770         0.9756                2.9",
        "10-digits-x         54       1           -         1.0000                  -",
    ]


def test_show_other_columns(committed, capsys):
    results.show("10-mnist-dense", columns=["data", "test_loss", "minutes", "nothing"])
    assert capsys.readouterr().out.splitlines() == [
        "data   test loss  minutes  nothing",
        "mnist       12.2      1.5        -",
    ]


def test_table_too_wide(committed):
    with pytest.raises(ValueError, match="columns: got .*at most 100 letters"):
        results.show("10-mnist-dense", columns=["run"] * 7)


# The seeds of the first stand in tools/recipes/train_10.py; the second trains nothing.
SEEDED_BY_SCRIPT = {"10-mnist-few-longer", "18-mnist-eight"}
ONE_NETWORK = {"14-shapes-repeats"}  # trained in several ways: its parameters are those of all


def test_committed_records():
    """Each is as `save` wrote it, and says what it should."""
    paths = sorted((ROOT / "data" / "results").glob("*"))
    for path in paths:
        text = path.read_bytes().decode("utf-8")
        record = json.loads(text)
        assert path.name == f"{record['run']}.json"
        assert text == results.dump(results._plain(record)) + "\n", path
        assert record["data"] in path.name
        assert re.search("SHA-256 (of the (arrays|files) )?[0-9a-f]{64}$", record["origin"])
        # A training names its seed; a script's several trainings name theirs, or the script does.
        seeded = record["seed"] is not None or record.get("seeds") or path.stem in SEEDED_BY_SCRIPT
        assert seeded, path
        assert {"python", "numpy", "tensorflow"} <= set(record["versions"])
        if isinstance(record.get("accuracies"), dict):  # of networks, by name
            assert (record["parameters"] is None) == (path.stem not in ONE_NETWORK), path
        for name in ("train", "test", "cores"):
            assert record[name] > 0, (path, name)
        if not record["history"]:  # a comparison of several trainings, without curves
            continue
        assert record["parameters"] > 0, path
        if "right" in record:  # so many right answers of so many validation images
            assert 0 < record["right"] <= record["among_five"] <= record["validation"], path
        else:
            assert 0 < record["test_accuracy"] <= 1, path
        for name in ("epochs", "batch_size", "wall_seconds", "processor_seconds"):
            assert record[name] > 0, (path, name)
        for name, values in record["history"].items():
            assert len(values) == record["epochs"], (path, name)
