// The masks of segmentations.

import { channels, colorOf } from "./colors.js";
import { labelOf } from "./items.js";

const OPACITY = 0.45;
const WIDTH_MAX = 1600;

// Returns a mask as a tinted picture with an opaque edge, and the position of its label; null if it does not decode. A picture
// of fewer pixels is made faster.
export async function maskOf(item, widthMax = WIDTH_MAX) {
  try {
    const bytes = Uint8Array.from(atob(item.mask_png), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const scale = Math.min(1, widthMax / bitmap.width);
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

// Colours what is inside, and returns the inside point that is nearest to the middle; null if nothing is inside.
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
    data.set([red, green, blue, inside[at] ? (within ? 255 * OPACITY : 255) : 0], 4 * at);
    const distance = inside[at] ? (x - middleX) ** 2 + (y - middleY) ** 2 : Infinity;
    if (distance < nearest) [nearest, anchor] = [distance, { x: (x + 0.5) / width, y: (y + 0.5) / height }];
  }
  return anchor;
}
