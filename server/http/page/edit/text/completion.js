// What to offer where the cursor is: keys of the schema that are not there yet, words that a value may be, and names.

import { contextAt } from "./context.js";
import { lineStart } from "./lines.js";
import { namesFor } from "./names.js";
import { defaultText, typeText } from "./schema.js";
import { quotedIfNeeded } from "./scalars.js";

const OFFERED_MAX = 200;

// Returns {start, end, prefix, items} or null; an item is {label, detail, description, text, caret}: `text` goes in place of
// what stands from start to end, and the cursor behind its first `caret` characters. `again`: offer values right after it.
// `tree` is the text as it was read last, for its names.
export function complete(text, offset, { schema, tree, served = [] }) {
  const context = contextAt(text, offset);
  if (!context) return null;
  const { start, end, prefix } = context;
  context.json = /^\s*\{/.test(text);
  const items = context.isKey ? keyItems(schema, context, context.path, context.node, text) : valueItems(schema, context, text, tree, served);
  const shown = matching(items, prefix).slice(0, OFFERED_MAX);
  return shown.length ? { start, end, prefix, items: shown, isKey: context.isKey } : null;
}

function keyItems(schema, context, path, node, text) {
  const present = new Set(node?.entries.map(({ key }) => key));
  const keys = schema.keys(schema.at(path), node).filter(({ key }) => !present.has(key));
  keys.sort((a, b) => Number(b.required ?? false) - Number(a.required ?? false));
  return keys.map(({ key, description = "", default: standard, required, views }) => ({
    label: key,
    detail: required ? "required" : defaultText(standard),
    description: [description, sentenceOf(typeText(views))].filter(Boolean).join(" "),
    ...(context.hasColon ? keyOnly(key, context) : keyText(key, views, context, text)),
  }));
}

const keyOnly = (key, { json }) => ({ text: json ? JSON.stringify(key) : key, caret: key.length + (json ? 2 : 0) });

const sentenceOf = (words) => (words ? `${words[0].toUpperCase()}${words.slice(1)}.` : "");

// Returns what a key looks like with its colon, in the style of its surroundings, and where the cursor goes.
function keyText(name, views, { flow, start, json, dash = "" }, text) {
  const types = new Set(views.map(({ schema }) => schema.type ?? (schema.properties ? "object" : "")));
  const isPlain = ["string", "integer", "number", "boolean"].some((type) => types.has(type)) || views.some(({ schema }) => schema.enum || schema.const !== undefined);
  const isObject = !isPlain && types.has("object");
  const isList = !isPlain && types.has("array");
  const ofObjects = isList && views.some(({ schema }) => schema.items?.oneOf || schema.items?.properties || schema.items?.$ref);
  const line = text.slice(lineStart(text, start), start);
  const inner = `\n${" ".repeat(line.length + dash.length + 2)}`;
  const key = `${dash}${json ? JSON.stringify(name) : name}`;
  if (flow) {
    const filled = isObject ? `${key}: {}` : isList ? `${key}: []` : `${key}: `;
    return { text: filled, caret: filled.length - (isObject || isList ? 1 : 0), again: true };
  }
  if (isObject) return { text: `${key}:${inner}`, caret: key.length + 1 + inner.length, again: true };
  if (ofObjects) return { text: `${key}:${inner}- `, caret: key.length + 3 + inner.length, again: true };
  if (isList) return { text: `${key}: []`, caret: key.length + 3, again: true };
  return { text: `${key}: `, caret: key.length + 2, again: true };
}

function valueItems(schema, context, text, tree, served) {
  const { path, inline, flow, json } = context;
  const views = schema.at(path);
  const names = namesFor(tree, path, served);
  const taken = new Set(path.at(-1)?.index === undefined ? [] : path.at(-1).container.items.map(({ value }) => value.text));
  const words = (names ?? schema.words(views)).filter(({ value }) => !taken.has(value) || value === undefined);
  const items = words.map(({ value, description = "", isDefault }) => {
    const written = quotedIfNeeded(value, { json, flow });
    // Directly after a colon a space is missing.
    const filled = text[context.start - 1] === ":" ? ` ${written}` : written;
    return { label: String(value), detail: isDefault ? "default" : "", description, text: filled, caret: filled.length };
  });
  // A mapping that begins in a line of its own, or after a dash: its first key.
  if (inline || flow) return items;
  if (views.some((view) => view.schema.properties)) {
    const isItem = path.at(-1)?.container.items?.[path.at(-1).index]?.hasDash === false;
    return [...items, ...keyItems(schema, { ...context, hasColon: false, dash: isItem ? "- " : "" }, path, null, text)];
  }
  const isList = views.some((view) => view.schema.items?.oneOf || view.schema.items?.properties);
  return isList ? [...items, ...listItems(schema, context, text)] : items;
}

// A list of mappings that begins here: the first key of its first entry.
function listItems(schema, context, text) {
  const path = [...context.path, { container: { items: [] }, index: 0 }];
  return keyItems(schema, { ...context, hasColon: false, dash: "- " }, path, null, text).filter(({ detail }) => detail === "required").slice(0, 1);
}

// Leaves what has the typed letters, best first: at the start, at the start of a word, anywhere in order.
function matching(items, prefix) {
  const typed = prefix.trim().toLowerCase();
  if (!typed) return items;
  return items
    .map((item, place) => ({ item, place, rank: rankOf(item.label.toLowerCase(), typed) }))
    .filter(({ rank }) => rank < 3)
    .sort((a, b) => a.rank - b.rank || a.place - b.place)
    .map(({ item }) => item);
}

function rankOf(label, typed) {
  if (label.startsWith(typed)) return 0;
  if (label.split(/[_\s-]/).some((word) => word.startsWith(typed))) return 1;
  let at = -1;
  for (const letter of typed) if ((at = label.indexOf(letter, at + 1)) < 0) return 3;
  return typed.length > 1 ? 2 : 3;
}
