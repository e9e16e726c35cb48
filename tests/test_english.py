"""One English word per concept: in the prose, in the tables of terms, and in the glossary.

tests/test_glossary.py asks the same of the Korean, whose words hold together in another way.
"""

import re
import tomllib

import pytest
from test_glossary import ROOT, cells, pattern, python_sentences, table
from test_glossary import glossary as korean_glossary

from tools.editions import EDITIONS

ENGLISH = EDITIONS["en"]
GLOSSARY = ENGLISH.folder / "glossary.md"
HEADER = ("Term", "Meaning", "Chapter")
OTHERS_HEADER = ("Not used here", "This book's word")
FORBIDDEN = tomllib.loads((ENGLISH.folder / "other_words.toml").read_text("utf-8"))["avoid"]
VARIANTS = [
    (variant.replace("_", " "), word) for word, row in FORBIDDEN.items() for variant in row.split()
]


# --- reading ----------------------------------------------------------------------------------


def prose():
    """Yield (file, text) of all that a reader can meet in English."""
    for path in ENGLISH.notebooks():
        for cell in cells(path, "markdown"):
            yield path, cell.source
        for cell in cells(path, "code"):
            yield path, cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    for path in [*sorted(ENGLISH.folder.glob("*.md")), ROOT / "README.md"]:
        text = path.read_text("utf-8")
        yield path, without_others(text) if path == GLOSSARY else text
    for path in [*sorted((ROOT / "cnnbook/check").glob("*.py")), ROOT / "cnnbook/__main__.py"]:
        for text in python_sentences(path):
            yield path, text
    words = [ENGLISH.folder / "words.toml", *sorted((ENGLISH.folder / "_templates").iterdir())]
    for path in [*words, *sorted((ROOT / "book/_assets/lab").glob("*.en.js"))]:
        text = path.read_text("utf-8")
        yield path, " | ".join(re.findall(r'"([^"]+)"', text)) if path.suffix == ".js" else text


def without_others(text):
    """Return the glossary without its table of words that the book does not use."""
    return pattern(*OTHERS_HEADER).sub("", text)


def plain(text):
    """Return the text without code, formulas, addresses, titles of works and marks of emphasis."""
    text = re.sub(r"^```.*?^```", " ", text, flags=re.M | re.S)
    text = re.sub(r"`+[^`\n]+`+|\$\$.*?\$\$|\$[^$\n]+\$", " ", text, flags=re.S)
    text = re.sub(r"\]\([^)\s]+\)|https?://\S+", "]", text)
    text = re.sub(r"(?<![*\w])\*(?![*\s])[^*\n]+\*(?![*\w])", " ", text)
    return re.sub(r"\*\*|</?\w+>", "", text)


def wrong_words(texts):
    """List where another text's word stands for ours, in (place, text) pairs."""
    problems = []
    for place, text in texts:
        text = plain(text)
        for variant, word in VARIANTS:
            letters = r"\s+".join(map(re.escape, variant.split()))
            for found in re.finditer(rf"(?<![\w-]){letters}(?:e?s)?(?![\w-])", text, re.I):
                around = " ".join(text[max(0, found.start() - 30) : found.end() + 30].split())
                problems.append(f"{place}: {variant} → {word}: … {around} …")
    return problems


def filler(texts):
    """List dashes between clauses, exclamation marks and empty words, in (place, text) pairs."""
    empty = "utilize leverage crucial comprehensive delve seamless"
    phrases = r"note that|let's (?:look|take a look)|as we can see|in order to|it is worth noting"
    pattern = rf"—|[a-z)]!|\b(?:{phrases}|(?:{empty.replace(' ', '|')})\w*)\b"
    return [
        f"{place}: {found[0]}: … {text[max(0, found.start() - 30) : found.end() + 30]} …"
        for place, text in ((place, plain(text)) for place, text in texts)
        for found in re.finditer(pattern, text, re.I)
    ]


# --- one word per concept ---------------------------------------------------------------------


def test_the_prose_uses_our_words():
    assert wrong_words((path.relative_to(ROOT), text) for path, text in prose()) == []


def test_the_book_s_prose_has_no_filler():
    assert (
        filler((path.name, text) for path, text in prose() if ENGLISH.folder in path.parents) == []
    )


