"""<digit-cnn> in a browser: it draws, centres, reads, explains, and says what it will not do.

`pytest tests/test_digit_cnn.py -rP` also prints how many of the drawn digits were read right.
"""

import base64
import collections
import json
import os
import re
import time

import numpy as np
import pytest
from laboratory import DRAW, nothing_moves, until

import cnnbook.strokes
from cnnbook import datasets, models, web
from tools.recipes import judge_digits

SCRIPTS = ("engine.js", "drawing.js", "models/digits.js", "digit-cnn.js")
BODY = "<digit-cnn>fallback</digit-cnn><p>end</p>"
SIDE, BRUSH = 280, 24  # of the drawing pad
KINDS = ["conv1 맵 3", "pool2 맵 1", "conv4 맵 60", "mean의 5번째 수", "숫자 7의 출력"]

# Wait until the drawing has been read; return the digit that the page shows, or null.
READ = """async () => {
    const widget = document.querySelector("digit-cnn");
    do await new Promise(requestAnimationFrame);
    while (widget.getAttribute("aria-busy") === "true");
    return widget.querySelector(".lab-bars .lab-first")?.firstChild.textContent ?? null;
}"""


@pytest.fixture(scope="module")
def digits(root):
    return json.loads((root / "data/strokes.json").read_text(encoding="utf-8"))["digits"]


def example(page, digit):
    page.get_by_role("button", name=f"그려 둔 숫자 {digit}").click()
    return page.evaluate(READ)


def on_pad(skeleton, share, at):
    """Return a skeleton as points of the pad: its longer side a share of it, anywhere it fits."""
    return cnnbook.strokes.place(skeleton, SIDE, share, at, margin=BRUSH / 2)


def pad_box(page):
    """Return where on the screen the pad's (0, 0) is, and a pad unit's size."""
    box = page.locator(".lab-pad svg").bounding_box()
    return np.array([box["x"], box["y"]]), box["width"] / SIDE


def draw_by_pointer(page, strokes):
    page.evaluate(DRAW, [[stroke.tolist() for stroke in strokes]])


def draw_by_mouse(page, strokes):
    page.evaluate("document.querySelector('digit-cnn').pad.erase()")
    corner, unit = pad_box(page)
    for first, *others in strokes:
        page.mouse.move(*(corner + unit * first))
        page.mouse.down()
        for point in others:
            page.mouse.move(*(corner + unit * point))
        page.mouse.up()


def draw_by_touch(page, strokes):
    page.evaluate("document.querySelector('digit-cnn').pad.erase()")
    corner, unit = pad_box(page)
    for stroke in strokes:
        drag(page, [corner + unit * point for point in stroke])


def drag(page, points):
    """Move a finger along points of the screen."""
    session = page.context.new_cdp_session(page)
    for number, (x, y) in enumerate(points):
        event = {"type": "touchMove" if number else "touchStart", "touchPoints": [{"x": x, "y": y}]}
        session.send("Input.dispatchTouchEvent", event)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def sizes_and_places(count):
    """Return for each digit how large it is drawn and where: from half of the pad to nearly all."""
    rng = np.random.default_rng(1)
    return zip(rng.uniform(0.5, 1, count), rng.uniform(0, 1, (count, 2)), strict=True)


def table(tally):
    """Return as text how many digits of each class were read right, and as what the others."""
    lines = ["digit  right  of  taken for"]
    for label, answers in sorted(tally.items()):
        wrong = [f"{other}" for other in answers.elements() if other != label]
        lines.append(f"{label:5} {answers[label]:6} {answers.total():3}  {' '.join(wrong)}")
    right = sum(answers[label] for label, answers in tally.items())
    total = sum(answers.total() for answers in tally.values())
    lines.append(f"{'all':>5} {right:6} {total:3}  {right / total:.1%}")
    return "\n".join(lines), right / total


def test_strokes_are_of_test_digits_by_lot(digits):
    assert len({digit["index"] for digit in digits}) == len(digits) == 300
    assert all(0 <= digit["index"] < 10_000 for digit in digits)
    labels = collections.Counter(digit["label"] for digit in digits)
    assert labels == dict.fromkeys(range(10), 30)


def read_all(page, digits, draw):
    """Draw digits and return how each class was read, and the strokes as the pad took them."""
    tally, taken = collections.defaultdict(collections.Counter), []
    for digit, (share, place) in zip(digits, sizes_and_places(len(digits)), strict=True):
        draw(page, on_pad(digit["strokes"], share, place))
        read = page.evaluate(READ)
        tally[digit["label"]][-1 if read.startswith("?") else int(read)] += 1  # -1: no digit
        taken.append(page.evaluate("document.querySelector('digit-cnn').pad.strokes"))
    return tally, taken


