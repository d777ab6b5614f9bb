// One or several cameras and nothing else, filling the page: for a wall, or for a frame in a page. /watch/NAME shows one,
// /watch?camera=a&camera=b several.

import { addressOf } from "./shared/address.js";
import { fetchJson } from "./shared/api.js";
import { chainOf } from "./shared/chain.js";
import { make, setText } from "./shared/dom.js";
import { allowStart, startsItself } from "./shared/memory.js";
import { canPlay } from "./shared/player.js";
import { Poll } from "./shared/poll.js";
import { Stage, removalOf } from "./shared/stage.js";

const POLL_MS = 500;
const MISSING_POLL_MS = 2_000; // a camera that does not exist, or must not be seen, rarely comes
const RATIO = 16 / 9; // of the pictures of most cameras

const part = (id) => document.getElementById(id);
const tiles = namesWanted().map((name) => tileOf(name));

function namesWanted() {
  const { pathname, searchParams } = new URL(location.href);
  const own = pathname.slice(new URL(addressOf("watch")).pathname.length + 1);
  return [...new Set(own ? [own] : searchParams.getAll("camera"))].filter(Boolean);
}

function tileOf(name) {
  const element = make("article", "tile");
  const heading = make("h2", "name", name);
  heading.id = `name-${name}`;
  element.setAttribute("aria-labelledby", heading.id);
  const tile = { name, element, isKnown: false, nextAt: 0, missing: make("p", "missing") };
  tile.stage = new Stage(name, element, (before) => {
    if (before === "off" && tile.stage.watched) allowStart();
    if (before === "off" || tile.stage.state === "live") poll.soon();
  });
  element.append(tile.stage.element, heading);
  return tile;
}

const poll = new Poll(async (failedBefore) => {
  await Promise.all(tiles.map((tile) => tile.stage.measure()));
  const listed = await list();
  await Promise.all(tiles.map((tile) => refresh(tile, listed)));
  part("tiles").ariaBusy = "false";
  if (failedBefore) for (const { stage } of tiles) stage.player.retryNow();
  return POLL_MS;
}, (error) => showNotice(error || (canPlay ? "" : "This browser cannot play live video.")));

// Returns the cameras by name; none for a page with one camera, whose viewer may not be allowed to see the list.
async function list() {
  if (tiles.length === 1) return new Map();
  try {
    return new Map((await fetchJson("api/cameras")).map((camera) => [camera.name, camera]));
  } catch (error) {
    if (error.status !== 403) throw error;
    return new Map();
  }
}

async function refresh(tile, listed) {
  const { name, stage, element, missing } = tile;
  if (!listed.has(name) && performance.now() < tile.nextAt) return;
  try {
    const camera = listed.get(name) ?? (await fetchJson(`api/cameras/${encodeURIComponent(name)}`));
    if (camera.private) throw Object.assign(new Error(`${name} is private: only other cameras use its frames.`), { status: 403 });
    missing.remove();
    stage.show(camera, chainOf(camera, listed));
    if (!tile.isKnown && startsItself && canPlay) stage.start();
    tile.isKnown = true;
  } catch (error) {
    if (error.status !== 404 && error.status !== 403) throw error;
    tile.nextAt = performance.now() + MISSING_POLL_MS;
    const words = tile.isKnown && error.status === 404 ? removalOf(name) : error.message;
    if (stage.watched) return stage.withhold(words);
    setText(missing, words);
    element.append(missing);
  }
}

// Chooses the number of columns that makes the pictures largest.
function layOut() {
  const { innerWidth: width, innerHeight: height } = window;
  const pictureWidth = (columns) => Math.min(width / columns, (height / Math.ceil(tiles.length / columns)) * RATIO);
  const possible = tiles.map((_, place) => place + 1);
  const best = possible.reduce((a, b) => (pictureWidth(b) > pictureWidth(a) + 1 ? b : a), 1);
  part("tiles").style.setProperty("--columns", best);
}

// Without a camera in the address: lets the user choose one.
async function offerCameras() {
  const list = (await fetchJson("api/cameras")).filter((camera) => !camera.private);
  const links = list.map(({ name }) => Object.assign(make("a", "quiet", name), { href: addressOf(`watch/${name}`) }));
  const all = Object.assign(make("a", "quiet all-of-them", `All ${list.length} cameras`), { href: addressOf(`watch?${new URLSearchParams(list.map(({ name }) => ["camera", name]))}`) });
  part("tiles").replaceChildren(make("section", "choice", make("h2", "", list.length ? "Which camera?" : "The configuration has no cameras yet."), make("p", "", links.length > 1 ? all : null, ...links)));
  part("tiles").ariaBusy = "false";
}

function showNotice(text) {
  setText(part("notice"), text);
  part("notice").hidden = !text;
}

document.documentElement.classList.toggle("unplayable", !canPlay);
document.title = tiles.length ? `${tiles.map(({ name }) => name).join(", ")}: camweave` : "camweave: watch";
setText(part("title"), tiles.length ? `Watch ${tiles.map(({ name }) => name).join(", ")}` : "Watch");
if (tiles.length) {
  part("tiles").replaceChildren(...tiles.map(({ element }) => element));
  addEventListener("resize", layOut);
  layOut();
  poll.now();
} else {
  offerCameras().catch((error) => showNotice(error.message));
}
