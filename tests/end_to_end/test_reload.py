"""The configuration changes while browsers watch: a real server, its file, and Chromium."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.serving import Serving

from .browsers import Viewer, new_page

MODELS = Path(__file__).parents[2] / "configs/models"
CONFIG = f"""\
cameras:
  - name: yard
    model: test_pattern
    attributes: {{width_px: 640, height_px: 360, frame_rate: 15}}
  - name: found
    model: transform
    attributes:
      source: yard
      pipeline:
        - type: detections  # of shapes
          attributes: {{detector_name: boxes, confidence_threshold: 0.5, mode: sync}}
  - name: part
    model: transform
    attributes:
      source: found
      pipeline:
        - {{type: crop, attributes: {{x_min_px: 0.25, y_min_px: 0.25, x_max_px: 0.75, y_max_px: 0.75}}}}
services:
  - name: boxes
    type: vision
    model: mlmodel
    attributes: {{model_path: {MODELS}/shapes_detector.tflite, label_path: {MODELS}/shapes.txt, num_threads: 1}}
  - name: reds
    type: vision
    model: color_detector
    attributes: {{detect_color: "#e01b24", hue_tolerance_pct: 0.06, segment_size_px: 100}}
"""
DETECTION = "confidence_threshold: 0.5, mode: sync}\n"
CROP = "        - {type: crop, attributes: {x_max_px: 320, y_max_px: 180}}\n"
WAITS_S = 30.0
PAUSE = threading.Event()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cameras.yaml"
    path.write_text(CONFIG, "utf-8")
    return path


@pytest.fixture
def serving(file: Path) -> Iterator[Serving]:
    with Serving(file.name, cwd=file.parent) as running:
        yield running


def replace(file: Path, text: str) -> None:
    """Replace the file as an editor does."""
    new = file.with_suffix(".new")
    new.write_text(text, "utf-8")
    os.replace(new, file)


def until(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds."""
    deadline_s = time.monotonic() + WAITS_S
    while not condition():
        assert time.monotonic() < deadline_s, f"waited in vain until {what}"
        PAUSE.wait(0.02)  # for another process


def viewers_of(page: Page, serving: Serving, *cameras: str) -> list[Viewer]:
    page.goto(f"{serving.url}healthz")
    viewers = [Viewer(page, camera) for camera in cameras]
    for viewer in viewers:
        viewer.wait_for(10)
    return viewers


def threshold(serving: Serving) -> object:
    return serving.camera("found")["transforms"][0]["attributes"]["confidence_threshold"]


def sessions(serving: Serving, camera: str) -> list[str]:
    return [session["id"] for session in serving.camera(camera)["sessions"]]


def test_a_threshold_changes_and_no_frame_is_lost(serving: Serving, file: Path, page: Page) -> None:
    found, part = viewers_of(page, serving, "found", "part")
    before = {name: serving.camera(name) for name in ("yard", "found", "part")}
    replace(file, CONFIG.replace("confidence_threshold: 0.5", "confidence_threshold: 0.25"))
    until(lambda: threshold(serving) == 0.25, "the threshold is that of the file")
    for viewer in (found, part):
        viewer.wait_for(30)
    for name in ("found", "part"):
        now, then = serving.camera(name), before[name]
        assert [each["id"] for each in now["sessions"]] == [each["id"] for each in then["sessions"]]
        # Asked one after the other, and a frame is on its way meanwhile.
        assert now["counters"]["frames_in"] - now["counters"]["frames_out"] <= 1
        assert now["counters"]["dropped"] == then["counters"]["dropped"]
        assert [each["key_frames"] for each in now["encoders"]] == [each["key_frames"] for each in then["encoders"]]
    assert serving.camera("yard")["counters"]["errors"] == 0


def test_a_transform_is_added_while_it_is_watched(serving: Serving, file: Path, page: Page) -> None:
    found, yard = viewers_of(page, serving, "found", "yard")
    before, others = serving.camera("found"), serving.camera("yard")
    replace(file, CONFIG.replace(DETECTION, DETECTION + CROP, 1))
    until(lambda: serving.camera("found")["width_px"] == 320, "the picture is cropped")
    page.evaluate(
        "number => until(async () => (await statistics(number)).width_px === 320, 30, 'a smaller picture')",
        found.number,
    )
    found.wait_for(15)
    now = serving.camera("found")
    assert sessions(serving, "found") == [each["id"] for each in before["sessions"]]
    assert now["encoders"][0]["key_frames"] - before["encoders"][0]["key_frames"] <= 1
    assert serving.camera("yard")["encoders"][0]["key_frames"] == others["encoders"][0]["key_frames"]
    yard.wait_for(15)


