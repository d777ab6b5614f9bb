"""Generated pictures for probing a model, to infer the meaning of its outputs."""

from __future__ import annotations

import cv2
import numpy as np

from cameras import Pixels

_SIZE_PX = 320
_COUNT = 3


def sample_pictures() -> tuple[Pixels, ...]:
    """Return a few pictures full of shapes and texture; blank ones would make many outputs look alike."""
    return tuple(_picture(seed) for seed in range(_COUNT))


def _picture(seed: int) -> Pixels:
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (6 + 4 * seed, 6 + 4 * seed, 3), np.uint8)
    image = np.asarray(cv2.resize(coarse, (_SIZE_PX, _SIZE_PX), interpolation=cv2.INTER_CUBIC), np.uint8)
    for _ in range(8):
        x, y, size = (int(number) for number in random.integers(20, _SIZE_PX - 20, 3))
        red, green, blue = (int(number) for number in random.integers(0, 256, 3))
        cv2.circle(image, (x, y), size // 4, (blue, green, red), cv2.FILLED)
        cv2.rectangle(image, (y, x), (y + size // 3, x + size // 2), (red, blue, green), 3)
    return Pixels.from_bgr(image)