def test_drawn_digits_are_read(opened, digits):
    text, share = table(read_all(opened(), digits, draw_by_pointer)[0])
    print(text)
    assert share >= 0.95, text


@pytest.mark.parametrize("device", ["mouse", "touch"])
def test_mouse_and_touch_draw_the_same(opened, digits, device):
    some = digits[::30]  # one of each class
    draw = {"mouse": draw_by_mouse, "touch": draw_by_touch}[device]
    page = opened(width=360, height=640, touch=device == "touch")
    page.locator(".lab-pad").scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    read, taken = read_all(page, some, draw)
    assert page.evaluate("scrollY") == before
    wanted_read, wanted = read_all(page, some, draw_by_pointer)
    assert read == wanted_read  # how many of these are right, the test above says
    for came, strokes in zip(taken, wanted, strict=True):
        assert len(came) == len(strokes)
        for points, stroke in zip(came, strokes, strict=True):
            assert np.allclose(points, stroke, atol=1)


def test_page_scrolls_by_touch_but_not_on_the_pad(opened):
    page = opened(width=360, height=640, touch=True)
    for place, scrolls in [(".lab-pad", False), (".lab-answer", True)]:
        box = page.locator(place).bounding_box()
        drag(page, [(box["x"] + 40, box["y"] + 60 - 12 * step) for step in range(10)])
        assert (page.evaluate("scrollY") > 0) == scrolls


class Hands:
    """Fingers and a pen on the pad of <digit-cnn>, in its units."""

    def __init__(self, page, clear=True):
        self.page = page
        if clear:
            page.evaluate("document.querySelector('digit-cnn').pad.put([])")
        self.corner, self.unit = pad_box(page)
        self.time = time.time()
        self.session = page.context.new_cdp_session(page)

    def at(self, place):
        x, y = self.corner + self.unit * np.array(place)
        return {"x": float(x), "y": float(y)}

    def touch(self, kind, *places):
        """Report the fingers that are down, one after the other the same: Start, Move, End or Cancel."""
        points = [{**self.at(place), "id": number} for number, place in enumerate(places)]
        # Events an instant apart, however busy the machine is.
        self.time += 0.02
        event = {"type": f"touch{kind}", "touchPoints": points, "timestamp": self.time}
        self.session.send("Input.dispatchTouchEvent", event)

    def pen(self, kind, place):
        down = kind != "Released" and (kind == "Pressed" or self.down)
        event = {"type": f"mouse{kind}", "pointerType": "pen", "buttons": int(down)}
        event |= {"button": "left" if down or kind == "Released" else "none", "clickCount": 1}
        self.session.send("Input.dispatchMouseEvent", {**event, **self.at(place)})
        self.down = down

    down = False

    @property
    def strokes(self):
        """The first and the last point of each stroke on the pad, in whole units."""
        strokes = self.page.evaluate("document.querySelector('digit-cnn').pad.strokes")
        return [[[round(n) for n in stroke[end]] for end in (0, -1)] for stroke in strokes]


def test_one_finger_draws(opened):
    """A second finger on the pad, or the mouse's other button, draws nothing."""
    page = opened(touch=True)
    hands = Hands(page)
    hands.touch("Start", (50, 50))
    hands.touch("Move", (50, 70))
    hands.time += 0.3  # the hand that holds the tablet comes later than a gesture's finger
    hands.touch("Start", (50, 70), (200, 200))
    hands.touch("Move", (50, 90), (200, 240))
    hands.touch("End")
    for button in ("right", "middle"):
        page.mouse.move(*hands.at((100, 100)).values())
        page.mouse.down(button=button)
        page.mouse.move(*hands.at((150, 150)).values())
        page.mouse.up(button=button)
    assert hands.strokes == [[[50, 50], [50, 90]]]


@pytest.mark.parametrize("place", [(200, 200), (140, 400)])  # on the pad and below it
def test_two_fingers_leave_no_dot(opened, place):
    page = opened(touch=True)
    hands = Hands(page)
    hands.touch("Start", (50, 50))
    assert len(hands.strokes) == 1  # until the second comes, it may be a stroke
    hands.touch("Start", (50, 50), place)
    assert hands.strokes == []
    for step in range(1, 5):
        hands.touch("Move", (50 + 8 * step, 50), (place[0] - 8 * step, place[1]))
    hands.touch("End")
    assert hands.strokes == [] and page.evaluate(READ) is None
    hands.touch("Start", (60, 60))
    hands.touch("Cancel")  # the system took it for its own
    assert hands.strokes == []
    drag(page, [np.array(list(hands.at((60, 60 + 10 * step)).values())) for step in range(4)])
    assert hands.strokes == [[[60, 60], [60, 90]]]


