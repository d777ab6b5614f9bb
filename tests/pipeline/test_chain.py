"""All transforms of a chain, applied without threads."""

from __future__ import annotations

from pathlib import Path

import pytest

from cameras import Classification
from pipeline import Chain
from tests.fakes import FakeVision, frame
from tests.pipeline.builders import config
from tests.pipeline.test_graph import CHAIN, folder
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
    came = made.apply(frame(pts=7, width=80, height=60))
    made.close()
    made.close()
    assert (came.width, came.height, came.pts) == (40, 30, 7)
    assert [annotation.label for annotation in came.annotations] == ["star"]
    assert made.painted(came).annotations == ()
    assert not service.loaded


def test_the_chain_of_a_source_is_empty(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = chain(folder, FakeVision("shapes"), monkeypatch, "scene")
    still = frame()
    assert made.apply(still) is still


def test_a_failed_open_leaves_nothing_open(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeVision("shapes")
    service.fails = ModelError("no")
    made = chain(folder, service, monkeypatch)
    with pytest.raises(ModelError, match="no"):
        made.open()


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
        assert hidden.apply(frame()).image.max() == 0
    assert caplog.messages == ["the whole picture is hidden: service shapes is not open"]
