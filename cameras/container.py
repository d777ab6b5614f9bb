"""Decoding of video frames through FFmpeg on one thread, closable from another."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple, cast

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard, Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from .base import CameraError
from .coded import Passed, Passing
from .damage import Damage
from .deinterlacing import Deinterlace, Deinterlacer
from .interrupt import interruptible, stopped_at_redirect
from .packets import NO_LIMIT_S, Packets
from .picture import MAX_PIXELS, begins_group, has_picture, squared_size
from .threads import slice_decoder_threads
from .timing import FrameTimes, GroupSkipper, PictureDeadline, Timed, believable, timing_of

# Decoders that may use slice threads: in measurements with damaged data, they decoded the same pictures as with one
# thread. All others use one. With slice threads FFmpeg conceals no damage in H.264, and most of the picture turns
# green; with enable_er it does, but differently from run to run. HEVC and VP8 differ too. One thread adds no delay and
# no cost in H.264, where nearly all encoders write one slice per picture: 10 ms of CPU time at 1080p, 11 with slice
# threads. Frame threads are never used: each delays the picture by a frame, and with damaged data they are
# nondeterministic (H.264, HEVC, MPEG-4) or lose the last frame (VP9).
_SLICE_THREADED = frozenset({"libdav1d", "vp9", "mpeg1video", "mpeg2video", "prores", "dnxhd"})

ELEMENTARY = frozenset({"h264", "hevc", "vvc", "m4v", "mpegvideo", "mjpeg", "mjpeg_2000", "vc1", "cavsvideo", "obu"})
"""Formats that hold only the video, without timestamps."""

# Formats that state the shape of a pixel, if it is not square.
_MATROSKA = "matroska,webm"
_WITH_ASPECT = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", _MATROSKA})
# Formats that find a key frame by its time.
_WITH_INDEX = _WITH_ASPECT
_SEEKS_MAX = 3
_GENERATED_TIMES = 0x1  # AVFMT_FLAG_GENPTS
# Formats of live streams with times, whose packets may be passed on.
_PASSED_ON = frozenset({"rtsp", "flv", "live_flv", "mpegts"})
# While viewers get pictures as they came, a decoder that was started late catches up in pieces between two of them:
# long ones only while no picture has to wait for that.
_CATCH_UP_S = 0.03
_CATCH_UP_MIN = 2
_AT_ONCE_S = 0.001
_REFUSED_MAX = 3  # pictures in a row that a decoder refuses as if they were too large


class ContainerClosed(Exception):
    """The container is closed, or was closed during this call."""


class PictureTooLarge(CameraError):
    """The input has larger pictures than allowed."""

    def __init__(self, max_pixels: int, size: str = "", *, lasting: bool = True) -> None:
        what = f"{size} pixels" if size else "too many pixels, or are damaged"
        super().__init__(f"its pictures have {what}; at most {max_pixels} are allowed", lasting=lasting)


class NoVideo(Exception):
    """The input has no video stream."""


class NoSuchVideo(CameraError):
    """The input does not have the video stream that was asked for; the message lists those it has."""

    def __init__(self, number: int, streams: Sequence[VideoStream]) -> None:
        sizes = [f"{stream.codec_context.width} x {stream.codec_context.height}" for stream in streams]
        found = ", ".join(f"{place} ({size})" for place, size in enumerate(sizes))
        super().__init__(f"video_stream {number} does not exist; found: {found}", lasting=True)


class NoPictures(Exception):
    """Data arrives, but pictures do not; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How to open an input, and what to take from it.

    Attributes:
        url: URL for FFmpeg; it may contain a password, so never show it.
        format: Name of the demuxer; ``None`` lets FFmpeg detect it.
        options: Options for demuxer, protocol and decoder.
        open_timeout_s: Limit for opening; ``None`` for no limit.
        read_timeout_s: Limit for each wait for data; ``None`` for no limit. It grows for slow cameras.
        stop_at_redirect: Whether FFmpeg is kept from following a redirect of RTSP (:class:`Redirected`).
        in_pieces: Whether ``options`` tell FFmpeg to leave pictures in the pieces in which they arrive.
        pictures: Whether data without pictures is an error (:class:`NoPictures`).
        max_pixels: Most pixels of a picture. The decoder checks it before it takes memory for one.
        video_stream: Number of the video stream, from 0; ``None`` for the default one, else the largest.
        deinterlace: Which pictures are deinterlaced.
        drop_damaged: Whether pictures after damage are held back until the next key frame.
        passes: Whether pictures that viewers may get as they came are given so too.
    """

    url: str = field(default="", repr=False)
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    open_timeout_s: float | None = None
    read_timeout_s: float | None = None
    stop_at_redirect: bool = False
    in_pieces: bool = False
    pictures: bool = False
    max_pixels: int = MAX_PIXELS
    video_stream: int | None = None
    deinterlace: Deinterlace = "never"
    drop_damaged: bool = False
    passes: bool = False


class Picture(NamedTuple):
    """A picture as it came, or decoded.

    Attributes:
        passed: The picture as it came; ``None`` where it may not be passed on.
        frame: The decoded picture; ``None`` before it is decoded. Its time is that of ``passed``.
        time: Time, duration and time base of the picture.
    """

    passed: Passed | None
    frame: av.VideoFrame | None
    time: tuple[int, int, Fraction]


class Container:
    """One open file, device or stream. Call ``open`` and ``next_frame`` from one thread; ``close`` from any.

    ``close`` never frees resources of a running call: it signals that call to end (within a fraction of a second, or at
    its deadline), and the call releases them as it returns.

    Attributes:
        closing: Set by ``close``; code that waits for this container waits for this event too.
        format: Name of the demuxer; empty before ``open``.
        frame_rate: Declared or estimated frames per second; ``None`` if it declares none that can be believed.
        pixel_aspect: Width of a pixel of the last picture divided by its height; ``None`` if unknown.
        skipper: Chooses the pictures that are left out undecoded, and counts them, in all passes.
        decodes: Whether pictures that are given as they came are decoded too; set it between two pictures.
    """

    def __init__(self, opening: Opening) -> None:
        self.closing = threading.Event()
        self.format = ""
        self.frame_rate: Fraction | None = None
        self.pixel_aspect: Fraction | None = None
        self._opening = opening
        self._busy = threading.Lock()
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._packets: Packets | None = None
        self._pictures: Generator[Picture, None, None] | None = None
        self._damage = Damage(drop=opening.drop_damaged)
        self._times = FrameTimes()
        self._dropped_before = 0
        self.skipper = GroupSkipper()
        self.decodes = True
        self._passing: Passing | None = None
        self._decoder: VideoCodecContext | None = None
        self._any_decoded = False
        self._first_s = 0.0  # the time of the first picture
        self._refused = 0

    def open(self) -> None:
        """Open the input, or reopen it from the start.

        Raises:
            FFmpegError: The input cannot be opened.
            Redirected: The host redirects, and FFmpeg must not follow.
            NoVideo: The input has no video stream.
            NoSuchVideo: The input does not have the video stream that was asked for.
            PictureTooLarge: The input has larger pictures than allowed.
            ContainerClosed: ``close`` was called.
        """
        with self._in_use():
            self._release()
            opening = self._opening
            # For the decoders that find out what the input is, and below for the one that decodes it. They count the
            # columns that their alignment adds, so some pictures that they let pass are refused below.
            limit = {"max_pixels": str(opening.max_pixels * 9 // 8 + 4096)}
            with stopped_at_redirect() if opening.stop_at_redirect else nullcontext():
                self._container = av.open(
                    opening.url,
                    format=opening.format,
                    options={**opening.options, **limit},
                    timeout=(opening.open_timeout_s, None if opening.read_timeout_s is None else NO_LIMIT_S),
                    metadata_errors="replace",
                )
            self.format = self._container.format.name
            streams = videos_of(self._container)
            # FFmpeg renders any text file as a terminal (demuxer "tty").
            if not streams or self.format == "tty":
                raise NoVideo
            stream = self._stream = chosen_video(streams, opening.video_stream)
            for other in streams:
                if other is not stream:
                    other.discard = Discard.all  # a playlist with several qualities downloads only this one
            if self.format == "avi":
                # It stores no times of presentation; those that FFmpeg would generate are wrong.
                self._container.flags &= ~_GENERATED_TIMES
            self.frame_rate = self._declared_rate(stream)
            self.pixel_aspect = self._aspect_of(stream)
            codec = stream.codec_context
            codec.options = {**codec.options, **limit}
            self._check_size(codec.width, codec.height)
            if codec.name in _SLICE_THREADED:
                codec.thread_type, codec.thread_count = "SLICE", slice_decoder_threads()
            else:
                codec.thread_type = "NONE"
            self._any_decoded = False
            self._start(self._container, stream, opening.open_timeout_s if codec.width else None)  # else it has passed

    def seek(self, pts: int) -> bool:
        """Continue at the last key frame at or before a time; each frame from that time on is decoded as without this.

        Only the formats that have an index of their key frames can.

        Args:
            pts: The time, in ticks of the stream, as the frames have it.

        Returns:
            Whether it does; if not, ``open`` goes back to the start.

        Raises:
            ContainerClosed: ``close`` was called.
        """
        if self.format not in _WITH_INDEX:
            return False
        with self._in_use():
            container, stream, pictures = self._container, self._stream, self._pictures
            if container is None or stream is None:
                return False
            if pictures is not None:
                pictures.close()
            # The index of an MP4 has the times of decoding: a key frame found by them may be shown after the time.
            wanted = pts
            for _ in range(_SEEKS_MAX):
                key = _sought(container, stream, wanted)
                if key is None or not key.is_keyframe or key.pts is None:
                    return False
                if key.pts <= pts:
                    container.seek(wanted, stream=stream)
                    self._start(container, stream)
                    return True
                wanted = (key.pts if key.dts is None else key.dts) - 1
        return False

    def next_frame(self) -> av.VideoFrame | None:
        """Return the next frame, or ``None`` at the end. Errors are those of :meth:`next_picture`."""
        while (picture := self.next_picture()) is not None:
            if picture.frame is not None:
                return picture.frame
        return None

    def next_picture(self) -> Picture | None:
        """Return the next picture, or ``None`` at the end.

        One that may be passed on is given as it came (:attr:`Opening.passes`), and then decoded if that is wanted.

        Raises:
            FFmpegError: Reading fails.
            NoData: Nothing arrives for too long.
            NoPictures: Data arrives, but no pictures.
            PictureTooLarge: The pictures are larger than allowed.
            ContainerClosed: ``close`` was called.
        """
        with self._in_use():
            return None if self._pictures is None else next(self._pictures, None)

    def close(self) -> None:
        """Release the container, now or when the running call returns. Safe to call twice."""
        self.closing.set()
        self._release_if_idle()

    @property
    def dropped(self) -> int:
        """Number of pictures that were damaged or could not be decoded, in all passes."""
        return self._dropped_before + self._damage.pictures

    @property
    def waited_s(self) -> float:
        """Time that the last picture took to begin, in seconds."""
        return 0.0 if self._packets is None else self._packets.waited_s

    @property
    def received_at(self) -> float:
        """Wall-clock time at which the last picture arrived."""
        return 0.0 if self._packets is None else self._packets.received_at

    @property
    def received_at_s(self) -> float:
        """The same on the monotonic clock."""
        return 0.0 if self._packets is None else self._packets.received_at_s

    @property
    def clock_offset_s(self) -> float | None:
        """Wall-clock time of the last picture's capture by the camera's clock, less its time of presentation.

        ``None`` if the camera has not sent its clock, as RTSP cameras do in RTCP sender reports.
        """
        return None if self._packets is None else self._packets.clock_offset_s

    @property
    def frame_count(self) -> int | None:
        """Number of frames as the input declares it; ``None`` if it does not."""
        return None if self._stream is None else self._stream.frames or None

    @property
    def duration_s(self) -> float | None:
        """Declared length of the video in seconds; ``None`` if there is none, as for live streams.

        Matroska states when the video ends. One cut out of a recording begins late: its length is what follows the
        first picture, as soon as that is decoded.
        """
        declared_s = self._declared_s()
        if declared_s is None or self.format != _MATROSKA or not 0.0 < self._first_s < declared_s:
            return declared_s
        return declared_s - self._first_s

    def _declared_s(self) -> float | None:
        stream, container = self._stream, self._container
        if stream is None or container is None:
            return None
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        hours, *rest = stream.metadata.get("DURATION", "").split(":")  # Matroska
        if len(rest) == 2:
            try:
                return int(hours) * 3600 + int(rest[0]) * 60 + float(rest[1])
            except ValueError:
                pass
        # That of the whole file may be the length of its sound.
        whole = container.duration if len(container.streams) == 1 else None
        return whole / av.time_base if whole is not None and whole > 0 else None

    def _start(self, container: InputContainer, stream: VideoStream, first_timeout_s: float | None = None) -> None:
        """Read packets from where the container is."""
        opening = self._opening
        self._dropped_before += self._damage.pictures
        self._damage = Damage(drop=opening.drop_damaged)
        self._times = FrameTimes()
        self._refused = 0
        self.skipper.restart()
        self._packets = Packets(
            container,
            stream,
            others=opening.pictures,
            in_pieces=opening.in_pieces,
            first_timeout_s=first_timeout_s,
            timeout_s=opening.read_timeout_s,
        )
        is_passed_on = opening.passes and opening.deinterlace != "always" and self.format in _PASSED_ON
        codec = self._decoder = stream.codec_context
        self._passing = None
        if is_passed_on and codec.name == "h264":
            self._passing = Passing(codec.extradata or b"", opening.max_pixels, notices_loss=not opening.in_pieces)
            self._decoder = None
        self._pictures = self._read(self._packets, stream)

    def _read(self, packets: Packets, stream: VideoStream) -> Generator[Picture, None, None]:
        deadline = PictureDeadline()
        deinterlacer = Deinterlacer(self._opening.deinterlace)
        group: list[av.Packet[Stream]] = []  # all since the last key frame that was passed on
        undecoded: deque[av.Packet[Stream]] = deque()
        is_decoding = True
        began_s = time.monotonic()
        with closing(packets.read()) as read:
            for packet in read:
                if packet.stream_index != stream.index:
                    if time.monotonic() - began_s > packets.limit_s:
                        raise NoPictures("sound or other data arrives, but no video")
                    continue
                passed = None if self._passing is None else self._passed(self._passing, packet, packets)
                if passed is not None:
                    if passed.is_key:
                        group.clear()
                    group.append(packet)
                    yield Picture(passed, None, self._time_of(packet))
                if passed is not None and not self.decodes:
                    is_decoding, self._decoder = False, None
                    undecoded.clear()
                    if deadline.is_missed(1, packets.received_at_s):
                        raise NoPictures("data arrives, but hardly any picture can be shown")
                    began_s = time.monotonic()
                    continue
                if passed is None and self._awaits_key(packets):
                    is_decoding = False
                    began_s = time.monotonic()
                    continue
                if is_decoding:
                    undecoded.append(packet)
                else:
                    # From the key frame on, also where this packet ends the passing on.
                    is_decoding = True
                    self.skipper.restart()
                    undecoded.extend(group if passed is not None else [*group, packet])
                if passed is None:
                    group.clear()
                yield from self._caught_up(undecoded, passed, packets, deadline, deinterlacer)
                began_s = time.monotonic()
        for frame in deinterlacer.rest():
            yield Picture(None, frame, timing_of(frame))

    def _passed(self, passing: Passing, packet: av.Packet[Stream], packets: Packets) -> Passed | None:
        """Return the picture of a packet if it may be passed on."""
        if not packet.size:  # the end
            return None
        if packet.has_sidedata("new_extradata"):
            passing.take_parameters(bytes(cast(Any, packet.get_sidedata("new_extradata"))))
        return passing.take(bytes(packet), packets.received_at_s, is_whole=not (packets.lost or packet.is_corrupt))

    def _awaits_key(self, packets: Packets) -> bool:
        """Return whether pictures before the first key frame are left undecoded: nobody needs frames.

        They can hardly be shown, and a decoder, once used, leaves much memory behind.
        """
        passing = self._passing
        return passing is not None and not self.decodes and passing.awaits_key(packets.received_at_s)

    def _caught_up(
        self,
        undecoded: deque[av.Packet[Stream]],
        passed: Passed | None,
        packets: Packets,
        deadline: PictureDeadline,
        deinterlacer: Deinterlacer,
    ) -> Generator[Picture, None, None]:
        """Decode packets, the last of which has just come, and yield its pictures.

        While viewers get the pictures as they come, some packets may be left for the next time: the next must not wait.
        """
        limit_s = math.inf if passed is None else _CATCH_UP_S * (packets.waited_s > _AT_ONCE_S)
        until_s = time.monotonic() + limit_s
        number = 0
        while undecoded and (number < _CATCH_UP_MIN or time.monotonic() < until_s):
            packet = undecoded.popleft()
            number += 1
            if self._leaves_out(packet):
                continue
            if packets.lost and not undecoded:
                self._damage.lost()
            damaged = self._damage.pictures
            frames = self._decoded(packet)
            for frame in frames:
                if self._damage.shows(frame) and not undecoded:
                    for shown in deinterlacer.pictures(frame):
                        yield self._picture(passed, packet, shown)
            if passed is not None and self._passing is not None and self._damage.pictures > damaged:
                self._passing.doubt()
            if self._opening.pictures and packet.size and deadline.is_missed(len(frames), packets.received_at_s):
                raise NoPictures("data arrives, but hardly any picture can be decoded")

    def _picture(self, passed: Passed | None, packet: av.Packet[Stream], frame: av.VideoFrame) -> Picture:
        """Return a decoded picture: with the one that was passed on, if it is that one."""
        time = timing_of(frame)
        if passed is not None and self._passing is not None and packet.pts not in (None, frame.pts):
            self._passing.doubt()
            passed = None
        return Picture(passed, frame, time)

    def _leaves_out(self, packet: av.Packet[Stream]) -> bool:
        """Return whether to leave out the picture of a packet, for which there is no time."""
        skipper = self.skipper
        codec = self._decoder
        if not skipper.is_active or not packet.size or codec is None:
            return False
        was_skipping = skipper.is_skipping
        time_s = None if packet.pts is None or packet.time_base is None else float(packet.pts * packet.time_base)
        is_key = packet.is_keyframe or begins_group(codec.name, bytes(packet))
        leaves_out = skipper.skips(time_s, is_key=is_key)
        if leaves_out and not was_skipping:
            codec.flush_buffers()  # it may hold pictures back, which would come late
        return leaves_out

    def _decoded(self, packet: av.Packet[Stream]) -> list[av.VideoFrame]:
        """Decode a packet; give each picture its time."""
        stream = self._stream
        assert stream is not None
        if self._decoder is None:
            self._decoder = _decoder_of(stream.codec_context)
        decoder = self._decoder
        try:
            frames = decoder.decode(cast(Any, packet))
        except av.error.EOFError:
            return []
        except (av.error.ArgumentError, MemoryError):  # how decoders refuse a size, and some damage
            self._refused += 1
            if not self._any_decoded or self._refused >= _REFUSED_MAX:
                raise PictureTooLarge(self._opening.max_pixels, lasting=not self._any_decoded) from None
            self._damage.undecodable()
            return []
        except FFmpegError:
            if has_picture(decoder.name, bytes(packet)):
                self._damage.undecodable()
            return []
        if frames:
            self.pixel_aspect = self._aspect_of(stream)
        pictures = []
        for frame in frames:
            assert isinstance(frame, av.VideoFrame)
            self._check_size(frame.width, frame.height)
            frame.time_base = frame.time_base or packet.time_base
            frame.pts, frame.duration = self._times.of(frame, None if frame.duration > 0 else self.frame_rate)
            if not self._any_decoded:
                self._first_s = float(frame.pts * frame.time_base)
            self._any_decoded, self._refused = True, 0
            pictures.append(frame)
        return pictures

    def _time_of(self, packet: av.Packet[Stream]) -> tuple[int, int, Fraction]:
        """Return the time of a packet, which is that of its picture where pictures come in the order of their times."""
        pts, duration = self._times.of(cast("Timed", packet), None if packet.duration else self.frame_rate)
        assert packet.time_base is not None
        return pts, duration, packet.time_base

    def _declared_rate(self, stream: VideoStream) -> Fraction | None:
        rates = (stream.average_rate, stream.guessed_rate)
        if self.format in ELEMENTARY:  # their average is a default of FFmpeg; the guess is what the video states
            rates = rates[::-1]
        return next((rate for rate in rates if believable(rate)), None)

    def _aspect_of(self, stream: VideoStream) -> Fraction | None:
        # What these formats say wins over the video inside; in all others the video may change it at any time.
        of_container = stream.sample_aspect_ratio if self.format in _WITH_ASPECT else None
        return of_container or (self._decoder or stream.codec_context).sample_aspect_ratio

    def _check_size(self, width: int, height: int) -> None:
        width, height = squared_size(width, height, self.pixel_aspect)
        if width * height > self._opening.max_pixels:
            raise PictureTooLarge(self._opening.max_pixels, f"{width} x {height}")

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        try:
            with self._busy, interruptible(self.closing):
                self._stop_if_closing()
                try:
                    yield
                except FFmpegError:
                    self._stop_if_closing()
                    raise
                self._stop_if_closing()
        finally:
            if self.closing.is_set():
                self._release_if_idle()

    def _stop_if_closing(self) -> None:
        if self.closing.is_set():
            raise ContainerClosed from None

    def _release_if_idle(self) -> None:
        if self._busy.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._busy.release()

    def _release(self) -> None:
        container, self._container, pictures, self._pictures = self._container, None, self._pictures, None
        self._stream = self._decoder = None
        if pictures is not None:
            pictures.close()
        if container is not None:
            container.close()


def _decoder_of(codec: VideoCodecContext) -> VideoCodecContext:
    """Return a decoder of its own for a stream: that of the stream would keep its memory until the stream is closed."""
    decoder = cast(VideoCodecContext, av.CodecContext.create(codec.codec, "r"))
    decoder.extradata, decoder.options, decoder.thread_type = codec.extradata, codec.options, "NONE"
    return decoder


def _sought(container: InputContainer, stream: VideoStream, pts: int) -> av.Packet[Stream] | None:
    """Seek, and return the first packet there; ``None`` if the input cannot or has none."""
    try:
        container.seek(pts, stream=stream)
        with closing(cast("Generator[av.Packet[Stream], None, None]", container.demux(stream))) as packets:
            return next((packet for packet in packets if packet.size), None)
    except FFmpegError:
        return None


def videos_of(container: InputContainer) -> list[VideoStream]:
    """Return the streams of an input that are video. The cover picture of a music file is none."""
    return [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None
    ]


def chosen_video(streams: Sequence[VideoStream], number: int | None) -> VideoStream:
    """Return one of the video streams: that with a number, else the default one, else the largest.

    Raises:
        NoSuchVideo: None has that number.
    """
    if number is not None:
        if number >= len(streams):
            raise NoSuchVideo(number, streams)
        return streams[number]
    default = [stream for stream in streams if stream.disposition & Disposition.default]
    return max(default or streams, key=lambda stream: stream.codec_context.width * stream.codec_context.height)
