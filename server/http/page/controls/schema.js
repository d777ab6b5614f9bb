// Which attributes of a transform a control can change, from the JSON Schema of the configuration.

import { fetchJson } from "../shared/api.js";

const SLIDER_SPAN_MAX = 100; // beyond, a step of a slider is too coarse
const SLIDER_STEPS = 100;
const TIMEOUT_MS = 15_000;
let schema = null;

// Returns [{name, help, kind, ...}] for a kind of transform. `kind` is "number" (with least, most, step, slider), "choice"
// (with options), "switch" or "list" (of texts); `optional` says that the attribute may be left empty, `fallback` is its default.
export async function adjustable(type) {
  schema ??= fetchJson("schema.json", {}, TIMEOUT_MS).then(transformsIn);
  try {
    return Object.entries((await schema).get(type) ?? {}).map(([name, property]) => describe(name, property)).filter(Boolean);
  } catch (error) {
    schema = null;
    throw error;
  }
}

// Returns the attributes of every kind of transform. They are the entries of `pipeline`, wherever a camera has one.
function transformsIn(node, found = new Map()) {
  for (const [key, value] of Object.entries(node ?? {})) {
    if (key === "pipeline" && value.items) {
      for (const { properties: { type, attributes } } of alternatives(value.items)) {
        const [given] = alternatives(attributes).filter(({ properties }) => properties);
        for (const name of type.enum ?? [type.const]) found.set(name, given?.properties);
      }
    } else if (typeof value === "object") {
      transformsIn(value, found);
    }
  }
  return found;
}

const alternatives = (node) => (node.anyOf ?? node.oneOf)?.flatMap(alternatives) ?? [node];

function describe(name, property) {
  const all = alternatives(property);
  const isVariable = ({ type, pattern, enum: options }) => type === "string" && pattern && !options; // ${NAME}
  const forms = all.filter((form) => form.type !== "null" && !isVariable(form));
  if (forms.length !== 1) return null;
  const [form] = forms;
  const common = { name, help: property.description ?? "", optional: all.length > 1 && all.some(({ type }) => type === "null"), fallback: property.default ?? null };
  if (form.enum?.every((option) => typeof option === "string")) return { ...common, kind: "choice", options: form.enum };
  if (form.type === "boolean") return { ...common, kind: "switch" };
  if (form.type === "array" && form.items?.type === "string") return { ...common, kind: "list" };
  if (form.type === "number" || form.type === "integer") return { ...common, kind: "number", ...rangeOf(form, common.optional) };
  return null; // names of services and cameras, blocks of several values
}

function rangeOf(form, optional) {
  const { type, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = form;
  const least = minimum ?? exclusiveMinimum;
  const most = maximum ?? exclusiveMaximum;
  const span = most - least; // NaN without both
  const step = type === "integer" ? 1 : span <= SLIDER_SPAN_MAX ? roundStep(span / SLIDER_STEPS) : "any";
  const slider = !optional && span <= SLIDER_SPAN_MAX;
  const within = (limit, exclusive, direction) => (limit === undefined && exclusive !== undefined && slider ? exclusive + direction * step : (limit ?? exclusive));
  return { least: within(minimum, exclusiveMinimum, 1), most: within(maximum, exclusiveMaximum, -1), step, slider };
}

// Returns the next smaller step of 1, 2 or 5 times a power of ten.
function roundStep(step) {
  const power = 10 ** Math.floor(Math.log10(step) + 1e-9);
  return Number((power * [5, 2, 1].find((factor) => factor * power <= step * (1 + 1e-9))).toPrecision(1));
}
