"""Lines in disorder (Parsons problems): which of them, in what order, compute what is asked for.

`in_order("03-6", …)` in a chapter's file of checks registers such an exercise. The answer is the
letters of the lines that belong, from top to bottom. The check puts those lines together, runs them
and compares what they compute: whatever order computes it is right. Lines are the book's own; nothing
else is run. The chapter shows the same text, and tools/teaching/orders.py tries every order for the
page.
"""

import dataclasses
import functools
import re
import traceback
import warnings

import numpy as np

from cnnbook.check import Wrong, as_letters, exercise

LINES = {}  # of every such exercise, by its name


class Stopped(Exception):
    """Python stops: at the line of this letter, or behind the lines (None), and what it says."""

    def __init__(self, letter, error):
        self.letter = letter
        super().__init__(f"{type(error).__name__}: {getattr(error, 'msg', error)}")


@dataclasses.dataclass(frozen=True)
class Lines:
    """Lines of code in disorder.

    text: one a line, after its letter and two spaces. given: code that runs before them. ask: the
    expression whose value counts, after them. wanted: the expression for the value that is right,
    without them. strays: {letter: (why it does not belong in English, in Korean)}, the first without a
    full stop.
    """

    text: str
    given: str
    ask: str
    wanted: str
    strays: dict

    @functools.cached_property
    def code(self):
        """Return {letter: its line of code}."""
        return dict(re.findall(r"^([A-Z])  (.*)$", self.text, re.M))

    def value(self, letters):
        """Return what the lines compute in this order; raises Stopped where they do not run."""
        space = self.before()
        source = "\n".join(self.code[letter] for letter in letters)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                exec(compile(source, "<lines>", "exec"), space)
                return eval(self.ask, space)
        except SyntaxError as error:
            raise Stopped(letters[min(error.lineno or 1, len(letters)) - 1], error) from None
        except Exception as error:
            frames = traceback.walk_tb(error.__traceback__)
            numbers = [number for frame, number in frames if frame.f_code.co_filename == "<lines>"]
            raise Stopped(letters[numbers[-1] - 1] if numbers else None, error) from None

    def before(self):
        """Return the names that stand when the lines begin."""
        space = {}
        exec(self._given, space)
        return space

    @functools.cached_property
    def _given(self):
        return compile(self.given, "<given>", "exec")

    def right(self):
        """Return the value that is wanted."""
        return eval(self.wanted, self.before())


def same(value, wanted):
    """Whether the lines' value is the one that is wanted: numbers to their last bits, all else equal."""
    try:
        if np.shape(value) != np.shape(wanted):
            return False
        if np.asarray(wanted).dtype.kind in "fc":
            return np.allclose(value, wanted, rtol=1e-6)
        return bool(np.all(np.asarray(value) == np.asarray(wanted)))
    except (TypeError, ValueError):
        return False


def in_order(name, text, *, given, ask, wanted, strays):
    """Register an exercise of lines in disorder; arguments as `Lines` has them."""
    lines = LINES[name] = Lines(text.strip("\n"), given, ask, wanted, strays)

    @exercise(name)
    def checked(answer):
        letters = read(answer, lines.code)
        used = [lines.strays[letter] for letter in letters if letter in lines.strays]
        why_english, why_korean = ([said[language] for said in used] for language in (0, 1))
        right = lines.right()
        try:
            value = lines.value(letters)
        except Stopped as stopped:
            place = f"line {stopped.letter}" if stopped.letter else f"`{ask}`, after the lines"
            english = f"Python stops at {place}: {stopped}"
            korean = f"파이썬이 멈추는 곳: {stopped.letter or f'줄 다음의 `{ask}`'}: {stopped}"
        else:
            if same(value, right):
                return
            english = f"the lines run, and `{ask}` is {value!r}; wanted {right!r}"
            korean = f"실행은 되지만 `{ask}`의 값이 {value!r}입니다. 필요한 값: {right!r}"
        raise Wrong("; ".join([*why_english, english]), " ".join([*why_korean, korean]))


def read(answer, code):
    """Return the letters of an answer: text such as "BDA", "b → d → a", or a list; a hint for all else."""
    letters = as_letters(answer)
    if not letters or set(letters) - set(code):
        raise Wrong(
            f"write the lines' letters, {min(code)} to {max(code)}, from top to bottom, in quotes",
            f"{min(code)}부터 {max(code)}까지의 줄 글자를 위에서 아래로, 따옴표 안에 적습니다.",
        )
    if twice := [letter for letter in dict.fromkeys(letters) if letters.count(letter) > 1]:
        raise Wrong(
            f"each line once: {', '.join(twice)} stands there more often",
            f"한 줄은 한 번만 씁니다. 여러 번 쓴 줄: {', '.join(twice)}",
        )
    return letters
