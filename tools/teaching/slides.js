// Shows one slide at a time; without it the page is all of them, one below the other.
(() => {
  const root = document.documentElement, slides = [...document.querySelectorAll(".slide")];
  const words = JSON.parse(document.querySelector("main").dataset.words);
  let now = 0;

  function show(n, focus = true) {
    slides[now].classList.remove("now");
    now = Math.min(Math.max(n, 0), slides.length - 1);
    slides[now].classList.add("now");
    history.replaceState(null, "", `#${now + 1}`);
    if (focus) slides[now].focus({preventScroll: true});
  }

  const nav = document.createElement("nav");
  for (const [name, sign, step] of [["previous", "‹", -1], ["next", "›", 1]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.ariaLabel = words[name];
    button.onclick = () => show(now + step, false); // who works the button keeps it
    nav.append(button);
  }
  document.body.append(nav);
  for (const slide of slides) slide.tabIndex = -1;

  const KEYS = {
    ArrowRight: () => now + 1, ArrowDown: () => now + 1, PageDown: () => now + 1,
    ArrowLeft: () => now - 1, ArrowUp: () => now - 1, PageUp: () => now - 1,
    Home: () => 0, End: () => slides.length - 1,
  };
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    let to = KEYS[event.key];
    if (event.key === " " && !event.target.closest("button")) to = () => now + (event.shiftKey ? -1 : 1);
    if (!to) return;
    event.preventDefault();
    show(to());
  });
  document.addEventListener("click", event => {
    if (event.target.closest("nav") || !getSelection().isCollapsed) return;
    show(now + (event.clientX < innerWidth / 4 ? -1 : 1));
  });
  let touched = null;
  document.addEventListener("touchstart", event => {
    touched = event.touches.length === 1 ? event.touches[0].clientX : null;
  }, {passive: true});
  document.addEventListener("touchend", event => {
    const moved = touched === null ? 0 : event.changedTouches[0].clientX - touched;
    if (Math.abs(moved) > 50) show(now + (moved < 0 ? 1 : -1));
  }, {passive: true});
  addEventListener("hashchange", () => show(parseInt(location.hash.slice(1)) - 1 || 0));

  for (const font of document.fonts) font.load(); // before a slide needs it, or a printer
  root.classList.add("presented");
  show(parseInt(location.hash.slice(1)) - 1 || 0, false);
})();
