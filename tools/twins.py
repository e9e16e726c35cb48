"""Write the twins of the source's notebooks, and keep account of what each text renders.

Usage:  python -m tools.twins 03 [04 …]                (python -m cnnbook twin 03)
        python -m tools.twins translated 03 [CELL …]   (python -m cnnbook translated 03)

en/03 stands for the twin in one language alone.

A twin has the order, the ids, the code and the outputs of its source, byte for byte; prose and alt
texts are its own, found by cell id. Each of them carries "renders": a digest of the source's text that
it says. When the source's text changes, the digest no longer fits: the cell is stale, and the tests say
so until `translated` has shown both texts and accepted the twin's. A cell that is new comes with the
source's words, to be written over. Markdown pages carry one digest, in a comment on their last line.
"""

import copy
import fractions
import hashlib
import re
import sys
import tomllib
from collections import Counter

import nbformat

from cnnbook._files import replacing
from tools import ROOT, run
from tools.editions import EDITIONS, SOURCE

TWINS = [edition for edition in EDITIONS.values() if not edition.is_source]
RENDERS = re.compile(r"\s*<!-- renders ([0-9a-f]+) -->\s*")  # wherever an editor has left it


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def alt_of(cell):
    """Return the alt text of a cell's figure, or None."""
    return cell.metadata.get("mystnb", {}).get("image", {}).get("alt")


def text_of(cell):
    """Return what of a cell is translated: its prose, or its figure's alt text, or None."""
    return alt_of(cell) if cell.cell_type == "code" else cell.source


def put(cell, text):
    if cell.cell_type == "code":
        cell.metadata["mystnb"]["image"]["alt"] = text
    else:
        cell.source = text


def rebuilt(source, twin=None):
    """Return the twin as it should be: the source, with the prose and alt texts of the twin's cells."""
    known = {cell.get("id"): cell for cell in twin.cells} if twin else {}
    made = copy.deepcopy(source)
    for cell in made.cells:
        mine = known.get(cell.id)
        if text_of(cell) is None or mine is None or mine.cell_type != cell.cell_type:
            continue
        if text_of(mine) is not None:
            put(cell, text_of(mine))
        if "renders" in mine.metadata:
            cell.metadata["renders"] = mine.metadata["renders"]
    return run.tidy(made)


def homeless(source, twin):
    """Yield the twin's cells with a text for which its source has no cell: joined, split or pasted."""
    places = {(cell.id, cell.cell_type) for cell in source.cells if text_of(cell) is not None}
    for mine in twin.cells:
        if text_of(mine) and (mine.get("id"), mine.cell_type) not in places:
            yield mine


def stale(source, twin):
    """Yield (the source's cell, the twin's) where the twin does not say what the source says now."""
    for cell, mine in zip(source.cells, twin.cells, strict=True):
        text = text_of(cell)
        if text is not None and mine.metadata.get("renders") != digest(text):
            yield cell, mine


# --- what both texts must share ------------------------------------------------------------------


def facts(text, labels):
    """Return what a text and its translation share: numbers, formulas, code, links, emphasis, shapes.

    Comments in blocks of code are prose.
    """
    blocks = re.findall(r"^ *```.*?^ *```", text, re.M | re.S)
    found = {"blocks of code": [re.sub(r" +# .*", "", block) for block in blocks]}
    text = re.sub(r"^ *```.*?^ *```", " ", text, flags=re.M | re.S)
    headers = rf"{re.escape(labels['terms'])}|\|[^|\n]*\| English \|.*"
    text = re.sub(rf"^(?:{headers})$(\n\|.*)+", terms, text, flags=re.M)
    marked = re.sub(r"`[^`\n]+`|\$[^$\n]+\$", "x", text)
    found["emphasis"] = ["**"] * len(re.findall(r"\*\*\S(?:[^*\n]*\S)?\*\*", marked))
    formulas = re.findall(r"\$\$.*?\$\$|\$[^$\n]+\$", text, re.S)
    found["formulas"] = sorted(re.sub(r"\\text\{[^}]*\}", "", formula) for formula in formulas)
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", " ", text, flags=re.S)
    found["code"] = sorted(re.findall(r"`[^`\n]+`", text))
    text = re.sub(r"`[^`\n]+`", " ", text)
    found["links"] = sorted(re.findall(r"\]\(([^)]+)\)", text))
    text = re.sub(r"\]\(([^)]+)\)", "]", text)
    found["tags"] = re.findall(r"</?[a-z][^>]*>", text)
    found["headings"] = [len(marks) for marks in re.findall(r"^(#+) ", text, re.M)]
    found["tables"] = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    found["lists"] = re.findall(r"^( *(?:[-*+]|\d+\.) )", text, re.M)
    found["quotes"] = re.findall(r"^>", text, re.M)
    found["numbers"] = sorted(numbers(text))
    return found


