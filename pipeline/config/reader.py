"""Turning the node tree of a file into a :class:`Config`, and reporting all problems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from cameras import Attributes
from transforms import Style

from ..camera_config import SETTINGS, CameraConfig, DownstreamAttributes, TransformAttributes, TransformConfig
from .declarations import (
    CameraBlock,
    Config,
    Locations,
    ServerConfig,
    Tables,
    TransformBlock,
    TransformCameraBlock,
)
from .nodes import Address, MappingNode, Node, Position, Problems, SequenceNode, is_empty, is_unknown, kind_of, text_of
from .services import Services
from .upstream import check_depths, check_sources, unknown_cameras
from .validation import (
    UNAVAILABLE,
    Entries,
    Item,
    is_reserved_key,
    named,
    partial_instance,
    section,
    text_at,
    validated,
)
from .viam import is_machine_file, machine_entries

PLUGINS = "plugins"
ROOT_KEYS = ("cameras", "services", "server", PLUGINS)


class Reader:
    """Reads one file. Use it once."""

    def __init__(
        self, problems: Problems, folder: Path, path: Path, tables: Tables, *, allows_plugins: bool = False
    ) -> None:
        self._problems = problems
        self._allows_plugins = allows_plugins
        self._folder = folder
        self._path = path
        self._tables = tables
        self._entries = Entries(problems, folder)

    def config(self, root: Node | None) -> Config:
        """Return the configuration; it is incomplete when problems were reported."""
        if root is None or is_empty(root):
            root = MappingNode(root.position if root else Position(1, 1), {})
        if not isinstance(root, MappingNode):
            self._problems.add(root.position, (), f"must be a mapping with the key cameras, got {kind_of(root)}")
            return Config({}, {})
        if is_machine_file(root):
            return self._read(root, *machine_entries(root, self._entries, self._tables))
        for key in root.entries:
            if key not in ROOT_KEYS:
                reserved = is_reserved_key((key,))
                message = UNAVAILABLE if reserved else is_unknown(self._problems, "unknown key", key, ROOT_KEYS)
                self._problems.add(root.keys[key], (key,), message)
        if PLUGINS in root.entries and not self._allows_plugins:
            self._problems.add(root.keys[PLUGINS], (PLUGINS,), "is only allowed in a file named on the command line")
        cameras, services = self._entries.items(root, "cameras"), self._entries.items(root, "services")
        if not cameras and not services:
            self._report_no_entries(root)
        return self._read(root, cameras, services)

    def _report_no_entries(self, root: MappingNode) -> None:
        found = root.entries.get("cameras")
        if found is None:
            self._problems.add(root.position, ("cameras",), "is missing")
        elif is_empty(found) or isinstance(found, SequenceNode):
            self._problems.add(found.position, ("cameras",), "must have at least 1 entry, got none")

    def _read(self, root: MappingNode, cameras: Sequence[Item], services: Sequence[Item]) -> Config:
        names = [name for name, _ in named(cameras)]
        read_services = Services(services, names, self._entries, self._tables)
        read_cameras = [self._camera(item, read_services) for item in cameras]
        self._entries.unique(cameras)
        check_sources([item for item in cameras if self._has_source(item[1])], names, self._problems)
        known = {camera.name: camera for camera in read_cameras if camera is not None}
        check_depths(known, list(named(cameras)), self._tables, self._problems)
        server = section(root, "server")
        read_server = validated(ServerConfig, server, ("server",), self._problems, self._folder)
        if read_server is not None:
            tokens = unknown_cameras(read_server.tokens, names, self._problems)
            self._entries.check(lambda: chain(read_server.check(), tokens), ("server",), server, server)
        places = {("services", name): item for name, item in named(services)}
        places |= {("cameras", name): item for name, item in named(cameras)}
        return Config(
            cameras=known,
            services=read_services.declarations,
            models=read_services.models,
            server=read_server or ServerConfig(),
            path=self._path,
            locations=Locations(self._problems.file, places),
            tables=self._tables,
            plugin_files=_texts(root.entries.get(PLUGINS)),
        ).stamped()

    def _has_source(self, node: Node) -> bool:
        """Return whether cameras of this model take their frames from another camera."""
        model = text_at(node, "model") or ""
        kind = self._tables.camera_models.get(self._tables.camera_aliases.get(model, model))
        return kind is not None and issubclass(kind, DownstreamAttributes)

    def _camera(self, item: Item, services: Services) -> CameraConfig | None:
        address, node = item
        kinds = self._tables.camera_models
        refused = self._tables.refused("cameras")
        model = self._entries.kind(item, "model", kinds, self._tables.camera_aliases, refused)
        kind = kinds[model] if model is not None else None
        block = self._entries.block(CameraBlock, item, kind)
        attributes: Attributes | None = None
        if kind is TransformAttributes:
            attributes = self._transform_camera((*address, "attributes"), section(node, "attributes"), services)
        elif kind is not None:
            attributes = self._entries.attributes(kind, item)
        self._check_style((*address, "style"), section(node, "style"))
        if block is None or model is None or attributes is None:
            return None
        return CameraConfig(block.name, model, attributes, **{setting: getattr(block, setting) for setting in SETTINGS})

    def _check_style(self, address: Address, node: Node) -> None:
        """Check the files named by the valid keys of a style."""
        if isinstance(node, MappingNode):
            style, rest = partial_instance(Style, node, self._folder)
            if style is not None:
                self._entries.check(style.check, address, rest, node)

    def _transform_camera(self, address: Address, node: Node, services: Services) -> TransformAttributes | None:
        if not isinstance(node, MappingNode):
            return None  # reported with the camera's block
        block = validated(TransformCameraBlock, node, address, self._problems, self._folder)
        pipeline = node.entries.get("pipeline")
        items = pipeline.items if isinstance(pipeline, SequenceNode) else ()
        read = [self._transform(((*address, "pipeline", index), entry), services) for index, entry in enumerate(items)]
        transforms = tuple(transform for transform in read if transform is not None)
        if block is None or len(transforms) < len(items):
            return None
        return TransformAttributes(
            source=block.source,
            pipeline=transforms,
            intrinsic_parameters=block.intrinsic_parameters,
            distortion_parameters=block.distortion_parameters,
        )

    def _transform(self, item: Item, services: Services) -> TransformConfig | None:
        refused = self._tables.refused("transforms")
        name = self._entries.kind(item, "type", self._tables.transforms, self._tables.transform_aliases, refused)
        if name is None:
            self._entries.block(TransformBlock, item)
            return None
        transform = self._tables.transforms[name]

        def check(attributes: Any) -> Iterator[tuple[Address, str]]:
            for attribute, service, _ in transform.needs(attributes):
                if (message := services.vision_error(service)) is not None:
                    yield (attribute,), message

        block = self._entries.block(TransformBlock, item, transform.attributes_type)
        attributes = self._entries.attributes(transform.attributes_type, item, check)
        if block is None or attributes is None:
            return None
        return TransformConfig(type=name, attributes=attributes)


def _texts(node: Node | None) -> tuple[str, ...]:
    """Return the texts of a list, for what was checked elsewhere."""
    items = node.items if isinstance(node, SequenceNode) else ()
    return tuple(text for item in items if (text := text_of(item)) is not None)
