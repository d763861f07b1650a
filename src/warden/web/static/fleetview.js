// The page of all processes: filter, states, what to do with many, and the table.

import { target } from "./actions.js";
import { button, h, setAttribute, setText } from "./dom.js";
import { FAILING, STATES } from "./fleet.js";
import { plural } from "./format.js";
import { Table } from "./table.js";

const STORED = "warden.view";

/** The view of all processes; `element` is shown by whoever owns the page. */
export class FleetView {
  constructor(fleet, actions) {
    this.fleet = fleet;
    this.actions = actions;
    this.view = { text: "", states: new Set(), ...remembered(), changed: () => this.refresh() };
    this.table = new Table(fleet, actions, this.view);
    this.table.onSelection = () => this.#showBulk();
    this.title = "";
    this.#build();
    fleet.watch(({ shape }) => shape && this.#showStates());
    // The head of the table sticks below the toolbar, whose height depends on the width of the window.
    const measure = ([{ target: toolbar }]) => this.element.style.setProperty("--toolbar", `${toolbar.offsetHeight}px`);
    new ResizeObserver(measure).observe(this.element.querySelector(".toolbar"));
  }

  #build() {
    this.search = h("input", {
      type: "search",
      placeholder: "Filter  ( / )",
      "aria-label": "Filter processes",
      autocomplete: "off",
      spellcheck: "false",
      on: { input: () => this.#filter(), keydown: (event) => this.#onSearchKey(event) },
    });
    this.chips = new Map(STATES.map((state) => [state, this.#chip(state)]));
    this.grouped = button("Groups", { class: "toggle" }, () => this.#toggleGrouped());
    this.folds = button("Fold all", { class: "quiet-button" }, () => this.table.toggleAllFolds());
    this.sorting = h(
      "select",
      { "aria-label": "Sort by", class: "sorting", on: { change: () => this.table.sort(this.sorting.value) } },
      [...this.table.heads].map(([column, head]) => h("option", { value: column }, head.textContent)),
    );
    this.bulkName = h("span", { class: "bulk-name" });
    this.clearSelection = button("Deselect", { class: "quiet-button" }, () =>
      this.table.selectMany([...this.table.selection], false),
    );
    const act = (verb, label) => button(label, { class: "act" }, () => this.actions.run(verb, this.bulk()));
    this.bulkBar = h(
      "div",
      { class: "bulk", role: "group", "aria-label": "Actions on many processes" },
      this.bulkName,
      act("start", "Start"),
      act("stop", "Stop"),
      act("restart", "Restart"),
      act("signal", "Signal …"),
      act("clear", "Clear logs"),
      this.clearSelection,
    );
    this.element = h(
      "div",
      { class: "page" },
      h("h1", { class: "hidden-label" }, "Processes"),
      h(
        "div",
        { class: "toolbar" },
        h(
          "div",
          { class: "filters", role: "search" },
          this.search,
          h("div", { class: "chips", role: "group", "aria-label": "Filter by state" }, ...this.chips.values()),
        ),
        h("div", { class: "view-options" }, this.sorting, this.grouped, this.folds),
        this.bulkBar,
      ),
      this.table.element,
    );
  }

  #chip(state) {
    return h(
      "button",
      { type: "button", class: "chip", "data-state": state, on: { click: () => this.#toggleState(state) } },
      h("span", { class: "count" }),
      ` ${state.toLowerCase()}`,
    );
  }

  /** Called when the page is shown. */
  show() {
    this.refresh();
  }

  /** Show the processes that fit, in order. */
  refresh() {
    remember(this.view);
    setAttribute(this.grouped, "aria-pressed", String(this.view.grouped));
    this.folds.hidden = !this.view.grouped;
    this.sorting.value = this.view.column;
    this.table.refresh();
    this.#showStates();
    this.#showBulk();
  }

  /** What actions on many mean now: the selection, else what the filter shows, else all. */
  bulk() {
    const { selection } = this.table;
    if (selection.size) return target.some([...selection]);
    const shown = this.table.shown();
    return shown.length === this.fleet.processes.size ? target.all(shown) : target.some(shown);
  }

  #filter() {
    this.view.text = this.search.value;
    this.refresh();
  }

  #showAll() {
    this.search.value = "";
    this.view.states.clear();
    this.#filter();
  }

  #onSearchKey(event) {
    if (event.key === "Escape") {
      if (!this.search.value) this.search.blur();
      this.search.value = "";
      this.#filter();
    } else if (event.key === "Enter" || event.key === "ArrowDown") {
      this.table.active = null;
      this.table.move(1);
    } else {
      return;
    }
    event.preventDefault();
  }

  #toggleState(state) {
    const { states } = this.view;
    if (!states.delete(state)) states.add(state);
    this.refresh();
  }

  #toggleGrouped() {
    this.view.grouped = !this.view.grouped;
    this.refresh();
  }

  #showStates() {
    const count = new Map();
    let failing = 0;
    for (const { state } of this.fleet.processes.values()) {
      count.set(state, (count.get(state) ?? 0) + 1);
      failing += FAILING.has(state);
    }
    for (const [state, chip] of this.chips) {
      const pressed = this.view.states.has(state);
      chip.hidden = !count.has(state) && !pressed;
      setAttribute(chip, "aria-pressed", String(pressed));
      setText(chip.firstElementChild, String(count.get(state) ?? 0));
    }
    this.failing = failing;
  }

