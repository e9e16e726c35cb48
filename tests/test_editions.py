"""tools/editions.py, tools/twins.py: a language is a folder and a row, and a twin says what its source says."""

import dataclasses
import json
import re
import shutil
import types

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import editions, run, twins
from tools.build import contents
from tools.editions import EDITIONS, SOURCE

PAIRS = [
    (edition, SOURCE.folder / path.name) for edition in twins.TWINS for path in SOURCE.notebooks()
]
PAIRS = [(edition, path) for edition, path in PAIRS if edition.has(path.stem)]
PAGES = [
    (edition, path) for edition in twins.TWINS for path in sorted(SOURCE.folder.glob("[!.]*.md"))
]
PAGES = [(edition, path) for edition, path in PAGES if edition.has(path.stem)]


def named(value):
    return value.language if isinstance(value, editions.Edition) else value.stem


every_twin = pytest.mark.parametrize(("edition", "path"), PAIRS, ids=named)
every_page = pytest.mark.parametrize(("edition", "path"), PAGES, ids=named)


def read(path):
    return nbformat.v4.reads(path.read_text("utf-8"))


# --- What is committed ---


def keys(table, before=()):
    for key, value in table.items():
        yield from keys(value, (*before, key)) if isinstance(value, dict) else [(*before, key)]


@pytest.mark.parametrize("edition", twins.TWINS, ids=named)
def test_every_edition_has_the_same_words_and_templates(edition):
    assert set(keys(edition.words)) ^ set(keys(SOURCE.words)) == set()
    holes, theirs = (
        # In any order, as the language wants it.
        {
            key: sorted(re.findall(r"\{\w*\}|\$\w+|%\(\w+\)s", str(value)))
            for key, value in flat(table)
        }
        for table in (edition.words, SOURCE.words)
    )
    assert holes == theirs
    assert sorted(path.name for path in (edition.folder / "_templates").glob("*")) == sorted(
        path.name for path in (SOURCE.folder / "_templates").glob("*")
    )
    text = editions.BOOK / f"_assets/lab/text.{edition.language}.js"
    assert text.read_text("utf-8").startswith(f'cnnlab.addText("{edition.language}", ')


def flat(table, before=()):
    for key, value in table.items():
        yield from (
            flat(value, (*before, key)) if isinstance(value, dict) else [((*before, key), value)]
        )


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=named)
def test_every_edition_has_the_pages_that_it_says(edition):
    table = yaml.safe_load((editions.ROOT / "_toc.yml").read_text("utf-8"))
    listed = editions.pages(table)
    assert set(edition.pages or listed) <= set(listed)
    there = [path.stem for kind in ("ipynb", "md") for path in edition.folder.glob(f"[!.]*.{kind}")]
    assert sorted(there) == sorted(edition.pages or listed)
    assert sorted(editions.pages(contents(edition))) == sorted(there)
    captions = {part["caption"] for part in table["parts"]}
    assert captions == set(edition.words["captions"])


@every_twin
def test_a_twin_is_what_is_made_of_its_source(edition, path):
    """Its code, outputs, ids and order byte for byte; every text there, and none of it stale."""
    twin_path = edition.folder / path.name
    source, twin = read(path), read(twin_path)
    made = twins.rebuilt(source, twin)
    assert f"{nbformat.writes(made)}\n".encode() == twin_path.read_bytes(), (
        f"python -m cnnbook twin {path.name[:2]} writes it anew"
    )
    waiting = [cell.id for cell, _ in twins.stale(source, twin)]
    assert waiting == [], f"python -m cnnbook translated {path.name[:2]} shows these"


@every_twin
def test_a_twin_s_texts_have_their_source_s_numbers_links_and_shapes(edition, path):
    for cell, mine in zip(read(path).cells, read(edition.folder / path.name).cells, strict=True):
        text = twins.text_of(cell)
        assert (text is None) == (twins.text_of(mine) is None)
        if text is not None:
            place = f"{path.stem}/{cell.id}"
            assert twins.differences(text, twins.text_of(mine), edition, place) == [], cell.id


@every_twin
def test_no_text_of_a_twin_is_in_the_source_s_language(edition, path):
    assert SOURCE.language == "ko"  # another source: other letters
    for cell in read(edition.folder / path.name).cells:
        assert not re.search("[가-힣]", twins.text_of(cell) or ""), cell.id


