"""<practice-drills>: Python and the page draw the same; answers, slips and steps; boxes, code, page."""

import json
import math
import re
import string
from fractions import Fraction

import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnbook import ops
from tools.editions import EDITIONS
from tools.teaching import drills

SCRIPTS = ("drills.js", "drills.ko.js", "practice.js")
BODY = "<practice-drills>fallback</practice-drills><p>end</p>"
DAY = 20_800  # counted as the page counts, some day of 2026
every_drill = pytest.mark.parametrize("name", drills.DRILLS)

TASKS = """(name, first, count) => JSON.stringify(Array.from({length: count}, (_, i) => {
    const {chapter, given = {}, told = {}, answers, slips, steps, drill, seed} = cnnlab.drills.draw(name, first + i);
    const plain = x => Array.isArray(x) ? x.map(plain) : x.d ? `${x.n}/${x.d}` : String(x);
    const all = table => Object.fromEntries(Object.entries(table).map(([label, x]) => [label, plain(x)]));
    return {drawn: [chapter, all(given), all(told), all(answers)], cells: Object.fromEntries(
        Object.entries(answers).map(([label, x]) => [label, cnnlab.drills.cells(x)])), slips, steps, drill, seed};
}))"""
JUDGE = """(name, seed, written) => JSON.stringify(cnnlab.practice.judge(cnnlab.drills.draw(name, seed), written))"""
READ = (
    """text => JSON.stringify(cnnlab.practice.read(text)?.map(({n, d}) => `${n}/${d}`) ?? null)"""
)
COMPARE = """(text, right) => { // as a drill with this one answer would
    const numbers = cnnlab.practice.read(text);
    return numbers?.length ? cnnlab.practice.compare(numbers, right) : "unread";
}"""


@pytest.fixture(scope="module")
def page(root, v8):
    """The drills in bare V8: page(function, …) calls one with plain values."""
    for name in (*SCRIPTS, "drills.en.js"):
        v8.eval((root / "book/_assets/lab" / name).read_text(encoding="utf-8"))

    def call(function, *values):
        return json.loads(v8.eval(f"JSON.stringify(({function})(...{json.dumps(values)})) ?? null"))

    return call


def tasks(page, name, first, count):
    return json.loads(page(TASKS, name, first, count))


def plain(value):
    """Write a number, or an array of them, as TASKS does."""
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(one) for one in value]
    if isinstance(value, float):
        value = Fraction(value).limit_denominator(1000)
    return str(value)


# --- one seed, one task ---


@every_drill
def test_python_and_the_page_draw_the_same(page, name):
    for seed, task in enumerate(tasks(page, name, 0, 1000)):
        drill = drills.drawn(name, seed)
        tables = (drill.given, drill.told, drill.answers)
        wanted = [{label: plain(value) for label, value in table.items()} for table in tables]
        assert task["drawn"] == [drill.chapter, *wanted], seed


def test_other_seeds_give_other_tasks(page):
    assert list(drills.DRILLS) == page("() => cnnlab.drills.NAMES")
    for name in drills.DRILLS:
        drawn = [str(task["drawn"]) for task in tasks(page, name, 0, 40)]
        assert len(set(drawn)) >= (10 if name in ("all_right", "stacked") else 25), name


# --- the answers that no sheet has, in other ways ---


def by_iou(given, told):
    masks = np.zeros((2, 12, 12), bool)
    for mask, (top, left, bottom, right) in zip(masks, given["boxes"], strict=True):
        mask[top:bottom, left:right] = True
    return {"iou": Fraction(int((masks[0] & masks[1]).sum()), int((masks[0] | masks[1]).sum()))}


def by_field(given, told):
    """Follow what one output sees, cell by cell, back to the input."""
    seen = {0}
    for window, stride in given["layers"][::-1]:
        seen = {stride * place + step for place in seen for step in range(window)}
    return {"field": max(seen) - min(seen) + 1}


def by_same(given, told):
    size, window, stride = told.values()
    image = np.arange(1, size + 1).reshape(1, 1, -1, 1)
    for zeros in range(window):
        for left in range(zeros + 1):
            padded = np.pad(image, ((0, 0), (0, 0), (left, zeros - left), (0, 0)))
            if padded.shape[2] < window:
                continue
            one_hot = np.eye(window, dtype=int)[None, :, None, :]
            found = ops.conv2d(padded, one_hot, strides=(1, stride))
            same = ops.conv2d(image, one_hot, strides=(1, stride), padding="same")
            if found.shape == same.shape and (found == same).all():
                return {"before": left, "after": zeros - left}
    raise AssertionError("no padding gives the same")


