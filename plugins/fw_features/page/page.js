// The page: a table of all columns that sorts and finds, and one of them in charts.
"use strict";

const study = JSON.parse(document.getElementById("study").textContent);
const get = (id) => document.getElementById(id);
const state = { instrument: 0, column: 0, horizon: 0, sort: "name", down: false };
const plural = (count, word) => `${count.toLocaleString("en-US")} ${word}${count === 1 ? "" : "s"}`;

function measured() { return study.instruments[state.instrument].measured; }

// How far a coefficient is from zero in its own errors; 0 where there is none.
function distance(one) { return one === null ? 0 : one.e > 0 ? one.c / one.e : Math.sign(one.c) * 99; }

function fields() {
  const longest = study.memory_lags.length - 1, stretch = study.instruments[state.instrument].stretch;
  return [
    { key: "name", label: "Column", value: (k) => study.columns[k].name },
    ...study.horizons.map((horizon, place) => ({
      key: `h${place}`, label: plural(horizon, "bar"), heat: (k) => measured()[k].foresight[place], value: (k) => Math.abs(distance(measured()[k].foresight[place])),
    })),
    { key: "agree", label: `${capital(stretch)}s agree, ${plural(study.horizons[state.horizon], "bar")}`, value: (k) => agreeing(k)[0] / (agreeing(k)[1] || 1), text: (k) => agreeing(k)[1] ? agreeing(k).join(" of ") : "–" },
    { key: "a1", label: "Autocorr. 1", value: (k) => measured()[k].memory[0] ?? -2, text: (k) => short(measured()[k].memory[0]) },
    ...(longest ? [{ key: "a2", label: `Autocorr. ${study.memory_lags[longest]}`, value: (k) => measured()[k].memory[longest] ?? -2, text: (k) => short(measured()[k].memory[longest]) }] : []),
    { key: "known", label: "Known", value: (k) => measured()[k].known / (measured()[k].rows || 1), text: (k) => share(measured()[k].known, measured()[k].rows) },
    { key: "warnings", label: "Mind", value: (k) => -measured()[k].warnings.length, badges: (k) => measured()[k].warnings },
  ];
}

function capital(word) { return word[0].toUpperCase() + word.slice(1); }

function share(part, whole) {
  if (!whole) return "–";
  return part === whole ? "100 %" : `${Math.min((100 * part) / whole, 99.9).toFixed(1)} %`;
}

function short(value) { return value === null ? "–" : value.toFixed(2).replace(/^-(?=0\.0*$)/, "").replace("-", "\u2212"); }

// Years, or quarters, whose coefficient of the chosen horizon has the sign of the whole, of all that have one.
function agreeing(k) {
  const whole = measured()[k].foresight[state.horizon];
  const parts = measured()[k].stretches.map((part) => part[state.horizon]).filter((one) => one !== null);
  if (whole === null) return [0, 0];
  return [parts.filter((one) => Math.sign(one.c) === Math.sign(whole.c)).length, parts.length];
}

function drawHead() {
  const row = make("tr");
  for (const field of fields()) {
    const button = make("button", { type: "button" }, field.label);
    button.addEventListener("click", () => {
      state.down = state.sort === field.key ? !state.down : field.key !== "name";
      state.sort = field.key;
      drawTable();
      get("columns").querySelector("th[aria-sort] button").focus();
    });
    const cell = make("th", { scope: "col" }, button);
    if (state.sort === field.key) cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    row.append(cell);
  }
  return make("thead", {}, row);
}

function drawTable() {
  const all = fields(), sorted = all.find((field) => field.key === state.sort);
  const wanted = get("find").value.trim().toLowerCase();
  const rows = study.columns.map((_, k) => k).filter((k) => study.columns[k].name.toLowerCase().includes(wanted));
  const value = (k) => sorted.value(k);
  rows.sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : a - b) * (state.down ? -1 : 1));
  const body = make("tbody");
  for (const k of rows) {
    const row = make("tr", k === state.column ? { class: "picked" } : {});
    for (const field of all) row.append(cellOf(field, k));
    body.append(row);
  }
  get("columns").replaceChildren(make("caption", { class: "skip" }, "All columns"), drawHead(), body);
  get("count").textContent = rows.length === study.columns.length ? plural(rows.length, "column") : `${rows.length} of ${plural(study.columns.length, "column")}`;
}

function cellOf(field, k) {
  if (field.key === "name") {
    const button = make("button", { type: "button", title: study.columns[k].name }, study.columns[k].name);
    button.addEventListener("click", () => pick(k, true));
    return make("th", { scope: "row" }, button);
  }
  if (field.badges) return make("td", {}, ...field.badges(k).map((text) => make("span", { class: "badge" }, text)));
  if (!field.heat) return make("td", {}, field.text(k));
  const one = field.heat(k);
  if (one === null) return make("td", { class: "heat muted", title: "too few bars" }, "·");
  const cell = make("td", { class: "heat", title: told(one) }, coefficient(one.c) + (one.stands ? "\u00a0★" : "\u00a0\u2007"));
  const depth = Math.min(Math.max((Math.abs(distance(one)) - 1) / 5, 0), 1) * 45;
  cell.style.background = `color-mix(in srgb, var(${one.c < 0 ? "--loss" : "--gain"}) ${depth.toFixed(0)}%, var(--surface))`;
  return cell;
}

