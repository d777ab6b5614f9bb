"""A configuration of version 0.1.0 is valid, and means what it meant then.

``version_0_1_0/every_key.yaml`` has every kind and every key of that version (commit 80b0ff97), ``values.json`` what
that version read in it, defaults included: the output of :func:`values_of` there.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import fontpkg
from pydantic import BaseModel, SecretStr

from pipeline import Config, load

from ..certificates import certificate

FOLDER = Path(__file__).parent / "version_0_1_0"
FILES = (
    "street.mp4",
    "depth.png",
    "photo.png",
    "model.tflite",
    "model.onnx",
    "labels.txt",
    "decoder.onnx",
    "tokenizer.json",
)


def values_of(config: Config, folder: Path) -> dict[str, Any]:
    """Return what a configuration means, as JSON; paths are relative to its folder."""

    def plain(value: Any) -> Any:
        if isinstance(value, BaseModel):
            return {name: plain(getattr(value, name)) for name in type(value).model_fields}
        if dataclasses.is_dataclass(value):
            return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        if isinstance(value, Mapping):
            return {name: plain(each) for name, each in value.items()}
        if isinstance(value, tuple | list):
            return [plain(each) for each in value]
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        return str(value.relative_to(folder)) if isinstance(value, Path) else value

    return {
        "cameras": plain(config.cameras),
        "services": plain(config.services),
        "models": plain(config.models),
        "server": plain(config.server),
    }


def differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Yield where a new value lacks something of an old one; it may have more keys."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, each in old.items():
            if name in new:
                yield from differences(each, new[name], f"{path}.{name}")
            else:
                yield f"{path}.{name} is missing"
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, each in enumerate(old):
            yield from differences(each, new[index], f"{path}[{index}]")
    elif old != new:
        yield f"{path} is {new!r}, was {old!r}"


def test_a_configuration_of_0_1_0_is_valid_and_means_the_same(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).touch()
    cert, key = certificate(tmp_path)
    cert.rename(tmp_path / "cert.pem")
    key.rename(tmp_path / "key.pem")
    shutil.copyfile(fontpkg.path("Heebo", nearest=True), tmp_path / "font.ttf")
    shutil.copyfile(FOLDER / "every_key.yaml", tmp_path / "every_key.yaml")
    config = load(tmp_path / "every_key.yaml")  # raises if anything is refused
    new = values_of(config, tmp_path)
    old = json.loads((FOLDER / "values.json").read_text("utf-8"))
    for token in new["server"]["tokens"]:
        assert (
            token.items() >= {"name": "", "rights": ["view", "publish", "control", "predict"], "cameras": None}.items()
        )
    new["server"]["tokens"] = [token["token"] for token in new["server"]["tokens"]]  # without rights they were texts
    assert list(differences(old, new)) == []
    for part in ("cameras", "services", "models"):
        assert list(new[part]) == list(old[part])


def test_differences_are_found() -> None:
    old = {"a": {"b": [1, {"c": 2}]}, "d": 3}
    assert list(differences(old, {"a": {"b": [1, {"c": 2, "new": 1}]}, "d": 3})) == []
    assert list(differences(old, {"a": {"b": [1, {}]}, "d": 4})) == [".a.b[1].c is missing", ".d is 4, was 3"]
    assert list(differences(old, {"a": {"b": [1]}, "d": 3})) == [".a.b is [1], was [1, {'c': 2}]"]
