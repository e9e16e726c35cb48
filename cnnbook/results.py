"""Full-size runs: train so that an interruption loses an epoch at most, record, and show the record.

A chapter trains through `fit` (or `epochs`, for a loop of its own) and `save`. Read as it stands it
runs on small data and writes nothing. `make full CH=10` runs the same notebook on full-size data:
then every epoch leaves a checkpoint, and once the whole notebook has succeeded its records appear
under data/results/, from where `load` and `show` read them.
"""

import functools
import hashlib
import json
import math
import os
import pathlib
import platform
import re
import sys
import tempfile
import time

import numpy as np

from cnnbook import datasets
from cnnbook._errors import bad_value
from cnnbook._files import replacing
from cnnbook.dataset import Dataset, checksum

_measured = {}  # run -> what its training measured here: epochs, batch size, seconds …
WIDTH = 100  # columns of a table


def full():
    """Return whether this is a full-size run (`make full`), in which training is kept."""
    return _workplace() is not None


def _workplace():
    """Return the folder of checkpoints and new records that tools/full_size.py names, or None."""
    folder = os.environ.get("CNNBOOK_FULL")
    return pathlib.Path(folder) if folder else None


def outbox():
    """Return the folder whose files a full run publishes once it has succeeded; None outside one."""
    return _workplace() / "records" if full() else None


