"""A stand-in for TensorFlow and Keras, which no browser has: it imports, and whatever uses it says so.

A chapter's first cell imports TensorFlow beside NumPy; the cells that never touch it must run.
"""

import importlib.abc
import importlib.machinery
import sys
import types

ABSENT = ("keras", "tensorflow")


class NeedsTensorFlow(RuntimeError):
    """A cell used TensorFlow where there is none."""


class _Absent:
    """Whatever a module that is not there would hold. It has a name; all else raises."""

    def __init__(self, name):
        object.__setattr__(self, "_name", name)

    def __getattr__(self, name):
        # Python itself and its inspectors ask for those.
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _Absent(f"{self._name}.{name}")

    def __repr__(self):
        return f"<{self._name}, which needs TensorFlow>"


def _refuse(self, *_, **__):
    raise NeedsTensorFlow(
        f"{self._name} needs TensorFlow, which does not run in a page: open the chapter in Colab.\n"
        f"{self._name}에는 TensorFlow가 필요하며 TensorFlow는 페이지 안에서 실행되지 않습니다. 이 장을 Colab에서 엽니다."
    )


# What Python does with a value: to call it, calculate, compare, index, loop over it, derive from it …
for _name in (
    *(
        "call",
        "mro_entries",
        "iter",
        "next",
        "len",
        "getitem",
        "setitem",
        "contains",
        "enter",
        "exit",
    ),
    *(
        "add",
        "radd",
        "sub",
        "rsub",
        "mul",
        "rmul",
        "truediv",
        "rtruediv",
        "matmul",
        "rmatmul",
        "pow",
    ),
    *(
        "neg",
        "lt",
        "le",
        "gt",
        "ge",
        "array",
        "float",
        "int",
        "index",
        "bool",
        "setattr",
        "delattr",
    ),
    *("instancecheck", "subclasscheck", "format"),
):
    setattr(_Absent, f"__{_name}__", _refuse)


class _Module(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent(f"{self.__name__}.{name}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds tensorflow, keras and every module below them; their specs name no file (see setup())."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return _Module(spec.name)

    def exec_module(self, module):
        pass


def install():
    """Let `import tensorflow` and `import keras` find the stand-in, whatever is installed."""
    sys.meta_path.insert(0, _Finder())
