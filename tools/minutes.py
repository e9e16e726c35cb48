"""How long a chapter takes to read: honest minutes, counted the same way in every chapter.

Usage:  python -m tools.minutes [03 …]     (without a number: all chapters)

A minute is 300 letters of prose or 10 lines of code. A letter is anything but white space in the
prose that a reader sees: no formulas, no code, no addresses, nothing folded. Code counts where it
is open. The main line, which nobody should skip, is counted apart from the sections headed
"going deeper", which may be skipped; exercises and predictions take as long as they take and are
counted by their number. `make run` writes the result into a chapter's opening cell.
"""

import re
import sys

import nbformat

from tools.editions import SOURCE

LETTERS_A_MINUTE = 300
LINES_A_MINUTE = 10
LONGEST = 60  # minutes of a chapter's main line
LABELS, READING = SOURCE.words["labels"], SOURCE.words["reading"]
FOLDED = {"hide-cell", "hide-input", "remove-cell", "remove-input"}
PREDICTION = re.compile(rf"\*\*{LABELS['prediction']} (\d+-\d+)\*\*")  # begins a cell of its own
DECISION = re.compile(r"^decide\((?:.|\n(?=[ )]))*\n?", re.M)  # a statement, over its lines
OPENING = re.compile(rf"\*\*{LABELS['reading_time']}\*\*.*")


def parts(notebook):
    """Return {"main", "deeper": minutes, "exercises", "predictions": how many} of a notebook."""
    minutes = {"main": 0.0, "deeper": 0.0, "exercises": 0.0}
    predictions = 0
    place = Place()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if not FOLDED & set(cell.metadata.get("tags", [])):
                minutes[place.part] += lines_of_code(cell.source) / LINES_A_MINUTE
            continue
        if PREDICTION.match(cell.source):
            predictions += 1
            continue
        for line in visible(cell.source).splitlines():
            place.pass_by(line)
            minutes[place.part] += letters(line) / LETTERS_A_MINUTE
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    exercises = len(re.findall(rf"^### {LABELS['exercise']} \d+-\d+", text, re.M))
    return minutes | {"exercises": exercises, "predictions": predictions}


def lines_of_code(source):
    """Return how many lines a reader reads: no empty ones, and not what decides a prediction."""
    return sum(bool(line.strip()) for line in DECISION.sub("", source).splitlines())


class Place:
    """Which part of the chapter a line stands in: a heading ends the sections of its level."""

    part, level = "main", None

    def pass_by(self, line):
        if not (heading := re.match(r"(#{1,6}) (.*)", line)):
            return
        level, title = len(heading[1]), heading[2]
        if self.level is not None and level <= self.level:
            self.part, self.level = "main", None
        if self.part == "main" and title.startswith(LABELS["deeper"]):
            self.part, self.level = "deeper", level
        elif self.part == "main" and title == LABELS["exercises"]:
            self.part, self.level = "exercises", level


def visible(source):
    """Return the prose that a reader sees in a Markdown cell, line by line."""
    for hidden in (
        r"<details>.*?</details>",
        r"^```.*?^```$",
        r"\$\$.*?\$\$",
        r"<[^>\n]+>",
        r"`[^`\n]*`",
        r"\$[^$\n]+\$",
        r"(?<=\])\([^()\s]*(?:\([^()]*\))?[^()]*\)",  # the address of a link
        r"https?://\S+",
    ):
        source = re.sub(hidden, " ", source, flags=re.S | re.M)
    return source


def letters(line):
    """Return the number of letters of a line without Markdown's own signs."""
    if re.fullmatch(r"[\s|:-]*", line):  # the rule below a table's head
        return 0
    line = re.sub(r"^\s*(?:#{1,6} |[-*] |\d+\. |>\s?)+", "", line)
    return len(re.sub(r"[\s*|\[\]]", "", line))


def opening(notebook):
    """Return what the opening cell says of the reading time."""
    found = parts(notebook)
    said = [READING["main"].format(round(found["main"]))]
    if found["deeper"] >= 0.5:
        said.append(READING["deeper"].format(round(found["deeper"])))
    for kind in ("predictions", "exercises"):
        if found[kind] or kind == "exercises":
            said.append(READING[kind].format(found[kind]))
    return f"**{LABELS['reading_time']}** {' · '.join(said)}"


def write(notebook):
    """Bring the reading time in the opening cell up to date, where there is one."""
    first = notebook.cells[0]
    first.source = OPENING.sub(opening(notebook), first.source, count=1)


def main(numbers):
    print("chapter                main  deeper  predictions  exercises")
    for path in SOURCE.notebooks():
        number = path.name[:2]
        if number.isdecimal() and number in (numbers or [number]):
            found = parts(nbformat.read(path, as_version=4))
            print(
                f"{path.stem:22}{found['main']:5.0f}{found['deeper']:8.0f}"
                f"{found['predictions']:13}{found['exercises']:11}"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
