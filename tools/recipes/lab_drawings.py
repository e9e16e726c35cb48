"""Train the network of the laboratory's pads: it reads drawn digits, and knows what is no digit.

    CNNBOOK_DATA_DIR=… python -m tools.recipes.lab_drawings

Writes data/weights/lab-drawings.npz, book/_assets/lab/models/digits.js and the record
data/results/12-mnist-drawings.json. An interrupted training goes on after its last epoch.

The network is that of tools/recipes/lab_digits.py with an eleventh answer, no digit; it goes on from
that one's weights. Every epoch sees three kinds of pictures, all made anew: MNIST's own ink, augmented as there; MNIST's training
digits traced to strokes (tools/recipes/strokes.py) and drawn again by a hand that leans, turns,
trembles, leaves gaps and overshoots; and drawings that are no digits: letters and signs of
Matplotlib's fonts, curves, polygons, marks, two digits at once and digits on their side.

The digits that the page then refuses are chosen on 1,500 other training digits, held out: the bias of
the eleventh answer is moved until one in 500 of them is doubted. Nothing is chosen by
tools/recipes/judge_digits.py.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from tools import ROOT, full_size
from tools.recipes import strokes as tracer
from tools.recipes.lab_digits import augment, fold, normalized

EPOCHS, BATCH, RATE, SEED = 20, 128, 2e-3, 42
FRESH = 4  # epochs that see the same drawings
TRACED, HELD_OUT = 10_000, 1_500  # training digits as strokes; of the others, for validation
INK, DRAWN, OTHERS = 14_000, 44_000, 22_000  # pictures of an epoch: MNIST's, redrawn, no digits
DOUBTED = 0.002  # of the held-out digits
NO_DIGIT = 10
RUN, WEIGHTS = "12-mnist-drawings", "lab-drawings"
MODEL = ROOT / "book/_assets/lab/models/digits.js"

FONTS = ("DejaVuSans", "DejaVuSerif-Italic", "DejaVuSansMono-Oblique", "STIXGeneral", "cmti10")
HELD_OUT_FONTS = ("STIXGeneralItalic", "cmss10")
# Not the letters that some hand writes like a digit, such as B D G I J O Q S Z, b g i j l o q s y z.
LETTERS = "ACEFHKLMNPRTUVWXYacdefhkmnprtuvwx"
SIGNS = (
    "#%*+=<>~^@{}ÄÂÅÉÊÑÜÇæñüéâΑΓΔΕΗΚΛΜΝΞΠΣΤΥΦΧΨΩαγεηκλμνπτφχψω"
    "ГДЁЖИКЛМПУФЦШЩЮЯжилмнптфцшщюя←→↔⇒∀∃∇∈∉∋∏∑√∝∞∠∧∨∩∪≈≠≡≤≥⊂⊃⊕⊗⊥"
    "├┤┬┴┼┌└┘╬╠╣♪♫♯☆◇△▽▷◁⌂⌘אגחמעצשת"
)


# ---- strokes, in pixels of the network's input ---------------------------------------------------


def glyphs(names):
    """Return the letters and signs of fonts as strokes."""
    import matplotlib

    found = []
    for name in names:
        path = f"{matplotlib.get_data_path()}/fonts/ttf/{name}.ttf"
        font = ImageFont.truetype(path, 84)
        missing = font.getmask("\U0010fffe").getbbox()
        for letter in LETTERS + SIGNS:
            if font.getmask(letter).getbbox() in (None, missing):
                continue
            picture = Image.new("L", (168, 168))
            ImageDraw.Draw(picture).text((84, 84), letter, 255, font, anchor="mm")
            line = tracer.skeletonize(np.asarray(picture) > 127)
            if line.sum() > 30:
                found.append(polylines(line))
    return found


def polylines(line):
    return [tracer.approximate_polygon(piece, 0.9) for piece in tracer.trace(line)]


def traced(images, numbers, count):
    """Return (numbers, strokes) of the first `count` images that are no torn digits."""
    found, taken = [], []
    for number in numbers:
        if lines := tracer.strokes(images[number]):
            found.append([np.array(line) for line in lines])
            taken.append(number)
        if len(found) == count:
            break
    return taken, found


def fitted(drawing, side=1.0):
    """Return the strokes with the longer side as long as `side`, the middle of their box at 0."""
    every = np.concatenate(drawing)
    low, high = every.min(axis=0), every.max(axis=0)
    scale = side / ((high - low).max() or 1)
    return [(stroke - (low + high) / 2) * scale for stroke in drawing]


def by_hand(drawing, rng, turn=0.2):
    """Return the strokes as some hand draws them: turned, leaning, bent, trembling, with gaps."""
    drawing = fitted(drawing)
    turn, lean = rng.uniform(-turn, turn), rng.normal(0, 0.18)
    change = np.array([[np.cos(turn), np.sin(turn)], [lean - np.sin(turn), np.cos(turn)]])
    change = change * rng.uniform(0.8, 1.25, 2)
    often, phase, size = rng.uniform(3, 12, 2), rng.uniform(0, 7, 2), rng.normal(0, 0.02, 2)
    step, tremor, apart = rng.uniform(0.02, 0.09), *abs(rng.normal(0, [0.008, 0.012]))
    grid = rng.choice([0, 0, 0, 1 / 60, 1 / 32])  # a small drawing has few pixels under it
    drawn = []
    for stroke in drawing:
        if len(stroke) > 1:
            stroke = evenly(stroke, step, rng)
        bend = size * np.sin(often * stroke[:, ::-1] + phase)
        stroke = (stroke + bend) @ change + rng.normal(0, tremor, stroke.shape)
        stroke = stroke + rng.normal(0, apart, 2)
        drawn.append(np.round(stroke / grid) * grid if grid else stroke)
    return drawn


def evenly(stroke, step, rng):
    """Return a stroke's points `step` apart, its ends a little short of where they were, or over."""
    pieces = np.hypot(*np.diff(stroke, axis=0).T)
    far = np.concatenate([[0], np.cumsum(pieces)])
    short, over = rng.normal(0, 0.02, 2) if far[-1] > 0.2 else (0, 0)
    at = np.linspace(max(short, 0), far[-1] - max(over, 0), max(2, round(far[-1] / step)))
    stroke = np.stack([np.interp(at, far, stroke[:, axis]) for axis in (0, 1)], axis=1)
    for end, beside, further in ((0, 1, -short), (-1, -2, -over)):
        if further > 0:
            way = stroke[end] - stroke[beside]
            stroke[end] += further * way / (np.hypot(*way) or 1)
    return stroke