# What a numeral is followed by where a language counts in words, and how many it stands for.
COUNTS = {"조": 10**12, "억": 10**8, "만": 10**4, "천": 1000, "백": 100}
COUNTS |= {" trillion": 10**12, " billion": 10**9, " million": 10**6, " thousand": 1000}
COUNTED = re.compile(
    rf"((?:(?<![\d.])\d[\d.]*(?:(?:{'|'.join(COUNTS)})(?![각큼]))+ ?)+)(\d+(?![\d.]))?"
)
MONTHS = "January February March April May June July August September October November December"
DATED = re.compile(rf"\b({MONTHS.replace(' ', '|')})(?= \d)")


def numbers(text):
    """Return the numbers of a text as they are counted: 52만 9,984 and 529,984, 6천만 and 60 million.

    Both dashes are ranges; a comma before three digits groups them; a month before a number is one; a
    minus that subtracts nothing belongs to its number.
    """

    def value(found):
        whole, below = int(found[2] or 0), 0  # below: the hundreds and thousands of the next 만
        for number, counts in re.findall(r"(\d[\d.]*)(\D+)", found[1]):
            one = fractions.Fraction(number)
            for count in re.findall("|".join(COUNTS), counts):
                if COUNTS[count] < 10**4:
                    one *= COUNTS[count]
                else:
                    whole, below, one = whole + (below + one) * COUNTS[count], 0, 0
            below += one
        whole += below
        return f"{float(whole):.12g} " if whole % 1 else f"{int(whole)} "

    text = re.sub(r"\d", lambda digit: str(int(digit[0])), text)  # also wide ones
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = DATED.sub(lambda found: str(MONTHS.split().index(found[1]) + 1), text)
    text = COUNTED.sub(value, re.sub("[~–]", "\n", text))
    found = re.findall(r"(?:(?<![\w)\]])[-−])?\d(?:[\d.]*\d)?", text)
    return [number.replace("−", "-") for number in found]


def terms(table):
    """Return a table of terms without its second column of three or more: the English word."""
    lines = [
        re.sub(r"^(\|[^|]*)\|[^|]*(\|[^|]*\|.*)$", r"\1\2", line) for line in table[0].split("\n")
    ]
    return "\n".join(lines)


def exceptions(edition):
    """Return {page or "chapter/cell": {kind of fact: why the edition has others than its source}}."""
    path = edition.folder / "exceptions.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


def differences(source_text, text, edition, place=None):
    """Return sentences on what a translation has more or less than its source.

    place: its page, or "chapter/cell", where the edition declares exceptions.
    """
    wanted = facts(source_text, SOURCE.words["labels"])
    got = facts(text, edition.words["labels"])
    if got["numbers"] != wanted["numbers"]:  # 3만 is 30,000, and "only 3"
        only = facts(re.sub(r"(?<=\d)만", " ", source_text), SOURCE.words["labels"])["numbers"]
        wanted["numbers"] = only if only == got["numbers"] else wanted["numbers"]
    excepted = exceptions(edition).get(place, {})
    said = []
    for kind in [kind for kind in wanted if kind not in excepted]:
        theirs, mine = wanted[kind], got[kind]
        missing = list((Counter(theirs) - Counter(mine)).elements())
        more = list((Counter(mine) - Counter(theirs)).elements())
        if missing or more:
            said.append(f"{kind}: only the source has {missing}, only the twin {more}")
        elif mine != theirs:
            said.append(f"{kind}: the source has {theirs}, the twin {mine}")
    return said


# --- the commands --------------------------------------------------------------------------------


def read(path):
    return nbformat.v4.reads(path.read_text("utf-8")) if path.is_file() else None


def named(name):
    """Return (editions, page) that a name stands for: 03 is in all languages, en/03 in one."""
    language, _, page = name.rpartition("/")
    return [edition for edition in TWINS if language in ("", edition.language)], page


def is_markdown(page):
    return (SOURCE.folder / f"{page}.md").is_file()


def pairs(name):
    """Yield (edition, path of the source's notebook, path of its twin) for a chapter number, or "all"."""
    editions, page = named(name)
    for path in run.find(page):
        for edition in editions:
            if path.parent == SOURCE.folder and edition.has(path.stem):
                yield edition, path, edition.folder / path.name


def brought_up_to_date(edition, path, twin_path):
    """Return the source's notebook and its twin as it should be; print texts that have no place in it."""
    source, twin = read(path), read(twin_path)
    for mine in homeless(source, twin) if twin else ():
        print(f"===== {edition.language}: left out, the source has no cell {mine.get('id')}")
        print(text_of(mine))
    return source, rebuilt(source, twin)