def by_multiply_adds(given, told):
    image = np.ones((1, told["side"], told["side"], told["channels"]), int)
    kernels = np.ones((told["window"], told["window"], told["channels"], told["filters"]), int)
    if told["padding"] == "same":  # products with the zeros count: zeros become ones
        around = told["window"] // 2
        image = np.pad(image, ((0, 0), (around, around), (around, around), (0, 0)), mode="edge")
    return {"multiply_adds": int(ops.conv2d(image, kernels).sum())}


def by_steps(given, told):
    images, batch, epochs = told.values()
    epoch = len(range(0, images, batch))
    return {"epoch": epoch, "all": sum(epoch for _ in range(epochs))}


def by_stacked(given, told):
    layers, channels, window = told.values()
    assert by_field({"layers": [(3, 1)] * layers}, {}) == {"field": window}
    one = ops.conv2d_parameter_count(3, channels, channels, use_bias=False)
    large = ops.conv2d_parameter_count(window, channels, channels, use_bias=False)
    return {"small": layers * one, "large": large}


def by_product(given, told):
    p = Fraction(told["percent"], 100)
    return {"probability": math.prod([p] * told["digits"])}


def by_all_images(given, told):
    every = [gradient for images, gradient in given["devices"] for _ in range(images)]
    return {"gradient": Fraction(int(sum(every)), len(every))}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("iou", by_iou),
        ("receptive_field", by_field),
        ("same_padding", by_same),
        ("multiply_adds", by_multiply_adds),
        ("training_steps", by_steps),
        ("stacked", by_stacked),
        ("all_right", by_product),
        ("weighted_gradient", by_all_images),
    ],
)
def test_the_answers_in_another_way(name, key):
    for seed in range(40):
        drill = drills.drawn(name, seed)
        assert key(drill.given, drill.told) == drill.answers, seed


# --- what is said of a task ---


@every_drill
def test_the_steps_are_true_and_lead_to_the_answers(page, name):
    """Every line of arithmetic holds, and every answer is a result, a given number or 0."""
    signs = str.maketrans("×÷−²", "*/-²")
    for task in tasks(page, name, 0, 60):
        single = [value for value in task["drawn"][1].values() if isinstance(value, str)]
        results = {Fraction(0), *map(Fraction, single)}
        for _, line in task["steps"]:
            sides = []
            for side in line.translate(signs).replace("²", "**2").split("="):
                code = re.sub(r"⌊([^⌋]*)⌋", r"floor(\1)", side)
                code = re.sub(r"⌈([^⌉]*)⌉", r"ceil(\1)", code).replace("√", "sqrt")
                sides.append(
                    eval(
                        code,
                        {"floor": math.floor, "ceil": math.ceil, "sqrt": math.sqrt, "max": max},
                    )
                )
            assert sides[0] == pytest.approx(sides[-1], abs=1e-9), (task["seed"], line)
            results.add(Fraction(sides[-1]).limit_denominator(100_000))
        for label, cells in task["cells"].items():
            assert {Fraction(n, d) for n, d in cells} <= results, (task["seed"], label)


@every_drill
def test_right_answers_are_right_and_slips_are_named(page, name):
    sentences = set()
    for task in tasks(page, name, 0, 30):
        right = {label: [f"{n}/{d}" for n, d in cells] for label, cells in task["cells"].items()}
        verdict = json.loads(page(JUDGE, name, task["seed"], right))
        assert verdict["right"] and not verdict["why"] and "open" not in verdict
        for slip in task["slips"]:
            written = right | {slip["label"]: [f"{n}/{d}" for n, d in slip["wrong"]]}
            verdict = json.loads(page(JUDGE, name, task["seed"], written))
            assert not verdict["right"] and "open" not in verdict
            # Where two slips lead to the same numbers, the first is named.
            named = [other["why"] for other in task["slips"] if other["label"] == slip["label"]]
            assert len(verdict["why"]) == 1 and verdict["why"][0] in named
            sentences |= set(verdict["why"])
            values = [Fraction(text) for text in written[slip["label"]]]
            wrong = [Fraction(*cell) for cell in task["cells"][slip["label"]]]
            marks = ["right" if a == b else "wrong" for a, b in zip(values, wrong, strict=True)]
            assert verdict["states"][slip["label"]] == marks and "wrong" in marks
        # No slip at all: refused all the same, and nothing is guessed.
        label = next(iter(right))
        verdict = json.loads(
            page(JUDGE, name, task["seed"], right | {label: ["98765"] * len(right[label])})
        )
        assert not verdict["right"] and verdict["why"] == []
    assert sentences


