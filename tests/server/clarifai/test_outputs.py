"""Results as Clarifai's messages."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
from clarifai_grpc.grpc.api import resources_pb2
from pytest import approx

from cameras import BoundingBox, Detection, Keypoint, Keypoints, as_mask
from tests.fakes import FakeVision

from ..served import CAMERAS, Served, encoded
from .clients import (
    SERVER,
    Client,
    name,
)


def test_a_picture_is_classified(client: Client) -> None:
    reply = client.ask("names", encoded(".jpg"))
    assert (name(reply.status), reply.status.description) == ("SUCCESS", "Ok")
    assert re.fullmatch("[0-9a-f]{32}", reply.status.req_id)
    [output] = reply.outputs
    assert (name(output.status), output.status.description) == ("SUCCESS", "Ok")
    assert output.created_at.seconds > 1_700_000_000
    assert (output.model.id, output.model.app_id, output.model.user_id) == ("names", "own", "me")
    assert output.model.model_type_id == "visual-classifier"
    assert (output.model.model_version.id, name(output.model.model_version.status)) == ("v1", "MODEL_TRAINED")
    assert output.input.id and not output.input.data.image.base64
    first = output.data.concepts[0]
    assert (first.id, first.name, first.value, first.app_id) == ("star", "star", approx(0.7), "own")
    values = [concept.value for concept in output.data.concepts]
    assert values == sorted(values, reverse=True) and len(values) == 7


def test_boxes_are_fractions(client: Client) -> None:
    reply = client.ask("boxes", encoded())
    first, second = reply.outputs[0].data.regions
    box = first.region_info.bounding_box
    assert (box.top_row, box.left_col, box.bottom_row, box.right_col) == (0.0, 0.0, 1.0, 0.5)
    assert (first.data.concepts[0].name, first.value, first.data.concepts[0].value) == ("mug", approx(0.8), approx(0.8))
    assert second.data.concepts[0].name == "star" and first.id != second.id
    assert not first.region_info.HasField("mask")
    assert reply.outputs[0].model.model_type_id == "visual-detector"


def test_masks_are_pictures_with_their_coverage(client: Client) -> None:
    sky, ground = client.ask("outlines", encoded()).outputs[0].data.regions
    assert [sky.data.concepts[0].name, ground.data.concepts[0].name] == ["sky", "ground"]
    assert (sky.data.concepts[0].value, ground.data.concepts[0].value) == (0.5, 0.4375)
    data = sky.region_info.mask.image.base64
    assert data.startswith(b"\x89PNG")
    mask = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert mask is not None and mask.shape == (48, 64)
    assert (mask != 0).mean() == 0.5 and mask[0, 0] and not mask[-1, 0]
    assert not sky.region_info.HasField("bounding_box")


def test_a_caption_is_text(client: Client) -> None:
    output = client.ask("teller", encoded()).outputs[0]
    assert output.data.text.raw == "a picture of 64 by 48"
    assert output.data.text.text_info.encoding == "UnknownTextEnc"
    assert output.model.model_type_id == "image-to-text"


def test_a_box_outside_is_dropped_and_a_track_has_its_id(tmp_path: Path) -> None:
    outside = Detection("ghost", 0.9, box=BoundingBox(1.2, 0, 1.4, 1))
    partly = Detection("car", 0.5, box=BoundingBox(-0.5, 0.25, 0.5, 2), track_id=7)
    service = FakeVision("boxes", detections=[outside, partly])
    service.kinds = frozenset({"detections"})
    with Served(tmp_path, CAMERAS + SERVER, (service,)) as fresh, Client(fresh) as client:
        [region] = client.ask("boxes", encoded()).outputs[0].data.regions
    box = region.region_info.bounding_box
    assert (box.top_row, box.left_col, box.bottom_row, box.right_col) == (0.25, 0.0, 1.0, 0.5)
    assert region.track_id == "7"


def test_a_turned_box_and_a_mask_are_in_the_region_of_their_box(tmp_path: Path) -> None:
    corners = ((0.5, 0.25), (0.75, 0.5), (0.5, 0.75), (0.25, 0.5))
    mask = as_mask(np.array([[True, False]]))
    ship = Detection("ship", 0.9, box=BoundingBox(0.25, 0.25, 0.75, 0.75), polygon=corners, mask=mask)
    service = FakeVision("boxes", detections=[ship], kinds=["detections"])
    with Served(tmp_path, CAMERAS + SERVER, (service,)) as fresh, Client(fresh) as client:
        [region] = client.ask("boxes", encoded()).outputs[0].data.regions
    info = region.region_info
    assert (info.bounding_box.left_col, info.bounding_box.right_col) == (0.25, 0.75)
    assert [(point.col, point.row) for point in info.polygon.points] == list(corners)
    png = np.frombuffer(info.mask.image.base64, np.uint8)
    picture = cv2.imdecode(png, cv2.IMREAD_UNCHANGED)
    assert picture is not None and picture.shape == (48, 64) and (picture != 0).mean() == 0.5


def test_keypoints_are_regions_with_points_and_the_box_of_the_same_object(tmp_path: Path) -> None:
    box = BoundingBox(0.25, 0.0, 0.75, 1.0)
    points = (Keypoint("head", 0.5, 0.25, 0.9), Keypoint("hand", 0.5, 0.5, 0.1), Keypoint("foot", 0.0, 0.0, 0.0))
    person = Keypoints("person", 0.8, points=points, skeleton=((0, 1),), box=box)
    alone = Detection("dog", 0.5, box=BoundingBox(0.0, 0.0, 0.25, 0.25))
    service = FakeVision(
        "pose",
        detections=[Detection("person", 0.8, box=box), alone],
        keypoints=[person],
        kinds=["detections", "keypoints"],
    )
    with Served(tmp_path, CAMERAS + SERVER, (service,)) as fresh, Client(fresh) as client:
        output = client.ask("pose", encoded()).outputs[0]
        [chosen] = client.ask("pose", encoded(), min_value=0.6).outputs[0].data.regions
    assert output.model.model_type_id == "visual-keypointer"
    dog, region = output.data.regions
    assert (dog.data.concepts[0].name, len(dog.region_info.keypoint_locations)) == ("dog", 0)
    assert (region.data.concepts[0].name, region.value) == ("person", approx(0.8))
    assert (region.region_info.bounding_box.left_col, region.region_info.bounding_box.bottom_row) == (0.25, 1.0)
    locations = region.region_info.keypoint_locations
    assert [(point.col, point.row) for point in locations] == [(0.5, 0.25), (0.5, 0.5), (0.0, 0.0)]
    words = resources_pb2.Point.Visibility
    assert [words.Name(point.visibility) for point in locations] == ["VISIBLE", "NOT_VISIBLE", "NOT_PRESENT"]
    described = region.data.concepts[0].keypoint_info
    assert list(described.keypoint_names) == ["head", "hand", "foot"]
    assert [(edge.k1, edge.k2) for edge in described.skeleton] == [(0, 1)]
    assert chosen.data.concepts[0].name == "person"
