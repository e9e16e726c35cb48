"""<zip-code> in a browser: five drawn digits become a code, a probability and a region.

`pytest tests/test_zip_code.py -rP` also prints how many codes and digits were read right.
"""

import ast
import collections
import re

import nbformat
import numpy as np
import pytest
import test_digit_cnn
from laboratory import DRAW, nothing_moves, until
from test_digit_cnn import BRUSH, SIDE, drag, on_pad

import cnnbook.strokes

SCRIPTS = ("engine.js", "drawing.js", "models/digits.js", "zip-code.js")
BODY = "<zip-code>fallback</zip-code><p>end</p>"
PLACES = ["첫째 자리", "둘째 자리", "셋째 자리", "넷째 자리", "다섯째 자리"]
BUTTONS = {"r": "읽기", "s": "28×28 입력 보기", "e": "모두 지우기", "q": "끝내기"}
# A region's prefixes, and which of them no address has.
REGIONS = {
    "서울특별시": (1, 9),
    "경기도": (10, 20),
    "인천광역시": (21, 23),
    "강원특별자치도": (24, 26),
    "충청북도": (27, 29),
    "세종특별자치시": (30, 30),
    "충청남도": (31, 33),
    "대전광역시": (34, 35),
    "경상북도": (36, 40),
    "대구광역시": (41, 43),
    "울산광역시": (44, 45),
    "부산광역시": (46, 49),
    "경상남도": (50, 53),
    "전북특별자치도": (54, 56),
    "전라남도": (57, 60),
    "광주광역시": (61, 62),
    "제주특별자치도": (63, 63),
}
SPARE = (9, 19, 20, 60)

READ = """async () => {
    const widget = document.querySelector("zip-code");
    await widget.read();
    return [...widget.querySelectorAll(".lab-zip-digits strong")].map(x => x.textContent).join("");
}"""
SETTLED = """async () => {
    while (document.querySelector("zip-code").getAttribute("aria-busy") === "true")
        await new Promise(requestAnimationFrame);
}"""
INK = "document.querySelector('zip-code').pads.map(pad => pad.strokes.length)"
FOCUS = "document.activeElement.getAttribute('aria-label')"

digits = test_digit_cnn.digits


def draw(page, code):
    """Draw a code by the page's own hand."""
    page.evaluate("code => document.querySelector('zip-code').draw(code)", code)


def answer(page):
    page.evaluate(SETTLED)
    return page.locator(".lab-answer").text_content()


def heard(page):
    return page.get_by_role("status").text_content()


def percents(text):
    return [float(number) for number in re.findall(r"([\d.]+)%", text)]


def codes(digits, count):
    """Yield codes of skeletons, none used more than twice, at sizes and places by lot."""
    rng = np.random.default_rng(3)
    order = np.concatenate([rng.permutation(len(digits)) for _ in range(2)])[: 5 * count]
    for five in order.reshape(-1, 5):
        shares, places = rng.uniform(0.5, 1, 5), rng.uniform(0, 1, (5, 2))
        strokes = [
            [stroke.tolist() for stroke in on_pad(digits[i]["strokes"], share, place)]
            for i, share, place in zip(five, shares, places, strict=True)
        ]
        yield "".join(str(digits[i]["label"]) for i in five), strokes


def test_drawn_codes_are_read(opened, digits):
    page = opened()
    right, tally, times = [], collections.defaultdict(collections.Counter), []
    for code, strokes in codes(digits, 100):
        page.evaluate(DRAW, strokes)
        read = page.evaluate(READ)
        assert answer(page).startswith((f"우편번호 {read}입니다.", f"우편번호 {read}? 모르겠는"))
        times.append(page.evaluate("document.querySelector('zip-code').milliseconds"))
        right.append(read == code)
        for wanted, came in zip(code, read, strict=True):
            tally[int(wanted)][int(came)] += 1
    table, share = test_digit_cnn.table(tally)
    print(table)
    print(f"codes  {sum(right)} of {len(right)}  {np.mean(right):.1%}")
    print(f"five digits: {np.median(times):.0f} ms (median)")
    assert share >= 0.95, table
    assert np.mean(right) >= 0.88, table


