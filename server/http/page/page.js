// The page: a card for every camera, kept true by asking /api/cameras. All text goes through textContent.

import { share } from "./drawing.js";
import { Player, sentence } from "./player.js";
import { request } from "./token.js";

const WATCHING_MS = 500;
const IDLE_MS = 2_000;
const ANSWER_LIMIT_MS = 5_000;
const RETRY_S = [1, 2, 4, 8, 15];
const SILENCE_MS = 2_500;
const COUNTED_FROM_FPS = 5;
const SHOWN_MAX = 6;
const STATES = {
  idle: "Idle",
  opening: "Opening",
  running: "Running",
  live: "Live",
  offline: "Offline",
  ended: "Ended",
  private: "Private",
};

const main = document.querySelector("#cameras");
const notice = document.querySelector("#notice");
const summary = document.querySelector("#summary");
const watchAll = document.querySelector("#watch-all");
const stopAll = document.querySelector("#stop-all");
const template = document.querySelector("#card");
const playable = "RTCPeerConnection" in window;

const cards = new Map();
let cameras = new Map();
let failures = 0;
let timer = 0;

class Card {
  constructor(name) {
    this.name = name;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.id = `camera-${name}`;
    this.element.dataset.camera = name;
    this.parts = Object.fromEntries(
      [..."stage still watch facts veil words tools labels full stop state chain trouble rate latency size viewers seen whep image"
        .split(" ")].map((part) => [part, this.element.querySelector(`.${part}`)]),
    );
    this.video = this.element.querySelector("video");
    this.list = this.parts.seen.querySelector("ul");
    this.rows = new Map();
    const title = this.element.querySelector("h2");
    title.textContent = name;
    title.id = `name-${name}`;
    this.element.setAttribute("aria-labelledby", title.id);
    this.parts.watch.setAttribute("aria-label", `Watch ${name}`);
    this.parts.stop.title = this.parts.stop.ariaLabel = `Stop ${name}`;
    this.parts.full.title = this.parts.full.ariaLabel = `Full screen: ${name}`;
    this.parts.labels.title = this.parts.labels.ariaLabel = `Labels and boxes on ${name}`;
    this.video.ariaLabel = `Live picture of ${name}`;
    this.#address(this.parts.whep, `/whep/${name}`);
    this.#address(this.parts.image, `/api/cameras/${name}/image`);
    this.element.querySelector(".try").href = `/run?camera=${name}`;

    this.player = new Player(name, this.video, () => this.#played());
    this.parts.watch.addEventListener("click", () => {
      this.player.start();
      this.parts.stop.focus({ preventScroll: true });
    });
    this.parts.stop.addEventListener("click", () => {
      this.player.stop();
      this.parts.watch.focus({ preventScroll: true });
    });
    this.parts.full.addEventListener("click", () => this.#fullScreen());
    this.video.addEventListener("dblclick", () => this.#fullScreen());
    this.parts.labels.addEventListener("click", () => {
      const on = !this.player.annotations;
      this.parts.labels.ariaPressed = String(on);
      this.player.setAnnotations(on);
    });
  }

  show(camera) {
    this.camera = camera;
    const { parts } = this;
    this.#showState();
    this.element.classList.toggle("private", Boolean(camera.private));
    parts.seen.hidden = !camera.annotates || Boolean(camera.private);
    parts.labels.hidden = !camera.annotates;
    if (camera.width_px) parts.stage.style.setProperty("--ratio", `${camera.width_px} / ${camera.height_px}`);
    parts.facts.textContent = facts(camera);
    this.#showChain(camera);
    this.#showTrouble(camera);
    this.#showFigures();
    this.#showSeen(camera.state === "running" || camera.state === "ended" ? (camera.latest?.predictions ?? []) : []);
  }

  async measure() {
    this.figures = await this.player.figures();
    // Frames should come, or the server does not know of us any more.
    const moving = this.camera?.state === "running" && this.camera.frame_rate >= 2;
    const forgotten = this.camera?.viewers === 0;
    if ((moving || forgotten) && this.figures?.silentMs > SILENCE_MS) this.player.standsStill();
  }

  remove() {
    this.player.stop();
    this.element.remove();
  }

  #address(code, path) {
    const address = new URL(path, location.href).href;
    code.textContent = address;
    const button = code.nextElementSibling;
    button.ariaLabel = `Copy the ${code.previousElementSibling.textContent} address of ${this.name}`;
    button.addEventListener("click", async () => {
      button.textContent = (await copied(address, code)) ? "Copied" : "Selected";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }

  #played() {
    const { state, words, hidden } = this.player;
    const before = this.element.dataset.play;
    if (before === "live" && state !== "live") this.#keepStill();
    this.element.dataset.play = state;
    this.parts.words.textContent = hidden ? "" : words;
    if (state === "off") this.video.srcObject = null;
    if (state !== "live") this.figures = null;
    if (this.camera) {
      this.#showState();
      this.#showFigures();
    }
    count();
    if (before === "off" || state === "live") soon();
  }

  // What was seen last stands behind the words, until there is more to see.
  #keepStill() {
    const { still } = this.parts;
    if (!this.video.videoWidth) return;
    still.width = this.video.videoWidth;
    still.height = this.video.videoHeight;
    still.getContext("2d").drawImage(this.video, 0, 0);
    this.element.dataset.still = "";
  }

  #fullScreen() {
    const { stage } = this.parts;
    if (document.fullscreenElement) document.exitFullscreen();
    else if (stage.requestFullscreen) stage.requestFullscreen().then(() => this.#turn()).catch(() => {});
    else this.video.webkitEnterFullscreen?.(); // iPhones let only a video fill the screen
  }

  // Labels are part of the picture: on an upright phone a wide one is too small to read them.
  #turn() {
    const { videoWidth, videoHeight } = this.video;
    if (videoWidth > videoHeight) return screen.orientation?.lock?.("landscape");
  }

  #showChain(camera) {
    const path = [];
    for (let at = camera; at && !path.includes(at); at = cameras.get(at.source)) path.unshift(at);
    const key = JSON.stringify(path.map((at) => [at.name, at.transforms]));
    if (key === this.chainKey) return;
    this.chainKey = key;
    const items = path.flatMap((at) => [
      ...(at.transforms ?? []).map((transform) => step(transform, at === camera)),
      node(at, at === camera),
    ]);
    this.parts.chain.replaceChildren(...items);
    this.parts.chain.ariaLabel = `Where ${camera.name} comes from`;
  }

