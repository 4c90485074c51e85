// A click on a run's letter takes its lines out of the charts and puts them back.
"use strict";
fw.ready(() => {
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
});
