"""The editor of the pages that run, in a bare page and beside the book's own blocks of code. For LIVE=1."""

import html
import json
import re
import shutil

import pytest

from tools import build, editions
from tools.live import Unavailable, editor

pytestmark = pytest.mark.skipif(not build.live(), reason="pages that run: set LIVE=1")
# The strictest that CodeMirror works under: it lays a style sheet of its own into the page.
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'"
PAGE = """<!doctype html>
<html lang="{language}" data-theme="light">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>cnnbook</title>
<link rel="stylesheet" href="book.css">
<body data-words="{words}">
<main class="bd-article">
<h1>cnnbook</h1>
<p><button>before</button></p>
<div class="cell_input"><div class="highlight"></div></div>
<p><button>after</button></p>
<div class="highlight"><pre>print(1)</pre></div>
</main>
<script src="live-editor.js"></script>
<script src="start.js"></script>
</html>
"""
START = """
window.called = [];
window.editor = cnnbookEditor({
  parent: document.querySelector(".highlight"), text: "", label: "Code 1",
  words: JSON.parse(document.body.dataset.words),
  run: () => called.push("run " + editor.text()), next: () => called.push("next"),
});
"""
FOCUSED = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"


@pytest.fixture(scope="session")
def bundled(tmp_path_factory):
    """The folder with the editor and its licenses; without npm or its registry, tests are skipped."""
    folder = tmp_path_factory.mktemp("editor")
    try:
        assert editor.bundle(folder) == (folder / editor.SCRIPT, folder / editor.LICENSES)
    except Unavailable as error:
        pytest.skip(str(error))
    return folder


@pytest.fixture(scope="module")
def bare(root, bundled):
    """Return a function that writes a page with an editor in it and gives its path."""
    shutil.copy(root / "book/_assets/book.css", bundled)
    (bundled / "start.js").write_text(START, encoding="utf-8")

    def write(language):
        words = html.escape(json.dumps(editions.EDITIONS[language].words["live"]))
        path = bundled / f"{language}.html"
        text = PAGE.format(language=language, policy=POLICY, words=words)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def address(bare):
    return bare("en")


@pytest.fixture
def page(opened):
    return opened()


def start(page, text="", at=None):
    """Put text into the editor and the cursor behind it, or at a place."""
    page.evaluate(
        "([text, at]) => { editor.setText(text); editor.focus();"
        " editor.view.dispatch({selection: {anchor: at ?? text.length}}); }",
        [text, at],
    )


def text(page):
    return page.evaluate("editor.text()")


# --- the bundle ----------------------------------------------------------------------------------


def test_the_bundle_is_the_same_again_and_says_whose_it_is(bundled, tmp_path):
    script, licenses = editor.bundle(tmp_path)
    assert script.read_bytes() == (bundled / editor.SCRIPT).read_bytes()
    named = re.findall(r"^(@?[\w/-]+) \d+\.\d+\.\d+ \(MIT\)$", licenses.read_text("utf-8"), re.M)
    assert len(named) == licenses.read_text("utf-8").count("Permission is hereby granted") > 10
    wanted = set(json.loads((editor.SOURCE / "package.json").read_text("utf-8"))["dependencies"])
    assert wanted - {"esbuild"} <= set(named)


def test_every_package_has_an_exact_version_and_a_digest():
    lock = json.loads((editor.SOURCE / "package-lock.json").read_text("utf-8"))["packages"]
    own = lock.pop("")["dependencies"]
    assert own == json.loads((editor.SOURCE / "package.json").read_text("utf-8"))["dependencies"]
    assert all(lock[f"node_modules/{name}"]["version"] == own[name] for name in own)
    assert all(package["integrity"].startswith("sha512-") for package in lock.values())


def test_names_are_those_that_the_page_s_highlighter_knows():
    names = editor.known_names()
    assert "print" in names["nb"] and "ValueError" in names["ne"] and "self" in names["bp"]
    assert not {"True", "for", "np"} & {name for kind in names.values() for name in kind}


