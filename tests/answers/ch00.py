"""Right and wrong answers to the exercises of chapter 00."""

import numpy as np
from answers.forms import forms_of

ANSWERS = {
    "00-1": (
        [*forms_of(5), np.mean([2, 4, 9])],
        [(15, "that is the sum"), (4, "divide by 3"), (7.5, "divide by 3"), (-5, "divide by 3")],
    ),
}
