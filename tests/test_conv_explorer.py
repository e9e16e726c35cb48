"""<conv-explorer> in a browser: every number against cnnbook.ops, and every way to use it."""

import ast
import itertools
import json
import re

import numpy as np
import pytest
import scipy.signal

from cnnbook import datasets, ops

SCRIPTS = ("engine.js", "conv-explorer.js")
PADDINGS = ("valid", "same", "full", "1", "2")
# What a reader sees of an explorer with these attributes, at every step.
LOOK = """attributes => {
    const explorer = document.createElement("conv-explorer");
    for (const [name, value] of Object.entries(attributes)) explorer.setAttribute(name, value);
    document.querySelector("main").append(explorer);
    const tables = kind => [...explorer.querySelectorAll(`.lab-conv-${kind} table`)].filter(
        table => !table.closest(".lab-conv-idle"));
    const numbers = kind => tables(kind).map(table => [...table.rows].map(row =>
        [...row.cells].map(cell => cell.textContent)));
    const marks = (kind, mark) => tables(kind).map(table => [...table.rows].map(row =>
        [...row.cells].map(cell => cell.classList.contains(`lab-conv-${mark}`))));
    const next = [...explorer.querySelectorAll(".lab-conv-player button")].at(-2);
    const steps = [];
    for (;;) {
        if (explorer.querySelector(".lab-conv-map")) steps.push({
            sentence: explorer.querySelector(".lab-conv-sentence").textContent,
            tapped: marks("input", "tapped"), windows: numbers("window"), winners: marks("window", "winner"),
            kernels: numbers("kernel"), products: numbers("product"), sums: numbers("sum"),
            filled: [...explorer.querySelectorAll(".lab-conv-map td")].filter(cell => cell.textContent).length,
            current: explorer.querySelector(".lab-conv-current").textContent});
        if (next.disabled || next.getAttribute("aria-disabled") === "true") break;
        next.click();
    }
    const seen = {steps, inputs: numbers("input"), padding: marks("input", "padding")[0],
        unmet: marks("input", "unmet")[0], maps: numbers("map"),
        sizes: [...explorer.querySelectorAll(".lab-conv-sizes tbody tr")].map(
            row => [...row.cells].map(cell => cell.textContent).join(" ")),
        leftover: explorer.querySelector(".lab-conv-leftover").textContent,
        problem: explorer.querySelector(".lab-conv-problem")?.textContent};
    explorer.remove();
    return seen;
}"""


