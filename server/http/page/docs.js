// The API page: every operation of /openapi.json with its parameters, bodies and responses.

import { addressOf } from "./shared/address.js";
import { make } from "./shared/dom.js";
import { fetchWithToken, isSignedIn } from "./shared/token.js";

const main = document.querySelector("#operations");
const notice = document.querySelector("#notice");

// Docstrings put code between double backticks, descriptions between single ones.
const prose = (text) => text.split(/``?/).map((piece, i) => (i % 2 ? make("code", "", piece) : piece));

function resolve(document_, schema) {
  const path = schema?.$ref?.split("/").slice(1);
  return path ? path.reduce((at, key) => at[key], document_) : schema;
}

// "integer or null", "list of CameraInfo", "{"image_url": string}", ...
function typeWords(schema) {
  if (!schema) return "anything";
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf) return schema.anyOf.map(typeWords).join(" or ");
  if (schema.type === "array") return schema.items ? `list of ${typeWords(schema.items)}` : "list";
  if (schema.format === "binary") return "bytes";
  const { properties, additionalProperties: values } = schema;
  if (properties) return Object.entries(properties).map(([key, value]) => `{"${key}": ${typeWords(value)}}`).join(" or ");
  if (schema.type === "object" && (values?.type || values?.$ref)) return `map of ${typeWords(values)}`;
  return schema.type ?? "anything";
}

function table(caption, rows) {
  if (!rows.length) return null;
  const body = make("tbody", "", ...rows.map(([name, type, words]) => {
    const head = make("th", "", make("code", "", name));
    head.scope = "row";
    return make("tr", "", head, make("td", "type", type), make("td", "", ...prose(words)));
  }));
  return make("table", "", make("caption", "", caption), body);
}

function parameters(operation) {
  return (operation.parameters ?? []).map(({ name, schema, description, required, in: where }) => {
    const byDefault = schema?.default;
    const notes = [
      description ?? "",
      where === "query" && required ? "Required." : "",
      byDefault !== undefined && byDefault !== null ? `Default: ${JSON.stringify(byDefault)}.` : "",
    ];
    return [where === "path" ? `{${name}}` : `?${name}`, typeWords(schema), notes.filter(Boolean).join(" ")];
  });
}

function responses(operation) {
  return Object.entries(operation.responses ?? {}).map(([status, { description, content }]) => {
    const types = Object.entries(content ?? {}).map(([type, { schema }]) =>
      schema && Object.keys(schema).length ? `${type}: ${typeWords(schema)}` : type);
    return [status, types.join(", "), description ?? ""];
  });
}

function bodies(operation) {
  return Object.entries(operation.requestBody?.content ?? {}).map(([type, { schema }]) =>
    [type, typeWords(schema), schema?.description ?? ""]);
}

function examples(method, path, operation) {
  const types = Object.entries(operation.requestBody?.content ?? {});
  const all = types.map(([type, { schema }]) => example(method, path, operation, type, schema));
  return all.length ? all : [example(method, path, operation)];
}

function curlBody(type, schema) {
  if (!type) return [];
  if (type.startsWith("image/")) return ["--data-binary", "@picture.jpg"];
  if (type === "multipart/form-data") return ["-F", "first=@one.jpg", "-F", "second=@two.jpg"];
  const [key] = Object.keys(schema?.properties ?? {});
  return [...(key ? ["-d", `'{"${key}": "${key.toUpperCase()}"}'`] : ["--data-binary", "@body"]), "-H", `'Content-Type: ${type}'`];
}

function example(method, path, operation, type, schema) {
  const words = ["curl"];
  if (isSignedIn()) words.push("-H", '"Authorization: Bearer $CAMWEAVE_TOKEN"');
  if (method !== (type ? "post" : "get")) words.push("-X", method.toUpperCase());
  words.push(...curlBody(type, schema));
  const query = (operation.parameters ?? []).filter((entry) => entry.in === "query" && entry.required);
  const search = query.length ? `?${query.map((entry) => `${entry.name}=${entry.name.toUpperCase()}`).join("&")}` : "";
  words.push(`'${addressOf(`${path.slice(1).replace(/\{(\w+)\}/g, (_, name) => name.toUpperCase())}${search}`)}'`);
  return words.join(" ");
}

function operationOf(method, path, operation) {
  const [first, ...more] = (operation.description ?? "").split("\n\n");
  const open = make("summary", "",
    make("span", `method ${method}`, method.toUpperCase()), make("code", "", path), make("span", "hint", ...prose(first || operation.summary || "")));
  return make("details", "operation", open, make("div", "inside",
    more.length ? make("p", "", ...prose(more.join(" "))) : null,
    table("Parameters", parameters(operation)),
    table("Body", bodies(operation)),
    table("Responses", responses(operation)),
    make("pre", "", examples(method, path, operation).join("\n"))));
}

function schemas(document_) {
  return Object.entries(document_.components?.schemas ?? {})
    .filter(([, schema]) => schema.properties)
    .map(([name, schema]) => make("details", "operation",
      make("summary", "", make("code", "", name), make("span", "hint", ...prose(schema.description ?? ""))),
      make("div", "inside", table("Fields", Object.entries(schema.properties)
        .map(([key, value]) => [key, typeWords(value), value.description ?? resolve(document_, value)?.description ?? ""])))));
}

function show(document_) {
  document.querySelector("#summary").textContent = `API, version ${document_.info.version}`;
  const groups = new Map();
  for (const [path, item] of Object.entries(document_.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const group = operation.tags?.[0] ?? "Server";
      groups.set(group, [...(groups.get(group) ?? []), operationOf(method, path, operation)]);
    }
  }
  main.replaceChildren(
    make("p", "lead", ...prose(document_.info.description ?? "")),
    ...[...groups].map(([group, operations]) => make("section", "", make("h2", "", group), ...operations)),
    make("section", "", make("h2", "", "Schemas"), ...schemas(document_)));
}

try {
  const response = await fetchWithToken("openapi.json");
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  const found = await response.json();
  show(found);
} catch (error) {
  notice.textContent = error instanceof TypeError ? "The server does not answer." : error.message;
  notice.hidden = false;
}
