// What the pages do beyond the theme: copy buttons, the keyboard reaches what scrolls sideways, and
// the laboratory's elements get their scripts.
addEventListener("DOMContentLoaded", () => {
  const { copy, copied } = document.documentElement.dataset; // the edition's words
  for (const code of document.querySelectorAll(".cell_input .highlight, div[class*=highlight-] > .highlight")) {
    if (code.closest(".cell_output") || code.querySelector(".copy")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = copy;
    button.addEventListener("click", async () => {
      const text = code.querySelector("pre").textContent;
      if (navigator.clipboard) await navigator.clipboard.writeText(text);
      else { // not over https: the older way
        const area = Object.assign(document.createElement("textarea"), { value: text });
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
      }
      button.textContent = copied;
      setTimeout(() => (button.textContent = copy), 1500);
    });
    code.append(button);
  }
});

const reachable = () => {
  for (const box of document.querySelectorAll("div.math"))
    box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1;
};
addEventListener("load", reachable);
addEventListener("resize", reachable);
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
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});

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
  };
  const folder = new URL("lab/", document.currentScript.src);
  const asked = new Set();
  const ask = (name, kind, attributes) => {
    if (!asked.has(name)) document.head.append(Object.assign(document.createElement(kind), attributes));
    asked.add(name);
  };
  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      ask("lab.css", "link", { rel: "stylesheet", href: new URL("lab.css", folder) });
      for (const name of parts[target.localName]) ask(name, "script", { src: new URL(name, folder), async: false });
    }
  }, { rootMargin: "25%" });
  addEventListener("DOMContentLoaded", () => {
    for (const element of document.querySelectorAll(Object.keys(parts).join())) near.observe(element);
  });
}
