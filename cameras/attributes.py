"""The base class of all attributes in the YAML, and their field types.

It is in the leftmost package because every package has kinds with attributes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, model_validator

from .network import has_user, is_url, normal_url, redact_url


class Attributes(BaseModel):
    """Attributes of a camera, transform, model or section, as declared in the YAML.

    Values are immutable and strictly typed (``"5"`` is not 5), and unknown keys are errors. Declare a sequence as a
    ``tuple`` with ``Field(strict=False)``, so that it accepts a YAML list::

        class CropAttributes(Attributes):
            x_min_pct: float = Field(0.0, ge=0, lt=1, description="Left edge, as a fraction of the width.")
            labels: tuple[str, ...] = Field((), strict=False, description="Labels kept; empty keeps all.")
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield errors that need disk access to detect, as (path inside the attributes, message)."""
        return iter(())


class AddressAttributes(Attributes):
    """A URL, with user and password in it or beside it."""

    url: str = Field(repr=False, description="The URL.")
    username: str | None = Field(None, min_length=1, repr=False, description="User name; instead of one in the URL.")
    password: str | None = Field(
        None, repr=False, description="Password, as it is: nothing is percent-encoded. It is never shown."
    )

    @model_validator(mode="after")
    def _one_user(self) -> Self:
        if self.password is not None and self.username is None:
            raise ValueError("password needs a username")
        if self.username is not None and has_user(self.url):
            raise ValueError("username and password stand either in the url or beside it, not in both")
        return self

    @property
    def full_url(self) -> str:
        """The URL with user and password, percent-encoded, and its scheme in lower case; never show it."""
        return normal_url(self.url, self.username, self.password)


def _absolute(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        return value
    if not value:
        raise ValueError("must not be empty")
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
