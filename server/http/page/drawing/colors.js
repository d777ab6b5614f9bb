// The colours of labels: the palette of transforms/painting/colors.py, from which colorOf() chooses the same colour.

const PALETTE = [
  "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7",
  "#9176ff", "#fbbac1", "#bf0428", "#7115ff", "#9ad182", "#4deffd", "#ad2275",
];
const SEED = 473184;
const CRC = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

export function colorOf(label) {
  let sum = ~SEED;
  for (const byte of new TextEncoder().encode(label.toLowerCase())) sum = CRC[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return PALETTE[(~sum >>> 0) % PALETTE.length];
}

// Returns red, green and blue of a colour, from 0 to 255.
export function channels(color) {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}

// Returns black or white, whichever is easier to read on a colour.
export function readableOn(color) {
  const [red, green, blue] = channels(color).map((value) =>
    value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
  );
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) ** 2 > 0.05 * 1.05 ? "#000" : "#fff";
}
