// What the pages do beyond the theme, and before it: whatever befalls its scripts, this has run.

// Where a reader has turned storage off, asking for it throws, and the theme asks first of all: then the
// page remembers by itself, until it is left.
for (const name of ["localStorage", "sessionStorage"]) {
  try {
    window[name].setItem("probe", "");
    window[name].removeItem("probe");
  } catch {
    const kept = new Map();
    const value = {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, text) => void kept.set(key, String(text)),
      removeItem: (key) => void kept.delete(key),
    };
    Object.defineProperty(window, name, { value, configurable: true });
  }
}

// Copy buttons, each with a name of its own. Where the clipboard refuses, the page says so and selects
// the code, for the reader's own keys.
{
  const { copy, copyNumber, copied, notCopied } = document.documentElement.dataset; // the edition's words
  const written = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch { // not over https, or refused: the older way
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };
  addEventListener("DOMContentLoaded", () => {
    const said = Object.assign(document.createElement("p"), { className: "visually-hidden" });
    said.setAttribute("role", "status");
    document.querySelector("article")?.append(said);
    const codes = [...document.querySelectorAll(".cell_input .highlight, div[class*=highlight-] > .highlight")];
    codes.filter((code) => !code.closest(".cell_output")).forEach((code, number) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: copy });
      button.setAttribute("aria-label", copyNumber.replace("{}", number + 1));
      button.addEventListener("click", async () => {
        const text = code.querySelector("pre");
        const done = await written(text.textContent);
        if (!done) getSelection().selectAllChildren(text);
        button.focus(); // the older way takes it
        button.textContent = said.textContent = done ? copied : notCopied;
        setTimeout(() => {
          button.textContent = copy;
          said.textContent = "";
        }, 2000);
      });
      code.append(button);
    });
  });
}

// The keyboard reaches what scrolls sideways, as soon as it does: a fold may open, a window shrink.
const reachable = new ResizeObserver((boxes) => {
  for (const { target } of boxes) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
});
addEventListener("load", () => { // after the theme, which asks once
  for (const box of document.querySelectorAll("article :is(pre, div.math, .output, .pst-scrollable-table-container)"))
    reachable.observe(box);
});
// A link into a fold opens it: the contents lead to headings below one.
const unfold = () => {
  let place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (; place; place = place.parentElement) {
    if (place.localName === "section") place.querySelector(":scope > details.deeper")?.setAttribute("open", "");
    if (place.localName === "details") place.open = true;
  }
};
addEventListener("DOMContentLoaded", unfold);
addEventListener("hashchange", unfold);
// The same page in another language opens at the heading that is being read, which has one address in
// all editions; without a script it opens at its beginning.
addEventListener("click", (event) => {
  const twin = event.target.closest?.("a.twin");
  if (!twin) return;
  const seen = (place) => place?.getBoundingClientRect().top;
  const asked = document.getElementById(decodeURIComponent(location.hash.slice(1)))
    ?.closest("section")?.querySelector(":scope > span[id^=part-]");
  const passed = [...document.querySelectorAll("article span[id^=part-]")].filter((place) => seen(place) < 120);
  const here = seen(asked) > 0 && seen(asked) < innerHeight ? asked : passed.at(-1);
  twin.hash = scrollY > 0 && here ? here.id : "";
}, true);

// Paper is light and has every fold open; afterwards all is as it was.
{
  let undo;
  const turn = (paper) => {
    if (paper === Boolean(undo)) return;
    if (!paper) return (undo = undo());
    const page = document.documentElement, { theme } = page.dataset;
    const folded = [...document.querySelectorAll("details:not([open])")];
    for (const fold of folded) fold.open = true;
    page.dataset.theme = "light";
    undo = () => {
      for (const fold of folded) fold.open = false;
      page.dataset.theme = theme;
    };
  };
  addEventListener("beforeprint", () => turn(true));
  addEventListener("afterprint", () => turn(false));
  matchMedia("print").addEventListener("change", (media) => turn(media.matches));
}
// Late pictures come when the page stands: it is whole on paper, and where the connection is lost.
addEventListener("load", () => {
  if (navigator.connection?.saveData) return;
  for (const picture of document.querySelectorAll("img[loading=lazy]")) picture.loading = "eager";
});

