"""Measure speed and memory, as ratios within one run:  make bench  (or some: make bench ARGS=conv2d)

Seconds of one machine say little about another; ratios measured side by side say more. Each
contender runs in a fresh process of its own, because idle thread pools spin and slow the others
down; rounds alternate between contenders, because a shared machine is not equally fast all the
time. A later benchmark is one more function in BENCHMARKS.

python -m tools.bench memory  prints one number: what test_ops.py holds below a limit.
"""

import base64
import gzip
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from cnnbook import REPEATABLE, ops
from tools import ROOT, browser, speed

ROUNDS = 3
SHAPES = [  # images, kernels
    ((32, 28, 28, 1), (3, 3, 1, 32)),
    ((32, 32, 32, 32), (3, 3, 32, 64)),
    ((8, 180, 180, 3), (3, 3, 3, 32)),
]


# --- contenders: each takes images and kernels and returns the call that is timed ---------------


def package(images, kernels):
    return lambda: ops.conv2d(images, kernels)


def loop(images, kernels):
    return lambda: ops.conv2d_loop(images, kernels)


def scipy_correlate2d(images, kernels):
    from scipy.signal import correlate2d

    def feature_map(image, f):
        channels = range(image.shape[-1])
        return sum(correlate2d(image[..., c], kernels[..., c, f], "valid") for c in channels)

    filters = range(kernels.shape[-1])
    return lambda: np.array(
        [np.stack([feature_map(image, f) for f in filters], axis=-1) for image in images]
    )


def tensorflow(images, kernels):
    import tensorflow as tf

    images, kernels = tf.constant(images), tf.constant(kernels)
    return lambda: tf.nn.conv2d(images, kernels, strides=1, padding="VALID")


def package_backward(images, kernels):
    grad_output = ops.conv2d(images, kernels)
    return lambda: ops.conv2d_backward(images, kernels, grad_output)


def tensorflow_backward(images, kernels):
    """The operations that a gradient tape would call, without the tape's own time."""
    import tensorflow as tf

    sizes = {"input_sizes": images.shape}, {"filter_sizes": kernels.shape}
    images, kernels = tf.constant(images), tf.constant(kernels)
    common = {"strides": [1, 1, 1, 1], "padding": "VALID"}
    common["out_backprop"] = tf.nn.conv2d(images, kernels, strides=1, padding="VALID")
    return lambda: (
        tf.raw_ops.Conv2DBackpropInput(filter=kernels, **sizes[0], **common),
        tf.raw_ops.Conv2DBackpropFilter(input=images, **sizes[1], **common),
        tf.reduce_sum(common["out_backprop"], axis=(0, 1, 2)),
    )


# title, function, environment, images of the batch that are measured (None: all of them)
CONTENDERS = {
    "package": ("ops.conv2d", package, {}, None),
    "loop": ("plain loop*", loop, {}, 1),
    "scipy": ("SciPy*", scipy_correlate2d, {}, 1),
    "onednn": ("TF, oneDNN on", tensorflow, {"TF_ENABLE_ONEDNN_OPTS": "1"}, None),
    "eigen": ("TF, oneDNN off", tensorflow, {"TF_ENABLE_ONEDNN_OPTS": "0"}, None),
}
BACKWARD = {
    "package backward": ("ops.conv2d_backward", package_backward, {}, None),
    "onednn backward": ("TF, oneDNN on", tensorflow_backward, {"TF_ENABLE_ONEDNN_OPTS": "1"}, None),
    "eigen backward": ("TF, oneDNN off", tensorflow_backward, {"TF_ENABLE_ONEDNN_OPTS": "0"}, None),
}


def measure(contender):
    """Print [seconds, mean of the first result] for every shape: runs in a process of its own."""
    _, prepare, _, count = (CONTENDERS | BACKWARD)[contender]
    measured = []
    for image_shape, kernel_shape in SHAPES:
        random = np.random.default_rng(0)
        images = random.standard_normal(image_shape, np.float32)[:count]
        kernels = random.standard_normal(kernel_shape, np.float32)
        run = prepare(images, kernels)
        result, seconds = run(), []  # the first call warms up
        while sum(seconds) < 0.5 or len(seconds) < 3:
            begun = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - begun)
        whole = statistics.median(seconds) * image_shape[0] / len(images)
        measured.append([whole, float(abs(np.asarray(result[0])).mean())])
    print(json.dumps(measured))


def fresh_process(*arguments, **environment):
    """Run this file with the arguments in a fresh process and return what it prints."""
    kept = {name: value for name, value in os.environ.items() if name not in REPEATABLE}
    kept |= {"TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench", *arguments],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


