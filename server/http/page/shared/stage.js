// The picture of one camera: its live video, what there is to see without it, and on it why it does not move.

import { Choices } from "../overlay/choices.js";
import { Overlay } from "../overlay/overlay.js";
import { drawChain } from "./chain.js";
import { clockTime, icon, iconButton, make, sentence, setText, withPeriod } from "./dom.js";
import { Player } from "./player.js";
import { fetchWithToken } from "./token.js";

const HELD_EVERY_MS = 10_000;
const HELD_TIMEOUT_MS = 15_000;
const OFF_SCREEN_MS = 1_000;
const STALL_MS = 2_500;
const STALE_MS = 5_000;
const PLAY = "M8.500 5.300v13.400a.8.8 0 0 0 1.200.7l10.700-6.700a.8.8 0 0 0 0-1.400L9.700 4.600a.8.8 0 0 0-1.200.7Z";
const LABELS = "M4 9V5.500A1.500 1.500 0 0 1 5.500 4H9m6 0h3.500A1.500 1.500 0 0 1 20 5.500V9m0 6v3.500a1.500 1.500 0 0 1-1.500 1.500H15m-6 0H5.500A1.500 1.500 0 0 1 4 18.500V15M8.500 12h7";
const FULL = "M14 4h6v6m-.500-5.500L13.500 10.500M10 20H4v-6m.500 5.500 6-6";
const STOP = "M8 6.500h8A1.500 1.500 0 0 1 17.500 8v8a1.500 1.500 0 0 1-1.500 1.500H8A1.500 1.500 0 0 1 6.500 16V8A1.500 1.500 0 0 1 8 6.500Z";

const canFillScreen = Boolean(Element.prototype.requestFullscreen);
const stages = new Map(); // by their element

// Cameras off the screen receive no video; a little more than the screen counts, so that scrolling meets moving pictures.
const onScreen = new IntersectionObserver(
  (entries) => entries.forEach(({ target, isIntersecting }) => stages.get(target)?.setVisible(isIntersecting)),
  { rootMargin: "160px" },
);
const updateAll = () => stages.forEach((stage) => stage.update());
let leaving = false;
document.addEventListener("visibilitychange", updateAll);
for (const name of ["pagehide", "pageshow"]) {
  addEventListener(name, () => {
    leaving = name === "pagehide";
    updateAll();
  });
}

