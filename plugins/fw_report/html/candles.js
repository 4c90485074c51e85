// The chart of candles: larger candles the further the reader zooms out, and the trades, linked to their table.
"use strict";
fw.ready(async () => {
  const { data, unpack, draw, tables, show, format, isPhone } = fw;
  if (!data.candles.length || !document.getElementById("plot-candles")) return;
  const MARKS = 150;  // most trades marked at once; the others are said to be there
  const escape = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  // ── What there is ──
  const columnsOf = (packed, start) => ({
    time: Float64Array.from(unpack(packed.minute), (minute) => start + minute * 6e4),
    ...Object.fromEntries(["open", "high", "low", "close"].map((name) => [name, unpack(packed[name])])),
  });
  const series = data.candles.map((each) => each.whole && {
    ...each,
    whole: columnsOf(each.whole, each.start),
    detail: each.detail && columnsOf(each.detail, each.start),
    runs: each.runs && each.runs.map(unpack),
  });
  const table = tables.trades;
  const trades = {};
  if (table) for (const column of table.columns) trades[column.key] = column.values;
  const symbolOf = (row) => (trades.instrument ? trades.instrument[row] : data.candles[0].symbol);
  const steps = Object.fromEntries(Object.entries(data.protections).map(([name, column]) => [name, unpack(column)]));

  let shown = Math.max(series.findIndex(Boolean), 0);
  if (!series[shown]) return;
  let picked = -1;
  const range = [0, 0];
  const ends = () => {
    const { whole, bar, size } = series[shown];
    return [whole.time[0] - bar * size, whole.time[whole.time.length - 1] + bar * size];
  };

  // ── Candles in view ──
  const firstFrom = (times, time) => {  // the first place whose time is not before `time`
    let [low, high] = [0, times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  // The columns to draw from, with how many bars one of their candles is: single bars where they are all at hand.
  function sourceOf(from, to) {
    const { whole, detail, runs, size, bar } = series[shown];
    if (detail && runs[0].length) {
      let offset = 0;
      for (let k = 0; k < runs[0].length; k++) {
        const count = runs[1][k] - runs[0][k];
        if (detail.time[offset] <= from + bar && detail.time[offset + count - 1] >= to - 2 * bar) {
          return { columns: detail, size: 1, first: Math.max(firstFrom(detail.time, from), offset), last: Math.min(firstFrom(detail.time, to), offset + count) };
        }
        offset += count;
      }
    }
    return { columns: whole, size, first: firstFrom(whole.time, from), last: firstFrom(whole.time, to) };
  }
  // How many candles become one: a round stretch of time where there is one.
  const MINUTES = [1, 2, 3, 5, 10, 15, 20, 30, ...[1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 96, 168, 336, 672, 1344, 2688, 8736].map((hours) => hours * 60)];
  function roundStep(least, one) {
    if (least <= 1) return 1;
    const minutes = MINUTES.find((each) => each * 6e4 >= least * one && (each * 6e4) % one === 0);
    return minutes ? (minutes * 6e4) / one : least;
  }
  function candlesIn(from, to) {
    const width = document.getElementById("plot-candles").clientWidth || 600;
    const most = Math.max(Math.floor(width / (isPhone() ? 4 : 3.2)), 40);
    const { columns, size, first, last } = sourceOf(from, to);
    const step = roundStep(Math.ceil((last - first) / most), size * series[shown].bar);
    const out = { x: [], open: [], high: [], low: [], close: [], step: step * size };
    for (let at = first - (first % step); at < last; at += step) {
      const end = Math.min(at + step, columns.time.length);
      let [high, low] = [-Infinity, Infinity];
      for (let k = at; k < end; k++) {
        if (columns.high[k] > high) high = columns.high[k];
        if (columns.low[k] < low) low = columns.low[k];
      }
      out.x.push(columns.time[at]);
      out.open.push(columns.open[at]);
      out.high.push(high);
      out.low.push(low);
      out.close.push(columns.close[end - 1]);
    }
    return out;
  }

  // ── Trades in view ──
  function tradesIn(from, to) {
    const symbol = series[shown].symbol;
    const rows = [];
    let count = 0;
    for (let row = 0; row < (table ? table.rows : 0); row++) {
      if (trades.exit_time[row] >= from && trades.entry_time[row] <= to && symbolOf(row) === symbol) {
        rows.push(row);
        count += 1;
      }
    }
    if (count > MARKS) {
      rows.sort((a, b) => Math.abs(trades.profit[b]) - Math.abs(trades.profit[a]));
      rows.length = MARKS;
      if (picked >= 0 && !rows.includes(picked)) rows.push(picked);
    }
    return { rows, count };
  }
  const nameOf = (row) => `Trade ${show("count", trades.number[row])}`;
  const tagOf = (row) => (trades.tag && trades.tag[row] ? ` · ${trades.tag[row]}` : "");
  const entryWords = (row) => escape(`${nameOf(row)}: ${show("side", trades.side[row])} entry by ${trades.entry_reason[row]}${tagOf(row)}`) +
    `<br>${show("time", trades.entry_time[row])} at ${show("price", trades.entry_price[row])}`;
  const exitWords = (row) => escape(`${nameOf(row)}: exit by ${trades.exit_reason[row]}${tagOf(row)}`) +
    `<br>${show("time", trades.exit_time[row])} at ${show("price", trades.exit_price[row])}` +
    `<br>profit ${show("money", trades.profit[row])} (${show("percent", trades.share[row])})`;
  function marks(rows) {
    const size = rows.map((row) => (row === picked ? 15 : rows.length > 80 ? 6 : 10));
    const line = { color: "@surface", width: 1 };
    const common = { type: "scatter", mode: "markers", hovertemplate: "%{text}<extra></extra>", customdata: rows };
    const paths = { x: [], y: [] };
    for (const row of rows) {
      paths.x.push(trades.entry_time[row], trades.exit_time[row], null);
      paths.y.push(trades.entry_price[row], trades.exit_price[row], null);
    }
    const [lines, entries, exits] = [
      { type: "scatter", mode: "lines", ...paths, line: { color: "@muted", width: 1, dash: "dot" }, hoverinfo: "skip" },
      {
        ...common, name: "entries", x: rows.map((row) => trades.entry_time[row]), y: rows.map((row) => trades.entry_price[row]),
        text: rows.map(entryWords),
        marker: { size, opacity: 1, color: "@accent", line, symbol: rows.map((row) => (trades.side[row] > 0 ? "triangle-up" : "triangle-down")) },
      },
      {
        ...common, name: "exits", x: rows.map((row) => trades.exit_time[row]), y: rows.map((row) => trades.exit_price[row]),
        text: rows.map(exitWords),
        marker: { opacity: 1, size: size.map((one) => one + (one > 6 ? 2 : 0)), color: rows.map((row) => (trades.profit[row] >= 0 ? "@gain" : "@loss")), line, symbol: "circle" },
      },
    ];
    return [lines, exits, entries];  // an entry at the place of an exit stays visible
  }

  // ── Stops of the chosen trade ──
  function protections(row, candles) {
    const lines = { stop: ["@loss", "Stop"], take: ["@gain", "Take profit"], trail: ["@other", "Trailing stop"] };
    const paths = Object.fromEntries(Object.keys(lines).map((name) => [name, { x: [], y: [] }]));
    const first = firstFrom(steps.trade, row);
    const end = trades.exit_time[row];
    for (let k = first; k < steps.trade.length && steps.trade[k] === row; k++) {
      const until = k + 1 < steps.trade.length && steps.trade[k + 1] === row ? steps.time[k + 1] : end;
      for (const name of ["stop", "take"]) {
        if (!Number.isNaN(steps[name][k])) {
          paths[name].x.push(steps.time[k], until, null);
          paths[name].y.push(steps[name][k], steps[name][k], null);
        }
      }
      if (!Number.isNaN(steps.trailing[k])) {  // it follows the best price of the candles before
        const isLong = trades.side[row] > 0;
        let level = paths.trail.last ?? trades.entry_price[row] - trades.side[row] * steps.trailing[k];
        for (let at = firstFrom(candles.x, steps.time[k]); at < candles.x.length && candles.x[at] <= until; at++) {
          paths.trail.x.push(candles.x[at]);
          paths.trail.y.push(level);
          level = isLong ? Math.max(level, candles.high[at] - steps.trailing[k]) : Math.min(level, candles.low[at] + steps.trailing[k]);
        }
        paths.trail.last = level;
      }
    }
    return Object.entries(lines).filter(([name]) => paths[name].x.length).map(([name, [color, words]]) => ({
      type: "scatter", mode: "lines", name: words, x: paths[name].x, y: paths[name].y,
      line: { color, width: 1.6, dash: name === "trail" ? "dash" : "solid", shape: "hv" },
      hovertemplate: `${words} %{y:,~r}<extra></extra>`,
    }));
  }

  // ── Drawing ──
  const bars = (count) => {
    const words = show("span", count * series[shown].bar);
    return count === 1 ? `One candle is one bar, ${words}` : `One candle is ${format.count(count)} bars, ${words}`;
  };
  async function paint() {
    const candles = candlesIn(range[0], range[1]);
    const { rows, count } = tradesIn(range[0], range[1]);
    const isPicked = picked >= 0 && symbolOf(picked) === series[shown].symbol;
    const extra = isPicked ? protections(picked, candles) : [];
    let [low, high] = [Infinity, -Infinity];
    for (let k = 0; k < candles.x.length; k++) {
      low = Math.min(low, candles.low[k]);
      high = Math.max(high, candles.high[k]);
    }
    for (const trace of extra) {
      for (const level of trace.y) {
        if (level !== null && level > low - (high - low) && level < high + (high - low)) [low, high] = [Math.min(low, level), Math.max(high, level)];
      }
    }
    const room = (high - low || Math.abs(high) || 1) * 0.06;
    const said = candles.x.map((time, k) =>
      `${show("time", time)}<br>open ${show("price", candles.open[k])}<br>high ${show("price", candles.high[k])}` +
      `<br>low ${show("price", candles.low[k])}<br>close ${show("price", candles.close[k])}`);
    const { step, ...prices } = candles;
    await draw("candles", {
      data: [
        {
          type: "candlestick", ...prices, text: said, hoverinfo: "text", name: "candles",
          increasing: { line: { color: "@gain/80", width: 1 }, fillcolor: "@gain/55" },
          decreasing: { line: { color: "@loss/80", width: 1 }, fillcolor: "@loss/55" },
        },
        ...extra,
        ...(table ? marks(rows) : []),
      ],
      layout: {
        xaxis: { type: "date", range: [...range], fixedrange: false, rangeslider: { visible: false } },
        yaxis: { range: Number.isFinite(low) ? [low - room, high + room] : [0, 1], tickformat: ",~r", side: "right" },
        dragmode: "zoom",
        shapes: isPicked ? [{ type: "rect", xref: "x", yref: "paper", y0: 0, y1: 1, layer: "below", line: { width: 0 },
          x0: trades.entry_time[picked], x1: trades.exit_time[picked], fillcolor: "@accent/8" }] : [],
      },
    });
    document.getElementById("candle-size").textContent = bars(step) +
      (count > MARKS ? `; the ${MARKS} largest of ${format.count(count)} trades in view are marked` : "");
    const place = document.getElementById("plot-candles");
    if (!place.dataset.bound) bind(place);
  }
  function look(from, to) {
    const [first, last] = ends();
    const least = series[shown].bar * 10;
    const width = Math.min(Math.max(to - from, least), last - first);
    range[0] = Math.min(Math.max(from - Math.max(least - (to - from), 0) / 2, first), last - width);
    range[1] = range[0] + width;
    return paint();
  }

  // ── What the reader does ──
  function bind(place) {
    place.dataset.bound = "yes";
    place.on("plotly_relayout", (change) => {
      if (change["xaxis.range[0]"] !== undefined) {
        const [from, to] = [0, 1].map((side) => change[`xaxis.range[${side}]`]);
        const time = (value) => (typeof value === "number" ? value : Date.parse(`${value.replace(" ", "T")}${value.length > 10 ? "Z" : ""}`));
        look(time(from), time(to));
      } else if (change["xaxis.autorange"] || change["xaxis.range"]) {
        look(...ends());
      }
    });
    place.on("plotly_click", ({ points }) => {
      const point = points.find((each) => each.customdata !== undefined);
      if (point) pick(point.customdata, { zoom: false });
    });
  }
  async function pick(row, { zoom }) {
    picked = row;
    const at = series.findIndex((each) => each && each.symbol === symbolOf(row));
    if (at >= 0 && at !== shown) {
      shown = at;
      document.getElementById("candle-instrument").value = symbolOf(row);
      zoom = true;
    }
    table.reveal(row);
    document.getElementById("picked").textContent =
      `${nameOf(row)}: ${show("side", trades.side[row])} ${show("quantity", trades.quantity[row])} ${symbolOf(row)}, ` +
      `${show("time", trades.entry_time[row])} by ${trades.entry_reason[row]} at ${show("price", trades.entry_price[row])}, ` +
      `left by ${trades.exit_reason[row]} ${show("time", trades.exit_time[row])} at ${show("price", trades.exit_price[row])}; ` +
      `held ${show("span", trades.held[row])}; profit ${show("money", trades.profit[row])} (${show("percent", trades.share[row])})${tagOf(row)}`;
    if (!zoom) return paint();
    const bar = series[shown].bar;
    const held = trades.exit_time[row] - trades.entry_time[row];
    const around = Math.min(Math.max(held * 0.35, 15 * bar), 39 * bar + held * 0.05);
    return look(trades.entry_time[row] - around, trades.exit_time[row] + around);
  }
  if (table) {
    table.onPick = async (row) => {
      await pick(row, { zoom: true });
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      document.getElementById("trades").scrollIntoView({ behavior: still ? "auto" : "smooth" });
    };
  }
  // The trade before or after the chosen one, in order of number; without one, the newest or the oldest in view.
  function neighbour(step) {
    if (picked >= 0) return Math.min(Math.max(picked + step, 0), table.rows - 1);
    const { rows } = tradesIn(...range);
    return rows.length ? (step > 0 ? Math.min(...rows) : Math.max(...rows)) : 0;
  }
  const deeds = {
    all: () => look(...ends()),
    in: () => look(range[0] + (range[1] - range[0]) / 4, range[1] - (range[1] - range[0]) / 4),
    out: () => look(range[0] - (range[1] - range[0]) / 2, range[1] + (range[1] - range[0]) / 2),
    back: () => look(range[0] - (range[1] - range[0]) / 2, range[1] - (range[1] - range[0]) / 2),
    on: () => look(range[0] + (range[1] - range[0]) / 2, range[1] + (range[1] - range[0]) / 2),
    previous: () => pick(neighbour(-1), { zoom: true }),
    next: () => pick(neighbour(1), { zoom: true }),
  };
  for (const button of document.querySelectorAll("[data-candles]")) button.addEventListener("click", deeds[button.dataset.candles]);
  const choice = document.getElementById("candle-instrument");
  if (choice) {
    choice.addEventListener("change", () => {
      shown = series.findIndex((each) => each && each.symbol === choice.value);
      picked = -1;
      document.getElementById("picked").textContent = "";
      look(...ends());
    });
  }
  fw.candles = { range, pick };
  await look(...ends());
});
