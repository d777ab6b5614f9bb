// The token, where the server needs one: asked for in words, kept for this tab only, sent with everything it is asked.

const KEPT_AS = "camweave-token";
const WRITTEN = /^[!-~]+$/;

let asking = null; // everything that waits for the token waits for the same answer

export const kept = () => sessionStorage.getItem(KEPT_AS);

export function withToken(init = {}) {
  const token = kept();
  return token ? { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } } : init;
}

// Like fetch, with the token; without a good one it asks for it first, and takes as long as the person does.
export async function request(address, init = {}, limitMs = 0) {
  for (;;) {
    const used = kept();
    const response = await fetch(address, withToken(limited(init, limitMs)));
    if (response.status !== 401) {
      if (used) offerToForget();
      return response;
    }
    if (used === kept()) await (asking ??= ask(used !== null).finally(() => (asking = null)));
    init.signal?.throwIfAborted();
  }
}

function limited(init, limitMs) {
  const signals = [init.signal, limitMs && AbortSignal.timeout(limitMs)].filter(Boolean);
  if (!signals.length) return init;
  return { ...init, signal: AbortSignal.any?.(signals) ?? signals[0] };
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function ask(wasWrong) {
  sessionStorage.removeItem(KEPT_AS);
  document.querySelector("#forget-token")?.remove();
  const trouble = make("p", { id: "token-trouble", className: "trouble", role: "alert" });
  const input = make("input", { id: "token", type: "password", autocomplete: "off", spellcheck: false, required: true, autofocus: true });
  input.setAttribute("aria-describedby", "token-why token-trouble");
  const form = make(
    "form",
    { noValidate: true },
    make("h2", { id: "token-title", textContent: "Token" }),
    make("p", { id: "token-why", textContent: "This server needs a token. Whoever runs it can give you one; this tab keeps it until it is closed." }),
    make("label", { htmlFor: "token", textContent: "Your token" }),
    input,
    trouble,
    make("button", { type: "submit", className: "quiet", textContent: "Continue" }),
  );
  const dialog = make("dialog", { className: "asking" }, form);
  dialog.setAttribute("aria-labelledby", "token-title");
  document.body.append(dialog);

  const say = (words) => {
    trouble.textContent = words;
    trouble.hidden = !words;
    input.ariaInvalid = String(Boolean(words));
  };
  dialog.showModal();
  say(wasWrong ? "That token is not valid." : "");
  input.focus();
  return new Promise((done) => {
    let given = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const token = input.value.trim();
      if (!WRITTEN.test(token)) return say(token ? "That token is not valid." : "Enter the token first.");
      sessionStorage.setItem(KEPT_AS, token);
      given = true;
      dialog.close();
    });
    // Without it there is nothing to see here, so the question stays.
    dialog.addEventListener("close", () => {
      if (!given) return dialog.showModal();
      dialog.remove();
      done();
    });
  });
}

function offerToForget() {
  if (document.querySelector("#forget-token")) return;
  const button = make("button", { id: "forget-token", type: "button", className: "quiet", textContent: "Forget token" });
  button.addEventListener("click", () => {
    sessionStorage.removeItem(KEPT_AS);
    location.reload();
  });
  document.querySelector(".bar .all").append(button);
}
