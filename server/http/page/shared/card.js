// The card of a camera: its picture, and in words its state, chain, figures and predictions.

import { Controls } from "../controls/controls.js";
import { Latency } from "../latency/bar.js";
import { GlassToGlass } from "../latency/glass.js";
import { addressOf } from "./address.js";
import { fetchJson } from "./api.js";
import { chainOf, modelOf, transformDetail } from "./chain.js";
import { copy, make, percentage, sentence, setText, withPeriod } from "./dom.js";
import { Stage, lossOf, removalOf } from "./stage.js";
import { UsedFrames } from "./used.js";

const MEASURED_FROM_FPS = 5;
const SHOWN_MAX = 6;
const ROWS_MAX = SHOWN_MAX + 1; // with the one that says how many more there are
const COUNTED = ["detection", "keypoint"]; // kinds of which a frame has several with one label
const STATES = {
  idle: "Idle",
  opening: "Opening",
  running: "Running",
  live: "Live",
  offline: "Offline",
  ended: "Ended",
  private: "Private",
  removed: "Removed",
};

export class Card {
  // `template` holds the card's elements, `configuration` says what may be adjusted; `onChange` is called with the state
  // before, when the video's state changes.
  constructor(name, template, configuration, onChange) {
    this.name = name;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.id = `camera-${name}`;
    this.element.dataset.camera = name;
    this.parts = Object.fromEntries(
      [..."state chain error used rate size viewers predictions whep image mp4 mjpeg rtsp".split(" ")].map((part) => [part, this.element.querySelector(`.${part}`)]),
    );
    this.list = this.parts.predictions.querySelector("ul");
    this.rows = new Map();
    this.usedFrames = new UsedFrames();
    this.headings = this.element.querySelectorAll("h2, h3");
    const [title] = this.headings;
    title.id = `name-${name}`;
    const link = make("a", "", name);
    link.href = addressOf(`watch/${name}`);
    link.title = `Only ${name}, filling the page`;
    title.append(link);
    this.element.setAttribute("aria-labelledby", title.id);
    this.#address(this.parts.whep, addressOf(`whep/${name}`));
    this.#address(this.parts.image, addressOf(`api/cameras/${name}/image`));
    this.#address(this.parts.mp4, addressOf(`api/cameras/${name}/stream.mp4`));
    this.#address(this.parts.mjpeg, addressOf(`api/cameras/${name}/stream.mjpg`));
    const { rtspPort } = document.documentElement.dataset;
    if (rtspPort) this.#address(this.parts.rtsp, `rtsp://${location.hostname}:${rtspPort}/${name}`);
    else this.parts.rtsp.parentElement.remove();
    this.element.querySelector(".try").href = addressOf(`run?camera=${name}`);
    this.latency = new Latency(this.element.querySelector(".latency"));
    this.stage = new Stage(name, this.element, (before) => {
      this.glass.follow(this.stage.player.receiver);
      if (this.camera) {
        this.#showState();
        this.#showStatistics();
      }
      onChange(this, before);
    });
    this.glass = new GlassToGlass(this.stage.video);
    this.element.prepend(this.stage.element);
    this.controls = new Controls(name, this.element.querySelector(".adjust"), configuration);
    this.controls.element.addEventListener("toggle", () => this.#keepHeight());
    this.element.querySelector(".dismiss").addEventListener("click", () => this.stage.stop());
  }

  get watchable() {
    return Boolean(this.camera) && !this.camera.private && !this.removed;
  }

  show(camera, cameras) {
    this.camera = camera;
    const { parts } = this;
    this.#setRemoved(false);
    const chain = chainOf(camera, cameras);
    this.#showState();
    this.element.classList.toggle("private", Boolean(camera.private));
    parts.predictions.hidden = !camera.annotates || Boolean(camera.private);
    this.stage.show(camera, chain);
    this.#showChain(camera, chain);
    this.#showError(camera);
    this.#showUsed(camera, chain);
    this.#showStatistics();
    this.controls.show(camera);
    this.#showPredictions(camera.state === "running" || camera.state === "ended" ? (camera.latest?.predictions ?? []) : []);
  }

  // Says why this page gets the camera no more: the configuration does not have it, or the token does not allow it.
  showRemoved() {
    if (this.removed) return;
    this.#setRemoved(true);
    this.stage.withhold(removalOf(this.name));
    this.#showState();
    fetchJson(`api/cameras/${encodeURIComponent(this.name)}`).catch(({ status, message }) => {
      if (status === 403 && this.removed) this.stage.withhold(message);
    });
  }

  #setRemoved(removed) {
    this.removed = removed;
    this.element.classList.toggle("removed", removed);
  }

  // Returns whether every word occurs in the names of the camera, its chain, its transforms or its model.
  matches(words, cameras) {
    const text = chainOf(this.camera, cameras)
      .flatMap((at) => [at.name, at.model, ...(at.transforms ?? []).flatMap(({ type, attributes }) => [type, transformDetail(attributes)])])
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  }

  remove() {
    this.stage.remove();
    this.element.remove();
  }

