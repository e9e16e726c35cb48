"""<image-top5> in a browser: it opens pictures as cnnbook.pictures does, and answers as Keras does.

`pytest tests/test_image_top5.py -rP` also prints how long a picture takes.
"""

import base64
import io
import json
import re
import struct
import zlib

import numpy as np
import pytest
import test_pictures
from laboratory import nothing_moves, until
from PIL import Image, ImageCms

from cnnbook import datasets, models, pictures, web

SCRIPTS = ("engine.js", "drawing.js", "pictures.js", "image-top5.js")
BODY = "<image-top5>fallback</image-top5><p>end</p>"
NONE = "사진이 아니거나 열지 못하는 종류의 파일입니다."
BROKEN = "사진 파일이 온전하지 않습니다."

# A file as the page gets it from a chooser, from its bytes in base64.
FILE = """(letters, name, type) =>
    new File([Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0))], name, { type })"""
PIXELS = f"""async ([letters, sizes]) => {{
    const picture = await cnnlab.openPicture(({FILE})(letters, "x", ""));
    const all = [picture, ...sizes.map(([width, height]) => cnnlab.resizePicture(picture, width, height))];
    return all.map(({{ width, height, data }}) => {{
        let text = "";
        for (let at = 0; at < data.length; at += 4096)
            text += String.fromCharCode(...data.subarray(at, at + 4096));
        return [height, width, btoa(text)];
    }});
}}"""
SETTLED = """async () => {
    while (document.querySelector("image-top5").getAttribute("aria-busy") === "true")
        await new Promise(requestAnimationFrame);
}"""


@pytest.fixture(scope="module")
def network(keras):
    """The page's network in Keras, with the softmax that the page adds."""
    network = models.small_residual_network((32, 32, 3), 10)
    models.load_weights(network, "11-cifar10-residual")
    return keras.Sequential([network, keras.layers.Softmax()])


def saved(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def letters(content):
    return base64.b64encode(content).decode()


def seen(page, content, *sizes):
    """Return the opened picture and its copies of these sizes as (height, width, 3) arrays."""
    arrays = [
        np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4).astype(int)
        for height, width, data in page.evaluate(PIXELS, [letters(content), sizes])
    ]
    assert all((array[..., 3] == 255).all() for array in arrays)
    return [array[..., :3] for array in arrays]


def choose(page, button, file):
    """Open a file by the browser's own choice of files: a path, or (name, content)."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=button).click()
    if isinstance(file, tuple):
        name, content = file
        file = {"name": name, "mimeType": "", "buffer": content}
    chooser.value.set_files(file)


def say(page):
    """Return the sentence on the page, when all is done."""
    page.evaluate(SETTLED)
    return page.locator(".lab-answer").text_content()


def answers(page):
    """Return what the page answers as [(name, percent)], or nothing."""
    say(page)
    items = page.locator(".lab-bars li").all()
    return [
        (item.locator("span").nth(0).text_content(), item.locator(".lab-percent").text_content())
        for item in items
    ]


def heard(page):
    return page.get_by_role("status").text_content()


def english(name):
    """Return the English name that stands beside the Korean one."""
    return re.fullmatch(r"[가-힣]+ \((\w+)\)", name)[1]


def assert_same(came, wanted, most=0.03):
    """Compare the page's answers with best_answers, whose pixels may differ by one.

    Such a pixel moves a probability by less than `most`; classes nearer to each other than that may
    change places. Return whether none did.
    """
    shown = [float(p.strip("<>%")) / 100 for _, p in came]
    assert shown == pytest.approx([p for _, p in wanted], abs=most)
    for (name, p), (other, q) in zip(came, wanted, strict=True):
        near = [n for n, r in wanted if abs(r - q) < most]
        assert name in (other, *near) or q < most, (came, wanted, p)
    return [name for name, _ in came] == [name for name, _ in wanted]


def gallery():
    """Yield (name, the content of a file): photographs and generated pictures of many kinds."""
    sizes = [(640, 480), (300, 500), (33, 31), (32, 32), (1100, 700), (97, 1024), (20, 8)]
    kinds = [("PNG", {}), ("JPEG", {"quality": 90}), ("WEBP", {"lossless": True})]
    for name, photograph in datasets.load("photographs").items():
        whole = Image.fromarray(photograph.squeeze())
        for number, size in enumerate(sizes):
            kind, options = kinds[number % 3]
            part = whole.resize(size, Image.Resampling.BICUBIC)
            yield f"{name} {size} {kind}", saved(part, kind, **options)
    shapes = datasets.load("shapes")
    for label in range(10):
        shape = shapes.x_test[shapes.y_test == label][0]
        yield f"shape {label}", saved(Image.fromarray(shape))


def test_as_python_opens_and_answers(opened, network):
    page = opened()
    names = web_names(page)
    worst, equal, times = 0, 0, []
    for name, content in gallery():
        picture = pictures.open_picture(io.BytesIO(content))
        whole, small, flat = seen(page, content, (32, 32), (48, 20))
        assert whole.shape == np.shape(picture), name
        assert abs(whole - np.asarray(picture, int)).max() <= 1, name
        for came, size in ((small, (32, 32)), (flat, (48, 20))):
            right = np.asarray(picture.resize(size, Image.Resampling.BILINEAR), int)
            worst = max(worst, abs(came - right).max())
            assert abs(came - right).max() <= 1, name
        choose(page, "사진 열기", ("picture", content))
        came = [(english(name), p) for name, p in answers(page)]
        times.append(page.evaluate("document.querySelector('image-top5').milliseconds"))
        # Of the pixels that the page has: the same; and the whole way in Python.
        own = Image.fromarray(small.astype(np.uint8))
        assert assert_same(came, pictures.best_answers(own, network, names), 0.0011), name
        equal += assert_same(came, pictures.best_answers(picture, network, names))
    print(f"{len(times)} pictures, pixels within {worst}; {equal} times the same five in order")
    print(f"{np.median(times):.0f} ms a picture (median)")
    assert len(times) == 38 and equal >= 35


def web_names(page):
    """Return the class names of the page's network, which is fetched for the first picture."""
    page.get_by_role("button", name="배 (ship)").click()
    say(page)
    return page.evaluate("cnnlab.models.cifar10.classNames")


