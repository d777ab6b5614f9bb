// The camera page: a card for every camera, refreshed from /api/cameras. All text is set through textContent.

import { addressOf } from "./shared/address.js";
import { percentage } from "./shared/drawing.js";
import { Player, sentence } from "./shared/player.js";
import { fetchWithToken } from "./shared/token.js";

const POLL_WATCHING_MS = 500;
const POLL_IDLE_MS = 2_000;
const REQUEST_TIMEOUT_MS = 5_000;
const RETRY_S = [1, 2, 4, 8, 15];
const STALL_MS = 2_500;
const MEASURED_FROM_FPS = 5;
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
const canPlay = "RTCPeerConnection" in window;

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
      [..."stage still watch facts overlay message tools labels full stop state chain error rate latency size viewers predictions whep image"
        .split(" ")].map((part) => [part, this.element.querySelector(`.${part}`)]),
    );
    this.video = this.element.querySelector("video");
    this.list = this.parts.predictions.querySelector("ul");
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
    this.#address(this.parts.whep, `whep/${name}`);
    this.#address(this.parts.image, `api/cameras/${name}/image`);
    this.element.querySelector(".try").href = addressOf(`run?camera=${name}`);

    this.player = new Player(name, this.video, () => this.#playerChanged());
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
    parts.predictions.hidden = !camera.annotates || Boolean(camera.private);
    parts.labels.hidden = !camera.annotates;
    if (camera.width_px) parts.stage.style.setProperty("--ratio", `${camera.width_px} / ${camera.height_px}`);
    parts.facts.textContent = sizeAndRate(camera);
    this.#showChain(camera);
    this.#showError(camera);
    this.#showStatistics();
    this.#showPredictions(camera.state === "running" || camera.state === "ended" ? (camera.latest?.predictions ?? []) : []);
  }

  async measure() {
    this.statistics = await this.player.statistics();
    // Reconnect if frames should arrive, or if the server has no session of this page.
    const moving = this.camera?.state === "running" && this.camera.frame_rate >= 2;
    const unknown = this.camera?.viewers === 0;
    if ((moving || unknown) && this.statistics?.silentMs > STALL_MS) this.player.reportStall();
  }

  remove() {
    this.player.stop();
    this.element.remove();
  }

  #address(code, path) {
    const address = addressOf(path);
    code.textContent = address;
    const button = code.nextElementSibling;
    button.ariaLabel = `Copy the ${code.previousElementSibling.textContent} address of ${this.name}`;
    button.addEventListener("click", async () => {
      button.textContent = (await copied(address, code)) ? "Copied" : "Selected";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }

  #playerChanged() {
    const { state, message, hidden } = this.player;
    const before = this.element.dataset.play;
    if (before === "live" && state !== "live") this.#freezeFrame();
    this.element.dataset.play = state;
    this.parts.message.textContent = hidden ? "" : message;
    if (state === "off") this.video.srcObject = null;
    if (state !== "live") this.statistics = null;
    if (this.camera) {
      this.#showState();
      this.#showStatistics();
    }
    showCounts();
    if (before === "off" || state === "live") refreshSoon();
  }

  // Shows the last picture behind the message until video plays again.
  #freezeFrame() {
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
    else if (stage.requestFullscreen) stage.requestFullscreen().then(() => this.#lockOrientation()).catch(() => {});
    else this.video.webkitEnterFullscreen?.(); // on iPhones only a video can fill the screen
  }

  // Labels are part of the picture: a wide picture on an upright phone is too small to read them.
  #lockOrientation() {
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
      ...(at.transforms ?? []).map((transform) => transformItem(transform, at === camera)),
      cameraItem(at, at === camera),
    ]);
    this.parts.chain.replaceChildren(...items);
    this.parts.chain.ariaLabel = `Pipeline of ${camera.name}`;
  }

  #showState() {
    const { camera, parts } = this;
    const live = this.player.state === "live" && camera.state === "running";
    const state = camera.private ? "private" : live ? "live" : camera.state;
    setText(parts.state, STATES[state] ?? state);
    parts.state.dataset.state = state;
  }

  #showError(camera) {
    let error = "";
    if (camera.private) error = "This camera is private: only other cameras use its frames.";
    else if (camera.state === "offline") error = `${sentence(camera.error ?? "The camera does not answer")}. Trying again.`;
    else if (camera.state === "ended" && this.player.state !== "off") error = "The video has ended; this is its last picture.";
    else if (camera.error) error = `${sentence(camera.error)}.`;
    this.parts.error.hidden = !error;
    setText(this.parts.error, error.replace(/\.\.+/g, "."));
  }

  #showStatistics() {
    const { camera, statistics, parts } = this;
    // Half a second has too few frames of a slow camera to measure its rate here.
    const measured = camera.frame_rate === null || camera.frame_rate >= MEASURED_FROM_FPS ? statistics?.frameRate : null;
    const rate = measured ?? (camera.state === "running" ? camera.frame_rate : null);
    setText(parts.rate, rate === null ? "–" : `${rate.toFixed(rate < 9.95 ? 1 : 0)} fps`);
    const server = serverLatency(camera.latency_ms);
    if (statistics && server !== null) {
      const total = server + statistics.networkMs + statistics.bufferMs + statistics.decodeMs;
      setText(parts.latency, `${Math.round(total)} ms`);
      parts.latency.title =
        `server ${Math.round(server)}, network ${Math.round(statistics.networkMs)}, ` +
        `buffer ${Math.round(statistics.bufferMs)}, decoding ${Math.round(statistics.decodeMs)} ms`;
    } else {
      setText(parts.latency, "–");
      parts.latency.removeAttribute("title");
    }
    setText(parts.size, camera.width_px ? `${camera.width_px} × ${camera.height_px}` : "–");
    parts.size.title = statistics?.codec ? `received as ${statistics.codec}, ${statistics.width} × ${statistics.height}` : "";
    setText(parts.viewers, String(camera.viewers ?? 0));
  }

  #showPredictions(predictions) {
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
      setText(label, entry.count > 1 ? `${entry.text} × ${entry.count}` : entry.text);
      setText(value, entry.kind === "segmentation" ? `covers ${percentage(entry.value)}` : entry.value.toFixed(2));
      meter.style.setProperty("--value", entry.value);
    });
    const rest = entries.length - shown.length;
    const words = rest ? `and ${rest} more` : entries.length ? "" : this.camera.state === "running" ? "Nothing" : "–";
    this.restRow ??= make("li", "rest");
    setText(this.restRow, words);
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

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Returns the median time from capture to packet, in milliseconds.
function serverLatency(latency) {
  return latency?.total?.p50 ?? null;
}

