"""The time from a picture to a screen: Chromium reads it from the pixels of what it shows, and when it shows it.

camweave and a bare streamer with the same camera and encoder settings alternate, each seen by a new connection.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..measuring import Program, ProgramError
from ..measuring.stamped import RATE, age_ms

ROUNDS, FRAMES = 9, 50
"""Connections to each, and how many frames of each count: 450 in all."""
SETTLE_FRAMES = 2 * RATE
"""Frames after which the buffer of a new player has settled."""
LEAST_READ = 0.9
"""Share of the frames whose time must have been readable."""
STREAMER = "benchmarks.figures.bare_streamer"
FLAGS = (
    "--no-sandbox",  # as root Chromium starts with nothing else
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
    # Offers the address of this machine in the clear, not as a name.local that somebody must look up.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)
_CAMERA = """
import time
from fractions import Fraction

from benchmarks.measuring.stamped import RATE, Stamped
from cameras import Attributes, Camera, Frame, Pixels


class StampedCamera(Camera[Attributes]):
    model_name = "stamped"
    attributes_type = Attributes
    frame_rate = RATE

    def open(self):
        self._camera, self._pts = Stamped(), 0

    def read(self):
        time.sleep(max(self._camera.wait_s(), 0))
        at = time.time()
        self._pts += 1
        return Frame(Pixels.from_bgr(self._camera.take()), self._pts, Fraction(1, RATE), at)

    def close(self):
        pass
"""
_PAGE = """
window.offer = async () => {
  window.peer = new RTCPeerConnection();
  peer.addTransceiver("video", {direction: "recvonly"});
  window.video = Object.assign(document.createElement("video"), {muted: true, autoplay: true, playsInline: true});
  document.body.replaceChildren(video);
  peer.ontrack = ({track}) => { video.srcObject = new MediaStream([track]); };
  await peer.setLocalDescription(await peer.createOffer());
  return peer.localDescription.sdp;
};
window.answer = (sdp) => peer.setRemoteDescription({type: "answer", sdp});
// Resolves to the time of showing, in ms since 1970, and the levels of the last row, of each of the last frames.
window.shown = (frames, after) => new Promise((resolve, reject) => {
  const found = [];
  const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  let left = frames + after;
  setTimeout(() => reject(new Error(`${left} of ${frames + after} frames are missing`)), 30000);
  const look = (_, {presentationTime, width, height}) => {
    left -= 1;
    if (left < frames) {
      context.canvas.width = width;
      context.canvas.height = 1;
      context.drawImage(video, 0, height - 3, width, 1, 0, 0, width, 1);
      const row = context.getImageData(0, 0, width, 1).data.filter((_, index) => index % 4 === 1);
      found.push([performance.timeOrigin + presentationTime, Array.from(row)]);
    }
    if (left) video.requestVideoFrameCallback(look);
    else { peer.close(); resolve(found); }
  };
  video.requestVideoFrameCallback(look);
});
null;  // Playwright would call a function that is the last value
"""

Answer = Callable[[str], str]
"""From a viewer's offer to the answer."""


def chromium_missing() -> str:
    """Return why nothing can be shown here; empty if it can."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "no Playwright here"
    return "" if shutil.which("chromium") else "no Chromium here (apt-get install chromium)"


def measure_glass(program: Program) -> tuple[list[list[float]], list[list[float]]]:
    """Return how old the frames were that Chromium has shown, in milliseconds.

    Returns:
        Those of each connection to camweave, and of each to the bare streamer.

    Raises:
        ProgramError: Frames did not come, or their time could not be read.
    """
    from playwright.sync_api import Error, sync_playwright

    found: tuple[list[list[float]], list[list[float]]] = [], []
    try:
        with contextlib.ExitStack() as stack:
            browser = stack.enter_context(sync_playwright()).chromium.launch(
                executable_path=shutil.which("chromium"), args=FLAGS
            )
            stack.callback(browser.close)
            sides = [stack.enter_context(_camweave(program)), stack.enter_context(_bare(program))]
            page = browser.new_page()
            page.evaluate(_PAGE)
            for number in range(ROUNDS):
                for side in (0, 1) if number % 2 == 0 else (1, 0):
                    page.evaluate("sdp => answer(sdp)", sides[side](page.evaluate("offer()")))
                    shown = page.evaluate("([frames, after]) => shown(frames, after)", [FRAMES, SETTLE_FRAMES])
                    found[side].append(ages_of(shown))
    except Error as error:
        raise ProgramError(f"Chromium: {error}") from error
    return found


def ages_of(shown: list[tuple[float, list[int]]]) -> list[float]:
    """Return the ages of frames in milliseconds, from when they were shown (ms since 1970) and their last row.

    Raises:
        ProgramError: The time in too many of them cannot be read.
    """
    ages = []
    for at_ms, levels in shown:
        row = np.array(levels, np.uint8)
        bottom = np.broadcast_to(row[None, :, None], (8, row.size, 3))
        if (age := age_ms(bottom, at_ms / 1000)) is not None:
            ages.append(age)
    if len(ages) < LEAST_READ * len(shown):
        raise ProgramError(f"the time of {len(shown) - len(ages)} of {len(shown)} frames cannot be read")
    return ages


def differences(ours: list[list[float]], bare: list[list[float]]) -> list[float]:
    """Return by how much the median age of each connection to camweave is above that of the bare one beside it."""
    return [statistics.median(a) - statistics.median(b) for a, b in zip(ours, bare, strict=True)]


@contextlib.contextmanager
def _camweave(program: Program) -> Iterator[Answer]:
    Path(program.scratch, "stamped_camera.py").write_text(_CAMERA, "utf-8")
    config = program.scratch / "glass.yaml"
    config.write_text(
        "plugins: [stamped_camera.py]\ncameras: [{name: stamped, model: stamped, preload: true}]\n", "utf-8"
    )
    with program.serve(config) as server:
        yield lambda offer: server.request("POST", "/whep/stamped", offer.encode(), "application/sdp").decode()


@contextlib.contextmanager
def _bare(program: Program) -> Iterator[Answer]:
    process = subprocess.Popen(
        [sys.executable, "-m", STREAMER],
        cwd=program.root,
        env=program.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def answer(offer: str) -> str:
        stdin.write(json.dumps(offer) + "\n")
        stdin.flush()
        said = stdout.readline()
        if not said:
            raise ProgramError("the bare streamer has ended")
        found: Any = json.loads(said)
        return str(found)

    try:
        yield answer
    finally:
        process.kill()
        process.communicate()
