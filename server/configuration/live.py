"""Values of transforms that are changed while the server runs, and are not in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline import Config, ConfigError, TransformAttributes, TransformConfig, with_attributes, without_secrets_in


@dataclass(frozen=True)
class LiveValues:
    """The changed attributes of one transform.

    Attributes:
        camera: The camera.
        transform: The number of the transform in the file, from 0.
        attributes: The changed attributes, as in JSON; ``None`` is the default.
        declared: The transform as the file declares it.
    """

    camera: str
    transform: int
    attributes: Mapping[str, Any]
    declared: TransformConfig = field(repr=False)

    @property
    def before(self) -> dict[str, Any]:
        """The values of the file for the changed attributes; ``None`` where it has none. Secrets are left out."""
        given = self.declared.attributes.model_dump(mode="json", exclude_unset=True)
        values = {name: given.get(name) for name in self.attributes}
        return {name: value for name, value in values.items() if without_secrets_in(value) == value}

    def to_wire(self) -> dict[str, Any]:
        """Return it for the HTTP API."""
        return {
            "camera": self.camera,
            "transform": self.transform,
            "attributes": without_secrets_in(self.attributes),
            "before": self.before,
        }


def changed(
    config: Config, values: Sequence[LiveValues], camera: str, index: int, attributes: Mapping[str, Any]
) -> tuple[LiveValues, ...]:
    """Return the values with further attributes of a transform.

    Args:
        config: What the file says.
        values: The values so far.
        camera: A camera of the file.
        index: The number of its transform.
        attributes: The attributes to change.

    Raises:
        ConfigError: The attributes would be invalid.
        LookupError: There is no such camera or transform.
    """
    at = (camera, index)
    before = next((each for each in values if (each.camera, each.transform) == at), None)
    merged = {**(before.attributes if before else {}), **attributes}
    new = with_attributes(config, camera, index, merged)
    declared, wanted = _pipeline(config, camera)[index], _pipeline(new, camera)[index]
    rest = tuple(each for each in values if each is not before)
    return rest if wanted == declared else (*rest, LiveValues(camera, index, merged, declared))


def applied(config: Config, values: Sequence[LiveValues]) -> Config:
    """Return what the file says with the values in it.

    Raises:
        ConfigError: They do not fit.
    """
    for each in values:
        config = with_attributes(config, each.camera, each.transform, each.attributes)
    return config


def kept(before: Config, now: Config, values: Sequence[LiveValues]) -> tuple[LiveValues, ...]:
    """Return the values whose transforms a new file declares as before, perhaps in another place of their pipeline.

    Of several transforms that are declared alike, each keeps its own, as long as there are as many as before.

    Args:
        before: What the file said.
        now: What it says.
        values: The values.
    """
    found = []
    for each in values:
        old, new = (_places(config, each) for config in (before, now))
        if len(old) != len(new) or each.transform not in old:
            continue
        moved = replace(each, transform=new[old.index(each.transform)])
        try:
            with_attributes(now, moved.camera, moved.transform, moved.attributes)
        except ConfigError:  # such as a service that has gone
            continue
        found.append(moved)
    return tuple(found)


def _places(config: Config, values: LiveValues) -> list[int]:
    """Return the numbers of the transforms that are declared as that of the values."""
    pipeline = _pipeline(config, values.camera)
    return [index for index, declared in enumerate(pipeline) if declared == values.declared]


def _pipeline(config: Config, camera: str) -> Sequence[TransformConfig]:
    declared = config.cameras.get(camera)
    attributes = declared.attributes if declared is not None else None
    return attributes.pipeline if isinstance(attributes, TransformAttributes) else ()
