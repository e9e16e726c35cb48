"""Error sentences: they name the argument, what came and what was wanted, in Korean and in English."""


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