def test_the_answer(opened, bare_page):
    page = opened()
    draw(page, "47545")
    assert page.evaluate(READ) == "47545"
    firsts, seconds = [], []
    for digit, item in zip("47545", page.locator(".lab-zip-digits li").all(), strict=True):
        # the digit, its probability, the second best and its probability
        _, name, first, second = item.locator(":scope > :not(canvas)").all_text_contents()
        assert name == digit and re.fullmatch(r"그다음 \d <?[\d.]+%", second)
        assert second.split()[1] != digit
        firsts += percents(first)
        seconds += percents(second)
    assert all(0 <= b < a and a + b <= 100.1 for a, b in zip(firsts, seconds, strict=True))
    more = page.locator(".lab-zip-more").text_content()
    assert "앞의 두 자리 47: 부산광역시의 번호입니다." in more
    *factors, product = percents(more)
    assert factors == firsts
    assert product == pytest.approx(100 * np.prod(np.array(firsts) / 100), abs=0.6)
    assert heard(page).startswith("우편번호 4, 7, 5, 4, 5. 다섯 자리가 모두 맞을 확률")
    assert heard(page).endswith("부산광역시의 번호입니다.")
    assert "걸린 시간" in more
    # Another drawing: the answer does not stay as if it were of this one.
    page.get_by_role("button", name="셋째 자리 지우기").click()
    assert "47545" not in page.locator("zip-code").text_content()
    assert page.locator(".lab-zip-digits").is_hidden()

    page = opened(bare_page(BODY, SCRIPTS, "en").as_uri())
    draw(page, "63122")
    page.get_by_role("button", name="Recognize").click()
    assert answer(page) == "The zip code is 63122."
    assert "It begins with 63: Jeju." in page.locator(".lab-zip-more").text_content()


def test_it_opens_with_an_example(opened):
    page = opened()
    page.locator(".lab-zip-more p").first.wait_for()
    assert answer(page) == "우편번호 63122입니다." and heard(page) == ""
    draw_on = page.locator(".lab-pad svg").first.bounding_box()
    page.mouse.click(draw_on["x"] + 20, draw_on["y"] + 20)
    assert page.evaluate(INK)[0] == 1  # in the place of the example
    assert "63122" not in answer(page)
    page.get_by_role("button", name="되돌리기").click()
    assert page.evaluate(READ) == "63122"


def test_doubt_is_said(opened):
    page = opened()
    answer(page)  # of the example it opens with
    draw(page, "04524")
    page.evaluate("""() => {
        const { model } = document.querySelector("zip-code"), run = model.run.bind(model);
        let place = 0;
        model.run = async (...given) => {
            const answer = await run(...given);
            if (++place === 2) answer.probabilities.fill(0.06).set([0.37], 7);
            return answer;
        };
    }""")
    assert page.evaluate(READ) == "07524"
    sentence = "어느 숫자의 확률도 절반에 못 미치는 자리가 있습니다: 둘째 자리."
    assert sentence in page.locator(".lab-zip-more").text_content()
    assert sentence in heard(page)
    assert answer(page) == "우편번호 07524? 모르겠는 자리가 있습니다."
    marks = "all => all.map(one => getComputedStyle(one, '::after').content)"
    shown = page.locator(".lab-zip-digits strong")
    assert shown.evaluate_all(marks) == ["none", '"?"', "none", "none", "none"]
    draw(page, "04524")  # the mark goes with the reading
    assert shown.evaluate_all(marks) == ["none"] * 5


def test_regions(opened):
    page = opened()
    sentences = page.evaluate("""async () => {
        const widget = document.querySelector("zip-code"), said = [];
        const run = widget.model.run;
        for (let prefix = 0; prefix < 100; prefix++) {
            const code = String(prefix).padStart(2, "0") + "123";
            let place = 0;
            // What was read is not the question here, but what the two digits mean.
            widget.model.run = async () => ({ probabilities: Float32Array.from({ length: 11 }, (_, i) => +(i === Number(code[place]))), ...(place++, {}) });
            if (!prefix) widget.draw("00000");
            await widget.read();
            said.push(widget.querySelector(".lab-zip-more p").textContent);
        }
        return said;
    }""")
    wanted = [f"앞의 두 자리 {n:02}: 어느 시·도에도 배정하지 않은 번호입니다." for n in range(100)]
    for name, (first, last) in REGIONS.items():
        for n in range(first, last + 1):
            wanted[n] = f"앞의 두 자리 {n:02}: {name}의 번호입니다."
            if n in SPARE:
                wanted[n] = (
                    f"앞의 두 자리 {n:02}: {name}의 몫이지만 비워 둔 번호입니다."
                    " 이렇게 시작하는 주소는 없습니다."
                )
    assert sentences == wanted


