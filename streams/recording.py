"""The predictions inside a recording of a stream."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard
from av.video.stream import VideoStream

from cameras import FILE_OPTIONS, MAX_PIXELS, read_event, unreadable_file, user_data

_ONE_FILE = "a recording is one file"
_CODEC = "h264"
# For the decoders with which FFmpeg finds out what the streams are.
_OPTIONS = {**FILE_OPTIONS, "max_pixels": str(MAX_PIXELS)}


class RecordingError(Exception):
    """A recording cannot be read, or not to its end; the message says why."""


class Recording:
    """A video file whose pictures carry predictions, as those of ``stream.flv?data=true`` do.

    Nothing is decoded. The video must be H.264, in any format that FFmpeg reads.

    Args:
        path: The file.

    Attributes:
        packets: Number of packets of video that were read.
        damaged: Number of messages with predictions that could not be read.
        damage: What was wrong with the last of these.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.packets = 0
        self.damaged = 0
        self.damage = ""

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the predictions events in the order of the file, those of all its video streams.

        Raises:
            RecordingError: The file cannot be read as a video, has no H.264, or is damaged; what comes before the
                damage has been yielded.
        """
        path = self._path
        if os.path.exists(path) and not os.path.isfile(path):  # never raise
            raise RecordingError(unreadable_file(path, None, _ONE_FILE))
        try:
            with av.open(f"file:{path}", options=_OPTIONS, metadata_errors="replace") as container:
                yield from self._read(container)
        except IndexError:  # PyAV, at the end, for a stream that appeared after the start
            return
        except FFmpegError as error:
            if self.packets:
                raise RecordingError(f"{path} cannot be read further ({error.strerror})") from error
            raise RecordingError(unreadable_file(path, error, _ONE_FILE)) from error

    def _read(self, container: InputContainer) -> Iterator[dict[str, Any]]:
        # FFmpeg renders any text file as a terminal (demuxer "tty").
        streams = () if container.format.name == "tty" else container.streams.video
        videos = [stream for stream in streams if stream.codec_context is not None]
        wanted = [stream for stream in videos if stream.codec_context.name == _CODEC]
        if not wanted:
            found = ", ".join(sorted({stream.codec_context.name for stream in videos}))
            raise RecordingError(
                f"{self._path} contains no video"
                if not found
                else f"{self._path} has video in {found}, wanted {_CODEC}"
            )
        for stream in container.streams:
            if stream not in wanted:
                stream.discard = Discard.all
        lengths = {stream.index: _length_bytes(stream) for stream in wanted}
        for packet in container.demux(wanted):
            if data := bytes(packet):
                self.packets += 1
                for content in user_data(data, lengths[packet.stream_index]):
                    yield from self._event(content)

    def _event(self, content: bytes) -> Iterator[dict[str, Any]]:
        """Yield the event in a message, if it has one."""
        try:
            event = read_event(content)
        except ValueError as error:
            self.damaged += 1
            self.damage = str(error)
        else:
            if event is not None:
                yield event


def _length_bytes(stream: VideoStream) -> int:
    """Return the bytes of the length before each unit; 0 where units have start codes."""
    parameters = stream.codec_context.extradata or b""
    return (parameters[4] & 3) + 1 if parameters[:1] == b"\x01" and len(parameters) > 4 else 0