def test_a_pen_s_palm_draws_nothing(opened):
    page = opened(touch=True)
    hands = Hands(page)
    hands.touch("Start", (200, 240))  # before the pen is seen, nobody knows
    hands.touch("Move", (204, 240))
    hands.pen("Pressed", (100, 60))
    assert hands.strokes == [[[100, 60], [100, 60]]]
    hands.touch("Move", (208, 250))
    hands.pen("Moved", (100, 100))
    hands.pen("Released", (100, 100))
    hands.touch("End")
    drag(page, [list(hands.at((200, 100 + 9 * step)).values()) for step in range(4)])  # soon after
    hands.pen("Moved", (50, 50))  # above the paper
    drag(page, [list(hands.at((200, 100 + 9 * step)).values()) for step in range(4)])
    assert hands.strokes == [[[100, 60], [100, 100]]]
    page.wait_for_timeout(2100)  # the pen is put away
    drag(page, [list(hands.at((200, 100 + 10 * step)).values()) for step in range(4)])
    assert hands.strokes == [[[100, 60], [100, 100]], [[200, 100], [200, 130]]]


def test_undone_and_done_again(opened):
    page = opened()
    hands = Hands(page)
    states = [hands.strokes]
    for number in range(2):
        for kind, y in [("Pressed", 40), ("Moved", 240), ("Released", 240)]:
            hands.pen(kind, (100 + 40 * number, y))
        states.append(hands.strokes)
    page.get_by_role("button", name="모두 지우기").click()
    states.append(hands.strokes)
    assert [len(strokes) for strokes in states] == [0, 1, 2, 0]
    for key, wanted in [
        ("Control+z", 2), ("Control+z", 1), ("Control+Shift+z", 2), ("Control+y", 3), ("Control+y", 3),
        ("Meta+z", 2), ("Control+z", 1), ("Control+z", 0), ("Control+z", 0), ("Control+y", 1),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert hands.strokes == states[wanted]
    assert page.evaluate(READ) == "1"
    for kind, y in [("Pressed", 40), ("Released", 40)]:
        hands.pen(kind, (200, y))
    page.keyboard.press("Control+y")  # another stroke was drawn: there is nothing to do again
    assert len(hands.strokes) == 2
    korean = (
        "new KeyboardEvent('keydown', { key: 'ㅋ', code: 'KeyZ', ctrlKey: true, bubbles: true })"
    )
    page.evaluate(f"document.activeElement.dispatchEvent({korean})")
    assert hands.strokes == states[1]


def test_a_stroke_replaces_an_example(opened):
    page = opened()
    hands = Hands(page)
    example(page, 8)
    eight = hands.strokes
    hint = page.locator(".lab-pad-hint")
    assert hint.is_visible() and "보기" in hint.text_content()
    for kind in ("Pressed", "Released"):
        hands.pen(kind, (200, 40))
    assert hands.strokes == [[[200, 40], [200, 40]]] and not hint.is_visible()
    page.keyboard.press("Control+z")
    assert hands.strokes == eight and hint.is_visible() and page.evaluate(READ) == "8"
    page.locator(".lab-pad").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert len(hands.strokes) == 1 and not hint.is_visible()


def test_a_stroke_of_thousands_of_points_stays_fast(opened):
    """Its end costs no more than its beginning: a point is added, nothing is drawn anew."""
    page = opened()
    page.evaluate("document.querySelector('digit-cnn').pad.put([])")
    parts, points, longest = page.evaluate("""async () => {
        const { pad } = document.querySelector("digit-cnn");
        const { left, top, width } = pad.picture.getBoundingClientRect();
        const fire = (type, i) => pad.element.dispatchEvent(new PointerEvent(type, {
            pointerId: 1, bubbles: true, button: type === "pointermove" ? -1 : 0, buttons: 1,
            clientX: left + width * (0.5 + 0.4 * Math.sin(i / 97)), clientY: top + width * (0.5 + 0.4 * Math.cos(i / 131)) }));
        const parts = [];
        fire("pointerdown", 0);
        for (let part = 0; part < 10; part++) {
            const began = performance.now();
            for (let i = 1; i <= 2000; i++) fire("pointermove", 2000 * part + i);
            parts.push(performance.now() - began);
            await new Promise(requestAnimationFrame);
        }
        fire("pointerup", 20000);
        const pieces = [...pad.picture.querySelectorAll("polyline")].map(({ points }) => points.length);
        return [parts, pad.strokes[0].length, Math.max(...pieces)];
    }""")
    print(f"20,000 points: {sum(parts):.0f} ms, the last 2,000 of them {parts[-1]:.0f} ms")
    assert points == 20_001
    assert longest < 100  # what a browser draws anew for one point
    assert sum(parts[-5:]) < 5 * sum(parts[:5]), parts


def test_keyboard_alone(opened):
    page = opened()
    status = page.get_by_role("status")
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.lab-pad')"):
            break
    described = page.evaluate("document.activeElement.getAttribute('aria-describedby')")
    assert "스페이스" in page.locator(f"#{described}").text_content()
    assert page.locator(".lab-pad-cursor").is_visible()
    # Every sentence it says: the answer, a little later, replaces where the pen is.
    status.evaluate(
        """status => {
            window.said = [];
            new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true });
        }"""
    )
    for key in ["ArrowUp"] * 5 + ["Space"] + ["ArrowDown"] * 9:
        page.keyboard.press(key)
    assert sum("행" in sentence for sentence in page.evaluate("said")) == 14
    page.keyboard.press("Space")
    assert page.evaluate(READ) == "1"
    status.filter(has_text="1입니다").wait_for(state="attached")
    page.keyboard.press("ArrowDown")  # the pen is up: nothing is drawn
    assert page.evaluate("document.querySelector('digit-cnn').pad.strokes.length") == 1
    assert page.evaluate("scrollY") == 0

    conv1 = page.get_by_role("group", name="conv1 층의 맵").get_by_role("button")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "lab-map":
            break
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    panel = page.get_by_role("region", name="conv1 맵 2")
    assert conv1.nth(1).get_attribute("aria-expanded") == "true"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    before = panel.locator("figcaption").text_content()
    scrolled = page.evaluate("scrollY")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)  # a page scrolls by keys little by little
    assert page.evaluate("scrollY") == scrolled
    assert panel.locator("figcaption").text_content() != before
    status.filter(has_text="편향").wait_for(state="attached")
    page.keyboard.press("Escape")
    assert panel.count() == 0
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "conv1 맵 2"

    page.get_by_role("button", name="모두 지우기").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(READ) is None


