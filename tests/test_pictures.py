"""Pictures of every kind a person may open: ready for a network, or refused with a sentence."""

import io
import struct
import unicodedata
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from cnnbook import pictures


class Answers:
    """A model of 6×4 pictures that remembers what it was shown and always answers alike."""

    input_shape = (None, 4, 6, 3)

    def __init__(self, *answer):
        self.answer = np.array([answer])

    def __call__(self, pixels, training):
        assert training is False
        self.pixels = pixels
        return self.answer


def kept(tmp_path, picture, name="picture.png", **options):
    picture.save(tmp_path / name, **options)
    return tmp_path / name


def opened(tmp_path, picture, name="picture.png", **options):
    result = pictures.open_picture(kept(tmp_path, picture, name, **options))
    assert result.mode == "RGB"
    return result


def quarters():
    """Return an 80×40 picture: red left, blue right, green below."""
    picture = Image.new("RGB", (80, 40), "red")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 0, 79, 39), fill="blue")
    draw.rectangle((0, 20, 79, 39), fill="lime")
    return picture


@pytest.mark.parametrize("name", ["p.png", "p.jpg", "p.webp", "p.gif", "p.bmp", "p.tif"])
def test_every_kind_of_file(tmp_path, name):
    pixels = np.asarray(opened(tmp_path, quarters(), name), int)
    assert pixels.shape == (40, 80, 3)
    for place, colour in {
        (5, 10): (255, 0, 0),
        (5, 70): (0, 0, 255),
        (35, 40): (0, 255, 0),
    }.items():
        assert abs(pixels[place] - colour).max() < 12  # red stays first


def test_a_binary_file(tmp_path):
    content = kept(tmp_path, quarters()).read_bytes()
    assert pictures.open_picture(io.BytesIO(content)).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_s_note_is_obeyed(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turns = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_270],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_90],
    }
    result = opened(tmp_path, quarters(), exif=exif)
    wanted = quarters()
    for turn in turns.get(orientation, []):
        wanted = wanted.transpose(turn)
    assert np.array_equal(result, wanted)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_lies_on_white(tmp_path, mode):
    picture = Image.new(mode, (2, 1), (0,) * len(mode))  # black, transparent
    picture.putpixel((1, 0), (0,) * (len(mode) - 1) + (255,))
    assert np.asarray(opened(tmp_path, picture))[0].tolist() == [[255] * 3, [0] * 3]


