// Adds exact values under the cursor; everything can be read without it.
"use strict";
const make = (tag, css, text = "") => Object.assign(document.createElement(tag), { className: css, textContent: text });
for (const group of document.querySelectorAll(".linked")) {
  const plots = [...group.querySelectorAll(".plot")].map((box) => {
    const plot = { box, line: make("i", "cursor"), card: make("div", "card"), table: JSON.parse(box.dataset.hover) };
    box.append(plot.line, plot.card);
    return plot;
  });
  let at = -1;
  const show = (index) => {
    at = index;
    group.classList.toggle("hovered", index >= 0);
    if (index < 0) return;
    for (const { line, card, table } of plots) {
      line.style.left = card.style.left = table.x[index] / 20 + "%";
      card.classList.toggle("flip", table.x[index] > 1100);
      card.replaceChildren(make("time", "", table.t[index]));
      for (const [name, css, values] of table.s) {
        const row = make("span", "");
        row.append(make("em", "key " + css, name), make("b", "", values[index]));
        card.append(row);
      }
    }
  };
  for (const { box, card, table } of plots) {
    card.setAttribute("aria-live", "polite");
    const move = (event) => {
      const edge = box.getBoundingClientRect();
      const x = (2000 * (event.clientX - edge.left)) / edge.width;
      const after = table.x.findIndex((value) => value >= x);
      const right = after < 0 ? table.x.length - 1 : after;
      show(right > 0 && x - table.x[right - 1] < table.x[right] - x ? right - 1 : right);
    };
    box.addEventListener("pointermove", move);
    box.addEventListener("pointerdown", move);
    box.addEventListener("pointerleave", () => show(-1));
    box.addEventListener("blur", () => show(-1));
    box.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const last = table.x.length - 1;
      show(at < 0 ? last : Math.min(last, Math.max(0, at + step)));
    });
  }
}
