// How values are written in YAML.

const PLAIN = /^(?![-?:](?:\s|$))[^\s#'"[\]{},&*!|>%@`][^\n#]*$/;
const OTHER_TYPE = /^(?:true|false|null|~|[-+]?[\d.][\d_]*(?:\.\d*)?(?:e[-+]?\d+)?|0[xo][\da-f]+|[-+]?\.inf|\.nan|)$/i;

// Returns a value as it is written: in quotes if it is a text that would be read as something else without them.
export function quotedIfNeeded(value, { json = false, flow = false } = {}) {
  if (Array.isArray(value)) return `[${value.map((each) => quotedIfNeeded(each, { json, flow: true })).join(", ")}]`;
  if (typeof value !== "string") return String(value);
  const plain = !json && PLAIN.test(value) && !OTHER_TYPE.test(value) && !/:\s|:$|\s#|\s$/.test(value) && !(flow && /[,[\]{}]/.test(value));
  return plain ? value : JSON.stringify(value);
}
