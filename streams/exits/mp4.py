"""Fragmented MP4 (ISO/IEC 14496-12): a head, then one fragment for each picture, sent at once."""

from __future__ import annotations

from ..encoding import CLOCK_RATE, EncodedFrame, ParameterSets, with_lengths
from .base import Muxer, MuxerOptions

FIRST_DURATION = CLOCK_RATE // 30
"""Duration of the first picture where the camera's rate is unknown: FFmpeg takes the rate of the stream from it."""
DURATION_MAX = 10 * CLOCK_RATE
"""Longest duration: it is guessed, and after an outage the camera is as fast as before."""
MSE_DURATION_MIN, MSE_DURATION_MAX = CLOCK_RATE // 10, 3 * CLOCK_RATE
MSE_SHARE = 1.5
"""For Media Source Extensions, a picture lasts longer by this factor than the longest lately. After one that comes more
than two durations after the one before, browsers drop all others up to the next key frame. But where Chromium has run
out of pictures, it begins again only with one that is ahead by a duration, so it must not be much longer."""
_FADING = 0.97  # of the longest, by picture

_TRACK = 1
_UNITY = b"".join(number.to_bytes(4, "big") for number in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000))
_DPI_72 = (72 << 16).to_bytes(4, "big")
_KEY_FRAME, _OTHER = 0x02000000, 0x01010000  # depends on no other; depends on others and is no sync sample
_DATA_OFFSET, _DURATION, _SIZE, _FLAGS = 0x1, 0x100, 0x200, 0x400  # of trun
_BASE_IS_MOOF = 0x20000  # of tfhd


class Mp4Muxer(Muxer):
    """MP4 for players and files, as one stream over HTTP.

    The head of a stream comes only once. Where the camera's parameter sets change later, for example with its size, the
    key frames carry theirs, as players and ``ffmpeg -c copy`` accept it.
    """

    kind = "mp4"
    path = "stream.mp4"
    media_type = "video/mp4"
    codec = "h264"
    summary = "Return the video as fragmented MP4: H.264, a fragment for each picture."
    idle_s = 15.0

    def __init__(self, options: MuxerOptions) -> None:
        super().__init__(options)
        self.parameters: ParameterSets | None = None
        self._has_changed = False
        self._number = 0
        self._last: int | None = None

    def begin(self, frame: EncodedFrame) -> bytes:
        """Return the head: what there is, and how to decode it."""
        self.parameters = _parameters_of(frame)
        return head(self.parameters, frame.width, frame.height)

    def frame(self, frame: EncodedFrame, pts: int) -> bytes:
        """Return the fragment with a picture.

        It lasts as long as the one before was on its own, and the first one as the rate of the camera says.
        """
        if self._last is None:
            duration = round(CLOCK_RATE / rate) if (rate := self.frame_rate()) else FIRST_DURATION
        else:
            duration = pts - self._last
        duration = min(duration, DURATION_MAX)
        self._last = pts
        parameters, sample = frame.avc
        self._has_changed = self._has_changed or parameters not in (None, self.parameters)
        if self._has_changed and parameters is not None:  # also where it is again as in the head
            sample = with_lengths((*parameters.sequence, *parameters.picture)) + sample
        return self._fragment(sample, pts, duration, frame)

    def idle(self) -> bytes:
        """Return an empty box, which every reader skips: proxies close a connection on which nothing moves."""
        return _box(b"free")

    def _fragment(self, sample: bytes, pts: int, duration: int, frame: EncodedFrame) -> bytes:
        self._number += 1
        return fragment(self._number, pts, duration, sample, is_key_frame=frame.is_key_frame)


class MseMuxer(Mp4Muxer):
    """MP4 for Media Source Extensions: a new head wherever the parameter sets change, and a time without gaps.

    Each picture lasts longer than it should, since nobody knows when the next one comes, which nearly always takes its
    place earlier. Of a longer gap, only so much remains in the time of the stream.
    """

    _time = 0
    _longest = 0.0
    _duration = MSE_DURATION_MIN

    @property
    def mime(self) -> str:
        """The type of the stream since its last head, for ``addSourceBuffer`` and ``changeType``."""
        assert self.parameters is not None, "begin() comes first"
        return f'video/mp4; codecs="{self.parameters.codec}"'

    def needs_head(self, frame: EncodedFrame) -> bool:
        """Return whether :meth:`begin` must come before a frame."""
        return self.parameters is None or frame.avc.parameters not in (None, self.parameters)

    def frame(self, frame: EncodedFrame, pts: int) -> bytes:
        """Return the fragment with a picture."""
        if self._last is not None:
            passed = pts - self._last
            self._time += min(passed, self._duration)
            self._longest = max(min(passed, MSE_DURATION_MAX), self._longest * _FADING)
            self._duration = min(max(round(self._longest * MSE_SHARE), MSE_DURATION_MIN), MSE_DURATION_MAX)
        self._last = pts
        return self._fragment(frame.avc.sample, self._time, self._duration, frame)


