// The JSON Schema of configurations: what a place may hold, and what to say about it.
//
// A view is one thing that a place may hold: {schema, description, default, required}. Nulls and placeholders (${NAME}), which
// almost every place may hold too, are left out.

import { textOf, valueOf } from "./yaml.js";

const PLACEHOLDER = /^\\\$\\\{/;

export class Schema {
  constructor(root) {
    this.root = root;
  }

  // Returns the views of the place that a path leads to.
  at(path) {
    let views = this.#expand(this.root, {});
    for (const step of path) {
      views =
        step.key === undefined
          ? views.flatMap(({ schema }) => this.#expand(schema.prefixItems?.[step.index] ?? schema.items, {}))
          : this.#narrow(views, step.container).flatMap((view) => this.#property(view.schema, step.key));
    }
    return views;
  }

  // Returns the keys that a mapping may have: [{key, description, default, required, views}].
  keys(views, node) {
    const found = new Map();
    for (const { schema } of this.#narrow(views, node)) {
      for (const key of Object.keys(schema.properties ?? {})) {
        const [first, ...rest] = this.#property(schema, key);
        if (!first) continue;
        const known = found.get(key);
        if (known) known.views.push(first, ...rest);
        else found.set(key, { key, description: first.description, default: first.default, required: first.required, views: [first, ...rest] });
      }
    }
    return [...found.values()];
  }

  // Returns the words that may stand in a place: [{value, description, isDefault}].
  words(views) {
    const found = new Map();
    for (const { schema, title, about, default: standard } of views) {
      const words = schema.const !== undefined ? [schema.const] : (schema.enum ?? (schema.type === "boolean" ? [true, false] : []));
      // Of a kind with several names, only the first is ours.
      for (const value of title && words.includes(title) ? [title] : words) {
        if (value !== "" && !found.has(value)) found.set(value, { value, description: about ?? "", isDefault: value === standard });
      }
      if (!words.length && isPlain(standard) && standard !== "" && !found.has(standard)) found.set(standard, { value: standard, description: "", isDefault: true });
    }
    return [...found.values()];
  }

  // Returns the kinds that the entries of a list may be: [{kind, description, attributes}], attributes as from keys().
  kinds(path, key) {
    return this.at(path).flatMap((view) => this.#expand(view.schema.items, {})).filter(({ schema }) => schema.title).map(({ schema }) => ({
      kind: schema.title,
      description: schema.description ?? "",
      type: schema.properties.type?.const,
      attributes: this.keys(this.#expand(schema.properties.attributes, {}), null),
      key,
    }));
  }

  #property(schema, key) {
    const inner = schema.properties?.[key];
    const required = schema.required?.includes(key) ?? false;
    const isKind = inner && (inner.const !== undefined || inner.enum);
    if (inner) return this.#expand(inner, { required, ...(isKind && schema.title ? { title: schema.title, about: schema.description } : {}) });
    return typeof schema.additionalProperties === "object" ? this.#expand(schema.additionalProperties, {}) : [];
  }

  // Leaves only the kinds that fit what a mapping says of itself; all of them if none fits.
  #narrow(views, node) {
    const fits = ({ schema }) => Object.entries(schema.properties ?? {}).every(([key, { const: only, enum: words }]) => {
      const text = only === undefined && !words ? null : textOf(valueOf(node, key));
      return text === null || (words ?? [only]).includes(text);
    });
    const fitting = views.filter(fits);
    return fitting.length ? fitting : views;
  }

  #expand(schema, outer) {
    if (!schema || typeof schema !== "object") return [];
    const about = { ...outer };
    if (schema.description !== undefined) about.description ??= schema.description;
    if (schema.default !== undefined && about.default === undefined) about.default = schema.default;
    if (schema.$ref) return this.#expand(this.root.$defs?.[schema.$ref.split("/").at(-1)], about);
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices && !schema.properties) return choices.flatMap((each) => this.#expand(each, about));
    if (schema.type === "null" || PLACEHOLDER.test(schema.pattern ?? "")) return [];
    return [{ ...about, schema }];
  }
}

const isPlain = (value) => ["string", "number", "boolean"].includes(typeof value);

// Says in words what a place may hold: "number, 0 to 1".
export function typeText(views) {
  const words = [...new Set(views.map(({ schema }) => typeOf(schema)))].filter(Boolean);
  return words.join(", or ");
}

function typeOf(schema) {
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum) return `one of ${schema.enum.filter((each) => each !== "").join(", ")}`;
  if (schema.type === "boolean") return "true or false";
  if (schema.type === "integer" || schema.type === "number") return `${schema.type === "integer" ? "whole number" : "number"}${rangeOf(schema)}`;
  return { string: "text", array: "list", object: "mapping" }[schema.type] ?? (schema.properties ? "mapping" : "");
}

function rangeOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }) {
  const low = minimum !== undefined ? `from ${minimum}` : exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : "";
  const high = maximum !== undefined ? `to ${maximum}` : exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : "";
  return low || high ? `, ${[low, high].filter(Boolean).join(" ")}` : "";
}

// Says in words what a default is; null and absent ones say nothing.
export function defaultText(value) {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.length ? `[${value.map(defaultText).join(", ")}]` : "empty";
  if (typeof value === "object") return Object.keys(value).length ? "" : "empty";
  return value === "" ? "empty" : String(value);
}
