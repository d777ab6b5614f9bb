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

// The text after the label, which is never shortened.
function suffix(item) {
  if (isMask(item)) return `: ${percentage(item.coverage)}`;
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

  async setItems(items) {
    this.#items = items.slice(0, DRAWN_MAX);
    this.#highlighted = null;
    this.#scheduleDraw();
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
    context.imageSmoothingQuality = "high";
    if (this.#bitmap) context.drawImage(this.#bitmap, 0, 0, area.width, area.height);
    context.beginPath();
    context.rect(0, 0, area.width, area.height);
    context.clip();
    this.#text = Math.max(TEXT_PX.min, Math.min(TEXT_PX.max, area.height / 30));
    context.font = `600 ${this.#text}px ${getComputedStyle(canvas).fontFamily}`;
    context.textBaseline = "middle";
    this.#area = area;
    this.#occupied = [];
    const ordered = this.#items.filter((item) => item !== this.#highlighted);
    if (this.#highlighted) ordered.push(this.#highlighted);
    for (const item of ordered) this.#shape(context, item);
    for (const item of this.#items.some(isListed) ? this.#items : ordered) this.#label(context, item);
  }

  #text = 14;
  #area = null;
  #occupied = [];

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
        context.lineWidth = line;
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
    context.globalAlpha = this.#alpha(item);
    const color = isText(item) ? TEXT_BACKGROUND : colorOf(labelOf(item));
    const text = isText(item) ? "" : this.#shortened(context, labelOf(item), suffix(item));
    const tall = this.#text * 1.5;
    const margin = this.#text / 2;
    if (isText(item)) {
      const lines = this.#wrapped(context, item.text).reverse();
      for (const line of lines) this.#plate(context, this.#shortened(context, line, ""), color, (wide) => (this.#area.width - wide) / 2, [this.#area.height - margin - tall * (1 + lines.indexOf(line))]);
    } else if (isListed(item)) {
      this.#plate(context, text, color, () => margin, [margin + this.#occupied.length * (tall + 3)]);
    } else if (isBox(item)) {
      const { x, y, height } = this.#box(item);
      this.#plate(context, text, color, () => x - 1.25, [y - tall - 1.25, y, y + height + 1.25, y + height - tall]);
    } else {
      const anchor = this.#masks.get(item)?.anchor;
      if (anchor) this.#plate(context, text, color, (wide) => anchor.x * this.#area.width - wide / 2, [0, -1, 1, -2, 2].map((step) => anchor.y * this.#area.height + (step - 0.5) * tall));
    }
    context.globalAlpha = 1;
  }

  // Shortens text that is too long for the picture; squeezed letters would be unreadable.
  #shortened(context, label, rest) {
    const room = this.#area.width - 2 * this.#padding;
    const fits = (text) => context.measureText(text + rest).width <= room;
    if (fits(label)) return label + rest;
    const letters = [...label];
    while (letters.length && !fits(`${letters.join("")}…`)) letters.pop();
    return `${letters.join("").trimEnd()}…${rest}`;
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

  // Draws a label at the first position that is inside the picture and free, else at the first inside it.
  #plate(context, text, color, across, positions) {
    const padding = this.#padding;
    const tall = this.#text * 1.5;
    const wide = Math.min(context.measureText(text).width + 2 * padding, this.#area.width);
    const x = Math.max(0, Math.min(across(wide), this.#area.width - wide));
    const possible = positions.filter((y) => y >= 0 && y + tall <= this.#area.height + 0.5);
    const free = (y) => !this.#occupied.some((other) => x < other.x + other.wide && other.x < x + wide && y < other.y + tall && other.y < y + tall);
    const y = possible.find(free) ?? possible[0] ?? Math.max(0, Math.min(positions[0], this.#area.height - tall));
    this.#occupied.push({ x, y, wide });
    context.fillStyle = color;
    context.beginPath();
    context.roundRect(x, y, wide, tall, 3);
    context.fill();
    context.fillStyle = readableOn(color);
    context.fillText(text, x + padding, y + tall / 2 + this.#text * 0.04, wide - 2 * padding);
  }
}
