// The daemon itself: who it is, its own log, and the two ways to end it.

import { post } from "./api.js";
import { button, h, setText } from "./dom.js";
import { moment, span } from "./format.js";
import { LogView } from "./logview.js";

/** The page of the daemon. */
export class DaemonView {
  constructor(fleet, dialogs, announce) {
    this.fleet = fleet;
    this.dialogs = dialogs;
    this.announce = announce;
    this.title = "Daemon";
    this.log = new LogView({ name: "the daemon", path: () => "log", channels: [] });
    this.facts = new Map(
      ["State", "Version", "Pid", "Running for", "Started", "Configuration", "Log file"].map((name) => [name, h("dd")]),
    );
    const restart = button("Restart daemon", { class: "act" }, () =>
      this.#end("restart", "Restart the daemon?", "Restart", "All processes are stopped, the configuration is read, and it starts anew."),
    );
    const shutdown = button("Shut down", { class: "act danger" }, () =>
      this.#end("shutdown", "Shut the daemon down?", "Shut down", "All processes are stopped. It cannot be started again from this page."),
    );
    this.element = h(
      "div",
      { class: "page process" },
      h("header", { class: "toolbar process-head" }, h("h1", {}, "Daemon"), h("div", { class: "acts" }, restart, shutdown)),
      h("dl", { class: "facts" }, [...this.facts].map(([name, value]) => h("div", {}, h("dt", {}, name), value))),
      h("section", { class: "panel log-panel", "aria-label": "Activity log" }, this.log.element),
    );
    this.stop = fleet.watch(() => this.#update());
    this.timer = setInterval(() => this.#update(), 1000);
  }

  /** Called when the page is shown. */
  show() {
    this.log.open();
    this.#update();
  }

  /** Called when the page is left. */
  close() {
    this.stop();
    clearInterval(this.timer);
    this.log.close();
  }

  /** Show everything anew after the connection was lost. */
  reconnected() {
    this.log.open();
  }

  /** Take a key; returns whether it meant something here. */
  onKey(key) {
    if (key !== "u") return this.log.onKey(key);
    location.hash = "#/";
    return true;
  }

  #update() {
    const { daemon } = this.fleet;
    if (!daemon) return;
    const facts = {
      State: daemon.state.toLowerCase(),
      Version: daemon.version,
      Pid: daemon.pid,
      "Running for": span(this.fleet.now() - daemon.started),
      Started: moment(daemon.started),
      Configuration: daemon.config_file,
      "Log file": daemon.logfile || "–",
    };
    for (const [name, value] of Object.entries(facts)) setText(this.facts.get(name), String(value));
  }

  async #end(verb, question, label, detail) {
    if (!(await this.dialogs.confirm(question, label, [], detail))) return;
    try {
      await post(`daemon/${verb}`);
    } catch (error) {
      this.announce(`Cannot ${verb}: ${error.message}`, true);
    }
  }
}
