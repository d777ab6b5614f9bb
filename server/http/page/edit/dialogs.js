// The dialogs: a new camera, a new transform, and what to do when the file has changed on disk.

import { fetchJson } from "../shared/api.js";
import { make, setText } from "../shared/dom.js";
import { CAMERAS, SERVICES, cameraBlock, commentOf, freeName, lacksService, serviceBlock, transformBlock } from "./text/blocks.js";
import { blocksOf } from "./text/context.js";
import { differences } from "./text/diff.js";

const PIPELINE = ["cameras", 0, "attributes", "pipeline"].map((step) => (typeof step === "number" ? { index: step, container: null } : { key: step, container: null }));
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$/;
const NAMES = { webcam: "webcam", stream: "door", video_file: "video", image_file: "pictures", test_pattern: "pattern" };
const NAME_RULE = "A name has letters, digits, - and _, and begins with a letter or digit; at most 60.";
const LACKS_SERVICE = "It needs a vision service, and there is none that fits: add one next.";
const DEVICES_TIMEOUT_MS = 15_000;

// Asks for a new camera; `why` says for what reason. Returns its keys for insert.js, or null.
export async function askCamera(dialog, { schema, tree, served, under, why }) {
  const part = (name) => dialog.querySelector(`[name=${name}]`);
  const kinds = ordered(schema.kinds([{ key: "cameras", container: null }]), CAMERAS);
  const transforms = transformKinds(schema);
  const cameras = blocksOf(tree, "cameras").filter(({ name }) => name);
  part("kind").replaceChildren(...kinds.map(({ kind }) => new Option(CAMERAS[kind].title, kind)));
  if (!cameras.length) part("kind").querySelector("[value=transform]")?.remove();
  part("kind").value = cameras.length ? "transform" : "test_pattern";
  setText(dialog.querySelector(".why"), why);
  part("source").replaceChildren(...cameras.map(({ name }) => new Option(name)));
  if (under) part("source").value = under;
  part("transform").replaceChildren(...transforms.map(({ kind }) => new Option(kind)));
  part("transform").value = "detections";
  const device = part("device");
  device.replaceChildren(new Option("Looking for webcams", ""));
  fetchJson("api/devices", {}, DEVICES_TIMEOUT_MS).then(
    (devices) => {
      device.replaceChildren(...devices.map(({ path, name }) => new Option(`${name} (${path})`, JSON.stringify(path))), new Option(devices.length ? "The first one found" : "None found now; the first one", ""));
      if (!devices.length || cameras.length || isOwnName || isOwnKind) return;
      part("kind").value = "webcam";
      update();
    },
    (error) => device.replaceChildren(new Option(`The first one. ${error.message}`, "")),
  );
  let isOwnName = false;
  let isOwnKind = false; // the user has chosen it
  const update = () => {
    const kind = part("kind").value;
    for (const field of dialog.querySelectorAll("[data-of]")) field.hidden = !field.dataset.of.split(" ").includes(kind);
    if (!isOwnName) part("camera").value = freeName(tree, kind === "transform" ? `${part("source").value}-${part("transform").value}` : NAMES[kind]);
    const transform = kind === "transform" ? transforms.find((each) => each.kind === part("transform").value) : null;
    setText(dialog.querySelector(".about"), commentOf(transform?.description));
    setText(dialog.querySelector(".needs"), transform && lacksService(transform, tree, served) ? LACKS_SERVICE : "");
    setText(dialog.querySelector(".error"), "");
  };
  part("camera").oninput = () => (isOwnName = true);
  for (const name of ["source", "transform"]) part(name).onchange = update;
  part("kind").onchange = () => {
    isOwnKind = true;
    update();
  };
  update();
  const check = () => {
    const name = part("camera").value;
    if (!NAME.test(name)) return NAME_RULE;
    return cameras.some((camera) => camera.name === name) ? `There is a camera ${name} already.` : "";
  };
  if (!(await answer(dialog, check))) return null;
  const kind = kinds.find((each) => each.kind === part("kind").value);
  const values = { url: part("url").value.trim() || undefined, path: part("path").value.trim() || undefined, source: part("source").value };
  if (kind.kind === "webcam") values.video_path = device.value ? JSON.parse(device.value) : null;
  if (kind.kind === "video_file") values.loop = true;
  const transform = transforms.find((each) => each.kind === part("transform").value);
  return cameraBlock(kind, part("camera").value, values, transformBlock(transform, tree, served));
}