// A figure is a link to its picture. It opens above the page: as large as the window allows, and never
// smaller than it was drawn, so that its labels can be read on a phone.
{
  const { close, enlarged } = document.documentElement.dataset; // the edition's words
  let dialog;
  const make = () => {
    dialog = Object.assign(document.createElement("dialog"), { className: "enlarged" });
    dialog.setAttribute("aria-label", enlarged);
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: close });
    const scroll = Object.assign(document.createElement("div"), { tabIndex: 0 });
    dialog.append(button, scroll);
    dialog.addEventListener("click", ({ target }) => {
      if (target === button || target === dialog) dialog.close();
    });
    document.body.append(dialog);
  };
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a.enlarge");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!dialog) make();
    const picture = link.firstElementChild.cloneNode();
    picture.loading = "eager";
    const { width, height } = picture;
    picture.style.width = `max(${width}px, min(100%, ${(80 * width) / height}vh))`;
    dialog.lastChild.replaceChildren(picture);
    dialog.showModal();
  });
}

// A term that an earlier chapter explains (tools/pages/terms.py) says there what it means: to a pointer
// that rests on it, to the keyboard, and to a finger or pen, whose first tap does not yet leave the page.
{
  const TERMS = "article a[href^='glossary.html#']";
  const file = new URL("terms.js", document.currentScript.src);
  let wanted, level, box, script, timer, finger;
  const hide = () => {
    clearTimeout(timer);
    box?.remove();
    wanted?.removeAttribute("aria-describedby");
    wanted = undefined;
  };
  const show = () => {
    const said = globalThis.bookTerms?.[decodeURIComponent(wanted?.hash.slice(1) ?? "")];
    if (!said) return;
    box ??= Object.assign(document.createElement("div"), { id: "definition", role: "tooltip" });
    const [term, ...rest] = said, meaning = rest.pop();
    const name = Object.assign(document.createElement("a"), { href: wanted.href, textContent: term });
    box.replaceChildren(name, ...rest.map((other) => ` (${other})`), ": ", meaning);
    box.style.left = 0; // where it is as wide as it will be
    document.body.append(box);
    // Below the term, or above it where the window ends; of a term on two lines, at the one with the pointer.
    const lines = [...wanted.getClientRects()], page = document.documentElement;
    const pointed = lines.find((line) => line.top <= level && level <= line.bottom);
    const { bottom } = pointed ?? lines.at(-1), { top } = pointed ?? lines[0];
    const above = bottom + box.offsetHeight + 2 > innerHeight && top > innerHeight - bottom;
    const { left } = pointed ?? lines.at(above ? 0 : -1);
    box.style.left = `${Math.max(8, Math.min(left, page.clientWidth - box.offsetWidth - 8)) + scrollX}px`;
    box.style.top = `${(above ? top - box.offsetHeight - 2 : bottom + 2) + scrollY}px`;
    wanted.setAttribute("aria-describedby", "definition");
  };
  const ask = (link, y) => {
    clearTimeout(timer);
    if (link === wanted) return;
    hide();
    wanted = link;
    level = y;
    if (globalThis.bookTerms) return show();
    if (script) return;
    script = Object.assign(document.createElement("script"), { src: file, onload: show });
    document.head.append(script);
  };
  addEventListener("pointerdown", ({ pointerType, target }) => {
    clearTimeout(timer);
    finger = pointerType === "touch" || pointerType === "pen";
    if (wanted && !target.closest?.("#definition") && target.closest?.(TERMS) !== wanted) hide();
  });
  addEventListener("pointerover", ({ pointerType, target, clientY }) => {
    if (pointerType === "touch") return;
    clearTimeout(timer);
    const link = target.closest?.(TERMS);
    if (link && pointerType === "pen") timer = setTimeout(ask, 100, link, clientY); // unless it presses now
    else if (link) ask(link, clientY);
    else if (wanted && !wanted.matches(":focus-visible") && !target.closest?.("#definition")) timer = setTimeout(hide, 300);
  });
  addEventListener("focusin", ({ target }) => {
    const link = target.closest?.(TERMS);
    if (link && !finger) ask(link);
    else if (wanted && !link && !target.closest?.("#definition")) hide();
  });
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") hide();
    finger = false;
  });
  addEventListener("click", (event) => {
    const link = event.target.closest?.(TERMS);
    if (!finger || !link || link === wanted) return;
    event.preventDefault();
    ask(link);
  });
}

