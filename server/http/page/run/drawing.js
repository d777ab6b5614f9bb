// Draws a picture and the items of a prediction, on the page and into a file.

import { colorOf } from "./colors.js";
import { hasPoints, isBox, isListed, labelOf } from "./items.js";
import { Labels } from "./labels.js";
import { maskOf } from "./masks.js";
import { boxIn, outlineOf, strokePath } from "./shapes.js";
import { areaOf, drawSkeleton } from "./skeletons.js";

const DRAWN_MAX = 300;
const FAINT = 0.2;
const TEXT_PX = { min: 12, max: 18 }; // CSS pixels, not picture pixels: readable on a phone too
const TEXT_SHARE = 1 / 30; // of the height
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
    this.#paint(canvas.getContext("2d"), canvas, Math.max(TEXT_PX.min, canvas.height * TEXT_SHARE));
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
    this.#paint(context, area, Math.max(TEXT_PX.min, Math.min(TEXT_PX.max, area.height * TEXT_SHARE)));
  }

  // Draws the picture over an area, and on it the shapes and then the labels.
  #paint(context, { width, height }, text) {
    const area = { width, height };
    const line = Math.max(1, text / TEXT_PX.max);
    context.imageSmoothingQuality = "high";
    if (this.#bitmap) context.drawImage(this.#bitmap, 0, 0, width, height);
    context.beginPath();
    context.rect(0, 0, width, height);
    context.clip();
    context.font = `600 ${text}px ${getComputedStyle(this.canvas).fontFamily}`;
    context.textBaseline = "middle";
    const others = this.#items.filter((item) => item !== this.#highlighted);
    const highlighted = this.#highlighted ? [this.#highlighted] : [];
    for (const item of [...others, ...highlighted]) this.#drawShape(context, item, area, line);
    const labels = new Labels(context, area, text, line);
    // The highlighted item chooses its place first; lists keep their order.
    for (const item of this.#items.some(isListed) ? this.#items : [...highlighted, ...others]) {
      const anchor = this.#masks.get(item)?.anchor;
      labels.add(item, this.#alphaOf(item), {
        box: isBox(item) ? boxIn(area, item) : hasPoints(item) ? areaOf(item, area, line) : null,
        anchor: anchor ? { x: anchor.x * width, y: anchor.y * height } : null,
      });
    }
    labels.draw();
  }

  #alphaOf(item) {
    return this.#highlighted && item !== this.#highlighted ? FAINT : 1;
  }

  #drawShape(context, item, area, line) {
    context.globalAlpha = this.#alphaOf(item);
    const mask = this.#masks.get(item);
    if (mask) context.drawImage(mask.canvas, 0, 0, area.width, area.height);
    const color = colorOf(labelOf(item));
    if (hasPoints(item)) drawSkeleton(context, item, area, line, color);
    else if (isBox(item)) strokePath(context, outlineOf(item, area), 2.5 * line, line, color);
    context.globalAlpha = 1;
  }
}
