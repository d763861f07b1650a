// A small plot of one measurement over the last hour.

import { h, setText, svg } from "./dom.js";
import { moment } from "./format.js";

const WIDTH = 320;
const HEIGHT = 64;
const SPANS = [300, 900, 3600]; // seconds; the shortest that has all samples is shown
const GAP = 15; // seconds without a measurement after which the line is interrupted

/** Plots `value(sample)` of samples `{at, ...}`; `format` makes text of a value, `floor` is the least upper end. */
export class Plot {
  #samples = [];
  #now = 0;
  #seconds = SPANS[0];
  #top = 1;

  constructor(title, value, format, floor) {
    this.title = title;
    this.value = value;
    this.format = format;
    this.floor = floor;
    this.area = svg("path", { class: "area" });
    this.line = svg("path", { class: "curve" });
    this.cursor = svg("line", { class: "cursor", y1: 0, y2: HEIGHT, visibility: "hidden" });
    this.picture = svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
      ...[1, 2, 3, 4].map((fifth) => svg("line", { class: "grid", ...at(fifth), y1: 0, y2: HEIGHT })),
      this.area,
      this.line,
      this.cursor,
    );
    this.begin = h("span");
    this.latest = h("strong", {}, "–");
    this.peak = h("span", { class: "peak" });
    this.element = h(
      "figure",
      { class: "plot" },
      h("figcaption", {}, h("span", {}, title), this.latest, this.peak),
      this.picture,
      h("div", { class: "axis", "aria-hidden": "true" }, this.begin, h("span", {}, "now")),
    );
    this.picture.addEventListener("pointermove", (event) => this.#point(event));
    this.picture.addEventListener("pointerleave", () => this.#point(null));
  }

  /** Show samples, oldest first, as of `now` (seconds since the epoch). */
  show(samples, now) {
    this.#samples = samples.filter((sample) => sample.at > now - SPANS.at(-1));
    this.#now = now;
    const oldest = now - (this.#samples[0]?.at ?? now);
    this.#seconds = SPANS.find((seconds) => seconds >= oldest) ?? SPANS.at(-1);
    setText(this.begin, `−${this.#seconds / 60} min`);
    const values = this.#samples.map(this.value);
    const peak = Math.max(0, ...values);
    this.#top = Math.max(this.floor, peak * 1.1);
    const runs = this.#runs();
    this.line.setAttribute("d", runs.map((run) => `M${run.join("L")}`).join(""));
    this.area.setAttribute("d", runs.map((run) => closed(run)).join(""));
    const latest = this.#samples.at(-1);
    const current = latest && now - latest.at < GAP ? this.format(this.value(latest)) : "–";
    setText(this.latest, current);
    setText(this.peak, values.length ? `peak ${this.format(peak)}` : "no measurements yet");
    this.picture.setAttribute("aria-label", `${this.title} over the last hour: now ${current}, peak ${this.format(peak)}`);
  }

  #runs() {
    const runs = [];
    let before = -Infinity;
    for (const sample of this.#samples) {
      if (sample.at - before > GAP) runs.push([]);
      before = sample.at;
      runs.at(-1).push([this.#x(sample.at), this.#y(this.value(sample))]);
    }
    return runs.map((run) => (run.length > 1 ? run : [run[0], [run[0][0] + 1, run[0][1]]]).map(String));
  }

  #x(when) {
    return round(WIDTH * (1 - (this.#now - when) / this.#seconds));
  }

  #y(value) {
    return round(HEIGHT - (HEIGHT - 2) * (value / this.#top) - 1);
  }

  #point(event) {
    if (!event || !this.#samples.length) {
      this.cursor.setAttribute("visibility", "hidden");
      this.show(this.#samples, this.#now);
      return;
    }
    const box = this.picture.getBoundingClientRect();
    const wanted = this.#now - this.#seconds * (1 - (event.clientX - box.left) / box.width);
    const near = (one, other) => (Math.abs(other.at - wanted) < Math.abs(one.at - wanted) ? other : one);
    const sample = this.#samples.reduce(near);
    const x = this.#x(sample.at);
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    this.cursor.setAttribute("visibility", "visible");
    setText(this.latest, this.format(this.value(sample)));
    setText(this.peak, `at ${moment(sample.at)}`);
  }
}

function at(fifth) {
  const x = (WIDTH * fifth) / 5;
  return { x1: x, x2: x };
}

function closed(run) {
  const first = run[0].split(",")[0];
  const last = run.at(-1).split(",")[0];
  return `M${first},${HEIGHT}L${run.join("L")}L${last},${HEIGHT}Z`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
