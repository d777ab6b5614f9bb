"""Colours arrive in the browser as they were, whatever matrix and range the source has."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page

from tests.serving import Serving

from .browsers import Viewer

# RGB, one stripe each.
COLOURS = ((0, 255, 0), (200, 40, 40), (40, 60, 200), (220, 220, 60), (128, 128, 128), (20, 160, 160))
WIDTH_PX, HEIGHT_PX = 480, 320
LUMA = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
SOURCES = {
    # name of the clip: matrix, full range
    "bt601": ("bt601", False),
    "bt709": ("bt709", False),
    "full": ("bt601", True),
}


def planes(matrix: str, full: bool) -> list[NDArray[np.uint8]]:
    """Give the stripes as Y, U and V planes by the definition of the matrix."""
    red, blue = LUMA[matrix]
    rgb = np.array(COLOURS, float) / 255
    luma = rgb @ np.array([red, 1 - red - blue, blue])
    u = (rgb[:, 2] - luma) / (2 * (1 - blue))
    v = (rgb[:, 0] - luma) / (2 * (1 - red))
    values = [luma * 255, u * 255 + 128, v * 255 + 128] if full else [luma * 219 + 16, u * 224 + 128, v * 224 + 128]
    stripe = WIDTH_PX // len(COLOURS)
    return [
        np.tile(np.repeat(plane.round().clip(0, 255).astype(np.uint8), stripe // scale), (HEIGHT_PX // scale, 1))
        for plane, scale in zip(values, (1, 2, 2), strict=True)
    ]


def write_clip(path: Path, matrix: str, full: bool) -> None:
    """Write two seconds of the stripes, lossless, tagged as what they are."""
    name = {"bt601": "smpte170m", "bt709": "bt709"}[matrix]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=15)
        stream.width, stream.height = WIDTH_PX, HEIGHT_PX
        stream.pix_fmt = "yuvj420p" if full else "yuv420p"
        tags = f"colormatrix={name}:colorprim={name}:transfer={name}:fullrange={'on' if full else 'off'}"
        stream.options = {"qp": "0", "preset": "ultrafast", "x264-params": tags}
        for number in range(30):
            frame = av.VideoFrame.from_ndarray(
                np.concatenate([plane.reshape(-1) for plane in planes(matrix, full)]).reshape(-1, WIDTH_PX),
                format="yuvj420p" if full else "yuv420p",
            )
            frame.pts, frame.time_base = number, Fraction(1, 15)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("colours")
    lines = ["cameras:"]
    for name, (matrix, full) in SOURCES.items():
        write_clip(made / f"{name}.mp4", matrix, full)
        lines.append(f"  - {{name: {name}, model: video_file, attributes: {{path: {name}.mp4, loop: true}}}}")
    stripes = np.repeat(np.array(COLOURS, np.uint8)[:, ::-1], WIDTH_PX // len(COLOURS), axis=0)
    cv2.imwrite(str(made / "picture.png"), np.tile(stripes, (HEIGHT_PX, 1, 1)))
    lines.append("  - {name: picture, model: image_file, attributes: {path: picture.png, frame_rate: 10}}")
    (made / "colours.yaml").write_text("\n".join(lines))
    return made


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_colours_arrive_within_four_levels(page: Page, folder: Path, codec: str) -> None:
    with Serving("colours.yaml", cwd=folder) as serving:
        page.goto(f"{serving.url}healthz")
        for camera in (*SOURCES, "picture"):
            viewer = Viewer(page, camera, codec=codec)
            seen = viewer.wait_for(15)
            assert seen.codec == codec.upper()
            picture = viewer.picture()
            stripe = WIDTH_PX // len(COLOURS)
            for number, colour in enumerate(COLOURS):
                centre = picture[140:180, number * stripe + 30 : (number + 1) * stripe - 30]
                rgb = centre.reshape(-1, 3).mean(axis=0)[::-1]
                assert np.abs(rgb - colour).max() <= 4, f"{camera} in {codec}: {colour} arrived as {rgb.round(1)}"
            viewer.leave()
