"""The commands: stdout, stderr and exit code."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import av.container.core
import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner, Result

import configs
import pipeline
from cameras import Frame
from pipeline import Chain, ServerConfig, Tables, hash_of
from server import run as server_run
from server.cli import cli
from tests import foreign
from tests.cameras.videos import number_of, numbered, write_video
from tests.shared import DATA, expected, needs_data

from ..conftest import classifier, detector
from ..served import encoded

CONFIG = """
cameras:
  - {name: still, model: image_file, attributes: {path: still.png}}
"""
TOKEN = "correct-horse-battery"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "still.png").write_bytes(encoded())
    (tmp_path / "config.yaml").write_text(CONFIG)
    return "config.yaml"


def run(*arguments: str, tables: Tables | None = None) -> Result:
    result = CliRunner().invoke(cli, list(arguments), prog_name="camweave", obj=tables)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_the_version_is_printed() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout.split()[0], result.stderr) == (0, "camweave", "")


def test_the_version_is_printed_before_the_commands_are_imported() -> None:
    said = run("--version").stdout
    script = "import sys; sys.modules['typer'] = None; from server.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", script, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


def test_without_a_command_the_help_is_printed_and_the_exit_code_is_2() -> None:
    result = run()
    assert result.exit_code == 2
    for command in ("serve", "check", "schema", "annotate", "predict"):
        assert f"  {command} " in result.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sreve"], "Error: No such command 'sreve'. Did you mean 'serve'?"),
        (["check"], "Error: Missing argument 'CONFIG'."),
        (
            ["serve", "--port", "70000"],
            "Error: Invalid value for '--port': must be a whole number between 0 and 65535, got \"70000\"",
        ),
        (
            ["serve", "--port", "abc"],
            "Error: Invalid value for '--port': must be a whole number between 0 and 65535, got \"abc\"",
        ),
        (["serve", "--prot", "1"], "Error: No such option: --prot"),
        (["predict", "config.yaml", "a.png"], "Error: Missing option '--service'."),
        (["predict", "config.yaml", "--service", "x"], "Error: Missing argument 'FILE...'."),
        (
            ["predict", "config.yaml", "--service", "x", "--n", "-1", "a.png"],
            "Error: Invalid value for '--n': must be a whole number, 0 for all, got \"-1\"",
        ),
        (
            ["predict", "config.yaml", "--service", "x", "--threshold", "2", "a.png"],
            "Error: Invalid value for '--threshold': must be a number between 0 and 1, got \"2\"",
        ),
        (
            ["predict", "config.yaml", "--service", "x", "--threshold", "nan", "a.png"],
            "Error: Invalid value for '--threshold': must be a number between 0 and 1, got \"nan\"",
        ),
        (["annotate", "config.yaml", "--camera", "still"], "Error: Missing option '--input'."),
    ],
)
def test_an_invalid_command_line_is_refused(config: str, arguments: list[str], sentence: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith(sentence)


@pytest.mark.parametrize("command", [["check"], ["serve"], ["serve", "--port", "0"]])
def test_an_invalid_configuration_is_refused_with_all_its_problems(config: str, command: list[str]) -> None:
    Path("bad.yaml").write_text(
        "cameras:\n"
        "  - {name: a/b, model: image_file, attributes: {path: still.png}}\n"
        "  - {name: b, model: transform, attributes: {source: a, pipeline: [{type: identity}]}, extra: 1}\n"
    )
    result = run(*command, "bad.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith("bad.yaml:") for line in lines), lines


def test_a_missing_configuration_is_refused(config: str) -> None:
    result = run("check", "nothing.yaml")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "nothing.yaml: no such file\n")


def test_a_valid_configuration_is_ok(config: str) -> None:
    result = run("check", config)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "OK\n", "")


def test_a_check_prints_the_problems_as_json(config: str) -> None:
    Path("bad.yaml").write_text(
        "cameras:\n"
        "  - {name: a/b, model: image_file, attributes: {path: still.png}}\n"
        "  - {name: b, model: transform, attributes: {source: a, pipeline: [{type: identity}]}, extra: 1}\n"
    )
    Path("model.tflite").write_bytes(b"nonsense" * 100)
    Path("model.yaml").write_text(
        CONFIG + "services:\n  - {name: eyes, type: vision, model: mlmodel, attributes: {model_path: model.tflite}}\n"
    )
    for file in ("bad.yaml", "model.yaml"):
        printed, result = run("check", file), run("check", file, "--json")
        assert (result.exit_code, result.stderr) == (2, "")
        problems = json.loads(result.stdout)
        assert {tuple(problem) for problem in problems} == {("line", "column", "path", "message")}
        assert printed.stderr.splitlines() == [
            "{file}:{line}:{column}: {path}: {message}".format(file=file, **problem) for problem in problems
        ]
    result = run("check", config, "--json")
    assert (result.exit_code, json.loads(result.stdout), result.stderr) == (0, [], "")


def test_a_problem_without_a_place_is_in_the_json_too(config: str) -> None:
    for arguments in (["nothing.yaml"], [config, "--host", "0.0.0.0"]):
        result = run("check", *arguments, "--json")
        assert (result.exit_code, result.stderr) == (2, "")
        [problem] = json.loads(result.stdout)
        assert (problem["line"], problem["column"], problem["path"]) == (None, None, "")
        assert problem["message"]


def test_a_check_is_either_verbose_or_json(config: str) -> None:
    result = run("check", config, "--json", "--verbose")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--verbose or --json" in result.stderr


def test_a_check_opens_no_camera(config: str) -> None:
    Path("warm.yaml").write_text(CONFIG.replace("model: image_file", "preload: true, model: image_file"))
    Path("still.png").write_bytes(b"no picture any more")
    assert run("check", "warm.yaml").stdout == "OK\n"


def test_a_file_that_is_not_a_model_is_refused(config: str) -> None:
    Path("model.tflite").write_bytes(b"nonsense" * 100)
    Path("model.yaml").write_text(
        CONFIG + "services:\n  - {name: eyes, type: vision, model: mlmodel, attributes: {model_path: model.tflite}}\n"
    )
    for command in (["check", "model.yaml"], ["serve", "model.yaml", "--port", "0"]):
        result = run(*command)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("model.yaml:5:")
        assert "model.tflite" in result.stderr


def test_verbose_says_what_was_understood_of_each_model(config: str) -> None:
    model = Path(configs.__file__).parent / "models/shapes_detector.onnx"
    Path("model.yaml").write_text(
        CONFIG + f"services:\n  - {{name: eyes, type: vision, model: mlmodel, attributes: {{model_path: {model}}}}}\n"
    )
    assert run("check", "model.yaml").stdout == "OK\n"
    lines = run("check", "model.yaml", "--verbose").stdout.splitlines()
    assert (lines[0], lines[-1]) == ("service eyes:", "OK")
    told = dict(line.strip().split(": ", 1) for line in lines[1:-1])
    assert set(told) == {"kind", "input", "range", "color_order", "head", "boxes", "activation", "labels_from"}
    assert told["input"] == "192x192 (the only size that the input takes)"
    assert told["head"].startswith("yolov10 (")
    assert run("check", config, "--verbose").stdout == "OK\n"


def test_the_schema_is_printed() -> None:
    result = run("schema")
    assert result.exit_code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(result.stdout))


def test_a_port_in_use_is_a_failure(config: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", config, "--port", str(port))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"camweave: cannot listen on 127.0.0.1:{port}: the port is in use by another program; end it, or choose "
        "another with --port (0 picks a free one)\n"
    )


def test_a_library_that_cannot_be_used_is_a_failure(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(av.container.core, "time")
    result = run("serve", config, "--port", "0")
    sentence = f"camweave: av {av.__version__} cannot be used: it has no av.container.core.time"
    assert (result.exit_code, result.stdout, result.stderr.splitlines()[-1]) == (1, "", sentence)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]"])
def test_access_from_other_machines_needs_tokens_or_insecure(config: str, host: str) -> None:
    result = run("serve", config, "--host", host)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"camweave: host {host.strip('[]')} is reachable from other machines, and there are no tokens; set one with "
        "server.tokens or --token, listen on 127.0.0.1, or pass --insecure to allow access without tokens\n"
    )


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> list[ServerConfig]:
    """Return a list that receives each configuration that would be served."""
    served: list[ServerConfig] = []
    monkeypatch.setattr(server_run, "serve", lambda file, announce: served.append(file.served.server))
    return served


def test_with_a_token_other_machines_have_access(config: str, serving: list[ServerConfig]) -> None:
    assert run("serve", config, "--host", "0.0.0.0", "--token", TOKEN).exit_code == 0
    Path("tokens.yaml").write_text(CONFIG + "server: {host: 0.0.0.0, tokens: [the-one-of-the-file]}\n")
    assert run("serve", "tokens.yaml").exit_code == 0
    assert run("serve", "tokens.yaml", "--token", TOKEN).exit_code == 0
    assert run("serve", config, "--host", "0.0.0.0", "--insecure").exit_code == 0
    found = [[token.token.get_secret_value() for token in server.tokens] for server in serving]
    assert found == [[TOKEN], ["the-one-of-the-file"], ["the-one-of-the-file", TOKEN], []]


@pytest.mark.parametrize("token", ["", "7-signs", "with a space in it", "zwölf-Boxkämpfer", "line\nfeed-in-it"])
def test_an_invalid_token_is_refused_and_not_shown(config: str, serving: list[ServerConfig], token: str) -> None:
    result = run("serve", config, "--token", token)
    assert (result.exit_code, result.stdout, serving) == (2, "", [])
    assert "at least 8 characters" in result.stderr
    assert not token or token not in result.stderr


def test_a_token_of_the_file_is_refused_as_an_option(config: str, serving: list[ServerConfig]) -> None:
    Path("tokens.yaml").write_text(CONFIG + f"server: {{tokens: [{TOKEN}]}}\n")
    result = run("serve", "tokens.yaml", "--token", TOKEN)
    assert (result.exit_code, result.stdout, serving) == (2, "", [])
    assert result.stderr == "camweave: the token given with --token is already in the file\n"


def test_viams_port_is_protected_by_the_same_tokens(config: str, serving: list[ServerConfig]) -> None:
    Path("viam.yaml").write_text(CONFIG + "server: {viam: {port: 0}}\n")
    assert run("serve", "viam.yaml", "--host", "0.0.0.0").exit_code == 2
    assert run("serve", "viam.yaml", "--host", "0.0.0.0", "--token", TOKEN).exit_code == 0
    assert [(server.viam is not None, len(server.tokens)) for server in serving] == [(True, 1)]


def test_the_host_of_the_file_is_checked_too(config: str) -> None:
    Path("open.yaml").write_text(CONFIG + "server: {host: 0.0.0.0}\n")
    assert run("serve", "open.yaml").exit_code == 2


def test_a_check_refuses_what_serve_would_refuse(config: str, serving: list[ServerConfig]) -> None:
    Path("open.yaml").write_text(CONFIG + "server: {host: 0.0.0.0}\n")
    for options in ([], ["--host", "::"], ["--host", "no such host"]):
        checked, served = run("check", "open.yaml", *options), run("serve", "open.yaml", *options)
        assert (checked.exit_code, checked.stdout, checked.stderr) == (2, "", served.stderr)
    for options in (["--insecure"], ["--token", TOKEN], ["--host", "127.0.0.1"]):
        assert run("check", "open.yaml", *options).stdout == "OK\n"
    Path("ports.yaml").write_text(CONFIG + "server: {port: 8081, viam: {port: 8081}}\n")
    assert "server.viam.port: must be another port than server.port" in run("check", "ports.yaml").stderr


def test_an_unknown_host_is_refused(config: str) -> None:
    result = run("serve", config, "--host", "no such host")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == 'camweave: host "no such host" is neither an address nor a known name\n'


@pytest.fixture
def services(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare the services ``names`` and ``boxes`` in the file, with fake predictions."""
    made = {"names": classifier(), "boxes": detector()}
    model = 'services:\n  - {name: names, type: vision, model: mlmodel, attributes: {model_path: "m.tflite"}}\n'
    Path("m.tflite").touch()
    Path("config.yaml").write_text(CONFIG + model + model.split("\n", 1)[1].replace("names", "boxes"))

    monkeypatch.setattr(pipeline, "make_services", lambda config: {name: made[name] for name in config.services})


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_pictures_are_predicted_in_order_and_failures_have_a_line(services: None) -> None:
    Path("broken.png").write_bytes(encoded()[:50])
    Path("text.png").write_text("hello")
    result = run("predict", "config.yaml", "--service", "names", "still.png", "no.png", "broken.png", "text.png", ".")
    assert result.exit_code == 1
    first, *failed = lines(result)
    assert list(first) == ["file", "width_px", "height_px", "classifications"]
    assert (first["file"], first["width_px"], first["height_px"]) == ("still.png", 64, 48)
    assert first["classifications"][0] == {"class_name": "star", "confidence": 0.7}
    assert len(first["classifications"]) == 5
    assert failed == [
        {"file": "no.png", "error": "cannot be read: No such file or directory"},
        {"file": "broken.png", "error": "the PNG picture is damaged or incomplete"},
        {"file": "text.png", "error": "not a picture: must be JPEG, PNG, WebP, GIF, TIFF or BMP"},
        {"file": ".", "error": "cannot be read: Is a directory"},
    ]
    assert result.stderr == "camweave: 4 of 5 pictures failed\n"


