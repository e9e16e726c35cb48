"""Search: the text of an edition's pages in one file, which search.js reads through for a query.

There is no index: Sphinx's knows no Korean, nor how often a word stands where, and has to fetch every
page it shows. The whole text is as light as three chapters, is fetched only by the search page, and
has what an excerpt needs, from a server or as a file. tools/pages/extension.py sets this up.
"""

import json
import pathlib
import re
import tomllib
import unicodedata

from docutils import nodes
from sphinx.search import IndexBuilder

from tools.editions import EDITIONS, SOURCE

SCRIPT = pathlib.Path(__file__).with_name("search.js")
SYMBOLS = {
    "times": "×", "cdot": "·", "approx": "≈", "le": "≤", "ge": "≥", "ne": "≠", "to": "→", "pm": "±",
    "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "sum": "∑", "sqrt": "√", "dots": "…",
    "partial": "∂", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε",
    "eta": "η", "lambda": "λ", "mu": "μ", "rho": "ρ", "sigma": "σ", "max": "max", "min": "min",
    "log": "log", "ln": "ln", "exp": "exp", "left": "", "right": "", "top": "ᵀ",
}  # fmt: skip
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def formula(tex):
    """Return a formula as it is said in a line of plain text; … for one that needs more room."""
    tex = tex.replace("{,}", ",").replace(r"\,", " ").replace(r"\ ", " ")
    tex = re.sub(r"\\(?:text|mathrm)\{([^{}]*)\}", r"\1", tex)
    tex = re.sub(r"\\([A-Za-z]+)", lambda found: SYMBOLS.get(found[1], found[0]), tex)
    tex = re.sub(
        r"\^(?:\{(-?\d+)\}|(\d)|(?=ᵀ))", lambda f: (f[1] or f[2] or "").translate(RAISED), tex
    )
    return "…" if re.search(r"[\\{}^&]", tex) else tex


def said(node):
    """Return what a paragraph or a title says, formulas in plain text."""
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.math):
        return formula(node.astext())
    if isinstance(node, (nodes.raw, nodes.image, nodes.Invisible)):
        return ""
    return "".join(map(said, node.children))


def lines(node):
    """Yield the paragraphs below a node, and the rows of its tables; what other sections say is theirs."""
    for child in node.children:
        if isinstance(child, nodes.paragraph):
            yield said(child)
        elif isinstance(child, nodes.row):
            yield "\t" + " · ".join(said(entry).strip() for entry in child)  # the tab tells rows
        elif not isinstance(child, (nodes.section, nodes.title, nodes.thead, nodes.literal_block)):
            yield from lines(child)


def names(text):
    """Return the names that stand in code, each once."""
    return set(re.findall(r"[^\W\d]\w{2,}", text))


def page(name, doctree, labels, whole=True):
    """Return [name, sections, names in code alone]; a section is [heading, text, in the exercises?].

    whole: else only what stands before the page's second heading.
    """
    sections, exercises = [], set()
    for section in doctree.findall(nodes.section):  # number n has the address #part-n
        heading = said(section[0])
        if heading == labels["exercises"] or section.parent in exercises:
            exercises.add(section)
        text = "\n".join(
            re.sub(r"(?<!^)\s+", " ", line).rstrip()
            for line in lines(section)
            if not line.startswith(labels["need"])  # links to other chapters
        )
        sections.append([heading, text, int(section in exercises)])
    code = [
        block.astext()
        for block in doctree.findall(nodes.literal_block)
        if block.parent.get("nb_element") != "cell_code_output"
    ]
    known = names(" ".join(part for section in sections for part in section[:2]))
    found = [name, sections, " ".join(sorted(names("\n".join(code)) - known))]
    return found if whole else [name, sections[:1], ""]


def other_words(edition):
    """Yield (word, [what else it is called]) of the edition's table, where it has one."""
    path = edition.folder / "other_words.toml"
    tables = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    for table in tables.values():
        for word, others in table.items():
            yield word, [other.replace("_", " ") for other in others.split()]


def glossary():
    """Yield (word, [what else it is called], the page that explains it) for the rows of the glossary."""
    path = SOURCE.folder / "glossary.md"
    text = path.read_text("utf-8") if path.exists() else ""
    for word, english, stem in re.findall(
        r"^\| (.+?) \| (.+?) \|.*\[.*\]\((.+)\.ipynb\) \|$", text, re.M
    ):
        # "fully connected (dense) layer" is said with the word in parentheses or with the one before.
        bare = re.sub(r" ?\(.*?\)", "", english)
        other = re.findall(r"\((.*?)\)(.*)", english)
        yield word, [bare, *("".join(parts).strip() for parts in other)], stem


def groups(edition):
    """Return [[page or "", name, name, …], …]: names of one thing, in every language, and its page."""
    rows = [[stem, word, *others] for word, others, stem in glossary()]
    found = {name.lower(): row for row in rows for name in row[1:]}
    for source in {SOURCE.language: SOURCE, edition.language: edition}.values():
        for word, others in other_words(source):
            found.setdefault(word.lower(), ["", word]).extend(others)
    return list({id(row): row for row in found.values()}.values())


def write(app, error):
    """Write the text and the script that reads it, for the search page alone."""
    if error or app.builder.format != "html":
        return
    edition = EDITIONS[app.config.language]
    out = pathlib.Path(app.outdir)
    labels, told = edition.words["labels"], app.env.metadata
    book = {
        "pages": [
            page(name, app.env.get_doctree(name), labels, "nosearch" not in told[name])
            for name in sorted(app.env.found_docs)
        ],
        "groups": groups(edition),
        "words": edition.words["search"],
        "whole": "" if edition.pages is None else f"../{SOURCE.language}/search.html",
    }
    text = json.dumps(book, ensure_ascii=False, separators=(",", ":"))
    text = unicodedata.normalize("NFC", text)
    (out / "_static/search-text.js").write_text(f"const book = {text};\n", "utf-8")
    stemmer = IndexBuilder(app.env, edition.search, {}, "").get_js_stemmer_code()
    for name in ("searchtools.js", "language_data.js"):  # Sphinx's own
        (out / "_static" / name).unlink(missing_ok=True)
    (out / "_static/search.js").write_text(stemmer + SCRIPT.read_text("utf-8"), "utf-8")


def setup(app):
    app.connect("builder-inited", lambda app: setattr(app.builder, "search", False))
    app.connect("html-collect-pages", lambda app: [("search", {}, "search.html")])
    app.connect("build-finished", write, priority=800)  # before the style sheet is made