def test_every_sentence_is_there_in_both_languages(root, page):
    holes = {}
    for language in EDITIONS:
        text = (root / f"book/_assets/lab/drills.{language}.js").read_text("utf-8")
        assert text.startswith(f'cnnlab.addText("{language}", ')
        lines = dict(re.findall(r'^    "?([\w.-]+)"?: "(.*)",$', text, re.M))
        holes[language] = {
            key: sorted(set(re.findall(r"{\w+}", line))) for key, line in lines.items()
        }
    assert len({str(sorted(keys.items())) for keys in holes.values()}) == 1
    known = holes["ko"]
    used = {
        f"slip.{task['why']}"
        for name in drills.DRILLS
        for one in tasks(page, name, 0, 60)
        for task in one["slips"]
    }
    for name in drills.DRILLS:
        (task,) = tasks(page, name, 0, 1)
        drill = drills.drawn(name, 0)
        labels = {f"label.{label}" for label in (*drill.given, *drill.answers)}
        used |= (
            labels
            | {f"step.{why}" for why, _ in task["steps"] if why}
            | {f"{name}.title", f"{name}.text"}
        )
        assert set(known[f"{name}.text"]) == {f"{{{key}}}" for key in drill.told}
    assert used - set(known) == set()
    spoken = (root / "book/_assets/lab/practice.js").read_text("utf-8") + (
        root / "book/_assets/lab/drills.js"
    ).read_text("utf-8")
    for key in set(known) - used:  # no sentence is left over
        last = key.rpartition(".")[2]
        assert f'"{key}"' in spoken or f'"{last}"' in spoken or last in spoken, key


# --- numbers as readers write them ---


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("12", ["12/1"]),
        (" −3 ", ["-3/1"]),
        ("–3", ["-3/1"]),
        ("+7", ["7/1"]),
        ("0.25", ["25/100"]),
        ("0,25", ["25/100"]),
        (".5", ["5/10"]),
        ("5.", ["5/1"]),
        ("1/3", ["1/3"]),
        ("-1 / 3", ["-1/3"]),
        ("1 1/2", ["3/2"]),
        ("½", ["1/2"]),
        ("1½", ["3/2"]),
        ("-2¼", ["-9/4"]),
        ("１２．５", ["125/10"]),
        ("－３", ["-3/1"]),
        ("777,600", ["777600/1000", "777600/1"]),
        ("1,728.5", ["17285/10"]),
        ("777 600", ["777600/1"]),
        ("40%", ["40/100"]),
        ("12칸", ["12/1"]),
        ("12 cells", ["12/1"]),
        ("삼십이", ["32/1"]),
        ("이만 삼천", []),
        ("이만삼천오", ["23005/1"]),
        ("일공", ["10/1"]),
        ("마이너스", []),
        ("1/0", []),
        ("3 4", []),
        ("1e3", []),
        ("--3", []),
        ("1.2.3", []),
        ("=3", []),
        ("9" * 40, []),
        ("", None),
        ("   ", None),
    ],
)
def test_numbers_are_read(page, text, numbers):
    assert json.loads(page(READ, text)) == numbers


@pytest.mark.parametrize(
    ("text", "right", "verdict"),
    [
        ("0.143", (1, 7), "right"),
        ("0.142", (1, 7), "right"),  # cut off
        ("0.1428", (1, 7), "right"),
        ("14.3%", (1, 7), "right"),
        ("0.14", (1, 7), "rough"),
        ("0.145", (1, 7), "wrong"),
        ("2/14", (1, 7), "right"),
        ("2.25", (9, 4), "right"),
        ("2,250", (9, 4), "right"),
        ("2.3", (9, 4), "rough"),
        ("2,4", (9, 4), "wrong"),
        ("-2.25", (9, 4), "wrong"),
        ("777,600", (777600, 1), "right"),
        ("777.600", (777600, 1), "wrong"),
        ("19.0", (19, 1), "right"),
        ("20", (19, 1), "wrong"),
    ],
)
def test_numbers_are_compared(page, text, right, verdict):
    assert page(COMPARE, text, right) == verdict


