// What the server says about its configuration file, for those who may change it.

import { fetchJson } from "./api.js";
import { signInCount } from "./token.js";

const EVERY_MS = 2_000;

export class Configuration {
  known = null; // as GET /api/configuration; null without the right to see it
  #refusedAt = -1; // how many sign-ins there had been
  #nextAt = 0;
  #onChange;

  // `onChange` is called when something has changed that GET /api/configuration and the cameras show.
  constructor(onChange) {
    this.#onChange = onChange;
  }

  // Asks the server every few seconds; after a refusal, not before another sign-in. Never fails.
  async refresh() {
    if (this.#refusedAt === signInCount() || performance.now() < this.#nextAt) return;
    this.#nextAt = performance.now() + EVERY_MS;
    try {
      this.known = await fetchJson("api/configuration");
    } catch (error) {
      if (error.status !== 403 && error.status !== 404) return; // the cameras have the same trouble, and the page says so
      this.known = null;
      this.#refusedAt = signInCount();
    }
  }

  // Lets the page ask at once, because this page has changed something.
  changed() {
    this.#nextAt = 0;
    this.#onChange();
  }

  // Returns the values of a camera that are not in the file: [{transform, attributes, before}].
  unsavedOf(camera) {
    return this.known?.unsaved.filter((entry) => entry.camera === camera) ?? [];
  }
}
