"""Tasks for the laboratory and topics for presentations: the pages' numbers, replayed on the tools they name.

What is exact is computed anew by the tools in both languages, and read from the pages, not typed here.
"""

import functools
import itertools
import json
import re

import numpy as np
import pytest
from laboratory import DRAW
from test_conv_explorer import explorer
from test_conv_explorer import open_page as open_page  # a fixture

from tools.editions import EDITIONS
from tools.recipes.judge_digits import arc, by_hand, curve, on_pad

SCRIPTS = {
    "conv-explorer": ("engine.js", "conv-explorer.js"),
    "digit-cnn": ("engine.js", "drawing.js", "models/digits.js", "digit-cnn.js"),
}
# Choose settings of the explorer; give the numbers of its maps, its formula, and what it says of cells that
# no window meets.
CHOOSE = """settings => {
    for (const [name, value] of Object.entries(settings)) {
        const select = document.querySelector(`select[name=${name}]`);
        if (select.value === value) continue; // as a reader's choice of the same changes nothing
        select.value = value;
        select.dispatchEvent(new Event("change"));
    }
    const cells = (row) => [...row.cells].map((cell) => cell.textContent.replace("−", "-"));
    return {
        maps: [...document.querySelectorAll(".lab-conv-map table")].map((table) =>
            [...table.rows].map((row) => cells(row).map(Number))),
        size: cells(document.querySelector(".lab-conv-sizes tbody tr")),
        leftover: document.querySelector(".lab-conv-leftover").textContent,
    };
}"""
# Draw the strokes one after another on the pad; give the network's first answer after each (10: no digit).
ANSWERS = """async drawings => {
    const { pad, model } = document.querySelector("digit-cnn");
    const answers = [];
    for (const strokes of drawings) {
        pad.put(strokes);
        const { probabilities } = await model.run(pad.input());
        answers.push(probabilities.indexOf(Math.max(...probabilities)));
    }
    return answers;
}"""
READ = """async () => {
    const widget = document.querySelector("digit-cnn");
    do await new Promise(requestAnimationFrame);
    while (widget.getAttribute("aria-busy") === "true");
    return widget.querySelector(".lab-answer").textContent;
}"""


@functools.cache
def page(language, name="lab-tasks"):
    return (EDITIONS[language].folder / f"{name}.md").read_text("utf-8")


@functools.cache
def tasks(language):
    """Return {number: the text of a task}."""
    parts = re.split(r"^## \S+ (\d)\. ", page(language), flags=re.M)[1:]
    return {int(number): text for number, text in zip(parts[::2], parts[1::2], strict=True)}


def folded(language, number):
    """Return what a task keeps for the teacher."""
    return re.search(r"<details>(.*)</details>", tasks(language)[number], re.S)[1]


def rows(text):
    """Return the cells of the first table of a text, without its header."""
    table = re.search(r"(?:^\|.*\n)+", text, re.M)[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table]


def numbers(text):
    return [float(number.replace("−", "-")) for number in re.findall(r"[-−]?[\d.]*\d", text)]


def words(root, language):
    """Return what the tools say in a language: {key: sentence}."""
    text = (root / f"book/_assets/lab/text.{language}.js").read_text("utf-8")
    return dict(re.findall(r'^ *"?([\w.-]+)"?: "(.*)",$', text, re.M))


languages = pytest.mark.parametrize("language", EDITIONS)


# --- the pages --------------------------------------------------------------------------------


@languages
def test_every_task_takes_twenty_minutes_and_begins_with_a_prediction(language):
    assert list(tasks(language)) == list(range(1, 9))
    for number, text in tasks(language).items():
        steps = re.findall(r"^\d\. (\d+)(?:분| minutes): (.*)$", text, re.M)
        assert sum(int(minutes) for minutes, _ in steps) == 20, number
        assert steps[0][1].startswith(("먼저 적습니다.", "Write first.")), number


@languages
def test_what_the_steps_name_stands_on_the_screen(root, language):
    said = [re.sub(r"\\{\w+\\}", r"\\d+", re.escape(one)) for one in words(root, language).values()]
    for text in tasks(language).values():
        steps = re.findall(r"^\d\. .*$", text, re.M)
        for name in re.findall(r"\*\*(.+?)\*\*", "\n".join(steps)):
            assert any(re.fullmatch(one, name) for one in said), name


# --- the explorer -----------------------------------------------------------------------------


def chosen(page, **settings):
    """Choose settings on the explorer and return what it shows."""
    return page.evaluate(CHOOSE, settings)


def changed(page, label, value):
    """Put another number where a label says, and return what the explorer shows."""
    field = page.get_by_label(label, exact=True)
    field.fill(str(value))
    field.press("Tab")
    return chosen(page)


