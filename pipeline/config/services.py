"""Reading the ``services:`` of a file and checking references to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from cameras import Attributes
from vision import RuntimeDeclaration, ServiceDeclaration

from .declarations import MODEL, VISION, ServiceBlock, Tables
from .nodes import Address, is_unknown, quoted
from .validation import Entries, Item, named, text_at


class Services:
    """Reads all services of one file. Use it once.

    Attributes:
        declarations: The valid vision services by name, each with its model.
        models: The valid models by name.
    """

    def __init__(self, items: Sequence[Item], cameras: Collection[str], entries: Entries, tables: Tables) -> None:
        self._cameras = cameras
        self._entries = entries
        self._tables = tables
        self._names: dict[str, dict[str, None]] = {VISION: {}, MODEL: {}}
        # A service whose type is missing or misspelt is reported itself; a reference to it may well be right.
        self._of_unknown_type: set[str] = set()
        for name, (_, node) in named(items):
            names = self._names.get(text_at(node, "type") or "")
            if names is None:
                self._of_unknown_type.add(name)
            else:
                names[name] = None
        self.models: dict[str, RuntimeDeclaration] = {}
        for item in items:
            if text_at(item[1], "type") == MODEL:
                self._runtime(item)
        self.declarations: dict[str, ServiceDeclaration] = {}
        for item in items:
            if text_at(item[1], "type") != MODEL:
                self._vision(item)
        # A vision service and its model may share a name, as in Viam's files.
        for kind in {text_at(node, "type") for _, node in items}:
            entries.unique([item for item in items if text_at(item[1], "type") == kind])

    def vision_error(self, name: str) -> str | None:
        """Return what is wrong with a reference to a vision service; None when the service exists."""
        return self._reference_error(name, VISION, MODEL)

    def _reference_error(self, name: str, wanted: str, other: str) -> str | None:
        known = self._names[wanted]
        if name in known or name in self._of_unknown_type:
            return None
        what = f"no service is named {quoted(name)}"
        if name in self._names[other]:
            what = f"{quoted(name)} is a service of type {other}, not {wanted}"
        return is_unknown(self._entries.problems, what, name, known)

    def _runtime(self, item: Item) -> None:
        model = self._entries.kind(item, "model", self._tables.runtimes, refused=self._tables.refused("runtimes"))
        kind = self._tables.runtimes[model].attributes_type if model is not None else None
        block = self._entries.block(ServiceBlock, item, kind)
        attributes = self._entries.attributes(kind, item) if kind is not None else None
        if block is not None and model is not None and attributes is not None:
            self.models[block.name] = RuntimeDeclaration(block.name, model, attributes)

    def _vision(self, item: Item) -> None:
        if text_at(item[1], "type") != VISION:
            self._entries.block(ServiceBlock, item)  # reports the allowed types
            return
        model = self._entries.kind(item, "model", self._tables.vision, refused=self._tables.refused("vision"))
        if model is None:
            self._entries.block(ServiceBlock, item)
            return
        service = self._tables.vision[model]

        def check(attributes: Any) -> Iterator[tuple[Address, str]]:
            needed = service.needs(attributes)
            if needed is not None and (message := self._reference_error(needed, MODEL, VISION)) is not None:
                yield ("mlmodel_name",), message
            camera = service.default_camera(attributes)
            if camera is not None and camera not in self._cameras:
                what = f"no camera is named {quoted(camera)}"
                yield ("camera_name",), is_unknown(self._entries.problems, what, camera, self._cameras)

        block = self._entries.block(ServiceBlock, item, service.attributes_type)
        attributes: Attributes | None = self._entries.attributes(service.attributes_type, item, check)
        if block is not None and attributes is not None:
            runtime = self.models.get(service.needs(attributes) or "")
            self.declarations[block.name] = ServiceDeclaration(block.name, model, attributes, runtime)
