// MP4 over a WebSocket, for networks that let no UDP through, played by Media Source Extensions.

import { addressOf } from "../shared/address.js";
import { make } from "../shared/dom.js";
import { webSocketProtocols } from "../shared/token.js";
import { readFragment } from "./fragment.js";
import { Pace, Way } from "./way.js";

const ANY_H264 = 'video/mp4; codecs="avc1.42E01F"';
const AHEAD_MAX_S = 0.4; // above, the picture plays faster until it is
const AHEAD_S = 0.2; //     as close to the newest one as this
const BEHIND_S = 0.02; //   below, slower, until there is a little to go on with
const JUMP_S = 3; // nobody waits until that is made good
const FASTER = 1.1;
const SLOWER = 0.95;
const DROPS_MAX_MS = 2_000;
const A_MOMENT_S = 0.001; // a browser may round the time of a key frame down, and would then remove everything up to the next
const WAITING_MAX = 300; // messages that wait for the browser

const sourceType = () => window.ManagedMediaSource ?? window.MediaSource; // iPhones have only the first

export class Mse extends Way {
  static words = "MSE";
  static title = "Video over TCP, because none came over WebRTC, which is tried again from time to time";
  static keptS = 10; // of what was shown; a seek could want it
  static canPlay = () => "WebSocket" in window && Boolean(sourceType()?.isTypeSupported(ANY_H264));

  constructor(camera, annotations, on) {
    super(camera, annotations, on);
    this.element = make("video", "picture");
    Object.assign(this.element, { muted: true, playsInline: true, autoplay: true, disablePictureInPicture: true, ariaHidden: "true" });
    this.element.disableRemotePlayback = true; // a ManagedMediaSource opens with nothing else
    this.message = "Connecting over TCP";
    this.queue = [];
    this.keys = []; // times of key frames
    this.newestS = 0;
    this.pace = new Pace();
  }

  async open() {
    this.source = new (sourceType())();
    this.isManaged = "streaming" in this.source;
    for (const event of ["sourceopen", "startstreaming"]) this.source.addEventListener(event, () => this.#pump());
    this.element.addEventListener("loadeddata", () => this.playing());
    this.element.addEventListener("error", () => this.#fail());
    this.address = URL.createObjectURL(this.source);
    this.element.src = this.address;
    const protocols = await webSocketProtocols();
    if (!this.isOpen) return;
    const socket = new WebSocket(addressOf(`api/cameras/${this.camera}/stream.mp4${this.query}`).replace(/^http/, "ws"), protocols);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.isOpen && this.#take(data));
    socket.addEventListener("close", () => this.ended({ message: this.isConnected ? "The connection is lost" : "No connection over a WebSocket" }));
  }

  giveUp() {
    this.ended({ message: "No picture comes over a WebSocket" });
  }

  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.socket?.close();
    this.queue = [];
    this.element.removeAttribute("src");
    this.element.load();
    if (this.address) URL.revokeObjectURL(this.address);
  }

  resume() {
    this.element.play().catch(() => {});
  }

  async statistics() {
    return {
      frameRate: this.pace.take(),
      networkMs: 0,
      bufferMs: Math.max(this.newestS - this.element.currentTime, 0) * 1000,
      decodeMs: 0,
      codec: "H264",
      width: this.element.videoWidth,
      height: this.element.videoHeight,
      silentMs: this.pace.silentMs,
    };
  }

  // Takes a message: {"mime"} as text before the head of a stream, then its parts.
  #take(data) {
    if (!this.isConnected) this.waiting();
    if (this.queue.length >= WAITING_MAX) return this.ended({ message: "The browser takes no more pictures" });
    this.queue.push(data);
    if (typeof data !== "string") this.pace.add();
    this.#pump();
  }

  // Hands the browser what has come, one piece after the other.
  #pump() {
    try {
      while (this.#isReady() && this.queue.length) this.#hand(this.queue.shift());
    } catch (error) {
      if (error.name === "QuotaExceededError" && this.#trim(Mse.keptS / 2)) return; // and hand it again afterwards
      this.#fail(error);
    }
  }

  #isReady() {
    if (!this.isOpen || this.source.readyState !== "open" || this.buffer?.updating) return false;
    return !this.isManaged || !this.buffer || this.source.streaming;
  }

  #hand(data) {
    if (typeof data === "string") {
      const { mime } = JSON.parse(data);
      if (this.buffer) this.buffer.changeType(mime);
      else {
        this.buffer = this.source.addSourceBuffer(mime);
        this.buffer.addEventListener("updateend", () => this.#updated());
        this.resume();
      }
      return;
    }
    const fragment = readFragment(data);
    try {
      this.buffer.appendBuffer(data);
    } catch (error) {
      this.queue.unshift(data);
      throw error;
    }
    if (!fragment) return;
    this.newestS = fragment.timeS;
    this.isNew = true;
    if (fragment.isKey) this.keys.push(fragment.timeS);
  }

  #updated() {
    if (!this.isOpen || this.source.readyState !== "open") return;
    if (this.isNew) {
      this.isNew = false;
      if (!this.#holds()) return this.ended({ message: "The browser drops the pictures" });
      this.#follow();
    }
    this.#trim(Mse.keptS);
    this.#pump();
  }

  // Returns whether the browser has kept one of the last pictures; after a problem, it drops all up to the next key frame.
  #holds() {
    const { buffered } = this.buffer;
    const now = performance.now();
    if (buffered.length && buffered.end(buffered.length - 1) >= this.newestS) this.heldAt = now;
    this.heldAt ??= now;
    return now - this.heldAt < DROPS_MAX_MS;
  }

  // Keeps close to the newest picture, which has just come.
  #follow() {
    const { element } = this;
    const aheadS = this.newestS - element.currentTime;
    if (aheadS > JUMP_S) element.currentTime = this.newestS - AHEAD_S;
    else if (aheadS > AHEAD_MAX_S) element.playbackRate = FASTER;
    else if (aheadS < BEHIND_S) element.playbackRate = SLOWER;
    else if (element.playbackRate > 1 ? aheadS <= AHEAD_S : aheadS >= AHEAD_S / 2) element.playbackRate = 1;
    if (element.paused) this.resume();
  }

  // Removes what was shown longer than some seconds ago, up to a key frame: what follows needs that. Returns whether it does.
  // With a picture, Firefox forgets all its time, which reaches into that of the next ones: none of them may be shown yet.
  #trim(keptS) {
    const { buffer, element } = this;
    if (!buffer || buffer.updating || !buffer.buffered.length) return false;
    const place = this.keys.findLastIndex((timeS) => timeS <= element.currentTime - keptS);
    if (place < 1) return false;
    buffer.remove(0, this.keys[place] - A_MOMENT_S);
    this.keys = this.keys.slice(place);
    return true;
  }

  #fail(error = this.element.error) {
    if (this.isOpen) this.ended({ message: `The browser cannot play this video${error?.message ? `: ${error.message}` : ""}`, never: !this.pace.count });
  }
}
