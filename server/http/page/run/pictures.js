// The pictures of "Run model", and the strip in which to choose among several.

import { make, setText } from "../shared/dom.js";

const THUMB_PX = { width: 112, height: 72 };

// A picture: {blob, name, note, camera, answer, error}; `answer` is the model's, `error` why there is none.
export class Pictures {
  #buttons = new Map();

  constructor(strip, onSelect) {
    this.strip = strip;
    this.onSelect = onSelect;
    this.list = [];
    this.current = null;
  }

  // Replaces all pictures and selects the first; an empty list removes them.
  set(list) {
    this.list = list;
    this.current = list[0] ?? null;
    this.#buttons.clear();
    this.strip.replaceChildren(...(list.length > 1 ? list.map((picture) => make("li", "", this.#button(picture))) : []));
    this.strip.hidden = list.length < 2;
    this.update();
  }

  select(picture) {
    if (picture === this.current) return;
    this.current = picture;
    this.update();
    this.onSelect();
  }

  // Shows what has become of each picture.
  update(words = () => "") {
    for (const [picture, button] of this.#buttons) {
      button.ariaCurrent = String(picture === this.current);
      button.classList.toggle("failed", Boolean(picture.error));
      setText(button.lastElementChild, picture.error ? "Failed" : words(picture));
      button.title = picture.error || picture.name;
    }
  }

  #button(picture) {
    const canvas = Object.assign(make("canvas"), { ...THUMB_PX, ariaHidden: "true" });
    const button = make("button", "", canvas, make("span", "file", picture.name), make("small"));
    button.type = "button";
    button.addEventListener("click", () => this.select(picture));
    this.#buttons.set(picture, button);
    drawThumb(canvas, picture);
    return button;
  }
}

async function drawThumb(canvas, { blob }) {
  const bitmap = blob && (await createImageBitmap(blob).catch(() => null));
  if (!bitmap) return; // the picture cannot be read, or this browser cannot decode it
  const scale = Math.max(canvas.width / bitmap.width, canvas.height / bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  bitmap.close();
}
