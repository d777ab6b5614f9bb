// Plays one camera over WHEP into a <video>, and keeps at it: whatever breaks is tried again with growing pauses.

import { request, withToken } from "./token.js";

const PAUSES_S = [0.5, 1, 2, 4, 8, 15];
const CONNECT_LIMIT_MS = 12_000;
const LOST_LIMIT_MS = 2_000;

export class Player {
  // state: "off", "connecting", "waiting" (connected, no picture yet), "live", "retrying" or "failed".
  constructor(camera, video, changed) {
    this.camera = camera;
    this.video = video;
    this.changed = changed;
    this.state = "off";
    this.words = "";
    this.annotations = true;
    this.wanted = false;
    this.hidden = false;
    this.failures = 0;
    this.attempt = 0;
    this.timers = new Set();
    video.addEventListener("playing", () => this.#pictureCame());
  }

  start() {
    this.wanted = true;
    this.failures = 0;
    if (!this.hidden) this.#connect();
  }

  stop() {
    this.wanted = false;
    this.#drop();
    this.#become("off");
  }

  // A tab that nobody looks at receives nothing; it goes on when it is looked at again.
  setHidden(hidden) {
    if (this.hidden === hidden) return;
    this.hidden = hidden;
    if (!this.wanted) return;
    if (hidden) {
      this.#drop();
      this.#become("connecting", "Paused while this tab is hidden");
    } else {
      this.failures = 0;
      this.#connect();
    }
  }

  setAnnotations(annotations) {
    this.annotations = annotations;
    if (this.wanted && !this.hidden) this.#connect();
  }

  // The server answers again: no use waiting any longer.
  hurry() {
    if (this.state === "retrying") this.#connect();
  }

  // Frames are sent, but none come: the connection is dead, whatever the browser still believes.
  standsStill() {
    if (this.state === "live") this.#again("The connection is lost");
  }

  async figures() {
    if (!this.pc || this.state !== "live") return null;
    const report = await this.pc.getStats();
    let video = null;
    let pair = null;
    for (const entry of report.values()) {
      if (entry.type === "inbound-rtp" && entry.kind === "video") video = entry;
      if (entry.type === "candidate-pair" && entry.nominated && entry.state === "succeeded") pair = entry;
    }
    if (!video) return null;
    const before = this.before?.id === video.id ? this.before : null;
    this.before = video;
    if (video.packetsReceived !== before?.packetsReceived) this.heardAt = video.timestamp;
    const frames = video.framesDecoded - (before?.framesDecoded ?? 0);
    const seconds = before ? (video.timestamp - before.timestamp) / 1000 : 0;
    const mean = (total, count) => {
      const n = (video[count] ?? 0) - (before?.[count] ?? 0);
      return n > 0 ? (((video[total] ?? 0) - (before?.[total] ?? 0)) / n) * 1000 : 0;
    };
    return {
      frameRate: seconds > 0 ? frames / seconds : (video.framesPerSecond ?? null),
      networkMs: ((pair?.currentRoundTripTime ?? 0) * 1000) / 2,
      bufferMs: mean("jitterBufferDelay", "jitterBufferEmittedCount"),
      decodeMs: mean("totalDecodeTime", "framesDecoded"),
      codec: (report.get(video.codecId)?.mimeType ?? "").replace("video/", ""),
      width: video.frameWidth ?? 0,
      height: video.frameHeight ?? 0,
      silentMs: video.timestamp - this.heardAt,
    };
  }

  async #connect() {
    this.#drop();
    const attempt = ++this.attempt;
    const current = () => attempt === this.attempt;
    this.#become("connecting", this.failures ? "Connecting again" : "Connecting");
    const pc = new RTCPeerConnection();
    this.pc = pc;
    pc.addEventListener("track", (event) => {
      if (!current()) return;
      this.video.srcObject = new MediaStream([event.track]);
      this.video.play().catch(() => {});
    });
    pc.addEventListener("connectionstatechange", () => current() && this.#connectionChanged(pc.connectionState));
    this.#after(CONNECT_LIMIT_MS, () => {
      if (this.state === "connecting") this.#again("The server's media port (UDP) cannot be reached");
    });
    try {
      const { receiver } = pc.addTransceiver("video", { direction: "recvonly" });
      if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = 0;
      await pc.setLocalDescription();
      const answer = await this.#post(pc.localDescription.sdp, current);
      if (answer !== null && current()) await pc.setRemoteDescription({ type: "answer", sdp: answer });
    } catch (error) {
      if (current()) this.#again(error instanceof TypeError ? "The server does not answer" : error.message);
    }
  }

  // Gives the answer, or null where this attempt has come to its end.
  async #post(sdp, current) {
    const query = this.annotations ? "" : "?annotations=false";
    const response = await request(`/whep/${this.camera}${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/sdp" },
      body: sdp,
    });
    const location = response.headers.get("Location");
    if (!current()) {
      if (response.status === 201 && location) end(location);
      return null;
    }
    if (response.status === 201) {
      this.location = location;
      return response.text();
    }
    const problem = await response.json().catch(() => ({}));
    if (!current()) return null;
    const words = sentence(problem.detail) || `The server answered ${response.status}`;
    if (response.status === 406) this.#fail("This browser shares no video codec with the server");
    else if (response.status < 500 && response.status !== 408 && response.status !== 429) this.#fail(words);
    else this.#again(words, Number(response.headers.get("Retry-After")) || 0);
    return null;
  }

  #connectionChanged(state) {
    if (state === "connected") {
      this.#cancelTimers();
      if (this.state === "connecting") this.#become("waiting", "Waiting for the first picture");
    } else if (state === "disconnected") {
      this.#after(LOST_LIMIT_MS, () => this.#again("The connection is lost"));
    } else if (state === "failed" || state === "closed") {
      this.#again("The connection is lost");
    }
  }

  #pictureCame() {
    if (!this.pc || !this.wanted || this.hidden) return;
    this.failures = 0;
    this.#become("live");
  }

  #fail(words) {
    this.#drop();
    this.#become("failed", words);
  }

  #again(words, leastPauseS = 0) {
    this.#drop();
    const pause = PAUSES_S[Math.min(this.failures++, PAUSES_S.length - 1)];
    const pauseS = Math.max(pause * (0.8 + 0.4 * Math.random()), leastPauseS);
    this.#become("retrying", `${words}. Trying again`);
    this.#after(pauseS * 1000, () => this.#connect());
  }

  #drop() {
    this.attempt++;
    this.#cancelTimers();
    const { pc, location } = this;
    this.pc = this.location = this.before = null;
    if (!pc) return;
    // The server hears of the end from us before it notices it by itself.
    if (location) end(location).finally(() => pc.close());
    else pc.close();
  }

  #become(state, words = "") {
    this.state = state;
    this.words = words;
    this.changed(this);
  }

  #after(milliseconds, action) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      action();
    }, milliseconds);
    this.timers.add(timer);
  }

  #cancelTimers() {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}

// Outlives the page: a viewer who leaves is not encoded for any longer.
function end(location) {
  return fetch(location, withToken({ method: "DELETE", keepalive: true })).catch(() => {});
}

// Begins with a capital, unless it begins with an address or a path.
export function sentence(text) {
  return /^[a-z]+\s/.test(text ?? "") ? text[0].toUpperCase() + text.slice(1) : (text ?? "");
}
