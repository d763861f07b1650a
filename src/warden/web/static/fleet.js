// What the page knows: one record per process, told to the views at most once per picture on the screen.

/** States in the order of how much they ask for attention. */
export const STATES = ["FATAL", "BACKOFF", "UNKNOWN", "STARTING", "STOPPING", "RUNNING", "EXITED", "STOPPED"];
export const FAILING = new Set(["FATAL", "BACKOFF", "UNKNOWN"]);
export const ALIVE = new Set(["STARTING", "RUNNING", "BACKOFF", "STOPPING"]);
const WITH_CHILD = new Set(["STARTING", "RUNNING", "STOPPING", "UNKNOWN"]);

/** The classes that Supervisor's page gave to states; its scrapers look for them. */
export function stateClass(state) {
  if (state === "RUNNING") return "statusrunning";
  return state === "FATAL" || state === "BACKOFF" ? "statuserror" : "statusnominal";
}

/** All processes. Listeners get `{names, shape}`: who changed, and whether any came, went or changed its state. */
export class Fleet {
  constructor() {
    this.daemon = null;
    this.processes = new Map();
    this.lines = new Map(); // the last line of output
    this.errors = new Map(); // what went wrong with the last request, by namespec
    this.pending = new Map(); // what was asked for and has not happened yet, by namespec
    this.known = false; // whether a snapshot has come
  }

  #offset = 0;
  #listeners = new Set();
  #changed = new Set();
  #shape = false;
  #scheduled = false;

  /** Have `listener` called after changes; returns the way to stop it. */
  watch(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The daemon's clock, seconds since the epoch. */
  now() {
    return Date.now() / 1000 + this.#offset;
  }

  // The daemon tells whole seconds: what is nearer than that is no news, and would make shown times jump.
  #setClock(now) {
    const offset = now - Date.now() / 1000;
    if (Math.abs(offset - this.#offset) > 2) this.#offset = offset;
  }

  /** Seconds since the child was started; null without a child. */
  uptime(process) {
    return WITH_CHILD.has(process.state) && process.start ? this.now() - process.start : null;
  }

  /** Everything anew. */
  replace(daemon, processes) {
    if (daemon.pid !== this.daemon?.pid) this.pending.clear(); // another daemon knows nothing of what was asked for
    this.daemon = daemon;
    for (const namespec of this.processes.keys()) this.#changed.add(namespec);
    this.processes = new Map();
    this.known = true;
    for (const process of processes) this.put(process);
    for (const map of [this.lines, this.errors, this.pending]) {
      for (const namespec of map.keys()) if (!this.processes.has(namespec)) map.delete(namespec);
    }
    this.touch(null, true);
  }

  /** One process as it is now. */
  put(process) {
    const before = this.processes.get(process.namespec);
    this.#setClock(Math.max(process.now, process.since));
    this.processes.set(process.namespec, { ...before, ...process });
    this.touch(process.namespec, before?.state !== process.state);
  }

  /** The daemon as it is now. */
  putDaemon(daemon) {
    this.daemon = { ...this.daemon, ...daemon };
    this.touch(null, true);
  }

  /** New measurements; a process that is not among them uses nothing. */
  measure(measurements) {
    const measured = new Map(measurements.map((one) => [one.namespec, one]));
    for (const [namespec, process] of this.processes) {
      const { at = 0, cpu = null, memory = null, processes = null } = measured.get(namespec) ?? {};
      if (process.measured === at) continue;
      Object.assign(process, { measured: at, cpu, memory, processes });
      this.touch(namespec);
    }
  }

  /** The last lines of output, by namespec. */
  say(lines) {
    for (const [namespec, text] of Object.entries(lines)) {
      this.lines.set(namespec, text);
      this.touch(namespec);
    }
  }

  /** The members of a group as they are now; none: the group is gone. */
  putGroup({ name, processes }) {
    const members = new Set(processes.map((process) => process.namespec));
    for (const [namespec, process] of this.processes) {
      if (process.group === name && !members.has(namespec)) this.#forget(namespec);
    }
    for (const process of processes) this.put(process);
    this.touch(null, true);
  }

  #forget(namespec) {
    for (const map of [this.processes, this.lines, this.errors, this.pending]) map.delete(namespec);
    this.#changed.add(namespec);
  }

  /** Set or (null) remove what is wrong with a process. */
  blame(namespec, message) {
    if (message === null) this.errors.delete(namespec);
    else this.errors.set(namespec, message);
    this.touch(namespec);
  }

  /** Have the views told, at the next picture. */
  touch(namespec, shape = false) {
    if (namespec !== null) this.#changed.add(namespec);
    this.#shape ||= shape;
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => this.#tell());
  }

  #tell() {
    const change = { names: this.#changed, shape: this.#shape };
    this.#changed = new Set();
    this.#shape = this.#scheduled = false;
    for (const listener of [...this.#listeners]) listener(change);
  }
}
