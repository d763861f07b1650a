// The table of all processes. Of many rows only those near the window exist in the document.

import { h, setAttribute, setText } from "./dom.js";
import { plural } from "./format.js";
import { arrange, beginsDown, isMeasured } from "./order.js";
import { GroupRow, ProcessRow } from "./row.js";

const ALL_AT_ONCE = 150; // rows; with fewer all exist, so that the browser's own search and printing see them
const AROUND = 12; // rows that exist above and below what is seen
const RESORT_MS = 2000; // measurements reorder rows no more often than this

const HEADS = [
  ["state", "State"],
  ["name", "Name"],
  ["pid", "Pid"],
  ["uptime", "Uptime"],
  ["cpu", "CPU"],
  ["memory", "Memory"],
  ["restarts", "Restarts"],
  ["exit", "Last exit and why"],
];

/** Shows `fleet` through `view` (text, states, column, down, grouped, folded); `view.changed()` is called on changes. */
export class Table {
  constructor(fleet, actions, view) {
    this.fleet = fleet;
    this.actions = actions;
    this.view = view;
    this.selection = new Set();
    this.active = null; // key of the row that the keyboard stands on
    this.onSelection = () => {};
    this.#build();
    fleet.watch((change) => this.element.isConnected && this.#onChange(change));
    window.addEventListener("scroll", () => this.#draw(), { passive: true });
    window.addEventListener("resize", () => this.#draw());
    setInterval(() => this.#tick(), 1000);
  }

  #rows = []; // what `arrange` says
  #made = new Map(); // rows by key, those in the document
  #anchor = null; // where a range of selected rows begins
  #sorted = 0;

  #build() {
    this.checkAll = h("input", {
      type: "checkbox",
      "aria-label": "Select all shown",
      on: { click: () => this.selectMany(this.shown(), this.checkAll.checked) },
    });
    this.heads = new Map(HEADS.map(([column, label]) => [column, this.#head(column, label)]));
    this.body = h("tbody", { role: "rowgroup" });
    this.above = h("tr", { class: "gap", "aria-hidden": "true" });
    this.below = h("tr", { class: "gap", "aria-hidden": "true" });
    this.empty = h("p", { class: "empty", hidden: true });
    const head = h(
      "tr",
      { role: "row" },
      h("th", { class: "c-check", role: "columnheader", scope: "col" }, this.checkAll),
      ...this.heads.values(),
      h("th", { class: "c-line", role: "columnheader", scope: "col" }, "Last output"),
      h("th", { class: "c-act", role: "columnheader", scope: "col" }, h("span", { class: "hidden-label" }, "Actions")),
    );
    this.table = h(
      "table",
      { class: "fleet", role: "table", "aria-label": "Processes" },
      h("thead", { role: "rowgroup" }, head),
      this.body,
    );
    this.element = h("div", { class: "fleet-box" }, this.table, this.empty);
    this.body.addEventListener("focusin", (event) => {
      this.active = event.target.closest("tr")?.dataset.key ?? this.active;
      this.#markActive();
    });
  }

  #head(column, label) {
    const sort = h("button", { type: "button", on: { click: () => this.sort(column) } }, label);
    return h("th", { class: `c-${column}`, role: "columnheader", scope: "col" }, sort);
  }

  // --- what is shown

  /** Arrange and draw anew. */
  refresh() {
    this.#rows = arrange(this.fleet, this.view);
    this.#sorted = performance.now();
    for (const namespec of this.selection) if (!this.fleet.processes.has(namespec)) this.selection.delete(namespec);
    for (const [column, head] of this.heads) {
      const direction = this.view.down ? "descending" : "ascending";
      setAttribute(head, "aria-sort", column === this.view.column ? direction : null);
    }
    const none = this.fleet.processes.size ? "No process fits the filter." : "No programs to manage";
    setText(this.empty, none);
    this.empty.hidden = this.#rows.length > 0 || !this.fleet.known;
    this.table.hidden = !this.empty.hidden;
    setAttribute(this.table, "aria-rowcount", String(this.#rows.length + 1));
    this.#showSelection();
    this.#draw(true);
  }

  /** Namespecs of all processes that fit the filter, also those in folded groups. */
  shown() {
    return this.#rows.flatMap((row) => {
      if (row.kind === "process") return row.inGroup ? [] : [row.process.namespec];
      return row.members.map((process) => process.namespec);
    });
  }

  /** Sort by a column; again: the other way round. */
  sort(column) {
    this.view.down = this.view.column === column ? !this.view.down : beginsDown(column);
    this.view.column = column;
    this.view.changed();
  }

  /** Fold or unfold a group. */
  toggleFold(group, folded = !this.view.folded.has(group)) {
    if (folded) this.view.folded.add(group);
    else this.view.folded.delete(group);
    this.view.changed();
  }

  /** Fold all groups, or none if all are folded. */
  toggleAllFolds() {
    const groups = this.#rows.filter((row) => row.kind === "group");
    const fold = groups.some((row) => !row.folded);
    for (const { name } of groups) {
      if (fold) this.view.folded.add(name);
      else this.view.folded.delete(name);
    }
    this.view.changed();
  }

  #onChange({ names, shape }) {
    const stale = isMeasured(this.view.column) && performance.now() - this.#sorted > RESORT_MS;
    if (shape || stale) {
      this.refresh();
      return;
    }
    const groups = new Set();
    for (const namespec of names) {
      const process = this.fleet.processes.get(namespec);
      if (!process) continue;
      const made = this.#made.get(`p ${namespec}`);
      if (made) {
        made.shown.process = process;
        made.row.update(made.shown);
      }
      groups.add(process.group);
    }
    for (const group of groups) {
      const made = this.#made.get(`g ${group}`);
      if (made) this.#updateGroup(made);
    }
  }

  #updateGroup({ row, shown }) {
    shown.members = shown.members.map((process) => this.fleet.processes.get(process.namespec) ?? process);
    row.update(shown);
  }

  #tick() {
    if (document.hidden || !this.element.isConnected) return;
    for (const { row, shown } of this.#made.values()) row.tick(shown.process);
  }

  // --- only what is seen exists

  #draw(anew = false) {
    if (!this.element.isConnected || this.table.hidden) return;
    const [from, to] = this.#window();
    const wanted = this.#rows.slice(from, to);
    const keys = new Set(wanted.map((row) => row.key));
    for (const [key, { row }] of this.#made) {
      if (keys.has(key)) continue;
      row.element.remove();
      this.#made.delete(key);
    }
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    if (!this.above.isConnected) this.body.replaceChildren(this.above, this.below);
    let place = this.above.nextSibling;
    wanted.forEach((shown, index) => {
      const row = this.#make(shown, anew);
      setAttribute(row.element, "aria-rowindex", String(from + index + 2));
      if (row.element === place) place = place.nextSibling;
      else this.body.insertBefore(row.element, place);
    });
    const height = this.#height();
    this.#gap(this.above, from * height);
    this.#gap(this.below, (this.#rows.length - to) * height);
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    this.#markActive();
  }

  #gap(row, height) {
    const text = `${height}px`;
    if (row.style.height !== text) row.style.height = text;
    row.hidden = height === 0;
  }

  #make(shown, anew) {
    const made = this.#made.get(shown.key);
    if (made) {
      made.shown = shown;
      if (anew) made.row.update(shown);
      return made.row;
    }
    const row = shown.kind === "group" ? new GroupRow(this, shown) : new ProcessRow(this, shown);
    row.update(shown);
    this.#made.set(shown.key, { row, shown });
    return row;
  }

