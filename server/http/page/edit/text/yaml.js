// Reads YAML (and JSON, which is YAML too) while it is being typed: a tree with the place of every node, as far as the text
// makes sense. It never fails. What is wrong with a text, the server says.
//
// Nodes have `start` and `end` (offsets into the text) and a `kind`:
//   map     `entries` of {key, keyStart, keyEnd, hasColon, value, start, end}; `flow`: in braces; `column`
//   seq     `items` of {value, start, end}, which start at their dash; `flow`: in brackets; `column`
//   scalar  `text`, `style` (plain, quoted, block)
//   alias   `name`
//   empty   nothing

import { lineStart } from "./lines.js";

const FLOW_PLAIN = /(?:[^\n,[\]{}#:]|:(?=[^\s,[\]{}])|(?<=\S)#)+/y;
const DOUBLE = /"(?:[^"\\]|\\[\s\S])*("|$)/y;
const SINGLE = /'(?:[^']|'')*('|$)/y;
const BLANK = /(?:[ \t\n]+|#[^\n]*)+/y;
const SPACES = /[ \t]*/y;
const PROPERTY = /[&!][^\s,[\]{}]*[ \t]*/y;
const QUOTED_KEY_END = /[ \t]*:(?=[ \t\n]|$)/y;
const NO_KEY = "[]{},&*!|>%@`#";
const [TAB, LINE, SPACE, HASH, COLON] = ["\t", "\n", " ", "#", ":"].map((char) => char.charCodeAt(0));
const DEPTH_MAX = 200;

export function readYaml(text) {
  return new Reader(text).document();
}

// Returns the value of a key of a map, null if there is none.
export const valueOf = (node, key) => entryOf(node, key)?.value ?? null;
export const entryOf = (node, key) => (node?.kind === "map" ? (node.entries.find((entry) => entry.key === key && entry.hasColon) ?? null) : null);
export const textOf = (node) => (node?.kind === "scalar" ? node.text : null);
export const itemsOf = (node) => (node?.kind === "seq" ? node.items.map(({ value }) => value) : []);

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.depth = 0;
    this.known = { at: 0, begin: 0 }; // where the line of a place begins: lines may be long
  }

  document() {
    const header = /^(?:﻿|%[^\n]*\n|#[^\n]*\n|\s)*---(?=\s|$)/.exec(this.text);
    if (header) this.at = header[0].length;
    const node = this.#block(0, -1);
    return node;
  }

  // Matches a sticky expression here, moves behind it, and returns what it has matched.
  #take(expression) {
    expression.lastIndex = this.at;
    const match = expression.exec(this.text);
    if (!match) return null;
    this.at += match[0].length;
    return match[0];
  }

  get #char() {
    return this.text[this.at];
  }

  get #column() {
    const { text, at, known } = this;
    const least = known.at <= at ? known.at : 0;
    let begin = at;
    while (begin > least && text.charCodeAt(begin - 1) !== LINE) begin--;
    this.known = { at, begin: begin === known.at ? known.begin : begin };
    return at - this.known.begin;
  }

  get #ended() {
    return this.at >= this.text.length || (this.#char === "." && this.text.startsWith("...", this.at) && this.#column === 0);
  }

  get #isDash() {
    return this.#char === "-" && " \t\n".includes(this.text[this.at + 1] ?? " ");
  }

  #skip() {
    this.#take(BLANK);
    while (this.#char === "-" && this.text.startsWith("---", this.at) && this.#column === 0) {
      this.at += 3;
      this.#take(BLANK);
    }
  }

  #skipLine() {
    const end = this.text.indexOf("\n", this.at);
    this.at = end < 0 ? this.text.length : end + 1;
  }

  get #isLineEnd() {
    return this.at >= this.text.length || this.#char === "\n" || this.#char === "#";
  }

  #empty(at) {
    return { kind: "empty", start: at, end: at };
  }

  // Reads what stands in a column from `least` on, wherever the next content is; `parent` is the column of the block around.
  #block(least, parent) {
    const before = this.at;
    this.#skip();
    if (this.#ended || this.#column < least || this.depth > DEPTH_MAX) {
      this.at = before;
      return this.#empty(before);
    }
    this.depth++;
    const node = this.#content(least, parent);
    this.depth--;
    return node;
  }

  #content(least, parent) {
    const column = this.#column;
    while (this.#char === "&" || this.#char === "!") {
      this.#take(PROPERTY);
      if (this.#isLineEnd) return this.#block(least, parent);
    }
    if (this.#isDash) return this.#sequence(this.#column, parent);
    if (this.#hasKey()) return this.#mapping(column, []);
    return this.#inline(least, column);
  }

  #hasKey() {
    if (this.#char !== '"' && this.#char !== "'") return this.#plainEnd(this.at).hasColon;
    const before = this.at;
    const { hasColon } = this.#key();
    this.at = before;
    return hasColon;
  }

  // Returns where a plain key or text that begins here ends in its line: before a colon, before a comment, or with the line.
  #plainEnd(start) {
    if (this.found?.start === start) return this.found;
    const { text } = this;
    let at = start;
    let end = start; // behind the last character that is no space
    let hasColon = false;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === LINE || (code === HASH && end < at)) break;
      if (code === COLON) {
        const next = text.charCodeAt(at + 1);
        if (next === SPACE || next === LINE || next === TAB || at + 1 === text.length) {
          hasColon = at > start && !NO_KEY.includes(text[start]);
          if (hasColon) break;
        }
      }
      if (code !== SPACE && code !== TAB) end = at + 1;
    }
    return (this.found = { start, end, colon: at, hasColon });
  }

  // Reads a key and its colon; a word without a colon is a key that is being typed.
  #key() {
    const start = this.at;
    if (this.#char === '"' || this.#char === "'") {
      const raw = this.#take(this.#char === '"' ? DOUBLE : SINGLE);
      const end = this.at;
      const hasColon = !raw.includes("\n") && this.#take(QUOTED_KEY_END) !== null;
      return { key: unquoted(raw), keyStart: start, keyEnd: end, hasColon };
    }
    const { end, colon, hasColon } = this.#plainEnd(start);
    if (end === start) return null;
    this.at = hasColon ? colon + 1 : end;
    return { key: this.text.slice(start, end), keyStart: start, keyEnd: end, hasColon };
  }

  #mapping(column, entries) {
    const start = entries[0]?.start ?? this.at;
    for (;;) {
      this.#skip();
      if (this.#ended || this.#column < column || (this.#column === column && this.#isDash)) break;
      if (this.#column > column && entries.length) {
        this.#skipLine(); // indented by mistake
        continue;
      }
      const begin = this.at;
      const key = this.#key();
      if (!key) {
        this.#skipLine();
        continue;
      }
      const value = key.hasColon ? this.#valueAfterColon(column) : this.#empty(key.keyEnd);
      entries.push({ ...key, value, start: begin, end: Math.max(key.keyEnd, value.end) });
    }
    return { kind: "map", flow: false, column, entries, start, end: entries.at(-1)?.end ?? start };
  }

  #valueAfterColon(column) {
    const after = this.at;
    this.#take(SPACES);
    while (this.#char === "&" || this.#char === "!") this.#take(PROPERTY);
    if (!this.#isLineEnd) return this.#inline(column + 1, column);
    this.#skip();
    if (!this.#ended) {
      if (this.#column > column) return this.#block(column + 1, column);
      if (this.#column === column && this.#isDash) return this.#sequence(column, column);
    }
    this.at = after;
    return this.#empty(after);
  }

  #sequence(column, parent) {
    const start = this.at;
    const items = [];
    for (;;) {
      this.#skip();
      if (this.#ended || this.#column < column) break;
      if (this.#column > column) {
        this.#skipLine();
        continue;
      }
      const begin = this.at;
      if (!this.#isDash) {
        if (parent === column) break; // the next key of the mapping around
        const value = this.#inline(column, column); // an item whose dash is still missing
        items.push({ value, start: begin, end: value.end, hasDash: false });
        if (this.at === begin) this.#skipLine();
        continue;
      }
      this.at++;
      const value = this.#block(column + 1, column);
      if (value.kind === "empty") this.at = begin + 1;
      items.push({ value, start: begin, end: Math.max(begin + 1, value.end), hasDash: true });
    }
    return { kind: "seq", flow: false, column, items, start, end: items.at(-1)?.end ?? start };
  }

  // Reads a value that begins here: flow, quoted, block or plain text; plain text may go on in lines from column `least` on.
  #inline(least, column) {
    const char = this.#char;
    if (char === "[" || char === "{") return this.#flow(column);
    if (char === "|" || char === ">") return this.#blockScalar(least);
    if (char === '"' || char === "'") return this.#quoted();
    if (char === "*") return this.#alias();
    const start = this.at;
    let end = this.#lineTextEnd(start);
    const first = this.text.slice(start, end);
    const words = [first];
    this.at = end;
    for (;;) {
      const before = this.at;
      this.#take(SPACES);
      if (this.#char !== "\n") break;
      this.#skip();
      const isNext = this.#ended || this.#column < least || this.#isDash || this.#hasKey();
      if (isNext) {
        // A line of its own that keys follow is a key that is being typed.
        const own = this.#startsLine(start) ?? -1;
        if (!this.#ended && words.length === 1 && own === this.#column && !this.#isDash && first) {
          const entry = { key: first, keyStart: start, keyEnd: end, hasColon: false, value: this.#empty(end), start, end };
          return this.#mapping(own, [entry]);
        }
        this.at = before;
        break;
      }
      const next = this.#lineTextEnd(this.at);
      if (next === this.at) {
        this.#skipLine();
        continue;
      }
      words.push(this.text.slice(this.at, next));
      end = this.at = next;
    }
    return { kind: "scalar", style: "plain", text: words.join(" "), start, end };
  }

  // Returns the end of the text of a line from a place on, without spaces and a comment after it.
  #lineTextEnd(start) {
    const line = this.text.indexOf("\n", start);
    const text = this.text.slice(start, line < 0 ? undefined : line);
    const comment = text.search(/(?:^|\s)#/);
    return start + (comment < 0 ? text : text.slice(0, comment)).trimEnd().length;
  }

  // Returns the column of a place if nothing but spaces and dashes stands before it in its line, else null.
  #startsLine(at) {
    const begin = lineStart(this.text, at);
    return /^[ \t-]*$/.test(this.text.slice(begin, at)) ? at - begin : null;
  }

  #quoted() {
    const start = this.at;
    const raw = this.#take(this.#char === '"' ? DOUBLE : SINGLE);
    // An open quote ends with its line: the rest of the text is not in it.
    if (raw.length < 2 || raw.at(-1) !== raw[0]) {
      const line = raw.indexOf("\n");
      if (line >= 0) this.at = start + line;
    }
    return { kind: "scalar", style: "quoted", text: unquoted(this.text.slice(start, this.at)), start, end: this.at };
  }

  #alias() {
    const start = this.at;
    const name = this.#take(/\*[^\s,[\]{}]*/y).slice(1);
    return { kind: "alias", name, start, end: this.at };
  }

  #blockScalar(least) {
    const start = this.at;
    this.#skipLine();
    const from = this.at;
    let end = from;
    let column = null;
    while (this.at < this.text.length) {
      const stop = this.text.indexOf("\n", this.at);
      const line = this.text.slice(this.at, stop < 0 ? this.text.length : stop);
      const indent = line.search(/[^ ]/);
      if (indent >= 0 && indent < (column ??= Math.max(least, indent < least ? least : indent))) break;
      this.at = stop < 0 ? this.text.length : stop + 1;
      end = indent < 0 ? end : Math.min(this.at, this.text.length);
    }
    this.at = Math.max(end, Math.min(from, this.text.length));
    return { kind: "scalar", style: "block", text: this.text.slice(from, end), start, end: Math.max(start + 1, end - 1) };
  }

  // Reads a flow collection. One that is still open ends before the next line of the block around it.
  #flow(parent) {
    const start = this.at;
    const isMap = this.#char === "{";
    const entries = [];
    this.at++;
    this.depth++;
    let closed = false;
    for (;;) {
      const before = this.at;
      this.#skip();
      const char = this.#char;
      if (this.#ended || this.depth > DEPTH_MAX) break;
      if (char === "]" || char === "}") {
        if ((char === "}") === isMap) {
          this.at++;
          closed = true;
        }
        break;
      }
      if (this.#leavesFlow(parent)) {
        this.at = before;
        break;
      }
      if (char === "," || char === ":") {
        this.at++;
        continue;
      }
      const begin = this.at;
      entries.push(isMap ? this.#flowEntry(parent) : this.#flowItem(parent));
      if (this.at === begin) this.at++;
    }
    this.depth--;
    const end = closed ? this.at : (entries.at(-1)?.end ?? this.at);
    const common = { flow: true, column: parent, closed, start, end };
    return isMap ? { kind: "map", ...common, entries } : { kind: "seq", ...common, items: entries };
  }

  #leavesFlow(parent) {
    const column = this.#column;
    return column <= parent && /^[ \t]*$/.test(this.text.slice(this.at - column, this.at)) && (this.#isDash || this.#hasKey());
  }

  #flowEntry(parent) {
    const start = this.at;
    const key = this.#flowScalar();
    const keyEnd = key.end;
    const before = this.at;
    this.#skip();
    if (this.#char !== ":") {
      this.at = before;
      return { key: key.text, keyStart: start, keyEnd, hasColon: false, value: this.#empty(keyEnd), start, end: keyEnd };
    }
    const colon = ++this.at;
    const value = this.#flowValue(parent, colon);
    return { key: key.text, keyStart: start, keyEnd, hasColon: true, value, start, end: Math.max(colon, value.end) };
  }

  #flowItem(parent) {
    const start = this.at;
    const value = this.#flowValue(parent, start);
    const before = this.at;
    this.#take(SPACES);
    if (this.#char !== ":" || value.kind !== "scalar") {
      this.at = before;
      return { value, start, end: Math.max(start, value.end), hasDash: true };
    }
    const colon = ++this.at;
    const inner = this.#flowValue(parent, colon);
    const end = Math.max(colon, inner.end);
    const entry = { key: value.text, keyStart: start, keyEnd: value.end, hasColon: true, value: inner, start, end };
    return { value: { kind: "map", flow: true, column: parent, entries: [entry], start, end }, start, end, hasDash: true };
  }

  #flowValue(parent, after) {
    this.#skip();
    while (this.#char === "&" || this.#char === "!") this.#take(PROPERTY);
    const char = this.#char;
    if (this.#ended || char === "," || char === "]" || char === "}" || this.#leavesFlow(parent)) {
      this.at = after;
      return this.#empty(after);
    }
    if (char === "[" || char === "{") return this.#flow(parent);
    return char === "*" ? this.#alias() : this.#flowScalar();
  }

  #flowScalar() {
    if (this.#char === '"' || this.#char === "'") return this.#quoted();
    const start = this.at;
    const text = this.#take(FLOW_PLAIN)?.trimEnd() ?? "";
    this.at = start + text.length;
    return { kind: "scalar", style: "plain", text, start, end: this.at };
  }
}

const ESCAPES = { n: "\n", t: "\t", r: "\r", 0: "\0", e: "\x1b", '"': '"', "\\": "\\", "/": "/" };

function unquoted(raw) {
  const inner = raw.slice(1, raw.length > 1 && raw.at(-1) === raw[0] ? -1 : undefined);
  if (raw[0] === "'") return inner.replaceAll("''", "'");
  return inner.replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([\s\S]))/gi, (_, x, u, long, char) => {
    const code = parseInt(x ?? u ?? long, 16);
    return char !== undefined ? (ESCAPES[char] ?? char) : code <= 0x10ffff ? String.fromCodePoint(code) : "�";
  });
}
