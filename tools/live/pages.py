"""Let chapters of the built book run in the page: the bytes beside the pages, a button in each.

Called by tools/build.py for `make book LIVE=1`, when the editions lie below their front door. All
that is large lies once, in _live/, for every edition; a page asks for it when its reader does.
"""

import base64
import io
import json
import pathlib
import re
import shutil
import zipfile
from html import escape

from bs4 import BeautifulSoup
from PIL import Image

from tools import ROOT
from tools.editions import EDITIONS
from tools.live import cells, editor, engine

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = "_live"


def add(html):
    """Let the chapters under html/<language>/ run. Raises Unavailable where the bytes are not to be had."""
    chapters = json.loads(cells.ANSWER.read_text("utf-8"))
    folder = html / FOLDER
    folder.mkdir()
    editor.bundle(folder)
    for name in ("live.js", "live.css"):
        shutil.copy(HERE / name, folder)
    data = sorted({name for chapter in chapters.values() for name in chapter["data"]})
    given = {"worker.js": (HERE / "worker.js").read_bytes(), "book.zip": book(data)}
    engines = {name: engine.files(chapter["packages"]) for name, chapter in chapters.items()}
    paths = {name: path for files in engines.values() for name, path in files.items()}
    (folder / "LICENSES.txt").write_text(engine.licences(paths), encoding="utf-8")
    sizes = {}
    for name, content in [
        *given.items(),
        *((name, path.read_bytes()) for name, path in paths.items()),
    ]:
        text = base64.b64encode(content).decode()
        (folder / f"{name}.js").write_text(f'cnnbookLive.give("{name}", "{text}");\n', "utf-8")
        sizes[name] = len(content)
    for number, chapter in chapters.items():
        files = {name: sizes[name] for name in [*given, *engines[number]]}
        for edition in EDITIONS.values():
            path = html / edition.language / f"{cells.chapters()[number].stem}.html"
            if path.exists():
                text = page(path.read_text("utf-8"), number, chapter, files, edition.words)
                path.write_text(text, "utf-8")


def book(data):
    """Return what a page imports besides packages: cnnbook, its data, what runs cells. A zip's bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:

        def put(name, text):  # without times: the same files are the same bytes
            file.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)

        for path in sorted((ROOT / "cnnbook").rglob("*.py")):
            put(path.relative_to(ROOT).as_posix(), path.read_bytes())
        for path in sorted((HERE / "inpage").rglob("*.py")):
            name = path.relative_to(HERE / "inpage").as_posix()
            put(name if name.startswith("skimage/") else f"inpage/{name}", path.read_bytes())
        for name in data:
            put(name, content_of(name))
    return content.getvalue()


def content_of(name):
    """Return the bytes of a data file as chapters.json names it; a JPEG becomes a PNG of its pixels."""
    if not name.startswith("skimage/"):
        return (ROOT / name).read_bytes()
    path = cells.skimage_data() / pathlib.PurePath(name).name
    if path.suffix != ".jpg":
        return path.read_bytes()
    content = io.BytesIO()  # what reads it looks at the bytes, not at the name
    with Image.open(path) as picture:
        picture.save(content, "PNG")
    return content.getvalue()


def page(html, number, chapter, files, words):
    """Return a chapter's page with its cells marked, the button, and what live.js needs to know.

    Raises RuntimeError for a page whose cells are not the notebook's.
    """
    code = cells.code_cells(cells.chapters()[number])
    shown = BeautifulSoup(html, "html.parser").select("div.cell .cell_input pre")
    if [pre.text.strip() for pre in shown] != [cell.source.strip() for cell in code]:
        raise RuntimeError(f"the page of chapter {number} does not show its notebook's cells")
    following = iter(enumerate(code, 1))

    def mark(found):
        place, cell = next(following)
        stored = " data-stored" if cell.id in chapter["stored"] else ""
        return f'{found[0]} data-cell="{escape(cell.id)}" data-number="{place}"{stored}'

    html = re.sub(r'<div class="cell(?: tag_[\w-]+)* docutils container"', mark, html)
    count = len(code) - len(chapter["stored"])
    size = f"{sum(files.values()) / 1e6:.0f}"
    about = words["live"]["about"].format(count=count, all=len(code), size=size)
    told = json.dumps(
        {
            "chapter": number,
            "files": files,
            "packages": chapter["packages"],
            "words": {**words["live"], "colab": words["theme"]["Launch on Colab"]},
        },
        ensure_ascii=False,
    ).replace("<", "\\u003c")
    bar = (
        f'<div class="live" hidden><button type="button">{words["live"]["start"]}</button>'
        f"<p>{about}</p></div>"
        f'<script type="application/json" id="live-chapter">{told}</script>'
        f'<script defer src="../{FOLDER}/live.js"></script>'
    )
    html = html.replace(
        "</head>", f'<link rel="stylesheet" href="../{FOLDER}/live.css">\n</head>', 1
    )
    label = re.escape(words["labels"]["reading_time"])
    line = rf"<p>(?:(?!</p>).)*<strong>{label}</strong>(?:(?!</p>).)*</p>"
    return re.sub(line, lambda found: found[0] + bar, html, count=1, flags=re.S)
