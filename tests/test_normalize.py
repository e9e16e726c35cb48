"""cnnbook.normalize against figures worked by hand, Keras, TensorFlow, SciPy and scikit-learn."""

import re

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from cnnbook import normalize

drawn = settings(derandomize=True, deadline=None, max_examples=60)


@pytest.fixture(scope="module")
def layers(keras):
    return keras.layers


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(0, 255, (5, 9, 7, 3)).astype("float32")


@st.composite
def batches(draw, shape=(3, 4, 5, 2)):
    """Images of some brightness and contrast, none of them constant."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    brightness, contrast = draw(st.floats(-100, 100)), draw(st.floats(0.01, 100))
    return brightness + contrast * random.normal(size=shape)


@st.composite
def samples(draw):
    """Samples of mixed features, more or fewer of them than features."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, features = draw(st.integers(3, 30)), draw(st.integers(1, 12))
    return random.normal(size=(count, features)) @ random.normal(size=(features, features)) + 3


# --- by hand ----------------------------------------------------------------------------------


def test_standardize_by_hand():
    # Mean 5, squared distances 9 1 1 1 0 0 4 16, variance 32 / 8 = 4.
    values = np.array([2, 4, 4, 4, 5, 5, 7, 9])
    wanted = [-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2]
    assert normalize.standardize(values, 0).tolist() == wanted
    # Variance 4 and epsilon 12 make a root of 4.
    assert normalize.standardize(values, 0, epsilon=12).tolist() == [w / 2 for w in wanted]


def test_global_contrast_by_hand():
    image = np.array([1.0, 3, 1, 3]).reshape(1, 2, 2, 1)
    ones = np.array([-1.0, 1, -1, 1]).reshape(1, 2, 2, 1)
    assert np.array_equal(normalize.global_contrast(image), ones)
    assert np.array_equal(normalize.global_contrast(image, scale=6, bias=8), 2 * ones)
    assert np.array_equal(normalize.global_contrast(image, epsilon=4), ones / 4)
    assert not normalize.global_contrast(np.full((1, 2, 2, 1), 0.1)).any()


def test_local_contrast_by_hand():
    # A window of three equal weights in each direction on stripes: reflected, every neighbourhood
    # of a column holds two other columns, so the mean is 2/3 of the others' value.
    window = np.full((3, 3), 1 / 9)
    image = np.tile([0.0, 3, 0, 3], (4, 1)).reshape(1, 4, 4, 1)
    assert np.allclose(normalize.local_mean(image, window)[0, 0, :, 0], [2, 1, 2, 1])
    # Centred: -2 2 -2 2, contrast 2 everywhere.
    found = normalize.local_contrast(image, size=3, sigma=1e6)  # an almost flat bell
    assert np.allclose(found[0, 0, :, 0], [-1, 1, -1, 1])
    bell = normalize.gaussian_window(5, 1.0)
    assert np.isclose(bell.sum(), 1) and np.isclose(bell[2, 2] / bell[2, 4], np.exp(2))


def test_local_response_by_hand():
    image = np.array([1.0, 2, 2, 4]).reshape(1, 1, 1, 4)
    found = normalize.local_response(image, depth_radius=1, bias=1, alpha=1, beta=1)
    wanted = [1 / (1 + 1 + 4), 2 / (1 + 1 + 4 + 4), 2 / (1 + 4 + 4 + 16), 4 / (1 + 4 + 16)]
    assert np.allclose(found.ravel(), wanted, rtol=1e-15)
    # The paper's constants: k = 2, n = 5, alpha = 1e-4, beta = 0.75.
    assert np.isclose(normalize.local_response(image)[0, 0, 0, 0], 1 / (2 + 9e-4) ** 0.75)


def test_principal_components_by_hand():
    # On the line y = x, distances -1 0 1 times sqrt(2): variance 2, nothing across.
    mean, directions, variances = normalize.principal_components([[0, 1], [1, 2], [2, 3]])
    assert np.allclose(mean, [1, 2]) and np.allclose(variances, [2])
    assert np.allclose(directions, [[np.sqrt(0.5), np.sqrt(0.5)]])


