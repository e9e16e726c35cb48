"""Measure speed and memory, as ratios within one run:  python tools/bench.py  (make bench).

Seconds of one machine say little about another; ratios measured side by side say more. Each
contender runs in a fresh process of its own, because idle thread pools spin and slow the others
down; rounds alternate between contenders, because a shared machine is not equally fast all the
time. A later benchmark is one more function in BENCHMARKS.

python tools/bench.py memory  prints one number: what test_ops.py holds below a limit.
"""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import numpy as np

from cnnbook import REPEATABLE, ops

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
        [sys.executable, __file__, *arguments], env=kept, capture_output=True, text=True
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


BENCHMARKS = [conv2d, conv2d_memory, conv2d_backward]


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


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"measure": measure, "memory": memory}[sys.argv[1]](*sys.argv[2:])
    else:
        print(machine())
        for benchmark in BENCHMARKS:
            print(flush=True)
            benchmark()
