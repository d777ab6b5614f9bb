"""The entrance for Viam's clients: cameras, and what holds for every call."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from grpclib import GRPCError, Status
from grpclib.client import UnaryUnaryMethod
from grpclib.exceptions import StreamTerminatedError
from viam.media.video import CameraMimeType, ViamImage
from viam.proto.robot import GetMachineStatusRequest, RobotServiceStub, StartSessionRequest

from cameras import Intrinsics
from server.core import frames
from server.program import StartError
from server.viam import calls, camera, pictures
from server.viam.messages import GetImageRequest, GetImageResponse
from tests.fakes import frame

from ..conftest import check_threads, classifier, detector, threads_now
from ..served import CAMERAS, Served
from .clients import Clients, asked, clients, connected, port_of, refused

TEXT = (
    CAMERAS
    + """
  - name: lens
    model: transform
    attributes:
      source: still
      pipeline: [{type: identity}]
      intrinsic_parameters: {width_px: 64, height_px: 48, fx: 50, fy: 51, ppx: 32, ppy: 24}
      distortion_parameters: {rk1: 0.1, tp2: 0.2}
server: {viam: {port: 0}}
"""
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("viam"), TEXT, services=(classifier(), detector())) as running:
        yield running
    check_threads(before)


class Held:
    """A camera's picture that is waited for until a test lets it come; then there is none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began, self.ended = threading.Event(), threading.Event()
        monkeypatch.setattr(frames, "snapshot", self._snapshot)

    def _snapshot(self, *arguments: object) -> None:
        self.began.set()
        assert self.ended.wait(30)
        raise TimeoutError


def test_a_client_finds_cameras_and_services_but_no_private_ones(served: Served) -> None:
    async def main() -> set[str]:
        async with connected(port_of(served)) as robot:
            assert (await robot.get_version()).version.startswith("camweave ")
            assert await robot.get_operations() == []
            await robot.stop_all()
            return {str(name) for name in robot.resource_names}

    assert asyncio.run(main()) == {
        *(f"rdk:component:camera/{name}" for name in ("still", "seen", "gone", "lens")),
        *(f"rdk:service:vision/{name}" for name in ("names", "boxes")),
    }


def test_the_machine_is_running(served: Served) -> None:
    status = asked(served, lambda there: RobotServiceStub(there.channel).GetMachineStatus(GetMachineStatusRequest()))
    assert status.state == status.State.STATE_RUNNING
    assert {resource.name.name for resource in status.resources} >= {"still", "names"}


def test_what_is_not_done_is_said_in_a_sentence(served: Served) -> None:
    for ask, sentence in (
        (
            lambda there: RobotServiceStub(there.channel).StartSession(StartSessionRequest()),
            "camweave has no sessions: nothing here moves that would have to be stopped",
        ),
        (lambda there: there.camera("still").do_command({"a": 1}), "cameras take no commands here"),
        (
            lambda there: there.camera("still").get_point_cloud(),
            "camera still gives no point cloud: that takes depth and the parameters of the lens",
        ),
    ):
        assert refused(served, ask) == (Status.UNIMPLEMENTED, sentence)


def test_a_picture_is_jpeg_without_metadata_with_the_time_of_its_capture(served: Served) -> None:
    before = datetime.now(UTC).timestamp() - 1
    found, metadata = asked(served, lambda there: there.camera("seen").get_images())
    (picture,) = found
    assert (picture.name, picture.mime_type, picture.width, picture.height) == ("color", "image/jpeg", 32, 24)
    assert picture.data[:11] == b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
    assert b"Exif" not in picture.data
    assert before < metadata.captured_at.ToNanoseconds() / 1e9 < datetime.now(UTC).timestamp()


def test_sources_of_a_camera_can_be_chosen(served: Served) -> None:
    found, _ = asked(served, lambda there: there.camera("still").get_images(filter_source_names=["color"]))
    assert [picture.name for picture in found] == ["color"]
    assert refused(served, lambda there: there.camera("still").get_images(filter_source_names=["color", "color"])) == (
        Status.INVALID_ARGUMENT,
        "source name 'color' is given more than once",
    )
    assert refused(served, lambda there: there.camera("still").get_images(filter_source_names=["depth"])) == (
        Status.INVALID_ARGUMENT,
        "camera still has no source 'depth', only color",
    )


