// Which part of its frames a camera uses: the rest came while a slow transform or a busy machine was not done yet.

const SPAN_MS = 6000;
const LEAST_FRAMES = 20;
const KEEPS_UP = 0.95;

export class UsedFrames {
  counts = [];

  // Takes the newest counters, and returns the share over the last seconds; null while it keeps up, or nothing is known.
  share({ frames_in: used, dropped, shed = 0 }) {
    const atMs = performance.now();
    if (shed < (this.counts.at(-1)?.shed ?? 0)) this.counts = []; // the server was restarted
    this.counts.push({ atMs, offered: used + dropped, shed });
    while (this.counts.length > 2 && this.counts[1].atMs <= atMs - SPAN_MS) this.counts.shift();
    const [first] = this.counts;
    const offered = used + dropped - first.offered;
    const share = 1 - Math.min((shed - first.shed) / Math.max(offered, 1), 1);
    return offered < LEAST_FRAMES || share >= KEEPS_UP ? null : share;
  }
}
