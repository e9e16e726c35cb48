"""What the built pages have beyond the theme: nothing from another host, light, in the reader's language.

A Sphinx extension, loaded by _config.yml. Formulas are typeset while the book is built, one style
sheet holds only what the pages use, search (search.py) knows Korean, what the theme says is taken
from the edition's words.toml, and every page leads to its twin in the other editions, at the same heading.
book/_templates leaves out the theme's own styles and scripts.
"""

import atexit
import gettext
import importlib.util
import pathlib
import re
import shutil
import urllib.parse
from html import escape

import imagesize
from docutils import nodes
from fontTools import subset
from py_mini_racer import JSEvalException, MiniRacer
from pygments.lexers import JavascriptLexer
from pygments.token import String
from sphinx import addnodes
from sphinx.locale import translators
from sphinx.util import logging

from tools.editions import EDITIONS, SOURCE
from tools.pages import search, terms

HERE = pathlib.Path(__file__).resolve().parent
MATHJAX = pathlib.Path(
    importlib.util.find_spec("sphinx-mathjax-offline").origin, "../static/mathjax"
).resolve()
STYLES = (
    "basic.css",
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "styles/sphinx-book-theme.css",
    "mystnb.*.css",
    "book.css",
)
# Ours first: what the theme's may do to each other ends the one script that they are joined to.
SCRIPTS = (
    "book.js",
    "predict.js",
    "documentation_options.js",
    "scripts/pydata-sphinx-theme.js",
    "scripts/sphinx-book-theme.js",
)

# What the theme's scripts have classes for and this book has not.
LACKING = re.compile(
    "dropdown|list-group|version-|announcement|sidenote|marginnote|thebe|hypothesis"
)


class Typesetter:
    """MathJax in V8: TeX in, HTML that needs no script out, with MathML for screen readers."""

    def __init__(self):
        self.v8 = MiniRacer()
        atexit.register(self.v8.close)  # left to the interpreter's end, its thread can hang
        self.v8.eval("var MathJax = {startup: {ready() {}}}, console = {log() {}, warn() {}}")
        parts = "loader core adaptors/liteDOM input/tex-full output/chtml output/chtml/fonts/tex"
        for part in [*parts.split(), "a11y/assistive-mml"]:
            self.v8.eval((MATHJAX / f"{part}.js").read_text(encoding="utf-8"))
        self.v8.eval((HERE / "typeset.js").read_text(encoding="utf-8"))

    def styles(self):
        """Return the rules for formulas, without the names that mend() leaves out."""
        return self.v8.call("styles").replace('[jax="CHTML"]', "").replace(".MJX-TEX", "mjx-math")

    def html(self, tex, display):
        """Return a formula's HTML. Raises JSEvalException for what MathJax cannot read."""
        return self.v8.call("typeset", tex, display)

    def write(self, translator, node, display):
        """Put a formula into the page. What MathJax cannot read is a warning, so it fails -W."""
        try:
            html = self.html(node.astext(), display)
        except JSEvalException as error:
            reason = re.search(r"^Error: (.*)$", str(error), re.M)
            logging.getLogger(__name__).warning(
                "formula: %s", reason[1] if reason else "MathJax fails", location=node
            )
            html = translator.encode(node.astext())
        tag = "div" if display else "span"
        long = " long" if len(node.astext()) > 30 else ""
        translator.body.append(f'<{tag} class="math{long} notranslate">{html}</{tag}>')


def visit_math(display):
    def visit(translator, node):
        translator.builder.app.typesetter.write(translator, node, display)
        raise nodes.SkipNode

    return visit


def edition_of(app):
    return EDITIONS[app.config.language]


class Words(gettext.NullTranslations):
    """The edition's words before the theme's and Sphinx's."""

    def __init__(self, words, fallback):
        super().__init__()
        self.words = words
        self.add_fallback(fallback)

    def gettext(self, message):
        return self.words.get(message) or super().gettext(message)


def translate(app, config):
    words = edition_of(app).words["theme"]
    for catalogue in ("sphinx", "booktheme"):
        known = translators.get(("general", catalogue), gettext.NullTranslations())
        translators["general", catalogue] = Words(words, known)
    app.translator = translators["general", "sphinx"]


