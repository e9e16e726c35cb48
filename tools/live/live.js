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
  // One at a time is asked for; the answer is {ready}, {ended, well} or {failed}.
  let worker, answered;
  const ask = (what) => new Promise((answer) => {
    answered = answer;
    worker.postMessage(what);
  });
  let show; // takes what the running cell shows
  const start = async () => {
    worker?.terminate();
    const source = URL.createObjectURL(new Blob([bytes["worker.js"]], { type: "text/javascript" }));
    worker = new Worker(source);
    worker.onmessage = ({ data }) => (data.output ? show(data.output) : answered(data));
    worker.onerror = (event) => {
      event.preventDefault();
      answered({ failed: event.message || "Worker" }); // where a page may start none, no message says why
    };
    const { "worker.js": _, ...rest } = bytes;
    const { failed } = await ask({ start: { files: rest, packages } });
    URL.revokeObjectURL(source);
    if (failed) throw new Error(failed);
  };

  // The keyboard reaches an output that scrolls sideways, as book.js does for the book's own.
  const reachable = new ResizeObserver((boxes) => {
    for (const { target } of boxes) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
  });

  // --- a cell ----------------------------------------------------------------------------------------
  const MUCH = 100_000; // letters of one cell's output that a page shows
  class Cell {
    constructor(element, number) {
      Object.assign(this, { element, number, id: element.dataset.cell, ran: undefined });
      this.input = element.querySelector(".cell_input");
      this.code = this.input.querySelector("div[class*=highlight-]");
      this.output = element.querySelector(":scope > .cell_output");
      this.book = { source: this.code.querySelector("pre").textContent.replace(/\n$/, ""), output: [...this.output?.childNodes ?? []] };
      this.key = `live ${chapter} ${this.id}`;
    }

    // Turn the code into an editor, with what the reader has written before.
    open(next) {
      let kept;
      try { kept = JSON.parse(localStorage.getItem(this.key)); } catch { /* not ours */ }
      const text = kept?.of === this.book.source ? kept.text : this.book.source;
      this.place = made("div", { className: "live-code highlight" });
      this.run = made("button", { type: "button", className: "live-run", textContent: words.run });
      this.run.setAttribute("aria-label", said("run_cell", this.number));
      this.restore = made("button", { type: "button", className: "live-restore", textContent: words.restore });
      this.restore.setAttribute("aria-label", said("restore_cell", this.number));
      this.status = made("span", { className: "live-status" });
      this.status.setAttribute("role", "status");
      this.tools = made("div", { className: "live-tools" }, this.run, this.restore, this.status);
      this.input.append(this.place, this.tools);
      this.code.hidden = true;
      this.editor = cnnbookEditor({
        parent: this.place, text, label: said("code", this.number), words,
        run: () => chain(() => run(this)), next: () => next(this),
        changed: () => this.keep(),
      });
      this.run.addEventListener("click", () => chain(() => run(this)));
      this.restore.addEventListener("click", () => {
        this.editor.setText(this.book.source);
        this.editor.focus();
      });
      this.keep();
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

    // An output that a prediction keeps closed stays closed: it opens when the reader has chosen.
    clear() {
      if (!this.output) {
        this.output = made("div", { className: "cell_output docutils container" });
        this.element.append(this.output);
      }
      this.output.replaceChildren();
      this.letters = 0;
      this.shown = undefined;
    }

    show(output) {
      const { output_type: type, data, text } = output;
      if (data?.["image/png"]) return this.picture(data["image/png"]);
      if (type === "error") return this.print(output.traceback[0], "live-error");
      this.print(text ?? data["text/plain"], type === "stream" ? "stream" : "text_plain");
    }

    // As in Jupyter, a carriage return begins the line anew. Colors of a terminal are left out.
    print(text, kind) {
      if (this.letters > MUCH) return;
      text = text.replace(/\x1b\[[\d;]*[A-Za-z]/g, "");
      this.letters += text.length;
      if (this.letters > MUCH) text = `${text.slice(0, MUCH)}\n${words.long}`;
      if (this.shown?.kind !== "stream" || kind !== "stream") {
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

    // The book's words for a figure hold for a figure of the book's code alone.
    picture(base64) {
      const image = made("img", { src: `data:image/png;base64,${base64}` });
      const number = this.output.querySelectorAll("img").length;
      const before = this.book.output.flatMap((node) => [...node.querySelectorAll?.("img") ?? []])[number];
      image.alt = (!this.changed && before?.alt) || said("figure", this.number);
      this.output.append(made("a", { className: "enlarge", href: image.src }, image));
      this.shown = undefined;
    }

    reset() {
      this.ran = undefined;
      this.status.textContent = "";
      if (this.changed) this.editor.setText(this.book.source);
      if (this.output) this.output.replaceChildren(...this.book.output);
    }
  }

  // --- a run -----------------------------------------------------------------------------------------
  const cells = [...document.querySelectorAll("[data-cell]:not([data-stored])")].map(
    (element) => new Cell(element, Number(element.dataset.number)),
  );
  let queue = Promise.resolve(), busy = false, generation = 0;
  // What is pressed while a cell runs waits for its turn, which does not come after a stop.
  const chain = (task) => {
    const mine = generation;
    queue = queue.then(() => mine === generation && task());
  };

  // Run a cell, and first those above it that have not run as they stand.
  const run = async (wanted) => {
    const place = cells.indexOf(wanted), mine = generation;
    const due = cells.slice(0, place).filter((cell) => cell.ran !== cell.editor.text());
    busy = true;
    bar.update();
    // One that stops with an error does not keep those below from running: most need none of its names.
    const failed = [];
    for (const [count, cell] of [...due, wanted].entries()) {
      if (mine !== generation) return;
      bar.say(said("running", cell.number, due.length - count));
      if (!(await once(cell)) && cell !== wanted) failed.push(cell.number);
    }
    if (mine !== generation) return;
    if (failed.length) wanted.status.append(` ${said("above", failed.join(", "))}`);
    busy = false;
    bar.update();
    bar.say(words.ready_again);
  };

  const once = async (cell) => {
    const source = cell.editor.text(), begun = performance.now();
    cell.status.textContent = words.runs;
    cell.element.classList.add("live-busy");
    cell.clear();
    show = (output) => cell.show(output);
    const mine = generation;
    const { well, failed } = await ask({ run: cell.number, source, name: said("code", cell.number) });
    if (mine !== generation) return false;
    cell.element.classList.remove("live-busy");
    if (failed) { // Python itself ended: out of memory, above all
      cell.print(failed, "live-error");
      cell.status.textContent = words.error;
      await again();
      return false;
    }
    cell.ran = well ? source : undefined;
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    cell.status.textContent = cell.output.hidden ? words.choose : well ? said("ran", seconds) : words.error;
    if (!cell.output.childNodes.length) cell.output.remove(), (cell.output = undefined);
    return well;
  };

  // End Python and start it anew: no name is left. Whoever asks meanwhile waits for the same start.
  let starting;
  const again = () => {
    generation += 1;
    return (starting ??= anew().finally(() => (starting = undefined)));
  };
  const anew = async () => {
    for (const cell of cells) {
      cell.ran = undefined;
      cell.element.classList.remove("live-busy");
    }
    answered?.({ well: false });
    bar.say(words.starting);
    busy = true;
    bar.update();
    try {
      await start();
      bar.say(words.stopped);
    } catch (error) {
      bar.say(said("broken", error.message));
    }
    busy = false;
    bar.update();
  };

  const stop = () => {
    const running = cells.find((cell) => cell.element.classList.contains("live-busy"));
    if (running) running.status.textContent = words.stopped_cell;
    return (queue = again());
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
      this.all = button("run_all", () => chain(() => run(cells.at(-1))));
      this.stop = button("stop", stop);
      this.reset = button("reset", () => {
        const changed = cells.filter((cell) => cell.changed).length;
        if (changed && !confirm(said("discard", changed))) return;
        for (const cell of cells) cell.reset();
        stop().then(() => this.say(words.was_reset));
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
      await start();
    } catch (error) {
      bar.place.remove();
      button.hidden = false;
      button.focus();
      problem.textContent = said("broken", error.message);
      return;
    }
    const next = (cell) => cells[cells.indexOf(cell) + 1]?.editor.focus();
    for (const cell of cells) cell.open(next);
    bar.meter.remove();
    bar.tools.hidden = false;
    bar.update();
    bar.say(cells.some((cell) => cell.changed) ? words.kept : words.ready);
    document.documentElement.classList.add("live-ready");
  };

  for (const element of document.querySelectorAll("[data-stored]")) {
    const colab = document.querySelector("a[href*='colab.research.google.com']")?.href;
    const note = made("p", { className: "live-stored" }, words.stored, " ");
    if (colab) note.append(made("a", { href: colab, textContent: words.colab }));
    element.querySelector(".cell_input").append(note);
  }
  const button = card.querySelector("button"), problem = made("p");
  problem.setAttribute("role", "alert");
  card.append(problem);
  card.hidden = false;
  button.addEventListener("click", begin);
}
