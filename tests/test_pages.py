"""The built pages, in a browser: no other host, accessible, searchable in Korean, light.

Two books are built: the book itself, and a small one in a folder with spaces and Hangul in its
path, for what must not depend on what a chapter happens to say.
"""

import html
import re
import shutil
import urllib.parse

import pytest
import yaml
from books import build, built, pages
from fontTools.ttLib import TTFont

from tools.editions import EDITIONS
from tools.pages import extension

# What this book's front page loads when Jupyter Book 1.0.4 builds it without our extension: 29
# files, and 1.2 MB of MathJax from elsewhere not counted. Its chapters load 2.7 to 2.8 MB.
STOCK_BYTES = 2_605_495
STOCK_CHAPTER_BYTES = 2_700_000
ENGLISH_ALLOWED = {"Colab", "Ctrl", "GitHub", "K", "ipynb"}
SAMPLE = {
    "index.md": "# 책\n\n사진의 경계를 찾습니다. 창을 밉니다. An edge detector uses convolutions.\n",
    "other.md": "# 둘째\n\n패딩을 더하고, 특징 맵은 그대로입니다. NumPy에는 함수가 있습니다.\n\n"
    "$$\n\\begin{bmatrix} 1 & 2 \\\\ 3 & 4 \\end{bmatrix} \\hat{y} = \\frac{\\text{출력}}{2}\n$$\n\n"
    "아주 긴 식 $a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q = r$입니다.\n\n"
    "|" + "긴 제목 |" * 9 + "\n|" + "---|" * 9 + "\n|" + "가나다라마바사 |" * 9 + "\n\n"
    "## 더 깊이: 접힌 절\n\n접힌 글\n\n### 안의 제목\n\n안의 글\n\n## 다음 절\n\n다음 글\n",
}


@pytest.fixture(scope="module", params=EDITIONS)
def book(request, whole):
    return whole / request.param


SAMPLE_EDITIONS = """source = "ko"
[ko]
name = "한국어"
search = "en"
[xx]
name = "Xish"
search = "en"
pages = ["index", "other"]
"""


def checkout(root, folder, pages, twins=()):
    """Copy what a build needs into a folder, with other pages; twins: pages of a third language.

    A language is a folder and a row: this one's words are the English ones, each with an x before it.
    """
    for name in ("tools", "cnnbook", "book/_assets", "book/_templates"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "_config.yml", folder)
    text = SAMPLE_EDITIONS if twins else SAMPLE_EDITIONS.partition("[xx]")[0]
    (folder / "book/editions.toml").write_text(text, encoding="utf-8")
    words = (root / "book/en/words.toml").read_text("utf-8")
    words = re.sub(r'= "([^"]+)"', r'= "x \1"', words)
    for language, texts in (("ko", pages), ("xx", twins)):
        if texts:
            (folder / "book" / language).mkdir()
            for name, text in texts.items():
                (folder / "book" / language / name).write_text(text, encoding="utf-8")
            (folder / "book" / language / "words.toml").write_text(words, encoding="utf-8")
    shutil.copy(root / "book/ko/words.toml", folder / "book/ko")
    chapters = "".join(f"  - file: {name[:-3]}\n" for name in pages if name != "index.md")
    parts = f"parts:\n- caption: part1\n  chapters:\n{chapters}"
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: index\n{parts}", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def sample(root, tmp_path_factory):
    folder = checkout(root, tmp_path_factory.mktemp("sample") / "책 사본", SAMPLE)
    return built(folder) / "ko"


def read_through(page):
    """Scroll to the end, so that late pictures load too."""
    page.evaluate("""async () => {
        for (let y = 0; y < document.body.scrollHeight; y += 600) {
            scrollTo(0, y); await new Promise(done => setTimeout(done, 20));
        }
        // On a busy machine a scroll may pass a late picture unseen: decode() would wait for ever.
        const late = new Promise((_, fail) => setTimeout(fail, 20_000, "pictures"));
        const shown = [...document.images].map(image => {
            image.loading = "eager";
            return image.decode().catch(() => 0);
        });
        await Promise.race([Promise.all(shown), late]);
    }""")


WIDGETS = "conv-explorer, digit-cnn, zip-code, image-top5, practice-drills"


