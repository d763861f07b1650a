// The lines of a log in the document: coloured, bounded, cheap to append to.

import { AnsiReader } from "./ansi.js";
import { h } from "./dom.js";

const LINES_PER_BLOCK = 100; // a block outside the window costs no layout (content-visibility in the style sheet)
const MAX_LINES = 10_000; // older ones leave the document; "load earlier" brings them back

/** Lines of one or several channels in `element`; a channel is what `append` is told. */
export class LogLines {
  #readers = new Map();
  #open = new Map(); // the unfinished last line of each channel
  #offsets = new WeakMap(); // where in the log a line begins, for the first line of each text
  #count = 0;

  /** `moved(channel, offset)` is called when older lines left and the text of a channel begins later than before. */
  constructor(moved) {
    this.element = h("div", { class: "lines" });
    this.moved = moved;
  }

  /** Number of lines in the document. */
  get count() {
    return this.#count;
  }

  /** Forget everything. */
  clear() {
    this.element.replaceChildren();
    this.#readers.clear();
    this.#open.clear();
    this.#count = 0;
  }

  /** Add a remark of ours at the end. */
  note(text) {
    this.#open.clear();
    this.#newLine("note").append(text);
    this.#open.clear();
  }

  /** Add text that begins at `offset` of the log at the end; returns the lines that are new or longer. */
  append(channel, text, offset) {
    if (!this.#readers.has(channel)) this.#readers.set(channel, new AnsiReader());
    const lines = this.#readers.get(channel).feed(text);
    const touched = [];
    lines.forEach((pieces, index) => {
      const finished = index < lines.length - 1;
      let line = this.#open.get(channel);
      if (!line && (pieces.length || finished)) {
        line = this.#newLine(channel);
        if (index === 0) this.#offsets.set(line, offset);
      }
      if (!line) return;
      line.append(...pieces.map(rendered));
      touched.push(line);
      if (finished) this.#open.delete(channel);
      else this.#open.set(channel, line);
    });
    this.#trim();
    return touched;
  }

  /** Add whole lines before the first; returns them. */
  prepend(channel, text) {
    const block = newBlock();
    for (const pieces of new AnsiReader().feed(text.replace(/\n$/, ""))) {
      const line = newLine(channel);
      line.append(...pieces.map(rendered));
      block.append(line);
    }
    this.#count += block.childElementCount;
    this.element.prepend(block);
    return [...block.children];
  }

  #newLine(channel) {
    let block = this.element.lastElementChild;
    if (!block || block.childElementCount >= LINES_PER_BLOCK) {
      block = newBlock();
      this.element.append(block);
    }
    const line = newLine(channel);
    block.append(line);
    this.#count += 1;
    return line;
  }

  #trim() {
    if (this.#count <= MAX_LINES) return;
    while (this.#count > MAX_LINES && this.element.childElementCount > 1) {
      const first = this.element.firstElementChild;
      this.#count -= first.childElementCount;
      first.remove();
    }
    for (const channel of this.#readers.keys()) this.#cutToOffset(channel);
  }

  // What goes before a line whose place in the log is known goes too, so that earlier text fits on without a seam.
  #cutToOffset(channel) {
    for (const line of this.element.querySelectorAll(`.line[data-channel="${channel}"]`)) {
      if (this.#offsets.has(line)) {
        this.moved(channel, this.#offsets.get(line));
        return;
      }
      line.remove();
      this.#count -= 1;
    }
  }
}

function newBlock() {
  return h("div", { class: "block" });
}

function newLine(channel) {
  return h("div", { class: "line", "data-channel": channel });
}

function rendered({ text, classes, ink, paper }) {
  if (!classes.length && !ink && !paper) return text;
  if (ink) classes.push("own-ink");
  if (paper) classes.push("own-paper");
  const span = h("span", { class: classes.join(" ") }, text);
  if (ink) span.style.setProperty("--ink", ink);
  if (paper) span.style.setProperty("--paper", paper);
  return span;
}