@given(st.fractions(-50, 50, max_denominator=40), st.sampled_from(["{}", " {} ", "{}칸", "+{}"]))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_every_fraction_and_decimal_is_accepted(page, value, form):
    n, d = value.numerator, value.denominator
    if form != "+{}" or n >= 0:
        assert page(COMPARE, form.format(f"{n}/{d}"), (n, d)) == "right"
        assert page(COMPARE, form.format(f"{float(value):.4f}"), (n, d)) == "right"
        assert page(COMPARE, form.format(f"{float(value) + 1:.4f}"), (n, d)) == "wrong"


# --- boxes ---


def test_a_drill_waits_longer_each_time_it_is_remembered(page):
    answer = "(seen, right, today) => cnnlab.practice.answered(seen, 'iou', right, today)"
    seen, day, waits = {}, DAY, []
    for _ in range(6):
        seen = page(answer, seen, True, day)
        waits.append(seen["iou"]["due"] - day)
        day = seen["iou"]["due"]
    assert waits == [1, 3, 7, 15, 15, 15]
    assert page(answer, seen, True, day - 1) == seen  # before its day: nothing is gained
    assert page(answer, seen, False, day - 1) == {"iou": {"box": 1, "due": day - 1}}


def test_what_is_asked_next(page):
    pick = "(upTo, seen, last, ahead) => cnnlab.practice.pick({upTo, seen}, 20800, last, ahead)"
    names = page("upTo => cnnlab.practice.scope(upTo)", 4)
    chapters = [drills.drawn(name, 0).chapter for name in names]
    assert chapters == sorted(chapters) and max(chapters) == 4 and len(names) == 7
    assert page(pick, 4, {}, None, False) == names[0]  # new ones, in the book's order
    assert page(pick, 4, {}, names[0], False) == names[1]
    seen = {name: {"box": 2, "due": DAY + 1} for name in names}
    assert page(pick, 4, seen, None, False) is None
    assert page(pick, 4, seen, None, True) in names
    seen[names[5]] = {"box": 3, "due": DAY - 4}
    seen[names[2]] = {"box": 1, "due": DAY}
    assert page(pick, 4, seen, None, False) == names[5]  # the longest due first
    assert page(pick, 4, seen, names[5], False) == names[2]  # mixed
    seen[names[5]] = {"box": 4, "due": DAY + 7}
    assert page(pick, 4, seen, names[2], False) == names[2]  # none other is due


# --- the code of a progress ---

ENCODE = "(upTo, seen, today) => cnnlab.practice.encode({upTo, seen}, today)"
DECODE = "code => cnnlab.practice.decode(code)"
BOXES = st.integers(1, 5).flatmap(
    lambda box: st.tuples(st.just(box), st.integers(0, 2 ** (box - 1) - 1))
)
SEEN = st.dictionaries(st.sampled_from(list(drills.DRILLS)), BOXES)
FIRST = {"iou": {"box": 3, "due": DAY + 2}, "pooling": {"box": 1, "due": DAY}}


@given(st.integers(1, 31), SEEN, st.integers(20_000, 32_000))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_a_code_gives_back_what_it_was_made_of(page, up_to, boxes, day):
    seen = {name: {"box": box, "due": day + wait} for name, (box, wait) in boxes.items()}
    code = page(ENCODE, up_to, seen, day)
    assert page(DECODE, code) == {"upTo": up_to, "seen": seen}
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{1,4} ?)+", code) and len(code) < 36


def test_a_code_of_today_is_read_for_ever(page):
    code = "1KMA 0600 0000 0001 0000 0000 0RAC"
    made = page(ENCODE, 19, FIRST, DAY)
    assert made == code
    assert page(DECODE, code) == {"upTo": 19, "seen": FIRST}


def test_a_code_may_be_written_carelessly(page):
    code = page(ENCODE, 19, FIRST, DAY)
    for careless in (
        code.lower(),
        code.replace(" ", ""),
        f"  {code.replace(' ', '-')}\n",
        code.replace("0", "O").replace("1", "l"),
        "".join(chr(ord(letter) + 0xFEE0) if letter != " " else "　" for letter in code),
    ):
        assert page(DECODE, careless) == {"upTo": 19, "seen": FIRST}, careless