def test_a_model_is_exchanged_while_it_is_watched(serving: Serving, file: Path, page: Page) -> None:
    (found,) = viewers_of(page, serving, "found")
    before = serving.camera("found")
    replace(file, CONFIG.replace("detector_name: boxes", "detector_name: reds"))
    until(lambda: "reds" in serving.camera("found")["counters"]["inferences"], "the other model is asked")
    found.wait_for(15)
    now = serving.camera("found")
    assert [each["id"] for each in now["sessions"]] == [each["id"] for each in before["sessions"]]
    assert now["encoders"][0]["key_frames"] - before["encoders"][0]["key_frames"] <= 1
    assert (now["state"], now["error"]) == ("running", None)


def test_a_renamed_camera_ends_its_viewers_and_no_others(serving: Serving, file: Path, page: Page) -> None:
    found, part, yard = viewers_of(page, serving, "found", "part", "yard")
    replace(file, CONFIG.replace("name: part", "name: detail"))
    until(lambda: serving.client.get("/api/cameras/part").status_code == 404, "the camera has gone")
    ended = "['failed', 'closed', 'disconnected'].includes((await statistics(number)).connection)"
    page.evaluate(f"number => until(async () => {ended}, 30, 'the end of the connection')", part.number)
    Viewer(page, "detail").wait_for(10)
    for viewer in (found, yard):
        viewer.wait_for(10)


def test_a_viewer_whose_token_is_removed_or_loses_the_camera_is_disconnected(file: Path, chromium: Browser) -> None:
    guard, guest = "token-of-the-guard-1", "token-of-the-guest-1"

    def tokens(guard_sees: str, *others: str) -> str:
        mine = f"{{name: guard, token: {guard}, cameras: [{guard_sees}]}}"
        return f"{CONFIG}server: {{tokens: [{', '.join((mine, *others))}]}}\n"

    file.write_text(tokens("found", f"{{name: guest, token: {guest}}}"), "utf-8")
    with Serving(file.name, cwd=file.parent) as serving, new_page(chromium) as page, new_page(chromium) as other:
        for each, token in ((page, guard), (other, guest)):
            each.request.post(f"{serving.url}sign-in", data={"token": token})
        (of_guard,) = viewers_of(page, serving, "found")
        viewers_of(other, serving, "found")
        replace(file, tokens("found"))
        until(lambda: "is dropped: its token is no longer valid" in serving.errors(), "the guest is disconnected")
        of_guard.wait_for(10)
        replace(file, tokens("yard"))
        until(lambda: "is dropped: its token no longer allows this camera" in serving.errors(), "so is the guard")
        assert serving.client.get("/api/cameras/found", auth=("guest", guest)).status_code == 401
        seen = serving.client.get("/api/cameras", auth=("guard", guard)).json()
        assert [(camera["name"], camera["viewers"]) for camera in seen] == [("yard", 0)]


