// What every page does: read its data, draw its charts in the theme's colours, run its tables, switch light and dark.
// Other scripts of the page use `fw`: data, unpack, colour, draw, redraw, tables, format, ready.
"use strict";
const fw = (() => {
  const data = JSON.parse(document.getElementById("fw-data").textContent);
  const root = document.documentElement;
  const KINDS = { f8: Float64Array, f4: Float32Array, i4: Int32Array, i2: Int16Array, u1: Uint8Array };
  const afterTheme = [];
  const isPhone = () => matchMedia("(max-width: 640px)").matches;

  // A column as it came from Python: plain, packed numbers, or each word once and its codes.
  function unpack(column) {
    if (column && column.bdata !== undefined) {
      const bytes = Uint8Array.from(atob(column.bdata), (letter) => letter.charCodeAt(0));
      return new KINDS[column.dtype](bytes.buffer);
    }
    if (column && column.words) {
      const codes = unpack(column.codes);
      return Array.from(codes, (code) => column.words[code]);
    }
    return column;
  }

  // ── Numbers as people read them, in the same form as Python's fw_report.text ──
  const DASH = "–";
  const signed = (text) => (text.startsWith("-") ? (/[1-9]/.test(text) ? "−" + text.slice(1) : text.slice(1)) : text);
  const forms = {};  // making a formatter takes longer than a thousand uses of it
  const digits = (value, least, most) => {
    forms[`${least} ${most}`] ||= new Intl.NumberFormat("en-US", { minimumFractionDigits: least, maximumFractionDigits: most });
    return signed(forms[`${least} ${most}`].format(value));
  };
  // Decimal places that leave a price seven digits.
  const placesOf = (price) => Math.max(0, Math.min(12, 7 - Math.ceil(Math.log10(Math.abs(price) + 1e-12))));
  const isMissing = (value) => value === null || value === undefined || Number.isNaN(value);
  const span = (ms) => {
    const units = [["d", 864e5], ["h", 36e5], ["m", 6e4], ["s", 1e3]];
    let left = Math.round(ms);
    const parts = [];
    for (const [unit, size] of units) {
      const amount = Math.floor(left / size);
      left -= amount * size;
      if (amount || parts.length) parts.push([amount, unit]);
      if (parts.length === 2) break;
    }
    return parts.filter(([amount]) => amount).map(([amount, unit]) => digits(amount, 0, 0) + unit).join(" ") || "0s";
  };
  const format = {
    count: (value) => digits(value, 0, 0),
    money: (value) => (value !== 0 && Math.abs(value) < 0.1 ? signed(value.toPrecision(3)) : digits(value, 2, 2)),
    percent: (value) => digits(value * 100, 2, 2) + " %",
    price: (value) => digits(value, 0, placesOf(value)),
    quantity: (value) => digits(value, 0, 8),
    number: (value) => digits(value, 0, 4),
    time: (ms) => new Date(ms).toISOString().slice(0, 16).replace("T", " "),
    span,
    side: (value) => (value > 0 ? "long" : "short"),
    text: (value) => String(value),
    words: (value) => String(value),
    tag: (value) => String(value),
  };
  const show = (kind, value, places) =>
    isMissing(value) ? DASH : places === undefined ? format[kind](value) : digits(value, places, places);
  // Decimal places that a column's numbers share, so that they line up; undefined where they are too unlike.
  function sharedPlaces(kind, columns) {
    if (kind !== "price" && kind !== "quantity") return undefined;
    let [low, high, places] = [Infinity, 0, 0];
    for (const column of columns) {
      for (const value of column.kind === kind ? column.values : []) {
        const size = Math.abs(value);
        if (!(size > 0)) continue;
        low = Math.min(low, size);
        high = Math.max(high, size);
          while (places < 8 && Math.abs(value - Number(value.toFixed(places))) > 1e-9 * size) places += 1;
      }
    }
    if (kind === "quantity") return places;
    return high / low < 1000 ? Math.min(places, Math.max(placesOf(high), 2)) : undefined;
  }
  const NUMBERS = new Set(["count", "money", "percent", "price", "quantity", "number", "span"]);  // stand to the right

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

  // ── Tables ──
  const tables = {};
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  class DataTable {
    // spec: {columns: [{key, label, kind, values}], rows, sort: [key, "descending"], pick: label of the button, size}
    constructor(place, spec) {
      this.place = place;
      this.rows = spec.rows;
      this.size = spec.size || 25;
      this.pickWords = spec.pick || "";
      this.columns = spec.columns.map((column) => ({ ...column, values: unpack(column.values) }));
      this.sought = this.columns.filter((column, place) => place === 0 || !NUMBERS.has(column.kind));
      for (const column of this.columns) column.places = sharedPlaces(column.kind, this.columns);
      this.order = Int32Array.from({ length: this.rows }, (_, row) => row);
      this.found = this.order;
      this.page = 0;
      this.picked = -1;
      this.onPick = () => {};
      this.build(place.dataset.label, place.dataset.hint);
      if (spec.sort) this.sort(spec.sort[0], spec.sort[1]);
      else this.fill();
    }

    build(label, hint) {
      const id = this.place.id;
      this.search = make("input", { type: "search", id: `${id}-search`, placeholder: hint || "Search" });
      this.search.setAttribute("aria-label", `Search: ${label}`);
      let wait;
      this.search.addEventListener("input", () => {
        clearTimeout(wait);
        wait = setTimeout(() => this.seek(this.search.value), 120);
      });
      this.count = make("span", { className: "muted small" });
      this.count.setAttribute("role", "status");
      this.back = make("button", { type: "button", textContent: "‹" });
      this.next = make("button", { type: "button", textContent: "›" });
      this.back.setAttribute("aria-label", `Previous page: ${label}`);
      this.next.setAttribute("aria-label", `Next page: ${label}`);
      this.back.addEventListener("click", () => this.turn(-1));
      this.next.addEventListener("click", () => this.turn(1));
      this.where = make("span", { className: "small muted" });
      const bar = make("div", { className: "bar" }, this.search, this.count,
        make("div", { className: "pages" }, this.back, this.where, this.next));
      this.heads = this.columns.map((column) => {
        const button = make("button", { type: "button", textContent: column.label });
        button.addEventListener("click", () => {
          const falling = this.sorted === column.key ? this.direction === "ascending" : NUMBERS.has(column.kind) || column.kind === "time";
          this.sort(column.key, falling ? "descending" : "ascending");
        });
        const head = make("th", { scope: "col", className: NUMBERS.has(column.kind) ? "number" : "" }, button);
        if (column.help) head.title = column.help;
        return head;
      });
      this.body = make("tbody");
      const table = make("table", { className: this.columns.length > 7 ? "full" : "" }, make("thead", {}, make("tr", {}, ...this.heads)), this.body);
      const scroll = make("div", { className: "scroll", tabIndex: 0 }, table);
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", label);
      this.place.append(bar, scroll);
    }

    sort(key, direction) {
      const column = this.columns.find((each) => each.key === key);
      const { values } = column;
      const sign = direction === "ascending" ? 1 : -1;
      const isText = typeof values[0] === "string";
      const compare = isText ? new Intl.Collator("en", { numeric: true }).compare : (a, b) => a - b;
      let rank = values;
      if (isText) {  // compare each word once, not each pair of rows
        const places = new Map([...new Set(values)].sort(compare).map((word, place) => [word, place]));
        rank = Array.from(values, (word) => places.get(word));
      }
      this.order = Int32Array.from({ length: this.rows }, (_, row) => row).sort((a, b) => {
        const [one, two] = [rank[a], rank[b]];
        if (isMissing(one) || isMissing(two)) return isMissing(one) - isMissing(two) || a - b;
        return sign * (one - two) || a - b;
      });
      this.sorted = key;
      this.direction = direction;
      this.heads.forEach((head, place) => {
        if (this.columns[place].key === key) head.setAttribute("aria-sort", direction);
        else head.removeAttribute("aria-sort");
      });
      this.seek(this.search.value);
    }

    // What a row is found by: its words, times and own number, not the measured numbers.
    text(row) {
      this.texts ||= new Array(this.rows);
      return (this.texts[row] ||= this.sought.map((column) => show(column.kind, column.values[row])).join(" ").toLowerCase());
    }

    seek(words) {
      const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
      this.found = wanted.length ? this.order.filter((row) => wanted.every((word) => this.text(row).includes(word))) : this.order;
      this.page = 0;
      this.fill();
    }

    turn(pages) {
      this.page += pages;
      this.fill();
    }

    // Show and highlight a row, wherever it stands; the search is cleared where it hides the row.
    reveal(row) {
      this.picked = row;
      let place = this.found.indexOf(row);
      if (place < 0) {
        this.search.value = "";
        this.seek("");
        place = this.found.indexOf(row);
      }
      this.page = Math.floor(place / this.size);
      this.fill();
    }

    fill() {
      const first = this.page * this.size;
      const rows = this.found.slice(first, first + this.size);
      this.body.replaceChildren(...Array.from(rows, (row) => this.line(row)));
      const many = this.found.length;
      const last = Math.min(first + this.size, many);
      this.where.textContent = many ? `${format.count(first + 1)}–${format.count(last)} of ${format.count(many)}` : "none found";
      this.count.textContent = many < this.rows ? `${format.count(many)} of ${format.count(this.rows)} match` : "";
      this.back.disabled = this.page === 0;
      this.next.disabled = last >= many;
    }

    line(row) {
      const line = make("tr", { className: row === this.picked ? "picked" : "" });
      line.dataset.row = row;
      this.columns.forEach((column, place) => {
        const value = column.values[row];
        const text = show(column.kind, value, column.places);
        const cell = make("td", { className: NUMBERS.has(column.kind) ? "number" : column.kind });
        if (!NUMBERS.has(column.kind)) cell.dir = "auto";
        if (column.kind === "tag" && text) cell.title = text;
        if (column.tone && value) cell.classList.add(value > 0 ? "gain" : "loss");
        if (place === 0 && this.pickWords) {
          const button = make("button", { type: "button", textContent: text });
          button.setAttribute("aria-label", `${this.pickWords} ${text}`);
          cell.append(button);
        } else {
          cell.textContent = text;
        }
        line.append(cell);
      });
      if (this.pickWords) {
        line.classList.add("pick");
        line.addEventListener("click", () => this.onPick(row));
      }
      return line;
    }
  }

  // ── Start ──
  const starters = [];
  // Have a function run once the tables stand and before the charts are drawn.
  const ready = (start) => starters.push(start);

  async function begin() {
    nameTheme();
    document.querySelector("[data-theme-button]").addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      retheme();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", retheme);
    for (const place of document.querySelectorAll("[data-table]")) {
      tables[place.dataset.table] = new DataTable(place, data.tables[place.dataset.table]);
    }
    for (const button of document.querySelectorAll("[data-log]")) {
      button.addEventListener("click", () => {
        const isLog = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(isLog));
        const ticks = isLog ? logTicks(drawn[button.dataset.log]) : undefined;
        relayout(button.dataset.log, { yaxis: { type: isLog ? "log" : "linear", tickmode: ticks && "array", tickvals: ticks } });
      });
    }
    for (const start of starters) await start();
    for (const place of document.querySelectorAll("[data-chart]")) {
      const figure = (data.charts || {})[place.dataset.chart];
      if (figure && !drawn[place.dataset.chart]) {
        await draw(place.dataset.chart, figure);
        await new Promise((go) => setTimeout(go));  // let the reader scroll meanwhile
      }
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

  return { data, unpack, colour, draw, redraw, relayout, tables, format, show, make, isPhone, ready, afterTheme };
})();