@every_twin
def test_a_twin_is_run_only_where_it_is_named(pytestconfig, root, monkeypatch, edition, path):
    monkeypatch.chdir(root)
    hooks = pytestconfig.pluginmanager.get_plugin(str(root / "conftest.py"))
    twin = edition.folder / path.name
    named = f"book/{edition.language}"
    for arguments, passed_over in (
        ([str(root)], True),
        (["book", f"book/{SOURCE.language}"], True),
        (["tests", named], None),
        ([f"{named}/{path.name}::Cell 3"], None),
        ([str(twin)], None),
    ):
        config = types.SimpleNamespace(args=arguments)
        assert hooks.pytest_ignore_collect(twin, config) is passed_over, arguments
        assert hooks.pytest_ignore_collect(path, config) is None


@every_page
def test_a_page_renders_its_source_as_it_is_now(edition, path):
    twin_path = edition.folder / path.name
    text = path.read_text("utf-8")
    assert twins.page_renders(twin_path) == twins.digest(text), (
        f"python -m cnnbook translated {path.stem} shows both"
    )
    assert twins.differences(text, twins.page_text(twin_path), edition, path.stem) == []
    assert not re.search("[가-힣]", twins.page_text(twin_path))


def text_at(edition, place):
    """Return the text of a page, or of "chapter/cell", in an edition."""
    page, _, cell_id = place.partition("/")
    if not cell_id:
        return twins.page_text(edition.folder / f"{page}.md")
    cells = read(edition.folder / f"{page}.ipynb").cells
    return next(twins.text_of(cell) for cell in cells if cell.id == cell_id)


@pytest.mark.parametrize("edition", twins.TWINS, ids=named)
def test_every_exception_is_needed(edition):
    """exceptions.toml has no row for a fact in which the two texts agree."""
    for place, kinds in twins.exceptions(edition).items():
        said = twins.differences(text_at(SOURCE, place), text_at(edition, place), edition)
        assert set(kinds) <= {line.partition(":")[0] for line in said}, place
        assert all(isinstance(reason, str) and len(reason) > 20 for reason in kinds.values()), place


def test_a_row_whose_source_is_no_edition(tmp_path):
    (tmp_path / "editions.toml").write_text('source = "fr"\n[ko]\nname = "한국어"\nsearch = "ko"\n')
    with pytest.raises(ValueError, match="(?s)source: got fr, wanted one of ko.*필요한 값"):
        editions.read(tmp_path)