@pytest.mark.parametrize("name", ["nobody", "secret", ""])
def test_a_camera_that_is_not_there_or_private_is_not_found(served: Served, name: str) -> None:
    expected = (Status.NOT_FOUND, f"there is no camera {name!r}")
    assert refused(served, lambda there: there.camera(name).get_images()) == expected
    assert refused(served, lambda there: there.camera(name).get_properties()) == expected
    assert refused(served, lambda there: there.camera(name).get_status()) == expected
    assert refused(served, lambda there: there.camera(name).get_geometries()) == expected


def test_a_camera_that_gives_no_frame_says_why(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "FRAME_WITHIN_S", 0.3)
    status, sentence = refused(served, lambda there: there.camera("gone").get_images())
    assert status is Status.DEADLINE_EXCEEDED
    assert sentence.startswith("camera gone gave no frame within ")


def test_a_camera_that_is_offline_has_properties_all_the_same(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "PROPERTIES_WITHIN_S", 0.3)
    properties = asked(served, lambda there: there.camera("gone").get_properties())
    assert not properties.supports_pcd
    assert not properties.HasField("intrinsic_parameters")


@pytest.mark.parametrize("mime_type", ["", "image/png", "image/vnd.viam.rgba+lazy"])
def test_a_client_of_2023_gets_its_image(served: Served, mime_type: str) -> None:
    got = asked(served, lambda there: there.get_image("still", mime_type))
    assert got.mime_type == "image/jpeg"
    picture = cv2.imdecode(np.frombuffer(got.image, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (48, 64, 3)
    assert refused(served, lambda there: there.get_image("secret", mime_type))[0] is Status.NOT_FOUND


def test_properties_tell_the_lens(served: Served) -> None:
    properties = asked(served, lambda there: there.camera("lens").get_properties())
    lens = properties.intrinsic_parameters
    assert (lens.width_px, lens.height_px) == (64, 48)
    assert (lens.focal_x_px, lens.focal_y_px, lens.center_x_px, lens.center_y_px) == (50, 51, 32, 24)
    assert properties.distortion_parameters.model == "brown_conrady"
    assert list(properties.distortion_parameters.parameters) == [0.1, 0.0, 0.0, 0.0, 0.2]
    assert list(properties.mime_types) == ["image/jpeg"]
    assert properties.frame_rate == pytest.approx(50, rel=0.5)
    assert not properties.supports_pcd


def test_status_and_geometries(served: Served) -> None:
    status = asked(served, lambda there: there.camera("seen").get_status())
    assert (status["name"], status["source"]) == ("seen", "still")
    assert asked(served, lambda there: there.camera("seen").get_geometries()) == []


def test_a_status_leaves_out_what_is_not_known(served: Served) -> None:
    status = asked(served, lambda there: there.camera("gone").get_status())
    assert not {"source", "latest", "width_px"} & set(status)
    assert asked(served, lambda there: there.camera("seen").get_status())["transforms"][0].keys() >= {"type"}


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/viam.component.arm.v1.ArmService/GetEndPosition", ""),
        ("/viam.component.camera.v1.CameraService/RenderFrame", ""),
        ("/proto.stream.v1.StreamService/ListStreams", "; live video is WebRTC, at /whep/ and the camera's name"),
        ("/" + "x" * 300, ""),
    ],
)
def test_a_method_that_nobody_knows_is_refused_with_a_sentence(served: Served, path: str, more: str) -> None:
    async def call(there: Clients) -> None:
        await UnaryUnaryMethod[Any, Any](there.channel, path, GetImageRequest, GetImageResponse)(GetImageRequest())

    assert refused(served, call) == (Status.UNIMPLEMENTED, f"camweave does not do {path[:200]}{more}")


