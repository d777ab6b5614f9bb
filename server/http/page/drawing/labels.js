// The labels on a picture: where each stands, so that none covers another, and how it looks.

import { colorOf, readableOn } from "./colors.js";
import { isListed, isText, labelOf, suffixOf } from "./items.js";

const TEXT_BACKGROUND = "#000000";
const MOVED_MAX = 8; // lines: a label farther from its box would not be found

export class Labels {
  #plates = [];

  // `area` is the size of the picture and `line` a thin line, in the units of the context, whose font is `text` high.
  constructor(context, area, text, line) {
    this.context = context;
    this.area = area;
    this.text = text;
    this.line = line;
    this.tall = text * 1.5;
    this.padding = text * 0.45;
  }

  // Gives the label of an item a place. `box` is where the item is, or `anchor` the middle of its mask.
  add(item, alpha, { box = null, anchor = null }) {
    const { area, tall, line } = this;
    const color = isText(item) ? TEXT_BACKGROUND : colorOf(labelOf(item));
    const text = isText(item) ? "" : this.#shortened(labelOf(item), suffixOf(item), suffixOf(item, ""));
    const margin = this.text / 2;
    const place = (words, across, positions, pointsTo = null) => this.#place({ text: words, color, alpha, pointsTo }, across, positions);
    if (isText(item)) {
      const lines = this.#wrapped(item.text).reverse();
      lines.forEach((words, row) => place(this.#shortened(words), (wide) => (area.width - wide) / 2, [area.height - margin - tall * (1 + row)]));
    } else if (isListed(item)) {
      place(text, () => margin, [margin + this.#plates.length * (tall + 3)]);
    } else if (box) {
      const { x, y, width, height } = box;
      const edge = 1.25 * line;
      place(text, () => x - edge, [y - tall - edge, y, y + height + edge, y + height - tall], { x: x + Math.min(width / 2, tall), y });
    } else if (anchor) {
      const { x, y } = anchor;
      place(text, (wide) => x - wide / 2, [0, -1, 1, -2, 2].map((step) => y + (step - 0.5) * tall), { x, y });
    }
  }

  draw() {
    for (const plate of this.#plates) this.#drawPointer(plate);
    for (const plate of this.#plates) this.#drawPlate(plate);
  }

  // Shortens text that is too long for the picture, first what follows the label; squeezed letters would be unreadable.
  #shortened(label, rest = "", shortRest = rest) {
    const room = this.area.width - 2 * this.padding;
    const fits = (text) => this.context.measureText(text).width <= room;
    if (fits(label + rest)) return label + rest;
    if (fits(label + shortRest)) return label + shortRest;
    const letters = [...label];
    while (letters.length && !fits(`${letters.join("")}…${shortRest}`)) letters.pop();
    return `${letters.join("").trimEnd()}…${shortRest}`;
  }

  #wrapped(text) {
    const lines = [""];
    for (const word of text.split(/\s+/)) {
      const longer = `${lines.at(-1)} ${word}`.trim();
      if (lines.at(-1) && this.context.measureText(longer).width > this.area.width - 3 * this.text) lines.push(word);
      else lines[lines.length - 1] = longer;
    }
    return lines;
  }

  // Gives a label the first position that is inside the picture and free; one that points to something may also move
  // away from it. A label for which there is no place is left out: the list beside the picture has it.
  #place(plate, across, positions) {
    const { area, tall } = this;
    const wide = Math.min(this.context.measureText(plate.text).width + 2 * this.padding, area.width);
    const inside = (x) => Math.max(0, Math.min(x, area.width - wide));
    const x = inside(across(wide));
    const clamped = Math.max(0, Math.min(positions[0], area.height - tall));
    const near = (plate.pointsTo ? [...positions, clamped] : positions).map((y) => ({ x, y }));
    const found = near.find((place) => this.#isFree(place, wide));
    if (found) {
      this.#plates.push({ ...plate, ...found, wide, pointsTo: null });
      return;
    }
    if (!plate.pointsTo) return;
    const away = [];
    for (let row = -MOVED_MAX; row <= MOVED_MAX; row++) {
      for (let column = -2; column <= 2; column++) away.push({ x: inside(x + (column * wide) / 2), y: positions[0] + row * (tall + 1) });
    }
    const distance = (place) => (place.x - x) ** 2 + (place.y - positions[0]) ** 2;
    away.sort((a, b) => distance(a) - distance(b));
    const place = away.find((each) => this.#isFree(each, wide));
    if (place) this.#plates.push({ ...plate, ...place, wide });
  }

  #isFree({ x, y }, wide) {
    const { area, tall } = this;
    if (y < 0 || y + tall > Math.max(area.height, tall) + 0.5) return false;
    return !this.#plates.some((other) => x < other.x + other.wide && other.x < x + wide && y < other.y + tall && other.y < y + tall);
  }

  // Draws the line from a label that had to move to its box or mask.
  #drawPointer({ x, y, wide, color, alpha, pointsTo }) {
    if (!pointsTo) return;
    const { context } = this;
    context.globalAlpha = alpha;
    context.strokeStyle = color;
    context.lineWidth = 1.5 * this.line;
    context.beginPath();
    context.moveTo(Math.max(x, Math.min(pointsTo.x, x + wide)), y + this.tall / 2);
    context.lineTo(pointsTo.x, pointsTo.y);
    context.stroke();
    context.globalAlpha = 1;
  }

  #drawPlate({ text, x, y, wide, color, alpha }) {
    const { context, tall, padding } = this;
    context.globalAlpha = alpha;
    context.fillStyle = color;
    context.beginPath();
    context.roundRect(x, y, wide, tall, 3 * this.line);
    context.fill();
    context.fillStyle = readableOn(color);
    context.fillText(text, x + padding, y + tall / 2 + this.text * 0.04, wide - 2 * padding);
    context.globalAlpha = 1;
  }
}
