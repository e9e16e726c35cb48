"""Chapters that run in their pages, in Chromium, with every other host blocked. For LIVE=1 alone.

`LIVE=1 make test ARGS=tests/test_live_pages.py` runs these; without LIVE nothing is fetched, and each is
skipped by name, as where no source has Pyodide's bytes or the editor's packages.
"""

import json
import re
import shutil

import pytest

from tools import build
from tools.live import Unavailable, cells, pages

KNOWN = json.loads(cells.ANSWER.read_text("utf-8"))
# What Python's worker says is kept for the test; the page has no use for it afterwards.
LISTEN = """{
  const Real = Worker;
  globalThis.heard = [];
  globalThis.Worker = class extends Real {
    constructor(address) {
      super(address);
      this.addEventListener("message", ({ data }) => heard.push(data));
    }
  };
}"""

pytestmark = pytest.mark.skipif(not build.live(), reason="pages that run: set LIVE=1")


@pytest.fixture(scope="module")
def live(whole, tmp_path_factory):
    """The built book, its chapters made to run."""
    html = tmp_path_factory.mktemp("live") / "html"
    shutil.copytree(whole, html)
    try:
        pages.add(html)
    except Unavailable as problem:
        pytest.skip(f"nothing serves what pages that run are made of: {problem}")
    return html


class Chapter:
    """A chapter's page that runs, in a context of its own."""

    def __init__(self, page):
        self.page = page

    def start(self):
        self.page.locator(".live > button").click()
        self.page.wait_for_function(
            "document.documentElement.classList.contains('live-ready')", timeout=120_000
        )
        return self

    def cell(self, name):
        return self.page.locator(f'[data-cell="{name}"]')

    def write(self, name, source):
        """Put code into a cell's editor, as a reader who replaces all of it."""
        self.cell(name).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)

    def run(self, name, ends=True):
        self.cell(name).locator(".live-run").click()
        if ends:
            self.quiet()
        return self.output(name)

    def quiet(self):
        self.page.wait_for_function(
            "!document.querySelector('.live-buttons button').disabled", timeout=120_000
        )

    def output(self, name):
        output = self.cell(name).locator(".cell_output")
        return re.sub(r"\n+", "\n", output.inner_text().strip()) if output.count() else ""

    def status(self, name):
        return self.cell(name).locator(".live-status").inner_text()

    def does_not_start(self):
        """Press the button where Python cannot come: the page says so and stays as it was."""
        self.page.locator(".live > button").click()
        alert = self.page.get_by_role("alert").get_by_text("Python could not be loaded")
        alert.wait_for(timeout=60_000)
        assert self.page.locator(".cm-content").count() == 0
        assert self.page.locator(".live > button").is_visible()

    def said(self):
        return self.page.locator(".live-said").inner_text()

    def says(self, text):
        """Wait until the bar says so."""
        self.page.locator(".live-said", has_text=text).wait_for(timeout=120_000)


@pytest.fixture
def chapter(live, browser, serve):
    """Return a function that opens a chapter; other hosts are blocked, a page's complaint fails."""
    contexts, complaints, elsewhere = [], [], []

    def opened(number, language="en", file=False, width=1280, **options):
        base = live.as_uri() if file else serve(live)
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **options))
        context = contexts[-1]

        def route(route):
            if route.request.url.startswith((base, "blob:", "data:")):
                return route.continue_()
            elsewhere.append(route.request.url)
            return route.abort()

        context.route("**/*", route)
        context.add_init_script(LISTEN)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{base}/{language}/{cells.chapters()[number].stem}.html")
        return Chapter(page)

    yield opened
    for context in contexts:
        context.close()
    assert complaints == [] and elsewhere == []


