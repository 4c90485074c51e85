// What the numbers of a page are: unpacked as Python packed them, and written as Python's fw_report.text writes them.
// Every other script uses `fw`, which begins here: data, unpack, format, show, isNumber, sharedPlaces, isMissing.
"use strict";
const fw = (() => {
  const data = JSON.parse(document.getElementById("fw-data").textContent);
  const KINDS = { f8: Float64Array, f4: Float32Array, i4: Int32Array, i2: Int16Array, u1: Uint8Array };

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
  const NUMBERS = new Set(["count", "money", "percent", "price", "quantity", "number", "span"]);
  const isNumber = (kind) => NUMBERS.has(kind);  // stands to the right

  return { data, unpack, format, show, isNumber, isMissing, sharedPlaces };
})();
