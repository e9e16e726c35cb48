"""Write what chapter 16's pre-trained network answers, before its last layer, to cats and dogs.

    CNNBOOK_DATA_DIR=… python -m tools.recipes.features_16

Writes data/features/16-cats-dogs.npz: x_train, x_test (pictures, 96) float16 and y_train, y_test,
0 a cat and 1 a dog, in the order of cnnbook.datasets.load("cats_vs_dogs"). The pictures are scaled
to 32×32 as the chapter does. They hold no pixels, so that the chapter can train on them offline.
"""

import numpy as np
from PIL import Image

SIDE = 32  # pixels, as the network learned; 48 and 64 were compared on training pictures, and differ little


def resized(images):
    """Return the images as squares of SIDE pixels, each new pixel the mean of the old ones."""
    size = (SIDE, SIDE)
    return np.stack([Image.fromarray(image).resize(size, Image.Resampling.BOX) for image in images])


def main():
    import cnnbook

    cnnbook.setup()

    from cnnbook import datasets, models
    from cnnbook._files import replacing

    data = datasets.load("cats_vs_dogs")
    base = models.pretrained_base((SIDE, SIDE, 3))
    arrays = {"y_train": data.y_train.astype(np.uint8), "y_test": data.y_test.astype(np.uint8)}
    for part in ("train", "test"):
        images = resized(getattr(data, f"x_{part}"))
        arrays[f"x_{part}"] = base.predict(images, batch_size=100, verbose=0).astype(np.float16)
    folder = datasets.data_dir() / "features"
    folder.mkdir(exist_ok=True)
    with replacing(folder / "16-cats-dogs.npz") as file:
        np.savez_compressed(file, **dict(sorted(arrays.items())))
    print(data.origin)


if __name__ == "__main__":
    main()
