"""Run a chapter's cells one by one, as Jupyter does, and say what each shows.

Outputs are nbformat's, as dicts: what a page and a test read, whoever ran the cell.
"""

import ast
import base64
import builtins
import contextlib
import io
import linecache
import os
import re
import sys
import time
import traceback
import types

# Seconds and letters after which what a cell has printed so far is shown.
_PAUSE, _MUCH = 0.1, 1 << 14


class Runner:
    """The names of one run of a chapter. emit: takes an output, such as {"output_type": "stream", …}."""

    def __init__(self, emit):
        self._emit = emit
        self._printed = _Printed(emit)
        self._cells = 0
        # What looks a class or a test up by the name of its module (pickle, doctest) finds it.
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        self.names = vars(main)
        self.names |= {"__builtins__": builtins, "display": self._display, "input": _input}
        os.environ["MPLBACKEND"] = f"module://{__package__}.figures"

    def run(self, source, name):
        """Run a cell and emit its outputs; return whether it ended without an exception.

        The last expression's value is shown unless a semicolon follows. name: of the cell, for
        tracebacks. An interruption (KeyboardInterrupt) is an exception like others.
        """
        self._cells += 1
        file = f"<{name}, run {self._cells}>"
        linecache.cache[file] = (len(source), None, list(io.StringIO(source)), file)
        try:
            with (
                contextlib.redirect_stdout(self._printed.stdout),
                contextlib.redirect_stderr(self._printed.stderr),
            ):
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
        tree = _parsed(source, file)
        last = tree.body[-1] if tree.body else None
        shown = isinstance(last, ast.Expr) and not _semicolon_follows(last, source)
        if shown:
            tree.body.pop()
        exec(compile(tree, file, "exec"), self.names)
        return (
            eval(compile(ast.Expression(last.value), file, "eval"), self.names) if shown else None
        )

    def _show_value(self, value):
        self.names["_"] = value
        data = _data(value)
        self._printed.send()
        self._emit({"output_type": "execute_result", "data": data, "metadata": {}})

    def _display(self, *values):
        for value in values:
            data = _data(value)
            self._printed.send()
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
    """What the cell prints, sent on in pieces: a print a letter must not flood a page."""

    def __init__(self, emit):
        self._emit, self._name = emit, None
        self._pieces, self._size, self._sent = [], 0, time.monotonic()
        self.stdout, self.stderr = _Stream(self, "stdout"), _Stream(self, "stderr")

    def write(self, name, text):
        if name != self._name:
            self.send()
            self._name = name
        self._pieces.append(text)
        self._size += len(text)
        if self._size > _MUCH or time.monotonic() - self._sent > _PAUSE:
            self.send()

    def send(self):
        if text := "".join(self._pieces):
            self._emit({"output_type": "stream", "name": self._name, "text": text})
        self._pieces, self._size, self._sent = [], 0, time.monotonic()


class _Stream(io.TextIOBase):
    """sys.stdout or sys.stderr of a cell."""

    encoding = "utf-8"

    def __init__(self, printed, name):
        self._printed, self.name = printed, name

    def writable(self):
        return True

    def write(self, text):
        self._printed.write(self.name, text)
        return len(text)

    def flush(self):
        self._printed.send()


def _input(prompt=""):
    raise NotImplementedError("input() works in Jupyter alone, not in a page")


def _data(value):
    """Return what Jupyter shows of a value, as nbformat's data: its text, and its picture if it has one."""
    data = {"text/plain": repr(value)}
    picture = getattr(type(value), "_repr_png_", None)  # Pillow's pictures, Matplotlib's figures
    if picture and (content := picture(value)):
        data["image/png"] = base64.b64encode(content).decode()
    return data


def _parsed(source, file):
    """Return a cell's tree. Jupyter's own commands are made Python: they say that a page has none."""

    def said(line):
        indent, command = line[1], line[2]
        if command.split() == ["%matplotlib", "inline"]:
            return f"{indent}pass"  # so it is
        told = f"{command.split()[0]} works in Jupyter alone, not in a page"
        return f"{indent}raise NotImplementedError({told!r})"

    try:
        return ast.parse(source, file)  # a % may begin the second line of a calculation
    except SyntaxError as error:
        commands = r"^([ \t]*)([%!?].*|[\w.]+\?+[ \t]*)$"
        try:
            return ast.parse(re.sub(commands, said, source, flags=re.M), file)
        except SyntaxError:
            raise error from None


def _semicolon_follows(last, source):
    line = source.split("\n")[last.end_lineno - 1].encode()  # what splitlines() splits at is more
    return line[last.end_col_offset :].lstrip().startswith(b";")


def _told(error, file):
    """Return an exception as an output: its traceback begins in the cell, as in Jupyter."""
    frames = traceback.extract_tb(error.__traceback__)
    first = next((i for i, frame in enumerate(frames) if frame.filename == file), len(frames))
    if isinstance(error, SyntaxError) and error.filename == file and not error.text:
        error.text = linecache.getline(file, error.lineno or 0)  # compile() saw the tree alone
    told = traceback.TracebackException.from_exception(error, compact=True)
    told.stack = traceback.StackSummary.from_list(told.stack[first:])
    lines = "".join(told.format()).rstrip("\n")
    return {
        "output_type": "error",
        "ename": type(error).__name__,
        "evalue": str(told),
        "traceback": [lines],
    }
