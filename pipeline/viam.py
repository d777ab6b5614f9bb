"""Viam's machine files: their cameras, vision services and models as entries of ours."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping

from . import nodes
from .declared import TRANSFORM
from .entries import Entries, Item, text_at
from .nodes import Node, Scalar, Sequence
from .problems import one_line, quoted
from .services import MODEL, VISION
from .tables import Tables

logger = logging.getLogger(__name__)

CAMERA = "camera"
_OURS = frozenset({"components", "services", "server"})
_KNOWN = frozenset({"name", "api", "type", "namespace", "model", "attributes", "depends_on"})
_PREFIXES = ("rdk:builtin:", "viam:mlmodel-tflite:")


def is_machine_file(root: nodes.Mapping) -> bool:
    """Whether this is the root of a machine file: it has ``components``, or services with an ``api``."""
    services = root.entries.get("services")
    if "components" in root.entries:
        return True
    return isinstance(services, Sequence) and any(
        isinstance(item, nodes.Mapping) and not item.entries.keys().isdisjoint({"api", "namespace"})
        for item in services.items
    )


def items(root: nodes.Mapping, entries: Entries, tables: Tables) -> tuple[list[Item], list[Item]]:
    """Give the cameras and the services in the words of our own files, each at its place in this one.

    Keys and resources that nothing here knows are named in a warning and left out.
    """
    file = entries.problems.file
    for key in root.entries.keys() - _OURS:
        _skipped(file, root.keys[key].line, f"key {quoted(key)}")
    cameras: dict[str, str] = {**dict.fromkeys(tables.cameras, ""), TRANSFORM: ""}
    cameras |= dict.fromkeys(tables.camera_aliases, "")
    kinds: dict[str, Iterable[str]] = {CAMERA: cameras, VISION: tables.vision, MODEL: tables.runtimes}
    found = [*entries.items(root, "components"), *entries.items(root, "services")]
    resources = list(_resources(file, found, kinds))
    return (
        [item for kind, item in resources if kind == CAMERA],
        [item for kind, item in resources if kind != CAMERA],
    )


def _resources(file: str, found: Iterable[Item], kinds: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, Item]]:
    for address, node in found:
        if not isinstance(node, nodes.Mapping):
            yield CAMERA if address[0] == "components" else VISION, (address, node)
            continue
        kind = (text_at(node, "api") or text_at(node, "type") or "").rsplit(":", 1)[-1]
        model = text_at(node, "model") or ""
        for prefix in _PREFIXES:
            model = model.removeprefix(prefix)
        name = quoted(text_at(node, "name") or "")
        if kind not in kinds:
            _skipped(file, node.position.line, f"resource {name} of type {quoted(kind)}")
        elif model and model not in kinds[kind]:
            _skipped(file, node.position.line, f"{kind} {name} of model {quoted(model)}")
        else:
            for key in node.entries.keys() - _KNOWN:
                _skipped(file, node.keys[key].line, f"key {quoted(key)}")
            yield kind, (address, _translated(node, kind, model))


def _translated(node: nodes.Mapping, kind: str, model: str) -> nodes.Mapping:
    entries: dict[str, Node] = {key: node.entries[key] for key in ("name", "attributes") if key in node.entries}
    if model:
        entries["model"] = Scalar(node.entries["model"].position, model, model)
    elif "model" in node.entries:
        entries["model"] = node.entries["model"]
    if kind != CAMERA:
        entries["type"] = Scalar(node.position, kind, kind)
    return nodes.Mapping(node.position, entries, node.keys)


def _skipped(file: str, line: int, what: str) -> None:
    logger.warning("%s:%d: %s is not known here; skipped", one_line(file), line, what)
