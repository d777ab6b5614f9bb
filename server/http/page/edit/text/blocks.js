// New cameras and transforms, as lists of keys: {key, value, comment, fill}. A value is a scalar, a list of scalars, {entries}
// for a mapping or {items} for a list of mappings. `comment` explains a key, and the first value with `fill` is to be typed.

import { blocksOf } from "./context.js";
import { SERVICE_KEY, namesFor } from "./names.js";

const COMMENT_MAX = 90;
// What a new transform should have beside what it must have; the values of kinds that are not here are the defaults.
const TRANSFORMS = {
  classifications: { confidence_threshold: 0.5, max_classifications: 1 },
  detections: { confidence_threshold: 0.5, valid_labels: [] },
  segmentations: { confidence_threshold: 0.5, valid_labels: [] },
  keypoints: { confidence_threshold: 0.5 },
  captions: {},
  redact: { confidence_threshold: 0.3, method: "blur" },
  resize: { width_px: 640, height_px: 360 },
  crop: { x_min_px: 0.25, y_min_px: 0.25, x_max_px: 0.75, y_max_px: 0.75 },
  rotate: { angle_degs: 90 },
  flip: { direction: "horizontal" },
  overlay: {},
  paint: {},
  undistort: {},
};
const OPTIONAL_MAX = 3;
export const CAMERAS = {
  webcam: { title: "Webcam", keys: ["video_path"] },
  stream: { title: "RTSP or HTTP stream", keys: ["url", "transport"] },
  video_file: { title: "Video file", keys: ["path", "loop"] },
  image_file: { title: "Pictures", keys: ["path", "frame_rate"] },
  test_pattern: { title: "Test pattern", keys: ["width_px", "height_px"] },
  transform: { title: "Transforms of another camera", keys: ["source", "pipeline"] },
};
// What a service may be for is the key of transforms that takes its name; empty if only the model file can tell.
export const SERVICES = {
  mlmodel: { title: "What a model file recognises", name: "model", for: "", keys: ["model_path", "label_path"] },
  color_detector: { title: "Areas of a colour", name: "colour", for: "detector_name", keys: ["detect_color", "hue_tolerance_pct", "segment_size_px"] },
  motion_detector: { title: "What moves", name: "motion", for: "detector_name", keys: ["threshold", "segment_size_px"] },
  captioner: { title: "A sentence about the picture", name: "captions", for: "captioner_name", keys: ["model_path", "decoder_path", "tokenizer_path"] },
};

// Shortens a description to what fits beside its key: to its first sentence or part, if need be.
export function commentOf(description = "") {
  const text = description.replaceAll("``", "").replace(/\s+/g, " ").trim();
  const [first] = text.split(/(?<=[.;:])\s/);
  const short = text.length <= COMMENT_MAX ? text : first.length <= COMMENT_MAX ? first : `${text.slice(0, COMMENT_MAX - 1).replace(/\s\S*$/, "")} …`;
  return short.replace(/[.;:]$/, "");
}

// Returns the keys of a new transform. `kind` comes from Schema.kinds(); `tree` and `served` tell the names that it may use.
export function transformBlock(kind, tree, served) {
  const wanted = TRANSFORMS[kind.kind];
  const order = (key) => (wanted && key in wanted ? Object.keys(wanted).indexOf(key) : -1);
  const isWanted = ({ key, required }, place) => required || (wanted ? key in wanted : place < OPTIONAL_MAX);
  const optional = kind.attributes.filter(({ required }) => !required);
  const keys = kind.attributes.filter((attribute) => isWanted(attribute, optional.indexOf(attribute)));
  keys.sort((a, b) => order(a.key) - order(b.key) || Number(b.required) - Number(a.required));
  const entries = keys.map((attribute) => {
    const { key, description, required } = attribute;
    const step = { container: { entries: [] }, key };
    const names = namesFor(tree, [step], served);
    const value = wanted?.[key] ?? names?.[0]?.value ?? exampleOf(attribute);
    return { key, value, comment: commentOf(description), fill: names?.length !== 1 }; // of one name there is nothing to choose
  });
  if (entries.length && !entries.some(({ fill }) => fill)) entries[0].fill = true;
  const type = { key: "type", value: kind.kind, comment: commentOf(kind.description) };
  return entries.length ? [type, { key: "attributes", value: { entries } }] : [type];
}

// Returns whether a transform needs a vision service, and there is none that it could use.
export const lacksService = ({ attributes }, tree, served) =>
  attributes.some(({ key, required }) => required && SERVICE_KEY.test(key) && !namesFor(tree, [{ container: { entries: [] }, key }], served).length);

function exampleOf({ default: standard, views }) {
  if (standard !== undefined && standard !== null && typeof standard !== "object") return standard;
  if (Array.isArray(standard)) return standard;
  const [{ schema }] = views;
  if (schema.enum) return schema.enum[0];
  if (schema.type === "array") return [];
  if (schema.type === "object" || schema.properties) return { entries: [] };
  return schema.type === "integer" || schema.type === "number" ? (schema.minimum ?? 1) : schema.type === "boolean" ? false : "";
}

// Returns the keys of a new camera. `values` are those of its attributes that are known; the first that is missing is to be filled.
export function cameraBlock(kind, name, values, transform) {
  const attributes = CAMERAS[kind.kind].keys.map((key) => (key === "pipeline" ? { key, value: { items: [transform] }, comment: commentOf(attributeOf(kind, key).description) } : keyOf(kind, key, values)));
  return [
    { key: "name", value: name, comment: "Its name, also in addresses" },
    { key: "model", value: kind.kind },
    { key: "attributes", value: { entries: attributes } },
  ];
}

// Returns the keys of a new vision service. Of `values`, those that are null are left out.
export function serviceBlock(kind, name, values) {
  const keys = SERVICES[kind.kind].keys.filter((key) => values[key] !== null);
  return [
    { key: "name", value: name, comment: "The name that transforms use" },
    { key: "type", value: "vision" },
    { key: "model", value: kind.kind, comment: commentOf(kind.description) },
    { key: "attributes", value: { entries: keys.map((key) => keyOf(kind, key, values)) } },
  ];
}

const attributeOf = (kind, key) => kind.attributes.find((each) => each.key === key);

function keyOf(kind, key, values) {
  const attribute = attributeOf(kind, key);
  const value = values[key] ?? exampleOf(attribute);
  return { key, value, comment: commentOf(attribute.description), fill: values[key] === undefined || values[key] === "" };
}

// Returns a name that no entry of a list has yet.
export function freeName(tree, wanted, list = "cameras") {
  const taken = new Set(blocksOf(tree, list).map(({ name }) => name));
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}-${number}`;
  return name;
}