// Returns the kinds that a table has, in its order.
const ordered = (kinds, table) => Object.keys(table).map((name) => kinds.find(({ kind }) => kind === name)).filter(Boolean);

const transformKinds = (schema) => schema.kinds(PIPELINE);

// Asks for a new vision service. Returns {name, key, entries} or null: its name, the key that takes it and its keys for insert.js.
export async function askService(dialog, { schema, tree }) {
  const part = (name) => dialog.querySelector(`[name=${name}]`);
  const kinds = ordered(schema.kinds([{ key: "services", container: null }]), SERVICES);
  const chosen = () => kinds.find(({ kind }) => kind === part("kind").value);
  let isOwnName = false;
  const update = () => {
    const { kind, description } = chosen();
    for (const field of dialog.querySelectorAll("[data-of]")) field.hidden = !field.dataset.of.split(" ").includes(kind);
    if (!isOwnName) part("service").value = freeName(tree, stemOf(part("model").value, kind) || SERVICES[kind].name, "services");
    setText(dialog.querySelector(".about"), commentOf(description));
    setText(dialog.querySelector(".error"), "");
  };
  part("kind").replaceChildren(...kinds.map(({ kind }) => new Option(SERVICES[kind].title, kind)));
  part("kind").onchange = update;
  part("model").oninput = update;
  part("service").oninput = () => (isOwnName = true);
  update();
  const check = () => {
    const name = part("service").value;
    if (!NAME.test(name)) return NAME_RULE;
    return blocksOf(tree, "services").some((service) => service.name === name) ? `There is a service ${name} already.` : "";
  };
  if (!(await answer(dialog, check))) return null;
  const path = (name) => part(name).value.trim();
  const values = { model_path: path("model") || undefined, detect_color: part("color").value, decoder_path: path("decoder") || undefined, tokenizer_path: path("tokenizer") || undefined };
  if (chosen().kind === "mlmodel") values.label_path = path("labels") || null;
  if (chosen().kind === "color_detector") values.hue_tolerance_pct = 0.1;
  const name = part("service").value;
  return { name, key: SERVICES[chosen().kind].for, entries: serviceBlock(chosen(), name, values) };
}

// Returns a name for a service after its model file; empty without one.
const stemOf = (path, kind) => (kind === "mlmodel" ? path.trim().split("/").at(-1).replace(/\.\w+$/, "").replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[_-]+/, "").slice(0, 56) : "");

// Asks for a new transform. Returns its keys for insert.js, or null.
export async function askTransform(dialog, { schema, tree, served, camera }) {
  const kinds = transformKinds(schema);
  setText(dialog.querySelector(".about"), `It goes into the pipeline of ${camera}.`);
  const list = dialog.querySelector(".kinds-of");
  list.replaceChildren(...kinds.map(({ kind, description }, place) => {
    const input = Object.assign(make("input"), { type: "radio", name: "transform", value: kind, checked: place === 0, required: true });
    return make("label", "", input, make("span", "", make("b", "", kind), make("small", "", commentOf(description))));
  }));
  const chosen = () => kinds.find((each) => each.kind === list.querySelector("input:checked").value);
  list.onchange = () => setText(dialog.querySelector(".needs"), lacksService(chosen(), tree, served) ? LACKS_SERVICE : "");
  list.onchange();
  list.ondblclick = (event) => event.target.closest("label") && dialog.querySelector("form").requestSubmit();
  if (!(await answer(dialog))) return null;
  return transformBlock(chosen(), tree, served);
}

// Shows how the text differs from the file. Returns "theirs", "mine" or "".
export async function askConflict(dialog, theirs, mine) {
  const rows = differences(theirs, mine);
  const signs = { removed: "-", added: "+", same: " ", gap: " " };
  dialog.querySelector("pre").replaceChildren(...rows.map(({ kind, text }) => make("span", kind, `${signs[kind]} ${text}\n`)));
  return (await answer(dialog)) || "";
}

// Shows a dialog; returns the value of the button that closed it, "" if it was cancelled. `check` says what is wrong.
function answer(dialog, check = () => "") {
  return new Promise((done) => {
    const form = dialog.querySelector("form");
    dialog.returnValue = "";
    form.onsubmit = (event) => {
      event.preventDefault();
      const wrong = check();
      if (wrong) return setText(dialog.querySelector(".error"), wrong);
      dialog.close(event.submitter?.value || "ok");
    };
    dialog.querySelector(".cancel").onclick = () => dialog.close("");
    dialog.onclose = () => done(dialog.returnValue);
    dialog.showModal();
  });
}
