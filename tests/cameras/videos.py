"""Small generated videos for tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def plain(colour_bgr: Sequence[int], width: int = 64, height: int = 48) -> Image:
    """Return a picture of one colour."""
    return np.full((height, width, 3), colour_bgr, np.uint8)


def numbered(number: int, width: int = 64, height: int = 48) -> Image:
    """Return a gray picture whose brightness says which it is (up to 12 of them)."""
    return plain([number * 20] * 3, width, height)


def number_of(image: Image) -> int:
    """Return which of :func:`numbered` a decoded picture was."""
    return round(float(image.mean()) / 20)


def noisy_blocks(number: int) -> Iterator[Image]:
    """Give gray pictures that move, with noise on each so that none of their packets is small."""
    random = np.random.default_rng(1)
    blocks = random.integers(60, 180, (22, 40, 1), np.uint8).repeat(16, 0).repeat(16, 1).repeat(3, 2)
    for place in range(number):
        yield np.roll(blocks, place * 4, 1) + random.integers(0, 20, (352, 640, 1), np.uint8)


def green_share(image: Image) -> float:
    """Return how much of a BGR picture is as green as what a decoder leaves where it conceals no damage."""
    blue, green, red = (image[..., channel].astype(int) for channel in range(3))
    return float(((green - blue > 60) & (green - red > 60)).mean())


def write_video(
    path: Path,
    images: Iterable[Image],
    *,
    codec: str = "libx264",
    rate: int = 25,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    pixel_format: str = "yuv420p",
    options: Mapping[str, str] | None = None,
    format: str | None = None,
    container_options: Mapping[str, str] | None = None,
) -> Path:
    """Write pictures as a video; ``pts`` in ticks of ``time_base`` instead of a steady rate."""
    with av.open(str(path), "w", format=format, options=dict(container_options or {})) as output:
        stream: Any = None
        for number, image in enumerate(images):
            if stream is None:
                stream = output.add_stream(codec, rate=rate, options=dict(options or {}))
                stream.width, stream.height, stream.pix_fmt = image.shape[1], image.shape[0], pixel_format
                if time_base is not None:
                    stream.time_base = stream.codec_context.time_base = time_base
            frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(format=pixel_format, threads=1)
            frame.pts = number if pts is None else pts[number]
            frame.time_base = time_base or Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def damage_video(path: Path, *, every: int = 3) -> Path:
    """Change twenty bytes in the middle of each ``every``-th packet of a video; the first stays whole."""
    random = np.random.default_rng(0)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as video:
        packets = [bytes(packet) for packet in video.demux(video=0) if packet.size]
    for packet in packets[every - 1 :: every]:
        middle = data.index(packet) + len(packet) // 2
        data[middle : middle + 20] = random.integers(1, 256, 20, np.uint8).tobytes()
    path.write_bytes(data)
    return path


def write_video_with_sound(path: Path, images: Iterable[Image], *, rate: int = 25) -> Path:
    """Write pictures and silence as MPEG-TS."""
    with av.open(str(path), "w", format="mpegts") as output:
        video: Any = output.add_stream("libx264", rate=rate, options={"bf": "0", "g": "10"})
        sound: Any = output.add_stream("mp2", rate=44100)
        for number, image in enumerate(images):
            if not number:
                video.width, video.height, video.pix_fmt = image.shape[1], image.shape[0], "yuv420p"
            frame = av.VideoFrame.from_ndarray(image, "bgr24")
            frame.pts = number
            output.mux(video.encode(frame))
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 2 * 44100 // rate), np.int16), "s16", "stereo")
            silence.sample_rate, silence.pts = 44100, number * 44100 // rate
            output.mux(sound.encode(silence))
        output.mux(video.encode(None))
        output.mux(sound.encode(None))
    return path


def stream_of(packet: bytes) -> int:
    """Return the number (PID) of the stream that an MPEG-TS packet belongs to; 256 is the first one, 257 the second."""
    return (packet[1] & 0x1F) << 8 | packet[2]


def ts_packets(data: bytes) -> list[bytes]:
    """Return the packets of an MPEG-TS."""
    return [data[start : start + 188] for start in range(0, len(data), 188)]


def packets(codec: str = "libx264", pictures: int = 25, /, **options: str) -> tuple[list[bytes], bytes]:
    """Return the packets of pictures in the order of decoding, with start codes, and the parameters apart."""
    encoder: Any = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = 640, 352, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.options = {"preset": "ultrafast", **options}
    if codec != "libx264":
        encoder.options = options
    if codec == "libx265":
        encoder.options = {"x265-params": "log-level=none:bframes=0", **options}
    made = []
    for number, image in enumerate(noisy_blocks(pictures)):
        frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(format="yuv420p", threads=1)
        frame.pts = number
        made += [bytes(packet) for packet in encoder.encode(frame)]
    made += [bytes(packet) for packet in encoder.encode(None)]
    return made, bytes(encoder.extradata or b"")
