"""A phone on the local network, as the README says it: the page, its token, and video over UDP."""

import re
from pathlib import Path

from playwright.sync_api import Playwright, expect

from tests.serving import Serving, command

from .browsers import launch
from .networks import two_machines

ROOT = Path(__file__).parents[2]
OPTIONS = re.compile(r'^make demo ARGS="(--host .*)"$', re.MULTILINE)


def test_a_phone_opens_a_printed_address_and_watches(playwright: Playwright, tmp_path: Path) -> None:
    found = OPTIONS.search((ROOT / "README.md").read_text())
    assert found is not None
    options = found[1].split()
    with two_machines() as (home, phone):
        program = [*home.prefix, *command()]
        with Serving(*options, program=program, cwd=tmp_path, PYTHONPATH=str(ROOT)) as serving:
            assert serving.url.startswith("http://127.0.0.1:")
            printed = serving.url.replace("127.0.0.1", home.address)
            assert f"From other machines: {printed}\n" in serving.errors()
            chromium = tmp_path / "chromium"
            chromium.write_text(f'#!/bin/sh\nexec {" ".join(phone.prefix)} chromium "$@"\n')
            chromium.chmod(0o755)
            browser = launch(playwright, program=chromium)
            try:
                page = browser.new_context(**playwright.devices["Pixel 5"]).new_page()
                page.goto(printed)
                page.get_by_label("Your token").fill(options[-1])
                page.keyboard.press("Enter")
                page.get_by_role("button", name="Watch scene", exact=True).click()
                expect(page.locator("#camera-scene")).to_have_attribute("data-play", "live", timeout=15_000)
            finally:
                browser.close()