# --- memory --------------------------------------------------------------------------------------


def peak_memory():
    """Return the most bytes of memory this process has held so far."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():  # Linux counts the parent's memory into ru_maxrss, and not into this
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def memory(batch=64, block_bytes=ops.BLOCK_BYTES):
    """Print the bytes that 7×7 kernels on 512×512 images need beyond the input and the output."""
    ops.BLOCK_BYTES = int(block_bytes)
    random = np.random.default_rng(0)
    kernels = random.standard_normal((7, 7, 3, 8), np.float32)
    images = np.ones((int(batch), 512, 512, 3), np.float32)
    ops.conv2d(images[:2, :64, :64], kernels)  # loads the libraries
    before = peak_memory()
    output = ops.conv2d(images, kernels)
    print(peak_memory() - before - output.nbytes)


# --- the benchmarks ------------------------------------------------------------------------------


def conv2d():
    """Time conv2d beside the other ways to compute it."""
    compare(CONTENDERS)
    print("* measured on one image and multiplied by the batch size: it works image by image")


def conv2d_backward():
    """Time the gradients of images, kernels and bias beside TensorFlow's."""
    compare(BACKWARD)


def compare(contenders):
    """Print each contender's time as a multiple of the first one's."""
    own_name, (own_title, *_) = next(iter(contenders.items()))
    rounds = []
    for _ in range(ROUNDS):
        rounds.append({})
        for name, (_, _, environment, _) in contenders.items():
            rounds[-1][name] = json.loads(fresh_process("measure", name, **environment))

    print(f'Convolution, float32, "valid": time of one call as a multiple of {own_title}\'s')
    print(f"(above 1: {own_title} is faster). Medians of {ROUNDS} rounds.")
    titles = "".join(f"{title:>17}" for title, *_ in list(contenders.values())[1:])
    print(f"{'images':20}{'kernels':16}{own_title:>20}{titles}")
    for i, (images, kernels) in enumerate(SHAPES):
        values = [rounds[0][name][i][1] for name in contenders]
        assert np.allclose(values, values[0], rtol=1e-4), f"not the same results: {values}"
        own = statistics.median(one[own_name][i][0] for one in rounds)
        ratios = "".join(
            f"{statistics.median(one[name][i][0] / one[own_name][i][0] for one in rounds):17.3g}"
            for name in contenders
            if name != own_name
        )
        print(f"{images!s:20}{kernels!s:16}{own * 1000:17.1f} ms{ratios}")


def conv2d_memory():
    """Report the memory conv2d needs."""
    extra = int(fresh_process("memory"))
    print("Peak memory of (64, 512, 512, 3) images with (7, 7, 3, 8) kernels, float32,")
    print(f"beyond input and output: {extra / 2**20:.0f} MB")


# --- the web laboratory ---------------------------------------------------------------------------

ASSETS = ROOT / "book" / "_assets"
PAGE = """<!doctype html><html lang="ko"><meta charset="utf-8"><title>bench</title>
<script src="book.js"></script><{tag}></{tag}></html>"""
# Stored when the page has loaded: when the first answer came, and what it was.
FIRST = """addEventListener("load", async () => {
    // The element's scripts come when it is near the reader, not with the page.
    while (!globalThis.cnnlab?.models?.digits) await new Promise((done) => setTimeout(done, 1));
    const {output} = await cnnlab.models.digits.run(Float32Array.from(%s));
    globalThis.first = {ms: performance.now(), output: Array.from(output.data)};
})"""
MANY = """async (numbers) => {
    const image = Float32Array.from(numbers), ms = [];
    for (let i = 0; i < 200; i++) {
        const begun = performance.now();
        await cnnlab.models.digits.run(image);
        ms.push(performance.now() - begun);
    }
    return ms;
}"""


def widgets():
    """Time the digit network in a browser beside Keras, and count the bytes of each widget."""
    ways = ("page", "keras")
    rounds = [
        {way: json.loads(fresh_process("measure-widgets", way, **REPEATABLE)) for way in ways}
        for _ in range(ROUNDS)
    ]

    def median(way, name):
        return statistics.median(one[way][name] for one in rounds)

    for one in rounds:
        assert np.allclose(one["page"]["output"], one["keras"]["output"], rtol=1e-4, atol=1e-7)
    own = median("page", "image")
    print(f"The digit network, {rounds[0]['keras']['weights']:,} weights, one image at a time:")
    print(f"in the page, every layer kept {own:8.1f} ms")
    for name in ("call", "predict"):
        ratio = statistics.median(one["keras"][name] / one["page"]["image"] for one in rounds)
        print(f"Keras, model.{name:17}{median('keras', name):8.1f} ms = {ratio:.2g} times as long")
    print(f"opening the page to its first answer {median('page', 'first'):.0f} ms, from the disk")
    for tag, files in rounds[0]["page"]["files"].items():
        whole, packed = (sum(size[i] for size in files.values()) for i in (0, 1))
        print(f"<{tag}> loads {len(files)} files, {whole:,} bytes ({packed:,} compressed)")


