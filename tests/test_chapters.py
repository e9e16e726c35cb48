"""What every chapter keeps to: what you read is what runs, and the shape a reader can rely on."""

import ast
import contextlib
import importlib
import io
import pathlib
import re
import sys

import nbformat
import numpy as np
import pytest
import yaml
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from tools import minutes, run
from tools.editions import EDITIONS, SOURCE
from tools.recipes import cover

ROOT = pathlib.Path(__file__).resolve().parent.parent
NUMBERED = sorted(ROOT.glob("book/ko/[0-9][0-9]-*.ipynb"))
CHAPTERS = [*NUMBERED, ROOT / "book/template/chapter.ipynb"]
APPENDICES = sorted(set(ROOT.glob("book/ko/[!.]*.ipynb")) - set(NUMBERED))
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))

every_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
every_notebook = pytest.mark.parametrize(
    "path", [*CHAPTERS, *APPENDICES], ids=lambda path: path.stem
)


def cells(path, kind):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


# --- a chapter that is named is linked -----------------------------------------------------------


def test_a_chapter_that_is_named_is_linked():
    linked = 0
    for edition in EDITIONS.values():
        name = edition.words["sheets"]["chapter"].format(r"(\d|1\d)")
        # In Korean the same word counts pictures ("32장의 손실을"), and other books have chapters too.
        pictures = r"(?=의 (?!평균|사진|이미지)|에서|부터|까지)" if edition.is_source else r"\b"
        bare = re.compile(rf"(?<!판 )(?<!\d\. )(?<![\[\d,.]){name}{pictures}")
        for path in [*edition.folder.glob("[!.]*.ipynb"), *edition.folder.glob("*.md")]:
            text = path.read_text("utf-8")
            if path.suffix == ".ipynb":
                text = "\n".join(cell.source for cell in cells(path, "markdown"))
            text = re.sub(r"^#.*$", "", text, flags=re.M)  # a heading may be a chapter's title
            found = bare.search(text)
            assert not found, f"{path.name}: {text[found.start() - 30 : found.end() + 20]}"
            for number, file in re.findall(rf"\[{name}\]\((\d\d)-", text):
                assert int(number) == int(file), path.name
                linked += 1
    assert linked > 200


# --- what you read is what runs ---------------------------------------------------------------


