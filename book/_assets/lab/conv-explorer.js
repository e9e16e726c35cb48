// <conv-explorer>: a window slides over numbers; what is multiplied and added, and the feature map
// that it fills, are shown. What is explored stands in attributes (DEFAULTS names them), or
// example="…" picks a set of them (EXAMPLES), which further attributes change:
//
//   <conv-explorer example="stride" padding="1"></conv-explorer>
//   <conv-explorer data="1 2 / 3 4" kernel="1 0 / 0 1" padding="same"></conv-explorer>
//
// With "filled" it opens with a full map, with "brief" it shows the stage alone.
// Rows of numbers end with "/", channels with "|", filters with ";".
(() => {
  const PHOTOGRAPH = `209 209 209 208 207 195 177 194 202 204 203 203 202 202 202 /
    207 207 208 208 148 66 41 52 102 187 205 205 205 204 204 /
    210 209 209 144 33 49 46 39 25 55 184 207 207 206 206 /
    211 211 189 32 29 48 53 56 31 28 59 192 208 207 207 /
    206 114 44 17 16 22 35 57 39 34 21 111 209 209 208 /
    82 37 22 13 21 19 19 44 41 32 27 90 211 211 210 /
    34 36 20 18 106 55 32 102 139 88 94 181 212 212 212 /
    31 35 36 15 127 109 85 141 96 99 90 116 154 198 188 /
    29 33 61 102 58 96 107 149 165 188 188 172 203 197 194 /
    28 32 34 162 73 69 99 123 153 147 176 104 163 169 166 /
    28 31 32 121 123 47 62 87 107 176 222 156 86 92 102 /
    28 27 30 77 169 48 23 52 64 117 146 137 27 29 57 /
    22 28 30 51 144 41 48 47 55 115 136 106 51 41 64 /
    19 21 30 44 48 44 47 50 53 68 115 18 9 58 54`; // a photographer's head: 12 × 12 pixels in one
  const CIRCLE = `0 0 0 0 0 0 0 0 0 0 / 0 0 1 1 1 1 1 1 0 0 / 0 1 1 0 0 0 0 1 1 0 / 0 1 0 0 0 0 0 0 1 0 /
    0 1 0 0 0 0 0 0 1 0 / 0 1 0 0 0 0 0 0 1 0 / 0 1 0 0 0 0 0 0 1 0 / 0 1 1 0 0 0 0 1 1 0 /
    0 0 1 1 1 1 1 1 0 0 / 0 0 0 0 0 0 0 0 0 0`;
  const DIGIT = `0 0 7 15 13 1 0 0 / 0 8 13 6 15 4 0 0 / 0 2 1 13 13 0 0 0 / 0 0 2 15 11 1 0 0 /
    0 0 0 1 12 12 1 0 / 0 0 0 0 1 10 8 0 / 0 0 8 4 5 14 9 0 / 0 0 7 13 13 9 0 0`; // of scikit-learn

  const KERNELS = {
    "vertical-line": "0 1 0 / 0 1 0 / 0 1 0",
    "horizontal-line": "0 0 0 / 1 1 1 / 0 0 0",
    "falling-line": "1 0 0 / 0 1 0 / 0 0 1",
    "rising-line": "0 0 1 / 0 1 0 / 1 0 0",
    "vertical-edge": "0 0 0 / -1 1 0 / 0 0 0",
    "horizontal-edge": "0 -1 0 / 0 1 0 / 0 0 0",
    sharpen: "0 -1 0 / -1 5 -1 / 0 -1 0",
  };
  // These exist in every size. A kernel of even size has its centre before the middle, as in "same".
  const SIZED_KERNELS = {
    identity: (size) => table(size, size, (i, j) => Number(i === j && i === (size - 1) >> 1)),
    blur: (size) => table(size, size, () => 1 / size ** 2),
    ones: (size) => table(size, size, () => 1),
  };

  const DEFAULTS = {
    data: "count", // 1, 2, 3 …, "photograph", "circle", "digit", or numbers
    height: "", // of the input; "": as the data has it
    width: "",
    kernel: "ones", // a name above, or numbers
    size: "3", // of a kernel that exists in every size, and of a pooling window
    bias: "0", // one number a filter
    operation: "convolution", // or "max", "average", "min": pooling
    flip: "off", // "on": the convolution of signal processing
    padding: "valid", // or "same" (TensorFlow's rule), "full", 0, 1, 2, 3
    stride: "1",
    dilation: "1",
    view: "numbers", // or "shades", "both"
  };
  const EXAMPLES = {
    numbers: { height: "3", width: "3", kernel: "1 0 / 2 -1" },
    bias: { data: "2 1 0 3 / 3 2 1 0 / 0 4 2 1 / 1 0 3 2", kernel: "1 2 / -1 5", bias: "3" },
    circle: { data: "circle", kernel: "vertical-line", view: "both" },
    digit: { data: "digit", kernel: "horizontal-edge", view: "both" },
    photograph: { data: "photograph", kernel: "vertical-edge", view: "shades" },
    stride: { height: "5", width: "5", kernel: "1 2 1 / 0 1 3 / 2 0 1", stride: "2" },
    leftover: { height: "6", width: "6", kernel: "1 2 1 / 0 1 3 / 2 0 1", stride: "2" },
    channels: {
      data: "1 2 0 / 3 1 2 / 0 2 1 | 0 1 2 / 2 0 1 / 1 3 0 | 2 0 1 / 1 1 0 / 0 2 3",
      kernel: "1 0 / 2 -1 | 0 1 / 1 0 | -1 2 / 0 1",
    },
    "two-filters": {
      data: `1 0 2 1 3 / 0 2 1 0 1 / 3 1 0 2 2 / 1 1 3 0 0 / 2 0 1 1 2 |
        0 1 1 2 0 / 2 0 3 1 1 / 1 2 0 0 3 / 0 3 1 2 1 / 1 0 2 0 1 |
        2 1 0 1 1 / 1 3 0 2 0 / 0 1 2 1 3 / 2 0 1 0 1 / 3 1 0 2 0`,
      kernel: `1 0 -1 / 0 2 0 / -1 0 1 | 0 1 0 / 1 0 -1 / 0 -1 0 | 0 0 1 / 0 1 0 / -1 0 0 ;
        0 0 0 / -1 1 0 / 0 0 0 | 0 -1 0 / 0 1 0 / 0 0 0 | 1 1 1 / 0 0 0 / -1 -1 -1`,
      bias: "2 -1",
      stride: "2",
      padding: "1",
    },
    pooling: { data: "5 7 2 6 / 1 9 3 1 / 2 4 2 0 / 0 3 8 5", operation: "max", size: "2", stride: "2" },
    overlap: { data: "3 3 2 1 0 / 0 0 1 3 1 / 3 1 2 2 3 / 2 0 0 2 2 / 2 0 0 0 1", operation: "max" },
  };
  const OPERATIONS = ["convolution", "max", "average", "min"];
  const PADDINGS = ["valid", "same", "full", "0", "1", "2", "3"];
  const VIEWS = ["numbers", "shades", "both"];
  const SPEEDS = [0.5, 1, 2, 5, 10]; // steps a second
  const LISTENABLE = 0.5; // the fastest that a screen reader can follow

  // --- numbers ---------------------------------------------------------------------------------

  const range = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const table = (height, width, value) => range(0, height - 1).map((y) => range(0, width - 1).map((x) => value(y, x)));
  const resized = (numbers, height, width) => table(height, width, (y, x) => numbers[y]?.[x] ?? 0);
  const rotated = (numbers) => [...numbers].reverse().map((row) => [...row].reverse());
  const equal = (a, b) => String(a) === String(b);

  // What a reader sees of a number: four decimals at most, and a real minus sign.
  const rounded = (number) => Math.round(number * 1e4) / 1e4;
  const shown = (number) => (rounded(number) < 0 ? "−" : "") + Math.abs(rounded(number));
  const factor = (number) => (rounded(number) < 0 ? `(${shown(number)})` : shown(number));
  const equals = (number) => (Math.abs(number - rounded(number)) < 1e-9 ? "=" : "≈") + " " + shown(number);

  // What a reader types: the number, or undefined where it is none that the explorer takes.
  const typed = (words) => {
    const plain = words.trim().replace("−", "-");
    const number = Number(plain);
    return /^[-+]?(\d+\.?\d{0,4}|\.\d{1,4})$/.test(plain) && Math.abs(number) <= 9999 ? number : undefined;
  };

  // --- from attributes to a state --------------------------------------------------------------

  const wrong = (name, value) => new Error(`conv-explorer: ${name}="${value}"`);
  const pick = (name, value, choices) => {
    if (!choices.includes(value)) throw wrong(name, value);
    return value;
  };
  const readCount = (name, value) => pick(name, Number(value), range(1, 16));
  const readNumbers = (name, words) => {
    const numbers = words.trim().split(/\s+/).map(typed);
    if (numbers.includes(undefined)) throw wrong(name, words);
    return numbers;
  };
  const readChannels = (name, words) => {
    const channels = words.split("|").map((channel) => channel.split("/").map((row) => readNumbers(name, row)));
    const [height, width] = [channels[0].length, channels[0][0].length];
    if (channels.some((rows) => rows.length !== height || rows.some((row) => row.length !== width))) throw wrong(name, words);
    return channels;
  };
  const count = (height, width) => table(height, width, (y, x) => y * width + x + 1);
  const namedKernel = (name, size) => SIZED_KERNELS[name]?.(size) ?? readChannels("kernel", KERNELS[name])[0];

  // {input: [channel][y][x], kernels: [filter][channel][i][j], bias: [filter], …}
  const readState = (given) => {
    const example = given.example ?? (Object.keys(given).length ? "own" : "numbers");
    pick("example", example, [...Object.keys(EXAMPLES), "own"]);
    const { data, height, width, kernel, size, bias, ...settings } = { ...DEFAULTS, ...EXAMPLES[example], ...given };
    const named = { photograph: PHOTOGRAPH, circle: CIRCLE, digit: DIGIT };
    let input = data === "count" ? [count(5, 5)] : readChannels("data", named[data] ?? data);
    if (height || width) {
      const sides = [readCount("height", height || input[0].length), readCount("width", width || input[0][0].length)];
      input = data === "count" ? [count(...sides)] : input.map((channel) => resized(channel, ...sides));
    }
    let kernels =
      kernel in SIZED_KERNELS || kernel in KERNELS
        ? [[namedKernel(kernel, readCount("size", size))]]
        : kernel.split(";").map((filter) => readChannels("kernel", filter));
    if (kernels.some((channels) => channels.length === 1)) kernels = kernels.map(([only]) => input.map(() => only));
    const sizes = kernels.flat().map((grid) => `${grid.length} ${grid[0].length}`);
    if (kernels.some((channels) => channels.length !== input.length) || new Set(sizes).size > 1) throw wrong("kernel", kernel);
    let biases = readNumbers("bias", bias);
    if (biases.length === 1) biases = kernels.map(() => biases[0]);
    if (biases.length !== kernels.length) throw wrong("bias", bias);
    return {
      example,
      counted: data === "count",
      input,
      kernels,
      bias: biases,
      operation: pick("operation", settings.operation, OPERATIONS),
      flip: pick("flip", settings.flip, ["off", "on"]),
      padding: pick("padding", settings.padding, PADDINGS),
      stride: readCount("stride", settings.stride),
      dilation: readCount("dilation", settings.dilation),
      view: pick("view", settings.view, VIEWS),
    };
  };

  // --- what a state computes -------------------------------------------------------------------

  const isPooling = (state) => state.operation !== "convolution";

  // One axis: where its windows stand and which places of the padded input they meet.
  const layAxis = (size, taps, state) => {
    const stride = state.stride;
    const dilation = isPooling(state) ? 1 : state.dilation;
    const span = (taps - 1) * dilation + 1;
    const padding = /\d/.test(state.padding) ? [Number(state.padding), Number(state.padding)] : state.padding;
    const [before, after] = cnnlab.ops.pads(size, taps, stride, padding, dilation);
    const formula = cnnlab.ops.outputSize(size, taps, stride, padding, dilation); // below 1: no place
    const length = before + size + after;
    const places = Math.max(0, formula);
    const meets = (place) => range(0, taps - 1).map((tap) => place * stride + tap * dilation);
    const inside = (at) => at >= before && at < before + size;
    const around = (at) => Math.min(Math.max(Math.round((at - (span - 1) / 2) / stride), 0), places - 1); // the nearest place
    const starts = range(0, places - 1);
    return {
      size, taps, span, stride, dilation, before, after, length, formula, places, meets, inside, around,
      met: new Set(starts.flatMap(meets)),
      emptyWindow: starts.some((place) => !meets(place).some(inside)),
      remainder: places ? (length - span) % stride : 0,
    };
  };

  const lay = (state) => {
    const [window] = state.kernels[0];
    const rows = layAxis(state.input[0].length, window.length, state);
    const columns = layAxis(state.input[0][0].length, window[0].length, state);
    const maps = isPooling(state) ? state.input.length : state.kernels.length;
    const noPlace = rows.places * columns.places === 0;
    const emptyWindow = isPooling(state) && (rows.emptyWindow || columns.emptyWindow);
    return { rows, columns, maps, problem: noPlace ? "no-place" : emptyWindow ? "empty-window" : "" };
  };

  // One place of the window: everything that is shown about it. Steps go filter, row, column.
  // A number of the window that lies in the padding is 0, and in pooling none (undefined).
  const computeStep = (state, { rows, columns }, map, y, x) => {
    const pooling = isPooling(state);
    const channels = pooling ? [map] : [...state.input.keys()];
    const outside = pooling ? undefined : 0;
    const windows = channels.map((channel) =>
      rows.meets(y).map((row) =>
        columns.meets(x).map((column) =>
          rows.inside(row) && columns.inside(column) ? state.input[channel][row - rows.before][column - columns.before] : outside,
        ),
      ),
    );
    if (pooling) {
      const numbers = windows.flat(2).filter((number) => number !== undefined);
      const average = sum(numbers) / numbers.length;
      const value = { max: Math.max(...numbers), average, min: Math.min(...numbers) }[state.operation];
      return { map, y, x, channels, windows, numbers, value };
    }
    const weights = state.kernels[map].map((kernel) => (state.flip === "on" ? rotated(kernel) : kernel));
    const products = windows.map((window, c) => window.map((row, i) => row.map((number, j) => weights[c][i][j] * number)));
    const sums = products.map((channel) => sum(channel.flat()));
    return { map, y, x, channels, windows, weights, products, sums, value: sum(sums) + state.bias[map] };
  };

  const computeSteps = (state, layout) =>
    layout.problem
      ? []
      : range(0, layout.maps - 1).flatMap((map) =>
          table(layout.rows.places, layout.columns.places, (y, x) => computeStep(state, layout, map, y, x)).flat(),
        );

  // --- sentences -------------------------------------------------------------------------------

  const text = (key, values) => cnnlab.text(`conv-explorer.${key}`, values);

  const stepSentence = (state, step) => {
    const several = state.input.length > 1;
    const named = isPooling(state) ? several && "at-channel" : (several || state.kernels.length > 1) && "at-filter";
    const place = text(named || "at", { map: step.map, row: step.y, column: step.x });
    return `${place} ${calculation(state, step)} ${equals(step.value)}`;
  };
  const calculation = ({ operation, input, bias: biases }, { map, numbers, windows, weights, sums }) => {
    if (operation === "average") return `(${numbers.map(factor).join(" + ")}) / ${numbers.length}`;
    if (numbers) return text(`${operation}-of`, { numbers: numbers.map(shown).join(", ") });
    const pairs = weights[0].flat().map((weight, i) => `${factor(weight)}·${factor(windows[0].flat()[i])}`);
    const terms = input.length > 1 ? [text("channel-sums"), sums.map(factor).join(" + ")].join(" ") : pairs.join(" + ");
    return biases[map] ? `${terms} + ${text("bias-term", { bias: factor(biases[map]) })}` : terms;
  };

  const leftoverSentence = ({ rows, columns }) => {
    const unmet = (axis, from, lines) => range(from, from + lines - 1).filter((at) => !axis.met.has(at));
    const real = ["rows", "columns"].flatMap((key) => {
      const axis = { rows, columns }[key];
      const places = unmet(axis, axis.before, axis.size).map((at) => at - axis.before);
      return places.length ? [text(key, { places: places.join(", ") })] : [];
    });
    const added = [
      ["top", unmet(rows, 0, rows.before)],
      ["bottom", unmet(rows, rows.before + rows.size, rows.after)],
      ["left", unmet(columns, 0, columns.before)],
      ["right", unmet(columns, columns.before + columns.size, columns.after)],
    ].flatMap(([key, lines]) => (lines.length ? [text(key, { lines: lines.length })] : []));
    const sentences = [];
    if (real.length) sentences.push(text("leftover", { places: real.length > 1 ? text("both", { rows: real[0], columns: real[1] }) : real[0] }));
    if (added.length) sentences.push(text("leftover-padding", { places: added.join(", ") }));
    return sentences.join(" ") || text("no-leftover");
  };

  // --- the settings above the stage: what each shows of a state, and what choosing a value changes

  const kernelName = (state, map) => {
    const shape = state.kernels[0][0];
    const sized = Object.keys(SIZED_KERNELS).filter(() => shape.length === shape[0].length);
    const candidates = [...sized, ...Object.keys(KERNELS)];
    const matches = (name) => state.kernels[map].every((kernel) => equal(kernel, namedKernel(name, shape.length)) && kernel.length === shape.length);
    return candidates.find(matches) ?? "own";
  };
  const withKernel = (state, name, map) => {
    const chosen = namedKernel(name, state.kernels[0][0].length);
    const fit = (kernel) => resized(kernel, chosen.length, chosen.length);
    return { kernels: state.kernels.map((channels, f) => channels.map((kernel) => (f === map ? chosen : fit(kernel)))) };
  };
  const withKernelSize = (state, size) => ({
    kernels: state.kernels.map((channels, f) => {
      const sized = SIZED_KERNELS[kernelName(state, f)];
      return channels.map((kernel) => (sized ? sized(size) : resized(kernel, size, size)));
    }),
  });
  const withInputSize = (state, height, width) => ({
    input: state.counted ? [count(height, width)] : state.input.map((channel) => resized(channel, height, width)),
  });
  const setting = (name, options, get = (state) => state[name], set = (_, value) => ({ [name]: value })) => ({ name, options, get, set });
  const SETTINGS = {
    input: [
      setting("example", [...Object.keys(EXAMPLES), "own"], (state) => state.example, (_, example) => readState({ example })),
      setting("height", range(1, 16), ({ input }) => input[0].length, (state, height) => withInputSize(state, height, state.input[0][0].length)),
      setting("width", range(1, 16), ({ input }) => input[0][0].length, (state, width) => withInputSize(state, state.input[0].length, width)),
      setting("view", VIEWS),
    ],
    window: [
      setting("operation", OPERATIONS),
      setting("kernel", [...Object.keys(KERNELS), ...Object.keys(SIZED_KERNELS), "own"], kernelName, withKernel),
      setting("size", range(1, 5), ({ kernels: [[kernel]] }) => (kernel.length === kernel[0].length ? kernel.length : ""), withKernelSize),
      setting("flip", ["off", "on"]),
      setting("padding", PADDINGS),
      setting("stride", range(1, 4)),
      setting("dilation", range(1, 3)),
    ],
  };
  const CONVOLUTION_ONLY = ["kernel", "flip", "dilation"];

  // --- the element -----------------------------------------------------------------------------

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const button = (label, press) => {
    const made = make("button", { type: "button" }, label);
    made.addEventListener("click", press);
    return made;
  };
  const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Enter: [1, 0] };
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let lastId = 0;

  // A captioned table of numbers.
  const makeGrid = (kind, height, width, caption, attributes = {}) => {
    const id = `lab-conv-grid-${++lastId}`;
    const cells = table(height, width, () => make("td"));
    const body = make("tbody", {}, ...cells.map((row) => make("tr", {}, ...row)));
    const grid = make("table", { "aria-labelledby": id, ...attributes }, body);
    const frame = make("div", { class: "lab-conv-frame" }, grid);
    const scroll = make("div", { class: "lab-conv-scroll" }, frame);
    const head = make("div", { class: "lab-conv-caption", id }, caption);
    const box = make("div", { class: `lab-conv-grid lab-conv-${kind}` }, head, scroll);
    return { box, table: grid, frame, cells, painted: new Map() };
  };

  // paint(grid, (y, x) => ({number, marks: names of what the cell is or false, grey: 0 to 1 or none}))
  // Most cells stay as they are from step to step, and are left alone.
  const paint = (grid, look) => {
    grid.cells.forEach((row, y) =>
      row.forEach((cell, x) => {
        const { number, marks = [], grey } = look(y, x);
        const words = number === undefined ? "" : shown(number);
        const level = Math.round((grey ?? 0) * 255);
        const ground = grey !== undefined && (level < 118 ? "dark" : "light"); // 118: black and white are equally clear
        const names = [...marks, ground].filter(Boolean).map((mark) => `lab-conv-${mark}`);
        const now = `${words} ${names} ${level}`;
        const field = cell.querySelector("input");
        if (field && field !== document.activeElement) {
          field.value = words;
          field.setAttribute("aria-invalid", false);
        }
        if (grid.painted.get(cell) === now) return;
        grid.painted.set(cell, now);
        if (!field) cell.textContent = words;
        cell.className = names.join(" ");
        cell.style.backgroundColor = grey === undefined ? "" : `rgb(${level} ${level} ${level})`;
      }),
    );
  };
  // The cells are as wide as the longest of these numbers.
  const fit = (grid, numbers) => {
    const longest = Math.max(1, ...numbers.map((number) => shown(number ?? 0).length));
    grid.frame.style.setProperty("--lab-letters", longest);
  };
  const shader = (numbers) => {
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    return (number) => (number - low) / (high - low || 1);
  };

  // The formula of the output size, with the numbers in it.
  const makeSizes = ({ rows, columns }) => {
    const window = rows.dilation > 1 ? "window-dilated" : "window";
    const heads = ["axis", "n", "before", "after", window, "stride", "output", "remainder"];
    const line = (key, axis) => {
      const span = axis.dilation > 1 ? `(${axis.dilation}·(${axis.taps} − 1) + 1)` : axis.taps;
      const padded = [`⌊(${axis.size}`, `+ ${axis.before}`, `+ ${axis.after}`, `− ${span})`];
      const numbers = [...padded, `/ ${axis.stride}⌋ + 1`, `= ${shown(axis.formula)}`, axis.remainder];
      return make("tr", {}, make("th", { scope: "row" }, text(key)), ...numbers.map((number) => make("td", {}, number)));
    };
    const head = make("tr", {}, ...heads.map((key) => make("th", { scope: "col" }, text(`size.${key}`))));
    const body = make("tbody", {}, line("setting.height", rows), line("setting.width", columns));
    const sizes = make("table", {}, make("caption", {}, text("size.title")), make("thead", {}, head), body);
    return make("div", { class: "lab-conv-scroll" }, sizes);
  };

  class ConvExplorer extends HTMLElement {
    #given; // the attributes' state, to return to
    #state;
    #layout;
    #steps; // what is computed at each place, in the order of playing
    #at = 0; // the step that is shown
    #chosen = 0; // the one that was chosen: a mouse over a full map only looks at others
    #visited = new Set(); // the steps whose result stands in the map
    #editing = false;
    #timer = 0;
    #grids;
    #parts;

    connectedCallback() {
      still.addEventListener("change", this.#pause);
      if (this.#state) return;
      const names = ["example", ...Object.keys(DEFAULTS)].filter((name) => this.hasAttribute(name));
      this.#given = readState(Object.fromEntries(names.map((name) => [name, this.getAttribute(name)])));
      this.classList.add("lab-widget");
      const key = (mark) => make("li", { class: `lab-conv-key-${mark}` }, text(`legend.${mark}`));
      this.#parts = {
        lead: make("p", { class: "lab-lead" }, text("lead")),
        settings: this.#makeSettings(),
        error: make("p", { class: "lab-error", role: "alert" }),
        player: this.#makePlayer(),
        sentence: make("p", { class: "lab-conv-sentence" }),
        stage: make("div", { class: "lab-conv-stage" }),
        sizes: make("div", { class: "lab-conv-sizes" }),
        leftover: make("p", { class: "lab-conv-leftover" }),
        legend: make("ul", { class: "lab-conv-legend" }, ...["window", "padding", "unmet"].map(key)),
        hint: make("p", { class: "lab-conv-hint" }, text("hint")),
      };
      const { lead, stage, sentence } = this.#parts;
      this.replaceChildren(...(this.hasAttribute("brief") ? [lead, stage, sentence] : Object.values(this.#parts)));
      new ResizeObserver(() => this.#letScroll()).observe(this);
      this.#change(this.#given);
      if (this.hasAttribute("filled")) this.#fill(this.#steps.reduce((best, { value }, at) => (value > this.#steps[best].value ? at : best), 0));
    }

    disconnectedCallback() {
      still.removeEventListener("change", this.#pause);
      this.#stop();
    }

    // --- controls

    #makeSettings() {
      const makeSelect = ({ name, options, set }) => {
        const words = (option) => (/^\d+$/.test(option) ? option : text(`${name}.${option}`));
        const select = make("select", { name }, ...options.map((option) => make("option", { value: option }, words(option))));
        for (const own of select.querySelectorAll("[value=own]")) own.disabled = true;
        select.addEventListener("change", () => this.#change(set(this.#state, options[select.selectedIndex], this.#filter)));
        return make("label", {}, make("span", {}, text(`setting.${name}`)), select);
      };
      const makeBox = (group) => make("fieldset", {}, make("legend", {}, text(group)), ...SETTINGS[group].map(makeSelect));
      const boxes = { input: makeBox("input"), window: makeBox("window") };
      const edit = button(text("edit"), () => {
        this.#editing = !this.#editing;
        this.#change({});
      });
      edit.name = "edit";
      const reset = button(text("reset"), () => this.#change(this.#given));
      boxes.input.append(make("div", { class: "lab-conv-buttons" }, edit, reset));
      const summary = make("summary", {}, text("settings"));
      const settings = make("details", { class: "lab-conv-settings" }, summary, boxes.input, boxes.window);
      settings.open = this.parentElement.clientWidth > 600;
      return settings;
    }

    #makePlayer() {
      const speed = make("input", { type: "range", min: 0, max: SPEEDS.length - 1, step: 1, value: 1 });
      const controls = {
        first: button(text("first"), () => this.#rewind()),
        back: button(text("back"), () => this.#go(this.#at - 1)),
        play: button(text("play"), () => (this.#timer ? this.#pause() : this.#play())),
        next: button(text("next"), () => this.#go(this.#at + 1)),
        fill: button(text("fill"), () => this.#fill()),
        speed: make("label", { class: "lab-conv-speed" }, make("span", {}, text("speed")), speed),
        count: make("span", { class: "lab-conv-count" }),
      };
      controls.play.classList.add("lab-primary");
      speed.addEventListener("input", () => {
        if (this.#timer) this.#play();
        this.#show();
      });
      const player = make("div", { class: "lab-conv-player", role: "group", "aria-label": text("player") }, ...Object.values(controls));
      return Object.assign(player, { controls, speed });
    }

    // --- state

    // The filter whose kernel is shown; pooling has none.
    get #filter() {
      return isPooling(this.#state) ? 0 : (this.#steps[this.#at]?.map ?? 0);
    }
    get #speed() {
      return SPEEDS[this.#parts.player.speed.value];
    }

    // Takes over changes, and begins anew; a map that was full stays full.
    #change(changes) {
      this.#stop();
      const full = this.#full;
      this.#state = { ...this.#state, ...structuredClone(changes) };
      this.#compute();
      this.#build();
      this.#at = this.#chosen = 0;
      this.#visited = new Set(full ? this.#steps.keys() : [0]);
      this.#showSettings();
      this.#show();
      this.#letScroll();
    }

    #compute() {
      this.#layout = lay(this.#state);
      this.#steps = computeSteps(this.#state, this.#layout);
    }

    #go(at) {
      this.#stop();
      this.#step(at);
      this.#chosen = this.#at;
    }

    #step(at) {
      const filter = this.#filter;
      this.#at = Math.min(Math.max(at, 0), this.#steps.length - 1);
      this.#visited.add(this.#at);
      if (this.#filter !== filter) this.#showSettings();
      this.#show();
    }

    #rewind() {
      this.#visited.clear();
      this.#go(0);
    }

    #fill(at = this.#steps.length - 1) {
      this.#visited = new Set(this.#steps.keys());
      this.#go(at);
    }

    get #full() {
      return this.#steps?.length > 0 && this.#visited.size === this.#steps.length;
    }

    #play() {
      this.#stop();
      if (still.matches) return this.#go(this.#at + 1);
      if (this.#at === this.#steps.length - 1) this.#rewind();
      this.#timer = setInterval(() => {
        this.#step(this.#at + 1);
        if (this.#at === this.#steps.length - 1) this.#pause();
      }, 1000 / this.#speed);
      this.#show();
    }

    #stop() {
      clearInterval(this.#timer);
      this.#timer = 0;
    }

    #pause = () => {
      this.#stop();
      this.#show();
    };

    // --- the stage: made anew when its shape changes

    #build() {
      const { input, kernels, flip, operation, bias, view } = this.#state;
      const { rows, columns, maps, problem } = this.#layout;
      const [height, width] = [kernels[0][0].length, kernels[0][0][0].length];
      const pooling = isPooling(this.#state);
      const one = input.length === 1;
      const grids = { inputs: [], kernels: [], flipped: [], windows: [], products: [], sums: [], strips: [], maps: [] };
      this.#grids = grids;
      const add = (list, ...given) => {
        list.push(makeGrid(...given));
        return list.at(-1).box;
      };
      const after = (sign, box) => make("div", { class: "lab-conv-part" }, make("span", { class: "lab-conv-sign" }, sign), box);

      const channels = input.map((_, c) => {
        const sides = { height: input[0].length, width: input[0][0].length };
        const caption = one ? text("input-grid", sides) : text("channel", { channel: c });
        const box = add(grids.inputs, "input", rows.length, columns.length, caption);
        const span = make("span", { class: "lab-conv-span" });
        span.style.setProperty("--lab-height", rows.span);
        span.style.setProperty("--lab-width", columns.span);
        grids.inputs[c].frame.append(span);
        if (!problem && !this.#editing)
          grids.inputs[c].cells.forEach((row, y) =>
            row.forEach((cell, x) => {
              const index = () => this.#index(pooling ? c : this.#filter, rows.around(y), columns.around(x));
              cell.addEventListener("click", () => this.#go(index()));
              cell.addEventListener("pointerenter", (event) => this.#look(event, index()));
            }),
          );
        grids.inputs[c].table.addEventListener("pointerleave", (event) => this.#look(event, this.#chosen));
        grids.inputs[c].span = span;
        const strip = make("div", { class: "lab-conv-strip" });
        grids.strips.push(strip);
        if (!pooling) strip.append(add(grids.kernels, "kernel", height, width, text("kernel")));
        if (flip === "on" && !pooling) strip.append(after("↻", add(grids.flipped, "kernel", height, width, text("flipped"))));
        if (!problem) {
          const window = add(grids.windows, "window", height, width, text("window"));
          strip.append(pooling ? window : after("×", window));
          if (!pooling) strip.append(after("=", add(grids.products, "product", height, width, text("products"))));
          strip.append(after(pooling ? "→" : "Σ", add(grids.sums, "sum", 1, 1, text(pooling ? `result.${operation}` : "sum"))));
        }
        return make("div", { class: "lab-conv-channel" }, box, strip);
      });

      const mapBoxes = range(0, maps - 1).map((map) => {
        const named = maps > 1 ? text(pooling ? "map-of-channel" : "map-of-filter", { map }) : text("map");
        const caption = `${named} ${rows.places}×${columns.places}`;
        if (problem) return make("p", { class: "lab-conv-problem" }, text(problem));
        const box = add(grids.maps, "map", rows.places, columns.places, caption, { role: "grid" });
        grids.maps[map].cells.forEach((row, y) =>
          row.forEach((cell, x) => {
            cell.addEventListener("click", () => this.#goTo(map, y, x));
            cell.addEventListener("pointerenter", (event) => this.#look(event, this.#index(map, y, x)));
          }),
        );
        grids.maps[map].table.addEventListener("pointerleave", (event) => this.#look(event, this.#chosen));
        grids.maps[map].table.addEventListener("keydown", (event) => this.#keyInMap(event, map));
        if (!pooling && this.#editing) {
          const label = make("label", { class: "lab-conv-bias" }, text("bias"));
          const name = maps > 1 ? text("bias-of", { map }) : text("bias");
          this.#addField(label, name, bias[map], (number) => (this.#state.bias[map] = number));
          box.append(label);
        } else if (!pooling && bias.some(Boolean)) {
          box.append(make("div", { class: "lab-conv-bias" }, `${text("bias")} ${shown(bias[map])}`));
        }
        return box;
      });
      if (this.#editing) this.#addFields();

      const stage = this.#parts.stage;
      stage.classList.toggle("lab-conv-many", !one);
      const inOneRow = columns.length + columns.places + width * (flip === "on" ? 4 : 3) <= 18;
      stage.classList.toggle("lab-conv-tall", one && !inOneRow);
      stage.classList.toggle("lab-conv-large", one && columns.length > 8);
      stage.classList.toggle("lab-conv-shaded", view !== "numbers");
      stage.classList.toggle("lab-conv-editing", this.#editing);
      stage.classList.toggle("lab-conv-dilated", columns.dilation > 1);
      stage.replaceChildren(
        make("div", { class: "lab-conv-channels" }, ...channels),
        make("div", { class: "lab-conv-maps" }, ...(problem ? mapBoxes.slice(0, 1) : mapBoxes)),
      );
      this.#parts.sizes.replaceChildren(makeSizes(this.#layout));
      this.#parts.leftover.textContent = problem ? "" : leftoverSentence(this.#layout);
      this.#fitCells();
    }

    #addFields() {
      const { input, kernels } = this.#state;
      const { rows, columns } = this.#layout;
      this.#grids.inputs.forEach((grid, channel) => {
        input[channel].forEach((numbers, y) =>
          numbers.forEach((number, x) => {
            const label = text("input-cell", { channel, row: y, column: x });
            this.#addField(grid.cells[y + rows.before][x + columns.before], label, number, (typed) => {
              this.#state.counted = false;
              input[channel][y][x] = typed;
            });
          }),
        );
        this.#steer(grid);
      });
      this.#grids.kernels.forEach((grid, channel) => {
        grid.cells.forEach((row, i) =>
          row.forEach((cell, j) =>
            this.#addField(cell, text("kernel-cell", { channel, row: i, column: j }), kernels[0][channel][i][j], (typed) => {
              kernels[this.#filter][channel][i][j] = typed;
            }),
          ),
        );
        this.#steer(grid);
      });
    }

    #addField(place, label, number, put) {
      const field = make("input", { type: "text", autocomplete: "off", "aria-label": label, value: shown(number) });
      field.addEventListener("focus", () => field.select());
      field.addEventListener("change", () => this.#take(field, put));
      place.append(field);
    }

    // Tab reaches a grid of fields once; the arrow keys go from field to field.
    #steer({ table: grid, cells }) {
      const fields = cells.map((row) => row.map((cell) => cell.querySelector("input")));
      const all = fields.flat().filter(Boolean);
      const makeStop = (stop) => all.forEach((field) => (field.tabIndex = field === stop ? 0 : -1));
      makeStop(all[0]);
      grid.addEventListener("focusin", (event) => makeStop(event.target));
      grid.addEventListener("keydown", (event) => {
        const move = MOVES[event.key];
        const field = event.target;
        const caretMoves = move?.[1] && field.selectionEnd - field.selectionStart < field.value.length;
        if (!move || caretMoves) return;
        const y = fields.findIndex((row) => row.includes(field));
        const next = fields[y + move[0]]?.[fields[y].indexOf(field) + move[1]];
        event.preventDefault();
        next?.focus();
      });
    }

    // Stores a number that was typed, or says why not.
    #take(field, put) {
      const number = typed(field.value);
      field.setAttribute("aria-invalid", number === undefined);
      if (number === undefined) return this.#showError();
      put(number);
      this.#compute();
      this.#fitCells();
      this.#showSettings();
      this.#show();
    }

    #fitCells() {
      const { input, kernels, view } = this.#state;
      const { inputs, windows, flipped, products, sums, maps } = this.#grids;
      const pixels = input.flat(2);
      const inStrip = [...pixels, ...kernels.flat(3), ...this.#steps.flatMap((step) => step.products?.flat(2) ?? [])];
      const results = this.#steps.map((step) => step.value);
      for (const grid of inputs) fit(grid, view === "shades" ? [] : pixels);
      for (const grid of [...windows, ...this.#grids.kernels, ...flipped, ...products]) fit(grid, inStrip);
      for (const grid of sums) fit(grid, this.#steps.flatMap((step) => step.sums ?? [step.value]));
      for (const grid of maps) fit(grid, view === "shades" ? [] : results);
    }

    // --- the map

    #index(map, y, x) {
      const { rows, columns } = this.#layout;
      return (map * rows.places + y) * columns.places + x;
    }

    // A mouse passes over a full map: it leads the window along.
    #look({ pointerType }, at) {
      if (pointerType === "mouse" && this.#full && !this.#timer && !this.#editing) this.#step(at);
    }

    #goTo(map, y, x) {
      this.#go(this.#index(map, y, x));
      this.#grids.maps[map].cells[y][x].focus();
    }

    #keyInMap(event, map) {
      const { rows, columns } = this.#layout;
      const cells = this.#grids.maps[map].cells;
      const y = cells.findIndex((row) => row.includes(event.target));
      const x = cells[y].indexOf(event.target);
      const places = { Home: [y, 0], End: [y, columns.places - 1], Enter: [y, x] };
      const [dy, dx] = MOVES[event.key] ?? [0, 0];
      const clamp = (at, axis) => Math.min(Math.max(at, 0), axis.places - 1);
      if (event.key === " ") this.#timer ? this.#pause() : this.#play();
      else if (event.key in places) this.#goTo(map, ...places[event.key]);
      else if (event.key in MOVES) this.#goTo(map, clamp(y + dy, rows), clamp(x + dx, columns));
      else return;
      event.preventDefault();
    }

    // --- the step: shown in what stands on the stage

    #show() {
      const step = this.#steps[this.#at];
      this.#showControls();
      this.#showInputs(step);
      this.#showStrips(step);
      this.#showMaps(step);
      this.#showError();
      const { sentence } = this.#parts;
      sentence.setAttribute("aria-live", this.#timer && this.#speed > LISTENABLE ? "off" : "polite");
      sentence.textContent = step ? stepSentence(this.#state, step) : "";
    }

    #showError() {
      const field = this.#parts.stage.querySelector("[aria-invalid=true]");
      this.#parts.error.textContent = field ? text("not-a-number", { words: field.value }) : "";
    }

    #showControls() {
      const { controls, speed } = this.#parts.player;
      const last = this.#steps.length - 1;
      for (const name of ["first", "back", "play", "next", "fill"]) controls[name].disabled = last < 0;
      // At an end the focus stays where it is: these are not disabled, and do nothing.
      for (const name of ["first", "back"]) controls[name].setAttribute("aria-disabled", this.#at === 0);
      controls.next.setAttribute("aria-disabled", this.#at >= last);
      controls.play.textContent = text(this.#timer ? "pause" : "play");
      controls.play.hidden = controls.speed.hidden = still.matches;
      controls.count.textContent = `${this.#steps.length ? this.#at + 1 : 0} / ${this.#steps.length}`;
      speed.setAttribute("aria-valuetext", text("steps-a-second", { steps: this.#speed }));
    }

    #showSettings() {
      for (const { name, get } of Object.values(SETTINGS).flat()) {
        const select = this.#parts.settings.querySelector(`[name=${name}]`);
        select.value = get(this.#state, this.#filter);
        select.disabled = isPooling(this.#state) && CONVOLUTION_ONLY.includes(name);
      }
      this.#parts.settings.querySelector("[name=edit]").setAttribute("aria-pressed", this.#editing);
    }

    #showInputs(step) {
      const { input, view } = this.#state;
      const { rows, columns } = this.#layout;
      const grey = shader(input.flat(2));
      const tapped = step && [new Set(rows.meets(step.y)), new Set(columns.meets(step.x))];
      this.#grids.inputs.forEach((grid, channel) => {
        const active = step?.channels.includes(channel);
        paint(grid, (y, x) => {
          const real = rows.inside(y) && columns.inside(x);
          const pixel = real ? input[channel][y - rows.before][x - columns.before] : undefined;
          const marks = [
            !real && "padding",
            !(rows.met.has(y) && columns.met.has(x)) && "unmet",
            active && tapped[0].has(y) && tapped[1].has(x) && "tapped",
          ];
          const hidden = view === "shades" && !this.#editing;
          const number = hidden ? undefined : real || isPooling(this.#state) ? pixel : 0;
          return { number, marks, grey: view !== "numbers" && real ? grey(pixel) : undefined };
        });
        grid.span.hidden = !active;
        grid.span.style.setProperty("--lab-y", (step?.y ?? 0) * rows.stride);
        grid.span.style.setProperty("--lab-x", (step?.x ?? 0) * columns.stride);
      });
    }

    #showStrips(step) {
      const { kernels, view, input, operation } = this.#state;
      const { rows, columns } = this.#layout;
      const { kernels: kernelGrids, flipped, windows, products, sums, strips } = this.#grids;
      kernelGrids.forEach((grid, c) => paint(grid, (i, j) => ({ number: kernels[this.#filter][c][i][j] })));
      if (!step) return;
      const grey = shader(input.flat(2));
      strips.forEach((strip, channel) => strip.classList.toggle("lab-conv-idle", !step.channels.includes(channel)));
      step.channels.forEach((channel, c) => {
        const flat = step.windows[c].flat();
        const winner = operation === "max" || operation === "min" ? flat.indexOf(step.value) : -1;
        paint(windows[channel], (i, j) => {
          const number = step.windows[c][i][j];
          const inside = rows.inside(rows.meets(step.y)[i]) && columns.inside(columns.meets(step.x)[j]);
          const marks = [!inside && "padding", i * step.windows[c][0].length + j === winner && "winner"];
          return { number, marks, grey: view !== "numbers" && inside ? grey(number) : undefined };
        });
        if (step.products) {
          if (flipped[channel]) paint(flipped[channel], (i, j) => ({ number: step.weights[c][i][j] }));
          paint(products[channel], (i, j) => ({ number: step.products[c][i][j] }));
        }
        paint(sums[channel], () => ({ number: step.sums ? step.sums[c] : step.value }));
      });
    }

    #showMaps(step) {
      const { view } = this.#state;
      const { rows, columns } = this.#layout;
      const grey = shader(this.#steps.map(({ value }) => value));
      this.#grids.maps.forEach((grid, map) => {
        paint(grid, (y, x) => {
          const index = this.#index(map, y, x);
          const { value } = this.#steps[index];
          const visited = this.#visited.has(index);
          const cell = grid.cells[y][x];
          cell.tabIndex = y === step.y && x === step.x ? 0 : -1;
          cell.setAttribute("aria-selected", index === this.#at);
          const place = { row: y, column: x };
          cell.setAttribute("aria-label", visited ? text("map-cell", { ...place, value: shown(value) }) : text("empty-cell", place));
          return {
            number: visited && view !== "shades" ? value : undefined,
            marks: [index === this.#at ? "current" : !visited && "empty"],
            grey: visited && view !== "numbers" ? grey(value) : undefined,
          };
        });
      });
    }

    // What is wider than its place scrolls inside it, and then the keyboard must reach it.
    #letScroll() {
      for (const box of this.querySelectorAll(".lab-conv-scroll")) {
        const stop = box.scrollWidth > box.clientWidth && !box.querySelector("input, td[tabindex]");
        const attributes = { tabindex: 0, role: "group", "aria-label": text("scrolls") };
        for (const [name, value] of Object.entries(attributes)) stop ? box.setAttribute(name, value) : box.removeAttribute(name);
      }
    }
  }

  customElements.define("conv-explorer", ConvExplorer);
})();
