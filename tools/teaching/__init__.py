"""For teachers: a classroom's folder, calculation sheets, slides, the printed book."""

from tools.editions import EDITIONS, SOURCE


def add_language(parser):
    """Let a command be told which edition it works for."""
    parser.add_argument(
        "--language",
        choices=EDITIONS,
        default=SOURCE.language,
        help=f"the edition's (default: {SOURCE.language})",
    )


def ending(edition):
    """Return what the names of an edition's files end in, so that none hides another edition's."""
    return "" if edition.is_source else f"-{edition.language}"
