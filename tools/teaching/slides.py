"""Make the slides of a chapter: its headings, key sentences, formulas, figures and predictions.

Usage:  python -m tools.teaching.slides 03 [--language en]     (make slides CH=03; or all)

They come from the chapter's built page, so that formulas, code and figures are the book's own, and
lie in _build/slides: one HTML file that asks nothing of any other file, and a PDF of the same pages.
Chromium, Chrome or Edge measures how much fits on a slide (fit.js) and prints.
"""

import argparse
import base64
import copy
import dataclasses
import html
import json
import mimetypes
import pathlib
import re
import string
import sys
import tempfile
import unicodedata
import urllib.parse

from bs4 import BeautifulSoup, NavigableString

from cnnbook._errors import bad_value
from cnnbook._files import replacing
from tools import browser, build
from tools.editions import EDITIONS
from tools.teaching import add_language, ending, pdf, voting

HERE = pathlib.Path(__file__).resolve().parent
# A key sentence counts by its width, in which a letter of Hangul is two columns: 210 are about 35
# words of English.
OPENING, KEY, FINDING, LIST = 150, 210, 130, 480
SHORT = 50  # a sentence of fewer columns seldom stands alone
LINES = 12  # of code; a cell of more is left out
SENTENCE = re.compile(r"[.?!][\"”’)]*\s+")
CELL = '<div class="block cell">'
KEPT = "# cnnbook."  # begins a cell of which the package keeps a copy
HIDDEN = {"tag_hide-cell", "tag_hide-input", "tag_remove-input"}


@dataclasses.dataclass
class Slide:
    """What belongs on one slide, or on several in a row where it does not fit (fit.js).

    title: HTML. level: of its heading, 0 where the heading stood on a slide before. kind: a class of
    slides.css. blocks: HTML, each of which stays in one piece where it can.
    """

    title: str
    level: int
    kind: str = "flow"
    blocks: list[str] = dataclasses.field(default_factory=list)


# --- sentences ------------------------------------------------------------------------------------


def leaves(element):
    """Return the pieces of text of an element in order; a formula or inline code is one piece."""
    found = []
    for child in element.children:
        if isinstance(child, NavigableString) or child.name in ("mjx-container", "code"):
            found.append(child)
        else:
            found += leaves(child)
    return found


def said(leaf):
    """Return a piece's text as it is read aloud."""
    if leaf.name == "mjx-container":
        leaf = leaf.find("mjx-assistive-mml") or leaf
    return leaf.get_text()


def width(element):
    """Return how many columns an element's text takes; a letter of Hangul takes two."""
    text = "".join(map(said, leaves(element)))
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def sentences(paragraph):
    """Return the sentences of a paragraph as elements of their own, their formulas and bold words kept."""
    lengths, text = [], ""
    for leaf in leaves(paragraph):
        # Whatever stands in a formula or in code, no sentence ends there.
        text += str(leaf) if isinstance(leaf, NavigableString) else "x" * len(said(leaf))
        lengths.append(len(text))
    ends = [found.end() for found in SENTENCE.finditer(text)]
    found = []
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        if text[start:end].strip():
            found.append(between(paragraph, lengths, start, end))
    return found


def between(paragraph, lengths, start, end):
    """Return a copy of a paragraph with the text from start to end alone."""
    cut = copy.copy(paragraph)
    for leaf, begin in zip(leaves(cut), [0, *lengths], strict=False):
        if isinstance(leaf, NavigableString):
            leaf.replace_with(str(leaf)[max(start - begin, 0) : max(end - begin, 0)])
        elif not start <= begin < end:
            leaf.decompose()
    for empty in cut.find_all(["strong", "em", "span"]):
        if not empty.get_text() and not empty.find("mjx-container"):
            empty.decompose()
    return cut


def is_bold(sentence):
    return sentence.find("strong") is not None


def within(said, columns):
    """Return the first sentences that together take no more than some columns."""
    kept = []
    for one in said:
        columns -= width(one)
        if columns < 0:
            break
        kept.append(one)
    return kept


