// Numbers and moments as people read them.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Bytes with three digits: `14.2 MiB`; a dash for null. */
export function bytes(count) {
  if (count === null || count === undefined) return "–";
  let unit = 0;
  let value = count;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** Percent of one core: `0.4 %`, `130 %`; a dash for null. */
export function percent(value) {
  if (value === null || value === undefined) return "–";
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

/** A span in seconds, two units of it: `42 s`, `3 min 05 s`, `2 h 14 min`, `12 d 3 h`. */
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${pad(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${pad(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** How long ago, in one unit: `42 s ago`, `14 min ago`. */
export function ago(seconds) {
  return `${span(seconds).split(" ").slice(0, 2).join(" ")} ago`;
}

/** A moment (seconds since the epoch): the time of day, with the date if it is not today. */
export function moment(at) {
  if (!at) return "–";
  const when = new Date(at * 1000);
  const time = `${pad(when.getHours())}:${pad(when.getMinutes())}:${pad(when.getSeconds())}`;
  const date = `${when.getFullYear()}-${pad(when.getMonth() + 1)}-${pad(when.getDate())}`;
  return when.toDateString() === new Date().toDateString() ? time : `${date} ${time}`;
}

/** `1 process`, `3 processes`. */
export function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

function pad(number) {
  return String(number).padStart(2, "0");
}
