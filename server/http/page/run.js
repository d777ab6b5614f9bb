// The page "Run model": runs a vision service on a picture and shows the predictions. Inference starts only on request.

import { addressOf } from "./shared/address.js";
import { Drawing, colorOf, isBox, isMask, isText, labelOf, percentage, textOf, valueOf } from "./shared/drawing.js";
import { foldersOf, read } from "./shared/files.js";
import { sentence } from "./shared/player.js";
import { curl } from "./shared/shell.js";
import { fetchWithToken, storedToken } from "./shared/token.js";

const KINDS = {
  classifications: { title: "Labels", minimum: 0.05, slider: "Minimum confidence", none: "No label" },
  detections: { title: "Boxes", minimum: 0.5, slider: "Minimum confidence", none: "Nothing" },
  segmentations: { title: "Masks", minimum: 0, slider: "Minimum share of the picture", none: "Nothing" },
  captions: { title: "Caption", minimum: 0, slider: "Minimum confidence", none: "No caption" },
};
// The texts for a kind of result; a kind unknown to this page has the title that the server gives it.
const textsOf = (name) =>
  KINDS[name] ?? { title: name[0].toUpperCase() + name.slice(1), minimum: 0, slider: "Minimum confidence", none: "Nothing" };
const CLASSIFICATIONS_MAX = 20;
const BAD_PICTURE = [413, 415, 422]; // the HTTP statuses for a picture that the server cannot use
const LISTED_MAX = 50;
const SHORTENED_TO = 24;
const REQUEST_TIMEOUT_MS = 120_000;
const RETRY_S = [1, 2, 4, 8, 15];

const part = (id) => document.getElementById(id);
const stage = part("stage");
const drawing = new Drawing(part("canvas"));
const threshold = part("threshold");

let services = [];
let picture = null; // {blob, name, note, camera}
let loads = 0; // number of pictures loaded so far: late results for an earlier picture are discarded
let answer = null; // {kind, reply, items, milliseconds}
let running = null; // AbortController of the request in progress
let failures = 0;
let runAfterLoad = false; // a picture was chosen before the list of services arrived

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

const service = () => services.find(({ name }) => name === part("service").value);
const kind = () => part("kinds").querySelector("input:checked")?.value;

// Services and cameras

async function load() {
  try {
    const [models, cameras] = await Promise.all([fetchJson("api/vision"), fetchJson("api/cameras")]);
    services = models;
    setOptions(part("service"), models.map(({ name }) => name));
    setOptions(part("camera"), cameras.filter((camera) => !camera.private).map(({ name }) => name));
    part("snapshot").hidden = !part("camera").length;
    const wanted = new URLSearchParams(location.search);
    selectIfPresent(part("service"), wanted.get("service"));
    selectIfPresent(part("camera"), wanted.get("camera"));
    showService(wanted.get("kind"));
    failures = 0;
    showNotice(models.length ? "" : "The configuration has no vision services yet, so there is no model to run.");
    if (runAfterLoad) run();
  } catch (error) {
    showNotice(`${error.message} Trying again.`);
    setTimeout(load, RETRY_S[Math.min(failures++, RETRY_S.length - 1)] * 1000);
  }
}

function setOptions(select, names) {
  select.replaceChildren(...names.map((name) => new Option(name)));
  select.disabled = !names.length;
}

function selectIfPresent(select, name) {
  if ([...select.options].some((option) => option.value === name)) select.value = name;
}

function showService(preferred) {
  const chosen = service();
  const labels = chosen?.labels.length ?? 0;
  part("service-info").textContent = chosen ? `${chosen.model}${labels ? `, ${labels} ${labels === 1 ? "label" : "labels"}` : ""}` : "";
  part("service-info").title = chosen?.labels.slice(0, 100).join(", ") ?? "";
  const kinds = chosen?.kinds ?? [];
  const before = kinds.includes(preferred) ? preferred : kinds.includes(kind()) ? kind() : kinds[0];
  part("kinds").querySelector("div").replaceChildren(
    ...kinds.map((name) => {
      const input = Object.assign(make("input"), { type: "radio", name: "kind", value: name, checked: name === before });
      return make("label", "", input, make("span", "", textsOf(name).title));
    }),
  );
  part("kinds").hidden = kinds.length === 0;
  showKind();
}

