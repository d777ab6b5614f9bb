"""Paths that lead to something other than a file: a pipe would block and a device be read without end."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from cameras import CAMERAS, PREDICTIONS, CameraError
from cameras.image_file import BYTES_MAX
from pipeline import ConfigError, load, parse
from server.cli.predict import predictions
from server.core import Wanted
from streams import Target, annotate
from tests.fakes import FakeVision
from tests.serving import command

ENDLESS = Path("/dev/zero")
WORDS = {
    "image_file": "is a pipe or a device; only a file can be shown",
    "video_file": "is a pipe or a device; a video_file plays one file",
}


@pytest.mark.parametrize("verb", ["check", "serve"])
def test_a_configuration_that_is_a_pipe_is_not_waited_for(verb: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [*command(), verb, "pipe.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "pipe.yaml: is a pipe or a device that has given nothing for 5 s\n"


def test_a_configuration_may_come_through_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    text = "cameras:\n" + "".join(f"  - {{name: c{number}, model: test_pattern}}\n" for number in range(5000))
    writer = threading.Thread(target=pipe.write_text, args=(text,))
    writer.start()
    assert len(load(pipe).cameras) == 5000
    writer.join()


def test_a_device_is_not_read_without_end() -> None:
    with pytest.raises(ConfigError, match="^/dev/zero: is too large, more than 1000000 bytes$"):
        load(ENDLESS)


@pytest.mark.parametrize("kind", list(WORDS))
@pytest.mark.parametrize("what", ["pipe", "device"])
def test_it_is_refused_at_check_and_when_it_is_opened(kind: str, what: str, tmp_path: Path) -> None:
    path = ENDLESS
    if what == "pipe":
        path = tmp_path / "pipe"
        os.mkfifo(path)
    camera = CAMERAS[kind]
    attributes = camera.attributes_type.model_validate({"path": path}, context={"folder": tmp_path})
    assert list(attributes.check()) == [(("path",), f"{path} {WORDS[kind]}")]
    with pytest.raises(CameraError) as refused:
        camera("door", attributes).open()
    assert str(refused.value) == f"{path} {WORDS[kind]}"


def test_a_pipe_in_a_folder_of_pictures_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    camera = CAMERAS["image_file"]
    attributes = camera.attributes_type.model_validate({"path": tmp_path})
    with pytest.raises(CameraError, match=r"a.png is a pipe or a device"):
        camera("door", attributes).open()


def test_a_file_larger_than_any_picture_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.png"
    path.touch()
    os.truncate(path, BYTES_MAX + 1)
    camera = CAMERAS["image_file"]
    with pytest.raises(CameraError) as refused:
        camera("door", camera.attributes_type.model_validate({"path": path})).open()
    assert str(refused.value) == f"{path} has {BYTES_MAX + 1} bytes; a picture can have at most {BYTES_MAX}"


def test_predict_reads_no_device_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.cli.predict.FILE_BYTES_MAX", 3_000_000)
    with FakeVision().open_session() as session:
        lines = list(predictions(session, PREDICTIONS, [str(ENDLESS)], Wanted()))
    assert lines == [{"file": str(ENDLESS), "error": "cannot be read: a picture can have at most 3 MB"}]


@pytest.mark.parametrize("kind", ["itself", "behind a link"])
def test_annotate_never_takes_the_place_of_what_is_no_file(kind: str, tmp_path: Path) -> None:
    pipe = tmp_path / ("out.png" if kind == "itself" else "pipe")
    os.mkfifo(pipe)
    target = tmp_path / "out.png"
    if kind == "behind a link":
        target.symlink_to(pipe)
    source = tmp_path / "in.png"
    assert cv2.imwrite(str(source), np.zeros((8, 8, 3), np.uint8))
    config = parse("cameras: [{name: door, model: test_pattern}]\n", "test.yaml", tmp_path)
    with pytest.raises(OSError, match="is a pipe or a device; only a file can be written"):
        annotate(config, source, Target("door", target))
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({"in.png", pipe.name, "out.png"})


def test_annotate_does_not_wait_at_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    config = parse("cameras: [{name: door, model: test_pattern}]\n", "test.yaml", tmp_path)
    with pytest.raises(ValueError, match="the output must end in .mp4"):
        annotate(config, pipe, Target("door", tmp_path / "out.png"))
    with pytest.raises(CameraError, match="is a pipe or a device"):
        annotate(config, pipe, Target("door", tmp_path / "out.mp4"))


def test_a_full_disk_is_an_error_of_annotate(tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    assert cv2.imwrite(str(source), np.zeros((8, 8, 3), np.uint8))
    config = parse("cameras: [{name: door, model: test_pattern}]\n", "test.yaml", tmp_path)
    with pytest.raises(OSError) as full:
        annotate(config, source, Target("door", tmp_path / "out.png", Path("/dev/full")))
    assert full.value.errno == errno.ENOSPC
    assert not (tmp_path / "out.png").exists()
