"""Search: what a student types leads to the page about it, in plain V8; the page of results, in a browser.

A query that fails its student gets a row in tests/answers/search.toml.
"""

import gzip
import json
import re
import tomllib
import unicodedata
import urllib.parse

import pytest
from py_mini_racer import MiniRacer

from tools.editions import EDITIONS
from tools.pages import search

ASK = """
const finder = new Finder(book);
const ask = (query) => {
  const { pages, pieces, unknown, some } = finder.find(query);
  return JSON.stringify({
    pages: pages.map(({ page }) => page.name),
    excerpts: pages.map(({ page, section }) => finder.excerpt(page, section, pieces)),
    unknown, some, near: unknown.flatMap((word) => finder.near(word)),
  });
};
"""


@pytest.fixture(scope="module")
def finders(whole):
    """Return {language: a function that answers a query with what the search page would show}."""
    found = {}
    for language in EDITIONS:
        v8 = MiniRacer()
        for name in ("search-text.js", "search.js"):
            v8.eval((whole / language / "_static" / name).read_text("utf-8"))
        v8.eval(ASK)
        found[language] = v8
    yield {
        language: lambda query, v8=v8: json.loads(v8.call("ask", query))
        for language, v8 in found.items()
    }
    for v8 in found.values():
        v8.close()  # left to the interpreter's end, its thread can hang


@pytest.fixture(scope="module")
def answers(root):
    return tomllib.loads((root / "tests/answers/search.toml").read_text("utf-8"))


@pytest.mark.parametrize("language", EDITIONS)
def test_what_a_student_types_leads_to_the_page_about_it(finders, answers, language):
    wrong = []
    for query, page in answers[language]["first"].items():
        pages = finders[language](query)["pages"]
        wrong += [(query, pages[:3])] * (pages[:1] != [page])
    for query, wanted in answers[language].get("three", {}).items():
        pages = finders[language](query)["pages"]
        if not all(set(one.split("|")) & set(pages[:3]) for one in wanted):
            wrong.append((query, pages[:5]))
    assert wrong == []


def test_there_are_enough_queries(answers):
    assert sum(map(len, answers["ko"].values())) >= 60
    assert sum(map(len, answers["en"].values())) >= 60


def test_spaces_and_the_code_of_a_syllable_change_nothing(finders):
    """Every other term of several words: written together, apart, decomposed, with a particle."""
    ask = finders["ko"]
    terms = [word for word, _, _ in search.glossary() if " " in word][::3]
    assert len(terms) > 12
    for term in terms:
        first = ask(term)["pages"][:3]
        assert first, term
        forms = [term.replace(" ", ""), unicodedata.normalize("NFD", term), f"{term}은"]
        assert [ask(form)["pages"][:3] for form in forms] == [first] * 3, term
    for together, apart in (
        ("합성곱", "합성 곱"),
        ("교차상관", "교차 상관"),
        ("드롭아웃", "드롭 아웃"),
    ):
        assert ask(apart)["pages"][:3] == ask(together)["pages"][:3], apart


def test_other_words_lead_to_the_book_s(finders):
    """What other texts say, in Korean and in English, finds what the book's own word finds."""
    ask = finders["ko"]
    rows = [*search.glossary(), *((*row, "") for row in search.other_words(EDITIONS["ko"]))]
    for word, others, _ in rows[::9]:
        for other in others[:2]:
            assert ask(other)["pages"][:1] == ask(word)["pages"][:1] != [], (word, other)


def test_a_word_of_every_chapter_is_found_without_its_particle(finders, root):
    for path in sorted((root / "book/ko").glob("[0-9]*.ipynb")):
        text = path.read_text("utf-8").partition('"cell_type": "markdown"')[2]
        word = re.search(r"\b([가-힣]{2,})[을를] ", text)[1]
        assert path.stem in finders["ko"](word)["pages"], (path.stem, word)


def test_a_chapter_is_found_by_its_number_which_does_not_dilute_its_title(root):
    sections = {"01-a": "1장. 패딩", "03-b": "3장. 패딩의 크기", "index": "패딩 3장"}
    small = {
        "pages": [[name, [[title, "글입니다.", 0]], ""] for name, title in sections.items()],
        "groups": [],
    }
    with MiniRacer() as v8:
        v8.eval(
            f"const book = {json.dumps(small)}; class Stemmer {{ stemWord(word) {{ return word }} }}"
        )
        v8.eval((root / "tools/pages/search.js").read_text("utf-8") + ASK)
        assert json.loads(v8.call("ask", "3장"))["pages"][0] == "03-b"
        assert json.loads(v8.call("ask", "패딩"))["pages"][0] == "01-a"


@pytest.mark.parametrize("language", EDITIONS)
def test_excerpts_are_prose(finders, answers, language):
    """No code, no formula's source, no row of a table where a sentence says it, not too long."""
    seen = 0
    for query in [*answers[language]["first"]][::2]:
        for text in finders[language](query)["excerpts"][:5]:
            assert 0 < len(text) <= 260, (query, text)
            assert not re.search(r"[\\$\t\n]|import |= np\.|plt\.", text), (query, text)
            seen += bool(re.search(r"[.?!…)]$", text))
    assert seen > 15


