// Predict first: the output of the cell below a question stays closed until the reader has chosen an
// option, or asks to see it. Which option came out stands in that output: "prediction 3-1: b". What a
// reader chose is kept on the device, so that the page is open when they come back (where storage is
// blocked, book.js stands in for it).
addEventListener("DOMContentLoaded", () => {
  const made = (name, properties) => Object.assign(document.createElement(name), { type: "button", ...properties });

  for (const question of document.querySelectorAll(".prediction")) {
    const output = question.nextElementSibling?.querySelector(":scope > .cell_output");
    const [, number, answer] = output?.textContent.match(/^prediction (\d+-\d+): ([a-h])$/m) ?? [];
    if (!answer) continue;
    const { right, wrong, show } = question.dataset;
    const said = Object.assign(document.createElement("p"), { role: "status" });
    const reveal = made("button", { className: "reveal", textContent: show });
    const options = new Map();
    const key = `prediction ${number}`;

    const open = (chosen) => {
      output.hidden = false;
      reveal.remove();
      for (const [letter, button] of options) {
        button.disabled = true;
        if (letter === answer) button.classList.add("came-out");
        if (letter === chosen) button.setAttribute("aria-pressed", "true");
      }
      if (options.has(chosen)) said.textContent = chosen === answer ? right : wrong.replace("{}", answer);
      if (chosen) localStorage.setItem(key, chosen);
    };
    for (const option of question.querySelectorAll("li")) {
      const text = option.querySelector("p") ?? option;
      const button = made("button");
      button.append(...text.childNodes);
      text.append(button);
      const letter = button.textContent.trim()[0];
      options.set(letter, button);
      button.addEventListener("click", () => open(letter));
    }
    question.append(said);
    const kept = localStorage.getItem(key);
    if (kept) { open(kept); continue; }
    output.hidden = true;
    output.before(reveal);
    reveal.addEventListener("click", () => {
      output.tabIndex = -1;
      open("seen");
      output.focus(); // the button is gone
    });
  }
});
