// "Run model": a picture, a vision service, and what it says. Nothing runs before somebody asks for it here.

import { Drawing, colorOf, isBox, isMask, isText, labelOf, share, valueOf, words } from "./drawing.js";
import { foldersOf, read } from "./files.js";
import { sentence } from "./player.js";
import { curl } from "./shell.js";
import { kept as keptToken, request as fetchWithToken } from "./token.js";

const KINDS = {
  classifications: { title: "Labels", least: 0.05, slider: "Minimum confidence", none: "No label" },
  detections: { title: "Boxes", least: 0.5, slider: "Minimum confidence", none: "Nothing" },
  segmentations: { title: "Masks", least: 0, slider: "Minimum share of the picture", none: "Nothing" },
  captions: { title: "Caption", least: 0, slider: "Minimum confidence", none: "No caption" },
};
// The words for a kind; one that this page does not know is called what the server calls it.
const about = (name) =>
  KINDS[name] ?? { title: name[0].toUpperCase() + name.slice(1), least: 0, slider: "Minimum confidence", none: "Nothing" };
const CLASSIFICATIONS_MAX = 20;
const REFUSED = [413, 415, 422]; // what the server says of a picture that it will never take
const LISTED_MAX = 50;
const SHORTENED_TO = 24;
const ANSWER_LIMIT_MS = 120_000;
const RETRY_S = [1, 2, 4, 8, 15];

const part = (id) => document.getElementById(id);
const stage = part("stage");
const drawing = new Drawing(part("canvas"));
const threshold = part("threshold");

let services = [];
let picture = null; // {blob, name, note, camera}
let brought = 0; // how many pictures were brought: what comes late of an earlier one is nobody's any more
let answer = null; // {kind, reply, items, milliseconds}
let running = null; // AbortController of the request under way
let failures = 0;
let early = false; // a picture came before it was known what can be run

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

const service = () => services.find(({ name }) => name === part("service").value);
const kind = () => part("kinds").querySelector("input:checked")?.value;

// What there is to choose from

async function load() {
  try {
    const [models, cameras] = await Promise.all([asked("/api/vision"), asked("/api/cameras")]);
    services = models;
    options(part("service"), models.map(({ name }) => name));
    options(part("camera"), cameras.filter((camera) => !camera.private).map(({ name }) => name));
    part("taking").hidden = !part("camera").length;
    const wanted = new URLSearchParams(location.search);
    prefer(part("service"), wanted.get("service"));
    prefer(part("camera"), wanted.get("camera"));
    showService(wanted.get("kind"));
    failures = 0;
    tell(models.length ? "" : "The configuration has no vision services yet, so there is no model to run.");
    if (early) run();
  } catch (error) {
    tell(`${error.message} Trying again.`);
    setTimeout(load, RETRY_S[Math.min(failures++, RETRY_S.length - 1)] * 1000);
  }
}

function options(select, names) {
  select.replaceChildren(...names.map((name) => new Option(name)));
  select.disabled = !names.length;
}

function prefer(select, name) {
  if ([...select.options].some((option) => option.value === name)) select.value = name;
}

function showService(preferred) {
  const chosen = service();
  const labels = chosen?.labels.length ?? 0;
  part("what").textContent = chosen ? `${chosen.model}${labels ? `, ${labels} ${labels === 1 ? "label" : "labels"}` : ""}` : "";
  part("what").title = chosen?.labels.slice(0, 100).join(", ") ?? "";
  const kinds = chosen?.kinds ?? [];
  const before = kinds.includes(preferred) ? preferred : kinds.includes(kind()) ? kind() : kinds[0];
  part("kinds").querySelector("div").replaceChildren(
    ...kinds.map((name) => {
      const input = Object.assign(make("input"), { type: "radio", name: "kind", value: name, checked: name === before });
      return make("label", "", input, make("span", "", about(name).title));
    }),
  );
  part("kinds").hidden = kinds.length === 0;
  showKind();
}

function showKind() {
  const chosen = kind() && about(kind());
  if (chosen) {
    threshold.value = chosen.least;
    document.querySelector("label[for=threshold]").textContent = chosen.slider;
  }
  forget();
}

// What came back belongs to what was asked: after another choice it is gone.
function forget() {
  running?.abort();
  answer = null;
  trouble("");
  part("took").textContent = "";
  stage.dataset.state = picture ? "shown" : "empty";
  part("go").disabled = !picture || !kind();
  part("take").disabled = !kind();
  part("applied").hidden = kind() !== "segmentations";
  const address = new URL(location.href);
  for (const [key, value] of [["service", part("service").value], ["kind", kind()]]) {
    if (value) address.searchParams.set(key, value);
  }
  history.replaceState(null, "", address);
  show();
}

// Pictures

async function bring(file) {
  const mine = ++brought;
  forget();
  let blob;
  try {
    blob = await read(file);
  } catch (error) {
    if (mine === brought) putAway(error.message);
    return;
  }
  if (mine !== brought) return;
  picture = { blob, name: file.name, note: file.name };
  await see(picture);
  if (mine !== brought) return;
  forget();
  await run();
}