def test_empty_pad_is_not_read(opened):
    page = opened()
    page.evaluate("""() => {
        const { prototype } = cnnlab.Model, run = prototype.run;
        window.runs = 0;
        prototype.run = function (...given) { window.runs++; return run.apply(this, given); };
    }""")
    refused = "빈 판은 읽지 않습니다"
    assert page.evaluate(READ) is not None  # it opens with an example
    page.get_by_role("button", name="모두 지우기").click()
    assert page.evaluate(READ) is None
    page.evaluate("() => { window.runs = 0; }")
    assert refused in page.locator(".lab-answer").text_content()
    assert page.locator(".lab-map:enabled").count() == 0
    page.get_by_role("button", name="모두 지우기").click()
    assert page.evaluate(READ) is None
    assert page.evaluate("window.runs") == 0
    page.get_by_role("status").filter(has_text=refused).wait_for(state="attached")

    assert example(page, 4) == "4"
    assert page.evaluate("window.runs") > 0
    page.get_by_role("button", name="conv1 맵 1", exact=True).click()
    page.get_by_role("button", name="모두 지우기").click()
    assert page.evaluate(READ) is None
    assert refused in page.locator(".lab-answer").text_content()
    assert page.locator(".lab-panel").count() == 0
    assert page.locator(".lab-percent").all_text_contents() == ["–"] * 11
    assert page.evaluate(
        "Array.from(document.querySelector('digit-cnn').pad.input()).every(x => x === 0)"
    )


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_it_opens_with_an_example(opened, address, motion):
    """Drawn before the reader's eyes and read as it grows; at once for who wants less motion."""
    page = opened("about:blank", motion=motion)
    page.add_init_script("""
        window.grown = [];
        const define = customElements.define.bind(customElements);
        customElements.define = (...given) => {
            const { prototype } = cnnlab.DrawingPad, put = prototype.put;
            prototype.put = function (strokes) { grown.push(strokes[0].length); return put.call(this, strokes); };
            define(...given);
        };""")
    page.goto(address.as_uri())
    page.locator(".lab-pad-hint").filter(has_text="보기").wait_for()
    until(page, "document.querySelector('digit-cnn').pad.strokes[0].length > 70")
    assert page.evaluate(READ) == "3"
    grown = page.evaluate("grown")
    assert grown == sorted(grown) and (len(grown) == 1) == (motion == "reduce")
    assert "보기" in page.locator(".lab-pad-hint").text_content()
    assert page.locator(".lab-map:enabled").count() == page.locator(".lab-map").count()
    assert page.get_by_role("status").text_content() == ""  # nobody asked
    assert page.locator("digit-cnn > p").first.text_content().startswith("판에 숫자를 그리면")
    hands = Hands(page, clear=False)
    for kind, y in [("Pressed", 40), ("Moved", 240), ("Released", 240)]:
        hands.pen(kind, (140, y))
    assert hands.strokes == [[[140, 40], [140, 240]]] and page.evaluate(READ) == "1"
    page.get_by_role("status").filter(has_text="1입니다").wait_for(state="attached")


