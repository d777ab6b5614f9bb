"""What the YAML may say under ``attributes:``, for every kind of thing: the base class and its field types.

It stands in the leftmost room because every room has kinds with attributes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema

from .urls import is_url, redact_url


class Attributes(BaseModel):
    """Settings of one camera, transform, model or section, as declared in the YAML.

    Values are immutable and typed strictly (``"5"`` is not 5), and unknown keys are refused. A field that is a
    sequence is a ``tuple`` with ``Field(strict=False)``, so that a YAML list is accepted for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Give what is wrong with these values but needs the disk to see, as (path inside the attributes, sentence)."""
        return iter(())


def _absolute(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        return value
    if is_url(value):
        raise ValueError(f'must be a file or folder of this machine, got the URL "{redact_url(value)}"')
    folder = (info.context or {}).get("folder", Path())
    try:
        return Path(folder, Path(value).expanduser())
    except RuntimeError:  # ~somebody, who has no home here
        raise ValueError(f"begins with a user who has no home folder here, got {value!r}") from None


LocalPath = Annotated[Path, BeforeValidator(_absolute, json_schema_input_type=str), WithJsonSchema({"type": "string"})]
"""A file or folder, written relative to the configuration file (the validation context's ``folder``).

Whether it exists is not looked at here: that is for :meth:`Attributes.check`.
"""
