"""CPU time to look at a 720p frame of the test pattern, by the services that need no model of somebody else.

The services take turns frame by frame, so that a busy machine slows all alike. One core: OpenCV's own threads are off.
"""

import time
from fractions import Fraction
from pathlib import Path

import cv2

from cameras import Frame, Matrix, Pixels
from cameras.scene import Scene
from pipeline import load
from vision import build_services

CONFIGS = Path(__file__).parents[1] / "configs"
FRAMES = 90


def frames() -> list[Frame]:
    """Return frames as a camera gives them: born as planes."""
    scene, made = Scene(0, 1280, 720), []
    for number in range(FRAMES):
        y, u, v = Pixels.from_bgr(scene.render(number).image).yuv
        pixels = Pixels.from_yuv(y, u, v, Matrix.BT601)
        made.append(Frame(pixels, number, Fraction(1, 30), number / 30, number))
    return made


def main() -> None:
    cv2.setNumThreads(1)
    names = ("colors", "motion", "captions")
    services = {name: build_services(tuple(load(CONFIGS / f"{name}.yaml").services.values())) for name in names}
    every = [(name, service) for name, several in services.items() for service in several.values()]
    spent = dict.fromkeys(names, 0.0)
    for _, service in every:
        service.open()
    for frame in frames():
        for name, service in every:
            before = time.process_time()
            service.captions(frame) if name == "captions" else service.detections(frame)
            spent[name] += time.process_time() - before
    for name, service in every:
        service.close()
        print(f"{service.model_name:16} {spent[name] / FRAMES * 1000:6.2f} ms CPU per frame")


if __name__ == "__main__":
    main()
