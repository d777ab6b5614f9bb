"""The part of a text that a draft runs: one camera with its sources, and the served camera whose frames it takes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from cameras import Webcam, device_of
from pipeline import (
    CameraConfig,
    Config,
    ConfigError,
    DownstreamAttributes,
    Feed,
    Graph,
    ServerConfig,
    TransformAttributes,
)

from ..core import Caller, Forbidden
from .frames import FramesAttributes, model_of


@dataclass(frozen=True)
class Part:
    """What a draft runs.

    Attributes:
        config: The camera, its sources, and the services that these use. In place of a source that is served, there is
            the camera that gives the frames of that one.
        camera: The name of the camera.
        source: The feed whose frames it takes; ``None`` if the draft opens its source itself.
    """

    config: Config
    camera: str
    source: Feed | None

    @property
    def is_allowed(self) -> bool:
        """Whether its pictures may be shown: not if they are those of a source that has become private."""
        source = self.source
        return source is None or len(self.config.cameras) > 1 or not source.config.private

    @property
    def open_limit_s(self) -> float | None:
        """How long the host of its camera may take to answer; ``None`` if it needs no other host."""
        limits = (getattr(camera.attributes, "open_timeout_s", None) for camera in self.config.cameras.values())
        return next((limit_s for limit_s in limits if limit_s is not None), None)

    def pickled(self) -> bytes:
        """Return the configuration for the process of the draft.

        Raises:
            ConfigError: A kind cannot be found from another process.
        """
        try:
            return pickle.dumps(self.config)
        except Exception as error:  # whatever the attributes of a plugin raise
            raise _refusal(
                self.config,
                self.camera,
                f"a draft cannot use the kinds of this program, in a process of its own: {error}",
            ) from error


def part_of(config: Config, camera: str, graph: Graph, caller: Caller) -> Part:
    """Return what a draft of a camera runs.

    Args:
        config: What the text says.
        camera: The name of the camera in the text.
        graph: The cameras that are served.
        caller: Who wants to see it.

    Raises:
        ConfigError: There is no such camera, it is private, or its source cannot be used in a draft.
        Forbidden: The caller may not use the source.
    """
    if camera not in config.cameras:
        raise _refusal(config, camera, "no camera has this name")
    if config.cameras[camera].private:
        raise _refusal(config, camera, "is private: only other cameras may use its frames, so a draft does not show it")
    names = list(_upwards(config, camera))
    root = names[-1]
    source = _served(config.cameras[root], config, graph)
    if source is None:
        _check_own_source(config, root, graph, caller)
    elif not caller.may_use(source.name):
        raise Forbidden(f"this token does not allow the source of this camera, {source.name}")
    elif camera == root and source.config.private:
        raise _refusal(config, camera, f"has the frames of {source.name}, which is private")
    cameras = {name: replace(config.cameras[name], preload=False) for name in reversed(names)}
    if source is not None:
        model = model_of(live=source.live, annotates=source.annotates)
        cameras[root] = replace(cameras[root], model=model, attributes=FramesAttributes(served=source.name))
    used = set(_services(config, names))
    services = {name: service for name, service in config.services.items() if name in used}
    declared = used | {service.runtime.name for service in services.values() if service.runtime is not None}
    part = replace(
        config,
        cameras=cameras,
        services=services,
        models={},
        server=ServerConfig(limits=config.server.limits),
        locations=replace(
            config.locations,
            items={
                (table, name): place
                for (table, name), place in config.locations.items.items()
                if name in (cameras if table == "cameras" else declared)
            },
        ),
    )
    return Part(part, camera, source)


def _upwards(config: Config, camera: str) -> Iterator[str]:
    """Yield the names of a camera and its sources."""
    name: str | None = camera
    while name is not None:
        yield name
        attributes = config.cameras[name].attributes
        name = attributes.source if isinstance(attributes, DownstreamAttributes) else None


def _services(config: Config, cameras: list[str]) -> Iterator[str]:
    """Yield the vision services that cameras use."""
    for name in cameras:
        attributes = config.cameras[name].attributes
        if isinstance(attributes, TransformAttributes):
            for entry in attributes.pipeline:
                for _, service, _ in config.tables.transforms[entry.type].needs(entry.attributes):
                    yield service
        elif config.cameras[name].model in config.tables.producers:  # only it knows what it uses
            yield from config.services


def _served(declared: CameraConfig, config: Config, graph: Graph) -> Feed | None:
    """Return the feed of a served camera that is declared like a source, if possible of the same name."""
    served = graph.config
    kinds = config.tables.camera_models, served.tables.camera_models
    for name in sorted(served.cameras, key=lambda name: name != declared.name):
        other = served.cameras[name]
        if (other.model, other.attributes) == (declared.model, declared.attributes):
            if kinds[0].get(other.model) is kinds[1].get(other.model) and name in graph.feeds:
                return graph.feeds[name]
    return None


def _check_own_source(config: Config, root: str, graph: Graph, caller: Caller) -> None:
    """Check that a draft may open a source itself.

    Raises:
        ConfigError: It may not.
        Forbidden: The caller may not.
    """
    declared = config.cameras[root]
    if caller.cameras is not None:
        raise Forbidden(f"this token allows only served cameras as sources, and {root} is none with these settings")
    if declared.model in config.tables.producers:
        raise _refusal(config, root, "gets its frames from outside: save it first, then drafts can use it")
    device = _device(declared, config)
    if device:
        for other in graph.config.cameras.values():
            if _device(other, graph.config) == device:
                message = (
                    f"{device} is in use by camera {other.name}, and a webcam opens only once: save the text to see it "
                    "with these settings"
                )
                raise _refusal(config, root, message)


def _device(camera: CameraConfig, config: Config) -> str:
    """Return the device of a webcam; empty for any other camera."""
    kind = config.tables.cameras.get(camera.model)
    attributes: Any = camera.attributes
    return device_of(attributes) if kind is not None and issubclass(kind, Webcam) else ""


def _refusal(config: Config, camera: str, message: str) -> ConfigError:
    return ConfigError([config.problem(("cameras", camera), message)])
