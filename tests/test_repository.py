"""What the repository says of itself is so: commands, links, packages, and nothing in it that does not belong."""

import ast
import configparser
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Spelled in pieces, so that this file does not hold what it looks for.
OPEN_ENDS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
REGISTRIES = ("py" + "pi.org", "pythonhosted" + ".org", "npm" + "js.org", "index" + "-url =", "find" + "-links")
# Folders of tests that go through the whole program, or look at what is shown.
WHOLE = ("tests", "tests/configs", "tests/docs", "tests/end_to_end", "tests/faults", "tests/security")
# Test files named after something else than a module, with what they look at.
OTHER_TESTS = {
    "tests/transforms/modes/test_tracks.py": "the transform track behind the modes that do not wait for the model",
    "tests/vision/test_label_cases.py": "label files and models of public bug reports, through all of the room",
    "tests/vision/test_golden.py": "the results of real models, through all of the room",
}
# Modules that are tested with what uses them, and where.
TESTED_WITH: dict[str, str] = {
    "streams/exits/base.py": "tests/streams/exits/test_byte_stream.py",
    "streams/viewing/errors.py": "tests/streams/viewing/test_admission.py",
    "server/http/routes/viewing.py": "tests/server/http/routes/test_signalling.py",
    "cameras/annotations/canvas.py": "tests/transforms/painting/test_layout.py",
    "cameras/connecting.py": "tests/cameras/test_stream.py",
    "cameras/attributes.py": "tests/cameras/test_test_pattern.py",
    "cameras/base.py": "tests/cameras/test_video_file.py",
    "cameras/container.py": "tests/cameras/test_stream.py",
    "cameras/ffmpeg.py": "tests/cameras/test_stream.py",
    "cameras/interrupt.py": "tests/cameras/test_stream.py",
    "cameras/multipart.py": "tests/cameras/test_stream_over_http.py",
    "cameras/network/http.py": "tests/cameras/test_stream_over_http.py",
    "cameras/network/reach.py": "tests/cameras/network/test_http_guard.py",
    "cameras/network/rtsp.py": "tests/cameras/test_stream_over_rtsp.py",
    "cameras/packets.py": "tests/cameras/test_stream_over_rtsp.py",
    "cameras/stream_failures.py": "tests/cameras/test_stream.py",
    "cameras/pattern/actors.py": "tests/cameras/pattern/test_scene.py",
    "cameras/pattern/ribbon.py": "tests/cameras/pattern/test_scene.py",
    "cameras/pattern/shapes.py": "tests/cameras/pattern/test_scene.py",
    "cameras/pattern/sprites.py": "tests/cameras/pattern/test_scene.py",
    "cameras/picture/formats/decode.py": "tests/cameras/picture/test_image.py",
    "cameras/picture/formats/header.py": "tests/cameras/picture/test_image.py",
    "cameras/picture/formats/orientation.py": "tests/cameras/picture/test_video.py",
    "cameras/picture/formats/process.py": "tests/cameras/picture/test_decoder.py",
    "cameras/picture/formats/slots.py": "tests/cameras/picture/test_decoder.py",
    "vision/captioning/image_encoder.py": "tests/vision/test_captioner.py",
    "vision/interpretation.py": "tests/vision/test_mlmodel.py",
    "vision/mlmodel_attributes.py": "tests/vision/test_mlmodel.py",
    "vision/model_service.py": "tests/vision/test_mlmodel.py",
    "vision/outputs/heads/anchors.py": "tests/vision/outputs/heads/test_efficientdet.py",
    "vision/outputs/heads/evidence.py": "tests/vision/outputs/heads/test_head.py",
    "vision/outputs/heads/queries.py": "tests/vision/outputs/heads/test_detr.py",
    "vision/outputs/heads/rows.py": "tests/vision/outputs/heads/test_yolo_nas.py",
    "vision/understood.py": "tests/vision/test_mlmodel_with_public_models.py",
    "vision/outputs/row_detector.py": "tests/vision/outputs/test_detector.py",
    "vision/runtimes/base.py": "tests/vision/runtimes/test_litert.py",
    "vision/runtimes/encodings/flatbuffer.py": "tests/vision/runtimes/test_tflite_metadata.py",
    "vision/runtimes/noise.py": "tests/vision/runtimes/test_verifier.py",
    "vision/runtimes/verify.py": "tests/vision/runtimes/test_verifier.py",
    "transforms/inference.py": "tests/transforms/modes/test_base.py",
    "transforms/modes/deadline.py": "tests/transforms/modes/test_base.py",
    "transforms/modes/sync.py": "tests/transforms/modes/test_base.py",
    "transforms/modes/worker.py": "tests/transforms/modes/test_latest.py",
    "transforms/recognition.py": "tests/transforms/test_detections.py",
    "pipeline/camera_config/stream.py": "tests/pipeline/config/test_load.py",
    "pipeline/config/declarations/blocks.py": "tests/pipeline/config/test_load_errors.py",
    "pipeline/config/declarations/tables.py": "tests/pipeline/config/plugins/test_packages.py",
    "pipeline/config/nodes/spans.py": "tests/pipeline/config/text/test_values.py",
    "pipeline/config/nodes/yaml_errors.py": "tests/pipeline/config/test_load_errors.py",
    "pipeline/config/nodes/yaml_reader.py": "tests/pipeline/config/test_load_errors.py",
    "pipeline/config/reader.py": "tests/pipeline/config/test_load_errors.py",
    "pipeline/config/services.py": "tests/pipeline/config/test_load_errors.py",
    "pipeline/config/text/comparing.py": "tests/pipeline/config/text/test_values.py",
    "pipeline/config/text/edits.py": "tests/pipeline/config/text/test_values.py",
    "pipeline/config/text/flow.py": "tests/pipeline/config/text/test_values.py",
    "pipeline/config/text/hiding.py": "tests/pipeline/config/text/test_secrets.py",
    "pipeline/config/text/lines.py": "tests/pipeline/config/text/test_secrets.py",
    "pipeline/config/text/rendering.py": "tests/pipeline/config/text/test_values.py",
    "pipeline/config/validation/reserved.py": "tests/pipeline/config/test_load_errors.py",
    "pipeline/config/validation/entries.py": "tests/pipeline/config/test_load_errors.py",
    "pipeline/config/validation/validate.py": "tests/pipeline/config/test_load_errors.py",
    "pipeline/config/validation/messages.py": "tests/pipeline/config/test_load_errors.py",
    "pipeline/config/viam/packages.py": "tests/pipeline/config/viam/test_machine.py",
    "pipeline/config/viam/translation.py": "tests/pipeline/config/viam/test_machine.py",
    "pipeline/checks.py": "tests/pipeline/test_graph.py",
    "pipeline/execution/blocking.py": "tests/pipeline/execution/test_executor.py",
    "pipeline/feeds/producer.py": "tests/pipeline/feeds/test_feed.py",
    "pipeline/producers/kind.py": "tests/pipeline/producers/test_table.py",
    "streams/encoding/broadcast.py": "tests/streams/encoding/test_pool.py",
    "streams/encoding/encoded.py": "tests/streams/encoding/test_pool.py",
    "streams/encoding/shared_encoder.py": "tests/streams/encoding/test_pool.py",
    "streams/encoding/sink.py": "tests/streams/encoding/test_pool.py",
    "streams/movie.py": "tests/streams/test_annotate.py",
    "streams/rtsp/errors.py": "tests/streams/rtsp/test_messages.py",
    "streams/rtsp/ports.py": "tests/streams/rtsp/test_delivery.py",
    "streams/rtsp/sessions.py": "tests/streams/rtsp/test_session.py",
    "streams/webrtc/session.py": "tests/streams/webrtc/test_sessions.py",
    "server/core/addresses.py": "tests/server/core/test_image_urls.py",
    "server/core/requests/errors.py": "tests/server/http/messages/test_problems.py",
    "server/core/info.py": "tests/server/http/routes/test_cameras.py",
    "server/drafts/modules.py": "tests/server/drafts/test_drafts.py",
    "server/http/app.py": "tests/server/http/test_access_with_tokens.py",
    "server/http/routes/dependencies.py": "tests/server/http/routes/test_cameras.py",
    "server/http/messages/replies.py": "tests/server/http/test_openapi.py",
    "server/viam/messages.py": "tests/server/viam/test_server.py",
    "server/viam/tensors.py": "tests/server/viam/test_models.py",
    "server/clarifai/listener.py": "tests/server/clarifai/test_grpc_server.py",
    "server/rtsp/port.py": "tests/server/rtsp/test_service.py",
    "server/run/listeners.py": "tests/server/viam/test_server.py",
    "server/process/version.py": "tests/server/cli/test_commands.py",
    "server/cli/entry.py": "tests/server/run/test_lifecycle.py",
    "server/cli/exit_codes.py": "tests/server/cli/test_commands.py",
    "server/cli/options.py": "tests/server/cli/test_commands.py",
    "server/cli/predict.py": "tests/server/cli/test_commands.py",
    "server/cli/progress.py": "tests/server/cli/test_commands.py",
    "server/grpc/receive.py": "tests/server/viam/test_calls.py",
    "server/http/bodies.py": "tests/server/http/messages/test_body.py",
    "server/http/protocol.py": "tests/server/http/test_server.py",
}
STARTS = re.compile(r"\bthreading\.(Thread|Timer)\(|\b(ThreadPoolExecutor|to_thread|run_in_executor)\(")
# Places that start threads and wait until they run. No event loop runs there: it uses ``BackgroundThread``.
WAIT_FOR_THREADS = {
    "cameras/network/http_guard.py": "on the thread of a camera",
    "server/process/signals.py": "before the event loop",
    "cameras/threads/bounded_calls.py": "on the threads of lines and of requests",
}
ROOMS = ("cameras", "vision", "transforms", "pipeline", "streams", "server")


