// Questions: is this really meant, which signal, which keys are there.

import { button, h } from "./dom.js";

const SHOWN = 12; // names in a question

/** Asks in modal dialogs; every question is answered, by leaving too. */
export class Dialogs {
  /** Resolves to whether people agree; `names` are what it concerns. */
  async confirm(question, verb, names, detail = "") {
    const answer = await this.#open(question, [detail && h("p", {}, detail), list(names)], verb);
    return answer === "yes";
  }

  /** Resolves to one of `choices`, or null. */
  async choose(question, label, choices, verb, names) {
    const select = h(
      "select",
      { id: "choice" },
      choices.map((choice) => h("option", {}, choice)),
    );
    const field = h("p", {}, h("label", { for: "choice" }, label, " "), select);
    const answer = await this.#open(question, [field, names.length > 1 && list(names)], verb);
    return answer === "yes" ? select.value : null;
  }

  /** Shows rows of (keys, meaning). */
  help(rows) {
    const table = h(
      "dl",
      { class: "keys" },
      rows.map(([keys, meaning]) => [h("dt", {}, keys.split(" ").map((key) => h("kbd", {}, key))), h("dd", {}, meaning)]).flat(),
    );
    return this.#open("Keyboard", [table], null);
  }

  /** Whether one is open; the page's keys rest meanwhile. */
  get open() {
    return document.querySelector("dialog[open]") !== null;
  }

  #open(title, content, verb) {
    const dialog = h("dialog", { "aria-labelledby": "question" });
    const answers = verb
      ? [
          h("button", { value: "no", autofocus: true }, "Cancel"),
          h("button", { value: "yes", class: "primary" }, verb),
        ]
      : [h("button", { value: "no", autofocus: true }, "Close")];
    dialog.append(
      h(
        "form",
        { method: "dialog" },
        h("h2", { id: "question" }, title),
        ...content.filter(Boolean),
        h("div", { class: "answers" }, ...answers),
      ),
    );
    const back = document.activeElement;
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        dialog.remove();
        if (back?.isConnected) back.focus({ preventScroll: true });
        resolve(dialog.returnValue);
      });
    });
  }
}

/** A small menu of [label, action] beside a button; it closes by itself. */
export function menu(anchor, entries) {
  const list = h("div", { class: "menu", role: "menu", popover: "auto" });
  for (const [label, act] of entries) {
    list.append(
      button(label, { role: "menuitem" }, () => {
        list.hidePopover();
        act();
      }),
    );
  }
  list.addEventListener("keydown", (event) => moveInMenu(event, list));
  list.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    const inside = list.contains(document.activeElement);
    list.remove();
    if (inside && anchor.isConnected) anchor.focus({ preventScroll: true });
  });
  document.querySelector("main").append(list);
  list.showPopover();
  place(list, anchor.getBoundingClientRect());
  list.firstElementChild.focus({ preventScroll: true });
}

function moveInMenu(event, list) {
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const items = [...list.children];
  items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
}

function place(list, box) {
  const { offsetWidth: width, offsetHeight: height } = list;
  const below = box.bottom + height < window.innerHeight;
  list.style.left = `${Math.max(4, Math.min(box.right - width, window.innerWidth - width - 4))}px`;
  list.style.top = `${below ? box.bottom + 2 : Math.max(4, box.top - height - 2)}px`;
}

function list(names) {
  const shown = names.slice(0, SHOWN).map((name) => h("li", {}, name));
  if (names.length > SHOWN) shown.push(h("li", { class: "quiet" }, `and ${names.length - SHOWN} more`));
  return h("ul", { class: "names" }, shown);
}