def key(paragraphs):
    """Return the sentences that a part's first slide shows: how it opens, and what it prints bold.

    paragraphs: a list of sentences each.
    """
    every = [one for paragraph in paragraphs for one in paragraph]
    opening = within(every, OPENING) or every[:1]
    bold = [one for one in every[len(opening) :] if is_bold(one)]
    return with_context(paragraphs, [*opening, *within(bold, KEY - sum(map(width, opening)))])


def findings(paragraphs):
    """Return what paragraphs after a part's first print bold."""
    bold = [one for paragraph in paragraphs for one in paragraph if is_bold(one)]
    return with_context(paragraphs, within(bold, FINDING) or bold[:1])


def with_context(paragraphs, chosen):
    """Return chosen sentences, a short one with the one before it (or after), in their order."""
    ids = {id(one) for one in chosen}
    for paragraph in paragraphs:
        for place, one in enumerate(paragraph):
            if id(one) in ids and width(one) < SHORT:
                ids |= {id(near) for near in paragraph[max(place - 1, 0) : max(place, 2)]}
    return [one for paragraph in paragraphs for one in paragraph if id(one) in ids]


def continued(parts):
    """Take what ends a sentence behind a formula out of its paragraph; return {id(formula): [it]}.

    parts: of the prose in order, lists of sentences and other elements.
    """
    found = {}
    for before, formula, after in zip(parts, parts[1:], parts[2:], strict=False):
        if isinstance(before, list) and isinstance(after, list) and not isinstance(formula, list):
            said = before[-1].get_text().rstrip() if before else "."
            if "math" in formula.get("class", []) and not re.search(r"[.?!:][\"”’)]*$", said):
                found[id(formula)] = [after.pop(0)]
    return found


def first(paragraph):
    """Return the sentence that a paragraph begins with, and the next one where it is short."""
    return paragraph[: 2 if width(paragraph[0]) < SHORT else 1]


def last(paragraph):
    """Return the sentence that a paragraph ends with, and the one before where it is short."""
    return paragraph[-2 if width(paragraph[-1]) < SHORT else -1 :]


def name_of(paragraph):
    """Return the bold words that a paragraph begins with, as a figure's caption does."""
    first = next((child for child in paragraph.children if str(child).strip()), None)
    return first.get_text().strip() if getattr(first, "name", None) == "strong" else ""


def unnamed(paragraph):
    """Return a paragraph without the bold words that it begins with, if these are no part of a sentence."""
    rest = copy.copy(paragraph)
    rest.find("strong").decompose()
    text = rest.get_text()
    if not text.startswith(" ") or text.lstrip()[:1].islower():
        return paragraph
    rest.contents[0].replace_with(rest.contents[0].lstrip())
    return rest


# --- from the page to slides ----------------------------------------------------------------------


def article(page):
    """Return what a built page says, without its links and with its pictures in it."""
    found = BeautifulSoup(page.read_text("utf-8"), "html.parser").find("article")
    for link in found.select("a.headerlink"):
        link.decompose()
    for link in found.find_all("a"):
        link.unwrap()  # a slide leads nowhere
    for picture in found.find_all("img"):
        picture["src"] = inlined(page.parent / urllib.parse.unquote(picture["src"]))
        del picture["loading"]
    return found


