"""Packages with entry points, laid out as an installer does."""

from pathlib import Path
from textwrap import dedent

import pytest

TRANSFORM = """
from dataclasses import replace

from cameras import Attributes, Pixels
from transforms import Transform


class Negative(Transform[Attributes]):
    type_name = "negative"
    attributes_type = Attributes

    def apply(self, frame):
        return replace(frame, pixels=Pixels.from_bgr(255 - frame.image))
"""


def install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, entries: str, code: str = TRANSFORM, version: str = "1.0"
) -> str:
    """Install a package of one module, until the test ends.

    Args:
        folder: Where its folder goes; the name of the module begins with that of this folder.
        monkeypatch: What puts it on the path.
        name: The name of the package.
        entries: Its entry points, in which ``MODULE`` stands for the name of the module.
        code: The module.
        version: The version of the package.

    Returns:
        The name of the module.
    """
    module = f"{folder.name}_{name}".replace("-", "_")
    place = folder / name
    (place / f"{name}-{version}.dist-info").mkdir(parents=True)
    about = place / f"{name}-{version}.dist-info"
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "entry_points.txt").write_text(dedent(entries).replace("MODULE", module))
    (place / f"{module}.py").write_text(dedent(code))
    monkeypatch.syspath_prepend(place)
    return module
