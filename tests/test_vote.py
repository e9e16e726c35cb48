"""tools/teaching/vote.py: the questions on the projector, one a screen, and on cards."""

import re

import pytest
from bs4 import BeautifulSoup

from tools.editions import EDITIONS
from tools.teaching import vote, voting

BODY, SCRIPTS = "", ()  # of the page that `opened` shows where no other is named


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=lambda one: one.language)
def test_every_chapter_s_page(edition):
    for chapter in voting.chapters(edition):
        text = vote.page(chapter, edition)
        assert not re.search(r"https?://(?!www\.w3\.org)|\bsrc=|<link", text)  # of no other file
        page = BeautifulSoup(text, "html.parser")
        cards, questions = page.find_all("section"), voting.questions(chapter, edition)
        assert len(cards) == len(questions)
        for card, question in zip(cards, questions, strict=True):
            options = card.select("ol > li")[-len(question.options) :]
            right = ["right" in option.get("class", []) for option in options]
            assert right == [letter == question.right for letter in question.letters]
            assert card.details.b.get_text() == question.right and "open" not in card.details.attrs
            assert not re.search(r"\$|\*\*|```", card.get_text())


@pytest.mark.parametrize("way", ["keys", "buttons"])
def test_on_the_projector(opened, tmp_path, way):
    path = tmp_path / "vote.html"
    path.write_text(vote.page(10, EDITIONS["en"]), encoding="utf-8")
    page = opened(path.as_uri(), width=1280, height=720)
    back, answer, on = page.locator("nav button").all()

    def press(key, button):
        page.keyboard.press(key) if way == "keys" else button.click()

    def seen():
        return [number for number, card in enumerate(page.locator("section").all(), 1)
                if card.is_visible()]  # fmt: skip

    assert seen() == [1] and back.is_disabled()
    press("PageDown", on)
    assert seen() == [2]
    why = page.locator("section.now details p")
    assert not why.is_visible()
    press("Enter", answer)
    assert why.is_visible() and page.locator("section.now .right").inner_text() == "6/10"
    assert page.locator("section.now").bounding_box()["height"] < 720
    press("Enter", answer)
    assert not why.is_visible()
    press("ArrowLeft", back)
    assert seen() == [1]
    page.keyboard.press("PageUp")  # there is none before
    assert seen() == [1]
    page.emulate_media(media="print")
    assert seen() == [1, 2, 3] and not page.locator("nav").is_visible()
    assert not any(fold.is_visible() for fold in page.locator("details").all())


def test_without_scripts_all_can_be_read(browser, tmp_path):
    path = tmp_path / "vote.html"
    path.write_text(vote.page(4, EDITIONS["ko"]), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(path.as_uri())
    assert all(card.is_visible() for card in page.locator("section").all())
    page.locator("summary").nth(1).click()
    assert page.locator("details p").nth(1).is_visible()
    context.close()


def test_every_card_fits_on_its_half_of_a_page(opened, tmp_path):
    path = tmp_path / "vote.html"
    page = opened(width=703, height=1000)  # A4 without its margins
    page.emulate_media(media="print")
    for edition in EDITIONS.values():
        for chapter in voting.chapters(edition):
            path.write_text(vote.page(chapter, edition), encoding="utf-8")
            page.goto(path.as_uri())
            heights = "[...document.querySelectorAll('section')].map(it => [it.scrollHeight, it.clientHeight])"
            for needed, there in page.evaluate(heights):
                assert needed <= there, (edition.language, chapter)


def test_the_command(tmp_path, monkeypatch, capsys):
    made = {}
    monkeypatch.setattr(vote.pdf, "write", made.update)
    vote.main(["3", "--dest", str(tmp_path), "--language", "en"])
    assert made == {tmp_path / "vote-03-en.html": vote.page(3, EDITIONS["en"])}
    with pytest.raises(SystemExit):
        vote.main(["99", "--dest", str(tmp_path)])
    assert "no questions for chapter 99" in capsys.readouterr().err
