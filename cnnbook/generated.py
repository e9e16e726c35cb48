"""Data sets made by a few lines of arithmetic, the same bytes on every machine.

All numbers are whole and NumPy promises the draws of `RandomState` for ever, so a checksum of the
arrays can be tested everywhere.
"""

import numpy as np

from cnnbook.dataset import Dataset

_SIZE, _TRAIN, _TEST = 32, 2000, 500
# (65 cos, 65 sin) of nine angles from 0 to 90 degrees: a rotation in whole numbers.
_TURNS = np.array(
    [(65, 0), (63, 16), (60, 25), (56, 33), (52, 39), (39, 52), (33, 56), (25, 60), (16, 63)]
)


def _box(u, v):
    return np.maximum(abs(u), abs(v))


def _triangle(u, v):
    return (v > -50) & (173 * abs(u) + 100 * v < 10_000)


# Which points belong to a shape: u and v run from -100 to 100 across it.
SHAPES = {
    "disc": lambda u, v: u * u + v * v < 95**2,
    "ring": lambda u, v: abs(u * u + v * v - 75**2) < 25 * 150,
    "square": lambda u, v: _box(u, v) < 80,
    "frame": lambda u, v: abs(_box(u, v) - 65) < 20,
    "triangle": _triangle,
    "star": lambda u, v: _triangle(u, v) | _triangle(u, -v),
    "plus": lambda u, v: (_box(u, v) < 95) & (np.minimum(abs(u), abs(v)) < 30),
    "crescent": lambda u, v: (u * u + v * v < 95**2) & ((u - 60) ** 2 + v * v > 85**2),
    "stripes": lambda u, v: (_box(u, v) < 90) & (v // 36 % 2 == 0),
    "checks": lambda u, v: (_box(u, v) < 90) & ((u // 45 + v // 45) % 2 == 0),
}


def shapes():
    """Return 2,000 + 500 colour images of ten shapes, (32, 32, 3), in random colours and places.

    Colours, places, sizes, angles and textures are drawn alike for every class, so that only the
    shape tells it.
    """
    random = np.random.RandomState(0)
    count = _TRAIN + _TEST

    def draw(low, high, *shape):
        """Return whole numbers from low to high, for every image."""
        return random.randint(low, high + 1, size=(count, *shape), dtype=np.int64)

    labels = [random.permutation(part).astype(np.int64) % len(SHAPES) for part in (_TRAIN, _TEST)]
    x = np.arange(_SIZE) - draw(14, 17, 1, 1)
    y = np.arange(_SIZE)[:, np.newaxis] - draw(14, 17, 1, 1)
    cos, sin = _TURNS[draw(0, len(_TURNS) - 1, 1, 1)].transpose(3, 0, 1, 2)
    scale = 65 * draw(11, 14, 1, 1)
    u, v = 100 * (cos * x + sin * y) // scale, 100 * (cos * y - sin * x) // scale
    inside = [shape(u, v) for shape in SHAPES.values()]
    inside = np.choose(np.concatenate(labels)[:, None, None], inside)[..., None]

    background = draw(0, 255, 1, 1, 3)
    colour = (background + draw(80, 176, 1, 1, 3)) % 256  # another colour in every channel
    texture = draw(-40, 40, 8, 8, 3).repeat(4, axis=1).repeat(4, axis=2)
    noise = draw(-24, 24, _SIZE, _SIZE, 3)
    images = np.where(inside, colour, background) + texture + noise
    images = images.clip(0, 255).astype(np.uint8)
    return Dataset(images[:_TRAIN], labels[0], images[_TRAIN:], labels[1], tuple(SHAPES))


_PETALS = range(3, 11)
_CIRCLE = 2520  # steps of a turn: 3, 4, … 10 petals lie a whole number of steps apart
_STEPS = np.arange(_CIRCLE) * (2 * np.pi / _CIRCLE)
_SIN, _COS = (np.rint(1000 * wave(_STEPS)).astype(np.int64) for wave in (np.sin, np.cos))
_FLOWERS_TRAIN, _FLOWERS_TEST = 800, 400


def flowers():
    """Return 800 + 400 colour images of flowers with 3 to 10 petals, (32, 32, 3), eight classes.

    Fine-grained: only the number of petals tells a class. Colours, places, sizes, turns, the slant
    they are seen from and the width of the petals, as a share of the room each one has, are drawn
    alike for all.
    """
    random = np.random.RandomState(1)
    parts = _FLOWERS_TRAIN, _FLOWERS_TEST
    labels = [random.permutation(part).astype(np.int64) % len(_PETALS) for part in parts]
    images = [_flower(random, _PETALS[label]) for label in np.concatenate(labels)]
    train, test = np.split(np.stack(images), parts[:1])
    names = tuple(f"{petals} petals" for petals in _PETALS)
    return Dataset(train, labels[0], test, labels[1], names)


def _flower(random, petals, size=_SIZE):
    """Draw one flower, (size, size, 3) uint8, by a number of petals."""

    def draw(low, high, *shape):
        return random.randint(low, high + 1, size=shape, dtype=np.int64)

    # From here on 1000 is the distance from a flower's centre to the tip of a petal.
    radius, middle = draw(size * 36, size * 46), draw(-size, size, 2) + 16 * size
    y, x = np.indices((size, size)) * 32 + 16 - middle.reshape(2, 1, 1)  # 32 units a pixel
    y, x = 3200 * y // radius, 3200 * x // radius
    turn, slant = draw(0, _CIRCLE - 1, 2), draw(75, 100)
    y, x = _turned(y, x, turn[0])
    x = 100 * x // slant
    # An ellipse from the centre to the tip; `room` is half of what a petal has beside its middle.
    length, room = 420, 3142 * 580 // petals // 1000
    width = room * draw(60, 88) // 100
    inside = np.zeros((size, size), bool)
    vein = np.zeros((size, size), bool)
    for petal in range(petals):
        v, u = _turned(y, x, (turn[1] + petal * _CIRCLE // petals) % _CIRCLE)
        inside |= (1000 * (u - 580) // length) ** 2 + (1000 * v // width) ** 2 < 1000**2
        vein |= (abs(u - 580) < length) & (abs(v) < width // 4)
    heart = x * x + y * y < draw(180, 300) ** 2

    background = draw(0, 255, 1, 1, 3)
    colour = (background + draw(80, 176, 1, 1, 3)) % 256  # another colour in every channel
    image = np.where(inside[..., None], colour, background)
    image = np.where((inside & vein)[..., None], image + draw(-40, 40), image)
    image = np.where(heart[..., None], draw(0, 255, 1, 1, 3), image)
    texture = draw(-40, 40, 8, 8, 3).repeat(size // 8, axis=0).repeat(size // 8, axis=1)
    return (image + texture + draw(-16, 16, size, size, 3)).clip(0, 255).astype(np.uint8)


def _turned(y, x, step):
    """Return the coordinates of points after a turn by so many steps of _CIRCLE."""
    sin, cos = _SIN[step], _COS[step]
    return (cos * y - sin * x) // 1000, (cos * x + sin * y) // 1000


def scatter(digits, seed):
    """Lay each digit somewhere on a larger canvas, among scraps of other digits and faint noise.

    digits: (images, 28, 28, 1) uint8. seed: an integer. Returns the canvases, (images, 56, 56, 1)
    uint8, and the digits' places: (images, 2), the row and column of each one's upper left corner.
    """
    random = np.random.RandomState(seed)
    canvases = random.randint(0, 48, (len(digits), 56, 56, 1)).astype(np.uint8)
    for canvas in canvases:
        for row, column in random.randint(0, 49, (6, 2)):
            scrap = digits[random.randint(len(digits)), 10:18, 10:18]
            _lay(canvas, scrap, row, column)
    places = random.randint(0, 29, (len(digits), 2))
    for canvas, digit, (row, column) in zip(canvases, digits, places, strict=True):
        _lay(canvas, digit, row, column)
    return canvases, places


def _lay(canvas, image, row, column):
    """Write the brighter of both into the canvas."""
    window = canvas[row : row + len(image), column : column + len(image)]
    np.maximum(window, image, out=window)


def tag(canvases):
    """Return copies of the canvases with a small white tag near the upper left corner."""
    tagged = canvases.copy()
    tagged[:, 2:9:2, 2:10] = 255
    return tagged
