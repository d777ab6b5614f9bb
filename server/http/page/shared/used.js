// Which part of its frames a camera uses: the rest came while a slow transform or a busy machine was not done yet.

const SPAN_MS = 6000;
const LEAST_FRAMES = 20;
const KEEPS_UP = 0.95;

export class UsedFrames {
  counts = new Map();

  // Takes a camera and those before it with their newest counters; returns the share over the last seconds of what comes
  // in at the start that comes out at the end. It is null while they keep up, or nothing is known.
  share(chain) {
    const share = chain.reduce((product, { name, counters }) => product * (counters ? this.#shareOf(name, counters) : 1), 1);
    return share >= KEEPS_UP ? null : share;
  }

  #shareOf(name, { frames_in: used, dropped, shed = 0 }) {
    const atMs = performance.now();
    const offered = used + dropped;
    let counts = this.counts.get(name) ?? [];
    if (shed < (counts.at(-1)?.shed ?? 0)) counts = []; // the server was restarted
    counts.push({ atMs, offered, shed });
    while (counts.length > 2 && counts[1].atMs <= atMs - SPAN_MS) counts.shift();
    this.counts.set(name, counts);
    const [first] = counts;
    const came = offered - first.offered;
    return came < LEAST_FRAMES ? 1 : 1 - Math.min((shed - first.shed) / came, 1);
  }
}
