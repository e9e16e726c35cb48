"""What the book itself costs, as make bench measures it: verification, build, pages.

The results are kept in data/speed.json, with the day and the machine, and stand on the page on the
book's state (tools/status_page.py). A measurement that breaks off leaves the last one as it was.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import yaml

from cnnbook import REPEATABLE
from cnnbook._files import replacing
from tools import ROOT, browser, status_page
from tools.editions import SOURCE
from tools.editions import pages as pages_of

RECORD = ROOT / "data" / "speed.json"
CHAPTERS = SOURCE.folder
WORKERS = 2  # as make test


def record(name, entry):
    """Put one measurement into the record, in one step, and write the page that shows it."""
    known = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    known[name] = {"date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(), **entry}
    with replacing(RECORD) as file:
        file.write((json.dumps(known, indent=1, sort_keys=True) + "\n").encode())
    status_page.write()


# --- verification ---------------------------------------------------------------------------------


def verification():
    """Time what comparing every output adds to running the notebooks."""
    notebooks = sorted(CHAPTERS.glob("[!.]*.ipynb"))
    clean = {name: value for name, value in os.environ.items() if name not in REPEATABLE}
    seconds = {}

    def timed(name, work):
        print(f"{name}: {len(notebooks)} notebooks, {WORKERS} at a time …", flush=True)
        begun = time.perf_counter()
        work()
        seconds[name] = round(time.perf_counter() - begun)

    def execute(notebook):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(notebook, folder)
            command = [
                sys.executable,
                "-m",
                "jupyter",
                "execute",
                pathlib.Path(folder, notebook.name),
            ]
            subprocess.run(command, env=clean, check=True, capture_output=True)

    def plain():
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(execute, notebooks))

    def verified():
        command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-n", str(WORKERS), *notebooks]
        subprocess.run(command, cwd=ROOT, env=clean, check=True, capture_output=True)

    timed("plain", plain)
    timed("verified", verified)
    record("verification", {**seconds, "notebooks": len(notebooks), "workers": WORKERS})
    added = seconds["verified"] / seconds["plain"] - 1
    print(f"plain {seconds['plain']} s, verified {seconds['verified']} s: {added:+.0%}")


# --- the pages ------------------------------------------------------------------------------------

# As Jupyter Book builds unasked, but for MathJax: the line of this measurement leads to one host only,
# so the script that a stock page fetches from elsewhere lies beside the pages.
STOCK = """title: stock
execute: {execute_notebooks: "off"}
sphinx: {extra_extensions: [sphinx-mathjax-offline]}
parse: {myst_enable_extensions: [amsmath, dollarmath]}
only_build_toc_files: true
"""
STOCK_BUILD = [
    "-c",
    "import sys; from jupyter_book.cli.main import main; sys.exit(main())",
    "build",
]
SLOW_LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 90_000,
}
FIGURE = """() => {
    const figure = document.querySelector(".cell_output img");
    return figure?.complete && figure.naturalWidth ? performance.now() : 0;
}"""


def pages():
    """Build the book and its notebooks as a stock Jupyter Book; open both over a slow line."""
    with tempfile.TemporaryDirectory() as folder:
        ours, stock = pathlib.Path(folder, "ours"), pathlib.Path(folder, "stock")
        chapters = stock_source(stock / "source")
        seconds = {
            "ours": built(["-m", "tools.build", SOURCE.language, "--output", ours]),
            "stock": built([*STOCK_BUILD, stock / "source", "--path-output", stock]),
        }
        print(f"built from nothing: ours {seconds['ours']} s, stock {seconds['stock']} s")
        print(f"over a slow line ({SLOW_LINE}), until the first figure stands")
        print("(in brackets: the whole page); bytes beside the figures:")
        print(f"{'':22}{'ours':>27}{'stock':>27}")
        visits = {}
        with (
            browser.started() as chromium,
            browser.serving(ours / "html" / SOURCE.language) as own,
            browser.serving(stock / "_build" / "html") as other,
        ):
            for stem in chapters:
                visits[stem] = {
                    "ours": visited(chromium, own, stem),
                    "stock": visited(chromium, other, stem),
                }
                print(f"{stem:22}" + "".join(map(described, visits[stem].values())), flush=True)
    record("build", seconds)
    record("pages", {"line": SLOW_LINE, "visits": visits})
    for what in ("bytes", "seconds", "whole"):
        ratios = sorted(visit["stock"][what] / visit["ours"][what] for visit in visits.values())
        middle = statistics.median(ratios)
        print(f"stock / ours, {what}: {ratios[0]:.1f} to {ratios[-1]:.1f}, median {middle:.1f}")


def described(visit):
    first, whole = visit["bytes"] / 1000, visit["whole"] / 1000
    return f"{first:8,.0f} kB{visit['seconds']:5.1f} s ({whole:6,.0f})"


def built(command):
    """Build a book where nothing has been built; return the seconds."""
    begun = time.perf_counter()
    environment = {**os.environ, "PYTHONUTF8": "1"}
    subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    return round(time.perf_counter() - begun)


def stock_source(folder):
    """Lay out the same chapters for Jupyter Book unasked; return those that show a figure."""
    folder.mkdir(parents=True)
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    stems = [name for name in pages_of(toc) if (CHAPTERS / f"{name}.ipynb").exists()]
    for stem in stems:
        shutil.copy(CHAPTERS / f"{stem}.ipynb", folder)
    (folder / "_config.yml").write_text(STOCK)
    first, *rest = stems
    lines = "".join(f"- file: {stem}\n" for stem in rest)
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: {first}\nchapters:\n{lines}")
    return [
        stem for stem in stems if '"image/png"' in (folder / f"{stem}.ipynb").read_text("utf-8")
    ]


def visited(chromium, address, stem):
    """Visit a page for the first time; return its bytes beside the figures, and the seconds.

    bytes and seconds: until the first figure stands. whole: the bytes of the page when all has come.
    """
    urls, sizes = {}, collections.Counter()

    def asked(event):
        urls[event["requestId"]] = event["request"]["url"]

    def came(event):
        sizes[event["requestId"]] += event["encodedDataLength"]

    def finished(event):  # with what the parts left out
        sizes[event["requestId"]] = event["encodedDataLength"]

    context = chromium.new_context()  # with nothing kept from another visit
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW_LINE)
    line.on("Network.requestWillBeSent", asked)
    line.on("Network.dataReceived", came)
    line.on("Network.loadingFinished", finished)
    page.route(lambda url: not url.startswith(address), lambda route: route.abort())
    page.goto(f"{address}/{stem}.html", wait_until="commit")
    seen = page.wait_for_function(FIGURE, timeout=120_000).json_value()
    first = beside_figures(urls, sizes)
    page.wait_for_load_state("networkidle", timeout=120_000)
    whole = beside_figures(urls, sizes)
    context.close()
    return {"bytes": first, "seconds": round(seen / 1000, 1), "whole": whole}


def beside_figures(urls, sizes):
    return sum(size for number, size in sizes.items() if "/_images/" not in urls[number])
