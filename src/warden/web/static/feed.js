// The one stream of events that keeps the page alive, and whether it is connected.

import { address } from "./api.js";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
const HIDDEN_MS = 60_000; // browsers allow few connections to one host: a page nobody sees gives its own back

/** Keeps `fleet` up to date; `tell` gets `connecting`, `live`, `lost` or `asleep`. */
export class Feed {
  #fleet;
  #tell;
  #source = null;
  #wait = FIRST_WAIT_MS;
  #timer = 0;
  #hidden = 0;

  constructor(fleet, tell) {
    this.#fleet = fleet;
    this.#tell = tell;
    document.addEventListener("visibilitychange", () => this.#onVisibility());
    window.addEventListener("online", () => this.#source || this.connect());
  }

  /** Connect, now. */
  connect() {
    clearTimeout(this.#timer);
    this.#source?.close();
    const source = new EventSource(address("events?lines=1"));
    this.#source = source;
    this.#on("snapshot", ({ daemon, processes }) => {
      this.#wait = FIRST_WAIT_MS;
      this.#fleet.replace(daemon, processes);
      this.#tell("live");
    });
    this.#on("process", (process) => this.#fleet.put(process));
    this.#on("daemon", (daemon) => this.#fleet.putDaemon(daemon));
    this.#on("usage", (measurements) => this.#fleet.measure(measurements));
    this.#on("log_line", (lines) => this.#fleet.say(lines));
    this.#on("group", (group) => this.#fleet.putGroup(group));
    source.onerror = () => this.#lost(source);
  }

  #on(event, take) {
    this.#source.addEventListener(event, ({ data }) => take(JSON.parse(data)));
  }

  // The browser would reconnect by itself after some errors but not after others (a proxy's 502): always do it here.
  #lost(source) {
    if (source !== this.#source) return;
    source.close();
    this.#source = null;
    this.#tell("lost");
    this.#timer = setTimeout(() => this.connect(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }

  #onVisibility() {
    clearTimeout(this.#hidden);
    if (document.hidden) {
      this.#hidden = setTimeout(() => this.#sleep(), HIDDEN_MS);
    } else if (!this.#source) {
      this.#tell("connecting");
      this.connect();
    }
  }

  #sleep() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.#tell("asleep");
  }
}
