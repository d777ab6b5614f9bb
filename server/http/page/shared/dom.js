// Elements, texts and the clipboard. Text is only ever set as text.

export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null));
  return element;
}

// Sets a text only if it differs: screen readers announce every change.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Returns a button with an icon, given as the path of its SVG, 24 x 24, and a label for screen readers and as a tooltip.
export function iconButton(className, path, label) {
  return Object.assign(make("button", className, icon(path)), { type: "button", title: label, ariaLabel: label });
}

export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.ariaHidden = "true";
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

// Capitalises the first letter, unless the text begins with an address or a path.
export function sentence(text) {
  return /^[a-z]+\s/.test(text ?? "") ? text[0].toUpperCase() + text.slice(1) : (text ?? "");
}

export const withPeriod = (text) => `${text}.`.replace(/\.\.+$/, ".");

// Returns a time of today as 10:42:03, and of another day with its date.
export function clockTime(time) {
  const day = time.toDateString() === new Date().toDateString() ? "" : `${time.toLocaleDateString()}, `;
  return day + time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

export function percentage(value) {
  const percent = value * 100;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  return `${percent && percent < 9.95 ? percent.toFixed(1) : Math.round(percent)} %`;
}

// Copies a text, and says on the button whether that worked. `shown` is the element that shows the text.
export async function copy(button, text, shown) {
  const title = (button.dataset.title ??= button.textContent);
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // Scripts have no clipboard without TLS: select the text, so that the user can copy it.
    getSelection().selectAllChildren(shown);
    button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
  }
  setTimeout(() => (button.textContent = title), 1500);
}

// Puts elements into a parent in this order, and moves only those that are not in their place.
export function arrange(parent, elements) {
  for (const child of [...parent.children]) if (!elements.includes(child)) child.remove();
  elements.forEach((element, place) => {
    if (parent.children[place] !== element) parent.insertBefore(element, parent.children[place] ?? null);
  });
}