def test_a_code_that_was_changed_is_refused_with_a_reason(page):
    code = page(ENCODE, 19, FIRST, DAY).replace(" ", "")
    letters = string.digits + "ABCDEFGHJKMNPQRSTVWXYZ"
    changed = [
        code[:i] + letter + code[i + 1 :]
        for i in range(len(code))
        for letter in letters
        if letter != code[i]
    ]
    swapped = [code[:i] + code[i + 1] + code[i] + code[i + 2 :] for i in range(len(code) - 1)]
    changed += [other for other in swapped if other != code] + [code[:-1], code[1:], code + "0"]
    verdicts = page("codes => codes.map(cnnlab.practice.decode)", changed)
    assert len(changed) > 800 and set(verdicts) == {"check"}
    for wrong, why in (("", "empty"), ("한글", "letters"), ("1KM", "short"), ("!" * 30, "letters")):
        assert page(DECODE, wrong) == why
    newer = page("body => body + cnnlab.practice.check(body)", "2" + code[1:-4])
    assert page(DECODE, newer) == "version"
    longer = page("body => body + cnnlab.practice.check(body)", code[:-4] + "1")
    assert page(DECODE, longer) == "version"
    older = page("body => body + cnnlab.practice.check(body)", code[:-5])  # of fewer drills
    assert page(DECODE, older) == {"upTo": 19, "seen": FIRST}


# --- the page ---


def said(page):
    return page.locator(".lab-practice-said").inner_text()


def shown(page):
    return page.locator(".lab-practice-seed").first.inner_text()


def at(page, address, number):
    """Open a task by the page's address."""
    page.goto(f"{address.as_uri()}#{number}")
    page.locator(".lab-practice-asked input").first.wait_for()


def fill(page, *texts):
    """Write into all boxes at once."""
    count = page.evaluate(
        """texts => {
            const boxes = document.querySelectorAll(".lab-practice-task .lab-practice-asked input");
            boxes.forEach((box, i) => (box.value = texts[i % texts.length]));
            return boxes.length;
        }""",
        texts,
    )
    assert len(texts) in (1, count)


def right_answers(number):
    name, _, seed = number.rpartition("-")
    answers = drills.drawn(name, int(seed)).answers.values()
    return [
        str(Fraction(float(x)).limit_denominator(10**5)) if not isinstance(x, Fraction) else str(x)
        for values in answers
        for x in np.ravel(np.array(values, object))
    ]


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def test_a_task_is_answered_by_keyboard_alone(opened, address):
    page = opened("about:blank")
    at(page, address, "first_value-0")  # 44 and 42
    page.locator(".lab-practice-asked input").first.focus()
    page.keyboard.type("42")
    page.keyboard.press("Tab")
    page.keyboard.type("44")
    page.keyboard.press("Enter")
    assert "2칸 가운데 2칸" in said(page) and "합성곱은 가중치를 뒤집고" in said(page)
    assert page.locator("[aria-invalid=true]").count() == 2
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "합성곱"
    page.keyboard.press("Control+a")
    page.keyboard.type("사십사")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("42,0")
    page.keyboard.press("Enter")
    assert "맞았습니다" in said(page) and "1번 상자" in said(page)  # the first answer counts
    steps = page.locator(".lab-practice-steps").inner_text()
    assert "= 44" in steps and "= 42" in steps
    assert page.evaluate("document.activeElement.textContent") == "다음 문제"
    page.keyboard.press("Enter")
    assert not shown(page).startswith("first_value-")
    assert page.evaluate("document.activeElement.tagName") == "INPUT"


def test_unfinished_answers_do_not_count(opened, address):
    page = opened("about:blank")
    at(page, address, "iou-1")  # 3/5
    for text, sentence in (
        ("", "빈칸을 모두"),
        ("셋", "수로 읽을 수 없는"),
        ("0.66x3", "수로 읽을 수 없는"),
    ):
        fill(page, text)
        button(page, "확인").click()
        assert sentence in said(page)
    at(page, address, "iou-3")  # 1/3
    fill(page, "0.33")
    button(page, "확인").click()
    assert "자릿수가 모자란" in said(page)
    assert (
        page.evaluate("JSON.stringify(document.querySelector('practice-drills').progress.seen)")
        == "{}"
    )
    fill(page, "0.333")
    button(page, "확인").click()
    assert "맞았습니다. 2번 상자로 갑니다. 1일 뒤에 다시 묻습니다." in said(page).replace(
        "\n", " "
    ).replace("  ", " ")


