// What every page does: switch light and dark, draw its charts in the theme's colours, and start.
// Adds to `fw`: colour, draw, redraw, relayout, isPhone, ready, afterTheme.
"use strict";
(() => {
  const { data, unpack } = fw;
  const root = document.documentElement;
  const afterTheme = [];
  const isPhone = () => matchMedia("(max-width: 640px)").matches;

  // ── Theme ──
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  // The colour of a token such as `@accent` or, at a quarter of its strength, `@accent/25`.
  function colour(token) {
    const [name, share] = token.slice(1).split("/");
    probe.style.color = `var(--${name})`;
    const parts = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3);
    return share ? `rgba(${parts.join(",")},${share / 100})` : `rgb(${parts.join(",")})`;
  }
  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }
  function nameTheme() {
    const button = document.querySelector("[data-theme-button]");
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Switch to light colours" : "Switch to dark colours");
  }
  function retheme() {
    nameTheme();
    for (const id of Object.keys(drawn)) redraw(id);
    for (const tell of afterTheme) tell();
  }

  // ── Charts ──
  const drawn = {};
  // A copy of the figure in which every key that ends in `color` has its token replaced.
  function themed(value, key = "") {
    if (typeof value === "string") return value.startsWith("@") && /color$/i.test(key) ? colour(value) : value;
    if (Array.isArray(value)) return /color$/i.test(key) || typeof value[0] === "object" ? value.map((item) => themed(item, key)) : value;
    if (value && typeof value === "object" && !ArrayBuffer.isView(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, themed(item, name)]));
    }
    return value;
  }
  const isPlain = (value) => value && typeof value === "object" && !Array.isArray(value) && !ArrayBuffer.isView(value);
  function merged(base, over) {
    const out = { ...base };
    for (const [key, value] of Object.entries(over || {})) out[key] = isPlain(value) && isPlain(out[key]) ? merged(out[key], value) : value;
    return out;
  }
  const AXIS = {
    gridcolor: "@line", linecolor: "@line", zerolinecolor: "@line", zeroline: false, automargin: true, fixedrange: true,
    tickfont: { color: "@muted", size: 11.5 }, title: { font: { color: "@muted", size: 12 }, standoff: 8 },
  };
  function layoutOf(own) {
    const touch = isPhone() || matchMedia("(pointer: coarse)").matches;
    const layout = merged({
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: "@ink" },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 8, r: 8, t: 8, b: 8 },
      showlegend: false, dragmode: false, hovermode: "closest", separators: ".,", bargap: 0.25,
      hoverlabel: { bgcolor: "@surface", bordercolor: "@line", align: "left", font: { color: "@ink", size: 12.5, family: getComputedStyle(document.body).fontFamily } },
      modebar: { orientation: "v" },
    }, own);
    for (const name of ["xaxis", "yaxis", ...Object.keys(layout).filter((key) => /^[xy]axis\d+$/.test(key))]) {
      layout[name] = merged({ ...AXIS, showgrid: name.startsWith("y") }, layout[name]);
      if (touch) layout[name].fixedrange = true;
      if (isPhone() && name.startsWith("x") && layout[name].type === "date") layout[name].nticks = 4;
    }
    if (touch) layout.dragmode = false;
    return themed(layout);
  }
  const CONFIG = { displayModeBar: false, responsive: true, showTips: false, doubleClick: "reset" };

  // Draw a figure ({data, layout, with tokens for colours}) into the chart of this id, or draw it anew.
  function draw(id, figure) {
    const place = document.getElementById(`plot-${id}`);
    drawn[id] = figure;
    return Plotly.react(place, themed(figure.data), layoutOf(figure.layout), CONFIG).then(() => {
      place.dataset.drawn = "yes";
    });
  }
  const redraw = (id) => draw(id, drawn[id]);
  // Where a logarithmic axis has its labels: 1, 2, 5, 10 … over a wide range, even steps over a narrow one.
  function logTicks(figure) {
    let [low, high] = [Infinity, 0];
    for (const trace of figure.data) {
      for (const value of unpack(trace.y)) {
        if (value > 0) [low, high] = [Math.min(low, value), Math.max(high, value)];
      }
    }
    if (!high) return undefined;
    const decades = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) decades.push(10 ** power);
    const fine = decades.flatMap((one) => [one, 2 * one, 5 * one]).filter((tick) => tick >= low * 0.9 && tick <= high * 1.1);
    if (high / low > 8) return fine.length > 12 ? decades : fine;
    const rough = (high - low) / 5 || high;
    const unit = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((each) => each * unit >= rough) * unit;
    return Array.from({ length: 8 }, (_, k) => (Math.ceil(low / step) + k) * step).filter((tick) => tick <= high * 1.02);
  }
  // Change parts of a chart's layout, kept when it is drawn anew.
  function relayout(id, changes) {
    drawn[id] = { ...drawn[id], layout: merged(drawn[id].layout, changes) };
    return redraw(id);
  }

  // ── Start ──
  // plotly.js lies in the page packed to less than half; the policy has the hash of its text and lets no other text run.
  async function unpackPlotly() {
    const letters = atob(document.getElementById("fw-plotly").textContent);
    const bytes = new Uint8Array(letters.length);
    for (let place = 0; place < bytes.length; place++) bytes[place] = letters.charCodeAt(place);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    script.remove();
  }

  const starters = [];
  // Have a function run when the page is there, in the order of the scripts, before the other charts are drawn.
  const ready = (start) => starters.push(start);

  async function begin() {
    nameTheme();
    document.querySelector("[data-theme-button]").addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      retheme();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", retheme);
    await unpackPlotly();
    for (const start of starters) await start();
    for (const place of document.querySelectorAll("[data-chart]")) {
      const figure = (data.charts || {})[place.dataset.chart];
      if (figure && !drawn[place.dataset.chart]) {
        await draw(place.dataset.chart, figure);
        await new Promise((go) => setTimeout(go));  // let the reader scroll meanwhile
      }
    }
    for (const button of document.querySelectorAll("[data-log]")) {
      button.addEventListener("click", () => {
        const isLog = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(isLog));
        const ticks = isLog ? logTicks(drawn[button.dataset.log]) : undefined;
        relayout(button.dataset.log, { yaxis: { type: isLog ? "log" : "linear", tickmode: ticks && "array", tickvals: ticks } });
      });
    }
    root.dataset.ready = "yes";
  }
  addEventListener("beforeprint", () => {
    root.dataset.before = root.dataset.theme || "";
    root.dataset.theme = "light";
    retheme();
  });
  addEventListener("afterprint", () => {
    if (root.dataset.before) root.dataset.theme = root.dataset.before;
    else delete root.dataset.theme;
    retheme();
  });
  addEventListener("DOMContentLoaded", begin);

  Object.assign(fw, { colour, draw, redraw, relayout, isPhone, ready, afterTheme });
})();
