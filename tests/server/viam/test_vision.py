"""Viam's vision service."""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from grpclib import Status
from viam.media.video import CameraMimeType, ViamImage
from viam.utils import ValueTypes

from cameras import Attributes, BoundingBox, Caption, Classification, Detection, Frame, Keypoint, Keypoints, as_mask
from pipeline import LimitsConfig
from server.viam import calls
from tests.fakes import FakeVision
from vision import ModelError

from ..conftest import LABELS, check_threads, classifier, detector, threads_now
from ..served import Served, encoded, still
from .clients import TEXT, Clients, asked, clients, connected, port_of, refused


class Looking(FakeVision):
    """A classifier that records its frames, and calls a function of the test before it returns."""

    def __init__(self, name: str, before: Callable[[], None] = lambda: None) -> None:
        super().__init__(name)
        self.kinds = frozenset({"classifications"})
        self.before = before
        self.seen: list[Frame] = []

    def _classify(self, frame: Frame) -> tuple[Classification, ...]:
        self.seen.append(frame)
        self.before()
        return (Classification("seen", 0.5),)


class AtHome(Looking):
    """A classifier with a default camera."""

    @classmethod
    def default_camera(cls, attributes: Attributes) -> str | None:
        return "seen"


class Saying(FakeVision):
    """A service that gives captions."""

    def _caption(self, frame: Frame) -> tuple[Caption, ...]:
        return (Caption("a red sky", 0.75),)


def failing(error: Exception) -> Looking:
    def fail() -> None:
        raise error

    return Looking(type(error).__name__, fail)


LOOKING = Looking("looking")
UNSORTED = FakeVision(
    "unsorted",
    detections=[
        Detection("unsure", 0.2, box=BoundingBox(0, 0, 0.5, 0.5)),
        Detection("outside", 0.95, box=BoundingBox(1.2, 0, 1.5, 0.5)),
        Detection("sure", 0.9, box=BoundingBox(0.5, 0.5, 1.25, 1)),
        Detection("as sure", 0.9, box=BoundingBox(0, 0.5, 0.5, 1), track_id=7),  # Viam's message has no such field
    ],
)
POINTS = (Keypoint("head", 0.5, 0.25, 0.9), Keypoint("hand", 0.75, 0.5, 0.3), Keypoint("foot", 0.5, 1.0, 0.1))
POSE = FakeVision(
    "pose",
    keypoints=[
        Keypoints("sitting", 0.7, points=POINTS, skeleton=((0, 1),)),
        Keypoints("standing", 0.9, points=POINTS, box=BoundingBox(0.25, 0.0, 1.0, 1.0)),
        Keypoints("hidden", 0.8, points=POINTS[2:]),
    ],
    kinds=["keypoints"],
)
OUTLINED = FakeVision(
    "outlined",
    detections=[
        Detection(
            "ship",
            0.9,
            box=BoundingBox(0, 0, 0.5, 0.5),
            polygon=((0.25, 0.0), (0.5, 0.25), (0.25, 0.5), (0.0, 0.25)),
            mask=as_mask(np.ones((2, 2), bool)),
        )
    ],
    kinds=["detections"],
)
HELD, RELEASED = threading.Event(), threading.Event()


def hold() -> None:
    HELD.set()
    assert RELEASED.wait(30)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    says = Saying("says")
    says.kinds = frozenset({"captions"})
    unloadable = Looking("unloadable")
    unloadable.fails = ModelError("/home/me/models/a.tflite: is not a model")
    services = (
        *(classifier(), detector(), LOOKING, AtHome("home"), says, unloadable, Looking("slow", hold)),
        *(UNSORTED, POSE, OUTLINED),
        *(failing(ModelError("/home/me/models/b.tflite: broke")), failing(ValueError("a mistake in some.py"))),
    )
    with Served(tmp_path_factory.mktemp("viam"), TEXT, services=services) as running:
        yield running
    check_threads(before)


def picture(suffix: str = ".jpg", mime_type: CameraMimeType = CameraMimeType.JPEG) -> ViamImage:
    return ViamImage(encoded(suffix), mime_type)


