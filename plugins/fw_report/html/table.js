// The long tables: sorted by a click on a head, searched, turned page by page; a row can be picked and shown.
// Adds to `fw`: tables, by id.
"use strict";
(() => {
  const { data, unpack, format, show, isNumber, isMissing, sharedPlaces } = fw;
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
      this.sought = this.columns.filter((column, place) => place === 0 || !isNumber(column.kind));
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
          const falling = this.sorted === column.key ? this.direction === "ascending" : isNumber(column.kind) || column.kind === "time";
          this.sort(column.key, falling ? "descending" : "ascending");
        });
        const head = make("th", { scope: "col", className: isNumber(column.kind) ? "number" : "" }, button);
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
        const cell = make("td", { className: isNumber(column.kind) ? "number" : column.kind });
        if (!isNumber(column.kind)) cell.dir = "auto";
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

  fw.tables = {};
  fw.ready(() => {
    for (const place of document.querySelectorAll("[data-table]")) {
      fw.tables[place.dataset.table] = new DataTable(place, data.tables[place.dataset.table]);
    }
  });
})();
