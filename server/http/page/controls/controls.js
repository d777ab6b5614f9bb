// "Adjust" on a card: controls for the attributes of the camera's transforms. Values take effect at once; "Save" writes them
// into the configuration file.

import { fetchJson } from "../shared/api.js";
import { make, setText, withPeriod } from "../shared/dom.js";
import { recall, remember } from "../shared/memory.js";
import { field } from "./fields.js";
import { adjustable } from "./schema.js";
import { Sender } from "./sender.js";

const PATCH_TIMEOUT_MS = 15_000; // a changed transform may load its model
const SETTLE_MS = 1_000; // a list of cameras that was asked for before the last change may come after it
const SAVED_MS = 5_000; // how long it is confirmed
const SERVICE = /_name$/;

const root = document.documentElement;
root.classList.toggle("explained", Boolean(recall().explained));

export class Controls {
  // `element` is a <details> with its <summary>, `configuration` a Configuration.
  constructor(camera, element, configuration) {
    this.name = camera;
    this.element = element;
    this.configuration = configuration;
    this.blocks = [];
    this.key = null;
    this.mark = make("small", "mark");
    this.summary = element.querySelector("summary");
    this.summary.append(" ", this.mark);
    this.explain = button("Explain", () => this.#explain());
    this.list = make("div", "blocks");
    this.problem = Object.assign(make("p", "refusal"), { role: "alert" });
    this.saved = Object.assign(make("p", "saved"), { role: "status" });
    this.words = make("span");
    this.save = button("Save", () => this.#save());
    this.undo = button("Undo", () => this.#undo());
    this.unsaved = make("div", "unsaved", this.words, this.save, this.undo);
    element.append(this.list, this.unsaved, this.saved, this.problem, make("p", "", this.explain));
    element.addEventListener("toggle", () => element.open && this.camera && this.#refresh());
  }

  show(camera) {
    this.camera = camera;
    const { element, configuration } = this;
    element.hidden = !configuration.known || camera.private || !(camera.transforms ?? []).some(mayBeAdjusted);
    if (element.hidden) return;
    this.#showUnsaved();
    if (element.open) this.#refresh();
  }

  // Builds the controls if the transforms are others than before, and shows the present values.
  async #refresh() {
    const { transforms } = this.camera;
    const key = JSON.stringify(transforms.map(({ type, attributes }) => [type, serviceOf(attributes)]));
    if (key !== this.key) {
      this.key = key;
      try {
        await this.#build(transforms, key);
        setText(this.problem, "");
      } catch (error) {
        this.key = null;
        setText(this.problem, error.message);
        return;
      }
    }
    const unsaved = this.configuration.unsavedOf(this.name);
    for (const block of this.blocks) {
      const transform = this.camera.transforms[block.index];
      if (transform) block.show(transform.attributes, unsaved.find((entry) => entry.transform === block.index));
    }
    this.explain.ariaPressed = String(root.classList.contains("explained"));
  }

  async #build(transforms, key) {
    const [labels, ...attributes] = await Promise.all([labelsOfServices(), ...transforms.map(({ type }) => adjustable(type))]);
    if (key !== this.key) return;
    let known = []; // a transform without a service of its own gets the results of the one before
    this.blocks = transforms.flatMap((transform, index) => {
      known = labels.get(serviceOf(transform.attributes)) ?? known;
      const own = attributes[index].filter(({ name }) => name in transform.attributes);
      return own.length ? [new Block(this.name, index, transform.type, own, known, this.configuration)] : [];
    });
    this.list.replaceChildren(...this.blocks.map(({ element }) => element));
  }

  #explain() {
    const explained = root.classList.toggle("explained");
    remember({ explained });
    this.explain.ariaPressed = String(explained);
  }

  #showUnsaved() {
    const { file, unsaved, writable } = this.configuration.known;
    const own = this.configuration.unsavedOf(this.name).length > 0;
    setText(this.mark, own ? "not saved" : "");
    setText(this.words, writable ? `Not saved in ${file}` : `Not saved; ${file} cannot be written`);
    setText(this.save, unsaved.some(({ camera }) => camera !== this.name) ? "Save all cameras" : "Save");
    this.save.disabled = !writable;
    if (!own && this.unsaved.contains(document.activeElement)) this.summary.focus({ preventScroll: true });
    this.unsaved.hidden = !own;
  }

  async #save() {
    setText(this.problem, "");
    try {
      await fetchJson("api/configuration/save", { method: "POST" }, PATCH_TIMEOUT_MS);
      clearTimeout(this.told);
      setText(this.saved, `Saved to ${this.configuration.known?.file ?? "the file"}`);
      this.told = setTimeout(() => setText(this.saved, ""), SAVED_MS);
    } catch (error) {
      setText(this.problem, error.message);
    }
    this.configuration.changed();
  }

  #undo() {
    for (const { transform, before } of this.configuration.unsavedOf(this.name)) {
      this.blocks.find(({ index }) => index === transform)?.restore(before);
    }
  }
}