@pytest.mark.parametrize(
    ("service", "options", "kind", "count"),
    [
        ("names", ["--n", "0"], "classifications", 7),
        ("names", ["--n", "2"], "classifications", 2),
        ("names", ["--threshold", "0.5"], "classifications", 3),
        ("boxes", [], "detections", 2),
        ("boxes", ["--threshold", "0.41"], "detections", 1),
    ],
)
def test_the_number_of_results_is_limited(
    services: None, service: str, options: list[str], kind: str, count: int
) -> None:
    result = run("predict", "config.yaml", "--service", service, *options, "still.png")
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(lines(result)[0][kind]) == count


def test_an_unknown_service_is_refused(services: None) -> None:
    result = run("predict", "config.yaml", "--service", "name", "still.png")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        'camweave: there is no vision service "name", did you mean "names"? (known: names, boxes)\n'
    )


def test_the_error_of_an_unusable_model_has_its_position(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_text("no model")
    path = tmp_path / "config.yaml"
    path.write_text(
        "services:\n"
        "  - {name: v, type: vision, model: mlmodel, attributes: {mlmodel_name: m}}\n"
        "  - {name: m, type: mlmodel, model: tflite_cpu, attributes: {model_path: model.tflite}}\n"
    )
    for command in (("check",), ("predict", "--service", "v", "still.png")):
        result = run(command[0], str(path), *command[1:])
        assert (result.exit_code, result.stdout) == (2, "")
        place = f"{path}:3:74: services[1].attributes.model_path: {tmp_path}/model.tflite: "
        assert result.stderr.startswith(place) and result.stderr.count("\n") == 1


@needs_data
def test_a_real_model_predicts_as_it_should(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text(
        "services:\n"
        "  - name: things\n    type: vision\n    model: mlmodel\n"
        f"    attributes: {{model_path: {DATA}/models/mobilenet_v2_1.0_224_quant.tflite, "
        f"label_path: {DATA}/labels/imagenet_1001.txt}}\n"
    )
    golden = expected()["classification"]["mobilenet_v2_1.0_224_quant.tflite"]
    pictures = [DATA / "images" / name for name in golden]
    result = run("predict", str(tmp_path / "real.yaml"), "--service", "things", *map(str, pictures))
    assert result.exit_code == 0
    for picture, line in zip(pictures, lines(result), strict=True):
        assert line["file"] == str(picture)
        assert line["classifications"][0]["class_name"] in golden[picture.name]["accept_top1_labels"], picture.name


def annotate(output: str, *more: str, source: str = "still.png", camera: str = "still") -> Result:
    return run("annotate", "config.yaml", "--camera", camera, "--input", source, "--output", output, *more)


def test_a_picture_is_annotated(config: str) -> None:
    result = annotate("out.png", "--json", "-")
    assert result.exit_code == 0
    nothing: dict[str, list[object]] = {
        "classifications": [],
        "detections": [],
        "segmentations": [],
        "captions": [],
        "keypoints": [],
    }
    assert lines(result) == [{"frame": 0, "pts_s": 0.0, "width_px": 64, "height_px": 48, **nothing}]
    assert Path("out.png").read_bytes()[:4] == b"\x89PNG"


def test_the_lines_go_to_a_file(config: str) -> None:
    result = annotate("out.jpg", "--json", "out.jsonl")
    assert (result.exit_code, result.stdout) == (0, "")
    assert json.loads(Path("out.jsonl").read_text())["frame"] == 0


def test_input_that_cannot_be_annotated_is_an_error(config: str) -> None:
    Path("broken.mp4").write_bytes(b"hello")
    for result, code, words in (
        (annotate("out.txt"), 2, "the output must end in"),
        (annotate("out.png", camera="stil"), 2, 'there is no camera "stil", did you mean "still"? (known: still)'),
        (annotate("no/folder/out.png"), 1, "no such file or directory"),
        (annotate("out.mp4", source="broken.mp4"), 1, "broken.mp4"),
        (annotate("out.png", source="missing.png"), 1, "missing.png"),
        (annotate("out.png", "--json", "no/folder/out.jsonl"), 1, "no such file or directory"),
    ):
        assert (result.exit_code, result.stdout) == (code, ""), result.stderr
        assert "Traceback" not in result.stderr
        said = result.stderr.splitlines()[-1]
        assert said.startswith("camweave: ") and words in said, said
    assert not list(Path().glob("out*"))


def test_a_part_of_a_video_for_several_cameras(config: str) -> None:
    with Path(config).open("a") as file:
        file.write("  - {name: copy, model: transform, attributes: {source: still, pipeline: [{type: identity}]}}\n")
    write_video(Path("clip.mp4"), (numbered(number) for number in range(10)), rate=10)
    more = ("--camera", "copy", "--output", "copy.mp4", "--json", "-", "--json", "copy.jsonl")
    result = annotate("still.mp4", *more, "--start", "0.25", "--end", "0.9", "--fps", "5", source="clip.mp4")
    assert result.exit_code == 0, result.stderr
    assert [(line["frame"], line["pts_s"]) for line in lines(result)] == [(0, 0.0), (1, 0.2), (2, 0.4)]
    assert Path("copy.jsonl").read_text() == result.stdout
    for path in ("still.mp4", "copy.mp4"):
        with av.open(path) as video:
            pictures = [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in video.decode(video=0)]
        assert [number_of(picture) for picture in pictures] == [3, 5, 7]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--start", "-1"), 'must be a number of seconds, 0 or more, got "-1"'),
        (("--start", "nan"), 'must be a number of seconds, 0 or more, got "nan"'),
        (("--end", "soon"), 'must be a number of seconds, 0 or more, got "soon"'),
        (("--fps", "0"), 'must be a number of frames per second, more than 0, got "0"'),
        (("--fps", "inf"), 'must be a number of frames per second, more than 0, got "inf"'),
        (("--start", "2", "--end", "2"), "the end must be after the start, 2 s, got 2"),
        (("--start", "1"), "the input is a picture: start, end and frames per second are for videos"),
        (
            ("--camera", "still"),
            "each --camera needs its --output, in the same order; got 2 times --camera and 1 times --output",
        ),
        (
            ("--camera", "still", "--output", "b.png", "--json", "lines"),
            "each --camera needs its --json, in the same order, or none has one; "
            "got 2 times --camera and 1 times --json",
        ),
        (
            ("--camera", "still", "--output", "b.png", "--json", "-", "--json", "-"),
            "the lines of only one camera can go to stdout",
        ),
        (("--camera", "still", "--output", "b.png"), 'camera "still" is given twice'),
        (("--camera", "stil", "--output", "b.png"), 'there is no camera "stil", did you mean "still"?'),
    ],
)
def test_options_of_annotate_that_do_not_go_together(more: tuple[str, ...], words: str, config: str) -> None:
    result = annotate("out.png", *more)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in " ".join(result.stderr.split()), result.stderr
    assert not list(Path().glob("*out*"))


