// A way by which a live picture comes to the page, and what they have in common.

import { sentence } from "../shared/dom.js";
import { fetchWithToken } from "../shared/token.js";

const FINAL = [401, 403, 404];
const BUSY = [408, 429];

// One attempt to play a camera. Each kind of way is a subclass in a file of its own:
//   static words, title     its name, and a sentence on it
//   static canPlay()        whether this browser can
//   open()                  begins; calls playing() with the first picture, or ended(), after which the owner closes it
//   close()                 ends without a call; may be called twice
//   giveUp()                ends because no picture has come for too long
//   element                 shows the picture, with its size in `size`
//   statistics()            figures for the page, null while there are none
// `on` has playing(way), waiting(way) once it has a connection but no picture yet, doubtful(way) where that is not likely, and
// ended(way, problem), where problem has {message}, and perhaps the {status} of the server's answer, {pauseS} before it makes
// sense to try again, {isFinal} if no way can help, {isMissing} if there is no such camera, {noAnswer} if the server answers no
// way now, {never} if this way cannot work here, {isBlocked} if no packet gets through.
export class Way {
  constructor(camera, annotations, on) {
    Object.assign(this, { camera, annotations, on });
    this.isOpen = true;
    this.isConnected = false;
  }

  get size() {
    return { width: this.element.videoWidth ?? this.element.width, height: this.element.videoHeight ?? this.element.height };
  }

  get query() {
    return this.annotations ? "" : "?annotations=false";
  }

  // Receives the video, where a browser can say when its pictures were captured.
  get receiver() {
    return null;
  }

  // Continues after its element has moved in the document, which pauses a video.
  resume() {}

  playing() {
    if (this.isOpen) this.on.playing(this);
  }

  waiting() {
    this.isConnected = true;
    if (this.isOpen) this.on.waiting(this);
  }

  ended(problem) {
    if (this.isOpen) this.on.ended(this, problem);
  }
}

// Like fetch, but ends the way and returns null if the server refuses; null also if the way has been closed meanwhile.
// `undo` gets a response that came too late.
export async function ask(way, path, init, undo = () => {}) {
  let response;
  try {
    response = await fetchWithToken(path, init);
  } catch (error) {
    way.ended({ message: error instanceof TypeError ? "The server does not answer" : error.message, noAnswer: true });
    return null;
  }
  if (!way.isOpen) {
    undo(response);
    return null;
  }
  if (response.ok) return response;
  const { status } = response;
  const problem = await response.json().catch(() => ({}));
  way.ended({
    message: sentence(problem.detail) || `The server answered ${status}`,
    status,
    pauseS: Number(response.headers.get("Retry-After")) || 0,
    isFinal: FINAL.includes(status),
    isMissing: status === 404,
    noAnswer: BUSY.includes(status),
    never: status < 500 && !FINAL.includes(status) && !BUSY.includes(status),
  });
  return null;
}

// Measures how often something happens between two calls of `take`.
export class Pace {
  constructor() {
    this.count = 0;
    this.before = null;
    this.lastAt = performance.now();
  }

  add() {
    this.count++;
    this.lastAt = performance.now();
  }

  get silentMs() {
    return performance.now() - this.lastAt;
  }

  // Returns how many there were per second since the last call; null at first.
  take() {
    const now = { count: this.count, at: performance.now() };
    const before = this.before;
    this.before = now;
    return before && now.at > before.at ? ((now.count - before.count) / (now.at - before.at)) * 1000 : null;
  }
}