def test_the_answer(opened, bare_page):
    page = opened()
    assert "이 기기를 떠나지 않습니다" in page.locator("image-top5").text_content()
    page.get_by_role("button", name="그려 둔 그림 말").click()
    came = answers(page)
    assert len(came) == 5 and came[0][0] == "말 (horse)"
    shares = [float(p.strip("<>%")) for _, p in came]
    assert shares == sorted(shares, reverse=True) and sum(shares) <= 100.3
    assert say(page) == f"첫째 답은 말 (horse), 확률은 {came[0][1]}입니다."
    wanted = " ".join(f"{place}. {name}, {p}." for place, (name, p) in enumerate(came, 1))
    assert heard(page) == wanted
    tracks = [track.bounding_box()["width"] for track in page.locator(".lab-bar-track").all()]
    bars = [bar.bounding_box()["width"] for bar in page.locator(".lab-bar").all()]
    assert np.array(bars) / tracks == pytest.approx(np.array(shares) / 100, abs=0.01)
    assert "32×32" in page.locator("figcaption").nth(1).text_content()
    assert re.search(r"시간 [\d.]+초", page.locator(".lab-time").text_content())

    page = opened(bare_page(BODY, SCRIPTS, "en").as_uri())
    page.get_by_role("button", name="Drawn for you: horse").click()
    assert answers(page) == [(english(name), p) for name, p in came]
    assert say(page) == f"The first answer is horse, with a probability of {came[0][1]}."
    choose(page, "Open a picture", ("x.png", b"no picture"))
    assert say(page).startswith("This file is no picture, or of a kind that is not opened here.")


def test_drawn_samples(opened):
    """What the page's text says of them: three are known, the frog is taken for a bird."""
    page = opened()
    firsts = []
    for name in ("배", "자동차", "말", "개구리"):
        page.get_by_role("button", name=f"그려 둔 그림 {name}").click()
        firsts.append(english(answers(page)[0][0]))
    assert firsts == ["ship", "automobile", "horse", "bird"]


def test_the_seen_picture_is_the_input(opened):
    page = opened()
    for size in ((200, 100), (32, 32), (7, 300)):
        noise = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
        choose(page, "사진 열기", ("noise.png", saved(Image.fromarray(noise))))
        say(page)
        drawn = page.evaluate("""() => {
            const { seen } = document.querySelector("image-top5");
            const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
            pen.drawImage(seen, 0, 0);
            return Array.from(pen.getImageData(0, 0, seen.width, seen.height).data);
        }""")
        right = Image.fromarray(noise).resize((32, 32), Image.Resampling.BILINEAR)
        assert abs(np.reshape(drawn, (32, 32, 4))[..., :3] - np.asarray(right, int)).max() <= 1
        assert page.locator("figure").count() == 2
        assert all(figure.is_visible() for figure in page.locator("figure").all())


# --- every kind of picture ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_camera_s_note_is_obeyed(opened, kind):
    page = opened()
    for orientation in range(10):  # 0 and 9 mean nothing
        exif = Image.Exif()
        exif[0x010F] = "a camera"
        exif[0x0112] = orientation
        options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"lossless": True}
        content = saved(test_pictures.quarters(), kind, exif=exif, **options)
        wanted = pictures.open_picture(io.BytesIO(content))
        (came,) = seen(page, content)
        assert came.shape == np.shape(wanted), orientation
        assert abs(came - np.asarray(wanted, int)).max() <= 2, orientation
        assert came.shape == ((80, 40, 3) if 5 <= orientation <= 8 else (40, 80, 3))


