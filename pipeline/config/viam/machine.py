"""The cameras, vision services and models of a Viam machine file as entries of our own files."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..declarations import MODEL, TRANSFORM, VISION, Tables
from ..nodes import MappingNode, Node, Problems, ScalarNode, SequenceNode, one_line, quoted
from ..validation import Entries, Item, section, text_at
from .translation import CAMERA, native_attributes, native_file_model, native_model

logger = logging.getLogger(__name__)

_OURS = frozenset({"components", "services", "server", "packages"})
_KNOWN = frozenset({"name", "api", "type", "namespace", "model", "attributes", "depends_on"})
_ABOVE = frozenset({"preload", "linger_s", "private", "stream", "style"})  # of cameras, ours


def is_machine_file(root: MappingNode) -> bool:
    """Return whether this is the root of a machine file: it has ``components``, or services with an ``api``."""
    services = root.entries.get("services")
    if "components" in root.entries:
        return True
    return isinstance(services, SequenceNode) and any(
        isinstance(item, MappingNode) and not item.entries.keys().isdisjoint({"api", "namespace"})
        for item in services.items
    )


def machine_entries(root: MappingNode, entries: Entries, tables: Tables) -> tuple[list[Item], list[Item]]:
    """Return the cameras and the services as entries of our own files, each with its position in this one.

    Unknown keys and resources are left out with a warning, and so are resources that need them.
    """
    machine = _Machine(entries.problems, tables)
    for key in [key for key in root.entries if key not in _OURS]:
        machine.skipped(root.keys[key].line, f"key {quoted(key)}")
        entries.problems.forget((key,))
    found = [
        resource
        for item in (*entries.items(root, "components"), *entries.items(root, "services"))
        if (resource := machine.resource(item)) is not None
    ]
    found = machine.with_dependencies_met(found)
    return (
        [resource.item for resource in found if resource.kind == CAMERA],
        [resource.item for resource in found if resource.kind != CAMERA],
    )


@dataclass(frozen=True)
class _Resource:
    kind: str
    name: str
    item: Item


class _Machine:
    """Reads the resources of one file; used once."""

    def __init__(self, problems: Problems, tables: Tables) -> None:
        self._problems = problems
        cameras = {**tables.cameras, **tables.camera_aliases, TRANSFORM: None}
        self._aliases = tables.camera_aliases
        self._models: Mapping[str, Iterable[str]] = {CAMERA: cameras, VISION: tables.vision, MODEL: tables.runtimes}
        self._left_out: set[tuple[str, str]] = set()

    def skipped(self, line: int, what: str, why: str = "is not known here; skipped") -> None:
        """Log what is left out."""
        logger.warning("%s:%d: %s %s", one_line(self._problems.file), line, what, why)

    def resource(self, item: Item) -> _Resource | None:
        """Return a resource under our names; None when it is left out."""
        address, node = item
        if not isinstance(node, MappingNode):
            return _Resource(CAMERA if address[0] == "components" else VISION, "", item)
        kind = (text_at(node, "api") or text_at(node, "type") or "").rsplit(":", 1)[-1]
        written, name = text_at(node, "model") or "", text_at(node, "name") or ""
        model = native_model(kind, written)
        if kind not in self._models:
            what = f"resource {quoted(name)} of type {quoted(kind)}"
        elif written and model not in self._models[kind]:
            what = f"{kind} {quoted(name)} of model {quoted(written)}"
        else:
            return _Resource(kind, name, (address, self._translated(node, kind, model)))
        self.skipped(node.position.line, what)
        self._problems.forget(address)
        self._left_out.add((kind, name))
        return None

    def with_dependencies_met(self, found: list[_Resource]) -> list[_Resource]:
        """Return the resources without those that need, directly or not, one that was left out."""
        there = {(resource.kind, resource.name) for resource in found}
        needing: dict[tuple[str, str], list[_Resource]] = defaultdict(list)
        for resource in found:
            for need in _needs(resource):
                needing[need].append(resource)
        gone: set[int] = set()
        queue = [need for need in needing if need in self._left_out and need not in there]
        for kind, name in queue:
            for resource in needing.pop((kind, name), ()):
                if id(resource) in gone:
                    continue
                gone.add(id(resource))
                queue.append((resource.kind, resource.name))
                address, node = resource.item
                why = f"needs {kind} {quoted(name)}; skipped too"
                self.skipped(node.position.line, f"{resource.kind} {quoted(resource.name)}", why)
                self._problems.forget(address)
        return [resource for resource in found if id(resource) not in gone]

    def _translated(self, node: MappingNode, kind: str, model: str) -> MappingNode:
        ours = _ABOVE if kind == CAMERA else frozenset()
        for key in [key for key in node.entries if key not in _KNOWN | ours]:
            self.skipped(node.keys[key].line, f"key {quoted(key)}")
        entries: dict[str, Node] = {
            key: value for key, value in node.entries.items() if key in {"name", "attributes", "model", *ours}
        }
        if kind != CAMERA:
            entries["type"] = ScalarNode(node.position, kind, kind)
        if model:
            attributes = section(node, "attributes")
            model = native_file_model(self._aliases.get(model, model), attributes) if kind == CAMERA else model
            entries["model"] = ScalarNode(node.entries["model"].position, model, model)
            if isinstance(attributes, MappingNode):
                entries["attributes"], unused = native_attributes(kind, model, attributes)
                for key in unused:
                    self.skipped(
                        attributes.keys[key].line, f"attribute {quoted(key)}", f"has no use in {model}; skipped"
                    )
        return MappingNode(node.position, entries, node.keys)


def _needs(resource: _Resource) -> Iterator[tuple[str, str]]:
    """Yield kind and name of every resource that this one needs."""
    attributes = section(resource.item[1], "attributes")
    if resource.kind == VISION:
        for kind, key in ((MODEL, "mlmodel_name"), (CAMERA, "camera_name")):
            if name := text_at(attributes, key):
                yield kind, name
    if resource.kind == CAMERA and isinstance(attributes, MappingNode):
        if name := text_at(attributes, "source"):
            yield CAMERA, name
        pipeline = attributes.entries.get("pipeline")
        for entry in pipeline.items if isinstance(pipeline, SequenceNode) else ():
            settings = section(entry, "attributes")
            for key in settings.entries if isinstance(settings, MappingNode) else ():
                if key.endswith("_name") and (name := text_at(settings, key)):
                    yield VISION, name
