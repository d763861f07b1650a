// Elements from plain values. Text only ever becomes text: there is no way to pass markup.

/**
 * Make an element. `on` in attributes holds listeners; null, undefined and false leave an attribute out,
 * true sets it empty. Children are nodes, or anything else as text; null and false are left out.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else {
      setAttribute(element, name, value);
    }
  }
  append(element, children);
  return element;
}

/** The same for SVG, without listeners. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  append(element, children);
  return element;
}

/** Change an attribute, touching the document only if it differs. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** Change the text of an element, touching the document only if it differs. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A button that looks like text; `label` is what it says, `attributes` as for `h`. */
export function button(label, attributes, click) {
  return h("button", { type: "button", ...attributes, on: { click } }, label);
}

function append(element, children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}
