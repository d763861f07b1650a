// What people ask for, until it has happened. Requests return at once; the stream of events tells the outcome.

import { post, processPath } from "./api.js";
import { plural } from "./format.js";

const SIGNALS = ["HUP", "INT", "QUIT", "TERM", "KILL", "USR1", "USR2", "CONT", "STOP", "WINCH"];
const AT_REST = new Set(["STOPPED", "EXITED", "FATAL"]);
const VERBS = {
  start: { title: "Start", doing: "starting", can: (state) => AT_REST.has(state) },
  stop: { title: "Stop", doing: "stopping", can: (state) => ["RUNNING", "STARTING", "BACKOFF"].includes(state) },
  restart: { title: "Restart", doing: "restarting", can: () => true },
  signal: { title: "Signal", doing: "signalling", can: (state) => ["RUNNING", "STARTING", "STOPPING"].includes(state) },
  clear: { title: "Clear logs", doing: "clearing", can: () => true },
};

/** Whether a verb makes sense in a state. */
export function possible(verb, state) {
  return VERBS[verb].can(state);
}

/** What a button says while its verb goes on: `stopping`. */
export function doing(verb) {
  return VERBS[verb].doing;
}

/** One target: a name people read, what to post to, and the processes it means. */
export const target = {
  one: (namespec) => ({ name: namespec, path: (verb) => processPath(namespec, verb), namespecs: [namespec] }),
  group: (name, namespecs) => ({
    name: `group ${name}`,
    path: (verb) => processPath(`${name}:*`, verb),
    namespecs,
    isGroup: true,
  }),
  some: (namespecs) => ({
    name: plural(namespecs.length, "process", "processes"),
    path: (verb) => `processes/${verb}`,
    body: { namespecs },
    namespecs,
  }),
  all: (namespecs) => ({
    name: "all processes",
    path: (verb) => `processes/${verb}`,
    body: { namespecs: "all" },
    namespecs,
  }),
};

/** Carries out requests: `dialogs` asks, `announce` tells (message, whether it is bad). */
export class Actions {
  #fleet;
  #dialogs;
  #announce;

  constructor(fleet, dialogs, announce) {
    this.#fleet = fleet;
    this.#dialogs = dialogs;
    this.#announce = announce;
    fleet.watch(({ names }) => this.#settle(names));
  }

  /** Ask where one should, then do it. Never throws: failures are shown where they belong. */
  async run(verb, asked) {
    const wanted = verb === "clear" && asked.isGroup ? target.some(asked.namespecs) : asked; // groups have no log
    const namespecs = wanted.namespecs.filter((name) => this.#possible(verb, name));
    if (!namespecs.length) {
      this.#announce(`Nothing to ${VERBS[verb].title.toLowerCase()}.`, false);
      return;
    }
    const extra = await this.#ask(verb, wanted, namespecs);
    if (extra === null) return;
    this.#begin(verb, namespecs);
    try {
      const answer = await post(wanted.path(verb), { ...wanted.body, ...extra });
      this.#finish(verb, namespecs, answer?.results ?? []);
    } catch (error) {
      for (const namespec of namespecs) this.#fail(namespec, inWords(error.message));
      if (namespecs.length > 1) this.#announce(`Cannot ${verb} ${wanted.name}: ${error.message}`, true);
    }
  }

  #possible(verb, namespec) {
    const process = this.#fleet.processes.get(namespec);
    return process !== undefined && VERBS[verb].can(process.state);
  }

  /** Returns what else to send; null means that nothing is to be done. */
  async #ask(verb, wanted, namespecs) {
    const { title } = VERBS[verb];
    if (verb === "signal") {
      const signal = await this.#dialogs.choose(`Send a signal to ${wanted.name}`, "Signal", SIGNALS, "Send", namespecs);
      return signal && { signal };
    }
    if (namespecs.length === 1 || verb === "start") return {};
    const question = `${title} ${verb === "clear" ? "of " : ""}${plural(namespecs.length, "process", "processes")}?`;
    return (await this.#dialogs.confirm(question, title, namespecs)) ? {} : null;
  }

  #begin(verb, namespecs) {
    for (const namespec of namespecs) {
      const { since, pid } = this.#fleet.processes.get(namespec);
      this.#fleet.errors.delete(namespec);
      this.#fleet.pending.set(namespec, { verb, since, pid, accepted: false });
      this.#fleet.touch(namespec);
    }
  }

  #finish(verb, namespecs, results) {
    const failed = new Map(results.filter((one) => !one.ok).map((one) => [one.namespec, inWords(one.error)]));
    for (const namespec of namespecs) {
      if (failed.has(namespec)) {
        this.#fail(namespec, failed.get(namespec));
      } else if (verb === "signal" || verb === "clear") {
        this.#done(namespec);
      } else {
        const waiting = this.#fleet.pending.get(namespec);
        if (waiting) waiting.accepted = true;
      }
    }
    this.#settle(namespecs);
    if (failed.size > 1) this.#announce(`${failed.size} of ${namespecs.length} failed.`, true);
    else if (verb === "signal" || verb === "clear") this.#announce(`${VERBS[verb].title}: done.`, false);
  }

  #fail(namespec, message) {
    this.#done(namespec);
    this.#fleet.blame(namespec, message);
  }

  #done(namespec) {
    this.#fleet.pending.delete(namespec);
    this.#fleet.touch(namespec);
  }

  /** Look which of the requests have come true, or cannot any more. */
  #settle(names) {
    for (const namespec of names) {
      const waiting = this.#fleet.pending.get(namespec);
      const process = this.#fleet.processes.get(namespec);
      if (!waiting || !process) continue;
      const outcome = judge(waiting, process);
      if (outcome === "done") this.#done(namespec);
      else if (outcome) this.#fail(namespec, outcome);
    }
  }
}

/** `done`, a sentence about what went wrong, or null while it goes on. */
function judge(waiting, process) {
  const { state } = process;
  const moved = process.since !== waiting.since;
  if (waiting.verb === "stop") return AT_REST.has(state) ? "done" : null;
  if (state === "RUNNING" && (waiting.verb === "start" || process.pid !== waiting.pid)) return "done";
  if (!moved) return null;
  if (state === "BACKOFF" || state === "FATAL") return process.spawnerr || process.cause || state.toLowerCase();
  return state === "EXITED" ? "done" : null;
}

/** `SPAWN_ERROR: web` as `spawn error: web`. */
function inWords(fault) {
  return String(fault).replace(/^[A-Z_]+(?=:|$)/, (name) => name.toLowerCase().replaceAll("_", " "));
}