// The theme is the reader's in every window, at once.
addEventListener("storage", ({ key, newValue }) => {
  if (newValue && (key === "mode" || key === "theme")) document.documentElement.dataset[key] = newValue;
});

// The theme takes the focus from a button that is pressed: what it opened gives it back. A heading that
// is chosen in a drawer closes it.
{
  let opener;
  addEventListener("click", ({ target }) => {
    if (target.closest?.("dialog a[href^='#']")) {
      opener = undefined;
      target.closest("dialog").close();
    } else if (target.closest?.("button")) opener = target.closest("button");
  }, true);
  addEventListener("close", ({ target }) => {
    const { activeElement, body } = document;
    if (activeElement === body || target.contains(activeElement)) opener?.focus();
  }, true);
}

// The contents of the book stay hidden from page to page (layout.html), as the reader has left them.
addEventListener("click", (event) => {
  if (!event.target.closest?.(".primary-toggle") || !matchMedia("(min-width: 992px)").matches) return;
  event.stopPropagation(); // the theme's own would be forgotten
  const page = document.documentElement.dataset;
  page.contents = page.contents === "hidden" ? "shown" : "hidden";
  localStorage.setItem("contents", page.contents);
}, true);

// Each element of the laboratory and the scripts it needs, in order. A page fetches them when the
// element comes within a quarter of a screen of what the reader sees: they do not delay the text above
// it. Until then book.css keeps its place. <image-top5> fetches its network when a picture is opened.
{
  const text = `text.${document.documentElement.lang}.js`;
  const parts = {
    "conv-explorer": ["text.js", text, "engine.js", "conv-explorer.js"],
    "digit-cnn": ["text.js", text, "engine.js", "drawing.js", "models/digits.js", "digit-cnn.js"],
    "zip-code": ["text.js", text, "engine.js", "drawing.js", "models/digits.js", "zip-code.js"],
    "image-top5": ["text.js", text, "engine.js", "drawing.js", "pictures.js", "image-top5.js"],
    "practice-drills": ["text.js", `drills.${document.documentElement.lang}.js`, "drills.js", "practice.js"],
    "put-in-order": ["text.js", text, "orders.js", "put-in-order.js"],
  };
  const folder = new URL("lab/", document.currentScript.src);
  const asked = new Set();
  const ask = (name, kind, attributes) => {
    if (!asked.has(name)) document.head.append(Object.assign(document.createElement(kind), attributes));
    asked.add(name);
  };
  // Without a script the element says so, as on a page without any.
  const missing = () => document.documentElement.classList.add("lab-missing");
  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      ask("lab.css", "link", { rel: "stylesheet", href: new URL("lab.css", folder) });
      for (const name of parts[target.localName]) ask(name, "script", { src: new URL(name, folder), async: false, onerror: missing });
    }
  }, { rootMargin: "25%" });
  addEventListener("DOMContentLoaded", () => {
    for (const element of document.querySelectorAll(Object.keys(parts).join())) near.observe(element);
  });
}