def ink(drawing, rng, tiny=False):
    """Return (28, 28) ink from 0 to 1, placed as `strokes.redrawn` does, a little off."""
    width = np.clip(rng.normal(2.5, 0.3), 1.7, 3.6)
    side = rng.uniform(0, 9) if tiny else (20 - width) * rng.uniform(0.95, 1.03)
    drawing = fitted(drawing, side) if side else drawing
    lengths = [max(np.hypot(*np.diff(stroke, axis=0).T).sum(), width / 2) for stroke in drawing]
    middle = np.average([_middle(stroke) for stroke in drawing], axis=0, weights=lengths)
    offset = 14 - middle + rng.uniform(-0.7, 0.7, 2)
    picture = Image.new("L", (112, 112))
    pen = ImageDraw.Draw(picture)
    radius = 2 * width
    for stroke in drawing:
        points = 4 * (stroke + offset)
        if len(points) > 1:
            pen.line(points.ravel().tolist(), 255, round(2 * radius))
        way = np.diff(points, axis=0)
        turned = (way[1:] * way[:-1]).sum(axis=1) < 0.9 * np.hypot(*way[1:].T) * np.hypot(
            *way[:-1].T
        )
        for x, y in [points[0], points[-1], *points[1:-1][turned]]:  # round ends and corners
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    return np.asarray(picture.reduce(4), np.float32) / 255


def _middle(stroke):
    if len(stroke) == 1:
        return stroke[0]
    lengths = np.hypot(*np.diff(stroke, axis=0).T)
    return np.average((stroke[1:] + stroke[:-1]) / 2, axis=0, weights=lengths + 1e-9)


# ---- drawings that are no digits -----------------------------------------------------------------