  #address(code, address) {
    code.textContent = address;
    const button = code.nextElementSibling;
    button.ariaLabel = `Copy the ${code.previousElementSibling.textContent} address of ${this.name}`;
    button.addEventListener("click", () => copy(button, address, code));
  }

  #showChain(camera, chain) {
    const key = JSON.stringify(chain.map((at) => [at.name, at.transforms]));
    if (key === this.chainKey) return;
    this.chainKey = key;
    const items = chain.flatMap((at) => [
      ...(at.transforms ?? []).map((transform) => transformItem(transform, at === camera)),
      cameraItem(at, at === camera),
    ]);
    this.parts.chain.replaceChildren(...items);
    this.parts.chain.ariaLabel = `Pipeline of ${camera.name}`;
  }

  #showState() {
    const { camera, parts } = this;
    const live = this.stage.state === "live" && camera.state === "running";
    const state = this.removed ? "removed" : camera.private ? "private" : live ? "live" : lossOf(camera) ? "offline" : camera.state;
    setText(parts.state, STATES[state] ?? state);
    parts.state.dataset.state = state;
  }

  #showError(camera) {
    const loss = lossOf(camera);
    let error = "";
    if (camera.private) error = "This camera is private: only other cameras use its frames.";
    else if (loss) error = `${loss} Trying again.`;
    else if (camera.state === "ended" && this.stage.watched) error = "The video has ended; this is its last picture.";
    else if (camera.error) error = withPeriod(sentence(camera.error));
    this.parts.error.hidden = !error;
    setText(this.parts.error, error);
  }

  #showUsed(camera, chain) {
    const share = this.usedFrames.share(chain);
    this.parts.used.hidden = share === null || camera.state !== "running";
    if (share !== null) setText(this.parts.used, `Uses ${percentage(share)} of the frames`);
  }

  #showStatistics() {
    const { camera, parts } = this;
    const { statistics } = this.stage;
    // Half a second has too few frames of a slow camera to measure its rate here.
    const measured = camera.frame_rate === null || camera.frame_rate >= MEASURED_FROM_FPS ? statistics?.frameRate : null;
    const rate = measured ?? (camera.state === "running" ? camera.frame_rate : null);
    setText(parts.rate, rate === null ? "–" : `${rate.toFixed(rate < 9.95 ? 1 : 0)} fps`);
    this.latency.show(camera, statistics, this.glass.latest);
    setText(parts.size, camera.width_px ? `${camera.width_px} × ${camera.height_px}` : "–");
    const { way } = this.stage.player;
    parts.size.title = statistics?.codec ? `received over ${way.words} as ${statistics.codec}, ${statistics.width} × ${statistics.height}` : "";
    setText(parts.viewers, String(camera.viewers ?? 0));
  }

  #showPredictions(predictions) {
    const found = new Map();
    for (const { kind, class_name: label, text = label ?? kind, confidence, coverage } of predictions) {
      const key = `${kind} ${text}`;
      const entry = found.get(key) ?? { key, kind, text, value: 0, count: 0 };
      entry.value = Math.max(entry.value, coverage ?? confidence ?? 1);
      entry.count += COUNTED.includes(kind) ? 1 : 0;
      found.set(key, entry);
    }
    const order = ["caption", "classification", "detection", "keypoint", "segmentation"];
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
    else if (this.list.children[shown.length] !== this.restRow) this.list.insertBefore(this.restRow, this.list.children[shown.length] ?? null);
    this.#keepHeight();
  }

  // While Adjust is open, the list has the height of its most rows: its controls must not move below the pointer.
  #keepHeight() {
    const { predictions } = this.parts;
    this.spareRows ??= Array.from({ length: ROWS_MAX }, spareRow);
    const isOpen = this.controls.element.open;
    const count = isOpen ? ROWS_MAX - this.list.querySelectorAll("li:not(.spare)").length : 0;
    this.spareRows.forEach((row, place) => (place >= count ? row.remove() : row.parentElement || this.list.append(row)));
    const width = predictions.clientWidth;
    if (!isOpen || this.kept?.width !== width) {
      this.kept = { width, height: 0 };
      predictions.style.minHeight = "";
    }
    if (!isOpen || predictions.offsetHeight <= this.kept.height) return;
    this.kept.height = predictions.offsetHeight; // a caption may have more lines than a row
    predictions.style.minHeight = `${this.kept.height}px`;
  }
}

function cameraItem(camera, own) {
  const what = camera.model ? modelOf(camera) : "";
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

// Returns a row that takes its place and shows nothing.
function spareRow() {
  return make("li", "spare", make("span", "label", "\u00a0"), make("span", "value"), make("span", "meter"));
}

function resultAge({ inferences_per_s: rate, result_age_s: age }) {
  const note = make("small", "", age === null ? "no result" : `${age.toFixed(1)} s old`);
  note.title =
    "The picture does not wait for this model. The newest result moves along with the picture" +
    `${rate ? ` (${rate.toFixed(1)} inferences/s)` : ""}.`;
  return note;
}

function transformItem(transform, own) {
  const item = make("li", own ? "step own" : "step", make("span", "", transform.type));
  const detail = transformDetail(transform.attributes);
  if (detail) item.append(make("small", "", detail));
  if (own && transform.mode === "latest") item.append(resultAge(transform));
  if (own && transform.mode === "delayed") item.append(make("small", "", `delayed by ${transform.attributes.delay_s} s`));
  return item;
}
