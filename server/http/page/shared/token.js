// Signing in: a token becomes a cookie that scripts cannot read, so that pictures and videos are covered too. A link of
// `camweave link` becomes a token instead, kept in memory only: that works in frames of other sites, which get no cookie.

import { addressOf } from "./address.js";

const MARK = "camweave-signed-in"; // no secret, only whether this browser has signed in
const VISIBLE_ASCII = /^[!-~]+$/;
const ENDED = "You are signed out: the token was removed or changed, or 30 days have passed.";
const NOT_KEPT = "Your browser has not kept the sign-in. In a frame of another site, use a link of camweave link.";
// Without it, browsers ask for user and password in a dialog of their own.
const OURS = { "X-Requested-With": "camweave" };

const link = new URLSearchParams(location.search).get("link");
let linkToken = null; // the promise of the token for the link, or of the response that refuses it
let knownLinkToken = null;
let prompting = null; // the open prompt, shared by all requests that wait for it
let signIns = 0;

export const signInCount = () => signIns;
export const isSignedIn = () => link !== null || stored(() => localStorage.getItem(MARK)) !== null;

// Frames of other sites may have no storage: reading it throws.
function stored(access) {
  try {
    return access() ?? null;
  } catch {
    return null;
  }
}

function withHeaders(init, token) {
  const authorization = token ? { Authorization: `Bearer ${token}` } : {};
  return { ...init, headers: { ...init.headers, ...OURS, ...authorization } };
}

// Returns the options of a request that cannot wait for a sign-in.
export const withToken = (init = {}) => withHeaders(init, knownLinkToken);

// Returns the subprotocols of a WebSocket, signed in: with a link, one of them is its token.
export async function webSocketProtocols() {
  const token = link === null ? null : await (linkToken ??= exchange(link));
  if (typeof token !== "string") return [];
  return ["camweave", `camweave.bearer.${btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`];
}

// Like fetch, signed in; the address is a path such as "api/cameras". Prompts if the server refuses the request; the time limit excludes the prompt.
export async function fetchWithToken(address, init = {}, timeoutMs = 0) {
  for (let wasKept = true; ; ) {
    const before = signIns;
    const token = link === null ? null : await (linkToken ??= exchange(link));
    if (token instanceof Response) return token.clone();
    const response = await fetch(addressOf(address), withHeaders(withTimeout(init, timeoutMs), token));
    if (response.status !== 401) {
      if (isSignedIn() && link === null) showSignOut();
      return response;
    }
    if (link !== null) return response;
    if (before === signIns) {
      await (prompting ??= prompt(!wasKept ? NOT_KEPT : isSignedIn() ? ENDED : "").finally(() => (prompting = null)));
      wasKept = false;
    } // else the request was on its way before the sign-in
    init.signal?.throwIfAborted();
  }
}

async function exchange(text) {
  try {
    const response = await post("api/link", { link: text });
    return response.ok ? (knownLinkToken = (await response.json()).token) : response;
  } catch (error) {
    linkToken = null; // the server does not answer: try again with the next request
    throw error;
  }
}

function post(address, content) {
  const headers = { ...OURS, "Content-Type": "application/json" };
  return fetch(addressOf(address), { method: "POST", headers, body: JSON.stringify(content) });
}

function withTimeout(init, timeoutMs) {
  const signals = [init.signal, timeoutMs && AbortSignal.timeout(timeoutMs)].filter(Boolean);
  if (!signals.length) return init;
  return { ...init, signal: AbortSignal.any?.(signals) ?? signals[0] };
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Returns a form that signs in and then calls done.
export function signInForm(heading, problem, done) {
  const error = make("p", { id: "token-error", className: "error", role: "alert" });
  const input = make("input", { id: "token", type: "password", autocomplete: "current-password", spellcheck: false, required: true, autofocus: true });
  input.setAttribute("aria-describedby", "token-why token-error");
  const button = make("button", { type: "submit", className: "quiet", textContent: "Sign in" });
  const form = make(
    "form",
    { noValidate: true, className: "sign-in" },
    make(heading, { id: "token-title", textContent: "Sign in" }),
    make("p", { id: "token-why", textContent: "This server needs a token. Its operator can give you one. Your browser stays signed in for 30 days." }),
    make("label", { htmlFor: "token", textContent: "Your token" }),
    input,
    error,
    button,
  );
  const showError = (message) => {
    error.textContent = message;
    error.hidden = !message;
    input.ariaInvalid = String(Boolean(message));
  };
  showError(problem);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const token = input.value.trim();
    if (!VISIBLE_ASCII.test(token)) return showError(token ? "That token is not valid." : "Enter the token first.");
    button.disabled = true;
    try {
      showError(await signIn(token));
    } finally {
      button.disabled = false;
    }
    if (!error.hidden) return input.focus();
    signIns += 1;
    stored(() => localStorage.setItem(MARK, "yes"));
    done();
  });
  return form;
}

// Returns what is wrong; empty after a success.
async function signIn(token) {
  const response = await post("sign-in", { token }).catch(() => null);
  if (response === null) return "The server does not answer.";
  if (response.ok) return "";
  if (response.status === 401) return "That token is not valid.";
  const { detail } = await response.json().catch(() => ({}));
  return detail ? `${detail[0].toUpperCase()}${detail.slice(1)}.` : `The server answered ${response.status}.`;
}

function prompt(problem) {
  stored(() => localStorage.removeItem(MARK));
  document.querySelector("#sign-out")?.remove();
  return new Promise((done) => {
    let signedIn = false;
    const form = signInForm("h2", problem, () => {
      signedIn = true;
      dialog.close();
    });
    const dialog = make("dialog", { className: "token-dialog" }, form);
    dialog.setAttribute("aria-labelledby", "token-title");
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("input").focus();
    // The page shows nothing without a token, so the dialog stays open.
    dialog.addEventListener("close", () => {
      if (!signedIn) return dialog.showModal();
      dialog.remove();
      done();
    });
  });
}

function showSignOut() {
  const place = document.querySelector(".bar .all");
  if (!place || document.querySelector("#sign-out")) return;
  const button = make("button", { id: "sign-out", type: "button", className: "quiet", textContent: "Sign out" });
  button.addEventListener("click", async () => {
    await post("sign-out", {}).catch(() => null);
    stored(() => localStorage.removeItem(MARK));
    location.reload();
  });
  place.append(button);
}