def number_chapters(app, doctree):
    """Write a chapter's number, which its file's name has, before its title, wherever that stands.

    A chapter that a row of a table begins with, as on the front page, is numbered there too.
    """
    named = [(doctree.next_node(nodes.title), app.env.docname)]
    for row in doctree.findall(nodes.row):
        named += [(link[0], link["reftarget"]) for link in row[0].findall(addnodes.pending_xref)]
    for title, page in named:
        number = re.match(r"\d\d(?=-)", page)
        if number and not title.astext()[0].isdigit():
            before = edition_of(app).words["page"]["chapter"].format(int(number[0]))
            title.insert(0, nodes.Text(before))


def fold_deeper(app, doctree, docname):
    """Fold what stands below a heading that begins "going deeper". The heading stays, for the contents."""
    words = edition_of(app).words
    for section in doctree.findall(nodes.section):
        title = section[0]
        if app.builder.format == "html" and title.astext().startswith(words["labels"]["deeper"]):
            head = f'<details class="deeper"><summary>{words["page"]["unfold"]}</summary>'
            section.insert(1, nodes.raw("", head, format="html"))
            section.append(nodes.raw("", "</details>", format="html"))


def set_apart_predictions(app, doctree, docname):
    """Put a prediction's question and its options into a box: predict.js looks for it."""
    words = edition_of(app).words
    name = re.compile(rf"{words['labels']['prediction']} \d+-\d+$")
    if app.builder.format != "html":
        return
    data = " ".join(f'data-{key}="{escape(said)}"' for key, said in words["prediction"].items())
    for question in list(doctree.findall(nodes.paragraph)):
        place, options = question.parent, question.next_node(descend=False, siblings=True)
        asked = [strong for strong in question.findall(nodes.strong) if name.match(strong.astext())]
        if asked and isinstance(options, nodes.bullet_list):
            head = f'<div class="prediction" {data}>'
            place.insert(place.index(question), nodes.raw("", head, format="html"))
            place.insert(place.index(options) + 1, nodes.raw("", "</div>", format="html"))


def set_apart_lines(app, doctree, docname):
    """Make the lines of an exercise of lines in disorder a <put-in-order>, which keeps them as text."""
    labels = edition_of(app).words["labels"]
    name = re.compile(rf"{labels['exercise']} (\d+)-(\d+) \({labels['order']}\)$")
    if app.builder.format != "html":
        return
    for section in doctree.findall(nodes.section):
        if found := name.match(section[0].astext()):
            lines = next(section.findall(nodes.literal_block))
            place = lines.parent
            head = f'<put-in-order exercise="{int(found[1]):02d}-{found[2]}">'
            place.insert(place.index(lines), nodes.raw("", head, format="html"))
            place.insert(place.index(lines) + 1, nodes.raw("", "</put-in-order>", format="html"))


# --- between the editions --------------------------------------------------------------------------


def number_headings(app, doctree):
    """Give the n-th heading of a page the address #part-n besides its own: the same in every edition.

    Links in Markdown may use it.
    """
    known = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for number, section in enumerate(doctree.findall(nodes.section)):
        address = f"part-{number}"
        section["ids"].append(address)
        known[address] = (section.line, address, section[0].astext())


def lead_elsewhere(app, doctree):
    """Let a link to a page that this edition lacks lead to the source's page, and say so."""
    edition = edition_of(app)
    for link in list(doctree.findall(addnodes.pending_xref)):
        page, _, heading = link["reftarget"].partition("#")
        path = SOURCE.folder / page
        lacking = path.suffix in (".md", ".ipynb") and path.is_file() and not edition.has(path.stem)
        if not lacking or edition.is_source:
            continue
        address = f"../{SOURCE.language}/{path.stem}.html" + (f"#{heading}" if heading else "")
        there = nodes.reference("", "", *link[0].children, refuri=address, classes=["elsewhere"])
        link.replace_self([there, nodes.Text(f" {edition.words['elsewhere']}")])


def name_twins(app, page, template, context, doctree):
    """Tell the templates where the same page stands in the other editions."""
    context["twins"] = [
        {
            "language": other.language,
            "name": other.name,
            "title": other.words["twin"],
            "address": f"../{other.language}/{page}.html",
        }
        for other in EDITIONS.values()
        if other.language != app.config.language
        and other.has(page)
        and edition_of(app).has(page)
        and page in app.env.found_docs
    ]


