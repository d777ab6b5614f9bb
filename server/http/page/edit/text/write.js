// Writes new keys (as blocks.js describes them) in block style with comments, or in braces without.

import { quotedIfNeeded } from "./scalars.js";

const [BEGIN, END] = ["\u{E001}", "\u{E002}"]; // around the value to fill in

// Returns keys as lines of a mapping in a column; the first line is not indented.
export function blockText(entries, column) {
  const pad = " ".repeat(column);
  const lines = entries.map((entry) => ({ ...entry, head: `${entry.key}:`, scalar: scalarOf(entry, {}) }));
  const width = Math.max(0, ...lines.filter(({ comment }) => comment).map(({ head, scalar }) => visible(scalar === null ? head : `${head} ${scalar}`)));
  return lines
    .map(({ head, scalar, value, comment }) => {
      const line = scalar === null ? head : `${head} ${scalar}`;
      const explained = comment ? `${line}${" ".repeat(Math.max(0, width - visible(line)))}  # ${comment}` : line;
      if (scalar !== null) return explained;
      if (value.items) return `${explained}${value.items.map((item) => `\n${pad}  - ${blockText(item, column + 4)}`).join("")}`;
      return value.entries.length ? `${explained}\n${pad}  ${blockText(value.entries, column + 2)}` : `${head} {}`;
    })
    .join(`\n${pad}`);
}

// Returns keys as a mapping in braces, as YAML or as JSON.
export function flowText(entries, json) {
  const written = entries.map((entry) => {
    const key = json ? JSON.stringify(entry.key) : entry.key;
    const scalar = scalarOf(entry, { json, flow: true });
    if (scalar !== null) return `${key}: ${scalar}`;
    const { items, entries: inner } = entry.value;
    return `${key}: ${items ? `[${items.map((item) => flowText(item, json)).join(", ")}]` : flowText(inner, json)}`;
  });
  return `{${written.join(", ")}}`;
}

// Returns a text without the marks, and which part of it is to be selected: {text, select: [from, to]}.
export function withSelection(text) {
  const from = text.indexOf(BEGIN);
  if (from < 0) return { text, select: null };
  const to = text.indexOf(END, from) - 1;
  const value = text.slice(from + 1, to + 1);
  const isQuoted = /^".*"$/.test(value); // the quotes stay
  return { text: text.replaceAll(BEGIN, "").replaceAll(END, ""), select: isQuoted ? [from + 1, to - 1] : [from, to] };
}

function scalarOf({ value, fill }, style) {
  if (isNested(value)) return null;
  const written = quotedIfNeeded(value, style);
  return fill ? `${BEGIN}${written}${END}` : written;
}

const isNested = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const visible = (text) => text.replaceAll(BEGIN, "").replaceAll(END, "").length;