function showKind() {
  const chosen = kind() && textsOf(kind());
  if (chosen) {
    threshold.value = chosen.minimum;
    document.querySelector("label[for=threshold]").textContent = chosen.slider;
  }
  discardAnswer();
}

// Cancels the request in progress and discards the answer: neither belongs to the new choice.
function discardAnswer() {
  running?.abort();
  answer = null;
  showError("");
  part("timing").textContent = "";
  stage.dataset.state = picture ? "shown" : "empty";
  part("run-model").disabled = !picture || !kind();
  part("take-snapshot").disabled = !kind();
  part("threshold-note").hidden = kind() !== "segmentations";
  const address = new URL(location.href);
  for (const [key, value] of [["service", part("service").value], ["kind", kind()]]) {
    if (value) address.searchParams.set(key, value);
  }
  history.replaceState(null, "", address);
  show();
}

// Pictures

async function loadPicture(file) {
  const load = ++loads;
  discardAnswer();
  let blob;
  try {
    blob = await read(file);
  } catch (error) {
    if (load === loads) rejectPicture(error.message);
    return;
  }
  if (load !== loads) return;
  picture = { blob, name: file.name, note: file.name };
  await showPicture(picture);
  if (load !== loads) return;
  discardAnswer();
  await run();
}

// Resets the page to the state before the first picture: neither the unusable picture nor the one before it may stay.
function rejectPicture(reason) {
  loads++;
  picture = null;
  drawing.setPicture(null, null);
  part("picture-info").textContent = "";
  for (const name of ["--ratio", "--width", "--height"]) stage.style.removeProperty(name);
  discardAnswer();
  showError(reason);
}

// Shows a picture. If the browser cannot decode it (TIFF), the page shows an empty area of its size once the server reports it.
async function showPicture(shown) {
  const bitmap = await createImageBitmap(shown.blob).catch(() => null);
  if (picture !== shown) return bitmap?.close();
  picture.isUndisplayable = !bitmap;
  if (bitmap) drawPicture(bitmap, { width: bitmap.width, height: bitmap.height });
  else {
    drawing.setPicture(null, null);
    part("picture-info").textContent = picture.note;
  }
}

function drawPicture(bitmap, size) {
  stage.style.setProperty("--ratio", `${size.width} / ${size.height}`);
  stage.style.setProperty("--width", size.width);
  stage.style.setProperty("--height", size.height);
  drawing.setPicture(bitmap, size);
  const note = picture.isUndisplayable ? "; this browser cannot show it" : "";
  part("picture-info").textContent = `${picture.note}, ${size.width} × ${size.height}${note}`;
}

function pickFile(files, folders = []) {
  const list = [...(files ?? [])].filter((file) => !folders.includes(file.name));
  const found = list.find((file) => file.type.startsWith("image/")) ?? list[0];
  if (found) return loadPicture(found);
  if (!folders.length) return showError("That is not a file. Save the picture first, then drop the file here.");
  rejectPicture(`${folders[0]} is a folder. Drop a picture that is in it.`);
}

// Requests

async function fetchJson(address, init = {}) {
  let response;
  try {
    response = await fetchWithToken(address, init, REQUEST_TIMEOUT_MS);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(error.name === "TimeoutError" ? `No answer within ${REQUEST_TIMEOUT_MS / 1000} s.` : "The server does not answer.");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(withPeriod(sentence(body.detail) || "The server failed")), { status: response.status, detail: body.detail });
  return body;
}

const withPeriod = (text) => `${text}.`.replace(/\.\.+$/, ".");

function predictionPath(parameters = {}) {
  const query = new URLSearchParams(parameters);
  if (kind() === "classifications") query.set("n", String(CLASSIFICATIONS_MAX));
  const path = `api/vision/${encodeURIComponent(service().name)}/${kind()}`;
  return String(query) ? `${path}?${query}` : path;
}

