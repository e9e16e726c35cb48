"""The weights that come with the book: they load exactly, or a sentence says why not."""

import numpy as np
import pytest

from cnnbook import models


class Model:
    """As much of a Keras model as weights need."""

    def __init__(self, *weights):
        self.weights = [np.asarray(array, np.float32) for array in weights]

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "data_dir", lambda: tmp_path)
    return tmp_path / "weights"


def test_what_is_saved_is_what_loads(folder):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(3, 3, 1, 4)), np.zeros(4), rng.normal(size=(4, 2))]
    saved = Model(*arrays)
    models.save_weights(saved, "one")
    loaded = models.load_weights(Model(*(np.zeros_like(array) for array in arrays)), "one")
    for before, kept, after in zip(arrays, saved.weights, loaded.weights, strict=True):
        assert after.dtype == np.float32
        assert np.array_equal(after, before.astype(np.float16))
        assert np.array_equal(after, kept)  # rounded in memory as in the file


def test_same_weights_are_the_same_bytes(folder):
    models.save_weights(Model([1.5, 2]), "one")
    models.save_weights(Model([1.5, 2]), "two")
    assert (folder / "one.npz").read_bytes() == (folder / "two.npz").read_bytes()


def test_more_than_ten_arrays_keep_their_order(folder):
    models.save_weights(Model(*([i] for i in range(1200))), "many")
    loaded = models.load_weights(Model(*([0] for _ in range(1200))), "many")
    assert [array[0] for array in loaded.weights] == list(range(1200))


def test_missing_weights_are_named(folder):
    models.save_weights(Model([1]), "known")
    with pytest.raises(FileNotFoundError, match="(?s)'unknown'.*known.*가중치 파일이 없습니다"):
        models.load_weights(Model([1]), "unknown")


@pytest.mark.parametrize("other", [Model([1, 2, 3]), Model([1, 2], [3]), Model([[1, 2]])])
def test_weights_of_another_model_are_refused(folder, other):
    models.save_weights(Model([1, 2]), "one")
    with pytest.raises(ValueError, match=r"(?s)model: got .*wanted weights \[\(2,\)\].*필요한 값"):
        models.load_weights(other, "one")


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "pickled", "renamed"])
def test_damaged_weights_are_refused(folder, damage):
    models.save_weights(Model(np.arange(100)), "one")
    file = folder / "one.npz"
    whole = file.read_bytes()
    if damage == "pickled":
        np.savez(file, **{"000": np.array([{}], object)})
    elif damage == "renamed":
        np.savez(file, weights=np.arange(100))
    else:
        middle = len(whole) // 2
        changed = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
        file.write_bytes({"cut": whole[:middle], "changed": changed, "empty": b""}[damage])
    with pytest.raises(ValueError, match="(?s)wanted a whole file of weights.*온전한 가중치"):
        models.load_weights(Model(np.zeros(100)), "one")


def test_failed_save_leaves_the_old_file(folder):
    models.save_weights(Model([1]), "one")
    for bad in (1e6, np.inf, np.nan):
        with pytest.raises(ValueError, match="(?s)beyond float16.*65504"):
            models.save_weights(Model([bad]), "one")
    assert models.load_weights(Model([0]), "one").weights[0][0] == 1
    assert [path.name for path in folder.iterdir()] == ["one.npz"]


def test_pretrained_base():
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 24, 3)).astype("uint8")
    base = models.pretrained_base((16, 24, 3))
    assert base.output_shape == (None, 96)
    assert base.count_params() == 279_136  # the whole network has 776 more, in its last layer
    whole = models.load_weights(models.small_residual_network((16, 24, 3), 8), "16-pretrained")
    features = base(images, training=False)
    last = whole.layers[-1]
    np.testing.assert_allclose(last(features), whole(images, training=False), rtol=1e-5, atol=1e-5)
    assert [array.shape for array in base.get_weights()] == [
        array.shape for array in whole.get_weights()[:-2]
    ]


@pytest.mark.parametrize("shape", [(32, 32), (32, 32, 1), (4, 32, 3), (32, 7, 3)])
def test_pretrained_base_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match=r"(?s)input_shape: got .*\(높이, 너비, 3\)"):
        models.pretrained_base(shape)


def test_features_of_cats_and_dogs():
    features = models.load_features("16-cats-dogs")
    for part in ("train", "test"):
        assert features[f"x_{part}"].shape == (2000, 96)
        assert features[f"x_{part}"].dtype == np.float32
        assert np.bincount(features[f"y_{part}"]).tolist() == [1000, 1000]
        # Means of maps behind a ReLU; no picture the same as another, no feature always silent.
        assert features[f"x_{part}"].min() >= 0
        assert features[f"x_{part}"].max(axis=0).min() > 0
        assert len(np.unique(features[f"x_{part}"], axis=0)) > 1900
    with pytest.raises(
        FileNotFoundError, match="(?s)there are: 16-cats-dogs.*특징 파일이 없습니다"
    ):
        models.load_features("16-cats")


def test_damaged_features_are_refused(monkeypatch, tmp_path):
    whole = (models.data_dir() / "features/16-cats-dogs.npz").read_bytes()
    (tmp_path / "features").mkdir()
    (tmp_path / "features/cut.npz").write_bytes(whole[: len(whole) // 2])
    monkeypatch.setattr(models, "data_dir", lambda: tmp_path)
    with pytest.raises(ValueError, match="(?s)a whole file of features.*온전한 특징 파일"):
        models.load_features("cut")
