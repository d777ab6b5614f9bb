// The chain of a camera: its source, the transforms, and the cameras on the way.

import { icon, make } from "./dom.js";

const LENS = "M4 8h3l2-3h6l2 3h3v11H4Zm8 2.500a3.500 3.500 0 1 0 0 7a3.500 3.500 0 0 0 0-7Z";
const DRAWN_MAX = 7;

// Returns the cameras from the source to this one. A camera that the page does not know has only a name.
export function chainOf(camera, cameras) {
  const path = [];
  for (let at = camera; at && !path.includes(at); at = at.source ? (cameras.get(at.source) ?? { name: at.source }) : null) path.unshift(at);
  return path;
}

// Returns the attribute of a transform that says most about it.
export function transformDetail({ width_px, height_px, angle_degs, direction, ...attributes } = {}) {
  const service = Object.entries(attributes).find(([key, value]) => value && /^(detector|classifier|segmenter|captioner|keypoints)_name$/.test(key));
  if (service) return service[1];
  if (width_px || height_px) return `${width_px || "auto"} × ${height_px || "auto"}`;
  if (angle_degs !== undefined) return `${angle_degs}°`;
  return direction ?? "";
}

export const modelOf = (camera) => (camera.source === null ? camera.model.replaceAll("_", " ") : "");

// Draws a chain, for a camera without a picture. Decoration: the text of the page has the same.
export function drawChain(path) {
  const nodes = path.flatMap((camera, place) => [
    ...(camera.transforms ?? []).map((transform) => node("step", transform.type, transformDetail(transform.attributes))),
    node(place === path.length - 1 ? "node own" : "node", camera.name, path.length === 1 && camera.model ? modelOf(camera) : ""),
  ]);
  nodes[0].prepend(icon(LENS));
  const middle = Math.floor(DRAWN_MAX / 2);
  const left = nodes.length - DRAWN_MAX + 1;
  if (left > 1) nodes.splice(middle, left, node("step", `${left} more`, ""));
  return nodes;
}

function node(className, title, detail) {
  return make("span", className, make("b", "", title), detail ? make("small", "", detail) : null);
}