export class Stage {
  // `host` is the element around the picture, whose data-play, data-still and data-lost tell the style sheet the state.
  constructor(name, host, onChange) {
    this.name = name;
    this.host = host;
    this.onChange = onChange;
    this.camera = null;
    this.statistics = null;
    this.visible = false;
    this.withheld = ""; // why the server gives no pictures at present
    this.#build();
    this.player = new Player(name, this.video, () => this.#playerChanged(), () => ["running", "ended"].includes(this.camera?.state));
    this.player.prepare = (peer) => this.overlay.attach(peer);
    host.dataset.play = "off";
    stages.set(this.element, this);
    onScreen.observe(this.element);
  }

  get state() {
    return this.player.state;
  }

  get watched() {
    return this.state !== "off";
  }

  start() {
    this.player.start();
  }

  stop() {
    this.player.stop();
  }

  remove() {
    onScreen.unobserve(this.element);
    stages.delete(this.element);
    this.stop();
  }

  // Shows the state of the camera as the server gives it, and its chain.
  show(camera, chain) {
    this.camera = camera;
    this.withhold("");
    if (this.player.isMissing && !camera.private) this.player.tryAgain(); // it was away for a moment
    this.labels.hidden = this.choices.button.hidden = !camera.annotates;
    if (!camera.annotates) this.choices.close();
    this.#showLabels();
    const chainKey = JSON.stringify(chain.map((at) => [at.name, at.transforms]));
    if (chainKey !== this.chainKey) this.drawing.replaceChildren(...drawChain(chain));
    this.chainKey = chainKey;
    this.#showWords();
    this.#showHeldPicture();
  }

  // Receives no video while there are words that say why; with "" it plays again.
  withhold(words) {
    if (words === this.withheld) return;
    this.withheld = words;
    this.update();
  }

  setVisible(visible) {
    clearTimeout(this.leaves);
    if (visible) {
      this.visible = true;
      this.update();
    } else {
      this.leaves = setTimeout(() => {
        this.visible = false;
        this.update();
      }, OFF_SCREEN_MS);
    }
  }

  // Pauses or resumes the video: the tab is shown or hidden, the page left, the picture scrolled in or out, withheld or given.
  update() {
    const hidden = document.hidden || leaving ? "Paused while this tab is hidden" : "";
    this.player.pause(this.withheld || hidden || (this.visible ? "" : "Paused while off the screen"));
    if (this.camera && !this.withheld) this.#showHeldPicture();
  }

  // Takes the figures of the video, and connects anew if frames should arrive or the server has no session of this page.
  async measure() {
    this.statistics = await this.player.statistics();
    const moving = this.camera?.state === "running" && this.camera.frame_rate >= 2;
    const unknown = this.camera?.viewers === 0;
    if ((moving || unknown) && this.statistics?.silentMs > STALL_MS) this.player.reportStall();
  }

  // Continues after its element has moved in the document, which pauses a video.
  resume() {
    this.player.resume();
  }

  #build() {
    const { name } = this;
    this.video = make("video", "picture");
    Object.assign(this.video, { muted: true, playsInline: true, autoplay: true, disablePictureInPicture: true, ariaLabel: `Live picture of ${name}` });
    this.still = Object.assign(make("canvas", "still"), { ariaHidden: "true" });
    this.drawing = Object.assign(make("div", "drawn-chain"), { ariaHidden: "true" });
    this.watchButton = Object.assign(make("button", "watch", icon(PLAY), make("span", "", "Watch")), { type: "button", ariaLabel: `Watch ${name}` });
    this.facts = make("p", "facts");
    this.title = make("strong", "title");
    this.message = make("span", "message");
    this.again = Object.assign(make("button", "again", "Try again"), { type: "button", hidden: true, ariaLabel: `Try again: ${name}` });
    const spinner = Object.assign(make("span", "spinner"), { ariaHidden: "true" });
    const words = Object.assign(make("p", "words", this.title, this.message), { role: "status" });
    this.note = make("p", "note");
    this.way = make("p", "way");
    this.labels = iconButton("tool labels", LABELS, `Labels and boxes on ${name}`);
    this.labels.ariaPressed = "true";
    this.full = iconButton("tool full", FULL, `Full screen: ${name}`);
    this.stopButton = iconButton("tool stop", STOP, `Stop ${name}`);
    this.choices = new Choices(name, { onChange: () => this.#showLabels(), onFilter: () => this.overlay.draw() });
    this.overlay = new Overlay(name, this.video, {
      receiver: () => this.player.receiver,
      filter: (item) => this.choices.shows(item),
      onItems: (items) => this.choices.note(items),
    });
    this.element = make("div", "stage", this.drawing, this.still, this.video, this.overlay.canvas, this.watchButton, this.facts, this.note, this.way,
      make("div", "overlay", spinner, words, this.again), this.overlay.facts, this.choices.panel,
      make("div", "tools", this.labels, this.choices.button, this.full, this.stopButton));
    this.element.dataset.name = name;

    this.watchButton.addEventListener("click", () => {
      this.start();
      this.stopButton.focus({ preventScroll: true });
    });
    this.stopButton.addEventListener("click", () => {
      this.stop();
      this.watchButton.focus({ preventScroll: true });
    });
    this.again.addEventListener("click", () => this.player.tryAgain());
    this.labels.addEventListener("click", () => {
      this.labels.ariaPressed = String(this.labels.ariaPressed !== "true");
      this.#showLabels();
    });
    for (const type of ["pointermove", "pointerdown"]) {
      this.element.addEventListener(type, (event) => this.overlay.point(event.target.closest(".tools, .label-choices") ? null : event));
    }
    this.element.addEventListener("pointerleave", () => this.overlay.point(null));
    this.full.addEventListener("click", () => this.#fullScreen());
    this.element.addEventListener("dblclick", ({ target }) => target.classList.contains("picture") && this.#fullScreen());
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.element.classList.remove("filled");
      if (event.key === "Tab" && this.#fillsScreen()) this.#keepFocus(event);
    });
  }

  // Shows labels in the picture, or over it, or none: each needs another connection.
  #showLabels() {
    const wanted = this.labels.ariaPressed === "true";
    const drawn = wanted && this.choices.drawn && this.camera?.annotates === true;
    if (wanted === this.player.annotations && drawn === this.overlay.enabled) return;
    this.overlay.enable(drawn);
    this.player.setAnnotations(wanted, drawn);
  }

  #playerChanged() {
    const { state } = this;
    const before = this.host.dataset.play;
    if (before === "live" && state !== "live") this.#freezeFrame();
    this.host.dataset.play = state;
    for (const picture of this.element.querySelectorAll(".picture")) picture.classList.toggle("shown", picture === this.player.picture);
    this.overlay.canvas.hidden = this.player.picture !== this.video; // other ways have their labels in the picture
    this.#showWay();
    if (state === "off") {
      this.video.srcObject = null;
      this.overlay.clear();
      this.choices.close();
      this.element.classList.remove("filled");
    }
    if (state !== "live") this.statistics = null;
    this.#showWords();
    this.onChange(before);
  }

  // Says by which way the picture comes.
  #showWay() {
    const way = this.state === "live" ? this.player.way : null;
    setText(this.way, way?.words ?? "");
    this.way.title = way?.title ?? "";
    if (way) this.way.dataset.way = way.words.toLowerCase();
  }