  #height() {
    return parseFloat(getComputedStyle(this.table).getPropertyValue("--row"));
  }

  #window() {
    const count = this.#rows.length;
    if (count <= ALL_AT_ONCE) return [0, count];
    const top = -this.body.getBoundingClientRect().top;
    const height = this.#height();
    const first = Math.max(0, Math.floor(top / height) - AROUND);
    const last = Math.ceil((top + window.innerHeight) / height) + AROUND;
    return [Math.min(first, count), Math.max(0, Math.min(count, last))];
  }

  // --- selection

  /** Select or not one process; with `range` all from the last one to this one. */
  select(namespec, chosen, range = false) {
    const order = this.#rows.filter((row) => row.kind === "process").map((row) => row.process.namespec);
    const [here, there] = [order.indexOf(namespec), order.indexOf(this.#anchor)];
    const picked = range && there >= 0 ? order.slice(Math.min(here, there), Math.max(here, there) + 1) : [namespec];
    this.#anchor = namespec;
    this.selectMany(picked, chosen);
  }

  /** Select or not several. */
  selectMany(namespecs, chosen) {
    for (const namespec of namespecs) {
      if (chosen) this.selection.add(namespec);
      else this.selection.delete(namespec);
    }
    for (const { row, shown } of this.#made.values()) row.update(shown);
    this.#showSelection();
  }

  #showSelection() {
    const shown = this.shown();
    const chosen = shown.filter((namespec) => this.selection.has(namespec)).length;
    this.checkAll.checked = chosen > 0 && chosen === shown.length;
    this.checkAll.indeterminate = chosen > 0 && chosen < shown.length;
    setAttribute(this.checkAll, "title", plural(shown.length, "process", "processes"));
    this.onSelection();
  }

  // --- keyboard

  /** Stand on the next (1) or previous (-1) row. */
  move(step) {
    const last = this.#rows.length - 1;
    if (last < 0) return;
    const now = this.#rows.findIndex((row) => row.key === this.active);
    this.#stand(now < 0 ? (step > 0 ? 0 : last) : Math.max(0, Math.min(last, now + step)));
  }

  /** The row that the keyboard stands on, if there is one. */
  current() {
    return this.#rows.find((row) => row.key === this.active) ?? null;
  }

  #stand(index) {
    const { key } = this.#rows[index];
    this.active = key;
    const height = this.#height();
    const box = this.body.getBoundingClientRect();
    const top = box.top + index * height;
    const free = document.querySelector(".toolbar")?.getBoundingClientRect().bottom ?? 0;
    const head = free + this.table.tHead.offsetHeight;
    if (top < head) window.scrollBy({ top: top - head, behavior: "instant" });
    const below = top + height - window.innerHeight + 8;
    if (below > 0) window.scrollBy({ top: below, behavior: "instant" });
    this.#draw();
    this.#made.get(key)?.row.link.focus({ preventScroll: true });
    this.#markActive();
  }

  #markActive() {
    for (const [key, { row }] of this.#made) setAttribute(row.element, "data-active", key === this.active);
  }
}
