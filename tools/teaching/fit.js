// Run once, while slides are made: no slide keeps more than it shows. Text goes down step by step to
// 24 pixels; what is still too large goes on on a slide behind. Gives the HTML of all slides.
() => {
  const STEPS = [1.2, 1, 0.94, 0.88, 0.82, 0.75];
  const RESERVE = 0.97; // of a slide's height: other machines have other fonts

  const body = slide => slide.querySelector(".body");

  function fits(slide) {
    const box = body(slide), space = (slide.matches(".title") ? slide : box).getBoundingClientRect();
    const shown = [...box.querySelectorAll("*")].filter(e => !e.parentElement.closest("mjx-container"))
      .map(e => e.getBoundingClientRect());
    const height = space.height * (slide.matches(".picture") ? 1 : RESERVE);
    return shown.every(e => e.bottom - space.top <= height + 1 && e.right <= space.right + 1);
  }

  const wide = element => element.scrollWidth > element.clientWidth + 1;

  const onlyText = slide => slide.matches(".flow") && [...body(slide).children].every(block => block.matches(".text"));

  function shrink(slide, floor = 0) {
    for (const step of STEPS.slice(onlyText(slide) ? 0 : 1).filter(step => step > floor)) {
      body(slide).style.setProperty("--scale", step);
      slide.classList.toggle("tight", step < 1);
      if (fits(slide)) return true;
    }
    return false;
  }

  // Code and outputs are as large as their longest line lets them be. A line too long for the smallest
  // letters goes on below itself; the columns of an output stand as long as they can.
  for (const pre of document.querySelectorAll("pre")) {
    const least = pre.matches(".output") ? 18 : 24;
    let size = 26;
    while (size > least && wide(pre)) pre.style.setProperty("--size", --size);
    if (wide(pre)) {
      pre.style.setProperty("--size", 24);
      pre.classList.add("wrapped");
    }
  }

  // Move the last piece of one element to the front of its twin: a block, else what stands in a block,
  // else an item, a row or a line. False where nothing can be moved.
  function moveLast(from, to) {
    const pieces = [...from.children].filter(piece => !piece.matches("thead, .lead")), last = pieces.at(-1);
    if (pieces.length > 1) {
      to.prepend(last);
      while (from.lastElementChild.matches(".lead")) to.prepend(from.lastElementChild); // to that piece
      return true;
    }
    if (!last || last.matches("p, li, tr, .line, figure, .math")) return false;
    let twin = to.querySelector(`:scope > ${last.tagName}`);
    if (!twin) {
      twin = last.cloneNode(false);
      if (from.tHead) to.append(from.tHead.cloneNode(true));
      to.append(twin);
    }
    if (!moveLast(last, twin)) {
      twin.remove();
      return false;
    }
    if (last.matches("ol")) twin.start = (last.start || 1) + last.children.length;
    return true;
  }

  // Put an empty slide behind one: its heading is no heading any more, but the words stay.
  function goOn(slide) {
    const next = slide.cloneNode(true), heading = next.querySelector(".heading");
    const plain = document.createElement("p");
    plain.className = "heading";
    plain.innerHTML = heading.innerHTML;
    heading.replaceWith(plain);
    body(next).replaceChildren();
    slide.after(next);
    return body(next);
  }

  for (let slide = document.querySelector(".slide"); slide; slide = slide.nextElementSibling) {
    const box = body(slide);
    if (slide.matches(".flow:not(.exercise)") && box.children.length > 1) {
      // Rather two slides than small letters.
      const next = shrink(slide, 0.85) ? null : goOn(slide);
      while (box.children.length > 1 && !fits(slide)) next.prepend(box.lastElementChild);
    }
    if (shrink(slide)) continue;
    const code = slide.querySelector(".code:not(.kept)");
    if (code && slide.querySelector(".output")) code.remove(); // rather that than it alone
    if (shrink(slide)) continue;
    const next = goOn(slide);
    while (!fits(slide)) {
      if (!moveLast(box, next)) throw new Error(`too large for a slide: ${slide.textContent.slice(0, 200)}`);
    }
    const pieces = place => place.querySelectorAll("tr, li, .line").length;
    while (pieces(box) > pieces(next) + 1 && moveLast(box, next)); // not one row alone
    shrink(slide);
  }

  const slides = [...document.querySelectorAll(".slide")];
  slides.forEach((slide, n) => {
    slide.id = n + 1;
    slide.querySelector(".number").textContent = `${n + 1} / ${slides.length}`;
  });
  return document.querySelector("main").innerHTML;
}
