"""The editions of the book: a language is a table in book/editions.toml and a folder beside it.

One edition is the source: its notebooks are written and run. The others are twins of it
(tools/twins.py). What an edition says outside its pages (titles, labels, the theme's words) stands in
its words.toml, page templates in its _templates; no language stands in the tools or in code cells.
"""

import dataclasses
import functools
import pathlib
import string
import tomllib

from cnnbook._errors import bad_value
from tools import ROOT

BOOK = ROOT / "book"


@dataclasses.dataclass(frozen=True)
class Edition:
    """One language of the book.

    folder: where its pages lie; it is named by the language's code. name: as its readers call it. search: Sphinx's language
    for endings of words. pages: the stems of its pages, None where it has all of them. is_source: it is run.
    """

    folder: pathlib.Path
    name: str
    search: str
    is_source: bool
    pages: tuple[str, ...] | None = None

    @property
    def language(self):
        return self.folder.name

    @functools.cached_property
    def words(self):
        """Return the edition's words, a table of tables."""
        return tomllib.loads((self.folder / "words.toml").read_text("utf-8"))

    def notebooks(self):
        """Return the paths of its notebooks, in the order of their names."""
        return sorted(self.folder.glob("[!.]*.ipynb"))

    def has(self, page):
        """Tell whether the edition has a page of this stem."""
        return self.pages is None or page in self.pages

    def template(self, name, **values):
        """Return one of the edition's page templates with its $names replaced."""
        text = (self.folder / "_templates" / name).read_text("utf-8")
        return string.Template(text).substitute(values)


def read(book=BOOK):
    """Return {language: Edition} of a book's folder, the source first.

    Raises ValueError for a source that has no row, and for a row with other keys.
    """
    rows = tomllib.loads((book / "editions.toml").read_text("utf-8"))
    source = rows.pop("source", None)
    if source not in rows:
        known = ", ".join(rows)
        raise bad_value("editions.toml: source", source, f"one of {known}", f"{known} 중 하나")
    found = {}
    for language in sorted(rows, key=lambda language: language != source):
        if {"name", "search"} != set(rows[language]) - {"pages"}:
            keys = ", ".join(rows[language])
            raise bad_value(
                f"editions.toml: [{language}]",
                keys,
                "name, search, and pages where not all are there",
                "name, search, 일부 쪽만 있으면 pages도",
            )
        row = {
            key: tuple(value) if key == "pages" else value for key, value in rows[language].items()
        }
        found[language] = Edition(book / language, is_source=language == source, **row)
    return found


EDITIONS = read()
SOURCE = next(iter(EDITIONS.values()))


def pages(contents):
    """Return the stems of a table of contents (`_toc.yml`, read), in its order."""
    parts = contents.get("parts", [])
    return [contents["root"], *(page["file"] for part in parts for page in part["chapters"])]
