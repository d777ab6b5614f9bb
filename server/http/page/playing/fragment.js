// Reads from a fragment of MP4 with one picture what the player must know of it.

const TICKS_PER_S = 90_000;
const BOXES_WITHIN = new Set(["moof", "traf"]);
const NO_SYNC_SAMPLE = 0x10000;
const DATA_OFFSET = 0x1;
const FIRST_FLAGS = 0x4;
const DURATION = 0x100;
const SIZE = 0x200;
const FLAGS = 0x400;

// Returns {timeS, isKey} of a fragment; null for anything else, such as the head of a stream.
export function readFragment(buffer) {
  const found = {};
  try {
    read(new DataView(buffer), 0, buffer.byteLength, found);
  } catch {
    return null; // cut
  }
  return found.timeS === undefined || found.isKey === undefined ? null : found;
}

function read(view, start, end, found) {
  for (let at = start; at + 8 <= end; ) {
    const size = view.getUint32(at);
    const name = String.fromCharCode(...[4, 5, 6, 7].map((place) => view.getUint8(at + place)));
    if (size < 8) return;
    if (BOXES_WITHIN.has(name)) read(view, at + 8, at + size, found);
    else if (name === "tfdt") found.timeS = timeOf(view, at + 8);
    else if (name === "trun") found.isKey = isKeyOf(view, at + 8);
    else if (name === "mdat") return;
    at += size;
  }
}

function timeOf(view, at) {
  const isLong = view.getUint8(at) === 1;
  return (isLong ? Number(view.getBigUint64(at + 4)) : view.getUint32(at + 4)) / TICKS_PER_S;
}

function isKeyOf(view, at) {
  const flags = view.getUint32(at) & 0xffffff;
  const first = at + 8 + (flags & DATA_OFFSET ? 4 : 0);
  const place = flags & FIRST_FLAGS ? first : first + (flags & DURATION ? 4 : 0) + (flags & SIZE ? 4 : 0);
  if (!(flags & (FIRST_FLAGS | FLAGS))) return undefined;
  return !(view.getUint32(place) & NO_SYNC_SAMPLE);
}
