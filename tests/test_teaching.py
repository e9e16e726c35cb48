"""The plan of 15 weeks: it names every chapter, its true reading time, and exercises that exist."""

import re

import nbformat
import pytest
import yaml

from tools.teaching import sheets


@pytest.fixture(scope="module")
def weeks(root):
    text = (root / "book/ko/teaching.md").read_text("utf-8")
    lines = re.findall(r"^\| \d+ \|.*\|$", text, re.M)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[0] for row in rows] == [str(week) for week in range(1, 16)]
    return [row[1:] for row in rows]


def prose(root, name):
    cells = nbformat.read(root / "book/ko" / name, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def test_the_chapters_are_taught_in_order(root, weeks):
    toc = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))
    parts = [part for part in toc["parts"] if re.match(r"part\d", part["caption"])]
    files = [[page["file"] for page in part["chapters"]] for part in parts]
    linked = re.findall(r"\((\d\d-[\w-]+)\.ipynb\)", "".join(week[0] for week in weeks))
    assert linked == sum(files, [])
    for week in weeks:
        for number, link in re.findall(r"\[(\d+)장\]\((\d\d)", week[0]):
            assert int(number) == int(link)


def test_reading_times_are_those_of_the_chapters(root, weeks):
    for chapters, minutes, _, _ in weeks:
        times = [
            int(re.search(r"\*\*읽는 시간\*\* 약 (\d+)분", prose(root, name))[1])
            for name in re.findall(r"\((\d\d-[\w-]+\.ipynb)\)", chapters)
        ]
        assert minutes == (f"{sum(times)}분" if times else "")


def test_the_homework_exists(root, weeks):
    for chapters, _, _, homework in weeks:
        texts = [prose(root, name) for name in re.findall(r"\((\d\d-[\w-]+\.ipynb)\)", chapters)]
        named = re.findall(r"\b(\d+-\d+)\b(?!번)", homework)
        assert bool(named) == bool(texts)
        for exercise in named:
            assert any(f"### 연습 {exercise}\n" in text + "\n" for text in texts), exercise


def test_the_sheet_s_numbers_belong_to_the_week_s_chapter(root, weeks):
    chapters = [exercise.chapter for exercise in sheets.exercises("1반", 0)]
    named = []
    for taught, _, _, homework in weeks:
        for first, last in re.findall(r"계산 연습지 (\d+)(?:–(\d+))?번", homework):
            for number in range(int(first), int(last or first) + 1):
                named.append(number)
                assert f"[{chapters[number - 1]}장]" in taught
    assert named == list(range(1, len(chapters) + 1))