  #showState() {
    const { camera, parts } = this;
    const live = this.player.state === "live" && camera.state === "running";
    const state = camera.private ? "private" : live ? "live" : camera.state;
    write(parts.state, STATES[state] ?? state);
    parts.state.dataset.state = state;
  }

  #showTrouble(camera) {
    let words = "";
    if (camera.private) words = "Only other cameras use its picture; it cannot be watched.";
    else if (camera.state === "offline") words = `${sentence(camera.error ?? "It does not answer")}. Trying again.`;
    else if (camera.state === "ended" && this.player.state !== "off") words = "The video has ended; this is its last picture.";
    else if (camera.error) words = `${sentence(camera.error)}.`;
    this.parts.trouble.hidden = !words;
    write(this.parts.trouble, words.replace(/\.\.+/g, "."));
  }

  #showFigures() {
    const { camera, figures, parts } = this;
    // Of a slow camera half a second holds too few frames to count them here.
    const counted = camera.frame_rate === null || camera.frame_rate >= COUNTED_FROM_FPS ? figures?.frameRate : null;
    const rate = counted ?? (camera.state === "running" ? camera.frame_rate : null);
    write(parts.rate, rate === null ? "–" : `${rate.toFixed(rate < 9.95 ? 1 : 0)} fps`);
    const server = fromCapture(camera.latency_ms);
    if (figures && server !== null) {
      const total = server + figures.networkMs + figures.bufferMs + figures.decodeMs;
      write(parts.latency, `${Math.round(total)} ms`);
      parts.latency.title =
        `server ${Math.round(server)}, network ${Math.round(figures.networkMs)}, ` +
        `buffer ${Math.round(figures.bufferMs)}, decoding ${Math.round(figures.decodeMs)} ms`;
    } else {
      write(parts.latency, "–");
      parts.latency.removeAttribute("title");
    }
    write(parts.size, camera.width_px ? `${camera.width_px} × ${camera.height_px}` : "–");
    parts.size.title = figures?.codec ? `received as ${figures.codec}, ${figures.width} × ${figures.height}` : "";
    write(parts.viewers, String(camera.viewers ?? 0));
  }

  #showSeen(predictions) {
    const found = new Map();
    for (const { kind, class_name: label, text = label ?? kind, confidence, coverage } of predictions) {
      const key = `${kind} ${text}`;
      const entry = found.get(key) ?? { key, kind, text, value: 0, count: 0 };
      entry.value = Math.max(entry.value, coverage ?? confidence ?? 1);
      entry.count += kind === "detection" ? 1 : 0;
      found.set(key, entry);
    }
    const order = ["caption", "classification", "detection", "segmentation"];
    const rankOf = (kind) => (order.includes(kind) ? order.indexOf(kind) : order.length);
    const entries = [...found.values()].sort(
      (a, b) => rankOf(a.kind) - rankOf(b.kind) || b.value - a.value,
    );
    const shown = entries.slice(0, SHOWN_MAX);
    for (const [key, row] of this.rows) {
      if (shown.some((entry) => entry.key === key)) continue;
      row.remove();
      this.rows.delete(key);
    }
    shown.forEach((entry, place) => {
      let row = this.rows.get(entry.key);
      if (!row) {
        row = make("li", entry.kind, make("span", "label"), make("span", "value"), make("span", "meter"));
        this.rows.set(entry.key, row);
      }
      if (this.list.children[place] !== row) this.list.insertBefore(row, this.list.children[place] ?? null);
      const [label, value, meter] = row.children;
      write(label, entry.count > 1 ? `${entry.text} × ${entry.count}` : entry.text);
      write(value, entry.kind === "segmentation" ? `covers ${share(entry.value)}` : entry.value.toFixed(2));
      meter.style.setProperty("--value", entry.value);
    });
    const rest = entries.length - shown.length;
    const words = rest ? `and ${rest} more` : entries.length ? "" : this.camera.state === "running" ? "Nothing" : "–";
    this.restRow ??= make("li", "rest");
    write(this.restRow, words);
    if (!words) this.restRow.remove();
    else if (this.list.lastElementChild !== this.restRow) this.list.append(this.restRow);
  }
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// From the capture to the packet, in the middle of all frames.
function fromCapture(latency) {
  return latency?.total?.p50 ?? null;
}

