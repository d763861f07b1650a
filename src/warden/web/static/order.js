// Which processes are shown and in which order: filter, sort, groups. Plain functions of plain values.

import { STATES } from "./fleet.js";

const RANK = new Map(STATES.map((state, rank) => [state, rank]));
const collator = new Intl.Collator(undefined, { numeric: true });

/** Columns by key: what to compare (null last), and whether the first click shows the largest first. */
const COLUMNS = {
  name: { value: (process) => process.namespec, down: false },
  state: { value: (process) => RANK.get(process.state) ?? 99, down: false },
  pid: { value: (process) => process.pid || null, down: false },
  uptime: { value: (process, fleet) => fleet.uptime(process), down: false },
  cpu: { value: (process) => process.cpu ?? null, down: true },
  memory: { value: (process) => process.memory ?? null, down: true },
  restarts: { value: (process) => process.restarts ?? 0, down: true },
  exit: { value: (process) => process.last_exit || null, down: false },
};

/** Whether a click on a column shows the largest first. */
export function beginsDown(column) {
  return COLUMNS[column].down;
}

/** Whether the order depends on measurements, so that it changes without any state changing. */
export function isMeasured(column) {
  return column === "cpu" || column === "memory";
}

/** Whether a process fits the words (all of them, anywhere in name, state, pid, exit, cause) and the states. */
export function matches(process, words, states) {
  if (states.size && !states.has(process.state)) return false;
  if (!words.length) return true;
  const { namespec, group, name, state, pid, last_exit, cause } = process;
  const text = `${namespec} ${group}:${name} ${state} ${pid || ""} ${last_exit} ${cause}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/**
 * The rows to show: `{key, kind: "process", process, inGroup}` and, with `view.grouped`,
 * `{key, kind: "group", name, members, folded}` before the members of each group of several.
 * A group stands where its first member stands.
 */
export function arrange(fleet, view) {
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = [...fleet.processes.values()].filter((process) => matches(process, words, view.states));
  shown.sort(comparison(fleet, view));
  if (!view.grouped) return shown.map((process) => processRow(process, false));
  const groups = new Map();
  for (const process of shown) {
    const members = groups.get(process.group);
    if (members) members.push(process);
    else groups.set(process.group, [process]);
  }
  return [...groups].flatMap(([name, members]) => groupRows(name, members, view.folded.has(name)));
}

function groupRows(name, members, folded) {
  const alone = members.length === 1 && members[0].name === name;
  if (alone) return [processRow(members[0], false)];
  const head = { key: `g ${name}`, kind: "group", name, members, folded };
  return folded ? [head] : [head, ...members.map((process) => processRow(process, true))];
}

function processRow(process, inGroup) {
  return { key: `p ${process.namespec}`, kind: "process", process, inGroup };
}

function comparison(fleet, { column, down }) {
  const { value } = COLUMNS[column];
  return (one, other) => {
    const [a, b] = [value(one, fleet), value(other, fleet)];
    if (a === null || b === null) {
      if (a !== b) return a === null ? 1 : -1; // what has no value stands last, whichever way
    } else {
      const order = typeof a === "string" ? collator.compare(a, b) : a - b;
      if (order) return down ? -order : order;
    }
    return collator.compare(one.namespec, other.namespec);
  };
}
