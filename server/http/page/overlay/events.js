// Server-sent events, read with fetch: EventSource cannot send a token.

import { fetchWithToken } from "../shared/token.js";

// Yields the data of each event, until the stream ends or the signal aborts it.
export async function* eventsOf(address, signal) {
  const response = await fetchWithToken(address, { signal });
  if (!response.ok) throw new Error(`The server answered ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (text + value).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data:"));
      if (data.length) yield data.map((line) => line.slice(5).trimStart()).join("\n");
    }
  }
}
