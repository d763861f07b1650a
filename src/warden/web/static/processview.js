// The page of one process: what it is doing, its log, its past, what it uses, how it is configured.

import { possible, target } from "./actions.js";
import { get, processPath } from "./api.js";
import { button, h, setAttribute, setText } from "./dom.js";
import { bytes, moment, percent, plural, span } from "./format.js";
import { LogView } from "./logview.js";
import { Plot } from "./plot.js";
import { showProgress, stateBadge } from "./row.js";

const HISTORY_ROWS = 100;
const LONG = 40; // characters; a longer value gets a line of its own
const FILES = ["stdout_logfile", "stderr_logfile", "directory"];

/** The page of the process called `namespec`; `close` must be called when it is left. */
export class ProcessView {
  constructor(fleet, actions, namespec) {
    this.fleet = fleet;
    this.actions = actions;
    this.namespec = namespec;
    this.title = namespec;
    this.log = new LogView({
      name: namespec,
      path: (channel) => processPath(namespec, "logs", channel),
      channels: ["both", "stdout", "stderr"],
    });
    this.cpu = new Plot("CPU", (sample) => sample.cpu, percent, 5);
    this.memory = new Plot("Memory", (sample) => sample.memory, bytes, 1024 * 1024);
    this.#build();
    this.stop = fleet.watch(({ names, shape }) => this.#onChange(names, shape));
    this.timer = setInterval(() => this.#tick(), 1000);
  }

  #samples = [];
  #shownSince = null;

  #build() {
    this.state = stateBadge();
    this.facts = new Map(
      ["Pid", "Uptime", "Why", "Health", "Restarts", "Last exit", "Next run", "CPU", "Memory"].map((name) => [name, h("dd")]),
    );
    const act = (verb) => () => this.actions.run(verb, target.one(this.namespec));
    this.buttons = [
      ["start", button("Start", { class: "act" }, act("start"))],
      ["stop", button("Stop", { class: "act" }, act("stop"))],
      ["restart", button("Restart", { class: "act" }, act("restart"))],
      ["signal", button("Signal …", { class: "act" }, act("signal"))],
      ["clear", button("Clear logs", { class: "act" }, act("clear"))],
    ];
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.history = h("tbody");
    this.config = h("div", { class: "config" }, "…");
    this.files = h("dl", { class: "facts-list" });
    this.element = h(
      "div",
      { class: "page process" },
      h(
        "header",
        { class: "toolbar process-head" },
        h("a", { href: "#/", class: "back", "aria-label": "Back to all processes" }, "‹"),
        h("h1", {}, this.namespec),
        this.state.badge,
        h("div", { class: "acts" }, this.buttons.map(([, control]) => control)),
        this.problem,
      ),
      h("dl", { class: "facts" }, [...this.facts].map(([name, value]) => h("div", {}, h("dt", {}, name), value))),
      h(
        "div",
        { class: "columns" },
        h("section", { class: "panel log-panel", "aria-label": "Log" }, this.log.element),
        h("div", { class: "side" }, this.#usagePanel(), this.#historyPanel()),
      ),
      panel("Files", this.files),
      panel("Configuration", this.config),
    );
  }

  #usagePanel() {
    return panel("Usage", this.cpu.element, this.memory.element);
  }

  #historyPanel() {
    const heads = ["When", "State", "Why"].map((name) => h("th", { scope: "col" }, name));
    const table = h("table", { class: "history" }, h("thead", {}, h("tr", {}, heads)), this.history);
    return panel("History", h("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": "History" }, table));
  }

  /** Called when the page is shown. */
  async show() {
    this.log.open();
    this.#update();
    await Promise.all([this.#loadHistory(), this.#loadUsage(), this.#loadConfig()]);
  }

  /** Called when the page is left. */
  close() {
    this.stop();
    clearInterval(this.timer);
    this.log.close();
  }

  #onChange(names, shape) {
    if (!names.has(this.namespec) && !shape) return;
    const process = this.fleet.processes.get(this.namespec);
    if (process?.measured && process.measured !== this.#samples.at(-1)?.at) {
      this.#samples.push({ at: process.measured, cpu: process.cpu, memory: process.memory });
      this.#plot();
    }
    this.#update();
    if (process && process.since !== this.#shownSince) this.#loadHistory();
  }

  #update() {
    const process = this.fleet.processes.get(this.namespec);
    if (!process) {
      if (this.fleet.known) this.#complain("There is no process of that name any more.");
      for (const [, control] of this.buttons) control.disabled = true;
      return;
    }
    const waiting = this.fleet.pending.get(this.namespec);
    this.state.update(process.state);
    for (const [verb, control] of this.buttons) {
      control.disabled = !possible(verb, process.state) || (Boolean(waiting) && verb !== "signal" && verb !== "stop");
      showProgress(control, verb, waiting);
    }
    this.#fact("Pid", process.pid || "–");
    const waits = process.waiting_for?.length ? `waiting for ${process.waiting_for.join("; ")}` : "";
    this.#fact("Why", waits || (process.spawnerr && !process.pid ? process.spawnerr : process.cause || "–"));
    this.#fact("Health", vitals(process));
    this.#fact("Restarts", process.restarts ?? 0);
    this.#fact("Last exit", process.last_exit || process.last_run_exit || "–");
    this.facts.get("Next run").parentElement.hidden = !process.schedule;
    this.#fact("Next run", process.next_run ? `${moment(process.next_run)} (${process.schedule})` : "–");
    const several = process.processes > 1 ? ` in ${plural(process.processes, "process", "processes")}` : "";
    this.#fact("CPU", percent(process.cpu));
    this.#fact("Memory", bytes(process.memory) + several);
    this.#tick();
    this.#complain(this.fleet.errors.get(this.namespec) ?? null);
    this.#showFiles(process);
  }

  #tick() {
    const process = this.fleet.processes.get(this.namespec);
    if (!process) return;
    const uptime = this.fleet.uptime(process);
    const since = process.since ? `${process.state.toLowerCase()} for ${span(this.fleet.now() - process.since)}` : "–";
    this.#fact("Uptime", uptime === null ? since : span(uptime));
  }

  #fact(name, value) {
    setText(this.facts.get(name), String(value));
  }

  #complain(message) {
    this.problem.hidden = !message;
    setText(this.problem, message ?? "");
  }

  async #loadHistory() {
    this.#shownSince = this.fleet.processes.get(this.namespec)?.since ?? null;
    const rows = await this.#load("history");
    if (!rows) return;
    const newest = rows.history.slice(-HISTORY_ROWS).reverse();
    this.history.replaceChildren(...newest.map(historyRow));
    if (!newest.length) this.history.append(h("tr", {}, h("td", { colspan: 3, class: "quiet" }, "nothing yet")));
  }

  async #loadUsage() {
    const answer = await this.#load("usage");
    if (!answer) return;
    this.#samples = answer.history;
    this.#plot();
  }

  #plot() {
    const now = this.fleet.now();
    this.#samples = this.#samples.filter((sample) => sample.at > now - 3600);
    this.cpu.show(this.#samples, now);
    this.memory.show(this.#samples, now);
  }

  async #loadConfig() {
    const program = await this.#load("config", (error) => setText(this.config, error.message));
    if (!program) return;
    this.options = program.options;
    this.config.replaceChildren(
      optionList(Object.entries(program.options)),
      ...(Object.keys(program.environment).length
        ? [h("h3", {}, "Environment"), optionList(Object.entries(program.environment))]
        : []),
    );
    this.#update();
  }

  #showFiles(process) {
    const known = { ...this.options, ...pick(process, ["stdout_logfile", "stderr_logfile"]) };
    const config = this.fleet.daemon?.config_file;
    const rows = [...FILES.map((name) => [name, known[name]]), ["configuration", config]].filter(([, path]) => path);
    const wanted = JSON.stringify(rows);
    if (this.files.dataset.shown === wanted) return;
    this.files.dataset.shown = wanted;
    this.files.replaceChildren(...rows.map(([name, path]) => h("div", {}, h("dt", {}, name), h("dd", {}, path))));
    setAttribute(this.files, "data-empty", rows.length === 0);
  }

  async #load(what, failed = () => {}) {
    try {
      return await get(processPath(this.namespec, what));
    } catch (error) {
      failed(error);
      return null;
    }
  }

  /** Show everything anew after the connection was lost. */
  reconnected() {
    this.log.open();
    this.#loadHistory();
    this.#loadUsage();
    this.#loadConfig();
  }

  /** Take a key; returns whether it meant something here. */
  onKey(key) {
    const verb = { s: "start", x: "stop", r: "restart" }[key];
    if (verb) {
      this.actions.run(verb, target.one(this.namespec));
      return true;
    }
    if (key === "u") {
      location.hash = "#/";
      return true;
    }
    return this.log.onKey(key);
  }
}

