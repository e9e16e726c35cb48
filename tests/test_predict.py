"""Predictions on the page: closed until the reader has chosen, and never lost to who cannot choose."""

import pytest

CHAPTER = "03-convolution.html"
OUTPUT = ".prediction + .cell .cell_output"


@pytest.fixture
def chapter(browser, serve, whole):
    """Return a function that opens the chapter in a context of its own; a page's complaint fails."""
    base, contexts, said = serve(whole), [], []

    def open_page(language="ko", before="", **options):
        contexts.append(browser.new_context(viewport={"width": 1000, "height": 900}, **options))
        contexts[-1].add_init_script(before)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{base}/{language}/{CHAPTER}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def shown(page):
    return [output.is_visible() for output in page.locator(OUTPUT).all()]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_choosing_opens_the_output(chapter, language):
    page = chapter(language)
    questions = page.locator(".prediction")
    assert questions.count() >= 4
    assert shown(page) == [False] * questions.count()
    first = questions.first
    answer = page.locator(OUTPUT).first.text_content().strip()[-1]
    wrong, right = (
        first.get_by_role("button").all()[0],
        first.locator(f"button:has-text('{answer}')"),
    )
    assert answer != "a"
    wrong.focus()
    page.keyboard.press("Enter")
    assert shown(page)[:2] == [True, False]
    assert answer in first.get_by_role("status").text_content()
    assert wrong.get_attribute("aria-pressed") == "true"
    assert "came-out" in right.first.get_attribute("class")
    assert all(button.is_disabled() for button in first.get_by_role("button").all())
    # Back on the page, what was answered is open; the next question's output may be asked for.
    page.reload()
    assert shown(page)[:2] == [True, False]
    assert wrong.get_attribute("aria-pressed") == "true"
    page.locator(".reveal").first.click()
    assert shown(page)[:2] == [True, True]
    assert questions.nth(1).get_by_role("status").text_content() == ""
    assert page.evaluate("document.activeElement.className").startswith("cell_output")


def test_a_right_choice(chapter):
    page = chapter("en")
    for question, output in zip(
        page.locator(".prediction").all(), page.locator(OUTPUT).all(), strict=True
    ):
        name, answer = output.text_content().rpartition("prediction ")[2].split()[:2]
        assert question.text_content().startswith(f"Prediction {name.rstrip(':')}")
        question.locator("button").nth("abcd".index(answer)).click()
        assert question.get_by_role("status").text_content().startswith("Right")
    assert all(shown(page)) and page.locator(".reveal").count() == 0


def test_storage_that_is_blocked(chapter):
    page = chapter(
        before="""Object.defineProperty(window, "localStorage",
                  {get() { throw new DOMException("blocked", "SecurityError"); }})"""
    )
    page.locator(".prediction button").first.click()
    assert shown(page)[:2] == [True, False]


def test_paper_and_no_scripts(chapter):
    page = chapter()
    page.emulate_media(media="print")
    assert all(shown(page)) and not page.locator(".reveal").first.is_visible()
    plain = chapter(java_script_enabled=False)
    assert all(shown(plain)) and plain.locator(".prediction button").count() == 0


def test_accessible(chapter, axe):
    page = chapter()
    page.locator(".prediction button").first.click()
    assert axe(page) == []