async function predict(activity, path, body) {
  discardAnswer();
  const own = (running = new AbortController());
  const what = kind();
  const begun = performance.now();
  stage.dataset.state = "busy";
  part("progress").textContent = activity;
  try {
    const reply = await fetchJson(path, { method: body ? "POST" : "GET", body, signal: own.signal });
    return { kind: what, reply, items: reply[what] ?? [], milliseconds: performance.now() - begun };
  } catch (error) {
    if (running === own && error.name !== "AbortError") {
      stage.dataset.state = picture ? "shown" : "empty";
      if (body && BAD_PICTURE.includes(error.status)) rejectPicture(withPeriod(`${picture.name}: ${error.detail}`));
      else showError(error.message);
    }
    return null;
  } finally {
    if (running === own) part("progress").textContent = "";
  }
}

async function run() {
  runAfterLoad = Boolean(picture) && !services.length;
  if (!picture || !kind()) return;
  const current = picture;
  const got = await predict("Running the model", predictionPath(), current.blob);
  if (!got || picture !== current) return;
  if (picture.isUndisplayable) drawPicture(null, { width: got.reply.width_px, height: got.reply.height_px });
  showAnswer(got);
}

async function takeSnapshot() {
  const camera = part("camera").value;
  const load = ++loads;
  const got = await predict(`Taking a snapshot of ${camera}`, predictionPath({ camera, return_image: "true" }));
  if (!got) return;
  const bytes = Uint8Array.from(atob(got.reply.image), (letter) => letter.charCodeAt(0));
  const time = new Date(got.reply.captured_at).toLocaleTimeString();
  picture = { blob: new Blob([bytes], { type: "image/jpeg" }), name: `${camera}.jpg`, note: `${camera} at ${time}`, camera };
  await showPicture(picture);
  if (load === loads) showAnswer(got);
}

function showAnswer(got) {
  answer = got;
  stage.dataset.state = "shown";
  part("run-model").disabled = false;
  show();
}

// Results

function itemsShown() {
  return answer ? answer.items.filter((item) => valueOf(item) >= Number(threshold.value) - 1e-6) : [];
}

function show() {
  const minimum = Number(threshold.value);
  const what = answer?.kind ?? kind();
  part("minimum").textContent = what === "segmentations" ? percentage(minimum) : minimum.toFixed(2);
  const items = itemsShown();
  drawing.setItems(items.filter(isDrawn));
  part("canvas").ariaLabel = accessibleName(items);
  const rows = items.slice(0, LISTED_MAX).map((item) => row(what, item));
  const rest = items.length - rows.length;
  if (rest) rows.push(make("li", "rest", `and ${rest} more`));
  if (answer && !items.length) {
    const below = answer.items.length ? `${answer.items.length} below the minimum` : "";
    rows.push(make("li", "rest", [textsOf(what).none, below].filter(Boolean).join(", ")));
  }
  if (!answer && (picture || part("error").hidden)) rows.push(make("li", "rest", picture ? "Press Run model." : "Nothing has run yet."));
  part("results").replaceChildren(...rows);
  part("replies").hidden = !answer;
  if (!answer) return;
  const time = answer.milliseconds < 9_950 ? `${Math.round(answer.milliseconds)} ms` : `${(answer.milliseconds / 1000).toFixed(1)} s`;
  part("timing").textContent = `${items.length === answer.items.length ? items.length : `${items.length} of ${answer.items.length}`}, in ${time}`;
  part("timing").title = "From request to answer, including the network";
  part("json").querySelector("pre").textContent = json(true);
  part("shell").querySelector("pre").textContent = command();
  part("shell").querySelector("p").textContent = commandNote();
}

function accessibleName(items) {
  if (!picture) return "No picture yet";
  const names = items.slice(0, 10).map((item) => textOf(item)).join(", ");
  return `${picture.note}${names ? `; ${names}` : ""}`;
}

// Leaves out the background, whose tint would hide the picture, unless there is nothing else to draw.
function isDrawn(item) {
  const isBackground = ({ class_name: label }) => /^(__)?background(__)?$/i.test(label ?? "");
  return answer.kind !== "segmentations" || !isBackground(item) || answer.items.every(isBackground);
}

