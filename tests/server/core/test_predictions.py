"""The predictions of a service in a reply."""

import logging
from collections.abc import Iterator

import pytest

from cameras import Classification, Frame
from server.core import (
    ModelUnavailable,
    TooLarge,
    Unreadable,
    Unsupported,
    UnsupportedMedia,
    Wanted,
    decode,
    recognised,
    reply,
    require_kind,
)
from tests.fakes import FakeVision, frame
from vision import ModelError, Session

from ..conftest import classifier, detector
from ..served import encoded


@pytest.fixture
def names() -> Iterator[Session]:
    """Yield a session of a classifier."""
    with classifier().open_session() as session:
        yield session


@pytest.mark.parametrize(
    ("wanted", "labels"),
    [
        (Wanted(), ["star", "mug", "circle", "square", "cone"]),
        (Wanted(n=0), ["star", "mug", "circle", "square", "cone", "ring", "cross"]),
        (Wanted(n=2), ["star", "mug"]),
        (Wanted(threshold=0.5), ["star", "mug", "circle"]),
    ],
    ids=["five by default", "all", "two", "a threshold includes itself"],
)
def test_the_number_of_items_is_limited(names: Session, wanted: Wanted, labels: list[str]) -> None:
    assert [item["class_name"] for item in recognised(names, Classification, frame(), wanted)] == labels


def test_a_reply_names_the_service_and_the_size_of_the_picture(names: Session) -> None:
    body = reply(names, Classification, frame(width=8, height=6), Wanted(n=1))
    found = [{"class_name": "star", "confidence": 0.7}]
    assert body == {"service": "names", "width_px": 8, "height_px": 6, "classifications": found}


def test_a_kind_that_a_service_does_not_give_is_refused() -> None:
    with pytest.raises(Unsupported, match="vision service boxes gives detections, not classifications"):
        require_kind(detector(), "classifications")


def test_the_error_of_a_model_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FakeVision):
        def _classify(self, frame: Frame) -> tuple[Classification, ...]:
            raise ModelError("/srv/secret/a.tflite: broke")

    with Broken("names").open_session() as session, pytest.raises(ModelUnavailable) as raised:
        reply(session, Classification, frame(), Wanted())
    assert raised.value.detail == "vision service names cannot use its model; the server's log says why"
    expected = [(logging.ERROR, "vision service names: /srv/secret/a.tflite: broke")]
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == expected


def test_a_picture_becomes_a_frame_or_an_error() -> None:
    made = decode(encoded())
    assert (made.width, made.height) == (64, 48)
    with pytest.raises(UnsupportedMedia):
        decode(b"no picture")
    with pytest.raises(Unreadable):
        decode(encoded(".jpg")[:-40])
    huge = bytearray(encoded())
    huge[16:24] = (60_000).to_bytes(4, "big") * 2
    with pytest.raises(TooLarge):
        decode(bytes(huge))
