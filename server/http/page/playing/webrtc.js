// WebRTC: over UDP, with the least delay. WHEP sets it up.

import { offerCaptureTime } from "../latency/glass.js";
import { sessionAddress } from "../shared/address.js";
import { withToken } from "../shared/token.js";
import { Way, ask } from "./way.js";

const DISCONNECTED_TIMEOUT_MS = 2_000;
const BLOCKED = { message: "The server's media port (UDP) cannot be reached", isBlocked: true };

export class WebRtc extends Way {
  static words = "WebRTC";
  static title = "Video over UDP, with the least delay";
  static canPlay = () => "RTCPeerConnection" in window;

  // Plays in a given video; `prepare` gets the connection before it makes its offer.
  constructor(camera, annotations, on, { video, prepare }) {
    super(camera, annotations, on);
    this.element = video;
    this.prepare = prepare;
    this.message = "Connecting";
  }

  get receiver() {
    return this.pc?.getReceivers()[0] ?? null;
  }

  async open() {
    const pc = new RTCPeerConnection();
    this.pc = pc;
    this.listening = new AbortController();
    const { signal } = this.listening;
    this.element.addEventListener("playing", () => this.element.srcObject === this.stream && this.playing(), { signal });
    pc.addEventListener("track", ({ track }) => {
      this.element.srcObject = this.stream = new MediaStream([track]);
      this.resume();
    }, { signal });
    pc.addEventListener("connectionstatechange", () => this.#connectionChanged(), { signal });
    try {
      const transceiver = pc.addTransceiver("video", { direction: "recvonly" });
      if ("jitterBufferTarget" in transceiver.receiver) transceiver.receiver.jitterBufferTarget = 0;
      offerCaptureTime(transceiver);
      this.prepare?.(pc, this);
      await pc.setLocalDescription();
      if (!this.isOpen) return;
      const response = await ask(this, `whep/${this.camera}${this.query}`, {
        method: "POST",
        headers: { "Content-Type": "application/sdp" },
        body: pc.localDescription.sdp,
      }, (late) => late.status === 201 && deleteSession(this.#location(late)));
      if (response === null) return;
      this.location = this.#location(response);
      const answer = await response.text();
      if (!this.isOpen) return;
      const reach = reachOf(answer);
      if (reach === "none") return this.ended({ ...BLOCKED, never: true });
      if (reach === "doubtful") this.on.doubtful(this);
      await pc.setRemoteDescription({ type: "answer", sdp: answer });
    } catch (error) {
      this.ended({ message: error.message });
    }
  }

  ended(problem) {
    if (problem.status === 406) super.ended({ ...problem, message: "This browser shares no video codec with the server", never: true });
    else super.ended(problem);
  }

  giveUp() {
    this.ended(this.isConnected ? { message: "No picture comes over WebRTC" } : BLOCKED);
  }

  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    clearTimeout(this.timer);
    this.listening?.abort();
    const { pc, location } = this;
    this.pc = this.location = null;
    if (!pc) return;
    // Delete the session first; otherwise the server notices the end only after a timeout.
    if (location) deleteSession(location).finally(() => pc.close());
    else pc.close();
  }

  resume() {
    if (this.element.srcObject) this.element.play().catch(() => {});
  }

  async statistics() {
    if (!this.pc) return null;
    const report = await this.pc.getStats();
    let video = null;
    let pair = null;
    for (const entry of report.values()) {
      if (entry.type === "inbound-rtp" && entry.kind === "video") video = entry;
      if (entry.type === "candidate-pair" && entry.nominated && entry.state === "succeeded") pair = entry;
    }
    if (!video) return null;
    const { before } = this;
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

  #location(response) {
    return sessionAddress(this.camera, response.headers.get("Location") ?? "");
  }

  #connectionChanged() {
    clearTimeout(this.timer);
    const state = this.pc.connectionState;
    if (state === "connected" && !this.isConnected) this.waiting();
    else if (state === "disconnected") this.timer = setTimeout(() => this.#lose(), DISCONNECTED_TIMEOUT_MS);
    else if (state === "failed" || state === "closed") this.#lose();
  }

  #lose() {
    this.ended(this.isConnected ? { message: "The connection is lost" } : BLOCKED);
  }
}

// The request outlives the page, so that the server stops encoding for a viewer that leaves.
function deleteSession(location) {
  return fetch(location, withToken({ method: "DELETE", keepalive: true })).catch(() => {});
}

// Returns how likely one of the addresses in an answer can be reached: "none" has any, "likely", or "doubtful" where all are
// for the server's own machine only and this page has come from another name. That may be a name of this machine, too.
export function reachOf(answer, host = location.hostname) {
  const addresses = [...answer.matchAll(/^a=candidate:\S+ \d+ \S+ \d+ (\S+) /gim)].map(([, address]) => address);
  if (!addresses.length) return "none";
  return isLoopback(host) || addresses.some((address) => !isLoopback(address)) ? "likely" : "doubtful";
}

const isLoopback = (host) => /^(127\.|\[?::1\]?$|localhost$)|\.localhost$/.test(host);
