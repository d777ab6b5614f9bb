"""The endpoints of an editor."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from server.http.messages import DeviceInfo, DraftChanged, DraftCreated, DraftInfo

from ...conftest import check_threads, threads_now
from ...served import CAMERAS, Served, problem

CONTROL, VIEW = "correct-horse-battery", "paper-clip-stapler"
TOKENS = f"""
server:
  tokens:
    - {{name: editor, token: {CONTROL}, rights: [control]}}
    - {{name: viewer, token: {VIEW}, rights: [view]}}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before, folder = threads_now(), tmp_path_factory.mktemp("edited")
    with Served(folder, CAMERAS + TOKENS) as running:
        running.client.headers["Authorization"] = f"Bearer {CONTROL}"
        running.running.reloader.file.is_editable = True  # as with --edit
        yield running
    check_threads(before)


def test_it_is_off_with_tokens_unless_it_is_turned_on(tmp_path: Path) -> None:
    with Served(tmp_path, CAMERAS + TOKENS) as fresh:
        fresh.client.headers["Authorization"] = f"Bearer {CONTROL}"
        off = (404, "editing is off; camweave serve --edit turns it on")
        assert problem(fresh.client.post("/api/drafts")) == off
        assert problem(fresh.client.get("/api/drafts/one/image")) == off
        assert problem(fresh.client.get("/api/devices")) == off


def test_a_draft_from_its_start_to_its_end(served: Served) -> None:
    made = served.client.post("/api/drafts")
    assert made.status_code == 201
    DraftCreated.model_validate(made.json(), strict=True)
    address = made.headers["Location"]
    assert address == f"/api/drafts/{made.json()['id']}"
    changed = served.client.put(address, json={"text": CAMERAS, "camera": "seen"}).json()
    assert changed == {"problems": [], "camera": "seen", "source": "still"}
    DraftChanged.model_validate(changed, strict=True)
    picture = served.client.get(f"{address}/image")
    while picture.status_code == 204:
        picture = served.client.get(f"{address}/image")
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/jpeg")
    number = int(picture.headers["X-Sequence"])
    assert picture.headers["X-Captured-At"].endswith("Z")
    newer = served.client.get(f"{address}/image", params={"after": number})
    assert int(newer.headers["X-Sequence"]) > number
    info = served.client.get(address).json()
    DraftInfo.model_validate(info, strict=True)
    assert (info["state"], info["width_px"]) == ("running", 32)
    wrong = served.client.put(address, json={"text": CAMERAS + "  - {name: more}\n", "camera": "more"}).json()
    (found,) = wrong["problems"]
    assert (found["line"], found["path"], wrong["camera"]) == (9, "cameras[4].model", "seen")
    assert served.client.delete(address).status_code == 204
    assert problem(served.client.get(address))[0] == 404
    assert problem(served.client.put(address, json={"text": CAMERAS, "camera": "seen"}))[0] == 404


@pytest.mark.parametrize(
    "body", [b"", b"cameras:", b"[]", b'{"text": 1, "camera": "seen"}', b'{"text": "cameras:"}', b"[" * 200_000]
)
def test_anything_but_a_text_and_a_camera_is_refused(served: Served, body: bytes) -> None:
    address = served.client.post("/api/drafts").headers["Location"]
    assert problem(served.client.put(address, content=body))[0] == 422
    served.client.delete(address)


def test_the_webcams_are_listed(served: Served) -> None:
    TypeAdapter(list[DeviceInfo]).validate_python(served.client.get("/api/devices").json(), strict=True)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/drafts"), ("GET", "/api/drafts/one"), ("GET", "/api/drafts/one/image"), ("GET", "/api/devices")],
)
def test_the_right_to_control_is_needed(served: Served, method: str, path: str) -> None:
    refused = served.client.request(method, path, headers={"Authorization": f"Bearer {VIEW}"})
    assert problem(refused) == (403, "this token does not have the right control")
