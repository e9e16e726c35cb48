"""Execute chapters and tidy them: the one way in which stored outputs are made.

Usage:  python -m tools.run 03 [04 …]     (or: formulas, all, template)

Tidying makes a file that changes only where its content changed: cell ids that stay, no run times,
a neutral kernel name, one stream output, no bare tracebacks. The reading time is counted anew. A
notebook that fails, speaks on stderr or has a figure without alt text is left as it was.

book/outline.txt lists every cell of every notebook, so that a test sees one that vanished, or one that
became text. A run brings the notebook's lines up to date and says which cells are gone.
"""

import hashlib
import re
import sys
import time

import nbformat
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError

from cnnbook._files import replacing
from tools import editions, minutes
from tools.compare import join_streams

BOOK = editions.BOOK
CONFIG = BOOK.parent / "_config.yml"
# The first cell of every chapter. The repository's address stands in _config.yml, once.
BOOTSTRAP = """
try:
    import cnnbook
except ModuleNotFoundError:  # Colab, or this notebook by itself
    %pip install --quiet git+{repository}
    try:
        import cnnbook
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "cnnbook is not installed: connect to the network, or run `make lab` "
            "in the book's folder."
            " / cnnbook이 없습니다. 인터넷에 연결하거나, 책 폴더에서 `make lab`을 실행합니다."
        ) from None

cnnbook.setup()
""".strip()
KEPT_METADATA = ("cellView", "cnnbook", "editable", "jupyter", "mystnb", "renders", "tags")


def find(name):
    """Return the notebooks that a chapter number, an appendix, "template" or "all" stands for."""
    # The twins of other languages are not run.
    everything = sorted((BOOK / editions.SOURCE.language).glob("[!.]*.ipynb"))
    chosen = [path for path in everything if name in ("all", path.stem)]
    if re.fullmatch(r"\d\d?", name):
        chosen = [path for path in everything if path.name.startswith(f"{int(name):02d}-")]
    if name == "template":
        chosen = [BOOK / "template" / "chapter.ipynb"]
    if not chosen:
        known = ", ".join(path.name for path in everything)
        sys.exit(f"No chapter {name!r}; there are: {known}, template, all\n{name} 장이 없습니다.")
    return chosen


def bootstrap():
    """Return the source of the first cell, with the repository's address."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    return BOOTSTRAP.format(repository=config["repository"]["url"])


def write_bootstrap(notebook):
    """Bring the cell whose id is "bootstrap" up to date."""
    for cell in notebook.cells:
        if cell.get("id") == "bootstrap":
            cell.source = bootstrap()


def execute(notebook, folder):
    """Run all cells in a fresh kernel, in the notebook's own folder."""
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],  # its warning that it talks over local TCP
    )
    client.execute()
    return notebook


def tidy(notebook):
    """Make the notebook's file depend on its content alone. Tidying twice changes nothing."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"file_extension": ".py", "name": "python"},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    given, taken = {cell.get("id") for cell in notebook.cells}, set()
    for cell in notebook.cells:
        # Ids are kept once given: links and twins find cells by them.
        if not re.fullmatch(r"[a-z0-9-]{1,64}", cell.get("id", "")) or cell.id in taken:
            cell["id"] = _new_id(cell, given | taken)
        taken.add(cell.id)
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in KEPT_METADATA if key in cell.metadata}
        )
        cell.source = "\n".join(line.rstrip() for line in cell.source.strip("\n").split("\n"))
        if cell.cell_type == "code":
            cell.outputs = [_tidy_output(output) for output in join_streams(cell.outputs)]
    number = 0
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.execution_count is not None:
            number += 1
            cell.execution_count = number
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = number
    return notebook


def _new_id(cell, taken):
    words = re.findall(r"[a-z0-9]+", cell.source.lower())[:3]
    stem = "-".join([cell.cell_type[:4], *words])[:40]
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def _tidy_output(output):
    if "metadata" in output:
        output.metadata = nbformat.from_dict({})
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]  # no paths of one machine
    return output


def problems(notebook):
    """List what must not be stored: stderr, and figures nobody described."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        first_line = cell.source.partition("\n")[0]
        for output in cell.outputs:
            if output.get("name") == "stderr":
                found.append(f"stderr from the cell {first_line!r}:\n{output.text}")
            if any(kind.startswith("image/") for kind in output.get("data", {})):
                alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
                if not alt.strip():
                    found.append(
                        f"no alt text for the figure of the cell {first_line!r}: set the cell's "
                        'metadata {"mystnb": {"image": {"alt": "…"}}}'
                    )
    return found


def write(notebook, path):
    """Replace the file in one step, so that an interruption leaves the old one whole."""
    text = nbformat.writes(notebook) + "\n"
    with replacing(path) as file:
        file.write(text.encode())


def outline(notebook):
    """Return a line a cell: its id, its kind and a digest of its source."""
    return [
        f"{cell.id} {cell.cell_type} {hashlib.sha256(cell.source.encode()).hexdigest()[:12]}"
        for cell in notebook.cells
    ]


def outlines():
    """Return {notebook: its lines} as book/outline.txt holds them; notebook: "ko/03-convolution"."""
    file, found = BOOK / "outline.txt", {}
    for line in file.read_text("utf-8").splitlines() if file.is_file() else ():
        name, _, rest = line.partition(" ")
        found.setdefault(name, []).append(rest)
    return found


def write_outline(notebook, path):
    """Bring a notebook's lines in book/outline.txt up to date; return the ids of cells that are gone."""
    known, name = outlines(), f"{path.parent.name}/{path.stem}"
    lines = outline(notebook)
    here = {line.rpartition(" ")[0] for line in lines}  # id and kind
    gone = [line.split()[0] for line in known.get(name, []) if line.rpartition(" ")[0] not in here]
    known[name] = lines
    with replacing(BOOK / "outline.txt") as file:
        file.writelines(f"{n} {line}\n".encode() for n in sorted(known) for line in known[n])
    return gone


def main(names):
    if not names:
        sys.exit(__doc__)
    for path in [path for name in names for path in find(name)]:
        print(f"{path.name} …", end=" ", flush=True)
        begun = time.perf_counter()
        # nbformat.read would give random ids to cells that lack one.
        notebook = nbformat.v4.reads(path.read_text(encoding="utf-8"))
        write_bootstrap(notebook)
        try:
            execute(notebook, path.parent)
        except (CellControlSignal, DeadKernelError) as error:
            sys.exit(f"failed; the file is left as it was.\n{error}")
        if found := problems(tidy(notebook)):
            sys.exit("not stored; the file is left as it was.\n" + "\n".join(found))
        minutes.write(notebook)
        write(notebook, path)
        gone = write_outline(notebook, path)
        print(f"{time.perf_counter() - begun:.0f} s")
        if gone:
            print(f"  cells that are gone, or are of another kind now: {', '.join(gone)}")


if __name__ == "__main__":
    main(sys.argv[1:])
