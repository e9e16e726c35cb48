"""Error sentences: they name the argument, what came and what was wanted, in Korean and in English."""

import numpy as np


def bad_value(argument, came, wanted, wanted_ko):
    """Build the ValueError that every function of the package raises for an argument it cannot use.

    `argument` is the parameter's name, `came` what was passed (shown with repr unless it is a
    string already made for reading), `wanted` and `wanted_ko` the same phrase in both languages.
    """
    shown = came if isinstance(came, str) else repr(came)
    return ValueError(
        f"{argument}: got {shown}, wanted {wanted}.\n"
        f"{argument}: 받은 값은 {shown}입니다. 필요한 값: {wanted_ko}."
    )


def real_array(argument, value):
    """Return a value as an array of real numbers; ValueError for anything else.

    Masked values are refused: NumPy's own conversion would count what lies below the mask.
    """
    if np.ma.is_masked(value):
        wanted = "an array without a mask, such as array.filled(0)", "마스크가 없는 배열"
        raise bad_value(argument, "an array with masked values", *wanted)
    try:
        array = np.asarray(value)
    except ValueError as error:
        wanted = "rows of equal length", "길이가 같은 행으로 된 배열"
        raise bad_value(argument, f"something that is not an array ({error})", *wanted) from None
    if array.dtype.kind not in "fiub":
        raise bad_value(argument, f"type {array.dtype}", "real numbers", "실수 또는 정수 배열")
    return array
