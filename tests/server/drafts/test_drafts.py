"""Drafts with their real processes, also of cameras that crash, hang and eat memory."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline import Config, Graph, Problem, load, parse
from server.core import Caller, Forbidden, NotFound, TooManyRequests, on_thread, open_backend
from server.drafts import Draft, Drafts
from server.drafts.drafts import MOST
from server.drafts.process import COMMAND, ProcessLimits
from streams import EncoderPool

from ..served import encoded

CAMERAS = """
cameras:
  - {name: still, model: image_file, linger_s: 0, attributes: {path: still.png, frame_rate: 50}}
  - {name: behaving, model: transform, attributes: {source: still, pipeline: [{type: behave, attributes: {how: well}}]}}
  - {name: found, model: transform, attributes: {source: still, pipeline: [
      {type: detections, attributes: {detector_name: red, confidence_threshold: 0.1}}]}}
services:
  - {name: red, type: vision, model: color_detector,
     attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}}
"""
MODEL = """
  - {name: bad, type: vision, model: mlmodel, attributes: {mlmodel_name: broken}}
  - {name: broken, type: mlmodel, model: tflite_cpu, attributes: {model_path: bad.tflite}}
"""
PLUGIN = """
import ctypes
import os
from typing import ClassVar

import numpy as np

from cameras import Attributes
from transforms import Transform


class BehaveAttributes(Attributes):
    how: str = "well"


class Behave(Transform[BehaveAttributes]):
    type_name: ClassVar[str] = "behave"
    attributes_type: ClassVar[type[Attributes]] = BehaveAttributes

    def apply(self, frame):
        how = self.attributes.how
        if how == "crash":
            os.abort()
        elif how == "eat":
            np.empty(1 << 40, np.uint8)
        elif how.startswith("hang in "):
            open(how.removeprefix("hang in "), "w").close()  # somebody waits for that
            ctypes.PyDLL(None).sleep(1000)  # holds the interpreter, as a native library may
        return frame
"""
ANYONE = Caller()
WAITS = ("sleep", "1000")
"""A process that never says anything; it adds the numbers that follow."""


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Desk:
    """A server's cameras with drafts, and a clock."""

    def __init__(self, folder: Path, graph: Graph, drafts: Drafts, clock: Clock) -> None:
        self.folder = folder
        self.graph = graph
        self.drafts = drafts
        self.clock = clock

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now_s += seconds
        self.drafts.look()


@asynccontextmanager
async def desk(folder: Path, command: Sequence[str] = COMMAND, **limits: Any) -> AsyncIterator[Desk]:
    (folder / "still.png").write_bytes(encoded())
    (folder / "behaviour.py").write_text(PLUGIN)
    (folder / "porch.yaml").write_text(CAMERAS + "plugins: [behaviour.py]\n")
    served = load(folder / "porch.yaml", run_plugins=True)
    graph, clock = Graph(served), Clock()
    backend = open_backend(graph, EncoderPool())
    drafts = Drafts(
        backend,
        lambda text: parse(text, "porch.yaml", folder, tables=served.tables),
        clock=clock,
        command=command,
        limits=ProcessLimits(**limits),
    )
    try:
        yield Desk(folder, graph, drafts, clock)
    finally:
        await drafts.close()
        backend.close()
        await on_thread("close", graph.close)
        sys.modules.pop("behaviour", None)


