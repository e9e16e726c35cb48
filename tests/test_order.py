"""Lines in disorder: every order is run, and the check, the page's table and the page say the same."""

import json
import re

import nbformat
import numpy as np
import pytest

from cnnbook.check import check, order
from tools.editions import EDITIONS, SOURCE
from tools.teaching import orders

EXERCISES = orders.exercises()
TABLE = {
    name: json.loads(row)
    for name, row in re.findall(r'^  "(.*?)": (\{.*\}),?$', orders.PAGE.read_text("utf-8"), re.M)
}
every_exercise = pytest.mark.parametrize("name", EXERCISES)


def told(capsys, name, answer):
    check(name, answer)
    return capsys.readouterr().out


def test_the_page_s_table_has_every_exercise():
    assert list(TABLE) == list(EXERCISES), "python -m tools.teaching.orders writes it"


@every_exercise
def test_every_order_is_tried(capsys, name):
    """Those that compute what is asked for are the page's; no line that does not belong helps."""
    lines = EXERCISES[name]
    assert 4 <= len(lines.code) <= orders.MOST and lines.strays
    row = orders.row(lines)
    assert row == TABLE[name], "python -m tools.teaching.orders"
    accepted = row["orders"]
    assert accepted
    belong = set(accepted[0])
    assert all(set(letters) == belong for letters in accepted)
    assert set(lines.code) - belong == set(lines.strays)
    assert "".join(sorted(lines.code)) not in accepted  # as they lie
    for letters in accepted:
        assert told(capsys, name, letters) == f"{name}: correct\n"
    refused = [letters for letters in orders.orders(lines) if letters not in accepted]
    for letters in refused[:: len(refused) // 50 or 1]:
        assert told(capsys, name, letters).startswith(f"{name}: not right yet\n")


@every_exercise
def test_the_chapter_shows_these_lines(name):
    chapter, number = name.split("-")
    for edition in EDITIONS.values():
        path = next(path for path in SOURCE.notebooks() if path.name.startswith(chapter))
        if not edition.has(path.stem):
            continue
        labels = edition.words["labels"]
        notebook = nbformat.v4.reads((edition.folder / path.name).read_text("utf-8"))
        shown = next(c.source for c in notebook.cells if c.id == f"lines-{int(chapter)}-{number}")
        head = f"### {labels['exercise']} {int(chapter)}-{number} ({labels['order']})\n"
        assert head in shown and shown.endswith(f"\n\n```\n{EXERCISES[name].text}\n```")


@every_exercise
def test_a_line_that_does_not_belong_meets_its_reason(capsys, name):
    lines = EXERCISES[name]
    for letter, (english, korean) in lines.strays.items():
        hint = told(capsys, name, letter)
        assert english in hint and korean in hint
        assert not english.endswith(".") and re.search("[가-힣].*[.?]$", korean)


@pytest.mark.parametrize(
    "answer",
    [
        "f g c b e a",
        "F,G,C,B,E,A",
        "F → G → C → B → E → A.",
        "“FGCBEA”",  # copied from the page, with the quotes
        "ＦＧＣ、ＢＥＡ",  # of an input method
        "\ufeffF\nG\u200bC\nBEA\n",
        ["F", "G", "C", "B", "E", "A"],
        [["F", "G", "C"], ["B", "E", "A"]],
        np.array("FGCBEA"),
        [b"FGC", np.bytes_(b"BEA")],
    ],
)
def test_forms_of_an_answer(capsys, answer):
    assert told(capsys, "03-6", answer) == "03-6: correct\n"


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("FGCBE", "`convolve(signal, weights)` is None; wanted array([24, 57, 24])"),
        ("FGBEA", "Python stops at line E: NameError: name 'sums' is not defined"),
        ("GFCBEA", "Python stops at line G: IndentationError"),
        ("FGCDEA", "line D leaves out the last place"),
        ("FGCBEAF", "each line once: F stands there more often"),
        ("FGX", "A to G, from top to bottom"),
        (3, "A to G, from top to bottom"),
        ({"F", "G"}, "A to G, from top to bottom"),
        (["F", None, "G"], "A to G, from top to bottom"),
    ],
)
def test_hints(capsys, answer, hint):
    assert hint in told(capsys, "03-6", answer)


def test_what_stops_behind_the_lines_is_no_line_s_fault(capsys):
    """A name that no line has given: the last line is not where Python stops."""
    hint = told(capsys, "14-6", "DC")
    assert "Python stops at `result.tolist()`, after the lines: NameError" in hint
    assert "파이썬이 멈추는 곳: 줄 다음의 `result.tolist()`: NameError" in hint


def test_values_are_compared_by_shape_and_number():
    assert order.same([1, 2], (1, 2)) and order.same(0.1 + 0.2, 0.3) and order.same("a", "a")
    for value, wanted in (([1], 1), ([1, 2], [1, 3]), (None, 1.0), ("a", 1.0), ([[1], 2], [1, 2])):
        assert not order.same(value, wanted)


