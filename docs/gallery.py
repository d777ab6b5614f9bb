"""Take the pictures of what each configuration shows: a sheet per file of ``configs``, a picture per camera.

usage: python -m docs.gallery
"""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from cameras import CAMERAS, Caption, Image
from pipeline import Chain, load
from transforms import Style, paint

HERE = Path(__file__).parent / "gallery"
CONFIGS = Path(__file__).parents[1] / "configs"
FRAME = 40  # the scene has begun to move by then
TILE_PX = (480, 270)
COLUMNS = 2


def main() -> None:
    """Take one sheet for each configuration."""
    HERE.mkdir(exist_ok=True)
    for path in sorted(CONFIGS.glob("*.yaml")):
        taken = HERE / f"{path.stem}.jpg"
        cv2.imwrite(str(taken), _sheet(path), [cv2.IMWRITE_JPEG_QUALITY, 85])
        print(f"taken: {taken}")


def _sheet(path: Path) -> Image:
    tiles = [_tile(path, name) for name in load(path).cameras]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    return np.vstack(rows)


def _tile(path: Path, camera: str) -> Image:
    """Return what a camera shows, fitted into a tile that bears its name."""
    with closing(Chain(load(path), camera)) as chain:
        source = CAMERAS[chain.root.model](chain.root.name, chain.root.attributes, paced=False)
        with closing(source):
            source.open()
            chain.open()
            frame = next(islice((chain.apply(came) for came in iter(source.read, None)), FRAME, None))
            image = chain.painted(frame).image
    width, height = TILE_PX
    scale = min(width / image.shape[1], height / image.shape[0])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    tile = np.full((height, width, 3), 32, np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    tile[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    named = frame.with_pixels(type(frame.pixels).from_bgr(tile), annotations=(Caption(camera, 1.0),))
    return paint(named, Style(text_height_px=14)).image


if __name__ == "__main__":
    main()
