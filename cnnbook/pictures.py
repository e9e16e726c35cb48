"""Pictures from anywhere, made ready for a network, and what the network says drawn on them."""

import warnings

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from cnnbook._errors import bad_value

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


def open_picture(source):
    """Return the picture in a file as a Pillow image, RGB, upright, no side above LARGEST pixels.

    source: a path, or a binary file such as io.BytesIO(upload). A JPEG larger than needed is decoded
    at a half, a quarter or an eighth of its size; a note in the file that the camera was held
    sideways (EXIF) is obeyed; of an animation the first picture is taken.
    Raises FileNotFoundError where there is no file, ValueError for a file that is damaged or no
    picture, and for one that would fill the memory (a "decompression bomb": Pillow's limit is 89
    million pixels).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(source) as picture:
                picture.draft(None, (LARGEST, LARGEST))
                picture = on_white(ImageOps.exif_transpose(picture))
    except FileNotFoundError:
        raise FileNotFoundError(f"no file {source}\n{source} 파일이 없습니다.") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise bad_value("source", f"{source}, too large ({error})", *_SMALLER) from error
    except (OSError, SyntaxError, EOFError) as error:
        raise bad_value("source", f"{source}, no whole picture ({error})", *_WHOLE) from error
    picture.thumbnail((LARGEST, LARGEST))
    return picture


_SMALLER = "a picture of at most 89 million pixels", "8,900만 픽셀을 넘지 않는 사진"
_WHOLE = "a JPEG, PNG, WebP or GIF file that is whole", "온전한 JPEG, PNG, WebP, GIF 파일"


def best_answers(picture, model, class_names, count=5):
    """Return the `count` most probable classes of a picture as [(name, probability)], best first.

    picture: a Pillow image, RGB. model: a Keras model of (height, width, 3) pixels from 0 to 255,
    red first, that answers with one probability a class, in the order of class_names.
    The picture is stretched to the model's size, whatever its proportions, as Keras's
    image_dataset_from_directory does. Fewer classes than `count` give fewer answers.
    Raises ValueError for a model whose answer is not one probability a name.
    """
    height, width = model.input_shape[1:3]
    pixels = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR), np.float32)
    (answer,) = np.asarray(model(pixels[np.newaxis], training=False))
    if answer.shape != (len(class_names),) or abs(answer.sum() - 1) > 0.01:
        came = f"answers of shape {answer.shape} with the sum {answer.sum():.2f}"
        wanted = f"{len(class_names)} probabilities", f"확률 {len(class_names)}개를 내는 모델"
        raise bad_value("model", came, *wanted)
    order = np.argsort(-answer, kind="stable")[:count]
    return [(class_names[place], float(answer[place])) for place in order]


def draw_answers(picture, answers):
    """Return the picture on a (480, 480) canvas with a bar, a probability and a name an answer.

    picture: a Pillow image, RGB. answers: [(name, probability)], as `best_answers` returns them.
    """
    canvas = ImageOps.pad(picture, (SIDE, SIDE), Image.Resampling.BICUBIC, color="white")
    draw = ImageDraw.Draw(canvas, "RGBA")
    font = ImageFont.load_default(size=18)
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
