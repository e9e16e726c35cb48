// <practice-drills>: a drill is drawn, answered and checked, with the worked steps; and reviewed, spaced
// by Leitner boxes that the device keeps.
cnnlab.practice = (() => {
  const { CHAPTERS, NAMES, cells, sha256 } = cnnlab.drills;

  // ---- what a reader writes ----

  const DIGITS = "영일이삼사오육칠팔구";
  const korean = (word) => { // 삼십이 is 32, 일공 is 10
    let [whole, part, digit] = [0, 0, null];
    for (const letter of word.replaceAll("공", "영")) {
      const unit = { 십: 10, 백: 100, 천: 1000 }[letter];
      if (letter === "만") [whole, part, digit] = [(part + (digit ?? 0) || 1) * 10000, 0, null];
      else if (unit) [part, digit] = [part + (digit ?? 1) * unit, null];
      else digit = (digit ?? 0) * 10 + DIGITS.indexOf(letter);
    }
    return String(whole + part + (digit ?? 0));
  };

  // The numbers that a text may mean: [{n, d, places}], places being its decimals; 1,728 may mean two.
  // [] is no number, null nothing written.
  const read = (text) => {
    const plain = text.replace(/[½⅓⅔¼¾⅕-⅞]/g, " $&").normalize("NFKC") // fullwidth, fractions in one letter
      .replace(/[−–—‒﹣]/g, "-").replace(/[⁄∕÷]/g, "/").replace(/[영공일이삼사오육칠팔구십백천만]+/g, korean).trim()
      .replace(/(\d)\s*[a-z가-힣]+\.?$/i, "$1") // 12칸, 12 cells
      .replace(/\s*([-+/.,%])\s*/g, "$1").replace(/^\+/, "");
    if (!plain) return null;
    if (plain.length > 24) return [];
    const [, sign, mixed, above, below] = /^(-?)(?:(\d+) )?(\d+)\/(\d+)$/.exec(plain) ?? [];
    if (above !== undefined) {
      const d = BigInt(below);
      const n = BigInt(mixed ?? 0) * d + BigInt(above);
      return d ? [{ n: sign ? -n : n, d, places: 0 }] : [];
    }
    const found = [];
    const add = (number, percent) => {
      const [, sign, whole, places = ""] = /^(-?)(\d*)\.?(\d*)$/.exec(number);
      const n = BigInt(sign + (whole + places || "0"));
      found.push({ n, d: 10n ** BigInt(places.length + (percent ? 2 : 0)), places: places.length + (percent ? 2 : 0) });
    };
    const [, number, percent] = /^(.*?)(%?)$/.exec(plain);
    if (/^-?(\d+[.,]?\d*|[.,]\d+)$/.test(number)) add(number.replace(",", "."), percent);
    const grouped = /^-?[1-9]\d{0,2}([, ]\d{3})(\1|[, ]\d{3})*(\.\d*)?$/;
    if (grouped.test(number)) add(number.replace(/[, ]/g, ""), percent);
    return found;
  };

  // "right"; "rough" where three decimals would do; "wrong". A decimal may be cut off or rounded.
  const compare = (numbers, [n, d]) => {
    const verdicts = numbers.map((one) => {
      const off = one.n * BigInt(d) - BigInt(n) * one.d;
      if (off === 0n) return "right";
      const near = one.places && (off < 0n ? -off : off) < BigInt(d);
      return near ? (one.places >= 3 ? "right" : "rough") : "wrong";
    });
    return ["right", "rough"].find((verdict) => verdicts.includes(verdict)) ?? "wrong";
  };

  // written: {label: texts in order}. Returns {right, open, states: {label: [...]}, why}: open where
  // something is still to be written, why are the slips that explain every wrong number of a label.
  const judge = (task, written) => {
    const [states, why] = [{}, []];
    for (const [label, values] of Object.entries(task.answers)) {
      const numbers = written[label].map(read);
      const state = cells(values).map((right, i) => (!numbers[i] ? "empty" : numbers[i].length ? compare(numbers[i], right) : "unread"));
      states[label] = state;
      if (!state.includes("wrong")) continue;
      const slip = task.slips.find((slip) => slip.label === label && state.every((one, i) => one !== "wrong" || compare(numbers[i], slip.wrong[i]) === "right"));
      if (slip && !why.includes(slip.why)) why.push(slip.why);
    }
    const all = Object.values(states).flat();
    return { states, why, right: all.every((one) => one === "right"), open: ["unread", "empty", "rough"].find((one) => all.includes(one)) };
  };

  // ---- review: five boxes; from box b on a drill waits 2 ** (b - 1) - 1 days ----
  // A progress is {upTo: the last chapter asked about, seen: {drill: {box, due}}}; days are counted.

  const wait = (box) => 2 ** (box - 1) - 1;
  const answered = (seen, drill, right, today) => {
    const { box, due } = seen[drill] ?? { box: 1, due: today };
    if (right && due > today) return seen; // practiced before its day: nothing is gained
    const next = right ? Math.min(box + 1, 5) : 1;
    return { ...seen, [drill]: { box: next, due: today + wait(next) } };
  };

  const scope = (upTo) => NAMES.filter((name) => CHAPTERS[name] <= upTo).sort((a, b) => CHAPTERS[a] - CHAPTERS[b]);

  // The next drill: what is due, the longest first; then a new one, in the book's order; null where
  // nothing is due. ahead: then whatever is due next. Not the last one again where there is another.
  const pick = ({ upTo, seen }, today, last, ahead) => {
    const known = scope(upTo);
    const old = known.filter((name) => seen[name]).sort((a, b) => seen[a].due - seen[b].due || seen[a].box - seen[b].box);
    const due = [...old.filter((name) => seen[name].due <= today), ...known.filter((name) => !seen[name])];
    const from = due.length || !ahead ? due : old;
    return from.find((name) => name !== last) ?? from[0] ?? null;
  };

  // ---- the code that carries a progress to another device, which storage keeps too ----
  // Version, last chapter, day in three letters, a letter for each drill (0: new; else 2 ** (box - 1) +
  // days to wait), four letters that check the rest. No letter looks like another.

  const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const check = (body) => {
    const [word] = sha256(body);
    return [27, 22, 17, 12].map((shift) => LETTERS[(word >>> shift) & 31]).join("");
  };
  const encode = ({ upTo, seen }, today) => {
    const states = NAMES.map((name) => (seen[name] ? wait(seen[name].box) + 1 + Math.min(Math.max(seen[name].due - today, 0), wait(seen[name].box)) : 0));
    const body = [1, upTo, today >> 10, (today >> 5) & 31, today & 31, ...states].map((n) => LETTERS[n]).join("");
    return (body + check(body)).match(/.{1,4}/g).join(" ");
  };
  // The progress, or the word for what is wrong with the code.
  const decode = (code) => {
    const plain = code.normalize("NFKC").toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
    if (!plain) return "empty";
    if ([...plain].some((letter) => !LETTERS.includes(letter))) return "letters";
    if (plain.length < 10) return "short";
    const body = plain.slice(0, -4);
    if (check(body) !== plain.slice(-4)) return "check";
    const [version, upTo, a, b, c, ...states] = [...body].map((letter) => LETTERS.indexOf(letter));
    if (version !== 1 || states.length > NAMES.length) return "version";
    const day = (a << 10) | (b << 5) | c;
    const seen = {};
    states.forEach((state, i) => {
      if (!state) return;
      const box = 32 - Math.clz32(state);
      seen[NAMES[i]] = { box, due: day + state - 2 ** (box - 1) };
    });
    return { upTo: Math.max(upTo, 1), seen };
  };

  return { answered, check, compare, decode, encode, judge, pick, read, scope };
})();