@pytest.mark.parametrize(("n", "found"), [(2, 2), (1, 1), (0, 7), (-1, 7), (100, 7)])
def test_the_best_n_are_returned_in_order_and_all_for_zero(served: Served, n: int, found: int) -> None:
    got = asked(served, lambda there: there.vision("names").get_classifications(picture(), n))
    assert [item.class_name for item in got] == list(LABELS[:found])
    assert got[0].confidence == pytest.approx(0.7)
    got = asked(served, lambda there: there.vision("names").get_classifications_from_camera("still", n))
    assert [item.class_name for item in got] == list(LABELS[:found])


def test_boxes_are_in_pixels_and_in_fractions(served: Served) -> None:
    for ask in (
        lambda there: there.vision("boxes").get_detections(picture()),
        lambda there: there.vision("boxes").get_detections_from_camera("still"),
    ):
        mug, star = asked(served, ask)
        assert (mug.class_name, mug.x_min, mug.y_min, mug.x_max, mug.y_max) == ("mug", 0, 0, 32, 48)
        assert mug.confidence == pytest.approx(0.8)
        assert (star.x_min, star.y_min, star.x_max, star.y_max) == (16, 0, 48, 24)
        fractions = (star.x_min_normalized, star.y_min_normalized, star.x_max_normalized, star.y_max_normalized)
        assert fractions == (0.25, 0.0, 0.75, 0.5)


def test_detections_are_sorted_by_confidence_and_all_have_pixels(served: Served) -> None:
    for found in (
        asked(served, lambda there: there.vision("unsorted").get_detections(picture())),
        asked(served, lambda there: there.vision("unsorted").get_detections_from_camera("still")),
        asked(
            served, lambda there: there.vision("unsorted").capture_all_from_camera("still", return_detections=True)
        ).detections,
    ):
        assert [item.class_name for item in found] == ["sure", "as sure", "unsure"]
        sure = found[0]
        assert (sure.x_min, sure.y_min, sure.x_max, sure.y_max) == (32, 24, 64, 48), "cut at the picture's edge"
        assert sure.x_max_normalized == 1.0


@pytest.mark.parametrize("suffix", [".png", ".webp", ".bmp", ".tiff", ".jpg"])
def test_the_bytes_decide_the_format(served: Served, suffix: str) -> None:
    LOOKING.seen.clear()
    asked(served, lambda there: there.classify("looking", encoded(suffix), "text/html"))
    (frame,) = LOOKING.seen
    assert np.abs(frame.image.astype(int) - still()).mean() < 8


def test_a_raw_picture_is_accepted(served: Served) -> None:
    LOOKING.seen.clear()
    rgba = cv2.cvtColor(still(), cv2.COLOR_BGR2RGBA)
    data = b"RGBA" + struct.pack(">II", 64, 48) + rgba.tobytes()
    asked(served, lambda there: there.classify("looking", data, CameraMimeType.VIAM_RGBA))
    np.testing.assert_array_equal(LOOKING.seen[0].image, still())


def test_the_exif_orientation_is_ignored(served: Served) -> None:
    LOOKING.seen.clear()
    jpeg = encoded(".jpg")
    turned = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    data = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(turned) + 2) + turned + jpeg[2:]
    asked(served, lambda there: there.classify("looking", data))
    assert (LOOKING.seen[0].width, LOOKING.seen[0].height) == (64, 48)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the picture is empty"),
        (b"no picture at all", "not a picture: "),
        (encoded(".png")[:60], "the PNG picture is damaged or incomplete"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 60000, 60000) + b"\x08\2\0\0\0....", "too large: "),
        (b"RGBA" + struct.pack(">II", 64, 48) + b"\0" * 9, "a raw picture whose header does not fit its size"),
        (b"RGBA", "a raw picture whose header does not fit its size"),
        (b"\xff\xd8\xff" + b"\0" * LimitsConfig().picture_bytes, "a picture must be under 20 MB"),
    ],
    ids=["none", "text", "damaged", "bomb", "raw", "raw without header", "bytes"],
)
def test_bytes_that_are_not_a_picture_are_refused(served: Served, data: bytes, sentence: str) -> None:
    for ask in (lambda there: there.classify("names", data), lambda there: there.detect("boxes", data)):
        status, said = refused(served, ask)
        assert status is Status.INVALID_ARGUMENT
        assert said.startswith(sentence)


