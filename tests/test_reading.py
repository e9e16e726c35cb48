"""What a reader meets on every page: whole lines of code, the chapters' numbers, one color for links."""

import html
import io
import re

import pytest
from books import pages
from PIL import Image

from tools.editions import EDITIONS
from tools.pages import terms


@pytest.fixture(params=EDITIONS)
def book(request, whole):
    return whole / request.param


def chapters(book):
    return [name for name in pages(book) if re.match(r"\d\d-", name)]


CUT_OFF = """() => {
    for (const folded of document.querySelectorAll("details")) folded.open = true;
    const code = [...document.querySelectorAll("article .cell_input pre")];
    for (const pre of code) pre.textContent = "w".repeat(100);
    return [code.length, code.filter(pre => pre.scrollWidth > pre.clientWidth).length];
}"""


@pytest.mark.parametrize("width", [1280, 1400, 1920])
def test_no_line_of_code_is_cut_off(korean, browser, width):
    """None has more than 100 letters (test_chapters.py): these fit, in a fold and beside the contents."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto((korean / "15-normalization.html").as_uri())
    for scroll_bar in (0, 15):
        page.set_viewport_size({"width": width - scroll_bar, "height": 900})
        count, cut_off = page.evaluate(CUT_OFF)
        assert count > 50 and cut_off == 0
    prose, code = (page.locator(f"article {tag}").first.bounding_box() for tag in ("p", "pre"))
    assert prose["width"] <= 704 < code["width"]
    page.close()


def test_what_scrolls_sideways_shows_it_and_the_keyboard_reaches_it(korean, browser):
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto((korean / "14-augmentation.html").as_uri())
    fold = page.locator("details.hide:has(pre)").first
    fold.locator("summary").first.click()
    for code, scheme in (
        (page.locator(".cell_input pre:visible").nth(3), "light"),
        (fold.locator("pre").first, "dark"),
    ):
        page.evaluate("scheme => { document.documentElement.dataset.theme = scheme }", scheme)
        code.evaluate("code => { code.textContent = 'w'.repeat(100) }")
        page.wait_for_function("code => code.tabIndex === 0", arg=code.element_handle())

        def edge(code=code):
            """Return the color of its last column, where no letter stands."""
            picture = Image.open(io.BytesIO(code.screenshot())).convert("RGB")
            return picture.getpixel((picture.width - 2, picture.height - 4))

        shaded = edge()
        code.focus()
        for _ in range(20):
            page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "code => code.scrollLeft + code.clientWidth > code.scrollWidth - 2",
            arg=code.element_handle(),
        )
        assert max(abs(a - b) for a, b in zip(shaded, edge(), strict=True)) > 25
    page.close()


# --- numbers ------------------------------------------------------------------------------------


def test_a_chapter_s_number_stands_wherever_its_title_does(book):
    words = EDITIONS[book.name].words
    titles = {}
    for name in chapters(book):
        text = (book / name).read_text("utf-8")
        title = html.unescape(re.search(r"<title>(.*?)</title>", text)[1])
        heading = re.search(r"<article.*?<h1>(.*?)<a class=\"headerlink", text, re.S)[1]
        titles[name] = html.unescape(re.sub(r"<[^>]+>", "", heading))
        number = words["page"]["chapter"].format(int(name[:2]))
        assert titles[name].startswith(number) and not titles[name][len(number)].isdigit()
        assert title.startswith(titles[name]) and title.endswith(words["title"])
    index = (book / "index.html").read_text("utf-8")
    front = re.search(r"<article.*?</article>", index, re.S)[0]
    found = (book / "_static/search-text.js").read_text("utf-8")
    for name, title in titles.items():
        shown = re.compile(rf'<a[^>]* href="{name}"[^>]*>(?:\s*<[^/>]+>)*\s*{re.escape(title)}\s*<')
        assert shown.search(index.replace(front, "")), f"the list of chapters lacks {title}"
        number = re.escape(words["page"]["chapter"].format(int(name[:2])))
        row = rf'<td>\s*<p><a[^>]* href="{name}"[^>]*>(?:\s*<[^/>]+>)*\s*{number}\w'
        assert re.search(row, front), f"the front page lacks {title}"
        assert f'"{title}"' in found
    for one, other in zip(titles, list(titles)[1:], strict=False):
        around = re.search(r'class="prev-next-area".*', (book / one).read_text("utf-8"), re.S)[0]
        assert titles[other] in around


def test_no_part_of_the_contents_is_called_like_its_page(book):
    text = (book / "index.html").read_text("utf-8")
    captions = re.findall(r'class="caption-text">([^<]*)<', text)
    contents = re.findall(r'<li class="toctree-l1.*?<a [^>]*>\s*([^<]*?)\s*</a>', text, re.S)
    assert captions and len(contents) >= len(captions)
    assert not {*captions} & {*contents}


# --- signs that only a writer should see, and colors that nobody chose ------------------------------


def said(text):
    """Return what a page says outside code and formulas: its texts, alt texts and titles."""
    text = re.sub(r"<(script|style|pre|code|mjx-container)\b.*?</\1>", " ", text, flags=re.S)
    attributes = re.findall(r' (?:aria-label|title|placeholder|alt|content)="([^"]*)"', text)
    return [html.unescape(found) for found in [*attributes, *re.findall(r">([^<]*)<", text)]]


RAW = re.compile(r"\*\*|`|\]\(|\$|~~|<!--|^#+ |^\s*\|.*\|")


@pytest.mark.parametrize(
    "text",
    [
        '<p>the **"bold"**word</p>',
        "<img alt='' title=\"a `name`\">",
        "<p>see [there](x.md)</p>",
        "<td>$x_1$</td>",
    ],
)
def test_raw_markdown_is_found(text):
    assert any(map(RAW.search, said(text)))
    assert not any(map(RAW.search, said("<p>a <code>**kwargs</code> 57/57*</p><pre>`$`</pre>")))


def test_no_page_shows_raw_markdown(book):
    for name in pages(book):
        texts = said((book / name).read_text("utf-8"))
        assert len(texts) > 20
        assert [text for text in texts if RAW.search(text)] == [], name


# The names are the theme's: text, headings, borders and grounds, and the one color that all else has.
PALETTE = """text-base text-muted muted link border surface background on-background inline-code
    table-inner-border target"""
COLORS = """names => {
    const probe = document.body.appendChild(document.createElement("i"));
    const palette = names.split(/\\s+/).map(name => {
        probe.style.color = `var(--pst-color-${name})`;
        return getComputedStyle(probe).color;
    });
    probe.remove();
    const link = palette[names.split(/\\s+/).indexOf("link")], stray = [], links = new Set();
    for (const folded of document.querySelectorAll("details")) folded.open = true;
    for (const element of document.querySelectorAll("body *")) {
        if (element.closest(".highlight, svg, conv-explorer, digit-cnn, zip-code, image-top5, img")) continue;
        if (!element.checkVisibility()) continue;
        const style = getComputedStyle(element), used = [style.backgroundColor];
        if ([...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) {
            used.push(style.color);
            if (element.closest("article a:not(.headerlink, [href^='glossary.html#'])") && !element.closest("code"))
                links.add(style.color);
        }
        for (const side of ["Top", "Right", "Bottom", "Left"])
            if (parseFloat(style[`border${side}Width`])) used.push(style[`border${side}Color`]);
        for (const color of used)
            if (!/^rgba\\(.*, 0\\)$/.test(color) && !palette.includes(color))
                stray.push(`${color} ${element.outerHTML.slice(0, 80)}`);
    }
    return [stray, [...links].filter(color => color !== link), links.size];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_color_for_links_and_none_of_the_theme_s_others(korean, browser, scheme):
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    for name in ("index", "03-convolution", "glossary", "search"):
        page.goto((korean / f"{name}.html").as_uri())
        stray, others, count = page.evaluate(COLORS, PALETTE)
        assert stray == [] and others == [] and (count or name == "search"), name
    page.close()


# --- the glossary ---------------------------------------------------------------------------------


def test_a_term_s_address_and_its_letter():
    assert [terms.address(term) for term in ("특징 맵", "1×1 합성곱", "top-5 오류율")] == [
        "특징-맵",
        "1-1-합성곱",
        "top-5-오류율",
    ]
    letters = {
        "가": "ㄱ",
        "꼼수": "ㄱ",
        "쌍선형": "ㅅ",
        "힣": "ㅎ",
        "ReLU": "R",
        "1×1": "#",
        "padding": "P",
    }
    assert {term: terms.initial(term) for term in letters} == letters


@pytest.mark.parametrize("width", [360, 1280])
def test_the_glossary_is_whole_and_its_letters_lead_to_their_terms(korean, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto((korean / "glossary.html").as_uri())
    cut_off = page.evaluate("""() => [...document.querySelectorAll("table.terms td")].filter(cell => {
        const place = cell.getBoundingClientRect();
        return place.right > innerWidth || !place.height;
    }).length""")
    assert cut_off == 0 and page.locator("table.terms td").count() > 400
    alphabet = page.get_by_role("navigation", name=EDITIONS["ko"].words["page"]["alphabet"])
    letters = alphabet.locator("a")
    assert letters.all_inner_texts()[-3:] == ["ㅌ", "ㅍ", "ㅎ"]
    letters.last.click()  # from the top to the last: the letters stay in sight
    row = page.locator("table.terms tr:target")
    assert row.inner_text().startswith("학습 곡선")
    bottom = alphabet.bounding_box()["y"] + alphabet.bounding_box()["height"]
    assert bottom <= row.bounding_box()["y"] < 800 and alphabet.bounding_box()["y"] >= 0
    page.close()


# --- terms --------------------------------------------------------------------------------------

MARKED = "article a[href^='glossary.html#']"


def test_a_term_is_marked_once_where_an_earlier_chapter_explains_it(book):
    edition = EDITIONS[book.name]
    first = {terms.address(term): number for term, _, number in terms.rows(edition)}
    everyday = edition.words["page"]["everyday"].split(", ")
    assert len(first) > 100 and set(everyday) <= {term for term, _, _ in terms.rows(edition)}
    marks = 0
    for name in chapters(book):
        text = (book / name).read_text("utf-8")
        marked = re.findall(r'<a href="glossary\.html#([^"]+)">', text)
        assert len(marked) == len(set(marked)), name
        assert all(first[address] < int(name[:2]) for address in marked), name
        assert not re.search(r'<(h\d|td|th|strong|code)[^>]*><a href="glossary\.html#', text), name
        marks += len(marked)
    assert marks > 150


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("특징 맵", "특징 맵은", "특징 맵"),
        ("풀링", "최대풀링이", None),
        ("에지", "에지로", "에지"),
        ("필터", "필터링", None),
        ("1×1 (pointwise) convolution", "a 1×1 convolution", "1×1 convolution"),
        ("feature map", "The feature maps.", "feature maps"),
        ("feature map", "The feature\nmap and", "feature\nmap"),  # where the source's line ends
        ("특징 맵", "이 특징\u00a0맵을", "특징\u00a0맵"),
        ("bias", "biased", None),
        ("max pooling", "soft-max pooling", None),
        ("rectified linear unit (ReLU)", "passes a ReLU.", "ReLU"),
        ("fully connected (dense) layer", "a dense array", None),
    ],
)
def test_what_counts_as_a_term_in_prose(term, text, found):
    match = re.search(terms.spelled(term), text)
    assert (match and match[0]) == found


def meaning(page):
    return page.locator("#definition")


def test_a_term_says_what_it_means(korean, browser):
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    page.goto((korean / "08-cnn-from-scratch.html").as_uri())
    link = page.locator(MARKED).filter(has_text="교차 엔트로피").first
    assert meaning(page).count() == 0
    link.hover()
    meaning(page).wait_for()
    assert "(cross-entropy)" in meaning(page).inner_text()
    assert "로그를 취해" in meaning(page).inner_text()
    assert link.get_attribute("aria-describedby") == "definition"
    meaning(page).hover()  # it stays while the pointer is on it
    page.wait_for_timeout(500)
    assert meaning(page).count() == 1
    page.keyboard.press("Escape")
    assert meaning(page).count() == 0 and link.get_attribute("aria-describedby") is None
    link.focus()
    meaning(page).wait_for()
    page.keyboard.press("Tab")
    assert "교차 엔트로피" not in " ".join(meaning(page).all_inner_texts())
    page.close()


def test_a_meaning_stays_while_the_keyboard_is_on_its_term(korean, browser):
    """Wherever the pointer lies: what scrolls below it counts as its moves."""
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    page.goto((korean / "08-cnn-from-scratch.html").as_uri())
    page.locator(MARKED).nth(2).focus()
    meaning(page).wait_for()
    page.mouse.move(500, 300)
    page.mouse.move(505, 305)
    page.wait_for_timeout(500)
    assert meaning(page).count() == 1
    page.keyboard.press("Tab")
    assert meaning(page).count() == 0 or page.locator(f"{MARKED}:focus").count() == 1
    page.close()


PLACES = """async marked => {
    const said = [], seen = part => part.getBoundingClientRect();
    for (const term of document.querySelectorAll(marked)) {
        if (!term.checkVisibility()) continue;  // in a fold
        for (const y of [innerHeight / 2, innerHeight - 30]) {
            document.activeElement.blur();
            dispatchEvent(new KeyboardEvent("keydown", {key: "Escape"}));
            scrollTo({top: seen(term).top + scrollY - y, behavior: "instant"});
            term.focus({preventScroll: true});
            const box = seen(document.querySelector("#definition"));
            const hidden = [...term.getClientRects()].some(line => line.left < box.right &&
                line.right > box.left && line.top < box.bottom && line.bottom > box.top);
            if (hidden) said.push(`covers ${term.textContent}`);
            if (box.left < 0 || box.right > document.documentElement.clientWidth - 7)
                said.push(`${term.textContent}: ${box.left} to ${box.right}`);
            if (seen(term).top > innerHeight / 2 && box.bottom > innerHeight)
                said.push(`${term.textContent} is above ${box.bottom}`);
        }
    }
    return said;
}"""


def test_a_meaning_is_in_the_window_and_covers_no_part_of_its_term(korean, browser):
    page = browser.new_page(viewport={"width": 420, "height": 700})
    page.goto((korean / "08-cnn-from-scratch.html").as_uri())
    page.locator(MARKED).first.focus()
    meaning(page).wait_for()
    assert page.evaluate(PLACES, MARKED) == []
    page.close()


def test_a_pen_s_first_tap_stays_on_the_page_unless_it_hovers(korean, browser):
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    page.goto((korean / "08-cnn-from-scratch.html").as_uri())
    link = page.locator(MARKED).nth(1)
    link.scroll_into_view_if_needed()
    box, pen = link.bounding_box(), page.context.new_cdp_session(page)

    def move(kind, by=5, **more):
        place = {"x": box["x"] + by, "y": box["y"] + by, "pointerType": "pen"}
        pen.send("Input.dispatchMouseEvent", {"type": kind, **place, **more})

    def tap():
        move("mousePressed", button="left", buttons=1, clickCount=1)
        move("mouseReleased", button="left", clickCount=1)

    tap()
    meaning(page).wait_for()
    assert page.url.endswith("08-cnn-from-scratch.html")
    page.keyboard.press("Escape")
    for by in (-60, 5):
        move("mouseMoved", by)
    meaning(page).wait_for()
    tap()
    page.wait_for_url("**/glossary.html#*")
    page.close()


def test_a_finger_s_first_tap_stays_on_the_page(korean, browser):
    context = browser.new_context(viewport={"width": 360, "height": 700}, has_touch=True)
    page = context.new_page()
    page.goto((korean / "08-cnn-from-scratch.html").as_uri())
    link = page.locator(MARKED).first
    link.tap()
    meaning(page).wait_for()
    assert page.url.endswith("08-cnn-from-scratch.html")
    box = meaning(page).bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    page.locator("h1").last.tap()
    assert meaning(page).count() == 0
    link.tap()
    meaning(page).wait_for()
    link.tap()
    page.wait_for_url("**/glossary.html#*")
    context.close()


FORMULA_AND_TEXT = """() => [...document.querySelectorAll("article p span.math")].flatMap((formula) => {
    const after = formula.nextSibling, first = formula.querySelector("mjx-mi, mjx-mn, mjx-mo");
    if (after?.nodeType !== Node.TEXT_NODE || !after.data.trim()) return [];
    const range = document.createRange();
    range.setStart(after, 0);
    range.setEnd(after, 1);
    const [a, b] = [first, range].map((some) => some.getBoundingClientRect());
    const one = formula.getBoundingClientRect().height < 2 * b.height; // line
    return one && a.height ? [(a.top + a.bottom - b.top - b.bottom) / 2] : [];
})"""


@pytest.mark.parametrize("name", ["03-convolution.html", "04-padding-stride.html"])
def test_a_formula_stands_on_the_line_of_its_sentence(korean, browser, name):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((korean / name).as_uri())
    off = page.evaluate(FORMULA_AND_TEXT)
    assert len(off) > 10 and max(map(abs, off)) < 8
    page.close()
