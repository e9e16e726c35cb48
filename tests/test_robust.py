"""The built pages where something is missing or other than usual.

Storage, scripts, a new browser; paper, forced colours, large letters, a keyboard, two windows, a phone.
"""

import re

import pytest

CHAPTER = "03-convolution.html"
# Text that is cut off by a box that hides what does not fit, or by the window, and cannot be scrolled to.
LOST = """() => {
    const lost = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const elsewhere = "mjx-assistive-mml, .visually-hidden, .lab-hidden, .bd-sidebar, .bd-toc, .skip-link";
    for (let text; (text = walk.nextNode()); ) {
        const parent = text.parentElement;
        if (!text.data.trim() || !parent.checkVisibility({ visibilityProperty: true, opacityProperty: true })
            || parent.closest(elsewhere)) continue;
        const shown = { left: 0, right: innerWidth, top: -Infinity, bottom: Infinity };
        for (let up = parent; up && up !== document.body; up = up.parentElement) {
            const { overflowX, overflowY } = getComputedStyle(up), box = up.getBoundingClientRect();
            if (/auto|scroll/.test(overflowX)) [shown.left, shown.right] = [-Infinity, Infinity];
            if (/hidden|clip/.test(overflowX)) {
                shown.left = Math.max(shown.left, box.left);
                shown.right = Math.min(shown.right, box.right);
            }
            if (/hidden|clip/.test(overflowY)) {
                shown.top = Math.max(shown.top, box.top);
                shown.bottom = Math.min(shown.bottom, box.bottom);
            }
        }
        const range = document.createRange();
        range.selectNodeContents(text);
        for (const { left, right, top, bottom, height } of range.getClientRects())
            if (left < shown.left - 2 || right > shown.right + 2 ||
                top < shown.top - height / 4 || bottom > shown.bottom + height / 4) {
                lost.push(text.data);
                break;
            }
    }
    return lost;
}"""
SPACING = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
p { margin-bottom: 2em !important }"""
LARGE = "html { font-size: 200% !important }"


@pytest.fixture
def opened(browser):
    """Return a function that opens an address in a context of its own; an uncaught error fails."""
    contexts, errors = [], []

    def open_page(address, *, width=1280, scheme="light", **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


# --- Storage, scripts and style sheets that a browser refuses ---


@pytest.fixture
def sandboxed(opened, korean, serve):
    """Return a function that shows a page of the book in a frame that may not store anything."""
    base = serve(korean)

    def show(name):
        page = opened(f"{base}/_static/lab/text.ko.js")  # any address that is no page of the book
        page.set_content(
            f'<iframe sandbox="allow-scripts allow-forms" src="{base}/{name}" '
            'style="width: 1200px; height: 850px"></iframe>'
        )
        frame = page.frames[1]
        frame.wait_for_load_state()
        refused = frame.evaluate("() => { try { document.cookie } catch { return true } }")
        assert refused  # the frame is really one without storage
        return frame

    return show


def test_without_storage_everything_works(sandboxed):
    frame = sandboxed(CHAPTER)
    theme = "document.documentElement.dataset.theme"
    assert frame.evaluate(theme) == "light"
    frame.get_by_role("button", name="밝기 바꾸기").click()
    assert frame.evaluate(theme) == "dark"
    frame.get_by_role("button", name="책의 차례").click()
    frame.get_by_role("navigation", name="책의 차례").wait_for(state="hidden")
    code = frame.locator(".cell_input .highlight:visible").first
    code.hover()
    code.get_by_role("button").click()
    code.get_by_text("복사했습니다").wait_for()
    frame.locator("body").press("Control+k")
    frame.locator("#pst-search-dialog input").fill("교차상관")
    frame.locator("#pst-search-dialog input").press("Enter")
    frame.locator("#search-results a[href^='03-']").first.wait_for()


def test_without_storage_the_laboratory_works(sandboxed):
    frame = sandboxed("laboratory.html")
    explorer = frame.locator("conv-explorer")
    explorer.scroll_into_view_if_needed()
    explorer.locator("td").first.wait_for()


def test_ours_has_run_whatever_befalls_the_theme_s_scripts(opened, browser, korean):
    page = opened("about:blank")
    script = (korean / "_static/page.js").read_text("utf-8")
    ours, theirs = script.split("const DOCUMENTATION_OPTIONS", 1)
    assert "localStorage.setItem(" in theirs and "customElements" not in theirs
    page.route("**/page.js", lambda route: route.fulfill(body=ours, content_type="text/javascript"))
    page.goto((korean / CHAPTER).as_uri())
    assert page.locator("button.copy").count() > 30
    page.goto((korean / "laboratory.html").as_uri())
    page.locator("conv-explorer").scroll_into_view_if_needed()
    page.locator("conv-explorer td").first.wait_for()


def test_style_sheets_for_browsers_of_two_years_ago(korean):
    """No light-dark(), and no mask without the prefixed one before it."""
    for name in ("page.css", "lab/lab.css"):
        css = (korean / "_static" / name).read_text("utf-8")
        assert "light-dark(" not in css, name
        for rule in re.findall(r"\{([^{}]*)\}", css):
            declared = re.findall(r"(?:^|;)\s*((?:-webkit-)?mask)\s*:", rule)
            assert declared in ([], ["-webkit-mask", "mask"]), (name, rule)


# --- Paper ---


def test_paper_is_light_and_whole(opened, korean):
    """While it is printed every fold is open and its text opaque; afterwards all is as it was."""
    colours = """[...document.querySelectorAll("article, article *")].map(
        element => getComputedStyle(element).color)"""
    state = """[document.documentElement.dataset.theme,
        ...Array.from(document.querySelectorAll("details"), fold => fold.open)]"""
    address = (korean / CHAPTER).as_uri()
    light, page = opened(address), opened(address, scheme="dark")
    before = page.evaluate(state)
    assert before[0] == "dark" and before.count(True) == 0 and len(before) > 10
    assert page.evaluate(colours) != light.evaluate(colours)
    for one in (light, page):
        one.emulate_media(media="print")
    page.wait_for_function("document.documentElement.dataset.theme === 'light'")
    assert page.evaluate(state) == ["light", *[True] * (len(before) - 1)]
    assert page.evaluate(colours) == light.evaluate(colours)
    faint = """[...document.querySelectorAll("details *")].filter(
        one => one.checkVisibility() && getComputedStyle(one).opacity < 1).map(one => one.outerHTML)"""
    assert page.evaluate(faint) == []
    page.emulate_media(media="screen")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    assert page.evaluate(state) == before

    page.wait_for_function("[...document.images].every(picture => picture.complete)")  # unseen, too
    figures = page.evaluate("new Set(Array.from(document.images, picture => picture.src)).size")
    page.evaluate("addEventListener('beforeprint', () => window.printed = " + state + ")")
    content = page.pdf(format="A4")
    assert page.evaluate("printed") == ["light", *[True] * (len(before) - 1)]
    assert page.evaluate(state) == before
    assert figures > 5 and content.count(b"/Subtype /Image") >= figures


def test_the_laboratory_on_paper_and_in_forced_colours(opened, korean):
    page = opened((korean / "laboratory.html").as_uri(), scheme="dark")
    page.locator("digit-cnn").scroll_into_view_if_needed()
    page.locator("digit-cnn .lab-buttons button").nth(5).click()
    page.locator("digit-cnn .lab-first").first.wait_for()
    page.emulate_media(media="print")
    maps = page.locator("digit-cnn .lab-map canvas:visible")
    assert maps.count() > 200 and not page.locator("digit-cnn .lab-buttons").first.is_visible()
    corner = "picture => picture.getContext('2d').getImageData(0, 0, 1, 1).data[0]"
    page.wait_for_function(f"({corner})(document.querySelector('.lab-digit-seen canvas')) > 200")
    ground = "one => getComputedStyle(one).backgroundColor"
    bar = page.locator("digit-cnn .lab-first .lab-bar")
    exact = "one => getComputedStyle(one).printColorAdjust"
    assert bar.evaluate(exact) == "exact"  # else a browser leaves its colour out
    page.emulate_media(media="screen", forced_colors="active")
    assert bar.evaluate(ground) != page.locator("body").evaluate(ground)


# --- Colours and letters of the reader's own ---


def test_icons_in_forced_colours(opened, korean):
    page = opened((korean / CHAPTER).as_uri(), forced_colors="active")
    ground = "one => getComputedStyle(one).backgroundColor"
    icons = page.locator(".bd-header-article [class*=fa-]:visible").all()
    assert len(icons) > 5
    for icon in icons:
        assert icon.evaluate(ground) != page.locator("body").evaluate(ground)


@pytest.mark.parametrize(
    ("style", "width"),
    [(SPACING, 360), (LARGE, 360), (LARGE, 1280)],
    ids=["spacing", "large", "wide"],
)
def test_no_text_is_lost(opened, korean, style, width):
    """With the text spacing of WCAG 1.4.12, and with letters of twice the size."""
    for name in (CHAPTER, "laboratory.html"):
        page = opened((korean / name).as_uri(), width=width)
        page.add_style_tag(content=style)
        page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        if name == "laboratory.html":
            page.locator("conv-explorer td").first.wait_for()
        assert page.evaluate(LOST) == [], name
        # A formula is longer than a line there: 75 pixels.
        room = 80 if (style, width, name) == (LARGE, 360, CHAPTER) else 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width + room, name
        buttons = page.locator(".article-header-buttons").bounding_box()
        contents = page.locator("#pst-secondary-sidebar").bounding_box()
        assert buttons["x"] + buttons["width"] <= max(contents["x"], 0) or contents["x"] >= width


def test_lost_text_is_seen(opened):
    page = opened("about:blank")
    page.set_content(
        "<p style='width: 3em; overflow: hidden; white-space: nowrap'>a long line</p>"
        "<p style='height: 1em; line-height: 1.2; overflow: hidden'>two<br>lines</p>"
        "<p style='width: 3em; overflow: auto; white-space: nowrap'>a line to be scrolled</p>"
    )
    assert page.evaluate(LOST) == ["a long line", "lines"]


# --- Menus ---


def test_the_focus_returns_and_a_chosen_heading_closes_the_drawer(opened, korean):
    page = opened((korean / CHAPTER).as_uri(), width=360)
    focused = "document.activeElement.getAttribute('aria-label')"
    for name in ("책의 차례", "이 쪽의 차례", "검색"):
        page.locator(".bd-header-article").get_by_role("button", name=name, exact=True).click()
        page.locator("dialog[open]").wait_for()
        page.keyboard.press("Escape")
        page.wait_for_function(f"{focused} === '{name}'")
    page.get_by_role("button", name="이 쪽의 차례").click()
    page.locator("dialog[open]").get_by_role("link", name="2차원").click()
    page.locator("dialog[open]").wait_for(state="detached")
    top = page.locator("article h2", has_text="2차원").evaluate(
        "one => one.getBoundingClientRect().top"
    )
    assert 0 <= top < 200


def test_menus_without_scripts(opened, korean):
    page = opened((korean / CHAPTER).as_uri(), width=360, java_script_enabled=False)
    for name, link in (("책의 차례", "패딩과 스트라이드"), ("이 쪽의 차례", "정리")):
        page.locator(".bd-header-article").get_by_role("link", name=name, exact=True).click()
        chosen = page.get_by_role("navigation", name=name).last.get_by_role("link", name=link)
        assert chosen.bounding_box()["x"] >= 0 and chosen.is_visible()
    assert page.get_by_role("button").filter(visible=True).count() == 0
    chosen.click()
    page.wait_for_url("**/*#*")


def test_hidden_contents_stay_hidden(opened, korean, serve):
    base = serve(korean)
    page = opened(f"{base}/{CHAPTER}")
    contents = page.get_by_role("navigation", name="책의 차례")
    page.get_by_role("button", name="책의 차례").click()
    contents.wait_for(state="hidden")
    page.goto(f"{base}/glossary.html")
    assert not contents.is_visible()
    page.get_by_role("button", name="책의 차례").click()
    contents.wait_for()
    page.goto(f"{base}/{CHAPTER}")
    assert contents.is_visible()


def test_the_theme_is_one_in_two_windows(opened, korean, serve):
    base = serve(korean)
    page = opened(f"{base}/{CHAPTER}")
    other = page.context.new_page()
    other.goto(f"{base}/glossary.html")
    page.get_by_role("button", name="밝기 바꾸기").click()
    other.wait_for_function(
        "(({ mode, theme }) => mode === 'dark' && theme === 'dark')(document.documentElement.dataset)"
    )


# --- Code and figures ---


def test_copy_buttons_have_names_and_say_when_the_clipboard_refuses(opened, korean):
    page = opened("about:blank")
    page.add_init_script(
        "navigator.clipboard.writeText = async () => { throw new Error('refused') };"
        "document.execCommand = () => false;"
    )
    page.goto((korean / CHAPTER).as_uri())
    names = page.locator("button.copy").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert len(set(names)) == len(names) > 30 and all(name.startswith("복사: ") for name in names)
    code = page.locator(".cell_input .highlight:visible").first
    code.hover()
    code.get_by_role("button").click()
    code.get_by_text("복사하지 못했습니다").wait_for()
    assert page.get_by_role("status").filter(has_text="복사하지 못했습니다").count() == 1
    assert (
        page.evaluate("getSelection().toString()").strip()
        == code.locator("pre").inner_text().strip()
    )


@pytest.mark.parametrize("width", [360, 1280])
def test_a_figure_opens_larger_than_it_was_drawn(opened, korean, width):
    page = opened((korean / CHAPTER).as_uri(), width=width, scheme="dark")
    figure = page.locator("a.enlarge").nth(2)
    page.wait_for_function("[...document.images].every(picture => picture.complete)")
    white = figure.locator("img").evaluate("one => getComputedStyle(one).filter")
    assert re.fullmatch(r"brightness\(0\.8\d?\)", white)  # of a slab of white
    shown, drawn = figure.locator("img").evaluate("one => [one.width, one.naturalWidth]")
    assert drawn > 700 and (shown < drawn / 2) == (width == 360)
    figure.press("Enter")
    large = page.get_by_role("dialog", name="크게 본 그림").get_by_role("img")
    assert large.evaluate("one => one.clientWidth") >= drawn
    page.keyboard.press("Escape")
    large.wait_for(state="hidden")
    assert figure.evaluate("one => one === document.activeElement")


def test_a_figure_is_a_link_without_scripts(opened, korean):
    page = opened((korean / CHAPTER).as_uri(), java_script_enabled=False)
    page.locator("a.enlarge").first.click()
    page.wait_for_url("**/_images/*.png")
