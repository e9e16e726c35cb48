// What the widgets to draw in share: a pad for mouse, pen, finger or keyboard, the centring that
// MNIST's digits got, pictures of numbers, and a hand's digits to try without drawing.
(() => {
  const SIDE = 280; // the pad's own units, whatever size it has on the screen
  const BRUSH = 24; // diameter of the round brush
  const STEP = 20; // an arrow key moves the cursor by this
  const INPUT = 28;
  const BOX = 20; // MNIST scaled the longer side of a digit to 20 of its 28 pixels
  const FINE = 4; // a network's input is drawn at 4×4 pixels for one of its own
  const PEN = 10; // with a pen of so many of these
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const PIECE = 64; // points of a line: a longer stroke goes on in another, so that a point costs the same at its end
  const PALM = 2000; // milliseconds after a pen was seen in which a touch is the palm of its hand
  const GESTURE = 250; // milliseconds between the fingers of one gesture

  const svg = (name, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  // ---- which hand draws: a pen's palm does not, nor the first of two fingers that scroll or pinch ----

  let penSeen = -Infinity; // when a pen was last on or above the page; Infinity while it is down
  let finger = null; // the one that draws: {since, takeBack}
  const fingers = new Set(); // on any pad

  const watch = ({ type, pointerType, pointerId, buttons, timeStamp, target }) => {
    const pressed = type === "pointerdown";
    if (pointerType === "pen") penSeen = buttons ? Infinity : timeStamp;
    if (pressed && (pointerType === "pen" || (pointerType === "touch" && timeStamp - finger?.since < GESTURE))) finger?.takeBack();
    if (pointerType !== "touch") return;
    if (pressed && target.closest(".lab-pad")) fingers.add(pointerId);
    if (type === "pointerup" || type === "pointercancel") fingers.delete(pointerId);
  };
  for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) addEventListener(type, watch, true);

  const draws = ({ button, pointerType, timeStamp }) =>
    button === 0 && (pointerType !== "touch" || (fingers.size < 2 && timeStamp - penSeen > PALM));

  // ---- what was done, to be undone and done again ----

  // Under a Korean keyboard a letter's key says ㄱ or ㄷ.
  const letter = ({ key, code }) => (/^[a-z]$/i.test(key) ? key : code.replace(/^Key/, "")).toLowerCase();

  // A step is what some pads were before it. A pad's strokes are replaced, never changed, so each step
  // costs a list.
  cnnlab.DrawingHistory = class {
    #done = [];
    #undone = [];

    // said(undone): called after each step back, or forward again.
    constructor(said = () => {}) {
      this.said = said;
    }

    remember(pads) {
      this.#done.push(pads.map((pad) => [pad, pad.strokes]));
      this.#undone = [];
    }

    // The last step was none: it is as it was before.
    forget() {
      for (const [pad, strokes] of this.#done.pop()) pad.put(strokes);
    }

    undo() {
      this.#go(this.#done, this.#undone);
    }

    redo() {
      this.#go(this.#undone, this.#done);
    }

    #go(from, to) {
      const step = from.pop();
      if (!step) return;
      to.push(step.map(([pad]) => [pad, pad.strokes]));
      for (const [pad, strokes] of step) pad.put(strokes);
      this.said(from === this.#done);
    }

    // Ctrl+Z or ⌘Z; with Shift, or Ctrl+Y, forward again.
    key = (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const pressed = letter(event);
      if (pressed === "z") event.shiftKey ? this.redo() : this.undo();
      else if (pressed === "y") this.redo();
      else return;
      event.preventDefault();
    };
  };

  // ---- the pad ----

  const examples = new WeakSet(); // strokes that are none of the reader's

  // Strokes are lists of [x, y]. What is seen is an SVG, sharp at every size and in the page's
  // colours.
  cnnlab.DrawingPad = class {
    #lines = svg("g", { class: "lab-pad-ink", "stroke-width": BRUSH });
    #cursor = svg("g", { class: "lab-pad-cursor" }, svg("circle", { r: BRUSH / 2 }), svg("circle", { r: 2 }));
    #at = [SIDE / 2, SIDE / 2];
    #down = false; // is the keyboard's pen on the paper?
    #pointer = null;

    // label: the pad's name for a screen reader; hint: what an empty pad shows, and exampleHint what
    // one with an example. history: of this pad, or of several. changed(): called after every change
    // of the strokes. say(sentence): called with what the keyboard's pen did.
    constructor({ label, hint = "", exampleHint = "", history, changed, say }) {
      this.side = SIDE;
      this.strokes = [];
      this.history = history;
      this.changed = changed;
      this.say = say;
      this.hints = [hint, exampleHint];
      this.picture = svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" }, this.#lines, this.#cursor);
      this.hint = document.createElement("span");
      this.hint.className = "lab-pad-hint";
      this.hint.setAttribute("aria-hidden", "true");
      this.element = document.createElement("div");
      this.element.className = "lab-pad";
      this.element.tabIndex = 0;
      this.element.setAttribute("role", "application"); // arrows reach us from a screen reader too
      this.element.setAttribute("aria-label", label);
      this.element.append(this.picture, this.hint);
      this.element.addEventListener("pointerdown", (event) => this.#press(event));
      this.element.addEventListener("pointermove", (event) => this.#drag(event));
      this.element.addEventListener("pointercancel", (event) => event.pointerId === this.#pointer && this.#takeBack());
      for (const end of ["pointerup", "lostpointercapture"])
        this.element.addEventListener(end, (event) => event.pointerId === this.#pointer && this.#end());
      this.element.addEventListener("keydown", (event) => this.#key(event));
      this.element.addEventListener("blur", () => this.#lift());
      this.#moveCursor();
      this.#show();
    }

    get empty() {
      return !this.strokes.length;
    }

    // Is this one of ours, which the reader's first stroke replaces?
    get example() {
      return examples.has(this.strokes);
    }

    // What a network that learned from MNIST wants to see.
    input() {
      return cnnlab.redrawn(this.strokes, BRUSH);
    }

    erase() {
      if (!this.empty) this.draw([]);
    }

    // Replace the drawing, which can be undone.
    draw(strokes) {
      this.history.remember([this]);
      this.put(strokes);
    }

    // Replace the drawing and leave the history as it is.
    put(strokes) {
      this.#lift();
      this.#end();
      this.#clear(strokes);
      for (const stroke of strokes) stroke.forEach((point, i) => this.#mark(stroke[i - 1] ?? point, point, i));
      this.#show();
      this.changed();
    }

    #clear(strokes = []) {
      this.strokes = strokes;
      this.#lines.replaceChildren();
    }

    #show() {
      this.hint.textContent = this.hints[Number(this.example)];
      this.hint.hidden = !(this.empty || this.example);
      this.element.classList.toggle("lab-pad-example", this.example);
    }

    #begin(point) {
      this.history.remember([this]);
      if (this.example) this.#clear();
      this.strokes = [...this.strokes, [point]];
      this.#mark(point, point, 0);
      this.#show();
    }

    #extend(point) {
      const stroke = this.strokes.at(-1);
      this.#mark(stroke.at(-1), point, stroke.length);
      stroke.push(point);
    }

    // Draw from a to b, the stroke's point of this number.
    #mark(a, b, number) {
      if (number % PIECE === 0) this.#lines.append(svg("polyline", { points: a }));
      const line = this.#lines.lastChild;
      line.setAttribute("points", `${line.getAttribute("points")} ${b}`);
    }

    #end() {
      if (finger?.takeBack === this.#takeBack) finger = null;
      this.#pointer = null;
    }

    // The stroke that is being drawn was none: a palm's, or a gesture's.
    #takeBack = () => {
      this.#end();
      this.history.forget();
    };

    #place(event, box = this.picture.getBoundingClientRect()) {
      const scaled = (offset, size) => Math.round((offset / size) * SIDE * 10) / 10;
      return [scaled(event.clientX - box.left, box.width), scaled(event.clientY - box.top, box.height)];
    }

    #press(event) {
      if (this.#pointer !== null || !draws(event)) return;
      this.#lift();
      this.#pointer = event.pointerId;
      this.element.setPointerCapture(event.pointerId);
      if (event.pointerType === "touch") finger = { since: event.timeStamp, takeBack: this.#takeBack };
      this.#begin(this.#place(event));
      this.changed();
    }

    #drag(event) {
      if (event.pointerId !== this.#pointer) return;
      const passed = event.getCoalescedEvents?.() ?? [];
      const box = this.picture.getBoundingClientRect(); // once: after each point it would be laid out anew
      for (const moved of passed.length ? passed : [event]) this.#extend(this.#place(moved, box));
      this.changed();
    }

    #key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === " " || event.key === "Enter") {
        if (!event.repeat) this.#down ? this.#lift() : this.#lower();
      } else if (event.key in ARROWS) {
        const last = SIDE / STEP - 1;
        const step = (place, by) => Math.min(Math.max(Math.floor(place / STEP) + by, 0), last) * STEP + STEP / 2;
        this.#at = this.#at.map((place, axis) => step(place, ARROWS[event.key][axis]));
        this.#moveCursor();
        if (this.#down) {
          this.#extend(this.#at);
          this.changed();
        }
        const [column, row] = this.#at.map((place) => Math.floor(place / STEP) + 1);
        this.say(cnnlab.text("drawing.cursor", { row, column }));
      } else return;
      event.preventDefault(); // the page stays where it is
    }

    #lower() {
      this.#down = true;
      this.#moveCursor();
      this.#begin(this.#at);
      this.say(cnnlab.text("drawing.penDown"));
      this.changed();
    }

    #lift() {
      if (!this.#down) return;
      this.#down = false;
      this.#moveCursor();
      this.say(cnnlab.text("drawing.penUp"));
    }

    #moveCursor() {
      this.#cursor.setAttribute("transform", `translate(${this.#at})`);
      this.#cursor.classList.toggle("lab-pad-cursor-down", this.#down);
    }
  };

  // ---- what a network sees ----

  // Ink all pixels within half a pen of the line from a to b, the rim by how much it covers.
  const stamp = (ink, side, [ax, ay], [bx, by]) => {
    const reach = PEN / 2 + 1;
    const within = (value) => Math.min(Math.max(Math.floor(value), 0), side);
    const [dx, dy] = [bx - ax, by - ay];
    const length2 = dx * dx + dy * dy || 1;
    const right = within(Math.max(ax, bx) + reach);
    for (let y = within(Math.min(ay, by) - reach); y < within(Math.max(ay, by) + reach); y++)
      for (let x = within(Math.min(ax, bx) - reach); x < right; x++) {
        const [px, py] = [x + 0.5 - ax, y + 0.5 - ay];
        const along = Math.min(Math.max((px * dx + py * dy) / length2, 0), 1);
        const covered = PEN / 2 + 0.5 - Math.hypot(px - along * dx, py - along * dy);
        const at = y * side + x;
        if (covered > ink[at]) ink[at] = Math.min(covered, 1);
      }
  };

  // A drawing of any size as 28×28 numbers. What was drawn small with a thick brush is a blot; its
  // strokes are not. So they are scaled first, their longer side with the pen to 20 pixels, and inked
  // afterwards. A drawing smaller than `least` is scaled as if it were so large: a dot stays a dot.
  cnnlab.redrawn = (strokes, least = 0) => {
    const side = BOX * FINE;
    const ink = new Float64Array(side * side);
    const points = strokes.flat();
    const furthest = (best, from) => [0, 1].map((axis) => points.reduce((far, point) => best(far, point[axis]), from));
    const [low, high] = [furthest(Math.min, Infinity), furthest(Math.max, -Infinity)];
    const scale = (side - PEN) / (Math.max(high[0] - low[0], high[1] - low[1], least) || 1);
    const fit = (point) => point.map((value, axis) => PEN / 2 + scale * (value - low[axis]));
    for (const stroke of strokes) stroke.map(fit).forEach((point, i, all) => stamp(ink, side, all[i - 1] ?? point, point));
    return cnnlab.centre(ink, side, side, FINE);
  };

  // Each of 28 cells of `side` source pixels, the first beginning at `start`: the source pixels it
  // covers as [first, the share of the cell that each covers].
  const cells = (start, side, size) =>
    Array.from({ length: INPUT }, (_, i) => {
      const [from, to] = [start + i * side, start + (i + 1) * side];
      const first = Math.max(Math.floor(from), 0);
      const shares = [];
      for (let p = first; p < Math.min(to, size); p++)
        shares.push((Math.min(to, p + 1) - Math.max(from, p)) / side);
      return [first, shares];
    });

  // As MNIST was made: the longer side of the ink becomes 20 pixels, the centre of mass comes to
  // the middle of 28×28 (or as near to it as keeps all ink inside); each pixel is the mean of the
  // area it covers. ink: width × height numbers from 0 to 1; all zero stays all zero. side: how many of
  // them become one, if not as many as that.
  cnnlab.centre = (ink, width, height, side) => {
    const rows = new Float64Array(height);
    const columns = new Float64Array(width);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        rows[y] += ink[y * width + x];
        columns[x] += ink[y * width + x];
      }
    const centred = new Float32Array(INPUT * INPUT);
    const [top, left] = [rows, columns].map((sums) => sums.findIndex((sum) => sum > 0));
    if (top < 0) return centred;
    const [bottom, right] = [rows, columns].map((sums) => sums.findLastIndex((sum) => sum > 0) + 1);
    side ??= Math.max(bottom - top, right - left) / BOX;
    const start = (sums, low, high) => {
      let [total, moment] = [0, 0];
      sums.forEach((sum, i) => ((total += sum), (moment += sum * (i + 0.5))));
      return Math.min(Math.max(moment / total - (INPUT / 2) * side, high - INPUT * side), low);
    };
    const across = cells(start(columns, left, right), side, width);
    cells(start(rows, top, bottom), side, height).forEach(([y0, high], i) =>
      across.forEach(([x0, wide], j) => {
        let sum = 0;
        high.forEach((a, y) => wide.forEach((b, x) => (sum += a * b * ink[(y0 + y) * width + x0 + x])));
        centred[i * INPUT + j] = sum;
      }),
    );
    return centred;
  };

  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes))
      key.startsWith("on") ? made.addEventListener(key.slice(2), value) : made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  // A softmax is never quite sure: rounding must not make it so.
  const percent = (p) => (p > 0.999 ? ">99.9%" : p < 0.001 ? "<0.1%" : `${(100 * p).toFixed(1)}%`);
  const barWidth = (share) => `${100 * share}%`;
  // The likeliest digit of ten probabilities and an eleventh, that it is no digit; and the next one.
  // It is doubted when no digit is at least half sure.
  const reading = (probabilities) => {
    const digits = probabilities.slice(0, 10);
    const first = largest(digits);
    const second = largest(digits.map((p, i) => (i === first ? -1 : p)));
    return { first, second, p: digits[first], q: digits[second], none: probabilities[10], doubted: digits[first] < 0.5 };
  };
  const largest = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

  // Say in the widget's place that there is no model to work with.
  const refuse = (widget, error) => {
    if (error && !(error instanceof cnnlab.ModelError)) throw error;
    const sentence = [cnnlab.text("drawing.broken"), error?.message ?? ""].join(" ").trim();
    widget.replaceChildren(element("p", { class: "lab-error", role: "alert" }, sentence));
  };

  // Paint now, and again whenever the page or the reader's system turns dark or light.
  const onTheme = (repaint) => {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
    new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    repaint();
  };

  // ---- pictures: paper for 0, ink for what is above it, another colour for what is below ----

  // The style sheet gives them to a picture of the input, in the page's light or dark.
  const colours = (picture) => {
    const style = getComputedStyle(picture);
    return [style.backgroundColor, style.color, style.outlineColor].map((colour) => colour.match(/[\d.]+/g).map(Number));
  };
  const canvas = (height, width = height) => element("canvas", { width, height, "aria-hidden": "true" });

  // Paint values[first], values[first + step] …; `scale` is the value that is full ink.
  const paint = (target, [paper, ink, minus], values, scale, first = 0, step = 1) => {
    const pen = target.getContext("2d");
    const image = pen.createImageData(target.width, target.height);
    for (let i = 0; i < target.width * target.height; i++) {
      const value = values ? values[first + i * step] / (scale || 1) : 0;
      const share = Math.min(Math.abs(value), 1);
      const towards = value < 0 ? minus : ink;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = paper[c] + share * (towards[c] - paper[c]);
      image.data[4 * i + 3] = 255;
    }
    pen.putImageData(image, 0, 0);
  };

  // Our own hand's digits, in the drawing pad's units, to try without drawing.
  const EXAMPLES = [
    ["M140 45C90 45 72 100 72 140S90 235 140 235S208 180 208 140S190 45 140 45"],
    ["M116 76L148 46V236"],
    ["M80 104C82 60 116 45 146 48C204 56 208 112 168 154L78 230H208"],
    ["M84 66C126 34 200 50 192 94C188 122 158 134 126 136C172 136 206 152 202 188C196 240 118 246 78 212"],
    ["M124 48L76 158H210", "M172 84L164 236"],
    ["M196 54H104L94 132C146 106 206 124 202 174C196 238 116 244 78 212"],
    ["M178 46C120 66 84 126 84 178C86 244 192 246 196 190C196 138 118 132 88 180"],
    ["M74 58H206L124 236"],
    ["M194 84C180 40 94 44 98 92C104 140 196 142 196 190C192 242 92 242 88 192C88 146 178 138 194 84"],
    ["M190 98C176 44 88 46 88 102C90 152 180 150 190 98C192 150 184 196 164 236"],
  ];

  // Points along an SVG path, a brush's quarter apart.
  const points = (path) => {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", path);
    const length = line.getTotalLength();
    const steps = Math.ceil(length / 6);
    return Array.from({ length: steps + 1 }, (_, i) => {
      const { x, y } = line.getPointAtLength((length * i) / steps);
      return [x, y].map((value) => Math.round(value * 10) / 10);
    });
  };

  const example = (strokes) => (examples.add(strokes), strokes);
  const drawn = (digit) => example(EXAMPLES[digit].map(points));

  // Sentences that the widgets share.
  const shared = {
    help: () => cnnlab.text("drawing.help"),
    seen: () => cnnlab.text("drawing.seen"),
    time: (milliseconds) => cnnlab.text("drawing.time", { ms: milliseconds.toFixed(1) }),
  };

  cnnlab.drawing = { barWidth, canvas, colours, drawn, element, example, largest, letter, onTheme, paint, percent, reading, refuse, shared };
})();