def no_digit(digits, labels, signs, rng):
    """Return the ink of a drawing that is no digit."""
    kind = rng.choice(9, p=[0.34, 0.14, 0.09, 0.09, 0.07, 0.08, 0.08, 0.06, 0.05])

    def pick(some):
        return some[rng.integers(len(some))]

    if kind == 0:
        return ink(by_hand(pick(signs), rng, 0.15), rng)
    if kind == 1:  # a curve through places by lot, short or a long tangle
        count = rng.integers(10, 40)
        way = np.repeat(rng.uniform(0, 1, (count, 2)), 5, axis=0)
        smooth = ndimage.gaussian_filter1d(way, rng.uniform(1, 4), axis=0)
        return ink([smooth], rng)
    if kind == 2:  # waves, hatching, rings, spirals
        t = np.linspace(0, 1, 120)
        turn = 2 * np.pi * rng.uniform(2, 9) * t
        often = rng.choice([1, 2, 3])
        x = rng.uniform(0.3, 2) * t + rng.uniform(0, 0.5) * np.cos(turn)
        y = (
            rng.uniform(0.2, 0.6)
            * np.sin(often * turn + rng.uniform(0, 6))
            * t ** rng.choice([0, 1])
        )
        points = fitted([np.stack([x, y], axis=1)[:, :: rng.choice([-1, 1])]])
        return ink(by_hand(points, rng, np.pi), rng)
    if kind == 3:  # several strokes anywhere
        some = [rng.uniform(0, 1, (rng.integers(2, 4), 2)) for _ in range(rng.integers(3, 7))]
        return ink(by_hand(some, rng), rng)
    if kind == 4:  # a ring or a polygon with something in it
        turn = np.linspace(0, 2 * np.pi, rng.choice([4, 5, 6, 30])) + rng.uniform(0, 6)
        ring = 0.5 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        inside = [
            rng.uniform(-0.3, 0.3, 2) + rng.uniform(-0.16, 0.16, (rng.integers(1, 5), 2))
            for _ in range(rng.integers(2, 5))
        ]
        return ink(by_hand([ring, *inside], rng), rng)
    if kind == 5:  # a dot, or a few
        count = rng.choice([1, 1, 1, 2, 3, 4])
        some = [
            place + rng.normal(0, 0.03, (rng.integers(1, 5), 2))
            for place in rng.uniform(0, 1, (count, 1, 2))
        ]
        return ink(some, rng, tiny=count == 1)
    if kind == 6:  # two digits, or a digit and a sign, side by side or one below the other
        two = [fitted(pick(digits)), fitted(pick(digits if rng.random() < 0.5 else signs))]
        apart = np.array([0.0, 0.0])
        apart[rng.choice([0, 0, 1])] = rng.uniform(0.7, 1.2)
        return ink(by_hand([*two[0], *(stroke + apart for stroke in two[1])], rng, 0.1), rng)
    if kind == 7:  # a digit on its side
        while labels[number := rng.integers(len(digits))] not in (2, 3, 4, 5, 7):
            pass
        turned = [stroke[:, ::-1] * [rng.choice([-1, 1]), 1] for stroke in digits[number]]
        return ink(by_hand(turned, rng, 0.15), rng)
    # Lines that are no 1: flat, crossing, side by side.
    count, gap = rng.integers(1, 5), rng.uniform(0.2, 0.6)
    flat = np.array([[0, 0], [1, rng.normal(0, 0.08)]])
    some = [flat + [0, gap * number] for number in range(count)]
    if count > 1 and rng.random() < 0.5:
        some = [stroke[:, ::-1] for stroke in some]
    if rng.random() < 0.4:
        some.append(
            np.array([[0.5, -0.5], [rng.uniform(0.3, 0.7), 0.5]]) + rng.uniform(-0.3, 0.3, 2)
        )
    return ink(by_hand(some, rng, 0.1), rng)


# ---- training ------------------------------------------------------------------------------------


def pictures(digits, labels, signs, rng, drawn=DRAWN, others=OTHERS):
    """Return (pictures, answers): digits by some hand, and drawings that are no digits."""
    numbers = rng.integers(0, len(digits), drawn)
    made = [ink(by_hand(digits[number], rng), rng) for number in numbers]
    made += [no_digit(digits, labels, signs, rng) for _ in range(others)]
    return np.array(made), np.concatenate([labels[numbers], np.full(others, NO_DIGIT)])


