"""The glossary: an address for each term, an alphabet that leads to them, and links from the chapters.

tools/pages/extension.py sets this up. The terms stand in the first table of an edition's glossary.md.
A chapter marks a term that an earlier one explains where it first stands in its prose; book.js shows
its meaning there, out of _static/terms.js.
"""

import json
import pathlib
import re
from html import escape

from docutils import nodes

from tools.editions import EDITIONS

# What may follow a Korean word.
PARTICLES = "[은는이가을를의와과도만에로란나인들]|으로|까지|부터|처럼|마다|보다|입니다|이라"
CONSONANTS = "ㄱㄱㄴㄷㄷㄹㅁㅂㅂㅅㅅㅇㅈㅈㅊㅋㅌㅍㅎ"  # a doubled one stands with the single one


def address(term):
    """Return what follows # in the address of a term: 특징-맵 of 특징 맵."""
    return re.sub(r"\W+", "-", term).strip("-").lower()


def initial(term):
    """Return the letter that a reader looks under; # for numbers."""
    first = term[0].upper()
    if "가" <= first <= "힣":
        return CONSONANTS[(ord(first) - ord("가")) // (21 * 28)]
    return first if first.isalpha() else "#"


def lead(app, doctree):
    """Give each row of the glossary its address, and the letters before the table."""
    if app.env.docname != "glossary" or not (table := doctree.next_node(nodes.table)):
        return
    table["classes"].append("terms")
    letters = {}
    for row in table.next_node(nodes.tbody).findall(nodes.row):
        term = row[0].astext()
        row["ids"].append(address(term))
        letters.setdefault(initial(term), address(term))
    links = " ".join(f'<a href="#{escape(to)}">{letter}</a>' for letter, to in letters.items())
    name = escape(EDITIONS[app.config.language].words["page"]["alphabet"])
    alphabet = f'<nav class="alphabet" aria-label="{name}">{links}</nav>'
    table.parent.insert(table.parent.index(table), nodes.raw("", alphabet, format="html"))


def rows(edition):
    """Yield (term, what lies between, chapter's number) of the glossary's rows."""
    path = edition.folder / "glossary.md"
    text = path.read_text("utf-8") if path.exists() else ""
    for term, between, chapter in re.findall(
        r"^\| ([^|]+) \| (.+) \| \[[^|]*\]\((\d\d)-[^|]*\) \|$", text, re.M
    ):
        yield term, between, int(chapter)


def spelled(term):
    """Return the pattern for a term in prose: with a plural's ending, or a particle, and no other."""
    word = r"\s+".join(map(re.escape, re.sub(r" ?\(.*?\)", "", term).split()))
    if re.search("[가-힣]", term):
        return rf"(?<![\w]){word}(?![가-힣])|(?<![\w]){word}(?={PARTICLES})"
    short = re.search(r"\(([A-Z]\w*[A-Z]\w*)\)$", term)  # of stochastic gradient descent (SGD)
    word = f"(?:{word}|{short[1]})" if short else word
    return rf"(?<![\w-]){word}(?:s|es)?(?![\w-])"


def mark(app, doctree, docname):
    """Lead from the first place of each term that an earlier chapter explains to its meaning."""
    number = re.match(r"\d\d(?=-)", docname)
    if app.builder.format != "html" or not number:
        return
    edition = EDITIONS[app.config.language]
    everyday = edition.words["page"]["everyday"].split(", ")
    known = [term for term, _, first in rows(edition) if first < int(number[0])]
    known = sorted(set(known) - set(everyday), key=len, reverse=True)
    if not known:
        return
    ways = "|".join(f"(?P<t{n}>{spelled(term)})" for n, term in enumerate(known))
    pattern, seen = re.compile(ways, 0 if edition.is_source else re.I), set()
    for text in list(doctree.findall(lambda node: isinstance(node, nodes.Text) and plain(node))):
        parts, end = [], 0
        for found in pattern.finditer(text.astext()):
            term = known[int(found.lastgroup[1:])]
            if term in seen:
                continue
            seen.add(term)
            link = f'<a href="glossary.html#{address(term)}">{escape(found[0])}</a>'
            before = text.astext()[end : found.start()]
            parts += [nodes.Text(before), nodes.raw("", link, format="html")]
            end = found.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text.astext()[end:])])


def plain(text):
    """Whether a text is of a sentence: no heading, table, caption, link or emphasis."""
    paragraph = text.parent
    return (
        isinstance(paragraph, nodes.paragraph)
        and isinstance(paragraph.parent, (nodes.section, nodes.list_item, nodes.block_quote))
        and not isinstance(paragraph[0], nodes.strong)
    )


def write(app, error):
    """Write the meanings for the pages, which fetch them when the first is asked for."""
    if error or app.builder.format != "html":
        return
    said = {
        address(term): [term, *(part.strip() for part in between.split("|"))]
        for term, between, _ in rows(EDITIONS[app.config.language])
    }
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    (pathlib.Path(app.outdir) / "_static/terms.js").write_text(f"bookTerms={text}", "utf-8")


def setup(app):
    app.connect("doctree-read", lead)
    app.connect("doctree-resolved", mark)
    app.connect("build-finished", write)
