"""The glossary's page: an address for each term, and an alphabet that leads to them.

tools/pages/extension.py sets this up. The terms stand in the first table of an edition's glossary.md.
"""

import re
from html import escape

from docutils import nodes

from tools.editions import EDITIONS

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


def setup(app):
    app.connect("doctree-read", lead)
