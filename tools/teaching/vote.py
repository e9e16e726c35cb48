"""Make a page for the projector: the questions that a class votes on, one a screen.

Usage:  python -m tools.teaching.vote [CHAPTER …] [--dest DIR] [--language en]      (make vote ARGS=03)

The page is one HTML file that needs no network and no built book. Arrow keys, or the PageUp and
PageDown of a presenter, go from question to question; Enter opens and closes the answer. On paper, and in
the PDF beside it, a question is a card of half a page, without its answer.
"""

import argparse
import pathlib
import sys

from tools import ROOT
from tools.editions import EDITIONS
from tools.teaching import add_language, ending, pdf, voting

STYLES = """\
header p { margin: 0; }
section { break-inside: avoid; }
h2 { margin: 0; }
ol { list-style: lower-alpha; padding-left: 1.6em; }
li { margin: .3em 0; padding: .1em .3em; }
details[open] { border-top: 1px solid; margin-top: 1em; }
summary { cursor: pointer; width: max-content; }
code, pre { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9em; }
@media screen {
  body { margin: 0 auto; padding: 2vh 4vw; max-width: 60em; line-height: 1.45;
    font-size: clamp(1.1rem, 1.2vw + 1.5vh, 2.6rem); color: #111; background: #fff; }
  header { font-size: .5em; color: #444; display: flex; gap: 1em; justify-content: space-between; }
  h1 { font-size: 1em; margin: 0; }
  h2 { font-size: 1em; margin-top: .5em; }
  .one section:not(.now), .one summary { display: none; }
  section:has(details[open]) .right { background: #d6f0dc; font-weight: 700; }
  nav { font-size: .5em; display: flex; gap: 1em; margin-top: 1.5em; }
  nav button { font: inherit; padding: .4em 1em; min-height: 2.75rem; }
}
@media print {
  @page { size: A4; margin: 12mm; }
  header, nav, details { display: none; }
  section { height: 128mm; margin: 0 0 6mm; padding: 6mm; box-sizing: border-box;
    border: 1px dashed #666; font-size: 14pt; overflow: hidden; }
  section :is(p, pre, ol, ul) { margin: .5em 0; }
}"""
SCRIPT = """\
const cards = [...document.querySelectorAll("section")];
const [back, open, on] = document.querySelectorAll("nav button");
let at = 0;
function show(number) {
  at = Math.max(0, Math.min(number, cards.length - 1));
  cards.forEach((card, place) => card.classList.toggle("now", place === at));
  back.disabled = at === 0;
  on.disabled = at === cards.length - 1;
  scrollTo(0, 0);
}
function reveal() {
  const answer = cards[at].querySelector("details");
  answer.open = !answer.open;
  if (answer.open) answer.scrollIntoView({ block: "nearest" });
}
back.onclick = () => show(at - 1);
open.onclick = reveal;
on.onclick = () => show(at + 1);
addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const step = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key];
  if (step) show(at + step);
  else if (event.key === "Enter" && !event.target.closest("button, summary")) reveal();
  else return;
  event.preventDefault();
});
document.body.classList.add("one");
document.querySelector("nav").hidden = false;
show(0);"""


def card(question, edition):
    """Return the HTML of a question with its options, and its answer, closed."""
    words, letters = edition.words["voting"], question.letters
    return (
        f"<section>\n<h2>{words['question'].format(question.name)}</h2>\n"
        f"{voting.asked(question, letters, True)}\n<details><summary>{words['show']}</summary>\n"
        f"{voting.answer(question, letters)}</details>\n</section>"
    )


def page(chapter, edition):
    """Return the HTML of a chapter's questions, a screen each."""
    words = edition.words["voting"]
    buttons = "".join(
        f'<button type="button">{words[name]}</button>' for name in ("back", "show", "on")
    )
    cards = [card(question, edition) for question in voting.questions(chapter, edition)]
    return edition.template(
        "sheet.html",
        title=words["title"],
        whose=voting.title(chapter, edition),
        note=words["keys"],
        styles=STYLES,
        exercises="\n".join([*cards, f"<nav hidden>{buttons}</nav>", f"<script>{SCRIPT}</script>"]),
    )


def main(arguments):
    parser = argparse.ArgumentParser(prog="vote", description=__doc__.partition("\n")[0])
    parser.add_argument("chapters", nargs="*", type=int, metavar="CHAPTER", help="default: all")
    parser.add_argument("--dest", metavar="DIR", help="default: _build/vote")
    add_language(parser)
    chosen = parser.parse_args(arguments)
    edition = EDITIONS[chosen.language]
    dest = pathlib.Path(chosen.dest).expanduser() if chosen.dest else ROOT / "_build" / "vote"
    known = voting.chapters(edition)
    if unknown := set(chosen.chapters) - set(known):
        parser.error(f"no questions for chapter {min(unknown)}; there are some for {known}")
    pdf.write(
        {
            dest / f"vote-{chapter:02d}{ending(edition)}.html": page(chapter, edition)
            for chapter in chosen.chapters or known
        }
    )


if __name__ == "__main__":
    main(sys.argv[1:])