  #showWords() {
    const { camera, player, state } = this;
    const lost = player.enabled && !player.paused && camera ? lossOf(camera) : null;
    this.host.toggleAttribute("data-lost", Boolean(lost));
    this.host.toggleAttribute("data-paused", Boolean(player.enabled && player.paused));
    const since = this.#lostSince(lost);
    setText(this.title, lost ? (since ? `Offline since ${clockTime(since)}` : "Offline") : "");
    const failed = state === "failed" || state === "retrying";
    const live = state === "live" || state === "off";
    setText(this.message, lost ? `${lost} Trying again.` : live ? "" : withPeriodAfter(player.message, failed));
    // The button goes when the page tries again by itself, too; the focus must not go with it.
    if (!failed && document.activeElement === this.again) this.stopButton.focus({ preventScroll: true });
    this.again.hidden = !failed;
    setText(this.note, camera?.state === "ended" && state === "live" ? "Ended; this is the last picture" : "");
    setText(this.facts, this.#factsOf(camera));
  }

  // Returns when the last picture was taken; without any, when this page saw the camera go offline.
  #lostSince(lost) {
    if (!lost) {
      this.offlineSince = null;
      if (this.camera?.state === "running") this.wasRunning = true;
      return null;
    }
    const latest = this.camera.latest?.captured_at ?? null;
    if (latest) return new Date(latest);
    if (this.wasRunning) this.offlineSince ??= new Date();
    return this.offlineSince ?? this.heldAt ?? null;
  }

  #factsOf(camera) {
    if (!camera || camera.private || this.watched) return "";
    const size = camera.width_px ? `${camera.width_px} × ${camera.height_px}` : "";
    const now = size && camera.frame_rate && camera.state === "running" ? `${size}, ${Math.round(camera.frame_rate)} fps` : size;
    const old = this.heldAt && (camera.state !== "running" || Date.now() - this.heldAt > HELD_EVERY_MS + STALE_MS);
    return old && this.host.dataset.still !== undefined ? `Picture from ${clockTime(this.heldAt)}` : now;
  }

  // Shows the newest picture that the server holds of a camera that is not watched here, without opening the camera.
  async #showHeldPicture() {
    const { camera } = this;
    if (camera.private || !this.visible || document.hidden || this.state === "live") return;
    if (this.watched && this.host.dataset.still !== undefined) return;
    const key = `${camera.state} ${camera.latest?.sequence ?? ""}`;
    if (key === this.heldKey || performance.now() < (this.heldNext ?? 0)) return;
    this.heldKey = key;
    this.heldNext = performance.now() + HELD_EVERY_MS;
    const response = await fetchWithToken(`api/cameras/${this.name}/image?open=false`, {}, HELD_TIMEOUT_MS).catch(() => null);
    if (response?.status !== 200) return;
    const bitmap = await createImageBitmap(await response.blob()).catch(() => null);
    if (!bitmap) return;
    if (this.state !== "live") {
      this.#drawStill(bitmap, bitmap.width, bitmap.height);
      this.heldAt = new Date(response.headers.get("X-Captured-At"));
      this.#showWords();
    }
    bitmap.close();
  }

  // Keeps the last picture of the video, behind the words, until the video plays again.
  #freezeFrame() {
    const { picture, pictureSize } = this.player;
    if (!pictureSize.width) return;
    this.#drawStill(picture, pictureSize.width, pictureSize.height);
    this.heldAt = new Date(this.camera?.latest?.captured_at ?? Date.now());
  }

  #drawStill(picture, width, height) {
    Object.assign(this.still, { width, height });
    this.still.getContext("2d").drawImage(picture, 0, 0);
    this.host.dataset.still = "";
  }

  #fillsScreen() {
    return document.fullscreenElement === this.element || this.element.classList.contains("filled");
  }

  // Lets Tab go round the buttons on the picture: it covers all others.
  #keepFocus(event) {
    const all = this.element.querySelectorAll("button, input:not([type=radio]), input:checked");
    const buttons = [...all].filter((button) => button.getClientRects().length);
    const last = event.shiftKey ? buttons[0] : buttons.at(-1);
    if (document.activeElement !== last) return;
    event.preventDefault();
    (event.shiftKey ? buttons.at(-1) : buttons[0]).focus();
  }

  #fullScreen() {
    if (!this.element.contains(document.activeElement)) this.full.focus({ preventScroll: true });
    // iPhones fill the screen with bare videos only, which could not say that a camera is offline: fill the window there.
    if (document.fullscreenElement) document.exitFullscreen();
    else if (canFillScreen) this.element.requestFullscreen().then(() => this.#lockOrientation()).catch(() => {});
    else this.element.classList.toggle("filled");
  }

  // Labels are part of the picture: a wide picture on an upright phone is too small to read them.
  #lockOrientation() {
    const { width, height } = this.player.pictureSize;
    if (width > height) return screen.orientation?.lock?.("landscape");
  }
}

// Returns why a camera gives no pictures, as a sentence; null if it gives some, or nothing is known yet.
export function lossOf(camera) {
  if (camera.state !== "offline" && !(camera.state === "opening" && camera.error)) return null;
  return withPeriod(sentence(camera.error ?? "The camera does not answer"));
}

export const removalOf = (name) => `${name} was removed from the configuration.`;

function withPeriodAfter(message, ended) {
  return ended && message ? withPeriod(message) : message;
}
