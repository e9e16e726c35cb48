// What the pages do beyond the theme: copy buttons, and the keyboard reaches what scrolls sideways.
addEventListener("DOMContentLoaded", () => {
  const korean = document.documentElement.lang === "ko";
  for (const code of document.querySelectorAll(".cell_input .highlight, div[class*=highlight-] > .highlight")) {
    if (code.closest(".cell_output") || code.querySelector(".copy")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = korean ? "복사" : "Copy";
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
      button.textContent = korean ? "복사했습니다" : "Copied";
      setTimeout(() => (button.textContent = korean ? "복사" : "Copy"), 1500);
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
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
