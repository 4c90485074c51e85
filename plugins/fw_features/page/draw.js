// Small charts as SVG: axes that choose round steps, bars, lines, error bars. Nothing is ever written as HTML.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const FRAME = { left: 58, right: 12, top: 10, bottom: 26, height: 210 };

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function shape(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Four significant digits at most, with a true minus sign; very large and small ones by a power of ten.
function say(value, digits = 3) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  let text;
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) text = value.toExponential(Math.min(digits - 1, 2)).replace("e+", "e");
  else text = Number(value.toPrecision(digits)).toLocaleString("en-US", { maximumFractionDigits: 8 });
  return text.replaceAll("-", "\u2212");
}

function steps(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((k) => k * power).find((k) => k >= rough * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return found;
}

// A chart with an upright axis from low to high; `x(share)` and `y(value)` give places in it.
class Chart {
  constructor(home, low, high, { label, form = say, zero = false }) {
    this.width = Math.max(home.clientWidth, 240);
    this.svg = shape("svg", { viewBox: `0 0 ${this.width} ${FRAME.height}`, role: "img", "aria-label": label });
    if (zero) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
    if (!(high > low)) [low, high] = low === 0 ? [-1, 1] : [low - Math.abs(low) * 0.01, high + Math.abs(high) * 0.01];
    const room = (high - low) * 0.06;
    this.low = zero && low === 0 ? 0 : low - room;
    this.high = zero && high === 0 ? 0 : high + room;
    for (const tick of steps(this.low, this.high, 5)) {
      const y = this.y(tick);
      const kind = Math.abs(tick) < 1e-12 * (this.high - this.low) ? "zero" : "grid-line";
      this.add("line", { x1: FRAME.left, x2: this.width - FRAME.right, y1: y, y2: y, class: kind });
      this.add("text", { x: FRAME.left - 6, y: y + 4, "text-anchor": "end" }, form(Math.abs(tick) < 1e-12 * (this.high - this.low) ? 0 : tick));
    }
    home.replaceChildren(this.svg);
  }

  x(share) { return FRAME.left + share * (this.width - FRAME.left - FRAME.right); }
  y(value) { return FRAME.top + (1 - (value - this.low) / (this.high - this.low)) * (FRAME.height - FRAME.top - FRAME.bottom); }

  add(tag, attributes, text) {
    const element = shape(tag, attributes, text);
    this.svg.append(element);
    return element;
  }

  // Words under the chart at shares of its width; those that would touch the one before are left out.
  words(places) {
    let end = -Infinity;
    for (const [share, text] of places) {
      const half = text.length * 3.6, x = Math.min(Math.max(this.x(share), half), this.width - half);
      if (x - half < end + 6) continue;
      end = x + half;
      this.add("text", { x, y: FRAME.height - 8, "text-anchor": "middle" }, text);
    }
  }

  bar(from, to, value, told, kind) {
    const [top, bottom] = [this.y(Math.max(value, 0)), this.y(Math.min(value, 0))];
    const bar = this.add("rect", {
      x: this.x(from), width: Math.max(this.x(to) - this.x(from), 0.5), y: top, height: Math.max(bottom - top, 0.5), class: `bar ${kind}`,
    });
    bar.append(shape("title", {}, told));
  }

  error(share, low, high) {
    this.add("line", { x1: this.x(share), x2: this.x(share), y1: this.y(low), y2: this.y(high), class: "error" });
    for (const end of [low, high])
      this.add("line", { x1: this.x(share) - 4, x2: this.x(share) + 4, y1: this.y(end), y2: this.y(end), class: "error" });
  }
}

function nothing(home, text) {
  home.replaceChildren(make("p", { class: "muted" }, text));
}
