"""What counts as equal output, in every test, in make seeds and on Colab.

Numbers with a decimal point or an exponent compare within a tolerance, all other text exactly;
pictures compare as pictures. tools/stored.py says what may be stored at all.
"""

import base64
import io
import re

import numpy as np
from PIL import Image
from scipy.ndimage import maximum_filter, minimum_filter, uniform_filter

# Measured: another digit changes a picture by 0.05 (5-point type on grey) to 0.4, a re-run by 0.
# No absolute tolerance: it would hide the sign and the size of whatever is smaller.
TOLERANCE = {"rtol": 1e-5, "atol": 0.0, "picture": 0.04}
# A decimal point or an exponent makes a number inexact; 1, 28 and 2024 compare as text, and so do
# versions (3.10.0) and digits that are not 0 to 9.
INEXACT = re.compile(
    r"(?<![\w.])[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?"
    r"|[0-9]+[eE][-+]?[0-9]+)(?!\.?\d)"
)


def join_streams(outputs):
    """Join neighbouring pieces of one stream, which reach us cut at random.

    nbval's own joins them across figures and drops what a carriage return overwrites: it would
    not see that their order changed.
    """
    joined = []
    for output in outputs:
        before = joined[-1] if joined else {}
        if output.output_type == "stream" and before.get("name") == output.name:
            before.text += output.text
        else:
            joined.append(output)
    return joined


def flatten(output):
    """Return one output as {kind: text or picture}, without run counts and tracebacks."""
    if output["output_type"] == "stream":
        return {output["name"]: output["text"]}
    if output["output_type"] == "error":
        return {"error": f"{output['ename']}: {output['evalue']}"}
    return dict(output["data"])


def first_difference(new, stored, tolerance):
    """Return a sentence on the first difference between two lists of outputs, or None."""
    if [sorted(output) for output in new] != [sorted(output) for output in stored]:
        return (
            f"the cell's outputs are of kinds {[sorted(o) for o in new]}, "
            f"stored are {[sorted(o) for o in stored]}"
        )
    for new_output, stored_output in zip(new, stored, strict=True):
        for kind, expected in stored_output.items():
            compare = compare_pictures if kind in ("image/png", "image/jpeg") else compare_texts
            if problem := compare(new_output[kind], expected, tolerance):
                return f"{kind}: {problem}"
    return None


def compare_texts(new, stored, tolerance):
    """Compare word for word; numbers with a decimal point within the tolerance."""
    if not (isinstance(new, str) and isinstance(stored, str)):
        return None if new == stored else f"got {new!r}, stored {stored!r}"
    new_numbers, stored_numbers = INEXACT.findall(new), INEXACT.findall(stored)
    if len(new_numbers) != len(stored_numbers) or _words(new) != _words(stored):
        return f"got\n{new}\nstored\n{stored}"
    for new_number, stored_number in zip(new_numbers, stored_numbers, strict=True):
        a, b = float(new_number), float(stored_number)
        near = (
            abs(a - b) <= tolerance["atol"] + tolerance["rtol"] * abs(b) < np.inf
        )  # 1e999 is none
        if not (near or new_number == stored_number):
            return f"got {a!r}, stored {b!r}, beyond the tolerance, in\n{new}"
    return None


def _words(text):
    """Return all but the inexact numbers, and the blanks beside them that line up columns.

    A line's indentation stays, also where a number begins the line.
    """
    words = INEXACT.sub("<number>", text)
    return re.sub(r"(?<=\S)[ \t]*<number>[ \t]*|<number>[ \t]*", "<number>", words)


def compare_pictures(new, stored, tolerance):
    """Compare pictures by the mean colours of their 4×4-pixel squares; the largest difference counts.

    Another Matplotlib sets letters anew: between 3.10 and 3.11 they differ as much (0.3 to 0.7) as
    one digit from another (0.1 to 0.4). A picture says which one drew it. Where these differ, an
    8×8 square only has to be found within three pixels of its place: then letters differ by 0.05
    to 0.19, another curve by 0.4, another image by the difference of its pixels.
    """
    (new, new_source), (stored, stored_source) = _pixels(new), _pixels(stored)
    if (stored == stored[0, 0]).all():
        return "the stored picture is blank"
    if new.shape != stored.shape:
        return f"got a picture of {new.shape[:2]} pixels, stored is one of {stored.shape[:2]}"
    side, reach, limit = 4, 0, tolerance["picture"]
    if new_source and stored_source and new_source != stored_source:
        side, reach, limit = 8, 3, max(limit, 0.25)
    new, stored = (uniform_filter(pixels, (side, side, 1)) for pixels in (new, stored))
    difference = max(_beyond(new, stored, reach), _beyond(stored, new, reach))
    if difference > limit:
        return f"the pictures differ by {difference:.3f} (of 1), more than {limit}"
    return None


def _beyond(a, b, reach):
    """Return how far picture a goes beyond the colours that b has within `reach` pixels."""
    near = (2 * reach + 1, 2 * reach + 1, 1)
    return np.maximum(a - maximum_filter(b, near), minimum_filter(b, near) - a).max()


def _pixels(encoded):
    """Return a picture as it looks on a white page, and the program that made it."""
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        rgba = np.asarray(image.convert("RGBA"), dtype=np.float32) / 255
        source = image.info.get("Software")
    return rgba[..., :3] * rgba[..., 3:] + 1 - rgba[..., 3:], source