def test_progress_stays_on_the_device_and_moves_by_code(opened, address, browser):
    page = opened("about:blank")
    at(page, address, "iou-1")
    fill(page, "3/5")
    button(page, "확인").click()
    page.reload()
    line = page.locator("practice-drills > .lab-note").first
    assert line.inner_text() == "오늘 풀 것 18 · 처음 보는 것 18 · 1–5번 상자에 0 · 1 · 0 · 0 · 0"
    page.locator("select").select_option("4")
    page.reload()
    assert page.locator("select").input_value() == "4"
    assert line.inner_text().startswith("오늘 풀 것 6 ·")
    page.locator("summary").click()
    code = page.get_by_label("내 기록의 코드").input_value()
    button(page, "기록 지우기").click()
    button(page, "한 번 더 누르면 지웁니다").click()
    assert "처음 보는 것 7" in line.inner_text()
    entry = page.get_by_label("다른 기기에서 가져온 코드")
    entry.fill(code[:-1] + ("A" if code[-1] != "A" else "B"))
    button(page, "가져오기").click()
    assert page.get_by_text("코드가 어딘가 다릅니다").is_visible()
    assert entry.get_attribute("aria-invalid") == "true" and "처음 보는 것 7" in line.inner_text()
    entry.fill(code.lower().replace(" ", ""))
    button(page, "가져오기").click()
    assert page.get_by_text("기록을 가져왔습니다").is_visible()
    assert line.inner_text() == "오늘 풀 것 6 · 처음 보는 것 6 · 1–5번 상자에 0 · 1 · 0 · 0 · 0"


def test_without_storage_it_works_and_says_so(opened, address):
    page = opened("about:blank")
    page.add_init_script("""Object.defineProperty(window, "localStorage", {
        get() { throw new DOMException("denied", "SecurityError"); } })""")
    at(page, address, "iou-1")
    fill(page, "3/5")
    button(page, "확인").click()
    assert "맞았습니다" in said(page)
    assert page.get_by_text("기록을 남기지 못합니다").is_visible()
    page.locator("summary").click()
    assert len(page.get_by_label("내 기록의 코드").input_value()) > 20
    button(page, "다음 문제").click()
    assert not shown(page).startswith("iou-")


def test_broken_records_are_forgotten(opened, address):
    page = opened("about:blank")
    page.goto(address.as_uri())
    page.evaluate("localStorage.setItem('cnnbook-practice', '{}')")
    page.reload()
    assert shown(page).startswith("iou-")


def test_a_number_opens_its_task(opened, address):
    page = opened("about:blank")
    at(page, address, "pooling-7")
    assert shown(page) == "pooling-7"
    assert page.locator("table").first.locator("tbody td").all_inner_texts() == [
        str(x) for x in drills.drawn("pooling", 7).given["feature_map"].ravel()
    ]
    button(page, "같은 꼴 하나 더").click()
    assert shown(page) == "pooling-8"
    page.locator("summary").click()
    wanted = page.get_by_label("문제 번호", exact=True)
    for number in ("nothing-1", "pooling", "pooling-x", "constructor-1"):
        wanted.fill(number)
        button(page, "열기").click()
        assert page.get_by_text("그런 번호의 문제는 없습니다").is_visible()
        assert shown(page) == "pooling-8"
    wanted.fill("stacked-12")
    button(page, "열기").click()
    assert shown(page) == "stacked-12"
    page.evaluate("location.hash = 'channels-2'")
    page.get_by_text("채널 둘, 필터 하나").wait_for()
    button(page, "풀이 보기").click()  # counts as forgotten
    seen = page.evaluate("document.querySelector('practice-drills').progress.seen.channels.box")
    assert seen == 1 and "= " in page.locator(".lab-practice-steps").inner_text()


def test_when_all_is_done_it_says_so(opened, address):
    page = opened("about:blank")
    page.goto(address.as_uri())
    page.locator("select").select_option("1")
    for _ in range(2):
        fill(page, *right_answers(shown(page)))
        button(page, "확인").click()
        button(page, "다음 문제").click()
    assert page.get_by_text(
        "오늘 복습할 것을 모두 풀었습니다. 다음 복습은 1일 뒤입니다."
    ).is_visible()
    button(page, "그래도 더 풀기").click()
    assert shown(page).partition("-")[0] in ("iou", "receptive_field")


