from __future__ import annotations

import io
import json
import os
import threading
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import av
import cv2
import numpy as np
import pytest

from cameras import PREDICTIONS, BoundingBox, CameraError, Classification, Detection, Outline, VideoFile
from cameras.timing import Pacer
from pipeline import Chain, Config
from streams import Selection, Target
from streams import annotate as annotate_file
from streams.annotate import line_of
from streams.movie import Movie
from tests.cameras.videos import damage_video, write_video
from tests.pipeline.builders import config
from tests.streams.fakes import picture

TIMES = (0, 512, 1024, 2560, 3072)
"""In ticks of 1/12800 s: one frame is missing between the third and the fourth."""


def annotate(
    config: Config, camera: str, source: Path, target: Path, *, lines: Path | IO[str] | None = None, **more: Any
) -> int:
    """Annotate a file for one camera."""
    return annotate_file(config, source, Target(camera, target, lines), **more)


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


SEVERAL = """
    cameras:
      - {name: street, model: test_pattern}
      - {name: other, model: test_pattern}
      - name: small
        model: transform
        attributes: {source: street, pipeline: [{type: resize, attributes: {width_px: 40, height_px: 30}}]}
      - name: turned
        model: transform
        attributes: {source: small, pipeline: [{type: rotate, attributes: {angle_degs: 90}}]}
      - {name: beside, model: transform, attributes: {source: other, pipeline: [{type: identity}]}}
    """


@pytest.fixture
def steady(tmp_path: Path) -> Path:
    """Return a clip of 20 frames at 10 per second, each brighter than the last, with B-frames."""
    images = (np.full((48, 64, 3), 10 * number, np.uint8) for number in range(20))
    return write_video(tmp_path / "steady.mp4", images, rate=10, options={"g": "8", "bf": "2"})


def numbers(path: Path) -> list[int]:
    """Return which frames of ``steady`` a video shows."""
    return [round(level / 10) for _, level in shown(path)]


def test_a_part_of_a_video(steady: Path, tmp_path: Path) -> None:
    lines, target = io.StringIO(), tmp_path / "out.mp4"
    seen: list[tuple[int, int | None]] = []
    done = annotate(
        declared(tmp_path, "video_file", steady),
        "small",
        steady,
        target,
        lines=lines,
        selection=Selection(0.55, 1.2, 5.0),
        progress=lambda number, total: seen.append((number, total)),
    )
    assert done == 3
    assert numbers(target) == [6, 8, 10]
    assert [time for time, _ in shown(target)] == [0.0, 0.2, 0.4]
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(line["frame"], line["pts_s"]) for line in told] == [(0, 0.0), (1, 0.2), (2, 0.4)]
    assert seen == [(1, 4), (2, 4), (3, 4)]
    with av.open(str(target)) as container:
        assert container.streams.video[0].average_rate == 5


def test_a_part_without_frames_is_an_error_and_leaves_no_file(steady: Path, tmp_path: Path) -> None:
    for selection, words in ((Selection(7), "from 7 s"), (Selection(0.31, 0.35), "from 0.31 s to 0.35 s")):
        with pytest.raises(CameraError) as caught:
            annotate(
                declared(tmp_path, "video_file", steady), "small", steady, tmp_path / "out.mp4", selection=selection
            )
        assert str(caught.value) == f"{steady} has no frame {words}"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["steady.mp4"]


def test_the_part_before_the_place_where_a_file_is_cut_short_is_whole(tmp_path: Path) -> None:
    noise = np.random.default_rng(1)
    images = [noise.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(60)]
    cut = write_video(tmp_path / "cut.mp4", images, container_options={"movflags": "faststart"})
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    config = declared(tmp_path, "video_file", cut)
    assert annotate(config, "small", cut, tmp_path / "out.mp4", selection=Selection(0, 0.4)) == 10
    with pytest.raises(CameraError, match=r"cut.mp4 ends after .*: the file is incomplete$"):
        annotate(config, "small", cut, tmp_path / "none.mp4", selection=Selection(2.2))
    assert not (tmp_path / "none.mp4").exists()