def test_the_first_stroke_stops_the_example(opened):
    page = opened(motion="no-preference")
    until(page, "document.querySelector('digit-cnn').pad.strokes.length")
    hands = Hands(page, clear=False)
    hands.pen("Pressed", (140, 40))
    page.wait_for_timeout(200)
    hands.pen("Moved", (140, 240))
    assert hands.strokes == [[[140, 40], [140, 240]]]


def test_examples_and_the_answer_in_words(opened, bare_page):
    page = opened()
    for digit in range(10):
        assert example(page, digit) == str(digit)
        words = page.locator(".lab-answer").text_content()
        assert words.startswith(f"{digit}입니다. 확률 ")
        bars = page.locator(".lab-percent").all_text_contents()
        assert words.split("확률 ")[1].split(",")[0] == bars[digit]
        shares = [float(bar.strip("<>%")) for bar in bars]
        assert sum(shares) == pytest.approx(100, abs=1)
        width = page.locator(".lab-bars .lab-first .lab-bar").evaluate("bar => bar.style.width")
        assert float(width.rstrip("%")) == pytest.approx(shares[digit], abs=0.11)
    page = opened(bare_page(BODY, SCRIPTS, "en").as_uri())
    page.get_by_role("button", name="Ready-made digit 8").click()
    assert page.evaluate(READ) == "8"
    assert page.locator(".lab-answer").text_content().startswith("It is 8. Probability ")


def test_what_is_no_digit_is_doubted(opened, bare_page):
    """On the page as in Python, of which tests/test_lab_drawings.py asks more."""
    page = opened()
    for drawing in (
        [[[140, 140]]],  # a dot
        *(judge_digits.nothing(kind, 9, 2)[1] for kind in ("dots", "faces", "scribbles")),
    ):
        draw_by_pointer(page, [np.array(stroke) for stroke in drawing])
        assert page.evaluate(READ).startswith("?")
        words = page.locator(".lab-answer").text_content()
        found = re.fullmatch(
            r"모르겠습니다\. 숫자가 아닐 확률 (\S+)\. 굳이 숫자로 읽으면 (\d) \((\S+)\)\.", words
        )
        bars = page.locator(".lab-percent").all_text_contents()
        assert found[1] == bars[10] and found[3] == bars[int(found[2])]
    row = page.locator(".lab-bars li").last
    assert row.locator("span").first.text_content() == "?숫자가 아님"  # the words are heard
    page.get_by_role("button", name="숫자가 아니라는 출력").click()
    total = page.locator(".lab-panel .lab-total").text_content()
    assert total.endswith(bars[10]) and "열한 개의 합" in total

    page = opened(bare_page(BODY, SCRIPTS, "en").as_uri())
    draw_by_pointer(page, [np.array([[140.0, 140.0]])])
    page.evaluate(READ)
    assert page.locator(".lab-answer").text_content().startswith("I don't know. It is no digit")


def test_no_probability_is_certain(opened):
    """Rounding makes nothing sure or impossible; a bar is as long as the probability."""
    shown = opened().evaluate(
        "[0, 1e-9, 9e-4, 0.0012, 0.5, 0.98999, 0.9989, 0.99949, 0.9996, 1].map(cnnlab.drawing.percent)"
    )
    wanted = "<0.1% <0.1% <0.1% 0.1% 50.0% 99.0% 99.9% >99.9% >99.9% >99.9%"
    assert shown == wanted.split()


def test_no_other_host_under_a_strict_policy(watched):
    assert example(watched, 3) == "3"
    watched.get_by_role("button", name=KINDS[0], exact=True).click()
    assert watched.locator(".lab-panel").is_visible()


