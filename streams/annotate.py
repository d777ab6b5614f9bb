"""Annotate a file: send every frame through the chains of cameras, in order, without dropping any, at full speed."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import cv2

from cameras import (
    CAMERAS,
    Attributes,
    Camera,
    CameraCutShort,
    CameraEnded,
    CameraError,
    Frame,
    Prediction,
    VideoFile,
    read_header,
)
from pipeline import Chain, Config
from transforms import Style, paint
from vision import ModelError, top

from .movie import Movie
from .selection import Selection
from .stages import ahead, behind

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
VIDEO_SUFFIX = ".mp4"

Progress = Callable[[int, int | None], None]
_Write = Callable[[Frame], None]


@dataclass(frozen=True)
class Target:
    """What is written of one camera.

    Attributes:
        camera: The name of the camera.
        path: The file to write: a video becomes an MP4 with the times of the source, a picture becomes a picture.
        lines: Receives one JSON object per frame with its predictions.
    """

    camera: str
    path: Path
    lines: Path | IO[str] | None = None


def annotate(
    config: Config,
    source: Path,
    *outputs: Target,
    selection: Selection | None = None,
    progress: Progress | None = None,
) -> int:
    """Run a file through the chains of cameras, in place of their root source, and write the results.

    The file is read once, and a camera that others come from is applied once. A thread decodes, the calling one runs
    the chains, and one for each output paints and encodes. An output that cannot be completed is removed, and the file
    that it would have replaced stays.

    Args:
        config: The configuration with the cameras.
        source: The picture or video to read.
        outputs: What to write, of different cameras.
        selection: Which frames of a video are used; by default all.
        progress: Called after each frame with the number of frames done and, if the file states it, the total.

    Returns:
        The number of frames used.

    Raises:
        ValueError: The suffix of an output does not fit, the same file or camera is given twice, the cameras have
            different root sources, or a part of a picture is selected.
        KeyError: The configuration has no such camera.
        CameraError: The source cannot be read, has no frame that is used, or one of its frames cannot be transformed.
            If the source is cut short, the outputs have the frames before that.
        ModelError: A model of a chain cannot be loaded.
        OSError: An output or its lines cannot be written.
    """
    selection = selection or Selection()
    picture = source.suffix.lower() in PICTURE_SUFFIXES or (
        any(output.path.suffix.lower() in PICTURE_SUFFIXES for output in outputs) and _holds_picture(source)
    )
    _check_files(source, outputs, picture)
    if picture and selection.is_part:
        raise ValueError("the input is a picture: start, end and frames per second are for videos")
    chain = Chain(config, *(output.camera for output in outputs))
    reader = _reader(chain.root.attributes, "image_file" if picture else "video_file", chain.root.name, source)
    reader.limits = config.server.limits.pictures
    with contextlib.ExitStack() as opened:
        files = [opened.enter_context(_replaced(output.path)) for output in outputs]
        lines = [opened.enter_context(_lines(output.lines)) for output in outputs]
        opened.callback(chain.close)
        chain.open()
        opened.callback(reader.close)
        reader.open()
        reading = _Reading(reader, selection, 1 if picture else None)
        if picture:
            frames = iter(reading)
            writers: list[_Write] = [
                partial(_write_picture, path, output.path.suffix.lower(), style)
                for path, output, style in zip(files, outputs, chain.styles, strict=True)
            ]
        else:
            rate = selection.rate_of(reader.frame_rate)
            writers = [
                opened.enter_context(_video_writer(output.camera, path, style, rate))
                for path, output, style in zip(files, outputs, chain.styles, strict=True)
            ]
            frames = opened.enter_context(ahead(iter(reading), f"decoder {source.name}"))
            opened.callback(reader.close)  # before the thread is waited for: a read ends at once
        count = 0
        for frame in frames:
            try:
                annotated = chain.apply(frame)
            except (ValueError, ModelError) as error:
                raise CameraError(f"frame {count}: {error}") from error
            for result, out, write in zip(annotated, lines, writers, strict=True):
                if out is not None:
                    out.write(json.dumps(line_of(count, result, config.tables.predictions)) + "\n")
                write(result)
            count += 1
            if progress is not None:
                progress(count, reading.total)
        if not count:
            raise CameraError(str(reading.cut) if reading.cut else f"{source} has no frame {selection.words}")
    if reading.cut is not None:
        kept = " and ".join(str(output.path) for output in outputs)
        raise CameraError(
            f"{reading.cut}; {kept} {'has' if len(outputs) == 1 else 'have'} the {count} frames before that"
        )
    return count


class _Reading:
    """The frames of a source that are used, read once.

    Attributes:
        total: About how many there are, if the source states it.
        cut: Set at the end when the source is cut short.
    """

    def __init__(self, reader: Camera[Attributes], selection: Selection, frames_max: int | None) -> None:
        self._reader = reader
        self._selection = selection
        self._frames_max = frames_max
        self.total = frames_max or selection.count(getattr(reader, "frame_count", None), reader.frame_rate)
        self.cut: CameraCutShort | None = None

    def __iter__(self) -> Iterator[Frame]:
        return itertools.islice(self._selection.of(self._read()), self._frames_max)

    def _read(self) -> Iterator[Frame]:
        try:
            if self._selection.start_s and isinstance(self._reader, VideoFile):
                self._reader.skip_to(self._selection.start_s)
            while True:
                yield self._reader.read()
        except CameraCutShort as cut:
            self.cut = cut
        except CameraEnded:
            pass


@contextmanager
def _video_writer(camera: str, path: Path, style: Style, frame_rate: float | None) -> Iterator[_Write]:
    """Yield a function that adds a frame to a video, on a thread; the file is complete after the block."""
    movie = Movie(path, frame_rate)
    try:
        with behind(f"encoder {camera}") as give:
            yield lambda frame: give(lambda: movie.write(paint(frame, style)))
            give(movie.finish)
    finally:
        movie.abandon()


def line_of(number: int, frame: Frame, kinds: Mapping[str, type[Prediction]]) -> dict[str, Any]:
    """Return the predictions of a frame as the object of one JSON line.

    Args:
        number: Index of the frame, from 0.
        frame: The frame with its annotations.
        kinds: The kinds of predictions by their plural; the object has one list for each.
    """
    size = frame.width, frame.height

    def of_kind(kind: type[Prediction]) -> list[dict[str, Any]]:
        found = [annotation for annotation in frame.annotations if isinstance(annotation, kind)]
        return [prediction.to_wire(*size) for prediction in top(found, 0, size)]

    return {
        "frame": number,
        "pts_s": round(frame.time_s, 6),
        "width_px": frame.width,
        "height_px": frame.height,
        **{plural: of_kind(kind) for plural, kind in kinds.items()},
    }


def _write_picture(path: Path, suffix: str, style: Style, frame: Frame) -> None:
    options = [cv2.IMWRITE_JPEG_QUALITY, 95] if suffix in (".jpg", ".jpeg") else []
    done, data = cv2.imencode(suffix, paint(frame, style).image, options)
    if not done:
        raise OSError(f"the picture cannot be written as {suffix}")
    path.write_bytes(data.tobytes())


def _reader(root: Attributes, model: str, name: str, path: Path) -> Camera[Attributes]:
    """Return a camera for the file.

    A 16-bit grey picture is depth if the root source gives depth too. A video is read as the root source would read it,
    but with its damaged pictures: each frame has its result.
    """
    kind = CAMERAS[model]
    values: dict[str, Any] = {"path": str(path.absolute())}
    if model == "image_file":
        values |= {"loop": False, "depth": getattr(root, "depth", False) is True}
    else:
        values |= {key: getattr(root, key) for key in ("video_stream", "deinterlace") if hasattr(root, key)}
        values["drop_damaged"] = False
    attributes = kind.attributes_type.model_validate(values, context={"folder": Path.cwd()})
    return kind(name, attributes, paced=False)


def _check_files(source: Path, outputs: Sequence[Target], picture: bool) -> None:
    """Raise an error if the suffix of an output does not fit, or a camera or a file is given twice."""
    cameras: set[str] = set()
    files = [("input", source)]
    for output in outputs:
        name, suffix = output.path.name, output.path.suffix.lower()
        if picture and suffix not in PICTURE_SUFFIXES:
            wanted = ", ".join(sorted(PICTURE_SUFFIXES))
            raise ValueError(f'the input is a picture, so the output must end in one of {wanted}; got "{name}"')
        if not picture and suffix != VIDEO_SUFFIX:
            raise ValueError(
                f'the input is a video, so the output must end in {VIDEO_SUFFIX}; got "{output.path.name}"'
            )
        if output.camera in cameras:
            raise ValueError(f'camera "{output.camera}" is given twice')
        cameras.add(output.camera)
        files.append((f"output{_of(output, outputs)}", output.path))
    for output in outputs:
        if isinstance(output.lines, Path):
            files.append((f"lines{_of(output, outputs)}", output.lines))
    for (what, path), (other, second) in itertools.combinations(files, 2):
        if _same(path, second) and (path.is_file() or not path.exists()):
            raise ValueError(f"the {other} and the {what} are the same file: {second}")


def _of(output: Target, outputs: Sequence[Target]) -> str:
    return f" of {output.camera}" if len(outputs) > 1 else ""


def _same(first: Path, second: Path) -> bool:
    return first.absolute() == second.absolute() or (first.exists() and second.exists() and first.samefile(second))


def _holds_picture(path: Path) -> bool:
    """Return whether the first bytes of a file are those of a picture, whatever its suffix.

    Of an animation the first picture counts.
    """
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            header = read_header(file.read(64))
    except OSError:
        return False
    return header is not None


@contextmanager
def _replaced(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside the target: it replaces the target on success and is removed on failure."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    # A symbolic link stays; the file that it points to is replaced.
    final = target.resolve() if target.is_symlink() else target
    if final.exists() and not final.is_file():  # as root, a device would be replaced like any file
        raise OSError(errno.EINVAL, "is a pipe or a device; only a file can be written", str(target))
    partial = final.with_name(f".{final.name}.{os.getpid()}.partial")
    try:
        # An unwritable folder is an error before the first frame, not after the last.
        partial.touch()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error
    try:
        yield partial
        partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _lines(where: Path | IO[str] | None) -> Iterator[IO[str] | None]:
    if not isinstance(where, Path):
        yield where
        return
    if where.exists() and not where.is_file() and not where.is_dir():
        # A device or a pipe, such as /dev/null, is written to and never replaced.
        with where.open("w", encoding="utf-8") as out:
            yield out
        return
    with _replaced(where) as partial, partial.open("w", encoding="utf-8") as out:
        yield out
