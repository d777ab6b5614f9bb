// Shell commands to copy.

// Quotes any text as one shell word. Control characters, which a terminal would interpret, become escape sequences.
export function quoted(text) {
  if (!/[\0-\x1f\x7f]/.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return `$'${text.replace(/['\\\0-\x1f\x7f]/g, (letter) => (letter > "\x1f" && letter < "\x7f" ? `\\${letter}` : escaped(letter)))}'`;
}

export function curl(address, { token, file }) {
  const words = ["curl"];
  if (token) words.push('-H "Authorization: Bearer $CAMWEAVE_TOKEN"');
  if (file) words.push("--data-binary", quoted(`@./${file}`), "-H 'Content-Type: image/*'");
  return [...words, quoted(address)].join(" ");
}
