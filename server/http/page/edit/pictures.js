// The pictures beside the text: what the unsaved text gives, and what is served now under the same name.

import { fetchJson } from "../shared/api.js";
import { chainOf } from "../shared/chain.js";
import { make, sentence, setText, withPeriod } from "../shared/dom.js";
import { Poll } from "../shared/poll.js";
import { Stage } from "../shared/stage.js";

const EVERY_MS = 1_000;
const LISTED_MAX = 8;
const STATES = { starting: "Starting", running: "Running", failed: "Failed", waiting: "Waiting" };

// The picture of the draft, its state in words and its predictions.
export class DraftPicture {
  constructor({ canvas, words, state, list, stage, again }) {
    Object.assign(this, { canvas, words, state, list, stage, again });
  }

  draw(bitmap) {
    const { canvas, stage } = this;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    stage.dataset.shown = "";
  }

  // Forgets the picture: it was another camera's.
  clear(words = "") {
    delete this.stage.dataset.shown;
    this.again.hidden = true;
    this.say("", words);
    this.list.replaceChildren();
    this.list.parentElement.hidden = true;
  }

  show(camera, { state, error, waits_for: awaited, problems = [], source, width_px: width, height_px: height, frame_rate: rate, predictions = [] }) {
    const [problem] = problems;
    const place = problem?.line == null ? "The text" : `Line ${problem.line}`;
    const wrong = problem ? `${place} is not right yet: ${problem.message}` : (error ?? (awaited ? `Waiting for ${awaited}` : ""));
    const isShown = state !== "running" || !error; // a draft runs on without its source or its model
    const facts = [isShown ? (STATES[state] ?? state) : "No picture", isShown && width ? `${width} × ${height}` : "", isShown && rate ? `${rate.toFixed(rate < 9.95 ? 1 : 0)} fps` : "", source ? `from ${source} as it runs` : ""];
    this.say(facts.filter(Boolean).join(", "), wrong ? withPeriod(sentence(wrong)) : "");
    this.stage.dataset.state = state;
    this.again.hidden = state !== "failed";
    const found = bestOf(predictions).slice(0, LISTED_MAX).sort((a, b) => a.text.localeCompare(b.text)); // rows that keep their place
    this.list.parentElement.hidden = !found.length && !this.list.children.length;
    this.canvas.ariaLabel = `Draft of ${camera}${found.length ? `: ${found.map(({ text }) => text).join(", ")}` : ""}`;
    this.list.replaceChildren(...found.map(({ text, value, count }) => {
      const meter = make("span", "meter");
      meter.style.setProperty("--value", value);
      return make("li", "", make("span", "label", count > 1 ? `${text} × ${count}` : text), make("span", "value", value.toFixed(2)), meter);
    }));
  }

  say(state, words) {
    setText(this.state, state);
    setText(this.words, words);
    this.words.hidden = !words;
  }
}

// Returns each label once, with its highest score and how often it occurs.
function bestOf(predictions) {
  const found = new Map();
  for (const { kind, class_name: label, text = label ?? kind, confidence, coverage } of predictions) {
    const entry = found.get(`${kind} ${text}`) ?? { text, value: 0, count: 0 };
    entry.value = Math.max(entry.value, coverage ?? confidence ?? 1);
    entry.count += kind === "detection" || kind === "keypoint" ? 1 : 0;
    found.set(`${kind} ${text}`, entry);
  }
  return [...found.values()].sort((a, b) => b.value - a.value);
}

// The live picture of the served camera with a name, if there is one.
export class ServedPicture {
  #stage = null;
  #cameras = new Map();
  #name = null;

  constructor(host, { words, starts, report }) {
    this.host = host;
    this.words = words;
    this.starts = starts; // whether it may start without being asked
    this.poll = new Poll(() => this.#ask(), report);
    this.poll.now();
  }

  show(name) {
    if (name === this.#name) return;
    this.#name = name;
    this.#update();
  }

  // Looks at once whether something has changed.
  refresh() {
    this.poll.soon();
  }

  async #ask() {
    const cameras = await fetchJson("api/cameras");
    this.#cameras = new Map(cameras.map((camera) => [camera.name, camera]));
    this.#update();
    await this.#stage?.measure();
    return EVERY_MS;
  }

  #update() {
    const camera = this.#cameras.get(this.#name);
    const isShown = camera && !camera.private;
    if (this.#stage && (!isShown || this.#stage.name !== camera.name)) {
      this.#stage.remove();
      this.#stage.element.remove();
      this.#stage = null;
      for (const key of Object.keys(this.host.dataset)) delete this.host.dataset[key];
      this.host.removeAttribute("data-lost");
      this.host.removeAttribute("data-paused");
    }
    this.host.hidden = !isShown;
    setText(this.words, isShown ? "" : !this.#name ? "" : camera ? "This camera is private." : this.#cameras.size ? "Not served yet: save to serve it." : "");
    if (!isShown) return;
    const isNew = !this.#stage;
    if (isNew) {
      this.#stage = new Stage(camera.name, this.host, () => {});
      this.host.prepend(this.#stage.element);
    }
    this.#stage.show(camera, chainOf(camera, this.#cameras));
    if (isNew && this.starts) this.#stage.start(); // once it knows whether the camera has labels, and how to show them
  }
}
