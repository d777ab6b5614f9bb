"""All transforms of a chain, applied without threads."""

from __future__ import annotations

import threading
import weakref
from pathlib import Path
from typing import Any, cast

import pytest

from cameras import Classification, Detection, Frame, Prediction
from pipeline import Chain
from tests.fakes import FakeVision, frame, no_collection
from tests.pipeline.builders import config
from tests.pipeline.test_graph import CHAIN, folder
from tests.transforms.pictures import detection
from tests.transforms.services import FunctionVision
from transforms import TRANSFORMS
from transforms.modes import MODES, InferenceMode
from vision import ModelError

__all__ = ["folder"]


def chain(folder: Path, service: FakeVision, monkeypatch: pytest.MonkeyPatch, camera: str = "cut") -> Chain:
    monkeypatch.setattr("pipeline.chain.make_services", lambda config: {"shapes": service})
    return Chain(config(CHAIN, folder), camera)


def test_all_transforms_are_applied_from_the_root(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeVision("shapes", classifications=[Classification("star", 0.9)])
    made = chain(folder, service, monkeypatch)
    assert made.root.name == "scene"
    made.open()
    (came,) = made.apply(frame(pts=7, width=80, height=60))
    made.close()
    made.close()
    assert (came.width, came.height, came.pts) == (40, 30, 7)
    assert [annotation.label for annotation in came.annotations] == ["star"]
    assert not service.loaded


def test_the_chain_of_a_source_is_empty(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = chain(folder, FakeVision("shapes"), monkeypatch, "scene")
    still = frame()
    assert made.apply(still) == (still,)


def test_a_failed_open_leaves_nothing_open(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeVision("shapes")
    service.fails = ModelError("no")
    made = chain(folder, service, monkeypatch)
    with pytest.raises(ValueError, match=r"^camera named: pipeline\[0\] \(classifications\): no$"):
        made.open()


def test_an_unexpected_error_of_a_transform_names_its_type_and_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def apply(self: object, frame: Frame) -> Frame:
        raise AttributeError("no imag")

    monkeypatch.setattr(TRANSFORMS["crop"], "apply", apply)
    made = chain(folder, FakeVision("shapes"), monkeypatch)
    made.open()
    with pytest.raises(ValueError, match=r"^AttributeError: no imag \(test_chain.py, line \d+\)$"):
        made.apply(frame(width=80, height=60))
    made.close()


@pytest.mark.parametrize("kind", [ValueError, ModelError, AttributeError, SystemExit])
def test_an_error_holds_its_frame_no_longer_than_the_caller_holds_the_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    def apply(self: object, frame: Frame) -> Frame:
        raise kind("no")

    monkeypatch.setattr(TRANSFORMS["crop"], "apply", apply)
    made = chain(folder, FakeVision("shapes"), monkeypatch)
    made.open()
    taken = frame(width=80, height=60)
    gone = weakref.ref(taken.pixels)
    with no_collection():
        try:
            made.apply(taken)
        except BaseException as error:
            assert "no" in str(error)
        del taken
        assert gone() is None
    made.close()


def test_an_unknown_camera_is_a_key_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError):
        chain(folder, FakeVision("shapes"), monkeypatch, "nobody")


def test_hidden_frames_are_logged_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = FakeVision("shapes")
    monkeypatch.setattr("pipeline.chain.make_services", lambda config: {"shapes": service})
    hidden = Chain(
        config(CHAIN.replace("classifications", "redact").replace("classifier", "detector"), folder), "named"
    )
    for _ in range(3):
        assert hidden.apply(frame())[0].image.max() == 0
    assert caplog.messages == ["the whole picture is hidden: service shapes is not open"]


def test_the_frames_of_a_file_have_no_deadline(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    threads = []

    def detect(frame: Frame) -> tuple[Detection, ...]:
        threads.append(threading.current_thread().name)
        return (detection(0, 0, 0.5, 0.5),)

    monkeypatch.setattr(
        "pipeline.chain.make_services", lambda config: {"shapes": FunctionVision("shapes", detect=detect)}
    )
    redacting = CHAIN.replace(
        "classifications, attributes: {classifier_name: shapes}",
        "redact, attributes: {detector_name: shapes, method: fill, margin: 0, deadline_s: 1.0e-9}",
    )
    made = Chain(config(redacting, folder), "named")
    made.open()
    try:
        (came,) = made.apply(frame(width=64, height=64, color=(200, 200, 200)))
    finally:
        made.close()
    assert came.image[:30, :30].max() == 0 and came.image[40:, 40:].min() > 100
    assert (threads, caplog.messages) == (["service shapes"], [])  # not the thread that keeps a deadline


class Impatient(InferenceMode):
    """A mode whose frames never wait for a result."""

    mode = "latest"

    def predict(self, kind: type[Any], frame: Frame) -> tuple[Any, ...]:
        return ()


def test_the_frames_of_a_file_wait_for_their_own_results_in_every_mode(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cast(dict[str, Any], MODES), "auto", lambda service, attributes: Impatient(service))
    made = chain(folder, FakeVision("shapes", classifications=[Classification("star", 0.9)]), monkeypatch, "named")
    made.open()
    (came,) = made.apply(frame())
    made.close()
    assert [cast(Prediction, annotation).label for annotation in came.annotations] == ["star"]


SEVERAL = CHAIN.replace(
    "    services:",
    """
      - {name: other, model: test_pattern}
      - {name: beside, model: transform, attributes: {source: other, pipeline: [{type: identity}]}}
      - name: turned
        model: transform
        attributes: {source: cut, pipeline: [{type: rotate, attributes: {angle_degs: 90}}]}
      - name: small
        model: transform
        attributes: {source: cut, pipeline: [{type: resize, attributes: {width_px: 10, height_px: 5}}]}
    services:""",
)


def test_of_several_cameras_what_they_share_is_applied_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeVision("shapes", classifications=[Classification("star", 0.9)])
    monkeypatch.setattr("pipeline.chain.make_services", lambda config: {"shapes": service})
    crops: list[int] = []
    crop = TRANSFORMS["crop"].apply

    def noted(transform: Any, frame: Frame) -> Frame:
        crops.append(frame.pts)
        return crop(transform, frame)

    monkeypatch.setattr(TRANSFORMS["crop"], "apply", noted)
    made = Chain(config(SEVERAL, folder), "turned", "named", "small", "cut", "scene")
    made.open()
    for pts in (3, 4):
        came = made.apply(frame(pts=pts, width=80, height=60))
        assert [(each.width, each.height) for each in came] == [(30, 40), (80, 60), (10, 5), (40, 30), (80, 60)]
        assert [len(each.annotations) for each in came] == [1, 1, 1, 1, 0]
        assert {each.pts for each in came} == {pts}
    made.close()
    assert crops == [3, 4]
    assert made.root.name == "scene" and len(made.styles) == 5
    assert not service.loaded


def test_cameras_of_different_sources_have_no_common_chain(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.chain.make_services", lambda config: {"shapes": FakeVision("shapes")})
    with pytest.raises(ValueError) as caught:
        Chain(config(SEVERAL, folder), "cut", "small", "beside")
    assert str(caught.value) == (
        'the cameras must come from one source, but "cut" comes from "scene" and "beside" from "other"'
    )
