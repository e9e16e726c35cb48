// Opens a picture that the reader chose, and makes a network's input of it: what the Python functions
// cnnbook.pictures.open_picture and best_answers do, in the browser and nowhere else.
//
//   const picture = await cnnlab.openPicture(file)   a Blob; or PictureError, a sentence to read
//   picture.width, picture.height, picture.data      RGBA bytes, upright, on white, no side over 1024
//   cnnlab.resizePicture(picture, width, height)     stretched as Pillow's BILINEAR does
//   cnnlab.pictureInput(picture, model)              {picture: what the network sees, data: its numbers}
//
// Browsers differ in what they do with a file's notes (the camera's orientation, a colour profile) and
// with half a file. So the file is looked through here first: what is no whole JPEG, PNG, WebP, GIF or AVIF
// is refused (of an AVIF the boxes are looked at), only what holds pixels is given to the browser, and the orientation is obeyed here.
(() => {
  const LARGEST = 1024; // pixels of the longer side
  const AREA = 89_478_485; // pixels of a file: Pillow's limit, about 89 million
  const BYTES = 2e8; // of a file
  const CANVAS = 4096; // pixels of a side that every browser's canvas has

  class PictureError extends Error {
    constructor(key, values) {
      super(cnnlab.text(`pictures.${key}`, values));
      this.name = "PictureError";
      this.key = key;
    }
  }
  const broken = () => {
    throw new PictureError("broken");
  };

  // ---- what is in a file: {type, width, height, orientation, parts: what holds pixels} ----

  const letters = (bytes, at, count = 4) => String.fromCharCode(...bytes.subarray(at, at + count));
  const HEADS = [
    ["\x89PNG\r\n\x1a\n", 0, "image/png", png],
    ["\xff\xd8\xff", 0, "image/jpeg", jpeg],
    ["WEBP", 8, "image/webp", webp],
    ["GIF87a", 0, "image/gif", gif],
    ["GIF89a", 0, "image/gif", gif],
    ["ftypavif", 4, "image/avif", avif],
    ["ftypavis", 4, "image/avif", avif],
  ];

  function read(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const [, , type, look] = HEADS.find(([head, at]) => letters(bytes, at, head.length) === head) ?? [];
    if (!type) throw new PictureError("none");
    try {
      const found = { type, width: 0, height: 0, orientation: 1, parts: [] };
      look(bytes, view, found);
      return found;
    } catch (error) {
      // A size that leads out of the file: it was cut off.
      throw error instanceof RangeError ? new PictureError("broken") : error;
    }
  }

  // The camera's note (EXIF) in a TIFF of its own: 1 upright, 2 to 8 turned or mirrored.
  function orientation(view, from, to) {
    const little = view.getUint16(from) === 0x4949;
    const directory = from + view.getUint32(from + 4, little);
    const count = directory + 2 <= to ? view.getUint16(directory, little) : 0;
    for (let i = 0, at = directory + 2; i < count && at + 12 <= to; i++, at += 12) {
      const value = view.getUint16(at + 8, little);
      if (view.getUint16(at, little) === 0x0112) return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
  }

  // A part of the file from `at` to `end`, which must lie in it.
  const part = (bytes, at, end) => (end <= bytes.length ? bytes.subarray(at, end) : broken());

  function png(bytes, view, found) {
    found.parts.push(bytes.subarray(0, 8));
    for (let at = 8, name; name !== "IEND"; ) {
      const end = at + 12 + view.getUint32(at);
      const chunk = part(bytes, at, end);
      name = letters(bytes, at + 4);
      if (name === "IHDR") [found.width, found.height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
      if (name === "eXIf") found.orientation = orientation(view, at + 8, end - 4);
      if (["IHDR", "PLTE", "tRNS", "IDAT", "IEND"].includes(name)) found.parts.push(chunk);
      at = end;
    }
  }

  function jpeg(bytes, view, found) {
    found.parts.push(bytes.subarray(0, 2));
    for (let at = 2; ; ) {
      while (view.getUint8(at + 1) === 0xff) at++;
      const marker = view.getUint8(at) === 0xff ? bytes[at + 1] : broken();
      if (marker === 0xd9) return found.parts.push(part(bytes, at, at + 2));
      const end = at + 2 + view.getUint16(at + 2);
      const segment = part(bytes, at, end);
      const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
      if (frame) [found.height, found.width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      if (marker === 0xe1 && letters(bytes, at + 4, 6) === "Exif\0\0") found.orientation = orientation(view, at + 10, end);
      // Of the applications' notes those two that say how the colours are stored.
      if (marker < 0xe1 || marker === 0xee) found.parts.push(segment);
      at = end;
      if (marker !== 0xda) continue;
      // The pixels: up to a marker that is neither a restart nor an escaped 255.
      at--;
      do at = bytes.indexOf(0xff, at + 1);
      while (at >= 0 && (bytes[at + 1] === 0 || (bytes[at + 1] >= 0xd0 && bytes[at + 1] <= 0xd7)));
      found.parts.push(at < 0 ? broken() : bytes.subarray(end, at));
    }
  }

  function webp(bytes, view, found) {
    const whole = 8 + view.getUint32(4, true);
    if (whole > bytes.length) broken();
    for (let at = 12; at + 8 <= whole; ) {
      const name = letters(bytes, at);
      const size = view.getUint32(at + 4, true);
      const chunk = part(bytes, at, at + 8 + size + (size % 2)).slice();
      const inside = new DataView(chunk.buffer, 8);
      if (name === "VP8X") {
        chunk[8] &= ~0x2c; // no colour profile, no EXIF, no XMP: they are left out
        found.width = 1 + (inside.getUint32(4, true) & 0xffffff);
        found.height = 1 + (inside.getUint32(6, true) >>> 8);
      } else if (name === "VP8 ") {
        found.width ||= inside.getUint16(6, true) & 0x3fff;
        found.height ||= inside.getUint16(8, true) & 0x3fff;
      } else if (name === "VP8L") {
        found.width ||= 1 + (inside.getUint32(1, true) & 0x3fff);
        found.height ||= 1 + ((inside.getUint32(1, true) >>> 14) & 0x3fff);
      } else if (name === "EXIF") {
        const prefix = letters(chunk, 8, 6) === "Exif\0\0" ? 6 : 0;
        found.orientation = orientation(inside, prefix, size);
      }
      if (!["EXIF", "ICCP", "XMP "].includes(name)) found.parts.push(chunk);
      at += chunk.length;
    }
    const head = bytes.slice(0, 12);
    const size = found.parts.reduce((sum, { length }) => sum + length, 4);
    new DataView(head.buffer).setUint32(4, size, true);
    found.parts.unshift(head);
  }

  function gif(bytes, view, found) {
    [found.width, found.height] = [view.getUint16(6, true), view.getUint16(8, true)];
    const palette = (flags) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
    let at = 13 + palette(view.getUint8(10));
    for (let kind; kind !== 0x2c; ) {
      kind = view.getUint8(at);
      if (kind === 0x2c) at += 11 + palette(view.getUint8(at + 9)); // the first picture
      else if (kind === 0x21) at += 2;
      else broken();
      for (let size; size !== 0; at += 1 + size) size = view.getUint8(at);
    }
    found.parts.push(bytes);
  }

  // Boxes, one after the other. Its own turns are the browser's to make; EXIF's count for nothing here.
  function avif(bytes, view, found) {
    for (let at = 0, end; at < bytes.length; at = end) {
      const size = view.getUint32(at);
      end = size > 1 ? at + size : size ? at + Number(view.getBigUint64(at + 8)) : bytes.length;
      const box = end >= at + 8 ? part(bytes, at, end) : broken();
      if (letters(box, 4) !== "meta") continue;
      // Its properties say how large the picture and its parts are: the largest counts.
      for (let i = box.indexOf(0x69); i >= 0; i = box.indexOf(0x69, i + 1)) {
        if (letters(box, i) !== "ispe") continue;
        const [width, height] = [view.getUint32(at + i + 8), view.getUint32(at + i + 12)];
        if (width * height > found.width * found.height) Object.assign(found, { width, height });
      }
    }
    if (!found.width) broken();
    found.parts.push(bytes);
  }

  // ---- pixels ----

  // On a white canvas of this size.
  function onWhite(source, width, height) {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.fillStyle = "white";
    pen.fillRect(0, 0, width, height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(source, 0, 0, width, height);
    return canvas;
  }

  // For each new place the first old one it looks at, and the share of each from there on: Pillow's
  // filters, which look at all old places that a new one covers.
  const FILTERS = {
    bilinear: [1, (x) => 1 - x],
    bicubic: [2, (x) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2)],
  };
  function shares(from, to, filter) {
    const [reach, weight] = FILTERS[filter];
    const scale = from / to;
    const stretch = Math.max(scale, 1);
    return Array.from({ length: to }, (_, i) => {
      const centre = (i + 0.5) * scale;
      const first = Math.max(Math.floor(centre - reach * stretch + 0.5), 0);
      const last = Math.min(Math.floor(centre + reach * stretch + 0.5), from);
      const weights = Float64Array.from({ length: last - first }, (_, j) => {
        const distance = Math.abs(first + j + 0.5 - centre) / stretch;
        return distance < reach ? weight(distance) : 0;
      });
      const sum = weights.reduce((a, b) => a + b, 0);
      return [first, weights.map((one) => one / sum)];
    });
  }

  // Along one axis: `count` lines that begin `apart` from each other, their places `step` apart.
  function along(data, made, places, count, [apart, step], [apartTo, stepTo]) {
    for (let line = 0; line < count; line++)
      places.forEach(([first, weights], i) => {
        let [red, green, blue] = [0.5, 0.5, 0.5]; // halves are rounded up
        let at = 4 * (line * apart + first * step);
        for (const weight of weights) {
          red += weight * data[at];
          green += weight * data[at + 1];
          blue += weight * data[at + 2];
          at += 4 * step;
        }
        const to = 4 * (line * apartTo + i * stepTo);
        made[to] = Math.floor(red);
        made[to + 1] = Math.floor(green);
        made[to + 2] = Math.floor(blue);
        made[to + 3] = 255;
      });
    return made;
  }

  const bytes = (width, height) => new Uint8ClampedArray(4 * width * height);
  function resize(picture, width, height, filter = "bilinear") {
    let { width: wide, height: high, data } = picture;
    if (wide !== width) data = along(data, bytes(width, high), shares(wide, width, filter), high, [wide, 1], [width, 1]);
    if (high !== height) data = along(data, bytes(width, height), shares(high, height, filter), width, [1, width], [1, width]);
    return { width, height, data };
  }

  // Turned as EXIF's orientation says.
  function upright({ width, height, data }, orientation) {
    if (orientation === 1) return { width, height, data };
    const turned = orientation >= 5; // width and height change places
    const made = { width: turned ? height : width, height: turned ? width : height };
    const [from, to] = [new Uint32Array(data.buffer), new Uint32Array(width * height)];
    const mirrored = [2, 3, 7, 8].includes(orientation); // from right to left in the file
    const upended = [3, 4, 6, 7].includes(orientation); // from the bottom up in the file
    for (let y = 0; y < made.height; y++)
      for (let x = 0; x < made.width; x++) {
        const [column, row] = turned ? [y, x] : [x, y];
        to[y * made.width + x] = from[(upended ? height - 1 - row : row) * width + (mirrored ? width - 1 - column : column)];
      }
    return { ...made, data: new Uint8ClampedArray(to.buffer) };
  }

  async function openPicture(file) {
    const most = { megabytes: BYTES / 1e6, pixels: AREA.toLocaleString("en") };
    if (file.size > BYTES) throw new PictureError("bytes", most);
    const found = read(new Uint8Array(await file.arrayBuffer()));
    const { width: wide, height: high } = found;
    if (wide * high > AREA) throw new PictureError("large", { width: wide, height: high, ...most });
    const bitmap = await createImageBitmap(new Blob(found.parts, { type: found.type })).catch(() => {
      throw new PictureError(found.type === "image/avif" ? "avif" : "broken"); // not every browser knows AVIF
    });
    let { width, height } = bitmap;
    let canvas = bitmap;
    // Halves of halves, each pixel the mean of four: nothing of a large picture is passed over.
    do {
      const longer = Math.max(width, height);
      const by = longer > 2 * LARGEST ? Math.max(2, longer / CANVAS) : 1;
      [width, height] = [width, height].map((side) => Math.max(Math.ceil(side / by), 1));
      canvas = onWhite(canvas, width, height);
    } while (Math.max(width, height) > 2 * LARGEST);
    bitmap.close();
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const scale = LARGEST / Math.max(width, height);
    const picture = { width, height, data };
    const sides = [width, height].map((side) => Math.max(Math.round(side * scale), 1));
    return upright(scale < 1 ? resize(picture, ...sides, "bicubic") : picture, found.orientation);
  }

  // Stretched to the model's size, whatever its proportions; one channel gets Pillow's grey.
  function pictureInput(picture, { inputShape: [height, width, channels], inputRange: [black, white] }) {
    const seen = resize(picture, width, height);
    if (channels === 1)
      for (let i = 0; i < seen.data.length; i += 4) {
        const [red, green, blue] = seen.data.subarray(i, i + 3);
        seen.data.fill((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16, i, i + 3);
      }
    const numbers = new Float32Array(height * width * channels);
    for (let i = 0; i < numbers.length; i++) {
      const value = seen.data[4 * Math.floor(i / channels) + (i % channels)];
      numbers[i] = black + ((white - black) * value) / 255;
    }
    return { picture: seen, data: numbers };
  }

  Object.assign(cnnlab, { PictureError, openPicture, resizePicture: resize, pictureInput });
})();
