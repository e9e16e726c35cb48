// <digit-cnn>: draw a digit; a small network reads it, and every number in it can be followed back
// to the drawing.
(() => {
  const { barWidth, canvas, colours, drawn, element, example, largest, onTheme, paint, percent, reading, refuse, shared } = cnnlab.drawing;
  const text = (key, values) => cnnlab.text(`digit-cnn.${key}`, values);

  const SHOWN = 8; // inputs of a convolution that are shown at first
  const PAUSE = 700; // milliseconds without drawing until the answer is read out
  const DIGITS = [..."0123456789"]; // and an eleventh answer: no digit
  const OPENING = 3; // the digit that is drawn before the reader draws one
  const GROWS = 1200; // milliseconds that its drawing takes
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const ARROWS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 };

  const fixed = (value, digits = 2) => {
    const shown = value.toFixed(digits);
    return Number(shown) === 0 ? shown.replace("-", "") : shown.replace("-", "−");
  };
  const size = (shape) => shape.join("×");

  // A picture of height × width cells with a frame on it, set by place(row, column, rows, columns).
  const framed = ([height, width], attributes = {}) => {
    const picture = canvas(height, width);
    const frame = element("span", { class: "lab-frame" });
    const node = element("span", { class: "lab-framed", ...attributes }, picture, frame);
    const place = (row, column, rows = 1, columns = 1) => {
      frame.style.top = `${(100 * row) / height}%`;
      frame.style.left = `${(100 * column) / width}%`;
      frame.style.height = `${(100 * rows) / height}%`;
      frame.style.width = `${(100 * columns) / width}%`;
    };
    return { node, picture, place };
  };

  // A table of numbers, tinted by their value. update(values, scale, marked index or null)
  const numbers = (rows, columns, caption) => {
    const cells = Array.from({ length: rows * columns }, () => element("td"));
    const table = element("table", { class: "lab-numbers" }, element("caption", {}, caption));
    for (let row = 0; row < rows; row++)
      table.append(element("tr", {}, ...cells.slice(row * columns, (row + 1) * columns)));
    const update = (values, scale, marked = null) =>
      cells.forEach((cell, i) => {
        cell.textContent = fixed(values[i]);
        cell.classList.toggle("lab-marked", i === marked);
        const share = Math.round(30 * Math.min(Math.abs(values[i]) / (scale || 1), 1));
        cell.style.setProperty("--lab-share", `${share}%`);
        cell.classList.toggle("lab-below", values[i] < 0);
      });
    return { table, update };
  };

  // ---- what a value was computed from ----

  // A layer's windows: their size, and where the one of an output cell lies.
  const windows = ({ config, type }, [height, width]) => {
    const [rows, columns] = type === "Conv2D" ? config.kernel_size : config.pool_size;
    const [down, right] = config.strides;
    const [above] = cnnlab.ops.pads(height, rows, down, config.padding);
    const [left] = cnnlab.ops.pads(width, columns, right, config.padding);
    return { rows, columns, at: (row, column) => [row * down - above, column * right - left] };
  };

  // The values of one channel under a window; null where the window hangs over the border.
  const under = ({ shape: [height, width, channels], data }, [top, left], { rows, columns }, channel) => {
    const values = [];
    for (let y = top; y < top + rows; y++)
      for (let x = left; x < left + columns; x++)
        values.push(y < 0 || x < 0 || y >= height || x >= width ? null : data[(y * width + x) * channels + channel]);
    return values;
  };

  // Each maker gets the widget, the layer and the map's number, and returns {nodes, update}.
  const explain = {
    Conv2D(widget, layer, unit) {
      const { kernel, bias } = layer.weights;
      const [rows, columns, channels, filters] = kernel.shape;
      const picker = widget.picker(layer, unit);
      const cards = element("div", { class: "lab-cards" });
      const all = element("button", { type: "button", "aria-expanded": "false" });
      const rest = element("p", { class: "lab-note" });
      const chosenTitle = element("p", { class: "lab-step" });
      const window = numbers(rows, columns, text("window"));
      const weights = numbers(rows, columns, text("kernel"));
      const products = numbers(rows, columns, text("products"));
      const sum = element("p", { class: "lab-step" });
      const total = element("p", { class: "lab-total" });
      let chosen = null;
      let open = false;
      const slots = [];
      const slot = (i) => {
        const image = framed(widget.shape(layer.inputs[0]));
        const small = canvas(rows, columns);
        const label = element("span", { class: "lab-card-name" });
        const value = element("span", { class: "lab-card-value" });
        const node = element(
          "button",
          { type: "button", class: "lab-card", onclick: () => ((chosen = slots[i].channel), update()) },
          label, image.node, element("span", { class: "lab-card-kernel" }, "×", small), value,
        );
        return { node, image, small, label, value, channel: 0 };
      };
      for (let i = 0; i < channels; i++) slots.push(slot(i));
      cards.append(...slots.map(({ node }) => node));
      all.addEventListener("click", () => ((open = !open), update()));
      const flat = kernel.data;
      const kernelOf = (channel) =>
        Array.from({ length: rows * columns }, (_, i) => flat[(i * channels + channel) * filters + unit]);
      const heaviest = Math.max(...Array.from({ length: channels }, (_, i) => kernelOf(i)).flat().map(Math.abs));
      const update = () => {
        const input = widget.activation(layer.inputs[0]);
        const scale = widget.scale(layer.inputs[0]);
        const place = windows(layer, input.shape);
        const corner = place.at(...picker.update());
        const parts = Array.from({ length: channels }, (_, channel) => {
          const values = under(input, corner, place, channel);
          const multiplied = kernelOf(channel).map((weight, i) => weight * (values[i] ?? 0));
          return { channel, values, multiplied, sum: multiplied.reduce((a, b) => a + b, 0) };
        });
        const ranked = [...parts].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
        const count = open ? channels : Math.min(SHOWN, channels);
        if (chosen === null || !ranked.slice(0, count).some(({ channel }) => channel === chosen)) chosen = ranked[0].channel;
        (open ? parts : ranked).forEach((part, i) => {
          const { node, image, small, label, value } = slots[i];
          slots[i].channel = part.channel;
          node.hidden = i >= count;
          if (node.hidden) return;
          node.setAttribute("aria-pressed", String(part.channel === chosen));
          label.textContent = channels > 1 ? text("mapShort", { number: part.channel + 1 }) : text("input");
          value.textContent = fixed(part.sum);
          paint(image.picture, widget.colours, input.data, scale, part.channel, channels);
          image.place(...corner, rows, columns);
          paint(small, widget.colours, kernelOf(part.channel), heaviest);
        });
        all.hidden = channels <= SHOWN;
        all.setAttribute("aria-expanded", String(open));
        all.textContent = open ? text("fewer") : text("all", { count: channels });
        rest.hidden = count === channels;
        rest.textContent = text("rest", {
          count: channels - count,
          sum: fixed(ranked.slice(count).reduce((a, part) => a + part.sum, 0)),
        });
        const part = parts[chosen];
        chosenTitle.textContent = text("productsOf", { name: widget.unitName(layer.inputs[0], chosen) });
        window.update(part.values.map((value) => value ?? 0), scale);
        weights.update(kernelOf(chosen), heaviest);
        products.update(part.multiplied, Math.max(...part.multiplied.map(Math.abs)));
        sum.textContent = text("productsSum", { sum: fixed(part.sum) });
        const added = parts.reduce((a, { sum }) => a + sum, 0);
        const value = added + bias.data[unit];
        total.textContent = text(channels > 1 ? "convTotal" : "convTotalOne", {
          count: channels,
          sum: fixed(added),
          bias: fixed(bias.data[unit]),
          value: fixed(value),
          output: fixed(Math.max(value, 0)),
        });
      };
      picker.onmove = () => (update(), widget.say(total.textContent));
      return {
        nodes: [
          picker.node,
          element("div", { class: "lab-steps" },
            element("p", { class: "lab-step" }, text(channels > 1 ? "convInputs" : "convInput", { rows, columns, count: channels })),
            cards, rest, all, chosenTitle,
            element("div", { class: "lab-sum" }, window.table, element("span", {}, "×"), weights.table, element("span", { class: "lab-sum" }, "=", products.table)),
            sum, total),
        ],
        update,
      };
    },

    MaxPooling2D(widget, layer, unit) {
      const input = () => widget.activation(layer.inputs[0]);
      const picker = widget.picker(layer, unit);
      const image = framed(widget.shape(layer.inputs[0]), { class: "lab-framed lab-large" });
      const { rows, columns } = windows(layer, widget.shape(layer.inputs[0]));
      const window = numbers(rows, columns, text("window"));
      const total = element("p", { class: "lab-total" });
      const update = () => {
        const { shape, data } = input();
        const place = windows(layer, shape);
        const corner = place.at(...picker.update());
        const values = under(input(), corner, place, unit);
        const best = largest(values.map((value) => value ?? -Infinity));
        const scale = widget.scale(layer.inputs[0]);
        paint(image.picture, widget.colours, data, scale, unit, shape[2]);
        image.place(...corner, rows, columns);
        window.update(values.map((value) => value ?? 0), scale, best);
        total.textContent = text("poolTotal", { output: fixed(values[best]) });
      };
      picker.onmove = () => (update(), widget.say(total.textContent));
      return {
        nodes: [
          picker.node,
          element("div", { class: "lab-steps" },
            element("p", { class: "lab-step" }, text("poolInput", { name: widget.unitName(layer.inputs[0], unit), rows, columns })),
            element("div", { class: "lab-sum" }, image.node, window.table), total),
        ],
        update,
      };
    },

    GlobalAveragePooling2D(widget, layer, unit) {
      const [height, width, channels] = widget.shape(layer.inputs[0]);
      const picture = canvas(height, width);
      picture.className = "lab-large";
      const table = numbers(height, width, text("mapNumbers"));
      const total = element("p", { class: "lab-total" });
      const update = () => {
        const { data } = widget.activation(layer.inputs[0]);
        const scale = widget.scale(layer.inputs[0]);
        const values = Array.from({ length: height * width }, (_, i) => data[i * channels + unit]);
        paint(picture, widget.colours, values, scale);
        table.update(values, scale);
        const sum = values.reduce((a, b) => a + b, 0);
        total.textContent = text("averageTotal", { sum: fixed(sum), count: values.length, output: fixed(sum / values.length, 3) });
      };
      return {
        nodes: [
          element("div", { class: "lab-steps" },
            element("p", { class: "lab-step" }, text("averageInput", { name: widget.unitName(layer.inputs[0], unit) })),
            element("div", { class: "lab-sum" }, picture, table.table), total),
        ],
        update,
      };
    },

    Dense(widget, layer, unit) {
      const { kernel, bias } = layer.weights;
      const [inputs, units] = kernel.shape;
      const list = element("ul", { class: "lab-contributions" });
      const rest = element("p", { class: "lab-step" });
      const total = element("p", { class: "lab-total" });
      const rows = Array.from({ length: SHOWN }, () => {
        const parts = { name: element("span"), picture: canvas(1), bar: element("span", { class: "lab-bar" }), sum: element("span") };
        list.append(element("li", {}, parts.name, parts.picture, element("span", { class: "lab-bar-track" }, parts.bar), parts.sum));
        return parts;
      });
      const update = () => {
        const { data } = widget.activation(layer.inputs[0]);
        const source = widget.mapsBefore(layer.inputs[0]);
        const maps = widget.activation(source);
        const logits = Array.from({ length: units }, (_, k) =>
          data.reduce((a, value, i) => a + value * kernel.data[i * units + k], bias.data[k]));
        const parts = Array.from(data, (value, i) => {
          const weight = kernel.data[i * units + unit];
          return { i, value, weight, product: value * weight };
        }).sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
        rows.forEach(({ name, picture, bar, sum }, place) => {
          const { i, value, weight, product } = parts[place];
          name.textContent = widget.unitName(layer.inputs[0], i);
          [picture.height, picture.width] = maps.shape;
          paint(picture, widget.colours, maps.data, widget.scale(source), i, inputs);
          bar.style.width = barWidth(Math.abs(product) / (Math.abs(parts[0].product) || 1));
          bar.classList.toggle("lab-below", product < 0);
          sum.textContent = `${fixed(value)} × ${fixed(weight)} = ${fixed(product)}`;
        });
        const remaining = parts.slice(SHOWN).reduce((a, { product }) => a + product, 0);
        rest.textContent = text("denseRest", {
          count: inputs - SHOWN, sum: fixed(remaining), bias: fixed(bias.data[unit]), logit: fixed(logits[unit]),
        });
        total.textContent = text("denseTotal", {
          name: widget.unitName(layer.name, unit),
          logit: fixed(logits[unit]),
          output: percent(widget.activation(layer.name).data[unit]),
        });
      };
      return {
        nodes: [
          element("div", { class: "lab-steps" },
            element("p", { class: "lab-step" }, text("denseInput", { count: inputs, shown: SHOWN })),
            list, rest, total),
        ],
        update,
      };
    },
  };

  class DigitCnn extends HTMLElement {
    #activations = new Map();
    #scales = new Map();
    #layers = new Map(); // name -> {section, buttons, pictures}
    #panel = null; // what is explained: {layer, unit, node, update}
    #busy = false;
    #stale = false;
    #saying;
    #opening; // the strokes that stand on the pad before the reader has done anything

    connectedCallback() {
      if (this.model) return; // moved within the page
      this.classList.add("lab-widget", "lab-digit");
      try {
        this.model = cnnlab.models.digits;
      } catch (error) {
        return refuse(this, error);
      }
      if (!this.model) return refuse(this);
      this.#build();
      onTheme(() => ((this.colours = colours(this.seen)), this.#show()));
      const seen = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && (seen.disconnect(), this.#greet()));
      seen.observe(this.pad.element);
    }

    // Show an example on the untouched pad: drawn before the reader's eyes and read as it grows.
    #greet() {
      const [stroke] = drawn(OPENING);
      const began = performance.now();
      const grow = (now) => {
        if (this.pad.strokes !== this.#opening) return;
        const share = still.matches ? 1 : Math.min((now - began) / GROWS, 1);
        this.#opening = example([stroke.slice(0, Math.max(Math.ceil(share * stroke.length), 1))]);
        this.pad.put(this.#opening);
        if (share < 1) requestAnimationFrame(grow);
      };
      requestAnimationFrame(grow);
    }

    // ---- what an explanation asks of the widget ----

    activation = (name) => this.#activations.get(name);
    scale = (name) => this.#scales.get(name);
    shape = (name) => this.model.layer(name).outputShape;
    unitName = (name, unit) => {
      const { type, outputShape } = this.model.layer(name);
      if (type === "InputLayer") return text("input");
      if (type === "Dense") return text(unit < DIGITS.length ? "output" : "outputNone", { digit: unit });
      return text(outputShape.length === 3 ? "map" : "number", { layer: name, number: unit + 1 });
    };
    // The layer whose maps a list of numbers was made of.
    mapsBefore = (name) => {
      const layer = this.model.layer(name);
      return layer.outputShape.length === 3 ? name : this.mapsBefore(layer.inputs[0]);
    };

    say(sentence) {
      this.status.textContent = sentence;
    }

    // One map, large, of which a cell is chosen: by pointer or by arrow keys.
    picker(layer, unit) {
      const [height, width, channels] = layer.outputShape;
      const image = framed([height, width], {
        class: "lab-framed lab-large lab-picker", tabindex: 0, role: "application", "aria-label": text("picker", { name: this.unitName(layer.name, unit) }),
      });
      const caption = element("figcaption");
      const picker = { node: element("figure", { class: "lab-figure" }, image.node, caption), onmove() {} };
      const { data } = this.activation(layer.name);
      const best = largest(Array.from({ length: height * width }, (_, i) => data[i * channels + unit]));
      let [row, column] = [Math.floor(best / width), best % width];
      const move = (toRow, toColumn) => {
        row = Math.min(Math.max(toRow, 0), height - 1);
        column = Math.min(Math.max(toColumn, 0), width - 1);
        picker.onmove();
      };
      image.node.addEventListener("pointerdown", (event) => {
        const box = image.node.getBoundingClientRect();
        move(Math.floor(((event.clientY - box.top) / box.height) * height), Math.floor(((event.clientX - box.left) / box.width) * width));
      });
      image.node.addEventListener("keydown", (event) => {
        if (!(event.key in ARROWS)) return;
        event.preventDefault();
        const by = ARROWS[event.key];
        /Up|Down/.test(event.key) ? move(row + by, column) : move(row, column + by);
      });
      picker.update = () => {
        const { data } = this.activation(layer.name);
        paint(image.picture, this.colours, data, this.scale(layer.name), unit, channels);
        image.place(row, column);
        caption.textContent = text("cell", { row: row + 1, column: column + 1, value: fixed(data[(row * width + column) * channels + unit]) });
        return [row, column];
      };
      return picker;
    }

    // ---- the page ----

    #build() {
      this.status = element("p", { class: "lab-hidden", role: "status" });
      const history = new cnnlab.DrawingHistory();
      this.addEventListener("keydown", history.key);
      this.pad = new cnnlab.DrawingPad({
        label: text("pad"),
        hint: text("hint"),
        exampleHint: text("exampleHint"),
        history,
        changed: () => this.#read(),
        say: (sentence) => this.say(sentence),
      });
      this.#opening = this.pad.strokes;
      const help = element("p", { class: "lab-note", id: "lab-digit-help" }, shared.help());
      this.pad.element.setAttribute("aria-describedby", help.id);
      const button = (key, onclick) => element("button", { type: "button", onclick }, text(key));
      this.seen = canvas(28);
      this.answer = element("p", { class: "lab-answer" });
      this.time = element("p", { class: "lab-note lab-time" });
      this.bars = this.model.classNames.map((name, i) => {
        const [bar, value] = [element("span", { class: "lab-bar" }), element("span", { class: "lab-percent" })];
        const none = DIGITS[i] ? [] : [element("span", { class: "lab-hidden" }, text("none"))];
        return { bar, value, row: element("li", none.length ? { title: text("none") } : {}, element("span", {}, name, ...none), element("span", { class: "lab-bar-track" }, bar), value) };
      });
      const examples = DIGITS.map((digit) =>
        element("button", { type: "button", "aria-label": text("example", { digit }), onclick: () => this.pad.draw(drawn(digit)) }, digit));
      this.replaceChildren(
        element("p", { class: "lab-lead" }, text("lead")),
        element("div", { class: "lab-digit-top" },
          element("div", { class: "lab-digit-draw" }, this.pad.element,
            element("div", { class: "lab-buttons" }, button("undo", () => history.undo()), button("erase", () => this.pad.erase()))),
          element("figure", { class: "lab-figure lab-digit-seen" }, this.seen, element("figcaption", {}, shared.seen())),
          element("div", { class: "lab-digit-read" }, this.answer,
            element("ul", { class: "lab-bars", "aria-label": text("bars") }, ...this.bars.map(({ row }) => row)), this.time)),
        element("div", { class: "lab-buttons", role: "group", "aria-label": text("examples") }, element("span", { class: "lab-note" }, text("examples")), ...examples),
        help,
        element("p", { class: "lab-note" }, text("network")),
        element("div", { class: "lab-layers" }, ...this.model.layers.filter(({ type }) => type in explain).map((layer) => this.#strip(layer))),
        this.status,
      );
    }

    // A layer's name and its maps, as a row of buttons of which one is a tab stop.
    #strip(layer) {
      const count = layer.outputShape.at(-1);
      const [height, width] = layer.outputShape.length === 3 ? layer.outputShape : [1, 1];
      const pictures = Array.from({ length: count }, () => canvas(height, width));
      const dense = layer.type === "Dense";
      const buttons = pictures.map((picture, unit) =>
        element("button", {
          type: "button", class: "lab-map", tabindex: unit ? -1 : 0, "aria-expanded": "false",
          "aria-label": this.unitName(layer.name, unit),
          onclick: () => this.#open(layer, unit),
        }, picture, ...(dense ? [this.model.classNames[unit]] : [])));
      const strip = element("div", { class: `lab-strip${dense ? " lab-strip-digits" : ""}`, role: "group", "aria-label": text("strip", { layer: layer.name }) }, ...buttons);
      strip.addEventListener("keydown", (event) => {
        const from = buttons.indexOf(event.target);
        const to = event.key === "Home" ? 0 : event.key === "End" ? count - 1 : from + (ARROWS[event.key] ?? NaN);
        if (Number.isNaN(to)) return;
        event.preventDefault();
        if (!buttons[to]) return;
        buttons[from].tabIndex = -1;
        buttons[to].tabIndex = 0;
        buttons[to].focus();
      });
      const kind = text(layer.type, {
        size: size(layer.config.kernel_size ?? layer.config.pool_size ?? []),
        count,
      });
      const section = element("div", { class: "lab-layer" },
        element("p", { class: "lab-layer-name" }, element("strong", {}, layer.name), ` ${kind} `, element("span", { class: "lab-note" }, size(layer.outputShape))),
        strip);
      this.#layers.set(layer.name, { section, buttons, pictures });
      return section;
    }

    #open(layer, unit) {
      const again = this.#panel?.layer === layer && this.#panel.unit === unit;
      this.#close();
      if (again) return;
      const { section, buttons } = this.#layers.get(layer.name);
      const name = this.unitName(layer.name, unit);
      const { nodes, update } = explain[layer.type](this, layer, unit);
      const close = element("button", { type: "button", onclick: () => (this.#close(), buttons[unit].focus()) }, text("close"));
      const node = element("div", { class: "lab-panel", role: "region", "aria-label": name },
        element("div", { class: "lab-panel-head" }, element("strong", {}, name), close),
        element("div", { class: "lab-panel-body" }, ...nodes));
      node.addEventListener("keydown", (event) => event.key === "Escape" && close.click());
      buttons[unit].setAttribute("aria-expanded", "true");
      buttons.forEach((button, i) => (button.tabIndex = i === unit ? 0 : -1));
      section.append(node);
      this.#panel = { layer, unit, node, update };
      update();
    }

    #close() {
      if (!this.#panel) return;
      const { layer, unit, node } = this.#panel;
      this.#layers.get(layer.name).buttons[unit].setAttribute("aria-expanded", "false");
      node.remove();
      this.#panel = null;
    }

    // Read the drawing as it is now; while one reading runs, further changes wait for one more.
    async #read() {
      this.#stale = true;
      if (this.#busy) return;
      this.#busy = true;
      this.setAttribute("aria-busy", "true");
      while (this.#stale) {
        await new Promise(requestAnimationFrame);
        this.#stale = false;
        if (this.pad.empty) {
          this.#activations = new Map();
          this.input = null;
        } else {
          const began = performance.now();
          this.input = this.pad.input();
          let activations;
          try {
            ({ activations } = await this.model.run(this.input));
          } catch (error) {
            return refuse(this, error);
          }
          this.milliseconds = performance.now() - began;
          this.#activations = activations;
          this.#scales = new Map([...activations].map(([name, { data }]) => [name, data.reduce((a, b) => Math.max(a, Math.abs(b)), 0)]));
        }
        this.#show();
      }
      this.#busy = false;
      this.setAttribute("aria-busy", "false");
    }

    #show() {
      const empty = !this.#activations.size;
      paint(this.seen, this.colours, this.input, 1);
      for (const [name, { buttons, pictures }] of this.#layers) {
        const data = this.activation(name)?.data;
        pictures.forEach((picture, unit) => paint(picture, this.colours, data, this.scale(name), unit, pictures.length));
        for (const button of buttons) button.disabled = empty;
      }
      const probabilities = this.activation(this.model.outputName)?.data;
      const first = empty ? -1 : largest(probabilities);
      this.bars.forEach(({ bar, value, row }, i) => {
        bar.style.width = barWidth(empty ? 0 : probabilities[i]);
        value.textContent = empty ? "–" : percent(probabilities[i]);
        row.classList.toggle("lab-first", i === first);
      });
      let said = text("empty");
      if (!empty) {
        const { first, second, p, q, none, doubted } = reading(probabilities);
        const key = !doubted ? "answer" : none < 0.5 ? "unsure" : "noDigit";
        said = text(key, { digit: first, p: percent(p), second, q: percent(q), none: percent(none) });
      }
      this.answer.textContent = said;
      this.time.textContent = empty ? "" : shared.time(this.milliseconds);
      clearTimeout(this.#saying);
      // Of what the page shows by itself nothing is read out.
      if (this.pad.strokes !== this.#opening) this.#saying = setTimeout(() => this.say(said), PAUSE);
      if (empty) this.#close();
      else this.#panel?.update();
    }
  }

  customElements.define("digit-cnn", DigitCnn);
})();