def test_a_palette_with_a_transparent_colour(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    plain = np.asarray(opened(tmp_path, picture))[0].tolist()
    assert plain == [[10, 20, 30], [40, 50, 60]]
    clear = np.asarray(opened(tmp_path, picture, transparency=0))[0].tolist()
    assert clear == [[255, 255, 255], [40, 50, 60]]


@pytest.mark.parametrize("mode", ["1", "L", "CMYK", "YCbCr", "HSV", "LAB", "RGBX", "PA", "I"])
def test_every_mode_becomes_rgb(mode):
    if mode in ("HSV", "LAB", "PA"):
        picture = Image.new(mode, (3, 2))
    else:
        picture = Image.new("RGB", (3, 2), "white").convert(mode)
    result = pictures.on_white(picture)
    assert (result.mode, result.size) == ("RGB", (3, 2))
    if mode in ("1", "L", "CMYK", "YCbCr", "RGBX"):
        assert result.getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bits(tmp_path):
    grey = Image.fromarray(np.array([[0, 255, 256, 65535]], np.uint16))
    assert np.asarray(opened(tmp_path, grey))[0, :, 0].tolist() == [0, 0, 1, 255]
    assert np.asarray(opened(tmp_path, grey, "picture.tif"))[0, :, 0].tolist() == [0, 0, 1, 255]


@pytest.mark.parametrize(
    "array",
    [np.ones((2, 2), np.float32), np.full((2, 2), 65536, np.int32), -np.ones((2, 2), np.int32)],
)
def test_grey_whose_white_is_unknown(tmp_path, array):
    path = kept(tmp_path, Image.fromarray(array), "picture.tif")
    with pytest.raises(ValueError, match=r"wanted 8 or 16 bits a channel(.|\n)*16비트인 사진"):
        pictures.open_picture(path)


def test_one_pixel(tmp_path):
    path = kept(tmp_path, Image.new("RGB", (1, 1), "blue"))
    model = Answers(0.25, 0.75)
    drawn = pictures.recognise(path, model, ["cat", "dog"])
    assert drawn.size == (480, 480) and drawn.getpixel((240, 10)) == (0, 0, 255)
    assert np.array_equal(model.pixels, np.broadcast_to([0, 0, 255], (1, 4, 6, 3)))


@pytest.mark.parametrize("name", ["p.jpg", "p.png"])
def test_a_large_picture_is_made_smaller(tmp_path, name):
    picture = quarters().resize((6000, 3000))
    result = opened(tmp_path, picture, name)
    assert result.size == (1024, 512)
    assert abs(np.asarray(result, int)[400, 500] - (0, 255, 0)).max() < 12


@pytest.mark.parametrize("size", [(3000, 1), (1, 3000)])
def test_a_strip(tmp_path, size):
    path = kept(tmp_path, Image.new("RGB", size, "red"))
    assert max(pictures.open_picture(path).size) == 1024
    assert pictures.recognise(path, Answers(1.0), ["dog"]).size == (480, 480)


def bomb(width, height):
    """Return a small PNG file that claims to be a picture of this size."""

    def chunk(name, content):
        end = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + end

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


@pytest.mark.parametrize("size", [(9_500, 9_500), (50_000, 50_000)])
def test_a_decompression_bomb_is_refused(tmp_path, size):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(*size))
    with pytest.raises(ValueError, match=r"too large(.|\n)*89 million(.|\n)*8,900만 픽셀"):
        pictures.open_picture(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        b"GIF89a",
        b"\xff\xd8\xff\xe0",
        bomb(10, 1000),
        b"<svg></svg>",
        b"%PDF-1.4",
    ],
)
def test_no_picture(tmp_path, content):
    path = tmp_path / "file.jpg"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"file\.jpg, not a whole picture(.|\n)*온전한 JPEG"):
        pictures.open_picture(path)