class Chapter:
    """A chapter's built page, read for its slides."""

    def __init__(self, page, edition):
        self.page, self.edition = page, edition
        self.words, self.labels = edition.words["slides"], edition.words["labels"]
        self.main = article(page).find("section")
        self.title = self.main.h1.get_text()

    def slides(self):
        """Return the chapter's Slides: what all should see, then exercises, then what goes deeper."""
        main, ends, exercises, deeper = [], [], [], []
        for section in self.main.find_all("section", recursive=False):
            title = heading(section).get_text()
            if title == self.labels["exercises"]:
                exercises += self.exercises(section)
            elif title == self.labels["take_away"]:
                ends.append(Slide(title, 2, "list", items(section.find("ul"))))
            else:
                self.section(section, main, deeper)
        return [*self.opening(), *main, *ends, *self.votes(), *exercises, *deeper]

    def opening(self):
        """Return the title's slide and that of what the chapter teaches."""
        blocks, learn = [], []
        for paragraph in self.main.find_all("p", recursive=False):
            name = name_of(paragraph)
            if name == self.labels["learn"]:
                learn = items(paragraph.find_next_sibling("ul"))
            elif name == self.labels["need"]:
                blocks.append(block("need", paragraph))
            elif not blocks and not learn:
                blocks.append(block("text", paragraph))
        return [
            Slide(self.main.h1.decode_contents(), 1, "title", blocks),
            Slide(self.labels["learn"], 2, "list", learn),
        ]

    def section(self, section, main, deeper):
        """Add a section's slides to the main line's, or to the deeper ones', and its sections' too."""
        title = heading(section)
        to = deeper if title.get_text().startswith(self.labels["deeper"]) else main
        level = int(title.name[1])
        stream = Stream(self, title.decode_contents(), level, to, "deeper" if to is deeper else "")
        inside = list(section.children)
        for child in list(inside):
            if child.name == "details" and "deeper" in child.get("class", []):
                place = inside.index(child)
                inside[place : place + 1] = list(child.children)
        for child in inside:
            if child.name == "section":
                stream.close()
                self.section(child, to if to is deeper else main, deeper)
            elif child.name and child is not title:
                stream.add(child)
        stream.close()

    def exercises(self, section):
        """Return a slide an exercise: its question, without stub and solution."""
        found = []
        for part in section.find_all("section", recursive=False):
            title = heading(part)
            kept = []
            for child in part.find_all(True, recursive=False):
                if "cell" in child.get("class", []) or child.name == "details":
                    break
                if child.name in ("p", "ol", "ul", "div", "put-in-order"):
                    kept.append(block("text", child))
            found.append(Slide(title.decode_contents(), 2, "flow exercise", kept))
        return found

    def votes(self):
        """Return two slides for each question that a class votes on: the question, and what to expect.

        Its text is the built page's of all questions, where formulas are typeset.
        """
        page = self.page.with_name("voting.html")
        asked = voting.questions(int(self.page.name[:2]), self.edition)
        if not asked or not page.exists():
            return []
        words, found, whole = self.edition.words["voting"], [], article(page)
        for question in asked:
            name = words["question"].format(question.name)
            part = next(h3.parent for h3 in whole.find_all("h3") if h3.get_text() == name)
            options = part.find("details", recursive=False).find_previous_sibling("ul")
            text = [child for child in options.find_previous_siblings() if heading(part) != child]
            text = [block("text", child) for child in reversed(text) if child.name != "span"]
            found.append(Slide(name, 3, "prediction vote", [*text, block("options", options)]))
            shares = copy.copy(options)
            items = shares.find_all("li")
            for item, letter, share in zip(items, question.letters, question.expected, strict=True):
                item["class"] = ["share", *["came-out"] * (letter == question.right)]
                item["style"] = f"--share: {share}%"
                item.append(BeautifulSoup(f'<span class="percent">{share}%</span>', "html.parser"))
            why = part.find("table").find_all("tr")[1 + question.letters.index(question.right)]
            expected = f'<p class="lead">{html.escape(words["expected"])}</p>'
            blocks = [
                block("options", expected, shares),
                block("text", *why.find_all("td")[-1].contents),
            ]
            title = self.words["answer"].format(name, question.right)
            found.append(Slide(title, 0, "answer vote", blocks))
        return found


