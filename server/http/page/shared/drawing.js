// Draws predictions over a picture, in the colours of the streams and at the resolution of the screen.

// The palette of transforms/painting/colors.py; colorOf() chooses the same colour for a label.
const PALETTE = [
  "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7",
  "#9176ff", "#fbbac1", "#bf0428", "#7115ff", "#9ad182", "#4deffd", "#ad2275",
];
const SEED = 473184;
const TEXT_BACKGROUND = "#000000";
const MASK_OPACITY = 0.45;
const MASK_WIDTH_MAX = 1600;
const DRAWN_MAX = 300;
const FAINT = 0.2;
const TEXT_PX = { min: 12, max: 18 }; // CSS pixels, not picture pixels: readable on a phone too
const TEXT_SHARE = 1 / 30; // of the height
const SAVED_SIDE_MAX = 8192; // pixels; browsers draw nothing on canvases that are much larger
const MOVED_MAX = 8; // lines: a label farther from its box would not be found

const CRC = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

export function colorOf(label) {
  let sum = ~SEED;
  for (const byte of new TextEncoder().encode(label.toLowerCase())) sum = CRC[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return PALETTE[(~sum >>> 0) % PALETTE.length];
}

// The members of an item decide how it is drawn, so that a new kind needs no code here: text becomes a subtitle, boxes and
// masks are drawn in place, and all other items are listed in the corner.
export const isText = (item) => item.text !== undefined;
export const isBox = (item) => item.x_min_normalized !== undefined;
export const isMask = (item) => item.coverage !== undefined;
const isListed = (item) => !isText(item) && !isBox(item) && !isMask(item);
export const labelOf = (item) => item.text ?? item.class_name ?? "";
export const valueOf = (item) => item.confidence ?? item.coverage ?? 1;

function channels(color) {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}

function readableOn(color) {
  const [red, green, blue] = channels(color).map((value) =>
    value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
  );
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) ** 2 > 0.05 * 1.05 ? "#000" : "#fff";
}

// The text after the label, which stays when the label is shortened.
function suffix(item, verb = " covers") {
  if (isMask(item)) return `${verb} ${percentage(item.coverage)}`;
  const track = item.track_id === undefined ? "" : ` #${item.track_id}`;
  return item.confidence === undefined ? track : `${track}: ${item.confidence.toFixed(2)}`;
}

export function textOf(item) {
  return isText(item) ? item.text : labelOf(item) + suffix(item);
}

export function percentage(value) {
  const percent = value * 100;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  return `${percent && percent < 9.95 ? percent.toFixed(1) : Math.round(percent)} %`;
}