@pytest.mark.parametrize("name", ["p.jpg", "p.png"])
def test_half_a_picture(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 3), dtype=np.uint8)
    path = kept(tmp_path, Image.fromarray(noise), name)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match="not a whole picture"):
        pictures.open_picture(path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*dog\.jpg(.|\n)*파일이 없습니다"):
        pictures.open_picture(tmp_path / "dog.jpg")
    with pytest.raises(ValueError, match="not a whole picture"):
        pictures.open_picture(tmp_path)  # a folder


def test_best_answers():
    names = ["a", "b", "c", "d", "e", "f"]
    model = Answers(0.05, 0.4, 0.05, 0.3, 0.15, 0.05)
    picture = quarters()
    found = pictures.best_answers(picture, model, names)
    assert [name for name, _ in found] == ["b", "d", "e", "a", "c"]  # equals in their own order
    assert found[0][1] == pytest.approx(0.4)
    assert pictures.best_answers(picture, model, names, count=1) == found[:1]
    assert len(pictures.best_answers(picture, model, names, count=9)) == 6
    assert model.pixels.shape == (1, 4, 6, 3) and model.pixels.dtype == np.float32
    assert model.pixels.max() > 200  # 0 to 255, red first
    assert model.pixels[0, 0, 0].argmax() == 0 and model.pixels[0, 0, 5].argmax() == 2


@pytest.mark.parametrize("answer", [(0.5, 0.5), (3.0, -1.0, 2.0), (0.2, 0.2, 0.2)])
def test_answers_that_are_no_probabilities(answer):
    with pytest.raises(ValueError, match=r"wanted 3 probabilities(.|\n)*확률 3개"):
        pictures.best_answers(quarters(), Answers(*answer), ["a", "b", "c"])


def test_bars_are_as_long_as_their_probabilities():
    answers = [("golden_retriever", 0.75), ("pug", 0.25), ("chow", 0.0)]
    drawn = np.asarray(pictures.draw_answers(Image.new("RGB", (10, 20), "white"), answers), int)
    assert drawn.shape == (480, 480, 3)
    rows = [480 - 102 + 8 + 30 * row + 4 for row in range(3)]  # above the letters
    lengths = [(drawn[y, :, 2] - drawn[y, :, 0] > 60).sum() for y in rows]
    assert lengths == pytest.approx([342, 114, 0], abs=2)
    assert (drawn[100:300, 240] == 255).all()  # the picture itself is left


@pytest.mark.parametrize("answer", [(0.2, float("nan"), 0.8), (1.4, -0.2, -0.2)])
def test_answers_that_are_not_even_numbers_of_probability(answer):
    with pytest.raises(ValueError, match=r"model: got answers of shape \(3,\)(.|\n)*확률 3개"):
        pictures.best_answers(quarters(), Answers(*answer), "abc")


def test_a_model_of_any_size_is_refused():
    model = Answers(0.5, 0.5)
    model.input_shape = (None, None, None, 3)
    with pytest.raises(ValueError, match=r"model: got an input of shape(.|\n)*정해진 크기"):
        pictures.best_answers(quarters(), model, "ab")


def test_letters_that_no_font_has_are_a_sentence(monkeypatch):
    monkeypatch.setattr(pictures, "_FONTS", ())
    assert pictures.draw_answers(quarters(), [("seven petals", 0.5)]).size == (480, 480)
    with pytest.raises(ValueError, match=r"names with the letters '고양이'(.|\n)*글꼴에 있는 글자"):
        pictures.draw_answers(quarters(), [("고양이", 0.5)])


# Notes (EXIF) that are cut off, are none, point at themselves, or have an unknown or endless kind.
NOTES = {
    "cut off": b"Exif\0\0MM\0*\0\0\0\x08\0\x05",
    "none": b"Exif\0\0hello",
    "in a ring": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x08\0\0\0",
    "of no kind": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\xff\xff\x01\0\0\0\x06\0\0\0\0\0\0\0",
    "endless": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\xff\xff\xff\xff\x06\0\0\0\0\0\0\0",
    "a text": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0abcd\0\0\0\0",
}


@pytest.mark.parametrize("notes", NOTES)
def test_broken_notes_do_not_stop_a_picture(tmp_path, notes):
    picture = opened(tmp_path, quarters(), "p.jpg", exif=NOTES[notes])
    assert sorted(picture.size) == [40, 80]


def test_a_picture_is_turned_whose_other_notes_are_broken(tmp_path):
    # Orientation 6, and a place (GPS) whose latitude is 0/0: written anew, it would be an error.
    entries = [
        struct.pack("<HHIHH", 274, 3, 1, 6, 0),
        struct.pack("<HHII", 0x8825, 4, 1, 38),
    ]
    place = struct.pack("<HHHIII", 1, 2, 5, 1, 56, 0) + struct.pack("<II", 0, 0)
    notes = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + b"".join(entries) + b"\0" * 4 + place
    picture = opened(tmp_path, quarters(), "p.jpg", exif=notes)
    assert picture.size == (40, 80)
    with Image.open(tmp_path / "p.jpg") as kept_picture:
        assert kept_picture.getexif()[274] == 6


@pytest.mark.parametrize("kind", ["AVIF", "BMP", "GIF", "ICO", "PNG", "PPM", "SGI", "TIFF", "WEBP"])
def test_damaged_files_of_every_kind_open_or_are_a_sentence(kind):
    file, random = io.BytesIO(), np.random.default_rng(0)
    try:
        quarters().save(file, kind)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow writes no {kind}")
    content, said = file.getvalue(), set()
    for damage in range(60):
        broken = bytearray(content)
        if damage % 2:
            del broken[random.integers(len(content)) :]
        else:
            broken[random.integers(len(content))] = random.integers(256)
        try:
            assert pictures.open_picture(io.BytesIO(bytes(broken))).mode == "RGB"
        except ValueError as error:
            said.add(str(error).count("\n"))
    assert said <= {1}  # in both languages


def test_bytes_behind_a_jpeg_s_end_do_no_harm(tmp_path):
    path = kept(tmp_path, quarters(), "p.jpg")
    whole = pictures.open_picture(path)
    path.write_bytes(path.read_bytes() + b"\0stray" * 20)
    assert np.array_equal(pictures.open_picture(path), whole)


def noise(mode="RGB"):
    small = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((80, 60), Image.Resampling.BICUBIC).convert(mode)


JPEGS = {
    "baseline": (noise(), {}),
    "grey": (noise("L"), {}),
    "CMYK": (noise("CMYK"), {}),
    "progressive": (noise(), {"progressive": True}),
    "with restarts": (noise(), {"restart_marker_blocks": 2}),
    "with a restart a row": (noise(), {"restart_marker_rows": 1}),
    "of one colour": (Image.new("RGB", (80, 60), "olive"), {}),
    "larger than needed": (noise().resize((2400, 1800)), {}),
}


@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_without_its_end_is_the_whole_picture(tmp_path, kind):
    path = kept(tmp_path, JPEGS[kind][0], "p.jpg", **JPEGS[kind][1])
    content, whole = path.read_bytes(), np.asarray(pictures.open_picture(path))
    assert content[-2:] == b"\xff\xd9"
    for end in (b"\xff", b"", b"\0" * 20, b"a camera's own notes", bytes(range(256)), b"\xff" * 5):
        path.write_bytes(content[:-2] + end)
        assert np.array_equal(pictures.open_picture(path), whole), end
        assert np.array_equal(pictures.open_picture(io.BytesIO(content[:-2] + end)), whole), end
    for more in (b"\xff\xd9", b"\xff\xd8\xff\xe1", content):
        assert np.array_equal(pictures.open_picture(io.BytesIO(content + more)), whole), more


@pytest.mark.parametrize("kind", sorted(JPEGS.keys() - {"progressive", "larger than needed"}))
def test_half_a_jpeg_is_refused_wherever_it_breaks_off(kind):
    file = io.BytesIO()
    JPEGS[kind][0].save(file, "JPEG", **JPEGS[kind][1])
    for missing in (*range(3, 40), *range(40, len(file.getvalue()), 7)):
        with pytest.raises(ValueError, match=r"not a whole picture(.|\n)*온전한 JPEG"):
            pictures.open_picture(io.BytesIO(file.getvalue()[:-missing]))


def test_half_a_progressive_jpeg_is_refused_except_between_two_passes():
    file = io.BytesIO()
    JPEGS["progressive"][0].save(file, "JPEG", progressive=True)
    content, opened_at = file.getvalue(), set()
    for length in range(len(content) - 2):
        try:
            pictures.open_picture(io.BytesIO(content[:length]))
            opened_at.add(length)
        except ValueError:
            pass
    # A pass begins with FF DA, and before it a table with FF C4; FF alone says nothing.
    begin = {
        length for length in opened_at if content[length : length + 2] in (b"\xff\xda", b"\xff\xc4")
    }
    assert opened_at == begin | {length + 1 for length in begin}


def test_loaders_of_data_sets_read_pictures_as_an_opened_picture_is_read(tmp_path):
    from cnnbook import datasets

    sideways = Image.Exif()
    sideways[274] = 6
    for name, picture, options in (
        ("grey.png", Image.fromarray(np.full((8, 8), 30_000, np.uint16)), {}),
        ("clear.png", Image.new("RGBA", (8, 8), (0, 0, 0, 0)), {}),
        ("sideways.jpg", quarters(), {"exif": sideways}),
    ):
        path = kept(tmp_path, picture, name, **options)
        read = np.asarray(datasets._photograph(path, path.read_bytes(), 16))
        opened_there = pictures.open_picture(path).resize((16, 16), Image.Resampling.BILINEAR)
        assert np.array_equal(read, np.asarray(opened_there)), name


def test_a_postscript_program_is_not_run():
    endless = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n{} loop\n"
    with pytest.raises(ValueError, match=r"not a whole picture(.|\n)*온전한 JPEG"):
        pictures.open_picture(io.BytesIO(endless))


def test_names_taken_apart_by_a_mac_are_answered_with_whole_letters():
    names = [unicodedata.normalize("NFD", name) for name in ("é", "개")]
    found = pictures.best_answers(quarters(), Answers(0.2, 0.8), names)
    assert [name for name, _ in found] == ["개", "é"]
