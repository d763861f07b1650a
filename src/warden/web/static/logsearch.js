// Search in the lines of a log: matches are painted over the text, which stays as it is.

const HIGHLIGHT = "log-match";
const CURRENT = "log-current";
const PAINTED = 2000; // matches; more are counted but not painted

/** Finds `text` in the lines of `box`, ignoring case. */
export class LogSearch {
  #box;
  #lines = []; // those that match, in order
  #at = -1;

  constructor(box) {
    this.#box = box;
    this.text = "";
  }

  /** Search anew; returns the number of lines found. */
  find(text) {
    this.text = text.toLowerCase();
    for (const line of this.#box.querySelectorAll(".line.hit")) line.classList.remove("hit");
    this.#lines = [];
    this.#at = -1;
    this.look(this.#box.querySelectorAll(".line"));
    return this.#lines.length;
  }

  /** Look at lines that are new or longer. */
  look(lines) {
    if (!this.text) {
      this.#paint();
      return;
    }
    let found = false;
    for (const line of lines) {
      if (!line.textContent.toLowerCase().includes(this.text)) continue;
      line.classList.add("hit");
      found = true;
    }
    if (found || !this.#lines.length) {
      this.#lines = [...this.#box.querySelectorAll(".line.hit")];
      this.#paint();
    }
  }

  /** Number of lines found, and which of them (from 1, 0 = none yet) is the current one. */
  get position() {
    return { at: this.#at + 1, of: this.#lines.length };
  }

  /** Go to the next (1) or previous (-1) line found. */
  step(direction) {
    const count = this.#lines.length;
    if (!count) return;
    if (this.#at < 0) this.#at = count - 1; // the newest is the likeliest
    else this.#at = (this.#at + direction + count) % count;
    const line = this.#lines[this.#at];
    center(line);
    requestAnimationFrame(() => center(line)); // blocks that came into view have their true height now
    this.#paint();
  }

  #paint() {
    if (!globalThis.CSS?.highlights) return; // the class `hit` marks the lines at least
    CSS.highlights.delete(HIGHLIGHT);
    CSS.highlights.delete(CURRENT);
    if (!this.text) return;
    const current = this.#lines[this.#at];
    const shown = this.#lines.slice(-PAINTED).filter((line) => line !== current);
    CSS.highlights.set(HIGHLIGHT, new Highlight(...shown.flatMap((line) => ranges(line, this.text))));
    if (current) CSS.highlights.set(CURRENT, new Highlight(...ranges(current, this.text)));
  }
}

/** Scroll the log, and nothing around it, so that a line stands in the middle. */
function center(line) {
  const box = line.closest(".log");
  const [inner, outer] = [line.getBoundingClientRect(), box.getBoundingClientRect()];
  box.scrollTop += inner.top - outer.top - box.clientHeight / 2;
}

function ranges(line, wanted) {
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  const pieces = []; // [text node, where it begins in the line]
  let whole = "";
  while (walker.nextNode()) {
    pieces.push([walker.currentNode, whole.length]);
    whole += walker.currentNode.data;
  }
  const place = (offset, atEnd) => {
    const index = pieces.findLastIndex(([, start]) => (atEnd ? start < offset : start <= offset));
    return [pieces[index][0], Math.min(offset - pieces[index][1], pieces[index][0].data.length)];
  };
  const found = [];
  const text = whole.toLowerCase();
  if (text.length !== whole.length) return found; // a letter that changes its length: no exact places
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    const range = new Range();
    range.setStart(...place(at, false));
    range.setEnd(...place(at + wanted.length, true));
    found.push(range);
  }
  return found;
}
