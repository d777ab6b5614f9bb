"""The tables of the reference have exactly one row for each item."""

import json
import re
from collections.abc import Iterable
from typing import Any, cast

import pytest
import typer.main
from fastapi.routing import APIRoute
from pydantic import BaseModel
from typer.core import TyperGroup

from cameras import CAMERAS, PREDICTIONS, Attributes, BoundingBox, Detection
from pipeline import BUILT_IN, LimitsConfig, StreamConfig
from pipeline.config.declarations import CameraBlock, ServerConfig, ServiceBlock
from pipeline.config.declarations.server import IceConfig
from server.clarifai.rest import ClarifaiRest
from server.cli import cli
from server.cli.exit_codes import FAILED, MISUSED
from server.http.messages.replies import CameraInfo, Counters
from server.http.routes import cameras, configuration, drafts, exits, operations, pages, sign_in, vision, whep
from transforms import TRANSFORMS, Style
from vision import RUNTIMES, VISION_SERVICES
from vision.outputs.heads import HEADS, NONE

from .documents import DOCS, ROOT, blocks, table

FOR_ALL_THAT_RECOGNISE = {"mode", "max_age_s", "delay_s"}
FOR_ALL_SERVICES = {"camera_name"}


def fields(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


def routes() -> list[APIRoute]:
    """Return every route of the HTTP API and the pages."""
    clarifai = ClarifaiRest(cast(Any, None)).router  # it needs its backend only for requests
    longest = [route for route in clarifai.routes if isinstance(route, APIRoute) and route.include_in_schema]
    routers = [
        module.router for module in (cameras, exits, configuration, drafts, vision, whep, sign_in, operations, pages)
    ]
    return [*longest, *(route for router in routers for route in router.routes if isinstance(route, APIRoute))]


def unnamed(rows: dict[str, str], kinds: dict[str, Any], common: Iterable[str] = ()) -> list[str]:
    """Return the attributes that the row of their kind does not name in backticks."""
    return [
        f"{name}.{field}"
        for name, kind in kinds.items()
        for field in kind.attributes_type.model_fields
        if f"`{field}`" not in rows.get(name, "") and field not in common
    ]


def test_every_transform_and_attribute_has_its_place() -> None:
    rows = table("transforms.md", "`type`")
    assert set(rows) == set(TRANSFORMS)
    assert unnamed(rows, dict(TRANSFORMS), FOR_ALL_THAT_RECOGNISE) == []
    text = (DOCS / "transforms.md").read_text()
    assert [name for name in FOR_ALL_THAT_RECOGNISE if f"`{name}`" not in text] == []


def test_every_camera_and_attribute_has_its_place() -> None:
    rows = table("configuration.md", "`model`")
    assert set(rows) == {*BUILT_IN.camera_models}
    assert unnamed(rows, {**CAMERAS, **BUILT_IN.producers}) == []


def test_every_vision_service_and_attribute_has_its_place() -> None:
    rows = table("vision.md", "`model` of a vision service")
    assert set(rows) == set(VISION_SERVICES)
    others = {name: kind for name, kind in VISION_SERVICES.items() if name != "mlmodel"}
    assert unnamed(rows, others, FOR_ALL_SERVICES) == []
    assert FOR_ALL_SERVICES <= set(re.findall(r"`(\w+)`", (DOCS / "vision.md").read_text()))
    assert set(table("vision.md", "attribute")) == (
        fields(VISION_SERVICES["mlmodel"].attributes_type) - FOR_ALL_SERVICES
    )


def test_every_runtime_and_attribute_has_its_place() -> None:
    rows = table("vision.md", "`model` of `type: mlmodel`")
    assert set(rows) == set(RUNTIMES)
    assert unnamed(rows, dict(RUNTIMES)) == []


def test_every_head_is_listed() -> None:
    text = (DOCS / "vision.md").read_text().partition("### Heads\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row) if name != "head"]
    assert sorted(listed) == sorted({*HEADS, NONE, "ssd"})


def test_every_kind_is_listed_in_coming_from_viam() -> None:
    named = set(re.findall(r"`([a-z_0-9]+)`", (DOCS / "coming-from-viam.md").read_text()))
    assert {*TRANSFORMS, *VISION_SERVICES, *RUNTIMES} - named == set(), (
        "coming-from-viam.md names every kind, in backticks"
    )


@pytest.mark.parametrize(
    ("document", "heading", "block"),
    [
        ("configuration.md", "key of a camera", CameraBlock),
        ("configuration.md", "key of `stream`", StreamConfig),
        ("configuration.md", "key of `style`", Style),
        ("configuration.md", "key of `server`", ServerConfig),
        ("configuration.md", "key of `limits`", LimitsConfig),
        ("deployment.md", "key of `ice`", IceConfig),
    ],
)
def test_every_key_of_a_block_is_listed(document: str, heading: str, block: type[BaseModel]) -> None:
    assert set(table(document, heading)) == fields(block)


def test_every_key_of_a_service_is_named() -> None:
    text = (DOCS / "configuration.md").read_text()
    section = text.partition("## Services\n")[2].partition("\n## ")[0]
    assert [key for key in fields(ServiceBlock) if f"`{key}`" not in section] == []


def test_the_default_of_every_plain_attribute_is_listed() -> None:
    tables = (
        (CAMERAS, table("configuration.md", "`model`")),
        (TRANSFORMS, table("transforms.md", "`type`")),
        (VISION_SERVICES, {**table("vision.md", "`model` of a vision service"), "mlmodel": ""}),
    )
    wrong = []
    for kinds, rows in tables:
        for name, kind in kinds.items():
            attributes: type[Attributes] = kind.attributes_type
            for field, info in attributes.model_fields.items():
                default = info.default
                if isinstance(default, bool | int | float | str) and (
                    said := re.search(rf"`{field}` \(([^);]+)[);]", rows[name])
                ):
                    value = f"{str(default).lower() if isinstance(default, bool) else default}"
                    value = f"{default:g}" if isinstance(default, float) else value
                    if said[1].strip("`").partition(":")[0].strip("`") != value:
                        wrong.append(f"{name}.{field}: {said[1]}, is {value}")
    assert wrong == []


def test_the_default_of_every_limit_is_listed() -> None:
    listed = {key: row.partition("|")[0].strip() for key, row in table("configuration.md", "key of `limits`").items()}
    assert listed == {key: f"{value:.15g}" for key, value in LimitsConfig().model_dump().items()}


def test_every_command_and_option_is_listed() -> None:
    rows = table("commands.md", "command")
    program = typer.main.get_command(cli)
    assert isinstance(program, TyperGroup)
    listed = {name.split()[1]: row for name, row in rows.items() if name.startswith("camweave ")}
    assert set(listed) == set(program.commands)
    for name, command in program.commands.items():
        options = {each for parameter in command.params for each in parameter.opts if each.startswith("--")}
        assert set(re.findall(r"`(--[a-z-]+)`", listed[name])) == options - {"--help"}, name


def test_every_exit_code_is_listed() -> None:
    assert set(table("commands.md", "exit code")) == {"0", str(FAILED), str(MISUSED)}


def test_every_state_and_counter_is_listed() -> None:
    states = CameraInfo.model_fields["state"].annotation
    assert set(table("http.md", "`state`")) == set(states.__args__)  # type: ignore[union-attr]
    assert set(table("http.md", "counter")) == fields(Counters)


def test_the_example_reply_matches_the_schema() -> None:
    (reply,) = (json.loads(text) for name, text in blocks("json") if name.startswith("docs/http.md"))
    (shown,) = reply["detections"]
    box = BoundingBox(*(shown[f"{corner}_normalized"] for corner in ("x_min", "y_min", "x_max", "y_max")))
    detection = Detection(shown["class_name"], shown["confidence"], box=box)
    assert detection.to_wire(reply["width_px"], reply["height_px"]) == shown
    assert set(reply) == {"service", "width_px", "height_px", Detection.plural}


def test_every_kind_of_result_is_named() -> None:
    text = (DOCS / "http.md").read_text()
    assert [kind for kind in PREDICTIONS if f"`{kind}`" not in text] == []


def test_every_address_is_listed() -> None:
    shown = {route.path for route in routes()} - {
        "/favicon.ico",
        "/page/{name:path}",  # what the pages consist of
        "/whep/{camera}/{session}",  # comes as Location
    }
    assert set(table("http.md", "address")) == {*shown, "/openapi.json"}


def test_every_status_is_listed() -> None:
    declared = {int(status) for route in routes() for status in route.responses if int(status) >= 400}
    from_outside_the_routes = {401, 403, 405, 431, 500}
    assert {int(status) for status in table("http.md", "status")} == declared | from_outside_the_routes


def test_no_document_of_old_is_named() -> None:
    named = [path.name for path in [*DOCS.glob("*.md"), *ROOT.glob("*.md")] if "seeds.md" in path.read_text()]
    assert named == []