function facts(camera) {
  if (camera.private) return "";
  const size = camera.width_px ? `${camera.width_px} × ${camera.height_px}` : "";
  return size && camera.frame_rate ? `${size}, ${Math.round(camera.frame_rate)} fps` : size;
}

function node(camera, own) {
  const what = camera.source === null ? camera.model.replaceAll("_", " ") : "";
  const dot = make("span", "dot");
  dot.ariaHidden = "true";
  if (own) {
    const item = make("li", "node own", dot, make("span", "", camera.name), ...(what ? [make("small", "", what)] : []));
    item.ariaCurrent = "true";
    return item;
  }
  const link = make("a", "", camera.name);
  link.href = `#camera-${camera.name}`;
  return make("li", "node", dot, link, ...(what ? [make("small", "", what)] : []));
}

function step(transform, own) {
  const item = make("li", own ? "step own" : "step", make("span", "", transform.type));
  const detail = stepDetail(transform.attributes ?? {});
  if (detail) item.append(make("small", "", detail));
  return item;
}

function stepDetail(attributes) {
  const { width_px, height_px, angle_degs, direction } = attributes;
  const service = Object.entries(attributes).find(([key, value]) => value && /^(detector|classifier|segmenter|captioner)_name$/.test(key));
  if (service) return service[1];
  if (width_px || height_px) return `${width_px || "auto"} × ${height_px || "auto"}`;
  if (angle_degs !== undefined) return `${angle_degs}°`;
  return direction ?? "";
}

