// Python in a worker of its own: an endless loop stops the cell, never the page. What the page sends:
// {start: {files: {name: bytes}, packages: [name, …]}}, then {run: id, source, name, fresh}, fresh where no
// name of an earlier cell may be left. What comes back:
// {ready: true}, {output, run: id}, {ended: id, well}, {failed: text}. To stop, the page ends the worker.
{
  const files = new Map();
  const named = (address) => decodeURIComponent(String(address).split(/[?#]/)[0].split("/").at(-1));
  const KINDS = { wasm: "application/wasm", json: "application/json", js: "text/javascript" };
  const blob = (name) => {
    if (!files.has(name)) throw new Error(`${name} is not among the page's files`);
    return new Blob([files.get(name)], { type: KINDS[name.split(".").at(-1)] ?? "application/octet-stream" });
  };

  // Whatever Pyodide loads, it loads from the bytes that the page has given. Nothing else is asked.
  self.fetch = async (address) => {
    const content = blob(named(address.url ?? address));
    return new Response(content, { status: 200, headers: { "Content-Type": content.type } });
  };
  const include = self.importScripts;
  self.importScripts = (...addresses) => {
    for (const address of addresses) {
      const here = URL.createObjectURL(blob(named(address)));
      include.call(self, here);
      URL.revokeObjectURL(here);
    }
  };

  let python;
  const start = async ({ packages }) => {
    self.importScripts("pyodide.js");
    const pyodide = await self.loadPyodide({ indexURL: "https://page.invalid/", packages, checkIntegrity: false });
    pyodide.unpackArchive(files.get("book.zip"), "zip", { extractDir: "/book" });
    pyodide.globals.set("send", (output, run) => postMessage({ output: JSON.parse(output), run }));
    python = pyodide.runPython(`
import json, sys, warnings
sys.path[:0] = ["/book"]
# SciPy 1.14 says this of a call that is right; the book's own SciPy says nothing.
warnings.filterwarnings("ignore", "The behavior of affine_transform")
from inpage import runner, standin
standin.install()
running = page = None
def run_cell(number, source, name, fresh):
    global running, page
    running = number
    if fresh or not page:
        page = runner.Runner(lambda output: send(json.dumps(output), running))
        page.shows_figures()
    return page.run(source, name)
run_cell`);
    files.clear(); // what is unpacked needs no second copy
  };

  self.onmessage = async ({ data }) => {
    try {
      if (data.start) {
        for (const [name, bytes] of Object.entries(data.start.files)) files.set(name, bytes);
        await start(data.start);
        postMessage({ ready: true });
      } else postMessage({ ended: data.run, well: python(data.run, data.source, data.name, Boolean(data.fresh)) });
    } catch (error) {
      postMessage({ failed: String(error?.message ?? error) });
    }
  };
}