@languages
def test_flipping(root, open_page, language):
    page = open_page(explorer(example="numbers", filled=""), language)
    for flip, row in zip(("off", "on"), rows(folded(language, 1)), strict=True):
        shown = chosen(page, flip=flip)["maps"][0]
        assert row[0] == words(root, language)[f"flip.{flip}"]
        assert shown == [numbers(cell) for cell in row[1:]]
    named = re.findall(
        "“(.+?)”", re.search(r"^(?:커널 열|Of the ten).*", folded(language, 1), re.M)[0]
    )
    kernels = page.locator("select[name=kernel] option:not([value=own])")
    assert kernels.count() == 10
    found = []
    for value, label in [(one.get_attribute("value"), one.inner_text()) for one in kernels.all()]:
        maps = [
            chosen(page, example="circle", kernel=value, flip=flip)["maps"]
            for flip in ("off", "on")
        ]
        found += [label] * (maps[0] != maps[1])
    assert found == named


@languages
def test_sizes_and_what_no_window_meets(open_page, language):
    page = open_page(explorer(example="leftover", filled=""), language)
    names = ("height", "width", "padding", "stride", "dilation")
    for _, side, padding, stride, dilation, output, remainder, hatched in rows(folded(language, 2)):
        values = zip(names, (side, side, padding, stride, dilation), strict=True)
        seen = chosen(page, **dict(values))
        assert f"{len(seen['maps'][0])}×{len(seen['maps'][0][0])}" == output
        assert seen["size"][-1] == remainder
        assert numbers(hatched) == numbers(seen["leftover"])
        assert (hatched in ("없음", "nothing")) == (not numbers(hatched))
    chosen(page, stride="2", dilation="1")
    first = {one: chosen(page, padding=one)["maps"][0][0][0] for one in ("same", "1")}
    corner = re.search(r"^(?:왼쪽 위의 값은|The top left value).*?\.", folded(language, 2), re.M)[0]
    assert numbers(corner) == [first["same"], first["1"]]


def test_no_other_setting_answers_the_last_question_of_task_2(open_page):
    page = open_page(explorer(example="leftover", filled=""), "en")
    whole = chosen(page, stride="1")["leftover"]
    chosen(page, height="9", width="9")
    found = set()
    for stride, dilation in itertools.product("1234", "123"):
        for padding in ("valid", "same", "full", "1", "2", "3"):
            seen = chosen(page, stride=stride, dilation=dilation, padding=padding)
            if [len(shown) for shown in seen["maps"]] == [3] and seen["leftover"] == whole:
                found.add((stride, dilation, padding))
    assert found == {
        ("3", "1", "valid"),
        ("3", "1", "same"),
        ("1", "3", "valid"),
    }  # as the page says


@languages
def test_one_number_of_a_channel(root, open_page, language):
    say = words(root, language)
    page = open_page(explorer(example="channels", filled=""), language)
    page.locator("button[name=edit]").click()
    for text, *expected in rows(folded(language, 3)):
        chosen(page, example="numbers")
        seen = chosen(page, example="channels")
        if place := numbers(text):
            channel, row, column, before, after = map(int, place)
            label = say["input-cell"].format(channel=channel, row=row, column=column)
            assert page.get_by_label(label, exact=True).input_value() == str(before)
            seen = changed(page, label, after)
        assert seen["maps"] == [[numbers(cell) for cell in expected]]
    before = np.array(chosen(page, example="two-filters")["maps"])
    bias = page.get_by_label(say["bias-of"].format(map=1), exact=True)
    assert bias.input_value() == "−1"
    after = np.array(changed(page, say["bias-of"].format(map=1), 4)["maps"])
    assert before.shape == (2, 3, 3) and (after - before == [[[0]], [[5]]]).all()
    assert f"{2 * 3 * 3 * 3 + 2}" in folded(language, 3)


@languages
def test_what_pooling_does_not_see(root, open_page, language):
    page = open_page(explorer(example="pooling", filled=""), language)
    page.locator("button[name=edit]").click()
    window = [5, 7, 1, 9]
    for text, *expected in rows(folded(language, 4)):
        chosen(page, example="numbers")
        chosen(page, example="pooling")
        if numbers(text):
            before, after = map(int, numbers(text))
            row, column = divmod(window.index(before), 2)
            label = words(root, language)["input-cell"].format(channel=0, row=row, column=column)
            changed(page, label, after)
        values = [chosen(page, operation=one)["maps"][0][0][0] for one in ("max", "average", "min")]
        assert values == list(map(float, expected))


# --- the network that reads digits ------------------------------------------------------------


@pytest.fixture
def reader(browser, bare_page):
    """Return a function that opens a page with <digit-cnn> in a language."""
    pages = []

    def opened(language):
        page = browser.new_page()
        pages.append(page)
        page.goto(bare_page("<digit-cnn></digit-cnn>", SCRIPTS["digit-cnn"], language).as_uri())
        page.locator(".lab-pad svg").wait_for()
        return page

    yield opened
    for page in pages:
        page.close()


