"""Take the pictures of the documents again: what cameras of ``configs/`` show, and the pages in Chromium.

usage: make pictures [ARGS="cameras pages"]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import cv2
from PIL import Image as Pictures
from playwright.sync_api import Browser, Page, sync_playwright

from cameras import Image
from pipeline import Chain, Config, load, make_camera
from tests.end_to_end.browsers import launch, wait_until
from tests.serving import Serving
from transforms import paint

HERE = Path(__file__).parent
CONFIGS = HERE.parent / "configs"
WIDTH_MAX_PX = 640
QUALITY = 88
FRAMES = 48  # so many go by first: what moves is known by then, and who is who
LIVE = "all => all.every((video) => video.getVideoPlaybackQuality().totalVideoFrames > 120)"
DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"


def main(*wanted: str) -> None:
    """Take all pictures, or those of the ``cameras``, or of the ``pages``."""
    if not wanted or "cameras" in wanted:
        for name, config, camera in shown_cameras():
            taken(HERE / "transforms" / f"{name}.jpg", shown(config, camera))
    if not wanted or "pages" in wanted:
        with sync_playwright() as playwright:
            browser = launch(playwright)
            of_the_cameras_page(browser)
            of_run_model(browser)
            browser.close()


def shown_cameras() -> Iterator[tuple[str, Config, str]]:
    """Give each camera of ``configs/`` that transforms and can be watched: its picture's name, its file, its name."""
    for path in sorted([*CONFIGS.glob("*.yaml"), *CONFIGS.glob("*.json")]):
        config = load(path)
        for name, camera in config.cameras.items():
            if not camera.private and camera.model == "transform":
                yield f"{path.stem}-{name}", config, name


def shown(config: Config, name: str) -> Image:
    """Return a camera's picture, painted, a while after its source has begun."""
    with closing(Chain(config, name)) as chain:
        source = make_camera(chain.root, config.tables, paced=False)
        with closing(source):
            source.open()
            chain.open()
            *_, (frame,) = (chain.apply(frame) for frame in islice(iter(source.read, None), FRAMES))
            return paint(frame, chain.styles[0]).image


def of_the_cameras_page(browser: Browser) -> None:
    """Take the page with every camera of the demo live."""
    with tempfile.TemporaryDirectory() as folder, Serving(cwd=Path(folder)) as serving:
        page = opened(browser, serving.url, width=1000, height=1220)  # cameras off the screen pause
        page.get_by_role("button", name="Watch all").click()
        wait_until(page, f"({LIVE})([...document.querySelectorAll('.card:not(.private) video')])", timeout_s=120)
        photographed(page, "page")


def of_run_model(browser: Browser) -> None:
    """Take "Run model" with what the demo's detector finds in the scene; on a phone too."""
    with tempfile.TemporaryDirectory() as folder, Serving(cwd=Path(folder)) as serving:
        for name, width, height, scheme in (("run-model", 1120, 760, "dark"), ("phone", 375, 700, "light")):
            page = opened(browser, f"{serving.url}run?service=shape-boxes&camera=scene", width, height, scheme)
            page.get_by_role("button", name="Take a snapshot").click()
            page.locator("#replies:not([hidden])").wait_for(timeout=60_000)
            page.mouse.move(1, 1)
            page.evaluate("scrollTo(0, 0)")
            page.evaluate(DRAWN)
            photographed(page, name, full=name != "run-model")


def opened(browser: Browser, url: str, width: int, height: int, scheme: str = "light") -> Page:
    """Open a page as it looks on a screen of this size."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,  # the script that waits is not one of the page's own
    )
    page = context.new_page()
    page.goto(url)
    return page


def photographed(page: Page, name: str, *, full: bool = True) -> None:
    """Write what a page looks like, in 256 colours: a third of the bytes."""
    path = HERE / f"{name}.png"
    page.screenshot(path=path, full_page=full)
    with Pictures.open(path) as picture:
        picture.convert("RGB").quantize(256, kmeans=2).save(path, optimize=True)
    page.context.close()
    print(f"{path.relative_to(HERE.parent)}: {path.stat().st_size // 1000} kB")


def taken(path: Path, image: Image) -> None:
    """Write a picture, made smaller where it is wide."""
    height, width = image.shape[:2]
    scale = min(1.0, WIDTH_MAX_PX / width)
    small = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    print(f"{path.relative_to(HERE.parent)}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main(*sys.argv[1:])
