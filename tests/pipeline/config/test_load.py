from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import CameraConfig, ConfigError, TransformAttributes, load, parse
from pipeline.config.declarations.server import PortRange
from pipeline.config.load import MAX_BYTES
from vision.runtimes import Batch

from .kinds import DetectionsAttributes, DeviceAttributes, FileAttributes, UrlAttributes
from .texts import GOOD, HEAD, files, problems_of, read


def attributes(lines: str, model: str = "stream", folder: Path = Path("/"), **environment: str) -> Any:
    text = f"{HEAD}{model}\n    attributes:\n" + "".join(f"      {line}\n" for line in lines.splitlines())
    return read(text, folder, **environment).cameras["a"].attributes


def test_everything_is_typed(tmp_path: Path) -> None:
    folder = files(tmp_path)
    config = read(GOOD, folder)
    street, annotated = config.cameras.values()
    assert street == CameraConfig(
        "street",
        "video_file",
        FileAttributes(path=folder / "street.mp4", loop=True),
        preload=True,
        linger_s=2,
        private=True,
    )
    assert isinstance(annotated.attributes, TransformAttributes)
    assert annotated.attributes.source == "street"
    assert [entry.type for entry in annotated.attributes.pipeline] == ["identity", "detections"]
    assert annotated.attributes.pipeline[1].attributes == DetectionsAttributes(
        detector_name="coco", confidence_threshold=0.5, valid_labels=("person", "no", "on")
    )
    assert annotated.attributes.intrinsic_parameters is not None
    assert annotated.attributes.intrinsic_parameters.fx == 500
    assert (annotated.stream.bitrate, annotated.stream.codecs) == (2_000_000, ("vp8",))
    assert (annotated.style.color, annotated.style.line_width_px) == ("#ff0000", 3)
    assert list(config.services) == ["coco"]
    runtime = config.services["coco"].runtime
    assert runtime is not None
    assert (runtime.name, runtime.model, runtime.attributes.num_threads) == ("ssd", "tflite_cpu", 2)
    assert runtime.attributes.model_path == folder / "ssd.tflite"
    assert (config.server.host, config.server.port) == ("0.0.0.0", 9090)
    assert config.server.ice.udp_ports == PortRange(50_000, 50_100)
    assert config.server.ice.addresses == ("127.0.0.1", "::1")
    assert config.path == Path("pipeline.yaml")


MODELS = """
cameras: [{name: a, model: test_pattern}]
services:
  - {name: ssd, type: vision, model: mlmodel, attributes: {mlmodel_name: m}}
  - {name: m, type: mlmodel, model: %s, attributes: {model_path: ssd.model, batch: %s}}
"""


def load_models(folder: Path, model: str, batch: str) -> Any:
    (folder / "ssd.model").touch()
    path = folder / "pipeline.yaml"
    path.write_text(MODELS % (model, batch))
    return load(path)


def test_a_model_on_onnx_may_run_in_batches(tmp_path: Path) -> None:
    declared = load_models(tmp_path, "onnx", "{max: 4, wait_ms: 2}").services["ssd"].runtime
    assert declared.attributes.batching() == Batch(most=4, wait_s=0.002)
    assert load_models(tmp_path, "onnx", "{}").services["ssd"].runtime.attributes.batching() is not None
    assert load_models(tmp_path, "onnx", "").services["ssd"].runtime.attributes.batching() is None


@pytest.mark.parametrize(
    ("model", "batch", "sentence"),
    [
        ("onnx", "{max: 1}", ".batch.max: must be between 2 and 64, got 1"),
        ("onnx", "{max: 2.5}", ".batch.max: must be a whole number, got 2.5"),
        ("onnx", "{wait_ms: 2000}", ".batch.wait_ms: must be between 0 and 1000, got 2000"),
        ("onnx", "{wait: 2}", '.batch.wait: unknown key, did you mean "wait_ms"? (known: max, wait_ms)'),
        ("onnx", "4", ".batch: must be a mapping, got a number"),
        ("tflite_cpu", "{}", ".batch: unknown key (known: model_path, label_path, num_threads, sha256)"),
    ],
)
def test_batches_that_cannot_be(tmp_path: Path, model: str, batch: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_models(tmp_path, model, batch)
    (problem,) = str(caught.value).splitlines()
    assert problem.endswith(f"services[1].attributes{sentence}")


def test_missing_keys_have_defaults() -> None:
    config = read(HEAD + "webcam\n    attributes:\n    style:\n    stream:\nserver:\nservices:\n")
    assert config.cameras == {"a": CameraConfig("a", "webcam", DeviceAttributes())}
    assert (config.server.host, config.server.port, config.server.ice.servers) == ("127.0.0.1", 8080, ())
    assert config.cameras["a"].linger_s == 10


def test_a_single_ice_url_needs_no_list() -> None:
    text = HEAD + "webcam\nserver: {ice: {servers: [{urls: 'stun:a'}, {urls: ['stun:b', 'stun:c']}]}}\n"
    assert [server.urls for server in read(text).server.ice.servers] == [("stun:a",), ("stun:b", "stun:c")]


def test_a_file_may_hold_services_alone() -> None:
    config = read("services: [{name: s, type: vision, model: mlmodel}]")
    assert (list(config.cameras), list(config.services)) == ([], ["s"])


def test_aliases_of_models_and_types_are_accepted() -> None:
    text = HEAD + "ffmpeg\n    attributes: {url: x}\n  - name: b\n    model: rdk:builtin:transform\n"
    config = read(text + "    attributes: {source: a, pipeline: [{type: ''}]}\n")
    assert [camera.model for camera in config.cameras.values()] == ["stream", "transform"]
    chained = config.cameras["b"].attributes
    assert isinstance(chained, TransformAttributes)
    assert chained.pipeline[0].type == "identity"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("~", None),
        ("null", None),
        ("0x10", 16),
        ("0o10", 8),
        ("010", 10),
        ("+5", 5),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("'5'", "5"),
        ('"5"', "5"),
        ("0b1", "0b1"),
        ("=", "="),
    ],
)
def test_unquoted_scalars_follow_the_core_schema_of_yaml_1_2(raw: str, value: object) -> None:
    assert attributes(f"video_path: {raw}", "webcam").video_path == value