@pytest.mark.parametrize("number", KNOWN)
def test_a_chapter_shows_in_its_page_what_is_stored(chapter, number):
    """Every cell but those of the list, which is exact: by the book's own rule, no figure excepted."""
    running = chapter(number).start()
    assert running.page.locator("[data-stored]").evaluate_all(
        "all => all.map(e => e.dataset.cell).sort()"
    ) == sorted(KNOWN[number]["stored"])
    running.page.get_by_role("button", name="Run all").click()
    running.quiet()
    outputs = {}
    for heard in running.page.evaluate("heard"):
        if "output" in heard:
            outputs.setdefault(heard["run"], []).append(heard["output"])
    different = {}
    for place, cell in enumerate(cells.code_cells(cells.chapters()[number]), 1):
        if cell.id in KNOWN[number]["stored"]:
            assert place not in outputs
        elif problem := cells.differs(outputs.get(place, []), cell):
            different[cell.id] = problem
    assert different == {}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_reader_s_half_hour(chapter, language):
    """Change, run, fail, mend, be checked, stop, come back: what one does with chapter 3."""
    running = chapter("03", language).start()
    page = running.page
    # The fourth editor: what lies above runs first.
    names = page.locator("[data-cell]:not([data-stored])").evaluate_all(
        "all => all.map(e => e.dataset.cell)"
    )
    running.write(names[2], "x = np.array([1, 2, 3])\nw = np.array([1, 1])")
    running.write(names[3], "int(x.sum())")
    assert running.run(names[3]) == "6"
    # What lies below an error runs all the same, and says so.
    running.write(names[2], "x = np.array([1, 2, 3]) +")
    running.run(names[3])
    assert "SyntaxError" in running.output(names[2])
    assert re.search(r": cell \d|셀: \d", running.said())
    # The book's code again.
    running.cell(names[2]).locator(".live-restore").click()
    running.write(names[3], "import math\nprint(len(x))\nmath.tau")
    assert running.run(names[3]) == "9\n6.283185307179586"
    # An exercise.
    exercise = page.locator("[data-cell]", has_text='check("03-1"').first.get_attribute("data-cell")
    running.write(exercise, 'check("03-1", 93)')
    assert "too: with a length of 1 there are 100 places" in running.run(exercise)
    running.write(exercise, 'check("03-1", 94)')
    assert running.run(exercise) == "03-1: correct"
    # TensorFlow says where to go.
    running.write(exercise, "import tensorflow as tf\ntf.constant(1)")
    assert "NeedsTensorFlow: tensorflow.constant needs TensorFlow" in running.run(exercise)
    # An endless loop.
    running.write(exercise, "while True:\n    pass")
    running.run(exercise, ends=False)
    page.wait_for_timeout(300)
    page.get_by_role("button", name={"ko": "멈추기", "en": "Stop"}[language]).click()
    running.quiet()
    running.write(exercise, 'print("alive", len(x))')
    assert running.run(exercise) == "alive 9"
    # Come back: what was written is there; then reset.
    page.reload()
    running.start()
    assert 'print("alive", len(x))' in running.cell(exercise).locator(".cm-content").inner_text()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name={"ko": "처음 상태로", "en": "Reset"}[language]).click()
    running.quiet()
    assert 'check("03-1"' in running.cell(exercise).locator(".cm-content").inner_text()
    assert running.output(exercise) == "03-1: not answered yet"
    assert page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('live ')).length") == 0


def test_from_a_file_without_storage_on_a_phone(chapter, axe):
    """Nothing needs a server, or storage; nothing is wider than a phone."""
    running = chapter("03", file=True, width=360)
    page = running.page
    page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, "
        "{ get() { throw new DOMException('blocked', 'SecurityError'); } })"
    )
    page.reload()
    assert re.search(r"44 of its 55 code cells", page.locator(".live").inner_text())
    running.start()
    running.run("sliding")
    assert running.cell("sliding").locator("img").get_attribute("alt").startswith("At the top")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    running.write("sliding", "print('long ' * 400)\nraise ValueError('very ' * 400)")
    running.run("sliding")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert axe(page) == []


def test_a_prediction_stays_closed_until_the_reader_has_chosen(chapter):
    running = chapter("03").start()
    closed = running.page.locator(".prediction + .cell").first
    name = closed.get_attribute("data-cell")
    running.run(name)
    assert not closed.locator(".cell_output").is_visible()
    assert "Choose an option above" in running.status(name)
    running.page.locator(".prediction button").first.click()
    assert "prediction 3-1: " in running.output(name)


def test_where_the_bytes_do_not_come_the_page_stays(chapter, live):
    running = chapter("03")
    page = running.page
    page.route("**/numpy*.js", lambda route: route.abort())
    running.does_not_start()
    page.unroute("**/numpy*.js")
    running.start()  # what has come is not asked for again


def test_where_a_page_may_start_no_worker_it_stays(chapter):
    running = chapter("03")
    page = running.page
    # So does Chromium where a Content-Security-Policy forbids it: an event later, without a message.
    page.add_init_script(
        "Worker = class { constructor() { setTimeout(() => this.onerror(new Event('error'))); } postMessage() {} }"
    )
    page.reload()
    running.does_not_start()


def test_python_starts_anew_once_and_the_page_is_as_ready_as_before(chapter):
    """Stopped, stopped again meanwhile, ended by itself: with a storage that is full."""
    running = chapter("03")
    page = running.page
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }"
    )
    page.reload()
    running.start()
    first, second = page.locator("[data-cell]:not([data-stored])").evaluate_all(
        "all => all.slice(2, 4).map(e => e.dataset.cell)"
    )
    stop = page.get_by_role("button", name="Stop")
    running.write(first, "while True:\n    pass")
    running.write(second, "print('must not run')")
    running.run(first, ends=False)
    running.run(second, ends=False)  # waits
    page.wait_for_timeout(300)
    stop.click()
    running.run(first, ends=False)  # while Python starts
    stop.click()
    running.says("Stopped. Python starts anew")
    assert "must not run" not in running.output(second) and running.status(second) == ""
    # A stack overflow of WebAssembly, which no Python can catch.
    running.write(
        first,
        "from functools import partial\n\ndef f(a):\n    for b in a:\n        partial(f)(b)\n\na = []\na.append(a)\nf(a)",
    )
    running.run(first)
    running.says("Python ended, and has started anew")
    assert "error" in running.status(first)
    running.write(
        first, "for n in range(3000):\n    print(f'\\r{n:40}', end='', flush=True)\nprint(' done')"
    )
    assert running.run(first).split() == ["2999", "done"]  # neither long nor many lines
    running.write(first, "print('\\x1b[31mred\\x1b[0m <b>&amp;')")
    assert running.run(first) == "red <b>&amp;"
    running.write(first, "from PIL import Image\nImage.new('L', (3, 2))")
    running.run(first)
    assert running.cell(first).locator("img").get_attribute("alt") == "Figure drawn by cell 3"


