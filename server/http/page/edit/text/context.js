// Where in a configuration a place in its text is: the path of keys and numbers that leads there.

import { lineEnd, lineStart } from "./lines.js";
import { itemsOf, readYaml, textOf, valueOf } from "./yaml.js";

const MARK = "\u{E000}"; // stands for the cursor; no file has it

// Returns what can be typed at an offset, null in a comment: {path, isKey, start, end, prefix, node, inline, flow}. The nodes
// of the path are of the entry around, not of the whole text.
// `path` has a step {container, key} or {container, index} for every level, `start` to `end` is what stands there now, and
// `prefix` its part before the cursor. With `isKey`, a key of `node` is typed, else the value at the end of the path.
export function contextAt(text, offset) {
  const { header, begin, end: stop } = around(text, offset);
  const shift = header.length - begin;
  const tree = readYaml(header + text.slice(begin, offset) + MARK + text.slice(offset, stop));
  const found = search(tree, [], offset + shift);
  if (!found) return null;
  const { node, entry, path } = found;
  const [start, end] = (entry ? [entry.keyStart, entry.keyEnd] : [node.start, node.end]).map((at) => at - shift);
  const line = text.slice(lineStart(text, start), start);
  return {
    path,
    isKey: Boolean(entry),
    node: entry ? node : null,
    start,
    end: end - 1,
    prefix: text.slice(start, offset).replace(/^["']/, ""),
    hasColon: Boolean(entry?.hasColon),
    flow: (path.at(-1)?.container.flow || node.flow) ?? false,
    inline: /:\s+$|:$/.test(line) && /\S/.test(line), // after a colon in the same line
  };
}

const TOP = /^[^\s#\-'"{}[\]][^\n]*:/;
const IGNORED = /^\s*(?:#|$)/;

// Returns the part of a text that tells what an offset is in: the key at the top of the file (as header), and the entry of its
// list. To read all of a long text after every letter would take too long.
function around(text, offset) {
  const whole = { header: "", begin: 0, end: text.length };
  const lineAt = (at) => text.slice(at, lineEnd(text, at));
  const before = (at) => (at > 0 ? lineStart(text, at - 1) : -1); // the line above; -1 above the first
  let top = lineStart(text, offset);
  while (top >= 0 && !TOP.test(lineAt(top))) top = before(top);
  if (top < 0) return whole;
  let end = Math.max(offset, top);
  do end = lineEnd(text, end) + 1;
  while (end < text.length && !TOP.test(lineAt(end)));
  end = Math.min(end, text.length);
  const section = { header: "", begin: top, end };
  let first = lineEnd(text, top) + 1;
  while (first < end && IGNORED.test(lineAt(first))) first = lineEnd(text, first) + 1;
  const dash = /^ *- /.exec(lineAt(first))?.[0];
  if (!dash || offset < first) return section;
  let begin = lineStart(text, offset);
  while (begin > first && !text.startsWith(dash, begin)) begin = before(begin);
  let next = Math.max(offset, begin);
  do next = lineEnd(text, next) + 1;
  while (next < end && !text.startsWith(dash, next));
  return { header: text.slice(top, lineEnd(text, top) + 1), begin, end: Math.min(next, end) };
}

function search(node, path, offset) {
  if (node.kind === "scalar") return node.start <= offset && offset <= node.end && node.text.includes(MARK) ? { node, path } : null;
  if (node.kind === "map") {
    for (const entry of node.entries) {
      if (entry.end < offset) continue;
      if (entry.start > offset) return null;
      if (entry.key.includes(MARK)) return { node: without(node, entry), entry, path };
      const found = search(entry.value, [...path, { container: node, key: entry.key }], offset);
      if (found) return found;
    }
  }
  if (node.kind === "seq") {
    for (const [index, item] of node.items.entries()) {
      if (item.end < offset) continue;
      const found = search(item.value, [...path, { container: node, index }], offset);
      if (found) return found;
    }
  }
  return null;
}

const without = (node, entry) => ({ ...node, entries: node.entries.filter((each) => each !== entry) });

// Returns the path to the key or value at an offset of a tree that has been read: {path, start, end, onKey, node}.
export function pathAt(tree, offset) {
  let path = [];
  let node = tree;
  let found = null;
  for (;;) {
    if (node.kind === "map") {
      const entry = node.entries.find((each) => each.start <= offset && offset <= each.end);
      if (!entry) return found;
      path = [...path, { container: node, key: entry.key }];
      found = { path, start: entry.keyStart, end: entry.keyEnd, onKey: offset <= entry.keyEnd, node: entry.value };
      if (found.onKey) return found;
      node = entry.value;
    } else if (node.kind === "seq") {
      const index = node.items.findIndex((item) => item.start <= offset && offset <= item.end);
      if (index < 0) return found;
      path = [...path, { container: node, index }];
      const { value, start } = node.items[index];
      found = { path, start: value.kind === "scalar" ? value.start : start, end: value.kind === "scalar" ? value.end : start + 1, onKey: false, node: value };
      node = value;
    } else {
      if (found && node.start <= offset && node.kind !== "empty") found = { ...found, start: node.start, end: node.end, onKey: false };
      return found;
    }
  }
}

// Writes a path as the server does: cameras[0].attributes.source.
export const pathText = (path) => path.map((step) => (step.key === undefined ? `[${step.index}]` : `.${step.key}`)).join("").replace(/^\./, "");

// Returns the entries of a list at the top as {name, node, start, end}; the text up to the next entry belongs to one.
export function blocksOf(tree, key) {
  const list = valueOf(tree, key);
  if (list?.kind !== "seq") return [];
  const after = list.flow ? list.end : endOf(tree, list);
  return list.items.map(({ value: node, start }, place) => ({
    name: textOf(valueOf(node, "name")),
    model: textOf(valueOf(node, "model")),
    type: textOf(valueOf(node, "type")),
    node,
    start,
    end: list.items[place + 1]?.start ?? after,
  }));
}

// Returns where the text of a block list ends: at the next key of the mapping around it.
function endOf(tree, list) {
  const next = tree.entries.find(({ start }) => start > list.start);
  return next ? next.start : Infinity;
}

// Returns the camera that an offset is in.
export const cameraAt = (tree, offset) => blocksOf(tree, "cameras").find(({ start, end }) => start <= offset && offset < end) ?? null;

// Returns the entries of the pipeline of a camera, as nodes.
export const pipelineOf = (camera) => itemsOf(valueOf(valueOf(camera?.node, "attributes"), "pipeline"));
