// The reply of a model as JSON, and the shell command that requests it.

import { addressOf } from "../shared/address.js";
import { copy } from "../shared/dom.js";
import { isSignedIn } from "../shared/token.js";
import { curl } from "./shell.js";

const LISTED_MAX = 50;
const SHORTENED_TO = 24;

export class Replies {
  #answer = null;
  #items = [];
  #command = "";

  constructor({ json, shell }) {
    this.json = json;
    this.shell = shell;
    json.open = matchMedia("(min-width: 52rem)").matches; // on wide screens there is room for it
    for (const [panel, text] of [[json, () => jsonOf(this.#answer, this.#items, false)], [shell, () => this.#command]]) {
      panel.querySelector("button").addEventListener("click", (event) => copy(event.target, text(), panel.querySelector("pre")));
    }
  }

  // Shows the answer for a picture, with those of its items that are shown, and the choice that it belongs to.
  show(answer, items, picture, choice) {
    this.#answer = answer;
    this.#items = items;
    this.#command = commandFor(answer, picture, choice);
    this.json.querySelector("pre").textContent = jsonOf(answer, items, true);
    this.shell.querySelector("pre").textContent = this.#command;
    this.shell.querySelector("p").textContent = noteFor(answer, picture);
  }
}

// Returns the reply as JSON. For display, base64 is shortened and long lists are cut; the clipboard gets all of it.
function jsonOf(answer, items, cut) {
  const shown = cut ? items.slice(0, LISTED_MAX) : items;
  if (shown.length < items.length) shown.push(`… ${items.length - shown.length} more`);
  const short = (key, value) =>
    cut && (key === "mask_png" || key === "image") ? `${value.slice(0, SHORTENED_TO)}… (${value.length} characters)` : value;
  return JSON.stringify({ ...answer.reply, [answer.kind]: shown }, short, 2);
}

function commandFor(answer, { camera, name }, choice) {
  const parameters = choice.minimum && answer.kind !== "segmentations" ? { confidence_threshold: String(choice.minimum) } : {};
  const url = addressOf(choice.pathOf(camera ? { camera, ...parameters } : parameters));
  return curl(url, { token: isSignedIn(), file: camera ? "" : name });
}

function noteFor(answer, { camera, name }) {
  return [
    camera ? `Runs on the next frame of ${camera}.` : `Run it in the folder where ${name} is.`,
    answer.kind === "segmentations" ? "Returns every mask; the minimum share applies on this page only." : "",
  ].filter(Boolean).join(" ");
}
