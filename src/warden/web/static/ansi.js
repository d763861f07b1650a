// Terminal output as styled pieces of text: colours are kept, everything else a terminal obeys is dropped.

const MAX_SEQUENCE = 4096; // characters; a longer one is not a sequence
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const FLAGS = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike" };
const ENDS = { 22: ["bold", "dim"], 23: ["italic"], 24: ["underline"], 27: ["inverse"], 29: ["strike"] };

// CSI, OSC and the other string sequences, then two-character sequences.
const SEQUENCE = /^\x1b(?:\[([0-?]*)[ -/]*([@-~])|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])/;
const UNFINISHED = /^\x1b(?:$|\[[0-?]*[ -/]*$|[\]PX^_][^\x07\x1b]*(?:\x1b?)$|[ -/]+$)/;
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

/** One piece of a line: its text, its classes, and colours (`rgb(...)`) that have no class. */
function piece(text, style) {
  const classes = [...style.flags];
  if (style.ink?.name) classes.push(`ink-${style.ink.name}`);
  if (style.paper?.name) classes.push(`paper-${style.paper.name}`);
  return { text, classes, ink: style.ink?.rgb ?? null, paper: style.paper?.rgb ?? null };
}

/** Reads a stream of text in chunks, whatever their borders, into lines of pieces. */
export class AnsiReader {
  constructor() {
    this.style = { flags: new Set(), ink: null, paper: null };
    this.pending = "";
  }

  /** Return the pieces of `text`, line by line; the last line goes on with the next chunk. */
  feed(text) {
    const lines = [[]];
    let rest = this.pending + text;
    this.pending = "";
    while (rest) {
      const at = rest.indexOf("\x1b");
      this.#plain(at < 0 ? rest : rest.slice(0, at), lines);
      if (at < 0) break;
      rest = rest.slice(at);
      const sequence = SEQUENCE.exec(rest);
      if (sequence) {
        if (sequence[2] === "m") this.#colour(sequence[1]);
        rest = rest.slice(sequence[0].length);
      } else if (rest.length < MAX_SEQUENCE && UNFINISHED.test(rest)) {
        this.pending = rest;
        break;
      } else {
        this.#plain("\u241b", lines);
        rest = rest.slice(1);
      }
    }
    return lines;
  }

  #plain(text, lines) {
    text.split("\n").forEach((part, index) => {
      if (index > 0) lines.push([]);
      const visible = part.endsWith("\r") ? part.slice(0, -1) : part;
      const written = visible.lastIndexOf("\r"); // a progress bar: what came before was overwritten
      if (written >= 0) lines[lines.length - 1] = [];
      const shown = visible.slice(written + 1).replace(CONTROL, picture);
      if (shown) lines[lines.length - 1].push(piece(shown, this.style));
    });
  }

  #colour(parameters) {
    const codes = parameters.split(/[;:]/).map(Number);
    while (codes.length) {
      const code = codes.shift();
      if (code === 0) this.style = { flags: new Set(), ink: null, paper: null };
      else if (FLAGS[code]) this.style.flags.add(FLAGS[code]);
      else if (ENDS[code]) ENDS[code].forEach((flag) => this.style.flags.delete(flag));
      else if (code === 38) this.style.ink = extended(codes);
      else if (code === 48) this.style.paper = extended(codes);
      else if (code === 39) this.style.ink = null;
      else if (code === 49) this.style.paper = null;
      else if (code >= 30 && code <= 37) this.style.ink = { name: NAMES[code - 30] };
      else if (code >= 90 && code <= 97) this.style.ink = { name: `bright-${NAMES[code - 90]}` };
      else if (code >= 40 && code <= 47) this.style.paper = { name: NAMES[code - 40] };
      else if (code >= 100 && code <= 107) this.style.paper = { name: `bright-${NAMES[code - 100]}` };
    }
  }
}

/** The text of one line without anything a terminal obeys. */
export function plain(text) {
  return new AnsiReader()
    .feed(text)
    .map((line) => line.map((part) => part.text).join(""))
    .join(" ");
}

function picture(character) {
  return character === "\x7f" ? "\u2421" : String.fromCharCode(0x2400 + character.charCodeAt(0));
}

function extended(codes) {
  if (codes.shift() === 2) {
    const [red, green, blue] = codes.splice(0, 3).map(byte);
    return { rgb: `rgb(${red}, ${green}, ${byte(blue)})` };
  }
  const number = byte(codes.shift());
  if (number < 8) return { name: NAMES[number] };
  if (number < 16) return { name: `bright-${NAMES[number - 8]}` };
  if (number >= 232) return { rgb: `rgb(${Array(3).fill(8 + 10 * (number - 232)).join(", ")})` };
  const level = (value) => (value ? 55 + 40 * value : 0);
  const cube = number - 16;
  return { rgb: `rgb(${level(Math.floor(cube / 36))}, ${level(Math.floor(cube / 6) % 6)}, ${level(cube % 6)})` };
}

function byte(value) {
  return Math.max(0, Math.min(255, Math.floor(value) || 0));
}
