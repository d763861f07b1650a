// What the configuration files say now, compared with what runs, and the button that applies it.

import { get, post } from "./api.js";
import { button, h } from "./dom.js";
import { plural } from "./format.js";
import { panel } from "./processview.js";

const KINDS = [
  ["added", "Added", "will be started"],
  ["changed", "Changed", "will be stopped and started anew"],
  ["removed", "Removed", "will be stopped"],
];

/** The page of the plan. */
export class PlanView {
  constructor(dialogs, announce) {
    this.dialogs = dialogs;
    this.announce = announce;
    this.title = "Plan";
    this.again = button("Read again", { class: "act" }, () => this.show());
    this.apply = button("Update", { class: "act primary", disabled: true }, () => this.#update());
    this.summary = h("p", { class: "summary", role: "status" });
    this.body = h("div", { class: "plan" });
    this.element = h(
      "div",
      { class: "page" },
      h(
        "header",
        { class: "toolbar process-head" },
        h("h1", {}, "Plan"),
        this.summary,
        h("div", { class: "acts" }, this.again, this.apply),
      ),
      this.body,
    );
  }

  /** Read the configuration and show what an update would do. */
  async show() {
    await this.#busy(this.again, async () => this.#present(await get("plan")));
  }

  async #update() {
    const { removed, changed } = this.plan;
    const stopped = [...removed, ...changed];
    const question = `Update? This stops ${plural(stopped.length, "group")}.`;
    if (stopped.length && !(await this.dialogs.confirm(question, "Update", stopped))) return;
    await this.#busy(this.apply, async () => {
      const done = await post("update", { groups: null });
      const count = done.added.length + done.changed.length + done.removed.length;
      this.announce(`Updated ${plural(count, "group")}.`, false);
      this.#present(await get("plan"));
    });
  }

  async #busy(control, work) {
    control.setAttribute("aria-busy", "true");
    this.again.disabled = this.apply.disabled = true;
    try {
      await work();
    } catch (error) {
      this.plan = null;
      this.summary.textContent = "";
      this.body.replaceChildren(h("p", { class: "problem block-problem", role: "alert" }, error.message));
    } finally {
      control.removeAttribute("aria-busy");
      this.again.disabled = false;
      this.apply.disabled = !this.plan || !count(this.plan);
    }
  }

  #present(plan) {
    this.plan = plan;
    const total = count(plan);
    this.summary.textContent = total ? `An update would touch ${plural(total, "group")}.` : "What runs is what the files say.";
    const warnings = plan.warnings.length ? [panel("Warnings", h("ul", {}, plan.warnings.map((text) => h("li", {}, text))))] : [];
    const parts = KINDS.filter(([kind]) => plan[kind].length).map(([kind, title, effect]) =>
      panel(`${title}: ${plan[kind].length}`, h("p", { class: "quiet" }, effect), groupList(kind, plan)),
    );
    this.body.replaceChildren(...warnings, ...parts);
  }

  /** Read again after the connection was lost. */
  reconnected() {
    this.show();
  }

  /** Called when the page is left. */
  close() {}

  /** Take a key; returns whether it meant something here. */
  onKey(key) {
    if (key !== "u") return false;
    location.hash = "#/";
    return true;
  }
}

function count({ added, changed, removed }) {
  return added.length + changed.length + removed.length;
}

function groupList(kind, plan) {
  return h(
    "ul",
    { class: "plan-groups", "data-kind": kind },
    plan[kind].map((name) => h("li", {}, h("strong", {}, name), differences(plan.options.filter((one) => one.group === name)))),
  );
}

function differences(options) {
  if (!options.length) return null;
  const heads = ["Process", "Option", "Now", "Then"].map((text) => h("th", { scope: "col" }, text));
  const rows = options.map(({ process, option, old, new: next }) =>
    h(
      "tr",
      {},
      h("td", {}, process || "(group)"),
      h("td", { class: "mono" }, option),
      h("td", { class: "mono" }, old === null ? "–" : h("del", {}, old)),
      h("td", { class: "mono" }, next === null ? "–" : h("ins", {}, next)),
    ),
  );
  return h("table", { class: "differences" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows));
}
