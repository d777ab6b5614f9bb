// The access token: prompts for it if the server needs one, keeps it for this tab only, sends it with every request.

import { addressOf } from "./address.js";

const STORAGE_KEY = "camweave-token";
const VISIBLE_ASCII = /^[!-~]+$/;

let prompting = null; // the open prompt, shared by all requests that wait for the token

export const storedToken = () => sessionStorage.getItem(STORAGE_KEY);

export function withToken(init = {}) {
  const token = storedToken();
  return token ? { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } } : init;
}

// Like fetch, with the token; the address is a path such as "api/cameras". Prompts for a token if the server refuses the request; the time limit excludes the prompt.
export async function fetchWithToken(address, init = {}, timeoutMs = 0) {
  for (;;) {
    const used = storedToken();
    const response = await fetch(addressOf(address), withToken(withTimeout(init, timeoutMs)));
    if (response.status !== 401) {
      if (used) showForgetButton();
      return response;
    }
    if (used === storedToken()) await (prompting ??= prompt(used !== null).finally(() => (prompting = null)));
    init.signal?.throwIfAborted();
  }
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

function prompt(wasWrong) {
  sessionStorage.removeItem(STORAGE_KEY);
  document.querySelector("#forget-token")?.remove();
  const error = make("p", { id: "token-error", className: "error", role: "alert" });
  const input = make("input", { id: "token", type: "password", autocomplete: "off", spellcheck: false, required: true, autofocus: true });
  input.setAttribute("aria-describedby", "token-why token-error");
  const form = make(
    "form",
    { noValidate: true },
    make("h2", { id: "token-title", textContent: "Token" }),
    make("p", { id: "token-why", textContent: "This server needs a token. Its operator can give you one. Your browser keeps it until you close this tab." }),
    make("label", { htmlFor: "token", textContent: "Your token" }),
    input,
    error,
    make("button", { type: "submit", className: "quiet", textContent: "Continue" }),
  );
  const dialog = make("dialog", { className: "token-dialog" }, form);
  dialog.setAttribute("aria-labelledby", "token-title");
  document.body.append(dialog);

  const showError = (message) => {
    error.textContent = message;
    error.hidden = !message;
    input.ariaInvalid = String(Boolean(message));
  };
  dialog.showModal();
  showError(wasWrong ? "That token is not valid." : "");
  input.focus();
  return new Promise((done) => {
    let submitted = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const token = input.value.trim();
      if (!VISIBLE_ASCII.test(token)) return showError(token ? "That token is not valid." : "Enter the token first.");
      sessionStorage.setItem(STORAGE_KEY, token);
      submitted = true;
      dialog.close();
    });
    // The page shows nothing without a token, so the dialog stays open.
    dialog.addEventListener("close", () => {
      if (!submitted) return dialog.showModal();
      dialog.remove();
      done();
    });
  });
}

function showForgetButton() {
  if (document.querySelector("#forget-token")) return;
  const button = make("button", { id: "forget-token", type: "button", className: "quiet", textContent: "Forget token" });
  button.addEventListener("click", () => {
    sessionStorage.removeItem(STORAGE_KEY);
    location.reload();
  });
  document.querySelector(".bar .all").append(button);
}
