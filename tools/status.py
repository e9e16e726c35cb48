"""Write the page on the book's state, book/ko/status.md, from what was recorded:  tools/status.py

The page holds nothing typed in. data/verification.json (made by tools/matrix.py) says which versions
every chapter was verified with, how many cells held and how long they took; data/speed.json (made by
tools/speed.py) says what the book costs; the figures are counted in the notebooks. Both tools end
by writing the page. tests/test_status.py compares it with these.
"""

import json
import pathlib

import nbformat

from cnnbook._files import replacing

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORD = ROOT / "data" / "verification.json"
SPEED = ROOT / "data" / "speed.json"
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


def page(record, speed, chapters):
    """Return the page's text.

    record: of data/verification.json. speed: of data/speed.json. chapters: {stem: notebook}.
    """
    line = speed["pages"]["line"]
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
                "계산 라이브러리에 2008년 무렵의 명령어만 허락한 것입니다. '전체(분)'에는 컴퓨터가 다른 일을 함께 "
                "할 때 잰 것도 있으므로, 이것으로 어느 쪽이 빠른지 견주지는 않습니다.",
                "## 장마다",
                "수는 같게 나온 셀의 수와 전체 셀의 수입니다. 초는 '책의 버전'에서 그 장의 셀이 걸린 시간이고, "
                "두 장을 나란히 돌리며 잰 것입니다.",
                _table(
                    ["장", "그림", *(NAMES[name] for name in record), "초"], _rows(record, chapters)
                ),
                "수의 끝자리는 프로세서마다 다를 수 있습니다. 그런 셀에는 허용하는 차이와 그 까닭이 노트북에 "
                "적혀 있습니다. 확인에서 빠진 셀은 없습니다.",
                "## 속도와 크기",
                "`make bench`가 한 번에 나란히 재었습니다.",
                _table(["", "이 책", "견줄 것", "무엇과 견주었나"], _costs(speed)),
                f"아래는 초마다 {line['downloadThroughput'] / 1000:.0f} kB가 오고 오가는 데 "
                f"{line['latency'] / 1000:g}초가 걸리는 느린 회선으로 쪽을 처음 연 것입니다. 글은 "
                "GitHub Pages가 하듯 압축해서 보냈습니다. '첫 그림'은 첫 그림이 다 보일 때까지 받은 "
                "바이트와 걸린 초, '모두'는 쪽이 다 올 때까지 받은 바이트입니다. 바이트에 그림은 넣지 "
                "않았습니다. 수식은 이 책에서는 책을 만들 때 그려 두고, 보통의 Jupyter Book에서는 "
                "브라우저가 프로그램(MathJax)을 받아 그립니다. 칸마다 **앞이 이 책, 뒤가 보통의 Jupyter "
                "Book**입니다.",
                _table(
                    ["장", "첫 그림(kB)", "첫 그림(초)", "모두(kB)"],
                    _visits(speed["pages"]["visits"], chapters),
                ),
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
        cells = [entry["chapters"].get(stem) for entry in record.values()]
        held = [
            f"{cell['cells'] - cell['failed']}/{cell['cells']}" if cell else "–" for cell in cells
        ]
        seconds = record["lock"]["chapters"][stem]["seconds"] if "lock" in record else "–"
        yield [_link(stem, notebook), str(figures(notebook)), *held, str(seconds)]


def _costs(speed):
    checked, built = speed["verification"], speed["build"]
    plain, verified = checked["plain"], checked["verified"]
    yield [
        f"노트북 {checked['notebooks']}개를 실행하고 실린 것과 견주기",
        f"{verified}초 ({verified / plain - 1:+.0%})",
        f"{plain}초",
        "견주지 않고 실행하기만",
    ]
    yield [
        "책을 처음부터 만들기",
        f"{built['ours']}초",
        f"{built['stock']}초",
        "보통의 Jupyter Book",
    ]


def _visits(visits, chapters):
    for stem, visit in visits.items():
        ours, stock = visit["ours"], visit["stock"]
        yield [
            _link(stem, chapters[stem]),
            f"{ours['bytes'] / 1000:.0f}, {stock['bytes'] / 1000:.0f}",
            f"{ours['seconds']:.1f}, {stock['seconds']:.1f}",
            f"{ours['whole'] / 1000:.0f}, {stock['whole'] / 1000:.0f}",
        ]


def _link(stem, notebook):
    title = notebook.cells[0].source.partition("\n")[0].removeprefix("# ")
    return f"[{title}]({stem}.ipynb)"


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
    paths = (path for path in sorted(CHAPTERS.glob("[!.]*.ipynb")) if path.stem in verified)
    speed = json.loads(SPEED.read_text(encoding="utf-8"))
    return page(record, speed, {path.stem: nbformat.read(path, as_version=4) for path in paths})


def write():
    with replacing(PAGE) as file:
        file.write(current().encode())
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    write()