def kept(name):
    """Return the path of a file that a training writes itself, such as its best model.

    In a full run it lies beside the checkpoints and outlives an interruption; elsewhere it lies in
    a temporary folder, which goes with the process.
    """
    folder = _workplace() / "checkpoints" if full() else pathlib.Path(_temporary().name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


@functools.cache
def _temporary():
    return tempfile.TemporaryDirectory(prefix="cnnbook-")


# --- Training -----------------------------------------------------------------------------------


def fit(model, x, y=None, *, run, **options):
    """Train a compiled model as model.fit(x, y, **options) does; return its history, a dict of lists.

    run: the training's name, such as "10-mnist-convolutional". In a full run each epoch prints a
    line and leaves a checkpoint: weights, the optimizer's state and step count (so that learning
    rate schedules go on), random states of the layers, history and seconds. The next attempt goes on
    after the last finished epoch; a finished training is not repeated. A checkpoint of another
    recipe (network, loss, optimizer, data, options) is not used. The recipe does not include the
    initial weights: trainings that differ only in them need different names. Of a tf.data pipeline
    it knows the shapes and the length, not what the pipeline gives.

    After an interruption the images may come in another order than in an uninterrupted run, and
    callbacks that remember something (EarlyStopping's patience) begin anew. ModelCheckpoint alone is
    told the best value so far; give it a path of `kept`.
    Raises ValueError, in a full run, for a model that is not compiled, and for one whose weights
    would be made by the first batch, unless x is an array.
    """
    options = {"epochs": 1, "verbose": 0, **options}
    training = _Training(run, options["epochs"])
    training.about.update(_counts(x, options))
    if full():
        _build(model, x)
        model.optimizer.build(model.trainable_variables)
        training.keep(
            [*model.variables, *model.optimizer.variables],
            {"model": _model_recipe(model), "x": x, "y": y, **options, "verbose": None},
        )
    if training.done is not None:
        options["initial_epoch"] = max(options.get("initial_epoch", 0), training.done)
        # Last, so that the other callbacks' work is in the logs and in the checkpoint.
        callbacks = [*_callbacks(options.pop("callbacks", None)), _callback(training)]
        _remind(callbacks, training.history)
        model.fit(x, y, callbacks=callbacks, **options)
        training.finish()
    return training.history


def _build(model, x):
    """Make the weights of a compiled model, so that a checkpoint's can be put into them."""
    import keras

    if not model.compiled:
        raise bad_value("model", "one that is not compiled", "a compiled one", "컴파일한 모델")
    if not model.built and hasattr(x, "shape"):
        if isinstance(model, keras.Sequential):
            model.build((None, *x.shape[1:]))
        else:
            model(x[:1])  # what a class of somebody's own makes, its call alone knows
    if not model.built:
        wanted = "one that begins with keras.Input(shape=…)", "keras.Input(shape=…)로 시작하는 모델"
        raise bad_value("model", "one that does not know the size of its input", *wanted)


def epochs(count, *, run, variables=(), history=None, **recipe):
    """Return an iterator over the numbers of epochs for a training loop of one's own.

    In a full run it keeps the training as `fit` does: after each round of the loop the values of
    `variables` and of `history` (a dict of lists that the loop appends to) are written, and a later
    attempt puts them back and goes on with the next number. Draw an epoch's order from a generator
    seeded with its number, and the attempt is the same as an uninterrupted run. recipe: whatever
    else decides the training, such as data=…, train=48_000, batch_size=128; a checkpoint of
    another recipe is not used. Elsewhere it counts from 0 to count - 1 and writes nothing.
    """
    training = _Training(run, count, {} if history is None else history)
    training.about.update({k: recipe[k] for k in ("batch_size", "train") if k in recipe})
    if full():
        training.keep(list(variables), {"epochs": count, **recipe})
    return training.rounds()


class _Training:
    """One training: how far it is, its history, its seconds and, in a full run, its checkpoint."""

    def __init__(self, run, count, history=None):
        self.run, self.count = _checked(run), count
        self.history = {} if history is None else history
        self.done = 0  # finished epochs; None once all of the training is finished
        self.wall = self.processor = 0.0
        self.path = None
        self.about = _measured[run] = {}

    def keep(self, variables, recipe):
        """Write checkpoints from now on; go on from the one that is there, if it is of this recipe."""
        self.path = _workplace() / "checkpoints" / f"{self.run}.npz"
        self.variables = variables
        shapes = [tuple(variable.shape) for variable in variables]
        recipe = {**recipe, "variables": shapes, "seed": _seed()}
        self.recipe = {key: _digest(value) for key, value in recipe.items()}
        if not self.path.is_file():
            return
        try:
            # np.load leaves a file open that it opened and found damaged.
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as found:
                state = json.loads(str(found["state"]))
                arrays = [found[f"{i:04d}"] for i in range(len(found.files) - 1)]
        except Exception:  # a damaged file can make its reader stumble in any way
            self.say("the checkpoint is damaged: training anew")
            return
        old = state["recipe"]
        if changed := [k for k in {**old, **self.recipe} if old.get(k) != self.recipe.get(k)]:
            self.say(f"the checkpoint is of another recipe ({', '.join(changed)}): training anew")
            return
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        for name, values in state["history"].items():
            self.history.setdefault(name, [])[:] = values
        self.wall, self.processor = state["wall_seconds"], state["processor_seconds"]
        self.note_seconds()
        self.done = None if state["finished"] else state["epochs"]
        self.say(f"goes on after epoch {state['epochs']} of {self.count}, kept from before")

    def rounds(self):
        """Yield the numbers of the epochs that are left, and keep each when the loop comes back."""
        if self.done is not None:
            for epoch in range(self.done, self.count):
                self.begin()
                yield epoch
                self.end(epoch + 1)
            self.finish()

    def begin(self):
        self.started = time.perf_counter(), time.process_time()

    def end(self, done):
        """Note the seconds of an epoch; in a full run, say so and write the checkpoint."""
        seconds = time.perf_counter() - self.started[0]
        self.wall += seconds
        self.processor += time.process_time() - self.started[1]
        self.done = done
        self.note_seconds()
        if self.path:
            last = [
                " ".join([name, *(f"{number:.4f}" for number in np.ravel(values[-1]))])
                for name, values in self.history.items()
                if values and not isinstance(values[-1], str)
            ]
            self.say(", ".join([f"epoch {done} of {self.count}", f"{seconds:.0f} s", *last]))
            self.write(finished=False)

    def finish(self):
        """Keep the training as finished, with the weights that it ended with."""
        if self.path:
            self.write(finished=True)

    def write(self, finished):
        state = {
            "recipe": self.recipe,
            "history": {name: [*map(_numbers, values)] for name, values in self.history.items()},
            "epochs": self.done,
            "finished": finished,
            "wall_seconds": self.wall,
            "processor_seconds": self.processor,
        }
        arrays = {f"{i:04d}": _storable(variable) for i, variable in enumerate(self.variables)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as file:
            np.savez(file, state=np.array(json.dumps(state)), **arrays)

    def note_seconds(self):
        self.about.update(wall_seconds=self.wall, processor_seconds=self.processor)

    def say(self, words):
        print(f"{self.run}: {words}", flush=True)


def _callback(training):
    import keras

    class Keep(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            training.begin()

        def on_epoch_end(self, epoch, logs=None):
            for name, value in (logs or {}).items():
                training.history.setdefault(name, []).append(_numbers(value))
            training.end(epoch + 1)

    return Keep()


def _numbers(value):
    """Return a metric's value as Python's floats: one, or a list where it gives one a class.

    What is no number, such as a callback's remark, is returned as text.
    """
    try:
        return np.asarray(value, float).tolist()
    except (TypeError, ValueError):
        return str(value)


def _storable(variable):
    """Return a variable as an array that NumPy can read again: its files do not know bfloat16."""
    array = np.asarray(variable)
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def _callbacks(given):
    """Return callbacks as a flat list, in whatever form model.fit takes them: one, lists, none."""
    import keras

    if isinstance(given, keras.callbacks.CallbackList):
        return given.callbacks
    return [] if given is None else [c for c in keras.tree.flatten(given) if c is not None]


def _remind(callbacks, history):
    """Tell every ModelCheckpoint the best value of the epochs before: it keeps no worse model."""
    import keras

    for callback in callbacks:
        if isinstance(callback, keras.callbacks.ModelCheckpoint) and callback.monitor in history:
            loss = callback.mode == "auto" and callback.monitor.endswith("loss")
            best = min if loss or callback.mode == "min" else max
            callback.best = best(history[callback.monitor])


def _counts(x, options):
    """Return how many images a fit trains on, and in batches of how many, where x tells."""
    if not hasattr(x, "shape"):
        return {}
    share = 1.0 - (options.get("validation_split") or 0.0)
    return {"train": math.floor(len(x) * share), "batch_size": options.get("batch_size") or 32}


def _model_recipe(model):
    """Return the model's configuration as text, alike for two models built by the same lines.

    Keras numbers the names of layers through a whole session (conv2d_7); here each kind is counted
    from the first in this model.
    """
    import keras

    try:
        text = json.dumps(keras.saving.serialize_keras_object(model), sort_keys=True, default=str)
    except (NotImplementedError, TypeError, ValueError):  # layers that cannot be configured
        return [type(layer).__name__ for layer in model.layers] + [str(model.get_compile_config())]
    names, seen = {}, {}
    for name in re.findall(r'"name": "([^"]+)"', text):
        if name not in names:
            kind = re.sub(r"_\d+$", "", name)
            seen[kind] = seen.get(kind, -1) + 1
            names[name] = f"{kind}#{seen[kind]}"
    return re.sub(r'"([^"]+)"', lambda quoted: f'"{names.get(quoted[1], quoted[1])}"', text)


def _digest(value):
    """Return a short text that tells one part of a recipe from another, the same in every process."""
    if isinstance(value, Dataset):
        value = [value.x_train, value.y_train, value.x_test, value.y_test]
    if isinstance(value, (list, tuple)):
        return [_digest(part) for part in value]
    if isinstance(value, dict):
        return {str(key): _digest(part) for key, part in value.items()}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value if len(value) < 100 else hashlib.sha256(value.encode()).hexdigest()
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "shape"):
        return checksum(np.asarray(value))
    if hasattr(value, "element_spec"):  # a tf.data.Dataset: what it would give cannot be looked at
        return f"{value.element_spec} {int(value.cardinality())}"
    return getattr(value, "__qualname__", type(value).__qualname__)


# --- Records ------------------------------------------------------------------------------------


def save(run, *, data, model=None, parameters=None, history, **measured):
    """Return the record of a training as a dict; in a full run, write it too.

    run: the name its `fit` or `epochs` had. data: the `Dataset`. model: for the parameter count and
    the optimizer; or give parameters, and measured values named optimizer, batch_size. history: a
    dict of lists, a number an epoch. measured: such as test_accuracy=0.9912, tested after training.

    The record also holds how many images, the origin of the data, the seconds of training (by the
    clock, and of all processors together), the processor, versions and the seed. Numbers keep five
    digits. Raises ValueError for a measured name that the record has already, and for numbers that
    are not finite.
    """
    record = {
        "run": _checked(run),
        "data": data.name,
        "origin": data.origin,
        "train": len(data.x_train),
        "test": len(data.x_test),
        "epochs": max((len(values) for values in history.values()), default=0),
        "batch_size": None,
        "parameters": parameters if model is None else model.count_params(),
        "optimizer": None if model is None else _settings(model.optimizer),
        "wall_seconds": None,
        "processor_seconds": None,
        **_measured.get(run, {}),
        "processor": _processor(),
        "cores": _cores(),
        "accelerator": _accelerator(),
        "versions": _versions(),
        "seed": _seed(),
        "history": history,
    }
    for name, value in measured.items():
        if record.get(name) is not None:
            raise bad_value(
                "measured",
                f"a value named {name}",
                "another name: the record has that one",
                "기록에 이미 있는 이름과 다른 이름",
            )
        record[name] = value
    try:
        text = dump(_plain(record)) + "\n"
    except ValueError as error:
        raise bad_value(
            "history", f"a number that is not finite in {run}", "finite numbers", "유한한 수"
        ) from error
    if full():
        path = outbox() / f"{run}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(text.encode())
    return json.loads(text)


def dump(value, line="\n"):
    """Return the text of a record's file: keys sorted, one in a line, so that records compare."""
    if not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    inner = line + " "
    rows = (f"{json.dumps(key)}: {dump(part, inner)}" for key, part in sorted(value.items()))
    return f"{{{inner}{(',' + inner).join(rows)}{line}}}"


def load(run):
    """Return the committed record of a full run. FileNotFoundError names the command that makes it."""
    path = datasets.data_dir() / "results" / f"{_checked(run)}.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"{run} has no record yet; this makes it: make full CH={run[:2]}\n"
            f"{run}의 기록이 아직 없습니다. 위 명령이 기록을 만듭니다."
        )
    return json.loads(path.read_text(encoding="utf-8"))


COLUMNS = ("run", "train", "epochs", "parameters", "test_accuracy", "processor_minutes")


def show(*runs, columns=COLUMNS):
    """Print committed records as a table, one row a run.

    columns: keys of the records. "minutes" are those of the clock, "processor_minutes" those of all
    processors together, which other work on the machine lengthens less. Raises ValueError for a
    table wider than 100 columns.
    """
    rows = [[name.replace("_", " ") for name in columns]]
    rows += [[_cell(record, name) for name in columns] for record in map(load, runs)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    if sum(widths) + 2 * (len(widths) - 1) > WIDTH:
        raise bad_value(
            "columns", columns, f"at most {WIDTH} letters in a row", f"한 줄에 {WIDTH}자 이하"
        )
    for row in rows:
        # Names to the left, numbers to the right.
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join(cells).rstrip())


def _cell(record, name):
    if name in ("minutes", "processor_minutes"):
        seconds = record.get("wall_seconds" if name == "minutes" else "processor_seconds")
        return "-" if seconds is None else f"{seconds / 60:.1f}"
    value = record.get(name)
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _checked(run):
    if not isinstance(run, str) or not re.fullmatch(r"\d\d(-[a-z0-9_]+)+", run):
        raise bad_value(
            "run",
            run,
            'a name such as "10-mnist-convolutional"',
            '"10-mnist-convolutional"과 같은 이름',
        )
    return run


def _plain(value):
    """Return a value as JSON holds it, with five digits to a number."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(part) for part in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.5g}")
    return value if value is None or isinstance(value, str) else str(value)


def _settings(optimizer):
    """Return the optimizer's configuration, without what it leaves unset."""
    return {name: value for name, value in optimizer.get_config().items() if value is not None}


def _cores():
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _processor():
    """Return the processor's name as the system gives it."""
    try:
        found = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def _accelerator():
    """Return the name of the first GPU that TensorFlow uses, or None."""
    tf = sys.modules.get("tensorflow")
    devices = tf.config.list_physical_devices("GPU") if tf else []
    if not devices:
        return None
    return tf.config.experimental.get_device_details(devices[0]).get("device_name", "GPU")


def _versions():
    modules = {name: sys.modules.get(name) for name in ("tensorflow", "keras", "numpy")}
    found = {name: module.__version__ for name, module in modules.items() if module}
    return {"python": platform.python_version(), **found}


def _seed():
    """Return the seed that cnnbook.setup was given, or None."""
    import cnnbook

    return getattr(cnnbook, "SEED", None)
