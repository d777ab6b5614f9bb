// The items of a prediction, and their texts. The members of an item decide how it is drawn, so that a new kind needs no
// code here: text becomes a subtitle, boxes, masks and points are drawn in place, and all other items are listed in the
// corner.

import { percentage } from "../shared/dom.js";

export const isText = (item) => item.text !== undefined;
export const isBox = (item) => item.x_min_normalized !== undefined;
export const isMask = (item) => item.coverage !== undefined;
export const hasPoints = (item) => Array.isArray(item.points) && Array.isArray(item.skeleton);
export const isInPlace = (item) => isBox(item) || isMask(item) || hasPoints(item);
export const isListed = (item) => !isText(item) && !isInPlace(item);
export const labelOf = (item) => item.text ?? item.class_name ?? "";
export const valueOf = (item) => item.confidence ?? item.coverage ?? 1;

// Returns the text after the label, which stays when the label is shortened.
export function suffixOf(item, verb = " covers") {
  if (isMask(item)) return `${verb} ${percentage(item.coverage)}`;
  const track = item.track_id === undefined ? "" : ` #${item.track_id}`;
  return item.confidence === undefined ? track : `${track}: ${item.confidence.toFixed(2)}`;
}

export function textOf(item) {
  return isText(item) ? item.text : labelOf(item) + suffixOf(item);
}