(() => {
  if (!globalThis.customElements) return; // bare V8
  const { CHAPTERS, NAMES, draw, rowsOf, say } = cnnlab.drills;
  const { answered, decode, encode, judge, pick, scope } = cnnlab.practice;
  const text = (key, values) => cnnlab.text(`practice.${key}`, values);
  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes))
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== false) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  const PARTS = [1, 8, 14, 18]; // the first chapter of each
  const KEY = "cnnbook-practice";
  const SIGN = { right: "✓", wrong: "✗" };
  const lastChapter = () => Math.max(...Object.values(CHAPTERS));
  const today = () => Math.floor((Date.now() - new Date().getTimezoneOffset() * 60000) / 86400000);

  // What the device keeps; where it may not (all site data blocked, a sandboxed frame), the page forgets.
  const keep = (code) => {
    try {
      localStorage.setItem(KEY, code);
      return true;
    } catch {
      return false;
    }
  };
  const kept = () => {
    try {
      return localStorage.getItem(KEY) ?? "";
    } catch {
      return "";
    }
  };

  // ---- a task on the page ----

  // A table of numbers, or of boxes for them: made(y, x) gives a cell's child.
  const grid = (label, values, made) => {
    const rows = rowsOf(values);
    const names = ["boxes", "layers", "devices"].includes(label) ? text(`columns.${label}`).split("|") : rows[0].map((_, x) => x);
    const head = (y) => (names[0] === 0 ? y : text(`rows.${label}`).split("|")[y]);
    const sided = Array.isArray(values[0]);
    const top = element("tr", {}, ...(sided ? [element("td")] : []), ...names.map((name) => element("th", { scope: "col" }, String(name))));
    const table = element("table", {}, element("caption", {}, text(`label.${label}`)),
      ...(Array.isArray(values) ? [element("thead", {}, top)] : []),
      element("tbody", {}, ...rows.map((row, y) => element("tr", {},
        ...(sided ? [element("th", { scope: "row" }, String(head(y)))] : []), ...row.map((x, i) => element("td", {}, made(x, y, i)))))));
    table.className = names[0] === 0 ? "lab-practice-numbers" : "lab-practice-named";
    return table;
  };

  // The chapter that explains a drill, with a link where the book's contents have one.
  const chapterLink = (chapter) => {
    const there = document.querySelector(`nav a[href^="${String(chapter).padStart(2, "0")}-"]`);
    return element(there ? "a" : "span", { class: "lab-note", href: there?.getAttribute("href") ?? false }, text("chapter", { chapter }));
  };

  // The nodes of a task: its title, question and numbers, and a table of boxes for each answer.
  const posed = (task) => {
    const { drill, seed, given = {}, told = {}, answers } = task;
    const boxes = {};
    const cell = (label, values) => (_, y, x) => {
      const place = Array.isArray(values[0]) ? "cell" : Array.isArray(values) ? "place" : "one";
      const box = element("input", { type: "text", size: 6, autocomplete: "off", spellcheck: "false", maxlength: 30,
        inputmode: task.counts ? "numeric" : "text", "aria-label": text(`box.${place}`, { label: text(`label.${label}`), row: y, column: x }) });
      (boxes[label] ??= []).push(box);
      return box;
    };
    const number = element("a", { href: `#${drill}-${seed}`, class: "lab-practice-seed" }, `${drill}-${seed}`);
    const nodes = [
      element("p", { class: "lab-practice-title" }, element("strong", {}, text(`${drill}.title`)), " ", chapterLink(task.chapter)),
      element("p", {}, text(`${drill}.text`, told)),
      element("div", { class: "lab-practice-row" }, ...Object.entries(given).map(([label, values]) => grid(label, values, say))),
      element("div", { class: "lab-practice-row lab-practice-asked" }, ...Object.entries(answers).map(([label, values]) => grid(label, values, cell(label, values)))),
    ];
    const line = element("p", { class: "lab-note" }, text("number"), " ", number);
    return { nodes, boxes, line };
  };

  class PracticeDrills extends HTMLElement {
    connectedCallback() {
      if (this.main) return; // moved within the page
      this.classList.add("lab-widget", "lab-practice");
      this.#load();
      this.#build();
      this.#address() || this.next();
      addEventListener("hashchange", () => this.#address());
      addEventListener("storage", ({ key }) => key === KEY && (this.#load(), this.#report()));
      addEventListener("beforeprint", () => this.#print());
    }

    #load() {
      const found = decode(kept());
      this.progress = typeof found === "string" ? { upTo: lastChapter(), seen: {} } : found;
    }

    #save() {
      this.forgets = !keep(encode(this.progress, today()));
      this.#report();
    }

    #build() {
      // No form: a sandboxed frame may not submit one.
      this.main = element("div", { class: "lab-practice-task", onkeydown: (event) => {
        if (event.key !== "Enter" || event.isComposing || event.target.localName !== "input") return;
        event.preventDefault(); // or the button that gets the focus would be pressed
        this.check();
      } });
      this.boxes = element("p", { class: "lab-note" });
      this.warning = element("p", { class: "lab-note" });
      const chapters = [...new Set(Object.values(CHAPTERS))].sort((a, b) => a - b);
      const option = (chapter) => element("option", { value: chapter }, text("upTo.chapter", { chapter }));
      this.select = element("select", { onchange: () => this.#limit(Number(this.select.value)) }, ...PARTS.map((first, i) =>
        element("optgroup", { label: text("part", { part: i + 1 }) }, ...chapters.filter((c) => c >= first && c < (PARTS[i + 1] ?? Infinity)).map(option))));

      const line = (label, input, ...buttons) => element("p", { class: "lab-buttons" }, element("label", {}, label, " ", input), ...buttons);
      const button = (key, onclick) => element("button", { type: "button", onclick }, text(key));
      this.code = element("input", { readonly: "", class: "lab-practice-code", onfocus: () => this.code.select() });
      const entry = element("input", { class: "lab-practice-code", autocomplete: "off", spellcheck: "false" });
      const wanted = element("input", { autocomplete: "off", spellcheck: "false", placeholder: "output_size-7" });
      this.said = element("p", { role: "status" });
      const reset = button("reset", () => {
        if (reset.dataset.sure) {
          this.progress = { ...this.progress, seen: {} };
          this.#save();
          this.said.textContent = text("reset.done");
        }
        reset.textContent = text(reset.dataset.sure ? "reset" : "reset.sure");
        reset.dataset.sure = reset.dataset.sure ? "" : "yes";
      });
      reset.addEventListener("blur", () => ((reset.textContent = text("reset")), (reset.dataset.sure = "")));
      this.replaceChildren(
        element("p", { class: "lab-buttons lab-practice-head" }, element("label", {}, text("upTo"), " ", this.select)),
        this.main, this.boxes, this.warning,
        element("details", { class: "lab-practice-more" }, element("summary", {}, text("more")),
          line(text("open"), wanted, button("open.button", () => {
            if (!this.#open(wanted.value.trim())) this.said.textContent = text("open.unknown");
          })),
          line(text("code"), this.code), line(text("code.enter"), entry, button("code.button", () => {
            const found = decode(entry.value);
            this.said.textContent = typeof found === "string" ? text(`code.${found}`) : text("code.done");
            entry.setAttribute("aria-invalid", String(typeof found === "string"));
            if (typeof found === "string") return;
            this.progress = found;
            this.#save();
            this.next();
          })),
          element("p", { class: "lab-buttons" }, reset), this.said),
        (this.sheet = element("div", { class: "lab-practice-sheet" })),
      );
      this.#report();
    }

    // How many drills lie in each box, and whether the device keeps it.
    #report() {
      const { upTo, seen } = this.progress;
      const known = scope(upTo);
      this.select.value = Math.max(...known.map((name) => CHAPTERS[name]));
      const count = (box) => known.filter((name) => (seen[name]?.box ?? 0) === box).length;
      const due = known.filter((name) => (seen[name]?.due ?? 0) <= today()).length;
      this.boxes.textContent = text("boxes", { due, fresh: count(0), counts: [1, 2, 3, 4, 5].map(count).join(" · ") });
      this.warning.textContent = this.forgets ? text("forgets") : "";
      this.code.value = encode(this.progress, today());
    }

    #limit(upTo) {
      this.progress = { ...this.progress, upTo };
      this.#save();
      if (!this.task || CHAPTERS[this.task.drill] > upTo) this.next();
    }

    #address() {
      return this.#open(location.hash.slice(1));
    }

    // Show the task of a number such as output_size-7; false where there is none.
    #open(number) {
      const [, drill, seed] = /^(\w+)-(\d{1,9})$/.exec(number) ?? [];
      if (!NAMES.includes(drill)) return false;
      this.show(drill, Number(seed));
      return true;
    }

    // ---- asking and checking ----

    next(ahead = this.ahead) {
      this.ahead = ahead;
      const drill = pick(this.progress, today(), this.task?.drill, ahead);
      if (drill) return this.show(drill, 1 + Math.floor(Math.random() * 9999));
      const days = Math.min(...scope(this.progress.upTo).map((name) => this.progress.seen[name].due)) - today();
      this.task = null;
      this.main.replaceChildren(
        element("p", { role: "status" }, text("done", { days })),
        element("p", { class: "lab-buttons" }, element("button", { type: "button", class: "lab-primary", onclick: () => this.next(true) }, text("ahead"))));
    }

    show(drill, seed) {
      this.task = draw(drill, seed);
      this.marked = false;
      this.solved = false;
      const { nodes, boxes, line } = posed(this.task);
      this.inputs = boxes;
      this.status = element("div", { role: "status", class: "lab-practice-said" });
      this.steps = element("div", { class: "lab-practice-steps", tabindex: "-1" });
      const button = (key, onclick) => element("button", { type: "button", onclick }, text(key));
      this.buttons = {
        check: button("check", () => this.check()),
        show: button("show", () => this.#explain(true)),
        again: button("again", () => (this.show(drill, seed + 1), this.#focus())),
        next: button("next", () => (this.next(), this.#focus())),
      };
      this.buttons.check.className = "lab-primary";
      this.main.replaceChildren(...nodes, ...(this.task.counts ? [] : [element("p", { class: "lab-note" }, text("how"))]),
        element("p", { class: "lab-buttons" }, ...Object.values(this.buttons)), this.status, this.steps, line);
    }

    #focus() {
      this.main.querySelector("input, button")?.focus();
    }

    // The first answer counts; a box that is empty, no number, or too short a decimal is no answer yet.
    #mark(right) {
      if (this.marked) return;
      this.marked = true;
      this.progress = { ...this.progress, seen: answered(this.progress.seen, this.task.drill, right, today()) };
      this.#save();
    }

    check() {
      const written = Object.fromEntries(Object.entries(this.inputs).map(([label, boxes]) => [label, boxes.map((box) => box.value)]));
      const { states, why, right, open } = judge(this.task, written);
      const said = [];
      let first = null;
      for (const [label, boxes] of Object.entries(this.inputs)) boxes.forEach((box, i) => {
        const state = states[label][i];
        const bad = open ? state === open : state === "wrong";
        first ??= bad ? box : null;
        box.setAttribute("aria-invalid", String(bad));
        box.parentElement.dataset.sign = open ? "" : SIGN[state];
      });
      const all = Object.values(states).flat();
      if (!open) this.#mark(right);
      if (open) said.push(text(`write.${open}`));
      else if (right) said.push(text("right"), this.#outlook());
      else said.push(text("wrong", { wrong: all.filter((one) => one === "wrong").length, all: all.length }), ...why.map((one) => text(`slip.${one}`)));
      this.status.replaceChildren(...said.map((sentence) => element("p", {}, sentence)));
      this.status.dataset.right = String(right);
      if (right) {
        this.#explain(false);
        this.buttons.next.focus();
      } else first?.focus();
    }

    // When the drill is asked again.
    #outlook() {
      const { box, due } = this.progress.seen[this.task.drill] ?? { box: 1, due: today() };
      return due > today() ? text("later", { box, days: due - today() }) : text("soon");
    }

    #explain(asked) {
      if (asked) this.#mark(false); // who has read the answer has not remembered it
      const lines = this.task.steps.flatMap(([why, arithmetic]) => [
        ...(why ? [element("dt", {}, text(`step.${why}`))] : []), element("dd", {}, arithmetic)]);
      this.steps.replaceChildren(element("p", {}, element("strong", {}, text("steps"))), element("dl", {}, ...lines));
      this.buttons.show.hidden = true;
      if (asked) this.steps.focus();
    }

    // On paper: a task of each drill up to the chapter, with empty boxes and their numbers.
    #print() {
      const seed = this.task?.seed ?? 1;
      this.sheet.replaceChildren(...scope(this.progress.upTo).map((drill) => {
        const { nodes, line } = posed(draw(drill, seed));
        return element("section", {}, ...nodes, line);
      }));
    }
  }

  customElements.define("practice-drills", PracticeDrills);
})();