def definitions(source):
    """Return {name: syntax tree without its docstring} of a module's or a cell's definitions."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:]
            found[node.name] = ast.dump(node)
    return found


def marked_cells(path):
    """Yield (module name, source) of the cells whose first line says `# cnnbook.module`."""
    for cell in cells(path, "code"):
        if marker := re.match(r"# (cnnbook(?:\.\w+)+)\s*$", cell.source.partition("\n")[0]):
            yield marker[1], cell.source


def differences(module_name, source):
    """Return the names that a marked cell defines otherwise than the package."""
    module = importlib.import_module(module_name)
    package = definitions(pathlib.Path(module.__file__).read_text(encoding="utf-8"))
    shown = definitions(source)
    assert shown, f"a cell marked {module_name} defines nothing"
    return [name for name, tree in shown.items() if package.get(name) != tree]


@every_notebook
def test_marked_cells_are_the_package(path):
    for module_name, source in marked_cells(path):
        assert differences(module_name, source) == []


def test_the_convolution_chapter_shows_the_package_s_loops():
    shown = {
        name
        for module, source in marked_cells(ROOT / "book/ko/03-convolution.ipynb")
        for name in definitions(source)
    }
    assert shown == {"convolve1d", "correlate1d", "correlate2d", "conv2d_loop"}


def test_a_marked_cell_that_says_something_else_is_found():
    module_name, source = next(marked_cells(ROOT / "book/ko/03-convolution.ipynb"))
    assert differences(module_name, source.replace("[::-1]", "[:]")) == ["convolve1d"]
    assert differences(module_name, source.replace("convolve1d", "convolve_1d")) == ["convolve_1d"]


# --- the shape of a chapter --------------------------------------------------------------------


@every_chapter
def test_opening_and_take_away(path):
    prose = [cell.source for cell in cells(path, "markdown")]
    assert prose[0].startswith("# ")
    for part in ("**무엇을 배우나**", "**필요한 것**", "**읽는 시간**"):
        assert part in prose[0]
    goals = prose[0].partition("**무엇을 배우나**")[2].count("\n- ")
    assert 2 <= goals <= 6
    whole = "\n".join(prose)
    assert "\n## 연습" in whole and "\n## 정리" in whole and "| 용어 | 영어 | 뜻 |" in whole
    assert path.parent.name != "ko" or "[용어집](glossary.md)" in whole


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.stem)
def test_reading_time_is_what_is_counted(path):
    notebook = nbformat.read(path, as_version=4)
    assert minutes.opening(notebook) in notebook.cells[0].source
    assert minutes.parts(notebook)["main"] <= minutes.LONGEST


@pytest.mark.parametrize(
    "path",
    [*sorted(ROOT.glob("book/*/[0-9][0-9]-*.ipynb")), CHAPTERS[-1]],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_predictions(path):
    """A question in a cell of its own, then the cell that decides it: its answer is in the output."""
    notebook = nbformat.read(path, as_version=4)
    label = EDITIONS.get(path.parent.name, SOURCE).words["labels"]["prediction"]
    chapter = int(path.name[:2]) if path.name[:2].isdecimal() else 0
    asked = [n for n, cell in enumerate(notebook.cells) if cell.id.startswith("prediction-")]
    assert asked == [n - 1 for n, cell in enumerate(notebook.cells) if decisions(cell)]
    for number, n in enumerate(asked, 1):
        question, cell = notebook.cells[n : n + 2]
        name = f"{chapter}-{number}"
        assert question.id == f"prediction-{name}"
        letters = re.findall(r"^- \*\*(\w)\*\* \S", question.source, re.M)
        assert question.source.startswith(f"**{label} {name}** ") and 3 <= len(letters) <= 4
        assert question.source.count("\n- ") == len(letters)
        assert decisions(cell) == [[name, *letters]]
        printed = "".join(output.get("text", "") for output in cell.outputs)
        assert re.findall(r"^prediction (.*): [a-d]$", printed, re.M) == [name]
        assert not minutes.FOLDED & set(cell.metadata.get("tags", []))


def decisions(cell):
    """Return [name, letter, …] of each call of decide() in a code cell."""
    if cell.cell_type != "code" or "decide(" not in cell.source:
        return []
    return [
        [node.args[0].value, *[keyword.arg for keyword in node.keywords]]
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "decide"
    ]


def test_minutes():
    prose = [
        "# 제목\n\n[가 나](03-x.ipynb)다 `code` $x^2$ **라**.\n\n| 표 | 줄 |\n|---|---|\n| 1 | 2 |",
        "### 더 깊이: 마\n\n"
        + "바" * 596
        + "\n\n#### 사\n\n## 연습\n\n### 연습 3-1\n\n"
        + "아" * 900,
        "<details>\n<summary>풀이</summary>\n\n자\n\n</details>\n\n### 연습 3-2 (열린 문제)\n\n## 정리",
    ]
    cells = [nbformat.v4.new_markdown_cell(source) for source in prose]
    for number, tags in ((1, []), (2, []), (3, ["hide-cell"])):
        code = nbformat.v4.new_code_cell("x = 1\n\ny = 2\n" * 5, metadata={"tags": tags})
        cells.insert(2 * number - 1, code)
    cells[1:1] = [
        nbformat.v4.new_markdown_cell("**예측 3-1** 차?\n\n- **a** 카\n- **b** 타"),
        nbformat.v4.new_code_cell('decide(\n    "3-1", a=True,\n    b=x,\n)'),
    ]
    found = minutes.parts(nbformat.v4.new_notebook(cells=cells))
    # 제목, 가나다라., 표줄12, 정리: 13 letters and 10 lines; 더깊이:마, 바바…, 사: 602 letters.
    assert found["main"] == pytest.approx(13 / 300 + 1)
    assert found["deeper"] == pytest.approx(602 / 300)
    assert found["exercises"] == 2 and found["predictions"] == 1


@every_notebook
def test_bootstrap_cell(path):
    first = cells(path, "code")[0]
    assert first.id == "bootstrap"
    assert first.source == run.bootstrap()
    assert "git+" + CONFIG["repository"]["url"] in first.source


def test_bootstrap_without_the_package_and_without_a_network():
    shell = InteractiveShell()
    shell.register_magic_function(lambda line: None, magic_name="pip")  # a pip that gets nothing
    hidden = {
        name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith("cnnbook")
    }
    sys.modules["cnnbook"] = None  # Python's own way to say: no such module
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            error = shell.run_cell(run.bootstrap()).error_in_exec
    finally:
        sys.modules.update(hidden)
        if "cnnbook" not in hidden:
            del sys.modules["cnnbook"]
    assert type(error) is ModuleNotFoundError
    assert "make lab" in str(error) and "인터넷" in str(error) and error.__cause__ is None


@every_notebook
def test_prose_between_code_cells(path):
    notebook = nbformat.read(path, as_version=4)
    for before, after in zip(notebook.cells, notebook.cells[1:], strict=False):
        folded = "hide-cell" in after.metadata.get("tags", [])
        assert (before.cell_type, after.cell_type) != ("code", "code") or folded, after.source


@every_notebook
def test_cells_are_short(path):
    for cell in cells(path, "code")[1:]:
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 14, cell.source


@pytest.mark.parametrize("path", run.find("all") + run.find("template"), ids=lambda path: path.stem)
def test_lines_of_code_are_short(path):
    """What book.css leaves a line of code at 1280 pixels, so that no cell scrolls sideways."""
    for cell in cells(path, "code"):
        assert max(map(len, cell.source.splitlines()), default=0) <= 100, cell.source


@every_notebook
def test_code_and_output_are_in_english(path):
    # Both editions share the code cells and their outputs, byte for byte.
    for cell in cells(path, "code")[1:]:
        assert not re.search("[가-힣]", cell.source), cell.source
        for output in cell.outputs:
            text = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
            assert not re.search("[가-힣]", text), text


@every_notebook
def test_no_output_names_a_machine(path):
    # A record that a cell leaves as its last value: other libraries, another processor, a red cell.
    for cell in cells(path, "code"):
        for output in cell.outputs:
            text = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
            assert not re.search("'(processor|versions)'", text), cell.source


@every_notebook
def test_figures_have_alt_text_and_caption(path):
    notebook = nbformat.read(path, as_version=4)
    captions = 0
    for cell, after in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type == "code" and any("image/png" in o.get("data", {}) for o in cell.outputs):
            captions += 1
            alt = cell.metadata["mystnb"]["image"]["alt"]
            assert re.search("[가-힣]", alt) and len(alt) > 15
            chapter = int(path.stem[:2]) if path in NUMBERED else 0
            label = f"그림 {captions}" if path in APPENDICES else f"그림 {chapter}-{captions}"
            assert after.source.startswith(f"**{label}.**"), after.source[:60]


@every_chapter
def test_exercises(path):
    notebook = nbformat.read(path, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    numbers = re.findall(r"^### 연습 (\d+-\d+)", text, re.M)
    least = 1 if path.stem == "chapter" else 3
    assert least <= len(numbers) <= 8
    # The last one is open: a model answer, and no check could judge what a reader writes.
    open_ones = re.findall(r"^### 연습 (\d+-\d+) \(열린 문제\)$", text, re.M)
    assert open_ones == numbers[-1:] or path.stem == "chapter"
    shown = "".join(
        output.get("text", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    for number in set(numbers) - set(open_ones):
        chapter, _, rank = number.partition("-")
        assert f"{int(chapter):02d}-{rank}: not answered yet" in shown
    assert "not right yet" not in shown  # a worked solution that its own check refuses
    solutions = [c for c in notebook.cells if c.id.startswith("solution-")]
    assert shown.count(": correct") >= len(solutions)
    assert sum("<summary>풀이</summary>" in c.source for c in notebook.cells) == len(numbers)


@every_notebook
def test_only_plain_markdown(path):
    # Colab and GitHub show a MyST directive as its source.
    for cell in cells(path, "markdown"):
        assert not re.search(r"^(```\{|:::|\{\w+\}`)", cell.source, re.M), cell.source
        assert "<img" not in cell.source and "http://" not in cell.source


def test_every_page_is_in_the_table_of_contents_and_the_other_way():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]
    pages = [p for kind in ("ipynb", "md") for p in (ROOT / "book/ko").glob(f"[!.]*.{kind}")]
    assert sorted(listed) == sorted(page.stem for page in pages)


@every_notebook
def test_no_cell_has_vanished(path):
    """A cell that is deleted, made raw or turned into text takes its verified output with it."""
    notebook = nbformat.read(path, as_version=4)
    stored = run.outlines().get(f"{path.parent.name}/{path.stem}")
    assert run.outline(notebook) == stored, "if this is meant: make run"


def test_the_outline_lists_no_notebook_that_is_gone():
    here = {f"{path.parent.name}/{path.stem}" for path in [*CHAPTERS, *APPENDICES]}
    assert set(run.outlines()) == here


@pytest.mark.parametrize("what", ["deleted", "text", "raw", "typed result", "moved", "added"])
def test_what_the_outline_sees(what):
    notebook = nbformat.read(NUMBERED[2], as_version=4)
    before = run.outline(notebook)
    place, cell = next((n, c) for n, c in enumerate(notebook.cells) if c.id == "imports")
    if what == "deleted":
        del notebook.cells[place]
    elif what in ("text", "raw"):
        cell.cell_type = {"text": "markdown", "raw": "raw"}[what]
    elif what == "typed result":
        notebook.cells[place + 1].source += "\n\n```\n63\n```"
    elif what == "moved":
        notebook.cells.insert(0, notebook.cells.pop(place))
    else:
        notebook.cells.insert(place, nbformat.v4.new_raw_cell("63", id="new"))
    assert run.outline(notebook) != before


def test_cover_is_what_its_script_makes():
    stored = np.asarray(Image.open(cover.COVER))
    # A pixel half-way between two of the 16 greys may fall to either side on another processor.
    assert (stored != cover.cover()).mean() < 0.001


def cited():
    """Return {title: chapters that recommend it} from the chapters' lists for further reading."""
    found = {}
    for path in NUMBERED:
        reading = next(s for c in cells(path, "markdown") if "**더 읽을거리**" in (s := c.source))
        reading = reading.partition("**더 읽을거리**")[2]
        for title in re.findall(r"^- [^*\n]*\*([^*\n]+)\*", reading, re.MULTILINE):
            found.setdefault(title, set()).add(path.name)
    return found


def test_references_are_what_the_chapters_recommend():
    """The appendix lists every title once, in order of surnames, with the chapters that name it."""
    page = (ROOT / "book/ko/references.md").read_text(encoding="utf-8")
    rows = re.findall(r"^- ([^*\n]+), \*([^*\n]+)\*(.*)$", page, re.MULTILINE)
    listed = {title: set(re.findall(r"\(([^()]+\.ipynb)\)", rest)) for _, title, rest in rows}
    assert len(listed) == len(rows)
    assert listed == cited()
    surnames = [author.split(",")[0].removesuffix(" 외") for author, _, _ in rows]
    surnames = [re.sub(r"^(\S+\. ?)+", "", name).casefold() for name in surnames]
    assert surnames == sorted(surnames)