function row(what, item) {
  const value = valueOf(item);
  const label = make("span", "label", ...(isText(item) ? [] : [make("i", "swatch")]), labelOf(item) + (item.track_id === undefined ? "" : ` #${item.track_id}`));
  const meter = make("span", "meter");
  const element = make("li", what, label, make("span", "value", isMask(item) ? percentage(value) : value.toFixed(2)), meter);
  if (!isText(item)) element.style.setProperty("--color", colorOf(labelOf(item)));
  element.classList.toggle("undrawn", !isDrawn(item));
  meter.style.setProperty("--value", value);
  if ((isBox(item) || isMask(item)) && isDrawn(item)) {
    element.tabIndex = 0;
    for (const name of ["pointerenter", "focus"]) element.addEventListener(name, () => drawing.highlight(item));
    for (const name of ["pointerleave", "blur"]) element.addEventListener(name, () => drawing.highlight(null));
  }
  return element;
}

// Returns the reply as JSON. For display, base64 is shortened; the clipboard gets all of it.
function json(cut) {
  const all = itemsShown();
  const items = cut ? all.slice(0, LISTED_MAX) : all;
  if (items.length < all.length) items.push(`… ${all.length - items.length} more`);
  const short = (key, value) =>
    cut && (key === "mask_png" || key === "image") ? `${value.slice(0, SHORTENED_TO)}… (${value.length} characters)` : value;
  return JSON.stringify({ ...answer.reply, [answer.kind]: items }, short, 2);
}

function command() {
  const parameters = Number(threshold.value) && answer.kind !== "segmentations" ? { confidence_threshold: threshold.value } : {};
  const { camera, name } = picture;
  const url = addressOf(predictionPath(camera ? { camera, ...parameters } : parameters));
  return curl(url, { token: storedToken(), file: camera ? "" : name });
}

function commandNote() {
  return [
    picture.camera ? `Runs on the next frame of ${picture.camera}.` : `Run it in the folder where ${picture.name} is.`,
    answer.kind === "segmentations" ? "Returns every mask; the minimum share applies on this page only." : "",
  ].filter(Boolean).join(" ");
}

async function copy(button, text, shown) {
  const title = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // Scripts have no clipboard without TLS: select the text, so that the user can copy it.
    getSelection().selectAllChildren(shown);
    button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
  }
  setTimeout(() => (button.textContent = title), 1500);
}

function showError(text) {
  part("error").textContent = text;
  part("error").hidden = !text;
  if (text) show();
}

function showNotice(text) {
  part("notice").textContent = text;
  part("notice").hidden = !text;
}

// Events

part("service").addEventListener("change", () => showService());
part("kinds").addEventListener("change", showKind);
part("run-model").addEventListener("click", run);
part("take-snapshot").addEventListener("click", takeSnapshot);
threshold.addEventListener("input", show);
for (const button of [part("choose"), part("drop")]) button.addEventListener("click", () => part("file").click());
part("file").addEventListener("change", () => {
  if (part("file").files.length) pickFile(part("file").files);
  part("file").value = "";
});
part("json").querySelector("button").addEventListener("click", (event) => copy(event.target, json(false), part("json").querySelector("pre")));
part("shell").querySelector("button").addEventListener("click", (event) => copy(event.target, command(), part("shell").querySelector("pre")));
addEventListener("paste", (event) => {
  if (event.clipboardData?.files.length) pickFile(event.clipboardData.files, foldersOf(event.clipboardData.items));
});
// Accept drops anywhere: the browser would replace the page with a picture dropped beside the stage.
addEventListener("dragover", (event) => {
  event.preventDefault();
  stage.classList.add("over");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) stage.classList.remove("over");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  stage.classList.remove("over");
  pickFile(event.dataTransfer?.files, foldersOf(event.dataTransfer?.items));
});

part("json").open = matchMedia("(min-width: 52rem)").matches; // on wide screens there is room for it
load();
