from __future__ import annotations

import io
import json
import os
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from cameras import PREDICTIONS, BoundingBox, CameraError, Classification, Detection, Outline
from cameras.timing import Pacer
from pipeline import Config
from streams import annotate
from streams.annotate import line_of
from streams.movie import Movie
from tests.cameras.videos import damage_video, write_video
from tests.pipeline.builders import config
from tests.streams.fakes import picture

TIMES = (0, 512, 1024, 2560, 3072)
"""In ticks of 1/12800 s: one frame is missing between the third and the fourth."""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Return a clip of five frames of odd size in different colours."""
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 97, 65, "bgr0"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for number, ticks in enumerate(TIMES):
            shown = av.VideoFrame.from_ndarray(np.full((65, 97, 3), 40 * number, np.uint8), format="bgr24")
            shown = shown.reformat(format="bgr0")
            shown.pts, shown.time_base = ticks * 1000 // 12800, Fraction(1, 1000)
            container.mux(stream.encode(shown))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), np.full((40, 60, 3), (40, 60, 200), np.uint8))
    return path


def declared(folder: Path, model: str, path: Path) -> Config:
    return config(
        f"""
        cameras:
          - {{name: street, model: {model}, attributes: {{path: {path}}}}}
          - name: small
            model: transform
            attributes:
              source: street
              pipeline:
                - {{type: resize, attributes: {{width_px: 33, height_px: 21}}}}
        """,
        folder,
    )


def shown(path: Path) -> list[tuple[float, int]]:
    """Return time and brightness of each frame of a video."""
    with av.open(str(path)) as container:
        return [
            (round(float(frame.time or 0.0), 4), int(frame.to_ndarray(format="gray")[10, 10]))
            for frame in container.decode(video=0)
        ]


def test_a_video_keeps_every_frame_and_its_time(clip: Path, tmp_path: Path) -> None:
    target, lines, seen = tmp_path / "out.mp4", io.StringIO(), list[tuple[int, int | None]]()
    done = annotate(
        declared(tmp_path, "video_file", clip),
        "small",
        clip,
        target,
        lines=lines,
        progress=lambda number, total: seen.append((number, total)),
    )
    assert done == 5
    assert [time for time, _ in shown(target)] == [0.0, 0.04, 0.08, 0.2, 0.24]
    assert all(abs(level - 40 * number) <= 4 for number, (_, level) in enumerate(shown(target)))
    assert [number for number, _ in seen] == [1, 2, 3, 4, 5]
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["frame"] for line in told] == [0, 1, 2, 3, 4]
    assert [line["pts_s"] for line in told] == [0.0, 0.04, 0.08, 0.2, 0.24]
    assert told[0] == {
        "frame": 0,
        "pts_s": 0.0,
        "width_px": 33,
        "height_px": 21,
        "classifications": [],
        "detections": [],
        "segmentations": [],
        "captions": [],
        "keypoints": [],
    }
    with av.open(str(target)) as container:
        (stream,) = container.streams
        assert stream.codec_context.name == "h264"
        video = container.streams.video[0]
        assert (video.width, video.height, video.pix_fmt) == (34, 22, "yuv420p")
        assert float((video.duration or 0) * (video.time_base or 0)) == pytest.approx(0.28)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["clip.mkv", "out.mp4"]


def test_of_a_file_that_is_cut_short_the_frames_before_that_are_kept(tmp_path: Path) -> None:
    noise = np.random.default_rng(1)
    images = [noise.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(60)]
    cut = write_video(tmp_path / "cut.mp4", images, container_options={"movflags": "faststart"})
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    target, lines = tmp_path / "out.mp4", tmp_path / "out.jsonl"
    with pytest.raises(
        CameraError, match=r"cut.mp4 ends after [0-9.]+ of 2.4 s: the file is incomplete; .*out.mp4 has"
    ):
        annotate(declared(tmp_path, "video_file", cut), "small", cut, target, lines=lines)
    written = shown(target)
    assert 15 < len(written) < 45
    assert len(lines.read_text().splitlines()) == len(written)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["cut.mp4", "out.jsonl", "out.mp4"]


def test_damaged_frames_are_annotated_too(tmp_path: Path) -> None:
    images = [np.full((48, 64, 3), number * 10, np.uint8) for number in range(12)]
    clip = damage_video(write_video(tmp_path / "damaged.mkv", images, codec="mpeg4", options={"g": "12"}))
    done = annotate(declared(tmp_path, "video_file", clip), "small", clip, tmp_path / "out.mp4")
    assert done > 6


@pytest.mark.parametrize("frames", [1, 4])
def test_of_a_gif_the_first_picture_becomes_a_picture(tmp_path: Path, frames: int) -> None:
    images = [np.full((48, 64, 3), 30 + number * 70, np.uint8) for number in range(frames)]
    gif = write_video(tmp_path / "moving.gif", images, codec="gif", pixel_format="rgb8", rate=10)
    assert annotate(declared(tmp_path, "image_file", gif), "small", gif, tmp_path / "out.png") == 1
    written = cv2.imread(str(tmp_path / "out.png"))
    assert written is not None and written.shape == (21, 33, 3) and abs(int(written[5, 5, 0]) - 30) < 40
    assert annotate(declared(tmp_path, "image_file", gif), "small", gif, tmp_path / "out.mp4") == frames


def test_a_video_is_read_as_fast_as_possible(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(Pacer, "wait", lambda pacer, time_s: waits.append(time_s))
    assert annotate(declared(tmp_path, "video_file", clip), "small", clip, tmp_path / "out.mp4") == 5
    assert waits == []


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".PNG"])
def test_a_picture_becomes_a_picture(photo: Path, tmp_path: Path, suffix: str) -> None:
    target, lines = tmp_path / f"out{suffix}", tmp_path / "out.json"
    assert annotate(declared(tmp_path, "image_file", photo), "small", photo, target, lines=lines) == 1
    image = cv2.imread(str(target))
    assert image is not None and image.shape == (21, 33, 3)
    assert np.abs(image[10, 10].astype(int) - (40, 60, 200)).max() <= 8
    (line,) = lines.read_text().splitlines()
    assert json.loads(line)["pts_s"] == 0.0


@pytest.mark.parametrize(
    ("model", "target", "message"),
    [
        ("video_file", "out.avi", 'the input is a video, so the output must end in .mp4; got "out.avi"'),
        ("video_file", "out.png", 'the input is a video, so the output must end in .mp4; got "out.png"'),
        (
            "image_file",
            "out.mp4",
            "the input is a picture, so the output must end in one of .bmp, .jpeg, .jpg, .png, .tif, .tiff, .webp; "
            'got "out.mp4"',
        ),
    ],
)
def test_a_wrong_suffix_is_refused(
    clip: Path, photo: Path, tmp_path: Path, model: str, target: str, message: str
) -> None:
    source = clip if model == "video_file" else photo
    with pytest.raises(ValueError) as caught:
        annotate(declared(tmp_path, model, source), "small", source, tmp_path / target)
    assert str(caught.value) == message


def test_the_input_is_not_overwritten(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the output and the input are the same file"):
        annotate(declared(tmp_path, "image_file", photo), "small", photo, photo)


def test_an_unreadable_input_leaves_no_file_and_changes_none(photo: Path, tmp_path: Path) -> None:
    broken, target = tmp_path / "broken.mp4", tmp_path / "out.mp4"
    broken.write_bytes(b"no video at all")
    target.write_bytes(b"from before")
    with pytest.raises(CameraError):
        annotate(declared(tmp_path, "image_file", photo), "small", broken, target)
    assert target.read_bytes() == b"from before"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["broken.mp4", "out.mp4", "photo.png"]


def test_an_unwritable_output_is_an_os_error(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        annotate(declared(tmp_path, "image_file", photo), "small", photo, tmp_path / "nowhere" / "out.png")


def test_the_error_names_the_output_as_given(photo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder.png"
    folder.mkdir()
    for target, kind in ((folder, IsADirectoryError), (tmp_path / "nowhere" / "out.png", FileNotFoundError)):
        with pytest.raises(kind) as caught:
            annotate(declared(tmp_path, "image_file", photo), "small", photo, target)
        assert caught.value.filename == str(target)


def test_lines_are_written_to_a_pipe_without_replacing_it(photo: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        annotate(declared(tmp_path, "image_file", photo), "small", photo, tmp_path / "out.png", lines=pipe)
        assert json.loads(os.read(end, 10_000))["frame"] == 0
    finally:
        os.close(end)
    assert pipe.is_fifo()


def test_the_target_of_a_symbolic_link_is_replaced(photo: Path, tmp_path: Path) -> None:
    link, real = tmp_path / "link.png", tmp_path / "real.png"
    link.symlink_to(real)
    annotate(declared(tmp_path, "image_file", photo), "small", photo, link)
    assert link.is_symlink() and cv2.imread(str(real)) is not None


@pytest.mark.parametrize("lines", ["photo.png", "out.png"])
def test_lines_never_replace_a_picture(photo: Path, tmp_path: Path, lines: str) -> None:
    config = declared(tmp_path, "image_file", photo)
    with pytest.raises(ValueError, match=f"the lines and the .* are the same file: .*{lines}"):
        annotate(config, "small", photo, tmp_path / "out.png", lines=tmp_path / lines)


def test_a_picture_without_a_suffix_is_recognised_by_its_bytes(photo: Path, tmp_path: Path) -> None:
    nameless = photo.rename(tmp_path / "photo")
    assert annotate(declared(tmp_path, "image_file", nameless), "small", nameless, tmp_path / "out.jpg") == 1


def test_a_frame_that_cannot_be_transformed_is_named(clip: Path, tmp_path: Path) -> None:
    text = f"""
        cameras:
          - {{name: street, model: video_file, attributes: {{path: {clip}}}}}
          - name: outside
            model: transform
            attributes:
              source: street
              pipeline: [{{type: crop, attributes: {{x_min_px: 200, x_max_px: 300, y_max_px: 20}}}}]
        """
    with pytest.raises(CameraError, match=r"^frame 0: the crop window .* is outside the picture of 97x65$"):
        annotate(config(text, tmp_path), "outside", clip, tmp_path / "out.mp4")


def test_a_gray_picture_of_16_bits_is_depth_where_the_root_gives_depth(tmp_path: Path) -> None:
    path = tmp_path / "depth.png"
    cv2.imwrite(str(path), np.full((40, 60), 900, np.uint16))
    text = """
        cameras:
          - {name: scene, model: test_pattern, attributes: {depth: true}}
          - {name: pretty, model: transform, attributes: {source: scene, pipeline: [{type: depth_to_pretty}]}}
        """
    assert annotate(config(text, tmp_path), "pretty", path, tmp_path / "out.png") == 1
    orange = cv2.imread(str(tmp_path / "out.png"))
    assert orange is not None and orange[20, 30].tolist() == [0, 128, 255]
    with pytest.raises(CameraError, match=r"^frame 0: the frame has no depth"):
        cv2.imwrite(str(path), np.full((40, 60), 90, np.uint8))
        annotate(config(text, tmp_path), "pretty", path, tmp_path / "out.png")


def test_an_unknown_camera(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        annotate(declared(tmp_path, "image_file", photo), "door", photo, tmp_path / "out.png")


def test_a_line_has_the_predictions_only_highest_first() -> None:
    box = BoundingBox(0.25, 0.5, 0.75, 1.0)
    frame = picture(15).with_annotations(
        [
            Classification("day", 0.4),
            Detection("cat", 0.5, box=box),
            Outline("crop", 1.0, box=box),
            Classification("night", 0.6),
        ]
    )
    line = line_of(15, frame, PREDICTIONS)
    assert (line["frame"], line["pts_s"]) == (15, 0.5)
    assert [item["class_name"] for item in line["classifications"]] == ["night", "day"]
    assert [(item["class_name"], item["x_min"], item["y_max"]) for item in line["detections"]] == [("cat", 40, 120)]


def test_a_movie_takes_frames_of_another_size(tmp_path: Path) -> None:
    movie = Movie(tmp_path / "out.mp4", 30)
    movie.write(picture(0, rgb=(40, 60, 200)))
    movie.write(picture(1, rgb=(40, 60, 200), width=80, height=40))
    movie.finish()
    with av.open(str(tmp_path / "out.mp4")) as container:
        for frame in container.decode(video=0):
            assert (frame.width, frame.height) == (160, 120)
            assert np.abs(frame.to_ndarray(format="rgb24")[60, 80].astype(int) - (40, 60, 200)).max() <= 4


def test_a_movie_without_frames_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the video has no frames"):
        Movie(tmp_path / "out.mp4", 30).finish()