def test_a_part_after_the_end_of_the_video_is_a_failure(config: str) -> None:
    write_video(Path("clip.mp4"), (numbered(number) for number in range(5)))
    result = annotate("out.mp4", "--start", "3", source="clip.mp4")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "camweave: clip.mp4 has no frame from 3 s")
    assert not list(Path().glob("*out*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_video_leaves_no_file_and_no_thread(
    config: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(Path("clip.mp4"), (numbered(number) for number in range(10)))
    apply, calls = Chain.apply, list[int]()

    def interrupted(chain: Chain, frame: Frame) -> tuple[Frame, ...]:
        calls.append(0)
        if len(calls) == 5:
            os.kill(os.getpid(), number)
        return apply(chain, frame)

    monkeypatch.setattr(Chain, "apply", interrupted)
    result = annotate("out.mp4", source="clip.mp4")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "camweave: interrupted")
    assert not list(Path().glob("*out*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_says_so_and_leaves_no_file(
    config: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Chain, "apply", lambda chain, frame: os.kill(os.getpid(), number))
    result = annotate("out.png")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "camweave: interrupted")
    assert not [*Path().glob("out*"), *Path().glob(".out*")]


def test_the_kinds_of_a_program_are_in_every_command(tmp_path: Path) -> None:
    (tmp_path / "half.mean").write_text("128")
    (tmp_path / "foreign.yaml").write_text(foreign.TEXT)
    (tmp_path / "black.png").write_bytes(encoded(image=np.zeros((16, 16, 3), np.uint8)))
    config, picture = str(tmp_path / "foreign.yaml"), str(tmp_path / "black.png")
    assert run("check", config).exit_code == 2
    assert run("check", config, tables=foreign.KINDS).stdout == "OK\n"
    assert '"negative"' not in run("schema").stdout
    assert '"negative"' in run("schema", tables=foreign.KINDS).stdout
    (line,) = lines(run("predict", config, picture, "--service", "in-place", tables=foreign.KINDS))
    assert line["classifications"][0]["class_name"] == "dark"
    target = str(tmp_path / "white.png")
    arguments = ("--camera", "named", "--input", picture, "--output", target, "--json", "-")
    (line,) = lines(run("annotate", config, *arguments, tables=foreign.KINDS))
    assert [each["class_name"] for each in line["classifications"]] == ["on", "light", "light"]


def test_the_command_line_imports_heavy_packages_late() -> None:
    heavy = {"aiortc", "av", "cv2", "fastapi", "numpy", "cameras", "pipeline", "streams", "vision"}
    code = f"import sys, server.cli, server.program\nprint(sorted({heavy} & set(sys.modules)))"
    clone = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=clone)
    assert done.stdout == "[]\n"


