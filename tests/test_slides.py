"""tools/teaching/slides.py: slides of a chapter from its built page, none larger than it shows."""

import re

import pytest
from bs4 import BeautifulSoup

from tools import build
from tools.editions import EDITIONS, SOURCE
from tools.teaching import slides, voting

ENGLISH = EDITIONS["en"]
DECKS = [
    ("03-convolution", ENGLISH),
    ("09-keras-cnn", SOURCE),
]  # the latter with the widest outputs
# What reaches beyond its slide, and the smallest letters of prose and code, and of outputs.
MEASURE = """() => {
  const beyond = [], least = {text: Infinity, output: Infinity};
  for (const slide of document.querySelectorAll(".slide")) {
    const box = slide.getBoundingClientRect(), foot = slide.querySelector(".foot").getBoundingClientRect();
    const texts = document.createTreeWalker(slide.querySelector(".body"), NodeFilter.SHOW_TEXT);
    const drawn = [...slide.querySelectorAll("img, pre, table, mjx-container")].map(e => [e, [e.getBoundingClientRect()]]);
    while (texts.nextNode()) {
      const parent = texts.currentNode.parentElement, range = document.createRange();
      if (!texts.currentNode.data.trim() || parent.closest("mjx-container")) continue;
      range.selectNodeContents(texts.currentNode);
      drawn.push([parent, range.getClientRects()]);
      const kind = parent.closest(".output") ? "output" : "text";
      least[kind] = Math.min(least[kind], parseFloat(getComputedStyle(parent).fontSize));
    }
    for (const [element, places] of drawn)
      if ([...places].some(p => p.bottom > foot.top + 3 || p.right > box.right || p.left < box.left || p.top < box.top))
        beyond.push(`${slide.id}: ${element.outerHTML.slice(0, 80)}`);
  }
  return [beyond, least];
}"""


@pytest.fixture(scope="module")
def made(whole, browser, tmp_path_factory):
    """Return the path of a chapter's slides in an edition; each is made once."""
    folder, known = tmp_path_factory.mktemp("slides") / "새 폴더", {}

    def path(name, edition):
        if (name, edition.language) not in known:
            count = slides.make(browser, whole / edition.language, name, edition, folder)
            ending = "" if edition.is_source else f"-{edition.language}"
            known[name, edition.language] = folder / f"{name}{ending}.html", count
        return known[name, edition.language]

    return path


@pytest.fixture
def shown(browser, made):
    """Return a function that opens the slides of chapter 3, with or without scripts."""
    contexts = []

    def show(scripts=True, anchor="", **options):
        contexts.append(
            browser.new_context(
                viewport={"width": 1280, "height": 720}, java_script_enabled=scripts, **options
            )
        )
        page = contexts[-1].new_page()
        page.goto(made("03-convolution", ENGLISH)[0].as_uri() + anchor)
        return page

    yield show
    for context in contexts:
        context.close()