// As if no picture had been brought yet: what was brought is none, and the one before it is not what was asked about.
function putAway(why) {
  brought++;
  picture = null;
  drawing.setPicture(null, null);
  part("about").textContent = "";
  for (const name of ["--ratio", "--width", "--height"]) stage.style.removeProperty(name);
  forget();
  trouble(why);
}

// Shows the picture; one that the browser cannot read (TIFF) is shown as an empty sheet once its size is known.
async function see(shown) {
  const bitmap = await createImageBitmap(shown.blob).catch(() => null);
  if (picture !== shown) return bitmap?.close();
  picture.unseen = !bitmap;
  if (bitmap) sheet(bitmap, { width: bitmap.width, height: bitmap.height });
  else {
    drawing.setPicture(null, null);
    part("about").textContent = picture.note;
  }
}

function sheet(bitmap, size) {
  stage.style.setProperty("--ratio", `${size.width} / ${size.height}`);
  stage.style.setProperty("--width", size.width);
  stage.style.setProperty("--height", size.height);
  drawing.setPicture(bitmap, size);
  const note = picture.unseen ? "; this browser cannot show it" : "";
  part("about").textContent = `${picture.note}, ${size.width} × ${size.height}${note}`;
}

function chosenFrom(files, folders = []) {
  const list = [...(files ?? [])].filter((file) => !folders.includes(file.name));
  const found = list.find((file) => file.type.startsWith("image/")) ?? list[0];
  if (found) return bring(found);
  if (!folders.length) return trouble("That is not a file. Save the picture first, then drop the file here.");
  putAway(`${folders[0]} is a folder. Drop a picture that is in it.`);
}

// Asking

async function asked(address, init = {}) {
  let response;
  try {
    response = await fetchWithToken(address, init, ANSWER_LIMIT_MS);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(error.name === "TimeoutError" ? `No answer within ${ANSWER_LIMIT_MS / 1000} s.` : "The server does not answer.");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(ended(sentence(body.detail) || "The server failed")), { status: response.status, detail: body.detail });
  return body;
}

const ended = (text) => `${text}.`.replace(/\.\.+$/, ".");

function address(more = {}) {
  const query = new URLSearchParams(more);
  if (kind() === "classifications") query.set("n", String(CLASSIFICATIONS_MAX));
  const path = `/api/vision/${encodeURIComponent(service().name)}/${kind()}`;
  return String(query) ? `${path}?${query}` : path;
}

async function request(doing, path, body) {
  forget();
  const own = (running = new AbortController());
  const what = kind();
  const begun = performance.now();
  stage.dataset.state = "busy";
  part("words").textContent = doing;
  try {
    const reply = await asked(path, { method: body ? "POST" : "GET", body, signal: own.signal });
    return { kind: what, reply, items: reply[what] ?? [], milliseconds: performance.now() - begun };
  } catch (error) {
    if (running === own && error.name !== "AbortError") {
      stage.dataset.state = picture ? "shown" : "empty";
      if (body && REFUSED.includes(error.status)) putAway(ended(`${picture.name}: ${error.detail}`));
      else trouble(error.message);
    }
    return null;
  } finally {
    if (running === own) part("words").textContent = "";
  }
}

async function run() {
  early = Boolean(picture) && !services.length;
  if (!picture || !kind()) return;
  const mine = picture;
  const got = await request("Running the model", address(), mine.blob);
  if (!got || picture !== mine) return;
  if (picture.unseen) sheet(null, { width: got.reply.width_px, height: got.reply.height_px });
  finished(got);
}

async function take() {
  const camera = part("camera").value;
  const mine = ++brought;
  const got = await request(`Taking a snapshot of ${camera}`, address({ camera, return_image: "true" }));
  if (!got) return;
  const bytes = Uint8Array.from(atob(got.reply.image), (letter) => letter.charCodeAt(0));
  const time = new Date(got.reply.captured_at).toLocaleTimeString();
  picture = { blob: new Blob([bytes], { type: "image/jpeg" }), name: `${camera}.jpg`, note: `${camera} at ${time}`, camera };
  await see(picture);
  if (mine === brought) finished(got);
}

function finished(got) {
  answer = got;
  stage.dataset.state = "shown";
  part("go").disabled = false;
  show();
}

// What came back

function kept() {
  return answer ? answer.items.filter((item) => valueOf(item) >= Number(threshold.value) - 1e-6) : [];
}