def test_a_note_in_either_byte_order(opened):
    """Motorola's byte order, and a note that leads out of itself."""
    page = opened()
    plain = saved(test_pictures.quarters(), "JPEG")
    for count, directory, high in ((1, 8, 80), (9, 8, 80), (1, 4000, 40)):
        tiff = b"MM\0*" + struct.pack(">IHHHIHHI", directory, count, 0x0112, 3, 1, 6, 0, 0)
        note = b"Exif\0\0" + tiff
        content = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(note) + 2) + note + plain[2:]
        (came,) = seen(page, content)
        assert came.shape[0] == high


def made_png(header, *rows):
    """Return a PNG file of kinds that Pillow does not write; header: width to interlace."""

    def chunk(name, content):
        end = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + end

    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *header))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def kinds():
    random = np.random.default_rng(0)
    colour = Image.fromarray(random.integers(0, 256, (24, 30, 3), dtype=np.uint8))
    smooth = colour.resize((60, 40), Image.Resampling.BICUBIC)
    for mode in ("1", "L", "P"):
        yield mode, saved(smooth.convert(mode))
    alpha = Image.fromarray(random.integers(0, 256, (40, 60), dtype=np.uint8))
    for mode in ("RGBA", "LA"):
        picture = smooth.convert(mode)
        picture.putalpha(alpha)
        yield mode, saved(picture)
    picture = smooth.convert("P")
    yield "clear colour", saved(picture, transparency=picture.getpixel((5, 5)))
    grey = random.integers(0, 65536, (40, 60), dtype=np.uint16)
    yield "16 bits", saved(Image.fromarray(grey))
    deep = random.integers(0, 65536, (40, 180)).astype(">u2")
    yield "16 bits a colour", made_png((60, 40, 16, 2, 0, 0, 0), *(row.tobytes() for row in deep))
    yield "grey JPEG", saved(smooth.convert("L"), "JPEG")
    yield "progressive", saved(smooth, "JPEG", progressive=True)
    yield "restarts", saved(smooth, "JPEG", restart_marker_blocks=2)
    yield "comment", saved(smooth, "JPEG", comment=b"\xff\xd9 not the end")
    yield "GIF", saved(smooth, "GIF")
    frames = [smooth.rotate(turn) for turn in (0, 90, 180)]
    yield "moving GIF", saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    yield (
        "moving WebP",
        saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True),
    )
    yield "WebP", saved(smooth, "WEBP", quality=90)
    picture = smooth.convert("RGBA")
    picture.putalpha(alpha)
    yield "clear WebP", saved(picture, "WEBP", lossless=True)
    # A colour profile is not looked at, as Keras does not: the network sees the numbers of the file.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for kind in ("PNG", "JPEG", "WEBP"):
        yield f"profile {kind}", saved(smooth, kind, icc_profile=profile, lossless=True)
    yield "1×1", saved(Image.new("RGB", (1, 1), "blue"))
    yield "strip", saved(Image.new("RGB", (3000, 1), "red"))
    yield "upright strip", saved(Image.new("RGB", (1, 3000), "red"))


KINDS = dict(kinds())


@pytest.mark.parametrize("name", KINDS)
def test_every_kind(opened, name):
    page = opened()
    wanted = pictures.open_picture(io.BytesIO(KINDS[name]))
    came, small = seen(page, KINDS[name], (32, 32))
    assert came.shape == np.shape(wanted)
    # Decoders of lossy files differ a little in how they bring the colours to full size.
    most = 12 if name == "WebP" else 3
    assert abs(came - np.asarray(wanted, int)).max() <= most
    right = np.asarray(wanted.resize((32, 32), Image.Resampling.BILINEAR), int)
    assert abs(small - right).max() <= most
    choose(page, "사진 열기", (f"{name}.bin", KINDS[name]))
    assert len(answers(page)) == 5


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [(2500, 1250), (4032, 3024), (9000, 700)])
def test_a_large_picture(opened, kind, size):
    coffee = Image.fromarray(datasets.load("photographs")["coffee"])
    content = saved(coffee.resize(size, Image.Resampling.BICUBIC), kind)
    wanted = pictures.open_picture(io.BytesIO(content))
    page = opened()
    came, small = seen(page, content, (32, 32))
    assert came.shape == np.shape(wanted)
    right = np.asarray(wanted.resize((32, 32), Image.Resampling.BILINEAR), int)
    # Browsers and Pillow halve a large picture in ways of their own.
    assert abs(small - right).max() <= 6 and abs(small - right).mean() < 0.6
    choose(page, "사진 열기", ("large", content))
    assert len(answers(page)) == 5


def test_too_large(opened):
    page = opened()
    for size in ((9_500, 9_500), (50_000, 50_000), (1, 2**31)):
        choose(page, "사진 열기", ("bomb.png", test_pictures.bomb(*size)))
        wanted = f"사진이 너무 큽니다({size[0]}×{size[1]}). 픽셀 89,478,485개까지 엽니다."
        assert say(page) == heard(page) == wanted
    said = page.evaluate("""() => cnnlab.openPicture(
        { size: 3e8, arrayBuffer() { throw new Error("read"); } }).catch((error) => error.message)""")
    assert said == "파일이 너무 큽니다. 200MB까지 엽니다."