def head(parameters: ParameterSets, width: int, height: int) -> bytes:
    """Return the boxes ``ftyp`` and ``moov`` of a stream with one track of H.264, without samples.

    Args:
        parameters: Its parameter sets.
        width: Width of its pictures in pixels.
        height: Their height.
    """
    size = _numbers(2, width, height)
    times = _numbers(4, 0, 0)  # created, changed: not told
    entry = _box(
        b"avc1",
        bytes(6) + _numbers(2, 1),  # the data reference
        bytes(16) + size + _DPI_72 + _DPI_72 + bytes(4) + _numbers(2, 1),  # one picture per sample
        bytes(32) + _numbers(2, 24, 0xFFFF),  # no name; 24 bits; no colour table
        _box(b"avcC", parameters.configuration),
    )
    tables = [_full(name, 0, 0, _numbers(4, 0)) for name in (b"stts", b"stsc", b"stco")]
    samples = _box(
        b"stbl", _full(b"stsd", 0, 0, _numbers(4, 1), entry), *tables, _full(b"stsz", 0, 0, _numbers(4, 0, 0))
    )
    here = _box(b"dinf", _full(b"dref", 0, 0, _numbers(4, 1), _full(b"url ", 0, 1)))
    media = _box(
        b"mdia",
        _full(b"mdhd", 0, 0, times, _numbers(4, CLOCK_RATE, 0), _numbers(2, 0x55C4, 0)),  # language: undetermined
        _full(b"hdlr", 0, 0, bytes(4), b"vide", bytes(12), b"camweave\0"),
        _box(b"minf", _full(b"vmhd", 0, 1, bytes(8)), here, samples),
    )
    track = _full(
        b"tkhd",
        0,
        3,  # enabled, in the movie
        times + _numbers(4, _TRACK, 0, 0) + bytes(8) + bytes(8) + _UNITY + _numbers(4, width << 16, height << 16),
    )
    movie = _full(
        b"mvhd",
        0,
        0,
        times + _numbers(4, CLOCK_RATE, 0, 0x10000) + _numbers(2, 0x100) + bytes(10) + _UNITY + bytes(24),
        _numbers(4, _TRACK + 1),
    )
    extends = _box(b"mvex", _full(b"trex", 0, 0, _numbers(4, _TRACK, 1, 0, 0, 0)))
    return _box(b"ftyp", b"iso5", _numbers(4, 512), b"iso5iso6mp41avc1") + _box(
        b"moov", movie, _box(b"trak", track, media), extends
    )


def fragment(number: int, pts: int, duration: int, sample: bytes, *, is_key_frame: bool) -> bytes:
    """Return the boxes ``moof`` and ``mdat`` with one sample.

    Args:
        number: Number of the fragment, from 1.
        pts: Time of its picture, which is that of its decoding too, in ticks of 1/90000 s.
        duration: How long the picture is shown, in the same ticks.
        sample: Its units, each behind its length.
        is_key_frame: Whether a decoder can start with it.
    """
    flags = _KEY_FRAME if is_key_frame else _OTHER
    run = _numbers(4, 1, _FRAGMENT_HEAD_BYTES + 8, duration, len(sample), flags)  # 8: size and name of mdat
    return b"".join(
        (
            _MOOF,
            (number % (1 << 32)).to_bytes(4, "big"),
            _TRAF,
            pts.to_bytes(8, "big"),
            _TRUN,
            run,
            (len(sample) + 8).to_bytes(4, "big"),
            b"mdat",
            sample,
        )
    )


def _numbers(size: int, *numbers: int) -> bytes:
    return b"".join(number.to_bytes(size, "big") for number in numbers)


def _box(name: bytes, *parts: bytes) -> bytes:
    return (8 + sum(map(len, parts))).to_bytes(4, "big") + name + b"".join(parts)


def _full(name: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(name, bytes((version,)) + flags.to_bytes(3, "big"), *parts)


def _parameters_of(frame: EncodedFrame) -> ParameterSets:
    parameters = frame.avc.parameters
    if parameters is None:
        raise ValueError("a stream of H.264 begins with a key frame that has its parameter sets; this one has none")
    return parameters


# The boxes of a fragment differ only in their numbers, so their beginnings are made once.
_RUN_BYTES = 20
_TFHD = _full(b"tfhd", 0, _BASE_IS_MOOF, _numbers(4, _TRACK))
_TFDT_HEAD = _full(b"tfdt", 1, 0, bytes(8))[:-8]
_TRUN = _full(b"trun", 0, _DATA_OFFSET | _DURATION | _SIZE | _FLAGS, bytes(_RUN_BYTES))[:-_RUN_BYTES]
_TRAF_BYTES = 8 + len(_TFHD) + len(_TFDT_HEAD) + 8 + len(_TRUN) + _RUN_BYTES
_TRAF = _TRAF_BYTES.to_bytes(4, "big") + b"traf" + _TFHD + _TFDT_HEAD
_MFHD_HEAD = _full(b"mfhd", 0, 0, bytes(4))[:-4]
_FRAGMENT_HEAD_BYTES = 8 + len(_MFHD_HEAD) + 4 + _TRAF_BYTES
_MOOF = _FRAGMENT_HEAD_BYTES.to_bytes(4, "big") + b"moof" + _MFHD_HEAD
