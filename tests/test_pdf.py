"""tools/teaching/pdf.py: the pages of the book joined in order, and printed."""

import contextlib
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request

import pytest
from bs4 import BeautifulSoup

from tools import build
from tools.editions import EDITIONS, SOURCE, pages
from tools.teaching import pdf

HEAD = "<!doctype html><html><title>{0} — 작은 책</title><nav id='id1'></nav><article class='a'>"
PAGES = {
    "index": "<section id='id1'><h1>책<a class='headerlink' href='#id1'>#</a></h1><p>"
    "<a href='03-one.html'>첫 장</a> <a href='03-one.html#id2'>절</a> "
    "<a href='https://example.org/x.html'>밖</a> <a href='../data/README.md'>파일</a></p></section>",
    "03-one": "<section id='id1'><h1>3장. 하나</h1><p id='id2'>글 <a href='#id1'>위</a> "
    "<a href='glossary.html#%ED%91%9C'>표</a></p><img src='_images/a%20b.png' loading='lazy'>"
    "<details><summary>풀이</summary><h2>접힌 곳</h2></details></section>",
    "glossary": "<section id='표'><h1>말</h1><a href='index.html'>처음</a></section>",
}
# As the theme has it: a page's own title is printed elsewhere on it.
STYLES = (
    "@media print { .bd-main .bd-content .bd-article h1:first-of-type { display: none } }"
    ".headerlink { display: none }"
)


@pytest.fixture
def book(root, tmp_path):
    folder = tmp_path / "책 (1)"
    for name in ("_static", "_images"):
        (folder / name).mkdir(parents=True)
    (folder / "_static/page.css").write_text(STYLES)
    (folder / "_images/a b.png").write_bytes((root / ".github/page.png").read_bytes())
    for name, article in PAGES.items():
        text = HEAD.format(name) + article + "</article></html>"
        text = text.replace("class='a'", "class='bd-article'")
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


def test_the_order_is_the_book_s(root):
    every = re.findall(r"(?:file|root): (\S+)", (root / "_toc.yml").read_text("utf-8"))
    assert pages(build.contents(SOURCE)) == every
    for edition in EDITIONS.values():
        assert pages(build.contents(edition)) == list(filter(edition.has, every))


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=lambda edition: edition.language)
def test_joined(book, edition):
    page = BeautifulSoup(pdf.joined(book, list(PAGES), edition), "html.parser")
    assert page.html["lang"] == edition.language
    assert page.title.string == "작은 책"
    assert [article["id"] for article in page.find_all("article")] == list(PAGES)
    assert [h1.get_text() for h1 in page.find_all("h1")] == ["책#", "3장. 하나", "말"]
    ids = [element["id"] for element in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    links = [link.get("href") for link in page.find_all("a")]
    assert links == [
        *("#index:id1", "#03-one", "#03-one:id2", "https://example.org/x.html", None),
        *("#03-one:id1", "#glossary:표", "#index"),
    ]
    assert {link[1:] for link in links if link and link[0] == "#"} <= set(ids)
    (picture,) = page.find_all("img")
    path = urllib.request.url2pathname(urllib.parse.urlsplit(picture["src"]).path)
    assert os.path.samefile(path, book / "_images/a b.png") and not picture.get("loading")
    assert page.details.has_attr("open")


def outline(content):
    """Return the titles of a PDF file's outline, and its own first."""
    titles = re.findall(rb"/Title (?:<FEFF([0-9A-F]*)>|\(([^()]*)\))", content)
    return [bytes.fromhex(a.decode()).decode("utf-16-be") or b.decode() for a, b in titles]


def test_printed(book, browser, tmp_path):
    page, target = tmp_path / "page.html", tmp_path / "새 폴더" / "book.pdf"
    page.write_text(pdf.joined(book, list(PAGES), SOURCE), encoding="utf-8")
    assert pdf.print_page(browser, page, target, outline=True) == 3  # a page a chapter
    content = target.read_bytes()
    assert content.startswith(b"%PDF-") and b"/Subtype /Image" in content
    assert set(outline(content)) == {"작은 책", "책", "3장. 하나", "접힌 곳", "말"}
    assert content.count(b"https://example.org") == 1 and b"file:" not in content
    assert [path.name for path in target.parent.iterdir()] == ["book.pdf"]


def test_a_doubled_title_is_written_once():
    def title(text):
        return b"/Title <FEFF" + text.encode("utf-16-be").hex().upper().encode() + b">"

    content = b" ".join([title("연습연습"), title("연습"), b"/Title (IoUIoU)\nxref"])
    once = pdf.once(content)
    assert len(once) == len(content)
    assert outline(once) == ["연습", "연습", "IoU"]


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=lambda edition: edition.language)
def test_the_command(edition, tmp_path, monkeypatch):
    """Every edition is printed from its own pages into a file of its own."""
    got = []

    def joined(folder, names, one):
        got.extend([folder, names, one])
        return ""

    def print_page(chromium, page, target, **options):
        got.append(target.name)
        target.touch()
        return 1

    monkeypatch.setattr(build, "BUILD", tmp_path)
    monkeypatch.setattr(pdf.browser, "started", contextlib.nullcontext)
    monkeypatch.setattr(pdf, "joined", joined)
    monkeypatch.setattr(pdf, "print_page", print_page)
    pdf.main([] if edition.is_source else ["--language", edition.language])
    name = "cnnbook.pdf" if edition.is_source else f"cnnbook-{edition.language}.pdf"
    names = pages(build.contents(edition))
    assert got == [tmp_path / "html" / edition.language, names, edition, name]


def test_no_browser(root, tmp_path):
    code = "from tools import browser\nwith browser.started(): pass"
    environment = {**os.environ, "CNNBOOK_BROWSER": str(tmp_path / "none"), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    last = done.stderr.splitlines()[-2:]
    assert done.returncode == 1 and "No browser was found" in last[0]
    assert "CNNBOOK_BROWSER" in last[1] and "찾지 못했습니다" in last[1]