  #showBulk() {
    const { selection } = this.table;
    const shown = this.table.shown().length;
    const all = shown === this.fleet.processes.size;
    const scope = all ? `All ${shown}` : `${shown} shown`;
    setText(this.bulkName, selection.size ? `${plural(selection.size, "process", "processes")} selected` : scope);
    setAttribute(this.bulkBar, "data-selected", selection.size > 0);
    this.clearSelection.hidden = selection.size === 0;
    for (const control of this.bulkBar.querySelectorAll(".act")) control.disabled = !selection.size && !shown;
  }

  // --- keyboard

  /** Take a key; returns whether it meant something here. */
  onKey(key) {
    const { table } = this;
    switch (key) {
      case "/":
        this.search.focus();
        this.search.select();
        return true;
      case "j":
      case "ArrowDown":
        table.move(1);
        return true;
      case "k":
      case "ArrowUp":
        table.move(-1);
        return true;
      case "s":
        return this.#act("start");
      case "x":
        return this.#act("stop");
      case "r":
        return this.#act("restart");
      case "v":
        return this.#toggleCurrent();
      case "f":
        return this.#foldCurrent();
      case "F":
        table.toggleAllFolds();
        return true;
      case "Escape":
        if (table.selection.size) table.selectMany([...table.selection], false);
        else this.#showAll();
        return true;
      default:
        return false;
    }
  }

  #act(verb) {
    const row = this.table.current();
    if (this.table.selection.size) this.actions.run(verb, this.bulk());
    else if (row) this.actions.run(verb, meant(row));
    return true;
  }

  #toggleCurrent() {
    const row = this.table.current();
    if (row?.kind === "process") {
      this.table.select(row.process.namespec, !this.table.selection.has(row.process.namespec));
    } else if (row) {
      const names = row.members.map((process) => process.namespec);
      this.table.selectMany(names, !names.every((name) => this.table.selection.has(name)));
    }
    return true;
  }

  #foldCurrent() {
    const row = this.table.current();
    const group = row?.kind === "group" ? row.name : row?.inGroup && row.process.group;
    if (group) {
      this.table.active = `g ${group}`;
      this.table.toggleFold(group);
    }
    return true;
  }
}

function meant(row) {
  return row.kind === "process"
    ? target.one(row.process.namespec)
    : target.some(row.members.map((process) => process.namespec));
}

// How people like to look at it stays in their browser. Storage may be forbidden: then it lasts as long as the page.
function remembered() {
  const fresh = { column: "name", down: false, grouped: true, folded: new Set() };
  try {
    const { column, down, grouped, folded } = JSON.parse(localStorage.getItem(STORED));
    return { column, down, grouped, folded: new Set(folded) };
  } catch {
    return fresh;
  }
}

function remember({ column, down, grouped, folded }) {
  try {
    localStorage.setItem(STORED, JSON.stringify({ column, down, grouped, folded: [...folded] }));
  } catch {
    // no storage: see above
  }
}
