// The camera page: a card for every camera, refreshed from /api/cameras.

import { addressOf } from "./shared/address.js";
import { fetchJson } from "./shared/api.js";
import { Banner } from "./shared/banner.js";
import { Card } from "./shared/card.js";
import { Configuration } from "./shared/configuration.js";
import { arrange, make, setText } from "./shared/dom.js";
import { allowStart, recall, remember, startsItself } from "./shared/memory.js";
import { canPlay } from "./shared/player.js";
import { Poll } from "./shared/poll.js";

const POLL_WATCHING_MS = 500;
const POLL_IDLE_MS = 2_000;
const TOOLS_FROM = 8; // cameras: below, a search or a smaller grid helps nobody
const MANY = 30; // cameras: from here on small cards in groups, unless the user has chosen otherwise

const part = (id) => document.getElementById(id);
const main = part("cameras");
const template = part("card");

const cards = new Map();
const groups = new Map(); // headings by the name of their source
const chosen = recall(); // {watched: [name], compact, grouped}
const banner = new Banner(part("problems"));
const configuration = new Configuration(() => poll.soon());
let cameras = new Map();
let isFirst = true;

const poll = new Poll(async (failedBefore) => {
  // Measure before the request: a stall is noticed even if the server does not answer.
  await Promise.all([...cards.values()].map((card) => card.stage.measure()));
  const [list] = await Promise.all([fetchJson("api/cameras"), configuration.refresh()]);
  show(list);
  banner.show(configuration.known);
  part("edit").hidden = !configuration.known?.editable;
  if (failedBefore) for (const card of cards.values()) card.stage.player.retryNow();
  return watchedCards().length ? POLL_WATCHING_MS : POLL_IDLE_MS;
}, (error) => showNotice(error || (canPlay ? "" : "This browser cannot play live video. The image addresses still work.")));

const watchedCards = () => [...cards.values()].filter((card) => card.stage.watched);
const presentCards = () => [...cards.values()].filter((card) => !card.removed);
const watchable = () => [...cards.values()].filter((card) => card.watchable && !card.element.hidden);

function show(list) {
  cameras = new Map(list.map((camera) => [camera.name, camera]));
  for (const [name, card] of cards) {
    if (cameras.has(name)) continue;
    // Who watches it is told; the card stays until it is dismissed, or the camera is back.
    if (card.stage.watched) card.showRemoved();
    else remove(card);
  }
  for (const camera of list) {
    if (!cards.has(camera.name)) cards.set(camera.name, new Card(camera.name, template, configuration, cardChanged));
    cards.get(camera.name).show(camera, cameras);
  }
  part("tools").hidden = list.length < TOOLS_FROM;
  layOut();
  main.ariaBusy = "false";
  if (isFirst) {
    isFirst = false;
    resumeWatching();
    goToCamera();
  }
  showCounts();
}

function remove(card) {
  const focused = card.element.contains(document.activeElement);
  cards.delete(card.name);
  card.remove();
  if (focused) main.focus({ preventScroll: true });
}

// Layout: the order of the cards, headings of their groups, the search

const isCompact = () => cards.size >= TOOLS_FROM && (chosen.compact ?? cards.size >= MANY);
const isGrouped = () => cards.size >= TOOLS_FROM && (chosen.grouped ?? cards.size >= MANY);

function layOut() {
  main.classList.toggle("compact", isCompact());
  part("compact").ariaPressed = String(isCompact());
  part("grouped").ariaPressed = String(isGrouped());
  const words = part("tools").hidden ? [] : part("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const card of cards.values()) {
    card.element.hidden = !card.removed && !card.matches(words, cameras);
    for (const heading of card.headings) heading.ariaLevel = String(Number(heading.localName[1]) + (isGrouped() ? 1 : 0));
  }
  const before = [...main.children];
  const elements = isGrouped() ? groupedElements() : inChainOrder().flat().map(({ name }) => cards.get(name).element);
  before.forEach((element, place) => cards.get(element.dataset.camera)?.removed && elements.splice(place, 0, element));
  const found = presentCards().filter((card) => !card.element.hidden).length;
  if (!cards.size) elements.push(make("p", "empty", "The configuration has no cameras yet."));
  else if (words.length && !found) elements.push(make("p", "empty", "No camera has these words in its name, its model or its transforms."));
  arrange(main, elements);
  setText(part("found"), words.length ? `${found} found` : "");
  if (before.some((element, place) => element !== main.children[place])) for (const card of cards.values()) card.stage.resume();
}