def test_a_request_that_is_too_large_is_not_read(served: Served) -> None:
    data = b"\0" * (LimitsConfig().picture_bytes + calls.PARAMETERS_BYTES_MAX + 1)
    assert refused(served, lambda there: there.classify("names", data)) == (
        Status.INVALID_ARGUMENT,
        "a request must be under 21 MB",
    )


def test_a_service_can_have_a_default_camera(served: Served) -> None:
    (found,) = asked(served, lambda there: there.vision("home").get_classifications_from_camera("", 1))
    assert found.class_name == "seen"
    assert asked(served, lambda there: there.vision("home").get_properties()).default_camera == "seen"
    assert refused(served, lambda there: there.vision("names").get_classifications_from_camera("", 1)) == (
        Status.INVALID_ARGUMENT,
        "the request names no camera, and vision service names has no camera_name",
    )


@pytest.mark.parametrize("name", ["unknown", "secret"])
def test_unknown_names_are_not_found(served: Served, name: str) -> None:
    assert refused(served, lambda there: there.vision("names").get_classifications_from_camera(name, 1)) == (
        Status.NOT_FOUND,
        f"there is no camera {name!r}",
    )
    expected = (Status.NOT_FOUND, "there is no vision service 'unknown'")
    assert refused(served, lambda there: there.vision("unknown").get_classifications(picture(), 1)) == expected
    assert refused(served, lambda there: there.vision("unknown").get_properties()) == expected
    assert refused(served, lambda there: there.vision("unknown").get_status()) == expected


def test_the_refusal_of_an_unsupported_kind_is_explained(served: Served) -> None:
    assert refused(served, lambda there: there.vision("names").get_detections(picture())) == (
        Status.UNIMPLEMENTED,
        "vision service names gives classifications, not detections",
    )
    no_3d = (Status.UNIMPLEMENTED, "camweave's vision services find objects in pictures, not in space")
    assert refused(served, lambda there: there.vision("names").get_detections_3d("still")) == no_3d
    assert refused(served, lambda there: there.vision("names").get_object_point_clouds("still")) == no_3d


def test_capture_all_omits_unsupported_kinds(served: Served) -> None:
    got = asked(
        served,
        lambda there: there.vision("names").capture_all_from_camera(
            "still",
            return_classifications=True,
            return_detections=True,
            return_object_point_clouds=True,
            return_detections_3d=True,
        ),
    )
    assert [item.class_name for item in got.classifications] == list(LABELS), "all, not only the best"
    assert not got.detections and not got.objects and not got.detections_3d


def test_capture_all_uses_one_frame(served: Served) -> None:
    LOOKING.seen.clear()
    got = asked(
        served,
        lambda there: there.vision("looking").capture_all_from_camera(
            "seen", return_image=True, return_classifications=True, return_detections=True
        ),
    )
    assert (got.image.mime_type, got.image.width, got.image.height) == ("image/jpeg", 32, 24)
    assert [item.class_name for item in got.classifications] == ["seen"]
    assert got.detections == []
    assert got.extra["sequence"] == LOOKING.seen[0].sequence
    assert (got.extra["width_px"], got.extra["height_px"]) == (32, 24)

    got = asked(served, lambda there: there.vision("boxes").capture_all_from_camera("still", return_detections=True))
    assert got.image is None
    assert [item.class_name for item in got.detections] == ["mug", "star"]


def test_do_command_returns_kinds_without_a_method(served: Served) -> None:
    got = asked(served, lambda there: there.vision("says").do_command({"kind": "captions", "camera_name": "still"}))
    assert got["captions"] == [{"text": "a red sky", "confidence": 0.75}]
    assert (got["service"], got["camera"], got["width_px"]) == ("says", "still", 64)
    got = asked(served, lambda there: there.vision("home").do_command({"kind": "classifications"}))
    assert got["camera"] == "seen"