@pytest.mark.parametrize(("raw", "value"), [("1", 1), ("1.5", 1.5), (".5", 0.5), ("1e1", 10), ("1.E+1", 10)])
def test_common_number_notations_are_accepted(raw: str, value: float) -> None:
    assert attributes(f"url: x\ntimeout_s: {raw}").timeout_s == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("${PORT}", 9000),
        ("${GONE:8080}", 8080),
        ("${PORT:1}", 9000),
        ("0${PORT}", 9000),
    ],
)
def test_environment_variables_are_expanded_before_typing(raw: str, value: int) -> None:
    block = f"{HEAD}webcam\nserver:\n  port: {raw}\n"
    assert read(block, PORT="9000").server.port == value
    assert read(f"{HEAD}webcam\nserver: {{port: {raw}}}\n", PORT="9000").server.port == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("${A}", "one"),
        ("'${A}'", "one"),
        ('"${A}-${B}"', "one-two: [x]"),
        ("rtsp://${A}:${GONE:554}/x", "rtsp://one:554/x"),
        ("${GONE:rtsp://host:554/a, b #c}", "rtsp://host:554/a, b #c"),
        ("${B}", "two: [x]"),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("$$$${A}", "$${A}"),
        ("$$${A}", "$one"),
        ("cost$5", "cost$5"),
        ("a$", "a$"),
        ("'{$A}'", "{$A}"),
        ("'${GONE:}x'", "x"),
        ("'${GONE:5$$}'", "5$"),
        ("|-\n  ${A}\n  x", "one\nx"),
        ("'\ue000${A}'", "\ue000one"),
    ],
)
def test_environment_variables_are_expanded_inside_texts(raw: str, value: str) -> None:
    assert attributes(f"url: {raw}", A="one", B="two: [x]").url == value


def test_keys_and_comments_are_not_expanded() -> None:
    assert problems_of(HEAD + "webcam\n    ${A}: 1  # ${GONE}\n", A="preload") == [
        'pipeline.yaml:4:5: cameras[0]["${A}"]: unknown key '
        "(known: name, model, attributes, preload, linger_s, private, stream, style)"
    ]


def test_a_variable_that_is_not_utf_8_is_refused() -> None:
    assert problems_of(HEAD + "${A}\n", A="\udcff")[0] == (
        "pipeline.yaml:3:12: cameras[0].model: the environment variable A is not UTF-8 text"
    )


def test_aliases_and_merge_keys_are_expanded() -> None:
    config = read(
        "cameras:\n"
        "  - &a {name: a, model: stream, attributes: &url {url: x, transport: udp}, linger_s: 3}\n"
        "  - {<<: *a, name: b}\n"
        "  - {name: c, <<: [{attributes: {url: y}}, *a]}\n"
        "  - {name: d, model: stream, attributes: *url}\n"
    )
    assert [camera.linger_s for camera in config.cameras.values()] == [3, 3, 3, 10]
    assert [camera.attributes for camera in config.cameras.values()] == [
        UrlAttributes(url="x", transport="udp"),
        UrlAttributes(url="x", transport="udp"),
        UrlAttributes(url="y"),
        UrlAttributes(url="x", transport="udp"),
    ]


def test_explosive_aliases_are_refused() -> None:
    text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for before, after in zip("abcdefghi", "bcdefghij", strict=True):
        text += f"{after}: &{after} [{', '.join([f'*{before}'] * 10)}]\n"
    assert problems_of(text) == [
        "pipeline.yaml:5:36: e[7]: is too large, more than 100000 values with all aliases expanded"
    ]


