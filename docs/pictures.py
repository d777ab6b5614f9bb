"""Take the pictures of the documents again: the demo is served and watched in Chromium.

usage: make pictures
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.end_to_end.browsers import launch
from tests.serving import Serving

HERE = Path(__file__).parent
WIDTH_PX, HEIGHT_PX = 1280, 860


def main() -> None:
    """Take the picture of the page with every camera of the demo switched on."""
    with tempfile.TemporaryDirectory() as folder, Serving(cwd=Path(folder)) as serving, sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX})
        page.goto(serving.url)
        page.get_by_role("button", name="Watch all").click()
        page.wait_for_function(
            "[...document.querySelectorAll('video')].every(it => it.getVideoPlaybackQuality().totalVideoFrames > 120)"
        )
        taken = Path(folder) / "page.png"
        page.screenshot(path=taken)
        browser.close()
        shutil.copy(taken, HERE / "page.png")
    print(f"taken: {HERE / 'page.png'}")


if __name__ == "__main__":
    main()