def test_a_request_that_is_too_large_is_not_read(served: Served) -> None:
    head = struct.pack(">?I", False, 2**32 - 1)
    assert refused(served, lambda there: there.send(head + b"x" * 1000, end=False)) == (
        Status.INVALID_ARGUMENT,
        "a request must be under 20 MB",
    )


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        (b"", Status.INVALID_ARGUMENT, "the request is missing"),
        (b"\0\0", Status.INVALID_ARGUMENT, "the request broke off"),
        (struct.pack(">?I", False, 9) + b"abc", Status.INVALID_ARGUMENT, "the request broke off"),
        (struct.pack(">?I", False, 2) + b"\x0a\x09", Status.INVALID_ARGUMENT, "the request cannot be read"),
        (struct.pack(">?I", True, 2) + b"\0\0", Status.UNIMPLEMENTED, "compressed requests are not taken"),
    ],
)
def test_bytes_that_are_no_request(served: Served, data: bytes, status: Status, sentence: str) -> None:
    assert refused(served, lambda there: there.send(data)) == (status, sentence)
    assert asked(served, lambda there: there.camera("still").get_images())


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\0\xff", b"\0" * 200])
def test_whoever_speaks_something_else_is_hung_up_on(
    served: Served, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", port_of(served)), 10) as other:
        other.sendall(data + b"\0" * 100)
        while other.recv(1000):
            pass
    assert asked(served, lambda there: there.camera("still").get_status())
    assert [record.message for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_a_request_that_comes_too_slowly_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "GRACE_S", 0.1)
    for data in (b"\0", struct.pack(">?I", False, 9) + b"abc"):
        assert refused(served, lambda there, sent=data: there.send(sent, end=False)) == (  # type: ignore[misc]
            Status.DEADLINE_EXCEEDED,
            "the request came too slowly",
        )


def test_whoever_goes_while_he_is_served_harms_nobody(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    held = Held(monkeypatch)

    async def main() -> None:
        async with clients(served) as there:
            going = asyncio.create_task(there.camera("still").get_images())
            await asyncio.to_thread(held.began.wait, 10)
            going.cancel()
            await asyncio.wait([going])
        async with clients(served) as there:
            with pytest.raises(TimeoutError):
                await there.camera("still").get_images(timeout=0.1)
            assert await there.camera("still").get_status()

    asyncio.run(main())
    held.ended.set()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_it_closes_soon_although_a_call_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(monkeypatch)

    async def main(running: Served) -> None:
        async with clients(running) as there:
            waiting = asyncio.create_task(there.camera("still").get_images())
            await asyncio.to_thread(held.began.wait, 10)
            running._loop.call_soon_threadsafe(running._stop.set)
            async with asyncio.timeout(5):
                with pytest.raises((GRPCError, StreamTerminatedError)):
                    await waiting

    with Served(tmp_path, TEXT) as running:
        asyncio.run(main(running))
        held.ended.set()


def test_a_port_that_is_taken_is_named(served: Served, tmp_path: Path) -> None:
    taken = port_of(served)
    text = TEXT.replace("port: 0", f"port: {taken}")
    with pytest.raises(StartError) as raised:
        Served(tmp_path, text).__enter__()
    assert str(raised.value) == (
        f"cannot listen on 127.0.0.1:{taken}: the port is in use by another program; "
        "end it, or choose another with server.viam.port (0 picks a free one)"
    )


def test_the_package_changes_nothing_of_the_program() -> None:
    code = (
        "import logging, signal, sys\n"
        "before = sys.excepthook, list(logging.root.handlers), signal.getsignal(signal.SIGINT)\n"
        "import server.viam\n"
        "assert 'viam' in sys.modules\n"
        "assert (sys.excepthook, logging.root.handlers, signal.getsignal(signal.SIGINT)) == before\n"
        "assert not logging.getLogger('viam').handlers\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


def test_without_being_asked_for_the_package_is_not_imported() -> None:
    code = "import sys, server.run\nassert not {'viam', 'grpclib'} & set(sys.modules)\n"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


def test_depth_goes_out_as_the_package_reads_it() -> None:
    depth = np.array([[0, 1000, 3], [2000, 65535, 4]], np.uint16)
    sent = ViamImage(pictures.raw_depth(depth), CameraMimeType.VIAM_RAW_DEPTH)
    assert sent.bytes_to_depth_array() == depth.tolist()


def test_depth_becomes_points_in_metres_with_their_colours() -> None:
    seen = dataclasses.replace(
        frame(width=4, height=2, color=(1, 2, 3)),
        depth=np.array([[0, 0, 0, 1000], [2000, 0, 0, 0]], np.uint16),
        intrinsics=Intrinsics(4, 2, 10.0, 20.0, 1.0, 1.0),
    )
    cloud = pictures.point_cloud(seen)
    assert cloud is not None
    header, _, points = cloud.partition(b"DATA binary\n")
    assert header.startswith(b"VERSION .7\nFIELDS x y z rgb\n")
    assert header.endswith(b"POINTS 2\n")
    color = 3 << 16 | 2 << 8 | 1
    expected = [(0.2, -0.05, 1.0, color), (-0.2, 0.0, 2.0, color)]
    assert [tuple(point) for point in struct.iter_unpack("<fffI", points)] == [pytest.approx(row) for row in expected]
    assert pictures.point_cloud(dataclasses.replace(seen, intrinsics=None)) is None
    assert pictures.point_cloud(dataclasses.replace(seen, depth=None)) is None