/** A part of a page with a heading. */
export function panel(title, ...content) {
  return h("section", { class: "panel" }, h("h2", {}, title), ...content);
}

/** Whether it is ready and healthy, why not, and what it says of itself; a dash where nobody asks for it. */
function vitals({ pid, ready, health, trouble, status_text }) {
  const readiness = ready === null || !pid ? "" : ready ? "ready" : "not ready";
  return [readiness, pid ? health : "", trouble, status_text].filter(Boolean).join(" · ") || "–";
}

function historyRow({ at, state, cause, exit, pid }) {
  const badge = stateBadge();
  badge.update(state);
  const told = exit && cause.includes(exit) ? "" : exit;
  const reason = [cause, told, pid ? `pid ${pid}` : ""].filter(Boolean).join(" · ");
  return h("tr", {}, h("td", { class: "number" }, moment(at)), h("td", {}, badge.badge), h("td", {}, reason));
}

function optionList(entries) {
  const texts = entries.map(([name, value]) => [name, optionText(value)]);
  texts.sort(([, one], [, other]) => (other.length > LONG) - (one.length > LONG)); // long ones first: no holes
  const rows = texts.map(([name, text]) =>
    h("div", { class: text.length > LONG && "long" }, h("dt", {}, name), h("dd", { class: "mono" }, text)),
  );
  return h("dl", { class: "options" }, rows);
}

function optionText(value) {
  if (value === null || value === undefined || value === "") return "–";
  if (Array.isArray(value)) return value.join(", ") || "–";
  return String(value);
}

function pick(source, names) {
  return Object.fromEntries(names.filter((name) => source[name]).map((name) => [name, source[name]]));
}

