// What the text itself and the server know of names: cameras, services, and the labels of models.

import { blocksOf } from "./context.js";
import { textOf, valueOf } from "./yaml.js";

export const SERVICE_KEY = /^(detector|classifier|segmenter|captioner|keypoints)_name$/;
const GIVES = { detector: "detections", classifier: "classifications", segmenter: "segmentations", captioner: "captions", keypoints: "keypoints" };

// Returns the names that may stand in a place: [{value, description}]; null if its key takes no name.
// `served` are the services as GET /api/vision gives them.
export function namesFor(tree, path, served) {
  const step = path.at(-1);
  const key = step?.key ?? path.at(-2)?.key;
  const cameras = blocksOf(tree, "cameras").filter(({ name }) => name);
  const services = blocksOf(tree, "services").filter(({ name }) => name);
  if (key === "source" || key === "camera_name") {
    const own = textOf(valueOf(path[1]?.container.items?.[path[1].index]?.value, "name"));
    return cameras.filter(({ name }) => name !== own).map(({ name, model }) => ({ value: name, description: model ? `Camera, ${model}` : "Camera" }));
  }
  if (SERVICE_KEY.test(key)) {
    const kind = GIVES[SERVICE_KEY.exec(key)[1]];
    return services
      .filter(({ type, name }) => type !== "mlmodel" && fits(served, name, kind))
      .map(({ name, model }) => ({ value: name, description: model ? `Vision service, ${model}` : "Vision service" }));
  }
  if (key === "mlmodel_name") return services.filter(({ type }) => type === "mlmodel").map(({ name, model }) => ({ value: name, description: `Model, ${model ?? ""}` }));
  if (key === "valid_labels") return labelsOf(path, served).map((value) => ({ value, description: "" }));
  return null;
}

// A service that the server does not know may give anything.
function fits(served, name, kind) {
  const known = served.find((service) => service.name === name);
  return !known || known.kinds.includes(kind);
}

function labelsOf(path, served) {
  const container = path.findLast(({ key }) => key === "valid_labels").container;
  const entry = container.entries.find(({ key }) => SERVICE_KEY.test(key));
  return served.find(({ name }) => name === textOf(entry?.value))?.labels ?? [];
}
