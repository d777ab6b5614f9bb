// Where new blocks go in a text, whatever style it is written in. Each function returns an edit: {start, end, text, select}, or
// null where something else is in their place.

import { lineEnd, lineStart } from "./lines.js";
import { SERVICE_KEY } from "./names.js";
import { quotedIfNeeded } from "./scalars.js";
import { entryOf, itemsOf, readYaml, textOf, valueOf } from "./yaml.js";
import { blockText, flowText, withSelection } from "./write.js";

const isJson = (text) => /^\s*\{/.test(text);

// Adds a camera behind another one (its place in the list), else at the end of the list.
export function addCamera(text, entries, after = null) {
  return addItem(text, readYaml(text), "cameras", entries, after);
}

// Adds a vision service at the end of their list; without one, at the end of the text.
export function addService(text, entries) {
  const tree = readYaml(text);
  const isBlock = tree.kind === "map" && !tree.flow;
  if (!isBlock || entryOf(tree, "services")) return addItem(text, tree, "services", entries, null);
  return edit(text.length, text.length, `${text.endsWith("\n") ? "" : "\n"}\n${blockText([{ key: "services", value: { items: [entries] } }], 0)}\n`);
}

// Fills in the name of a service where a transform lacks one; `key` is the only one that takes it, if not empty. Returns null
// if there is no such place.
export function nameService(text, name, key) {
  const tree = readYaml(text);
  const attributes = itemsOf(valueOf(tree, "cameras")).flatMap((camera) => itemsOf(valueOf(valueOf(camera, "attributes"), "pipeline"))).map((transform) => valueOf(transform, "attributes"));
  const found = attributes.flatMap((node) => node?.entries ?? []).find((entry) => SERVICE_KEY.test(entry.key) && (!key || entry.key === key) && textOf(entry.value) === "" && entry.value.end > entry.value.start);
  return found ? edit(found.value.start, found.value.end, quotedIfNeeded(name, { json: isJson(text), flow: true })) : null;
}

// Adds a transform to the camera at a place of the list, behind another of its transforms, else at the end of its pipeline.
export function addTransform(text, camera, entries, after = null) {
  const tree = readYaml(text);
  const node = valueOf(tree, "cameras").items[camera].value;
  const attributes = valueOf(node, "attributes");
  if (attributes?.kind === "map") return addItem(text, attributes, "pipeline", entries, after);
  const pipeline = { key: "pipeline", value: { items: [entries] } };
  const entry = entryOf(node, "attributes");
  return entry ? fillEntry(text, node, entry, pipeline) : addKey(text, node, { key: "attributes", value: { entries: [pipeline] } });
}

function addItem(text, map, key, item, after) {
  const entry = entryOf(map, key);
  const list = entry?.value;
  if (!entry) return addKey(text, map, { key, value: { items: [item] } });
  const isNothing = list.kind === "seq" ? !list.items.length : list.kind === "empty" || ["", "~", "null"].includes(textOf(list));
  if (!isNothing && list.kind !== "seq") return null;
  if (isNothing) return replaceValue(text, map, entry, { key, value: { items: [item] } });
  const place = after ?? list.items.length - 1;
  return list.flow ? addToFlow(text, list, item, place) : addToBlock(text, list, item, place);
}

// Puts a list into the place of an empty one.
function replaceValue(text, map, entry, { key, value }) {
  const { value: old } = entry;
  if (map.flow) return edit(old.start, old.end, `${old.kind === "empty" ? " " : ""}[${value.items.map((item) => flowText(item, isJson(text))).join(", ")}]`);
  const lines = blockText([{ key, value }], map.column).slice(key.length + 1);
  if (old.kind !== "empty") return edit(trimmedStart(text, old.start), old.end, lines);
  const end = lineEnd(text, entry.keyEnd);
  return edit(end, end, lines);
}

// Gives a key without a value a mapping with one key.
function fillEntry(text, map, entry, inner) {
  const value = { entries: [inner] };
  const { value: old } = entry;
  if (map.flow) return edit(old.start, old.end, ` ${flowText([inner], isJson(text))}`);
  const lines = blockText([{ key: entry.key, value }], map.column).slice(entry.key.length + 1);
  const end = old.kind === "empty" ? lineEnd(text, entry.keyEnd) : old.end;
  return edit(old.kind === "empty" ? end : trimmedStart(text, old.start), end, lines);
}

function addToBlock(text, list, item, place) {
  const at = lineEnd(text, list.items[place].end);
  const pad = " ".repeat(list.column);
  const gap = list.items.length > 1 && /\n[ \t]*\n/.test(text.slice(list.items[0].end, list.items[1].start)) ? "\n" : "";
  return edit(at, at, `\n${gap}${pad}- ${blockText(item, list.column + 2)}`);
}

function addToFlow(text, list, item, place) {
  const { end, start } = list.items[place];
  const indent = text.slice(lineStart(text, start), start);
  return edit(end, end, `,${/^\s*$/.test(indent) ? `\n${indent}` : " "}${flowText(item, isJson(text))}`);
}

// Adds a key to a mapping: as its last one, but at the top of the file as its first.
function addKey(text, map, entry) {
  if (map.kind !== "map" && map.kind !== "empty") return null;
  if (map.kind !== "map") {
    const gap = text.trim() ? (text.endsWith("\n") ? "" : "\n") : "";
    return edit(text.length, text.length, `${gap}${blockText([entry], 0)}\n`);
  }
  if (map.flow) {
    const inner = flowText([entry], isJson(text)).slice(1, -1);
    const last = map.entries.at(-1);
    return last ? edit(last.end, last.end, `, ${inner}`) : edit(map.start + 1, map.start + 1, inner);
  }
  if (map.column === 0) return edit(map.start, map.start, `${blockText([entry], 0)}\n\n`);
  const at = lineEnd(text, map.end);
  return edit(at, at, `\n${" ".repeat(map.column)}${blockText([entry], map.column)}`);
}

function edit(start, end, marked) {
  const { text, select } = withSelection(marked);
  return { start, end, text, select: select ? select.map((at) => start + at) : [start + text.length, start + text.length] };
}

function trimmedStart(text, at) {
  while (text[at - 1] === " ") at--;
  return at;
}
