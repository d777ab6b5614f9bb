// The configuration's file on the server: read, saved, and what is not saved yet, which this browser keeps across a reload.

import { addressOf } from "../shared/address.js";
import { sentence, withPeriod } from "../shared/dom.js";
import { fetchWithToken } from "../shared/token.js";

const KEY = `camweave edit ${new URL(addressOf("")).pathname}`;
const TIMEOUT_MS = 120_000; // models may have to be loaded

export class File {
  #version = null;

  constructor() {
    this.name = "";
    this.text = ""; // as it is on the server
    this.tag = ""; // its version
    this.writable = true;
  }

  // Reads the file. Returns the text that was typed before a reload of the page and not saved, null if there is none.
  async open() {
    const about = await ask("api/configuration");
    this.name = about.body.file ?? "";
    this.writable = about.body.writable ?? true;
    this.#version = about.body.version;
    await this.reread();
    return this.#kept();
  }

  async reread() {
    const { body, headers } = await ask("api/configuration/text", {}, "text");
    this.text = body;
    this.tag = headers.get("ETag") ?? "";
  }

  // Returns whether the file has changed on disk since it was read or saved here; says so once for each change.
  async hasChanged() {
    const { tag } = this;
    const { version } = (await ask("api/configuration")).body; // of all that is served, not only of the text
    if (version === this.#version) return false;
    this.#version = version;
    const { headers } = await ask("api/configuration/text", {}, "text");
    return tag === this.tag && headers.get("ETag") !== tag;
  }

  // Keeps a text in this tab if it is not saved.
  keep(text) {
    try {
      if (text === this.text) sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, JSON.stringify({ text, tag: this.tag, base: this.text }));
    } catch {
      // Without storage, the page forgets.
    }
  }

  // Saves a text. Returns {saved: {changed, restart_needed}}, {problems: [...]} or {conflict: true}.
  async save(text) {
    const init = { method: "PUT", body: text, headers: { "Content-Type": "text/yaml", "If-Match": this.tag } };
    const { status, body, headers } = await ask("api/configuration/text", init, "json", [412, 422]);
    if (status === 412) return { conflict: true };
    if (status === 422 && Array.isArray(body)) return { problems: body };
    if (status === 422) throw new Error(withPeriod(sentence(body.detail ?? "The server has refused the text")));
    this.text = text;
    this.tag = headers.get("ETag") ?? `"${body.version}"`;
    this.keep(text);
    return { saved: body };
  }

  #kept() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY));
      if (!kept || kept.text === this.text) return null;
      // The file has changed since: saving must find that out.
      const outdated = kept.tag !== this.tag;
      this.tag = kept.tag;
      return { text: kept.text, outdated };
    } catch {
      return null;
    }
  }
}

async function ask(path, init = {}, form = "json", accepted = []) {
  let response;
  try {
    response = await fetchWithToken(path, init, TIMEOUT_MS);
  } catch {
    throw new Error("The server does not answer.");
  }
  if (response.ok && form === "text") return { status: response.status, headers: response.headers, body: await response.text() };
  const body = await response.json().catch(() => ({}));
  if (response.ok || accepted.includes(response.status)) return { status: response.status, headers: response.headers, body };
  throw Object.assign(new Error(withPeriod(sentence(body.detail) || `The server answered ${response.status}`)), { status: response.status });
}
