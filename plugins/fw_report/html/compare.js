// A click on a run's letter takes its lines out of the charts and puts them back; letters stand clear of one another.
"use strict";
fw.ready(async () => {
  const hidden = new Set();
  const names = { growth: (k) => [2 * k, 2 * k + 1], falls: (k) => [k] };
  for (const button of document.querySelectorAll("[data-run]")) {
    button.addEventListener("click", () => {
      const run = Number(button.dataset.run);
      const isShown = hidden.delete(run);
      if (!isShown) hidden.add(run);
      for (const same of document.querySelectorAll(`[data-run="${run}"]`)) same.setAttribute("aria-pressed", String(isShown));
      for (const [id, traces] of Object.entries(names)) {
        for (const place of traces(run)) fw.data.charts[id].data[place].visible = isShown;
        fw.redraw(id);
      }
    });
  }

  // Letters at the ends of lines that end at nearly the same height: pushed down as far as they must be, then up from
  // the lower end of the chart. The chart is asked after each drawing, because the scale and the size may have changed.
  const chart = document.getElementById("plot-growth");
  function spread() {
    const floor = chart.querySelector(".nsewdrag").getBoundingClientRect().bottom + 6;
    const letters = Array.from(chart.querySelectorAll(".textpoint text"), (text) => {
      text.style.translate = "";
      const { top, left, right, height } = text.getBoundingClientRect();
      return { text, from: top, top, left, right, height: height * 0.8 };
    }).sort((a, b) => a.top - b.top);
    const areBeside = (a, b) => a.left < b.right && b.left < a.right;
    letters.forEach((letter, place) => {
      for (const above of letters.slice(0, place)) {
        if (areBeside(above, letter)) letter.top = Math.max(letter.top, above.top + above.height);
      }
    });
    letters.reverse().forEach((letter, place) => {
      letter.top = Math.min(letter.top, floor - letter.height);
      for (const below of letters.slice(0, place)) {
        if (areBeside(below, letter)) letter.top = Math.min(letter.top, below.top - letter.height);
      }
      letter.text.style.translate = `0 ${letter.top - letter.from}px`;
    });
  }
  await fw.draw("growth", fw.data.charts.growth);
  chart.on("plotly_afterplot", spread);
  spread();
});