def write(names):
    """Bring the twins of notebooks up to date, and say what in them is stale."""
    if pages := [name for name in names if is_markdown(named(name)[1])]:
        sys.exit(f"Pages in Markdown are written by hand, then accepted: translated {pages[0]}")
    for edition, path, twin_path in [pair for name in names for pair in pairs(name)]:
        source, made = brought_up_to_date(edition, path, twin_path)
        run.write(made, twin_path)  # also where only the file's form has changed
        waiting = [cell.id for cell, _ in stale(source, made)]
        print(f"{edition.language}/{path.name}: {len(waiting)} stale", flush=True)
        if waiting:
            number = path.name[:2] if path.name[:2].isdecimal() else path.stem
            print(f"  {', '.join(waiting)}\n  python -m cnnbook translated {number} shows them")


def translated(name, cells):
    """Show each stale cell beside its source and accept the twin's text; a wrong one is not accepted.

    name: a chapter number, or the stem of a notebook or a Markdown page. cells: ids; none for all.
    """
    editions, page = named(name)
    if is_markdown(page):
        found = [accept_page(edition, page) for edition in editions if edition.has(page)]
    else:
        found = [accept(*pair, cells) for pair in pairs(name)]
    if not found:
        sys.exit(f"{name}: no edition lists such a page in book/editions.toml.")
    return all(found)


def accept(edition, path, twin_path, cells):
    """Accept the stale texts of a notebook's twin; return whether none was refused."""
    if not twin_path.is_file():
        sys.exit(f"{edition.language}/{path.name} is not there: python -m cnnbook twin writes it.")
    source, made = brought_up_to_date(edition, path, twin_path)
    if unknown := set(cells) - {cell.id for cell in source.cells}:
        sys.exit(f"{path.name} has no cell {', '.join(sorted(unknown))}.")
    accepted = refused = 0
    for cell, mine in stale(source, made):
        if cells and cell.id not in cells:
            continue
        print(f"===== {cell.id}\n{text_of(cell)}\n----- {edition.language}\n{text_of(mine)}")
        place = f"{path.stem}/{cell.id}"
        problems = differences(text_of(cell), text_of(mine), edition, place)
        if text_of(mine) == text_of(cell) and re.search(r"[^\W\d_]", text_of(cell)):
            problems = ["it is the source's text"]
        for problem in problems:
            print(f"!!!!! not accepted: {problem}")
        if problems:
            refused += 1
        else:
            accepted += 1
            mine.metadata["renders"] = digest(text_of(cell))
    run.write(run.tidy(made), twin_path)
    print(f"{edition.language}/{path.name}: {accepted} accepted, {refused} not")
    return refused == 0


def accept_page(edition, name):
    """Accept a Markdown page's text as a translation of the source's."""
    path, twin_path = SOURCE.folder / f"{name}.md", edition.folder / f"{name}.md"
    if not twin_path.is_file():
        sys.exit(f"{edition.language}/{twin_path.name} is not there: write it, then accept it.")
    text, twin = path.read_text("utf-8"), page_text(twin_path)
    if page_renders(twin_path) == digest(text):
        return True
    print(f"===== {path.name}\n{text}\n----- {edition.language}\n{twin}")
    for problem in (problems := differences(text, twin, edition, name)):
        print(f"!!!!! not accepted: {problem}")
    if not problems:
        with replacing(twin_path) as file:
            file.write(rendering(twin, text).encode())
    return not problems


def rendering(text, source_text):
    """Return a Markdown page's text with the line that says what it renders."""
    return f"{text}\n<!-- renders {digest(source_text)} -->\n"


def write_page(name, text_of):
    """Write the Markdown page that a program makes for every edition that lists it.

    text_of: of an edition, returns the page's whole text.
    """
    for edition in EDITIONS.values():
        if edition.has(name):
            path = edition.folder / f"{name}.md"
            with replacing(path) as file:
                file.write(text_of(edition).encode())
            print(f"written: {path.relative_to(ROOT)}")


def page_text(path):
    """Return a Markdown page's text, without the line that says what it renders."""
    return RENDERS.sub("\n\n", path.read_text("utf-8")).strip() + "\n"


def page_renders(path):
    """Return the digest of the source's text that a Markdown page says it renders, or None."""
    found = RENDERS.search(path.read_text("utf-8"))
    return found[1] if found else None


def main(arguments):
    if not arguments or arguments == ["translated"]:
        sys.exit(__doc__)
    if arguments[0] == "translated":
        sys.exit(not translated(arguments[1], arguments[2:]))
    write(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
