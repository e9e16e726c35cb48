// A chapter that runs in the page. Nothing is loaded until the reader asks. Then its bytes come, each as
// a script (which file:// allows, too), Python starts in a worker (worker.js), and the code of every cell
// that can run becomes an editor. What a cell shows takes the place of the book's output, until a reset.
{
  const here = new URL(".", document.currentScript.src);
  const { words, chapter, files, packages } = JSON.parse(document.getElementById("live-chapter").textContent);
  const made = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const said = (key, ...values) => values.reduce((text, value) => text.replace("{}", value), words[key]);

  // --- the bytes -------------------------------------------------------------------------------------
  const bytes = {};
  globalThis.cnnbookLive = {
    give(name, text) {
      const raw = Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (letter) => letter.charCodeAt());
      bytes[name] = raw.buffer;
    },
  };
  const script = (name) => new Promise((done, failed) => {
    const element = made("script", { src: new URL(name, here) });
    element.onload = () => {
      element.remove(); // and with it its text, which is long
      done();
    };
    element.onerror = () => failed(new Error(name));
    document.head.append(element);
  });
  const megabytes = (count) => (count / 1e6).toFixed(0);
  const load = async (progress) => {
    const all = Object.values(files).reduce((sum, size) => sum + size);
    let done = 0;
    for (const [name, size] of Object.entries(files)) {
      progress(said("loading", megabytes(done), megabytes(all)), done / all);
      if (!bytes[name]) await script(`${name}.js`);
      done += size;
    }
  };

  // --- Python ----------------------------------------------------------------------------------------
  // A worker and the one answer that is waited for: {ready}, {ended, well}, {failed}, or {stopped}.
  class Python {
    constructor(show) {
      const source = URL.createObjectURL(new Blob([bytes["worker.js"]], { type: "text/javascript" }));
      this.worker = new Worker(source);
      this.worker.onmessage = ({ data }) => (data.output ? show(data.output) : this.answer(data));
      this.worker.onerror = (event) => {
        event.preventDefault();
        this.answer({ failed: event.message || "Worker" }); // where a page may start none, no message says why
      };
      const { "worker.js": _, ...rest } = bytes;
      this.ready = this.ask({ start: { files: rest, packages } }).finally(() => URL.revokeObjectURL(source));
    }
    ask(what) {
      return new Promise((answer) => {
        this.answer = answer;
        this.worker.postMessage(what);
      });
    }
    end() {
      this.worker.terminate();
      this.answer({ stopped: true });
    }
  }

  // The keyboard reaches an output that scrolls sideways, as book.js does for the book's own.
  const reachable = new ResizeObserver((boxes) => {
    for (const { target } of boxes)
      target.tabIndex = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight ? 0 : -1;
  });

  // --- a cell ----------------------------------------------------------------------------------------
  const MUCH = 100_000; // letters of one cell's output that a page shows
  class Cell {
    constructor(element) {
      this.element = element;
      this.number = Number(element.dataset.number);
      this.folded = element.classList.contains("tag_hide-cell"); // a solution: it runs when it is asked for
      this.input = element.querySelector(".cell_input");
      this.code = this.input.querySelector("div[class*=highlight-]");
      this.output = element.querySelector(".cell_output");
      this.book = { source: this.code.querySelector("pre").textContent.replace(/\n$/, ""), output: [...this.output?.childNodes ?? []] };
      this.key = `live ${chapter} ${element.dataset.cell}`;
      // What Python has run of this cell, and whether without an error; what was stopped in it.
      this.ran = this.well = this.stopped = undefined;
    }

    // Turn the code into an editor, with what the reader has written before.
    open() {
      let kept;
      try { kept = JSON.parse(localStorage.getItem(this.key)); } catch { /* not ours */ }
      const text = kept?.of === this.book.source ? kept.text : this.book.source;
      const place = made("div", { className: "live-code highlight" });
      this.run = made("button", { type: "button", className: "live-run", textContent: words.run });
      this.run.setAttribute("aria-label", said("run_cell", this.number));
      this.restore = made("button", { type: "button", className: "live-restore", textContent: words.restore });
      this.restore.setAttribute("aria-label", said("restore_cell", this.number));
      this.status = made("span", { className: "live-status" });
      this.status.setAttribute("role", "status");
      const number = made("span", { className: "live-number", textContent: said("cell", this.number) });
      this.input.append(place, made("div", { className: "live-tools" }, this.run, this.restore, this.status, number));
      this.code.hidden = true;
      this.editor = cnnbookEditor({
        parent: place, text, label: said("code", this.number), words,
        run: () => want([this]), next: () => next(this), changed: () => this.keep(),
      });
      this.run.addEventListener("click", () => want([this]));
      this.restore.addEventListener("click", () => {
        this.editor.setText(this.book.source);
        this.editor.focus();
      });
      this.keep();
    }

    get text() {
      return this.editor.text();
    }

    keep() {
      const text = this.editor?.text() ?? this.book.source;
      this.changed = text !== this.book.source;
      this.restore.hidden = !this.changed;
      try {
        if (this.changed) localStorage.setItem(this.key, JSON.stringify({ of: this.book.source, text }));
        else localStorage.removeItem(this.key);
      } catch { /* no room: it is kept until the page is left */ }
    }

    say(text, kind = "") {
      this.status.textContent = text;
      this.status.className = `live-status ${kind}`;
      for (const state of ["running", "before"]) this.element.classList.toggle(`live-${state}`, kind === state);
    }

    clear() {
      if (!this.output) {
        this.output = made("div", { className: "cell_output docutils container" });
        this.input.after(this.output); // in the fold, where there is one
      }
      this.output.replaceChildren();
      this.letters = 0;
      this.shown = undefined;
    }

    show(output) {
      const { output_type: type, data, text, name } = output;
      if (data?.["image/png"]) return this.picture(data["image/png"]);
      if (type === "error") return this.print(output.traceback[0], "live-error");
      this.print(text ?? data["text/plain"], type !== "stream" ? "text_plain" : name === "stderr" ? "stderr" : "stream");
    }

    // As in Jupyter, a carriage return begins the line anew. Colors of a terminal are left out.
    print(text, kind) {
      if (this.letters > MUCH) return;
      text = text.replace(/\x1b\[[\d;]*[A-Za-z]/g, "");
      this.letters += text.length;
      if (this.letters > MUCH) text = `${text.slice(0, MUCH)}\n${words.long}`;
      if (this.shown?.kind !== kind || !kind.startsWith("st")) {
        const pre = made("pre");
        reachable.observe(pre);
        const box = made("div", { className: `output ${kind} notranslate` }, made("div", { className: "highlight" }, pre));
        this.output.append(box);
        this.shown = { kind, pre };
      }
      const { pre } = this.shown, returns = `${pre.lastChild?.data ?? ""}${text}`.includes("\r");
      pre.append(text);
      if (!returns) return;
      const whole = pre.textContent, left = whole.replace(/[^\n]*\r(?=[^\n\r])/g, "");
      pre.textContent = left;
      this.letters -= whole.length - left.length;
    }

    // The book's words for a figure hold where nothing that it is drawn from is the reader's.
    picture(base64) {
      const image = made("img", { src: `data:image/png;base64,${base64}` });
      const number = this.output.querySelectorAll("img").length;
      const before = this.book.output.flatMap((node) => [...node.querySelectorAll?.("img") ?? []])[number];
      const mine = cells.slice(0, cells.indexOf(this) + 1).some((cell) => cell.ran !== undefined && cell.ran !== cell.book.source);
      image.alt = (!mine && before?.alt) || said("figure", this.number);
      this.output.append(made("a", { className: "enlarge", href: image.src }, image));
      this.shown = undefined;
    }

    // The book's own code ends; a reader's that was stopped may not.
    endless(source) {
      if (source !== this.book.source) this.stopped = source;
    }

    forget() {
      this.ran = this.well = undefined;
    }

    reset() {
      this.stopped = undefined;
      this.say("");
      if (this.changed) this.editor.setText(this.book.source);
      this.output?.replaceChildren(...this.book.output);
    }
  }

  // --- a run -----------------------------------------------------------------------------------------
  const cells = [...document.querySelectorAll("[data-cell]:not([data-stored])")].map((element) => new Cell(element));
  const waiting = []; // what is wanted, in the order of asking: lists of cells
  let python, running, busy = false, working;

  const want = (wanted) => {
    waiting.push(wanted);
    if (wanted.length === 1) wanted[0].say(words.waiting);
    if (!busy) working = work();
  };

  const work = async () => {
    busy = true;
    bar.update();
    while (waiting.length) await attempt(waiting.shift());
    busy = false;
    bar.update();
  };

  // Run what is wanted, and first what stands above it from the first cell on that has not run as it
  // stands: so a change counts in all that follows from it. A reader's code that was stopped is not run
  // again unasked, nor a solution. A cell that ends with an error does not keep those below from running.
  const attempt = async (wanted) => {
    const last = wanted.at(-1);
    const above = cells.slice(0, cells.indexOf(last)).filter((cell) => !cell.folded || cell.ran !== undefined || wanted.includes(cell));
    const first = wanted.length > 1 ? 0 : above.findIndex((cell) => cell.ran !== cell.text);
    const due = [...(first < 0 ? [] : above.slice(first)), last].filter((cell) => cell === last || cell.stopped !== cell.text);
    for (const cell of due) cell.say(words.waiting);
    if (!(await ready())) return void due.forEach((cell) => cell.say(""));
    for (const [count, cell] of due.entries()) {
      bar.say(said("running", cell.number, due.length - 1 - count));
      const { stopped } = await once(cell, due[0] === cells[0] && !count);
      if (stopped) return void due.slice(count + 1).forEach((cell) => cell.say(""));
    }
    const failed = above.filter((cell) => (cell.ran === cell.text && !cell.well) || cell.stopped === cell.text).map((cell) => cell.number);
    bar.say(failed.length ? said("above", failed.join(", ")) : words.ready_again);
  };

  // fresh: without any name that an earlier run has left.
  const once = async (cell, fresh) => {
    const source = cell.text, begun = performance.now();
    running = cell;
    cell.say(words.runs, "running");
    cell.clear();
    const { well, failed, stopped } = await python.ask({ run: cell.number, source, fresh, name: said("code", cell.number) });
    running = undefined;
    if (stopped) {
      cell.endless(source);
      cell.say(words.stopped_cell);
      return { stopped };
    }
    if (failed) { // Python itself ended: out of memory, above all
      cell.endless(source);
      cell.print(failed, "live-error");
      cell.say(words.error, "failed");
      anew(words.ended);
      return { stopped: true };
    }
    // What stands below was run with what this cell gave before.
    if (source !== cell.ran || fresh)
      for (const below of cells.slice(cells.indexOf(cell) + 1)) {
        if (below.ran !== undefined) below.say(words.before, "before");
        below.forget();
      }
    Object.assign(cell, { ran: source, well, stopped: undefined });
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    if (!well) cell.output.hidden = false; // a prediction does not hide an error
    cell.say(cell.output.hidden ? words.choose : well ? said("ran", seconds) : words.error, well ? "" : "failed");
    return {};
  };
  addEventListener("click", () => { // a prediction's option opens its output
    for (const cell of cells) if (cell.status?.textContent === words.choose && !cell.output.hidden) cell.say("");
  });

  // Start Python anew: no name is left. ready() waits for it, and tells whether it came.
  const anew = (afterwards) => {
    python?.end();
    for (const cell of cells) cell.forget();
    bar.say(words.starting);
    const mine = (python = new Python((output) => running?.show(output)));
    mine.ready.then(({ failed }) => {
      if (mine === python && !busy) bar.say(failed ? said("broken", failed) : afterwards);
    });
    return mine.ready;
  };
  const ready = async () => {
    const { failed, stopped } = await (python?.ready ?? anew(words.ready_again));
    if (failed) {
      python = undefined; // the next run tries again
      bar.say(said("broken", failed));
    }
    return !failed && !stopped;
  };

  const stop = (afterwards) => {
    for (const [cell] of waiting.splice(0)) cell.say("");
    anew(afterwards);
  };
  const next = (cell) => {
    const below = cells.slice(cells.indexOf(cell) + 1).find(({ input }) => !input.closest("details:not([open])"));
    below?.editor.focus();
    below?.element.scrollIntoView({ block: "nearest" });
  };

  // --- the bar ---------------------------------------------------------------------------------------
  // It stays at the bottom of the window as far as the chapter goes.
  const card = document.querySelector(".live");
  const bar = {
    place: made("div", { className: "live-bar", tabIndex: -1 }),
    say(text) { this.status.textContent = text; },
    update() {
      this.all.disabled = busy;
      this.stop.disabled = !busy;
    },
    build() {
      const button = (key, action) => {
        const element = made("button", { type: "button", textContent: words[key] });
        element.addEventListener("click", action);
        return element;
      };
      this.status = made("p", { className: "live-said" });
      this.status.setAttribute("role", "status");
      this.meter = made("progress", { max: 1, value: 0 });
      this.meter.setAttribute("aria-label", words.progress);
      this.all = button("run_all", () => want(cells));
      this.stop = button("stop", () => stop(words.stopped));
      this.reset = button("reset", async () => {
        const changed = cells.filter((cell) => cell.changed).length;
        if (changed && !confirm(said("discard", changed))) return;
        stop(words.was_reset);
        await working; // the cell that ran has then said that it was stopped
        for (const cell of cells) cell.reset();
      });
      this.tools = made("div", { className: "live-buttons", hidden: true }, this.all, this.stop, this.reset);
      this.place.replaceChildren(this.status, this.meter, this.tools);
      card.parentElement.append(this.place);
      this.place.focus({ preventScroll: true }); // the button is gone
    },
  };

  const begin = async () => {
    button.hidden = true;
    problem.textContent = "";
    bar.build();
    try {
      bar.say(words.starting);
      if (!globalThis.cnnbookEditor) await script("live-editor.js");
      await load((text, share) => {
        bar.say(text);
        bar.meter.value = share;
      });
      bar.say(words.starting);
      bar.meter.removeAttribute("value");
      const { failed } = await anew(words.starting);
      if (failed) throw new Error(failed);
    } catch (error) {
      bar.place.remove();
      button.hidden = false;
      button.focus();
      problem.textContent = said("broken", error.message);
      return;
    }
    for (const cell of cells) cell.open();
    for (const element of document.querySelectorAll("[data-stored]")) {
      const colab = document.querySelector("a[href*='colab.research.google.com']")?.href;
      const note = made("p", { className: "live-stored" }, words.stored, " ");
      if (colab) note.append(made("a", { href: colab, textContent: words.colab }));
      element.querySelector(".cell_input").append(note);
    }
    card.querySelector("p").textContent = words.ready;
    bar.meter.remove();
    bar.tools.hidden = false;
    bar.update();
    bar.say(cells.some((cell) => cell.changed) ? words.kept : words.ready_again);
    document.documentElement.classList.add("live-ready");
  };

  const button = card.querySelector("button"), problem = made("p");
  problem.setAttribute("role", "alert");
  card.append(problem);
  card.hidden = false;
  button.addEventListener("click", begin);
}