class Stream:
    """The slides of one section, in the order of its prose, cells and predictions."""

    def __init__(self, chapter, title, level, to, mark):
        self.chapter, self.title, self.level, self.to, self.mark = chapter, title, level, to, mark
        self.prose, self.blocks, self.asked, self.pictures = [], [], None, []
        self.begun = self.answered = False

    def slide(self, blocks, kind, title=None, level=None):
        if title is None:
            title, level, self.level = self.title, self.level, 0
        self.to.append(Slide(title, level, f"{kind} {self.mark}".strip(), blocks))

    def add(self, child):
        kind = child.get("class", [])
        if "prediction" in kind:
            self.tell()
            self.flush()
            self.ask(child)
        elif "cell" in kind:
            self.cell(child)
        elif child.name == "blockquote":
            self.tell()
            self.flush()
            self.note(child)
        elif child.name == "p" and self.pictures and self.is_caption(child):
            self.show(child)
        elif child.name in ("p", "ol", "ul") or "math" in kind or child.find("table"):
            self.prose.append(child)

    def close(self):
        self.tell()
        self.flush()

    def is_caption(self, paragraph):
        return name_of(paragraph).startswith(self.chapter.labels["figure"])

    def flush(self):
        """End a slide of text and code: what follows has one of its own."""
        if self.blocks:
            self.slide(self.blocks, "flow")
            self.blocks = []

    def tell(self, before_cell=False):
        """Turn the prose since the last cell into blocks; return the sentences that lead to a cell."""
        prose, self.prose = self.prose, []
        parts = [sentences(part) if part.name == "p" else part for part in prose]
        ends = continued(parts)
        parts = [part for part in parts if part != []]
        told = [part for part in parts if isinstance(part, list)]
        lead = last(parts[-1]) if before_cell and parts and parts[-1] in told else []
        kept = findings(told) if self.begun else key(told)
        if self.answered and told:
            kept = [one for one in kept or first(told[0]) if one not in lead]
            self.to[-1].blocks += [block("text", *kept)] if kept else []
            kept = []
        self.answered, self.begun = False, True
        shown = {id(one) for one in kept} - {id(one) for one in lead}
        leading = []
        for place, part in enumerate(parts):
            if part not in told:
                self.blocks.append(
                    block("rich", *map(led, leading), rich(part), *ends.get(id(part), []))
                )
                leading = []
                continue
            leads = place + 1 < len(parts) and parts[place + 1] not in told
            leading = last(part) if leads else []
            skipped = {id(one) for one in leading}
            words = [one for one in part if id(one) in shown - skipped]
            if words and self.blocks and self.blocks[-1].startswith(CELL):  # what it has shown
                self.blocks[-1] = self.blocks[-1].removesuffix("</div>") + block("text", *words)
                self.blocks[-1] += "</div>"
            elif words:
                self.blocks.append(block("text", *words))
        return lead

    def note(self, quote):
        """Show a remark, such as a common misconception, whole."""
        paragraphs = quote.find_all("p")
        name = name_of(paragraphs[0])
        rest = [unnamed(paragraphs[0]) if name else paragraphs[0], *paragraphs[1:]]
        self.slide([block("text", *rest)], "flow remark", name or self.title, 3 if name else 0)

    def ask(self, box):
        question, options = box.find("p"), box.find("ul")
        self.asked = name_of(question), options
        blocks = [block("text", unnamed(question)), block("options", options)]
        self.slide(blocks, "prediction", self.asked[0], 3)

    def cell(self, cell):
        lead = self.tell(before_cell=True)
        if "tag_hide-cell" in cell["class"]:
            return
        outputs = [pre for pre in cell.select(".cell_output pre") if pre.get_text().strip()]
        self.pictures = cell.select(".cell_output img")
        if self.asked:
            self.answer(outputs)
        else:
            # What only defines something is for readers, but for what the package keeps.
            kept = cell.pre.get_text().startswith(KEPT)
            if kept or (outputs and not self.pictures):
                parts = [*map(led, lead), code(cell), *map(output, outputs)]
                self.blocks.append(block("cell", *parts))
        if self.pictures and not self.is_short():
            self.flush()

    def is_short(self):
        """Tell whether what was said since the last slide fits above a picture."""
        soup = BeautifulSoup("".join(self.blocks), "html.parser")
        return not soup.find(["pre", "table", "ol", "ul", "div.math"]) and width(soup) <= FINDING

    def answer(self, outputs):
        """Show what a prediction's cell decided, with the option that came out right."""
        (name, options), self.asked = self.asked, None
        decided = re.compile(rf"^prediction {name.split()[-1]}: (\w)\n?", re.M)
        (letter,) = {found[1] for pre in outputs for found in decided.finditer(pre.get_text())}
        right = next(item for item in options.find_all("li") if name_of(item.p or item) == letter)
        title = self.chapter.words["answer"].format(name, letter)
        blocks = [block("right", *right.contents)]
        for pre in outputs:
            rest = decided.sub("", pre.get_text())
            if rest.strip():
                blocks.append(block("cell", output(pre, rest)))
        self.slide(blocks, "answer", title, 0)
        self.answered = True

    def show(self, caption):
        """Show each picture of the last cell, as large as it gets, above the caption."""
        above, self.blocks = self.blocks, []
        for picture in self.pictures:
            tall = " tall" if int(picture["width"]) < 1.4 * int(picture["height"]) else ""
            below = f"<figcaption>{inner(caption)}</figcaption>"
            self.slide(
                [*above, f'<figure class="block{tall}">{picture}{below}</figure>'], "picture"
            )
            above = []
        self.pictures = []


