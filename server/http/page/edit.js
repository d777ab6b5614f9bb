// The page for editing the configuration: the text with what is wrong in it, and beside it the picture that it would give.

import { askCamera, askConflict, askService, askTransform } from "./edit/dialogs.js";
import { Draft } from "./edit/draft.js";
import { Editor } from "./edit/editor.js";
import { File } from "./edit/file.js";
import { Help, helpAt } from "./edit/help.js";
import { DraftPicture, ServedPicture } from "./edit/pictures.js";
import { Popup } from "./edit/popup.js";
import { Problems } from "./edit/problems.js";
import { blocksOf, cameraAt, pipelineOf } from "./edit/text/context.js";
import { complete } from "./edit/text/completion.js";
import { addCamera, addService, addTransform, nameService } from "./edit/text/insert.js";
import { lineStart } from "./edit/text/lines.js";
import { Schema } from "./edit/text/schema.js";
import { readYaml } from "./edit/text/yaml.js";
import { fetchJson } from "./shared/api.js";
import { setText } from "./shared/dom.js";
import { allowStart, startsItself } from "./shared/memory.js";
import { Poll } from "./shared/poll.js";

const SETTLED_MS = 60; // after a key: what needs the whole text read
const DRAFT_MS = 400;
const KEPT_MS = 400;
const FILE_EVERY_MS = 3_000;
const TIMEOUT_MS = 30_000;
const OUTDATED = "The file has changed on disk.";
const REFUSED = "Nothing is saved: the server cannot serve this text yet. What is wrong is listed below it.";
const RETRY_S = [1, 2, 4, 8, 15];

const part = (id) => document.getElementById(id);
const file = new File();
const pictures = new DraftPicture({ canvas: part("draft-picture"), words: part("draft-words"), state: part("draft-state"), list: part("found"), stage: part("draft"), again: part("draft-again") });
const draft = new Draft((state) => pictures.show(shown ?? "", state), (bitmap) => pictures.draw(bitmap));
const help = new Help(part("help"), part("hover"));
const editor = new Editor(part("editor"), { onInput, onCursor, onHover, intercept });
const popup = new Popup(part("offers-box"), part("text"), accept);
const problems = new Problems({ list: part("problems"), summary: part("problems-summary") }, { textOf: () => editor.text, onResult: showProblems, onGo: goTo });
let served = null; // the live picture, from the first one on

let schema = new Schema({});
let services = []; // of the server, with their labels
let offer = null; // what the list of suggestions is for
let shown = null; // the name of the camera whose picture is shown
let drafts = startsItself; // whether the draft may run
let isSaving = false;
let passes = false; // the notice goes with the next change
let failures = 0;
const timers = {};

// The text as it is now, read once.
const read = { text: null, tree: null };
function tree() {
  const { text } = editor;
  if (text !== read.text) Object.assign(read, { text, tree: readYaml(text) });
  return read.tree;
}

function later(name, milliseconds, action) {
  clearTimeout(timers[name]);
  timers[name] = setTimeout(action, milliseconds);
}

// Opening

async function open() {
  try {
    const kept = await file.open();
    const [document, models] = await Promise.all([fetchJson("schema.json", {}, TIMEOUT_MS), fetchJson("api/vision", {}, TIMEOUT_MS).catch(() => [])]);
    schema = new Schema(document);
    services = models;
    failures = 0;
    setText(part("name"), file.name || "Edit");
    editor.load(file.text);
    part("text").disabled = false;
    for (const id of ["add-camera", "add-transform", "add-service"]) part(id).disabled = false;
    if (kept) {
      notice(`This is your text from before, which is not saved yet.${kept.outdated ? " The file has changed since." : ""}`, "Discard it", discard);
      editor.load(kept.text);
    } else notice(file.writable ? "" : "The server may not write this file: you can try changes here, but not save them.");
    served = new ServedPicture(part("served"), { words: part("served-words"), starts: startsItself, report: () => {} });
    new Poll(follow, () => {}).now();
    editor.select(0, 0, matchMedia("(pointer: fine)").matches); // else the keyboard of a phone would come up
    changed();
  } catch (error) {
    if (error.status === 404 || error.status === 403) return notice(error.message);
    notice(`${error.message} Trying again.`);
    setTimeout(open, RETRY_S[Math.min(failures++, RETRY_S.length - 1)] * 1000);
  }
}

