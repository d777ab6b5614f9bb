// The page "Run model": runs a vision service on a picture and shows the predictions. Inference starts only on request.

import { Pictures } from "./pictures.js";
import { isDrawn, jsonOf, rowsOf } from "./results.js";
import { addressOf } from "./shared/address.js";
import { fetchJson } from "./shared/api.js";
import { clockTime, copy, make, setText, withPeriod } from "./shared/dom.js";
import { Drawing, percentage, textOf, valueOf } from "./shared/drawing.js";
import { foldersOf, read } from "./shared/files.js";
import { curl } from "./shared/shell.js";
import { isSignedIn } from "./shared/token.js";

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
const PICTURES_MAX = 50;
const REQUEST_TIMEOUT_MS = 120_000;
const RETRY_S = [1, 2, 4, 8, 15];

const part = (id) => document.getElementById(id);
const stage = part("stage");
const drawing = new Drawing(part("canvas"));
const threshold = part("threshold");

let services = [];
const pictures = new Pictures(part("strip"), selected);
let loads = 0; // number of choices of pictures so far: late results for earlier ones are discarded
let running = null; // AbortController of the requests in progress
let failures = 0;
let runAfterLoad = false; // pictures were chosen before the list of services arrived

const answerShown = () => pictures.current?.answer ?? null; // {kind, reply, items, milliseconds}
const service = () => services.find(({ name }) => name === part("service").value);
const kind = () => part("kinds").querySelector("input:checked")?.value;

// Services and cameras

