// How the labels of a camera are shown: in its picture, or drawn by this page, which can then leave some out.

import { colorOf } from "../drawing/colors.js";
import { isText, labelOf } from "../drawing/items.js";
import { iconButton, make, percentage, setText } from "../shared/dom.js";
import { recall, remember } from "../shared/memory.js";

const SLIDERS = "M4 7h9m4 0h3M4 17h3m4 0h9M15 4.500v5M9 14.500v5";
const ROWS_MAX = 100;

let panels = 0;

export class Choices {
  #hidden = new Set();
  #rows = new Map(); // by label
  #least = 0;

  // `onChange` is called when labels are to be shown in another way; `onFilter` when others are left out.
  constructor(name, { onChange, onFilter }) {
    this.onChange = onChange;
    this.onFilter = onFilter;
    this.#build(name);
  }

  // Whether this page draws the labels.
  get drawn() {
    return this.drawnByPage.checked;
  }

  // Returns whether an item is shown.
  shows(item) {
    return (item.confidence ?? 1) >= this.#least && (isText(item) || !this.#hidden.has(labelOf(item)));
  }

  // Notes the labels of items, so that each can be chosen.
  note(items) {
    for (const item of items) {
      const label = labelOf(item);
      if (isText(item) || this.#rows.has(label) || this.#rows.size >= ROWS_MAX) continue;
      this.#rows.set(label, this.#rowOf(label));
      const sorted = [...this.#rows].sort(([a], [b]) => a.localeCompare(b)).map(([, row]) => row);
      this.list.replaceChildren(...sorted);
      this.classes.hidden = false;
    }
  }

  close() {
    this.panel.hidden = true;
    this.button.ariaExpanded = "false";
  }

  #build(name) {
    const id = `label-choices-${(panels += 1)}`;
    const radio = (text, checked) => {
      const input = Object.assign(make("input"), { type: "radio", name: id, checked });
      input.addEventListener("change", () => this.#changed());
      return [input, make("label", "", input, text)];
    };
    const remembered = recall().drawn === true;
    const [inPicture, inPictureRow] = radio("In the picture", !remembered);
    const [drawnByPage, drawnRow] = radio("Drawn by this page", remembered);
    Object.assign(this, { inPicture, drawnByPage });
    this.range = Object.assign(make("input"), { type: "range", min: 0, max: 1, step: 0.01, value: 0 });
    this.output = make("output", "", "0 %");
    this.range.addEventListener("input", () => {
      this.#least = Number(this.range.value);
      setText(this.output, percentage(this.#least));
      this.onFilter();
    });
    this.list = make("ul");
    this.classes = Object.assign(make("fieldset", "", make("legend", "", "Show"), this.list), { hidden: true });
    this.own = make("div", "own", make("label", "", make("span", "", "Least confidence"), this.range, this.output), this.classes);
    this.panel = make("div", "label-choices", make("fieldset", "", make("legend", "", "Labels and boxes"), inPictureRow, drawnRow), this.own);
    Object.assign(this.panel, { id, hidden: true, role: "group", ariaLabel: `Labels of ${name}` });
    this.button = iconButton("tool choose-labels", SLIDERS, `How labels are shown on ${name}`);
    this.button.ariaExpanded = "false";
    this.button.setAttribute("aria-controls", id);
    this.button.addEventListener("click", () => {
      this.panel.hidden = !this.panel.hidden;
      this.button.ariaExpanded = String(!this.panel.hidden);
    });
    this.panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
      this.button.focus({ preventScroll: true });
    });
    this.#showOwn();
  }

  #changed() {
    remember({ drawn: this.drawn });
    this.#showOwn();
    this.onChange();
  }

  // What this page cannot do with labels in the picture is not there.
  #showOwn() {
    this.own.hidden = !this.drawn;
  }

  #rowOf(label) {
    const input = Object.assign(make("input"), { type: "checkbox", checked: !this.#hidden.has(label) });
    const swatch = make("i", "swatch");
    swatch.style.setProperty("--color", colorOf(label));
    input.addEventListener("change", () => {
      if (input.checked) this.#hidden.delete(label);
      else this.#hidden.add(label);
      this.onFilter();
    });
    return make("li", "", make("label", "", input, swatch, make("span", "", label)));
  }
}
