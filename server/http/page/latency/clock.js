// How far the clock of this browser is from the server's, found by round trips of a small request.

import { fetchJson } from "../shared/api.js";

const SAMPLES_MAX = 8;
const FIRST = 8; // round trips in a row at the start
const PAUSE_MS = 10_000;
const DRIFT_MS = 2; // by which the clocks may drift apart during all samples

// Keeps the last round trips, and goes by the shortest: it tells the time of the server most exactly.
export class ServerClock {
  // `ask` returns the time of the server in seconds, `now` the own time in milliseconds.
  constructor(ask = async () => (await fetchJson("api/clock")).time_s, now = () => performance.now()) {
    this.ask = ask;
    this.now = now;
    this.samples = [];
    this.nextAt = -Infinity;
    this.isAsking = false;
  }

  // {offsetMs, errorMs}: what to add to the own time for that of the server, and by how much this may be wrong. Null at first.
  get estimate() {
    return this.samples.reduce((best, sample) => (best && best.errorMs <= sample.errorMs ? best : sample), null);
  }

  // Makes a round trip if one is due. Failures do not matter: the page itself says when the server does not answer.
  async refresh() {
    if (this.isAsking || this.now() < this.nextAt) return;
    this.isAsking = true;
    try {
      for (let count = this.samples.length ? 1 : FIRST; count > 0; count--) await this.#sample();
    } catch {
      // the next one comes later
    } finally {
      this.nextAt = this.now() + PAUSE_MS;
      this.isAsking = false;
    }
  }

  async #sample() {
    const sentMs = this.now();
    const serverMs = (await this.ask()) * 1000;
    const errorMs = (this.now() - sentMs) / 2;
    const offsetMs = serverMs - sentMs - errorMs;
    // Samples that contradict the new one are from before one of the clocks was set.
    const agrees = (other) => Math.abs(other.offsetMs - offsetMs) <= other.errorMs + errorMs + DRIFT_MS;
    this.samples = [...this.samples.filter(agrees), { offsetMs, errorMs }].slice(-SAMPLES_MAX);
  }
}

export const serverClock = new ServerClock();
