"""Exercise checks: `check("03-1", answer)` prints whether the answer is right, or what is wrong.

The checks of chapter NN stand in cnnbook/check/chNN.py. Each is a function of the answer that
returns when the answer is right and raises `Wrong` with a hint in English and in Korean. A check
accepts every right answer, in whatever form (a list, another number type, another way to code it).
"""

import contextlib
import importlib
import numbers

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
    else:
        print(f"{name}: correct")


def find(name):
    """Return the check function of an exercise; ValueError for an unknown one."""
    chapter = str(name).partition("-")[0]
    if len(chapter) == 2 and chapter.isdecimal():
        # Where there is no such chapter, the sentence below says so.
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(f"cnnbook.check.ch{chapter}")
    if name not in _CHECKS:
        raise bad_value("name", name, 'an exercise such as "03-1"', '"03-1" 같은 연습 번호')
    return _CHECKS[name]


def as_number(answer):
    """Return a single number as a float; a hint for anything else."""
    value = np.asarray(answer) if not callable(answer) else None
    if (
        value is None
        or value.size != 1
        or not isinstance(value.reshape(-1)[0].item(), numbers.Real)
    ):
        raise Wrong(
            f"wanted one number, got {answer!r}", f"수 하나가 필요합니다. 받은 값: {answer!r}"
        )
    return float(value.reshape(-1)[0])


def as_array(answer, shape):
    """Return an array of numbers of exactly this shape; a hint for anything else."""
    try:
        array = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise Wrong("wanted an array of numbers", "수로 된 배열이 필요합니다.") from None
    if array.shape != shape:
        raise Wrong(
            f"wanted shape {shape}, got {array.shape}",
            f"배열의 모양이 {shape}이어야 합니다. 받은 모양: {array.shape}",
        )
    return array


def call(answer, *arguments):
    """Call the reader's function on copies of the arguments; a hint if it is none or fails."""
    if not callable(answer):
        raise Wrong(
            "pass the function itself, without brackets", "함수 이름을 괄호 없이 넘겨야 합니다."
        )
    try:
        return answer(*(np.array(argument) for argument in arguments))
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise Wrong(
            f"your function stopped with {told}", f"함수가 실행 중에 멈췄습니다. {told}"
        ) from None
