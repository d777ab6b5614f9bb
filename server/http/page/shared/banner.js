// Why the configuration file is not what runs.

import { problemText } from "./api.js";
import { make } from "./dom.js";

const SHOWN_MAX = 8;

export class Banner {
  // `element` is empty, and hidden while there is nothing to say.
  constructor(element) {
    this.element = element;
    this.key = "";
  }

  // Takes what GET /api/configuration has said, or null. It is announced only when it has changed.
  show(known) {
    const { file = "", problems = [], restart_needed: keys = [] } = known ?? {};
    const key = JSON.stringify([file, problems, keys]);
    if (key === this.key) return;
    this.key = key;
    this.element.replaceChildren(
      ...(problems.length ? [make("p", "", make("strong", "", `${file} cannot be applied; the cameras run on as before.`)), problemList(problems)] : []),
      ...(keys.length ? [make("p", "", `Restart the server to apply ${wordList(keys)}.`)] : []),
    );
    this.element.hidden = !problems.length && !keys.length;
  }
}

function problemList(problems) {
  const rest = problems.length - SHOWN_MAX;
  return make("ul", "", ...problems.slice(0, SHOWN_MAX).map((problem) => make("li", "", problemText(problem))), rest > 0 ? make("li", "", `and ${rest} more`) : null);
}

const wordList = (words) => [words.slice(0, -1).join(", "), words.at(-1)].filter(Boolean).join(" and ");
