import os
import threading
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from cameras.base import CameraEnded, CameraError
from cameras.image_file import ImageFile, ImageFileAttributes, pictures_in
from cameras.picture import DECODERS

from .pictures import corners, pillow_bytes
from .videos import number_of, numbered


def camera(path: Path, *, paced: bool = False, **attributes: Any) -> ImageFile:
    return ImageFile("still", ImageFileAttributes(path=path, **attributes), paced=paced)


def write(path: Path, image: Any) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder whose pictures are numbered in the order of their names, with other things between."""
    for number, name in enumerate(["a1.png", "a2.PNG", "a10.png", "B3.bmp"]):
        write(tmp_path / name, numbered(number))
    (tmp_path / "a3.txt").write_text("no picture")
    write(tmp_path / ".hidden.png", numbered(9))
    return tmp_path


def test_files_are_in_natural_order(tmp_path: Path) -> None:
    names = ["2.png", "10.png", "a.png", "A1.png", "a02.png", "a2.png", "a10.png", "a²b.png", "b.png"]
    for name in reversed(names):
        write(tmp_path / name, numbered(0))
    assert [path.name for path in pictures_in(tmp_path)] == names


def test_a_folder_is_shown_in_natural_order_again_and_again(folder: Path) -> None:
    still = camera(folder, frame_rate=2)
    still.open()
    frames = [still.read() for _ in range(9)]
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 3, 0, 1, 2, 3, 0]
    assert [frame.pts for frame in frames] == list(range(9))
    assert {frame.time_base for frame in frames} == {Fraction(1, 2)}
    assert still.frame_rate == 2
    still.close()


def test_a_camera_does_not_wait_for_the_pictures_of_requests(folder: Path) -> None:
    still = camera(folder)
    with ExitStack() as decoding:
        while DECODERS._turns.acquire(blocking=False):
            decoding.callback(DECODERS._turns.release)
        still.open()
        assert number_of(still.read().image) == 0
        still.close()


def test_without_loop_it_ends_after_the_last(folder: Path) -> None:
    still = camera(folder, loop=False)
    still.open()
    assert [number_of(still.read().image) for _ in range(4)] == [0, 1, 2, 3]
    for _ in range(2):
        with pytest.raises(CameraEnded):
            still.read()
    still.close()


def test_a_picture_added_to_the_folder_is_shown_in_the_next_round(folder: Path) -> None:
    still = camera(folder)
    still.open()
    still.read()
    write(folder / "c.png", numbered(5))
    assert [number_of(still.read().image) for _ in range(8)] == [1, 2, 3, 0, 1, 2, 3, 5]
    still.close()


def test_a_single_picture_is_decoded_once_until_it_changes(tmp_path: Path) -> None:
    path = write(tmp_path / "still.png", numbered(3))
    still = camera(path)
    still.open()
    first, second = still.read(), still.read()
    assert first.pixels is second.pixels and second.pts == 1
    write(path, numbered(7))
    os.utime(path, (1, 1))
    assert number_of(still.read().image) == 7
    still.close()


def test_a_damaged_picture_among_others_is_skipped_and_counted(folder: Path) -> None:
    (folder / "a2.PNG").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    still = camera(folder)
    still.open()
    assert [number_of(still.read().image) for _ in range(4)] == [0, 2, 3, 0]
    assert still.dropped == 1
    still.close()


def test_a_round_without_a_decodable_picture_is_an_error(tmp_path: Path) -> None:
    for name in ("1.png", "2.jpg"):
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(CameraError) as raised:
        camera(tmp_path).open()
    assert str(raised.value) == (
        f"{tmp_path}/1.png: not a picture: must be JPEG, PNG, WebP, GIF, TIFF or BMP (and 1 more that cannot be read)"
    )


def test_a_deleted_picture_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "still.png", numbered(3))
    still = camera(path)
    still.open()
    still.read()
    path.unlink()
    with pytest.raises(CameraError) as raised:
        still.read()
    assert str(raised.value) == f"no such file: {path}"
    still.close()


def test_an_unusable_path_is_reported(tmp_path: Path) -> None:
    for path, message in [
        (tmp_path / "no.png", f"no such file: {tmp_path}/no.png"),
        (tmp_path, f"the folder {tmp_path} contains no pictures"),
    ]:
        with pytest.raises(CameraError) as raised:
            camera(path).open()
        assert str(raised.value) == message


def test_check_reports_missing_files(tmp_path: Path) -> None:
    missing = tmp_path / "no.png"
    assert list(ImageFileAttributes(path=missing).check()) == [(("path",), f"no such file or folder: {missing}")]
    assert [path for path, message in ImageFileAttributes(path=tmp_path).check() if "contains no pictures" in message]
    write(tmp_path / "a.png", numbered(1))
    assert list(ImageFileAttributes(path=tmp_path).check()) == []


def test_depth_comes_with_a_gray_rendition_on_request(tmp_path: Path) -> None:
    depth = np.arange(2400, dtype=np.uint16).reshape(40, 60)
    path = write(tmp_path / "depth.png", depth)
    still = camera(path, depth=True)
    still.open()
    frame = still.read()
    assert frame.depth is not None and np.array_equal(frame.depth, depth) and not frame.depth.flags.writeable
    assert frame.image[0, 0].tolist() == [0, 0, 0] and frame.image[-1, -1].tolist() == [255, 255, 255]
    still.close()
    plain = camera(path)
    plain.open()
    assert plain.read().depth is None
    plain.close()


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    exif = PillowImage.Exif()
    exif[274] = 6
    (tmp_path / "phone.jpg").write_bytes(pillow_bytes(PillowImage.fromarray(corners()), "JPEG", exif=exif))
    still = camera(tmp_path / "phone.jpg")
    still.open()
    frame = still.read()
    assert (frame.width, frame.height) == (40, 60)
    still.close()


def test_an_ntsc_rate_keeps_its_exact_time_base(tmp_path: Path) -> None:
    still = camera(write(tmp_path / "a.png", numbered(1)), frame_rate=30000 / 1001)
    still.open()
    assert still.read().time_base == Fraction(1001, 30000)
    still.close()


def test_close_ends_a_wait_for_the_next_picture_at_once(tmp_path: Path) -> None:
    still = camera(write(tmp_path / "a.png", numbered(1)), paced=True, frame_rate=0.001)
    still.open()
    still.read()
    raised: list[str] = []

    def read() -> None:
        try:
            still.read()
        except CameraError as error:
            raised.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    still.close()
    reader.join(2)
    assert not reader.is_alive() and raised == ["closed"]
    still.close()
    with pytest.raises(CameraError, match="^closed$"):
        still.read()