def test_a_file_is_annotated_without_the_import_of_webrtc(config: str) -> None:
    arguments = ["annotate", "config.yaml", "--camera", "still", "--input", "still.png", "--output", "out.png"]
    code = (
        f"import sys; from server.cli import cli; cli({arguments}, standalone_mode=False); "
        "print(sorted({'aiortc', 'fastapi', 'grpclib', 'onnxruntime'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "[]\n"


def test_a_token_is_made_with_its_hash() -> None:
    result = run("token")
    (_, token), (_, hashed) = (line.split() for line in result.stdout.splitlines())
    assert (result.exit_code, len(token), hashed) == (0, 32, hash_of(token))
    assert run("token").stdout != result.stdout


@pytest.mark.parametrize(
    ("text", "exit_code"), [("a-token-of-twenty-letters", 0), ("too-short-to-be-safe", 0), ("only-19-characters.", 2)]
)
def test_the_hash_of_a_given_token_is_printed_unless_it_could_be_guessed(text: str, exit_code: int) -> None:
    result = CliRunner().invoke(cli, ["token", "--stdin"], input=f"{text}\n", prog_name="camweave")
    assert (result.exit_code, result.stdout) == (exit_code, "" if exit_code else f"{hash_of(text)}\n")
    assert text not in result.output


def test_a_link_is_printed(config: str) -> None:
    Path(config).write_text(f"{CONFIG}server: {{tokens: [{TOKEN}]}}\n")
    result = run("link", config, "--camera", "still", "--for", "7d")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("http://127.0.0.1:8080/watch/still?link=")
    for arguments, message in (
        (["--camera", "stil"], 'there is no camera "stil", did you mean "still"?'),
        (["--camera", "still", "--for", "soon"], 'must be a time such as 90s, 30m, 24h or 7d, got "soon"'),
        (["--camera", "still", "--for", "0h"], 'must be a time such as 90s, 30m, 24h or 7d, got "0h"'),
    ):
        result = run("link", config, *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr
