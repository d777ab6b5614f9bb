// What to run: a vision service, a kind of its predictions, and the least that is shown of them. The address of the page
// has the first two.

import { make } from "../shared/dom.js";

const KINDS = {
  classifications: { title: "Labels", minimum: 0.05, slider: "Minimum confidence", none: "No label" },
  detections: { title: "Boxes", minimum: 0.5, slider: "Minimum confidence", none: "Nothing" },
  segmentations: { title: "Masks", minimum: 0, slider: "Minimum share of the picture", none: "Nothing" },
  keypoints: { title: "Points", minimum: 0.5, slider: "Minimum confidence", none: "Nothing" },
  captions: { title: "Caption", minimum: 0, slider: "Minimum confidence", none: "No caption" },
};
const CLASSIFICATIONS_MAX = 20;

// Returns the texts for a kind; one that is unknown to this page has the title that the server gives it.
export const textsOf = (name) =>
  KINDS[name] ?? { title: name[0].toUpperCase() + name.slice(1), minimum: 0, slider: "Minimum confidence", none: "Nothing" };

const part = (id) => document.getElementById(id);

export class Choice {
  #services = [];

  // `onChange` is called when another service or kind is chosen.
  constructor(onChange) {
    this.onChange = onChange;
    part("service").addEventListener("change", () => this.#showService());
    part("kinds").addEventListener("change", () => this.#showKind());
  }

  get service() {
    return this.#services.find(({ name }) => name === part("service").value);
  }

  get kind() {
    return part("kinds").querySelector("input:checked")?.value;
  }

  get minimum() {
    return Number(part("threshold").value);
  }

  // Offers services, and chooses what the address of the page names.
  offer(services) {
    this.#services = services;
    const wanted = new URLSearchParams(location.search);
    setOptions(part("service"), services.map(({ name }) => name), wanted.get("service"));
    this.#showService(wanted.get("kind"));
  }

  // Returns the path of a request for predictions.
  pathOf(parameters = {}) {
    const query = new URLSearchParams(parameters);
    if (this.kind === "classifications") query.set("n", String(CLASSIFICATIONS_MAX));
    const path = `api/vision/${encodeURIComponent(this.service.name)}/${this.kind}`;
    return String(query) ? `${path}?${query}` : path;
  }

  #showService(preferred) {
    const { service } = this;
    const labels = service?.labels.length ?? 0;
    part("service-info").textContent = service ? `${service.model}${labels ? `, ${labels} ${labels === 1 ? "label" : "labels"}` : ""}` : "";
    part("service-info").title = service?.labels.slice(0, 100).join(", ") ?? "";
    const kinds = service?.kinds ?? [];
    const before = kinds.includes(preferred) ? preferred : kinds.includes(this.kind) ? this.kind : kinds[0];
    part("kinds").querySelector("div").replaceChildren(
      ...kinds.map((name) => {
        const input = Object.assign(make("input"), { type: "radio", name: "kind", value: name, checked: name === before });
        return make("label", "", input, make("span", "", textsOf(name).title));
      }),
    );
    part("kinds").hidden = kinds.length === 0;
    this.#showKind();
  }

  #showKind() {
    const { kind } = this;
    if (kind) {
      part("threshold").value = textsOf(kind).minimum;
      document.querySelector("label[for=threshold]").textContent = textsOf(kind).slider;
    }
    part("threshold-note").hidden = kind !== "segmentations";
    const address = new URL(location.href);
    for (const [key, value] of [["service", part("service").value], ["kind", kind]]) {
      if (value) address.searchParams.set(key, value);
    }
    history.replaceState(null, "", address);
    this.onChange();
  }
}

// Offers names, and chooses one of them if it is there.
export function setOptions(select, names, wanted) {
  select.replaceChildren(...names.map((name) => new Option(name)));
  select.disabled = !names.length;
  if (names.includes(wanted)) select.value = wanted;
}
