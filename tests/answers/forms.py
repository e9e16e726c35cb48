"""Right answers in the forms that a reader's cell may come up with."""

import fractions

import numpy as np


def forms_of(number):
    """One number in the forms that a cell may come up with."""
    return [
        number,
        float(number),
        fractions.Fraction(number),
        [number],
        (number,),
        np.int32(number),
        np.float32(number),
        np.array(number),
        np.array([[number]], np.float64),
        np.array(number, object),
    ]


def shaped(answer, *types):
    """One array in the forms that a cell may come up with."""
    return [answer, np.array(answer).tolist(), *(np.array(answer, type) for type in types)]