async function load() {
  try {
    const [models, cameras] = await Promise.all([fetchJson("api/vision", {}, REQUEST_TIMEOUT_MS), fetchJson("api/cameras", {}, REQUEST_TIMEOUT_MS)]);
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
  discardAnswers();
}

// Cancels the requests in progress and discards the answers: none of them belongs to the new choice.
function discardAnswers() {
  running?.abort();
  running = null;
  for (const picture of pictures.list) {
    picture.answer = null;
    if (picture.blob) picture.error = "";
  }
  showError(pictures.current?.error ?? "");
  part("progress").textContent = "";
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

// Replaces the pictures by those of some files, and runs the model on each.
async function loadPictures(files) {
  const load = ++loads;
  running?.abort();
  const list = await Promise.all(files.map(async (file) => {
    const picture = { blob: null, name: file.name, note: file.name, camera: null, answer: null, error: "" };
    picture.blob = await read(file).catch((error) => {
      picture.error = error.message;
      return null;
    });
    return picture;
  }));
  if (load !== loads) return;
  if (list.length === 1 && list[0].error) return rejectPictures(list[0].error);
  pictures.set(list);
  await showPicture();
  if (load !== loads) return;
  discardAnswers();
  await run();
}

// Resets the page to the state before the first picture: neither the unusable picture nor the one before it may stay.
function rejectPictures(reason) {
  loads++;
  pictures.set([]);
  clearStage();
  discardAnswers();
  showError(reason);
}

function clearStage() {
  drawing.setPicture(null, null);
  part("picture-info").textContent = "";
  for (const name of ["--ratio", "--width", "--height"]) stage.style.removeProperty(name);
}

async function selected() {
  await showPicture();
  showError(pictures.current?.error ?? "");
  show();
}

// Shows the current picture. If the browser cannot decode it (TIFF), the page shows an empty area of its size once the
// server reports it.
async function showPicture() {
  const picture = pictures.current;
  const bitmap = picture.blob && (await createImageBitmap(picture.blob).catch(() => null));
  if (pictures.current !== picture) return bitmap?.close();
  picture.isUndisplayable = !bitmap;
  if (bitmap) return drawPicture(bitmap, { width: bitmap.width, height: bitmap.height });
  clearStage();
  part("picture-info").textContent = picture.note;
  if (picture.answer) drawPicture(null, sizeOf(picture.answer.reply));
}

const sizeOf = (reply) => ({ width: reply.width_px, height: reply.height_px });

function drawPicture(bitmap, size) {
  const picture = pictures.current;
  stage.style.setProperty("--ratio", `${size.width} / ${size.height}`);
  stage.style.setProperty("--width", size.width);
  stage.style.setProperty("--height", size.height);
  drawing.setPicture(bitmap, size);
  const note = picture.isUndisplayable ? "; this browser cannot show it" : "";
  part("picture-info").textContent = `${picture.note}, ${size.width} × ${size.height}${note}`;
}

function pickFiles(files, folders = []) {
  const list = [...(files ?? [])].filter((file) => !folders.includes(file.name));
  const images = list.filter((file) => file.type.startsWith("image/"));
  const found = images.length ? images : list.slice(0, 1);
  if (found.length > PICTURES_MAX) return showError(`These are ${found.length} pictures; choose at most ${PICTURES_MAX} at once.`);
  if (found.length) return loadPictures(found);
  if (!folders.length) return showError("That is not a file. Save the picture first, then drop the file here.");
  rejectPictures(`${folders[0]} is a folder. Drop a picture that is in it.`);
}

// Requests

function predictionPath(parameters = {}) {
  const query = new URLSearchParams(parameters);
  if (kind() === "classifications") query.set("n", String(CLASSIFICATIONS_MAX));
  const path = `api/vision/${encodeURIComponent(service().name)}/${kind()}`;
  return String(query) ? `${path}?${query}` : path;
}

// Begins requests that end those in progress; returns their AbortController.
function begin(activity) {
  discardAnswers();
  running = new AbortController();
  part("progress").textContent = activity;
  show();
  return running;
}

async function predict(own, path, body) {
  const what = kind();
  const begun = performance.now();
  const reply = await fetchJson(path, { method: body ? "POST" : "GET", body, signal: own.signal }, REQUEST_TIMEOUT_MS);
  return { kind: what, reply, items: reply[what] ?? [], milliseconds: performance.now() - begun };
}

// Ends the requests unless others have begun meanwhile; an error of all of them is shown.
function end(own, error = null) {
  if (running !== own) return;
  running = null;
  part("progress").textContent = "";
  if (error) showError(error.message);
  show();
}

// Runs the model on every picture, one after the other.
async function run() {
  runAfterLoad = Boolean(pictures.current) && !services.length;
  if (!pictures.current || !kind()) return;
  const { list } = pictures;
  const own = begin("Running the model");
  try {
    for (const [place, picture] of list.entries()) {
      if (!picture.blob) continue;
      if (list.length > 1) part("progress").textContent = `Running the model on ${place + 1} of ${list.length}`;
      try {
        picture.answer = await predict(own, predictionPath(), picture.blob);
      } catch (error) {
        if (running !== own) return;
        if (!BAD_PICTURE.includes(error.status)) throw error;
        picture.error = withPeriod(`${picture.name}: ${error.detail}`);
        if (list.length === 1) return rejectPictures(picture.error);
      }
      if (running !== own) return;
      if (picture === pictures.current) {
        if (picture.answer && picture.isUndisplayable) drawPicture(null, sizeOf(picture.answer.reply));
        showError(picture.error);
      }
      show();
    }
    end(own);
  } catch (error) {
    end(own, error);
  }
}

async function takeSnapshot() {
  const camera = part("camera").value;
  const load = ++loads;
  const own = begin(`Taking a snapshot of ${camera}`);
  try {
    const answer = await predict(own, predictionPath({ camera, return_image: "true" }));
    if (load !== loads || running !== own) return;
    const bytes = Uint8Array.from(atob(answer.reply.image), (letter) => letter.charCodeAt(0));
    const note = `${camera} at ${clockTime(new Date(answer.reply.captured_at))}`;
    pictures.set([{ blob: new Blob([bytes], { type: "image/jpeg" }), name: `${camera}.jpg`, note, camera, answer, error: "" }]);
    await showPicture();
    end(own);
  } catch (error) {
    end(own, error);
  }
}

// Results

function itemsShown(answer = answerShown()) {
  return answer ? answer.items.filter((item) => valueOf(item) >= Number(threshold.value) - 1e-6) : [];
}

function show() {
  const answer = answerShown();
  const picture = pictures.current;
  const minimum = Number(threshold.value);
  const what = answer?.kind ?? kind();
  stage.dataset.state = running && !answer && !picture?.error ? "busy" : picture ? "shown" : "empty";
  part("run-model").disabled = !picture || !kind();
  part("minimum").textContent = what === "segmentations" ? percentage(minimum) : minimum.toFixed(2);
  const items = itemsShown();
  drawing.setItems(items.filter((item) => isDrawn(answer, item)));
  part("canvas").ariaLabel = accessibleName(items);
  const rows = answer ? rowsOf(answer, items, drawing) : [];
  if (answer && !items.length) {
    const below = answer.items.length ? `${answer.items.length} below the minimum` : "";
    rows.push(make("li", "rest", [textsOf(what).none, below].filter(Boolean).join(", ")));
  }
  if (!answer && !running && (picture || part("error").hidden) && !picture?.error) rows.push(make("li", "rest", picture ? "Press Run model." : "Nothing has run yet."));
  part("results").replaceChildren(...rows);
  pictures.update((each) => (each.answer ? countOf(each.answer) : running ? "…" : ""));
  part("replies").hidden = !answer;
  part("save").hidden = !answer || picture.isUndisplayable;
  part("timing").textContent = answer ? `${countOf(answer)}, in ${durationOf(answer)}` : "";
  if (!answer) return;
  part("timing").title = "From request to answer, including the network";
  part("json").querySelector("pre").textContent = jsonOf(answer, items, true);
  part("shell").querySelector("pre").textContent = command();
  part("shell").querySelector("p").textContent = commandNote();
}

// Returns how many predictions are shown, and of how many.
function countOf(answer) {
  const shown = itemsShown(answer).length;
  return shown === answer.items.length ? `${shown}` : `${shown} of ${answer.items.length}`;
}

const durationOf = ({ milliseconds }) => (milliseconds < 9_950 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`);

// Saves the picture with what is drawn on it, at its own resolution.
async function savePicture() {
  const { name, blob } = pictures.current;
  const type = blob.type === "image/jpeg" ? "image/jpeg" : "image/png";
  const file = await drawing.toBlob(type);
  if (!file) return showError("This browser cannot make a file of a picture of this size.");
  const link = make("a");
  link.href = URL.createObjectURL(file);
  link.download = `${name.replace(/\.[^.]*$/, "")}-annotated.${type === "image/jpeg" ? "jpg" : "png"}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser reads it only when the user has chosen a folder
}

function accessibleName(items) {
  const picture = pictures.current;
  if (!picture) return "No picture yet";
  const names = items.slice(0, 10).map((item) => textOf(item)).join(", ");
  return `${picture.note}${names ? `; ${names}` : ""}`;
}

function command() {
  const answer = answerShown();
  const parameters = Number(threshold.value) && answer.kind !== "segmentations" ? { confidence_threshold: threshold.value } : {};
  const { camera, name } = pictures.current;
  const url = addressOf(predictionPath(camera ? { camera, ...parameters } : parameters));
  return curl(url, { token: isSignedIn(), file: camera ? "" : name });
}

function commandNote() {
  const { camera, name } = pictures.current;
  return [
    camera ? `Runs on the next frame of ${camera}.` : `Run it in the folder where ${name} is.`,
    answerShown().kind === "segmentations" ? "Returns every mask; the minimum share applies on this page only." : "",
  ].filter(Boolean).join(" ");
}

function showError(text) {
  setText(part("error"), text);
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
part("save").addEventListener("click", savePicture);
threshold.addEventListener("input", show);
for (const button of [part("choose"), part("drop")]) button.addEventListener("click", () => part("file").click());
part("file").addEventListener("change", () => {
  if (part("file").files.length) pickFiles(part("file").files);
  part("file").value = "";
});
part("json").querySelector("button").addEventListener("click", (event) => copy(event.target, jsonOf(answerShown(), itemsShown(), false), part("json").querySelector("pre")));
part("shell").querySelector("button").addEventListener("click", (event) => copy(event.target, command(), part("shell").querySelector("pre")));
addEventListener("paste", (event) => {
  if (event.clipboardData?.files.length) pickFiles(event.clipboardData.files, foldersOf(event.clipboardData.items));
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
  pickFiles(event.dataTransfer?.files, foldersOf(event.dataTransfer?.items));
});

part("json").open = matchMedia("(min-width: 52rem)").matches; // on wide screens there is room for it
load();
