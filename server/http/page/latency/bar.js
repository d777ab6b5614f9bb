// The latency of a camera: in sum, as a bar with a part for each stage, and the stages in a table.

import { make, setText } from "../shared/dom.js";

const STAGES = [
  ["capture", "Capture", "source"],
  ["wait", "Wait for a free processor", "wait"],
  ["models"], // a row for each transform
  ["paint", "Paint", "paint"],
  ["encode", "Encode", "encode"],
  ["send", "Send", "send"],
];
const OF_ENCODERS = ["wait", "paint", "encode"];
const TRANSFORM = /^\d+ /; // "0 detections"

export class Latency {
  // `element` is the <details> of the card.
  constructor(element) {
    this.element = element;
    [this.what, this.sum, this.bar, this.rows, this.clocks] = [".what", ".sum", ".stages", "tbody", ".clocks"].map((part) => element.querySelector(part));
  }

  // Shows what is known of a camera. `statistics` are those of its video here, null without one; `glass` is what was measured.
  show(camera, statistics, glass) {
    const server = statistics ? (camera.latency_ms?.total?.p50 ?? null) : null;
    const isMeasured = server !== null && glass !== null;
    const estimated = statistics ? statistics.networkMs + statistics.bufferMs + statistics.decodeMs : 0;
    const restMs = isMeasured ? Math.max(glass.ms - server, 0) : estimated;
    setText(this.what, isMeasured ? "Glass to glass" : "Latency");
    setText(this.sum, server === null ? "–" : isMeasured ? `${Math.round(glass.ms)} ms ± ${Math.ceil(glass.errorMs)} ms` : `${Math.round(server + restMs)} ms`);
    const stages = server === null ? [] : [...stagesOf(camera), { stage: "rest", words: "Network and browser", p50: restMs, p95: null }];
    this.#showBar(stages);
    this.#showRows(stages);
    setText(this.clocks, server === null ? "Watch the camera to see its latency." : noteOf(camera, isMeasured ? glass : null));
  }

  #showBar(stages) {
    while (this.bar.children.length < stages.length) this.bar.append(make("span"));
    while (this.bar.children.length > stages.length) this.bar.lastElementChild.remove();
    stages.forEach(({ stage, p50 }, place) => {
      const part = this.bar.children[place];
      part.dataset.stage = stage;
      part.style.flexGrow = p50 * 100; // below 1 in all, they would not fill the bar
    });
  }

  #showRows(stages) {
    while (this.rows.children.length < stages.length) this.rows.append(make("tr", "", Object.assign(make("th"), { scope: "row" }), make("td"), make("td")));
    while (this.rows.children.length > stages.length) this.rows.lastElementChild.remove();
    stages.forEach(({ stage, words, p50, p95 }, place) => {
      const row = this.rows.children[place];
      row.dataset.stage = stage;
      [words, inMs(p50), p95 === null ? "" : inMs(p95)].forEach((text, cell) => setText(row.children[cell], text));
    });
  }
}

// Returns the stages on the server in their order, without those that its pictures pass by.
function stagesOf({ latency_ms: latency, encoders }) {
  const passes = encoders?.length > 0 && encoders.every(({ passthrough }) => passthrough);
  const isLeftOut = (key) => !latency[key] || (passes && OF_ENCODERS.includes(key));
  const rowOf = (stage, words, key) => (isLeftOut(key) ? [] : [{ stage, words, ...latency[key] }]);
  const transforms = Object.keys(latency).filter((key) => TRANSFORM.test(key)).sort((a, b) => parseInt(a) - parseInt(b));
  return STAGES.flatMap(([stage, words, key]) =>
    stage === "models" ? transforms.flatMap((name) => rowOf(stage, name.replace(TRANSFORM, ""), name)) : rowOf(stage, words, key),
  );
}

const inMs = (value) => `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ms`;

function noteOf({ capture_clock: clock }, glass) {
  const from = clock === "camera" ? "From the capture by the camera's own clock" : "From the arrival at the server";
  if (!glass) return `${from} to the screen, estimated: the browser does not know when a picture was captured.`;
  return `${from} to the screen. The difference between the clocks of server and browser is known to ± ${inMs(glass.errorMs)}.`;
}