def test_regions_of_the_chapter(root):
    """Chapter 18 and the page say the same of the first two digits."""
    chapter = nbformat.read(root / "book/ko/18-zip-code.ipynb", as_version=4)
    (cell,) = (cell.source for cell in chapter.cells if cell.source.startswith("REGIONS"))
    shown = ast.literal_eval(ast.parse(cell).body[0].value)
    page, english = (
        (root / "book/_assets/lab" / name).read_text(encoding="utf-8")
        for name in ("zip-code.js", "text.en.js")
    )
    listed = re.search(r"const REGIONS = \[(.*?)\];", page, re.S)[1]
    starts = re.findall(r'\[(\d+), (?:"(\w+)"|null)\]', listed)
    names = dict(re.findall(r'"region\.(\w+)": "([^"]+)"', english))
    assert shown == {int(start): names.get(name) for start, name in starts}
    assert [start for start in shown if shown[start]] == [low for low, _ in REGIONS.values()]


@pytest.mark.parametrize("code", ["01000", "09999", "10678", "63644", "00123", "64531", "99208"])
def test_codes_of_the_pages_own_hand(opened, code):
    page = opened()
    draw(page, code)
    assert page.evaluate(READ) == code


def test_empty_boxes_are_refused(opened):
    page = opened()
    shown = "[...document.querySelectorAll('.lab-zip-digits strong')].filter(x => x.textContent)"
    until(page, f"{shown}.length === 5")  # the example that it opens with is read
    page.evaluate("""() => {
        const { prototype } = cnnlab.Model, run = prototype.run;
        window.runs = 0;
        prototype.run = function (...given) { window.runs++; return run.apply(this, given); };
    }""")
    read = page.get_by_role("button", name="읽기")
    for full in ([], [0], [0, 2, 3], [1, 2, 3, 4]):
        draw(page, "63122")
        for place in set(range(5)) - set(full):
            page.get_by_role("button", name=f"{PLACES[place]} 지우기").click()
        read.click()
        empty = ", ".join(PLACES[place] for place in range(5) if place not in full)
        assert answer(page) == heard(page) == f"빈 판은 읽지 않습니다. 비어 있는 자리: {empty}."
        assert page.locator(".lab-zip-digits").is_hidden()
        assert page.locator(".lab-zip-more").text_content() == ""
    assert page.evaluate("runs") == 0
    draw(page, "63122")
    read.click()
    assert answer(page) == "우편번호 63122입니다."
    assert page.evaluate("runs") == 5
    page.get_by_role("button", name="모두 지우기").click()
    assert page.evaluate(INK) == [0] * 5
    read.click()
    assert answer(page).endswith(", ".join(PLACES) + ".")