def test_a_file_that_is_broken_or_gone_changes_nothing(serving: Serving, file: Path, page: Page) -> None:
    (found,) = viewers_of(page, serving, "found")
    replace(file, CONFIG.replace("confidence_threshold: 0.5", "confidence_threshold: 5"))

    def configuration() -> Any:
        return serving.client.get("/api/configuration").json()

    until(lambda: configuration()["problems"], "the problem is known")
    assert [(each["line"], each["message"]) for each in configuration()["problems"]] == [
        (11, "must be between 0 and 1, got 5")
    ]
    found.wait_for(10)
    file.unlink()
    until(lambda: configuration()["problems"][0]["message"] == "no such file", "the file is missed")
    found.wait_for(10)
    file.write_text(CONFIG[: len(CONFIG) // 2], "utf-8")
    until(lambda: configuration()["problems"][0]["line"] is not None, "half of the file is seen")
    file.write_text(CONFIG.replace("confidence_threshold: 0.5", "confidence_threshold: 0.75"), "utf-8")
    until(lambda: threshold(serving) == 0.75, "the whole file is applied")
    assert configuration()["problems"] == []
    assert "must be between 0 and 1, got 5" in serving.errors()
    found.wait_for(10)


def test_a_link_that_is_swapped_is_followed(tmp_path: Path) -> None:
    for name, value in (("old", "0.5"), ("new", "0.25")):
        (tmp_path / name).mkdir()
        text = CONFIG.replace("confidence_threshold: 0.5", f"confidence_threshold: {value}")
        (tmp_path / name / "cameras.yaml").write_text(text, "utf-8")
    (tmp_path / "data").symlink_to("old")
    (tmp_path / "cameras.yaml").symlink_to("data/cameras.yaml")
    with Serving("cameras.yaml", cwd=tmp_path) as serving:
        (tmp_path / "fresh").symlink_to("new")
        os.replace(tmp_path / "fresh", tmp_path / "data")
        until(lambda: threshold(serving) == 0.25, "the other file is applied")


def test_without_watching_only_a_signal_reloads(file: Path) -> None:
    with Serving(file.name, "--no-watch", cwd=file.parent) as serving:
        replace(file, CONFIG.replace("confidence_threshold: 0.5", "confidence_threshold: 0.25"))
        assert serving.client.post("/api/check", content=CONFIG).json() == []
        assert threshold(serving) == 0.5
        serving.process.send_signal(signal.SIGHUP)
        until(lambda: threshold(serving) == 0.25, "the file is applied")


def test_a_reload_while_it_ends_delays_nothing(serving: Serving, file: Path) -> None:
    replace(file, CONFIG.replace("detector_name: boxes", "detector_name: reds"))
    serving.process.send_signal(signal.SIGHUP)
    assert serving.stop(signal.SIGTERM) == 0
    assert "Traceback" not in serving.errors()


@pytest.mark.proof
def test_a_hundred_reloads_with_four_viewers_leave_nothing(serving: Serving, file: Path, page: Page) -> None:
    viewers = viewers_of(page, serving, "found", "found", "part", "yard")
    texts = [
        CONFIG.replace("confidence_threshold: 0.5", "confidence_threshold: 0.25"),
        CONFIG.replace("detector_name: boxes", "detector_name: reds"),
        CONFIG.replace(DETECTION, DETECTION + CROP, 1),
        CONFIG.replace("frame_rate: 15", "frame_rate: 14"),
        CONFIG,
    ]

    def measured() -> tuple[float, int, int]:
        process = Path(f"/proc/{serving.process.pid}")
        memory_mb = int((process / "statm").read_text().split()[1]) * 4096 / 1e6
        return memory_mb, len(list((process / "task").iterdir())), len(list((process / "fd").iterdir()))

    figures = []
    for number in range(100):
        began_s = time.monotonic()
        replace(file, texts[number % len(texts)])
        assert serving.client.post("/api/reload").status_code == 200
        for viewer in viewers:
            viewer.wait_for(1)
        if number % len(texts) == len(texts) - 1:
            figures.append(measured())
        PAUSE.wait(max(1.0 - (time.monotonic() - began_s), 0.0))  # as fast as a person who tries values
    print("memory (MB), threads, descriptors:", figures)
    early, late = figures[3], figures[-1]
    assert late[0] < 1.1 * early[0]
    assert late[1] <= early[1] + 2
    assert late[2] <= early[2] + 2
    for viewer in viewers:
        viewer.wait_for(10)


def test_a_model_that_is_trained_again_is_loaded(file: Path) -> None:
    labels = file.with_name("labels.txt")
    labels.write_bytes((MODELS / "shapes.txt").read_bytes())
    file.write_text(CONFIG.replace(f"{MODELS}/shapes.txt", "labels.txt"), "utf-8")
    with Serving(file.name, cwd=file.parent) as serving:
        names = serving.client.get("/api/vision").json()[0]["labels"]
        new = file.with_name("new.txt")
        new.write_text("".join(f"my {name}\n" for name in names), "utf-8")
        os.replace(new, labels)
        until(
            lambda: serving.client.get("/api/vision").json()[0]["labels"] == [f"my {name}" for name in names],
            "the other labels are served",
        )
