// The six charts of one column, and the table of all pairs as a picture.
"use strict";

const percent = (value) => `${say(value * 100)} %`;
const coefficient = (value) => value.toFixed(3).replace(/^-(?=0\.0*$)/, "").replace("-", "\u2212");

function drawCourse(home, column, study) {
  const { low, high } = column.course;
  const known = low.filter((value) => value !== null);
  if (!known.length) return nothing(home, "No number at all.");
  const chart = new Chart(home, Math.min(...known), Math.max(...high.filter((value) => value !== null)), { label: "The column over time" });
  const count = low.length;
  let begin = 0;
  while (begin < count) {
    if (low[begin] === null) { begin += 1; continue; }
    let end = begin;
    while (end < count && low[end] !== null) end += 1;
    const at = (k) => chart.x((k + 0.5) / count);
    const points = [];
    for (let k = begin; k < end; k++) points.push(`${at(k)},${chart.y(high[k])}`);
    for (let k = end - 1; k >= begin; k--) points.push(`${at(k)},${chart.y(low[k])}`);
    chart.add("polygon", { points: points.join(" "), class: "area" });
    begin = end;
  }
  const first = study.start / 1e6, last = study.end / 1e6;
  const day = (share) => new Date(first + share * (last - first)).toISOString().slice(0, 10);
  chart.words([0, 0.25, 0.5, 0.75, 1].map((share) => [share, day(share)]));
}

function drawSpread(home, column) {
  const { counts, quantiles, known } = column;
  if (!counts.length) return nothing(home, known ? `Nearly every row is ${say(quantiles[4])}.` : "No number at all.");
  const [low, high] = [quantiles[1], quantiles[7]];
  const chart = new Chart(home, 0, Math.max(...counts) / known, { label: "Distribution of the column", zero: true, form: percent });
  const edge = (k) => low + ((high - low) * k) / counts.length;
  counts.forEach((count, k) => {
    chart.bar((k + 0.04) / counts.length, (k + 0.96) / counts.length, count / known,
      `${say(edge(k))} to ${say(edge(k + 1))}: ${count.toLocaleString("en-US")} rows`, "area");
  });
  chart.words([0, 0.25, 0.5, 0.75, 1].map((share) => [share, say(low + share * (high - low))]));
}

function drawMemory(home, column, steps) {
  const values = column.autocorrelation;
  const known = values.filter((value) => value !== null);
  if (!known.length) return nothing(home, "The column does not move.");
  const chart = new Chart(home, Math.min(...known, 0), 1, { label: "Autocorrelation by lag", zero: true });
  const share = (lag) => Math.log(lag) / Math.log(steps[steps.length - 1]);
  const points = steps.map((lag, k) => [lag, values[k]]).filter(([, value]) => value !== null);
  chart.add("polyline", { points: points.map(([lag, value]) => `${chart.x(share(lag))},${chart.y(value)}`).join(" "), class: "accent" });
  for (const [lag, value] of points) {
    const dot = chart.add("circle", { cx: chart.x(share(lag)), cy: chart.y(value), r: 2.6, class: "area" });
    dot.append(shape("title", {}, `${lag} bars: ${coefficient(value)}`));
  }
  const round = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000].filter((lag) => lag < steps[steps.length - 1] * 0.8);
  chart.words([...round, steps[steps.length - 1]].map((lag) => [share(lag), String(lag)]));
}

// Coefficients with errors side by side: by horizon, or by year.
function drawForesight(home, seen, names, what) {
  const made = seen.filter((one) => one !== null);
  if (!made.length) return nothing(home, "Too few bars.");
  const reach = (one, side) => one.c + side * 1.96 * one.e;
  const chart = new Chart(home, Math.min(...made.map((one) => reach(one, -1))), Math.max(...made.map((one) => reach(one, 1))),
    { label: `Rank correlation with forward returns by ${what}`, zero: true, form: coefficient });
  seen.forEach((one, k) => {
    if (one === null) return;
    const middle = (k + 0.5) / seen.length, half = Math.min(0.28 / seen.length, 0.04);
    chart.bar(middle - half, middle + half, one.c, told(one), one.c < 0 ? "down" : "up");
    chart.error(middle, reach(one, -1), reach(one, 1));
  });
  chart.words(names.map((name, k) => [(k + 0.5) / names.length, seen[k] === null ? `${name}: too few` : name]));
}

function told(one) {
  return `${coefficient(one.c)} ± ${coefficient(one.e)}, ${one.n.toLocaleString("en-US")} rows; by chance as far from zero: ${percent(one.p)}`;
}

function drawTenths(home, means, horizon) {
  if (means === null) return nothing(home, "Too few bars.");
  const known = means.filter((value) => value !== null);
  const chart = new Chart(home, Math.min(...known), Math.max(...known), { label: `Mean return over ${horizon} bars by tenth of the column`, zero: true, form: percent });
  means.forEach((value, k) => {
    if (value !== null) chart.bar((k + 0.14) / 10, (k + 0.86) / 10, value, `tenth ${k + 1}: ${percent(value)}`, value < 0 ? "down" : "up");
  });
  chart.words(means.map((value, k) => [(k + 0.5) / 10, String(k + 1)]));
}

// The correlations of all pairs as squares of a canvas; the pair under the pointer is told in words.
function drawTogether(home, say, instrument, columns, pick) {
  const order = instrument.groups.flat(), count = order.length;
  const square = Math.max(2, Math.floor(1040 / Math.max(count, 1)));
  const canvas = make("canvas", { width: count * square, height: count * square, role: "img" });
  canvas.setAttribute("aria-label", "Rank correlations of all pairs of columns; the groups beside it say the same in words");
  const style = getComputedStyle(document.documentElement);
  const paint = canvas.getContext("2d");
  const hue = (name) => { paint.fillStyle = resolved(style, name); return paint.fillStyle; };
  const colours = { up: hue("--gain"), down: hue("--loss"), none: hue("--surface") };
  order.forEach((row, y) => order.forEach((column, x) => {
    const value = instrument.correlations[row][column];
    paint.globalAlpha = 1;
    paint.fillStyle = colours.none;
    paint.fillRect(x * square, y * square, square, square);
    paint.globalAlpha = Math.abs(value);
    paint.fillStyle = value < 0 ? colours.down : colours.up;
    paint.fillRect(x * square, y * square, square, square);
  }));
  const pair = (event) => {
    const box = canvas.getBoundingClientRect();
    const at = (place, size) => Math.min(Math.max(Math.floor((place / size) * count), 0), count - 1);
    return [order[at(event.clientY - box.top, box.height)], order[at(event.clientX - box.left, box.width)]];
  };
  canvas.addEventListener("pointermove", (event) => {
    const [row, column] = pair(event);
    say.textContent = `${columns[row].name} and ${columns[column].name}: ${instrument.correlations[row][column].toFixed(2).replace("-", "\u2212")}`;
  });
  canvas.addEventListener("click", (event) => pick(pair(event)[0]));
  home.replaceChildren(canvas);
}

// A colour of the palette with its light or dark side chosen, as a canvas wants it.
function resolved(style, name) {
  const probe = make("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