async def shown(draft: Draft, after: int = 0) -> tuple[int, np.ndarray[Any, Any]]:
    """Wait for a picture."""
    found = await draft.picture(after, 30)
    assert found is not None, draft.info()
    image = cv2.imdecode(np.frombuffer(found.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return found.number, image


async def until(draft: Draft, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until something is true of the state of a draft, and return the state."""
    number = 0
    async with asyncio.timeout(30):
        while not is_so(draft.info()):
            picture = await draft.picture(number, 0.1)
            number = picture.number if picture else number
    return draft.info()


async def failure(draft: Draft) -> str:
    """Wait until a draft has failed, and return why."""
    error: str = (await until(draft, lambda info: info["state"] == "failed"))["error"]
    return error


def test_it_shows_a_changed_text_on_the_frames_of_the_served_camera(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path) as at:
            draft, still = at.drafts.create(ANYONE), at.graph.feeds["still"]
            assert draft.info()["state"] == "starting"
            assert await draft.change(CAMERAS, "found", ANYONE) == ()
            number, image = await shown(draft)
            assert image.shape == (48, 64, 3)
            info = draft.info()
            assert (info["state"], info["camera"], info["source"], info["error"]) == ("running", "found", "still", None)
            assert (info["width_px"], info["height_px"]) == (64, 48)
            assert [found["kind"] for found in info["predictions"]] == ["detection"]
            assert still.watched and not at.graph.feeds["found"].watched

            # A changed value needs no new process, and the numbers go on.
            process = draft._process
            text = CAMERAS.replace("confidence_threshold: 0.1", "valid_labels: [other]")
            assert await draft.change(text, "found", ANYONE) == ()
            await until(draft, lambda info: not info["predictions"])
            assert (await shown(draft, number))[0] > number
            assert draft._process is process

            # Another camera shows nothing of this one.
            assert await draft.change(text, "behaving", ANYONE) == ()
            assert draft.info()["width_px"] is None
            assert (await shown(draft))[0] > number
            assert draft.info()["camera"] == "behaving" and draft._process is process
            assert await draft.change(text, "found", ANYONE) == ()
            await shown(draft)

            # What is wrong changes nothing.
            (problem,) = await draft.change(text.replace("detector_name: red", "detector_name: rde"), "found", ANYONE)
            assert isinstance(problem, Problem) and (problem.line, "rde" in problem.message) == (6, True)
            assert draft.info()["state"] == "running"

            # A source with other settings is the draft's own.
            other = text.replace("path: still.png", "path: other.png")
            (tmp_path / "other.png").write_bytes(encoded(image=np.zeros((20, 30, 3), np.uint8)))
            assert await draft.change(other, "found", ANYONE) == ()
            assert (await until(draft, lambda info: info["width_px"] == 30))["source"] is None

    asyncio.run(main())


def test_a_file_that_is_missing_is_the_error_that_the_page_would_show(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path) as at:
            draft = at.drafts.create(ANYONE)
            text = CAMERAS.replace("path: still.png", "path: gone.png")
            (tmp_path / "gone.png").write_bytes(b"no picture")
            assert await draft.change(text, "found", ANYONE) == ()
            info = await until(draft, lambda info: info["state"] == "running")
            assert info["error"] is not None and info["error"].startswith("source still: gone.png")

    asyncio.run(main())


def test_a_model_that_cannot_be_used_leaves_the_picture_and_its_process(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path) as at:
            draft = at.drafts.create(ANYONE)
            assert await draft.change(CAMERAS, "found", ANYONE) == ()
            number, _ = await shown(draft)
            process = draft._process
            (tmp_path / "bad.tflite").write_bytes(b"no model")
            text = CAMERAS.replace("detector_name: red", "detector_name: bad") + MODEL
            assert await draft.change(text, "found", ANYONE) == ()
            info = await until(draft, lambda info: info["error"] is not None)
            assert info["error"].startswith("services[2].attributes.model_path: bad.tflite: ")
            assert await draft.change(CAMERAS, "found", ANYONE) == ()
            await until(draft, lambda info: info["error"] is None)
            assert (await shown(draft, number))[0] > number and draft._process is process

    asyncio.run(main())


def test_nobody_else_is_hurt_by_one_that_crashes_eats_memory_or_hangs(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path) as at:
            draft = at.drafts.create(ANYONE)

            async def behave(how: str) -> None:
                assert await draft.change(CAMERAS.replace("how: well", f'how: "{how}"'), "behaving", ANYONE) == ()

            await behave("crash")
            waiting = asyncio.create_task(draft.picture(0, 30))
            assert await waiting is None  # who waits for a picture hears of it at once
            assert await failure(draft) == "the draft crashed (SIGABRT); a native library or a plugin is to blame"

            await behave("well")  # a fresh process
            await until(draft, lambda info: (info["state"], info["error"]) == ("running", None))
            await shown(draft)

            await behave("eat")  # more than it may have
            info = await until(draft, lambda info: "pipeline[0] (behave)" in str(info["error"]))
            assert info["state"] == "running"

            # What failed may have left something in its process, so that the next text gets another one.
            spoiled = draft._process
            pipe = tmp_path / "hangs"
            os.mkfifo(pipe)
            await behave(f"hang in {pipe}")
            assert draft._process is not spoiled
            await on_thread("until it hangs", pipe.read_bytes)
            draft._asked_at_s = at.clock.now_s + 10
            at.later(11)
            assert await failure(draft) == "the draft was ended: it did not answer for 10 s"
            assert at.graph.feeds["still"].error is None

    asyncio.run(main())


def test_one_over_its_limit_of_memory_is_ended(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path, WAITS, resident_bytes=0) as at:
            draft = at.drafts.create(ANYONE)

            def looked(info: dict[str, Any]) -> bool:
                at.drafts.look()
                return bool(info["state"] == "failed")

            assert (await until(draft, looked))["error"] == "the draft was ended: it used more than 0 GB of memory"

    asyncio.run(main())


def test_one_that_does_not_start_is_a_sentence(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path, ("/nowhere/python",)) as at:
            assert "the draft cannot be started: " in await failure(at.drafts.create(ANYONE))

    asyncio.run(main())


def test_its_camera_runs_while_somebody_asks_for_pictures_and_it_ends_after_the_last_request(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path) as at:
            draft, still = at.drafts.create(ANYONE), at.graph.feeds["still"]
            with draft.asked():
                assert await draft.change(CAMERAS, "found", ANYONE) == ()
                assert not still.watched
                await shown(draft)
            at.later(5.9)
            assert still.watched
            with draft.asked():
                draft.info()
            at.later(0.2)
            assert await on_thread("until unwatched", lambda: ended("draft of still"))
            assert not still.watched
            with draft.asked():
                at.later(20)
            at.later(14.9)
            assert at.drafts.get(draft.id, ANYONE) is draft
            at.later(0.1)
            with pytest.raises(NotFound, match="there is no such draft"):
                at.drafts.get(draft.id, ANYONE)

    asyncio.run(main())


def test_pictures_end_when_their_camera_becomes_private_or_is_removed(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path) as at:
            draft, still = at.drafts.create(ANYONE), at.graph.feeds["still"]
            assert await draft.change(CAMERAS, "still", ANYONE) == ()
            await shown(draft)
            private = replace(at.graph.config.cameras["still"], private=True)
            config = at.graph.config
            cameras = config.cameras | {"still": private}
            await on_thread("change", lambda: at.graph.reconfigure(replace(config, cameras=cameras)))
            at.drafts.look()
            assert ended("draft of still") and not still.watched
            await on_thread("change", lambda: at.graph.reconfigure(replace(config, cameras={}, services={})))
            assert draft.info()["error"] == "camera still is no longer served"

    asyncio.run(main())


def ended(name: str) -> bool:
    """Wait for the end of a thread, and return whether it has ended."""
    found = [thread for thread in threading.enumerate() if thread.name == name]
    for thread in found:
        thread.join(5)
    return not any(thread.is_alive() for thread in found)


def test_an_end_ends_what_waits_for_a_picture_also_of_a_draft_that_has_failed(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path, ("/nowhere/python",)) as at:
            draft = at.drafts.create(ANYONE)
            await failure(draft)
            waiting = asyncio.create_task(draft.picture(0, 3600))
            await asyncio.sleep(0)  # until it waits
            await draft.close()
            async with asyncio.timeout(20):
                assert await waiting is None
                assert await draft.picture(0, 3600) is None

    asyncio.run(main())


def test_a_text_that_comes_while_a_draft_ends_starts_no_process(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path, WAITS) as at:
            draft, reads, may_go_on = at.drafts.create(ANYONE), threading.Event(), threading.Event()
            read = at.drafts.read

            def slow(text: str) -> Config:
                reads.set()
                assert may_go_on.wait(20)
                return read(text)

            at.drafts.read = slow
            changing = asyncio.create_task(draft.change(CAMERAS, "still", ANYONE))
            assert await on_thread("reads", lambda: reads.wait(20))
            await draft.close()
            may_go_on.set()
            with pytest.raises(NotFound, match="the draft has ended"):
                await changing
            assert draft._process is None

    asyncio.run(main())


def test_only_a_few_run_and_only_for_the_token_that_has_made_them(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path, WAITS) as at:
            made = [at.drafts.create(Caller("editor")) for _ in range(MOST)]
            with pytest.raises(TooManyRequests) as refused:
                at.drafts.create(ANYONE)
            assert refused.value.retry_after_s == 15
            with pytest.raises(NotFound):
                at.drafts.get(made[0].id, Caller("another"))
            at.drafts.end(made[0])
            at.drafts.end(made[0])
            at.drafts.create(ANYONE)
            limited = Caller("editor", cameras=frozenset({"found"}))
            with pytest.raises(Forbidden):
                await made[1].change(CAMERAS, "found", limited)

    asyncio.run(main())
