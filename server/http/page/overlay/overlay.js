// Labels, boxes, masks and points drawn over a live video, by this page: crisp at every size, and each with its facts under
// the pointer.

import { isMask, isText, labelOf } from "../drawing/items.js";
import { boxOf, paintItems, textHeight } from "../drawing/paint.js";
import { percentage, make } from "../shared/dom.js";
import { Masks } from "./masks.js";
import { Predictions } from "./predictions.js";

const ZOOM_MAX = 4; // of fingers: a larger canvas would cost more than it shows
const FRESH_S = 0.05;
const NEAR_PX = 14; // from the pointer to its facts

export class Overlay {
  #enabled = false;
  #following = false;
  #shown = null; // the RTP timestamp of the picture on the screen
  #pointer = null;
  #drawn = ""; // what is on the canvas

  // `receiver` returns what receives the video; `filter` says which items are shown; `onItems` is called with all items of a
  // picture before they are filtered.
  constructor(name, video, { receiver, filter, onItems }) {
    Object.assign(this, { video, receiver, filter, onItems });
    this.canvas = Object.assign(make("canvas", "drawn"), { ariaHidden: "true" });
    this.facts = Object.assign(make("div", "item-facts"), { ariaHidden: "true", hidden: true });
    this.predictions = new Predictions((event) => {
      onItems(event.predictions);
      // Usually the message is here before the picture.
      if (event.rtp_timestamp === this.#shown) this.draw();
    });
    this.masks = new Masks(name, () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  get enabled() {
    return this.#enabled;
  }

  // Draws, or not. What is drawn comes with the next connection.
  enable(enabled) {
    this.#enabled = enabled;
    if (enabled) this.#follow();
    else this.clear();
  }

  // Takes the predictions of a new connection, before its offer.
  attach(peer) {
    this.clear();
    if (!this.#enabled) return;
    this.predictions.attach(peer);
    this.masks.start();
  }

  clear() {
    this.predictions.clear();
    this.masks.stop();
    this.#shown = null;
    this.draw();
  }

  // Follows the pointer over the picture; null when it has left.
  point(event) {
    this.#pointer = event && { x: event.clientX, y: event.clientY };
    this.draw();
  }

  draw() {
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const area = areaIn(width, height, this.video);
    const event = this.#enabled && area ? this.#event : null;
    const items = event ? event.predictions.filter((item) => this.filter(item)) : [];
    this.#size(width, height);
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!items.length) return this.#tell(null);
    const text = textHeight(area.height);
    const masks = this.masks.of(items);
    const item = this.#itemAt(items, masks, area, text);
    context.save();
    context.scale(canvas.width / width, canvas.height / height);
    context.translate(area.x, area.y);
    paintItems(context, area, items, { text, family: getComputedStyle(canvas).fontFamily, masks, highlighted: item });
    context.restore();
    this.#tell(item, event);
  }

  get #event() {
    return this.#shown === null ? this.predictions.newest : this.predictions.at(this.#shown);
  }

  // Draws anew for each picture that the video shows.
  #follow() {
    if (this.#following) return;
    this.#following = true;
    const next = (_, metadata) => {
      if (!this.#enabled) {
        this.#following = false;
        return;
      }
      this.#shown = metadata?.rtpTimestamp ?? this.#playedLast();
      this.draw();
      wait();
    };
    const { video } = this;
    const wait = () => (video.requestVideoFrameCallback ? video.requestVideoFrameCallback(next) : requestAnimationFrame(next));
    wait();
  }

  // For browsers that do not say which picture they show.
  #playedLast() {
    return this.receiver()?.getSynchronizationSources?.()[0]?.rtpTimestamp ?? null;
  }

  #size(width, height) {
    const density = (devicePixelRatio || 1) * Math.min(ZOOM_MAX, Math.max(1, visualViewport?.scale ?? 1));
    const [wide, high] = [Math.round(width * density), Math.round(height * density)];
    // Setting a size empties the canvas, and costs something.
    if (this.canvas.width !== wide) this.canvas.width = wide;
    if (this.canvas.height !== high) this.canvas.height = high;
  }

  // Returns the smallest item under the pointer.
  #itemAt(items, masks, area, text) {
    if (!this.#pointer) return null;
    const corner = this.canvas.getBoundingClientRect();
    const [x, y] = [this.#pointer.x - corner.x - area.x, this.#pointer.y - corner.y - area.y];
    let found = null;
    for (const item of items) {
      const box = boxOf(item, area, text);
      const size = box && x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height ? box.width * box.height : null;
      const covered = size === null && !box && isInside(masks.get(item), x / area.width, y / area.height) ? item.coverage * area.width * area.height : null;
      const best = size ?? covered;
      if (best !== null && !(found?.size <= best)) found = { item, size: best };
    }
    return found?.item ?? null;
  }

  // Shows the facts of an item beside the pointer.
  #tell(item, event) {
    this.facts.hidden = !item;
    if (!item) return;
    const lines = factsOf(item, this.predictions.seenForS(item), event.resultAgeS);
    const key = [labelOf(item), ...lines].join("\n");
    if (key !== this.#drawn) this.facts.replaceChildren(make("strong", "", labelOf(item)), ...lines.map((line) => make("span", "", line)));
    this.#drawn = key;
    const corner = this.canvas.getBoundingClientRect();
    const [x, y] = [this.#pointer.x - corner.x, this.#pointer.y - corner.y];
    const [right, below] = [x + NEAR_PX + this.facts.offsetWidth > corner.width, y + NEAR_PX + this.facts.offsetHeight > corner.height];
    this.facts.style.left = `${Math.max(0, right ? x - NEAR_PX - this.facts.offsetWidth : x + NEAR_PX)}px`;
    this.facts.style.top = `${Math.max(0, below ? y - NEAR_PX - this.facts.offsetHeight : y + NEAR_PX)}px`;
  }
}

// Returns the place of the picture in an element of this size; null before the first picture.
function areaIn(width, height, { videoWidth, videoHeight }) {
  if (!width || !height || !videoWidth) return null;
  const scale = Math.min(width / videoWidth, height / videoHeight);
  const area = { width: videoWidth * scale, height: videoHeight * scale };
  return { ...area, x: (width - area.width) / 2, y: (height - area.height) / 2 };
}

function isInside(mask, x, y) {
  if (!mask || x < 0 || y < 0 || x >= 1 || y >= 1) return false;
  const { canvas } = mask;
  return canvas.getContext("2d").getImageData(Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data[3] > 0;
}

function factsOf(item, seenForS, resultAgeS) {
  const lines = [];
  if (isMask(item)) lines.push(`covers ${percentage(item.coverage)}`);
  if (!isText(item) && item.confidence !== undefined) lines.push(`confidence ${item.confidence.toFixed(2)}`);
  if (item.track_id !== undefined) lines.push(`track #${item.track_id}${seenForS === null ? "" : `, seen for ${duration(seenForS)}`}`);
  if (resultAgeS !== null) lines.push(resultAgeS < FRESH_S ? "result of this picture" : `result ${duration(resultAgeS)} old`);
  return lines;
}

const duration = (seconds) => (seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`);
