"""Write the page on the book's state, book/ko/status.md, from what was recorded:  tools/status.py

The page holds nothing typed in: data/verification.json (made by tools/matrix.py, which ends by writing the page) says which
versions every chapter was verified with, how many cells held and how long they took; the figures
are counted in the notebooks. tests/test_status.py compares the page with these.
"""

import json
import pathlib

import nbformat

from cnnbook._files import replacing

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORD = ROOT / "data" / "verification.json"
CHAPTERS = ROOT / "book" / "ko"
PAGE = CHAPTERS / "status.md"
# What the page calls the sets of tools/matrix.py.
NAMES = {
    "lock": "책의 버전",
    "colab": "Colab의 버전",
    "newest": "가장 새 버전",
    "one-core": "코어 하나",
    "old-processor": "옛 프로세서",
}
VERSIONS = {  # by the name of the package
    "python": "Python",
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "numpy": "NumPy",
    "matplotlib": "Matplotlib",
}


def page(record, chapters):
    """Return the page's text. record: of data/verification.json. chapters: {stem: notebook}."""
    return (
        "\n\n".join(
            [
                "# 실행 상태",
                "이 책의 모든 수와 그림은 셀이 계산한 것입니다. 아래는 모든 노트북을 처음부터 다시 실행하고, "
                "나온 것을 이 책에 실린 것과 하나하나 견준 기록입니다. `make matrix`가 재고 "
                "`tools/status.py`가 이 쪽을 썼습니다. 사람이 적은 수는 없습니다.",
                "## 무엇으로 확인했나",
                _table(["", *(NAMES[name] for name in record)], _sets(record)),
                "'책의 버전'은 `requirements.txt`에 적힌 것입니다. '옛 프로세서'는 NumPy와 TensorFlow가 쓰는 "
                "계산 라이브러리에 2008년 무렵의 명령어만 허락한 것입니다.",
                "## 장마다",
                "수는 같게 나온 셀의 수와 전체 셀의 수입니다. 초는 '책의 버전'에서 그 장의 셀이 걸린 시간이고, "
                "두 장을 나란히 돌리며 잰 것입니다.",
                _table(
                    ["장", "그림", *(NAMES[name] for name in record), "초"], _rows(record, chapters)
                ),
                "수의 끝자리는 프로세서마다 다를 수 있습니다. 그런 셀에는 허용하는 차이와 그 까닭이 노트북에 "
                "적혀 있습니다. 확인에서 빠진 셀은 없습니다.",
            ]
        )
        + "\n"
    )


def _sets(record):
    """One row a property, one column a set: a phone shows it whole."""
    entries = record.values()
    yield ["날짜", *(entry["date"] for entry in entries)]
    for version, name in VERSIONS.items():
        yield [name, *(entry["versions"][version] for entry in entries)]
    yield ["코어", *(str(entry["cores"]) for entry in entries)]
    yield ["명령어 집합", *(f"{entry['onednn']}, {entry['blas']}" for entry in entries)]
    yield ["전체(분)", *(f"{entry['seconds'] / 60:.0f}" for entry in entries)]


def _rows(record, chapters):
    for stem, notebook in chapters.items():
        title = notebook.cells[0].source.partition("\n")[0].removeprefix("# ")
        cells = [entry["chapters"].get(stem) for entry in record.values()]
        held = [
            f"{cell['cells'] - cell['failed']}/{cell['cells']}" if cell else "–" for cell in cells
        ]
        seconds = record["lock"]["chapters"][stem]["seconds"] if "lock" in record else "–"
        yield [f"[{title}]({stem}.ipynb)", str(figures(notebook)), *held, str(seconds)]


def figures(notebook):
    """Return how many pictures the notebook's outputs hold; each is compared as a picture."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return sum("image/png" in output.get("data", {}) for output in outputs)


def _table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def current():
    """Return the page as it should be now."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    verified = {stem for entry in record.values() for stem in entry["chapters"]}
    paths = (path for path in sorted(CHAPTERS.glob("*.ipynb")) if path.stem in verified)
    return page(record, {path.stem: nbformat.read(path, as_version=4) for path in paths})


def write():
    with replacing(PAGE) as file:
        file.write(current().encode())
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    write()