def test_a_missing_font_is_reported_with_other_problems(tmp_path: Path) -> None:
    text = HEAD + "webcam\n    linger_s: x\n    style: {font: gone.ttf, line_width_px: 0}\n"
    assert problems_of(text, tmp_path) == [
        'pipeline.yaml:4:15: cameras[0].linger_s: must be a number, got "x"',
        f"pipeline.yaml:5:19: cameras[0].style.font: {tmp_path}/gone.ttf: No such file or directory",
        "pipeline.yaml:5:44: cameras[0].style.line_width_px: must be between 1 and 100, got 0",
    ]


def test_a_problem_found_later_has_a_position(tmp_path: Path) -> None:
    folder = files(tmp_path)
    config = read(GOOD, folder)
    address = ("cameras", "street-annotated", "attributes", "pipeline", 1, "attributes", "detector_name")
    assert str(config.problem(address, "cannot")) == (
        "pipeline.yaml:20:39: cameras[1].attributes.pipeline[1].attributes.detector_name: cannot"
    )
    assert str(config.problem(("services", "coco"), "cannot")) == "pipeline.yaml:24:11: services[0]: cannot"


def test_a_file_is_named_as_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.yaml").write_text("cameras: 5\n")
    with pytest.raises(ConfigError, match=r"^\./sub//x\.yaml:1:10: cameras: must be a list, got a number$"):
        load("./sub//x.yaml")


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.yaml").write_text(HEAD + "video_file\n    attributes: {path: x.mp4}\n")
    (tmp_path / "sub" / "x.mp4").touch()
    monkeypatch.chdir(tmp_path)
    config = load(Path("sub/x.yaml"))
    assert config.path == Path("sub/x.yaml")
    assert getattr(config.cameras["a"].attributes, "path", None) == tmp_path / "sub" / "x.mp4"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, ": no such file"),
        (b"cameras:\n  - name: caf\xe9\n", ":2:14: is not UTF-8 text, byte 0xe9"),
        ("cameras: []\n".encode("utf-16"), ":1:1: is not UTF-8 text, byte 0xff"),
        (b"#" * (MAX_BYTES + 1), f": is too large, more than {MAX_BYTES} bytes"),
    ],
    ids=["missing", "not UTF-8", "UTF-16", "too large"],
)
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, line: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        load(str(file))
    assert str(raised.value) == f"{file}{line}"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("{folder}", "{folder}: is a folder, not a file"),
        ("{folder}/gone/x.yaml", "{folder}/gone/x.yaml: no such file"),
        ("{folder}/x\0.yaml", "{folder}/x\\x00.yaml: cannot be read: embedded null byte"),
        ("", "configuration: the name of the file is empty"),
    ],
)
def test_a_name_that_is_not_a_file_is_refused(file: str, line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load(file.format(folder=tmp_path))
    assert str(raised.value) == line.format(folder=tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "cameras: [{name: %s, model: stream}]",
        "cameras: [{name: a, model: %s}]",
        "cameras: [{name: a, model: stream, attributes: {address: %s}}]",
        "cameras: [{name: a, model: stream, attributes: {url: 'rtsp://x', transport: %s}}]",
        "cameras: [{name: a, model: stream, attributes: {url: 'rtsp://x', open_timeout_s: %s}}]",
        "cameras: [{name: a, model: video_file, attributes: {path: %s}}]",
        "cameras: [{name: a, model: image_file, attributes: {path: %s}}]",
        "cameras: [{name: a, model: webcam, attributes: {format: %s}}]",
        "cameras: [{name: a, model: test_pattern, %s: 1}]",
        "cameras: [{name: a, model: transform, attributes: {source: %s, pipeline: []}}]",
        "cameras: [{name: a, model: transform, attributes: {source: a, pipeline: [{type: %s}]}}]",
        "services: [{name: s, model: mlmodel, attributes: {model_path: %s}}]",
        "server: {host: %s}",
        "server: {ice_servers: [{urls: [%s]}]}",
        "server: {webrtc: {udp_ports: %s}}",
        "%s",
    ],
)
@pytest.mark.parametrize(
    "url",
    [
        "rtsp:/admin:hunter2@192.0.2.10/s",
        "rtsp://admin:hunter2@camera/s",
        "rtsp://admin:my hunter2@camera/s",
        "rtsp://admin:a/hunter2@camera:99999/",
        "rtsp://admin:a#'hunter2@camera/",
        "rtsp://camera/?pw=my hunter2",
        "rtmp://camera/live/hunter2",
        "http://" + 10 * "hunter2" + "/",
        "http://[hunter2/",
        "admin:hunter2@camera/s",
    ],
)
def test_no_message_shows_a_password(text: str, url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text % json.dumps(url), "test.yaml", Path("/nowhere"))
    assert "hunter2" not in str(caught.value)