async function copied(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS there is no clipboard for scripts: select it and try the old way.
    getSelection().selectAllChildren(shown);
    return document.execCommand("copy");
  }
}

// Sources in the order of the file, each followed by what is chained on it.
function families(list) {
  const ordered = [];
  const add = (camera) => {
    if (ordered.includes(camera)) return;
    ordered.push(camera);
    list.filter((other) => other.source === camera.name).forEach(add);
  };
  list.filter((camera) => camera.source === null).forEach(add);
  list.forEach(add);
  return ordered;
}

function show(list) {
  cameras = new Map(list.map((camera) => [camera.name, camera]));
  for (const [name, card] of cards) {
    if (cameras.has(name)) continue;
    card.remove();
    cards.delete(name);
  }
  families(list).forEach((camera, place) => {
    let card = cards.get(camera.name);
    if (!card) {
      card = new Card(camera.name);
      cards.set(camera.name, card);
    }
    if (main.children[place] !== card.element) main.insertBefore(card.element, main.children[place] ?? null);
    card.show(camera);
  });
  while (main.children.length > cards.size) main.lastElementChild.remove();
  if (!list.length) main.append(make("p", "empty", "The configuration has no cameras yet."));
  main.ariaBusy = "false";
  count();
}

const watchable = () => [...cards.values()].filter((card) => card.camera && !card.camera.private);

function count() {
  const all = watchable();
  const on = all.filter((card) => card.player.state !== "off").length;
  const number = cards.size === 1 ? "1 camera" : `${cards.size} cameras`;
  write(summary, cards.size ? (on ? `${number}, ${on} watched here` : number) : "");
  stopAll.hidden = on === 0;
  watchAll.hidden = !playable || on === all.length || all.length < 2;
}

async function ask() {
  clearTimeout(timer);
  timer = 0;
  if (document.hidden) return;
  try {
    // Before the server is asked: a picture that stands still is noticed although nobody answers.
    await Promise.all([...cards.values()].map((card) => card.measure()));
    const response = await request("/api/cameras", {}, ANSWER_LIMIT_MS);
    if (!response.ok) throw new Error(sentence((await response.json().catch(() => ({}))).detail) || "The server failed");
    const list = await response.json();
    show(list);
    if (failures) for (const card of cards.values()) card.player.hurry();
    failures = 0;
    tell(playable ? "" : "This browser has no WebRTC, so it cannot play live video. The image addresses work.");
    const watching = [...cards.values()].some((card) => card.player.state !== "off");
    again(watching ? WATCHING_MS : IDLE_MS);
  } catch (error) {
    const pause = RETRY_S[Math.min(failures++, RETRY_S.length - 1)];
    tell(error.message && error.name === "Error" ? `${error.message}. Trying again.` : "The server does not answer. Trying again.");
    again(pause * 1000);
  }
}

function again(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(ask, milliseconds);
}

function soon() {
  if (timer) again(50);
}

function tell(words) {
  write(notice, words);
  notice.hidden = !words;
}

function setHidden(hidden) {
  for (const card of cards.values()) card.player.setHidden(hidden);
  if (!hidden) ask();
}

watchAll.addEventListener("click", () => {
  for (const card of watchable()) if (card.player.state === "off") card.player.start();
});
stopAll.addEventListener("click", () => {
  for (const card of cards.values()) card.player.stop();
});
document.addEventListener("visibilitychange", () => setHidden(document.hidden));
addEventListener("pagehide", () => setHidden(true));
addEventListener("pageshow", (event) => event.persisted && setHidden(document.hidden));

document.documentElement.classList.toggle("unplayable", !playable);
ask();
