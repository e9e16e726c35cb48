// <put-in-order exercise="03-6">: lines of code in disorder, put in order by pressing them. Which orders
// are right stands in orders.js: a tool has run every one. The text inside is for pages without scripts.
cnnlab.order = (() => {
  // Returns {right, kept, strays}: how many lines from the top can stay, and the lines that do not belong.
  const judge = ({ orders, strays }, letters) => {
    const common = (order) => {
      let n = 0;
      while (n < letters.length && letters[n] === order[n]) n++;
      return n;
    };
    return {
      right: orders.includes(letters),
      kept: Math.max(...orders.map(common)),
      strays: [...letters].filter((letter) => letter in strays),
    };
  };
  return { judge };
})();

(() => {
  if (!globalThis.customElements) return; // bare V8
  const text = (key, values) => cnnlab.text(`put-in-order.${key}`, values);
  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes))
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  class PutInOrder extends HTMLElement {
    connectedCallback() {
      if (this.chosen) return; // moved within the page
      const name = this.getAttribute("exercise");
      const table = cnnlab.orders[name];
      const lines = [...this.textContent.matchAll(/^([A-Z])  (.*)$/gm)];
      if (!table || !lines.length) return console.error(`put-in-order: exercise="${name}"`);
      this.table = table;
      this.classList.add("lab-widget", "lab-order");
      this.lines = lines.map(([, letter, code]) => this.#line(letter, code));
      this.pool = element("ul", { role: "list", "aria-label": text("pool") }, ...this.lines);
      this.chosen = element("ol", { role: "list", "aria-label": text("chosen") });
      this.said = element("p", { role: "status" });
      const paper = element("div", { class: "lab-order-paper" }, ...this.childNodes);
      const button = (key, press) => element("button", { type: "button", onclick: press }, text(key));
      this.append(paper, element("p", { class: "lab-note" }, text("how")),
        element("div", { class: "lab-order-both" }, this.pool, this.chosen),
        element("p", { class: "lab-buttons" }, button("check", () => this.#check()), button("again", () => this.#again())), this.said);
      this.#changed();
    }

    #line(letter, code) {
      const press = (key, label, act) => element("button", { type: "button", class: `lab-order-${key}`, "aria-label": label, onclick: act });
      const indent = code.search(/\S/);
      const shown = element("code", {}, code.trim());
      shown.style.setProperty("--indent", indent);
      const move = press("line", `${letter}: ${code.trim()}`, () => this.#move(item));
      move.append(element("b", {}, letter), shown);
      const up = press("up", text("up", { letter }), () => this.#shift(item, -1));
      const down = press("down", text("down", { letter }), () => this.#shift(item, 1));
      up.append("↑");
      down.append("↓");
      const item = element("li", { "data-letter": letter, onkeydown: (event) => {
        const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (!by || item.parentNode !== this.chosen) return;
        event.preventDefault();
        this.#shift(item, by);
      } }, move, up, down);
      return item;
    }

    // A line goes to the end of the order, or back to where it lay.
    #move(item) {
      if (item.parentNode === this.pool) this.chosen.append(item);
      else this.pool.insertBefore(item, [...this.pool.children].find((other) => other.dataset.letter > item.dataset.letter) ?? null);
      item.firstChild.focus();
      this.#changed();
    }

    #shift(item, by) {
      const focus = document.activeElement;
      const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
      if (!other) return;
      if (by < 0) other.before(item);
      else other.after(item);
      this.#changed();
      (item.contains(focus) && !focus.disabled ? focus : item.firstChild).focus();
    }

    // The order as it stands is told, also to a reader who does not see where a line has gone.
    #changed() {
      this.said.textContent = [...this.chosen.children].map((item) => item.dataset.letter).join(", ");
      this.lines.forEach((item) => item.classList.remove("lab-wrong"));
      [...this.chosen.children].forEach((item, i, all) => {
        item.querySelector(".lab-order-up").disabled = i === 0;
        item.querySelector(".lab-order-down").disabled = i === all.length - 1;
      });
    }

    #again() {
      this.pool.replaceChildren(...this.lines);
      this.#changed();
    }

    #check() {
      const items = [...this.chosen.children];
      const letters = items.map((item) => item.dataset.letter).join("");
      const { right, kept, strays } = cnnlab.order.judge(this.table, letters);
      this.#changed();
      if (right) return (this.said.textContent = text("right", { letters }));
      if (!letters) return (this.said.textContent = text("empty"));
      items.forEach((item, i) => item.classList.toggle("lab-wrong", strays.length ? strays.includes(item.dataset.letter) : i === kept));
      const why = strays.map((letter) => text("stray", { why: this.table.strays[letter][cnnlab.language()] ?? this.table.strays[letter].en }));
      const next = kept === letters.length ? text("more") : kept ? text("kept", { kept, letter: letters[kept] }) : text("first", { letter: letters[0] });
      this.said.textContent = (strays.length ? why : [next]).join(" ");
    }
  }
  customElements.define("put-in-order", PutInOrder);
})();
