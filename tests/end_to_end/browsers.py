"""Viewers that really decode: browsers."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, Playwright

HERE = Path(__file__).parent
WAIT_S = 30.0
FLAGS = (
    "--no-sandbox",  # as root Chromium starts with nothing else
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    # Offers the address of this machine in the clear, not as a name.local that somebody must look up.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)


def launch(playwright: Playwright, *flags: str, program: Path | None = None) -> Browser:
    """Start the system's Chromium, headless; skip the test where there is none.

    Args:
        playwright: What drives it.
        flags: More flags of its command line.
        program: A program that starts Chromium with the arguments it gets, instead of Chromium itself.
    """
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    return playwright.chromium.launch(executable_path=program or path, args=[*FLAGS, *flags])


@contextmanager
def new_page(browser: Browser, height_px: int = 900) -> Iterator[Page]:
    """Yield an empty page, 1280 pixels wide, in a context of its own; its scripts must raise no error until the end."""
    context = browser.new_context(viewport={"width": 1280, "height": height_px})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def wait_until(page: Page, condition: str, timeout_s: float = WAIT_S) -> None:
    """Wait in a page until a condition, an expression of JavaScript, is true.

    Playwright's own ``wait_for_function`` evaluates a text at every try, which the content security policy of the page
    refuses from the second try on: it works only where the condition is true at once.
    """
    page.evaluate(
        """timeout_ms => new Promise((resolve, reject) => {
            const end = performance.now() + timeout_ms;
            const look = () => {
                if (CONDITION) resolve();
                else if (performance.now() > end) reject(new Error("waited in vain"));
                else setTimeout(look, 20);
            };
            look();
        })""".replace("CONDITION", condition),
        timeout_s * 1000,
    )


def accessibility_findings(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page as it stands, a line per element."""
    script = HERE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip("needs the modules for Node.js: make test installs them")
    page.evaluate(script.read_text("utf-8"))
    found = page.evaluate("axe.run().then((results) => results.violations)")
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


@dataclass(frozen=True)
class Statistics:
    """What the browser says of one stream; ``at_s`` is when it said so, by its own clock.

    ``nacks`` counts the messages in which it has asked for lost packets; ``path`` is the type of the server's candidate
    in use.
    """

    at_s: float
    frames_decoded: int
    frames_dropped: int
    nacks: int
    codec: str
    width_px: int
    height_px: int
    connection: str
    path: str


class Evaluating(Protocol):
    """A page of any browser."""

    def evaluate(self, expression: str, arg: Any = None) -> Any:
        """Give the value of an expression of JavaScript, or of its call with an argument where it is a function."""


class Viewer:
    """One camera watched over WHEP in a page; ``page`` must stand on the server's origin.

    Without ``nack`` it asks for key frames only, never for lost packets.
    """

    def __init__(
        self, page: Evaluating, camera: str, *, codec: str | None = None, annotations: bool = True, nack: bool = True
    ) -> None:
        self.page = page
        if not page.evaluate("'watch' in window"):
            page.evaluate((HERE / "viewer.js").read_text())
        address = f"/whep/{camera}" + ("" if annotations else "?annotations=false")
        self.number = page.evaluate("([a, c, n]) => watch(a, c, n)", [address, codec, nack])

    def statistics(self) -> Statistics:
        return Statistics(**self.page.evaluate("number => statistics(number)", self.number))

    def wait_for(self, frames: int) -> Statistics:
        """Wait until so many frames more than now have been decoded."""
        wanted = self.statistics().frames_decoded + frames
        return Statistics(**self.page.evaluate("([n, w, t]) => decoded(n, w, t)", [self.number, wanted, WAIT_S]))

    def wait_for_size(self, width_px: int, height_px: int) -> Statistics:
        """Wait until the pictures have a size."""
        return Statistics(
            **self.page.evaluate("([n, w, h, t]) => sized(n, w, h, t)", [self.number, width_px, height_px, WAIT_S])
        )

    def wait_for_state(self, camera: str, state: str, timeout_s: float = WAIT_S) -> None:
        """Wait until the API says that a camera is in this state."""
        self.page.evaluate("([name, state, t]) => camera(name, state, t)", [camera, state, timeout_s])

    def picture(self) -> NDArray[np.uint8]:
        """Give the pixels that the ``<video>`` shows now; (H, W, 3), BGR."""
        encoded = base64.b64decode(self.page.evaluate("number => picture(number)", self.number))
        image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        return image.astype(np.uint8, copy=False)

    def leave(self) -> None:
        self.page.evaluate("number => leave(number)", self.number)