// Returns the chains: each source, in the order of the file, with the cameras chained onto it.
function inChainOrder() {
  const list = [...cameras.values()];
  const seen = new Set();
  const chain = (camera) => {
    if (seen.has(camera)) return [];
    seen.add(camera);
    return [camera, ...list.filter((other) => other.source === camera.name).flatMap(chain)];
  };
  return [...list.filter((camera) => camera.source === null), ...list].map(chain).filter((found) => found.length);
}

// Returns the cards with a heading above each source that others use, and one above all other cameras at the end.
function groupedElements() {
  const chains = inChainOrder();
  const alone = chains.filter((chain) => chain.length === 1).flat();
  const parts = chains.filter((chain) => chain.length > 1).map((chain) => [chain[0].name, chain]);
  if (alone.length) parts.push([parts.length ? "Other cameras" : "All cameras", alone]);
  return parts.flatMap(([name, members]) => {
    const elements = members.map((camera) => cards.get(camera.name).element);
    const shown = elements.filter((element) => !element.hidden).length;
    if (!groups.has(name)) groups.set(name, make("h2", "group", make("span", "", name), make("small")));
    const heading = groups.get(name);
    heading.hidden = shown === 0;
    setText(heading.lastElementChild, shown === 1 ? "1 camera" : `${shown} cameras`);
    return [heading, ...elements];
  });
}

// Scrolls to the camera that the address names, as in #camera-porch.
function goToCamera() {
  const name = /^#camera-(.+)$/.exec(location.hash)?.[1];
  for (const card of cards.values()) card.element.classList.toggle("chosen", card.name === name);
  const card = cards.get(name);
  if (!card) return;
  if (card.element.hidden) {
    part("search").value = "";
    layOut();
  }
  card.element.scrollIntoView({ block: "start" });
  card.element.focus({ preventScroll: true });
}

// Watching, and what the page remembers of it

function cardChanged(card, before) {
  const { state } = card.stage;
  if (card.removed && state === "off" && cards.get(card.name) === card) {
    remove(card);
    layOut();
  }
  if ((before === "off") !== (state === "off")) {
    if (state !== "off") allowStart();
    remember({ watched: watchedCards().map(({ name }) => name) });
    part("resume").hidden = true;
  }
  showCounts();
  if (before === "off" || state === "live") poll.soon();
}

function remembered() {
  return canPlay ? (chosen.watched ?? []).map((name) => cards.get(name)).filter((card) => card?.watchable) : [];
}

// Starts what was watched here before; if a foreign page may have opened this one, only after a click.
function resumeWatching() {
  if (startsItself) for (const card of remembered()) card.stage.start();
  else part("resume").hidden = !remembered().length;
}

function showCounts() {
  const all = watchable();
  const on = watchedCards().filter((card) => !card.removed).length;
  const present = presentCards().length;
  const number = present === 1 ? "1 camera" : `${present} cameras`;
  const focused = document.activeElement;
  setText(part("summary"), present ? (on ? `${number}, ${on} watched here` : number) : "");
  part("stop-all").hidden = on === 0;
  part("watch-all").hidden = !canPlay || all.every((card) => card.stage.watched) || all.length < 2;
  // A button that has done its work goes; the focus goes to the one that undoes it.
  if (focused?.hidden) ["stop-all", "watch-all"].map(part).find((button) => !button.hidden)?.focus();
}

function showNotice(text) {
  setText(part("notice"), text);
  part("notice").hidden = !text;
}

// Events

part("watch-all").addEventListener("click", () => {
  for (const card of watchable()) if (!card.stage.watched) card.stage.start();
});
part("stop-all").addEventListener("click", () => {
  for (const card of watchedCards()) card.stage.stop();
});
part("resume").addEventListener("click", () => {
  for (const card of remembered()) card.stage.start();
});
for (const name of ["compact", "grouped"]) {
  part(name).addEventListener("click", () => {
    chosen[name] = part(name).ariaPressed !== "true";
    remember({ [name]: chosen[name] });
    layOut();
  });
}
part("search").addEventListener("input", () => {
  layOut();
  showCounts();
});
addEventListener("hashchange", goToCamera);

part("edit").href = addressOf("edit");
document.documentElement.classList.toggle("unplayable", !canPlay);
poll.now();
