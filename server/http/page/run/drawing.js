// Draws a picture and the items of a prediction, on the page and into a file.

import { maskOf } from "../drawing/masks.js";
import { paintItems, textHeight, textHeightInFile } from "../drawing/paint.js";

const DRAWN_MAX = 300;
const SAVED_SIDE_MAX = 8192; // pixels; browsers draw nothing on canvases that are much larger

export class Drawing {
  #bitmap = null;
  #size = null;
  #items = [];
  #masks = new Map();
  #highlighted = null;
  #pending = 0;
  #decoding = Promise.resolve();

  constructor(canvas) {
    this.canvas = canvas;
    new ResizeObserver(() => this.#scheduleDraw()).observe(canvas);
  }

  // Sets the picture; without a bitmap, if the browser cannot decode it, only its size.
  setPicture(bitmap, size) {
    if (bitmap !== this.#bitmap) this.#bitmap?.close();
    this.#bitmap = bitmap;
    this.#size = size;
    this.#scheduleDraw();
  }

  setItems(items) {
    this.#items = items.slice(0, DRAWN_MAX);
    this.#highlighted = null;
    this.#scheduleDraw();
    this.#decoding = this.#decoding.then(() => this.#decodeMasks());
  }

  // Decodes the masks of the present items, one call after the other, so that none is decoded twice.
  async #decodeMasks() {
    const items = this.#items;
    for (const known of this.#masks.keys()) if (!items.includes(known)) this.#masks.delete(known);
    for (const item of items.filter((each) => each.mask_png !== undefined && !this.#masks.has(each))) {
      this.#masks.set(item, await maskOf(item));
      this.#scheduleDraw();
    }
  }

  highlight(item) {
    this.#highlighted = item;
    this.#scheduleDraw();
  }

  #scheduleDraw() {
    cancelAnimationFrame(this.#pending);
    this.#pending = requestAnimationFrame(() => this.#draw());
  }

  // Returns the picture with everything drawn on it, at its own resolution, as a file; null without a picture.
  async toBlob(type) {
    await this.#decoding;
    if (!this.#bitmap) return null;
    const { width, height } = this.#size;
    const scale = Math.min(1, SAVED_SIDE_MAX / Math.max(width, height));
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    this.#paint(canvas.getContext("2d"), canvas, textHeightInFile(canvas.height));
    return new Promise((done) => canvas.toBlob(done, type, 0.92));
  }

  #draw() {
    const { canvas } = this;
    const density = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    if (!this.#size || !width) return;
    const context = canvas.getContext("2d");
    context.scale(canvas.width / width, canvas.height / height);
    const scale = Math.min(width / this.#size.width, height / this.#size.height);
    const area = { width: this.#size.width * scale, height: this.#size.height * scale };
    context.translate((width - area.width) / 2, (height - area.height) / 2);
    this.#paint(context, area, textHeight(area.height));
  }

  // Draws the picture over an area, and the items on it.
  #paint(context, area, text) {
    context.imageSmoothingQuality = "high";
    if (this.#bitmap) context.drawImage(this.#bitmap, 0, 0, area.width, area.height);
    const { fontFamily: family } = getComputedStyle(this.canvas);
    paintItems(context, area, this.#items, { text, family, masks: this.#masks, highlighted: this.#highlighted });
  }
}