@pytest.mark.parametrize("command", [{}, {"kind": "detections"}, {"kind": 5}, {"kind": "captions", "more": 1}])
def test_the_refusal_of_an_invalid_command_shows_a_valid_one(served: Served, command: dict[str, ValueTypes]) -> None:
    assert refused(served, lambda there: there.vision("says").do_command(command)) == (
        Status.INVALID_ARGUMENT,
        'a command is {"kind": KIND, "camera_name": NAME}; KIND for vision service says is captions',
    )


def test_properties_and_status(served: Served) -> None:
    properties = asked(served, lambda there: there.vision("boxes").get_properties())
    assert properties.detections_supported
    assert not properties.classifications_supported
    assert not properties.object_point_clouds_supported
    assert not properties.HasField("default_camera")
    status = asked(served, lambda there: there.vision("names").get_status())
    assert status["labels"] == list(LABELS)
    assert status["kinds"] == ["classifications"]


@pytest.mark.parametrize("name", ["unloadable", "ModelError"])
def test_only_the_log_names_the_file_of_a_failing_model(
    served: Served, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert refused(served, lambda there: there.classify(name, encoded())) == (
        Status.FAILED_PRECONDITION,
        f"vision service {name} cannot use its model; the server's log says why",
    )
    assert "/home/me/models/" in caplog.text


def test_only_the_log_has_the_details_of_a_bug(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    assert refused(served, lambda there: there.classify("ValueError", encoded())) == (
        Status.INTERNAL,
        "the server failed at this request; its log says how",
    )
    assert "a mistake in some.py" in caplog.text


def test_the_server_answers_while_a_model_runs(served: Served) -> None:
    async def main() -> None:
        async with connected(port_of(served)) as robot, clients(served) as there:
            async with asyncio.timeout(20):
                looking = asyncio.create_task(there.vision("slow").get_classifications(picture(), 1))
                await asyncio.to_thread(HELD.wait, 10)
                for _ in range(20):  # what a client does every ten seconds, with this limit
                    async with asyncio.timeout(1):
                        await robot.refresh()  # type: ignore[no-untyped-call]
                assert not looking.done()
                RELEASED.set()
                (found,) = await looking
                assert found.class_name == "seen"

    asyncio.run(main())


def test_a_client_whose_call_times_out_keeps_its_connection(served: Served) -> None:
    async def main(there: Clients) -> None:
        with pytest.raises(TimeoutError):
            await there.vision("names").get_classifications_from_camera("gone", 1, timeout=0.2)
        assert await there.vision("names").get_classifications(picture(), 1)

    asked(served, main)


def test_objects_with_keypoints_are_detections_of_their_boxes(served: Served) -> None:
    for ask in (
        lambda there: there.vision("pose").get_detections(picture()),
        lambda there: there.vision("pose").get_detections_from_camera("still"),
    ):
        standing, sitting = asked(served, ask)
        assert (standing.class_name, standing.confidence) == ("standing", pytest.approx(0.9))
        assert (standing.x_min, standing.y_min, standing.x_max, standing.y_max) == (16, 0, 64, 48)
        assert (sitting.x_min, sitting.y_min, sitting.x_max, sitting.y_max) == (32, 12, 48, 24), "of its visible points"
    properties = asked(served, lambda there: there.vision("pose").get_properties())
    assert (properties.detections_supported, properties.classifications_supported) == (True, False)
    everything = asked(
        served, lambda there: there.vision("pose").capture_all_from_camera("still", return_detections=True)
    )
    assert [item.class_name for item in everything.detections] == ["standing", "sitting"]


def test_keypoints_have_a_command(served: Served) -> None:
    command: dict[str, ValueTypes] = {"kind": "keypoints", "camera_name": "still"}
    got = asked(served, lambda there: there.vision("pose").do_command(command))
    first = got["keypoints"][0]
    assert (first["class_name"], first["points"][0]["name"], first["points"][0]["x"]) == ("standing", "head", 32.0)


def test_turned_boxes_and_masks_are_left_out_of_detections(served: Served) -> None:
    [ship] = asked(served, lambda there: there.vision("outlined").get_detections(picture()))
    assert (ship.class_name, ship.x_min, ship.x_max) == ("ship", 0, 32)
