// A draft: one camera of the unsaved text, run by the server apart from everything that is served. It ends with this page.

import { addressOf } from "../shared/address.js";
import { sentence, withPeriod } from "../shared/dom.js";
import { fetchWithToken, withToken } from "../shared/token.js";

const STATE_EVERY_MS = 1_000;
const PICTURE_TIMEOUT_MS = 15_000;
const TIMEOUT_MS = 10_000;
const RETRY_MS = 2_000;

export class Draft {
  #id = null;
  #wanted = null; // {text, camera}
  #sent = null;
  #turn = 0; // counts starts and ends: what belongs to an earlier one stops
  #wake = null;

  // `onState` gets {state, error, problems, ...} as the server gives it, `onPicture` a bitmap, which it must close.
  constructor(onState, onPicture) {
    this.onState = onState;
    this.onPicture = onPicture;
    addEventListener("pagehide", () => this.stop());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#wake?.());
  }

  // Runs a camera of a text from now on.
  show(text, camera) {
    this.#wanted = { text, camera };
    if (this.#turn % 2 === 0) this.#start();
    else this.#wake?.();
  }

  // Sends the text again: the server then starts a draft that has failed anew.
  again() {
    this.#sent = null;
    this.#wake?.();
  }

  // Ends the draft on the server too. `show` starts another one.
  stop() {
    if (this.#turn % 2) this.#turn++;
    this.#wake?.();
    if (this.#id) fetch(addressOf(`api/drafts/${this.#id}`), withToken({ method: "DELETE", keepalive: true })).catch(() => {});
    this.#id = this.#sent = null;
  }

  #start() {
    const turn = ++this.#turn;
    this.#keepSending(turn);
    this.#keepLooking(turn);
  }

  // Sends the newest text and asks for the state, again and again.
  async #keepSending(turn) {
    while (turn === this.#turn) {
      let pause = STATE_EVERY_MS;
      try {
        if (document.hidden) pause = 3_600_000; // until the tab is shown again
        else pause = (await this.#round(turn)) ?? STATE_EVERY_MS;
      } catch (error) {
        if (turn === this.#turn) this.onState({ state: "failed", error: error.message });
        pause = RETRY_MS;
      }
      if (turn !== this.#turn) return;
      await this.#pause(pause);
    }
  }

  async #round(turn) {
    if (!this.#id) {
      const made = await this.#ask("api/drafts", { method: "POST" });
      if (made.status === 429) {
        this.onState({ state: "waiting", error: made.body.detail ?? "Too many drafts are running" });
        return Number(made.headers.get("Retry-After") || 5) * 1000;
      }
      if (turn !== this.#turn) return fetchWithToken(`api/drafts/${made.body.id}`, { method: "DELETE" }).then(() => 0);
      this.#id = made.body.id;
      this.#sent = null;
    }
    const id = this.#id;
    const wanted = this.#wanted;
    if (wanted !== this.#sent) {
      const init = { method: "PUT", body: JSON.stringify(wanted), headers: { "Content-Type": "application/json" } };
      const { status, body } = await this.#ask(`api/drafts/${id}`, init);
      if (status === 404) return this.#lost(id);
      this.#sent = wanted;
      this.problems = body.problems ?? [];
      if (wanted !== this.#wanted) return 0;
    }
    const { status, body } = await this.#ask(`api/drafts/${id}`);
    if (status === 404) return this.#lost(id);
    if (turn === this.#turn) this.onState({ ...body, problems: this.problems });
    return wanted === this.#wanted ? STATE_EVERY_MS : 0;
  }

  // The server has ended the draft: it was not asked for long enough.
  #lost(id) {
    if (this.#id === id) this.#id = this.#sent = null;
    return 0;
  }

  async #keepLooking(turn) {
    let after = 0;
    let of = null;
    while (turn === this.#turn) {
      const id = this.#id;
      if (!id || document.hidden) {
        await new Promise((done) => setTimeout(done, 200));
        continue;
      }
      if (of !== id) [of, after] = [id, 0];
      try {
        const response = await fetchWithToken(`api/drafts/${id}/image?after=${after}`, {}, PICTURE_TIMEOUT_MS);
        if (response.status === 200) {
          after = Number(response.headers.get("X-Sequence")) || after;
          const bitmap = await createImageBitmap(await response.blob());
          if (turn === this.#turn) this.onPicture(bitmap);
          else bitmap.close();
          continue;
        }
        if (response.status === 204) continue;
        if (response.status === 404) this.#lost(id);
      } catch {
        // The other loop says what is wrong.
      }
      await new Promise((done) => setTimeout(done, 500));
    }
  }

  async #ask(path, init = {}) {
    let response;
    try {
      response = await fetchWithToken(path, init, TIMEOUT_MS);
    } catch {
      throw new Error("The server does not answer.");
    }
    const body = await response.json().catch(() => ({}));
    if (response.ok || [404, 429].includes(response.status)) {
      if (response.status === 404 && init.method === "POST") throw new Error(withPeriod(sentence(body.detail) || "This server runs no drafts"));
      return { status: response.status, headers: response.headers, body };
    }
    throw new Error(withPeriod(sentence(body.detail) || `The server answered ${response.status}`));
  }

  #pause(milliseconds) {
    return new Promise((done) => {
      const timer = setTimeout(done, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
}