def test_whitening_by_hand():
    # A square, stretched to twice its width: variances 16/3 and 4/3.
    square = np.array([[2, 1], [2, -1], [-2, 1], [-2, -1]])
    half = np.sqrt(3) / 2
    for whiten in (normalize.pca_whiten, normalize.zca_whiten):
        assert np.allclose(whiten(square, epsilon=0), np.sign(square) * half)
    # 4/3 and 0 more: 16/3 / (16/3 + 8/3) = 2/3 of the variance is left, and 1/3.
    found = normalize.zca_whiten(square, epsilon=8 / 3)
    assert np.allclose(found.var(axis=0, ddof=1), [2 / 3, 1 / 3])


def test_batch_norm_by_hand():
    x = np.array([[1.0, 10], [3, 10], [5, 40], [7, 40]])  # variances 5 and 225
    found = normalize.batch_norm(x, gamma=[1, 2], beta=[0, 7], epsilon=4)
    assert np.allclose(found[:, 0], [-1, -1 / 3, 1 / 3, 1])
    assert np.allclose(found[:, 1], 7 + 2 * np.array([-15, -15, 15, 15]) / np.sqrt(229))
    moving = normalize.batch_norm(x, 1, 0, 0, moving=([1, 10], [4, 100]))
    assert moving.tolist() == [[0, 0], [1, 0], [2, 3], [3, 3]]
    assert normalize.batch_norm([[3.0, 5]], 2, 1, 0, moving=(1, 4)).tolist() == [[3, 5]]


def test_layer_norm_by_hand():
    x = np.array([[1.0, 3, 5, 7], [10, 10, 40, 40]])
    found = normalize.layer_norm(x, gamma=[1, 1, 1, 2], beta=[0, 0, 0, 5], epsilon=4)
    assert np.allclose(found[0], [-1, -1 / 3, 1 / 3, 7])
    assert np.allclose(found[1, 3], 5 + 2 * 15 / np.sqrt(229))


# --- against libraries ------------------------------------------------------------------------


def test_standardize_is_scikit_learn_s_and_keras_s(layers, images):
    flat = images.reshape(5, -1)
    assert np.allclose(
        normalize.standardize(flat, 0), StandardScaler().fit_transform(flat), atol=1e-5
    )
    layer = layers.Normalization(axis=-1)
    layer.adapt(images)
    assert np.allclose(normalize.standardize(images, (0, 1, 2)), layer(images), atol=1e-4)


def test_per_image_standardization_is_standardize_except_for_faint_images(tf, images):
    theirs = tf.image.per_image_standardization(images).numpy()
    assert np.allclose(normalize.standardize(images, (1, 2, 3)), theirs, atol=1e-5)
    # TensorFlow divides by at least 1 / sqrt(n), n the image's numbers: global_contrast's epsilon.
    faint = images * 1e-5
    theirs = tf.image.per_image_standardization(faint).numpy()
    assert not np.allclose(normalize.standardize(faint, (1, 2, 3)), theirs, atol=0.1)
    n = np.prod(images.shape[1:])
    for given_images in (images, faint, np.full_like(images, 8)):
        theirs = tf.image.per_image_standardization(given_images).numpy()
        ours = normalize.global_contrast(given_images, epsilon=1 / np.sqrt(n))
        assert np.allclose(ours, theirs, atol=1e-5)


def test_local_mean_is_scipy_s(images):
    bell = normalize.gaussian_window(5, 1.5)
    found = normalize.local_mean(images.astype(float), bell)
    for image, mean in zip(images, found, strict=True):
        grey = image.astype(float).mean(axis=-1)
        assert np.allclose(scipy.ndimage.correlate(grey, bell, mode="mirror"), mean[..., 0])
        theirs = scipy.ndimage.gaussian_filter(grey, 1.5, mode="mirror", radius=2)
        assert np.allclose(theirs, mean[..., 0])


@pytest.mark.parametrize("options", [{}, {"depth_radius": 0}, {"depth_radius": 9, "beta": 0.5},
                                     {"bias": 1.0, "alpha": 0.3, "beta": 2.0}])  # fmt: skip
