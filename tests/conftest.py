"""What the tests of the pages share: a browser, a server, axe-core, and bare pages with a widget."""

import contextlib
import importlib.util
import os
import pathlib
import shutil
import time

import pytest
from books import built

from cnnbook import REPEATABLE
from tools.browser import serving, started

pytest.register_assert_rewrite("arrays")

QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
AXE = """axe.run(document, {preload: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa",
         "wcag22aa"]}).then(result => result.violations.flatMap(rule => rule.nodes.map(
         node => `${rule.id}: ${node.html.slice(0, 200)} ${node.failureSummary}`)))"""
BARE = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'self'">
<title>cnnbook</title>
<link rel="stylesheet" href="lab/lab.css">
<main>
<h1>cnnbook</h1>
{body}
</main>
{scripts}
</html>
"""


@pytest.fixture(scope="session")
def whole(root, tmp_path_factory):
    """All editions of the book, below their front door: built once, by the worker that comes first."""
    common = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent
    output, done = common / "book", common / "book-done"
    try:
        output.mkdir()
    except FileExistsError:
        for _ in range(600):
            if done.exists():
                break
            time.sleep(1)
    else:
        try:
            built(root, output=output)
        finally:
            done.touch()
    return output / "html"


@pytest.fixture(scope="session")
def korean(whole):
    return whole / "ko"


@pytest.fixture(scope="module")
def keras():
    """Keras as the book runs it; oneDNN would compute some convolutions wrongly (`tf`)."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in REPEATABLE.items():
            patch.setenv(name, value)
        import keras

        yield keras


@pytest.fixture(scope="module")
def tf(keras):
    """TensorFlow as the book runs it.

    With oneDNN on, TensorFlow 2.21 returns numbers that it never computed for one channel and
    strides like (1, 2): 26 of 3,165 drawn cases on one machine, none with oneDNN off. It would also
    take output sizes of a transposed convolution that cannot be.
    """
    import tensorflow

    return tensorflow


@pytest.fixture(scope="module")
def v8(root):
    """The laboratory's engine in bare V8, with the sentences of both languages (Korean first)."""
    from py_mini_racer import MiniRacer

    engine = MiniRacer()
    engine.eval("setTimeout = undefined")  # V8 has none, and this package's own does not fire
    for name in ("text.js", "text.ko.js", "text.en.js", "engine.js"):
        engine.eval((root / "book/_assets/lab" / name).read_text(encoding="utf-8"))
    yield engine
    engine.close()  # left to the interpreter's end, its thread can hang


@pytest.fixture(scope="module")
def browser():
    with contextlib.ExitStack() as stack:
        try:
            chromium = stack.enter_context(started(*QUIET))
        except RuntimeError as error:
            if os.environ.get("CNNBOOK_REQUIRE_BROWSER") == "1":
                pytest.fail(str(error))
            pytest.skip(str(error))
        yield chromium


@pytest.fixture(scope="module")
def serve():
    """Return a function that serves a folder and gives its address."""
    with contextlib.ExitStack() as servers:
        yield lambda folder: servers.enter_context(serving(folder))


@pytest.fixture(scope="module")
def axe():
    """Return a function that lists what axe-core finds wrong with a page.

    axe-core comes in a package, so that no copy is committed here.
    """
    package = importlib.util.find_spec("axe_playwright_python")
    source = pathlib.Path(package.origin).with_name("axe.min.js").read_text(encoding="utf-8")

    def violations(page):
        page.evaluate(source)
        return page.evaluate(AXE)

    return violations


@pytest.fixture(scope="module")
def bare_page(root, tmp_path_factory):
    """Return a function that writes a page with a part of the laboratory and gives its path.

    body is HTML inside <main>; scripts are names in book/_assets/lab, in the order they load after
    text.js and the sentences of the page's language. The page forbids all but its own files; show
    it by path.as_uri(), or by serve(path.parent) + "/" + path.name.
    """
    folder = tmp_path_factory.mktemp("bare")
    shutil.copytree(root / "book/_assets/lab", folder / "lab")

    def write(body="", scripts=("engine.js",), language="ko"):
        names = ("text.js", f"text.{language}.js", *scripts)
        tags = "\n".join(f'<script src="lab/{name}"></script>' for name in names)
        path = folder / f"page-{len(list(folder.iterdir()))}.html"
        path.write_text(BARE.format(body=body, scripts=tags, language=language), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def address(request, bare_page):
    """The page of a test module that says what stands in it (BODY) and what it loads (SCRIPTS)."""
    return bare_page(request.module.BODY, request.module.SCRIPTS)


@pytest.fixture
def opened(browser, address):
    """Return a function that opens the test module's `address`; whatever a page complains of fails."""
    contexts, said = [], []

    def open_page(url=None, *, width=1000, height=900, touch=False, scheme="light", motion=None):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=touch,
            color_scheme=scheme,
            reduced_motion=motion,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append((message.text, message.location["url"])))
        page.on("pageerror", lambda error: said.append((str(error), page.url)))
        page.goto(url or address.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A browser asks a server for the site's icon, of which these pages have none.
    assert [text for text, url in said if not url.endswith("favicon.ico")] == []


@pytest.fixture(params=["http", "file"])
def watched(request, opened, address, serve):
    """The module's page, served and as a file: it may ask for its own files and nothing else."""
    assert "default-src 'self'" in address.read_text(encoding="utf-8")
    base = serve(address.parent) if request.param == "http" else address.parent.as_uri()
    page, asked = opened("about:blank"), []
    page.on("request", lambda sent: asked.append((sent.method, sent.url)))
    page.goto(f"{base}/{address.name}")
    yield page
    assert len(asked) > 5
    assert [one for one in asked if one[0] != "GET" or not one[1].startswith(base + "/")] == []
