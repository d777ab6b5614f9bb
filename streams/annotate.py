"""Annotate a file: send every frame through a camera's chain, in order, without dropping any, at full speed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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
    read_header,
)
from pipeline import Chain, Config
from vision import ModelError, top

from .movie import Movie

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
VIDEO_SUFFIX = ".mp4"

Progress = Callable[[int, int | None], None]


def annotate(
    config: Config,
    camera: str,
    source: Path,
    target: Path,
    *,
    lines: Path | IO[str] | None = None,
    progress: Progress | None = None,
) -> int:
    """Run a file through a camera's chain, in place of the camera's root source, and write the result.

    A video becomes an MP4 with the times of the source; a picture becomes a picture. An output file that cannot be
    completed is removed, and the file that it would have replaced stays.

    Args:
        config: The configuration with the camera.
        camera: The name of the camera.
        source: The picture or video to read.
        target: The file to write.
        lines: Receives one JSON object per frame with its predictions.
        progress: Called after each frame with the number of frames done and, if the file states it, the total.

    Returns:
        The number of frames written.

    Raises:
        ValueError: The suffix of the target does not fit, or the same file is given twice.
        KeyError: The configuration has no such camera.
        CameraError: The source cannot be read, or one of its frames cannot be transformed. If the source is cut short,
            the output has the frames before that.
        ModelError: A model of the chain cannot be loaded.
        OSError: The target or the lines cannot be written.
    """
    picture = source.suffix.lower() in PICTURE_SUFFIXES or (
        target.suffix.lower() in PICTURE_SUFFIXES and _holds_picture(source)
    )
    _check_target(source, target, picture)
    _check_lines(lines, source, target)
    chain = Chain(config, camera)
    reader = _reader(chain.root.attributes, "image_file" if picture else "video_file", chain.root.name, source)
    reader.limits = config.server.limits.pictures
    ending = _Ending()
    with _replaced(target) as partial, _lines(lines) as out, contextlib.ExitStack() as opened:
        opened.callback(chain.close)
        chain.open()
        opened.callback(reader.close)
        reader.open()
        total = 1 if picture else getattr(reader, "frame_count", None)
        read = _read(reader, 1 if picture else None, ending)
        painted = map(chain.painted, _transformed(read, chain, out, config.tables.predictions, total, progress))
        if picture:
            count = _write_picture(painted, partial, target.suffix.lower())
        else:
            count = _write_video(painted, partial, reader.frame_rate)
    if ending.cut is not None:
        raise CameraError(f"{ending.cut}; {target} has the {count} frames before that")
    return count


class _Ending:
    """How the source ended: ``cut`` is set when it is cut short."""

    cut: CameraCutShort | None = None


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


def _read(reader: Camera[Attributes], number_max: int | None, ending: _Ending) -> Iterator[Frame]:
    """Yield the frames of the source, at most so many."""
    number = 0
    while number != number_max:
        try:
            frame = reader.read()
        except CameraCutShort as cut:
            ending.cut = cut
            return
        except CameraEnded:
            return
        yield frame
        number += 1


def _transformed(
    frames: Iterator[Frame],
    chain: Chain,
    out: IO[str] | None,
    kinds: Mapping[str, type[Prediction]],
    total: int | None,
    progress: Progress | None,
) -> Iterator[Frame]:
    """Yield every frame as it leaves the chain, and write its JSON line."""
    for number, read in enumerate(frames):
        try:
            frame = chain.apply(read)
        except (ValueError, ModelError) as error:
            raise CameraError(f"frame {number}: {error}") from error
        if out is not None:
            out.write(json.dumps(line_of(number, frame, kinds)) + "\n")
        yield frame
        if progress is not None:
            progress(number + 1, total)


def _write_video(frames: Iterator[Frame], path: Path, frame_rate: float | None) -> int:
    movie = Movie(path, frame_rate)
    try:
        count = 0
        for frame in frames:
            movie.write(frame)
            count += 1
        movie.finish()
        return count
    finally:
        movie.abandon()


def _write_picture(frames: Iterator[Frame], path: Path, suffix: str) -> int:
    options = [cv2.IMWRITE_JPEG_QUALITY, 95] if suffix in (".jpg", ".jpeg") else []
    count = 0
    for frame in frames:
        done, data = cv2.imencode(suffix, frame.image, options)
        if not done:
            raise OSError(f"the picture cannot be written as {suffix}")
        path.write_bytes(data.tobytes())
        count += 1
    return count


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


def _check_target(source: Path, target: Path, picture: bool) -> None:
    suffix = target.suffix.lower()
    if picture and suffix not in PICTURE_SUFFIXES:
        wanted = ", ".join(sorted(PICTURE_SUFFIXES))
        raise ValueError(f'the input is a picture, so the output must end in one of {wanted}; got "{target.name}"')
    if not picture and suffix != VIDEO_SUFFIX:
        raise ValueError(f'the input is a video, so the output must end in {VIDEO_SUFFIX}; got "{target.name}"')
    if _same(target, source):
        raise ValueError(f"the output and the input are the same file: {target}")


def _check_lines(lines: Path | IO[str] | None, source: Path, target: Path) -> None:
    if isinstance(lines, Path):
        for what, path in (("input", source), ("output", target)):
            if _same(lines, path):
                raise ValueError(f"the lines and the {what} are the same file: {lines}")


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
