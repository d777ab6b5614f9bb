// Takes the pictures out of a response of multipart/x-mixed-replace, whose parts say how long they are.

const LENGTH = /content-length: *(\d+)/i;
const HEAD_MAX = 8_192;
const PICTURE_MAX = 50_000_000;

export class PictureParts {
  bytes = new Uint8Array(0);

  // Takes bytes of the response; returns the pictures that they complete.
  add(bytes) {
    this.bytes = joined(this.bytes, bytes);
    const pictures = [];
    for (let picture = this.#next(); picture; picture = this.#next()) pictures.push(picture);
    return pictures;
  }

  #next() {
    const end = endOfHead(this.bytes);
    if (end < 0) {
      if (this.bytes.length > HEAD_MAX) throw new Error("a part without a head");
      return null;
    }
    const length = Number(LENGTH.exec(new TextDecoder("latin1").decode(this.bytes.subarray(0, end)))?.[1]);
    if (!(length <= PICTURE_MAX)) throw new Error("a part without a length");
    if (this.bytes.length < end + length) return null;
    const picture = this.bytes.slice(end, end + length);
    this.bytes = this.bytes.slice(end + length);
    return picture;
  }
}

// Returns where the content of a part begins; -1 while its head is not complete.
function endOfHead(bytes) {
  for (let at = 3; at < Math.min(bytes.length, HEAD_MAX); at++) {
    if (bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13) return at + 1;
  }
  return -1;
}

function joined(first, second) {
  if (!first.length) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
