"""Build the book: every edition, strictly, each into a folder of its own, and a front door.

Usage:  python -m tools.build [LANGUAGE] [--output DIR]          (make book; make book LIVE=1)

An edition is built in _build/<language>/ and laid into _build/html/<language>/. There
_build/html/index.html leads to each without a script. Before there were two, the pages lay where
that door is: each old address leads on to the source's page. With LIVE=1 in the environment,
chapters 1 to 8 run in the page (tools/live). The one _config.yml and the one
_toc.yml become an edition's own here, with its words.toml.
"""

import argparse
import concurrent.futures
import html
import os
import pathlib
import shutil
import subprocess
import sys

import yaml

from tools import ROOT
from tools.editions import EDITIONS, SOURCE, pages

BUILD = ROOT / "_build"


def configuration(edition):
    """Return the book's configuration for an edition: a dict that Jupyter Book reads."""
    words = edition.words
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    config["title"] = words["title"]
    config["repository"]["path_to_book"] = f"book/{edition.language}"
    config["sphinx"]["config"] |= {
        "language": edition.language,
        "nb_code_prompt_show": words["page"]["show_code"],
        "nb_code_prompt_hide": words["page"]["hide_code"],
        "edition_pages": edition.pages and list(edition.pages),
    }
    return config


def contents(edition):
    """Return the table of contents of an edition: its own captions, and no page that it lacks."""
    table = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    for part in table["parts"]:
        part["caption"] = edition.words["captions"][part["caption"]]
        part["chapters"] = [page for page in part["chapters"] if edition.has(page["file"])]
    table["parts"] = [part for part in table["parts"] if part["chapters"]]
    return table if table["parts"] else {key: table[key] for key in ("format", "root")}


def build_edition(edition, output=BUILD, builder="html"):
    """Build one edition into output/<language>/html; return whether it was done without a warning.

    builder: "linkcheck" asks for every address on the web instead, and leaves linkcheck/output.txt.
    """
    from jupyter_book.sphinx import build_sphinx

    folder = output / edition.language
    # Sphinx takes a page that an interrupted build cut off for finished: begin anew after one.
    unfinished = folder / "unfinished"
    if unfinished.exists():
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    for name, value in (("config", configuration(edition)), ("toc", contents(edition))):
        text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
        (folder / f"_{name}.yml").write_text(text, encoding="utf-8")
    status = build_sphinx(
        edition.folder,
        folder / builder,
        builder=builder,
        path_config=folder / "_config.yml",
        confoverrides={
            "external_toc_path": (folder / "_toc.yml").as_posix(),
            "latex_individualpages": False,  # build_sphinx asks for it
            "nitpicky": True,
        },
        use_external_toc=True,
        noconfig=True,
        warningiserror=True,
        keep_going=True,
        quiet=True,
    )
    if status == 0:  # an exception is a status too
        unfinished.unlink()
    return status == 0


def build(output=BUILD):
    """Build all editions, two at a time, and what stands above them; return whether all was well."""

    def separately(edition):  # Sphinx keeps much in its modules
        command = [sys.executable, "-m", "tools.build", edition.language, "--output", str(output)]
        return subprocess.run(command, cwd=ROOT).returncode == 0

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        if not all(list(pool.map(separately, EDITIONS.values()))):
            return False
    put_together(output)
    return not live() or let_run(output / "html")


def live():
    """Tell whether pages that run are asked for: $LIVE is set, and not to 0."""
    return os.environ.get("LIVE", "0") not in ("", "0")


def let_run(html):
    """Let chapters run in their pages; where that cannot be, say why, and return False."""
    from tools.live import Unavailable, pages

    try:
        pages.add(html)
    except Unavailable as problem:
        print(problem, file=sys.stderr)
        return False
    return True


# --- what stands above the editions --------------------------------------------------------------

DOOR = """<!doctype html>
<html lang="{source}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{alternates}
<style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 40rem; margin: 12vh auto; padding: 0 1.2rem; line-height: 1.6;
  font-family: Pretendard, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR",
  "Noto Sans CJK KR", system-ui, sans-serif; word-break: keep-all; }}
section {{ margin: 2.5rem 0; }}
h1 {{ font-size: 1.6rem; margin: 0 0 .3rem; }}
p {{ margin: .3rem 0; }}
a {{ display: inline-block; margin-top: .5rem; padding: .6rem 1.2rem; border-radius: .4rem;
  background: #1b5fab; color: #fff; text-decoration: none; }}
a:focus-visible {{ outline: 3px solid; outline-offset: 2px; }}
</style>
<main>
{editions}
</main>
</html>
"""
ENTRY = """<section lang="{language}">
<h1>{title}</h1>
<p>{about}</p>
<p><a href="{language}/index.html" hreflang="{language}">{enter}</a></p>
</section>"""
# The script only carries a heading's address along, which a plain redirection drops.
MOVED = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<title>{title}</title>
<link rel="canonical" href="{address}">
<script>location.replace("{address}" + location.search + location.hash)</script>
<meta http-equiv="refresh" content="0; url={address}">
<p><a href="{address}">{title}</a></p>
</html>
"""


def put_together(output):
    """Lay the editions into output/html, beside a front door and a page at each old address."""
    door = output / "html"
    shutil.rmtree(door, ignore_errors=True)  # of the last build, or of a book with one edition
    for language in EDITIONS:
        shutil.copytree(output / language / "html", door / language)
    for name, text in front_door().items():
        (door / name).write_text(text, encoding="utf-8")


def front_door():
    """Return {file name: text}: index.html, which leads to every edition, and the old addresses."""
    shown = {
        language: {key: html.escape(edition.words[key]) for key in ("title", "enter")}
        | {"about": html.escape(edition.words["enter_about"]), "language": language}
        for language, edition in EDITIONS.items()
    }
    door = DOOR.format(
        source=SOURCE.language,
        title=" · ".join(words["title"] for words in shown.values()),
        alternates="\n".join(
            f'<link rel="alternate" hreflang="{language}" href="{language}/index.html">'
            for language in shown
        ),
        editions="\n".join(ENTRY.format(**words) for words in shown.values()),
    )
    written = {"index.html": door}
    table = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    for page in [*pages(table)[1:], "search"]:
        written[f"{page}.html"] = MOVED.format(
            language=SOURCE.language,
            title=html.escape(SOURCE.words["title"]),
            address=f"{SOURCE.language}/{page}.html",
        )
    return written


def main(arguments):
    parser = argparse.ArgumentParser(prog="build", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "language", nargs="?", choices=EDITIONS, help="default: all, and the front door"
    )
    parser.add_argument("--output", type=pathlib.Path, default=BUILD, help="default: _build")
    parser.add_argument("--builder", choices=["html", "linkcheck"], default="html")
    chosen = parser.parse_args(arguments)
    output = chosen.output.resolve()
    if not chosen.language and chosen.builder != "html":
        parser.error(f"--builder {chosen.builder} needs a language")
    one = EDITIONS.get(chosen.language)
    sys.exit(not (build_edition(one, output, chosen.builder) if one else build(output)))


if __name__ == "__main__":
    main(sys.argv[1:])
