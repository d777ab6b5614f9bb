// What a model has found, as a list.

import { make, percentage } from "../shared/dom.js";
import { colorOf } from "../drawing/colors.js";
import { hasPoints, isInPlace, isMask, isText, labelOf, valueOf } from "../drawing/items.js";
import { isVisible } from "../drawing/skeletons.js";

const LISTED_MAX = 50;

// Leaves out the background, whose tint would hide the picture, unless there is nothing else to draw.
export function isDrawn(answer, item) {
  const isBackground = ({ class_name: label }) => /^(__)?background(__)?$/i.test(label ?? "");
  return answer.kind !== "segmentations" || !isBackground(item) || answer.items.every(isBackground);
}

// Returns a row for each item; pointing at it highlights the item in the drawing.
export function rowsOf(answer, items, drawing) {
  const rows = items.slice(0, LISTED_MAX).map((item) => rowOf(answer, item, drawing));
  const rest = items.length - rows.length;
  return rest ? [...rows, make("li", "rest", `and ${rest} more`)] : rows;
}

function rowOf(answer, item, drawing) {
  const value = valueOf(item);
  const label = make("span", "label", ...(isText(item) ? [] : [make("i", "swatch")]), labelOf(item) + (item.track_id === undefined ? "" : ` #${item.track_id}`));
  const meter = make("span", "meter");
  const element = make("li", answer.kind, label, make("span", "value", isMask(item) ? `covers ${percentage(value)}` : value.toFixed(2)), meter);
  if (!isText(item)) element.style.setProperty("--color", colorOf(labelOf(item)));
  element.classList.toggle("undrawn", !isDrawn(answer, item));
  meter.style.setProperty("--value", value);
  if (hasPoints(item)) label.append(make("small", "", ` ${item.points.filter(isVisible).length} of ${item.points.length} points`));
  if (isInPlace(item) && isDrawn(answer, item)) {
    element.tabIndex = 0;
    for (const name of ["pointerenter", "focus"]) element.addEventListener(name, () => drawing.highlight(item));
    for (const name of ["pointerleave", "blur"]) element.addEventListener(name, () => drawing.highlight(null));
  }
  return element;
}
