"""Run a chapter's cells one by one, as Jupyter does, and say what each shows.

Outputs are nbformat's, as dicts: what a page and a test read, whoever ran the cell.
"""

import ast
import builtins
import contextlib
import linecache
import os
import re
import sys
import time
import traceback

# Seconds and letters after which what a cell has printed so far is shown.
_PAUSE, _MUCH = 0.1, 1 << 14


class Runner:
    """The names of one run of a chapter. emit: takes an output, such as {"output_type": "stream", …}."""

    def __init__(self, emit):
        self._emit = emit
        self._printed = _Printed(emit)
        self._cells = 0
        self.names = {"__name__": "__main__", "__builtins__": builtins, "display": self._display}
        os.environ["MPLBACKEND"] = f"module://{__package__}.figures"

    def run(self, source, name):
        """Run a cell and emit its outputs; return whether it ended without an exception.

        The last expression's value is shown unless a semicolon follows. name: of the cell, for
        tracebacks. An interruption (KeyboardInterrupt) is an exception like others.
        """
        self._cells += 1
        file = f"<{name}, run {self._cells}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        try:
            with contextlib.redirect_stdout(self._printed):
                value = self._value(source, file)
                if value is not None:
                    self._show_value(value)
                self._show_figures()
        except BaseException as error:
            self._printed.send()
            with contextlib.suppress(Exception):
                self._show_figures()
            self._emit(_told(error, file))
            return False
        self._printed.send()
        return True

    def _value(self, source, file):
        tree = ast.parse(without_magics(source), file)
        last = tree.body[-1] if tree.body else None
        shown = isinstance(last, ast.Expr) and not _ends_in_semicolon(source)
        if shown:
            tree.body.pop()
        exec(compile(tree, file, "exec"), self.names)
        return (
            eval(compile(ast.Expression(last.value), file, "eval"), self.names) if shown else None
        )

    def _show_value(self, value):
        self.names["_"] = value
        data = {"text/plain": repr(value)}
        self._printed.send()
        self._emit({"output_type": "execute_result", "data": data, "metadata": {}})

    def _display(self, *values):
        for value in values:
            self._printed.send()
            data = {"text/plain": repr(value)}
            self._emit({"output_type": "display_data", "data": data, "metadata": {}})

    def _show_figures(self):
        if figures := sys.modules.get(f"{__package__}.figures"):
            figures.show()

    def shows_figures(self):
        """Let figures come to this run, in the order of what is printed."""
        from . import figures

        def emit(output):
            self._printed.send()
            self._emit(output)

        figures.emit = emit


class _Printed:
    """The cell's standard output, sent on in pieces: a print a letter must not flood a page."""

    encoding = "utf-8"

    def __init__(self, emit):
        self._emit, self._pieces, self._size, self._sent = emit, [], 0, time.monotonic()

    def write(self, text):
        self._pieces.append(text)
        self._size += len(text)
        if self._size > _MUCH or time.monotonic() - self._sent > _PAUSE:
            self.send()
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False

    def send(self):
        if text := "".join(self._pieces):
            self._emit({"output_type": "stream", "name": "stdout", "text": text})
        self._pieces, self._size, self._sent = [], 0, time.monotonic()


def without_magics(source):
    """Return the source with Jupyter's own commands made Python: they say that a page has none."""

    def said(line):
        told = f"{line[2].split()[0]} works in Jupyter alone, not in a page"
        return f"{line[1]}raise NotImplementedError({told!r})"

    try:
        ast.parse(source)  # a % may begin the second line of a calculation
        return source
    except SyntaxError:
        return re.sub(r"^([ \t]*)([%!].*)$", said, source, flags=re.M)


def _ends_in_semicolon(source):
    code = source.rstrip()
    last = ast.parse(without_magics(source)).body[-1]
    after = code.splitlines()[last.end_lineno - 1 :]
    rest = after[0].encode()[last.end_col_offset :].decode() if after else ""
    return rest.lstrip().startswith(";")


def _told(error, file):
    """Return an exception as an output: its traceback begins in the cell, as in Jupyter."""
    frames = traceback.extract_tb(error.__traceback__)
    first = next((i for i, frame in enumerate(frames) if frame.filename == file), len(frames))
    told = traceback.TracebackException.from_exception(error, compact=True)
    told.stack = traceback.StackSummary.from_list(told.stack[first:])
    lines = "".join(told.format()).rstrip("\n")
    return {
        "output_type": "error",
        "ename": type(error).__name__,
        "evalue": str(error),
        "traceback": [lines],
    }
