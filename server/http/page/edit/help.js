// What a key is for: in a line below the text for the cursor, and in a box beside the pointer.

import { make, sentence, setText, withPeriod } from "../shared/dom.js";
import { pathAt, pathText } from "./text/context.js";
import { defaultText, typeText } from "./text/schema.js";

const SECRET = /•{3,}/;
const SECRET_TEXT = "A secret that the server keeps to itself. Saving puts it back where the dots are; type over them to change it.";
const HOLE_TEXT = "Replaced by the environment variable of this name when the file is read.";

// Returns what there is to say about a place: {path, description, facts}, null if nothing.
export function helpAt(text, tree, offset, schema) {
  const found = pathAt(tree, offset);
  if (!found) return null;
  const { path, onKey, node } = found;
  const written = node.kind === "scalar" && !onKey ? text.slice(node.start, node.end) : "";
  const views = schema.at(path);
  const [first] = views;
  const notes = [SECRET.test(written) ? SECRET_TEXT : "", /\$\{/.test(written) ? HOLE_TEXT : ""].filter(Boolean);
  if (!first && !notes.length) return null;
  const word = onKey ? null : schema.words(views).find(({ value }) => String(value) === written);
  const standard = defaultText(views.find((view) => view.default !== undefined)?.default);
  const type = typeText(views);
  return {
    path: pathText(path),
    description: [...notes, first?.description ?? "", word?.description ?? ""].filter(Boolean).map((each) => withPeriod(each.replaceAll("``", ""))).join(" "),
    facts: [first?.required ? "required" : "", type, standard ? `default ${standard}` : ""].filter(Boolean).join("; "),
  };
}

export class Help {
  // `line` is the line below the text, `box` the one beside the pointer.
  constructor(line, box) {
    this.line = line;
    this.box = box;
    box.addEventListener("pointerdown", () => this.hide());
  }

  // Says in the line what is wrong there, else what its key is for.
  show(help, problems) {
    this.line.classList.toggle("wrong", problems.length > 0);
    setText(this.line, problems.length ? wordsOf(problems) : help ? [lastOf(help.path), help.description, capitalised(help.facts)].filter(Boolean).map(withPeriodUnlessName).join(" ") : "");
  }

  // Shows the box at a point of the window.
  point(help, problems, x, y) {
    if (!help && !problems.length) return this.hide();
    const { box } = this;
    const rows = [];
    if (problems.length) rows.push(make("p", "wrong", wordsOf(problems)));
    if (help) rows.push(make("code", "", help.path), help.description ? make("p", "", help.description) : null, help.facts ? make("p", "facts-of", capitalised(help.facts)) : null);
    box.replaceChildren(...rows.filter(Boolean));
    box.hidden = false;
    const { width, height } = box.getBoundingClientRect();
    box.style.left = `${Math.max(8, Math.min(x + 4, innerWidth - width - 8))}px`;
    box.style.top = `${y + height + 24 < innerHeight ? y + 18 : Math.max(8, y - height - 12)}px`;
  }

  hide() {
    this.box.hidden = true;
  }
}

const wordsOf = (problems) => problems.map(({ message }) => withPeriod(sentence(message))).join(" ");
const capitalised = (text) => text && text[0].toUpperCase() + text.slice(1);
const lastOf = (path) => `${path.split(".").at(-1)}:`;
const withPeriodUnlessName = (text, place) => (place ? withPeriod(text) : text);
