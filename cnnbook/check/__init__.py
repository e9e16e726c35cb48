"""Exercise checks: `check("03-1", answer)` prints whether the answer is right, or what is wrong.

The checks of chapter NN stand in cnnbook/check/chNN.py. Each is a function of the answer that
returns when the answer is right and raises `Wrong` with a hint in English and in Korean. A check
accepts every right answer, in whatever form (a list, another number type, another way to code it).

A prediction is no exercise: the cell below it measures, and `decide` says which option came out.
"""

import importlib
import importlib.util
import re
import unicodedata

import numpy as np

from cnnbook._errors import bad_value

_CHECKS = {}


class Wrong(Exception):
    """A wrong answer: a hint in English and the same hint in Korean."""

    def __init__(self, english, korean):
        super().__init__(f"{korean}\n{english}")


def exercise(name):
    """Register the decorated function as the check of exercise `name`, such as "03-1"."""

    def register(function):
        _CHECKS[name] = function
        return function

    return register


def check(name, answer):
    """Print "correct", "not answered yet" (for None), or a hint. Never raises for a wrong answer.

    Raises ValueError for an exercise that does not exist.
    """
    function = find(name)
    if answer is None:
        print(f"{name}: not answered yet")
        return
    try:
        function(answer)
    except Wrong as wrong:
        print(f"{name}: not right yet\n{wrong}")
    except Exception as error:  # an answer of a kind that the check did not think of
        told = f"{type(error).__name__}: {error}"
        print(
            f"{name}: not right yet\n답을 읽을 수 없습니다. {told}\nthe answer cannot be read: {told}"
        )
    else:
        print(f"{name}: correct")


def decide(name, **options):
    """Print which option of a prediction came out, such as "prediction 3-1: b".

    name: the prediction's number, as the text has it. options: a, b, c, …, in this order, and whether
    each is what was measured. Raises ValueError unless exactly one of at least two is.
    """
    if not re.fullmatch(r"(0|[1-9]\d?)-[1-9]\d?", str(name)):
        raise bad_value("name", name, 'a prediction such as "3-1"', '"3-1" 같은 예측 번호')
    letters = "abcdefgh"[: len(options)]
    if len(options) < 2 or "".join(options) != letters:
        came = ", ".join(options) or "none"
        raise bad_value("options", came, "a, b, … in this order", "a, b, …를 이 차례로")
    came_out = []
    for letter, measured in options.items():
        if np.ndim(measured) or np.asarray(measured).dtype.kind != "b":
            raise bad_value(letter, measured, "True or False", "True 또는 False")
        if measured:
            came_out.append(letter)
    if len(came_out) != 1:
        came = ", ".join(came_out) or "none"
        raise bad_value(
            "options", f"{came} of {letters}", "exactly one that is true", "꼭 하나만 참인 선택지"
        )
    print(f"prediction {name}: {came_out[0]}")


def find(name):
    """Return the check function of an exercise; ValueError for an unknown one."""
    # The name decides which file to look into; where there is none, the sentence below says so.
    chapter = re.match(r"\d\d(?=-)", str(name))
    if chapter and importlib.util.find_spec(f"cnnbook.check.ch{chapter[0]}"):
        importlib.import_module(f"cnnbook.check.ch{chapter[0]}")
    if name not in _CHECKS:
        raise bad_value("name", name, 'an exercise such as "03-1"', '"03-1" 같은 연습 번호')
    return _CHECKS[name]


def as_number(answer):
    """Return a single number as a float; a hint for anything else."""
    array = _real_numbers(answer)
    if array is None or array.size != 1:
        raise Wrong(
            f"wanted one number, got {answer!r}", f"수 하나가 필요합니다. 받은 값: {answer!r}"
        )
    return array.item()


def as_array(answer, shape):
    """Return an array of numbers of exactly this shape; a hint for anything else."""
    array = _real_numbers(answer)
    if array is None:
        raise Wrong("wanted an array of numbers", "수로 된 배열이 필요합니다.")
    if array.shape != shape:
        raise Wrong(
            f"wanted shape {shape}, got {array.shape}",
            f"배열의 모양이 {shape}이어야 합니다. 받은 모양: {array.shape}",
        )
    return array


def as_letters(answer):
    """Return the letters of an answer in capitals: "BDA" of text such as "b → d → a", or of a list.

    What an input method or a copy puts there counts too: wide letters, quotes, invisible spaces. A
    part that is no text is "0", which is no letter.
    """
    if isinstance(answer, np.ndarray):
        answer = answer.tolist()
    if isinstance(answer, (list, tuple)):
        return "".join(map(as_letters, answer))
    if isinstance(answer, bytes):
        answer = answer.decode("latin-1")
    text = unicodedata.normalize("NFKC", answer) if isinstance(answer, str) else "0"
    return re.sub(r"[\W_]+", "", text).upper()


def not_known(is_it, *known, about=None):
    """Raise Wrong with the hint of the first of the plausible wrong answers that was given.

    Every table of such answers is told by this, so that all read alike and the first row wins.
    is_it: a function that says of such an answer whether it is what the reader gave (in a loop a
    functools.partial: ruff refuses a lambda that uses the loop's variables). known: (wrong answer,
    its hint in English, in Korean), …; about: which of several answers, in both languages.
    """
    for other, english, korean in known:
        if is_it(other):
            if about:
                english, korean = f"{about[0]}: {english}", f"{about[1]}: {korean}"
            raise Wrong(english, korean)


def same_shape(answer, wanted, *known, about):
    """Raise Wrong unless the answer is the shape `wanted`, four numbers.

    known, about: as of `not_known`; about says whose shape it is.
    """
    given = tuple(as_array(answer, (4,)).tolist())
    not_known(lambda other: given == other, *known, about=about)
    if given != wanted:
        raise Wrong(
            f"{about[0]}: compare each number with the meaning of its axis",
            f"{about[1]}: 네 수를 축의 뜻과 하나씩 견주어 봅니다.",
        )


def _real_numbers(answer):
    """Return the answer as an array of floats, or None: text, complex numbers, ragged lists …"""
    try:
        array = np.asarray(answer)
        return array.astype(float) if array.dtype.kind in "biufO" else None
    except (TypeError, ValueError, OverflowError):
        return None


def call(answer, *arguments):
    """Call the reader's function; a hint if it is none or fails.

    Arrays and lists arrive as arrays of their own, which the function may change. All else, numbers
    above all, arrives as it is: an array of one number is no size, stride or count to NumPy and Keras.
    """
    if not callable(answer):
        raise Wrong(
            "pass the function itself, without brackets", "함수 이름을 괄호 없이 넘겨야 합니다."
        )
    try:
        return answer(*(np.array(a) if isinstance(a, (np.ndarray, list)) else a for a in arguments))
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise Wrong(
            f"your function stopped with {told}", f"함수가 실행 중에 멈췄습니다. {told}"
        ) from None