def test_a_picture_has_no_parts(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^the input is a picture: start, end and frames per second are for videos$"):
        annotate(
            declared(tmp_path, "image_file", photo), "small", photo, tmp_path / "out.png", selection=Selection(end_s=3)
        )


def test_several_cameras_in_one_pass(steady: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    read = VideoFile.read

    def noted(file: VideoFile) -> Any:
        reads.append(0)
        return read(file)

    monkeypatch.setattr(VideoFile, "read", noted)
    lines = {name: io.StringIO() for name in ("turned", "small", "street")}
    targets = [Target(name, tmp_path / f"{name}.mp4", out) for name, out in lines.items()]
    assert annotate_file(config(SEVERAL, tmp_path), steady, *targets) == 20
    assert len(reads) == 21  # the last one says that the file has ended
    for name, size in (("turned", (30, 40)), ("small", (40, 30)), ("street", (64, 48))):
        assert numbers(tmp_path / f"{name}.mp4") == list(range(20))
        with av.open(str(tmp_path / f"{name}.mp4")) as container:
            assert (container.streams.video[0].width, container.streams.video[0].height) == size
        told = [json.loads(line) for line in lines[name].getvalue().splitlines()]
        assert [line["frame"] for line in told] == list(range(20))
        assert {(line["width_px"], line["height_px"]) for line in told} == {size}


def test_several_cameras_give_what_each_gives_alone(steady: Path, tmp_path: Path) -> None:
    for name in ("small", "turned"):
        annotate(config(SEVERAL, tmp_path), name, steady, tmp_path / f"{name}-alone.mp4")
    annotate_file(
        config(SEVERAL, tmp_path), steady, *(Target(name, tmp_path / f"{name}.mp4") for name in ("small", "turned"))
    )
    for name in ("small", "turned"):
        assert (tmp_path / f"{name}.mp4").read_bytes() == (tmp_path / f"{name}-alone.mp4").read_bytes()


def test_a_picture_for_several_cameras(photo: Path, tmp_path: Path) -> None:
    targets = Target("small", tmp_path / "small.png"), Target("turned", tmp_path / "turned.jpg")
    assert annotate_file(config(SEVERAL, tmp_path), photo, *targets) == 1
    sizes = [cv2.imread(str(target.path)).shape[:2] for target in targets]  # type: ignore[union-attr]
    assert sizes == [(30, 40), (40, 30)]


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ((("small", "a.mp4"), ("small", "b.mp4")), 'camera "small" is given twice'),
        ((("small", "a.mp4"), ("turned", "a.mp4")), "the output of turned and the output of small are the same file: "),
        ((("small", "a.mp4"), ("turned", "steady.mp4")), "the output of turned and the input are the same file: "),
        (
            (("small", "a.mp4"), ("turned", "b.png")),
            "the input is a video, so the output must end in .mp4; got ",
        ),
        (
            (("small", "a.mp4"), ("beside", "b.mp4")),
            'the cameras must come from one source, but "small" comes from "street" and "beside" from "other"',
        ),
    ],
)
def test_targets_that_do_not_go_together(
    targets: tuple[tuple[str, str], ...], message: str, steady: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError) as caught:
        annotate_file(config(SEVERAL, tmp_path), steady, *(Target(name, tmp_path / path) for name, path in targets))
    assert str(caught.value).startswith(message)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["steady.mp4"]


def test_lines_of_several_cameras_go_to_different_files(steady: Path, tmp_path: Path) -> None:
    def of(name: str, lines: Path) -> Target:
        return Target(name, tmp_path / f"{name}.mp4", lines)

    lines = tmp_path / "lines"
    with pytest.raises(ValueError, match="the lines of turned and the lines of small are the same file: .*lines"):
        annotate_file(config(SEVERAL, tmp_path), steady, of("small", lines), of("turned", lines))
    nowhere = Path(os.devnull)
    assert annotate_file(config(SEVERAL, tmp_path), steady, of("small", nowhere), of("turned", nowhere)) == 20


class Interrupted(BaseException):
    """What a signal raises in the main thread."""


@pytest.mark.parametrize("where", ["read", "apply", "write", "finish"])
def test_an_error_anywhere_ends_all_threads_and_leaves_no_file(
    where: str, steady: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind: Any = {"read": VideoFile, "apply": Chain, "write": Movie, "finish": Movie}[where]
    function, calls = getattr(kind, where), list[int]()

    def fail(*arguments: Any) -> Any:
        calls.append(0)
        if where != "finish" and len(calls) < 7:
            return function(*arguments)
        raise Interrupted

    monkeypatch.setattr(kind, where, fail)
    for name in ("small.mp4", "lines"):
        (tmp_path / name).write_text("from before")
    targets = Target("small", tmp_path / "small.mp4", tmp_path / "lines"), Target("turned", tmp_path / "turned.mp4")
    with pytest.raises(Interrupted):
        annotate_file(config(SEVERAL, tmp_path), steady, *targets)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["lines", "small.mp4", "steady.mp4"]
    assert {(tmp_path / name).read_text() for name in ("small.mp4", "lines")} == {"from before"}
    assert not [each.name for each in threading.enumerate() if each.name.startswith(("encoder", "decoder"))]


def test_frames_are_painted_and_encoded_beside_the_thread_that_transforms(
    steady: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, set[str]] = {"read": set(), "apply": set(), "write": set()}

    def note(kind: Any, name: str) -> None:
        function = getattr(kind, name)

        def noted(*arguments: Any) -> Any:
            threads[name].add(threading.current_thread().name)
            return function(*arguments)

        monkeypatch.setattr(kind, name, noted)

    note(VideoFile, "read")
    note(Chain, "apply")
    note(Movie, "write")
    annotate(config(SEVERAL, tmp_path), "small", steady, tmp_path / "out.mp4")
    here = threading.current_thread().name
    assert threads == {"read": {"decoder steady.mp4"}, "apply": {here}, "write": {"encoder small"}}