def source_files() -> Iterator[tuple[str, str]]:
    """Yield name and text of every text file that git knows or would take."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in listing.splitlines():
        path = ROOT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            yield name, content.decode()


def sleeps(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that wait for time to pass instead of for something to happen."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name == "asyncio.sleep" and ast.unparse(node.args[0]) == "0":
                continue
            if name.split(".")[-1] in ("sleep", "wait_for_timeout"):
                yield node.lineno


def named_by(test: Path, root: Path) -> str | None:
    """Give the module or sub-package that a test file is named after: x for ``test_x.py`` and ``test_x_when_y.py``."""
    folder = Path(*test.parts[1:-1])
    words = test.stem.removeprefix("test_").split("_")
    for count in range(len(words), 0, -1):
        name = folder / "_".join(words[:count])
        if (root / name).is_dir() or (root / f"{name}.py").is_file():
            return name.as_posix()
    return None


def astray(root: Path) -> list[str]:
    """Name each test file that mirrors nothing. ``test_public_interface.py`` is about the package itself."""
    tests = (path.relative_to(root) for path in sorted((root / "tests").rglob("test_*.py")))
    return [
        test.as_posix()
        for test in tests
        if test.parent.as_posix() not in WHOLE
        and not (test.name == "test_public_interface.py" and (root / Path(*test.parts[1:-1]) / "__init__.py").is_file())
        and named_by(test, root) is None
    ]


def untested(root: Path, *rooms: str) -> list[str]:
    """Name each module with a function in it that neither has a test of its own nor stands in a tested sub-package."""
    tests = (path.relative_to(root) for path in (root / "tests").rglob("test_*.py"))
    tested = {named_by(test, root) for test in tests}
    found = []
    for room in rooms:
        for path in sorted((root / room).rglob("*.py")):
            module = path.relative_to(root).with_suffix("")
            above = {parent.as_posix() for parent in module.parents if len(parent.parts) > 1}
            if path.name == "__init__.py" or tested & {module.as_posix(), *above}:
                continue
            tree = ast.parse(path.read_text("utf-8"))
            if any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree)):
                found.append(f"{module.as_posix()}.py")
    return found


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_no_end_is_left_open() -> None:
    assert [name for name, text in source_files() if OPEN_ENDS.search(text)] == []


def test_no_file_names_a_registry() -> None:
    assert [name for name, text in source_files() if any(registry in text for registry in REGISTRIES)] == []


def test_no_test_sleeps() -> None:
    found = [
        f"{name}:{line}"
        for name, text in source_files()
        # A fake camera may keep its pace; a test that waits for it may not.
        if name.startswith("tests/") and name.endswith(".py") and not name.endswith("/fakes.py")
        for line in sleeps(ast.parse(text))
    ]
    assert found == []


def test_a_sleep_would_be_found() -> None:
    text = "import time\ntime.sleep(1)\nawait asyncio.sleep(0)\nawait asyncio.sleep(0.1)\npage.wait_for_timeout(5)"
    assert sorted(sleeps(ast.parse(text))) == [2, 4, 5]


def test_no_test_waits_in_a_way_that_the_policy_of_the_page_refuses() -> None:
    waiting = re.compile(r"\.wait_for_function\(")
    assert [name for name, text in source_files() if name.endswith(".py") and waiting.search(text)] == []


def test_nothing_makes_an_event_loop_wait_until_a_thread_runs() -> None:
    found = {name for name, text in source_files() if name.startswith(ROOMS) and STARTS.search(text)}
    assert found == WAIT_FOR_THREADS.keys()


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_the_packages_are_the_rooms() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks", "docs"}
    inner = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for room in rooms - {"configs"}  # the training is for the clone only
        for path in (ROOT / room).rglob("*/__init__.py")
    }
    assert set(setup["options"]["packages"].split()) == rooms | inner
    assert [room for room in sorted(rooms) if not (ROOT / room / "py.typed").exists()] == []


def test_every_make_target_says_what_it_does() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    words = {line.split()[1] for line in listed.splitlines()}
    assert {"demo", "install", "test", "check", "format", "bench", "clean"} <= words
    assert words == makefile_targets() - {"test-tools"}


def test_the_tests_mirror_the_source() -> None:
    assert [test for test in astray(ROOT) if test not in OTHER_TESTS] == []
    assert [test for test in OTHER_TESTS if not (ROOT / test).is_file() or test not in astray(ROOT)] == []


def test_every_module_has_its_test() -> None:
    found = untested(ROOT, *ROOMS)
    assert [module for module in found if module not in TESTED_WITH] == []
    for module, test in TESTED_WITH.items():
        assert module in found
        assert named_by(Path(test), ROOT) is not None or test in OTHER_TESTS
        assert (ROOT / test).is_file()


def test_a_test_without_a_module_and_a_module_without_a_test_are_found(tmp_path: Path) -> None:
    files = {
        "vision/base.py": "def look(): ...",
        "vision/errors.py": "class ModelError(Exception): ...",
        "vision/heads/yolox.py": "class Head:\n    def find(self): ...",
        "vision/heads/__init__.py": "",
        "vision/runtimes/litert.py": "async def run(): ...",
        "tests/vision/test_base_when_closed.py": "",
        "tests/vision/test_runtimes.py": "",
        "tests/vision/heads/test_public_interface.py": "",
        "tests/vision/gone/test_public_interface.py": "",
        "tests/vision/test_lens.py": "",
        "tests/faults/test_endings.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert astray(tmp_path) == ["tests/vision/gone/test_public_interface.py", "tests/vision/test_lens.py"]
    assert untested(tmp_path, "vision") == ["vision/heads/yolox.py"]
