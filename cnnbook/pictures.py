"""Pictures from anywhere, made ready for a network, and what the network says drawn on them."""

import contextlib
import io
import warnings

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from cnnbook._errors import bad_value
from cnnbook._files import composed

LARGEST = 1024  # pixels of the longer side: no network here looks at more
SIDE = 480  # pixels of a side of the drawn answer


def on_white(picture):
    """Return a Pillow image of any mode as RGB, 8 bits a channel: what is transparent lies on white.

    Grey of 16 bits keeps its upper 8. Raises ValueError for grey beyond 16 bits and for fractions,
    whose white nobody knows.
    """
    if picture.mode[0] in "IF":
        grey = np.asarray(picture)
        if picture.mode == "F" or grey.min() < 0 or grey.max() > 65535:
            wanted = "8 or 16 bits a channel", "채널마다 8비트나 16비트인 사진"
            raise bad_value("picture", f"a picture of mode {picture.mode}", *wanted)
        picture = Image.fromarray((grey // 256).astype(np.uint8))
    picture = picture.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


# How to turn a picture whose camera was held so: the numbers of the EXIF standard (tag 274).
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(picture):
    """Return a Pillow image turned as its camera was held; as it is where no note can be read.

    Of the notes in the file (EXIF) only the orientation is looked at: whatever else is broken in
    them must not stop a picture from opening, nor from being turned (ImageOps.exif_transpose writes
    all notes anew, and fails on a place without coordinates).
    """
    try:
        turn = _TURNS.get(picture.getexif().get(274))
    except Exception:  # damaged notes can make their reader stumble in any way
        return picture
    return picture if turn is None else picture.transpose(turn)


def open_picture(source):
    """Return the picture in a file as a Pillow image, RGB, upright, no side above LARGEST pixels.

    source: a path, or a binary file such as io.BytesIO(upload). A JPEG larger than needed is decoded
    at a half, a quarter or an eighth of its size; a note in the file that the camera was held
    sideways (EXIF) is obeyed; of an animation the first picture is taken; a JPEG may lack its end.
    Raises FileNotFoundError where there is no file, ValueError for a file that is damaged or no
    picture, and for one that would fill the memory (a "decompression bomb": Pillow's limit is 89
    million pixels).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow says of broken notes
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            given = hasattr(source, "read")
            with contextlib.nullcontext(source) if given else open(source, "rb") as file:
                try:
                    picture = _decoded(file)
                except OSError:
                    file.seek(0)
                    if file.read(2) != b"\xff\xd8":  # no JPEG
                        raise
                    picture = _with_an_end(file)
    except FileNotFoundError:
        raise FileNotFoundError(f"no file {source}\n{source} 파일이 없습니다.") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise bad_value("source", f"{source}, too large ({error})", *_SMALLER) from error
    except Exception as error:  # a damaged file can make Pillow's readers stumble in any way
        raise bad_value("source", f"{source}, not a whole picture ({error})", *_WHOLE) from error
    picture.thumbnail((LARGEST, LARGEST))
    return picture


def _decoded(file):
    Image.init()
    # EPS is no picture but a program, which Pillow would have another one (Ghostscript) run.
    with Image.open(file, formats=[kind for kind in Image.ID if kind != "EPS"]) as picture:
        picture.draft(None, (LARGEST, LARGEST))
        picture.load()  # what is wrong from here on is wrong with the notes
        return on_white(upright(picture))


# What could follow in a JPEG: data, and the marks from which a reader goes on after damage.
_MORE = b"".join(b"\xaa" * 40 + bytes([0xFF, 0xD0 + place % 8]) for place in range(32))


def _with_an_end(file):
    """Return the picture of a JPEG that lacks its last bytes, FF D9; OSError where more is missing.

    With them appended libjpeg reads half a picture too, and fills in grey. A whole one is told by
    reading twice: what follows its data changes nothing. (Where a progressive JPEG breaks off just
    between two passes, nobody can tell: its picture is whole, and less sharp.)
    """
    file.seek(0)
    content = file.read().rstrip(b"\xff")
    picture, other = (_decoded(io.BytesIO(content + end + b"\xff\xd9")) for end in (b"", _MORE))
    if picture.tobytes() != other.tobytes():
        raise OSError("the picture's data end before the picture does")
    return picture


_SMALLER = "a picture of at most 89 million pixels", "8,900만 픽셀을 넘지 않는 사진"
_WHOLE = "a JPEG, PNG, WebP or GIF file that is whole", "온전한 JPEG, PNG, WebP, GIF 파일"


def best_answers(picture, model, class_names, count=5):
    """Return the `count` most probable classes of a picture as [(name, probability)], best first.

    picture: a Pillow image, RGB. model: a Keras model of (height, width, 3) pixels from 0 to 255,
    red first, that answers with one probability a class, in the order of class_names.
    The picture is stretched to the model's size, whatever its proportions, as Keras's
    image_dataset_from_directory does. Fewer classes than `count` give fewer answers.
    Raises ValueError for a model whose answer is not one probability a name, and for one that takes
    pictures of any size: which one it learned with, it does not say.
    """
    height, width = model.input_shape[1:3]
    if height is None or width is None:
        wanted = "a model of pictures of a fixed size", "정해진 크기의 사진을 받는 모델"
        raise bad_value("model", f"an input of shape {model.input_shape}", *wanted)
    pixels = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR), np.float32)
    (answer,) = np.asarray(model(pixels[np.newaxis], training=False))
    probable = (answer >= 0).all() and abs(answer.sum() - 1) <= 0.01  # neither is true of NaN
    if answer.shape != (len(class_names),) or not probable:
        came = f"answers of shape {answer.shape} with the sum {answer.sum():.2f}"
        wanted = f"{len(class_names)} probabilities", f"확률 {len(class_names)}개를 내는 모델"
        raise bad_value("model", came, *wanted)
    order = np.argsort(-answer, kind="stable")[:count]
    return [(composed(class_names[place]), float(answer[place])) for place in order]


# Where the systems keep a font with Hangul; Pillow's own has Latin letters only.
_FONTS = (
    *("NotoSansCJK-Regular.ttc", "NotoSansKR-Regular.otf", "NanumGothic.ttf", "UnDotum.ttf"),
    *(
        "malgun.ttf",
        "AppleSDGothicNeo.ttc",
        "AppleGothic.ttf",
        "DejaVuSans.ttf",
        "Arial Unicode.ttf",
    ),
)


def font_for(letters, size=18):
    """Return a font of this computer that has all the letters; Pillow's own where that will do.

    Raises ValueError where there is none: it would draw boxes instead of letters.
    """
    fonts = [ImageFont.load_default(size=size)]
    for name in _FONTS:
        with contextlib.suppress(OSError):
            fonts.append(ImageFont.truetype(name, size))
    for font in fonts:
        missing = font.getmask("\uffff")  # what it draws for a letter that it does not have
        drawn = [font.getmask(letter) for letter in set(letters) if not letter.isspace()]
        if not any(mask.size == missing.size and bytes(mask) == bytes(missing) for mask in drawn):
            return font
    wanted = (
        "letters that a font of this computer has (Noto Sans KR has Hangul), or names in English",
        "이 컴퓨터의 글꼴에 있는 글자(한글은 Noto Sans KR에 있음), 또는 영어 이름",
    )
    raise bad_value("answers", f"names with the letters {letters!r}", *wanted)


def draw_answers(picture, answers):
    """Return the picture on a (480, 480) canvas with a bar, a probability and a name an answer.

    picture: a Pillow image, RGB. answers: [(name, probability)], as `best_answers` returns them.
    Raises ValueError for names in letters that no font of this computer has.
    """
    canvas = ImageOps.pad(picture, (SIDE, SIDE), Image.Resampling.BICUBIC, color="white")
    draw = ImageDraw.Draw(canvas, "RGBA")
    font = font_for("".join(name for name, _ in answers))
    top = SIDE - 30 * len(answers) - 12
    draw.rectangle((0, top, SIDE, SIDE), fill=(0, 0, 0, 150))
    for row, (name, probability) in enumerate(answers):
        y = top + 8 + 30 * row
        draw.rectangle((12, y + 2, 12 + round(456 * probability), y + 26), fill=(37, 99, 235, 220))
        text = f"{probability:6.1%}  {name.replace('_', ' ')}"
        draw.text((18, y + 3), text, fill="white", font=font)
    return canvas


def recognise(source, model, class_names, count=5):
    """Open a picture, ask the model, and return the picture with the best answers drawn on it.

    source: as in `open_picture`; model, class_names, count: as in `best_answers`. Raises as both do.
    """
    picture = open_picture(source)
    return draw_answers(picture, best_answers(picture, model, class_names, count))