def test_filler_is_found():
    for text in ("A dash — here.", "Look!", "Note that it is", "In order to see", "It leverages"):
        assert len(filler([("here", text)])) == 1, text
    assert filler([("here", "[it](a.md)! `a!` a well-noted $n!$ ![alt](b.png)")]) == []


def test_every_kind_of_prose_is_read():
    everything = {}
    for path, text in prose():
        name = path.relative_to(ROOT).as_posix()
        everything[name] = everything.get(name, "") + text
    for name, words in (
        ("book/en/03-convolution.ipynb", "**Flip** $w$"),
        ("book/en/03-convolution.ipynb", "in a slanting band are bright"),  # an alt text
        ("book/en/glossary.md", "| window |"),
        ("README.md", "worked by hand"),
        ("cnnbook/check/ch03.py", "kernel"),
        ("cnnbook/__main__.py", "Name another one"),
        ("book/en/words.toml", "Answer key"),
        ("book/en/_templates/classroom.html", "Run the notebooks"),
        ("book/_assets/lab/text.en.js", "Draw"),
    ):
        assert words in everything[name], (name, words)


@pytest.mark.parametrize(("variant", "word"), VARIANTS, ids=lambda name: name)
def test_a_wrong_word_is_found(variant, word):
    for text in (variant, variant.capitalize(), f"**{variant}**", variant.replace(" ", "\n")):
        for sentence in (text, f"This {text} is new.", f"({text})"):
            assert wrong_words([("here", sentence)]), sentence
    assert wrong_words([("here", f"`{variant}` and *{variant}*")]) == []
    assert wrong_words([("here", word)]) == []


def test_innocent_sentences_pass():
    text = """The edge of the circle; edges in the image. `Dense` layers. A program, a center, a grayscale.
    *Very Deep ConvNets*, 1989. The data set apart. [it](back_propagation.md) Cross the correlation."""
    assert wrong_words([("here", text)]) == []
    assert len(wrong_words([("here", "Feature-maps, colours and [dense layers](a.md).")])) == 3


# --- the glossary -------------------------------------------------------------------------------


def bare(term):
    """Return a term without what stands in parentheses: its short form, or a word to leave out."""
    return re.sub(r" ?\([^)]*\)", "", term)


def glossary():
    return table(GLOSSARY.read_text("utf-8"), *HEADER)


def chapter_terms(path):
    """Return the terms of a chapter's take-away table."""
    rows = [
        row for cell in cells(path, "markdown") for row in table(cell.source, "Term", "Meaning")
    ]
    return [term for words, _ in rows for term in words.split(", ")]


def test_every_term_of_the_chapters_is_in_the_glossary():
    known = {bare(term) for term, _, _ in glossary()}
    terms = [(path.stem, term) for path in ENGLISH.notebooks() for term in chapter_terms(path)]
    assert [(name, term) for name, term in terms if bare(term) not in known] == []
    assert ("03-convolution", "feature map") in terms


def test_the_glossary_has_the_rows_of_the_korean_one():
    """The same terms, each led to the same chapter; in alphabetical order."""
    rows = {bare(term): link for term, _, link in glossary()}
    assert len(rows) == len(glossary()) == len(korean_glossary())
    for korean, english, _, link in korean_glossary():
        number, name = re.fullmatch(r"\[(\d+)장\]\((.+)\)", link).groups()
        term = korean if korean in rows else bare(english)  # Grad-CAM in both
        assert rows[term] == f"[Chapter {number}]({name})", english
    terms = [term.casefold() for term, _, _ in glossary()]
    assert terms == sorted(terms)


def test_the_glossary_s_meanings_are_sentences():
    for term, meaning, _ in glossary():
        assert re.match(r"[A-Z0-9]", meaning) and meaning.endswith("."), term


def test_the_glossary_s_list_of_other_words_is_this_test_s():
    text = GLOSSARY.read_text("utf-8")
    rows = table(text, *OTHERS_HEADER)
    assert len(rows) >= 15
    pairs = {(variant.casefold(), word) for variant, word in VARIANTS}
    for others, word in rows:
        for other in others.split(", "):
            assert (other.casefold(), word) in pairs, (other, word)
    assert "dense layer" in text and "dense layer" not in without_others(text)
