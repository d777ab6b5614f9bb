// What differs between two texts, by lines.

const CELLS_MAX = 4_000_000; // beyond that, everything between the first and the last difference counts as different
const AROUND = 2;

// Returns rows {kind, text}: "removed" (only in the first text), "added", "same", and "gap" for lines left out.
export function differences(first, second) {
  const [a, b] = [first.split("\n"), second.split("\n")];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const middle = between(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const same = (text) => ({ kind: "same", text });
  return withGaps([...a.slice(0, head).map(same), ...middle, ...a.slice(a.length - tail).map(same)]);
}

function between(a, b) {
  const removed = (text) => ({ kind: "removed", text });
  const added = (text) => ({ kind: "added", text });
  if (a.length * b.length > CELLS_MAX) return [...a.map(removed), ...b.map(added)];
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width); // the most common lines from here on
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1] + 1 : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const rows = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      rows.push({ kind: "same", text: a[i] });
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) rows.push(removed(a[i++]));
    else rows.push(added(b[j++]));
  }
  return rows;
}

function withGaps(rows) {
  const near = rows.map((_, at) => rows.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(({ kind }) => kind !== "same"));
  return rows.flatMap((row, at) => (near[at] ? [row] : near[at - 1] || at === 0 ? [{ kind: "gap", text: "…" }] : []));
}