// Returns a mask as a tinted picture with an opaque edge, and the position of its label; null if it does not decode.
async function maskOf(item) {
  try {
    const bytes = Uint8Array.from(atob(item.mask_png), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const scale = Math.min(1, MASK_WIDTH_MAX / bitmap.width);
    const width = Math.max(1, Math.round(bitmap.width * scale));
    const height = Math.max(1, Math.round(bitmap.height * scale));
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    const data = context.getImageData(0, 0, width, height);
    const anchor = tint(data, channels(colorOf(labelOf(item))));
    context.putImageData(data, 0, 0);
    return { canvas, anchor };
  } catch {
    return null;
  }
}

function tint({ data, width, height }, [red, green, blue]) {
  const inside = new Uint8Array(width * height);
  let [count, across, down] = [0, 0, 0];
  for (let at = 0; at < inside.length; at++) {
    if (!data[4 * at]) continue;
    inside[at] = 1;
    count += 1;
    across += at % width;
    down += Math.floor(at / width);
  }
  const edge = Math.max(1, Math.round(width / 500));
  const [middleX, middleY] = [across / count, down / count];
  let [nearest, anchor] = [Infinity, null];
  for (let at = 0; at < inside.length; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    const within = inside[at] && x >= edge && y >= edge && x < width - edge && y < height - edge &&
      inside[at - edge] && inside[at + edge] && inside[at - edge * width] && inside[at + edge * width];
    data.set([red, green, blue, inside[at] ? (within ? 255 * MASK_OPACITY : 255) : 0], 4 * at);
    const distance = inside[at] ? (x - middleX) ** 2 + (y - middleY) ** 2 : Infinity;
    if (distance < nearest) [nearest, anchor] = [distance, { x: (x + 0.5) / width, y: (y + 0.5) / height }];
  }
  return anchor;
}

export class Drawing {
  #bitmap = null;
  #size = null;
  #items = [];
  #masks = new Map();
  #highlighted = null;
  #pending = 0;
  #decoding = null;

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
    this.#decoding = this.#decodeMasks(items);
  }

  async #decodeMasks(items) {
    for (const known of this.#masks.keys()) if (!items.includes(known)) this.#masks.delete(known);
    const masks = items.filter(isMask);
    if (!masks.length) return;
    for (const item of masks) if (!this.#masks.has(item)) this.#masks.set(item, await maskOf(item));
    this.#scheduleDraw();
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
    this.#scheduleDraw();
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

  // Draws the picture over an area, and on it the shapes and then the labels, none of which covers another.
  #paint(context, { width, height }, text) {
    this.#area = { width, height };
    this.#text = text;
    this.#line = Math.max(1, text / TEXT_PX.max);
    this.#plates = [];
    context.imageSmoothingQuality = "high";
    if (this.#bitmap) context.drawImage(this.#bitmap, 0, 0, width, height);
    context.beginPath();
    context.rect(0, 0, width, height);
    context.clip();
    context.font = `600 ${text}px ${getComputedStyle(this.canvas).fontFamily}`;
    context.textBaseline = "middle";
    const others = this.#items.filter((item) => item !== this.#highlighted);
    const highlighted = this.#highlighted ? [this.#highlighted] : [];
    for (const item of [...others, ...highlighted]) this.#shape(context, item);
    // The highlighted item chooses its place first; lists keep their order.
    for (const item of this.#items.some(isListed) ? this.#items : [...highlighted, ...others]) this.#label(context, item);
    for (const plate of this.#plates) this.#drawPointer(context, plate);
    for (const plate of this.#plates) this.#drawPlate(context, plate);
  }

  #text = 14;
  #line = 1;
  #area = null;
  #plates = [];

  #alpha(item) {
    return this.#highlighted && item !== this.#highlighted ? FAINT : 1;
  }

  #shape(context, item) {
    context.globalAlpha = this.#alpha(item);
    if (isMask(item)) {
      const mask = this.#masks.get(item);
      if (mask) context.drawImage(mask.canvas, 0, 0, this.#area.width, this.#area.height);
    } else if (isBox(item)) {
      const { x, y, width, height } = this.#box(item);
      context.lineJoin = "round";
      for (const [line, color] of [[4.5, "rgb(0 0 0 / 40%)"], [2.5, colorOf(labelOf(item))]]) {
        context.lineWidth = line * this.#line;
        context.strokeStyle = color;
        context.strokeRect(x, y, width, height);
      }
    }
    context.globalAlpha = 1;
  }

  #box(item) {
    const { width, height } = this.#area;
    const x = Math.max(1.5, item.x_min_normalized * width);
    const y = Math.max(1.5, item.y_min_normalized * height);
    return {
      x,
      y,
      width: Math.max(1, Math.min(width - 1.5, item.x_max_normalized * width) - x),
      height: Math.max(1, Math.min(height - 1.5, item.y_max_normalized * height) - y),
    };
  }

  #label(context, item) {
    const color = isText(item) ? TEXT_BACKGROUND : colorOf(labelOf(item));
    const text = isText(item) ? "" : this.#shortened(context, labelOf(item), suffix(item), suffix(item, ""));
    const tall = this.#text * 1.5;
    const margin = this.#text / 2;
    const alpha = this.#alpha(item);
    const add = (words, across, positions, pointsTo = null) => this.#place(context, { text: words, color, alpha, pointsTo }, across, positions);
    if (isText(item)) {
      const lines = this.#wrapped(context, item.text).reverse();
      lines.forEach((line, place) => add(this.#shortened(context, line), (wide) => (this.#area.width - wide) / 2, [this.#area.height - margin - tall * (1 + place)]));
    } else if (isListed(item)) {
      add(text, () => margin, [margin + this.#plates.length * (tall + 3)]);
    } else if (isBox(item)) {
      const { x, y, width, height } = this.#box(item);
      const edge = 1.25 * this.#line;
      add(text, () => x - edge, [y - tall - edge, y, y + height + edge, y + height - tall], { x: x + Math.min(width / 2, tall), y });
    } else {
      const anchor = this.#masks.get(item)?.anchor;
      if (!anchor) return;
      const [x, y] = [anchor.x * this.#area.width, anchor.y * this.#area.height];
      add(text, (wide) => x - wide / 2, [0, -1, 1, -2, 2].map((step) => y + (step - 0.5) * tall), { x, y });
    }
  }

  // Shortens text that is too long for the picture, first what follows the label; squeezed letters would be unreadable.
  #shortened(context, label, rest = "", shortRest = rest) {
    const room = this.#area.width - 2 * this.#padding;
    const fits = (text) => context.measureText(text).width <= room;
    if (fits(label + rest)) return label + rest;
    if (fits(label + shortRest)) return label + shortRest;
    const letters = [...label];
    while (letters.length && !fits(`${letters.join("")}…${shortRest}`)) letters.pop();
    return `${letters.join("").trimEnd()}…${shortRest}`;
  }

  get #padding() {
    return this.#text * 0.45;
  }

  #wrapped(context, text) {
    const lines = [""];
    for (const word of text.split(/\s+/)) {
      const longer = `${lines.at(-1)} ${word}`.trim();
      if (lines.at(-1) && context.measureText(longer).width > this.#area.width - 3 * this.#text) lines.push(word);
      else lines[lines.length - 1] = longer;
    }
    return lines;
  }

  // Gives a label the first position that is inside the picture and free; one that points to something may also move
  // away from it. A label for which there is no place is left out: the list beside the picture has it.
  #place(context, plate, across, positions) {
    const tall = this.#text * 1.5;
    const wide = Math.min(context.measureText(plate.text).width + 2 * this.#padding, this.#area.width);
    const inside = (x) => Math.max(0, Math.min(x, this.#area.width - wide));
    const x = inside(across(wide));
    const clamped = Math.max(0, Math.min(positions[0], this.#area.height - tall));
    const near = (plate.pointsTo ? [...positions, clamped] : positions).map((y) => ({ x, y }));
    const found = near.find((place) => this.#isFree(place, wide, tall));
    if (found) {
      this.#plates.push({ ...plate, ...found, wide, tall, pointsTo: null });
      return;
    }
    if (!plate.pointsTo) return;
    const away = [];
    for (let row = -MOVED_MAX; row <= MOVED_MAX; row++) {
      for (let column = -2; column <= 2; column++) away.push({ x: inside(x + (column * wide) / 2), y: positions[0] + row * (tall + 1) });
    }
    const distance = (place) => (place.x - x) ** 2 + (place.y - positions[0]) ** 2;
    away.sort((a, b) => distance(a) - distance(b));
    const place = away.find((each) => this.#isFree(each, wide, tall));
    if (place) this.#plates.push({ ...plate, ...place, wide, tall });
  }

  #isFree({ x, y }, wide, tall) {
    if (y < 0 || y + tall > Math.max(this.#area.height, tall) + 0.5) return false;
    return !this.#plates.some((other) => x < other.x + other.wide && other.x < x + wide && y < other.y + other.tall && other.y < y + tall);
  }

  // Draws the line from a label that had to move to its box or mask.
  #drawPointer(context, { x, y, wide, tall, color, alpha, pointsTo }) {
    if (!pointsTo) return;
    context.globalAlpha = alpha;
    context.strokeStyle = color;
    context.lineWidth = 1.5 * this.#line;
    context.beginPath();
    context.moveTo(Math.max(x, Math.min(pointsTo.x, x + wide)), y + tall / 2);
    context.lineTo(pointsTo.x, pointsTo.y);
    context.stroke();
    context.globalAlpha = 1;
  }

  #drawPlate(context, { text, x, y, wide, tall, color, alpha }) {
    const padding = this.#padding;
    context.globalAlpha = alpha;
    context.fillStyle = color;
    context.beginPath();
    context.roundRect(x, y, wide, tall, 3 * this.#line);
    context.fill();
    context.fillStyle = readableOn(color);
    context.fillText(text, x + padding, y + tall / 2 + this.#text * 0.04, wide - 2 * padding);
    context.globalAlpha = 1;
  }
}
