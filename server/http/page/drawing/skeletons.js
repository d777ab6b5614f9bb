// Keypoints: points, and the lines between them.

import { readableOn } from "./colors.js";
import { strokePath } from "./shapes.js";

const VISIBLE = 0.25; // confidence of a point; a lower one is not drawn
const SURE = 0.5; // points with a lower confidence are hollow, and their lines thinner, as in the streams
const REACH = 5; // lines: from a point to the edge of its disc and beyond

export const isVisible = (point) => point.confidence >= VISIBLE;

// Draws the lines between visible points, and a disc on each.
export function drawSkeleton(context, item, area, line, color) {
  const places = placesOf(item, area);
  const isSure = (end) => item.points[end].confidence >= SURE;
  for (const [first, second] of item.skeleton) {
    if (!places[first] || !places[second]) continue;
    const path = new Path2D();
    for (const end of [first, second]) path.lineTo(places[end].x, places[end].y);
    strokePath(context, path, (isSure(first) && isSure(second) ? 2.5 : 1.25) * line, line, color);
  }
  places.forEach((place, at) => {
    if (!place) return;
    const discs = [[4.5, readableOn(color)], [3.5, color], ...(isSure(at) ? [] : [[2, readableOn(color)]])];
    for (const [radius, style] of discs) {
      context.fillStyle = style;
      context.beginPath();
      context.arc(place.x, place.y, radius * line, 0, 2 * Math.PI);
      context.fill();
    }
  });
}

// Returns the area of the visible points, null if there are none.
export function areaOf(item, area, line) {
  const places = placesOf(item, area).filter(Boolean);
  if (!places.length) return null;
  const [across, down] = [places.map(({ x }) => x), places.map(({ y }) => y)];
  const reach = REACH * line;
  const [x, y] = [Math.min(...across) - reach, Math.min(...down) - reach];
  return { x, y, width: Math.max(...across) + reach - x, height: Math.max(...down) + reach - y };
}

// Returns the place of each point, null for those that are not drawn.
function placesOf(item, { width, height }) {
  return item.points.map((point) => (isVisible(point) ? { x: point.x_normalized * width, y: point.y_normalized * height } : null));
}
