// Plays one camera over WHEP in a <video>, and reconnects after every failure, with growing pauses.

import { offerCaptureTime } from "../latency/glass.js";
import { sessionAddress } from "./address.js";
import { sentence } from "./dom.js";
import { fetchWithToken, withToken } from "./token.js";

const PAUSES_S = [0.5, 1, 2, 4, 8, 15];
const CONNECT_TIMEOUT_MS = 12_000;
const DISCONNECTED_TIMEOUT_MS = 2_000;

export class Player {
  // state: "off", "connecting", "waiting" (connected, no picture yet), "live", "retrying" or "failed".
  constructor(camera, video, onChange) {
    this.camera = camera;
    this.video = video;
    this.onChange = onChange;
    this.state = "off";
    this.message = "";
    this.annotations = true;
    this.enabled = false;
    this.paused = ""; // the reason
    this.failures = 0;
    this.attempt = 0;
    this.isMissing = false; // the server has said that there is no such camera
    this.timers = new Set();
    video.addEventListener("playing", () => this.#playing());
  }

  start() {
    this.enabled = true;
    this.failures = 0;
    if (this.paused) this.#setState("connecting", this.paused);
    else this.#connect();
  }

  stop() {
    this.enabled = false;
    this.#disconnect();
    this.#setState("off");
  }

  // Receives no video while there is a reason, such as a hidden tab; playback resumes with an empty one.
  pause(reason) {
    if (this.paused === reason) return;
    const resumes = !reason;
    this.paused = reason;
    if (!this.enabled) return;
    if (resumes) {
      this.failures = 0;
      this.#connect();
    } else {
      this.#disconnect();
      this.#setState("connecting", reason);
    }
  }

  setAnnotations(annotations) {
    this.annotations = annotations;
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

  // Receives the video that is shown; null while there is none.
  get receiver() {
    return this.state === "live" ? (this.pc?.getReceivers()[0] ?? null) : null;
  }

  async statistics() {
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
    if (video.packetsReceived !== before?.packetsReceived) this.lastPacketAt = video.timestamp;
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
      silentMs: video.timestamp - this.lastPacketAt,
    };
  }

  async #connect() {
    this.#disconnect();
    const attempt = ++this.attempt;
    this.isMissing = false;
    const current = () => attempt === this.attempt;
    this.#setState("connecting", this.failures ? "Connecting again" : "Connecting");
    const pc = new RTCPeerConnection();
    this.pc = pc;
    pc.addEventListener("track", (event) => {
      if (!current()) return;
      this.video.srcObject = new MediaStream([event.track]);
      this.video.play().catch(() => {});
    });
    pc.addEventListener("connectionstatechange", () => current() && this.#connectionChanged(pc.connectionState));
    this.#schedule(CONNECT_TIMEOUT_MS, () => {
      if (this.state === "connecting") this.#retry("The server's media port (UDP) cannot be reached");
    });
    try {
      const transceiver = pc.addTransceiver("video", { direction: "recvonly" });
      if ("jitterBufferTarget" in transceiver.receiver) transceiver.receiver.jitterBufferTarget = 0;
      offerCaptureTime(transceiver);
      await pc.setLocalDescription();
      const answer = await this.#postOffer(pc.localDescription.sdp, current);
      if (answer !== null && current()) await pc.setRemoteDescription({ type: "answer", sdp: answer });
    } catch (error) {
      if (current()) this.#retry(error instanceof TypeError ? "The server does not answer" : error.message);
    }
  }

  // Returns the SDP answer, or null if this attempt has ended.
  async #postOffer(sdp, current) {
    const query = this.annotations ? "" : "?annotations=false";
    const response = await fetchWithToken(`whep/${this.camera}${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/sdp" },
      body: sdp,
    });
    const location = sessionAddress(this.camera, response.headers.get("Location") ?? "");
    if (!current()) {
      if (response.status === 201) deleteSession(location);
      return null;
    }
    if (response.status === 201) {
      this.location = location;
      return response.text();
    }
    const problem = await response.json().catch(() => ({}));
    if (!current()) return null;
    const message = sentence(problem.detail) || `The server answered ${response.status}`;
    if (response.status === 406) this.#fail("This browser shares no video codec with the server");
    else if (response.status < 500 && response.status !== 408 && response.status !== 429) this.#fail(message, response.status === 404);
    else this.#retry(message, Number(response.headers.get("Retry-After")) || 0);
    return null;
  }

  #connectionChanged(state) {
    if (state === "connected") {
      this.#cancelTimers();
      if (this.state === "connecting") this.#setState("waiting", "Waiting for the first picture");
    } else if (state === "disconnected") {
      this.#schedule(DISCONNECTED_TIMEOUT_MS, () => this.#retry("The connection is lost"));
    } else if (state === "failed" || state === "closed") {
      this.#retry("The connection is lost");
    }
  }

  #playing() {
    if (!this.pc || !this.enabled || this.paused) return;
    this.failures = 0;
    this.#setState("live");
  }

  #fail(message, isMissing = false) {
    this.#disconnect();
    this.isMissing = isMissing;
    this.#setState("failed", message);
  }

  #retry(message, pauseMinS = 0) {
    this.#disconnect();
    const pause = PAUSES_S[Math.min(this.failures++, PAUSES_S.length - 1)];
    const pauseS = Math.max(pause * (0.8 + 0.4 * Math.random()), pauseMinS);
    this.#setState("retrying", `${message}. Trying again`);
    this.#schedule(pauseS * 1000, () => this.#connect());
  }

  #disconnect() {
    this.attempt++;
    this.#cancelTimers();
    const { pc, location } = this;
    this.pc = this.location = this.before = null;
    if (!pc) return;
    // Delete the session first; otherwise the server notices the end only after a timeout.
    if (location) deleteSession(location).finally(() => pc.close());
    else pc.close();
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
  }

  #cancelTimers() {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}

// The request outlives the page, so that the server stops encoding for a viewer that leaves.
function deleteSession(location) {
  return fetch(location, withToken({ method: "DELETE", keepalive: true })).catch(() => {});
}