function drawColumn() {
  const told = study.columns[state.column], column = measured()[state.column], instrument = study.instruments[state.instrument];
  get("one").textContent = told.name;
  get("formula").textContent = told.formula ? [told.formula, told.unit && `unit: ${told.unit}`, told.source && `after ${told.source}`].filter(Boolean).join("; ") : "The set does not say what this column is.";
  const said = [`${share(column.known, column.rows)} of ${plural(column.rows, "row")} known`, `${plural(column.levels, "different value")}`];
  if (column.mean !== null) said.push(`mean ${say(column.mean, 4)}`, `deviation ${say(column.deviation, 4)}`, `median ${say(column.quantiles[4], 4)}`);
  if (column.skew !== null) said.push(`skew ${say(column.skew)}`, `excess kurtosis ${say(column.excess)}`);
  get("said").replaceChildren(`${said.join(" · ")} `, ...column.warnings.map((text) => make("span", { class: "badge" }, text)));
  drawCourse(get("course"), column, study);
  drawSpread(get("spread"), column);
  get("tails").textContent = column.counts.length ? `lowest ${say(column.quantiles[0], 4)}, highest ${say(column.quantiles[8], 4)}; ${plural(column.below + column.above, "row")} beyond what is drawn` : "";
  drawMemory(get("memory"), column, instrument.steps);
  drawForesight(get("horizon"), column.foresight, study.horizons.map((horizon) => plural(horizon, "bar")), "horizon");
  const place = state.horizon;
  get("stretch").textContent = `Foresight by ${instrument.stretch}`;
  drawForesight(get("stretches"), column.stretches.map((part) => part[place]), instrument.stretches, instrument.stretch);
  drawTenths(get("tenths"), column.tenths[place], study.horizons[place]);
  for (const button of get("choices").children) button.setAttribute("aria-pressed", String(Number(button.dataset.place) === place));
}

function drawAlike() {
  const instrument = study.instruments[state.instrument];
  drawTogether(get("together"), get("pair"), instrument, study.columns, (k) => pick(k, true));
  const groups = [...instrument.groups].sort((a, b) => b.length - a.length);
  get("groups").replaceChildren(...groups.map((group) => make("li", {}, ...group.map((k) => {
    const button = make("button", { type: "button" }, study.columns[k].name);
    button.addEventListener("click", () => pick(k, true));
    return button;
  }))));
}

function pick(k, go) {
  state.column = (k + study.columns.length) % study.columns.length;
  for (const row of get("columns").tBodies[0].rows) row.classList.toggle("picked", row.cells[0].textContent === study.columns[state.column].name);
  drawColumn();
  if (go) { get("one").focus({ preventScroll: true }); get("one").scrollIntoView({ block: "start" }); }
}

function drawAll() { drawTable(); drawColumn(); drawAlike(); }

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function start() {
  // the column that is farthest from luck is shown first
  const best = (k) => Math.max(...study.instruments[0].measured[k].foresight.map((one) => Math.abs(distance(one))));
  state.column = study.columns.reduce((found, _, k) => (best(k) > best(found) ? k : found), 0);
  const seen = study.instruments[0].measured[state.column].foresight.map((one) => Math.abs(distance(one)));
  state.horizon = seen.indexOf(Math.max(...seen));
  [state.sort, state.down] = [`h${state.horizon}`, true];
  study.horizons.forEach((horizon, place) => {
    const button = make("button", { type: "button", "data-place": String(place) }, plural(horizon, "bar"));
    button.addEventListener("click", () => { state.horizon = place; drawTable(); drawColumn(); });
    get("choices").append(button);
  });
  study.instruments.forEach((one, k) => get("instrument").append(make("option", { value: String(k) }, one.symbol)));
  get("instruments").hidden = study.instruments.length < 2;
  get("instrument").addEventListener("change", (event) => { state.instrument = Number(event.target.value); drawAll(); });
  get("find").addEventListener("input", drawTable);
  get("before").addEventListener("click", () => pick(state.column - 1, false));
  get("after").addEventListener("click", () => pick(state.column + 1, false));
  get("theme").textContent = isDark() ? "Light" : "Dark";
  get("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    get("theme").textContent = isDark() ? "Light" : "Dark";
    drawAlike();
  });
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; drawColumn(); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { get("theme").textContent = isDark() ? "Light" : "Dark"; drawAlike(); });
  drawAll();
  document.documentElement.dataset.ready = "yes";
}

start();