def broken():
    whole = test_pictures.quarters()
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50, 3), dtype=np.uint8))
    yield "empty", b"", NONE
    yield "letter", b"no picture", NONE
    yield "svg", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", NONE
    yield "pdf", b"%PDF-1.4", NONE
    yield "bmp", saved(whole, "BMP"), NONE
    yield "tiff", saved(whole, "TIFF"), NONE
    yield "few rows", test_pictures.bomb(10, 1000), BROKEN
    yield "no pixels", test_pictures.bomb(0, 0), BROKEN
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        content = saved(noise, kind)
        heads = {"PNG": 8, "JPEG": 3, "WEBP": 12, "GIF": 6}
        for size in (heads[kind], heads[kind] + 3, 40, len(content) // 2, len(content) - 40):
            yield f"{kind} cut at {size}", content[:size], BROKEN
    content = bytearray(saved(noise))
    content[len(content) // 2] ^= 255
    yield "PNG with a wrong byte", bytes(content), BROKEN


def test_broken_pictures(opened):
    page = opened()
    page.get_by_role("button", name="그려 둔 그림 배").click()
    assert len(answers(page)) == 5
    for name, content, sentence in broken():
        choose(page, "사진 열기", (f"{name}.jpg", content))
        assert say(page).startswith(sentence), name
        assert heard(page) == say(page) and answers(page) == []
        assert "lab-error" in page.locator(".lab-answer").get_attribute("class")
        assert not page.locator("figure").first.is_visible()  # of the picture before
    page.get_by_role("button", name="그려 둔 그림 배").click()
    assert len(answers(page)) == 5
    assert "lab-error" not in page.locator(".lab-answer").get_attribute("class")


def test_damage_anywhere_is_no_surprise(opened):
    """Whatever is wrong with a file, it opens or is refused with a sentence."""
    page = opened()
    random = np.random.default_rng(0)
    files = []
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "AVIF"):
        exif = Image.Exif()
        exif[0x0112] = 6
        options = {} if kind == "GIF" else {"exif": exif}
        content = saved(test_pictures.quarters(), kind, **options)
        for _ in range(60):
            damaged = bytearray(content)
            for place in random.integers(0, min(len(content), 200), 3):
                damaged[place] = random.integers(256)
            files.append(letters(bytes(damaged)))
    said = page.evaluate(
        f"""async (files) => {{
            const said = [];
            for (const letters of files)
                said.push(await cnnlab.openPicture(({FILE})(letters, "x", ""))
                    .then(() => "opened", (error) => error.name));
            return said;
        }}""",
        files,
    )
    assert set(said) == {"opened", "PictureError"}


# --- how a picture gets in ------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_dropped_and_pasted(opened, how):
    page = opened()
    content = letters(saved(test_pictures.quarters()))
    fire = f"""([letters, how, name]) => {{
        const data = new DataTransfer();
        if (letters) data.items.add(({FILE})(letters, name, ""));
        else data.setData("text/plain", "words");
        const options = {{ bubbles: true, cancelable: true }};
        const event = how === "paste"
            ? new ClipboardEvent("paste", {{ ...options, clipboardData: data }})
            : new DragEvent("drop", {{ ...options, dataTransfer: data }});
        document.querySelector(how === "paste" ? "p" : ".lab-answer").dispatchEvent(event);
        return event.defaultPrevented;
    }}"""
    page.locator(".lab-bars li").first.wait_for()
    before = say(page)
    assert page.evaluate(fire, [None, how, ""]) is False  # words are none of ours
    assert say(page) == before and len(answers(page)) == 5
    assert page.evaluate(fire, [content, how, "picture.png"]) is True
    assert len(answers(page)) == 5
    if how == "drop":
        assert page.evaluate(fire, [letters(b"{}"), how, "model.json"]) is True
        assert "필드가 없습니다" in say(page)


def test_keyboard_alone(opened):
    page = opened()
    page.on("filechooser", lambda chooser: None)  # keys are faster than expect_file_chooser
    label = (
        "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
    )
    order = []
    for _ in range(6):
        page.keyboard.press("Tab")
        order.append(page.evaluate(label))
    samples = [f"그려 둔 그림 {name}" for name in ("배", "자동차", "말", "개구리")]
    korean = [name.split(" (")[0] for name in order]
    assert korean == ["사진 열기", *samples, "내 모델 열기"]
    with page.expect_file_chooser():
        page.keyboard.press("Enter")  # my model
    for _ in range(2):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert english(answers(page)[0][0]) == "horse"
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    picture = {"name": "x", "mimeType": "", "buffer": saved(test_pictures.quarters())}
    chooser.value.set_files(picture)
    assert len(answers(page)) == 5 and heard(page).startswith("1. ")
    assert page.get_by_role("status").count() == 1


@pytest.mark.parametrize("saves", [False, True])
def test_it_opens_with_a_picture_and_its_answers(opened, bare_page, saves):
    """When it is seen, and without a word aloud; not on a line where every byte is paid for."""
    page = opened("about:blank")
    if saves:
        page.add_init_script("navigator.connection.__defineGetter__('saveData', () => true)")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    below = "<svg width='1' height='2000' aria-hidden='true'></svg>" + BODY
    page.goto(bare_page(below, SCRIPTS).as_uri())
    page.wait_for_timeout(300)
    assert not any("models/" in url for url in asked)
    page.locator("image-top5").scroll_into_view_if_needed()
    assert page.locator("image-top5 > p").first.text_content().startswith("사진을 열거나")
    if saves:
        page.wait_for_timeout(300)
        assert say(page) == "사진을 열면 가장 그럴듯한 다섯 클래스를 답합니다."
        assert not any("models/" in url for url in asked)
        return
    page.locator(".lab-bars li").first.wait_for()
    assert len(answers(page)) == 5 and answers(page)[0][0] == "배 (ship)"
    assert all(figure.is_visible() for figure in page.locator("figure").all())
    assert heard(page) == ""
    page.get_by_role("button", name="그려 둔 그림 말").click()
    assert answers(page)[0][0] == "말 (horse)" and heard(page).startswith("1. 말")


def test_an_address_is_not_fetched(opened):
    """A picture dragged from another page may come as its address alone, or with its file."""
    page = opened()
    page.locator(".lab-bars li").first.wait_for()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    drop = f"""(letters) => {{
        const data = new DataTransfer();
        data.setData("text/uri-list", "https://example.org/cat.jpg");
        if (letters) data.items.add(({FILE})(letters, "cat.png", "image/png"));
        const fired = ["dragenter", "dragover", "drop"].map((kind) =>
            new DragEvent(kind, {{ bubbles: true, cancelable: true, dataTransfer: data }}));
        for (const event of fired) document.querySelector(".lab-answer").dispatchEvent(event);
        return fired.every((event) => event.defaultPrevented);
    }}"""
    assert page.evaluate(drop, None) is True  # or the browser would leave the page for it
    assert say(page).startswith("사진의 주소만 왔습니다.") and heard(page) == say(page)
    assert answers(page) == [] and asked == []
    assert page.evaluate(drop, letters(saved(test_pictures.quarters()))) is True
    assert len(answers(page)) == 5 and asked == []


AVIF = {
    "plain": lambda: saved(test_pictures.quarters().resize((120, 80)), "AVIF", quality=95),
    "clear": lambda: saved(Image.new("RGBA", (40, 30), (255, 0, 0, 0)), "AVIF"),
    "moving": lambda: saved(
        Image.new("RGB", (64, 64), "red"),
        "AVIF",
        save_all=True,
        append_images=[Image.new("RGB", (64, 64), "blue")],
    ),
}


@pytest.mark.parametrize("name", AVIF)
def test_avif(opened, name):
    page = opened()
    content = AVIF[name]()
    picture = Image.open(io.BytesIO(content)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    wanted = np.asarray(Image.alpha_composite(white, picture).convert("RGB"), int)
    (came,) = seen(page, content)
    assert came.shape == wanted.shape and abs(came - wanted).max() <= 12
    choose(page, "사진 열기", ("x.avif", content))
    assert len(answers(page)) == 5
    for size in (12, 16, 40, len(content) // 2, len(content) - 1):
        choose(page, "사진 열기", ("x.avif", content[:size]))
        assert say(page).startswith(BROKEN), size
    page.evaluate(
        "() => { window.createImageBitmap = () => Promise.reject(new Error('unknown')); }"
    )
    choose(page, "사진 열기", ("x.avif", content))
    assert (
        say(page) == "이 브라우저는 이 AVIF 사진을 열지 못합니다. JPEG나 PNG로 바꾸어 다시 엽니다."
    )


def test_the_network_is_fetched_once(opened, bare_page):
    page = opened("about:blank")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script("navigator.connection.__defineGetter__('saveData', () => true)")
    page.goto(bare_page(BODY, SCRIPTS).as_uri())
    page.wait_for_load_state("networkidle")
    assert not any("models/" in url for url in asked)
    choose(page, "사진 열기", ("x.png", b"no picture"))
    assert say(page).startswith(NONE)
    assert not any("models/" in url for url in asked)
    for name in ("배", "말"):
        page.get_by_role("button", name=f"그려 둔 그림 {name}").click()
        assert len(answers(page)) == 5
    assert sum("models/" in url for url in asked) == 1


def test_without_the_network_s_file(opened, bare_page, root):
    path = bare_page(BODY, SCRIPTS)
    place = path.parent / "lab/models/cifar10.js"
    good = place.read_bytes()
    for bad in ("", "cnnlab.addModel('cifar10', {layers: 3});"):
        place.write_text(bad, encoding="utf-8")
        page = opened(path.as_uri())
        page.get_by_role("button", name="그려 둔 그림 배").click()
        assert ("가져오지 못했습니다" in say(page)) == (not bad)
        assert "lab-error" in page.locator(".lab-answer").get_attribute("class")
        place.write_bytes(good)
        if not bad:  # it is fetched again
            page.get_by_role("button", name="그려 둔 그림 배").click()
            assert len(answers(page)) == 5


def test_no_other_host_under_a_strict_policy(watched):
    choose(watched, "사진 열기", ("x.jpg", saved(test_pictures.quarters(), "JPEG")))
    assert len(answers(watched)) == 5


# --- the reader's own model -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(keras):
    """A small model that learned seven colours, and its class names, of no language's classes."""
    names = ["red_one", "초록", "blue", "yellow", "<b>violet</b>", "white", "black"]
    colours = [(220, 30, 30), (30, 180, 60), (40, 60, 220), (230, 220, 40), (150, 40, 200)]
    colours = np.array([*colours, (240, 240, 240), (20, 20, 20)])
    random = np.random.default_rng(0)
    labels = np.arange(700) % 7
    noise = random.normal(0, 40, (700, 24, 20, 3))
    images = (colours[labels][:, None, None] + noise).clip(0, 255).astype(np.float32)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((24, 20, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(7, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(images, labels, epochs=4, verbose=0)
    assert model.evaluate(images, labels, verbose=0)[1] > 0.8
    return model, names


@pytest.mark.parametrize("suffix", ["json", "js"])
def test_the_whole_way(opened, own, tmp_path, suffix):
    """Train, export, open the file in the page, open a picture: the answers are Keras's."""
    model, names = own
    path = web.export(model, names, tmp_path / f"colours.{suffix}", input_range=(0, 255))
    page = opened()
    choose(page, "내 모델 열기", path)
    assert say(page) == "모델을 열었습니다. 이제 사진을 엽니다."
    about = page.locator(".lab-top5-model p").text_content()
    assert f"파라미터 {model.count_params():,}개, 입력 24×20×3, 클래스 7개" in about
    shown = [name.replace("_", " ") for name in names]
    for name, content in list(gallery())[::4]:
        choose(page, "사진 열기", (name, content))
        picture = pictures.open_picture(io.BytesIO(content))
        assert_same(answers(page), pictures.best_answers(picture, model, shown))
    assert page.evaluate("document.querySelectorAll('image-top5 b').length") == 0
    before = answers(page)
    page.get_by_role("button", name="이 책의 신경망으로").click()
    after = answers(page)  # of the same picture
    assert len(after) == 5 and after != before and all(english(name) for name, _ in after)
    assert "CIFAR-10" in page.locator(".lab-top5-model p").text_content()
    assert not page.get_by_role("button", name="이 책의 신경망으로").is_visible()


def test_chapter_s_model(opened, keras, tmp_path):
    """The recipe of chapter 17, with its model: eight classes, five answers."""
    base = models.pretrained_base((32, 32, 3))
    model = keras.Model(base.input, keras.layers.Dense(8, "softmax")(base.output))
    models.load_weights(model, "17-flowers")
    flowers = datasets.load("flowers")
    path = web.export(model, flowers.class_names, tmp_path / "flowers.json", input_range=(0, 255))
    page = opened()
    choose(page, "내 모델 열기", path)
    for image in flowers.x_test[:8]:
        content = saved(Image.fromarray(image))
        choose(page, "사진 열기", ("flower.png", content))
        picture = pictures.open_picture(io.BytesIO(content))
        assert_same(answers(page), pictures.best_answers(picture, model, flowers.class_names))


def test_grey_few_classes_and_other_ranges(opened, keras, tmp_path):
    """One channel, three classes, pixels from -1 to 1; two classes of one sigmoid unit."""
    layers = keras.layers
    page = opened()
    content = KINDS["RGBA"]
    picture = pictures.open_picture(io.BytesIO(content))
    pixels = np.asarray(picture.resize((16, 12), Image.Resampling.BILINEAR).convert("L"))
    for units, ending in ((3, "softmax"), (1, "sigmoid")):
        keras.utils.set_random_seed(units)
        model = keras.Sequential(
            [keras.Input((12, 16, 1)), layers.Conv2D(4, 3), layers.Flatten()]
            + [layers.Dense(units, activation=ending)]
        )
        names = ["no", "yes", "perhaps"][: max(units, 2)]
        web.export(model, names, tmp_path / "grey.json", input_range=(-1, 1))
        choose(page, "내 모델 열기", tmp_path / "grey.json")
        choose(page, "사진 열기", ("x.png", content))
        answer = np.asarray(model(pixels[None, ..., None] / 127.5 - 1.0))[0]
        probabilities = [1 - answer[0], answer[0]] if units == 1 else answer
        wanted = sorted(zip(names, probabilities, strict=True), key=lambda pair: -pair[1])
        assert_same(answers(page), wanted)
        assert len(answers(page)) == max(units, 2)


def hostile(good):
    """Yield (the text of a file, a word of the sentence that refuses it)."""
    text = json.dumps(good)
    yield "", "JSON"
    yield "no model", "JSON"
    yield text[: len(text) // 2], "JSON"
    yield text + "x", "JSON"
    yield "window.evil = 1", "JSON"
    yield f'cnnlab.addModel("x", {text}); window.evil = 1;', "JSON"
    yield f'window.evil = 1; cnnlab.addModel("x", {text});', "JSON"
    yield 'cnnlab.addModel("x", (() => { window.evil = 1; return {}; })());', "JSON"
    yield "[]", "객체"
    yield "null", "객체"
    yield '{"format": "cnnbook-model"}', "필드"
    yield json.dumps({**good, "version": 2}), "버전 2"
    yield json.dumps({**good, "evil": "<img src=x onerror='window.evil = 1'>"}), "evil"
    yield json.dumps({**good, "weights": good["weights"][:-8]}), "가중치"
    yield json.dumps({**good, "weights": "<" + good["weights"][1:]}), "가중치"
    yield json.dumps({**good, "classNames": good["classNames"][:3]}), "클래스"
    yield json.dumps({**good, "inputRange": [0, "1; window.evil = 1"]}), "inputRange"
    yield text.replace('"Conv2D"', '"Lambda"'), "Lambda"
    yield text.replace('"Conv2D"', '"__proto__"'), "__proto__"
    yield text.replace('"filters": 8', '"filters": 800000000'), "filters"
    yield text.replace("[24, 20, 3]", "[9000, 9000, 3]"), "한도"
    yield text.replace("[24, 20, 3]", "[24, 20, 3, 1]"), "축"
    yield text.replace('"inputs": []', '"inputs": ["conv"]', 1), "없습니다"


def test_hostile_files_are_refused(opened, own):
    model, names = own
    good = web.manifest(model, names, input_range=(0, 255))
    page = opened()
    page.evaluate("window.evil = 0")
    choose(page, "내 모델 열기", ("good.json", json.dumps(good).encode()))
    assert say(page).startswith("모델을 열었습니다")
    about = page.locator(".lab-top5-model p").text_content()
    count = 0
    for text, word in hostile(good):
        choose(page, "내 모델 열기", ("model.json", text.encode()))
        assert word in say(page), text[:80]
        assert "lab-error" in page.locator(".lab-answer").get_attribute("class")
        count += 1
    choose(page, "내 모델 열기", ("model.json", saved(test_pictures.quarters())))
    assert "JSON" in say(page)
    said = page.evaluate("""async () => {
        const widget = document.querySelector("image-top5");
        await widget.openModel({ size: 1e12, text() { throw new Error("read"); } });
        return widget.answer.textContent;
    }""")
    assert "한도는 100000000입니다" in said
    assert count > 20 and page.evaluate("window.evil") == 0
    # The model that was open before is still there.
    assert page.locator(".lab-top5-model p").text_content() == about
    page.get_by_role("button", name="그려 둔 그림 배").click()
    assert len(answers(page)) == 5


@pytest.mark.parametrize("shape", [(6,), (8, 8, 4), (8, 8), (2, 4, 4, 3)])
def test_models_that_see_no_pictures(opened, keras, tmp_path, shape):
    layers = keras.layers
    model = keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(2)])
    page = opened()
    choose(page, "내 모델 열기", web.export(model, ["a", "b"], tmp_path / "x.json"))
    size = "×".join(map(str, shape))
    assert say(page).startswith(f"입력의 크기가 {size}인 모델입니다.")


# --- a large model --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def densenet(keras, tmp_path_factory):
    """Chapter 17's network of 120 breeds with a mean instead of Flatten, for pictures of 64×64.

    The layers are those for 224×224; only the maps are smaller. Its weights are exact in float16.
    """
    keras.utils.set_random_seed(0)
    body = keras.applications.DenseNet121(include_top=False, weights=None, input_shape=(64, 64, 3))
    head = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(120, "softmax")]
    model = keras.Sequential(
        [keras.Input((64, 64, 3)), keras.layers.Rescaling(1 / 255), body, *head]
    )
    assert model.count_params() == 7_160_504
    scales = [100 if weight.shape == (1024, 120) else 1 for weight in model.weights]
    model.set_weights(
        [
            (scale * weight).astype(np.float16).astype(np.float32)
            for scale, weight in zip(scales, model.get_weights(), strict=True)
        ]
    )
    path = tmp_path_factory.mktemp("densenet") / "breeds.json"
    return model, web.export(model, datasets.load("breeds"), path, input_range=(0, 255))


def test_densenet121(opened, densenet):
    model, path = densenet
    page = opened()
    # Every length of the bar, seen between two slices of the work: the page lives meanwhile.
    page.evaluate("""() => {
        const widget = document.querySelector("image-top5");
        Object.assign(window, { lengths: [], output: null });
        const look = () => {
            if (!widget.working.hidden) lengths.push(widget.progress.value);
            requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
        const { prototype } = cnnlab.Model, run = prototype.run;
        prototype.run = async function (...given) {
            const found = await run.apply(this, given);
            window.output = Array.from(found.probabilities);
            return found;
        };
    }""")
    choose(page, "내 모델 열기", path)
    assert say(page).startswith("모델을 열었습니다")
    for name in ("coffee", "rocket"):
        page.evaluate("lengths.length = 0")
        content = saved(Image.fromarray(datasets.load("photographs")[name]))
        choose(page, "사진 열기", (name, content))
        came = answers(page)
        picture = pictures.open_picture(io.BytesIO(content))
        pixels = np.asarray(picture.resize((64, 64), Image.Resampling.BILINEAR), np.float32)
        wanted = np.asarray(model(pixels[None], training=False))[0]
        small = seen(page, content, (64, 64))[1].astype(np.float32)
        output = np.array(page.evaluate("output"))
        assert abs(output - np.asarray(model(small[None], training=False))[0]).max() < 1e-4
        assert wanted.max() > 0.02 and abs(output - wanted).max() < 0.01  # a pixel may differ by 1
        best = [model_name.replace("_", " ") for model_name in datasets.load("breeds")]
        assert came[0][0] in {best[place] for place in np.argsort(-wanted)[:5]}
        lengths = page.evaluate("lengths")
        assert len(set(lengths)) > 5 and lengths == sorted(lengths)
    milliseconds = page.evaluate("document.querySelector('image-top5').milliseconds")
    print(f"{path.stat().st_size:,} bytes; 64×64: {milliseconds / 1000:.1f} s")
    assert not page.locator("progress").is_visible()


@pytest.mark.parametrize("how", ["button", "Escape", "another"])
def test_cancel(opened, densenet, how):
    page = opened()
    choose(page, "내 모델 열기", densenet[1])
    say(page)
    # Slower than it is, so that there is time to press.
    page.evaluate("""() => {
        const { prototype } = cnnlab.Model, run = prototype.run;
        prototype.run = function (data, options) {
            if (!window.quick) options = { ...options, sliceMs: 0 };
            return run.call(this, data, options);
        };
    }""")
    page.get_by_role("button", name="그려 둔 그림 배").click()
    stop = page.get_by_role("button", name="그만두기")
    stop.wait_for()
    assert heard(page) == "신경망이 계산하는 중입니다."
    until(page, "document.querySelector('progress').value > 0")
    if how == "another":
        page.evaluate("window.quick = true")
        page.get_by_role("button", name="그려 둔 그림 말").click()
        assert len(answers(page)) == 5
        assert say(page).startswith("첫째 답은")
        return
    if how == "button":
        stop.click()
    else:
        stop.focus()
        page.keyboard.press("Escape")
    assert say(page) == heard(page) == "계산을 그만두었습니다."
    assert answers(page) == [] and not stop.is_visible()
    page.get_by_role("button", name="이 책의 신경망으로").click()
    assert len(answers(page)) == 5  # of the same picture


# --- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1000, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible_and_no_sideways_scroll(opened, axe, own, tmp_path, scheme, width):
    page = opened(width=width, scheme=scheme, motion="reduce")
    assert axe(page) == []
    page.get_by_role("button", name="그려 둔 그림 말").click()
    assert len(answers(page)) == 5
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    choose(page, "사진 열기", ("x.png", b"no picture"))
    assert say(page).startswith(NONE)
    assert axe(page) == []
    # Names as long as an export allows, in a narrow place.
    model, _ = own
    web.export(model, ["W" * 200] * 7, tmp_path / "long.json", input_range=(0, 255))
    choose(page, "내 모델 열기", tmp_path / "long.json")
    choose(page, "사진 열기", ("strip.png", KINDS["upright strip"]))
    assert len(answers(page)) == 5
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelector('image-top5').working.hidden = false")
    assert axe(page) == []
    for button in page.get_by_role("button").all():
        assert button.bounding_box()["height"] >= 24
    nothing_moves(page)


def test_the_page_has_the_committed_weights(root, keras, tmp_path):
    from tools.recipes.lab_cifar10 import export

    shipped = root / "book/_assets/lab/models/cifar10.js"
    assert shipped.read_bytes() == export(tmp_path / "cifar10.js").read_bytes()
    assert shipped.stat().st_size <= 800_000


def test_the_page_loads_what_the_widget_needs(root):
    text = (root / "book/_assets/book.js").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if '"image-top5"' in line)
    assert re.findall(r'"([^"]+)"', line) == ["image-top5", "text.js", *SCRIPTS]
