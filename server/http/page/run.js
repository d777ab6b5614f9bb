// The page "Run model": runs a vision service on pictures and shows the predictions. Inference starts only on request.

import { valueOf } from "./drawing/items.js";
import { Choice, setOptions, textsOf } from "./run/choice.js";
import { acceptFiles, read } from "./run/files.js";
import { Pictures } from "./run/pictures.js";
import { Replies } from "./run/replies.js";
import { isDrawn, rowsOf } from "./run/results.js";
import { View } from "./run/view.js";
import { fetchJson } from "./shared/api.js";
import { clockTime, make, percentage, setText, withPeriod } from "./shared/dom.js";

const BAD_PICTURE = [413, 415, 422]; // the HTTP statuses for a picture that the server cannot use
const REQUEST_TIMEOUT_MS = 120_000;
const RETRY_S = [1, 2, 4, 8, 15];

const part = (id) => document.getElementById(id);
const stage = part("stage");
const choice = new Choice(discardAnswers);
const pictures = new Pictures(part("strip"), selected);
const view = new View({ stage, canvas: part("canvas"), info: part("picture-info") });
const replies = new Replies({ json: part("json"), shell: part("shell") });

let loads = 0; // number of choices of pictures so far: late results for earlier ones are discarded
let running = null; // AbortController of the requests in progress
let failures = 0;
let runAfterLoad = false; // pictures were chosen before the list of services arrived

const answerShown = () => pictures.current?.answer ?? null; // {kind, reply, items, milliseconds}

// Services and cameras

async function load() {
  try {
    const [models, cameras] = await Promise.all([fetchJson("api/vision", {}, REQUEST_TIMEOUT_MS), fetchJson("api/cameras", {}, REQUEST_TIMEOUT_MS)]);
    const names = cameras.filter((camera) => !camera.private).map(({ name }) => name);
    setOptions(part("camera"), names, new URLSearchParams(location.search).get("camera"));
    part("snapshot").hidden = !names.length;
    choice.offer(models);
    failures = 0;
    showNotice(models.length ? "" : "The configuration has no vision services yet, so there is no model to run.");
    if (runAfterLoad) run();
  } catch (error) {
    showNotice(`${error.message} Trying again.`);
    setTimeout(load, RETRY_S[Math.min(failures++, RETRY_S.length - 1)] * 1000);
  }
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
  await view.show(pictures.current);
  if (load !== loads) return;
  if (document.activeElement === part("drop")) part("choose").focus(); // the picture takes its place
  discardAnswers();
  await run();
}

// Resets the page to the state before the first picture: neither the unusable picture nor the one before it may stay.
function rejectPictures(reason) {
  loads++;
  pictures.set([]);
  view.clear();
  discardAnswers();
  showError(reason);
}

async function selected() {
  await view.show(pictures.current);
  showError(pictures.current?.error ?? "");
  show();
}

// Requests

// Begins requests that end those in progress; returns their AbortController.
function begin(activity) {
  discardAnswers();
  running = new AbortController();
  part("progress").textContent = activity;
  show();
  return running;
}

async function predict(own, path, body) {
  const { kind } = choice;
  const begun = performance.now();
  const reply = await fetchJson(path, { method: body ? "POST" : "GET", body, signal: own.signal }, REQUEST_TIMEOUT_MS);
  return { kind, reply, items: reply[kind] ?? [], milliseconds: performance.now() - begun };
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
  runAfterLoad = Boolean(pictures.current) && !choice.service;
  if (!pictures.current || !choice.kind) return;
  const { list } = pictures;
  const own = begin("Running the model");
  try {
    for (const [place, picture] of list.entries()) {
      if (!picture.blob) continue;
      if (list.length > 1) part("progress").textContent = `Running the model on ${place + 1} of ${list.length}`;
      try {
        picture.answer = await predict(own, choice.pathOf(), picture.blob);
      } catch (error) {
        if (running !== own) return;
        if (!BAD_PICTURE.includes(error.status)) throw error;
        picture.error = withPeriod(`${picture.name}: ${error.detail}`);
        if (list.length === 1) return rejectPictures(picture.error);
      }
      if (running !== own) return;
      if (picture === pictures.current) {
        view.showSize();
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
    const answer = await predict(own, choice.pathOf({ camera, return_image: "true" }));
    if (load !== loads || running !== own) return;
    const bytes = Uint8Array.from(atob(answer.reply.image), (letter) => letter.charCodeAt(0));
    const note = `${camera} at ${clockTime(new Date(answer.reply.captured_at))}`;
    pictures.set([{ blob: new Blob([bytes], { type: "image/jpeg" }), name: `${camera}.jpg`, note, camera, answer, error: "" }]);
    await view.show(pictures.current);
    end(own);
  } catch (error) {
    end(own, error);
  }
}

// Results

function itemsShown(answer) {
  return answer ? answer.items.filter((item) => valueOf(item) >= choice.minimum - 1e-6) : [];
}

function show() {
  const answer = answerShown();
  const picture = pictures.current;
  const { kind, minimum } = choice;
  const what = answer?.kind ?? kind;
  stage.dataset.state = running && !answer && !picture?.error ? "busy" : picture ? "shown" : "empty";
  part("run-model").disabled = !picture || !kind;
  part("take-snapshot").disabled = !kind;
  part("minimum").textContent = what === "segmentations" ? percentage(minimum) : minimum.toFixed(2);
  const items = itemsShown(answer);
  view.setItems(items, items.filter((item) => isDrawn(answer, item)));
  const rows = answer ? rowsOf(answer, items, view.drawing) : [];
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
  replies.show(answer, items, picture, choice);
}

// Returns how many predictions are shown, and of how many.
function countOf(answer) {
  const shown = itemsShown(answer).length;
  return shown === answer.items.length ? `${shown}` : `${shown} of ${answer.items.length}`;
}

const durationOf = ({ milliseconds }) => (milliseconds < 9_950 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`);

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

part("run-model").addEventListener("click", run);
part("take-snapshot").addEventListener("click", takeSnapshot);
part("save").addEventListener("click", async () => {
  if (!(await view.save())) showError("This browser cannot make a file of a picture of this size.");
});
part("threshold").addEventListener("input", show);
acceptFiles(
  { input: part("file"), buttons: [part("choose"), part("drop")], stage },
  { onFiles: loadPictures, onRefused: rejectPictures, onMistake: showError },
);
load();
