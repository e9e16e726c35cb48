// Runs a convolutional network in the page: plain JavaScript, no document, no network, no eval.
//
//   const model = cnnlab.Model.parse(text)      a file that cnnbook.web.export wrote, or ModelError
//   model.inputShape, model.inputRange, model.classNames, model.outputName, model.parameterCount
//   model.layers      [{name, type, config, inputs, outputShape, weights: {kernel: {shape, data}, …}}]
//   model.layer(name) one of them
//   await model.run(data, {onProgress, signal, sliceMs, keep})
//                     {output: {shape, data}, probabilities, activations: Map(name → {shape, data})}
//   cnnlab.models.digits                        a model that came in a script of its own
//   cnnlab.ops.conv2d, pool2d, pads, outputSize
//
// Images are {shape: [height, width, channels], data: Float32Array}, one at a time. Sums are kept in
// double precision. Work is cut in slices: generators yield what they have done, and run() lets the
// page live between slices. The text of a file is never trusted; whatever is wrong with it becomes a
// ModelError with a sentence to read.
globalThis.cnnlab ??= {};
(() => {
  const LIMITS = {
    text: 1e8, // letters of a file
    layers: 2000,
    inputs: 200, // of one layer
    name: 200, // letters of a name
    classes: 20000,
    side: 2 ** 16, // any one size
    elements: 2 ** 23, // numbers in the output of one layer
    live: 2 ** 26, // numbers held at the same time
    weights: 2 ** 25,
    window: 2 ** 22, // numbers that one output is computed from
    work: 1e11, // multiplications of one image: minutes
  };
  const SLICE = 2 ** 18; // multiplications between two looks at the clock

  class ModelError extends Error {
    constructor(key, values = {}) {
      const shown = Object.entries(values).map(([name, value]) => [name, short(value)]);
      super(cnnlab.text(`engine.${key}`, Object.fromEntries(shown)));
      this.name = "ModelError";
      this.key = values.problem?.key ?? key;
    }
  }

  // What a file says may be long or hold control characters: a piece of it to show.
  function short(value) {
    if (value instanceof ModelError) return value.message;
    let text = typeof value === "string" ? value : undefined;
    if (Array.isArray(value) && value.every(Number.isFinite)) text = value.slice(0, 8).join("×");
    text ??= Array.isArray(value) ? "[…]" : value && typeof value === "object" ? "{…}" : String(value);
    text = text.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, " ");
    return text.length > 40 ? `${text.slice(0, 40)}…` : text;
  }

  const product = (sizes) => sizes.reduce((a, b) => a * b, 1);
  const tensor = (shape, data = new Float32Array(product(shape))) => ({ shape, data });
  const copy = ({ shape, data }) => tensor(shape, data.slice());
  const finish = (steps) => {
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  };

  // --- sizes ------------------------------------------------------------------------------------

  // Rows (or columns) added before and after; "same" is TensorFlow's rule, uneven when it must be.
  function pads(size, kernel, stride, padding, dilation = 1) {
    const reach = (kernel - 1) * dilation;
    if (padding === "valid") return [0, 0];
    if (padding === "full") return [reach, reach];
    if (padding !== "same") return padding;
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + reach + 1 - size, 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  }

  // Below 1 where the window does not fit.
  function outputSize(size, kernel, stride, padding, dilation = 1) {
    const [before, after] = pads(size, kernel, stride, padding, dilation);
    return Math.floor((size + before + after - (kernel - 1) * dilation - 1) / stride) + 1;
  }

  function windows([height, width], [kh, kw], { strides: [sh, sw], padding, dilation: [dh, dw] }) {
    const [rows, columns] = Array.isArray(padding) ? padding : [padding, padding];
    const size = [outputSize(height, kh, sh, rows, dh), outputSize(width, kw, sw, columns, dw)];
    if (Math.min(...size) < 1) throw new ModelError("windowFit", { window: [kh, kw], input: [height, width] });
    return { size, top: pads(height, kh, sh, rows, dh)[0], left: pads(width, kw, sw, columns, dw)[0] };
  }

  // --- convolution ------------------------------------------------------------------------------

  function* convolve(input, kernel, bias, options) {
    const { strides: [sh, sw], dilation: [dh, dw], groups } = options;
    const [height, width, channels] = input.shape;
    const [kh, kw, depth, filters] = kernel.shape;
    const { size: [rows, columns], top, left } = windows(input.shape, [kh, kw], options);
    const output = tensor([rows, columns, filters]);
    const count = filters / groups; // filters of a group
    const taps = kh * kw * depth;
    const places = rows * columns;
    const source = input.data;
    let work = 0;

    // Copy what one output place looks at into patch, from its index `at` on; padding is 0.
    function gather(place, channel, patch, at) {
      const y0 = Math.floor(place / columns) * sh - top;
      const x0 = (place % columns) * sw - left;
      for (let i = 0; i < kh; i++) {
        const y = y0 + i * dh;
        const row = y * width;
        const inside = y >= 0 && y < height;
        for (let j = 0; j < kw; j++) {
          const x = x0 + j * dw;
          if (inside && x >= 0 && x < width) {
            const from = (row + x) * channels + channel;
            for (let c = 0; c < depth; c++) patch[at++] = source[from + c];
          } else for (let c = 0; c < depth; c++) patch[at++] = 0;
        }
      }
    }

    if (depth === 1 && groups > 1) {
      // Depth-wise: every filter has one channel of its own, so all of them walk along together.
      const sums = new Float64Array(filters);
      const channelOf = Int32Array.from(sums, (_, f) => Math.floor(f / count));
      for (let place = 0; place < places; place++) {
        for (let f = 0; f < filters; f++) sums[f] = bias ? bias.data[f] : 0;
        const y0 = Math.floor(place / columns) * sh - top;
        const x0 = (place % columns) * sw - left;
        for (let i = 0; i < kh; i++) {
          const y = y0 + i * dh;
          if (y < 0 || y >= height) continue;
          for (let j = 0; j < kw; j++) {
            const x = x0 + j * dw;
            if (x < 0 || x >= width) continue;
            const from = (y * width + x) * channels;
            const at = (i * kw + j) * filters;
            for (let f = 0; f < filters; f++) sums[f] += source[from + channelOf[f]] * kernel.data[at + f];
          }
        }
        output.data.set(sums, place * filters);
        if ((work += taps * filters) > SLICE) {
          yield work;
          work = 0;
        }
      }
    } else if (places < 4) {
      // A few places only (a dense layer has one): each weight is used once, so nothing is packed.
      const patch = new Float64Array(taps);
      const sums = new Float64Array(count);
      for (let group = 0; group < groups; group++) {
        for (let place = 0; place < places; place++) {
          gather(place, group * depth, patch, 0);
          for (let f = 0; f < count; f++) sums[f] = bias ? bias.data[group * count + f] : 0;
          for (let tap = 0; tap < taps; tap++) {
            const value = patch[tap];
            const at = tap * filters + group * count;
            // After relu about half of them are 0.
            if (value !== 0) for (let f = 0; f < count; f++) sums[f] += value * kernel.data[at + f];
            if ((work += count) > SLICE) {
              yield work;
              work = 0;
            }
          }
          output.data.set(sums, place * filters + group * count);
        }
      }
    } else {
      // The weights are packed four filters side by side, the patches of a block of places lie in
      // rows; then two places by four filters are summed in registers.
      const block = Math.min(places + (places % 2), Math.max(2, 2 * Math.floor(2 ** 14 / taps)));
      const patches = new Float64Array(block * taps);
      const packed = new Float32Array(Math.ceil(count / 4) * 4 * taps);
      const sums = new Float64Array(8);
      for (let group = 0; group < groups; group++) {
        for (let f = 0; f < count; f++) {
          const to = (f - (f % 4)) * taps + (f % 4);
          const from = group * count + f;
          for (let tap = 0; tap < taps; tap++) packed[to + 4 * tap] = kernel.data[tap * filters + from];
        }
        for (let first = 0; first < places; first += block) {
          const last = Math.min(first + block, places);
          for (let place = first; place < last; place++)
            gather(place, group * depth, patches, (place - first) * taps);
          for (let f = 0; f < count; f += 4) {
            const wide = Math.min(4, count - f);
            for (let place = first; place < last; place += 2) {
              dot2x4(patches, (place - first) * taps, packed, f * taps, taps, sums);
              const both = place + 1 < last ? 2 : 1;
              for (let p = 0; p < both; p++) {
                const to = (place + p) * filters + group * count + f;
                for (let i = 0; i < wide; i++)
                  output.data[to + i] = sums[4 * p + i] + (bias ? bias.data[group * count + f + i] : 0);
              }
            }
            if ((work += (last - first) * taps * wide) > SLICE) {
              yield work;
              work = 0;
            }
          }
        }
      }
    }
    yield work;
    return output;
  }

  // Two patches (one after the other) times four filters (side by side): eight sums.
  function dot2x4(patches, at, packed, from, taps, sums) {
    let a0 = 0, a1 = 0, a2 = 0, a3 = 0;
    let b0 = 0, b1 = 0, b2 = 0, b3 = 0;
    for (const end = at + taps; at < end; at++, from += 4) {
      const a = patches[at];
      const b = patches[at + taps];
      const w0 = packed[from];
      const w1 = packed[from + 1];
      const w2 = packed[from + 2];
      const w3 = packed[from + 3];
      a0 += a * w0;
      a1 += a * w1;
      a2 += a * w2;
      a3 += a * w3;
      b0 += b * w0;
      b1 += b * w1;
      b2 += b * w2;
      b3 += b * w3;
    }
    sums[0] = a0;
    sums[1] = a1;
    sums[2] = a2;
    sums[3] = a3;
    sums[4] = b0;
    sums[5] = b1;
    sums[6] = b2;
    sums[7] = b3;
  }

  // A dense layer is a 1×1 convolution over the rows of its input.
  function* dense(input, kernel, bias) {
    const [channels, units] = kernel.shape;
    const image = { shape: [1, input.data.length / channels, channels], data: input.data };
    const options = { strides: [1, 1], padding: "valid", dilation: [1, 1], groups: 1 };
    const { data } = yield* convolve(image, { shape: [1, 1, channels, units], data: kernel.data }, bias, options);
    return tensor([...input.shape.slice(0, -1), units], data);
  }

  // --- pooling ----------------------------------------------------------------------------------

  // Padding never wins a max or a min, and an average does not count it.
  function* pool(input, { poolSize: [ph, pw], strides: [sh, sw], padding, mode }) {
    const [height, width, channels] = input.shape;
    const options = { strides: [sh, sw], padding, dilation: [1, 1] };
    const { size: [rows, columns], top, left } = windows(input.shape, [ph, pw], options);
    const output = tensor([rows, columns, channels]);
    const best = new Float64Array(channels);
    const start = { max: -Infinity, min: Infinity, average: 0 }[mode];
    const source = input.data;
    let work = 0;
    for (let row = 0; row < rows; row++) {
      const y0 = Math.max(row * sh - top, 0);
      const y1 = Math.min(row * sh - top + ph, height);
      for (let column = 0; column < columns; column++) {
        const x0 = Math.max(column * sw - left, 0);
        const x1 = Math.min(column * sw - left + pw, width);
        if (y0 >= y1 || x0 >= x1) throw new ModelError("windowFit", { window: [ph, pw], input: [height, width] });
        best.fill(start);
        for (let y = y0; y < y1; y++) {
          for (let x = x0; x < x1; x++) {
            const from = (y * width + x) * channels;
            if (mode === "average") for (let c = 0; c < channels; c++) best[c] += source[from + c];
            else if (mode === "max") for (let c = 0; c < channels; c++) best[c] = Math.max(best[c], source[from + c]);
            else for (let c = 0; c < channels; c++) best[c] = Math.min(best[c], source[from + c]);
          }
        }
        const count = mode === "average" ? (y1 - y0) * (x1 - x0) : 1;
        const to = (row * columns + column) * channels;
        for (let c = 0; c < channels; c++) output.data[to + c] = best[c] / count;
        if ((work += ph * pw * channels) > SLICE) {
          yield work;
          work = 0;
        }
      }
    }
    yield work;
    return output;
  }

  // --- activations, as Keras 3 computes them ------------------------------------------------------

  const sigmoid = (x) => 1 / (1 + Math.exp(-x));
  const clip = (x, low, high) => Math.min(Math.max(x, low), high);
  const elu = (alpha) => (x) => (x > 0 ? x : alpha * Math.expm1(x));
  const leaky = (slope) => (x) => (x > 0 ? x : slope * x);
  // Abramowitz and Stegun 7.1.26: within 1.5e-7.
  const erf = (x) => {
    const t = 1 / (1 + 0.3275911 * Math.abs(x));
    const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    return Math.sign(x) * (1 - series * Math.exp(-x * x));
  };
  const silu = (x) => x * sigmoid(x);
  const hardSigmoid = (x) => clip(x / 6 + 0.5, 0, 1);
  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const ACTIVATIONS = new Map(Object.entries({
    linear: (x) => x,
    celu: elu(1),
    elu: elu(1),
    exponential: Math.exp,
    gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
    hard_sigmoid: hardSigmoid,
    hard_silu: (x) => x * hardSigmoid(x),
    leaky_relu: leaky(0.2),
    mish: (x) => x * Math.tanh(softplus(x)),
    relu: (x) => (x < 0 ? 0 : x), // not a number stays so
    relu6: (x) => clip(x, 0, 6),
    selu: (x) => 1.0507009873554805 * elu(1.6732632423543772)(x),
    sigmoid,
    silu,
    softplus,
    softsign: (x) => x / (1 + Math.abs(x)),
    tanh: Math.tanh,
  }));

  const largest = (row) => row.reduce((a, b) => Math.max(a, b), -Infinity);
  // These look at the last axis as a whole.
  const ROW_ACTIVATIONS = new Map(Object.entries({
    softmax(row) {
      const top = largest(row);
      const powers = Float64Array.from(row, (x) => Math.exp(x - top));
      const total = powers.reduce((a, b) => a + b, 0);
      row.set(powers.map((power) => power / total));
    },
    log_softmax(row) {
      const top = largest(row);
      const total = top + Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0));
      row.set(row.map((x) => x - total));
    },
  }));

  // These three change the output of a layer in place.
  function* activate(output, name) {
    if (name === "linear") return output;
    if (ROW_ACTIVATIONS.has(name)) return yield* eachRow(output, ROW_ACTIVATIONS.get(name));
    return yield* each(output, ACTIVATIONS.get(name));
  }

  function* each(output, f) {
    const { data } = output;
    for (const [first, last] of slices(data.length)) {
      for (let i = first; i < last; i++) data[i] = f(data[i]);
      yield last - first;
    }
    return output;
  }

  function* eachRow({ shape, data }, f) {
    const length = shape.at(-1);
    for (const [first, last] of slices(data.length / length, length + 200)) {
      for (let row = first; row < last; row++) f(data.subarray(row * length, (row + 1) * length));
      yield (last - first) * length;
    }
    return { shape, data };
  }

  // Cut the numbers from 0 to count into stretches that take a slice each.
  function* slices(count, cost = 4) {
    const step = Math.ceil(SLICE / cost);
    for (let first = 0; first < count; first += step) yield [first, Math.min(first + step, count)];
  }

  // --- the layers a model may have ----------------------------------------------------------------
  //
  // config: what the file must say, each with its check; no more and no less is accepted.
  // plan(config, shapes): from the shapes of the inputs {shape} of the output, {weights} as name →
  // shape in the order of the file, {window}, the numbers that one output is computed from, and
  // {work} where it is not their product.
  // run(layer, inputs): the steps that compute the output.

  const whole = (low, high = LIMITS.side) => (value) => Number.isInteger(value) && value >= low && value <= high;
  const list = (check, low = 1, high = low) => (value) =>
    Array.isArray(value) && value.length >= low && value.length <= high && value.every((one) => check(one));
  const flag = (value) => typeof value === "boolean";
  const number = (value) => Number.isFinite(value) && Math.abs(value) <= 1e9;
  const positive = (value) => number(value) && value > 0;
  const oneOf = (...names) => (value) => names.includes(value);
  const activation = (value) => ACTIVATIONS.has(value) || ROW_ACTIVATIONS.has(value);
  const pair = (low) => list(whole(low), 2);
  const WINDOW = { strides: pair(1), padding: oneOf("valid", "same") };
  const CONVOLUTION = {
    ...WINDOW,
    kernel_size: pair(1),
    dilation_rate: pair(1),
    activation,
    use_bias: flag,
  };
  const sides = list(pair(0), 2);
  const numbers = list(number, 1, 4096);

  const wrong = (key, values) => {
    throw new ModelError(key, values);
  };
  const image = (shape) => (shape.length === 3 ? shape : wrong("rank", { shape, rank: 3 }));
  const options = (config) => ({
    strides: config.strides,
    padding: config.padding,
    dilation: config.dilation_rate,
    groups: config.groups ?? 1,
  });
  const windowed = (shape, size, config) => {
    const one = { ...options(config), dilation: config.dilation_rate ?? [1, 1] };
    return windows(image(shape), size, one).size;
  };
  const biased = (config, weights, filters) => (config.use_bias ? { ...weights, bias: [filters] } : weights);

  const pooling = (mode) => ({
    config: { ...WINDOW, pool_size: pair(1) },
    plan(config, [shape]) {
      const size = windowed(shape, config.pool_size, config);
      return { shape: [...size, shape[2]], window: product(config.pool_size) };
    },
    *run({ config }, [input]) {
      const { pool_size: poolSize, strides, padding } = config;
      return yield* pool(input, { poolSize, strides, padding, mode });
    },
  });

  const globalPooling = (mode) => ({
    config: { keepdims: flag },
    plan: ({ keepdims }, [shape]) => ({
      shape: keepdims ? [1, 1, image(shape)[2]] : [image(shape)[2]],
      window: shape[0] * shape[1],
    }),
    *run({ outputShape }, [input]) {
      const poolSize = input.shape.slice(0, 2);
      const { data } = yield* pool(input, { poolSize, strides: [1, 1], padding: "valid", mode });
      return tensor(outputShape, data);
    },
  });

  const elementwise = (config, f) => ({
    config,
    plan: (_, [shape]) => ({ shape }),
    *run({ config }, [input]) {
      return yield* each(copy(input), f(config));
    },
  });

  // Several inputs, broadcast as NumPy does; finish turns the merged numbers into the output.
  const merging = (merge, finish) => ({
    config: {},
    many: true,
    plan(_, shapes) {
      const rank = Math.max(...shapes.map((shape) => shape.length));
      const shape = Array.from({ length: rank }, (_, axis) => {
        const sizes = shapes.map((one) => one.at(axis - rank) ?? 1).filter((size) => size !== 1);
        if (sizes.some((size) => size !== sizes[0])) wrong("shapes", { shapes: shapes.map(short).join(", ") });
        return sizes[0] ?? 1;
      });
      return { shape, window: shapes.length };
    },
    *run({ outputShape }, inputs) {
      const output = tensor(outputShape);
      const { data } = output;
      for (const [k, input] of inputs.entries()) {
        const at = broadcast(input.shape, outputShape);
        for (const [first, last] of slices(data.length, 20)) {
          for (let i = first; i < last; i++) data[i] = k ? merge(data[i], input.data[at(i)]) : input.data[at(i)];
          yield last - first;
        }
      }
      return finish ? yield* each(output, (x) => finish(x, inputs.length)) : output;
    },
  });

  // From an index in an array of the wide shape to the one in an array broadcast to it.
  function broadcast(shape, wide) {
    if (product(shape) === product(wide)) return (i) => i;
    const steps = [];
    let inner = 1;
    let step = 1;
    for (let axis = 1; axis <= wide.length; axis++) {
      const size = shape.at(-axis) ?? 1;
      if (size > 1) steps.push([inner, wide.at(-axis), step]);
      inner *= wide.at(-axis);
      step *= size;
    }
    return (i) => {
      let at = 0;
      for (const [inner, size, step] of steps) at += (Math.floor(i / inner) % size) * step;
      return at;
    };
  }

  // The same numbers, under another shape or not; the array is shared.
  const unchanged = (config, plan = (_, [shape]) => ({ shape })) => ({
    config,
    plan,
    passes: true,
    *run({ outputShape }, [input]) {
      return tensor(outputShape, input.data);
    },
  });

  // Rows and columns added around (or, where negative, cut off).
  const bordered = (key, sign) => ({
    config: { [key]: sides },
    plan(config, [shape]) {
      const [height, width, channels] = image(shape);
      const [[top, bottom], [left, right]] = config[key];
      return { shape: [height + sign * (top + bottom), width + sign * (left + right), channels] };
    },
    *run({ config, outputShape }, [input]) {
      const output = tensor(outputShape);
      const [height, width, channels] = input.shape;
      const [rows, columns] = outputShape;
      const [top, left] = config[key].map(([before]) => sign * before);
      for (let y = Math.max(0, -top); y < Math.min(height, rows - top); y++) {
        const [first, last] = [Math.max(0, -left), Math.min(width, columns - left)];
        const line = input.data.subarray((y * width + first) * channels, (y * width + last) * channels);
        output.data.set(line, ((y + top) * columns + first + left) * channels);
      }
      yield output.data.length;
      return output;
    },
  });

  // Each channel (the last axis) has a factor and a summand.
  function* scaled(input, factors, summands) {
    const output = tensor(input.shape);
    const channels = factors.length;
    for (const [first, last] of slices(input.data.length / channels, channels)) {
      for (let at = first * channels; at < last * channels; )
        for (let c = 0; c < channels; c++, at++) output.data[at] = input.data[at] * factors[c] + summands[c];
      yield (last - first) * channels;
    }
    return output;
  }
  // One number for all channels, or one for each.
  const perChannel = (numbers, shape) => {
    const channels = shape.at(-1);
    if (numbers.length === 1) return Array(channels).fill(numbers[0]);
    return numbers.length === channels ? numbers : wrong("channels", { channels, count: numbers.length });
  };

  const TYPES = new Map(Object.entries({
    InputLayer: { config: { shape: list(whole(1), 1, 4) }, first: true, plan: ({ shape }) => ({ shape }) },
    Conv2D: {
      config: { ...CONVOLUTION, filters: whole(1), groups: whole(1) },
      plan(config, [shape]) {
        const { filters, groups, kernel_size: size } = config;
        const depth = image(shape)[2] / groups;
        if (depth % 1 || filters % groups) wrong("groups", { groups, channels: shape[2], filters });
        const kernel = [...size, depth, filters];
        const weights = biased(config, { kernel }, filters);
        return { shape: [...windowed(shape, size, config), filters], weights, window: product(size) * depth };
      },
      *run({ config, weights }, [input]) {
        const output = yield* convolve(input, weights.kernel, weights.bias, options(config));
        return yield* activate(output, config.activation);
      },
    },
    DepthwiseConv2D: {
      config: { ...CONVOLUTION, depth_multiplier: whole(1) },
      plan(config, [shape]) {
        const { kernel_size: size, depth_multiplier: multiplier } = config;
        const filters = image(shape)[2] * multiplier;
        const weights = biased(config, { kernel: [...size, shape[2], multiplier] }, filters);
        return { shape: [...windowed(shape, size, config), filters], weights, window: product(size) };
      },
      *run({ config, weights }, [input]) {
        const output = yield* convolve(input, grouped(weights.kernel), weights.bias, {
          ...options(config),
          groups: input.shape[2],
        });
        return yield* activate(output, config.activation);
      },
    },
    SeparableConv2D: {
      config: { ...CONVOLUTION, filters: whole(1), depth_multiplier: whole(1) },
      plan(config, [shape]) {
        const { kernel_size: size, depth_multiplier: multiplier, filters } = config;
        const between = image(shape)[2] * multiplier;
        const kernels = { depthwise: [...size, shape[2], multiplier], pointwise: [1, 1, between, filters] };
        const places = windowed(shape, size, config);
        return {
          shape: [...places, filters],
          weights: biased(config, kernels, filters),
          window: Math.max(product(size), between),
          work: product(places) * between * (product(size) + filters),
        };
      },
      *run({ config, weights }, [input]) {
        const own = { ...options(config), groups: input.shape[2] };
        const between = yield* convolve(input, grouped(weights.depthwise), null, own);
        const across = { strides: [1, 1], padding: "valid", dilation: [1, 1], groups: 1 };
        const output = yield* convolve(between, weights.pointwise, weights.bias, across);
        return yield* activate(output, config.activation);
      },
    },
    Dense: {
      config: { units: whole(1), activation, use_bias: flag },
      plan(config, [shape]) {
        const channels = shape.at(-1);
        const weights = biased(config, { kernel: [channels, config.units] }, config.units);
        return { shape: [...shape.slice(0, -1), config.units], weights, window: channels };
      },
      *run({ config, weights }, [input]) {
        return yield* activate(yield* dense(input, weights.kernel, weights.bias), config.activation);
      },
    },
    MaxPooling2D: pooling("max"),
    AveragePooling2D: pooling("average"),
    GlobalMaxPooling2D: globalPooling("max"),
    GlobalAveragePooling2D: globalPooling("average"),
    BatchNormalization: {
      config: { epsilon: positive, center: flag, scale: flag },
      float32: true, // a variance may be too small or too large for float16
      plan({ center, scale }, [shape]) {
        const channels = [shape.at(-1)];
        const weights = { ...(scale && { gamma: channels }), ...(center && { beta: channels }) };
        return { shape, weights: { ...weights, moving_mean: channels, moving_variance: channels } };
      },
      *run({ config, weights: { gamma, beta, moving_mean: mean, moving_variance: variance } }, [input]) {
        const factors = Float64Array.from(
          variance.data,
          (value, c) => (gamma ? gamma.data[c] : 1) / Math.sqrt(value + config.epsilon),
        );
        const summands = factors.map((factor, c) => (beta ? beta.data[c] : 0) - mean.data[c] * factor);
        return yield* scaled(input, factors, summands);
      },
    },
    LayerNormalization: {
      config: { epsilon: positive, center: flag, scale: flag },
      plan({ center, scale }, [shape]) {
        const channels = [shape.at(-1)];
        const weights = { ...(scale && { gamma: channels }), ...(center && { beta: channels }) };
        return { shape, weights, window: channels[0] };
      },
      *run({ config, weights: { gamma, beta } }, [input]) {
        return yield* eachRow(copy(input), (row) => {
          const mean = row.reduce((a, b) => a + b, 0) / row.length;
          const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
          const factor = 1 / Math.sqrt(variance + config.epsilon);
          for (let c = 0; c < row.length; c++)
            row[c] = (row[c] - mean) * factor * (gamma ? gamma.data[c] : 1) + (beta ? beta.data[c] : 0);
        });
      },
    },
    Rescaling: {
      config: { scale: numbers, offset: numbers },
      plan({ scale, offset }, [shape]) {
        perChannel(scale, shape);
        perChannel(offset, shape);
        return { shape };
      },
      *run({ config }, [input]) {
        return yield* scaled(input, perChannel(config.scale, input.shape), perChannel(config.offset, input.shape));
      },
    },
    Normalization: {
      config: { mean: numbers, variance: list((value) => number(value) && value >= 0, 1, 4096) },
      plan({ mean, variance }, [shape]) {
        perChannel(mean, shape);
        perChannel(variance, shape);
        return { shape };
      },
      *run({ config: { mean, variance } }, [input]) {
        const factors = perChannel(variance, input.shape).map((value) => 1 / Math.max(Math.sqrt(value), 1e-7));
        const summands = perChannel(mean, input.shape).map((value, c) => -value * factors[c]);
        return yield* scaled(input, factors, summands);
      },
    },
    Activation: {
      config: { activation },
      plan: (_, [shape]) => ({ shape }),
      *run({ config }, [input]) {
        return yield* activate(copy(input), config.activation);
      },
    },
    Softmax: {
      config: {},
      plan: (_, [shape]) => ({ shape }),
      *run(_, [input]) {
        return yield* activate(copy(input), "softmax");
      },
    },
    ReLU: elementwise(
      { max_value: (value) => value === null || positive(value), negative_slope: number, threshold: number },
      ({ max_value, negative_slope, threshold }) => {
        const most = max_value ?? Infinity;
        return (x) => (x > threshold ? Math.min(x, most) : negative_slope * (x - threshold));
      },
    ),
    LeakyReLU: elementwise({ negative_slope: number }, ({ negative_slope }) => leaky(negative_slope)),
    ELU: elementwise({ alpha: number }, ({ alpha }) => elu(alpha)),
    Add: merging((a, b) => a + b),
    Average: merging((a, b) => a + b, (sum, count) => sum / count),
    Maximum: merging(Math.max),
    Minimum: merging(Math.min),
    Multiply: merging((a, b) => a * b),
    Subtract: merging((a, b) => a - b),
    Concatenate: {
      config: { axis: whole(0, 3) },
      many: true,
      plan({ axis }, shapes) {
        const shape = [...shapes[0]];
        shape[axis] = shapes.reduce((sum, one) => sum + one[axis], 0); // NaN where there is no such axis
        const fits = (one) => one.length === shape.length && one.every((size, k) => k === axis || size === shape[k]);
        return shapes.every(fits) ? { shape } : wrong("shapes", { shapes: shapes.map(short).join(", ") });
      },
      *run({ config: { axis }, outputShape }, inputs) {
        const output = tensor(outputShape);
        const stretch = product(outputShape.slice(axis));
        let at = 0;
        for (const { shape, data } of inputs) {
          const length = product(shape.slice(axis));
          for (let from = 0, to = at; from < data.length; from += length, to += stretch)
            for (let i = 0; i < length; i++) output.data[to + i] = data[from + i];
          at += length;
          yield data.length;
        }
        return output;
      },
    },
    ZeroPadding2D: bordered("padding", 1),
    Cropping2D: bordered("cropping", -1),
    Flatten: unchanged({}, (_, [shape]) => ({ shape: [product(shape)] })),
    Reshape: unchanged({ target_shape: list(whole(1), 1, 4) }, ({ target_shape: shape }, [from]) => ({
      shape: product(shape) === product(from) ? shape : wrong("reshape", { from, to: shape }),
    })),
  }));
  // These do something in training only.
  for (const name of `ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise Identity
      RandomBrightness RandomContrast RandomFlip RandomRotation RandomTranslation RandomZoom
      SpatialDropout2D`.split(/\s+/))
    TYPES.set(name, unchanged({}));

  // A depth-wise kernel (height, width, channels, multiplier) as that of a grouped convolution: the
  // same numbers in the same order.
  function grouped({ shape: [kh, kw, channels, multiplier], data }) {
    return { shape: [kh, kw, 1, channels * multiplier], data };
  }

  // --- reading a file -----------------------------------------------------------------------------

  const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const SIXTY_FOURTHS = new Uint8Array(128).fill(255);
  [...DIGITS].forEach((digit, value) => (SIXTY_FOURTHS[digit.charCodeAt(0)] = value));

  // Base64 of `count` bytes, padded with "=" (atob would want a copy, and bare V8 has none).
  function decode(text, count) {
    const wanted = 4 * Math.ceil(count / 3);
    if (text.length !== wanted) wrong("weightsLength", { letters: text.length, wanted });
    const fill = (3 - (count % 3)) % 3;
    if (!text.endsWith("=".repeat(fill))) wrong("weightsLetters");
    const bytes = new Uint8Array(wanted / 4 * 3);
    let bad = 0;
    for (let at = 0, to = 0; at < wanted; ) {
      let bits = 0;
      for (let i = 0; i < 4; i++, at++) {
        const code = text.charCodeAt(at);
        const value = at >= wanted - fill ? 0 : code < 128 ? SIXTY_FOURTHS[code] : 255;
        bad |= value & 128;
        bits = (bits << 6) | (value & 63);
      }
      bytes[to++] = bits >> 16;
      bytes[to++] = bits >> 8;
      bytes[to++] = bits;
    }
    return bad ? wrong("weightsLetters") : bytes.subarray(0, count);
  }

  // The number that 16 bits stand for (IEEE 754 binary16).
  function half(bits) {
    const sign = bits >> 15 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
  }
  let halves; // all 65,536 of them, made when the first file comes

  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  // Take these fields and no others from an object, each as its check demands.
  function fields(object, checks) {
    if (!isObject(object)) wrong("notObject", { value: object });
    for (const key of Object.keys(object)) if (!Object.hasOwn(checks, key)) wrong("field", { key });
    const taken = {};
    for (const [key, check] of Object.entries(checks)) {
      const value = Object.hasOwn(object, key) ? object[key] : undefined;
      if (!check(value)) wrong(value === undefined ? "missing" : "value", { key, value });
      taken[key] = value;
    }
    return taken;
  }

  const words = (longest, least = 1) => (value) =>
    typeof value === "string" && value.length >= least && value.length <= longest;
  const name = words(LIMITS.name);
  const FILE = {
    format: oneOf("cnnbook-model"),
    version: oneOf(1),
    inputRange: list(number, 2),
    classNames: list(name, 1, LIMITS.classes),
    layers: list(() => true, 1, Infinity),
    output: name,
    weights: words(LIMITS.text, 0),
  };
  const LAYER = {
    name,
    type: name,
    config: isObject,
    inputs: list(name, 0, LIMITS.inputs),
    shares: (value) => value === undefined || name(value), // this earlier layer's weights
  };
  const most = (limit, count) => {
    if (count > LIMITS[limit]) wrong("limit", { what: cnnlab.text(`engine.limit.${limit}`), count, most: LIMITS[limit] });
  };

  function parse(file) {
    if (typeof file === "string") {
      most("text", file.length);
      try {
        file = JSON.parse(file);
      } catch {
        wrong("notJson");
      }
    }
    if (isObject(file) && file.version > 1) wrong("version", { version: file.version });
    const { inputRange, classNames, layers: listed, output: outputName, weights } = fields(file, FILE);
    most("layers", listed.length);
    const later = new Set(listed.map((one) => one?.name));
    const layers = new Map();
    let parameterCount = 0;
    let work = 0;
    for (const one of listed) {
      try {
        const layer = read(one, layers, later);
        layers.set(layer.name, layer);
        most("weights", (parameterCount += layer.parameterCount));
        most("work", (work += layer.work));
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        throw new ModelError("inLayer", { layer: one?.name ?? layers.size, problem: error });
      }
    }
    const output = layers.get(outputName) ?? wrong("unknown", { name: outputName });
    const [units] = output.outputShape;
    if (output.outputShape.length !== 1) wrong("outputRank", { shape: output.outputShape });
    if (classNames.length !== Math.max(units, 2)) wrong("classCount", { classes: classNames.length, units });
    const model = { inputRange, classNames, outputName, parameterCount, work, layers: [...layers.values()] };
    model.inputShape = model.layers[0].outputShape;
    // For each layer the place of the last one that needs its output.
    model.lastUse = new Map();
    for (const [place, { name, inputs }] of model.layers.entries())
      for (const used of [name, ...inputs]) model.lastUse.set(used, place);
    model.lastUse.set(outputName, layers.size);
    most("live", peak(model));
    fill(model.layers, weights);
    return model;
  }

  // One layer of a file, its weights still without numbers. Its inputs must stand before it, so
  // nothing can go round in circles.
  function read(one, earlier, later) {
    const { name, type, config, inputs, shares } = fields(one, LAYER);
    if (earlier.has(name)) wrong("duplicate");
    const known = TYPES.get(type) ?? wrong("layerType", { type });
    if (Boolean(known.first) !== (earlier.size === 0)) wrong("firstLayer");
    for (const input of inputs) if (!earlier.has(input)) wrong(later.has(input) ? "order" : "unknown", { name: input });
    const [fewest, largest] = known.first ? [0, 0] : known.many ? [2, Infinity] : [1, 1];
    if (inputs.length < fewest || inputs.length > largest) wrong("inputCount", { count: inputs.length });

    const layer = { name, type, config: fields(config, known.config), inputs, weights: {} };
    const plan = known.plan(layer.config, inputs.map((input) => earlier.get(input).outputShape));
    if (!plan.shape.every((size) => size >= 1)) wrong("empty", { shape: plan.shape });
    layer.outputShape = plan.shape;
    layer.parameterCount = 0;
    layer.work = plan.work ?? product(plan.shape) * (plan.window ?? 1);
    most("elements", product(plan.shape));
    most("window", plan.window ?? 1);
    for (const [key, shape] of Object.entries(plan.weights ?? {})) {
      layer.weights[key] = { shape };
      if (shares === undefined) layer.parameterCount += product(shape);
    }
    if (shares !== undefined) {
      const lender = earlier.get(shares) ?? wrong("unknown", { name: shares });
      const fits = lender.type === type && JSON.stringify(lender.weights) === JSON.stringify(layer.weights);
      layer.weights = fits ? lender.weights : wrong("shares", { name: shares });
    }
    return layer;
  }

  // The most numbers held at the same time, when outputs that nobody needs any more are let go.
  function peak({ layers, lastUse }) {
    const sizes = new Map(layers.map(({ name, outputShape }) => [name, product(outputShape)]));
    let live = 0;
    let highest = 0;
    for (const [place, { name, inputs }] of layers.entries()) {
      highest = Math.max(highest, (live += sizes.get(name)));
      for (const used of new Set([name, ...inputs])) if (lastUse.get(used) === place) live -= sizes.get(used);
    }
    return highest;
  }

  // Give the weights their numbers: little-endian float16, float32 for the types marked so, one
  // layer after the other.
  function fill(layers, text) {
    const weights = new Map(); // in the order of the file; a shared one once
    for (const layer of layers)
      for (const weight of Object.values(layer.weights))
        if (!weights.has(weight)) weights.set(weight, TYPES.get(layer.type).float32 ? 4 : 2);
    let count = 0;
    for (const [{ shape }, bytes] of weights) count += product(shape) * bytes;
    const bytes = decode(text, count);
    const view = new DataView(bytes.buffer);
    halves ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => half(bits));
    let at = 0;
    for (const [weight, size] of weights) {
      const data = (weight.data = new Float32Array(product(weight.shape)));
      for (let i = 0; i < data.length; i++, at += size)
        data[i] = size === 4 ? view.getFloat32(at, true) : halves[bytes[at] | (bytes[at + 1] << 8)];
      if (!data.every(Number.isFinite)) wrong("weightsFinite");
    }
  }

  // --- running ------------------------------------------------------------------------------------

  const now = () => (globalThis.performance ?? Date).now();
  // Let the page live: a message comes back sooner than a timer (4 ms); bare V8 may have neither.
  function pause() {
    if (globalThis.MessageChannel)
      return new Promise((done) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          port1.close();
          done();
        };
        port2.postMessage(0);
      });
    return new Promise((done) => (globalThis.setTimeout ? setTimeout(done, 0) : done()));
  }

  function* compute({ layers, lastUse }, input, kept) {
    const values = new Map();
    for (const [index, layer] of layers.entries()) {
      const { name, inputs } = layer;
      const from = inputs.map((input) => values.get(input));
      values.set(name, inputs.length ? yield* TYPES.get(layer.type).run(layer, from) : input);
      for (const one of [name, ...inputs]) if (lastUse.get(one) === index && !kept(one)) values.delete(one);
    }
    return values;
  }

  class Model {
    constructor(parsed) {
      Object.assign(this, parsed);
    }

    static parse(file) {
      return new Model(parse(file));
    }

    layer(name) {
      return this.layers.find((layer) => layer.name === name);
    }

    // keep: true holds every layer's output, false none, a list those of the layers it names.
    async run(input, { keep = true, onProgress, signal, sliceMs = 12 } = {}) {
      const given = tensor(this.inputShape, input.data ?? input);
      const wanted = product(this.inputShape);
      if (given.data.length !== wanted || (input.shape && String(input.shape) !== String(this.inputShape)))
        wrong("inputLength", { count: input.shape ?? given.data.length, wanted: this.inputShape });
      if (!given.data.every(Number.isFinite)) wrong("notFinite");
      const names = new Set(Array.isArray(keep) ? keep : keep ? this.layers.map(({ name }) => name) : []);
      const kept = this.layers.filter(({ name }) => names.has(name));
      most("live", kept.reduce((sum, { outputShape }) => sum + product(outputShape), 0));

      const steps = compute(this, given, (name) => names.has(name));
      let done = 0;
      let until = now() + sliceMs;
      let step;
      signal?.throwIfAborted();
      while (!(step = steps.next()).done) {
        done += step.value;
        if (now() < until) continue;
        onProgress?.(Math.min(done / this.work, 1));
        await pause();
        signal?.throwIfAborted();
        until = now() + sliceMs;
      }
      onProgress?.(1);
      const output = step.value.get(this.outputName);
      if (!output.data.every(Number.isFinite)) wrong("notFinite");
      if (!names.has(this.outputName)) step.value.delete(this.outputName);
      return { output, probabilities: this.#probabilities(output.data), activations: step.value };
    }

    // One for each class, also from a model that ends before its softmax or has one sigmoid unit.
    #probabilities(output) {
      let last = this.layer(this.outputName);
      const passes = ({ type, config }) =>
        TYPES.get(type).passes || (type === "Activation" && config.activation === "linear");
      while (passes(last)) last = this.layer(last.inputs[0]);
      const ending = last.type === "Softmax" ? "softmax" : last.config.activation;
      const numbers = output.slice();
      if (numbers.length === 1) {
        const yes = ending === "sigmoid" ? numbers[0] : sigmoid(numbers[0]);
        return Float32Array.of(1 - yes, yes);
      }
      if (ending !== "softmax" && ending !== "sigmoid") ROW_ACTIVATIONS.get("softmax")(numbers);
      return numbers;
    }
  }

  // --- what the page calls ------------------------------------------------------------------------

  const both = (value) => (Array.isArray(value) ? value : [value, value]);
  cnnlab.ops = {
    pads,
    outputSize,
    // kernel (height, width, channels / groups, filters); padding "valid", "same", "full" or
    // [[top, bottom], [left, right]]
    conv2d(input, kernel, bias = null, { strides = 1, padding = "valid", dilation = 1, groups = 1 } = {}) {
      const [depth, filters] = kernel.shape.slice(2);
      const channels = input.shape[2];
      if (channels !== depth * groups || filters % groups) wrong("groups", { groups, channels, filters });
      const options = { strides: both(strides), padding, dilation: both(dilation), groups };
      return finish(convolve(input, kernel, bias, options));
    },
    // mode "max", "average" or "min"; strides are the pool size unless given
    pool2d(input, { poolSize, strides = poolSize, padding = "valid", mode = "max" }) {
      return finish(pool(input, { poolSize: both(poolSize), strides: both(strides), padding, mode }));
    },
  };

  // A model that comes as a script, so that it works from file://; it is read when first used.
  cnnlab.models ??= Object.create(null);
  cnnlab.addModel = (name, file) => {
    let model;
    const get = () => (model ??= Model.parse(file));
    Object.defineProperty(cnnlab.models, name, { enumerable: true, configurable: true, get });
  };
  cnnlab.Model = Model;
  cnnlab.ModelError = ModelError;
  cnnlab.limits = Object.freeze(LIMITS);
})();
