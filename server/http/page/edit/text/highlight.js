// The colours of YAML, line by line. What a line leaves open (a bracket, a quote, a block of text) is a state, a short text:
// a line needs new colours only when its own text or the state before it has changed.

const HOLE = /\$\{[^}]*\}|\$\$|•{3,}/g;
const NUMBER = /^[-+]?(?:\d[\d_]*(?:\.\d*)?(?:e[-+]?\d+)?|\.\d+|0x[\da-f]+|0o[0-7]+|\.inf|\.nan)$/i;
const WORD = /^(?:true|false|null|~|True|False|TRUE|FALSE|Null|NULL)$/;
const BLOCK = /^([|>])[-+0-9]*\s*(?=$|#)/;
const LENGTH_MAX = 5_000; // longer lines, which no person has typed, stay without colours
const KEY_ENDS = /^\s*:(?=\s|$)/;

export const START = "";

// Returns the tokens of a line, as {text, kind}, and the state after it. Kinds: "" (spaces), comment, mark, key, string,
// number, word, name (anchors and tags), hole (placeholders), secret.
export function highlight(line, state) {
  if (line.length > LENGTH_MAX) return { tokens: [{ text: line, kind: "" }], state };
  const tokens = [];
  const add = (text, kind) => text && tokens.push({ text, kind });
  let at = 0;
  let depth = 0;
  const [mode, value] = state.split(" ");
  if (mode === "block") {
    if (!line.trim() || line.search(/\S/) > Number(value)) {
      addText(tokens, line, "string");
      return { tokens, state };
    }
  } else if (mode === "flow") {
    depth = Number(value);
  } else if (mode === "'" || mode === '"') {
    depth = Number(value);
    at = closing(line, 0, mode);
    addText(tokens, line.slice(0, at), "string");
    if (line[at - 1] !== mode || at === 0) return { tokens, state };
  }
  let begin = null; // the column of the last key or dash
  while (at < line.length) {
    const rest = line.slice(at);
    const [char] = rest;
    const spaces = /^\s+/.exec(rest);
    if (spaces) {
      add(spaces[0], "");
      at += spaces[0].length;
    } else if (char === "#" && (at === 0 || /\s/.test(line[at - 1]))) {
      add(rest, "comment");
      at = line.length;
    } else if (!depth && /^-(?=\s|$)/.test(rest) && !line.slice(0, at).trim().replace(/[-\s]/g, "")) {
      begin = at;
      add("-", "mark");
      at++;
    } else if ("[]{},".includes(char) && (depth || "[{".includes(char))) {
      if ("[{".includes(char)) depth++;
      if ("]}".includes(char)) depth--;
      add(char, "mark");
      at++;
    } else if (char === "'" || char === '"') {
      const end = closing(line, at + 1, char);
      const closed = end > at + 1 && line[end - 1] === char;
      const isKey = closed && (KEY_ENDS.test(line.slice(end)) || (depth && /^\s*:/.test(line.slice(end))));
      if (isKey) begin = at;
      addText(tokens, line.slice(at, end), isKey ? "key" : "string");
      at = end;
      if (!closed) return { tokens, state: `${char} ${depth}` };
    } else if (char === ":" && (depth || /^:(?=\s|$)/.test(rest))) {
      add(":", "mark");
      at++;
    } else if (/^[&*!]\S/.test(rest)) {
      const name = /^[&*!][^\s,[\]{}]*/.exec(rest)[0];
      add(name, "name");
      at += name.length;
    } else if (BLOCK.test(rest) && !depth) {
      add(char, "mark");
      tokens.push(...highlight(rest.slice(1), START).tokens);
      return { tokens, state: `block ${begin ?? line.search(/\S/)}` };
    } else {
      const end = at + plainLength(rest, depth > 0);
      const text = line.slice(at, end);
      const isKey = KEY_ENDS.test(line.slice(end));
      if (isKey) begin = at;
      addText(tokens, text, isKey ? "key" : NUMBER.test(text) ? "number" : WORD.test(text) ? "word" : "string");
      at = end;
    }
  }
  return { tokens, state: depth > 0 ? `flow ${depth}` : START };
}

function closing(line, from, quote) {
  for (let at = from; at < line.length; at++) {
    if (line[at] === "\\" && quote === '"') at++;
    else if (line[at] === quote) {
      if (quote === "'" && line[at + 1] === "'") at++;
      else return at + 1;
    }
  }
  return line.length;
}

// Returns how long a plain key or text is that begins here: up to a comment, a colon after a key, or a mark of its list.
function plainLength(rest, inFlow) {
  let at = 1;
  for (; at < rest.length; at++) {
    const char = rest[at];
    if (char === ":" && /\s/.test(rest[at + 1] ?? " ")) break;
    if (char === "#" && /\s/.test(rest[at - 1])) break;
    if (inFlow && ",[]{}".includes(char)) break;
  }
  return Math.max(1, rest.slice(0, at).trimEnd().length);
}

function addText(tokens, text, kind) {
  let at = 0;
  for (const match of text.matchAll(HOLE)) {
    if (match.index > at) tokens.push({ text: text.slice(at, match.index), kind });
    tokens.push({ text: match[0], kind: match[0][0] === "•" ? "secret" : "hole" });
    at = match.index + match[0].length;
  }
  if (at < text.length) tokens.push({ text: text.slice(at), kind });
}

// The lines of a text with their tokens. `update` colours only what has changed, and returns which lines these were:
// {from, removed, added}.
export class Lines {
  constructor() {
    this.texts = [""];
    this.tokens = [highlight("", START)];
    this.before = [START]; // the state before each line
  }

  get count() {
    return this.texts.length;
  }

  update(text) {
    const texts = text.split("\n");
    const old = this.texts;
    const shared = Math.min(texts.length, old.length);
    let head = 0;
    while (head < shared && texts[head] === old[head]) head++;
    let tail = 0;
    while (tail < shared - head && texts[texts.length - 1 - tail] === old[old.length - 1 - tail]) tail++;
    const fresh = texts.length - tail - head;
    this.texts = texts;
    this.tokens.splice(head, old.length - tail - head, ...new Array(fresh).fill(null));
    this.before.splice(head, old.length - tail - head, ...new Array(fresh).fill(null));
    for (let line = head; line < texts.length; line++) {
      const state = line ? this.tokens[line - 1].state : START;
      if (this.tokens[line] && this.before[line] === state) {
        if (line >= head + fresh) break;
        continue;
      }
      this.before[line] = state;
      this.tokens[line] = highlight(texts[line], state);
    }
    return { from: head, removed: old.length - tail - head, added: fresh };
  }
}