# --- on the page ---


@pytest.fixture(scope="module")
def judge(root, v8):
    """Return what the page says of letters for an exercise, in bare V8."""
    for name in ("orders.js", "put-in-order.js"):
        v8.eval((root / "book/_assets/lab" / name).read_text("utf-8"))
    return lambda name, letters: json.loads(
        v8.eval(f"JSON.stringify(cnnlab.order.judge(cnnlab.orders['{name}'], '{letters}'))")
    )


@every_exercise
def test_the_page_judges_as_the_check_does(judge, name):
    accepted, strays = TABLE[name]["orders"], TABLE[name]["strays"]
    for letters in accepted:
        assert judge(name, letters) == {"right": True, "kept": len(letters), "strays": []}
        assert judge(name, letters[:-1]) == {"right": False, "kept": len(letters) - 1, "strays": []}
    for stray in strays:
        told = judge(name, accepted[0][0] + stray)
        assert told == {"right": False, "kept": 1, "strays": [stray]}


@pytest.fixture
def chapter(browser, serve, whole):
    """Return a function that opens chapter 3 in a context of its own; a page's complaint fails."""
    base, contexts, said = serve(whole), [], []

    def open_page(language="ko", width=1000, **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{base}/{language}/03-convolution.html")
        widget = page.locator("put-in-order")
        widget.scroll_into_view_if_needed()
        if options.get("java_script_enabled", True):
            widget.get_by_role("status").wait_for(state="attached")
        return page, widget

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def press(widget, letters):
    for letter in letters:
        widget.locator(f"[data-letter={letter}] .lab-order-line").click()


def said(widget):
    widget.locator(".lab-buttons button").first.click()
    return widget.get_by_role("status").inner_text()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_lines_are_put_in_order(chapter, language):
    page, widget = chapter(language)
    word = {"ko": ["먼저 놓습니다", "맞습니다. 줄이", "맞았습니다", "빠뜨립니다"],
            "en": ["in place first", "Right so far", "Right. ", "Does not belong: line D"]}[language]  # fmt: skip
    assert word[0] in said(widget)
    press(widget, "FG")
    assert word[1] in said(widget)
    press(widget, "DBEA")
    assert word[3] in said(widget)
    press(widget, "D")  # back
    press(widget, "C")
    # By the keyboard: C up to its place.
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    assert widget.locator("ol li").evaluate_all("all => all.map(e => e.dataset.letter)") == [
        *"FGCBEA"
    ]
    assert word[2] in said(widget) and '"FGCBEA"' in said(widget)
    widget.get_by_role("button").last.click()
    assert widget.locator("ol li").count() == 0 and widget.locator("ul li").count() == 7


def test_a_line_out_of_place_is_marked(chapter):
    _, widget = chapter()
    press(widget, "FCGEBA")
    assert "위의 3줄은 맞습니다. 그다음에 E 줄이" in said(widget)
    assert widget.locator(".lab-wrong").get_attribute("data-letter") == "E"
    widget.locator("[data-letter=E] .lab-order-down").click()
    assert widget.locator(".lab-wrong").count() == 0 and "맞았습니다" in said(widget)


def test_the_order_as_it_stands_is_told(chapter):
    page, widget = chapter()
    status = widget.get_by_role("status")
    press(widget, "FGD")
    assert status.inner_text() == "F, G, D"
    page.keyboard.press("ArrowUp")
    assert status.inner_text() == "F, D, G"
    # Safari tells no list without bullets by itself.
    assert widget.locator("[role=list]").count() == 2
    press(widget, "ECBA")
    assert "빠뜨립니다" in said(widget)  # the line that is marked is the one of which this is said
    marked = widget.locator(".lab-wrong")
    assert marked.evaluate_all("all => all.map(e => e.dataset.letter)") == ["D"]


def test_text_of_twice_the_size_fits_a_phone(chapter):
    page, widget = chapter("en", width=360)
    press(widget, "FGC")
    page.evaluate("document.documentElement.style.fontSize = '32px'")
    assert widget.evaluate("""e => [...e.querySelectorAll("li, code")].every(part =>
        part.getBoundingClientRect().right <= e.getBoundingClientRect().right)""")


def test_narrow_paper_and_no_scripts(chapter):
    page, widget = chapter(width=360)
    press(widget, "FGC")
    assert widget.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.emulate_media(media="print")
    assert widget.locator("pre").is_visible() and not widget.locator("ol").is_visible()
    _, plain = chapter(java_script_enabled=False)
    assert plain.locator("pre").is_visible() and "F  def convolve" in plain.inner_text()


def test_accessible(chapter, axe):
    page, widget = chapter()
    press(widget, "FD")
    said(widget)
    assert axe(page) == []
