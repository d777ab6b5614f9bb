"""All pages in Chromium, by the keyboard alone: every control is reached, shows that it is, and works."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.browsers import new_page, wait_until

from ..conftest import check_threads, threads_now
from ..served import Served, encoded

TOKEN = "correct-horse-battery"
CONFIG = """
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 320, height_px: 180}, linger_s: 0.5}
  - name: boxes
    model: transform
    linger_s: 0.5
    attributes: {source: scene, pipeline: [{type: detections, attributes: {detector_name: red}}]}
  - {name: still, model: image_file, attributes: {path: still.png}}
  - {name: lost, model: image_file, attributes: {path: gone.png}}
services:
  - name: red
    type: vision
    model: color_detector
    attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}
"""
PAGES = ["", "watch/boxes", "watch?camera=scene&camera=boxes", "watch", "run", "docs"]

# What can be used at present, and what has the focus: its place, and whether the browser shows it.
CONTROLS = """
() => {
    const modal = document.querySelector("dialog[open]");
    const all = "a[href], button, input, select, textarea, summary, [tabindex]";
    const isUsed = (element) => element.tabIndex >= 0 && !element.disabled
        && (element.type !== "radio" || element.checked) && element.checkVisibility({ visibilityProperty: true });
    const used = [...(modal ?? document).querySelectorAll(all)].filter(isUsed);
    return used.map((element) => element.outerHTML.slice(0, 160));
}
"""
FOCUSED = """
() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const shown = element.matches(".kinds input") ? element.nextElementSibling : element;
    const style = getComputedStyle(shown);
    const { width, height, top, bottom } = shown.getBoundingClientRect();
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    let opacity = 1;
    for (let at = shown; at; at = at.parentElement) {
        for (const animation of at.getAnimations()) animation.finish();
        opacity *= getComputedStyle(at).opacity;
    }
    const inside = bottom > 0 && top < innerHeight;
    const visible = width > 1 && height > 1 && inside && opacity > 0.9 && (outlined || style.boxShadow !== "none");
    return [element.outerHTML.slice(0, 160), visible];
}
"""


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    folder = tmp_path_factory.mktemp("keyboard")
    (folder / "gone.png").touch()
    with Served(folder, CONFIG) as running:
        (folder / "gone.png").unlink()
        yield running
    check_threads(before)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with new_page(browser) as page:
        yield page


def walked(page: Page, key: str = "Tab") -> list[str]:
    """Press a key until the focus has left the page, and return what had it; each must have shown it."""
    page.evaluate("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    found: list[str] = []
    hidden = []
    for _ in range(300):
        page.keyboard.press(key)
        focused: Any = page.evaluate(FOCUSED)
        if focused is None or focused[0] in found[:1]:
            break
        found.append(focused[0])
        if not focused[1]:
            hidden.append(focused[0])
    assert hidden == [], "these do not show that they have the focus"
    return found


def opened(page: Page, served: Served, path: str) -> None:
    page.goto(f"{served.running.url}{path}")
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")
    if path == "run":
        expect(page.get_by_label("Service")).to_be_enabled()
    if path == "docs":
        expect(page.locator("summary").first).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_tab_reaches_every_control_in_order_and_shows_it(page: Page, served: Served, path: str) -> None:
    opened(page, served, path)
    if path == "":
        expect(page.get_by_text("Adjust", exact=True).locator("visible=true")).to_have_count(1)
    summaries = page.locator("summary").locator("visible=true").all()
    for summary in [*summaries[:5], *summaries[5:][-1:]]:  # the last control then looks like no other
        summary.press("Enter")
    if path == "":
        expect(page.get_by_role("slider").first).to_be_visible()
    controls = page.evaluate(CONTROLS)
    assert len(controls) > 1
    assert walked(page) == controls
    assert walked(page, "Shift+Tab") == controls[::-1]


def focus(page: Page) -> str:
    return str(page.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent"))


def press_on(page: Page, name: str, key: str = "Enter") -> None:
    page.get_by_role("button", name=name, exact=True).focus()
    page.keyboard.press(key)


def test_the_focus_follows_what_a_button_does(page: Page, served: Served) -> None:
    opened(page, served, "")
    press_on(page, "Watch all")
    expect(page.get_by_role("button", name="Stop all")).to_be_focused()
    expect(page.locator("#camera-scene")).to_have_attribute("data-play", "live", timeout=20_000)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Watch all")).to_be_focused()
    press_on(page, "Watch scene", "Space")
    expect(page.get_by_role("button", name="Stop scene")).to_be_focused()


def test_the_focus_stays_on_the_picture_in_full_screen(page: Page, served: Served) -> None:
    opened(page, served, "watch/boxes")
    expect(page.locator("[data-play=live]")).to_be_visible(timeout=20_000)
    press_on(page, "Full screen: boxes")
    wait_until(page, "document.fullscreenElement?.dataset.name === 'boxes'")
    for key in ("Tab", "Shift+Tab"):
        names = []
        for _ in range(8):
            page.keyboard.press(key)
            names.append(focus(page))
        assert names[:4] == names[4:]
        how = "How labels are shown on boxes"
        assert set(names) == {"Labels and boxes on boxes", how, "Full screen: boxes", "Stop boxes"}
    press_on(page, "Labels and boxes on boxes", "Space")
    expect(page.get_by_role("button", name="Labels and boxes on boxes")).to_have_attribute("aria-pressed", "false")
    press_on(page, "Full screen: boxes")
    wait_until(page, "!document.fullscreenElement")
    assert focus(page) == "Full screen: boxes"
    # A browser without full screen for elements fills its window.
    page.evaluate("document.querySelector('[data-name=boxes]').classList.add('filled')")
    page.keyboard.press("Escape")
    expect(page.locator(".filled")).to_have_count(0)


def test_a_model_is_run_from_the_first_key_to_the_last(page: Page, served: Served, tmp_path: Path) -> None:
    picture = tmp_path / "red.png"
    picture.write_bytes(encoded())
    opened(page, served, "run")
    page.evaluate("""document.querySelector("#file").addEventListener("click", (event) => {
        event.preventDefault();  // the dialog of the system, which no key of ours could close
        window.asked = true;
    })""")
    press_on(page, "Drop pictures here, paste one, or choose files")
    wait_until(page, "window.asked")
    page.locator("#file").set_input_files(picture)
    expect(page.locator("#timing")).to_have_text(re.compile(r"ms$"))
    expect(page.get_by_role("button", name="Choose pictures")).to_be_focused()
    controls = page.evaluate(CONTROLS)
    assert walked(page) == controls
    press_on(page, "Run model", "Space")
    expect(page.locator("#timing")).to_have_text(re.compile(r"ms$"))
    expect(page.get_by_role("button", name="Run model")).to_be_focused()


def test_signing_in_keeps_the_focus_in_the_dialog_and_gives_it_back(
    browser: Browser, tmp_path: Path, page: Page
) -> None:
    with Served(tmp_path, f"{CONFIG.replace('gone.png', 'still.png')}server: {{tokens: [{TOKEN}]}}\n") as secured:
        page.goto(f"{secured.running.url}sign-in?next=run")
        controls = page.evaluate(CONTROLS)
        assert walked(page) == controls and len(controls) == 3
        page.goto(secured.running.url)
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_be_visible()
        expect(dialog.get_by_label("Your token")).to_be_focused()
        for _ in range(6):
            page.keyboard.press("Tab")
            focused = "document.activeElement"  # the body has it while the browser itself has
            assert page.evaluate(f"{focused} === document.body || document.querySelector('dialog').contains({focused})")
        dialog.get_by_label("Your token").focus()
        page.keyboard.type(TOKEN)
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        expect(page.locator("#camera-scene")).to_be_visible()
        assert walked(page) == page.evaluate(CONTROLS)
