// The text field of the editor: a native textarea, whose letters cannot be seen, over the same lines in colour. Undo, selection,
// input methods and keyboards on the screen are the browser's own. Only visible lines are in the document.

import { make } from "../shared/dom.js";
import { Lines } from "./text/highlight.js";
import { lineEnd, lineStart } from "./text/lines.js";

const MORE_LINES = 12; // beyond the visible ones
const INDENT = "  ";
const TAB_SIZE = 4;
const HOVER_MS = 350;
const COLUMNS_MAX = 50_000;
const [HIGH, LOW] = [/[\ud800-\udbff]/, /[\udc00-\udfff]/]; // halves of a letter of two units
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]/u;

export class Editor {
  #lines = new Lines();
  #rows = new Map(); // by number of the line: {row, number, key}
  #pending = 0;
  #problems = new Map(); // by number of the line: [{from, to, message}]
  #leaves = false; // the next Tab leaves the field
  #hover = 0;
  #follows = false; // the next drawing keeps the cursor in view

  // `onInput` is called after every change of the text, `onCursor` when the cursor moves, `onHover` with an offset and a point
  // when the pointer rests, and with null when it leaves. `intercept` gets every key first, and says whether it has used it.
  constructor(element, { onInput, onCursor, onHover, intercept }) {
    this.element = element;
    this.area = element.querySelector("textarea");
    this.sheet = element.querySelector(".sheet");
    this.gutter = element.querySelector(".gutter");
    this.layer = element.querySelector(".layer");
    this.onInput = onInput;
    this.onCursor = onCursor;
    this.onHover = onHover;
    this.intercept = intercept;
    this.#listen();
    new ResizeObserver(() => {
      this.#measure();
      this.#follows ||= document.activeElement === this.area; // a list of problems below may have taken the place of its line
    }).observe(element);
    this.#measure();
    this.#changed();
  }

  get text() {
    return this.area.value;
  }

  get offset() {
    return this.area.selectionStart;
  }

  get hasSelection() {
    return this.area.selectionStart !== this.area.selectionEnd;
  }

  get lineCount() {
    return this.#lines.count;
  }

  // Sets the whole text; this cannot be undone. The cursor stays in its line.
  load(text) {
    const { line, column } = this.placeOf(this.offset);
    this.area.value = text;
    this.#changed();
    const at = this.offsetOf(line, column);
    this.area.setSelectionRange(at, at);
    this.#drawSoon();
  }

  // Replaces a part of the text, as if it had been typed: it can be undone.
  replace(start, end, text, select = [start + text.length, start + text.length]) {
    this.area.focus({ preventScroll: true });
    this.area.setSelectionRange(start, end);
    const done = text ? document.execCommand("insertText", false, text) : start === end || document.execCommand("delete");
    if (!done) {
      this.area.setRangeText(text, start, end, "end");
      this.#changed();
      this.onInput();
    }
    this.select(...select);
  }

  // Replaces the whole text by another one, as if only what differs had been typed: browsers insert many lines slowly.
  become(text) {
    const { value } = this.area;
    const most = Math.min(value.length, text.length);
    let start = 0;
    while (start < most && value[start] === text[start]) start++;
    if (HIGH.test(value[start - 1] ?? "")) start--; // a letter of two units stays whole
    let tail = 0;
    while (tail < most - start && value.at(-1 - tail) === text.at(-1 - tail)) tail++;
    if (LOW.test(value.at(-tail) ?? "")) tail--;
    if (value !== text) this.replace(start, value.length - tail, text.slice(start, text.length - tail));
    this.select(0);
  }

  select(start, end = start, focus = true) {
    if (focus) this.area.focus({ preventScroll: true });
    this.area.setSelectionRange(start, end);
    this.#moved();
    this.reveal(start);
  }

