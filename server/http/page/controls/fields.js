// Controls for single values. Each has `element`, `show(value)`, and `isHeld()`: the user is at it, so that it must not change.

import { make, setText } from "../shared/dom.js";

const OPTIONS_MAX = 50;
const builders = { number: numberField, choice: choiceField, switch: switchField, list: listField };

// Returns the control for an attribute as schema.js describes it. `id` is for its label, `labels` are suggestions for a
// list; `onValue` is called with each value, `onMistake` with a sentence if there is none.
export function field(attribute, id, labels, onValue, onMistake) {
  return builders[attribute.kind](attribute, { id, labels, onValue, onMistake });
}

function numberField({ name, least, most, step, slider, optional, fallback }, { id, onValue, onMistake }) {
  const number = Object.assign(make("input", "number"), { type: "number", id, step, inputMode: "decimal", autocomplete: "off" });
  setLimits(number, least, most);
  if (optional || fallback !== null) number.placeholder = optional ? "auto" : String(fallback);
  const range = slider ? Object.assign(make("input"), { type: "range", step, ariaLabel: name }) : null;
  let isTyped = false;
  number.addEventListener("input", () => (isTyped = true));
  number.addEventListener("change", () => {
    if (number.validity.badInput) return onMistake("This is not a number.");
    if (range && number.value) range.value = number.value;
    onValue(number.value === "" ? null : number.valueAsNumber);
  });
  number.addEventListener("blur", () => (isTyped = false));
  if (range) {
    setLimits(range, least, most);
    range.addEventListener("input", () => {
      number.value = range.value;
      onValue(range.valueAsNumber);
    });
  }
  const element = make("div", "value", range, number);
  return {
    element,
    isHeld: () => isTyped || range?.matches(":active"),
    show(value) {
      if (step === "any") number.step = arrowStep(name, value ?? fallback);
      setValue(number, value === null ? "" : String(value));
      if (range && value !== null && range.valueAsNumber !== value) range.value = String(value);
    },
  };
}

// Returns what an arrow key adds to a number without limits. Values in _px up to 1 may be fractions of the picture.
function arrowStep(name, value) {
  if (name.endsWith("_s")) return 0.1;
  return name.endsWith("_px") && Math.abs(value) <= 1 ? 0.01 : 1;
}

function setLimits(input, least, most) {
  if (least !== undefined) input.min = least;
  if (most !== undefined) input.max = most;
}

function setValue(input, text) {
  if (input.value !== text) input.value = text;
}

function choiceField({ options, optional }, { id, onValue }) {
  const select = Object.assign(make("select", "", ...(optional ? ["", ...options] : options).map((option) => new Option(option || "auto", option))), { id });
  select.addEventListener("change", () => onValue(select.value || null));
  return { element: make("div", "value", select), isHeld: () => false, show: (value) => setValue(select, value ?? "") };
}

function switchField(_, { id, onValue }) {
  const box = Object.assign(make("input"), { type: "checkbox", id, role: "switch" });
  box.addEventListener("change", () => onValue(box.checked));
  return { element: make("div", "value", box), isHeld: () => false, show: (value) => (box.checked = Boolean(value)) };
}

function listField(_, { id, labels, onValue }) {
  const input = Object.assign(make("input", "list"), { type: "text", id, autocomplete: "off", spellcheck: false, autocapitalize: "off", placeholder: "all" });
  const suggestions = Object.assign(make("datalist"), { id: `${id}-labels` });
  input.setAttribute("list", suggestions.id);
  let isTyped = false;
  input.addEventListener("focus", () => suggest(input, suggestions, labels));
  input.addEventListener("input", () => {
    isTyped = true;
    suggest(input, suggestions, labels);
  });
  input.addEventListener("change", () => onValue(splitLabels(input.value, labels)));
  input.addEventListener("blur", () => (isTyped = false));
  const note = make("small", "unlisted");
  const known = new Set(labels.map((label) => label.toLowerCase()));
  return {
    element: make("div", "value", input, suggestions, note),
    isHeld: () => isTyped,
    show(value) {
      const unknown = known.size ? (value ?? []).filter((label) => !known.has(label.toLowerCase())) : [];
      setValue(input, (value ?? []).join(", "));
      setText(note, unknown.length ? `The service does not list ${unknown.join(", ")}.` : "");
    },
  };
}

// Offers the labels for the last word. A browser replaces the whole text by what is chosen, so each has the words before.
function suggest(input, suggestions, labels) {
  const start = input.value.lastIndexOf(",") + 1;
  const before = start ? `${input.value.slice(0, start).trim()} ` : "";
  const given = splitLabels(input.value.slice(0, start), labels).map((label) => label.toLowerCase());
  const word = input.value.slice(start).trim().toLowerCase();
  const fitting = labels.filter((label) => label.toLowerCase().includes(word) && !given.includes(label.toLowerCase()));
  suggestions.replaceChildren(...fitting.slice(0, OPTIONS_MAX).map((label) => new Option("", before + label)));
}

// Splits at the commas, except those within a known label ("tench, Tinca tinca").
export function splitLabels(text, labels) {
  const parts = text.split(",").map((part) => part.trim());
  const known = new Set(labels.filter((label) => label.includes(",")).map((label) => label.toLowerCase().replace(/\s*,\s*/g, ",")));
  const found = [];
  while (parts.length) {
    let count = known.size ? parts.length : 1;
    while (count > 1 && !known.has(parts.slice(0, count).join(",").toLowerCase())) count--;
    const label = parts.splice(0, count).join(", ");
    if (label) found.push(label);
  }
  return found;
}
