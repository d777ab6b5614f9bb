// What is wrong with the text, as the server says: asked for after each pause in typing, and listed below the text.

import { fetchJson } from "../shared/api.js";
import { make, setText } from "../shared/dom.js";

const FAST_MS = 300; // after the last key, without loading models
const WHOLE_MS = 1_000;
const TIMEOUT_MS = 120_000; // models may have to be loaded
const LISTED_MAX = 100;

export class Problems {
  #request = null;
  #timers = [];

  // `onResult` gets the problems of the newest text, `onGo` one that is chosen in the list.
  constructor({ list, summary }, { textOf, onResult, onGo }) {
    this.list = list;
    this.summary = summary;
    this.textOf = textOf;
    this.onResult = onResult;
    this.onGo = onGo;
    this.found = [];
  }

  // The text has changed: asks soon, and again with the models. An earlier answer no longer counts.
  changed() {
    this.#cancel();
    this.#timers = [setTimeout(() => this.#check("?models=false"), FAST_MS), setTimeout(() => this.#check(""), WHOLE_MS)];
    setText(this.summary, "Checking");
  }

  // Shows what has been found by other means in the newest text, and asks no more.
  take(found) {
    this.#cancel();
    this.show(found);
  }

  show(found) {
    this.found = found;
    const rows = found.slice(0, LISTED_MAX).map((problem) => {
      const { line, column, path, message } = problem;
      const button = make("button", "", make("span", "place", line === null ? "" : `${line}:${column ?? 1}`), make("span", "message", message), path ? make("code", "", path) : null);
      button.type = "button";
      button.disabled = line === null;
      button.addEventListener("click", () => this.onGo(problem));
      return make("li", "", button);
    });
    if (found.length > LISTED_MAX) rows.push(make("li", "rest", `and ${found.length - LISTED_MAX} more`));
    this.list.replaceChildren(...rows);
    this.list.hidden = !found.length;
    const words = found.length === 1 ? "1 problem" : `${found.length} problems`;
    setText(this.summary, found.length ? words : "No problems");
    this.summary.dataset.state = found.length ? "wrong" : "right";
    this.onResult(found);
  }

  #cancel() {
    this.#request?.abort();
    this.#timers.forEach(clearTimeout);
  }

  async #check(query) {
    this.#request?.abort();
    const request = (this.#request = new AbortController());
    try {
      const init = { method: "POST", body: this.textOf(), headers: { "Content-Type": "text/yaml" }, signal: request.signal };
      const found = await fetchJson(`api/check${query}`, init, TIMEOUT_MS);
      if (request === this.#request) this.show(found);
    } catch (error) {
      if (request === this.#request && error.name !== "AbortError") setText(this.summary, `Not checked: ${error.message}`);
    }
  }
}