def measure_widgets(way):
    """Print what one process measures: the page in a browser, or Keras."""
    image = np.zeros((28, 28), np.float32)
    image[6:22, 13:16] = 1  # the digit 1
    print(json.dumps({"page": page_times, "keras": keras_times}[way](image)))


def page_times(image):
    numbers = image.ravel().tolist()
    widgets = re.findall(r'^ *"([a-z0-9-]+)": \[', (ASSETS / "book.js").read_text("utf-8"), re.M)
    files = {}
    with tempfile.TemporaryDirectory() as folder, browser.started() as chromium:
        shutil.copytree(ASSETS, folder, dirs_exist_ok=True)
        for tag in widgets:
            place = pathlib.Path(folder, f"{tag}.html")
            place.write_text(PAGE.format(tag=tag), encoding="utf-8")
            page, asked = chromium.new_page(), []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            if tag == "digit-cnn":
                page.add_init_script(FIRST % numbers)
            page.goto(place.as_uri())
            page.evaluate("(tag) => customElements.whenDefined(tag).then(() => 0)", tag)
            names = [url.partition("/lab/")[2] for url in asked if "/lab/" in url]
            contents = {name: (ASSETS / "lab" / name).read_bytes() for name in names}
            files[tag] = {name: (len(c), len(gzip.compress(c))) for name, c in contents.items()}
            if tag == "digit-cnn":
                page.wait_for_function("globalThis.first")
                first = page.evaluate("first")
                ms = page.evaluate(MANY, numbers)
    image = statistics.median(ms)
    return {"image": image, "first": first["ms"], "output": first["output"], "files": files}


def keras_times(image):
    """The same network, built from the page's own file: its settings are Keras's."""
    import keras

    text = (ASSETS / "lab/models/digits.js").read_text(encoding="utf-8")
    file = json.loads(text[text.index("{") : text.rindex("}") + 1])
    _, *rest = file["layers"]
    model = keras.Sequential([keras.Input(image.shape + (1,))])
    for entry in rest:
        model.add(getattr(keras.layers, entry["type"])(**entry["config"]))
    numbers = np.frombuffer(base64.b64decode(file["weights"]), "<f2").astype(np.float32)
    ends = np.cumsum([np.prod(weight.shape, dtype=int) for weight in model.weights])
    parts = np.split(numbers, ends[:-1])
    model.set_weights(
        [part.reshape(weight.shape) for part, weight in zip(parts, model.weights, strict=True)]
    )
    images = image[np.newaxis, ..., np.newaxis]
    measured = {"weights": model.count_params(), "output": model(images).numpy()[0].tolist()}
    calls = {"call": lambda: model(images), "predict": lambda: model.predict(images, verbose=0)}
    for name, call in calls.items():
        call()
        seconds = []
        for _ in range(20):
            begun = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - begun)
        measured[name] = statistics.median(seconds) * 1000
    return measured


BENCHMARKS = {
    benchmark.__name__: benchmark
    for benchmark in (
        conv2d,
        conv2d_memory,
        conv2d_backward,
        widgets,
        speed.verification,
        speed.pages,
    )
}


def machine():
    """Describe the machine and the versions in two lines."""
    from importlib.metadata import version

    from threadpoolctl import threadpool_info

    name = platform.processor()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [
            line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        name = models[0].partition(":")[2].strip() if models else name
    blas = ", ".join(
        f"{library['internal_api']} {library['num_threads']}" for library in threadpool_info()
    )
    versions = ", ".join(f"{what} {version(what)}" for what in ("numpy", "scipy", "tensorflow"))
    return (
        f"{name}, {os.cpu_count()} processors (ops and TensorFlow use a thread on each; {blas})\n"
        f"Python {platform.python_version()}, {versions}"
    )


# What the benchmarks run in processes of their own; "memory" is also what test_ops.py asks for.
PARTS = {"measure": measure, "memory": memory, "measure-widgets": measure_widgets}


def main(arguments):
    if arguments and arguments[0] in PARTS:
        return PARTS[arguments[0]](*arguments[1:])
    unknown = [name for name in arguments if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"No benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
    print(machine())
    for name in arguments or BENCHMARKS:
        print(flush=True)
        BENCHMARKS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