def test_keyboard_alone(opened):
    """Five ones by arrow keys; then each letter does what its button does."""
    page = opened()
    for name in PLACES:
        page.keyboard.press("Tab")
        if name != PLACES[0]:  # past the button that clears the box before
            page.keyboard.press("Tab")
        assert page.evaluate(FOCUS) == f"{name} 숫자를 그리는 판"
        described = page.evaluate("document.activeElement.getAttribute('aria-describedby')")
        assert "스페이스" in page.locator(f"#{described}").text_content()
        for key in ["ArrowUp"] * 5 + ["Space"] + ["ArrowDown"] * 9 + ["Space"]:
            page.keyboard.press(key)
    assert page.evaluate(INK) == [1] * 5
    assert page.evaluate("scrollY") == 0
    seen = page.locator(".lab-zip-digits canvas")
    show = page.get_by_role("button", name=BUTTONS["s"])

    page.keyboard.press("s")
    assert seen.count() == 5 and all(canvas.is_visible() for canvas in seen.all())
    assert show.get_attribute("aria-pressed") == "true" and "펼쳤습니다" in heard(page)
    page.keyboard.press("r")
    assert answer(page) == "우편번호 11111입니다."
    assert heard(page).startswith("우편번호 1, 1, 1, 1, 1.")
    page.keyboard.press("s")
    assert not seen.first.is_visible() and page.locator(".lab-zip-digits strong").first.is_visible()
    page.keyboard.press("Control+e")  # a browser's own key: nothing of ours
    assert page.evaluate(INK) == [1] * 5

    draw(page, "63122")
    page.get_by_role("button", name="다섯째 자리 지우기").focus()
    for key in "rseq":  # the focus is on no drawing
        page.keyboard.press(key)
    assert page.evaluate(INK) != [0] * 5 and "63122" not in answer(page)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("r")
    assert answer(page) == "우편번호 63122입니다."
    page.keyboard.press("e")
    assert page.evaluate(INK) == [0] * 5 and answer(page) == heard(page) == "판을 모두 지웠습니다."
    page.keyboard.press("Control+z")
    assert page.evaluate(INK) != [0] * 5 and answer(page) == heard(page) == "되돌렸습니다."
    page.keyboard.press("Control+Shift+z")
    assert page.evaluate(INK) == [0] * 5 and answer(page) == "되돌린 것을 다시 했습니다."
    draw(page, "63122")
    page.keyboard.press("s")
    page.keyboard.press("R")
    assert answer(page) == "우편번호 63122입니다."
    page.keyboard.press("q")
    assert "처음으로 돌아왔습니다" in answer(page) and answer(page) == heard(page)
    assert page.evaluate(INK) == [0] * 5
    assert page.locator(".lab-zip-digits").is_hidden()
    assert show.get_attribute("aria-pressed") == "false"
    assert page.evaluate(FOCUS) == f"{PLACES[0]} 숫자를 그리는 판"

    # Under a Korean keyboard the R key says ㄱ; elsewhere on the page the keys do nothing.
    draw(page, "63122")
    korean = "new KeyboardEvent('keydown', { key: 'ㄱ', code: 'KeyR', bubbles: true })"
    page.evaluate(f"document.activeElement.dispatchEvent({korean})")
    assert answer(page) == "우편번호 63122입니다."
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("e")
    page.locator(".lab-answer").click()
    page.keyboard.press("e")
    assert page.evaluate(INK) == [1, 1, 1, 1, 1]
    page.get_by_role("button", name="셋째 자리 지우기").click()
    page.get_by_role("button", name="모두 지우기").click()
    undo = page.get_by_role("button", name="되돌리기")
    undo.click()
    assert page.evaluate(INK) == [1, 1, 0, 1, 1]
    undo.click()
    assert page.evaluate(INK) == [1] * 5


def test_buttons_say_their_keys(opened):
    page = opened()
    for key, name in BUTTONS.items():
        button = page.get_by_role("button", name=name, exact=True)
        assert button.get_attribute("aria-keyshortcuts") == key
        assert button.locator("kbd").text_content() == key
    for code in ("04524", "47545", "63122", "04524"):
        page.get_by_role("button", name="보기 그리기").click()
        assert code in heard(page)
        page.get_by_role("button", name=BUTTONS["r"], exact=True).click()
        assert answer(page) == f"우편번호 {code}입니다."
    page.get_by_role("button", name=BUTTONS["q"], exact=True).click()
    assert "처음으로 돌아왔습니다" in answer(page)


def test_shown_inputs_are_what_is_read(opened):
    page = opened()
    page.keyboard.press("Tab")
    page.keyboard.press("s")
    draw(page, "04524")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    for scheme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", scheme)
        page.evaluate("new Promise(requestAnimationFrame)")
        pictures, inputs = page.evaluate("""() => {
            const { digits, pads } = document.querySelector("zip-code");
            const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
            const pixels = ({ seen }) => {
                pen.drawImage(seen, 0, 0);
                return [...pen.getImageData(0, 0, 28, 28).data];
            };
            return [digits.map(pixels), pads.map(pad => [...pad.input()])];
        }""")
        red, inputs = np.reshape(pictures, (5, 784, 4))[:, :, 0], np.array(inputs)
        paper, ink = red[inputs == 0].mean(), red[inputs >= 1].mean()
        assert (paper > 200) == (scheme == "light")
        assert np.allclose(red, paper + (ink - paper) * inputs.clip(0, 1), atol=1)