  // Marks problems: [{line, column, message}], from 1.
  mark(problems) {
    this.#problems = new Map();
    for (const { line, column, message } of problems) {
      if (line === null || line > this.#lines.count) continue;
      const list = this.#problems.get(line - 1) ?? [];
      list.push({ ...this.#wordAt(line, column), message });
      this.#problems.set(line - 1, list);
    }
    this.#drawSoon();
  }

  // Returns the offsets of the word that a problem is about.
  rangeOf({ line, column }) {
    const begin = this.offsetOf(line - 1, 0);
    const { from, to } = this.#wordAt(Math.min(line, this.#lines.count), column);
    return [begin + from, begin + to];
  }

  problemsOf(line) {
    return this.#problems.get(line) ?? [];
  }

  // Returns the line and column (from 0) of an offset, and the offset of a line and column.
  placeOf(offset) {
    const { texts } = this.#lines;
    let begin = 0;
    for (let line = 0; line < texts.length; line++) {
      if (offset <= begin + texts[line].length) return { line, column: offset - begin };
      begin += texts[line].length + 1;
    }
    return { line: texts.length - 1, column: texts.at(-1).length };
  }

  offsetOf(line, column) {
    const { texts } = this.#lines;
    let begin = 0;
    for (let at = 0; at < Math.min(line, texts.length - 1); at++) begin += texts[at].length + 1;
    return begin + Math.min(column, texts[Math.min(line, texts.length - 1)].length);
  }

  // Returns where a place is, in pixels of the window: {x, y, height}, y being the top of its line.
  pointOf(offset) {
    const { line, column } = this.placeOf(offset);
    const box = this.area.getBoundingClientRect();
    const across = widthOf(this.#lines.texts[line].slice(0, column)) * this.charPx;
    return { x: box.left + this.padPx + across, y: box.top + this.topPx + line * this.linePx, height: this.linePx };
  }

  reveal(offset) {
    const { line, column } = this.placeOf(offset);
    const { element, linePx } = this;
    const top = this.topPx + line * linePx;
    const margin = 2 * linePx;
    if (top < element.scrollTop + margin) element.scrollTop = top - margin;
    else if (top + margin > element.scrollTop + element.clientHeight - linePx) element.scrollTop = top + margin - element.clientHeight + linePx;
    const left = widthOf(this.#lines.texts[line].slice(0, column)) * this.charPx;
    const room = element.clientWidth - this.gutter.offsetWidth - 40;
    if (left < element.scrollLeft) element.scrollLeft = Math.max(0, left - 40);
    else if (left > element.scrollLeft + room) element.scrollLeft = left - room;
  }

  // Shows a part of the text as a whole, or from its begin if it is too high.
  revealBlock(start, end) {
    const { element, linePx, topPx } = this;
    const margin = 2 * linePx; // as around the cursor
    const top = topPx + this.placeOf(start).line * linePx - margin;
    const bottom = topPx + (this.placeOf(end).line + 1) * linePx + margin;
    if (bottom - top > element.clientHeight || top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
    this.#follows = false; // what is selected in it may be below
  }

  // Returns the columns of the word at a line and column from 1.
  #wordAt(line, column) {
    const text = this.#lines.texts[line - 1];
    const from = Math.min((column ?? 1) - 1, text.length);
    const word = /^(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,[\]{}#:]+(?::(?=\S)[^\s,[\]{}#:]*)*|.)/.exec(text.slice(from));
    return { from, to: from + (word?.[0].length ?? 0) };
  }

  #listen() {
    const { area, element } = this;
    area.addEventListener("input", (event) => {
      this.#changed();
      this.#follows = true;
      this.#drawSoon();
      this.onInput(event);
    });
    area.addEventListener("keydown", (event) => this.#key(event));
    area.addEventListener("beforeinput", (event) => {
      if (event.inputType !== "insertLineBreak" || event.isComposing) return;
      event.preventDefault();
      this.#breakLine();
    });
    area.addEventListener("blur", () => (this.#leaves = false));
    document.addEventListener("selectionchange", () => document.activeElement === area && this.#moved());
    element.addEventListener("scroll", () => this.#drawSoon(), { passive: true });
    area.addEventListener("pointermove", (event) => {
      clearTimeout(this.#hover);
      if (event.pointerType !== "touch") this.#hover = setTimeout(() => this.#rest(event.clientX, event.clientY), HOVER_MS);
    });
    area.addEventListener("pointerleave", () => {
      clearTimeout(this.#hover);
      this.onHover(null);
    });
  }

  #rest(x, y) {
    const box = this.area.getBoundingClientRect();
    const line = Math.floor((y - box.top - this.topPx) / this.linePx);
    const text = this.#lines.texts[line];
    if (text === undefined) return this.onHover(null);
    const column = columnAt(text, (x - box.left - this.padPx) / this.charPx);
    this.onHover(column < text.length ? this.offsetOf(line, column) : null, { line, column, x, y });
  }

  #key(event) {
    if (event.isComposing) return;
    if (this.intercept(event)) {
      event.preventDefault();
      return;
    }
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Escape") this.#leaves = true;
    else if (event.key === "Tab" && plain && !this.#leaves) {
      event.preventDefault();
      this.#indent(event.shiftKey);
    } else if (!["Shift", "Tab"].includes(event.key)) this.#leaves = false;
  }

  // Keeps the indentation in the next line, one step deeper below a key, and beside the keys of a list's entry.
  #breakLine() {
    const { area } = this;
    const { selectionStart: start, selectionEnd: end } = area;
    const begin = lineStart(area.value, start);
    const before = area.value.slice(begin, start);
    const [indent] = /^\s*/.exec(before);
    const content = before.slice(indent.length).replace(/\s+#.*$/, "");
    const dashes = /^(?:-\s+)*/.exec(content)[0].length;
    const opens = /[^\s#].*:\s*$|[[{]\s*$|^-\s+[^\s#].*:\s*$/.test(content) && !/^#/.test(content);
    const deeper = " ".repeat(dashes) + (opens ? INDENT : "");
    this.replace(start, end, `\n${indent}${deeper}`);
  }

  #indent(back) {
    const { area } = this;
    const { selectionStart: start, selectionEnd: end, value } = area;
    if (!back && !value.slice(start, end).includes("\n")) {
      const column = start - lineStart(value, start);
      this.replace(start, end, " ".repeat(INDENT.length - (column % INDENT.length)));
      return;
    }
    const begin = lineStart(value, start);
    const last = end > start && value[end - 1] === "\n" ? end - 1 : end;
    const stop = lineEnd(value, last);
    const lines = value.slice(begin, stop).split("\n");
    const moved = lines.map((line) => (back ? line.replace(/^ {1,2}|^\t/, "") : line ? INDENT + line : line));
    const text = moved.join("\n");
    if (text === lines.join("\n")) return;
    const first = Math.max(begin, start + moved[0].length - lines[0].length);
    this.replace(begin, stop, text, start === end ? [first, first] : [begin, begin + text.length]);
  }

  #changed() {
    this.#moveProblems(this.#lines.update(this.area.value));
    const { count, texts } = this.#lines;
    const width = texts.reduce((widest, text) => Math.max(widest, text.length), 0);
    this.sheet.style.setProperty("--lines", count);
    this.sheet.style.setProperty("--columns", Math.min(COLUMNS_MAX, WIDE.test(this.area.value) ? 2 * width : width) + 2);
    this.sheet.style.setProperty("--digits", Math.max(2, String(count).length));
    this.#draw(); // in the same frame as the letters
  }

  // Problems stay at their lines until the next check.
  #moveProblems({ from, removed, added }) {
    const moved = [...this.#problems].filter(([line]) => line < from || line >= from + removed || removed === added);
    this.#problems = new Map(moved.map(([line, found]) => [line < from + removed ? line : line + added - removed, found]));
  }

  #moved() {
    const { line } = this.placeOf(this.offset);
    const isSame = line === this.line;
    this.line = line;
    if (!isSame) this.#drawSoon();
    this.onCursor();
  }

  #measure() {
    const style = getComputedStyle(this.area);
    this.linePx = parseFloat(style.lineHeight);
    this.padPx = parseFloat(style.paddingLeft);
    this.topPx = parseFloat(style.paddingTop);
    const probe = make("span", "probe", "0".repeat(100));
    this.layer.append(probe);
    this.charPx = probe.getBoundingClientRect().width / 100;
    probe.remove();
    this.#drawSoon();
  }

  #drawSoon() {
    cancelAnimationFrame(this.#pending);
    this.#pending = requestAnimationFrame(() => {
      if (this.#follows) this.reveal(this.offset);
      this.#follows = false;
      this.#draw();
    });
  }

  #draw() {
    const { element, linePx } = this;
    if (!linePx) return;
    const first = Math.max(0, Math.floor(element.scrollTop / linePx) - MORE_LINES);
    const last = Math.min(this.#lines.count, Math.ceil((element.scrollTop + element.clientHeight) / linePx) + MORE_LINES);
    for (const [line, { row, number }] of this.#rows) {
      if (line >= first && line < last) continue;
      row.remove();
      number.remove();
      this.#rows.delete(line);
    }
    for (let line = first; line < last; line++) this.#drawLine(line);
  }

  #drawLine(line) {
    const { tokens } = this.#lines.tokens[line];
    const problems = this.#problems.get(line);
    const isCurrent = line === this.line;
    let known = this.#rows.get(line);
    if (known && known.tokens === tokens && known.problems === problems && known.isCurrent === isCurrent) return;
    if (!known) {
      known = { row: make("div", "line"), number: make("span", "", String(line + 1)) };
      known.row.style.top = known.number.style.top = `calc(var(--top) + ${line} * var(--row))`;
      this.layer.append(known.row);
      this.gutter.append(known.number);
      this.#rows.set(line, known);
    }
    known.row.replaceChildren(...spansOf(tokens, problems ?? []));
    if (problems && isCurrent) known.row.append(make("span", "said", problems.map(({ message }) => message).join("; ")));
    known.row.classList.toggle("current", isCurrent);
    known.number.className = [problems ? "wrong" : "", isCurrent ? "current" : ""].join(" ").trim();
    known.number.title = (problems ?? []).map(({ message }) => message).join("\n");
    Object.assign(known, { tokens, problems, isCurrent });
  }
}

// Returns the tokens of a line as elements, those with a problem underlined.
function spansOf(tokens, problems) {
  const spans = [];
  let at = 0;
  const add = (text, kind, isWrong) => text && spans.push(kind || isWrong ? make("span", [kind, isWrong ? "wrong" : ""].join(" ").trim(), text) : text);
  for (const { text, kind } of tokens) {
    const cuts = new Set([0, text.length]);
    for (const { from, to } of problems) for (const cut of [from - at, to - at]) if (cut > 0 && cut < text.length) cuts.add(cut);
    const sorted = [...cuts].sort((a, b) => a - b);
    for (let place = 1; place < sorted.length; place++) {
      const begin = at + sorted[place - 1];
      add(text.slice(sorted[place - 1], sorted[place]), kind, problems.some(({ from, to }) => begin >= from && begin < to));
    }
    at += text.length;
  }
  if (problems.some(({ from, to }) => from === to)) spans.push(make("span", "wrong", " "));
  return spans;
}

// Returns how many columns a text takes.
function widthOf(text) {
  let width = 0;
  for (const char of text) width += char === "\t" ? TAB_SIZE - (width % TAB_SIZE) : WIDE.test(char) ? 2 : 1;
  return width;
}

function columnAt(text, wanted) {
  for (let column = 0; column < text.length; column++) if (widthOf(text.slice(0, column + 1)) > wanted) return column;
  return text.length;
}
