// Commands to be copied into a shell.

// One word of it, whatever a file is called; what a terminal would take for a key goes in as its number.
export function quoted(text) {
  if (!/[\0-\x1f\x7f]/.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const number = (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return `$'${text.replace(/['\\\0-\x1f\x7f]/g, (letter) => (letter > "\x1f" && letter < "\x7f" ? `\\${letter}` : number(letter)))}'`;
}

export function curl(address, { token, file }) {
  const words = ["curl"];
  if (token) words.push('-H "Authorization: Bearer $CAMWEAVE_TOKEN"');
  if (file) words.push("--data-binary", quoted(`@./${file}`), "-H 'Content-Type: image/*'");
  return [...words, quoted(address)].join(" ");
}
