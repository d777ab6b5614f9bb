"""The declaration of a camera, whatever its model."""

from __future__ import annotations

from dataclasses import dataclass, fields

from cameras import Attributes
from transforms import Style

from .stream import StreamConfig


@dataclass(frozen=True)
class CameraConfig:
    """The declaration of a camera.

    Attributes:
        name: Its name.
        model: Its kind: a key of ``Tables.cameras`` or ``Tables.producers``.
        attributes: The settings of its kind; :class:`DownstreamAttributes` if it takes frames from another camera.
        preload: Whether it runs without viewers.
        linger_s: How long it keeps running after the last viewer leaves.
        private: Whether only other cameras can use it.
        stream: The encoder settings.
        style: How its annotations are painted.
    """

    name: str
    model: str
    attributes: Attributes
    preload: bool = False
    linger_s: float = 10.0
    private: bool = False
    stream: StreamConfig = StreamConfig()
    style: Style = Style()


SETTINGS = tuple(field.name for field in fields(CameraConfig) if field.name not in ("name", "model", "attributes"))
"""The settings that any camera has, which its feed and the readers of the feed use; its producer needs none of them."""
