// One row of the table: made once, then only the cells that differ are touched.

import { doing, possible, target } from "./actions.js";
import { plain } from "./ansi.js";
import { menu } from "./dialogs.js";
import { button, h, setAttribute, setText } from "./dom.js";
import { ALIVE, FAILING, STATES, stateClass } from "./fleet.js";
import { ago, bytes, moment, percent, plural, span } from "./format.js";

/** The address of a process's page. */
export function processLink(namespec) {
  return `#/process/${encodeURIComponent(namespec)}`;
}

/** A state with its dot; `update(state)` changes it. */
export function stateBadge() {
  const text = h("span");
  const badge = h("span", { class: "badge" }, text);
  const update = (state) => {
    setText(text, state.toLowerCase());
    setAttribute(text, "class", stateClass(state));
    setAttribute(badge, "data-state", state);
  };
  return { badge, update };
}

/** Shows on a button whether its verb goes on. */
export function showProgress(control, verb, waiting) {
  const busy = waiting?.verb === verb;
  setAttribute(control, "aria-busy", busy && "true");
  setAttribute(control, "title", busy && `${doing(verb)} …`);
}

function cell(name, ...children) {
  return h("td", { class: `c-${name}`, role: "cell" }, ...children);
}

function checkbox(label, change) {
  return h("input", { type: "checkbox", "aria-label": label, on: { click: change } });
}

/** The row of one process. `table` gives fleet, actions and selection. */
export class ProcessRow {
  constructor(table, { process }) {
    this.table = table;
    this.namespec = process.namespec;
    this.#build();
  }

  #build() {
    const { namespec } = this;
    const act = (verb) => () => this.table.actions.run(verb, target.one(namespec));
    this.check = checkbox(`Select ${namespec}`, (event) => this.table.select(namespec, this.check.checked, event.shiftKey));
    this.state = stateBadge();
    this.link = h("a", { href: processLink(namespec), class: "open", "aria-label": namespec, title: namespec });
    this.main = button("Start", { class: "act main" }, () => act(this.verb)());
    this.restart = button("Restart", { class: "act", "aria-label": `Restart ${namespec}` }, act("restart"));
    this.more = button("⋯", { class: "act more", "aria-label": `More for ${namespec}`, "aria-haspopup": "menu" }, () =>
      this.#menu(),
    );
    this.cells = Object.fromEntries(
      ["pid", "uptime", "cpu", "memory", "restarts", "exit", "line"].map((name) => [name, cell(name)]),
    );
    const { pid, uptime, cpu, memory, restarts, exit, line } = this.cells;
    this.element = h(
      "tr",
      { role: "row", "data-key": `p ${namespec}` },
      cell("check", this.check),
      cell("state", this.state.badge),
      cell("name", this.link),
      ...[pid, uptime, cpu, memory, restarts, exit, line],
      cell("act", this.main, this.restart, this.more),
    );
  }

  #menu() {
    const { namespec, table } = this;
    const { state } = table.fleet.processes.get(namespec) ?? {};
    const stop = ["Stop", () => table.actions.run("stop", target.one(namespec))];
    menu(this.more, [
      ["Open", () => this.link.click()],
      ...(possible("stop", state) ? [stop] : []), // also while the button is busy with a start that takes long
      ["Restart", () => this.restart.click()],
      ["Signal …", () => table.actions.run("signal", target.one(namespec))],
      ["Clear log", () => table.actions.run("clear", target.one(namespec))],
    ]);
  }

  /** Show the process as it is now. */
  update({ process, inGroup }) {
    const { fleet } = this.table;
    const waiting = fleet.pending.get(this.namespec);
    const { pid, cpu, memory, restarts, exit } = this.cells;
    setAttribute(this.element, "class", inGroup ? "member" : null);
    setText(this.link, inGroup ? process.name : this.namespec); // the group's name stands above
    this.check.checked = this.table.selection.has(this.namespec);
    setAttribute(this.element, "aria-selected", String(this.check.checked));
    this.state.update(process.state);
    setText(pid, process.pid ? String(process.pid) : "");
    this.tick(process);
    setText(cpu, process.cpu === null || process.cpu === undefined ? "" : percent(process.cpu));
    setText(memory, process.memory ? bytes(process.memory) : "");
    setText(restarts, process.restarts ? String(process.restarts) : "");
    setText(exit, why(process));
    setAttribute(exit, "title", why(process) || null);
    setAttribute(this.element, "data-failing", FAILING.has(process.state));
    this.#line(process);
    this.#buttons(process, waiting);
  }

  /** Show the time that has gone by. */
  tick(process) {
    const { fleet } = this.table;
    const uptime = fleet.uptime(process);
    const { uptime: place } = this.cells;
    setAttribute(place, "data-past", uptime === null);
    if (uptime !== null) setText(place, span(uptime));
    else setText(place, process.since ? ago(fleet.now() - process.since) : "");
    setAttribute(place, "title", process.since ? `${process.state.toLowerCase()} since ${moment(process.since)}` : null);
  }

  #line() {
    const { fleet } = this.table;
    const error = fleet.errors.get(this.namespec);
    const { line } = this.cells;
    if (error) {
      if (line.dataset.error === error) return;
      line.dataset.error = error;
      const close = button("×", { class: "close", "aria-label": "Dismiss" }, () => fleet.blame(this.namespec, null));
      line.replaceChildren(h("span", { class: "problem", role: "alert", title: error }, h("span", {}, error), close));
      return;
    }
    if (line.dataset.error) delete line.dataset.error;
    const text = plain(fleet.lines.get(this.namespec) ?? "");
    setText(line, text);
    setAttribute(line, "title", text || null);
  }

  #buttons(process, waiting) {
    this.verb = possible("start", process.state) ? "start" : "stop";
    if (waiting?.verb === "start" || waiting?.verb === "stop") this.verb = waiting.verb;
    const label = this.verb === "start" ? "Start" : "Stop";
    setText(this.main, label);
    setAttribute(this.main, "aria-label", `${label} ${this.namespec}`);
    const blocked = Boolean(waiting);
    this.main.disabled = (blocked && waiting.verb !== "start") || (!blocked && !possible(this.verb, process.state));
    this.restart.disabled = blocked || process.state === "STOPPING";
    showProgress(this.main, this.verb, waiting);
    showProgress(this.restart, "restart", waiting);
  }
}