def test_every_drill_is_solved_on_the_page(opened, bare_page):
    path = bare_page(BODY, ("drills.js", "drills.en.js", "practice.js"), "en")
    page = opened("about:blank")
    for name in drills.DRILLS:
        at(page, path, f"{name}-5")
        fill(page, *right_answers(f"{name}-5"))
        button(page, "Check").click()
        assert "Right." in said(page) and page.locator("dd").count() >= 1, name


def test_on_paper_every_drill_has_empty_boxes(opened, address):
    page = opened("about:blank")
    at(page, address, "iou-3")
    fill(page, "7")
    page.locator("select").select_option("4")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator(".lab-practice-sheet section").count() == 7
    numbers = page.locator(".lab-practice-sheet .lab-practice-seed").all_inner_texts()
    assert all(number.endswith("-3") for number in numbers) and len(set(numbers)) == 7
    boxes = page.locator("practice-drills input:visible")
    assert boxes.count() > 7 and {box.input_value() for box in boxes.all()} == {""}


@pytest.mark.parametrize(("width", "scheme"), [(1000, "light"), (360, "dark")])
def test_accessible_and_no_sideways_scroll(opened, address, axe, width, scheme):
    page = opened("about:blank", width=width, scheme=scheme, motion="reduce")
    for name in drills.DRILLS:
        at(page, address, f"{name}-9")
        page.evaluate("document.querySelector('details').open = true")
        fill(page, "3")
        button(page, "확인").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if name == "channels":
            button(page, "풀이 보기").click()
            assert axe(page) == [], name


def test_no_other_host_under_a_strict_policy(watched):
    fill(watched, *right_answers(shown(watched)))
    button(watched, "확인").click()
    assert "맞았습니다" in said(watched)


def test_in_the_book_a_task_leads_to_its_chapter(browser, korean):
    page = browser.new_page()
    page.goto((korean / "review.html").as_uri() + "#channels-1")
    link = page.locator(".lab-practice-title a")
    assert link.inner_text() == "5장"
    link.click()
    page.wait_for_url("**/05-channels-filters.html")
    page.close()


def test_a_sandboxed_frame_is_no_obstacle(opened, address, serve):
    """A frame that may run scripts and nothing else: no storage, no forms, no place of its own."""
    bare = re.sub("<meta http-equiv.*>", "", address.read_text("utf-8"))
    inner, outer = address.with_name("inner.html"), address.with_name("outer.html")
    inner.write_text(bare, encoding="utf-8")
    frame = '<iframe src="inner.html#iou-1" sandbox="allow-scripts" width=900 height=800></iframe>'
    outer.write_text(f"<!doctype html>{frame}", encoding="utf-8")
    page = opened(f"{serve(address.parent)}/outer.html")
    inside = page.frame_locator("iframe")
    inside.locator(".lab-practice-asked input").first.fill("3/5")
    inside.get_by_role("button", name="확인", exact=True).click()
    inside.get_by_text("맞았습니다.").wait_for()
    assert inside.get_by_text("기록을 남기지 못합니다").is_visible()


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=lambda one: one.language)
def test_without_scripts_a_sentence_leads_to_the_sheets(whole, edition):
    page = BeautifulSoup(
        (whole / edition.language / "review.html").read_text("utf-8"), "html.parser"
    )
    assert page.find("practice-drills").a["href"].endswith("teaching.html")


def test_the_parts_are_the_book_s(root):
    toc = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))
    parts = [part for part in toc["parts"] if re.match(r"part\d", part["caption"])]
    firsts = [int(part["chapters"][0]["file"][:2]) for part in parts]
    text = (root / "book/_assets/lab/practice.js").read_text("utf-8")
    assert json.loads(re.search(r"const PARTS = (\[.*?\]);", text)[1]) == firsts
    taught = {drills.drawn(name, 0).chapter for name in drills.DRILLS}
    for first, beyond in zip(firsts, [*firsts[1:], 100], strict=True):
        assert any(first <= chapter < beyond for chapter in taught)  # something of each part


def test_the_page_loads_what_the_widget_needs(root):
    text = (root / "book/_assets/book.js").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if '"practice-drills"' in line)
    wanted = re.sub(r"\$\{[^}]*\}", "ko", line)
    assert set(re.findall(r'["`]([\w.-]+)["`]', wanted)) == {"practice-drills", "text.js", *SCRIPTS}
    for name in SCRIPTS:
        assert (root / "book/_assets/lab" / name).stat().st_size <= 30_000
