"""The errors of attributes for values they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from cameras import Attributes


def refusals(attributes_type: type[Attributes], **values: Any) -> list[tuple[str, str]]:
    """Return each error of the values as (dotted path, message)."""
    with pytest.raises(ValidationError) as caught:
        attributes_type.model_validate(values)
    return [
        (".".join(str(part) for part in error["loc"]), error["msg"].removeprefix("Value error, "))
        for error in caught.value.errors()
    ]