@pytest.fixture
def open_page(browser, bare_page):
    """Return a function that opens a bare page with explorers and watches it until the test ends."""
    contexts, said = [], []

    def opened(body="", language="ko", **options):
        context = browser.new_context(**{"reduced_motion": "reduce", **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(bare_page(body, SCRIPTS, language).as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


def explorer(**attributes):
    words = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f"<conv-explorer {words}></conv-explorer>"


def written(array):
    """Write numbers as the attributes take them: (y, x), (y, x, channel) or (…, filter)."""
    if array.ndim > 2:
        sign = {3: "|", 4: ";"}[array.ndim]
        return sign.join(written(part) for part in np.moveaxis(array, -1, 0))
    return "/".join(" ".join(f"{number:g}" for number in row) for row in array)


def read(cells):
    """Read a table's numbers; a cell without one is NaN."""
    return np.array(
        [[float(cell.replace("−", "-")) if cell else np.nan for cell in row] for row in cells]
    )


def same(shown, expected):
    """Compare what is shown, four decimals at most, with what was computed."""
    return np.shape(shown) == np.shape(expected) and np.allclose(
        shown, expected, rtol=0, atol=0.5001e-4, equal_nan=True
    )


def lay_axis(size, taps, stride, padding, dilation):
    """Return (zeros before, zeros after, [padded places that a window meets, one window each])."""
    span = (taps - 1) * dilation + 1
    places = ops.output_size(size, taps, stride, padding, dilation)
    total = {"valid": 0, "full": 2 * (span - 1)}.get(padding)
    if padding == "same":
        total = max(0, (places - 1) * stride + span - size)
    elif total is None:
        total = 2 * padding
    met = [[place * stride + tap * dilation for tap in range(taps)] for place in range(places)]
    return total // 2, total - total // 2, met


def settings():
    """Yield settings of all kinds with numbers drawn for each: (image, kernels, bias, settings)."""
    rng = np.random.default_rng(5)
    taps = [(1, 1), (2, 2), (3, 3), (2, 3), (4, 1)]
    for n, (window, stride, dilation, padding) in enumerate(
        itertools.product(taps, (1, 2, 3), (1, 2), PADDINGS)
    ):
        channels, filters = 1 + n % 3 // 2, 1 + n % 4 // 3
        image = rng.integers(-9, 10, (4 + n % 3, 5 + n % 2, channels)) / (1, 4)[n % 2]
        kernels = rng.integers(-5, 6, (*window, channels, filters)) / (1, 8)[n % 5 == 0]
        bias = rng.integers(-3, 4, filters)
        padding = int(padding) if padding.isdigit() else padding
        yield image, kernels, bias, dict(strides=stride, padding=padding, dilation_rate=dilation)


def test_every_number_of_a_convolution(open_page):
    page, refused = open_page(), 0
    for image, kernels, bias, how in settings():
        stride, padding, dilation = how.values()
        attributes = {"data": written(image), "kernel": written(kernels), "stride": stride}
        attributes |= {"bias": " ".join(map(str, bias)), "padding": padding, "dilation": dilation}
        seen = page.evaluate(LOOK, attributes)
        try:
            expected = ops.conv2d(image[None], kernels, bias, **how)[0]
        except ValueError:
            refused += 1
            assert "설 자리가 없습니다" in seen["problem"] and seen["steps"] == []
            assert np.all(seen["unmet"])
            continue

        assert len(seen["maps"]) == kernels.shape[3]
        for map_, cells in enumerate(seen["maps"]):
            assert same(read(cells), expected[..., map_]), attributes
        axes = [
            lay_axis(size, taps, stride, padding, dilation)
            for size, taps in zip(image.shape[:2], kernels.shape[:2], strict=True)
        ]
        pads = [(before, after) for before, after, _ in axes]
        padded = np.pad(image, [*pads, (0, 0)])
        assert same([read(cells) for cells in seen["inputs"]], np.moveaxis(padded, -1, 0))
        real = np.pad(np.ones(image.shape[:2], bool), pads)
        assert np.array_equal(seen["padding"], ~real)
        check_leftover(seen, axes, image.shape)
        check_sizes(seen["sizes"], image.shape, kernels.shape, axes, how)

        places = itertools.product(range(kernels.shape[3]), axes[0][2], axes[1][2])
        for number, (step, (map_, rows, columns)) in enumerate(
            zip(seen["steps"], places, strict=True)
        ):
            window = padded[np.ix_(rows, columns)]
            products = window * kernels[..., map_]
            for name, arrays in [
                ("windows", window),
                ("kernels", kernels[..., map_]),
                ("products", products),
                ("sums", products.sum(axis=(0, 1), keepdims=True)),
            ]:
                assert same([read(cells) for cells in step[name]], np.moveaxis(arrays, -1, 0)), name
            tapped = np.zeros(padded.shape[:2], bool)
            tapped[np.ix_(rows, columns)] = True
            assert all(np.array_equal(tapped, marks) for marks in step["tapped"])
            assert step["filled"] == number + 1
            total = products.sum() + bias[map_]
            assert same(read([[step["current"]]]), [[total]])
            assert same(read([[re.split("[=≈] ", step["sentence"])[1]]]), [[total]])
            check_equation(step["sentence"], total)
    assert refused > 0


def check_equation(sentence, total):
    """Compute what the sentence says; its terms may be rounded to four decimals."""
    terms = sentence.split(":")[1].replace("채널의 합", "").replace("편향", "")
    left = re.split("[=≈]", terms.replace("−", "-").replace("·", "*"))[0]
    assert re.fullmatch(r"[-+*(). \d]+", left)
    assert np.isclose(eval(left), total, atol=1e-3)  # digits and signs only: see the line above


def check_leftover(seen, axes, shape):
    met = [{at for window in axis[2] for at in window} for axis in axes]
    height, width = np.shape(seen["unmet"])
    unmet = [[y not in met[0] or x not in met[1] for x in range(width)] for y in range(height)]
    assert seen["unmet"] == unmet
    said = []
    for axis, name in enumerate(("행", "열")):
        before = axes[axis][0]
        lines = [n for n in range(shape[axis]) if n + before not in met[axis]]
        if lines:
            said.append(", ".join(map(str, lines)) + name)
    sentence = f"어느 창도 닿지 않습니다: 입력의 {'과 '.join(said)}."
    assert (sentence in seen["leftover"]) == bool(said)
    outside = []
    for axis, names in enumerate((("위", "아래"), ("왼쪽", "오른쪽"))):
        before, after, _ = axes[axis]
        end = before + shape[axis]
        for name, lines in zip(names, (range(before), range(end, end + after)), strict=True):
            count = sum(line not in met[axis] for line in lines)
            outside += [f"{name} {count}줄"] if count else []
    assert (
        f"빗금 친 덧댄 칸도 쓰이지 않습니다: {', '.join(outside)}." in seen["leftover"]
    ) == bool(outside)
    assert (seen["leftover"] == "어느 칸에나 창이 닿습니다.") == (not said and not outside)


def check_sizes(lines, shape, kernel_shape, axes, how):
    stride, _, dilation = how.values()
    for axis, line in enumerate(lines):
        n, k, (before, after, met) = shape[axis], kernel_shape[axis], axes[axis]
        window = f"({dilation}·({k} − 1) + 1)" if dilation > 1 else k
        formula = f"⌊({n} + {before} + {after} − {window}) / {stride}⌋ + 1 = {len(met)}"
        rest = (n + before + after - (k - 1) * dilation - 1) % stride
        assert line.split()[1:] == [*formula.split(), str(rest)]


@pytest.mark.parametrize("mode", ["max", "average", "min"])
def test_every_number_of_pooling(open_page, mode):
    page, rng = open_page(), np.random.default_rng(6)
    refused = 0
    for size, stride, padding in itertools.product((1, 2, 3), (1, 2, 3), PADDINGS):
        image = rng.integers(-9, 10, (5, 6, 1 + size % 2))
        attributes = {"data": written(image), "operation": mode, "size": size, "stride": stride}
        seen = page.evaluate(LOOK, {**attributes, "padding": padding, "dilation": "2"})
        how = {"strides": stride, "padding": int(padding) if padding.isdigit() else padding}
        try:
            expected = ops.pool2d(image[None], size, mode=mode, **how)[0]
        except ValueError:
            refused += 1
            assert "패딩을 줄입니다" in seen["problem"] and seen["steps"] == []
            continue
        assert same([read(cells) for cells in seen["maps"]], np.moveaxis(expected, -1, 0))
        axes = [lay_axis(n, size, stride, how["padding"], 1) for n in image.shape[:2]]
        padded = np.pad(
            image.astype(float), [*[a[:2] for a in axes], (0, 0)], constant_values=np.nan
        )
        places = itertools.product(range(image.shape[2]), axes[0][2], axes[1][2])
        for step, (channel, rows, columns) in zip(seen["steps"], places, strict=True):
            window = padded[np.ix_(rows, columns)][..., channel]
            assert len(step["windows"]) == 1 and same(read(step["windows"][0]), window)
            best = {"max": np.nanmax, "min": np.nanmin}.get(mode)
            first = [np.flatnonzero(window == best(window))[0]] if best else []
            assert np.flatnonzero(step["winners"][0]).tolist() == first
    assert refused > 0


def test_flipping_is_the_other_convolution(open_page):
    page, rng = open_page(), np.random.default_rng(7)
    for height, width in [(2, 2), (3, 2), (3, 3)]:
        image, kernel = rng.integers(-5, 6, (5, 6)), rng.integers(-5, 6, (height, width))
        attributes = {"data": written(image), "kernel": written(kernel)}
        seen = page.evaluate(LOOK, {**attributes, "flip": "on"})
        expected = scipy.signal.convolve2d(image, kernel, mode="valid")
        assert same(read(seen["maps"][0]), expected)
        shown, flipped = seen["steps"][0]["kernels"]
        assert same(read(shown), kernel) and same(read(flipped), kernel[::-1, ::-1])
        plain = page.evaluate(LOOK, attributes)  # off unless asked for, as in deep learning
        assert same(read(plain["maps"][0]), ops.correlate2d(image, kernel))


# --- the examples are the chapters' own -------------------------------------------------------


def from_chapter(root, stem, *names):
    """Return what a chapter's cells assign to these names, in the chapter's order."""
    notebook = json.loads((root / f"book/ko/{stem}.ipynb").read_text("utf-8"))
    found = {"np": np}
    for cell in notebook["cells"]:
        code = "".join(cell["source"])
        if cell["cell_type"] != "code" or "%pip" in code:
            continue
        for node in ast.parse(code).body:
            targets = [t.id for t in getattr(node, "targets", []) if isinstance(t, ast.Name)]
            if set(targets) & set(names) - set(found):
                exec(compile(ast.Module([node], []), stem, "exec"), found)
    return [found[name] for name in names]


def test_examples_of_the_chapters(open_page, root):
    page = open_page()

    def check(example, image, kernels, **how):
        image = np.asarray(image).reshape(*np.shape(image)[:2], -1)
        kernels = np.asarray(kernels).reshape(*np.shape(kernels)[:2], image.shape[2], -1)
        seen = page.evaluate(LOOK, {"example": example, "view": "numbers"})
        assert same([read(cells) for cells in seen["inputs"]], np.moveaxis(image, -1, 0))
        expected = ops.conv2d(image[None], kernels, **how)[0]
        assert same([read(cells) for cells in seen["maps"]], np.moveaxis(expected, -1, 0))

    image, kernel, grey, weights, bias, line, edge = from_chapter(
        root, "03-convolution", "image", "kernel", "grey", "filter_weights", "bias", "vertical", "vertical_edge"
    )  # fmt: skip
    check("numbers", image, kernel)
    check("bias", grey, weights, bias=[bias])
    check("circle", datasets.load("circle"), line)
    camera = datasets.load("photographs")["camera"][56:224, 130:310, 0]
    check("photograph", camera.reshape(14, 12, 15, 12).mean(axis=(1, 3)).round(), edge)
    from sklearn.datasets import load_digits

    check("digit", load_digits().images[3], edge.T)
    image5, kernel3 = from_chapter(root, "04-padding-stride", "image5", "kernel3")
    check("stride", image5, kernel3, strides=2)
    check("leftover", np.arange(1, 37).reshape(6, 6), kernel3, strides=2)
    *_, image, kernel = from_chapter(
        root, "05-channels-filters", "red", "green", "blue", "for_red", "for_green", "for_blue", "image", "kernel"
    )  # fmt: skip
    check("channels", image, kernel)
    for example, name, size, stride in [
        ("pooling", "second_map", 2, 2),
        ("overlap", "overlapping", 3, 1),
    ]:
        [feature_map] = from_chapter(root, "06-pooling", name)
        seen = page.evaluate(LOOK, {"example": example})
        assert same(read(seen["inputs"][0]), feature_map)
        assert same(read(seen["maps"][0]), ops.pool2d_loop(feature_map, size, stride))


def test_two_filters_say_what_chapter_05_prints(open_page, root):
    seen = open_page().evaluate(LOOK, {"example": "two-filters"})
    notebook = json.loads((root / "book/ko/05-channels-filters.ipynb").read_text("utf-8"))
    outputs = [out for cell in notebook["cells"] for out in cell.get("outputs", ())]
    printed = "".join(line for out in outputs for line in out.get("text", ()))
    lines = re.findall(r"filter \d, row \d, column \d:.*", printed)
    assert len(lines) == len(seen["steps"]) == 18
    for line, step in zip(lines, seen["steps"], strict=True):
        map_, row, column, *sums, bias, total = map(int, re.findall(r"-?\d+", line))
        assert [read(cells).item() for cells in step["sums"]] == sums
        assert float(seen["maps"][map_][row][column].replace("−", "-")) == total
        assert step["sentence"].startswith(f"필터 {map_}, {row}행 {column}열: 채널의 합 ")
        check_equation(step["sentence"].split(",", 1)[1], sum(sums) + bias)
        assert sum(sums) + bias == total
    padded, filter0, filter1 = from_chapter(
        root, "05-channels-filters", "volume", "padded", "filter0", "filter1"
    )[1:]
    assert same([read(cells) for cells in seen["inputs"]], np.moveaxis(padded, -1, 0))
    for step, kernel in [(seen["steps"][0], filter0), (seen["steps"][9], filter1)]:
        assert same([read(cells) for cells in step["kernels"]], np.moveaxis(kernel, -1, 0))


def test_kernels_to_choose(open_page):
    """Each named kernel at each size it comes in, on a picture of one bright pixel."""
    dot = np.zeros((5, 5))
    dot[2, 2] = 1
    page = open_page()
    shapes = {
        "vertical-line": [[0, 1, 0]] * 3,
        "horizontal-line": [[0, 0, 0], [1, 1, 1], [0, 0, 0]],
        "falling-line": np.eye(3),
        "rising-line": np.eye(3)[::-1],
        "vertical-edge": [[0, 0, 0], [-1, 1, 0], [0, 0, 0]],
        "horizontal-edge": [[0, -1, 0], [0, 1, 0], [0, 0, 0]],
        "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    }
    sized = {"ones": lambda k: np.ones((k, k)), "blur": lambda k: np.full((k, k), 1 / k**2)}
    cases = [(name, 3, np.array(kernel)) for name, kernel in shapes.items()]
    cases += [(name, k, make(k)) for name, make in sized.items() for k in range(1, 6)]
    for name, size, kernel in cases:
        attributes = {"data": written(dot), "kernel": name, "size": size, "padding": "same"}
        seen = page.evaluate(LOOK, attributes)
        expected = ops.conv2d(dot[None, ..., None], kernel[..., None, None], padding="same")
        assert same(read(seen["maps"][0]), expected[0, ..., 0]), name
    for size in range(1, 6):
        attributes = {"data": written(dot), "kernel": "identity", "size": size, "padding": "same"}
        assert same(read(page.evaluate(LOOK, attributes)["maps"][0]), dot), size


# --- by hand: choosing, typing, keys, touch, reading aloud ------------------------------------


def rows(page, kind="map"):
    """Return a grid's cells as they read, row by row."""
    lines = page.locator(f".lab-conv-{kind} tr").all()
    return [line.locator("td").all_inner_texts() for line in lines]


def choose(page, name, value):
    page.locator(f"select[name={name}]").select_option(str(value))


def test_choosing(open_page):
    page = open_page(explorer(), viewport={"width": 1280, "height": 900})
    fill = page.get_by_role("button", name="모두 채우기")
    assert rows(page) == [["4", ""], ["", ""]]
    fill.click()
    assert rows(page) == [["4", "6"], ["10", "12"]]
    choose(page, "padding", "same")  # a full map stays full
    assert rows(page) == [["4", "6", "15"], ["10", "12", "24"], ["7", "8", "9"]]
    choose(page, "stride", 2)
    assert rows(page) == [["4", "15"], ["7", "9"]]
    choose(page, "padding", "valid")
    choose(page, "stride", 1)
    choose(page, "kernel", "ones")
    assert rows(page) == [["12", "16"], ["24", "28"]]
    choose(page, "size", 3)
    assert rows(page) == [["45"]]
    choose(page, "height", 4)
    choose(page, "width", 5)
    assert rows(page, "input")[3] == ["16", "17", "18", "19", "20"]
    choose(page, "dilation", 2)
    assert page.locator(".lab-conv-problem").count() == 1
    assert page.get_by_role("button", name="재생").count() == 0 and fill.is_disabled()
    choose(page, "operation", "max")
    assert rows(page) == [["13"] + [""] * 2, [""] * 3]  # the dilation is a convolution's
    for name in ("kernel", "flip", "dilation"):
        assert page.locator(f"select[name={name}]").is_disabled()
    choose(page, "example", "two-filters")
    choose(page, "kernel", "identity")  # for the filter in the window
    page.get_by_role("button", name="모두 채우기").click()
    assert page.locator("select[name=kernel]").input_value() == "own"
    page.get_by_role("button", name="처음", exact=True).click()
    assert page.locator("select[name=kernel]").input_value() == "identity"
    page.get_by_role("button", name="처음 값으로").click()
    assert page.locator("select[name=example]").input_value() == "numbers"
    assert rows(page)[0][0] == "4"


def test_every_choice_in_both_languages(open_page):
    """No choice fails for want of a sentence, and none leaves a word of code."""
    for language in ("ko", "en"):
        page = open_page(explorer(), language, viewport={"width": 1280, "height": 900})
        for example in page.locator("select[name=example] option:enabled").all():
            choose(page, "example", example.get_attribute("value"))
            for name in ("view", "operation", "kernel", "flip", "padding", "stride", "dilation"):
                select = page.locator(f"select[name={name}]")
                for option in select.locator("option:enabled").all():
                    if select.is_enabled():
                        select.select_option(option.get_attribute("value"))
                        assert select.input_value() == option.get_attribute("value")
        text = page.locator("conv-explorer").inner_text()
        assert "undefined" not in text and "NaN" not in text and "{" not in text
        assert bool(re.search("[가-힣]", text)) == (language == "ko")


def test_typing_numbers(open_page):
    page = open_page(explorer(), viewport={"width": 1280, "height": 900})
    page.get_by_role("button", name="모두 채우기").click()
    page.get_by_role("button", name="수 고치기").click()
    before = [["4", "6"], ["10", "12"]]
    field = page.get_by_label("입력 채널 0, 0행 0열")
    error = page.locator(".lab-error")
    for words in ("abc", "", "1e3", "10000", "0.00001", "--1", "1 2", "Infinity", "0x10"):
        field.fill(words)
        field.press("Tab")
        assert f"“{words}”: −9999부터 9999까지의 수" in error.inner_text()
        assert field.get_attribute("aria-invalid") == "true"
        assert rows(page) == before
    for words, first in [
        ("2", "5"),
        ("−2.5", "0.5"),
        ("-.25", "2.75"),
        ("+9999", "10002"),
        ("1", "4"),
    ]:
        field.fill(words)
        field.press("Tab")
        assert error.inner_text() == "" and field.get_attribute("aria-invalid") == "false"
        assert rows(page) == [[first, "6"], ["10", "12"]]
    page.get_by_label("커널 채널 0, 1행 1열").fill("0.3333")
    page.get_by_label("편향", exact=True).fill("0.5")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expected = (
        ops.correlate2d(np.arange(1, 10).reshape(3, 3), np.array([[1, 0], [2, 0.3333]])) + 0.5
    )
    assert same(read(rows(page)), expected)
    assert page.locator("select[name=kernel]").input_value() == "own"
    page.get_by_role("button", name="수 고치기").click()
    assert page.locator("td input").count() == 0 and same(read(rows(page)), expected)
    page.get_by_role("button", name="처음 값으로").click()
    assert rows(page) == before


def focused(page):
    return page.evaluate(
        "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
    )


def test_keyboard_alone(open_page):
    page = open_page(explorer(example="numbers"), viewport={"width": 1280, "height": 900})

    def tab_to(words):
        for _ in range(40):
            page.keyboard.press("Tab")
            if words in (focused(page) or ""):
                return
        pytest.fail(f"the Tab key does not reach {words}")

    tab_to("수 고치기")
    page.keyboard.press("Space")
    tab_to("입력 채널 0, 0행 0열")
    page.keyboard.press("ArrowRight")
    assert focused(page) == "입력 채널 0, 0행 1열"
    page.keyboard.press("ArrowDown")
    page.keyboard.type("-4")
    page.keyboard.press("ArrowLeft")  # among the letters
    assert focused(page) == "입력 채널 0, 1행 1열"
    page.keyboard.press("ArrowUp")
    assert focused(page) == "입력 채널 0, 0행 1열"
    assert "(−1)·(−4) = 13" in page.locator(".lab-conv-sentence").inner_text()
    page.keyboard.press("Tab")  # once for the whole grid
    assert focused(page) == "커널 채널 0, 0행 0열"
    tab_to("0행 0열, 13")
    for key, place in [("ArrowRight", "0행 1열"), ("ArrowRight", "0행 1열"), ("ArrowDown", "1행 1열"),
                       ("Home", "1행 0열"), ("End", "1행 1열"), ("ArrowUp", "0행 1열"), ("ArrowLeft", "0행 0열")]:  # fmt: skip
        page.keyboard.press(key)
        assert focused(page).startswith(place)
        assert page.locator(".lab-conv-sentence").inner_text().startswith(place)
        assert page.locator("[aria-selected=true]").get_attribute("aria-label") == focused(page)
    choose(page, "example", "two-filters")
    tab_to("0행 0열, 5")
    page.keyboard.press("Tab")
    assert focused(page) == "필터 0의 편향"
    page.keyboard.press("Tab")
    assert focused(page) == "0행 0열, −4"  # of the other filter; a full map stays full
    page.locator("select[name=example]").focus()
    tab_to("다음")
    for _ in range(20):
        page.keyboard.press("Enter")
    assert page.locator(".lab-conv-count").inner_text() == "18 / 18"
    assert focused(page) == "다음"  # at the end the focus is not lost


def test_playing(open_page):
    page = open_page(
        explorer(), reduced_motion="no-preference", viewport={"width": 1280, "height": 900}
    )
    sentence = page.locator(".lab-conv-sentence")
    speed = page.get_by_role("slider", name="속도")
    assert sentence.get_attribute("aria-live") == "polite"
    assert rows(page) == [["4", ""], ["", ""]]  # nothing moves by itself
    assert speed.get_attribute("aria-valuetext") == "1초에 1칸"
    speed.fill("0")
    page.get_by_role("button", name="재생").click()
    assert sentence.get_attribute("aria-live") == "polite"  # slow enough to be read out
    speed.fill("4")
    assert sentence.get_attribute("aria-live") == "off"
    page.get_by_role("button", name="재생").wait_for()  # it stops at the end
    assert rows(page) == [["4", "6"], ["10", "12"]]
    assert sentence.get_attribute("aria-live") == "polite"
    speed.fill("0")
    page.get_by_role("button", name="재생").click()  # from the start again
    assert rows(page) == [["4", ""], ["", ""]]
    page.get_by_role("button", name="멈춤").click()
    page.locator(".lab-conv-map td").nth(3).click()
    assert rows(page) == [["4", ""], ["", "12"]]
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="멈춤").is_visible()
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="재생").is_visible()
    page.evaluate("document.querySelector('conv-explorer').remove()")


def test_a_filled_map_and_the_mouse_over_it(open_page):
    """It opens with a full map, the window at its largest value; a mouse leads the window along."""
    page = open_page(explorer(example="photograph", filled="") + explorer(example="photograph"))
    filled, other = page.locator("conv-explorer").all()
    assert filled.locator("p").first.inner_text().startswith("입력이나 특징 맵의 칸을 누르면")
    assert filled.locator(".lab-conv-empty").count() == 0
    assert other.locator(".lab-conv-map .lab-conv-empty").count() > 100
    values = [
        float(label.split(", ")[1].replace("−", "-"))
        for label in filled.locator(".lab-conv-map td").evaluate_all(
            "cells => cells.map(cell => cell.getAttribute('aria-label'))"
        )
    ]
    sentence = filled.locator(".lab-conv-sentence")
    largest = sentence.inner_text()
    assert largest.endswith(f"= {max(values):g}")
    filled.locator(".lab-conv-map td").nth(14).hover()
    assert sentence.inner_text().startswith("1행 1열")
    filled.locator("summary").hover()
    assert sentence.inner_text() == largest  # it was only looked at
    filled.locator(".lab-conv-map td").nth(15).click()
    filled.locator("summary").hover()
    assert sentence.inner_text().startswith("1행 2열")
    pixels = filled.locator(".lab-conv-input td")
    for row, column, place in [(5, 7, "4행 6열"), (0, 0, "0행 0열"), (13, 14, "11행 12열")]:
        pixels.nth(15 * row + column).hover()
        assert sentence.inner_text().startswith(place)
    filled.locator("summary").hover()
    assert sentence.inner_text().startswith("1행 2열")
    pixels.nth(15 * 5 + 7).click()
    filled.locator("summary").hover()
    assert sentence.inner_text().startswith("4행 6열")
    other.locator(".lab-conv-map td").nth(14).hover()  # a map that is not full yet stays so
    assert other.locator(".lab-conv-sentence").inner_text().startswith("0행 0열")


def test_brief(open_page):
    page = open_page(explorer(example="photograph", filled="", brief=""))
    assert page.get_by_role("button").count() == page.get_by_role("combobox").count() == 0
    page.locator(".lab-conv-map td").nth(14).click()
    page.keyboard.press("ArrowDown")
    assert page.locator(".lab-conv-sentence").inner_text().startswith("2행 1열")
    assert page.locator(".lab-conv-input td").count() == 14 * 15


def test_what_is_left_over_looks_hatched(open_page):
    """On pixels and on padding, and on nothing else."""
    page = open_page(explorer(example="leftover") + explorer(example="leftover", padding="1"))
    for cell in page.locator(".lab-conv-input td").all():
        drawn, marks = cell.evaluate(
            "cell => [getComputedStyle(cell).backgroundImage, cell.className]"
        )
        assert ("gradient" in drawn) == ("lab-conv-unmet" in marks)
    assert page.locator(".lab-conv-unmet:not(.lab-conv-padding)").count() == 11
    assert page.locator(".lab-conv-unmet.lab-conv-padding").count() == 15


def test_reduced_motion(open_page):
    page = open_page(explorer())
    assert page.get_by_role("button", name="재생").count() == 0
    assert page.get_by_role("slider").count() == 0
    span = page.locator(".lab-conv-span")
    assert span.evaluate("span => getComputedStyle(span).transitionDuration") == "0s"
    page.locator(".lab-conv-map td").nth(1).click()
    page.keyboard.press("Space")  # one step, and no more
    assert page.locator(".lab-conv-sentence").inner_text().startswith("1행 0열")
    assert page.locator(".lab-conv-count").inner_text() == "3 / 4"
    moving = open_page(explorer(), reduced_motion="no-preference")
    duration = "span => getComputedStyle(span).transitionDuration"
    assert moving.locator(".lab-conv-span").evaluate(duration) != "0s"


def test_touch(open_page):
    page = open_page(
        explorer(example="photograph", kernel="blur"),
        has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740},
    )  # fmt: skip
    page.get_by_role("button", name="모두 채우기").tap()
    page.locator(".lab-conv-map td").nth(14).tap()
    assert page.locator(".lab-conv-sentence").inner_text().startswith("1행 1열")
    page.get_by_text("설정").tap()
    choose(page, "example", "pooling")
    page.locator(".lab-conv-map td").nth(2).tap()
    assert "2, 4, 0, 3 가운데 가장 큰 수 = 4" in page.locator(".lab-conv-sentence").inner_text()


# --- the page ---------------------------------------------------------------------------------

SHOWN = [
    explorer(example="two-filters"),
    explorer(example="photograph", height="3"),
    explorer(example="circle", height="6", width="6", padding="1", dilation="2"),
    explorer(example="leftover"),
    explorer(example="pooling", padding="same", size="3"),
    explorer(data="1 2 / 3 4", kernel="blur", size="3"),
]


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(open_page, axe, scheme, width):
    headings = [f"<h2>{n}</h2>{one}" for n, one in enumerate(SHOWN)]
    page = open_page(
        "".join(headings), color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    for names in (("모두 채우기", "이전"), ("수 고치기",)):
        for name in names:
            for button in page.get_by_role("button", name=name).all():
                if button.is_enabled():
                    button.click()
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = page.evaluate("""[...document.querySelectorAll(
            "summary, button, select, input, .lab-conv-map td")].filter(one => {
                const {width, height} = one.getBoundingClientRect();
                return width && Math.min(width, height) < 24;
            }).map(one => one.outerHTML)""")
        assert small == []
        unreachable = page.evaluate("""[...document.querySelectorAll(".lab-conv-scroll")].filter(box =>
            box.scrollWidth > box.clientWidth && box.tabIndex !== 0 && !box.querySelector(
            "[tabindex='0']")).map(box => box.outerHTML)""")
        assert unreachable == []


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_forbids_all_but_its_own_files(browser, bare_page, serve, scheme):
    path = bare_page(explorer(example="two-filters"), SCRIPTS)
    base = serve(path.parent) if scheme == "http" else path.parent.as_uri()
    page, asked, said = browser.new_page(), [], []
    page.add_init_script(
        "addEventListener('securitypolicyviolation', event => console.error(event.violatedDirective))"
    )
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "console",
        lambda message: "favicon" in message.location["url"] or said.append(message.text),
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{base}/{path.name}")
    page.get_by_role("button", name="수 고치기").click()
    page.get_by_role("button", name="모두 채우기").click()
    choose(page, "view", "both")
    assert said == []
    assert {url.rsplit("/", 1)[1] for url in asked if url.startswith(base)} >= {*SCRIPTS, "lab.css"}
    assert all(url.startswith(base) for url in asked)
    page.evaluate("document.body.setAttribute('style', 'color: red')")  # is the policy in force?
    page.wait_for_timeout(50)
    assert said
    page.close()


@pytest.mark.parametrize(
    "attributes",
    [
        {"example": "nothing"},
        {"data": "1 2 / 3"},
        {"data": "1 two"},
        {"kernel": "1 2 | 3 4"},
        {"bias": "1 2"},
        {"padding": "4"},
        {"stride": "0"},
        {"size": "2.5"},
        {"operation": "median"},
    ],
)
def test_an_author_s_mistake_is_an_error_and_leaves_the_text(browser, bare_page, attributes):
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    body = explorer(**attributes).replace("></conv-explorer>", ">instead</conv-explorer>")
    page.goto(bare_page(body, SCRIPTS).as_uri())
    [(name, value)] = attributes.items()
    assert errors == [f'conv-explorer: {name}="{value}"']
    assert page.locator("conv-explorer").inner_text() == "instead"
    page.close()