def test_formulas_in_a_line_of_plain_text():
    assert search.formula(r"3 \times 3") == "3 × 3"
    assert search.formula(r"\lfloor (n + 2p - k) / s \rfloor + 1") == "⌊ (n + 2p - k) / s ⌋ + 1"
    assert search.formula(r"70{,}560 \approx 10^{-5} \cdot 2^8") == "70,560 ≈ 10⁻⁵ · 2⁸"
    assert search.formula(r"\frac{1}{2}") == search.formula(r"x_{i+1}") == "…"


def test_what_is_not_there_is_said(finders):
    ask = finders["ko"]
    assert ask("드롭아욱")["near"][:1] == ["드롭아웃"]
    assert ask("컨벌루숀")["near"][:1] == ["합성곱"]
    assert ask("conbolution")["near"][:1] == ["합성곱"]
    assert finders["en"]("conbolution")["near"][:1] == ["convolution"]
    both = ask("패딩 뷁뷁")
    assert both["unknown"] == ["뷁뷁"] and both["pages"][0] == "04-padding-stride"
    assert ask("뷁뷁") == {
        "pages": [],
        "excerpts": [],
        "unknown": ["뷁뷁"],
        "some": False,
        "near": [],
    }
    assert ask("그래디언트 우편번호 조건수 피클 알파")["some"]


@pytest.mark.parametrize(
    "query", ["", " ", "<>&\"'", "ㅎ", "a", "층", "x" * 5000, "가 " * 2000, ".*", "\\"]
)
def test_no_query_is_too_odd(finders, query):
    for ask in finders.values():
        assert len(ask(query)["pages"]) <= 40


def test_the_text_is_light(whole):
    """Sphinx's index had 105 kB, and every page that it found was fetched for its excerpt."""
    for language in EDITIONS:
        static = whole / language / "_static"
        assert len(gzip.compress((static / "search-text.js").read_bytes())) < 300_000
        assert len(gzip.compress((static / "search.js").read_bytes())) < 8_000
        assert not (whole / language / "searchindex.js").exists()


# --- in a browser ---------------------------------------------------------------------------------


@pytest.fixture(params=["http", "file"])
def page(request, whole, browser, serve):
    """An empty page, and the address of the book, served or as a file. It fetches nothing but scripts."""
    base = serve(whole) if request.param == "http" else whole.as_uri()
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    one, said, asked = context.new_page(), [], []
    one.on("pageerror", lambda error: said.append(str(error)))
    one.on("request", lambda sent: asked.append(sent.resource_type))
    one.base = base
    yield one
    context.close()
    assert said == [] and "document" in asked and not {"fetch", "xhr"} & set(asked)


def results(page, query, language="ko"):
    page.goto(f"{page.base}/{language}/search.html?q={urllib.parse.quote(query)}")
    return page.locator("#search-results ol > li > a")


def test_the_page_of_results(page):
    page.goto(f"{page.base}/ko/index.html")
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").fill("특징맵")
    page.keyboard.press("Enter")
    page.locator(".search-summary", has_text="찾았습니다").wait_for()
    assert page.locator(".search-term").inner_text().startswith("특징 맵 (feature map)")
    assert "특징 맵" in page.locator("#search-results mark").all_inner_texts()
    assert page.locator("#search-results li > p > span").first.inner_text().endswith(".")
    place = page.locator(".search-section").first
    heading = place.inner_text()
    place.click()
    page.wait_for_url("**.html#part-*")
    target = page.evaluate(
        "document.getElementById(location.hash.slice(1)).closest('section').innerText"
    )
    assert target.startswith(heading)


def test_odd_queries_on_the_page(page):
    for query in ("", "   "):
        assert results(page, query).count() == 0
        assert page.locator(".search-summary").inner_text() == EDITIONS["ko"].words["search"]["ask"]
    evil = "<img src=x onerror='document.title=`evil`'><b>합성곱</b>"
    assert results(page, evil).count() > 1
    assert (
        page.title().startswith(evil) and page.locator("#search-results :is(img, b)").count() == 0
    )
    assert page.locator(".bd-search-container input").input_value() == evil
    results(page, "ABCDEFGH" * 250)
    assert page.locator(".search-summary").inner_text().startswith("찾은 쪽이 없습니다")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1000
    page.get_by_role("link", name="용어집에서").click()
    page.wait_for_url("**/glossary.html")


def test_a_term_is_explained_in_the_edition_s_words(page):
    for query, said in (
        ("feature maps", "feature map: The array of the values"),
        ("activation map", "feature map: The array of the values"),
        ("합성곱 신경망", "convolutional neural network (CNN): A neural network"),
        ("ReLU", "rectified linear unit (ReLU): The activation function"),
    ):
        results(page, query, "en").first.wait_for()
        assert page.locator(".search-term").inner_text().startswith(said), query
    assert page.locator(".search-whole").count() == 0  # the edition has all pages


def test_the_search_button_stays_on_one_line(whole, browser):
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    for language in EDITIONS:
        page.goto((whole / language / "index.html").as_uri())
        word = page.locator(".search-button-field .search-button__default-text")
        height = float(word.evaluate("word => parseFloat(getComputedStyle(word).lineHeight)"))
        assert 0 < word.bounding_box()["height"] < 1.5 * height
    page.close()