def test_local_response_is_tensorflow_s(tf, options):
    maps = np.random.default_rng(1).normal(size=(2, 3, 4, 8)).astype("float32") * 20
    defaults = {"depth_radius": 2, "bias": 2.0, "alpha": 1e-4, "beta": 0.75}
    theirs = tf.nn.local_response_normalization(maps, **{**defaults, **options})
    assert np.allclose(normalize.local_response(maps, **options), theirs, rtol=1e-4)


def test_pca_is_scikit_learn_s():
    random = np.random.default_rng(2)
    x = random.normal(size=(60, 7)) @ random.normal(size=(7, 7)) + 5
    new = random.normal(size=(4, 7))
    theirs = PCA(whiten=True).fit(x)
    mean, directions, variances = normalize.principal_components(x)
    assert np.allclose(mean, theirs.mean_) and np.allclose(variances, theirs.explained_variance_)
    assert np.allclose(np.abs(directions), np.abs(theirs.components_))
    # Older releases of scikit-learn choose signs otherwise.
    signs = np.sign((directions * theirs.components_).sum(axis=1))
    assert np.allclose(normalize.pca_whiten(x, 0), theirs.transform(x) * signs)
    assert np.allclose(normalize.pca_whiten(new, 0, training=x), theirs.transform(new) * signs)


@pytest.mark.parametrize(("shape", "axis"), [((8, 3), -1), ((4, 5, 6, 3), -1), ((4, 3, 5, 6), 1)])
def test_batch_norm_is_keras_s_in_both_modes(layers, shape, axis):
    random = np.random.default_rng(3)
    x = random.normal(3, 5, shape).astype("float32")
    layer = layers.BatchNormalization(axis=axis, momentum=0.9)
    layer.build(shape)
    weights = [random.uniform(0.5, 2, 3).astype("float32") for _ in range(4)]
    layer.set_weights(weights)
    gamma, beta, mean, variance = weights
    predicted = normalize.batch_norm(x, gamma, beta, axis=axis, moving=(mean, variance))
    assert np.allclose(layer(x, training=False), predicted, atol=1e-5)
    trained = normalize.batch_norm(x, gamma, beta, axis=axis)
    assert np.allclose(layer(x, training=True), trained, atol=1e-5)
    batch = normalize.batch_statistics(np.moveaxis(x, axis, -1))
    for old, new, kept in zip((mean, variance), batch, layer.get_weights()[2:], strict=True):
        assert np.allclose(0.9 * old + 0.1 * new, kept, atol=1e-4)


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_layer_norm_is_keras_s(layers, axis):
    random = np.random.default_rng(4)
    x = random.normal(3, 5, (4, 5, 6, 7)).astype("float32")
    layer = layers.LayerNormalization(axis=axis)
    layer.build(x.shape)
    weights = [random.uniform(0.5, 2, x.shape[axis]).astype("float32") for _ in range(2)]
    layer.set_weights(weights)
    assert np.allclose(layer(x), normalize.layer_norm(x, *weights, axis=axis), atol=1e-5)


# --- what holds for all images ----------------------------------------------------------------


@drawn
@given(batches(), st.sampled_from([0, (1, 2, 3), (0, 1, 2), (2,), (0, 1, 2, 3), -1]))
def test_standardized_values_have_mean_0_and_variance_1(images, axis):
    found = normalize.standardize(images, axis)
    assert np.allclose(found.mean(axis=axis), 0, atol=1e-8)
    assert np.allclose(found.var(axis=axis), 1, atol=1e-8)


@drawn
@given(batches(), st.floats(0.1, 10), st.floats(-50, 50))
def test_brightness_and_contrast_change_nothing(images, contrast, brightness):
    changed = contrast * images + brightness
    for normal in (
        lambda x: normalize.standardize(x, (1, 2, 3)),
        normalize.global_contrast,
        lambda x: normalize.local_contrast(x, size=3),
        lambda x: normalize.layer_norm(x, 1, 0, epsilon=0),
        lambda x: normalize.batch_norm(x, 1, 0, epsilon=0),
    ):
        # 1e-5: a brightness of 100 costs the faintest images, of contrast 0.01, four digits.
        assert np.allclose(normal(changed), normal(images), atol=1e-5)
    assert not np.allclose(normalize.local_response(changed + 1), normalize.local_response(images))


