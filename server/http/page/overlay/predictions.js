// The predictions of the pictures of one connection, which come beside them on a data channel.

const TICKS_PER_S = 90_000;
const KEPT = 128; // messages: those of some seconds
const STAY_S = 0.5; // how long predictions stay on the picture when no others come
const FORGET_S = 10; // how long an object may be away before it counts as a new one

export class Predictions {
  #channel = null;
  #events = []; // in the order of their pictures
  #resultAtS = null;
  #tracks = new Map(); // when each was seen for the first and for the last time

  // `onEvent` is called after each message.
  constructor(onEvent) {
    this.onEvent = onEvent;
  }

  // Opens the channel of a connection; call it before the offer.
  attach(peer) {
    this.clear();
    const channel = peer.createDataChannel("predictions", { ordered: false, maxRetransmits: 0 });
    this.#channel = channel;
    channel.addEventListener("message", ({ data }) => channel === this.#channel && this.#take(JSON.parse(data)));
  }

  clear() {
    this.#channel = this.#resultAtS = null;
    this.#events = [];
    this.#tracks.clear();
  }

  get newest() {
    return this.#events.at(-1) ?? null;
  }

  // Returns the message for a picture, by its RTP timestamp; the last one before it if its own is late, lost, or was not
  // sent because there is nothing new to say. Null if there is none.
  at(timestamp) {
    for (let place = this.#events.length - 1; place >= 0; place--) {
      const age = ticksBetween(timestamp, this.#events[place].rtp_timestamp);
      if (age >= 0) return age <= STAY_S * TICKS_PER_S ? this.#events[place] : null;
    }
    return null;
  }

  // Returns how long the object with the track of an item has been seen, null if it has none.
  seenForS(item) {
    const track = this.#tracks.get(trackOf(item));
    return track ? track.lastS - track.firstS : null;
  }

  #take(event) {
    const events = this.#events;
    let place = events.length;
    while (place > 0 && ticksBetween(events[place - 1].rtp_timestamp, event.rtp_timestamp) > 0) place--;
    events.splice(place, 0, event);
    if (events.length > KEPT) events.shift();
    if (event.new_result) this.#resultAtS = event.pts_s;
    event.resultAgeS = this.#resultAtS === null ? null : Math.max(0, event.pts_s - this.#resultAtS);
    for (const [key, track] of this.#tracks) if (event.pts_s - track.lastS > FORGET_S) this.#tracks.delete(key);
    for (const item of event.predictions) {
      if (item.track_id === undefined) continue;
      const track = this.#tracks.get(trackOf(item)) ?? { firstS: event.pts_s };
      this.#tracks.set(trackOf(item), { ...track, lastS: event.pts_s });
    }
    this.onEvent(event);
  }
}

const trackOf = (item) => `${item.kind} ${item.service} ${item.track_id}`;

// Returns how much later one RTP timestamp is than another; they wrap.
const ticksBetween = (later, earlier) => (later - earlier) | 0;
