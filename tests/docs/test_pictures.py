"""The gallery shows every camera that comes with the program, and what the documents lead to is there."""

import re
from pathlib import Path

import pytest

from docs.pictures import HERE, shown_cameras

BYTES_MAX = 250_000
DOCUMENTS = sorted(HERE.glob("*.md"))


def test_every_camera_has_its_picture_in_the_gallery() -> None:
    linked = re.findall(r"\]\(transforms/([\w-]+)\.jpg\)", (HERE / "README.md").read_text())
    assert sorted(linked) == sorted(name for name, _, _ in shown_cameras())
    assert sorted(linked) == sorted(path.stem for path in (HERE / "transforms").iterdir())


def test_pictures_are_small() -> None:
    pictures = [*HERE.glob("*.png"), *(HERE / "transforms").iterdir()]
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > BYTES_MAX] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=[path.name for path in DOCUMENTS])
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    assert links
    for link in links:
        if "://" not in link:
            assert (HERE / link.partition("#")[0]).exists(), link
