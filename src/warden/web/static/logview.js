// A log as it is written: live, coloured, searchable, with its past on request.

import { address, get } from "./api.js";
import { button, h, setAttribute, setText } from "./dom.js";
import { bytes, plural } from "./format.js";
import { LogLines } from "./loglines.js";
import { LogSearch } from "./logsearch.js";

const TAIL_BYTES = 64 * 1024;
const EARLIER_BYTES = 128 * 1024;
const DOWNLOAD_BYTES = 1024 * 1024; // in one request
const HELD_EVENTS = 2000; // while paused
const AGAIN_MS = 2000;
const TOUCH_MS = 500;
const NEAR = 8; // pixels from the end that still count as the end

/** Shows a log; `path(channel)` is its resource, `channels` are the choices (none: there is only one). */
export class LogView {
  #source = null;
  #timer = 0;
  #held = [];
  #earliest = new Map(); // where the text in the document begins, by channel
  #paused = false;
  #follow = true;
  #touched = -Infinity; // when people last did something that may scroll
  #scheduled = false;

  constructor({ name, path, channels }) {
    this.name = name;
    this.path = path;
    this.channel = channels[0] ?? "";
    this.lines = new LogLines((channel, offset) => this.#earliest.set(channel, offset));
    this.search = new LogSearch(this.lines.element);
    this.#build(channels);
  }

  #build(channels) {
    this.tabs = channels.map((channel) => [
      channel,
      button(channel, { class: "toggle" }, () => {
        this.channel = channel;
        this.open();
      }),
    ]);
    this.field = h("input", {
      type: "search",
      placeholder: "Search",
      "aria-label": `Search the log of ${this.name}`,
      autocomplete: "off",
      on: { input: () => this.#find(), keydown: (event) => this.#onFieldKey(event) },
    });
    this.found = h("span", { class: "found", role: "status" });
    this.only = button("Only matches", { class: "toggle", "aria-pressed": "false", hidden: true }, () =>
      this.#toggle(this.only, "data-only"),
    );
    this.pause = button("Pause", { class: "toggle", "aria-pressed": "false" }, () => this.#togglePause());
    this.followButton = button("Follow", { class: "toggle", "aria-pressed": "true" }, () => this.#setFollow(!this.#follow));
    this.wrap = button("Wrap", { class: "toggle", "aria-pressed": "true" }, () => this.#toggle(this.wrap, "data-wrap"));
    this.download = button("Download", { class: "act" }, () => this.#download());
    this.earlier = button("Load earlier", { class: "act earlier", hidden: true }, () => this.#loadEarlier());
    this.message = h("p", { class: "quiet log-message", role: "status" });
    this.box = h(
      "div",
      { class: "log", role: "log", "aria-live": "off", "aria-label": `Log of ${this.name}`, tabindex: "0", "data-wrap": true },
      this.earlier,
      this.lines.element,
      this.message,
    );
    for (const kind of ["wheel", "touchmove", "pointerdown", "pointermove", "keydown"]) {
      this.box.addEventListener(kind, () => (this.#touched = performance.now()), { passive: true });
    }
    this.box.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    const size = new ResizeObserver(() => this.#toEnd());
    size.observe(this.box);
    size.observe(this.lines.element);
    this.element = h(
      "div",
      { class: "log-view" },
      h(
        "div",
        { class: "log-tools" },
        channels.length > 0 && h("div", { class: "segments", role: "group", "aria-label": "Channel" }, this.tabs.map(([, tab]) => tab)),
        this.field,
        this.found,
        this.only,
        h("span", { class: "spacer" }),
        this.pause,
        this.followButton,
        this.wrap,
        this.download,
      ),
      this.box,
    );
  }

  /** Begin anew, with the end of the log. */
  open() {
    this.close();
    this.lines.clear();
    this.#earliest.clear();
    this.#held = [];
    this.#find();
    this.earlier.hidden = true;
    for (const [channel, tab] of this.tabs) setAttribute(tab, "aria-pressed", String(channel === this.channel));
    setAttribute(this.box, "data-labelled", this.channel === "both");
    setText(this.message, "…");
    const source = new EventSource(address(`${this.path(this.channel)}/stream?tail=${TAIL_BYTES}`));
    this.#source = source;
    source.addEventListener("open", () => this.#showState());
    for (const kind of ["log", "cleared", "rotated"]) {
      source.addEventListener(kind, ({ data }) => this.#take(kind, JSON.parse(data)));
    }
    source.onerror = () => this.#onError(source);
    this.#setFollow(true);
  }

  /** Stop listening. */
  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  // A stream that breaks is taken up by the browser where it ended; one that is refused is tried again from here.
  async #onError(source) {
    if (source !== this.#source || source.readyState !== EventSource.CLOSED) {
      setText(this.message, "The connection is lost, trying again …");
      return;
    }
    this.#source = null;
    try {
      await get(`${this.path(this.channel === "both" ? "stdout" : this.channel)}?tail=1`);
      setText(this.message, "The connection is lost, trying again …");
    } catch (error) {
      setText(this.message, error.status === 404 ? "There is no log." : `Cannot read the log: ${error.message}`);
    }
    if (this.element.isConnected && !this.#source) this.#timer = setTimeout(() => this.open(), AGAIN_MS);
  }

  #take(kind, data) {
    if (this.#paused) {
      if (this.#held.length === HELD_EVENTS) this.#held.shift();
      this.#held.push([kind, data]);
    } else {
      this.#write(kind, data);
    }
    this.#showState();
  }

  #write(kind, { channel = "", text, offset }) {
    if (kind === "log") {
      if (!this.#earliest.has(channel)) this.#earliest.set(channel, offset);
      this.search.look(this.lines.append(channel, text, offset));
      if (this.search.text) this.#showFound();
    } else {
      this.lines.note(kind === "cleared" ? "the log was cleared" : "the log was rotated");
      if (kind === "cleared") this.#earliest.set(channel, 0);
    }
    this.#toEnd();
  }

  #showState() {
    this.earlier.hidden = ![...this.#earliest.values()].some((offset) => offset > 0);
    setText(this.pause, this.#paused && this.#held.length ? `Paused, ${this.#held.length} new` : "Pause");
    setText(this.message, this.lines.count ? "" : "Nothing has been written yet.");
  }

  // --- where one is

  #toEnd() {
    if (!this.#follow || this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      if (this.#follow) this.box.scrollTop = this.box.scrollHeight;
    });
  }

  // The box scrolls also because lines come, go or get their true height: only what people do ends following.
  #onScroll() {
    if (performance.now() - this.#touched > TOUCH_MS) {
      this.#toEnd();
      return;
    }
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    this.#setFollow(scrollHeight - scrollTop - clientHeight < NEAR);
  }

  #setFollow(follow) {
    this.#follow = follow;
    setAttribute(this.followButton, "aria-pressed", String(follow));
    if (follow) this.#toEnd();
  }

  #togglePause() {
    this.#paused = !this.#paused;
    setAttribute(this.pause, "aria-pressed", String(this.#paused));
    if (!this.#paused) {
      for (const [kind, data] of this.#held.splice(0)) this.#write(kind, data);
    }
    this.#showState();
  }

  #toggle(control, attribute) {
    const pressed = control.getAttribute("aria-pressed") !== "true";
    setAttribute(control, "aria-pressed", String(pressed));
    setAttribute(this.box, attribute, pressed);
    this.#toEnd();
  }

  async #loadEarlier() {
    this.earlier.disabled = true;
    setAttribute(this.earlier, "aria-busy", "true");
    try {
      for (const [channel, before] of [...this.#earliest].filter(([, offset]) => offset > 0)) {
        const part = await get(`${this.path(channel)}?before=${before}&limit=${EARLIER_BYTES}`);
        this.#prepend(channel, part);
      }
    } catch (error) {
      setText(this.message, `Cannot read the log: ${error.message}`);
    } finally {
      this.earlier.disabled = false;
      setAttribute(this.earlier, "aria-busy", null);
    }
  }

  #prepend(channel, part) {
    this.#setFollow(false);
    const fromEnd = this.box.scrollHeight - this.box.scrollTop;
    this.search.look(part.text ? this.lines.prepend(channel, part.text) : []);
    this.#earliest.set(channel, part.text ? part.offset : 0);
    this.#showState();
    this.box.scrollTop = this.box.scrollHeight - fromEnd;
  }

  // --- search

  #find() {
    this.search.find(this.field.value);
    this.#showFound();
  }

  #showFound() {
    const { at, of } = this.search.position;
    const none = this.field.value ? "nothing found" : "";
    setText(this.found, of ? (at ? `${at} of ${plural(of, "line")}` : plural(of, "line")) : none);
    this.only.hidden = !this.field.value;
  }

  #onFieldKey(event) {
    if (event.key === "Enter") {
      this.#setFollow(false);
      this.search.step(event.shiftKey ? -1 : 1);
      this.#showFound();
    } else if (event.key === "Escape") {
      this.field.value = "";
      this.#find();
      this.box.focus();
    } else {
      return;
    }
    event.preventDefault();
  }

  // --- download: in parts, as the API limits what it gives at once

  async #download() {
    const channels = this.channel === "both" ? ["stdout", "stderr"] : [this.channel];
    this.download.disabled = true;
    for (const channel of channels) {
      try {
        const parts = await this.#whole(channel);
        if (parts.length || channels.length === 1) save(parts, this.name, channel);
      } catch (error) {
        if (error.status !== 404) setText(this.message, `Cannot read the log: ${error.message}`);
      }
    }
    setText(this.download, "Download");
    this.download.disabled = false;
  }

  async #whole(channel) {
    const parts = [];
    for (let offset = 0, size = 1; offset < size; ) {
      const part = await get(`${this.path(channel)}?offset=${offset}&limit=${DOWNLOAD_BYTES}`);
      if (part.next_offset <= offset) break;
      parts.push(part.text);
      size = part.size;
      offset = part.next_offset;
      setText(this.download, bytes(offset));
    }
    return parts;
  }

  /** Take a key; returns whether it meant something here. */
  onKey(key) {
    switch (key) {
      case "/":
        this.field.focus();
        return true;
      case "n":
      case "N":
        this.#setFollow(false);
        this.search.step(key === "n" ? 1 : -1);
        this.#showFound();
        return true;
      case "p":
        this.#togglePause();
        return true;
      case "g":
        this.#setFollow(false);
        this.box.scrollTop = 0;
        return true;
      case "G":
        this.#setFollow(true);
        return true;
      default:
        return false;
    }
  }
}

function save(parts, name, channel) {
  const href = URL.createObjectURL(new Blob(parts, { type: "text/plain" }));
  const file = `${name}${channel ? `.${channel}` : ""}.log`.replace(/[^\w.-]+/g, "_");
  h("a", { href, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
