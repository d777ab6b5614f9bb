"""What the page ``/edit`` knows of texts: reading, completion, colours, new blocks; in Chromium without the page."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, Page

from pipeline import ConfigError, parse, schema
from tests.end_to_end.browsers import new_page
from vision import VISION_SERVICES

from ..conftest import check_threads, threads_now
from ..served import Served

ROOT = Path(__file__).parents[3]
CONFIGS = ROOT / "configs"
DEMO = (CONFIGS / "demo.yaml").read_text("utf-8")
TEXT = """\
cameras:
  - name: scene
    model: test_pattern
  - name: seen
    model: transform
    attributes:
      source: scene
      pipeline:
        - type: detections
          attributes: {detector_name: coco}
services:
  - {name: coco, type: vision, model: mlmodel, attributes: {mlmodel_name: ssd}}
  - {name: ssd, type: mlmodel, model: onnx, attributes: {model_path: ssd.onnx}}
"""
SERVED = [{"name": "coco", "kinds": ["detections"], "labels": ["person", "no", "big dog", "a: b"]}]

# Functions for the tests; `m` has everything that the modules export.
HELPERS = """
async (names) => {
    const modules = await Promise.all(names.map((name) => import(`/page/edit/${name}.js`)));
    const m = window.m = Object.assign({}, ...modules);
    const plainEntry = ({ key, hasColon, value }) => [key + (hasColon ? "" : "?"), m.plain(value)];
    m.plain = (node) =>
        node.kind === "map" ? Object.fromEntries(node.entries.map(plainEntry))
        : node.kind === "seq" ? node.items.map(({ value }) => m.plain(value))
        : node.kind === "scalar" ? node.text : node.kind === "alias" ? `*${node.name}` : "";
    m.kinds = () => {
        const path = [{ key: "cameras" }, { index: 0 }, { key: "attributes" }, { key: "pipeline" }];
        return m.schema.kinds(path.map((step) => ({ ...step, container: null })));
    };
    m.kind = (name) => {
        return m.kinds().find(({ kind }) => kind === name);
    };
    m.service = (name) => m.schema.kinds([{ key: "services", container: null }]).find(({ kind }) => kind === name);
    m.camera = (name) => m.schema.kinds([{ key: "cameras", container: null }]).find(({ kind }) => kind === name);
    m.apply = (text, { start, end, text: inserted, select }) => {
        const whole = text.slice(0, start) + inserted + text.slice(end);
        return { whole, kept: text.slice(0, start) + text.slice(end), selected: whole.slice(...select) };
    };
}
"""
MODULES = [
    *(
        f"text/{name}"
        for name in ("blocks", "completion", "context", "diff", "highlight", "insert", "scalars", "schema")
    ),
    "text/yaml",
    "help",
]


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("edit")) as running, new_page(browser) as page:
        page.goto(f"{running.running.url}docs")
        page.evaluate(HELPERS, MODULES)
        page.evaluate("(found) => { m.schema = new m.Schema(found); }", schema())
        yield page
    check_threads(before)


def read(page: Page, text: str) -> Any:
    return page.evaluate("(text) => m.plain(m.readYaml(text))", text)


def complete(page: Page, marked: str) -> Any:
    """Return what is offered at the ``|`` of a text: the path, and the offers."""
    offset = marked.index("|")
    text = marked.replace("|", "", 1)
    return page.evaluate(
        """([text, offset, served]) => {
            const found = m.complete(text, offset, { schema: m.schema, tree: m.readYaml(text), served });
            const context = m.contextAt(text, offset);
            const path = context && m.pathText(context.path);
            return { path, items: found?.items ?? [], start: found?.start, end: found?.end };
        }""",
        [text, offset, SERVED],
    )


def inserted(page: Page, text: str, call: str, *, keeps: bool = True) -> tuple[str, str]:
    """Return a text after an edit, which must keep everything that was there, and what is selected then."""
    found = page.evaluate(f"(text) => m.apply(text, {call})", text)
    if keeps:
        assert found["kept"] == text
    return found["whole"], found["selected"]


# Reading


@pytest.mark.parametrize("file", sorted(path.name for path in CONFIGS.glob("*.yaml")))
def test_files_are_read_as_a_yaml_parser_reads_them(page: Page, file: str) -> None:
    text = (CONFIGS / file).read_text("utf-8")
    assert read(page, text) == yaml.load(text, Loader=yaml.BaseLoader)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ""),
        ("cameras:\n", {"cameras": ""}),
        ("a: {b: [1, 2\nc: 3\n", {"a": {"b": ["1", "2"]}, "c": "3"}),  # open brackets
        ('a: "x\nb: 2\n', {"a": "x", "b": "2"}),  # an open quote
        ("cameras:\n  - na\n    model: x\n    attr\n", {"cameras": [{"na?": "", "model": "x", "attr?": ""}]}),
        ("a:\n- b\n- c:\n  d: 'it''s'\n", {"a": ["b", {"c": "", "d": "it's"}]}),
        ("a: &x {b: 1}\nc: *x\n", {"a": {"b": "1"}, "c": "*x"}),
        ("a: one\n  two\nb: |\n  c: d\n\n  e\nf: g\n", {"a": "one two", "b": "  c: d\n\n  e\n", "f": "g"}),
        ("u: http://x:80/a#b # c\n", {"u": "http://x:80/a#b"}),
        ("a: [\n  b,\n  c: d\n]\ne: f\n", {"a": ["b", {"c": "d"}], "e": "f"}),
        ("---\na: 1\n...\nb: 2\n", {"a": "1"}),
        ("- a\n-\n- - b\n  - c\n", ["a", "", ["b", "c"]]),
        ("a: {}\n    b: 2\nc: 3\n", {"a": {}, "c": "3"}),  # indented by mistake
        (': x\n"k": y\n', {": x?": "", "k": "y"}),
    ],
)
def test_unfinished_texts_are_read_as_far_as_they_make_sense(page: Page, text: str, found: Any) -> None:
    assert read(page, text) == found


def test_every_beginning_of_a_text_is_read_and_coloured(page: Page) -> None:
    page.evaluate(
        """(text) => {
            for (let end = 0; end <= text.length; end += 7) {
                const start = text.slice(0, end);
                m.readYaml(start);
                m.complete(start, end, { schema: m.schema, tree: m.readYaml(""), served: [] });
                const line = start.split("\\n").at(-1);
                if (line !== m.highlight(line, "").tokens.map(({ text }) => text).join("")) throw new Error(line);
            }
        }""",
        DEMO + TEXT,
    )


@pytest.mark.parametrize("piece", ["[", "{a: ", "- ", "a: ", "&a ", "'", '"', "${", "#", ":", "\n ", "|\n", "a:\n  "])
def test_a_text_of_anything_is_read_in_time(page: Page, piece: str) -> None:
    page.evaluate(
        """(text) => {
            m.readYaml(text);
            new m.Lines().update(text);
            m.complete(text, text.length, { schema: m.schema, tree: m.readYaml(""), served: [] });
        }""",
        piece * 20_000,
    )


# Completion


@pytest.mark.parametrize(
    ("marked", "path", "first"),
    [
        ("|", "", ["cameras", "services", "server", "plugins"]),
        ("se|", "", ["services", "server"]),
        ("cameras:\n  |", "cameras", ["name"]),
        ("cameras:\n  - |", "cameras[0]", ["name", "model", "attributes"]),
        ("cameras:\n  - name: x\n    |\n", "cameras[0]", ["model", "attributes", "preload"]),
        (
            "cameras:\n  - name: x\n    model: |",
            "cameras[0].model",
            ["test_pattern", "video_file", "image_file", "webcam"],
        ),
        (
            "cameras:\n  - name: x\n    model: t|\n    private: true\n",
            "cameras[0].model",
            ["test_pattern", "transform"],
        ),
        (TEXT.replace("test_pattern", "test_pattern\n    attributes:\n      |"), "cameras[0].attributes", ["width_px"]),
        (TEXT.replace("test_pattern", "test_pattern\n    attributes: {|}"), "cameras[0].attributes", ["width_px"]),
        (TEXT.replace("source: scene", "source: |"), "cameras[0].attributes.source", ["scene"]),
        (TEXT.replace("source: scene", "sou|: scene"), "cameras[0].attributes", ["source"]),
        (
            TEXT.replace("name: coco}", "name: |}", 1),
            "cameras[0].attributes.pipeline[0].attributes.detector_name",
            ["coco"],
        ),
        (
            TEXT.replace("coco}", "coco, |}", 1),
            "cameras[0].attributes.pipeline[0].attributes",
            ["confidence_threshold"],
        ),
        (
            TEXT.replace("coco}", "coco, valid_labels: [person, |]}", 1),
            "cameras[0].attributes.pipeline[0].attributes.valid_labels[1]",
            ["no", "big dog", "a: b"],
        ),
        (TEXT.replace("type: detections", "type: |", 1), "cameras[0].attributes.pipeline[0].type", ["identity"]),
        (
            TEXT.replace(
                "- type: detections\n          attributes: {detector_name: coco}",
                "- type: crop\n          attributes:\n            un|",
            ),
            "cameras[0].attributes.pipeline[0].attributes",
            ["units"],
        ),
        (TEXT.replace("mlmodel_name: ssd", "mlmodel_name: |"), "services[0].attributes.mlmodel_name", ["ssd"]),
        (TEXT + "  |", "services[1]", ["name", "type", "model"]),
        (TEXT + "server:\n  |", "server", ["host", "port"]),
        (TEXT + "server:\n  tls: |", "server.tls", ["self-signed"]),
        (TEXT + "server:\n  # |", None, []),
        (TEXT.replace("scene\n", "scene\n    preload: |\n", 1), "cameras[0].preload", ["true", "false"]),
        ('{"cameras": [{"name": "x", "model": "|"}]}', "cameras[0].model", ["test_pattern"]),
    ],
)
def test_what_may_stand_at_the_cursor_is_offered(page: Page, marked: str, path: str | None, first: list[str]) -> None:
    found = complete(page, marked)
    assert found["path"] == path
    assert [item["label"] for item in found["items"]][: len(first)] == first


@pytest.mark.parametrize(
    ("marked", "label", "result"),
    [
        ("cameras:\n  - name: x\n    mo|", "model", "cameras:\n  - name: x\n    model: "),
        ("cameras:\n  - name: x\n    mo|: y", "model", "cameras:\n  - name: x\n    model: y"),
        ("cameras:\n  |", "name", "cameras:\n  - name: "),
        ("|", "cameras", "cameras:\n  - "),
        (
            TEXT.replace("coco}", "coco, valid_labels: [|]}", 1),
            "a: b",
            TEXT.replace("coco}", 'coco, valid_labels: ["a: b"]}', 1),
        ),
        (TEXT.replace("coco}", "coco, val|}", 1), "valid_labels", TEXT.replace("coco}", "coco, valid_labels: []}", 1)),
        ('{"cameras": [{"name": "x", "mo|": 1}]}', "model", '{"cameras": [{"name": "x", "model": 1}]}'),
        ('{"cameras": [{"name": "x", "model": "we|"}]}', "webcam", '{"cameras": [{"name": "x", "model": "webcam"}]}'),
    ],
)
def test_an_offer_fits_the_style_of_its_place(page: Page, marked: str, label: str, result: str) -> None:
    found = complete(page, marked)
    text = marked.replace("|", "", 1)
    [item] = [item for item in found["items"] if item["label"] == label]
    assert text[: found["start"]] + item["text"] + text[found["end"] :] == result


def test_keys_that_must_be_there_come_first_and_say_so(page: Page) -> None:
    items = complete(page, "cameras:\n  - name: x\n    model: stream\n    attributes:\n      |")["items"]
    assert (items[0]["label"], items[0]["detail"]) == ("url", "required")
    assert items[0]["description"] == "URL, such as rtsp://user:password@camera.local/stream. Text."
    assert {item["label"]: item["detail"] for item in items}["transport"] == "tcp"


@pytest.mark.parametrize(
    ("at", "help"),
    [
        (
            "width_px",
            ("cameras[0].attributes.width_px", "Width of the picture.", "whole number, from 64 to 4096; default 1280"),
        ),
        (
            "crop",
            (
                "cameras[1].attributes.pipeline[0].type",
                "The kind of transform. Crop each frame to the window.",
                "required",
            ),
        ),
        ("••••••", ("server.tokens[0]", "A secret that the server keeps to itself.", "")),
        ("${PASSWORD}", ("cameras[2].attributes.password", "Replaced by the environment variable", "text")),
    ],
)
def test_a_key_is_explained(page: Page, at: str, help: tuple[str, str, str]) -> None:
    text = (
        "cameras:\n  - name: a\n    model: fake\n    attributes: {width_px: 640}\n  - name: b\n    model: transform\n"
        "    attributes:\n      source: a\n      pipeline: [{type: crop}]\n  - name: c\n    model: stream\n"
        "    attributes: {url: 'rtsp://a', password: '${PASSWORD}'}\nserver: {tokens: [••••••]}\n"
    )
    found = page.evaluate(
        "([text, offset]) => m.helpAt(text, m.readYaml(text), offset, m.schema)", [text, text.index(at) + 1]
    )
    path, description, facts = help
    assert found["path"] == path
    assert found["description"].startswith(description)
    assert found["facts"].startswith(facts)


# Colours


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ('  - name: "a b" # c', '- mark|name key|: mark|"a b" string|# c comment'),
        ("a: {x: 1, 'y': true}", "a key|: mark|{ mark|x key|: mark|1 number|, mark|'y' key|: mark|true word|} mark"),
        ('p: "${PORT:80}"', 'p key|: mark|" string|${PORT:80} hole|" string'),
        ("u: rtsp://a:••••••@b/c#d", "u key|: mark|rtsp://a: string|•••••• secret|@b/c#d string"),
        ("b: &x", "b key|: mark|&x name"),
        ("angle: -1.5e3", "angle key|: mark|-1.5e3 number"),
        ("word: no", "word key|: mark|no string"),
    ],
)
def test_a_line_has_colours(page: Page, line: str, tokens: str) -> None:
    found = page.evaluate('(line) => m.highlight(line, "").tokens', line)
    assert "|".join(f"{token['text']} {token['kind']}" for token in found if token["kind"]) == tokens


def test_only_changed_lines_are_coloured_again_with_the_result_of_all(page: Page) -> None:
    chance = random.Random(4)
    pieces = ["\n", "  ", "a: ", "{", "]", "|", "\n  x: |\n", '"', "'", "# c", "- ", ", ", "${A}"]
    texts = [TEXT]
    for _ in range(150):
        text = texts[-1]
        at, gone = chance.randrange(len(text)), chance.choice([0, 0, 0, 1, 20])
        texts.append(text[:at] + chance.choice(pieces) + text[at + gone :])
    wrong = page.evaluate(
        """(texts) => {
            const lines = new m.Lines();
            return texts.filter((text) => {
                lines.update(text);
                const fresh = new m.Lines();
                fresh.update(text);
                return JSON.stringify(lines.tokens) !== JSON.stringify(fresh.tokens);
            });
        }""",
        texts,
    )
    assert wrong == []


# New blocks

CAMERA = 'm.addCamera(text, m.cameraBlock(m.camera("stream"), "door", {}), null)'
EMPTY_URL = {"name": "door", "model": "stream", "attributes": {"url": "", "transport": "tcp"}}


@pytest.mark.parametrize(
    ("text", "before", "keeps"),
    [
        ("", 0, True),
        ("cameras:", 0, True),
        ("cameras:   # none yet\nserver: {port: 1}\n", 0, True),
        ("cameras: []\n", 0, False),  # the brackets go
        ("# what\nserver:\n  port: 1\n", 0, True),
        ('{"server": {}}', 0, True),
        ("{cameras: []}", 0, False),
        ('{"cameras": [\n  {"name": "a"}\n]}', 1, True),
        ("cameras:\n- name: a\n  model: fake # x\n\n- name: b\n  model: fake\nserver: {}", 2, True),
        ("cameras: [{name: a, model: fake}]  # c\n", 1, True),
        ("cameras:\n  - name: a\n    model: fake\n    # the end", 1, True),
    ],
)
def test_a_camera_fits_into_any_list(page: Page, text: str, before: int, keeps: bool) -> None:
    whole, selected = inserted(page, text, CAMERA, keeps=keeps)
    cameras = yaml.safe_load(whole)["cameras"]
    assert len(cameras) == before + 1
    assert cameras[-1] == EMPTY_URL
    assert selected == ""
    if text.startswith("{") and '"' in text:
        assert json.loads(whole)["cameras"] == cameras


@pytest.mark.parametrize("text", ["cameras: {a: {model: fake}}\n", "cameras: x\n", "- a\n- b\n", "words"])
def test_what_is_no_list_stays_as_it_is(page: Page, text: str) -> None:
    assert page.evaluate(f"(text) => {CAMERA}", text) is None
    if "cameras" not in text:
        call = 'm.addService(text, m.serviceBlock(m.service("mlmodel"), "found", {}))'
        assert page.evaluate(f"(text) => {call}", text) is None


def test_a_new_camera_is_explained_and_comes_behind_the_one_at_the_cursor(page: Page) -> None:
    whole, _ = inserted(page, TEXT, 'm.addCamera(text, m.cameraBlock(m.camera("video_file"), "door", {}), 0)')
    assert (
        "    model: test_pattern\n"
        "  - name: door  # Its name, also in addresses\n"
        "    model: video_file\n"
        "    attributes:\n"
        '      path: ""     # The video file\n'
        "      loop: false  # Restart at the end\n"
        "  - name: seen\n"
    ) in whole


@pytest.mark.parametrize(
    ("attributes", "keeps"),
    [
        ("    attributes: {source: scene}\n", True),
        ("    attributes:\n      source: scene\n", True),
        ("    attributes: {source: scene, pipeline: []}\n", False),
        ("    attributes: {source: scene, pipeline: [{type: flip}]}\n", True),
        ("    attributes:\n", True),
        ("    attributes:  # none\n", True),
        ("    attributes: {}\n", True),
        ("", True),
        ("    attributes:\n      source: scene\n      pipeline:\n        - type: flip\n", True),
        ("    attributes:\n      pipeline:\n      - type: flip   # c\n      source: scene\n", True),
    ],
)
def test_a_transform_fits_into_any_pipeline(page: Page, attributes: str, keeps: bool) -> None:
    text = f"cameras:\n  - name: a\n    model: transform\n{attributes}  - name: b\n    model: fake\n"
    call = 'm.addTransform(text, 0, m.transformBlock(m.kind("rotate"), m.readYaml(text), []), null)'
    whole, selected = inserted(page, text, call, keeps=keeps)
    first, second = yaml.safe_load(whole)["cameras"]
    assert first["attributes"]["pipeline"][-1] == {"type": "rotate", "attributes": {"angle_degs": 90}}
    assert second == {"name": "b", "model": "fake"}
    assert ("source" in first["attributes"]) == ("source" in attributes)
    assert selected == "90"


def test_a_transform_of_every_kind_can_be_added(page: Page) -> None:
    kinds: list[str] = page.evaluate("m.kinds().map(({ kind }) => kind)")
    assert len(kinds) >= 18
    text = DEMO.replace("seed: 0", "seed: 0\n      depth: true")
    for kind in kinds:
        call = f'm.addTransform(text, 2, m.transformBlock(m.kind("{kind}"), m.readYaml(text), []), 0)'
        whole, _ = inserted(page, text, call)
        added = yaml.safe_load(whole)["cameras"][2]["attributes"]["pipeline"][1]
        assert added["type"] == kind
        lines = [line for line in whole.splitlines() if line not in text.splitlines()]
        assert all("#" in line for line in lines if not line.endswith(":"))
        assert len(lines) <= 7, "the important keys only"
        try:
            parse(whole, "demo.yaml", CONFIGS)
        except ConfigError as error:
            assert "_parameters" in str(error)  # what the lens is like, only its owner knows


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("", 0),
        ("cameras: []\nservices:\n", 0),
        ("cameras: []\n# the end", 0),
        ("services:\n- name: a\n  type: vision\n  model: fake # x\ncameras: []\n", 1),
        ("services: [{name: a, type: vision, model: fake}]\n", 1),
        ('{"cameras": []}', 0),
    ],
)
def test_a_service_fits_into_any_text(page: Page, text: str, before: int) -> None:
    call = 'm.addService(text, m.serviceBlock(m.service("mlmodel"), "found", { label_path: null }))'
    whole, selected = inserted(page, text, call)
    services = yaml.safe_load(whole)["services"]
    assert len(services) == before + 1
    assert services[-1] == {"name": "found", "type": "vision", "model": "mlmodel", "attributes": {"model_path": ""}}
    assert selected == ""
    if text.endswith("# the end"):
        assert whole.index("# the end") < whole.index("services:")


def test_a_transform_without_a_service_gets_the_name_of_the_new_one(page: Page) -> None:
    def named(text: str, key: str) -> str:
        whole: str = page.evaluate(
            """([text, key]) => {
                const edit = m.nameService(text, "found", key);
                return edit ? m.apply(text, edit).whole : "";
            }""",
            [text, key],
        )
        return whole

    pipeline = "[{type: flip}, {type: detections, attributes: {detector_name: NAME}}]"
    text = f"cameras:\n  - name: a\n  - {{name: b, model: transform, attributes: {{pipeline: {pipeline}}}}}\n"
    empty = text.replace("NAME", '""')
    assert named(empty, "") == named(empty, "detector_name") == text.replace("NAME", "found")
    assert named(empty, "captioner_name") == named(text.replace("NAME", "other"), "") == named("", "") == ""
    as_json = json.dumps(yaml.safe_load(empty))
    assert json.loads(named(as_json, "")) == yaml.safe_load(text.replace("NAME", "found"))


def test_a_service_of_every_kind_can_be_added(page: Page) -> None:
    models = [CONFIGS / f"models/shapes_captioner{end}" for end in ("_encoder.tflite", "_decoder.tflite", ".txt")]
    paths = dict(zip(("model_path", "decoder_path", "tokenizer_path"), map(str, models), strict=True))
    values = {**paths, "label_path": str(CONFIGS / "models/shapes.txt"), "detect_color": "#e01b24"}
    kinds: list[str] = page.evaluate("Object.keys(m.SERVICES)")
    assert set(kinds) == set(VISION_SERVICES)
    for kind in kinds:
        call = f'm.addService(text, m.serviceBlock(m.service("{kind}"), "added", {json.dumps(values)}))'
        whole, _ = inserted(page, DEMO, call)
        lines = [line for line in whole.splitlines() if line not in DEMO.splitlines()]
        assert 4 <= len(lines) <= 5 and all("#" in line for line in lines), "what is new is explained"
        assert "added" in parse(whole, "demo.yaml", CONFIGS).services


def test_names_of_new_transforms_come_from_the_text(page: Page) -> None:
    call = 'm.addTransform(text, 1, m.transformBlock(m.kind("detections"), m.readYaml(text), []), 0)'
    two = f"{TEXT}  - {{name: coins, type: vision, model: mlmodel, attributes: {{mlmodel_name: ssd}}}}\n"
    assert inserted(page, two, call)[1] == "coco", "one of two, to be chosen"
    whole, selected = inserted(page, TEXT, call)
    assert selected == "0.5", "the only service needs no choice"
    assert yaml.safe_load(whole)["cameras"][1]["attributes"]["pipeline"][1]["attributes"] == {
        "detector_name": "coco",
        "confidence_threshold": 0.5,
        "valid_labels": [],
    }


def test_a_new_name_is_free(page: Page) -> None:
    assert page.evaluate('(text) => m.freeName(m.readYaml(text), "seen")', TEXT) == "seen-2"


@pytest.mark.parametrize(
    "value",
    [
        "a",
        "a b",
        "no",
        "",
        "true",
        "1",
        "1.5",
        "~",
        "a: b",
        "a #b",
        "-",
        "- a",
        "a,b",
        "ü",
        "[x",
        "it's",
        "•",
        "null",
        "0x1f",
        ".5",
        "a:",
        " a",
    ],
)
def test_values_are_quoted_where_yaml_needs_it(page: Page, value: str) -> None:
    written = page.evaluate("(value) => [m.quotedIfNeeded(value), m.quotedIfNeeded(value, { flow: true })]", value)
    assert parse_scalar(f"k: {written[0]}") == value
    assert yaml.load(f"k: [{written[1]}]", Loader=yaml.BaseLoader) == {"k": [value]}


def parse_scalar(text: str) -> Any:
    found = yaml.load(text, Loader=yaml.BaseLoader)["k"]
    # Without quotes, other types of YAML 1.2's core schema would be read.
    assert text.endswith('"') or found not in ("true", "1", "1.5", "~", "null", "0x1f", ".5", "")
    return found


def test_differences_are_shown_by_lines(page: Page) -> None:
    rows = page.evaluate("([a, b]) => m.differences(a, b)", ["1\n2\n3\n4\n5\n6\n7\nx", "1\n2\n3\n4\n5\nsix\n7\nnew\nx"])
    signs = {"same": " ", "removed": "-", "added": "+", "gap": "~"}
    assert "".join(signs[row["kind"]] + row["text"] for row in rows) == "~… 4 5-6+six 7+new x"
