"""Viam's published samples, with its current package and as a client of 2023, against a machine file that is served."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from grpclib.client import Channel, UnaryUnaryMethod
from grpclib.encoding.base import CodecBase
from numpy.typing import NDArray
from PIL import Image
from viam.components.camera import Camera
from viam.media.utils.pil import pil_to_viam_image
from viam.media.video import CameraMimeType
from viam.robot.client import RobotClient
from viam.rpc.dial import DialOptions
from viam.services.vision import VisionClient

from cameras.pattern.scene import Scene, read_frame_number
from tests.serving import Serving

CONFIGS = Path(__file__).parents[2] / "configs"
LABELS = set((CONFIGS / "models" / "shapes.txt").read_text().split())


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve the machine file that comes with the program, on free ports; give the one for Viam's clients."""
    folder = tmp_path_factory.mktemp("machine")
    shutil.copytree(CONFIGS / "models", folder / "models")
    machine = json.loads((CONFIGS / "viam-machine.json").read_text())
    machine["server"]["viam"]["port"] = 0
    (folder / "robot.json").write_text(json.dumps(machine))
    with Serving("robot.json", cwd=folder) as serving:
        said = re.search(r"listening on 127\.0\.0\.1:(\d+) for Viam's clients", serving.errors())
        assert said
        yield int(said[1])
        assert "Traceback" not in serving.errors()


@pytest.fixture
def test_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cv2.imwrite(str(tmp_path / "test-image.png"), Scene(0, 640, 480).render(7).image)
    monkeypatch.chdir(tmp_path)


def pixels(jpeg: bytes) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.astype(np.uint8)


async def connect_to(port: int) -> RobotClient:
    """Connect as the samples' ``connect()`` does, to an address without TLS instead of one in the vendor's cloud."""
    options = RobotClient.Options(dial_options=DialOptions(insecure=True, disable_webrtc=True))
    return await RobotClient.at_address(f"localhost:{port}", options)


def test_the_first_and_the_second_sample_run_with_the_current_package(port: int) -> None:
    async def connect() -> RobotClient:
        return await connect_to(port)

    async def sample() -> tuple[Any, Any, Any]:
        robot = await connect()
        camera_name = "cam1"
        # Grab camera from the robot
        cam1 = Camera.from_robot(robot, camera_name)
        # Grab Viam's vision service for the classifier
        my_classifier = VisionClient.from_robot(robot, "my_classifier")

        # Get the top 2 classifications with the highest confidence scores from the
        # camera output
        classifications = await my_classifier.get_classifications_from_camera(
            camera_name, 2)  # fmt: skip

        # If you need to store the image, get the image first
        # and then run classifications on it. This process is slower:
        images, _ = await cam1.get_images()  # printed: img = await cam1.get_image(), gone since January 2026
        img = images[0]
        classifications_from_image = await my_classifier.get_classifications(img, 2)

        await robot.close()  # type: ignore[no-untyped-call]
        return classifications, img, classifications_from_image

    classifications, img, classifications_from_image = asyncio.run(sample())
    for found in (classifications, classifications_from_image):
        assert len(found) == 2
        assert {item.class_name for item in found} <= LABELS
        assert 1 >= found[0].confidence >= found[1].confidence >= 0
    assert (img.width, img.height) == (640, 480)
    assert read_frame_number(pixels(img.data)) is not None


@pytest.mark.usefixtures("test_image")
def test_the_third_sample_runs_with_its_missing_argument(port: int) -> None:
    async def connect() -> RobotClient:
        return await connect_to(port)

    async def sample() -> Any:
        robot = await connect()
        # Grab Viam's vision service for the classifier
        my_classifier = VisionClient.from_robot(robot, "my_classifier")

        # Load an image
        img = Image.open('test-image.png')  # fmt: skip

        # Apply the classifier to the image
        # Printed without the count, which every version asks for; today's wants its own kind of image besides.
        classifications_from_image = await my_classifier.get_classifications(
            pil_to_viam_image(img, CameraMimeType.PNG), 0
        )

        await robot.close()  # type: ignore[no-untyped-call]
        return classifications_from_image

    found = asyncio.run(sample())
    assert {item.class_name for item in found} == LABELS
    assert sum(item.confidence for item in found) == pytest.approx(1, abs=0.05)


class _Bytes(CodecBase):
    """Sends and gives messages as the bytes they are."""

    __content_subtype__ = "proto"

    def encode(self, message: Any, message_type: Any) -> bytes:
        data: bytes = message
        return data

    def decode(self, data: bytes, message_type: Any) -> bytes:
        return data


def test_a_client_of_2023_gets_its_image(port: int) -> None:
    """What ``await cam1.get_image()`` sent then: the name as field 1, and no MIME type at all."""

    async def get_image() -> Any:
        channel = Channel("localhost", port, codec=_Bytes())
        try:
            method = UnaryUnaryMethod[bytes, bytes](
                channel, "/viam.component.camera.v1.CameraService/GetImage", bytes, bytes
            )
            return await method(b"\x0a\x04cam1")
        finally:
            channel.close()

    reply = asyncio.run(get_image())
    head = b"\x0a\x0aimage/jpeg\x12"  # field 1, the MIME type; then field 2, the image
    assert reply.startswith(head)
    start = reply.index(b"\xff\xd8\xff", len(head))
    assert pixels(reply[start:]).shape == (480, 640, 3)


def test_the_machine_that_comes_with_the_program_sees_what_there_is(port: int) -> None:
    async def look() -> tuple[Any, Any, Any, Any]:
        robot = await connect_to(port)
        detector = VisionClient.from_robot(robot, "my_detector")
        captured = await detector.capture_all_from_camera("cam1", return_image=True, return_detections=True)
        assert captured.image is not None
        red = await VisionClient.from_robot(robot, "red_things").get_detections(captured.image)
        properties = await detector.get_properties()
        seen, _ = await Camera.from_robot(robot, "cam1-seen").get_images()
        await robot.close()  # type: ignore[no-untyped-call]
        return captured, red, properties, seen[0]

    captured, red, properties, seen = asyncio.run(look())
    number = read_frame_number(pixels(captured.image.data))
    assert number is not None
    things = Scene(0, 640, 480).render(number).things
    found = {item.class_name for item in captured.detections if item.confidence > 0.5}
    assert found
    assert found <= {thing.label for thing in things}
    (red_box,) = ((item.x_min, item.y_min, item.x_max, item.y_max) for item in red)
    (red_thing,) = (thing for thing in things if thing.color == "red")
    assert red_box == pytest.approx(red_thing.box.to_pixels(640, 480), abs=4)
    assert properties.default_camera == "cam1"
    assert pixels(seen.data).shape == (480, 640, 3)