def heading(section):
    return section.find(["h2", "h3"], recursive=False)


def inner(element):
    return element.decode_contents().strip()


def block(kind, *elements):
    """Return elements as one piece of HTML that stays together where it can."""
    return f'<div class="block {kind}">{"".join(map(str, elements))}</div>'


def items(listed):
    return [block("text", listed)]


def rich(element):
    """Return a formula, a table or a list as a slide shows it: of a long list's items, how they begin."""
    element = copy.copy(element)
    if element.name in ("ol", "ul") and width(element) > LIST:
        for paragraph in element.select("li > p"):
            paragraph.replace_with(sentences(paragraph)[0])
    return element


def led(sentence):
    sentence = copy.copy(sentence)
    sentence["class"] = "lead"
    return str(sentence)


def code(cell):
    """Return a cell's code, a line an element, or nothing where it is long or the book folds it."""
    if HIDDEN & set(cell["class"]):
        return ""
    pre = cell.select_one(".cell_input pre")
    lines = inner(pre).removeprefix("<span></span>").strip("\n").split("\n")
    plain = pre.get_text().strip("\n").split("\n")
    if sum(bool(text.strip()) and not text.startswith(KEPT) for text in plain) > LINES:
        return ""
    shown = []
    for line, text, before in zip(lines, plain, ["", *plain], strict=False):
        # Which module keeps the cell, and the second of two empty lines, are for readers of files.
        if not text.startswith(KEPT) and (text.strip() or before.strip()):
            indent = len(text) - len(text.lstrip()) + 4
            shown.append(f'<span class="line" style="--in: {indent}ch">{line}\n</span>')
    kept = " kept" if plain[0].startswith(KEPT) else ""
    return f'<pre class="code highlight{kept}">{"".join(shown)}</pre>'


def output(pre, text=None):
    lines = (text or pre.get_text()).strip("\n").split("\n")
    rows = "".join(f'<span class="line">{html.escape(line)}\n</span>' for line in lines)
    return f'<pre class="output">{rows}</pre>'


# --- the file -------------------------------------------------------------------------------------


def inlined(path):
    """Return a file as an address that holds it."""
    kind = mimetypes.guess_type(path.name)[0] or "font/woff"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def book_styles(static, used):
    """Return the rules of the book's style sheet for formulas and code, with the fonts in them.

    used: the HTML of the slides; letters of formulas that do not stand in it are left out.
    """
    css = (static / "page.css").read_text("utf-8")
    letters = set(re.findall(r"mjx-c[0-9A-F]+\b", used))
    kept = []
    for rule in re.finditer(r"""([^{}]+)\{((?:[^{}"']|"(?:\\.|[^"])*"|'(?:\\.|[^'])*')*)\}""", css):
        letter = re.search(r"\.(mjx-c[0-9A-F]+)\b", rule[1])
        if "mjx-" in rule[1] and (not letter or letter[1] in letters):
            kept.append(rule[0])
        elif re.search(r'"light"\] \.highlight \.', rule[1]):
            kept.append(rule[0].replace('html[data-theme="light"] ', ""))
    families = set(re.findall(r"MJX\w+(?:-\w+)?", "".join(kept)))
    for face in re.findall(r"@font-face\{[^}]*\}", css):
        if re.search(r"font-family:([\w-]+)", face)[1] in families:
            font = re.search(r'url\("([^"]+)"\)', face)
            kept.append(face.replace(font[1], inlined(static / font[1])))
    return "\n".join(kept)


