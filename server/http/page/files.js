// The files that people choose, drop or paste, read at once: whatever becomes of a file, the picture is the chosen one.

const BYTES_MAX = 20_000_000;

export function foldersOf(items) {
  const entries = [...(items ?? [])].map((item) => item.webkitGetAsEntry?.());
  return entries.filter((entry) => entry?.isDirectory).map(({ name }) => name);
}

// Gives its bytes as a blob; what is wrong with the file is the error's message.
export async function read(file) {
  const { name, size, type } = file;
  if (size >= BYTES_MAX) throw new Error(`${name} has ${Math.ceil(size / 1e6)} MB; a picture must be under 20 MB.`);
  const bytes = await file.arrayBuffer().catch(() => {
    throw new Error(`${name} cannot be read. It was changed, moved or removed after it was chosen, or it is a folder.`);
  });
  if (!bytes.byteLength) throw new Error(`${name}: the file is empty.`);
  // Of other types the server would read forms and lists of URLs.
  return new Blob([bytes], { type: type.startsWith("image/") ? type : "application/octet-stream" });
}