function sizeAndRate(camera) {
  if (camera.private) return "";
  const size = camera.width_px ? `${camera.width_px} × ${camera.height_px}` : "";
  return size && camera.frame_rate ? `${size}, ${Math.round(camera.frame_rate)} fps` : size;
}

function cameraItem(camera, own) {
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

function transformItem(transform, own) {
  const item = make("li", own ? "step own" : "step", make("span", "", transform.type));
  const detail = transformDetail(transform.attributes ?? {});
  if (detail) item.append(make("small", "", detail));
  return item;
}

function transformDetail(attributes) {
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
    // Scripts have no clipboard without TLS: select the text and use the old command.
    getSelection().selectAllChildren(shown);
    return document.execCommand("copy");
  }
}

// Sorts the cameras: sources in the order of the file, each followed by the cameras chained onto it.
function inChainOrder(list) {
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
  inChainOrder(list).forEach((camera, place) => {
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
  showCounts();
}

const watchable = () => [...cards.values()].filter((card) => card.camera && !card.camera.private);

function showCounts() {
  const all = watchable();
  const on = all.filter((card) => card.player.state !== "off").length;
  const number = cards.size === 1 ? "1 camera" : `${cards.size} cameras`;
  setText(summary, cards.size ? (on ? `${number}, ${on} watched here` : number) : "");
  stopAll.hidden = on === 0;
  watchAll.hidden = !canPlay || on === all.length || all.length < 2;
}

async function refresh() {
  clearTimeout(timer);
  timer = 0;
  if (document.hidden) return;
  try {
    // Measure before the request: a stall is noticed even if the server does not answer.
    await Promise.all([...cards.values()].map((card) => card.measure()));
    const response = await fetchWithToken("api/cameras", {}, REQUEST_TIMEOUT_MS);
    if (!response.ok) throw new Error(sentence((await response.json().catch(() => ({}))).detail) || "The server failed");
    const list = await response.json();
    show(list);
    if (failures) for (const card of cards.values()) card.player.retryNow();
    failures = 0;
    showNotice(canPlay ? "" : "This browser has no WebRTC, so it cannot play live video. The image addresses still work.");
    const watching = [...cards.values()].some((card) => card.player.state !== "off");
    scheduleRefresh(watching ? POLL_WATCHING_MS : POLL_IDLE_MS);
  } catch (error) {
    const pause = RETRY_S[Math.min(failures++, RETRY_S.length - 1)];
    showNotice(error.message && error.name === "Error" ? `${error.message}. Trying again.` : "The server does not answer. Trying again.");
    scheduleRefresh(pause * 1000);
  }
}

function scheduleRefresh(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(refresh, milliseconds);
}

function refreshSoon() {
  if (timer) scheduleRefresh(50);
}

function showNotice(text) {
  setText(notice, text);
  notice.hidden = !text;
}

function setHidden(hidden) {
  for (const card of cards.values()) card.player.setHidden(hidden);
  if (!hidden) refresh();
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

document.documentElement.classList.toggle("unplayable", !canPlay);
refresh();
