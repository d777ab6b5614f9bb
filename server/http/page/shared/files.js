// Files that are chosen, dropped or pasted. Each is read at once, so that later changes to the file do not change the picture.

const BYTES_MAX = 20_000_000;

export function foldersOf(items) {
  const entries = [...(items ?? [])].map((item) => item.webkitGetAsEntry?.());
  return entries.filter((entry) => entry?.isDirectory).map(({ name }) => name);
}

// Returns the bytes as a blob. The message of an error is a sentence for the user.
export async function read(file) {
  const { name, size, type } = file;
  if (size >= BYTES_MAX) throw new Error(`${name} has ${Math.ceil(size / 1e6)} MB; a picture must be smaller than 20 MB.`);
  const bytes = await file.arrayBuffer().catch(() => {
    throw new Error(`${name} cannot be read. It was changed, moved or removed after it was chosen, or it is a folder.`);
  });
  if (!bytes.byteLength) throw new Error(`${name}: the file is empty.`);
  // The server parses some other types as forms or lists of URLs.
  return new Blob([bytes], { type: type.startsWith("image/") ? type : "application/octet-stream" });
}