def see_widgets(page):
    """Bring the laboratory's elements into view, which loads them, and wait until they are there."""
    page.evaluate(
        """async (names) => {
        for (const widget of document.querySelectorAll(names)) {
            widget.scrollIntoView();
            const late = new Promise((_, fail) => setTimeout(fail, 20_000, widget.localName));
            await Promise.race([customElements.whenDefined(widget.localName), late]);
        }
        scrollTo(0, 0);
    }""",
        WIDGETS,
    )


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_no_other_host_and_clean_console(book, browser, serve, scheme):
    base = serve(book) if scheme == "http" else book.as_uri()
    context = browser.new_context()
    for name in pages(book):
        page, asked, said = context.new_page(), [], []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("requestfailed", lambda request, said=said: said.append(f"failed: {request.url}"))
        page.on(
            "response",
            lambda answer, said=said: (
                answer.status >= 400 and said.append(f"{answer.status}: {answer.url}")
            ),
        )
        page.on(
            "console",
            lambda message, said=said: (
                message.type in ("error", "warning") and said.append(message.text)
            ),
        )
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.goto(f"{base}/{name}")
        read_through(page)
        see_widgets(page)
        assert any(url.endswith("page.css") for url in asked)  # requests are really recorded
        others = [url for url in asked if not url.startswith((base, "data:", "blob:"))]
        assert others == [], name
        assert said == [], name
        assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)"), name
        page.close()
    context.close()


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", [*EDITIONS, "sample"])
def test_accessible_and_no_sideways_scroll(request, browser, axe, which, scheme, width):
    language = "ko" if which == "sample" else which
    folder = request.getfixturevalue("whole") / which
    if which == "sample":
        folder = request.getfixturevalue("sample")
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    for name in pages(folder):
        page = context.new_page()
        page.goto((folder / name).as_uri())
        see_widgets(page)
        page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = 1")
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        assert page.evaluate("document.documentElement.lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if (scheme, width) in (("light", 1280), ("dark", 360)):  # seven seconds a page
            assert axe(page) == [], name
        page.close()
    context.close()


def test_sections_for_specialists_are_folded_until_a_link_leads_there(browser, sample):
    page = browser.new_page()
    page.goto((sample / "other.html").as_uri())
    shown = {name: page.get_by_text(name, exact=True) for name in ("접힌 글", "안의 글", "다음 글")}
    assert [text.is_visible() for text in shown.values()] == [False, False, True]
    assert page.locator("article h2").filter(has_text="더 깊이: 접힌 절").is_visible()
    for heading in ("더 깊이: 접힌 절", "안의 제목"):
        page.locator("article details.deeper").evaluate("fold => { fold.open = false }")
        place = page.locator("article section").filter(
            has=page.locator(f"xpath=./*[starts-with(., '{heading}')]")
        )
        page.evaluate("id => { location.hash = id }", place.last.get_attribute("id"))
        shown["안의 글"].wait_for(state="visible")
        assert shown["접힌 글"].is_visible()
    page.close()


def test_axe_finds_what_is_wrong(browser, axe):
    page = browser.new_page()
    page.set_content("<html lang='ko'><title>t</title><main><img src='data:,'></main></html>")
    assert any(line.startswith("image-alt") for line in axe(page))
    page.close()


def test_buttons_work(korean, browser, serve):
    context = browser.new_context(viewport={"width": 360, "height": 800}, color_scheme="light")
    page = context.new_page()
    page.goto(f"{serve(korean)}/03-convolution.html")
    chapters = page.get_by_role("navigation", name="책의 차례")
    assert not chapters.is_visible()
    page.get_by_role("button", name="책의 차례").click()
    assert chapters.is_visible()
    page.keyboard.press("Escape")
    chapters.wait_for(state="hidden")
    for _ in range(3):  # device setting, light, dark
        page.get_by_role("button", name="밝기 바꾸기").click()
        if page.evaluate("document.documentElement.dataset.mode") == "dark":
            break
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    code = page.locator(".cell_input .highlight:visible").first
    code.get_by_role("button").click()
    code.get_by_text("복사했습니다").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == code.locator("pre").inner_text() and "import" in copied
    context.close()


@pytest.mark.parametrize(
    ("query", "found"),
    [("경계는", ["책"]), ("창", ["책"]), ("특징맵", ["둘째"]), ("edges", ["책"]), ("없는낱말", [])],
)
def test_search_in_a_folder_of_any_name(sample, browser, query, found):
    page = browser.new_page()
    page.goto((sample / "search.html").as_uri() + f"?q={urllib.parse.quote(query)}")
    page.wait_for_function("document.querySelector('.search-summary')?.innerText")
    assert page.locator("#search-results li > a").all_inner_texts() == found
    page.close()


def test_formulas_are_typeset(sample):
    text = (sample / "other.html").read_text("utf-8")
    assert text.count("<mjx-container") == 2 and "<mtext>출력</mtext>" in text
    assert "\\frac" not in text and "MathJax.js" not in text


def test_building_again_changes_nothing(root, tmp_path):
    """Without a change, and after a change of one page, whose words are not the other's."""
    folder = checkout(root, tmp_path / "again", SAMPLE)
    names = ("index.html", "other.html", "_static/page.css", "_static/page.js")

    def made():
        out = built(folder) / "ko"
        return [(out / name).read_bytes() for name in names]

    before = made()
    assert made() == before
    (folder / "book/ko/index.md").touch()
    assert made() == before


def test_a_wrong_formula_stops_the_build(root, tmp_path):
    folder = checkout(root, tmp_path / "wrong", {**SAMPLE, "index.md": "# 식\n\n$\\frac{1$\n"})
    done = build(folder)
    assert done.returncode != 0
    assert "formula: " in done.stdout + done.stderr


CSS = """
html { --used: 1px; --only-unused: 2px; --unused: var(--only-unused); --script: 3px; --text: "a;}  b" }
.here .there , .gone { margin : 0 var( --used ) ;  color: var(--text) }
.gone:hover, #nowhere { color: red }
.here:not(.gone) > p { width: calc(1px + 2px); animation: turn 1s }
@media (max-width: 9em) { .gone { color: red } .here { color: blue } }
@keyframes turn { from { top: 0 } to { top: 1px } }
@keyframes still { from { top: 0 } }
"""


def test_the_style_sheet_keeps_what_the_pages_use():
    css = extension.prune(CSS, {"here", "there"})
    assert extension.tidy(css, "style.setProperty('--script')") == (
        'html{--used:1px;--script:3px;--text:"a;}  b"}'
        ".here .there{margin :0 var( --used );color:var(--text)}"
        ".here:not(.gone) > p{width:calc(1px + 2px);animation:turn 1s}"
        "@media (max-width:9em){.here{color:blue}}"
        "@keyframes turn{from{top:0}to{top:1px}}"
    )


def test_pictures(book):
    """Alt text by hand, the size for a page that does not jump, and late from the second on."""
    for name in pages(book):
        tags = re.findall(r"<img [^>]*>", (book / name).read_text("utf-8"))
        for number, tag in enumerate(tags):
            alt = html.unescape(re.search(r'alt="([^"]*)"', tag)[1])
            assert len(alt) > 5 and not re.search(r"\.(png|jpe?g|svg)$|(?<!\d)/", alt), (name, tag)
            assert re.search(r' width="\d+" height="\d+"', tag), (name, tag)
            assert ('loading="lazy"' in tag) == (number > 0), (name, tag)


def around(folder, name):
    """Return what a page says outside its article and the titles of others, links to twins aside."""
    text = (folder / name).read_text("utf-8")
    text = re.sub(r"<(article|script|style|noscript|title)\b.*?</\1>", "", text, flags=re.S)
    titles = r'<(a) class="(?:reference internal|btn btn-sm twin)|<(p) class="(?:prev-next-title|component-author)"'
    text = re.sub(rf"(?:{titles}).*?</(?:\1|\2)>", "", text, flags=re.S)
    said = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', text)
    said += re.findall(r">([^<]*)<", text)
    return html.unescape(" ".join(said))


def test_the_theme_speaks_the_edition_s_language(book):
    """In Korean no English word but names, in English no Hangul; the edition's own words are there."""
    for name in pages(book):
        said = around(book, name)
        if book.name == "ko":
            assert set(re.findall(r"\b[A-Za-z]+\b", said)) <= ENGLISH_ALLOWED, name
        else:
            assert not re.search("[가-힣]", said), name
    words = EDITIONS[book.name].words
    text = (book / "03-convolution.html").read_text("utf-8")
    assert words["page"]["show_code"] in text and words["theme"]["Contents"] in around(
        book, "03-convolution.html"
    )


def test_launch_and_download_buttons(root, book):
    repository = yaml.safe_load((root / "_config.yml").read_text("utf-8"))["repository"]
    prefix = repository["url"].replace("//github.com/", "//colab.research.google.com/github/")
    notebooks = [
        path
        for path in (root / "book" / book.name).glob("[!.]*.ipynb")
        if (book / f"{path.stem}.html").exists()
    ]
    assert notebooks
    for notebook in notebooks:
        text = (book / f"{notebook.stem}.html").read_text("utf-8")
        place = notebook.relative_to(root).as_posix()
        assert f'href="{prefix}/blob/{repository["branch"]}/{place}"' in text
        download = re.search(r'href="(_sources/[^"]*)"', text)[1]
        assert (book / download).read_bytes() == notebook.read_bytes()


def test_light(book, browser, serve):
    """At most a fifth of a stock page before the first figure; the figure itself not counted."""
    base = serve(book)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    for name in pages(book):
        page, sizes = context.new_page(), {}
        page.on("response", lambda answer, sizes=sizes: sizes.update({answer.url: answer}))
        page.goto(f"{base}/{name}", wait_until="networkidle")
        # A stock search page loads the words of the whole book as well; test_search.py weighs the text.
        apart = ("/_images/", "/search-text.js")
        before = [
            len(answer.body())
            for url, answer in list(sizes.items())  # reading a body lets new answers in
            if not any(part in url for part in apart)
        ]
        stock = STOCK_CHAPTER_BYTES if name[0].isdigit() else STOCK_BYTES
        assert sum(before) <= stock / 5, (name, sum(before), len(before))
        lab = [url for url in sizes if "/lab/" in url]
        assert name in ("laboratory.html", "review.html", "index.html") or not lab, name
        # It stands in the first screen.
        assert name != "index.html" or any("conv-explorer" in url for url in lab)
        own = [url for url in sizes if "/_images/" not in url and "/lab/" not in url]
        assert len(own) <= 12, (name, sorted(sizes))
        page.close()
    context.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_the_laboratory_keeps_its_place(korean, browser, width):
    """An element is about as high before its scripts come as after: what stands below stays."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    heights = f"""[...document.querySelectorAll("{WIDGETS}")].map(
        widget => widget.getBoundingClientRect().height)"""
    before, after = context.new_page(), context.new_page()
    before.route("**/lab/*.js", lambda route: route.abort())
    for page in (before, after):
        page.goto((korean / "laboratory.html").as_uri())
    see_widgets(after)
    for name, part in (("zip-code", ".lab-zip-more p"), ("image-top5", ".lab-bars li")):
        after.locator(name).scroll_into_view_if_needed()
        after.locator(f"{name} {part}").first.wait_for()  # its example is read
    came, wanted = before.evaluate(heights), after.evaluate(heights)
    assert len(came) == 4 and came == pytest.approx(wanted, rel=0.15)
    context.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_the_front_page_is_alive_in_its_first_screen(book, browser, width):
    context = browser.new_context(viewport={"width": width, "height": 740})
    page = context.new_page()
    page.goto((book / "index.html").as_uri())
    sentence = page.locator("conv-explorer .lab-conv-sentence")
    said = sentence.text_content()
    window = page.locator("conv-explorer .lab-conv-span").bounding_box()
    assert window["y"] > 0 and window["y"] + window["height"] < 740
    page.locator("conv-explorer .lab-conv-input td").nth(18).click()
    assert page.evaluate("scrollY") == 0 and sentence.text_content() != said
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@pytest.mark.parametrize("case", ["no scripts", "on their way", "missing"])
def test_no_word_about_scripts_flashes(korean, browser, case):
    """What stands in an element is for a page without scripts, or without the element's own."""
    context = browser.new_context(java_script_enabled=case != "no scripts")
    page = context.new_page()
    if case == "on their way":
        page.route("**/lab/*.js", lambda route: None)  # they never come
    if case == "missing":
        page.route("**/lab/*.js", lambda route: route.abort())
    page.goto((korean / "laboratory.html").as_uri())
    page.wait_for_timeout(500)
    said = page.locator("conv-explorer p")
    assert "자바스크립트를 켜면" in said.text_content()
    assert said.is_visible() == (case != "on their way")
    if case == "on their way":
        page.emulate_media(media="print")
        assert said.is_visible()
    context.close()


# --- The editions and their front door ---


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("scripts", [True, False])
def test_front_door_leads_to_every_edition(whole, browser, serve, axe, scheme, scripts):
    base = serve(whole) if scheme == "http" else whole.as_uri()
    context = browser.new_context(
        java_script_enabled=scripts, viewport={"width": 360, "height": 800}
    )
    page = context.new_page()
    for language, edition in EDITIONS.items():
        page.goto(f"{base}/index.html")
        if scripts:
            assert axe(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.get_by_role("link", name=edition.words["enter"]).click()
        page.wait_for_url(f"**/{language}/index.html")
        assert page.locator("html").get_attribute("lang") == language
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_old_addresses_lead_on(whole, browser, scripts):
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    for name in pages(whole / "ko"):
        if name != "index.html":
            page.goto((whole / name).as_uri() + "#part-2")
            page.wait_for_url((whole / "ko" / name).as_uri() + "#part-2" * scripts)
    context.close()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_page_leads_to_its_twin_at_the_same_heading(whole, browser, serve, scheme):
    base = serve(whole) if scheme == "http" else whole.as_uri()
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    places = {}
    for language in EDITIONS:
        page.goto(f"{base}/{language}/03-convolution.html")
        places[language] = page.evaluate(
            "[...document.querySelectorAll('article span[id^=part-]')].map(place => place.id)"
        )
        others = page.locator("link[rel=alternate][hreflang]").evaluate_all(
            "links => links.map(link => link.hreflang)"
        )
        assert sorted([*others, language]) == sorted(EDITIONS)
    assert places["ko"] == places["en"] and len(places["ko"]) > 12
    page.goto(f"{base}/ko/03-convolution.html")
    page.get_by_role("link", name="English").click()
    page.wait_for_url(f"{base}/en/03-convolution.html")  # from the top to the top
    for place in places["ko"][2::5]:
        page.goto(f"{base}/en/03-convolution.html#{place}")
        page.wait_for_timeout(100)
        page.locator("a.twin").click()
        page.wait_for_url(f"{base}/ko/03-convolution.html#{place}")
    page.close()


def test_a_third_language_is_a_folder_and_a_row(root, tmp_path):
    """An edition of invented words: its two pages, its words, and links to what only the source has."""
    pages = {**SAMPLE, "third.md": "# 셋째\n\n글\n"}
    twins = {
        "index.md": "# Xbook\n\nX finds edges; see [x other](other.md) and [x third](third.md).\n\n"
        "## X part\n\nX more.\n",
        "other.md": "# Xother\n\nX $a$.\n",
    }
    whole = built(checkout(root, tmp_path / "three", pages, twins))
    text = (whole / "xx/index.html").read_text("utf-8")
    assert ' lang="xx"' in text and "x Open in Colab" not in text  # a page is no notebook
    assert "x Report a mistake" in text and "x On this page" in text
    assert "x Convolutional neural networks" in text
    assert re.search(r'href="\.\./ko/third\.html">x third</a> x \(in Korean\)', text)
    assert 'hreflang="ko" href="../ko/index.html"' in text
    assert 'href="other.html"' in text and not (whole / "xx/third.html").exists()
    assert 'hreflang="xx" href="../xx/index.html"' in (whole / "ko/index.html").read_text("utf-8")
    assert "hreflang" not in (whole / "ko/third.html").read_text("utf-8")
    assert 'hreflang="ko" href="../ko/other.html"' in (whole / "xx/other.html").read_text("utf-8")
    door = (whole / "index.html").read_text("utf-8")
    assert 'href="xx/index.html"' in door and "x Read in English" in door
    # Its search leads to the whole book's.
    assert '"whole":"../ko/search.html"' in (whole / "xx/_static/search-text.js").read_text("utf-8")


def test_the_formulas_fonts_have_every_letter_that_the_pages_need(book):
    """They are cut (extension.py): each letter of a rule for formulas is in the font that it had."""
    css = (book / "_static/page.css").read_text("utf-8")
    letters = {int(code, 16) for code in re.findall(r'content:\s*"\\([0-9A-Fa-f]+)"', css)}
    letters |= {ord(letter) for letter in re.findall(r'content:\s*"([^"\\])"', css)}
    cut = {path.name: path for path in (book / "_static/mathjax").glob("*.woff")}
    whole = {
        path.name: path for path in extension.MATHJAX.glob("output/chtml/fonts/woff-v2/*.woff")
    }
    assert len(letters) > 100 and set(cut) == set(whole)
    for name, path in whole.items():
        known, kept = (set(TTFont(some).getBestCmap() or {}) for some in (path, cut[name]))
        assert known & letters <= kept, name
    main = "MathJax_Main-Regular.woff"  # which every formula needs
    assert cut[main].stat().st_size < whole[main].stat().st_size / 2