@drawn
@given(batches())
def test_local_contrast_is_at_most_1_after_division(images):
    found = normalize.local_contrast(images, size=3, sigma=1.0)
    window = normalize.gaussian_window(3, 1.0)
    centered = images - normalize.local_mean(images, window)
    contrast = np.sqrt(normalize.local_mean(centered**2, window))
    assert np.allclose(
        found * np.maximum(contrast, contrast.mean((1, 2, 3), keepdims=True)), centered
    )
    assert (np.abs(found) <= np.abs(centered / contrast) + 1e-9).all()


@drawn
@given(batches())
def test_local_response_shrinks_and_keeps_signs(maps):
    found = normalize.local_response(maps)
    assert (np.abs(found) <= np.abs(maps)).all() and (np.sign(found) == np.sign(maps)).all()
    alone = normalize.local_response(maps, depth_radius=0, alpha=0, bias=1)
    assert np.array_equal(alone, maps)


@drawn
@given(samples(), st.sampled_from([0, 1e-4, 1.0]))
def test_whitened_variance_is_v_over_v_plus_epsilon(x, epsilon):
    _, directions, variances = normalize.principal_components(x)
    rank = np.linalg.matrix_rank(x - x.mean(axis=0))
    assert len(variances) == rank <= min(len(x) - 1, x.shape[1])
    wanted = variances / (variances + epsilon)
    covariance = np.atleast_2d(np.cov(normalize.pca_whiten(x, epsilon).T))
    assert np.allclose(covariance, np.diag(wanted), atol=1e-6)
    covariance = np.atleast_2d(np.cov(normalize.zca_whiten(x, epsilon).T))
    assert np.allclose(covariance, directions.T @ np.diag(wanted) @ directions, atol=1e-6)


@drawn
@given(samples(), st.integers(0, 2**32 - 1))
def test_zca_is_the_nearest_whitening(x, seed):
    # Every whitening is PCA's, turned or mirrored by some orthogonal matrix. Distances are compared
    # inside the space of the samples: outside it, there is nothing to turn.
    white = normalize.pca_whiten(x, 0)
    _, directions, _ = normalize.principal_components(x)
    inside = (x - x.mean(axis=0)) @ directions.T
    nearest = normalize.zca_whiten(x, 0) @ directions.T
    rank = white.shape[1]
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(rank, rank)))[0]
    for other in (white @ directions @ directions.T, white @ turn, white @ turn.T):
        assert np.linalg.norm(nearest - inside) <= np.linalg.norm(other - inside) + 1e-9
    if rank > 1:
        away = white @ np.diag([-1.0, *[1.0] * (rank - 1)])
        assert np.linalg.norm(nearest - inside) < np.linalg.norm(away - inside)


def test_few_samples_whitened_are_all_equally_far_apart():
    x = np.random.default_rng(5).normal(size=(6, 40)) * np.arange(1, 41)
    white = normalize.zca_whiten(x, 0)
    distances = np.linalg.norm(white[:, None] - white[None], axis=-1)
    assert np.allclose(distances[~np.eye(6, dtype=bool)], np.sqrt(2 * 5))
    new = np.random.default_rng(6).normal(size=(3, 40))
    assert np.abs(normalize.zca_whiten(new, 0, training=x)).max() < 10  # nothing explodes


def test_layer_norm_does_not_see_the_other_samples(images):
    alone = np.concatenate([normalize.layer_norm(images[n : n + 1], 1, 0) for n in range(5)])
    assert np.array_equal(alone, normalize.layer_norm(images, 1, 0))
    assert not np.allclose(
        normalize.batch_norm(images[:1], 1, 0), normalize.batch_norm(images, 1, 0)[:1]
    )


# --- types and errors -------------------------------------------------------------------------


