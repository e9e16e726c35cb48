"""Bring chapter 11's residual network to the page: the model of <image-top5>.

    python -m tools.recipes.lab_cifar10

Reads data/weights/11-cifar10-residual.npz and writes book/_assets/lab/models/cifar10.js. Nothing is
trained, so the file is the same bytes on every machine; a test compares.
"""

from tools import ROOT

FILE = ROOT / "book/_assets/lab/models/cifar10.js"


def export(path):
    """Write the model to a path, as .js or .json."""
    import keras

    from cnnbook import datasets, models, web

    keras.backend.clear_session()  # layers are named by their number in the session
    network = models.small_residual_network((32, 32, 3), 10)
    models.load_weights(network, "11-cifar10-residual")
    return web.export(network, datasets.CIFAR10_CLASSES, path, input_range=(0, 255))


if __name__ == "__main__":
    import cnnbook

    cnnbook.setup()
    print(f"{export(FILE).stat().st_size:,} bytes")
