"""The documents show and name everything that there is, and what they lead to is there."""

import re
from pathlib import Path

import pytest

from cameras import CAMERAS
from docs.pictures import HERE, shown_cameras
from transforms import TRANSFORMS
from vision import RUNTIMES, VISION_SERVICES

BYTES_MAX = 250_000
FOR_ALL_THAT_RECOGNISE = {"mode", "max_age_s"}
DOCUMENTS = sorted(HERE.glob("*.md"))


def test_every_camera_has_its_picture_in_the_gallery() -> None:
    linked = re.findall(r"\]\(transforms/([\w-]+)\.jpg\)", (HERE / "README.md").read_text())
    shown = {name for name, _, _ in shown_cameras()}
    missing = sorted(shown - set(linked))
    assert missing == [], "docs/README.md shows each public transform camera of configs/; `make pictures ARGS=cameras`"
    assert sorted(linked) == sorted(shown)
    assert sorted(linked) == sorted(path.stem for path in (HERE / "transforms").iterdir())


def test_pictures_are_small() -> None:
    pictures = [*HERE.glob("*.png"), *(HERE / "transforms").iterdir()]
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > BYTES_MAX] == []


@pytest.mark.parametrize("document", [HERE.parent / "README.md", HERE / "seeds.md"], ids=["README", "seeds"])
def test_every_kind_is_listed(document: Path) -> None:
    kinds = {*TRANSFORMS, *VISION_SERVICES, *RUNTIMES, *(CAMERAS if document.name == "README.md" else ())}
    named = set(re.findall(r"`([a-z_0-9]+)`", document.read_text()))
    assert kinds - named == set(), f"{document.name} names every kind, in backticks"


def test_every_attribute_of_a_transform_is_listed() -> None:
    text = (HERE.parent / "README.md").read_text()
    rows = {name: row for name, row in re.findall(r"^\| `(\w+)` \|(.*)$", text, re.MULTILINE) if name in TRANSFORMS}
    unnamed = [
        f"{name}.{field}"
        for name, transform in TRANSFORMS.items()
        for field in transform.attributes_type.model_fields
        if f"`{field}`" not in rows.get(name, "") and field not in FOR_ALL_THAT_RECOGNISE
    ]
    assert unnamed == [], "README.md has a row for each transform that names its attributes, in backticks"


@pytest.mark.parametrize("document", DOCUMENTS, ids=[path.name for path in DOCUMENTS])
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    assert links
    for link in links:
        if "://" not in link:
            assert (HERE / link.partition("#")[0]).exists(), link
