// The list of what could stand at the cursor. The focus stays in the text; the list is controlled with its keys.

import { make, setText } from "../shared/dom.js";

const SHOWN_ROWS = 8;

export class Popup {
  #items = [];
  #chosen = 0;
  #point = null;

  // `field` is the text field, `onAccept` gets the item that is chosen.
  constructor(element, field, onAccept) {
    this.element = element;
    this.field = field;
    this.onAccept = onAccept;
    this.list = element.querySelector("[role=listbox]");
    this.about = element.querySelector(".about");
    this.said = document.getElementById("offered");
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // keeps the focus, and the keyboard of a phone
      const row = event.target.closest("[role=option]");
      if (row) this.#choose([...this.list.children].indexOf(row));
    });
    this.list.addEventListener("click", (event) => event.target.closest("[role=option]") && this.accept());
    element.addEventListener("pointerdown", (event) => event.preventDefault());
  }

  get isOpen() {
    return !this.element.hidden;
  }

  // Shows items at a point of the window.
  open(items, point) {
    this.#items = items;
    this.list.replaceChildren(...items.map((item, place) => {
      const row = make("li", "", make("span", "label", item.label), make("small", "", item.detail ?? ""));
      row.role = "option";
      row.id = `offer-${place}`;
      return row;
    }));
    this.element.hidden = false;
    this.#point = point;
    this.#choose(0);
    setText(this.said, `${items.length} ${items.length === 1 ? "suggestion" : "suggestions"}: ${items[0].label}`);
  }

  // Puts the list below a point, or above if there is more room.
  place(point) {
    this.#point = point;
    const { x, y, height } = point;
    const { element } = this;
    const box = element.getBoundingClientRect();
    const below = innerHeight - y - height;
    element.style.left = `${Math.max(8, Math.min(x, innerWidth - box.width - 8))}px`;
    element.style.top = below > box.height + 8 || below > y ? `${y + height + 2}px` : `${Math.max(8, y - box.height - 2)}px`;
  }

  close() {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.field.removeAttribute("aria-activedescendant");
    setText(this.said, "");
  }

  accept() {
    const item = this.#items[this.#chosen];
    this.close();
    this.onAccept(item);
  }

  // Uses a key of the text field if it is one of the list. Returns whether it has.
  key({ key, ctrlKey, metaKey, altKey, shiftKey }) {
    if (!this.isOpen || ctrlKey || metaKey || altKey || shiftKey) return false;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: SHOWN_ROWS, PageUp: -SHOWN_ROWS };
    if (key in steps) {
      const count = this.#items.length;
      const next = this.#chosen + steps[key];
      this.#choose(Math.abs(steps[key]) > 1 ? Math.max(0, Math.min(count - 1, next)) : (next + count) % count);
    } else if (key === "Enter" || key === "Tab") this.accept();
    else if (key === "Escape") this.close();
    else return false;
    return true;
  }

  #choose(place) {
    this.list.children[this.#chosen]?.setAttribute("aria-selected", "false");
    this.#chosen = place;
    const row = this.list.children[place];
    row.setAttribute("aria-selected", "true");
    row.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", row.id);
    setText(this.about, this.#items[place].description ?? "");
    this.about.hidden = !this.#items[place].description;
    this.place(this.#point); // what is said of it may be long
  }
}
