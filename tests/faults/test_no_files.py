"""Paths that lead to what is no file: a pipe would be waited for without end, a device read without end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cameras import CAMERAS, CameraError
from cameras.image_file import BYTES_MAX

ENDLESS = Path("/dev/zero")
WORDS = {
    "image_file": "is a pipe or a device; only a file can be shown",
    "video_file": "is a pipe or a device; a video_file plays one file",
}


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
    assert str(refused.value) == f"{path} has {BYTES_MAX + 1} bytes; a picture may have at most {BYTES_MAX}"
