// Requests for JSON. The message of every error is a sentence for the user.

import { sentence, withPeriod } from "./dom.js";
import { fetchWithToken } from "./token.js";

export async function fetchJson(path, init = {}, timeoutMs = 5_000) {
  let response;
  try {
    response = await fetchWithToken(path, init, timeoutMs);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(error.name === "TimeoutError" ? `No answer within ${timeoutMs / 1000} s.` : "The server does not answer.");
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const message = withPeriod(sentence(body.detail) || sentence(problemsText(body)) || `The server answered ${response.status}`);
  throw Object.assign(new Error(message), { status: response.status, detail: body.detail, errors: body.errors ?? [] });
}

// Returns a problem of a configuration as a line of text.
export function problemText({ line, column, path, message }) {
  const place = line === null ? "" : `line ${line}, column ${column}: `;
  return place + (path ? `${path}: ` : "") + message;
}

const problemsText = (body) => (Array.isArray(body) ? body.map(problemText).join("; ") : "");
