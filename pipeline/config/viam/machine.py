"""Converting the cameras, vision services and models of a Viam machine file into configuration entries."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cameras import safe_text

from ...camera_config import SETTINGS
from ..declarations import MODEL, VISION, Tables
from ..nodes import MappingNode, Node, Problems, ScalarNode, SequenceNode, quoted
from ..validation import Entries, Item, section, text_at
from .translation import CAMERA, native_attributes, native_file_model, native_model

logger = logging.getLogger(__name__)

_ROOT_KEYS = frozenset({"components", "services", "server", "packages"})
_KNOWN = frozenset({"name", "api", "type", "namespace", "model", "attributes", "depends_on"})
_REGISTERED = "register_models"
_REGISTERED_TYPES = {"color_detector": "color_detector"}
"""The model of the vision service that an old entry became, by its type; of a TFLite or TensorFlow model: mlmodel."""
_EXTENSIONS = frozenset(SETTINGS)  # camera keys that Viam does not have


def is_machine_file(root: MappingNode) -> bool:
    """Return whether the root is that of a machine file: it has ``components``, or services with an ``api``."""
    services = root.entries.get("services")
    if "components" in root.entries:
        return True
    return isinstance(services, SequenceNode) and any(
        isinstance(item, MappingNode) and not item.entries.keys().isdisjoint({"api", "namespace"})
        for item in services.items
    )


def machine_entries(root: MappingNode, entries: Entries, tables: Tables) -> tuple[list[Item], list[Item]]:
    """Return the cameras and the services as configuration entries that keep their positions in the machine file.

    Unknown keys and unknown resources are skipped with a warning, and so are the resources that depend on them.
    """
    machine = _Machine(entries.problems, tables)
    for key in [key for key in root.entries if key not in _ROOT_KEYS]:
        machine.warn(root.keys[key].line, f"key {quoted(key)}")
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
    """Converts the resources of one file. Use it once."""

    def __init__(self, problems: Problems, tables: Tables) -> None:
        self._problems = problems
        cameras = {*tables.camera_models, *tables.camera_aliases}
        self._aliases = tables.camera_aliases
        self._models: Mapping[str, Iterable[str]] = {CAMERA: cameras, VISION: tables.vision, MODEL: tables.runtimes}
        self._skipped: set[tuple[str, str]] = set()

    def warn(self, line: int, what: str, why: str = "is not supported; skipped") -> None:
        """Log a warning about what is skipped."""
        logger.warning("%s:%d: %s %s", safe_text(self._problems.file), line, what, why)

    def resource(self, item: Item) -> _Resource | None:
        """Return a resource with this program's names; None when it is skipped."""
        address, node = item
        if not isinstance(node, MappingNode):
            return _Resource(CAMERA if address[0] == "components" else VISION, "", item)
        kind = (text_at(node, "api") or text_at(node, "type") or "").rsplit(":", 1)[-1]
        if kind == VISION and self._has_registered_models(item):
            return None
        viam_model, name = text_at(node, "model") or "", text_at(node, "name") or ""
        model = native_model(kind, viam_model)
        if kind not in self._models:
            what = f"resource {quoted(name)} of type {quoted(kind)}"
        elif viam_model and model not in self._models[kind]:
            what = f"{kind} {quoted(name)} of model {quoted(viam_model)}"
        else:
            return _Resource(kind, name, (address, self._translated(node, kind, model)))
        self.warn(node.position.line, what)
        self._problems.forget(address)
        self._skipped.add((kind, name))
        return None

    def _has_registered_models(self, item: Item) -> bool:
        """Return whether a vision service has its models in the form that Viam used until 2023; report what it became.

        The names of the models count as skipped, so that what uses them is not reported as well.
        """
        address, node = item
        attributes = section(node, "attributes")
        models = attributes.entries.get(_REGISTERED) if isinstance(attributes, MappingNode) else None
        if models is None:
            return False
        listed = models.items if isinstance(models, SequenceNode) else ()
        names = [(text_at(model, "name") or "", text_at(model, "type") or "") for model in listed]
        became = [
            f"{{name: {quoted(name)}, type: vision, model: {_REGISTERED_TYPES.get(model, 'mlmodel')}}}"
            for name, model in names[:3]
        ]
        more = ", ..." if len(names) > len(became) else ""
        self._problems.add(
            models.position,
            (*address, "attributes", _REGISTERED),
            "is Viam's form until 2023; each model is a service of its own now, with its parameters as attributes: "
            f"{', '.join(became)}{more}",
        )
        self._skipped |= {(VISION, name) for name, _ in names}
        return True

    def with_dependencies_met(self, found: list[_Resource]) -> list[_Resource]:
        """Return the resources that do not depend, directly or indirectly, on a skipped one."""
        present = {(resource.kind, resource.name) for resource in found}
        dependents: dict[tuple[str, str], list[_Resource]] = defaultdict(list)
        for resource in found:
            for need in _needs(resource):
                dependents[need].append(resource)
        dropped: set[int] = set()
        queue = [need for need in dependents if need in self._skipped and need not in present]
        for kind, name in queue:
            for resource in dependents.pop((kind, name), ()):
                if id(resource) in dropped:
                    continue
                dropped.add(id(resource))
                queue.append((resource.kind, resource.name))
                address, node = resource.item
                why = f"needs {kind} {quoted(name)}; skipped too"
                self.warn(node.position.line, f"{resource.kind} {quoted(resource.name)}", why)
                self._problems.forget(address)
        return [resource for resource in found if id(resource) not in dropped]

    def _translated(self, node: MappingNode, kind: str, model: str) -> MappingNode:
        extensions = _EXTENSIONS if kind == CAMERA else frozenset()
        for key in [key for key in node.entries if key not in _KNOWN | extensions]:
            self.warn(node.keys[key].line, f"key {quoted(key)}")
        entries: dict[str, Node] = {
            key: value for key, value in node.entries.items() if key in {"name", "attributes", "model", *extensions}
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
                    self.warn(
                        attributes.keys[key].line, f"attribute {quoted(key)}", f"has no effect on {model}; skipped"
                    )
        return MappingNode(node.position, entries, node.keys)


def _needs(resource: _Resource) -> Iterator[tuple[str, str]]:
    """Yield kind and name of every resource that this one depends on."""
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
