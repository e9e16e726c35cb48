"""What runs a chapter's cells in a page, tried here in ordinary Python: which cells run, and how."""

import base64
import io
import json
import re
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
import skimage.filters
import skimage.io
from PIL import Image

from cnnbook import ops
from tools.editions import SOURCE
from tools.live import cells, pages
from tools.live.inpage import runner
from tools.live.inpage.skimage import filters
from tools.live.inpage.skimage import io as pictures

KNOWN = json.loads(cells.ANSWER.read_text("utf-8"))


@pytest.fixture
def page(monkeypatch):
    """Return a function that runs a cell and returns what it showed and whether it ended well."""
    shown = []
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # a run has its own
    before = matplotlib.get_backend()
    running = runner.Runner(shown.append)
    matplotlib.use(f"module://{runner.__package__}.figures")
    running.shows_figures()

    def run(source):
        shown.clear()
        well = running.run(source, "Code of cell 7")
        return list(shown), well

    yield run
    matplotlib.use(before)


# --- cells, one by one ---


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("1 + 1", [("execute_result", "2")]),
        ("1 + 1;", []),
        ("1 + 1  # a remark; with a semicolon", [("execute_result", "2")]),
        ("'한글;'", [("execute_result", "'한글;'")]),
        ("x = '\f\v\x85\u2028'\n'한글', x; # lines end at \\n alone", []),
        ("None", []),
        ("x = 3", []),
        ("", []),
        ("# nothing", []),
        ("print(1)\nprint(2)\n3", [("stream", "1\n2\n"), ("execute_result", "3")]),
        (
            "print('a', end='')\ndisplay(4)\nprint(5)",
            [("stream", "a"), ("display_data", "4"), ("stream", "5\n")],
        ),
        ("def f():\n    return 7\n\n\nf()", [("execute_result", "7")]),
        ("for i in range(2):\n    i", []),
    ],
)
def test_a_cell_shows_what_jupyter_would(page, source, shown):
    outputs, well = page(source)
    told = [(o["output_type"], o.get("text") or o["data"]["text/plain"]) for o in outputs]
    assert told == shown and well


def test_names_stay_from_cell_to_cell(page):
    assert page("a = 2") == ([], True)
    assert page("a * 3")[0][0]["data"]["text/plain"] == "6"
    assert page("_ + 1")[0][0]["data"]["text/plain"] == "7"


def test_figures_come_where_they_are_shown(page):
    source = "import matplotlib.pyplot as plt\nprint(1)\nplt.figure(figsize=(2, 1), dpi=50)\nplt.show()\nprint(2)"
    outputs, well = page(source + "\nplt.figure(figsize=(1, 1), dpi=50);")
    kinds = [o.get("text") or sorted(o["data"]) for o in outputs]
    assert kinds == ["1\n", ["image/png", "text/plain"], "2\n", ["image/png", "text/plain"]]
    with Image.open(io.BytesIO(base64.b64decode(outputs[1]["data"]["image/png"]))) as picture:
        assert picture.size == (100, 50)
    assert outputs[1]["data"]["text/plain"] == "<Figure size 100x50 with 0 Axes>" and well
    assert page("1")[0][0]["output_type"] == "execute_result"  # none is left open


def test_an_exception_is_told_from_the_cell_on(page):
    outputs, well = page("def f():\n    print('before')\n    return 1 / 0\n\nf()")
    assert not well and outputs[0]["text"] == "before\n"
    (told,) = outputs[1]["traceback"]
    assert outputs[1]["ename"] == "ZeroDivisionError" and outputs[1]["evalue"] == "division by zero"
    assert told.startswith("Traceback") and "runner.py" not in told
    assert 'File "<Code of cell 7, run 1>", line 5' in told and "return 1 / 0" in told


@pytest.mark.parametrize("source", ["x = (", "if True:\n1", "print 3"])
def test_code_that_is_none_is_told(page, source):
    outputs, well = page(source)
    assert not well and outputs[0]["ename"] in ("SyntaxError", "IndentationError")
    assert "runner.py" not in outputs[0]["traceback"][0]


def test_exit_and_interruption_end_the_cell_alone(page):
    assert page("raise SystemExit(3)")[0][0]["ename"] == "SystemExit"
    assert page("raise KeyboardInterrupt")[1] is False
    assert page("1")[1]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("if True:\n    %pip install numpy", "%pip"),
        ("%%time\n1", "%%time"),
        ("!ls", "!ls"),
        ("?print", "?print"),
        ("np.sum?? ", "np.sum??"),
        ("input('name? ')", "input()"),
    ],
)
def test_jupyter_s_own_commands_say_that_a_page_has_none(page, source, told):
    outputs, well = page(source)
    assert not well and outputs[0]["evalue"] == f"{told} works in Jupyter alone, not in a page"


