// Pictures one by one over HTTP: works with every browser and every proxy, at a lower rate.

import { make } from "../shared/dom.js";
import { PictureParts } from "./parts.js";
import { Pace, Way, ask } from "./way.js";

const RATE = 15; // each picture takes far more bytes than one of a video
const WIDTHS = [640, 1280]; // few, so that viewers share the work
const STREAMS_MAX = 3; // browsers have six connections to a server, and the page wants some
const SINGLE_EVERY_MS = 400;

let streams = 0;

export class Mjpeg extends Way {
  static words = "MJPEG";
  static title = "Single pictures, because no video came; WebRTC is tried again from time to time";
  static canPlay = () => "createImageBitmap" in window;

  constructor(camera, annotations, on) {
    super(camera, annotations, on);
    this.element = make("canvas", "picture");
    this.element.ariaHidden = "true";
    this.message = "Connecting for single pictures";
    this.leaving = new AbortController();
    this.pace = new Pace();
  }

  async open() {
    const isStream = streams < STREAMS_MAX;
    this.isStream = isStream;
    streams += isStream;
    try {
      if (isStream) await this.#stream();
      else while (this.isOpen) await this.#single();
    } catch (error) {
      this.ended({ message: error.name === "AbortError" ? "" : "The connection is lost" });
    } finally {
      streams -= isStream;
    }
  }

  giveUp() {
    this.ended({ message: "No pictures come" });
  }

  close() {
    this.isOpen = false;
    this.leaving.abort();
  }

  async statistics() {
    return {
      frameRate: this.pace.take(),
      networkMs: 0,
      bufferMs: 0,
      decodeMs: 0,
      codec: "JPEG",
      width: this.element.width,
      height: this.element.height,
      silentMs: this.pace.silentMs,
    };
  }

  async #stream() {
    const response = await ask(this, this.#path("stream.mjpg", { fps: RATE }), { signal: this.leaving.signal });
    if (response === null) return;
    this.waiting();
    const parts = new PictureParts();
    const reader = response.body.getReader();
    while (this.isOpen) {
      const { value, done } = await reader.read();
      if (done) return this.ended({ message: "The connection is lost" });
      for (const picture of parts.add(value)) this.#show(new Blob([picture], { type: "image/jpeg" }));
    }
  }

  async #single() {
    const askedAt = performance.now();
    const response = await ask(this, this.#path("image", {}), { signal: this.leaving.signal });
    if (response === null) return;
    await this.#show(await response.blob());
    await new Promise((done) => setTimeout(done, SINGLE_EVERY_MS - (performance.now() - askedAt)));
  }

  #path(name, parameters) {
    const wanted = (this.element.parentElement?.clientWidth ?? 0) * devicePixelRatio;
    const width = WIDTHS.find((each) => each >= wanted);
    const query = new URLSearchParams({ ...parameters, ...(width ? { width } : {}), ...(this.annotations ? {} : { annotations: false }) });
    return `api/cameras/${this.camera}/${name}?${query}`;
  }

  // Draws a picture; one that comes while another is being decoded takes its place.
  async #show(blob) {
    this.pace.add();
    this.next = blob;
    if (this.isDrawing) return;
    this.isDrawing = true;
    try {
      while (this.isOpen && this.next) {
        const bitmap = await createImageBitmap(this.#takeNext()).catch(() => null);
        if (bitmap) this.#draw(bitmap);
      }
    } finally {
      this.isDrawing = false;
    }
  }

  #takeNext() {
    const { next } = this;
    this.next = null;
    return next;
  }

  #draw(bitmap) {
    const { width, height } = bitmap;
    if (this.element.width !== width || this.element.height !== height) Object.assign(this.element, { width, height });
    this.element.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    this.playing();
  }
}
