// Glass to glass: how long ago the camera took the picture that the screen shows.

import { serverClock } from "./clock.js";

const EVERY_MS = 200;
const SPAN_MS = 8_000; // about that of the server's medians
const CAPTURE_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";
const FROM_1900_TO_1970_MS = 2_208_988_800_000;
const TICKS_PER_MS = 90; // of the RTP clock

// Offers to receive with the pictures when they were captured, where the browser can.
export function offerCaptureTime(transceiver) {
  const extensions = transceiver.getHeaderExtensionsToNegotiate?.() ?? [];
  const wanted = extensions.find(({ uri }) => uri === CAPTURE_TIME);
  if (!wanted) return;
  wanted.direction = "sendrecv"; // the only direction that browsers know so far
  transceiver.setHeaderExtensionsToNegotiate(extensions);
}

// Measures a few pictures of a video each second.
export class GlassToGlass {
  constructor(video, clock = serverClock) {
    this.video = video;
    this.clock = clock;
    this.receiver = null;
    this.samples = [];
  }

  // Measures the pictures of a receiver from now on; those of none with null.
  follow(receiver) {
    if (receiver === this.receiver) return;
    this.receiver = receiver;
    this.samples = [];
    this.#next(receiver);
  }

  // {ms, errorMs} of the last seconds: the median, and by how much the clocks may falsify it. Null while that is unknown.
  get latest() {
    const estimate = this.clock.estimate;
    const samples = this.samples.filter(({ shownMs }) => performance.now() - shownMs < SPAN_MS);
    if (!estimate || !samples.length) return null;
    const ages = samples.map(({ shownMs, capturedMs }) => shownMs + estimate.offsetMs - capturedMs).sort((a, b) => a - b);
    return { ms: Math.max(ages[Math.floor(ages.length / 2)], 0), errorMs: estimate.errorMs };
  }

  #next(receiver) {
    if (!receiver || receiver !== this.receiver) return;
    this.video.requestVideoFrameCallback?.((_, picture) => {
      if (receiver !== this.receiver) return;
      this.#take(receiver, picture);
      setTimeout(() => this.#next(receiver), EVERY_MS);
    });
  }

  #take(receiver, { expectedDisplayTime: shownMs, rtpTimestamp }) {
    const capturedMs = capturedAt(receiver, rtpTimestamp);
    if (capturedMs === null) return;
    this.clock.refresh();
    this.samples = [...this.samples.filter((sample) => shownMs - sample.shownMs < SPAN_MS), { shownMs, capturedMs }];
  }
}

// Returns when a picture was captured, in milliseconds since 1970 by the server's clock; null if the server has not told.
function capturedAt(receiver, rtpTimestamp) {
  const newest = receiver.getSynchronizationSources().find(({ captureTimestamp }) => captureTimestamp);
  if (!newest || rtpTimestamp === undefined) return null;
  const laterMs = ((newest.rtpTimestamp - rtpTimestamp) | 0) / TICKS_PER_MS; // the RTP clock has 32 bits
  return newest.captureTimestamp - FROM_1900_TO_1970_MS - laterMs;
}