// The controls of one transform.
class Block {
  constructor(camera, index, type, attributes, labels, configuration) {
    this.index = index;
    this.address = `api/cameras/${camera}/transforms/${index}`;
    this.configuration = configuration;
    this.values = {};
    this.settledMs = -Infinity;
    this.sender = new Sender((values) => this.#send(values));
    this.problem = Object.assign(make("p", "refusal"), { role: "alert" });
    this.rows = new Map(attributes.map((attribute) => [attribute.name, new Row(`adjust-${camera}-${index}-${attribute.name}`, attribute, labels, (value) => this.sender.push(attribute.name, value))]));
    this.element = make("fieldset", "", make("legend", "", type), ...[...this.rows.values()].map(({ element }) => element), this.problem);
  }

  show(values, unsaved) {
    if (performance.now() >= this.settledMs + SETTLE_MS && this.sender.isIdle) this.values = values;
    for (const [name, row] of this.rows) {
      if (!this.sender.has(name)) row.show(this.values[name]);
      row.markUnsaved(unsaved, name);
    }
  }

  restore(values) {
    for (const [name, value] of Object.entries(values)) this.sender.push(name, value);
  }

  // Returns what to do once the request is through.
  async #send(values) {
    const init = { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify(values) };
    try {
      const { attributes } = await fetchJson(this.address, init, PATCH_TIMEOUT_MS);
      return () => this.#settle(values, attributes, null);
    } catch (error) {
      return () => this.#settle(values, this.values, error);
    }
  }

  #settle(sent, values, error) {
    this.values = values;
    this.settledMs = performance.now();
    setText(this.problem, "");
    const names = Object.keys(sent);
    for (const name of names) {
      const row = this.rows.get(name);
      // A refusal may name the other one of two values that do not fit.
      row?.refuse(error?.errors.filter(({ path }) => path === name || (!(path in sent) && name === names[0])) ?? []);
      if (row && !this.sender.has(name)) row.show(values[name]);
    }
    if (error && !error.errors.length) setText(this.problem, error.message);
    if (this.sender.isIdle) this.configuration.changed();
  }
}

// One attribute: its name, its control, whether the value is saved, what it means, why the server has refused a value.
class Row {
  constructor(id, attribute, labels, onValue) {
    this.attribute = attribute;
    const { name, help } = attribute;
    this.mark = Object.assign(make("small", "mark", make("span", "visually-hidden", "not saved")), { hidden: true, title: "Not saved" });
    this.refusal = Object.assign(make("p", "refusal"), { id: `${id}-refusal`, role: "alert" });
    const explanation = Object.assign(make("p", "help", help), { id: `${id}-help` });
    this.field = field(attribute, id, labels, (value) => {
      this.refuse([]);
      onValue(value);
    }, (words) => this.#say(words));
    const label = Object.assign(make("label", "", name), { htmlFor: id, title: help });
    this.element = make("div", `row ${attribute.kind}`, make("div", "title", label, this.mark), this.field.element, this.refusal, explanation);
    this.inputs = [...this.field.element.querySelectorAll("input, select")];
    for (const input of this.inputs) input.setAttribute("aria-describedby", `${explanation.id} ${this.refusal.id}`);
  }

  show(value) {
    if (this.field.isHeld()) return;
    this.field.show(value ?? null);
    for (const input of this.inputs) input.ariaInvalid = null; // the words stay, but are about another value
  }

  markUnsaved(unsaved, name) {
    const value = unsaved?.attributes[name];
    const before = unsaved?.before?.[name] ?? this.attribute.fallback;
    this.mark.hidden = value === undefined || JSON.stringify(value) === JSON.stringify(before);
  }

  // Shows the errors of a reply of the server: [{path, message}].
  refuse(errors) {
    this.#say(errors.map(({ path, message }) => withPeriod(`${path} ${message}`)).join(" "));
  }

  #say(words) {
    setText(this.refusal, words);
    for (const input of this.inputs) input.ariaInvalid = words ? "true" : null;
  }
}

function button(text, onClick) {
  const made = Object.assign(make("button", "quiet", text), { type: "button" });
  made.addEventListener("click", onClick);
  return made;
}

const serviceOf = (attributes) => Object.entries(attributes).find(([name, value]) => SERVICE.test(name) && value)?.[1] ?? null;

// Without the schema, which is large and rarely needed, only a guess.
const mayBeAdjusted = ({ attributes }) => Object.entries(attributes).some(([name, value]) => !SERVICE.test(name) && !isBlock(value));

const isBlock = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// Returns the labels of each vision service. They are only suggestions.
async function labelsOfServices() {
  const services = await fetchJson("api/vision").catch(() => []);
  return new Map(services.map(({ name, labels }) => [name, labels]));
}
