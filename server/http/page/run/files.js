// How pictures come in: chosen, dropped or pasted. Each file is read at once, so that later changes to it do not change the
// picture.

const BYTES_MAX = Number(document.documentElement.dataset.pictureBytes); // the server's limit
const FILES_MAX = 50;

// Passes the pictures that the user gives to `onFiles`. What cannot be used goes to `onRefused`, and what is no attempt to
// give another picture to `onMistake`, both as a sentence.
export function acceptFiles({ input, buttons, stage }, { onFiles, onRefused, onMistake }) {
  const pick = (files, items) => {
    const folders = foldersOf(items);
    const list = [...(files ?? [])].filter((file) => !folders.includes(file.name));
    const images = list.filter((file) => file.type.startsWith("image/"));
    const found = images.length ? images : list.slice(0, 1);
    if (found.length > FILES_MAX) onMistake(`These are ${found.length} pictures; choose at most ${FILES_MAX} at once.`);
    else if (found.length) onFiles(found);
    else if (folders.length) onRefused(`${folders[0]} is a folder. Drop a picture that is in it.`);
    else onMistake("That is not a file. Save the picture first, then drop the file here.");
  };
  for (const button of buttons) button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    if (input.files.length) pick(input.files);
    input.value = "";
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) pick(event.clipboardData.files, event.clipboardData.items);
  });
  // Accept drops anywhere: the browser would replace the page with a picture dropped beside the stage.
  addEventListener("dragover", (event) => {
    event.preventDefault();
    stage.classList.add("over");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) stage.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    stage.classList.remove("over");
    pick(event.dataTransfer?.files, event.dataTransfer?.items);
  });
}

function foldersOf(items) {
  const entries = [...(items ?? [])].map((item) => item.webkitGetAsEntry?.());
  return entries.filter((entry) => entry?.isDirectory).map(({ name }) => name);
}

// Returns a number of bytes in words, as the server's errors have it.
const bytes = (count) => (count >= 1e6 ? `${Math.ceil(count / 1e6)} MB` : `${Math.ceil(count / 1e3)} kB`);

// Returns the bytes as a blob. The message of an error is a sentence for the user.
export async function read(file) {
  const { name, size, type } = file;
  if (size > BYTES_MAX) throw new Error(`${name} has ${bytes(size)}; a picture must be smaller than ${bytes(BYTES_MAX)}.`);
  const content = await file.arrayBuffer().catch(() => {
    throw new Error(`${name} cannot be read. It was changed, moved or removed after it was chosen, or it is a folder.`);
  });
  if (!content.byteLength) throw new Error(`${name}: the file is empty.`);
  // The server parses some other types as forms or lists of URLs.
  return new Blob([content], { type: type.startsWith("image/") ? type : "application/octet-stream" });
}