// Takes what others have written into the file, unless the text here has changed too.
async function follow() {
  if (!isSaving && !part("conflict").open && (await file.hasChanged()) && !isSaving) {
    if (isUnsaved()) notice(`${OUTDATED} Saving shows the differences first.`);
    else {
      await file.reread();
      editor.load(file.text);
      changed();
      pass(`${OUTDATED} This is its text now.`);
    }
  }
  return FILE_EVERY_MS;
}

async function discard() {
  await file.reread();
  editor.load(file.text);
  file.keep(file.text);
  notice("");
  changed();
}

// Changes of the text

function onInput(event) {
  help.hide();
  const typed = event?.inputType === "insertText" || event?.inputType === "insertCompositionText" ? (event.data ?? "") : "";
  const isMore = popup.isOpen && /^delete/.test(event?.inputType ?? "");
  if (/[\w$-]$/.test(typed) || isMore) later("offer", 0, () => suggest(true));
  else if (typed === " " && /[\w"']:\s$|^\s*-\s$/.test(lineBefore())) later("offer", 0, () => suggest(true));
  else closeOffers();
  changed();
}

// Closes the suggestions, and those that are still to be opened.
function closeOffers() {
  clearTimeout(timers.offer);
  popup.close();
}

function lineBefore() {
  const { text, offset } = editor;
  return text.slice(lineStart(text, offset), offset);
}

function changed() {
  if (passes) notice("");
  problems.changed();
  showSaved();
  later("keep", KEPT_MS, () => file.keep(editor.text));
  later("settle", SETTLED_MS, settle);
  later("draft", DRAFT_MS, showDraft);
}

function onCursor() {
  if (popup.isOpen && offer && (editor.offset < offer.start || editor.hasSelection)) closeOffers();
  later("settle", SETTLED_MS, settle);
}

// After a key or a move of the cursor: the help line, the camera under the cursor.
function settle() {
  const { text, offset } = editor;
  help.show(helpAt(text, tree(), offset, schema), editor.problemsOf(editor.placeOf(offset).line));
  showCameras();
}

// Pictures

function showCameras() {
  const select = part("camera");
  const cameras = blocksOf(tree(), "cameras").filter(({ name }) => name);
  const names = cameras.map(({ name }) => name);
  const pinned = names.includes(select.value) ? select.value : "";
  const before = names.includes(shown) ? shown : names.at(-1);
  const own = cameraAt(tree(), editor.offset)?.name;
  const under = own || before || "";
  const key = JSON.stringify([names, under, Boolean(own)]);
  if (select.dataset.key !== key) {
    select.dataset.key = key;
    select.replaceChildren(new Option(own ? `${own} (at the cursor)` : under ? `${under} (last camera)` : "the camera at the cursor", ""), ...names.map((name) => new Option(name)));
    select.value = pinned;
  }
  const wanted = pinned || under || null;
  if (wanted === shown) return;
  shown = wanted;
  pictures.clear(shown ? "" : "There is no camera with a name yet. Add one.");
  served?.show(shown);
  later("draft", DRAFT_MS, showDraft);
}

function showDraft() {
  part("draft-start").hidden = drafts || !shown;
  if (!shown) draft.stop();
  else if (drafts) draft.show(editor.text, shown);
}

// Suggestions and help

function suggest(isAuto) {
  clearTimeout(timers.offer);
  const { text, offset, hasSelection } = editor;
  offer = hasSelection ? null : complete(text, offset, { schema, tree: read.tree ?? tree(), served: services });
  const isDone = offer?.items.length === 1 && offer.items[0].label === offer.prefix;
  if (!offer || (isAuto && isDone)) return popup.close();
  help.hide();
  popup.open(offer.items, editor.pointOf(offer.start));
}

function accept(item) {
  const { start, end } = offer;
  editor.replace(start, Math.max(end, editor.offset), item.text, [start + item.caret, start + item.caret]);
  if (item.again) later("offer", 0, () => suggest(true));
}

function onHover(offset, at) {
  if (offset === null && !at) return later("hover", 200, () => help.hide());
  clearTimeout(timers.hover);
  if (popup.isOpen) return;
  const found = editor.problemsOf(at.line).filter(({ from, to }) => at.column >= from && at.column < Math.max(to, from + 1));
  help.point(offset === null ? null : helpAt(editor.text, tree(), offset, schema), found, at.x, at.y);
}

function explain() {
  const { offset } = editor;
  const { x, y, height } = editor.pointOf(offset);
  help.point(helpAt(editor.text, tree(), offset, schema), editor.problemsOf(editor.placeOf(offset).line), x, y + height - 14);
}

// Returns whether a key of the text field is one of ours.
function intercept(event) {
  if (popup.key(event)) return true;
  if (event.key === "Escape" && !part("hover").hidden) {
    help.hide();
    return true;
  }
  if (event.ctrlKey && event.key === " ") suggest(false);
  else if (event.altKey && event.key === "F1") explain();
  else if (event.key === "F8") nextProblem(event.shiftKey);
  else return false;
  return true;
}

// Problems

function showProblems(found) {
  if (!found.length && part("notice").firstElementChild.textContent === REFUSED) notice("");
  editor.mark(found);
  settle();
}

function goTo(problem) {
  editor.select(...editor.rangeOf(problem));
}

function nextProblem(back) {
  const found = problems.found.filter(({ line }) => line !== null).map((problem) => ({ problem, offset: editor.offsetOf(problem.line - 1, (problem.column ?? 1) - 1) }));
  found.sort((a, b) => a.offset - b.offset);
  const next = back ? found.findLast(({ offset }) => offset < editor.offset) ?? found.at(-1) : found.find(({ offset }) => offset > editor.offset) ?? found[0];
  if (next) goTo(next.problem);
}

// Saving

const isUnsaved = () => !part("text").disabled && editor.text !== file.text;

function showSaved(words = "") {
  const unsaved = isUnsaved();
  setText(part("saved"), words || (isSaving ? "Saving" : unsaved ? "Not saved" : ""));
  part("saved").dataset.state = unsaved ? "unsaved" : "";
  part("save").disabled = !unsaved || isSaving || !file.writable;
}

async function save() {
  if (!isUnsaved() || isSaving || !file.writable) return;
  const { text } = editor;
  isSaving = true;
  showSaved();
  let words = "";
  try {
    const { saved, problems: wrong, conflict } = await file.save(text);
    if (wrong) refused(wrong, text);
    else words = conflict ? await resolve(text) : told(saved);
  } catch (error) {
    pass(error.message);
  } finally {
    isSaving = false;
    showSaved(words);
  }
}

// Says that a text has not been saved, and why. What has been typed since is checked anyway.
function refused(wrong, text) {
  if (wrong.every(({ line }) => line === null)) return pass(`Nothing is saved. ${file.name}: ${wrong.map(({ message }) => message).join("; ")}.`);
  if (text === editor.text) problems.take(wrong);
  pass(REFUSED);
}

// Says what saving has changed.
function told({ changed: names = [], restart_needed: restart = [] }) {
  served?.refresh();
  fetchJson("api/vision", {}, TIMEOUT_MS).then((models) => (services = models), () => {});
  notice(restart.length ? `Saved. These take effect when the server starts again: ${restart.join(", ")}.` : "");
  return names.length ? `Saved. Changed: ${names.join(", ")}` : "Saved. Nothing that is served has changed";
}

// Asks what to do with a file that has changed on disk. Returns what to say of saving.
async function resolve(text) {
  await file.reread();
  const choice = await askConflict(part("conflict"), file.text, text);
  if (choice === "theirs") {
    editor.become(file.text);
    pass("This is the text of the file now. Undo brings yours back.");
  } else if (choice === "mine") {
    const { saved, problems: wrong, conflict } = await file.save(text);
    if (conflict) return resolve(text);
    if (saved) return told(saved);
    refused(wrong, text);
  } else pass("Nothing is saved. The file has changed on disk since you opened it.");
  return "";
}

function notice(words, action = "", act = null) {
  passes = false;
  const [text, button] = part("notice").children;
  setText(text, words);
  setText(button, action);
  button.hidden = !action;
  button.onclick = act;
  part("notice").hidden = !words;
}

// Shows a notice until the text changes.
function pass(words) {
  notice(words);
  passes = true;
}

// New blocks

async function newCamera(why = "") {
  const under = cameraAt(tree(), editor.offset);
  const entries = await askCamera(part("new-camera"), { schema, tree: tree(), served: services, under: under?.name ?? shown, why });
  if (!entries) return editor.area.focus();
  const place = under ? blocksOf(tree(), "cameras").findIndex(({ start }) => start === under.start) : null;
  apply(addCamera(editor.text, entries, place));
}

async function newTransform() {
  const cameras = blocksOf(tree(), "cameras");
  const place = cameras.findIndex(({ name, start, end }) => (start <= editor.offset && editor.offset < end) || (name === shown && !cameraAt(tree(), editor.offset)));
  const camera = cameras[place];
  if (!camera || !["transform", "rdk:builtin:transform"].includes(camera.model)) {
    return newCamera(camera ? `${camera.name || "This camera"} has no transforms: it is a source. Add a camera that transforms its frames.` : "The cursor is in no camera that could have the transform. Add one that has it.");
  }
  const entries = await askTransform(part("new-transform"), { schema, tree: tree(), served: services, camera: camera.name || "this camera" });
  if (!entries) return editor.area.focus();
  const after = pipelineOf(camera).findIndex(({ start, end }) => start <= editor.offset && editor.offset <= end);
  apply(addTransform(editor.text, place, entries, after < 0 ? null : after));
}

async function newService() {
  const service = await askService(part("new-service"), { schema, tree: tree() });
  if (!service) return editor.area.focus();
  const waiting = nameService(editor.text, service.name, service.key); // a transform that waits for it
  if (waiting) editor.replace(waiting.start, waiting.end, waiting.text);
  apply(addService(editor.text, service.entries));
}

function apply(edit) {
  if (!edit) return pass("There is no list for it at this place: mend that first.");
  const { start, end, text, select } = edit;
  editor.replace(start, end, text, select);
  const begin = start + text.search(/\S|$/);
  editor.revealBlock(begin, Math.max(begin, start + text.trimEnd().length));
  settle();
}

// Events

part("save").addEventListener("click", save);
part("add-camera").addEventListener("click", () => newCamera());
part("add-transform").addEventListener("click", newTransform);
part("add-service").addEventListener("click", newService);
part("camera").addEventListener("change", () => {
  delete part("camera").dataset.key;
  showCameras();
});
part("draft-start").addEventListener("click", () => {
  drafts = true;
  allowStart();
  showDraft();
});
part("draft-again").addEventListener("click", () => {
  part("edit").focus({ preventScroll: true }); // the button goes
  pictures.clear();
  draft.again();
});
part("text").addEventListener("blur", closeOffers);
part("editor").addEventListener("scroll", () => {
  if (popup.isOpen) popup.place(editor.pointOf(offer.start));
  help.hide();
}, { passive: true });
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "s") {
    event.preventDefault();
    save();
  }
});
addEventListener("beforeunload", (event) => {
  if (!isUnsaved()) return;
  file.keep(editor.text);
  event.preventDefault();
});
addEventListener("pagehide", () => part("text").disabled || file.keep(editor.text));
addEventListener("pageshow", (event) => event.persisted && showDraft());
open();