def test_without_node(tmp_path, monkeypatch):
    monkeypatch.setattr(editor, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="Not found on the PATH: node, npm") as raised:
        editor.bundle(tmp_path / "target")
    assert "Node.js와 npm이 필요합니다" in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_without_the_registry(tmp_path, monkeypatch):
    monkeypatch.setattr(editor, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_fetch_retry_mintimeout", "1")
    monkeypatch.setenv("npm_config_fetch_retry_maxtimeout", "1")
    with pytest.raises(Unavailable, match="npm ci --ignore-scripts") as raised:
        editor.bundle(tmp_path / "target")
    assert "받지 못했습니다" in str(raised.value) and "127.0.0.1:9" in str(raised.value)
    assert list((tmp_path / "cache").iterdir()) == []
    assert not (tmp_path / "target").exists()


# --- keys ----------------------------------------------------------------------------------------


def test_typing_keeps_and_raises_the_indentation(page):
    start(page)
    page.keyboard.type("for x in [1, 2]:\nif x:\nprint(x)")
    assert text(page) == "for x in [1, 2]:\n    if x:\n        print(x)"
    page.keyboard.type("\n")
    for left in (4, 0):
        page.keyboard.press("Backspace")
        assert text(page).endswith(f"print(x)\n{' ' * left}")
    page.keyboard.type("done = 'yes'")
    assert text(page).endswith("\ndone = 'yes'")
    assert page.locator(".cm-tooltip").count() == 0  # nothing pops up


def test_tab_leaves_until_something_is_typed_and_escape_frees_it_again(page):
    page.locator("button").first.focus()
    visited = []
    for key in ("Tab", "Tab", "Shift+Tab", "Shift+Tab", "Tab"):
        page.keyboard.press(key)
        visited.append(page.evaluate(FOCUSED))
    assert visited == ["Code 1", "after", "Code 1", "before", "Code 1"]
    page.keyboard.type("a")
    page.keyboard.press("Home")
    page.keyboard.press("Tab")
    assert text(page) == "    a"
    page.keyboard.press("Shift+Tab")
    assert text(page) == "a"
    page.keyboard.press("Escape")
    page.wait_for_timeout(2100)  # CodeMirror by itself would hold the reader again
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "after"
    page.locator(".cm-content").click()
    page.keyboard.press("Tab")
    assert text(page) == "    a"
    page.keyboard.press("Control+m")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "after"


def test_running(page):
    start(page, "x = 1")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Control+Enter")
    assert page.evaluate("called") == ["run x = 1", "next", "run x = 1"]
    assert text(page) == "x = 1"


def test_undo_comments_and_brackets(page):
    start(page, "x = 1")
    page.keyboard.press("Control+/")
    assert text(page) == "# x = 1"
    page.keyboard.press("Control+z")
    assert text(page) == "x = 1"
    page.keyboard.press("Control+y")
    assert text(page) == "# x = 1"
    start(page, "y")  # a cell set back can be had again
    page.keyboard.press("Control+z")
    assert text(page) == "# x = 1"
    start(page)
    page.keyboard.type("f([")
    assert text(page) == "f([])"
    assert page.locator(".cm-matchingBracket").count() == 2
    page.keyboard.type("1])")
    assert text(page) == "f([1])"


def test_hangul_is_composed(page):
    start(page, "x = 1  # \ny = 2", at=9)
    keyboard = page.context.new_cdp_session(page)
    for syllable in ("ㅎ", "하", "한"):
        keyboard.send(
            "Input.imeSetComposition",
            {"text": syllable, "selectionStart": 1, "selectionEnd": 1},
        )
        assert text(page) == f"x = 1  # {syllable}\ny = 2"
        assert page.evaluate("editor.view.composing")
    keyboard.send("Input.insertText", {"text": "한"})
    keyboard.send("Input.imeSetComposition", {"text": "글", "selectionStart": 1, "selectionEnd": 1})
    keyboard.send("Input.insertText", {"text": "글"})
    page.keyboard.type(" ok")
    assert text(page) == "x = 1  # 한글 ok\ny = 2"
    assert page.evaluate("editor.view.state.selection.main.head") == 14
    page.keyboard.press("Control+z")
    assert not text(page).startswith("x = 1  # 한글 ok")


# --- for whom --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_screen_reader_hears_what_it_is_and_how_to_leave(opened, bare, axe, language):
    page = opened(bare(language).as_uri())
    start(page, "print('x')")
    assert axe(page) == []
    words = editions.EDITIONS[language].words["live"]
    document = page.context.new_cdp_session(page)
    nodes = document.send("Accessibility.getFullAXTree")["nodes"]
    heard = [node for node in nodes if node.get("role", {}).get("value") == "textbox"]
    assert [node["name"]["value"] for node in heard] == ["Code 1"]
    assert heard[0]["description"]["value"] == words["editor_keys"]
    assert "Escape" in words["editor_keys"] and "Tab" in words["editor_keys"]
    page.keyboard.press("Control+a")
    page.keyboard.press("Backspace")
    assert page.locator("[aria-live]").text_content() == words["editor_deleted"]


def test_on_a_phone(opened):
    page = opened(width=360, height=700, touch=True)
    start(page, "a = [" + "1234567890, " * 20 + "]", at=0)
    page.keyboard.press("End")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    # The cursor at the end of the line is in sight, since the block itself has scrolled.
    page.wait_for_function("editor.view.dom.parentElement.scrollLeft > 1000", timeout=3000)
    place = page.evaluate("editor.view.coordsAtPos(editor.text().length).left")
    assert 0 < place < 360
    content = page.locator(".cm-content")
    for name in ("autocapitalize", "autocorrect"):
        assert content.get_attribute(name) == "off"
    assert content.get_attribute("spellcheck") == "false"
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert content.evaluate(size) >= 16  # otherwise Safari enlarges the page
    own = page.locator("pre").last.evaluate(size)
    assert page.locator(".cm-line").first.evaluate(size) == own < 16


def test_on_paper_lines_wrap(page):
    start(page, "a = [" + "1234567890, " * 20 + "]")
    box = page.locator("pre").first
    wider = "block => block.scrollWidth > block.clientWidth"
    assert box.evaluate(wider)
    page.emulate_media(media="print")
    assert not box.evaluate(wider)
    assert page.locator(".cm-line").bounding_box()["height"] > 30


def test_a_click_beside_the_code_is_one_in_it(page):
    start(page, "x = 1")
    page.locator("button").first.focus()
    page.locator("pre").first.click(position={"x": 3, "y": 3})
    page.keyboard.press("End")
    page.keyboard.type("0")
    assert text(page) == "x = 10"


@pytest.mark.parametrize("way", ["http", "file"])
def test_it_asks_for_nothing_else(opened, serve, bundled, address, way):
    base = serve(bundled) if way == "http" else bundled.as_uri()
    page, asked = opened("about:blank"), []
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto(f"{base}/{address.name}")
    start(page, "print('x')")
    page.keyboard.press("Enter")
    assert len(asked) >= 4
    assert [url for url in asked if not url.startswith(f"{base}/")] == []


def test_destroy_leaves_nothing(page):
    before = "document.querySelector('.highlight').innerHTML"
    assert "cm-editor" in page.evaluate(before)
    assert page.evaluate(f"editor.destroy(), {before}") == ""


# --- beside the page's own blocks ------------------------------------------------------------------

# Each letter with its color and shape, and each block's size: the page's, then the editor's of the same code.
COMPARE = """() => {
  const letters = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) {
      const { color, fontFamily, fontSize, fontStyle, fontWeight } = getComputedStyle(walker.currentNode.parentElement);
      for (const letter of walker.currentNode.data.replace(/\\s/g, ""))
        found.push([letter, color, fontFamily, fontSize, fontStyle, fontWeight].join());
    }
    return found;
  };
  const size = (block) => [block.clientWidth, block.clientHeight];
  window.blocks ??= [...document.querySelectorAll(".cell_input .highlight")].map((code) => {
    const pre = code.querySelector("pre");
    const { view } = cnnbookEditor({ parent: code, text: pre.textContent, label: "Code", words: {} });
    return [pre, view.dom.parentElement];
  });
  return blocks.map((pair) => pair.map((block) => [letters(block), size(block)]));
}"""
CONTRAST = """() => {
  const shade = (css) => {
    const [red, green, blue] = css.match(/[\\d.]+/g).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const block = document.querySelector(".cm-editor").parentElement;
  const paper = shade(getComputedStyle(block).backgroundColor);
  return [...new Set([...document.querySelectorAll(".cm-line, .cm-line span")].map((part) => getComputedStyle(part).color))]
    .map((color) => [Math.max(shade(color), paper) + 0.05, Math.min(shade(color), paper) + 0.05])
    .map(([light, dark]) => light / dark);
}"""


def test_nobody_can_tell_it_from_the_page_s_own_block(browser, serve, whole, bundled):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{serve(whole)}/en/08-cnn-from-scratch.html")
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    page.add_script_tag(content=(bundled / editor.SCRIPT).read_text("utf-8"))
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        compared = page.evaluate(COMPARE)
        # After @, the page's highlighter colors only what stands before a dot.
        differing = [pair for pair in compared if pair[0] != pair[1]]
        assert len(compared) > 60 and len(differing) <= 1, differing[:2]
        colors = page.evaluate(CONTRAST)
        assert len(colors) >= 5 and min(colors) >= 4.5
    page.set_viewport_size({"width": 360, "height": 700})
    sizes = [(block[1], edited[1]) for block, edited in page.evaluate(COMPARE)]
    assert all(block == edited for block, edited in sizes)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.close()
