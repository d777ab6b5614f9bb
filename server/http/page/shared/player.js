// Plays one camera: over WebRTC if that works, else as MP4 over a WebSocket, else as single pictures; and connects again
// after every failure, with growing pauses. A picture stays until a better way shows its own.

import { Mjpeg } from "../playing/mjpeg.js";
import { Mse } from "../playing/mse.js";
import { WebRtc } from "../playing/webrtc.js";

const WAYS = [WebRtc, Mse, Mjpeg]; // the best first
const PAUSES_S = [0.5, 1, 2, 4, 8, 15];
const BETTER_PAUSES_S = [15, 30, 60, 120, 300]; // between attempts to find a better way
const NEXT_WAY_MS = 3_000; // without a picture, the next way is tried beside
const DOUBTFUL_WAY_MS = 1_000; // less where it is not likely
const CONNECTED_WAY_MS = 3_000; // more for a way that has a connection: the first picture may be on its way
const LIMIT_MS = 12_000;
const LOOK_MS = 500;

export const canPlay = WAYS.some((Kind) => Kind.canPlay());

// UDP did not get through for some camera of this page: the others do not wait for it either.
let isUdpBlocked = false;

export class Player {
  // state: "off", "connecting", "waiting" (connected, no picture yet), "live", "retrying" or "failed".
  // `video` is for WebRTC; other ways put elements of their own behind it. `onChange` is called with every change.
  // `givesPictures` says whether the camera gives any at present.
  constructor(camera, video, onChange, givesPictures = () => true) {
    this.camera = camera;
    this.video = video;
    this.onChange = onChange;
    this.givesPictures = givesPictures;
    this.state = "off";
    this.message = "";
    this.annotations = true;
    this.drawsAnnotations = false; // by itself, from the data channel: WebRTC's picture comes without
    this.prepare = null; // gets each RTCPeerConnection before it makes its offer
    this.enabled = false;
    this.paused = ""; // the reason
    this.failures = 0;
    this.searches = 0; // for a better way
    this.isMissing = false; // the server has said that there is no such camera
    this.unfit = new Set(); // ways that cannot work here
    this.proven = null; // the way that has shown a picture last
    this.tried = new Map(); // ways without a picture yet, by their kind
    this.current = null; // the way that shows its picture
    this.timers = new Set();
    this.online = () => this.#searchNow();
  }

  start() {
    this.enabled = true;
    this.failures = this.searches = 0;
    this.unfit.clear();
    addEventListener("online", this.online);
    if (this.paused) this.#setState("connecting", this.paused);
    else this.#connect();
  }

  stop() {
    this.enabled = false;
    removeEventListener("online", this.online);
    this.#setState("off");
    this.#disconnect();
  }

  // Receives no video while there is a reason, such as a hidden tab; playback resumes with an empty one.
  pause(reason) {
    if (this.paused === reason) return;
    const resumes = !reason;
    this.paused = reason;
    if (!this.enabled) return;
    if (resumes) {
      this.failures = this.searches = 0;
      this.#connect();
    } else {
      this.#setState("connecting", reason);
      this.#disconnect();
    }
  }

  // Shows annotations or not; with `drawn`, the page draws them itself where it can, so that the picture comes without.
  setAnnotations(annotations, drawn = false) {
    this.annotations = annotations;
    this.drawsAnnotations = drawn;
    if (this.enabled && !this.paused) this.#connect();
  }

  // Ends the current pause between attempts, because the server answers again.
  retryNow() {
    if (this.state === "retrying") this.#connect();
  }

  // Connects anew on the user's request, after a failure or between attempts.
  tryAgain() {
    if (this.enabled && !this.paused) this.start();
  }

  // Reconnects although the browser reports a connection: the server sends frames, but none arrive.
  reportStall() {
    if (this.state === "live") this.#retry("The connection is lost");
  }

  // Continues after its element has moved in the document, which pauses a video.
  resume() {
    this.current?.resume();
  }

  // The way that is used now, as its class; null without one.
  get way() {
    return this.current?.constructor ?? null;
  }

  // The element that shows the picture.
  get picture() {
    return this.current?.element ?? this.video;
  }

  // Width and height of the picture in its own pixels.
  get pictureSize() {
    return this.current?.size ?? { width: this.video.videoWidth, height: this.video.videoHeight };
  }

  // Receives the video that is shown; null while there is none, or none over WebRTC.
  get receiver() {
    return this.state === "live" ? (this.current?.receiver ?? null) : null;
  }

  async statistics() {
    return this.state === "live" ? ((await this.current?.statistics()) ?? null) : null;
  }

