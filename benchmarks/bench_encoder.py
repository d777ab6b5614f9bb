"""CPU time to encode a 720p frame of the test pattern: ours, by preset, beside aiortc's way, from BGR as its users do.

The presets take turns frame by frame, so that a busy machine slows all alike.
"""

import time
from collections.abc import Callable
from fractions import Fraction

import av
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder

from cameras import Frame, Pixels
from cameras.scene import Scene
from streams import Encoder

FRAMES = 90
RATE = 30


def frames() -> list[Frame]:
    scene = Scene(0, 1280, 720)
    made = []
    for number in range(FRAMES):
        frame = Frame(
            pixels=Pixels.from_bgr(scene.render(number).image),
            pts=number,
            time_base=Fraction(1, RATE),
            captured_at=number / RATE,
        )
        frame.pixels.yuv  # noqa: B018 # the conversion is not what is measured
        made.append(frame)
    return made


def theirs(encoder: H264Encoder | Vp8Encoder) -> Callable[[Frame], object]:
    def encode(frame: Frame) -> object:
        picture = av.VideoFrame.from_ndarray(frame.image, format="bgr24").reformat(format="yuv420p")
        picture.pts, picture.time_base = frame.pts, frame.time_base
        return encoder.encode(picture)

    return encode


def main() -> None:
    ways: dict[str, Callable[[Frame], object]] = {
        f"h264 {preset}": Encoder("h264", frame_rate=RATE, preset=preset).encode
        for preset in ("ultrafast", "superfast", "veryfast")
    }
    ways["vp8"] = Encoder("vp8", frame_rate=RATE).encode
    ways["aiortc h264"] = theirs(H264Encoder())
    ways["aiortc vp8"] = theirs(Vp8Encoder())
    spent = dict.fromkeys(ways, 0.0)
    for frame in frames():
        for name, encode in ways.items():
            before = time.process_time()
            encode(frame)
            spent[name] += time.process_time() - before
    for name, seconds in spent.items():
        ratio = spent["aiortc h264"] / seconds
        print(
            f"{name:15} {seconds / FRAMES * 1000:6.2f} ms CPU per frame, {ratio:5.1f} times cheaper than aiortc's H.264"
        )


if __name__ == "__main__":
    main()