def test_the_page_redraws_as_python_does(opened, digits):
    """What the page gives to the network is what `cnnbook.strokes` computes from the same strokes."""
    page = opened()
    for _, drawn in codes(digits, 6):
        page.evaluate(DRAW, drawn)
        taken, inputs = page.evaluate("""() => {
            const { pads } = document.querySelector("zip-code");
            return [pads.map(pad => pad.strokes), pads.map(pad => [...pad.input()])];
        }""")
        for lines, seen in zip(taken, inputs, strict=True):
            wanted = cnnbook.strokes.redrawn(lines, BRUSH)
            assert np.allclose(np.reshape(seen, (28, 28)), wanted, atol=1e-6)


def test_a_drawing_meanwhile_is_not_answered_for(opened):
    page = opened()
    draw(page, "04524")
    page.evaluate("""async () => {
        const widget = document.querySelector("zip-code");
        const reading = widget.read();
        widget.history.undo();
        await reading;
    }""")
    assert page.locator("zip-code").get_attribute("aria-busy") == "false"
    assert page.locator(".lab-zip-more").text_content() == ""


def test_touch_draws_and_does_not_scroll(opened, digits):
    page = opened(width=360, height=640, touch=True)
    page.locator(".lab-zip-box").last.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    code, strokes = next(codes(digits, 1))
    for svg, place in zip(page.locator(".lab-pad svg").all(), strokes, strict=True):
        box = svg.bounding_box()
        corner, unit = np.array([box["x"], box["y"]]), box["width"] / SIDE
        for stroke in place:
            drag(page, [corner + unit * np.array(point) for point in stroke])
    assert page.evaluate("scrollY") == before
    taken = page.evaluate("document.querySelector('zip-code').pads.map(pad => pad.strokes)")
    page.wait_for_timeout(1000)  # right after a stroke a browser may take a tap for a part of it
    page.get_by_role("button", name="읽기").tap()
    page.locator(".lab-answer").filter(has_text="우편번호").wait_for(timeout=5000)
    assert re.fullmatch(r"우편번호 \d{5}입니다.", answer(page))
    page.evaluate(DRAW, strokes)
    wanted = page.evaluate("document.querySelector('zip-code').pads.map(pad => pad.strokes)")
    for came, drawn in zip(taken, wanted, strict=True):
        assert len(came) == len(drawn)
        for points, stroke in zip(came, drawn, strict=True):
            assert np.allclose(points, stroke, atol=3)


def test_no_other_host_under_a_strict_policy(watched):
    draw(watched, "63122")
    assert watched.evaluate(READ) == "63122"


@pytest.mark.parametrize("width", [1000, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible_and_no_sideways_scroll(opened, axe, scheme, width):
    page = opened(width=width, scheme=scheme, motion="reduce")
    assert axe(page) == []
    draw(page, "47545")
    page.get_by_role("button", name=BUTTONS["s"], exact=True).click()
    assert page.evaluate(READ) == "47545"
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    pads = [pad.bounding_box()["width"] for pad in page.locator(".lab-pad").all()]
    assert min(pads) >= 80  # a finger can draw
    nothing_moves(page)


@pytest.mark.parametrize("file", ["", "cnnlab.addModel('digits', {layers: 3});"])
def test_broken_model_gives_a_sentence(opened, bare_page, file):
    path = bare_page(BODY, ("engine.js", "drawing.js", "models/broken.js", "zip-code.js"))
    (path.parent / "lab/models/broken.js").write_text(file, encoding="utf-8")
    page = opened(path.as_uri())
    assert "신경망을 열지 못했습니다" in page.get_by_role("alert").text_content()


def test_the_model_is_small(root):
    assert (root / "book/_assets/lab/models/digits.js").stat().st_size <= 500_000


def test_the_page_loads_what_the_widget_needs(root):
    text = (root / "book/_assets/book.js").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if '"zip-code"' in line)
    assert re.findall(r'"([^"]+)"', line) == ["zip-code", "text.js", *SCRIPTS]
