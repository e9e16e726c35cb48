"""Helper package of a verified course on convolutional neural networks.

It holds what a chapter has already shown, and the plumbing a reader would not want to read.
Importing it is cheap; modules that need more are imported by name (`from cnnbook import ops`).
"""

import importlib.util
import os
import random
import sys

# What makes a run repeatable, on one or two processors and with TensorFlow 2.20 and 2.21. Across
# instruction sets the last digits of a sum still differ: chapters declare a tolerance for those.
REPEATABLE = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "TF_NUM_INTRAOP_THREADS": "2",
    "TF_NUM_INTEROP_THREADS": "2",
    "OMP_NUM_THREADS": "2",
}
SEED = None  # what setup() was given last; records name it


def setup(seed=42):
    """Make the notebook that calls this repeatable: environment, seeds, deterministic operations.

    Call it before TensorFlow is imported; it sets only what the user has not set, then imports
    TensorFlow. `seed` is an integer from 0 to 2**32 - 1; Python, NumPy and Keras all start from it.
    Where there is no TensorFlow, as in a browser's page, Python and NumPy do.
    Raises ValueError for another seed, RuntimeError when TensorFlow is already imported with
    other settings.
    """
    global SEED
    from cnnbook._errors import bad_value

    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise bad_value(
            "seed", seed, "an integer from 0 to 2**32 - 1", "0 이상 2**32 - 1 이하의 정수"
        )
    missing = [name for name in REPEATABLE if name not in os.environ]
    if missing and "tensorflow" in sys.modules:
        raise RuntimeError(
            "cnnbook.setup() came after TensorFlow was imported: restart the kernel and call it "
            "first.\ncnnbook.setup()을 TensorFlow보다 먼저 호출해야 합니다. 커널을 다시 시작하고 첫 셀부터 "
            "실행합니다."
        )
    for name in missing:
        os.environ[name] = REPEATABLE[name]
    _leave_native_log_in_terminal()

    import numpy as np

    from cnnbook import plots  # noqa: F401  every figure in the book's style

    SEED = seed
    if not _has_tensorflow():
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002  Keras does the same
        return
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    # Newer GPUs would multiply float32 with three decimal digits; the chapters compare six.
    tf.config.experimental.enable_tensor_float_32_execution(False)


def _has_tensorflow():
    """Tell whether TensorFlow is installed. The stand-in of a page that runs is no file."""
    spec = importlib.util.find_spec("tensorflow")
    return spec is not None and spec.origin is not None


def _leave_native_log_in_terminal():
    """Send what C++ code writes to file 2 to the terminal that started Jupyter, not to the page.

    TensorFlow 2.21 greets with lines that no log level silences. Python's own warnings and errors
    do not pass through file 2 in a kernel and still reach the page. Where the kernel keeps no
    copy of the terminal's file (outside IPython, or under pytest), nothing is changed.
    """
    terminal = getattr(sys.stderr, "_original_stdstream_copy", None)
    if terminal is not None:
        os.dup2(terminal, 2)
