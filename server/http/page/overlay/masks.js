// The masks of the predictions. They are too large for the data channel, so they come as server-sent events, a moment
// later than the picture, and only while there are any.

import { isBox, isMask, labelOf } from "../drawing/items.js";
import { maskOf } from "../drawing/masks.js";
import { eventsOf } from "./events.js";

const WITHOUT_MAX = 3; // events without a mask, after which none are expected
const WIDTH_MAX = 400; // pixels: masks of models have hardly more, and the picture does not wait for them
const STAY_MS = 500;
const AGAIN_MS = 3_000;

export class Masks {
  #wanted = false;
  #none = false; // the last events had no masks
  #reading = null;
  #decoding = null;
  #found = []; // [item, mask] of the newest event
  #foundAt = 0;

  // `onChange` is called when there are others.
  constructor(name, onChange) {
    this.name = name;
    this.onChange = onChange;
  }

  // Reads masks from now on, if there are any.
  start() {
    this.#wanted = true;
    this.#none = false;
    this.#begin();
  }

  stop() {
    this.#wanted = false;
    this.#reading?.abort();
    this.#reading = null;
    this.#found = [];
  }

  // Returns the mask of each item that has one, by item. The data channel tells of segmentations that they have one.
  of(items) {
    if (this.#none && items.some(isMask)) this.start();
    const found = performance.now() - this.#foundAt < STAY_MS ? [...this.#found] : [];
    const masks = new Map();
    for (const item of items) {
      const near = found.filter(([other]) => labelOf(other) === labelOf(item) && other.kind === item.kind && other.track_id === item.track_id);
      const [best] = isBox(item) ? near.sort(([a], [b]) => distance(a, item) - distance(b, item)) : near;
      if (!best) continue;
      found.splice(found.indexOf(best), 1);
      masks.set(item, best[1]);
    }
    return masks;
  }

  #begin() {
    if (!this.#wanted || this.#none || this.#reading) return;
    const reading = (this.#reading = new AbortController());
    const ended = () => {
      reading.abort();
      if (this.#reading !== reading) return;
      this.#reading = null;
      setTimeout(() => this.#begin(), AGAIN_MS);
    };
    this.#read(reading.signal).then(ended, ended);
  }

  async #read(signal) {
    let without = 0;
    for await (const data of eventsOf(`api/cameras/${this.name}/predictions?masks=true`, signal)) {
      const items = JSON.parse(data).predictions.filter((item) => item.mask_png !== undefined);
      without = items.length ? 0 : without + 1;
      this.#none = without >= WITHOUT_MAX;
      if (this.#none) return;
      // Those that come while others are decoded are left out.
      this.#decoding ??= this.#decode(items, signal).finally(() => (this.#decoding = null));
    }
  }

  async #decode(items, signal) {
    const masks = await Promise.all(items.map((item) => maskOf(item, WIDTH_MAX)));
    if (signal.aborted) return;
    this.#found = items.map((item, place) => [item, masks[place]]).filter(([, mask]) => mask);
    this.#foundAt = performance.now();
    this.onChange();
  }
}

const distance = (a, b) => Math.hypot(a.x_min_normalized - b.x_min_normalized, a.y_min_normalized - b.y_min_normalized, a.x_max_normalized - b.x_max_normalized, a.y_max_normalized - b.y_max_normalized);
