"""The endpoints that change the configuration."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from pydantic import TypeAdapter

from server.http.messages import ConfigurationInfo, ConfigurationProblem, ReloadReply, SavedReply, WrittenReply

from ...served import CAMERAS, FOUND, Served, problem

WRONG = CAMERAS.replace("width_px: 32", "width_px: 0")
TOKENS = "server: {tokens: [{name: viewer, token: a-long-token-of-a-viewer, rights: [view]}, a-long-token-of-mine]}\n"


def wrong_in(response: httpx.Response) -> list[ConfigurationProblem]:
    return TypeAdapter(list[ConfigurationProblem]).validate_python(response.json(), strict=True)


def sizes(served: Served) -> list[object]:
    return [each["attributes"]["width_px"] for each in served.client.get("/api/cameras/seen").json()["transforms"]]


def test_a_reload_says_what_changed(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        served.path.write_text(CAMERAS.replace("width_px: 32", "width_px: 40") + "server: {port: 9}\n", "utf-8")
        response = served.client.post("/api/reload")
        assert response.status_code == 200
        assert ReloadReply.model_validate(response.json(), strict=True).model_dump() == {
            "changed": ["seen"],
            "restart_needed": ["server.port"],
        }
        assert sizes(served) == [40]


def test_a_reload_that_is_refused_says_where(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        served.path.write_text(WRONG, "utf-8")
        response = served.client.post("/api/reload")
        assert response.status_code == 422
        (found,) = wrong_in(response)
        assert (found.line, found.path) == (6, "cameras[1].attributes.pipeline[0].attributes.width_px")
        assert sizes(served) == [32]
        state = ConfigurationInfo.model_validate(served.client.get("/api/configuration").json(), strict=True)
        assert state.problems == [found]


def test_a_text_is_checked_and_not_applied(served: Served) -> None:
    assert served.client.post("/api/check", content=CAMERAS).json() == []
    response = served.client.post("/api/check", content=WRONG)
    assert (response.status_code, len(wrong_in(response))) == (200, 1)
    model = FOUND.replace("color_detector", "mlmodel").replace(
        '{detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}', "{model_path: still.png}"
    )
    assert served.client.post("/api/check?models=false", content=CAMERAS + model).json() == []
    assert "still.png" in served.client.post("/api/check", content=CAMERAS + model).json()[0]["message"]
    assert problem(served.client.post("/api/check", content=b"\xff"))[0] == 422
    assert sizes(served) == [32]


def test_a_transform_is_changed_live(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        response = served.client.patch("/api/cameras/seen/transforms/0", json={"width_px": 48})
        assert response.status_code == 200
        assert response.json() == served.client.get("/api/cameras/seen").json()["transforms"][0]
        assert response.json()["attributes"]["width_px"] == 48
        state = ConfigurationInfo.model_validate(served.client.get("/api/configuration").json(), strict=True)
        assert [each.model_dump() for each in state.unsaved] == [
            {"camera": "seen", "transform": 0, "attributes": {"width_px": 48}, "before": {"width_px": 32}}
        ]
        assert served.path.read_text("utf-8") == CAMERAS
        saved = SavedReply.model_validate(served.client.post("/api/configuration/save").json(), strict=True)
        assert saved.saved == state.unsaved
        assert served.path.read_text("utf-8") == CAMERAS.replace("width_px: 32", "width_px: 48")


@pytest.mark.parametrize(
    ("path", "status"),
    [("seen/transforms/1", 404), ("still/transforms/0", 404), ("none/transforms/0", 404), ("seen/transforms/x", 422)],
)
def test_only_a_transform_can_be_changed(served: Served, path: str, status: int) -> None:
    assert problem(served.client.patch(f"/api/cameras/{path}", json={}))[0] == status


@pytest.mark.parametrize("body", ["", "no", "[]", "1", '{"width_px": ' + "[" * 20_000])
def test_attributes_are_an_object(served: Served, body: str) -> None:
    status, detail = problem(served.client.patch("/api/cameras/seen/transforms/0", content=body))
    assert (status, detail[:26]) == (422, "the body must be a JSON ob")


def test_attributes_that_are_wrong_are_named(served: Served) -> None:
    response = served.client.patch("/api/cameras/seen/transforms/0", json={"width_px": 0, "wide": 1})
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    body = response.json()
    assert [each["path"] for each in body["errors"]] == ["width_px", "wide"]
    assert body["detail"].startswith("width_px: must be")
    assert sizes(served) == [32]


@pytest.mark.parametrize("value", ['"\\ud800"', '["\\ud800"]', '{"a\\u0000": 1}', "[" * 900 + "]" * 900])
def test_values_that_no_file_can_hold_are_refused(served: Served, value: str) -> None:
    response = served.client.patch("/api/cameras/seen/transforms/0", content=f'{{"interpolation": {value}}}')
    assert response.status_code == 422
    assert sizes(served) == [32]


def test_the_text_is_read_and_written(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        got = served.client.get("/api/configuration/text")
        assert (got.status_code, got.text) == (200, CAMERAS)
        new = CAMERAS.replace("width_px: 32", "width_px: 16")
        match = {"If-Match": got.headers["etag"]}
        response = served.client.put("/api/configuration/text", content=new, headers=match)
        written = WrittenReply.model_validate(response.json(), strict=True)
        assert (response.status_code, written.changed) == (200, ["seen"])
        assert served.path.read_text("utf-8") == new
        assert served.client.get("/api/configuration/text").headers["etag"] == f'"{written.version}"'
        assert problem(served.client.put("/api/configuration/text", content=CAMERAS, headers=match))[0] == 412
        assert problem(served.client.put("/api/configuration/text", content=CAMERAS))[0] == 428
        match = {"If-Match": f'"{written.version}"'}
        refused = served.client.put("/api/configuration/text", content=WRONG, headers=match)
        assert (refused.status_code, len(wrong_in(refused))) == (422, 1)
        assert served.path.read_text("utf-8") == new


def test_with_tokens_only_their_holders_change_anything_and_editing_is_off(tmp_path: Path) -> None:
    with Served(tmp_path, CAMERAS + TOKENS) as served:
        viewer, own = ({"Authorization": f"Bearer a-long-token-of-{who}"} for who in ("a-viewer", "mine"))
        for method, path in (
            ("POST", "/api/reload"),
            ("POST", "/api/check"),
            ("PATCH", "/api/cameras/seen/transforms/0"),
            ("GET", "/api/configuration"),
            ("POST", "/api/configuration/save"),
            ("GET", "/api/configuration/text"),
            ("PUT", "/api/configuration/text"),
        ):
            assert problem(served.client.request(method, path))[0] == 401
            assert problem(served.client.request(method, path, headers=viewer))[0] == 403
        assert not served.client.get("/api/configuration", headers=own).json()["editable"]
        for method in ("GET", "PUT"):
            response = served.client.request(method, "/api/configuration/text", headers=own)
            assert problem(response) == (
                404,
                "editing is off; it is on with serve --edit, or on 127.0.0.1 without tokens",
            )


def test_a_token_of_some_cameras_changes_only_these(tmp_path: Path) -> None:
    tokens = "server: {tokens: [{name: some, token: a-long-token-of-some, cameras: [seen]}]}\n"
    with Served(tmp_path, CAMERAS + tokens) as served:
        served.client.headers["Authorization"] = "Bearer a-long-token-of-some"
        assert served.client.patch("/api/cameras/seen/transforms/0", json={"width_px": 48}).status_code == 200
        assert problem(served.client.patch("/api/cameras/still/transforms/0", json={}))[0] == 403
        for method, path in (
            ("POST", "/api/reload"),
            ("POST", "/api/check"),
            ("GET", "/api/configuration"),
            ("POST", "/api/configuration/save"),
            ("GET", "/api/configuration/text"),
            ("PUT", "/api/configuration/text"),
            ("POST", "/api/drafts"),
            ("GET", "/api/devices"),
        ):
            status, detail = problem(served.client.request(method, path))
            assert (status, detail[:35]) == (403, "this token is limited to some camer")


def test_a_request_for_a_camera_that_is_removed_ends_at_once(tmp_path: Path) -> None:
    with Served(tmp_path) as served, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(served.client.get, "/api/cameras/gone/image")
        gone, pause = served.running.graph.feeds["gone"], threading.Event()
        while not gone.watched:
            pause.wait(0.005)  # for the other thread
        served.path.write_text("".join(line for line in CAMERAS.splitlines(True) if "gone" not in line), "utf-8")
        assert served.client.post("/api/reload").json()["changed"] == ["gone"]
        assert problem(waiting.result()) == (404, "camera gone was removed from the configuration meanwhile")