def test_what_only_looks_like_a_command_is_python(page):
    assert page("(17\n% 5)")[0][0]["data"]["text/plain"] == "2"
    assert page("%matplotlib inline\n3")[0][0]["data"]["text/plain"] == "3"  # so it is
    (told,) = page("x = (17\n% 5")[0][0]["traceback"]
    assert "'(' was never closed" in told and "Jupyter" not in told


def test_much_output_comes_in_pieces(page):
    outputs, _ = page("for i in range(20_000):\n    print(i)")
    assert 2 < len(outputs) < 200
    assert "".join(o["text"] for o in outputs) == "".join(f"{i}\n" for i in range(20_000))


def test_both_streams_are_shown_in_their_order():
    """In a process of its own: pytest keeps warnings for itself."""
    source = """
import sys, warnings
print(1)
print(2, file=sys.stderr)
warnings.warn("careful")
sys.stdout.writelines(["3", "4"])
5 is 5
"""
    program = f"""
import json
from tools.live.inpage import runner
shown, runner._PAUSE = [], 1e9
assert runner.Runner(shown.append).run({source!r}, "Cell 7")
print(json.dumps(shown))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    *streams, value = json.loads(done.stdout)
    assert value["data"]["text/plain"] == "True" and done.stderr == b""
    assert [(o["name"], o["text"]) for o in streams] == [
        ("stdout", "1\n"),
        ("stderr", '2\n<Cell 7, run 1>:5: UserWarning: careful\n  warnings.warn("careful")\n'),
        ("stdout", "34"),
        (
            "stderr",
            '<Cell 7, run 1>:7: SyntaxWarning: "is" with a literal. Did you mean "=="?\n  5 is 5\n',
        ),
    ]


def test_what_is_flushed_is_shown_before_the_cell_goes_on(page, monkeypatch):
    monkeypatch.setattr(runner, "_PAUSE", 1e9)
    outputs, _ = page("print(1)\nprint(2, flush=True)\nprint(3)")
    assert [o["text"] for o in outputs] == ["1\n2\n", "3\n"]


def test_a_value_that_is_a_picture_shows_it(page):
    page("import matplotlib.pyplot as plt\nfrom PIL import Image")
    page("fig = plt.figure(figsize=(2, 1), dpi=50)")
    for code, size in (
        ("fig", (100, 50)),
        ("display(fig)", (100, 50)),
        ("Image.new('L', (3, 2))", (3, 2)),
    ):
        ((shown,), well) = page(code)
        with Image.open(io.BytesIO(base64.b64decode(shown["data"]["image/png"]))) as picture:
            assert picture.size == size and well
        assert shown["data"]["text/plain"].startswith("<")
    assert sorted(page("Image.Image")[0][0]["data"]) == ["text/plain"]


def test_a_figure_that_cannot_be_drawn_fails_in_its_own_cell_alone(page):
    outputs, well = page(r"import matplotlib.pyplot as plt; plt.title(r'$\frac{$');")
    assert not well and outputs[-1]["ename"] == "ValueError"
    assert [o["output_type"] for o in page("1")[0]] == ["execute_result"]


def test_what_is_defined_in_a_cell_is_found_by_its_module_s_name(page):
    page("class Mine:\n    x = 3")
    shown = page("import pickle\npickle.loads(pickle.dumps(Mine())).x")[0]
    assert shown[0]["data"]["text/plain"] == "3"
    page('def f():\n    """\n    >>> f()\n    4\n    """\n    return 4')
    shown = page("import doctest\ndoctest.testmod()")[0]
    assert shown[0]["data"]["text/plain"] == "TestResults(failed=0, attempted=1)"


def test_an_exception_that_cannot_be_told_is_told(page):
    outputs, well = page("class E(Exception):\n    def __str__(self): 1 / 0\nraise E")
    assert not well and outputs[0]["ename"] == "E"
    assert page("1")[1]


def test_a_misplaced_word_is_shown_with_its_line(page):
    (told,) = page("x = 1\nreturn x")[0][0]["traceback"]
    assert "line 2\n    return x\n" in told


# --- what stands in for packages ---


def test_tensorflow_imports_and_says_what_it_is_when_used():
    source = """
import importlib.util, sys
sys.path.insert(0, "tools/live")
from inpage import standin
standin.install()
import cnnbook, random
cnnbook.setup(7)
first = random.random()
random.seed(7)
assert first == random.random() and cnnbook.SEED == 7
import keras, tensorflow as tf
from keras import layers
from tensorflow.keras.datasets import mnist
def derive():
    class Mine(keras.Model):
        pass
