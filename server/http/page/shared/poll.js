// Asks again and again, as long as the tab is visible; after a failure with growing pauses.

const RETRY_S = [1, 2, 4, 8, 15];

export class Poll {
  // `ask` does one round and returns the pause until the next in milliseconds; `report` gets the message of its error, or "".
  constructor(ask, report) {
    this.ask = ask;
    this.report = report;
    this.failures = 0;
    this.timer = 0;
    document.addEventListener("visibilitychange", () => this.now());
    addEventListener("pageshow", (event) => event.persisted && this.now());
  }

  async now() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (document.hidden) return;
    try {
      const pauseMs = await this.ask(this.failures > 0);
      this.failures = 0;
      this.report("");
      this.#schedule(pauseMs);
    } catch (error) {
      this.report(`${error.message} Trying again.`);
      this.#schedule(RETRY_S[Math.min(this.failures++, RETRY_S.length - 1)] * 1000);
    }
  }

  // Asks soon, unless a round is under way.
  soon() {
    if (this.timer) this.#schedule(50);
  }

  #schedule(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), milliseconds);
  }
}
