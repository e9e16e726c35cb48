// <zip-code>: draw five digits; the network of <digit-cnn> reads them, and the zip code is named.
(() => {
  const { canvas, colours, drawn, element, letter, onTheme, paint, percent, reading, refuse, shared } = cnnlab.drawing;
  const text = (key, values) => cnnlab.text(`zip-code.${key}`, values);

  const PLACES = [1, 2, 3, 4, 5];
  const EXAMPLES = ["04524", "47545", "63122"]; // drawn one after the other
  // The first two digits of a Korean zip code since August 2015, from which on they mean a region.
  const REGIONS = [
    [1, "seoul"], [10, "gyeonggi"], [21, "incheon"], [24, "gangwon"], [27, "chungbuk"], [30, "sejong"],
    [31, "chungnam"], [34, "daejeon"], [36, "gyeongbuk"], [41, "daegu"], [44, "ulsan"], [46, "busan"],
    [50, "gyeongnam"], [54, "jeonbuk"], [57, "jeonnam"], [61, "gwangju"], [63, "jeju"], [64, null],
  ];
  const SPARE = [9, 19, 20, 60]; // a region's, but kept for later: no address has them

  const region = (prefix) => {
    const name = REGIONS.findLast(([first]) => first <= Number(prefix))?.[1];
    if (!name) return text("nowhere", { prefix });
    return text(SPARE.includes(Number(prefix)) ? "spare" : "somewhere", { prefix, region: text(`region.${name}`) });
  };

  class ZipCode extends HTMLElement {
    #reading = null; // what runs or stands on the page; a change of the drawings ends it
    #next = 0; // of the examples

    connectedCallback() {
      if (this.model) return; // moved within the page
      this.classList.add("lab-widget", "lab-zip");
      try {
        this.model = cnnlab.models.digits;
      } catch (error) {
        return refuse(this, error);
      }
      if (!this.model) return refuse(this);
      this.#build();
      onTheme(() => ((this.colours = colours(this.digits[0].seen)), this.#paint()));
      // An example, read, but not aloud.
      this.pads.forEach((pad, i) => pad.put(drawn(EXAMPLES.at(-1)[i])));
      this.read(false);
    }

    // ---- the page ----

    #build() {
      this.status = element("p", { class: "lab-hidden", role: "status" });
      const help = element("p", { class: "lab-note", id: "lab-zip-help" }, `${shared.help()} ${text("help")}`);
      this.history = new cnnlab.DrawingHistory((undone) => this.#tell(text(undone ? "undone" : "redone")));
      this.pads = PLACES.map((place) => {
        const pad = new cnnlab.DrawingPad({
          label: text("pad", { place: text(`place.${place}`) }),
          history: this.history,
          changed: () => this.#changed(),
          say: (sentence) => (this.status.textContent = sentence),
        });
        pad.element.setAttribute("aria-describedby", help.id);
        return pad;
      });
      const boxes = this.pads.map((pad, i) => {
        const place = text(`place.${PLACES[i]}`);
        const clear = element("button", { type: "button", "aria-label": text("clearOne", { place }), onclick: () => (pad.erase(), this.#tell(text("cleared", { place }))) }, text("clear"));
        return element("div", { class: "lab-zip-box" }, element("p", { class: "lab-note", "aria-hidden": "true" }, place), pad.element, clear);
      });
      // Each digit as the network sees it and as it reads it.
      this.digits = PLACES.map((place) => {
        const parts = { seen: canvas(28), name: element("strong"), first: element("span"), second: element("span", { class: "lab-note" }) };
        const heard = element("span", { class: "lab-hidden" }, text(`place.${place}`));
        return { ...parts, node: element("li", {}, heard, ...Object.values(parts)) };
      });
      this.list = element("ul", { class: "lab-zip-digits", "aria-label": text("digits") }, ...this.digits.map(({ node }) => node));
      this.seen = element("p", { class: "lab-note" }, shared.seen());
      this.answer = element("p", { class: "lab-answer" });
      this.more = element("div", { class: "lab-zip-more" });

      const keys = { r: () => this.read(), s: () => this.#see(!this.seeing), e: () => this.erase(), q: () => this.quit() };
      this.buttons = Object.fromEntries(Object.entries(keys).map(([key, onclick]) => [key, element("button",
        { type: "button", "aria-keyshortcuts": key, onclick }, text(`key.${key}`), " ", element("kbd", { "aria-hidden": "true" }, key))]));
      this.buttons.r.classList.add("lab-primary");
      const button = (key, onclick) => element("button", { type: "button", onclick }, text(key));
      this.addEventListener("keydown", this.history.key);
      this.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
        // A letter that is said or typed by mistake elsewhere does nothing.
        const does = event.target.closest(".lab-pad") && keys[letter(event)];
        if (!does) return;
        event.preventDefault();
        does();
      });
      this.replaceChildren(
        element("p", { class: "lab-lead" }, text("lead")),
        element("div", { class: "lab-zip-boxes" }, ...boxes),
        element("div", { class: "lab-buttons" }, ...Object.values(this.buttons), button("undo", () => this.history.undo()), button("example", () => this.#example())),
        this.answer, this.list, this.seen, this.more, help, this.status,
      );
      this.#see(false, "");
      this.#forget(text("start"));
    }

    // A sentence to see and to hear.
    #tell(shown, heard = shown) {
      this.answer.textContent = shown;
      this.status.textContent = heard;
    }

    #arrange() {
      this.list.hidden = !this.seeing && !this.more.hasChildNodes();
      for (const { seen } of this.digits) seen.hidden = !this.seeing;
    }

    #paint() {
      if (this.seeing) this.digits.forEach(({ seen }, i) => paint(seen, this.colours, this.pads[i].input(), 1));
    }

    #changed() {
      if (this.#reading) this.#forget(text("start"));
      if (!this.seeing || this.painting) return;
      this.painting = requestAnimationFrame(() => ((this.painting = 0), this.#paint()));
    }

    // Whatever was read is not on the page any more.
    #forget(sentence) {
      this.#reading = null;
      this.setAttribute("aria-busy", "false");
      this.more.replaceChildren();
      for (const { node, name, first, second } of this.digits) {
        node.classList.remove("lab-doubted");
        for (const part of [name, first, second]) part.textContent = "";
      }
      this.answer.textContent = sentence;
      this.#arrange();
    }

    // ---- what the keys and the buttons do ----

    #see(seeing, heard = text(seeing ? "seeing" : "notSeeing")) {
      this.seeing = seeing;
      this.seen.hidden = !seeing;
      this.buttons.s.setAttribute("aria-pressed", String(seeing));
      this.status.textContent = heard;
      this.#arrange();
      this.#paint();
    }

    erase() {
      if (this.pads.some((pad) => !pad.empty)) this.#draw(() => []);
      this.#forget(text("start"));
      this.#tell(text("erased"));
    }

    // Nothing drawn, nothing shown, at the first box.
    quit() {
      this.#see(false);
      this.erase();
      this.pads[0].element.focus();
      this.#tell(text("quit"));
    }

    // Draw a code by our own hand's digits.
    draw(code) {
      this.#draw((i) => drawn(code[i]));
    }

    // All boxes at once: one step to undo.
    #draw(strokes) {
      this.history.remember(this.pads);
      this.pads.forEach((pad, i) => pad.put(strokes(i)));
    }

    #example() {
      const code = EXAMPLES[this.#next++ % EXAMPLES.length];
      this.draw(code);
      this.#tell(text("drawn", { code }));
    }

    async read(aloud = true) {
      const empty = PLACES.filter((_, i) => this.pads[i].empty).map((place) => text(`place.${place}`));
      this.#forget("");
      if (empty.length) return this.#tell(text("empty", { places: empty.join(", ") }));
      const reading = (this.#reading = {});
      this.setAttribute("aria-busy", "true");
      const began = performance.now();
      const all = [];
      try {
        for (const pad of this.pads) all.push((await this.model.run(pad.input(), { keep: false })).probabilities);
      } catch (error) {
        return refuse(this, error);
      }
      if (this.#reading !== reading) return;
      this.milliseconds = performance.now() - began;
      this.#show(all, aloud);
      this.setAttribute("aria-busy", "false");
    }

    #show(all, aloud) {
      const read = all.map(reading);
      const code = read.map(({ first }) => first);
      read.forEach(({ first, second, p, q, doubted }, i) => {
        const parts = this.digits[i];
        parts.name.textContent = first;
        parts.first.textContent = percent(p);
        parts.second.textContent = text("second", { digit: second, p: percent(q) });
        parts.node.classList.toggle("lab-doubted", doubted);
      });
      const whole = percent(read.reduce((product, { p }) => product * p, 1));
      const doubted = PLACES.filter((_, i) => read[i].doubted).map((place) => text(`place.${place}`));
      const doubt = doubted.length ? [text("unsure", { places: doubted.join(", ") })] : [];
      const where = region(code.slice(0, 2).join(""));
      const line = (sentence, kind = "") => element("p", { class: kind }, sentence);
      this.more.replaceChildren(
        ...doubt.map((sentence) => line(sentence)), line(where), line(text("product", { factors: read.map(({ p }) => percent(p)).join(" × "), p: whole })),
        line(shared.time(this.milliseconds), "lab-note lab-time"));
      this.#arrange();
      const heard = [text("heard", { digits: code.join(", "), p: whole }), ...doubt, where].join(" ");
      this.#tell(text(doubt.length ? "answerDoubted" : "answer", { code: code.join("") }), aloud ? heard : "");
    }
  }

  customElements.define("zip-code", ZipCode);
})();
