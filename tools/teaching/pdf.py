"""Print the built book into one PDF file.

Usage:  python -m tools.teaching.pdf [DEST] [--language en]                (make pdf)

The articles of an edition's pages are joined in the order of _toc.yml and printed by Chromium, Chrome
or Edge: page numbers run through, links from page to page stay inside the file, folded parts are
open, and the headings make the file's outline. Korean needs a Korean font on this machine, such as
Noto Sans CJK (Windows and macOS have one; on Debian and Ubuntu: apt install fonts-noto-cjk).
"""

import argparse
import pathlib
import re
import sys
import tempfile
import urllib.parse

from bs4 import BeautifulSoup

from cnnbook._files import replacing
from tools import browser, build
from tools.editions import EDITIONS, pages
from tools.teaching import add_language, ending

PAGE = """\
<!doctype html>
<html lang="{language}" data-theme="light">
<meta charset="utf-8">
<title>{title}</title>
<link rel="stylesheet" href="{styles}">
<style>
.bd-main .bd-content .bd-article-container {{ display: block; }}
.bd-main .bd-content .bd-article-container .chapter {{ break-before: page; padding: 0; }}
.bd-main .bd-content .bd-article-container .chapter:first-child {{ break-before: auto; }}
.bd-main .bd-content .bd-article-container h1:first-of-type {{ display: block; }}
.bd-main .bd-content .chapter :not(:defined) {{ min-height: 0; }}
</style>
<main class="bd-main"><div class="bd-content"><div class="bd-article-container">
{articles}
</div></div></main>
</html>
"""
FOOTER = """<div style="width: 100%; text-align: center; font: 8pt sans-serif; color: #555">
<span class="pageNumber"></span></div>"""


def print_page(chromium, page, target, **options):
    """Print an HTML file into a PDF file, whole or not at all; return its number of pages."""
    tab = chromium.new_page()
    try:
        tab.goto(pathlib.Path(page).resolve().as_uri())
        tab.evaluate("document.fonts.ready.then(() => true)")
        content = once(tab.pdf(prefer_css_page_size=True, tagged=True, **options))
    finally:
        tab.close()
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as file:
        file.write(content)
    return len(re.findall(rb"/Type\s*/Page\b", content))


def write(pages):
    """Write {path: HTML}, and print each file into a PDF file beside it, or say why not.

    Ends the program where a page cannot be written.
    """
    try:
        for path, text in pages.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                file.write(text.encode())
    except OSError as error:
        sys.exit(str(error))
    print("\n".join(str(path.resolve()) for path in pages))
    try:
        with browser.started() as chromium:
            for path in pages:
                print_page(chromium, path, path.with_suffix(".pdf"))
        print("and the same as .pdf")
    except RuntimeError as error:
        print(f"No PDF was made: open the pages in a browser and print them.\n{error}")


def once(content):
    """Return a PDF file without doubled titles in its outline.

    Chromium writes a heading's text twice where the heading has moved to the next page to stay with
    its paragraph. Blanks fill the gap, because a PDF file counts its own bytes.
    """

    def halved(found):
        half = len(found[2]) // 2
        if found[2][:half] != found[2][half:]:
            return found[0]
        return found[1] + found[2][:half] + found[3] + b" " * half

    # Letters beyond ASCII are UTF-16 in hexadecimal, four digits each.
    unicode = rb"(/Title <FEFF)((?:[0-9A-F]{8})+)(>)"
    return re.sub(rb"(/Title \()([^()\\]+)(\))", halved, re.sub(unicode, halved, content))


def joined(book, names, edition):
    """Return one HTML page that holds the articles of several built pages of an edition, in order.

    Anchors are renamed so that none stands twice, links between the pages point to them, and
    pictures are named by where they lie.
    """
    articles = []
    for name in names:
        page = book / f"{name}.html"
        whole = BeautifulSoup(page.read_text("utf-8"), "html.parser")
        article = whole.find("article")
        for element in article.find_all(id=True):
            element["id"] = f"{name}:{element['id']}"
        for link in article.find_all("a", href=True):
            address = urllib.parse.urlsplit(link["href"])
            if address.scheme or address.netloc:
                continue
            to = urllib.parse.unquote(address.path).removesuffix(".html") or name
            if to in names:
                fragment = urllib.parse.unquote(address.fragment)
                link["href"] = f"#{to}:{fragment}" if fragment else f"#{to}"
            else:  # a file that the reader of a PDF does not have
                del link["href"]
        for picture in article.find_all(src=True):
            picture["src"] = urllib.parse.urljoin(page.resolve().as_uri(), picture["src"])
            del picture["loading"]
        for folded in article.find_all("details"):
            folded["open"] = ""
        article["id"] = name
        article["class"] = [*article["class"], "chapter"]
        articles.append(str(article))
    return PAGE.format(
        language=edition.language,
        title=whole.title.string.rpartition(" — ")[2],
        styles=(book / "_static" / "page.css").resolve().as_uri(),
        articles="\n".join(articles),
    )


def main(arguments):
    parser = argparse.ArgumentParser(prog="pdf", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "dest", nargs="?", metavar="DEST", help="a file, default: _build/cnnbook.pdf"
    )
    add_language(parser)
    chosen = parser.parse_args(arguments)
    edition = EDITIONS[chosen.language]
    usual = build.BUILD / f"cnnbook{ending(edition)}.pdf"
    dest = pathlib.Path(chosen.dest).expanduser() if chosen.dest else usual
    names = pages(build.contents(edition))
    try:
        with browser.started() as chromium, tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "book.html"
            print("Printing the book (some minutes) …", flush=True)
            text = joined(build.BUILD / "html" / edition.language, names, edition)
            page.write_text(text, encoding="utf-8")
            count = print_page(
                chromium,
                page,
                dest.resolve(),
                format="A4",
                margin={"top": "16mm", "bottom": "18mm", "left": "17mm", "right": "17mm"},
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=FOOTER,
                outline=True,
            )
    except (RuntimeError, OSError) as error:
        sys.exit(str(error))
    print(f"{count} pages, {dest.stat().st_size / 1e6:.1f} MB: {dest.resolve()}")


if __name__ == "__main__":
    main(sys.argv[1:])