def drawn(slides, footer):
    """Return the HTML of slides, before anything is fitted."""
    written = []
    for slide in slides:
        tag = f"h{slide.level}" if slide.level else "p"
        written.append(
            f'<section class="slide {slide.kind}">'
            f'<{tag} class="heading">{slide.title}</{tag}>'
            f'<div class="body">{"".join(slide.blocks)}</div>'
            f'<p class="foot">{footer} <span class="number"></span></p></section>'
        )
    return "\n".join(written)


def shell(edition, title, styles, slides, script=""):
    """Return the whole page around slides."""
    words = edition.words["slides"]
    template = string.Template((HERE / "slides.html").read_text("utf-8"))
    return template.substitute(
        language=edition.language,
        title=html.escape(title),
        styles=styles,
        slides=slides,
        script=script,
        words=html.escape(json.dumps(words, ensure_ascii=False)),
    )


def make(chromium, book, name, edition, folder):
    """Write the slides of one chapter, HTML and PDF; return their number.

    book: the folder of the edition's built pages. name: the chapter's, such as 03-convolution. folder:
    where the files go. Neither is left half-written.
    """
    chapter = Chapter(book / f"{name}.html", edition)
    slides = drawn(chapter.slides(), html.escape(chapter.title))
    styles = book_styles(book / "_static", slides) + (HERE / "slides.css").read_text("utf-8")
    with tempfile.TemporaryDirectory() as place:
        page = pathlib.Path(place) / "slides.html"
        page.write_text(shell(edition, chapter.title, styles, slides), "utf-8")
        fitted = fit(chromium, page)
        page.write_text(shell(edition, chapter.title, styles, fitted), "utf-8")
        target = folder / f"{name}{ending(edition)}.html"
        count = pdf.print_page(
            chromium, page, target.with_suffix(".pdf"), outline=True, print_background=True
        )
    script = (HERE / "slides.js").read_text("utf-8")
    with replacing(target) as file:
        file.write(shell(edition, chapter.title, styles, fitted, script).encode())
    return count


def fit(chromium, page):
    """Return the slides of a page with nothing larger than its slide (fit.js), as HTML."""
    tab = chromium.new_page(viewport={"width": 1280, "height": 720})
    try:
        tab.goto(page.resolve().as_uri())
        tab.evaluate("document.fonts.ready.then(() => true)")
        return tab.evaluate((HERE / "fit.js").read_text("utf-8"))
    finally:
        tab.close()


def chapters(edition, asked):
    """Return the names of the chapters that a command asks for. Raises ValueError for an unknown one."""
    names = [path.stem for path in edition.notebooks() if re.match(r"\d\d-", path.stem)]
    if asked == "all":
        return names
    found = [name for name in names if name[:2] == asked.zfill(2) or name == asked]
    if not found:
        known = f"{names[0][:2]}–{names[-1][:2]}"
        raise bad_value("chapter", asked, f"one of {known}, or all", f"{known} 중 하나, 또는 all")
    return found


def main(arguments):
    parser = argparse.ArgumentParser(prog="slides", description=__doc__.partition("\n")[0])
    parser.add_argument("chapter", metavar="CHAPTER", help="its number, such as 03, or all")
    add_language(parser)
    chosen = parser.parse_args(arguments)
    edition = EDITIONS[chosen.language]
    try:
        names = chapters(edition, chosen.chapter)
        with browser.started() as chromium:
            for name in names:
                folder = build.BUILD / "slides"
                count = make(
                    chromium, build.BUILD / "html" / edition.language, name, edition, folder
                )
                path = (folder / f"{name}{ending(edition)}").resolve()
                print(f"{count} slides: {path}.html, .pdf", flush=True)
    except (RuntimeError, ValueError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
