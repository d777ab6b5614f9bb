"""The base class of all attributes in the YAML, and their field types.

It is in the leftmost package because every package has kinds with attributes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema

from .network import is_url, redact_url


class Attributes(BaseModel):
    """Attributes of a camera, transform, model or section, as declared in the YAML.

    Values are immutable and strictly typed (``"5"`` is not 5), and unknown keys are errors. Declare a sequence as a
    ``tuple`` with ``Field(strict=False)``, so that it accepts a YAML list::

        class CropAttributes(Attributes):
            x_min_pct: float = Field(0.0, ge=0, lt=1, description="Left edge, as a fraction of the width.")
            labels: tuple[str, ...] = Field((), strict=False, description="Labels kept; empty keeps all.")
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield errors that need disk access to detect, as (path inside the attributes, message)."""
        return iter(())


def _absolute(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        return value
    if is_url(value):
        raise ValueError(f'must be a file or folder on this machine, got the URL "{redact_url(value)}"')
    folder = (info.context or {}).get("folder", Path())
    try:
        return Path(folder, Path(value).expanduser())
    except RuntimeError:  # ~user without a home folder
        raise ValueError(f"names a user without a home folder, got {value!r}") from None


LocalPath = Annotated[Path, BeforeValidator(_absolute, json_schema_input_type=str), WithJsonSchema({"type": "string"})]
"""A file or folder, relative to the folder of the configuration file (``folder`` in the validation context).

:meth:`Attributes.check` tests whether it exists.
"""