/** When it is started next and how the last child ended; where something is wrong, why it is as it is. */
export function why(process) {
  const next = process.next_run && !ALIVE.has(process.state) ? `next run ${moment(process.next_run)}` : "";
  return [next, trouble(process)].filter(Boolean).join(" · ");
}

function trouble(process) {
  if (process.waiting_for?.length) return `waiting for ${process.waiting_for.join("; ")}`;
  if (process.trouble) return process.trouble;
  if (process.spawnerr && FAILING.has(process.state)) return process.spawnerr;
  const cause = FAILING.has(process.state) ? process.cause : "";
  return [process.last_exit, cause && !cause.includes(process.last_exit || "\0") ? cause : ""].filter(Boolean).join(" · ");
}

/** The row before the members of a group. */
export class GroupRow {
  constructor(table, { name }) {
    this.table = table;
    this.name = name;
    const act = (verb) => () => table.actions.run(verb, this.#target());
    this.check = checkbox(`Select group ${name}`, () => table.selectMany(this.namespecs, this.check.checked));
    this.fold = button("", { class: "fold" }, () => table.toggleFold(name));
    this.link = this.fold; // what the keyboard stands on
    this.counts = h("span", { class: "counts" });
    this.cpu = cell("cpu");
    this.memory = cell("memory");
    const acts = [
      button("Start", { class: "act", "aria-label": `Start group ${name}` }, act("start")),
      button("Stop", { class: "act", "aria-label": `Stop group ${name}` }, act("stop")),
      button("Restart", { class: "act", "aria-label": `Restart group ${name}` }, act("restart")),
    ];
    this.more = button("⋯", { class: "act more", "aria-label": `More for group ${name}`, "aria-haspopup": "menu" }, () =>
      menu(this.more, [
        ["Restart", act("restart")],
        ["Signal …", act("signal")],
        ["Clear logs", act("clear")],
      ]),
    );
    this.element = h(
      "tr",
      { role: "row", class: "group", "data-key": `g ${name}` },
      cell("check", this.check),
      h("th", { class: "c-group", role: "rowheader", scope: "row", colspan: 4 }, this.fold, this.counts),
      this.cpu,
      this.memory,
      h("td", { class: "c-rest", role: "cell", colspan: 3 }),
      cell("act", ...acts, this.more),
    );
    this.verbs = ["start", "stop", "restart"].map((verb, index) => [verb, acts[index]]);
  }

  #target() {
    const all = [...this.table.fleet.processes.values()].filter((process) => process.group === this.name);
    if (all.length === this.namespecs.length) return target.group(this.name, this.namespecs);
    return target.some(this.namespecs); // the filter hides some: what is not seen is not meant
  }

  /** Show the group as it is now. */
  update({ members, folded }) {
    const { fleet, selection } = this.table;
    this.namespecs = members.map((process) => process.namespec);
    setText(this.fold, this.name);
    setAttribute(this.fold, "aria-expanded", String(!folded));
    setText(this.counts, countsOf(members));
    setAttribute(this.counts, "data-failing", members.some((process) => FAILING.has(process.state)));
    const chosen = this.namespecs.filter((namespec) => selection.has(namespec)).length;
    this.check.checked = chosen === members.length;
    this.check.indeterminate = chosen > 0 && chosen < members.length;
    setText(this.cpu, sum(members, "cpu", percent));
    setText(this.memory, sum(members, "memory", bytes));
    for (const [verb, control] of this.verbs) {
      control.disabled = !members.some((process) => possible(verb, process.state));
      const waiting = this.namespecs.map((one) => fleet.pending.get(one)).find((one) => one?.verb === verb);
      showProgress(control, verb, waiting);
    }
  }

  tick() {}
}

function countsOf(members) {
  const count = new Map();
  for (const { state } of members) count.set(state, (count.get(state) ?? 0) + 1);
  const parts = STATES.filter((state) => count.has(state)).map((state) => `${count.get(state)} ${state.toLowerCase()}`);
  return parts.join(", ") || plural(0, "process", "processes");
}

function sum(members, what, format) {
  const values = members.map((process) => process[what]).filter((value) => value !== null && value !== undefined);
  return values.length ? format(values.reduce((total, value) => total + value, 0)) : "";
}