uses = [
    lambda: tf.constant(3), lambda: layers.Conv2D(8, 3), lambda: tf.float32 + 1, lambda: 1 + tf.e, lambda: -tf.e,
    derive, lambda: [*tf.data], lambda: len(tf.x), lambda: tf.x[0], lambda: float(tf.x),
    lambda: isinstance(3, tf.Tensor), lambda: f"{tf.e:.2f}", lambda: bool(tf.x), lambda: tf.x > 1, lambda: __import__("numpy").array(tf.x) + 0,
]
for number, use in enumerate(uses):
    try:
        use()
    except standin.NeedsTensorFlow as error:
        assert "needs TensorFlow" in str(error) and "Colab에서" in str(error)
    else:
        raise AssertionError(number)
assert repr(tf.nn.conv2d) == "<tensorflow.nn.conv2d, which needs TensorFlow>"
"""
    subprocess.run([sys.executable, "-c", source], check=True)


def test_scikit_image_s_pictures_and_threshold(tmp_path):
    for name in ("brick.png", "camera.png", "coffee.png", "coins.png", "rocket.jpg"):
        wanted = skimage.io.imread(cells.skimage_data() / name)
        (tmp_path / name).write_bytes(pages.content_of(f"skimage/data/{name}"))
        assert np.array_equal(pictures.imread(tmp_path / name), wanted)
        if wanted.ndim == 2:
            assert filters.threshold_otsu(wanted) == skimage.filters.threshold_otsu(wanted)
    random = np.random.default_rng(0)
    for high in (1, 2, 5, 200):
        image = random.integers(0, high, (9, 11), dtype=np.uint8)
        assert filters.threshold_otsu(image) == skimage.filters.threshold_otsu(image)


def test_convolution_without_threads(monkeypatch):
    random = np.random.default_rng(0)
    images, kernels = random.normal(size=(9, 64, 64, 8)), random.normal(size=(3, 3, 8, 8))
    wanted = ops.conv2d(images, kernels)
    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.setattr(ops, "_blas_and_pool", None)
    assert np.allclose(ops.conv2d(images, kernels), wanted)


# --- chapters ---


def test_the_answer_names_chapters_and_cells_that_are_there():
    assert list(KNOWN) == [f"{number:02d}" for number in range(1, cells.LAST + 1)]
    for number, chapter in KNOWN.items():
        ids = [cell.id for cell in cells.code_cells(cells.chapters()[number])]
        assert set(chapter["stored"]) < set(ids)
        assert {"matplotlib", "numpy"} <= set(chapter["packages"]) <= set(cells.PACKAGES.values())
        assert all(pages.content_of(name) for name in chapter["data"])


@pytest.mark.parametrize("number", KNOWN)
def test_without_tensorflow_the_other_cells_show_what_is_stored(number):
    chapter, path = KNOWN[number], cells.chapters()[number]
    seen = cells.run_apart(path, chapter["stored"])
    assert seen["packages"] == chapter["packages"] and seen["data"] == chapter["data"]
    for cell in cells.code_cells(path):
        if cell.id not in chapter["stored"]:
            assert cells.differs(seen["outputs"][cell.id], cell) is None, cell.id


def test_a_page_knows_its_cells(korean):
    chapter, words = KNOWN["03"], SOURCE.words
    html = (korean / "03-convolution.html").read_text("utf-8")
    made = pages.page(html, "03", chapter, {"a": 1_600_000}, words)
    code = cells.code_cells(cells.chapters()["03"])
    for place, cell in enumerate(code, 1):
        stored = " data-stored" if cell.id in chapter["stored"] else ""
        assert f'data-cell="{cell.id}" data-number="{place}"{stored}>' in made
    assert made.count("data-cell=") == len(code)
    runs = len(code) - len(chapter["stored"])
    about = words["live"]["about"].format(count=runs, all=len(code), size=2)
    assert f"<p>{about}</p>" in made and made.count('class="live"') == 1
    with pytest.raises(RuntimeError, match="chapter 03 does not show"):
        pages.page(html.replace("conv2d", "conv3d"), "03", chapter, {"a": 1}, words)


def test_the_styles_of_a_page_that_runs_use_the_book_s_colours(root, korean):
    declared = (korean / "_static/page.css").read_text("utf-8")
    used = re.findall(r"var\((--[\w-]+)", (root / "tools/live/live.css").read_text("utf-8"))
    assert used and all(f"{name}:" in declared for name in used)