@languages
def test_layers(reader, language):
    page = reader(language)
    layers = page.evaluate("""document.querySelector("digit-cnn").model.layers
        .filter(({ type }) => type !== "InputLayer").map(({ name, outputShape, weights }) => [name,
            outputShape.join("×"), Object.values(weights ?? {}).reduce((sum, { data }) => sum + data.length, 0)])""")
    assert rows(folded(language, 5)) == [
        [name, shape, f"{count:,}"] for name, shape, count in layers
    ]
    assert f"{sum(count for *_, count in layers):,}" in folded(language, 5)
    page.locator("digit-cnn .lab-buttons button", has_text="3").click()
    page.evaluate(READ)
    page.locator(".lab-layer").nth(2).locator(".lab-map").first.click()
    assert page.locator(".lab-card").count() * 9 == 144


def drawings():
    """Return the strokes of the three drawings of task 6."""
    three = np.concatenate(
        [arc(0.4, 0.25, 0.32, 0.25, -0.42, 0.25), arc(0.4, 0.75, 0.36, 0.25, -0.25, 0.42)]
    )
    begin, middle, end = three[0], (0.4, 0.5), three[-1]
    return {
        "①": [curve((0.75, 0), (0.5, 0.5), (0.3, 1)), curve((0, 0.02), (0.4, 0), (0.75, 0))],
        "②": [
            three,
            curve(begin, (0.02, 0.28), (0.1, 0.42), middle),
            curve(middle, (0.06, 0.62), (0, 0.78), end),
        ],
        "③": [
            curve((0.1, 0), (0, 0.5), (0.7, 0.5)),
            curve((0.65, 0), (0.62, 1)),
            curve((0.1, 0), (0.35, -0.08), (0.65, 0)),
        ],
    }


def test_strokes(reader):
    """Thirty drawings of each, as the page says; a few may be read otherwise elsewhere."""
    page = reader("en")
    for (name, strokes), row in zip(drawings().items(), rows(folded("en", 6)), strict=True):
        assert row[0] == name
        rng = np.random.default_rng(12)
        drawn = [on_pad(by_hand(strokes, rng), rng, (0.5, 0.9)) for _ in range(30)]
        drawn = [[stroke.tolist() for stroke in one] for one in drawn]
        for count, cell in enumerate(row[1 : len(strokes) + 1], 1):
            answers = page.evaluate(ANSWERS, [one[:count] for one in drawn])
            wanted = {10: 30} if "know" in cell else {}
            if match := re.fullmatch(r"(\d) all 30 times", cell):
                wanted = {int(match[1]): 30}
            wanted |= {
                int(digit): int(times) for digit, times in re.findall(r"(\d) in (\d+)", cell)
            }
            assert sum(wanted.values()) == 30, cell
            for answer, times in wanted.items():
                assert abs(answers.count(answer) - times) <= 2, (name, cell, answer, answers)
        page.evaluate(DRAW, [drawn[0][:-1]])
        before = page.evaluate(READ)
        page.evaluate(DRAW, [drawn[0]])
        page.evaluate(READ)
        page.get_by_role("button", name="Undo").click()
        assert page.evaluate(READ) == before


# --- the other tasks --------------------------------------------------------------------------


@languages
def test_the_last_layer_of_the_photographs_network(root, language):
    text = (root / "book/_assets/lab/models/cifar10.js").read_text("utf-8")
    model = json.JSONDecoder().raw_decode(text[text.index("{") :])[0]
    features = [one["config"]["filters"] for one in model["layers"] if one["type"] == "Conv2D"][-1]
    for classes in (10, 3):
        said = f"{features} × {classes} + {classes} = {features * classes + classes}"
        assert said in folded(language, 7)
    assert len(model["classNames"]) == 10


@languages
def test_five_digits(root, language):
    for p, all_five in rows(folded(language, 8)):
        assert f"{float(p) ** 5:.2f}" == all_five
    judged = json.loads((root / "data/results/12-mnist-drawings-judge.json").read_text("utf-8"))
    counts = {
        one: np.sum([row[one] for row in judged["now"]], axis=0) for one in ("boxes", "codes")
    }
    (right, digits), (read, codes) = counts["boxes"], counts["codes"]
    said = re.search(r"MNIST.*", folded(language, 8))[0]
    counted = re.findall(r"(?<![.\d])[1-9][\d,]*\d", said)
    assert counted == [f"{one:,}" for one in (digits, right, codes, read)]
    shares = (right / digits, (right / digits) ** 5, read / codes)
    assert re.findall(r"0\.\d+", said) == [f"{share:.3f}" for share in shares]


# --- topics for presentations -----------------------------------------------------------------


@languages
def test_presentations(root, language):
    text = page(language, "presentations")
    topics = re.findall(r"^### \S+ (\d+)\. ", text, re.M)
    assert topics == [str(number) for number in range(1, 17)]
    *_, rubric = re.split(r"^## ", text, flags=re.M)
    assert sum(int(row[1]) for row in rows(rubric)) == 100
    for record, _, epochs, minutes in rows(text):
        found = json.loads((root / f"data/results/{record}.json").read_text("utf-8"))
        assert (found["epochs"], found["cores"]) == (int(epochs), 2)
        assert numbers(minutes) == [round(found["processor_seconds"] / 60, 1)], record
