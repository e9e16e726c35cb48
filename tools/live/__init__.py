"""Pages that run: what `make book LIVE=1` adds to the built book."""


class Unavailable(RuntimeError):
    """What pages that run are made of cannot be had on this machine now; the sentences say why."""

    def __init__(self, *sentences):
        super().__init__("\n".join(filter(None, sentences)))