@pytest.mark.parametrize("row", ['name = "한국어"', 'name = "한국어"\nsearch = "ko"\npage = []'])
def test_a_row_with_other_keys(tmp_path, row):
    text = f'source = "ko"\n[ko]\n{row}\n'
    (tmp_path / "editions.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"(?s)editions.toml: \[ko\]: got name.*필요한 값"):
        editions.read(tmp_path)


# --- How a twin is written and kept ---


TABLE = """source = "ko"
[ko]
name = "한국어"
search = "ko"
[en]
name = "English"
search = "en"
pages = ["index", "03-convolution"]
"""


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one small chapter and a page in two languages, the second of which has no file yet."""
    for language in ("ko", "en"):
        (tmp_path / language).mkdir()
        shutil.copy(EDITIONS[language].folder / "words.toml", tmp_path / language)
    (tmp_path / "editions.toml").write_text(TABLE, encoding="utf-8")
    found = editions.read(tmp_path)
    monkeypatch.setattr(twins, "SOURCE", found["ko"])
    monkeypatch.setattr(twins, "TWINS", [found["en"]])
    monkeypatch.setattr(run, "BOOK", tmp_path)
    drawn = new_output("display_data", {"image/png": "AA==", "text/plain": "<Figure>"})
    image = {"mystnb": {"image": {"alt": "점 3개"}}}
    cells = [
        new_markdown_cell(
            "# 창\n\n창을 $n = 3$칸 밉니다: `slide`, [둘](04-padding-stride.ipynb).", id="title"
        ),
        new_code_cell("slide()", id="code", outputs=[], execution_count=1),
        new_code_cell("draw()", id="figure", metadata=image, outputs=[drawn], execution_count=2),
        new_markdown_cell("**그림 3-1.** 점.", id="caption"),
    ]
    run.write(run.tidy(new_notebook(cells=cells)), tmp_path / "ko/03-convolution.ipynb")
    (tmp_path / "ko/index.md").write_text("# 책\n\n수 9개.\n", encoding="utf-8")
    return tmp_path


ENGLISH = {
    "title": "# Windows\n\nSlide the window by $n = 3$ cells: `slide`, [two](04-padding-stride.ipynb).",
    "figure": "3 dots",
    "caption": "**Figure 3-1.** Dots.",
}


def change(path, **texts):
    """Edit a notebook as a translator does in Jupyter."""
    notebook = read(path)
    for cell in notebook.cells:
        if cell.id in texts:
            twins.put(cell, texts[cell.id])
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def stale(book, language="en"):
    source, twin = (read(book / folder / "03-convolution.ipynb") for folder in ("ko", language))
    return [cell.id for cell, _ in twins.stale(source, twin)]


@pytest.fixture
def translated(book):
    twins.main(["03"])
    change(book / "en/03-convolution.ipynb", **ENGLISH)
    with pytest.raises(SystemExit) as stop:
        twins.main(["translated", "03"])
    assert not stop.value.code
    return book


def test_a_new_twin_waits_for_every_text(book, capsys):
    twins.main(["03"])
    assert stale(book) == ["title", "figure", "caption"]
    said = capsys.readouterr().out
    assert "en/03-convolution.ipynb: 3 stale" in said and "title, figure, caption" in said
    twin, source = (read(book / name / "03-convolution.ipynb") for name in ("en", "ko"))
    assert twin == source  # with the source's words, to be written over


def test_the_source_s_words_are_no_translation(book, capsys):
    twins.main(["03"])
    with pytest.raises(SystemExit) as stop:
        twins.main(["translated", "03"])
    assert stop.value.code and "not accepted: it is the source's text" in capsys.readouterr().out
    assert stale(book) == ["title", "figure", "caption"]


def test_a_translation_is_accepted_and_kept(translated, capsys):
    path = translated / "en/03-convolution.ipynb"
    assert stale(translated) == []
    before = path.read_bytes()
    twins.main(["03"])
    assert path.read_bytes() == before
    texts = {cell.id: twins.text_of(cell) for cell in read(path).cells}
    assert texts == {**ENGLISH, "code": None}


def test_what_changed_in_the_source_is_stale_until_it_is_accepted(translated, capsys):
    new = "# 창\n\n창을 $n = 3$칸 밉니다. 두 번 밉니다: `slide`, [둘](04-padding-stride.ipynb)."
    change(translated / "ko/03-convolution.ipynb", title=new, figure="점들 3개")
    twins.main(["03"])
    assert stale(translated) == ["title", "figure"]
    capsys.readouterr()
    with pytest.raises(SystemExit):
        twins.main(["translated", "03", "figure"])
    said = capsys.readouterr().out
    assert "===== figure\n점들 3개\n----- en\n3 dots" in said and "title" not in said
    assert stale(translated) == ["title"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("# W\n\n$n = 4$: `slide`, [two](04-padding-stride.ipynb).", "formulas"),
        ("# W\n\n$n = 3$: `slid`, [two](04-padding-stride.ipynb).", "code"),
        ("# W\n\n$n = 3$: `slide`, [two](05-channels-filters.ipynb).", "links"),
        ("# W\n\n$n = 3$ 7 times: `slide`, [two](04-padding-stride.ipynb).", "numbers"),
        ("## W\n\n$n = 3$: `slide`, [two](04-padding-stride.ipynb).", "headings"),
        ("# W\n\n- $n = 3$: `slide`, [two](04-padding-stride.ipynb).", "lists"),
        ("# W\n\n<b>$n = 3$</b>: `slide`, [two](04-padding-stride.ipynb).", "tags"),
        ("# W\n\n**$n = 3$**: `slide`, [two](04-padding-stride.ipynb).", "emphasis"),
        ("# W\n\n|a|\n|-|\n\n$n = 3$: `slide`, [two](04-padding-stride.ipynb).", "tables"),
    ],
)
def test_a_translation_that_says_something_else_is_refused(translated, capsys, text, what):
    path = translated / "en/03-convolution.ipynb"
    change(
        translated / "ko/03-convolution.ipynb",
        title=twins.text_of(read(translated / "ko/03-convolution.ipynb").cells[0]) + " 끝.",
    )
    change(path, title=text)
    with pytest.raises(SystemExit) as stop:
        twins.main(["translated", "03"])
    assert stop.value.code and f"not accepted: {what}: " in capsys.readouterr().out
    assert stale(translated) == ["title"]


def test_code_outputs_and_order_always_come_from_the_source(translated):
    path, source_path = (
        translated / "en/03-convolution.ipynb",
        translated / "ko/03-convolution.ipynb",
    )
    source = read(source_path)
    source.cells[1].source = "slide(2)"
    source.cells[2].outputs[0]["data"]["image/png"] = "BB=="
    source.cells.append(source.cells.pop(0))
    source.cells.insert(0, new_markdown_cell("새 글", id="fresh"))
    run.write(source, source_path)
    twin = read(path)
    twin.cells[1].source = "something_else()"
    run.write(twin, path)
    twins.main(["03"])
    made = read(path)
    assert [cell.id for cell in made.cells] == ["fresh", "code", "figure", "caption", "title"]
    assert made.cells[1].source == "slide(2)"
    assert made.cells[2].outputs == source.cells[2].outputs
    assert twins.text_of(made.cells[2]) == "3 dots" and made.cells[4].source == ENGLISH["title"]
    assert stale(translated) == ["fresh"]


def test_a_twin_that_another_program_saved_gets_its_form_back(translated):
    path = translated / "en/03-convolution.ipynb"
    before = path.read_bytes()
    text = json.dumps(json.loads(before), indent=2).replace("\n", "\r\n")
    path.write_bytes(text.encode())
    twins.main(["03"])
    assert path.read_bytes() == before


def test_a_text_that_has_no_place_is_shown_before_it_goes(translated, capsys):
    path = translated / "en/03-convolution.ipynb"
    twin = read(path)
    twin.cells.append(new_markdown_cell("Half of a caption, split off.", id="split"))
    run.write(twin, path)
    twins.main(["03"])
    said = capsys.readouterr().out
    assert "the source has no cell split\nHalf of a caption, split off.\n" in said
    assert len(read(path).cells) == 4


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["translated", "03", "titel"], "has no cell titel"),
        (["translated", "formulas"], "formulas: no edition lists such a page"),
        (["translated", "fr/03"], "fr/03: no edition lists such a page"),
        (["index"], "written by hand, then accepted: translated index"),
        ([], "Usage: "),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(translated, arguments, what):
    formulas = translated / "ko/formulas.ipynb"
    shutil.copy(translated / "ko/03-convolution.ipynb", formulas)
    with pytest.raises(SystemExit, match=what):
        twins.main(arguments)


def test_each_language_is_accepted_by_itself(translated):
    """A translator of one language does not answer for the others."""
    change(translated / "ko/03-convolution.ipynb", caption="**그림 3-1.** 점들.")
    twins.main(["03", "en/03"])
    twins.TWINS.append(dataclasses.replace(twins.TWINS[0], folder=translated / "xx"))
    (translated / "xx").mkdir()
    for name in ("words.toml", "03-convolution.ipynb"):
        shutil.copy(translated / "en" / name, translated / "xx")
    with pytest.raises(SystemExit) as stop:
        twins.main(["translated", "xx/03"])
    assert not stop.value.code
    assert stale(translated) == ["caption"] and stale(translated, "xx") == []


def test_a_page_carries_one_digest(book, capsys):
    with pytest.raises(SystemExit, match="en/index.md is not there"):
        twins.main(["translated", "index"])
    path = book / "en/index.md"
    path.write_text("# Book\n\n8 numbers.\n", encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        twins.main(["translated", "index"])
    assert stop.value.code and "not accepted: numbers: " in capsys.readouterr().out
    path.write_text("# Book\n\n9 numbers.\n", encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        twins.main(["translated", "index"])
    assert not stop.value.code
    assert twins.page_text(path) == "# Book\n\n9 numbers.\n"
    assert twins.page_renders(path) == twins.digest("# 책\n\n수 9개.\n")
    with path.open("a", encoding="utf-8") as file:
        file.write("\nMore, below.")  # and no newline
    assert twins.page_text(path) == "# Book\n\n9 numbers.\n\nMore, below.\n"
    assert twins.page_renders(path) == twins.digest("# 책\n\n수 9개.\n")


@pytest.mark.parametrize(
    ("source", "english"),
    [
        (
            "| 용어 | 영어 | 뜻 |\n|---|---|---|\n| 창 | 5×5 window | 3칸 |",
            "| Term | Meaning |\n|---|---|\n| window | 3 cells |",
        ),
        (
            "| 한국어 | English | 뜻 | 장 |\n|---|---|---|---|\n| 창 | 5×5 window | 3칸 | 4장 |",
            "| Term | Meaning | Chapter |\n|---|---|---|\n| window | 3 cells | 4 |",
        ),
    ],
)
def test_a_glossary_s_column_of_the_other_language_is_not_asked_for(source, english):
    assert twins.differences(source, english, EDITIONS["en"]) == []
    assert twins.differences(source, english + "\n| more | words |", EDITIONS["en"]) != []


def test_comments_in_blocks_of_code_are_prose():
    source = "```sh\nmake book     # 책을 3번\n```"
    assert twins.differences(source, "```sh\nmake book  # the book\n```", EDITIONS["en"]) == []
    assert twins.differences(source, "```sh\nmake test  # the book\n```", EDITIONS["en"]) != []


def test_an_exception_holds_for_its_place_and_kind_alone(translated):
    kinds = '["03-convolution/caption"]\nnumbers = "dots are counted otherwise"\n'
    (translated / "en/exceptions.toml").write_text(kinds, encoding="utf-8")
    (edition,) = twins.TWINS
    place = "03-convolution/caption"
    assert twins.differences("점 3개", "4 dots", edition, place) == []
    assert len(twins.differences("점 3개", "4 `dots`", edition, place)) == 1
    assert len(twins.differences("점 3개", "4 dots", edition, "03-convolution/title")) == 1
    change(translated / "ko/03-convolution.ipynb", caption="**그림 3-2.** 점.")
    with pytest.raises(SystemExit) as stop:
        twins.main(["translated", "03"])
    assert not stop.value.code and stale(translated) == []


@pytest.mark.parametrize(
    ("korean", "english"),
    [
        ("52만 9,984개", "529,984 weights"),
        ("1억 2천만 번, 6천만", "120 million times, 60 million"),
        ("3만~5만", "30,000–50,000"),
        ("155억, 0.25만", "15.5 billion and 2,500"),
        ("90조각, 2019년 3월", "90 patches, March 2019"),
        ("28×28×1, .5, 1/32", "28×28×1, .5, 1/32"),
        ("8월 3일까지", "by August 3; it may, in March"),
        ("1천 500만 번, 2천5백만", "15 million times, 25 million"),
        ("5백만 개, 6천5백", "5 million, 6,500"),
        ("３×３, １만", "3×3, 10,000"),  # of an input method
        ("3,5,7과 (28,28,1)", "3, 5, 7 and (28, 28, 1)"),
        ("−1~1, 5−3", "-1 to 1, 5−3"),
    ],
)
def test_numbers_are_compared_as_they_are_counted(korean, english):
    assert sorted(twins.numbers(korean)) == sorted(twins.numbers(english))
    assert sorted(twins.numbers(korean)) != sorted(twins.numbers(english + " 7"))


@pytest.mark.parametrize(
    ("text", "other"), [("−3에서 1까지", "from 3 to 1"), ("3,5,7", "357"), ("x5", "x -5")]
)
def test_other_numbers_are_found(text, other):
    assert sorted(twins.numbers(text)) != sorted(twins.numbers(other))


@pytest.mark.parametrize(
    ("source", "english"),
    [
        ("1. 셈\n   ```py\n   x = a  # 셋\n   ```", "1. sum\n   ```py\n   x = b  # three\n   ```"),
        ("- 가\n  - 나", "- a\n- b"),
        ("* 가\n* 나", "a b"),
    ],
)
def test_what_is_indented_is_compared_too(source, english):
    assert twins.differences(source, english, EDITIONS["en"]) != []


def test_a_numeral_before_a_particle_is_itself():
    assert twins.differences("3만 남습니다.", "Only 3 is left.", EDITIONS["en"]) == []
    assert twins.differences("3만 남습니다.", "30,000 are left.", EDITIONS["en"]) == []
    assert twins.differences("3만 남습니다.", "Only 4 is left.", EDITIONS["en"]) != []