@pytest.mark.parametrize("width", [1000, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible_and_no_sideways_scroll(opened, axe, scheme, width):
    page = opened(width=width, scheme=scheme, motion="reduce")
    assert axe(page) == []
    example(page, 2)
    for name in KINDS:
        page.get_by_role("button", name=name, exact=True).click()
        assert page.locator(".lab-panel").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if name in (KINDS[2], KINDS[4]):
            assert axe(page) == []
    nothing_moves(page)


def test_pictures_follow_the_theme(opened):
    page = opened()
    example(page, 0)
    corner = """(() => {
        const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        pen.drawImage(document.querySelector(".lab-map canvas"), 0, 0);
        return pen.getImageData(0, 0, 1, 1).data[0];
    })()"""
    assert page.evaluate(corner) > 200
    for theme in ("dark", "light"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        page.evaluate("new Promise(requestAnimationFrame)")
        assert (page.evaluate(corner) < 60) == (theme == "dark")


@pytest.mark.parametrize("file", ["", "cnnlab.addModel('digits', {layers: 3});", "huge"])
def test_broken_model_gives_a_sentence(opened, bare_page, root, file):
    if file == "huge":  # well formed, but its sums leave what a number can hold
        good = (root / "book/_assets/lab/models/digits.js").read_text(encoding="utf-8")
        manifest = json.loads(good[good.index("{") : good.rindex("}") + 1])
        count = len(base64.b64decode(manifest["weights"])) // 2
        manifest["weights"] = base64.b64encode(np.full(count, 65504, "<f2").tobytes()).decode()
        for layer in manifest["layers"]:
            if "activation" in layer["config"]:
                layer["config"]["activation"] = "exponential"
        file = f"cnnlab.addModel('digits', {json.dumps(manifest)});"
    path = bare_page(BODY, ("engine.js", "drawing.js", "models/broken.js", "digit-cnn.js"))
    (path.parent / "lab/models/broken.js").write_text(file, encoding="utf-8")
    page = opened(path.as_uri())
    page.get_by_role("alert").wait_for()  # its example is the first that it cannot read
    assert "신경망을 열지 못했습니다" in page.get_by_role("alert").text_content()


# ---- numbers ----


def centred(ink):
    """Return ink as MNIST would have it, by another way than the page's: sums up to any place.

    The ink left of and above a point is linear between pixels; differences of it over a grid of 29
    lines each way are the cells.
    """
    ink = np.asarray(ink, float)
    height, width = ink.shape
    rows, columns = np.nonzero(ink)
    side = max(np.ptp(rows), np.ptp(columns)) + 1
    side = side / 20

    def lines(coordinate, weights):
        middle = ((coordinate + 0.5) * weights).sum() / weights.sum()
        start = middle - 14 * side
        start = max(start, coordinate.max() + 1 - 28 * side)
        start = min(start, coordinate.min())
        return start + side * np.arange(29)

    y, x = lines(rows, ink[rows, columns]), lines(columns, ink[rows, columns])
    sums = np.zeros((height + 1, width + 1))
    sums[1:, 1:] = ink.cumsum(axis=0).cumsum(axis=1)
    sums = np.array([np.interp(x, np.arange(width + 1), row) for row in sums])
    sums = np.array([np.interp(y, np.arange(height + 1), column) for column in sums.T]).T
    return np.diff(np.diff(sums, axis=0), axis=1) / side**2


def drawings():
    rng = np.random.default_rng(2)
    wide, tall, dot = np.zeros((3, 60, 90))
    wide[20:25, 3:88] = 1
    tall[2:59, 80:] = rng.uniform(size=(57, 10))
    dot[33, 41] = 0.5
    heavy = np.zeros((40, 40))
    heavy[0, 0], heavy[20:, 20:] = 1e-3, 1  # its centre of mass is far from the middle of its box
    noise = rng.uniform(size=(50, 70)) * (rng.uniform(size=(50, 70)) > 0.9)
    return {"wide": wide, "tall": tall, "dot": dot, "heavy": heavy, "noise": noise}


def test_centring(opened, digits):
    page = opened()
    centre = "([ink, w, h]) => Array.from(cnnlab.centre(Float32Array.from(ink), w, h))"
    for name, ink in drawings().items():
        ink = ink.astype(np.float32)
        came = np.reshape(page.evaluate(centre, [ink.ravel().tolist(), *ink.shape[::-1]]), (28, 28))
        assert np.allclose(came, centred(ink), atol=1e-6), name
    assert page.evaluate(centre, [[0] * 12, 4, 3]) == [0] * 784


def test_the_page_redraws_as_python_does(opened, digits):
    """A drawing of any size gives the same input; a dot stays a dot; a pen is round."""
    page = opened()
    redraw = """strokes => {
        const { pad } = document.querySelector("digit-cnn");
        pad.draw(strokes);
        return Array.from(pad.input());
    }"""
    for digit in digits[::60]:
        inputs = []
        for share in (0.12, 0.5, 1):
            drawn = [stroke.tolist() for stroke in on_pad(digit["strokes"], share, 0.3)]
            came = np.reshape(page.evaluate(redraw, drawn), (28, 28))
            assert np.allclose(came, cnnbook.strokes.redrawn(drawn, BRUSH), atol=1e-6)
            inputs.append(came)
        assert np.allclose(inputs, inputs[0], atol=1e-6)
        middle = ((np.indices((28, 28)) + 0.5) * came).sum(axis=(1, 2)) / came.sum()
        # A pixel's ink counts at its middle, wherever in the pixel it lies.
        assert np.allclose(middle, 14, atol=0.02)
        inked = [np.flatnonzero(came.max(axis=axis) > 0) for axis in (0, 1)]
        assert 20 <= max(np.ptp(one) + 1 for one in inked) <= 21  # a border may cut a pixel
    for dot in ([[[140, 140]]], [[[30, 40], [36, 40]], [[36, 46]]]):
        came = np.reshape(page.evaluate(redraw, dot), (28, 28))
        assert np.allclose(came, cnnbook.strokes.redrawn(dot, BRUSH), atol=1e-6)
        assert np.count_nonzero(came) < 100
    came = page.evaluate(redraw, [[[140, 140]]])
    assert sum(came) == pytest.approx(np.pi * 1.25**2, rel=0.02)


@pytest.fixture(scope="module")
def keras_model():
    return models.load_weights(models.digit_cnn(11), "lab-drawings")


def test_page_has_the_committed_weights(root, keras_model, tmp_path):
    names = [*datasets.load("digits").class_names, "?"]
    web.export(keras_model, names, tmp_path / "digits.js")
    shipped = root / "book/_assets/lab/models/digits.js"
    assert shipped.read_bytes() == (tmp_path / "digits.js").read_bytes()
    assert shipped.stat().st_size <= 500_000


def test_every_activation_is_that_of_keras(opened, digits, keras_model):
    import keras

    rng = np.random.default_rng(3)
    inputs = [rng.uniform(size=784), np.ones(784), np.zeros(784), rng.uniform(size=784) > 0.8]
    page = opened()
    for digit in digits[::75]:
        strokes = [stroke.tolist() for stroke in on_pad(digit["strokes"], 0.8, 0.5)]
        draw = "strokes => { const { pad } = document.querySelector('digit-cnn'); pad.draw(strokes); return Array.from(pad.input()); }"
        inputs.append(page.evaluate(draw, strokes))
    inputs = np.array(inputs, np.float32)
    every = keras.Model(keras_model.inputs, [layer.output for layer in keras_model.layers])
    wanted = every.predict(inputs.reshape(-1, 28, 28, 1), verbose=0)
    run = """async input => {
        const { activations } = await document.querySelector("digit-cnn").model.run(Float32Array.from(input));
        return [...activations].map(([name, { shape, data }]) => [name, shape, Array.from(data)]);
    }"""
    for number, pixels in enumerate(inputs):
        came = page.evaluate(run, pixels.tolist())
        assert came[0][0] == "input"
        for (name, shape, data), layer, expected in zip(
            came[1:], keras_model.layers, wanted, strict=True
        ):
            expected = expected[number]
            assert name == layer.name and tuple(shape) == expected.shape
            error = np.abs(np.reshape(data, shape) - expected).max()
            assert error <= 1e-5 * np.abs(expected).max(), (name, number)


def numbers(text):
    return [float(found.replace("−", "-")) for found in re.findall(r"−?\d+\.\d+", text)]


def test_explanations_add_up(opened):
    """Every number in a panel, to its two decimals, against the activations and the weights."""
    page = opened()
    example(page, 6)
    values = {
        name: np.reshape(data, shape)
        for name, shape, data in page.evaluate(
            """[...document.querySelector("digit-cnn").model.layers].map(({ name }) => {
                const { shape, data } = document.querySelector("digit-cnn").activation(name);
                return [name, shape, Array.from(data)];
            })"""
        )
    }
    weights = page.evaluate(
        """document.querySelector("digit-cnn").model.layers.map(({ name, weights }) =>
            [name, Object.values(weights).map(({ shape, data }) => [shape, Array.from(data)])])"""
    )
    weights = {
        name: [np.reshape(data, shape) for shape, data in arrays] for name, arrays in weights
    }
    panel = page.locator(".lab-panel")

    def grid(caption):
        cells = panel.locator("table", has_text=caption).last.locator("td")
        return np.array(numbers(" ".join(cells.all_text_contents())))

    def close(shown, true, atol=0.0051):
        assert np.allclose(shown, true, rtol=0, atol=atol), (shown, true)

    for name, unit, source in [
        ("conv1", 1, "input"),
        ("conv2", 9, "pool1"),
        ("conv4", 30, "conv3"),
    ]:
        page.get_by_role("button", name=f"{name} 맵 {unit + 1}", exact=True).click()
        row, column = np.unravel_index(values[name][..., unit].argmax(), values[name].shape[:2])
        caption = panel.locator("figcaption").text_content()
        assert caption.startswith(f"{row + 1}행 {column + 1}열의 값 ")
        for step in range(2):  # the cell that was chosen for the reader, and the next one
            if step:
                key, by = ("ArrowUp", -1) if row else ("ArrowDown", 1)
                panel.get_by_role("application").press(key)
                row += by
            kernel, bias = weights[name]
            padded = np.pad(values[source], ((1, 1), (1, 1), (0, 0)))
            window = padded[row : row + 3, column : column + 3]
            products = window * kernel[..., unit]
            sums = products.sum(axis=(0, 1))
            chosen = panel.locator(".lab-card[aria-pressed=true] .lab-card-name").text_content()
            channel = int(chosen.split()[-1]) - 1 if len(sums) > 1 else 0
            assert step or channel == np.abs(sums).argmax()
            close(grid("창"), window[..., channel].ravel())
            close(grid("커널"), kernel[..., channel, unit].ravel())
            close(grid("곱"), products[..., channel].ravel())
            total = sums.sum() + bias[unit]
            shown = numbers(panel.locator(".lab-total").text_content())
            close(shown, [sums.sum(), bias[unit], total, max(total, 0)])
            close(shown[-1], values[name][row, column, unit])
            cards = panel.locator(".lab-card:visible .lab-card-value").all_text_contents()
            order = np.argsort(-np.abs(sums), kind="stable")[: len(cards)]
            close(numbers(" ".join(cards)), sums[order])
            if len(sums) > len(cards):
                close(
                    numbers(panel.locator(".lab-steps > .lab-note").text_content()),
                    sums.sum() - sums[order].sum(),
                )
        if name == "conv2":
            panel.get_by_role("button", name="16장 모두 차례대로 보기").click()
            cards = panel.locator(".lab-card:visible .lab-card-value").all_text_contents()
            close(numbers(" ".join(cards)), sums)
            panel.locator(".lab-card").nth(4).click()
            close(grid("곱"), products[..., 4].ravel())

    page.get_by_role("button", name="pool1 맵 10", exact=True).click()
    row, column = np.unravel_index(values["pool1"][..., 9].argmax(), (14, 14))
    window = values["conv1"][2 * row : 2 * row + 2, 2 * column : 2 * column + 2, 9]
    close(grid("창"), window.ravel())
    close(numbers(panel.locator(".lab-total").text_content()), values["pool1"][row, column, 9])
    close(numbers(panel.locator(".lab-marked").text_content()), window.max())

    page.get_by_role("button", name="mean의 30번째 수", exact=True).click()
    close(grid("맵의 수"), values["conv4"][..., 29].ravel())
    shown = numbers(panel.locator(".lab-total").text_content())
    close(shown, [values["conv4"][..., 29].sum(), values["mean"][29]])

    page.get_by_role("button", name="숫자 6의 출력", exact=True).click()
    kernel, bias = weights["digit"]
    products = values["mean"] * kernel[:, 6]
    order = np.argsort(-np.abs(products), kind="stable")[:8]
    rows = panel.locator(".lab-contributions li > span:last-child").all_text_contents()
    shown = np.reshape([numbers(row) for row in rows], (8, 3))
    close(shown, np.stack([values["mean"], kernel[:, 6], products], axis=1)[order])
    logit = products.sum() + bias[6]
    rest = panel.locator(".lab-contributions + p").text_content()
    close(numbers(rest), [products.sum() - products[order].sum(), bias[6], logit])
    shown = numbers(panel.locator(".lab-total").text_content())
    close(shown, [logit, 100 * values["digit"][6]], atol=0.11)  # ">99.9%" may be 100


def test_accuracy_on_mnist(opened, root):
    """The accuracy as the page computes it; needs the real MNIST."""
    if not os.environ.get("CNNBOOK_DATA_DIR"):
        pytest.skip(
            "set CNNBOOK_DATA_DIR to a folder with mnist.npz: then all 10,000 are read here"
        )
    mnist = datasets.load("mnist")
    images = base64.b64encode(mnist.x_test.tobytes()).decode()
    answers = opened().evaluate(
        """async images => {
            const bytes = Uint8Array.from(atob(images), letter => letter.charCodeAt(0));
            const { model } = document.querySelector("digit-cnn"), answers = [];
            for (let at = 0; at < bytes.length; at += 784) {
                const input = Float32Array.from(bytes.subarray(at, at + 784), value => value / 255);
                const { data } = (await model.run(input, { keep: false })).output;
                answers.push(data.indexOf(Math.max(...data)));
            }
            return answers;
        }""",
        images,
    )
    accuracy = np.mean(np.array(answers) == mnist.y_test)
    print(f"accuracy on {len(answers)} test images, in the browser: {accuracy:.4f}")
    assert len(answers) == 10_000
    # It has learned the page's pen, and an eleventh answer: .9875 in Keras.
    assert accuracy >= 0.985
    path = root / "data/results/12-mnist-drawings.json"
    recorded = json.loads(path.read_text(encoding="utf-8"))["test_accuracy"]
    assert accuracy == pytest.approx(recorded, abs=0.0002)  # an image may lie on a border