def go_on(learning, before, images):
    """Give the normalized network the weights of a plain one that has an answer less.

    Each normalization gets the mean and variance of the images, and what undoes them: until it
    learns, the network answers as the plain one does.
    """
    from keras import layers

    plain = iter([layer for layer in before.layers if layer.weights])
    x = images
    for layer in learning.layers:
        if isinstance(layer, layers.Conv2D):
            kernel, bias = next(plain).get_weights()
            layer.set_weights([kernel])
        elif isinstance(layer, layers.BatchNormalization):
            mean, variance = np.mean(x, axis=(0, 1, 2)), np.var(x, axis=(0, 1, 2))
            layer.set_weights([np.sqrt(variance + layer.epsilon), mean + bias, mean, variance])
        elif isinstance(layer, layers.Dense):
            kernel, bias = next(plain).get_weights()
            layer.set_weights([np.pad(kernel, ((0, 0), (0, 1))), np.pad(bias, (0, 1))])
        x = np.asarray(layer(x))


def main():
    import keras

    from cnnbook import datasets, models, results, web

    keras.utils.set_random_seed(SEED)
    mnist = datasets.load("mnist")
    images, labels = mnist.x_train[..., 0], mnist.y_train
    rng = np.random.default_rng(SEED)
    lot = rng.permutation(len(images))
    numbers, digits = traced(images, lot, TRACED)
    held_numbers, held = traced(images, np.setdiff1d(lot, lot[: 2 * TRACED]), HELD_OUT)
    signs, held_signs = glyphs(FONTS), glyphs(HELD_OUT_FONTS)
    own = np.setdiff1d(lot, held_numbers)

    model = models.digit_cnn(11)
    learning = normalized(model)
    before = models.load_weights(models.digit_cnn(), "digit-cnn")
    go_on(learning, before, images[:500, ..., np.newaxis] / np.float32(255))
    rate = keras.optimizers.schedules.CosineDecay(
        RATE, EPOCHS * -(-(INK + DRAWN + OTHERS) // BATCH)
    )
    learning.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    learning.optimizer.build(learning.trainable_variables)
    history, made = {}, None
    recipe = {"images": images[own], "labels": labels[own], "batch_size": BATCH}
    variables = [*learning.variables, *learning.optimizer.variables]
    for epoch in results.epochs(EPOCHS, run=RUN, variables=variables, history=history, **recipe):
        if made is None or epoch % FRESH == 0:
            fresh = np.random.default_rng([SEED, epoch // FRESH])
            made, answers = pictures(digits, labels[numbers], signs, fresh)
        rng = np.random.default_rng([SEED, 1, epoch])
        some = rng.choice(own, INK, replace=False)
        x = np.concatenate([augment(images[some] / np.float32(255), rng), made])
        y = np.concatenate([labels[some], answers])
        mixed = rng.permutation(len(x))
        told = learning.fit(
            x[mixed, ..., np.newaxis], y[mixed], batch_size=BATCH, verbose=0
        ).history
        for name, values in told.items():
            history.setdefault(name, []).extend(values)

    fold(learning, model)
    rng = np.random.default_rng([SEED, 2])
    x, y = pictures(held, labels[held_numbers], held_signs, rng, 4 * HELD_OUT, HELD_OUT)
    real = y != NO_DIGIT
    logarithms = np.log(model.predict(x[..., np.newaxis], batch_size=500, verbose=0) + 1e-30)
    # How far the digits are ahead of "no digit", in logits: the bias moves all of them alike.
    ahead = np.logaddexp.reduce(logarithms[:, :NO_DIGIT], axis=1) - logarithms[:, NO_DIGIT]
    shift = np.quantile(ahead[real], DOUBTED)
    kernel, bias = model.get_layer("digit").get_weights()
    bias[NO_DIGIT] += shift
    model.get_layer("digit").set_weights([kernel, bias])
    read = model.predict(mnist.x_test / np.float32(255), batch_size=500, verbose=0)

    models.save_weights(model, WEIGHTS)
    results.save(
        RUN,
        data=mnist,
        parameters=model.count_params(),
        optimizer=learning.optimizer.get_config(),
        history=history,
        seed=SEED,
        traced=len(digits),
        shift=shift,
        held_out_accuracy=np.mean(logarithms[real, :NO_DIGIT].argmax(axis=1) == y[real]),
        held_out_refused=np.mean(ahead[~real] < shift),
        test_accuracy=np.mean(read[:, :NO_DIGIT].argmax(axis=1) == mnist.y_test),
    )
    web.export(model, [*mnist.class_names, "?"], MODEL)


if __name__ == "__main__":
    with full_size.recording(RUN):
        main()