def prune(css, used):
    """Keep the rules whose classes and ids are all among the used words."""
    kept, start = [], 0
    while (brace := css.find("{", start)) >= 0:
        prelude = css[start:brace].rpartition(";")[2].strip()
        depth, start = 1, brace + 1
        while depth:
            token = re.compile(r"""[{}]|"(?:\\.|[^"])*"|'(?:\\.|[^'])*'""", re.S).search(css, start)
            depth += {"{": 1, "}": -1}.get(token[0], 0)
            start = token.end()
        body = css[brace + 1 : start - 1]
        if prelude.startswith(("@media", "@supports")):
            body = prune(body, used)
        elif not prelude.startswith("@"):
            selectors = re.split(r",(?![^()]*\))", prelude)
            prelude = ",".join(selector for selector in selectors if names(selector) <= used)
        if prelude and body and "Font Awesome" not in body:
            kept.append(prelude + "{" + body + "}")
    return "\n".join(kept)


def tidy(css, elsewhere):
    """Drop variables and animations that nothing uses, and white space. elsewhere: what else may use one."""
    string = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"""
    css = re.sub(
        rf"({string})|\s*([{{}};,])\s*|(:)\s+|\s+",
        lambda found: found[1] or found[2] or found[3] or " ",
        css,
    )
    declared = rf"(?<=[{{;])(--[\w-]+):((?:[^;{{}}\"']|{string})*)(?:;|(?=\}}))"
    outside = set(re.findall(r"--[\w-]+", elsewhere))
    while True:  # what only a dropped one used goes with it
        used = outside | set(re.findall(r"var\(\s*(--[\w-]+)", css))
        unused = {name for name, _ in re.findall(declared, css)} - used
        if not unused:
            break
        css = re.sub(
            declared, lambda found, unused=unused: found[0] * (found[1] not in unused), css
        )
        css = re.sub(r"(?<=[{}])[^{}@]+\{\}", "", css)
    names_used = set(re.findall(r"[\w-]+", re.sub(r"@keyframes [\w-]+", "", css)))
    animation = r"@keyframes ([\w-]+)\{(?:[^{}]*\{[^{}]*\})*\}"
    return re.sub(animation, lambda found: found[0] if found[1] in names_used else "", css)


def names(selector):
    """Return the classes and ids that an element must have; :not() and :is() demand none."""
    plain = re.sub(r":(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)|\[[^]]*\]", "", selector)
    return {name.replace("\\", "") for name in re.findall(r"[.#]((?:\\.|[\w-])+)", plain)}


def mend(html, page, words):
    """Give pictures their size, load them late from the second on, and finish what is left."""
    for number, tag in enumerate(re.findall(r"<img [^>]*>", html)):
        source = urllib.parse.unquote(re.search(r'src="([^"]+)"', tag)[1])
        if " width=" not in tag and (page.parent / source).exists():
            width, height = imagesize.get(page.parent / source)
            late = ' loading="lazy"' if number else ""
            sized = tag.replace("<img", f'<img width="{width}" height="{height}"{late}', 1)
            html = html.replace(tag, sized)
    # A figure leads to its picture: without a script to the file, with book.js to a larger one.
    if 'class="enlarge"' not in html:
        figure = r'<img [^>]*src="(_images/[^"]+)"[^>]*>'
        html = re.sub(figure, r'<a class="enlarge" href="\1">\g<0></a>', html)
    for said, ours in words.items():
        html = html.replace(said, ours)
    # Until a script says what it is: code has its colours without one.
    html = re.sub(r"<html (?!data-theme)", '<html data-theme="light" ', html)
    html = html.replace(' aria-label="Toggle hidden content"', "")  # hides the summary's own words
    # No line may break between a formula and the particle or the full stop after it.
    formula = r'(?<!"tied">)<span class="math notranslate">(?:(?!<span).)*</mjx-container></span>'
    html = re.sub(rf"({formula}[^\s<]+)", r'<span class="tied">\1</span>', html)
    # Names, operators and punctuation have the colour of plain text: a third of a chapter's bytes is
    # their tags.
    html = re.sub(r'<span class="(?:n|nn|o|p|w)">([^<]*)</span>', r"\1", html)
    # In every formula: a name space that HTML knows by itself, a rule that book.css has once, a word
    # to a browser that is no more, and names of the one kind of formula that there is (see styles).
    for said in (
        ' xmlns="http://www.w3.org/1998/Math/MathML"',
        ' class="MathJax" jax="CHTML"',
        ' class=" MJX-TEX"',
        ' style="position: relative;"',
        ' unselectable="on"',
    ):
        html = html.replace(said, "")
    # sphinx-thebe, which Jupyter Book always loads, leaves its settings in every page.
    thebe = r'<script type="text/x-thebe-config">.*?</script>\s*<script>kernelName.*?</script>'
    return re.sub(thebe, "", html, flags=re.S)


def cut_fonts(folder, css):
    """Write MathJax's fonts with the letters of the book's formulas alone: a third of their bytes."""
    written = re.findall(r'content:\s*"((?:\\[0-9A-Fa-f]+ ?|[^"\\])+)"', css)
    letters = {0x20, 0xA0}
    for text in written:
        letters |= {int(code, 16) for code in re.findall(r"\\([0-9A-Fa-f]+)", text)}
        letters |= {ord(letter) for letter in re.sub(r"\\[0-9A-Fa-f]+ ?", "", text)}
    options = subset.Options(flavor="woff", notdef_outline=True)
    folder.mkdir(exist_ok=True)
    for path in sorted((MATHJAX / "output/chtml/fonts/woff-v2").glob("*.woff")):
        font = subset.load_font(path, options)
        if not letters & set(font.getBestCmap() or {}):
            shutil.copy(path, folder)  # none of a page's
            continue
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=letters)
        subsetter.subset(font)
        subset.save_font(font, folder / path.name, options)


def finish(app, error):
    """Make the one style sheet and the one script, and mend every page."""
    if error or app.builder.format != "html":
        return
    out = pathlib.Path(app.outdir)
    static = out / "_static"
    if not (static / SCRIPTS[-1]).exists():
        return  # nothing was written: then Sphinx copies no files of the theme either
    script = "\n;".join((static / name).read_text("utf-8") for name in SCRIPTS)
    script = re.sub(r"//# source.*|^ *//.*\n|^ +", "", script, flags=re.M)
    (static / "page.js").write_text(script, "utf-8")
    scripts, words, styled = [script, (static / "search.js").read_text("utf-8")], [], []
    for text in scripts:  # a class that a script gives or looks for stands in one of its strings
        words += [part for kind, part in JavascriptLexer().get_tokens(text) if kind in String]
    for page in out.rglob("*.html"):
        html = page.read_text("utf-8")
        mended = mend(html, page, edition_of(app).words["html"])
        words += re.findall(r' (?:class|id)="([^"]*)"', mended)
        styled += re.findall(r' style="([^"]*)"', mended)
        if mended != html:
            page.write_text(mended, "utf-8")
    css = "".join(path.read_text("utf-8") for name in STYLES for path in sorted(static.glob(name)))
    css = re.sub(r"/\*.*?\*/", "", app.typesetter.styles() + css, flags=re.S)
    # The theme lays a page's contents beside it from 1200 pixels on, where they and a line of code
    # (book.css) do not both fit.
    css = css.replace("1200px", "1400px").replace("1199.98px", "1399.98px")
    used = {name for name in re.findall(r"[\w-]+", " ".join(words)) if not LACKING.search(name)}
    css = prune(css, used)
    lab = [
        path.read_text("utf-8") for kind in ("css", "js") for path in static.glob(f"lab/*.{kind}")
    ]
    css = tidy(css, " ".join([*scripts, *lab, *styled]))
    (static / "page.css").write_text(css, "utf-8")
    cut_fonts(static / "mathjax", css)
    for folder in ("scripts", "styles", "vendor"):  # 7 MB that no page asks for any more
        shutil.rmtree(static / folder)


def setup(app):
    search.setup(app)
    terms.setup(app)
    app.typesetter = Typesetter()
    app.add_html_math_renderer("typeset", (visit_math(False), None), (visit_math(True), None))
    app.connect("config-inited", translate)
    app.connect("doctree-read", number_chapters, priority=400)  # before Sphinx notes the titles
    app.connect("doctree-read", number_headings)
    app.connect("doctree-read", lead_elsewhere)
    app.add_config_value("edition_pages", None, "env", (list, type(None)))  # another: read all anew
    app.connect("doctree-resolved", fold_deeper)
    app.connect("doctree-resolved", set_apart_predictions)
    app.connect("doctree-resolved", set_apart_lines)
    app.connect("html-page-context", name_twins)
    app.connect(
        "build-finished", finish, priority=900
    )  # after the theme writes its colours of code
    return {"parallel_read_safe": True}