function show() {
  const least = Number(threshold.value);
  const what = answer?.kind ?? kind();
  part("least").textContent = what === "segmentations" ? share(least) : least.toFixed(2);
  const items = kept();
  drawing.setItems(items.filter(isDrawn));
  part("canvas").ariaLabel = spoken(items);
  const rows = items.slice(0, LISTED_MAX).map((item) => row(what, item));
  const rest = items.length - rows.length;
  if (rest) rows.push(make("li", "rest", `and ${rest} more`));
  if (answer && !items.length) {
    const below = answer.items.length ? `${answer.items.length} below the minimum` : "";
    rows.push(make("li", "rest", [about(what).none, below].filter(Boolean).join(", ")));
  }
  if (!answer && (picture || part("trouble").hidden)) rows.push(make("li", "rest", picture ? "Press Run model." : "Nothing has run yet."));
  part("found").replaceChildren(...rows);
  part("replies").hidden = !answer;
  if (!answer) return;
  const time = answer.milliseconds < 9_950 ? `${Math.round(answer.milliseconds)} ms` : `${(answer.milliseconds / 1000).toFixed(1)} s`;
  part("took").textContent = `${items.length === answer.items.length ? items.length : `${items.length} of ${answer.items.length}`}, in ${time}`;
  part("took").title = "From request to answer, including the network";
  part("json").querySelector("pre").textContent = json(true);
  part("shell").querySelector("pre").textContent = command();
  part("shell").querySelector("p").textContent = aboutCommand();
}

function spoken(items) {
  if (!picture) return "No picture yet";
  const said = items.slice(0, 10).map((item) => words(item)).join(", ");
  return `${picture.note}${said ? `; ${said}` : ""}`;
}

// The background is all the rest: to tint it would hide the picture. Where nothing else was found it is what there is.
function isDrawn(item) {
  const isBackground = ({ class_name: label }) => /^(__)?background(__)?$/i.test(label ?? "");
  return answer.kind !== "segmentations" || !isBackground(item) || answer.items.every(isBackground);
}

function row(what, item) {
  const value = valueOf(item);
  const label = make("span", "label", ...(isText(item) ? [] : [make("i", "swatch")]), labelOf(item) + (item.track_id === undefined ? "" : ` #${item.track_id}`));
  const meter = make("span", "meter");
  const element = make("li", what, label, make("span", "value", isMask(item) ? share(value) : value.toFixed(2)), meter);
  if (!isText(item)) element.style.setProperty("--color", colorOf(labelOf(item)));
  element.classList.toggle("undrawn", !isDrawn(item));
  meter.style.setProperty("--value", value);
  if ((isBox(item) || isMask(item)) && isDrawn(item)) {
    element.tabIndex = 0;
    for (const name of ["pointerenter", "focus"]) element.addEventListener(name, () => drawing.choose(item));
    for (const name of ["pointerleave", "blur"]) element.addEventListener(name, () => drawing.choose(null));
  }
  return element;
}

// Masks and pictures in base64 are cut for the eye, not for the clipboard.
function json(cut) {
  const all = kept();
  const items = cut ? all.slice(0, LISTED_MAX) : all;
  if (items.length < all.length) items.push(`… ${all.length - items.length} more`);
  const short = (key, value) =>
    cut && (key === "mask_png" || key === "image") ? `${value.slice(0, SHORTENED_TO)}… (${value.length} letters)` : value;
  return JSON.stringify({ ...answer.reply, [answer.kind]: items }, short, 2);
}

function command() {
  const more = Number(threshold.value) && answer.kind !== "segmentations" ? { confidence_threshold: threshold.value } : {};
  const { camera, name } = picture;
  const asking = new URL(address(camera ? { camera, ...more } : more), location.href).href;
  return curl(asking, { token: keptToken(), file: camera ? "" : name });
}

function aboutCommand() {
  return [
    picture.camera ? `Asks about the next frame of ${picture.camera}.` : `Run it in the folder where ${picture.name} is.`,
    answer.kind === "segmentations" ? "Gives every mask: the minimum share is applied on this page only." : "",
  ].filter(Boolean).join(" ");
}

async function copy(button, text, shown) {
  const title = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // Without TLS there is no clipboard for scripts: select it, the keys copy it.
    getSelection().selectAllChildren(shown);
    button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
  }
  setTimeout(() => (button.textContent = title), 1500);
}

function trouble(text) {
  part("trouble").textContent = text;
  part("trouble").hidden = !text;
  if (text) show();
}

function tell(text) {
  part("notice").textContent = text;
  part("notice").hidden = !text;
}

// What people do

part("service").addEventListener("change", () => showService());
part("kinds").addEventListener("change", showKind);
part("go").addEventListener("click", run);
part("take").addEventListener("click", take);
threshold.addEventListener("input", show);
for (const button of [part("choose"), part("drop")]) button.addEventListener("click", () => part("file").click());
part("file").addEventListener("change", () => {
  if (part("file").files.length) chosenFrom(part("file").files);
  part("file").value = "";
});
part("json").querySelector("button").addEventListener("click", (event) => copy(event.target, json(false), part("json").querySelector("pre")));
part("shell").querySelector("button").addEventListener("click", (event) => copy(event.target, command(), part("shell").querySelector("pre")));
addEventListener("paste", (event) => {
  if (event.clipboardData?.files.length) chosenFrom(event.clipboardData.files, foldersOf(event.clipboardData.items));
});
// Anywhere on the page: a picture that misses the stage should not replace the page.
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
  chosenFrom(event.dataTransfer?.files, foldersOf(event.dataTransfer?.items));
});

part("json").open = matchMedia("(min-width: 52rem)").matches; // where there is room beside the picture
load();
