// The page: connects to the daemon, shows the view that the address names, passes keys on.

import { Actions } from "./actions.js";
import { DaemonView } from "./daemonview.js";
import { Dialogs } from "./dialogs.js";
import { h, setAttribute, setText } from "./dom.js";
import { Feed } from "./feed.js";
import { Fleet } from "./fleet.js";
import { FleetView } from "./fleetview.js";
import { span } from "./format.js";
import { PlanView } from "./planview.js";
import { ProcessView } from "./processview.js";

const TITLE = document.title;
const NOTICE_MS = 6000;
const KEYS = [
  ["/", "filter, or search in a log"],
  ["j k", "next, previous row"],
  ["Enter", "open the process"],
  ["s x r", "start, stop, restart"],
  ["v", "select the row; then s x r mean the selection"],
  ["f F", "fold the group, all groups"],
  ["p", "log: pause"],
  ["g G", "log: beginning, end and follow"],
  ["u", "back to all processes"],
  ["Esc", "clear filter or selection, close"],
  ["?", "this help"],
];

const LINK_TEXT = {
  connecting: "Connecting …",
  live: "Live",
  lost: "Connection lost, trying again …",
  asleep: "Paused while hidden",
};

class App {
  constructor() {
    this.fleet = new Fleet();
    this.dialogs = new Dialogs();
    this.notice = document.getElementById("notice");
    this.actions = new Actions(this.fleet, this.dialogs, (message, bad) => this.announce(message, bad));
    this.fleetView = new FleetView(this.fleet, this.actions);
    this.view = null;
    this.connection = "connecting";
    this.feed = new Feed(this.fleet, (connection) => this.#onConnection(connection));
    this.fleet.watch(({ shape }) => shape && this.#showDaemon());
    window.addEventListener("hashchange", () => this.#route());
    document.addEventListener("keydown", (event) => this.#onKey(event));
    document.getElementById("help").addEventListener("click", () => this.dialogs.help(KEYS));
  }

  start() {
    this.feed.connect();
  }

  /** Tell people something; bad news stays until the next news. */
  announce(message, bad) {
    clearTimeout(this.noticeTimer);
    setText(this.notice, message);
    setAttribute(this.notice, "data-bad", bad);
    if (!bad) this.noticeTimer = setTimeout(() => setText(this.notice, ""), NOTICE_MS);
  }

  #onConnection(connection) {
    const before = this.connection;
    this.connection = connection;
    document.documentElement.dataset.connection = connection;
    const link = document.getElementById("connection");
    setText(link, LINK_TEXT[connection]);
    if (connection === "lost" && before !== "lost") this.lostAt = Date.now();
    if (connection !== "live") return;
    if (!this.view) {
      document.documentElement.dataset.script = "on";
      this.#route();
    } else if (this.lostAt) {
      this.announce(`Connected again after ${span((Date.now() - this.lostAt) / 1000)}.`, false);
      this.view.reconnected?.();
    }
    this.lostAt = 0;
  }

  #route() {
    const [, page, argument] = location.hash.match(/^#\/([a-z]*)\/?(.*)$/) ?? [];
    const view = this.#viewOf(page, argument ?? "");
    if (this.view === view) return;
    this.view?.close?.();
    this.view = view;
    document.getElementById("view").replaceChildren(view.element);
    for (const link of document.querySelectorAll("nav a[data-page]")) {
      const here = link.dataset.page === (page === "process" ? "" : (page ?? ""));
      setAttribute(link, "aria-current", here && "page");
    }
    window.scrollTo({ top: 0, behavior: "instant" });
    this.#showDaemon();
    view.show();
  }

  #viewOf(page, argument) {
    switch (page) {
      case "process":
        return new ProcessView(this.fleet, this.actions, decoded(argument));
      case "plan":
        return new PlanView(this.dialogs, (message, bad) => this.announce(message, bad));
      case "daemon":
        return new DaemonView(this.fleet, this.dialogs, (message, bad) => this.announce(message, bad));
      default:
        return this.fleetView;
    }
  }

  #showDaemon() {
    const { daemon } = this.fleet;
    const failing = this.fleetView.failing ?? 0;
    const parts = [failing ? `${failing} failing` : "", this.view?.title ?? "", daemon?.identifier ?? "", TITLE];
    document.title = parts.filter(Boolean).join(" · ");
    if (!daemon) return;
    setText(document.getElementById("identifier"), daemon.identifier);
    setText(document.getElementById("version"), `Warden ${daemon.version}`);
    const going = { SHUTDOWN: "The daemon is shutting down.", RESTARTING: "The daemon is restarting." }[daemon.state];
    const texts = [going, ...(daemon.warnings ?? [])].filter(Boolean);
    const warnings = document.getElementById("warnings");
    if (warnings.dataset.shown === texts.join("\n")) return;
    warnings.dataset.shown = texts.join("\n");
    warnings.replaceChildren(...texts.map((text) => h("p", { class: "banner" }, text)));
  }

  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.dialogs.open || !this.view) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, [popover]")) return;
    if (event.key === "?") {
      this.dialogs.help(KEYS);
    } else if (event.target.closest(".log") && event.key.startsWith("Arrow")) {
      return; // scrolls the log
    } else if (!this.view.onKey?.(event.key)) {
      return;
    }
    event.preventDefault();
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

new App().start();