FUNCTIONS = {
    "standardize": lambda x: normalize.standardize(x, 0),
    "global_contrast": normalize.global_contrast,
    "local_contrast": lambda x: normalize.local_contrast(x, 3),
    "local_response": normalize.local_response,
    "pca_whiten": lambda x: normalize.pca_whiten(x.reshape(len(x), -1)),
    "zca_whiten": lambda x: normalize.zca_whiten(x.reshape(len(x), -1)),
    "batch_norm": lambda x: normalize.batch_norm(x, 1, 0),
    "layer_norm": lambda x: normalize.layer_norm(x, [1, 1, 2], [0, 0, 1]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(("given_type", "wanted"), [("uint8", "float64"), ("int64", "float64"),
    ("float16", "float32"), ("float32", "float32"), ("float64", "float64")])  # fmt: skip
def test_types(name, given_type, wanted, images):
    given_images = images.astype(given_type)
    before = given_images.copy()
    found = FUNCTIONS[name](given_images)
    assert found.dtype == wanted and np.isfinite(found).all()
    assert np.array_equal(given_images, before)  # the reader's array is left alone


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_infinity_is_refused(name, bad, images):
    images[1, 2, 3, 0] = bad
    refused("finite numbers", FUNCTIONS[name], images)


def refused(sentence, function, *arguments, **options):
    with pytest.raises(ValueError, match=re.escape(sentence)) as raised:
        function(*arguments, **options)
    argument, _, rest = str(raised.value).partition(": got ")
    assert argument.isidentifier() and "wanted" in rest
    assert re.search(f"\n{argument}: 받은 값은 .*[가-힣]", rest)


BATCH = np.arange(48.0).reshape(2, 4, 3, 2)
FLAT = BATCH.reshape(2, 24)
CONSTANT = BATCH.copy()
CONSTANT[1] = 0.1  # whose mean is not 0.1 after rounding
n = normalize
ERRORS = {
    "standardize, a number": ("at least one axis", n.standardize, 3.0, 0),
    "standardize, text": ("real numbers", n.standardize, ["a", "b"], 0),
    "standardize, complex": ("real numbers", n.standardize, [1j, 2], 0),
    "standardize, masked": (
        "without a mask",
        n.standardize,
        np.ma.array([[1, 2], [3, 999]], mask=[[0, 0], [0, 1]]),
        0,
    ),
    "standardize, ragged": ("rows of equal length", n.standardize, [[1, 2], [3]], 0),
    "standardize, empty": ("no empty axis", n.standardize, np.zeros((0, 3)), 0),
    "standardize, axis 4": ("from -4 to 3", n.standardize, BATCH, 4),
    "standardize, axis -5": ("from -4 to 3", n.standardize, BATCH, (-5, 1)),
    "standardize, an axis twice": ("different axes", n.standardize, BATCH, (3, -1)),
    "standardize, no axis": ("different axes", n.standardize, BATCH, ()),
    "standardize, axis None": ("different axes", n.standardize, BATCH, None),
    "standardize, axis 1.5": ("different axes", n.standardize, BATCH, 1.5),
    "standardize, constant": ("1 of 2 groups", n.standardize, CONSTANT, (1, 2, 3)),
    "standardize, one sample": ("24 of 24 groups", n.standardize, BATCH[:1], 0),
    "standardize, vanishing": ("values that differ", n.standardize, [0, 1e-200], 0),
    "standardize, epsilon < 0": ("of at least 0", n.standardize, BATCH, 0, -1e-3),
    "standardize, epsilon NaN": ("of at least 0", n.standardize, BATCH, 0, np.nan),
    "standardize, epsilon text": ("of at least 0", n.standardize, BATCH, 0, "small"),
    "standardize, epsilon a list": ("of at least 0", n.standardize, BATCH, 0, [0.1]),
    "global_contrast, rank": ("4 axes", n.global_contrast, BATCH[0]),
    "global_contrast, constant": ("1 of 2 groups", n.global_contrast, CONSTANT, 1, 0, 0),
    "global_contrast, scale": ("scale: got 0", n.global_contrast, BATCH, 0),
    "global_contrast, bias": ("bias: got -1", n.global_contrast, BATCH, 1, -1),
    "global_contrast, epsilon": ("epsilon: got -1", n.global_contrast, BATCH, 1, 1, -1),
    "local_contrast, rank": ("4 axes", n.local_contrast, FLAT),
    "local_contrast, constant": ("1 of 2 groups", n.local_contrast, CONSTANT, 3),
    "local_contrast, even window": ("odd integer from 3 to 5", n.local_contrast, BATCH, 4),
    "local_contrast, window of 1": ("odd integer from 3 to 5", n.local_contrast, BATCH, 1),
    "local_contrast, wide window": ("odd integer from 3 to 5", n.local_contrast, BATCH, 7),
    "local_contrast, size 3.0": ("odd integer", n.local_contrast, BATCH, 3.0),
    "local_contrast, sigma": ("sigma: got 0", n.local_contrast, BATCH, 3, 0),
    "local_response, rank": ("4 axes", n.local_response, BATCH[0]),
    "local_response, radius": ("depth_radius: got -1", n.local_response, BATCH, -1),
    "local_response, radius 1.5": ("depth_radius: got 1.5", n.local_response, BATCH, 1.5),
    "local_response, radius True": ("depth_radius: got True", n.local_response, BATCH, True),
    "local_response, bias": ("bias: got 0", n.local_response, BATCH, 1, 0),
    "local_response, alpha": ("alpha: got -1", n.local_response, BATCH, 1, 1, -1),
    "local_response, beta": ("beta: got -1", n.local_response, BATCH, 1, 1, 1, -1),
    "principal_components, one": ("at least 2", n.principal_components, FLAT[:1]),
    "principal_components, equal": ("that differ", n.principal_components, np.ones((3, 2))),
    "pca_whiten, images": ("2 axes, (samples, features)", n.pca_whiten, BATCH),
    "pca_whiten, one sample": ("at least 2", n.pca_whiten, FLAT[:1]),
    "pca_whiten, epsilon": ("epsilon: got -1", n.pca_whiten, FLAT, -1),
    "pca_whiten, training": ("24 features", n.pca_whiten, FLAT, 0, FLAT[:, :5]),
    "pca_whiten, training of one": ("at least 2", n.pca_whiten, FLAT, 0, FLAT[:1]),
    "zca_whiten, images": ("2 axes, (samples, features)", n.zca_whiten, BATCH),
    "zca_whiten, epsilon": ("epsilon: got -1", n.zca_whiten, FLAT, -1),
    "zca_whiten, training": ("24 features", n.zca_whiten, FLAT, 0, FLAT[:, :5]),
    "batch_norm, rank": ("2 axes or more", n.batch_norm, [1.0, 2], 1, 0),
    "batch_norm, axis": ("from -4 to 3", n.batch_norm, BATCH, 1, 0, 0.1, 4),
    "batch_norm, two axes": ("one axis", n.batch_norm, BATCH, 1, 0, 0.1, (0, 1)),
    "batch_norm, gamma": ("gamma: got shape (3,)", n.batch_norm, BATCH, [1, 1, 1], 0),
    "batch_norm, beta": ("beta: got shape (2, 1)", n.batch_norm, BATCH, 1, [[1], [1]]),
    "batch_norm, gamma NaN": ("gamma: got a number that is none", n.batch_norm, FLAT, np.nan, 0),
    "batch_norm, beta too large": (
        "finite numbers of float32",
        n.batch_norm,
        FLAT.astype(np.float32),
        1,
        1e300,
    ),
    "batch_norm, moving NaN": ("moving: got", n.batch_norm, FLAT, 1, 0, 0, -1, (np.nan, 1)),
    "batch_norm, moving too large": (
        "moving: got",
        n.batch_norm,
        FLAT.astype(np.float16),
        1,
        0,
        0.1,
        -1,
        (0, 1e300),
    ),
    "batch_norm, one value": ("one value per channel", n.batch_norm, FLAT[:1], 1, 0),
    "batch_norm, epsilon": ("epsilon: got -1", n.batch_norm, BATCH, 1, 0, -1),
    "batch_norm, constant": ("equal values", n.batch_norm, [[1, 2], [1, 3]], 1, 0, 0),
    "batch_norm, moving": ("(mean, variance)", n.batch_norm, FLAT, 1, 0, 0, -1, 3),
    "batch_norm, moving of 3": ("24", n.batch_norm, FLAT, 1, 0, 0, -1, ([1, 2, 3], 1)),
    "batch_norm, variance": ("variance of -1", n.batch_norm, FLAT, 1, 0, 0.1, -1, (0, -1)),
    "batch_norm, variance 0": ("above 0", n.batch_norm, FLAT, 1, 0, 0, -1, (0, 0)),
    "batch_norm, moving epsilon": ("epsilon: got -1", n.batch_norm, FLAT, 1, 0, -1, -1, (0, 5)),
    "layer_norm, rank": ("2 axes or more", n.layer_norm, [1.0, 2], 1, 0),
    "layer_norm, axis": ("from -2 to 1", n.layer_norm, FLAT, 1, 0, 0.1, 2),
    "layer_norm, gamma": ("gamma: got shape (2,)", n.layer_norm, FLAT, [1, 1], 0),
    "layer_norm, epsilon": ("epsilon: got -1", n.layer_norm, FLAT, 1, 0, -1),
    "layer_norm, constant": ("1 of 2 groups", n.layer_norm, [[1, 2], [3, 3]], 1, 0, 0),
}


@pytest.mark.parametrize("row", ERRORS.values(), ids=ERRORS)
def test_errors(row):
    refused(*row)


def test_a_constant_image_is_allowed_where_something_keeps_the_divisor_from_0():
    assert not normalize.standardize(CONSTANT, (1, 2, 3), epsilon=1e-3)[1].round(9).any()
    assert not normalize.global_contrast(CONSTANT)[1].round(6).any()
    assert normalize.batch_norm([[1.0, 2], [1, 3]], 1, 5)[:, 0].tolist() == [5, 5]


# --- sums of many numbers -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def many():
    """As many pixels a channel as a full data set has, dark ones last: float32, never negative."""
    random = np.random.default_rng(0)
    images = random.random((20_000, 16, 16, 2), np.float32)
    images[15_000:] *= 0.1
    return images


def test_float32_sums_over_the_first_axes_keep_their_digits(many):
    wide = many.astype(np.float64)
    expected = (wide - wide.mean(axis=(0, 1, 2))) / wide.std(axis=(0, 1, 2))
    naive = np.abs(many.mean(axis=(0, 1, 2)) - wide.mean(axis=(0, 1, 2))).max()
    ours = normalize.standardize(many, (0, 1, 2))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    np.testing.assert_allclose(normalize.batch_norm(many, 1, 0, epsilon=1e-12), expected, atol=1e-4)
    mean, variance = normalize.batch_statistics(many)
    np.testing.assert_allclose(mean, wide.mean(axis=(0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(variance, wide.var(axis=(0, 1, 2)), rtol=1e-5)
    assert (
        naive > 100 * np.abs(mean - wide.mean(axis=(0, 1, 2))).max()
    )  # what NumPy alone would give
    rows = many[:, :4, :4].reshape(len(many), -1)
    center = normalize.principal_components(rows)[0]
    np.testing.assert_allclose(center, rows.mean(axis=0, dtype=np.float64), rtol=1e-6)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_numbers_whose_squares_are_none_are_refused(kind):
    largest = np.sqrt(np.finfo(kind).max)
    with pytest.raises(ValueError, match=r"images: got values up to(.|\n)*이하의 값"):
        normalize.standardize(np.array([[largest, -largest]], kind), 1)
    near = np.array([[largest / 8, -largest / 8]], kind)
    np.testing.assert_allclose(normalize.standardize(near, 1), [[1, -1]])
    np.testing.assert_allclose(normalize.batch_norm(near.T, 1, 0, epsilon=0), [[1], [-1]])


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_many_squares_that_add_up_to_none_are_refused(kind):
    # Each square is a number of the type; their sum is none, and the result was 0 everywhere.
    large = np.full((1, 1, 1, 400), np.sqrt(np.finfo(kind).max) / 5, kind)
    large[..., ::2] *= -1
    for function in (normalize.local_response, normalize.global_contrast):
        with pytest.raises(ValueError, match=r"images: got values up to(.|\n)*이하의 값"):
            function(large)
    near = large / 10
    np.testing.assert_allclose(normalize.standardize(near, 3), np.sign(near), rtol=1e-6)
    wide = near.astype(np.longdouble)
    wanted = wide / (2 + 1e-4 * (wide**2).sum()) ** 0.75
    found = normalize.local_response(near, depth_radius=400)
    np.testing.assert_allclose(found, wanted.astype(kind), rtol=1e-4)
