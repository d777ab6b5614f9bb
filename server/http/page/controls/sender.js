// Sends changed values one request after the other: not too often while a slider moves, and the last one always.

const PAUSE_MS = 100;

export class Sender {
  #waiting = {};
  #sent = null;
  #lastMs = -Infinity;
  #timer = 0;
  #send;

  // `send` gets {name: value} and returns a promise; it handles its errors itself.
  constructor(send) {
    this.#send = send;
  }

  get isIdle() {
    return !this.#sent && !Object.keys(this.#waiting).length;
  }

  has(name) {
    return name in this.#waiting || name in (this.#sent ?? {});
  }

  push(name, value) {
    this.#waiting[name] = value;
    this.#schedule();
  }

  #schedule() {
    if (this.#sent || this.#timer || this.isIdle) return;
    this.#timer = setTimeout(() => this.#now(), Math.max(this.#lastMs + PAUSE_MS - performance.now(), 0));
  }

  async #now() {
    this.#timer = 0;
    this.#lastMs = performance.now();
    this.#sent = this.#waiting;
    this.#waiting = {};
    const finish = await this.#send(this.#sent);
    this.#sent = null;
    finish();
    this.#schedule();
  }
}