def read(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def paragraph(text):
    return BeautifulSoup(f"<p>{text}</p>", "html.parser").p


# --- sentences ---


def test_sentences_keep_what_stands_in_them():
    formula = "<span class='tied'><mjx-container><mjx-c></mjx-c></mjx-container>.</span>"
    text = (
        f"So <em>it</em> is 0.5 at <code>a. b</code>? <strong>Yes. Or {formula}</strong> “No.” Why"
    )
    assert [one.decode_contents() for one in slides.sentences(paragraph(text))] == [
        "So <em>it</em> is 0.5 at <code>a. b</code>? ",
        "<strong>Yes. </strong>",
        str(paragraph(f"<strong>Or {formula}</strong> "))[3:-4],
        "“No.” ",
        "Why",
    ]


def test_a_letter_of_hangul_is_two_columns():
    assert slides.width(paragraph("합성곱 <b>abc</b>")) == 10


def test_key_sentences_open_and_are_bold():
    said = slides.sentences(
        paragraph(
            f"{'One ' * 30}end. Two. {'Three ' * 12}. <b>{'x ' * 20}</b>. It is <strong>this</strong>."
        )
    )
    assert slides.key([said]) == [said[0], said[1], said[3], said[4]]  # a short one takes along


def test_a_sentence_ends_behind_its_formula():
    formula = BeautifulSoup("<div class='math'>x</div>", "html.parser").div
    for before, goes_on in (("The mean is", True), ("The mean:", False), ("So it is.", False)):
        after = slides.sentences(paragraph("and so on. Next."))
        ends = slides.continued([slides.sentences(paragraph(before)), formula, after])
        assert [one.get_text() for one in ends.get(id(formula), [])] == ["and so on. "] * goes_on
        assert len(after) == 2 - goes_on


# --- a deck ---


every_deck = pytest.mark.parametrize(("name", "edition"), DECKS, ids=["en", "ko"])


@every_deck
def test_nothing_is_larger_than_its_slide(made, browser, name, edition):
    path, count = made(name, edition)
    tab = browser.new_page(viewport={"width": 1280, "height": 720})
    try:
        tab.goto(path.as_uri())
        tab.evaluate("document.documentElement.classList.remove('presented')")
        beyond, least = tab.evaluate(MEASURE)
        assert beyond == []
        assert least["text"] >= 24 and least["output"] >= 18
        assert tab.locator(".slide").count() == count
    finally:
        tab.close()


@every_deck
def test_a_deck_has_what_the_chapter_has(made, whole, name, edition):
    path, count = made(name, edition)
    deck, page = read(path), read(whole / edition.language / f"{name}.html").find("article")
    labels = edition.words["labels"]
    assert deck.html["lang"] == edition.language
    assert deck.title.string == page.h1.get_text().removesuffix("#") == deck.h1.get_text()
    assert [slide["id"] for slide in deck.select(".slide")] == [str(n + 1) for n in range(count)]

    def pictures(soup):
        return {picture["alt"] for picture in soup.find_all("img")}

    assert pictures(deck) == pictures(page) and all(pictures(page))
    kinds = [slide["class"][1] for slide in deck.select(".slide")]
    for question in page.select(".prediction"):
        name = slides.name_of(question.p)
        (asks,) = [h3.parent for h3 in deck.find_all("h3") if h3.get_text() == name]
        assert len(asks.select(".options li")) == len(question.find_all("li"))
        answer = asks.find_next_sibling("section")
        assert kinds[int(answer["id"]) - 1] == "answer"
        decided = re.search(rf"prediction {name.split()[-1]}: (\w)", page.get_text())[1]
        assert answer.select_one(".right").get_text().split()[0] == decided
    titles = [heading.get_text().removesuffix("#") for heading in page.find_all(["h2", "h3"])]
    left_out = {labels["exercises"]}
    shown = [heading.get_text() for heading in deck.find_all(["h2", "h3"])]
    assert set(titles) - left_out <= set(shown)
    deeper = ["deeper" in slide["class"] for slide in deck.select(".slide")]
    assert any(deeper) and deeper == sorted(deeper)  # at the end
    assert not deck.find(string=re.compile(rf"^{labels['solution']}$"))
    (take_away,) = [
        h2.parent for h2 in page.find_all("h2") if h2.get_text().startswith(labels["take_away"])
    ]
    told = {item.get_text() for item in deck.select(".list li")}
    assert {item.get_text() for item in take_away.ul.find_all("li")} <= told


@every_deck
def test_each_question_for_a_vote_is_two_slides(made, name, edition):
    asked = voting.questions(int(name[:2]), edition)
    votes = read(made(name, edition)[0]).select(".vote")
    assert len(asked) == 3 and len(votes) == 6
    for question, asks, answers in zip(asked, votes[::2], votes[1::2], strict=True):
        assert question.name in asks.h3.get_text() and not asks.select(".percent")
        assert len(asks.select(".options > ul > li")) == len(question.options)
        shares = [int(share.get_text()[:-1]) for share in answers.select(".percent")]
        assert shares == list(question.expected)
        (right,) = answers.select(".came-out strong:first-of-type")
        assert right.get_text() == question.right


def test_a_deck_is_one_file_and_a_pdf_of_the_same_slides(made, shown):
    path, count = made("03-convolution", ENGLISH)
    pdf = path.with_suffix(".pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == count
    assert b"/StructTreeRoot" in pdf and b"/Outlines" in pdf
    assert re.search(rb"/MediaBox \[0 0 960 540\]", pdf)
    assert {one.suffix for one in path.parent.iterdir()} == {".html", ".pdf"}
    text = path.read_text("utf-8")
    assert "default-src 'none'" in text
    assert set(re.findall(r'(?:src="|url\(")(\w+:|[^"]{9})', text)) == {"data:"}
    page, asked = shown(), []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: asked.append(message.text))
    page.reload()
    page.evaluate("document.fonts.ready.then(() => true)")
    assert [one for one in asked if not one.startswith("data:")] == [path.as_uri()]
    states = page.evaluate("[...document.fonts].map(font => font.status)")
    assert len(states) > 2 and set(states) == {"loaded"}
    assert b"MathJax" in pdf


def test_keys_clicks_and_the_address(shown, made):
    page, (_, count) = shown(anchor="#5"), made("03-convolution", ENGLISH)

    def at():
        (visible,) = page.locator(".slide:visible").all()
        assert page.url.endswith(f"#{visible.get_attribute('id')}")
        return int(visible.get_attribute("id"))

    assert at() == 5
    steps = {"ArrowRight": 6, "PageDown": 7, " ": 8, "ArrowLeft": 7, "PageUp": 6, "Shift+ ": 5}
    for key, place in {**steps, "End": count, "ArrowDown": count, "Home": 1, "ArrowUp": 1}.items():
        page.keyboard.press(key)
        assert at() == place, key
    page.mouse.click(900, 300)
    assert at() == 2
    page.mouse.click(100, 300)
    assert at() == 1
    page.evaluate("location.hash = '#9'")
    page.wait_for_function("document.querySelector('.now').id === '9'")
    page.get_by_role("button", name="Previous slide").focus()
    page.keyboard.press("Space")  # works the button
    page.keyboard.press("Enter")
    assert at() == 7
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "4px"


def test_a_swipe(shown):
    page = shown(has_touch=True)
    swipe = """from => { const at = x => new Touch({identifier: 1, target: document.body, clientX: x});
      document.dispatchEvent(new TouchEvent("touchstart", {touches: [at(from)]}));
      document.dispatchEvent(new TouchEvent("touchend", {changedTouches: [at(640)]})); }"""
    page.evaluate(swipe, 900)
    assert page.url.endswith("#2")
    page.evaluate(swipe, 620)  # hardly moved
    page.evaluate(swipe, 300)
    assert page.url.endswith("#1")


def test_without_a_script_the_slides_stand_below_each_other(shown, made):
    page = shown(scripts=False)
    assert page.locator(".slide:visible").count() == made("03-convolution", ENGLISH)[1]
    assert page.locator("nav").count() == 0


def test_no_barrier_that_axe_finds(shown, axe):
    page = shown()
    for place in ("#1", "#4", "#12"):
        page.evaluate(f"location.hash = '{place}'")
        assert axe(page) == []


# --- what goes wrong ---


@pytest.mark.parametrize("asked", ["20", "3-1", "convolution", "00"])
def test_an_unknown_chapter(asked, monkeypatch, tmp_path):
    monkeypatch.setattr(build, "BUILD", tmp_path)
    with pytest.raises(SystemExit) as stopped:
        slides.main([asked])
    assert f"chapter: got {asked}, wanted one of 01–19" in stopped.value.code
    assert "필요한 값" in stopped.value.code
    assert list(tmp_path.iterdir()) == []


def test_chapters_are_named_by_number_or_all():
    for edition in EDITIONS.values():
        assert slides.chapters(edition, "3") == slides.chapters(edition, "03") == ["03-convolution"]
        assert len(slides.chapters(edition, "all")) == 19


def test_nothing_is_left_where_printing_fails(whole, browser, monkeypatch, tmp_path):
    def fail(*arguments, **options):
        raise OSError("no room")

    monkeypatch.setattr(slides.pdf, "print_page", fail)
    with pytest.raises(OSError, match="no room"):
        slides.make(browser, whole / "en", "12-inside-a-cnn", ENGLISH, tmp_path / "slides")
    assert list(tmp_path.iterdir()) == []