  #connect() {
    this.#setState("connecting", this.failures ? "Connecting again" : "Connecting");
    this.#disconnect();
    this.isMissing = false;
    this.problem = null;
    const kinds = this.#kinds();
    if (!kinds.length) return this.#fail("This browser cannot play live video");
    const first = kinds.includes(this.proven) ? this.proven : kinds[0];
    this.#try(first);
    if (first === WebRtc && isUdpBlocked && kinds[1]) this.#try(kinds[1]);
  }

  #kinds() {
    return WAYS.filter((Kind) => Kind.canPlay() && !this.unfit.has(Kind));
  }

  #try(Kind) {
    if (this.tried.has(Kind) || this.current instanceof Kind) return;
    const on = {
      playing: (way) => this.#playing(way),
      waiting: (way) => this.#waiting(way),
      doubtful: (way) => this.#schedule(DOUBTFUL_WAY_MS, () => this.#fallBack(way)),
      ended: (way, problem) => this.#ended(way, problem),
    };
    const isWebRtc = Kind === WebRtc;
    const annotations = this.annotations && !(isWebRtc && this.drawsAnnotations);
    const way = new Kind(this.camera, annotations, on, { video: this.video, prepare: this.prepare });
    this.tried.set(Kind, way);
    if (way.element !== this.video) this.video.after(way.element);
    if (this.state === "connecting" && this.tried.size > 1) this.#setState("connecting", way.message);
    this.#schedule(NEXT_WAY_MS, () => this.#fallBack(way));
    this.#schedule(LIMIT_MS, () => this.#limit(way));
    way.open();
  }

  // Tries the next way beside one that has not shown a picture, unless the camera has none to show.
  #fallBack(way, connectedAt = performance.now() + CONNECTED_WAY_MS) {
    if (this.current || !this.#isTried(way)) return;
    const mayCome = way.isConnected && (performance.now() < connectedAt || !this.givesPictures());
    if (mayCome) this.#schedule(LOOK_MS, () => this.#fallBack(way, connectedAt));
    else this.#tryAfter(way.constructor);
  }

  // Ends a way that has not shown a picture for long, unless all wait for the camera.
  #limit(way) {
    if (!this.#isTried(way)) return;
    if (way.isConnected && !this.current && !this.givesPictures()) this.#schedule(LOOK_MS, () => this.#limit(way));
    else way.giveUp();
  }

  #isTried(way) {
    return this.tried.get(way.constructor) === way;
  }

  // Tries the best way after one; returns whether there is any.
  #tryAfter(Kind) {
    const next = this.#kinds().find((each) => WAYS.indexOf(each) > WAYS.indexOf(Kind) && !this.tried.has(each));
    if (next) this.#try(next);
    return Boolean(next);
  }

  #waiting(way) {
    if (this.current || !this.#isTried(way)) return;
    if (this.state === "connecting") this.#setState("waiting", "Waiting for the first picture");
  }

  #playing(way) {
    if (way === this.current || !this.#isTried(way)) return;
    const rank = WAYS.indexOf(way.constructor);
    this.tried.delete(way.constructor);
    const before = this.current;
    this.current = way;
    this.proven = way.constructor;
    if (rank > 0 && this.tried.get(WebRtc)?.isConnected === false) isUdpBlocked = true;
    for (const [Kind, other] of [...this.tried]) if (WAYS.indexOf(Kind) > rank) this.#drop(other);
    if (before) this.#close(before);
    this.failures = 0;
    if (way.constructor === WebRtc) {
      isUdpBlocked = false;
      this.searches = 0;
    } else if (!this.tried.has(WebRtc)) {
      this.#scheduleSearch();
    }
    this.#setState("live");
  }

  #ended(way, problem) {
    const Kind = way.constructor;
    if (problem.never) this.unfit.add(Kind);
    if (problem.isBlocked) isUdpBlocked = true;
    if (way === this.current) return this.#retry(problem.message);
    this.#drop(way);
    if (this.proven === Kind && !this.current) this.proven = null; // not any more
    if (this.current) {
      if (Kind === WebRtc) this.#scheduleSearch();
    } else if (problem.isFinal) {
      this.#fail(problem.message, problem.isMissing);
    } else if (problem.noAnswer) {
      this.#retry(problem.message, problem.pauseS);
    } else {
      // The words of the first way say most, and those of the last one come from the server.
      if (problem.status || !this.problem) this.problem = problem;
      if (this.#tryAfter(Kind) || this.tried.size) return;
      if (this.#kinds().length) this.#retry(this.problem.message, this.problem.pauseS);
      else this.#fail(this.problem.message);
    }
  }

  // Tries WebRTC again later, beside the way that shows the picture.
  #scheduleSearch() {
    if (this.unfit.has(WebRtc) || !WebRtc.canPlay()) return;
    clearTimeout(this.searchTimer);
    const pauseS = BETTER_PAUSES_S[Math.min(this.searches++, BETTER_PAUSES_S.length - 1)];
    this.searchTimer = this.#schedule(pauseS * 1000 * (0.8 + 0.4 * Math.random()), () => this.#searchNow());
  }

  #searchNow() {
    if (!this.enabled || this.paused || this.state !== "live" || this.current instanceof WebRtc || this.unfit.has(WebRtc)) return;
    clearTimeout(this.searchTimer);
    if (this.tried.has(WebRtc)) this.#drop(this.tried.get(WebRtc)); // from before the network has changed
    this.#try(WebRtc);
  }

  #fail(message, isMissing = false) {
    this.isMissing = isMissing;
    this.#setState("failed", message);
    this.#disconnect();
  }

  #retry(message, pauseMinS = 0) {
    const pause = PAUSES_S[Math.min(this.failures++, PAUSES_S.length - 1)];
    const pauseS = Math.max(pause * (0.8 + 0.4 * Math.random()), pauseMinS);
    this.#setState("retrying", `${message}. Trying again`);
    this.#disconnect();
    this.#schedule(pauseS * 1000, () => this.#connect());
  }

  #disconnect() {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    for (const way of this.tried.values()) this.#close(way);
    this.tried.clear();
    if (this.current) this.#close(this.current);
    this.current = null;
  }

  #drop(way) {
    if (this.#isTried(way)) this.tried.delete(way.constructor);
    this.#close(way);
  }

  #close(way) {
    way.close();
    if (way.element !== this.video) way.element.remove();
  }

  #setState(state, message = "") {
    this.state = state;
    this.message = message;
    this.onChange(this);
  }

  #schedule(milliseconds, action) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      action();
    }, milliseconds);
    this.timers.add(timer);
    return timer;
  }
}
