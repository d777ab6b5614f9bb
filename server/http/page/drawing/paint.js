// Paints the items of a prediction over a picture: their shapes, and then their labels, none of which covers another.

import { colorOf } from "./colors.js";
import { hasPoints, isBox, isListed, labelOf } from "./items.js";
import { Labels } from "./labels.js";
import { boxIn, outlineOf, strokePath } from "./shapes.js";
import { areaOf, drawSkeleton } from "./skeletons.js";

const FAINT = 0.2;
const TEXT_PX = { min: 12, max: 18 }; // CSS pixels, not picture pixels: readable on a phone too
const TEXT_SHARE = 1 / 30; // of the height

// Returns the height of the text for a picture that is so high on the screen.
export const textHeight = (height) => Math.max(TEXT_PX.min, Math.min(TEXT_PX.max, height * TEXT_SHARE));

// Returns the height of the text for a file with a picture.
export const textHeightInFile = (height) => Math.max(TEXT_PX.min, height * TEXT_SHARE);

// `area` is the size of the picture in the units of the context, whose origin is its corner, and `text` the height of the
// text; `masks` has those of items, as maskOf() returns them. All items but the highlighted one, if there is one, are faint.
export function paintItems(context, area, items, { text, family, masks = new Map(), highlighted = null }) {
  const line = lineOf(text);
  const alphaOf = (item) => (highlighted && item !== highlighted ? FAINT : 1);
  context.save();
  context.beginPath();
  context.rect(0, 0, area.width, area.height);
  context.clip();
  context.font = `600 ${text}px ${family}`;
  context.textBaseline = "middle";
  const others = items.filter((item) => item !== highlighted);
  const first = highlighted ? [highlighted] : [];
  for (const item of [...others, ...first]) {
    context.globalAlpha = alphaOf(item);
    drawShape(context, item, area, line, masks.get(item));
  }
  const labels = new Labels(context, area, text, line);
  // The highlighted item chooses its place first; lists keep their order.
  for (const item of items.some(isListed) ? items : [...first, ...others]) {
    const anchor = masks.get(item)?.anchor;
    labels.add(item, alphaOf(item), {
      box: boxOf(item, area, text),
      anchor: anchor ? { x: anchor.x * area.width, y: anchor.y * area.height } : null,
    });
  }
  labels.draw();
  context.restore();
}

// Returns the upright box around an item, in the units of the area; null if it has none.
export function boxOf(item, area, text) {
  return isBox(item) ? boxIn(area, item) : hasPoints(item) ? areaOf(item, area, lineOf(text)) : null;
}

// Returns the width of a thin line beside text of this height.
const lineOf = (text) => Math.max(1, text / TEXT_PX.max);

function drawShape(context, item, area, line, mask) {
  if (mask) context.drawImage(mask.canvas, 0, 0, area.width, area.height);
  const color = colorOf(labelOf(item));
  if (hasPoints(item)) drawSkeleton(context, item, area, line, color);
  else if (isBox(item)) strokePath(context, outlineOf(item, area), 2.5 * line, line, color);
}
