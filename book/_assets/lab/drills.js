// The drills of <practice-drills>: small questions drawn by seed, with their answers, what common slips
// lead to, and the worked steps. tools/teaching/drills.py draws the same from the same seed.
cnnlab.drills = (() => {
  // ---- random numbers: the SHA-256 of "seed name" seeds the Mersenne Twister, as in Python ----

  const PRIMES = [];
  for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((p) => n % p)) PRIMES.push(n);
  const bits = (x) => ((x % 1) * 2 ** 32) | 0; // the first 32 of the fraction
  const ROUNDS = PRIMES.map((p) => bits(Math.cbrt(p)));

  // The eight words of the SHA-256 of a text in ASCII (FIPS 180-4).
  const sha256 = (message) => {
    const words = new Array(Math.ceil((message.length + 9) / 64) * 16).fill(0);
    [...message, "\x80"].forEach((letter, i) => (words[i >> 2] |= letter.charCodeAt(0) << (24 - 8 * (i % 4))));
    words[words.length - 1] = message.length * 8;
    const turn = (x, n) => (x >>> n) | (x << (32 - n));
    let hash = PRIMES.slice(0, 8).map((p) => bits(Math.sqrt(p)));
    for (let start = 0; start < words.length; start += 16) {
      const w = words.slice(start, start + 16);
      let [a, b, c, d, e, f, g, h] = hash;
      for (let i = 0; i < 64; i++) {
        if (i > 15) {
          const s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
          const s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
          w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
        }
        const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i] + w[i]) | 0;
        const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [a, b, c, d, e, f, g, h] = [(t1 + t2) | 0, a, b, c, (d + t1) | 0, e, f, g];
      }
      hash = [a, b, c, d, e, f, g, h].map((x, i) => (x + hash[i]) | 0);
    }
    return hash.map((x) => x >>> 0);
  };

  // Python's random.Random(seed).random for a seed of many words, the lowest first (Matsumoto, Nishimura 1998).
  const twister = (key) => {
    const s = new Uint32Array(624);
    s[0] = 19650218;
    for (let i = 1; i < 624; i++) s[i] = Math.imul(1812433253, s[i - 1] ^ (s[i - 1] >>> 30)) + i;
    let place = 1;
    const mix = (factor, added) => {
      s[place] = (s[place] ^ Math.imul(s[place - 1] ^ (s[place - 1] >>> 30), factor)) + added;
      if (++place > 623) (s[0] = s[623]), (place = 1);
    };
    for (let k = 0; k < 624; k++) mix(1664525, key[k % key.length] + (k % key.length));
    for (let k = 0; k < 623; k++) mix(1566083941, -place);
    s[0] = 0x80000000;
    let next = 624;
    const word = () => {
      if (next > 623) {
        for (let i = 0; i < 624; i++) {
          const y = (s[i] & 0x80000000) | (s[(i + 1) % 624] & 0x7fffffff);
          s[i] = s[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
        }
        next = 0;
      }
      let y = s[next++];
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      return (y ^ (y >>> 18)) >>> 0;
    };
    return () => ((word() >>> 5) * 67108864 + (word() >>> 6)) / 9007199254740992;
  };

  class Draw {
    constructor(name, seed) {
      const words = sha256(`${seed} ${name}`).reverse();
      while (words.length > 1 && !words.at(-1)) words.pop();
      this.random = twister(words);
    }
    integer = (low, high) => low + Math.floor(this.random() * (high - low + 1));
    row = (length, low, high) => Array.from({ length }, () => this.integer(low, high));
    array = (height, width, low, high) => Array.from({ length: height }, () => this.row(width, low, high));
    oneOf = (choices) => choices[this.integer(0, choices.length - 1)];
    shuffled(values) {
      const left = [...values];
      return values.map(() => left.splice(this.integer(0, left.length - 1), 1)[0]);
    }
  }

  const until = (draw, suits) => {
    for (;;) {
      const drawn = draw();
      if (suits(drawn)) return drawn;
    }
  };

  // ---- arithmetic: whole numbers, and fractions {n, d} in lowest terms ----

  const divisor = (a, b) => (b ? divisor(b, a % b) : Math.abs(a));
  const over = (n, d) => (n % d ? { n: n / divisor(n, d), d: d / divisor(n, d) } : n / d);
  const pair = (x) => (typeof x === "number" ? [x, 1] : [x.n, x.d]);
  const map = (rows, change) => rows.map((row, y) => row.map((x, i) => change(x, y, i)));
  const total = (xs) => xs.reduce((sum, x) => sum + x, 0);
  const dot = (as, bs) => total(as.map((a, i) => a * bs[i]));
  const flip = (rows) => rows.map((row) => [...row].reverse()).reverse();
  const cut = (rows, y, x, height, width) => rows.slice(y, y + height).flatMap((row) => row.slice(x, x + width));
  const correlate = (image, kernel, stride = 1, bias = 0) => {
    const [height, width] = [kernel.length, kernel[0].length];
    const places = (size, window) => Array.from({ length: Math.floor((size - window) / stride) + 1 }, (_, i) => i * stride);
    return places(image.length, height).map((y) =>
      places(image[0].length, width).map((x) => dot(cut(image, y, x, height, width), kernel.flat()) + bias));
  };
  const padded = (image) => {
    const line = Array(image[0].length + 2).fill(0);
    return [line, ...image.map((row) => [0, ...row, 0]), line];
  };
  const outputSize = (size, window, stride, padding) =>
    padding === "same" ? Math.ceil(size / stride) : Math.floor((size + 2 * (padding === "valid" ? 0 : padding) - window) / stride) + 1;

  // A number as on paper; in an expression a negative one stands in parentheses.
  const say = (x) => {
    const [n, d] = pair(x);
    const written = d === 1 || 100000 % d === 0 ? String(Number((n / d).toFixed(5))) : `${n}/${d}`;
    return written.replace("-", "−");
  };
  const term = (x) => (pair(x)[0] < 0 ? `(${say(x)})` : say(x));
  const products = (as, bs) => as.map((a, i) => `${term(a)} × ${term(bs[i])}`).join(" + ");
  const sums = (xs) => xs.map(term).join(" + ");
  const equals = (expression, value) => `${expression} = ${say(value)}`;

  // ---- the drills: each takes a Draw, in the order of the code below: a new one goes to the end ----
  // given, told: what the question gives; answers: {label: number, row or rows}; slips: [why, {label:
  // what comes of it}]; steps: [words or null, arithmetic].

  const oneDimension = (draw) => {
    const signal = draw.row(6, 0, 9);
    return { signal, weights: until(() => draw.row(3, 0, 4), (w) => w[0] !== w[2] && w.every(Boolean)) };
  };
  const fourValues = (draw) => {
    const scale = draw.integer(1, 4);
    const pattern = draw.oneOf([[-scale, -scale, scale, scale], [-7, -1, 1, 7]]);
    const mean = draw.integer(7, 12);
    const deviations = draw.shuffled(pattern);
    const [gamma, beta] = [draw.integer(2, 5), draw.integer(-3, 3)];
    return { values: deviations.map((x) => mean + x), mean, deviations, gamma, beta, deviation: pattern[0] === -7 ? 5 : scale };
  };

  const DRILLS = {
    iou(draw) {
      const [A, B] = until(() => {
        const [top, left, height, width] = [...draw.row(2, 0, 2), ...draw.row(2, 2, 4)];
        const [down, right] = draw.row(2, -1, 2);
        const [otherHeight, otherWidth] = draw.row(2, 2, 4);
        const [y, x] = [Math.max(0, top + down), Math.max(0, left + right)];
        return [[top, left, top + height, left + width], [y, x, y + otherHeight, x + otherWidth]];
      }, ([a, b]) => [0, 1].every((i) => Math.min(a[i + 2], b[i + 2]) > Math.max(a[i], b[i])) && a.some((x, i) => x !== b[i]));
      const side = (i) => [Math.min(A[i + 2], B[i + 2]), Math.max(A[i], B[i])];
      const sides = ([y, x, bottom, right]) => [bottom - y, right - x];
      const [areaA, areaB] = [A, B].map((box) => sides(box)[0] * sides(box)[1]);
      const [[bottom, y], [right, x]] = [side(0), side(1)];
      const [height, width] = [bottom - y, right - x];
      const both = height * width;
      const either = areaA + areaB - both;
      return {
        chapter: 1, given: { boxes: [A, B] }, answers: { iou: over(both, either) },
        slips: [
          ["noSubtraction", { iou: over(both, areaA + areaB) }],
          ["intersection", { iou: both }],
          ["oneArea", { iou: over(both, areaA) }], ["oneArea", { iou: over(both, areaB) }],
          ["inclusive", { iou: over((height + 1) * (width + 1), [A, B].reduce((sum, box) => sum + (sides(box)[0] + 1) * (sides(box)[1] + 1), -(height + 1) * (width + 1))) }],
        ],
        steps: [
          ["height", equals(`${bottom} − ${y}`, height)], ["width", equals(`${right} − ${x}`, width)],
          ["intersection", equals(`${height} × ${width}`, both)],
          ["areas", equals(sides(A).join(" × "), areaA)], [null, equals(sides(B).join(" × "), areaB)],
          ["union", equals(`${areaA} + ${areaB} − ${both}`, either)], ["ratio", equals(`${both} ÷ ${either}`, over(both, either))],
        ],
      };
    },

    receptive_field(draw) {
      const layers = Array.from({ length: 3 }, () => [draw.integer(2, 5), draw.integer(1, 2)]);
      let [field, jump] = [1, 1];
      const steps = layers.map(([window, stride]) => {
        const line = `${field} + (${window} − 1) × ${jump}`;
        field += (window - 1) * jump;
        jump *= stride;
        return [null, equals(line, field)];
      });
      const windows = layers.map(([window]) => window);
      return {
        chapter: 1, given: { layers }, answers: { field },
        slips: [
          ["noJump", { field: 1 + total(windows.map((k) => k - 1)) }],
          ["multiplied", { field: windows.reduce((a, b) => a * b) }],
          ["added", { field: total(windows) }],
        ],
        steps: [["field", steps[0][1]], ...steps.slice(1)],
      };
    },

    first_value(draw) {
      const value = ({ signal, weights }, turned) => dot(signal.slice(0, 3), turned ? [...weights].reverse() : weights);
      const given = until(() => oneDimension(draw), (one) => value(one, true) !== value(one, false));
      const [convolution, cross_correlation] = [value(given, true), value(given, false)];
      const flipped = [...given.weights].reverse();
      return {
        chapter: 3, given, answers: { convolution, cross_correlation },
        slips: [["flip", { convolution: cross_correlation, cross_correlation: convolution }]],
        steps: [
          ["flipped", equals(products(given.signal.slice(0, 3), flipped), convolution)],
          ["unflipped", equals(products(given.signal.slice(0, 3), given.weights), cross_correlation)],
        ],
      };
    },

    two_dimensions(draw) {
      const image = draw.array(4, 4, 0, 5);
      const kernel = until(() => draw.array(2, 2, -2, 2), (k) => k.flat().every(Boolean));
      const [row, column] = draw.row(2, 0, 2);
      const all = correlate(image, kernel);
      const value = all[row][column];
      return {
        chapter: 3, given: { image, kernel }, told: { row, column }, answers: { value },
        slips: [["kernelFlipped", { value: correlate(image, flip(kernel))[row][column] }], ["transposed", { value: all[column][row] }]],
        steps: [["window", equals(products(cut(image, row, column, 2, 2), kernel.flat()), value)]],
      };
    },

    padding_and_stride(draw) {
      const image = draw.array(4, 4, 0, 4);
      const kernel = until(() => draw.array(3, 3, -1, 1), (k) => k.flat().filter(Boolean).length >= 5);
      const feature_map = correlate(padded(image), kernel, 2);
      const everywhere = correlate(padded(image), kernel);
      const steps = [0, 2].flatMap((y) => [0, 2].map((x) => {
        // Products with the zeros around the image are left out.
        const inside = [0, 1, 2].flatMap((i) => [0, 1, 2].filter((j) => y + i && x + j).map((j) => [image[y + i - 1][x + j - 1], kernel[i][j]]));
        return [null, equals(products(inside.map(([a]) => a), inside.map(([, b]) => b)), feature_map[y / 2][x / 2])];
      }));
      return {
        chapter: 4, given: { image, kernel }, answers: { feature_map },
        slips: [
          ["noPadding", { feature_map: correlate(image, kernel) }],
          ["noStride", { feature_map: everywhere.slice(0, 2).map((row) => row.slice(0, 2)) }],
          ["kernelFlipped", { feature_map: correlate(padded(image), flip(kernel), 2) }],
        ],
        steps: [["inside", steps[0][1]], ...steps.slice(1)],
      };
    },

    output_size(draw) {
      const rows = [
        [draw.integer(20, 64), draw.oneOf([3, 5, 7]), 1, "valid"],
        [draw.integer(20, 64), draw.oneOf([3, 5]), draw.integer(2, 3), "same"],
        [draw.integer(20, 64), draw.oneOf([3, 5]), 2, draw.integer(1, 2)],
        [draw.integer(20, 64), 2, 2, "valid"],
      ];
      const [size, window, stride, padding] = draw.oneOf(rows);
      const side = outputSize(size, window, stride, padding);
      const zeros = padding === "valid" ? 0 : 2 * padding;
      const slips = padding === "same"
        ? [["sameIsCeil", { side: Math.floor(size / stride) }], ["sameIsPadded", { side: outputSize(size, window, stride, 0) }], ["strideIgnored", { side: size }]]
        : [
          ["plusOne", { side: side - 1 }],
          ["floor", { side: Math.ceil((size + zeros - window) / stride) + 1 }],
          ["paddedOnce", { side: Math.floor((size + zeros / 2 - window) / stride) + 1 }],
          ["paddingIgnored", { side: outputSize(size, window, stride, 0) }],
          ["strideIgnored", { side: size + zeros - window + 1 }],
        ];
      const left = size + zeros - window;
      const steps = padding === "same"
        ? [["same", equals(`⌈${size} ÷ ${stride}⌉`, side)]]
        : [
          ["room", equals(zeros ? `${size} + 2 × ${padding} − ${window}` : `${size} − ${window}`, left)],
          ["strides", equals(`⌊${left} ÷ ${stride}⌋`, side - 1)], ["andFirst", equals(`${side - 1} + 1`, side)],
        ];
      return { chapter: 4, told: { size, window, stride, padding }, answers: { side }, slips, steps, counts: true };
    },

    same_padding(draw) {
      const [size, window, stride] = [draw.integer(5, 32), draw.integer(2, 6), draw.integer(1, 3)];
      const places = Math.ceil(size / stride);
      const zeros = Math.max((places - 1) * stride + window - size, 0);
      const halves = (n) => ({ before: Math.floor(n / 2), after: Math.ceil(n / 2) });
      const { before, after } = halves(zeros);
      return {
        chapter: 4, told: { size, window, stride }, answers: { before, after }, counts: true,
        slips: [["oddZero", { before: after, after: before }], ["eachSide", { before: zeros, after: zeros }], ["strideIgnored", halves(window - 1)]],
        steps: [
          ["same", equals(`⌈${size} ÷ ${stride}⌉`, places)],
          ["reach", equals(`(${places} − 1) × ${stride} + ${window}`, (places - 1) * stride + window)],
          ["missing", equals(`max(${(places - 1) * stride + window} − ${size}, 0)`, zeros)],
          ["before", equals(`⌊${zeros} ÷ 2⌋`, before)], ["after", equals(`${zeros} − ${before}`, after)],
        ],
      };
    },

    channels(draw) {
      const image = draw.array(9, 2, 0, 4);
      const kernel = until(() => draw.array(4, 2, -2, 2), (k) => k.flat().filter(Boolean).length >= 6);
      const bias = draw.integer(-3, 3);
      const channel = (numbers, width, i) => numbers.reduce((rows, x, at) => (at % width ? rows.at(-1).push(x[i]) : rows.push([x[i]]), rows), []);
      const images = [0, 1].map((i) => channel(image, 3, i));
      const kernels = [0, 1].map((i) => channel(kernel, 2, i));
      const maps = images.map((one, i) => correlate(one, kernels[i]));
      const added = (bias) => map(maps[0], (x, y, i) => x + maps[1][y][i] + bias);
      const feature_map = added(bias);
      return {
        chapter: 5, answers: { feature_map },
        given: { image_1: images[0], image_2: images[1], kernel_1: kernels[0], kernel_2: kernels[1], bias },
        slips: [
          ["noBias", { feature_map: added(0) }], ["biasTwice", { feature_map: added(2 * bias) }],
          ["oneChannel", { feature_map: map(maps[0], (x) => x + bias) }],
          ["kernelFlipped", { feature_map: map(correlate(images[0], flip(kernels[0])), (x, y, i) => x + correlate(images[1], flip(kernels[1]))[y][i] + bias) }],
        ],
        steps: map(feature_map, (value, y, x) => [y || x ? null : "channels",
          equals(`(${images.map((one, i) => products(cut(one, y, x, 2, 2), kernels[i].flat())).join(") + (")}) + ${term(bias)}`, value)]).flat(),
      };
    },

    parameters(draw) {
      const [side, channels] = [draw.oneOf([8, 10, 12, 14]), draw.oneOf([1, 3])];
      const [filters, classes] = [draw.oneOf([2, 4, 6, 8]), draw.integer(2, 5)];
      const left = (side - 2) / 2;
      const flattened = left * left * filters;
      return {
        chapter: 5, told: { side, channels, filters, classes }, counts: true,
        answers: { convolutional: filters * (9 * channels + 1), pooling: 0, flattened, fully_connected: classes * (flattened + 1) },
        slips: [
          ["noBias", { convolutional: filters * 9 * channels, fully_connected: classes * flattened }],
          ["oneBias", { convolutional: filters * 9 * channels + 1, fully_connected: classes * flattened + 1 }],
          ["channelsForgotten", { convolutional: filters * 10 }],
          ["poolingHasNone", { pooling: 4 }], ["poolingHasNone", { pooling: 4 * filters }],
          ["notPooled", { flattened: (side - 2) ** 2 * filters }], ["mapsForgotten", { flattened: left * left }],
        ],
        steps: [
          ["convolutional", equals(`${filters} × (3 × 3 × ${channels} + 1)`, filters * (9 * channels + 1))], ["pooling", "0"],
          ["afterPooling", equals(`(${side} − 3 + 1) ÷ 2`, left)], ["flattened", equals(`${left} × ${left} × ${filters}`, flattened)],
          ["fullyConnected", equals(`${classes} × (${flattened} + 1)`, classes * (flattened + 1))],
        ],
      };
    },

    multiply_adds(draw) {
      const [side, window] = [draw.oneOf([8, 10, 12, 14, 16]), draw.oneOf([3, 5])];
      const [channels, filters] = [draw.oneOf([1, 3, 4]), draw.oneOf([2, 4, 8, 10])];
      const padding = draw.oneOf(["valid", "same"]);
      const out = outputSize(side, window, 1, padding);
      const each = window * window * channels;
      return {
        chapter: 5, told: { side, channels, window, filters, padding }, counts: true,
        answers: { multiply_adds: out * out * filters * each },
        slips: [
          ["placesForgotten", { multiply_adds: filters * each }], ["placesForgotten", { multiply_adds: filters * (each + 1) }],
          ["filtersForgotten", { multiply_adds: out * out * each }], ["channelsForgotten", { multiply_adds: out * out * filters * window * window }],
          ["outputPlaces", { multiply_adds: side * side * filters * each }], ["validShrinks", { multiply_adds: (side - window + 1) ** 2 * filters * each }],
        ],
        steps: [
          padding === "same" ? ["side", equals(`⌈${side} ÷ 1⌉`, out)] : ["side", equals(`${side} − ${window} + 1`, out)],
          ["outputs", equals(`${out} × ${out} × ${filters}`, out * out * filters)],
          ["each", equals(`${window} × ${window} × ${channels}`, each)],
          ["product", equals(`${out * out * filters} × ${each}`, out * out * filters * each)],
        ],
      };
    },

    pooling(draw) {
      const feature_map = draw.array(4, 4, 0, 9);
      const pooled = (summary) => [0, 2].map((y) => [0, 2].map((x) => summary(cut(feature_map, y, x, 2, 2))));
      const max = pooled((window) => Math.max(...window));
      const average = pooled((window) => over(total(window), 4));
      const lines = [0, 2].flatMap((y) => [0, 2].map((x) => cut(feature_map, y, x, 2, 2)));
      return {
        chapter: 6, given: { feature_map }, answers: { max, average },
        slips: [
          ["exchanged", { max: average, average: max }], ["notDivided", { average: pooled(total) }],
          ["minimum", { max: pooled((window) => Math.min(...window)) }],
          ["noStride", { max: [0, 1].map((y) => [0, 1].map((x) => Math.max(...cut(feature_map, y, x, 2, 2)))) }],
        ],
        steps: [
          ...lines.map((window, i) => [i ? null : "largest", equals(`max(${window.join(", ")})`, Math.max(...window))]),
          ...lines.map((window, i) => [i ? null : "mean", equals(`(${sums(window)}) ÷ 4`, over(total(window), 4))]),
        ],
      };
    },

    pooling_backward(draw) {
      const all = until(() => draw.array(4, 4, 0, 9), (rows) => [0, 2].every((y) => [0, 2].every((x) => {
        const [first, second] = cut(rows, y, x, 2, 2).sort((a, b) => b - a);
        return first > second;
      })));
      const gradient = 4 * until(() => draw.array(2, 2, -2, 2), (g) => g.flat().every(Boolean))[0][0];
      const window = all.slice(0, 2).map((row) => row.slice(0, 2));
      const largest = Math.max(...window.flat());
      const max = map(window, (x) => (x === largest ? gradient : 0));
      const average = map(window, () => gradient / 4);
      return {
        chapter: 7, given: { window, gradient }, answers: { max, average },
        slips: [
          ["gradientEverywhere", { max: map(window, () => gradient) }], ["exchanged", { max: average, average: max }],
          ["gradientDivided", { average: map(window, () => gradient) }], ["gradientReplaces", { max: map(window, (x) => (x === largest ? x : 0)) }],
        ],
        steps: [["winner", equals(`max(${window.flat().join(", ")})`, largest)], ["shared", equals(`${say(gradient)} ÷ 4`, gradient / 4)]],
      };
    },

    kernel_gradient(draw) {
      const image = draw.array(3, 3, 0, 3);
      until(() => draw.array(2, 2, -1, 2), (k) => k.flat().some(Boolean)); // the sheet's kernel
      const output_gradient = until(() => draw.array(2, 2, -2, 2), (e) => e.flat().every(Boolean));
      const kernel_gradient = correlate(image, output_gradient);
      const errors = output_gradient.flat();
      return {
        chapter: 7, given: { image, output_gradient }, answers: { kernel_gradient, bias_gradient: total(errors) },
        slips: [
          ["gradientFlipped", { kernel_gradient: correlate(image, flip(output_gradient)) }],
          ["averaged", { kernel_gradient: map(kernel_gradient, (x) => over(x, 4)), bias_gradient: over(total(errors), 4) }],
          ["biasOne", { bias_gradient: 1 }],
        ],
        steps: [
          ...map(kernel_gradient, (value, y, x) => [y || x ? null : "slideGradient", equals(products(cut(image, y, x, 2, 2), errors), value)]).flat(),
          ["biasSum", equals(sums(errors), total(errors))],
        ],
      };
    },

    training_steps(draw) {
      const [images, batch] = [10 * draw.integer(20, 200), draw.oneOf([16, 32, 64, 128])];
      const epochs = draw.integer(2, 10);
      const epoch = Math.ceil(images / batch);
      return {
        chapter: 8, told: { images, batch, epochs }, answers: { epoch, all: epoch * epochs }, counts: true,
        slips: [
          ["lastBatch", { epoch: Math.floor(images / batch), all: Math.floor(images / batch) * epochs }],
          ["oneEpoch", { all: epoch }], ["eachEpochAnew", { all: Math.ceil((images * epochs) / batch) }], ["stepIsImage", { epoch: images, all: images * epochs }],
        ],
        steps: [["batches", equals(`⌈${images} ÷ ${batch}⌉`, epoch)], ["epochs", equals(`${epoch} × ${epochs}`, epoch * epochs)]],
      };
    },

    stacked(draw) {
      const [layers, channels] = [draw.integer(2, 4), draw.oneOf([4, 8, 10, 16, 20])];
      const window = 2 * layers + 1;
      const [small, large] = [layers * 9 * channels ** 2, window ** 2 * channels ** 2];
      return {
        chapter: 13, told: { layers, channels, window }, answers: { small, large }, counts: true,
        slips: [
          ["oneLayer", { small: 9 * channels ** 2 }], ["channelsOnce", { small: layers * 9 * channels, large: window ** 2 * channels }],
          ["withBias", { small: layers * (9 * channels ** 2 + channels), large: window ** 2 * channels ** 2 + channels }],
        ],
        steps: [
          ["small", equals(`${layers} × 3 × 3 × ${channels} × ${channels}`, small)],
          ["large", equals(`${window} × ${window} × ${channels} × ${channels}`, large)],
        ],
      };
    },

    standardization(draw) {
      const { values, mean, deviations, deviation } = fourValues(draw);
      const normalized = deviations.map((x) => over(x, deviation));
      return {
        chapter: 15, given: { values }, answers: { mean, deviation, normalized },
        slips: [
          ["variance", { deviation: deviation ** 2 }], ["halved", { deviation: over(total(deviations.map(Math.abs)), 4) }],
          ["sum", { mean: 4 * mean }], ["onlyCentered", { normalized: deviations }], ["notCentered", { normalized: values.map((x) => over(x, deviation)) }],
          ["byVariance", { normalized: deviations.map((x) => over(x, deviation ** 2)) }],
        ],
        steps: [
          ["average", equals(`(${sums(values)}) ÷ 4`, mean)],
          ["deviation", equals(`√((${deviations.map((x) => `${term(x)}²`).join(" + ")}) ÷ 4)`, deviation)],
          ...deviations.map((x, i) => [i ? null : "normalize", equals(`(${values[i]} − ${mean}) ÷ ${deviation}`, over(x, deviation))]),
        ],
      };
    },

    batch_norm(draw) {
      const { values, mean, deviations, deviation, gamma, beta } = fourValues(draw);
      const scaled = (gamma, beta) => deviations.map((x) => over(gamma * x + beta * deviation, deviation));
      return {
        chapter: 15, given: { values, gamma, beta }, answers: { output: scaled(gamma, beta) },
        slips: [
          ["notScaled", { output: scaled(1, 0) }], ["betaForgotten", { output: scaled(gamma, 0) }], ["gammaForgotten", { output: scaled(1, beta) }],
          ["gammaBeta", { output: scaled(beta, gamma) }], ["notNormalized", { output: values.map((x) => gamma * x + beta) }],
        ],
        steps: [
          ["average", equals(`(${sums(values)}) ÷ 4`, mean)],
          ["deviation", equals(`√((${deviations.map((x) => `${term(x)}²`).join(" + ")}) ÷ 4)`, deviation)],
          ...deviations.map((x, i) => [i ? null : "scale", equals(`${gamma} × (${values[i]} − ${mean}) ÷ ${deviation} + ${term(beta)}`, scaled(gamma, beta)[i])]),
        ],
      };
    },

    all_right(draw) {
      const [percent, digits] = [draw.oneOf([50, 60, 70, 80, 90]), draw.integer(2, 5)];
      const p = over(percent, 100);
      const probability = over((percent / 10) ** digits, 10 ** digits);
      return {
        chapter: 18, told: { percent, digits }, answers: { probability },
        slips: [
          ["oneDigit", { probability: p }], ["errorsAdded", { probability: over(100 - digits * (100 - percent), 100) }],
          ["allWrong", { probability: over((10 - percent / 10) ** digits, 10 ** digits) }], ["probabilitiesAdded", { probability: over(percent * digits, 100) }],
        ],
        steps: [["power", equals(Array(digits).fill(say(p)).join(" × "), probability)]],
      };
    },

    weighted_gradient(draw) {
      const devices = until(() => draw.array(2, 2, 1, 9), ([a, b]) => a[0] !== b[0] && a[1] !== b[1]).map(([n, g]) => [8 * n, g]);
      const [images, gradients] = [0, 1].map((i) => devices.map((row) => row[i]));
      const gradient = over(dot(images, gradients), total(images));
      return {
        chapter: 19, given: { devices }, answers: { gradient },
        slips: [
          ["plainMean", { gradient: over(total(gradients), 2) }], ["gradientsAdded", { gradient: total(gradients) }],
          ["imagesNotDivided", { gradient: dot(images, gradients) }], ["weightsExchanged", { gradient: over(dot([...images].reverse(), gradients), total(images)) }],
        ],
        steps: [["weighted", equals(`(${products(images, gradients)}) ÷ (${sums(images)})`, gradient)]],
      };
    },
  };
  const NAMES = Object.keys(DRILLS);


  const rowsOf = (values) => (!Array.isArray(values) ? [[values]] : Array.isArray(values[0]) ? values : [values]);
  const cells = (values) => rowsOf(values).flat().map(pair);

  const draw = (drill, seed) => {
    const task = { drill, seed, ...DRILLS[drill](new Draw(drill, seed)) };
    const same = ([n, d], [m, e]) => n === m && d === e;
    // A slip that leads to the right answer is none.
    task.slips = task.slips.flatMap(([why, values]) => Object.entries(values).map(([label, wrong]) => ({ why, label, wrong: cells(wrong) })))
      .filter(({ label, wrong }) => !cells(task.answers[label]).every((right, i) => same(right, wrong[i])));
    return task;
  };

  // {drill: the chapter that explains it}
  const CHAPTERS = Object.fromEntries(NAMES.map((name) => [name, draw(name, 0).chapter]));

  return { NAMES, CHAPTERS, cells, draw, rowsOf, say, sha256 };
})();