def test_a_change_counts_in_all_that_follows_from_it(chapter):
    """And what has not run since says so, to the eye and to a screen reader."""
    running = chapter("03").start()
    page = running.page
    running.run("sliding")
    number = page.locator("[data-cell]:not([data-stored])").evaluate_all(
        "all => all.map(e => e.dataset.cell)"
    )
    place = number.index("sliding")
    weights, above = number[2], number[place - 1]
    assert "3 5 1 2" in running.cell("sliding").locator("img").get_attribute("alt")
    running.write(weights, "x = np.arange(9)\nw = np.array([9, 9, 9, 9])")
    running.run(weights)
    assert running.status("sliding") == "From before a change above."
    running.run("sliding")
    assert running.output(above) == "54"  # 9·(0 + 1 + 2 + 3), of the cell between
    assert running.cell("sliding").locator("img").get_attribute("alt").startswith("Figure drawn")
    # Nothing runs twice that has not changed.
    running.write(above, "w = w + 1")
    running.run("sliding")
    running.write("sliding", "int(w[0])")
    assert running.run("sliding") == "10"


def test_a_solution_runs_when_it_is_asked_for_and_shows_it_in_its_fold(chapter):
    running = chapter("03").start()
    page = running.page
    plain = page.locator("[data-cell]:not([data-stored], .tag_hide-cell)")
    running.run(plain.last.get_attribute("data-cell"))
    folded = page.locator(".tag_hide-cell[data-cell]:not([data-stored])")
    assert folded.count() == 3
    before = folded.evaluate_all("all => all.map(e => e.textContent)")
    assert not any(re.search(r"Ran in|Running", text) for text in before)
    name = folded.first.get_attribute("data-cell")
    folded.first.locator("summary").click()
    running.run(name)
    assert folded.first.locator("details .cell_output").count() == 1
    assert folded.first.locator(".cell_output").count() == 1
    # All once more, without the names that this run has left.
    page.get_by_role("button", name="Run all").click()
    running.quiet()
    assert page.locator(".live-status.failed").count() == 0
    page.get_by_role("button", name="Run all").click()
    running.quiet()
    assert page.locator(".live-status.failed").count() == 0


def test_the_book_s_own_code_runs_again_after_a_stop_or_a_reset(chapter):
    """A stop may come while a cell of the book runs: what stands below it needs that cell."""
    running = chapter("03").start()
    page = running.page
    names = page.locator("[data-cell]:not([data-stored])").evaluate_all(
        "all => all.map(e => e.dataset.cell)"
    )
    for button, said in (("Reset the chapter", ""), ("Stop", "Stopped.")):
        running.run(names[3], ends=False)
        page.locator(
            f'[data-cell="{names[1]}"].live-running'
        ).wait_for()  # its imports take seconds
        page.get_by_role("button", name=button).click()
        running.quiet()
        assert running.status(names[1]) == said
    assert running.run(names[3]) == "63"


def test_shift_enter_goes_on_and_stays_in_sight(chapter):
    running = chapter("03").start()
    page = running.page
    names = page.locator("[data-cell]:not([data-stored])").evaluate_all(
        "all => all.map(e => e.dataset.cell)"
    )
    running.cell(names[2]).locator(".cm-content").click()
    for _ in range(8):
        page.keyboard.press("Shift+Enter")
        seen = page.evaluate(
            """() => {
              const { top, bottom } = document.activeElement.getBoundingClientRect();
              const bar = document.querySelector(".live-bar").getBoundingClientRect().top;
              return document.activeElement.matches(".cm-content") && bottom > 0 && top < bar;
            }"""
        )
        assert seen
    running.quiet()
    assert page.evaluate("document.activeElement.closest('[data-cell]').dataset.cell") in names[8:]


def test_without_scripts_there_is_no_button(live, browser, serve):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{serve(live)}/en/03-convolution.html")
    assert not page.locator(".live").is_visible()
    context.close()


def test_every_file_is_said_whose_it_is(live):
    told = (live / "_live/LICENSES.txt").read_text("utf-8")
    for name in ("numpy 2.0.2", "scipy 1.14.1", "matplotlib 3.8.4", "pyodide"):
        assert name in told.lower()
    assert "MIT" in (live / "_live/live-editor.LICENSES.txt").read_text("utf-8")
    size = sum(path.stat().st_size for path in (live / "_live").iterdir())
    assert size < 80e6
