// <image-top5>: open a picture; a network names the five classes it finds most probable. The network
// is the book's own or a file of the reader's, and all of it happens on the reader's device.
(() => {
  const { barWidth, canvas, element, percent } = cnnlab.drawing;
  const text = (key, values) => cnnlab.text(`image-top5.${key}`, values);

  const COUNT = 5;
  const PREVIEW = 320; // pixels of the shown picture's longer side, at most
  const SLOW = 2e8; // multiplications of a network from which on progress is shown
  const PICTURES = "image/jpeg,image/png,image/webp,image/gif,image/avif";
  const SHIPPED = { name: "cifar10", address: new URL("models/cifar10.js", document.currentScript.src) };
  // cnnbook.web.export writes JSON, or the same JSON in a call: then it is the call's last argument.
  const SCRIPT = /^cnnlab\.addModel\("(?:[^"\\\n]|\\.)*", (\{.*\})\);\s*$/s;

  // Our own drawings, 96 units a side: [colour, path] painted one over the other. The network that
  // learned from photographs knows three of them; the frog it takes for a bird.
  const SAMPLES = {
    ship: [
      ["#b9d6ef", "M0 0H96V58H0Z"],
      ["#3b6ea5", "M0 58H96V96H0Z"],
      ["#8b1a1a", "M8 56H90L80 72H18Z"],
      ["#f4f4f4", "M24 40H70V56H24Z"],
      ["#444", "M30 45H38V50H30ZM44 45H52V50H44ZM58 45H66V50H58Z"],
      ["#c33", "M40 22H52V40H40Z"],
      ["#222", "M40 22H52V27H40Z"],
    ],
    automobile: [
      ["#cfd8dd", "M0 0H96V64H0Z"],
      ["#777b80", "M0 64H96V96H0Z"],
      ["#c22020", "M6 66V54C8 48 18 46 24 45L36 33C38 31 40 31 42 31H64C68 31 70 32 72 35L80 46C88 47 92 50 92 56V66Z"],
      ["#bfe0f2", "M32 45L41 36H52V45ZM56 36H65L72 45H56Z"],
      ["#1a1a1a", "M24 56A10 10 0 1 1 23.9 76A10 10 0 1 1 24 56ZM74 56A10 10 0 1 1 73.9 76A10 10 0 1 1 74 56Z"],
      ["#bbb", "M24 62A4 4 0 1 1 23.9 70A4 4 0 1 1 24 62ZM74 62A4 4 0 1 1 73.9 70A4 4 0 1 1 74 62Z"],
    ],
    horse: [
      ["#bcd9ee", "M0 0H96V60H0Z"],
      ["#7fa653", "M0 60H96V96H0Z"],
      ["#6b3f1d", "M22 38C30 34 50 36 62 36L70 20L74 14L78 18L86 26L84 31L76 30L70 46V60L68 82H63L62 62H38L34 82H29L28 62C22 56 20 46 22 38Z"],
      ["#2b170a", "M22 38C14 42 14 58 17 64C20 56 22 50 24 44ZM62 36L70 14L74 14L68 38Z"],
    ],
    frog: [
      ["#8a9a5b", "M0 0H96V96H0Z"],
      ["#3f8f3a", "M14 70C12 46 30 34 48 34S84 46 82 70C80 82 16 82 14 70Z"],
      ["#3f8f3a", "M28 26A9 9 0 1 1 27.9 44A9 9 0 1 1 28 26ZM68 26A9 9 0 1 1 67.9 44A9 9 0 1 1 68 26Z"],
      ["#111", "M28 30A4 4 0 1 1 27.9 38A4 4 0 1 1 28 30ZM68 30A4 4 0 1 1 67.9 38A4 4 0 1 1 68 30Z"],
    ],
  };

  const sample = (shapes) => {
    const side = 96;
    const pen = element("canvas", { width: side, height: side }).getContext("2d");
    for (const [colour, path] of shapes) {
      pen.fillStyle = colour;
      pen.fill(new Path2D(path));
    }
    return { width: side, height: side, data: pen.getImageData(0, 0, side, side).data };
  };

  // The shipped network is fetched when it is first asked, and again if that failed.
  let shipped = null;
  const fetchShipped = () =>
    (shipped ??= new Promise((done, fail) => {
      const script = element("script", { src: SHIPPED.address, onload: done, onerror: fail });
      document.head.append(script);
    })
      .then(() => cnnlab.models[SHIPPED.name] ?? Promise.reject(new Error("empty")))
      .catch((error) => {
        shipped = null;
        throw error instanceof cnnlab.ModelError ? error : new Said(text("noNetwork"));
      }));

  // An error whose sentence the reader gets.
  class Said extends Error {}
  const sayable = (error) => [Said, cnnlab.ModelError, cnnlab.PictureError].some((kind) => error instanceof kind);

  class ImageTop5 extends HTMLElement {
    #own = null; // the reader's network
    #picture = null; // what was opened last
    #job = null; // the AbortController of what is being done
    #example = false; // is the picture one that the reader did not ask for?
    #quiet = false; // is it done without the reader? Then nothing is read out.
    #paste = (event) => {
      const [file] = event.clipboardData?.files ?? [];
      if (!file || event.target.closest?.("input, textarea")) return;
      event.preventDefault();
      this.open(file);
    };

    connectedCallback() {
      document.addEventListener("paste", this.#paste);
      if (this.answer) return; // moved within the page
      this.classList.add("lab-widget", "lab-top5");
      this.#build();
      // A picture of ours and its answers, unless the reader was first or pays for every byte.
      const seen = new IntersectionObserver(([{ isIntersecting }]) => {
        if (!isIntersecting) return;
        seen.disconnect();
        if (!this.#picture && !this.#job && !navigator.connection?.saveData) this.#look(() => sample(SAMPLES.ship), true);
      });
      seen.observe(this);
    }

    disconnectedCallback() {
      document.removeEventListener("paste", this.#paste);
    }

    // ---- the page ----

    #build() {
      const button = (key, onclick, attributes = {}) => element("button", { type: "button", onclick, ...attributes }, text(key));
      // A button that opens the browser's own choice of files; what it chooses is handed to take().
      const chooser = (key, accept, take, attributes) => {
        const input = element("input", { type: "file", accept, hidden: "", "aria-label": text(key) });
        input.addEventListener("change", () => {
          const [file] = input.files;
          input.value = ""; // the same file may be chosen again
          if (file) take(file);
        });
        return [button(key, () => input.click(), attributes), input];
      };
      this.status = element("p", { class: "lab-hidden", role: "status" });
      this.answer = element("p", { class: "lab-answer" }, text("start"));
      this.shown = canvas(1);
      this.seen = canvas(1);
      this.seenNote = element("figcaption");
      this.list = element("ol", { class: "lab-bars", "aria-label": text("answers") });
      this.time = element("p", { class: "lab-note lab-time" });
      this.about = element("p", { class: "lab-note" });
      this.back = button("back", () => this.#use(null), { hidden: "" });
      this.progress = element("progress", { max: 1, value: 0, "aria-label": text("progress") });
      this.working = element("div", { class: "lab-buttons lab-top5-working", hidden: "" }, this.progress, button("cancel", () => this.cancel()));
      this.figures = [
        element("figure", { class: "lab-figure", hidden: "" }, this.shown, element("figcaption", {}, text("picture"))),
        element("figure", { class: "lab-figure", hidden: "" }, this.seen, this.seenNote),
      ];
      const samples = Object.entries(SAMPLES).map(([name, shapes]) =>
        element("button", { type: "button", "aria-label": text("sample", { name: text(`class.${name}`) }), onclick: () => this.#look(() => sample(shapes)) }, text(`class.${name}`)));
      this.replaceChildren(
        element("p", { class: "lab-lead" }, text("lead")),
        element("div", { class: "lab-buttons" }, ...chooser("open", PICTURES, (file) => this.open(file), { class: "lab-primary" }),
          element("span", { class: "lab-note" }, text("drop"))),
        element("div", { class: "lab-buttons", role: "group", "aria-label": text("samples") }, element("span", { class: "lab-note" }, text("samples")), ...samples),
        element("div", { class: "lab-top5-main" }, ...this.figures, element("div", { class: "lab-top5-read" }, this.answer, this.working, this.list, this.time)),
        element("div", { class: "lab-top5-model" }, this.about,
          element("div", { class: "lab-buttons" }, ...chooser("ownModel", ".json,.js,application/json", (file) => this.openModel(file)), this.back)),
        element("p", { class: "lab-note" }, text("privacy")),
        this.status,
      );
      this.#describe();
      // A picture that is dragged from another page may come as its address alone.
      const opens = ({ dataTransfer }) => ["Files", "text/uri-list"].some((type) => dataTransfer?.types.includes(type));
      for (const kind of ["dragenter", "dragover", "dragleave", "drop"])
        this.addEventListener(kind, (event) => {
          if (!opens(event)) return;
          event.preventDefault();
          this.classList.toggle("lab-dropping", kind === "dragenter" || kind === "dragover");
          if (kind !== "drop") return;
          const [file] = event.dataTransfer.files;
          if (!file) this.#look(() => Promise.reject(new Said(text("address"))));
          else /\.js(on)?$|json/.test(`${file.type} ${file.name}`) ? this.openModel(file) : this.open(file);
        });
      this.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && this.#job) this.cancel();
      });
    }

    // A sentence to see and to hear.
    #tell(shown, { heard = shown, error = false } = {}) {
      this.answer.textContent = shown;
      this.answer.classList.toggle("lab-error", error);
      this.status.textContent = this.#quiet ? "" : heard;
    }

    #describe() {
      this.back.hidden = !this.#own;
      this.about.textContent = this.#own
        ? text("own", { count: this.#own.parameterCount.toLocaleString("en"), shape: this.#own.inputShape.join("×"), classes: this.#own.classNames.length })
        : text("shipped");
    }

    #name(model, place) {
      const name = model.classNames[place];
      return model === this.#own ? name.replaceAll("_", " ") : text(`class.${name}`);
    }

    static #show(target, { width, height, data }) {
      [target.width, target.height] = [width, height];
      target.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
      target.parentNode.hidden = false;
    }

    // ---- what a reader does ----

    open(file) {
      return this.#look(() => cnnlab.openPicture(file));
    }

    openModel(file) {
      this.#quiet = false;
      return this.#do(text("openingModel"), async () => {
        const { text: most } = cnnlab.limits;
        const what = cnnlab.text("engine.limit.text");
        if (file.size > 4 * most) throw new cnnlab.ModelError("limit", { what, count: file.size, most });
        const content = await file.text();
        const model = cnnlab.Model.parse(SCRIPT.exec(content)?.[1] ?? content);
        const [, , channels] = model.inputShape;
        if (channels !== 1 && channels !== 3) throw new Said(text("shape", { shape: model.inputShape.join("×") }));
        return () => this.#use(model);
      });
    }

    cancel() {
      this.#quiet = false;
      this.#job?.abort();
    }

    #use(model) {
      this.#quiet = false;
      if (this.#example) this.#put(null); // a network of the reader's waits for a picture of theirs
      this.#own = model;
      this.#describe();
      if (this.#picture) return this.#ask();
      this.#tell(model ? text("opened") : text("start"));
    }

    #put(picture, example = false) {
      this.#picture = picture;
      this.#example = example;
      if (!picture) for (const figure of this.figures) figure.hidden = true;
    }

    #look(bring, quiet = false) {
      this.#quiet = quiet;
      this.#put(null, quiet);
      return this.#do(text("opening"), async () => {
        const picture = await bring();
        return () => {
          this.#put(picture, quiet);
          const scale = Math.min(PREVIEW / Math.max(picture.width, picture.height), 1);
          const [width, height] = [picture.width, picture.height].map((side) => Math.max(Math.round(side * scale), 1));
          ImageTop5.#show(this.shown, cnnlab.resizePicture(picture, width, height));
          return this.#ask();
        };
      });
    }

    #ask() {
      return this.#do(text("asking"), async (signal) => {
        const model = this.#own ?? (await fetchShipped());
        signal.throwIfAborted();
        const began = performance.now();
        const { picture, data } = cnnlab.pictureInput(this.#picture, model);
        ImageTop5.#show(this.seen, picture);
        this.seenNote.textContent = text("seen", { width: picture.width, height: picture.height });
        this.working.hidden = model.work < SLOW;
        const onProgress = (share) => (this.progress.value = share);
        const { probabilities } = await model.run(data, { keep: false, signal, onProgress });
        return () => this.#answer(model, probabilities, performance.now() - began);
      });
    }

    // Do one thing, and whatever was being done no more. What work() returns is done at the end, if
    // nothing else has begun meanwhile.
    async #do(sentence, work) {
      this.#job?.abort();
      const job = (this.#job = new AbortController());
      const { signal } = job;
      this.setAttribute("aria-busy", "true");
      this.list.replaceChildren();
      this.time.textContent = "";
      this.progress.value = 0;
      this.#tell(sentence);
      let then;
      try {
        then = await work(signal);
        signal.throwIfAborted();
      } catch (error) {
        if (this.#job !== job) return;
        if (signal.aborted) this.#tell(text("cancelled"));
        else if (sayable(error)) this.#tell(error.message, { error: true });
        else {
          this.#tell(text("failed"), { error: true });
          throw error;
        }
        return;
      } finally {
        if (this.#job === job) {
          this.#job = null;
          this.working.hidden = true;
          this.setAttribute("aria-busy", "false");
        }
      }
      return then();
    }

    #answer(model, probabilities, milliseconds) {
      // Of equals the one that stands first.
      const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a] || a - b).slice(0, COUNT);
      const answers = order.map((place) => ({ name: this.#name(model, place), p: probabilities[place] }));
      this.milliseconds = milliseconds;
      this.list.replaceChildren(...answers.map(({ name, p }, i) =>
        element("li", i ? {} : { class: "lab-first" },
          element("span", { class: "lab-top5-name" }, name), element("span", { class: "lab-percent" }, percent(p)),
          element("span", { class: "lab-bar-track" }, element("span", { class: "lab-bar" })))));
      this.list.querySelectorAll(".lab-bar").forEach((bar, i) => (bar.style.width = barWidth(answers[i].p)));
      this.time.textContent = text("time", { seconds: (milliseconds / 1000).toFixed(milliseconds < 1000 ? 3 : 1) });
      const [{ name, p }] = answers;
      const heard = answers.map((answer, i) => text("heard", { place: i + 1, name: answer.name, p: percent(answer.p) })).join(" ");
      this.#tell(text("answer", { name, p: percent(p) }), { heard });
    }
  }

  customElements.define("image-top5", ImageTop5);
})();
