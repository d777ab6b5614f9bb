// Shows the current picture with what is drawn on it, and saves it.

import { make } from "../shared/dom.js";
import { textOf } from "../drawing/items.js";
import { Drawing } from "./drawing.js";

const KEPT_MS = 60_000; // the browser reads a file only when the user has chosen a folder for it

export class View {
  #picture = null;

  constructor({ stage, canvas, info }) {
    this.stage = stage;
    this.canvas = canvas;
    this.info = info;
    this.drawing = new Drawing(canvas);
  }

  clear() {
    this.#picture = null;
    this.#empty();
  }

  // Shows a picture. If the browser cannot decode it (TIFF), there is an empty area of its size once the server reports it.
  async show(picture) {
    this.#picture = picture;
    const bitmap = picture.blob && (await createImageBitmap(picture.blob).catch(() => null));
    if (this.#picture !== picture) return bitmap?.close();
    picture.isUndisplayable = !bitmap;
    if (bitmap) return this.#draw(bitmap, { width: bitmap.width, height: bitmap.height });
    this.#empty();
    this.info.textContent = picture.note;
    this.showSize();
  }

  // Shows the size of a picture that the browser cannot decode, if the server has reported it.
  showSize() {
    const { isUndisplayable, answer } = this.#picture;
    if (isUndisplayable && answer) this.#draw(null, { width: answer.reply.width_px, height: answer.reply.height_px });
  }

  // Draws items of a prediction on the picture, and names them for those who do not see it.
  setItems(items, drawn) {
    this.drawing.setItems(drawn);
    const names = items.slice(0, 10).map((item) => textOf(item)).join(", ");
    this.canvas.ariaLabel = this.#picture ? `${this.#picture.note}${names ? `; ${names}` : ""}` : "No picture yet";
  }

  // Saves the picture with what is drawn on it, at its own resolution. Returns whether the browser can.
  async save() {
    const { name, blob } = this.#picture;
    const type = blob.type === "image/jpeg" ? "image/jpeg" : "image/png";
    const file = await this.drawing.toBlob(type);
    if (!file) return false;
    const link = make("a");
    link.href = URL.createObjectURL(file);
    link.download = `${name.replace(/\.[^.]*$/, "")}-annotated.${type === "image/jpeg" ? "jpg" : "png"}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
    return true;
  }

  #empty() {
    this.drawing.setPicture(null, null);
    this.info.textContent = "";
    for (const name of ["--ratio", "--width", "--height"]) this.stage.style.removeProperty(name);
  }

  #draw(bitmap, size) {
    this.stage.style.setProperty("--ratio", `${size.width} / ${size.height}`);
    this.stage.style.setProperty("--width", size.width);
    this.stage.style.setProperty("--height", size.height);
    this.drawing.setPicture(bitmap, size);
    const note = this.#picture.isUndisplayable ? "; this browser cannot show it" : "";
    this.info.textContent = `${this.#picture.note}, ${size.width} × ${size.height}${note}`;
  }
}
